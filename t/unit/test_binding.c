/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP-Redirect binding: SAML Bindings 3.4. */

#include "common.h"

#include <apr_file_io.h>
#include <zlib.h>
#include "saml/algorithm.h"
#include "saml/binding.h"

#define LOCATION "https://idp.example/saml2"
#define NOW APR_TIME_C(1772442930000000)    /* 2026-03-02T09:15:30Z */

static saml_keypair_t *key, *other_key;
static saml_trust_t trust;

/* ---- set-up ------------------------------------------------------------- */

static const char *temporary_file(const char *text)
{
    const char *dir;
    char *name;
    apr_file_t *f;

    assert_int_equal(apr_temp_dir_get(&dir, group_pool), APR_SUCCESS);
    name = apr_pstrcat(group_pool, dir, "/test_binding.XXXXXX", NULL);
    assert_int_equal(apr_file_mktemp(&f, name, APR_FOPEN_CREATE | APR_FOPEN_WRITE | APR_FOPEN_EXCL, group_pool),
                     APR_SUCCESS);
    assert_int_equal(apr_file_write_full(f, text, strlen(text), NULL), APR_SUCCESS);
    apr_file_close(f);
    return name;
}

static saml_keypair_t *new_key(void)
{
    saml_err_t e = { .pool = group_pool };
    const char *key_pem, *cert_pem, *key_file, *cert_file;
    saml_keypair_t *made;

    assert_int_equal(saml_keypair_generate(&key_pem, &cert_pem, "test", 2048, 30, NOW, group_pool, &e), SAML_OK);
    key_file = temporary_file(key_pem);
    cert_file = temporary_file(cert_pem);
    assert_int_equal(saml_keypair_load(&made, key_file, cert_file, group_pool, &e), SAML_OK);
    apr_file_remove(key_file, group_pool);
    apr_file_remove(cert_file, group_pool);
    return made;
}

static int set_up_group(void **state)
{
    if (set_up_library(state) != 0)
        return -1;
    key = new_key();
    other_key = new_key();
    return 0;
}

static void trust_only(const saml_keypair_t *whose)
{
    apr_array_header_t *certs = apr_array_make(pool, 1, sizeof(saml_cert_t *));

    APR_ARRAY_PUSH(certs, saml_cert_t *) = whose->cert;
    trust.certs = certs;
    trust.now = NOW + apr_time_from_sec(60);
    trust.allow = 0;
}

static int set_up_trust(void **state)
{
    if (set_up(state) != 0)
        return -1;
    trust_only(key);
    return 0;
}

/* ---- DEFLATE ------------------------------------------------------------ */

/* Pack with any wrapper: -15 raw, 15 zlib, 31 gzip. */
static const char *packed(const char *data, apr_size_t len, int window, apr_size_t *out_len)
{
    z_stream z;
    char *out;

    memset(&z, 0, sizeof z);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    out = apr_palloc(pool, deflateBound(&z, len));
    z.next_in = (Bytef *)data;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)deflateBound(&z, len);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *out_len = z.total_out;
    deflateEnd(&z);
    return out;
}

static saml_status_t inflate_all(const char **out, apr_size_t *len, const char *data, apr_size_t n, apr_size_t max)
{
    return saml_inflate(out, len, data, n, max, "SAMLRequest", pool, &err);
}

static void test_inflate_limit(void **state)
{
    static const apr_size_t sizes[] = { 0, 1, 100, 16383, 16384, 16385, 32768, 70000, SAML_MAX_MESSAGE_BYTES };
    const char *out;
    apr_size_t n, len, i;

    (void)state;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *text = apr_palloc(pool, sizes[i] + 1);
        const char *data;

        memset(text, 'x', sizes[i] + 1);
        data = packed(text, sizes[i], -15, &n);
        assert_int_equal(inflate_all(&out, &len, data, n, sizes[i]), SAML_OK);
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(out, text, len);
        assert_int_equal(out[len], '\0');
        data = packed(text, sizes[i] + 1, -15, &n);
        assert_int_equal(inflate_all(&out, &len, data, n, sizes[i]), SAML_E_TOO_LARGE);
        assert_non_null(strstr(err.reason, "SAMLRequest: inflates to more than"));
    }
}

