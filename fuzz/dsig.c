/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/dsig.h"

#include <string.h>
#include <apr_strings.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include "saml/saml.h"

#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define INCLUSIVE "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define INCLUSIVE_11 "http://www.w3.org/2006/12/xml-c14n11"
#define ENVELOPED SAML_NS_DSIG "enveloped-signature"
#define MORE      "http://www.w3.org/2001/04/xmldsig-more#"
#define MORE_2007 "http://www.w3.org/2007/05/xmldsig-more#"
#define SHA256    SAML_NS_XENC "sha256"
#define MAX_PREFIXES 32

/* ---- reading --------------------------------------------------------------- */

static int is_element(const xmlNode *el, const char *ns, const char *name)
{
    return el->type == XML_ELEMENT_NODE && el->ns && xmlStrEqual(el->ns->href, BAD_CAST ns)
           && xmlStrEqual(el->name, BAD_CAST name);
}

xmlNode *fuzz_child(const xmlNode *el, const char *ns, const char *name)
{
    xmlNode *child;

    for (child = el ? el->children : NULL; child; child = child->next) {
        if (is_element(child, ns, name))
            return child;
    }
    return NULL;
}

/* Copied and freed, without white space around it. */
static const char *taken(xmlChar *text, apr_pool_t *p)
{
    char *copy = apr_pstrdup(p, text ? (const char *)text : ""), *end = copy + strlen(copy);

    xmlFree(text);
    copy += strspn(copy, " \t\r\n");
    while (end > copy && strchr(" \t\r\n", end[-1]))
        *--end = '\0';
    return copy;
}

const char *fuzz_text(const xmlNode *el, apr_pool_t *p)
{
    return taken(el ? xmlNodeGetContent(el) : NULL, p);
}

const char *fuzz_attribute(const xmlNode *el, const char *name, apr_pool_t *p)
{
    xmlAttr *a = el ? xmlHasNsProp(el, BAD_CAST name, NULL) : NULL;

    return a ? taken(xmlNodeListGetString(el->doc, a->children, 1), p) : NULL;
}

static unsigned char *unbase64(int *len, const char *text, apr_pool_t *p)
{
    char *bare = apr_palloc(p, strlen(text) + 1), *to = bare;
    unsigned char *out = apr_palloc(p, strlen(text) + 4);

    for (; *text; text++) {
        if (!strchr(" \t\r\n", *text))
            *to++ = *text;
    }
    *to = '\0';
    *len = EVP_DecodeBlock(out, (unsigned char *)bare, (int)(to - bare));
    while (*len > 0 && to > bare && *--to == '=')
        --*len;
    return out;
}

static const char *base64(const unsigned char *data, size_t len, apr_pool_t *p)
{
    char *out = apr_palloc(p, (len + 2) / 3 * 4 + 1);

    EVP_EncodeBlock((unsigned char *)out, data, (int)len);
    return out;
}

/* ---- canonical form --------------------------------------------------------- */

typedef struct {
    int mode;           /* xmlC14NMode */
    int comments;
    xmlChar *prefixes[MAX_PREFIXES + 1];
    int has_prefixes;
} form_t;

typedef struct {
    const xmlNode *whole;
    const xmlNode *without;
} cover_t;

static int is_covered(void *data, xmlNode *node, xmlNode *parent)
{
    const cover_t *cover = data;
    const xmlNode *at = node->type == XML_NAMESPACE_DECL ? parent : node;

    for (; at; at = at->parent) {
        if (at == cover->without)
            return 0;
        if (at == cover->whole)
            return 1;
    }
    return 0;
}

/* XML Signature 4.4.3.3: what "#ID" names has no comments, whatever the canonical form would do with them. */
static void drop_comments(form_t *form)
{
    form->comments = 0;
}

