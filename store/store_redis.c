/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions in Redis, which several nodes share.
 *
 * A look-up is one command out and one answer back, over the thread's own connection (redis_link.h). What changes several keys is a
 * script, which Redis runs in one step (redis_scripts.h), and a script may be run twice, where the first answer was lost, and comes to
 * the same.
 *
 * Expiry is Redis' own, by the time left and not by the time of day: the clocks of nodes and Redis may differ.
 */

#include <string.h>
#include <apr_strings.h>
#include "redis_each.h"
#include "redis_link.h"
#include "saml/id.h"

#define MAX_LEFT_MS     (APR_INT64_C(100) * 366 * 86400 * 1000)
#define WHO_BYTES       16
#define EXPIRY_BYTES    8
#define MARK_BYTES      (EXPIRY_BYTES + SSO_KEY_BYTES)
#define SWEEP_STEP      500     /* what a script may take of Redis' only thread at a time */
#define NUMBER_BYTES    24
#define MAX_COMMANDS    4

typedef struct {
    sso_redis_conf_t conf;
    sso_redis_link_t *link;
    apr_uint64_t limit;
} redis_t;

/* ---- configure ------------------------------------------------------------ */

static saml_status_t configure(void **ctx, const char **name, const char *arg, int tls, apr_pool_t *p, saml_err_t *err)
{
    redis_t *db = apr_pcalloc(p, sizeof(*db));

    SAML_TRY(sso_redis_conf_read(&db->conf, arg, tls, p, err));
    SAML_TRY(sso_redis_link_make(&db->link, &db->conf, p, err));
    *ctx = db;
    *name = db->conf.shown;
    return SAML_OK;
}

static saml_status_t redis_configure(void **ctx, const char **name, const char *arg, const char *default_dir, apr_pool_t *p,
                                     saml_err_t *err)
{
    (void)default_dir;
    return configure(ctx, name, arg, 0, p, err);
}

static saml_status_t rediss_configure(void **ctx, const char **name, const char *arg, const char *default_dir, apr_pool_t *p,
                                      saml_err_t *err)
{
    (void)default_dir;
    return configure(ctx, name, arg, 1, p, err);
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

static void redis_tell(void *ctx, const sso_store_news_t *news)
{
    redis_t *db = ctx;

    sso_redis_link_tell(db->link, news);
}

/*
 * What Redis says now keeps no httpd from starting or from reading its configuration anew: it may be other things that httpd serves, and
 * what is wrong may be mended without it. Until then nobody signs on; the log has the reason.
 */
static saml_status_t redis_prepare(void *ctx, const sso_store_owner_t *owner, apr_pool_t *p, saml_err_t *err)
{
    redis_t *db = ctx;

    (void)owner;
    (void)err;
    sso_redis_link_try(db->link, p);
    return SAML_OK;
}

static saml_status_t redis_open(void *ctx, apr_pool_t *p, saml_err_t *err)
{
    redis_t *db = ctx;

    return sso_redis_link_open(db->link, p, err);
}

/* ---- scripts ---------------------------------------------------------------------- */

/* An answer of another kind than what was asked for. */
static saml_status_t bad_reply(const redis_t *db, const redisReply *reply, const char *doing, saml_err_t *err)
{
    err->full = sso_redis_is_error(reply, "OOM");
    if (err->full)
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s is full (maxmemory); nothing was dropped for it", doing,
                         db->conf.spec);
    if (reply->type == REDIS_REPLY_ERROR)
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s answered: %s", doing, db->conf.spec,
                         saml_quote_bytes(err->pool, reply->str, reply->len));
    return saml_fail(err, SAML_E_STORE, "%s: the session store %s is damaged: expected another kind of answer", doing, db->conf.spec);
}

