/* SPDX-License-Identifier: Apache-2.0 */
/* The LMDB environment: what may be opened, as whom, and how readers come by a transaction. store_lmdb.c says why. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <apr_strings.h>
#include "lmdb_env.h"
#include "lmdb_labels.h"

#define FORMAT_KEY      "saml-sso"
#define FORMAT_VERSION  "sessions 2"
#define FORMAT_EARLIER  "sessions 1"
#define SINCE_KEY       "used since"
#define LONGEST_SKEW    apr_time_from_sec(600)
#define MAX_READERS     65536   /* slots of 64 bytes: SSO_LMDB_KEPT_TXNS for each of 1024 children, or that many children of one thread */
#define MAX_DATABASES   6
#define SPARE_PAGES     256     /* at the end of the file, that a commit may have given back before writing them */

const char *const sso_lmdb_files[] = { "data.mdb", "lock.mdb", NULL };

/* ---- saying what went wrong --------------------------------------------- */

#define RESTART "; restart the server: it moves the file aside and begins a new one, and everybody signs on again"

int sso_lmdb_is_damage(int rc)
{
    return rc == MDB_INVALID || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_BAD_VALSIZE || rc == MDB_CURSOR_FULL;
}

/* What is found while the store is opened is mended there, see lmdb_try.c. */
static saml_status_t fail_damaged(const sso_lmdb_t *db, const char *what, saml_err_t *err)
{
    return saml_fail(err, SAML_E_STORE, "the session store %s is damaged (%s)%s", db->path, what, db->env ? RESTART : "");
}

saml_status_t sso_lmdb_fail(const sso_lmdb_t *db, int rc, const char *doing, saml_err_t *err)
{
    err->full = rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
    switch (rc) {
    case MDB_MAP_FULL:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s is full (%" APR_SIZE_T_FMT " bytes); nothing was "
                         "dropped for it", doing, db->path, db->limit_bytes);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s cannot grow, its disk, quota or largest size of a "
                         "file is reached; nothing was dropped for it", doing, db->path);
    case MDB_VERSION_MISMATCH:
        return saml_fail(err, SAML_E_STORE, "%s: expected %s/data.mdb and lock.mdb of this LMDB version, got another",
                         doing, db->path);
    case EIO:               /* LMDB's word for a write of which a part was done, too */
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s could not be written in full: its disk is full, or fails; nothing was "
                         "dropped for it", doing, db->path);
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_BAD_VALSIZE:
    case MDB_CURSOR_FULL:
        return fail_damaged(db, apr_psprintf(err->pool, "%s: %s", doing, mdb_strerror(rc)), err);
    case EROFS:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s is on a file system that can no longer be written; nothing was "
                         "changed", doing, db->path);
    case MDB_MAP_RESIZED:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s has outgrown what this process, begun before a restart, can see; "
                         "it ends soon", doing, db->path);
    case MDB_PANIC:
        return saml_fail(err, SAML_E_STORE, "%s: a write to the session store %s failed half-way, and this process cannot "
                         "use it any more; look at its disk, then restart the server", doing, db->path);
    case MDB_READERS_FULL:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s has all %d readers at work", doing, db->path,
                         MAX_READERS);
    case SSO_LMDB_OTHER_KEY:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s holds another key that begins alike; try again", doing,
                         db->path);
    default:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s answered: %s", doing, db->path,
                         mdb_strerror(rc));
    }
}

apr_time_t sso_lmdb_read_expiry(const unsigned char *head)
{
    apr_uint64_t t = 0;
    int i;

    for (i = 0; i < SSO_LMDB_EXPIRY_BYTES; i++)
        t = t << 8 | head[i];
    return (apr_time_t)t;
}

saml_status_t sso_lmdb_check_open(const sso_lmdb_t *db, saml_err_t *err)
{
    if (!db->env)
        return saml_fail(err, SAML_E_STORE, "the session store %s is not open in this process", db->path);
    return SAML_OK;
}

