/* SPDX-License-Identifier: Apache-2.0 */
/* Our own metadata: SAML Metadata 2.4.4 and the order of the schema. */

#include "common.h"
#include "saml/algorithm.h"
#include "saml/metadata.h"
#include "saml/xml.h"

#define NOW APR_TIME_C(1772442930000000)

static saml_sp_t sp;
static saml_keypair_t keys[2];

static int set_up_group(void **state)
{
    saml_err_t e = { .pool = NULL };
    int i;

    if (set_up_library(state) != 0)
        return -1;
    e.pool = group_pool;
    for (i = 0; i < 2; i++) {
        const char *key_pem, *cert_pem;
        apr_array_header_t *certs;

        if (saml_keypair_generate(&key_pem, &cert_pem, "sp", 2048, 30, NOW, group_pool, &e) != SAML_OK
            || saml_certs_parse(&certs, cert_pem, strlen(cert_pem), "test", group_pool, &e) != SAML_OK)
            return 1;
        keys[i].cert = APR_ARRAY_IDX(certs, 0, saml_cert_t *);
    }
    return 0;
}

static int set_up_sp(void **state)
{
    apr_array_header_t *urls;

    if (set_up(state) != 0)
        return -1;
    memset(&sp, 0, sizeof sp);
    urls = apr_array_make(pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(urls, const char *) = "https://sp.example/saml/acs";
    sp.entity_id = "https://sp.example/saml/metadata";
    sp.acs_urls = urls;
    return 0;
}

static void use_keys(int n, int without_cert)
{
    static saml_keypair_t bare;
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(saml_keypair_t *));
    int i;

    for (i = 0; i < n; i++)
        APR_ARRAY_PUSH(list, saml_keypair_t *) = &keys[i];
    if (without_cert)
        APR_ARRAY_PUSH(list, saml_keypair_t *) = &bare;
    sp.keys = list;
}

/* The SPSSODescriptor of what was written, read back by a parser. */
static xmlNode *written(void)
{
    const char *xml = saml_metadata_write(&sp, pool);
    saml_doc_t *doc;
    xmlNode *root, *role;

    assert_int_equal(saml_doc_parse(&doc, xml, strlen(xml), SAML_MAX_MESSAGE_BYTES, "metadata", pool, &err), SAML_OK);
    root = saml_doc_root(doc);
    assert_true(saml_xml_is(root, SAML_NS_METADATA, "EntityDescriptor"));
    assert_string_equal(saml_xml_attr(root, "entityID", pool), sp.entity_id);
    role = saml_xml_first(root);
    assert_true(saml_xml_is(role, SAML_NS_METADATA, "SPSSODescriptor"));
    assert_null(saml_xml_next(role));
    return role;
}

/* The names of the children, in order. */
static const char *order_of(const xmlNode *role)
{
    const char *out = "";
    const xmlNode *el;

    for (el = saml_xml_first(role); el; el = saml_xml_next(el))
        out = apr_pstrcat(pool, out, *out ? " " : "", (const char *)el->name, NULL);
    return out;
}

static void test_smallest(void **state)
{
    xmlNode *role = written(), *acs;

    (void)state;
    assert_string_equal(order_of(role), "AssertionConsumerService");
    assert_string_equal(saml_xml_attr(role, "protocolSupportEnumeration", pool), SAML_NS_PROTOCOL);
    assert_string_equal(saml_xml_attr(role, "AuthnRequestsSigned", pool), "false");
    assert_string_equal(saml_xml_attr(role, "WantAssertionsSigned", pool), "true");
    acs = saml_xml_first(role);
    assert_string_equal(saml_xml_attr(acs, "Binding", pool), SAML_BINDING_POST);
    assert_string_equal(saml_xml_attr(acs, "Location", pool), "https://sp.example/saml/acs");
    assert_string_equal(saml_xml_attr(acs, "index", pool), "0");
    assert_string_equal(saml_xml_attr(acs, "isDefault", pool), "true");
}

