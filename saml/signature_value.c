/* SPDX-License-Identifier: Apache-2.0 */
#include "signature_value.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "encoding.h"

#define MAX_VALUE_BYTES 2048
#define MAX_EC_BYTES    66      /* of one number on P-521 */

/* PSS has MGF1 of the same hash and a salt of its length (RFC 9231 2.3.10). */
static int set_padding(const saml_algorithm_t *alg, EVP_PKEY_CTX *ctx)
{
    if (strcmp(alg->key_type, "RSA") != 0)
        return 1;
    if (!alg->is_pss)
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0
           && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

/* XML Signature 6.4.3 (RFC 6931 2.3.6): r and s, each as long as the order of the curve; OpenSSL wants DER. */
static int ecdsa_to_der(unsigned char **der, const saml_signature_value_t *sig, const EVP_PKEY *pkey)
{
    int half = (EVP_PKEY_get_bits(pkey) + 7) / 8, len = 0;
    const unsigned char *value = sig->value;
    ECDSA_SIG *pair;
    BIGNUM *r, *s;

    *der = NULL;
    if (half > MAX_EC_BYTES || sig->value_len != 2 * (apr_size_t)half)
        return 0;
    pair = ECDSA_SIG_new();
    r = BN_bin2bn(value, half, NULL);
    s = BN_bin2bn(value + half, half, NULL);
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        len = i2d_ECDSA_SIG(pair, der);
    }
    else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return len > 0 ? len : 0;
}

static int verify_with(EVP_PKEY *pkey, const saml_signature_value_t *sig, const unsigned char *value, size_t len)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    int ok = md && EVP_DigestVerifyInit_ex(md, &ctx, sig->alg->digest, NULL, NULL, pkey, NULL) == 1
             && set_padding(sig->alg, ctx)
             && EVP_DigestVerify(md, value, len, sig->data, sig->data_len) == 1;

    EVP_MD_CTX_free(md);
    ERR_clear_error();
    return ok;
}

/* A value of another length than the key's costs nothing, and is not counted. */
static int made_by(const saml_cert_t *cert, const saml_signature_value_t *sig, saml_work_t *work)
{
    unsigned char *der;
    int len, ok;

    if (strcmp(cert->key_type, sig->alg->key_type) != 0)
        return 0;
    if (strcmp(cert->key_type, "EC") != 0) {
        work->verifications += sig->value_len == (apr_size_t)EVP_PKEY_get_size(cert->pkey);
        return verify_with(cert->pkey, sig, sig->value, sig->value_len);
    }
    len = ecdsa_to_der(&der, sig, cert->pkey);
    work->verifications += len > 0;
    ok = len && verify_with(cert->pkey, sig, der, (size_t)len);
    OPENSSL_free(der);
    return ok;
}

static int is_named(const saml_cert_t *cert, const apr_array_header_t *named)
{
    int i;

    for (i = 0; named && i < named->nelts; i++) {
        const saml_named_cert_t *n = &APR_ARRAY_IDX(named, i, saml_named_cert_t);

        if (n->len == cert->der_len && memcmp(n->der, cert->der, n->len) == 0)
            return 1;
    }
    return 0;
}

/* ---- why not ------------------------------------------------------------- */

static const char *describe_tried(const saml_trust_t *trust, const char *key_type, int *tried, apr_pool_t *p)
{
    const char *text = "";
    int i;

    *tried = 0;
    for (i = 0; i < trust->certs->nelts; i++) {
        const saml_cert_t *cert = APR_ARRAY_IDX(trust->certs, i, const saml_cert_t *);

        if (strcmp(cert->key_type, key_type) == 0 && ++*tried <= 4)
            text = apr_psprintf(p, "%s%s%s (thumbprint %s)", text, *text ? ", " : "", cert->subject, cert->sha1);
    }
    return *tried > 4 ? apr_pstrcat(p, text, " and more", NULL) : text;
}

