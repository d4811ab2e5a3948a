/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions in Redis, which several nodes share.
 *
 * Each thread keeps a connection, so that a look-up is one command out and one answer back, and waits for no other thread.
 * A connection that was closed while it lay idle (Redis restarted, a firewall forgot it) is replaced within the call; one
 * that fails when it is new, or does not answer in time, is an error, and is never used again: a late answer must not be
 * taken for another question's. What changes several keys is a script, which Redis runs in one step (redis_scripts.h), and a
 * script may be run twice, where the first answer was lost, and comes to the same.
 *
 * Expiry is Redis' own, by the time left and not by the time of day: the clocks of nodes and Redis may differ.
 *
 * Where Redis is out of reach, every thread that asks would wait for the whole timeout, and a server whose threads all
 * wait serves nobody. So after one has waited in vain for a connection, nobody tries for a moment.
 */

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <apr_strings.h>
#include "redis_setup.h"
#include "saml/id.h"
#include "store.h"

#define QUIET           apr_time_from_msec(250)
#define MAX_KEY_BYTES   (64 + 1 + 2 + SSO_KEY_BYTES)    /* redis_conf.c bounds the prefix */
#define MAX_LEFT_MS     (APR_INT64_C(100) * 366 * 86400 * 1000)
#define WHO_BYTES       16
#define EXPIRY_BYTES    8
#define MARK_BYTES      (EXPIRY_BYTES + SSO_KEY_BYTES)
#define SWEEP_STEP      500     /* what a script may take of Redis' only thread at a time */
#define NUMBER_BYTES    24
#define MAX_COMMANDS    4

typedef struct kept_t kept_t;

typedef struct {
    sso_redis_conf_t conf;
    const char *scheme;
    apr_uint64_t limit;
    int is_open;
    pid_t pid;                      /* of the process that opened it */
    pthread_key_t kept_of_thread;
    pthread_mutex_t lock;           /* of `all`; taken when a thread begins and ends, not for a look-up */
    kept_t *all;
    struct addrinfo *addresses;     /* looked up at open, so that no request waits for a name server; NULL for a socket */
    apr_time_t quiet_until;         /* by sso_redis_clock, atomic */
} redis_t;

struct kept_t {
    redis_t *db;
    sso_redis_conn_t *conn;         /* NULL: none at the moment */
    sso_redis_loaded_t loaded;
    kept_t *next;
};

/* ---- configure ------------------------------------------------------------ */

static saml_status_t configure(void **ctx, const char **name, const char *arg, const char *scheme, apr_pool_t *p,
                               saml_err_t *err)
{
    redis_t *db = apr_pcalloc(p, sizeof(*db));

    db->scheme = scheme;
    SAML_TRY(sso_redis_conf_read(&db->conf, arg, strcmp(scheme, "rediss") == 0, p, err));
    if (pthread_mutex_init(&db->lock, NULL) != 0)
        return saml_fail(err, SAML_E_STORE, "session store redis: no mutex to be had");
    *ctx = db;
    *name = db->conf.shown;
    return SAML_OK;
}

static saml_status_t redis_configure(void **ctx, const char **name, const char *arg, const char *default_dir, apr_pool_t *p,
                                     saml_err_t *err)
{
    (void)default_dir;
    return configure(ctx, name, arg, "redis", p, err);
}

static saml_status_t rediss_configure(void **ctx, const char **name, const char *arg, const char *default_dir, apr_pool_t *p,
                                      saml_err_t *err)
{
    (void)default_dir;
    return configure(ctx, name, arg, "rediss", p, err);
}

static void redis_limit(void *ctx, apr_uint64_t sessions)
{
    redis_t *db = ctx;

    db->limit = sessions;
}

/* Its files were read when it was configured; more can only be known by asking Redis. */
static saml_status_t redis_check(void *ctx, saml_err_t *err)
{
    (void)ctx;
    (void)err;
    return SAML_OK;
}

/* ---- connections ------------------------------------------------------------ */

static saml_status_t look_up_host(redis_t *db, saml_err_t *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    int rc;

    if (!db->conf.host || db->addresses)
        return SAML_OK;
    rc = getaddrinfo(db->conf.host, apr_itoa(err->pool, db->conf.port), &hints, &db->addresses);
    if (rc == 0)
        return SAML_OK;
    db->addresses = NULL;
    return saml_fail(err, SAML_E_STORE, "the session store %s:%s: expected an address of its host, got: %s", db->scheme,
                     db->conf.shown, gai_strerror(rc));
}

