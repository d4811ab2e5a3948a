/* SPDX-License-Identifier: Apache-2.0 */
/* store_redis.c, redis_*.c: over a real Redis, started here on a free port of 127.0.0.1. */

#include "redis_server.h"
#include "store_specs.h"

/* ---- configuration ----------------------------------------------------------------- */

static void specs(void **state)
{
    static const spec_t cases[] = {
        { "redis://localhost", "redis://localhost:6379/0", NULL },
        { "redis://localhost/", "redis://localhost:6379/0", NULL },
        { "redis://db.example:7000/15", "redis://db.example:7000/15", NULL },
        { "redis://[::1]", "redis://[::1]:6379/0", NULL },
        { "redis://[::1]:7000/1", "redis://[::1]:7000/1", NULL },
        { "redis:///run/redis/redis.sock", "redis:///run/redis/redis.sock db=0", NULL },
        { "redis:///run/redis/redis.sock db=3", "redis:///run/redis/redis.sock db=3", NULL },
        { "redis://h prefix=other timeout=250ms", "redis://h:6379/0 timeout=250ms prefix=other", NULL },
        { "redis://h  timeout=30s", "redis://h:6379/0 timeout=30s", NULL },
        { "rediss://h:6380", "rediss://h:6380/0", NULL },
        { "redis", NULL, "expected redis://[user@]host" },
        { "redis:h", NULL, "expected redis://[user@]host" },
        { "redis://", NULL, "expected redis://[user@]host" },
        { "redis:///", NULL, "expected redis://[user@]host" },
        { "redis://h:0", NULL, "expected redis://[user@]host" },
        { "redis://h:65536", NULL, "expected redis://[user@]host" },
        { "redis://h:", NULL, "expected redis://[user@]host" },
        { "redis://h:63x", NULL, "expected redis://[user@]host" },
        { "redis://[::1", NULL, "expected redis://[user@]host" },
        { "redis://[]:1", NULL, "expected redis://[user@]host" },
        { "redis://[::1]1", NULL, "expected redis://[user@]host" },
        { "redis://h/x", NULL, "expected a database number of 0 to 65535, got \"x\"" },
        { "redis://h/65536", NULL, "expected a database number" },
        { "redis://h/1 db=1", NULL, "expected one database" },
        { "redis://user@h", NULL, "expected auth=FILE with the password of user \"user\", got none" },
        { "redis://user:secret@h", NULL, "expected a user's name alone before \"@\"" },
        { "redis://:secret@h", NULL, "expected a user's name alone before \"@\"" },
        { "redis://user:sec/ret@h", NULL, "expected a user's name alone before \"@\"" },
        { "redis://user:1/ret@h/2", NULL, "expected a user's name alone before \"@\"" },
        { "redis:///run/r@dis.sock", "redis:///run/r@dis.sock db=0", NULL },
        { "redis://h timeout=9ms", NULL, "expected a timeout= of 10ms to 30s, got \"9ms\"" },
        { "redis://h timeout=31s", NULL, "expected a timeout=" },
        { "redis://h timeout=1", NULL, "expected a timeout=" },
        { "redis://h timeout=s", NULL, "expected a timeout=" },
        { "redis://h timeout=-1s", NULL, "expected a timeout=" },
        { "redis://h prefix=a*", NULL, "expected a prefix=" },
        { "redis://h colour=red", NULL, "expected auth=, ca=, cert=" },
        { "redis://h auth", NULL, "expected auth=, ca=, cert=" },
        { "redis://h auth=", NULL, "expected auth=, ca=, cert=" },
        { "redis://h db=1 db=2", NULL, "expected each option once, got \"db=2\" as well" },
        { "redis://h auth=password", NULL, "expected an absolute path in auth=, got \"password\"" },
        { "redis://h auth=/nowhere/password", NULL, "got \"/nowhere/password\" (No such file or directory)" },
        { "redis://h ca=/ca.pem", NULL, "expected rediss:// with ca=, cert= and key=, got redis://" },
        { "rediss://h cert=/c.pem", NULL, "expected cert= and key= together" },
        { "rediss://h ca=/nowhere/ca.pem", NULL, "expected a PEM file of certificates in ca=, got \"/nowhere/ca.pem\"" },
        { "rediss:///run/redis.sock", NULL, "expected a host, got a socket" }
    };
    (void)state;
    assert_specs(cases, sizeof(cases) / sizeof(cases[0]));
}

