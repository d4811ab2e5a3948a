/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that holds secrets. Everything in it is reached through its descriptor, and no link is followed. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include "private_dir.h"

#define NOT_WRITABLE "folder %s: expected one that can be written, got: %s"

static const char *parent_of(apr_pool_t *p, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return slash == path ? "/" : apr_pstrndup(p, path, (apr_size_t)(slash - path));
}

static int has_other_user(const sso_store_owner_t *owner)
{
    return owner && owner->uid != -1 && (uid_t)owner->uid != geteuid();
}

static saml_status_t check_parent(const char *path, saml_err_t *err)
{
    const char *parent = parent_of(err->pool, path);
    struct stat st;

    if (stat(parent, &st) != 0)
        return saml_fail(err, SAML_E_STORE, "folder %s: expected its parent %s to exist, got: %s; make it first", path,
                         parent, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return saml_fail(err, SAML_E_STORE, "folder %s: expected its parent %s to be a folder, got something else",
                         path, parent);
    if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
        return saml_fail(err, SAML_E_STORE, "folder %s: expected a parent where others cannot put another in its "
                         "place, got %s with mode %04o; chmod o-w %s", path, parent,
                         (unsigned)(st.st_mode & 07777), parent);
    return SAML_OK;
}

static saml_status_t check_folder(const struct stat *st, const char *path, const sso_store_owner_t *owner,
                                  saml_err_t *err)
{
    if (!S_ISDIR(st->st_mode))
        return saml_fail(err, SAML_E_STORE, "folder %s: expected a folder, got %s", path,
                         S_ISLNK(st->st_mode) ? "a symbolic link" : "something else");
    if (st->st_uid != 0 && st->st_uid != geteuid() && !(has_other_user(owner) && st->st_uid == (uid_t)owner->uid))
        return saml_fail(err, SAML_E_STORE, "folder %s: expected it to belong to root or to the server's user, got "
                         "user %ld", path, (long)st->st_uid);
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return saml_fail(err, SAML_E_STORE, "folder %s: expected nobody but its owner to write in it, got mode %04o; "
                         "chmod go-w %s", path, (unsigned)(st->st_mode & 07777), path);
    return SAML_OK;
}

saml_status_t sso_private_dir_check(int *exists, const char *path, const sso_store_owner_t *owner, saml_err_t *err)
{
    const char *parent = parent_of(err->pool, path);
    struct stat st;

    SAML_TRY(check_parent(path, err));
    if (lstat(path, &st) == 0) {
        SAML_TRY(check_folder(&st, path, owner, err));
        *exists = 1;
        return SAML_OK;
    }
    if (errno != ENOENT)
        return saml_fail(err, SAML_E_STORE, NOT_WRITABLE, path, strerror(errno));
    if (faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) != 0)
        return saml_fail(err, SAML_E_STORE, "folder %s: expected to make it in %s, got: %s", path, parent,
                         strerror(errno));
    *exists = 0;
    return SAML_OK;
}

/* Open as it stands: only a regular file of one name is ours, so that a link leads nowhere. */
static saml_status_t make_file(int dir, const char *path, const char *name, const sso_store_owner_t *owner,
                               saml_err_t *err)
{
    int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    struct stat st;
    int ok, failed;

    if (fd < 0)
        return saml_fail(err, SAML_E_STORE, "file %s/%s: expected to open it for reading and writing, got: %s", path,
                         name, errno == ELOOP ? "it is a symbolic link" : strerror(errno));
    ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
    failed = ok && ((has_other_user(owner) && fchown(fd, (uid_t)owner->uid, (gid_t)owner->gid) != 0)
                    || (st.st_uid == geteuid() && fchmod(fd, 0600) != 0)) ? errno : 0;
    close(fd);
    if (!ok)
        return saml_fail(err, SAML_E_STORE, "file %s/%s: expected a regular file of one name, got something else", path,
                         name);
    if (failed)
        return saml_fail(err, SAML_E_STORE, "file %s/%s: expected to give it to user %d, got: %s", path, name,
                         owner ? owner->uid : -1, strerror(failed));
    return SAML_OK;
}

static saml_status_t give_folder(int dir, const char *path, const sso_store_owner_t *owner, saml_err_t *err)
{
    mode_t mode = !has_other_user(owner) ? 0700 : owner->gid == -1 ? 0711 : 0710;

    if (has_other_user(owner) && owner->gid != -1 && fchown(dir, (uid_t)-1, (gid_t)owner->gid) != 0)
        return saml_fail(err, SAML_E_STORE, "folder %s: expected to give it to group %d, got: %s", path, owner->gid,
                         strerror(errno));
    if (fchmod(dir, mode) != 0)
        return saml_fail(err, SAML_E_STORE, "folder %s: expected to set mode %04o, got: %s", path, (unsigned)mode,
                         strerror(errno));
    return SAML_OK;
}

