/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_DECRYPT_H
#define SAML_DECRYPT_H

/** @file decrypt.h Decrypts; decides nothing. Encryption is no authentication: what comes out is as untrusted as what went in. */

#include "key.h"
#include "xml.h"

#define SAML_MAX_ENCRYPTED_KEYS 8   /* in one wrapper; each is tried with each of our keys */

/**
 * Decrypt an EncryptedAssertion, EncryptedID or EncryptedAttribute and parse the plain octets as a document of their own.
 *
 * The EncryptedKey may stand inside EncryptedData's KeyInfo, beside EncryptedData, or be named by a RetrievalMethod
 * to an Id in the same wrapper. With several, and with several private keys, each is tried. Every failure after the algorithms
 * were found acceptable has one and the same reason, whatever went wrong.
 * @param out   the plain element's document, bounded as in saml_doc_parse; its root is an Assertion, a NameID or an
 *              Attribute, as the wrapper promises, and anything else is a failure like the others; lives in `p`
 * @param el    the wrapper element
 * @param keys  saml_keypair_t *, ours
 * @return SAML_OK, SAML_E_ALGORITHM or SAML_E_DECRYPTION
 * Spec: SAML Core 2.3.4, 2.2.4, 2.7.3.2; XML Encryption 3, 5.2, 5.5
 */
SAML_MUST_CHECK saml_status_t saml_decrypt_element(saml_doc_t **out, xmlNode *el, const apr_array_header_t *keys,
                                                   unsigned allow, apr_pool_t *p, saml_err_t *err);

#endif