static void password_files(void **state)
{
    static char big[1026];
    const struct {
        const char *octets;
        size_t len;
        mode_t mode;
        const char *says;
    } cases[] = {
        { "secret\n", 7, 0600, NULL },          { "secret", 6, 0640, NULL },
        { "secret\r\n", 8, 0600, NULL },        { big, 1024, 0600, NULL },
        { "secret\n", 7, 0604, "(mode 0604)" }, { "", 0, 0600, "(nothing in it)" },
        { "\n", 1, 0600, "(nothing in it)" },   { "one\ntwo\n", 8, 0600, "(more than one line)" },
        { "a\0b", 3, 0600, "(more than one" },  { big, 1025, 0600, "(more than one line)" },
    };
    size_t i;

    (void)state;
    memset(big, 'p', sizeof(big));
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *path = password_file(cases[i].octets, cases[i].len, cases[i].mode);
        sso_store_t *store = NULL;
        saml_err_t *err = new_err();
        saml_status_t status = configure(&store, apr_pstrcat(pool, "redis://h auth=", path, NULL), err);

        if (cases[i].says)
            assert_refused(status, err, cases[i].says);
        else
            assert_int_equal(status, SAML_OK);
    }
}

/* ---- signing on, and where sessions are not safe ---------------------------------------- */

static void assert_not_prepared(const char *options, const char *says)
{
    sso_store_t *store = configured(address(options));

    news_clear();
    sso_store_tell(store, &news);
    must_be_ok(sso_store_prepare(store, NULL, pool, err));
    assert_news(SSO_STORE_BAD, says);
    must_be_ok(sso_store_open(store, pool, err));
    assert_nothing_works(store, says);
}

static void passwords(void **state)
{
    const char *right, *wrong;

    (void)state;
    right = apr_psprintf(pool, "redis://reader@127.0.0.1:%d/3 timeout=20s auth=%s", port, password_file("right\n", 6, 0600));
    assert_string_equal(say("ACL SETUSER reader on >right ~saml-sso:* +@all"), "OK");
    assert_string_equal(say("CONFIG SET requirepass right"), "OK");
    assert_not_prepared(" timeout=20s", "without a password (auth=FILE), got \"NOAUTH");
    put(opened(right), 1, "one", HOUR);
    put(opened(address(apr_psprintf(pool, "/3 timeout=20s auth=%s/password", folder))), 2, "two", HOUR);
    assert_string_equal(get(opened(right), 2), "two");
    wrong = password_file("wrong\n", 6, 0600);
    assert_not_prepared(apr_psprintf(pool, "/3 timeout=20s auth=%s", wrong), "to take the password of auth=, got \"WRONGPASS");
    /* What an attacker reads of the configuration and of errors is not the password. */
    assert_null(strstr(sso_store_name(configured(apr_pstrcat(pool, "redis://h auth=", wrong, NULL))), "wrong"));
    {
        redisContext *c = redis();

        assert_non_null(c);
        freeReplyObject(redisCommand(c, "AUTH right"));
        freeReplyObject(redisCommand(c, "CONFIG SET requirepass %s", ""));
        freeReplyObject(redisCommand(c, "ACL DELUSER reader"));
        redisFree(c);
    }
}

