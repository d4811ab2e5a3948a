/* SPDX-License-Identifier: Apache-2.0 */
/* Words for what an identity provider says of its failure, and for our own refusals. */

#include "common.h"
#include "saml/explain.h"

#define STATUS "urn:oasis:names:tc:SAML:2.0:status:"

static void test_status_codes(void **state)
{
    /* SAML Core 3.2.2.2, all of them */
    static const char *const names[] = {
        "Success", "Requester", "Responder", "VersionMismatch", "AuthnFailed", "InvalidAttrNameOrValue", "InvalidNameIDPolicy",
        "NoAuthnContext", "NoAvailableIDP", "NoPassive", "NoSupportedIDP", "PartialLogout", "ProxyCountExceeded", "RequestDenied",
        "RequestUnsupported", "RequestVersionDeprecated", "RequestVersionTooHigh", "RequestVersionTooLow", "ResourceNotRecognized",
        "TooManyResponses", "UnknownAttrProfile", "UnknownPrincipal", "UnsupportedBinding",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const saml_code_words_t *w = saml_explain_status_code(apr_pstrcat(pool, STATUS, names[i], NULL));

        assert_non_null(w);
        assert_string_equal(w->name, names[i]);
        assert_ptr_equal(saml_explain_status_code(names[i]), w);
        assert_true(w->meaning[strlen(w->meaning) - 1] == '.');
        assert_true(w->fix[strlen(w->fix) - 1] == '.');
    }
    assert_null(saml_status_code_words[i].name);
    assert_non_null(saml_explain_status_code("nopassive"));
    assert_null(saml_explain_status_code(STATUS));
    assert_null(saml_explain_status_code(STATUS "NoPassive2"));
    assert_null(saml_explain_status_code("urn:example:NoPassive"));
    assert_null(saml_explain_status_code(""));
    assert_null(saml_explain_status_code(NULL));
}

static const char *line_of(const char *code, const char *subcode, const char *message)
{
    saml_idp_status_t idp = { code, subcode, message };

    return saml_explain_idp_line(&idp, pool);
}

static void test_idp(void **state)
{
    saml_idp_status_t idp = { STATUS "Requester", STATUS "RequestDenied", "\"AADSTS50105: not assigned\"" };
    saml_idp_words_t known;

    (void)state;
    saml_explain_idp(&known, &idp, pool);
    assert_string_equal(known.aadsts, "AADSTS50105");
    assert_string_equal(known.aadsts_url, "https://login.microsoftonline.com/error?code=50105");
    assert_string_equal(known.words->name, "AADSTS50105");
    idp.message = "\"AADSTS98765: new\"";
    saml_explain_idp(&known, &idp, pool);
    assert_string_equal(known.aadsts, "AADSTS98765");
    assert_string_equal(known.words->name, "RequestDenied");
    idp.message = "\"call 555-0100\"";
    saml_explain_idp(&known, &idp, pool);
    assert_null(known.aadsts);
    assert_null(known.aadsts_url);
    assert_string_equal(known.words->name, "RequestDenied");
    idp.subcode = "urn:example:odd";
    saml_explain_idp(&known, &idp, pool);
    assert_string_equal(known.words->name, "Requester");
    idp.code = "urn:example:odd";
    saml_explain_idp(&known, &idp, pool);
    assert_null(known.words);
}

static void test_idp_line(void **state)
{
    (void)state;
    assert_non_null(strstr(line_of(STATUS "Responder", NULL, "AADSTS50105: x"), "AADSTS50105: The account is not assigned"));
    assert_non_null(strstr(line_of(STATUS "Responder", NULL, "AADSTS50105: x"), " Mend (an administrator): In the portal"));
    assert_non_null(strstr(line_of(STATUS "Responder", STATUS "NoPassive", NULL), "NoPassive: Nobody was signed in there"));
    assert_null(line_of("urn:example:odd", NULL, "AADSTS98765: x"));
    assert_null(line_of(NULL, NULL, NULL));
}

static void test_refusals(void **state)
{
    int i;

    (void)state;
    for (i = SAML_OK; i < SAML_STATUS_COUNT; i++) {
        const saml_refusal_words_t *w = &saml_refusal_words[i];

        assert_non_null(w->sentence);
        assert_non_null(w->advice);
        assert_non_null(w->meaning);
        assert_non_null(w->fix);
        assert_true(w->way < SAML_WAY_COUNT);
        if (i != SAML_OK)
            assert_ptr_equal(saml_explain_refusal(saml_status_name((saml_status_t)i)), w);
    }
    assert_ptr_equal(saml_explain_refusal("access-denied"), &saml_access_denied.words);
    assert_null(saml_explain_refusal("ok"));
    assert_null(saml_explain_refusal("Recipient"));
    assert_null(saml_explain_refusal(""));
}

/* A padding oracle would be one word that differs (SAML Core 6). */
static void test_decryption_looks_like_a_signature(void **state)
{
    const saml_refusal_words_t *decryption = &saml_refusal_words[SAML_E_DECRYPTION];
    const saml_refusal_words_t *signature = &saml_refusal_words[SAML_E_SIGNATURE];

    (void)state;
    assert_string_equal(decryption->sentence, signature->sentence);
    assert_string_equal(decryption->advice, signature->advice);
    assert_int_equal(decryption->way, signature->way);
}

int main(void)
{
    static const struct CMUnitTest explain[] = {
        cmocka_unit_test_setup_teardown(test_status_codes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_idp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_idp_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_decryption_looks_like_a_signature, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(explain, set_up_library, tear_down_library);
}
