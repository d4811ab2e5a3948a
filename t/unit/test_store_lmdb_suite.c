/* SPDX-License-Identifier: Apache-2.0 */
/* store_lmdb.c: what every store must do. */

#include "store_in_folder.h"

static int suite_setup(void **state)
{
    (void)state;
    return begin_in_folder(APR_INT64_C(1772442930) * APR_USEC_PER_SEC);
}

static sso_store_t *suite_again(void)
{
    return configured_as("lmdb");
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
