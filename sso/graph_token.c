/* SPDX-License-Identifier: Apache-2.0 */
#include "graph_token.h"

#include <string.h>
#include <time.h>

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#define SPARE apr_time_from_sec(300)

struct sso_token_cache_t {
    apr_thread_mutex_t *lock;
    apr_thread_cond_t *changed;
    int fetching;               /* a thread is asking for a token */
    apr_time_t good_until;      /* by sso_monotonic_now; 0: there is none */
    char token[SAML_OAUTH_MAX_TOKEN_BYTES + 1];
};

apr_time_t sso_monotonic_now(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

sso_token_cache_t *sso_token_cache_make(apr_pool_t *p)
{
    sso_token_cache_t *cache = apr_pcalloc(p, sizeof(*cache));

    if (apr_thread_mutex_create(&cache->lock, APR_THREAD_MUTEX_DEFAULT, p) != APR_SUCCESS
        || apr_thread_cond_create(&cache->changed, p) != APR_SUCCESS)
        return NULL;
    return cache;
}

/* Under the lock: until there is a token or nobody who fetches one. */
static saml_status_t wait_for_others(sso_token_cache_t *cache, const saml_outgoing_t *by, saml_err_t *err)
{
    while (cache->fetching && sso_monotonic_now() >= cache->good_until) {
        apr_interval_time_t left = by->left(by->baton);

        if (left <= 0)
            return saml_fail(err, SAML_E_OVERAGE, "token request: expected another request to have brought one by now, it has "
                             "not");
        (void)apr_thread_cond_timedwait(cache->changed, cache->lock, left);
    }
    return SAML_OK;
}

/* Five minutes before its end, or half-way where it has not that many. */
static apr_time_t good_until(const saml_oauth_token_t *token)
{
    apr_interval_time_t half = token->expires_in / 2;

    return sso_monotonic_now() + (token->expires_in - SPARE > half ? token->expires_in - SPARE : half);
}

/* The lock is let go of while the network is asked. */
static saml_status_t renew(sso_token_cache_t *cache, const sso_graph_t *graph, const saml_outgoing_t *by, apr_pool_t *p,
                           saml_err_t *err)
{
    saml_oauth_token_t token;
    saml_status_t status;

    cache->fetching = 1;
    cache->good_until = 0;
    apr_thread_mutex_unlock(cache->lock);
    status = saml_oauth_token(&token, by, &graph->client, apr_time_now(), p, err);
    apr_thread_mutex_lock(cache->lock);
    cache->fetching = 0;
    if (status == SAML_OK) {
        apr_cpystrn(cache->token, token.token, sizeof(cache->token));
        cache->good_until = good_until(&token);
    }
    apr_thread_cond_broadcast(cache->changed);
    return status;
}

static saml_status_t take(const char **out, const sso_graph_t *graph, const saml_outgoing_t *by, const char *refused,
                          apr_pool_t *p, saml_err_t *err)
{
    sso_token_cache_t *cache = graph->cache;

    if (refused && strcmp(refused, cache->token) == 0)
        cache->good_until = 0;
    SAML_TRY(wait_for_others(cache, by, err));
    if (sso_monotonic_now() >= cache->good_until)
        SAML_TRY(renew(cache, graph, by, p, err));
    *out = apr_pstrdup(p, cache->token);
    return SAML_OK;
}

saml_status_t sso_graph_token(const char **out, const sso_graph_t *graph, const saml_outgoing_t *by, const char *refused,
                              apr_pool_t *p, saml_err_t *err)
{
    saml_status_t status;

    apr_thread_mutex_lock(graph->cache->lock);
    status = take(out, graph, by, refused, p, err);
    apr_thread_mutex_unlock(graph->cache->lock);
    return status;
}
