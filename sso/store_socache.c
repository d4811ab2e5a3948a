/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions in a cache of httpd's own: SAMLSessionStore socache:PROVIDER[:ARGUMENT], by whatever mod_socache_* is loaded.
 *
 * Such a cache can store, look up and remove, and no more. All that needs to look before it writes is done under one global mutex,
 * which outlives a graceful restart; so it is atomic over the processes of this server, of both generations, and not over nodes. A
 * provider that is not safe by itself (AP_SOCACHE_FLAG_NOTMPSAFE) is asked under the mutex, always.
 *
 * Objects, by key and kind: a session; a used ID; a mark; the list of the sessions that have a label. What is larger than the
 * provider takes (dbm: under 950 octets with its key) is cut into parts that bear one number; parts of two writings never make one object,
 * and where one has been dropped there is none. The kind stands behind the key, as shmcb spreads by the first octet.
 *
 * "Not found" is what the clients of memcached and Redis answer for a server that is down. So where nothing is found there, something is
 * stored: if that fails, the answer is that it cannot be told. What is removed is overwritten by an empty object, as that too says
 * whether it was done.
 *
 * Where a provider may drop objects, a session counts only while it stands in the list of each of its labels: what a logout could not
 * find has ended.
 *
 * A used ID that was dropped would let a response in again. So where a provider may drop objects, used IDs are kept in a folder of this
 * server, too, and first; and in the cache where other nodes share it.
 *
 * What a provider may lose is in `known`, and said at start-up.
 */

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <ap_provider.h>
#include <util_mutex.h>

#include <apr_strings.h>

#include "socache_object.h"
#include "store_socache.h"

#define SCHEME       "socache"
#define CACHE_NAME   "saml-sso"         /* the same on every node: it begins the keys in memcached and Redis */
#define MUTEX_TYPE   "saml-sso"
#define RETAINED     "saml-sso-socache-mutex"

#define ENTRY_BYTES  (SSO_KEY_BYTES + 8)
#define MAX_LIST_BYTES (64 * 1024)

static const sso_socache_known_t known[] = {
    { "shmcb", 4000, 0, 0, "shmcb, which drops the oldest sessions when it is full, and all of them at every restart, graceful ones too" },
    { "dbm", 850, 0, 1, NULL },
    { "memcache", 16000, 1, 0, "memcache, which drops sessions when memcached is full or restarts, and between several nodes used IDs, too" },
    { "redis", 16000, 1, 0, "socache's redis, which drops sessions where Redis has an eviction policy, and between several nodes used IDs, too" },
    { NULL, 850, 1, 0, "a provider of which nothing is known: it may drop sessions" }
};

/* ---- configure and prepare ---------------------------------------------- */

static const sso_socache_known_t *known_of(const char *name)
{
    const sso_socache_known_t *k = known;

    while (k->name && strcmp(k->name, name) != 0)
        k++;
    return k;
}

static const char *loaded_providers(apr_pool_t *p)
{
    apr_array_header_t *names = ap_list_provider_names(p, AP_SOCACHE_PROVIDER_GROUP, AP_SOCACHE_PROVIDER_VERSION);
    const char *text = "";
    int i;

    for (i = 0; i < names->nelts; i++)
        text = apr_pstrcat(p, text, i ? ", " : "", APR_ARRAY_IDX(names, i, ap_list_provider_names_t).provider_name, NULL);
    return *text ? text : "none";
}

/* A client of several servers goes to the next where one is down, and back: what was ended or used meanwhile would be as before. */
static saml_status_t check_servers(const sso_socache_known_t *k, const char *arg, saml_err_t *err)
{
    if (k->is_remote && arg && strchr(arg, ','))
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected one server, got several in %s; what was ended on one "
                         "would live on another", saml_quote(err->pool, arg));
    return SAML_OK;
}

/* A folder for each cache: no two stores of a process may open the same files. */
static saml_status_t configure_used(sso_socache_t *sc, const char *arg, const char *default_dir, apr_pool_t *p, saml_err_t *err)
{
    const char *spec;
    sso_key_t digest;

    if (!sc->known->caveat)
        return SAML_OK;
    SAML_TRY(sso_key_of(&digest, arg, strlen(arg), err));
    spec = apr_psprintf(p, "lmdb:%s/saml-sso-used-%08x", default_dir, (unsigned)sso_socache_number_read(digest.octets, 4));
    return sso_store_configure(&sc->used, spec, default_dir, p, err);
}

