/* SPDX-License-Identifier: Apache-2.0 */
#include "forced.h"

#include "cookie.h"

void sso_forced_after_logout(request_rec *r, const sso_app_t *app)
{
    if (app->force_authn == SSO_FORCE_AFTER_LOGOUT)
        sso_cookie_set_cross_site(r, app, sso_cookie_name(app, SSO_COOKIE_OUT, r->pool), "1", app->session_lifetime);
}

int sso_forced_is(request_rec *r, const sso_app_t *app)
{
    return app->force_authn == SSO_FORCE_ALWAYS
           || (app->force_authn == SSO_FORCE_AFTER_LOGOUT && sso_cookie_that_came(r, app, SSO_COOKIE_OUT) != NULL);
}

/* Without looking whether it came: on http it has no SameSite=None, and stays away from the identity provider's POST. */
void sso_forced_done(request_rec *r, const sso_app_t *app)
{
    if (app->force_authn == SSO_FORCE_AFTER_LOGOUT)
        sso_cookie_set_cross_site(r, app, sso_cookie_name(app, SSO_COOKIE_OUT, r->pool), "", 0);
}
