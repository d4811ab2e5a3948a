/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

/** @file message.h A SAML message out of whatever a person has at hand: XML, form value, form body, URL, HAR file. */

#include "saml/saml.h"

/** The largest input that can hold one message: base64, every octet of it percent-encoded, and a long RelayState. */
#define CLI_MAX_INPUT_BYTES (SAML_MAX_MESSAGE_BYTES * 4 + 65536)

typedef struct {
    const char *where;          /* where in the input it stood, for a HAR file; else NULL */
    const char *how;            /* in what form it came: "HTTP-POST form value", ... */
    const char *xml;
    apr_size_t len;
    const char *relay_state;    /* or NULL */
    const char *sig_alg;        /* SigAlg of a query, or NULL */
    int has_query_signature;
} cli_message_t;

/**
 * What the ACS would be given: XML as it stands, the base64 form value, the same percent-encoded, or a whole body
 * with a parameter SAMLResponse.
 * @return SAML_OK, SAML_E_MALFORMED, SAML_E_TOO_LARGE
 */
SAML_MUST_CHECK saml_status_t cli_response_read(const char **xml, apr_size_t *xml_len, const char *data,
                                                apr_size_t len, apr_pool_t *p, saml_err_t *err);

/** One value of a parameter, base64 over XML or over DEFLATE, percent-encoded or not. Sets xml, len and how. */
SAML_MUST_CHECK saml_status_t cli_value_read(cli_message_t *out, const char *value, apr_size_t len, apr_pool_t *p,
                                             saml_err_t *err);

/** The message that the query or form body in `text` holds; `*found` tells whether there is a parameter of that name at all. */
SAML_MUST_CHECK saml_status_t cli_query_read(cli_message_t *out, int *found, const char *text, apr_size_t len,
                                             apr_pool_t *p, saml_err_t *err);

/** The message in a hidden field of the HTML page `text`; `*found` as above. */
SAML_MUST_CHECK saml_status_t cli_page_read(cli_message_t *out, int *found, const char *text, apr_size_t len,
                                            apr_pool_t *p, saml_err_t *err);

/** Leave out white space, and a byte order mark, at both ends. */
void cli_trim(const char **data, apr_size_t *len);

/** The one message of `data`, whichever of these it is: XML, page, URL, query, body, bare value. */
SAML_MUST_CHECK saml_status_t cli_message_read(cli_message_t *out, const char *data, apr_size_t len, apr_pool_t *p,
                                               saml_err_t *err);

#endif
