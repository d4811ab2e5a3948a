/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that was closed while it lay idle (Redis restarted, a firewall forgot it) is replaced within the call; one that fails
 * when it is new, or does not answer in time, is an error, and is never used again: a late answer must not be taken for another
 * question's.
 */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include "redis_link.h"

#define FIRST_PAUSE     apr_time_from_msec(50)
#define LONGEST_PAUSE   apr_time_from_msec(500)
#define SAY_AGAIN       apr_time_from_sec(60)
#define SAY_ANEW        apr_time_from_sec(1)    /* of one that answers now and then: each line would be a request's */
#define WHY_BYTES       512

struct sso_redis_link_t {
    const sso_redis_conf_t *conf;
    sso_redis_host_t *host;             /* NULL: a socket */
    sso_store_news_t news;
    int is_open;
    pid_t pid;                          /* of the process that opened it */
    pthread_key_t key;                  /* sso_redis_thread_t */
    pthread_mutex_t lock;               /* of what follows; not taken for a look-up that is answered */
    sso_redis_thread_t *all;
    int failures;                       /* in a row */
    apr_time_t down_since;              /* by sso_redis_clock; 0: it answers */
    apr_time_t said;                    /* when the log was last told that it does not; 0: never */
    int is_said;                        /* of this time */
    char why[WHY_BYTES];                /* the last failure */
    apr_time_t retry_at;                /* atomic, also read without the lock; 0: it answers, everybody may ask */
};

struct sso_redis_thread_t {
    sso_redis_link_t *link;
    sso_redis_conn_t *conn;             /* NULL: none at the moment */
    sso_redis_server_t server;
    sso_redis_thread_t *next;
};

static apr_status_t free_lock(void *data)
{
    sso_redis_link_t *link = data;

    pthread_mutex_destroy(&link->lock);
    return APR_SUCCESS;
}

saml_status_t sso_redis_link_make(sso_redis_link_t **out, const sso_redis_conf_t *conf, apr_pool_t *p, saml_err_t *err)
{
    sso_redis_link_t *link = apr_pcalloc(p, sizeof(*link));

    link->conf = conf;
    if (pthread_mutex_init(&link->lock, NULL) != 0)
        return saml_fail(err, SAML_E_STORE, "session store redis: no mutex to be had");
    apr_pool_cleanup_register(p, link, free_lock, apr_pool_cleanup_null);
    if (conf->host)
        SAML_TRY(sso_redis_host_make(&link->host, conf->host, conf->port, p, err));
    *out = link;
    return SAML_OK;
}

/* ---- news ------------------------------------------------------------------- */

void sso_redis_link_tell(sso_redis_link_t *link, const sso_store_news_t *news)
{
    link->news = *news;
}

static void say(const sso_redis_link_t *link, sso_store_level_t level, const char *text, apr_pool_t *p)
{
    if (link->news.say)
        link->news.say(link->news.baton, level, apr_pstrcat(p, "the session store ", link->conf->spec, ": ", text, NULL));
}

/* A failure's reason names the store by itself. */
static void say_failure(const sso_redis_link_t *link, const char *reason, const char *meaning, apr_pool_t *p)
{
    if (link->news.say)
        link->news.say(link->news.baton, SSO_STORE_BAD, apr_pstrcat(p, reason, "; ", meaning, NULL));
}

static void say_of_server(const sso_redis_link_t *link, const sso_redis_server_t *server, apr_pool_t *p)
{
    if (server->is_new)
        say(link, SSO_STORE_NOTE, "nothing of ours is in it yet: it is used for the first time, or has lost what it had; sign-ons under way "
            "begin anew", p);
    else if (server->is_other)
        say(link, SSO_STORE_NOTE, "it was restarted, or another has taken over: sessions that it does not have are over, and sign-ons under "
            "way begin anew", p);
}

/* ---- whether to ask ----------------------------------------------------------- */

