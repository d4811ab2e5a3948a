/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions in a cache of httpd's own: SAMLSessionStore socache:PROVIDER[:ARGUMENT], by whatever mod_socache_* is loaded.
 *
 * Such a cache can store, look up and remove, and no more. All that needs to look before it writes is done under one global mutex,
 * which outlives a graceful restart; so it is atomic over the processes of this server, of both generations, and not over nodes. A
 * provider that is not safe by itself (AP_SOCACHE_FLAG_NOTMPSAFE) is asked under the mutex, always.
 *
 * What is larger than the provider takes (dbm: under 950 octets with its key) is cut into parts that bear one number; parts of two
 * writings never make one object, and where one has been dropped there is none (socache_object.c).
 *
 * A cache may drop what it was given. So what must not be lost is in LMDB files in a folder of this server: used IDs, first of all, as one
 * that was forgotten would let a response in again; and an index of the sessions, by which they are counted, and, where no
 * other node shares the cache, found by name and known to have ended (socache_private.c). In a cache that nodes share, records, labels and
 * used IDs are in the cache, too (socache_shared.c).
 *
 * "Not found" is what the clients of memcached and Redis answer for a server that is down. So where nothing is found there, something is
 * stored: if that fails, the answer is that it cannot be told.
 *
 * shmcb would lose everything at each reload, as its memory goes with the configuration. So it is made once for the process and
 * handed from one generation to the next. What a provider may lose all the same is in `known`, and said at start-up.
 */

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <ap_provider.h>
#include <util_mutex.h>

#include <apr_strings.h>

#include "socache_private.h"
#include "socache_shared.h"
#include "store_socache.h"

#define SCHEME       "socache"
#define CACHE_NAME   "saml-sso"         /* the same on every node: it begins the keys in memcached and Redis */
#define MUTEX_TYPE   SSO_SOCACHE_MUTEX
#define RETAINED     "saml-sso-socache-mutex"
#define INSTANCE     "saml-sso-socache "
#define WARN_AGAIN   apr_time_from_sec(60)

#define SHMCB_BYTES  (512 * 1024)       /* where nothing else is said */
#define SHMCB_SHARE  3                  /* socache_private.c: of so many parts of it, one is used */
#define SHMCB_LEAST  5
#define SHMCB_FEW    1000               /* which one person can sign on as often within a lifetime, by a script at the latest */

static const sso_socache_known_t known[] = {
    { "shmcb", 4000, 0, 1, 1, "shmcb, whose sessions end when httpd is stopped" },
    { "dbm", 850, 0, 0, 1, NULL },
    { "memcache", 16000, 1, 0, 0, "memcache, which drops sessions when memcached is full or restarts; between several nodes a response may be used twice then" },
    { "redis", 16000, 1, 0, 0, "socache's redis, which drops sessions where Redis has an eviction policy; between several nodes a response may be used twice then" },
    { NULL, 850, 1, 0, 0, "a provider of which nothing is known: it may drop sessions" }
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

/*
 * Folders for each cache: no two stores of a process may open the same files. Where the cache begins empty at each start, its index does,
 * too, and used IDs must not.
 */
static saml_status_t configure_aside(sso_socache_t *sc, const char *default_dir, apr_pool_t *p, saml_err_t *err)
{
    unsigned number;
    sso_key_t digest;

    SAML_TRY(sso_key_of(&digest, sc->arg, strlen(sc->arg), err));
    number = (unsigned)sso_socache_number_read(digest.octets, 4);
    SAML_TRY(sso_store_configure(&sc->used, apr_psprintf(p, "lmdb:%s/saml-sso-used-%08x", default_dir, number), default_dir, p, err));
    sc->index = sc->used;
    if (!sc->known->is_ring)
        return SAML_OK;
    sc->index_dir = apr_psprintf(p, "%s/saml-sso-index-%08x", default_dir, number);
    return sso_store_configure(&sc->index, apr_pstrcat(p, "lmdb:", sc->index_dir, NULL), default_dir, p, err);
}

/* shmcb's argument, which it took: "/path(size)" or "/path". */
static saml_status_t count_slots(sso_socache_t *sc, saml_err_t *err)
{
    const char *size = sc->rest ? strrchr(sc->rest, '(') : NULL;
    apr_int64_t bytes = size ? apr_atoi64(size + 1) : SHMCB_BYTES;

    sc->slots = bytes > 0 ? (apr_uint64_t)bytes / SSO_SOCACHE_SLOT_BYTES / SHMCB_SHARE : 0;
    if (sc->slots < SHMCB_LEAST)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected room for %d sessions in shmcb, got %" APR_UINT64_T_FMT
                         " of %" APR_INT64_T_FMT " octets, of which each takes %d", SHMCB_LEAST, sc->slots, bytes,
                         SHMCB_SHARE * SSO_SOCACHE_SLOT_BYTES);
    return SAML_OK;
}

