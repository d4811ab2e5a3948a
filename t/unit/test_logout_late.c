/* SPDX-License-Identifier: Apache-2.0 */
/* logout_late.c: for what is issued before a logout and comes after it, whichever logout comes last. Linked without httpd. */

#include "saml/response.h"
#include "sso/logout_late.h"
#include "store_fixture.h"

module AP_MODULE_DECLARE_DATA saml_sso_module;

#define MINUTE apr_time_from_sec(60)
#define DAY    (1440 * MINUTE)

static const saml_idp_t plain = { .entity_id = "https://idp.example/" };
static const saml_idp_t entra = { .entity_id = "https://sts.windows.net/11111111-2222-4333-8444-555555555555/" };
static apr_time_t clock_says;

/* Found before libapr's own. */
apr_time_t apr_time_now(void)
{
    return clock_says;
}

static sso_app_t *app_with_store(void)
{
    sso_app_t *app = apr_pcalloc(pool, sizeof(*app));

    clock_says = NOW;
    app->id = "app";
    app->store = ready();
    return app;
}

/* A logout of `name`, or of its session `index`, at `issued`, that holds for `held`. */
static void ended(const sso_app_t *app, const saml_idp_t *idp, const char *name, const char *index, apr_time_t issued,
                  apr_interval_time_t held)
{
    apr_array_header_t *indexes = apr_array_make(pool, 1, sizeof(const char *));
    saml_logout_request_t request = { .name_id = { .value = name }, .session_indexes = indexes, .issued = issued, .until = issued + held };

    if (index)
        APR_ARRAY_PUSH(indexes, const char *) = index;
    assert_int_equal(sso_logout_late_mark(app, idp, &request, pool, new_err()), SAML_OK);
}

/* What is said to an assertion issued at `issued`: "" where it is good, else what was ended. */
static const char *said(const sso_app_t *app, const saml_idp_t *idp, const char *name, const char *index, apr_time_t issued)
{
    saml_login_t login = { .name_id = { .value = name }, .session_index = index, .issue_instant = issued };
    saml_err_t *err = new_err();
    saml_status_t status = sso_logout_late_check(app, idp, &login, pool, err);

    if (status == SAML_OK)
        return "";
    assert_int_equal(status, SAML_E_STATE_MISSING);
    return strstr(err->reason, "logout of that user") ? "user" : strstr(err->reason, "logout of that session") ? "session" : err->reason;
}

static void whom_it_names(void **state)
{
    const sso_app_t *app = app_with_store();
    sso_app_t other = *app;

    (void)state;
    other.id = "other";
    ended(app, &plain, "ada", NULL, NOW, DAY);
    ended(app, &plain, "bob", "b1", NOW, DAY);
    assert_string_equal(said(app, &plain, "ada", NULL, NOW - 1), "user");
    assert_string_equal(said(app, &plain, "ada", "a1", NOW - 1), "user");
    assert_string_equal(said(app, &plain, "ada", "a1", NOW), "");
    assert_string_equal(said(app, &plain, "bob", "b1", NOW - 1), "session");
    assert_string_equal(said(app, &plain, "bob", "b1", NOW), "");
    assert_string_equal(said(app, &plain, "bob", "b2", NOW - 1), "");
    assert_string_equal(said(app, &plain, "bob", NULL, NOW - 1), "");
    assert_string_equal(said(app, &plain, "eve", "b1", NOW - 1), "");
    assert_string_equal(said(&other, &plain, "ada", NULL, NOW - 1), "");
}

/* With Entra the index alone says which session is meant. */
static void whom_entra_names(void **state)
{
    const sso_app_t *app = app_with_store();

    (void)state;
    ended(app, &entra, "a pairwise name", "e1", NOW, DAY);
    assert_string_equal(said(app, &entra, "ada", "e1", NOW - 1), "session");
    assert_string_equal(said(app, &entra, "ada", "e2", NOW - 1), "");
    assert_string_equal(said(app, &plain, "ada", "e1", NOW - 1), "");
}

/* The older of two comes last. */
static void out_of_order(void **state)
{
    const sso_app_t *app = app_with_store();

    (void)state;
    ended(app, &plain, "ada", NULL, NOW, 5 * MINUTE);
    ended(app, &plain, "ada", NULL, NOW - 4 * MINUTE, 5 * MINUTE);
    assert_string_equal(said(app, &plain, "ada", NULL, NOW - 1), "user");
    clock_says = NOW + 4 * MINUTE;          /* the older one would be over */
    assert_string_equal(said(app, &plain, "ada", NULL, NOW - 1), "user");
    clock_says = NOW + 6 * MINUTE;
    assert_string_equal(said(app, &plain, "ada", NULL, NOW - 1), "");
}

/* The first said how long it holds, the second does not. */
static void a_shorter_one(void **state)
{
    const sso_app_t *app = app_with_store();

    (void)state;
    ended(app, &plain, "ada", "a1", NOW, DAY);
    clock_says = NOW + MINUTE;
    ended(app, &plain, "ada", "a1", clock_says, 5 * MINUTE);
    assert_string_equal(said(app, &plain, "ada", "a1", NOW + MINUTE - 1), "session");
    clock_says = NOW + DAY - 1;
    assert_string_equal(said(app, &plain, "ada", "a1", NOW - 1), "session");
    assert_string_equal(said(app, &plain, "ada", "a1", NOW + MINUTE), "");
    clock_says = NOW + DAY;
    assert_string_equal(said(app, &plain, "ada", "a1", NOW - 1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whom_it_names, setup, teardown),
        cmocka_unit_test_setup_teardown(whom_entra_names, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shorter_one, setup, teardown),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("logout_late", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
