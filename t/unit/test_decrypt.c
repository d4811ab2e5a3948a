/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of a ciphertext, and what does not (SAML Core 2.3.4, 6; XML Encryption 4.4, 5.2, 5.5). */

#include "encrypted.h"

/* ---- algorithms ---------------------------------------------------------- */

static void test_ciphers(void **state)
{
    static const struct { const char *name, *uri; unsigned needs; } cases[] = {
        { "AES-128-CBC", XENC "aes128-cbc", 0 }, { "AES-192-CBC", XENC "aes192-cbc", 0 }, { "AES-256-CBC", XENC "aes256-cbc", 0 },
        { "AES-128-GCM", X11 "aes128-gcm", 0 }, { "AES-192-GCM", X11 "aes192-gcm", 0 }, { "AES-256-GCM", X11 "aes256-gcm", 0 },
        { "DES-EDE3-CBC", XENC "tripledes-cbc", SAML_ALLOW_3DES },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enc_t e = usual();
        const char *xml;

        e.cipher = cases[i].name;
        e.cipher_uri = cases[i].uri;
        xml = encrypted(&e);
        assert_says(decrypt_with(xml, ours, cases[i].needs), SAML_OK, "");
        is_the_assertion();
        if (cases[i].needs)
            assert_says(decrypt_with(xml, ours, ~cases[i].needs), SAML_E_ALGORITHM, "\"SAMLAllow 3des\"");
    }
}

static void test_oaep(void **state)
{
    static const struct { const char *transport, *md, *md_uri, *mgf, *mgf_uri, *label; } cases[] = {
        { SAML_ALG_OAEP_MGF1P, "SHA1", NULL, "SHA1", NULL, NULL },
        { SAML_ALG_OAEP_MGF1P, "SHA1", DSIG "sha1", "SHA1", NULL, NULL },
        { SAML_ALG_OAEP_MGF1P, "SHA256", XENC "sha256", "SHA1", NULL, NULL },
        { SAML_ALG_OAEP_MGF1P, "SHA384", MORE "sha384", "SHA1", NULL, NULL },
        { SAML_ALG_OAEP_MGF1P, "SHA512", XENC "sha512", "SHA1", NULL, NULL },
        { SAML_ALG_OAEP_MGF1P, "SHA1", NULL, "SHA1", NULL, "label" },
        /* 5.5.2: MGF belongs to rsa-oaep; beside rsa-oaep-mgf1p it says nothing */
        { SAML_ALG_OAEP_MGF1P, "SHA256", XENC "sha256", "SHA1", X11 "mgf1sha256", NULL },
        { SAML_ALG_OAEP, "SHA1", NULL, "SHA1", NULL, NULL },
        { SAML_ALG_OAEP, "SHA256", XENC "sha256", "SHA1", NULL, NULL },
        { SAML_ALG_OAEP, "SHA256", XENC "sha256", "SHA256", X11 "mgf1sha256", NULL },
        { SAML_ALG_OAEP, "SHA384", MORE "sha384", "SHA384", X11 "mgf1sha384", NULL },
        { SAML_ALG_OAEP, "SHA512", XENC "sha512", "SHA512", X11 "mgf1sha512", "label" },
        { SAML_ALG_OAEP, "SHA1", NULL, "SHA512", X11 "mgf1sha512", NULL },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enc_t e = usual();

        e.transport_uri = cases[i].transport;
        e.oaep_md = cases[i].md;
        e.oaep_uri = cases[i].md_uri;
        e.mgf_md = cases[i].mgf;
        e.mgf_uri = cases[i].mgf_uri;
        e.label = cases[i].label;
        if (decrypt(&e) != SAML_OK)
            fail_msg("case %d: %s", (int)i, err.reason);
        is_the_assertion();
    }
}

static void test_oaep_mismatch(void **state)
{
    enc_t e = usual();

    (void)state;
    e.oaep_uri = XENC "sha256";         /* said, and not done */
    fails_alike(&e);
    e = usual();
    e.transport_uri = SAML_ALG_OAEP;
    e.mgf_uri = X11 "mgf1sha256";
    fails_alike(&e);
    e = usual();
    e.padding = RSA_PKCS1_PADDING;
    fails_alike(&e);
}

