/* SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"

#include <apr_strings.h>

#include "cookie.h"
#include "page.h"
#include "query.h"
#include "saml/texts.h"
#include "sealed_cookie.h"
#include "url.h"

#define MAX_TARGET_BYTES 512            /* of the last sign-on: a longer one is not kept, so that the cookie stays small */
#define KEPT             apr_time_from_sec(600)
#define WATCHED_FROM     2              /* rounds, or used states: from here on the way back is seen */
#define LOST_AT_MOST     30             /* answers without their login, within KEPT: more than tabs and frames that open at once have */
#define APART            apr_time_from_sec(5)   /* clocks, at least, for it to be said */
#define DENIED           "denied"
#define FROM_HERE        "2"            /* login?arrived=2: asked for by a page of ours */

static const char purpose[] = "rounds";

/** What the cookie holds. */
typedef struct {
    int count;                  /* of sign-ons; 0: of answers that were lost alone */
    apr_time_t since;           /* the first of them began */
    apr_time_t ended;           /* the last of them, by the clock of the server that took the answer */
    int lost;                   /* answers whose login was not there */
    apr_time_t lost_since;
    int denied;                 /* what came of the last was refused */
    const char *relay_state;    /* of the last */
    const char *target;         /* of the last, or "" */
} rounds_t;

static const char *cookie_name(request_rec *r, const sso_app_t *app)
{
    return sso_cookie_name(app, SSO_COOKIE_ROUNDS, r->pool);
}

/* One field a line, the target last. Sealed by us, so that what does not read is of another version: none. */
static int parse(rounds_t *out, char *text)
{
    char *fields[7], *end;
    int i;

    for (i = 0; i < 7; ++i, text = end + 1) {
        end = strchr(text, '\n');
        if (!end)
            return 0;
        *end = '\0';
        fields[i] = text;
    }
    out->count = (int)apr_atoi64(fields[0]);
    out->since = apr_atoi64(fields[1]);
    out->ended = apr_atoi64(fields[2]);
    out->lost = (int)apr_atoi64(fields[3]);
    out->lost_since = apr_atoi64(fields[4]);
    out->denied = strcmp(fields[5], DENIED) == 0;
    out->relay_state = fields[6];
    out->target = text;
    return out->count >= 0 && out->lost >= 0;
}

static int read_cookie(rounds_t *out, request_rec *r, const sso_app_t *app)
{
    char *text = sso_sealed_read(r, app, purpose, cookie_name(r, app));

    return text && parse(out, text);
}

/* What cannot be sealed is not counted: the sign-on itself, which seals more, has said why. */
static void write_cookie(const rounds_t *rounds, request_rec *r, const sso_app_t *app)
{
    const char *text = apr_psprintf(r->pool, "%d\n%" APR_TIME_T_FMT "\n%" APR_TIME_T_FMT "\n%d\n%" APR_TIME_T_FMT "\n%s\n%s\n%s",
                                    rounds->count, rounds->since, rounds->ended, rounds->lost, rounds->lost_since,
                                    rounds->denied ? DENIED : "", rounds->relay_state, rounds->target);
    const char *sealed;

    if (sso_sealed_make(&sealed, app, purpose, cookie_name(r, app), text, r->pool, sso_err_new(r->pool)) == SAML_OK)
        sso_cookie_set_cross_site(r, app, cookie_name(r, app), sealed, KEPT);
}

/* Servers whose clocks differ are a reason to go round: what seems to be still to come counts, too. */
static int is_within(apr_time_t since, apr_interval_time_t time)
{
    apr_time_t now = apr_time_now();

    return now - since > -KEPT && now - since < time;
}

/* The sign-ons of the last minute. */
static int read_recent(rounds_t *out, request_rec *r, const sso_app_t *app)
{
    return read_cookie(out, r, app) && out->count > 0 && is_within(out->since, SSO_ROUNDS_TIME);
}

/* ---- why ------------------------------------------------------------------ */

