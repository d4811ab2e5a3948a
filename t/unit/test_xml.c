/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded parsing, and readers that match namespaces and miss nothing. XML 1.0; Namespaces in XML 1.0. */

#include "material.h"

#include <sys/resource.h>

#define LIMIT SAML_MAX_MESSAGE_BYTES

static saml_doc_t *doc;

static saml_status_t parse_bytes(const char *xml, size_t len)
{
    return saml_doc_parse(&doc, xml, len, LIMIT, "SAMLResponse", pool, &err);
}

static saml_status_t parse(const char *xml)
{
    return parse_bytes(xml, strlen(xml));
}

static xmlNode *root_of(const char *xml)
{
    assert_says(parse(xml), SAML_OK, "");
    return saml_doc_root(doc);
}

/* ---- what is XML --------------------------------------------------------- */

static void test_good(void **state)
{
    static const char *const cases[] = {
        "<a/>", "<a />", "<a></a>", "<a\n></a\n>", "<a b='c' d=\"e\"/>", "<a b = 'c'\n\td\r=\n'e' />", "<a b='>'>></a>",
        "<?xml version='1.0'?><a/>", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a/>\n",
        "<?xml version='1.0' encoding = 'UTF-8' standalone='yes'?><a/>", "\xef\xbb\xbf<a/>",
        "\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?><a/>", "<?xml version='1.0' encoding='US-ASCII'?><a/>",
        "<!-- x --><a/><!-- y -->", "<?p x?><a/><?q?>", " <a/> ", "<a><![CDATA[<b>&x;]]></a>", "<a><!-- <b> & --></a>",
        "<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x41;</a>", "<a b='&lt;&#10;'/>", "<p:a xmlns:p='urn:p'/>",
        "<a xmlns='urn:a'><b xmlns=''/></a>", "<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80</a>", "<a b='\"' c=\"'\"/>",
        "<a>]]&gt;</a>", "<\xc3\xa4/>", "<a b='x/y'/>", "<a><?p <b> ?></a>", "<a xml:lang='de'/>",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (parse(cases[i]) != SAML_OK)
            fail_msg("%s: %s", cases[i], err.reason);
        assert_non_null(saml_doc_root(doc));
        assert_ptr_equal(saml_doc_root(doc)->doc, saml_doc_tree(doc));
    }
    assert_int_equal(saml_doc_limit(doc), LIMIT);
}