static void test_rsa_1_5(void **state)
{
    enc_t e = usual();
    const char *xml;

    (void)state;
    e.transport_uri = SAML_ALG_RSA_1_5;
    e.padding = RSA_PKCS1_PADDING;
    xml = encrypted(&e);
    assert_says(decrypt_with(xml, ours, 0), SAML_E_ALGORITHM, "\"SAMLAllow rsa1_5\"");
    assert_says(decrypt_with(xml, ours, ~(unsigned)SAML_ALLOW_RSA1_5), SAML_E_ALGORITHM, "key transport algorithm RSA 1.5");
    assert_says(decrypt_with(xml, ours, SAML_ALLOW_RSA1_5), SAML_OK, "");
    is_the_assertion();
    assert_says(decrypt_with(xml, keys_of(2, rsa2, rsa), SAML_ALLOW_RSA1_5), SAML_OK, "");
    /* wrong padding, wrong length, wrong key: the sentence is the one for damaged data */
    e.padding = RSA_PKCS1_OAEP_PADDING;
    assert_says(decrypt_with(encrypted(&e), ours, SAML_ALLOW_RSA1_5), SAML_E_DECRYPTION, SAME_REASON);
    e.padding = RSA_PKCS1_PADDING;
    e.cek_bytes = 16;
    assert_says(decrypt_with(encrypted(&e), ours, SAML_ALLOW_RSA1_5), SAML_E_DECRYPTION, SAME_REASON);
    e.cek_bytes = 33;
    assert_says(decrypt_with(encrypted(&e), ours, SAML_ALLOW_RSA1_5), SAML_E_DECRYPTION, SAME_REASON);
    e.cek_bytes = 0;
    e.key = rsa2;
    assert_says(decrypt_with(encrypted(&e), ours, SAML_ALLOW_RSA1_5), SAML_E_DECRYPTION, SAME_REASON);
}

/* Each octet of the padding counts, though none is complained of. */
static void test_rsa_1_5_padding(void **state)
{
    static const struct { unsigned char first, type, between, before; saml_status_t want; } cases[] = {
        { 0, 2, 0x55, 0, SAML_OK }, { 0, 2, 1, 0, SAML_OK }, { 1, 2, 0x55, 0, SAML_E_DECRYPTION },
        { 0, 1, 0x55, 0, SAML_E_DECRYPTION }, { 0, 0, 0x55, 0, SAML_E_DECRYPTION }, { 0, 2, 0, 0, SAML_E_DECRYPTION },
        { 0, 2, 0x55, 1, SAML_E_DECRYPTION },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enc_t e = usual();

        e.transport_uri = SAML_ALG_RSA_1_5;
        e.padding = RSA_NO_PADDING;
        e.first = cases[i].first;
        e.type_octet = cases[i].type;
        e.between = cases[i].between;
        e.before_key = cases[i].before;
        assert_says(decrypt_with(encrypted(&e), ours, SAML_ALLOW_RSA1_5), cases[i].want,
                    cases[i].want == SAML_OK ? "" : SAME_REASON);
        e.zero_cek = 1;         /* nor does a wrong padding give the key that an attacker guesses */
        assert_says(decrypt_with(encrypted(&e), ours, SAML_ALLOW_RSA1_5), cases[i].want,
                    cases[i].want == SAML_OK ? "" : SAME_REASON);
    }
}

static void test_unknown_algorithms(void **state)
{
    static const struct { const char *from, *to, *says; } cases[] = {
        { XENC "aes256-cbc", MORE "arcfour", "encryption algorithm" },
        { " Algorithm=\"" XENC "aes256-cbc\"", "", "encryption algorithm: expected one of the accepted algorithms, got none" },
        { "<xenc:EncryptionMethod Algorithm=\"" XENC "aes256-cbc\"/>", "", "got none" },
        { SAML_ALG_OAEP_MGF1P, XENC "kw-aes256", "key transport algorithm" },
        { SAML_ALG_OAEP_MGF1P, X11 "ECDH-ES", "key transport algorithm" },
        { " Algorithm=\"" SAML_ALG_OAEP_MGF1P "\"", "", "key transport algorithm: expected one of the accepted algorithms, got none" },
    };
    enc_t e = usual();
    const char *xml = encrypted(&e);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_says(decrypt_with(replaced(xml, cases[i].from, cases[i].to), ours, ~0u), SAML_E_ALGORITHM, cases[i].says);
    e.oaep_uri = MORE "md5";
    assert_says(decrypt(&e), SAML_E_ALGORITHM, "OAEP digest algorithm");
    e = usual();
    e.transport_uri = SAML_ALG_OAEP;
    e.mgf_uri = X11 "mgf1md5";
    assert_says(decrypt(&e), SAML_E_ALGORITHM, "OAEP mask generation function");
}

