/* SPDX-License-Identifier: Apache-2.0 */
/* redis_link.c, redis_conn.c, redis_setup.c: a Redis that is out of reach, late, restarted, or none at all. */

#include "redis_server.h"

static void lost_connections_are_made_anew(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    put(store, 1, "one", HOUR);
    say("CLIENT KILL TYPE normal");
    assert_string_equal(get(store, 1), "one");
    say("CLIENT KILL TYPE normal");
    assert_int_equal(use(store, 1, HOUR, suite_now), SAML_OK);
    say("SCRIPT FLUSH");
    assert_int_equal(use(store, 1, HOUR, suite_now), SAML_E_REPLAY);
    stop_server();
    assert_nothing_works(store, "expected to connect within");
    assert_int_equal(start_server(), 0);
    until_it_answers(store);
    assert_null(get(store, 1));                 /* this one keeps nothing on disk */
    put(store, 1, "again", HOUR);
    assert_string_equal(get(store, 1), "again");
}

static void what_is_not_up_yet_is_no_mistake(void **state)
{
    sso_store_t *store = suite_again();

    (void)state;
    stop_server();
    must_be_ok(sso_store_prepare(store, NULL, pool, err));
    must_be_ok(sso_store_open(store, pool, err));
    assert_nothing_works(store, "expected to connect within");
    assert_int_equal(start_server(), 0);
    until_it_answers(store);
    put(store, 1, "one", HOUR);
    assert_string_equal(get(store, 1), "one");
}

static apr_time_t spent_on(sso_store_t *store, const char *says)
{
    sso_key_t key = key_of(1);
    const void *record = NULL;
    apr_size_t len;
    saml_err_t *err = new_err();
    apr_time_t began = apr_time_now();

    assert_refused(sso_store_get(store, &key, &record, &len, pool, err), err, says);
    return apr_time_now() - began;
}

/* Stopped in the middle, it takes connections and answers nobody. */
static void silence_is_over_in_time(void **state)
{
    sso_store_t *store = opened(address(" timeout=500ms"));
    apr_time_t spent;

    (void)state;
    put(store, 1, "one", HOUR);
    kill(server, SIGSTOP);
    for (int i = 0; i < 5; i++) {               /* it is not asked again for ever longer, half a second in the end */
        apr_sleep(apr_time_from_msec(600));
        spent = spent_on(store, "expected an answer within 500 ms, got: no answer in time");
        assert_in_range(spent, apr_time_from_msec(500), apr_time_from_sec(10));
    }
    assert_nothing_works(store, "not asked again so soon after this: ");    /* none of these waits */
    spent = spent_on(store, "expected an answer within 500 ms");            /* once more for the pause's first moment, or its end */
    assert_in_range(spent, 0, apr_time_from_sec(10));
    kill(server, SIGCONT);
    until_it_answers(store);
    assert_string_equal(get(store, 1), "one");
}

/* A server that says `octets` again and again to each who comes. */
static pid_t imposter(int listener, const char *octets, size_t len, int pause_ms)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        for (;;) {
            int fd = accept(listener, NULL, NULL);

            while (fd >= 0 && write(fd, octets, len) > 0)
                apr_sleep(pause_ms * 1000);
            close(fd);
        }
    }
    return pid;
}

static void assert_imposter(const char *octets, size_t len, int pause_ms, const char *says)
{
    int other = 0, fd = bound(10, &other), status;
    sso_store_t *store = configured(apr_psprintf(pool, "redis://127.0.0.1:%d timeout=2s", other));
    pid_t pid = imposter(fd, octets, len, pause_ms);
    saml_err_t *why = new_err();
    apr_time_t began = apr_time_now();
    sso_key_t key = key_of(1);
    int found;

    must_be_ok(sso_store_open(store, pool, err));
    assert_refused(sso_store_remove(store, &key, &found, why), why, says);
    assert_in_range(apr_time_now() - began, 0, apr_time_from_sec(10));
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(fd);
}

static void imposters(void **state)
{
    static const char page[] = "HTTP/1.0 400 Bad Request\r\n\r\n";

    (void)state;
    assert_imposter(page, sizeof(page) - 1, 1, "what came is no answer of Redis");
    assert_imposter("+OK\r\n", 5, 1, "expected INFO to say what it is");
    assert_imposter("$2000000000\r\nxxxxxxxxxxxxxxxxx", 30, 100, "no answer in time");
    assert_imposter("+", 1, 50, "no answer in time");                /* each octet in time, and the answer never */
}

