/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REDIS_HOST_H
#define SSO_REDIS_HOST_H

/**
 * @file redis_host.h
 * The addresses of a Redis server's name, asked for again as connections are made anew: after a failover the name leads
 * elsewhere. Asking has no time limit of its own, so a thread that nobody waits for too long does it.
 */

#include <sys/socket.h>
#include "saml/saml.h"

#define SSO_REDIS_MAX_ADDRESSES 8

typedef struct {
    int count;
    struct {
        struct sockaddr_storage address;
        socklen_t len;
    } at[SSO_REDIS_MAX_ADDRESSES];
} sso_redis_addresses_t;

typedef struct sso_redis_host_t sso_redis_host_t;

SAML_MUST_CHECK saml_status_t sso_redis_host_make(sso_redis_host_t **out, const char *name, int port, apr_pool_t *p,
                                                  saml_err_t *err);

/** Ask now and wait as long as it takes: before anything is served, and before there are threads. What comes is known after fork. */
SAML_MUST_CHECK saml_status_t sso_redis_host_ask(sso_redis_host_t *host, saml_err_t *err);

/**
 * The addresses as they are now; those known from before where a name server says nothing new in a part of the time.
 * @param deadline  by sso_redis_clock
 * @return SAML_OK, or SAML_E_STORE where none is known
 */
SAML_MUST_CHECK saml_status_t sso_redis_host_get(sso_redis_addresses_t *out, sso_redis_host_t *host, apr_time_t deadline,
                                                 saml_err_t *err);

/** Wait for the thread; nobody asks any more. */
void sso_redis_host_end(sso_redis_host_t *host);

#endif
