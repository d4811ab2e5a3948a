/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_RESEND_H
#define SSO_RESEND_H

/**
 * @file resend.h
 * A form that met no session is not lost: the sign-on page puts it into the browser's sessionStorage, and a page of ours sends
 * it again after the sign-on. The server keeps nothing.
 *
 * Only a form that a page of this very site sent (its Origin says so) is kept. One from elsewhere comes without a session
 * because the cookie is SameSite=Lax; sent again by us it would count as the site's own, which is what Lax prevents.
 */

#include "sso.h"

/** A form, ready for the page that keeps it. */
typedef struct {
    const char *url;            /* where it was sent: ours (url.h) */
    const char *body;           /* application/x-www-form-urlencoded, printable ASCII */
} sso_kept_t;

/**
 * The form that `r` brings, read from its body.
 * @return NULL where there is none to keep: another method or type, another origin, too large, one of our endpoints
 */
const sso_kept_t *sso_resend_take(request_rec *r, const sso_app_t *app, const char *target);

/** Where a sign-on has to end for the form to be sent again. */
const char *sso_resend_target(const sso_app_t *app, const sso_kept_t *kept, apr_pool_t *p);

/** The page that sends the form again; it goes to `target` where the browser has none. */
int sso_resend_page(request_rec *r, const char *target);

#endif
