/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions in LMDB, a memory-mapped B+tree that all children of all generations share.
 *
 * Databases in one environment:
 *     sessions  first 8 octets of the key  -> expiry (8, big-endian), key (32), seal (8, lmdb_seal.h), record
 *     used      first 8 octets of the key  -> expiry, key, seal
 *     marks     first 8 octets of the key  -> expiry, key, seal, value (32)
 *     expiry    expiry, kind (1), key      -> nothing
 * and those of lmdb_labels.h, by which a logout finds the sessions that it ends.
 * Short keys make the trees small: at a million sessions a look-up pays for the memory it touches and little else. The
 * whole key is compared in the end; that two of a million random ones begin alike has a chance of 1 in 10^7 in all, and
 * then the second is refused. The fourth database is the order in which the others end, so that a sweep costs what it
 * removes. A file of an earlier version has no marks: the database is made when it is opened. The unnamed database holds the catalogue and one record that says whose file this is and of which version.
 *
 * Reading. A look-up is a read transaction on the map: no lock, no system call, no waiting for writers. Transactions
 * are kept, reset and renewed, in an array whose places are taken and given back by one atomic exchange, because
 * making one anew takes the lock on the table of readers. Threads that find no place make one for the time. MDB_NOTLS
 * lets a transaction go from thread to thread. What a killed child left in the table of readers would keep old pages
 * from being used again; it is cleared at open, at sweeps and before a map counts as full.
 *
 * Writing. One transaction for each change, all of it or nothing, one writer at a time: when a child is killed in the
 * middle, the next writer gets the locks and the last committed state. Pages are never changed
 * in place, and the meta page that makes a commit visible is written last.
 *
 * Durability. No MDB_NOSYNC and no MDB_NOMETASYNC: with the first, a power cut may leave a meta page that points to
 * pages never written, and the tree is wrong; with the second, it may undo the last commits, and a logout or a used
 * assertion ID come back to life. Neither is worth it: sign-ons, logouts and idle stamps are the only writes, and
 * the default folder is the runtime directory, a tmpfs on today's systems, where a sync costs nothing and a power cut
 * takes everything at once. In a folder on a disk a commit waits for it, and what was answered is on it.
 * No MDB_WRITEMAP: the map stays read-only, so that a stray pointer in any module of the process cannot damage sessions,
 * and a full disk is an error of write(2) and not a SIGBUS.
 */

#include <errno.h>
#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include "lmdb_all.h"
#include "lmdb_attach.h"
#include "lmdb_env.h"
#include "lmdb_expiry.h"
#include "lmdb_labels.h"
#include "lmdb_seal.h"
#include "lmdb_try.h"
#include "private_dir.h"
#include "store_lmdb.h"

#define DEFAULT_SUBDIR  "saml-sso"
#define LIMIT_BYTES     (sizeof(void *) > 4 ? (apr_size_t)1 << 33 : (apr_size_t)1 << 29)
#define LARGEST_BYTES   (sizeof(void *) > 4 ? (apr_uint64_t)1 << 44 : (apr_uint64_t)1 << 29)
#define SESSION_BYTES   8192    /* with all that belongs to it, and more than one mostly takes */
#define EXPIRY_BYTES    SSO_LMDB_EXPIRY_BYTES
#define EXPIRY_KEY_BYTES SSO_LMDB_EXPIRY_KEY_BYTES
#define SEALED_BYTES    SSO_LMDB_SEALED_BYTES
#define HEAD_BYTES      SSO_LMDB_HEAD_BYTES
#define KIND_SESSION    SSO_LMDB_SESSION
#define KIND_USED       SSO_LMDB_USED
#define KIND_MARK       SSO_LMDB_MARK
#define SWEEP_STEP      200     /* entries, where room is to be made at once */

/* ---- configure and prepare ---------------------------------------------- */