static void no_eviction(void **state)
{
    (void)state;
    assert_string_equal(say("CONFIG SET maxmemory 100mb"), "OK");
    assert_string_equal(say("CONFIG SET maxmemory-policy volatile-lru"), "OK");
    assert_not_prepared(" timeout=20s", "expected maxmemory-policy noeviction");
    assert_string_equal(say("CONFIG SET maxmemory 0"), "OK");
    opened(address(" timeout=20s"));
    assert_string_equal(say("CONFIG SET maxmemory 100mb"), "OK");
    assert_string_equal(say("CONFIG SET maxmemory-policy noeviction"), "OK");
    opened(address(" timeout=20s"));
    assert_string_equal(say("CONFIG SET maxmemory 0"), "OK");
}

static void no_replica(void **state)
{
    sso_store_t *store = suite_open();
    sso_key_t key = key_of(1);
    saml_err_t *err = new_err();

    (void)state;
    assert_string_equal(say("REPLICAOF 127.0.0.1 1"), "OK");
    assert_refused(sso_store_put(store, &key, "r", 2, HOUR, err), err, "expected the master, got role \"slave\"");
    assert_not_prepared(" timeout=20s", "expected the master, got role \"slave\"");
    assert_string_equal(say("REPLICAOF NO ONE"), "OK");
    until_it_answers(store);
    put(store, 1, "one", HOUR);
}

/* ---- full ---------------------------------------------------------------------------------- */

static void full_redis_refuses_and_keeps(void **state)
{
    sso_store_t *store = suite_open();
    char *record = apr_pcalloc(pool, 100000);
    sso_key_t key = key_of(5000);
    saml_err_t *err = new_err();
    const int nobody = 9999, somebody = 7;
    int i;

    (void)state;
    memset(record, 'r', 99999);
    for (i = 0; i < 20; i++)
        put_under(store, i, 10, 11, HOUR);
    assert_string_equal(say("CONFIG SET maxmemory 1"), "OK");
    assert_refused(sso_store_put(store, &key, record, 100000, HOUR, err), err, "is full (maxmemory); nothing was dropped for it");
    assert_int_equal(use(store, 1, HOUR, suite_now), SAML_E_STORE);
    assert_refused(sso_store_mark_put(store, &key, &key, HOUR, err), err, "is full");
    key = key_of(3);
    assert_refused(sso_store_put(store, &key, "other", 6, HOUR, err), err, "is full");
    assert_string_equal(get(store, 3), "r");
    assert_int_equal(replace(store, 3, "stamped", HOUR + 5), 1);     /* who is signed on stays so */
    assert_string_equal(get(store, 3), "stamped");
    assert_refused(put_instead(store, 5001, &nobody, 1, err), err, "is full (maxmemory)");
    assert_null(get(store, 5001));
    assert_int_equal(put_instead(store, 5001, &somebody, 1, err), SAML_OK);        /* nor does he lose it who signs on anew */
    assert_null(get(store, somebody));
    assert_string_equal(get(store, 5001), "r");
    assert_int_equal(stat_of(store).sessions, 20);
    assert_int_equal(stat_of(store).bytes_limit, 1);
    assert_int_equal(remove_one(store, 4), 1);
    assert_int_equal(end_under(store, 10), 18);
    assert_int_equal(remove_one(store, 5001), 1);
    assert_string_equal(say("CONFIG SET maxmemory 0"), "OK");
    assert_string_equal(say("DBSIZE"), "1");    /* which server it is */
    put(store, 1, "room again", HOUR);
}

