/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "redis_setup.h"

/* In the order they go out; AUTH only where there is a password. */
enum { SELECT, MEMORY, REPLICATION, SCRIPTS, ASKED = SCRIPTS + SSO_REDIS_SCRIPTS };

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

static void ask_all(sso_redis_command_t *commands, const sso_redis_conf_t *conf, apr_pool_t *p)
{
    sso_redis_add_text(&commands[SELECT], "SELECT");
    sso_redis_add_text(&commands[SELECT], apr_itoa(p, conf->db));
    sso_redis_add_text(&commands[MEMORY], "INFO");
    sso_redis_add_text(&commands[MEMORY], "memory");
    sso_redis_add_text(&commands[REPLICATION], "INFO");
    sso_redis_add_text(&commands[REPLICATION], "replication");
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

static saml_status_t refuse(const sso_redis_conf_t *conf, const char *what, const redisReply *got, saml_err_t *err)
{
    return saml_fail(err, SAML_E_STORE, "the session store redis%s:%s: expected %s, got %s", conf->tls ? "s" : "", conf->shown, what,
                     got->str ? saml_quote_bytes(err->pool, got->str, got->len) : "another kind of answer");
}

/* Where it cannot be told, it is not so. */
static saml_status_t check_eviction(const redisReply *memory, const sso_redis_conf_t *conf, saml_err_t *err)
{
    const char *limit = sso_redis_info(memory, "maxmemory", err->pool);
    const char *policy = sso_redis_info(memory, "maxmemory_policy", err->pool);

    if (memory->type != REDIS_REPLY_STRING || !limit || !policy)
        return refuse(conf, "INFO memory to say maxmemory and maxmemory_policy", memory, err);
    if (strcmp(limit, "0") != 0 && strcmp(policy, "noeviction") != 0)
        return saml_fail(err, SAML_E_STORE, "the session store redis%s:%s: expected maxmemory-policy noeviction, since with any "
                         "other sessions end and used assertions are forgotten when memory is short, got %s; set it in Redis",
                         conf->tls ? "s" : "", conf->shown, saml_quote(err->pool, policy));
    return SAML_OK;
}

static saml_status_t check_master(const redisReply *replication, const sso_redis_conf_t *conf, saml_err_t *err)
{
    const char *role = sso_redis_info(replication, "role", err->pool);

    if (!role)
        return refuse(conf, "INFO replication to say a role", replication, err);
    if (strcmp(role, "master") != 0)
        return saml_fail(err, SAML_E_STORE, "the session store redis%s:%s: expected the master, got role %s", conf->tls ? "s" : "",
                         conf->shown, saml_quote(err->pool, role));
    return SAML_OK;
}

static saml_status_t take_scripts(sso_redis_loaded_t *out, redisReply **replies, const sso_redis_conf_t *conf, saml_err_t *err)
{
    for (int i = 0; i < SSO_REDIS_SCRIPTS; i++) {
        if (replies[i]->type != REDIS_REPLY_STRING || replies[i]->len != SSO_REDIS_SHA_HEX)
            return refuse(conf, "SCRIPT LOAD to answer a SHA-1", replies[i], err);
        memcpy(out->sha[i], replies[i]->str, SSO_REDIS_SHA_HEX + 1);
    }
    return SAML_OK;
}

static saml_status_t check_all(sso_redis_loaded_t *out, redisReply **replies, const sso_redis_conf_t *conf, saml_err_t *err)
{
    if (replies[SELECT]->type != REDIS_REPLY_STATUS)
        return refuse(conf, conf->password ? "to choose the database" : "to choose the database, without a password (auth=FILE)",
                      replies[SELECT], err);
    SAML_TRY(check_eviction(replies[MEMORY], conf, err));
    SAML_TRY(check_master(replies[REPLICATION], conf, err));
    return take_scripts(out, &replies[SCRIPTS], conf, err);
}

saml_status_t sso_redis_set_up(sso_redis_loaded_t *out, sso_redis_conn_t *conn, const sso_redis_conf_t *conf,
                               apr_time_t deadline, saml_err_t *err)
{
    sso_redis_command_t commands[1 + ASKED] = { { .count = 0 } };
    redisReply *replies[1 + ASKED];
    int auth = conf->password != NULL, i;
    saml_status_t status = SAML_OK;

    if (auth)
        ask_auth(&commands[0], conf);
    ask_all(&commands[auth], conf, err->pool);
    if (sso_redis_ask(conn, commands, auth + ASKED, replies, deadline) != SSO_REDIS_ANSWERED)
        return saml_fail(err, SAML_E_STORE, "the session store redis%s:%s: expected an answer within %d ms, got: %s",
                         conf->tls ? "s" : "", conf->shown, (int)(conf->timeout / 1000), sso_redis_why(conn));
    if (auth && replies[0]->type != REDIS_REPLY_STATUS)
        status = refuse(conf, "Redis to take the password of auth=", replies[0], err);
    if (status == SAML_OK)
        status = check_all(out, replies + auth, conf, err);
    for (i = 0; i < auth + ASKED; i++)
        freeReplyObject(replies[i]);
    return status;
}
