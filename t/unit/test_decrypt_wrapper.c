/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around a ciphertext: keys, ours and theirs, and the wrapper (SAML Core 2.2.4, 2.3.4, 2.7.3.2; XML Encryption 3). */

#include "encrypted.h"

/* ---- keys ---------------------------------------------------------------- */

static void test_our_keys(void **state)
{
    enc_t e = usual();
    const char *xml = encrypted(&e);

    (void)state;
    assert_says(decrypt_with(xml, NULL, 0), SAML_E_DECRYPTION, "no key to decrypt it with is configured (SAMLKey)");
    assert_says(decrypt_with(xml, keys_of(0), 0), SAML_E_DECRYPTION, "no key to decrypt");
    assert_says(decrypt_with(xml, keys_of(1, rsa2), 0), SAML_E_DECRYPTION, "any of our 1 keys");
    assert_says(decrypt_with(xml, keys_of(1, ec), 0), SAML_E_DECRYPTION, "any of our 1 keys");
    assert_says(decrypt_with(xml, keys_of(3, ec, rsa2, rsa), 0), SAML_OK, "");
    is_the_assertion();
    assert_says(decrypt_with(xml, keys_of(2, ec, rsa2), 0), SAML_E_DECRYPTION, "any of our 2 keys");
}

static const char *foreign_key(const char *transport)
{
    enc_t e = usual();
    unsigned char cek[32] = { 1 };

    e.key = rsa2;
    e.transport_uri = transport;
    return key_xml(&e, cek, sizeof(cek));
}

/* Several EncryptedKeys for one ciphertext: for recipients with longer keys and shorter ones, or for us more than once. */
static void test_several_keys(void **state)
{
    static const unsigned char cek[32];
    enc_t e = usual(), other = usual();

    (void)state;
    other.key = material_key("RSA", 1024, NULL);
    e.in_key_info = key_xml(&other, cek, sizeof(cek));
    assert_says(decrypt(&e), SAML_OK, "");
    is_the_assertion();
    e.zero_cek = 1;
    e.in_key_info = key_xml(&e, cek, sizeof(cek));          /* the same key in other octets, as OAEP is random */
    assert_says(decrypt(&e), SAML_OK, "");
    is_the_assertion();
}

static const char *times(const char *text, int count)
{
    const char *out = "";

    while (count--)
        out = apr_pstrcat(pool, out, text, NULL);
    return out;
}

static void test_where_the_key_stands(void **state)
{
    enc_t e = usual();

    (void)state;
    e.key_beside = 1;
    assert_says(decrypt(&e), SAML_OK, "");
    e.in_key_info = "<ds:RetrievalMethod URI=\"#_k\" Type=\"" XENC "EncryptedKey\"/>";
    assert_says(decrypt(&e), SAML_OK, "");
    e.in_key_info = "<ds:KeyName>x</ds:KeyName>";
    assert_says(decrypt(&e), SAML_OK, "");
    e = usual();
    e.in_key_info = foreign_key(SAML_ALG_OAEP_MGF1P);       /* for another recipient, first */
    assert_says(decrypt(&e), SAML_OK, "");
    e.in_key_info = foreign_key(SAML_ALG_RSA_1_5);          /* not acceptable, and not needed */
    assert_says(decrypt(&e), SAML_OK, "");
    e.in_key_info = times(foreign_key(SAML_ALG_OAEP_MGF1P), SAML_MAX_ENCRYPTED_KEYS - 1);
    assert_says(decrypt(&e), SAML_OK, "");
    e.in_key_info = times(foreign_key(SAML_ALG_OAEP_MGF1P), SAML_MAX_ENCRYPTED_KEYS);
    assert_says(decrypt(&e), SAML_E_DECRYPTION, "expected at most 8 EncryptedKey, got more");
}