static void test_malformed(void **state)
{
    static const struct { const char *xml, *says; } cases[] = {
        { "", "is empty" }, { " ", "no root element" }, { "x", "text before the root" }, { "<a/>x", "text after the root" },
        { "<a/><b/>", "a second root element" }, { "<a></a><a></a>", "a second root element" },
        { "<a>", "still open" }, { "</a>", "without a start tag" }, { "<a></b>", "is not XML" },
        { "<a><b></a></b>", "is not XML" }, { "<a></a></a>", "without a start tag" }, { "<a", "does not end" },
        { "<a b>", "without \"=\"" }, { "<a b=c/>", "without quotes" }, { "<a b='c/>", "does not end" },
        { "<a b='<'/>", "\"<\" in an attribute value" }, { "<a b='c'd='e'/>", "no white space" },
        { "<a / >", "\"/\" in a tag" }, { "<a/b>", "\"/\" in a tag" }, { "<a b='1' b='2'/>", "is not XML" },
        { "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", "is not XML" }, { "< a/>", "no name" },
        { "<a ='b'/>", "no name" }, { "<a <b/>", "is not XML" }, { "<a><</a>", "no name" }, { "<1/>", "is not XML" },
        { "<a>&</a>", "without a reference" }, { "<a>& ;</a>", "entities are not allowed" },
        { "<a>&nbsp;</a>", "entities are not allowed, got \"&nbsp;\"" }, { "<a>&x;</a>", "entities are not allowed" },
        { "<a b='&x;'/>", "entities are not allowed" }, { "<a>&#0;</a>", "is not XML" },
        { "<a>&#x1F;</a>", "is not XML" }, { "<a>&#xFFFF;</a>", "is not XML" }, { "<a>&#xD800;</a>", "is not XML" },
        { "<a>&#65</a>", "is not XML" }, { "<a>]]></a>", "is not XML" }, { "<a><!-- -- --></a>", "\"--\" in a comment" },
        { "<a><!-- --->", "\"--\" in a comment" }, { "<a><!-->", "does not end" }, { "<a><!--->", "does not end" },
        { "<a><![CDATA[</a>", "does not end" }, { "<![CDATA[]]><a/>", "a declaration" }, { "<a><?p </a>", "does not end" },
        { "<a><?xml version='1.0'?></a>", "is not XML" }, { " <?xml version='1.0'?><a/>", "is not XML" },
        { "<a>\x01</a>", "control character" }, { "<a>\x1b</a>", "control character" },
        /* Namespaces in XML 1.0: every prefix is declared */
        { "<p:a/>", "XML with namespaces" }, { "<a p:b='c'/>", "XML with namespaces" },
        { "<a><b xmlns:p='u'/><p:c/></a>", "XML with namespaces" }, { "<a xmlns:p=''/>", "XML with namespaces" },
        { "<a xmlns:xml='urn:x'/>", "XML with namespaces" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        doc = NULL;
        if (parse(cases[i].xml) != SAML_E_MALFORMED || !strstr(err.reason, cases[i].says))
            fail_msg("%s: expected \"%s\", got [%s] %s", cases[i].xml, cases[i].says, saml_status_name(err.status),
                     err.reason);
        assert_null(doc);
        assert_non_null(strstr(err.reason, "SAMLResponse"));
    }
}

static void test_nul(void **state)
{
    (void)state;
    assert_says(parse_bytes("<a/>\0", 5), SAML_E_MALFORMED, "NUL at octet 4");
    assert_says(parse_bytes("<a>\0</a>", 8), SAML_E_MALFORMED, "NUL at octet 3");
    assert_says(parse_bytes("\0<a/>", 5), SAML_E_MALFORMED, "NUL at octet 0");
    assert_says(parse_bytes("<a/>\0<b/>", 4), SAML_OK, "");     /* `len` ends it, not the NUL */
    assert_says(saml_doc_parse(&doc, NULL, 0, LIMIT, "it", pool, &err), SAML_E_MALFORMED, "is empty");
}

/* ---- document types and entities ----------------------------------------- */

static void test_doctype(void **state)
{
    static const char *const cases[] = {
        "<!DOCTYPE a><a/>", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "<!DOCTYPE a PUBLIC 'p' 'http://127.0.0.1/x'><a/>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'>%p;]><a/>", "\xef\xbb\xbf<!DOCTYPE a><a/>",
        "<!-- --><!DOCTYPE a><a/>", "<a/><!DOCTYPE a>", "<a><!DOCTYPE a></a>",
        "<!DOCTYPE a [<!ATTLIST a ID ID #IMPLIED>]><a ID='x'/>",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_says(parse(cases[i]), SAML_E_MALFORMED, "DOCTYPE");
    assert_says(parse("<!doctype a><a/>"), SAML_E_MALFORMED, "a declaration");
    assert_says(parse("<a><!ENTITY x 'y'></a>"), SAML_E_MALFORMED, "a declaration");
    assert_says(parse("<a>&lt;!DOCTYPE a&gt;</a>"), SAML_OK, "");
    assert_says(parse("<a><![CDATA[<!DOCTYPE a>]]></a>"), SAML_OK, "");
}

/* ---- encodings (XML 1.0, 4.3.3) ------------------------------------------ */

static void test_encodings(void **state)
{
    static const struct { const char *xml; int good; const char *says; } cases[] = {
        { "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>", 1, "\xc3\xa4" },
        { "<?xml version='1.0' encoding='iso-8859-1'?><a>\xe4</a>", 1, "\xc3\xa4" },
        { "<?xml version='1.0' encoding='UTF-8'?><a>\xc3\xa4</a>", 1, "\xc3\xa4" },
        { "<?xml version='1.0' encoding='us-ascii'?><a>a</a>", 1, "a" },
        { "<?xml version='1.0' encoding='us-ascii'?><a>\xc3\xa4</a>", 0, "US-ASCII was declared" },
        { "<?xml version='1.0' encoding='UTF-8'?><a>\xe4</a>", 0, "not UTF-8" },
        { "<a>\xe4</a>", 0, "not UTF-8" }, { "<a>\xc3</a>", 0, "not UTF-8" }, { "<a>\xc0\xbc</a>", 0, "not UTF-8" },
        { "<a>\xe0\x80\xbc</a>", 0, "not UTF-8" }, { "<a>\xed\xa0\x80</a>", 0, "not UTF-8" },
        { "<a>\xf4\x90\x80\x80</a>", 0, "not UTF-8" }, { "<a>\xf0\x8f\xbf\xbf</a>", 0, "not UTF-8" },
        { "<a>\xf5\x80\x80\x80</a>", 0, "not UTF-8" }, { "<a>\x80</a>", 0, "not UTF-8" },
        { "<a>\xf4\x8f\xbf\xbd</a>", 1, "\xf4\x8f\xbf\xbd" }, { "<a>\xed\x9f\xbf</a>", 1, "\xed\x9f\xbf" },
        { "<a>\xe0\xa0\x80</a>", 1, "\xe0\xa0\x80" }, { "<a>\xc2\x80</a>", 1, "\xc2\x80" },
        { "<a>\xef\xbf\xbf</a>", 0, "is not XML" },
        { "<?xml version='1.0' encoding='UTF-16'?><a/>", 0, "expected the encoding UTF-8, got \"UTF-16\"" },
        { "<?xml version='1.0' encoding='UTF-7'?><a>+ADw-</a>", 0, "got \"UTF-7\"" },
        { "<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>", 0, "got \"EBCDIC-CP-US\"" },
        { "<?xml version='1.0' encoding='windows-1252'?><a/>", 0, "got \"windows-1252\"" },
        { "<?xml version='1.0' encoding=''?><a/>", 0, "got \"\"" },
        { "\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><a/>", 0, "got \"ISO-8859-1\"" },
        { "\xff\xfe<", 0, "UTF-16 byte order mark" }, { "\xfe\xff", 0, "UTF-16 byte order mark" },
        { "\xef\xbb\xbf\xef\xbb\xbf<a/>", 0, "text before the root" },
    };
    const char *text;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!cases[i].good) {
            assert_says(parse(cases[i].xml), SAML_E_MALFORMED, cases[i].says);
            continue;
        }
        assert_says(saml_xml_text(&text, root_of(cases[i].xml), pool, &err), SAML_OK, "");
        assert_string_equal(text, cases[i].says);
    }
    assert_says(parse_bytes("<\0a\0/\0>\0", 8), SAML_E_MALFORMED, "NUL");
}

