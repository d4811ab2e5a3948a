/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_KEY_H
#define SAML_KEY_H

/** @file key.h Certificates of the identity provider, keys of our own. Made at start-up, read-only afterwards. */

#include <openssl/evp.h>
#include <openssl/x509.h>
#include "saml.h"

#define SAML_RSA_MIN_BITS   2048
#define SAML_RSA_WEAK_BITS  1024    /* with SAML_ALLOW_RSA1024; never less */
#define SAML_RSA_MAX_BITS   16384

/** A certificate of the identity provider and its public key, ready for verification. Owned by its pool. */
typedef struct {
    X509 *x509;
    EVP_PKEY *pkey;
    const unsigned char *der;   /* the certificate's octets */
    apr_size_t der_len;
    const char *base64;         /* the same as bare base64, one line, for KeyInfo and metadata */
    const char *subject;        /* one line, quoted for reasons and reports */
    const char *sha256;         /* fingerprint, lower-case hex */
    const char *sha1;           /* thumbprint as the Entra portal shows it, upper-case hex */
    apr_time_t not_before;
    apr_time_t not_after;
    int bits;                   /* of the public key */
    const char *key_type;       /* "RSA" or "EC" */
    int has_sane_exponent;      /* of an RSA key: neither 1 nor even */
    const char *curve;          /* of an EC key; "" where it has none by name */
    const char *source;         /* file name or "metadata of ...": for messages */
} saml_cert_t;

/** Our own private key with its certificate. Owned by its pool; the key is never logged or copied out. */
typedef struct {
    EVP_PKEY *pkey;
    saml_cert_t *cert;
} saml_keypair_t;

/**
 * Read one or more certificates from `data`: PEM (several blocks, text around them is skipped), bare base64 with or
 * without line breaks, or DER. Private keys in the input are ignored.
 * @param out     array of saml_cert_t *, at least one, on SAML_OK; lives in `p`
 * @param source  for messages
 * @return SAML_OK or SAML_E_METADATA
 */
SAML_MUST_CHECK saml_status_t saml_certs_parse(apr_array_header_t **out, const char *data, apr_size_t len,
                                               const char *source, apr_pool_t *p, saml_err_t *err);

/** As saml_certs_parse, from a file (at most 1 MB). */
SAML_MUST_CHECK saml_status_t saml_certs_load(apr_array_header_t **out, const char *file, apr_pool_t *p,
                                              saml_err_t *err);

/**
 * Whether `cert` may verify signatures at `now`: key type and size, validity.
 * @param allow  SAML_ALLOW_RSA1024, SAML_ALLOW_EXPIRED_CERTIFICATE
 * @return SAML_OK, SAML_E_ALGORITHM (key too short, unknown type) or SAML_E_CERTIFICATE_EXPIRED
 *         (also for one that is not valid yet)
 */
SAML_MUST_CHECK saml_status_t saml_cert_check(const saml_cert_t *cert, apr_time_t now, unsigned allow,
                                              saml_err_t *err);

/**
 * Load a private key (PEM, unencrypted) and its certificate and see that they belong together.
 * @return SAML_OK or SAML_E_METADATA with the file's name and what is wrong with it
 */
SAML_MUST_CHECK saml_status_t saml_keypair_load(saml_keypair_t **out, const char *key_file, const char *cert_file,
                                                apr_pool_t *p, saml_err_t *err);

/** A private key alone (`saml-sso verify --key`): decrypts, cannot be published. `cert` is NULL in the result. */
SAML_MUST_CHECK saml_status_t saml_private_key_load(saml_keypair_t **out, const char *key_file, apr_pool_t *p,
                                                    saml_err_t *err);

/**
 * Make an RSA key and a self-signed certificate.
 * @param bits   2048 to 8192
 * @param days   validity from `now`
 * @param key_pem, cert_pem  PEM texts, set on SAML_OK; live in `p`
 */
SAML_MUST_CHECK saml_status_t saml_keypair_generate(const char **key_pem, const char **cert_pem, const char *common_name,
                                                    int bits, int days, apr_time_t now, apr_pool_t *p,
                                                    saml_err_t *err);

/** What OpenSSL last complained about, as one line, and its queue emptied. Never NULL. */
const char *saml_openssl_reason(apr_pool_t *p);

#endif
