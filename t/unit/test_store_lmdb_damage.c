/* SPDX-License-Identifier: Apache-2.0 */
/* store_lmdb.c, lmdb_try.c, lmdb_look.c: files that are not as they were written. Nothing wrong is read, and the store begins anew. */

#include "store_fixture.h"

#define PAGE     4096
#define SESSIONS 300
#define USED     40
#define MARKS    40

/* ---- a store with something of everything in it ------------------------------------------------------------ */

static sso_label_t label_of(int i)
{
    sso_label_t label = { { 0 } };

    memcpy(label.octets, &i, sizeof(i));
    label.octets[SSO_LABEL_BYTES - 1] = 9;
    return label;
}

/* Some of a few hundred octets, and some of several pages. */
static apr_size_t record_of(char *out, int i)
{
    apr_size_t len = i % 25 == 0 ? 9000 : 300 + (apr_size_t)i % 200, k;

    for (k = 0; k < len; k++)
        out[k] = (char)((apr_size_t)i * 7 + k / 3 * 5);
    memcpy(out, &i, sizeof(i));
    return len;
}

static void fill(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    char record[9000];
    int i, found;

    (void)number;
    MUST(sso_store_open(store, pool, err) == SAML_OK);
    for (i = 0; i < SESSIONS + 30; i++) {
        sso_label_t labels[2] = { label_of(i / 60), label_of(1000 + i) };
        sso_key_t key = key_of(i);
        apr_size_t len = record_of(record, i);

        MUST(sso_store_put_labelled(store, &key, record, len, LATER + i, labels, 2, err) == SAML_OK);
    }
    for (i = 0; i < USED; i++)
        MUST(use(store, 5000 + i, LATER + i, NOW) == SAML_OK);
    for (i = 0; i < MARKS; i++) {
        sso_key_t key = key_of(i), value = key_of(i + 1);

        MUST(sso_store_mark_put(store, &key, &value, LATER + i, err) == SAML_OK);
    }
    for (i = SESSIONS; i < SESSIONS + 30; i++) {                /* so that there are free pages, too */
        sso_key_t key = key_of(i);

        MUST(sso_store_remove(store, &key, &found, err) == SAML_OK && found);
    }
    apr_pool_destroy(pool);
}

/* Each session, used ID, mark and label is as it was written. In a process of its own: what was missed might end it. */
static void see_all(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    char record[9000];
    int i, removed;

    (void)number;
    MUST(sso_store_open(store, pool, err) == SAML_OK);
    for (i = 0; i < SESSIONS; i++) {
        sso_key_t key = key_of(i);
        const void *got = NULL;
        apr_size_t len;

        MUST(sso_store_get(store, &key, &got, &len, pool, err) == SAML_OK && got);
        MUST(len == record_of(record, i) && memcmp(got, record, len) == 0);
    }
    for (i = 0; i < USED; i++)
        MUST(use(store, 5000 + i, LATER + i, NOW) == SAML_E_REPLAY);
    for (i = 0; i < MARKS; i++) {
        sso_key_t key = key_of(i), value = key_of(i + 1);
        sso_mark_t got;
        int found;

        MUST(sso_store_mark_get(store, &key, NOW, &got, &found, err) == SAML_OK && found);
        MUST(memcmp(got.value.octets, value.octets, SSO_KEY_BYTES) == 0);
    }
    for (i = 0; i < SESSIONS / 60; i++) {
        sso_label_t label = label_of(i);

        MUST(sso_store_remove_labelled(store, &label, 1, &removed, err) == SAML_OK && removed == 60);
    }
    MUST(sso_store_sweep(store, LATER + 1000, 100000, &removed, err) == SAML_OK && removed == USED + MARKS);
    apr_pool_destroy(pool);
}

static char *read_file(apr_size_t *len)
{
    struct stat st;
    int fd = open(in_base("s/data.mdb"), O_RDONLY);
    char *octets;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    octets = malloc((size_t)st.st_size);
    assert_non_null(octets);
    assert_int_equal(read(fd, octets, (size_t)st.st_size), st.st_size);
    close(fd);
    *len = (apr_size_t)st.st_size;
    return octets;
}

static void write_file(const char *octets, apr_size_t len)
{
    int fd = open(in_base("s/data.mdb"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, len), (ssize_t)len);
    close(fd);
}

