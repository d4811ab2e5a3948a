/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LMDB_ALL_H
#define SSO_LMDB_ALL_H

/** @file lmdb_all.h What goes over all of the lmdb store: counting, and listing its sessions. */

#include "lmdb_env.h"

/** Count, in the caller's transaction; the trees know their sizes. @return 0 or LMDB's code */
SAML_MUST_CHECK int sso_lmdb_count(sso_store_stat_t *out, const sso_lmdb_t *db, MDB_txn *txn);

/** As sso_store_each (`ctx`: sso_lmdb_t): in steps, so that no transaction is open while `fn` runs, which may take its time. */
SAML_MUST_CHECK saml_status_t sso_lmdb_each(void *ctx, apr_time_t now, const sso_label_t *only, sso_store_each_fn *fn, void *baton,
                                            saml_err_t *err);

#endif
