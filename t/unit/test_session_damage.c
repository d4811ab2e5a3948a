/* SPDX-License-Identifier: Apache-2.0 */
/* session_open.c: records that are none, cut, damaged, of another version, or written by somebody else. */

#include "session_records.h"

static void set_word(char *record, apr_size_t at, apr_uint32_t word)
{
    memcpy(record + at, &word, sizeof(word));
}

#define HEADER   88
#define ROOM_AT  52
#define COUNT_AT 48

/* Read all there is; a sanitizer or valgrind watches. */
static apr_size_t walk(const sso_session_t *s)
{
    static const char *const names[] = { "groups", "email", WS "name", "none" };
    apr_size_t seen = strlen(s->app_id) + strlen(s->name_id);
    sso_attribute_t a;
    size_t k;
    int i, j;

    seen += s->name_id_format ? strlen(s->name_id_format) : 0;
    seen += s->name_qualifier ? strlen(s->name_qualifier) : 0;
    seen += s->sp_name_qualifier ? strlen(s->sp_name_qualifier) : 0;
    seen += s->session_index ? strlen(s->session_index) : 0;
    seen += s->authn_context ? strlen(s->authn_context) : 0;
    for (i = 0; i < s->attribute_count; i++) {
        const char *value;

        sso_session_attribute(&a, s, i);
        seen += strlen(a.name) + strlen(a.env_name) + strlen(a.joined);
        for (j = 0, value = sso_session_values(&a, pool); j < a.value_count; j++, value = sso_session_next_value(value))
            seen += strlen(value);
    }
    for (k = 0; k < sizeof(names) / sizeof(names[0]); k++)
        seen += (apr_size_t)sso_session_find(&a, s, names[k]);
    seen += (apr_size_t)sso_session_state(s, NOW) + (apr_size_t)(sso_session_forget_at(s) & 1);
    return seen;
}

/* On the heap and of the very size, so that one octet too far is seen. */
static int decode_copy(const char *record, apr_size_t len)
{
    char *copy = malloc(len ? len : 1);
    sso_session_t s;
    int ok;

    assert_non_null(copy);
    memcpy(copy, record, len);
    ok = sso_session_decode(&s, copy, len, new_err()) == SAML_OK;
    if (ok)
        assert_true(walk(&s) > 0);
    free(copy);
    return ok;
}

/* Sizes that would lead out of the record, or out of what is unpacked. */
static void no_size_leads_astray(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_new_t from = from_login(login);
    apr_uint32_t right, wrong, entry;
    apr_size_t len;
    sso_session_t s;
    char *record;

    (void)state;
    add(login, "one", "a1b2c3d4-0000-4fff-8000-00000000abcd", NULL);
    add(login, "two", "a;b", "a1b2c3d4-0000-4fff-8000-00000000abcd", NULL);
    add(login, "three", SAML_NAMEID_EMAIL, SAML_NAMEID_TRANSIENT, NULL);
    add(login, "four", "a1b2c3d4-0000-4fff-8000-00000000abcd", SAML_NAMEID_EMAIL, NULL);
    record = encode(&from, &len);
    memcpy(&right, record + ROOM_AT, sizeof(right));
    assert_int_equal(right, 37 + strlen(SAML_NAMEID_EMAIL) + strlen(SAML_NAMEID_TRANSIENT) + 2);
    for (wrong = right; wrong-- > 0;) {
        set_word(record, ROOM_AT, wrong);
        assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_E_STORE);
    }
    set_word(record, ROOM_AT, 4 * SSO_MAX_RECORD_BYTES + 1);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_E_STORE);
    set_word(record, ROOM_AT, right + 1000);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_OK);
    for (entry = 0; entry < 4; entry++) {
        apr_size_t at = HEADER + 8 * entry + 4;

        memcpy(&right, record + at, sizeof(right));
        for (wrong = 0; wrong < 600; wrong++) {
            set_word(record, at, wrong);
            assert_int_equal(sso_session_decode(&s, record, len, new_err()), wrong == right ? SAML_OK : SAML_E_STORE);
        }
        set_word(record, at, right);
    }
    set_word(record, COUNT_AT, (apr_uint32_t)(len - HEADER) / 8 + 1);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_E_STORE);
}

/* Of an attribute's name and environment name both stand in the record: the latter is ours to choose, whoever wrote it. */
static void no_name_leads_astray(void **state)
{
    static const char *const evil[] = { "LD_PRELOAD_X", "PHP_VALUE_XX", "SAML_team\nXX", "saml_TEAMSXX", "SAML TEAMSXX", "SAML_TEAMS=X",
                                        "XSAML_TEAMSX", "SAMLTEAMSXXX" };
    saml_login_t *login = bare_login();
    sso_session_new_t from = from_login(login);
    apr_size_t i, len, at;
    sso_session_t s;
    char *record;

    (void)state;
    add(login, "teams-of-a", "one", NULL);
    record = encode(&from, &len);
    for (at = HEADER; at + 15 < len && memcmp(record + at, "SAML_TEAMS_OF_A", 15) != 0; at++)
        ;
    assert_in_range(at, HEADER, len - 16);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_OK);
    for (i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
        memcpy(record + at, evil[i], 12);
        assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_E_STORE);
    }
    memcpy(record + at, "SAML_0TEAM_Z", 12);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_OK);
}

