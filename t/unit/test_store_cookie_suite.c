/* SPDX-License-Identifier: Apache-2.0 */
/* store_cookie.c: what every store must do, as far as the records are not in it. */

#include "store_in_folder.h"

static int suite_setup(void **state)
{
    (void)state;
    return begin_in_folder(apr_time_now());
}

static sso_store_t *suite_again(void)
{
    sso_store_t *store = configured_as("cookie:lmdb");

    sso_store_lifetime(store, apr_time_from_sec(3600));
    return store;
}

static void nobody_can_list(void **state)
{
    walk_seen_t walk = { .count = 0 };
    saml_err_t *err = new_err();

    (void)state;
    assert_refused(sso_store_each(suite_open(), apr_time_now(), NULL, see, &walk, err), err, "browsers carry the sessions");
}

/* A user's sessions end wherever they began, also those that this store never saw. */
static void users_end_from_outside(void **state)
{
    sso_store_t *server = suite_open();
    sso_carried_t elsewhere = { .key = key_of(2), .labels = { user_label("ada") }, .label_count = 1, .created = apr_time_now() };
    int status, ended = -1;
    pid_t pid;

    (void)state;
    put_user(server, 1, "ada", limits_later());
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        sso_label_t ada = user_label("ADA");
        sso_store_t *beside = suite_again();
        int removed = 0;

        must_be_ok(sso_store_attach(beside, pool, err));
        must_be_ok(sso_store_remove_labelled(beside, &ada, 1, &removed, err));
        _exit(removed);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 1);
    must_be_ok(sso_store_is_ended(server, &elsewhere, apr_time_now(), &ended, err));
    assert_int_equal(ended, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        LIMIT_SUITE,
        suite_test(suite_marks),
        suite_test(nobody_can_list),
        suite_test(users_end_from_outside)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_cookie_suite", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
