/* SPDX-License-Identifier: Apache-2.0 */
/* store.c, store_lmdb.c, lmdb_env.c, private_dir.c: what LMDB makes of it, and which files it takes. */

#include "store_fixture.h"
#include "store_specs.h"

/* ---- configuration ------------------------------------------------------ */

static void specs(void **state)
{
    static const spec_t cases[] = {
        { "lmdb", "lmdb:/run/httpd/saml-sso", NULL },
        { "lmdb:/var/lib/sso", "lmdb:/var/lib/sso", NULL },
        { "lmdb:/var//lib/./sso/", "lmdb:/var/lib/sso", NULL },
        { "lmdb:var/lib/sso", NULL, "expected an absolute path of a folder, got \"var/lib/sso\"" },
        { "lmdb:", NULL, "expected an absolute path" },
        { "lmdb:/", NULL, "expected a path of a folder of its own" },
        { "lmdbx", NULL, "expected one of lmdb, redis, rediss, cookie, with \":\" and its argument, got \"lmdbx\"" },
        { "", NULL, "expected one of lmdb" }
    };
    (void)state;
    assert_specs(cases, sizeof(cases) / sizeof(cases[0]));
}

static void keys_are_sha256(void **state)
{
    sso_key_t key;

    (void)state;
    assert_int_equal(sso_key_of(&key, "abc", 3, new_err()), SAML_OK);
    assert_memory_equal(key.octets, "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
                        "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad", 32);
}

/* ---- records ------------------------------------------------------------ */

/* Keys that differ behind their first octets only: one is never taken for the other. */
static void keys_that_begin_alike(void **state)
{
    sso_store_t *store = ready();
    sso_key_t one = key_of(1), other = one;
    saml_err_t *err = new_err();
    const void *record = "unset";
    apr_size_t len = 9;
    int found = 9;

    (void)state;
    other.octets[SSO_KEY_BYTES - 1] ^= 1;
    assert_int_equal(sso_store_put(store, &one, "one", 4, LATER, err), SAML_OK);
    assert_int_equal(sso_store_get(store, &other, &record, &len, pool, err), SAML_OK);
    assert_null(record);
    assert_int_equal(len, 0);
    assert_int_equal(sso_store_remove(store, &other, &found, err), SAML_OK);
    assert_int_equal(found, 0);
    assert_int_equal(sso_store_replace(store, &other, "two", 4, LATER, &found, err), SAML_OK);
    assert_int_equal(found, 0);
    assert_int_equal(sso_store_put(store, &other, "two", 4, LATER, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "holds another key that begins alike"));
    assert_string_equal(get(store, 1), "one");
    assert_int_equal(sso_store_use_once(store, &one, LATER, NOW, err), SAML_OK);
    assert_int_equal(sso_store_use_once(store, &other, LATER, NOW, err), SAML_E_STORE);
    assert_int_equal(sso_store_use_once(store, &one, LATER, NOW, err), SAML_E_REPLAY);
}

static void expired_stays_until_swept(void **state)
{
    sso_store_t *store = ready();
    int i;

    (void)state;
    for (i = 0; i < 10; i++)
        put(store, i, "r", NOW + i);
    assert_int_equal(use(store, 50, NOW + 3, NOW), SAML_OK);
    assert_int_equal(sweep(store, NOW - 1, 100), 0);
    assert_int_equal(sweep(store, NOW + 5, 0), 0);
    assert_int_equal(sweep(store, NOW + 5, 2), 2);          /* the two that ended first */
    assert_null(get(store, 0));
    assert_null(get(store, 1));
    assert_string_equal(get(store, 2), "r");
    assert_int_equal(sweep(store, NOW + 5, 100), 5);        /* 2 to 5, and the used ID */
    assert_int_equal(stat_of(store).sessions, 4);
    assert_int_equal(stat_of(store).used_ids, 0);
    assert_string_equal(get(store, 6), "r");
    assert_int_equal(sweep(store, NOW + 100, 100), 4);
    assert_int_equal(stat_of(store).sessions, 0);
    assert_int_equal(sweep(store, NOW + 100, 100), 0);
}

