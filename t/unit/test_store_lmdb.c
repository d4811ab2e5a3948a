/* SPDX-License-Identifier: Apache-2.0 */
/* store.c, store_lmdb.c, lmdb_env.c, private_dir.c: what every store must do, and many processes at once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <lmdb.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "sso/store.h"
#include "sso/store_lmdb.h"

#define NOW   (APR_INT64_C(1772442930) * APR_USEC_PER_SEC)
#define LATER (NOW + apr_time_from_sec(3600))

static apr_pool_t *pool;
static const char *base;    /* a folder of the test's own */

static saml_err_t *new_err(void)
{
    saml_err_t *err = apr_pcalloc(pool, sizeof(*err));

    err->pool = pool;
    return err;
}

static int setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    char *template;

    (void)state;
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return -1;
    template = apr_pstrcat(pool, tmp ? tmp : "/tmp", "/test_store.XXXXXX", NULL);
    base = mkdtemp(template);
    return base ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = { "s/data.mdb", "s/lock.mdb", "s", "link", "open/s/data.mdb", "open/s/lock.mdb",
                                         "open/s", "open", "target", "go" };
    const char *dir = apr_pstrdup(pool, base);
    apr_pool_t *old = pool;
    size_t i;

    (void)state;
    apr_pool_create(&pool, NULL);
    dir = apr_pstrdup(pool, dir);
    apr_pool_destroy(old);      /* closes the store */
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        remove(apr_pstrcat(pool, dir, "/", names[i], NULL));
    i = (size_t)rmdir(dir);
    apr_pool_destroy(pool);
    return (int)i;
}

static const char *in_base(const char *name)
{
    return apr_pstrcat(pool, base, "/", name, NULL);
}

static sso_store_t *configured(void)
{
    sso_store_t *store = NULL;

    assert_int_equal(sso_store_configure(&store, apr_pstrcat(pool, "lmdb:", base, "/s", NULL), "/nowhere", pool,
                                         new_err()), SAML_OK);
    return store;
}

static void prepare(sso_store_t *store)
{
    saml_err_t *err = new_err();

    if (sso_store_prepare(store, NULL, pool, err) != SAML_OK)
        fail_msg("%s", err->reason);
}

static void open_store(sso_store_t *store)
{
    saml_err_t *err = new_err();

    if (sso_store_open(store, pool, err) != SAML_OK)
        fail_msg("%s", err->reason);
}

static sso_store_t *ready(void)
{
    sso_store_t *store = configured();

    prepare(store);
    open_store(store);
    return store;
}

static sso_key_t key_of(int i)
{
    sso_key_t key;
    const char *text = apr_psprintf(pool, "session %d", i);

    assert_int_equal(sso_key_of(&key, text, strlen(text), new_err()), SAML_OK);
    return key;
}

static void put(sso_store_t *store, int i, const char *record, apr_time_t expires)
{
    sso_key_t key = key_of(i);

    assert_int_equal(sso_store_put(store, &key, record, strlen(record) + 1, expires, new_err()), SAML_OK);
}

static const char *get(sso_store_t *store, int i)
{
    sso_key_t key = key_of(i);
    const void *record = "unset";
    apr_size_t len = 99;

    assert_int_equal(sso_store_get(store, &key, &record, &len, pool, new_err()), SAML_OK);
    assert_int_equal(len, record ? strlen(record) + 1 : 0);
    return record;
}

static sso_store_stat_t stat_of(sso_store_t *store)
{
    sso_store_stat_t st;

    assert_int_equal(sso_store_stat(store, &st, new_err()), SAML_OK);
    return st;
}

static int sweep(sso_store_t *store, apr_time_t now, int at_most)
{
    int swept = -1;

    assert_int_equal(sso_store_sweep(store, now, at_most, &swept, new_err()), SAML_OK);
    return swept;
}

static saml_status_t use(sso_store_t *store, int i, apr_time_t until, apr_time_t now)
{
    sso_key_t key = key_of(i);

    return sso_store_use_once(store, &key, until, now, new_err());
}

/* ---- configuration ------------------------------------------------------ */