/* ---- limits: both sides of each ------------------------------------------ */

static const char *repeated(const char *text, int count)
{
    size_t len = strlen(text);
    char *out = apr_palloc(pool, len * (size_t)count + 1), *at = out;

    for (; count > 0; count--, at += len)
        memcpy(at, text, len);
    *at = '\0';
    return out;
}

/* `before`, a number, `after`; `count` times with another number. */
static const char *numbered(const char *before, const char *after, int count)
{
    apr_array_header_t *parts = apr_array_make(pool, count, sizeof(const char *));
    int i;

    for (i = 0; i < count; i++)
        APR_ARRAY_PUSH(parts, const char *) = apr_psprintf(pool, "%s%d%s", before, i, after);
    return apr_array_pstrcat(pool, parts, 0);
}

static void test_size(void **state)
{
    (void)state;
    assert_says(saml_doc_parse(&doc, "<a>0123456789</a>", 17, 17, "it", pool, &err), SAML_OK, "");
    assert_says(saml_doc_parse(&doc, "<a>01234567890</a>", 18, 17, "it", pool, &err), SAML_E_TOO_LARGE,
                "18 octets, more than 17");
}

static void test_depth(void **state)
{
    int good = SAML_MAX_DEPTH, bad = SAML_MAX_DEPTH + 1;

    (void)state;
    assert_says(parse(apr_pstrcat(pool, repeated("<a>", good), repeated("</a>", good), NULL)), SAML_OK, "");
    assert_says(parse(apr_pstrcat(pool, repeated("<a>", bad), repeated("</a>", bad), NULL)), SAML_E_TOO_LARGE,
                "nested more than 64 deep");
    assert_says(parse(apr_pstrcat(pool, repeated("<a>", good), "<b/>", repeated("</a>", good), NULL)),
                SAML_E_TOO_LARGE, "nested more than 64 deep");
}

static void test_attributes(void **state)
{
    (void)state;
    assert_says(parse(apr_pstrcat(pool, "<a", numbered(" b", "='x'", SAML_MAX_ATTRIBUTES), "/>", NULL)), SAML_OK, "");
    assert_says(parse(apr_pstrcat(pool, "<a", numbered(" b", "='x'", SAML_MAX_ATTRIBUTES + 1), "/>", NULL)),
                SAML_E_TOO_LARGE, "more than 256 attributes");
}