static saml_status_t socache_configure(void **ctx, const char **name, const char *arg, const char *default_dir, apr_pool_t *p,
                                       saml_err_t *err)
{
    sso_socache_t *sc = apr_pcalloc(p, sizeof(*sc));
    const char *colon = arg ? strchr(arg, ':') : NULL, *rest = colon ? colon + 1 : NULL, *wrong;
    const char *provider = colon ? apr_pstrmemdup(p, arg, (apr_size_t)(colon - arg)) : arg;

    sc->provider = provider ? ap_lookup_provider(AP_SOCACHE_PROVIDER_GROUP, provider, AP_SOCACHE_PROVIDER_VERSION) : NULL;
    if (!sc->provider)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected the name of a provider that is loaded (%s; each is a "
                         "module mod_socache_NAME), got %s", loaded_providers(err->pool), saml_quote(err->pool, provider));
    sc->known = known_of(sc->provider->name);
    SAML_TRY(check_servers(sc->known, rest, err));
    wrong = sc->provider->create(&sc->instance, rest, err->pool, p);
    if (wrong)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": %s does not take %s: %s", provider, saml_quote(err->pool, rest),
                         wrong);
    SAML_TRY(configure_used(sc, arg, default_dir, p, err));
    *ctx = sc;
    *name = arg;
    return SAML_OK;
}

static saml_status_t socache_check(void *ctx, saml_err_t *err)
{
    const sso_socache_t *sc = ctx;

    return sc->used ? sso_store_check(sc->used, err) : SAML_OK;     /* a provider says only in init what is wrong */
}

int sso_socache_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog, (void)ptemp;
    return ap_mutex_register(pconf, MUTEX_TYPE, NULL, APR_LOCK_DEFAULT, 0) == APR_SUCCESS ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

/* One for all generations of this httpd: those that serve until they have finished look before they write, too. */
static saml_status_t make_mutex(sso_socache_t *sc, saml_err_t *err)
{
    apr_pool_t *process = ap_server_conf->process->pool;
    apr_global_mutex_t **kept = NULL;
    apr_status_t rv;

    if (apr_pool_userdata_get((void **)&kept, RETAINED, process) != APR_SUCCESS || !kept) {
        kept = apr_pcalloc(process, sizeof(*kept));
        rv = ap_global_mutex_create(kept, NULL, MUTEX_TYPE, NULL, ap_server_conf, process, 0);
        if (rv != APR_SUCCESS)
            return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": no mutex \"" MUTEX_TYPE "\" to be had (%s); mend: see the "
                             "directive Mutex", apr_strerror(rv, apr_palloc(err->pool, 128), 128));
        apr_pool_userdata_setn(kept, RETAINED, NULL, process);
    }
    sc->mutex = *kept;
    return SAML_OK;
}

static apr_status_t destroy(void *data)
{
    const sso_socache_t *sc = data;

    sc->provider->destroy(sc->instance, ap_server_conf);
    return APR_SUCCESS;
}