static void specs(void **state)
{
    static const struct {
        const char *spec;
        const char *name;
        const char *says;
    } cases[] = {
        { "lmdb", "lmdb:/run/httpd/saml-sso", NULL },
        { "lmdb:/var/lib/sso", "lmdb:/var/lib/sso", NULL },
        { "lmdb:/var//lib/./sso/", "lmdb:/var/lib/sso", NULL },
        { "lmdb:var/lib/sso", NULL, "expected an absolute path of a folder, got \"var/lib/sso\"" },
        { "lmdb:", NULL, "expected an absolute path" },
        { "lmdb:/", NULL, "expected a path of a folder of its own" },
        { "lmdbx", NULL, "expected one of lmdb, with \":\" and its argument, got \"lmdbx\"" },
        { "", NULL, "expected one of lmdb" }
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_store_t *store = NULL;
        saml_err_t *err = new_err();
        saml_status_t status = sso_store_configure(&store, cases[i].spec, "/run/httpd", pool, err);

        assert_int_equal(status, cases[i].name ? SAML_OK : SAML_E_STORE);
        if (cases[i].name) {
            assert_string_equal(sso_store_name(store), cases[i].name);
        } else {
            assert_null(store);
            assert_non_null(strstr(err->reason, cases[i].says));
        }
    }
}

static void keys_are_sha256(void **state)
{
    sso_key_t key;

    (void)state;
    assert_int_equal(sso_key_of(&key, "abc", 3, new_err()), SAML_OK);
    assert_memory_equal(key.octets, "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
                        "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad", 32);
}

/* ---- what every store must do ------------------------------------------- */

static void put_get_remove(void **state)
{
    sso_store_t *store = ready();
    sso_key_t key = key_of(1);
    int found = -1;

    (void)state;
    assert_null(get(store, 1));
    put(store, 1, "one", LATER);
    put(store, 2, "two", LATER);
    assert_string_equal(get(store, 1), "one");
    assert_string_equal(get(store, 2), "two");
    put(store, 1, "once more", LATER + 1);
    assert_string_equal(get(store, 1), "once more");
    assert_int_equal(stat_of(store).sessions, 2);
    assert_int_equal(sso_store_remove(store, &key, &found, new_err()), SAML_OK);
    assert_int_equal(found, 1);
    assert_null(get(store, 1));
    assert_string_equal(get(store, 2), "two");
    assert_int_equal(sso_store_remove(store, &key, &found, new_err()), SAML_OK);
    assert_int_equal(found, 0);
}

static void records_of_all_sizes(void **state)
{
    static const apr_size_t sizes[] = { 1, 7, 1990, 1991, 2030, 2040, 4080, 5000, 65536, SSO_MAX_RECORD_BYTES };
    sso_store_t *store = ready();
    char *record = apr_palloc(pool, SSO_MAX_RECORD_BYTES + 1);
    size_t i, k;

    (void)state;
    for (k = 0; k < SSO_MAX_RECORD_BYTES; k++)
        record[k] = (char)(k * 31 >> 3);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        sso_key_t key = key_of((int)i);
        const void *got = NULL;
        apr_size_t len = 0;

        assert_int_equal(sso_store_put(store, &key, record, sizes[i], LATER, new_err()), SAML_OK);
        assert_int_equal(sso_store_get(store, &key, &got, &len, pool, new_err()), SAML_OK);
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(got, record, len);
    }
    {
        sso_key_t key = key_of(100);

        assert_int_equal(sso_store_put(store, &key, record, 0, LATER, new_err()), SAML_E_STORE);
        assert_int_equal(sso_store_put(store, &key, record, SSO_MAX_RECORD_BYTES + 1, LATER, new_err()), SAML_E_STORE);
        assert_null(get(store, 100));
    }
}

static void replace_only_what_is_there(void **state)
{
    sso_store_t *store = ready();
    sso_key_t key = key_of(1);
    int found = -1;

    (void)state;
    assert_int_equal(sso_store_replace(store, &key, "late", 5, LATER, &found, new_err()), SAML_OK);
    assert_int_equal(found, 0);
    assert_null(get(store, 1));
    put(store, 1, "first", LATER);
    assert_int_equal(sso_store_replace(store, &key, "stamped", 8, LATER + 10, &found, new_err()), SAML_OK);
    assert_int_equal(found, 1);
    assert_string_equal(get(store, 1), "stamped");
    assert_int_equal(sweep(store, LATER + 9, 100), 0);      /* the earlier end has gone with the record */
    assert_string_equal(get(store, 1), "stamped");
    assert_int_equal(sweep(store, LATER + 10, 100), 1);
    assert_null(get(store, 1));
}

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

