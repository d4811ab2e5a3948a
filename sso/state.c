/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <apr_strings.h>

#include "cookie.h"
#include "sealed_cookie.h"

#define AGAIN_MARK "."                  /* ends the name of a state whose sign-on was begun anew */
#define BARE_MARK  ".."                 /* and by a browser that did not bring the cookie that says so */
#define LOOKED_AT  64                   /* state cookies of one request: no browser of ours has more than a few */
#define FORCED     "force"
#define WATCHED    "watched"
#define RETRY_AGE  apr_time_from_sec(60)

static const char purpose[] = "state";

/* The octets under the seal: one field a line; the target comes last and may hold anything but NUL. */
static const char *write_state(const sso_state_t *state, apr_pool_t *p)
{
    return apr_psprintf(p, "%" APR_TIME_T_FMT "\n%s\n%s\n%s\n%u\n%d\n%" APR_TIME_T_FMT "\n%s\n%s\n%s", state->started, state->request_id,
                        state->acs_url, state->force_authn ? FORCED : "", state->step_up, state->rounds, state->rounds_since,
                        state->watched ? WATCHED : "", state->replaces ? state->replaces : "", state->target);
}

/* Cut the line at *at off. @return NULL where no line end follows */
static const char *take_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');

    if (!end)
        return NULL;
    *end = '\0';
    *at = end + 1;
    return line;
}

static int read_state(sso_state_t *out, char *text)
{
    char *at = text;
    const char *started = take_line(&at), *forced, *step_up, *rounds, *since, *watched;

    out->request_id = started ? take_line(&at) : NULL;
    out->acs_url = out->request_id ? take_line(&at) : NULL;
    forced = out->acs_url ? take_line(&at) : NULL;
    step_up = forced ? take_line(&at) : NULL;
    rounds = step_up ? take_line(&at) : NULL;
    since = rounds ? take_line(&at) : NULL;
    watched = since ? take_line(&at) : NULL;
    out->replaces = watched ? take_line(&at) : NULL;
    out->target = at;
    out->force_authn = forced && strcmp(forced, FORCED) == 0;
    out->rounds = rounds ? (int)apr_atoi64(rounds) : 0;
    out->rounds_since = since ? apr_atoi64(since) : 0;
    out->watched = watched && strcmp(watched, WATCHED) == 0;
    out->framed = 0;
    out->step_up = step_up ? (unsigned)apr_atoi64(step_up) & SSO_STEP_UP_ALL : 0;
    out->started = started ? apr_atoi64(started) : 0;
    return out->replaces != NULL && out->started > 0;
}

static const char *cookie_name(const sso_app_t *app, const char *name, apr_pool_t *p)
{
    return apr_pstrcat(p, app->state_prefix, name, NULL);
}

/*
 * `cookie` is set to the name that it came under. Sign-ons in frames share one: a page may have any number of those, each asking at the
 * same time, when none knows of the others.
 */
static saml_status_t open_cookie(sso_state_t *out, request_rec *r, const sso_app_t *app, const char **cookie,
                                 saml_err_t *err)
{
    const char *own = sso_request_of(r)->cookies, *name = *cookie;
    const char *sealed = sso_cookie_value(own, name, r->pool);
    char *text;

    if (!sealed) {
        *cookie = sso_cookie_name(app, SSO_COOKIE_FRAME, r->pool);
        sealed = sso_cookie_value(own, *cookie, r->pool);
    }
    if (!sealed)
        return saml_fail(err, SAML_E_STATE_MISSING,
                         "login state: expected the cookie %s that was set when this sign-on began, it did not come",
                         saml_quote(r->pool, name));
    SAML_TRY(sso_sealed_open(&text, app, purpose, name, sealed, r->pool, err));
    if (!read_state(out, text))
        return saml_fail(err, SAML_E_STATE_MISSING, "login state: the cookie %s holds no login",
                         saml_quote(r->pool, name));
    return SAML_OK;
}

