/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_POPUP_H
#define SSO_POPUP_H

/**
 * @file popup.h
 * A sign-on in a window, or frame, of its own beside a page that goes on: login?popup=1. It ends at a page of ours that tells the others
 * of this site, by a BroadcastChannel, and closes its window. Not by the opener: identity providers cut the two apart
 * (Cross-Origin-Opener-Policy).
 */

#include "sso.h"

/** Where such a sign-on has to end; `target`, ours (url.h), is where it leads if the window stays. */
const char *sso_popup_target(const sso_app_t *app, const char *target, apr_pool_t *p);

/** No page of another site that has opened this window is to see how it goes on, by which it could tell who has a session. */
void sso_popup_cut_off(request_rec *r);

/** The page at its end. */
int sso_popup_page(request_rec *r, const sso_app_t *app, const char *target);

/** In place of the sign-on page where it would stand in a frame, in which identity providers will not be shown: a button that opens one. */
int sso_popup_for_frame(request_rec *r, const sso_app_t *app, const char *target);

#endif
