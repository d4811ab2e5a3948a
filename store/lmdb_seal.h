/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LMDB_SEAL_H
#define SSO_LMDB_SEAL_H

/**
 * @file lmdb_seal.h
 * A checksum of 64 bits in each record of the lmdb store, over its head and what it holds, so that a page that the disk gave back wrong,
 * or somebody wrote over, is never read as a session. Not a secret: who may write the file may write what he likes.
 */

#include <string.h>
#include "lmdb_env.h"

/* Each step is one-to-one in what it takes in, so that no change of a single word goes unseen; odd, with bits all over. */
#define SSO_LMDB_SEAL_FACTOR APR_UINT64_C(0x9e3779b97f4a7c15)

static inline apr_uint64_t sso_lmdb_seal_step(apr_uint64_t sum, const unsigned char *octets)
{
    apr_uint64_t word;

    memcpy(&word, octets, sizeof(word));
    sum = (sum ^ word) * SSO_LMDB_SEAL_FACTOR;
    return sum << 29 | sum >> 35;
}

static inline apr_uint64_t sso_lmdb_seal_part(apr_uint64_t sum, const void *data, apr_size_t len)
{
    const unsigned char *octets = data;
    unsigned char last[sizeof(sum)] = { 0 };

    for (; len >= 4 * sizeof(sum); octets += 4 * sizeof(sum), len -= 4 * sizeof(sum)) {
        sum = sso_lmdb_seal_step(sum, octets);
        sum = sso_lmdb_seal_step(sum, octets + 8);
        sum = sso_lmdb_seal_step(sum, octets + 16);
        sum = sso_lmdb_seal_step(sum, octets + 24);
    }
    for (; len >= sizeof(sum); octets += sizeof(sum), len -= sizeof(sum))
        sum = sso_lmdb_seal_step(sum, octets);
    if (len > 0) {
        memcpy(last, octets, len);
        sum = sso_lmdb_seal_step(sum, last);
    }
    return sum;
}

/** Over `head` and `body`, whose lengths count, too. */
static inline apr_uint64_t sso_lmdb_seal(const void *head, apr_size_t head_len, const void *body, apr_size_t body_len)
{
    apr_uint64_t sum = sso_lmdb_seal_part(head_len + ((apr_uint64_t)body_len << 32), head, head_len);

    sum = sso_lmdb_seal_part(sum, body, body_len);
    return sum ^ sum >> 32;
}

/** Whether a record of a session, of a used ID or a mark is as it was written. */
static inline int sso_lmdb_is_whole(const MDB_val *v)
{
    const unsigned char *head = v->mv_data;
    apr_uint64_t seal;

    if (v->mv_size < SSO_LMDB_HEAD_BYTES || v->mv_size > SSO_LMDB_HEAD_BYTES + SSO_MAX_RECORD_BYTES)
        return 0;
    memcpy(&seal, head + SSO_LMDB_SEALED_BYTES, sizeof(seal));
    return seal == sso_lmdb_seal(head, SSO_LMDB_SEALED_BYTES, head + SSO_LMDB_HEAD_BYTES, v->mv_size - SSO_LMDB_HEAD_BYTES);
}

#endif