static const char *canonical(size_t *len, const xmlNode *el, const xmlNode *without, form_t *form, apr_pool_t *p)
{
    cover_t cover = { el, without };
    xmlOutputBuffer *buffer = xmlAllocOutputBuffer(NULL);
    const char *out = NULL;

    if (buffer && xmlC14NExecute(el->doc, is_covered, &cover, form->mode, form->has_prefixes ? form->prefixes : NULL,
                                 form->comments, buffer) >= 0) {
        *len = xmlOutputBufferGetSize(buffer);
        out = apr_pstrmemdup(p, (const char *)xmlOutputBufferGetContent(buffer), *len);
    }
    if (buffer)
        xmlOutputBufferClose(buffer);
    return out;
}

/* From the element that names the algorithm. @return 0 where it is none of canonicalisation */
static int read_form(form_t *form, const xmlNode *el, apr_pool_t *p)
{
    const char *name = fuzz_attribute(el, "Algorithm", p), *list;
    char *prefix, *state, *hash;
    int n = 0;

    memset(form, 0, sizeof(*form));
    name = name ? name : "";
    hash = strstr(name, "#WithComments");
    form->comments = hash != NULL;
    if (strncmp(name, EXCLUSIVE, strlen(EXCLUSIVE)) == 0)
        form->mode = XML_C14N_EXCLUSIVE_1_0;
    else if (strncmp(name, INCLUSIVE, strlen(INCLUSIVE)) == 0)
        form->mode = XML_C14N_1_0;
    else if (strncmp(name, INCLUSIVE_11, strlen(INCLUSIVE_11)) == 0)
        form->mode = XML_C14N_1_1;
    else
        return 0;
    list = fuzz_attribute(fuzz_child(el, EXCLUSIVE, "InclusiveNamespaces"), "PrefixList", p);
    for (prefix = list ? apr_strtok(apr_pstrdup(p, list), " \t\r\n", &state) : NULL; prefix && n < MAX_PREFIXES;
         prefix = apr_strtok(NULL, " \t\r\n", &state))
        form->prefixes[n++] = (xmlChar *)prefix;
    form->has_prefixes = n > 0;
    return 1;
}

/* ---- verifying --------------------------------------------------------------- */

static const EVP_MD *digest_named(const char *algorithm)
{
    const char *hash = algorithm ? strrchr(algorithm, '#') : NULL;
    const char *name = hash ? strstr(hash, "sha") : NULL;

    if (!name)
        return NULL;
    return strncmp(name, "sha256", 6) == 0   ? EVP_sha256()
           : strncmp(name, "sha384", 6) == 0 ? EVP_sha384()
           : strncmp(name, "sha512", 6) == 0 ? EVP_sha512()
           : strncmp(name, "sha1", 4) == 0   ? EVP_sha1()
                                             : NULL;
}

/* XML Signature 4.3.3: the one Reference is to `el`, and its digest is el's. */
static int digest_holds(const xmlNode *el, const xmlNode *signature, const xmlNode *reference, apr_pool_t *p)
{
    const char *uri = fuzz_attribute(reference, "URI", p), *id = fuzz_attribute(el, "ID", p);
    const EVP_MD *md = digest_named(fuzz_attribute(fuzz_child(reference, SAML_NS_DSIG, "DigestMethod"), "Algorithm", p));
    const xmlNode *transforms = fuzz_child(reference, SAML_NS_DSIG, "Transforms"), *transform;
    form_t form = { XML_C14N_1_0, 0, { NULL }, 0 }, other;
    unsigned char got[EVP_MAX_MD_SIZE], *want;
    unsigned got_len = 0;
    const char *octets;
    size_t len = 0;
    int want_len = 0;

    for (transform = transforms ? transforms->children : NULL; transform; transform = transform->next) {
        if (is_element(transform, SAML_NS_DSIG, "Transform") && read_form(&other, transform, p))
            form = other;
    }
    if (!md || !uri || !id || uri[0] != '#' || strcmp(uri + 1, id) != 0)
        return 0;
    drop_comments(&form);
    octets = canonical(&len, el, signature, &form, p);
    want = unbase64(&want_len, fuzz_text(fuzz_child(reference, SAML_NS_DSIG, "DigestValue"), p), p);
    return octets && EVP_Digest(octets, len, got, &got_len, md, NULL) && (int)got_len == want_len
           && memcmp(got, want, got_len) == 0;
}

