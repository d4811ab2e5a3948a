/* SPDX-License-Identifier: Apache-2.0 */
#include "lmdb_look.h"

#include <stdlib.h>
#include <unistd.h>
#include "lmdb_all.h"
#include "lmdb_seal.h"

#define TIME_EVERY      1024    /* entries */
#define FREE_LIST       0       /* LMDB's own database of pages that may be used again */
#define FIRST_PAGE      2       /* behind the two that say where the trees are */

/* A walk through all databases, in one transaction. */
typedef struct {
    const sso_lmdb_t *db;
    MDB_txn *txn;
    apr_uint64_t pages;         /* that the file has */
    apr_size_t page_bytes;
    apr_time_t end;
    int is_late;
    apr_uint64_t in_order;      /* sums of what the one says of the other: of the entries of "expiry", */
    apr_uint64_t to_order;      /* and of what the records ask to be there */
    apr_uint64_t labels;
    apr_uint64_t labelled;
} look_t;

typedef int (*plausible_fn)(look_t *look, const MDB_val *k, const MDB_val *v);

/* ---- one entry ----------------------------------------------------------------- */

static int is_record(look_t *look, const MDB_val *k, const MDB_val *v, unsigned char kind)
{
    unsigned char entry[SSO_LMDB_EXPIRY_BYTES + 1 + SSO_KEY_BYTES];
    const unsigned char *head = v->mv_data;

    if (k->mv_size != SSO_LMDB_SHORT_KEY_BYTES || !sso_lmdb_is_whole(v)
        || memcmp(k->mv_data, head + SSO_LMDB_EXPIRY_BYTES, k->mv_size) != 0)
        return 0;
    memcpy(entry, head, SSO_LMDB_EXPIRY_BYTES);
    entry[SSO_LMDB_EXPIRY_BYTES] = kind;
    memcpy(entry + SSO_LMDB_EXPIRY_BYTES + 1, head + SSO_LMDB_EXPIRY_BYTES, SSO_KEY_BYTES);
    look->to_order += sso_lmdb_seal(entry, sizeof(entry), NULL, 0);
    return 1;
}

static int is_session(look_t *look, const MDB_val *k, const MDB_val *v)
{
    return is_record(look, k, v, SSO_LMDB_SESSION);
}

static int is_used(look_t *look, const MDB_val *k, const MDB_val *v)
{
    return is_record(look, k, v, SSO_LMDB_USED);
}

static int is_mark(look_t *look, const MDB_val *k, const MDB_val *v)
{
    return v->mv_size == SSO_LMDB_HEAD_BYTES + SSO_KEY_BYTES && is_record(look, k, v, SSO_LMDB_MARK);
}

static int is_in_order(look_t *look, const MDB_val *k, const MDB_val *v)
{
    if (k->mv_size != SSO_LMDB_EXPIRY_BYTES + 1 + SSO_KEY_BYTES || v->mv_size != 0)
        return 0;
    look->in_order += sso_lmdb_seal(k->mv_data, k->mv_size, NULL, 0);
    return 1;
}

static int is_label(look_t *look, const MDB_val *k, const MDB_val *v)
{
    if (k->mv_size != SSO_LABEL_BYTES || v->mv_size != SSO_KEY_BYTES)
        return 0;
    look->labels += sso_lmdb_seal(k->mv_data, SSO_LABEL_BYTES, v->mv_data, SSO_KEY_BYTES);
    return 1;
}

static int is_labelled(look_t *look, const MDB_val *k, const MDB_val *v)
{
    const unsigned char *list = v->mv_data;
    apr_size_t at;

    if (k->mv_size != SSO_LMDB_SHORT_KEY_BYTES || v->mv_size < SSO_KEY_BYTES
        || v->mv_size > SSO_KEY_BYTES + SSO_MAX_LABELS * SSO_LABEL_BYTES
        || (v->mv_size - SSO_KEY_BYTES) % SSO_LABEL_BYTES != 0 || memcmp(k->mv_data, list, k->mv_size) != 0)
        return 0;
    for (at = SSO_KEY_BYTES; at < v->mv_size; at += SSO_LABEL_BYTES)
        look->labelled += sso_lmdb_seal(list + at, SSO_LABEL_BYTES, list, SSO_KEY_BYTES);
    return 1;
}

/* A count, then that many numbers of pages of this file, each less than the one before. */
static int is_free_list(look_t *look, const MDB_val *k, const MDB_val *v)
{
    apr_size_t count, i, page, before = (apr_size_t)look->pages;

    if (k->mv_size != sizeof(count) || v->mv_size < sizeof(count) || v->mv_size % sizeof(count) != 0)
        return 0;
    memcpy(&count, v->mv_data, sizeof(count));
    if (count > v->mv_size / sizeof(count) - 1)
        return 0;
    for (i = 1; i <= count; i++, before = page) {
        memcpy(&page, (const char *)v->mv_data + i * sizeof(page), sizeof(page));
        if (page >= before || page < FIRST_PAGE)
            return 0;
    }
    return 1;
}

/* ---- one tree ------------------------------------------------------------------ */

/* A key that a walk meets but a search does not find is one that look-ups miss. */
static int is_found(MDB_cursor *probe, const MDB_val *k, const MDB_val *v, int has_many)
{
    unsigned char room[64] __attribute__((aligned(8)));
    MDB_val key = { k->mv_size, room }, got = *v;

    if (k->mv_size > sizeof(room))
        return 0;
    memcpy(room, k->mv_data, k->mv_size);
    return mdb_cursor_get(probe, &key, &got, has_many ? MDB_GET_BOTH : MDB_SET_KEY) == 0 && (has_many || got.mv_data == v->mv_data);
}

