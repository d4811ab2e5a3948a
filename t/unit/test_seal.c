/* SPDX-License-Identifier: Apache-2.0 */
/* seal.c: the secret file, sealing, and everything that must not open. */

#include "glue.h"
#include "saml/seal.h"

#define SECRET_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET_B "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff101112131415161718191a1b1c1d1e1f"

static saml_secret_t *secret_of(const char *text)
{
    saml_secret_t *secret = NULL;

    assert_int_equal(saml_secret_parse(&secret, text, strlen(text), "secret.hex", pool, new_err()), SAML_OK);
    assert_non_null(secret);
    return secret;
}

static void secret_files(void **state)
{
    static const struct {
        const char *text;
        saml_status_t want;
        const char *says;
    } cases[] = {
        { SECRET_A "\n", SAML_OK, NULL },
        { SECRET_A, SAML_OK, NULL },
        { "# of the shop\r\n\r\n  " SECRET_A "\t\r\n" SECRET_B "\n", SAML_OK, NULL },
        { "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20", SAML_OK, NULL },
        { "", SAML_E_METADATA, "expected a line of 64 or more hex digits, got none" },
        { "# nothing\n\n", SAML_E_METADATA, "got none" },
        { "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e\n", SAML_E_METADATA, "line 1: expected an even number of hex digits, 64 to 2048, got 62" },
        { "# x\n" SECRET_A "0\n", SAML_E_METADATA, "line 2: expected an even number of hex digits, 64 to 2048, got 65" },
        { SECRET_A "\n" SECRET_B " x\n", SAML_E_METADATA, "line 2: expected hex digits only, got another character in column 65" },
        { "g" SECRET_A, SAML_E_METADATA, "another character in column 1" },
        { "0G" SECRET_A, SAML_E_METADATA, "another character in column 2" },
        { "00000000000000000000000000000000000000000000000000000000000000000000\n", SAML_E_METADATA, "got the same octet throughout" }
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        saml_err_t *err = new_err();
        saml_secret_t *secret = NULL;

        assert_int_equal(saml_secret_parse(&secret, cases[i].text, strlen(cases[i].text), "secret.hex", pool, err),
                         cases[i].want);
        if (cases[i].says) {
            assert_null(secret);
            assert_non_null(strstr(err->reason, cases[i].says));
            assert_non_null(strstr(err->reason, "secret.hex"));
            assert_null(strstr(err->reason, "0001020304"));
        }
    }
}

static void longest_secret(void **state)
{
    const char *most = "";
    saml_secret_t *secret = NULL;
    saml_err_t *err = new_err();
    int i;

    (void)state;
    for (i = 0; i < 32; i++)
        most = apr_pstrcat(pool, most, SECRET_A, NULL);
    secret_of(most);
    most = apr_pstrcat(pool, most, "00", NULL);
    assert_int_equal(saml_secret_parse(&secret, most, strlen(most), "s", pool, err), SAML_E_METADATA);
    assert_non_null(strstr(err->reason, "64 to 2048, got 2050"));
}

static void too_many_secrets(void **state)
{
    const char *text = "";
    saml_secret_t *secret = NULL;
    saml_err_t *err = new_err();
    int i;

    (void)state;
    for (i = 0; i < 16; i++)
        text = apr_pstrcat(pool, text, SECRET_A "\n", NULL);
    secret_of(text);
    text = apr_pstrcat(pool, text, SECRET_B "\n", NULL);
    assert_int_equal(saml_secret_parse(&secret, text, strlen(text), "s", pool, err), SAML_E_METADATA);
    assert_non_null(strstr(err->reason, "line 17: expected at most 16 secrets"));
}

static void new_secret_is_readable_and_random(void **state)
{
    const char *one = NULL, *other = NULL;

    (void)state;
    assert_int_equal(saml_secret_new_text(&one, pool, new_err()), SAML_OK);
    assert_int_equal(saml_secret_new_text(&other, pool, new_err()), SAML_OK);
    assert_int_equal(strlen(one), 65);
    assert_string_not_equal(one, other);
    secret_of(one);
}

static const char *seal(const saml_secret_t *secret, const char *purpose, const char *bound, const char *text)
{
    const char *sealed = NULL;

    assert_int_equal(saml_seal(&sealed, secret, purpose, bound, text, strlen(text), pool, new_err()), SAML_OK);
    return sealed;
}

