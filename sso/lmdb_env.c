/* SPDX-License-Identifier: Apache-2.0 */
/* The LMDB environment: what may be opened, as whom, and how readers come by a transaction. store_lmdb.c says why. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_strings.h>
#include "lmdb_env.h"
#include "lmdb_labels.h"

#define FORMAT_KEY      "saml-sso"
#define FORMAT_VERSION  "sessions 2"
#define MAX_READERS     16384   /* slots of 64 bytes, sparse: SSO_LMDB_KEPT_TXNS for each of 256 children */
#define MAX_DATABASES   6
#define SPARE_PAGES     256     /* at the end of the file, that a commit may have given back before writing them */

const char *const sso_lmdb_files[] = { "data.mdb", "lock.mdb", NULL };

/* ---- saying what went wrong --------------------------------------------- */

saml_status_t sso_lmdb_fail(const sso_lmdb_t *db, int rc, const char *doing, saml_err_t *err)
{
    err->full = rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT;
    switch (rc) {
    case MDB_MAP_FULL:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s is full (%" APR_SIZE_T_FMT " bytes); nothing was "
                         "dropped for it", doing, db->path, db->limit_bytes);
    case ENOSPC:
    case EDQUOT:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s cannot grow, its disk or quota is full; nothing "
                         "was dropped for it", doing, db->path);
    case MDB_INVALID:
        return saml_fail(err, SAML_E_STORE, "%s: expected an LMDB file in %s/data.mdb, got another kind of file", doing,
                         db->path);
    case MDB_VERSION_MISMATCH:
        return saml_fail(err, SAML_E_STORE, "%s: expected %s/data.mdb and lock.mdb of this LMDB version, got another",
                         doing, db->path);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_BAD_VALSIZE:
        return saml_fail(err, SAML_E_STORE, "%s: the session store %s is damaged (%s); stop the server, delete the "
                         "folder's files and start it: everybody signs on again", doing, db->path, mdb_strerror(rc));
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
static saml_status_t check_file_size(const sso_lmdb_t *db, MDB_env *env, saml_err_t *err)
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
    if ((apr_uint64_t)file.st_size + (apr_uint64_t)SPARE_PAGES * st.ms_psize < want)
        return saml_fail(err, SAML_E_STORE, "opening: the session store %s is damaged: expected data.mdb of %"
                         APR_UINT64_T_FMT " bytes, got %" APR_OFF_T_FMT "; stop the server, delete the folder's files "
                         "and start it: everybody signs on again", db->path, want, (apr_off_t)file.st_size);
    if ((apr_uint64_t)file.st_size < want && ftruncate(fd, (off_t)want) != 0)
        return sso_lmdb_fail(db, errno, "opening", err);
    return SAML_OK;
}

/* Ours, of this version, or new. */
static saml_status_t check_format(const sso_lmdb_t *db, MDB_txn *txn, saml_err_t *err)
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
        return saml_fail(err, SAML_E_STORE, "opening: expected %s to hold \"%s\", got %s of another version of this "
                         "module; give the store another folder, or delete these files: everybody signs on again",
                         db->path, FORMAT_VERSION, saml_quote_bytes(err->pool, got.mv_data, got.mv_size));
    if (rc == 0)
        return SAML_OK;
    if (rc == MDB_NOTFOUND && (rc = mdb_stat(txn, unnamed, &st)) == 0) {
        if (st.ms_entries != 0)
            return saml_fail(err, SAML_E_STORE, "opening: expected %s to be ours, got the LMDB files of another "
                             "program; give the store a folder of its own", db->path);
        rc = mdb_put(txn, unnamed, &key, &want, 0);
    }
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

