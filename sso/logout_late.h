/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LOGOUT_LATE_H
#define SSO_LOGOUT_LATE_H

/**
 * @file logout_late.h
 * A logout also holds for assertions from before it that come after it (SAML Core 3.7.3.2): a sign-on that was under way then, or an answer
 * that somebody kept. It is remembered as marks of the store, on every node that shares it.
 *
 * Against one that comes at the same moment: a logout makes its mark and then ends sessions; a sign-on puts its session and then looks
 * for a mark. Whichever is first, one sees the other.
 */

#include "saml/logout.h"
#include "sso.h"

/**
 * Remember a logout that has been checked, by its SessionIndexes, or for all of the user where it has none, as long as what was issued
 * before it may be good for (its `until`).
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_logout_late_mark(const sso_app_t *app, const saml_idp_t *idp, const saml_logout_request_t *request,
                                                   apr_pool_t *p, saml_err_t *err);

/** @return SAML_OK, or SAML_E_STATE_MISSING: what `login` begins was ended after it was issued; SAML_E_STORE */
SAML_MUST_CHECK saml_status_t sso_logout_late_check(const sso_app_t *app, const saml_idp_t *idp, const saml_login_t *login,
                                                    apr_pool_t *p, saml_err_t *err);

#endif
