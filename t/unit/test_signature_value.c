/* SPDX-License-Identifier: Apache-2.0 */
/* Whose key made a signature value: the certificates of the identity provider, KeyInfo, detached signatures. */

#include "signed.h"
#include "saml/decoy.h"

/* ---- keys ---------------------------------------------------------------- */

static void test_no_keys(void **state)
{
    (void)state;
    assert_says(verify_with(good(), NULL, 0), SAML_E_SIGNATURE, "no certificate of the identity provider is configured");
    assert_says(verify_with(good(), material_certs(0), 0), SAML_E_SIGNATURE, "no certificate");
    assert_says(verify_with(good(), material_certs(2, cert256, cert384), 0), SAML_E_SIGNATURE,
                "the signature is RSA-SHA256, but none of the 2 certificates of the identity provider has a key of type RSA");
}

static void test_several_keys(void **state)
{
    shape_t usual = { 0 }, named = { .after = key_info(cert2) };

    (void)state;
    assert_says(verify_with(signed_with(&usual, rsa2), material_certs(4, cert, cert256, cert1024, cert2), 0), SAML_OK, "");
    assert_ptr_equal(saml_verified_by(v), cert2);
    assert_says(verify_with(signed_with(&named, rsa2), material_certs(2, cert, cert2), 0), SAML_OK, "");
    assert_ptr_equal(saml_verified_by(v), cert2);
    /* the hint may be wrong */
    assert_says(verify_with(signed_with(&named, rsa), material_certs(2, cert2, cert), 0), SAML_OK, "");
    assert_ptr_equal(saml_verified_by(v), cert);
    assert_says(verify_with(signed_with(&usual, rsa2), material_certs(2, cert, cert1024), 0), SAML_E_SIGNATURE,
                "any of the 2 keys tried: \"CN=idp\" (thumbprint ");
    assert_non_null(strstr(err.reason, "\"CN=idp1024\""));
    assert_null(strstr(err.reason, "names another certificate"));
}

/* A key in the message is never used; a certificate there that is not ours is named, for the rollover that passed us by. */
static void test_keys_in_the_message(void **state)
{
    shape_t stranger = { .after = key_info(cert2) };
    shape_t value = { .after = "<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>" };
    const char *modulus = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>";

    (void)state;
    refused(signed_with(&stranger, rsa2), SAML_E_SIGNATURE, "the message names another certificate: \"CN=idp2\"");
    assert_non_null(strstr(err.reason, cert2->sha256));
    assert_non_null(strstr(err.reason, cert2->sha1));
    assert_non_null(strstr(err.reason, "SAMLCertificate"));
    refused(signed_with(&value, rsa2), SAML_E_SIGNATURE, "does not match any of the 1 keys");
    assert_null(strstr(err.reason, modulus));
    /* ours is named and did not sign: nothing is said of another */
    refused(signed_with(&(shape_t){ .after = key_info(cert) }, rsa2), SAML_E_SIGNATURE, "does not match any");
    assert_null(strstr(err.reason, "names another"));
}

static void test_certificate_must_be_usable(void **state)
{
    shape_t usual = { 0 };
    const char *weak = signed_with(&usual, rsa1024);

    (void)state;
    assert_says(verify_with(good(), material_certs(1, expired), 0), SAML_E_CERTIFICATE_EXPIRED, "\"CN=old\"");
    assert_says(verify_with(good(), material_certs(1, early), 0), SAML_E_CERTIFICATE_EXPIRED, "is valid from");
    assert_says(verify_with(good(), material_certs(1, expired), SAML_ALLOW_EXPIRED_CERTIFICATE), SAML_OK, "");
    /* the same key in a renewed certificate */
    assert_says(verify_with(good(), material_certs(2, expired, cert), 0), SAML_OK, "");
    assert_ptr_equal(saml_verified_by(v), cert);
    assert_says(verify_with(good(), material_certs(2, cert2, expired), 0), SAML_E_CERTIFICATE_EXPIRED, "\"CN=old\"");
    /* another's expiry does not matter */
    assert_says(verify_with(signed_with(&usual, rsa2), material_certs(2, expired, cert2), 0), SAML_OK, "");
    assert_says(verify_with(weak, material_certs(1, cert1024), 0), SAML_E_ALGORITHM, "\"SAMLAllow rsa1024\"");
    assert_says(verify_with(weak, material_certs(1, cert1024), SAML_ALLOW_RSA1024), SAML_OK, "");
}

/* ---- detached signatures (SAML Bindings 3.4.4.1) ------------------------- */