static saml_status_t connect_new(sso_redis_conn_t **out, sso_redis_loaded_t *loaded, int *reached, redis_t *db,
                                 apr_time_t deadline, saml_err_t *err)
{
    sso_redis_conn_t *conn = NULL;
    saml_status_t status;

    SAML_TRY(sso_redis_connect(&conn, &db->conf, db->addresses, deadline, reached, err));
    status = sso_redis_set_up(loaded, conn, &db->conf, deadline, err);
    if (status == SAML_OK)
        *out = conn;
    else
        sso_redis_close(conn);
    return status;
}

static saml_status_t connect_kept(kept_t *kept, apr_time_t deadline, saml_err_t *err)
{
    redis_t *db = kept->db;
    saml_status_t status;
    int reached;

    if (sso_redis_clock() < __atomic_load_n(&db->quiet_until, __ATOMIC_RELAXED))
        return saml_fail(err, SAML_E_STORE, "the session store %s:%s did not answer a moment ago", db->scheme, db->conf.shown);
    status = connect_new(&kept->conn, &kept->loaded, &reached, db, deadline, err);
    if (status != SAML_OK && sso_redis_clock() >= deadline)
        __atomic_store_n(&db->quiet_until, sso_redis_clock() + QUIET, __ATOMIC_RELAXED);
    return status;
}

static void drop_connection(kept_t *kept)
{
    sso_redis_close(kept->conn);
    kept->conn = NULL;
}

/* At the end of a thread. */
static void forget_kept(void *data)
{
    kept_t *kept = data, **at;

    pthread_mutex_lock(&kept->db->lock);
    for (at = &kept->db->all; *at && *at != kept; at = &(*at)->next)
        ;
    if (*at)
        *at = kept->next;
    pthread_mutex_unlock(&kept->db->lock);
    drop_connection(kept);
    free(kept);
}

static saml_status_t kept_of(kept_t **out, redis_t *db, saml_err_t *err)
{
    kept_t *kept;

    if (!db->is_open)
        return saml_fail(err, SAML_E_STORE, "the session store %s:%s is not open in this process", db->scheme, db->conf.shown);
    kept = pthread_getspecific(db->kept_of_thread);
    if (!kept) {
        kept = calloc(1, sizeof(*kept));
        if (!kept || pthread_setspecific(db->kept_of_thread, kept) != 0) {
            free(kept);
            return saml_fail(err, SAML_E_STORE, "the session store %s:%s: no memory", db->scheme, db->conf.shown);
        }
        kept->db = db;
        pthread_mutex_lock(&db->lock);
        kept->next = db->all;
        db->all = kept;
        pthread_mutex_unlock(&db->lock);
    }
    *out = kept;
    return SAML_OK;
}

/* ---- open ------------------------------------------------------------------- */

static apr_status_t close_all(void *ctx)
{
    redis_t *db = ctx;

    /* A process made by fork inherits the pool and not the connections, whose other ends do not know of it. */
    if (!db->is_open || db->pid != getpid())
        return APR_SUCCESS;
    pthread_key_delete(db->kept_of_thread);
    while (db->all) {
        kept_t *kept = db->all;

        db->all = kept->next;
        drop_connection(kept);
        free(kept);
    }
    if (db->addresses)
        freeaddrinfo(db->addresses);
    db->addresses = NULL;
    db->is_open = 0;
    return APR_SUCCESS;
}

/*
 * Before anything is served, as whoever starts the server: whatever is set wrongly, here or there, is found now. That Redis
 * is not up yet is no such thing; until it is, sign-ons are refused, and everything else is served.
 */
static saml_status_t redis_prepare(void *ctx, const sso_store_owner_t *owner, apr_pool_t *p, saml_err_t *err)
{
    redis_t *db = ctx;
    sso_redis_conn_t *conn = NULL;
    sso_redis_loaded_t loaded;
    apr_time_t deadline;
    saml_status_t status;
    int reached = 0;

    (void)owner;
    (void)p;
    status = look_up_host(db, err);
    deadline = sso_redis_clock() + db->conf.timeout;
    if (status == SAML_OK)
        status = connect_new(&conn, &loaded, &reached, db, deadline, err);
    sso_redis_close(conn);
    if (db->addresses)
        freeaddrinfo(db->addresses);
    db->addresses = NULL;
    return reached && sso_redis_clock() < deadline ? status : SAML_OK;
}

