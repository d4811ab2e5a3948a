/* SPDX-License-Identifier: Apache-2.0 */
/* What is an identifier in Entra's form, and which two are the same. */

#include "common.h"

#include "saml/guid.h"

#define LOWER "0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c11"
#define UPPER "0F5C8F6E-7F0B-4EC9-9D4B-0D7F9C3A1C11"

static void forms(void **state)
{
    static const char *const none[] = {
        "", "-", "0f5c8f6e", "0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c1", LOWER "0", LOWER " ", " " LOWER, "{" LOWER "}",
        "0f5c8f6e+7f0b-4ec9-9d4b-0d7f9c3a1c11", "0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1cg1", "0f5c8f6e7f0b4ec99d4b0d7f9c3a1c11",
        "-f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c11", "0f5c8f6ea7f0b-4ec9-9d4b-0d7f9c3a1c11"
    };
    apr_size_t i;

    (void)state;
    assert_true(saml_guid_is(LOWER));
    assert_true(saml_guid_is(UPPER));
    assert_false(saml_guid_is(NULL));
    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        if (saml_guid_is(none[i]))
            fail_msg("\"%s\" passes for a GUID", none[i]);
    }
}

static void case_says_nothing(void **state)
{
    (void)state;
    assert_string_equal(saml_guid_lower(pool, UPPER), LOWER);
    assert_string_equal(saml_guid_lower(pool, LOWER), LOWER);
    assert_true(saml_guid_same(LOWER, UPPER));
    assert_false(saml_guid_same(LOWER, "0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c12"));
    assert_false(saml_guid_same(LOWER, NULL));
    assert_false(saml_guid_same("x", "x"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = { unit(forms), unit(case_says_nothing) };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_library, tear_down_library);
}
