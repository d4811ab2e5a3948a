/* SPDX-License-Identifier: Apache-2.0 */
/* lmdb_labels.c: what stands in the file for the labels of sessions. What labels are for, store_suite.h tests. */

#include "store_fixture.h"

static sso_label_t label_of(int i)
{
    sso_label_t label;

    memset(label.octets, 0, sizeof(label.octets));
    label.octets[0] = 7;                    /* labels that begin alike are told apart */
    label.octets[SSO_LABEL_BYTES - 1] = (unsigned char)i;
    return label;
}

/* Session `i` under the labels `first` and `second`. */
static void put_under(sso_store_t *store, int i, int first, int second, apr_time_t expires)
{
    sso_key_t key = key_of(i);
    sso_label_t labels[2] = { label_of(first), label_of(second) };

    assert_int_equal(sso_store_put_labelled(store, &key, "r", 2, expires, labels, 2, new_err()), SAML_OK);
}

static int end_under(sso_store_t *store, int i)
{
    sso_label_t label = label_of(i);
    int removed = -1;
    saml_err_t *err = new_err();

    if (sso_store_remove_labelled(store, &label, 1, &removed, err) != SAML_OK)
        fail_msg("%s", err->reason);
    return removed;
}

static void remove_one(sso_store_t *store, int i, int expected)
{
    sso_key_t key = key_of(i);
    int found;

    assert_int_equal(sso_store_remove(store, &key, &found, new_err()), SAML_OK);
    assert_int_equal(found, expected);
}

/* How many entries a database has, by LMDB itself. */
static size_t entries(const char *name, unsigned flags)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_stat st;

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
    assert_int_equal(mdb_env_open(env, in_base("s"), MDB_NOTLS, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, name, flags, &dbi), 0);
    assert_int_equal(mdb_stat(txn, dbi, &st), 0);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return st.ms_entries;
}

static void count_entries(sso_store_t *store, int number)
{
    (void)store;
    if (entries("labels", 0) != (size_t)number * 2 || entries("labelled", 0) != (size_t)number)
        _exit(1);
}

/* The same file twice in one process is more than LMDB allows: another one looks. */
static void assert_labelled(sso_store_t *store, int sessions)
{
    assert_ended_well(spawn(count_entries, store, sessions));
}

static void labels_leave_nothing_behind(void **state)
{
    sso_store_t *store = ready();

    (void)state;
    put_under(store, 1, 10, 11, LATER);
    put_under(store, 2, 10, 12, LATER);
    put_under(store, 3, 20, 21, LATER);
    put(store, 4, "r", LATER);
    assert_labelled(store, 3);
    assert_int_equal(end_under(store, 10), 2);
    assert_labelled(store, 1);
    assert_int_equal(end_under(store, 21), 1);
    assert_labelled(store, 0);
    assert_int_equal(sweep(store, LATER, 100), 1);          /* of the ended ones nothing is left to sweep */
}

static void labels_go_with_their_session(void **state)
{
    sso_store_t *store = ready();
    sso_key_t key = key_of(2);
    int found;

    (void)state;
    put_under(store, 1, 10, 11, LATER);
    put_under(store, 2, 10, 12, NOW);
    put_under(store, 3, 10, 13, LATER);
    remove_one(store, 1, 1);
    remove_one(store, 1, 0);
    assert_labelled(store, 2);
    assert_int_equal(sweep(store, NOW, 100), 1);
    assert_labelled(store, 1);
    assert_int_equal(sso_store_replace(store, &key, "x", 2, LATER, &found, new_err()), SAML_OK);
    assert_int_equal(found, 0);
    key = key_of(3);
    assert_int_equal(sso_store_replace(store, &key, "new", 4, LATER, &found, new_err()), SAML_OK);
    assert_int_equal(found, 1);
    assert_labelled(store, 1);                              /* the idle stamp keeps them */
    assert_int_equal(end_under(store, 13), 1);
    assert_null(get(store, 3));
}

static void a_second_put_has_its_own_labels(void **state)
{
    sso_store_t *store = ready();

    (void)state;
    put_under(store, 1, 10, 11, LATER);
    put_under(store, 1, 20, 21, LATER);
    assert_labelled(store, 1);
    assert_int_equal(end_under(store, 10), 0);
    assert_string_equal(get(store, 1), "r");
    put(store, 1, "bare", LATER);
    assert_labelled(store, 0);
    assert_int_equal(end_under(store, 20), 0);
    assert_string_equal(get(store, 1), "bare");
}

