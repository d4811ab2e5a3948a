/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_STORE_FIXTURE_H
#define T_UNIT_STORE_FIXTURE_H

/** @file store_fixture.h What the tests of the lmdb store share: a store in a folder of its own, keys, processes. */

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
#include "store/store.h"
#include "store/store_lmdb.h"

#define NOW   (APR_INT64_C(1772442930) * APR_USEC_PER_SEC)
#define LATER (NOW + apr_time_from_sec(3600))

static apr_pool_t *pool;
static const char *base;    /* a folder of the test's own */
static const char *told;    /* what the store told last, since it was prepared */

static inline saml_err_t *new_err(void)
{
    saml_err_t *err = apr_pcalloc(pool, sizeof(*err));

    err->pool = pool;
    return err;
}

static inline int setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    char *template;

    (void)state;
    told = NULL;
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return -1;
    template = apr_pstrcat(pool, tmp ? tmp : "/tmp", "/test_store.XXXXXX", NULL);
    base = mkdtemp(template);
    return base ? 0 : -1;
}

static inline int teardown(void **state)
{
    static const char *const names[] = { "s/data.mdb", "s/data.mdb.damaged", "s/data.mdb.earlier", "s/lock.mdb", "s", "link", "open/s/data.mdb", "open/s/lock.mdb",
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

static inline const char *in_base(const char *name)
{
    return apr_pstrcat(pool, base, "/", name, NULL);
}

static inline void hear_news(void *baton, sso_store_level_t level, const char *text)
{
    (void)baton;
    assert_int_equal(level, SSO_STORE_WARNING);
    told = apr_pstrdup(pool, text);
}

static inline sso_store_t *configured(void)
{
    sso_store_news_t news = { hear_news, NULL };
    sso_store_t *store = NULL;

    assert_int_equal(sso_store_configure(&store, apr_pstrcat(pool, "lmdb:", base, "/s", NULL), "/nowhere", pool,
                                         new_err()), SAML_OK);
    sso_store_tell(store, &news);
    return store;
}

static inline void prepare(sso_store_t *store)
{
    saml_err_t *err = new_err();

    told = NULL;
    if (sso_store_prepare(store, NULL, pool, err) != SAML_OK)
        fail_msg("%s", err->reason);
}

static inline void open_store(sso_store_t *store)
{
    saml_err_t *err = new_err();

    if (sso_store_open(store, pool, err) != SAML_OK)
        fail_msg("%s", err->reason);
}

static inline sso_store_t *ready(void)
{
    sso_store_t *store = configured();

    prepare(store);
    open_store(store);
    return store;
}

static inline sso_key_t key_of(int i)
{
    sso_key_t key;
    const char *text = apr_psprintf(pool, "session %d", i);

    assert_int_equal(sso_key_of(&key, text, strlen(text), new_err()), SAML_OK);
    return key;
}

static inline void put(sso_store_t *store, int i, const char *record, apr_time_t expires)
{
    sso_key_t key = key_of(i);

    assert_int_equal(sso_store_put(store, &key, record, strlen(record) + 1, expires, new_err()), SAML_OK);
}

static inline const char *get(sso_store_t *store, int i)
{
    sso_key_t key = key_of(i);
    const void *record = "unset";
    apr_size_t len = 99;

    assert_int_equal(sso_store_get(store, &key, &record, &len, pool, new_err()), SAML_OK);
    assert_int_equal(len, record ? strlen(record) + 1 : 0);
    return record;
}

static inline sso_store_stat_t stat_of(sso_store_t *store)
{
    sso_store_stat_t st;

    assert_int_equal(sso_store_stat(store, &st, new_err()), SAML_OK);
    return st;
}

static inline int sweep(sso_store_t *store, apr_time_t now, int at_most)
{
    int swept = -1;

    assert_int_equal(sso_store_sweep(store, now, at_most, &swept, new_err()), SAML_OK);
    return swept;
}

static inline saml_status_t use(sso_store_t *store, int i, apr_time_t until, apr_time_t now)
{
    sso_key_t key = key_of(i);

    return sso_store_use_once(store, &key, until, now, new_err());
}

/* Run `body` in a process of its own; it ends with 0 when all was well. */
static inline pid_t spawn(void (*body)(sso_store_t *store, int number), sso_store_t *store, int number)
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

static inline void assert_ended_well(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#endif
