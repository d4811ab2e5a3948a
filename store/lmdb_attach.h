/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LMDB_ATTACH_H
#define SSO_LMDB_ATTACH_H

/** @file lmdb_attach.h The lmdb store beside a server that has it open, from another program. */

#include "lmdb_env.h"

/** As sso_store_attach (`ctx`: sso_lmdb_t). The map is as large as the server made it. */
SAML_MUST_CHECK saml_status_t sso_lmdb_attach(void *ctx, apr_pool_t *p, saml_err_t *err);

#endif