/* It stays as it is, whoever opens it: since the file was made, less what clocks may differ. */
static void since_when_ids_are_remembered(void **state)
{
    apr_time_t since, again, before = apr_time_now() - apr_time_from_sec(600);
    sso_store_t *store = configured();

    (void)state;
    assert_int_equal(sso_store_used_since(store, &since, new_err()), SAML_E_STORE);
    prepare(store);
    open_store(store);
    assert_int_equal(sso_store_used_since(store, &since, new_err()), SAML_OK);
    assert_true(since >= before && since <= apr_time_now() - apr_time_from_sec(600));
    prepare(store);
    assert_int_equal(sso_store_used_since(store, &again, new_err()), SAML_OK);
    assert_true(again == since);
}

/* Made when the clock was ahead: what comes from now on is answered for, and by all alike; nobody waits for that time. */
static void since_a_time_to_come(void **state)
{
    apr_time_t since = apr_time_now() + apr_time_from_sec(3600), before;
    MDB_val key = { 10, (void *)"used since" }, value = { sizeof(since), &since };
    sso_store_t *store = configured();
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi unnamed;

    (void)state;
    prepare(store);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, in_base("s"), 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &unnamed), 0);
    assert_int_equal(mdb_put(txn, unnamed, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    prepare(store);
    before = apr_time_now();
    open_store(store);
    assert_int_equal(sso_store_used_since(store, &since, new_err()), SAML_OK);
    assert_true(since <= before && since > before - apr_time_from_sec(60));
}

static void without_open_it_cannot_be_told(void **state)
{
    sso_store_t *store = configured();
    sso_key_t key = key_of(1);
    const void *record = NULL;
    apr_size_t len;
    sso_store_stat_t st;
    int n;

    (void)state;
    prepare(store);
    assert_int_equal(sso_store_get(store, &key, &record, &len, pool, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_put(store, &key, "r", 2, LATER, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_replace(store, &key, "r", 2, LATER, &n, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_remove(store, &key, &n, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_use_once(store, &key, LATER, NOW, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_sweep(store, NOW, 1, &n, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_stat(store, &st, new_err()), SAML_E_STORE);
}

static void put_instead(sso_store_t *store, int i, int instead, const char *record, apr_size_t len, saml_status_t want)
{
    sso_key_t key = key_of(i), other = key_of(instead);
    const sso_put_t one = { .key = &key, .record = record, .len = len, .expires = LATER + i, .instead = &other, .instead_count = 1 };

    assert_int_equal(sso_store_put_session(store, &one, new_err()), want);
}

/* What is counted here and lives elsewhere: it is ended when the other has come about there. */
static void whose_place_is_taken_may_stay(void **state)
{
    sso_store_t *store = ready();
    sso_key_t key = key_of(2), other = key_of(3), instead[5] = { key_of(1), key_of(9), key_of(1), key_of(1), key_of(1) };
    const sso_put_t two = { .key = &key, .record = "two", .len = 4, .expires = apr_time_now() + apr_time_from_sec(3600),
                            .instead = instead, .instead_count = 5, .instead_stay = 1 };
    sso_put_t three = two;

    (void)state;
    sso_store_limit(store, 1);
    put(store, 1, "one", apr_time_now() + apr_time_from_sec(3600));
    assert_int_equal(sso_store_put_session(store, &two, new_err()), SAML_OK);
    assert_int_equal(sso_store_last_count(store), 1);
    assert_int_equal(stat_of(store).sessions, 2);
    assert_string_equal(get(store, 1), "one");
    assert_string_equal(get(store, 2), "two");
    three.key = &other;                                     /* it counts once, however often it is named: two there are, and one stays */
    assert_int_equal(sso_store_put_session(store, &three, new_err()), SAML_E_STORE);
    assert_null(get(store, 3));
}

static void full_store_refuses_and_keeps(void **state)
{
    sso_store_t *store = configured();
    char *record = apr_pcalloc(pool, 3000);
    saml_err_t *err = new_err();
    sso_key_t first = key_of(0);
    int i, kept, found;

    (void)state;
    memset(record, 'r', 2999);
    sso_store_lmdb_limit(store, 1024 * 1024);
    prepare(store);
    open_store(store);
    assert_int_equal(stat_of(store).bytes_limit, 1024 * 1024);
    for (kept = 0; kept < 1000; kept++) {
        sso_key_t key = key_of(kept);

        if (sso_store_put(store, &key, record, 3000, NOW + kept, err) != SAML_OK)
            break;
    }
    assert_in_range(kept, 200, 260);
    assert_non_null(strstr(err->reason, "is full (1048576 bytes); nothing was dropped for it"));
    assert_int_equal(stat_of(store).sessions, kept);
    for (i = 0; i < 1000 && use(store, i, LATER, NOW) == SAML_OK; i++)
        ;
    assert_in_range(i, 0, 999);
    assert_int_equal(use(store, i, LATER, NOW), SAML_E_STORE);
    put_instead(store, 4000, 100, record, 3000, SAML_OK);   /* who signs on anew has the room that he had */
    put_instead(store, 100, 4000, record, 3000, SAML_OK);
    assert_null(get(store, 4000));
    put_instead(store, 4000, 100, apr_pmemdup(pool, apr_psprintf(pool, "%s%s", record, record), 5999), 5999, SAML_E_STORE);
    put_instead(store, 4000, 9999, record, 3000, SAML_E_STORE);
    assert_null(get(store, 4000));
    assert_string_equal(get(store, 100), record);
    assert_int_equal(sso_store_replace(store, &first, record, 3000, LATER, &found, new_err()), SAML_OK);
    assert_int_equal(found, 1);                             /* who is signed on stays so */
    assert_int_equal(sso_store_remove(store, &first, &found, new_err()), SAML_OK);
    assert_int_equal(found, 1);
    kept--;
    assert_int_equal(stat_of(store).sessions, kept);
    for (i = 1; i <= kept; i++)
        assert_string_equal(get(store, i), record);
    assert_int_equal(sweep(store, NOW + 49, 25), 25);       /* room is made even so */
    assert_int_equal(sweep(store, NOW + 49, 25), 24);
    put(store, 5000, record, LATER);
    assert_string_equal(get(store, 5000), record);
    assert_null(get(store, 49));
    assert_string_equal(get(store, 50), record);
}

/* At the limit, what has ended by the real clock goes first. */
#define IN_AN_HOUR (apr_time_now() + apr_time_from_sec(3600))

static void fill_some(sso_store_t *store, int number)
{
    int i;

    MUST(sso_store_open(store, pool, new_err()) == SAML_OK);
    for (i = 0; i < number; i++) {
        sso_key_t key = key_of(i);

        MUST(sso_store_put(store, &key, "r", 2, IN_AN_HOUR, new_err()) == SAML_OK);
    }
    apr_pool_destroy(pool);
}

/* Raised, the map grows with it; lowered, all stay that there are. @return what the store says of itself */
static sso_store_stat_t begin_with_limit(apr_uint64_t limit, int one_more, saml_status_t want)
{
    apr_pool_t *own, *keep = pool;
    sso_store_t *store;
    sso_store_stat_t st;
    sso_key_t key;

    apr_pool_create(&own, keep);
    pool = own;
    key = key_of(one_more);
    store = configured();
    sso_store_limit(store, limit);
    prepare(store);
    assert_null(told);
    open_store(store);
    assert_string_equal(get(store, 99), "r");
    assert_int_equal(sso_store_put(store, &key, "r", 2, IN_AN_HOUR, new_err()), want);
    st = stat_of(store);
    pool = keep;
    apr_pool_destroy(own);
    return st;
}

static void a_limit_that_changes(void **state)
{
    sso_store_t *store = configured();
    sso_store_stat_t st;

    (void)state;
    sso_store_limit(store, 100);
    prepare(store);
    assert_ended_well(spawn(fill_some, store, 100));
    st = begin_with_limit(100, 100, SAML_E_STORE);
    assert_int_equal(st.sessions, 100);
    st = begin_with_limit(4000000, 100, SAML_OK);
    assert_int_equal(st.sessions, 101);
    if (sizeof(void *) > 4)
        assert_true(st.bytes_limit == (apr_uint64_t)4000000 * 8192);
    st = begin_with_limit(10, 101, SAML_E_STORE);
    assert_int_equal(st.sessions, 101);
    if (sizeof(void *) > 4)
        assert_true(st.bytes_limit == (apr_uint64_t)1 << 33);
    assert_int_equal(begin_with_limit(0, 101, SAML_OK).sessions, 102);
}

/* ---- files -------------------------------------------------------------- */

static unsigned mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void files_are_private(void **state)
{
    sso_store_t *store = configured();
    mode_t old = umask(0);

    (void)state;
    assert_int_equal(sso_store_check(store, new_err()), SAML_OK);
    assert_int_equal(access(in_base("s"), F_OK), -1);       /* checking makes nothing */
    prepare(store);
    umask(old);
    assert_int_equal(mode_of(in_base("s")), 0700);
    assert_int_equal(mode_of(in_base("s/data.mdb")), 0600);
    assert_int_equal(mode_of(in_base("s/lock.mdb")), 0600);
    assert_int_equal(sso_store_check(store, new_err()), SAML_OK);
    open_store(store);
    put(store, 1, "one", LATER);
    prepare(store);                                         /* a second generation is no harm to the first */
    assert_string_equal(get(store, 1), "one");
}

static void assert_refused(sso_store_t *store, const char *says)
{
    saml_err_t *err = new_err();

    assert_int_equal(sso_store_prepare(store, NULL, pool, err), SAML_E_STORE);
    if (!strstr(err->reason, says))
        fail_msg("expected \"%s\" in: %s", says, err->reason);
}

static void folders_that_are_not_safe(void **state)
{
    sso_store_t *store = configured(), *below = NULL;
    saml_err_t *err = new_err();

    (void)state;
    assert_int_equal(mkdir(in_base("target"), 0700), 0);
    assert_int_equal(symlink("target", in_base("s")), 0);
    assert_int_equal(sso_store_check(store, err), SAML_E_STORE);
    assert_refused(store, "expected a folder, got a symbolic link");
    assert_int_equal(unlink(in_base("s")), 0);
    assert_int_equal(rmdir(in_base("target")), 0);

    assert_int_equal(mkdir(in_base("s"), 0700), 0);
    assert_int_equal(chmod(in_base("s"), 0770), 0);
    assert_refused(store, "expected nobody but its owner to write in it, got mode 0770; chmod go-w");
    assert_int_equal(chmod(in_base("s"), 0702), 0);
    assert_refused(store, "got mode 0702");
    assert_int_equal(chmod(in_base("s"), 0755), 0);
    prepare(store);
    assert_int_equal(mode_of(in_base("s")), 0755);          /* somebody's choice */

    assert_int_equal(mkdir(in_base("open"), 0700), 0);
    assert_int_equal(chmod(in_base("open"), 0777), 0);
    assert_int_equal(sso_store_configure(&below, apr_pstrcat(pool, "lmdb:", base, "/open/s", NULL), "/", pool, err),
                     SAML_OK);
    assert_refused(below, "expected a parent where others cannot put another in its place");
    assert_int_equal(chmod(in_base("open"), 01777), 0);
    prepare(below);

    assert_int_equal(sso_store_configure(&below, apr_pstrcat(pool, "lmdb:", base, "/missing/s", NULL), "/", pool, err),
                     SAML_OK);
    assert_refused(below, "/missing to exist, got: No such file or directory; make it first");
    assert_int_equal(sso_store_check(below, err), SAML_E_STORE);
}

static void write_file(const char *path, const char *octets, apr_size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, len), (ssize_t)len);
    close(fd);
}

static void links_are_not_followed(void **state)
{
    sso_store_t *store = configured();

    (void)state;
    assert_int_equal(mkdir(in_base("s"), 0700), 0);
    write_file(in_base("target"), "precious", 8);
    assert_int_equal(symlink("../target", in_base("s/data.mdb")), 0);
    assert_refused(store, "data.mdb: expected to open it for reading and writing, got: it is a symbolic link");
    assert_int_equal(unlink(in_base("s/data.mdb")), 0);
    assert_int_equal(link(in_base("target"), in_base("s/data.mdb")), 0);
    assert_refused(store, "data.mdb: expected a regular file of one name");
    assert_int_equal(unlink(in_base("s/data.mdb")), 0);
    assert_int_equal(mkfifo(in_base("s/data.mdb"), 0600), 0);
    assert_refused(store, "data.mdb: expected a regular file of one name");
    assert_int_equal(unlink(in_base("s/data.mdb")), 0);
    prepare(store);
}

static void foreign_files(void **state)
{
    sso_store_t *store = configured();
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = { 3, (void *)"abc" }, v = { 3, (void *)"def" }, ours = { 8, (void *)"saml-sso" },
            other = { 11, (void *)"sessions 99" };

    (void)state;
    assert_int_equal(mkdir(in_base("s"), 0700), 0);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, in_base("s"), 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_refused(store, "got the LMDB files of another program");

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, in_base("s"), 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &ours, &other, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_refused(store, "got \"sessions 99\" of another version");
}

static void child_opens_and_fills(sso_store_t *store, int number)
{
    char record[3000];
    saml_err_t *err = new_err();
    int i;

    (void)number;
    memset(record, 'r', sizeof(record));
    record[sizeof(record) - 1] = '\0';
    MUST(sso_store_open(store, pool, err) == SAML_OK);
    for (i = 0; i < 500; i++) {
        sso_key_t key = key_of(i);

        MUST(sso_store_put(store, &key, record, sizeof(record), LATER, err) == SAML_OK);
    }
    apr_pool_destroy(pool);
}

static void file_cut_short(void **state)
{
    sso_store_t *store = configured();
    saml_err_t *err = new_err();
    struct stat st, aside;

    (void)state;
    prepare(store);
    assert_ended_well(spawn(child_opens_and_fills, store, 0));
    assert_int_equal(stat(in_base("s/data.mdb"), &st), 0);
    assert_int_equal(truncate(in_base("s/data.mdb"), st.st_size / 3), 0);
    assert_int_equal(sso_store_open(store, pool, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "is damaged (expected data.mdb of"));
    assert_non_null(strstr(err->reason, "; restart the server: it moves the file aside and begins a new one"));
    prepare(store);
    assert_non_null(strstr(told, "is damaged (expected data.mdb of"));
    assert_non_null(strstr(told, "; the file was moved aside, to "));
    assert_int_equal(stat(in_base("s/data.mdb.damaged"), &aside), 0);
    assert_int_equal(aside.st_size, st.st_size / 3);
    assert_int_equal(truncate(in_base("s/data.mdb"), 0), 0);
    prepare(store = configured());                          /* emptied is new */
    assert_null(told);
    open_store(store);
    assert_null(get(store, 1));
}

/* A few pages short: the look-up that needs them says so, and nothing crashes. */
static void file_cut_by_some_pages(void **state)
{
    sso_store_t *store = configured();
    struct stat st;
    int i, lost = 0, kept = 0;

    (void)state;
    prepare(store);
    assert_ended_well(spawn(child_opens_and_fills, store, 0));
    assert_int_equal(stat(in_base("s/data.mdb"), &st), 0);
    assert_int_equal(truncate(in_base("s/data.mdb"), st.st_size - 100 * 4096), 0);
    if (sso_store_open(store, pool, new_err()) != SAML_OK)
        return;                                             /* the catalogue itself was lost, and it said so */
    for (i = 0; i < 500; i++) {
        sso_key_t key = key_of(i);
        const void *record;
        apr_size_t len;

        if (sso_store_get(store, &key, &record, &len, pool, new_err()) == SAML_OK)
            kept++;
        else
            lost++;
    }
    assert_int_equal(kept + lost, 500);
}

static void as_nobody(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    sso_key_t key = key_of(1);

    (void)number;
    MUST(setgid(65534) == 0 && setuid(65534) == 0);
    MUST(sso_store_open(store, pool, err) == SAML_OK);
    MUST(sso_store_put(store, &key, "r", 2, LATER, err) == SAML_OK);
    MUST(open(in_base("s/other"), O_CREAT | O_WRONLY, 0600) < 0 && errno == EACCES);
    MUST(unlink(in_base("s/data.mdb")) < 0 && errno == EACCES);
    MUST(sso_store_prepare(store, NULL, pool, err) == SAML_OK || strstr(err->reason, "got"));
    apr_pool_destroy(pool);
}

static void as_somebody_else(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();

    (void)number;
    MUST(setgid(65533) == 0 && setuid(65533) == 0);
    MUST(sso_store_open(store, pool, err) == SAML_E_STORE);
    MUST(strstr(err->reason, "to read and write") && strstr(err->reason, "Permission denied"));
}

/* By root for the user of the children; for anybody else, there is nobody to give files to and that is said. */
static void another_user(void **state)
{
    sso_store_t *store = configured();
    sso_store_owner_t nobody = { 65534, 65534 };
    saml_err_t *err = new_err();
    struct stat st;

    (void)state;
    if (geteuid() != 0) {
        assert_int_equal(sso_store_prepare(store, &nobody, pool, err), SAML_E_STORE);
        assert_non_null(strstr(err->reason, "expected to give it to"));
        return;
    }
    assert_int_equal(chmod(base, 0700), 0);
    assert_int_equal(sso_store_prepare(store, &nobody, pool, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "expected user 65534 to read and write"));
    assert_int_equal(geteuid(), 0);
    assert_int_equal(chmod(base, 0711), 0);
    if (sso_store_prepare(store, &nobody, pool, err) != SAML_OK)
        fail_msg("%s", err->reason);
    assert_int_equal(geteuid(), 0);
    assert_int_equal(stat(in_base("s"), &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_gid, 65534);
    assert_int_equal(st.st_mode & 07777, 0710);
    assert_int_equal(stat(in_base("s/data.mdb"), &st), 0);
    assert_int_equal(st.st_uid, 65534);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_ended_well(spawn(as_nobody, store, 0));
    assert_ended_well(spawn(as_somebody_else, store, 0));
    assert_int_equal(chown(in_base("s"), 65533, 65533), 0);
    assert_int_equal(sso_store_prepare(store, &nobody, pool, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "expected it to belong to root or to the server's user, got user 65533"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(specs, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_are_sha256, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_that_begin_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(expired_stays_until_swept, setup, teardown),
        cmocka_unit_test_setup_teardown(since_when_ids_are_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(since_a_time_to_come, setup, teardown),
        cmocka_unit_test_setup_teardown(without_open_it_cannot_be_told, setup, teardown),
        cmocka_unit_test_setup_teardown(whose_place_is_taken_may_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(full_store_refuses_and_keeps, setup, teardown),
        cmocka_unit_test_setup_teardown(a_limit_that_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_private, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_that_are_not_safe, setup, teardown),
        cmocka_unit_test_setup_teardown(links_are_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_files, setup, teardown),
        cmocka_unit_test_setup_teardown(file_cut_short, setup, teardown),
        cmocka_unit_test_setup_teardown(file_cut_by_some_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(another_user, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_lmdb", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