/* ---- data ---------------------------------------------------------------- */

/* XML Encryption 5.2: the last octet counts, 1 to a block; the others may be anything. */
static void test_cbc_padding(void **state)
{
    enc_t e = usual();
    int len = (int)strlen(ASSERTION), right = 16 - len % 16;

    (void)state;
    e.cbc_last = 0;
    fails_alike(&e);
    e.cbc_last = 17;
    fails_alike(&e);
    e.cbc_last = 255;
    fails_alike(&e);
    e.cbc_last = right;
    assert_says(decrypt(&e), SAML_OK, "");
    e = usual();
    e.text = apr_pstrcat(pool, ASSERTION, apr_psprintf(pool, "%*s", right, ""), NULL);     /* a whole block of padding */
    assert_int_equal(strlen(e.text) % 16, 0);
    assert_says(decrypt(&e), SAML_OK, "");
    is_the_assertion();
    e.text = apr_pstrcat(pool, e.text, apr_psprintf(pool, "%15s", ""), NULL);               /* one octet of padding */
    assert_says(decrypt(&e), SAML_OK, "");
    e.cbc_last = 16;                                                                        /* as it says, of white space */
    assert_says(decrypt(&e), SAML_OK, "");
    e.text = apr_pstrcat(pool, e.text, "                ", NULL);
    e.cbc_last = 17;
    fails_alike(&e);
}

static void test_damaged_data(void **state)
{
    static const int cbc_cuts[] = { 1, 15, 16, 32 }, gcm_cuts[] = { 1, 16 };
    enc_t e = usual();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cbc_cuts) / sizeof(cbc_cuts[0]); i++) {
        e.cut = cbc_cuts[i];
        fails_alike(&e);
    }
    e = usual();
    e.flip = 1;             /* of the IV: "<" becomes another octet */
    fails_alike(&e);
    e.cipher = "AES-256-GCM";
    e.cipher_uri = X11 "aes256-gcm";
    e.flip = 0;
    assert_says(decrypt(&e), SAML_OK, "");
    e.flip = 1;             /* IV */
    fails_alike(&e);
    e.flip = 20;            /* ciphertext */
    fails_alike(&e);
    e.flip = -1;            /* tag */
    fails_alike(&e);
    e.flip = 0;
    for (i = 0; i < sizeof(gcm_cuts) / sizeof(gcm_cuts[0]); i++) {
        e.cut = gcm_cuts[i];
        fails_alike(&e);
    }
}

static const char *with_value(const char *value)
{
    enc_t e = usual();
    const char *xml = encrypted(&e), *start = strstr(xml, "</ds:KeyInfo>"), *from = strstr(start, "<xenc:CipherValue>");
    const char *to = strstr(from, "</xenc:CipherValue>");

    return apr_pstrcat(pool, apr_pstrmemdup(pool, xml, (apr_size_t)(from - xml)), "<xenc:CipherValue>", value, to, NULL);
}

static void test_shortest_data(void **state)
{
    unsigned char zeros[64] = { 0 };
    apr_size_t len;

    (void)state;
    for (len = 0; len <= 32; len++)
        assert_says(decrypt_with(with_value(saml_base64_encode(pool, zeros, len)), ours, 0), SAML_E_DECRYPTION, SAME_REASON);
    assert_says(decrypt_with(with_value("!"), ours, 0), SAML_E_DECRYPTION, "CipherValue: expected base64");
    assert_says(decrypt_with(with_value("<x/>"), ours, 0), SAML_E_DECRYPTION, "CipherValue: expected base64");
}

/* ---- what comes out ------------------------------------------------------ */

