/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_IN_FOLDER_H
#define STORE_IN_FOLDER_H

/**
 * @file store_in_folder.h
 * The suite over a store of which this process keeps the files. The test says what its time is (suite_setup) and what its store is
 * called (suite_again).
 */

#include "store_limits.h"

static const char *base;

static sso_store_t *suite_again(void);

static int begin_in_folder(apr_time_t now)
{
    const char *tmp = getenv("TMPDIR");

    if (apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return -1;
    suite_now = now;
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

static sso_store_t *configured_as(const char *scheme)
{
    sso_store_t *store = NULL;

    must_be_ok(sso_store_configure(&store, apr_pstrcat(pool, scheme, ":", base, "/s", NULL), "/nowhere", pool, err));
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

#endif