saml_status_t sso_lmdb_check_place(const sso_lmdb_t *db, saml_err_t *err)
{
    struct stat open, there;
    mdb_filehandle_t fd;

    if (mdb_env_get_fd(db->env, &fd) != 0 || fstat(fd, &open) != 0)
        return sso_lmdb_fail(db, errno, "looking after its file", err);
    if (stat(apr_pstrcat(err->pool, db->path, "/data.mdb", NULL), &there) == 0 && there.st_dev == open.st_dev && there.st_ino == open.st_ino)
        return SAML_OK;
    return saml_fail(err, SAML_E_STORE, "data.mdb in %s is not the file that this process has open: it was removed, replaced or moved aside; sessions "
                     "that are kept there end with the process. Unless the server was just restarted, restart it", db->path);
}

/* ---- write transactions ------------------------------------------------- */

/* Locks of the open file rather than of the process, where there are such: closing another descriptor leaves them. */
#ifdef F_OFD_SETLKW
#define LOCK_AND_WAIT F_OFD_SETLKW
#else
#define LOCK_AND_WAIT F_SETLKW
#endif

#define QUEUE_BYTE 0
#define WRITE_BYTE 1

static int set_lock(MDB_env *env, short type, off_t byte)
{
    struct flock lock;
    mdb_filehandle_t fd;
    int rc = mdb_env_get_fd(env, &fd);

    if (rc != 0)
        return rc;
    memset(&lock, 0, sizeof(lock));
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    while (fcntl(fd, LOCK_AND_WAIT, &lock) != 0) {
        if (errno != EINTR)
            return errno;
    }
    return 0;
}

static int join_writers(sso_lmdb_t *db, MDB_env *env)
{
    int rc;

    pthread_mutex_lock(&db->writing);
    rc = set_lock(env, F_WRLCK, QUEUE_BYTE);
    if (rc == 0) {
        int unlocked;

        rc = set_lock(env, F_WRLCK, WRITE_BYTE);
        unlocked = set_lock(env, F_UNLCK, QUEUE_BYTE);
        rc = rc == 0 ? unlocked : rc;
    }
    if (rc != 0)
        pthread_mutex_unlock(&db->writing);
    return rc;
}

static void leave_writers(sso_lmdb_t *db, MDB_env *env)
{
    /* That it fails leaves nothing to do: the lock goes with the process at the latest. */
    (void)set_lock(env, F_UNLCK, WRITE_BYTE);
    pthread_mutex_unlock(&db->writing);
}

int sso_lmdb_begin_write(sso_lmdb_t *db, MDB_env *env, MDB_txn **out)
{
    int rc = join_writers(db, env);

    if (rc != 0)
        return rc;
    rc = mdb_txn_begin(env, NULL, 0, out);
    if (rc != 0)
        leave_writers(db, env);
    return rc;
}

int sso_lmdb_end_write(sso_lmdb_t *db, MDB_env *env, MDB_txn *txn, int rc)
{
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    leave_writers(db, env);
    return rc;
}

/* ---- open ---------------------------------------------------------------- */

/*
 * A file that was cut short (a copy that broke off) would be a SIGBUS later on. LMDB itself may leave out the last
 * pages that it knows of; a hole in their place reads as "no such page". Called with the writers' lock held: nobody
 * else changes the file's size.
 */
static saml_status_t check_file_size(sso_lmdb_t *db, MDB_env *env, saml_err_t *err)
{
    mdb_filehandle_t fd;
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    apr_uint64_t want;
    int rc = mdb_env_get_fd(env, &fd);

    if (rc == 0)
        rc = mdb_env_info(env, &info);
    if (rc == 0)
        rc = mdb_env_stat(env, &st);
    if (rc == 0 && fstat(fd, &file) != 0)
        rc = errno;
    if (rc != 0)
        return sso_lmdb_fail(db, rc, "opening", err);
    want = (apr_uint64_t)(info.me_last_pgno + 1) * st.ms_psize;
    if ((apr_uint64_t)file.st_size + (apr_uint64_t)SPARE_PAGES * st.ms_psize < want) {
        db->found = SSO_LMDB_DAMAGED;
        return fail_damaged(db, apr_psprintf(err->pool, "expected data.mdb of %" APR_UINT64_T_FMT " bytes, got %" APR_OFF_T_FMT, want,
                                             (apr_off_t)file.st_size), err);
    }
    if ((apr_uint64_t)file.st_size < want && ftruncate(fd, (off_t)want) != 0)
        return sso_lmdb_fail(db, errno, "opening", err);
    return SAML_OK;
}

static apr_time_t steady_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return apr_time_from_sec(t.tv_sec) + t.tv_nsec / 1000;
}

