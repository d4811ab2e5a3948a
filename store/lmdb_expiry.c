/* SPDX-License-Identifier: Apache-2.0 */
/* What ends when. lmdb_expiry.h says how it is kept. */

#include <string.h>
#include "lmdb_expiry.h"

#define EXPIRY_BYTES     SSO_LMDB_EXPIRY_BYTES
#define EXPIRY_KEY_BYTES SSO_LMDB_EXPIRY_KEY_BYTES

void sso_lmdb_write_expiry(unsigned char *out, apr_time_t expires)
{
    apr_uint64_t t = expires > 0 ? (apr_uint64_t)expires : 0;
    int i;

    for (i = 0; i < EXPIRY_BYTES; i++)
        out[i] = (unsigned char)(t >> (8 * (EXPIRY_BYTES - 1 - i)));
}

static void expiry_key(unsigned char *out, const unsigned char *expiry, unsigned char kind, const sso_key_t *key)
{
    memcpy(out, expiry, EXPIRY_BYTES);
    out[EXPIRY_BYTES] = kind;
    memcpy(out + EXPIRY_BYTES + 1, key->octets, SSO_KEY_BYTES);
}

int sso_lmdb_put_expiry(sso_lmdb_t *db, MDB_txn *txn, const unsigned char *expiry, unsigned char kind, const sso_key_t *key)
{
    unsigned char octets[EXPIRY_KEY_BYTES];
    MDB_val k = { sizeof(octets), octets }, v = { 0, octets };

    expiry_key(octets, expiry, kind, key);
    return mdb_put(txn, db->expiry, &k, &v, 0);
}

int sso_lmdb_drop_expiry(sso_lmdb_t *db, MDB_txn *txn, const unsigned char *expiry, unsigned char kind, const sso_key_t *key)
{
    unsigned char octets[EXPIRY_KEY_BYTES];
    MDB_val k = { sizeof(octets), octets };
    int rc;

    expiry_key(octets, expiry, kind, key);
    rc = mdb_del(txn, db->expiry, &k, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int sso_lmdb_is_due(sso_lmdb_t *db, apr_time_t now, int *due)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val k, v;
    int rc = sso_lmdb_begin_read(db, &txn);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(txn, db->expiry, &cursor);
    if (rc == 0) {
        rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST);
        mdb_cursor_close(cursor);
    }
    *due = rc == 0 && k.mv_size == EXPIRY_KEY_BYTES && sso_lmdb_read_expiry(k.mv_data) <= now;
    if (rc == 0 && k.mv_size != EXPIRY_KEY_BYTES)
        rc = MDB_CORRUPTED;
    sso_lmdb_end_read(db, txn);
    return rc == MDB_NOTFOUND ? 0 : rc;
}
