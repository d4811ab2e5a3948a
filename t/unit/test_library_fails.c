/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the libraries beneath could not do is never taken for done. Each call of theirs that a result depends on fails once,
 * every time that it is made: nothing is accepted, signed, decrypted or generated then, and a reason is given. Functions of
 * their names stand here and hand on to the real ones; only calls out of our own code fail.
 */

#include "failing.h"
#include "fixture.h"
#include "material.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <libxml/c14n.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <xmlsec/crypto.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/templates.h>
#include <xmlsec/xmldsig.h>
#include <zlib.h>
#include "saml/algorithm.h"
#include "saml/binding.h"
#include "saml/encoding.h"
#include "saml/id.h"
#include "saml/metadata.h"
#include "saml/request.h"
#include "saml/signature.h"

/* ---- which call fails ------------------------------------------------------ */

/* OpenSSL: digests, signatures */
FAILING(EVP_MD_CTX *, NULL, EVP_MD_CTX_new, (void), ())
FAILING(int, 0, EVP_DigestInit_ex, (EVP_MD_CTX *c, const EVP_MD *md, ENGINE *e), (c, md, e))
FAILING(int, 0, EVP_DigestUpdate, (EVP_MD_CTX *c, const void *data, size_t len), (c, data, len))
FAILING(int, 0, EVP_DigestFinal_ex, (EVP_MD_CTX *c, unsigned char *out, unsigned *len), (c, out, len))
FAILING(int, 0, EVP_Digest, (const void *data, size_t len, unsigned char *out, unsigned *out_len, const EVP_MD *md, ENGINE *e),
        (data, len, out, out_len, md, e))
FAILING(int, 0, EVP_DigestSignInit_ex, (EVP_MD_CTX *c, EVP_PKEY_CTX **pc, const char *md, OSSL_LIB_CTX *lib, const char *props,
        EVP_PKEY *key, const OSSL_PARAM params[]), (c, pc, md, lib, props, key, params))
FAILING(int, 0, EVP_DigestSign, (EVP_MD_CTX *c, unsigned char *sig, size_t *sig_len, const unsigned char *data, size_t len),
        (c, sig, sig_len, data, len))
FAILING(int, 0, EVP_DigestVerifyInit_ex, (EVP_MD_CTX *c, EVP_PKEY_CTX **pc, const char *md, OSSL_LIB_CTX *lib, const char *props,
        EVP_PKEY *key, const OSSL_PARAM params[]), (c, pc, md, lib, props, key, params))
FAILING(int, -1, EVP_DigestVerify, (EVP_MD_CTX *c, const unsigned char *sig, size_t sig_len, const unsigned char *data, size_t len),
        (c, sig, sig_len, data, len))
FAILING(int, -1, EVP_PKEY_CTX_set_rsa_padding, (EVP_PKEY_CTX *c, int padding), (c, padding))
FAILING(int, -1, EVP_PKEY_CTX_set_rsa_pss_saltlen, (EVP_PKEY_CTX *c, int len), (c, len))
FAILING(ECDSA_SIG *, NULL, ECDSA_SIG_new, (void), ())
FAILING(int, 0, ECDSA_SIG_set0, (ECDSA_SIG *sig, BIGNUM *r, BIGNUM *s), (sig, r, s))
FAILING(BIGNUM *, NULL, BN_bin2bn, (const unsigned char *data, int len, BIGNUM *n), (data, len, n))
FAILING(int, 0, EVP_PKEY_get_bn_param, (const EVP_PKEY *key, const char *name, BIGNUM **n), (key, name, n))
FAILING(int, 0, EVP_PKEY_get_group_name, (const EVP_PKEY *key, char *name, size_t room, size_t *len), (key, name, room, len))
FAILING(int, 0, EVP_PKEY_up_ref, (EVP_PKEY *key), (key))

