/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_BINDING_H
#define SAML_BINDING_H

/** @file binding.h HTTP-Redirect and HTTP-POST (SAML Bindings 3.4, 3.5): encode, decode, query signature. */

#include "encoding.h"
#include "signature.h"

/**
 * Inflate one raw DEFLATE stream (RFC 1951, no zlib or gzip header), stopping as soon as `max_bytes` are exceeded.
 * The stream must end where `data` ends: anything behind it refuses.
 * @param what  the name of the thing for the reason, such as "SAMLRequest"
 * @return SAML_OK, SAML_E_MALFORMED, SAML_E_TOO_LARGE
 * Spec: SAML Bindings 3.4.4.1
 */
SAML_MUST_CHECK saml_status_t saml_inflate(const char **out, apr_size_t *out_len, const char *data, apr_size_t len,
                                           apr_size_t max_bytes, const char *what, apr_pool_t *p, saml_err_t *err);

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
/** `url` with `query`, encoded already, behind what query it has. */
const char *saml_url_with_query(const char *url, const char *query, apr_pool_t *p);

/**
 * The XML of a message by the Redirect binding. A query has 8 kB, which inflate to a hundred times that only where somebody wants
 * a parser to be busy.
 */
#define SAML_MAX_REDIRECT_BYTES (64 * 1024)

/** A message that came by the Redirect binding. */
typedef struct {
    const char *param;          /* "SAMLRequest" or "SAMLResponse" */
    const char *xml;
    apr_size_t xml_len;
    const char *relay_state;    /* decoded, or NULL */
    int has_signature;
} saml_redirect_message_t;

/**
 * Decode a query (inflating at most SAML_MAX_REDIRECT_BYTES) without checking its signature.
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
