/* SPDX-License-Identifier: Apache-2.0 */
#include "xml_scan.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Where the pass is. Depth and counts stay small, since each is checked against its limit as it grows. */
typedef struct {
    const char *at;
    const char *end;
    const char *begin;
    const char *what;
    saml_err_t *err;
    int depth;
    int roots;
    int ns_in_scope;
    int ns_at[SAML_MAX_DEPTH + 1];  /* declarations that the open element of that depth made */
    apr_size_t nodes;
    apr_size_t max_nodes;
    apr_size_t lookups;
} scan_t;

static saml_status_t bad(const scan_t *s, const char *why)
{
    return saml_fail(s->err, SAML_E_MALFORMED, "%s is not XML: %s at octet %ld", s->what, why,
                     (long)(s->at - s->begin));
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int starts(const scan_t *s, const char *word)
{
    size_t len = strlen(word);

    return (size_t)(s->end - s->at) >= len && memcmp(s->at, word, len) == 0;
}

static const char *find(const char *at, const char *end, const char *word)
{
    return memmem(at, (size_t)(end - at), word, strlen(word));
}

static void skip_space(scan_t *s)
{
    while (s->at < s->end && is_space(*s->at))
        s->at++;
}

/* ---- characters ---------------------------------------------------------- */

/* The octets of the UTF-8 sequence at `u`, which begins above 0x7f (RFC 3629: shortest form, no surrogates, to U+10FFFF), or 0. */
static size_t utf8_length(const unsigned char *u, size_t left)
{
    size_t len = u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
    size_t i;

    if (len > left)
        return 0;
    for (i = 1; i < len; i++)
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) || (u[0] == 0xf0 && u[1] < 0x90)
        || (u[0] == 0xf4 && u[1] > 0x8f))
        return 0;
    return len;
}

/* XML 1.0, 2.2 */
static int is_xml_control(unsigned char c)
{
    return c < 0x20 && !is_space((char)c);
}

/* Eight octets at once, most of them in most documents: all from 0x20 to 0x7f. */
static const char *skip_plain(const char *at, const char *end)
{
    const apr_uint64_t ones = 0x0101010101010101ull, tops = 0x8080808080808080ull;
    apr_uint64_t word;

    for (; end - at >= (ptrdiff_t)sizeof(word); at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        if ((word | (word - ones * 0x20)) & tops)
            break;
    }
    return at;
}

static saml_status_t check_characters(scan_t *s, const char *encoding, int ascii_only)
{
    int utf8 = strcmp(encoding, "UTF-8") == 0;
    size_t len;

    for (; s->at < s->end; s->at += len) {
        unsigned char c;

        s->at = skip_plain(s->at, s->end);
        if (s->at == s->end)
            break;
        c = (unsigned char)*s->at;
        len = 1;
        if (c == 0)
            return bad(s, "NUL");
        if (is_xml_control(c))
            return bad(s, "a control character that XML forbids");
        if (c < 0x80)
            continue;
        if (ascii_only)
            return bad(s, "an octet above 127, where US-ASCII was declared");
        if (utf8 && (len = utf8_length((const unsigned char *)s->at, (size_t)(s->end - s->at))) == 0)
            return bad(s, "an octet that is not UTF-8");
    }
    return SAML_OK;
}

/* The value of encoding="..." in the XML declaration at `at`; NULL where there is none. */
static const char *declared_encoding(const scan_t *s, apr_size_t *len)
{
    const char *close, *name, *value, *after;

    if (!starts(s, "<?xml") || s->end - s->at < 6 || !is_space(s->at[5]))
        return NULL;
    close = find(s->at, s->end, "?>");
    if (!close || !(name = find(s->at, close, "encoding")))
        return NULL;
    for (value = name + strlen("encoding"); value < close && (is_space(*value) || *value == '='); value++)
        ;
    if (value == close || (*value != '"' && *value != '\''))
        return NULL;
    after = memchr(value + 1, *value, (size_t)(close - value - 1));
    if (!after)
        return NULL;
    *len = (apr_size_t)(after - value - 1);
    return value + 1;
}

