/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REDIS_LINK_H
#define SSO_REDIS_LINK_H

/**
 * @file redis_link.h
 * A process's connections to its Redis: one for each thread, so that a look-up is one command out and one answer back and waits for
 * no other thread.
 *
 * Each call has one deadline, whatever it takes: name, connection, TLS, signing on, a second try. Where Redis does not answer, one
 * thread at a time tries, more and more seldom, and all others are refused at once: a server whose threads all wait serves nobody.
 */

#include "redis_setup.h"
#include "store.h"

typedef struct sso_redis_link_t sso_redis_link_t;
typedef struct sso_redis_thread_t sso_redis_thread_t;

SAML_MUST_CHECK saml_status_t sso_redis_link_make(sso_redis_link_t **out, const sso_redis_conf_t *conf, apr_pool_t *p,
                                                  saml_err_t *err);

/** Whom to tell when Redis is out of reach and when it is back; before there are threads. */
void sso_redis_link_tell(sso_redis_link_t *link, const sso_store_news_t *news);

/** Before anything is served: connect once, and tell what is found, good or bad. It keeps no connection, and is never a failure. */
void sso_redis_link_try(sso_redis_link_t *link, apr_pool_t *p);

/** From now on this process may ask; connections are made as they are needed. `p` ends them. */
SAML_MUST_CHECK saml_status_t sso_redis_link_open(sso_redis_link_t *link, apr_pool_t *p, saml_err_t *err);

/** What this thread has of the link; it lasts as long as the thread. */
SAML_MUST_CHECK saml_status_t sso_redis_link_thread(sso_redis_thread_t **out, sso_redis_link_t *link, saml_err_t *err);

/** What the thread's connection was answered when it was set up. Stays where it is; what it holds changes with the connection. */
const sso_redis_server_t *sso_redis_link_server(const sso_redis_thread_t *thread);

/** Whether the thread has a connection: what sso_redis_link_server says is of the server that was asked last. */
int sso_redis_link_is_up(const sso_redis_thread_t *thread);

/**
 * Send all commands at once and read as many answers. A connection that was closed while it lay idle is replaced within the call, so
 * that commands may be carried out twice.
 * @param replies  `count` of them on SAML_OK, error answers among them, for sso_redis_free
 * @param doing    for people: "looking a session up"
 * @return SAML_OK or SAML_E_STORE, with err->known where the log has been told of it
 */
SAML_MUST_CHECK saml_status_t sso_redis_link_ask(sso_redis_thread_t *thread, const sso_redis_command_t *commands, int count,
                                                 redisReply **replies, const char *doing, saml_err_t *err);

/** Begin with a new connection the next time. */
void sso_redis_link_renew(sso_redis_thread_t *thread);

#endif
