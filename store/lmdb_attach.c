/* SPDX-License-Identifier: Apache-2.0 */
#include "lmdb_attach.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include "private_dir.h"

static saml_status_t no_store(const sso_lmdb_t *db, saml_err_t *err)
{
    return saml_fail(err, SAML_E_STORE, "expected a session store in %s, which httpd makes when it starts, got: %s; httpd -t -D DUMP_SAML "
                     "says where it is", db->path, errno ? strerror(errno) : "something else");
}

/* The files as they are, before anything of LMDB's would make them. */
static saml_status_t check_files(const sso_lmdb_t *db, saml_err_t *err)
{
    const char *const *name;
    struct stat file;

    for (name = sso_lmdb_files; *name; name++) {
        const char *path = apr_pstrcat(err->pool, db->path, "/", *name, NULL);

        errno = 0;
        if (lstat(path, &file) != 0 || !S_ISREG(file.st_mode))
            return no_store(db, err);
        if (access(path, R_OK | W_OK) != 0)
            return saml_fail(err, SAML_E_STORE, "expected to read and write %s as user %ld, got: %s; try as root", path, (long)geteuid(),
                             strerror(errno));
    }
    return SAML_OK;
}

static int become(uid_t uid, gid_t gid)
{
    const struct passwd *user = getpwuid(uid);

    return (user ? initgroups(user->pw_name, gid) : setgroups(1, &gid)) == 0 && setgid(gid) == 0 && setuid(uid) == 0;
}

/*
 * Where the folder is root's, or his whose the file is, and nobody else can write in it, whose the file is decides what is in it. Anybody else
 * would have chosen whom root becomes, and what is read then.
 */
static saml_status_t check_folder(struct stat *file, const sso_lmdb_t *db, saml_err_t *err)
{
    sso_store_owner_t owner = { .gid = -1 };
    struct stat folder;
    int exists;

    errno = 0;
    if (lstat(db->path, &folder) != 0 || !S_ISDIR(folder.st_mode)
        || lstat(apr_pstrcat(err->pool, db->path, "/", sso_lmdb_files[0], NULL), file) != 0)
        return no_store(db, err);
    owner.uid = (int)file->st_uid;
    if (sso_private_dir_check(&exists, db->path, &owner, err) != SAML_OK)
        return saml_fail(err, SAML_E_STORE, "%s; httpd -t -D DUMP_SAML says where its session store is", err->reason);
    return SAML_OK;
}

static saml_status_t give_up_root(const sso_lmdb_t *db, saml_err_t *err)
{
    struct stat file;

    SAML_TRY(check_folder(&file, db, err));
    if (geteuid() == 0 && file.st_uid != 0 && !become(file.st_uid, file.st_gid))
        return saml_fail(err, SAML_E_STORE, "expected to become user %ld, who has the session store %s, got: %s", (long)file.st_uid, db->path,
                         strerror(errno));
    return SAML_OK;
}

/* What this process would make larger, the others would have to map anew. */
static saml_status_t take_map_size(sso_lmdb_t *db, saml_err_t *err)
{
    MDB_envinfo info;
    MDB_env *env;
    int rc = mdb_env_create(&env);

    if (rc != 0)
        return sso_lmdb_fail(db, rc, "opening", err);
    rc = mdb_env_open(env, db->path, MDB_NOTLS | MDB_RDONLY, 0600);
    if (rc == 0)
        rc = mdb_env_info(env, &info);
    mdb_env_close(env);
    if (rc != 0)
        return sso_lmdb_fail(db, rc, "opening", err);
    db->limit_bytes = info.me_mapsize - SSO_LMDB_SPARE_BYTES(info.me_mapsize);
    return SAML_OK;
}

saml_status_t sso_lmdb_attach(void *ctx, apr_pool_t *p, saml_err_t *err)
{
    sso_lmdb_t *db = ctx;

    SAML_TRY(give_up_root(db, err));
    SAML_TRY(check_files(db, err));
    SAML_TRY(take_map_size(db, err));
    return sso_lmdb_open(db, p, err);
}
