/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_ENCRYPTED_H
#define T_UNIT_ENCRYPTED_H

/*
 * Encrypted elements for the tests of decryption, made here with OpenSSL, field by field, so that each field can be wrong
 * on its own.
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

static inline apr_array_header_t *keys_of(int count, ...)
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

static inline int set_up_keys(void **state)
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

static inline enc_t usual(void)
{
    enc_t e = { .text = ASSERTION, .cipher = "AES-256-CBC", .cipher_uri = XENC "aes256-cbc",
                .transport_uri = SAML_ALG_OAEP_MGF1P, .padding = RSA_PKCS1_OAEP_PADDING, .oaep_md = "SHA1", .mgf_md = "SHA1",
                .key = rsa, .cbc_last = -1, .wrapper = "EncryptedAssertion", .type = XENC "Element" };

    return e;
}

/* A block as PKCS #1 1.5 pads it (RFC 8017 7.2.1), with what `e` says that is otherwise. */
static inline const unsigned char *block_of(const enc_t *e, const unsigned char *cek, size_t cek_len, size_t len)
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

static inline const char *wrap_key(const enc_t *e, const unsigned char *cek, size_t cek_len)
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
static inline const char *encrypt_data(const enc_t *e, const unsigned char *cek)
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

static inline const char *key_xml(const enc_t *e, const unsigned char *cek, size_t cek_len)
{
    const char *digest = e->oaep_uri ? apr_pstrcat(pool, "<ds:DigestMethod Algorithm=\"", e->oaep_uri, "\"/>", NULL) : "";
    const char *mgf = e->mgf_uri ? apr_pstrcat(pool, "<x:MGF xmlns:x=\"" X11 "\" Algorithm=\"", e->mgf_uri, "\"/>", NULL) : "";
    const char *label = e->label ? apr_pstrcat(pool, "<xenc:OAEPparams>", saml_base64_encode(pool, e->label, strlen(e->label)),
                                               "</xenc:OAEPparams>", NULL) : "";

    return apr_pstrcat(pool, "<xenc:EncryptedKey Id=\"_k\"><xenc:EncryptionMethod Algorithm=\"", e->transport_uri, "\">", digest,
                       mgf, label, "</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>", wrap_key(e, cek, cek_len),
                       "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>", NULL);
}

static inline const char *encrypted(const enc_t *e)
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

static inline saml_status_t decrypt_with(const char *xml, const apr_array_header_t *keys, unsigned allow)
{
    saml_status_t status;
    saml_doc_t *doc;

    assert_says(saml_doc_parse(&doc, xml, strlen(xml), SAML_MAX_MESSAGE_BYTES, "test", pool, &err), SAML_OK, "");
    plain = NULL;
    status = saml_decrypt_element(&plain, saml_xml_first(saml_doc_root(doc)), keys, allow, pool, &err);
    assert_int_equal(plain != NULL, status == SAML_OK);
    return status;
}

static inline saml_status_t decrypt(const enc_t *e)
{
    return decrypt_with(encrypted(e), ours, 0);
}

/* The one sentence for whatever went wrong behind the algorithms. */
#define SAME_REASON "EncryptedAssertion cannot be decrypted with any of our 1 keys"

static inline void fails_alike(const enc_t *e)
{
    assert_says(decrypt(e), SAML_E_DECRYPTION, SAME_REASON);
    assert_string_equal(err.reason, SAME_REASON);
}

static inline void is_the_assertion(void)
{
    assert_true(saml_xml_is(saml_doc_root(plain), SAML_NS_ASSERTION, "Assertion"));
    assert_string_equal(saml_xml_attr(saml_doc_root(plain), "ID", pool), "_a");
    assert_null(saml_doc_root(plain)->next);
    assert_null(saml_doc_root(plain)->prev);
}

#endif
