/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of response.c that the AuthnStatement is for: when and how somebody signed on, and until when that holds. */

#include "response_cases.h"

/* Core 2.7.2; Profiles 4.1.4.2 */
static void test_authn(void **state)
{
    static const case_t cases[] = {
        { "authn-absent", SAML_E_AUTHN_STATEMENT, "expected an AuthnStatement, got none", 0, NULL },
        { "authn-instant-absent", SAML_E_AUTHN_STATEMENT, "AuthnInstant: expected a time, got none", 0, NULL },
        { "authn-instant-garbage", SAML_E_AUTHN_STATEMENT, "AuthnInstant: expected a time", 0, NULL },
        { "authn-context-absent", SAML_E_AUTHN_STATEMENT, "expected an AuthnContext, got none", 0, NULL },
        { "authn-no-class-ref", SAML_OK, NULL, 0, NULL },
        { "authn-no-session-index", SAML_OK, NULL, 0, NULL },
        { "authn-session-limit", SAML_OK, NULL, TIME(9, 45, 0) + SKEW - 1, NULL },
        { "authn-session-limit", SAML_E_SESSION_EXPIRED, "got 2026-03-02T09:45:00Z at 2026-03-02T09:48:00Z",
          TIME(9, 45, 0) + SKEW, NULL },
        { "authn-session-limit", SAML_OK, NULL, TIME(9, 45, 0) - 1, no_skew },
        { "authn-session-limit", SAML_E_SESSION_EXPIRED, "SessionNotOnOrAfter", TIME(9, 45, 0), no_skew },
        { "authn-session-epoch", SAML_E_SESSION_EXPIRED, "got 1970-01-01T00:00:00", 0, NULL },
        { "authn-session-garbage", SAML_E_MALFORMED, "SessionNotOnOrAfter", 0, NULL },
        { "authn-second-past", SAML_E_SESSION_EXPIRED, "got 2026-03-02T09:00:00Z", 0, NULL },
        { "authn-two", SAML_OK, NULL, 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

#define CLASSES "urn:oasis:names:tc:SAML:2.0:ac:classes:"

static void no_class_asked(saml_expect_t *want)
{
    want->authn_context = apr_array_make(pool, 1, sizeof(const char *));
}

static void password_asked(saml_expect_t *want)
{
    want->authn_context = pointers(CLASSES "Password", NULL);
}

static void either_asked(saml_expect_t *want)
{
    want->authn_context = pointers(CLASSES "X509", CLASSES "Password");
}

static void others_asked(saml_expect_t *want)
{
    want->authn_context = pointers(CLASSES "X509", CLASSES "PasswordProtectedTransport");
}

static void other_case_asked(saml_expect_t *want)
{
    want->authn_context = pointers(CLASSES "password", NULL);
}

#define SIGNED_ON (TIME(9, 15, 30) - apr_time_from_sec(3 * 86400))     /* the fixtures' AuthnInstant */

static void anew_by_too_little(saml_expect_t *want)
{
    want->authn_since = SIGNED_ON + want->skew + 1;
}

static void anew_just_so(saml_expect_t *want)
{
    want->authn_since = SIGNED_ON + want->skew;
}

static void anew_no_skew(saml_expect_t *want)
{
    want->skew = 0;
    want->authn_since = SIGNED_ON + 1;
}

/* Core 3.4.1, ForceAuthn: the earliest AuthnInstant counts. */
static void test_authn_since(void **state)
{
    static const case_t cases[] = {
        { "good", SAML_OK, NULL, 0, anew_just_so },
        { "good", SAML_E_AUTHN_STATEMENT, "AuthnInstant: expected a sign-on of its own, as ForceAuthn asks, not before "
            "2026-02-27T09:18:30", 0, anew_by_too_little },
        { "good", SAML_E_AUTHN_STATEMENT, "got 2026-02-27T09:15:30", 0, anew_no_skew },
        { "authn-two", SAML_OK, NULL, 0, anew_just_so },
        { "authn-two", SAML_E_AUTHN_STATEMENT, "AuthnInstant: expected", 0, anew_by_too_little },
    };

    (void)state;
    JUDGE(cases);
}

/* Core 3.3.2.2.1: "exact", whoever began the sign-on. */
static void test_authn_context(void **state)
{
    static const case_t cases[] = {
        { "good", SAML_OK, NULL, 0, no_class_asked },
        { "good", SAML_OK, NULL, 0, password_asked },
        { "good", SAML_OK, NULL, 0, either_asked },
        { "good", SAML_E_AUTHN_STATEMENT, "AuthnContextClassRef: expected \"" CLASSES "X509\" or \"" CLASSES
            "PasswordProtectedTransport\", got \"" CLASSES "Password\"", 0, others_asked },
        { "good", SAML_E_AUTHN_STATEMENT, "expected \"" CLASSES "password\", got", 0, other_case_asked },
        { "authn-no-class-ref", SAML_E_AUTHN_STATEMENT, "expected \"" CLASSES "Password\", got none", 0, password_asked },
        { "authn-two", SAML_OK, NULL, 0, password_asked },
    };

    (void)state;
    JUDGE(cases);
}

int main(void)
{
    static const struct CMUnitTest authn[] = {
        cmocka_unit_test_setup_teardown(test_authn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_authn_since, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_authn_context, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(authn, set_up_expectation, tear_down_library);
}
