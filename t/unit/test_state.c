/* SPDX-License-Identifier: Apache-2.0 */
/* state.c: which cookie of a login in progress opens, and every other way that one may come. Linked without httpd. */

#include "glue.h"
#include "sso_alone.h"
#include "sso/cookie.h"
#include "sso/state.h"

#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER  "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff101112131415161718191a1b1c1d1e1f"
#define PREFIX "__Host-saml-state-"
#define NAME   "Abcdef-_0123"
#define TARGET "/app?x=1\n2"

static sso_app_t *app_with(const char *id, const char *secret)
{
    sso_app_t *app = apr_pcalloc(pool, sizeof(*app));
    saml_secret_t *read;

    assert_int_equal(saml_secret_parse(&read, secret, strlen(secret), "secret", pool, new_err()), SAML_OK);
    app->id = id;
    app->secret = read;
    app->state_prefix = PREFIX;
    app->cookie.name = "__Host-saml";
    app->cookie.secure = 1;
    return app;
}

static sso_app_t *shop(void)
{
    return app_with(" https://shop.example/saml https://idp.example/", SECRET);
}

static request_rec *request_with(const char *cookies)
{
    request_rec *r = apr_pcalloc(pool, sizeof(*r));

    r->pool = pool;
    r->err_headers_out = apr_table_make(pool, 8);
    request.cookies = cookies;
    return r;
}

static const char *seal_text(const sso_app_t *app, const char *name, const char *text)
{
    const char *bound = apr_pstrcat(pool, app->id, "\n" PREFIX, name, NULL);
    const char *sealed;

    assert_int_equal(saml_seal(&sealed, app->secret, "state", bound, text, strlen(text), pool, new_err()), SAML_OK);
    return sealed;
}

static const char *begun(const sso_app_t *app, const char *name, apr_interval_time_t ago)
{
    const char *text = apr_psprintf(pool, "%" APR_TIME_T_FMT "\n_request\nhttps://shop.example/saml/acs\n\n0\n0\n0\n\n\n%s",
                                    apr_time_now() - ago, TARGET);

    return seal_text(app, name, text);
}

static saml_status_t resume(const sso_app_t *app, const char *name, const char *value, const char *relay_state)
{
    saml_err_t *err = new_err();
    sso_state_t state = { 0 };
    saml_status_t status = sso_state_resume(&state, request_with(apr_pstrcat(pool, PREFIX, name, "=", value, NULL)), app,
                                            relay_state, err);

    if (status == SAML_OK) {
        assert_string_equal(state.request_id, "_request");
        assert_string_equal(state.target, TARGET);
        assert_string_equal(state.replaces, "");
    }
    else {
        assert_non_null(err->reason);
        assert_null(state.request_id);
    }
    return status;
}

static void a_good_one_opens(void **state)
{
    sso_app_t *app = shop();

    (void)state;
    assert_int_equal(resume(app, NAME, begun(app, NAME, 0), NAME), SAML_OK);
    assert_int_equal(resume(app, NAME ".", begun(app, NAME ".", 0), NAME "."), SAML_OK);
}

/* Ten minutes; and as much into the future, for servers that share a secret and not quite the time. */
static void ages(void **state)
{
    static const struct { int ago_s; saml_status_t want; } cases[] = {
        { 1, SAML_OK }, { 590, SAML_OK }, { 600, SAML_E_STATE_MISSING }, { 601, SAML_E_STATE_MISSING },
        { 86400, SAML_E_STATE_MISSING }, { -60, SAML_OK }, { -590, SAML_OK }, { -602, SAML_E_STATE_MISSING },
        { -86400, SAML_E_STATE_MISSING },
    };
    sso_app_t *app = shop();

    (void)state;
    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        saml_status_t got = resume(app, NAME, begun(app, NAME, apr_time_from_sec(cases[i].ago_s)), NAME);

        if (got != cases[i].want)
            fail_msg("begun %d s ago: expected %s, got %s", cases[i].ago_s, saml_status_name(cases[i].want), saml_status_name(got));
    }
}