static saml_status_t lmdb_configure(void **ctx, const char **name, const char *arg, const char *default_dir,
                                    apr_pool_t *p, saml_err_t *err)
{
    sso_lmdb_t *db = apr_pcalloc(p, sizeof(*db));
    const char *path = arg ? arg : apr_pstrcat(p, default_dir, "/" DEFAULT_SUBDIR, NULL);
    char *merged;

    if (path[0] != '/')
        return saml_fail(err, SAML_E_STORE, "session store lmdb: expected an absolute path of a folder, got %s",
                         saml_quote(err->pool, path));
    if (apr_filepath_merge(&merged, "/", path, APR_FILEPATH_NOTRELATIVE, p) != APR_SUCCESS || merged[1] == '\0')
        return saml_fail(err, SAML_E_STORE, "session store lmdb: expected a path of a folder of its own, got %s",
                         saml_quote(err->pool, path));
    while (merged[strlen(merged) - 1] == '/')
        merged[strlen(merged) - 1] = '\0';
    db->path = merged;
    db->limit_bytes = LIMIT_BYTES;
    if (pthread_mutex_init(&db->writing, NULL) != 0)
        return saml_fail(err, SAML_E_STORE, "session store lmdb: no mutex to be had");
    *ctx = db;
    *name = merged;
    return SAML_OK;
}

void sso_store_lmdb_limit(sso_store_t *store, apr_size_t bytes)
{
    sso_lmdb_t *db = sso_store_context(store);

    db->limit_bytes = bytes;
}

/* The map grows with what it may have to hold. It is address space and no memory, so that it is never made smaller. */
static void lmdb_limit(void *ctx, apr_uint64_t sessions)
{
    apr_uint64_t most = LARGEST_BYTES / SESSION_BYTES;
    apr_size_t bytes = (apr_size_t)(sessions < most ? sessions : most) * SESSION_BYTES;
    sso_lmdb_t *db = ctx;

    db->limit_sessions = sessions;
    if (bytes > db->limit_bytes)
        db->limit_bytes = bytes;
}

static saml_status_t lmdb_check(void *ctx, saml_err_t *err)
{
    const sso_lmdb_t *db = ctx;
    int exists;

    /* Which user the children run as is not known here; prepare looks more closely. */
    return sso_private_dir_check(&exists, db->path, NULL, err);
}

static saml_status_t lmdb_prepare(void *ctx, const sso_store_owner_t *owner, apr_pool_t *p, saml_err_t *err)
{
    sso_lmdb_t *db = ctx;

    (void)p;
    SAML_TRY(sso_private_dir_make(db->path, sso_lmdb_files, owner, err));
    return sso_lmdb_try_as(db, owner, err);
}

/* What is remembered is in the file, and in none that was lost before. */
static saml_status_t lmdb_used_since(void *ctx, apr_time_t *since, saml_err_t *err)
{
    const sso_lmdb_t *db = ctx;

    SAML_TRY(sso_lmdb_check_open(db, err));
    *since = sso_lmdb_used_since(db);
    return SAML_OK;
}

static void lmdb_tell(void *ctx, const sso_store_news_t *news)
{
    sso_lmdb_t *db = ctx;

    db->news = *news;
}

static saml_status_t lmdb_open(void *ctx, apr_pool_t *p, saml_err_t *err)
{
    return sso_lmdb_open(ctx, p, err);
}

/* ---- look-up ------------------------------------------------------------ */

/* What the trees are searched by: the first octets of the key, as one integer. */
typedef union {
    apr_uint64_t number;
    unsigned char octets[SSO_LMDB_SHORT_KEY_BYTES];
} short_key_t;

static MDB_val short_key(short_key_t *room, const sso_key_t *key)
{
    MDB_val k = { sizeof(room->octets), room->octets };

    memcpy(room->octets, key->octets, sizeof(room->octets));
    return k;
}

/* What stands under a key, behind its head. @return 0, MDB_NOTFOUND, SSO_LMDB_OTHER_KEY or what LMDB says */
static int find(MDB_val *out, MDB_txn *txn, MDB_dbi dbi, const sso_key_t *key)
{
    short_key_t octets;
    MDB_val k = short_key(&octets, key);
    int rc = mdb_get(txn, dbi, &k, out);

    if (rc != 0)
        return rc;
    if (!sso_lmdb_is_whole(out))
        return MDB_CORRUPTED;
    return memcmp((const char *)out->mv_data + EXPIRY_BYTES, key->octets, SSO_KEY_BYTES) == 0 ? 0 : SSO_LMDB_OTHER_KEY;
}

