/* SPDX-License-Identifier: Apache-2.0 */
/* store_lmdb.c: marks, which say for a long time what was done for whom; beside sessions and used IDs, and never taken for them. */

#include "store_fixture.h"

static saml_status_t mark_get(sso_store_t *store, int i, apr_time_t now, sso_mark_t *out, int *found, saml_err_t *err)
{
    sso_key_t key = key_of(i);

    memset(out, 0x55, sizeof(*out));
    *found = -1;
    return sso_store_mark_get(store, &key, now, out, found, err);
}

static void assert_mark(sso_store_t *store, int i, apr_time_t now, int value, apr_time_t expires)
{
    sso_key_t want = key_of(value);
    sso_mark_t got;
    int found;

    assert_int_equal(mark_get(store, i, now, &got, &found, new_err()), SAML_OK);
    assert_int_equal(found, 1);
    assert_memory_equal(got.value.octets, want.octets, SSO_KEY_BYTES);
    assert_true(got.expires == expires);
}

static void assert_no_mark(sso_store_t *store, int i, apr_time_t now)
{
    sso_mark_t got;
    int found;

    assert_int_equal(mark_get(store, i, now, &got, &found, new_err()), SAML_OK);
    assert_int_equal(found, 0);
}

static saml_status_t try_mark(sso_store_t *store, int i, int value, apr_time_t expires, saml_err_t *err)
{
    sso_key_t key = key_of(i), octets = key_of(value);

    return sso_store_mark_put(store, &key, &octets, expires, err);
}

static void mark(sso_store_t *store, int i, int value, apr_time_t expires)
{
    assert_int_equal(try_mark(store, i, value, expires, new_err()), SAML_OK);
}

static void put_and_get(void **state)
{
    sso_store_t *store = ready();

    (void)state;
    assert_no_mark(store, 1, NOW);
    mark(store, 1, 11, LATER);
    mark(store, 2, 12, LATER + 1);
    assert_mark(store, 1, NOW, 11, LATER);
    assert_mark(store, 2, NOW, 12, LATER + 1);
    mark(store, 1, 13, LATER + 5);
    assert_mark(store, 1, NOW, 13, LATER + 5);
    assert_int_equal(stat_of(store).marks, 2);
}

/* One that has ended is none, whether a sweep has come by or not; one put anew is not swept for its first time. */
static void until_it_ends(void **state)
{
    sso_store_t *store = ready();

    (void)state;
    mark(store, 1, 11, LATER);
    mark(store, 2, 12, LATER);
    mark(store, 2, 12, LATER + 10);
    assert_mark(store, 1, LATER - 1, 11, LATER);
    assert_no_mark(store, 1, LATER);
    assert_int_equal(sweep(store, LATER - 1, 100), 0);
    assert_int_equal(sweep(store, LATER, 100), 1);
    assert_int_equal(stat_of(store).marks, 1);
    assert_mark(store, 2, LATER, 12, LATER + 10);
    assert_int_equal(sweep(store, LATER + 10, 100), 1);
    assert_int_equal(stat_of(store).marks, 0);
}

/* The same key means three things, and each ends alone. */
static void apart_from_the_rest(void **state)
{
    sso_store_t *store = ready();

    (void)state;
    put(store, 1, "session", LATER);
    assert_int_equal(use(store, 1, LATER + 2, NOW), SAML_OK);
    assert_no_mark(store, 1, NOW);
    mark(store, 1, 11, LATER + 1);
    assert_string_equal(get(store, 1), "session");
    assert_int_equal(use(store, 1, LATER + 2, NOW), SAML_E_REPLAY);
    assert_int_equal(stat_of(store).sessions, 1);
    assert_int_equal(stat_of(store).used_ids, 1);
    assert_int_equal(stat_of(store).marks, 1);
    assert_int_equal(sweep(store, LATER, 100), 1);
    assert_null(get(store, 1));
    assert_mark(store, 1, LATER, 11, LATER + 1);
    assert_int_equal(sweep(store, LATER + 1, 100), 1);
    assert_no_mark(store, 1, NOW);
    assert_int_equal(use(store, 1, LATER + 2, LATER + 1), SAML_E_REPLAY);
}

static void keys_that_begin_alike(void **state)
{
    sso_store_t *store = ready();
    sso_key_t one = key_of(1), other = one, value = key_of(11);
    saml_err_t *err = new_err();
    sso_mark_t got;
    int found = -1;

    (void)state;
    other.octets[SSO_KEY_BYTES - 1] ^= 1;
    mark(store, 1, 11, LATER);
    assert_int_equal(sso_store_mark_get(store, &other, NOW, &got, &found, err), SAML_OK);
    assert_int_equal(found, 0);
    assert_int_equal(sso_store_mark_put(store, &other, &value, LATER, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "keeping a mark: the session store"));
    assert_mark(store, 1, NOW, 11, LATER);
}

