/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <apr_strings.h>

#include "early.h"
#include "forced.h"
#include "fragment.h"
#include "groups.h"
#include "hint.h"
#include "idp.h"
#include "page.h"
#include "place.h"
#include "provision.h"
#include "query.h"
#include "relay_state.h"
#include "rounds.h"
#include "saml/binding.h"
#include "state.h"
#include "url.h"

/*
 * The assertion consumer service: a form by the browser, a login in progress that it answers, the library's checks, a new
 * session, and on to where the browser wanted to go.
 */

/** One answer as it came. */
typedef struct {
    const char *xml;
    apr_size_t xml_len;
    const char *relay_state;    /* or NULL */
} answer_t;

/** What the answer belongs to. */
typedef struct {
    const char *request_id;     /* NULL: nobody asked */
    const char *acs_url;
    const char *target;         /* NULL: no login waits for it, and it may not begin at the identity provider */
    const char *relay_state;    /* as it came, or NULL */
    const sso_state_t *state;   /* NULL: nobody asked */
    const char *replaces;       /* the session that the browser had when the sign-on began, or NULL */
    int force_authn;            /* it asked for a sign-on of now */
    unsigned step_up;           /* SSO_STEP_UP_ bits: what a Require saml-authn sent the user back for */
    apr_time_t since;           /* when it began; of one that nobody asked for, when it could have at the earliest */
} context_t;

static saml_status_t read_answer(answer_t *out, request_rec *r, saml_err_t *err)
{
    sso_form_t form;
    const char *message;

    SAML_TRY(sso_form_read(&form, r, SSO_MAX_FORM_BYTES, err));
    SAML_TRY(sso_form_value(&message, &form, "SAMLResponse", r->pool, err));
    SAML_TRY(sso_form_value(&out->relay_state, &form, "RelayState", r->pool, err));
    if (!message)
        return saml_fail(err, SAML_E_REQUEST, "form: expected a field SAMLResponse, got none");
    return saml_base64_decode(&out->xml, &out->xml_len, message, strlen(message), SAML_MAX_MESSAGE_BYTES,
                              "SAMLResponse", r->pool, err);
}

/* Nobody here asked for it: where that is allowed, RelayState may say where to land on this site. */
static saml_status_t unsolicited_context(context_t *out, request_rec *r, const sso_app_t *app, const answer_t *answer,
                                         saml_err_t *err)
{
    if (!app->idp_initiated)
        return saml_fail(err, SAML_E_UNSOLICITED, "expected the answer to a sign-on begun here, got one that answers "
                         "none (IdP-initiated); SAMLIdPInitiated on would admit it");
    SAML_TRY(sso_relay_state_target(&out->target, app, answer->relay_state, r->pool, err));
    out->request_id = NULL;
    out->acs_url = sso_reply_url_of(app, r)->url;
    out->since = apr_time_now() - SSO_STATE_AGE;
    return SAML_OK;
}

/* Virtual hosts with the same application share its logins in progress, not their addresses. */
static saml_status_t check_begun_here(const sso_state_t *state, const sso_app_t *app, saml_err_t *err)
{
    int i;

    for (i = 0; i < app->reply_urls->nelts; ++i) {
        if (strcmp(state->acs_url, APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t).url) == 0)
            return SAML_OK;
    }
    return saml_fail(err, SAML_E_STATE_MISSING, "login state: expected one whose answer goes to an address of this "
                     "application, got %s", saml_quote(err->pool, state->acs_url));
}

static saml_status_t find_context(context_t *out, request_rec *r, const sso_app_t *app, const answer_t *answer,
                                  saml_err_t *err)
{
    saml_response_peek_t peek;
    saml_err_t *unread = sso_err_new(r->pool);
    saml_status_t status;
    sso_state_t state;

    status = sso_state_resume(&state, r, app, answer->relay_state, err);
    if (status == SAML_OK)
        status = check_begun_here(&state, app, err);
    /* A logout under way has one of the same kind, which mostly leads nowhere (logout_send.c). */
    if (status == SAML_OK && !*state.target)
        status = saml_fail(err, SAML_E_STATE_MISSING, "login state: expected one of a sign-on, got one of a logout");
    if (status == SAML_OK) {
        out->request_id = state.request_id;
        out->acs_url = state.acs_url;
        out->target = state.target;
        out->replaces = state.replaces;
        out->step_up = state.step_up;
        out->since = state.started;
        out->force_authn = state.force_authn;
        out->state = apr_pmemdup(r->pool, &state, sizeof(state));
        return SAML_OK;
    }
    if (status != SAML_E_STATE_MISSING)
        return status;
    if (saml_response_peek(&peek, answer->xml, answer->xml_len, r->pool, unread) != SAML_OK) {
        *err = *unread;         /* that it is no answer at all says more than that no login waits for it */
        return err->status;
    }
    return peek.in_response_to ? status : unsolicited_context(out, r, app, answer, err);
}

saml_status_t sso_replay_use(void *baton, const unsigned char key[32], apr_time_t until, saml_err_t *err)
{
    request_rec *r = baton;
    const sso_app_t *app = sso_request_of(r)->app;
    sso_key_t id;

    memcpy(id.octets, key, sizeof(id.octets));
    return sso_store_use_once(app->store, &id, until, apr_time_now(), err);
}

