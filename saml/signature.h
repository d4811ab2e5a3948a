/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_SIGNATURE_H
#define SAML_SIGNATURE_H

/**
 * @file signature.h
 * XML signatures as SAML profiles them (SAML Core 5.4), and the proof of what was signed.
 *
 * What a signature proves is the octets that were digested, not the tree that came in. They are parsed anew,
 * and that document is the saml_verified_t: the readers of identity (assertion.h) take nothing else.
 */

#include "key.h"
#include "xml.h"

/** Proof that the identity provider said this element. Made by signature.c (and by saml_verified_child). */
typedef struct saml_verified_t saml_verified_t;

/** Which signatures are believed. */
typedef struct {
    const apr_array_header_t *certs;    /* saml_cert_t *, tried in order; one named in KeyInfo is tried first */
    apr_time_t now;
    unsigned allow;                     /* SAML_ALLOW_ bits */
} saml_trust_t;

/** Whether `el` carries a ds:Signature as a child, which is the only protocol position there is. */
int saml_signature_present(const xmlNode *el);

/**
 * Check the signature that is a child of `el`, and hand back proof of what it covers.
 *
 * Refuses: no or several Signature children; more than one SignedInfo or Reference; a Reference that is not "#" and
 * the ID of `el`; an ID that occurs twice in the document in any form (also xml:id); transforms other than
 * enveloped-signature and canonicalisation, each at most once; ds:Object and any other content; algorithms outside algorithm.h;
 * comments or elements inside DigestValue and SignatureValue; a canonical form that is empty or is not the
 * element. Keys and certificates in KeyInfo are never used, a certificate there only says which of ours to try first.
 * @param out    set on SAML_OK only; a document of its own; lives in `p`
 * @param el     an element of `doc`: Response, Assertion, LogoutRequest, LogoutResponse or metadata root
 * @return SAML_OK, SAML_E_UNSIGNED, SAML_E_ALGORITHM, SAML_E_SIGNATURE, SAML_E_CERTIFICATE_EXPIRED
 * Spec: SAML Core 5.4; XML Signature 3.2, 4.4
 */
SAML_MUST_CHECK saml_status_t saml_signature_verify(saml_verified_t **out, const saml_doc_t *doc, xmlNode *el,
                                                    const saml_trust_t *trust, apr_pool_t *p, saml_err_t *err);

/**
 * What saml_signature_verify costs that refuses at the last step, less what is in `done`: the Signature of the root is read, a
 * value verified with each certificate, the root canonicalised and digested. For decoy.c.
 */
void saml_signature_imitate(const saml_doc_t *decoy, const saml_trust_t *trust, const saml_work_t *done, apr_pool_t *p);

/** The element that is proven, in its own document. Read-only. */
xmlNode *saml_verified_element(const saml_verified_t *v);

/** The certificate that proved it; NULL where nothing in the document did (saml_verified_whole). */
const saml_cert_t *saml_verified_by(const saml_verified_t *v);

/** Proof of a part from proof of the whole: `child` must stand under saml_verified_element(v); else NULL. */
saml_verified_t *saml_verified_child(const saml_verified_t *v, xmlNode *child, apr_pool_t *p);

/**
 * Proof of a decrypted element whose ciphertext was proven by `outer`; `plain` is what saml_decrypt_element gave for
 * an element under it. Only response.c and assertion.c call this, for EncryptedAssertion in a signed Response, EncryptedID
 * and EncryptedAttribute in a proven Assertion.
 */
saml_verified_t *saml_verified_decrypted(const saml_verified_t *outer, const saml_doc_t *plain, apr_pool_t *p);

/**
 * Proof of a whole document by what stands outside of it: the signature of the HTTP-Redirect query that brought it, or the
 * administrator's word that a logout message needs none (SAML_ALLOW_UNSIGNED_LOGOUT). Only logout.c calls this.
 */
saml_verified_t *saml_verified_whole(const saml_doc_t *doc, apr_pool_t *p);

/**
 * Sign the root of `xml` with an enveloped signature (exclusive c14n, RSA-SHA256, X509Certificate in KeyInfo), placed right
 * after its Issuer as the schema demands.
 * @param xml     a message whose root has an ID attribute
 * @param out     the signed message; lives in `p`
 * @return SAML_OK, SAML_E_MALFORMED or SAML_E_SIGNATURE
 */
SAML_MUST_CHECK saml_status_t saml_signature_sign(const char **out, const char *xml, const saml_keypair_t *key,
                                                  apr_pool_t *p, saml_err_t *err);

/**
 * A detached signature over `data`, as the HTTP-Redirect binding has it (SAML Bindings 3.4.4.1).
 * @param sig_b64  base64, one line
 */
SAML_MUST_CHECK saml_status_t saml_octets_sign(const char **sig_b64, const char *data, apr_size_t len,
                                               const saml_keypair_t *key, apr_pool_t *p, saml_err_t *err);

/** The same, verified, with any certificate of `trust`. @return SAML_OK, SAML_E_ALGORITHM, SAML_E_SIGNATURE, SAML_E_CERTIFICATE_EXPIRED */
SAML_MUST_CHECK saml_status_t saml_octets_verify(const char *data, apr_size_t len, const char *sig_alg,
                                                 const char *sig_b64, const saml_trust_t *trust, apr_pool_t *p,
                                                 saml_err_t *err);

#endif
