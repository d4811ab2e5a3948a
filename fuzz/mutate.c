/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/mutate.h"

#include <libxml/parser.h>
#include <openssl/pem.h>
#include "fuzz/dsig.h"
#include "fuzz/response_checks.h"
#include "saml/decrypt.h"

#define MAX_NODES 400
#define SAML SAML_NS_ASSERTION
#define SAMLP SAML_NS_PROTOCOL

typedef struct {
    xmlDoc *doc;
    apr_pool_t *p;
    uint64_t random;
    xmlNode *nodes[MAX_NODES];
    int count;
} scene_t;

/* ---- chance --------------------------------------------------------------------- */

/* xorshift64*: the same seed gives the same mutation. */
static unsigned chance(scene_t *s, unsigned below)
{
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return (unsigned)((s->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

static const char *const names[] = {
    "Assertion", "EncryptedAssertion", "Response", "Issuer", "Subject", "NameID", "EncryptedID", "BaseID", "Conditions",
    "SubjectConfirmation", "SubjectConfirmationData", "AudienceRestriction", "Audience", "OneTimeUse", "ProxyRestriction",
    "AuthnStatement", "AuthnContext", "AuthnContextClassRef", "AttributeStatement", "Attribute", "AttributeValue",
    "EncryptedAttribute", "Advice", "Evidence", "Extensions", "Status", "StatusCode", "StatusMessage", "Signature", "SignedInfo",
    "Reference", "Transforms", "Transform", "Object", "KeyInfo", "X509Data", "DigestValue", "SignatureValue", "Condition",
    "SubjectLocality", "AuthzDecisionStatement", "Manifest", "InclusiveNamespaces", "EncryptedData", "EncryptedKey", "KeyName"
};

static const char *const spaces[] = { SAML, SAMLP, SAML_NS_DSIG, SAML_NS_XENC, SAML_NS_XSI, "urn:x", "relative", "",
                                      "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2001/XMLSchema" };

static const char *const prefixes[] = { "saml", "samlp", "ds", "xs", "xsi", "a", NULL };

static const char *const attributes[] = {
    "ID", "Id", "id", "Version", "IssueInstant", "Destination", "InResponseTo", "Recipient", "NotBefore", "NotOnOrAfter", "Method",
    "Format", "NameQualifier", "SPNameQualifier", "AuthnInstant", "SessionIndex", "SessionNotOnOrAfter", "Name", "NameFormat", "Value",
    "Algorithm", "URI", "PrefixList", "Type", "nil", "Address", "Count"
};

static const char *const texts[] = {
    "ada@example.org", FUZZ_CANARY, FUZZ_CANARY, "", " ", "2.0", "1.1", "https://sp.example.org/saml",
    "https://sp.example.org/saml/acs", "_r4f1d0c9a", "https://sts.windows.net/11111111-2222-4333-8444-555555555555/",
    "urn:oasis:names:tc:SAML:2.0:cm:bearer", "urn:oasis:names:tc:SAML:2.0:status:Success",
    "urn:oasis:names:tc:SAML:2.0:status:Responder", "true", "1", "xs:string", "#default", "xs samlp saml", "#", "\r\n", "\t",
    "2026-03-02T09:15:30Z", "2026-03-02T09:12:30Z", "2026-03-02T09:12:30.001Z", "2026-03-02T09:18:30Z", "2026-03-02T09:18:30.001Z",
    "2026-03-02T10:15:30+01:00", "2026-03-01T24:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2026-02-30T00:00:00Z",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
};

#define ONE_OF(s, list) ((list)[chance(s, sizeof(list) / sizeof((list)[0]))])

static void collect(scene_t *s, xmlNode *node)
{
    for (; node && s->count < MAX_NODES; node = node->next) {
        if (node->type == XML_ELEMENT_NODE) {
            s->nodes[s->count++] = node;
            collect(s, node->children);
        }
    }
}

/* Any element; the root is as likely as the others. Collected anew, as each step frees and adds. */
static xmlNode *any(scene_t *s)
{
    s->count = 0;
    collect(s, xmlDocGetRootElement(s->doc));
    return s->nodes[chance(s, (unsigned)s->count)];
}

static xmlNode *first_named(scene_t *s, const char *name)
{
    int i, from;

    (void)any(s);
    for (i = 0, from = (int)chance(s, (unsigned)s->count); i < s->count; i++) {
        xmlNode *el = s->nodes[(from + i) % s->count];

        if (xmlStrEqual(el->name, BAD_CAST name))
            return el;
    }
    return NULL;
}

static int is_within(const xmlNode *node, const xmlNode *whole)
{
    for (; node; node = node->parent) {
        if (node == whole)
            return 1;
    }
    return 0;
}

/* ---- text ----------------------------------------------------------------------- */

/* What XML 1.0 can hold, as ASCII; the parsers' own targets are about other octets. */
static char *printable(char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
            text[i] = "\t\n\r<&\"x"[(unsigned char)text[i] % 7];
    }
    text[len] = '\0';
    return text;
}

static const char *other_text(scene_t *s, const char *text)
{
    size_t len = strlen(text), room = len + 16;
    char *copy;

    if (len > 256 || chance(s, 3) || !LLVMFuzzerMutate)
        return ONE_OF(s, texts);
    copy = apr_pcalloc(s->p, room + 1);
    memcpy(copy, text, len);
    len = LLVMFuzzerMutate((uint8_t *)copy, len ? len : 1, room);
    return printable(copy, len);
}

static void set_text(xmlNode *el, const char *text)
{
    xmlNodeSetContent(el, NULL);
    xmlNodeAddContent(el, BAD_CAST text);
}

static void change_text(scene_t *s, xmlNode *el)
{
    if (!el->children || (el->children->type == XML_TEXT_NODE && !el->children->next))
        set_text(el, other_text(s, fuzz_text(el, s->p)));
}

/* A comment, CDATA section, processing instruction or element in the middle of the text. */
static void split_text(scene_t *s, xmlNode *el)
{
    const char *text = fuzz_text(el, s->p);
    size_t len = strlen(text), at = chance(s, (unsigned)len + 1);
    const char *tail = text + at;
    unsigned how = chance(s, 4);

    if (!el->children || el->children->type != XML_TEXT_NODE || el->children->next)
        return;
    set_text(el, apr_pstrndup(s->p, text, at));
    xmlAddChild(el, how == 0   ? xmlNewDocComment(s->doc, BAD_CAST "x")
                    : how == 1 ? xmlNewCDataBlock(s->doc, BAD_CAST ".", 1)
                    : how == 2 ? xmlNewDocPI(s->doc, BAD_CAST "x", BAD_CAST "y")
                               : xmlNewDocNode(s->doc, el->ns, el->name, NULL));
    xmlAddChild(el, xmlNewDocText(s->doc, BAD_CAST tail));
}

/* ---- attributes ------------------------------------------------------------------- */

static xmlAttr *any_attribute(scene_t *s, xmlNode *el)
{
    xmlAttr *a;
    unsigned n = 0;

    for (a = el->properties; a; a = a->next)
        n++;
    n = n ? chance(s, n) : 0;
    for (a = el->properties; a && n; a = a->next)
        n--;
    return a;
}

static xmlNs *namespace_on(scene_t *s, xmlNode *el, int needs_prefix)
{
    const char *href = ONE_OF(s, spaces), *prefix = ONE_OF(s, prefixes);
    xmlNs *ns = xmlSearchNsByHref(s->doc, el, BAD_CAST href);

    if (ns && (ns->prefix || !needs_prefix))
        return ns;
    if (needs_prefix && !prefix)
        prefix = "q";
    return *href ? xmlNewNs(el, BAD_CAST href, BAD_CAST prefix) : NULL;
}

static void change_attribute(scene_t *s, xmlNode *el)
{
    xmlAttr *a = any_attribute(s, el);
    const char *name = a && chance(s, 4) ? (const char *)a->name : ONE_OF(s, attributes), *value, *other;
    xmlNode *from = any(s);

    value = fuzz_attribute(el, name, s->p);
    other = fuzz_attribute(from, name, s->p);
    switch (chance(s, 6)) {
    case 0:
        if (a)
            xmlRemoveProp(a);
        break;
    case 1:     /* the same name in another namespace */
        xmlSetNsProp(el, namespace_on(s, el, 1), BAD_CAST name, BAD_CAST (value ? value : "x"));
        break;
    case 2:     /* the value that stands elsewhere: IDs that occur twice */
        xmlSetProp(el, BAD_CAST name, BAD_CAST (other ? other : "x"));
        break;
    case 3:
        xmlSetNsProp(el, xmlSearchNs(s->doc, el, BAD_CAST "xml"), BAD_CAST (chance(s, 2) ? "id" : "space"),
                     BAD_CAST (value ? value : "x"));
        break;
    default:
        xmlSetProp(el, BAD_CAST name, BAD_CAST other_text(s, value ? value : ""));
    }
}

/* A time on one side or the other of what is accepted. */
static const char *some_time(scene_t *s)
{
    static const int around[] = { -86400, -3600, -181, -180, -179, -1, 0, 1, 179, 180, 181, 3600, 86400 };
    apr_time_exp_t at;

    apr_time_exp_gmt(&at, FUZZ_NOW + apr_time_from_sec(ONE_OF(s, around)));
    return apr_psprintf(s->p, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday, at.tm_hour,
                        at.tm_min, at.tm_sec, chance(s, 2) ? ".001" : "");
}

/* The fields that decide, each as likely as the others: text where no attribute is named. */
static const struct {
    const char *element;
    const char *attribute;
    int is_time;
} fields[] = {
    { "SubjectConfirmationData", "Recipient", 0 }, { "SubjectConfirmationData", "InResponseTo", 0 },
    { "SubjectConfirmationData", "NotOnOrAfter", 1 }, { "SubjectConfirmationData", "NotBefore", 1 },
    { "SubjectConfirmation", "Method", 0 }, { "Conditions", "NotBefore", 1 }, { "Conditions", "NotOnOrAfter", 1 },
    { "Audience", NULL, 0 }, { "Issuer", NULL, 0 }, { "NameID", NULL, 0 }, { "AttributeValue", NULL, 0 },
    { "Attribute", "Name", 0 }, { "AuthnStatement", "SessionNotOnOrAfter", 1 }, { "AuthnStatement", "AuthnInstant", 1 },
    { "AuthnStatement", "SessionIndex", 0 }, { "StatusCode", "Value", 0 }, { "Response", "Destination", 0 },
    { "Response", "InResponseTo", 0 }, { "Assertion", "Version", 0 }, { "Assertion", "ID", 0 }
};

static void change_field(scene_t *s)
{
    unsigned i = chance(s, sizeof(fields) / sizeof(fields[0]));
    xmlNode *el = first_named(s, fields[i].element);
    const char *text = el && fields[i].attribute ? fuzz_attribute(el, fields[i].attribute, s->p) : NULL;

    if (el && !fields[i].attribute)
        change_text(s, el);
    else if (el && fields[i].is_time)
        xmlSetProp(el, BAD_CAST fields[i].attribute, BAD_CAST some_time(s));
    else if (el && chance(s, 8) == 0)
        xmlUnsetProp(el, BAD_CAST fields[i].attribute);
    else if (el)
        xmlSetProp(el, BAD_CAST fields[i].attribute, BAD_CAST other_text(s, text ? text : ""));
}

/* ---- elements ----------------------------------------------------------------------- */

static void put(scene_t *s, xmlNode *el, xmlNode *at)
{
    if (at->parent == (xmlNode *)s->doc || chance(s, 2)) {
        if (at->children && chance(s, 2))
            xmlAddPrevSibling(at->children, el);
        else
            xmlAddChild(at, el);
    }
    else if (chance(s, 2)) {
        xmlAddNextSibling(at, el);
    }
    else {
        xmlAddPrevSibling(at, el);
    }
}

static void drop(scene_t *s, xmlNode *el)
{
    if (el != xmlDocGetRootElement(s->doc)) {
        xmlUnlinkNode(el);
        xmlFreeNode(el);
    }
}

/* Copied with the declarations it needs, so that no node leans on one that is freed. */
static xmlNode *copy_to(scene_t *s, xmlNode *el, xmlNode *at)
{
    xmlNode *copy = xmlDocCopyNode(el, s->doc, 1);

    put(s, copy, at);
    return copy;
}

static void move(scene_t *s, xmlNode *el)
{
    xmlNode *at = any(s);

    if (el == xmlDocGetRootElement(s->doc) || is_within(at, el))
        return;
    copy_to(s, el, at);
    drop(s, el);
}

static void wrap(scene_t *s, xmlNode *el)
{
    xmlNode *around = xmlNewDocNode(s->doc, NULL, BAD_CAST ONE_OF(s, names), NULL);
    xmlNode *copy = xmlDocCopyNode(el, s->doc, 1);

    xmlSetNs(around, namespace_on(s, around, 0));
    xmlReplaceNode(el, around);
    xmlAddChild(around, copy);
    xmlFreeNode(el);
}

static void rename_element(scene_t *s, xmlNode *el)
{
    if (chance(s, 2))
        xmlNodeSetName(el, BAD_CAST ONE_OF(s, names));
    else
        xmlSetNs(el, namespace_on(s, el, 0));
}

/* Signature wrapping in general: an Assertion with another name in it beside, above or inside of the one that is signed. */
static void forge(scene_t *s)
{
    xmlNode *el = first_named(s, chance(s, 4) ? "Assertion" : "Response"), *forged, *signature, *name;

    if (!el)
        return;
    forged = copy_to(s, el, any(s));
    name = fuzz_child(fuzz_child(forged, SAML, "Subject"), SAML, "NameID");
    if (name)
        set_text(name, FUZZ_CANARY);
    signature = fuzz_child(forged, SAML_NS_DSIG, "Signature");
    if (signature && chance(s, 2))
        drop(s, signature);
    else if (signature && chance(s, 2))     /* what was signed, inside of the signature that names it */
        copy_to(s, el, signature);
    if (chance(s, 2))
        xmlSetProp(forged, BAD_CAST "ID", BAD_CAST "_forged");
    if (chance(s, 3) == 0 && !is_within(forged, el))
        drop(s, el);
}

static void change(scene_t *s)
{
    xmlNode *el = any(s);

    switch (chance(s, 16)) {
    case 0: drop(s, el); break;
    case 1: copy_to(s, el, any(s)); break;
    case 2: move(s, el); break;
    case 3: wrap(s, el); break;
    case 4: rename_element(s, el); break;
    case 5: case 6: case 7: change_attribute(s, el); break;
    case 8: case 9: change_text(s, el); break;
    case 10: split_text(s, el); break;
    case 11: case 12: change_field(s); break;
    case 13: (void)namespace_on(s, el, 0); break;
    case 14: copy_to(s, el, el); break;
    default: forge(s);
    }
}

/* ---- signing ---------------------------------------------------------------------------- */

static EVP_PKEY *key_of(const char *file, apr_pool_t *p)
{
    BIO *bio = BIO_new_file(fuzz_source(file, p), "r");
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    FUZZ_MUST(key != NULL);
    return key;
}

static apr_status_t free_key(void *key)
{
    EVP_PKEY_free(key);
    return APR_SUCCESS;
}

/* The identity provider's key, or somebody else's. */
static EVP_PKEY *signing_key(int other)
{
    static EVP_PKEY *keys[2];
    int i;

    for (i = 0; !keys[1] && i < 2; i++) {
        keys[i] = key_of(i ? "fuzz/keys/other.key" : "fuzz/keys/idp.key", fuzz_pool());
        apr_pool_cleanup_register(fuzz_pool(), keys[i], free_key, apr_pool_cleanup_null);
    }
    return keys[other];
}

static int is_encrypted(const xmlNode *el)
{
    return fuzz_child(el, SAML_NS_XENC, "EncryptedData") != NULL;
}

static int holds_canary(scene_t *s, xmlNode *node);

/* Signed ciphertext is signed content: what cannot be looked into must not be signed. */
static int hides_canary(scene_t *s, xmlNode *wrapper)
{
    saml_err_t err = { .pool = s->p };
    saml_doc_t *plain;

    if (saml_decrypt_element(&plain, wrapper, fuzz_sp_keys(), ~0u, s->p, &err) != SAML_OK)
        return 1;
    return holds_canary(s, saml_doc_root(plain));
}

static int holds_canary(scene_t *s, xmlNode *node)
{
    const xmlAttr *a;
    const xmlNs *ns;
    xmlNode *child;

    if (strstr(fuzz_text(node, s->p), FUZZ_CANARY) || (is_encrypted(node) && hides_canary(s, node)))
        return 1;
    for (a = node->properties; a; a = a->next) {
        if (strstr(fuzz_text((const xmlNode *)a, s->p), FUZZ_CANARY))
            return 1;
    }
    for (ns = node->nsDef; ns; ns = ns->next) {
        if (ns->href && strstr((const char *)ns->href, FUZZ_CANARY))
            return 1;
    }
    for (child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE ? holds_canary(s, child)
                                            : child->content && strstr((const char *)child->content, FUZZ_CANARY))
            return 1;
    }
    return 0;
}

/* The canary goes from what is to be signed, where that is easy. */
static void calm(scene_t *s, xmlNode *node)
{
    xmlNode *child, *following;
    xmlAttr *a;

    for (a = node->properties; a; a = a->next) {
        if (strstr(fuzz_text((const xmlNode *)a, s->p), FUZZ_CANARY))
            xmlSetNsProp(node, a->ns, a->name, BAD_CAST "calm");
    }
    for (child = node->children; child; child = following) {
        following = child->next;
        if (child->type == XML_ELEMENT_NODE)
            calm(s, child);
        else if (child->content && strstr((const char *)child->content, FUZZ_CANARY))
            xmlNodeSetContent(child, BAD_CAST "ada@example.org");
    }
}

static void sign(scene_t *s, xmlNode *el)
{
    static const unsigned ways[] = { 0, 0, 0, 0, 0, 0, FUZZ_SIGN_COMMENTS, FUZZ_SIGN_PREFIXES, FUZZ_SIGN_INCLUSIVE,
                                     FUZZ_SIGN_NO_ENVELOPED, FUZZ_SIGN_EMPTY_URI, FUZZ_SIGN_AT_END };
    xmlNode *old;

    if (!el)
        return;
    if (chance(s, 16) == 0) {
        (void)fuzz_sign(el, signing_key(1), 0, s->p);
        return;
    }
    while (chance(s, 16) && (old = fuzz_child(el, SAML_NS_DSIG, "Signature")))
        drop(s, old);
    calm(s, el);
    if (!holds_canary(s, el))
        (void)fuzz_sign(el, signing_key(0), ONE_OF(s, ways), s->p);
}

static void encrypt(scene_t *s)
{
    static const char *const what[] = { "Assertion", "Assertion", "NameID", "Attribute" };
    static const char *const wrapper[] = { "EncryptedAssertion", "EncryptedAssertion", "EncryptedID", "EncryptedAttribute" };
    unsigned i = chance(s, 4);
    xmlNode *el = first_named(s, what[i]);

    if (el && el != xmlDocGetRootElement(s->doc))
        (void)fuzz_encrypt(el, wrapper[i], APR_ARRAY_IDX(fuzz_sp_keys(), 0, saml_keypair_t *)->pkey, (int)chance(s, 2), s->p);
}

/* What was encrypted comes out again, so that later steps reach it. */
static void decrypt(scene_t *s)
{
    static const char *const wrapper[] = { "EncryptedAssertion", "EncryptedID", "EncryptedAttribute" };
    xmlNode *el = first_named(s, ONE_OF(s, wrapper)), *copy;
    saml_err_t err = { .pool = s->p };
    saml_doc_t *plain;

    if (!el || el == xmlDocGetRootElement(s->doc)
        || saml_decrypt_element(&plain, el, fuzz_sp_keys(), ~0u, s->p, &err) != SAML_OK)
        return;
    copy = xmlDocCopyNode(saml_doc_root(plain), s->doc, 1);
    xmlReplaceNode(el, copy);
    xmlFreeNode(el);
}

/* ---- one mutation --------------------------------------------------------------------------- */

static void step(scene_t *s)
{
    xmlNode *assertion = first_named(s, "Assertion");

    switch (chance(s, 12)) {
    case 0: case 1: case 2: sign(s, assertion); break;
    case 3: sign(s, xmlDocGetRootElement(s->doc)); break;
    case 4: sign(s, any(s)); break;
    case 5: encrypt(s); break;
    case 6: decrypt(s); break;
    default: change(s);
    }
}

/* Signed at the end, or changed after it was signed, or both. */
static void play(scene_t *s)
{
    int steps = 1 + (int)chance(s, 4), only_fields = chance(s, 3) == 0, i;
    unsigned end = only_fields ? chance(s, 4) : chance(s, 8);
    xmlNode *root, *outer;

    for (i = 0; i < steps; i++) {
        if (only_fields)
            change_field(s);
        else
            step(s);
    }
    root = xmlDocGetRootElement(s->doc);
    if (end < 4)
        sign(s, fuzz_child(root, SAML, "Assertion"));
    if (end == 3)
        encrypt(s);
    /* What is signed anew inside would leave the outer signature false. */
    outer = fuzz_child(root, SAML_NS_DSIG, "Signature");
    if (end < 3 && outer && chance(s, 2))
        drop(s, outer);
    else if ((end < 3 && outer) || (end >= 3 && end < 6))
        sign(s, root);
}

static xmlDoc *read_doc(const uint8_t *data, size_t size)
{
    return xmlReadMemory((const char *)data, (int)size, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

/* @return its octets, or 0 where they do not fit */
static size_t write_doc(uint8_t *out, size_t room, xmlDoc *doc)
{
    xmlBuffer *buffer = xmlBufferCreate();
    int len = xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0);
    size_t size = len > 0 && (size_t)len <= room ? (size_t)len : 0;

    if (size)
        memcpy(out, xmlBufferContent(buffer), size);
    xmlBufferFree(buffer);
    return size;
}

static void silent(void *unused, const char *message, ...)
{
    (void)unused;
    (void)message;
}

/* The message that is good throughout: few steps from it lead further in than many from one that is refused at the gate. */
static xmlDoc *good_doc(void)
{
    static xmlDoc *good;

    if (!good)
        good = xmlReadFile(fuzz_source("fuzz/corpus/response/good.xml", fuzz_pool()), NULL, XML_PARSE_NONET);
    FUZZ_MUST(good != NULL);
    return xmlCopyDoc(good, 1);
}

static int begin(scene_t *s, const uint8_t *data, size_t size, unsigned seed)
{
    memset(s, 0, sizeof(*s));
    apr_pool_create(&s->p, fuzz_pool());
    xmlSetGenericErrorFunc(NULL, silent);
    s->random = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    s->doc = read_doc(data, size);
    if (s->doc && xmlGetIntSubset(s->doc)) {
        xmlFreeDoc(s->doc);
        s->doc = NULL;
    }
    return s->doc != NULL;
}

static void end(scene_t *s)
{
    if (s->doc)
        xmlFreeDoc(s->doc);
    apr_pool_destroy(s->p);
}

/* What is no XML, and one in sixteen, are for libFuzzer's own mutator. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size_t out = 0;
    scene_t s;

    if (begin(&s, data, size, seed) && chance(&s, 16)) {
        if (chance(&s, 4) == 0) {
            xmlFreeDoc(s.doc);
            s.doc = good_doc();
        }
        play(&s);
        out = write_doc(data, max_size, s.doc);
    }
    end(&s);
    if (!out && LLVMFuzzerMutate)
        out = LLVMFuzzerMutate(data, size, max_size);
    return out ? out : size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t max_out_size, unsigned seed)
{
    size_t size = 0;
    scene_t to, from;
    xmlNode *el;

    if (begin(&to, data1, size1, seed) & begin(&from, data2, size2, seed + 1)) {
        el = any(&from);
        el = xmlDocCopyNode(el, to.doc, 1);
        put(&to, el, any(&to));
        if (chance(&to, 2))
            sign(&to, xmlDocGetRootElement(to.doc));
        size = write_doc(out, max_out_size, to.doc);
    }
    end(&from);
    end(&to);
    return size;
}
