/* SPDX-License-Identifier: Apache-2.0 */
#include "cookie.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "saml/id.h"

#define PARTS_LOOKED_AT 64
#define END_BYTES       9       /* random octets: SSO_COOKIE_END_CHARS characters */

/* None is as long as the name of a state, so that none can be taken for one. What ends with "-" begins names. */
static const char *const words[SSO_COOKIES] = {
    [SSO_COOKIE_RETRY] = "retry", [SSO_COOKIE_FRAME] = "frame", [SSO_COOKIE_OUT] = "out", [SSO_COOKIE_ROUNDS] = "rounds",
    [SSO_COOKIE_FRAGMENT] = "at", [SSO_COOKIE_HINT] = "hint", [SSO_COOKIE_USER] = "user", [SSO_COOKIE_KEPT] = "kept-",
};

/** One "name=value" of a Cookie header, white space around it left out. */
typedef struct {
    const char *name;
    apr_size_t name_len;
    const char *value;
    apr_size_t value_len;
    apr_size_t len;             /* of the whole pair, from name */
} pair_t;

static int is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* The next pair at *at, which moves behind it. @return 0 at the end */
static inline int next_pair(pair_t *out, const char **at)
{
    const char *start, *end, *equals;

    while (is_space(**at) || **at == ';')
        ++*at;
    if (!**at)
        return 0;
    start = *at;
    end = strchr(start, ';');
    if (!end)
        end = start + strlen(start);
    *at = end;
    while (end > start && is_space(end[-1]))
        --end;
    equals = memchr(start, '=', (apr_size_t)(end - start));
    out->name = start;
    out->len = (apr_size_t)(end - start);
    out->name_len = equals ? (apr_size_t)(equals - start) : out->len;
    while (out->name_len && is_space(start[out->name_len - 1]))
        --out->name_len;
    out->value = equals ? equals + 1 : end;
    out->value_len = (apr_size_t)(end - out->value);
    return 1;
}

static int has_prefix(const pair_t *pair, const char *prefix)
{
    apr_size_t len = strlen(prefix);

    return pair->name_len >= len && memcmp(pair->name, prefix, len) == 0;
}

static int has_name(const pair_t *pair, const char *name)
{
    return strlen(name) == pair->name_len && memcmp(pair->name, name, pair->name_len) == 0;
}

/* "NAME.1": the second and further parts of a session that the browser carries (carried.h). */
static int is_part(const char *name, apr_size_t name_len, const char *session)
{
    apr_size_t len = strlen(session);

    return name_len == len + 2 && memcmp(name, session, len) == 0 && name[len] == '.' && name[len + 1] > '0' && name[len + 1] <= '9';
}

static int is_ours(const pair_t *pair, const apr_array_header_t *names)
{
    int i;

    for (i = 0; i < names->nelts; ++i) {
        const sso_cookie_names_t *name = &APR_ARRAY_IDX(names, i, sso_cookie_names_t);

        if (has_name(pair, name->session) || has_prefix(pair, name->state_prefix)
            || is_part(pair->name, pair->name_len, name->session))
            return 1;
    }
    return 0;
}

/* Behind a session's value: who had it last (last_user.h), which is set together with it. */
static int is_nothing_else(const char *end, const char *state_prefix)
{
    apr_size_t len = strlen(state_prefix), word_len = strlen(words[SSO_COOKIE_USER]);

    end += strspn(end, "; ");
    return strncmp(end, state_prefix, len) == 0 && strncmp(end + len, words[SSO_COOKIE_USER], word_len) == 0
           && end[len + word_len] == '=' && !strchr(end, ';');
}

/* Most requests that have a session send its cookies and no other. */
static int is_session_alone(const char *header, const apr_array_header_t *names)
{
    int i;

    for (i = 0; i < names->nelts; ++i) {
        const sso_cookie_names_t *name = &APR_ARRAY_IDX(names, i, sso_cookie_names_t);
        apr_size_t len = strlen(name->session);

        if (strncmp(header, name->session, len) == 0 && header[len] == '=') {
            const char *end = strchr(header, ';');

            return !end || is_nothing_else(end, name->state_prefix);
        }
    }
    return 0;
}

static char *append_pair(char *to, const char *start, const pair_t *pair)
{
    if (to > start) {
        *to++ = ';';
        *to++ = ' ';
    }
    memcpy(to, pair->name, pair->len);
    return to + pair->len;
}

const char *sso_cookies_split(const char **rest, const char *header, const apr_array_header_t *names,
                              apr_pool_t *p)
{
    const char *at = header;
    char *own = NULL, *own_end = NULL, *other = NULL, *other_end = NULL;
    apr_size_t room;
    pair_t pair;

    if (is_session_alone(header, names)) {
        *rest = NULL;
        return header;
    }
    room = 2 * strlen(header) + 3;
    while (!own && next_pair(&pair, &at)) {
        if (!is_ours(&pair, names))
            continue;
        own = own_end = apr_palloc(p, room);
        other = other_end = apr_palloc(p, room);
        at = header;            /* ours among them: sort the whole header */
    }
    if (!own) {
        *rest = header;
        return NULL;
    }
    while (next_pair(&pair, &at)) {
        if (is_ours(&pair, names))
            own_end = append_pair(own_end, own, &pair);
        else
            other_end = append_pair(other_end, other, &pair);
    }
    *own_end = '\0';
    *other_end = '\0';
    *rest = *other ? other : NULL;
    return own;
}

const char *sso_cookie_value(const char *own, const char *name, apr_pool_t *p)
{
    pair_t pair;

    while (own && next_pair(&pair, &own)) {
        if (has_name(&pair, name))
            return apr_pstrmemdup(p, pair.value, pair.value_len);
    }
    return NULL;
}

