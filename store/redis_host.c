/* SPDX-License-Identifier: Apache-2.0 */

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <apr_strings.h>
#include "redis_conn.h"

#define FRESH       apr_time_from_sec(1)    /* so long one answer of a name server serves all threads */
#define PATIENCE    4                       /* the part of the time, where addresses are known: its inverse */
#define PORT_CHARS  6

struct sso_redis_host_t {
    const char *name;
    char port[PORT_CHARS];
    int is_number;                  /* the name is an address: nothing ever changes */
    pthread_mutex_t lock;           /* of all below */
    pthread_cond_t answered;
    sso_redis_addresses_t known;    /* the last that there were */
    apr_time_t asked;               /* when the last answer came, by sso_redis_clock; 0: never */
    int why;                        /* getaddrinfo's last word */
    int is_asking;
    pthread_t thread;
    int has_thread;                 /* to be waited for */
};

static apr_status_t free_host(void *data)
{
    sso_redis_host_t *host = data;

    pthread_cond_destroy(&host->answered);
    pthread_mutex_destroy(&host->lock);
    return APR_SUCCESS;
}

static int make_locks(sso_redis_host_t *host)
{
    pthread_condattr_t attr;
    int ok;

    if (pthread_condattr_init(&attr) != 0)
        return 0;
    ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&host->answered, &attr) == 0;
    pthread_condattr_destroy(&attr);
    if (ok && pthread_mutex_init(&host->lock, NULL) != 0) {
        pthread_cond_destroy(&host->answered);
        ok = 0;
    }
    return ok;
}

/* @return getaddrinfo's word */
static int ask_for(sso_redis_addresses_t *out, const sso_redis_host_t *host, int flags)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags }, *all, *one;
    int rc = getaddrinfo(host->name, host->port, &hints, &all);

    out->count = 0;
    if (rc != 0)
        return rc;
    for (one = all; one && out->count < SSO_REDIS_MAX_ADDRESSES; one = one->ai_next) {
        memcpy(&out->at[out->count].address, one->ai_addr, one->ai_addrlen);
        out->at[out->count++].len = one->ai_addrlen;
    }
    freeaddrinfo(all);
    return 0;
}

saml_status_t sso_redis_host_make(sso_redis_host_t **out, const char *name, int port, apr_pool_t *p, saml_err_t *err)
{
    sso_redis_host_t *host = apr_pcalloc(p, sizeof(*host));

    host->name = name;
    apr_snprintf(host->port, sizeof(host->port), "%d", port);
    if (!make_locks(host))
        return saml_fail(err, SAML_E_STORE, "session store redis: no mutex to be had");
    apr_pool_cleanup_register(p, host, free_host, apr_pool_cleanup_null);
    host->is_number = ask_for(&host->known, host, AI_NUMERICHOST) == 0;
    *out = host;
    return SAML_OK;
}

/* Under the lock. What was known before stays where there is nothing new. */
static void keep(sso_redis_host_t *host, const sso_redis_addresses_t *got, int rc)
{
    if (rc == 0 && got->count > 0)
        host->known = *got;
    host->why = rc;
    host->asked = sso_redis_clock();
}

static saml_status_t no_address(const sso_redis_host_t *host, const char *why, saml_err_t *err)
{
    return saml_fail(err, SAML_E_STORE, "session store redis: expected an address of the host %s, got: %s",
                     saml_quote(err->pool, host->name), why);
}

saml_status_t sso_redis_host_ask(sso_redis_host_t *host, saml_err_t *err)
{
    sso_redis_addresses_t got;
    int rc;

    if (host->is_number)
        return SAML_OK;
    rc = ask_for(&got, host, 0);
    pthread_mutex_lock(&host->lock);
    keep(host, &got, rc);
    pthread_mutex_unlock(&host->lock);
    return rc == 0 ? SAML_OK : no_address(host, gai_strerror(rc), err);
}

static void *ask_in_thread(void *data)
{
    sso_redis_host_t *host = data;
    sso_redis_addresses_t got;
    int rc = ask_for(&got, host, 0);

    pthread_mutex_lock(&host->lock);
    keep(host, &got, rc);
    host->is_asking = 0;
    pthread_cond_broadcast(&host->answered);
    pthread_mutex_unlock(&host->lock);
    return NULL;
}

/* Under the lock. No signal is for this thread: httpd's handlers belong to others. */
static void begin_to_ask(sso_redis_host_t *host)
{
    sso_redis_addresses_t none = { .count = 0 };
    sigset_t all, before;

    if (host->has_thread)
        pthread_join(host->thread, NULL);       /* it has answered, and has nothing left to do */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    host->has_thread = pthread_create(&host->thread, NULL, ask_in_thread, host) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    host->is_asking = host->has_thread;
    if (!host->has_thread)
        keep(host, &none, EAI_MEMORY);
}

static void wait_for_answer(sso_redis_host_t *host, apr_time_t deadline)
{
    apr_time_t now = sso_redis_clock(), until = host->known.count > 0 ? now + (deadline - now) / PATIENCE : deadline;
    struct timespec t = { .tv_sec = (time_t)apr_time_sec(until), .tv_nsec = (long)apr_time_usec(until) * 1000 };

    while (host->is_asking) {
        if (pthread_cond_timedwait(&host->answered, &host->lock, &t) != 0)
            break;
    }
}

saml_status_t sso_redis_host_get(sso_redis_addresses_t *out, sso_redis_host_t *host, apr_time_t deadline, saml_err_t *err)
{
    const char *why;

    if (!host->is_number) {
        pthread_mutex_lock(&host->lock);
        if (!host->is_asking && (host->asked == 0 || sso_redis_clock() - host->asked >= FRESH))
            begin_to_ask(host);
        wait_for_answer(host, deadline);
        *out = host->known;
        why = host->is_asking ? "no answer of a name server in time" : gai_strerror(host->why);
        pthread_mutex_unlock(&host->lock);
        return out->count > 0 ? SAML_OK : no_address(host, why, err);
    }
    *out = host->known;
    return SAML_OK;
}

void sso_redis_host_end(sso_redis_host_t *host)
{
    if (host->has_thread)
        pthread_join(host->thread, NULL);
    host->has_thread = 0;
}
