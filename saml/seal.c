/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing: AES-256-GCM under keys derived from SAMLSecret.
 *
 * A sealed text is base64url of
 *     version (1) | hint (1) | nonce (12) | ciphertext | tag (16)
 * The hint is an octet derived from the secret that sealed it, so that after a rotation the right secret is tried
 * at once. It is authenticated, as are version, purpose and what the text is bound to. Nonces are random: with one
 * secret 2^32 texts may be sealed before the chance of a repeated nonce passes 2^-32 (NIST SP 800-38D 8.3).
 * Everything that can be derived ahead is, when the secret is read: sealing itself takes no lock and derives nothing.
 */

#include <string.h>
#include <apr_escape.h>
#include <apr_strings.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include "saml/encoding.h"
#include "saml/id.h"
#include "saml/key.h"
#include "seal.h"

#define SEAL_VERSION     1
#define KEY_BYTES        32
#define NONCE_BYTES      12
#define TAG_BYTES        16
#define HEAD_BYTES       (2 + NONCE_BYTES)
#define MAX_SECRET_BYTES 1024
#define MAX_SECRETS      16
#define MAX_SEALED_BYTES (1024 * 1024)

static const char SALT[] = "mod_saml_sso";
static const char UNUSABLE[] = "sealed text: expected one that was sealed here and not altered, got another";

/* Purposes whose keys are derived when the secret is read: what each sign-on seals or opens. */
static const char *const purposes[] = { "state", "relay-state", "cookie", "rounds", "last-user" };

#define PURPOSES (sizeof(purposes) / sizeof(purposes[0]))

typedef struct {
    unsigned char octets[MAX_SECRET_BYTES];
    apr_size_t len;
    unsigned char hint;
    unsigned char keys[PURPOSES][KEY_BYTES];
} one_secret_t;

struct saml_secret_t {
    EVP_CIPHER *cipher;
    EVP_KDF *kdf;
    int count;
    one_secret_t secrets[MAX_SECRETS];
};

/* HKDF-SHA256 (RFC 5869) of one secret; `info` tells the keys apart. */
static saml_status_t derive(unsigned char *out, apr_size_t len, const EVP_KDF *kdf, const one_secret_t *from,
                            const char *info, saml_err_t *err)
{
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new((EVP_KDF *)kdf);
    char sha256[] = "SHA256";
    OSSL_PARAM params[5];
    int ok;

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)from->octets, from->len);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)SALT, sizeof(SALT) - 1);
    params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info));
    params[4] = OSSL_PARAM_construct_end();
    ok = ctx && EVP_KDF_derive(ctx, out, len, params) > 0;
    EVP_KDF_CTX_free(ctx);
    if (!ok)
        return saml_fail(err, SAML_E_METADATA, "deriving a key from the secret failed: %s",
                         saml_openssl_reason(err->pool));
    return SAML_OK;
}

static saml_status_t derive_for(unsigned char *out, const EVP_KDF *kdf, const one_secret_t *from, const char *purpose,
                                saml_err_t *err)
{
    return derive(out, KEY_BYTES, kdf, from, apr_pstrcat(err->pool, "seal 1 ", purpose, NULL), err);
}

static saml_status_t derive_all(saml_secret_t *secret, saml_err_t *err)
{
    int i;
    apr_size_t k;

    for (i = 0; i < secret->count; i++) {
        one_secret_t *one = &secret->secrets[i];

        SAML_TRY(derive(&one->hint, 1, secret->kdf, one, "hint 1", err));
        for (k = 0; k < PURPOSES; k++)
            SAML_TRY(derive_for(one->keys[k], secret->kdf, one, purposes[k], err));
    }
    return SAML_OK;
}

