/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_COOKIE_H
#define SSO_COOKIE_H

/** @file cookie.h Cookies in one place: ours taken out of the request, read, written (RFC 6265). */

#include "sso.h"

/**
 * Our cookies beside the session's. What each is called, behind the application's state_prefix, stands in one table (cookie.c); what
 * has another name under that prefix is the state of a login (state.h).
 */
typedef enum {
    SSO_COOKIE_RETRY,           /* a sign-on was begun anew (state.h) */
    SSO_COOKIE_FRAME,           /* the state of whatever sign-on in a frame began last (state.h) */
    SSO_COOKIE_OUT,             /* somebody has logged out (forced.h) */
    SSO_COOKIE_ROUNDS,          /* rounds.h */
    SSO_COOKIE_FRAGMENT,        /* fragment.h */
    SSO_COOKIE_HINT,            /* hint.h */
    SSO_COOKIE_USER,            /* last_user.h */
    SSO_COOKIE_KEPT,            /* begins the names of what is kept, resend_note.h */
    SSO_COOKIES
} sso_cookie_id_t;

/** What it is called; of those that are many, how their names begin. */
const char *sso_cookie_name(const sso_app_t *app, sso_cookie_id_t which, apr_pool_t *p);

/** What came with the request under that name, or NULL. */
const char *sso_cookie_that_came(request_rec *r, const sso_app_t *app, sso_cookie_id_t which);

#define SSO_COOKIE_END_CHARS 12

/** The end of a name that nobody can guess, for cookies of which there are many: SSO_COOKIE_END_CHARS characters. */
SAML_MUST_CHECK saml_status_t sso_cookie_end_new(const char **out, apr_pool_t *p, saml_err_t *err);

/** Whether `text`, from outside, begins with what has the shape of one; nothing else may go into a cookie's name. @param text  or NULL */
int sso_cookie_end_begins(const char *text);

/** Whether `name`, which begins with the state_prefix of `app`, is one of those. */
int sso_cookie_is_in_table(const sso_app_t *app, const char *name);

/**
 * Take our cookies, those of any application of this process, out of one Cookie header. Only ";" parts two of them: a browser sends
 * one line (RFC 6265 5.4), HTTP/2 joins its fields by "; " (RFC 9113 8.2.3), and what follows a comma is part of a value, which
 * a neighbouring host can set in spite of the __Host- prefix. httpd joins two lines by a comma: no session is found in them.
 * @param names sso_cookie_names_t (sso_managed)
 * @param rest  what is left for the backend, NULL where nothing is
 * @return our own, "name=value; name=value", or NULL where there are none; then `rest` is the header itself
 */
const char *sso_cookies_split(const char **rest, const char *header, const apr_array_header_t *names,
                              apr_pool_t *p);

/**
 * The value of cookie `name` among our own. A name that comes twice is answered with its first value.
 * @return NULL where it did not come
 */
const char *sso_cookie_value(const char *own, const char *name, apr_pool_t *p);

/** The next value of cookie `name` from `*at` in our own on, which moves behind it; no copy, so that no NUL ends it. @return 0 at the end */
int sso_cookie_next(const char **value, apr_size_t *len, const char **at, const char *name);

/** The first `at_most` values of cookie `name` among our own (const char *). */
apr_array_header_t *sso_cookie_values(const char *own, const char *name, int at_most, apr_pool_t *p);

/** The first `at_most` names in `own` that begin with `prefix` (const char *), in the order they came. */
apr_array_header_t *sso_cookie_names(const char *own, const char *prefix, int at_most, apr_pool_t *p);

/** Set a session cookie of `app`, named as it is or a part (carried.h); a browser-session cookie, its end is the server's to decide. */
void sso_cookie_set_session(request_rec *r, const sso_app_t *app, const char *name, const char *value);

/** Whether `name` is that of the second or a further part of the session cookie `session`: "SESSION.1". */
int sso_cookie_is_part(const char *name, const char *session);

/** Tell the browser to forget one cookie of a session. */
void sso_cookie_drop_part(request_rec *r, const sso_app_t *app, const char *name);

/** Tell the browser to forget what came of a session in parts (NAME.1 and the following) from the part `count` on. */
void sso_cookie_drop_surplus(request_rec *r, const sso_app_t *app, int count);

/** Tell the browser to forget the session cookie of `app`, and its further parts that came. */
void sso_cookie_drop_session(request_rec *r, const sso_app_t *app);

/**
 * Set or drop a short-lived cookie that must come back with the IdP's cross-site POST: SameSite=None; Secure. On http (loopback
 * only) neither, as browsers then refuse SameSite=None.
 * @param max_age  0 drops
 */
void sso_cookie_set_cross_site(request_rec *r, const sso_app_t *app, const char *name, const char *value,
                               apr_interval_time_t max_age);

#define SSO_COOKIE_WITH_BROWSER ((apr_interval_time_t)-1)   /* it goes when the browser is closed */

/** The same for one that only pages of this site need, and links to it: SameSite=Lax. */
void sso_cookie_set_same_site(request_rec *r, const sso_app_t *app, const char *name, const char *value,
                              apr_interval_time_t max_age);

#endif
