/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures on elements (SAML Core 5.4; XML Signature 3.2, 4.4) and what they prove. The messages are signed by xmlsec1
 * after templates, so that also the shapes that are refused have digests and values that are right.
 */

#include "material.h"

#include <libxml/c14n.h>
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

static int set_up_keys(void **state)
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

static const char *pick(const char *given, const char *usual)
{
    return given ? given : usual;
}

static const char *reference_of(const shape_t *s)
{
    return apr_pstrcat(pool, "<ds:Reference URI=\"", pick(s->uri, "#_a"), "\">", "<ds:Transforms>",
                       pick(s->transforms, TRANSFORMS), "</ds:Transforms>", "<ds:DigestMethod Algorithm=\"",
                       pick(s->digest, SAML_ALG_SHA256), "\">", pick(s->in_digest, ""),
                       "</ds:DigestMethod><ds:DigestValue/></ds:Reference>", NULL);
}

static const char *template_of(const shape_t *s)
{
    return apr_pstrcat(pool, "<ds:Signature xmlns:ds=\"" DSIG "\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"",
                       pick(s->c14n, EXC), "\">", pick(s->in_c14n, ""), "</ds:CanonicalizationMethod>",
                       "<ds:SignatureMethod Algorithm=\"", pick(s->method, SAML_ALG_RSA_SHA256), "\">",
                       pick(s->in_method, ""), "</ds:SignatureMethod>", s->references ? s->references : reference_of(s),
                       "</ds:SignedInfo><ds:SignatureValue/>", pick(s->after, ""), "</ds:Signature>", NULL);
}

static const char *response_with(const char *in_assertion)
{
    return apr_pstrcat(pool, "<samlp:Response xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION
                       "\" xmlns:q=\"urn:q\" ID=\"_r\" Version=\"2.0\"><saml:Issuer>idp</saml:Issuer>"
                       "<saml:Assertion ID=\"_a\" Version=\"2.0\"><saml:Issuer>idp</saml:Issuer>", in_assertion,
                       "<saml:Subject><saml:NameID>ada<!-- no -->@x.example</saml:NameID></saml:Subject></saml:Assertion>"
                       "</samlp:Response>", NULL);
}

static const char *signed_with(const shape_t *s, EVP_PKEY *key)
{
    return material_sign(response_with(template_of(s)), key);
}

static const char *good(void)
{
    shape_t usual = { 0 };

    return signed_with(&usual, rsa);
}

static xmlNode *assertion(void)
{
    return saml_xml_child(saml_doc_root(doc), SAML_NS_ASSERTION, "Assertion");
}

static void read_doc(const char *xml)
{
    assert_says(saml_doc_parse(&doc, xml, strlen(xml), SAML_MAX_MESSAGE_BYTES, "test", pool, &err), SAML_OK, "");
}

static saml_status_t verify_el(xmlNode *el, const apr_array_header_t *certs, unsigned allow)
{
    saml_trust_t trust = { .certs = certs, .now = MATERIAL_NOW, .allow = allow };

    v = NULL;
    return saml_signature_verify(&v, doc, el, &trust, pool, &err);
}

/* The Assertion of `xml`, with `certs`. */
static saml_status_t verify_with(const char *xml, const apr_array_header_t *certs, unsigned allow)
{
    saml_status_t status;

    read_doc(xml);
    status = verify_el(assertion(), certs, allow);
    assert_int_equal(v != NULL, status == SAML_OK);
    return status;
}

static saml_status_t verify(const char *xml)
{
    return verify_with(xml, ours, 0);
}

static void refused(const char *xml, saml_status_t want, const char *says)
{
    assert_says(verify(xml), want, says);
}

static void shape_refused(const shape_t *s, saml_status_t want, const char *says)
{
    refused(signed_with(s, rsa), want, says);
}

/* ---- what verifies ------------------------------------------------------- */

static void test_good(void **state)
{
    xmlNode *el;
    const char *text;

    (void)state;
    assert_says(verify(good()), SAML_OK, "");
    el = saml_verified_element(v);
    assert_true(saml_xml_is(el, SAML_NS_ASSERTION, "Assertion"));
    assert_string_equal(saml_xml_attr(el, "ID", pool), "_a");
    assert_ptr_equal(saml_verified_by(v), cert);
    /* another document, without the signature, of the octets that were digested */
    assert_ptr_not_equal(el->doc, saml_doc_tree(doc));
    assert_ptr_equal(xmlDocGetRootElement(el->doc), el);
    assert_false(saml_signature_present(el));
    assert_true(saml_signature_present(assertion()));
    el = saml_xml_child(saml_xml_child(el, SAML_NS_ASSERTION, "Subject"), SAML_NS_ASSERTION, "NameID");
    assert_null(el->children->next);        /* the comment is not in the canonical form */
    assert_says(saml_xml_text(&text, el, pool, &err), SAML_OK, "");
    assert_string_equal(text, "ada@x.example");
}

static void test_algorithms(void **state)
{
    struct { const char *method, *digest; EVP_PKEY *key; saml_cert_t *by; unsigned needs; } cases[] = {
        { MORE "rsa-sha256", XENC "sha256", rsa, cert, 0 }, { MORE "rsa-sha384", MORE "sha384", rsa, cert, 0 },
        { MORE "rsa-sha512", XENC "sha512", rsa, cert, 0 }, { MORE "ecdsa-sha256", XENC "sha256", ec256, cert256, 0 },
        { MORE "ecdsa-sha384", MORE "sha384", ec384, cert384, 0 }, { MORE "ecdsa-sha512", XENC "sha512", ec521, cert521, 0 },
        { MORE "ecdsa-sha256", XENC "sha256", ec521, cert521, 0 }, { MORE "ecdsa-sha512", XENC "sha256", ec256, cert256, 0 },
        { M2007 "sha256-rsa-MGF1", XENC "sha256", rsa, cert, 0 }, { M2007 "sha384-rsa-MGF1", XENC "sha256", rsa, cert, 0 },
        { M2007 "sha512-rsa-MGF1", XENC "sha512", rsa, cert, 0 }, { M2007 "rsa-pss", XENC "sha256", rsa, cert, 0 },
        { DSIG "rsa-sha1", XENC "sha256", rsa, cert, SAML_ALLOW_SHA1 },
        { MORE "rsa-sha256", DSIG "sha1", rsa, cert, SAML_ALLOW_SHA1 },
    };
    apr_array_header_t *all = material_certs(5, cert2, cert256, cert384, cert521, cert);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        shape_t s = { .method = cases[i].method, .digest = cases[i].digest };
        const char *xml = signed_with(&s, cases[i].key);

        if (verify_with(xml, all, cases[i].needs) != SAML_OK)
            fail_msg("%s: %s", cases[i].method, err.reason);
        assert_ptr_equal(saml_verified_by(v), cases[i].by);
        assert_says(verify_with(replaced(xml, "ada<", "eve<"), all, cases[i].needs), SAML_E_SIGNATURE, "was changed after it was signed");
        if (cases[i].needs)
            assert_says(verify_with(xml, all, ~cases[i].needs), SAML_E_ALGORITHM, "\"SAMLAllow sha1\"");
    }
}