/* OpenSSL: decryption */
FAILING(EVP_CIPHER *, NULL, EVP_CIPHER_fetch, (OSSL_LIB_CTX *lib, const char *name, const char *props), (lib, name, props))
FAILING(EVP_CIPHER_CTX *, NULL, EVP_CIPHER_CTX_new, (void), ())
FAILING(int, 0, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX *c, int type, int arg, void *data), (c, type, arg, data))
FAILING(int, 0, EVP_CIPHER_CTX_set_padding, (EVP_CIPHER_CTX *c, int on), (c, on))
FAILING(int, -1, EVP_CIPHER_get_key_length, (const EVP_CIPHER *cipher), (cipher))
FAILING(int, 0, EVP_DecryptInit_ex2, (EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
        const unsigned char *iv, const OSSL_PARAM params[]), (c, cipher, key, iv, params))
FAILING(int, 0, EVP_DecryptUpdate, (EVP_CIPHER_CTX *c, unsigned char *out, int *len, const unsigned char *in, int in_len),
        (c, out, len, in, in_len))
FAILING(int, 0, EVP_DecryptFinal_ex, (EVP_CIPHER_CTX *c, unsigned char *out, int *len), (c, out, len))
FAILING(EVP_PKEY_CTX *, NULL, EVP_PKEY_CTX_new_from_pkey, (OSSL_LIB_CTX *lib, EVP_PKEY *key, const char *props), (lib, key, props))
FAILING(int, 0, EVP_PKEY_decrypt_init, (EVP_PKEY_CTX *c), (c))
FAILING(int, 0, EVP_PKEY_CTX_set_rsa_oaep_md, (EVP_PKEY_CTX *c, const EVP_MD *md), (c, md))
FAILING(int, 0, EVP_PKEY_CTX_set_rsa_mgf1_md, (EVP_PKEY_CTX *c, const EVP_MD *md), (c, md))
FAILING(int, 0, RAND_bytes, (unsigned char *out, int len), (out, len))

/* OpenSSL: certificates */
FAILING(X509 *, NULL, X509_new, (void), ())
FAILING(int, 0, X509_set_version, (X509 *x, long version), (x, version))
FAILING(BIGNUM *, NULL, BN_new, (void), ())
FAILING(int, 0, BN_rand, (BIGNUM *n, int bits, int top, int bottom), (n, bits, top, bottom))
FAILING(ASN1_INTEGER *, NULL, BN_to_ASN1_INTEGER, (const BIGNUM *n, ASN1_INTEGER *out), (n, out))
FAILING(X509_NAME *, NULL, X509_NAME_new, (void), ())
FAILING(int, 0, X509_NAME_add_entry_by_NID, (X509_NAME *n, int nid, int type, const unsigned char *text, int len, int at, int set),
        (n, nid, type, text, len, at, set))
FAILING(int, 0, X509_set_subject_name, (X509 *x, const X509_NAME *name), (x, name))
FAILING(int, 0, X509_set_issuer_name, (X509 *x, const X509_NAME *name), (x, name))
FAILING(ASN1_TIME *, NULL, ASN1_TIME_adj, (ASN1_TIME *out, time_t t, int days, long seconds), (out, t, days, seconds))
FAILING(int, 0, X509_set_pubkey, (X509 *x, EVP_PKEY *key), (x, key))
FAILING(X509_EXTENSION *, NULL, X509V3_EXT_conf_nid, (LHASH_OF(CONF_VALUE) *conf, X509V3_CTX *c, int nid, const char *value),
        (conf, c, nid, value))
FAILING(int, 0, X509_add_ext, (X509 *x, X509_EXTENSION *extension, int at), (x, extension, at))
FAILING(int, 0, X509_sign, (X509 *x, EVP_PKEY *key, const EVP_MD *md), (x, key, md))
FAILING(BIO *, NULL, BIO_new, (const BIO_METHOD *method), (method))
FAILING(BIO *, NULL, BIO_new_mem_buf, (const void *data, int len), (data, len))
FAILING(int, 0, PEM_write_bio_PrivateKey, (BIO *bio, const EVP_PKEY *key, const EVP_CIPHER *cipher, const unsigned char *pass,
        int len, pem_password_cb *cb, void *baton), (bio, key, cipher, pass, len, cb, baton))