/* Declarations count while they are in scope: on one element, over a path, and not after it. */
static void test_namespaces_in_scope(void **state)
{
    const char *half = numbered(" xmlns:p", "='urn:x'", SAML_MAX_NAMESPACES / 2);
    const char *all = numbered(" xmlns:p", "='urn:x'", SAML_MAX_NAMESPACES);

    (void)state;
    assert_says(parse(apr_pstrcat(pool, "<a", all, "/>", NULL)), SAML_OK, "");
    assert_says(parse(apr_pstrcat(pool, "<a", all, " xmlns='urn:y'/>", NULL)), SAML_E_TOO_LARGE,
                "64 namespace declarations in scope");
    assert_says(parse(apr_pstrcat(pool, "<a", half, "><b", half, "/><b", half, "/></a>", NULL)), SAML_OK, "");
    assert_says(parse(apr_pstrcat(pool, "<a", half, "><b", half, "></b><b", half, "></b></a>", NULL)), SAML_OK, "");
    assert_says(parse(apr_pstrcat(pool, "<a", half, "><b", half, "><c xmlns='urn:y'/></b></a>", NULL)),
                SAML_E_TOO_LARGE, "namespace declarations in scope");
    assert_says(parse(apr_pstrcat(pool, "<a", all, "><b xmlnsx='y' xml='z'/></a>", NULL)), SAML_OK, "");
}

/* 64 for the root element, 64 times 65 for each in it, of 2048 for each of the 65536 nodes that a message may have. */
static void test_namespaces_of_many_elements(void **state)
{
    const char *root = apr_pstrcat(pool, "<a", numbered(" xmlns:p", "='urn:x'", 64), ">", NULL);

    (void)state;
    assert_says(parse(apr_pstrcat(pool, root, repeated("<b/>", 32262), "</a>", NULL)), SAML_OK, "");
    assert_says(parse(apr_pstrcat(pool, root, repeated("<b/>", 32263), "</a>", NULL)), SAML_E_TOO_LARGE,
                "too many elements with 64 namespace declarations in scope, 1 levels deep");
    assert_says(parse(apr_pstrcat(pool, "<a>", repeated("<b/>", 60000), "</a>", NULL)), SAML_OK, "");
}

static void test_namespace_length(void **state)
{
    const char *longest = repeated("x", SAML_MAX_NAMESPACE_BYTES);

    (void)state;
    assert_says(parse(apr_pstrcat(pool, "<p:a xmlns:p='", longest, "'/>", NULL)), SAML_OK, "");
    assert_says(parse(apr_pstrcat(pool, "<p:a xmlns:p='", longest, "x'/>", NULL)), SAML_E_TOO_LARGE,
                "namespace name of more than 256");
    assert_says(parse(apr_pstrcat(pool, "<a b='", longest, "x'/>", NULL)), SAML_OK, "");
}

static void test_node_count(void **state)
{
    int most = 1024 / SAML_MIN_BYTES_PER_NODE;     /* 64, the root is one of them */
    const char *good = apr_pstrcat(pool, "<a>", repeated("<b/>", most - 1), "</a>", NULL);
    const char *bad = apr_pstrcat(pool, "<a>", repeated("<b/>", most), "</a>", NULL);
    const char *attributes = apr_pstrcat(pool, "<a", numbered(" b", "=''", most), "/>", NULL);
    const char *comments = apr_pstrcat(pool, "<a>", repeated("<!---->", most), "</a>", NULL);

    (void)state;
    assert_says(saml_doc_parse(&doc, good, strlen(good), 1024, "it", pool, &err), SAML_OK, "");
    assert_says(saml_doc_parse(&doc, bad, strlen(bad), 1024, "it", pool, &err), SAML_E_TOO_LARGE, "more than 64 elements");
    assert_says(saml_doc_parse(&doc, attributes, strlen(attributes), 1024, "it", pool, &err), SAML_E_TOO_LARGE,
                "elements and attributes");
    assert_says(saml_doc_parse(&doc, comments, strlen(comments), 1024, "it", pool, &err), SAML_E_TOO_LARGE,
                "elements and attributes");
}

static apr_time_t cpu_time(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (apr_time_t)usage.ru_utime.tv_sec * APR_USEC_PER_SEC + usage.ru_utime.tv_usec;
}