/* Also where Redis is not there yet, the store is open afterwards, and each call tries anew. */
static saml_status_t redis_open(void *ctx, apr_pool_t *p, saml_err_t *err)
{
    redis_t *db = ctx;
    kept_t *kept;

    if (db->is_open && db->pid != getpid())
        return saml_fail(err, SAML_E_STORE, "the session store %s:%s was opened before this process was made by fork", db->scheme,
                         db->conf.shown);
    if (db->is_open)
        return SAML_OK;
    if (pthread_key_create(&db->kept_of_thread, forget_kept) != 0)
        return saml_fail(err, SAML_E_STORE, "the session store %s:%s: no key for threads", db->scheme, db->conf.shown);
    db->pid = getpid();
    db->is_open = 1;
    apr_pool_cleanup_register(p, db, close_all, apr_pool_cleanup_null);
    SAML_TRY(look_up_host(db, err));
    SAML_TRY(kept_of(&kept, db, err));
    return connect_kept(kept, sso_redis_clock() + db->conf.timeout, err);
}

/* ---- asking --------------------------------------------------------------------- */

static int begins(const redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, strlen(word)) == 0;
}

static void free_all(redisReply **replies, int count)
{
    for (int i = 0; i < count; i++)
        freeReplyObject(replies[i]);
}

/* What a connection that is still good answers, but of which another may be better: scripts flushed, or no longer the master. */
static int is_stale(redisReply **replies, int count)
{
    for (int i = 0; i < count; i++) {
        if (begins(replies[i], "NOSCRIPT") || begins(replies[i], "READONLY"))
            return 1;
    }
    return 0;
}

/* @param replies  `count` of them on SAML_OK, error answers among them, for free_all */
static saml_status_t ask(kept_t *kept, const sso_redis_command_t *commands, int count, redisReply **replies, const char *doing,
                         saml_err_t *err)
{
    const redis_t *db = kept->db;
    apr_time_t deadline = sso_redis_clock() + db->conf.timeout;
    int was_idle = kept->conn != NULL;

    for (;;) {
        sso_redis_outcome_t outcome;
        saml_status_t status = SAML_OK;

        if (!kept->conn)
            SAML_TRY(connect_kept(kept, deadline, err));
        outcome = sso_redis_ask(kept->conn, commands, count, replies, deadline);
        if (outcome == SSO_REDIS_ANSWERED && !(was_idle && is_stale(replies, count)))
            return SAML_OK;
        if (outcome == SSO_REDIS_ANSWERED)
            free_all(replies, count);
        else if (outcome != SSO_REDIS_LOST || !was_idle)
            status = saml_fail(err, SAML_E_STORE, "%s: the session store %s:%s: expected an answer within %d ms, got: %s", doing,
                               db->scheme, db->conf.shown, (int)(db->conf.timeout / 1000), sso_redis_why(kept->conn));
        drop_connection(kept);
        SAML_TRY(status);
        was_idle = 0;
    }
}

/* An answer of another kind than what was asked for. */
static saml_status_t bad_reply(const redis_t *db, const redisReply *reply, const char *doing, saml_err_t *err)
{
    err->full = begins(reply, "OOM");
    if (err->full)
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s:%s is full (maxmemory); nothing was dropped for it", doing,
                         db->scheme, db->conf.shown);
    if (reply->type == REDIS_REPLY_ERROR)
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s:%s answered: %s", doing, db->scheme, db->conf.shown,
                         saml_quote_bytes(err->pool, reply->str, reply->len));
    return saml_fail(err, SAML_E_STORE, "%s: the session store %s:%s is damaged: expected another kind of answer", doing,
                     db->scheme, db->conf.shown);
}

/* ---- scripts ---------------------------------------------------------------------- */

/* A script's command up to its arguments; its name is filled in when the connection is made. */
static saml_status_t begin(sso_redis_command_t *command, kept_t **kept, redis_t *db, sso_redis_script_t script, saml_err_t *err)
{
    SAML_TRY(kept_of(kept, db, err));
    command->count = 0;
    sso_redis_add_text(command, "EVALSHA");
    sso_redis_add(command, (*kept)->loaded.sha[script], SSO_REDIS_SHA_HEX);
    sso_redis_add_text(command, "0");
    sso_redis_add_text(command, db->conf.prefix);
    return SAML_OK;
}

static void add_number(sso_redis_command_t *command, char *room, apr_int64_t n)
{
    apr_snprintf(room, NUMBER_BYTES, "%" APR_INT64_T_FMT, n);
    sso_redis_add_text(command, room);
}

