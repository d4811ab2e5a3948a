/* SPDX-License-Identifier: Apache-2.0 */
#include "signature_read.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>
#include <openssl/evp.h>

#include "encoding.h"

#define MAX_ID_BYTES         256
#define MAX_PREFIX_LIST      16     /* prefixes; canonicalisation looks each of them up for each element */
#define INCLUSIVE_C14N       "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define MAX_SIGNATURE_BYTES  2048   /* RSA of 16384 bits */

/* What is being read, and where it goes. */
typedef struct {
    saml_signature_parts_t *parts;
    unsigned allow;
    apr_pool_t *p;
    saml_err_t *err;
} read_t;

static int is_blank(const xmlChar *text)
{
    return !text || text[strspn((const char *)text, " \t\r\n")] == '\0';
}

/* Element content: comments and white space may stand between the children, other text may not. */
static int holds_only_elements(const xmlNode *el)
{
    const xmlNode *node;

    for (node = el->children; node; node = node->next) {
        if (node->type == XML_TEXT_NODE && is_blank(node->content))
            continue;
        if (node->type != XML_ELEMENT_NODE && node->type != XML_COMMENT_NODE && node->type != XML_PI_NODE)
            return 0;
    }
    return 1;
}

/* Exactly the elements of XML Signature that `names` lists, in that order; "?" after a name makes it optional. */
static saml_status_t check_children(const xmlNode *el, const char *const *names, saml_err_t *err)
{
    const xmlNode *child = saml_xml_first(el);

    if (!holds_only_elements(el))
        return saml_fail(err, SAML_E_SIGNATURE, "%s in the Signature: expected elements only, got text",
                         saml_quote(err->pool, (const char *)el->name));
    for (; *names; names++) {
        int optional = strchr(*names, '?') != NULL;
        const char *name = optional ? apr_pstrndup(err->pool, *names, strlen(*names) - 1) : *names;

        if (saml_xml_is(child, SAML_NS_DSIG, name))
            child = saml_xml_next(child);
        else if (!optional)
            return saml_fail(err, SAML_E_SIGNATURE, "%s in the Signature: expected %s, got %s",
                             saml_quote(err->pool, (const char *)el->name), name, saml_xml_name(err->pool, child));
    }
    if (child)
        return saml_fail(err, SAML_E_SIGNATURE, "%s in the Signature: expected nothing more, got %s",
                         saml_quote(err->pool, (const char *)el->name), saml_xml_name(err->pool, child));
    return SAML_OK;
}

/* base64 that stands in one run of text: no comment, CDATA section or element can hide a part of it. */
static saml_status_t read_base64(const char **out, apr_size_t *len, const xmlNode *el, const read_t *r)
{
    const xmlNode *text = el->children;

    if (!text || text->type != XML_TEXT_NODE || text->next || !text->content)
        return saml_fail(r->err, SAML_E_SIGNATURE, "%s: expected base64 text and nothing else",
                         (const char *)el->name);
    if (saml_base64_decode(out, len, (const char *)text->content, strlen((const char *)text->content),
                           MAX_SIGNATURE_BYTES, (const char *)el->name, r->p, r->err)
        != SAML_OK)
        return saml_fail(r->err, SAML_E_SIGNATURE, "%s: expected base64 of at most %d octets", (const char *)el->name,
                         MAX_SIGNATURE_BYTES);
    if (*len == 0)
        return saml_fail(r->err, SAML_E_SIGNATURE, "%s: is empty", (const char *)el->name);
    return SAML_OK;
}

static saml_status_t read_algorithm(const saml_algorithm_t **out, saml_alg_use_t use, const xmlNode *el,
                                    const read_t *r)
{
    return saml_algorithm_find(out, use, saml_xml_attr_collapsed(el, "Algorithm", r->p), r->allow, r->err);
}

static int count_words(const char *text)
{
    int count = 0;

    for (;;) {
        text += strspn(text, " \t\r\n");
        if (!*text)
            return count;
        text += strcspn(text, " \t\r\n");
        count++;
    }
}

/* A canonicalisation has at most an InclusiveNamespaces (Exclusive c14n 3). */
static saml_status_t read_c14n(const saml_algorithm_t **out, const char **prefixes, const xmlNode *el, const read_t *r)
{
    const xmlNode *child = saml_xml_first(el);
    const char *list;

    SAML_TRY(read_algorithm(out, SAML_ALG_C14N, el, r));
    if (!holds_only_elements(el))
        return saml_fail(r->err, SAML_E_SIGNATURE, "%s: expected elements only, got text", (const char *)el->name);
    if (!child)
        return SAML_OK;
    if ((*out)->needs & SAML_ALLOW_C14N10)
        return saml_fail(r->err, SAML_E_SIGNATURE, "%s: %s takes no parameter, got %s", (const char *)el->name,
                         (*out)->name, saml_xml_name(r->p, child));
    if (!saml_xml_is(child, SAML_ALG_EXC_C14N, "InclusiveNamespaces") || child->children || saml_xml_next(child))
        return saml_fail(r->err, SAML_E_SIGNATURE, "%s: expected one empty InclusiveNamespaces, got %s",
                         (const char *)el->name, saml_xml_name(r->p, child));
    list = saml_xml_attr(child, "PrefixList", r->p);
    if (!list || count_words(list) > MAX_PREFIX_LIST)
        return saml_fail(r->err, SAML_E_SIGNATURE, "InclusiveNamespaces: expected a PrefixList of at most %d, got %s",
                         MAX_PREFIX_LIST, saml_quote(r->p, list));
    *prefixes = list;
    return SAML_OK;
}