static saml_status_t socache_prepare(void *ctx, const sso_store_owner_t *owner, apr_pool_t *p, saml_err_t *err)
{
    static const struct ap_socache_hints hints = { SSO_SOCACHE_ID_BYTES, 2048, APR_TIME_C(60000000) };
    sso_socache_t *sc = ctx;
    apr_status_t rv;

    SAML_TRY(make_mutex(sc, err));
    if (sc->used)
        SAML_TRY(sso_store_prepare(sc->used, owner, p, err));
    rv = sc->provider->init(sc->instance, CACHE_NAME, &hints, ap_server_conf, p);
    if (rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": %s cannot be set up (%s)", sc->provider->name,
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    if (!sc->known->outlives_us)
        apr_pool_cleanup_register(p, sc, destroy, apr_pool_cleanup_null);
    return SAML_OK;
}

static saml_status_t socache_open(void *ctx, apr_pool_t *p, saml_err_t *err)
{
    sso_socache_t *sc = ctx;
    apr_status_t rv = apr_global_mutex_child_init(&sc->mutex, apr_global_mutex_lockfile(sc->mutex), p);

    if (rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": mutex \"" MUTEX_TYPE "\" cannot be opened (%s)",
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    return sc->used ? sso_store_open(sc->used, p, err) : SAML_OK;
}

static void socache_lifetime(void *ctx, apr_interval_time_t longest)
{
    sso_socache_t *sc = ctx;

    if (longest > sc->longest)
        sc->longest = longest;
}

static const char *socache_caveat(void *ctx, apr_pool_t *p)
{
    const sso_socache_t *sc = ctx;

    if (!sc->known->caveat)
        return NULL;
    return apr_pstrcat(p, "expected a store that keeps what it is given, found ", sc->known->caveat,
                       "; mend: lmdb on one server, redis:// on several", NULL);
}

/* ---- under the mutex ------------------------------------------------------- */

/** What a step works on; `answer` is what it found out. */
typedef struct {
    const sso_key_t *key;
    sso_socache_kind_t kind;
    const void *record;
    apr_size_t len;
    apr_time_t expires;
    apr_time_t now;
    const sso_label_t *labels;
    int label_count;
    sso_socache_object_t got;
    int answer;
} step_t;

typedef saml_status_t step_fn(sso_socache_t *sc, step_t *step, apr_pool_t *p, saml_err_t *err);

static saml_status_t locked(sso_socache_t *sc, step_fn *run, step_t *step, apr_pool_t *p, saml_err_t *err)
{
    apr_status_t rv = sc->mutex ? apr_global_mutex_lock(sc->mutex) : APR_EINIT;
    saml_status_t status;

    if (rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": mutex \"" MUTEX_TYPE "\" cannot be taken (%s)",
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    status = run(sc, step, p, err);
    rv = apr_global_mutex_unlock(sc->mutex);
    if (status == SAML_OK && rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": mutex \"" MUTEX_TYPE "\" cannot be given back (%s)",
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    return status;
}

static saml_status_t step_read(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    return sso_socache_read(&s->got, sc, s->key, s->kind, p, err);
}

/* A look-up: without the mutex where the provider is safe by itself, unless something is written just then. */
static saml_status_t look(sso_socache_t *sc, step_fn *run, step_t *step, apr_pool_t *p, saml_err_t *err)
{
    if (sc->provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE)
        return locked(sc, run, step, p, err);
    SAML_TRY(run(sc, step, p, err));
    return step->got.is_torn ? locked(sc, run, step, p, err) : SAML_OK;
}

/* ---- labels ---------------------------------------------------------------- */

static sso_key_t key_of_label(const sso_label_t *label)
{
    sso_key_t key;

    memset(&key, 0, sizeof(key));
    memcpy(key.octets, label->octets, sizeof(label->octets));
    return key;
}

/* The list of one label, with this session, and without those that have ended. */
static saml_status_t add_to_label(sso_socache_t *sc, const sso_label_t *label, const sso_key_t *session, apr_time_t expires, apr_pool_t *p,
                                  saml_err_t *err)
{
    sso_key_t key = key_of_label(label);
    apr_time_t now = apr_time_now();
    unsigned char *list;
    apr_size_t at, len = 0;
    sso_socache_object_t old;

    SAML_TRY(sso_socache_read(&old, sc, &key, SSO_SOCACHE_LABEL, p, err));
    list = apr_palloc(p, old.len + ENTRY_BYTES);
    for (at = 0; at + ENTRY_BYTES <= old.len; at += ENTRY_BYTES) {
        if ((apr_time_t)sso_socache_number_read(old.octets + at + SSO_KEY_BYTES, 8) <= now)
            continue;
        memcpy(list + len, old.octets + at, ENTRY_BYTES);
        len += ENTRY_BYTES;
    }
    if (len + ENTRY_BYTES > MAX_LIST_BYTES)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected at most %d sessions of one name, got one more",
                         MAX_LIST_BYTES / ENTRY_BYTES);
    memcpy(list + len, session->octets, SSO_KEY_BYTES);
    sso_socache_number_write(list + len + SSO_KEY_BYTES, (apr_uint64_t)expires, 8);
    return sso_socache_write(sc, &key, SSO_SOCACHE_LABEL, list, len + ENTRY_BYTES, expires, p, err);
}

static saml_status_t is_listed(int *listed, int *is_torn, sso_socache_t *sc, const sso_label_t *label, const sso_key_t *session,
                               apr_pool_t *p, saml_err_t *err)
{
    sso_key_t key = key_of_label(label);
    apr_size_t at;
    sso_socache_object_t list;

    SAML_TRY(sso_socache_read(&list, sc, &key, SSO_SOCACHE_LABEL, p, err));
    *is_torn |= list.is_torn;
    *listed = 0;
    for (at = 0; at + ENTRY_BYTES <= list.len && !*listed; at += ENTRY_BYTES)
        *listed = memcmp(list.octets + at, session->octets, SSO_KEY_BYTES) == 0;
    return SAML_OK;
}

static saml_status_t end_one(int *ended, sso_socache_t *sc, const sso_key_t *key, apr_pool_t *p, saml_err_t *err)
{
    sso_socache_object_t old;

    SAML_TRY(sso_socache_read(&old, sc, key, SSO_SOCACHE_SESSION, p, err));
    if (old.len > 0 || old.is_torn)
        SAML_TRY(sso_socache_write(sc, key, SSO_SOCACHE_SESSION, NULL, 0, old.expires, p, err));
    *ended += old.len > 0;
    return SAML_OK;
}

static saml_status_t end_labelled(int *ended, sso_socache_t *sc, const sso_label_t *label, apr_pool_t *p, saml_err_t *err)
{
    sso_key_t key = key_of_label(label), session;
    apr_size_t at;
    sso_socache_object_t list;

    SAML_TRY(sso_socache_read(&list, sc, &key, SSO_SOCACHE_LABEL, p, err));
    for (at = 0; at + ENTRY_BYTES <= list.len; at += ENTRY_BYTES) {
        memcpy(session.octets, list.octets + at, SSO_KEY_BYTES);
        SAML_TRY(end_one(ended, sc, &session, p, err));
    }
    return list.len > 0 ? sso_socache_write(sc, &key, SSO_SOCACHE_LABEL, NULL, 0, list.expires, p, err) : SAML_OK;
}

/* ---- what every store does ------------------------------------------------- */

/*
 * A session's octets: number of labels (1), labels (16 each), record. Where the list of a label has been dropped, `got` becomes none.
 * @param labels  set where there is a session: how many octets stand before the record
 */
static saml_status_t read_session(sso_socache_object_t *out, apr_size_t *labels, sso_socache_t *sc, const sso_key_t *key, apr_pool_t *p, saml_err_t *err)
{
    sso_label_t label;
    int i;

    SAML_TRY(sso_socache_read(out, sc, key, SSO_SOCACHE_SESSION, p, err));
    *labels = out->len > 0 ? 1 + (apr_size_t)out->octets[0] * SSO_LABEL_BYTES : 0;
    if (*labels >= out->len)
        out->len = 0;
    for (i = 0; out->len > 0 && sc->known->caveat && i < out->octets[0]; i++) {
        int listed;

        memcpy(label.octets, out->octets + 1 + (apr_size_t)i * SSO_LABEL_BYTES, SSO_LABEL_BYTES);
        SAML_TRY(is_listed(&listed, &out->is_torn, sc, &label, key, p, err));
        if (!listed)
            out->len = 0;
    }
    return SAML_OK;
}

static saml_status_t step_get(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    return read_session(&s->got, &s->len, sc, s->key, p, err);
}

static saml_status_t socache_get(void *ctx, const sso_key_t *key, const void **record, apr_size_t *len, apr_pool_t *p, saml_err_t *err)
{
    step_t step = { .key = key };

    SAML_TRY(look(ctx, step_get, &step, p, err));
    *record = step.got.len > 0 ? step.got.octets + step.len : NULL;
    *len = step.got.len > 0 ? step.got.len - step.len : 0;
    return SAML_OK;
}

/* @param labels  as they stand before the record */
static saml_status_t write_session(sso_socache_t *sc, const step_t *s, const unsigned char *labels, apr_size_t labels_len, apr_pool_t *p,
                                   saml_err_t *err)
{
    unsigned char *octets = apr_palloc(p, labels_len + s->len);

    memcpy(octets, labels, labels_len);
    memcpy(octets + labels_len, s->record, s->len);
    return sso_socache_write(sc, s->key, SSO_SOCACHE_SESSION, octets, labels_len + s->len, s->expires, p, err);
}

static saml_status_t step_put(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    /* A renewal moves the session's end and not those of the labels: they last as long as any session may. */
    apr_time_t end = apr_time_now() + sc->longest;
    unsigned char labels[1 + SSO_MAX_LABELS * SSO_LABEL_BYTES] = { (unsigned char)s->label_count };
    int i;

    for (i = 0; i < s->label_count; i++) {
        SAML_TRY(add_to_label(sc, &s->labels[i], s->key, end > s->expires ? end : s->expires, p, err));
        memcpy(labels + 1 + (apr_size_t)i * SSO_LABEL_BYTES, s->labels[i].octets, SSO_LABEL_BYTES);
    }
    return write_session(sc, s, labels, 1 + (apr_size_t)s->label_count * SSO_LABEL_BYTES, p, err);
}

static saml_status_t socache_put(void *ctx, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires,
                                 const sso_label_t *labels, int label_count, apr_uint64_t *sessions, saml_err_t *err)
{
    step_t step = { .key = key, .record = record, .len = len, .expires = expires, .labels = labels, .label_count = label_count };

    *sessions = 0;
    return locked(ctx, step_put, &step, err->pool, err);
}

static saml_status_t step_replace(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    apr_size_t labels;
    sso_socache_object_t old;

    SAML_TRY(read_session(&old, &labels, sc, s->key, p, err));
    s->answer = old.len > 0;
    return s->answer ? write_session(sc, s, old.octets, labels, p, err) : SAML_OK;
}

static saml_status_t socache_replace(void *ctx, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires, int *found,
                                     saml_err_t *err)
{
    step_t step = { .key = key, .record = record, .len = len, .expires = expires };

    SAML_TRY(locked(ctx, step_replace, &step, err->pool, err));
    *found = step.answer;
    return SAML_OK;
}

static saml_status_t step_remove(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    return end_one(&s->answer, sc, s->key, p, err);
}

static saml_status_t socache_remove(void *ctx, const sso_key_t *key, int *found, saml_err_t *err)
{
    step_t step = { .key = key };

    SAML_TRY(locked(ctx, step_remove, &step, err->pool, err));
    *found = step.answer;
    return SAML_OK;
}

static saml_status_t step_remove_labelled(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    int i;

    for (i = 0; i < s->label_count; i++)
        SAML_TRY(end_labelled(&s->answer, sc, &s->labels[i], p, err));
    return SAML_OK;
}

static saml_status_t socache_remove_labelled(void *ctx, const sso_label_t *labels, int label_count, int *removed, saml_err_t *err)
{
    step_t step = { .labels = labels, .label_count = label_count };

    SAML_TRY(locked(ctx, step_remove_labelled, &step, err->pool, err));
    *removed = step.answer;
    return SAML_OK;
}

static saml_status_t step_use(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    unsigned char used = SSO_SOCACHE_VERSION;
    sso_socache_object_t old;

    SAML_TRY(sso_socache_read(&old, sc, s->key, SSO_SOCACHE_USED, p, err));
    s->answer = old.len > 0 && old.expires > s->now;
    return s->answer ? SAML_OK : sso_socache_write(sc, s->key, SSO_SOCACHE_USED, &used, sizeof(used), s->expires, p, err);
}

static saml_status_t socache_use_once(void *ctx, const sso_key_t *key, apr_time_t until, apr_time_t now, saml_err_t *err)
{
    step_t step = { .key = key, .expires = until, .now = now };
    const sso_socache_t *sc = ctx;

    if (sc->used)
        SAML_TRY(sso_store_use_once(sc->used, key, until, now, err));
    if (sc->used && !sc->known->is_remote)
        return SAML_OK;
    SAML_TRY(locked(ctx, step_use, &step, err->pool, err));
    if (step.answer)
        return saml_fail(err, SAML_E_REPLAY, "ID: expected one that was not used before, got one that was");
    return SAML_OK;
}

static saml_status_t socache_mark_get(void *ctx, const sso_key_t *key, apr_time_t now, sso_mark_t *out, int *found, saml_err_t *err)
{
    step_t step = { .key = key, .kind = SSO_SOCACHE_MARK };

    SAML_TRY(look(ctx, step_read, &step, err->pool, err));
    *found = step.got.len == sizeof(out->value.octets) && step.got.expires > now;
    if (*found) {
        memcpy(out->value.octets, step.got.octets, sizeof(out->value.octets));
        out->expires = step.got.expires;
    }
    return SAML_OK;
}

static saml_status_t step_mark(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    return sso_socache_write(sc, s->key, SSO_SOCACHE_MARK, s->record, s->len, s->expires, p, err);
}

static saml_status_t socache_mark_put(void *ctx, const sso_key_t *key, const sso_key_t *value, apr_time_t expires, saml_err_t *err)
{
    step_t step = { .key = key, .record = value->octets, .len = sizeof(value->octets), .expires = expires };

    return locked(ctx, step_mark, &step, err->pool, err);
}

/* Providers clear by themselves what has ended. */
static saml_status_t socache_sweep(void *ctx, apr_time_t now, int at_most, int *swept, saml_err_t *err)
{
    const sso_socache_t *sc = ctx;

    *swept = 0;
    return sc->used ? sso_store_sweep(sc->used, now, at_most, swept, err) : SAML_OK;
}

/* ---- statistics ------------------------------------------------------------ */

static apr_status_t count_one(ap_socache_instance_t *instance, server_rec *s, void *data, const unsigned char *id, unsigned int idlen,
                              const unsigned char *value, unsigned int len, apr_pool_t *p)
{
    sso_store_stat_t *out = data;

    (void)instance, (void)s, (void)p;
    if (idlen != SSO_SOCACHE_ID_BYTES || id[SSO_KEY_BYTES + 1] != 0 || len < SSO_SOCACHE_HEAD_BYTES || sso_socache_number_read(value + SSO_SOCACHE_NUMBER_BYTES + 2, 4) == 0)
        return APR_SUCCESS;
    out->sessions += id[SSO_KEY_BYTES] == SSO_SOCACHE_SESSION;
    out->used_ids += id[SSO_KEY_BYTES] == SSO_SOCACHE_USED;
    out->marks += id[SSO_KEY_BYTES] == SSO_SOCACHE_MARK;
    return APR_SUCCESS;
}

static saml_status_t step_count(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    sso_store_stat_t *out = (sso_store_stat_t *)(apr_uintptr_t)s->record;
    apr_status_t rv = sc->provider->iterate ? sc->provider->iterate(sc->instance, ap_server_conf, out, count_one, p) : APR_ENOTIMPL;

    if (rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": %s cannot count (%s)", sc->provider->name,
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    return SAML_OK;
}

static saml_status_t socache_stat(void *ctx, sso_store_stat_t *out, saml_err_t *err)
{
    sso_store_stat_t got = { .sessions = 0 };
    step_t step = { .record = &got };

    const sso_socache_t *sc = ctx;
    sso_store_stat_t used;

    SAML_TRY(locked(ctx, step_count, &step, err->pool, err));
    if (sc->used) {
        SAML_TRY(sso_store_stat(sc->used, &used, err));
        got.used_ids = used.used_ids;
    }
    *out = got;
    return SAML_OK;
}

static const char *socache_no_each(void *ctx, apr_pool_t *p)
{
    (void)ctx, (void)p;
    return "caches of httpd's keep no list of what they hold";
}

const sso_store_provider_t sso_store_socache = {
    .scheme = SCHEME, .configure = socache_configure, .check = socache_check, .prepare = socache_prepare,
    .open = socache_open, .get = socache_get, .put = socache_put, .replace = socache_replace, .remove = socache_remove,
    .remove_labelled = socache_remove_labelled, .use_once = socache_use_once, .mark_get = socache_mark_get,
    .mark_put = socache_mark_put, .sweep = socache_sweep, .stat = socache_stat, .lifetime = socache_lifetime,
    .caveat = socache_caveat, .no_each = socache_no_each
};