/* While it does not answer, one thread tries when the pause is over: the one that moves its end. */
static int may_ask(sso_redis_link_t *link)
{
    apr_time_t at = __atomic_load_n(&link->retry_at, __ATOMIC_RELAXED), now;

    if (at == 0)
        return 1;
    now = sso_redis_clock();
    return now >= at && __atomic_compare_exchange_n(&link->retry_at, &at, now + link->conf->timeout + LONGEST_PAUSE, 0,
                                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void note_answer(sso_redis_link_t *link, apr_pool_t *p)
{
    apr_time_t since;

    if (__atomic_load_n(&link->retry_at, __ATOMIC_RELAXED) == 0)
        return;
    pthread_mutex_lock(&link->lock);
    since = link->is_said ? link->down_since : 0;
    link->down_since = 0;
    link->is_said = 0;
    link->failures = 0;
    __atomic_store_n(&link->retry_at, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&link->lock);
    if (since)
        say(link, SSO_STORE_NOTE, apr_psprintf(p, "it answers again, after %d s", (int)apr_time_sec(sso_redis_clock() - since)), p);
}

/* The log is told once, and then each minute. @return whether it had been told before, of this time or one just before */
static int note_failure(sso_redis_link_t *link, const saml_err_t *err)
{
    apr_time_t now = sso_redis_clock(), pause = FIRST_PAUSE;
    int was_down, is_due;

    pthread_mutex_lock(&link->lock);
    was_down = link->down_since != 0;
    if (!was_down)
        link->down_since = now;
    for (int i = 0; i < link->failures && pause < LONGEST_PAUSE; i++)
        pause *= 2;
    link->failures++;
    apr_cpystrn(link->why, err->reason, sizeof(link->why));
    __atomic_store_n(&link->retry_at, now + (pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE), __ATOMIC_RELAXED);
    is_due = link->said == 0 || now - link->said >= (link->is_said ? SAY_AGAIN : SAY_ANEW);
    if (is_due) {
        link->said = now;
        link->is_said = 1;
    }
    pthread_mutex_unlock(&link->lock);
    if (is_due)
        say_failure(link, err->reason, "until it answers, requests with a session and sign-ons are answered with 503 (each is logged at "
                    "level info)", err->pool);
    return was_down || !is_due;
}

static saml_status_t refuse_at_once(sso_redis_link_t *link, const char *doing, saml_err_t *err)
{
    const char *why;

    pthread_mutex_lock(&link->lock);
    why = apr_pstrdup(err->pool, link->why);
    pthread_mutex_unlock(&link->lock);
    err->known = 1;
    return saml_fail(err, SAML_E_STORE, "%s: not asked again so soon after this: %s", doing, why);
}

/* ---- connections ---------------------------------------------------------------- */

static saml_status_t connect_new(sso_redis_conn_t **out, sso_redis_server_t *server, const sso_redis_link_t *link, apr_time_t deadline,
                                 saml_err_t *err)
{
    sso_redis_addresses_t addresses;
    sso_redis_conn_t *conn = NULL;
    saml_status_t status;

    if (link->host)
        SAML_TRY(sso_redis_host_get(&addresses, link->host, deadline, err));
    SAML_TRY(sso_redis_connect(&conn, link->conf, link->host ? &addresses : NULL, deadline, err));
    status = sso_redis_set_up(server, conn, link->conf, deadline, err);
    if (status == SAML_OK)
        *out = conn;
    else
        sso_redis_close(conn);
    return status;
}

void sso_redis_link_try(sso_redis_link_t *link, apr_pool_t *p)
{
    saml_err_t *err = apr_pcalloc(p, sizeof(*err));
    sso_redis_conn_t *conn = NULL;
    sso_redis_server_t server;
    saml_status_t status = SAML_OK;

    err->pool = p;
    if (link->host)
        status = sso_redis_host_ask(link->host, err);
    if (status == SAML_OK)
        status = connect_new(&conn, &server, link, sso_redis_clock() + link->conf->timeout, err);
    sso_redis_close(conn);
    if (status != SAML_OK) {
        say_failure(link, err->reason, "httpd starts all the same; until this is mended, requests with a session and sign-ons are answered "
                    "with 503", p);
        return;
    }
    for (int i = 0; i < server.warning_count; i++)
        say(link, SSO_STORE_WARNING, server.warnings[i], p);
    say_of_server(link, &server, p);
}

void sso_redis_link_renew(sso_redis_thread_t *thread)
{
    sso_redis_close(thread->conn);
    thread->conn = NULL;
}

/* At the end of a thread, which may be that of the process: whoever takes it off the list frees it. */
static void forget_thread(void *data)
{
    sso_redis_thread_t *thread = data, **at;
    int is_ours;

    pthread_mutex_lock(&thread->link->lock);
    for (at = &thread->link->all; *at && *at != thread; at = &(*at)->next)
        ;
    is_ours = *at != NULL;
    if (is_ours)
        *at = thread->next;
    pthread_mutex_unlock(&thread->link->lock);
    if (!is_ours)
        return;
    sso_redis_link_renew(thread);
    free(thread);
}

static apr_status_t close_all(void *data)
{
    sso_redis_link_t *link = data;
    sso_redis_thread_t *all;

    /* A process made by fork inherits the pool and not the connections, whose other ends do not know of it. */
    if (!link->is_open || link->pid != getpid())
        return APR_SUCCESS;
    pthread_key_delete(link->key);
    pthread_mutex_lock(&link->lock);
    all = link->all;
    link->all = NULL;
    pthread_mutex_unlock(&link->lock);
    while (all) {
        sso_redis_thread_t *thread = all;

        all = thread->next;
        sso_redis_link_renew(thread);
        free(thread);
    }
    if (link->host)
        sso_redis_host_end(link->host);
    link->is_open = 0;
    return APR_SUCCESS;
}

saml_status_t sso_redis_link_open(sso_redis_link_t *link, apr_pool_t *p, saml_err_t *err)
{
    if (link->is_open && link->pid != getpid())
        return saml_fail(err, SAML_E_STORE, "the session store %s was opened before this process was made by fork", link->conf->spec);
    if (link->is_open)
        return SAML_OK;
    if (pthread_key_create(&link->key, forget_thread) != 0)
        return saml_fail(err, SAML_E_STORE, "the session store %s: no key for threads", link->conf->spec);
    link->pid = getpid();
    link->is_open = 1;
    apr_pool_cleanup_register(p, link, close_all, apr_pool_cleanup_null);
    return SAML_OK;
}

saml_status_t sso_redis_link_thread(sso_redis_thread_t **out, sso_redis_link_t *link, saml_err_t *err)
{
    sso_redis_thread_t *thread;

    if (!link->is_open)
        return saml_fail(err, SAML_E_STORE, "the session store %s is not open in this process", link->conf->spec);
    thread = pthread_getspecific(link->key);
    if (!thread) {
        thread = calloc(1, sizeof(*thread));
        if (!thread || pthread_setspecific(link->key, thread) != 0) {
            free(thread);
            return saml_fail(err, SAML_E_STORE, "the session store %s: no memory", link->conf->spec);
        }
        thread->link = link;
        pthread_mutex_lock(&link->lock);
        thread->next = link->all;
        link->all = thread;
        pthread_mutex_unlock(&link->lock);
    }
    *out = thread;
    return SAML_OK;
}

const sso_redis_server_t *sso_redis_link_server(const sso_redis_thread_t *thread)
{
    return &thread->server;
}

int sso_redis_link_is_up(const sso_redis_thread_t *thread)
{
    return thread->conn != NULL;
}

/* ---- asking ----------------------------------------------------------------------- */

/* What a connection that is still good may answer where a new one is better: scripts flushed, no longer the master, a new password. */
static int is_stale(redisReply **replies, int count)
{
    static const char *const words[] = { "NOSCRIPT", "READONLY", "LOADING", "MASTERDOWN", "NOAUTH" };

    for (int i = 0; i < count; i++) {
        for (apr_size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            if (sso_redis_is_error(replies[i], words[k]))
                return 1;
        }
    }
    return 0;
}

static saml_status_t ask_until(sso_redis_thread_t *thread, const sso_redis_command_t *commands, int count, redisReply **replies,
                               apr_time_t deadline, const char *doing, saml_err_t *err)
{
    const sso_redis_link_t *link = thread->link;
    int was_idle = thread->conn != NULL;

    for (;;) {
        sso_redis_outcome_t outcome;
        saml_status_t status = SAML_OK;

        if (!thread->conn) {
            SAML_TRY(connect_new(&thread->conn, &thread->server, link, deadline, err));
            say_of_server(link, &thread->server, err->pool);
        }
        outcome = sso_redis_ask(thread->conn, commands, count, replies, deadline);
        if (outcome == SSO_REDIS_ANSWERED && !(was_idle && is_stale(replies, count)))
            return SAML_OK;
        if (outcome == SSO_REDIS_ANSWERED)
            sso_redis_free(replies, count);
        else if (outcome != SSO_REDIS_LOST || !was_idle)
            status = saml_fail(err, SAML_E_STORE, "%s: the session store %s: expected an answer within %d ms, got: %s", doing,
                               link->conf->spec, (int)(link->conf->timeout / 1000), sso_redis_why(thread->conn));
        sso_redis_link_renew(thread);
        SAML_TRY(status);
        was_idle = 0;
    }
}

saml_status_t sso_redis_link_ask(sso_redis_thread_t *thread, const sso_redis_command_t *commands, int count, redisReply **replies,
                                 const char *doing, saml_err_t *err)
{
    sso_redis_link_t *link = thread->link;
    saml_status_t status;

    if (!may_ask(link))
        return refuse_at_once(link, doing, err);
    status = ask_until(thread, commands, count, replies, sso_redis_clock() + link->conf->timeout, doing, err);
    if (status == SAML_OK)
        note_answer(link, err->pool);
    else
        err->known = note_failure(link, err);
    return status;
}