static saml_status_t lmdb_get(void *ctx, const sso_key_t *key, const void **record, apr_size_t *len, apr_pool_t *p,
                              saml_err_t *err)
{
    sso_lmdb_t *db = ctx;
    MDB_val v;
    MDB_txn *txn;
    void *copy = NULL;
    int rc;

    SAML_TRY(sso_lmdb_check_open(db, err));
    rc = sso_lmdb_begin_read(db, &txn);
    if (rc != 0)
        return sso_lmdb_fail(db, rc, "looking a session up", err);
    rc = find(&v, txn, db->sessions, key);
    if (rc == 0)
        copy = apr_pmemdup(p, (const char *)v.mv_data + HEAD_BYTES, v.mv_size - HEAD_BYTES);
    sso_lmdb_end_read(db, txn);
    if (rc != 0 && rc != MDB_NOTFOUND && rc != SSO_LMDB_OTHER_KEY)
        return sso_lmdb_fail(db, rc, "looking a session up", err);
    *record = copy;
    *len = copy ? v.mv_size - HEAD_BYTES : 0;
    return SAML_OK;
}

/* ---- changes ------------------------------------------------------------ */

/* When what is under `key` ends. @return as find */
static int get_expiry(unsigned char *out, MDB_txn *txn, MDB_dbi dbi, const sso_key_t *key)
{
    MDB_val v;
    int rc = find(&v, txn, dbi, key);

    memset(out, 0, EXPIRY_BYTES);
    if (rc == 0)
        memcpy(out, v.mv_data, EXPIRY_BYTES);
    return rc;
}

static int put_record(MDB_txn *txn, MDB_dbi dbi, const sso_key_t *key, const unsigned char *expiry, const void *record,
                      apr_size_t len)
{
    short_key_t octets;
    MDB_val k = short_key(&octets, key), v = { HEAD_BYTES + len, NULL };
    apr_uint64_t seal;
    int rc = mdb_put(txn, dbi, &k, &v, MDB_RESERVE);

    if (rc != 0)
        return rc;
    memcpy(v.mv_data, expiry, EXPIRY_BYTES);
    memcpy((char *)v.mv_data + EXPIRY_BYTES, key->octets, SSO_KEY_BYTES);
    if (len > 0)
        memcpy((char *)v.mv_data + HEAD_BYTES, record, len);
    seal = sso_lmdb_seal(v.mv_data, SEALED_BYTES, record, len);
    memcpy((char *)v.mv_data + SEALED_BYTES, &seal, sizeof(seal));
    return 0;
}

static int drop_record(MDB_txn *txn, MDB_dbi dbi, const sso_key_t *key)
{
    short_key_t octets;
    MDB_val k = short_key(&octets, key);

    return mdb_del(txn, dbi, &k, NULL);
}

/* One record and its place in the order of endings; what was under the key before leaves no trace there. */
static int put_both(sso_lmdb_t *db, MDB_txn *txn, MDB_dbi dbi, unsigned char kind, const sso_key_t *key,
                    const void *record, apr_size_t len, apr_time_t expires)
{
    unsigned char old[EXPIRY_BYTES], expiry[EXPIRY_BYTES];
    int rc = get_expiry(old, txn, dbi, key);

    sso_lmdb_write_expiry(expiry, expires);
    if (rc == 0)
        rc = sso_lmdb_drop_expiry(db, txn, old, kind, key);
    else if (rc == MDB_NOTFOUND)
        rc = 0;
    if (rc == 0)
        rc = put_record(txn, dbi, key, expiry, record, len);
    return rc == 0 ? sso_lmdb_put_expiry(db, txn, expiry, kind, key) : rc;
}

/* What a change works on; `answer` is what it found out. */
typedef struct {
    const sso_key_t *key;
    const void *record;
    apr_size_t len;
    apr_time_t expires;
    apr_time_t now;
    int at_most;
    const sso_label_t *labels;
    int label_count;
    const sso_put_t *put;       /* a session with all that belongs to it */
    apr_uint64_t freed;         /* of put->instead */
    apr_size_t freed_bytes;
    int answer;
    apr_uint64_t sessions;      /* that there are */
} change_t;

