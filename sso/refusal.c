/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals: what a person reads for each, by the administrator's ErrorDocument or on a page of ours. The words are in saml/texts.h; an
 * identity provider's own text is never among them, as anybody can post an unsigned failure through somebody's browser.
 */

#include "page.h"

#include <apr_strings.h>
#include <mod_core.h>

#include "saml/explain.h"
#include "saml/json.h"
#include "url.h"

#define RETRY_AFTER_S "30"

/** A refusal in words, none of them escaped. What there is not is NULL. */
struct sso_refusal {
    int http_status;
    const char *status;         /* its name in the log and on the page */
    const char *reference;
    const char *title;
    const char *sentence;
    const char *advice;
    const char *code;           /* the identity provider's: "AADSTS50105", "NoPassive" */
    const char *code_meaning;
    const char *code_fix;
    const char *code_url;       /* Microsoft's page on it */
    const char *message;        /* the application's, of a refusal that is its own (saml_err_t's `shown`) */
    const char *user;           /* who is signed on */
    const char *way;            /* the button, and where it leads */
    const char *way_url;
    int is_last;                /* nothing is to lead on from here by itself */
};

/* ---- what it comes to ----------------------------------------------------- */

/* All others are 403. */
static const int http_statuses[SAML_STATUS_COUNT] = {
    [SAML_E_MALFORMED] = HTTP_BAD_REQUEST,
    [SAML_E_REQUEST] = HTTP_BAD_REQUEST,
    [SAML_E_TOO_LARGE] = HTTP_REQUEST_ENTITY_TOO_LARGE,
    [SAML_E_STORE] = HTTP_SERVICE_UNAVAILABLE,
    [SAML_E_METADATA] = HTTP_SERVICE_UNAVAILABLE,
};

int sso_refusal_http_status(saml_status_t status)
{
    return http_statuses[status] ? http_statuses[status] : HTTP_FORBIDDEN;
}

/* Decryption and signature failures look the same from outside: no oracle (XML Encryption 1.1, 6.1.1). */
static saml_status_t shown_status(const saml_err_t *err)
{
    return err->in_ciphertext || err->status == SAML_E_DECRYPTION ? SAML_E_SIGNATURE : err->status;
}

static const char *with_target(request_rec *r, const char *url)
{
    const char *target = sso_request_of(r)->target;

    return target && strcmp(target, "/") != 0
               ? apr_pstrcat(r->pool, url, "?target=", ap_escape_urlencoded(r->pool, target), NULL) : url;
}

/* Where a form waits in the browser (resend.h), the place to end at is a sign-on already, and the new one is to end there, too. */
static const char *sign_in_url(request_rec *r, const sso_app_t *app, const sso_reply_url_t *reply)
{
    const char *target = sso_request_of(r)->target;

    if (target && sso_target_is_endpoint(app, target, r->pool))
        return apr_pstrcat(r->pool, target, "&again=1", NULL);
    return with_target(r, sso_endpoint_url(app, reply, "login", r->pool));
}

static const char *way_url(request_rec *r, const sso_app_t *app, saml_way_t way)
{
    const sso_reply_url_t *reply;

    if (!app)
        return NULL;
    reply = sso_reply_url_of(app, r);
    switch (way) {
    case SAML_WAY_SIGN_IN:
    case SAML_WAY_THERE:
        return sign_in_url(r, app, reply);
    case SAML_WAY_START:
        return apr_pstrcat(r->pool, reply->origin, app->start, NULL);
    case SAML_WAY_SIGN_OUT:
        return sso_endpoint_url(app, reply, "logout", r->pool);
    case SAML_WAY_OTHER_USER:
        return with_target(r, sso_endpoint_url(app, reply, "logout", r->pool));
    default:
        return NULL;
    }
}

static void set_way(sso_refusal_t *f, request_rec *r, const sso_app_t *app, saml_way_t way)
{
    f->way = saml_way_texts[way];
    f->way_url = way_url(r, app, way);
}

static sso_refusal_t *new_refusal(request_rec *r, int http_status, const char *status, const char *title,
                                  const saml_refusal_words_t *words, const sso_app_t *app)
{
    sso_refusal_t *f = apr_pcalloc(r->pool, sizeof(*f));

    f->http_status = http_status;
    f->status = status;
    f->reference = sso_reference(r);
    f->title = title;
    f->sentence = words->sentence;
    f->advice = words->advice;
    set_way(f, r, app, words->way);
    return f;
}

