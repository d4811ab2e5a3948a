/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_MATERIAL_H
#define T_UNIT_MATERIAL_H

/*
 * What the tests share that make their messages themselves: keys of every kind, certificates, and messages signed after a template, so that
 * also shapes that nobody sane would sign carry a signature that is right.
 */

#include "common.h"

#include <apr_time.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/valid.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>
#include "saml/algorithm.h"
#include "saml/encoding.h"
#include "saml/key.h"
#include "saml/xml.h"

#define MATERIAL_NOW   APR_TIME_C(1772442930000000)     /* 2026-03-02T09:15:30Z */
#define MATERIAL_DAY   (APR_TIME_C(86400) * APR_USEC_PER_SEC)

static inline apr_status_t material_free_key(void *key)
{
    EVP_PKEY_free(key);
    return APR_SUCCESS;
}

/* "RSA" with bits, "EC" with a curve, "ED25519". Lives as long as the group. */
static inline EVP_PKEY *material_key(const char *type, size_t bits, const char *curve)
{
    EVP_PKEY *key = strcmp(type, "RSA") == 0  ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits)
                    : strcmp(type, "EC") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve)
                                              : EVP_PKEY_Q_keygen(NULL, NULL, type);

    assert_non_null(key);
    apr_pool_cleanup_register(group_pool, key, material_free_key, apr_pool_cleanup_null);
    return key;
}

static inline const char *material_cert_pem(EVP_PKEY *key, const char *cn, apr_time_t from, apr_time_t to)
{
    X509 *x509 = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    const char *pem;
    char *data;
    long len;

    ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
    X509_set_version(x509, X509_VERSION_3);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)apr_time_sec(from));
    ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)apr_time_sec(to));
    X509_set_pubkey(x509, key);
    assert_true(X509_sign(x509, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    len = BIO_get_mem_data(bio, &data);
    pem = apr_pstrmemdup(group_pool, data, (apr_size_t)len);
    BIO_free(bio);
    X509_free(x509);
    return pem;
}

static inline saml_cert_t *material_cert(EVP_PKEY *key, const char *cn, apr_time_t from, apr_time_t to)
{
    const char *pem = material_cert_pem(key, cn, from, to);
    saml_err_t e = { .pool = group_pool };
    apr_array_header_t *certs;

    if (saml_certs_parse(&certs, pem, strlen(pem), cn, group_pool, &e) != SAML_OK)
        fail_msg("certificate of %s: %s", cn, e.reason);
    return APR_ARRAY_IDX(certs, 0, saml_cert_t *);
}

static inline saml_cert_t *material_valid_cert(EVP_PKEY *key, const char *cn)
{
    return material_cert(key, cn, MATERIAL_NOW - 30 * MATERIAL_DAY, MATERIAL_NOW + 30 * MATERIAL_DAY);
}

static inline apr_array_header_t *material_certs(int count, ...)
{
    apr_array_header_t *certs = apr_array_make(group_pool, count ? count : 1, sizeof(saml_cert_t *));
    va_list args;

    va_start(args, count);
    while (count--)
        APR_ARRAY_PUSH(certs, saml_cert_t *) = va_arg(args, saml_cert_t *);
    va_end(args);
    return certs;
}

static inline void material_register_ids(xmlNode *node)
{
    for (; node; node = node->next) {
        xmlAttr *id = node->type == XML_ELEMENT_NODE ? xmlHasNsProp(node, BAD_CAST "ID", NULL) : NULL;

        if (id && id->children)
            xmlAddID(NULL, node->doc, id->children->content, id);
        material_register_ids(node->children);
    }
}

static inline int material_is_under(void *root, xmlNode *node, xmlNode *parent)
{
    for (node = node->type == XML_NAMESPACE_DECL ? parent : node; node && node != root; node = node->parent)
        ;
    return node != NULL;
}

/* RFC 9231 2.3.10, which xmlsec1 has from 1.3 on only: the value is made by OpenSSL, over exclusive c14n of SignedInfo. */
static inline void material_sign_pss(xmlNode *signature, const char *digest, EVP_PKEY *key)
{
    xmlNode *info = xmlSecFindChild(signature, BAD_CAST "SignedInfo", BAD_CAST SAML_NS_DSIG);
    xmlNode *value = xmlSecFindChild(signature, BAD_CAST "SignatureValue", BAD_CAST SAML_NS_DSIG);
    xmlBuffer *octets = xmlBufferCreate();
    xmlOutputBuffer *sink = xmlOutputBufferCreateBuffer(octets, NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx;
    unsigned char raw[2048];
    size_t len = sizeof(raw);

    assert_true(xmlC14NExecute(info->doc, material_is_under, info, XML_C14N_EXCLUSIVE_1_0, NULL, 0, sink) >= 0);
    assert_true(xmlOutputBufferClose(sink) > 0);
    assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, digest, NULL, NULL, key, NULL), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0);
    assert_int_equal(EVP_DigestSign(md, raw, &len, xmlBufferContent(octets), (size_t)xmlBufferLength(octets)), 1);
    EVP_MD_CTX_free(md);
    xmlBufferFree(octets);
    xmlNodeSetContent(value, BAD_CAST saml_base64_encode(pool, raw, len));
}