/* Where nothing has to be written, a change answers NOTHING_TO_WRITE and its transaction is given up. */
#define NOTHING_TO_WRITE (-1)

static int try_change(sso_lmdb_t *db, int (*apply)(sso_lmdb_t *, MDB_txn *, change_t *), change_t *change)
{
    MDB_txn *txn;
    int rc = sso_lmdb_begin_write(db, db->env, &txn);

    if (rc != 0)
        return rc;
    rc = sso_lmdb_end_write(db, db->env, txn, apply(db, txn, change));
    return rc == NOTHING_TO_WRITE ? 0 : rc;
}

static saml_status_t apply_change(sso_lmdb_t *db, int (*apply)(sso_lmdb_t *, MDB_txn *, change_t *), change_t *change,
                                  const char *doing, saml_err_t *err)
{
    int dead, rc;

    SAML_TRY(sso_lmdb_check_open(db, err));
    rc = try_change(db, apply, change);
    if (rc == MDB_MAP_FULL && mdb_reader_check(db->env, &dead) == 0 && dead > 0)
        rc = try_change(db, apply, change);
    return rc == 0 ? SAML_OK : sso_lmdb_fail(db, rc, doing, err);
}

/* Only what is new has to fit under the limit: stamps and removals go on in a full store. */
static int check_room(sso_lmdb_t *db, MDB_txn *txn, apr_size_t len)
{
    sso_store_stat_t st;
    int rc = sso_lmdb_count(&st, db, txn);

    if (rc != 0)
        return rc;
    return st.bytes_used + len > st.bytes_limit ? MDB_MAP_FULL : 0;
}

static int put_session(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    return put_both(db, txn, db->sessions, KIND_SESSION, c->key, c->record, c->len, c->expires);
}

/* The tree knows how many it holds. One that takes the place of another is none more. */
static int check_limit(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    unsigned char old[EXPIRY_BYTES];
    MDB_stat st;
    int rc = mdb_stat(txn, db->sessions, &st);

    if (rc != 0)
        return rc;
    c->sessions = st.ms_entries - (c->put->instead_stay ? c->freed : 0);
    if (db->limit_sessions == 0 || c->sessions < db->limit_sessions)
        return 0;
    rc = get_expiry(old, txn, db->sessions, c->key);
    c->answer = rc == MDB_NOTFOUND;
    return c->answer ? SSO_LMDB_AT_LIMIT : rc;
}

static int apply_replace(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    unsigned char old[EXPIRY_BYTES];
    int rc = get_expiry(old, txn, db->sessions, c->key);

    c->answer = rc == 0;
    if (rc == MDB_NOTFOUND || rc == SSO_LMDB_OTHER_KEY)
        return NOTHING_TO_WRITE;
    return rc == 0 ? put_session(db, txn, c) : rc;
}

static saml_status_t lmdb_replace(void *ctx, const sso_key_t *key, const void *record, apr_size_t len,
                                  apr_time_t expires, int *found, saml_err_t *err)
{
    change_t change = { .key = key, .record = record, .len = len, .expires = expires };

    SAML_TRY(apply_change(ctx, apply_replace, &change, "renewing a session", err));
    *found = change.answer;
    return SAML_OK;
}

/* All that is kept of one session. @return as get_expiry: MDB_NOTFOUND and SSO_LMDB_OTHER_KEY where there is none */
static int end_session(sso_lmdb_t *db, MDB_txn *txn, const sso_key_t *key)
{
    unsigned char old[EXPIRY_BYTES];
    int rc = get_expiry(old, txn, db->sessions, key);

    if (rc == 0)
        rc = sso_lmdb_drop_expiry(db, txn, old, KIND_SESSION, key);
    if (rc == 0)
        rc = drop_record(txn, db->sessions, key);
    return rc == 0 ? sso_lmdb_unlabel(db, txn, key) : rc;
}