/** What the browser brings after a sign-on that went well. */
typedef enum {
    CAUSE_NO_COOKIE,            /* not that of the session; more is not known */
    CAUSE_NONE_SET,             /* nothing that the answer to the identity provider's form sets */
    CAUSE_THIS_ONE,             /* all of that but the session's */
    CAUSE_STRICT,               /* all, but that one only for a page of ours */
    CAUSE_UNKNOWN_SESSION,
    CAUSE_CLOCKS,               /* the same, and there the clocks differ */
    CAUSE_DENIED,
    CAUSE_SENT_BACK
} cause_t;

static const struct {
    saml_status_t status;
    const saml_titled_words_t *words;
    const char *found;
} causes[] = {
    [CAUSE_NO_COOKIE] = { SAML_E_STATE_MISSING, &saml_loop_no_cookie,
        "found none; mend: what changes Set-Cookie behind this module (Header edit, a proxy that adds SameSite=Strict, Path or Domain, or "
        "takes the header off 303 answers), a cookie over the browser's limit of 4096 bytes, an http:// address before a proxy" },
    [CAUSE_NONE_SET] = { SAML_E_STATE_MISSING, &saml_loop_no_cookie,
        "found none, nor any other cookie of the answers to the identity provider's form, while those of the sign-on's beginning come; "
        "mend: what takes Set-Cookie off 303 answers or changes it there (a proxy, Header edit)" },
    [CAUSE_THIS_ONE] = { SAML_E_STATE_MISSING, &saml_loop_no_cookie,
        "found none with a request from this site either, while another cookie of the same answer comes; mend: what changes this one "
        "(Header edit or a proxy that sets Path or Domain, or takes it off), a cookie over the browser's limit of 4096 bytes" },
    [CAUSE_STRICT] = { SAML_E_STATE_MISSING, &saml_loop_no_cookie,
        "found it with a request from this site and not with one that comes from the identity provider's page: it is SameSite=Strict; "
        "mend: what makes it so (Header edit, a proxy)" },
    [CAUSE_UNKNOWN_SESSION] = { SAML_E_STATE_MISSING, &saml_loop_no_session,
        "found one whose session is not in the store; mend: one SAMLSessionStore for all nodes, a longer SAMLSessionIdle or "
        "SAMLSessionLifetime, a store that does not throw sessions out" },
    [CAUSE_CLOCKS] = { SAML_E_STATE_MISSING, &saml_loop_no_session,
        "found one whose session is not in the store, and clocks that differ between the servers of this sign-on; mend: set them (NTP), "
        "and one SAMLSessionStore for all" },
    [CAUSE_DENIED] = { SAML_E_REQUEST, &saml_loop_denied,
        "found that a Require refuses the session and its ErrorDocument leads to the sign-on again; mend: an ErrorDocument that says so "
        "instead, or Require" },
    [CAUSE_SENT_BACK] = { SAML_E_REQUEST, &saml_loop_sent_back,
        "found the session alive and the browser sent to the sign-on again; mend: the application, which does not take the user from "
        "REMOTE_USER or its header and redirects to the login, or a link to login where a place is meant" },
};

/* login?arrived=2, whoever asks. */
static int is_asked_again(request_rec *r)
{
    const char *arrived = NULL;

    return sso_request_of(r)->endpoint == SSO_ENDPOINT_LOGIN
           && sso_query_value(&arrived, r, "arrived", sso_err_new(r->pool)) == SAML_OK && arrived && strcmp(arrived, FROM_HERE) == 0;
}

/* A link of somebody else's to it says nothing. */
static int is_asked_from_here(request_rec *r)
{
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");

    return is_asked_again(r) && (!site || ap_cstr_casecmp(site, "same-origin") == 0);
}

/* The server that took the answer is ahead of this one, or behind that where the sign-ons began. */
static int clocks_differ(const rounds_t *rounds)
{
    return rounds->ended - apr_time_now() > APART || rounds->since - rounds->ended > APART;
}

static saml_status_t find_cause(cause_t *out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const sso_session_t *session;
    const char *reference;
    rounds_t rounds;
    int came = read_cookie(&rounds, r, app) && rounds.count > 0;

    SAML_TRY(sso_session_look(&session, r, app, err));
    SAML_TRY(sso_session_reference(&reference, r, app, err));
    if (session)
        *out = came && rounds.denied ? CAUSE_DENIED : is_asked_from_here(r) ? CAUSE_STRICT : CAUSE_SENT_BACK;
    else if (*reference)
        *out = came && clocks_differ(&rounds) ? CAUSE_CLOCKS : CAUSE_UNKNOWN_SESSION;
    else
        *out = !came ? CAUSE_NONE_SET : is_asked_from_here(r) ? CAUSE_THIS_ONE : CAUSE_NO_COOKIE;
    return SAML_OK;
}

