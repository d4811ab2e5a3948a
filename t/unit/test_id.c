/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers: shape and length (SAML Core 1.3.4), and that no two are the same. */

#include "material.h"

#include <apr_hash.h>
#include "saml/id.h"

#define MANY 2000

static void test_id_shape(void **state)
{
    const char *id;
    int i;

    (void)state;
    for (i = 0; i < MANY; i++) {
        assert_says(saml_id_new(&id, pool, &err), SAML_OK, "");
        assert_int_equal(strlen(id), 41);
        assert_int_equal(id[0], '_');
        assert_int_equal(strspn(id + 1, "0123456789abcdef"), 40);
    }
}

static void test_ids_differ(void **state)
{
    apr_hash_t *seen;
    const char *id;
    int i;

    (void)state;
    seen = apr_hash_make(pool);
    for (i = 0; i < MANY; i++) {
        assert_says(saml_id_new(&id, pool, &err), SAML_OK, "");
        assert_null(apr_hash_get(seen, id, APR_HASH_KEY_STRING));
        apr_hash_set(seen, id, APR_HASH_KEY_STRING, id);
    }
}

static void test_token(void **state)
{
    static const struct { apr_size_t bytes; size_t chars; } cases[] = {
        { 1, 2 }, { 2, 3 }, { 3, 4 }, { 16, 22 }, { 32, 43 }, { 256, 342 },
    };
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *token, *other;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_says(saml_token_new(&token, cases[i].bytes, pool, &err), SAML_OK, "");
        assert_int_equal(strlen(token), cases[i].chars);
        assert_int_equal(strspn(token, alphabet), cases[i].chars);
    }
    assert_says(saml_token_new(&token, 32, pool, &err), SAML_OK, "");
    assert_says(saml_token_new(&other, 32, pool, &err), SAML_OK, "");
    assert_string_not_equal(token, other);
    assert_says(saml_token_new(&token, 0, pool, &err), SAML_E_STORE, "1 to 256");
    assert_says(saml_token_new(&token, 257, pool, &err), SAML_E_STORE, "not 257");
}

static void test_bytes(void **state)
{
    unsigned char some[64], others[64], guarded[3] = { 7, 0, 7 };

    (void)state;
    assert_says(saml_random_bytes(some, sizeof(some), &err), SAML_OK, "");
    assert_says(saml_random_bytes(others, sizeof(others), &err), SAML_OK, "");
    assert_memory_not_equal(some, others, sizeof(some));
    assert_says(saml_random_bytes(guarded + 1, 1, &err), SAML_OK, "");
    assert_int_equal(guarded[0], 7);
    assert_int_equal(guarded[2], 7);
    assert_says(saml_random_bytes(some, (apr_size_t)INT_MAX + 1, &err), SAML_E_STORE, "random number generator");
}

int main(void)
{
    static const struct CMUnitTest ids[] = {
        unit(test_id_shape), unit(test_ids_differ), unit(test_token), unit(test_bytes),
    };

    apr_initialize();
    return cmocka_run_group_tests(ids, set_up_library, tear_down_library);
}
