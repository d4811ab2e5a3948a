/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_ENTRA_H
#define SSO_ENTRA_H

/** @file entra.h Where Microsoft Entra ID does otherwise than its metadata or the specification says. */

#include "saml/metadata.h"

/** An application of Entra as SAMLEntra names it. The GUIDs are in lower case. */
typedef struct {
    const char *tenant;         /* or a verified domain name */
    const char *application;
    const char *cloud;          /* "global", "usgov", "china" */
    const char *login_host;     /* "login.microsoftonline.com": metadata, sign-on, tokens */
    const char *graph_host;     /* "graph.microsoft.com" */
} sso_entra_t;

/** The number of the cloud of that name, in any case; -1: there is none. */
int sso_entra_cloud_number(const char *name);

/** Fill in what the cloud of that number is. @return 0: there is none */
int sso_entra_cloud(sso_entra_t *out, int number);

/**
 * What is wrong with the entityID of metadata that is to be of this tenant: "expected ...", or NULL. The template of all tenants
 * ("https://sts.windows.net/{tenant}/") is of none.
 */
const char *sso_entra_entity_check(const sso_entra_t *entra, const char *entity_id, apr_pool_t *p);

/** What is wrong with a place of this cloud that browsers are sent to, or NULL. */
const char *sso_entra_address_check(const sso_entra_t *entra, const char *url, apr_pool_t *p);

/** The tenant of which `idp` is Entra, by its entity ID; NULL where it is another identity provider. */
const char *sso_entra_tenant(const saml_idp_t *idp, apr_pool_t *p);

/**
 * What the Issuer of a logout message of `idp` may be (const char *): its entity ID; and for Entra the address of the login service
 * with the tenant, which is what its LogoutResponses bear.
 */
apr_array_header_t *sso_logout_issuers(const saml_idp_t *idp, apr_pool_t *p);

#endif