/* A message of the full size, whatever it is filled with, takes less than a second and 64 MB. */
static void test_hostile_fillings(void **state)
{
    static const struct { const char *open, *unit, *close; } fillings[] = {
        { "<a>", "<b>", "" }, { "<a ", "b='' ", "/>" }, { "<a>", "<b/>", "</a>" }, { "<a>", "<!---->", "</a>" },
        { "<a>", "<?p?>", "</a>" }, { "<a>", "<![CDATA[]]>x", "</a>" }, { "<a>", "&#65;", "</a>" },
        { "<a b='", "&#65;", "'/>" }, { "<a>", "&amp;", "</a>" }, { "<a>", "<b c='' d=''/>", "</a>" },
        { "<a>", "<", "" }, { "<a>", "&", "" }, { "<a>", "<!", "" }, { "<a>", "]]", "</a>" }, { "<a b='", "<", "" },
        { "<a>", "<b x='1' x='1'/>", "</a>" }, { "<a>", "<p:b/>", "</a>" }, { "<a xmlns:p='u'>", "<p:b p:c=''/>", "</a>" },
        { "<a>", "\xf0\x9f\x98\x80", "</a>" }, { "", " ", "<a/>" }, { "<", "a", "/>" }, { "<a>", "</b>", "" },
    };
    struct rusage usage;
    apr_pool_t *outer = pool;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(fillings) / sizeof(fillings[0]); i++) {
        int count = (int)((LIMIT - 100) / strlen(fillings[i].unit));
        const char *xml;
        apr_time_t start;

        apr_pool_create(&pool, outer);
        err.pool = pool;
        xml = apr_pstrcat(pool, fillings[i].open, repeated(fillings[i].unit, count), fillings[i].close, NULL);
        start = cpu_time();
        (void)!parse(xml);
        if (cpu_time() - start > APR_USEC_PER_SEC)
            fail_msg("filling %s: %ld ms", fillings[i].unit, (long)((cpu_time() - start) / 1000));
        apr_pool_destroy(pool);
    }
    pool = outer;
    err.pool = pool;
    getrusage(RUSAGE_SELF, &usage);
#if !defined(__SANITIZE_ADDRESS__)
    assert_true(usage.ru_maxrss < 64 * 1024);
#endif
}

/* ---- readers ------------------------------------------------------------- */

static void test_is(void **state)
{
    xmlNode *root = root_of("<p:a xmlns:p='urn:p'><a/></p:a>");

    (void)state;
    assert_true(saml_xml_is(root, "urn:p", "a"));
    assert_false(saml_xml_is(root, "urn:p", "A"));
    assert_false(saml_xml_is(root, "urn:q", "a"));
    assert_false(saml_xml_is(root, "", "a"));
    assert_false(saml_xml_is(saml_xml_first(root), "urn:p", "a"));
    assert_false(saml_xml_is(NULL, "urn:p", "a"));
    assert_false(saml_xml_is(root->children->next, "urn:p", "a"));
}

static void test_children(void **state)
{
    xmlNode *root = root_of("<r xmlns='u' xmlns:v='v'>x<!-- --><a/><v:a/>y<b/><a n='2'/><?p?></r>"), *el;

    (void)state;
    assert_true(saml_xml_is(saml_xml_first(root), "u", "a"));
    assert_true(saml_xml_is(saml_xml_next(saml_xml_first(root)), "v", "a"));
    assert_int_equal(saml_xml_count(root, "u", "a"), 2);
    assert_int_equal(saml_xml_count(root, "v", "a"), 1);
    assert_int_equal(saml_xml_count(root, "u", "c"), 0);
    el = saml_xml_child(root, "u", "a");
    el = saml_xml_next_named(el, "u", "a");
    assert_string_equal(saml_xml_attr(el, "n", pool), "2");
    assert_null(saml_xml_next_named(el, "u", "a"));
    assert_null(saml_xml_next(el));
    assert_null(saml_xml_child(root, "u", "c"));
    assert_null(saml_xml_first(el));
    assert_null(saml_xml_first(NULL));
    assert_null(saml_xml_next(NULL));
    assert_null(saml_xml_child(NULL, "u", "a"));
    assert_int_equal(saml_xml_count(NULL, "u", "a"), 0);
}

static void test_optional(void **state)
{
    xmlNode *root = root_of("<r xmlns='u'><a/><b/><a/></r>"), *el;

    (void)state;
    assert_says(saml_xml_optional(&el, root, "u", "b", &err), SAML_OK, "");
    assert_true(saml_xml_is(el, "u", "b"));
    assert_says(saml_xml_optional(&el, root, "u", "c", &err), SAML_OK, "");
    assert_null(el);
    assert_says(saml_xml_optional(&el, root, "u", "a", &err), SAML_E_MALFORMED, "expected at most one a, got 2");
    assert_null(el);
}