static void test_canonicalisations(void **state)
{
    static const struct { const char *c14n, *transforms; unsigned needs; } cases[] = {
        { EXC "WithComments", TRANSFORMS, 0 }, { EXC, ENVELOPED T(EXC "WithComments"), 0 },
        { C10, TRANSFORMS, SAML_ALLOW_C14N10 }, { C10 "#WithComments", TRANSFORMS, SAML_ALLOW_C14N10 },
        { C11, TRANSFORMS, SAML_ALLOW_C14N10 }, { EXC, ENVELOPED T(C10), SAML_ALLOW_C14N10 },
        { EXC, ENVELOPED T(C10 "#WithComments"), SAML_ALLOW_C14N10 }, { EXC, ENVELOPED T(C11), SAML_ALLOW_C14N10 },
        { EXC, ENVELOPED T(C11 "#WithComments"), SAML_ALLOW_C14N10 },
        { EXC, ENVELOPED, SAML_ALLOW_C14N10 },      /* implied inclusive c14n */
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        shape_t s = { .c14n = cases[i].c14n, .transforms = cases[i].transforms };
        const char *xml = signed_with(&s, rsa);

        assert_says(verify_with(xml, ours, cases[i].needs), SAML_OK, "");
        if (cases[i].needs)
            assert_says(verify_with(xml, ours, ~(unsigned)SAML_ALLOW_C14N10), SAML_E_ALGORITHM, "\"SAMLAllow c14n10\"");
    }
}

/*
 * XML Signature 4.4.3.3: a "#ID" reference leaves comments out whatever the canonicalisation is called. They can be moved
 * about, and the proven text stays what was signed.
 */
static void test_comments_are_not_signed(void **state)
{
    shape_t s = { .transforms = ENVELOPED T(EXC "WithComments") };
    const char *xml = signed_with(&s, rsa), *text;
    xmlNode *el;

    (void)state;
    assert_says(verify(replaced(xml, "ada<!-- no -->@x", "a<!-- yes -->da@x<!-- and -->")), SAML_OK, "");
    el = saml_xml_first(saml_xml_child(saml_verified_element(v), SAML_NS_ASSERTION, "Subject"));
    assert_null(el->children->next);
    assert_says(saml_xml_text(&text, el, pool, &err), SAML_OK, "");
    assert_string_equal(text, "ada@x.example");
}

/* Exclusive c14n 3, XML Signature 4.4.1: those of SignedInfo are signed where its canonicalisation is WithComments. */
static void test_comments_of_signed_info(void **state)
{
    shape_t s = { .in_c14n = "<!-- a -->" };

    (void)state;
    assert_says(verify(replaced(signed_with(&s, rsa), "<!-- a -->", "<!-- b -->")), SAML_OK, "");
    s.c14n = EXC "WithComments";
    assert_says(verify(signed_with(&s, rsa)), SAML_OK, "");
    refused(replaced(signed_with(&s, rsa), "<!-- a -->", "<!-- b -->"), SAML_E_SIGNATURE, "the signature value does not match");
    refused(replaced(signed_with(&s, rsa), "<!-- a -->", ""), SAML_E_SIGNATURE, "the signature value does not match");
}

static const char *inclusive(const char *list)
{
    return apr_pstrcat(pool, "<ec:InclusiveNamespaces xmlns:ec=\"" EXC "\" PrefixList=\"", list, "\"/>", NULL);
}

static void test_inclusive_namespaces(void **state)
{
    static const char *const good_lists[] = { "", "q", "q samlp #default", "a b c d e f g h i j k l m n o p" };
    const char *transform;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(good_lists) / sizeof(good_lists[0]); i++) {
        shape_t s = { .in_c14n = inclusive(good_lists[i]) };

        s.transforms = apr_pstrcat(pool, ENVELOPED "<ds:Transform Algorithm=\"" EXC "\">", inclusive(good_lists[i]),
                                   "</ds:Transform>", NULL);
        assert_says(verify(signed_with(&s, rsa)), SAML_OK, "");
        assert_int_equal(xmlSearchNs(NULL, saml_verified_element(v), BAD_CAST "q") != NULL, i == 1 || i == 2);
    }
    transform = apr_pstrcat(pool, ENVELOPED "<ds:Transform Algorithm=\"" EXC "\">",
                            inclusive("a b c d e f g h i j k l m n o p q"), "</ds:Transform>", NULL);
    shape_refused(&(shape_t){ .transforms = transform }, SAML_E_SIGNATURE, "PrefixList of at most 16");
    shape_refused(&(shape_t){ .in_c14n = inclusive("a b c d e f g h i j k l m n o p q") }, SAML_E_SIGNATURE,
                  "PrefixList of at most 16");
    refused(replaced(good(), "c14n#\"/><ds:SignatureMethod",
                     "c14n#\"><x xmlns=\"urn:x\"/></ds:CanonicalizationMethod><ds:SignatureMethod"),
            SAML_E_SIGNATURE, "expected one empty InclusiveNamespaces, got \"x\"");
    refused(replaced(good(), "c14n#\"/><ds:SignatureMethod",
                     "c14n#\"><ec:InclusiveNamespaces xmlns:ec=\"" EXC "\"/></ds:CanonicalizationMethod><ds:SignatureMethod"),
            SAML_E_SIGNATURE, "PrefixList of at most 16, got none");
    transform = apr_pstrcat(pool, EXC "\">", inclusive("q"), inclusive("samlp"), "</ds:CanonicalizationMethod><ds:SignatureMethod",
                            NULL);
    refused(replaced(good(), EXC "\"/><ds:SignatureMethod", transform), SAML_E_SIGNATURE,
            "expected one empty InclusiveNamespaces");
    refused(replaced(good(), "c14n#\"/><ds:SignatureMethod", "c14n#\"><ec:InclusiveNamespaces xmlns:ec=\"" EXC
                     "\" PrefixList=\"q\">samlp</ec:InclusiveNamespaces></ds:CanonicalizationMethod><ds:SignatureMethod"),
            SAML_E_SIGNATURE, "expected one empty InclusiveNamespaces");
    /* Inclusive canonicalisation has no such list. */
    transform = replaced(good(), EXC "\"/><ds:SignatureMethod", apr_pstrcat(pool, C10 "\">", inclusive("q"),
                         "</ds:CanonicalizationMethod><ds:SignatureMethod", NULL));
    assert_says(verify_with(transform, ours, SAML_ALLOW_C14N10), SAML_E_SIGNATURE, "inclusive c14n takes no parameter");
}

