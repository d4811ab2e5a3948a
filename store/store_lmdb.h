/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_STORE_LMDB_H
#define SSO_STORE_LMDB_H

/** @file store_lmdb.h What only the lmdb store has. */

#include "store.h"

/** Let an lmdb `store` grow to `bytes` at most (default: 8 GiB, sparse); before prepare and open, the same in every process. */
void sso_store_lmdb_limit(sso_store_t *store, apr_size_t bytes);

#endif
