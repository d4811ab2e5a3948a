/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_FORCED_H
#define SSO_FORCED_H

/** @file forced.h Whether a sign-on asks the user anew (SAMLForceAuthn), though the identity provider may know him still. */

#include "sso.h"

/**
 * Where it is `after-logout`: mark this browser as one that has logged out, until a sign-on of now has gone well, or as long as a
 * session lasts at most.
 */
void sso_forced_after_logout(request_rec *r, const sso_app_t *app);

/** Whether a sign-on that begins now is to ask the user anew. */
int sso_forced_is(request_rec *r, const sso_app_t *app);

/** Forget that mark. */
void sso_forced_done(request_rec *r, const sso_app_t *app);

#endif