/* The two signatures of a Response, in either order and again, do not get in each other's way. */
static void test_two_signatures_in_one_document(void **state)
{
    shape_t outer = { .uri = "#_r" };
    const char *xml = replaced(good(), "</saml:Issuer>", apr_pstrcat(pool, "</saml:Issuer>", template_of(&outer), NULL));
    int i;

    (void)state;
    read_doc(material_sign(xml, rsa2));
    for (i = 0; i < 2; i++) {
        assert_says(verify_el(saml_doc_root(doc), material_certs(2, cert, cert2), 0), SAML_OK, "");
        assert_ptr_equal(saml_verified_by(v), cert2);
        assert_true(saml_xml_is(saml_verified_element(v), SAML_NS_PROTOCOL, "Response"));
        assert_says(verify_el(assertion(), material_certs(2, cert, cert2), 0), SAML_OK, "");
        assert_ptr_equal(saml_verified_by(v), cert);
    }
    assert_null(xmlGetID(saml_doc_tree(doc), BAD_CAST "_a"));
    assert_null(xmlGetID(saml_doc_tree(doc), BAD_CAST "_r"));
}

static void test_harmless_variations(void **state)
{
    shape_t named = { .after = apr_pstrcat(pool, KEY_INFO_START, cert->base64, KEY_INFO_END, NULL) };
    shape_t odd_keys = { .after = "<ds:KeyInfo><ds:KeyName>x</ds:KeyName><ds:X509Data><ds:X509Certificate>!</ds:X509Certificate>"
                                  "</ds:X509Data><x xmlns=\"urn:x\"/></ds:KeyInfo>" };
    shape_t id_on_signature = { 0 };

    (void)state;
    assert_says(verify(signed_with(&named, rsa)), SAML_OK, "");
    assert_says(verify(signed_with(&odd_keys, rsa)), SAML_OK, "");
    assert_says(verify(material_sign(replaced(response_with(template_of(&id_on_signature)), "<ds:Signature ",
                                              "<ds:Signature Id=\"_s\" "), rsa)), SAML_OK, "");
    assert_says(verify(replaced(good(), "</ds:SignedInfo>", "</ds:SignedInfo>\r\n<!-- x --> <?y?>")), SAML_OK, "");
    assert_says(verify(replaced(good(), "<ds:SignatureValue>", "<ds:SignatureValue>\r\n \t")), SAML_OK, "");
    assert_says(verify(replaced(good(), "<samlp:Response", "<!-- before --><samlp:Response")), SAML_OK, "");
}

/* ---- what was changed ---------------------------------------------------- */

static void test_changed_content(void **state)
{
    static const char *const changed = "its content was changed after it was signed";
    const char *xml = good();

    (void)state;
    refused(replaced(xml, "ada<", "eve<"), SAML_E_SIGNATURE, changed);
    refused(replaced(xml, "ID=\"_a\" Version=\"2.0\"", "ID=\"_a\" Version=\"2.1\""), SAML_E_SIGNATURE, changed);
    refused(replaced(xml, "ID=\"_a\" Version=\"2.0\"", "ID=\"_a\" Version=\"2.0\" q:x=\"\""), SAML_E_SIGNATURE, changed);
    refused(replaced(xml, "<saml:Subject>", "<saml:Subject><saml:NameID>eve</saml:NameID>"), SAML_E_SIGNATURE, changed);
    refused(replaced(xml, "<saml:Subject>", "\n<saml:Subject>"), SAML_E_SIGNATURE, changed);
    /* what is outside of the signed element is nobody's word, and does not disturb */
    assert_says(verify(replaced(xml, "Response xmlns", "Response Evil=\"1\" xmlns")), SAML_OK, "");
}

static void test_changed_signature(void **state)
{
    const char *xml = good();
    const char *digest = strstr(xml, "<ds:DigestValue>") + strlen("<ds:DigestValue>");
    const char *value = strstr(xml, "<ds:SignatureValue>") + strlen("<ds:SignatureValue>");
    char *flipped = apr_pstrdup(pool, xml);

    (void)state;
    flipped[digest - xml] = flipped[digest - xml] == 'A' ? 'B' : 'A';
    refused(flipped, SAML_E_SIGNATURE, "the signature value does not match any of the 1 keys tried: \"CN=idp\"");
    flipped = apr_pstrdup(pool, xml);
    flipped[value - xml] = flipped[value - xml] == 'A' ? 'B' : 'A';
    refused(flipped, SAML_E_SIGNATURE, "does not match any of the 1 keys");
    refused(replaced(xml, "exc-c14n#\"/><ds:SignatureMethod", "exc-c14n#WithComments\"/><ds:SignatureMethod"),
            SAML_E_SIGNATURE, "does not match any of the 1 keys");
    refused(replaced(xml, "rsa-sha256", "rsa-sha512"), SAML_E_SIGNATURE, "does not match any of the 1 keys");
}

/* Text that hides in comments, CDATA or elements could be read one way here and another way in xmlsec1. */
static void test_values_are_plain_text(void **state)
{
    static const char *const inserted[] = { "<!-- -->", "<![CDATA[]]>", "<?x?>", "<x xmlns=\"\"/>" };
    const char *xml = good();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(inserted) / sizeof(inserted[0]); i++) {
        refused(replaced(xml, "<ds:DigestValue>", apr_pstrcat(pool, "<ds:DigestValue>", inserted[i], NULL)),
                SAML_E_SIGNATURE, "DigestValue: expected base64 text and nothing else");
        refused(replaced(xml, "</ds:SignatureValue>", apr_pstrcat(pool, inserted[i], "</ds:SignatureValue>", NULL)),
                SAML_E_SIGNATURE, "SignatureValue: expected base64 text and nothing else");
    }
    refused(replaced(xml, "<ds:SignatureValue>", "<ds:SignatureValue>!"), SAML_E_SIGNATURE, "SignatureValue: expected base64");
    refused(replaced(xml, "<ds:DigestValue>", "<ds:DigestValue>AAAA"), SAML_E_SIGNATURE, "which is no SHA-256");
    refused(response_with(template_of(&(shape_t){ 0 })), SAML_E_SIGNATURE, "DigestValue: expected base64 text");
}