static void limit_of_sessions(void **state)
{
    sso_store_t *store = suite_open();
    sso_key_t key = key_of(4);
    saml_err_t *err = new_err();

    (void)state;
    sso_store_limit(store, 3);
    put(store, 1, "one", HOUR);
    put(store, 2, "two", HOUR);
    put(store, 3, "three", SOON);
    assert_refused(sso_store_put(store, &key, "four", 5, HOUR, err), err, "is full: SAMLSessionLimit 3, and there are 3 sessions; nothing was dropped for it");
    put(store, 1, "anew", HOUR);
    assert_int_equal(replace(store, 2, "stamped", HOUR), 1);
    suite_until(SOON);
    put(store, 4, "four", HOUR);                /* what has ended takes no place, swept or not */
    assert_refused(sso_store_put(store, &key, "", 0, HOUR, err), err, "expected 1 to");
    key = key_of(5);
    assert_refused(sso_store_put(store, &key, "five", 5, HOUR, err), err, "SAMLSessionLimit 3, and there are 3");
}

/* ---- listing what does not fit into one answer ---------------------------------------------- */

static saml_status_t add_up(void *baton, const sso_stored_t *session, saml_err_t *err)
{
    apr_uint64_t *octets = baton;

    (void)err;
    *octets += session->len;
    return SAML_OK;
}

static apr_uint64_t listed(sso_store_t *store, const sso_label_t *only)
{
    apr_uint64_t octets = 0;

    must_be_ok(sso_store_each(store, apr_time_now(), only, add_up, &octets, err));
    return octets;
}

static void large_records_are_listed(void **state)
{
    sso_store_t *store = suite_open();
    sso_label_t ada = user_label("ada");
    char *record = apr_pcalloc(pool, SSO_MAX_RECORD_BYTES);
    apr_uint64_t octets = 0;

    (void)state;
    for (int i = 0; i < 36; i++) {
        sso_key_t key = key_of(i);
        apr_size_t len = i % 12 == 0 ? SSO_MAX_RECORD_BYTES : i % 3 == 0 ? 600000 : 1000;

        must_be_ok(sso_store_put_labelled(store, &key, record, len, limits_later(), &ada, 1, err));
        octets += len;
    }
    assert_true(listed(store, &ada) == octets);
    assert_true(listed(store, NULL) == octets);
}

/* Who takes the end off a session in Redis does not hide it: it is let in as long as its record says. */
static void what_was_made_to_stay_is_listed(void **state)
{
    sso_store_t *store = suite_open();
    sso_key_t key = key_of(1);

    (void)state;
    put_user(store, 1, "ada", limits_later());
    assert_string_equal(say("PERSIST saml-sso:s:%b", key.octets, sizeof(key.octets)), "1");
    assert_string_equal(get(store, 1), "1");
    assert_true(listed(store, NULL) == 2);
    say("PEXPIRE saml-sso:s:%b %s", key.octets, sizeof(key.octets), "9000000000000000");
    assert_true(listed(store, NULL) == 2);
    say("DEL saml-sso:s:%b", key.octets, sizeof(key.octets));
    assert_true(listed(store, NULL) == 0);
}

/* Their keys alone are more than an answer may be. What is in the set and is no session counts nothing, so that none has to be made. */
static void very_many_of_a_user_are_listed(void **state)
{
    sso_store_t *store = suite_open();
    sso_label_t ada = user_label("ada");

    (void)state;
    put_user(store, 1, "ada", limits_later());
    say("EVAL %s 0 %b", "for i = 1, 60000 do redis.call('SADD', 'saml-sso:l:' .. ARGV[1], string.format('%032d', i)) end", ada.octets,
        sizeof(ada.octets));
    assert_true(listed(store, &ada) == 2);
}

/* ---- what Redis keeps ------------------------------------------------------------------------ */

static void everything_expires_by_itself(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    put_under(store, 1, 10, 11, SOON);
    assert_int_equal(use(store, 1, SOON, apr_time_now()), SAML_OK);
    mark(store, 1, 1, SOON);
    assert_string_equal(say("DBSIZE"), "9");
    suite_until(SOON);
    assert_int_equal(sweep(store, SOON, 100), 3);
    for (int i = 0; i < 500 && strcmp(say("DBSIZE"), "1") != 0; i++)
        apr_sleep(10000);                       /* it counts what has expired until it comes by */
    assert_string_equal(say("DBSIZE"), "1");    /* which server it is */
}

