/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookies, and what some of them seal: the state of a login, a note of what is kept. The input is up to three parts with a line end between
 * them: a RelayState, a Cookie header, and what stands under the seal of the cookies that RelayState names: no mutation would get through
 * AES-GCM, so the target seals it. The header is read as Accept, too, and what is sealed as what stood behind "#".
 */
#include <apr_lib.h>
#include "fuzz/fuzz_app.h"
#include "sso/cookie.h"
#include "sso/fragment.h"
#include "sso/resend_note.h"
#include "sso/state.h"

/* The age of a stored input stays what it is. Found before libapr's own. */
apr_time_t apr_time_now(void)
{
    return FUZZ_NOW;
}

/* What httpd and the folder of what is kept do for the files that are linked here without them. */
int ap_cstr_casecmp(const char *a, const char *b)
{
    return strcasecmp(a, b);
}

int ap_cstr_casecmpn(const char *a, const char *b, apr_size_t len)
{
    return strncasecmp(a, b, len);
}

char *ap_strcasestr(const char *text, const char *word)
{
    return strcasestr(text, word);
}

char *ap_escape_html2(apr_pool_t *p, const char *text, int to_ascii)
{
    (void)to_ascii;
    return apr_pstrdup(p, text);
}

void sso_kept_drop(const sso_kept_place_t *place, const char *name)
{
    (void)place;
    FUZZ_MUST(name != NULL);
}

/* ---- taking ours out of the header ---------------------------------------- */

/* The pairs of a header, by a reader of another kind: pieces between ";", blanks around them off, empty ones left out. */
static apr_array_header_t *pairs_of(const char *header, apr_pool_t *p)
{
    apr_array_header_t *pairs = apr_array_make(p, 8, sizeof(const char *));
    char *text = apr_pstrdup(p, header ? header : ""), *end;

    for (; text; text = end) {
        if ((end = strchr(text, ';')))
            *end++ = '\0';
        while (*text == ' ' || *text == '\t')
            text++;
        while (*text && strchr(" \t", text[strlen(text) - 1]))
            text[strlen(text) - 1] = '\0';
        if (*text)
            APR_ARRAY_PUSH(pairs, const char *) = text;
    }
    return pairs;
}

static char *name_of(const char *pair, apr_pool_t *p)
{
    char *name = apr_pstrmemdup(p, pair, strcspn(pair, "="));

    while (*name && strchr(" \t", name[strlen(name) - 1]))
        name[strlen(name) - 1] = '\0';
    return name;
}

static int is_own_name(const char *name)
{
    return strcmp(name, FUZZ_SESSION) == 0 || strncmp(name, FUZZ_PREFIX, strlen(FUZZ_PREFIX)) == 0 || strcmp(name, "app") == 0
           || strncmp(name, "app-state-", 10) == 0;
}

static const char *check_split(const char *header, apr_pool_t *p)
{
    apr_array_header_t *names = apr_array_make(p, 2, sizeof(sso_cookie_names_t));
    apr_array_header_t *all = pairs_of(header, p), *own_pairs, *rest_pairs;
    const char *own, *rest, *again;
    int i, at_own = 0, at_rest = 0;

    APR_ARRAY_PUSH(names, sso_cookie_names_t) = (sso_cookie_names_t){ FUZZ_SESSION, FUZZ_PREFIX };
    APR_ARRAY_PUSH(names, sso_cookie_names_t) = (sso_cookie_names_t){ "app", "app-state-" };
    own = sso_cookies_split(&rest, header, names, p);
    own_pairs = pairs_of(own, p);
    rest_pairs = pairs_of(rest, p);
    FUZZ_MUST(own || rest == header);
    FUZZ_MUST(own_pairs->nelts + rest_pairs->nelts == all->nelts);
    for (i = 0; i < all->nelts; i++) {
        const char *pair = APR_ARRAY_IDX(all, i, const char *);
        const char *got = is_own_name(name_of(pair, p)) ? APR_ARRAY_IDX(own_pairs, at_own++, const char *)
                                                        : APR_ARRAY_IDX(rest_pairs, at_rest++, const char *);

        FUZZ_MUST(strcmp(got, pair) == 0);
    }
    if (rest)
        FUZZ_MUST(sso_cookies_split(&again, rest, names, p) == NULL);
    return own;
}

/* ---- the answer's cookies -------------------------------------------------- */

