/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_ADDRESS_H
#define SSO_ADDRESS_H

/**
 * @file address.h
 * Where the browser is, and where SAMLReplyURL says that it is. What proxies have done to Host, scheme and port on the way does not
 * count: the sign-on page asks the browser itself, before anything is sent. Nothing hangs on the answer but an explanation.
 */

#include "sso.h"

/**
 * Attributes for the form of the sign-on page: where it should be, and where it goes, with the browser's own origin, if it is not.
 * Escaped.
 */
const char *sso_address_attributes(request_rec *r, const sso_app_t *app, const char *target);

/**
 * Explain that the browser is at `origin`, by a page and in the log.
 * @param target  where the sign-on is to end
 * @return DECLINED where it is at the reply URL's
 */
int sso_address_explain(request_rec *r, const sso_app_t *app, const char *origin, const char *target);

/** Say in the log, once a process and application, that the request's Host is that of no reply URL, so that the first one is taken. */
void sso_address_look(request_rec *r, const sso_app_t *app);

#endif