/* A thousand to one: refused at the limit. */
static void test_inflate_bomb(void **state)
{
    apr_size_t bomb_len = 64 * 1024 * 1024, n, len;
    char *zeros = apr_pcalloc(pool, bomb_len);
    const char *data = packed(zeros, bomb_len, -15, &n), *out;

    (void)state;
    assert_true(n < 80 * 1024);
    assert_int_equal(inflate_all(&out, &len, data, n, SAML_MAX_MESSAGE_BYTES), SAML_E_TOO_LARGE);
}

static void test_inflate_refuses(void **state)
{
    static const char text[] = "<samlp:AuthnRequest>some text to pack</samlp:AuthnRequest>";
    const char *out = "untouched", *data;
    apr_size_t n, len;

    (void)state;
    data = packed(text, strlen(text), 15, &n);
    assert_int_equal(inflate_all(&out, &len, data, n, 1000), SAML_E_MALFORMED);
    assert_non_null(strstr(err.reason, "zlib header"));
    data = packed(text, strlen(text), 31, &n);
    assert_int_equal(inflate_all(&out, &len, data, n, 1000), SAML_E_MALFORMED);
    assert_non_null(strstr(err.reason, "gzip header"));
    data = packed(text, strlen(text), -15, &n);
    assert_int_equal(inflate_all(&out, &len, data, n - 1, 1000), SAML_E_MALFORMED);
    assert_non_null(strstr(err.reason, "cut off"));
    assert_int_equal(inflate_all(&out, &len, "", 0, 1000), SAML_E_MALFORMED);
    assert_int_equal(inflate_all(&out, &len, text, strlen(text), 1000), SAML_E_MALFORMED);
    assert_non_null(strstr(err.reason, "something else"));
    assert_string_equal(out, "untouched");
}

static void test_inflate_trailing(void **state)
{
    const char *data, *out;
    apr_size_t n, len;
    char *longer;

    (void)state;
    data = packed("text", 4, -15, &n);
    longer = apr_pcalloc(pool, n + 1);
    memcpy(longer, data, n);
    assert_int_equal(inflate_all(&out, &len, longer, n, 1000), SAML_OK);
    assert_int_equal(inflate_all(&out, &len, longer, n + 1, 1000), SAML_E_MALFORMED);
    assert_non_null(strstr(err.reason, "1 bytes follow the end"));
}

/* ---- round trips -------------------------------------------------------- */

static const char *url_of(const char *location, const char *relay_state, const saml_keypair_t *with, const char *extra)
{
    static const char *out;     /* static: gcc 12 takes what is found in the text for a pointer to this */

    assert_int_equal(saml_redirect_url(&out, location, "SAMLRequest", "<a>text &amp; more</a>", relay_state, with,
                                       extra, pool, &err), SAML_OK);
    return out;
}

static const char *query_of(const char *url)
{
    return url + strcspn(url, "?") + 1;
}

static void test_round_trip(void **state)
{
    saml_redirect_message_t m;
    const char *url = url_of(LOCATION, "a/b c&d=e+f\xc3\xa4", NULL, NULL);

    (void)state;
    assert_int_equal(strncmp(url, LOCATION "?SAMLRequest=", strlen(LOCATION "?SAMLRequest=")), 0);
    assert_non_null(strstr(url, "&RelayState=a%2Fb%20c%26d%3De%2Bf%C3%A4"));
    assert_int_equal(saml_redirect_decode(&m, query_of(url), pool, &err), SAML_OK);
    assert_string_equal(m.param, "SAMLRequest");
    assert_string_equal(m.xml, "<a>text &amp; more</a>");
    assert_int_equal(m.xml_len, strlen(m.xml));
    assert_string_equal(m.relay_state, "a/b c&d=e+f\xc3\xa4");
    assert_false(m.has_signature);
}

