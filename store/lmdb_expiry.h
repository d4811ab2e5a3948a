/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LMDB_EXPIRY_H
#define SSO_LMDB_EXPIRY_H

/**
 * @file lmdb_expiry.h
 * The order in which sessions, used IDs and marks of an LMDB store end, so that a sweep costs what it removes. The functions answer with
 * LMDB's codes, and change nothing but this order.
 */

#include "lmdb_env.h"

/* An entry: when it ends, its kind, its key; nothing under it. */
#define SSO_LMDB_EXPIRY_KEY_BYTES (SSO_LMDB_EXPIRY_BYTES + 1 + SSO_KEY_BYTES)

/** @param out  SSO_LMDB_EXPIRY_BYTES, big-endian */
void sso_lmdb_write_expiry(unsigned char *out, apr_time_t expires);

/** @param expiry  as sso_lmdb_write_expiry makes it; @param kind  SSO_LMDB_SESSION and its like */
SAML_MUST_CHECK int sso_lmdb_put_expiry(sso_lmdb_t *db, MDB_txn *txn, const unsigned char *expiry, unsigned char kind, const sso_key_t *key);

/** That there is none is no error. */
SAML_MUST_CHECK int sso_lmdb_drop_expiry(sso_lmdb_t *db, MDB_txn *txn, const unsigned char *expiry, unsigned char kind, const sso_key_t *key);

/** Set `due` to whether the first to end is past; no lock, so that a sweep with nothing to do costs nobody anything. */
SAML_MUST_CHECK int sso_lmdb_is_due(sso_lmdb_t *db, apr_time_t now, int *due);

#endif