/* ---- the secret file ---------------------------------------------------- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A line's octets say nothing about themselves in the reason: it is a secret. */
static saml_status_t read_line(one_secret_t *out, const char *line, apr_size_t len, const char *source, int number,
                               saml_err_t *err)
{
    apr_size_t i;
    int differs = 0;

    for (i = 0; i < len; i++) {
        if (hex_value(line[i]) < 0)
            return saml_fail(err, SAML_E_METADATA, "%s line %d: expected hex digits only, got another character in "
                             "column %d", source, number, (int)i + 1);
    }
    if (len % 2 != 0 || len < 2 * SAML_MIN_SECRET_BYTES || len > 2 * MAX_SECRET_BYTES)
        return saml_fail(err, SAML_E_METADATA, "%s line %d: expected an even number of hex digits, %d to %d, got %"
                         APR_SIZE_T_FMT, source, number, 2 * SAML_MIN_SECRET_BYTES, 2 * MAX_SECRET_BYTES, len);
    for (i = 0; i < len / 2; i++) {
        out->octets[i] = (unsigned char)(hex_value(line[2 * i]) << 4 | hex_value(line[2 * i + 1]));
        differs |= out->octets[i] != out->octets[0];
    }
    out->len = len / 2;
    if (!differs)
        return saml_fail(err, SAML_E_METADATA, "%s line %d: expected random digits, got the same octet throughout",
                         source, number);
    return SAML_OK;
}

static saml_status_t read_lines(saml_secret_t *out, const char *text, apr_size_t len, const char *source,
                                saml_err_t *err)
{
    const char *end = text + len;
    int number = 0;

    while (text < end) {
        const char *newline = memchr(text, '\n', (apr_size_t)(end - text));
        const char *stop = newline ? newline : end, *first = text;

        number++;
        text = newline ? newline + 1 : end;
        while (first < stop && is_space(*first))
            first++;
        while (stop > first && is_space(stop[-1]))
            stop--;
        if (first == stop || *first == '#')
            continue;
        if (out->count == MAX_SECRETS)
            return saml_fail(err, SAML_E_METADATA, "%s line %d: expected at most %d secrets, got more", source,
                             number, MAX_SECRETS);
        SAML_TRY(read_line(&out->secrets[out->count], first, (apr_size_t)(stop - first), source, number, err));
        out->count++;
    }
    if (out->count == 0)
        return saml_fail(err, SAML_E_METADATA, "%s: expected a line of %d or more hex digits, got none", source,
                         2 * SAML_MIN_SECRET_BYTES);
    return SAML_OK;
}

static apr_status_t forget(void *data)
{
    saml_secret_t *secret = data;

    EVP_CIPHER_free(secret->cipher);
    EVP_KDF_free(secret->kdf);
    OPENSSL_cleanse(secret, sizeof(*secret));
    return APR_SUCCESS;
}

saml_status_t saml_secret_parse(saml_secret_t **out, const char *text, apr_size_t len, const char *source,
                                apr_pool_t *p, saml_err_t *err)
{
    saml_secret_t *secret = apr_pcalloc(p, sizeof(*secret));

    apr_pool_cleanup_register(p, secret, forget, apr_pool_cleanup_null);
    secret->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    secret->kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    if (!secret->cipher || !secret->kdf)
        return saml_fail(err, SAML_E_METADATA, "%s: OpenSSL offers no AES-256-GCM or HKDF: %s", source,
                         saml_openssl_reason(err->pool));
    SAML_TRY(read_lines(secret, text, len, source, err));
    SAML_TRY(derive_all(secret, err));
    *out = secret;
    return SAML_OK;
}

saml_status_t saml_secret_new_text(const char **out, apr_pool_t *p, saml_err_t *err)
{
    unsigned char octets[SAML_MIN_SECRET_BYTES];
    char *text = apr_palloc(p, 2 * sizeof(octets) + 2);

    SAML_TRY(saml_random_bytes(octets, sizeof(octets), err));
    apr_escape_hex(text, octets, sizeof(octets), 0, NULL);
    memcpy(text + 2 * sizeof(octets), "\n", 2);
    OPENSSL_cleanse(octets, sizeof(octets));
    *out = text;
    return SAML_OK;
}