int sso_cookie_next(const char **value, apr_size_t *len, const char **at, const char *name)
{
    apr_size_t name_len;
    pair_t pair;

    if (!**at)
        return 0;
    name_len = strlen(name);
    while (next_pair(&pair, at)) {
        if (pair.name_len == name_len && memcmp(pair.name, name, name_len) == 0) {
            *value = pair.value;
            *len = pair.value_len;
            return 1;
        }
    }
    return 0;
}

apr_array_header_t *sso_cookie_values(const char *own, const char *name, int at_most, apr_pool_t *p)
{
    apr_array_header_t *values = apr_array_make(p, 1, sizeof(const char *));
    pair_t pair;

    while (own && values->nelts < at_most && next_pair(&pair, &own)) {
        if (has_name(&pair, name))
            APR_ARRAY_PUSH(values, const char *) = apr_pstrmemdup(p, pair.value, pair.value_len);
    }
    return values;
}

apr_array_header_t *sso_cookie_names(const char *own, const char *prefix, int at_most, apr_pool_t *p)
{
    apr_array_header_t *names = apr_array_make(p, 8, sizeof(const char *));
    pair_t pair;

    while (own && names->nelts < at_most && next_pair(&pair, &own)) {
        if (has_prefix(&pair, prefix))
            APR_ARRAY_PUSH(names, const char *) = apr_pstrmemdup(p, pair.name, pair.name_len);
    }
    return names;
}

const char *sso_cookie_name(const sso_app_t *app, sso_cookie_id_t which, apr_pool_t *p)
{
    return apr_pstrcat(p, app->state_prefix, words[which], NULL);
}

const char *sso_cookie_that_came(request_rec *r, const sso_app_t *app, sso_cookie_id_t which)
{
    return sso_cookie_value(sso_request_of(r)->cookies, sso_cookie_name(app, which, r->pool), r->pool);
}

saml_status_t sso_cookie_end_new(const char **out, apr_pool_t *p, saml_err_t *err)
{
    return saml_token_new(out, END_BYTES, p, err);
}

int sso_cookie_end_begins(const char *text)
{
    apr_size_t i;

    for (i = 0; text && i < SSO_COOKIE_END_CHARS; ++i) {
        if (!apr_isalnum(text[i]) && text[i] != '-' && text[i] != '_')
            return 0;
    }
    return text != NULL;
}

int sso_cookie_is_in_table(const sso_app_t *app, const char *name)
{
    const char *word = name + strlen(app->state_prefix);
    int i;

    for (i = 0; i < SSO_COOKIES; ++i) {
        apr_size_t len = strlen(words[i]);

        if (strncmp(word, words[i], len) == 0 && (!word[len] || words[i][len - 1] == '-'))
            return 1;
    }
    return 0;
}

/* err_headers_out, as the cookie must also go with redirects and error answers. */
static void add_cookie(request_rec *r, const char *text)
{
    apr_table_addn(r->err_headers_out, "Set-Cookie", text);
}

static const char *session_attributes(request_rec *r, const sso_cookie_t *cookie)
{
    return apr_pstrcat(r->pool, "; Path=", cookie->path, cookie->domain ? "; Domain=" : "",
                       cookie->domain ? cookie->domain : "", "; HttpOnly", cookie->secure ? "; Secure" : "",
                       "; SameSite=", cookie->same_site, NULL);
}

void sso_cookie_set_session(request_rec *r, const sso_app_t *app, const char *name, const char *value)
{
    add_cookie(r, apr_pstrcat(r->pool, name, "=", value, session_attributes(r, &app->cookie), NULL));
}

void sso_cookie_drop_part(request_rec *r, const sso_app_t *app, const char *name)
{
    add_cookie(r, apr_pstrcat(r->pool, name, "=; Max-Age=0", session_attributes(r, &app->cookie), NULL));
}

int sso_cookie_is_part(const char *name, const char *session)
{
    return is_part(name, strlen(name), session);
}

void sso_cookie_drop_surplus(request_rec *r, const sso_app_t *app, int count)
{
    apr_array_header_t *came = sso_cookie_names(sso_request_of(r)->cookies, app->cookie.name, PARTS_LOOKED_AT, r->pool);
    int i;

    for (i = 0; i < came->nelts; ++i) {
        const char *name = APR_ARRAY_IDX(came, i, const char *);

        if (sso_cookie_is_part(name, app->cookie.name) && name[strlen(name) - 1] - '0' >= count)
            sso_cookie_drop_part(r, app, name);
    }
}

void sso_cookie_drop_session(request_rec *r, const sso_app_t *app)
{
    sso_cookie_drop_part(r, app, app->cookie.name);
    sso_cookie_drop_surplus(r, app, 1);
}

void sso_cookie_set_cross_site(request_rec *r, const sso_app_t *app, const char *name, const char *value,
                               apr_interval_time_t max_age)
{
    add_cookie(r, apr_psprintf(r->pool, "%s=%s; Max-Age=%" APR_TIME_T_FMT "; Path=/; HttpOnly%s", name, value,
                               apr_time_sec(max_age), app->cookie.secure ? "; Secure; SameSite=None" : ""));
}

void sso_cookie_set_same_site(request_rec *r, const sso_app_t *app, const char *name, const char *value,
                              apr_interval_time_t max_age)
{
    const char *age = max_age == SSO_COOKIE_WITH_BROWSER ? "" : apr_psprintf(r->pool, "; Max-Age=%" APR_TIME_T_FMT, apr_time_sec(max_age));

    add_cookie(r, apr_pstrcat(r->pool, name, "=", value, age, "; Path=/; HttpOnly", app->cookie.secure ? "; Secure" : "",
                               "; SameSite=Lax", NULL));
}
