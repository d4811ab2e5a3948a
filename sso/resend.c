/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping a POST, and the pages around it. */

#include "resend.h"

#include <apr_escape.h>
#include <apr_strings.h>
#include <util_filter.h>

#include "last_user.h"
#include "page.h"
#include "resend_body.h"
#include "resend_note.h"
#include "saml/texts.h"
#include "state.h"
#include "url.h"

#define CLIENT_LABEL "mod_saml_sso client"
#define RELOAD "lost"                   /* login?resend=lost: not as long as the name of a note, so never the name of a note */
#define CHUNK 65536
#define LONGEST_NAME "twelve-chars"   /* any that has the shape of one */

static const char submit_script[] = "(function(f){f.action+=location.hash;f.submit()})(document.forms[0])";

/* ---- what is one to keep ----------------------------------------------------------------------------------- */

/* Whether a page of this very site sent `r`. */
static int is_from_here(request_rec *r, const sso_app_t *app)
{
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    const char *origin = apr_table_get(r->headers_in, "Origin");

    if (site && ap_cstr_casecmp(site, "same-origin") != 0)
        return 0;
    /* A page with "Referrer-Policy: no-referrer" sends "null" to its own site, too (Fetch 3.1). */
    if (!origin || strcmp(origin, "null") == 0)
        return site != NULL;
    return strcmp(origin, sso_reply_url_of(app, r)->origin) == 0;
}

/* The first `bytes` of an IPv6 address: a client has any of 2^64 addresses, and may have many such networks out of one. */
static const char *network_of(request_rec *r, apr_size_t bytes)
{
    apr_sockaddr_t *addr = r->useragent_addr;

    if (addr->family == APR_INET6 && !IN6_IS_ADDR_V4MAPPED(&addr->sa.sin6.sin6_addr))
        return apr_pescape_hex(r->pool, &addr->sa.sin6.sin6_addr, bytes, 0);
    return r->useragent_ip;
}

static saml_status_t tag_of(const char **out, const char *network, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    return saml_secret_sign(out, app->secret, CLIENT_LABEL, network, strlen(network), r->pool, err);
}

static saml_status_t client_of(const char **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *wide, *own;

    SAML_TRY(tag_of(&wide, network_of(r, 6), r, app, err));
    SAML_TRY(tag_of(&own, network_of(r, 8), r, app, err));
    *out = apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, wide, SSO_KEPT_NETWORK_CHARS), own, NULL);
    return SAML_OK;
}

/** What comes of keeping one. */
typedef struct {
    int http;                   /* of what went wrong; 0: nothing */
    apr_uint64_t octets;        /* of the body */
} outcome_t;

static saml_status_t too_large(outcome_t *out, const sso_app_t *app, saml_err_t *err)
{
    out->http = HTTP_REQUEST_ENTITY_TOO_LARGE;
    return saml_fail(err, SAML_E_TOO_LARGE, "expected a body of at most %" APR_UINT64_T_FMT " octets (SAMLKeepPosts), got more",
                     app->keep->most - SSO_RESEND_HEADER_BYTES);
}

static saml_status_t keep_brigade(outcome_t *out, int *at_end, sso_kept_t *kept, const sso_app_t *app, apr_bucket_brigade *bb,
                                  saml_err_t *err)
{
    apr_bucket *bucket;

    for (bucket = APR_BRIGADE_FIRST(bb); bucket != APR_BRIGADE_SENTINEL(bb); bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t len;

        *at_end = APR_BUCKET_IS_EOS(bucket);
        if (*at_end)
            return SAML_OK;
        if (APR_BUCKET_IS_METADATA(bucket))
            continue;
        out->http = HTTP_BAD_REQUEST;
        if (apr_bucket_read(bucket, &data, &len, APR_BLOCK_READ) != APR_SUCCESS)
            return saml_fail(err, SAML_E_MALFORMED, "the body broke off after %" APR_UINT64_T_FMT " octets", out->octets);
        out->octets += len;
        if (out->octets > app->keep->most - SSO_RESEND_HEADER_BYTES)
            return too_large(out, app, err);
        out->http = HTTP_SERVICE_UNAVAILABLE;
        SAML_TRY(sso_kept_write(kept, data, len, err));
    }
    return SAML_OK;
}

