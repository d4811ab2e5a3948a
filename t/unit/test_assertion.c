/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of a proven Assertion (SAML Core 2), over small ones that are signed and verified here. */

#include "fixture.h"
#include "saml/assertion.h"

static saml_keypair_t *signing_key;
static apr_array_header_t *certs;

static int set_up_group(void **state)
{
    if (set_up_library(state) != 0)
        return -1;
    signing_key = fixture_key("idp.key", "idp.crt");
    certs = pointers(fixture_cert("idp.crt"), NULL);
    return 0;
}

/* An Assertion with these attributes and this content, proven. */
static saml_verified_t *proven_with(const char *attributes, const char *content)
{
    saml_trust_t trust = { certs, NOW, 0 };
    const char *xml = apr_pstrcat(pool, "<Assertion xmlns=\"" SAML_NS_ASSERTION "\" xmlns:xsi=\"" SAML_NS_XSI "\" ",
                                  attributes, "><Issuer>https://idp.example/</Issuer>", content, "</Assertion>", NULL);
    const char *signed_xml;
    saml_verified_t *v = NULL;
    saml_doc_t *doc;

    if (saml_signature_sign(&signed_xml, xml, signing_key, pool, &err) != SAML_OK
        || saml_doc_parse(&doc, signed_xml, strlen(signed_xml), SAML_MAX_MESSAGE_BYTES, "test", pool, &err) != SAML_OK
        || saml_signature_verify(&v, doc, saml_doc_root(doc), &trust, pool, &err) != SAML_OK)
        fail_msg("%s", err.reason);
    return v;
}

static saml_verified_t *proven(const char *content)
{
    return proven_with("ID=\"_a\" Version=\"2.0\" IssueInstant=\"2026-03-02T09:15:30Z\"", content);
}

#define assert_reason(says) \
    do { \
        if (!strstr(err.reason, says)) \
            fail_msg("expected a reason with '%s', got '%s'", says, err.reason); \
    } while (0)

static void test_head(void **state)
{
    saml_assertion_head_t head;

    (void)state;
    assert_int_equal(saml_assertion_head(&head, proven(""), pool, &err), SAML_OK);
    assert_string_equal(head.id, "_a");
    assert_string_equal(head.version, "2.0");
    assert_string_equal(head.issuer, "https://idp.example/");
    assert_null(head.issuer_format);
    assert_int_equal(saml_assertion_head(&head, proven_with("ID=\"_a\" IssueInstant=\"2026-03-02T09:15:30Z\"", ""), pool,
                                         &err), SAML_OK);
    assert_null(head.version);
    assert_int_equal(saml_assertion_head(&head, proven_with("ID=\"_a\"", ""), pool, &err), SAML_E_MALFORMED);
    assert_reason("Assertion IssueInstant: expected a time, got none");
    assert_int_equal(saml_assertion_head(&head, proven_with("ID=\"_a\" IssueInstant=\"now\"", ""), pool, &err),
                     SAML_E_MALFORMED);
    assert_reason("Assertion IssueInstant");
}

static void test_conditions(void **state)
{
    saml_conditions_t c;
    const apr_array_header_t *second;

    (void)state;
    assert_int_equal(saml_assertion_conditions(&c, proven(""), pool, &err), SAML_OK);
    assert_int_equal(c.present, 0);
    assert_int_equal(c.restrictions->nelts, 0);
    assert_int_equal(saml_assertion_conditions(&c, proven(
        "<Conditions NotBefore='2026-03-02T09:15:30Z' NotOnOrAfter='1970-01-01T00:00:00Z'>"
        "<AudienceRestriction><Audience>a</Audience></AudienceRestriction><OneTimeUse/>"
        "<AudienceRestriction><Audience> b </Audience><Audience/></AudienceRestriction></Conditions>"), pool, &err),
        SAML_OK);
    assert_int_equal(c.present, 1);
    assert_int_equal(c.not_before, NOW);
    assert_int_equal(c.not_on_or_after, 1);     /* the epoch is a time, not an absence */
    assert_int_equal(c.restrictions->nelts, 2);
    second = APR_ARRAY_IDX(c.restrictions, 1, apr_array_header_t *);
    assert_int_equal(second->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(second, 0, const char *), "b");
    assert_string_equal(APR_ARRAY_IDX(second, 1, const char *), "");
    assert_null(c.unknown);
    assert_int_equal(saml_assertion_conditions(&c, proven("<Conditions><x xmlns='urn:x'/><Audience/></Conditions>"), pool,
                                               &err), SAML_OK);
    assert_string_equal(c.unknown, "\"x\" of \"urn:x\"");
    assert_int_equal(c.not_before, 0);
    assert_int_equal(c.not_on_or_after, 0);
    assert_int_equal(saml_assertion_conditions(&c, proven("<Conditions><AudienceRestriction><Audience><x/></Audience>"
                                                          "</AudienceRestriction></Conditions>"), pool, &err),
                     SAML_E_MALFORMED);
}

