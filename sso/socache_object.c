/* SPDX-License-Identifier: Apache-2.0 */
/* How objects lie in a cache: store_socache.c says what for. */

#include <http_core.h>
#include <http_log.h>
#include <http_main.h>

#include "saml/id.h"
#include "socache_object.h"

#define SCHEME       "socache"
#define MUTEX_TYPE   SSO_SOCACHE_MUTEX
#define MAX_PARTS    255

#define SHORTEST     apr_time_from_sec(2)               /* mod_socache_memcache takes whole seconds and refuses 0 */
#define LONGEST      apr_time_from_sec(30 * 24 * 3600)  /* memcached reads more than this as a date */

/* ---- one value ------------------------------------------------------------- */

void sso_socache_number_write(unsigned char *out, apr_uint64_t number, int bytes)
{
    for (; bytes-- > 0; number >>= 8)
        out[bytes] = (unsigned char)number;
}

apr_uint64_t sso_socache_number_read(const unsigned char *in, int bytes)
{
    apr_uint64_t number = 0;

    while (bytes-- > 0)
        number = number << 8 | *in++;
    return number;
}

static void id_of(unsigned char *out, const sso_key_t *key, sso_socache_kind_t kind, int part)
{
    memcpy(out, key->octets, SSO_KEY_BYTES);
    out[SSO_KEY_BYTES] = (unsigned char)kind;
    out[SSO_KEY_BYTES + 1] = (unsigned char)part;
}

/* The end that the provider is told; the object bears its own. */
static apr_time_t told_end(apr_time_t expires)
{
    apr_time_t now = apr_time_now();

    if (expires < now + SHORTEST)
        return now + SHORTEST;
    return expires > now + LONGEST ? now + LONGEST : expires;
}

/* A server that answers whoever asks, and refuses what is to be kept. One that is down says so in other words. */
static int is_full(sso_socache_t *sc, apr_status_t rv, apr_pool_t *p)
{
    static const sso_key_t key;
    unsigned char id[SSO_SOCACHE_ID_BYTES], room[SSO_SOCACHE_HEAD_BYTES];
    unsigned int len = sizeof(room);

    if (!sc->known->is_remote || rv != APR_EGENERAL)
        return APR_STATUS_IS_ENOSPC(rv);
    id_of(id, &key, SSO_SOCACHE_PROBE, 0);
    rv = sc->provider->retrieve(sc->instance, ap_server_conf, id, sizeof(id), room, &len, p);
    return rv == APR_SUCCESS || APR_STATUS_IS_NOTFOUND(rv);
}