/* More sessions of one name than one page holds: a tree of its own inside the tree. */
static void thousands_of_one_name(void **state)
{
    sso_store_t *store = ready();
    int i;

    (void)state;
    for (i = 0; i < 600; i++)
        put_under(store, i, 10, i % 200, i % 2 ? LATER : NOW);
    assert_int_equal(sweep(store, NOW, 1000), 300);
    assert_labelled(store, 300);
    assert_int_equal(end_under(store, 10), 300);
    assert_int_equal(stat_of(store).sessions, 0);
    assert_labelled(store, 0);
}

/* A full store still ends sessions, and takes new ones afterwards. */
static void a_full_store_ends_sessions(void **state)
{
    sso_store_t *store = configured();
    char record[8000];
    sso_label_t label = label_of(10);
    sso_key_t key;
    int i, removed;

    (void)state;
    memset(record, 'r', sizeof(record));
    sso_store_lmdb_limit(store, 1 << 20);
    prepare(store);
    open_store(store);
    for (i = 0; i < 1000; i++) {
        key = key_of(i);
        if (sso_store_put_labelled(store, &key, record, sizeof(record), LATER, &label, 1, new_err()) != SAML_OK)
            break;
    }
    assert_in_range(i, 50, 200);
    assert_int_equal(sso_store_remove_labelled(store, &label, 1, &removed, new_err()), SAML_OK);
    assert_int_equal(removed, i);
    assert_int_equal(sso_store_put_labelled(store, &key, record, sizeof(record), LATER, &label, 1, new_err()), SAML_OK);
}

static void fill(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    sso_key_t key = key_of(number);
    sso_label_t label = label_of(10);

    MUST(sso_store_open(store, pool, err) == SAML_OK);
    MUST(sso_store_put_labelled(store, &key, "r", 2, LATER, &label, 1, err) == SAML_OK);
    apr_pool_destroy(pool);
}

static void labels_survive_a_restart(void **state)
{
    sso_store_t *store = configured();

    (void)state;
    prepare(store);
    assert_ended_well(spawn(fill, store, 1));
    assert_ended_well(spawn(fill, store, 2));
    prepare(configured());
    open_store(store);
    assert_int_equal(end_under(store, 10), 2);
    assert_null(get(store, 1));
    assert_null(get(store, 2));
}

static void drop(const char *name)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;

    MUST(mdb_env_create(&env) == 0);
    MUST(mdb_env_set_maxdbs(env, 8) == 0);
    MUST(mdb_env_open(env, in_base("s"), MDB_NOTLS, 0600) == 0);
    MUST(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    MUST(mdb_dbi_open(txn, name, 0, &dbi) == 0);
    MUST(mdb_drop(txn, dbi, 1) == 0);
    MUST(mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
}

static void forget_labels(sso_store_t *store, int number)
{
    (void)store;
    (void)number;
    drop("labels");
    drop("labelled");
}

/* What a version without labels wrote: it opens, its sessions live, and new ones have labels. */
static void a_file_without_labels_is_taken(void **state)
{
    sso_store_t *store = configured();

    (void)state;
    prepare(store);
    assert_ended_well(spawn(fill, store, 1));
    assert_ended_well(spawn(forget_labels, store, 0));
    prepare(configured());
    open_store(store);
    assert_string_equal(get(store, 1), "r");
    put_under(store, 2, 10, 11, LATER);
    assert_int_equal(end_under(store, 10), 1);
    assert_string_equal(get(store, 1), "r");
    remove_one(store, 1, 1);
}

static void lose_the_sessions(sso_store_t *store, int number)
{
    (void)store;
    (void)number;
    drop("sessions");
}

/* A version without labels removes sessions and leaves the labels: they name nothing, and go when they are met. */
static void labels_of_nothing_are_cleared(void **state)
{
    sso_store_t *store = configured();

    (void)state;
    prepare(store);
    assert_ended_well(spawn(fill, store, 1));
    assert_ended_well(spawn(lose_the_sessions, store, 0));
    open_store(store);
    put_under(store, 2, 10, 11, LATER);
    assert_int_equal(end_under(store, 10), 1);
    assert_int_equal(end_under(store, 10), 0);
    put_under(store, 1, 20, 21, LATER);
    assert_int_equal(end_under(store, 20), 1);
    assert_labelled(store, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(labels_leave_nothing_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(labels_go_with_their_session, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_put_has_its_own_labels, setup, teardown),
        cmocka_unit_test_setup_teardown(thousands_of_one_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_store_ends_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(labels_survive_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_without_labels_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(labels_of_nothing_are_cleared, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_lmdb_labels", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