static apr_int64_t ms_left(apr_time_t expires, apr_time_t now)
{
    apr_int64_t ms;

    if (expires <= now)
        return 0;
    ms = (expires - now) / 1000 + 1;
    return ms > MAX_LEFT_MS ? MAX_LEFT_MS : ms;
}

static saml_status_t run(kept_t *kept, const sso_redis_command_t *command, apr_int64_t *answer, const char *doing, saml_err_t *err)
{
    redisReply *reply;
    saml_status_t status = SAML_OK;

    SAML_TRY(ask(kept, command, 1, &reply, doing, err));
    if (reply->type == REDIS_REPLY_INTEGER)
        *answer = reply->integer;
    else
        status = bad_reply(kept->db, reply, doing, err);
    freeReplyObject(reply);
    return status;
}

/* ---- look-ups ----------------------------------------------------------------------- */

/* GET of a key of our own kind. @param reply  on SAML_OK a string or nil, for freeReplyObject */
static saml_status_t get_value(redisReply **reply, redis_t *db, const char *kind, const sso_key_t *key, const char *doing,
                               saml_err_t *err)
{
    sso_redis_command_t command = { .count = 0 };
    char room[MAX_KEY_BYTES];
    apr_size_t len = strlen(db->conf.prefix);
    saml_status_t status;
    kept_t *kept;

    SAML_TRY(kept_of(&kept, db, err));
    memcpy(room, db->conf.prefix, len);
    memcpy(room + len, kind, 2);
    memcpy(room + len + 2, key->octets, SSO_KEY_BYTES);
    sso_redis_add_text(&command, "GET");
    sso_redis_add(&command, room, len + 2 + SSO_KEY_BYTES);
    SAML_TRY(ask(kept, &command, 1, reply, doing, err));
    if ((*reply)->type == REDIS_REPLY_STRING || (*reply)->type == REDIS_REPLY_NIL)
        return SAML_OK;
    status = bad_reply(db, *reply, doing, err);
    freeReplyObject(*reply);
    return status;
}

/* What stands before the record. @return 0 where there is none that could be */
static apr_size_t head_of(const redisReply *reply)
{
    apr_size_t head;

    if (reply->len < 1 || (unsigned char)reply->str[0] > SSO_MAX_LABELS)
        return 0;
    head = 1 + (apr_size_t)reply->str[0] * SSO_LABEL_BYTES;
    return (apr_size_t)reply->len > head ? head : 0;
}

static saml_status_t redis_get(void *ctx, const sso_key_t *key, const void **record, apr_size_t *len, apr_pool_t *p,
                               saml_err_t *err)
{
    redisReply *reply;
    apr_size_t head = 0;
    saml_status_t status = SAML_OK;

    SAML_TRY(get_value(&reply, ctx, "s:", key, "looking a session up", err));
    if (reply->type == REDIS_REPLY_STRING) {
        head = head_of(reply);
        if (head == 0)
            status = bad_reply(ctx, reply, "looking a session up", err);
    }
    if (status == SAML_OK) {
        *len = head ? (apr_size_t)reply->len - head : 0;
        *record = head ? apr_pmemdup(p, reply->str + head, *len) : NULL;
    }
    freeReplyObject(reply);
    return status;
}

/* ---- changes -------------------------------------------------------------------------- */

static saml_status_t redis_put(void *ctx, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires,
                               const sso_label_t *labels, int label_count, apr_uint64_t *sessions, saml_err_t *err)
{
    const redis_t *db = ctx;
    sso_redis_command_t command;
    char head[1 + SSO_MAX_LABELS * SSO_LABEL_BYTES], ms[NUMBER_BYTES], limit[NUMBER_BYTES];
    apr_int64_t answer;
    kept_t *kept;

    SAML_TRY(begin(&command, &kept, ctx, SSO_REDIS_PUT, err));
    head[0] = (char)label_count;
    if (label_count > 0)
        memcpy(head + 1, labels, (apr_size_t)label_count * SSO_LABEL_BYTES);
    sso_redis_add(&command, key->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, head, 1 + (apr_size_t)label_count * SSO_LABEL_BYTES);
    sso_redis_add(&command, record, len);
    add_number(&command, ms, ms_left(expires, apr_time_now()));
    add_number(&command, limit, (apr_int64_t)db->limit);
    SAML_TRY(run(kept, &command, &answer, "keeping a session", err));
    if (answer < 0)
        return sso_store_full(apr_pstrcat(err->pool, db->scheme, ":", db->conf.shown, NULL), db->limit, (apr_uint64_t)-answer, err);
    *sessions = (apr_uint64_t)answer;
    return SAML_OK;
}