/* A qualified attribute never answers for the plain one, wherever it stands. */
static void test_attribute_namespaces(void **state)
{
    xmlNode *root = root_of("<r xmlns:q='urn:q' q:ID='evil' ID='good' q:X='only' e='' s=' a b&#9;'/>");

    (void)state;
    assert_string_equal(saml_xml_attr(root, "ID", pool), "good");
    assert_null(saml_xml_attr(root, "X", pool));
    assert_null(saml_xml_attr(root, "id", pool));
    assert_string_equal(saml_xml_attr_ns(root, "urn:q", "ID", pool), "evil");
    assert_null(saml_xml_attr_ns(root, "urn:z", "ID", pool));
    assert_string_equal(saml_xml_attr(root, "e", pool), "");
    assert_null(saml_xml_attr(root, "absent", pool));
    assert_null(saml_xml_attr_collapsed(root, "absent", pool));
    assert_string_equal(saml_xml_attr(root, "s", pool), " a b\t");
    assert_string_equal(saml_xml_attr_collapsed(root, "s", pool), "a b");
    assert_null(saml_xml_attr(NULL, "ID", pool));
}

static void test_attribute_values_are_whole(void **state)
{
    xmlNode *root = root_of("<r a='x&amp;y&#60;z&quot;' b='1\n2'/>");

    (void)state;
    assert_string_equal(saml_xml_attr(root, "a", pool), "x&y<z\"");
    assert_string_equal(saml_xml_attr(root, "b", pool), "1 2");     /* XML 1.0, 3.3.3 */
}

/* CVE-2017-11427 and its kin: a comment cuts nothing off. */
static void test_text_is_whole(void **state)
{
    static const struct { const char *xml, *want; } cases[] = {
        { "<a>user@x.example<!-- -->.evil.example</a>", "user@x.example.evil.example" },
        { "<a>user<?p?>name</a>", "username" }, { "<a>us<![CDATA[er]]>name</a>", "username" },
        { "<a><!-- -->x</a>", "x" }, { "<a/>", "" }, { "<a></a>", "" }, { "<a><!-- --></a>", "" },
        { "<a>a&amp;b<!-- -->&lt;<![CDATA[&c]]></a>", "a&b<&c" }, { "<a> x </a>", " x " },
        { "<a><![CDATA[]]>x<![CDATA[]]></a>", "x" },
    };
    const char *text = "untouched";
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_says(saml_xml_text(&text, root_of(cases[i].xml), pool, &err), SAML_OK, "");
        assert_string_equal(text, cases[i].want);
    }
    text = "untouched";
    assert_says(saml_xml_text(&text, root_of("<a>x<b>y</b>z</a>"), pool, &err), SAML_E_MALFORMED, "expected text, got \"b\"");
    assert_says(saml_xml_text(&text, NULL, pool, &err), SAML_E_MALFORMED, "got none");
    assert_string_equal(text, "untouched");
    assert_says(saml_xml_text_collapsed(&text, root_of("<a>\n x<!-- --> y\t</a>"), pool, &err), SAML_OK, "");
    assert_string_equal(text, "x y");
    assert_says(saml_xml_text_collapsed(&text, root_of("<a> <b/> </a>"), pool, &err), SAML_E_MALFORMED, "expected text");
}

static void test_inner(void **state)
{
    (void)state;
    assert_string_equal(saml_xml_inner(root_of("<r xmlns:p='urn:p'>x<p:a y='1'>t&amp;<p:b/></p:a></r>"), pool),
                        "x<p:a xmlns:p=\"urn:p\" y=\"1\">t&amp;<p:b/></p:a>");
    assert_string_equal(saml_xml_inner(root_of("<r/>"), pool), "");
}