/** A state cookie that came, what it takes of the Cookie header, and when it began: 0 for one that does not open. */
typedef struct {
    const char *name;
    apr_size_t octets;
    apr_time_t started;
    const char *target;         /* or NULL */
} came_t;

static apr_size_t octets_of(const char *name, const char *value)
{
    return strlen(name) + strlen("=") + (value ? strlen(value) : 0) + strlen("; ");
}

static apr_array_header_t *states_that_came(request_rec *r, const sso_app_t *app)
{
    apr_array_header_t *names = sso_cookie_names(sso_request_of(r)->cookies, app->state_prefix, LOOKED_AT, r->pool);
    apr_array_header_t *came = apr_array_make(r->pool, names->nelts + 1, sizeof(came_t));
    int i;

    for (i = 0; i < names->nelts; ++i) {
        came_t one = { APR_ARRAY_IDX(names, i, const char *), 0, 0, NULL };
        const char *name = one.name;
        sso_state_t state;

        if (sso_cookie_is_in_table(app, one.name))
            continue;
        one.octets = octets_of(one.name, sso_cookie_value(sso_request_of(r)->cookies, one.name, r->pool));
        if (open_cookie(&state, r, app, &name, sso_err_new(r->pool)) == SAML_OK) {
            one.started = state.started;
            one.target = state.target;
        }
        APR_ARRAY_PUSH(came, came_t) = one;
    }
    return came;
}

static int by_age(const void *a, const void *b)
{
    const came_t *one = a, *other = b;

    return (one->started > other->started) - (one->started < other->started);
}

/*
 * Make room for one more: cookies that do not open go first, then the oldest. Past the limit for a header line httpd refuses every
 * request of that browser, so that whoever can have it begin logins for long addresses could shut it out.
 */
static void drop_surplus(request_rec *r, const sso_app_t *app, apr_size_t octets)
{
    apr_array_header_t *came = states_that_came(r, app);
    const char *own = sso_request_of(r)->cookies;
    int i;

    octets += own ? strlen(own) : 0;        /* those of other applications too */
    qsort(came->elts, (size_t)came->nelts, sizeof(came_t), by_age);
    for (i = 0; i < came->nelts; ++i) {
        const came_t *one = &APR_ARRAY_IDX(came, i, came_t);

        if (came->nelts - i < SSO_STATE_AT_MOST && octets <= SSO_STATE_MAX_BYTES)
            break;
        sso_cookie_set_cross_site(r, app, one->name, "", 0);
        octets -= one->octets < octets ? one->octets : octets;     /* a name may come twice */
    }
}

static int has_retry_cookie(request_rec *r, const sso_app_t *app)
{
    return sso_cookie_that_came(r, app, SSO_COOKIE_RETRY) != NULL;
}

saml_status_t sso_state_begin(const char **relay_state, request_rec *r, const sso_app_t *app, const sso_state_t *state,
                              int again, saml_err_t *err)
{
    const char *name, *cookie, *under, *sealed;

    SAML_TRY(sso_cookie_end_new(&name, r->pool, err));
    if (again)
        name = apr_pstrcat(r->pool, name, has_retry_cookie(r, app) ? AGAIN_MARK : BARE_MARK, NULL);
    cookie = cookie_name(app, name, r->pool);
    SAML_TRY(sso_sealed_make(&sealed, app, purpose, cookie, write_state(state, r->pool), r->pool, err));
    drop_surplus(r, app, octets_of(cookie, sealed));
    under = state->framed ? sso_cookie_name(app, SSO_COOKIE_FRAME, r->pool) : cookie;
    sso_cookie_set_cross_site(r, app, under, sealed, SSO_STATE_COOKIE_AGE);
    *relay_state = name;
    return SAML_OK;
}

static int is_marked_again(const char *name)
{
    const char *mark = strlen(name) > SSO_COOKIE_END_CHARS ? name + SSO_COOKIE_END_CHARS : "";

    return strcmp(mark, AGAIN_MARK) == 0 || strcmp(mark, BARE_MARK) == 0;
}

