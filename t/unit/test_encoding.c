/* SPDX-License-Identifier: Apache-2.0 */
/* base64, base64url, percent-encoding, parameters: RFC 4648, RFC 3986, SAML Bindings 3.4.4, 3.5.4. */

#include "common.h"
#include "saml/encoding.h"


static saml_status_t decode(const char **out, apr_size_t *len, const char *text, apr_size_t max)
{
    return saml_base64_decode(out, len, text, strlen(text), max, "value", pool, &err);
}

/* RFC 4648 10, and an octet of every value. */
static void test_base64_vectors(void **state)
{
    static const struct {
        const char *plain;
        const char *text;
    } cases[] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
    };
    const char *out;
    apr_size_t len, i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(saml_base64_encode(pool, cases[i].plain, strlen(cases[i].plain)), cases[i].text);
        assert_int_equal(decode(&out, &len, cases[i].text, 100), SAML_OK);
        assert_int_equal(len, strlen(cases[i].plain));
        assert_string_equal(out, cases[i].plain);
    }
}

static void test_base64_all_octets(void **state)
{
    unsigned char all[256];
    const char *out;
    apr_size_t len;
    int i;

    (void)state;
    for (i = 0; i < 256; i++)
        all[i] = (unsigned char)(255 - i);
    assert_int_equal(decode(&out, &len, saml_base64_encode(pool, all, 256), 256), SAML_OK);
    assert_int_equal(len, 256);
    assert_memory_equal(out, all, 256);
}

/* White space inside of a group of four digits, between groups, at the ends; every octet's value at every place of a group. */
static void test_base64_space_anywhere(void **state)
{
    unsigned char octets[256 + 5];
    const char *out, *text;
    apr_size_t len, at, i;

    (void)state;
    for (i = 0; i < sizeof(octets); i++)
        octets[i] = (unsigned char)(i * 7);
    text = saml_base64_encode(pool, octets, sizeof(octets));
    for (at = 0; at <= strlen(text); at++) {
        const char *spaced = apr_pstrcat(pool, apr_pstrndup(pool, text, at), " \r\n\t", text + at, NULL);

        assert_int_equal(saml_base64_decode(&out, &len, spaced, strlen(spaced), sizeof(octets), "text", pool, &err), SAML_OK);
        assert_int_equal(len, sizeof(octets));
        assert_memory_equal(out, octets, len);
    }
    assert_int_equal(saml_base64_decode(&out, &len, text, strlen(text), sizeof(octets) - 1, "text", pool, &err), SAML_E_TOO_LARGE);
}

/* What is no digit of the one alphabet is refused at every place, a digit of the other one alone included. */
static void test_base64_bad_anywhere(void **state)
{
    static const char bad[] = { '-', '_', '*', '@', '[', '{', '\0', '\x7f', '\x80', '\xc1', '\xff' };
    const char *out;
    apr_size_t len, at, i;

    (void)state;
    for (i = 0; i < sizeof(bad); i++)
        for (at = 0; at < 12; at++) {
            char text[] = "QUJDREVGR0hJ", url[] = "QUJDREVGR0hJ";

            text[at] = bad[i];
            assert_int_equal(saml_base64_decode(&out, &len, text, 12, 99, "text", pool, &err), SAML_E_MALFORMED);
            url[at] = i < 2 ? "+/"[i] : bad[i];
            assert_int_equal(saml_base64url_decode(&out, &len, url, 12, pool, &err), SAML_E_MALFORMED);
        }
}

/* A form value comes in lines from some identity providers, and some leave the padding out. */
static void test_base64_space_and_missing_padding(void **state)
{
    static const char *const same[] = { "Zm9vYg==", " Zm9v\r\nYg==\n", "Z\tm 9 v Y g = =", "Zm9vYg" };
    const char *out;
    apr_size_t len, i;

    (void)state;
    for (i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_int_equal(decode(&out, &len, same[i], 4), SAML_OK);
        assert_string_equal(out, "foob");
        assert_int_equal(len, 4);
    }
}

static void test_base64_refuses(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { "Zm9v!", "expected base64, got \"!\" at octet 4" },
        { "Zm9vYg==Zg==", "expected base64, got \"Z\" at octet 8" },
        { "Zm9-", "expected base64, got \"-\" at octet 3" },
        { "Zm9_", "expected base64, got \"_\" at octet 3" },
        { "Zm9v\v", "expected base64, got" },
        { "Zm9vYg=", "wrongly padded: got 6 digits and 1 \"=\"" },
        { "Zm9vYg===", "wrongly padded: got 6 digits and 3 \"=\"" },
        { "Zm9vYmE==", "wrongly padded: got 7 digits and 2 \"=\"" },
        { "Zm9v=", "wrongly padded: got 4 digits and 1 \"=\"" },
        { "Zm9vY", "wrongly padded: got 5 digits and 0 \"=\"" },
        { "=", "wrongly padded" },
        { "Zm9vYh==", "bits set that belong to no octet" },
        { "Zm9vYmF=", "bits set that belong to no octet" },
        { "\xc3\xa4", "expected base64, got" },
    };
    const char *out = "untouched";
    apr_size_t len = 77, i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(decode(&out, &len, cases[i].text, 100), SAML_E_MALFORMED);
        assert_non_null(strstr(err.reason, cases[i].says));
        assert_non_null(strstr(err.reason, "value: "));
        assert_string_equal(out, "untouched");
        assert_int_equal(len, 77);
    }
}

static void test_base64_nul_octet(void **state)
{
    const char *out;
    apr_size_t len;

    (void)state;
    assert_int_equal(saml_base64_decode(&out, &len, "Zm9\0Zm9v", 8, 100, "value", pool, &err), SAML_E_MALFORMED);
    assert_non_null(strstr(err.reason, "at octet 3"));
}

