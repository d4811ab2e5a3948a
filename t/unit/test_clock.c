/* SPDX-License-Identifier: Apache-2.0 */
/* xs:dateTime (XML Schema Part 2, 3.2.7; SAML Core 1.3.3) and windows. */

#include "material.h"

#include <stdlib.h>
#include <time.h>
#include "saml/clock.h"

#define SECONDS(n) (APR_TIME_C(n) * APR_USEC_PER_SEC)

static void test_read(void **state)
{
    static const struct { const char *text; apr_time_t want; } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-03-02T09:15:30Z", SECONDS(1772442930) },
        { "2026-03-02T09:15:30", SECONDS(1772442930) },                 /* no zone is UTC */
        { " \t\r\n2026-03-02T09:15:30Z\n", SECONDS(1772442930) },
        { "2026-03-02T09:15:30.5Z", SECONDS(1772442930) + 500000 },
        { "2026-03-02T09:15:30.1234567Z", SECONDS(1772442930) + 123456 },
        { "2026-03-02T09:15:30.99999999999999999999Z", SECONDS(1772442930) + 999999 },
        { "2026-03-02T09:15:30.000Z", SECONDS(1772442930) },
        { "2026-03-02T11:15:30+02:00", SECONDS(1772442930) },
        { "2026-03-02T03:45:30-05:30", SECONDS(1772442930) },
        { "2026-03-02T23:15:30+14:00", SECONDS(1772442930) },
        { "2026-03-01T19:15:30-14:00", SECONDS(1772442930) },
        { "2026-03-02T09:15:30.25+00:00", SECONDS(1772442930) + 250000 },
        { "2026-03-02T24:00:00Z", SECONDS(1772496000) },
        { "2026-03-03T00:00:00Z", SECONDS(1772496000) },
        { "2016-12-31T23:59:60Z", SECONDS(1483228800) },
        { "2024-02-29T00:00:00Z", SECONDS(1709164800) },
        { "2000-02-29T00:00:00Z", SECONDS(951782400) },
        { "1969-12-31T23:59:59Z", SECONDS(-1) },
        { "1969-12-31T23:59:59.5Z", -500000 },
        { "0001-01-01T00:00:00Z", SECONDS(-62135596800) },
        { "9999-12-31T23:59:59Z", SECONDS(253402300799) },
        { "2038-01-19T03:14:08Z", SECONDS(2147483648) },
    };
    apr_time_t got;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (saml_time_parse(&got, cases[i].text, "it", &err) != SAML_OK)
            fail_msg("%s: %s", cases[i].text, err.reason);
        if (got != cases[i].want)
            fail_msg("%s: expected %" APR_TIME_T_FMT ", got %" APR_TIME_T_FMT, cases[i].text, cases[i].want, got);
    }
}

static void test_refused(void **state)
{
    static const char *const cases[] = {
        "", " ", "now", "2026", "2026-03-02", "2026-03-02T09:15Z", "2026-03-02 09:15:30Z", "2026-03-02t09:15:30Z",
        "2026-03-02T09:15:30z", "26-03-02T09:15:30Z", "+2026-03-02T09:15:30Z", "-2026-03-02T09:15:30Z",
        "12026-03-02T09:15:30Z", "2026-3-02T09:15:30Z", "2026-03-2T09:15:30Z", "2026-00-02T09:15:30Z",
        "2026-13-02T09:15:30Z", "2026-03-00T09:15:30Z", "2026-03-32T09:15:30Z", "2026-04-31T09:15:30Z",
        "2025-02-29T09:15:30Z", "1900-02-29T09:15:30Z", "0000-01-01T00:00:00Z", "2026-03-02T25:00:00Z",
        "2026-03-02T24:00:01Z", "2026-03-02T24:01:00Z", "2026-03-02T24:00:00.1Z", "2026-03-02T09:60:30Z",
        "2026-03-02T09:15:61Z", "2026-03-02T09:15:30.Z", "2026-03-02T09:15:30,5Z", "2026-03-02T09:15:30ZZ",
        "2026-03-02T09:15:30Z x", "2026-03-02T09:15:30+14:01", "2026-03-02T09:15:30-14:01",
        "2026-03-02T09:15:30+02:60", "2026-03-02T09:15:30+0200", "2026-03-02T09:15:30+02", "2026-03-02T09:15:30 Z",
        "2026-03-02T9x:15:30Z", "2026-03-02T09-15:30Z", "2026-03-02T09:1x:30Z", "2026-03-02T09:15:30+x2:00",
        "2026-03-02T09:15:30+02:0x", "2026-03-02T25:59:60Z", "2026-03-02T23:60:60Z", "2026-03-02T24:00:60Z",
        "2026-03-02T09:15:30UTC", "2026-03-02T09:15:3\xd9\xa0Z", "0x7e-03-02T09:15:30Z", "2026-03-02T 9:15:30Z",
    };
    apr_time_t got = 42;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_says(saml_time_parse(&got, cases[i], "Conditions NotBefore", &err), SAML_E_MALFORMED,
                    "Conditions NotBefore: expected a time");
        assert_non_null(strstr(err.reason, saml_quote(pool, cases[i])));
    }
    assert_says(saml_time_parse(&got, NULL, "IssueInstant", &err), SAML_E_MALFORMED, "got none");
    assert_int_equal(got, 42);
}

