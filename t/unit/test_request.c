/* SPDX-License-Identifier: Apache-2.0 */
/* AuthnRequest: SAML Core 3.4.1. */

#include "common.h"
#include "saml/request.h"
#include "saml/xml.h"

static saml_authn_request_t req;

static int set_up_request(void **state)
{
    static const saml_authn_request_t plain = {
        .id = "_0123456789abcdef0123456789abcdef01234567",
        .issue_instant = APR_TIME_C(1772442930000000),
        .destination = "https://idp.example/saml2",
        .issuer = "https://sp.example/saml/metadata",
        .acs_url = "https://sp.example/saml/acs",
        .name_id_format = SAML_NAMEID_EMAIL,
    };

    if (set_up(state) != 0)
        return -1;
    req = plain;
    return 0;
}

/* Octet for octet: nothing that was not asked for, no white space, no declaration. */
static void test_plain(void **state)
{
    (void)state;
    assert_string_equal(saml_authn_request_xml(&req, pool),
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\""
        " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\""
        " ID=\"_0123456789abcdef0123456789abcdef01234567\" Version=\"2.0\" IssueInstant=\"2026-03-02T09:15:30Z\""
        " Destination=\"https://idp.example/saml2\" AssertionConsumerServiceURL=\"https://sp.example/saml/acs\""
        " ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\">"
        "<saml:Issuer>https://sp.example/saml/metadata</saml:Issuer>"
        "<samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\" AllowCreate=\"true\"/>"
        "</samlp:AuthnRequest>");
}

static xmlNode *parsed(void)
{
    const char *xml = saml_authn_request_xml(&req, pool);
    saml_doc_t *doc;

    assert_int_equal(saml_doc_parse(&doc, xml, strlen(xml), SAML_MAX_MESSAGE_BYTES, "request", pool, &err), SAML_OK);
    return saml_doc_root(doc);
}

static void test_no_name_id_policy(void **state)
{
    (void)state;
    req.name_id_format = NULL;
    assert_null(strstr(saml_authn_request_xml(&req, pool), "NameIDPolicy"));
}

static void test_flags(void **state)
{
    xmlNode *root;

    (void)state;
    root = parsed();
    assert_null(saml_xml_attr(root, "ForceAuthn", pool));
    assert_null(saml_xml_attr(root, "IsPassive", pool));
    req.force_authn = 1;
    req.is_passive = 1;
    root = parsed();
    assert_string_equal(saml_xml_attr(root, "ForceAuthn", pool), "true");
    assert_string_equal(saml_xml_attr(root, "IsPassive", pool), "true");
}

static void test_authn_context(void **state)
{
    apr_array_header_t *classes = apr_array_make(pool, 2, sizeof(const char *));
    xmlNode *context, *first;
    const char *text;

    (void)state;
    req.authn_context = classes;
    assert_null(strstr(saml_authn_request_xml(&req, pool), "RequestedAuthnContext"));

    APR_ARRAY_PUSH(classes, const char *) = "urn:a";
    APR_ARRAY_PUSH(classes, const char *) = "urn:b&c";
    context = saml_xml_child(parsed(), SAML_NS_PROTOCOL, "RequestedAuthnContext");
    assert_non_null(context);
    assert_string_equal(saml_xml_attr(context, "Comparison", pool), "exact");
    assert_int_equal(saml_xml_count(context, SAML_NS_ASSERTION, "AuthnContextClassRef"), 2);
    first = saml_xml_child(context, SAML_NS_ASSERTION, "AuthnContextClassRef");
    assert_int_equal(saml_xml_text(&text, first, pool, &err), SAML_OK);
    assert_string_equal(text, "urn:a");
    first = saml_xml_next_named(first, SAML_NS_ASSERTION, "AuthnContextClassRef");
    assert_int_equal(saml_xml_text(&text, first, pool, &err), SAML_OK);
    assert_string_equal(text, "urn:b&c");
}

/* What an administrator may write must not become markup: each value comes back from a parser as it went in. */
static void test_escaping(void **state)
{
    static const char nasty[] = "https://x.example/?a=\"1\"&b='2'<c>";
    const char *text;
    xmlNode *root;

    (void)state;
    req.destination = req.acs_url = req.issuer = req.name_id_format = nasty;
    root = parsed();
    assert_string_equal(saml_xml_attr(root, "Destination", pool), nasty);
    assert_string_equal(saml_xml_attr(root, "AssertionConsumerServiceURL", pool), nasty);
    assert_int_equal(saml_xml_text(&text, saml_xml_child(root, SAML_NS_ASSERTION, "Issuer"), pool, &err), SAML_OK);
    assert_string_equal(text, nasty);
    assert_string_equal(saml_xml_attr(saml_xml_child(root, SAML_NS_PROTOCOL, "NameIDPolicy"), "Format", pool), nasty);
}

static void test_format_names(void **state)
{
    (void)state;
    assert_string_equal(saml_name_id_format_uri("emailAddress"), SAML_NAMEID_EMAIL);
    assert_string_equal(saml_name_id_format_uri("persistent"), SAML_NAMEID_PERSISTENT);
    assert_string_equal(saml_name_id_format_uri("transient"), SAML_NAMEID_TRANSIENT);
    assert_string_equal(saml_name_id_format_uri("unspecified"), SAML_NAMEID_UNSPECIFIED);
    assert_null(saml_name_id_format_uri("none"));
    assert_null(saml_name_id_format_uri("emailaddress"));
    assert_null(saml_name_id_format_uri(""));
}

int main(void)
{
    static const struct CMUnitTest request[] = {
        cmocka_unit_test_setup_teardown(test_plain, set_up_request, tear_down),
        cmocka_unit_test_setup_teardown(test_no_name_id_policy, set_up_request, tear_down),
        cmocka_unit_test_setup_teardown(test_flags, set_up_request, tear_down),
        cmocka_unit_test_setup_teardown(test_authn_context, set_up_request, tear_down),
        cmocka_unit_test_setup_teardown(test_escaping, set_up_request, tear_down),
        cmocka_unit_test_setup_teardown(test_format_names, set_up_request, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(request, set_up_library, tear_down_library);
}