static saml_status_t open_databases(sso_lmdb_t *db, MDB_env *env, saml_err_t *err)
{
    MDB_txn *txn;
    int rc = sso_lmdb_begin_write(db, env, &txn);
    saml_status_t status;

    if (rc != 0)
        return sso_lmdb_fail(db, rc, "opening", err);
    status = check_file_size(db, env, err);
    if (status == SAML_OK)
        status = check_format(db, txn, err);
    if (status == SAML_OK)
        rc = make_databases(db, txn);
    rc = sso_lmdb_end_write(db, env, txn, status == SAML_OK ? rc : EINVAL);
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

static saml_status_t open_env(sso_lmdb_t *db, MDB_env **out, saml_err_t *err)
{
    MDB_env *env;
    int dead, rc = mdb_env_create(&env);
    saml_status_t status;

    if (rc != 0)
        return sso_lmdb_fail(db, rc, "opening", err);
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
        status = open_databases(db, env, err);
    if (status != SAML_OK) {
        mdb_env_close(env);
        return status;
    }
    *out = env;
    return SAML_OK;
}

/* ---- a try, as the children --------------------------------------------- */

/*
 * The children write the files, so a child that was taken over decides what is in them, and in the locks. Root must neither read
 * such a map nor wait for such a lock: a process of its own does, that has given up root for good and may take only so long.
 */
#define TRY_S          30
#define MAX_SAID_BYTES 1024

static saml_status_t try_here(sso_lmdb_t *db, saml_err_t *err)
{
    MDB_env *env = NULL;

    SAML_TRY(open_env(db, &env, err));
    mdb_env_close(env);
    return SAML_OK;
}

/* For good, and with the further groups that the children will have. */
static int become(const sso_store_owner_t *owner)
{
    const struct passwd *user = getpwuid((uid_t)owner->uid);
    gid_t gid = owner->gid != -1 ? (gid_t)owner->gid : getegid();

    return (user ? initgroups(user->pw_name, gid) : setgroups(1, &gid)) == 0 && setgid(gid) == 0
           && setuid((uid_t)owner->uid) == 0;
}

static __attribute__((noreturn)) void try_and_tell(sso_lmdb_t *db, const sso_store_owner_t *owner, int to, saml_err_t *err)
{
    saml_status_t status;

    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGHUP, SIG_DFL);
    status = become(owner) ? try_here(db, err)
                           : saml_fail(err, SAML_E_STORE, "expected to open the session store as user %d, got: %s",
                                       owner->uid, strerror(errno));
    if (status != SAML_OK && write(to, err->reason, strlen(err->reason)) < 0)
        _exit(2);
    _exit(status == SAML_OK ? 0 : 1);
}

/* What the other process says until it ends. @return 0 where it took too long */
static int hear(char *said, apr_size_t size, int from)
{
    apr_time_t end = apr_time_now() + apr_time_from_sec(TRY_S);
    apr_size_t len = 0;

    said[0] = '\0';
    for (;;) {
        apr_interval_time_t left = end - apr_time_now();
        struct pollfd ready = { from, POLLIN, 0 };
        ssize_t got;

        if (left <= 0 || len + 1 == size)
            return len + 1 == size;
        if (poll(&ready, 1, (int)apr_time_as_msec(left) + 1) <= 0)
            continue;
        got = read(from, said + len, size - 1 - len);
        if (got <= 0)
            return 1;
        len += (apr_size_t)got;
        said[len] = '\0';
    }
}

static saml_status_t judge(const sso_lmdb_t *db, int in_time, int code, char *said, saml_err_t *err)
{
    char *c;

    if (!in_time)
        return saml_fail(err, SAML_E_STORE, "opening: the session store %s gave no answer within %d s: some process holds its "
                         "lock; end what uses the folder, then start the server", db->path, TRY_S);
    if (WIFEXITED(code) && WEXITSTATUS(code) == 0)
        return SAML_OK;
    for (c = said; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    if (!*said)
        return saml_fail(err, SAML_E_STORE, "opening: the session store %s is damaged: the process that tried to open it ended "
                         "with %d; stop the server, delete the folder's files and start it: everybody signs on again",
                         db->path, code);
    return saml_fail(err, SAML_E_STORE, "%s", said);
}

saml_status_t sso_lmdb_try_as(sso_lmdb_t *db, const sso_store_owner_t *owner, saml_err_t *err)
{
    char said[MAX_SAID_BYTES];
    int ends[2], code = -1, in_time;
    pid_t pid;

    if (!owner || owner->uid == -1 || (uid_t)owner->uid == geteuid())
        return try_here(db, err);
    if (pipe(ends) != 0)
        return saml_fail(err, SAML_E_STORE, "opening: no pipe to be had: %s", strerror(errno));
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        try_and_tell(db, owner, ends[1], err);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return saml_fail(err, SAML_E_STORE, "opening: no process to be had: %s", strerror(errno));
    }
    in_time = hear(said, sizeof(said), ends[0]);
    close(ends[0]);
    if (!in_time)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
        ;
    return judge(db, in_time, code, said, err);
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
    if (db->env && db->pid != getpid())
        return saml_fail(err, SAML_E_STORE, "the session store %s was opened before this process was made by fork", db->path);
    if (db->env)
        return SAML_OK;
    SAML_TRY(open_env(db, &db->env, err));
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