/* The machine's zone has no say. */
static void test_time_zone_of_the_machine(void **state)
{
    apr_time_t got;

    (void)state;
    setenv("TZ", "America/New_York", 1);
    tzset();
    assert_says(saml_time_parse(&got, "2026-07-02T09:15:30Z", "it", &err), SAML_OK, "");
    assert_string_equal(saml_time_format(pool, got), "2026-07-02T09:15:30Z");
    assert_int_equal(apr_time_sec(got), 1782983730);
    unsetenv("TZ");
    tzset();
}

static void test_format(void **state)
{
    (void)state;
    assert_string_equal(saml_time_format(pool, 0), "1970-01-01T00:00:00Z");
    assert_string_equal(saml_time_format(pool, SECONDS(1772442930)), "2026-03-02T09:15:30Z");
    assert_string_equal(saml_time_format(pool, SECONDS(1772442930) + 45000), "2026-03-02T09:15:30.045Z");
    assert_string_equal(saml_time_format(pool, SECONDS(1709164800) - 1000), "2024-02-28T23:59:59.999Z");
    assert_string_equal(saml_time_format(pool, SECONDS(951782400)), "2000-02-29T00:00:00Z");
    assert_string_equal(saml_time_format(pool, SECONDS(-1)), "1969-12-31T23:59:59Z");
    assert_string_equal(saml_time_format(pool, -1000), "1969-12-31T23:59:59.999Z");
    assert_string_equal(saml_time_format(pool, SECONDS(253402300799)), "9999-12-31T23:59:59Z");
}

/* Every day of four centuries there and back. */
static void test_round_trip(void **state)
{
    apr_time_t t, got;

    (void)state;
    for (t = SECONDS(-6106060800); t < SECONDS(6516720000); t += 5 * MATERIAL_DAY + SECONDS(3661)) {
        const char *text = saml_time_format(pool, t);

        assert_says(saml_time_parse(&got, text, "it", &err), SAML_OK, "");
        assert_true(got == t);
    }
}

/* SAML Core 2.5.1.2: the instant of NotOnOrAfter is outside, that of NotBefore inside; the skew widens both. */
static void test_windows(void **state)
{
    apr_time_t t = MATERIAL_NOW;

    (void)state;
    assert_false(saml_time_is_past(t, t - 1, 0));
    assert_true(saml_time_is_past(t, t, 0));
    assert_false(saml_time_is_past(t, t + SECONDS(180) - 1, SECONDS(180)));
    assert_true(saml_time_is_past(t, t + SECONDS(180), SECONDS(180)));
    assert_true(saml_time_is_ahead(t, t - 1, 0));
    assert_false(saml_time_is_ahead(t, t, 0));
    assert_true(saml_time_is_ahead(t, t - SECONDS(180) - 1, SECONDS(180)));
    assert_false(saml_time_is_ahead(t, t - SECONDS(180), SECONDS(180)));
    assert_false(saml_time_is_past(INT64_MAX, t, SECONDS(600)));
}

int main(void)
{
    static const struct CMUnitTest clocks[] = {
        unit(test_read), unit(test_refused), unit(test_time_zone_of_the_machine), unit(test_format),
        unit(test_round_trip), unit(test_windows),
    };

    apr_initialize();
    return cmocka_run_group_tests(clocks, set_up_library, tear_down_library);
}
