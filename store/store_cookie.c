/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that the browser carries. The record goes out and comes back sealed (carried.c); what a cookie cannot do is kept in
 * a small store of another kind, in a folder of this server unless SAMLSessionStore cookie:redis://... names one that nodes share:
 *     which IDs have been used, and provisioning marks: as they are there;
 *     for each session one octet under its key and its labels, so that sessions can be counted and ended by name;
 *     for each session that was ended before its time, a mark under its key until no copy of its cookie can be live;
 *     for each label by which sessions were ended, a mark with the time: whoever has the label and began by then has ended, wherever
 *     he began.
 *
 * What is lost against a store that has the records. On several nodes with a small store each: a logout, a used ID and a mark are known
 * where they were made. The browser that logs out forgets its cookie everywhere, but a copy of the cookie that somebody kept opens the
 * other nodes until the session's end; a message that nobody asked for (SAMLIdPInitiated) can be used once on each. With a small store
 * that the nodes share, nothing of this. Either way: a copy of the cookie from before a renewal is as good as the cookie until its own
 * idle end, and a logout by name compares the clocks of nodes, which must agree.
 */

#include <string.h>
#include <apr_strings.h>
#include "store.h"

#define SCHEME         "cookie"
#define DEFAULT_SUBDIR "saml-sso-cookie"
#define TIME_BYTES     8

/* What the key of a label's mark ends with: other marks lie under SHA-256 digests, so that none can be its like. */
static const char label_tail[SSO_KEY_BYTES - SSO_LABEL_BYTES] = "ended by label";

/* All that is kept of a record. */
static const char kept[] = "c";

typedef struct {
    sso_store_t *small;
    apr_interval_time_t longest;    /* that a session lasts */
} cookie_store_t;

static saml_status_t cookie_configure(void **ctx, const char **name, const char *arg, const char *default_dir, apr_pool_t *p,
                                      saml_err_t *err)
{
    cookie_store_t *cs = apr_pcalloc(p, sizeof(*cs));
    const char *spec = arg ? arg : apr_pstrcat(p, "lmdb:", default_dir, "/" DEFAULT_SUBDIR, NULL);

    SAML_TRY(sso_store_configure(&cs->small, spec, default_dir, p, err));
    if (sso_store_is_carried(cs->small))
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected a small store of another kind behind it, got %s",
                         saml_quote(err->pool, spec));
    if (sso_store_caveat(cs->small, err->pool))
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected a small store that forgets nothing, or sessions that were "
                         "ended would live again, got %s", saml_quote(err->pool, spec));
    *ctx = cs;
    *name = sso_store_name(cs->small);
    return SAML_OK;
}

static saml_status_t cookie_check(void *ctx, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_check(cs->small, err);
}

static saml_status_t cookie_prepare(void *ctx, const sso_store_owner_t *owner, apr_pool_t *p, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_prepare(cs->small, owner, p, err);
}

static saml_status_t cookie_open(void *ctx, apr_pool_t *p, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_open(cs->small, p, err);
}

static void cookie_lifetime(void *ctx, apr_interval_time_t longest)
{
    cookie_store_t *cs = ctx;

    if (longest > cs->longest)
        cs->longest = longest;
    sso_store_lifetime(cs->small, longest);
}

static saml_status_t cookie_attach(void *ctx, apr_pool_t *p, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_attach(cs->small, p, err);
}

/* Those that began on this server, or with a small store that nodes share on any of them. */
static void cookie_limit(void *ctx, apr_uint64_t sessions)
{
    const cookie_store_t *cs = ctx;

    sso_store_limit(cs->small, sessions);
}

static void cookie_tell(void *ctx, const sso_store_news_t *news)
{
    const cookie_store_t *cs = ctx;

    sso_store_tell(cs->small, news);
}

static saml_status_t cookie_used_since(void *ctx, apr_time_t *since, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_used_since(cs->small, since, err);
}

static const char *cookie_no_each(void *ctx, apr_pool_t *p)
{
    (void)ctx, (void)p;
    return "browsers carry the sessions, so whose they are is not known here; those of a user can be ended all the same, with --end";
}

/* ---- sessions -------------------------------------------------------------- */

static saml_status_t cookie_get(void *ctx, const sso_key_t *key, const void **record, apr_size_t *len, apr_pool_t *p,
                                saml_err_t *err)
{
    (void)ctx, (void)key, (void)record, (void)len, (void)p;
    return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected the record to come with the request, was asked for it");
}

static saml_status_t cookie_replace(void *ctx, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires,
                                    int *found, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    (void)record, (void)len;
    return sso_store_replace(cs->small, key, kept, sizeof(kept), expires, found, err);
}

/* ---- what was ended -------------------------------------------------------- */

static void write_time(sso_key_t *out, apr_time_t t)
{
    apr_uint64_t left = (apr_uint64_t)t;
    int i;

    memset(out, 0, sizeof(*out));
    for (i = TIME_BYTES - 1; i >= 0; i--, left >>= 8)
        out->octets[i] = (unsigned char)left;
}

static apr_time_t read_time(const sso_key_t *in)
{
    apr_uint64_t t = 0;
    int i;

    for (i = 0; i < TIME_BYTES; i++)
        t = t << 8 | in->octets[i];
    return (apr_time_t)t;
}