static void test_no_key_in_the_message(void **state)
{
    enc_t e = usual();
    const char *xml = encrypted(&e), *start = strstr(xml, "<xenc:EncryptedKey"), *end = strstr(xml, "</ds:KeyInfo>");

    (void)state;
    xml = replaced(xml, apr_pstrmemdup(pool, start, (apr_size_t)(end - start)), "");
    assert_says(decrypt_with(xml, ours, 0), SAML_E_DECRYPTION, "expected an EncryptedKey in KeyInfo or beside EncryptedData, got none");
    xml = replaced(xml, "<ds:KeyInfo>", "<ds:KeyInfo><ds:RetrievalMethod URI=\"http://127.0.0.1:9/key\"/>");
    assert_says(decrypt_with(xml, ours, 0), SAML_E_DECRYPTION, "got none");
}

static void test_wrapped_key_lengths(void **state)
{
    enc_t e = usual();

    (void)state;
    e.cek_bytes = 16;
    fails_alike(&e);
    e.cek_bytes = 31;
    fails_alike(&e);
    e.cek_bytes = 33;
    fails_alike(&e);
    e.cek_bytes = 32;
    assert_says(decrypt(&e), SAML_OK, "");
    assert_says(decrypt_with(replaced(encrypted(&e), "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>",
                                      "!</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"), ours, 0),
                SAML_E_DECRYPTION, "EncryptedKey: CipherValue: expected base64");
}

/* ---- the wrapper --------------------------------------------------------- */

static void test_wrapper(void **state)
{
    static const struct { const char *from, *to, *says; } cases[] = {
        { "<xenc:EncryptedData", "<xenc:EncryptedData/><xenc:EncryptedData", "expected one EncryptedData, got 2" },
        { "</ds:KeyInfo><xenc:CipherData>", "</ds:KeyInfo><xenc:CipherData><xenc:CipherReference URI=\"http://127.0.0.1:9/\"/>",
          "expected one CipherValue in CipherData, got \"CipherReference\"" },
        { "</ds:KeyInfo><xenc:CipherData>", "</ds:KeyInfo><xenc:CipherData><xenc:CipherValue/>", "expected one CipherValue" },
        { "</ds:KeyInfo><xenc:CipherData>", "</ds:KeyInfo><xenc:CipherData/><xenc:CipherData>", "expected one CipherData, got 2" },
        { "</ds:KeyInfo>", "</ds:KeyInfo><xenc:EncryptionMethod/>", "expected one EncryptionMethod, got more" },
        { "Type=\"" XENC "Element\"", "Type=\"" XENC "Content\"", "EncryptedData Type: expected \"" XENC "Element\"" },
        { "Type=\"" XENC "Element\"", "Type=\"\"", "EncryptedData Type" },
    };
    enc_t e = usual();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_says(decrypt_with(replaced(encrypted(&e), cases[i].from, cases[i].to), ours, 0), SAML_E_DECRYPTION, cases[i].says);
    e.type = NULL;
    assert_says(decrypt(&e), SAML_OK, "");
    assert_says(decrypt_with("<r><saml:EncryptedAssertion xmlns:saml=\"" SAML_NS_ASSERTION "\"/></r>", ours, 0),
                SAML_E_DECRYPTION, "expected one EncryptedData, got 0");
    assert_says(decrypt_with("<r><EncryptedAssertion/></r>", ours, 0), SAML_E_DECRYPTION,
                "expected EncryptedAssertion, EncryptedID or EncryptedAttribute, got \"EncryptedAssertion\" without namespace");
    assert_says(decrypt_with("<r><saml:Assertion xmlns:saml=\"" SAML_NS_ASSERTION "\"/></r>", ours, 0), SAML_E_DECRYPTION,
                "got \"Assertion\"");
}

