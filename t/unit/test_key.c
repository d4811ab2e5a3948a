/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys in every form that a portal or a person hands out, and what is said of the unusable ones. */

#include "material.h"

#include <apr_file_io.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509v3.h>
#include <openssl/core_names.h>
#include "saml/encoding.h"

static EVP_PKEY *rsa, *other_rsa, *ec;
static const char *pem, *other_pem, *key_pem;
static saml_cert_t *cert;
static apr_array_header_t *certs;
static saml_keypair_t *pair;

static const char *private_pem(EVP_PKEY *key, const EVP_CIPHER *cipher)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text;
    char *data;
    long len;

    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, cipher, (const unsigned char *)(cipher ? "secret" : NULL),
                                              cipher ? 6 : 0, NULL, NULL), 1);
    len = BIO_get_mem_data(bio, &data);
    text = apr_pstrmemdup(group_pool, data, (apr_size_t)len);
    BIO_free(bio);
    return text;
}

static int set_up_keys(void **state)
{
    if (set_up_library(state))
        return 1;
    rsa = material_key("RSA", 2048, NULL);
    other_rsa = material_key("RSA", 2048, NULL);
    ec = material_key("EC", 0, "P-256");
    cert = material_valid_cert(rsa, "idp");
    pem = material_cert_pem(rsa, "idp", MATERIAL_NOW - MATERIAL_DAY, MATERIAL_NOW + MATERIAL_DAY);
    other_pem = material_cert_pem(other_rsa, "other", MATERIAL_NOW - MATERIAL_DAY, MATERIAL_NOW + MATERIAL_DAY);
    key_pem = private_pem(rsa, NULL);
    return 0;
}

static saml_status_t parse(const char *data)
{
    certs = NULL;
    return saml_certs_parse(&certs, data, strlen(data), "here.cer", pool, &err);
}

static saml_cert_t *nth(int i)
{
    return APR_ARRAY_IDX(certs, i, saml_cert_t *);
}

/* ---- forms --------------------------------------------------------------- */

static const char *in_lines(const char *text, const char *line_end)
{
    const char *out = "";

    for (; strlen(text) > 64; text += 64)
        out = apr_pstrcat(pool, out, apr_pstrmemdup(pool, text, 64), line_end, NULL);
    return apr_pstrcat(pool, out, text, line_end, NULL);
}

static void test_forms(void **state)
{
    const char *b64 = cert->base64;
    const char *forms[] = {
        apr_pstrcat(pool, "-----BEGIN CERTIFICATE-----\n", in_lines(b64, "\n"), "-----END CERTIFICATE-----\n", NULL),
        apr_pstrcat(pool, "-----BEGIN CERTIFICATE-----\r\n", in_lines(b64, "\r\n"), "-----END CERTIFICATE-----\r\n", NULL),
        apr_pstrcat(pool, "-----BEGIN CERTIFICATE-----\n", b64, "\n-----END CERTIFICATE-----", NULL),
        apr_pstrcat(pool, "  -----BEGIN CERTIFICATE-----\n", in_lines(b64, "\n  "), "-----END CERTIFICATE-----\n", NULL),
        apr_pstrcat(pool, "-----BEGIN X509 CERTIFICATE-----\n", in_lines(b64, "\n"), "-----END X509 CERTIFICATE-----\n", NULL),
        apr_pstrcat(pool, "Certificate:\n    Data:\n        Version: 3 (0x2)\n-----BEGIN CERTIFICATE-----\n",
                    in_lines(b64, "\n"), "-----END CERTIFICATE-----\ntrailing words\n", NULL),
        apr_pstrcat(pool, "\xef\xbb\xbf-----BEGIN CERTIFICATE-----\n", in_lines(b64, "\n"), "-----END CERTIFICATE-----\n", NULL),
        apr_pstrcat(pool, key_pem, "-----BEGIN CERTIFICATE-----\n", in_lines(b64, "\n"), "-----END CERTIFICATE-----\n", NULL),
        b64, apr_pstrcat(pool, "\n ", in_lines(b64, "\r\n"), "\n", NULL),
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        assert_says(parse(forms[i]), SAML_OK, "");
        assert_int_equal(certs->nelts, 1);
        assert_string_equal(nth(0)->sha256, cert->sha256);
    }
    assert_says(saml_certs_parse(&certs, (const char *)cert->der, cert->der_len, "raw.cer", pool, &err), SAML_OK, "");
    assert_string_equal(nth(0)->sha256, cert->sha256);
}

