/* SPDX-License-Identifier: Apache-2.0 */
/* The way from a SAMLSessionStore value to a store, and what holds for all of them. */

#include <string.h>
#include <apr_strings.h>
#include "store.h"

struct sso_store_t {
    const sso_store_provider_t *provider;
    void *ctx;
    const char *name;
    apr_uint64_t limit;         /* 0: none said */
    apr_uint64_t sessions;      /* at this process's last put, atomic; 0: not known */
    int high;                   /* what is known of the high-water mark, atomic: high_t */
};

static const char *provider_names(apr_pool_t *p)
{
    const sso_store_provider_t *const *one;
    const char *names = "";

    for (one = sso_store_providers; *one; one++)
        names = apr_pstrcat(p, names, *names ? ", " : "", (*one)->scheme, NULL);
    return names;
}

static const sso_store_provider_t *find_provider(const char *spec, const char **arg)
{
    const sso_store_provider_t *const *one;

    for (one = sso_store_providers; *one; one++) {
        apr_size_t len = strlen((*one)->scheme);

        if (strncmp(spec, (*one)->scheme, len) == 0 && (spec[len] == '\0' || spec[len] == ':')) {
            *arg = spec[len] ? spec + len + 1 : NULL;
            return *one;
        }
    }
    return NULL;
}

saml_status_t sso_store_configure(sso_store_t **out, const char *spec, const char *default_dir, apr_pool_t *p,
                                  saml_err_t *err)
{
    sso_store_t *store = apr_pcalloc(p, sizeof(*store));
    const char *arg, *name;

    store->provider = find_provider(spec, &arg);
    if (!store->provider)
        return saml_fail(err, SAML_E_STORE, "session store: expected one of %s, with \":\" and its argument, got %s",
                         provider_names(err->pool), saml_quote(err->pool, spec));
    SAML_TRY(store->provider->configure(&store->ctx, &name, arg, default_dir, p, err));
    store->name = apr_pstrcat(p, store->provider->scheme, ":", name, NULL);
    *out = store;
    return SAML_OK;
}

const char *sso_store_name(const sso_store_t *store)
{
    return store->name;
}

void *sso_store_context(const sso_store_t *store)
{
    return store->ctx;
}

saml_status_t sso_store_check(sso_store_t *store, saml_err_t *err)
{
    return store->provider->check(store->ctx, err);
}

saml_status_t sso_store_prepare(sso_store_t *store, const sso_store_owner_t *owner, apr_pool_t *p, saml_err_t *err)
{
    return store->provider->prepare(store->ctx, owner, p, err);
}

saml_status_t sso_store_open(sso_store_t *store, apr_pool_t *p, saml_err_t *err)
{
    return store->provider->open(store->ctx, p, err);
}

saml_status_t sso_store_attach(sso_store_t *store, apr_pool_t *p, saml_err_t *err)
{
    return store->provider->attach ? store->provider->attach(store->ctx, p, err) : store->provider->open(store->ctx, p, err);
}

saml_status_t sso_store_get(sso_store_t *store, const sso_key_t *key, const void **record, apr_size_t *len,
                            apr_pool_t *p, saml_err_t *err)
{
    return store->provider->get(store->ctx, key, record, len, p, err);
}

/* One limit for every store, so that what one takes the other takes too. */
static saml_status_t check_size(apr_size_t len, saml_err_t *err)
{
    if (len == 0 || len > SSO_MAX_RECORD_BYTES)
        return saml_fail(err, SAML_E_STORE, "session record: expected 1 to %d octets, got %" APR_SIZE_T_FMT,
                         SSO_MAX_RECORD_BYTES, len);
    return SAML_OK;
}

saml_status_t sso_store_put(sso_store_t *store, const sso_key_t *key, const void *record, apr_size_t len,
                            apr_time_t expires, saml_err_t *err)
{
    return sso_store_put_labelled(store, key, record, len, expires, NULL, 0, err);
}

saml_status_t sso_store_put_labelled(sso_store_t *store, const sso_key_t *key, const void *record, apr_size_t len,
                                     apr_time_t expires, const sso_label_t *labels, int label_count, saml_err_t *err)
{
    const sso_put_t put = { .key = key, .record = record, .len = len, .expires = expires, .labels = labels, .label_count = label_count };

    return sso_store_put_session(store, &put, err);
}