/* A browser may send a cookie several times. */
static int comes_again(const sso_put_t *put, int i)
{
    for (int k = 0; k < i; k++) {
        if (memcmp(&put->instead[k], &put->instead[i], sizeof(put->instead[i])) == 0)
            return 1;
    }
    return 0;
}

/* Ends them, where the transaction comes to a good end. Their room, in sessions and in octets, is that of the new one. */
static int end_instead(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    int i, rc = 0;

    c->freed = 0;
    c->freed_bytes = 0;
    for (i = 0; i < c->put->instead_count && rc == 0; i++) {
        MDB_val v;

        if (comes_again(c->put, i))
            continue;
        rc = find(&v, txn, db->sessions, &c->put->instead[i]);
        if (rc == 0) {
            c->freed++;
            c->freed_bytes += v.mv_size - HEAD_BYTES;
            rc = c->put->instead_stay ? 0 : end_session(db, txn, &c->put->instead[i]);
        } else if (rc == MDB_NOTFOUND || rc == SSO_LMDB_OTHER_KEY) {
            rc = 0;
        }
    }
    return rc;
}

static int apply_put(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    int rc = end_instead(db, txn, c);
    MDB_stat st;

    if (rc == 0)
        rc = check_limit(db, txn, c);
    if (rc == 0 && (c->freed == 0 || c->len > c->freed_bytes))
        rc = check_room(db, txn, c->len - c->freed_bytes);
    if (rc == 0)
        rc = put_session(db, txn, c);
    if (rc == 0)
        rc = mdb_stat(txn, db->sessions, &st);
    if (rc == 0)
        c->sessions = st.ms_entries - (c->put->instead_stay ? c->freed : 0);
    return rc == 0 ? sso_lmdb_label(db, txn, c->key, c->put->labels, c->put->label_count) : rc;
}

static int apply_remove(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    int rc = end_session(db, txn, c->key);

    c->answer = rc == 0;
    return rc == MDB_NOTFOUND || rc == SSO_LMDB_OTHER_KEY ? NOTHING_TO_WRITE : rc;
}

static saml_status_t lmdb_remove(void *ctx, const sso_key_t *key, int *found, saml_err_t *err)
{
    change_t change = { .key = key };

    SAML_TRY(apply_change(ctx, apply_remove, &change, "ending a session", err));
    *found = change.answer;
    return SAML_OK;
}

