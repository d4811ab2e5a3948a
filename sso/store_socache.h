/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_STORE_SOCACHE_H
#define SSO_STORE_SOCACHE_H

/** @file store_socache.h Sessions in a cache of httpd's own; what that promises and what it does not is said in store_socache.c. */

#include "store/store.h"

/** Hook pre_config: the mutex gets its name (saml-sso), so that the Mutex directive can say how it is made. */
int sso_socache_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);

#endif
