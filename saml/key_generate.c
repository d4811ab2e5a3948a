/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define MIN_BITS 2048
#define MAX_BITS 8192
#define MAX_DAYS 36500
#define SERIAL_BITS 159     /* RFC 5280, 4.1.2.2: positive and at most 20 octets */
#define MAX_CN_BYTES 64     /* RFC 5280, appendix A: ub-common-name */

static int set_serial(X509 *x509)
{
    BIGNUM *serial = BN_new();
    int ok = serial && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
             && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)) != NULL;

    BN_free(serial);
    return ok;
}

static int set_name(X509 *x509, const char *common_name)
{
    X509_NAME *name = X509_NAME_new();
    int ok = name
             && X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)common_name, -1,
                                           -1, 0) == 1
             && X509_set_subject_name(x509, name) == 1 && X509_set_issuer_name(x509, name) == 1;

    X509_NAME_free(name);
    return ok;
}

static int set_validity(X509 *x509, int days, apr_time_t now)
{
    time_t from = (time_t)apr_time_sec(now);

    return ASN1_TIME_adj(X509_getm_notBefore(x509), from, 0, 0) != NULL
           && ASN1_TIME_adj(X509_getm_notAfter(x509), from, days, 0) != NULL;
}

static int add_extension(X509 *x509, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;
    int ok;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x509, x509, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = extension && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static int fill_certificate(X509 *x509, EVP_PKEY *pkey, const char *common_name, int days, apr_time_t now)
{
    return X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509) && set_name(x509, common_name)
           && set_validity(x509, days, now) && X509_set_pubkey(x509, pkey) == 1
           && add_extension(x509, NID_basic_constraints, "critical,CA:FALSE")
           && add_extension(x509, NID_key_usage, "critical,digitalSignature,keyEncipherment")
           && add_extension(x509, NID_subject_key_identifier, "hash") && X509_sign(x509, pkey, EVP_sha256()) > 0;
}

/* What was written to `bio`, as text in `p`; the BIO is emptied and freed. */
static const char *take_text(BIO *bio, apr_pool_t *p)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    const char *text = len > 0 ? apr_pstrmemdup(p, data, (apr_size_t)len) : NULL;

    if (len > 0)
        OPENSSL_cleanse(data, (size_t)len);
    BIO_free(bio);
    return text;
}

static int write_pem(const char **key_pem, const char **cert_pem, EVP_PKEY *pkey, X509 *x509, apr_pool_t *p)
{
    BIO *key = BIO_new(BIO_s_mem()), *cert = BIO_new(BIO_s_mem());
    int ok = key && cert && PEM_write_bio_PrivateKey(key, pkey, NULL, NULL, 0, NULL, NULL) == 1
             && PEM_write_bio_X509(cert, x509) == 1;

    *key_pem = key ? take_text(key, p) : NULL;
    *cert_pem = cert ? take_text(cert, p) : NULL;
    return ok && *key_pem && *cert_pem;
}

saml_status_t saml_keypair_generate(const char **key_pem, const char **cert_pem, const char *common_name, int bits,
                                    int days, apr_time_t now, apr_pool_t *p, saml_err_t *err)
{
    const char *made_key, *made_cert;
    EVP_PKEY *pkey;
    X509 *x509;
    int ok;

    if (bits < MIN_BITS || bits > MAX_BITS)
        return saml_fail(err, SAML_E_METADATA, "key size: expected %d to %d bits, got %d", MIN_BITS, MAX_BITS, bits);
    if (days < 1 || days > MAX_DAYS)
        return saml_fail(err, SAML_E_METADATA, "validity: expected 1 to %d days, got %d", MAX_DAYS, days);
    if (!common_name || !*common_name || strlen(common_name) > MAX_CN_BYTES)
        return saml_fail(err, SAML_E_METADATA, "common name: expected 1 to %d octets, got %s", MAX_CN_BYTES,
                         saml_quote(p, common_name));
    pkey = EVP_RSA_gen((unsigned)bits);
    x509 = X509_new();
    ok = pkey && x509 && fill_certificate(x509, pkey, common_name, days, now)
         && write_pem(&made_key, &made_cert, pkey, x509, p);
    X509_free(x509);
    EVP_PKEY_free(pkey);
    if (!ok)
        return saml_fail(err, SAML_E_METADATA, "a key pair could not be made: %s", saml_openssl_reason(p));
    *key_pem = made_key;
    *cert_pem = made_cert;
    return SAML_OK;
}
