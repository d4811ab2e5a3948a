/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_STORE_REDIS_H
#define SSO_STORE_REDIS_H

/** @file store_redis.h What only the redis stores have. */

#include "store.h"

/** Let a redis `store` keep at most `sessions` (default 0: as many as Redis has memory for); the same on all nodes. */
void sso_store_redis_limit(sso_store_t *store, apr_uint64_t sessions);

#endif
