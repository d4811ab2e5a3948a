/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>
#include "show.h"
#include "utf8.h"

#define INDENT 2

/* XML text in which nothing can move the cursor: what is special to XML or to terminals becomes a reference. */
static void put_text(const xmlChar *text, int in_attribute)
{
    const unsigned char *s = text;

    while (s && *s) {
        unsigned long c = '?';
        apr_size_t n = cli_utf8_next(&c, s);
        int is_break = c == '\n' || c == '\t';

        if (c == '&')
            fputs("&amp;", stdout);
        else if (c == '<')
            fputs("&lt;", stdout);
        else if (c == '>')
            fputs("&gt;", stdout);
        else if (c == '"' && in_attribute)
            fputs("&quot;", stdout);
        else if (n == 0 || (cli_utf8_is_tricky(c) && (in_attribute || !is_break)))
            printf("&#x%lX;", n ? c : 0xfffdul);
        else
            fwrite(s, 1, n, stdout);
        s += n ? n : 1;
    }
}

static void put_name(const xmlNs *ns, const xmlChar *name)
{
    if (ns && ns->prefix)
        printf("%s:", (const char *)ns->prefix);
    fputs((const char *)name, stdout);
}

static void put_start(const xmlNode *el)
{
    const xmlNs *ns;
    const xmlAttr *a;

    putchar('<');
    put_name(el->ns, el->name);
    for (ns = el->nsDef; ns; ns = ns->next) {
        printf(" xmlns%s%s=\"", ns->prefix ? ":" : "", ns->prefix ? (const char *)ns->prefix : "");
        put_text(ns->href, 1);
        putchar('"');
    }
    for (a = el->properties; a; a = a->next) {
        xmlChar *value = xmlNodeListGetString(el->doc, a->children, 1);

        putchar(' ');
        put_name(a->ns, a->name);
        fputs("=\"", stdout);
        put_text(value, 1);
        putchar('"');
        xmlFree(value);
    }
    fputs(el->children ? ">" : "/>", stdout);
}

static int is_text(const xmlNode *n)
{
    return n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE || n->type == XML_ENTITY_REF_NODE;
}

/* Whether white space in `el` is only layout: it has child elements and no other text. */
static int is_layout_free(const xmlNode *el)
{
    const xmlNode *n;
    int elements = 0;

    for (n = el->children; n; n = n->next) {
        if (is_text(n) && !xmlIsBlankNode(n))
            return 0;
        elements += n->type == XML_ELEMENT_NODE;
    }
    return elements > 0;
}

static void line_start(int depth)
{
    printf("\n%*s", depth * INDENT, "");
}

static void put_node(const xmlNode *n, int depth, int indented);

static void put_element(const xmlNode *el, int depth, int indented)
{
    int inner = indented && is_layout_free(el);
    const xmlNode *n;

    put_start(el);
    for (n = el->children; n; n = n->next) {
        if (inner && is_text(n))
            continue;
        if (inner)
            line_start(depth + 1);
        put_node(n, depth + 1, inner);
    }
    if (!el->children)
        return;
    if (inner)
        line_start(depth);
    fputs("</", stdout);
    put_name(el->ns, el->name);
    putchar('>');
}

static void put_node(const xmlNode *n, int depth, int indented)
{
    if (n->type == XML_ELEMENT_NODE) {
        put_element(n, depth, indented);
    }
    else if (is_text(n)) {
        put_text(n->content, 0);
    }
    else if (n->type == XML_COMMENT_NODE) {
        fputs("<!--", stdout);
        put_text(n->content, 0);
        fputs("-->", stdout);
    }
    else if (n->type == XML_PI_NODE) {
        printf("<?%s ", (const char *)n->name);
        put_text(n->content, 0);
        fputs("?>", stdout);
    }
}

void cli_print_xml(const xmlNode *el)
{
    put_element(el, 0, 1);
    putchar('\n');
}
