/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_IDP_H
#define SSO_IDP_H

/**
 * @file idp.h
 * The identity provider as it is known at this moment. Where it comes from a URL it may change while serving, so nobody keeps it:
 * each request asks here, and sees the same one to its end.
 */

#include "sso.h"

/**
 * What is known of `app`'s identity provider. Reads no disk and waits for nothing.
 * @param out  set on SAML_OK; the same for the whole request, lives as long as r->pool
 * @return SAML_OK, or SAML_E_METADATA: nothing has been fetched yet, or what there is has come to its validUntil
 */
SAML_MUST_CHECK saml_status_t sso_idp_current(const saml_idp_t **out, request_rec *r, const sso_app_t *app, saml_err_t *err);

/**
 * Where sign-on requests go, and how: by SAMLRequestBinding or, where that is left to us and the identity provider has no service for
 * POST, by Redirect.
 * @return SAML_OK, or SAML_E_METADATA: it has none for the binding that is asked for
 */
SAML_MUST_CHECK saml_status_t sso_idp_login_service(const char **url, sso_binding_t *binding, const sso_app_t *app,
                                                    const saml_idp_t *idp, saml_err_t *err);

#endif
