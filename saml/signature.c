/* SPDX-License-Identifier: Apache-2.0 */
#include "signature.h"

#include <string.h>

#include <apr_strings.h>
#include <libxml/c14n.h>
#include <libxml/valid.h>
#include <openssl/evp.h>
#include <openssl/crypto.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>

#include "encoding.h"
#include "signature_read.h"
#include "signature_value.h"

#define MAX_NAMED_CERTS 8
#define MAX_CERT_BYTES  (16 * 1024)
/* Canonical form writes defaults and namespaces out; a message may grow by that, and not without bound. */
#define MAX_GROWTH 2

struct saml_verified_t {
    const saml_doc_t *doc;
    xmlNode *el;
    const saml_cert_t *by;
};

/* ---- SignedInfo ---------------------------------------------------------- */

static int is_in_subtree(void *root, xmlNode *node, xmlNode *parent)
{
    /* A namespace is a node of another shape, without a parent of its own. */
    xmlNode *at = node->type == XML_NAMESPACE_DECL ? parent : node;

    while (at && at != root)
        at = at->parent;
    return at != NULL;
}

static xmlChar **split_prefixes(const char *list, apr_pool_t *p)
{
    apr_array_header_t *words = apr_array_make(p, 8, sizeof(xmlChar *));
    char *rest, *word;

    if (!list)
        return NULL;
    for (word = apr_strtok(apr_pstrdup(p, list), " \t\r\n", &rest); word; word = apr_strtok(NULL, " \t\r\n", &rest))
        APR_ARRAY_PUSH(words, xmlChar *) = BAD_CAST word;
    APR_ARRAY_PUSH(words, xmlChar *) = NULL;
    return (xmlChar **)(void *)words->elts;
}

static int c14n_mode(const saml_algorithm_t *c14n)
{
    if (!(c14n->needs & SAML_ALLOW_C14N10))
        return XML_C14N_EXCLUSIVE_1_0;
    return strstr(c14n->uri, "c14n11") ? XML_C14N_1_1 : XML_C14N_1_0;
}

/* A node on the way from an element up to the document, and how it was linked there. */
typedef struct {
    xmlNode *node, *prev, *next, *first, *last;
} link_t;

/*
 * Leave of the tree only `el`, what it holds and what it stands in. The canonical form of a part walks the whole
 * document, and a stranger's document can make that walk long.
 */
static int isolate(link_t *links, xmlNode *el)
{
    int count = 0;

    for (; el->parent && count <= SAML_MAX_DEPTH; el = el->parent, count++) {
        links[count] = (link_t){ el, el->prev, el->next, el->parent->children, el->parent->last };
        el->prev = el->next = NULL;
        el->parent->children = el->parent->last = el;
    }
    return count;
}

static void restore(const link_t *links, int count)
{
    while (count--) {
        links[count].node->prev = links[count].prev;
        links[count].node->next = links[count].next;
        links[count].node->parent->children = links[count].first;
        links[count].node->parent->last = links[count].last;
    }
}

static int run_c14n(xmlOutputBuffer *sink, const saml_signature_parts_t *parts, apr_pool_t *p)
{
    int comments = strstr(parts->c14n->uri, "WithComments") != NULL;
    link_t links[SAML_MAX_DEPTH + 1];
    int count = isolate(links, parts->signed_info);
    int result = xmlC14NExecute(parts->signed_info->doc, is_in_subtree, parts->signed_info, c14n_mode(parts->c14n),
                                split_prefixes(parts->c14n_prefixes, p), comments, sink);

    restore(links, count);
    return result;
}

/* The canonical octets of SignedInfo: what the signature value is over. */
static saml_status_t canonical_signed_info(const char **out, apr_size_t *len, const saml_signature_parts_t *parts,
                                           apr_pool_t *p, saml_err_t *err)
{
    xmlBuffer *buffer = xmlBufferCreate();
    xmlOutputBuffer *sink = buffer ? xmlOutputBufferCreateBuffer(buffer, NULL) : NULL;
    int result = -1;

    if (sink) {
        result = run_c14n(sink, parts, p);
        if (xmlOutputBufferClose(sink) < 0)
            result = -1;
    }
    if (result >= 0 && xmlBufferLength(buffer) > 0) {
        *len = (apr_size_t)xmlBufferLength(buffer);
        *out = apr_pmemdup(p, xmlBufferContent(buffer), *len);
    }
    else {
        *len = 0;
    }
    if (buffer)
        xmlBufferFree(buffer);
    if (*len == 0)
        return saml_fail(err, SAML_E_SIGNATURE, "SignedInfo: expected a canonical form, got none, as where a namespace is "
                         "named by a relative URI");
    return SAML_OK;
}

