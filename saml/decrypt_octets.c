/* SPDX-License-Identifier: Apache-2.0 */
#include "decrypt_octets.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#define GCM_IV_BYTES   12
#define GCM_TAG_BYTES  16
#define MAX_RSA_BYTES  2048     /* 16384 bits */

apr_size_t saml_cipher_key_bytes(const saml_algorithm_t *alg)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, alg->cipher, NULL);
    int len = cipher ? EVP_CIPHER_get_key_length(cipher) : 0;

    EVP_CIPHER_free(cipher);
    ERR_clear_error();
    return len > 0 && len <= SAML_MAX_CEK_BYTES ? (apr_size_t)len : 0;
}

/* ---- key transport (XML Encryption 5.5) ---------------------------------- */

/* The label is OpenSSL's to free. */
static int set_label(EVP_PKEY_CTX *ctx, const saml_wrapped_key_t *key)
{
    unsigned char *label;

    if (!key->label || key->label_len == 0)
        return 1;
    label = OPENSSL_memdup(key->label, key->label_len);
    if (label && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)key->label_len) > 0)
        return 1;
    OPENSSL_free(label);
    return 0;
}

static int set_oaep(EVP_PKEY_CTX *ctx, const saml_wrapped_key_t *key)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0
           && EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_get_digestbyname(key->digest->digest)) > 0
           && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_get_digestbyname(key->mgf->digest)) > 0 && set_label(ctx, key);
}

/* All ones where a == b, else all zeros, without a branch. */
static unsigned char equal_mask(size_t a, size_t b)
{
    size_t diff = a ^ b;

    return (unsigned char)((((diff | (0 - diff)) >> (8 * sizeof(diff) - 1)) & 1) - 1);
}

/* `cek` becomes `found` where `good` is all ones, and stays where it is all zeros. */
static void keep_if(unsigned char good, unsigned char *cek, const unsigned char *found, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len; i++)
        cek[i] = (unsigned char)((found[i] & good) | (cek[i] & (unsigned char)~good));
}

static int unwrap_oaep(unsigned char *cek, apr_size_t cek_len, const saml_wrapped_key_t *key, EVP_PKEY_CTX *ctx)
{
    unsigned char plain[MAX_RSA_BYTES] = { 0 };
    size_t len = sizeof(plain);
    int ok;

    if (RAND_bytes(cek, (int)cek_len) != 1 || !set_oaep(ctx, key))
        return 0;
    ok = EVP_PKEY_decrypt(ctx, plain, &len, (const unsigned char *)key->wrapped, key->wrapped_len);
    keep_if(equal_mask((size_t)ok, 1) & equal_mask(len, cek_len), cek, plain, cek_len);
    OPENSSL_cleanse(plain, sizeof(plain));
    return 1;
}

/*
 * The octets are decrypted without padding and the padding is read here, so that neither OpenSSL's result nor its time
 * tells whether it was right (Bleichenbacher): 00 02, non-zero octets, 00, and the key at the end.
 */
static int unwrap_rsa_1_5(unsigned char *cek, apr_size_t cek_len, const saml_wrapped_key_t *key, EVP_PKEY_CTX *ctx)
{
    unsigned char block[MAX_RSA_BYTES], good;
    size_t len = sizeof(block), i;

    if (RAND_bytes(cek, (int)cek_len) != 1 || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) <= 0
        || EVP_PKEY_decrypt(ctx, block, &len, (const unsigned char *)key->wrapped, key->wrapped_len) != 1
        || len < cek_len + 11)
        return 0;       /* these depend on lengths and numbers that the sender sees, not on the plain text */
    good = equal_mask(block[0], 0) & equal_mask(block[1], 2) & equal_mask(block[len - cek_len - 1], 0);
    for (i = 2; i < len - cek_len - 1; i++)
        good &= (unsigned char)~equal_mask(block[i], 0);
    keep_if(good, cek, block + len - cek_len, cek_len);
    OPENSSL_cleanse(block, sizeof(block));
    return 1;
}

int saml_cek_unwrap(unsigned char *cek, apr_size_t cek_len, const saml_wrapped_key_t *key, EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx;
    int ok;

    if (!EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_get_size(pkey) > MAX_RSA_BYTES
        || key->wrapped_len != (apr_size_t)EVP_PKEY_get_size(pkey))
        return 0;
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    ok = ctx && EVP_PKEY_decrypt_init(ctx) == 1;
    if (ok && strcmp(key->transport->uri, SAML_ALG_RSA_1_5) == 0)
        ok = unwrap_rsa_1_5(cek, cek_len, key, ctx);
    else if (ok)
        ok = unwrap_oaep(cek, cek_len, key, ctx);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

/* ---- data (XML Encryption 5.2) ------------------------------------------- */

/* 5.2.4: IV, ciphertext, 16 octets of tag. Nothing of it is used before the tag was right. */
static int decrypt_gcm(unsigned char *out, int *out_len, EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher,
                       const unsigned char *cek, const unsigned char *data, int len)
{
    unsigned char tag[GCM_TAG_BYTES];
    int final_len = 0, body = len - GCM_IV_BYTES - GCM_TAG_BYTES, ok;

    if (body <= 0)
        return 0;
    memcpy(tag, data + len - GCM_TAG_BYTES, GCM_TAG_BYTES);
    ok = EVP_DecryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, GCM_IV_BYTES, NULL) == 1
         && EVP_DecryptInit_ex2(ctx, NULL, cek, data, NULL) == 1
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_BYTES, tag) == 1
         && EVP_DecryptUpdate(ctx, out, out_len, data + GCM_IV_BYTES, body) == 1
         && EVP_DecryptFinal_ex(ctx, out + *out_len, &final_len) == 1 && *out_len == body && final_len == 0;
    if (!ok)
        *out_len = 0;
    return ok;
}

/* 5.2: the last octet says how many octets of padding there are, 1 to a block; what the others are is nobody's concern. */
static int decrypt_cbc(unsigned char *out, int *out_len, EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher,
                       const unsigned char *cek, const unsigned char *data, int len)
{
    int block = EVP_CIPHER_get_block_size(cipher), iv = EVP_CIPHER_get_iv_length(cipher), final_len = 0, padding, ok;

    if (len < iv + block || (len - iv) % block != 0)
        return 0;
    if (EVP_DecryptInit_ex2(ctx, cipher, cek, data, NULL) != 1 || EVP_CIPHER_CTX_set_padding(ctx, 0) != 1
        || EVP_DecryptUpdate(ctx, out, out_len, data + iv, len - iv) != 1
        || EVP_DecryptFinal_ex(ctx, out + *out_len, &final_len) != 1 || *out_len != len - iv) {
        *out_len = 0;
        return 0;
    }
    padding = out[*out_len - 1];
    ok = padding >= 1 && padding <= block;
    *out_len -= ok ? padding : 1;
    return ok;
}

int saml_cipher_decrypt(unsigned char *out, apr_size_t *out_len, const saml_algorithm_t *alg, const unsigned char *cek,
                        const unsigned char *data, apr_size_t len)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, alg->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int ok = 0, made = 0;

    if (cipher && ctx && len <= SAML_MAX_MESSAGE_BYTES) {
        int is_gcm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;

        ok = is_gcm ? decrypt_gcm(out, &made, ctx, cipher, cek, data, (int)len)
                    : decrypt_cbc(out, &made, ctx, cipher, cek, data, (int)len);
    }
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    ERR_clear_error();
    *out_len = (apr_size_t)made;
    return ok;
}
