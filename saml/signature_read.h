/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_SIGNATURE_READ_H
#define SAML_SIGNATURE_READ_H

/** @file signature_read.h The shape of a ds:Signature, checked before any library computes with it. */

#include "algorithm.h"
#include "xml.h"

/** A Signature of the one shape that is accepted. */
typedef struct {
    xmlNode *signature;
    xmlNode *signed_info;
    xmlNode *reference;                 /* the only one of SignedInfo */
    const saml_algorithm_t *reference_c14n;
    const char *reference_prefixes;     /* PrefixList of the Reference's canonicalisation, or NULL */
    xmlNode *key_info;                  /* or NULL */
    const char *id;                     /* that the Reference names: the signed element's */
    const char *uri;                    /* "#" and the ID */
    const saml_algorithm_t *method;
    const saml_algorithm_t *c14n;       /* of SignedInfo */
    const saml_algorithm_t *digest;
    const char *c14n_prefixes;          /* PrefixList of SignedInfo's canonicalisation, or NULL */
    const char *value;                  /* SignatureValue, decoded */
    apr_size_t value_len;
    const char *digest_value;           /* decoded */
    apr_size_t digest_value_len;
} saml_signature_parts_t;

/**
 * Read the Signature child of `el` and refuse every shape but the one of SAML Core 5.4.
 * @return SAML_OK, SAML_E_UNSIGNED, SAML_E_ALGORITHM or SAML_E_SIGNATURE
 * Spec: SAML Core 5.4.1 to 5.4.4; XML Signature 4
 */
SAML_MUST_CHECK saml_status_t saml_signature_read(saml_signature_parts_t *out, xmlNode *el, unsigned allow,
                                                  apr_pool_t *p, saml_err_t *err);

#endif