saml_status_t sso_store_put_session(sso_store_t *store, const sso_put_t *put, saml_err_t *err)
{
    apr_uint64_t sessions = 0;

    SAML_TRY(check_size(put->len, err));
    if (put->label_count < 0 || put->label_count > SSO_MAX_LABELS)
        return saml_fail(err, SAML_E_STORE, "session labels: expected at most %d, got %d", SSO_MAX_LABELS, put->label_count);
    if (put->instead_count < 0 || put->instead_count > SSO_MAX_INSTEAD)
        return saml_fail(err, SAML_E_STORE, "a session in the place of others: expected at most %d, got %d", SSO_MAX_INSTEAD, put->instead_count);
    SAML_TRY(store->provider->put(store->ctx, put, &sessions, err));
    __atomic_store_n(&store->sessions, sessions, __ATOMIC_RELAXED);
    return SAML_OK;
}

saml_status_t sso_store_replace(sso_store_t *store, const sso_key_t *key, const void *record, apr_size_t len,
                                apr_time_t expires, int *found, saml_err_t *err)
{
    SAML_TRY(check_size(len, err));
    return store->provider->replace(store->ctx, key, record, len, expires, found, err);
}

saml_status_t sso_store_remove(sso_store_t *store, const sso_key_t *key, int *found, saml_err_t *err)
{
    return store->provider->remove(store->ctx, key, found, err);
}

saml_status_t sso_store_remove_labelled(sso_store_t *store, const sso_label_t *labels, int label_count, int *removed,
                                        saml_err_t *err)
{
    return store->provider->remove_labelled(store->ctx, labels, label_count, removed, err);
}

saml_status_t sso_store_use_once(sso_store_t *store, const sso_key_t *key, apr_time_t until, apr_time_t now,
                                 saml_err_t *err)
{
    return store->provider->use_once(store->ctx, key, until, now, err);
}

saml_status_t sso_store_mark_get(sso_store_t *store, const sso_key_t *key, apr_time_t now, sso_mark_t *out, int *found,
                                 saml_err_t *err)
{
    return store->provider->mark_get(store->ctx, key, now, out, found, err);
}

saml_status_t sso_store_mark_put(sso_store_t *store, const sso_key_t *key, const sso_key_t *value, apr_time_t expires,
                                 saml_err_t *err)
{
    return store->provider->mark_put(store->ctx, key, value, expires, err);
}

saml_status_t sso_store_sweep(sso_store_t *store, apr_time_t now, int at_most, int *swept, saml_err_t *err)
{
    return store->provider->sweep(store->ctx, now, at_most, swept, err);
}

saml_status_t sso_store_stat(sso_store_t *store, sso_store_stat_t *out, saml_err_t *err)
{
    return store->provider->stat(store->ctx, out, err);
}

int sso_store_is_carried(const sso_store_t *store)
{
    return store->provider->is_ended != NULL;
}

int sso_store_is_shared(const sso_store_t *store)
{
    return store->provider->is_shared && store->provider->is_shared(store->ctx);
}

saml_status_t sso_store_is_ended(sso_store_t *store, const sso_carried_t *session, apr_time_t now, int *ended, saml_err_t *err)
{
    return store->provider->is_ended(store->ctx, session, now, ended, err);
}

void sso_store_lifetime(sso_store_t *store, apr_interval_time_t longest)
{
    if (store->provider->lifetime)
        store->provider->lifetime(store->ctx, longest);
}

void sso_store_tell(sso_store_t *store, const sso_store_news_t *news)
{
    if (store->provider->tell)
        store->provider->tell(store->ctx, news);
}

saml_status_t sso_store_used_since(sso_store_t *store, apr_time_t *since, saml_err_t *err)
{
    if (store->provider->used_since)
        return store->provider->used_since(store->ctx, since, err);
    *since = 0;
    return SAML_OK;
}

const char *sso_store_caveat(sso_store_t *store, apr_pool_t *p)
{
    return store->provider->caveat ? store->provider->caveat(store->ctx, p) : NULL;
}

void sso_store_limit(sso_store_t *store, apr_uint64_t sessions)
{
    if (sessions <= store->limit)
        return;
    store->limit = sessions;
    if (store->provider->limit)
        store->provider->limit(store->ctx, sessions);
}

apr_uint64_t sso_store_limit_of(const sso_store_t *store)
{
    return store->limit;
}

apr_uint64_t sso_store_last_count(const sso_store_t *store)
{
    return __atomic_load_n(&store->sessions, __ATOMIC_RELAXED);
}

saml_status_t sso_store_each(sso_store_t *store, apr_time_t now, const sso_label_t *only, sso_store_each_fn *fn, void *baton,
                             saml_err_t *err)
{
    if (!store->provider->each)
        return saml_fail(err, SAML_E_STORE, "session store %s: %s", store->name,
                         store->provider->no_each ? store->provider->no_each(store->ctx, err->pool) : "this kind keeps no list of its sessions");
    return store->provider->each(store->ctx, now, only, fn, baton, err);
}