static saml_status_t verify_octets(const char *data, const char *alg, const char *value, const apr_array_header_t *certs,
                                   unsigned allow)
{
    saml_trust_t trust = { .certs = certs, .now = MATERIAL_NOW, .allow = allow };

    return saml_octets_verify(data, strlen(data), alg, value, &trust, pool, &err);
}

static void test_octets(void **state)
{
    saml_keypair_t pair = { .pkey = rsa }, ec_pair = { .pkey = ec256 };
    const char *sig, *untouched = NULL;

    (void)state;
    assert_says(saml_octets_sign(&sig, "a=b", 3, &pair, pool, &err), SAML_OK, "");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, material_certs(2, cert2, cert), 0), SAML_OK, "");
    assert_says(verify_octets("a=c", SAML_ALG_RSA_SHA256, sig, ours, 0), SAML_E_SIGNATURE, "does not match any of the 1 keys");
    assert_says(verify_octets("a=b", MORE "rsa-sha512", sig, ours, 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, material_certs(1, cert2), 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, material_certs(1, cert256), 0), SAML_E_SIGNATURE, "has a key of type RSA");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, NULL, 0), SAML_E_SIGNATURE, "no certificate");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, sig, material_certs(1, expired), 0), SAML_E_CERTIFICATE_EXPIRED, "expired");
    assert_says(verify_octets("a=b", NULL, sig, ours, 0), SAML_E_ALGORITHM, "got none");
    assert_says(verify_octets("a=b", MORE "hmac-sha256", sig, ours, ~0u), SAML_E_ALGORITHM, "hmac-sha256");
    assert_says(verify_octets("a=b", DSIG "rsa-sha1", sig, ours, 0), SAML_E_ALGORITHM, "SAMLAllow sha1");
    assert_says(verify_octets("a=b", DSIG "rsa-sha1", sig, ours, SAML_ALLOW_SHA1), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, "", ours, 0), SAML_E_SIGNATURE, "got nothing");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, NULL, ours, 0), SAML_E_SIGNATURE, "got nothing");
    assert_says(verify_octets("a=b", SAML_ALG_RSA_SHA256, "!!", ours, 0), SAML_E_SIGNATURE, "expected base64, got \"!!\"");
    assert_says(saml_octets_sign(&untouched, "a=b", 3, &ec_pair, pool, &err), SAML_E_SIGNATURE, "needs an RSA key");
    assert_null(untouched);
}

/* A signature made by OpenSSL with exactly these parameters. */
static const char *raw_signature(EVP_PKEY *key, const char *md, int padding, int salt, const char *mgf)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    unsigned char value[2048];
    size_t len = sizeof(value);

    assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, md, NULL, NULL, key, NULL), 1);
    if (padding == RSA_PKCS1_PSS_PADDING) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(pctx, padding) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md_name(pctx, mgf, NULL) > 0);
    }
    assert_int_equal(EVP_DigestSign(ctx, value, &len, (const unsigned char *)"a=b", 3), 1);
    EVP_MD_CTX_free(ctx);
    return saml_base64_encode(pool, value, len);
}

/* RFC 9231 2.3.10: MGF1 with the same hash, a salt as long as the hash. Other salts and masks are other algorithms. */
static void test_pss_parameters(void **state)
{
    static const struct { const char *md; int salt; const char *mgf, *alg; saml_status_t want; } cases[] = {
        { "SHA256", 32, "SHA256", M2007 "sha256-rsa-MGF1", SAML_OK },
        { "SHA256", 32, "SHA256", M2007 "rsa-pss", SAML_OK },
        { "SHA384", 48, "SHA384", M2007 "sha384-rsa-MGF1", SAML_OK },
        { "SHA512", 64, "SHA512", M2007 "sha512-rsa-MGF1", SAML_OK },
        { "SHA256", 31, "SHA256", M2007 "sha256-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 33, "SHA256", M2007 "sha256-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 0, "SHA256", M2007 "sha256-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 32, "SHA1", M2007 "sha256-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 32, "SHA256", M2007 "sha512-rsa-MGF1", SAML_E_SIGNATURE },
        { "SHA256", 32, "SHA256", SAML_ALG_RSA_SHA256, SAML_E_SIGNATURE },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_says(verify_octets("a=b", cases[i].alg, raw_signature(rsa, cases[i].md, RSA_PKCS1_PSS_PADDING, cases[i].salt,
                                                                     cases[i].mgf), ours, 0),
                    cases[i].want, "does not match");
    assert_says(verify_octets("a=b", M2007 "sha256-rsa-MGF1", raw_signature(rsa, "SHA256", RSA_PKCS1_PADDING, 0, NULL), ours, 0),
                SAML_E_SIGNATURE, "does not match");
}

/* XML Signature 6.4.3: r and s side by side, each as long as the curve's order; not OpenSSL's DER. */
static void test_ecdsa_form(void **state)
{
    const char *der_b64 = raw_signature(ec256, "SHA256", 0, 0, NULL), *der;
    unsigned char raw[66] = { 0 };
    const unsigned char *at;
    apr_array_header_t *certs = material_certs(1, cert256);
    ECDSA_SIG *pair;
    apr_size_t len;

    (void)state;
    assert_says(saml_base64_decode(&der, &len, der_b64, strlen(der_b64), 200, "it", pool, &err), SAML_OK, "");
    at = (const unsigned char *)der;
    pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32);
    ECDSA_SIG_free(pair);
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 64), certs, 0), SAML_OK, "");
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", der_b64, certs, 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 63), certs, 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 65), certs, 0), SAML_E_SIGNATURE, "does not match");
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 66), certs, 0), SAML_E_SIGNATURE, "does not match");
    raw[63] ^= 1;
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 64), certs, 0), SAML_E_SIGNATURE, "does not match");
    memset(raw, 0, sizeof(raw));        /* CVE-2022-21449 */
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, raw, 64), certs, 0), SAML_E_SIGNATURE, "does not match");
}

