/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_SIGNATURE_VALUE_H
#define SAML_SIGNATURE_VALUE_H

/** @file signature_value.h Which of the identity provider's certificates made a signature value, by OpenSSL alone. */

#include "algorithm.h"
#include "signature.h"

/** Signed octets and the value that shall be theirs. */
typedef struct {
    const saml_algorithm_t *alg;
    const void *data;
    apr_size_t data_len;
    const void *value;
    apr_size_t value_len;
} saml_signature_value_t;

/**
 * Find the certificate whose key made the value, and see that it may be used (saml_cert_check).
 * @param named  certificates that the message names, as DER (saml_named_cert_t), tried first where they are ours; or NULL
 * @param out    set on SAML_OK only
 * @return SAML_OK, SAML_E_SIGNATURE, SAML_E_ALGORITHM or SAML_E_CERTIFICATE_EXPIRED
 */
SAML_MUST_CHECK saml_status_t saml_signature_find_cert(const saml_cert_t **out, const saml_signature_value_t *sig,
                                                       const apr_array_header_t *named, const saml_trust_t *trust,
                                                       apr_pool_t *p, saml_err_t *err);

/**
 * What saml_signature_find_cert costs that finds none: verify a value that nobody made with each certificate from `first` on.
 * @param digest  of the message, such as "SHA256"
 */
void saml_signature_value_imitate(const saml_trust_t *trust, int first, const char *data, apr_size_t len,
                                  const char *digest);

/** A certificate that stands in KeyInfo: a hint, never a key. */
typedef struct {
    const char *der;
    apr_size_t len;
} saml_named_cert_t;

#endif
