/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include "cookie.h"
#include "forced.h"
#include "fragment.h"
#include "hint.h"
#include "last_user.h"
#include "logout_message.h"
#include "logout_send.h"
#include "page.h"
#include "query.h"
#include "resend_note.h"
#include "rounds.h"

/*
 * The one address for all of logout: the identity provider's messages go to logout_message.c; without one, the session of this
 * browser ends, in the store and in the cookie, and then the identity provider is asked to end its own, unless this one is to be all.
 */

/* Where the identity provider cannot be asked, the session here has ended all the same. */
static int log_out_there(request_rec *r, const sso_app_t *app, const sso_session_t *session, const char *target)
{
    saml_err_t *err = sso_err_new(r->pool);
    int http;

    if (sso_logout_send(&http, r, app, session, target, err) == SAML_OK)
        return http;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "logout: the identity provider could not be asked to end its session: %s",
                  err->reason);
    return sso_page_logged_out(r, SSO_OUT_HERE);
}

/* Whoever comes to this browser next finds nothing of who leaves. */
static void forget_person(request_rec *r, const sso_app_t *app)
{
    sso_last_user_forget(r, app);
    sso_resend_forget_all(r, app);
    sso_fragment_forget(r, app);
    sso_hint_forget(r, app);
    sso_rounds_forget(r, app);
}

static int log_out_here(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    const sso_session_t *session;
    const char *target, *local, *had;
    int ended;

    if (sso_refuse_embedded(r, "logout", err) != SAML_OK
        || sso_query_target(&target, r, app, "logout", err) != SAML_OK
        || sso_query_value(&local, r, "local", err) != SAML_OK || sso_session_current(&session, r, app, err) != SAML_OK
        || sso_session_reference(&had, r, app, err) != SAML_OK || sso_session_end(&ended, r, app, err) != SAML_OK)
        return sso_page_refused(r, app, err);
    sso_cookie_drop_session(r, app);
    forget_person(r, app);
    if (*had)               /* else any page could have its visitors asked for their password, by a frame with this address */
        sso_forced_after_logout(r, app);
    if (ended)
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "logout: application \"%s\"", app->name);
    if (session && !local && sso_logout_is_sent(r, app))
        return log_out_there(r, app, session, target);
    return target ? sso_page_redirect(r, HTTP_SEE_OTHER, target) : sso_page_logged_out(r, SSO_OUT_HERE);
}

int sso_handle_logout(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    sso_logout_message_t came;

    if (sso_logout_message_read(&came, r, err) != SAML_OK)
        return sso_page_refused(r, app, err);
    return came.param ? sso_logout_message_answer(r, app, &came) : log_out_here(r, app);
}