/* ---- sign for others -------------------------------------------------------- */

#define MAC_HEX_BYTES (2 * KEY_BYTES + 1)

static int hex_mac(char *out, const void *key, apr_size_t key_len, const void *data, apr_size_t len)
{
    unsigned char mac[EVP_MAX_MD_SIZE];

    if (!HMAC(EVP_sha256(), key, (int)key_len, data, len, mac, NULL))
        return 0;
    apr_escape_hex(out, mac, KEY_BYTES, 0, NULL);
    return 1;
}

saml_status_t saml_secret_sign(const char **out, const saml_secret_t *secret, const char *label, const void *data,
                               apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    const one_secret_t *one = &secret->secrets[0];
    char key[MAC_HEX_BYTES], *mac = apr_palloc(p, MAC_HEX_BYTES);
    int ok = hex_mac(key, one->octets, one->len, label, strlen(label)) && hex_mac(mac, key, sizeof(key) - 1, data, len);

    OPENSSL_cleanse(key, sizeof(key));
    if (!ok)
        return saml_fail(err, SAML_E_STORE, "signing with the secret failed: %s", saml_openssl_reason(err->pool));
    *out = mac;
    return SAML_OK;
}

/* ---- seal and open ------------------------------------------------------ */

/* The key of `purpose`: derived ahead, or into `room` for a purpose that is not in the list. */
static saml_status_t key_for(const unsigned char **out, unsigned char *room, const saml_secret_t *secret,
                             const one_secret_t *one, const char *purpose, saml_err_t *err)
{
    apr_size_t k;

    for (k = 0; k < PURPOSES; k++) {
        if (strcmp(purposes[k], purpose) == 0) {
            *out = one->keys[k];
            return SAML_OK;
        }
    }
    SAML_TRY(derive_for(room, secret->kdf, one, purpose, err));
    *out = room;
    return SAML_OK;
}

/* What is authenticated besides the text: version, hint, purpose with its NUL, bound. */
static int add_bound(EVP_CIPHER_CTX *ctx, const unsigned char *head, const char *purpose, const char *bound,
                     int sealing)
{
    int (*update)(EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *, int) =
        sealing ? EVP_EncryptUpdate : EVP_DecryptUpdate;
    apr_size_t purpose_len = strlen(purpose) + 1, bound_len = strlen(bound);
    int n;

    if (purpose_len > MAX_SEALED_BYTES || bound_len > MAX_SEALED_BYTES)
        return 0;
    return update(ctx, NULL, &n, head, 2)
        && update(ctx, NULL, &n, (const unsigned char *)purpose, (int)purpose_len)
        && (bound_len == 0 || update(ctx, NULL, &n, (const unsigned char *)bound, (int)bound_len));
}

static int encrypt(unsigned char *raw, const saml_secret_t *secret, const unsigned char *key, const char *purpose,
                   const char *bound, const void *data, apr_size_t len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char *body = raw + HEAD_BYTES;
    int n = 0, rest = 0, ok;

    ok = ctx && EVP_EncryptInit_ex2(ctx, secret->cipher, key, raw + 2, NULL)
        && add_bound(ctx, raw, purpose, bound, 1)
        && (len == 0 || EVP_EncryptUpdate(ctx, body, &n, data, (int)len))
        && EVP_EncryptFinal_ex(ctx, body + n, &rest)
        && (apr_size_t)n + (apr_size_t)rest == len
        && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, body + len);
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