static void assert_opens(const saml_secret_t *secret, const char *purpose, const char *bound, const char *sealed,
                         const char *want)
{
    const char *out = NULL;
    apr_size_t len = 0;

    assert_int_equal(saml_unseal(&out, &len, secret, purpose, bound, sealed, pool, new_err()), SAML_OK);
    assert_int_equal(len, strlen(want));
    assert_string_equal(out, want);
}

static void assert_stays_shut(const saml_secret_t *secret, const char *purpose, const char *bound, const char *sealed)
{
    const char *out = NULL;
    apr_size_t len = 0;
    saml_err_t *err = new_err();

    assert_int_equal(saml_unseal(&out, &len, secret, purpose, bound, sealed, pool, err), SAML_E_STATE_MISSING);
    assert_null(out);
    assert_string_equal(err->reason,
                        "sealed text: expected one that was sealed here and not altered, got another");
}

static void what_is_sealed_opens(void **state)
{
    const saml_secret_t *secret = secret_of(SECRET_A);
    static const char *const purposes[] = { "state", "relay-state", "cookie", "provision", "another" };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
        assert_opens(secret, purposes[i], "app", seal(secret, purposes[i], "app", "hello"), "hello");
        assert_opens(secret, purposes[i], "", seal(secret, purposes[i], "", ""), "");
    }
    assert_string_not_equal(seal(secret, "state", "app", "hello"), seal(secret, "state", "app", "hello"));
}

static void octets_survive(void **state)
{
    const saml_secret_t *secret = secret_of(SECRET_A);
    char data[3000];
    const char *sealed = NULL, *out = NULL;
    apr_size_t len = 0, i;

    (void)state;
    for (i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7);
    assert_int_equal(saml_seal(&sealed, secret, "state", "b", data, sizeof(data), pool, new_err()), SAML_OK);
    assert_int_equal(saml_unseal(&out, &len, secret, "state", "b", sealed, pool, new_err()), SAML_OK);
    assert_int_equal(len, sizeof(data));
    assert_memory_equal(out, data, sizeof(data));
}

/* Made by another implementation of HKDF and AES-GCM from SECRET_A and the description in seal.c. */
static void sealed_elsewhere_opens(void **state)
{
    assert_opens(secret_of(SECRET_A), "state", "shop|cookie", "AQtAQUJDREVGR0hJSkvXEGxoHKfnFbh1uHb51OCR-EKm2wz-e1sCsQmOUkj3", "target=/app?x=1");
    (void)state;
}

static void another_purpose_bound_or_secret_does_not_open(void **state)
{
    const saml_secret_t *secret = secret_of(SECRET_A);
    const char *sealed = seal(secret, "state", "app", "hello");

    (void)state;
    assert_opens(secret, "state", "app", sealed, "hello");
    assert_stays_shut(secret, "cookie", "app", sealed);
    assert_stays_shut(secret, "stat", "eapp", sealed);
    assert_stays_shut(secret, "another", "app", sealed);
    assert_stays_shut(secret, "state", "ap", sealed);
    assert_stays_shut(secret, "state", "apq", sealed);
    assert_stays_shut(secret, "state", "", sealed);
    assert_stays_shut(secret_of(SECRET_B), "state", "app", sealed);
}

static void no_altered_text_opens(void **state)
{
    const saml_secret_t *secret = secret_of(SECRET_A);
    const char *sealed = seal(secret, "state", "app", "hello, world");
    apr_size_t i, len = strlen(sealed);

    (void)state;
    for (i = 0; i < len; i++) {
        char *altered = apr_pstrdup(pool, sealed);

        altered[i] = altered[i] == 'B' ? 'g' : 'B';     /* differs in more than the unused low bits */
        assert_stays_shut(secret, "state", "app", altered);
        assert_stays_shut(secret, "state", "app", apr_pstrndup(pool, sealed, i));
    }
    assert_stays_shut(secret, "state", "app", apr_pstrcat(pool, sealed, "A", NULL));
    assert_stays_shut(secret, "state", "app", apr_pstrcat(pool, sealed, "AAAA", NULL));
    assert_stays_shut(secret, "state", "app", apr_pstrcat(pool, sealed, "=", NULL));
    assert_stays_shut(secret, "state", "app", NULL);
}

static void rotated_secrets_open_what_the_old_sealed(void **state)
{
    const saml_secret_t *old = secret_of(SECRET_A), *both = secret_of(SECRET_B "\n" SECRET_A "\n");
    const char *before = seal(old, "state", "app", "before"), *after = seal(both, "state", "app", "after");

    (void)state;
    assert_opens(both, "state", "app", before, "before");
    assert_opens(both, "state", "app", after, "after");
    assert_stays_shut(old, "state", "app", after);
    assert_opens(secret_of(SECRET_B), "state", "app", after, "after");
}