static void test_joining(void **state)
{
    (void)state;
    assert_non_null(strstr(url_of(LOCATION, NULL, NULL, NULL), "saml2?SAMLRequest="));
    assert_non_null(strstr(url_of(LOCATION "?x=1", NULL, NULL, NULL), "saml2?x=1&SAMLRequest="));
    assert_non_null(strstr(url_of(LOCATION "?", NULL, NULL, NULL), "saml2?SAMLRequest="));
    assert_non_null(strstr(url_of(LOCATION "?x=1&", NULL, NULL, NULL), "saml2?x=1&SAMLRequest="));
    assert_null(strstr(url_of(LOCATION, NULL, NULL, NULL), "RelayState"));
    assert_null(strstr(url_of(LOCATION, NULL, NULL, NULL), "Sig"));
}

/* What goes beside the message comes last, outside of what is signed. */
static void test_extra(void **state)
{
    const char *url = url_of(LOCATION, "state", key, "login_hint=ada%40example.org");
    const char *extra = strstr(url, "&login_hint=ada%40example.org");

    (void)state;
    assert_non_null(extra);
    assert_string_equal(extra, "&login_hint=ada%40example.org");
    assert_int_equal(saml_redirect_verify(query_of(url), &trust, pool, &err), SAML_OK);
    assert_null(strstr(url_of(LOCATION, NULL, NULL, ""), "&"));
}

/* ---- decoding ----------------------------------------------------------- */

static const char *value_of(const char *xml)
{
    apr_size_t n;
    const char *data = packed(xml, strlen(xml), -15, &n);

    return saml_percent_encode(pool, saml_base64_encode(pool, data, n));
}

static void refuses_query(const char *query, saml_status_t status, const char *says)
{
    saml_redirect_message_t m = { .param = "untouched" };

    assert_int_equal(saml_redirect_decode(&m, query, pool, &err), status);
    assert_non_null(strstr(err.reason, says));
    assert_string_equal(m.param, "untouched");
}

static void test_decode_refuses(void **state)
{
    const char *v = value_of("<a/>");

    (void)state;
    refuses_query("", SAML_E_MALFORMED, "got neither");
    refuses_query("RelayState=x", SAML_E_MALFORMED, "got neither");
    refuses_query(apr_pstrcat(pool, "SAMLRequest=", v, "&SAMLResponse=", v, NULL), SAML_E_MALFORMED, "got both");
    refuses_query(apr_pstrcat(pool, "SAMLRequest=", v, "&SAMLRequest=", v, NULL), SAML_E_MALFORMED,
                  "parameter SAMLRequest: expected once");
    refuses_query(apr_pstrcat(pool, "SAMLRequest=", v, "&RelayState=a&RelayState=b", NULL), SAML_E_MALFORMED,
                  "parameter RelayState: expected once");
    refuses_query(apr_pstrcat(pool, "SAMLRequest=", v, "&SigAlg=a&SigAlg=b", NULL), SAML_E_MALFORMED, "SigAlg");
    refuses_query(apr_pstrcat(pool, "SAMLRequest=", v, "&Signature=a&Signature=b", NULL), SAML_E_MALFORMED,
                  "Signature");
    refuses_query(apr_pstrcat(pool, "SAMLRequest=", v, "&RelayState=%zz", NULL), SAML_E_MALFORMED, "%zz");
    refuses_query("SAMLRequest=PGEvPg==", SAML_E_MALFORMED, "expected raw DEFLATE");
    refuses_query("SAMLRequest=", SAML_E_MALFORMED, "expected raw DEFLATE");
    refuses_query("SAMLRequest=%3C%3E", SAML_E_MALFORMED, "expected base64");
    refuses_query(apr_pstrcat(pool, "SAMLRequest=", v, "&SAMLEncoding=gzip", NULL), SAML_E_MALFORMED,
                  "SAMLEncoding: expected");
}

static void test_decode_encoding_named(void **state)
{
    saml_redirect_message_t m;
    const char *query = apr_pstrcat(pool, "SAMLResponse=", value_of("<r/>"), "&SAMLEncoding=",
                                    "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE", NULL);

    (void)state;
    assert_int_equal(saml_redirect_decode(&m, query, pool, &err), SAML_OK);
    assert_string_equal(m.param, "SAMLResponse");
    assert_string_equal(m.xml, "<r/>");
    assert_null(m.relay_state);
}

