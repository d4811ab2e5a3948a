/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_SOCACHE_PRIVATE_H
#define SSO_SOCACHE_PRIVATE_H

/** @file socache_private.h Sessions in a cache of this server alone: records in the cache, all else in the index (socache_private.c). */

#include "socache_object.h"

/** @param dropped  set on SAML_OK: the index has a session that the cache does not */
SAML_MUST_CHECK saml_status_t sso_socache_private_get(sso_socache_t *sc, const sso_key_t *key, const void **record, apr_size_t *len,
                                                      int *dropped, apr_pool_t *p, saml_err_t *err);

SAML_MUST_CHECK saml_status_t sso_socache_private_put(sso_socache_t *sc, const sso_key_t *key, const void *record, apr_size_t len,
                                                      apr_time_t expires, const sso_label_t *labels, int label_count, saml_err_t *err);

SAML_MUST_CHECK saml_status_t sso_socache_private_replace(sso_socache_t *sc, const sso_key_t *key, const void *record, apr_size_t len,
                                                          apr_time_t expires, int *found, saml_err_t *err);

#endif