FAILING(int, 0, PEM_write_bio_X509, (BIO *bio, const X509 *x), (bio, x))
FAILING(ASN1_TIME *, NULL, ASN1_TIME_set, (ASN1_TIME *out, time_t t), (out, t))
FAILING(int, 0, ASN1_TIME_diff, (int *days, int *seconds, const ASN1_TIME *from, const ASN1_TIME *to), (days, seconds, from, to))
FAILING(EVP_PKEY *, NULL, X509_get_pubkey, (X509 *x), (x))
FAILING(int, -1, X509_NAME_print_ex, (BIO *out, const X509_NAME *name, int indent, unsigned long flags), (out, name, indent, flags))

/* libxml2 */
FAILING(xmlBufferPtr, NULL, xmlBufferCreate, (void), ())
FAILING(xmlBufferPtr, NULL, xmlBufferCreateSize, (size_t size), (size))
FAILING(xmlOutputBufferPtr, NULL, xmlOutputBufferCreateBuffer, (xmlBufferPtr buffer, xmlCharEncodingHandlerPtr encoder),
        (buffer, encoder))
FAILING(int, (next(out), -1), xmlOutputBufferClose, (xmlOutputBufferPtr out), (out))
FAILING(int, -1, xmlC14NExecute, (xmlDocPtr doc, xmlC14NIsVisibleCallback visible, void *baton, int mode, xmlChar **prefixes,
        int comments, xmlOutputBufferPtr out), (doc, visible, baton, mode, prefixes, comments, out))
FAILING(xmlIDPtr, NULL, xmlAddID, (xmlValidCtxtPtr c, xmlDocPtr doc, const xmlChar *value, xmlAttrPtr attr), (c, doc, value, attr))
FAILING(xmlParserCtxtPtr, NULL, xmlNewParserCtxt, (void), ())
FAILING(xmlDocPtr, NULL, xmlNewDoc, (const xmlChar *version), (version))
FAILING(xmlNodePtr, NULL, xmlDocCopyNode, (xmlNodePtr node, xmlDocPtr doc, int recursive), (node, doc, recursive))
FAILING(xmlNodePtr, NULL, xmlNewChild, (xmlNodePtr parent, xmlNsPtr ns, const xmlChar *name, const xmlChar *content),
        (parent, ns, name, content))
FAILING(int, -1, xmlNodeDump, (xmlBufferPtr buffer, xmlDocPtr doc, xmlNodePtr node, int level, int format),
        (buffer, doc, node, level, format))

FAILING(int, -1, xmlReconciliateNs, (xmlDocPtr doc, xmlNodePtr node), (doc, node))

/* xmlsec1 */
FAILING(xmlSecDSigCtxPtr, NULL, xmlSecDSigCtxCreate, (xmlSecKeysMngrPtr manager), (manager))
FAILING(xmlSecKeyPtr, NULL, xmlSecKeyCreate, (void), ())
FAILING(int, -1, xmlSecKeySetValue, (xmlSecKeyPtr key, xmlSecKeyDataPtr value), (key, value))
FAILING(xmlSecKeyDataPtr, NULL, xmlSecOpenSSLEvpKeyAdopt, (EVP_PKEY *key), (key))
FAILING(xmlNodePtr, NULL, xmlSecTmplSignatureCreateNsPref, (xmlDocPtr doc, xmlSecTransformId c14n, xmlSecTransformId method,
        const xmlChar *id, const xmlChar *prefix), (doc, c14n, method, id, prefix))
FAILING(xmlNodePtr, NULL, xmlSecTmplSignatureAddReference, (xmlNodePtr signature, xmlSecTransformId digest, const xmlChar *id,
        const xmlChar *uri, const xmlChar *type), (signature, digest, id, uri, type))
