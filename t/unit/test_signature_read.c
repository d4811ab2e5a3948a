/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of a Signature, its references, algorithms and IDs: SAML Core 5.4; XML Signature 4.4. */

#include "signed.h"

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

/* Parameters that are no elements, values that are nothing, names in the gaps between letters. */
static void test_odd_fillings(void **state)
{
    const char *xml = good();
    static const char enveloped[] = "<ds:Transform Algorithm=\"" SAML_ALG_ENVELOPED "\">";

    (void)state;
    refused(replaced(xml, ENVELOPED, apr_pstrcat(pool, enveloped, "text</ds:Transform>", NULL)), SAML_E_SIGNATURE, "takes no parameter");
    assert_says(verify(signed_with(&(shape_t){ .transforms = "<ds:Transform Algorithm=\"" SAML_ALG_ENVELOPED "\"> <!-- x --></ds:Transform>"
                                                             T(EXC) }, rsa)), SAML_OK, "");
    refused(replaced(response_with(template_of(&(shape_t){ 0 })), "<ds:DigestValue/>", "<ds:DigestValue> </ds:DigestValue>"),
            SAML_E_SIGNATURE, "DigestValue: is empty");
    refused(replaced(xml, "ID=\"_a\"", "ID=\"_[\""), SAML_E_SIGNATURE, "expected an ID of letters");
    refused(replaced(xml, "ID=\"_a\"", "ID=\"_{\""), SAML_E_SIGNATURE, "expected an ID of letters");
    refused(replaced(xml, "ID=\"_a\"", "ID=\"_@\""), SAML_E_SIGNATURE, "expected an ID of letters");
}

/* The root of a document without namespaces is no element of a protocol. */
static void test_element_without_namespace(void **state)
{
    (void)state;
    read_doc("<x/>");
    assert_says(verify_el(saml_doc_root(doc), ours, 0), SAML_E_UNSIGNED, "expected an element of the message");
}

/* XML Signature knows its attributes without a namespace; others of a namespace are nobody's business. */
static void test_attributes_in_a_namespace(void **state)
{
    static const char *const names[] = { "URI", "Algorithm", "PrefixList" };
    const char *xml = good();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        refused(replaced(xml, "<ds:Reference ", apr_pstrcat(pool, "<ds:Reference q:", names[i], "=\"\" ", NULL)), SAML_E_SIGNATURE,
                apr_psprintf(pool, "expected no %s in a namespace", names[i]));
    assert_says(verify(material_sign(replaced(response_with(template_of(&(shape_t){ 0 })), "<ds:Reference ",
                                              "<ds:Reference q:Other=\"\" "), rsa)), SAML_OK, "");
    refused(replaced(xml, "<ds:Transforms>", "<ds:Transforms>text"), SAML_E_SIGNATURE, "expected");
    refused(replaced(xml, EXC "\"/><ds:SignatureMethod", EXC "\">text</ds:CanonicalizationMethod><ds:SignatureMethod"),
            SAML_E_SIGNATURE, "expected elements only, got text");
}

/* Empty IDs elsewhere, and letters beyond ASCII, which an NCName may have. */
static void test_more_ids(void **state)
{
    const char *xml = response_with(template_of(&(shape_t){ .uri = "#_\xc3\xa4" }));

    (void)state;
    assert_says(verify(replaced(good(), "<saml:Assertion", "<x ID=\"\" xml:id=\"\"/><saml:Assertion")), SAML_OK, "");
    assert_says(verify(material_sign(replaced(xml, "ID=\"_a\"", "ID=\"_\xc3\xa4\""), rsa)), SAML_OK, "");
}

static void test_many_named_certificates(void **state)
{
    const char *named = "";
    int i;

    (void)state;
    for (i = 0; i < 20; i++)
        named = apr_pstrcat(pool, named, "<ds:X509Certificate>", cert2->base64, "</ds:X509Certificate>", NULL);
    named = apr_pstrcat(pool, "<ds:KeyInfo><ds:X509Data>", named, "</ds:X509Data></ds:KeyInfo>", NULL);
    assert_says(verify(signed_with(&(shape_t){ .after = named }, rsa)), SAML_OK, "");
}

int main(void)
{
    static const struct CMUnitTest shapes[] = {
        unit(test_presence), unit(test_element_of_another_document), unit(test_children_of_signature), unit(test_references),
        unit(test_reference_uris), unit(test_transforms), unit(test_methods), unit(test_duplicate_ids), unit(test_id_forms),
        unit(test_wrapping),
        unit(test_odd_fillings),
        unit(test_element_without_namespace),
        unit(test_attributes_in_a_namespace),
        unit(test_more_ids),
        unit(test_many_named_certificates),
    };

    apr_initialize();
    return cmocka_run_group_tests(shapes, set_up_keys, tear_down_library);
}