static sso_key_t key_of_label(const sso_label_t *label)
{
    sso_key_t key;

    memcpy(key.octets, label->octets, sizeof(label->octets));
    memcpy(key.octets + sizeof(label->octets), label_tail, sizeof(label_tail));
    return key;
}

/* What has `key` and began by now has ended. */
static saml_status_t mark_ended(const cookie_store_t *cs, const sso_key_t *key, apr_time_t now, saml_err_t *err)
{
    sso_key_t value;

    write_time(&value, now);
    return sso_store_mark_put(cs->small, key, &value, now + cs->longest, err);
}

static saml_status_t ended_by(const cookie_store_t *cs, const sso_key_t *key, apr_time_t began, apr_time_t now, int *ended,
                              saml_err_t *err)
{
    sso_mark_t mark;
    int found;

    SAML_TRY(sso_store_mark_get(cs->small, key, now, &mark, &found, err));
    *ended = found && began <= read_time(&mark.value);
    return SAML_OK;
}

static saml_status_t cookie_is_ended(void *ctx, const sso_carried_t *session, apr_time_t now, int *ended, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;
    int i, is = 0;

    SAML_TRY(ended_by(cs, &session->key, 0, now, &is, err));
    for (i = 0; i < session->label_count && !is; i++) {
        sso_key_t key = key_of_label(&session->labels[i]);

        SAML_TRY(ended_by(cs, &key, session->created, now, &is, err));
    }
    *ended = is;
    return SAML_OK;
}

/* @param found  whether it had not been ended before */
static saml_status_t end_by_key(const cookie_store_t *cs, const sso_key_t *key, int *found, saml_err_t *err)
{
    apr_time_t now = apr_time_now();
    int before;

    SAML_TRY(ended_by(cs, key, 0, now, &before, err));
    if (!before)
        SAML_TRY(mark_ended(cs, key, now, err));
    *found = !before;
    return SAML_OK;
}

static saml_status_t cookie_remove(void *ctx, const sso_key_t *key, int *found, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;
    int known;

    SAML_TRY(end_by_key(cs, key, found, err));
    return sso_store_remove(cs->small, key, &known, err);
}

/* What the browser has goes on until its mark says otherwise: the marks last. */
static saml_status_t cookie_put(void *ctx, const sso_put_t *put, apr_uint64_t *sessions, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;
    saml_err_t unheard = { .pool = err->pool };
    saml_status_t status = SAML_OK;
    sso_put_t small = *put;
    int i, found;

    small.record = kept;
    small.len = sizeof(kept);
    SAML_TRY(sso_store_put_session(cs->small, &small, err));
    for (i = 0; i < put->instead_count && status == SAML_OK; i++)
        status = end_by_key(cs, &put->instead[i], &found, err);
    *sessions = sso_store_last_count(cs->small);
    if (status != SAML_OK && sso_store_remove(cs->small, put->key, &found, &unheard) != SAML_OK)
        return status;          /* it is counted until it expires */
    return status;
}

/* The marks first: where it stops in the middle, too many have ended and none too few of those that were counted. */
static saml_status_t cookie_remove_labelled(void *ctx, const sso_label_t *labels, int label_count, int *removed, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;
    apr_time_t now = apr_time_now();
    int i;

    for (i = 0; i < label_count; i++) {
        sso_key_t key = key_of_label(&labels[i]);

        SAML_TRY(mark_ended(cs, &key, now, err));
    }
    return sso_store_remove_labelled(cs->small, labels, label_count, removed, err);
}

/* ---- as the small store does it -------------------------------------------- */

static saml_status_t cookie_use_once(void *ctx, const sso_key_t *key, apr_time_t until, apr_time_t now, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_use_once(cs->small, key, until, now, err);
}

static saml_status_t cookie_mark_get(void *ctx, const sso_key_t *key, apr_time_t now, sso_mark_t *out, int *found, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_mark_get(cs->small, key, now, out, found, err);
}

static saml_status_t cookie_mark_put(void *ctx, const sso_key_t *key, const sso_key_t *value, apr_time_t expires, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_mark_put(cs->small, key, value, expires, err);
}

static saml_status_t cookie_sweep(void *ctx, apr_time_t now, int at_most, int *swept, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_sweep(cs->small, now, at_most, swept, err);
}

static saml_status_t cookie_stat(void *ctx, sso_store_stat_t *out, saml_err_t *err)
{
    const cookie_store_t *cs = ctx;

    return sso_store_stat(cs->small, out, err);
}

const sso_store_provider_t sso_store_cookie = {
    .scheme = SCHEME, .configure = cookie_configure, .check = cookie_check, .prepare = cookie_prepare, .open = cookie_open,
    .get = cookie_get, .put = cookie_put, .replace = cookie_replace, .remove = cookie_remove,
    .remove_labelled = cookie_remove_labelled, .use_once = cookie_use_once, .mark_get = cookie_mark_get,
    .mark_put = cookie_mark_put, .sweep = cookie_sweep, .stat = cookie_stat, .is_ended = cookie_is_ended,
    .lifetime = cookie_lifetime, .limit = cookie_limit, .no_each = cookie_no_each,
    .attach = cookie_attach, .used_since = cookie_used_since, .tell = cookie_tell
};
