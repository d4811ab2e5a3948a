/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_USER_H
#define SSO_USER_H

/** @file user.h SAMLUser: which claim is the user, and what of its value. */

#include "sso.h"

/**
 * What becomes REMOTE_USER: the first of the claims that comes to a usable name once the options have been applied. A name is not empty,
 * has no control octets and no space at an end. Of several values the first counts.
 * @return in `p`; NULL where no claim has one
 */
const char *sso_user_of_session(const sso_user_t *how, const sso_session_t *session, apr_pool_t *p);

/** The same of a login that has no session yet. */
const char *sso_user_of_login(const sso_user_t *how, const saml_login_t *login, apr_pool_t *p);

/** The claims as SAMLUser names them, for messages: "upn", "email". */
const char *sso_user_claims(const sso_user_t *how, apr_pool_t *p);

#endif