/* The certificate that the message names and that is none of ours: most often a rollover that passed us by. */
static const char *describe_stranger(const apr_array_header_t *named, const saml_trust_t *trust, apr_pool_t *p)
{
    const saml_named_cert_t *first = named && named->nelts ? &APR_ARRAY_IDX(named, 0, saml_named_cert_t) : NULL;
    saml_err_t ignored = { .pool = p };
    apr_array_header_t *certs;
    const saml_cert_t *cert;
    int i;

    for (i = 0; i < trust->certs->nelts; i++)
        if (is_named(APR_ARRAY_IDX(trust->certs, i, const saml_cert_t *), named))
            return "";
    if (!first || first->len == 0 || first->der[0] != 0x30
        || saml_certs_parse(&certs, first->der, first->len, "the message", p, &ignored) != SAML_OK)
        return "";
    cert = APR_ARRAY_IDX(certs, 0, const saml_cert_t *);
    return apr_psprintf(p, "; the message names another certificate: %s (thumbprint %s, sha256 %s); if it is the identity "
                        "provider's new one, add it (SAMLCertificate, or refresh the metadata)",
                        cert->subject, cert->sha1, cert->sha256);
}

static saml_status_t refuse_value(const saml_signature_value_t *sig, const apr_array_header_t *named,
                                  const saml_trust_t *trust, apr_pool_t *p, saml_err_t *err)
{
    int tried;
    const char *list = describe_tried(trust, sig->alg->key_type, &tried, p);

    if (tried == 0)
        return saml_fail(err, SAML_E_SIGNATURE, "the signature is %s, but none of the %d certificates of the identity "
                         "provider has a key of type %s%s",
                         sig->alg->name, trust->certs->nelts, sig->alg->key_type, describe_stranger(named, trust, p));
    return saml_fail(err, SAML_E_SIGNATURE, "the signature value does not match any of the %d keys tried: %s%s", tried,
                     list, describe_stranger(named, trust, p));
}

/* ---- the search ---------------------------------------------------------- */

/*
 * One key may stand in an old and in a renewed certificate: an unusable one that matches is kept for its reason, and
 * the search goes on.
 */
static const saml_cert_t *search(const saml_cert_t **unusable, const saml_signature_value_t *sig,
                                 const apr_array_header_t *named, int want_named, const saml_trust_t *trust,
                                 saml_err_t *err)
{
    saml_err_t ignored = { .pool = err->pool };
    int i;

    for (i = 0; i < trust->certs->nelts; i++) {
        const saml_cert_t *cert = APR_ARRAY_IDX(trust->certs, i, const saml_cert_t *);

        if (is_named(cert, named) != want_named || !made_by(cert, sig, &err->work))
            continue;
        if (saml_cert_check(cert, trust->now, trust->allow, &ignored) == SAML_OK)
            return cert;
        if (!*unusable)
            *unusable = cert;
    }
    return NULL;
}

saml_status_t saml_signature_find_cert(const saml_cert_t **out, const saml_signature_value_t *sig,
                                       const apr_array_header_t *named, const saml_trust_t *trust, apr_pool_t *p,
                                       saml_err_t *err)
{
    const saml_cert_t *unusable = NULL, *found;

    if (!trust->certs || trust->certs->nelts == 0)
        return saml_fail(err, SAML_E_SIGNATURE, "no certificate of the identity provider is configured");
    found = search(&unusable, sig, named, 1, trust, err);
    if (!found)
        found = search(&unusable, sig, named, 0, trust, err);
    if (found) {
        *out = found;
        return SAML_OK;
    }
    if (unusable)
        SAML_TRY(saml_cert_check(unusable, trust->now, trust->allow, err));
    return refuse_value(sig, named, trust, p, err);
}

/* ---- a search that finds nothing ------------------------------------------ */

static const saml_algorithm_t *algorithm_of(const char *key_type, const char *digest)
{
    const saml_algorithm_t *alg;
    int i;

    for (i = 0; (alg = saml_algorithm_at(i)); i++)
        if (alg->use == SAML_ALG_SIGNATURE && !alg->is_pss && strcmp(alg->key_type, key_type) == 0
            && strcmp(alg->digest, digest) == 0)
            break;
    return alg;
}