static void size_is_bounded(void **state)
{
    const saml_secret_t *secret = secret_of(SECRET_A);
    apr_size_t most = 1024 * 1024, len = 0;
    char *data = apr_pcalloc(pool, most + 1);
    const char *sealed = NULL, *out = NULL;
    saml_err_t *err = new_err();

    (void)state;
    assert_int_equal(saml_seal(&sealed, secret, "state", "b", data, most, pool, new_err()), SAML_OK);
    assert_int_equal(saml_unseal(&out, &len, secret, "state", "b", sealed, pool, new_err()), SAML_OK);
    assert_int_equal(len, most);
    sealed = NULL;
    assert_int_equal(saml_seal(&sealed, secret, "state", "b", data, most + 1, pool, err), SAML_E_TOO_LARGE);
    assert_null(sealed);
    assert_non_null(strstr(err->reason, "expected at most 1048576 octets, got 1048577"));
}

/* A text of `len` times 'a'. */
static const char *long_text(apr_size_t len)
{
    char *text = apr_palloc(pool, len + 1);

    memset(text, 'a', len);
    text[len] = '\0';
    return text;
}

static void purpose_bound_and_sealed_text_are_bounded(void **state)
{
    const saml_secret_t *secret = secret_of(SECRET_A);
    apr_size_t most = 1024 * 1024;
    const char *sealed = NULL;
    saml_err_t *err = new_err();

    (void)state;
    assert_opens(secret, "state", long_text(most), seal(secret, "state", long_text(most), "x"), "x");
    assert_int_equal(saml_seal(&sealed, secret, "state", long_text(most + 1), "x", 1, pool, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "sealing failed"));
    assert_int_equal(saml_seal(&sealed, secret, long_text(most), "b", "x", 1, pool, err), SAML_E_METADATA);
    assert_non_null(strstr(err->reason, "deriving a key"));
    assert_null(sealed);
    assert_stays_shut(secret, "state", "b", long_text(2 * most));
    assert_stays_shut(secret, "state", "b", long_text(2 * most + 1));
}

static const char *sign(const saml_secret_t *secret, const char *label, const char *text)
{
    const char *out = NULL;

    assert_int_equal(saml_secret_sign(&out, secret, label, text, strlen(text), pool, new_err()), SAML_OK);
    return out;
}

/*
 * The key by `printf 'mod_saml_sso provisioning' | openssl dgst -sha256 -r -mac HMAC -macopt hexkey:SECRET`, as doc/manual.md tells
 * administrators; the value by `openssl dgst -sha256 -r -hmac KEY`.
 */
static void signatures_that_others_can_check(void **state)
{
    saml_secret_t *secret = secret_of(SECRET_A "\n" SECRET_B "\n");

    (void)state;
    assert_string_equal(sign(secret, "mod_saml_sso provisioning", "{\"user\":\"a\"}"),
                        "254ada5e0a9e1d5bf4a2e125d53ec11e8f6ac881da1d64006187885a8438f4f4");
    assert_string_equal(sign(secret_of(SECRET_A), "mod_saml_sso provisioning", "x"), sign(secret, "mod_saml_sso provisioning", "x"));
    assert_string_not_equal(sign(secret_of(SECRET_B), "mod_saml_sso provisioning", "x"), sign(secret, "mod_saml_sso provisioning", "x"));
    assert_string_not_equal(sign(secret, "mod_saml_sso other", "x"), sign(secret, "mod_saml_sso provisioning", "x"));
    assert_int_equal(strlen(sign(secret, "label", "")), 64);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secret_files, setup, teardown),
        cmocka_unit_test_setup_teardown(longest_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(new_secret_is_readable_and_random, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_sealed_opens, setup, teardown),
        cmocka_unit_test_setup_teardown(octets_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(sealed_elsewhere_opens, setup, teardown),
        cmocka_unit_test_setup_teardown(another_purpose_bound_or_secret_does_not_open, setup, teardown),
        cmocka_unit_test_setup_teardown(no_altered_text_opens, setup, teardown),
        cmocka_unit_test_setup_teardown(rotated_secrets_open_what_the_old_sealed, setup, teardown),
        cmocka_unit_test_setup_teardown(signatures_that_others_can_check, setup, teardown),
        cmocka_unit_test_setup_teardown(size_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(purpose_bound_and_sealed_text_are_bounded, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("seal", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
