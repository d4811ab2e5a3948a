/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_BINDING_H
#define SAML_BINDING_H

/** @file binding.h HTTP-Redirect and HTTP-POST (SAML Bindings 3.4, 3.5): encode, decode, query signature. */

#include "signature.h"

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

/**
 * URL of a Redirect-binding message: DEFLATE (raw), base64, percent-encoded, appended to `location` with "?" or "&".
 * @param param        "SAMLRequest" or "SAMLResponse"
 * @param relay_state  or NULL
 * @param key          signs with RSA-SHA256 over the exact octets sent; NULL: unsigned
 * @param extra        further query ("login_hint=..."), already encoded, outside the signed octets, or NULL
 */
SAML_MUST_CHECK saml_status_t saml_redirect_url(const char **out, const char *location, const char *param,
                                                const char *xml, const char *relay_state, const saml_keypair_t *key,
                                                const char *extra, apr_pool_t *p, saml_err_t *err);

/** A message that came by the Redirect binding. */
typedef struct {
    const char *param;          /* "SAMLRequest" or "SAMLResponse" */
    const char *xml;
    apr_size_t xml_len;
    const char *relay_state;    /* decoded, or NULL */
    int has_signature;
} saml_redirect_message_t;

/**
 * Decode a query (inflating at most SAML_MAX_MESSAGE_BYTES) without checking its signature.
 * @return SAML_OK, SAML_E_MALFORMED, SAML_E_TOO_LARGE
 */
SAML_MUST_CHECK saml_status_t saml_redirect_decode(saml_redirect_message_t *out, const char *query, apr_pool_t *p,
                                                   saml_err_t *err);

/**
 * Verify the query's signature over its raw octets, as sent (lower-case escapes and all).
 * @return SAML_OK, SAML_E_UNSIGNED, SAML_E_ALGORITHM, SAML_E_SIGNATURE, SAML_E_MALFORMED, SAML_E_CERTIFICATE_EXPIRED
 * Spec: SAML Bindings 3.4.4.1
 */
SAML_MUST_CHECK saml_status_t saml_redirect_verify(const char *query, const saml_trust_t *trust, apr_pool_t *p,
                                                   saml_err_t *err);

#endif