/* The certificates that KeyInfo holds, readable or not. They say which of ours to try first, and help the reason. */
static apr_array_header_t *named_certs(const xmlNode *key_info, apr_pool_t *p)
{
    apr_array_header_t *named = apr_array_make(p, 1, sizeof(saml_named_cert_t));
    saml_err_t ignored = { .pool = p };
    const xmlNode *data, *el;
    saml_named_cert_t cert;
    const char *text;

    for (data = saml_xml_child(key_info, SAML_NS_DSIG, "X509Data"); data;
         data = saml_xml_next_named(data, SAML_NS_DSIG, "X509Data"))
        for (el = saml_xml_child(data, SAML_NS_DSIG, "X509Certificate"); el && named->nelts < MAX_NAMED_CERTS;
             el = saml_xml_next_named(el, SAML_NS_DSIG, "X509Certificate"))
            if (saml_xml_text(&text, el, p, &ignored) == SAML_OK
                && saml_base64_decode(&cert.der, &cert.len, text, strlen(text), MAX_CERT_BYTES, "X509Certificate", p,
                                      &ignored) == SAML_OK)
                APR_ARRAY_PUSH(named, saml_named_cert_t) = cert;
    return named;
}

/*
 * XML Signature 3.2.2. First of all, whether one of the identity provider's keys made the signature value over SignedInfo. It
 * costs little, and until it is known nothing that scales with the message is computed for a stranger.
 */
static saml_status_t find_signer(const saml_cert_t **out, const saml_signature_parts_t *parts,
                                 const saml_trust_t *trust, apr_pool_t *p, saml_err_t *err)
{
    saml_signature_value_t sig = { .alg = parts->method, .value = parts->value, .value_len = parts->value_len };
    const char *octets = NULL;

    SAML_TRY(canonical_signed_info(&octets, &sig.data_len, parts, p, err));
    sig.data = octets;
    return saml_signature_find_cert(out, &sig, named_certs(parts->key_info, p), trust, p, err);
}

/* ---- xmlsec1 ------------------------------------------------------------- */

static xmlSecTransformId find_transform(const char *uri, xmlSecTransformUsage usage)
{
    return xmlSecTransformIdListFindByHref(xmlSecTransformIdsGet(), BAD_CAST uri, usage);
}

/* With an empty list xmlsec1 takes every transform it knows; each one that we accept is entered. */
static int enable_transforms(xmlSecDSigCtxPtr ctx, const saml_signature_parts_t *parts, unsigned allow)
{
    xmlSecTransformId digest = find_transform(parts->digest->uri, xmlSecTransformUsageDigestMethod);
    xmlSecTransformId enveloped = find_transform(SAML_ALG_ENVELOPED, xmlSecTransformUsageDSigTransform);
    const saml_algorithm_t *alg;
    int i;

    if (!digest || !enveloped || xmlSecDSigCtxEnableReferenceTransform(ctx, digest) < 0
        || xmlSecDSigCtxEnableReferenceTransform(ctx, enveloped) < 0)
        return 0;
    for (i = 0; (alg = saml_algorithm_at(i)); i++) {
        xmlSecTransformId c14n;

        if (alg->use != SAML_ALG_C14N || (alg->needs & ~allow))
            continue;
        c14n = find_transform(alg->uri, xmlSecTransformUsageC14NMethod);
        if (c14n && xmlSecDSigCtxEnableReferenceTransform(ctx, c14n) < 0)
            return 0;
    }
    return 1;
}

/*
 * The octets handed on are the ones that DigestValue names. xmlsec1 has compared its own digest already; this one is
 * over the very buffer that is read from here on.
 */
static int is_digest_of(const saml_signature_parts_t *parts, const unsigned char *octets, apr_size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len = 0;

    return EVP_Digest(octets, len, digest, &digest_len, EVP_get_digestbyname(parts->digest->digest), NULL) == 1
           && digest_len == parts->digest_value_len && CRYPTO_memcmp(digest, parts->digest_value, digest_len) == 0;
}

