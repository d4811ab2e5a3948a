/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_REQUEST_H
#define SAML_REQUEST_H

/** @file request.h AuthnRequest (SAML Core 3.4.1, Profiles 4.1.4.1; what Entra accepts: no SPNameQualifier, no Subject). */

#include "key.h"
#include "saml.h"

typedef struct {
    const char *id;                 /* from saml_id_new */
    apr_time_t issue_instant;
    const char *destination;        /* the IdP's SSO URL */
    const char *issuer;             /* our entity ID */
    const char *acs_url;
    const char *name_id_format;     /* URI for NameIDPolicy Format; NULL: no NameIDPolicy */
    int force_authn;
    int is_passive;
    const apr_array_header_t *authn_context; /* const char * URIs; NULL or empty: no RequestedAuthnContext */
} saml_authn_request_t;

/** The AuthnRequest as XML without declaration and without white space between elements; lives in `p`. */
const char *saml_authn_request_xml(const saml_authn_request_t *req, apr_pool_t *p);

/** The format URI of the names that `SAMLNameIDFormat` knows (emailAddress, persistent, transient, unspecified); else NULL. */
const char *saml_name_id_format_uri(const char *name);

#endif
