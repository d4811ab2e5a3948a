/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REDIS_SCRIPTS_H
#define SSO_REDIS_SCRIPTS_H

/**
 * @file redis_scripts.h
 * What Redis does in one step, so that nobody sees half of it: the changes of the redis store, in Lua.
 *
 * Under the prefix P, times in milliseconds on Redis' own clock:
 *     P s:<key>    how many labels (1 octet), the labels, the record; expires by itself
 *     P l:<label>  set of the keys of sessions that may have this label; what a session's own head says is what counts
 *     P u:<key>    a used ID: who used it; expires by itself
 *     P m:<key>    a mark: when it ends (8 octets, microseconds, big-endian), its value; expires by itself
 *     P sessions   sorted by end: key and labels of each session
 *     P used, P marks  sorted by end: the keys
 *     P server     which server wrote here last, by what it calls itself until it restarts, and when it was first seen
 * The sorted sets are for counting, and for finding what expired left behind.
 */

#include "store.h"

#define SSO_REDIS_RUN_BYTES 40      /* of a server's name for itself, padded with blanks */

#define SSO_REDIS_UNKNOWN   (-1)    /* it is not the server that this connection began with, or its data were cleared */

#define SSO_REDIS_IS_KNOWN  0
#define SSO_REDIS_IS_NEW    1       /* there was nothing of ours */
#define SSO_REDIS_IS_OTHER  2       /* another server wrote here last */

typedef enum {
    SSO_REDIS_PUT,              /* P, key, head, record, ms left, limit (0: none), keys of those in whose place it comes in one string
                                   -> how many sessions, negative where the limit is reached */
    SSO_REDIS_REPLACE,          /* P, key, record, ms left -> whether it was there */
    SSO_REDIS_REMOVE,           /* P, key -> whether it was there */
    SSO_REDIS_REMOVE_LABELLED,  /* P, labels in one string -> how many */
    SSO_REDIS_USE_ONCE,         /* P, key, who, ms left, server -> 1, 0 where it was used by somebody else, or SSO_REDIS_UNKNOWN */
    SSO_REDIS_MARK_PUT,         /* P, key, what is kept, ms left -> 1 */
    SSO_REDIS_SWEEP,            /* P, at most -> how many */
    SSO_REDIS_BEGIN,            /* P, server -> SSO_REDIS_IS_..., and how many ms ago it was first seen */
    SSO_REDIS_SCRIPTS
} sso_redis_script_t;

extern const char *const sso_redis_scripts[SSO_REDIS_SCRIPTS];

#define SSO_REDIS_NAME_BYTES (64 + 1 + 2 + SSO_KEY_BYTES)   /* at most; redis_conf.c bounds the prefix */

/**
 * The name of what is kept under a key or label, as above.
 * @param out   SSO_REDIS_NAME_BYTES of room
 * @param kind  "s:", "l:", "m:"
 * @return its octets
 */
apr_size_t sso_redis_name(char *out, const char *prefix, const char *kind, const void *octets, apr_size_t len);

#endif