/* SAML Core 5.4.2: what was digested is `el`, whole, under its own name and ID. */
static saml_status_t read_digested(saml_doc_t **out, xmlSecDSigReferenceCtxPtr ref, const xmlNode *el,
                                   apr_size_t max_bytes, const saml_signature_parts_t *parts, apr_pool_t *p,
                                   saml_err_t *err)
{
    xmlSecBufferPtr buffer = xmlSecDSigReferenceCtxGetPreDigestBuffer(ref);
    const unsigned char *octets = buffer ? xmlSecBufferGetData(buffer) : NULL;
    apr_size_t len = buffer ? xmlSecBufferGetSize(buffer) : 0;
    const char *id;

    if (!octets || len == 0)
        return saml_fail(err, SAML_E_SIGNATURE, "the signed element has no canonical form");
    if (!is_digest_of(parts, octets, len))
        return saml_fail(err, SAML_E_SIGNATURE, "the digest does not match the canonical form of the signed element");
    if (saml_doc_parse(out, (const char *)octets, len, max_bytes * MAX_GROWTH, "signed element", p, err) != SAML_OK)
        return saml_fail(err, SAML_E_SIGNATURE, "the canonical form cannot be read: %s", err->reason);
    id = saml_xml_attr(saml_doc_root(*out), "ID", p);
    if (!saml_xml_is(saml_doc_root(*out), (const char *)el->ns->href, (const char *)el->name) || !id
        || strcmp(id, parts->id) != 0)
        return saml_fail(err, SAML_E_SIGNATURE, "the Reference covers %s, not the signed element %s",
                         saml_xml_name(p, saml_doc_root(*out)), saml_xml_name(p, el));
    return SAML_OK;
}

static saml_status_t explain_failure(int result, const xmlNode *el, saml_err_t *err)
{
    if (result < 0)
        return saml_fail(err, SAML_E_SIGNATURE, "the Signature of %s cannot be processed: %s",
                         saml_xml_name(err->pool, el), saml_xmlsec_reason(err->pool));
    return saml_fail(err, SAML_E_SIGNATURE,
                     "the digest of %s does not match: its content was changed after it was signed",
                     saml_xml_name(err->pool, el));
}

/* xmlSecDSigReferenceCtxProcessNode answers 0 for a digest that does not match, too. */
static int has_succeeded(xmlSecDSigReferenceCtxPtr ref, int result, const saml_signature_parts_t *parts)
{
    return result == 0 && ref->status == xmlSecDSigStatusSucceeded && ref->uri
           && strcmp((const char *)ref->uri, parts->uri) == 0;
}

/*
 * The one Reference. The signature value, over the SignedInfo that holds it, was verified in find_signer: having xmlsec1 do
 * that once more, which it does slowly, would tell nothing new.
 */
static saml_status_t check_reference(saml_doc_t **out, xmlSecDSigCtxPtr ctx, const saml_doc_t *doc, const xmlNode *el,
                                     const saml_signature_parts_t *parts, apr_pool_t *p, saml_err_t *err)
{
    xmlSecDSigReferenceCtxPtr ref = xmlSecDSigReferenceCtxCreate(ctx, xmlSecDSigReferenceOriginSignedInfo);
    saml_status_t status;
    int result;

    if (!ref)
        return saml_fail(err, SAML_E_SIGNATURE, "xmlsec1 is not ready: %s", saml_xmlsec_reason(p));
    result = xmlSecDSigReferenceCtxProcessNode(ref, parts->reference);
    err->work.digests++;
    if (has_succeeded(ref, result, parts))
        status = read_digested(out, ref, el, saml_doc_limit(doc), parts, p, err);
    else
        status = explain_failure(result, el, err);
    xmlSecDSigReferenceCtxDestroy(ref);
    return status;
}

static saml_status_t run_xmlsec(saml_doc_t **out, xmlSecDSigCtxPtr ctx, const saml_doc_t *doc, const xmlNode *el,
                                const saml_signature_parts_t *parts, const saml_trust_t *trust, apr_pool_t *p,
                                saml_err_t *err)
{
    ctx->operation = xmlSecTransformOperationVerify;
    ctx->flags = XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES | XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
    ctx->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
    if (!enable_transforms(ctx, parts, trust->allow))
        return saml_fail(err, SAML_E_SIGNATURE, "the installed xmlsec1 does not do %s: %s", parts->digest->name,
                         saml_xmlsec_reason(p));
    return check_reference(out, ctx, doc, el, parts, p, err);
}

/*
 * The ID is known to xmlsec1 only while it looks for this one: another signature in the document starts from nothing.
 * That no other attribute could answer for it was seen in saml_signature_read.
 */
static saml_status_t prove(saml_doc_t **out, const saml_doc_t *doc, const xmlNode *el,
                           const saml_signature_parts_t *parts, const saml_trust_t *trust, apr_pool_t *p,
                           saml_err_t *err)
{
    xmlDoc *tree = saml_doc_tree(doc);
    xmlSecDSigCtxPtr ctx;
    saml_status_t status;

    if (!xmlAddID(NULL, tree, BAD_CAST parts->id, parts->id_attr) || xmlGetID(tree, BAD_CAST parts->id) != parts->id_attr)
        return saml_fail(err, SAML_E_SIGNATURE, "the ID %s cannot be registered for the signed element",
                         saml_quote(p, parts->id));
    ctx = xmlSecDSigCtxCreate(NULL);
    if (ctx) {
        status = run_xmlsec(out, ctx, doc, el, parts, trust, p, err);
        xmlSecDSigCtxDestroy(ctx);
    }
    else {
        status = saml_fail(err, SAML_E_SIGNATURE, "xmlsec1 is not ready: %s", saml_xmlsec_reason(p));
    }
    (void)xmlRemoveID(tree, parts->id_attr);
    return status;
}