/* The file was there when it was opened: also where the clock was set back since. */
apr_time_t sso_lmdb_used_since(const sso_lmdb_t *db)
{
    apr_time_t opened = apr_time_now() - (steady_clock() - db->opened_at);

    return db->used_since < opened ? db->used_since : opened;
}

/*
 * Since when used IDs are remembered: since the file was made. Whatever was used before may stand in another, which is lost: for certain where
 * one was moved aside. A file where none was before is mostly the first; but the folder may have been in memory, so that answers from longer
 * ago than clocks may differ are not taken, and none is refused that came since. A time to come is that of a clock which has been set back, as
 * after a start before the time was known: nobody could sign on until then. It is now for all that can be told.
 */
static int read_since(sso_lmdb_t *db, MDB_txn *txn, MDB_dbi unnamed)
{
    apr_time_t now = apr_time_now(), since = now - (db->is_anew ? 0 : LONGEST_SKEW);
    MDB_val key = { sizeof(SINCE_KEY) - 1, (void *)SINCE_KEY }, value = { sizeof(since), &since };
    int rc = mdb_get(txn, unnamed, &key, &value);

    if (rc == 0 && value.mv_size != sizeof(since))
        return MDB_CORRUPTED;
    if (rc == 0)
        memcpy(&since, value.mv_data, sizeof(since));
    if (rc == MDB_NOTFOUND || (rc == 0 && since > now)) {
        since = since > now ? now : since;
        value = (MDB_val){ sizeof(since), &since };
        rc = mdb_put(txn, unnamed, &key, &value, 0);
    }
    db->used_since = since;
    db->opened_at = steady_clock();
    return rc;
}

static saml_status_t fail_version(sso_lmdb_t *db, const MDB_val *got, saml_err_t *err)
{
    const char *version = saml_quote_bytes(err->pool, got->mv_data, got->mv_size);

    if (got->mv_size == sizeof(FORMAT_EARLIER) - 1 && memcmp(got->mv_data, FORMAT_EARLIER, got->mv_size) == 0) {
        db->found = SSO_LMDB_EARLIER;
        return saml_fail(err, SAML_E_STORE, "the session store %s is of an earlier version of this module (%s)", db->path, version);
    }
    return saml_fail(err, SAML_E_STORE, "opening: expected %s to hold \"%s\", got %s of another version of this "
                     "module; give the store another folder, or delete these files: everybody signs on again",
                     db->path, FORMAT_VERSION, version);
}

/* Or no name at all, as there is in a page that belongs elsewhere. */
static int is_our_name(const MDB_val *k)
{
    const unsigned char *c = k->mv_data, *end = c + k->mv_size;
    static const char *const names[] = { FORMAT_KEY, SINCE_KEY, "sessions", "used", "marks", "expiry", "labels", "labelled" };
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (k->mv_size == strlen(names[i]) && memcmp(k->mv_data, names[i], k->mv_size) == 0)
            return 1;
    }
    while (c < end && *c >= 0x20 && *c < 0x7f)
        c++;
    return k->mv_size == 0 || c < end;
}

/* It does not say whose it is: somebody else's where all that it says is whole and no name is ours, else ours and damaged. */
static saml_status_t fail_format(sso_lmdb_t *db, MDB_txn *txn, MDB_dbi unnamed, apr_size_t entries, saml_err_t *err)
{
    apr_size_t ours = 0, all = 0;
    MDB_cursor *cursor;
    MDB_val k, v;
    int rc = mdb_cursor_open(txn, unnamed, &cursor);

    if (rc == 0) {
        for (rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
            all++;
            ours += is_our_name(&k);
        }
        mdb_cursor_close(cursor);
    }
    if (rc == MDB_NOTFOUND && all == entries && ours == 0)
        return saml_fail(err, SAML_E_STORE, "opening: expected %s to be ours, got the LMDB files of another program; give the store a folder of "
                         "its own", db->path);
    db->found = SSO_LMDB_DAMAGED;
    return fail_damaged(db, "its catalogue does not say whose it is", err);
}