/* RelayState comes from outside; only the shape of a name that we make may go into a cookie's name. */
static int is_state_name(const char *text)
{
    return sso_cookie_end_begins(text) && (!text[SSO_COOKIE_END_CHARS] || is_marked_again(text));
}

saml_status_t sso_state_resume(sso_state_t *out, request_rec *r, const sso_app_t *app, const char *relay_state,
                               saml_err_t *err)
{
    const char *cookie;
    sso_state_t state;
    apr_time_t age;

    if (!is_state_name(relay_state))
        return saml_fail(err, SAML_E_STATE_MISSING,
                         "RelayState: expected the name of a login state (%d characters), got %s", SSO_COOKIE_END_CHARS,
                         saml_quote(r->pool, relay_state));
    cookie = cookie_name(app, relay_state, r->pool);
    SAML_TRY(open_cookie(&state, r, app, &cookie, err));
    sso_cookie_set_cross_site(r, app, cookie, "", 0);
    age = apr_time_now() - state.started;
    if (age < -SSO_STATE_AGE || age >= SSO_STATE_AGE)
        return saml_fail(err, SAML_E_STATE_MISSING,
                         "login state: expected one begun within %d minutes, got one %" APR_TIME_T_FMT " s old",
                         (int)(apr_time_sec(SSO_STATE_AGE) / 60), apr_time_sec(age));
    *out = state;
    return SAML_OK;
}

/* One that came under our name and opens, however old. */
int sso_state_late(sso_state_t *out, request_rec *r, const sso_app_t *app, const char *relay_state)
{
    const char *cookie;

    if (!is_state_name(relay_state))
        return 0;
    cookie = cookie_name(app, relay_state, r->pool);
    return open_cookie(out, r, app, &cookie, sso_err_new(r->pool)) == SAML_OK;
}

int sso_state_count(request_rec *r, const sso_app_t *app, const char *target, apr_interval_time_t time)
{
    apr_array_header_t *came = states_that_came(r, app);
    apr_time_t now = apr_time_now();
    int i, count = 0;

    for (i = 0; i < came->nelts; ++i) {
        const came_t *one = &APR_ARRAY_IDX(came, i, came_t);

        count += one->target && strcmp(one->target, target) == 0 && now >= one->started && now - one->started < time;
    }
    return count;
}

sso_lost_t sso_state_lost(request_rec *r, const sso_app_t *app, const char *relay_state)
{
    const char *cookie = is_state_name(relay_state) ? cookie_name(app, relay_state, r->pool) : NULL;

    if (!cookie || !is_marked_again(relay_state) || sso_cookie_value(sso_request_of(r)->cookies, cookie, r->pool))
        return SSO_LOST_ONE;
    return strcmp(relay_state + SSO_COOKIE_END_CHARS, BARE_MARK) == 0 ? SSO_LOST_ALL : SSO_LOST_CROSS_SITE;
}

int sso_state_is_retried(request_rec *r, const sso_app_t *app, const char *relay_state)
{
    /* Both tell of it: a cookie, and, from a browser that keeps none, what the identity provider hands back. */
    return (is_state_name(relay_state) && is_marked_again(relay_state)) || has_retry_cookie(r, app);
}

int sso_state_may_retry(request_rec *r, const sso_app_t *app, const char *relay_state)
{
    /* What is handed back tells of this very sign-on, the cookie of one in any tab. */
    if (is_state_name(relay_state) ? is_marked_again(relay_state) : has_retry_cookie(r, app))
        return 0;
    sso_cookie_set_cross_site(r, app, sso_cookie_name(app, SSO_COOKIE_RETRY, r->pool), "1", RETRY_AGE);
    return 1;
}

void sso_state_retry_done(request_rec *r, const sso_app_t *app)
{
    if (has_retry_cookie(r, app))
        sso_cookie_set_cross_site(r, app, sso_cookie_name(app, SSO_COOKIE_RETRY, r->pool), "", 0);
}
