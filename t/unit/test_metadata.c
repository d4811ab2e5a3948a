/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the identity provider's metadata: SAML Metadata 2.3, 2.4. */

#include "common.h"

#include <apr_file_io.h>
#include "saml/metadata.h"

#define NOW APR_TIME_C(1772442930000000)    /* 2026-03-02T09:15:30Z */
#define IDP "https://idp.example/"
#define SSO "<md:SingleSignOnService Binding=\"" SAML_BINDING_POST "\" Location=\"https://idp.example/post\"/>"

static saml_idp_t *idp;
static const char *cert_a, *cert_b;     /* base64, one line */

/* ---- set-up ------------------------------------------------------------- */

static const char *new_cert(void)
{
    saml_err_t e = { .pool = group_pool };
    apr_array_header_t *certs;
    const char *key_pem, *cert_pem;

    assert_int_equal(saml_keypair_generate(&key_pem, &cert_pem, "idp", 2048, 30, NOW, group_pool, &e), SAML_OK);
    assert_int_equal(saml_certs_parse(&certs, cert_pem, strlen(cert_pem), "test", group_pool, &e), SAML_OK);
    return APR_ARRAY_IDX(certs, 0, saml_cert_t *)->base64;
}

static int set_up_group(void **state)
{
    if (set_up_library(state) != 0)
        return -1;
    cert_a = new_cert();
    cert_b = new_cert();
    return 0;
}

/* ---- building blocks ---------------------------------------------------- */

static const char *x509(const char *cert)
{
    return apr_pstrcat(pool, "<ds:X509Data><ds:X509Certificate>", cert, "</ds:X509Certificate></ds:X509Data>", NULL);
}

static const char *key(const char *use, const char *info)
{
    return apr_pstrcat(pool, "<md:KeyDescriptor", use, "><ds:KeyInfo>", info, "</ds:KeyInfo></md:KeyDescriptor>", NULL);
}

static const char *role_with(const char *attributes, const char *content)
{
    return apr_pstrcat(pool, "<md:IDPSSODescriptor ", attributes, ">", content, "</md:IDPSSODescriptor>", NULL);
}

static const char *role(const char *content)
{
    return role_with("protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\"", content);
}

static const char *plain_role(void)
{
    return role(apr_pstrcat(pool, key(" use=\"signing\"", x509(cert_a)), SSO, NULL));
}

static const char *entity_with(const char *id, const char *attributes, const char *content)
{
    return apr_pstrcat(pool, "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" xmlns:ds=\"" SAML_NS_DSIG "\" entityID=\"",
                       id, "\" ", attributes, ">", content, "</md:EntityDescriptor>", NULL);
}

static const char *entity(const char *id, const char *content)
{
    return entity_with(id, "", content);
}

static const char *entities(const char *attributes, const char *content)
{
    return apr_pstrcat(pool, "<md:EntitiesDescriptor xmlns:md=\"" SAML_NS_METADATA "\" ", attributes, ">", content,
                       "</md:EntitiesDescriptor>", NULL);
}

static saml_status_t load(const char *xml, const char *wanted)
{
    idp = NULL;
    return saml_metadata_read(&idp, xml, strlen(xml), wanted, NOW, "idp.xml", pool, &err);
}

static void refuses(const char *xml, const char *wanted, const char *says)
{
    assert_int_equal(load(xml, wanted), SAML_E_METADATA);
    assert_null(idp);
    assert_non_null(strstr(err.reason, "idp.xml: "));
    if (!strstr(err.reason, says))
        fail_msg("expected \"%s\" in \"%s\"", says, err.reason);
}

static const saml_cert_t *cert(int i)
{
    return APR_ARRAY_IDX(idp->certs, i, const saml_cert_t *);
}

/* ---- the shape that Entra sends ------------------------------------------ */

