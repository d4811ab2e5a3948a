/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_ASSERTION_H
#define SAML_ASSERTION_H

/** @file assertion.h Readers of a proven Assertion. They take saml_verified_t and nothing else. SAML Core 2. */

#include "claims.h"
#include "signature.h"

typedef struct {
    const char *value;
    const char *format;             /* URI or NULL */
    const char *name_qualifier;     /* or NULL */
    const char *sp_name_qualifier;  /* or NULL */
} saml_name_id_t;

/** SAML Core 2.4.1.2. Absent attributes are NULL, absent times 0. */
typedef struct {
    const char *method;
    int has_data;
    const char *recipient;
    const char *in_response_to;
    apr_time_t not_before;
    apr_time_t not_on_or_after;
} saml_confirmation_t;

typedef struct {
    const char *id;
    const char *version;
    const char *issuer;
    const char *issuer_format;      /* or NULL */
    apr_time_t issue_instant;
} saml_assertion_head_t;

/** SAML Core 2.5. */
typedef struct {
    int present;
    apr_time_t not_before;          /* 0: none */
    apr_time_t not_on_or_after;     /* 0: none */
    apr_array_header_t *restrictions; /* one apr_array_header_t * of const char * for each AudienceRestriction */
    const char *unknown;            /* quoted name of a condition that we do not understand, or NULL */
} saml_conditions_t;

/** SAML Core 2.7.2. */
typedef struct {
    apr_time_t authn_instant;
    const char *session_index;      /* or NULL */
    apr_time_t session_not_on_or_after; /* 0: none */
    const char *context_class;      /* AuthnContextClassRef, or NULL */
} saml_authn_t;

SAML_MUST_CHECK saml_status_t saml_assertion_head(saml_assertion_head_t *out, const saml_verified_t *v, apr_pool_t *p,
                                                  saml_err_t *err);
SAML_MUST_CHECK saml_status_t saml_assertion_conditions(saml_conditions_t *out, const saml_verified_t *v, apr_pool_t *p,
                                                        saml_err_t *err);
/**
 * The one identifier among the children of the proven element: of a Subject, or of a LogoutRequest.
 * @param out    NULL value where there is none
 * @param where  "Subject", for reasons
 * @param keys   for EncryptedID
 */
SAML_MUST_CHECK saml_status_t saml_name_id_read(saml_name_id_t *out, const saml_verified_t *v, const char *where,
                                                const apr_array_header_t *keys, unsigned allow, apr_pool_t *p,
                                                saml_err_t *err);
/** @param keys for EncryptedID; @param out NULL value where the Subject has no identifier. SAML_E_SUBJECT without Subject. */
SAML_MUST_CHECK saml_status_t saml_assertion_name_id(saml_name_id_t *out, const saml_verified_t *v,
                                                     const apr_array_header_t *keys, unsigned allow, apr_pool_t *p,
                                                     saml_err_t *err);
/** @param out array of saml_confirmation_t, in order. */
SAML_MUST_CHECK saml_status_t saml_assertion_confirmations(apr_array_header_t **out, const saml_verified_t *v,
                                                           apr_pool_t *p, saml_err_t *err);
/** @param out array of saml_authn_t, in order; empty where there is no AuthnStatement. */
SAML_MUST_CHECK saml_status_t saml_assertion_authn(apr_array_header_t **out, const saml_verified_t *v, apr_pool_t *p,
                                                   saml_err_t *err);
/** @param out array of saml_attribute_t; all AttributeStatements, EncryptedAttribute decrypted with `keys`. */
SAML_MUST_CHECK saml_status_t saml_assertion_attributes(apr_array_header_t **out, const saml_verified_t *v,
                                                        const apr_array_header_t *keys, unsigned allow, apr_pool_t *p,
                                                        saml_err_t *err);

#endif
