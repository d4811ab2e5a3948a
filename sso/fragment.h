/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_FRAGMENT_H
#define SSO_FRAGMENT_H

/**
 * @file fragment.h
 * What stands behind "#" never comes to a server. The sign-on page's script puts it into a cookie, and the sign-on ends with it. One
 * cookie for all sign-ons of a browser, so that no link can fill the header line; the last one begun is the one that is looked at.
 */

#include "sso.h"

/** Attributes for the form of the sign-on page: what its script writes before and behind the fragment. Escaped. */
const char *sso_fragment_attributes(request_rec *r, const sso_app_t *app, const char *relay_state);

/** `target` with the fragment that belongs to this sign-on, if there is one. The cookie is dropped. */
const char *sso_fragment_restore(request_rec *r, const sso_app_t *app, const char *relay_state, const char *target);

/** Drop that cookie: somebody signs out, and leaves nothing behind. */
void sso_fragment_forget(request_rec *r, const sso_app_t *app);

#endif
