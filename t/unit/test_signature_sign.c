/* SPDX-License-Identifier: Apache-2.0 */
/* Our own signatures, on elements. */

#include "signed.h"

/* ---- our own signatures -------------------------------------------------- */

static void test_sign(void **state)
{
    static const char *const messages[] = {
        "<p:AuthnRequest xmlns:p=\"" SAML_NS_PROTOCOL "\" ID=\"_m\"><a:Issuer xmlns:a=\"" SAML_NS_ASSERTION
        "\">sp</a:Issuer><p:NameIDPolicy/></p:AuthnRequest>",
        "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" ID=\"_m\"><md:SPSSODescriptor/></md:EntityDescriptor>",
        "<p:LogoutRequest xmlns:p=\"" SAML_NS_PROTOCOL "\" ID=\"_m\"/>",
    };
    saml_keypair_t pair = { rsa, cert };
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
}

static void test_sign_refused(void **state)
{
    saml_keypair_t pair = { rsa, cert }, ec_pair = { ec256, cert256 };
    const char *out = NULL;

    (void)state;
    assert_says(saml_signature_sign(&out, "<a/>", &pair, pool, &err), SAML_E_MALFORMED, "expected an ID, got none");
    assert_says(saml_signature_sign(&out, "<a ID=\"\"/>", &pair, pool, &err), SAML_E_MALFORMED, "expected an ID");
    assert_says(saml_signature_sign(&out, "<a>", &pair, pool, &err), SAML_E_MALFORMED, "still open");
    assert_says(saml_signature_sign(&out, "<a ID=\"_m\"/>", &ec_pair, pool, &err), SAML_E_SIGNATURE, "needs an RSA key");
    assert_null(out);
}

int main(void)
{
    static const struct CMUnitTest signing[] = {
        unit(test_sign), unit(test_sign_refused),
    };

    apr_initialize();
    return cmocka_run_group_tests(signing, set_up_keys, tear_down_library);
}