/* ---- shapes -------------------------------------------------------------- */

static void test_presence(void **state)
{
    shape_t usual = { 0 };

    (void)state;
    refused(response_with(""), SAML_E_UNSIGNED, "\"Assertion\" of \"" SAML_NS_ASSERTION "\" is not signed");
    /* a Signature further in is in no protocol position */
    refused(response_with(apr_pstrcat(pool, "<saml:Advice>", template_of(&usual), "</saml:Advice>", NULL)),
            SAML_E_UNSIGNED, "is not signed");
    refused(response_with("<Signature/>"), SAML_E_UNSIGNED, "is not signed");
    refused(response_with("<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig\"/>"), SAML_E_UNSIGNED, "is not signed");
    refused(replaced(good(), "<saml:Subject>", "<ds:Signature xmlns:ds=\"" DSIG "\"/><saml:Subject>"), SAML_E_SIGNATURE,
            "expected one Signature, got 2");
    read_doc(good());
    assert_says(verify_el(NULL, ours, 0), SAML_E_UNSIGNED, "got none");
    assert_says(verify_el(saml_doc_root(doc), ours, 0), SAML_E_UNSIGNED, "\"Response\"");
    assert_false(saml_signature_present(saml_doc_root(doc)));
}

static void test_element_of_another_document(void **state)
{
    xmlNode *foreign;

    (void)state;
    read_doc(good());
    foreign = assertion();
    read_doc(good());
    assert_says(verify_el(foreign, ours, 0), SAML_E_UNSIGNED, "expected an element of the message");
    assert_says(verify_el(assertion(), ours, 0), SAML_OK, "");
}

static void test_children_of_signature(void **state)
{
    static const char *const object = "<ds:Object>x</ds:Object>";
    const char *xml = good();

    (void)state;
    shape_refused(&(shape_t){ .after = object }, SAML_E_SIGNATURE, "expected nothing more, got \"Object\"");
    refused(replaced(xml, "</ds:Signature>", "<x xmlns=\"\"/></ds:Signature>"), SAML_E_SIGNATURE, "got \"x\"");
    refused(replaced(xml, "</ds:Signature>", "<ds:KeyInfo/><ds:KeyInfo/></ds:Signature>"), SAML_E_SIGNATURE,
            "expected nothing more, got \"KeyInfo\"");
    refused(replaced(xml, "</ds:Signature>", "<ds:SignedInfo/></ds:Signature>"), SAML_E_SIGNATURE, "got \"SignedInfo\"");
    refused(replaced(xml, "<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>"), SAML_E_SIGNATURE,
            "expected SignatureValue, got \"SignedInfo\"");
    refused(replaced(xml, "</ds:Signature>", "text</ds:Signature>"), SAML_E_SIGNATURE, "expected elements only, got text");
    refused(replaced(xml, "<ds:SignedInfo>", "<ds:SignedInfo>text"), SAML_E_SIGNATURE, "expected elements only, got text");
    refused(response_with("<ds:Signature xmlns:ds=\"" DSIG "\"/>"), SAML_E_SIGNATURE, "expected SignedInfo, got none");
    refused(response_with("<ds:Signature xmlns:ds=\"" DSIG "\"><ds:SignedInfo/><ds:SignatureValue/></ds:Signature>"),
            SAML_E_SIGNATURE, "expected CanonicalizationMethod, got none");
}

static void test_references(void **state)
{
    const char *one = reference_of(&(shape_t){ 0 }), *whole = reference_of(&(shape_t){ .uri = "#_r" });

    (void)state;
    shape_refused(&(shape_t){ .references = apr_pstrcat(pool, one, one, NULL) }, SAML_E_SIGNATURE,
                  "expected nothing more, got \"Reference\"");
    shape_refused(&(shape_t){ .references = apr_pstrcat(pool, one, whole, NULL) }, SAML_E_SIGNATURE, "got \"Reference\"");
    shape_refused(&(shape_t){ .references = apr_pstrcat(pool, whole, one, NULL) }, SAML_E_SIGNATURE, "got \"Reference\"");
    refused(replaced(replaced(good(), "<ds:Reference", "<ds:Manifest"), "</ds:Reference", "</ds:Manifest"), SAML_E_SIGNATURE,
            "expected Reference, got \"Manifest\"");
}

static void test_reference_uris(void **state)
{
    static const char *const uris[] = { "#_r", "", "#xpointer(/)", "#xpointer(id('_a'))", "#_A", "_a", "#_a ", "##_a", "#" };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        const char *xml = replaced(good(), "URI=\"#_a\"", apr_pstrcat(pool, "URI=\"", uris[i], "\"", NULL));

        refused(xml, SAML_E_SIGNATURE,
                apr_psprintf(pool, "Reference URI: expected \"#_a\", the element that holds the Signature, got \"%s\"", uris[i]));
    }
    refused(replaced(good(), " URI=\"#_a\"", ""), SAML_E_SIGNATURE, "got none");
    refused(replaced(good(), " URI=\"#_a\"", " xmlns:z=\"urn:z\" z:URI=\"#_a\""), SAML_E_SIGNATURE,
            "expected no URI in a namespace, got one on \"Reference\"");
    refused(replaced(good(), " URI=\"#_a\"", " xmlns:z=\"urn:z\" z:URI=\"#_b\" URI=\"#_a\""), SAML_E_SIGNATURE,
            "expected no URI in a namespace, got one on \"Reference\"");
    /* rightly signed, and still not the element that holds it */
    shape_refused(&(shape_t){ .uri = "#_r" }, SAML_E_SIGNATURE, "expected \"#_a\"");
    shape_refused(&(shape_t){ .uri = "" }, SAML_E_SIGNATURE, "expected \"#_a\"");
    shape_refused(&(shape_t){ .uri = "#xpointer(id('_a'))" }, SAML_E_SIGNATURE, "expected \"#_a\"");
}