/* Ours, of this version, or new. */
static saml_status_t check_format(sso_lmdb_t *db, MDB_txn *txn, saml_err_t *err)
{
    MDB_val key = { sizeof(FORMAT_KEY) - 1, (void *)FORMAT_KEY };
    MDB_val want = { sizeof(FORMAT_VERSION) - 1, (void *)FORMAT_VERSION };
    MDB_val got;
    MDB_stat st;
    MDB_dbi unnamed;
    int rc = mdb_dbi_open(txn, NULL, 0, &unnamed);

    if (rc == 0)
        rc = mdb_get(txn, unnamed, &key, &got);
    if (rc == 0 && (got.mv_size != want.mv_size || memcmp(got.mv_data, want.mv_data, want.mv_size) != 0))
        return fail_version(db, &got, err);
    if (rc == MDB_NOTFOUND && (rc = mdb_stat(txn, unnamed, &st)) == 0) {
        if (st.ms_entries != 0)
            return fail_format(db, txn, unnamed, st.ms_entries, err);
        rc = mdb_put(txn, unnamed, &key, &want, 0);
    }
    if (rc == 0)
        rc = read_since(db, txn, unnamed);
    if (sso_lmdb_is_damage(rc))
        db->found = SSO_LMDB_DAMAGED;
    return rc == 0 ? SAML_OK : sso_lmdb_fail(db, rc, "opening", err);
}

static int make_databases(sso_lmdb_t *db, MDB_txn *txn)
{
    /* LMDB compares integers of the size of a size_t fastest; elsewhere the octets do. */
    unsigned short_keys = sizeof(size_t) == SSO_LMDB_SHORT_KEY_BYTES ? MDB_INTEGERKEY : 0;
    int rc = mdb_dbi_open(txn, "sessions", MDB_CREATE | short_keys, &db->sessions);

    if (rc == 0)
        rc = mdb_dbi_open(txn, "used", MDB_CREATE | short_keys, &db->used);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "marks", MDB_CREATE | short_keys, &db->marks);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "expiry", MDB_CREATE, &db->expiry);
    return rc == 0 ? sso_lmdb_labels_open(db, txn, short_keys) : rc;
}

/* @param code  LMDB's, where it was LMDB that said no */
static saml_status_t open_databases(sso_lmdb_t *db, MDB_env *env, int *code, saml_err_t *err)
{
    MDB_txn *txn;
    int rc = sso_lmdb_begin_write(db, env, &txn);
    saml_status_t status;

    *code = rc;
    if (rc != 0)
        return sso_lmdb_fail(db, rc, "opening", err);
    status = check_file_size(db, env, err);
    if (status == SAML_OK)
        status = check_format(db, txn, err);
    if (status == SAML_OK)
        rc = make_databases(db, txn);
    *code = rc = sso_lmdb_end_write(db, env, txn, status == SAML_OK ? rc : EINVAL);
    if (status != SAML_OK)
        return status;
    return rc == 0 ? SAML_OK : sso_lmdb_fail(db, rc, "opening", err);
}

static saml_status_t fail_open(const sso_lmdb_t *db, int rc, saml_err_t *err)
{
    if (rc == EACCES || rc == EPERM || rc == EROFS)
        return saml_fail(err, SAML_E_STORE, "opening: expected user %ld to read and write %s/data.mdb and lock.mdb, "
                         "got: %s", (long)geteuid(), db->path, strerror(rc));
    if (rc == ENOENT)
        return saml_fail(err, SAML_E_STORE, "opening: expected the session store's folder %s, got: %s", db->path,
                         strerror(rc));
    if (rc == ENOMEM)
        return saml_fail(err, SAML_E_STORE, "opening: the session store %s needs %" APR_SIZE_T_FMT " bytes of address "
                         "space, got: %s (see ulimit -v)", db->path,
                         db->limit_bytes + SSO_LMDB_SPARE_BYTES(db->limit_bytes), strerror(rc));
    return sso_lmdb_fail(db, rc, "opening", err);
}

