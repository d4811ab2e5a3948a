/* SPDX-License-Identifier: Apache-2.0 */
/* Which stores the module has. */

#include "store/store.h"

const sso_store_provider_t *const sso_store_providers[] = { &sso_store_lmdb, &sso_store_redis, &sso_store_rediss, &sso_store_cookie, &sso_store_socache, NULL };