/* A record that counts more values than its text has: the others are empty, and nobody reads behind its end. */
static void more_values_than_there_are(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_new_t from = from_login(login);
    apr_size_t len;
    char *record, *copy;
    sso_session_t s;
    sso_attribute_t a;
    const char *value;
    int i;

    (void)state;
    add(login, "n", "one", "two", NULL);
    record = encode(&from, &len);
    set_word(record, HEADER, 0xff000000u | 8);
    copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, record, len);
    assert_int_equal(sso_session_decode(&s, copy, len, new_err()), SAML_OK);
    sso_session_attribute(&a, &s, 0);
    assert_int_equal(a.value_count, 8);
    for (i = 0, value = sso_session_values(&a, pool); i < 8; i++, value = sso_session_next_value(value))
        assert_string_equal(value, i == 0 ? "one" : i == 1 ? "two" : "");
    set_word(copy, HEADER, 0xff000000u | 9);
    assert_int_equal(sso_session_decode(&s, copy, len, new_err()), SAML_E_STORE);
    free(copy);
}

static void no_part_of_a_record_is_one(void **state)
{
    sso_session_new_t from = from_login(entra_login());
    apr_size_t len, i;
    char *record = encode(&from, &len);

    (void)state;
    assert_int_equal(decode_copy(record, len), 1);
    for (i = 0; i < len; i++)
        assert_int_equal(decode_copy(record, i), 0);
    assert_int_equal(decode_copy(apr_pstrcat(pool, "", NULL), 0), 0);
}

static void another_version_is_refused(void **state)
{
    sso_session_new_t from = from_login(entra_login());
    saml_err_t *err = new_err();
    sso_session_t s;
    apr_size_t len;
    char *record = encode(&from, &len);

    (void)state;
    assert_int_equal(sso_session_decode(&s, NULL, 0, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "got 0"));
    assert_false(sso_session_is_foreign(record, len));
    assert_false(sso_session_is_foreign(record, 3));
    record[0] ^= 3;
    assert_true(sso_session_is_foreign(record, len));
    assert_int_equal(sso_session_decode(&s, record, len, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "expected one of version 4"));
    assert_true(sso_session_is_foreign("SSO\3", 4) || sso_session_is_foreign("\3OSS", 4));
    assert_false(sso_session_is_foreign("SSP\3", 4) || sso_session_is_foreign("\3PSS", 4));
    record[0] ^= 3;
    record[len - 1] = 'x';
    assert_int_equal(sso_session_decode(&s, record, len, err), SAML_E_STORE);
}

/* Every 32-bit place set to values that lead astray. */
static void no_offset_leads_astray(void **state)
{
    static const apr_uint32_t evil[] = { 0, 1, 0x7fffffff, 0x80000000, 0x80000016, 0x80000017, 0x800000ff, 0xffffffff };
    sso_session_new_t from = from_login(entra_login());
    apr_size_t len, i, k;
    char *record = encode(&from, &len);
    int refused = 0;

    (void)state;
    for (i = 0; i + 4 <= len; i += 4) {
        char kept[4];

        memcpy(kept, record + i, 4);
        for (k = 0; k < sizeof(evil) / sizeof(evil[0]); k++) {
            memcpy(record + i, &evil[k], 4);
            refused += !decode_copy(record, len);
            apr_pool_clear(pool);
            from = from_login(entra_login());
            record = encode(&from, &len);
        }
        memcpy(record + i, kept, 4);
    }
    assert_in_range(refused, 200, len * 8);
}

static void random_damage_never_hurts(void **state)
{
    sso_session_new_t from = from_login(entra_login());
    apr_size_t len;
    char *record = encode(&from, &len), *copy = malloc(len);
    apr_uint64_t random = 88172645463325252u;
    int round, n, accepted = 0, refused = 0;

    (void)state;
    assert_non_null(copy);
    for (round = 0; round < 20000; round++) {
        apr_pool_t *keep = pool;

        apr_pool_create(&pool, keep);
        memcpy(copy, record, len);
        for (n = 0; n < 1 + round % 4; n++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            copy[random % (round % 2 ? 300 : len)] = (char)(random >> 40);
        }
        if (decode_copy(copy, len))
            accepted++;
        else
            refused++;
        apr_pool_destroy(pool);
        pool = keep;
    }
    free(copy);
    assert_true(accepted > 100);
    assert_true(refused > 100);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_size_leads_astray, setup, teardown),
        cmocka_unit_test_setup_teardown(no_name_leads_astray, setup, teardown),
        cmocka_unit_test_setup_teardown(more_values_than_there_are, setup, teardown),
        cmocka_unit_test_setup_teardown(no_part_of_a_record_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(another_version_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(no_offset_leads_astray, setup, teardown),
        cmocka_unit_test_setup_teardown(random_damage_never_hurts, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("session_damage", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
