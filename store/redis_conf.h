/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REDIS_CONF_H
#define SSO_REDIS_CONF_H

/** @file redis_conf.h Which Redis, and how to come to it: what stands in a SAMLSessionStore redis:// or rediss:// value. */

#include <openssl/ssl.h>
#include "store.h"

typedef struct {
    const char *shown;          /* "//user@host:6379/0" and the options that are not the default; no secret in it */
    const char *spec;           /* the same behind "redis:" or "rediss:", for people */
    const char *host;           /* without brackets; NULL: socket_path */
    const char *socket_path;
    int port;
    int db;
    const char *user;           /* NULL: Redis' default user */
    const char *password;       /* NULL: none */
    const char *prefix;         /* of every key, with its colon */
    apr_interval_time_t timeout;
    SSL_CTX *tls;               /* NULL: in the clear */
} sso_redis_conf_t;

/**
 * Read what stands behind "redis:" or "rediss:":
 *     //[user@]host[:port][/db] or ///path/of/socket, then options, each once, after spaces:
 *     auth=FILE  the password, one line      ca=FILE  whose certificates are believed (rediss; default: the system's)
 *     cert=FILE key=FILE  our own (rediss)    timeout=N(ms|s)  10 ms to 30 s, default 1 s
 *     db=N  0 to 65535                         prefix=NAME  default saml-sso
 * Files are read here, as whoever starts the server; children may not be able to.
 * @param tls  whether it is rediss
 * @return SAML_OK, or SAML_E_STORE with what was expected
 */
SAML_MUST_CHECK saml_status_t sso_redis_conf_read(sso_redis_conf_t *out, const char *arg, int tls, apr_pool_t *p,
                                                  saml_err_t *err);

#endif