static void use_once_until(void **state)
{
    sso_store_t *store = ready();
    saml_err_t *err = new_err();
    sso_key_t key = key_of(1);

    (void)state;
    assert_int_equal(use(store, 1, LATER, NOW), SAML_OK);
    assert_int_equal(sso_store_use_once(store, &key, LATER, NOW, err), SAML_E_REPLAY);
    assert_non_null(strstr(err->reason, "expected one that was not used before"));
    assert_int_equal(use(store, 1, LATER, LATER - 1), SAML_E_REPLAY);
    assert_int_equal(use(store, 2, LATER, NOW), SAML_OK);
    assert_null(get(store, 1));                             /* used IDs are no sessions */
    assert_int_equal(use(store, 1, LATER + 5, LATER), SAML_OK);
    assert_int_equal(use(store, 1, LATER + 5, LATER + 4), SAML_E_REPLAY);
    assert_int_equal(stat_of(store).used_ids, 2);
    assert_int_equal(sweep(store, LATER, 100), 1);          /* number 2; number 1 was used anew */
    assert_int_equal(use(store, 1, LATER + 5, LATER), SAML_E_REPLAY);
    assert_int_equal(sweep(store, LATER + 5, 100), 1);
    assert_int_equal(stat_of(store).used_ids, 0);
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
    static char garbage[65536];
    sso_store_t *store = configured();
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = { 3, (void *)"abc" }, v = { 3, (void *)"def" }, ours = { 8, (void *)"saml-sso" },
            other = { 11, (void *)"sessions 99" };

    (void)state;
    memset(garbage, 'x', sizeof(garbage));
    assert_int_equal(mkdir(in_base("s"), 0700), 0);
    write_file(in_base("s/data.mdb"), garbage, sizeof(garbage));
    assert_refused(store, "expected an LMDB file in");
    write_file(in_base("s/data.mdb"), garbage, 100);
    assert_refused(store, "expected an LMDB file in");
    assert_int_equal(unlink(in_base("s/data.mdb")), 0);

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

/* Run `body` in a process of its own; it ends with 0 when all was well. */
static pid_t spawn(void (*body)(sso_store_t *store, int number), sso_store_t *store, int number)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        apr_pool_create(&pool, NULL);
        body(store, number);
        _exit(0);
    }
    return pid;
}

/* In a child cmocka's asserts have nowhere to go. */
#define MUST(condition)                                                                             \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "# child, line %d: expected %s\n", __LINE__, #condition);               \
            _exit(1);                                                                               \
        }                                                                                           \
    } while (0)

