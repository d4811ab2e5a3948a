/* SPDX-License-Identifier: Apache-2.0 */
#include "xml.h"

#include <string.h>

#include <apr_strings.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "xml_scan.h"

#define SCOPE_ROOT "scope"

struct saml_doc_t {
    xmlDoc *tree;
    xmlNode *root;
    apr_size_t max_bytes;
};

/* ---- error reports ------------------------------------------------------- */

#if LIBXML_VERSION >= 21200
static void drop_report(void *baton, const xmlError *report)
#else
static void drop_report(void *baton, xmlError *report)
#endif
{
    (void)baton;
    (void)report;
}

void saml_xml_mute(saml_xml_reports_t *saved)
{
    saved->func = xmlStructuredError;
    saved->baton = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(NULL, drop_report);
}

void saml_xml_unmute(const saml_xml_reports_t *saved)
{
    xmlSetStructuredErrorFunc(saved->baton, saved->func);
}

/* ---- parsing ------------------------------------------------------------- */

static apr_status_t free_tree(void *tree)
{
    xmlFreeDoc(tree);
    return APR_SUCCESS;
}

static void own_tree(apr_pool_t *p, xmlDoc *tree)
{
    apr_pool_cleanup_register(p, tree, free_tree, apr_pool_cleanup_null);
}

/*
 * The scan lets no document type through. Should a parser ever read the octets otherwise than the scan did, it ends here,
 * before anything is declared or replaced.
 */
static void stop_at_doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    xmlStopParser(ctx);
}

static void stop_at_entity_decl(void *ctx, const xmlChar *name, int type, const xmlChar *public_id,
                                const xmlChar *system, xmlChar *content)
{
    (void)name;
    (void)type;
    (void)public_id;
    (void)system;
    (void)content;
    xmlStopParser(ctx);
}

static void stop_at_reference(void *ctx, const xmlChar *name)
{
    (void)name;
    xmlStopParser(ctx);
}

/* Whether the tree holds only what a message may hold. Depth was limited by the scan. */
static int is_plain_tree(const xmlNode *node)
{
    for (; node; node = node->next) {
        switch (node->type) {
        case XML_ELEMENT_NODE:
            if (!is_plain_tree(node->children))
                return 0;
            break;
        case XML_TEXT_NODE:
        case XML_CDATA_SECTION_NODE:
        case XML_COMMENT_NODE:
        case XML_PI_NODE:
            break;
        default:
            return 0;
        }
    }
    return 1;
}

static const char *parser_reason(xmlParserCtxt *ctxt, apr_pool_t *p)
{
    const xmlError *last = xmlCtxtGetLastError(ctxt);
    apr_size_t len;

    if (!last || !last->message)
        return "no reason given";
    len = strlen(last->message);
    while (len && last->message[len - 1] == '\n')
        len--;
    return apr_psprintf(p, "line %d: %s", last->line, saml_quote_bytes(p, last->message, len));
}

static xmlParserCtxt *make_parser(void)
{
    xmlParserCtxt *ctxt = xmlNewParserCtxt();

    if (!ctxt)
        return NULL;
    ctxt->sax->internalSubset = stop_at_doctype;
    ctxt->sax->externalSubset = stop_at_doctype;
    ctxt->sax->entityDecl = stop_at_entity_decl;
    ctxt->sax->reference = stop_at_reference;
    return ctxt;
}

/* How far a parser came; some set the place back where they give up. */
static apr_size_t octets_read(xmlParserCtxt *ctxt, int well_formed, apr_size_t len)
{
    long at = well_formed ? -1 : xmlByteConsumed(ctxt);

    return at >= 0 && (apr_size_t)at < len ? (apr_size_t)at : len;
}

