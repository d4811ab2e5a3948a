/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_ENTRA_H
#define SSO_ENTRA_H

/** @file entra.h Where Microsoft Entra ID does otherwise than its metadata or the specification says. */

#include "saml/metadata.h"

/** An application of Entra as SAMLEntra names it. The GUIDs are in lower case. */
typedef struct {
    const char *tenant;
    const char *application;
    const char *cloud;          /* "global", "usgov", "china" */
    const char *login_host;     /* "login.microsoftonline.com": metadata, sign-on, tokens */
    const char *graph_host;     /* "graph.microsoft.com" */
} sso_entra_t;

/** The tenant of which `idp` is Entra, by its entity ID; NULL where it is another identity provider. */
const char *sso_entra_tenant(const saml_idp_t *idp, apr_pool_t *p);

/**
 * What the Issuer of a logout message of `idp` may be (const char *): its entity ID; and for Entra the address of the login service
 * with the tenant, which is what its LogoutResponses bear.
 */
apr_array_header_t *sso_logout_issuers(const saml_idp_t *idp, apr_pool_t *p);

#endif
