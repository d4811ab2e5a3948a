/* SPDX-License-Identifier: Apache-2.0 */
#include "logout_message.h"

#include "early.h"
#include "entra.h"
#include "idp.h"
#include "logout_index.h"
#include "logout_late.h"
#include "logout_send.h"
#include "page.h"
#include "query.h"
#include "saml/encoding.h"
#include "saml/texts.h"
#include "state.h"
#include "url.h"

/*
 * The identity provider's messages. They come through somebody's browser, by Entra in a hidden frame, where our cookies do not
 * come along: nothing here depends on one, and the sessions to end are found in the store.
 */

#define MAX_RELAY_STATE_BYTES 1024

static const char request_param[] = "SAMLRequest";
static const char response_param[] = "SAMLResponse";

/* ---- what came ------------------------------------------------------------ */

static saml_status_t find_param(const char **out, const char *text, apr_size_t len, const char *where, saml_err_t *err)
{
    saml_param_t request, response;

    SAML_TRY(saml_param_find(&request, text, len, request_param, err));
    SAML_TRY(saml_param_find(&response, text, len, response_param, err));
    if (request.raw && response.raw)
        return saml_fail(err, SAML_E_MALFORMED, "%s: expected SAMLRequest or SAMLResponse, got both", where);
    *out = request.raw ? request_param : response.raw ? response_param : NULL;
    return SAML_OK;
}

static saml_status_t read_form(sso_logout_message_t *out, request_rec *r, saml_err_t *err)
{
    sso_form_t form;
    const char *value;

    /* A bare POST, without a body, is a logout of our own. */
    if (!apr_table_get(r->headers_in, "Content-Type"))
        return SAML_OK;
    SAML_TRY(sso_form_read(&form, r, SSO_MAX_FORM_BYTES, err));
    SAML_TRY(find_param(&out->param, form.text, form.len, "form", err));
    if (!out->param)
        return SAML_OK;
    SAML_TRY(sso_form_value(&value, &form, out->param, r->pool, err));
    SAML_TRY(sso_form_value(&out->relay_state, &form, "RelayState", r->pool, err));
    return saml_base64_decode(&out->message.xml, &out->message.xml_len, value, strlen(value), SAML_MAX_MESSAGE_BYTES,
                              out->param, r->pool, err);
}

saml_status_t sso_logout_message_read(sso_logout_message_t *out, request_rec *r, saml_err_t *err)
{
    const char *query = r->args ? r->args : "";
    const char *in_query;

    memset(out, 0, sizeof(*out));
    SAML_TRY(find_param(&in_query, query, strlen(query), "query", err));
    if (r->method_number == M_POST && in_query)
        return saml_fail(err, SAML_E_REQUEST, "expected a %s in the form of a POST, got one in its query", in_query);
    if (r->method_number == M_POST)
        return read_form(out, r, err);
    out->param = in_query;
    out->message.query = query;
    return in_query ? sso_query_value(&out->relay_state, r, "RelayState", err) : SAML_OK;
}

/* ---- what it is held against ---------------------------------------------- */

static apr_array_header_t *logout_urls(const sso_app_t *app, apr_pool_t *p)
{
    apr_array_header_t *urls = apr_array_make(p, app->reply_urls->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < app->reply_urls->nelts; i++)
        APR_ARRAY_PUSH(urls, const char *) =
            sso_endpoint_url(app, &APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t), "logout", p);
    return urls;
}

static saml_logout_expect_t expectation(request_rec *r, const sso_app_t *app, const saml_idp_t *idp, const saml_replay_t *replay)
{
    saml_logout_expect_t want = { 0 };

    /* Not when the request began: who sends its body slowly must not hold on to a time that has passed. */
    want.now = apr_time_now();
    want.skew = app->clock_skew;
    want.issuers = sso_logout_issuers(idp, r->pool);
    want.certs = idp->certs;
    want.destinations = logout_urls(app, r->pool);
    /* What Microsoft documents of its messages is without a Destination. */
    want.without_destination = sso_entra_tenant(idp, r->pool) != NULL;
    want.keys = app->keys;
    want.allow = app->allow;
    want.replay = replay;
    return want;
}

/* ---- LogoutRequest -------------------------------------------------------- */

/*
 * Entra's broadcast has been seen to bear a name that no sign-on knew, the pairwise identifier without a Format, and nothing else
 * (doc/entra.md 6): then the session that is meant is the one of the browser that carries it, where its cookie comes into the frame.
 */
static saml_status_t end_carried(int *ended, request_rec *r, const sso_app_t *app, const saml_idp_t *idp,
                                 const saml_logout_request_t *request, saml_err_t *err)
{
    const sso_session_t *session;

    if (*ended || !request->is_signed || request->session_indexes->nelts || request->name_id.format || !sso_entra_tenant(idp, r->pool))
        return SAML_OK;
    SAML_TRY(sso_session_current(&session, r, app, err));
    return session ? sso_session_end(ended, r, app, err) : SAML_OK;
}

/* Bindings 3.4.3, 3.5.3 want at most 80 bytes of it; some send more, and it goes back in an address. */
static saml_status_t check_relay_state(const char *relay_state, saml_err_t *err)
{
    if (relay_state && strlen(relay_state) > MAX_RELAY_STATE_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "RelayState of a LogoutRequest: expected at most %d bytes, got %" APR_SIZE_T_FMT,
                         MAX_RELAY_STATE_BYTES, strlen(relay_state));
    return SAML_OK;
}

