/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LOGOUT_SEND_H
#define SSO_LOGOUT_SEND_H

/** @file logout_send.h Our logout messages to the identity provider (SAML Profiles 4.4.3, 4.4.4). */

#include "saml/logout.h"
#include "sso.h"

/** Whether a logout of `app` asks its identity provider: it is known, has where to ask, and SAMLSingleLogout is not off. */
int sso_logout_is_sent(request_rec *r, const sso_app_t *app);

/**
 * Send the browser to the identity provider with a LogoutRequest by Redirect or POST, signed where there is a SAMLKey. The session
 * must have ended here before: an answer may never come, and nothing waits for it.
 * @param session  the one that was; it names the user
 * @param target   where the browser goes when the answer comes (sso_own_target), or NULL: a page
 * @param http     set on SAML_OK: what the handler returns
 */
SAML_MUST_CHECK saml_status_t sso_logout_send(int *http, request_rec *r, const sso_app_t *app, const sso_session_t *session,
                                              const char *target, saml_err_t *err);

/** Whether a LogoutRequest of `idp` is answered by a LogoutResponse: SAMLLogoutResponse, and that it has where to take one. */
int sso_logout_is_answered(const sso_app_t *app, const saml_idp_t *idp, apr_pool_t *p);

/** What a LogoutResponse answers. */
typedef struct {
    const char *id;                 /* of the LogoutRequest */
    const char *relay_state;        /* that came with it, or NULL */
    sso_binding_t binding;          /* by which it came */
    const char *status;             /* URI of the StatusCode that tells how it went */
    int is_signed;                  /* 0: so is the answer not, or anybody could have us sign what he has put in there */
} sso_logout_answered_t;

/** Send the browser back to the identity provider with a LogoutResponse; sso_logout_is_answered must have said so. */
SAML_MUST_CHECK saml_status_t sso_logout_respond(int *http, request_rec *r, const sso_app_t *app, const saml_idp_t *idp,
                                                 const sso_logout_answered_t *to, saml_err_t *err);

#endif
