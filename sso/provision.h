/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_PROVISION_H
#define SSO_PROVISION_H

/** @file provision.h SAMLProvision: a backend hears of a user before the first session, and may say no. */

#include "sso.h"

/** What the key of the signature is made for; doc/manual.md tells administrators the command. */
#define SSO_PROVISION_LABEL "mod_saml_sso provisioning"

/**
 * Tell the application's backend of who signed on, unless it has heard the same before. Once for each sign-on, at most 5 s, no
 * redirects. The store remembers it for each application and user.
 * @return SAML_OK: the backend took the user, or had before, or there is none to ask;
 *         SAML_E_PROVISIONING: it said no (err->shown may hold what it says) or gave no usable answer;
 *         SAML_E_STORE: what it heard before could not be looked up or kept
 */
SAML_MUST_CHECK saml_status_t sso_provision(request_rec *r, const sso_app_t *app, const saml_login_t *login, saml_err_t *err);

#endif
