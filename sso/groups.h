/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_GROUPS_H
#define SSO_GROUPS_H

/**
 * @file groups.h
 * Groups: those that the identity provider left out for being too many (overage), and the names that SAMLGroupMap gives.
 *
 * Overage is a claim of the session, SAML_CLAIM_GROUPS_LINK with the value "1": as a variable it is SAML_GROUPS_OVERAGE.
 */

#include "sso.h"

/**
 * At sign-on. Where the groups were left out: ask Graph for them and put them in (SAMLGraph), or log what that means and leave the
 * flag. The address that came instead of them is neither asked nor kept.
 * @return SAML_OK, or SAML_E_OVERAGE where Graph was to be asked and gave no list
 */
SAML_MUST_CHECK saml_status_t sso_groups_complete(request_rec *r, const sso_app_t *app, saml_login_t *login, saml_err_t *err);

/** Whether the groups of this session were left out: nobody can say which it has. */
int sso_groups_are_unknown(const sso_session_t *session);

/** Whether a claim is the groups, by alias or full name. */
int sso_is_groups_claim(const char *name);

/**
 * Replace the values of `attribute`, where it is the groups and the application has a map, by what applications see: names where the
 * map has one, and nothing of what pretends to be one of its names.
 */
void sso_groups_present(sso_attribute_t *attribute, request_rec *r);

/**
 * Whether a group as the identity provider sent it calls itself what the map calls another one. No such group counts.
 * Logged once for each request.
 */
int sso_group_pretends(const char *value, const saml_group_map_t *map, request_rec *r);

#endif