/* One that does not know AUTH repeats what it does not know. */
static void the_password_is_not_told(void **state)
{
    static const char answer[] = "-ERR unknown command 'AUTH', with args beginning with: 'hunter2' \r\n";
    int other = 0, fd = bound(10, &other), status, found;
    pid_t pid = imposter(fd, answer, sizeof(answer) - 1, 1);
    sso_store_t *store = configured(apr_psprintf(pool, "redis://127.0.0.1:%d timeout=2s auth=%s", other, password_file("hunter2\n", 8, 0600)));
    saml_err_t *why = new_err();
    sso_key_t key = key_of(1);
    saml_status_t got;

    (void)state;
    must_be_ok(sso_store_open(store, pool, err));
    got = sso_store_remove(store, &key, &found, why);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(fd);
    assert_refused(got, why, "expected Redis to take the password of auth=, got an answer that repeats");
    assert_null(strstr(why->reason, "hunter2"));
}

static int times_told(const char *text)
{
    int n = 0;

    for (const char *at = told; (at = strstr(at, text)) != NULL; at++)
        n++;
    return n;
}

/* One that answers now and then tells the log of it no more often than each second. */
static void now_and_then_is_no_flood(void **state)
{
    sso_store_t *store = configured(address(" timeout=20s"));
    apr_time_t began = apr_time_now();
    sso_key_t key = key_of(1);
    int most;

    (void)state;
    news_clear();
    sso_store_tell(store, &news);
    must_be_ok(sso_store_open(store, pool, err));
    for (int i = 0; i < 6; i++) {
        saml_err_t *why = new_err();

        put(store, 1, "one", HOUR);
        assert_string_equal(say("REPLICAOF 127.0.0.1 1"), "OK");
        assert_refused(sso_store_put(store, &key, "r", 2, HOUR, why), why, "expected the master");
        assert_string_equal(say("REPLICAOF NO ONE"), "OK");
        until_it_answers(store);
    }
    most = 1 + (int)apr_time_sec(apr_time_now() - began);
    assert_in_range(times_told("; until it answers"), 1, most);
    assert_in_range(times_told("it answers again"), 1, most);
}

/* Its clock was set back: nobody waits for the time at which it was first seen. */
static void first_seen_at_a_time_to_come(void **state)
{
    const char *run;
    sso_store_t *store = suite_open();
    apr_time_t since, before = apr_time_now();

    (void)state;
    put(store, 1, "one", HOUR);
    run = apr_pstrndup(pool, say("GET saml-sso:server"), 40);
    say("SET saml-sso:server %s", apr_psprintf(pool, "%s %" APR_TIME_T_FMT, run, apr_time_as_msec(before + apr_time_from_sec(3600))));
    say("CLIENT KILL TYPE normal");
    assert_int_equal(use(store, 1, HOUR, suite_now), SAML_OK);
    assert_int_equal(sso_store_used_since(store, &since, new_err()), SAML_OK);
    assert_true(since <= apr_time_now() && since >= before - apr_time_from_sec(60));
}

/* The answer to use_once was lost, and it is asked again with the same words. */
static void a_repeated_question_is_no_replay(void **state)
{
    sso_store_t *store = suite_open();
    const char *script = sso_redis_scripts[SSO_REDIS_USE_ONCE], *run = apr_pstrndup(pool, say("GET saml-sso:server"), 40);

    (void)state;
    assert_string_equal(say("EVAL %s 0 saml-sso: id one 60000 %s", script, run), "1");
    assert_string_equal(say("EVAL %s 0 saml-sso: id one 60000 %s", script, run), "1");
    assert_string_equal(say("EVAL %s 0 saml-sso: id two 60000 %s", script, run), "0");
    assert_int_equal(stat_of(store).used_ids, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        suite_test(lost_connections_are_made_anew),
        suite_test(what_is_not_up_yet_is_no_mistake),
        suite_test(silence_is_over_in_time),
        suite_test(imposters),
        suite_test(the_password_is_not_told),
        suite_test(now_and_then_is_no_flood),
        suite_test(first_seen_at_a_time_to_come),
        suite_test(a_repeated_question_is_no_replay)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_redis_reach", tests, set_up_group, tear_down_group);
    apr_terminate();
    return failed;
}
