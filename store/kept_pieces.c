/* SPDX-License-Identifier: Apache-2.0 */
#include "kept_pieces.h"

#include <openssl/evp.h>

#define NONCE_BYTES 12

/* Under a key of its own no number comes twice (NIST SP 800-38D 8.2.1). */
static void write_nonce(unsigned char nonce[NONCE_BYTES], apr_uint64_t number)
{
    for (int i = NONCE_BYTES - 1; i >= 0; i--, number >>= 8)
        nonce[i] = (unsigned char)number;
}

static int seal(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *key, const unsigned char *nonce, unsigned char is_last,
                const void *data, int len)
{
    int written;

    return EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1
           && EVP_EncryptUpdate(ctx, NULL, &written, &is_last, 1) == 1
           && EVP_EncryptUpdate(ctx, out, &written, data, len) == 1
           && EVP_EncryptFinal_ex(ctx, out + written, &written) == 1
           && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SSO_PIECE_TAG_BYTES, out + len) == 1;
}

static int unseal(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *key, const unsigned char *nonce, unsigned char is_last,
                  const unsigned char *sealed, int len)
{
    unsigned char tag[SSO_PIECE_TAG_BYTES];
    int written;

    memcpy(tag, sealed + len, sizeof(tag));
    return EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1
           && EVP_DecryptUpdate(ctx, NULL, &written, &is_last, 1) == 1
           && EVP_DecryptUpdate(ctx, out, &written, sealed, len) == 1
           && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, sizeof(tag), tag) == 1
           && EVP_DecryptFinal_ex(ctx, out + written, &written) == 1;
}

saml_status_t sso_piece_seal(unsigned char *out, const unsigned char key[SSO_PIECE_KEY_BYTES], apr_uint64_t number, int is_last,
                             const void *data, apr_size_t len, saml_err_t *err)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char nonce[NONCE_BYTES];
    int ok;

    write_nonce(nonce, number);
    ok = ctx && len <= SSO_PIECE_BYTES && seal(ctx, out, key, nonce, is_last != 0, data, (int)len);
    EVP_CIPHER_CTX_free(ctx);
    return ok ? SAML_OK : saml_fail(err, SAML_E_STORE, "kept request: expected to seal a piece of %" APR_SIZE_T_FMT
                                    " octets, AES-256-GCM failed", len);
}

saml_status_t sso_piece_open(unsigned char *out, const unsigned char key[SSO_PIECE_KEY_BYTES], apr_uint64_t number, int is_last,
                             const unsigned char *sealed, apr_size_t len, saml_err_t *err)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char nonce[NONCE_BYTES];
    int ok;

    write_nonce(nonce, number);
    ok = ctx && len <= SSO_PIECE_BYTES && unseal(ctx, out, key, nonce, is_last != 0, sealed, (int)len);
    EVP_CIPHER_CTX_free(ctx);
    return ok ? SAML_OK : saml_fail(err, SAML_E_STORE, "kept request: expected piece %" APR_UINT64_T_FMT
                                    " as it was sealed, got another or a damaged one", number);
}
