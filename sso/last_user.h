/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LAST_USER_H
#define SSO_LAST_USER_H

/**
 * @file last_user.h
 * Who was signed on in this browser last: a sealed cookie that outlives the session and says nothing to anybody, by which it can be told
 * whether the next user is the same.
 */

#include "sso.h"

/** Of a session's user: the same at each sign-on; "" where the identity provider gives no lasting name. */
const char *sso_last_user_of(const sso_app_t *app, const sso_session_t *session, apr_pool_t *p);

/** The same of the last session in this browser; "" where that is not known. */
const char *sso_last_user(request_rec *r, const sso_app_t *app);

/** Set that cookie: a session begins. */
void sso_last_user_remember(request_rec *r, const sso_app_t *app, const sso_session_t *session);

/** Drop it: somebody signs out, and leaves nothing behind. */
void sso_last_user_forget(request_rec *r, const sso_app_t *app);

#endif