static saml_status_t fill_folder(int dir, int made, const char *path, const char *const *files,
                                 const sso_store_owner_t *owner, saml_err_t *err)
{
    struct stat st;

    if (fstat(dir, &st) != 0)
        return saml_fail(err, SAML_E_STORE, NOT_WRITABLE, path, strerror(errno));
    SAML_TRY(check_folder(&st, path, owner, err));
    /* Or of an earlier run, perhaps for another User or Group; a folder with wider modes is somebody's choice. */
    if (made || (st.st_uid == geteuid() && (st.st_mode & (S_IRWXG | S_IRWXO) & ~(S_IXGRP | S_IXOTH)) == 0))
        SAML_TRY(give_folder(dir, path, owner, err));
    for (; *files; files++)
        SAML_TRY(make_file(dir, path, *files, owner, err));
    return SAML_OK;
}

/* The folder, made where there was none: its descriptor, which the caller closes. */
static saml_status_t open_folder(int *dir, int *made, const char *path, const sso_store_owner_t *owner, saml_err_t *err)
{
    int exists;

    SAML_TRY(sso_private_dir_check(&exists, path, owner, err));
    *made = mkdir(path, 0700) == 0;
    if (!*made && errno != EEXIST)
        return saml_fail(err, SAML_E_STORE, "folder %s: expected to make it, got: %s", path, strerror(errno));
    *dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *dir >= 0 ? SAML_OK : saml_fail(err, SAML_E_STORE, NOT_WRITABLE, path, strerror(errno));
}

saml_status_t sso_private_dir_make(const char *path, const char *const *files, const sso_store_owner_t *owner,
                                   saml_err_t *err)
{
    int made, dir;
    saml_status_t status;

    SAML_TRY(open_folder(&dir, &made, path, owner, err));
    status = fill_folder(dir, made, path, files, owner, err);
    close(dir);
    return status;
}

/* ---- a folder that the children fill ------------------------------------------------------------------------ */

static saml_status_t give_to_children(int dir, const char *path, const sso_store_owner_t *owner, saml_err_t *err)
{
    struct stat st;

    if (fstat(dir, &st) != 0)
        return saml_fail(err, SAML_E_STORE, NOT_WRITABLE, path, strerror(errno));
    SAML_TRY(check_folder(&st, path, owner, err));
    if (has_other_user(owner) && fchown(dir, (uid_t)owner->uid, (gid_t)owner->gid) != 0)
        return saml_fail(err, SAML_E_STORE, "folder %s: expected to give it to user %d, got: %s", path, owner->uid, strerror(errno));
    if (fchmod(dir, 0700) != 0)
        return saml_fail(err, SAML_E_STORE, "folder %s: expected to set mode 0700, got: %s", path, strerror(errno));
    return SAML_OK;
}

/* @return 0 where there is anything in it; -1: that cannot be told */
static int is_empty(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), empty = 1;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    while (empty && (entry = readdir(dir)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(dir);
    return empty;
}

saml_status_t sso_private_dir_check_free(const char *path, const sso_store_owner_t *owner, saml_err_t *err)
{
    uid_t user = has_other_user(owner) ? (uid_t)owner->uid : geteuid();
    struct stat st;
    int exists;

    SAML_TRY(sso_private_dir_check(&exists, path, owner, err));
    if (!exists)
        return SAML_OK;
    if (lstat(path, &st) != 0)
        return saml_fail(err, SAML_E_STORE, NOT_WRITABLE, path, strerror(errno));
    if (st.st_uid == user && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return SAML_OK;
    switch (is_empty(path)) {
    case 1:
        return SAML_OK;
    case 0:
        return saml_fail(err, SAML_E_STORE, "folder %s: expected one that is empty, or that user %ld alone has (mode 0700), as it is to be "
                         "that user's, got one of user %ld with mode %04o and something in it", path, (long)user, (long)st.st_uid,
                         (unsigned)(st.st_mode & 07777));
    default:
        return saml_fail(err, SAML_E_STORE, "folder %s: expected to look whether it is empty, got: %s", path, strerror(errno));
    }
}

saml_status_t sso_private_dir_give(const char *path, const sso_store_owner_t *owner, saml_err_t *err)
{
    saml_status_t status;
    int made, dir;

    SAML_TRY(open_folder(&dir, &made, path, owner, err));
    status = give_to_children(dir, path, owner, err);
    close(dir);
    return status;
}