static saml_status_t fail(request_rec *r, const sso_app_t *app, const char *when, saml_err_t *err)
{
    cause_t cause = CAUSE_NO_COOKIE;

    SAML_TRY(find_cause(&cause, r, app, err));
    return saml_fail(err, causes[cause].status, "sign-ons without end: %s, and expected the session cookie %s to come back with the live "
                     "session, %s", when, saml_quote(r->pool, app->cookie.name), causes[cause].found);
}

saml_status_t sso_rounds_check(request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    rounds_t rounds;

    if (!read_recent(&rounds, r, app) || rounds.count < SSO_ROUNDS_AT_MOST)
        return SAML_OK;
    return fail(r, app, apr_psprintf(r->pool, "this browser has signed on %d times within %d s", rounds.count,
                                     (int)apr_time_sec(SSO_ROUNDS_TIME)), err);
}

int sso_rounds_refuse(request_rec *r, const sso_app_t *app, const saml_err_t *err)
{
    saml_err_t *unread = sso_err_new(r->pool);
    cause_t cause;

    if (err->status == SAML_E_STORE || find_cause(&cause, r, app, unread) != SAML_OK)
        return sso_page_refused(r, app, err);
    return sso_page_stopped(r, app, causes[cause].words, err);
}

/* ---- the count ------------------------------------------------------------ */

void sso_rounds_begin(sso_state_t *state, request_rec *r, const sso_app_t *app)
{
    rounds_t rounds = { 0 };

    if (!read_recent(&rounds, r, app)) {
        rounds.count = 0;
        rounds.since = state->started;
    }
    state->rounds = rounds.count;
    state->rounds_since = rounds.since;
    state->watched = rounds.count >= WATCHED_FROM || sso_state_count(r, app, state->target, SSO_ROUNDS_TIME) >= WATCHED_FROM;
}

/* What ends at login already does so there. */
static const char *arrival(const sso_app_t *app, const char *target, request_rec *r)
{
    if (sso_target_is_endpoint(app, target, r->pool))
        return apr_pstrcat(r->pool, target, "&arrived=1", NULL);
    return apr_pstrcat(r->pool, sso_endpoint_url(app, sso_reply_url_of(app, r), "login", r->pool), "?arrived=1&target=",
                       ap_escape_urlencoded(r->pool, target), NULL);
}

const char *sso_rounds_signed_on(request_rec *r, const sso_app_t *app, const sso_state_t *state, const char *relay_state)
{
    rounds_t rounds = { 0 };

    rounds.count = state->rounds + 1;
    rounds.since = state->rounds_since;
    rounds.ended = apr_time_now();
    rounds.relay_state = relay_state;
    rounds.target = strlen(state->target) <= MAX_TARGET_BYTES ? state->target : "";
    write_cookie(&rounds, r, app);
    return state->watched ? arrival(app, state->target, r) : state->target;
}

/*
 * The cookies of the answer to the identity provider's form come, but that of the session. A redirect from there is what SameSite=Strict
 * keeps one back from, so that a page of ours sends the browser here once more.
 */
static int ask_from_here(request_rec *r, const sso_app_t *app, const char *target)
{
    const char *url = apr_pstrcat(r->pool, app->public_path, "/login?arrived=" FROM_HERE "&target=",
                                  ap_escape_urlencoded(r->pool, target), NULL);

    apr_table_setn(r->err_headers_out, "Refresh", apr_pstrcat(r->pool, "0; url=", url, NULL));
    return sso_page_send(r, HTTP_OK, saml_page_texts.signing_in_title,
                         sso_page_button(r->pool, saml_page_texts.signing_in_button, url), NULL);
}

static int refuse_arrival(request_rec *r, const sso_app_t *app, const char *target)
{
    saml_err_t *err = sso_err_new(r->pool);

    sso_request_of(r)->target = target;
    return fail(r, app, "this browser comes from a sign-on", err) == SAML_OK ? HTTP_INTERNAL_SERVER_ERROR : sso_rounds_refuse(r, app, err);
}