static saml_status_t store_value(sso_socache_t *sc, const sso_key_t *key, sso_socache_kind_t kind, int part, unsigned char *value, apr_size_t len,
                                 apr_time_t expires, apr_pool_t *p, saml_err_t *err)
{
    unsigned char id[SSO_SOCACHE_ID_BYTES];
    apr_status_t rv;

    id_of(id, key, kind, part);
    rv = sc->provider->store(sc->instance, ap_server_conf, id, sizeof(id), told_end(expires), value, (unsigned int)len, p);
    err->full = rv != APR_SUCCESS && is_full(sc, rv, p);
    if (err->full)
        return saml_fail(err, SAML_E_STORE, "the session store " SCHEME ":%s is full: the cache refuses what is to be kept (%s); nothing was dropped "
                         "for it; mend: give it more memory, shorten SAMLSessionIdle, or use another SAMLSessionStore", sc->arg,
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    if (rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": %s cannot be reached (%s)", sc->provider->name,
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    return SAML_OK;
}

static int is_none(apr_status_t rv)
{
    return rv == APR_NOTFOUND || rv == APR_EGENERAL;
}

/* @param len  of the room, then of the value; 0: there is none */
static saml_status_t retrieve_value(sso_socache_t *sc, const sso_key_t *key, sso_socache_kind_t kind, int part, unsigned char *room, unsigned int *len,
                                    apr_pool_t *p, saml_err_t *err)
{
    unsigned char id[SSO_SOCACHE_ID_BYTES];
    apr_status_t rv;

    id_of(id, key, kind, part);
    rv = sc->provider->retrieve(sc->instance, ap_server_conf, id, sizeof(id), room, len, p);
    if (rv == APR_SUCCESS)
        return SAML_OK;
    *len = 0;
    if (APR_STATUS_IS_NOTFOUND(rv) || (is_none(rv) && !sc->known->is_remote))
        return SAML_OK;
    return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": %s cannot be asked (%s)", sc->provider->name,
                     apr_strerror(rv, apr_palloc(err->pool, 128), 128));
}

/* ---- one object ------------------------------------------------------------ */

saml_status_t sso_socache_write(sso_socache_t *sc, const sso_key_t *key, sso_socache_kind_t kind, const void *octets, apr_size_t len,
                                  apr_time_t expires, apr_pool_t *p, saml_err_t *err)
{
    apr_size_t most = sc->known->part_bytes, first = len < most - SSO_SOCACHE_HEAD_BYTES ? len : most - SSO_SOCACHE_HEAD_BYTES, rest = most - SSO_SOCACHE_NUMBER_BYTES;
    apr_size_t parts = 1 + (len - first + rest - 1) / rest, i;
    unsigned char *value = apr_palloc(p, most);

    if (parts > MAX_PARTS)
        return saml_fail(err, SAML_E_TOO_LARGE, "session store " SCHEME ": expected at most %" APR_SIZE_T_FMT " octets for %s, got %"
                         APR_SIZE_T_FMT, most - SSO_SOCACHE_HEAD_BYTES + (MAX_PARTS - 1) * rest, sc->provider->name, len);
    SAML_TRY(saml_random_bytes(value, SSO_SOCACHE_NUMBER_BYTES, err));
    for (i = 1; i < parts; i++) {
        apr_size_t at = first + (i - 1) * rest, n = len - at < rest ? len - at : rest;

        memcpy(value + SSO_SOCACHE_NUMBER_BYTES, (const char *)octets + at, n);
        SAML_TRY(store_value(sc, key, kind, (int)i, value, SSO_SOCACHE_NUMBER_BYTES + n, expires, p, err));
    }
    /* The head last: until it is there, what was there before reads as torn, and is read again under the mutex. */
    value[SSO_SOCACHE_NUMBER_BYTES] = SSO_SOCACHE_VERSION;
    value[SSO_SOCACHE_NUMBER_BYTES + 1] = (unsigned char)parts;
    sso_socache_number_write(value + SSO_SOCACHE_NUMBER_BYTES + 2, len, 4);
    sso_socache_number_write(value + SSO_SOCACHE_NUMBER_BYTES + 6, (apr_uint64_t)expires, 8);
    if (first)
        memcpy(value + SSO_SOCACHE_HEAD_BYTES, octets, first);
    return store_value(sc, key, kind, 0, value, SSO_SOCACHE_HEAD_BYTES + first, expires, p, err);
}

/* Whether it is there at all. One that is full is. */
static saml_status_t probe(sso_socache_t *sc, apr_pool_t *p, saml_err_t *err)
{
    static const sso_key_t key;
    unsigned char value[] = { SSO_SOCACHE_VERSION };
    saml_status_t status = store_value(sc, &key, SSO_SOCACHE_PROBE, 0, value, sizeof(value), apr_time_now() + apr_time_from_sec(60), p, err);

    if (!err->full)
        return status;
    err->full = 0;
    return SAML_OK;
}

/*
 * Without its first value it is none; its other parts expire. A server that answers and refuses (a replica, one that cannot write to its
 * disk) still has it.
 */
saml_status_t sso_socache_clear(sso_socache_t *sc, const sso_key_t *key, sso_socache_kind_t kind, apr_pool_t *p, saml_err_t *err)
{
    unsigned char id[SSO_SOCACHE_ID_BYTES];
    apr_status_t rv;

    id_of(id, key, kind, 0);
    rv = sc->provider->remove(sc->instance, ap_server_conf, id, sizeof(id), p);
    if (APR_STATUS_IS_NOTFOUND(rv) && sc->known->is_remote)
        return probe(sc, p, err);
    if (rv != APR_SUCCESS && (sc->known->is_remote || !is_none(rv)))
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": %s cannot remove (%s)", sc->provider->name,
                         apr_strerror(rv, apr_palloc(err->pool, 128), 128));
    return SAML_OK;
}