static void test_like_entra(void **state)
{
    const char *wsfed = "<md:RoleDescriptor xmlns:xsi=\"" SAML_NS_XSI "\" xsi:type=\"fed:SecurityTokenServiceType\""
        " xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\""
        " protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\">";
    const char *content;

    (void)state;
    content = apr_pstrcat(pool, wsfed, key(" use=\"signing\"", x509(cert_b)), "</md:RoleDescriptor>",
        role(apr_pstrcat(pool, key(" use=\"signing\"", x509(cert_a)),
            "<md:SingleLogoutService Binding=\"" SAML_BINDING_REDIRECT "\" Location=\"https://login.example/saml2\"/>"
            "<md:SingleSignOnService Binding=\"" SAML_BINDING_REDIRECT "\" Location=\"https://login.example/saml2\"/>"
            "<md:SingleSignOnService Binding=\"" SAML_BINDING_POST "\" Location=\"https://login.example/post\"/>", NULL)),
        NULL);
    assert_int_equal(load(entity(IDP, content), NULL), SAML_OK);
    assert_string_equal(idp->entity_id, IDP);
    assert_string_equal(idp->sso_redirect, "https://login.example/saml2");
    assert_string_equal(idp->sso_post, "https://login.example/post");
    assert_string_equal(idp->slo_redirect, "https://login.example/saml2");
    assert_null(idp->slo_post);
    assert_null(idp->slo_redirect_response);
    assert_int_equal(idp->certs->nelts, 1);
    assert_string_equal(cert(0)->base64, cert_a);
    assert_false(idp->want_authn_requests_signed);
    assert_int_equal(idp->valid_until, 0);
}

static void test_response_locations_and_flag(void **state)
{
    const char *content = apr_pstrcat(pool, key("", x509(cert_a)),
        "<md:SingleLogoutService Binding=\"" SAML_BINDING_POST "\" Location=\"https://i.example/a\""
        " ResponseLocation=\"https://i.example/b\"/>"
        "<md:SingleLogoutService Binding=\"" SAML_BINDING_REDIRECT "\" Location=\"https://i.example/c\""
        " ResponseLocation=\"https://i.example/d\"/>" SSO, NULL);

    (void)state;
    assert_int_equal(load(entity(IDP, role_with("WantAuthnRequestsSigned=\"true\" protocolSupportEnumeration=\""
                                                "urn:oasis:names:tc:SAML:1.1:protocol\n " SAML_NS_PROTOCOL "\"",
                                                content)), NULL), SAML_OK);
    assert_true(idp->want_authn_requests_signed);
    assert_string_equal(idp->slo_post, "https://i.example/a");
    assert_string_equal(idp->slo_post_response, "https://i.example/b");
    assert_string_equal(idp->slo_redirect, "https://i.example/c");
    assert_string_equal(idp->slo_redirect_response, "https://i.example/d");
}

/* The first of a binding wins, whatever isDefault claims; bindings that we do not speak are passed over. */
static void test_first_endpoint_wins(void **state)
{
    const char *content = apr_pstrcat(pool, key("", x509(cert_a)),
        "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" Location=\"https://i.example/0\"/>"
        "<md:SingleSignOnService Binding=\" " SAML_BINDING_POST " \" Location=\" https://i.example/1 \"/>"
        "<md:SingleSignOnService isDefault=\"true\" Binding=\"" SAML_BINDING_POST "\" Location=\"https://i.example/2\"/>",
        NULL);

    (void)state;
    assert_int_equal(load(entity(IDP, role(content)), NULL), SAML_OK);
    assert_string_equal(idp->sso_post, "https://i.example/1");
    assert_null(idp->sso_redirect);
}

