/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/response_checks.h"

#include <time.h>
#include <libxml/parser.h>
#include "fuzz/dsig.h"
#include "saml/decrypt.h"

#define ISSUER   "https://sts.windows.net/11111111-2222-4333-8444-555555555555/"
#define ACS      "https://sp.example.org/saml/acs"
#define AUDIENCE "https://sp.example.org/saml"
#define REQUEST  "_r4f1d0c9a"
#define SKEW     180
#define EVERY_WEAKNESS (SAML_ALLOW_SHA1 | SAML_ALLOW_RSA1_5 | SAML_ALLOW_3DES | SAML_ALLOW_RSA1024 | SAML_ALLOW_C14N10)

/* ---- keys -------------------------------------------------------------------- */

const char *fuzz_source(const char *name, apr_pool_t *p)
{
    const char *root = getenv("SSO_SRCDIR");

    return apr_pstrcat(p, root ? root : ".", "/", name, NULL);
}

static void cannot(const saml_err_t *err)
{
    fprintf(stderr, "%s (SSO_SRCDIR names the source folder)\n", err->reason);
    exit(1);
}

/* The identity provider of the fixtures, and the one in whose name the mutator signs. */
static const apr_array_header_t *idp_certs(void)
{
    static apr_array_header_t *certs;
    apr_pool_t *p = fuzz_pool();
    saml_err_t err = { .pool = p };
    apr_array_header_t *more;

    if (!certs) {
        if (saml_certs_load(&certs, fuzz_source("t/fixtures/idp.crt", p), p, &err) != SAML_OK
            || saml_certs_load(&more, fuzz_source("fuzz/keys/idp.crt", p), p, &err) != SAML_OK)
            cannot(&err);
        apr_array_cat(certs, more);
    }
    return certs;
}

const apr_array_header_t *fuzz_sp_keys(void)
{
    static apr_array_header_t *keys;
    apr_pool_t *p = fuzz_pool();
    saml_err_t err = { .pool = p };
    saml_keypair_t *key;

    if (!keys) {
        if (saml_private_key_load(&key, fuzz_source("t/fixtures/sp.key", p), p, &err) != SAML_OK)
            cannot(&err);
        keys = apr_array_make(p, 1, sizeof(saml_keypair_t *));
        APR_ARRAY_PUSH(keys, saml_keypair_t *) = key;
    }
    return keys;
}

/* ---- the second reader --------------------------------------------------------- */

typedef struct {
    apr_pool_t *p;
    const xmlNode *response;
    const xmlNode *assertion;
    const apr_array_header_t *attributes;       /* const xmlNode *, those that were encrypted too */
    const char *request;        /* that is answered, or NULL: none was made */
    unsigned allow;
} reading_t;

static apr_status_t free_doc(void *doc)
{
    xmlFreeDoc(doc);
    return APR_SUCCESS;
}

