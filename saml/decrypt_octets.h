/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_DECRYPT_OCTETS_H
#define SAML_DECRYPT_OCTETS_H

/** @file decrypt_octets.h XML Encryption's ciphers and key transports over OpenSSL. No XML, no reasons: it worked or it did not. */

#include <openssl/evp.h>
#include "algorithm.h"

#define SAML_MAX_CEK_BYTES 32

/** How a content key is wrapped. */
typedef struct {
    const saml_algorithm_t *transport;
    const saml_algorithm_t *digest;     /* OAEP */
    const saml_algorithm_t *mgf;        /* OAEP */
    const char *label;                  /* OAEPparams, decoded, or NULL */
    apr_size_t label_len;
    const char *wrapped;
    apr_size_t wrapped_len;
} saml_wrapped_key_t;

/** Octets that a cipher of `alg` needs as key; 0 where OpenSSL has no such cipher. */
apr_size_t saml_cipher_key_bytes(const saml_algorithm_t *alg);

/**
 * Unwrap a content key of exactly `cek_len` octets.
 *
 * Wrong padding is no failure: the key is a random one then, and what is decrypted with it fails like any other damaged
 * data. For RSA 1.5 it is chosen without a branch (RFC 3218 2.3.2; XML Encryption 5.5.1).
 * @return 1; 0 where the sender sees that it cannot work: no RSA key, a length that is not the key's, a number too large
 */
int saml_cek_unwrap(unsigned char *cek, apr_size_t cek_len, const saml_wrapped_key_t *key, EVP_PKEY *pkey);

/**
 * Decrypt IV and ciphertext (and tag) with `cek`.
 * @param out      room for `len` octets
 * @param out_len  set also where the padding is wrong, to what there is besides its last octet; 0 where nothing was decrypted
 * @return 1 or 0
 * Spec: XML Encryption 5.2
 */
int saml_cipher_decrypt(unsigned char *out, apr_size_t *out_len, const saml_algorithm_t *alg, const unsigned char *cek,
                        const unsigned char *data, apr_size_t len);

#endif