static char *full_file(apr_size_t *len)
{
    sso_store_t *store = configured();

    prepare(store);
    assert_ended_well(spawn(fill, store, 0));
    return read_file(len);
}

/* ---- seen before anybody serves ------------------------------------------------------------------------------- */

static void assert_begun_anew(const char *says, const char *to)
{
    apr_time_t since, before = apr_time_now();
    sso_store_t *store = configured();

    prepare(store);
    assert_non_null(told);
    if (!strstr(told, says))
        fail_msg("expected \"%s\" in: %s", says, told);
    assert_non_null(strstr(told, apr_pstrcat(pool, "the file was moved aside, to ", in_base(to), ", and a new one begun", NULL)));
    assert_int_equal(access(in_base(to), F_OK), 0);
    open_store(store);
    assert_int_equal(sso_store_used_since(store, &since, new_err()), SAML_OK);
    assert_true(since >= before && since <= apr_time_now());    /* what was used before that is not known any more */
    assert_int_equal(stat_of(store).sessions, 0);
    put(store, 1, "one", LATER);
    assert_string_equal(get(store, 1), "one");
}

static void not_even_an_lmdb_file(void **state)
{
    static const struct { apr_size_t len; char octet; } files[] = { { 65536, 'x' }, { 100, 'x' }, { 8192, 0 }, { 65536, 0 }, { 5000, 'y' } };
    char octets[65536];
    apr_size_t i;

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct stat st;

        if (i == 0)
            assert_int_equal(mkdir(in_base("s"), 0700), 0);
        memset(octets, files[i].octet, sizeof(octets));
        write_file(octets, files[i].len);
        assert_begun_anew("is damaged (", "s/data.mdb.damaged");
        assert_int_equal(stat(in_base("s/data.mdb.damaged"), &st), 0);
        assert_int_equal(st.st_size, files[i].len);
        teardown(state);
        setup(state);
        assert_int_equal(mkdir(in_base("s"), 0700), 0);
    }
}

static void of_an_earlier_version(void **state)
{
    MDB_val key = { 8, (void *)"saml-sso" }, version = { 10, (void *)"sessions 1" };
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;

    (void)state;
    assert_int_equal(mkdir(in_base("s"), 0700), 0);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, in_base("s"), 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &version, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_begun_anew("is of an earlier version of this module (\"sessions 1\")", "s/data.mdb.earlier");
}

/* In a page: garbage, nothing, what another page holds, or a few octets turned. */
static void spoil(char *file, apr_size_t len, apr_size_t page, unsigned *seed)
{
    char *at = file + page * PAGE;
    apr_size_t i, other = (apr_size_t)rand_r(seed) % (len / PAGE) * PAGE;
    int how = rand_r(seed) % 5;

    for (i = 0; how == 0 && i < PAGE; i++)
        at[i] = (char)rand_r(seed);
    if (how == 1)
        memset(at, 0, PAGE);
    if (how == 2)
        memmove(at, file + other, PAGE);
    if (how == 3)
        at[rand_r(seed) % PAGE] ^= (char)(1 << rand_r(seed) % 8);
    for (i = 0; how == 4 && i < 64; i++)                        /* only what LMDB goes by: the head, and where things are */
        at[i] = (char)rand_r(seed);
}

/* Each page of the file in turn: either it was none that mattered, or it is seen and the store is begun anew. */
static void pages_that_were_spoilt(void **state)
{
    apr_size_t len, page;
    char *good = full_file(&len), *bad = malloc(len);
    unsigned seed = 4711;
    int seen = 0, nothing = 0, rounds = getenv("SSO_SANITIZED") ? 50 : 100, i;

    (void)state;
    assert_non_null(bad);
    for (i = 0; i < rounds; i++) {
        sso_store_t *store = configured();

        page = i < 2 ? (apr_size_t)i : (apr_size_t)rand_r(&seed) % (len / PAGE);
        memcpy(bad, good, len);
        spoil(bad, len, page, &seed);
        write_file(bad, len);
        unlink(in_base("s/lock.mdb"));
        prepare(store);
        if (told) {
            seen++;
            assert_non_null(strstr(told, "; the file was moved aside"));
            continue;
        }
        nothing++;
        assert_ended_well(spawn(see_all, store, 0));
    }
    assert_true(seen > rounds / 3);
    assert_int_equal(seen + nothing, rounds);
    free(good);
    free(bad);
}

