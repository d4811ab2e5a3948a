/* SPDX-License-Identifier: Apache-2.0 */
/* What sessions can be found by when they are to end. lmdb_labels.h says how it is kept. */

#include <string.h>
#include "lmdb_labels.h"

#define LIST_BYTES (SSO_KEY_BYTES + SSO_MAX_LABELS * SSO_LABEL_BYTES)

int sso_lmdb_labels_open(sso_lmdb_t *db, MDB_txn *txn, unsigned short_keys)
{
    int rc = mdb_dbi_open(txn, "labels", MDB_CREATE | MDB_DUPSORT | MDB_DUPFIXED, &db->labels);

    return rc == 0 ? mdb_dbi_open(txn, "labelled", MDB_CREATE | short_keys, &db->labelled) : rc;
}

/* LMDB reads integer keys where they stand, so that they must be aligned. */
static MDB_val short_key(apr_uint64_t *room, const sso_key_t *key)
{
    MDB_val k = { sizeof(*room), room };

    memcpy(room, key->octets, sizeof(*room));
    return k;
}

int sso_lmdb_forget_label(sso_lmdb_t *db, MDB_txn *txn, const sso_label_t *label, const sso_key_t *key)
{
    sso_label_t l = *label;
    sso_key_t s = *key;
    MDB_val k = { sizeof(l.octets), l.octets }, v = { sizeof(s.octets), s.octets };
    int rc = mdb_del(txn, db->labels, &k, &v);

    return rc == MDB_NOTFOUND ? 0 : rc;
}

int sso_lmdb_unlabel(sso_lmdb_t *db, MDB_txn *txn, const sso_key_t *key)
{
    unsigned char list[LIST_BYTES];
    apr_uint64_t room;
    MDB_val k = short_key(&room, key), v;
    apr_size_t at, len;
    int rc = mdb_get(txn, db->labelled, &k, &v);

    if (rc == MDB_NOTFOUND)
        return 0;
    if (rc != 0)
        return rc;
    len = v.mv_size;
    if (len < SSO_KEY_BYTES || len > sizeof(list) || (len - SSO_KEY_BYTES) % SSO_LABEL_BYTES != 0)
        return MDB_CORRUPTED;
    memcpy(list, v.mv_data, len);
    if (memcmp(list, key->octets, SSO_KEY_BYTES) != 0)
        return 0;               /* another session's that begins alike */
    for (at = SSO_KEY_BYTES; at < len && rc == 0; at += SSO_LABEL_BYTES) {
        sso_label_t label;

        memcpy(label.octets, list + at, SSO_LABEL_BYTES);
        rc = sso_lmdb_forget_label(db, txn, &label, key);
    }
    return rc == 0 ? mdb_del(txn, db->labelled, &k, NULL) : rc;
}

int sso_lmdb_label(sso_lmdb_t *db, MDB_txn *txn, const sso_key_t *key, const sso_label_t *labels, int count)
{
    unsigned char list[LIST_BYTES];
    apr_uint64_t room;
    MDB_val k = short_key(&room, key), v = { SSO_KEY_BYTES, list };
    int i, rc = sso_lmdb_unlabel(db, txn, key);

    if (rc != 0 || count == 0)
        return rc;
    memcpy(list, key->octets, SSO_KEY_BYTES);
    for (i = 0; i < count && rc == 0; i++) {
        MDB_val label = { SSO_LABEL_BYTES, list + v.mv_size }, session = { SSO_KEY_BYTES, list };

        memcpy(label.mv_data, labels[i].octets, SSO_LABEL_BYTES);
        v.mv_size += SSO_LABEL_BYTES;
        rc = mdb_put(txn, db->labels, &label, &session, MDB_NODUPDATA);
        if (rc == MDB_KEYEXIST) {   /* the same label twice */
            v.mv_size -= SSO_LABEL_BYTES;
            rc = 0;
        }
    }
    return rc == 0 ? mdb_put(txn, db->labelled, &k, &v, 0) : rc;
}

int sso_lmdb_any_labelled(sso_key_t *out, sso_lmdb_t *db, MDB_txn *txn, const sso_label_t *label)
{
    sso_label_t l = *label;
    MDB_val k = { sizeof(l.octets), l.octets }, v;
    int rc = mdb_get(txn, db->labels, &k, &v);

    if (rc != 0)
        return rc;
    if (v.mv_size != SSO_KEY_BYTES)
        return MDB_CORRUPTED;
    memcpy(out->octets, v.mv_data, SSO_KEY_BYTES);
    return 0;
}
