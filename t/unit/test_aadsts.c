/* SPDX-License-Identifier: Apache-2.0 */
/* Entra's codes: found in a text, told from other numbers, looked up. */

#include "common.h"
#include "saml/aadsts.h"

/* What is found is a code, whatever stands around it, and nothing but letters of ours and digits. */
static void test_in_a_text(void **state)
{
    static const struct { const char *text, *want; } cases[] = {
        { "AADSTS50105: The signed in user is not assigned", "AADSTS50105" },
        { "AADSTS50105", "AADSTS50105" },
        { "\"AADSTS50105: x\"", "AADSTS50105" },
        { "error: aadsts7500529; then AADSTS50011", "AADSTS7500529" },
        { "AADSTS50105<script>", "AADSTS50105" },
        { "AADSTS and AADSTS12 and AADSTS90002", "AADSTS90002" },
        { "AADSTS1234", "AADSTS1234" },
        { "AADSTS12345678", "AADSTS12345678" },
        { "AADSTS123", NULL },
        { "AADSTS123456789", NULL },
        { "AADSTS50 105", NULL },
        { "XAADSTS50105", NULL },
        { "1AADSTS50105", NULL },
        { "50105", NULL },
        { "AADST", NULL },
        { "", NULL },
        { NULL, NULL },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = saml_aadsts_in(pool, cases[i].text);

        if (!cases[i].want)
            assert_null(got);
        else
            assert_string_equal(got, cases[i].want);
    }
}

static void test_a_word(void **state)
{
    (void)state;
    assert_string_equal(saml_aadsts_named(pool, "AADSTS50105"), "AADSTS50105");
    assert_string_equal(saml_aadsts_named(pool, "aadsts50105"), "AADSTS50105");
    assert_string_equal(saml_aadsts_named(pool, "50105"), "AADSTS50105");
    assert_null(saml_aadsts_named(pool, "AADSTS50105:"));
    assert_null(saml_aadsts_named(pool, "50105 "));
    assert_null(saml_aadsts_named(pool, "AADSTS"));
    assert_null(saml_aadsts_named(pool, "NoPassive"));
    assert_null(saml_aadsts_named(pool, ""));
    assert_null(saml_aadsts_named(pool, "123"));
    assert_null(saml_aadsts_named(pool, "123456789"));
}

static void test_look_up(void **state)
{
    const saml_code_words_t *w = saml_aadsts_find("AADSTS50105");

    (void)state;
    assert_non_null(w);
    assert_string_equal(w->name, "AADSTS50105");
    assert_non_null(strstr(w->meaning, "not assigned"));
    assert_int_equal(w->mender, SAML_MENDS_ADMIN);
    assert_null(saml_aadsts_find("AADSTS5010"));
    assert_null(saml_aadsts_find("AADSTS050105"));
    assert_null(saml_aadsts_find("50105"));
    assert_string_equal(saml_aadsts_url(pool, "AADSTS50105"), "https://login.microsoftonline.com/error?code=50105");
}

/* Each entry is a code that a text can bring, stands once, and has whole sentences. */
static void test_table(void **state)
{
    const saml_code_words_t *w;
    int count = 0;

    (void)state;
    for (w = saml_aadsts_words; w->name; w++, count++) {
        assert_string_equal(saml_aadsts_in(pool, w->name), w->name);
        assert_ptr_equal(saml_aadsts_find(w->name), w);
        assert_true(w->meaning[strlen(w->meaning) - 1] == '.');
        assert_true(w->fix[strlen(w->fix) - 1] == '.');
        assert_true(w->mender < SAML_MENDER_COUNT);
    }
    assert_int_equal(count, 50);
}

int main(void)
{
    static const struct CMUnitTest aadsts[] = {
        cmocka_unit_test_setup_teardown(test_in_a_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_word, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_look_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_table, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(aadsts, set_up_library, tear_down_library);
}
