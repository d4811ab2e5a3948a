/* SPDX-License-Identifier: Apache-2.0 */
/* store_redis.c, redis_*.c: over a real Redis, started here on a free port of 127.0.0.1. */

#include "store_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <hiredis/hiredis.h>
#include "store/redis_scripts.h"

static apr_pool_t *group_pool;
static const char *folder;
static int port;
static pid_t server = -1;

/* ---- the server --------------------------------------------------------------- */

static int bound(int backlog, int *out)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0
        || getsockname(fd, (struct sockaddr *)&address, &len) != 0 || (backlog > 0 && listen(fd, backlog) != 0))
        return -1;
    *out = ntohs(address.sin_port);
    return fd;
}

static redisContext *redis(void)
{
    redisContext *c = redisConnectWithTimeout("127.0.0.1", port, (struct timeval) { 5, 0 });

    if (c && c->err == 0)
        return c;
    if (c)
        redisFree(c);
    return NULL;
}

static int answers(void)
{
    redisContext *c = redis();
    redisReply *reply = c ? redisCommand(c, "PING") : NULL;
    int ok = reply && reply->type == REDIS_REPLY_STATUS;

    if (reply)
        freeReplyObject(reply);
    if (c)
        redisFree(c);
    return ok;
}

static int start_server(void)
{
    int i;

    fflush(NULL);
    server = fork();
    if (server == 0) {
        char number[16];
        int null = open("/dev/null", O_RDWR);

        dup2(null, 0);
        dup2(null, 1);
        snprintf(number, sizeof(number), "%d", port);
        execlp("redis-server", "redis-server", "--port", number, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
               folder, "--unixsocket", apr_pstrcat(group_pool, folder, "/redis.sock", NULL), (char *)NULL);
        _exit(127);
    }
    for (i = 0; i < 500 && !answers(); i++)
        apr_sleep(20000);
    return i < 500 ? 0 : -1;
}

static void stop_server(void)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    server = -1;
}

static int set_up_group(void **state)
{
    const char *tmp = getenv("TMPDIR");
    int fd;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    if (apr_pool_create(&group_pool, NULL) != APR_SUCCESS)
        return -1;
    folder = mkdtemp(apr_pstrcat(group_pool, tmp ? tmp : "/tmp", "/test_redis.XXXXXX", NULL));
    fd = bound(0, &port);
    if (!folder || fd < 0)
        return -1;
    close(fd);
    return start_server();
}

static int tear_down_group(void **state)
{
    (void)state;
    if (server > 0)
        stop_server();
    remove(apr_pstrcat(group_pool, folder, "/redis.sock", NULL));
    remove(apr_pstrcat(group_pool, folder, "/password", NULL));
    rmdir(folder);
    apr_pool_destroy(group_pool);
    return 0;
}

/* One command by hand. @return what it answered, as text */
static const char *say(const char *format, ...)
{
    redisContext *c = redis();
    redisReply *reply;
    const char *text;
    va_list args;

    assert_non_null(c);
    va_start(args, format);
    reply = redisvCommand(c, format, args);
    va_end(args);
    assert_non_null(reply);
    text = reply->type == REDIS_REPLY_INTEGER ? apr_ltoa(pool, (long)reply->integer)
           : reply->str                       ? apr_pstrdup(pool, reply->str)
                                              : "";
    freeReplyObject(reply);
    redisFree(c);
    return text;
}

/* ---- what the suite asks for ----------------------------------------------------- */

static int suite_setup(void **state)
{
    (void)state;
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return -1;
    suite_now = apr_time_now();
    return strcmp(say("FLUSHALL"), "OK") == 0 ? 0 : -1;
}

static int suite_teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static saml_status_t configure(sso_store_t **out, const char *spec, saml_err_t *err)
{
    return sso_store_configure(out, spec, "/nowhere", pool, err);
}

static sso_store_t *configured(const char *spec)
{
    sso_store_t *store = NULL;

    must_be_ok(configure(&store, spec, err));
    return store;
}

static const char *address(const char *options)
{
    return apr_psprintf(pool, "redis://127.0.0.1:%d%s", port, options);
}

/* Under a sanitizer on a busy machine an answer may take its time. */
static sso_store_t *suite_again(void)
{
    return configured(address(" timeout=20s"));
}