static void test_transforms(void **state)
{
#define XPATH "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>true()</ds:XPath></ds:Transform>"
    static const struct { const char *transforms; saml_status_t want; const char *says; } cases[] = {
        { ENVELOPED XPATH, SAML_E_ALGORITHM, "REC-xpath-19991116" },
        { XPATH ENVELOPED T(EXC), SAML_E_ALGORITHM, "first Transform: expected enveloped-signature" },
        { ENVELOPED XPATH T(EXC), SAML_E_SIGNATURE, "expected at most two, got more" },
        { ENVELOPED ENVELOPED T(EXC), SAML_E_SIGNATURE, "expected at most two, got more" },
        { ENVELOPED T(EXC) T(EXC), SAML_E_SIGNATURE, "expected at most two, got more" },
        { ENVELOPED ENVELOPED, SAML_E_ALGORITHM, "enveloped-signature" },
        { T(EXC), SAML_E_ALGORITHM, "first Transform: expected enveloped-signature" },
    };
    const char *xml = good();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        shape_refused(&(shape_t){ .transforms = cases[i].transforms }, cases[i].want, cases[i].says);
    refused(replaced(xml, ENVELOPED T(EXC), T(EXC) ENVELOPED), SAML_E_ALGORITHM, "first Transform");
    refused(replaced(xml, ENVELOPED T(EXC), ENVELOPED T("http://www.w3.org/TR/1999/REC-xslt-19991116")), SAML_E_ALGORITHM, "xslt");
    refused(replaced(xml, ENVELOPED T(EXC), ENVELOPED T(DSIG "base64")), SAML_E_ALGORITHM, "base64");
    refused(replaced(xml, ENVELOPED T(EXC), ENVELOPED T("http://www.w3.org/2002/06/xmldsig-filter2")), SAML_E_ALGORITHM, "filter2");
    refused(replaced(xml, ENVELOPED T(EXC), ""), SAML_E_ALGORITHM, "got none");
    refused(replaced(xml, ENVELOPED, "<ds:Transform/>"), SAML_E_ALGORITHM, "got none");
    refused(replaced(xml, ENVELOPED, "<ds:Transform Algorithm=\"" SAML_ALG_ENVELOPED "\"><x xmlns=\"\"/></ds:Transform>"),
            SAML_E_SIGNATURE, "takes no parameter");
    refused(replaced(xml, T(EXC) "</ds:Transforms>", "<x xmlns=\"\"/></ds:Transforms>"), SAML_E_SIGNATURE, "expected Transform, got \"x\"");
    refused(replaced(replaced(xml, "<ds:Transforms>" TRANSFORMS, ""), "</ds:Transforms>", ""), SAML_E_SIGNATURE,
            "expected Transforms, got \"DigestMethod\"");
}

static void test_methods(void **state)
{
    static const struct { const char *from, *to; saml_status_t want; const char *says; } cases[] = {
        { MORE "rsa-sha256", DSIG "hmac-sha1", SAML_E_ALGORITHM, "hmac-sha1" },
        { MORE "rsa-sha256", MORE "hmac-sha256", SAML_E_ALGORITHM, "hmac-sha256" },
        { MORE "rsa-sha256", DSIG "dsa-sha1", SAML_E_ALGORITHM, "dsa-sha1" },
        { MORE "rsa-sha256", "", SAML_E_ALGORITHM, "signature algorithm: expected one of the accepted algorithms, got \"\"" },
        { XENC "sha256", MORE "md5", SAML_E_ALGORITHM, "digest algorithm" },
        { EXC "\"/><ds:SignatureMethod", "urn:none\"/><ds:SignatureMethod", SAML_E_ALGORITHM, "canonicalisation algorithm" },
        { " Algorithm=\"" MORE "rsa-sha256\"", "", SAML_E_ALGORITHM, "got none" },
        { "rsa-sha256\"/>", "rsa-sha256\"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>",
          SAML_E_ALGORITHM, "parameters are not accepted, got \"HMACOutputLength\"" },
        { "sha256\"/><ds:DigestValue", "sha256\"><x xmlns=\"\"/></ds:DigestMethod><ds:DigestValue", SAML_E_SIGNATURE,
          "DigestMethod takes no parameter" },
    };
    saml_trust_t nobody = { .certs = NULL, .now = MATERIAL_NOW };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(replaced(good(), cases[i].from, cases[i].to), cases[i].want, cases[i].says);
    /* before any key is looked at */
    read_doc(replaced(good(), MORE "rsa-sha256", DSIG "hmac-sha1"));
    assert_says(saml_signature_verify(&v, doc, assertion(), &nobody, pool, &err), SAML_E_ALGORITHM, "hmac-sha1");
}

/* ---- IDs ----------------------------------------------------------------- */

static void test_duplicate_ids(void **state)
{
    static const char *const twins[] = {
        "<x ID=\"_a\"/>", "<x Id=\"_a\"/>", "<x id=\"_a\"/>", "<x iD=\"_a\"/>", "<x xml:id=\"_a\"/>", "<x q:ID=\"_a\"/>",
        "<x q:id=\"_a\"/>", "<x ID=\" _a\n\"/>", "<x ID=\"&#95;a\"/>", "<x><y ID=\"_a\"/></x>",
    };
    static const char *const others[] = { "<x ID=\"_b\"/>", "<x xml:id=\"_ab\"/>", "<x q:ID=\"a\"/>", "<x Name=\"_a\"/>",
                                          "<x ID=\"_a _b\"/>", "<x>_a</x>" };
    const char *xml = good();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(twins) / sizeof(twins[0]); i++) {
        refused(replaced(xml, "<saml:Assertion", apr_pstrcat(pool, twins[i], "<saml:Assertion", NULL)), SAML_E_SIGNATURE,
                "the ID \"_a\" stands more than once");
        refused(replaced(xml, "</samlp:Response>", apr_pstrcat(pool, twins[i], "</samlp:Response>", NULL)),
                SAML_E_SIGNATURE, "the ID \"_a\" stands more than once");
    }
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_says(verify(replaced(xml, "<saml:Assertion", apr_pstrcat(pool, others[i], "<saml:Assertion", NULL))), SAML_OK, "");
    refused(replaced(xml, "ID=\"_r\"", "ID=\"_a\""), SAML_E_SIGNATURE, "stands more than once");
    refused(replaced(xml, "<saml:Assertion ", "<saml:Assertion xml:id=\"_a\" "), SAML_E_SIGNATURE, "stands more than once");
}

