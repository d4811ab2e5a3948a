/* SPDX-License-Identifier: Apache-2.0 */
#include "id.h"

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "binding.h"
#include "key.h"

#define ID_BYTES 20     /* SAML Core 1.3.4: 128 bits at least, 160 recommended */
#define MAX_TOKEN_BYTES 256

saml_status_t saml_random_bytes(unsigned char *out, apr_size_t len, saml_err_t *err)
{
    if (len > INT_MAX || RAND_bytes(out, (int)len) != 1)
        return saml_fail(err, SAML_E_STORE, "the random number generator gave nothing: %s",
                         saml_openssl_reason(err->pool));
    return SAML_OK;
}

saml_status_t saml_id_new(const char **out, apr_pool_t *p, saml_err_t *err)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[ID_BYTES];
    char *id = apr_palloc(p, 1 + 2 * ID_BYTES + 1);
    int i;

    SAML_TRY(saml_random_bytes(raw, sizeof(raw), err));
    id[0] = '_';
    for (i = 0; i < ID_BYTES; i++) {
        id[1 + 2 * i] = hex[raw[i] >> 4];
        id[2 + 2 * i] = hex[raw[i] & 15];
    }
    id[1 + 2 * ID_BYTES] = '\0';
    *out = id;
    return SAML_OK;
}

saml_status_t saml_token_new(const char **out, apr_size_t bytes, apr_pool_t *p, saml_err_t *err)
{
    unsigned char raw[MAX_TOKEN_BYTES];

    if (bytes == 0 || bytes > sizeof(raw))
        return saml_fail(err, SAML_E_STORE, "a token has 1 to %d octets, not %" APR_SIZE_T_FMT, MAX_TOKEN_BYTES, bytes);
    SAML_TRY(saml_random_bytes(raw, bytes, err));
    *out = saml_base64url_encode(p, raw, bytes);
    OPENSSL_cleanse(raw, sizeof(raw));
    return SAML_OK;
}
