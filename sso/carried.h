/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_CARRIED_H
#define SSO_CARRIED_H

/**
 * @file carried.h
 * Sessions that the browser carries: deflated, sealed under SAMLSecret for one application and cookie name, cut into cookies.
 *
 * NAME holds "COUNT.TAG.TEXT", NAME.1 and the following "TAG.TEXT"; the tag, some octets of the seal's nonce, tells which belong
 * together where a browser holds some twice or an answer was lost between two renewals. Secrets that SAMLSecret lists behind the first
 * open; the next renewal is sealed with the first.
 */

#include "sso.h"

#define SSO_CARRIED_MAX_COOKIES 9

/**
 * The sessions (sso_carried_t) in the request's cookies, at most `at_most`; what does not open is none.
 * @return SAML_OK, or what kept the seal from being looked at
 */
SAML_MUST_CHECK saml_status_t sso_carried_read(apr_array_header_t **out, request_rec *r, const sso_app_t *app, int at_most,
                                               saml_err_t *err);

/**
 * Seal a session for `app`.
 * @param out  what sso_carried_send takes
 * @return SAML_OK, or SAML_E_TOO_LARGE where it would not fit into the cookies that a request to this server may have
 */
SAML_MUST_CHECK saml_status_t sso_carried_seal(const char **out, request_rec *r, const sso_app_t *app, const sso_carried_t *session,
                                               saml_err_t *err);

/**
 * Set the cookies of a new session, and drop whatever parts of another there may be: SameSite=Lax keeps them back from the identity
 * provider's POST, and left in the browser they would fill its requests.
 */
void sso_carried_begin(request_rec *r, const sso_app_t *app, const char *sealed);

/** Set the cookies of a session anew, and drop what came of it and is no longer needed. */
void sso_carried_send(request_rec *r, const sso_app_t *app, const char *sealed);

#endif