static void test_endpoints_refused(void **state)
{
    static const char *const bad[] = { "javascript:alert(1)", "ftp://i.example/", "", "https://i.example/a b",
                                       "https://i.example/\xc3\xa4", "/relative", "HTTPS" };
    apr_size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuses(entity(IDP, role(apr_pstrcat(pool, key("", x509(cert_a)), "<md:SingleSignOnService Binding=\""
                                             SAML_BINDING_POST "\" Location=\"", bad[i], "\"/>", NULL))), NULL,
                "SingleSignOnService Location: expected an http or https URL");
    refuses(entity(IDP, role(apr_pstrcat(pool, key("", x509(cert_a)), "<md:SingleSignOnService Binding=\""
                                         SAML_BINDING_POST "\"/>", NULL))), NULL, "got none");
    refuses(entity(IDP, role(apr_pstrcat(pool, key("", x509(cert_a)), SSO "<md:SingleLogoutService Binding=\""
                                         SAML_BINDING_POST "\" Location=\"https://i.example/\" ResponseLocation=\"x\"/>",
                                         NULL))), NULL, "ResponseLocation");
    refuses(entity(IDP, role(key("", x509(cert_a)))), NULL, "expected a SingleSignOnService for HTTP-POST or");
}

/* ---- keys --------------------------------------------------------------- */

static void test_key_use(void **state)
{
    const char *content = apr_pstrcat(pool, key(" use=\"encryption\"", x509(cert_b)), key("", x509(cert_a)), SSO, NULL);

    (void)state;
    assert_int_equal(load(entity(IDP, role(content)), NULL), SAML_OK);
    assert_int_equal(idp->certs->nelts, 1);
    assert_string_equal(cert(0)->base64, cert_a);
    refuses(entity(IDP, role(apr_pstrcat(pool, key(" use=\"encryption\"", x509(cert_b)), SSO, NULL))), NULL,
            "expected a KeyDescriptor for signing, got none");
    refuses(entity(IDP, role(SSO)), NULL, "expected a KeyDescriptor for signing, got none");
}

static const char *in_lines(const char *base64)
{
    const char *out = "\n\t ";
    apr_size_t i, len = strlen(base64);

    for (i = 0; i < len; i += 76)
        out = apr_pstrcat(pool, out, apr_pstrmemdup(pool, base64 + i, len - i < 76 ? len - i : 76), "\r\n    ", NULL);
    return out;
}

static void test_several_certificates(void **state)
{
    const char *two_in_one = apr_pstrcat(pool, "<ds:KeyName>x</ds:KeyName><ds:X509Data><ds:X509Certificate>", in_lines(cert_a),
                                         "</ds:X509Certificate><ds:X509Certificate>", cert_b,
                                         "</ds:X509Certificate></ds:X509Data>", NULL);

    (void)state;
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, key("", two_in_one), SSO, NULL))), NULL), SAML_OK);
    assert_int_equal(idp->certs->nelts, 2);
    assert_string_equal(cert(0)->base64, cert_a);
    assert_string_equal(cert(1)->base64, cert_b);
    assert_non_null(strstr(cert(0)->source, "idp.xml"));

    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, key("", x509(cert_b)), key(" use=\"signing\"", two_in_one),
                                                       key("", apr_pstrcat(pool, x509(cert_a), x509(cert_b), NULL)),
                                                       SSO, NULL))), NULL), SAML_OK);
    assert_int_equal(idp->certs->nelts, 2);
    assert_string_equal(cert(0)->base64, cert_b);
}

/* A document of eight megabytes has room for thousands, and each would be tried with each signature. */
static void test_too_many_certificates(void **state)
{
    const char *some = "", *bundle;
    int i;

    (void)state;
    for (i = 0; i < 100; i++)
        some = apr_pstrcat(pool, some, x509(cert_a), NULL);
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, key("", some), SSO, NULL))), NULL), SAML_OK);
    assert_int_equal(idp->certs->nelts, 1);
    refuses(entity(IDP, role(apr_pstrcat(pool, key("", apr_pstrcat(pool, some, x509("?"), NULL)), SSO, NULL))), NULL,
            "expected at most 100 certificates for signing, got more");
    refuses(entity(IDP, role(apr_pstrcat(pool, key("", some), key("", x509(cert_b)), SSO, NULL))), NULL, "expected at most 100");
    refuses(entity(IDP, role(apr_pstrcat(pool, key("", some), key("", x509(cert_b)), key("", x509(cert_a)), SSO, NULL))), NULL,
            "expected at most 100");
    bundle = apr_pstrcat(pool, "-----BEGIN CERTIFICATE-----\n", in_lines(cert_a), "\n-----END CERTIFICATE-----\n", NULL);
    refuses(entity(IDP, role(apr_pstrcat(pool, key("", x509(apr_pstrcat(pool, bundle, bundle, NULL))), SSO, NULL))), NULL,
            "expected one certificate");
}