static void test_id_forms(void **state)
{
    static const char *const bad_ids[] = { "", " _a", "_a'", "a b", "_a)", "a:b", "#_a", "_a/" };
    const char *longest = apr_psprintf(pool, "%0256d", 1), *longer = apr_psprintf(pool, "%0257d", 1);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad_ids) / sizeof(bad_ids[0]); i++)
        refused(replaced(good(), "ID=\"_a\"", apr_pstrcat(pool, "ID=\"", bad_ids[i], "\"", NULL)), SAML_E_SIGNATURE,
                "expected an ID of letters, digits");
    refused(replaced(good(), " ID=\"_a\"", ""), SAML_E_SIGNATURE, "has no ID that a Reference could name");
    refused(replaced(good(), " ID=\"_a\"", " q:ID=\"_a\""), SAML_E_SIGNATURE, "has no ID");
    refused(replaced(good(), " ID=\"_a\"", " Id=\"_a\""), SAML_E_SIGNATURE, "has no ID");
    refused(replaced(good(), "ID=\"_a\"", apr_pstrcat(pool, "ID=\"", longer, "\"", NULL)), SAML_E_SIGNATURE,
            "expected an ID of letters");
    refused(replaced(good(), "ID=\"_a\"", apr_pstrcat(pool, "ID=\"", longest, "\"", NULL)), SAML_E_SIGNATURE, "Reference URI");
    /* a qualified ID in front does not answer for the plain one */
    refused(replaced(good(), "ID=\"_a\"", "q:ID=\"_a\" ID=\"_evil\""), SAML_E_SIGNATURE, "expected \"#_evil\"");
}

/* The classic wrapping: the signed assertion is kept where its Reference finds it, another stands in its place. */
static void test_wrapping(void **state)
{
    const char *xml = good();
    const char *start = strstr(xml, "<saml:Assertion"), *end = strstr(xml, "</samlp:Response>");
    const char *original = apr_pstrmemdup(pool, start, (apr_size_t)(end - start));
    const char *signature_start = strstr(original, "<ds:Signature "), *signature_end = strstr(original, "</ds:Signature>") + 15;
    const char *signature = apr_pstrmemdup(pool, signature_start, (apr_size_t)(signature_end - signature_start));
    const char *stripped = replaced(original, signature, "");
    const char *forged = replaced(replaced(original, "ada<", "eve<"), "ID=\"_a\"", "ID=\"_evil\"");
    const char *same_id = replaced(original, "ada<", "eve<");

    (void)state;
    refused(replaced(xml, original, apr_pstrcat(pool, forged, stripped, NULL)), SAML_E_SIGNATURE, "expected \"#_evil\"");
    refused(replaced(xml, original, apr_pstrcat(pool, same_id, stripped, NULL)), SAML_E_SIGNATURE, "more than once");
    refused(replaced(xml, original, replaced(same_id, "</ds:Signature>", apr_pstrcat(pool, "<ds:Object>", stripped,
                     "</ds:Object></ds:Signature>", NULL))), SAML_E_SIGNATURE, "got \"Object\"");
    refused(replaced(xml, original, replaced(forged, "<saml:Subject>", apr_pstrcat(pool, "<saml:Advice>", original,
                     "</saml:Advice><saml:Subject>", NULL))), SAML_E_SIGNATURE, "expected \"#_evil\"");
    refused(replaced(xml, original, replaced(same_id, "</ds:Signature>", apr_pstrcat(pool, "<ds:KeyInfo>", stripped,
                     "</ds:KeyInfo></ds:Signature>", NULL))), SAML_E_SIGNATURE, "more than once");
}

/* ---- keys ---------------------------------------------------------------- */

static const char *key_info(const saml_cert_t *c)
{
    return apr_pstrcat(pool, KEY_INFO_START, c->base64, KEY_INFO_END, NULL);
}

static void test_no_keys(void **state)
{
    (void)state;
    assert_says(verify_with(good(), NULL, 0), SAML_E_SIGNATURE, "no certificate of the identity provider is configured");
    assert_says(verify_with(good(), material_certs(0), 0), SAML_E_SIGNATURE, "no certificate");
    assert_says(verify_with(good(), material_certs(2, cert256, cert384), 0), SAML_E_SIGNATURE,
                "the signature is RSA-SHA256, but none of the 2 certificates of the identity provider has a key of type RSA");
}

static void test_several_keys(void **state)
{
    shape_t usual = { 0 }, named = { .after = key_info(cert2) };

    (void)state;
    assert_says(verify_with(signed_with(&usual, rsa2), material_certs(4, cert, cert256, cert1024, cert2), 0), SAML_OK, "");
    assert_ptr_equal(saml_verified_by(v), cert2);
    assert_says(verify_with(signed_with(&named, rsa2), material_certs(2, cert, cert2), 0), SAML_OK, "");
    assert_ptr_equal(saml_verified_by(v), cert2);
    /* the hint may be wrong */
    assert_says(verify_with(signed_with(&named, rsa), material_certs(2, cert2, cert), 0), SAML_OK, "");
    assert_ptr_equal(saml_verified_by(v), cert);
    assert_says(verify_with(signed_with(&usual, rsa2), material_certs(2, cert, cert1024), 0), SAML_E_SIGNATURE,
                "any of the 2 keys tried: \"CN=idp\" (thumbprint ");
    assert_non_null(strstr(err.reason, "\"CN=idp1024\""));
    assert_null(strstr(err.reason, "names another certificate"));
}

/* A key in the message is never used; a certificate there that is not ours is named, for the rollover that passed us by. */
static void test_keys_in_the_message(void **state)
{
    shape_t stranger = { .after = key_info(cert2) };
    shape_t value = { .after = "<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>" };
    const char *modulus = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>";

    (void)state;
    refused(signed_with(&stranger, rsa2), SAML_E_SIGNATURE, "the message names another certificate: \"CN=idp2\"");
    assert_non_null(strstr(err.reason, cert2->sha256));
    assert_non_null(strstr(err.reason, cert2->sha1));
    assert_non_null(strstr(err.reason, "SAMLCertificate"));
    refused(signed_with(&value, rsa2), SAML_E_SIGNATURE, "does not match any of the 1 keys");
    assert_null(strstr(err.reason, modulus));
    /* ours is named and did not sign: nothing is said of another */
    refused(signed_with(&(shape_t){ .after = key_info(cert) }, rsa2), SAML_E_SIGNATURE, "does not match any");
    assert_null(strstr(err.reason, "names another"));
}