static void test_decode_too_large(void **state)
{
    char *xml = apr_palloc(pool, SAML_MAX_REDIRECT_BYTES + 2);
    saml_redirect_message_t m;

    (void)state;
    memset(xml, 'a', SAML_MAX_REDIRECT_BYTES + 1);
    xml[SAML_MAX_REDIRECT_BYTES + 1] = '\0';
    refuses_query(apr_pstrcat(pool, "SAMLRequest=", value_of(xml), NULL), SAML_E_TOO_LARGE, "inflates to more than 65536 bytes");
    xml[SAML_MAX_REDIRECT_BYTES] = '\0';
    assert_int_equal(saml_redirect_decode(&m, apr_pstrcat(pool, "SAMLRequest=", value_of(xml), NULL), pool, &err), SAML_OK);
    assert_int_equal(m.xml_len, SAML_MAX_REDIRECT_BYTES);
}

/* ---- signatures --------------------------------------------------------- */

/* `query` with the octets of `from` replaced by `to`, once. */
static const char *replaced(const char *query, const char *from, const char *to)
{
    const char *at = strstr(query, from);

    assert_non_null(at);
    return apr_pstrcat(pool, apr_pstrmemdup(pool, query, (apr_size_t)(at - query)), to, at + strlen(from), NULL);
}

static void verifies_not(const char *query, saml_status_t status, const char *says)
{
    assert_int_equal(saml_redirect_verify(query, &trust, pool, &err), status);
    assert_non_null(strstr(err.reason, says));
}

static void test_signature(void **state)
{
    const char *query = query_of(url_of(LOCATION, "state", key, NULL));
    saml_redirect_message_t m;

    (void)state;
    assert_int_equal(saml_redirect_verify(query, &trust, pool, &err), SAML_OK);
    assert_int_equal(saml_redirect_decode(&m, query, pool, &err), SAML_OK);
    assert_true(m.has_signature);
    assert_int_equal(saml_redirect_verify(query_of(url_of(LOCATION, NULL, key, NULL)), &trust, pool, &err), SAML_OK);
    trust_only(other_key);
    assert_int_equal(saml_redirect_verify(query, &trust, pool, &err), SAML_E_SIGNATURE);
}

/* Whatever was signed and then changed, left out or added. Bindings 3.4.4.1. */
static void test_signature_tampered(void **state)
{
    const char *query = query_of(url_of(LOCATION, "state", key, NULL));
    const char *bare = query_of(url_of(LOCATION, NULL, key, NULL));

    (void)state;
    verifies_not(replaced(query, "RelayState=state", "RelayState=other"), SAML_E_SIGNATURE, "");
    verifies_not(replaced(query, "&RelayState=state", ""), SAML_E_SIGNATURE, "");
    verifies_not(replaced(query, "RelayState=state", "RelayState="), SAML_E_SIGNATURE, "");
    verifies_not(apr_pstrcat(pool, bare, "&RelayState=added", NULL), SAML_E_SIGNATURE, "");
    verifies_not(apr_pstrcat(pool, bare, "&RelayState=", NULL), SAML_E_SIGNATURE, "");
    verifies_not(replaced(query, "SAMLRequest=", "SAMLResponse="), SAML_E_SIGNATURE, "");
    verifies_not(replaced(query, "SAMLRequest=", "SAMLRequest=A"), SAML_E_SIGNATURE, "");
    verifies_not(replaced(query, "rsa-sha256", "rsa-sha512"), SAML_E_SIGNATURE, "");
    verifies_not(replaced(query, "RelayState=state", "RelayState=%73tate"), SAML_E_SIGNATURE, "");
}

static void test_signature_missing(void **state)
{
    const char *query = query_of(url_of(LOCATION, NULL, key, NULL));
    const char *unsigned_query = query_of(url_of(LOCATION, NULL, NULL, NULL));
    const char *signature = strstr(query, "&Signature=");
    saml_redirect_message_t m;

    (void)state;
    verifies_not(unsigned_query, SAML_E_UNSIGNED, "got neither");
    verifies_not(replaced(query, signature, ""), SAML_E_SIGNATURE, "got only SigAlg");
    verifies_not(apr_pstrcat(pool, unsigned_query, signature, NULL), SAML_E_SIGNATURE, "got only Signature");
    assert_int_equal(saml_redirect_decode(&m, replaced(query, signature, ""), pool, &err), SAML_OK);
    assert_true(m.has_signature);
    verifies_not(replaced(query, signature, "&Signature="), SAML_E_SIGNATURE, "");
}