static void test_unusable_keys(void **state)
{
    const char *bare = key("", "<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>");

    (void)state;
    refuses(entity(IDP, role(apr_pstrcat(pool, bare, bare, SSO, NULL))), NULL,
            "got 2 KeyDescriptors for signing with none (a bare ds:KeyValue");
    refuses(entity(IDP, role(apr_pstrcat(pool, "<md:KeyDescriptor/>", SSO, NULL))), NULL, "got 1 KeyDescriptor for");
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, bare, key("", x509(cert_a)), SSO, NULL))), NULL), SAML_OK);
    assert_int_equal(idp->certs->nelts, 1);
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, key("", x509("AAAA")), SSO, NULL))), NULL),
                     SAML_E_METADATA);
    assert_non_null(strstr(err.reason, "X509Certificate in idp.xml"));
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, key("", x509("")), SSO, NULL))), NULL), SAML_E_METADATA);
    assert_non_null(strstr(err.reason, "expected a certificate, got nothing"));
}

/* One that cannot be read takes nothing from the others, wherever it stands; it is told, and none is made of it. */
static void test_unreadable_certificate(void **state)
{
    const char *second = apr_pstrcat(pool, x509("AAAA"), x509(cert_a), x509("<x/>"), NULL);

    (void)state;
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, key("", x509("?")), key("", second), SSO, NULL))), NULL),
                     SAML_OK);
    assert_int_equal(idp->certs->nelts, 1);
    assert_string_equal(cert(0)->base64, cert_a);
    assert_int_equal(idp->unread_certs, 3);
    assert_non_null(strstr(idp->unread_reason, "X509Certificate in idp.xml"));
    assert_non_null(strstr(idp->unread_reason, "got \"?\""));
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, key("", x509(cert_a)), SSO, NULL))), NULL), SAML_OK);
    assert_int_equal(idp->unread_certs, 0);
    assert_null(idp->unread_reason);
    refuses(entity(IDP, role(apr_pstrcat(pool, key("", x509("?")), key("", x509("AAAA")), SSO, NULL))), NULL, "got \"?\"");
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, key(" use=\"encryption\"", x509(cert_a)),
                                                       key(" use=\"signing\"", x509("?")), SSO, NULL))), NULL),
                     SAML_E_METADATA);
}

/* ---- which entity ------------------------------------------------------- */

static void test_only_other_roles(void **state)
{
    const char *content = apr_pstrcat(pool, key("", x509(cert_a)), SSO, NULL);

    (void)state;
    refuses(entity(IDP, "<md:SPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\"/>"), NULL,
            "not the metadata of a SAML 2.0 identity provider");
    refuses(entity(IDP, role_with("protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\"", content)), NULL,
            "got none");
    refuses(entity(IDP, role_with("", content)), NULL, "got none");
    refuses(entity(IDP, role_with("protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "x\"", content)), NULL, "got none");
    refuses("<x/>", NULL, "got none");
    refuses("<EntityDescriptor entityID=\"no namespace\"/>", NULL, "got none");
}

/* The role for SAML 2.0 is taken, and its keys, even when one for SAML 1.1 stands first. */
static void test_second_role(void **state)
{
    const char *old = role_with("protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\"",
                                apr_pstrcat(pool, key("", x509(cert_b)), SSO, NULL));

    (void)state;
    assert_int_equal(load(entity(IDP, apr_pstrcat(pool, old, plain_role(), NULL)), NULL), SAML_OK);
    assert_int_equal(idp->certs->nelts, 1);
    assert_string_equal(cert(0)->base64, cert_a);
}