FAILING(xmlNodePtr, NULL, xmlSecTmplReferenceAddTransform, (xmlNodePtr reference, xmlSecTransformId id), (reference, id))
FAILING(int, -1, xmlSecDSigCtxSign, (xmlSecDSigCtxPtr c, xmlNodePtr node), (c, node))
FAILING(int, -1, xmlSecInit, (void), ())
FAILING(int, 0, xmlSecCheckVersionExt, (int major, int minor, int subminor, xmlSecCheckVersionMode mode),
        (major, minor, subminor, mode))
FAILING(int, -1, xmlSecOpenSSLInit, (void), ())

/* zlib, APR */
FAILING(int, Z_MEM_ERROR, deflateInit2_, (z_streamp z, int level, int method, int bits, int memory, int strategy,
        const char *version, int size), (z, level, method, bits, memory, strategy, version, size))
FAILING(int, Z_BUF_ERROR, deflate, (z_streamp z, int flush), (z, flush))
FAILING(int, Z_MEM_ERROR, inflateInit2_, (z_streamp z, int bits, const char *version, int size), (z, bits, version, size))
FAILING(apr_status_t, APR_EGENERAL, apr_file_info_get, (apr_finfo_t *info, apr_int32_t wanted, apr_file_t *f), (info, wanted, f))
FAILING(apr_status_t, APR_EGENERAL, apr_file_read_full, (apr_file_t *f, void *out, apr_size_t len, apr_size_t *got),
        (f, out, len, got))

/* Making a key takes long, so it is one for all; the type is RSA wherever our code makes one. */
EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *lib, const char *props, const char *type, ...)
{
    static EVP_PKEY *(*next)(OSSL_LIB_CTX *, const char *, const char *, ...);
    static EVP_PKEY *made;
    va_list more;

    if (!next)
        FIND(next, "EVP_PKEY_Q_keygen");
    if (is_due("EVP_PKEY_Q_keygen", __builtin_return_address(0)))
        return NULL;
    va_start(more, type);
    if (strcmp(type, "EC") == 0) {
        EVP_PKEY *ec = next(lib, props, type, va_arg(more, const char *));

        va_end(more);
        return ec;
    }
    if (!made) {
        made = next(lib, props, type, va_arg(more, size_t));
        apr_pool_cleanup_register(group_pool, made, material_free_key, apr_pool_cleanup_null);
    }
    va_end(more);
    EVP_PKEY_up_ref(made);
    return made;
}

/* ---- what is asked of the library ----------------------------------------- */

static saml_keypair_t *sp_key;
static saml_cert_t *ec_cert, *rsa_cert;
static const char *ec_value, *pss_value, *metadata_file;

static const char *value_of(EVP_PKEY *key, int is_pss)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx;
    unsigned char value[512];
    size_t len = sizeof(value);

    assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, "SHA256", NULL, NULL, key, NULL), 1);
    if (is_pss) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0);
    }
    assert_int_equal(EVP_DigestSign(md, value, &len, (const unsigned char *)"a=b", 3), 1);
    EVP_MD_CTX_free(md);
    if (!is_pss) {      /* XML Signature 6.4.3: r and s side by side */
        const unsigned char *at = value;
        ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);

        BN_bn2binpad(ECDSA_SIG_get0_r(pair), value, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), value + 32, 32);
        ECDSA_SIG_free(pair);
        len = 64;
    }
    return saml_base64_encode(group_pool, value, len);
}

