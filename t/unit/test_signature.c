/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures on elements and what they prove: what verifies, what was changed, parts of it (SAML Core 5.4; XML Signature 3.2). */

#include "signed.h"

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

int main(void)
{
    static const struct CMUnitTest signatures[] = {
        unit(test_good), unit(test_algorithms), unit(test_canonicalisations), unit(test_comments_are_not_signed),
        unit(test_comments_of_signed_info), unit(test_inclusive_namespaces), unit(test_two_signatures_in_one_document),
        unit(test_harmless_variations), unit(test_changed_content), unit(test_changed_signature),
        unit(test_values_are_plain_text), unit(test_child), unit(test_decrypted),
    };

    apr_initialize();
    return cmocka_run_group_tests(signatures, set_up_keys, tear_down_library);
}
