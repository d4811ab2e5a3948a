/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_SOCACHE_PRIVATE_H
#define SSO_SOCACHE_PRIVATE_H

/** @file socache_private.h Sessions in a cache of this server alone: records in the cache, all else in the index (socache_private.c). */

#include "socache_object.h"

/** @param dropped  set on SAML_OK: the index has a session that the cache does not */
SAML_MUST_CHECK saml_status_t sso_socache_private_get(sso_socache_t *sc, const sso_key_t *key, const void **record, apr_size_t *len,
                                                      int *dropped, apr_pool_t *p, saml_err_t *err);

#define SSO_SOCACHE_PATCH_BYTES 8       /* at least */

/** What the index has of a session whose record, of `len` octets, is as the cache has it. */
void sso_socache_private_patch(unsigned char out[SSO_SOCACHE_PATCH_BYTES], apr_size_t len);

/** Write the record of a session that is in the index. */
SAML_MUST_CHECK saml_status_t sso_socache_private_put(sso_socache_t *sc, const sso_put_t *put, saml_err_t *err);

SAML_MUST_CHECK saml_status_t sso_socache_private_replace(sso_socache_t *sc, const sso_key_t *key, const void *record, apr_size_t len,
                                                          apr_time_t expires, int *found, saml_err_t *err);

#endif