saml_status_t sso_store_full(const char *name, apr_uint64_t limit, apr_uint64_t sessions, saml_err_t *err)
{
    err->full = 1;
    return saml_fail(err, SAML_E_STORE, "keeping a session: the session store %s is full: SAMLSessionLimit %" APR_UINT64_T_FMT ", and there "
                     "are %" APR_UINT64_T_FMT " sessions; nothing was dropped for it; mend: raise SAMLSessionLimit, shorten SAMLSessionIdle, "
                     "or end sessions with saml-sso sessions", name, limit, sessions);
}

/* ---- high water ----------------------------------------------------------- */

/*
 * That it was said is a mark in the store, where every process and node finds it; each asks for it when it first needs to know, and
 * remembers the answer. Of several that find no mark at once, one may use the ID and speak.
 */
typedef enum { HIGH_UNKNOWN, HIGH_NO, HIGH_SAID } high_t;

#define SAID_FOR    apr_time_from_sec(366 * 86400)
#define SAID_ALONE  apr_time_from_sec(1)     /* for one to look for the mark and to make it */

static const char said_text[] = "high water of the session limit";

static saml_status_t was_said(int *said, sso_store_t *store, const sso_key_t *key, apr_time_t now, saml_err_t *err)
{
    sso_mark_t mark;
    int found;

    SAML_TRY(sso_store_mark_get(store, key, now, &mark, &found, err));
    *said = found && memcmp(&mark.value, key, sizeof(*key)) == 0;
    return SAML_OK;
}

/* @param said  whether it is said now, by us or by another */
static saml_status_t say_high(int *now_high, int *said, sso_store_t *store, const sso_key_t *key, apr_time_t now, saml_err_t *err)
{
    saml_status_t status = SAML_E_REPLAY;

    SAML_TRY(was_said(said, store, key, now, err));
    if (!*said)
        status = sso_store_use_once(store, key, now + SAID_ALONE, now, err);
    if (status != SAML_OK && status != SAML_E_REPLAY)
        return status;
    if (status == SAML_OK)
        SAML_TRY(sso_store_mark_put(store, key, key, now + SAID_FOR, err));
    *now_high = status == SAML_OK;
    *said |= *now_high;
    return SAML_OK;
}

/* Another value in the mark's place says that it holds no more. */
static saml_status_t take_back(sso_store_t *store, const sso_key_t *key, apr_time_t now, saml_err_t *err)
{
    sso_key_t none;
    int said;

    SAML_TRY(was_said(&said, store, key, now, err));
    memset(&none, 0, sizeof(none));
    return said ? sso_store_mark_put(store, key, &none, now + SAID_ALONE, err) : SAML_OK;
}

saml_status_t sso_store_high_water(sso_store_t *store, apr_time_t now, int *now_high, apr_uint64_t *sessions, saml_err_t *err)
{
    apr_uint64_t count = __atomic_load_n(&store->sessions, __ATOMIC_RELAXED);
    int said, high = __atomic_load_n(&store->high, __ATOMIC_RELAXED);
    sso_key_t key;

    *now_high = 0;
    if (count == 0 || store->limit == 0)
        return SAML_OK;
    if (count >= store->limit - store->limit / 100 * (100 - SSO_HIGH_WATER) - store->limit % 100 * (100 - SSO_HIGH_WATER) / 100) {
        if (high == HIGH_SAID)
            return SAML_OK;
        SAML_TRY(sso_key_of(&key, said_text, sizeof(said_text) - 1, err));
        SAML_TRY(say_high(now_high, &said, store, &key, now, err));
        *sessions = count;
        __atomic_store_n(&store->high, said ? HIGH_SAID : HIGH_UNKNOWN, __ATOMIC_RELAXED);
    } else if (high != HIGH_NO && count < store->limit - store->limit / 100 * (100 - SSO_LOW_WATER)) {
        SAML_TRY(sso_key_of(&key, said_text, sizeof(said_text) - 1, err));
        SAML_TRY(take_back(store, &key, now, err));
        __atomic_store_n(&store->high, HIGH_NO, __ATOMIC_RELAXED);
    }
    return SAML_OK;
}

/* ---- users ---------------------------------------------------------------- */

saml_status_t sso_user_label(sso_label_t *out, const char *user, apr_pool_t *p, saml_err_t *err)
{
    static const char kind[] = "user";                  /* with its NUL, as the labels of a logout begin (logout_index.c) */
    apr_size_t i, len = sizeof(kind) + strlen(user) + 1;
    char *text = apr_palloc(p, len);
    sso_key_t digest;

    memcpy(text, kind, sizeof(kind));
    memcpy(text + sizeof(kind), user, len - sizeof(kind));
    for (i = sizeof(kind); i < len; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] - 'A' + 'a');
    }
    SAML_TRY(sso_key_of(&digest, text, len, err));
    memcpy(out->octets, digest.octets, sizeof(out->octets));
    return SAML_OK;
}
