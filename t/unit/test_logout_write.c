/* SPDX-License-Identifier: Apache-2.0 */
/* Our own logout messages, read again by logout.c. SAML Core 3.7. */

#include "logout_messages.h"

static void what_is_written_is_read(void **state)
{
    saml_name_id_t name = { "a<&\">b", SAML_NAMEID_PERSISTENT, "q&q", "s" };
    saml_logout_request_new_t from = { "_id7", NOW, HERE, IDP, &name, "i<1>" };
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;
    const char *xml = saml_logout_request_xml(&from, pool);

    (void)state;
    assert_says(check_request(&request, signed_post(xml), &want), SAML_OK, "");
    assert_says(check_request(&request, redirected("SAMLRequest", xml, idp_key), &want), SAML_OK, "");
    assert_string_equal(request->name_id.value, "a<&\">b");
    assert_string_equal(request->name_id.format, SAML_NAMEID_PERSISTENT);
    assert_string_equal(request->name_id.name_qualifier, "q&q");
    assert_string_equal(request->name_id.sp_name_qualifier, "s");
    assert_string_equal(APR_ARRAY_IDX(request->session_indexes, 0, const char *), "i<1>");
    assert_string_equal(request->id, "_id7");
}

/* Entra wants the name in the clear and minds nothing else that is left out (doc/entra.md 6). */
static void the_least_request(void **state)
{
    saml_name_id_t name = { "ada", NULL, NULL, NULL };
    saml_logout_request_new_t from = { "_id7", NOW, HERE, "spn:0", &name, NULL };

    (void)state;
    assert_string_equal(saml_logout_request_xml(&from, pool),
                        "<samlp:LogoutRequest xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION "\""
                        " ID=\"_id7\" Version=\"2.0\" IssueInstant=\"2026-03-02T09:15:30Z\" Destination=\"" HERE "\">"
                        "<saml:Issuer>spn:0</saml:Issuer><saml:NameID>ada</saml:NameID></samlp:LogoutRequest>");
}

static void a_written_response_is_read(void **state)
{
    saml_logout_response_new_t from = { "_id8", NOW, HERE, IDP, ASKED, SAML_STATUS_SUCCESS, NULL };
    saml_logout_expect_t want = logout_expectation();
    saml_logout_response_t *response;

    (void)state;
    want.in_response_to = ASKED;
    assert_says(check_response(&response, signed_post(saml_logout_response_xml(&from, pool)), &want), SAML_OK, "");
    assert_int_equal(response->is_partial, 0);
    from.substatus = "urn:x";
    assert_says(check_response(&response, signed_post(saml_logout_response_xml(&from, pool)), &want), SAML_OK, "");
    assert_int_equal(response->is_partial, 0);
    from.substatus = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
    assert_says(check_response(&response, signed_post(saml_logout_response_xml(&from, pool)), &want), SAML_OK, "");
    assert_int_equal(response->is_partial, 1);
    from.status = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    assert_says(check_response(&response, signed_post(saml_logout_response_xml(&from, pool)), &want), SAML_E_STATUS, "Responder");
    assert_string_equal(err.idp.subcode, "urn:oasis:names:tc:SAML:2.0:status:PartialLogout");
}

#define unit(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(what_is_written_is_read),
        unit(the_least_request),
        unit(a_written_response_is_read),
    };

    apr_initialize();
    atexit(apr_terminate);
    return cmocka_run_group_tests(tests, set_up_group, tear_down_library);
}
