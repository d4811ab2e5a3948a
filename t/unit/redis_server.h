/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

/** @file redis_server.h A real Redis, started here on a free port of 127.0.0.1, and stores in it. */

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

/* A socket at the port *out, or at any where that is 0. */
static int bound(int backlog, int *out)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)*out), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0
        || getsockname(fd, (struct sockaddr *)&address, &len) != 0 || (backlog > 0 && listen(fd, backlog) != 0)) {
        close(fd);
        return -1;
    }
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

/* A port that nobody is given who asks for any: the server finds it free, also when it comes again. */
static int choose_port(void)
{
    for (int i = 0; i < 1000; i++) {
        int fd;

        port = 20000 + (int)(getpid() % 600 * 20 + i) % 12000;
        fd = bound(0, &port);
        if (fd >= 0)
            return close(fd);
    }
    return -1;
}

static int set_up_group(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    if (apr_pool_create(&group_pool, NULL) != APR_SUCCESS)
        return -1;
    folder = mkdtemp(apr_pstrcat(group_pool, tmp ? tmp : "/tmp", "/test_redis.XXXXXX", NULL));
    if (!folder || choose_port() != 0)
        return -1;
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

static inline void assert_news(sso_store_level_t level, const char *says)
{
    const char *line = strstr(told, apr_psprintf(pool, "[%d] ", (int)level));

    if (!line || !strstr(line, says))
        fail_msg("expected [%d] %s, was told: %s", (int)level, says, told);
}

static sso_store_t *suite_open(void)
{
    return opened(address(" timeout=20s"));
}

/* Redis is told what time is left, and counts from when it hears it. */
static void suite_until(apr_time_t t)
{
    while (apr_time_now() <= t + apr_time_from_msec(150))
        apr_sleep(10000);
}

/* A store that has failed is tried again after a pause, of half a second at the longest. */
static inline void until_it_answers(sso_store_t *store)
{
    sso_key_t key = key_of(99);
    const void *record;
    apr_size_t len;
    saml_err_t *why = new_err();

    for (int i = 0; i < 500 && sso_store_get(store, &key, &record, &len, pool, why) != SAML_OK; i++)
        apr_sleep(10000);
    must_be_ok(sso_store_get(store, &key, &record, &len, pool, err));
}

static inline const char *password_file(const char *octets, size_t len, mode_t mode)
{
    const char *path = apr_pstrcat(pool, folder, "/password", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

#endif
