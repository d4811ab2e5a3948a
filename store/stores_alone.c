/* SPDX-License-Identifier: Apache-2.0 */
/* The stores that work without a running httpd. */

#include "store.h"

const sso_store_provider_t *const sso_store_providers[] = { &sso_store_lmdb, &sso_store_redis, &sso_store_rediss, &sso_store_cookie, NULL };