static saml_status_t socache_configure(void **ctx, const char **name, const char *arg, const char *default_dir, apr_pool_t *p,
                                       saml_err_t *err)
{
    sso_socache_t *sc = apr_pcalloc(p, sizeof(*sc));
    const char *colon = arg ? strchr(arg, ':') : NULL, *wrong;
    const char *provider = colon ? apr_pstrmemdup(p, arg, (apr_size_t)(colon - arg)) : arg;

    sc->provider = provider ? ap_lookup_provider(AP_SOCACHE_PROVIDER_GROUP, provider, AP_SOCACHE_PROVIDER_VERSION) : NULL;
    if (!sc->provider)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected the name of a provider that is loaded (%s; each is a "
                         "module mod_socache_NAME), got %s", loaded_providers(err->pool), saml_quote(err->pool, provider));
    sc->known = known_of(sc->provider->name);
    sc->arg = arg;
    sc->rest = colon ? colon + 1 : NULL;
    SAML_TRY(check_servers(sc->known, sc->rest, err));
    wrong = sc->provider->create(&sc->instance, sc->rest, err->pool, p);
    if (wrong)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": %s does not take %s: %s", provider, saml_quote(err->pool, sc->rest),
                         wrong);
    if (sc->known->is_ring)
        SAML_TRY(count_slots(sc, err));
    SAML_TRY(configure_aside(sc, default_dir, p, err));
    *ctx = sc;
    *name = arg;
    return SAML_OK;
}

/* A provider says only in init what is wrong. */
static saml_status_t socache_check(void *ctx, saml_err_t *err)
{
    const sso_socache_t *sc = ctx;

    if (sc->index != sc->used)
        SAML_TRY(sso_store_check(sc->index, err));
    return sso_store_check(sc->used, err);
}

int sso_socache_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog, (void)ptemp;
    return ap_mutex_register(pconf, MUTEX_TYPE, NULL, APR_LOCK_DEFAULT, 0) == APR_SUCCESS ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

typedef struct {
    apr_global_mutex_t *mutex;
} kept_mutex_t;

/* One for all generations of this httpd: those that serve until they have finished look before they write, too. */
static saml_status_t make_mutex(sso_socache_t *sc, saml_err_t *err)
{
    apr_pool_t *process = ap_server_conf->process->pool;
    kept_mutex_t *kept = NULL;
    apr_status_t rv;

    if (apr_pool_userdata_get((void **)&kept, RETAINED, process) != APR_SUCCESS || !kept) {
        kept = apr_pcalloc(process, sizeof(*kept));
        rv = ap_global_mutex_create(&kept->mutex, NULL, MUTEX_TYPE, NULL, ap_server_conf, process, 0);
        if (rv != APR_SUCCESS)
            return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": no mutex \"" MUTEX_TYPE "\" to be had (%s); mend: see the "
                             "directive Mutex", apr_strerror(rv, apr_palloc(err->pool, 128), 128));
        /* Its name copied: this module is loaded anew at each reload, perhaps elsewhere. */
        apr_pool_userdata_set(kept, RETAINED, NULL, process);
    }
    sc->mutex = kept->mutex;
    return SAML_OK;
}

static apr_status_t destroy(void *data)
{
    const sso_socache_t *sc = data;

    sc->provider->destroy(sc->instance, ap_server_conf);
    return APR_SUCCESS;
}

