/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REDIS_SETUP_H
#define SSO_REDIS_SETUP_H

/** @file redis_setup.h What a new connection to Redis begins with: who we are, whether sessions are safe there, our scripts. */

#include "redis_conn.h"
#include "redis_scripts.h"

#define SSO_REDIS_SHA_HEX 40
#define SSO_REDIS_MAX_WARNINGS 2

/** The server that a connection leads to. */
typedef struct {
    char sha[SSO_REDIS_SCRIPTS][SSO_REDIS_SHA_HEX + 1];     /* by what name it knows each script */
    char run[SSO_REDIS_RUN_BYTES + 1];      /* what tells it from another, and from itself before a restart */
    apr_time_t since;           /* by sso_redis_clock: whatever was kept or used after it is there, earlier things may have been lost */
    int is_new;                 /* this connection found nothing of ours */
    int is_other;               /* or what another server had left */
    int warning_count;
    const char *warnings[SSO_REDIS_MAX_WARNINGS];   /* what it cannot promise; constants */
} sso_redis_server_t;

/**
 * Sign on, choose the database, load the scripts, in one round trip; and say in a second which server we know. Refuses a Redis that
 * would evict keys when its memory is full (an active session would end, and an assertion that was used could be used again), a replica,
 * a node of a cluster, a Sentinel, one that is still loading its data and one before version 5.
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_redis_set_up(sso_redis_server_t *out, sso_redis_conn_t *conn, const sso_redis_conf_t *conf,
                                               apr_time_t deadline, saml_err_t *err);

/** The value of "name:" in what INFO answered, in err's pool; NULL where there is none. */
const char *sso_redis_info(const redisReply *reply, const char *name, apr_pool_t *p);

#endif