/* XML Signature has r and s side by side (RFC 4050 3.3), OpenSSL as DER. */
static unsigned char *der_of(int *len, const unsigned char *raw, apr_pool_t *p)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *out = NULL, *to;
    int half = *len / 2, need;

    ECDSA_SIG_set0(sig, BN_bin2bn(raw, half, NULL), BN_bin2bn(raw + half, half, NULL));
    need = i2d_ECDSA_SIG(sig, NULL);
    if (need > 0) {
        out = to = apr_palloc(p, (apr_size_t)need);
        *len = i2d_ECDSA_SIG(sig, &to);
    }
    ECDSA_SIG_free(sig);
    return out;
}

/* RFC 9231 2.3.9: rsa-pss names its digest inside, where it is not SHA-256. */
static const EVP_MD *signature_digest(const xmlNode *method, const char *algorithm, apr_pool_t *p)
{
    const xmlNode *params = fuzz_child(method, MORE_2007, "RSAPSSParams");
    const xmlNode *digest = fuzz_child(params, SAML_NS_DSIG, "DigestMethod");

    if (strcmp(algorithm, MORE_2007 "rsa-pss") != 0)
        return digest_named(algorithm);
    return digest ? digest_named(fuzz_attribute(digest, "Algorithm", p)) : EVP_sha256();
}

static int value_holds(const char *octets, size_t len, const xmlNode *method, const unsigned char *value, int value_len,
                       EVP_PKEY *key, apr_pool_t *p)
{
    const char *algorithm = fuzz_attribute(method, "Algorithm", p);
    const EVP_MD *md = signature_digest(method, algorithm, p);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *of_key = NULL;
    int ok = ctx && md && value_len > 0 && EVP_DigestVerifyInit(ctx, &of_key, md, NULL, key) > 0;

    if (ok && EVP_PKEY_is_a(key, "EC"))
        value = value_len % 2 ? NULL : der_of(&value_len, value, p);
    else if (ok && (strstr(algorithm, "-rsa-MGF1") || strstr(algorithm, "#rsa-pss")))
        ok = EVP_PKEY_CTX_set_rsa_padding(of_key, RSA_PKCS1_PSS_PADDING) > 0
             && EVP_PKEY_CTX_set_rsa_pss_saltlen(of_key, RSA_PSS_SALTLEN_AUTO) > 0;
    ok = ok && value && EVP_DigestVerify(ctx, value, (size_t)value_len, (const unsigned char *)octets, len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

int fuzz_is_signed(const xmlNode *el, EVP_PKEY *const *keys, apr_pool_t *p)
{
    const xmlNode *signature = fuzz_child(el, SAML_NS_DSIG, "Signature");
    const xmlNode *info = fuzz_child(signature, SAML_NS_DSIG, "SignedInfo");
    const xmlNode *method = fuzz_child(info, SAML_NS_DSIG, "SignatureMethod");
    const char *octets;
    unsigned char *value;
    int value_len = 0;
    size_t len = 0;
    form_t form;

    if (!info || !fuzz_attribute(method, "Algorithm", p)
        || !read_form(&form, fuzz_child(info, SAML_NS_DSIG, "CanonicalizationMethod"), p)
        || !digest_holds(el, signature, fuzz_child(info, SAML_NS_DSIG, "Reference"), p))
        return 0;
    octets = canonical(&len, info, NULL, &form, p);
    value = unbase64(&value_len, fuzz_text(fuzz_child(signature, SAML_NS_DSIG, "SignatureValue"), p), p);
    for (; octets && *keys; keys++) {
        if (value_holds(octets, len, method, value, value_len, *keys, p))
            return 1;
    }
    return 0;
}

/* ---- signing ------------------------------------------------------------------ */

static xmlNode *add(xmlNode *parent, const char *name, const char *algorithm, const char *text)
{
    xmlNode *el = xmlNewTextChild(parent, parent->ns, BAD_CAST name, BAD_CAST text);

    if (algorithm)
        xmlNewProp(el, BAD_CAST "Algorithm", BAD_CAST algorithm);
    return el;
}

static void add_form(xmlNode *parent, const char *name, unsigned how)
{
    const char *algorithm = how & FUZZ_SIGN_INCLUSIVE  ? INCLUSIVE
                            : how & FUZZ_SIGN_COMMENTS ? EXCLUSIVE "WithComments"
                                                       : EXCLUSIVE;
    xmlNode *el = add(parent, name, algorithm, NULL), *list;

    if (how & FUZZ_SIGN_PREFIXES) {
        list = xmlNewChild(el, NULL, BAD_CAST "InclusiveNamespaces", NULL);
        xmlSetNs(list, xmlNewNs(list, BAD_CAST EXCLUSIVE, BAD_CAST "ec"));
        xmlNewProp(list, BAD_CAST "PrefixList", BAD_CAST "#default samlp saml xs xsi");
    }
}

static void place(xmlNode *signature, xmlNode *el, unsigned how)
{
    xmlNode *issuer = fuzz_child(el, SAML_NS_ASSERTION, "Issuer");

    if (how & FUZZ_SIGN_AT_END || (!issuer && !el->children))
        xmlAddChild(el, signature);
    else if (issuer)
        xmlAddNextSibling(issuer, signature);
    else
        xmlAddPrevSibling(el->children, signature);
}

/* P-256 by DER to r and s side by side. */
static const char *sign_octets(const char *octets, size_t len, EVP_PKEY *key, apr_pool_t *p)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char der[256], raw[64];
    const unsigned char *at = der;
    size_t der_len = sizeof(der);
    ECDSA_SIG *sig = NULL;

    if (ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) > 0
        && EVP_DigestSign(ctx, der, &der_len, (const unsigned char *)octets, len) > 0)
        sig = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    EVP_MD_CTX_free(ctx);
    if (!sig)
        return NULL;
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32);
    ECDSA_SIG_free(sig);
    return base64(raw, sizeof(raw), p);
}