/* Every session with that label. A label whose session a module without labels has ended goes too. */
static int end_labelled(sso_lmdb_t *db, MDB_txn *txn, const sso_label_t *label, int *ended, int *changed)
{
    sso_key_t key;
    int rc;

    while ((rc = sso_lmdb_any_labelled(&key, db, txn, label)) == 0) {
        *changed = 1;
        rc = end_session(db, txn, &key);
        *ended += rc == 0;
        if (rc == 0 || rc == MDB_NOTFOUND || rc == SSO_LMDB_OTHER_KEY)
            rc = sso_lmdb_forget_label(db, txn, label, &key);
        if (rc != 0)
            return rc;
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int apply_remove_labelled(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    int i, rc = 0, changed = 0;

    c->answer = 0;
    for (i = 0; i < c->label_count && rc == 0; i++)
        rc = end_labelled(db, txn, &c->labels[i], &c->answer, &changed);
    return rc == 0 && !changed ? NOTHING_TO_WRITE : rc;
}

static saml_status_t lmdb_remove_labelled(void *ctx, const sso_label_t *labels, int label_count, int *removed,
                                          saml_err_t *err)
{
    change_t change = { .labels = labels, .label_count = label_count };

    SAML_TRY(apply_change(ctx, apply_remove_labelled, &change, "ending sessions", err));
    *removed = change.answer;
    return SAML_OK;
}

static int apply_use(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    unsigned char until[EXPIRY_BYTES];
    int rc = get_expiry(until, txn, db->used, c->key);

    c->answer = rc == 0 && sso_lmdb_read_expiry(until) > c->now;
    if (c->answer)
        return NOTHING_TO_WRITE;
    if (rc == 0 || rc == MDB_NOTFOUND)
        rc = check_room(db, txn, 0);
    if (rc != 0)
        return rc;
    return put_both(db, txn, db->used, KIND_USED, c->key, NULL, 0, c->expires);
}

/* What is written into a file that has been removed or moved aside, a child that has the new one never sees. */
static saml_status_t lmdb_use_once(void *ctx, const sso_key_t *key, apr_time_t until, apr_time_t now, saml_err_t *err)
{
    change_t change = { .key = key, .expires = until, .now = now };

    SAML_TRY(sso_lmdb_check_open(ctx, err));
    SAML_TRY(sso_lmdb_check_place(ctx, err));
    SAML_TRY(apply_change(ctx, apply_use, &change, "remembering a used ID", err));
    if (change.answer)
        return saml_fail(err, SAML_E_REPLAY, "ID: expected one that was not used before, got one that was");
    return SAML_OK;
}

/* ---- marks ---------------------------------------------------------------- */

static saml_status_t lmdb_mark_get(void *ctx, const sso_key_t *key, apr_time_t now, sso_mark_t *out, int *found,
                                   saml_err_t *err)
{
    sso_lmdb_t *db = ctx;
    sso_mark_t got = { .expires = 0 };
    MDB_val v;
    MDB_txn *txn;
    int rc;

    SAML_TRY(sso_lmdb_check_open(db, err));
    rc = sso_lmdb_begin_read(db, &txn);
    if (rc != 0)
        return sso_lmdb_fail(db, rc, "looking a mark up", err);
    rc = find(&v, txn, db->marks, key);
    if (rc == 0 && v.mv_size != HEAD_BYTES + SSO_KEY_BYTES)
        rc = MDB_CORRUPTED;
    if (rc == 0) {
        got.expires = sso_lmdb_read_expiry(v.mv_data);
        memcpy(got.value.octets, (const char *)v.mv_data + HEAD_BYTES, SSO_KEY_BYTES);
    }
    sso_lmdb_end_read(db, txn);
    if (rc != 0 && rc != MDB_NOTFOUND && rc != SSO_LMDB_OTHER_KEY)
        return sso_lmdb_fail(db, rc, "looking a mark up", err);
    *found = rc == 0 && got.expires > now;
    if (*found)
        *out = got;
    return SAML_OK;
}

static int apply_mark(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    int rc = check_room(db, txn, c->len);

    return rc == 0 ? put_both(db, txn, db->marks, KIND_MARK, c->key, c->record, c->len, c->expires) : rc;
}

static saml_status_t lmdb_mark_put(void *ctx, const sso_key_t *key, const sso_key_t *value, apr_time_t expires, saml_err_t *err)
{
    change_t change = { .key = key, .record = value->octets, .len = sizeof(value->octets), .expires = expires };

    return apply_change(ctx, apply_mark, &change, "keeping a mark", err);
}

/* ---- sweep and statistics ----------------------------------------------- */

static MDB_dbi database_of(const sso_lmdb_t *db, unsigned char kind)
{
    return kind == KIND_SESSION ? db->sessions : kind == KIND_MARK ? db->marks : db->used;
}

/* The record of one entry, if it is the one that ends then. */
static int drop_ended(sso_lmdb_t *db, MDB_txn *txn, const unsigned char *entry)
{
    MDB_dbi dbi = database_of(db, entry[EXPIRY_BYTES]);
    unsigned char expiry[EXPIRY_BYTES];
    sso_key_t key;
    int rc;

    memcpy(key.octets, entry + EXPIRY_BYTES + 1, SSO_KEY_BYTES);
    rc = get_expiry(expiry, txn, dbi, &key);
    if (rc == MDB_NOTFOUND || rc == SSO_LMDB_OTHER_KEY || (rc == 0 && memcmp(expiry, entry, EXPIRY_BYTES) != 0))
        return 0;
    if (rc == 0)
        rc = drop_record(txn, dbi, &key);
    return rc == 0 && dbi == db->sessions ? sso_lmdb_unlabel(db, txn, &key) : rc;
}

static int apply_sweep(sso_lmdb_t *db, MDB_txn *txn, change_t *c)
{
    MDB_cursor *cursor;
    MDB_val k, v;
    unsigned char entry[EXPIRY_KEY_BYTES];
    int rc = mdb_cursor_open(txn, db->expiry, &cursor);

    if (rc != 0)
        return rc;
    c->answer = 0;
    while (c->answer < c->at_most && (rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST)) == 0) {
        if (k.mv_size != EXPIRY_KEY_BYTES) {
            rc = MDB_CORRUPTED;
            break;
        }
        memcpy(entry, k.mv_data, sizeof(entry));
        if (sso_lmdb_read_expiry(entry) > c->now)
            break;
        rc = mdb_cursor_del(cursor, 0);
        if (rc == 0)
            rc = drop_ended(db, txn, entry);
        if (rc != 0)
            break;
        c->answer++;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static saml_status_t lmdb_sweep(void *ctx, apr_time_t now, int at_most, int *swept, saml_err_t *err)
{
    sso_lmdb_t *db = ctx;
    change_t change = { .now = now, .at_most = at_most };
    int due, dead, rc;

    SAML_TRY(sso_lmdb_check_open(db, err));
    SAML_TRY(sso_lmdb_check_place(db, err));
    rc = mdb_reader_check(db->env, &dead);
    if (rc == 0)
        rc = sso_lmdb_is_due(db, now, &due);
    if (rc == 0 && due && at_most > 0) {
        /* Where there is hardly any room left, fewer at a time: each needs some before it gives some. */
        while ((rc = try_change(db, apply_sweep, &change)) != 0 && (rc == MDB_MAP_FULL || rc == ENOSPC)
               && change.at_most > 1)
            change.at_most = (change.at_most + 3) / 4;
    }
    if (rc != 0)
        return sso_lmdb_fail(db, rc, "sweeping", err);
    *swept = change.answer;
    return SAML_OK;
}

/* At the limit, what has ended does not count: it goes first. */
static saml_status_t lmdb_put(void *ctx, const sso_put_t *put, apr_uint64_t *sessions, saml_err_t *err)
{
    sso_lmdb_t *db = ctx;
    int swept = SWEEP_STEP;

    for (;;) {
        change_t change = { .key = put->key, .record = put->record, .len = put->len, .expires = put->expires, .put = put };
        saml_status_t status = apply_change(db, apply_put, &change, "keeping a session", err);

        if (!change.answer) {
            *sessions = change.sessions;
            return status;
        }
        if (swept < SWEEP_STEP)
            return sso_store_full(apr_pstrcat(err->pool, "lmdb:", db->path, NULL), db->limit_sessions, change.sessions, err);
        SAML_TRY(lmdb_sweep(db, apr_time_now(), SWEEP_STEP, &swept, err));
    }
}

static saml_status_t lmdb_stat(void *ctx, sso_store_stat_t *out, saml_err_t *err)
{
    sso_lmdb_t *db = ctx;
    sso_store_stat_t got;
    MDB_txn *txn;
    int rc;

    SAML_TRY(sso_lmdb_check_open(db, err));
    rc = sso_lmdb_begin_read(db, &txn);
    if (rc != 0)
        return sso_lmdb_fail(db, rc, "counting", err);
    rc = sso_lmdb_count(&got, db, txn);
    sso_lmdb_end_read(db, txn);
    if (rc != 0)
        return sso_lmdb_fail(db, rc, "counting", err);
    *out = got;
    return SAML_OK;
}

const sso_store_provider_t sso_store_lmdb = {
    .scheme = "lmdb", .configure = lmdb_configure, .check = lmdb_check, .prepare = lmdb_prepare, .open = lmdb_open,
    .get = lmdb_get, .put = lmdb_put, .replace = lmdb_replace, .remove = lmdb_remove,
    .remove_labelled = lmdb_remove_labelled, .use_once = lmdb_use_once, .mark_get = lmdb_mark_get, .mark_put = lmdb_mark_put,
    .sweep = lmdb_sweep, .stat = lmdb_stat, .limit = lmdb_limit, .each = sso_lmdb_each,
    .used_since = lmdb_used_since, .tell = lmdb_tell,
    .attach = sso_lmdb_attach
};
