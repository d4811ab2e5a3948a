/* SPDX-License-Identifier: Apache-2.0 */
/* carried.c: a session goes out in cookies and comes back, whole or not at all. Linked without httpd. */

#include "glue.h"
#include "sso_alone.h"
#include "sso/carried.h"
#include "sso/cookie.h"

#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER  "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff101112131415161718191a1b1c1d1e1f"
#define NAME   "__Host-saml"
#define NOW    (APR_INT64_C(1772442930) * APR_USEC_PER_SEC)

static sso_app_t *app_with(const char *id, const char *secret)
{
    sso_app_t *app = apr_pcalloc(pool, sizeof(*app));
    saml_secret_t *read;

    assert_int_equal(saml_secret_parse(&read, secret, strlen(secret), "secret", pool, new_err()), SAML_OK);
    app->id = id;
    app->secret = read;
    app->cookie = (sso_cookie_t){ NAME, "/", NULL, "Lax", 1 };
    return app;
}

static sso_app_t *shop(void)
{
    return app_with("shop", SECRET);
}

static request_rec *request_with(const char *cookies)
{
    request_rec *r = apr_pcalloc(pool, sizeof(*r));
    server_rec *s = apr_pcalloc(pool, sizeof(*s));

    s->limit_req_fieldsize = 32000;
    r->pool = pool;
    r->server = s;
    r->err_headers_out = apr_table_make(pool, 8);
    request.cookies = cookies;
    return r;
}

/* A session of `values` groups that do not deflate well. */
static sso_carried_t session_of(int values)
{
    apr_array_header_t *groups = apr_array_make(pool, values, sizeof(const char *));
    apr_array_header_t *attributes = apr_array_make(pool, 1, sizeof(saml_attribute_t));
    saml_login_t *login = apr_pcalloc(pool, sizeof(*login));
    sso_session_new_t from = { "shop", login, NOW, apr_time_from_sec(60), apr_time_from_sec(30), 0 };
    sso_carried_t session = { .label_count = 2 };
    saml_attribute_t *attribute;
    apr_uint32_t x = 1;
    void *record;
    int i;

    for (i = 0; i < values; i++) {
        x = x * 1664525u + 1013904223u;
        APR_ARRAY_PUSH(groups, const char *) = apr_psprintf(pool, "%08x-%08x", x, x * 2654435761u);
    }
    attribute = apr_array_push(attributes);
    memset(attribute, 0, sizeof(*attribute));
    attribute->name = "groups";
    attribute->values = groups;
    login->name_id.value = "ada";
    login->attributes = attributes;
    assert_int_equal(sso_session_encode(&record, &session.len, &from, pool, new_err()), SAML_OK);
    session.record = record;
    memset(session.key.octets, 7, sizeof(session.key.octets));
    memset(session.labels, 9, sizeof(session.labels));
    return session;
}

static void new_session(request_rec *r, const sso_app_t *app, const sso_carried_t *session)
{
    const char *sealed;

    assert_int_equal(sso_carried_seal(&sealed, r, app, session, new_err()), SAML_OK);
    sso_carried_begin(r, app, sealed);
}

static int add_cookie(void *data, const char *key, const char *line)
{
    const char **cookies = data;

    (void)key;
    *cookies = apr_pstrcat(pool, *cookies, **cookies ? "; " : "", apr_pstrndup(pool, line, strcspn(line, ";")), NULL);
    assert_true(strlen(line) < 4096);
    return 1;
}

/* What a browser sends back that got this session. */
static const char *cookies_of(const sso_carried_t *session, const sso_app_t *app)
{
    request_rec *r = request_with(NULL);
    const char *sealed, *cookies = "";

    assert_int_equal(sso_carried_seal(&sealed, r, app, session, new_err()), SAML_OK);
    sso_carried_send(r, app, sealed);
    assert_string_equal(apr_table_get(r->err_headers_out, "Cache-Control"), "private");
    apr_table_do(add_cookie, &cookies, r->err_headers_out, "Set-Cookie", NULL);
    return cookies;
}

static int count_of(const char *text, const char *what)
{
    int count = 0;

    while ((text = strstr(text, what)) != NULL) {
        count++;
        text++;
    }
    return count;
}

static apr_array_header_t *read_all(const char *cookies, const sso_app_t *app)
{
    apr_array_header_t *sessions = NULL;

    assert_int_equal(sso_carried_read(&sessions, request_with(cookies), app, 4, new_err()), SAML_OK);
    return sessions;
}