/*
 * Fill in the digests and the value of the first Signature in `xml`, whatever its shape. For PSS the method is another
 * one while xmlsec1 makes the digests.
 */
static inline const char *material_sign(const char *xml, EVP_PKEY *key)
{
    xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, "UTF-8", XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlSecDSigCtxPtr ctx = xmlSecDSigCtxCreate(NULL);
    xmlNode *signature, *method;
    const saml_algorithm_t *alg = NULL;
    const char *signed_xml;
    xmlChar *text, *uri;
    int len;

    assert_non_null(doc);
    assert_non_null(ctx);
    material_register_ids(xmlDocGetRootElement(doc));
    signature = xmlSecFindNode(xmlDocGetRootElement(doc), BAD_CAST "Signature", BAD_CAST SAML_NS_DSIG);
    assert_non_null(signature);
    method = xmlSecFindNode(signature, BAD_CAST "SignatureMethod", BAD_CAST SAML_NS_DSIG);
    uri = method ? xmlGetNoNsProp(method, BAD_CAST "Algorithm") : NULL;
    if (saml_algorithm_find(&alg, SAML_ALG_SIGNATURE, (const char *)uri, ~0u, &err) == SAML_OK && alg->is_pss)
        xmlSetProp(method, BAD_CAST "Algorithm", BAD_CAST SAML_ALG_RSA_SHA256);
    EVP_PKEY_up_ref(key);
    ctx->signKey = xmlSecKeyCreate();
    assert_int_equal(xmlSecKeySetValue(ctx->signKey, xmlSecOpenSSLEvpKeyAdopt(key)), 0);
    if (xmlSecDSigCtxSign(ctx, signature) != 0)
        fail_msg("the test could not sign: %s\n%s", saml_xmlsec_reason(pool), xml);
    xmlSecDSigCtxDestroy(ctx);
    if (alg && alg->is_pss) {
        xmlSetProp(method, BAD_CAST "Algorithm", uri);
        material_sign_pss(signature, alg->digest, key);
    }
    xmlFree(uri);
    xmlDocDumpMemory(doc, &text, &len);
    signed_xml = apr_pstrmemdup(pool, (const char *)text, (apr_size_t)len);
    xmlFree(text);
    xmlFreeDoc(doc);
    return signed_xml;
}

/* `text` with the first `from` replaced by `to`; the test fails where `from` is not there. */
static inline const char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    if (!at)
        fail_msg("\"%s\" is not in %s", from, text);
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), to, at + strlen(from), NULL);
}

#endif
