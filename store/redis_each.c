/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All sessions by ZSCAN over the sorted set of them, those of a user by SSCAN over his label's set (redis_scripts.h); each record is then
 * asked for with the time that it has left. What such a set says of a session that has ended, or has begun anew without the label, counts
 * nothing: what stands in the session's own head does.
 *
 * An answer has a limit (redis_conn.c), which one record surely keeps and many need not: their lengths come first.
 */

#include "redis_each.h"

#include <string.h>
#include <apr_strings.h>

#define STEP  32                /* sessions asked for at once */
#define SCAN  "100"             /* members that Redis looks at in one step */
#define DOING "listing sessions"
#define ENDLESS (-1)            /* PTTL of what has no end */
#define LONGEST_MS (APR_INT64_C(100) * 366 * 86400 * 1000)

typedef struct {
    sso_redis_thread_t *thread;
    const sso_redis_conf_t *conf;
    apr_time_t now;
    const sso_label_t *only;
    sso_store_each_fn *fn;
    void *baton;
    apr_pool_t *p;              /* cleared for each step */
} walk_t;

static saml_status_t bad_reply(const walk_t *walk, const redisReply *reply, saml_err_t *err)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return saml_fail(err, SAML_E_STORE, DOING ": the session store %s answered: %s", walk->conf->spec,
                         saml_quote_bytes(err->pool, reply->str, reply->len));
    return saml_fail(err, SAML_E_STORE, DOING ": the session store %s is damaged: expected another kind of answer", walk->conf->spec);
}

static int has_label(const char *labels, int count, const sso_label_t *label)
{
    for (int i = 0; i < count; i++) {
        if (memcmp(labels + (apr_size_t)i * SSO_LABEL_BYTES, label->octets, SSO_LABEL_BYTES) == 0)
            return 1;
    }
    return 0;
}

/* What was made to stay (PERSIST) is let in until the end in its record, and is none to overlook. */
static int is_over(const redisReply *left)
{
    return left->type == REDIS_REPLY_INTEGER && left->integer <= 0 && left->integer != ENDLESS;
}

static apr_time_t end_of(const walk_t *walk, const redisReply *left)
{
    return walk->now + apr_time_from_msec(left->integer == ENDLESS || left->integer > LONGEST_MS ? LONGEST_MS : left->integer);
}

/* One session, by its key; what is there, and for how many milliseconds. */
static saml_status_t show(walk_t *walk, const char *key, const redisReply *value, const redisReply *left, saml_err_t *err)
{
    sso_stored_t session;
    apr_size_t head;

    if (value->type == REDIS_REPLY_NIL || is_over(left))
        return SAML_OK;
    if (value->type != REDIS_REPLY_STRING || left->type != REDIS_REPLY_INTEGER)
        return bad_reply(walk, value->type != REDIS_REPLY_STRING ? value : left, err);
    head = value->len < 1 ? 0 : 1 + (apr_size_t)(unsigned char)value->str[0] * SSO_LABEL_BYTES;
    if (head == 0 || (unsigned char)value->str[0] > SSO_MAX_LABELS || (apr_size_t)value->len <= head)
        return bad_reply(walk, value, err);
    if (walk->only && !has_label(value->str + 1, value->str[0], walk->only))
        return SAML_OK;
    memcpy(session.key.octets, key, SSO_KEY_BYTES);
    session.len = (apr_size_t)value->len - head;
    session.record = apr_pmemdup(walk->p, value->str + head, session.len);
    session.forget_at = end_of(walk, left);
    return walk->fn(walk->baton, &session, err);
}

/* The keys of sessions in Redis, STEP at most, each with how many octets are there. */
typedef struct {
    const char *id[STEP];       /* SSO_KEY_BYTES of it count */
    const char *key[STEP];
    apr_size_t key_len;         /* of each */
    apr_size_t octets[STEP];    /* SSO_MAX_RECORD_BYTES where there are more, or it cannot be */
    int count;
} some_t;

static void ask_of(sso_redis_command_t *command, const char *verb, const some_t *some, int i)
{
    command->count = 0;
    sso_redis_add_text(command, verb);
    sso_redis_add(command, some->key[i], some->key_len);
}

static saml_status_t ask_lengths(walk_t *walk, some_t *some, saml_err_t *err)
{
    sso_redis_command_t commands[STEP] = { { .count = 0 } };
    redisReply *replies[STEP];
    saml_status_t status = SAML_OK;

    for (int i = 0; i < some->count; i++)
        ask_of(&commands[i], "STRLEN", some, i);
    SAML_TRY(sso_redis_link_ask(walk->thread, commands, some->count, replies, DOING, err));
    for (int i = 0; i < some->count && status == SAML_OK; i++) {
        if (replies[i]->type != REDIS_REPLY_INTEGER)
            status = bad_reply(walk, replies[i], err);
        else
            some->octets[i] = replies[i]->integer < 0 || replies[i]->integer > SSO_MAX_RECORD_BYTES ? SSO_MAX_RECORD_BYTES
                              : (apr_size_t)replies[i]->integer;
    }
    sso_redis_free(replies, some->count);
    return status;
}