static const char *make_metadata(void)
{
    const char *text = apr_pstrcat(group_pool, "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" entityID=\"" IDP "\">"
                                   "<md:IDPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\"><md:KeyDescriptor>"
                                   "<KeyInfo xmlns=\"" SAML_NS_DSIG "\"><X509Data><X509Certificate>", rsa_cert->base64,
                                   "</X509Certificate></X509Data></KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding=\""
                                   SAML_BINDING_POST "\" Location=\"https://idp.example/\"/></md:IDPSSODescriptor>"
                                   "</md:EntityDescriptor>", NULL);
    const char *dir;
    char *name;
    apr_file_t *f;

    assert_int_equal(apr_temp_dir_get(&dir, group_pool), APR_SUCCESS);
    name = apr_pstrcat(group_pool, dir, "/test_library_fails.XXXXXX", NULL);
    assert_int_equal(apr_file_mktemp(&f, name, APR_FOPEN_CREATE | APR_FOPEN_WRITE | APR_FOPEN_EXCL | APR_FOPEN_DELONCLOSE,
                                     group_pool), APR_SUCCESS);
    assert_int_equal(apr_file_write_full(f, text, strlen(text), NULL), APR_SUCCESS);
    return name;    /* gone with the group's pool */
}

static int set_up_material(void **state)
{
    EVP_PKEY *rsa, *ec;

    if (set_up_expectation(state) != 0)
        return -1;
    rsa = material_key("RSA", 2048, NULL);
    ec = material_key("EC", 0, "P-256");
    sp_key = fixture_key("sp.key", "sp.crt");
    sp_keys = pointers(sp_key, NULL);
    rsa_cert = material_valid_cert(rsa, "rsa");
    ec_cert = material_valid_cert(ec, "ec");
    pss_value = value_of(rsa, 1);
    ec_value = value_of(ec, 0);
    metadata_file = make_metadata();
    return 0;
}

static saml_status_t check(const char *file, unsigned allow)
{
    saml_expect_t want = expectation();
    saml_login_t *login = NULL;
    saml_status_t status;
    const char *planned = plan.function;
    apr_size_t len;
    const char *xml;

    plan.function = NULL;       /* reading the fixture is not what fails */
    xml = read_fixture(&len, file);
    plan.function = planned;
    want.allow = allow;
    status = saml_response_check(&login, xml, len, &want, pool, &err);
    assert_int_equal(login != NULL, status == SAML_OK);
    return status;
}

static saml_status_t check_signed(void)
{
    return check("response-good.xml", 0);
}

static saml_status_t check_cbc(void)
{
    return check("response-encrypted-assertion-signed.xml", 0);
}

static saml_status_t check_gcm(void)
{
    return check("response-encrypted-gcm.xml", 0);
}

static saml_status_t check_rsa1_5(void)
{
    return check("response-encrypted-rsa1_5.xml", SAML_ALLOW_RSA1_5);
}

static saml_status_t check_prefix_outside(void)
{
    return check("response-encrypted-prefix-outside.xml", 0);
}

static saml_status_t check_claims(void)
{
    return check("response-claim-shapes.xml", 0);
}

static saml_status_t load_metadata(void)
{
    saml_idp_t *idp = NULL;
    saml_status_t status = saml_metadata_load(&idp, metadata_file, NULL, NOW, pool, &err);

    assert_int_equal(idp != NULL, status == SAML_OK);
    return status;
}

static saml_status_t verify_octets(const char *alg, const char *value, saml_cert_t *cert)
{
    saml_trust_t trust = { .certs = material_certs(1, cert), .now = MATERIAL_NOW };

    return saml_octets_verify("a=b", 3, alg, value, &trust, pool, &err);
}

static saml_status_t verify_ec(void)
{
    return verify_octets("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", ec_value, ec_cert);
}

static saml_status_t verify_pss(void)
{
    return verify_octets("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", pss_value, rsa_cert);
}

static saml_status_t sign_message(void)
{
    const char *out = NULL;
    saml_status_t status = saml_signature_sign(&out, "<m ID=\"_m\"><x/></m>", sp_key, pool, &err);

    assert_int_equal(out != NULL, status == SAML_OK);
    return status;
}

static saml_status_t sign_octets(void)
{
    const char *out = NULL;
    saml_status_t status = saml_octets_sign(&out, "a=b", 3, sp_key, pool, &err);

    assert_int_equal(out != NULL, status == SAML_OK);
    return status;
}