static void what_ended_before_it_came(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    put_under(store, 1, 10, 11, HOUR);
    put_under(store, 1, 10, 11, suite_now - 1);
    assert_null(get(store, 1));
    put(store, 2, "two", HOUR);
    assert_int_equal(replace(store, 2, "late", suite_now - 1), 1);
    assert_null(get(store, 2));
    mark(store, 3, 1, HOUR);
    mark(store, 3, 1, suite_now - 1);
    assert_no_mark(store, 3, suite_now - 5);
    assert_string_equal(say("DBSIZE"), "1");    /* which server it is */
    assert_int_equal(use(store, 4, suite_now, suite_now), SAML_OK);
}

static void prefixes_and_databases_are_apart(void **state)
{
    sso_store_t *one = suite_open(), *other = opened(address(" timeout=20s prefix=other")), *db = opened(address("/1 timeout=20s"));
    sso_store_t *socket = opened(apr_psprintf(pool, "redis://%s/redis.sock timeout=20s", folder));

    (void)state;
    put(one, 1, "one", HOUR);
    put(other, 1, "other", HOUR);
    put(db, 1, "db", HOUR);
    assert_string_equal(get(one, 1), "one");
    assert_string_equal(get(other, 1), "other");
    assert_string_equal(get(db, 1), "db");
    assert_string_equal(get(socket, 1), "one");
    assert_int_equal(remove_one(db, 1), 1);
    assert_string_equal(get(one, 1), "one");
}

static void damaged_values_are_none_that_count(void **state)
{
    static const struct {
        const char *octets;
        size_t len;
    } values[] = { { "", 0 }, { "\0", 1 }, { "\5rest", 5 }, { "\1short", 6 }, { "\377x", 2 } };
    sso_store_t *store = suite_open();
    sso_key_t key = key_of(1);
    const void *record = "unset";
    apr_size_t len = 9, i;
    saml_err_t *err = new_err();
    sso_mark_t got;
    int found = -7;

    (void)state;
    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        say("SET saml-sso:s:%b %b", key.octets, (size_t)SSO_KEY_BYTES, values[i].octets, values[i].len);
        assert_refused(sso_store_get(store, &key, &record, &len, pool, err), err, "is damaged");
    }
    say("SET saml-sso:m:%b short", key.octets, (size_t)SSO_KEY_BYTES);
    assert_refused(sso_store_mark_get(store, &key, suite_now, &got, &found, err), err, "is damaged");
    say("DEL saml-sso:s:%b", key.octets, (size_t)SSO_KEY_BYTES);
    say("LPUSH saml-sso:s:%b x", key.octets, (size_t)SSO_KEY_BYTES);
    assert_refused(sso_store_get(store, &key, &record, &len, pool, err), err, "answered: \"WRONGTYPE");
    assert_refused(sso_store_replace(store, &key, "r", 2, HOUR, &found, err), err, "WRONGTYPE");
    assert_int_equal(found, -7);
    assert_string_equal(record, "unset");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORE_SUITE,
        LIMIT_SUITE,
        LIST_SUITE,
        suite_test(specs),
        suite_test(password_files),
        suite_test(passwords),
        suite_test(no_eviction),
        suite_test(no_replica),
        suite_test(full_redis_refuses_and_keeps),
        suite_test(limit_of_sessions),
        suite_test(large_records_are_listed),
        suite_test(what_was_made_to_stay_is_listed),
        suite_test(very_many_of_a_user_are_listed),
        suite_test(everything_expires_by_itself),
        suite_test(what_ended_before_it_came),
        suite_test(prefixes_and_databases_are_apart),
        suite_test(damaged_values_are_none_that_count)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_redis", tests, set_up_group, tear_down_group);
    apr_terminate();
    return failed;
}
