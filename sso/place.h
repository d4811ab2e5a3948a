/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_PLACE_H
#define SSO_PLACE_H

/**
 * @file place.h
 * Where a tab wanted to go, kept by the tab itself: the sign-on page writes it into sessionStorage, for when the login state is gone (an
 * old tab, more tabs than there are states). A sign-on that was begun anew without a target ends at a page that reads it. Without
 * scripts that page goes to the start of the site.
 */

#include "sso.h"

/** Where such a sign-on has to end. */
const char *sso_place_target(const sso_app_t *app, apr_pool_t *p);

/** login?place=1, with a session. */
int sso_place_page(request_rec *r, const sso_app_t *app);

/**
 * An attribute for the form of the sign-on page: its script is to write where it stands, which is where a sign-on of another try begins.
 * "" where `target` is sso_place_target. Nothing of the request stands in it.
 */
const char *sso_place_attribute(const sso_app_t *app, const char *target, apr_pool_t *p);

#endif