static saml_status_t check_answer(saml_login_t **login, request_rec *r, const sso_app_t *app, const answer_t *answer,
                                  const context_t *context, saml_err_t *err)
{
    saml_replay_t replay = { sso_replay_use, r };
    saml_expect_t want = { 0 };
    const saml_idp_t *idp;

    SAML_TRY(sso_idp_current(&idp, r, app, err));
    /* Not when the request began: who sends its body slowly must not hold on to a time that has passed. */
    want.now = apr_time_now();
    want.skew = app->clock_skew;
    want.issuer = idp->entity_id;
    want.certs = idp->certs;
    want.acs_url = context->acs_url;
    want.audiences = app->audiences;
    want.in_response_to = context->request_id;
    want.keys = app->keys;
    want.allow = app->allow;
    want.authn_context = app->authn_context;
    want.authn_since = context->force_authn || app->force_authn == SSO_FORCE_ALWAYS ? context->since : 0;
    want.replay = &replay;
    return saml_response_check(login, answer->xml, answer->xml_len, &want, r->pool, err);
}

/*
 * A store whose data others keep may have lost the last of it (a Redis that took over), and with it that this answer was used. What may
 * have been used before that is not taken; the sign-on begins anew. Our own login cannot have been answered before it began.
 */
static saml_status_t check_remembered(const sso_app_t *app, const context_t *context, const saml_login_t *login, saml_err_t *err)
{
    apr_time_t since, began = context->request_id ? context->since : login->issue_instant - app->clock_skew;

    SAML_TRY(sso_store_used_since(app->store, &since, err));
    if (began > since)
        return SAML_OK;
    return saml_fail(err, SAML_E_STATE_MISSING, "login: expected one begun after the session store was restarted or taken over by another "
                     "server, which may not know what was used before, got one begun %d s earlier", (int)apr_time_sec(since - began));
}

static saml_status_t consume(context_t *context, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    saml_login_t *login;
    answer_t answer;

    SAML_TRY(read_answer(&answer, r, err));
    context->relay_state = answer.relay_state;
    SAML_TRY(find_context(context, r, app, &answer, err));
    SAML_TRY(check_answer(&login, r, app, &answer, context, err));
    SAML_TRY(check_remembered(app, context, login, err));
    SAML_TRY(sso_groups_complete(r, app, login, err));
    SAML_TRY(sso_provision(r, app, login, err));
    SAML_TRY(sso_session_begin(r, app, login, context->replaces, context->step_up, err));
    sso_hint_remember(r, app, login);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "login: application \"%s\", assertion %s, %s", app->name,
                  saml_quote(r->pool, login->assertion_id),
                  context->request_id ? "begun here" : "begun at the identity provider");
    return SAML_OK;
}

/* An answer whose login is no longer known (old tab, Back button, bookmark) starts one new sign-on; a second in a row says why. */
static int start_anew(request_rec *r, const sso_app_t *app, const char *target, const saml_err_t *err)
{
    const char *login = sso_endpoint_url(app, sso_reply_url_of(app, r), "login", r->pool);

    /* Known where the answer was right, and came too late for the store; a kept form's place (resend.h) is a sign-on already. */
    if (target && sso_target_is_endpoint(app, target, r->pool))
        login = apr_pstrcat(r->pool, target, "&again=1", NULL);
    else if (target)
        login = apr_pstrcat(r->pool, login, "?target=", ap_escape_urlencoded(r->pool, target), "&again=1", NULL);
    else
        login = apr_pstrcat(r->pool, login, "?again=1", NULL);

    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "sign-on begun anew [%s]: %s", saml_status_name(err->status),
                  err->reason);
    return sso_page_redirect(r, HTTP_SEE_OTHER, login);
}

/*
 * Where the browser wanted to go, although nothing of what came is believed: from what we gave to this very browser, under our seal.
 * `*done` where its sign-on has gone well, and the form came again (F5, Back): it needs no other, and is no sign of one that goes round.
 */
static const char *target_of_lost(int *done, request_rec *r, const sso_app_t *app, const char *relay_state)
{
    const char *target = sso_rounds_came_again(r, app, relay_state);
    sso_state_t late;

    *done = target != NULL;
    if (!target && sso_state_late(&late, r, app, relay_state) && check_begun_here(&late, app, sso_err_new(r->pool)) == SAML_OK)
        target = late.target;
    /* Virtual hosts that share an application share its cookies' seal, not their addresses. */
    return target ? sso_own_target(app, target, r->pool) : NULL;
}

static int handle_lost(request_rec *r, const sso_app_t *app, context_t *context, const saml_err_t *err)
{
    int done = 0, http;

    if (!context->target)
        context->target = target_of_lost(&done, r, app, context->relay_state);
    sso_request_of(r)->target = context->target;
    if (done)
        return start_anew(r, app, context->target, err);
    if (sso_state_may_retry(r, app, context->relay_state))
        return sso_rounds_lost(&http, r, app) ? http : start_anew(r, app, context->target, err);
    if (!context->target)
        sso_request_of(r)->target = sso_place_target(app, r->pool);
    return sso_rounds_refuse_lost(r, app, context->relay_state, err);
}

int sso_handle_acs(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    context_t context = { 0 };
    saml_status_t status = consume(&context, r, app, err);
    int http;

    sso_request_of(r)->target = context.target;
    if (status == SAML_E_STATE_MISSING)
        return handle_lost(r, app, &context, err);
    if (status != SAML_OK && context.target && sso_early_wait(&http, r, app, err, context.relay_state, context.target))
        return http;
    if (status != SAML_OK)
        return sso_page_refused(r, app, err);
    sso_state_retry_done(r, app);
    if (context.force_authn)
        sso_forced_done(r, app);
    if (context.state)
        context.target = sso_rounds_signed_on(r, app, context.state, context.relay_state);
    return sso_page_redirect(r, HTTP_SEE_OTHER, sso_fragment_restore(r, app, context.relay_state, context.target));
}