static saml_status_t show_range(walk_t *walk, const some_t *some, int from, int to, saml_err_t *err)
{
    sso_redis_command_t commands[2 * STEP] = { { .count = 0 } };
    redisReply *replies[2 * STEP];
    int count = 2 * (to - from);
    saml_status_t status = SAML_OK;

    for (int i = 0; i < count; i++)
        ask_of(&commands[i], i % 2 ? "PTTL" : "GET", some, from + i / 2);
    SAML_TRY(sso_redis_link_ask(walk->thread, commands, count, replies, DOING, err));
    for (int i = 0; i < count && status == SAML_OK; i += 2)
        status = show(walk, some->id[from + i / 2], replies[i], replies[i + 1], err);
    sso_redis_free(replies, count);
    return status;
}

/* As many at once as are no more than the largest of them may be. */
static saml_status_t show_some(walk_t *walk, some_t *some, saml_err_t *err)
{
    int from, to;

    apr_pool_clear(walk->p);
    for (int i = 0; i < some->count; i++) {
        char *key = apr_palloc(walk->p, SSO_REDIS_NAME_BYTES);

        some->key_len = sso_redis_name(key, walk->conf->prefix, "s:", some->id[i], SSO_KEY_BYTES);
        some->key[i] = key;
    }
    SAML_TRY(ask_lengths(walk, some, err));
    for (from = 0; from < some->count; from = to) {
        apr_size_t octets = some->octets[from];

        for (to = from + 1; to < some->count && octets + some->octets[to] <= SSO_MAX_RECORD_BYTES; to++)
            octets += some->octets[to];
        SAML_TRY(show_range(walk, some, from, to, err));
    }
    some->count = 0;
    return SAML_OK;
}

/* @param each  from one key to the next in the list: of a sorted set's members every second is a score */
static saml_status_t show_list(walk_t *walk, const redisReply *list, size_t each, saml_err_t *err)
{
    some_t some = { .count = 0 };

    if (list->type != REDIS_REPLY_ARRAY)
        return bad_reply(walk, list, err);
    for (size_t i = 0; i < list->elements; i += each) {
        const redisReply *member = list->element[i];

        if (member->type != REDIS_REPLY_STRING || member->len < SSO_KEY_BYTES)
            return bad_reply(walk, member, err);
        some.id[some.count++] = member->str;
        if (some.count == STEP || i + each >= list->elements)
            SAML_TRY(show_some(walk, &some, err));
    }
    return SAML_OK;
}

/* What is walked through: a sorted set of sessions, or a set of them. */
typedef struct {
    const char *verb;
    const char *key;
    apr_size_t key_len;
    size_t each;
} set_t;

/* @param cursor  where to go on; "0" in the end */
static saml_status_t scan(walk_t *walk, const set_t *set, const char **cursor, saml_err_t *err)
{
    sso_redis_command_t command = { .count = 0 };
    saml_status_t status;
    redisReply *reply;

    sso_redis_add_text(&command, set->verb);
    sso_redis_add(&command, set->key, set->key_len);
    sso_redis_add_text(&command, *cursor);
    sso_redis_add_text(&command, "COUNT");
    sso_redis_add_text(&command, SCAN);
    SAML_TRY(sso_redis_link_ask(walk->thread, &command, 1, &reply, DOING, err));
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING) {
        status = bad_reply(walk, reply, err);
    } else {
        *cursor = apr_pstrdup(err->pool, reply->element[0]->str);
        status = show_list(walk, reply->element[1], set->each, err);
    }
    freeReplyObject(reply);
    return status;
}

static set_t set_of(const sso_redis_conf_t *conf, const sso_label_t *only, apr_pool_t *p)
{
    char *key;

    if (!only) {
        key = apr_pstrcat(p, conf->prefix, "sessions", NULL);
        return (set_t) { "ZSCAN", key, strlen(key), 2 };
    }
    key = apr_palloc(p, SSO_REDIS_NAME_BYTES);
    return (set_t) { "SSCAN", key, sso_redis_name(key, conf->prefix, "l:", only->octets, SSO_LABEL_BYTES), 1 };
}

saml_status_t sso_redis_each(sso_redis_link_t *link, const sso_redis_conf_t *conf, apr_time_t now, const sso_label_t *only,
                             sso_store_each_fn *fn, void *baton, saml_err_t *err)
{
    walk_t walk = { .conf = conf, .now = now, .only = only, .fn = fn, .baton = baton };
    set_t set = set_of(conf, only, err->pool);
    const char *cursor = "0";
    saml_status_t status;

    SAML_TRY(sso_redis_link_thread(&walk.thread, link, err));
    if (apr_pool_create(&walk.p, err->pool) != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, DOING ": no memory");
    do
        status = scan(&walk, &set, &cursor, err);
    while (status == SAML_OK && strcmp(cursor, "0") != 0);
    apr_pool_destroy(walk.p);
    return status;
}
