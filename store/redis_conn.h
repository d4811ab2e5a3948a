/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REDIS_CONN_H
#define SSO_REDIS_CONN_H

/** @file redis_conn.h One connection to Redis: what is asked goes out at once, and the answers are there in time or not at all. */

#include <hiredis/hiredis.h>
#include "redis_conf.h"
#include "redis_host.h"

#define SSO_REDIS_MAX_ARGS 12

/** One command with its arguments, octets all. */
typedef struct {
    int count;
    const char *arg[SSO_REDIS_MAX_ARGS];
    size_t len[SSO_REDIS_MAX_ARGS];
} sso_redis_command_t;

/** Whether `reply` is an error that begins with `word`. */
int sso_redis_is_error(const redisReply *reply, const char *word);

/** Append an argument. */
void sso_redis_add(sso_redis_command_t *command, const void *octets, size_t len);
void sso_redis_add_text(sso_redis_command_t *command, const char *text);

typedef struct sso_redis_conn_t sso_redis_conn_t;

typedef enum {
    SSO_REDIS_ANSWERED,
    SSO_REDIS_LOST,             /* the other end has closed it: the commands may have been carried out or not */
    SSO_REDIS_LATE,             /* no answer by the deadline */
    SSO_REDIS_BROKEN            /* an answer that is none, or no memory */
} sso_redis_outcome_t;

/** On the clock that no one sets, in microseconds. */
apr_time_t sso_redis_clock(void);

/**
 * Connect, with TLS where conf->tls.
 * @param addresses  of conf->host, or NULL where it is a socket
 * @param deadline   by sso_redis_clock
 * @return SAML_OK or SAML_E_STORE; on SAML_OK the caller closes it
 */
SAML_MUST_CHECK saml_status_t sso_redis_connect(sso_redis_conn_t **out, const sso_redis_conf_t *conf,
                                                const sso_redis_addresses_t *addresses, apr_time_t deadline,
                                                saml_err_t *err);

/**
 * Send all commands at once and read as many answers.
 * @param replies  one each, set where SSO_REDIS_ANSWERED, error answers among them, for sso_redis_free
 * @return after anything else than SSO_REDIS_ANSWERED the connection is of no further use
 */
sso_redis_outcome_t sso_redis_ask(sso_redis_conn_t *conn, const sso_redis_command_t *commands, int count,
                                  redisReply **replies, apr_time_t deadline);

void sso_redis_free(redisReply **replies, int count);

/** What an outcome other than SSO_REDIS_ANSWERED came of, for people. */
const char *sso_redis_why(const sso_redis_conn_t *conn);

void sso_redis_close(sso_redis_conn_t *conn);

#endif