static int is_behind(look_t *look, MDB_dbi dbi, MDB_val *before, MDB_val *k, MDB_val *v_before, MDB_val *v, int has_many)
{
    int order = mdb_cmp(look->txn, dbi, before, k);

    return order < 0 || (order == 0 && has_many && mdb_dcmp(look->txn, dbi, v_before, v) < 0);
}

static int is_same_page(const look_t *look, const MDB_val *a, const MDB_val *b)
{
    return (apr_uintptr_t)a->mv_data / look->page_bytes == (apr_uintptr_t)b->mv_data / look->page_bytes;
}

/* Searched for are the first and the last entry of each page: then those between them are found, too. */
static int walk(look_t *look, MDB_cursor *cursor, MDB_cursor *probe, MDB_dbi dbi, plausible_fn is_plausible, apr_uint64_t entries)
{
    MDB_val k = { 0, NULL }, v = { 0, NULL }, before = k, v_before = v;
    int has_many = dbi == look->db->labels && dbi != FREE_LIST;
    apr_uint64_t seen = 0;
    int rc;

    for (rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
        int turns = seen == 0 || !is_same_page(look, &before, &k) || (has_many && !is_same_page(look, &v_before, &v));

        if (++seen > entries || !is_plausible(look, &k, &v))
            return MDB_CORRUPTED;
        if (seen > 1 && !is_behind(look, dbi, &before, &k, &v_before, &v, has_many))
            return MDB_CORRUPTED;
        if (turns && (!is_found(probe, &k, &v, has_many) || (seen > 1 && !is_found(probe, &before, &v_before, has_many))))
            return MDB_CORRUPTED;
        before = k;
        v_before = v;
        if (seen % TIME_EVERY == 0 && apr_time_now() > look->end) {
            look->is_late = 1;
            return 0;
        }
    }
    if (rc == MDB_NOTFOUND && seen == entries && (seen == 0 || is_found(probe, &before, &v_before, has_many)))
        return 0;
    return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

static int look_at(look_t *look, MDB_dbi dbi, plausible_fn is_plausible)
{
    MDB_cursor *cursor, *probe;
    MDB_stat st;
    int rc;

    if (look->is_late)
        return 0;
    rc = mdb_stat(look->txn, dbi, &st);
    if (rc == 0)
        rc = mdb_cursor_open(look->txn, dbi, &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(look->txn, dbi, &probe);
    if (rc == 0) {
        rc = walk(look, cursor, probe, dbi, is_plausible, st.ms_entries);
        mdb_cursor_close(probe);
    }
    mdb_cursor_close(cursor);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------ */

static const char *look_at_all(look_t *look, int *rc)
{
    const sso_lmdb_t *db = look->db;
    const struct {
        const char *name;
        MDB_dbi dbi;
        plausible_fn is_plausible;
    } all[] = { { "the list of free pages", FREE_LIST, is_free_list }, { "used", db->used, is_used },
                { "sessions", db->sessions, is_session }, { "marks", db->marks, is_mark },
                { "expiry", db->expiry, is_in_order }, { "labels", db->labels, is_label },
                { "labelled", db->labelled, is_labelled } };
    apr_size_t i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        *rc = look_at(look, all[i].dbi, all[i].is_plausible);
        if (*rc != 0)
            return all[i].name;
    }
    *rc = look->is_late || (look->in_order == look->to_order && look->labels == look->labelled) ? 0 : MDB_CORRUPTED;
    return "what \"expiry\" or \"labels\" says of the others";
}

static int begin(look_t *look, MDB_env *env)
{
    sso_store_stat_t sizes;
    MDB_envinfo info;
    MDB_stat st;
    int rc = mdb_env_info(env, &info);

    if (rc == 0)
        rc = mdb_env_stat(env, &st);
    if (rc == 0)
        rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &look->txn);
    if (rc != 0)
        return rc;
    /* Of this moment or a later one: the transaction knows none of the pages that came since. */
    rc = mdb_env_info(env, &info);
    look->pages = (apr_uint64_t)info.me_last_pgno + 1;
    look->page_bytes = st.ms_psize;
    if (rc == 0)
        rc = sso_lmdb_count(&sizes, look->db, look->txn);
    if (rc == 0 && sizes.bytes_used / look->page_bytes > look->pages)
        rc = MDB_CORRUPTED;
    if (rc != 0)
        mdb_txn_abort(look->txn);
    return rc;
}

saml_status_t sso_lmdb_look_through(sso_lmdb_t *db, MDB_env *env, apr_interval_time_t at_most, saml_err_t *err)
{
    look_t look = { .db = db, .end = apr_time_now() + at_most };
    const char *where = "the sizes";
    int rc = begin(&look, env);

    if (rc == 0) {
        where = look_at_all(&look, &rc);
        mdb_txn_abort(look.txn);
    }
    if (rc == 0)
        return SAML_OK;
    db->found = sso_lmdb_is_damage(rc) ? SSO_LMDB_DAMAGED : SSO_LMDB_REFUSED;
    return saml_fail(err, SAML_E_STORE, "the session store %s is damaged (%s: %s)", db->path, where, mdb_strerror(rc));
}