static void test_name_id(void **state)
{
    saml_name_id_t n;

    (void)state;
    assert_int_equal(saml_assertion_name_id(&n, proven("<Subject><NameID Format=' urn:f ' NameQualifier=' q '> ada"
        "<!-- x --> l </NameID></Subject>"), NULL, 0, pool, &err), SAML_OK);
    assert_string_equal(n.value, " ada l ");
    assert_string_equal(n.format, "urn:f");
    assert_string_equal(n.name_qualifier, " q ");
    assert_null(n.sp_name_qualifier);
    assert_int_equal(saml_assertion_name_id(&n, proven("<Subject/>"), NULL, 0, pool, &err), SAML_OK);
    assert_null(n.value);
    assert_null(n.format);
    assert_int_equal(saml_assertion_name_id(&n, proven(""), NULL, 0, pool, &err), SAML_E_SUBJECT);
    assert_reason("expected one Subject, got 0");
    assert_int_equal(saml_assertion_name_id(&n, proven("<Subject><BaseID/><NameID>x</NameID></Subject>"), NULL, 0, pool,
                                            &err), SAML_E_NAME_ID);
    assert_reason("got 2 identifiers");
    assert_int_equal(saml_assertion_name_id(&n, proven("<Subject><NameID>x</NameID><EncryptedID/></Subject>"), NULL, 0,
                                            pool, &err), SAML_E_NAME_ID);
    assert_int_equal(saml_assertion_name_id(&n, proven("<Subject><EncryptedID/></Subject>"), NULL, 0, pool, &err),
                     SAML_E_DECRYPTION);
    assert_reason("no key");
}

static void test_confirmations(void **state)
{
    apr_array_header_t *all;
    saml_confirmation_t *c;

    (void)state;
    assert_int_equal(saml_assertion_confirmations(&all, proven("<Subject><NameID>x</NameID></Subject>"), pool, &err),
                     SAML_OK);
    assert_int_equal(all->nelts, 0);
    assert_int_equal(saml_assertion_confirmations(&all, proven("<Subject><SubjectConfirmation Method=' urn:m '/>"
        "<SubjectConfirmation><NameID>y</NameID><SubjectConfirmationData Recipient=' r ' InResponseTo=' i '"
        " NotBefore='1970-01-01T00:00:00Z' NotOnOrAfter='2026-03-02T09:15:30Z' Address='x'/></SubjectConfirmation>"
        "</Subject>"), pool, &err), SAML_OK);
    assert_int_equal(all->nelts, 2);
    c = &APR_ARRAY_IDX(all, 0, saml_confirmation_t);
    assert_string_equal(c->method, "urn:m");
    assert_int_equal(c->has_data, 0);
    assert_null(c->recipient);
    assert_int_equal(c->not_on_or_after, 0);
    c = &APR_ARRAY_IDX(all, 1, saml_confirmation_t);
    assert_null(c->method);
    assert_int_equal(c->has_data, 1);
    assert_string_equal(c->recipient, "r");
    assert_string_equal(c->in_response_to, "i");
    assert_int_equal(c->not_before, 1);
    assert_int_equal(c->not_on_or_after, NOW);
    assert_int_equal(saml_assertion_confirmations(&all, proven(""), pool, &err), SAML_E_SUBJECT);
    assert_int_equal(saml_assertion_confirmations(&all, proven("<Subject/><Subject/>"), pool, &err), SAML_E_SUBJECT);
    assert_reason("got 2");
}

