/* SPDX-License-Identifier: Apache-2.0 */
/* store_lmdb.c: what every store must do. */

#include "store_limits.h"

static const char *base;

static int suite_setup(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return -1;
    suite_now = APR_INT64_C(1772442930) * APR_USEC_PER_SEC;
    base = mkdtemp(apr_pstrcat(pool, tmp ? tmp : "/tmp", "/test_store.XXXXXX", NULL));
    return base ? 0 : -1;
}

static int suite_teardown(void **state)
{
    static const char *const names[] = { "/s/data.mdb", "/s/lock.mdb", "/s", "" };
    char *paths[4];
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++)
        paths[i] = strdup(apr_pstrcat(pool, base, names[i], NULL));
    apr_pool_destroy(pool);         /* closes the store */
    for (i = 0; i < 4; i++) {
        remove(paths[i]);
        free(paths[i]);
    }
    return 0;
}

static sso_store_t *suite_again(void)
{
    sso_store_t *store = NULL;

    must_be_ok(sso_store_configure(&store, apr_pstrcat(pool, "lmdb:", base, "/s", NULL), "/nowhere", pool, err));
    return store;
}

static sso_store_t *suite_unopened(void)
{
    sso_store_t *store = suite_again();

    must_be_ok(sso_store_prepare(store, NULL, pool, err));
    return store;
}

static sso_store_t *suite_open(void)
{
    sso_store_t *store = suite_unopened();

    must_be_ok(sso_store_open(store, pool, err));
    return store;
}

/* It is told what time it is. */
static void suite_until(apr_time_t t)
{
    (void)t;
}

int main(void)
{
    static const struct CMUnitTest tests[] = { STORE_SUITE, LIMIT_SUITE, LIST_SUITE };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_lmdb_suite", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