static void assert_is(const char *cookies, const sso_app_t *app, const sso_carried_t *session)
{
    apr_array_header_t *sessions = read_all(cookies, app);
    const sso_carried_t *got = &APR_ARRAY_IDX(sessions, 0, sso_carried_t);

    assert_int_equal(sessions->nelts, 1);
    assert_memory_equal(got->key.octets, session->key.octets, SSO_KEY_BYTES);
    assert_int_equal(got->label_count, session->label_count);
    assert_memory_equal(got->labels, session->labels, 2 * sizeof(sso_label_t));
    assert_int_equal(got->len, session->len);
    assert_memory_equal(got->record, session->record, session->len);
    assert_int_equal(got->created, NOW);
}

static void assert_none(const char *cookies, const sso_app_t *app)
{
    assert_int_equal(read_all(cookies, app)->nelts, 0);
}

static void whole(void **state)
{
    static const struct { int values, cookies; } cases[] = { { 1, 1 }, { 100, 1 }, { 300, 2 }, { 1200, 5 } };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_carried_t session = session_of(cases[i].values);
        const char *cookies = cookies_of(&session, shop());

        assert_int_equal(count_of(cookies, NAME), cases[i].cookies);
        assert_is(cookies, shop(), &session);
        assert_is(apr_pstrcat(pool, NAME "=x; ", cookies, NULL), shop(), &session);
        assert_is(apr_pstrcat(pool, NAME ".1=stale.one; ", cookies, "; " NAME ".9=stale", NULL), shop(), &session);
    }
}

static void opens_with_an_older_secret(void **state)
{
    sso_carried_t session = session_of(3);

    (void)state;
    assert_is(cookies_of(&session, shop()), app_with("shop", OTHER "\n" SECRET), &session);
    assert_none(cookies_of(&session, shop()), app_with("shop", OTHER));
}

static void bound(void **state)
{
    sso_carried_t session = session_of(3);
    const char *cookies = cookies_of(&session, shop());
    sso_app_t *renamed = shop();

    (void)state;
    assert_none(cookies, app_with("other", SECRET));
    renamed->cookie.name = "saml";
    assert_none(apr_pstrcat(pool, "saml", cookies + strlen(NAME), NULL), renamed);
}

/* Each octet of it. */
static void altered(void **state)
{
    sso_carried_t session = session_of(3);
    const char *cookies = cookies_of(&session, shop());
    size_t i;

    (void)state;
    for (i = strlen(NAME) + 1; i + 1 < strlen(cookies); i++) {
        char *bent = apr_pstrdup(pool, cookies);

        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        assert_none(bent, shop());
        bent = apr_pstrndup(pool, cookies, i);
        assert_none(bent, shop());
    }
}

static void parts_missing(void **state)
{
    sso_carried_t session = session_of(1000);
    const char *cookies = cookies_of(&session, shop());
    const char *second = strstr(cookies, NAME ".1="), *third = strstr(cookies, NAME ".2=");
    const char *others = cookies_of(&session, shop());

    (void)state;
    assert_none(apr_pstrndup(pool, cookies, (apr_size_t)(second - cookies)), shop());
    assert_none(second, shop());
    assert_none(apr_pstrcat(pool, apr_pstrndup(pool, cookies, (apr_size_t)(second - cookies)), third, NULL), shop());
    assert_none(apr_pstrcat(pool, apr_pstrndup(pool, cookies, (apr_size_t)(second - cookies)), strstr(others, NAME ".1="), NULL),
                shop());
    assert_is(apr_pstrcat(pool, third, "; ", apr_pstrndup(pool, cookies, (apr_size_t)(third - cookies)), NULL), shop(), &session);
}

/* However they are laid together: only those of one writing, each in its place, are a session. */
static void parts_misplaced(void **state)
{
    sso_carried_t session = session_of(300), longer = session_of(1000);
    const char *one = cookies_of(&session, shop()), *other = cookies_of(&session, shop()), *third = cookies_of(&longer, shop());
    const char *app_of_another = cookies_of(&session, app_with("other", SECRET));
    const char *second = strstr(one, "; " NAME ".1=") + 2, *second_value = second + strlen(NAME ".1=");
    const char *first = apr_pstrndup(pool, one, (apr_size_t)(second - one) - 2), *tagged = first + strlen(NAME "=2.");
    char *bent = apr_pstrdup(pool, second);
    int i;

    (void)state;
    bent[strlen(bent) - 1] = bent[strlen(bent) - 1] == 'A' ? 'Q' : 'A';
    /* Twice the same, and beside those of another session, of either age, or of another application. */
    assert_int_equal(read_all(apr_pstrcat(pool, one, "; ", one, NULL), shop())->nelts, 2);
    assert_is(apr_pstrcat(pool, second, "; ", second, "; ", first, NULL), shop(), &session);
    assert_is(apr_pstrcat(pool, app_of_another, "; ", one, NULL), shop(), &session);
    assert_is(apr_pstrcat(pool, one, strchr(third, ';'), NULL), shop(), &session);
    assert_int_equal(read_all(apr_pstrcat(pool, other, "; ", one, NULL), shop())->nelts, 2);
    /* The second in the first's place, the first twice, one that is longer or bent, a number of cookies that is not theirs. */
    assert_none(apr_pstrcat(pool, NAME "=2.", second_value, "; " NAME ".1=", tagged, NULL), shop());
    assert_none(apr_pstrcat(pool, first, "; " NAME ".1=", tagged, NULL), shop());
    assert_none(apr_pstrcat(pool, first, "; ", second, "A", NULL), shop());
    assert_none(apr_pstrcat(pool, first, "; ", bent, NULL), shop());
    assert_none(apr_pstrcat(pool, first, strchr(strchr(other, ';') + 1, ' '), NULL), shop());
    assert_none(apr_pstrcat(pool, first, strstr(app_of_another, "; " NAME ".1="), NULL), shop());
    for (i = '0'; i <= '9' + 1; i++) {
        char *counted = apr_pstrdup(pool, one);

        counted[strlen(NAME "=")] = (char)i;
        if (i != '2')
            assert_none(apr_pstrcat(pool, counted, "; " NAME ".2=", tagged, NULL), shop());
    }
}