static void test_certificate_must_be_usable(void **state)
{
    shape_t usual = { 0 };
    const char *weak = signed_with(&usual, rsa1024);

    (void)state;
    assert_says(verify_with(good(), material_certs(1, expired), 0), SAML_E_CERTIFICATE_EXPIRED, "\"CN=old\"");
    assert_says(verify_with(good(), material_certs(1, early), 0), SAML_E_CERTIFICATE_EXPIRED, "is valid from");
    assert_says(verify_with(good(), material_certs(1, expired), SAML_ALLOW_EXPIRED_CERTIFICATE), SAML_OK, "");
    /* the same key in a renewed certificate */
    assert_says(verify_with(good(), material_certs(2, expired, cert), 0), SAML_OK, "");
    assert_ptr_equal(saml_verified_by(v), cert);
    assert_says(verify_with(good(), material_certs(2, cert2, expired), 0), SAML_E_CERTIFICATE_EXPIRED, "\"CN=old\"");
    /* another's expiry does not matter */
    assert_says(verify_with(signed_with(&usual, rsa2), material_certs(2, expired, cert2), 0), SAML_OK, "");
    assert_says(verify_with(weak, material_certs(1, cert1024), 0), SAML_E_ALGORITHM, "\"SAMLAllow rsa1024\"");
    assert_says(verify_with(weak, material_certs(1, cert1024), SAML_ALLOW_RSA1024), SAML_OK, "");
}

/* ---- parts and decrypted parts ------------------------------------------- */

static void test_child(void **state)
{
    saml_verified_t *part;
    xmlNode *subject;

    (void)state;
    assert_says(verify(good()), SAML_OK, "");
    subject = saml_xml_child(saml_verified_element(v), SAML_NS_ASSERTION, "Subject");
    part = saml_verified_child(v, subject, pool);
    assert_non_null(part);
    assert_ptr_equal(saml_verified_element(part), subject);
    assert_ptr_equal(saml_verified_by(part), cert);
    assert_non_null(saml_verified_child(v, saml_xml_first(subject), pool));
    assert_null(saml_verified_child(part, saml_verified_element(v), pool));
    assert_null(saml_verified_child(v, saml_verified_element(v), pool));
    assert_null(saml_verified_child(v, assertion(), pool));         /* the tree that came in proves nothing */
    assert_null(saml_verified_child(v, saml_xml_child(assertion(), SAML_NS_ASSERTION, "Subject"), pool));
    assert_null(saml_verified_child(v, subject->children->children, pool));
    assert_null(saml_verified_child(v, NULL, pool));
}

static void test_decrypted(void **state)
{
    saml_verified_t *plain;

    (void)state;
    assert_says(verify(good()), SAML_OK, "");
    read_doc("<x/>");
    plain = saml_verified_decrypted(v, doc, pool);
    assert_ptr_equal(saml_verified_element(plain), saml_doc_root(doc));
    assert_ptr_equal(saml_verified_by(plain), cert);
}

/* ---- our own signatures -------------------------------------------------- */

static saml_keypair_t pair_of(EVP_PKEY *key, saml_cert_t *c)
{
    saml_keypair_t pair = { .pkey = key, .cert = c };

    EVP_PKEY_up_ref(key);
    pair.xmlsec = xmlSecKeyCreate();
    assert_int_equal(xmlSecKeySetValue(pair.xmlsec, xmlSecOpenSSLEvpKeyAdopt(key)), 0);
    return pair;
}

static void test_sign(void **state)
{
    static const char *const messages[] = {
        "<p:AuthnRequest xmlns:p=\"" SAML_NS_PROTOCOL "\" ID=\"_m\"><a:Issuer xmlns:a=\"" SAML_NS_ASSERTION
        "\">sp</a:Issuer><p:NameIDPolicy/></p:AuthnRequest>",
        "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" ID=\"_m\"><md:SPSSODescriptor/></md:EntityDescriptor>",
        "<p:LogoutRequest xmlns:p=\"" SAML_NS_PROTOCOL "\" ID=\"_m\"/>",
    };
    saml_keypair_t pair = pair_of(rsa, cert);
    const char *out;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        xmlNode *first;

        assert_says(saml_signature_sign(&out, messages[i], &pair, pool, &err), SAML_OK, "");
        assert_int_equal(strncmp(out, messages[i], 10), 0);     /* no declaration in front */
        assert_non_null(strstr(out, cert->base64));
        read_doc(out);
        first = saml_xml_first(saml_doc_root(doc));
        if (saml_xml_is(first, SAML_NS_ASSERTION, "Issuer"))
            first = saml_xml_next(first);
        assert_true(saml_xml_is(first, SAML_NS_DSIG, "Signature"));
        assert_says(verify_el(saml_doc_root(doc), ours, 0), SAML_OK, "");
        assert_says(verify_el(saml_doc_root(doc), material_certs(1, cert2), 0), SAML_E_SIGNATURE, "names another certificate");
    }
    xmlSecKeyDestroy(pair.xmlsec);
}

static void test_sign_refused(void **state)
{
    saml_keypair_t pair = pair_of(rsa, cert), ec_pair = pair_of(ec256, cert256);
    const char *out = NULL;

    (void)state;
    assert_says(saml_signature_sign(&out, "<a/>", &pair, pool, &err), SAML_E_MALFORMED, "expected an ID, got none");
    assert_says(saml_signature_sign(&out, "<a ID=\"\"/>", &pair, pool, &err), SAML_E_MALFORMED, "expected an ID");
    assert_says(saml_signature_sign(&out, "<a>", &pair, pool, &err), SAML_E_MALFORMED, "still open");
    assert_says(saml_signature_sign(&out, "<a ID=\"_m\"/>", &ec_pair, pool, &err), SAML_E_SIGNATURE, "needs an RSA key");
    assert_null(out);
    xmlSecKeyDestroy(pair.xmlsec);
    xmlSecKeyDestroy(ec_pair.xmlsec);
}

/* ---- detached signatures (SAML Bindings 3.4.4.1) ------------------------- */

static saml_status_t verify_octets(const char *data, const char *alg, const char *value, const apr_array_header_t *certs,
                                   unsigned allow)
{
    saml_trust_t trust = { .certs = certs, .now = MATERIAL_NOW, .allow = allow };

    return saml_octets_verify(data, strlen(data), alg, value, &trust, pool, &err);
}

