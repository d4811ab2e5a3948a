/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LMDB_TRY_H
#define SSO_LMDB_TRY_H

/** @file lmdb_try.h The lmdb store is opened and looked through before anybody serves from it, and begun anew where it is damaged. */

#include "lmdb_env.h"

/**
 * Open, check and close the environment as `owner`, making its databases where they are not yet, in a process of its own: the parent
 * finds out what its children could not do, and reads no file of theirs as root. A damaged file, and one of an earlier version, is
 * moved aside; db->news is told.
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_lmdb_try_as(sso_lmdb_t *db, const sso_store_owner_t *owner, saml_err_t *err);

#endif