/* What a Set-Cookie header says is a name of ours, a value without ";", and the attributes that we wrote. */
static int check_set_cookie(void *unused, const char *key, const char *text)
{
    static const char tail[] = "; Path=/; HttpOnly; Secure; SameSite=None";
    const char *equals = strchr(text, '=');

    (void)unused;
    FUZZ_MUST(strcmp(key, "Set-Cookie") == 0);
    FUZZ_MUST(strncmp(text, FUZZ_PREFIX, strlen(FUZZ_PREFIX)) == 0 && equals);
    FUZZ_MUST(strncmp(text + strcspn(text, ";"), "; Max-Age=", 10) == 0);
    FUZZ_MUST(strlen(text) > strlen(tail) && strcmp(text + strlen(text) - strlen(tail), tail) == 0);
    FUZZ_MUST(equals < text + strcspn(text, ";"));
    return 1;
}

/* However many came, at most eight are left in the browser, the new one among them. */
static void check_begin(request_rec *r, const sso_app_t *app)
{
    sso_state_t state = { .started = FUZZ_NOW, .request_id = "_r1", .acs_url = "https://sp.example.org/saml/acs", .replaces = "",
                          .target = "/app?x=1\n" }, again;
    saml_err_t err = { .pool = r->pool };
    apr_array_header_t *came = sso_cookie_names(request.cookies, FUZZ_PREFIX, 64, r->pool);
    const apr_array_header_t *answer;
    const char *relay_state, *cookie;
    int i, logins = 0;

    apr_table_clear(r->err_headers_out);
    FUZZ_MUST(sso_state_begin(&relay_state, r, app, &state, 0, &err) == SAML_OK);
    apr_table_do(check_set_cookie, NULL, r->err_headers_out, NULL);
    answer = apr_table_elts(r->err_headers_out);
    for (i = 0; i < came->nelts; i++)
        logins += !sso_cookie_is_in_table(app, APR_ARRAY_IDX(came, i, const char *));
    FUZZ_MUST(logins + 1 - (answer->nelts - 1) <= SSO_STATE_AT_MOST);
    /* What was sealed opens: the cookie as the browser would send it back. */
    cookie = APR_ARRAY_IDX(answer, answer->nelts - 1, apr_table_entry_t).val;
    request.cookies = apr_pstrmemdup(r->pool, cookie, strcspn(cookie, ";"));
    FUZZ_MUST(sso_state_resume(&again, r, app, relay_state, &err) == SAML_OK);
    FUZZ_MUST(strcmp(again.target, state.target) == 0 && strcmp(again.request_id, state.request_id) == 0);
}

static void check_resume(request_rec *r, const sso_app_t *app, const char *relay_state, const char *sealed_text)
{
    saml_err_t err = { .pool = r->pool };
    sso_state_t state;
    saml_status_t status = sso_state_resume(&state, r, app, relay_state, &err);

    if (status != SAML_OK) {
        FUZZ_MUST(status == SAML_E_STATE_MISSING);
        fuzz_check_refusal(status, &err);
        return;
    }
    FUZZ_MUST(sealed_text != NULL);
    FUZZ_MUST(strlen(relay_state) == 12 || strlen(relay_state) == 13);
    FUZZ_MUST(state.started > FUZZ_NOW - SSO_STATE_AGE && state.started <= FUZZ_NOW + SSO_STATE_AGE);
    FUZZ_MUST(state.request_id && state.acs_url && state.replaces && state.target);
    FUZZ_MUST(!strpbrk(state.request_id, "\n") && !strpbrk(state.acs_url, "\n") && !strpbrk(state.replaces, "\n"));
    FUZZ_MUST(strlen(sealed_text) >= strlen(state.target)
              && strcmp(sealed_text + strlen(sealed_text) - strlen(state.target), state.target) == 0);
    FUZZ_MUST(apr_table_get(r->err_headers_out, "Set-Cookie") != NULL);
    apr_table_do(check_set_cookie, NULL, r->err_headers_out, NULL);
}

/* ---- what else a browser brings -------------------------------------------- */

static void check_fragment(request_rec *r, const sso_app_t *app, const char *relay_state)
{
    static const char target[] = "/app?x=1";
    const char *got = sso_fragment_restore(r, app, relay_state, target), *c;

    FUZZ_MUST(strncmp(got, target, strlen(target)) == 0);
    got += strlen(target);
    FUZZ_MUST(!*got || (got[0] == '#' && got[1]));
    for (c = got; *c; c++)
        FUZZ_MUST(apr_isgraph(*c) && (unsigned char)*c < 0x7f && !strchr("\"<>`", *c));
}