static saml_status_t redirect(void)
{
    const char *url = NULL;
    saml_status_t status = saml_redirect_url(&url, "https://idp.example/", "SAMLRequest", "<m/>", NULL, sp_key, NULL, pool, &err);

    assert_int_equal(url != NULL, status == SAML_OK);
    return status;
}

static saml_status_t inflate_message(void)
{
    static const char packed[] = { 0x03, 0x00 };    /* DEFLATE of nothing */
    const char *out = NULL;
    apr_size_t len;
    saml_status_t status = saml_inflate(&out, &len, packed, sizeof(packed), 100, "it", pool, &err);

    assert_int_equal(out != NULL, status == SAML_OK);
    return status;
}

static saml_status_t generate(void)
{
    const char *key = NULL, *cert = NULL;
    saml_status_t status = saml_keypair_generate(&key, &cert, "sp", 2048, 30, NOW, pool, &err);

    assert_int_equal(key != NULL && cert != NULL, status == SAML_OK);
    return status;
}

static saml_status_t read_certificate(void)
{
    apr_array_header_t *certs = NULL;
    saml_status_t status = saml_certs_parse(&certs, rsa_cert->base64, strlen(rsa_cert->base64), "it", pool, &err);

    assert_int_equal(certs != NULL, status == SAML_OK);
    return status;
}

static saml_status_t load_key(void)
{
    saml_keypair_t *pair = NULL;
    saml_status_t status = saml_keypair_load(&pair, fixture_path("sp.key"), fixture_path("sp.crt"), pool, &err);

    assert_int_equal(pair != NULL, status == SAML_OK);
    return status;
}

static saml_status_t read_and_check(const saml_cert_t *cert)
{
    apr_array_header_t *certs;

    SAML_TRY(saml_certs_parse(&certs, cert->base64, strlen(cert->base64), "it", pool, &err));
    return saml_cert_check(APR_ARRAY_IDX(certs, 0, const saml_cert_t *), MATERIAL_NOW, 0, &err);
}

static saml_status_t check_exponent(void)
{
    return read_and_check(rsa_cert);
}

static saml_status_t check_curve(void)
{
    return read_and_check(ec_cert);
}

static saml_status_t new_id(void)
{
    const char *id = NULL;
    saml_status_t status = saml_id_new(&id, pool, &err);

    assert_int_equal(id != NULL, status == SAML_OK);
    return status;
}

static saml_status_t new_token(void)
{
    const char *token = NULL;
    saml_status_t status = saml_token_new(&token, 16, pool, &err);

    assert_int_equal(token != NULL, status == SAML_OK);
    return status;
}

/* ---- each call of each function ---------------------------------------------- */

#define MOST 12