static void test_octets(void **state)
{
    saml_keypair_t pair = { .pkey = rsa }, ec_pair = { .pkey = ec256 };
    const char *sig, *untouched = NULL;

    (void)state;
    assert_says(saml_octets_sign(&sig, "a=b", 3, &pair, pool, &err), SAML_OK, "");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, material_certs(2, cert2, cert), 0), SAML_OK, "");
    assert_says(verify_octets("a=c", SAML_ALG_RSA_SHA256, sig, ours, 0), SAML_E_SIGNATURE, "does not match any of the 1 keys");
    assert_says(verify_octets("a=b", MORE "rsa-sha512", sig, ours, 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, material_certs(1, cert2), 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, material_certs(1, cert256), 0), SAML_E_SIGNATURE, "has a key of type RSA");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, NULL, 0), SAML_E_SIGNATURE, "no certificate");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, material_certs(1, expired), 0), SAML_E_CERTIFICATE_EXPIRED, "expired");
    assert_says(verify_octets("a=b", NULL, sig, ours, 0), SAML_E_ALGORITHM, "got none");
    assert_says(verify_octets("a=b", MORE "hmac-sha256", sig, ours, ~0u), SAML_E_ALGORITHM, "hmac-sha256");
    assert_says(verify_octets("a=b", DSIG "rsa-sha1", sig, ours, 0), SAML_E_ALGORITHM, "SAMLAllow sha1");
    assert_says(verify_octets("a=b", DSIG "rsa-sha1", sig, ours, SAML_ALLOW_SHA1), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, "", ours, 0), SAML_E_SIGNATURE, "got nothing");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, NULL, ours, 0), SAML_E_SIGNATURE, "got nothing");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, "!!", ours, 0), SAML_E_SIGNATURE, "expected base64, got \"!!\"");
    assert_says(saml_octets_sign(&untouched, "a=b", 3, &ec_pair, pool, &err), SAML_E_SIGNATURE, "needs an RSA key");
    assert_null(untouched);
}

/* A signature made by OpenSSL with exactly these parameters. */
static const char *raw_signature(EVP_PKEY *key, const char *md, int padding, int salt, const char *mgf)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    unsigned char value[2048];
    size_t len = sizeof(value);

    assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, md, NULL, NULL, key, NULL), 1);
    if (padding == RSA_PKCS1_PSS_PADDING) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(pctx, padding) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md_name(pctx, mgf, NULL) > 0);
    }
    assert_int_equal(EVP_DigestSign(ctx, value, &len, (const unsigned char *)"a=b", 3), 1);
    EVP_MD_CTX_free(ctx);
    return saml_base64_encode(pool, value, len);
}

/* RFC 9231 2.3.10: MGF1 with the same hash, a salt as long as the hash. Other salts and masks are other algorithms. */
static void test_pss_parameters(void **state)
{
    static const struct { const char *md; int salt; const char *mgf, *alg; saml_status_t want; } cases[] = {
        { "SHA256", 32, "SHA256", M2007 "sha256-rsa-MGF1", SAML_OK },
        { "SHA256", 32, "SHA256", M2007 "rsa-pss", SAML_OK },
        { "SHA384", 48, "SHA384", M2007 "sha384-rsa-MGF1", SAML_OK },
        { "SHA512", 64, "SHA512", M2007 "sha512-rsa-MGF1", SAML_OK },
        { "SHA256", 31, "SHA256", M2007 "sha256-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 33, "SHA256", M2007 "sha256-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 0, "SHA256", M2007 "sha256-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 32, "SHA1", M2007 "sha256-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 32, "SHA256", M2007 "sha512-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 32, "SHA256", SAML_ALG_RSA_SHA256, SAML_E_SIGNATURE },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_says(verify_octets("a=b", cases[i].alg, raw_signature(rsa, cases[i].md, RSA_PKCS1_PSS_PADDING, cases[i].salt,
                                                                     cases[i].mgf), ours, 0),
                    cases[i].want, "does not match");
    assert_says(verify_octets("a=b", M2007 "sha256-rsa-MGF1", raw_signature(rsa, "SHA256", RSA_PKCS1_PADDING, 0, NULL), ours, 0),
                SAML_E_SIGNATURE, "does not match");
}

/* XML Signature 6.4.3: r and s side by side, each as long as the curve's order; not OpenSSL's DER. */
static void test_ecdsa_form(void **state)
{
    const char *der_b64 = raw_signature(ec256, "SHA256", 0, 0, NULL), *der;
    unsigned char raw[66] = { 0 };
    const unsigned char *at;
    apr_array_header_t *certs = material_certs(1, cert256);
    ECDSA_SIG *pair;
    apr_size_t len;

    (void)state;
    assert_says(saml_base64_decode(&der, &len, der_b64, strlen(der_b64), 200, "it", pool, &err), SAML_OK, "");
    at = (const unsigned char *)der;
    pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32);
    ECDSA_SIG_free(pair);
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 64), certs, 0), SAML_OK, "");
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", der_b64, certs, 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 63), certs, 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 65), certs, 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 66), certs, 0), SAML_E_SIGNATURE, "does not match");
    raw[63] ^= 1;
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 64), certs, 0), SAML_E_SIGNATURE, "does not match");
    memset(raw, 0, sizeof(raw));        /* CVE-2022-21449 */
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 64), certs, 0), SAML_E_SIGNATURE, "does not match");
}

int main(void)
{
    static const struct CMUnitTest signatures[] = {
        unit(test_good), unit(test_algorithms), unit(test_canonicalisations), unit(test_comments_are_not_signed),
        unit(test_comments_of_signed_info),
        unit(test_inclusive_namespaces), unit(test_two_signatures_in_one_document), unit(test_harmless_variations),
        unit(test_changed_content), unit(test_changed_signature), unit(test_values_are_plain_text), unit(test_presence),
        unit(test_element_of_another_document), unit(test_children_of_signature), unit(test_references),
        unit(test_reference_uris), unit(test_transforms), unit(test_methods), unit(test_duplicate_ids), unit(test_id_forms),
        unit(test_wrapping), unit(test_no_keys), unit(test_several_keys), unit(test_keys_in_the_message),
        unit(test_certificate_must_be_usable), unit(test_child), unit(test_decrypted), unit(test_sign),
        unit(test_sign_refused), unit(test_octets), unit(test_pss_parameters), unit(test_ecdsa_form),
    };

    apr_initialize();
    return cmocka_run_group_tests(signatures, set_up_keys, tear_down_library);
}
