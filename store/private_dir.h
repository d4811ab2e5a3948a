/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_PRIVATE_DIR_H
#define SSO_PRIVATE_DIR_H

/**
 * @file private_dir.h
 * A folder that holds secrets: only we may write in it, and nobody can have put anything else in its place.
 */

#include "store.h"

/**
 * Whether `path` is such a folder or could be made one, without changing anything.
 * Refused: a symbolic link; an owner that is neither root, nor this process's user, nor `owner`; write permission for
 * group or others; a parent folder that is missing, or where others may swap names (world-writable, not sticky).
 * @param owner  the user the children run as; NULL or uid -1: this process's
 * @param exists set on SAML_OK
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_private_dir_check(int *exists, const char *path, const sso_store_owner_t *owner,
                                                    saml_err_t *err);

/**
 * Make `path` (its parent must be there) and in it the empty files of `files`, mode 0600 and owned by `owner`, where they are not yet.
 * Made by root for another user, the folder stays root's (mode 0710, group of `owner`): who runs as that user can open
 * the files and cannot put others in their place. Otherwise mode 0700.
 * @param files  names ending in NULL; existing ones must be regular files with one name
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_private_dir_make(const char *path, const char *const *files,
                                                   const sso_store_owner_t *owner, saml_err_t *err);

/**
 * The same, and whether sso_private_dir_give would take it from nobody: it is not there yet, or empty, or was given already. For a path
 * that somebody wrote, where a folder with a long life of its own may stand by mistake.
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_private_dir_check_free(const char *path, const sso_store_owner_t *owner, saml_err_t *err);

/**
 * Make `path` (its parent must be there), or take the one that is there, and give it to `owner` with mode 0700: who runs as that user
 * fills it, and nobody else looks in. Nothing in it is opened here.
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_private_dir_give(const char *path, const sso_store_owner_t *owner, saml_err_t *err);

#endif
