/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_URL_H
#define SSO_URL_H

/** @file url.h Our public URLs, and "is this target ours". */

#include "sso.h"

/**
 * Take an ACS URL apart: absolute, https (http only for loopback hosts: localhost, 127.0.0.0/8, [::1]), no userinfo, a plain
 * path without query or fragment, printable ASCII, at most 256 characters as Entra takes them.
 * @return NULL, or what is wrong with it (expected, got)
 */
const char *sso_reply_url_parse(sso_reply_url_t *out, const char *url, apr_pool_t *p);

/**
 * What is wrong with a URL of the identity provider: absolute, https (http for loopback hosts), no userinfo, no fragment.
 * @return NULL: nothing
 */
const char *sso_idp_url_check(const char *url, apr_pool_t *p);

#define SSO_IDP_ADDRESSES 6

/** A place of an identity provider that browsers are sent to, or NULL; and the service it stands for in metadata. */
typedef struct {
    const char *service;
    const char *url;
} sso_idp_address_t;

/** Every such place that metadata can name. */
void sso_idp_addresses(sso_idp_address_t out[SSO_IDP_ADDRESSES], const saml_idp_t *idp);

/** A URL that sso_idp_url_check has passed in one spelling: scheme and host in lower case, without a default port. */
const char *sso_url_normal(const char *url, apr_pool_t *p);

/**
 * Whether `path` is one that nobody reads in two ways: "/" first, none last, [A-Za-z0-9._~-] between single slashes, no
 * dot segments.
 */
int sso_path_is_plain(const char *path);

/** `path` without `prefix` before it; `path` itself where that is not there, or "". */
const char *sso_path_without(const char *path, const char *prefix);

/** The ACS URL of the request's scheme and host; the first where none matches. */
const sso_reply_url_t *sso_reply_url_of(const sso_app_t *app, request_rec *r);

/**
 * A place to go to after sign-on or logout, if it is on one of our own origins: a path ("/app?x=1"), or an absolute URL whose
 * origin is that of one of `app`'s reply URLs byte for byte. Everything a browser might read differently is refused: backslash, "//",
 * control octets, white space, non-ASCII, userinfo, other schemes, encoded slashes at the start or where dot segments lead back to it;
 * dot segments are kept.
 * @return the target as it may stand in Location, copied into `p`; NULL where it is not ours
 */
const char *sso_own_target(const sso_app_t *app, const char *target, apr_pool_t *p);

/** What the browser asked for, as a place to come back to; the front page where that is none of ours. */
const char *sso_request_target(request_rec *r, const sso_app_t *app);

/** The URL of endpoint `name` ("acs", "metadata", "login") as the browser at `reply` sees it. */
const char *sso_endpoint_url(const sso_app_t *app, const sso_reply_url_t *reply, const char *name, apr_pool_t *p);

#endif