static void test_aggregate(void **state)
{
    const char *sp = entity("https://sp.example/", "<md:SPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\"/>");
    const char *one = entities("", apr_pstrcat(pool, sp, entities("Name=\"inner\"", entity(IDP, plain_role())), NULL));
    const char *two = entities("", apr_pstrcat(pool, entity("urn:other", plain_role()), one, NULL));

    (void)state;
    assert_int_equal(load(one, NULL), SAML_OK);
    assert_string_equal(idp->entity_id, IDP);
    refuses(two, NULL, "expected one identity provider, got 2: \"urn:other\", \"https://idp.example/\"; name the entity ID");
    assert_int_equal(load(two, IDP), SAML_OK);
    assert_string_equal(idp->entity_id, IDP);
    assert_int_equal(load(two, "urn:other"), SAML_OK);
    assert_string_equal(idp->entity_id, "urn:other");
    refuses(two, "https://idp.example", "expected the identity provider \"https://idp.example\", got \"urn:other\"");
    refuses(two, "https://sp.example/", "expected the identity provider \"https://sp.example/\"");
    refuses(entities("", ""), NULL, "got none");
}

static void test_wanted_is_absent(void **state)
{
    const char *many = "";
    int i;

    (void)state;
    for (i = 1; i <= 7; i++)
        many = apr_pstrcat(pool, many, entity(apr_psprintf(pool, "urn:idp:%d", i), plain_role()), NULL);
    refuses(entities("", many), "urn:idp:8",
            "got \"urn:idp:1\", \"urn:idp:2\", \"urn:idp:3\", \"urn:idp:4\", \"urn:idp:5\" and 2 more");
    refuses(entity(IDP, plain_role()), "urn:idp:8", "expected the identity provider \"urn:idp:8\", got \"https://idp.example/\"");
    refuses(entities("", apr_pstrcat(pool, entity(IDP, plain_role()), entity(IDP, plain_role()), NULL)), IDP,
            "once, got it 2 times");
}

static void test_entity_id(void **state)
{
    char *id = apr_palloc(pool, 1026);

    (void)state;
    memset(id, 'x', 1025);
    id[1024] = '\0';
    assert_int_equal(load(entity(id, plain_role()), NULL), SAML_OK);
    id[1024] = 'x';
    id[1025] = '\0';
    refuses(entity(id, plain_role()), NULL, "entityID: expected at most 1024 characters");
    refuses(entity("", plain_role()), NULL, "with an entityID, got an empty one");
    refuses(apr_pstrcat(pool, "<EntityDescriptor xmlns=\"" SAML_NS_METADATA "\"/>", NULL), NULL, "with an entityID, got none");
}

/* ---- validity ----------------------------------------------------------- */

static void test_valid_until(void **state)
{
    const char *later = entity_with(IDP, "validUntil=\"2026-03-02T09:15:31Z\"", plain_role());
    const char *ended = entity_with(IDP, "validUntil=\"2026-03-02T09:15:30Z\"", plain_role());

    (void)state;
    assert_int_equal(load(later, NULL), SAML_OK);
    assert_int_equal(idp->valid_until, NOW + apr_time_from_sec(1));
    refuses(ended, NULL, "was valid until 2026-03-02T09:15:30Z, and now is 2026-03-02T09:15:30Z");
    refuses(entity_with(IDP, "validUntil=\"1970-01-01T00:00:00Z\"", plain_role()), NULL, "was valid until 1970-01-01T00:00:00");
    refuses(entity_with(IDP, "validUntil=\"1969-12-31T23:59:59Z\"", plain_role()), NULL, "was valid until 1969-12-31T23:59:59");
    assert_int_equal(saml_metadata_read(&idp, ended, strlen(ended), NULL, 0, "idp.xml", pool, &err), SAML_OK);
    assert_int_equal(idp->valid_until, NOW);
    assert_int_equal(load(entity_with(IDP, "validUntil=\"soon\"", plain_role()), NULL), SAML_E_MALFORMED);
    assert_non_null(strstr(err.reason, "validUntil"));
}

