/* SPDX-License-Identifier: Apache-2.0 */
/* relay_state.c: a sealed target opens for its application under any of its secrets, and for nobody else. */

#include "common.h"

#include "saml/relay_state.h"

#define SECRET_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET_B "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff101112131415161718191a1b1c1d1e1f"
#define TARGET_30 "/reports/quarter?year=2026&q=1"

static const saml_relay_state_for_t shop = { "", "https://shop.example/saml" };

static saml_secret_t *secret_of(const char *text)
{
    saml_secret_t *secret = NULL;

    assert_says(saml_secret_parse(&secret, text, strlen(text), "secret", pool, &err), SAML_OK, "");
    return secret;
}

static const char *sealed(const saml_secret_t *secret, const saml_relay_state_for_t *whose, const char *target)
{
    const char *value = NULL;

    assert_says(saml_relay_state_seal(&value, secret, whose, target, pool, &err), SAML_OK, "");
    return value;
}

static void assert_leads(const saml_secret_t *secret, const saml_relay_state_for_t *whose, const char *value, const char *target)
{
    const char *got = NULL;

    assert_says(saml_relay_state_open(&got, secret, whose, value, pool, &err), SAML_OK, "");
    assert_string_equal(got, target);
}

static void assert_leads_nowhere(const saml_secret_t *secret, const saml_relay_state_for_t *whose, const char *value)
{
    const char *got = NULL;

    assert_says(saml_relay_state_open(&got, secret, whose, value, pool, &err), SAML_E_RELAY_STATE,
                "RelayState: expected a value that was sealed for this application, got");
    assert_null(got);
}

static void test_opens_for_its_application(void **state)
{
    static const char *const targets[] = { "/", "/app", "/app?x=%2F#y", "https://shop.example/app", "" };
    const saml_secret_t *secret = secret_of(SECRET_A);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        assert_leads(secret, &shop, sealed(secret, &shop, targets[i]), targets[i]);
}

static void test_opens_for_no_other(void **state)
{
    static const saml_relay_state_for_t others[] = {
        { "tiles", "https://shop.example/saml" }, { "", "https://shop.example/saml2" }, { "", "" },
        { "", "https://shop.example/sam" }, { "https://shop.example/saml", "" },
    };
    const saml_secret_t *secret = secret_of(SECRET_A);
    const char *value = sealed(secret, &shop, "/app");
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_leads_nowhere(secret, &others[i], value);
    assert_leads_nowhere(secret_of(SECRET_B), &shop, value);
}

static void test_rotation(void **state)
{
    const saml_secret_t *old = secret_of(SECRET_A), *both = secret_of(SECRET_B "\n" SECRET_A), *new = secret_of(SECRET_B);
    const char *before = sealed(old, &shop, "/app"), *after = sealed(both, &shop, "/app");

    (void)state;
    assert_leads(both, &shop, before, "/app");
    assert_leads(both, &shop, after, "/app");
    assert_leads(new, &shop, after, "/app");
    assert_leads_nowhere(new, &shop, before);
    assert_leads_nowhere(old, &shop, after);
}

/* A login in progress, sealed with the same secret, is none; what cannot be read at all is none either. */
static void test_other_texts(void **state)
{
    static const char *const texts[] = { "", "/app", "https://shop.example/", "AQ", "A", "!" };
    const saml_secret_t *secret = secret_of(SECRET_A);
    const char *other = NULL;
    size_t i;

    (void)state;
    assert_says(saml_seal(&other, secret, "state", " https://shop.example/saml", "/app", 4, pool, &err), SAML_OK, "");
    assert_leads_nowhere(secret, &shop, other);
    assert_says(saml_seal(&other, secret, "relay-state", " https://shop.example/saml", "/app\0x", 6, pool, &err), SAML_OK, "");
    assert_leads_nowhere(secret, &shop, other);
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_leads_nowhere(secret, &shop, texts[i]);
    assert_leads_nowhere(secret, &shop, NULL);
}

/* No octet of it may change, none may be missing, none may be added. */
static void test_altered(void **state)
{
    const saml_secret_t *secret = secret_of(SECRET_A);
    const char *value = sealed(secret, &shop, "/app");
    size_t i;

    (void)state;
    for (i = 0; value[i]; i++) {
        char *altered = apr_pstrdup(pool, value);

        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        assert_leads_nowhere(secret, &shop, altered);
        altered[i] = '\0';
        assert_leads_nowhere(secret, &shop, altered);
    }
    assert_leads_nowhere(secret, &shop, apr_pstrcat(pool, value, "A", NULL));
    assert_leads_nowhere(secret, &shop, apr_pstrcat(pool, value, "=", NULL));
}

/* What the command promises: a target of 30 bytes fills the 80 that are safe. */
static void test_lengths(void **state)
{
    const saml_secret_t *secret = secret_of(SECRET_A);
    char *most = apr_palloc(pool, SAML_RELAY_STATE_MAX_TARGET_BYTES + 2);
    const char *value = NULL;

    (void)state;
    assert_int_equal(strlen(TARGET_30), 30);
    assert_int_equal(strlen(sealed(secret, &shop, TARGET_30)), SAML_RELAY_STATE_SAFE_BYTES);
    memset(most, 'a', SAML_RELAY_STATE_MAX_TARGET_BYTES + 1);
    most[SAML_RELAY_STATE_MAX_TARGET_BYTES + 1] = '\0';
    assert_says(saml_relay_state_seal(&value, secret, &shop, most, pool, &err), SAML_E_TOO_LARGE,
                "target: expected at most 2048 bytes, got 2049");
    assert_null(value);
    most[SAML_RELAY_STATE_MAX_TARGET_BYTES] = '\0';
    assert_leads(secret, &shop, sealed(secret, &shop, most), most);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        unit(test_opens_for_its_application), unit(test_opens_for_no_other), unit(test_rotation), unit(test_other_texts),
        unit(test_altered), unit(test_lengths),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_library, tear_down_library);
}
