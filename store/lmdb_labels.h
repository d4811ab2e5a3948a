/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LMDB_LABELS_H
#define SSO_LMDB_LABELS_H

/**
 * @file lmdb_labels.h
 * What sessions can be found by when they are to end, in the lmdb store. Everything here happens inside a write transaction of the
 * caller's, and answers 0 or LMDB's code.
 *
 * Two databases beside those of store_lmdb.c, which look-ups never touch:
 *     labels    label (16)               -> key of a session (32), any number of them
 *     labelled  first 8 octets of a key  -> the key, its labels
 * The second says what of the first goes when a session goes. A file of an earlier version has neither: both are made when it is
 * opened, and the sessions that it holds have no labels.
 */

#include "lmdb_env.h"

/** Open the two, making them where they are not yet. @param short_keys  MDB_INTEGERKEY, or 0 where it does not fit */
SAML_MUST_CHECK int sso_lmdb_labels_open(sso_lmdb_t *db, MDB_txn *txn, unsigned short_keys);

/** Give the session `key` these labels and no others. */
SAML_MUST_CHECK int sso_lmdb_label(sso_lmdb_t *db, MDB_txn *txn, const sso_key_t *key, const sso_label_t *labels,
                                   int count);

/** Take all labels off the session `key`. */
SAML_MUST_CHECK int sso_lmdb_unlabel(sso_lmdb_t *db, MDB_txn *txn, const sso_key_t *key);

/** Take `label` alone off `key`, where that is still on it. */
SAML_MUST_CHECK int sso_lmdb_forget_label(sso_lmdb_t *db, MDB_txn *txn, const sso_label_t *label, const sso_key_t *key);

/** Any session with `label`. @return 0, MDB_NOTFOUND where there is none */
SAML_MUST_CHECK int sso_lmdb_any_labelled(sso_key_t *out, sso_lmdb_t *db, MDB_txn *txn, const sso_label_t *label);

#endif