/* The earliest of all the elements around the role counts, and only of those. */
static void test_valid_until_nested(void **state)
{
    const char *inner_role = role_with("protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\" validUntil=\"2026-03-05T00:00:00Z\"",
                                       apr_pstrcat(pool, key("", x509(cert_a)), SSO, NULL));
    const char *inner = entity_with(IDP, "validUntil=\"2026-03-04T00:00:00Z\"", inner_role);
    const char *stale = entity_with("urn:stale", "validUntil=\"2020-01-01T00:00:00Z\"", plain_role());
    const char *xml = entities("validUntil=\"2026-03-06T00:00:00Z\"", apr_pstrcat(pool, stale, inner, NULL));

    (void)state;
    assert_int_equal(load(xml, IDP), SAML_OK);
    assert_int_equal(idp->valid_until, APR_TIME_C(1772582400000000));
    refuses(xml, "urn:stale", "was valid until 2020-01-01T00:00:00Z");
    refuses(entities("validUntil=\"2026-01-01T00:00:00Z\"", inner), IDP, "was valid until 2026-01-01T00:00:00Z");
    refuses(entities("validUntil=\"1970-01-01T00:00:00Z\"", inner), IDP, "was valid until 1970-01-01T00:00:00");
}

/* ---- files -------------------------------------------------------------- */

static void test_malformed(void **state)
{
    (void)state;
    assert_int_equal(load("", NULL), SAML_E_MALFORMED);
    assert_int_equal(load("<md:EntityDescriptor", NULL), SAML_E_MALFORMED);
    assert_int_equal(load("<!DOCTYPE x><x/>", NULL), SAML_E_MALFORMED);
    assert_null(idp);
}

static void test_load(void **state)
{
    const char *xml = entity(IDP, plain_role()), *dir;
    char *name;
    apr_file_t *f;

    (void)state;
    assert_int_equal(apr_temp_dir_get(&dir, pool), APR_SUCCESS);
    name = apr_pstrcat(pool, dir, "/test_metadata.XXXXXX", NULL);
    assert_int_equal(apr_file_mktemp(&f, name, APR_FOPEN_CREATE | APR_FOPEN_WRITE | APR_FOPEN_EXCL, pool), APR_SUCCESS);
    assert_int_equal(apr_file_write_full(f, xml, strlen(xml), NULL), APR_SUCCESS);
    apr_file_close(f);
    assert_int_equal(saml_metadata_load(&idp, name, NULL, NOW, pool, &err), SAML_OK);
    assert_string_equal(idp->entity_id, IDP);
    apr_file_remove(name, pool);
    assert_int_equal(saml_metadata_load(&idp, name, NULL, NOW, pool, &err), SAML_E_METADATA);
    assert_non_null(strstr(err.reason, name));
    assert_non_null(strstr(err.reason, "No such file"));
    assert_int_equal(saml_metadata_load(&idp, dir, NULL, NOW, pool, &err), SAML_E_METADATA);
}

static const char *service(const char *name, const char *binding, const char *location)
{
    return apr_pstrcat(pool, "<md:", name, " Binding=\"", binding, "\" Location=\"", location, "\"/>", NULL);
}

/* Every endpoint that we might use is looked at, whatever else there is; one without a Binding is nobody's. */
static void test_each_endpoint(void **state)
{
    static const struct { const char *name, *binding; } bad[] = {
        { "SingleSignOnService", SAML_BINDING_REDIRECT }, { "SingleLogoutService", SAML_BINDING_POST },
        { "SingleLogoutService", SAML_BINDING_REDIRECT },
    };
    const char *k = key("", x509(cert_a)), *nameless = "<md:SingleSignOnService Location=\"https://idp.example/no\"/>";
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuses(entity(IDP, role(apr_pstrcat(pool, k, SSO, service(bad[i].name, bad[i].binding, "javascript:x"), NULL))), NULL,
                "expected an http or https URL");
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, k, nameless, service("SingleSignOnService", SAML_BINDING_REDIRECT,
                                                       "http://idp.example/r"), NULL))), NULL), SAML_OK);
    assert_string_equal(idp->sso_redirect, "http://idp.example/r");
    assert_null(idp->sso_post);
    refuses(entity(IDP, role(apr_pstrcat(pool, k, nameless, NULL))), NULL, "expected a SingleSignOnService");
    /* a ResponseLocation has no meaning at a sign-on service, and is not read */
    assert_int_equal(load(entity(IDP, role(apr_pstrcat(pool, k, "<md:SingleSignOnService Binding=\"" SAML_BINDING_POST
                                                       "\" Location=\"https://idp.example/post\" ResponseLocation=\"x\"/>", NULL))),
                          NULL), SAML_OK);
}