static void test_base64_limit(void **state)
{
    const char *out;
    apr_size_t len;

    (void)state;
    assert_int_equal(decode(&out, &len, "Zm9vYmFy", 6), SAML_OK);
    assert_int_equal(len, 6);
    assert_int_equal(decode(&out, &len, "Zm9vYmFy", 5), SAML_E_TOO_LARGE);
    assert_non_null(strstr(err.reason, "at most 5 bytes, got 6"));
    assert_int_equal(decode(&out, &len, "Zg==", 0), SAML_E_TOO_LARGE);
    assert_int_equal(decode(&out, &len, "", 0), SAML_OK);
}

static void test_base64url(void **state)
{
    static const char *const bad[] = { "Zm9v+w", "Zm9v/w", "Zg==", "Z", "Zm9vY", "Zm 9", "Zh" };
    const char *out;
    apr_size_t len, i;

    (void)state;
    assert_string_equal(saml_base64url_encode(pool, "\xfb\xff\xfe", 3), "-__-");
    assert_string_equal(saml_base64url_encode(pool, "f", 1), "Zg");
    assert_int_equal(saml_base64url_decode(&out, &len, "-__-", 4, pool, &err), SAML_OK);
    assert_memory_equal(out, "\xfb\xff\xfe", 4);
    assert_int_equal(saml_base64url_decode(&out, &len, "Zg", 2, pool, &err), SAML_OK);
    assert_string_equal(out, "f");
    assert_int_equal(saml_base64url_decode(&out, &len, "", 0, pool, &err), SAML_OK);
    assert_int_equal(len, 0);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(saml_base64url_decode(&out, &len, bad[i], strlen(bad[i]), pool, &err), SAML_E_MALFORMED);
}

static void test_percent_encode(void **state)
{
    (void)state;
    assert_string_equal(saml_percent_encode(pool, "AZaz09-._~"), "AZaz09-._~");
    assert_string_equal(saml_percent_encode(pool, "a b+c/d=&?#%"), "a%20b%2Bc%2Fd%3D%26%3F%23%25");
    assert_string_equal(saml_percent_encode(pool, "\xc3\xa4\x01\xff"), "%C3%A4%01%FF");
    assert_string_equal(saml_percent_encode(pool, ""), "");
}

static void test_form_decode(void **state)
{
    const char *out;

    (void)state;
    assert_int_equal(saml_form_decode(&out, "a+b%2bc%2BD%C3%a4", 17, pool, &err), SAML_OK);
    assert_string_equal(out, "a b+c+D\xc3\xa4");
    assert_int_equal(saml_form_decode(&out, "abc", 2, pool, &err), SAML_OK);
    assert_string_equal(out, "ab");
    assert_int_equal(saml_form_decode(&out, "", 0, pool, &err), SAML_OK);
    assert_string_equal(out, "");
}

static void test_form_decode_refuses(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { "a%", "got \"%\"" }, { "a%4", "got \"%4\"" }, { "%4g1", "got \"%4g\"" }, { "%g4", "got \"%g4\"" },
        { "%-1", "got \"%-1\"" }, { "%00", "NUL octet" }, { "x%00y", "NUL octet" },
    };
    const char *out = "untouched";
    apr_size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(saml_form_decode(&out, cases[i].text, strlen(cases[i].text), pool, &err), SAML_E_MALFORMED);
        assert_non_null(strstr(err.reason, cases[i].says));
    }
    assert_int_equal(saml_form_decode(&out, "a\0b", 3, pool, &err), SAML_E_MALFORMED);
    assert_int_equal(saml_form_decode(&out, "%41", 2, pool, &err), SAML_E_MALFORMED);
    assert_string_equal(out, "untouched");
}

static const char *param(const char *query, const char *name)
{
    saml_param_t found;

    assert_int_equal(saml_param_find(&found, query, strlen(query), name, &err), SAML_OK);
    return found.raw ? apr_pstrmemdup(pool, found.raw, found.raw_len) : NULL;
}

static void test_param_find(void **state)
{
    (void)state;
    assert_string_equal(param("a=1&b=%2f&c=3", "a"), "1");
    assert_string_equal(param("a=1&b=%2f&c=3", "b"), "%2f");
    assert_string_equal(param("a=1&b=%2f&c=3", "c"), "3");
    assert_string_equal(param("a=x=y", "a"), "x=y");
    assert_string_equal(param("a=", "a"), "");
    assert_string_equal(param("a", "a"), "");
    assert_string_equal(param("&&a=1&&", "a"), "1");
    assert_null(param("a=1", "b"));
    assert_null(param("", "a"));
    assert_null(param("aa=1&A=2&a%20=3", "a"));
    assert_null(param("x=1;a=2", "a"));
    assert_null(param("%61=1", "a"));
}

static void test_param_twice(void **state)
{
    static const char *const twice[] = { "a=1&a=1", "a=1&b=2&a=3", "a&a", "a=&a=1" };
    saml_param_t found = { "untouched", 9 };
    apr_size_t i;

    (void)state;
    for (i = 0; i < sizeof twice / sizeof twice[0]; i++) {
        assert_int_equal(saml_param_find(&found, twice[i], strlen(twice[i]), "a", &err), SAML_E_MALFORMED);
        assert_string_equal(err.reason, "parameter a: expected once, got it more than once");
        assert_string_equal(found.raw, "untouched");
    }
}

int main(void)
{
    static const struct CMUnitTest encoding[] = {
        cmocka_unit_test_setup_teardown(test_base64_vectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_all_octets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_space_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_bad_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_space_and_missing_padding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_nul_octet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64url, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_percent_encode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form_decode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form_decode_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_param_find, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_param_twice, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(encoding, set_up_library, tear_down_library);
}