static void without_open_it_cannot_be_told(void **state)
{
    sso_store_t *store = configured();
    saml_err_t *err = new_err();
    sso_mark_t got;
    int found;

    (void)state;
    prepare(store);
    assert_int_equal(mark_get(store, 1, NOW, &got, &found, err), SAML_E_STORE);
    assert_int_equal(found, -1);
    assert_int_equal(try_mark(store, 1, 11, LATER, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "is not open in this process"));
}

static void full_store_refuses(void **state)
{
    sso_store_t *store = configured();
    saml_err_t *err = new_err();
    int i;

    (void)state;
    sso_store_lmdb_limit(store, 1024 * 1024);
    prepare(store);
    open_store(store);
    put(store, 1, "session", LATER);
    for (i = 0; i < 20000 && try_mark(store, i, i, LATER, err) == SAML_OK; i++)
        ;
    assert_in_range(i, 1000, 19999);
    assert_non_null(strstr(err->reason, "is full (1048576 bytes)"));
    assert_mark(store, 0, NOW, 0, LATER);
    assert_no_mark(store, i, NOW);
    assert_string_equal(get(store, 1), "session");
}

static void fill(sso_store_t *store, int number)
{
    MUST(sso_store_open(store, pool, new_err()) == SAML_OK);
    put(store, number, "r", LATER);
    mark(store, number, 11, LATER);
    apr_pool_destroy(pool);
}

static MDB_env *open_by_hand(MDB_txn **txn)
{
    MDB_env *env;

    MUST(mdb_env_create(&env) == 0);
    MUST(mdb_env_set_maxdbs(env, 8) == 0);
    MUST(mdb_env_open(env, in_base("s"), MDB_NOTLS, 0600) == 0);
    MUST(mdb_txn_begin(env, NULL, 0, txn) == 0);
    return env;
}

static void forget_marks(sso_store_t *store, int number)
{
    MDB_txn *txn;
    MDB_env *env = open_by_hand(&txn);
    MDB_dbi dbi;

    (void)store;
    (void)number;
    MUST(mdb_dbi_open(txn, "marks", 0, &dbi) == 0);
    MUST(mdb_drop(txn, dbi, 1) == 0);
    MUST(mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
}

static void survive_a_restart(void **state)
{
    sso_store_t *store = configured();

    (void)state;
    prepare(store);
    assert_ended_well(spawn(fill, store, 1));
    prepare(configured());
    open_store(store);
    assert_mark(store, 1, NOW, 11, LATER);
}

/* What one tree says of another does not hold: all of it is begun anew. */
static void marks_that_are_gone_are_missed(void **state)
{
    sso_store_t *store = configured();

    (void)state;
    prepare(store);
    assert_ended_well(spawn(fill, store, 1));
    assert_ended_well(spawn(forget_marks, store, 0));
    prepare(store);
    assert_non_null(strstr(told, "is damaged (what \"expiry\" or \"labels\" says of the others: "));
    open_store(store);
    assert_null(get(store, 1));
    mark(store, 1, 12, LATER);
    assert_mark(store, 1, NOW, 12, LATER);
}

static void shorten(sso_store_t *store, int number)
{
    MDB_txn *txn;
    MDB_env *env = open_by_hand(&txn);
    sso_key_t key = key_of(number);
    MDB_val k = { 8, key.octets }, v = { 41, NULL };
    char octets[41] = { 0 };
    MDB_dbi dbi;

    (void)store;
    memcpy(octets + 8, key.octets, SSO_KEY_BYTES);
    v.mv_data = octets;
    MUST(mdb_dbi_open(txn, "marks", 0, &dbi) == 0);
    MUST(mdb_put(txn, dbi, &k, &v, 0) == 0);
    MUST(mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
}

static void a_damaged_one_is_none_that_counts(void **state)
{
    sso_store_t *store = configured();
    saml_err_t *err = new_err();
    sso_mark_t got;
    int found;

    (void)state;
    prepare(store);
    assert_ended_well(spawn(fill, store, 1));
    assert_ended_well(spawn(shorten, store, 1));
    open_store(store);
    assert_int_equal(mark_get(store, 1, NOW, &got, &found, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "is damaged"));
    assert_int_equal(found, -1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(put_and_get, setup, teardown),
        cmocka_unit_test_setup_teardown(until_it_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(apart_from_the_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_that_begin_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(without_open_it_cannot_be_told, setup, teardown),
        cmocka_unit_test_setup_teardown(full_store_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(survive_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(marks_that_are_gone_are_missed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_one_is_none_that_counts, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_lmdb_marks", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
