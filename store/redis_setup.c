/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "redis_setup.h"

#define OLDEST_VERSION 5        /* scripts that ask for the time and then change something */

/* In the order they go out; AUTH only where there is a password. */
enum { SELECT, INFO, SAVE, SCRIPTS, ASKED = SCRIPTS + SSO_REDIS_SCRIPTS };

const char *sso_redis_info(const redisReply *reply, const char *name, apr_pool_t *p)
{
    apr_size_t len = strlen(name);
    const char *line = reply->type == REDIS_REPLY_STRING ? reply->str : NULL;

    while (line) {
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            return apr_pstrmemdup(p, line + len + 1, strcspn(line + len + 1, "\r\n"));
        line = strchr(line, '\n');
        if (line)
            line++;
    }
    return NULL;
}

/* ---- the questions ------------------------------------------------------------ */

static void ask_all(sso_redis_command_t *commands, const sso_redis_conf_t *conf, apr_pool_t *p)
{
    sso_redis_add_text(&commands[SELECT], "SELECT");
    sso_redis_add_text(&commands[SELECT], apr_itoa(p, conf->db));
    sso_redis_add_text(&commands[INFO], "INFO");
    sso_redis_add_text(&commands[SAVE], "CONFIG");
    sso_redis_add_text(&commands[SAVE], "GET");
    sso_redis_add_text(&commands[SAVE], "save");
    for (int i = 0; i < SSO_REDIS_SCRIPTS; i++) {
        sso_redis_add_text(&commands[SCRIPTS + i], "SCRIPT");
        sso_redis_add_text(&commands[SCRIPTS + i], "LOAD");
        sso_redis_add_text(&commands[SCRIPTS + i], sso_redis_scripts[i]);
    }
}

static void ask_auth(sso_redis_command_t *command, const sso_redis_conf_t *conf)
{
    sso_redis_add_text(command, "AUTH");
    if (conf->user)
        sso_redis_add_text(command, conf->user);
    sso_redis_add_text(command, conf->password);
}

static saml_status_t ask(sso_redis_conn_t *conn, const sso_redis_command_t *commands, int count, redisReply **replies,
                         const sso_redis_conf_t *conf, apr_time_t deadline, saml_err_t *err)
{
    if (sso_redis_ask(conn, commands, count, replies, deadline) == SSO_REDIS_ANSWERED)
        return SAML_OK;
    return saml_fail(err, SAML_E_STORE, "the session store %s: expected an answer within %d ms, got: %s", conf->spec,
                     (int)(conf->timeout / 1000), sso_redis_why(conn));
}

/* ---- the answers ---------------------------------------------------------------- */

static saml_status_t refuse(const sso_redis_conf_t *conf, const char *what, const redisReply *got, saml_err_t *err)
{
    return saml_fail(err, SAML_E_STORE, "the session store %s: expected %s, got %s", conf->spec, what,
                     got->str ? saml_quote_bytes(err->pool, got->str, got->len) : "another kind of answer");
}

/* A server that does not know AUTH says so with its arguments: the password is not for the log. */
static saml_status_t refuse_password(const sso_redis_conf_t *conf, const redisReply *got, saml_err_t *err)
{
    static const char what[] = "Redis to take the password of auth=";

    if (got->str && (strstr(got->str, "unknown command") || strstr(got->str, conf->password)))
        return saml_fail(err, SAML_E_STORE, "the session store %s: expected %s, got an answer that repeats what was asked, or does not know "
                         "AUTH", conf->spec, what);
    return refuse(conf, what, got, err);
}

static int says(const redisReply *info, const char *name, const char *value, apr_pool_t *p)
{
    const char *got = sso_redis_info(info, name, p);

    return got && strcmp(got, value) == 0;
}

