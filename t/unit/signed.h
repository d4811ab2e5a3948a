/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_SIGNED_H
#define T_UNIT_SIGNED_H

/*
 * Messages for the tests of signatures, signed after templates, so that also the shapes that are refused have digests and
 * values that are right; and the keys and certificates for them.
 */

#include "material.h"

#include "saml/algorithm.h"
#include "saml/encoding.h"
#include "saml/signature.h"

#define DSIG  "http://www.w3.org/2000/09/xmldsig#"
#define MORE  "http://www.w3.org/2001/04/xmldsig-more#"
#define M2007 "http://www.w3.org/2007/05/xmldsig-more#"
#define XENC  "http://www.w3.org/2001/04/xmlenc#"
#define C10   "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define C11   "http://www.w3.org/2006/12/xml-c14n11"
#define EXC   SAML_ALG_EXC_C14N

#define T(uri)     "<ds:Transform Algorithm=\"" uri "\"/>"
#define ENVELOPED  T(SAML_ALG_ENVELOPED)
#define TRANSFORMS ENVELOPED T(EXC)
#define KEY_INFO_START "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
#define KEY_INFO_END   "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"

static EVP_PKEY *rsa, *rsa2, *rsa1024, *ec256, *ec384, *ec521;
static saml_cert_t *cert, *cert2, *cert1024, *cert256, *cert384, *cert521, *expired, *early;
static apr_array_header_t *ours;
static saml_verified_t *v;
static saml_doc_t *doc;

static inline int set_up_keys(void **state)
{
    if (set_up_library(state))
        return 1;
    rsa = material_key("RSA", 2048, NULL);
    rsa2 = material_key("RSA", 2048, NULL);
    rsa1024 = material_key("RSA", 1024, NULL);
    ec256 = material_key("EC", 0, "P-256");
    ec384 = material_key("EC", 0, "P-384");
    ec521 = material_key("EC", 0, "P-521");
    cert = material_valid_cert(rsa, "idp");
    cert2 = material_valid_cert(rsa2, "idp2");
    cert1024 = material_valid_cert(rsa1024, "idp1024");
    cert256 = material_valid_cert(ec256, "ec256");
    cert384 = material_valid_cert(ec384, "ec384");
    cert521 = material_valid_cert(ec521, "ec521");
    expired = material_cert(rsa, "old", MATERIAL_NOW - 9 * MATERIAL_DAY, MATERIAL_NOW - MATERIAL_DAY);
    early = material_cert(rsa, "early", MATERIAL_NOW + MATERIAL_DAY, MATERIAL_NOW + 9 * MATERIAL_DAY);
    ours = material_certs(1, cert);
    return 0;
}

/* ---- messages ------------------------------------------------------------ */

typedef struct {
    const char *c14n, *method, *transforms, *digest, *uri;
    const char *in_c14n, *in_method, *in_digest;    /* children of those */
    const char *references;                         /* instead of the one Reference */
    const char *after;                              /* KeyInfo and whatever follows SignatureValue */
} shape_t;

static inline const char *pick(const char *given, const char *usual)
{
    return given ? given : usual;
}

static inline const char *reference_of(const shape_t *s)
{
    return apr_pstrcat(pool, "<ds:Reference URI=\"", pick(s->uri, "#_a"), "\">", "<ds:Transforms>",
                       pick(s->transforms, TRANSFORMS), "</ds:Transforms>", "<ds:DigestMethod Algorithm=\"",
                       pick(s->digest, SAML_ALG_SHA256), "\">", pick(s->in_digest, ""),
                       "</ds:DigestMethod><ds:DigestValue/></ds:Reference>", NULL);
}

static inline const char *template_of(const shape_t *s)
{
    return apr_pstrcat(pool, "<ds:Signature xmlns:ds=\"" DSIG "\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"",
                       pick(s->c14n, EXC), "\">", pick(s->in_c14n, ""), "</ds:CanonicalizationMethod>",
                       "<ds:SignatureMethod Algorithm=\"", pick(s->method, SAML_ALG_RSA_SHA256), "\">",
                       pick(s->in_method, ""), "</ds:SignatureMethod>", s->references ? s->references : reference_of(s),
                       "</ds:SignedInfo><ds:SignatureValue/>", pick(s->after, ""), "</ds:Signature>", NULL);
}

static inline const char *response_with(const char *in_assertion)
{
    return apr_pstrcat(pool, "<samlp:Response xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION
                       "\" xmlns:q=\"urn:q\" ID=\"_r\" Version=\"2.0\"><saml:Issuer>idp</saml:Issuer>"
                       "<saml:Assertion ID=\"_a\" Version=\"2.0\"><saml:Issuer>idp</saml:Issuer>", in_assertion,
                       "<saml:Subject><saml:NameID>ada<!-- no -->@x.example</saml:NameID></saml:Subject></saml:Assertion>"
                       "</samlp:Response>", NULL);
}

static inline const char *signed_with(const shape_t *s, EVP_PKEY *key)
{
    return material_sign(response_with(template_of(s)), key);
}

static inline const char *good(void)
{
    shape_t usual = { 0 };

    return signed_with(&usual, rsa);
}

static inline xmlNode *assertion(void)
{
    return saml_xml_child(saml_doc_root(doc), SAML_NS_ASSERTION, "Assertion");
}

static inline void read_doc(const char *xml)
{
    assert_says(saml_doc_parse(&doc, xml, strlen(xml), SAML_MAX_MESSAGE_BYTES, "test", pool, &err), SAML_OK, "");
}

static inline saml_status_t verify_el(xmlNode *el, const apr_array_header_t *certs, unsigned allow)
{
    saml_trust_t trust = { .certs = certs, .now = MATERIAL_NOW, .allow = allow };

    v = NULL;
    return saml_signature_verify(&v, doc, el, &trust, pool, &err);
}

/* The Assertion of `xml`, with `certs`. */
static inline saml_status_t verify_with(const char *xml, const apr_array_header_t *certs, unsigned allow)
{
    saml_status_t status;

    read_doc(xml);
    status = verify_el(assertion(), certs, allow);
    assert_int_equal(v != NULL, status == SAML_OK);
    return status;
}

static inline saml_status_t verify(const char *xml)
{
    return verify_with(xml, ours, 0);
}

static inline void refused(const char *xml, saml_status_t want, const char *says)
{
    assert_says(verify(xml), want, says);
}

static inline void shape_refused(const shape_t *s, saml_status_t want, const char *says)
{
    refused(signed_with(s, rsa), want, says);
}

static inline const char *key_info(const saml_cert_t *c)
{
    return apr_pstrcat(pool, KEY_INFO_START, c->base64, KEY_INFO_END, NULL);
}

#endif