static int is_encoding(const char *name, apr_size_t len, const char *known)
{
    return len == strlen(known) && strncasecmp(name, known, len) == 0;
}

/* XML 1.0, 4.3.3. Anything that is not a superset of ASCII would make the pass see other tags than the parser. */
static saml_status_t check_encoding(scan_t *s, const char **encoding)
{
    int bom = starts(s, "\xef\xbb\xbf"), ascii_only = 0;
    const char *name;
    apr_size_t len = 0;

    if (starts(s, "\xff\xfe") || starts(s, "\xfe\xff"))
        return saml_fail(s->err, SAML_E_MALFORMED, "%s: expected UTF-8, got a UTF-16 byte order mark", s->what);
    if (bom)
        s->at += 3;
    *encoding = "UTF-8";
    name = declared_encoding(s, &len);
    if (name && is_encoding(name, len, "ISO-8859-1") && !bom)
        *encoding = "ISO-8859-1";
    else if (name && is_encoding(name, len, "US-ASCII"))
        ascii_only = 1;
    else if (name && !is_encoding(name, len, "UTF-8"))
        return saml_fail(s->err, SAML_E_MALFORMED, "%s: expected the encoding UTF-8, got %s", s->what,
                         saml_quote_bytes(s->err->pool, name, len));
    s->begin = s->at;
    SAML_TRY(check_characters(s, *encoding, ascii_only));
    s->at = s->begin;
    return SAML_OK;
}

/* ---- markup -------------------------------------------------------------- */

/* "&" stands for a character or one of the five predefined entities; nothing else can be meant without a DTD. */
static saml_status_t check_reference(scan_t *s)
{
    static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", NULL };
    const char *semicolon = memchr(s->at, ';', (size_t)(s->end - s->at > 64 ? 64 : s->end - s->at));
    int i;

    if (!semicolon)
        return bad(s, "\"&\" without a reference");
    if (s->at[1] == '#')
        return SAML_OK;
    for (i = 0; known[i]; i++)
        if (starts(s, known[i]))
            return SAML_OK;
    return saml_fail(s->err, SAML_E_MALFORMED, "%s: entities are not allowed, got %s", s->what,
                     saml_quote_bytes(s->err->pool, s->at, (apr_size_t)(semicolon + 1 - s->at)));
}

static saml_status_t count_node(scan_t *s)
{
    if (++s->nodes > s->max_nodes)
        return saml_fail(s->err, SAML_E_TOO_LARGE, "%s has more than %" APR_SIZE_T_FMT " elements and attributes",
                         s->what, s->max_nodes);
    return SAML_OK;
}

/* What ends a name in a tag. */
static const char ends_name[256] = {
    [' '] = 1, ['\t'] = 1, ['\n'] = 1, ['\r'] = 1, ['='] = 1, ['/'] = 1, ['<'] = 1, ['>'] = 1, ['"'] = 1, ['\''] = 1, ['&'] = 1
};

/* A name, as far as the pass cares. */
static saml_status_t skip_name(scan_t *s)
{
    const char *start = s->at;

    while (s->at < s->end && !ends_name[(unsigned char)*s->at])
        s->at++;
    return s->at == start ? bad(s, "no name where one is expected") : SAML_OK;
}

/* Every reference from here to `end`, to which the pass moves. */
static saml_status_t check_references(scan_t *s, const char *end)
{
    for (; (s->at = memchr(s->at, '&', (size_t)(end - s->at))) != NULL; s->at++)
        SAML_TRY(check_reference(s));
    s->at = end;
    return SAML_OK;
}

