/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What response.c hands on: the login that is read, the replay store that is asked last, and what can be told of a message
 * before anything is proven.
 */

#include "fixture.h"

/* ---- the login that is read --------------------------------------------------- */

static saml_login_t *login_of(const char *file)
{
    saml_expect_t want = expectation();
    saml_login_t *login;
    apr_size_t len;
    const char *xml = read_fixture(&len, apr_pstrcat(pool, "response-", file, ".xml", NULL));

    if (saml_response_check(&login, xml, len, &want, pool, &err) != SAML_OK)
        fail_msg("%s: %s", file, err.reason);
    return login;
}

static const char *value_of(const saml_login_t *login, const char *name, int i)
{
    const saml_attribute_t *a = saml_claim_find(login->attributes, name);

    return a && i < a->values->nelts ? APR_ARRAY_IDX(a->values, i, const char *) : NULL;
}

static int value_count(const saml_login_t *login, const char *name)
{
    const saml_attribute_t *a = saml_claim_find(login->attributes, name);

    return a ? a->values->nelts : -1;
}

static void test_login(void **state)
{
    const saml_login_t *login = login_of("good");

    (void)state;
    assert_string_equal(login->name_id.value, "ada@example.org");
    assert_string_equal(login->name_id.format, SAML_NAMEID_EMAIL);
    assert_null(login->name_id.name_qualifier);
    assert_null(login->name_id.sp_name_qualifier);
    assert_int_equal(login->attributes->nelts, 2);
    assert_string_equal(value_of(login, "tenantid", 0), "11111111-2222-4333-8444-555555555555");
    assert_string_equal(value_of(login, "groups", 0), "g1");
    assert_string_equal(value_of(login, "groups", 1), "g2");
    assert_int_equal(value_count(login, "groups"), 2);
    assert_string_equal(login->session_index, "_7a9d2c44-81b3-4f55-8a60-0d2be7c40100");
    assert_int_equal(login->session_not_on_or_after, 0);
    assert_int_equal(login->authn_instant, NOW - 3 * 24 * 3600 * SEC);
    assert_string_equal(login->context_class, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
    assert_string_equal(login->issuer, IDP);
    assert_string_equal(login->assertion_id, "_7a9d2c44-81b3-4f55-8a60-0d2be7c40100");
    assert_string_equal(login->in_response_to, REQUEST);
    assert_ptr_equal(login->signed_by, APR_ARRAY_IDX(idp_certs, 0, const saml_cert_t *));
    assert_int_equal(login->was_encrypted, 0);
}

/* The same whoever signed and whatever was encrypted. */
static void test_login_is_one(void **state)
{
    static const char *const files[] = {
        "good-response-signed", "good-both-signed", "good-prefixed", "good-default-namespaces",
        "encrypted-assertion-signed", "encrypted-response-signed", "encrypted-both-signed", "claim-encrypted",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const saml_login_t *login = login_of(files[i]);

        assert_string_equal(login->name_id.format, SAML_NAMEID_EMAIL);
        assert_int_equal(login->attributes->nelts, 2);
        assert_string_equal(value_of(login, "tenantid", 0), "11111111-2222-4333-8444-555555555555");
        assert_string_equal(value_of(login, "groups", 1), "g2");
        assert_ptr_equal(login->signed_by, APR_ARRAY_IDX(idp_certs, 0, const saml_cert_t *));
        assert_int_equal(login->was_encrypted, strncmp(files[i], "encrypted", 9) == 0);
    }
}

static void test_login_authn(void **state)
{
    const saml_login_t *login = login_of("authn-two");

    (void)state;
    assert_string_equal(login->session_index, "two");
    assert_int_equal(login->session_not_on_or_after, TIME(12, 0, 0));
    assert_int_equal(login->authn_instant, NOW - 3 * 24 * 3600 * SEC);
    assert_string_equal(login->context_class, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
    login = login_of("authn-two-shorter-first");
    assert_int_equal(login->session_not_on_or_after, TIME(12, 0, 0));
    assert_int_equal(login->authn_instant, NOW - 3 * 24 * 3600 * SEC);
    login = login_of("authn-no-class-ref");
    assert_null(login->context_class);
    login = login_of("authn-no-session-index");
    assert_null(login->session_index);
    login = login_of("name-id-qualified");
    assert_string_equal(login->name_id.format, SAML_NAMEID_PERSISTENT);
    assert_string_equal(login->name_id.name_qualifier, IDP);
    assert_string_equal(login->name_id.sp_name_qualifier, AUDIENCE);
}

static void test_login_claims(void **state)
{
    const saml_login_t *login = login_of("claim-shapes");
    const saml_attribute_t *a = saml_claim_find(login->attributes, "urn:a");

    (void)state;
    assert_non_null(a);
    assert_string_equal(a->name_format, "urn:f");
    assert_string_equal(a->friendly_name, "A");
    assert_int_equal(a->values->nelts, 4);
    assert_string_equal(value_of(login, "urn:a", 0), "one");
    assert_string_equal(value_of(login, "urn:a", 1), "");
    assert_string_equal(value_of(login, "urn:a", 2), " two <& ");
    assert_string_equal(value_of(login, "urn:a", 3), "three");
    assert_string_equal(value_of(login, "urn:A", 0), "case");
    assert_int_equal(value_count(login, "urn:none"), 0);
    assert_string_equal(value_of(login, "urn:inner", 0), "<NameID xmlns=\"" SAML_NS_ASSERTION "\" Format=\""
                        SAML_NAMEID_PERSISTENT "\">x&amp;y</NameID>");
    login = login_of("claim-comment");
    assert_string_equal(value_of(login, "urn:role", 0), "admin-not");
    assert_int_equal(value_count(login, "urn:role"), 1);
    login = login_of("claim-none");
    assert_int_equal(login->attributes->nelts, 0);
}

static void test_login_vendors(void **state)
{
    const saml_login_t *login = login_of("vendor-keycloak");

    (void)state;
    assert_int_equal(value_count(login, "Role"), 2);
    assert_string_equal(value_of(login, "Role", 1), "staff");
    assert_int_equal(login->session_not_on_or_after, TIME(19, 15, 30) + 412000);
    login = login_of("vendor-shibboleth");
    assert_int_equal(login->was_encrypted, 1);
    assert_string_equal(value_of(login, "urn:oid:0.9.2342.19200300.100.1.3", 0), "ada@example.org");
    assert_string_equal(value_of(login, "urn:oid:1.3.6.1.4.1.5923.1.1.1.10", 0), "<saml2:NameID xmlns:saml2=\""
                        SAML_NS_ASSERTION "\" Format=\"" SAML_NAMEID_PERSISTENT "\">abc=</saml2:NameID>");
    login = login_of("vendor-google");
    assert_string_equal(value_of(login, "department", 0), "Engineering");
    assert_int_equal(value_count(login, "nothing"), 0);
    login = login_of("vendor-adfs");
    assert_string_equal(value_of(login, "http://schemas.xmlsoap.org/claims/Group", 0), "EXAMPLE\\staff");
}

/* ---- replay ------------------------------------------------------------------- */

static saml_status_t check_with(const saml_replay_t *with, const char *file)
{
    saml_expect_t want = expectation();
    saml_login_t *login = NULL;
    saml_status_t answer;
    apr_size_t len;
    const char *xml = read_fixture(&len, apr_pstrcat(pool, "response-", file, ".xml", NULL));

    want.replay = with;
    answer = saml_response_check(&login, xml, len, &want, pool, &err);
    assert_int_equal(login != NULL, answer == SAML_OK);
    return answer;
}

/* Profiles 4.1.4.5: once, whoever signed it and however it is wrapped. */
static void test_replay(void **state)
{
    const saml_replay_t *memory = saml_replay_memory(pool);

    (void)state;
    assert_int_equal(check_with(memory, "by-other"), SAML_E_SIGNATURE);
    assert_int_equal(check_with(memory, "good"), SAML_OK);
    assert_int_equal(check_with(memory, "good"), SAML_E_REPLAY);
    assert_non_null(strstr(err.reason, "_7a9d2c44-81b3-4f55-8a60-0d2be7c40100"));
    assert_int_equal(check_with(memory, "good-response-signed"), SAML_E_REPLAY);
    assert_int_equal(check_with(memory, "encrypted-assertion-signed"), SAML_E_REPLAY);
    assert_int_equal(check_with(memory, "vendor-okta"), SAML_OK);
}

static void test_replay_store(void **state)
{
    saml_replay_t failing = { store_use, NULL };
    saml_expect_t want = expectation();
    saml_login_t *login = NULL;
    apr_size_t len;
    const char *xml = read_fixture(&len, "response-good.xml");

    (void)state;
    assert_int_equal(check_with(NULL, "good"), SAML_E_STORE);
    assert_non_null(strstr(err.reason, "replay store: expected one"));
    want.replay = &failing;
    store.answer = SAML_E_STORE;
    assert_int_equal(saml_response_check(&login, xml, len, &want, pool, &err), SAML_E_STORE);
    assert_null(login);
    assert_string_equal(err.reason, "store says no");
}

/* Remembered for as long as the message could be tried again. */
static void test_replay_until(void **state)
{
    static const struct { const char *file; apr_time_t until; } cases[] = {
        { "good", NOW + 3600 * SEC + SKEW },                            /* both 10:15:30 */
        { "conditions-no-window", NOW + 3600 * SEC + SKEW },            /* the confirmation's alone */
        { "confirmation-later-bearer", TIME(12, 0, 0) + SKEW },         /* another bearer's, which is later */
        { "vendor-okta", TIME(9, 20, 30) + 499000 + SKEW },
        { "vendor-adfs", TIME(10, 15, 30) + 107000 + SKEW },            /* the Conditions' */
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        login_of(cases[i].file);
        assert_int_equal(store.uses, 1);
        assert_int_equal(store.until, cases[i].until);
    }
}

/* ---- before anything is proven ---------------------------------------------------- */

static saml_status_t peek(saml_response_peek_t *out, const char *file)
{
    apr_size_t len;
    const char *xml = read_fixture(&len, apr_pstrcat(pool, "response-", file, ".xml", NULL));

    return saml_response_peek(out, xml, len, pool, &err);
}

static void test_peek(void **state)
{
    saml_response_peek_t got;

    (void)state;
    assert_int_equal(peek(&got, "unsigned"), SAML_OK);
    assert_string_equal(got.in_response_to, REQUEST);
    assert_string_equal(got.issuer, IDP);
    assert_string_equal(got.id, "_0b7e5c1e-5f0a-4a0e-9d51-3c1f0d8f6a11");
    assert_int_equal(peek(&got, "good-unsolicited"), SAML_OK);
    assert_null(got.in_response_to);
    assert_int_equal(peek(&got, "issuer-absent"), SAML_OK);
    assert_null(got.issuer);
    assert_int_equal(peek(&got, "id-absent"), SAML_OK);
    assert_null(got.id);
    assert_int_equal(peek(&got, "root-other"), SAML_E_MALFORMED);
    assert_int_equal(peek(&got, "issuer-twice"), SAML_E_MALFORMED);
    assert_int_equal(peek(&got, "doctype"), SAML_E_MALFORMED);
    assert_int_equal(saml_response_peek(&got, "", 0, pool, &err), SAML_E_MALFORMED);
}

static void test_name_id_longest(void **state)
{
    const saml_login_t *login = login_of("name-id-1024");

    (void)state;
    assert_int_equal(strlen(login->name_id.value), 1024);
}

/* ---- what no fixture has: signed here ------------------------------------------------ */

static const char *put(const char *xml, const char *from, const char *to)
{
    const char *at = strstr(xml, from);

    if (!at)
        fail_msg("\"%s\" is not in the fixture", from);
    return apr_pstrcat(pool, apr_pstrmemdup(pool, xml, (apr_size_t)(at - xml)), to, at + strlen(from), NULL);
}

/* response-unsigned.xml with `from` replaced, the Response signed. */
static saml_status_t check_signed(saml_login_t **login, const char *from, const char *to)
{
    saml_expect_t want = expectation();
    saml_keypair_t *key = fixture_key("idp.key", "idp.crt");
    const char *xml, *signed_xml;
    apr_size_t len;

    xml = read_fixture(&len, "response-unsigned.xml");
    xml = put(apr_pstrmemdup(pool, xml, len), from, to);
    if (saml_signature_sign(&signed_xml, xml, key, pool, &err) != SAML_OK)
        fail_msg("%s", err.reason);
    *login = NULL;
    return saml_response_check(login, signed_xml, strlen(signed_xml), &want, pool, &err);
}

/* Of several sign-ons the earliest counts, wherever it stands. */
static void test_earliest_authn(void **state)
{
    static const char early[] = "<AuthnStatement AuthnInstant=\"2026-02-01T00:00:00Z\"><AuthnContext><AuthnContextClassRef>urn:x"
                                "</AuthnContextClassRef></AuthnContext></AuthnStatement>";
    saml_login_t *login;

    (void)state;
    if (check_signed(&login, "</Assertion>", apr_pstrcat(pool, early, "</Assertion>", NULL)) != SAML_OK)
        fail_msg("%s", err.reason);
    assert_int_equal(login->authn_instant, NOW - (29 * 86400 + (9 * 60 + 15) * 60 + 30) * SEC);
}

static void test_name_id_controls(void **state)
{
    static const char *const bad[] = { "\xc2\x80", "\xc2\x9f", "\x7f", "a\xe2\x80\xa8x", "\xe2\x80\xa9", "&#9;x" };
    static const char *const good[] = { "\xc2\xa0x", "\xc2\xbf", "\xe2\x80\xa7", "\xe2\x80\xaa", "\xe2\x81\xa8", "\xe2\x82\xac" };
    saml_login_t *login;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(check_signed(&login, ">ada@", apr_pstrcat(pool, ">a", bad[i], "b@", NULL)), SAML_E_NAME_ID);
    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(check_signed(&login, ">ada@", apr_pstrcat(pool, ">a", good[i], "b@", NULL)), SAML_OK);
}

/* Text that could be read two ways is refused before any signature is looked at. */
static void test_ambiguous_envelope(void **state)
{
    static const char status[] = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    static const char responder[] = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">";
    const char *const statuses[] = {
        apr_pstrcat(pool, responder, "<samlp:StatusCode/></samlp:StatusCode>", NULL),
        apr_pstrcat(pool, responder, "</samlp:StatusCode><samlp:StatusMessage>a</samlp:StatusMessage><samlp:StatusMessage/>", NULL),
        apr_pstrcat(pool, responder, "</samlp:StatusCode><samlp:StatusMessage>a<b/></samlp:StatusMessage>", NULL),
    };
    saml_response_peek_t got;
    saml_login_t *login;
    const char *xml;
    apr_size_t len;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (check_signed(&login, status, statuses[i]) == SAML_OK)
            fail_msg("%s was accepted", statuses[i]);
    assert_int_equal(check_signed(&login, "</Issuer>", "<x/></Issuer>"), SAML_E_MALFORMED);
    xml = read_fixture(&len, "response-unsigned.xml");
    xml = put(apr_pstrmemdup(pool, xml, len), "</Issuer>", "<x/></Issuer>");
    assert_int_equal(saml_response_peek(&got, xml, strlen(xml), pool, &err), SAML_E_MALFORMED);
}

int main(void)
{
    static const struct CMUnitTest login[] = {
        cmocka_unit_test_setup_teardown(test_login, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_login_is_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_login_authn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_login_claims, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_login_vendors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replay_store, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replay_until, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_peek, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_id_longest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_earliest_authn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_id_controls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ambiguous_envelope, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(login, set_up_expectation, tear_down_library);
}
