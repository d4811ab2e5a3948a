/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions in a cache that no other node sees (shmcb, dbm). The cache gets a record once, at sign-on, and never again. The index, in a folder
 * of this server, has what changes: that there is such a session, until when, its labels, and what renewals have made of the record, as
 * the octets that differ. So a session that is not in the index is none, whatever the cache still holds, and no logout depends on what
 * the cache has dropped.
 *
 * shmcb is made of rings: what is written takes the place of what was written longest ago, live or not, and nobody is told. A
 * record lies still until its session's absolute end at the latest; so where less is written in so much time than the rings hold,
 * nothing live is overwritten. What was written is counted in the index, as IDs that last so long; a sign-on past the count is
 * refused. IDs spread over the rings by chance, hence a third of what they hold: then that one ring of them overflows is a matter of
 * 1 in 10,000 for the smallest, and of no numbers for 1 MB. If it happens, it shows as a session that the index has and the cache has not.
 */

#include <stdlib.h>

#include "socache_private.h"

#define SCHEME       "socache"
#define PATCH_BYTES  SSO_SOCACHE_PATCH_BYTES    /* how many octets of the first record stay, at its beginning and at its end */
#define SWEEP_FOR_ROOM 1000

typedef sso_socache_step_t step_t;

/* ---- what renewals have made of a record ------------------------------------ */

static void *patch_of(apr_size_t *patch_len, const sso_socache_object_t *first, const unsigned char *record, apr_size_t len, apr_pool_t *p)
{
    apr_size_t before = 0, behind = 0, shorter = first->len < len ? first->len : len;
    unsigned char *patch;

    while (before < shorter && first->octets[before] == record[before])
        before++;
    while (behind < shorter - before && first->octets[first->len - 1 - behind] == record[len - 1 - behind])
        behind++;
    *patch_len = PATCH_BYTES + len - before - behind;
    patch = apr_palloc(p, *patch_len);
    sso_socache_number_write(patch, before, 4);
    sso_socache_number_write(patch + 4, behind, 4);
    memcpy(patch + PATCH_BYTES, record + before, *patch_len - PATCH_BYTES);
    return patch;
}

/* @return NULL where they do not belong together */
static const void *patched(apr_size_t *len, const sso_socache_object_t *first, const unsigned char *patch, apr_size_t patch_len, apr_pool_t *p)
{
    apr_size_t before, behind, between = patch_len - PATCH_BYTES;
    unsigned char *record;

    if (patch_len < PATCH_BYTES)
        return NULL;
    before = (apr_size_t)sso_socache_number_read(patch, 4);
    behind = (apr_size_t)sso_socache_number_read(patch + 4, 4);
    if (before > first->len || behind > first->len - before)
        return NULL;
    *len = before + between + behind;
    record = apr_palloc(p, *len + 1);
    memcpy(record, first->octets, before);
    memcpy(record + before, patch + PATCH_BYTES, between);
    memcpy(record + before + between, first->octets + first->len - behind, behind);
    return record;
}

/* The first record, where the index has the session. */
static saml_status_t read_first(sso_socache_object_t *out, int *dropped, sso_socache_t *sc, const sso_key_t *key, apr_pool_t *p,
                                saml_err_t *err)
{
    step_t step = { .key = key, .kind = SSO_SOCACHE_SESSION };
    const void *still;
    apr_size_t len;

    SAML_TRY(sso_socache_look(sc, sso_socache_step_read, &step, p, err));
    *out = step.got;
    *dropped = 0;
    if (out->len > 0)
        return SAML_OK;
    SAML_TRY(sso_store_get(sc->index, key, &still, &len, p, err));      /* or it was ended meanwhile */
    *dropped = still != NULL;
    return SAML_OK;
}

saml_status_t sso_socache_private_get(sso_socache_t *sc, const sso_key_t *key, const void **record, apr_size_t *len, int *dropped,
                                      apr_pool_t *p, saml_err_t *err)
{
    sso_socache_object_t first;
    const void *patch, *got;
    apr_size_t patch_len, got_len = 0;

    *record = NULL;
    *len = 0;
    *dropped = 0;
    SAML_TRY(sso_store_get(sc->index, key, &patch, &patch_len, p, err));
    if (!patch)
        return SAML_OK;
    SAML_TRY(read_first(&first, dropped, sc, key, p, err));
    if (first.len == 0)
        return SAML_OK;
    got = patched(&got_len, &first, patch, patch_len, p);
    if (!got)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected %s to have the record that the index tells of, got another",
                         sc->provider->name);
    *record = got;
    *len = got_len;
    return SAML_OK;
}