/* Of one that is too old its target is still known, to a browser that brings its cookie under its name. */
static void late(void **state)
{
    static const int ages_s[] = { 1, 601, 3000, 86400 };
    sso_app_t *app = shop();
    sso_state_t got;

    (void)state;
    for (apr_size_t i = 0; i < sizeof(ages_s) / sizeof(ages_s[0]); i++) {
        const char *cookie = apr_pstrcat(pool, PREFIX NAME "=", begun(app, NAME, apr_time_from_sec(ages_s[i])), NULL);

        assert_true(sso_state_late(&got, request_with(cookie), app, NAME));
        assert_string_equal(got.target, TARGET);
        assert_false(sso_state_late(&got, request_with(cookie), app, "Abcdef-_0124"));
        assert_false(sso_state_late(&got, request_with(cookie), app, NULL));
        assert_false(sso_state_late(&got, request_with(""), app, NAME));
    }
}

/* Sealed by us, but not what we write; the numbers are read as time. */
static void contents(void **state)
{
    static const char *const texts[] = {
        "", "\n", "\n\n\n\n", "x\n_request\nacs\n\n0\n0\n0\n\n\n/", "0\n_request\nacs\n\n0\n0\n0\n\n\n/",
        "-1\n_request\nacs\n\n0\n0\n0\n\n\n/", "9223372036854775807\n_request\nacs\n\n0\n0\n0\n\n\n/",
        "99999999999999999999999999\n_request\nacs\n\n0\n0\n0\n\n\n/", "-9223372036854775808\n_r\na\n\n0\n0\n0\n\n\n/",
        "1\n_request\nacs\n\n0\n0\n0\n\n\n/", "1\n_request\nacs", "1",
    };
    sso_app_t *app = shop();

    (void)state;
    for (apr_size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (resume(app, NAME, seal_text(app, NAME, texts[i]), NAME) != SAML_E_STATE_MISSING)
            fail_msg("\"%s\" is no login in progress", texts[i]);
    }
}

/* Any bit of any octet, and any cut: nothing but the octets themselves opens. */
static void every_bit(void **state)
{
    sso_app_t *app = shop();
    const char *good = begun(app, NAME, 0);
    apr_size_t len = strlen(good);

    (void)state;
    for (apr_size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            char *bad = apr_pstrdup(pool, good);

            bad[i] = (char)(bad[i] ^ 1 << bit);
            if (bad[i] && resume(app, NAME, bad, NAME) != SAML_E_STATE_MISSING)
                fail_msg("bit %d of character %d of %d opens", bit, (int)i, (int)len);
        }
        if (resume(app, NAME, apr_pstrmemdup(pool, good, i), NAME) != SAML_E_STATE_MISSING)
            fail_msg("the first %d characters open", (int)i);
        if (i && resume(app, NAME, good + i, NAME) != SAML_E_STATE_MISSING)
            fail_msg("without the first %d characters it opens", (int)i);
    }
    assert_int_equal(resume(app, NAME, apr_pstrcat(pool, good, "A", NULL), NAME), SAML_E_STATE_MISSING);
    assert_int_equal(resume(app, NAME, apr_pstrcat(pool, good, "=", NULL), NAME), SAML_E_STATE_MISSING);
    assert_int_equal(resume(app, NAME, apr_pstrcat(pool, good, ", x=1", NULL), NAME), SAML_E_STATE_MISSING);
    assert_int_equal(resume(app, NAME, apr_pstrcat(pool, "\"", good, "\"", NULL), NAME), SAML_E_STATE_MISSING);
    assert_int_equal(resume(app, NAME, apr_pstrcat(pool, good, good, NULL), NAME), SAML_E_STATE_MISSING);
}

