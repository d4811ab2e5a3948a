/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_OUTGOING_H
#define SSO_OUTGOING_H

/** @file outgoing.h Messages of ours made ready for a browser that takes them to the identity provider (SAML Bindings 3.4, 3.5). */

#include "page.h"
#include "sso.h"

/** A service of the identity provider that takes messages. */
typedef struct {
    const char *url;            /* NULL: it has none */
    sso_binding_t binding;
} sso_service_t;

/** One message. */
typedef struct {
    const char *param;          /* "SAMLRequest" or "SAMLResponse" */
    const char *xml;
    const char *relay_state;    /* or NULL */
    const char *hints;          /* more of the query, which no signature covers; or NULL */
    sso_service_t to;
    const saml_keypair_t *key;  /* or NULL: unsigned */
} sso_outgoing_t;

#define SSO_OUTGOING_FIELDS 2

/** The same, signed and packed. */
typedef struct {
    const char *url;            /* by Redirect with all of the message in it, by POST what the form goes to */
    sso_field_t fields[SSO_OUTGOING_FIELDS];    /* of that form */
} sso_packed_t;

/**
 * Make `out` ready: by Redirect signed in its query, by POST in its XML.
 * @param packed  set on SAML_OK; lives in `p`
 * @return SAML_OK, or why it can be neither signed nor packed: SAML_E_SIGNATURE, SAML_E_MALFORMED, SAML_E_TOO_LARGE, SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_outgoing_pack(sso_packed_t *packed, const sso_outgoing_t *out, apr_pool_t *p, saml_err_t *err);

#endif
