/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint login: where a sign-on is asked for by its query, and where the pages that end one stand. */

#include "sso.h"

#include "address.h"
#include "page.h"
#include "place.h"
#include "popup.h"
#include "query.h"
#include "resend.h"
#include "rounds.h"
#include "step_up_query.h"

/* `target` of the query, or NULL: one that is not ours refuses, and so do those that would go round. */
static saml_status_t wanted_target(const char **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *target;

    SAML_TRY(sso_query_target(&target, r, app, "login", err));
    if (target && sso_target_is_endpoint(app, target, r->pool))
        return saml_fail(err, SAML_E_RELAY_STATE, "login target: expected a place other than login, acs and logout, "
                         "got %s", saml_quote(r->pool, target));
    *out = target;
    return SAML_OK;
}

/** What the query of login asks for. */
typedef struct {
    const char *target;         /* or NULL */
    const char *again;          /* begun anew for an answer that came too late: with a session by now it is not needed */
    const char *resend;         /* the name of what is to be sent again (resend.h) */
    const char *popup;          /* popup.h */
    const char *step_up;        /* step_up.h */
    const char *noted;          /* so too */
    const char *arrived;        /* the browser comes from a sign-on, and is looked at (rounds.h) */
    const char *place;          /* the tab knows where to go (place.h) */
    const char *elsewhere;      /* where the browser is (address.h) */
} wish_t;

static saml_status_t read_wish(wish_t *out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    SAML_TRY(sso_refuse_embedded(r, "login", err));
    SAML_TRY(wanted_target(&out->target, r, app, err));
    SAML_TRY(sso_query_value(&out->again, r, "again", err));
    SAML_TRY(sso_query_value(&out->resend, r, "resend", err));
    SAML_TRY(sso_query_value(&out->popup, r, "popup", err));
    SAML_TRY(sso_query_value(&out->step_up, r, "step-up", err));
    SAML_TRY(sso_query_value(&out->noted, r, "noted", err));
    SAML_TRY(sso_query_value(&out->arrived, r, "arrived", err));
    SAML_TRY(sso_query_value(&out->elsewhere, r, "elsewhere", err));
    return sso_query_value(&out->place, r, "place", err);
}

/* Where the sign-on is to end that this one begins. */
static const char *end_of(const wish_t *wish, const sso_app_t *app, const char *target, apr_pool_t *p)
{
    if (wish->popup)
        return sso_popup_target(app, target, p);
    if (wish->resend) {
        const char *end = sso_resend_target(app, wish->resend, target, p);

        /* What is kept has a shorter one: somebody wrote this by hand. */
        return strlen(end) <= SSO_STATE_MAX_TARGET_BYTES ? end : target;
    }
    return wish->place ? sso_place_target(app, p) : target;
}

static int end_sign_on(request_rec *r, const sso_app_t *app, const wish_t *wish, const char *target, const sso_session_t *session)
{
    if (wish->popup)
        return sso_popup_page(r, app, target);
    if (wish->resend)
        return sso_resend_page(r, app, session, wish->resend, target);
    return wish->place ? sso_place_page(r, app) : sso_page_redirect(r, HTTP_SEE_OTHER, target);
}

int sso_handle_login(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    const sso_session_t *session = NULL;
    const char *target, *end;
    wish_t wish = { 0 };
    int answered = sso_page_refused_before(r), http;

    if (answered != DECLINED)
        return answered;
    if (read_wish(&wish, r, app, err) != SAML_OK)
        return sso_page_refused(r, app, err);
    if (wish.popup)
        sso_popup_cut_off(r);
    target = wish.target ? wish.target : app->start;
    if (wish.elsewhere && (answered = sso_address_explain(r, app, wish.elsewhere, target)) != DECLINED)
        return answered;
    if (wish.again && !wish.target && !wish.resend && !wish.popup)
        wish.place = wish.again;
    sso_step_up_asked(r, app, wish.step_up, wish.noted);
    if (sso_is_script(r))
        return sso_answer_script(r, app, target);       /* led here by a redirect: it could not post the form */
    if ((wish.again || wish.resend || wish.popup || wish.place || wish.arrived) && !sso_request_of(r)->step_up.bits
        && sso_session_current(&session, r, app, err) != SAML_OK)
        return sso_page_refused(r, app, err);
    end = end_of(&wish, app, target, r->pool);
    if (wish.arrived && sso_rounds_arrived(&http, r, app, session, end, target))
        return http;
    if (session)
        return end_sign_on(r, app, &wish, target, session);
    return sso_login_start(r, app, end);
}