static saml_status_t keep_body(outcome_t *out, sso_kept_t *kept, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int at_end = 0;

    while (!at_end) {
        apr_status_t rc = ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ, CHUNK);

        if (rc != APR_SUCCESS) {
            out->http = ap_map_http_request_error(rc, HTTP_BAD_REQUEST);
            return saml_fail(err, SAML_E_MALFORMED, "the body broke off after %" APR_UINT64_T_FMT " octets", out->octets);
        }
        SAML_TRY(keep_brigade(out, &at_end, kept, app, bb, err));
        apr_brigade_cleanup(bb);
    }
    return SAML_OK;
}

/* What was announced; a body in chunks says nothing. */
static saml_status_t announced(apr_uint64_t *octets, outcome_t *out, request_rec *r, const sso_app_t *app, apr_size_t headers,
                               saml_err_t *err)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    *octets = SSO_KEPT_UNKNOWN;
    if (apr_table_get(r->headers_in, "Transfer-Encoding") || (!length && r->connection->master))
        return SAML_OK;
    *octets = length ? (apr_uint64_t)apr_atoi64(length) : 0;
    if (*octets > app->keep->most - SSO_RESEND_HEADER_BYTES)
        return too_large(out, app, err);
    *octets += headers;
    return SAML_OK;
}

/* Before httpd is asked for the body: what is refused is best refused before a browser has sent it all. */
static saml_status_t begin(sso_kept_t **out, outcome_t *outcome, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *client, *headers = sso_resend_headers_of(r);
    apr_uint64_t octets;

    outcome->http = HTTP_SERVICE_UNAVAILABLE;
    if (strlen(headers) + 1 > SSO_RESEND_HEADER_BYTES)
        return too_large(outcome, app, err);
    SAML_TRY(announced(&octets, outcome, r, app, strlen(headers) + 1, err));
    SAML_TRY(client_of(&client, r, app, err));
    SAML_TRY(sso_kept_begin(out, app->keep, client, octets, r->request_time, r->pool, err));
    return sso_kept_write(*out, headers, strlen(headers) + 1, err);
}

static saml_status_t keep(const char **target, outcome_t *out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    sso_resend_note_t note = { .began = r->request_time };
    const char *name;
    sso_kept_t *kept;

    out->http = HTTP_REQUEST_ENTITY_TOO_LARGE;
    if (!app->keep)
        return saml_fail(err, SAML_E_REQUEST, "expected SAMLKeepPosts to say how much is kept, got off");
    SAML_TRY(begin(&kept, out, r, app, err));
    SAML_TRY(keep_body(out, kept, r, app, err));
    out->http = HTTP_SERVICE_UNAVAILABLE;
    SAML_TRY(sso_kept_finish(kept, err));
    note.file = sso_kept_name(kept);
    note.key = (const char *)sso_kept_key(kept);
    note.user = sso_last_user(r, app);
    note.octets = out->octets;
    SAML_TRY(sso_resend_note_write(&name, r, app, &note, *target, err));
    *target = sso_resend_target(app, name, *target, r->pool);
    return SAML_OK;
}

/* ---- pages ------------------------------------------------------------------------------------------------- */

static int send_page(request_rec *r, int http, const char *title, const char *text, const char *more, const char *rest)
{
    const char *body = apr_pstrcat(r->pool, sso_page_paragraph(r->pool, text), sso_page_paragraph(r->pool, more), rest, NULL);

    return sso_page_send(r, http, title, body, NULL);
}

/* The browser still has what it sent, and sends it again when this page is loaded anew. */
static int lost_page(request_rec *r, const sso_app_t *app, int http)
{
    const char *login = sso_endpoint_url(app, sso_reply_url_of(app, r), "login", r->pool);
    const char *url = ap_escape_html(r->pool, apr_pstrcat(r->pool, login, "?resend=" RELOAD, NULL));
    const char *button = apr_pstrcat(r->pool, "<p><a class=\"button\" target=\"_blank\" rel=\"noopener\" href=\"", url, "\">",
                                     ap_escape_html(r->pool, saml_page_texts.not_kept_button), "</a></p>\n", NULL);

    return send_page(r, http, saml_page_texts.not_kept_title, saml_page_texts.not_kept, saml_page_texts.not_kept_how, button);
}

static int gone_page(request_rec *r, const char *target)
{
    return send_page(r, HTTP_GONE, saml_page_texts.not_resent_title, saml_page_texts.gone, NULL,
                     sso_page_button(r->pool, saml_page_texts.resending_button, target));
}