static void test_flag_forms(void **state)
{
    static const struct { const char *value; int want; } forms[] = { { "true", 1 }, { "1", 1 }, { "false", 0 }, { "0", 0 }, { "yes", 0 } };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        const char *attributes = apr_pstrcat(pool, "protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\" WantAuthnRequestsSigned=\"",
                                             forms[i].value, "\"", NULL);

        assert_int_equal(load(entity(IDP, role_with(attributes, apr_pstrcat(pool, key("", x509(cert_a)), SSO, NULL))), NULL), SAML_OK);
        assert_int_equal(idp->want_authn_requests_signed, forms[i].want);
    }
}

/* A validUntil that is no time could hide that the metadata is past its own. */
static void test_valid_until_no_time(void **state)
{
    const char *bad = "validUntil=\"soon\"", *with_role = "protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\" validUntil=\"soon\"";

    (void)state;
    assert_int_equal(load(entity_with(IDP, bad, plain_role()), NULL), SAML_E_MALFORMED);
    assert_non_null(strstr(err.reason, "metadata validUntil: expected a time"));
    assert_int_equal(load(entity(IDP, role_with(with_role, apr_pstrcat(pool, key("", x509(cert_a)), SSO, NULL))), NULL),
                     SAML_E_MALFORMED);
    assert_int_equal(load(entities(bad, entity(IDP, plain_role())), NULL), SAML_E_MALFORMED);
    assert_int_equal(load(entities("", entities(bad, entity(IDP, plain_role()))), NULL), SAML_E_MALFORMED);
    assert_null(idp);
}

static void test_load_too_large(void **state)
{
    const char *dir;
    char *name;
    apr_file_t *f;

    (void)state;
    assert_int_equal(apr_temp_dir_get(&dir, pool), APR_SUCCESS);
    name = apr_pstrcat(pool, dir, "/test_metadata.XXXXXX", NULL);
    assert_int_equal(apr_file_mktemp(&f, name, APR_FOPEN_CREATE | APR_FOPEN_WRITE | APR_FOPEN_EXCL | APR_FOPEN_DELONCLOSE, pool),
                     APR_SUCCESS);
    assert_int_equal(apr_file_trunc(f, SAML_MAX_METADATA_BYTES + 1), APR_SUCCESS);
    assert_int_equal(saml_metadata_load(&idp, name, NULL, NOW, pool, &err), SAML_E_TOO_LARGE);
    assert_int_equal(apr_file_trunc(f, SAML_MAX_METADATA_BYTES), APR_SUCCESS);
    assert_int_equal(saml_metadata_load(&idp, name, NULL, NOW, pool, &err), SAML_E_MALFORMED);      /* NULs, and read */
}

int main(void)
{
    static const struct CMUnitTest metadata[] = {
        cmocka_unit_test_setup_teardown(test_like_entra, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_response_locations_and_flag, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_first_endpoint_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_endpoints_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_key_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_certificates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_certificates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unusable_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreadable_certificate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_other_roles, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_second_role, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_aggregate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wanted_is_absent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_entity_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_valid_until, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_valid_until_nested, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_malformed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_load, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_endpoint, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flag_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_valid_until_no_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_load_too_large, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(metadata, set_up_group, tear_down_library);
}
