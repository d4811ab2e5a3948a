/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LOGOUT_SEND_H
#define SSO_LOGOUT_SEND_H

/** @file logout_send.h Asking the identity provider to end its session too (SAML Profiles 4.4.3.1, 4.4.4.1). */

#include "sso.h"

/** Whether `app`'s identity provider is known, and has where to ask. */
int sso_logout_is_sent(request_rec *r, const sso_app_t *app);

/**
 * Send the browser to the identity provider with a LogoutRequest by HTTP-Redirect, signed where requests are. The session must
 * have ended here before: an answer may never come, and nothing waits for it.
 * @param session  the one that was; it names the user
 * @param target   where the browser goes when the answer comes (sso_own_target), or NULL: a page
 * @param http     set on SAML_OK: what the handler returns
 */
SAML_MUST_CHECK saml_status_t sso_logout_send(int *http, request_rec *r, const sso_app_t *app, const sso_session_t *session,
                                              const char *target, saml_err_t *err);

#endif
