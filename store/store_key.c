/* SPDX-License-Identifier: Apache-2.0 */
/* From a cookie to the key of its session. */

/*
 * SHA256_Init and what belongs to it are deprecated for EVP, which each request would pay for: EVP_DigestInit_ex2 of OpenSSL 3.0 frees
 * what a context has and allocates it anew, and asks the engines, for 64 octets. Here the state is on the stack, and nothing is shared.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include "store.h"

saml_status_t sso_key_of(sso_key_t *out, const char *text, apr_size_t len, saml_err_t *err)
{
    SHA256_CTX sha256;

    if (!SHA256_Init(&sha256) || !SHA256_Update(&sha256, text, len) || !SHA256_Final(out->octets, &sha256))
        return saml_fail(err, SAML_E_STORE, "SHA-256 failed");
    return SAML_OK;
}