static const struct {
    const char *what;
    saml_status_t (*act)(void);
    const char *functions[24];
} cases[] = {
    { "a signed Response", check_signed,
      { "xmlNewParserCtxt", "xmlBufferCreateSize", "xmlOutputBufferCreateBuffer", "xmlC14NExecute", "xmlOutputBufferClose",
        "EVP_MD_CTX_new", "EVP_DigestVerifyInit_ex", "EVP_PKEY_CTX_set_rsa_padding", "EVP_DigestVerify", "EVP_Digest",
        "EVP_DigestInit_ex", "EVP_DigestUpdate", "EVP_DigestFinal_ex" } },
    { "an encrypted Assertion, CBC", check_cbc,
      { "EVP_PKEY_CTX_new_from_pkey", "EVP_PKEY_decrypt_init", "EVP_PKEY_CTX_set_rsa_padding", "EVP_PKEY_CTX_set_rsa_oaep_md",
        "EVP_PKEY_CTX_set_rsa_mgf1_md", "RAND_bytes", "EVP_CIPHER_fetch", "EVP_CIPHER_get_key_length", "EVP_CIPHER_CTX_new",
        "EVP_DecryptInit_ex2", "EVP_CIPHER_CTX_set_padding", "EVP_DecryptUpdate", "EVP_DecryptFinal_ex" } },
    { "an encrypted Assertion, GCM", check_gcm,
      { "EVP_CIPHER_CTX_ctrl", "EVP_DecryptInit_ex2", "EVP_DecryptUpdate", "EVP_DecryptFinal_ex" } },
    { "an encrypted Assertion, RSA 1.5", check_rsa1_5, { "EVP_PKEY_CTX_set_rsa_padding", "RAND_bytes" } },
    { "an encrypted Assertion with a prefix from outside", check_prefix_outside, { "xmlNewDoc", "xmlDocCopyNode" } },
    { "a value with elements", check_claims,
      { "xmlBufferCreate", "xmlNewDoc", "xmlDocCopyNode", "xmlReconciliateNs", "xmlNodeDump" } },
    { "metadata", load_metadata, { "apr_file_info_get", "apr_file_read_full" } },
    { "octets signed with ECDSA", verify_ec, { "ECDSA_SIG_new", "BN_bin2bn", "ECDSA_SIG_set0", "EVP_DigestVerify" } },
    { "octets signed with PSS", verify_pss, { "EVP_PKEY_CTX_set_rsa_padding", "EVP_PKEY_CTX_set_rsa_pss_saltlen" } },
    { "signing a message", sign_message,
      { "xmlNewParserCtxt", "xmlAddID", "xmlSecTmplSignatureCreateNsPref", "xmlSecTmplSignatureAddReference",
        "xmlSecTmplReferenceAddTransform", "xmlSecDSigCtxCreate", "xmlSecKeyCreate", "EVP_PKEY_up_ref", "xmlSecOpenSSLEvpKeyAdopt",
        "xmlSecKeySetValue", "xmlSecDSigCtxSign", "xmlNewChild", "xmlBufferCreate", "xmlNodeDump" } },
    { "signing octets", sign_octets, { "EVP_MD_CTX_new", "EVP_DigestSignInit_ex", "EVP_DigestSign" } },
    { "a redirect", redirect, { "deflateInit2_", "deflate", "EVP_DigestSign" } },
    { "inflating", inflate_message, { "inflateInit2_" } },
    { "making a key pair", generate,
      { "EVP_PKEY_Q_keygen", "X509_new", "X509_set_version", "BN_new", "BN_rand", "BN_to_ASN1_INTEGER", "X509_NAME_new",
        "X509_NAME_add_entry_by_NID", "X509_set_subject_name", "X509_set_issuer_name", "ASN1_TIME_adj", "X509_set_pubkey",
        "X509V3_EXT_conf_nid", "X509_add_ext", "X509_sign", "BIO_new", "PEM_write_bio_PrivateKey", "PEM_write_bio_X509" } },
    { "reading a certificate", read_certificate, { "ASN1_TIME_set", "ASN1_TIME_diff", "X509_get_pubkey" } },
    { "loading a key", load_key, { "apr_file_info_get", "apr_file_read_full", "BIO_new_mem_buf" } },
    { "an exponent", check_exponent, { "EVP_PKEY_get_bn_param" } },
    { "a curve", check_curve, { "EVP_PKEY_get_group_name" } },
    { "an ID", new_id, { "RAND_bytes" } },
    { "a token", new_token, { "RAND_bytes" } },
};

static void start_over(void)
{
    tear_down(NULL);
    assert_int_equal(set_up(NULL), 0);
    err.reason = NULL;
}

static void try_function(const char *what, saml_status_t (*act)(void), const char *function)
{
    int calls, i;

    start_over();
    plan.function = function;
    plan.seen = plan.fail_at = 0;
    if (act() != SAML_OK)
        fail_msg("%s, nothing failing: %s", what, err.reason);
    calls = plan.seen;
    if (calls == 0)
        fail_msg("%s: no call of %s", what, function);
    for (i = 1; i <= calls && i <= MOST; i++) {
        start_over();
        plan.seen = 0;
        plan.fail_at = i;
        if (act() == SAML_OK)
            fail_msg("%s: call %d of %d of %s failed, and that was taken for well", what, i, calls, function);
        if (!err.reason || !*err.reason)
            fail_msg("%s: no reason when call %d of %s failed", what, i, function);
    }
    plan.function = NULL;
}

