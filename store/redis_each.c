/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All sessions by SCAN over the sorted set of them, those of a user by his label's set (redis_scripts.h); each record is then asked for
 * with the time that it has left. What such a set says of a session that has ended, or has begun anew without the label, counts nothing:
 * what stands in the session's own head does.
 */

#include "redis_each.h"

#include <string.h>
#include <apr_strings.h>

#define STEP  32                /* sessions asked for at once */
#define SCAN  "100"             /* members that Redis looks at in one step */
#define DOING "listing sessions"

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

/* One session, by its key; what is there, and for how many milliseconds. */
static saml_status_t show(walk_t *walk, const char *key, const redisReply *value, const redisReply *left, saml_err_t *err)
{
    sso_stored_t session;
    apr_size_t head;

    if (value->type == REDIS_REPLY_NIL || (left->type == REDIS_REPLY_INTEGER && left->integer <= 0))
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
    session.forget_at = walk->now + apr_time_from_msec(left->integer);
    return walk->fn(walk->baton, &session, err);
}

/* @param keys  `count` of them, STEP at most; SSO_KEY_BYTES of each count */
static saml_status_t show_some(walk_t *walk, const char *const *keys, int count, saml_err_t *err)
{
    sso_redis_command_t commands[2 * STEP];
    redisReply *replies[2 * STEP];
    apr_size_t prefix = strlen(walk->conf->prefix);
    saml_status_t status = SAML_OK;

    apr_pool_clear(walk->p);
    memset(commands, 0, sizeof(commands));
    for (int i = 0; i < count; i++) {
        char *key = apr_palloc(walk->p, prefix + 2 + SSO_KEY_BYTES);

        memcpy(key, walk->conf->prefix, prefix);
        memcpy(key + prefix, "s:", 2);
        memcpy(key + prefix + 2, keys[i], SSO_KEY_BYTES);
        sso_redis_add_text(&commands[2 * i], "GET");
        sso_redis_add(&commands[2 * i], key, prefix + 2 + SSO_KEY_BYTES);
        sso_redis_add_text(&commands[2 * i + 1], "PTTL");
        sso_redis_add(&commands[2 * i + 1], key, prefix + 2 + SSO_KEY_BYTES);
    }
    SAML_TRY(sso_redis_link_ask(walk->thread, commands, 2 * count, replies, DOING, err));
    for (int i = 0; i < count && status == SAML_OK; i++)
        status = show(walk, keys[i], replies[2 * i], replies[2 * i + 1], err);
    sso_redis_free(replies, 2 * count);
    return status;
}

/* @param each  from one key to the next in the list: of a sorted set's members every second is a score */
static saml_status_t show_list(walk_t *walk, const redisReply *list, size_t each, saml_err_t *err)
{
    const char *keys[STEP];
    int count = 0;

    if (list->type != REDIS_REPLY_ARRAY)
        return bad_reply(walk, list, err);
    for (size_t i = 0; i < list->elements; i += each) {
        const redisReply *member = list->element[i];

        if (member->type != REDIS_REPLY_STRING || member->len < SSO_KEY_BYTES)
            return bad_reply(walk, member, err);
        keys[count++] = member->str;
        if (count == STEP || i + each >= list->elements) {
            SAML_TRY(show_some(walk, keys, count, err));
            count = 0;
        }
    }
    return SAML_OK;
}

static saml_status_t show_labelled(walk_t *walk, saml_err_t *err)
{
    sso_redis_command_t command = { .count = 0 };
    apr_size_t prefix = strlen(walk->conf->prefix);
    char *key = apr_palloc(err->pool, prefix + 2 + SSO_LABEL_BYTES);
    saml_status_t status;
    redisReply *reply;

    memcpy(key, walk->conf->prefix, prefix);
    memcpy(key + prefix, "l:", 2);
    memcpy(key + prefix + 2, walk->only->octets, SSO_LABEL_BYTES);
    sso_redis_add_text(&command, "SMEMBERS");
    sso_redis_add(&command, key, prefix + 2 + SSO_LABEL_BYTES);
    SAML_TRY(sso_redis_link_ask(walk->thread, &command, 1, &reply, DOING, err));
    status = show_list(walk, reply, 1, err);
    freeReplyObject(reply);
    return status;
}

/* @param cursor  where to go on; "0" in the end */
static saml_status_t scan(walk_t *walk, const char *sessions, const char **cursor, saml_err_t *err)
{
    sso_redis_command_t command = { .count = 0 };
    saml_status_t status;
    redisReply *reply;

    sso_redis_add_text(&command, "ZSCAN");
    sso_redis_add_text(&command, sessions);
    sso_redis_add_text(&command, *cursor);
    sso_redis_add_text(&command, "COUNT");
    sso_redis_add_text(&command, SCAN);
    SAML_TRY(sso_redis_link_ask(walk->thread, &command, 1, &reply, DOING, err));
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING) {
        status = bad_reply(walk, reply, err);
    } else {
        *cursor = apr_pstrdup(err->pool, reply->element[0]->str);
        status = show_list(walk, reply->element[1], 2, err);
    }
    freeReplyObject(reply);
    return status;
}

saml_status_t sso_redis_each(sso_redis_link_t *link, const sso_redis_conf_t *conf, apr_time_t now, const sso_label_t *only,
                             sso_store_each_fn *fn, void *baton, saml_err_t *err)
{
    walk_t walk = { .conf = conf, .now = now, .only = only, .fn = fn, .baton = baton };
    const char *sessions = apr_pstrcat(err->pool, conf->prefix, "sessions", NULL), *cursor = "0";
    saml_status_t status;

    SAML_TRY(sso_redis_link_thread(&walk.thread, link, err));
    if (apr_pool_create(&walk.p, err->pool) != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, DOING ": no memory");
    if (only) {
        status = show_labelled(&walk, err);
    } else {
        do
            status = scan(&walk, sessions, &cursor, err);
        while (status == SAML_OK && strcmp(cursor, "0") != 0);
    }
    apr_pool_destroy(walk.p);
    return status;
}