static void test_content(void **state)
{
    static const struct { const char *wrapper, *text; int good; } cases[] = {
        { "EncryptedAssertion", ASSERTION, 1 },
        { "EncryptedAssertion", "<Assertion xmlns=\"" SAML_NS_ASSERTION "\"/>", 1 },
        { "EncryptedAssertion", "<?xml version=\"1.0\"?>\n" ASSERTION "\n", 1 },
        { "EncryptedAssertion", "<NameID xmlns=\"" SAML_NS_ASSERTION "\"/>", 0 },
        { "EncryptedAssertion", "<Assertion/>", 0 },
        { "EncryptedAssertion", "<Assertion xmlns=\"urn:other\"/>", 0 },
        { "EncryptedAssertion", "<Response xmlns=\"" SAML_NS_PROTOCOL "\">" ASSERTION "</Response>", 0 },
        { "EncryptedAssertion", ASSERTION ASSERTION, 0 },
        { "EncryptedAssertion", ASSERTION "x", 0 },
        { "EncryptedAssertion", "x", 0 },
        { "EncryptedAssertion", "<!DOCTYPE a [<!ENTITY b \"c\">]>" ASSERTION, 0 },
        { "EncryptedID", "<NameID xmlns=\"" SAML_NS_ASSERTION "\">x</NameID>", 1 },
        { "EncryptedID", "<BaseID xmlns=\"" SAML_NS_ASSERTION "\"/>", 0 },
        { "EncryptedID", ASSERTION, 0 },
        { "EncryptedAttribute", "<Attribute xmlns=\"" SAML_NS_ASSERTION "\" Name=\"x\"/>", 1 },
        { "EncryptedAttribute", ASSERTION, 0 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enc_t e = usual();

        e.wrapper = cases[i].wrapper;
        e.text = cases[i].text;
        assert_says(decrypt(&e), cases[i].good ? SAML_OK : SAML_E_DECRYPTION,
                    apr_pstrcat(pool, cases[i].wrapper, " cannot be decrypted with any of our 1 keys", NULL));
    }
}

static void test_nul_inside(void **state)
{
    enc_t e = usual();

    (void)state;
    e.text = ASSERTION "\0<x/>";
    e.text_len = sizeof(ASSERTION "\0<x/>") - 1;
    fails_alike(&e);
}

/* XML Encryption 4.3.3: prefixes may be declared outside of what was encrypted. Only then is the scope borrowed. */
static void test_prefixes_from_outside(void **state)
{
    enc_t e = usual();

    (void)state;
    e.text = "<saml:Assertion ID=\"_a\"><outer:x/></saml:Assertion>";
    assert_says(decrypt(&e), SAML_OK, "");
    is_the_assertion();
    assert_true(saml_xml_is(saml_xml_first(saml_doc_root(plain)), "urn:outer", "x"));
    e.scope = " xmlns:saml=\"urn:other\"";       /* EncryptedData itself is what gets replaced */
    assert_says(decrypt(&e), SAML_OK, "");
    is_the_assertion();
    e.text = "<near:Assertion ID=\"_a\"/>";
    fails_alike(&e);
    e.wrapper_scope = " xmlns:near=\"" SAML_NS_ASSERTION "\"";     /* the nearest declaration counts */
    assert_says(decrypt(&e), SAML_OK, "");
    is_the_assertion();
    e = usual();
    e.text = "<Assertion ID=\"_a\"/>";          /* no prefix, so nothing is borrowed, not even a default namespace */
    e.wrapper_scope = " xmlns=\"" SAML_NS_ASSERTION "\"";
    fails_alike(&e);
    e = usual();
    e.text = "<saml:Assertion ID=\"_a\"/><saml:Assertion/>";
    fails_alike(&e);
    e.text = "<saml:Assertion ID=\"_a\"/></scope><scope>";
    fails_alike(&e);
    e.text = "<nowhere:Assertion/>";
    fails_alike(&e);
}

int main(void)
{
    static const struct CMUnitTest decryption[] = {
        unit(test_ciphers), unit(test_oaep), unit(test_oaep_mismatch), unit(test_rsa_1_5), unit(test_rsa_1_5_padding),
        unit(test_unknown_algorithms), unit(test_cbc_padding), unit(test_damaged_data), unit(test_shortest_data),
        unit(test_content), unit(test_nul_inside), unit(test_prefixes_from_outside),
    };

    apr_initialize();
    return cmocka_run_group_tests(decryption, set_up_keys, tear_down_library);
}
