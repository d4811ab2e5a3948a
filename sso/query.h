/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_QUERY_H
#define SSO_QUERY_H

/** @file query.h Parameters of a request: of its query, or of a form in its body, bounded. */

#include "sso.h"

/** The decoded value of query parameter `name`; NULL where absent. A parameter that comes twice refuses (SAML_E_MALFORMED). */
SAML_MUST_CHECK saml_status_t sso_query_value(const char **out, request_rec *r, const char *name, saml_err_t *err);

/**
 * The place that query parameter `target` names, on one of our own origins (sso_own_target).
 * @param what  "login" or "logout", for the reason
 * @return SAML_OK, `*out` NULL where there is none or it is empty; SAML_E_RELAY_STATE where it is not ours
 */
SAML_MUST_CHECK saml_status_t sso_query_target(const char **out, request_rec *r, const sso_app_t *app, const char *what,
                                               saml_err_t *err);

/** A form with base64 of the largest message, percent-encoded here and there, and RelayState beside it. */
#define SSO_MAX_FORM_BYTES (SAML_MAX_MESSAGE_BYTES / 2 * 3 + 65536)

/** A form body as it came: undecoded. */
typedef struct {
    const char *text;
    apr_size_t len;
} sso_form_t;

/**
 * Read an application/x-www-form-urlencoded body of at most `max_bytes`.
 * @return SAML_OK, SAML_E_REQUEST (another content type, no body), SAML_E_TOO_LARGE, SAML_E_MALFORMED (the body broke off)
 */
SAML_MUST_CHECK saml_status_t sso_form_read(sso_form_t *out, request_rec *r, apr_size_t max_bytes, saml_err_t *err);

/** The decoded value of form field `name`; NULL where absent. A field that comes twice refuses. */
SAML_MUST_CHECK saml_status_t sso_form_value(const char **out, const sso_form_t *form, const char *name, apr_pool_t *p,
                                             saml_err_t *err);

#endif