static void test_everything_in_order(void **state)
{
    xmlNode *role, *el;
    const char *text;

    (void)state;
    use_keys(2, 0);
    sp.sign_requests = 1;
    sp.logout_url = "https://sp.example/saml/logout?a=1&b=2";
    sp.name_id_format = SAML_NAMEID_EMAIL;
    APR_ARRAY_PUSH((apr_array_header_t *)sp.acs_urls, const char *) = "https://two.example/saml/acs";
    role = written();
    assert_string_equal(order_of(role), "KeyDescriptor KeyDescriptor KeyDescriptor SingleLogoutService SingleLogoutService "
                        "NameIDFormat AssertionConsumerService AssertionConsumerService");
    assert_string_equal(saml_xml_attr(role, "AuthnRequestsSigned", pool), "true");
    el = saml_xml_child(role, SAML_NS_METADATA, "SingleLogoutService");
    assert_string_equal(saml_xml_attr(el, "Binding", pool), SAML_BINDING_REDIRECT);
    assert_string_equal(saml_xml_attr(el, "Location", pool), sp.logout_url);
    el = saml_xml_next(el);
    assert_string_equal(saml_xml_attr(el, "Binding", pool), SAML_BINDING_POST);
    assert_int_equal(saml_xml_text(&text, saml_xml_next(el), pool, &err), SAML_OK);
    assert_string_equal(text, SAML_NAMEID_EMAIL);
    el = saml_xml_next(saml_xml_child(role, SAML_NS_METADATA, "AssertionConsumerService"));
    assert_string_equal(saml_xml_attr(el, "Location", pool), "https://two.example/saml/acs");
    assert_string_equal(saml_xml_attr(el, "index", pool), "1");
    assert_null(saml_xml_attr(el, "isDefault", pool));
}

static const char *certificate_in(xmlNode *descriptor)
{
    xmlNode *info = saml_xml_child(descriptor, SAML_NS_DSIG, "KeyInfo");
    xmlNode *data = saml_xml_child(info, SAML_NS_DSIG, "X509Data");
    const char *text;
    apr_array_header_t *certs;

    assert_int_equal(saml_xml_text(&text, saml_xml_child(data, SAML_NS_DSIG, "X509Certificate"), pool, &err), SAML_OK);
    assert_int_equal(saml_certs_parse(&certs, text, strlen(text), "test", pool, &err), SAML_OK);
    return APR_ARRAY_IDX(certs, 0, saml_cert_t *)->base64;
}

/* The first key signs, all decrypt. Every method offered is one that algorithm.c takes without an allowance. */
static void test_keys(void **state)
{
    xmlNode *d, *m;
    int methods = 0;

    (void)state;
    use_keys(2, 1);
    d = saml_xml_child(written(), SAML_NS_METADATA, "KeyDescriptor");
    assert_string_equal(saml_xml_attr(d, "use", pool), "signing");
    assert_string_equal(certificate_in(d), keys[0].cert->base64);
    assert_null(saml_xml_child(d, SAML_NS_METADATA, "EncryptionMethod"));
    d = saml_xml_next(d);
    assert_string_equal(saml_xml_attr(d, "use", pool), "encryption");
    assert_string_equal(certificate_in(d), keys[0].cert->base64);
    for (m = saml_xml_child(d, SAML_NS_METADATA, "EncryptionMethod"); m;
         m = saml_xml_next_named(m, SAML_NS_METADATA, "EncryptionMethod"), methods++) {
        const char *uri = saml_xml_attr(m, "Algorithm", pool);
        const saml_algorithm_t *alg;

        assert_true(saml_algorithm_find(&alg, SAML_ALG_DATA_ENCRYPTION, uri, 0, &err) == SAML_OK
                    || saml_algorithm_find(&alg, SAML_ALG_KEY_TRANSPORT, uri, 0, &err) == SAML_OK);
    }
    assert_int_equal(methods, 6);
    d = saml_xml_next(d);
    assert_string_equal(saml_xml_attr(d, "use", pool), "encryption");
    assert_string_equal(certificate_in(d), keys[1].cert->base64);
    assert_null(saml_xml_next_named(d, SAML_NS_METADATA, "KeyDescriptor"));
}

static void test_escaping(void **state)
{
    (void)state;
    sp.entity_id = "urn:x\"<&>'";
    sp.name_id_format = "urn:<y>";
    sp.logout_url = "https://sp.example/?a&b=\"";
    assert_int_equal(saml_xml_count(written(), SAML_NS_METADATA, "SingleLogoutService"), 2);
}

static void test_readable(void **state)
{
    const char *xml;

    (void)state;
    use_keys(1, 0);
    xml = saml_metadata_write(&sp, pool);
    assert_ptr_equal(strstr(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor "), xml);
    assert_int_equal(xml[strlen(xml) - 1], '\n');
}

int main(void)
{
    static const struct CMUnitTest metadata_write[] = {
        cmocka_unit_test_setup_teardown(test_smallest, set_up_sp, tear_down),
        cmocka_unit_test_setup_teardown(test_everything_in_order, set_up_sp, tear_down),
        cmocka_unit_test_setup_teardown(test_keys, set_up_sp, tear_down),
        cmocka_unit_test_setup_teardown(test_escaping, set_up_sp, tear_down),
        cmocka_unit_test_setup_teardown(test_readable, set_up_sp, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(metadata_write, set_up_group, tear_down_library);
}