/* Whoever begins while others write sees the one moment or the other, and never a half of both. */
static void write_for_ever(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    char record[1500];
    int i, found;

    memset(record, 'a' + number, sizeof(record));
    MUST(sso_store_open(store, pool, err) == SAML_OK);
    for (i = 0;; i++) {
        sso_label_t label = label_of(i % 5);
        char text[32];
        sso_key_t key;

        snprintf(text, sizeof(text), "of %d: %d", number, i % 200);
        MUST(sso_key_of(&key, text, strlen(text), err) == SAML_OK);
        if (i % 3 == 2)
            MUST(sso_store_remove(store, &key, &found, err) == SAML_OK);
        else
            MUST(sso_store_put_labelled(store, &key, record, sizeof(record), LATER + i, &label, 1, err) == SAML_OK);
    }
}

static void a_store_at_work_is_not_taken_for_damaged(void **state)
{
    sso_store_t *store = configured();
    pid_t writers[2];
    int i, status;

    (void)state;
    prepare(store);
    for (i = 0; i < 2; i++)
        writers[i] = spawn(write_for_ever, store, i);
    for (i = 0; i < 40; i++) {
        prepare(store);
        if (told)
            fail_msg("%s", told);
    }
    for (i = 0; i < 2; i++) {
        assert_int_equal(kill(writers[i], SIGKILL), 0);
        assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
        assert_true(WIFSIGNALED(status));
    }
    prepare(store);
    assert_null(told);
}

/* ---- seen while it is served ------------------------------------------------------------------------------------ */

/* The octets of each record turned, and nothing else: no look-up gives any of it, and the log will say what to do. */
static void a_record_that_changed_is_not_read(void **state)
{
    sso_store_t *store = configured();
    saml_err_t *err = new_err();
    apr_size_t len, i;
    char *file, record[9000];
    int refused = 0, k;

    (void)state;
    file = full_file(&len);
    for (k = 1; k < SESSIONS; k += 2) {
        apr_size_t size = record_of(record, k);

        for (i = 0; i + size <= len; i++) {
            if (file[i] == record[0] && memcmp(file + i, record, size) == 0)
                file[i + size / 2] ^= 4;
        }
    }
    write_file(file, len);
    free(file);
    open_store(store);                                          /* as a child does whose parent saw nothing */
    for (k = 0; k < SESSIONS; k++) {
        sso_key_t key = key_of(k);
        const void *got = NULL;
        apr_size_t size = 0;
        saml_status_t is = sso_store_get(store, &key, &got, &size, pool, err);

        if (k % 2) {
            assert_int_equal(is, SAML_E_STORE);
            assert_null(got);
            assert_non_null(strstr(err->reason, " is damaged (looking a session up: "));
            assert_non_null(strstr(err->reason, "); restart the server: it moves the file aside and begins a new one"));
            refused++;
        } else {
            assert_int_equal(is, SAML_OK);
            assert_int_equal(size, record_of(record, k));
            assert_memory_equal(got, record, size);
        }
    }
    assert_int_equal(refused, SESSIONS / 2);
}

/* In a folder that the children cannot write in, as root makes it for them, it is root that renames. */
static void begun_anew_for_another_user(void **state)
{
    sso_store_t *store = configured();
    sso_store_owner_t nobody = { 65534, 65534 };
    struct stat st;
    char x[9000];

    (void)state;
    if (geteuid() != 0)
        nobody.uid = nobody.gid = -1;
    assert_int_equal(chmod(base, 0711), 0);
    assert_int_equal(sso_store_prepare(store, &nobody, pool, new_err()), SAML_OK);
    memset(x, 'x', sizeof(x));
    write_file(x, sizeof(x));
    assert_int_equal(sso_store_prepare(store, &nobody, pool, new_err()), SAML_OK);
    assert_non_null(strstr(told, "s/data.mdb.damaged, and a new one begun"));
    assert_int_equal(stat(in_base("s/data.mdb"), &st), 0);
    assert_int_equal(st.st_uid, geteuid() == 0 ? 65534 : geteuid());
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(sso_store_prepare(configured(), &nobody, pool, new_err()), SAML_OK);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(not_even_an_lmdb_file, setup, teardown),
        cmocka_unit_test_setup_teardown(of_an_earlier_version, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_that_were_spoilt, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_at_work_is_not_taken_for_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_changed_is_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(begun_anew_for_another_user, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_lmdb_damage", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