static void test_authn(void **state)
{
    apr_array_header_t *all;
    saml_authn_t *a;

    (void)state;
    assert_int_equal(saml_assertion_authn(&all, proven(""), pool, &err), SAML_OK);
    assert_int_equal(all->nelts, 0);
    assert_int_equal(saml_assertion_authn(&all, proven("<AuthnStatement AuthnInstant='2026-03-02T09:15:30Z'"
        " SessionIndex='s' SessionNotOnOrAfter='2026-03-02T09:15:31Z'><AuthnContext><AuthnContextClassRef> urn:c "
        "</AuthnContextClassRef></AuthnContext></AuthnStatement><AuthnStatement AuthnInstant='2026-03-02T09:15:29Z'>"
        "<AuthnContext/></AuthnStatement>"), pool, &err), SAML_OK);
    assert_int_equal(all->nelts, 2);
    a = &APR_ARRAY_IDX(all, 0, saml_authn_t);
    assert_int_equal(a->authn_instant, NOW);
    assert_int_equal(a->session_not_on_or_after, NOW + SEC);
    assert_string_equal(a->session_index, "s");
    assert_string_equal(a->context_class, "urn:c");
    a = &APR_ARRAY_IDX(all, 1, saml_authn_t);
    assert_int_equal(a->authn_instant, NOW - SEC);
    assert_int_equal(a->session_not_on_or_after, 0);
    assert_null(a->session_index);
    assert_null(a->context_class);
}

/* `count` times `text`, with its number where it says %d. */
static const char *repeated(const char *before, const char *format, int count, const char *after)
{
    apr_array_header_t *parts = apr_array_make(pool, count + 2, sizeof(const char *));
    char number[16];
    int i;

    APR_ARRAY_PUSH(parts, const char *) = before;
    for (i = 0; i < count; i++) {
        const char *at = strstr(format, "%d");

        if (!at) {
            APR_ARRAY_PUSH(parts, const char *) = format;
            continue;
        }
        apr_snprintf(number, sizeof(number), "%d", i);
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrcat(pool, apr_pstrndup(pool, format, at - format), number, at + 2,
                                                          NULL);
    }
    APR_ARRAY_PUSH(parts, const char *) = after;
    return apr_array_pstrcat(pool, parts, 0);
}

static saml_status_t attributes_of(apr_array_header_t **all, const char *content)
{
    return saml_assertion_attributes(all, proven(content), NULL, 0, pool, &err);
}

static void test_attributes_merge(void **state)
{
    apr_array_header_t *all;
    const saml_attribute_t *a;

    (void)state;
    assert_int_equal(attributes_of(&all, ""), SAML_OK);
    assert_int_equal(all->nelts, 0);
    assert_int_equal(attributes_of(&all, "<AttributeStatement><Attribute Name='a' NameFormat='f'><AttributeValue>1"
        "</AttributeValue></Attribute><x xmlns='urn:x' Name='c'/><Attribute Name='b'/></AttributeStatement><AttributeStatement>"
        "<Attribute Name='\n a ' NameFormat='g'><AttributeValue>1</AttributeValue><x xmlns='urn:x'>no</x>"
        "<AttributeValue>2</AttributeValue></Attribute></AttributeStatement>"), SAML_OK);
    assert_int_equal(all->nelts, 2);
    a = &APR_ARRAY_IDX(all, 0, saml_attribute_t);
    assert_string_equal(a->name, "a");
    assert_string_equal(a->name_format, "f");
    assert_null(a->friendly_name);
    assert_int_equal(a->values->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(a->values, 1, const char *), "1");
    assert_string_equal(APR_ARRAY_IDX(a->values, 2, const char *), "2");
    assert_string_equal(APR_ARRAY_IDX(all, 1, saml_attribute_t).name, "b");
    assert_int_equal(APR_ARRAY_IDX(all, 1, saml_attribute_t).values->nelts, 0);
}