/* Many keys are told in a few; what the message names is looked at as far as it can be read. */
static void test_reasons_stay_short(void **state)
{
    static const char *const unreadable[] = { "", "AAAA", "MAAA", "!" };
    shape_t usual = { 0 };
    const char *xml = signed_with(&usual, rsa2);
    apr_array_header_t *many = material_certs(5, cert, cert1024, expired, early, material_valid_cert(rsa, "fifth"));
    size_t i;

    (void)state;
    assert_says(verify_with(xml, many, 0), SAML_E_SIGNATURE, "any of the 5 keys tried: ");
    assert_non_null(strstr(err.reason, " and more"));
    assert_null(strstr(err.reason, "fifth"));
    for (i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
        shape_t s = { .after = apr_pstrcat(pool, KEY_INFO_START, unreadable[i], KEY_INFO_END, NULL) };

        refused(signed_with(&s, rsa2), SAML_E_SIGNATURE, "does not match any of the 1 keys");
        assert_null(strstr(err.reason, "names another"));
        assert_says(verify(signed_with(&s, rsa)), SAML_OK, "");
    }
    refused(signed_with(&(shape_t){ .after = KEY_INFO_START "<x xmlns=\"\"/>" KEY_INFO_END }, rsa2), SAML_E_SIGNATURE, "does not match");
    /* of several that may not be used, the first says why */
    assert_says(verify_with(good(), material_certs(2, expired, early), 0), SAML_E_CERTIFICATE_EXPIRED, "\"CN=old\"");
    assert_says(verify_with(good(), material_certs(2, early, expired), 0), SAML_E_CERTIFICATE_EXPIRED, "\"CN=early\"");
}

/* A curve with longer numbers than P-521 has. */
static void test_curve_too_long(void **state)
{
    EVP_PKEY *key = material_key("EC", 0, "sect571r1");
    char *value = apr_palloc(pool, 144);

    (void)state;
    memset(value, 1, 144);
    assert_says(verify_octets("a=b", MORE "ecdsa-sha256", saml_base64_encode(pool, value, 144),
                              material_certs(1, material_valid_cert(key, "long")), 0), SAML_E_SIGNATURE, "does not match");
}

/* A decoy has nothing to do where there are no keys, or none of a kind that signs; and it tells nothing. */
static void test_decoy_without_keys(void **state)
{
    saml_trust_t none = { .certs = NULL, .now = MATERIAL_NOW }, other = none;

    (void)state;
    other.certs = material_certs(1, material_valid_cert(material_key("ED25519", 0, NULL), "ed"));
    err.work.octets = 100;
    saml_decoy_make_up(&none, &err);
    saml_decoy_make_up(&other, &err);
    assert_string_equal(err.reason, "-");
    assert_int_equal(err.work.octets, 100);
}

int main(void)
{
    static const struct CMUnitTest values[] = {
        unit(test_no_keys), unit(test_several_keys), unit(test_keys_in_the_message), unit(test_certificate_must_be_usable),
        unit(test_octets), unit(test_pss_parameters), unit(test_ecdsa_form),
        unit(test_reasons_stay_short),
        unit(test_curve_too_long),
        unit(test_decoy_without_keys),
    };

    apr_initialize();
    return cmocka_run_group_tests(values, set_up_keys, tear_down_library);
}