static void test_several(void **state)
{
    (void)state;
    assert_says(parse(apr_pstrcat(pool, pem, "text\n", other_pem, key_pem, pem, NULL)), SAML_OK, "");
    assert_int_equal(certs->nelts, 3);
    assert_string_equal(nth(0)->subject, "\"CN=idp\"");
    assert_string_equal(nth(1)->subject, "\"CN=other\"");
    assert_string_equal(nth(2)->sha256, nth(0)->sha256);
}

static void test_what_is_read(void **state)
{
    unsigned char digest[20];
    const char *hex = "";
    int i;

    (void)state;
    assert_string_equal(cert->subject, "\"CN=idp\"");
    assert_string_equal(cert->key_type, "RSA");
    assert_int_equal(cert->bits, 2048);
    assert_true(cert->not_before == MATERIAL_NOW - 30 * MATERIAL_DAY);
    assert_true(cert->not_after == MATERIAL_NOW + 30 * MATERIAL_DAY);
    assert_int_equal(strlen(cert->sha256), 64);
    assert_int_equal(EVP_Digest(cert->der, cert->der_len, digest, NULL, EVP_sha1(), NULL), 1);
    for (i = 0; i < 20; i++)
        hex = apr_psprintf(pool, "%s%02X", hex, digest[i]);
    assert_string_equal(cert->sha1, hex);
    assert_int_equal(EVP_PKEY_eq(cert->pkey, rsa), 1);
    assert_string_equal(cert->source, "idp");
    assert_int_equal(strspn(cert->base64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="),
                     strlen(cert->base64));
}

static void test_hostile_subject_is_quoted(void **state)
{
    saml_cert_t *c = material_valid_cert(rsa, "a\"b\nc\x1b[31m");

    (void)state;
    assert_null(strchr(c->subject, '\n'));
    assert_null(strchr(c->subject, '\x1b'));
}

static void test_refused_forms(void **state)
{
    const char *damaged = apr_pstrcat(pool, "-----BEGIN CERTIFICATE-----\n", "MIIB", cert->base64 + 4,
                                      "\n-----END CERTIFICATE-----\n", NULL);
    char *truncated_der = apr_pmemdup(pool, cert->der, cert->der_len);
    const struct { const char *data, *says; } cases[] = {
        { "", "expected a certificate, got nothing" },
        { "\xef\xbb\xbf", "expected a certificate, got nothing" },
        { "hello, world!", "expected a certificate as PEM, base64 or DER, got \"hello, world!\"" },
        { "aGVsbG8=", "expected an X.509 certificate" },
        { key_pem, "expected a \"CERTIFICATE\" block, got \"PRIVATE KEY\"" },
        { "-----BEGIN CERTIFICATE-----\nMIIB", "a PEM block without an end" },
        { "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----", "expected a certificate as PEM, base64 or DER" },
        { "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "here.cer" },
        { damaged, "expected an X.509 certificate" },
        { "<EntityDescriptor/>", "got \"<EntityDescriptor/>\"" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_says(parse(cases[i].data), SAML_E_METADATA, cases[i].says);
        assert_non_null(strstr(err.reason, "here.cer"));
        assert_null(certs);
    }
    assert_says(saml_certs_parse(&certs, "\xff\xfe-\0", 4, "ps.cer", pool, &err), SAML_E_METADATA, "UTF-16");
    assert_says(saml_certs_parse(&certs, truncated_der, cert->der_len - 1, "cut.cer", pool, &err), SAML_E_METADATA,
                "cut.cer: expected an X.509 certificate");
    assert_says(saml_certs_parse(&certs, apr_pstrcat(pool, apr_pstrmemdup(pool, "x", 1), NULL), 1, "x", pool, &err),
                SAML_E_METADATA, "x: expected");
    assert_says(parse(apr_pstrcat(pool, pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL)),
                SAML_E_METADATA, "expected an X.509 certificate");      /* one bad block spoils the file */
}

static void test_der_with_more_behind(void **state)
{
    char *longer = apr_pcalloc(pool, cert->der_len + 3);

    (void)state;
    memcpy(longer, cert->der, cert->der_len);
    assert_says(saml_certs_parse(&certs, longer, cert->der_len + 3, "long.cer", pool, &err), SAML_E_METADATA,
                "3 octets stand after the certificate");
}

/* ---- may it verify? ------------------------------------------------------ */

static void test_validity(void **state)
{
    apr_time_t from = MATERIAL_NOW - MATERIAL_DAY, to = MATERIAL_NOW;
    saml_cert_t *c = material_cert(rsa, "short", from, to);

    (void)state;
    assert_says(saml_cert_check(c, from, 0, &err), SAML_OK, "");
    assert_says(saml_cert_check(c, from - 1, 0, &err), SAML_E_CERTIFICATE_EXPIRED, "is valid from 2026-03-01T09:15:30Z");
    assert_says(saml_cert_check(c, to, 0, &err), SAML_OK, "");      /* RFC 5280: notAfter included, to its last instant */
    assert_says(saml_cert_check(c, to + APR_USEC_PER_SEC - 1, 0, &err), SAML_OK, "");
    assert_says(saml_cert_check(c, to + APR_USEC_PER_SEC, 0, &err), SAML_E_CERTIFICATE_EXPIRED,
                "expired at 2026-03-02T09:15:30Z, and now is 2026-03-02T09:15:31Z");
    assert_non_null(strstr(err.reason, "\"CN=short\""));
    assert_says(saml_cert_check(c, to + MATERIAL_DAY, ~(unsigned)SAML_ALLOW_EXPIRED_CERTIFICATE, &err),
                SAML_E_CERTIFICATE_EXPIRED, "expired");
    assert_says(saml_cert_check(c, to + MATERIAL_DAY, SAML_ALLOW_EXPIRED_CERTIFICATE, &err), SAML_OK, "");
    assert_says(saml_cert_check(c, from - MATERIAL_DAY, SAML_ALLOW_EXPIRED_CERTIFICATE, &err), SAML_OK, "");
}

static void test_rsa_sizes(void **state)
{
    static const struct { size_t bits; unsigned allow; saml_status_t want; const char *says; } cases[] = {
        { 1016, SAML_ALLOW_RSA1024, SAML_E_ALGORITHM, "got 1016" }, { 1024, SAML_ALLOW_RSA1024, SAML_OK, "" },
        { 1024, ~(unsigned)SAML_ALLOW_RSA1024, SAML_E_ALGORITHM, "\"SAMLAllow rsa1024\"" },
        { 2040, 0, SAML_E_ALGORITHM, "expected an RSA key of 2048 bits or more, got 2040" },
        { 2040, SAML_ALLOW_RSA1024, SAML_OK, "" }, { 2048, 0, SAML_OK, "" }, { 3072, 0, SAML_OK, "" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        saml_cert_t *c = material_valid_cert(material_key("RSA", cases[i].bits, NULL), "sized");

        assert_says(saml_cert_check(c, MATERIAL_NOW, cases[i].allow, &err), cases[i].want, cases[i].says);
    }
}

/* The certificate of a public key, signed by another: whose it is matters to nobody here. */
static saml_cert_t *cert_of_key(EVP_PKEY *key)
{
    X509 *x509 = X509_dup(cert->x509);
    apr_array_header_t *read;
    unsigned char *der = NULL;
    int len;

    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_int_equal(X509_sign(x509, material_key("RSA", 2048, NULL), EVP_sha256()) > 0, 1);
    len = i2d_X509(x509, &der);
    assert_int_equal(saml_certs_parse(&read, (const char *)der, (apr_size_t)len, "numbers", pool, &err), SAML_OK);
    OPENSSL_free(der);
    X509_free(x509);
    EVP_PKEY_free(key);
    return APR_ARRAY_IDX(read, 0, saml_cert_t *);
}

/* A public key from its numbers; nobody needs to have the other half. */
static saml_cert_t *cert_of_numbers(int bits, unsigned long exponent)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_new(), *e = BN_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params;

    BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
    BN_set_word(e, exponent);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
    params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_free(n);
    BN_free(e);
    return cert_of_key(key);
}

static void test_rsa_giants_and_exponents(void **state)
{
    (void)state;
    assert_says(saml_cert_check(cert_of_numbers(16384, 65537), MATERIAL_NOW, 0, &err), SAML_OK, "");
    assert_says(saml_cert_check(cert_of_numbers(16385, 65537), MATERIAL_NOW, 0, &err), SAML_E_ALGORITHM,
                "2048 to 16384 bits, got 16385");
    assert_says(saml_cert_check(cert_of_numbers(2048, 3), MATERIAL_NOW, 0, &err), SAML_OK, "");
    assert_says(saml_cert_check(cert_of_numbers(2048, 1), MATERIAL_NOW, 0, &err), SAML_E_ALGORITHM, "public exponent");
    assert_says(saml_cert_check(cert_of_numbers(2048, 4), MATERIAL_NOW, 0, &err), SAML_E_ALGORITHM, "public exponent");
}

static void test_curves_and_types(void **state)
{
    static const struct { const char *type, *curve; saml_status_t want; const char *says; } cases[] = {
        { "EC", "P-256", SAML_OK, "" }, { "EC", "P-384", SAML_OK, "" }, { "EC", "P-521", SAML_OK, "" },
        { "EC", "P-224", SAML_E_ALGORITHM, "expected the curve P-256, P-384 or P-521, got \"secp224r1\"" },
        { "EC", "secp256k1", SAML_E_ALGORITHM, "got \"secp256k1\"" },
        { "EC", "brainpoolP256r1", SAML_E_ALGORITHM, "got \"brainpoolP256r1\"" },
        { "ED25519", NULL, SAML_E_ALGORITHM, "expected an RSA or EC key, got \"ED25519\"" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        saml_cert_t *c = material_valid_cert(material_key(cases[i].type, 0, cases[i].curve), "curved");

        assert_says(saml_cert_check(c, MATERIAL_NOW, ~0u, &err), cases[i].want, cases[i].says);
    }
}

/* ---- files --------------------------------------------------------------- */

static const char *file_of(const char *text, size_t len)
{
    const char *dir;
    char *name;
    apr_file_t *f;

    assert_int_equal(apr_temp_dir_get(&dir, pool), APR_SUCCESS);
    name = apr_pstrcat(pool, dir, "/test_key.XXXXXX", NULL);
    assert_int_equal(apr_file_mktemp(&f, name, APR_FOPEN_CREATE | APR_FOPEN_WRITE | APR_FOPEN_EXCL | APR_FOPEN_DELONCLOSE,
                                     pool), APR_SUCCESS);
    assert_int_equal(apr_file_write_full(f, text, len, NULL), APR_SUCCESS);
    return name;    /* gone with the test's pool */
}

static const char *file_with(const char *text)
{
    return file_of(text, strlen(text));
}

static void test_certificate_files(void **state)
{
    const char *big = apr_pstrcat(pool, apr_psprintf(pool, "%*s", 1024 * 1024, ""), pem, NULL);
    const char *file = file_with(pem);

    (void)state;
    assert_says(saml_certs_load(&certs, file, pool, &err), SAML_OK, "");
    assert_string_equal(nth(0)->source, file);
    assert_says(saml_certs_load(&certs, file_of((const char *)cert->der, cert->der_len), pool, &err), SAML_OK, "");
    assert_says(saml_certs_load(&certs, "/nonexistent/idp.cer", pool, &err), SAML_E_METADATA,
                "/nonexistent/idp.cer: cannot be read: No such file");
    assert_says(saml_certs_load(&certs, "/", pool, &err), SAML_E_METADATA, "/: ");
    assert_says(saml_certs_load(&certs, file_with(""), pool, &err), SAML_E_METADATA, "is empty");
    assert_says(saml_certs_load(&certs, file_with(big), pool, &err), SAML_E_METADATA, "more than 1048576");
}

static void test_key_files(void **state)
{
    const char *traditional = private_pem(ec, NULL);

    (void)state;
    assert_says(saml_private_key_load(&pair, file_with(key_pem), pool, &err), SAML_OK, "");
    assert_null(pair->cert);
    assert_int_equal(EVP_PKEY_eq(pair->pkey, rsa), 1);
    assert_says(saml_private_key_load(&pair, file_with(traditional), pool, &err), SAML_OK, "");
    assert_says(saml_private_key_load(&pair, file_with(apr_pstrcat(pool, pem, key_pem, NULL)), pool, &err), SAML_OK, "");
    assert_says(saml_private_key_load(&pair, "/nonexistent/sp.key", pool, &err), SAML_E_METADATA,
                "/nonexistent/sp.key: cannot be read: No such file");
    assert_says(saml_private_key_load(&pair, file_with(private_pem(rsa, EVP_aes_128_cbc())), pool, &err),
                SAML_E_METADATA, "encrypted with a passphrase");
    assert_says(saml_private_key_load(&pair, file_with(pem), pool, &err), SAML_E_METADATA, "got a block \"CERTIFICATE\"");
    assert_says(saml_private_key_load(&pair, file_with("no key"), pool, &err), SAML_E_METADATA, "got no PEM block");
    assert_says(saml_private_key_load(&pair, file_with(""), pool, &err), SAML_E_METADATA, "is empty");
    assert_says(saml_private_key_load(&pair, file_with("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
                                      pool, &err), SAML_E_METADATA, "the private key cannot be read");
    assert_says(saml_private_key_load(&pair, file_with(private_pem(material_key("ED25519", 0, NULL), NULL)), pool, &err),
                SAML_E_METADATA, "expected an RSA or EC key, got \"ED25519\"");
}

static void test_key_with_certificate(void **state)
{
    const char *key_file = file_with(key_pem), *cert_file = file_with(pem), *other_file = file_with(other_pem);

    (void)state;
    assert_says(saml_keypair_load(&pair, key_file, cert_file, pool, &err), SAML_OK, "");
    assert_string_equal(pair->cert->subject, "\"CN=idp\"");
    assert_says(saml_keypair_load(&pair, key_file, file_with(apr_pstrcat(pool, other_pem, pem, NULL)), pool, &err),
                SAML_OK, "");
    assert_string_equal(pair->cert->subject, "\"CN=idp\"");
    assert_says(saml_keypair_load(&pair, key_file, other_file, pool, &err), SAML_E_METADATA,
                apr_psprintf(pool, "%s and %s do not belong together", key_file, other_file));
    assert_non_null(strstr(err.reason, "\"CN=other\""));
    assert_says(saml_keypair_load(&pair, key_file, "/nonexistent/sp.crt", pool, &err), SAML_E_METADATA,
                "/nonexistent/sp.crt: cannot be read");
    assert_says(saml_keypair_load(&pair, file_with(private_pem(ec, NULL)), cert_file, pool, &err), SAML_E_METADATA,
                "do not belong together");
}

/* ---- making one ---------------------------------------------------------- */

static void test_generate(void **state)
{
    const char *made_key, *made_cert;

    (void)state;
    assert_says(saml_keypair_generate(&made_key, &made_cert, "sp.example", 2048, 365, MATERIAL_NOW, pool, &err), SAML_OK, "");
    assert_says(saml_keypair_load(&pair, file_with(made_key), file_with(made_cert), pool, &err), SAML_OK, "");
    assert_string_equal(pair->cert->subject, "\"CN=sp.example\"");
    assert_int_equal(pair->cert->bits, 2048);
    assert_true(pair->cert->not_before == MATERIAL_NOW);
    assert_true(pair->cert->not_after == MATERIAL_NOW + 365 * MATERIAL_DAY);
    assert_says(saml_cert_check(pair->cert, MATERIAL_NOW, 0, &err), SAML_OK, "");
    assert_int_equal(X509_get_ext_count(pair->cert->x509), 3);
    assert_int_equal(X509_verify(pair->cert->x509, pair->pkey), 1);
    assert_int_equal(X509_check_ca(pair->cert->x509), 0);
}

static void test_generate_limits(void **state)
{
    const char *k = NULL, *c = NULL;
    const char *cn64 = apr_psprintf(pool, "%064d", 0), *cn65 = apr_psprintf(pool, "%065d", 0);

    (void)state;
    assert_says(saml_keypair_generate(&k, &c, "x", 2047, 1, MATERIAL_NOW, pool, &err), SAML_E_METADATA, "got 2047");
    assert_says(saml_keypair_generate(&k, &c, "x", 8193, 1, MATERIAL_NOW, pool, &err), SAML_E_METADATA, "got 8193");
    assert_says(saml_keypair_generate(&k, &c, "x", 2048, 0, MATERIAL_NOW, pool, &err), SAML_E_METADATA, "validity");
    assert_says(saml_keypair_generate(&k, &c, "x", 2048, 36501, MATERIAL_NOW, pool, &err), SAML_E_METADATA, "validity");
    assert_says(saml_keypair_generate(&k, &c, "", 2048, 1, MATERIAL_NOW, pool, &err), SAML_E_METADATA, "common name");
    assert_says(saml_keypair_generate(&k, &c, NULL, 2048, 1, MATERIAL_NOW, pool, &err), SAML_E_METADATA, "got none");
    assert_says(saml_keypair_generate(&k, &c, cn65, 2048, 1, MATERIAL_NOW, pool, &err), SAML_E_METADATA, "1 to 64");
    assert_null(k);
    assert_null(c);
    assert_says(saml_keypair_generate(&k, &c, cn64, 2048, 1, MATERIAL_NOW, pool, &err), SAML_OK, "");
}

static void test_openssl_reason(void **state)
{
    (void)state;
    ERR_clear_error();
    assert_string_equal(saml_openssl_reason(pool), "no reason given");
    assert_null(EVP_CIPHER_fetch(NULL, "no-such-cipher", NULL));
    assert_non_null(strstr(saml_openssl_reason(pool), "unsupported"));
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_odd_files(void **state)
{
    const char *key_file = file_with(key_pem);

    (void)state;
    assert_says(saml_certs_load(&certs, "/dev/null", pool, &err), SAML_E_METADATA, "/dev/null: is empty");
    assert_says(saml_keypair_load(&pair, "/nonexistent/sp.key", key_file, pool, &err), SAML_E_METADATA, "/nonexistent/sp.key");
    /* ours first, then the chain */
    assert_says(saml_keypair_load(&pair, key_file, file_with(apr_pstrcat(pool, pem, other_pem, NULL)), pool, &err), SAML_OK, "");
    assert_string_equal(pair->cert->subject, "\"CN=idp\"");
    assert_says(parse("-----BEGIN CERTIFICATE"), SAML_E_METADATA, "a PEM block without an end");
    assert_says(parse("-----BEGIN CERTIFICATE-----\nMIIB"), SAML_E_METADATA, "a PEM block without an end");
    assert_says(parse("\xfe\xff" "-"), SAML_E_METADATA, "UTF-16");
    assert_says(parse("\xff\xfe" "-"), SAML_E_METADATA, "UTF-16");
    assert_says(parse("-"), SAML_E_METADATA, "expected a certificate as PEM, base64 or DER");
}

/* RFC 5280 4.1.2.6: a certificate may have no subject; reports say so, and it serves like another. */
static void test_no_subject(void **state)
{
    X509 *x509 = X509_new();
    unsigned char *der = NULL;
    int len;

    (void)state;
    ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)apr_time_sec(MATERIAL_NOW) - 60);
    ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)apr_time_sec(MATERIAL_NOW) + 60);
    X509_set_pubkey(x509, rsa);
    assert_true(X509_sign(x509, rsa, EVP_sha256()) > 0);
    len = i2d_X509(x509, &der);
    assert_says(saml_certs_parse(&certs, (const char *)der, (apr_size_t)len, "it", pool, &err), SAML_OK, "");
    assert_string_equal(nth(0)->subject, "\"\"");
    assert_says(saml_cert_check(nth(0), MATERIAL_NOW, 0, &err), SAML_OK, "");
    OPENSSL_free(der);
    X509_free(x509);
}

int main(void)
{
    static const struct CMUnitTest keys[] = {
        unit(test_forms), unit(test_several), unit(test_what_is_read), unit(test_hostile_subject_is_quoted),
        unit(test_refused_forms), unit(test_der_with_more_behind), unit(test_validity), unit(test_rsa_sizes),
        unit(test_rsa_giants_and_exponents), unit(test_curves_and_types), unit(test_certificate_files),
        unit(test_key_files), unit(test_key_with_certificate), unit(test_generate), unit(test_generate_limits),
        unit(test_openssl_reason),
        unit(test_odd_files),
        unit(test_no_subject),
    };

    apr_initialize();
    return cmocka_run_group_tests(keys, set_up_keys, tear_down_library);
}