static sso_store_t *suite_unopened(void)
{
    sso_store_t *store = suite_again();

    must_be_ok(sso_store_check(store, err));
    must_be_ok(sso_store_prepare(store, NULL, pool, err));
    return store;
}

static sso_store_t *opened(const char *spec)
{
    sso_store_t *store = configured(spec);

    must_be_ok(sso_store_prepare(store, NULL, pool, err));
    must_be_ok(sso_store_open(store, pool, err));
    return store;
}

/* ---- what it tells --------------------------------------------------------------- */

static char told[4096];

static void hear(void *baton, sso_store_level_t level, const char *text)
{
    size_t len = strlen(told);

    (void)baton;
    snprintf(told + len, sizeof(told) - len, "[%d] %s\n", (int)level, text);
}

static const sso_store_news_t news = { hear, NULL };

static void news_clear(void)
{
    told[0] = '\0';
}

static void assert_news(sso_store_level_t level, const char *says)
{
    const char *line = strstr(told, apr_psprintf(pool, "[%d] ", (int)level));

    if (!line || !strstr(line, says))
        fail_msg("expected [%d] %s, was told: %s", (int)level, says, told);
}

static sso_store_t *suite_open(void)
{
    return opened(address(" timeout=20s"));
}

static void suite_until(apr_time_t t)
{
    while (apr_time_now() <= t + apr_time_from_msec(20))
        apr_sleep(10000);
}

/* ---- configuration ----------------------------------------------------------------- */

static void specs(void **state)
{
    static const struct {
        const char *spec;
        const char *name;
        const char *says;
    } cases[] = {
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
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_store_t *store = NULL;
        saml_err_t *err = new_err();
        saml_status_t status = configure(&store, cases[i].spec, err);

        if (!cases[i].name)
            assert_refused(status, err, cases[i].says);
        else if (status != SAML_OK || strcmp(sso_store_name(store), cases[i].name) != 0)
            fail_msg("%s: %s", cases[i].spec, status ? err->reason : sso_store_name(store));
    }
}

static const char *password_file(const char *octets, size_t len, mode_t mode)
{
    const char *path = apr_pstrcat(pool, folder, "/password", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
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

/* A store that has failed is tried again after a pause, of half a second at the longest. */
static void until_it_answers(sso_store_t *store)
{
    sso_key_t key = key_of(99);
    const void *record;
    apr_size_t len;
    saml_err_t *why = new_err();

    for (int i = 0; i < 500 && sso_store_get(store, &key, &record, &len, pool, why) != SAML_OK; i++)
        apr_sleep(10000);
    must_be_ok(sso_store_get(store, &key, &record, &len, pool, err));
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
    assert_int_equal(stat_of(store).sessions, 20);
    assert_int_equal(stat_of(store).bytes_limit, 1);
    assert_int_equal(remove_one(store, 4), 1);
    assert_int_equal(end_under(store, 10), 19);
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

/* ---- what Redis keeps ------------------------------------------------------------------------ */

static void everything_expires_by_itself(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    put_under(store, 1, 10, 11, SOON);
    assert_int_equal(use(store, 1, SOON, suite_now), SAML_OK);
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

/* ---- out of reach ------------------------------------------------------------------------------ */

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
    sso_store_t *store = opened(address(" timeout=2s"));
    apr_time_t spent;

    (void)state;
    put(store, 1, "one", HOUR);
    kill(server, SIGSTOP);
    spent = spent_on(store, "expected an answer within 2000 ms, got: no answer in time");
    assert_in_range(spent, apr_time_from_sec(2), apr_time_from_sec(10));
    assert_nothing_works(store, "not asked again so soon after this: ");    /* none of these waits */
    spent = spent_on(store, "expected an answer within 2000 ms");           /* once more for the pause's first moment, or its end */
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
        suite_test(everything_expires_by_itself),
        suite_test(what_ended_before_it_came),
        suite_test(prefixes_and_databases_are_apart),
        suite_test(damaged_values_are_none_that_count),
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
    failed = cmocka_run_group_tests_name("store_redis", tests, set_up_group, tear_down_group);
    apr_terminate();
    return failed;
}
