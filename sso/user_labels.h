/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_USER_LABELS_H
#define SSO_USER_LABELS_H

/**
 * @file user_labels.h
 * The names that a session's user goes by, as labels of the store (store.h): what REMOTE_USER is where no SAMLUser stands, and what each
 * SAMLUser of the configuration makes of the claims. By them `saml-sso sessions --end` finds the sessions of a user, in all applications
 * that share a store.
 */

#include "sso.h"

/** Remember that the configuration has `user`. @param users  sso_user_t *, each once; NULL of it: no SAMLUser */
void sso_users_add(apr_array_header_t *users, const sso_user_t *user);

/**
 * The labels of a session that begins with `login`: each name once, SSO_MAX_USER_LABELS at most; of more the first ones of `users`.
 * @param count  of those that are there already; counted up
 */
SAML_MUST_CHECK saml_status_t sso_user_labels(sso_label_t labels[SSO_MAX_LABELS], int *count, const apr_array_header_t *users,
                                              const saml_login_t *login, apr_pool_t *p, saml_err_t *err);

#endif