int sso_rounds_arrived(int *http, request_rec *r, const sso_app_t *app, const sso_session_t *session, const char *end, const char *target)
{
    saml_err_t *err = sso_err_new(r->pool);
    const char *reference = "";
    rounds_t rounds;
    int came = read_recent(&rounds, r, app);

    /* Of a link or a bookmark to that address it is not. */
    if (!came && (session || sso_state_count(r, app, end, SSO_ROUNDS_TIME) == 0))
        return 0;
    if (session && !is_asked_from_here(r))
        return 0;
    if (came && !is_asked_again(r) && sso_session_reference(&reference, r, app, err) == SAML_OK && !*reference)
        *http = ask_from_here(r, app, target);
    else
        *http = refuse_arrival(r, app, target);
    return 1;
}

int sso_rounds_denied(int http, request_rec *r, const sso_app_t *app)
{
    rounds_t rounds;

    if (ap_is_HTTP_ERROR(http) && app && !r->main && read_recent(&rounds, r, app) && !rounds.denied) {
        rounds.denied = 1;
        write_cookie(&rounds, r, app);
    }
    return http;
}

void sso_rounds_forget(request_rec *r, const sso_app_t *app)
{
    if (sso_cookie_that_came(r, app, SSO_COOKIE_ROUNDS))
        sso_cookie_set_cross_site(r, app, cookie_name(r, app), "", 0);
}

const char *sso_rounds_came_again(request_rec *r, const sso_app_t *app, const char *relay_state)
{
    rounds_t rounds;

    if (!relay_state || !read_cookie(&rounds, r, app) || strcmp(rounds.relay_state, relay_state) != 0)
        return NULL;
    return *rounds.target ? rounds.target : NULL;
}

/* ---- the state is lost ----------------------------------------------------- */

static saml_status_t fail_lost(const rounds_t *rounds, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    return saml_fail(err, SAML_E_STATE_MISSING, "sign-ons without end: %d answers within %d s to sign-ons whose cookie did not come, "
                     "expected them to begin at %s; mend: what sends the browser to an http:// address or another host name of this site "
                     "(ServerName with https:// behind a proxy, for the redirects that httpd makes; the application's own), and lead what "
                     "comes there to that address (Redirect)", rounds->lost, (int)apr_time_sec(apr_time_now() - rounds->lost_since),
                     sso_reply_url_of(app, r)->origin);
}

int sso_rounds_lost(int *http, request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    rounds_t rounds;

    if (!read_cookie(&rounds, r, app))
        rounds = (rounds_t){ .relay_state = "", .target = "" };
    if (!is_within(rounds.lost_since, KEPT)) {
        rounds.lost = 0;
        rounds.lost_since = apr_time_now();
    }
    if (++rounds.lost > LOST_AT_MOST && fail_lost(&rounds, r, app, err) != SAML_OK) {
        *http = sso_page_stopped(r, app, &saml_loop_elsewhere, err);
        return 1;
    }
    write_cookie(&rounds, r, app);
    return 0;
}

int sso_rounds_refuse_lost(request_rec *r, const sso_app_t *app, const char *relay_state, const saml_err_t *err)
{
    saml_err_t *said = sso_err_new(r->pool);
    const char *what;

    switch (sso_state_lost(r, app, relay_state)) {
    case SSO_LOST_ALL:
        what = "no cookie of this site has come back since the sign-on was begun anew: the browser takes none (switched off, blocked, "
               "a frame in another site), or it came by http:// where they are Secure, or by another host name than that of SAMLReplyURL";
        break;
    case SSO_LOST_CROSS_SITE:
        what = "cookies come with this site's own pages, and not with the identity provider's form: something changes SameSite=None; "
               "Secure (Header edit, a proxy), or the sign-on is in a frame, where the browser keeps back cookies of others";
        break;
    default:
        return sso_page_refused(r, app, err);
    }
    *said = *err;
    if (saml_fail(said, err->status, "%s; %s", err->reason, what) == SAML_OK)
        return HTTP_INTERNAL_SERVER_ERROR;
    return sso_page_titled(r, app, &saml_no_cookies, said);
}