/* ---- the public functions ------------------------------------------------ */

int saml_signature_present(const xmlNode *el)
{
    return saml_xml_child(el, SAML_NS_DSIG, "Signature") != NULL;
}

static saml_status_t verify(saml_doc_t **out, const saml_cert_t **signer, const saml_doc_t *doc, xmlNode *el,
                            const saml_trust_t *trust, apr_pool_t *p, saml_err_t *err)
{
    saml_signature_parts_t parts;

    SAML_TRY(saml_signature_read(&parts, el, trust->allow, p, err));
    SAML_TRY(find_signer(signer, &parts, trust, p, err));
    return prove(out, doc, el, &parts, trust, p, err);
}

saml_status_t saml_signature_verify(saml_verified_t **out, const saml_doc_t *doc, xmlNode *el,
                                    const saml_trust_t *trust, apr_pool_t *p, saml_err_t *err)
{
    saml_xml_reports_t reports;
    const saml_cert_t *signer = NULL;
    saml_verified_t *v;
    saml_doc_t *proven = NULL;
    saml_status_t status;

    if (!el || !el->ns || el->doc != saml_doc_tree(doc))
        return saml_fail(err, SAML_E_UNSIGNED, "expected an element of the message, got %s", saml_xml_name(p, el));
    SAML_TRY(saml_library_init(err));
    (void)saml_xmlsec_reason(p);    /* an older complaint of this thread is not ours */
    saml_xml_mute(&reports);
    status = verify(&proven, &signer, doc, el, trust, p, err);
    saml_xml_unmute(&reports);
    if (status != SAML_OK)
        return status;
    v = apr_palloc(p, sizeof(*v));
    v->doc = proven;
    v->el = saml_doc_root(proven);
    v->by = signer;
    *out = v;
    return SAML_OK;
}

static saml_status_t imitate(const saml_doc_t *decoy, const saml_trust_t *trust, const saml_work_t *done, apr_pool_t *p,
                             saml_err_t *err)
{
    xmlNode *el = saml_doc_root(decoy);
    saml_signature_parts_t parts;
    const char *octets = NULL;
    apr_size_t len = 0;
    saml_doc_t *never;

    SAML_TRY(saml_signature_read(&parts, el, 0, p, err));
    SAML_TRY(canonical_signed_info(&octets, &len, &parts, p, err));
    saml_signature_value_imitate(trust, done->verifications, octets, len, parts.digest->digest);
    return done->digests ? SAML_OK : prove(&never, decoy, el, &parts, trust, p, err);
}

void saml_signature_imitate(const saml_doc_t *decoy, const saml_trust_t *trust, const saml_work_t *done, apr_pool_t *p)
{
    saml_err_t ignored = { .pool = p };
    saml_xml_reports_t reports;
    saml_status_t status;

    saml_xml_mute(&reports);
    status = imitate(decoy, trust, done, p, &ignored);
    saml_xml_unmute(&reports);
    (void)status;       /* a decoy proves nothing */
}

xmlNode *saml_verified_element(const saml_verified_t *v)
{
    return v->el;
}

const saml_cert_t *saml_verified_by(const saml_verified_t *v)
{
    return v->by;
}

saml_verified_t *saml_verified_child(const saml_verified_t *v, xmlNode *child, apr_pool_t *p)
{
    const xmlNode *at = child && child->type == XML_ELEMENT_NODE ? child->parent : NULL;
    saml_verified_t *part;

    while (at && at != v->el)
        at = at->parent;
    if (!at)
        return NULL;
    part = apr_pmemdup(p, v, sizeof(*v));
    part->el = child;
    return part;
}

saml_verified_t *saml_verified_decrypted(const saml_verified_t *outer, const saml_doc_t *plain, apr_pool_t *p)
{
    saml_verified_t *v = apr_palloc(p, sizeof(*v));

    v->doc = plain;
    v->el = saml_doc_root(plain);
    v->by = outer->by;
    return v;
}

saml_verified_t *saml_verified_whole(const saml_doc_t *doc, apr_pool_t *p)
{
    saml_verified_t *v = apr_pcalloc(p, sizeof(*v));

    v->doc = doc;
    v->el = saml_doc_root(doc);
    return v;
}