static saml_status_t redis_replace(void *ctx, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires,
                                   int *found, saml_err_t *err)
{
    sso_redis_command_t command;
    char ms[NUMBER_BYTES];
    apr_int64_t answer;
    kept_t *kept;

    SAML_TRY(begin(&command, &kept, ctx, SSO_REDIS_REPLACE, err));
    sso_redis_add(&command, key->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, record, len);
    add_number(&command, ms, ms_left(expires, apr_time_now()));
    SAML_TRY(run(kept, &command, &answer, "renewing a session", err));
    *found = answer != 0;
    return SAML_OK;
}

static saml_status_t redis_remove(void *ctx, const sso_key_t *key, int *found, saml_err_t *err)
{
    sso_redis_command_t command;
    apr_int64_t answer;
    kept_t *kept;

    SAML_TRY(begin(&command, &kept, ctx, SSO_REDIS_REMOVE, err));
    sso_redis_add(&command, key->octets, SSO_KEY_BYTES);
    SAML_TRY(run(kept, &command, &answer, "ending a session", err));
    *found = answer != 0;
    return SAML_OK;
}

static saml_status_t redis_remove_labelled(void *ctx, const sso_label_t *labels, int label_count, int *removed, saml_err_t *err)
{
    sso_redis_command_t command;
    apr_int64_t answer;
    kept_t *kept;

    SAML_TRY(begin(&command, &kept, ctx, SSO_REDIS_REMOVE_LABELLED, err));
    sso_redis_add(&command, label_count > 0 ? (const void *)labels : "", label_count > 0 ? (apr_size_t)label_count * sizeof(*labels) : 0);
    SAML_TRY(run(kept, &command, &answer, "ending sessions", err));
    *removed = (int)answer;
    return SAML_OK;
}

static saml_status_t redis_use_once(void *ctx, const sso_key_t *key, apr_time_t until, apr_time_t now, saml_err_t *err)
{
    sso_redis_command_t command;
    unsigned char who[WHO_BYTES];
    char ms[NUMBER_BYTES];
    apr_int64_t answer;
    kept_t *kept;

    SAML_TRY(begin(&command, &kept, ctx, SSO_REDIS_USE_ONCE, err));
    SAML_TRY(saml_random_bytes(who, sizeof(who), err));
    sso_redis_add(&command, key->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, who, sizeof(who));
    add_number(&command, ms, ms_left(until, now) + 1);
    SAML_TRY(run(kept, &command, &answer, "marking an ID as used", err));
    if (!answer)
        return saml_fail(err, SAML_E_REPLAY, "ID: expected one that was not used before, got one that was");
    return SAML_OK;
}

/* ---- marks ------------------------------------------------------------------------------ */

static saml_status_t redis_mark_get(void *ctx, const sso_key_t *key, apr_time_t now, sso_mark_t *out, int *found, saml_err_t *err)
{
    redisReply *reply;
    sso_mark_t got = { .expires = 0 };
    saml_status_t status = SAML_OK;

    SAML_TRY(get_value(&reply, ctx, "m:", key, "looking a mark up", err));
    if (reply->type == REDIS_REPLY_STRING && reply->len == MARK_BYTES) {
        apr_uint64_t expires = 0;

        for (int i = 0; i < EXPIRY_BYTES; i++)
            expires = expires << 8 | (unsigned char)reply->str[i];
        got.expires = (apr_time_t)expires;
        memcpy(got.value.octets, reply->str + EXPIRY_BYTES, SSO_KEY_BYTES);
    } else if (reply->type == REDIS_REPLY_STRING) {
        status = bad_reply(ctx, reply, "looking a mark up", err);
    }
    freeReplyObject(reply);
    SAML_TRY(status);
    *found = got.expires > now;
    if (*found)
        *out = got;
    return SAML_OK;
}

static saml_status_t redis_mark_put(void *ctx, const sso_key_t *key, const sso_key_t *value, apr_time_t expires, saml_err_t *err)
{
    sso_redis_command_t command;
    unsigned char octets[MARK_BYTES];
    char ms[NUMBER_BYTES];
    apr_int64_t answer;
    kept_t *kept;

    SAML_TRY(begin(&command, &kept, ctx, SSO_REDIS_MARK_PUT, err));
    for (int i = 0; i < EXPIRY_BYTES; i++)
        octets[i] = (unsigned char)((apr_uint64_t)expires >> (8 * (EXPIRY_BYTES - 1 - i)));
    memcpy(octets + EXPIRY_BYTES, value->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, key->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, octets, sizeof(octets));
    add_number(&command, ms, ms_left(expires, apr_time_now()));
    return run(kept, &command, &answer, "keeping a mark", err);
}