static saml_status_t check_request(saml_logout_request_t **out, const saml_idp_t **idp, request_rec *r, const sso_app_t *app,
                                   const sso_logout_message_t *came, saml_err_t *err)
{
    saml_replay_t replay = { sso_replay_use, r };
    saml_logout_expect_t want;

    SAML_TRY(check_relay_state(came->relay_state, err));
    SAML_TRY(sso_idp_current(idp, r, app, err));
    want = expectation(r, app, *idp, &replay);
    return saml_logout_request_check(out, &came->message, &want, r->pool, err);
}

/*
 * First of all, see logout_late.h. A store that has no room for it may well end sessions, which counts for more. Whoever may ask without
 * proof is not to keep people out as well.
 */
static void keep_in_mind(request_rec *r, const sso_app_t *app, const saml_idp_t *idp, const saml_logout_request_t *request)
{
    saml_err_t *err = sso_err_new(r->pool);

    if (request->is_signed && sso_logout_late_mark(app, idp, request, r->pool, err) != SAML_OK)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "logout: application \"%s\": what was issued before it and comes later is not "
                      "kept out: %s", app->name, err->reason);
}

static saml_status_t end_sessions(request_rec *r, const sso_app_t *app, const saml_idp_t *idp, const saml_logout_request_t *request,
                                  saml_err_t *err)
{
    int ended;

    keep_in_mind(r, app, idp, request);
    SAML_TRY(sso_logout_end_named(&ended, app, idp, request, r->pool, err));
    SAML_TRY(end_carried(&ended, r, app, idp, request, err));
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "logout: application \"%s\", asked for by the identity provider in %s%s, "
                  "sessions ended: %d", app->name, saml_quote(r->pool, request->id),
                  request->is_signed ? "" : " (unsigned)", ended);
    return SAML_OK;
}

/* Core 3.7.3.2. A name that has no session here is no failure: it may have ended already. */
static int respond(request_rec *r, const sso_app_t *app, const saml_idp_t *idp, const sso_logout_message_t *came,
                   const saml_logout_request_t *request, saml_status_t done, saml_err_t *err)
{
    sso_logout_answered_t to = { request->id, came->relay_state, came->message.query ? SSO_BINDING_REDIRECT : SSO_BINDING_POST,
                                 done == SAML_OK ? SAML_STATUS_SUCCESS : SAML_STATUS_RESPONDER, request->is_signed };
    int http;

    if (done != SAML_OK)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "logout: application \"%s\", asked for by the identity provider in %s, failed: %s",
                      app->name, saml_quote(r->pool, request->id), err->reason);
    return sso_logout_respond(&http, r, app, idp, &to, err) == SAML_OK ? http : sso_page_refused(r, app, err);
}

/*
 * Entra loads this in a hidden frame and looks at nothing but that it was loaded; a LogoutResponse it has been seen to refuse
 * (doc/entra.md 6). Others wait for one. What is refused gets none: nothing says that it came from where that would go.
 */
static int answer_request(request_rec *r, const sso_app_t *app, const sso_logout_message_t *came)
{
    saml_err_t *err = sso_err_new(r->pool);
    saml_logout_request_t *request;
    const saml_idp_t *idp;
    saml_status_t done;

    if (check_request(&request, &idp, r, app, came, err) != SAML_OK) {
        sso_early_ask(r, app, err);
        return sso_page_refused(r, app, err);
    }
    done = end_sessions(r, app, idp, request, err);
    if (sso_logout_is_answered(app, idp, r->pool))
        return respond(r, app, idp, came, request, done, err);
    return done == SAML_OK ? sso_page_text(r, HTTP_OK, saml_page_texts.signed_out_short) : sso_page_refused(r, app, err);
}

/* ---- LogoutResponse ------------------------------------------------------- */

/*
 * It changes nothing: the session here has ended before the identity provider was asked. The logout that it answers, if this
 * browser still knows of it, says where to go; of one that nobody here knows, the page says what is so.
 */
static int answer_response(request_rec *r, const sso_app_t *app, const sso_logout_message_t *came)
{
    saml_err_t *err = sso_err_new(r->pool);
    saml_replay_t replay = { sso_replay_use, r };
    saml_logout_response_t *response;
    saml_logout_expect_t want;
    const saml_idp_t *idp;
    sso_state_t state = { 0 };
    saml_status_t known = sso_state_resume(&state, r, app, came->relay_state, err);

    if (sso_idp_current(&idp, r, app, err) != SAML_OK)
        return known == SAML_OK ? sso_page_unconfirmed(r, err) : sso_page_refused(r, app, err);
    want = expectation(r, app, idp, &replay);
    if (known == SAML_OK)
        want.in_response_to = state.request_id;
    else if (known != SAML_E_STATE_MISSING)
        return sso_page_refused(r, app, err);
    if (saml_logout_response_check(&response, &came->message, &want, r->pool, err) != SAML_OK) {
        sso_early_ask(r, app, err);
        return known == SAML_OK ? sso_page_unconfirmed(r, err) : sso_page_refused(r, app, err);
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "logout: application \"%s\", confirmed by the identity provider in %s%s",
                  app->name, saml_quote(r->pool, response->id), response->is_partial ? ", which did not reach every other site" : "");
    if (known == SAML_OK && *state.target)
        return sso_page_redirect(r, HTTP_SEE_OTHER, state.target);
    if (known != SAML_OK)
        return sso_page_logged_out(r, SSO_OUT_HERE);
    return sso_page_logged_out(r, response->is_partial ? SSO_OUT_PARTLY : SSO_OUT_THERE);
}

int sso_logout_message_answer(request_rec *r, const sso_app_t *app, const sso_logout_message_t *came)
{
    return came->param == request_param ? answer_request(r, app, came) : answer_response(r, app, came);
}