static void moved(void **state)
{
    sso_app_t *app = shop();
    const char *good = begun(app, NAME, 0);
    static const char *const ids[] = { "", " ", "red https://shop.example/saml https://idp.example/", " https://shop.example/saml https://other.example/",
                                       " https://shop.example/sam https://idp.example/" };

    (void)state;
    for (apr_size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        assert_int_equal(resume(app_with(ids[i], SECRET), NAME, good, NAME), SAML_E_STATE_MISSING);
    assert_int_equal(resume(app_with(app->id, OTHER), NAME, good, NAME), SAML_E_STATE_MISSING);
    assert_int_equal(resume(app_with(app->id, OTHER "\n" SECRET), NAME, good, NAME), SAML_OK);    /* rotation */
    assert_int_equal(resume(app, "Abcdef-_0124", good, "Abcdef-_0124"), SAML_E_STATE_MISSING);
    assert_int_equal(resume(app, NAME ".", good, NAME "."), SAML_E_STATE_MISSING);
    assert_int_equal(resume(app, NAME, begun(app, NAME ".", 0), NAME), SAML_E_STATE_MISSING);
    assert_int_equal(resume(app, NAME, good, "Abcdef-_0124"), SAML_E_STATE_MISSING);
}

/* What RelayState may be is less than what a cookie may be called. */
static void names(void **state)
{
    static const char *const bad[] = { NULL, "", ".", "Abcdef-_012", "Abcdef-_01234", "Abcdef-_0123...", "Abcdef-_0123.x",
                                       "Abcdef-_0123 ", "Abcdef-_012=", "Abcdef-_012;", "Abcdef-_012,",
                                       "Abcdef-_012\n", "Abcdef/_0123", "Abcdef-_012\xc3", "retry", "../../../../etc" };
    sso_app_t *app = shop();

    (void)state;
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *name = bad[i] ? bad[i] : "none";

        if (resume(app, name, begun(app, name, 0), bad[i]) != SAML_E_STATE_MISSING)
            fail_msg("RelayState \"%s\" names a cookie", name);
        assert_true(apr_is_empty_table(request_with("")->err_headers_out));
    }
}

/* Which of several counts, and that a name must be whole. */
static void many(void **state)
{
    sso_app_t *app = shop();
    const char *good = apr_pstrcat(pool, NAME "=", begun(app, NAME, 0), NULL);
    const struct { const char *cookies; saml_status_t want; } cases[] = {
        { apr_pstrcat(pool, PREFIX, good, NULL), SAML_OK },
        { apr_pstrcat(pool, "a=b; " PREFIX, good, "; c=d", NULL), SAML_OK },
        { apr_pstrcat(pool, "a=b;" PREFIX, good, ";;; ;", NULL), SAML_OK },
        { apr_pstrcat(pool, PREFIX, good, "; " PREFIX NAME "=x", NULL), SAML_OK },
        { apr_pstrcat(pool, PREFIX NAME "=x; " PREFIX, good, NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, "a=b, " PREFIX, good, NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, PREFIX, good, ", a=b", NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, "saml-state-", good, NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, "__host-saml-state-", good, NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, "__Secure-saml-state-", good, NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, "=" PREFIX, good, NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, "\xe2\x80\x80" PREFIX, good, NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, "\xc2\xa0" PREFIX, good, NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, "\x0b" PREFIX, good, NULL), SAML_E_STATE_MISSING },
        { apr_pstrcat(pool, "x" PREFIX, good, NULL), SAML_E_STATE_MISSING },
        { PREFIX NAME, SAML_E_STATE_MISSING }, { PREFIX NAME "=", SAML_E_STATE_MISSING }, { PREFIX, SAML_E_STATE_MISSING },
        { "", SAML_E_STATE_MISSING }, { NULL, SAML_E_STATE_MISSING },
    };

    (void)state;
    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_state_t got;
        saml_status_t status = sso_state_resume(&got, request_with(cases[i].cookies), app, NAME, new_err());

        if (status != cases[i].want)
            fail_msg("\"%s\": expected %s, got %s", cases[i].cookies ? cases[i].cookies : "no cookie", saml_status_name(cases[i].want),
                     saml_status_name(status));
    }
}