static saml_status_t skip_value(scan_t *s)
{
    const char *close, *tag;

    skip_space(s);
    if (s->at == s->end || *s->at != '=')
        return bad(s, "an attribute without \"=\"");
    s->at++;
    skip_space(s);
    if (s->at == s->end || (*s->at != '"' && *s->at != '\''))
        return bad(s, "an attribute value without quotes");
    close = memchr(s->at + 1, *s->at, (size_t)(s->end - s->at - 1));
    s->at++;
    tag = memchr(s->at, '<', (size_t)((close ? close : s->end) - s->at));
    SAML_TRY(check_references(s, tag ? tag : close ? close : s->end));
    if (tag)
        return bad(s, "\"<\" in an attribute value");
    if (!close)
        return bad(s, "an attribute value that does not end");
    s->at++;
    return SAML_OK;
}

static int is_declaration(const scan_t *s)
{
    return starts(s, "xmlns") && s->end - s->at > 5 && (s->at[5] == ':' || s->at[5] == '=' || is_space(s->at[5]));
}

static saml_status_t scan_attribute(scan_t *s, int *namespaces)
{
    int declaration = is_declaration(s);
    const char *name_end;

    *namespaces += declaration;
    SAML_TRY(count_node(s));
    SAML_TRY(skip_name(s));
    name_end = s->at;
    SAML_TRY(skip_value(s));
    if (declaration && s->at - name_end > SAML_MAX_NAMESPACE_BYTES + 3)     /* "=" and two quotes */
        return saml_fail(s->err, SAML_E_TOO_LARGE, "%s has a namespace name of more than %d octets", s->what,
                         SAML_MAX_NAMESPACE_BYTES);
    return SAML_OK;
}

/* XML 1.0, 3.1: white space stands between attributes. */
static saml_status_t scan_attributes(scan_t *s, int *namespaces)
{
    int count = 0;
    const char *before;

    for (;;) {
        before = s->at;
        skip_space(s);
        if (s->at == s->end)
            return bad(s, "a tag that does not end");
        if (*s->at == '>' || *s->at == '/')
            return SAML_OK;
        if (s->at == before)
            return bad(s, "no white space before an attribute");
        if (++count > SAML_MAX_ATTRIBUTES)
            return saml_fail(s->err, SAML_E_TOO_LARGE, "%s has an element with more than %d attributes", s->what,
                             SAML_MAX_ATTRIBUTES);
        SAML_TRY(scan_attribute(s, namespaces));
    }
}

/*
 * Inclusive canonical form looks up each declaration that is in scope, for each element, among those and through the elements
 * around it. Whoever holds one signature can put what he likes in the place of what it covered, and have that looked up.
 */
static saml_status_t count_lookups(scan_t *s, int declarations)
{
    s->lookups += (apr_size_t)declarations * (apr_size_t)(declarations + s->depth);
    if (s->lookups > s->max_nodes * SAML_MAX_LOOKUPS_PER_NODE)
        return saml_fail(s->err, SAML_E_TOO_LARGE, "%s has too many elements with %d namespace declarations in scope, %d levels "
                         "deep", s->what, declarations, s->depth);
    return SAML_OK;
}

static saml_status_t scan_start_tag(scan_t *s)
{
    int namespaces = 0, empty;

    if (s->depth == 0 && ++s->roots > 1)
        return bad(s, "a second root element");
    if (s->depth >= SAML_MAX_DEPTH)
        return saml_fail(s->err, SAML_E_TOO_LARGE, "%s has elements nested more than %d deep", s->what, SAML_MAX_DEPTH);
    s->at++;
    SAML_TRY(skip_name(s));
    SAML_TRY(scan_attributes(s, &namespaces));
    if (s->ns_in_scope + namespaces > SAML_MAX_NAMESPACES)
        return saml_fail(s->err, SAML_E_TOO_LARGE, "%s has more than %d namespace declarations in scope", s->what,
                         SAML_MAX_NAMESPACES);
    SAML_TRY(count_lookups(s, s->ns_in_scope + namespaces));
    empty = *s->at == '/';
    s->at += empty;
    if (s->at == s->end || *s->at != '>')
        return bad(s, "\"/\" in a tag");
    s->at++;
    if (!empty) {
        s->ns_in_scope += namespaces;
        s->ns_at[++s->depth] = namespaces;
    }
    return SAML_OK;
}

