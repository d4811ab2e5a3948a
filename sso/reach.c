/* SPDX-License-Identifier: Apache-2.0 */
/* What the user that the children run as can get at; asked as root, to whom everything is open. */

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <unixd.h>

#include "config.h"

#define MAX_GROUPS 256

sso_store_owner_t sso_child_owner(void)
{
    sso_store_owner_t owner = { -1, -1 };

    if (geteuid() == 0) {
        owner.uid = (int)ap_unixd_config.user_id;
        owner.gid = (int)ap_unixd_config.group_id;
    }
    return owner;
}

static int is_in_group(const sso_store_owner_t *who, gid_t gid)
{
    gid_t groups[MAX_GROUPS];
    int count = MAX_GROUPS;

    if ((gid_t)who->gid == gid)
        return 1;
    if (!ap_unixd_config.user_name || getgrouplist(ap_unixd_config.user_name, (gid_t)who->gid, groups, &count) < 0)
        return 0;
    for (int i = 0; i < count; i++) {
        if (groups[i] == gid)
            return 1;
    }
    return 0;
}

static int may_pass(const struct stat *st, const sso_store_owner_t *who)
{
    if (st->st_uid == (uid_t)who->uid)
        return (st->st_mode & S_IXUSR) != 0;
    if (is_in_group(who, st->st_gid))
        return (st->st_mode & S_IXGRP) != 0;
    return (st->st_mode & S_IXOTH) != 0;
}

static int may_read(const struct stat *st, const sso_store_owner_t *who)
{
    if (st->st_uid == (uid_t)who->uid)
        return (st->st_mode & S_IRUSR) != 0;
    if (is_in_group(who, st->st_gid))
        return (st->st_mode & S_IRGRP) != 0;
    return (st->st_mode & S_IROTH) != 0;
}

saml_status_t sso_check_reach_file(const char *file, saml_err_t *err)
{
    sso_store_owner_t who = sso_child_owner();
    struct stat st;

    SAML_TRY(sso_check_reach(file, err));
    if (who.uid <= 0)
        return SAML_OK;
    if (stat(file, &st) != 0)
        return saml_fail(err, SAML_E_METADATA, "file %s (%s)", saml_quote(err->pool, file), strerror(errno));
    if (!may_read(&st, &who))
        return saml_fail(err, SAML_E_METADATA, "file %s, which that user may not read (mode %04o)", saml_quote(err->pool, file),
                         (unsigned)(st.st_mode & 07777));
    return SAML_OK;
}

/* The path in a store's name; NULL: what others keep is behind a network, or is read before the children are made. */
static const char *path_of_store(const char *name)
{
    if (strncmp(name, "cookie:", strlen("cookie:")) == 0)       /* what is behind it */
        name += strlen("cookie:");
    return strncmp(name, "redis", 5) == 0 ? NULL : strchr(name, '/');
}

saml_status_t sso_check_reach(const char *store_name, saml_err_t *err)
{
    sso_store_owner_t who = sso_child_owner();
    const char *path = path_of_store(store_name);
    char *folder;

    if (who.uid <= 0 || !path)
        return SAML_OK;
    folder = apr_pstrdup(err->pool, path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        struct stat st;

        *slash = '\0';
        if (stat(folder, &st) != 0)
            return saml_fail(err, SAML_E_STORE, "folder %s (%s)", saml_quote(err->pool, folder), strerror(errno));
        if (!may_pass(&st, &who))
            return saml_fail(err, SAML_E_STORE, "folder %s, which the User of this server may not pass through (mode "
                             "%04o)", saml_quote(err->pool, folder), (unsigned)(st.st_mode & 07777));
        *slash = '/';
    }
    return SAML_OK;
}