/* What there is to know of it, for who is to say whether it is sent: somebody else may have, or have planted it in this browser. */
static const char *about(request_rec *r, const sso_app_t *app, const sso_resend_note_t *note, const char *target)
{
    const saml_page_texts_t *texts = &saml_page_texts;
    const char *path = apr_pstrmemdup(r->pool, target, strcspn(target, "?#"));
    const char *where = apr_pstrcat(r->pool, sso_reply_url_of(app, r)->origin, path, NULL);

    return apr_psprintf(r->pool, "<dl>\n<dt>%s</dt><dd>%s</dd>\n<dt>%s</dt><dd>%" APR_UINT64_T_FMT " %s</dd>\n</dl>\n",
                        ap_escape_html(r->pool, texts->resend_to), ap_escape_html(r->pool, where),
                        ap_escape_html(r->pool, texts->resend_size), note->octets, ap_escape_html(r->pool, texts->resend_bytes));
}

/* @param asks  what it is about, in HTML, where a person has to say go; NULL: it is sent by itself */
static int form_page(request_rec *r, const char *name, const char *target, const char *asks)
{
    const saml_page_texts_t *texts = &saml_page_texts;
    const char *url = ap_escape_html(r->pool, target);
    const char *body = apr_pstrcat(r->pool, "<form method=\"post\" action=\"", url, "\">\n"
                                   "<input type=\"hidden\" name=\"" SSO_RESEND_FIELD "\" value=\"", name, "\">\n",
                                   sso_page_paragraph(r->pool, asks ? texts->resend_asks : texts->resending), asks ? asks : "",
                                   "<p><button type=\"submit\">", ap_escape_html(r->pool, texts->resend_button), "</button></p>\n</form>\n"
                                   "<p><a href=\"", url, "\">", ap_escape_html(r->pool, texts->resending_button), "</a></p>\n", NULL);

    return sso_page_send(r, HTTP_OK, texts->signed_in_title, body, asks ? NULL : submit_script);
}

/* ---- before the sign-on ------------------------------------------------------------------------------------ */

/* The form of our own page met no session: what it stands for waits on. */
static void wait_on(const char **target, const char *name, request_rec *r, const sso_app_t *app)
{
    sso_resend_note_t note;

    if (app->keep && sso_resend_note_read(&note, r, app, name) && sso_kept_is_there(app->keep, note.file))
        *target = sso_resend_target(app, name, *target, r->pool);
}

/* A place that cannot be come back to as it is. */
static int is_cut(request_rec *r, const sso_app_t *app, const char *target)
{
    return strcmp(target, sso_request_target(r, app)) != 0 || (strcmp(target, app->start) == 0 && strcmp(r->unparsed_uri, "/") != 0)
           || strlen(sso_resend_target(app, LONGEST_NAME, target, r->pool)) > SSO_STATE_MAX_TARGET_BYTES;
}

int sso_resend_keep(int *http, const char **target, request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    outcome_t outcome = { HTTP_SERVICE_UNAVAILABLE, 0 };
    const char *name;

    if (r->method_number != M_POST || r->main || r->prev || sso_request_of(r)->endpoint != SSO_ENDPOINT_NONE || sso_is_script(r))
        return 0;
    if (!is_from_here(r, app)) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "a POST without a session is not kept over the sign-on: its Origin is not this site");
        return 0;
    }
    if (sso_resend_read_form(&name, r)) {
        wait_on(target, name, r, app);
        return 0;
    }
    if (is_cut(r, app, *target)) {
        outcome.http = HTTP_REQUEST_URI_TOO_LARGE;
        err->reason = "its address is too long, or none of this site, to come back to";
    }
    else if (keep(target, &outcome, r, app, err) == SAML_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "a POST without a session is kept over the sign-on: %" APR_UINT64_T_FMT " octets",
                      outcome.octets);
        return 0;
    }
    ap_log_rerror(APLOG_MARK, err->status == SAML_E_STORE ? APLOG_WARNING : APLOG_INFO, 0, r,
                  "a POST without a session is not kept over the sign-on: %s", err->reason);
    /* A filter may have answered already. */
    *http = outcome.http == HTTP_BAD_REQUEST || outcome.http == AP_FILTER_ERROR ? outcome.http : lost_page(r, app, outcome.http);
    return 1;
}

