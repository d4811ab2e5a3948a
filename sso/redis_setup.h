/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REDIS_SETUP_H
#define SSO_REDIS_SETUP_H

/** @file redis_setup.h What a new connection to Redis begins with: who we are, whether sessions are safe there, our scripts. */

#include "redis_conn.h"
#include "redis_scripts.h"

#define SSO_REDIS_SHA_HEX 40

/** By what name Redis knows each script. */
typedef struct {
    char sha[SSO_REDIS_SCRIPTS][SSO_REDIS_SHA_HEX + 1];
} sso_redis_loaded_t;

/**
 * Sign on, choose the database, load the scripts, in one round trip. Refuses a Redis that would evict keys when its memory
 * is full: an active session would end, and an assertion that was used could be used again. Refuses a replica.
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_redis_set_up(sso_redis_loaded_t *out, sso_redis_conn_t *conn, const sso_redis_conf_t *conf,
                                               apr_time_t deadline, saml_err_t *err);

/** The value of "name:" in what INFO answered, in err's pool; NULL where there is none. */
const char *sso_redis_info(const redisReply *reply, const char *name, apr_pool_t *p);

#endif