static saml_status_t scan_end_tag(scan_t *s)
{
    if (s->depth == 0)
        return bad(s, "an end tag without a start tag");
    s->at += 2;
    SAML_TRY(skip_name(s));
    skip_space(s);
    if (s->at == s->end || *s->at != '>')
        return bad(s, "an end tag that does not end");
    s->at++;
    s->ns_in_scope -= s->ns_at[s->depth--];
    return SAML_OK;
}

static saml_status_t skip_past(scan_t *s, apr_size_t open_len, const char *close, const char *why)
{
    const char *found = s->at + open_len < s->end ? find(s->at + open_len, s->end, close) : NULL;

    if (!found)
        return bad(s, why);
    s->at = found + strlen(close);
    return SAML_OK;
}

/* XML 1.0, 2.5: "--" stands in a comment only where it ends. */
static saml_status_t scan_comment(scan_t *s)
{
    SAML_TRY(skip_past(s, 4, "--", "a comment that does not end"));
    if (s->at == s->end || *s->at != '>')
        return bad(s, "\"--\" in a comment");
    s->at++;
    return SAML_OK;
}

static saml_status_t scan_markup(scan_t *s)
{
    if (starts(s, "</"))
        return scan_end_tag(s);
    SAML_TRY(count_node(s));
    if (starts(s, "<!--"))
        return scan_comment(s);
    if (starts(s, "<?"))
        return skip_past(s, 2, "?>", "a processing instruction that does not end");
    if (starts(s, "<![CDATA[") && s->depth > 0)
        return skip_past(s, 9, "]]>", "a CDATA section that does not end");
    if (starts(s, "<!DOCTYPE"))
        return saml_fail(s->err, SAML_E_MALFORMED, "%s: a document type declaration (DOCTYPE) is not allowed", s->what);
    if (starts(s, "<!"))
        return bad(s, "a declaration");
    return scan_start_tag(s);
}

static saml_status_t scan_text(scan_t *s)
{
    const char *tag = memchr(s->at, '<', (size_t)(s->end - s->at)), *end = tag ? tag : s->end;

    if (s->depth == 0) {
        skip_space(s);
        if (s->at < end)
            return bad(s, s->roots ? "text after the root element" : "text before the root element");
    }
    return check_references(s, end);
}

saml_status_t saml_xml_scan(const char **encoding, apr_size_t *start, const char *xml, apr_size_t len,
                            apr_size_t max_bytes, const char *what, saml_err_t *err)
{
    scan_t s;

    if (!xml || len == 0)
        return saml_fail(err, SAML_E_MALFORMED, "%s is empty", what);
    if (len > max_bytes)
        return saml_fail(err, SAML_E_TOO_LARGE, "%s has %" APR_SIZE_T_FMT " octets, more than %" APR_SIZE_T_FMT, what,
                         len, max_bytes);
    memset(&s, 0, sizeof(s));
    s.at = s.begin = xml;
    s.end = xml + len;
    s.what = what;
    s.err = err;
    s.max_nodes = max_bytes / SAML_MIN_BYTES_PER_NODE;
    SAML_TRY(check_encoding(&s, encoding));
    *start = (apr_size_t)(s.at - xml);
    while (s.at < s.end) {
        SAML_TRY(scan_text(&s));
        if (s.at < s.end)
            SAML_TRY(scan_markup(&s));
    }
    if (s.roots == 0)
        return bad(&s, "no root element");
    if (s.depth > 0)
        return bad(&s, "the end, with elements still open");
    return SAML_OK;
}