static saml_status_t init_instance(const sso_socache_t *sc, apr_pool_t *p, saml_err_t *err)
{
    static const struct ap_socache_hints hints = { SSO_SOCACHE_ID_BYTES, SSO_SOCACHE_AVERAGE_BYTES, APR_TIME_C(60000000) };
    apr_status_t rv = sc->provider->init(sc->instance, CACHE_NAME, &hints, ap_server_conf, p);

    if (rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": %s cannot be set up (%s)", sc->provider->name,
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    return SAML_OK;
}

/* The index of a cache that begins empty. Nobody has these files open: they are of a process that has gone. */
static void clear_index(const sso_socache_t *sc, apr_pool_t *p)
{
    apr_file_remove(apr_pstrcat(p, sc->index_dir, "/data.mdb", NULL), p);
    apr_file_remove(apr_pstrcat(p, sc->index_dir, "/lock.mdb", NULL), p);
}

/*
 * One for all generations of this httpd. Its pool is never destroyed: in it the provider may register cleanups, and at the end of the
 * process, when they would run, the provider's module has been unloaded. The memory ends with the process.
 */
static saml_status_t keep_instance(sso_socache_t *sc, saml_err_t *err)
{
    apr_pool_t *process = ap_server_conf->process->pool;
    const char *name = apr_pstrcat(err->pool, INSTANCE, sc->arg, NULL), *wrong;
    apr_pool_t *forever;
    void *kept = NULL;

    if (apr_pool_userdata_get(&kept, name, process) == APR_SUCCESS && kept) {
        sc->instance = kept;
        return SAML_OK;
    }
    if (apr_pool_create_unmanaged_ex(&forever, NULL, NULL) != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": no memory");
    apr_pool_tag(forever, "saml_sso_socache");
    wrong = sc->provider->create(&sc->instance, sc->rest, err->pool, forever);
    if (wrong)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": %s does not take %s: %s", sc->provider->name,
                         saml_quote(err->pool, sc->rest), wrong);
    SAML_TRY(init_instance(sc, forever, err));
    apr_pool_userdata_set(sc->instance, name, NULL, process);
    clear_index(sc, err->pool);
    return SAML_OK;
}

static saml_status_t socache_prepare(void *ctx, const sso_store_owner_t *owner, apr_pool_t *p, saml_err_t *err)
{
    sso_socache_t *sc = ctx;

    SAML_TRY(make_mutex(sc, err));
    if (sc->known->is_ring)
        SAML_TRY(keep_instance(sc, err));
    else
        SAML_TRY(init_instance(sc, p, err));
    if (!sc->known->outlives_us)
        apr_pool_cleanup_register(p, sc, destroy, apr_pool_cleanup_null);
    if (sc->index != sc->used)
        SAML_TRY(sso_store_prepare(sc->index, owner, p, err));
    return sso_store_prepare(sc->used, owner, p, err);
}