static void test_each_call(void **state)
{
    size_t i;
    int k;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (k = 0; cases[i].functions[k]; k++)
            try_function(cases[i].what, cases[i].act, cases[i].functions[k]);
}

/* Reports lose a word then, and nothing else. */
static void test_reports_do_without(void **state)
{
    static const struct { const char *function; int at; } harmless[] = {
        { "EVP_Digest", 1 }, { "EVP_Digest", 2 }, { "BIO_new", 1 }, { "X509_NAME_print_ex", 1 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        apr_array_header_t *certs;
        const saml_cert_t *cert;

        start_over();
        plan.function = harmless[i].function;
        plan.seen = 0;
        plan.fail_at = harmless[i].at;
        assert_int_equal(saml_certs_parse(&certs, rsa_cert->base64, strlen(rsa_cert->base64), "it", pool, &err), SAML_OK);
        plan.function = NULL;
        cert = APR_ARRAY_IDX(certs, 0, const saml_cert_t *);
        if (i == 0)
            assert_string_equal(cert->sha256, "unknown");
        if (i == 1)
            assert_string_equal(cert->sha1, "unknown");
        if (i >= 2)
            assert_string_equal(cert->subject, "none");
    }
}

/* The set-up runs once in a process, so that each failure has one of its own. */
static void test_set_up(void **state)
{
    static const struct { const char *function, *says; } steps[] = {
        { "xmlSecInit", "xmlsec1 could not be set up" },
        { "xmlSecCheckVersionExt", "not compatible with the one this was built for" },
        { "xmlSecOpenSSLInit", "xmlsec1's OpenSSL part could not be set up" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        char number[2] = { (char)('0' + i), '\0' }, *argv[] = { (char *)"test_library_fails", number, NULL };
        int status = -1;
        pid_t child;

        fflush(NULL);
        child = fork();
        if (child == 0) {
            execv("/proc/self/exe", argv);
            _exit(3);
        }
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("%s: expected \"%s\", and no signature judged", steps[i].function, steps[i].says);
    }
}

/* In a process of its own: the set-up fails at `step`, and nothing that needs it goes on. 0 where all is as it should be. */
static int fail_set_up(int step)
{
    static const char *const functions[] = { "xmlSecInit", "xmlSecCheckVersionExt", "xmlSecOpenSSLInit" };
    static const char *const says[] = { "could not be set up", "is not compatible", "OpenSSL part could not be set up" };
    static const char message[] = "<m ID=\"_m\"/>";
    saml_trust_t trust = { .certs = NULL, .now = NOW };
    saml_verified_t *v = NULL;
    const char *out = NULL;
    saml_doc_t *doc;

    apr_initialize();
    apr_pool_create(&group_pool, NULL);
    set_up(NULL);
    plan.function = functions[step];
    plan.fail_at = 1;
    if (saml_library_init(&err) == SAML_OK || !strstr(err.reason, says[step]))
        return 1;
    if (saml_doc_parse(&doc, message, strlen(message), 1000, "it", pool, &err) != SAML_OK
        || saml_signature_verify(&v, doc, saml_doc_root(doc), &trust, pool, &err) == SAML_OK || v)
        return 2;
    sp_key = fixture_key("sp.key", "sp.crt");
    if (saml_signature_sign(&out, message, sp_key, pool, &err) == SAML_OK || out)
        return 4;
    apr_pool_destroy(group_pool);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = { unit(test_each_call), unit(test_reports_do_without), unit(test_set_up) };

    if (argc > 1)
        return fail_set_up(argv[1][0] - '0');
    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_material, tear_down_library);
}
