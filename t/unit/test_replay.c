/* SPDX-License-Identifier: Apache-2.0 */
/* One use of each assertion (SAML Profiles 4.1.4.5). */

#include "fixture.h"
#include "saml/replay.h"

typedef struct {
    unsigned char key[32];
    apr_time_t until;
    saml_status_t answer;
    int uses;
} spy_t;

static saml_status_t spy_use(void *baton, const unsigned char key[32], apr_time_t until, saml_err_t *e)
{
    spy_t *spy = baton;

    memcpy(spy->key, key, 32);
    spy->until = until;
    spy->uses++;
    return spy->answer == SAML_OK ? SAML_OK : saml_fail(e, spy->answer, "the spy says %s", saml_status_name(spy->answer));
}

static void key_of(unsigned char key[32], const char *issuer, const char *id)
{
    spy_t spy = { .answer = SAML_OK };
    saml_replay_t replay = { spy_use, &spy };

    assert_int_equal(saml_replay_use(&replay, issuer, id, NOW, &err), SAML_OK);
    memcpy(key, spy.key, 32);
}

static void test_key(void **state)
{
    static const unsigned char expected[32] = {     /* printf 'a\0b' | sha256sum */
        0x59, 0xb2, 0x71, 0xae, 0x1b, 0xbc, 0xb1, 0xd3, 0x1d, 0x41, 0x92, 0x98, 0x17, 0xf4, 0xb1, 0x6f,
        0xb4, 0x39, 0xeb, 0x4f, 0x31, 0x52, 0x0b, 0x5a, 0xd1, 0xd5, 0xce, 0x98, 0x92, 0x0a, 0x71, 0x38,
    };
    unsigned char one[32], two[32];

    (void)state;
    key_of(one, "a", "b");
    assert_memory_equal(one, expected, 32);
    key_of(one, "https://idp.example/", "_1");
    key_of(two, "https://idp.example/", "_1");
    assert_memory_equal(one, two, 32);
    key_of(two, "https://idp.example/", "_2");
    assert_memory_not_equal(one, two, 32);
    key_of(two, "https://other.example/", "_1");
    assert_memory_not_equal(one, two, 32);
    key_of(two, "https://idp.example/_", "1");
    assert_memory_not_equal(one, two, 32);
}

static void test_answers(void **state)
{
    spy_t spy = { .answer = SAML_OK };
    saml_replay_t replay = { spy_use, &spy };

    (void)state;
    assert_int_equal(saml_replay_use(&replay, "i", "_1", NOW + 7, &err), SAML_OK);
    assert_int_equal(spy.until, NOW + 7);
    spy.answer = SAML_E_REPLAY;
    assert_int_equal(saml_replay_use(&replay, "i", "_1", NOW, &err), SAML_E_REPLAY);
    assert_string_equal(err.reason, "Assertion ID \"_1\" of \"i\": expected one that is new, got it before");
    spy.answer = SAML_E_STORE;
    assert_int_equal(saml_replay_use(&replay, "i", "_2", NOW, &err), SAML_E_STORE);
    assert_string_equal(err.reason, "the spy says store");
    assert_int_equal(spy.uses, 3);
}

/* "Could not check" is never "passed". */
static void test_nothing_to_ask(void **state)
{
    spy_t spy = { .answer = SAML_OK };
    saml_replay_t replay = { spy_use, &spy }, empty = { NULL, NULL };

    (void)state;
    assert_int_equal(saml_replay_use(NULL, "i", "_1", NOW, &err), SAML_E_STORE);
    assert_non_null(strstr(err.reason, "expected one to ask about the assertion, got none"));
    assert_int_equal(saml_replay_use(&empty, "i", "_1", NOW, &err), SAML_E_STORE);
    assert_int_equal(saml_replay_use(&replay, NULL, "_1", NOW, &err), SAML_E_STORE);
    assert_non_null(strstr(err.reason, "expected an issuer and an ID, got none and \"_1\""));
    assert_int_equal(saml_replay_use(&replay, "i", NULL, NOW, &err), SAML_E_STORE);
    assert_int_equal(saml_replay_use(&replay, "i", "", NOW, &err), SAML_E_STORE);
    assert_int_equal(spy.uses, 0);
}

static void test_memory(void **state)
{
    saml_replay_t *memory = saml_replay_memory(pool), *other = saml_replay_memory(pool);
    int i;

    (void)state;
    for (i = 0; i < 1000; i++)
        assert_int_equal(saml_replay_use(memory, "i", apr_psprintf(pool, "_%d", i), NOW, &err), SAML_OK);
    for (i = 0; i < 1000; i++)
        assert_int_equal(saml_replay_use(memory, "i", apr_psprintf(pool, "_%d", i), NOW, &err), SAML_E_REPLAY);
    assert_int_equal(saml_replay_use(memory, "j", "_1", NOW, &err), SAML_OK);
    assert_int_equal(saml_replay_use(other, "i", "_1", NOW, &err), SAML_OK);
}

int main(void)
{
    static const struct CMUnitTest replay[] = {
        cmocka_unit_test_setup_teardown(test_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_to_ask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(replay, set_up_library, tear_down_library);
}