saml_status_t sso_lmdb_open_env(sso_lmdb_t *db, MDB_env **out, saml_err_t *err)
{
    MDB_env *env;
    int dead, rc = mdb_env_create(&env);
    saml_status_t status;

    if (rc != 0)
        return sso_lmdb_fail(db, rc, "opening", err);
    db->found = SSO_LMDB_FINE;
    rc = mdb_env_set_mapsize(env, db->limit_bytes + SSO_LMDB_SPARE_BYTES(db->limit_bytes));
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env, MAX_READERS);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(env, MAX_DATABASES);
    if (rc == 0)
        rc = mdb_env_open(env, db->path, MDB_NOTLS, 0600);
    status = rc == 0 ? SAML_OK : fail_open(db, rc, err);
    if (status == SAML_OK && (rc = mdb_reader_check(env, &dead)) != 0)
        status = sso_lmdb_fail(db, rc, "opening", err);
    if (status == SAML_OK)
        status = open_databases(db, env, &rc, err);
    if (status != SAML_OK) {
        if (db->found == SSO_LMDB_FINE)
            db->found = sso_lmdb_is_damage(rc) ? SSO_LMDB_DAMAGED : SSO_LMDB_REFUSED;
        mdb_env_close(env);
        return status;
    }
    *out = env;
    return SAML_OK;
}

/* ---- open in a child ---------------------------------------------------- */

static apr_status_t close_env(void *ctx)
{
    sso_lmdb_t *db = ctx;
    int i;

    for (i = 0; i < SSO_LMDB_KEPT_TXNS; i++) {
        MDB_txn *txn = __atomic_exchange_n(&db->kept[i].txn, NULL, __ATOMIC_ACQUIRE);

        if (txn)
            mdb_txn_abort(txn);
    }
    mdb_env_close(db->env);
    db->env = NULL;
    return APR_SUCCESS;
}

saml_status_t sso_lmdb_open(sso_lmdb_t *db, apr_pool_t *p, saml_err_t *err)
{
    saml_status_t status;

    if (db->env && db->pid != getpid())
        return saml_fail(err, SAML_E_STORE, "the session store %s was opened before this process was made by fork", db->path);
    if (db->env)
        return SAML_OK;
    status = sso_lmdb_open_env(db, &db->env, err);
    if (status != SAML_OK && db->found == SSO_LMDB_DAMAGED)
        err->reason = apr_pstrcat(err->pool, err->reason, RESTART, NULL);
    SAML_TRY(status);
    db->pid = getpid();
    apr_pool_cleanup_register(p, db, close_env, apr_pool_cleanup_null);
    return SAML_OK;
}

/* ---- read transactions -------------------------------------------------- */

/* Where a thread begins to look: spread by the address of its stack, which differs by thread. */
static unsigned first_place(void)
{
    char here = 0;
    apr_uintptr_t at = (apr_uintptr_t)&here;

    return (unsigned)((at >> 12) ^ (at >> 16) ^ (at >> 20)) % SSO_LMDB_KEPT_TXNS;
}

static MDB_txn *take_kept(sso_lmdb_t *db)
{
    unsigned i, first = first_place();

    for (i = 0; i < SSO_LMDB_KEPT_TXNS; i++) {
        sso_lmdb_kept_t *place = &db->kept[(first + i) % SSO_LMDB_KEPT_TXNS];
        MDB_txn *txn = __atomic_load_n(&place->txn, __ATOMIC_RELAXED);

        if (txn) {
            txn = __atomic_exchange_n(&place->txn, NULL, __ATOMIC_ACQUIRE);
            if (txn)
                return txn;
        }
    }
    return NULL;
}

void sso_lmdb_end_read(sso_lmdb_t *db, MDB_txn *txn)
{
    unsigned i, first = first_place();

    mdb_txn_reset(txn);
    for (i = 0; i < SSO_LMDB_KEPT_TXNS; i++) {
        sso_lmdb_kept_t *place = &db->kept[(first + i) % SSO_LMDB_KEPT_TXNS];
        MDB_txn *empty = NULL;

        if (__atomic_load_n(&place->txn, __ATOMIC_RELAXED) == NULL
            && __atomic_compare_exchange_n(&place->txn, &empty, txn, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            return;
    }
    mdb_txn_abort(txn);
}

static int begin_read_anew(sso_lmdb_t *db, MDB_txn **out)
{
    int dead, rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, out);

    if (rc == MDB_READERS_FULL && mdb_reader_check(db->env, &dead) == 0 && dead > 0)
        rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, out);
    return rc;
}

int sso_lmdb_begin_read(sso_lmdb_t *db, MDB_txn **out)
{
    MDB_txn *txn = take_kept(db);
    int rc;

    if (!txn)
        return begin_read_anew(db, out);
    rc = mdb_txn_renew(txn);
    if (rc != 0)
        mdb_txn_abort(txn);
    else
        *out = txn;
    return rc;
}

