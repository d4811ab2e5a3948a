/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_ALGORITHM_H
#define SAML_ALGORITHM_H

/** @file algorithm.h The one list of algorithms that this library accepts, and what each weak one needs. */

#include "saml.h"

typedef enum {
    SAML_ALG_SIGNATURE,
    SAML_ALG_DIGEST,
    SAML_ALG_C14N,              /* CanonicalizationMethod, and Transform that canonicalises */
    SAML_ALG_DATA_ENCRYPTION,
    SAML_ALG_KEY_TRANSPORT,
    SAML_ALG_OAEP_DIGEST,
    SAML_ALG_OAEP_MGF
} saml_alg_use_t;

/** One algorithm. Static, read-only. */
typedef struct {
    saml_alg_use_t use;
    const char *uri;
    const char *name;           /* "RSA-SHA256", for reasons and reports */
    unsigned needs;             /* SAML_ALLOW_ bits without which it is refused; 0 for none */
    const char *digest;         /* OpenSSL digest name, "SHA256", where one belongs to it, else NULL */
    const char *cipher;         /* OpenSSL cipher name, "AES-256-GCM", for data encryption, else NULL */
    const char *key_type;       /* "RSA" or "EC" for signatures, else NULL */
    int is_pss;                 /* RSASSA-PSS */
} saml_algorithm_t;

#define SAML_ALG_RSA_SHA256   "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define SAML_ALG_ENVELOPED    "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
#define SAML_ALG_EXC_C14N     "http://www.w3.org/2001/10/xml-exc-c14n#"
#define SAML_ALG_SHA256       "http://www.w3.org/2001/04/xmlenc#sha256"

#define SAML_ALG_OAEP_MGF1P   "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
#define SAML_ALG_OAEP         "http://www.w3.org/2009/xmlenc11#rsa-oaep"
#define SAML_ALG_RSA_1_5      "http://www.w3.org/2001/04/xmlenc#rsa-1_5"

/** The i-th of the list, for reports and set-up; NULL past the end. */
const saml_algorithm_t *saml_algorithm_at(int i);

/**
 * Find `uri` among the algorithms for `use`.
 * @param out    set on SAML_OK only
 * @param uri    as it stands in the message; NULL (absent) refuses
 * @param allow  SAML_ALLOW_ bits
 * @return SAML_OK or SAML_E_ALGORITHM, the reason naming the `SAMLAllow` word that would admit it, if any
 * Spec: XML Signature 6; XML Encryption 5; RFC 6931; RFC 9231
 */
SAML_MUST_CHECK saml_status_t saml_algorithm_find(const saml_algorithm_t **out, saml_alg_use_t use, const char *uri,
                                                  unsigned allow, saml_err_t *err);

#endif