static saml_status_t socache_open(void *ctx, apr_pool_t *p, saml_err_t *err)
{
    sso_socache_t *sc = ctx;
    apr_status_t rv = apr_global_mutex_child_init(&sc->mutex, apr_global_mutex_lockfile(sc->mutex), p);

    if (rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": mutex \"" MUTEX_TYPE "\" cannot be opened (%s)",
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    if (sc->index != sc->used)
        SAML_TRY(sso_store_open(sc->index, p, err));
    return sso_store_open(sc->used, p, err);
}

static void socache_lifetime(void *ctx, apr_interval_time_t longest)
{
    sso_socache_t *sc = ctx;

    if (longest > sc->longest)
        sc->longest = longest;
}

/* Those that began on this server. */
static void socache_limit(void *ctx, apr_uint64_t sessions)
{
    const sso_socache_t *sc = ctx;

    sso_store_limit(sc->index, sessions);
}

static void socache_tell(void *ctx, const sso_store_news_t *news)
{
    const sso_socache_t *sc = ctx;

    if (sc->index != sc->used)
        sso_store_tell(sc->index, news);
    sso_store_tell(sc->used, news);
}

/* Fewer than SAMLSessionLimit are what somebody chose: of so few, nobody is surprised. */
static int is_small(const sso_socache_t *sc)
{
    apr_uint64_t limit = sso_store_limit_of(sc->index);

    return sc->known->is_ring && sc->slots < SHMCB_FEW && (limit == 0 || sc->slots < limit);
}

static const char *socache_caveat(void *ctx, apr_pool_t *p)
{
    const sso_socache_t *sc = ctx;
    const char *small = "", *larger = "";

    if (!sc->known->caveat)
        return NULL;
    if (is_small(sc)) {
        small = apr_psprintf(p, " and which takes %" APR_UINT64_T_FMT " sign-ons within SAMLSessionLifetime, so that one user who signs on "
                             "again and again keeps all others out", sc->slots);
        larger = apr_psprintf(p, ", or %d octets for each sign-on, as in " SCHEME ":shmcb:/FILE(63000000)", SHMCB_SHARE * SSO_SOCACHE_SLOT_BYTES);
    }
    return apr_pstrcat(p, "expected a store that keeps what it is given, found ", sc->known->caveat, small,
                       "; mend: lmdb on one server, redis:// on several", larger, NULL);
}

/* ---- sessions -------------------------------------------------------------- */

static const char kept[] = "s";         /* all that the index has of a session that is in a shared cache */

/* A live session has gone, and only we know: somebody must act. Once a minute and process, as a restarted memcached has lost them all. */
static void warn_dropped(sso_socache_t *sc)
{
    apr_time_t now = apr_time_now(), before = __atomic_load_n(&sc->warned, __ATOMIC_RELAXED);

    if (now - before < WARN_AGAIN || !__atomic_compare_exchange_n(&sc->warned, &before, now, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf, "SAMLSessionStore " SCHEME ":%s: a session that was live is not in the cache any "
                 "more; whoever had it signs on anew; mend: where it was not restarted or cleared, make the cache larger, or use another "
                 "SAMLSessionStore", sc->arg);
}

/* Of a shared cache, anybody gets here with a cookie that he made up: looking takes no lock, removing does. */
static saml_status_t notice_dropped(sso_socache_t *sc, const sso_key_t *key, saml_err_t *err)
{
    const void *counted;
    apr_size_t len;
    int found = 0;

    SAML_TRY(sso_store_get(sc->index, key, &counted, &len, err->pool, err));
    if (counted)
        SAML_TRY(sso_store_remove(sc->index, key, &found, err));
    if (found)                  /* of a shared cache: begun here */
        warn_dropped(sc);
    return SAML_OK;
}

static saml_status_t socache_get(void *ctx, const sso_key_t *key, const void **record, apr_size_t *len, apr_pool_t *p, saml_err_t *err)
{
    sso_socache_t *sc = ctx;
    int dropped = 0;

    if (sc->known->is_remote)
        SAML_TRY(sso_socache_shared_get(sc, key, record, len, &dropped, p, err));
    else
        SAML_TRY(sso_socache_private_get(sc, key, record, len, &dropped, p, err));
    return dropped ? notice_dropped(sc, key, err) : SAML_OK;
}

static saml_status_t socache_replace(void *ctx, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires, int *found,
                                     saml_err_t *err)
{
    sso_socache_t *sc = ctx;
    int counted;

    if (!sc->known->is_remote)
        return sso_socache_private_replace(sc, key, record, len, expires, found, err);
    SAML_TRY(sso_socache_shared_replace(sc, key, record, len, expires, found, err));
    return *found ? sso_store_replace(sc->index, key, kept, sizeof(kept), expires, &counted, err) : SAML_OK;
}

/* What is not in the index is no session; that it leaves the cache, too, makes room where that helps. */
static saml_status_t step_clear(sso_socache_t *sc, sso_socache_step_t *s, apr_pool_t *p, saml_err_t *err)
{
    return sso_socache_clear(sc, s->key, s->kind, p, err);
}

static saml_status_t socache_remove(void *ctx, const sso_key_t *key, int *found, saml_err_t *err)
{
    sso_socache_t *sc = ctx;
    sso_socache_step_t step = { .key = key, .kind = SSO_SOCACHE_SESSION };
    int counted;

    if (sc->known->is_remote) {
        SAML_TRY(sso_socache_shared_remove(sc, key, found, err));
        return sso_store_remove(sc->index, key, &counted, err);
    }
    SAML_TRY(sso_store_remove(sc->index, key, found, err));
    return *found ? sso_socache_locked(sc, step_clear, &step, err->pool, err) : SAML_OK;
}

/* Those in whose place it comes stay until it is in the cache. */
static saml_status_t count_in(const sso_socache_t *sc, const sso_put_t *put, saml_err_t *err)
{
    unsigned char patch[SSO_SOCACHE_PATCH_BYTES];
    sso_put_t counted = *put;

    counted.instead_stay = 1;
    counted.record = sc->known->is_remote ? (const void *)kept : patch;
    counted.len = sc->known->is_remote ? sizeof(kept) : sizeof(patch);
    sso_socache_private_patch(patch, put->len);
    return sso_store_put_session(sc->index, &counted, err);
}

/* A session that did not come about is none of those that are counted. Where this fails, too, it is one until it expires. */
static void take_back(sso_socache_t *sc, const sso_key_t *key, apr_pool_t *p)
{
    saml_err_t unheard = { .pool = p };
    int found;

    if (sso_store_remove(sc->index, key, &found, &unheard) == SAML_OK && sc->known->is_remote
        && sso_socache_shared_remove(sc, key, &found, &unheard) != SAML_OK)
        return;
}

static saml_status_t socache_put(void *ctx, const sso_put_t *put, apr_uint64_t *sessions, saml_err_t *err)
{
    sso_socache_t *sc = ctx;
    saml_status_t status;
    int i, found;

    SAML_TRY(count_in(sc, put, err));
    *sessions = sso_store_last_count(sc->index);
    status = sc->known->is_remote ? sso_socache_shared_put(sc, put, err) : sso_socache_private_put(sc, put, err);
    for (i = 0; i < put->instead_count && status == SAML_OK; i++)
        status = socache_remove(sc, &put->instead[i], &found, err);
    if (status != SAML_OK)
        take_back(sc, put->key, err->pool);
    return status;
}

static saml_status_t socache_remove_labelled(void *ctx, const sso_label_t *labels, int label_count, int *removed, saml_err_t *err)
{
    sso_socache_t *sc = ctx;
    int counted;

    if (!sc->known->is_remote)
        return sso_store_remove_labelled(sc->index, labels, label_count, removed, err);
    SAML_TRY(sso_socache_shared_remove_labelled(sc, labels, label_count, removed, err));
    return sso_store_remove_labelled(sc->index, labels, label_count, &counted, err);
}

/* ---- used IDs and marks ---------------------------------------------------- */

static saml_status_t socache_use_once(void *ctx, const sso_key_t *key, apr_time_t until, apr_time_t now, saml_err_t *err)
{
    sso_socache_t *sc = ctx;

    SAML_TRY(sso_store_use_once(sc->used, key, until, now, err));
    return sc->known->is_remote ? sso_socache_shared_use_once(sc, key, until, now, err) : SAML_OK;
}

/* A cache may have forgotten any of them; the files here know since when they have not. */
static saml_status_t socache_used_since(void *ctx, apr_time_t *since, saml_err_t *err)
{
    const sso_socache_t *sc = ctx;

    return sso_store_used_since(sc->used, since, err);
}

static saml_status_t socache_mark_get(void *ctx, const sso_key_t *key, apr_time_t now, sso_mark_t *out, int *found, saml_err_t *err)
{
    sso_socache_t *sc = ctx;
    sso_socache_step_t step = { .key = key, .kind = SSO_SOCACHE_MARK };

    if (!sc->known->is_remote)
        return sso_store_mark_get(sc->used, key, now, out, found, err);
    SAML_TRY(sso_socache_look(sc, sso_socache_step_read, &step, err->pool, err));
    *found = step.got.len == sizeof(out->value.octets) && step.got.expires > now;
    if (*found) {
        memcpy(out->value.octets, step.got.octets, sizeof(out->value.octets));
        out->expires = step.got.expires;
    }
    return SAML_OK;
}

static saml_status_t socache_mark_put(void *ctx, const sso_key_t *key, const sso_key_t *value, apr_time_t expires, saml_err_t *err)
{
    sso_socache_t *sc = ctx;
    sso_socache_step_t step = { .key = key, .kind = SSO_SOCACHE_MARK, .record = value->octets, .len = sizeof(value->octets),
                                .expires = expires };

    if (!sc->known->is_remote)
        return sso_store_mark_put(sc->used, key, value, expires, err);
    return sso_socache_locked(sc, sso_socache_step_write, &step, err->pool, err);
}

/* ---- upkeep ---------------------------------------------------------------- */

/* Providers clear by themselves what has ended. */
static saml_status_t socache_sweep(void *ctx, apr_time_t now, int at_most, int *swept, saml_err_t *err)
{
    const sso_socache_t *sc = ctx;
    int indexed = 0;

    if (sc->index != sc->used)
        SAML_TRY(sso_store_sweep(sc->index, now, at_most, &indexed, err));
    SAML_TRY(sso_store_sweep(sc->used, now, at_most - indexed, swept, err));
    *swept += indexed;
    return SAML_OK;
}

/* Of this server; a cache that nodes share cannot be counted. */
static saml_status_t socache_stat(void *ctx, sso_store_stat_t *out, saml_err_t *err)
{
    const sso_socache_t *sc = ctx;
    sso_store_stat_t used, index;

    SAML_TRY(sso_store_stat(sc->used, &used, err));
    SAML_TRY(sso_store_stat(sc->index, &index, err));
    *out = (sso_store_stat_t){ .sessions = index.sessions, .used_ids = used.used_ids, .marks = used.marks };
    return SAML_OK;
}

static int socache_is_shared(void *ctx)
{
    const sso_socache_t *sc = ctx;

    return sc->known->is_remote;
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
    .limit = socache_limit, .caveat = socache_caveat, .no_each = socache_no_each, .used_since = socache_used_since,
    .tell = socache_tell, .is_shared = socache_is_shared
};
