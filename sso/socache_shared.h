/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_SOCACHE_SHARED_H
#define SSO_SOCACHE_SHARED_H

/**
 * @file socache_shared.h
 * Sessions in a cache that other nodes may share, and that may drop what it holds: record and labels in the cache, nothing of them in
 * the index.
 */

#include "socache_object.h"

/** @param dropped  set on SAML_OK: there is nothing in the cache, not even the trace of a session that was ended */
SAML_MUST_CHECK saml_status_t sso_socache_shared_get(sso_socache_t *sc, const sso_key_t *key, const void **record, apr_size_t *len,
                                                     int *dropped, apr_pool_t *p, saml_err_t *err);

SAML_MUST_CHECK saml_status_t sso_socache_shared_put(sso_socache_t *sc, const sso_put_t *put, saml_err_t *err);

SAML_MUST_CHECK saml_status_t sso_socache_shared_replace(sso_socache_t *sc, const sso_key_t *key, const void *record, apr_size_t len,
                                                         apr_time_t expires, int *found, saml_err_t *err);

SAML_MUST_CHECK saml_status_t sso_socache_shared_remove(sso_socache_t *sc, const sso_key_t *key, int *found, saml_err_t *err);

SAML_MUST_CHECK saml_status_t sso_socache_shared_remove_labelled(sso_socache_t *sc, const sso_label_t *labels, int label_count,
                                                                 int *removed, saml_err_t *err);

/** @return SAML_OK or SAML_E_REPLAY; on one node for certain, on two only as long as the cache keeps what it was given */
SAML_MUST_CHECK saml_status_t sso_socache_shared_use_once(sso_socache_t *sc, const sso_key_t *key, apr_time_t until, apr_time_t now,
                                                          saml_err_t *err);

#endif