saml_status_t saml_seal(const char **out, const saml_secret_t *secret, const char *purpose, const char *bound,
                        const void *data, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    const one_secret_t *one = &secret->secrets[0];
    apr_size_t raw_len = HEAD_BYTES + len + TAG_BYTES;
    unsigned char room[KEY_BYTES], *raw;
    const unsigned char *key;
    int ok;

    if (len > MAX_SEALED_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "text to seal: expected at most %d octets, got %" APR_SIZE_T_FMT,
                         MAX_SEALED_BYTES, len);
    raw = apr_palloc(p, raw_len);
    raw[0] = SEAL_VERSION;
    raw[1] = one->hint;
    SAML_TRY(saml_random_bytes(raw + 2, NONCE_BYTES, err));
    SAML_TRY(key_for(&key, room, secret, one, purpose, err));
    ok = encrypt(raw, secret, key, purpose, bound, data, len);
    OPENSSL_cleanse(room, sizeof(room));
    if (!ok)
        return saml_fail(err, SAML_E_STORE, "sealing failed: %s", saml_openssl_reason(err->pool));
    *out = saml_base64url_encode(p, raw, raw_len);
    return SAML_OK;
}

/* EVP_DecryptFinal_ex compares the tag in constant time; nothing of the plaintext is used before it has. */
static int decrypt(unsigned char *plain, const saml_secret_t *secret, const unsigned char *key, const char *purpose,
                   const char *bound, const unsigned char *raw, apr_size_t len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const unsigned char *body = raw + HEAD_BYTES;
    int n = 0, rest = 0, ok;

    ok = ctx && EVP_DecryptInit_ex2(ctx, secret->cipher, key, raw + 2, NULL)
        && add_bound(ctx, raw, purpose, bound, 0)
        && (len == 0 || EVP_DecryptUpdate(ctx, plain, &n, body, (int)len))
        && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, (void *)(body + len))
        && EVP_DecryptFinal_ex(ctx, plain + n, &rest) > 0
        && (apr_size_t)n + (apr_size_t)rest == len;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok)
        OPENSSL_cleanse(plain, len);
    return ok;
}

static saml_status_t open_with(unsigned char *plain, int *opened, const saml_secret_t *secret, const one_secret_t *one,
                               const char *purpose, const char *bound, const unsigned char *raw, apr_size_t len,
                               saml_err_t *err)
{
    unsigned char room[KEY_BYTES];
    const unsigned char *key;

    SAML_TRY(key_for(&key, room, secret, one, purpose, err));
    *opened = decrypt(plain, secret, key, purpose, bound, raw, len);
    OPENSSL_cleanse(room, sizeof(room));
    return SAML_OK;
}

saml_status_t saml_unseal(const char **out, apr_size_t *out_len, const saml_secret_t *secret, const char *purpose,
                          const char *bound, const char *sealed, apr_pool_t *p, saml_err_t *err)
{
    const unsigned char *raw;
    const char *decoded;
    apr_size_t raw_len, len;
    unsigned char *plain;
    int i, opened = 0;

    if (!sealed || strlen(sealed) > 2 * (apr_size_t)MAX_SEALED_BYTES
        || saml_base64url_decode(&decoded, &raw_len, sealed, strlen(sealed), p, err) != SAML_OK)
        return saml_fail(err, SAML_E_STATE_MISSING, "%s", UNUSABLE);
    raw = (const unsigned char *)decoded;
    if (raw_len < HEAD_BYTES + TAG_BYTES || raw[0] != SEAL_VERSION)
        return saml_fail(err, SAML_E_STATE_MISSING, "%s", UNUSABLE);
    len = raw_len - HEAD_BYTES - TAG_BYTES;
    plain = apr_palloc(p, len + 1);
    for (i = 0; i < secret->count && !opened; i++) {
        if (secret->secrets[i].hint == raw[1])
            SAML_TRY(open_with(plain, &opened, secret, &secret->secrets[i], purpose, bound, raw, len, err));
    }
    if (!opened)
        return saml_fail(err, SAML_E_STATE_MISSING, "%s", UNUSABLE);
    plain[len] = '\0';
    *out = (const char *)plain;
    *out_len = len;
    return SAML_OK;
}