static void test_attribute_values(void **state)
{
    static const char *const expected[] = { "", "", " x ", "a<b", "ab", "<n xmlns=\"urn:n\">v</n>t", "false" };
    apr_array_header_t *all, *values;
    size_t i;

    (void)state;
    assert_int_equal(attributes_of(&all, "<AttributeStatement><Attribute Name='a'>"
        "<AttributeValue/><AttributeValue></AttributeValue><AttributeValue> x </AttributeValue>"
        "<AttributeValue>a&lt;b</AttributeValue><AttributeValue>a<!-- c --><?p i?><![CDATA[b]]></AttributeValue>"
        "<AttributeValue xmlns:q='urn:n'><n xmlns='urn:n'>v</n>t</AttributeValue>"
        "<AttributeValue xsi:nil='true'>gone</AttributeValue><AttributeValue xsi:nil='1'/>"
        "<AttributeValue xsi:nil='0' nil='true'>false</AttributeValue>"
        "</Attribute></AttributeStatement>"), SAML_OK);
    values = APR_ARRAY_IDX(all, 0, saml_attribute_t).values;
    assert_int_equal(values->nelts, sizeof(expected) / sizeof(expected[0]));
    for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_string_equal(APR_ARRAY_IDX(values, i, const char *), expected[i]);
}

static void test_attributes_refused(void **state)
{
    apr_array_header_t *all;

    (void)state;
    assert_int_equal(attributes_of(&all, "<AttributeStatement><Attribute/></AttributeStatement>"), SAML_E_CLAIM);
    assert_reason("expected a name, got none");
    assert_int_equal(attributes_of(&all, "<AttributeStatement><Attribute Name=''/></AttributeStatement>"), SAML_E_CLAIM);
    assert_int_equal(attributes_of(&all, "<AttributeStatement><Attribute xmlns:q='urn:q' q:Name='n'/>"
                                         "</AttributeStatement>"), SAML_E_CLAIM);
    assert_int_equal(attributes_of(&all, "<AttributeStatement><EncryptedAttribute/></AttributeStatement>"),
                     SAML_E_DECRYPTION);
}

static void test_attribute_limits(void **state)
{
    const char *open = "<AttributeStatement>", *close = "</AttributeStatement>";
    const char *open_one = "<AttributeStatement><Attribute Name='a'>", *close_one = "</Attribute></AttributeStatement>";
    apr_array_header_t *all;

    (void)state;
    assert_int_equal(attributes_of(&all, repeated(open, "<Attribute Name='n%d'/>", 2000, close)), SAML_OK);
    assert_int_equal(all->nelts, 2000);
    assert_string_equal(APR_ARRAY_IDX(all, 1999, saml_attribute_t).name, "n1999");
    assert_int_equal(attributes_of(&all, repeated(open, "<Attribute Name='n%d'/>", 2001, close)), SAML_E_CLAIM);
    assert_reason("at most 2000, got more");
    assert_int_equal(attributes_of(&all, repeated(open_one, "<AttributeValue/>", 20000, close_one)), SAML_OK);
    assert_int_equal(APR_ARRAY_IDX(all, 0, saml_attribute_t).values->nelts, 20000);
    assert_int_equal(attributes_of(&all, repeated(open_one, "<AttributeValue/>", 20001, close_one)), SAML_E_CLAIM);
    assert_reason("at most 20000 values, got more");
}

/* Text with elements in it, parts that stand twice: a value that can be read two ways is none. */
static void test_ambiguous_parts(void **state)
{
    static const char *const contexts[] = {
        "<AuthnContext><AuthnContextClassRef>a</AuthnContextClassRef><AuthnContextClassRef>b</AuthnContextClassRef></AuthnContext>",
        "<AuthnContext><AuthnContextClassRef>a<x/></AuthnContextClassRef></AuthnContext>",
    };
    apr_array_header_t *all;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(contexts) / sizeof(contexts[0]); i++)
        assert_int_equal(saml_assertion_authn(&all, proven(apr_pstrcat(pool, "<AuthnStatement AuthnInstant=\"2026-03-02T09:15:30Z\">",
                                                                       contexts[i], "</AuthnStatement>", NULL)), pool, &err),
                         SAML_E_MALFORMED);
    assert_int_equal(saml_assertion_confirmations(&all, proven("<Subject><SubjectConfirmation Method=\"m\"><SubjectConfirmationData "
                     "NotBefore=\"soon\"/></SubjectConfirmation></Subject>"), pool, &err), SAML_E_MALFORMED);
    assert_reason("SubjectConfirmationData NotBefore: expected a time");
}

int main(void)
{
    static const struct CMUnitTest assertion[] = {
        cmocka_unit_test_setup_teardown(test_head, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_conditions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_confirmations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_authn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_attributes_merge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_attribute_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_attributes_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_attribute_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ambiguous_parts, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(assertion, set_up_group, tear_down_library);
}
