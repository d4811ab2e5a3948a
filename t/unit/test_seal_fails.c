/* SPDX-License-Identifier: Apache-2.0 */
/* seal.c where OpenSSL fails beneath it: each call fails once, and nothing is sealed, opened or read then. */

#include "failing.h"
#include "common.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include "saml/encoding.h"
#include "saml/seal.h"

#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

FAILING(EVP_CIPHER *, NULL, EVP_CIPHER_fetch, (OSSL_LIB_CTX *lib, const char *name, const char *props), (lib, name, props))
FAILING(EVP_KDF *, NULL, EVP_KDF_fetch, (OSSL_LIB_CTX *lib, const char *name, const char *props), (lib, name, props))
FAILING(EVP_KDF_CTX *, NULL, EVP_KDF_CTX_new, (EVP_KDF *kdf), (kdf))
FAILING(int, 0, EVP_KDF_derive, (EVP_KDF_CTX *c, unsigned char *out, size_t len, const OSSL_PARAM params[]), (c, out, len, params))
FAILING(unsigned char *, NULL, HMAC, (const EVP_MD *md, const void *key, int key_len, const unsigned char *data, size_t len,
        unsigned char *out, unsigned *out_len), (md, key, key_len, data, len, out, out_len))
FAILING(int, 0, RAND_bytes, (unsigned char *out, int len), (out, len))
FAILING(EVP_CIPHER_CTX *, NULL, EVP_CIPHER_CTX_new, (void), ())
FAILING(int, 0, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX *c, int type, int arg, void *data), (c, type, arg, data))
FAILING(int, 0, EVP_EncryptInit_ex2, (EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
        const unsigned char *iv, const OSSL_PARAM params[]), (c, cipher, key, iv, params))
FAILING(int, 0, EVP_EncryptUpdate, (EVP_CIPHER_CTX *c, unsigned char *out, int *len, const unsigned char *in, int in_len),
        (c, out, len, in, in_len))
FAILING(int, 0, EVP_EncryptFinal_ex, (EVP_CIPHER_CTX *c, unsigned char *out, int *len), (c, out, len))
FAILING(int, 0, EVP_DecryptInit_ex2, (EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
        const unsigned char *iv, const OSSL_PARAM params[]), (c, cipher, key, iv, params))
FAILING(int, 0, EVP_DecryptUpdate, (EVP_CIPHER_CTX *c, unsigned char *out, int *len, const unsigned char *in, int in_len),
        (c, out, len, in, in_len))
FAILING(int, 0, EVP_DecryptFinal_ex, (EVP_CIPHER_CTX *c, unsigned char *out, int *len), (c, out, len))

static saml_secret_t *secret;
static const char *sealed, *purpose = "state";

static saml_status_t read_secret(void)
{
    saml_secret_t *out = NULL;
    saml_status_t status = saml_secret_parse(&out, SECRET "\n", sizeof(SECRET), "it", pool, &err);

    assert_int_equal(out != NULL, status == SAML_OK);
    return status;
}

static saml_status_t new_secret(void)
{
    const char *out = NULL;
    saml_status_t status = saml_secret_new_text(&out, pool, &err);

    assert_int_equal(out != NULL, status == SAML_OK);
    return status;
}

static saml_status_t seal(void)
{
    const char *out = NULL;
    saml_status_t status = saml_seal(&out, secret, purpose, "bound", "text", 4, pool, &err);

    assert_int_equal(out != NULL, status == SAML_OK);
    return status;
}

static saml_status_t unseal(void)
{
    const char *out = NULL;
    apr_size_t len = 0;
    saml_status_t status = saml_unseal(&out, &len, secret, purpose, "bound", sealed, pool, &err);

    assert_int_equal(out != NULL, status == SAML_OK);
    return status;
}

static saml_status_t sign(void)
{
    const char *out = NULL;
    saml_status_t status = saml_secret_sign(&out, secret, "label", "text", 4, pool, &err);

    assert_int_equal(out != NULL, status == SAML_OK);
    return status;
}

static const struct {
    const char *what;
    saml_status_t (*act)(void);
    const char *functions[9];
} cases[] = {
    { "a secret", read_secret, { "EVP_CIPHER_fetch", "EVP_KDF_fetch", "EVP_KDF_CTX_new", "EVP_KDF_derive" } },
    { "a new secret", new_secret, { "RAND_bytes" } },
    { "signing", sign, { "HMAC" } },
    { "sealing", seal, { "RAND_bytes", "EVP_CIPHER_CTX_new", "EVP_EncryptInit_ex2", "EVP_EncryptUpdate", "EVP_EncryptFinal_ex",
                         "EVP_CIPHER_CTX_ctrl" } },
    { "opening", unseal, { "EVP_CIPHER_CTX_new", "EVP_DecryptInit_ex2", "EVP_DecryptUpdate", "EVP_DecryptFinal_ex",
                           "EVP_CIPHER_CTX_ctrl" } },
};

static void try_function(const char *what, saml_status_t (*act)(void), const char *function)
{
    int calls, i;

    plan.function = function;
    plan.seen = plan.fail_at = 0;
    assert_int_equal(act(), SAML_OK);
    calls = plan.seen;
    if (calls == 0)
        fail_msg("%s: no call of %s", what, function);
    for (i = 1; i <= calls; i++) {
        plan.seen = 0;
        plan.fail_at = i;
        err.reason = NULL;
        if (act() == SAML_OK)
            fail_msg("%s: call %d of %d of %s failed, and that was taken for well", what, i, calls, function);
        if (!err.reason || !*err.reason)
            fail_msg("%s: no reason when call %d of %s failed", what, i, function);
    }
    plan.function = NULL;
}

static void prepare(const char *for_purpose)
{
    purpose = for_purpose;
    assert_int_equal(saml_secret_parse(&secret, SECRET, strlen(SECRET), "it", pool, &err), SAML_OK);
    assert_int_equal(saml_seal(&sealed, secret, purpose, "bound", "text", 4, pool, &err), SAML_OK);
}

static void test_each_call(void **state)
{
    size_t i;
    int k;

    (void)state;
    prepare("state");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (k = 0; cases[i].functions[k]; k++)
            try_function(cases[i].what, cases[i].act, cases[i].functions[k]);
}

/* A purpose whose key is not derived when the secret is read. */
static void test_key_of_another_purpose(void **state)
{
    (void)state;
    prepare("another");
    try_function("sealing", seal, "EVP_KDF_derive");
    try_function("opening", unseal, "EVP_KDF_derive");
}

int main(void)
{
    static const struct CMUnitTest tests[] = { unit(test_each_call), unit(test_key_of_another_purpose) };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_library, tear_down_library);
}
