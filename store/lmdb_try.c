/* SPDX-License-Identifier: Apache-2.0 */
#include "lmdb_try.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_strings.h>
#include "lmdb_look.h"
#include "private_dir.h"

/*
 * The children write the files, so a child that was taken over decides what is in them, and in the locks. Root must neither read
 * such a map nor wait for such a lock: a process of its own does, that has given up root for good and may take only so long. Where
 * there is no root to give up it is one of its own, too, as LMDB may end the process that reads a damaged file.
 */
#define TRY_S          30
#define LOOK           apr_time_from_sec(10)
#define MAX_SAID_BYTES 1024

/* ---- in the process that tries ----------------------------------------------------------------------------------- */

/*
 * The table of readers is written through a map. A disk that is full when that first happens would be a SIGBUS, so it gets its room now.
 * Not by posix_fallocate, which writes into a file where the system call is missing, under the hands of those that use it.
 */
static saml_status_t reserve_readers(const sso_lmdb_t *db, saml_err_t *err)
{
    int fd = open(apr_pstrcat(err->pool, db->path, "/lock.mdb", NULL), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    struct stat st = { .st_size = 0 };
    int failed = fd < 0 || fstat(fd, &st) != 0 ? errno : 0;

#ifdef __linux__
    if (!failed && fallocate(fd, 0, 0, st.st_size) != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
        failed = errno;
#endif
    if (fd >= 0)
        close(fd);
    return failed ? sso_lmdb_fail(db, failed, "making room for lock.mdb", err) : SAML_OK;
}

static saml_status_t try_here(sso_lmdb_t *db, saml_err_t *err)
{
    MDB_env *env = NULL;
    saml_status_t status;

    db->env = NULL;             /* a parent's, which may not be used after a fork */
    SAML_TRY(sso_lmdb_open_env(db, &env, err));
    status = sso_lmdb_look_through(db, env, LOOK, err);
    mdb_env_close(env);
    return status == SAML_OK ? reserve_readers(db, err) : status;
}

static int has_other_user(const sso_store_owner_t *owner)
{
    return owner && owner->uid != -1 && (uid_t)owner->uid != geteuid();
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
    static const int signals[] = { SIGTERM, SIGHUP, SIGABRT, SIGBUS, SIGSEGV, SIGFPE, SIGILL };
    static const struct rlimit no_core = { 0, 0 };
    saml_status_t status;
    apr_size_t i;

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        (void)signal(signals[i], SIG_DFL);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    status = !has_other_user(owner) || become(owner) ? try_here(db, err)
                           : saml_fail(err, SAML_E_STORE, "expected to open the session store as user %d, got: %s",
                                       owner->uid, strerror(errno));
    if (status != SAML_OK && write(to, err->reason, strlen(err->reason)) < 0)
        _exit(SSO_LMDB_REFUSED);
    _exit(status == SAML_OK ? SSO_LMDB_FINE : db->found == SSO_LMDB_FINE ? SSO_LMDB_REFUSED : db->found);
}

/* ---- in the process that asked ---------------------------------------------------------------------------------- */

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

/* LMDB ends a process that it finds in trouble, and so does the kernel one that reads where nothing is. */
static int ended_by_damage(int code)
{
    int by = WIFSIGNALED(code) ? WTERMSIG(code) : 0;

    return by == SIGABRT || by == SIGBUS || by == SIGSEGV || by == SIGFPE || by == SIGILL;
}

static saml_status_t judge(sso_lmdb_t *db, int in_time, int code, char *said, saml_err_t *err)
{
    char *c;

    db->found = WIFEXITED(code) ? WEXITSTATUS(code) : SSO_LMDB_REFUSED;
    if (!in_time)
        return saml_fail(err, SAML_E_STORE, "opening: the session store %s gave no answer within %d s: some process holds its "
                         "lock; end what uses the folder, then start the server", db->path, TRY_S);
    if (db->found == SSO_LMDB_FINE)
        return SAML_OK;
    for (c = said; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    if (!ended_by_damage(code))
        return saml_fail(err, SAML_E_STORE, "%s", *said ? said : apr_psprintf(err->pool, "the process that tried to open the session store %s ended "
                                                                              "with %d", db->path, code));
    db->found = SSO_LMDB_DAMAGED;
    return saml_fail(err, SAML_E_STORE, "the session store %s is damaged (who reads it ends with signal %d)", db->path, WTERMSIG(code));
}

static saml_status_t try_once(sso_lmdb_t *db, const sso_store_owner_t *owner, saml_err_t *err)
{
    char said[MAX_SAID_BYTES];
    int ends[2], code = -1, in_time;
    pid_t pid;

    db->found = SSO_LMDB_REFUSED;
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

/* ---- mending -------------------------------------------------------------------------------------------------------- */

/*
 * Both files at once, the one of the locks for good: children of before go on with those that they have open, and must share no locks with
 * the new ones. Only names are changed, in a folder that was looked at; nothing is read.
 */
static int move_aside(const sso_lmdb_t *db, const char *to)
{
    int dir = open(db->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int failed = dir < 0 || renameat(dir, "data.mdb", dir, to) != 0
                 || (unlinkat(dir, "lock.mdb", 0) != 0 && errno != ENOENT) ? errno : 0;

    if (dir >= 0)
        close(dir);
    return failed;
}

static saml_status_t begin_anew(sso_lmdb_t *db, const sso_store_owner_t *owner, saml_err_t *err)
{
    const char *to = db->found == SSO_LMDB_EARLIER ? "data.mdb.earlier" : "data.mdb.damaged";
    const char *why = err->reason;
    int failed = move_aside(db, to);

    if (failed)
        return saml_fail(err, SAML_E_STORE, "%s, and its file could not be moved aside: %s; stop the server, delete data.mdb and "
                         "lock.mdb there and start it: everybody signs on again", why, strerror(failed));
    db->is_anew = 1;
    SAML_TRY(sso_private_dir_make(db->path, sso_lmdb_files, owner, err));
    SAML_TRY(try_once(db, owner, err));
    if (db->news.say)
        db->news.say(db->news.baton, SSO_STORE_WARNING,
                     apr_psprintf(err->pool, "%s; the file was moved aside, to %s/%s, and a new one begun: everybody signs on again", why, db->path, to));
    return SAML_OK;
}

saml_status_t sso_lmdb_try_as(sso_lmdb_t *db, const sso_store_owner_t *owner, saml_err_t *err)
{
    saml_status_t status = try_once(db, owner, err);

    if (db->found == SSO_LMDB_DAMAGED || db->found == SSO_LMDB_EARLIER)
        return begin_anew(db, owner, err);
    return status;
}