static void test_escape(void **state)
{
    (void)state;
    assert_string_equal(saml_xml_escape(pool, ""), "");
    assert_string_equal(saml_xml_escape(pool, "a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
    assert_string_equal(saml_xml_escape(pool, "\t\n\r"), "&#9;&#10;&#13;");
    assert_string_equal(saml_xml_escape(pool, "\x01\x1f\x7f\xc3\xa4"), "\xef\xbf\xbd\xef\xbf\xbd\x7f\xc3\xa4");
    assert_string_equal(saml_xml_attr(root_of(apr_pstrcat(pool, "<a b=\"", saml_xml_escape(pool, "\t<'\">&\r\n"), "\"/>",
                                                          NULL)), "b", pool), "\t<'\">&\r\n");
}

static void test_name(void **state)
{
    (void)state;
    assert_string_equal(saml_xml_name(pool, root_of("<p:a xmlns:p='urn:p'/>")), "\"a\" of \"urn:p\"");
    assert_string_equal(saml_xml_name(pool, root_of("<a/>")), "\"a\" without namespace");
    assert_string_equal(saml_xml_name(pool, NULL), "none");
}

/* ---- octets that were cut out of a document ------------------------------ */

static saml_status_t parse_in(const char *scope, const char *xml)
{
    saml_doc_t *outer;

    assert_says(saml_doc_parse(&outer, scope, strlen(scope), LIMIT, "scope", pool, &err), SAML_OK, "");
    return saml_doc_parse_in_scope(&doc, xml, strlen(xml), LIMIT, saml_xml_first(saml_doc_root(outer)), "plain", pool,
                                   &err);
}

/* What `prefix` means on the root element, "none" where it means nothing. */
static const char *in_scope(const char *prefix)
{
    xmlNs *ns = xmlSearchNs(saml_doc_tree(doc), saml_doc_root(doc), BAD_CAST prefix);

    return ns ? (const char *)ns->href : "none";
}

/* A canonical form may ask for a prefix that nothing uses. */
static void test_prefixes_in_scope(void **state)
{
    static const char scope[] = "<r xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:old'><s xmlns:q='urn:q'/></r>";

    (void)state;
    assert_says(parse_in(scope, "<a xmlns:p='urn:own'><b xmlns:z='urn:z'/></a>"), SAML_OK, "");
    assert_string_equal(in_scope("q"), "urn:q");
    assert_string_equal(in_scope("p"), "urn:own");
    assert_string_equal(in_scope("z"), "none");
    assert_null(saml_doc_root(doc)->ns);
    assert_null(xmlSearchNs(saml_doc_tree(doc), saml_doc_root(doc), NULL));
    assert_says(parse_in("<r><s/></r>", "<a/>"), SAML_OK, "");
    assert_null(saml_doc_root(doc)->nsDef);
}

static void test_in_scope(void **state)
{
    static const char scope[] = "<r xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:old'><s xmlns:q='urn:q'/></r>";

    (void)state;
    /* stands alone: nothing is borrowed, not even the default namespace */
    assert_says(parse_in(scope, "<a/>"), SAML_OK, "");
    assert_null(saml_doc_root(doc)->ns);
    assert_says(parse_in(scope, "<p:a q:b='1'><c/></p:a>"), SAML_OK, "");
    assert_true(saml_xml_is(saml_doc_root(doc), "urn:p", "a"));
    assert_string_equal(saml_xml_attr_ns(saml_doc_root(doc), "urn:q", "b", pool), "1");
    assert_true(saml_xml_is(saml_xml_first(saml_doc_root(doc)), "urn:d", "c"));
    assert_null(saml_doc_root(doc)->parent->prev);
    assert_ptr_equal(saml_doc_root(doc)->doc, saml_doc_tree(doc));
    assert_string_equal(in_scope("q"), "urn:q");
    assert_says(parse_in(scope, "<z:a/>"), SAML_E_MALFORMED, "XML with namespaces");
    assert_says(parse_in(scope, "<p:a/><p:b/>"), SAML_E_MALFORMED, "second root");
    assert_says(parse_in(scope, "<p:a/>x"), SAML_E_MALFORMED, "text after the root");
    assert_says(parse_in(scope, "<p:a/><!-- -->"), SAML_E_MALFORMED, "one element and nothing else");
    assert_says(parse_in(scope, "</scope><scope>"), SAML_E_MALFORMED, "without a start tag");
    assert_says(parse_in(scope, "<p:a/></scope><scope>"), SAML_E_MALFORMED, "without a start tag");
    assert_says(parse_in(scope, "<p:a>"), SAML_E_MALFORMED, "still open");
    assert_says(parse_in(scope, "text"), SAML_E_MALFORMED, "text before the root");
}

/* What only looks like an encoding declaration declares none: UTF-8 then (XML 1.0, 4.3.3), or what the parser says of it. */
static void test_half_declarations(void **state)
{
    static const char *const cases[] = {
        "<?xml", "<?xml ", "<?xml?>", "<?xml version='1.0' encoding?><a/>",
        "<?xml version='1.0' encoding=UTF-16?><a/>", "<?xml version='1.0' encoding=\"UTF-16?><a/>",
        "<?xml version='1.0' encoding = ?><a/>", "<?xml version='1.0' encoding='UTF-8'", "<!-- --", "<!-- -", "<a/", "<a b='c'/",
        "<a>\xe2\x82", "<a>\xf0\x9f\x98", "<a>\xc3", "<a xmlns", "<![CDATA[", "<a><?", "<a><!--", "<a><![CDATA[",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (parse(cases[i]) != SAML_E_MALFORMED)
            fail_msg("%s: expected [malformed]", cases[i]);
    assert_says(parse("<?xml version='1.0'?><a/>"), SAML_OK, "");
    assert_says(parse("<?xml version='1.0' encoding = \"UTF-8\" ?><a/>"), SAML_OK, "");
    assert_says(parse("<?xmlx encoding='UTF-16'?><a/>"), SAML_OK, "");      /* an instruction of another name */
    assert_says(parse("<?xml\tversion='1.0'?><a/>"), SAML_OK, "");
    assert_says(parse("<a xmlnsx='1' xmlns ='urn:a' xmlns:b='urn:b'/>"), SAML_OK, "");
    assert_true(saml_xml_is(saml_doc_root(doc), "urn:a", "a"));
    assert_string_equal(saml_xml_attr(saml_doc_root(doc), "xmlnsx", pool), "1");
}

/* Text, comments and absence where an element was asked for. */
static void test_no_element(void **state)
{
    xmlNode *root = root_of("<a xmlns:q='urn:q' q:b='1' b='2'>text<b/></a>"), *text = root->children;

    (void)state;
    assert_int_equal(text->type, XML_TEXT_NODE);
    assert_false(saml_xml_is(text, "urn:q", "text"));
    assert_false(saml_xml_is(NULL, "urn:q", "a"));
    assert_null(saml_xml_attr(text, "b", pool));
    assert_null(saml_xml_attr(NULL, "b", pool));
    assert_null(saml_xml_attr_ns(root, "urn:other", "b", pool));
    assert_null(saml_xml_attr_collapsed(root, "c", pool));
    assert_string_equal(saml_xml_attr_ns(root, "urn:q", "b", pool), "1");
    assert_string_equal(saml_xml_name(pool, NULL), "none");
}

/* With nothing to borrow, and with what stands beside the element. */
static void test_in_scope_edges(void **state)
{
    (void)state;
    assert_says(parse_in("<r><s/></r>", "<p:a/>"), SAML_E_MALFORMED, "XML with namespaces");
    assert_says(parse_in("<r xmlns:p='urn:p'><s/></r>", "<!-- --><p:a/>"), SAML_E_MALFORMED, "one element and nothing else");
    assert_says(parse_in("<r xmlns:p='urn:p'><s/></r>", "<?x?><p:a/>"), SAML_E_MALFORMED, "one element and nothing else");
    assert_says(parse_in("<r xmlns:p='urn:p'><s xml:lang='en'/></r>", "<p:a/>"), SAML_OK, "");
    assert_says(parse_in("<r xmlns:p='urn:p'><s xmlns=''/></r>", "<p:a><b/></p:a>"), SAML_OK, "");
    assert_null(saml_xml_first(saml_doc_root(doc))->ns);
}

int main(void)
{
    static const struct CMUnitTest xml[] = {
        unit(test_good), unit(test_malformed), unit(test_nul), unit(test_doctype), unit(test_encodings), unit(test_size),
        unit(test_depth), unit(test_attributes), unit(test_namespaces_in_scope), unit(test_namespaces_of_many_elements),
        unit(test_namespace_length), unit(test_node_count), unit(test_hostile_fillings), unit(test_is), unit(test_children),
        unit(test_optional), unit(test_attribute_namespaces), unit(test_attribute_values_are_whole), unit(test_text_is_whole),
        unit(test_inner), unit(test_escape), unit(test_name), unit(test_in_scope), unit(test_prefixes_in_scope),
        unit(test_half_declarations),
        unit(test_no_element),
        unit(test_in_scope_edges),
    };

    apr_initialize();
    return cmocka_run_group_tests(xml, set_up_library, tear_down_library);
}