/* SAML Core 5.4.4: enveloped-signature, and canonicalisation. In that order: after the second there is no tree left. */
static saml_status_t read_transforms(const xmlNode *transforms, const read_t *r)
{
    const xmlNode *first = saml_xml_first(transforms), *second = saml_xml_next(first);
    const char *uri = saml_xml_attr_collapsed(first, "Algorithm", r->p);
    const xmlNode *el;

    if (!holds_only_elements(transforms))
        return saml_fail(r->err, SAML_E_SIGNATURE, "Transforms: expected elements only, got text");
    for (el = first; el; el = saml_xml_next(el))
        if (!saml_xml_is(el, SAML_NS_DSIG, "Transform"))
            return saml_fail(r->err, SAML_E_SIGNATURE, "Transforms: expected Transform, got %s",
                             saml_xml_name(r->p, el));
    if (!first || !uri || strcmp(uri, SAML_ALG_ENVELOPED) != 0)
        return saml_fail(r->err, SAML_E_ALGORITHM, "first Transform: expected enveloped-signature, got %s",
                         saml_quote(r->p, uri));
    if (first->children && (saml_xml_first(first) || !holds_only_elements(first)))
        return saml_fail(r->err, SAML_E_SIGNATURE, "the enveloped-signature Transform takes no parameter");
    if (!second)    /* XML Signature 4.4.3.2: octets are needed, so inclusive c14n is implied */
        return saml_algorithm_find(&r->parts->reference_c14n, SAML_ALG_C14N, INCLUSIVE_C14N, r->allow, r->err);
    if (saml_xml_next(second))
        return saml_fail(r->err, SAML_E_SIGNATURE, "Transforms: expected at most two, got more");
    return read_c14n(&r->parts->reference_c14n, &r->parts->reference_prefixes, second, r);
}

/* SAML Core 5.4.2: one Reference, to the ID of the element that holds the Signature. */
static saml_status_t read_reference(const xmlNode *reference, const read_t *r)
{
    static const char *const names[] = { "Transforms", "DigestMethod", "DigestValue", NULL };
    const xmlNode *method, *value;
    const char *uri = saml_xml_attr(reference, "URI", r->p);
    const EVP_MD *md;

    if (!uri || strcmp(uri, r->parts->uri) != 0)
        return saml_fail(r->err, SAML_E_SIGNATURE,
                         "Reference URI: expected %s, the element that holds the Signature, got %s",
                         saml_quote(r->p, r->parts->uri), saml_quote(r->p, uri));
    SAML_TRY(check_children(reference, names, r->err));
    SAML_TRY(read_transforms(saml_xml_first(reference), r));
    method = saml_xml_child(reference, SAML_NS_DSIG, "DigestMethod");
    value = saml_xml_next(method);
    SAML_TRY(read_algorithm(&r->parts->digest, SAML_ALG_DIGEST, method, r));
    if (saml_xml_first(method))
        return saml_fail(r->err, SAML_E_SIGNATURE, "DigestMethod takes no parameter, got %s",
                         saml_xml_name(r->p, saml_xml_first(method)));
    SAML_TRY(read_base64(&r->parts->digest_value, &r->parts->digest_value_len, value, r));
    md = EVP_get_digestbyname(r->parts->digest->digest);
    if (!md || r->parts->digest_value_len != (apr_size_t)EVP_MD_get_size(md))
        return saml_fail(r->err, SAML_E_SIGNATURE, "DigestValue: has %" APR_SIZE_T_FMT " octets, which is no %s",
                         r->parts->digest_value_len, r->parts->digest->name);
    return SAML_OK;
}

/*
 * XML Signature knows its attributes without a namespace. xmlsec1 and much else ask for them by local name, so that q:URI in
 * front of URI would be read in its place.
 */
static saml_status_t check_attributes(const xmlNode *el, saml_err_t *err)
{
    const xmlNode *child;
    const xmlAttr *attr;

    for (attr = el->properties; attr; attr = attr->next) {
        const char *name = (const char *)attr->name;

        if (attr->ns && (strcmp(name, "URI") == 0 || strcmp(name, "Algorithm") == 0 || strcmp(name, "PrefixList") == 0))
            return saml_fail(err, SAML_E_SIGNATURE, "Signature: expected no %s in a namespace, got one on %s", name,
                             saml_xml_name(err->pool, el));
    }
    for (child = saml_xml_first(el); child; child = saml_xml_next(child))
        SAML_TRY(check_attributes(child, err));
    return SAML_OK;
}

