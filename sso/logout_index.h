/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LOGOUT_INDEX_H
#define SSO_LOGOUT_INDEX_H

/**
 * @file logout_index.h
 * By what the identity provider names sessions when it wants them ended, as labels of the store (store.h). They are digests over
 * the application with both entity IDs, the name with format and qualifiers, and the session index: a stolen store tells no names.
 */

#include "saml/logout.h"
#include "sso.h"

/** The labels of a session that begins with `login`. @param count set to how many there are */
SAML_MUST_CHECK saml_status_t sso_logout_labels(sso_label_t labels[SSO_MAX_LABELS], int *count, const sso_app_t *app,
                                                const saml_idp_t *idp, const saml_login_t *login, apr_pool_t *p,
                                                saml_err_t *err);

/**
 * End every session of `app` that `request` names: those of its NameID; with SessionIndex, of these only the ones with any of
 * them. With Entra a SessionIndex alone is enough, as it is unique and the NameID may be another than at sign-on.
 */
SAML_MUST_CHECK saml_status_t sso_logout_end_named(int *ended, const sso_app_t *app, const saml_idp_t *idp,
                                                   const saml_logout_request_t *request, apr_pool_t *p, saml_err_t *err);

#endif