saml_status_t sso_socache_private_replace(sso_socache_t *sc, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires,
                                          int *found, saml_err_t *err)
{
    sso_socache_object_t first;
    const void *patch;
    apr_size_t patch_len;
    int dropped;

    *found = 0;
    SAML_TRY(sso_store_get(sc->index, key, &patch, &patch_len, err->pool, err));
    if (!patch)
        return SAML_OK;
    SAML_TRY(read_first(&first, &dropped, sc, key, err->pool, err));
    if (first.len == 0)
        return SAML_OK;
    patch = patch_of(&patch_len, &first, record, len, err->pool);
    return sso_store_replace(sc->index, key, patch, patch_len, expires, found, err);
}

/* ---- a new one --------------------------------------------------------------- */

static saml_status_t count_written(apr_uint64_t *out, sso_socache_t *sc, saml_err_t *err)
{
    sso_store_stat_t stat;

    SAML_TRY(sso_store_stat(sc->index, &stat, err));
    *out = stat.used_ids;
    return SAML_OK;
}

static saml_status_t check_slots(sso_socache_t *sc, apr_uint64_t needed, apr_time_t now, saml_err_t *err)
{
    apr_uint64_t written;
    int swept;

    SAML_TRY(count_written(&written, sc, err));
    if (written + needed > sc->slots) {
        SAML_TRY(sso_store_sweep(sc->index, now, SWEEP_FOR_ROOM, &swept, err));
        SAML_TRY(count_written(&written, sc, err));
    }
    if (written + needed <= sc->slots)
        return SAML_OK;
    err->full = 1;
    return saml_fail(err, SAML_E_STORE, "keeping a session: the session store " SCHEME ":%s is full: of this size it surely keeps %"
                     APR_UINT64_T_FMT " records of %d octets for a session's lifetime, %" APR_UINT64_T_FMT " were written, %"
                     APR_UINT64_T_FMT " more expected; nothing was dropped for it; mend: give it more octets, as in "
                     SCHEME ":shmcb:/FILE(50000000), shorten SAMLSessionLifetime, or use another SAMLSessionStore", sc->arg, sc->slots,
                     SSO_SOCACHE_AVERAGE_BYTES, written, needed);
}

/* Count what is about to be written into a ring: it counts until nothing of it can be live, also where it is ended before. */
static saml_status_t take_slots(sso_socache_t *sc, const step_t *s, saml_err_t *err)
{
    apr_uint64_t i, needed = (s->len + SSO_SOCACHE_AVERAGE_BYTES - 1) / SSO_SOCACHE_AVERAGE_BYTES;
    apr_time_t now = apr_time_now();
    sso_key_t id = *s->key;

    needed += needed > 1;       /* its parts have heads */
    SAML_TRY(check_slots(sc, needed, now, err));
    for (i = 0; i < needed; i++) {
        sso_socache_number_write(id.octets, sso_socache_number_read(s->key->octets, 4) + i, 4);
        SAML_TRY(sso_store_use_once(sc->index, &id, s->expires, now, err));
    }
    return SAML_OK;
}

static saml_status_t step_put(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    if (sc->known->is_ring)
        SAML_TRY(take_slots(sc, s, err));
    return sso_socache_step_write(sc, s, p, err);
}

void sso_socache_private_patch(unsigned char out[SSO_SOCACHE_PATCH_BYTES], apr_size_t len)
{
    sso_socache_number_write(out, len, 4);
    sso_socache_number_write(out + 4, 0, 4);
}

saml_status_t sso_socache_private_put(sso_socache_t *sc, const sso_put_t *put, saml_err_t *err)
{
    apr_time_t end = apr_time_now() + sc->longest;
    step_t step = { .key = put->key, .kind = SSO_SOCACHE_SESSION, .record = put->record, .len = put->len,
                    .expires = end > put->expires ? end : put->expires };

    return sso_socache_locked(sc, step_put, &step, err->pool, err);
}