/* Sets `undeclared` where the only complaint is about namespaces. */
static saml_status_t parse_octets(xmlDoc **tree, int *undeclared, const char *xml, apr_size_t len,
                                  apr_size_t max_bytes, const char *what, apr_pool_t *p, saml_err_t *err)
{
    saml_xml_reports_t reports;
    const char *encoding;
    apr_size_t skip;
    xmlParserCtxt *ctxt;
    xmlDoc *doc;
    int well_formed, ns_well_formed;

    *undeclared = 0;
    SAML_TRY(saml_xml_scan(&encoding, &skip, xml, len, max_bytes, what, err));
    ctxt = make_parser();
    if (!ctxt)
        return saml_fail(err, SAML_E_TOO_LARGE, "%s: no memory for a parser", what);
    saml_xml_mute(&reports);
    doc = xmlCtxtReadMemory(ctxt, xml + skip, (int)(len - skip), NULL, encoding,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
    saml_xml_unmute(&reports);
    well_formed = ctxt->wellFormed && !ctxt->disableSAX && doc;
    ns_well_formed = ctxt->nsWellFormed;
    if (doc)
        own_tree(p, doc);
    *undeclared = well_formed && !ns_well_formed;
    err->work.parsed += octets_read(ctxt, well_formed, len - skip);
    if (!well_formed || !ns_well_formed) {
        saml_status_t status = saml_fail(err, SAML_E_MALFORMED, "%s is not %s: %s", what,
                                         well_formed ? "XML with namespaces" : "XML", parser_reason(ctxt, p));
        xmlFreeParserCtxt(ctxt);
        return status;
    }
    xmlFreeParserCtxt(ctxt);
    if (doc->intSubset || doc->extSubset || !is_plain_tree(doc->children))
        return saml_fail(err, SAML_E_MALFORMED, "%s: a document type or entity is not allowed", what);
    *tree = doc;
    return SAML_OK;
}

static saml_status_t make_doc(saml_doc_t **out, xmlDoc *tree, apr_size_t max_bytes, const char *what, apr_pool_t *p,
                              saml_err_t *err)
{
    saml_doc_t *doc = apr_palloc(p, sizeof(*doc));

    doc->tree = tree;
    doc->max_bytes = max_bytes;
    doc->root = xmlDocGetRootElement(tree);
    if (!doc->root)
        return saml_fail(err, SAML_E_MALFORMED, "%s has no root element", what);
    *out = doc;
    return SAML_OK;
}

saml_status_t saml_doc_parse(saml_doc_t **out, const char *xml, apr_size_t len, apr_size_t max_bytes, const char *what,
                             apr_pool_t *p, saml_err_t *err)
{
    xmlDoc *tree;
    int undeclared;

    SAML_TRY(parse_octets(&tree, &undeclared, xml, len, max_bytes, what, p, err));
    return make_doc(out, tree, max_bytes, what, p, err);
}

/* A start tag with the declarations in scope at `el`; the nearest one of a prefix counts. */
static const char *scope_start_tag(const xmlNode *el, apr_pool_t *p)
{
    xmlNs **list = xmlGetNsList(el->doc, (xmlNode *)el);
    const char *tag = "<" SCOPE_ROOT;
    int i;

    for (i = 0; list && list[i]; i++) {
        const char *href = list[i]->href ? saml_xml_escape(p, (const char *)list[i]->href) : "";

        if (list[i]->prefix && strcmp((const char *)list[i]->prefix, "xml") != 0)
            tag = apr_psprintf(p, "%s xmlns:%s=\"%s\"", tag, (const char *)list[i]->prefix, href);
        else if (!list[i]->prefix)
            tag = apr_psprintf(p, "%s xmlns=\"%s\"", tag, href);
    }
    xmlFree(list);
    return apr_pstrcat(p, tag, ">", NULL);
}

/* The one element under `root`, in a document of its own with the declarations that it needs. */
static saml_status_t adopt_only_child(xmlDoc **out, xmlNode *root, const char *what, apr_pool_t *p, saml_err_t *err)
{
    xmlNode *el = saml_xml_first(root), *copy;
    xmlDoc *tree;

    if (!el || el->prev || el->next)
        return saml_fail(err, SAML_E_MALFORMED, "%s: expected one element and nothing else", what);
    tree = xmlNewDoc(BAD_CAST "1.0");
    if (!tree)
        return saml_fail(err, SAML_E_TOO_LARGE, "%s: no memory for a document", what);
    own_tree(p, tree);
    copy = xmlDocCopyNode(el, tree, 1);
    if (!copy)
        return saml_fail(err, SAML_E_TOO_LARGE, "%s: no memory for a document", what);
    xmlDocSetRootElement(tree, copy);
    *out = tree;
    return SAML_OK;
}

/* xmlNewNs passes over a prefix that the element declares itself. The default namespace would change what elements are. */
void saml_doc_declare_scope(saml_doc_t *doc, const xmlNode *scope)
{
    xmlNs **list = xmlGetNsList(scope->doc, (xmlNode *)scope);
    int i;

    for (i = 0; list && list[i]; i++)
        if (list[i]->prefix && strcmp((const char *)list[i]->prefix, "xml") != 0)
            (void)xmlNewNs(doc->root, list[i]->href, list[i]->prefix);
    xmlFree(list);
}

saml_status_t saml_doc_parse_in_scope(saml_doc_t **out, const char *xml, apr_size_t len, apr_size_t max_bytes,
                                      const xmlNode *scope, const char *what, apr_pool_t *p, saml_err_t *err)
{
    int undeclared;
    xmlDoc *tree;
    saml_status_t status = parse_octets(&tree, &undeclared, xml, len, max_bytes, what, p, err);
    const char *tag, *wrapped;
    apr_size_t wrapped_len;

    if (status == SAML_OK)
        status = make_doc(out, tree, max_bytes, what, p, err);
    if (status == SAML_OK)
        saml_doc_declare_scope(*out, scope);
    if (status == SAML_OK || !undeclared)
        return status;
    tag = scope_start_tag(scope, p);
    wrapped_len = strlen(tag) + len + strlen("</" SCOPE_ROOT ">");
    wrapped = apr_pstrcat(p, tag, apr_pstrmemdup(p, xml, len), "</" SCOPE_ROOT ">", NULL);
    SAML_TRY(parse_octets(&tree, &undeclared, wrapped, wrapped_len, max_bytes, what, p, err));
    SAML_TRY(adopt_only_child(&tree, xmlDocGetRootElement(tree), what, p, err));
    SAML_TRY(make_doc(out, tree, max_bytes, what, p, err));
    saml_doc_declare_scope(*out, scope);
    return SAML_OK;
}

xmlNode *saml_doc_root(const saml_doc_t *doc)
{
    return doc->root;
}

xmlDoc *saml_doc_tree(const saml_doc_t *doc)
{
    return doc->tree;
}

apr_size_t saml_doc_limit(const saml_doc_t *doc)
{
    return doc->max_bytes;
}

/* ---- elements ------------------------------------------------------------ */

int saml_xml_is(const xmlNode *el, const char *ns, const char *name)
{
    return el && el->type == XML_ELEMENT_NODE && el->ns && el->ns->href && strcmp((const char *)el->name, name) == 0
           && strcmp((const char *)el->ns->href, ns) == 0;
}

static xmlNode *element_from(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

xmlNode *saml_xml_first(const xmlNode *el)
{
    return el ? element_from(el->children) : NULL;
}

xmlNode *saml_xml_next(const xmlNode *el)
{
    return el ? element_from(el->next) : NULL;
}

xmlNode *saml_xml_child(const xmlNode *el, const char *ns, const char *name)
{
    xmlNode *child = saml_xml_first(el);

    while (child && !saml_xml_is(child, ns, name))
        child = saml_xml_next(child);
    return child;
}

xmlNode *saml_xml_next_named(const xmlNode *el, const char *ns, const char *name)
{
    xmlNode *next = saml_xml_next(el);

    while (next && !saml_xml_is(next, ns, name))
        next = saml_xml_next(next);
    return next;
}

int saml_xml_count(const xmlNode *el, const char *ns, const char *name)
{
    xmlNode *child;
    int count = 0;

    for (child = saml_xml_child(el, ns, name); child; child = saml_xml_next_named(child, ns, name))
        count++;
    return count;
}

saml_status_t saml_xml_optional(xmlNode **out, const xmlNode *el, const char *ns, const char *name, saml_err_t *err)
{
    xmlNode *child = saml_xml_child(el, ns, name);

    if (child && saml_xml_next_named(child, ns, name))
        return saml_fail(err, SAML_E_MALFORMED, "%s: expected at most one %s, got %d", saml_xml_name(err->pool, el),
                         name, saml_xml_count(el, ns, name));
    *out = child;
    return SAML_OK;
}

/* ---- values -------------------------------------------------------------- */

static const char *collapse(apr_pool_t *p, const char *text)
{
    static const char space[] = " \t\r\n";
    apr_size_t len;

    if (!text)
        return NULL;
    text += strspn(text, space);
    len = strlen(text);
    while (len && strchr(space, text[len - 1]))
        len--;
    return apr_pstrmemdup(p, text, len);
}

static const char *attribute_value(const xmlAttr *attr, apr_pool_t *p)
{
    xmlChar *value = xmlNodeListGetString(attr->doc, attr->children, 1);
    const char *copy = apr_pstrdup(p, value ? (const char *)value : "");

    xmlFree(value);
    return copy;
}

static int has_namespace(const xmlAttr *attr, const char *ns)
{
    if (!ns)
        return attr->ns == NULL;
    return attr->ns && attr->ns->href && strcmp((const char *)attr->ns->href, ns) == 0;
}

const char *saml_xml_attr_ns(const xmlNode *el, const char *ns, const char *name, apr_pool_t *p)
{
    const xmlAttr *attr;

    if (!el || el->type != XML_ELEMENT_NODE)
        return NULL;
    for (attr = el->properties; attr; attr = attr->next)
        if (has_namespace(attr, ns) && strcmp((const char *)attr->name, name) == 0)
            return attribute_value(attr, p);
    return NULL;
}

const char *saml_xml_attr(const xmlNode *el, const char *name, apr_pool_t *p)
{
    return saml_xml_attr_ns(el, NULL, name, p);
}

const char *saml_xml_attr_collapsed(const xmlNode *el, const char *name, apr_pool_t *p)
{
    return collapse(p, saml_xml_attr(el, name, p));
}

saml_status_t saml_xml_text(const char **out, const xmlNode *el, apr_pool_t *p, saml_err_t *err)
{
    const xmlNode *node;
    apr_size_t len = 0;
    char *text, *at;

    if (!el)
        return saml_fail(err, SAML_E_MALFORMED, "expected an element with text, got none");
    for (node = el->children; node; node = node->next) {
        if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE)
            len += node->content ? strlen((const char *)node->content) : 0;
        else if (node->type != XML_COMMENT_NODE && node->type != XML_PI_NODE)
            return saml_fail(err, SAML_E_MALFORMED, "%s: expected text, got %s", saml_xml_name(p, el),
                             node->type == XML_ELEMENT_NODE ? saml_xml_name(p, node) : "something else");
    }
    text = at = apr_palloc(p, len + 1);
    for (node = el->children; node; node = node->next) {
        if ((node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && node->content)
            at = apr_cpystrn(at, (const char *)node->content, (apr_size_t)(text + len + 1 - at));
    }
    *at = '\0';
    *out = text;
    return SAML_OK;
}

saml_status_t saml_xml_text_collapsed(const char **out, const xmlNode *el, apr_pool_t *p, saml_err_t *err)
{
    const char *text;

    SAML_TRY(saml_xml_text(&text, el, p, err));
    *out = collapse(p, text);
    return SAML_OK;
}

/* An element alone carries the declarations that it has from further out. */
static int dump_node(xmlBuffer *buffer, const xmlNode *node)
{
    xmlDoc *tree = xmlNewDoc(BAD_CAST "1.0");
    xmlNode *copy = tree ? xmlDocCopyNode((xmlNode *)node, tree, 1) : NULL;
    int ok = 0;

    if (copy) {
        (void)xmlAddChild((xmlNode *)tree, copy);
        ok = (copy->type != XML_ELEMENT_NODE || xmlReconciliateNs(tree, copy) >= 0)
             && xmlNodeDump(buffer, tree, copy, 0, 0) >= 0;
    }
    if (tree)
        xmlFreeDoc(tree);
    return ok;
}

const char *saml_xml_inner(const xmlNode *el, apr_pool_t *p)
{
    xmlBuffer *buffer = xmlBufferCreate();
    const xmlNode *node;
    const char *text;
    int ok = buffer != NULL;

    for (node = el->children; node && ok; node = node->next)
        ok = dump_node(buffer, node);
    text = ok ? apr_pstrdup(p, (const char *)xmlBufferContent(buffer)) : NULL;
    if (buffer)
        xmlBufferFree(buffer);
    return text;
}

static const char REPLACEMENT[] = "\xef\xbf\xbd";   /* U+FFFD: XML 1.0 has no way to write most controls */

#define R REPLACEMENT
/* What stands for the octet in XML; NULL where it stands for itself. */
static const char *const escapes[256] = {
    R, R, R, R, R, R, R, R, R, "&#9;", "&#10;", R, R, "&#13;", R, R, R, R, R, R, R, R, R, R, R, R, R, R, R, R, R, R,
    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"
};
#undef R

const char *saml_xml_escape(apr_pool_t *p, const char *text)
{
    apr_size_t len = 0;
    const char *c, *escape;
    char *out, *at;

    for (c = text; *c && !escapes[(unsigned char)*c]; c++)
        ;
    if (!*c)
        return apr_pstrmemdup(p, text, (apr_size_t)(c - text));
    for (c = text; *c; c++) {
        escape = escapes[(unsigned char)*c];
        len += escape ? strlen(escape) : 1;
    }
    out = at = apr_palloc(p, len + 1);
    for (c = text; *c; c++) {
        escape = escapes[(unsigned char)*c];
        if (escape)
            at = apr_cpystrn(at, escape, (apr_size_t)(out + len + 1 - at));
        else
            *at++ = *c;
    }
    *at = '\0';
    return out;
}

const char *saml_xml_name(apr_pool_t *p, const xmlNode *el)
{
    if (!el || !el->name)
        return "none";
    if (!el->ns || !el->ns->href)
        return apr_psprintf(p, "%s without namespace", saml_quote(p, (const char *)el->name));
    return apr_psprintf(p, "%s of %s", saml_quote(p, (const char *)el->name),
                        saml_quote(p, (const char *)el->ns->href));
}
