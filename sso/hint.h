/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_HINT_H
#define SSO_HINT_H

/**
 * @file hint.h
 * Hints for the identity provider, in the query beside the request, where no signature covers them: SAMLDomainHint; the name of who is to
 * sign on, by login?login_hint= or, with SAMLLoginHint, of who did so last in this browser.
 */

#include "sso.h"

/** The query for a request to `service_url`; NULL: no hints. */
const char *sso_hint_query(request_rec *r, const sso_app_t *app, const char *service_url);

/** Keep the name of who has signed on, sealed, in the browser. */
void sso_hint_remember(request_rec *r, const sso_app_t *app, const saml_login_t *login);

/** Drop it: whoever signs out may be making room for somebody else. */
void sso_hint_forget(request_rec *r, const sso_app_t *app);

#endif
