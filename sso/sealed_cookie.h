/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_SEALED_COOKIE_H
#define SSO_SEALED_COOKIE_H

/**
 * @file sealed_cookie.h
 * Text in a cookie that nobody but us can read or write. The seal is bound to the application and to the cookie's name: moved to
 * another, it does not open.
 */

#include "sso.h"

/** The value that `cookie` gets for `text`. @param purpose  each kind has a key of its own (seal.h) */
SAML_MUST_CHECK saml_status_t sso_sealed_make(const char **value, const sso_app_t *app, const char *purpose, const char *cookie,
                                              const char *text, apr_pool_t *p, saml_err_t *err);

/** The text of `value`, which was made for `cookie`; to be cut up by whoever asks. @return SAML_OK or SAML_E_STATE_MISSING */
SAML_MUST_CHECK saml_status_t sso_sealed_open(char **text, const sso_app_t *app, const char *purpose, const char *cookie,
                                              const char *value, apr_pool_t *p, saml_err_t *err);

/** The text of the `cookie` that came with the request, as above; NULL: none did that opens. */
char *sso_sealed_read(request_rec *r, const sso_app_t *app, const char *purpose, const char *cookie);

#endif
