/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include "cookie.h"
#include "logout_message.h"
#include "page.h"
#include "query.h"

/*
 * The one address for all of logout: the identity provider's messages go to logout_message.c; without one, the session of this
 * browser ends, in the store and in the cookie.
 */

static int log_out_here(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    const char *target;
    int ended;

    if (sso_query_target(&target, r, app, "logout", err) != SAML_OK || sso_session_end(&ended, r, app, err) != SAML_OK)
        return sso_page_refused(r, app, err);
    sso_cookie_drop_session(r, app);
    if (ended)
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "logout: application \"%s\"", app->name);
    return target ? sso_page_redirect(r, HTTP_SEE_OTHER, target) : sso_page_logged_out(r, NULL);
}

int sso_handle_logout(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    sso_logout_message_t came;

    if (sso_logout_message_read(&came, r, err) != SAML_OK)
        return sso_page_refused(r, app, err);
    return came.param ? sso_logout_message_answer(r, app, &came) : log_out_here(r, app);
}
