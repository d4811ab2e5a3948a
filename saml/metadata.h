/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_METADATA_H
#define SAML_METADATA_H

/** @file metadata.h Read the identity provider's metadata, write ours (SAML Metadata 2). */

#include "key.h"
#include "xml.h"

/** What we know of an identity provider, from metadata or by hand. Read-only once made. */
typedef struct {
    const char *entity_id;
    const char *sso_post;           /* SingleSignOnService Location for HTTP-POST, or NULL */
    const char *sso_redirect;       /* for HTTP-Redirect, or NULL */
    const char *slo_post;           /* SingleLogoutService, or NULL */
    const char *slo_redirect;
    const char *slo_post_response;      /* ResponseLocation, or NULL: same as slo_post */
    const char *slo_redirect_response;
    apr_array_header_t *certs;      /* saml_cert_t *, use="signing" or no use, each once; at least one */
    int unread_certs;               /* how many more there are that cannot be read */
    const char *unread_reason;      /* why the first of them cannot, or NULL */
    int want_authn_requests_signed;
    apr_time_t valid_until;         /* the earliest that applies, 0: none */
} saml_idp_t;

/**
 * Read the IDPSSODescriptor of an EntityDescriptor, or of one EntityDescriptor in (nested) EntitiesDescriptor.
 * RoleDescriptors of other types (Entra's WS-Fed ones) are skipped; keys come from the IDPSSODescriptor that speaks SAML 2.0.
 * @param entity_id  the one wanted; NULL: there must be exactly one identity provider in the document
 * @param now        for validUntil (0: not checked)
 * @param source     file name or URL, for messages
 * @return SAML_OK, SAML_E_MALFORMED, SAML_E_TOO_LARGE or SAML_E_METADATA
 */
SAML_MUST_CHECK saml_status_t saml_metadata_read(saml_idp_t **out, const char *xml, apr_size_t len,
                                                 const char *entity_id, apr_time_t now, const char *source,
                                                 apr_pool_t *p, saml_err_t *err);

/** The same from a file. */
SAML_MUST_CHECK saml_status_t saml_metadata_load(saml_idp_t **out, const char *file, const char *entity_id,
                                                 apr_time_t now, apr_pool_t *p, saml_err_t *err);

/** What our descriptor says. */
typedef struct {
    const char *entity_id;
    const apr_array_header_t *acs_urls;     /* const char *, index 0 is the default */
    const char *logout_url;                 /* SingleLogoutService, Redirect and POST, or NULL */
    const char *name_id_format;             /* URI or NULL */
    const apr_array_header_t *keys;         /* saml_keypair_t *; the first signs, all decrypt; may be empty */
    int sign_requests;
} saml_sp_t;

/** Our EntityDescriptor, with declaration and line breaks, as a person may read it; lives in `p`. */
const char *saml_metadata_write(const saml_sp_t *sp, apr_pool_t *p);

#endif
