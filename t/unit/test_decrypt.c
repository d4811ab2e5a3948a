/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decryption (SAML Core 2.2.4, 2.3.4, 2.7.3.2; XML Encryption 3, 5.2, 5.5). Messages are encrypted here with OpenSSL, field
 * by field, so that each field can be wrong on its own.
 */

#include "material.h"

#include <openssl/rand.h>
#include "saml/algorithm.h"
#include "saml/decrypt.h"
#include "saml/encoding.h"

#define DSIG "http://www.w3.org/2000/09/xmldsig#"
#define MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define XENC "http://www.w3.org/2001/04/xmlenc#"
#define X11  "http://www.w3.org/2009/xmlenc11#"

#define ASSERTION "<saml:Assertion xmlns:saml=\"" SAML_NS_ASSERTION "\" ID=\"_a\">text</saml:Assertion>"

static EVP_PKEY *rsa, *rsa2, *ec;
static apr_array_header_t *ours;
static saml_doc_t *plain;

static apr_array_header_t *keys_of(int count, ...)
{
    apr_array_header_t *keys = apr_array_make(group_pool, 2, sizeof(saml_keypair_t *));
    va_list args;

    va_start(args, count);
    while (count--) {
        saml_keypair_t *pair = apr_pcalloc(group_pool, sizeof(*pair));

        pair->pkey = va_arg(args, EVP_PKEY *);
        APR_ARRAY_PUSH(keys, saml_keypair_t *) = pair;
    }
    va_end(args);
    return keys;
}

static int set_up_keys(void **state)
{
    if (set_up_library(state))
        return 1;
    rsa = material_key("RSA", 2048, NULL);
    rsa2 = material_key("RSA", 2048, NULL);
    ec = material_key("EC", 0, "P-256");
    ours = keys_of(1, rsa);
    return 0;
}

/* ---- encrypting ---------------------------------------------------------- */

typedef struct {
    const char *text;                       /* what is encrypted */
    apr_size_t text_len;                    /* 0: strlen */
    const char *cipher, *cipher_uri;
    const char *transport_uri;
    int padding;
    const char *oaep_md, *oaep_uri;         /* DigestMethod; NULL uri: none written */
    const char *mgf_md, *mgf_uri;
    const char *label;
    EVP_PKEY *key;
    int cek_bytes;                          /* 0: as the cipher wants */
    int zero_cek;                           /* a key that everybody knows */
    unsigned char first, type_octet, between, before_key;   /* RSA_NO_PADDING: 00 02, what stands in the padding, 00 */
    int cbc_last;                           /* last octet of padding, where not the right one; -1: right */
    int flip;                               /* octet of the ciphertext to damage, counted from 1; negative: from the end */
    int cut;                                /* octets of the ciphertext to leave out at its end */
    const char *wrapper, *type, *before, *after_data, *in_key_info;
    int key_beside;
    const char *scope;                      /* declarations on EncryptedData */
    const char *wrapper_scope;              /* and on the wrapper */
} enc_t;

static enc_t usual(void)
{
    enc_t e = { .text = ASSERTION, .cipher = "AES-256-CBC", .cipher_uri = XENC "aes256-cbc",
                .transport_uri = SAML_ALG_OAEP_MGF1P, .padding = RSA_PKCS1_OAEP_PADDING, .oaep_md = "SHA1", .mgf_md = "SHA1",
                .key = rsa, .cbc_last = -1, .wrapper = "EncryptedAssertion", .type = XENC "Element" };

    return e;
}

/* A block as PKCS #1 1.5 pads it (RFC 8017 7.2.1), with what `e` says that is otherwise. */
static const unsigned char *block_of(const enc_t *e, const unsigned char *cek, size_t cek_len, size_t len)
{
    unsigned char *block = apr_palloc(pool, len);

    memset(block, 0x55, len);
    block[0] = e->first;
    block[1] = e->type_octet;
    block[len / 2] = e->between;
    block[len - cek_len - 1] = e->before_key;
    memcpy(block + len - cek_len, cek, cek_len);
    return block;
}

static const char *wrap_key(const enc_t *e, const unsigned char *cek, size_t cek_len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, e->key, NULL);
    unsigned char out[1024];
    size_t len = sizeof(out);

    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, e->padding) > 0);
    if (e->padding == RSA_PKCS1_OAEP_PADDING) {
        assert_true(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, e->oaep_md, NULL) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, e->mgf_md, NULL) > 0);
        if (e->label)
            assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(e->label), (int)strlen(e->label)) > 0);
    }
    if (e->padding == RSA_NO_PADDING) {
        cek = block_of(e, cek, cek_len, (size_t)EVP_PKEY_get_size(e->key));
        cek_len = (size_t)EVP_PKEY_get_size(e->key);
    }
    assert_int_equal(EVP_PKEY_encrypt(ctx, out, &len, cek, cek_len), 1);
    EVP_PKEY_CTX_free(ctx);
    return saml_base64_encode(pool, out, len);
}

