/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LMDB_LOOK_H
#define SSO_LMDB_LOOK_H

/**
 * @file lmdb_look.h
 * Whether the file of the lmdb store is whole: every entry of every tree is met, can be searched for, is of the shape and has the seal that
 * it must have, and what one tree says of another holds there.
 */

#include "lmdb_env.h"

/**
 * Look through an open environment. LMDB believes what its pages say, so that on a damaged file this may end the process: it is for one that
 * was made for it (lmdb_try.h).
 * @param at_most  what has not been seen by then is taken as it is
 * @return SAML_OK, or SAML_E_STORE and db->found set
 */
SAML_MUST_CHECK saml_status_t sso_lmdb_look_through(sso_lmdb_t *db, MDB_env *env, apr_interval_time_t at_most, saml_err_t *err);

#endif
