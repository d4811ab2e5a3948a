/* SPDX-License-Identifier: Apache-2.0 */
/* store_lmdb.c, lmdb_env.c: what many processes and threads do to one store, at once, killed in the middle, one generation after another. */

#include "store_fixture.h"

/* ---- many at once ------------------------------------------------------- */

/* Many more threads than there are kept transactions. */
static void *look_up(void *data)
{
    sso_store_t *store = data;
    apr_pool_t *p;
    saml_err_t err = { 0 };
    int i;

    apr_pool_create(&p, NULL);
    err.pool = p;
    for (i = 0; i < 300; i++) {
        sso_key_t key;
        const void *got = NULL;
        apr_size_t len;

        MUST(sso_key_of(&key, "session 7", 9, &err) == SAML_OK);
        MUST(sso_store_get(store, &key, &got, &len, p, &err) == SAML_OK && got && strcmp(got, "seven") == 0);
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    return NULL;
}

static void hundreds_of_threads_look_up(void **state)
{
    sso_store_t *store = ready();
    pthread_t threads[200];
    int i;

    (void)state;
    put(store, 7, "seven", LATER);
    for (i = 0; i < 200; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_up, store), 0);
    for (i = 0; i < 200; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_string_equal(get(store, 7), "seven");
}

/* ---- killed in the middle ----------------------------------------------- */

static void write_for_ever(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    char record[2000];
    int i;

    memset(record, 'a' + number, sizeof(record));
    store = configured();       /* the parent's is open already, and that does not outlive a fork */
    MUST(sso_store_open(store, pool, err) == SAML_OK);
    for (i = 0;; i++) {
        apr_pool_t *p, *keep = pool;
        sso_key_t key;

        apr_pool_create(&p, keep);
        pool = p;
        key = key_of(i % 50);
        pool = keep;
        MUST(sso_store_put(store, &key, record, sizeof(record), LATER + i, err) == SAML_OK);
        apr_pool_destroy(p);
    }
}

/* Every record is wholly of one writer, and has one place in the order of endings. */
static void assert_all_whole(sso_store_t *store)
{
    int i, there = 0;

    for (i = 0; i < 50; i++) {
        sso_key_t key = key_of(i);
        const char *record;
        const void *got = NULL;
        apr_size_t len, k;

        assert_int_equal(sso_store_get(store, &key, &got, &len, pool, new_err()), SAML_OK);
        if (!got)
            continue;
        there++;
        record = got;
        assert_int_equal(len, 2000);
        for (k = 1; k < len; k++)
            assert_int_equal(record[k], record[0]);
    }
    assert_int_equal(stat_of(store).sessions, there);
}

static void killed_writers_leave_no_harm(void **state)
{
    sso_store_t *store = configured();
    int round, status;

    (void)state;
    prepare(store);
    open_store(store);
    for (round = 0; round < 20; round++) {
        pid_t one = spawn(write_for_ever, store, round % 20), other;

        other = spawn(write_for_ever, store, (round + 1) % 20);
        apr_sleep(5000 + round * 1713);
        assert_int_equal(kill(one, SIGKILL), 0);
        put(store, 100, "others go on", LATER);
        assert_int_equal(kill(other, SIGKILL), 0);
        assert_int_equal(waitpid(one, &status, 0), one);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(waitpid(other, &status, 0), other);
        assert_true(WIFSIGNALED(status));
        assert_string_equal(get(store, 100), "others go on");
    }
    {
        sso_key_t key = key_of(100);
        int found;

        assert_int_equal(sso_store_remove(store, &key, &found, new_err()), SAML_OK);
    }
    assert_all_whole(store);
    status = (int)stat_of(store).sessions;
    assert_true(status > 0);
    assert_int_equal(sweep(store, LATER + apr_time_from_sec(3600), 1000000), status);
}

static int readers_of(const char *dir)
{
    MDB_env *env;
    MDB_envinfo info;
    int dead = -1;

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
    assert_int_equal(mdb_env_open(env, dir, MDB_NOTLS, 0600), 0);
    assert_int_equal(mdb_reader_check(env, &dead), 0);
    assert_int_equal(mdb_env_info(env, &info), 0);
    mdb_env_close(env);
    return dead;
}

static int wins[2];     /* a pipe on which a child says that it is ready */

static void read_and_wait(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    sso_key_t key = key_of(1);
    const void *record;
    apr_size_t len;

    (void)number;
    MUST(sso_store_open(store, pool, err) == SAML_OK);
    MUST(sso_store_get(store, &key, &record, &len, pool, err) == SAML_OK && record);
    MUST(write(wins[1], "x", 1) == 1);
    for (;;)
        pause();
}

static void open_in_child(sso_store_t *store, int number)
{
    (void)number;
    MUST(sso_store_open(store, pool, new_err()) == SAML_OK);
    apr_pool_destroy(pool);
}

static void fill_one(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    sso_key_t key = key_of(number);

    MUST(sso_store_open(store, pool, err) == SAML_OK);
    MUST(sso_store_put(store, &key, "one", 4, LATER, err) == SAML_OK);
    apr_pool_destroy(pool);
}

static pid_t reader(sso_store_t *store)
{
    pid_t pid = spawn(read_and_wait, store, 0);
    char x;

    assert_int_equal(read(wins[0], &x, 1), 1);
    return pid;
}

static void kill_and_wait(pid_t pid)
{
    int status;

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* The table of readers is cleared of the dead by the next child that opens. */
static void dead_readers_are_cleared(void **state)
{
    sso_store_t *store = configured();
    pid_t living, dying;

    (void)state;
    prepare(store);
    assert_ended_well(spawn(fill_one, store, 1));
    assert_int_equal(pipe(wins), 0);
    living = reader(store);
    dying = reader(store);
    kill_and_wait(dying);
    assert_int_equal(readers_of(in_base("s")), 1);          /* this is what a child would otherwise meet */
    dying = reader(store);
    kill_and_wait(dying);
    assert_ended_well(spawn(open_in_child, store, 0));
    assert_int_equal(readers_of(in_base("s")), 0);
    kill_and_wait(living);
    close(wins[0]);
    close(wins[1]);
}

/* ---- generations -------------------------------------------------------- */

static void see_and_add(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    sso_key_t key = key_of(number - 1), own = key_of(number);
    const void *record = NULL;
    apr_size_t len;

    MUST(sso_store_open(store, pool, err) == SAML_OK);
    MUST(sso_store_get(store, &key, &record, &len, pool, err) == SAML_OK && record && strcmp(record, "one") == 0);
    MUST(sso_store_put(store, &own, "one", 4, LATER, err) == SAML_OK);
    apr_pool_destroy(pool);
}

/* Prepare runs again at each restart while children of before are still at work; then all stop and start. */
static void generations(void **state)
{
    sso_store_t *store = configured();
    pid_t old;
    int i;

    (void)state;
    assert_int_equal(pipe(wins), 0);
    prepare(store);
    assert_ended_well(spawn(fill_one, store, 1));
    old = reader(store);
    for (i = 2; i < 6; i++) {
        prepare(configured());
        assert_ended_well(spawn(see_and_add, store, i));
    }
    kill_and_wait(old);
    prepare(configured());
    open_store(store);
    for (i = 1; i < 6; i++)
        assert_string_equal(get(store, i), "one");
    close(wins[0]);
    close(wins[1]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hundreds_of_threads_look_up, setup, teardown),
        cmocka_unit_test_setup_teardown(killed_writers_leave_no_harm, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_readers_are_cleared, setup, teardown),
        cmocka_unit_test_setup_teardown(generations, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_lmdb_processes", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