/* IV, ciphertext, tag; CBC padded by hand as XML Encryption 5.2 has it, with octets that are no PKCS#7. */
static const char *encrypt_data(const enc_t *e, const unsigned char *cek)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, e->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int gcm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;
    int iv = EVP_CIPHER_get_iv_length(cipher), block = EVP_CIPHER_get_block_size(cipher);
    int len = (int)(e->text_len ? e->text_len : strlen(e->text)), pad = gcm ? 0 : block - len % block, done, more, total;
    unsigned char *in = apr_pcalloc(pool, (apr_size_t)(len + pad + 1)), *out = apr_pcalloc(pool, (apr_size_t)(len + pad + 64));

    memcpy(in, e->text, (size_t)len);
    if (pad)
        in[len + pad - 1] = (unsigned char)(e->cbc_last >= 0 ? e->cbc_last : pad);
    RAND_bytes(out, iv);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, cipher, cek, out, NULL), 1);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    assert_int_equal(EVP_EncryptUpdate(ctx, out + iv, &done, in, len + pad), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, out + iv + done, &more), 1);
    total = iv + done + more;
    if (gcm) {
        assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + total), 1);
        total += 16;
    }
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    if (e->flip)
        out[e->flip > 0 ? e->flip - 1 : total + e->flip] ^= 0x80;
    return saml_base64_encode(pool, out, (apr_size_t)(total - e->cut));
}

static const char *key_xml(const enc_t *e, const unsigned char *cek, size_t cek_len)
{
    const char *digest = e->oaep_uri ? apr_pstrcat(pool, "<ds:DigestMethod Algorithm=\"", e->oaep_uri, "\"/>", NULL) : "";
    const char *mgf = e->mgf_uri ? apr_pstrcat(pool, "<x:MGF xmlns:x=\"" X11 "\" Algorithm=\"", e->mgf_uri, "\"/>", NULL) : "";
    const char *label = e->label ? apr_pstrcat(pool, "<xenc:OAEPparams>", saml_base64_encode(pool, e->label, strlen(e->label)),
                                               "</xenc:OAEPparams>", NULL) : "";

    return apr_pstrcat(pool, "<xenc:EncryptedKey Id=\"_k\"><xenc:EncryptionMethod Algorithm=\"", e->transport_uri, "\">", digest,
                       mgf, label, "</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>", wrap_key(e, cek, cek_len),
                       "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>", NULL);
}

static const char *encrypted(const enc_t *e)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, e->cipher, NULL);
    size_t cek_len = e->cek_bytes ? (size_t)e->cek_bytes : (size_t)EVP_CIPHER_get_key_length(cipher);
    const char *key, *type = e->type ? apr_pstrcat(pool, " Type=\"", e->type, "\"", NULL) : "";
    unsigned char cek[64];

    EVP_CIPHER_free(cipher);
    RAND_bytes(cek, sizeof(cek));
    if (e->zero_cek)
        memset(cek, 0, sizeof(cek));
    key = key_xml(e, cek, cek_len);
    return apr_pstrcat(pool, "<r xmlns:outer=\"urn:outer\" xmlns:near=\"urn:far\"><saml:", e->wrapper,
                       e->wrapper_scope ? e->wrapper_scope : "", " xmlns:saml=\"" SAML_NS_ASSERTION "\" xmlns:xenc=\""
                       XENC "\" xmlns:ds=\"" DSIG "\">", e->before ? e->before : "", "<xenc:EncryptedData", type,
                       e->scope ? e->scope : "", "><xenc:EncryptionMethod Algorithm=\"", e->cipher_uri, "\"/><ds:KeyInfo>",
                       e->in_key_info ? e->in_key_info : "", e->key_beside ? "" : key,
                       "</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>", encrypt_data(e, cek),
                       "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>", e->key_beside ? key : "",
                       e->after_data ? e->after_data : "", "</saml:", e->wrapper, "></r>", NULL);
}

static saml_status_t decrypt_with(const char *xml, const apr_array_header_t *keys, unsigned allow)
{
    saml_status_t status;
    saml_doc_t *doc;

    assert_says(saml_doc_parse(&doc, xml, strlen(xml), SAML_MAX_MESSAGE_BYTES, "test", pool, &err), SAML_OK, "");
    plain = NULL;
    status = saml_decrypt_element(&plain, saml_xml_first(saml_doc_root(doc)), keys, allow, pool, &err);
    assert_int_equal(plain != NULL, status == SAML_OK);
    return status;
}

static saml_status_t decrypt(const enc_t *e)
{
    return decrypt_with(encrypted(e), ours, 0);
}

/* The one sentence for whatever went wrong behind the algorithms. */
#define SAME_REASON "EncryptedAssertion cannot be decrypted with any of our 1 keys"

static void fails_alike(const enc_t *e)
{
    assert_says(decrypt(e), SAML_E_DECRYPTION, SAME_REASON);
    assert_string_equal(err.reason, SAME_REASON);
}

static void is_the_assertion(void)
{
    assert_true(saml_xml_is(saml_doc_root(plain), SAML_NS_ASSERTION, "Assertion"));
    assert_string_equal(saml_xml_attr(saml_doc_root(plain), "ID", pool), "_a");
    assert_null(saml_doc_root(plain)->next);
    assert_null(saml_doc_root(plain)->prev);
}

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
    static const struct CMUnitTest decryption[] = {
        unit(test_ciphers), unit(test_oaep), unit(test_oaep_mismatch), unit(test_rsa_1_5), unit(test_rsa_1_5_padding),
        unit(test_unknown_algorithms),
        unit(test_cbc_padding), unit(test_damaged_data), unit(test_shortest_data), unit(test_content), unit(test_nul_inside),
        unit(test_prefixes_from_outside), unit(test_our_keys), unit(test_where_the_key_stands),
        unit(test_no_key_in_the_message), unit(test_wrapped_key_lengths), unit(test_wrapper),
        unit(test_odd_keys),
        unit(test_lengths),
    };

    apr_initialize();
    return cmocka_run_group_tests(decryption, set_up_keys, tear_down_library);
}