/* Set-Cookie headers of a sign-on that begins in a browser with `logins` others under way, and with each other cookie of ours. */
static int set_by_begin(const sso_app_t *app, int logins, int others)
{
    apr_array_header_t *parts = apr_array_make(pool, 32, sizeof(const char *));
    sso_state_t login = { .started = apr_time_now(), .request_id = "_r", .acs_url = "https://shop.example/saml/acs", .target = "/" };
    const char *relay_state;
    request_rec *r;

    for (int i = 0; i < logins; i++) {
        const char *name = apr_psprintf(pool, "%012d", i);

        APR_ARRAY_PUSH(parts, const char *) = apr_pstrcat(pool, PREFIX, name, "=", begun(app, name, 0), "; ", NULL);
    }
    for (int which = 0; others && which < SSO_COOKIES; which++) {
        const char *name = sso_cookie_name(app, (sso_cookie_id_t)which, pool);

        assert_true(sso_cookie_is_in_table(app, name));
        assert_false(sso_cookie_is_in_table(app, apr_pstrcat(pool, PREFIX, "x", name + strlen(PREFIX), NULL)));
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrcat(pool, name, name[strlen(name) - 1] == '-' ? NAME : "", "=1; ", NULL);
    }
    r = request_with(apr_array_pstrcat(pool, parts, 0));
    assert_int_equal(sso_state_begin(&relay_state, r, app, &login, 0, new_err()), SAML_OK);
    return apr_table_elts(r->err_headers_out)->nelts;
}

/* They are no logins, and take none's place. */
static void other_cookies(void **state)
{
    sso_app_t *app = shop();

    (void)state;
    for (int others = 0; others < 2; others++) {
        assert_int_equal(set_by_begin(app, SSO_STATE_AT_MOST - 1, others), 1);
        assert_int_equal(set_by_begin(app, SSO_STATE_AT_MOST, others), 2);
    }
    assert_string_equal(sso_cookie_name(app, SSO_COOKIE_KEPT, pool), PREFIX "kept-");
    assert_true(sso_cookie_is_in_table(app, PREFIX "kept-x"));
    assert_false(sso_cookie_is_in_table(app, PREFIX "user-x"));
    assert_false(sso_cookie_is_in_table(app, PREFIX NAME));
    assert_false(sso_cookie_is_in_table(app, PREFIX));
}

/* A hundred thousand octets of cookies of ours: some are looked at, a bounded number of answers goes out. */
static void bombed(void **state)
{
    sso_app_t *app = shop();
    apr_array_header_t *parts = apr_array_make(pool, 4000, sizeof(const char *));
    const char *relay_state, *all, *name;
    request_rec *r;
    sso_state_t login = { 0 }, got;

    (void)state;
    login.started = apr_time_now();
    login.request_id = "_request";
    login.acs_url = "https://shop.example/saml/acs";
    login.target = "/";
    for (int i = 0; i < 3000; i++)
        APR_ARRAY_PUSH(parts, const char *) = apr_psprintf(pool, PREFIX "%012d=junk; ", i);
    name = apr_pstrcat(pool, PREFIX NAME "=", begun(app, NAME, 0), NULL);
    APR_ARRAY_PUSH(parts, const char *) = name;
    all = apr_array_pstrcat(pool, parts, 0);
    assert_true(strlen(all) > 100000);
    r = request_with(all);
    assert_int_equal(sso_state_begin(&relay_state, r, app, &login, 0, new_err()), SAML_OK);
    assert_int_equal(strlen(relay_state), 12);
    assert_true(apr_table_elts(r->err_headers_out)->nelts <= 65);
    assert_int_equal(sso_state_resume(&got, request_with(all), app, NAME, new_err()), SAML_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_one_opens, setup, teardown), cmocka_unit_test_setup_teardown(ages, setup, teardown),
        cmocka_unit_test_setup_teardown(late, setup, teardown),
        cmocka_unit_test_setup_teardown(contents, setup, teardown), cmocka_unit_test_setup_teardown(every_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(moved, setup, teardown), cmocka_unit_test_setup_teardown(names, setup, teardown),
        cmocka_unit_test_setup_teardown(many, setup, teardown), cmocka_unit_test_setup_teardown(other_cookies, setup, teardown),
        cmocka_unit_test_setup_teardown(bombed, setup, teardown),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("state", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