/* A script's command up to its arguments. The server's name for it, and the server's own, are filled in when the connection is made. */
static saml_status_t begin(sso_redis_command_t *command, sso_redis_thread_t **thread, redis_t *db, sso_redis_script_t script,
                           saml_err_t *err)
{
    SAML_TRY(sso_redis_link_thread(thread, db->link, err));
    command->count = 0;
    sso_redis_add_text(command, "EVALSHA");
    sso_redis_add(command, sso_redis_link_server(*thread)->sha[script], SSO_REDIS_SHA_HEX);
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

static saml_status_t run(const redis_t *db, sso_redis_thread_t *thread, const sso_redis_command_t *command, apr_int64_t *answer,
                         const char *doing, saml_err_t *err)
{
    redisReply *reply;
    saml_status_t status = SAML_OK;

    SAML_TRY(sso_redis_link_ask(thread, command, 1, &reply, doing, err));
    if (reply->type == REDIS_REPLY_INTEGER)
        *answer = reply->integer;
    else
        status = bad_reply(db, reply, doing, err);
    freeReplyObject(reply);
    return status;
}

/* ---- look-ups ----------------------------------------------------------------------- */

/* GET of a key of our own kind. @param reply  on SAML_OK a string or nil, for freeReplyObject */
static saml_status_t get_value(redisReply **reply, redis_t *db, const char *kind, const sso_key_t *key, const char *doing,
                               saml_err_t *err)
{
    sso_redis_command_t command = { .count = 0 };
    char name[SSO_REDIS_NAME_BYTES];
    apr_size_t len = sso_redis_name(name, db->conf.prefix, kind, key->octets, SSO_KEY_BYTES);
    saml_status_t status;
    sso_redis_thread_t *thread;

    SAML_TRY(sso_redis_link_thread(&thread, db->link, err));
    sso_redis_add_text(&command, "GET");
    sso_redis_add(&command, name, len);
    SAML_TRY(sso_redis_link_ask(thread, &command, 1, reply, doing, err));
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

/* Several keys or labels, one behind another. */
static void add_list(sso_redis_command_t *command, const void *list, int count, apr_size_t each)
{
    sso_redis_add(command, count > 0 ? list : "", count > 0 ? (apr_size_t)count * each : 0);
}

static saml_status_t redis_put(void *ctx, const sso_put_t *put, apr_uint64_t *sessions, saml_err_t *err)
{
    const redis_t *db = ctx;
    apr_size_t labels_len = (apr_size_t)put->label_count * SSO_LABEL_BYTES;
    sso_redis_command_t command;
    char head[1 + SSO_MAX_LABELS * SSO_LABEL_BYTES], ms[NUMBER_BYTES], limit[NUMBER_BYTES];
    apr_int64_t answer;
    sso_redis_thread_t *thread;

    SAML_TRY(begin(&command, &thread, ctx, SSO_REDIS_PUT, err));
    head[0] = (char)put->label_count;
    if (labels_len > 0)
        memcpy(head + 1, put->labels, labels_len);
    sso_redis_add(&command, put->key->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, head, 1 + labels_len);
    sso_redis_add(&command, put->record, put->len);
    add_number(&command, ms, ms_left(put->expires, apr_time_now()));
    add_number(&command, limit, (apr_int64_t)db->limit);
    add_list(&command, put->instead, put->instead_stay ? 0 : put->instead_count, sizeof(*put->instead));
    SAML_TRY(run(ctx, thread, &command, &answer, "keeping a session", err));
    if (answer < 0)
        return sso_store_full(db->conf.spec, db->limit, (apr_uint64_t)-answer, err);
    *sessions = (apr_uint64_t)answer;
    return SAML_OK;
}

static saml_status_t redis_replace(void *ctx, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires,
                                   int *found, saml_err_t *err)
{
    sso_redis_command_t command;
    char ms[NUMBER_BYTES];
    apr_int64_t answer;
    sso_redis_thread_t *thread;

    SAML_TRY(begin(&command, &thread, ctx, SSO_REDIS_REPLACE, err));
    sso_redis_add(&command, key->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, record, len);
    add_number(&command, ms, ms_left(expires, apr_time_now()));
    SAML_TRY(run(ctx, thread, &command, &answer, "renewing a session", err));
    *found = answer != 0;
    return SAML_OK;
}

static saml_status_t redis_remove(void *ctx, const sso_key_t *key, int *found, saml_err_t *err)
{
    sso_redis_command_t command;
    apr_int64_t answer;
    sso_redis_thread_t *thread;

    SAML_TRY(begin(&command, &thread, ctx, SSO_REDIS_REMOVE, err));
    sso_redis_add(&command, key->octets, SSO_KEY_BYTES);
    SAML_TRY(run(ctx, thread, &command, &answer, "ending a session", err));
    *found = answer != 0;
    return SAML_OK;
}

static saml_status_t redis_remove_labelled(void *ctx, const sso_label_t *labels, int label_count, int *removed, saml_err_t *err)
{
    sso_redis_command_t command;
    apr_int64_t answer;
    sso_redis_thread_t *thread;

    SAML_TRY(begin(&command, &thread, ctx, SSO_REDIS_REMOVE_LABELLED, err));
    add_list(&command, labels, label_count, sizeof(*labels));
    SAML_TRY(run(ctx, thread, &command, &answer, "ending sessions", err));
    *removed = (int)answer;
    return SAML_OK;
}

/* @param answer  1, 0, or SSO_REDIS_UNKNOWN where the server cannot tell what was used before it was there */
static saml_status_t use_once(apr_int64_t *answer, redis_t *db, const sso_key_t *key, const unsigned char *who, apr_int64_t ms,
                              saml_err_t *err)
{
    sso_redis_command_t command;
    sso_redis_thread_t *thread;
    char left[NUMBER_BYTES];

    SAML_TRY(begin(&command, &thread, db, SSO_REDIS_USE_ONCE, err));
    sso_redis_add(&command, key->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, who, WHO_BYTES);
    add_number(&command, left, ms);
    sso_redis_add(&command, sso_redis_link_server(thread)->run, SSO_REDIS_RUN_BYTES);
    SAML_TRY(run(db, thread, &command, answer, "marking an ID as used", err));
    if (*answer == SSO_REDIS_UNKNOWN)
        sso_redis_link_renew(thread);
    return SAML_OK;
}

static saml_status_t redis_use_once(void *ctx, const sso_key_t *key, apr_time_t until, apr_time_t now, saml_err_t *err)
{
    redis_t *db = ctx;
    unsigned char who[WHO_BYTES];
    apr_int64_t answer;

    SAML_TRY(saml_random_bytes(who, sizeof(who), err));
    SAML_TRY(use_once(&answer, db, key, who, ms_left(until, now) + 1, err));
    if (answer == SSO_REDIS_UNKNOWN)        /* its data were cleared: a new connection begins them anew */
        SAML_TRY(use_once(&answer, db, key, who, ms_left(until, now) + 1, err));
    if (answer == SSO_REDIS_UNKNOWN)
        return saml_fail(err, SAML_E_STORE, "marking an ID as used: the session store %s has lost what it had, and cannot begin anew; it may "
                         "be full", db->conf.spec);
    if (!answer)
        return saml_fail(err, SAML_E_REPLAY, "ID: expected one that was not used before, got one that was");
    return SAML_OK;
}

/* Of the server that was asked last: a replica that took over may lack what was used in the moments before. */
static saml_status_t redis_used_since(void *ctx, apr_time_t *since, saml_err_t *err)
{
    redis_t *db = ctx;
    sso_redis_thread_t *thread;

    SAML_TRY(sso_redis_link_thread(&thread, db->link, err));
    if (!sso_redis_link_is_up(thread))
        return saml_fail(err, SAML_E_STORE, "the session store %s: expected to know since when it remembers used IDs, got no connection",
                         db->conf.spec);
    /* By the time of day as it is now: who sets the clock keeps nobody out until some time to come. */
    *since = apr_time_now() - (sso_redis_clock() - sso_redis_link_server(thread)->since);
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
    sso_redis_thread_t *thread;

    SAML_TRY(begin(&command, &thread, ctx, SSO_REDIS_MARK_PUT, err));
    for (int i = 0; i < EXPIRY_BYTES; i++)
        octets[i] = (unsigned char)((apr_uint64_t)expires >> (8 * (EXPIRY_BYTES - 1 - i)));
    memcpy(octets + EXPIRY_BYTES, value->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, key->octets, SSO_KEY_BYTES);
    sso_redis_add(&command, octets, sizeof(octets));
    add_number(&command, ms, ms_left(expires, apr_time_now()));
    return run(ctx, thread, &command, &answer, "keeping a mark", err);
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
        sso_redis_thread_t *thread;

        SAML_TRY(begin(&command, &thread, ctx, SSO_REDIS_SWEEP, err));
        add_number(&command, most, step);
        SAML_TRY(run(ctx, thread, &command, &answer, "sweeping", err));
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
    sso_redis_thread_t *thread;

    SAML_TRY(sso_redis_link_thread(&thread, db->link, err));
    for (int i = 0; i < 3; i++) {
        sso_redis_add_text(&commands[i], "ZCARD");
        sso_redis_add_text(&commands[i], apr_pstrcat(err->pool, db->conf.prefix, sets[i], NULL));
    }
    sso_redis_add_text(&commands[3], "INFO");
    sso_redis_add_text(&commands[3], "memory");
    SAML_TRY(sso_redis_link_ask(thread, commands, MAX_COMMANDS, replies, "counting", err));
    status = read_counts(&got, replies, db, err);
    sso_redis_free(replies, MAX_COMMANDS);
    SAML_TRY(status);
    *out = got;
    return SAML_OK;
}

static saml_status_t redis_each(void *ctx, apr_time_t now, const sso_label_t *only, sso_store_each_fn *fn, void *baton, saml_err_t *err)
{
    const redis_t *db = ctx;

    return sso_redis_each(db->link, &db->conf, now, only, fn, baton, err);
}

static int redis_is_shared(void *ctx)
{
    (void)ctx;
    return 1;
}

const sso_store_provider_t sso_store_redis = {
    .scheme = "redis", .configure = redis_configure, .check = redis_check, .prepare = redis_prepare, .open = redis_open,
    .get = redis_get, .put = redis_put, .replace = redis_replace, .remove = redis_remove,
    .remove_labelled = redis_remove_labelled, .use_once = redis_use_once, .mark_get = redis_mark_get,
    .mark_put = redis_mark_put, .sweep = redis_sweep, .stat = redis_stat, .limit = redis_limit,
    .used_since = redis_used_since, .tell = redis_tell, .each = redis_each, .is_shared = redis_is_shared
};

const sso_store_provider_t sso_store_rediss = {
    .scheme = "rediss", .configure = rediss_configure, .check = redis_check, .prepare = redis_prepare, .open = redis_open,
    .get = redis_get, .put = redis_put, .replace = redis_replace, .remove = redis_remove,
    .remove_labelled = redis_remove_labelled, .use_once = redis_use_once, .mark_get = redis_mark_get,
    .mark_put = redis_mark_put, .sweep = redis_sweep, .stat = redis_stat, .limit = redis_limit,
    .used_since = redis_used_since, .tell = redis_tell, .each = redis_each, .is_shared = redis_is_shared
};