static const char *digest_of(const xmlNode *el, const xmlNode *signature, const xmlNode *transform, apr_pool_t *p)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    const char *octets;
    size_t len = 0;
    form_t form;

    read_form(&form, transform, p);
    drop_comments(&form);
    octets = canonical(&len, el, signature, &form, p);
    if (!octets || !EVP_Digest(octets, len, digest, &digest_len, EVP_sha256(), NULL))
        return NULL;
    return base64(digest, digest_len, p);
}

xmlNode *fuzz_sign(xmlNode *el, EVP_PKEY *key, unsigned how, apr_pool_t *p)
{
    const char *id = fuzz_attribute(el, "ID", p), *digest, *octets, *value = NULL;
    xmlNode *signature, *info, *reference, *transforms;
    size_t len = 0;
    form_t form;

    if (!id)
        return NULL;
    signature = xmlNewDocNode(el->doc, NULL, BAD_CAST "Signature", NULL);
    xmlSetNs(signature, xmlNewNs(signature, BAD_CAST SAML_NS_DSIG, BAD_CAST "ds"));
    place(signature, el, how);
    info = add(signature, "SignedInfo", NULL, NULL);
    add_form(info, "CanonicalizationMethod", how & FUZZ_SIGN_COMMENTS);
    add(info, "SignatureMethod", MORE "ecdsa-sha256", NULL);
    reference = add(info, "Reference", NULL, NULL);
    xmlNewProp(reference, BAD_CAST "URI", BAD_CAST (how & FUZZ_SIGN_EMPTY_URI ? "" : apr_pstrcat(p, "#", id, NULL)));
    transforms = add(reference, "Transforms", NULL, NULL);
    if (!(how & FUZZ_SIGN_NO_ENVELOPED))
        add(transforms, "Transform", ENVELOPED, NULL);
    add_form(transforms, "Transform", how);
    digest = digest_of(el, signature, transforms->last, p);
    add(reference, "DigestMethod", SHA256, NULL);
    add(reference, "DigestValue", NULL, digest ? digest : "");
    if (read_form(&form, info->children, p) && (octets = canonical(&len, info, NULL, &form, p)))
        value = sign_octets(octets, len, key, p);
    add(signature, "SignatureValue", NULL, value ? value : "");
    return signature;
}