/* Parts of an EncryptedKey that stand twice or hold what they must not: that key is passed over. */
static void test_odd_keys(void **state)
{
    enc_t e = usual(), labelled = usual(), beside = usual();
    const char *xml = encrypted(&e), *many = "";
    const char *key_start = strstr(xml, "<xenc:EncryptedKey "), *key_end = strstr(xml, "</xenc:EncryptedKey>") + 20;
    const char *key = apr_pstrmemdup(pool, key_start, (apr_size_t)(key_end - key_start));
    int i;

    (void)state;
    /* the same key twice fits twice, and that is one plain text */
    assert_says(decrypt_with(replaced(xml, key, apr_pstrcat(pool, key, key, NULL)), ours, 0), SAML_OK, "");
    assert_says(decrypt_with(replaced(xml, key, replaced(key, "<xenc:CipherData>",
                             "<xenc:EncryptionMethod Algorithm=\"" SAML_ALG_OAEP_MGF1P "\"/><xenc:CipherData>")), ours, 0),
                SAML_E_DECRYPTION, "EncryptedKey: expected one EncryptionMethod, got more");
    labelled.label = "label";
    assert_says(decrypt_with(replaced(encrypted(&labelled), "<xenc:OAEPparams>", "<xenc:OAEPparams><x/>"), ours, 0),
                SAML_E_DECRYPTION, "OAEPparams: expected base64");
    assert_says(decrypt_with(replaced(encrypted(&labelled), "<xenc:OAEPparams>", "<xenc:OAEPparams>!"), ours, 0),
                SAML_E_DECRYPTION, "OAEPparams: expected base64");
    /* no label is no OAEPparams, and an empty one */
    assert_says(decrypt_with(replaced(xml, "#rsa-oaep-mgf1p\">", "#rsa-oaep-mgf1p\"><xenc:OAEPparams></xenc:OAEPparams>"), ours, 0),
                SAML_OK, "");
    for (i = 0; i <= SAML_MAX_ENCRYPTED_KEYS; i++)
        many = apr_pstrcat(pool, many, "<xenc:EncryptedKey/>", NULL);
    beside.after_data = many;
    assert_says(decrypt_with(encrypted(&beside), ours, 0), SAML_E_DECRYPTION, "expected at most");
}

/* Lengths that no key and no cipher make. */
static void test_lengths(void **state)
{
    enc_t gcm = usual(), rsa1_5 = usual();
    const char *ones, *at, *end, *xml;
    unsigned char high[256];

    (void)state;
    gcm.cipher = "AES-256-GCM";
    gcm.cipher_uri = X11 "aes256-gcm";
    gcm.cut = (int)strlen(gcm.text);        /* IV and tag alone */
    fails_alike(&gcm);
    gcm.cut += 20;
    fails_alike(&gcm);
    /* a wrapped key that is shorter than our key, and one that is no number below its modulus */
    memset(high, 0xff, sizeof(high));
    ones = saml_base64_encode(pool, high, sizeof(high));
    rsa1_5.transport_uri = SAML_ALG_RSA_1_5;
    rsa1_5.padding = RSA_PKCS1_PADDING;
    xml = encrypted(&rsa1_5);
    at = strstr(strstr(xml, "<xenc:EncryptedKey"), "<xenc:CipherValue>") + 18;
    end = strstr(at, "<");
    assert_says(decrypt_with(apr_pstrcat(pool, apr_pstrmemdup(pool, xml, (apr_size_t)(at - xml)), ones, end, NULL), ours,
                             SAML_ALLOW_RSA1_5), SAML_E_DECRYPTION, SAME_REASON);
    assert_says(decrypt_with(apr_pstrcat(pool, apr_pstrmemdup(pool, xml, (apr_size_t)(at - xml)), "AAAA", end, NULL), ours,
                             SAML_ALLOW_RSA1_5), SAML_E_DECRYPTION, SAME_REASON);
    assert_says(decrypt_with(xml, ours, SAML_ALLOW_RSA1_5), SAML_OK, "");
}

int main(void)
{
    static const struct CMUnitTest wrapper[] = {
        unit(test_our_keys), unit(test_several_keys), unit(test_where_the_key_stands), unit(test_no_key_in_the_message),
        unit(test_wrapped_key_lengths), unit(test_wrapper), unit(test_odd_keys), unit(test_lengths),
    };

    apr_initialize();
    return cmocka_run_group_tests(wrapper, set_up_keys, tear_down_library);
}