/* A number of the length that the key wants, and smaller than its modulus or order: none is refused before the arithmetic. */
void saml_signature_value_imitate(const saml_trust_t *trust, int first, const char *data, apr_size_t len,
                                  const char *digest)
{
    unsigned char value[MAX_VALUE_BYTES];
    int i;

    for (i = first < 0 ? 0 : first; trust->certs && i < trust->certs->nelts; i++) {
        const saml_cert_t *cert = APR_ARRAY_IDX(trust->certs, i, const saml_cert_t *);
        int is_ec = strcmp(cert->key_type, "EC") == 0;
        int half = is_ec ? (EVP_PKEY_get_bits(cert->pkey) + 7) / 8 : EVP_PKEY_get_size(cert->pkey);
        saml_signature_value_t sig = { algorithm_of(cert->key_type, digest), data, len, value, 0 };
        saml_work_t uncounted = { 0 };

        sig.value_len = (apr_size_t)half << is_ec;
        if (!sig.alg || half <= 0 || sig.value_len > sizeof(value))
            continue;
        memset(value, 0x55, sig.value_len);
        value[0] = 0;
        value[sig.value_len - (apr_size_t)half] = 0;
        (void)made_by(cert, &sig, &uncounted);
    }
}

/* ---- detached signatures (SAML Bindings 3.4.4.1) ------------------------- */

saml_status_t saml_octets_verify(const char *data, apr_size_t len, const char *sig_alg, const char *sig_b64,
                                 const saml_trust_t *trust, apr_pool_t *p, saml_err_t *err)
{
    saml_signature_value_t sig = { .data = data, .data_len = len };
    const saml_cert_t *by;
    const char *value;

    SAML_TRY(saml_algorithm_find(&sig.alg, SAML_ALG_SIGNATURE, sig_alg, trust->allow, err));
    if (!sig_b64 || !*sig_b64)
        return saml_fail(err, SAML_E_SIGNATURE, "Signature: expected base64, got nothing");
    if (saml_base64_decode(&value, &sig.value_len, sig_b64, strlen(sig_b64), MAX_VALUE_BYTES, "Signature", p, err)
        != SAML_OK)
        return saml_fail(err, SAML_E_SIGNATURE, "Signature: expected base64, got %s", saml_quote(p, sig_b64));
    sig.value = value;
    return saml_signature_find_cert(&by, &sig, NULL, trust, p, err);
}

static int sign_octets(unsigned char **value, size_t *value_len, const char *data, apr_size_t len, EVP_PKEY *pkey,
                       apr_pool_t *p)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int ok = md && EVP_DigestSignInit_ex(md, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1
             && EVP_DigestSign(md, NULL, value_len, (const unsigned char *)data, len) == 1;

    if (ok) {
        *value = apr_palloc(p, *value_len);
        ok = EVP_DigestSign(md, *value, value_len, (const unsigned char *)data, len) == 1;
    }
    EVP_MD_CTX_free(md);
    return ok;
}

saml_status_t saml_octets_sign(const char **sig_b64, const char *data, apr_size_t len, const saml_keypair_t *key,
                               apr_pool_t *p, saml_err_t *err)
{
    unsigned char *value;
    size_t value_len;

    if (!EVP_PKEY_is_a(key->pkey, "RSA"))
        return saml_fail(err, SAML_E_SIGNATURE, "signing needs an RSA key, and ours is %s",
                         saml_quote(p, EVP_PKEY_get0_type_name(key->pkey)));
    if (!sign_octets(&value, &value_len, data, len, key->pkey, p))
        return saml_fail(err, SAML_E_SIGNATURE, "our key could not sign: %s", saml_openssl_reason(p));
    *sig_b64 = saml_base64_encode(p, value, value_len);
    return SAML_OK;
}