/* ---- encrypting ----------------------------------------------------------------- */

/* nonce, ciphertext and what ends it (tag or padding): XML Encryption 5.2. */
static const char *encrypted(const char *text, size_t len, const unsigned char key[16], int gcm, apr_pool_t *p)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int nonce_len = gcm ? 12 : 16, n = 0, rest = 0, ok;
    unsigned char *out = apr_palloc(p, len + 64);

    ok = ctx && RAND_bytes(out, nonce_len) > 0
         && EVP_EncryptInit_ex(ctx, gcm ? EVP_aes_128_gcm() : EVP_aes_128_cbc(), NULL, key, out)
         && EVP_EncryptUpdate(ctx, out + nonce_len, &n, (const unsigned char *)text, (int)len)
         && EVP_EncryptFinal_ex(ctx, out + nonce_len + n, &rest)
         && (!gcm || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + nonce_len + n + rest));
    EVP_CIPHER_CTX_free(ctx);
    return ok ? base64(out, (size_t)(nonce_len + n + rest + (gcm ? 16 : 0)), p) : NULL;
}

static const char *wrapped(const unsigned char key[16], EVP_PKEY *to, apr_pool_t *p)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(to, NULL);
    unsigned char out[1024];
    size_t len = sizeof(out);
    int ok = ctx && EVP_PKEY_encrypt_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0
             && EVP_PKEY_encrypt(ctx, out, &len, key, 16) > 0;

    EVP_PKEY_CTX_free(ctx);
    return ok ? base64(out, len, p) : NULL;
}

static const char *text_of(xmlNode *el, apr_pool_t *p)
{
    xmlNode *copy = xmlDocCopyNode(el, el->doc, 1);     /* with the declarations that it needs */
    xmlBuffer *buffer = xmlBufferCreate();
    const char *text;

    xmlNodeDump(buffer, el->doc, copy, 0, 0);
    text = apr_pstrdup(p, (const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    xmlFreeNode(copy);
    return text;
}

xmlNode *fuzz_encrypt(xmlNode *el, const char *wrapper, EVP_PKEY *key, int gcm, apr_pool_t *p)
{
    const char *text = text_of(el, p), *data, *wrapped_key, *xml;
    unsigned char content_key[16];
    xmlNode *out = NULL;
    xmlDoc *doc;

    if (RAND_bytes(content_key, sizeof(content_key)) <= 0
        || !(data = encrypted(text, strlen(text), content_key, gcm, p)) || !(wrapped_key = wrapped(content_key, key, p)))
        return NULL;
    xml = apr_pstrcat(p, "<saml:", wrapper, " xmlns:saml=\"" SAML_NS_ASSERTION "\"><xenc:EncryptedData xmlns:xenc=\"" SAML_NS_XENC
                      "\" Type=\"" SAML_NS_XENC "Element\"><xenc:EncryptionMethod Algorithm=\"",
                      gcm ? "http://www.w3.org/2009/xmlenc11#aes128-gcm" : SAML_NS_XENC "aes128-cbc",
                      "\"/><ds:KeyInfo xmlns:ds=\"" SAML_NS_DSIG "\"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm=\""
                      SAML_NS_XENC "rsa-oaep-mgf1p\"/><xenc:CipherData><xenc:CipherValue>", wrapped_key,
                      "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>",
                      data, "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:", wrapper, ">", NULL);
    doc = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (doc) {
        out = xmlDocCopyNode(xmlDocGetRootElement(doc), el->doc, 1);
        xmlFreeDoc(doc);
        xmlReplaceNode(el, out);
        xmlFreeNode(el);
    }
    return out;
}