static saml_status_t read_parts(sso_socache_object_t *out, sso_socache_t *sc, const sso_key_t *key, sso_socache_kind_t kind, const unsigned char *number, int parts,
                                apr_size_t have, apr_pool_t *p, saml_err_t *err)
{
    unsigned char *value = parts > 1 ? apr_palloc(p, sc->known->part_bytes) : NULL;
    int i;

    for (i = 1; i < parts; i++) {
        unsigned int len = (unsigned int)sc->known->part_bytes;

        SAML_TRY(retrieve_value(sc, key, kind, i, value, &len, p, err));
        if (len <= SSO_SOCACHE_NUMBER_BYTES || memcmp(value, number, SSO_SOCACHE_NUMBER_BYTES) != 0 || len - SSO_SOCACHE_NUMBER_BYTES > out->len - have) {
            out->is_torn = 1;
            return SAML_OK;
        }
        memcpy(out->octets + have, value + SSO_SOCACHE_NUMBER_BYTES, len - SSO_SOCACHE_NUMBER_BYTES);
        have += len - SSO_SOCACHE_NUMBER_BYTES;
    }
    out->is_torn = have != out->len;
    return SAML_OK;
}

saml_status_t sso_socache_read(sso_socache_object_t *out, sso_socache_t *sc, const sso_key_t *key, sso_socache_kind_t kind, apr_pool_t *p, saml_err_t *err)
{
    unsigned int len = (unsigned int)sc->known->part_bytes;
    unsigned char *value = apr_palloc(p, len);

    memset(out, 0, sizeof(*out));
    SAML_TRY(retrieve_value(sc, key, kind, 0, value, &len, p, err));
    if (len == 0)
        return sc->known->is_remote ? probe(sc, p, err) : SAML_OK;
    if (len < SSO_SOCACHE_HEAD_BYTES || value[SSO_SOCACHE_NUMBER_BYTES] != SSO_SOCACHE_VERSION)
        return SAML_OK;         /* of another version: as if it were not there */
    out->is_there = 1;
    out->len = (apr_size_t)sso_socache_number_read(value + SSO_SOCACHE_NUMBER_BYTES + 2, 4);
    out->expires = (apr_time_t)sso_socache_number_read(value + SSO_SOCACHE_NUMBER_BYTES + 6, 8);
    if (out->len > SSO_MAX_RECORD_BYTES || len - SSO_SOCACHE_HEAD_BYTES > out->len) {
        out->len = 0;
        return SAML_OK;
    }
    out->octets = apr_palloc(p, out->len + 1);
    memcpy(out->octets, value + SSO_SOCACHE_HEAD_BYTES, len - SSO_SOCACHE_HEAD_BYTES);
    SAML_TRY(read_parts(out, sc, key, kind, value, value[SSO_SOCACHE_NUMBER_BYTES + 1], len - SSO_SOCACHE_HEAD_BYTES, p, err));
    if (out->is_torn)
        out->len = 0;
    return SAML_OK;
}

/* ---- under the mutex ------------------------------------------------------- */

saml_status_t sso_socache_locked(sso_socache_t *sc, sso_socache_step_fn *run, sso_socache_step_t *step, apr_pool_t *p, saml_err_t *err)
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

saml_status_t sso_socache_look(sso_socache_t *sc, sso_socache_step_fn *run, sso_socache_step_t *step, apr_pool_t *p, saml_err_t *err)
{
    if (sc->provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE)
        return sso_socache_locked(sc, run, step, p, err);
    SAML_TRY(run(sc, step, p, err));
    return step->got.is_torn ? sso_socache_locked(sc, run, step, p, err) : SAML_OK;
}

saml_status_t sso_socache_step_read(sso_socache_t *sc, sso_socache_step_t *s, apr_pool_t *p, saml_err_t *err)
{
    return sso_socache_read(&s->got, sc, s->key, s->kind, p, err);
}

saml_status_t sso_socache_step_write(sso_socache_t *sc, sso_socache_step_t *s, apr_pool_t *p, saml_err_t *err)
{
    return sso_socache_write(sc, s->key, s->kind, s->record, s->len, s->expires, p, err);
}
