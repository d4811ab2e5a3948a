/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_COMMON_H
#define T_UNIT_COMMON_H

/** @file common.h Pools, one error and the set-up of the library: what every test of saml/ begins with. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "saml/saml.h"

static apr_pool_t *group_pool, *pool;
static saml_err_t err;

/* Status and part of the reason, in one line; a SAML_OK needs no reason. */
#define assert_says(call, want, part)                                                   \
    do {                                                                                \
        saml_status_t says_got = (call);                                                \
        if (says_got != (want) || (says_got != SAML_OK && !strstr(err.reason, (part)))) \
            fail_msg("expected [%s] with \"%s\", got [%s]: %s", saml_status_name(want), \
                     (part), saml_status_name(says_got), says_got ? err.reason : "-");  \
    } while (0)

static inline int set_up_library(void **state)
{
    saml_err_t e = { .pool = NULL };

    (void)state;
    if (apr_pool_create(&group_pool, NULL) != APR_SUCCESS)
        return -1;
    e.pool = group_pool;
    return saml_library_init(&e) == SAML_OK ? 0 : -1;
}

static inline int tear_down_library(void **state)
{
    (void)state;
    apr_pool_destroy(group_pool);
    return 0;
}

static inline int set_up(void **state)
{
    (void)state;
    if (apr_pool_create(&pool, group_pool) != APR_SUCCESS)
        return -1;
    memset(&err, 0, sizeof(err));
    err.pool = pool;
    err.reason = "-";
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

#define unit(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