/* What deflates to nothing would cost each request a megabyte. */
static void too_large_before_it_is_deflated(void **state)
{
    sso_carried_t session = session_of(1);
    saml_err_t *err = new_err();
    const char *sealed;

    (void)state;
    session.len = 128 * 1024 + 1;
    session.record = apr_pcalloc(pool, session.len);
    assert_int_equal(sso_carried_seal(&sealed, request_with(NULL), shop(), &session, err), SAML_E_TOO_LARGE);
    assert_non_null(strstr(err->reason, "expected at most 131072 octets before they are deflated, got 131073; mend: "));
    session.len--;
    assert_int_equal(sso_carried_seal(&sealed, request_with(NULL), shop(), &session, err), SAML_OK);
    assert_none(apr_psprintf(pool, NAME "=1.%.8s.%s", sealed + 4, sealed), shop());      /* none that decodes */
}

static void too_large(void **state)
{
    sso_carried_t session = session_of(300), larger = session_of(3000);
    saml_err_t *err = new_err();
    request_rec *r = request_with(NULL);
    const char *sealed;

    (void)state;
    assert_int_equal(sso_carried_seal(&sealed, r, shop(), &session, err), SAML_OK);
    r->server->limit_req_fieldsize = 8190;
    assert_int_equal(sso_carried_seal(&sealed, r, shop(), &session, err), SAML_E_TOO_LARGE);
    assert_non_null(strstr(err->reason, "LimitRequestFieldSize"));
    r->server->limit_req_fieldsize = 1000000;
    assert_int_equal(sso_carried_seal(&sealed, r, shop(), &larger, err), SAML_E_TOO_LARGE);
    assert_non_null(strstr(err->reason, "in at most 9 cookies"));
}

static void a_smaller_one_takes_parts_away(void **state)
{
    sso_carried_t session = session_of(1);
    request_rec *r = request_with(NAME "=3.12345678.x; " NAME ".1=y; " NAME ".2=z; " NAME "-state-1=a");
    const char *sealed, *cookies = "";

    (void)state;
    assert_int_equal(sso_carried_seal(&sealed, r, shop(), &session, new_err()), SAML_OK);
    sso_carried_send(r, shop(), sealed);
    apr_table_do(add_cookie, &cookies, r->err_headers_out, "Set-Cookie", NULL);
    assert_int_equal(count_of(cookies, NAME ".1=;") + count_of(cookies, NAME ".2=;"), 2);
    assert_int_equal(count_of(cookies, NAME), 3);
}

/* The identity provider's POST does not bring what there is. */
static void a_new_one_takes_all_others_away(void **state)
{
    sso_carried_t session = session_of(300);
    request_rec *r = request_with(NULL);
    const char *cookies = "";

    (void)state;
    new_session(r, shop(), &session);
    apr_table_do(add_cookie, &cookies, r->err_headers_out, "Set-Cookie", NULL);
    assert_int_equal(count_of(cookies, NAME ".1=") - count_of(cookies, NAME ".1=;"), 1);
    assert_int_equal(count_of(cookies, NAME ".2=;") + count_of(cookies, NAME ".7="), 2);
    assert_int_equal(count_of(cookies, NAME ".8"), 0);      /* more than this server takes */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole, setup, teardown),
        cmocka_unit_test_setup_teardown(opens_with_an_older_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(bound, setup, teardown),
        cmocka_unit_test_setup_teardown(altered, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_misplaced, setup, teardown),
        cmocka_unit_test_setup_teardown(too_large_before_it_is_deflated, setup, teardown),
        cmocka_unit_test_setup_teardown(too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(a_smaller_one_takes_parts_away, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_one_takes_all_others_away, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("carried", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
