/* SPDX-License-Identifier: Apache-2.0 */
/* Text as a JSON string: RFC 8259 7, and well-formed UTF-8 whatever came in (Unicode 15, table 3-7). */

#include "common.h"
#include "saml/json.h"

static void test_strings(void **state)
{
    static const struct { const char *text, *want; } cases[] = {
        { "", "\"\"" }, { "ada", "\"ada\"" }, { "a\"b\\c/", "\"a\\\"b\\\\c/\"" }, { "a\tb\nc\x01", "\"a\\u0009b\\u000ac\\u0001\"" },
        { "\x7f\x1f ~", "\"\\u007f\\u001f ~\"" }, { "</script>", "\"\\u003c/script>\"" }, { "\xc3\xa4", "\"\xc3\xa4\"" },
        { "\xe2\x82\xac", "\"\xe2\x82\xac\"" }, { "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
        { "\xc2\x80", "\"\\u0080\"" }, { "\xc2\x9b" "2J\xc2\x9f", "\"\\u009b2J\\u009f\"" }, { "\xc2\xa0", "\"\xc2\xa0\"" },
        { "a\xe2\x80\xae" "b\xe2\x81\xa6", "\"a\\u202eb\\u2066\"" }, { "\xd8\x9c\xef\xbb\xbf\xe2\x80\xa8", "\"\\u061c\\ufeff\\u2028\"" },
        { "\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90", "\"\\u200e\\u200f\xe2\x80\x90\"" },
        { "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5", "\"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\"" },
        { "\xdf\xbf", "\"\xdf\xbf\"" }, { "\xe0\xa0\x80", "\"\xe0\xa0\x80\"" },
        { "\xed\x9f\xbf", "\"\xed\x9f\xbf\"" }, { "\xee\x80\x80", "\"\xee\x80\x80\"" }, { "\xef\xbf\xbf", "\"\xef\xbf\xbf\"" },
        { "\xf0\x90\x80\x80", "\"\xf0\x90\x80\x80\"" }, { "\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(saml_json_string(pool, cases[i].text), cases[i].want);
    assert_string_equal(saml_json_string(pool, NULL), "null");
}

/* Each octet that belongs to no character becomes U+FFFD, and what follows is read as if it began there. */
static void test_not_utf8(void **state)
{
#define R "\xef\xbf\xbd"
    static const struct { const char *text, *want; } cases[] = {
        { "a\x80z", "\"a" R "z\"" }, { "\xc0\xaf", "\"" R R "\"" }, { "\xc1\xbf", "\"" R R "\"" }, { "\xc3", "\"" R "\"" },
        { "\xc3(", "\"" R "(\"" }, { "\xe2\x82", "\"" R R "\"" }, { "\xe2(\xa1", "\"" R "(" R "\"" },
        { "\xe0\x9f\xbf", "\"" R R R "\"" }, { "\xed\xa0\x80", "\"" R R R "\"" }, { "\xf0\x8f\xbf\xbf", "\"" R R R R "\"" },
        { "\xf4\x90\x80\x80", "\"" R R R R "\"" }, { "\xf5\x80\x80\x80", "\"" R R R R "\"" }, { "\xff", "\"" R "\"" },
        { "\xe2\x82\"", "\"" R R "\\\"\"" },       /* the quote is not swallowed */
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(saml_json_string(pool, cases[i].text), cases[i].want);
}

int main(void)
{
    static const struct CMUnitTest json[] = { unit(test_strings), unit(test_not_utf8) };

    apr_initialize();
    return cmocka_run_group_tests(json, set_up_library, tear_down_library);
}