/* With the same text under its seal as the login has. */
static void check_note(request_rec *r, const sso_app_t *app, const char *name)
{
    sso_resend_note_t note;

    if (!sso_resend_note_read(&note, r, app, name))
        return;
    FUZZ_MUST(name && strlen(name) == 12);
    FUZZ_MUST(note.file && note.key && note.user && note.target_digest);
    FUZZ_MUST(!strpbrk(note.file, "\n") && !strpbrk(note.user, "\n"));
    FUZZ_MUST(!sso_resend_note_is_for(&note, note.target_digest, r->pool));
}

/* HTML is wanted where it stands alone, JSON where HTML is not named; neither depends on what stands behind. */
static void check_accept(request_rec *r, const char *header)
{
    static const struct { const char *before; int is_page; } cases[] = {
        { "text/html, application/json;q=0", 1 }, { "application/json", 0 },
    };
    size_t i;

    r->method_number = M_GET;
    apr_table_setn(r->headers_in, "Accept", header);
    (void)sso_is_navigation(r);
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_table_setn(r->headers_in, "Accept", cases[i].before);
        FUZZ_MUST(sso_is_navigation(r) == cases[i].is_page);
    }
    if (strcasestr(header, "text/html"))
        return;
    apr_table_setn(r->headers_in, "Accept", apr_pstrcat(r->pool, header, ", application/json", NULL));
    FUZZ_MUST(!sso_is_navigation(r));
}

static int is_name(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    return len > 0 && !text[len];
}

/* The header with one more cookie: `text`, sealed under that name. */
static const char *with_sealed(const char *header, const sso_app_t *app, const char *purpose, const char *cookie, const char *text,
                               apr_pool_t *p)
{
    const char *bound = apr_pstrcat(p, app->id, "\n", cookie, NULL), *sealed;
    saml_err_t err = { .pool = p };

    FUZZ_MUST(saml_seal(&sealed, app->secret, purpose, bound, text, strlen(text), p, &err) == SAML_OK);
    return apr_pstrcat(p, header, *header ? "; " : "", cookie, "=", sealed, NULL);
}

/* The header with all that a sign-on of that name leaves in a browser, where that is `text`. */
static const char *with_all(const char *header, const sso_app_t *app, const char *relay_state, const char *text, apr_pool_t *p)
{
    header = with_sealed(header, app, "state", apr_pstrcat(p, FUZZ_PREFIX, relay_state, NULL), text, p);
    header = with_sealed(header, app, "kept-request", apr_pstrcat(p, FUZZ_PREFIX, "kept-", relay_state, NULL), text, p);
    return strpbrk(text, ";\n") ? header : apr_pstrcat(p, header, "; ", FUZZ_PREFIX, "at=", relay_state, ":", text, NULL);
}

/* The next part at *at; httpd lets no control octet but the tab into a header. */
static char *take_part(char **at, int is_header)
{
    char *part = *at, *end = part ? strchr(part, '\n') : NULL, *c;

    *at = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    for (c = part; is_header && c && *c; c++) {
        if (apr_iscntrl(*c) && *c != '\t')
            *c = '?';
    }
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const sso_app_t *app = fuzz_app();
    apr_pool_t *p;
    request_rec r;
    char *at, *relay_state, *header;

    apr_pool_create(&p, fuzz_pool());
    memset(&r, 0, sizeof(r));
    memset(&request, 0, sizeof(request));
    r.pool = p;
    r.err_headers_out = apr_table_make(p, 4);
    r.headers_in = apr_table_make(p, 2);
    at = apr_pstrmemdup(p, (const char *)data, size);
    relay_state = take_part(&at, 0);
    header = take_part(&at, 1);
    if (!header)
        header = apr_pstrdup(p, "");
    check_accept(&r, header);
    if (at && is_name(relay_state))
        header = apr_pstrdup(p, with_all(header, app, relay_state, at, p));
    else
        at = NULL;
    request.cookies = check_split(header, p);
    check_resume(&r, app, relay_state, at);
    check_resume(&r, app, NULL, NULL);
    check_fragment(&r, app, relay_state);
    check_fragment(&r, app, NULL);
    check_note(&r, app, relay_state);
    check_note(&r, app, NULL);
    /* The cookie counts where nothing is handed back that has the shape of a name. */
    FUZZ_MUST(!sso_cookie_value(request.cookies, FUZZ_PREFIX "retry", p) || is_name(relay_state)
              || !sso_state_may_retry(&r, app, relay_state));
    check_begin(&r, app);
    apr_pool_destroy(p);
    return 0;
}
