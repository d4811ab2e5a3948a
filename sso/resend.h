/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_RESEND_H
#define SSO_RESEND_H

/**
 * @file resend.h
 * A POST that met no session is not lost. Its body, whatever its type, is kept in a file (store/kept.h) under a key that goes sealed
 * into a cookie and nowhere else; the sign-on ends at a page of ours with a form that has one field, the name of that cookie; where
 * that form comes in, with a session and the cookie, the body that was kept takes its place, once, before anybody else reads it.
 *
 * Not in the browser: what a page stores there lies in clear on its disk, needs a script, has a limit of 5 MB (sessionStorage), and would
 * come back as a form again, which no file, no JSON and no odd octet survives as it was.
 *
 * So the second POST is one of the browser's own, to the same place, with an Origin, a Referer and cookies that are true. Only what a
 * page of this very site sent (its Origin says so) is kept. A form from elsewhere comes without a session because the cookie is
 * SameSite=Lax; sent again by us it would count as the site's own, which is what Lax prevents.
 */

#include "sso.h"

#define SSO_RESEND_HEADER_BYTES 16384           /* of the headers that belong to a body */

/**
 * Keep what `r` brings, where it is a POST to keep.
 * @param target  where the sign-on is to end: moved to the page that sends it again, where it is kept
 * @return 1 where it was one to keep and cannot be: it has been answered, with a page that says so, and *http is what to return
 */
int sso_resend_keep(int *http, const char **target, request_rec *r, const sso_app_t *app);

/** Where a sign-on has to end for what is kept under `name` to be sent again; `target` where that is no name. */
const char *sso_resend_target(const sso_app_t *app, const char *name, const char *target, apr_pool_t *p);

/** login?resend=NAME, with a session: the page that sends it again; on to `target` where there is nothing to send. */
int sso_resend_page(request_rec *r, const sso_app_t *app, const sso_session_t *session, const char *name, const char *target);

/**
 * A request with a session: where it is that page's form, let it bring what was kept.
 * @return OK: go on; else it has been answered, as nothing is kept for it any more
 */
int sso_resend_restore(request_rec *r, const sso_app_t *app, const sso_session_t *session);

#endif