static saml_status_t read_signed_info(const read_t *r)
{
    static const char *const names[] = { "CanonicalizationMethod", "SignatureMethod", "Reference", NULL };
    const xmlNode *c14n, *method;

    SAML_TRY(check_children(r->parts->signed_info, names, r->err));
    SAML_TRY(check_attributes(r->parts->signed_info, r->err));
    c14n = saml_xml_first(r->parts->signed_info);
    method = saml_xml_next(c14n);
    r->parts->reference = saml_xml_next(method);
    SAML_TRY(read_algorithm(&r->parts->method, SAML_ALG_SIGNATURE, method, r));
    if (saml_xml_first(method))
        return saml_fail(r->err, SAML_E_ALGORITHM, "SignatureMethod %s: parameters are not accepted, got %s",
                         r->parts->method->name, saml_xml_name(r->p, saml_xml_first(method)));
    SAML_TRY(read_c14n(&r->parts->c14n, &r->parts->c14n_prefixes, c14n, r));
    return read_reference(r->parts->reference, r);
}

/* What an ID is made of (xs:NCName, and a first digit for those who write one); nothing that XPointer could read. */
static int is_id(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    for (; *c; c++)
        if (!(*c >= 0x80 || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')
              || *c == '_' || *c == '-' || *c == '.'))
            return 0;
    return *text && c - (const unsigned char *)text <= MAX_ID_BYTES;
}

static const xmlChar *attribute_text(const xmlAttr *attr)
{
    const xmlNode *text = attr->children;

    return text && !text->next && text->type == XML_TEXT_NODE && text->content ? text->content : BAD_CAST "";
}

/* Whether `text` is `id`, also with white space around it. */
static int names_id(const xmlChar *text, const char *id)
{
    const char *start = (const char *)text + strspn((const char *)text, " \t\r\n");
    size_t len = strlen(id);

    return strncmp(start, id, len) == 0 && is_blank((const xmlChar *)start + len);
}

/* Attributes under `el`, and on it, that could answer for `id`: ID, Id, id, xml:id, of whatever namespace. */
static int count_ids(const xmlNode *el, const char *id)
{
    const xmlAttr *attr;
    const xmlNode *child;
    int count = 0;

    for (attr = el->properties; attr; attr = attr->next)
        count += strcasecmp((const char *)attr->name, "id") == 0 && names_id(attribute_text(attr), id);
    for (child = saml_xml_first(el); child; child = saml_xml_next(child))
        count += count_ids(child, id);
    return count;
}

static saml_status_t read_id(xmlNode *el, const read_t *r)
{
    saml_signature_parts_t *parts = r->parts;
    const xmlAttr *attr = el->properties;

    while (attr && (attr->ns || strcmp((const char *)attr->name, "ID") != 0))
        attr = attr->next;
    if (!attr)
        return saml_fail(r->err, SAML_E_SIGNATURE, "%s is signed, but has no ID that a Reference could name",
                         saml_xml_name(r->p, el));
    parts->id = apr_pstrdup(r->p, (const char *)attribute_text(attr));
    if (!is_id(parts->id))
        return saml_fail(r->err, SAML_E_SIGNATURE, "%s: expected an ID of letters, digits, \"_\", \"-\" and \".\", got %s",
                         saml_xml_name(r->p, el), saml_quote(r->p, parts->id));
    if (count_ids(xmlDocGetRootElement(el->doc), parts->id) != 1)
        return saml_fail(r->err, SAML_E_SIGNATURE, "the ID %s stands more than once in the document",
                         saml_quote(r->p, parts->id));
    parts->uri = apr_pstrcat(r->p, "#", parts->id, NULL);
    return SAML_OK;
}

saml_status_t saml_signature_read(saml_signature_parts_t *out, xmlNode *el, unsigned allow, apr_pool_t *p,
                                  saml_err_t *err)
{
    static const char *const names[] = { "SignedInfo", "SignatureValue", "KeyInfo?", NULL };
    read_t r = { out, allow, p, err };
    int count = saml_xml_count(el, SAML_NS_DSIG, "Signature");

    memset(out, 0, sizeof(*out));
    if (count == 0)
        return saml_fail(err, SAML_E_UNSIGNED, "%s is not signed", saml_xml_name(p, el));
    if (count > 1)
        return saml_fail(err, SAML_E_SIGNATURE, "%s: expected one Signature, got %d", saml_xml_name(p, el), count);
    out->signature = saml_xml_child(el, SAML_NS_DSIG, "Signature");
    SAML_TRY(check_children(out->signature, names, err));
    out->signed_info = saml_xml_first(out->signature);
    out->key_info = saml_xml_child(out->signature, SAML_NS_DSIG, "KeyInfo");
    SAML_TRY(read_id(el, &r));
    SAML_TRY(read_signed_info(&r));
    return read_base64(&out->value, &out->value_len, saml_xml_next(out->signed_info), &r);
}