/* What the identity provider's code means, and so who is to be asked. A logout has its own advice and way. */
static void add_code(sso_refusal_t *f, request_rec *r, const sso_app_t *app, const saml_idp_status_t *idp)
{
    const saml_mender_words_t *mender;
    saml_idp_words_t known;

    saml_explain_idp(&known, idp, r->pool);
    f->code_url = known.aadsts_url;
    f->code = known.aadsts;
    f->code_meaning = known.aadsts ? saml_page_texts.code_unknown : NULL;
    if (!known.words)
        return;
    if (known.aadsts && strcmp(known.aadsts, known.words->name) != 0) {
        f->code_meaning = apr_pstrcat(r->pool, f->code_meaning, " ", known.words->name, ": ", known.words->meaning, NULL);
    }
    else {
        f->code = known.words->name;
        f->code_meaning = known.words->meaning;
    }
    mender = &saml_mender_words[known.words->mender];
    f->code_fix = apr_pstrcat(r->pool, mender->leads_in, " ", known.words->fix, NULL);
    if (sso_request_of(r)->endpoint == SSO_ENDPOINT_LOGOUT)
        return;
    f->advice = mender->advice;
    set_way(f, r, app, mender->way);
}

/* ---- a page of ours ------------------------------------------------------- */

static const char *code_paragraph(const sso_refusal_t *f, apr_pool_t *p)
{
    if (!f->code)
        return "";
    return sso_page_paragraph(p, apr_pstrcat(p, f->code, ": ", f->code_meaning, NULL));
}

/* The address has nothing to tell of whence somebody comes: it may hold what he was looking for. */
static const char *code_link(const sso_refusal_t *f, apr_pool_t *p)
{
    if (!f->code_url)
        return "";
    return apr_pstrcat(p, "<p><a rel=\"noreferrer\" href=\"", ap_escape_html(p, f->code_url), "\">",
                       ap_escape_html(p, saml_page_texts.code_link), " ", ap_escape_html(p, f->code), "</a></p>\n", NULL);
}

static const char *message_paragraphs(const sso_refusal_t *f, apr_pool_t *p)
{
    if (!f->message)
        return "";
    return apr_pstrcat(p, "<p>", ap_escape_html(p, saml_page_texts.shown), "</p>\n<blockquote>", ap_escape_html(p, f->message),
                       "</blockquote>\n", NULL);
}

static const char *row(const char *term, const char *value, apr_pool_t *p)
{
    if (!value)
        return "";
    return apr_pstrcat(p, "<dt>", ap_escape_html(p, term), "</dt><dd>", ap_escape_html(p, value), "</dd>\n", NULL);
}

static int send_page(request_rec *r, const sso_refusal_t *f)
{
    apr_pool_t *p = r->pool;
    const char *body = apr_pstrcat(p, sso_page_paragraph(p, f->sentence), message_paragraphs(f, p), code_paragraph(f, p),
                                   sso_page_paragraph(p, f->code_fix), sso_page_paragraph(p, f->advice),
                                   sso_page_button(p, f->way, f->way_url), code_link(f, p), "<dl>\n",
                                   row(saml_page_texts.user, f->user, p), row(saml_page_texts.reason, f->status, p),
                                   row(saml_page_texts.reference, f->reference, p), "</dl>\n", NULL);

    return sso_page_send(r, f->http_status, f->title, body, NULL);
}

/* ---- or the administrator's ----------------------------------------------- */

static void set_env(request_rec *r, const char *name, const char *value)
{
    if (value)
        apr_table_setn(r->subprocess_env, name, value);
    else
        apr_table_unset(r->subprocess_env, name);
}

/* All of them each time: somebody else may have set one. To an ErrorDocument they come as REDIRECT_SAML_ERROR_... */
static void tell_error_document(request_rec *r, const sso_refusal_t *f)
{
    set_env(r, "SAML_ERROR_STATUS", f->status);
    set_env(r, "SAML_ERROR_REFERENCE", f->reference);
    set_env(r, "SAML_ERROR_TITLE", f->title);
    set_env(r, "SAML_ERROR_SENTENCE", f->sentence);
    set_env(r, "SAML_ERROR_ADVICE", f->advice);
    set_env(r, "SAML_ERROR_CODE", f->code);
    set_env(r, "SAML_ERROR_CODE_MEANING", f->code_meaning);
    set_env(r, "SAML_ERROR_CODE_FIX", f->code_fix);
    set_env(r, "SAML_ERROR_CODE_URL", f->code_url);
    set_env(r, "SAML_ERROR_MESSAGE", f->message);
    set_env(r, "SAML_ERROR_RETRY", f->way_url ? f->way : NULL);
    set_env(r, "SAML_ERROR_RETRY_URL", f->way_url);
}

/* Of a request that is an ErrorDocument itself, httpd would go back to the first error and send its own page for that. */
static int has_error_document(request_rec *r, const sso_refusal_t *f)
{
    const char *document = ap_response_code_string(r, ap_index_of_response(f->http_status));

    return r->status == HTTP_OK && document && !(f->is_last && ap_is_url(document));
}