const char *sso_resend_target(const sso_app_t *app, const char *name, const char *target, apr_pool_t *p)
{
    if (!sso_resend_is_name(name) && strcmp(name, RELOAD) != 0)
        return target;
    return apr_pstrcat(p, app->public_path, "/login?resend=", name, "&target=", ap_escape_urlencoded(p, target), NULL);
}

/* ---- after it ---------------------------------------------------------------------------------------------- */

/** Whether who has signed on is who was signed on when it was kept. */
typedef enum {
    USER_SAME,
    USER_UNKNOWN,               /* it cannot be told who was, or whether anybody was: only a person may say go */
    USER_OTHER
} user_t;

static user_t compare(const sso_resend_note_t *note, const sso_app_t *app, const sso_session_t *session, apr_pool_t *p)
{
    const char *now = sso_last_user_of(app, session, p);

    if (!*note->user || !*now)
        return USER_UNKNOWN;
    return strcmp(now, note->user) == 0 ? USER_SAME : USER_OTHER;
}

static int other_user_page(request_rec *r, const sso_app_t *app, const sso_resend_note_t *note, const char *name, const char *target)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "a POST that was kept over the sign-on is not sent again: somebody else has signed on");
    sso_kept_drop(app->keep, note->file);
    sso_resend_note_drop(r, app, name);
    return send_page(r, HTTP_OK, saml_page_texts.not_resent_title, saml_page_texts.other_user, NULL,
                     sso_page_button(r->pool, saml_page_texts.resending_button, target));
}

int sso_resend_page(request_rec *r, const sso_app_t *app, const sso_session_t *session, const char *name, const char *target)
{
    sso_resend_note_t note;
    user_t user;

    if (strcmp(name, RELOAD) == 0)
        return send_page(r, HTTP_OK, saml_page_texts.signed_in_title, saml_page_texts.reload, NULL, "");
    /* The Back button, a bookmark: it was sent. */
    if (!app->keep || !sso_resend_note_read(&note, r, app, name) || !sso_resend_note_is_for(&note, target, r->pool))
        return sso_page_redirect(r, HTTP_SEE_OTHER, target);
    user = compare(&note, app, session, r->pool);
    if (user == USER_OTHER)
        return other_user_page(r, app, &note, name, target);
    /* The note stays: it may be another node that has the file. */
    if (r->request_time >= note.began + SSO_RESEND_AGE || !sso_kept_is_there(app->keep, note.file))
        return gone_page(r, target);
    return form_page(r, name, target, user == USER_SAME ? NULL : about(r, app, &note, target));
}

static saml_status_t take(sso_kept_t **out, const char *name, request_rec *r, const sso_app_t *app, const sso_session_t *session,
                          saml_err_t *err)
{
    sso_resend_note_t note;

    if (!is_from_here(r, app))
        return saml_fail(err, SAML_E_REQUEST, "expected a form of this site, got one from elsewhere");
    if (!app->keep || !sso_resend_note_read(&note, r, app, name))
        return saml_fail(err, SAML_E_REQUEST, "expected the cookie that says what was kept, got none");
    if (!sso_resend_note_is_for(&note, sso_request_target(r, app), r->pool))
        return saml_fail(err, SAML_E_REQUEST, "expected the place that it was sent to, got another");
    if (r->request_time >= note.began + SSO_RESEND_AGE)
        return saml_fail(err, SAML_E_REQUEST, "expected one kept within %d minutes, got an older one",
                         (int)(apr_time_sec(SSO_RESEND_AGE) / 60));
    if (compare(&note, app, session, r->pool) == USER_OTHER)
        return saml_fail(err, SAML_E_REQUEST, "expected the user who sent it, got another");
    SAML_TRY(sso_kept_take(out, app->keep, note.file, (const unsigned char *)note.key, r->pool, err));
    sso_resend_note_drop(r, app, name);         /* and not before: another node may have the file */
    return SAML_OK;
}

int sso_resend_restore(request_rec *r, const sso_app_t *app, const sso_session_t *session)
{
    const char *name;
    saml_err_t *err;
    sso_kept_t *kept;

    if (!sso_resend_read_form(&name, r))
        return OK;
    err = sso_err_new(r->pool);
    if (take(&kept, name, r, app, session, err) == SAML_OK && sso_resend_put_body(r, kept, err) == SAML_OK)
        return OK;
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "a POST that was kept over the sign-on is not sent again: %s", err->reason);
    return gone_page(r, sso_request_target(r, app));
}