static saml_status_t check_kind(const redisReply *info, const sso_redis_conf_t *conf, saml_err_t *err)
{
    const char *version = sso_redis_info(info, "redis_version", err->pool);

    if (says(info, "redis_mode", "sentinel", err->pool))
        return saml_fail(err, SAML_E_STORE, "the session store %s: expected a Redis that keeps data, got a Sentinel; name an address that "
                         "follows the master", conf->spec);
    if (says(info, "cluster_enabled", "1", err->pool))
        return saml_fail(err, SAML_E_STORE, "the session store %s: expected a Redis that keeps all keys itself, got a node of a cluster, "
                         "which answers MOVED for most of them; use one without cluster mode, with a replica", conf->spec);
    if (version && strtol(version, NULL, 10) < OLDEST_VERSION)
        return saml_fail(err, SAML_E_STORE, "the session store %s: expected Redis %d or later, got %s", conf->spec, OLDEST_VERSION,
                         saml_quote(err->pool, version));
    return SAML_OK;
}

/* Where it cannot be told, it is not so. */
static saml_status_t check_eviction(const redisReply *info, const sso_redis_conf_t *conf, saml_err_t *err)
{
    const char *limit = sso_redis_info(info, "maxmemory", err->pool);
    const char *policy = sso_redis_info(info, "maxmemory_policy", err->pool);

    if (!limit || !policy)
        return refuse(conf, "INFO to say maxmemory and maxmemory_policy", info, err);
    if (strcmp(limit, "0") != 0 && strcmp(policy, "noeviction") != 0)
        return saml_fail(err, SAML_E_STORE, "the session store %s: expected maxmemory-policy noeviction, since with any other sessions end "
                         "and used assertions are forgotten when memory is short, got %s; set it in Redis", conf->spec,
                         saml_quote(err->pool, policy));
    return SAML_OK;
}

static saml_status_t check_master(const redisReply *info, const sso_redis_conf_t *conf, saml_err_t *err)
{
    const char *role = sso_redis_info(info, "role", err->pool);

    if (!role)
        return refuse(conf, "INFO to say a role", info, err);
    if (strcmp(role, "master") != 0)
        return saml_fail(err, SAML_E_STORE, "the session store %s: expected the master, got role %s", conf->spec,
                         saml_quote(err->pool, role));
    return SAML_OK;
}

static saml_status_t check_info(const redisReply *info, const sso_redis_conf_t *conf, saml_err_t *err)
{
    if (info->type != REDIS_REPLY_STRING)
        return refuse(conf, "INFO to say what it is", info, err);
    if (says(info, "loading", "1", err->pool))
        return saml_fail(err, SAML_E_STORE, "the session store %s: expected one that is ready, got one that is loading its data; it will "
                         "be ready by itself", conf->spec);
    SAML_TRY(check_master(info, conf, err));
    return check_eviction(info, conf, err);
}

static saml_status_t take_scripts(sso_redis_server_t *out, redisReply **replies, const sso_redis_conf_t *conf, saml_err_t *err)
{
    for (int i = 0; i < SSO_REDIS_SCRIPTS; i++) {
        if (replies[i]->type != REDIS_REPLY_STRING || replies[i]->len != SSO_REDIS_SHA_HEX)
            return refuse(conf, "SCRIPT LOAD to answer a SHA-1", replies[i], err);
        memcpy(out->sha[i], replies[i]->str, SSO_REDIS_SHA_HEX + 1);
    }
    return SAML_OK;
}

/* Where CONFIG is not for us, as with most who rent Redis out, `save` is not known and nothing is said of it. */
static void take_warnings(sso_redis_server_t *out, const redisReply *info, const redisReply *save, apr_pool_t *p)
{
    int saves_nothing = save->type == REDIS_REPLY_ARRAY && save->elements == 2 && save->element[1]->type == REDIS_REPLY_STRING
                        && save->element[1]->len == 0;

    out->warning_count = 0;
    if (saves_nothing && says(info, "aof_enabled", "0", p))
        out->warnings[out->warning_count++] = "expected a Redis that keeps its data on disk, found one that does not: all sessions end when "
                                              "it restarts; mend: set \"appendonly yes\" in Redis";
    if (says(info, "rdb_last_bgsave_status", "err", p) || says(info, "aof_last_write_status", "err", p))
        out->warnings[out->warning_count++] = "expected a Redis that can write to its disk, found that the last time it could not: it will "
                                              "refuse sign-ons, and sessions end when it restarts; mend: see the log of Redis";
}

