/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_ENCODING_H
#define SAML_ENCODING_H

/** @file encoding.h base64, base64url, percent-encoding and form parameters, all strict and bounded. */

#include "saml.h"

/** Standard base64 of `data`, one line, padded. */
const char *saml_base64_encode(apr_pool_t *p, const void *data, apr_size_t len);

/**
 * Strict base64: XML white space anywhere is skipped, padding must be right, any other octet refuses. A missing
 * padding at the very end is accepted.
 * @param max_bytes  of the decoded form
 * @return SAML_OK, SAML_E_MALFORMED, SAML_E_TOO_LARGE
 */
SAML_MUST_CHECK saml_status_t saml_base64_decode(const char **out, apr_size_t *out_len, const char *text, apr_size_t len,
                                                 apr_size_t max_bytes, const char *what, apr_pool_t *p,
                                                 saml_err_t *err);

/** base64url without padding. */
const char *saml_base64url_encode(apr_pool_t *p, const void *data, apr_size_t len);
/** @return SAML_OK or SAML_E_MALFORMED; other characters than A-Z a-z 0-9 - _ are refused */
SAML_MUST_CHECK saml_status_t saml_base64url_decode(const char **out, apr_size_t *out_len, const char *text,
                                                    apr_size_t len, apr_pool_t *p, saml_err_t *err);

/** Percent-encoding of everything but RFC 3986 unreserved characters, upper-case hex. */
const char *saml_percent_encode(apr_pool_t *p, const char *text);
/** Decode %XX and '+' as a form value. @return SAML_OK or SAML_E_MALFORMED (bad escape, NUL octet) */
SAML_MUST_CHECK saml_status_t saml_form_decode(const char **out, const char *text, apr_size_t len, apr_pool_t *p,
                                               saml_err_t *err);

/** What a value of application/x-www-form-urlencoded or of a query is: the raw slice. */
typedef struct {
    const char *raw;        /* undecoded octets, not NUL-terminated; NULL: parameter absent */
    apr_size_t raw_len;
} saml_param_t;

/**
 * The raw slice of parameter `name`.
 * @return SAML_OK (also when absent), or SAML_E_MALFORMED when it occurs more than once
 */
SAML_MUST_CHECK saml_status_t saml_param_find(saml_param_t *out, const char *query, apr_size_t len, const char *name,
                                              saml_err_t *err);

#endif
