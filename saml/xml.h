/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_XML_H
#define SAML_XML_H

/**
 * @file xml.h
 * Bounded parsing and reading of XML. Readers are namespace-aware and never match prefixes; attributes
 * are the unqualified ones only, so `q:ID` never answers for `ID`.
 */

#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include "saml.h"

/** What this thread did with libxml2's error reports before. */
typedef struct {
    xmlStructuredErrorFunc func;
    void *baton;
} saml_xml_reports_t;

/** Around calls that are not the parser's (canonical form, XPath): nothing reaches stderr. The setting is the thread's own. */
void saml_xml_mute(saml_xml_reports_t *saved);
void saml_xml_unmute(const saml_xml_reports_t *saved);

/** A parsed message. Owned by the pool it was parsed into. */
typedef struct saml_doc_t saml_doc_t;

/**
 * Octets to tree, bounded: no DTD, no entities beyond the five predefined ones and character references,
 * no network, no XInclude; size, depth and attribute count limited; UTF-8 (with or without BOM), US-ASCII
 * or ISO-8859-1 by declaration only; undeclared prefixes, NUL octets, trailing data are refused.
 * @param out        set on SAML_OK only; lives in `p`
 * @param max_bytes  SAML_MAX_MESSAGE_BYTES for protocol messages
 * @param what       the name of the thing for the reason, such as "SAMLResponse"
 * @return SAML_OK, SAML_E_MALFORMED or SAML_E_TOO_LARGE
 */
SAML_MUST_CHECK saml_status_t saml_doc_parse(saml_doc_t **out, const char *xml, apr_size_t len, apr_size_t max_bytes,
                                             const char *what, apr_pool_t *p, saml_err_t *err);

/**
 * As saml_doc_parse. Where that fails because prefixes are not declared and for no other reason, the octets are parsed once
 * more with the namespace declarations that are in scope at `scope`; they must hold exactly one element. For what comes out of a decryption.
 * Ends with saml_doc_declare_scope.
 * Spec: XML Encryption 4.3.3
 */
SAML_MUST_CHECK saml_status_t saml_doc_parse_in_scope(saml_doc_t **out, const char *xml, apr_size_t len,
                                                      apr_size_t max_bytes, const xmlNode *scope, const char *what,
                                                      apr_pool_t *p, saml_err_t *err);

/**
 * Declare on the root element of `doc` the prefixes that are in scope at `scope`, but for those that it declares itself. Nothing
 * in `doc` uses them, but a canonical form may ask for them: an InclusiveNamespaces list, or inclusive c14n.
 */
void saml_doc_declare_scope(saml_doc_t *doc, const xmlNode *scope);

/** The root element; never NULL. */
xmlNode *saml_doc_root(const saml_doc_t *doc);

/** The tree, for libraries that want it. It stays owned by `doc`. */
xmlDoc *saml_doc_tree(const saml_doc_t *doc);

/** The max_bytes that `doc` was parsed with. */
apr_size_t saml_doc_limit(const saml_doc_t *doc);

/** Whether `el` is the element {ns}name. NULL is not. */
int saml_xml_is(const xmlNode *el, const char *ns, const char *name);

/** First child element of `el`, any name, or NULL; and the next sibling element after `el`, or NULL. */
xmlNode *saml_xml_first(const xmlNode *el);
xmlNode *saml_xml_next(const xmlNode *el);

/** First child {ns}name of `el`, or NULL. */
xmlNode *saml_xml_child(const xmlNode *el, const char *ns, const char *name);

/** Next sibling {ns}name after `el`, or NULL. */
xmlNode *saml_xml_next_named(const xmlNode *el, const char *ns, const char *name);

/** How many children {ns}name `el` has. */
int saml_xml_count(const xmlNode *el, const char *ns, const char *name);

/**
 * At most one child {ns}name.
 * @param out set on SAML_OK: the child, or NULL where there is none
 * @return SAML_OK, or SAML_E_MALFORMED where there are several
 */
SAML_MUST_CHECK saml_status_t saml_xml_optional(xmlNode **out, const xmlNode *el, const char *ns, const char *name,
                                                saml_err_t *err);

/** The unqualified attribute `name`, copied into `p`; NULL where absent ("" where empty). */
const char *saml_xml_attr(const xmlNode *el, const char *name, apr_pool_t *p);

/** As saml_xml_attr, surrounding XML white space removed: for xs:anyURI, xs:dateTime, xs:ID values. */
const char *saml_xml_attr_collapsed(const xmlNode *el, const char *name, apr_pool_t *p);

/** The attribute {ns}name, copied into `p`; NULL where absent. */
const char *saml_xml_attr_ns(const xmlNode *el, const char *ns, const char *name, apr_pool_t *p);

/**
 * All text of `el`, also across comments, processing instructions and CDATA sections, copied into `p`.
 * @return SAML_OK, or SAML_E_MALFORMED where `el` has child elements
 */
SAML_MUST_CHECK saml_status_t saml_xml_text(const char **out, const xmlNode *el, apr_pool_t *p, saml_err_t *err);

/** As saml_xml_text with surrounding white space removed: for xs:anyURI content such as Audience. */
SAML_MUST_CHECK saml_status_t saml_xml_text_collapsed(const char **out, const xmlNode *el, apr_pool_t *p,
                                                      saml_err_t *err);

/**
 * What stands between the tags of `el` as XML text, for attribute values that have child elements; each of these carries
 * the namespace declarations that it needs. Copied into `p`; NULL where libxml2 could not write it.
 */
const char *saml_xml_inner(const xmlNode *el, apr_pool_t *p);

/** `text` with & < > " ' and control octets escaped for XML text and attribute values. */
const char *saml_xml_escape(apr_pool_t *p, const char *text);

/** Local name of `el`, quoted, with its namespace: for reasons. */
const char *saml_xml_name(apr_pool_t *p, const xmlNode *el);

#endif
