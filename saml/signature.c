/* SPDX-License-Identifier: Apache-2.0 */
#include "signature.h"

#include <string.h>

#include <apr_strings.h>
#include <libxml/c14n.h>
#include <openssl/evp.h>
#include <openssl/crypto.h>

#include "encoding.h"
#include "signature_read.h"
#include "signature_value.h"

#define MAX_NAMED_CERTS 8
#define MAX_CERT_BYTES  (16 * 1024)
/* Canonical form writes defaults and namespaces out; a message may grow by that, and not without bound. */
#define MAX_GROWTH 2
#define FIRST_BYTES 8192        /* of a canonical form: most have no more */

struct saml_verified_t {
    const saml_doc_t *doc;
    xmlNode *el;
    const saml_cert_t *by;
};

/* ---- the canonical form of a part ---------------------------------------- */

/** What is canonicalised, and how. */
typedef struct {
    xmlNode *el;
    const xmlNode *without;         /* what of it does not count, or NULL */
    const saml_algorithm_t *c14n;
    const char *prefixes;           /* PrefixList, or NULL */
    int comments;
} part_t;

static int is_in_part(void *baton, xmlNode *node, xmlNode *parent)
{
    const part_t *part = baton;
    /* A namespace is a node of another shape, without a parent of its own. */
    const xmlNode *at = node->type == XML_NAMESPACE_DECL ? parent : node;

    while (at && at != part->el && at != part->without)
        at = at->parent;
    return at == part->el;
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

static int run_c14n(xmlOutputBuffer *sink, const part_t *part, apr_pool_t *p)
{
    link_t links[SAML_MAX_DEPTH + 1];
    int count = isolate(links, part->el);
    int result = xmlC14NExecute(part->el->doc, is_in_part, (void *)part, c14n_mode(part->c14n),
                                split_prefixes(part->prefixes, p), part->comments, sink);

    restore(links, count);
    return result;
}

/** @param name  of the part, for the reason */
static saml_status_t canonical_form(const char **out, apr_size_t *len, const part_t *part, const char *name, apr_pool_t *p,
                                    saml_err_t *err)
{
    xmlBuffer *buffer = xmlBufferCreateSize(FIRST_BYTES);
    xmlOutputBuffer *sink = buffer ? xmlOutputBufferCreateBuffer(buffer, NULL) : NULL;
    int result = -1;

    if (sink) {
        result = run_c14n(sink, part, p);
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
        return saml_fail(err, SAML_E_SIGNATURE, "%s: expected a canonical form, got none, as where a namespace is "
                         "named by a relative URI", name);
    return SAML_OK;
}

/* ---- SignedInfo ---------------------------------------------------------- */

/* What the signature value is over. */
static saml_status_t canonical_signed_info(const char **out, apr_size_t *len, const saml_signature_parts_t *parts,
                                           apr_pool_t *p, saml_err_t *err)
{
    part_t part = { parts->signed_info, NULL, parts->c14n, parts->c14n_prefixes, 0 };

    part.comments = strstr(parts->c14n->uri, "WithComments") != NULL;
    return canonical_form(out, len, &part, "SignedInfo", p, err);
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

/* ---- the one Reference --------------------------------------------------- */

/*
 * XML Signature 4.4.3.3, 6.6.4: what "#ID" names has no comments, whatever the canonicalisation says, and enveloped-signature
 * leaves out the Signature that it stands in. That "#ID" can only be `el` was seen in saml_signature_read, and that the
 * transforms are these: none that anybody else could think of is known here.
 */
static saml_status_t canonical_element(const char **out, apr_size_t *len, xmlNode *el, const saml_signature_parts_t *parts,
                                       apr_pool_t *p, saml_err_t *err)
{
    const part_t part = { el, parts->signature, parts->reference_c14n, parts->reference_prefixes, 0 };

    return canonical_form(out, len, &part, saml_xml_name(p, el), p, err);
}

static int is_digest_of(const saml_signature_parts_t *parts, const void *octets, apr_size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len = 0;

    return EVP_Digest(octets, len, digest, &digest_len, EVP_get_digestbyname(parts->digest->digest), NULL) == 1
           && digest_len == parts->digest_value_len && CRYPTO_memcmp(digest, parts->digest_value, digest_len) == 0;
}

/* SAML Core 5.4.2: what was digested is `el`, whole, under its own name and ID. */
static saml_status_t read_digested(saml_doc_t **out, const char *octets, apr_size_t len, const xmlNode *el,
                                   apr_size_t max_bytes, const saml_signature_parts_t *parts, apr_pool_t *p,
                                   saml_err_t *err)
{
    const char *id;

    if (saml_doc_parse(out, octets, len, max_bytes * MAX_GROWTH, "signed element", p, err) != SAML_OK)
        return saml_fail(err, SAML_E_SIGNATURE, "the canonical form cannot be read: %s", err->reason);
    id = saml_xml_attr(saml_doc_root(*out), "ID", p);
    if (!saml_xml_is(saml_doc_root(*out), (const char *)el->ns->href, (const char *)el->name) || !id
        || strcmp(id, parts->id) != 0)
        return saml_fail(err, SAML_E_SIGNATURE, "the Reference covers %s, not the signed element %s",
                         saml_xml_name(p, saml_doc_root(*out)), saml_xml_name(p, el));
    return SAML_OK;
}

/* The octets handed on are the ones that DigestValue names: they are digested, and they are read from here on. */
static saml_status_t prove(saml_doc_t **out, const saml_doc_t *doc, xmlNode *el, const saml_signature_parts_t *parts,
                           apr_pool_t *p, saml_err_t *err)
{
    const char *octets = NULL;
    apr_size_t len = 0;

    SAML_TRY(canonical_element(&octets, &len, el, parts, p, err));
    err->work.digests++;
    if (!is_digest_of(parts, octets, len))
        return saml_fail(err, SAML_E_SIGNATURE,
                         "the digest of %s does not match: its content was changed after it was signed",
                         saml_xml_name(err->pool, el));
    return read_digested(out, octets, len, el, saml_doc_limit(doc), parts, p, err);
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
    return prove(out, doc, el, &parts, p, err);
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
    return done->digests ? SAML_OK : prove(&never, decoy, el, &parts, p, err);
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
