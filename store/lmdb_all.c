/* SPDX-License-Identifier: Apache-2.0 */
#include "lmdb_all.h"

#include <string.h>
#include <apr_strings.h>
#include "lmdb_seal.h"

#define STEP 256                /* sessions that are copied in one transaction, of all; those of one label all at once */

/* ---- counting -------------------------------------------------------------- */

/* Pages that hold something; the file itself never shrinks. */
static int count_pages(MDB_txn *txn, MDB_dbi dbi, apr_uint64_t *bytes, apr_uint64_t *entries)
{
    MDB_stat st;
    int rc = mdb_stat(txn, dbi, &st);

    if (rc != 0)
        return rc;
    *bytes += (apr_uint64_t)st.ms_psize * (st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages);
    *entries = st.ms_entries;
    return 0;
}

int sso_lmdb_count(sso_store_stat_t *out, const sso_lmdb_t *db, MDB_txn *txn)
{
    apr_uint64_t ignored;
    int rc;

    memset(out, 0, sizeof(*out));
    out->bytes_limit = db->limit_bytes;
    rc = count_pages(txn, db->sessions, &out->bytes_used, &out->sessions);
    if (rc == 0)
        rc = count_pages(txn, db->used, &out->bytes_used, &out->used_ids);
    if (rc == 0)
        rc = count_pages(txn, db->marks, &out->bytes_used, &out->marks);
    if (rc == 0)
        rc = count_pages(txn, db->expiry, &out->bytes_used, &ignored);
    if (rc == 0)
        rc = count_pages(txn, db->labels, &out->bytes_used, &ignored);
    return rc == 0 ? count_pages(txn, db->labelled, &out->bytes_used, &ignored) : rc;
}

/* ---- walking --------------------------------------------------------------- */

/* Where a walk stands: at the key of the last session that was copied. */
typedef struct {
    unsigned char at[SSO_LMDB_SHORT_KEY_BYTES];
    apr_uint64_t room;          /* the same: LMDB reads integer keys where they stand, so that they must be aligned */
    int has_begun;
    int is_done;
} walk_t;

static int go_on(MDB_cursor *cursor, MDB_val *k, MDB_val *v, walk_t *walk)
{
    int rc;

    if (!walk->has_begun)
        return mdb_cursor_get(cursor, k, v, MDB_FIRST);
    memcpy(&walk->room, walk->at, sizeof(walk->room));
    k->mv_size = sizeof(walk->room);
    k->mv_data = &walk->room;
    rc = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
    if (rc == 0 && k->mv_size == sizeof(walk->at) && memcmp(k->mv_data, walk->at, sizeof(walk->at)) == 0)
        rc = mdb_cursor_get(cursor, k, v, MDB_NEXT);
    return rc;
}

static int copy_one(apr_array_header_t *out, const MDB_val *v, apr_time_t now)
{
    const unsigned char *octets = v->mv_data;
    sso_stored_t *session;

    if (!sso_lmdb_is_whole(v))
        return MDB_CORRUPTED;
    if (sso_lmdb_read_expiry(octets) <= now)
        return 0;
    session = apr_array_push(out);
    memcpy(session->key.octets, octets + SSO_LMDB_EXPIRY_BYTES, SSO_KEY_BYTES);
    session->forget_at = sso_lmdb_read_expiry(octets);
    session->len = v->mv_size - SSO_LMDB_HEAD_BYTES;
    session->record = apr_pmemdup(out->pool, octets + SSO_LMDB_HEAD_BYTES, session->len);
    return 0;
}

static int copy_some(apr_array_header_t *out, MDB_txn *txn, MDB_dbi dbi, walk_t *walk, apr_time_t now)
{
    MDB_cursor *cursor;
    MDB_val k, v;
    int i, rc = mdb_cursor_open(txn, dbi, &cursor);

    if (rc != 0)
        return rc;
    rc = go_on(cursor, &k, &v, walk);
    for (i = 0; rc == 0 && i < STEP; i++) {
        rc = k.mv_size == sizeof(walk->at) ? copy_one(out, &v, now) : MDB_CORRUPTED;
        if (rc != 0)
            break;
        memcpy(walk->at, k.mv_data, sizeof(walk->at));
        walk->has_begun = 1;
        rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    walk->is_done = rc == MDB_NOTFOUND;
    return walk->is_done ? 0 : rc;
}

/* A label may be left over from a session that is not there any more. */
static int copy_labelled_one(apr_array_header_t *out, sso_lmdb_t *db, MDB_txn *txn, const MDB_val *session, apr_time_t now)
{
    apr_uint64_t room;
    MDB_val k = { sizeof(room), &room }, v;
    int rc;

    if (session->mv_size != SSO_KEY_BYTES)
        return MDB_CORRUPTED;
    memcpy(&room, session->mv_data, sizeof(room));
    rc = mdb_get(txn, db->sessions, &k, &v);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    if (v.mv_size < SSO_LMDB_HEAD_BYTES)
        return MDB_CORRUPTED;
    if (memcmp((const char *)v.mv_data + SSO_LMDB_EXPIRY_BYTES, session->mv_data, SSO_KEY_BYTES) != 0)
        return 0;
    return copy_one(out, &v, now);
}

static int copy_labelled(apr_array_header_t *out, sso_lmdb_t *db, MDB_txn *txn, const sso_label_t *only, apr_time_t now)
{
    sso_label_t label = *only;
    MDB_val k = { sizeof(label.octets), label.octets }, session;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, db->labels, &cursor);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &k, &session, MDB_SET);
    while (rc == 0) {
        rc = copy_labelled_one(out, db, txn, &session, now);
        if (rc == 0)
            rc = mdb_cursor_get(cursor, &k, &session, MDB_NEXT_DUP);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static saml_status_t step(sso_lmdb_t *db, walk_t *walk, apr_time_t now, const sso_label_t *only, sso_store_each_fn *fn, void *baton, apr_pool_t *p, saml_err_t *err)
{
    apr_array_header_t *some = apr_array_make(p, STEP, sizeof(sso_stored_t));
    MDB_txn *txn;
    int i, rc = sso_lmdb_begin_read(db, &txn);

    if (rc == 0) {
        rc = only ? copy_labelled(some, db, txn, only, now) : copy_some(some, txn, db->sessions, walk, now);
        sso_lmdb_end_read(db, txn);
    }
    if (rc != 0)
        return sso_lmdb_fail(db, rc, "listing sessions", err);
    for (i = 0; i < some->nelts; i++)
        SAML_TRY(fn(baton, &APR_ARRAY_IDX(some, i, sso_stored_t), err));
    return SAML_OK;
}

saml_status_t sso_lmdb_each(void *ctx, apr_time_t now, const sso_label_t *only, sso_store_each_fn *fn, void *baton, saml_err_t *err)
{
    sso_lmdb_t *db = ctx;
    walk_t walk = { .has_begun = 0 };
    saml_status_t status;
    apr_pool_t *p;

    SAML_TRY(sso_lmdb_check_open(db, err));
    if (apr_pool_create(&p, err->pool) != APR_SUCCESS)
        return saml_fail(err, SAML_E_STORE, "listing sessions: no memory");
    do {
        apr_pool_clear(p);
        status = step(db, &walk, now, only, fn, baton, p, err);
    } while (status == SAML_OK && !only && !walk.is_done);
    apr_pool_destroy(p);
    return status;
}