static const xmlNode *parse(const uint8_t *data, size_t size, apr_pool_t *p)
{
    xmlDoc *doc = xmlReadMemory((const char *)data, (int)size, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

    FUZZ_MUST(doc != NULL);
    apr_pool_cleanup_register(p, doc, free_doc, apr_pool_cleanup_null);
    return xmlDocGetRootElement(doc);
}

static const xmlNode *decrypted(const xmlNode *el, const reading_t *r)
{
    saml_err_t err = { .pool = r->p };
    saml_doc_t *doc;

    FUZZ_MUST(saml_decrypt_element(&doc, (xmlNode *)el, fuzz_sp_keys(), r->allow, r->p, &err) == SAML_OK);
    return saml_doc_root(doc);
}

static int is(const char *got, const char *want)
{
    return got && strcmp(got, want) == 0;
}

static const xmlNode *saml(const xmlNode *el, const char *name)
{
    return fuzz_child(el, SAML_NS_ASSERTION, name);
}

/* The next sibling of the same name, for loops that begin with saml(). */
static const xmlNode *next(const xmlNode *el)
{
    const xmlNode *at;

    for (at = el->next; at; at = at->next) {
        if (at->type == XML_ELEMENT_NODE && at->ns && xmlStrEqual(at->name, el->name)
            && xmlStrEqual(at->ns->href, el->ns->href))
            return at;
    }
    return NULL;
}

/* Seconds since 1970 of "2026-03-02T09:15:30.5+01:00", or 0 for none. */
static double seconds(const char *text)
{
    struct tm tm;
    double fraction = 0, offset = 0;
    int used = 0, hours = 0, minutes = 0;
    const char *at;

    memset(&tm, 0, sizeof(tm));
    if (!text || sscanf(text, "%d-%d-%dT%d:%d:%d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                        &tm.tm_sec, &used) != 6)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    at = text + used;
    if (*at == '.') {
        fraction = strtod(at, NULL);
        at += 1 + strspn(at + 1, "0123456789");
    }
    if ((*at == '+' || *at == '-') && sscanf(at + 1, "%d:%d", &hours, &minutes) == 2)
        offset = (*at == '-' ? -1 : 1) * (hours * 3600.0 + minutes * 60.0);
    return (double)timegm(&tm) + fraction - offset;
}

#define NOW_SECONDS ((double)FUZZ_NOW / 1e6)

/* A millisecond either way is rounding. */
static int is_over(const char *not_on_or_after)
{
    return NOW_SECONDS - SKEW >= seconds(not_on_or_after) + 0.001;
}

/* Profiles 4.1.5: what nobody asked for names no request. */
static int answers(const char *in_response_to, const reading_t *r)
{
    return r->request ? is(in_response_to, r->request) : !in_response_to;
}

static void check_envelope(const reading_t *r)
{
    const xmlNode *status = fuzz_child(r->response, SAML_NS_PROTOCOL, "Status");
    const char *destination = fuzz_attribute(r->response, "Destination", r->p);

    FUZZ_MUST(xmlStrEqual(r->response->name, BAD_CAST "Response") && r->response->ns
              && xmlStrEqual(r->response->ns->href, BAD_CAST SAML_NS_PROTOCOL));
    FUZZ_MUST(is(fuzz_attribute(r->response, "Version", r->p), "2.0"));
    FUZZ_MUST(answers(fuzz_attribute(r->response, "InResponseTo", r->p), r));
    FUZZ_MUST(!destination || is(destination, ACS));
    FUZZ_MUST(is(fuzz_attribute(fuzz_child(status, SAML_NS_PROTOCOL, "StatusCode"), "Value", r->p), SAML_STATUS_SUCCESS));
}

/* Core 5.3: one of the two is signed by the identity provider, and no signature in a place of theirs is false. */
static void check_signed(const reading_t *r)
{
    EVP_PKEY *keys[8] = { NULL };
    const apr_array_header_t *certs = idp_certs();
    int i, response, assertion;

    for (i = 0; i < certs->nelts && i < 7; i++)
        keys[i] = APR_ARRAY_IDX(certs, i, saml_cert_t *)->pkey;
    response = fuzz_is_signed(r->response, keys, r->p);
    assertion = fuzz_is_signed(r->assertion, keys, r->p);
    FUZZ_MUST(response || assertion);
    FUZZ_MUST(response || !fuzz_child(r->response, SAML_NS_DSIG, "Signature"));
    FUZZ_MUST(assertion || !fuzz_child(r->assertion, SAML_NS_DSIG, "Signature"));
}

/* Core 2.5: in time, and each restriction names us. */
static void check_conditions(const reading_t *r)
{
    const xmlNode *conditions = saml(r->assertion, "Conditions"), *restriction, *audience;
    const char *from = fuzz_attribute(conditions, "NotBefore", r->p);
    const char *to = fuzz_attribute(conditions, "NotOnOrAfter", r->p);
    int ours;

    FUZZ_MUST(conditions && saml(conditions, "AudienceRestriction"));
    FUZZ_MUST(!from || seconds(from) <= NOW_SECONDS + SKEW + 0.001);
    FUZZ_MUST(!to || !is_over(to));
    for (restriction = saml(conditions, "AudienceRestriction"); restriction; restriction = next(restriction)) {
        for (ours = 0, audience = saml(restriction, "Audience"); audience; audience = next(audience))
            ours += is(fuzz_text(audience, r->p), AUDIENCE);
        FUZZ_MUST(ours > 0);
    }
}

/* As fuzz_text has it: without white space around it. */
static const char *bare(const char *text, apr_pool_t *p)
{
    char *out = apr_pstrdup(p, text + strspn(text, " \t\r\n"));

    while (*out && strchr(" \t\r\n", out[strlen(out) - 1]))
        out[strlen(out) - 1] = '\0';
    return out;
}

/* Profiles 4.1.4.2: somebody confirms it as its bearer, to us, now, for what we asked. */
static void check_subject(const reading_t *r, const saml_login_t *login)
{
    const xmlNode *subject = saml(r->assertion, "Subject"), *id = saml(subject, "NameID"), *confirmation, *data;
    int good = 0;

    if (!id) {
        FUZZ_MUST(saml(subject, "EncryptedID") != NULL);
        id = decrypted(saml(subject, "EncryptedID"), r);
    }
    FUZZ_MUST(is(fuzz_text(id, r->p), bare(login->name_id.value, r->p)));
    for (confirmation = saml(subject, "SubjectConfirmation"); confirmation; confirmation = next(confirmation)) {
        data = saml(confirmation, "SubjectConfirmationData");
        good += is(fuzz_attribute(confirmation, "Method", r->p), SAML_CM_BEARER) && data
                && is(fuzz_attribute(data, "Recipient", r->p), ACS)
                && answers(fuzz_attribute(data, "InResponseTo", r->p), r)
                && !is_over(fuzz_attribute(data, "NotOnOrAfter", r->p)) && !fuzz_attribute(data, "NotBefore", r->p);
    }
    FUZZ_MUST(good > 0);
}

static int has_value(const xmlNode *attribute, const char *value, const reading_t *r)
{
    const xmlNode *el, *child;

    for (el = saml(attribute, "AttributeValue"); el; el = next(el)) {
        for (child = el->children; child && child->type != XML_ELEMENT_NODE;)
            child = child->next;
        /* One that holds elements is handed on as XML text; that it stands here is enough. */
        if (child || is(fuzz_text(el, r->p), value))
            return 1;
    }
    return 0;
}

/* Each decrypted once: a value asks for all of them. */
static const apr_array_header_t *attributes_of(const reading_t *r)
{
    apr_array_header_t *out = apr_array_make(r->p, 16, sizeof(const xmlNode *));
    const xmlNode *statement, *attribute;

    for (statement = saml(r->assertion, "AttributeStatement"); statement; statement = next(statement)) {
        for (attribute = saml(statement, "Attribute"); attribute; attribute = next(attribute))
            APR_ARRAY_PUSH(out, const xmlNode *) = attribute;
        for (attribute = saml(statement, "EncryptedAttribute"); attribute; attribute = next(attribute))
            APR_ARRAY_PUSH(out, const xmlNode *) = decrypted(attribute, r);
    }
    return out;
}

static int has_claim(const char *name, const char *value, const reading_t *r)
{
    int i;

    for (i = 0; i < r->attributes->nelts; i++) {
        const xmlNode *attribute = APR_ARRAY_IDX(r->attributes, i, const xmlNode *);

        if (is(fuzz_attribute(attribute, "Name", r->p), name) && has_value(attribute, value, r))
            return 1;
    }
    return 0;
}

static void check_claims(const reading_t *r, const saml_login_t *login)
{
    int i, k;

    for (i = 0; i < login->attributes->nelts; i++) {
        const saml_attribute_t *a = &APR_ARRAY_IDX(login->attributes, i, saml_attribute_t);

        FUZZ_MUST(!strstr(a->name, FUZZ_CANARY));
        for (k = 0; k < a->values->nelts; k++) {
            const char *value = APR_ARRAY_IDX(a->values, k, const char *);

            FUZZ_MUST(!strstr(value, FUZZ_CANARY));
            FUZZ_MUST(has_claim(a->name, bare(value, r->p), r));
        }
    }
}

static void check_authn(const reading_t *r, const saml_login_t *login)
{
    const xmlNode *authn;
    const char *end;
    int named = 0;

    FUZZ_MUST(saml(r->assertion, "AuthnStatement") != NULL);
    for (authn = saml(r->assertion, "AuthnStatement"); authn; authn = next(authn)) {
        const char *index = fuzz_attribute(authn, "SessionIndex", r->p);

        end = fuzz_attribute(authn, "SessionNotOnOrAfter", r->p);
        FUZZ_MUST(!end || !is_over(end));
        named += index && login->session_index && is(index, bare(login->session_index, r->p));
    }
    FUZZ_MUST(!login->session_index || named);
}

static void check_login(const saml_login_t *login, const uint8_t *data, size_t size, const saml_expect_t *want,
                        apr_pool_t *p)
{
    reading_t r = { p, NULL, NULL, NULL, want->in_response_to, want->allow };

    FUZZ_MUST(login->name_id.value && *login->name_id.value);
    FUZZ_MUST(is(login->issuer, ISSUER) && answers(login->in_response_to, &r));
    FUZZ_MUST(login->assertion_id && login->signed_by);
    FUZZ_MUST(!strstr(login->name_id.value, FUZZ_CANARY));
    FUZZ_MUST(!login->session_index || !strstr(login->session_index, FUZZ_CANARY));
    r.response = parse(data, size, p);
    r.assertion = saml(r.response, "Assertion");
    FUZZ_MUST(!login->was_encrypted == (r.assertion != NULL));
    if (!r.assertion) {
        FUZZ_MUST(saml(r.response, "EncryptedAssertion") != NULL);
        r.assertion = decrypted(saml(r.response, "EncryptedAssertion"), &r);
    }
    FUZZ_MUST(is(fuzz_text(saml(r.assertion, "Issuer"), p), ISSUER));
    FUZZ_MUST(is(fuzz_attribute(r.assertion, "ID", p), bare(login->assertion_id, p)));
    check_envelope(&r);
    check_signed(&r);
    check_conditions(&r);
    check_subject(&r, login);
    check_authn(&r, login);
    r.attributes = attributes_of(&r);
    check_claims(&r, login);
}

/* ---- one input --------------------------------------------------------------------- */

static saml_status_t check(const uint8_t *data, size_t size, const char *request, unsigned allow, apr_pool_t *p)
{
    saml_expect_t want = { .now = FUZZ_NOW, .skew = apr_time_from_sec(SKEW) };
    apr_array_header_t *audiences = apr_array_make(p, 1, sizeof(const char *));
    saml_err_t err = { .pool = p };
    saml_login_t *login;
    saml_status_t status;

    APR_ARRAY_PUSH(audiences, const char *) = AUDIENCE;
    want.certs = idp_certs();
    want.keys = fuzz_sp_keys();
    want.issuer = ISSUER;
    want.acs_url = ACS;
    want.audiences = audiences;
    want.in_response_to = request;
    want.allow = allow;
    want.replay = saml_replay_memory(p);
    status = saml_response_check(&login, (const char *)data, size, &want, p, &err);
    if (status != SAML_OK) {
        fuzz_check_refusal(status, &err);
        return status;
    }
    check_login(login, data, size, &want, p);
    /* Once only. */
    FUZZ_MUST(saml_response_check(&login, (const char *)data, size, &want, p, &err) == SAML_E_REPLAY);
    return SAML_OK;
}

void fuzz_response_try(const uint8_t *data, size_t size)
{
    saml_response_peek_t peek;
    saml_err_t err = { .pool = NULL };
    saml_status_t status;
    apr_pool_t *p;

    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    status = saml_response_peek(&peek, (const char *)data, size, p, &err);
    if (status != SAML_OK)
        fuzz_check_refusal(status, &err);
    status = check(data, size, REQUEST, 0, p);
    /* What is refused as weak is tried with every weakness allowed, too. */
    if (status == SAML_E_ALGORITHM || status == SAML_E_DECRYPTION)
        (void)check(data, size, REQUEST, EVERY_WEAKNESS, p);
    /* What names no request is tried as one that nobody asked for. */
    if (status == SAML_E_IN_RESPONSE_TO)
        (void)check(data, size, NULL, 0, p);
    apr_pool_destroy(p);
}