static void assert_ended_well(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
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
    struct stat st;

    (void)state;
    prepare(store);
    assert_ended_well(spawn(child_opens_and_fills, store, 0));
    assert_int_equal(stat(in_base("s/data.mdb"), &st), 0);
    assert_int_equal(truncate(in_base("s/data.mdb"), st.st_size / 3), 0);
    assert_refused(store, "is damaged: expected data.mdb of");
    assert_int_equal(truncate(in_base("s/data.mdb"), 0), 0);
    prepare(store);                                         /* emptied is new */
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

/* ---- many at once ------------------------------------------------------- */

#define CHILDREN 8
#define THREADS  4
#define ROUNDS   60

typedef struct {
    sso_store_t *store;
    int number;
    int won;
} worker_t;

static void *work(void *data)
{
    worker_t *w = data;
    apr_pool_t *p;
    saml_err_t err = { 0 };
    int i, found;

    apr_pool_create(&p, NULL);
    err.pool = p;
    for (i = 0; i < ROUNDS; i++) {
        char text[64], record[64] = "";
        sso_key_t key, once;
        const void *got = NULL;
        apr_size_t len;
        saml_status_t status;

        snprintf(text, sizeof(text), "of %d, %d", w->number, i);
        MUST(sso_key_of(&key, text, strlen(text), &err) == SAML_OK);
        snprintf(record, sizeof(record), "record %d %d", w->number, i);
        MUST(sso_store_put(w->store, &key, record, sizeof(record), LATER, &err) == SAML_OK);
        MUST(sso_store_get(w->store, &key, &got, &len, p, &err) == SAML_OK && got && strcmp(got, record) == 0);
        snprintf(text, sizeof(text), "assertion %d", i);
        MUST(sso_key_of(&once, text, strlen(text), &err) == SAML_OK);
        status = sso_store_use_once(w->store, &once, LATER, NOW, &err);
        MUST(status == SAML_OK || status == SAML_E_REPLAY);
        w->won += status == SAML_OK;
        if (i % 3 == 0) {
            MUST(sso_store_remove(w->store, &key, &found, &err) == SAML_OK && found);
            MUST(sso_store_get(w->store, &key, &got, &len, p, &err) == SAML_OK && !got);
        }
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    return NULL;
}

static int wins[2];     /* a pipe on which children report how often they were first */

static void child_of_threads(sso_store_t *store, int number)
{
    pthread_t threads[THREADS];
    worker_t workers[THREADS];
    saml_err_t *err = new_err();
    int i, won = 0;

    MUST(sso_store_open(store, pool, err) == SAML_OK);
    for (i = 0; i < THREADS; i++) {
        workers[i].store = store;
        workers[i].number = number * THREADS + i;
        workers[i].won = 0;
        MUST(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    for (i = 0; i < THREADS; i++) {
        MUST(pthread_join(threads[i], NULL) == 0);
        won += workers[i].won;
    }
    MUST(write(wins[1], &won, sizeof(won)) == sizeof(won));
    apr_pool_destroy(pool);
}

static void processes_and_threads(void **state)
{
    sso_store_t *store = configured();
    pid_t pids[CHILDREN];
    int i, won, total = 0;

    (void)state;
    prepare(store);
    assert_int_equal(pipe(wins), 0);
    for (i = 0; i < CHILDREN; i++)
        pids[i] = spawn(child_of_threads, store, i);
    for (i = 0; i < CHILDREN; i++) {
        assert_ended_well(pids[i]);
        assert_int_equal(read(wins[0], &won, sizeof(won)), sizeof(won));
        total += won;
    }
    close(wins[0]);
    close(wins[1]);
    assert_int_equal(total, ROUNDS);        /* each assertion passed once, whoever came first */
    open_store(store);
    assert_int_equal(stat_of(store).sessions, CHILDREN * THREADS * (ROUNDS - (ROUNDS + 2) / 3));
    assert_int_equal(stat_of(store).used_ids, ROUNDS);
    assert_int_equal(sweep(store, LATER, 1000000), CHILDREN * THREADS * (ROUNDS - (ROUNDS + 2) / 3) + ROUNDS);
}

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

static void open_inherited(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();

    (void)number;
    MUST(sso_store_open(store, pool, err) == SAML_E_STORE);
    MUST(strstr(err->reason, "was opened before this process was made by fork"));
}

static void what_was_opened_before_fork_is_refused(void **state)
{
    sso_store_t *store = ready();

    (void)state;
    open_store(store);                                      /* again in the same process is nothing */
    assert_ended_well(spawn(open_inherited, store, 0));
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
        cmocka_unit_test_setup_teardown(specs, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_are_sha256, setup, teardown),
        cmocka_unit_test_setup_teardown(put_get_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(records_of_all_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(replace_only_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_that_begin_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(expired_stays_until_swept, setup, teardown),
        cmocka_unit_test_setup_teardown(use_once_until, setup, teardown),
        cmocka_unit_test_setup_teardown(without_open_it_cannot_be_told, setup, teardown),
        cmocka_unit_test_setup_teardown(full_store_refuses_and_keeps, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_private, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_that_are_not_safe, setup, teardown),
        cmocka_unit_test_setup_teardown(links_are_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_files, setup, teardown),
        cmocka_unit_test_setup_teardown(file_cut_short, setup, teardown),
        cmocka_unit_test_setup_teardown(file_cut_by_some_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(another_user, setup, teardown),
        cmocka_unit_test_setup_teardown(processes_and_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(hundreds_of_threads_look_up, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_opened_before_fork_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(killed_writers_leave_no_harm, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_readers_are_cleared, setup, teardown),
        cmocka_unit_test_setup_teardown(generations, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_lmdb", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
