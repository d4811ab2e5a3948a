/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are to be asked again later, and the time that there is for it. */

#include "scripted.h"

static saml_fetched_t *answer;

static saml_status_t ask(void)
{
    const saml_fetch_t what = { .url = "https://there.example/", .what = "errand", .failure = SAML_E_OVERAGE };

    answer = NULL;
    return saml_outgoing_ask(&answer, &script_outgoing, &what, pool, &err);
}

static void what_is_asked(void **state)
{
    (void)state;
    SCRIPT({ 200, "yes", 0 });
    assert_says(ask(), SAML_OK, "");
    assert_string_equal(answer->body, "yes");
    assert_string_equal(script.asked[0].url, "https://there.example/");
    assert_string_equal(script.asked[0].ca_file, "/ca.pem");
    assert_string_equal(script.asked[0].proxy, "http://proxy:3128");
    assert_int_equal(script.asked[0].timeout, apr_time_from_sec(10));
    assert_int_equal(script.waited, 0);
}

static void other_statuses_come_back(void **state)
{
    static const int statuses[] = { 200, 304, 400, 401, 403, 404, 500, 502 };
    apr_size_t i;

    (void)state;
    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        const script_answer_t one = { statuses[i], "", 1 };

        script_begin(&one, 1);
        assert_says(ask(), SAML_OK, "");
        assert_int_equal(answer->http_status, statuses[i]);
    }
}

static void waits_as_told(void **state)
{
    (void)state;
    SCRIPT({ 429, "", 3 }, { 503, "", 0 }, { 504, "", 2 }, { 200, "yes", 0 });
    assert_says(ask(), SAML_OK, "");
    assert_int_equal(script.waited, apr_time_from_sec(6));
    assert_int_equal(script.asked[3].timeout, apr_time_from_sec(4));
}

static void gives_up(void **state)
{
    (void)state;
    SCRIPT({ 429, "", 10 });
    assert_says(ask(), SAML_E_OVERAGE, "errand: expected an answer, got HTTP status 429 1 times, now with a wait of 10 s");
    assert_int_equal(script.waited, 0);
    SCRIPT({ 429, "", 9 }, { 429, "", 1 });
    assert_says(ask(), SAML_E_OVERAGE, "429 2 times, now with a wait of 1 s before the next try, and 1 s are left");
    SCRIPT({ 503, "", 0 }, { 503, "", 0 }, { 503, "", 0 }, { 503, "", 0 }, { 503, "", 0 });
    assert_says(ask(), SAML_E_OVERAGE, "503 5 times");
    SCRIPT({ 0, "", 0 });
    assert_says(ask(), SAML_E_OVERAGE, "error 7");
}

static void no_time_left(void **state)
{
    (void)state;
    SCRIPT({ 200, "", 0 });
    script.left = 0;
    assert_says(ask(), SAML_E_OVERAGE, "none of it was left");
    assert_int_equal(script.at, 0);
    SCRIPT({ 429, "", 1 });
    script.left = apr_time_from_msec(1499);
    assert_says(ask(), SAML_E_OVERAGE, "1 s are left");
}

static apr_interval_time_t over_after_one(void *baton)
{
    int *calls = baton;

    return (*calls)++ ? -1 : 1;
}

static void time_runs_out_meanwhile(void **state)
{
    const saml_fetch_t what = { .url = "https://there.example/", .what = "errand", .failure = SAML_E_OVERAGE };
    saml_outgoing_t by = script_outgoing;
    int calls = 0;

    (void)state;
    by.left = over_after_one;
    by.baton = &calls;
    SCRIPT({ 429, "", 1 });
    assert_says(saml_outgoing_ask(&answer, &by, &what, pool, &err), SAML_E_OVERAGE, "and 0 s are left");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        unit(what_is_asked), unit(other_statuses_come_back), unit(waits_as_told), unit(gives_up), unit(no_time_left),
        unit(time_runs_out_meanwhile),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_library, tear_down_library);
}
