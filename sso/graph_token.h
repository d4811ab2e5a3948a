/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_GRAPH_TOKEN_H
#define SSO_GRAPH_TOKEN_H

/** @file graph_token.h SAMLGraph: who asks Graph, and the token of an application that every thread of a process shares. */

#include "saml/oauth.h"

/** A token and those who wait for one. */
typedef struct sso_token_cache_t sso_token_cache_t;

/** SAMLGraph of one application. */
typedef struct {
    saml_oauth_client_t client;
    const char *host;           /* of Graph */
    const char *source;         /* file names, for DUMP_SAML */
    sso_token_cache_t *cache;
} sso_graph_t;

/** Made in the parent; each child has its own from then on. NULL where that fails. */
sso_token_cache_t *sso_token_cache_make(apr_pool_t *p);

/**
 * A token that has five minutes left: the one at hand, or a new one. One thread asks for it, the others wait for it as long as their
 * own time lasts.
 * @param refused  a token that Graph would not take, to be forgotten; or NULL
 * @return SAML_OK or SAML_E_OVERAGE
 */
SAML_MUST_CHECK saml_status_t sso_graph_token(const char **out, const sso_graph_t *graph, const saml_outgoing_t *by,
                                              const char *refused, apr_pool_t *p, saml_err_t *err);

/** A clock that nobody sets. */
apr_time_t sso_monotonic_now(void);

#endif