static void test_signature_weak_algorithm(void **state)
{
    const char *query = query_of(url_of(LOCATION, NULL, key, NULL));

    (void)state;
    query = replaced(query, saml_percent_encode(pool, SAML_ALG_RSA_SHA256),
                     saml_percent_encode(pool, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"));
    verifies_not(query, SAML_E_ALGORITHM, "sha1");
    verifies_not(replaced(query, "rsa-sha1", "hmac-sha1"), SAML_E_ALGORITHM, "hmac-sha1");
}

/* Sign octets that somebody else escaped, as Entra does with "%2f". */
static const char *signed_query(const char *octets)
{
    const char *signature;

    assert_int_equal(saml_octets_sign(&signature, octets, strlen(octets), key, pool, &err), SAML_OK);
    return apr_pstrcat(pool, octets, "&Signature=", saml_percent_encode(pool, signature), NULL);
}

static const char *lower_escapes(const char *text)
{
    char *out = apr_pstrdup(pool, text), *c;

    for (c = strchr(out, '%'); c; c = strchr(c + 1, '%'))
        if (c[1] && c[2]) {
            c[1] = (char)(c[1] >= 'A' ? c[1] | 0x20 : c[1]);
            c[2] = (char)(c[2] >= 'A' ? c[2] | 0x20 : c[2]);
        }
    return out;
}

static void test_signature_over_raw_octets(void **state)
{
    const char *octets = apr_pstrcat(pool, "SAMLResponse=", value_of("<samlp:LogoutResponse>?>~~</samlp:LogoutResponse>"),
                                     "&RelayState=a%2Fb", "&SigAlg=", saml_percent_encode(pool, SAML_ALG_RSA_SHA256), NULL);
    const char *lower = signed_query(lower_escapes(octets));

    (void)state;
    assert_non_null(strstr(lower, "a%2fb&SigAlg=http%3a%2f%2f"));
    assert_int_equal(saml_redirect_verify(lower, &trust, pool, &err), SAML_OK);
    verifies_not(replaced(lower, "a%2fb", "a%2Fb"), SAML_E_SIGNATURE, "");
    assert_int_equal(saml_redirect_verify(signed_query(octets), &trust, pool, &err), SAML_OK);
}

/* The order in the query does not matter, the order in the signed octets is fixed; others' parameters are outside. */
static void test_signature_order(void **state)
{
    const char *v = value_of("<a/>"), *alg = saml_percent_encode(pool, SAML_ALG_RSA_SHA256), *query, *signature;

    (void)state;
    query = signed_query(apr_pstrcat(pool, "SAMLRequest=", v, "&RelayState=r&SigAlg=", alg, NULL));
    signature = strstr(query, "Signature=");
    query = apr_pstrcat(pool, "sso=1&", signature, "&SigAlg=", alg, "&x&RelayState=r&SAMLRequest=", v, NULL);
    assert_int_equal(saml_redirect_verify(query, &trust, pool, &err), SAML_OK);
    query = signed_query(apr_pstrcat(pool, "RelayState=r&SAMLRequest=", v, "&SigAlg=", alg, NULL));
    verifies_not(query, SAML_E_SIGNATURE, "");
}

static void test_signature_expired_certificate(void **state)
{
    const char *query = query_of(url_of(LOCATION, NULL, key, NULL));

    (void)state;
    trust.now = key->cert->not_after + apr_time_from_sec(1);
    assert_int_equal(saml_redirect_verify(query, &trust, pool, &err), SAML_E_CERTIFICATE_EXPIRED);
    trust.allow = SAML_ALLOW_EXPIRED_CERTIFICATE;
    assert_int_equal(saml_redirect_verify(query, &trust, pool, &err), SAML_OK);
}

/* A value that is no form encoding is refused wherever it stands. */
static void test_percent_everywhere(void **state)
{
    const char *v = value_of("<a/>"), *alg = saml_percent_encode(pool, SAML_ALG_RSA_SHA256);

    (void)state;
    refuses_query("SAMLRequest=%zz", SAML_E_MALFORMED, "%zz");
    refuses_query(apr_pstrcat(pool, "SAMLRequest=", v, "&SAMLEncoding=%zz", NULL), SAML_E_MALFORMED, "%zz");
    refuses_query(apr_pstrcat(pool, "SAMLResponse=", v, "&SAMLResponse=", v, NULL), SAML_E_MALFORMED,
                  "parameter SAMLResponse: expected once");
    verifies_not(apr_pstrcat(pool, "SAMLRequest=", v, "&SigAlg=%zz&Signature=AAAA", NULL), SAML_E_MALFORMED, "%zz");
    verifies_not(apr_pstrcat(pool, "SAMLRequest=", v, "&SigAlg=", alg, "&Signature=%zz", NULL), SAML_E_MALFORMED, "%zz");
    verifies_not(apr_pstrcat(pool, "SAMLRequest=", v, "&SigAlg=a&SigAlg=b&Signature=AAAA", NULL), SAML_E_MALFORMED, "SigAlg");
}

/* What we send keeps to the limit that we set others, and a key that cannot sign sends nothing unsigned instead. */
static void test_sending_refused(void **state)
{
    char *xml = apr_palloc(pool, SAML_MAX_MESSAGE_BYTES + 2);
    saml_keypair_t ec = { EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), NULL };
    const char *url = NULL;
    apr_size_t len;

    (void)state;
    memset(xml, 'a', SAML_MAX_MESSAGE_BYTES + 1);
    xml[SAML_MAX_MESSAGE_BYTES + 1] = '\0';
    assert_int_equal(saml_redirect_url(&url, LOCATION, "SAMLRequest", xml, NULL, NULL, NULL, pool, &err), SAML_E_TOO_LARGE);
    assert_int_equal(saml_inflate(&url, &len, xml, SAML_MAX_MESSAGE_BYTES + 1, 100, "it", pool, &err), SAML_E_TOO_LARGE);
    assert_non_null(strstr(err.reason, "bytes of DEFLATE"));
    xml[SAML_MAX_MESSAGE_BYTES] = '\0';
    assert_int_equal(saml_redirect_url(&url, LOCATION, "SAMLRequest", "<a/>", NULL, &ec, NULL, pool, &err), SAML_E_SIGNATURE);
    assert_non_null(strstr(err.reason, "needs an RSA key"));
    assert_null(url);
    assert_int_equal(saml_redirect_url(&url, LOCATION, "SAMLRequest", xml, NULL, NULL, NULL, pool, &err), SAML_OK);
    EVP_PKEY_free(ec.pkey);
}

/* Octets that only begin like what is hinted at. */
static void test_no_hint(void **state)
{
    const char *out;
    apr_size_t len;

    (void)state;
    assert_int_equal(saml_inflate(&out, &len, "\x1f\x00\xff\xff", 4, 100, "it", pool, &err), SAML_E_MALFORMED);
    assert_null(strstr(err.reason, "begins with"));
    assert_int_equal(saml_inflate(&out, &len, "\x78\x00\xff\xff", 4, 100, "it", pool, &err), SAML_E_MALFORMED);
    assert_null(strstr(err.reason, "begins with"));
}

int main(void)
{
    static const struct CMUnitTest binding[] = {
        cmocka_unit_test_setup_teardown(test_inflate_limit, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_inflate_bomb, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_inflate_refuses, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_inflate_trailing, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_round_trip, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_joining, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_extra, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_decode_refuses, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_decode_encoding_named, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_decode_too_large, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_signature, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_signature_tampered, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_signature_missing, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_signature_weak_algorithm, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_signature_over_raw_octets, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_signature_order, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_signature_expired_certificate, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_percent_everywhere, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_sending_refused, set_up_trust, tear_down),
        cmocka_unit_test_setup_teardown(test_no_hint, set_up_trust, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(binding, set_up_group, tear_down_library);
}