/* A server that has no name for itself is taken for the same as long as what we left is there. */
static void take_run(sso_redis_server_t *out, const redisReply *info, apr_pool_t *p)
{
    const char *run = sso_redis_info(info, "run_id", p);

    apr_snprintf(out->run, sizeof(out->run), "%-40.40s", run ? run : "-");
}

static saml_status_t take_all(sso_redis_server_t *out, redisReply **replies, const sso_redis_conf_t *conf, saml_err_t *err)
{
    SAML_TRY(check_kind(replies[INFO], conf, err));         /* a Sentinel has no SELECT */
    if (replies[SELECT]->type != REDIS_REPLY_STATUS)
        return refuse(conf, conf->password ? "to choose the database" : "to choose the database, without a password (auth=FILE)",
                      replies[SELECT], err);
    SAML_TRY(check_info(replies[INFO], conf, err));
    SAML_TRY(take_scripts(out, &replies[SCRIPTS], conf, err));
    take_run(out, replies[INFO], err->pool);
    take_warnings(out, replies[INFO], replies[SAVE], err->pool);
    return SAML_OK;
}

/* ---- which server we know -------------------------------------------------------- */

/* One that is full cannot write down that it is another: what was used before now may then have been lost, as far as we know. */
static saml_status_t take_begin(sso_redis_server_t *out, const redisReply *reply, const sso_redis_conf_t *conf, saml_err_t *err)
{
    out->since = sso_redis_clock();
    out->is_new = out->is_other = 0;
    if (sso_redis_is_error(reply, "OOM"))
        return SAML_OK;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_INTEGER
        || reply->element[1]->type != REDIS_REPLY_INTEGER)
        return refuse(conf, "our first script to answer since when it is there", reply, err);
    out->since -= reply->element[1]->integer * 1000;
    out->is_new = reply->element[0]->integer == SSO_REDIS_IS_NEW;
    out->is_other = reply->element[0]->integer == SSO_REDIS_IS_OTHER;
    return SAML_OK;
}

static saml_status_t begin(sso_redis_server_t *out, sso_redis_conn_t *conn, const sso_redis_conf_t *conf, apr_time_t deadline,
                           saml_err_t *err)
{
    sso_redis_command_t command = { .count = 0 };
    redisReply *reply;
    saml_status_t status;

    sso_redis_add_text(&command, "EVALSHA");
    sso_redis_add_text(&command, out->sha[SSO_REDIS_BEGIN]);
    sso_redis_add_text(&command, "0");
    sso_redis_add_text(&command, conf->prefix);
    sso_redis_add_text(&command, out->run);
    SAML_TRY(ask(conn, &command, 1, &reply, conf, deadline, err));
    status = take_begin(out, reply, conf, err);
    freeReplyObject(reply);
    return status;
}

saml_status_t sso_redis_set_up(sso_redis_server_t *out, sso_redis_conn_t *conn, const sso_redis_conf_t *conf, apr_time_t deadline,
                               saml_err_t *err)
{
    sso_redis_command_t commands[1 + ASKED] = { { .count = 0 } };
    redisReply *replies[1 + ASKED];
    int auth = conf->password != NULL;
    saml_status_t status = SAML_OK;

    if (auth)
        ask_auth(&commands[0], conf);
    ask_all(&commands[auth], conf, err->pool);
    SAML_TRY(ask(conn, commands, auth + ASKED, replies, conf, deadline, err));
    if (auth && replies[0]->type != REDIS_REPLY_STATUS)
        status = refuse_password(conf, replies[0], err);
    if (status == SAML_OK)
        status = take_all(out, replies + auth, conf, err);
    sso_redis_free(replies, auth + ASKED);
    SAML_TRY(status);
    return begin(out, conn, conf, deadline, err);
}
