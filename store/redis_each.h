/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REDIS_EACH_H
#define SSO_REDIS_EACH_H

/** @file redis_each.h All sessions of the redis store, one after another. */

#include "redis_link.h"

/** As sso_store_each: a few at a time, so that Redis' only thread serves the others in between. */
SAML_MUST_CHECK saml_status_t sso_redis_each(sso_redis_link_t *link, const sso_redis_conf_t *conf, apr_time_t now, const sso_label_t *only,
                                             sso_store_each_fn *fn, void *baton, saml_err_t *err);

#endif
