/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_GLUE_H
#define T_UNIT_GLUE_H

/** @file glue.h What the tests of the glue's parts that run without httpd begin with: a pool for each test, an error where one is wanted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "saml/saml.h"

static apr_pool_t *pool;

static inline int setup(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) == APR_SUCCESS ? 0 : -1;
}

static inline int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static inline saml_err_t *new_err(void)
{
    saml_err_t *err = apr_pcalloc(pool, sizeof(*err));

    err->pool = pool;
    return err;
}

#endif