/* ---- sweep and statistics --------------------------------------------------------------- */

static saml_status_t redis_sweep(void *ctx, apr_time_t now, int at_most, int *swept, saml_err_t *err)
{
    int total = 0;

    (void)now;          /* by Redis' clock */
    for (;;) {
        sso_redis_command_t command;
        char most[NUMBER_BYTES];
        int step = at_most - total < SWEEP_STEP ? at_most - total : SWEEP_STEP;
        apr_int64_t answer;
        kept_t *kept;

        SAML_TRY(begin(&command, &kept, ctx, SSO_REDIS_SWEEP, err));
        add_number(&command, most, step);
        SAML_TRY(run(kept, &command, &answer, "sweeping", err));
        total += (int)answer;
        if (answer < step || total >= at_most)
            break;
    }
    *swept = total;
    return SAML_OK;
}

static saml_status_t read_number(apr_uint64_t *out, const char *text, const redis_t *db, const redisReply *reply, saml_err_t *err)
{
    if (!text)
        return bad_reply(db, reply, "counting", err);
    *out = (apr_uint64_t)apr_strtoi64(text, NULL, 10);
    return SAML_OK;
}

static saml_status_t read_counts(sso_store_stat_t *out, redisReply **replies, const redis_t *db, saml_err_t *err)
{
    const redisReply *memory = replies[3];

    for (int i = 0; i < 3; i++) {
        if (replies[i]->type != REDIS_REPLY_INTEGER)
            return bad_reply(db, replies[i], "counting", err);
    }
    out->sessions = (apr_uint64_t)replies[0]->integer;
    out->used_ids = (apr_uint64_t)replies[1]->integer;
    out->marks = (apr_uint64_t)replies[2]->integer;
    SAML_TRY(read_number(&out->bytes_used, sso_redis_info(memory, "used_memory", err->pool), db, memory, err));
    return read_number(&out->bytes_limit, sso_redis_info(memory, "maxmemory", err->pool), db, memory, err);
}

static saml_status_t redis_stat(void *ctx, sso_store_stat_t *out, saml_err_t *err)
{
    static const char *const sets[] = { "sessions", "used", "marks" };
    redis_t *db = ctx;
    sso_redis_command_t commands[MAX_COMMANDS] = { { .count = 0 } };
    redisReply *replies[MAX_COMMANDS];
    sso_store_stat_t got;
    saml_status_t status;
    kept_t *kept;

    SAML_TRY(kept_of(&kept, db, err));
    for (int i = 0; i < 3; i++) {
        sso_redis_add_text(&commands[i], "ZCARD");
        sso_redis_add_text(&commands[i], apr_pstrcat(err->pool, db->conf.prefix, sets[i], NULL));
    }
    sso_redis_add_text(&commands[3], "INFO");
    sso_redis_add_text(&commands[3], "memory");
    SAML_TRY(ask(kept, commands, MAX_COMMANDS, replies, "counting", err));
    status = read_counts(&got, replies, db, err);
    free_all(replies, MAX_COMMANDS);
    SAML_TRY(status);
    *out = got;
    return SAML_OK;
}

const sso_store_provider_t sso_store_redis = {
    .scheme = "redis", .configure = redis_configure, .check = redis_check, .prepare = redis_prepare, .open = redis_open,
    .get = redis_get, .put = redis_put, .replace = redis_replace, .remove = redis_remove,
    .remove_labelled = redis_remove_labelled, .use_once = redis_use_once, .mark_get = redis_mark_get,
    .mark_put = redis_mark_put, .sweep = redis_sweep, .stat = redis_stat, .limit = redis_limit
};

const sso_store_provider_t sso_store_rediss = {
    .scheme = "rediss", .configure = rediss_configure, .check = redis_check, .prepare = redis_prepare, .open = redis_open,
    .get = redis_get, .put = redis_put, .replace = redis_replace, .remove = redis_remove,
    .remove_labelled = redis_remove_labelled, .use_once = redis_use_once, .mark_get = redis_mark_get,
    .mark_put = redis_mark_put, .sweep = redis_sweep, .stat = redis_stat, .limit = redis_limit
};