/* What a script asked for, and a person will not see. At the other endpoints there are people. */
static int is_for_script(request_rec *r)
{
    sso_endpoint_t at = sso_request_of(r)->endpoint;

    return (at == SSO_ENDPOINT_NONE || at == SSO_ENDPOINT_ME) && !sso_is_navigation(r);
}

static int send_json(request_rec *r, const sso_refusal_t *f)
{
    return sso_page_json(r, f->http_status, apr_pstrcat(r->pool, "{\"reason\":", saml_json_string(r->pool, f->status), ",\"reference\":",
                                                        saml_json_string(r->pool, f->reference), "}\n", NULL));
}

static int answer(request_rec *r, const sso_refusal_t *f)
{
    sso_request_of(r)->refusal = f;
    if (f->http_status == HTTP_SERVICE_UNAVAILABLE)
        apr_table_setn(r->err_headers_out, "Retry-After", RETRY_AFTER_S);
    tell_error_document(r, f);
    if (!has_error_document(r, f))
        return is_for_script(r) ? send_json(r, f) : send_page(r, f);
    sso_page_uncached(r);
    return f->http_status;
}

int sso_page_refused_before(request_rec *r)
{
    const sso_refusal_t *f = NULL;
    request_rec *prev;

    for (prev = r->prev; prev && !f; prev = prev->prev)
        f = sso_request_of(prev)->refusal;
    if (!f)
        return DECLINED;
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "the ErrorDocument of refusal (%s), %s, is in a place that this browser may not "
                  "see: the refusal's own page is sent", f->reference, r->uri);
    return send_page(r, f);
}

/* ---- the kinds of refusal ------------------------------------------------- */

static int refuse_here(request_rec *r, const char *title, const saml_refusal_words_t *words, const sso_app_t *app,
                       const saml_err_t *err, int is_last)
{
    saml_status_t shown = shown_status(err);
    int before = sso_page_refused_before(r);
    sso_refusal_t *f;

    if (before != DECLINED)
        return before;
    f = new_refusal(r, sso_refusal_http_status(shown), saml_status_name(shown), title, words, app);
    f->user = sso_request_of(r)->session ? r->user : NULL;
    if (sso_request_of(r)->session && words->way == SAML_WAY_START)
        set_way(f, r, app, SAML_WAY_OTHER_USER);        /* the start may be the very place */
    f->is_last = is_last;
    f->message = err->shown;
    if (f->message)
        f->advice = saml_page_texts.shown_advice;
    if (shown == SAML_E_STATUS)
        add_code(f, r, app, &err->idp);
    sso_log_refusal(r, err, f->reference);
    return answer(r, f);
}

static int refuse(request_rec *r, const char *title, const saml_refusal_words_t *words, const sso_app_t *app, const saml_err_t *err)
{
    return refuse_here(r, title, words, app, err, 0);
}

int sso_page_stopped(request_rec *r, const sso_app_t *app, const saml_titled_words_t *words, const saml_err_t *err)
{
    return refuse_here(r, words->title, &words->words, app, err, 1);
}

int sso_page_refused(request_rec *r, const sso_app_t *app, const saml_err_t *err)
{
    if (sso_request_of(r)->endpoint == SSO_ENDPOINT_LOGOUT)
        return refuse(r, saml_logout_refused.title, &saml_logout_refused.words, app, err);
    if (err->status == SAML_E_STORE && err->full)
        return refuse(r, saml_store_full.title, &saml_store_full.words, app, err);
    /* Whom a Require cannot judge, and who has no name for this place, is signed on all the same. */
    return refuse(r, sso_request_of(r)->session ? saml_access_denied.title : saml_page_texts.refused_title,
                  &saml_refusal_words[shown_status(err)], app, err);
}

int sso_page_titled(request_rec *r, const sso_app_t *app, const saml_titled_words_t *words, const saml_err_t *err)
{
    return refuse(r, words->title, &words->words, app, err);
}

int sso_page_unconfirmed(request_rec *r, const saml_err_t *err)
{
    return refuse(r, saml_logout_unconfirmed.title, &saml_logout_unconfirmed.words, NULL, err);
}

int sso_page_access_denied(request_rec *r, const sso_app_t *app)
{
    int before = sso_page_refused_before(r);
    sso_refusal_t *f;

    if (before != DECLINED)
        return before;
    sso_request_of(r)->target = app ? sso_request_target(r, app) : NULL;
    f = new_refusal(r, HTTP_FORBIDDEN, SAML_ACCESS_DENIED, saml_access_denied.title, &saml_access_denied.words, app);
    f->user = r->user;
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "access denied (%s): the session's claims do not satisfy Require for %s",
                  f->reference, r->uri);
    return r->main ? HTTP_FORBIDDEN : answer(r, f);
}
