/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of a proven Assertion. They say what stands there and refuse what the schema does not allow to stand there;
 * what it means for a sign-on is for response.c to decide.
 */

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "assertion.h"
#include "clock.h"
#include "decrypt.h"

#define MAX_ATTRIBUTES 2000     /* Attribute elements of one Assertion */
#define MAX_VALUES     20000    /* AttributeValue elements of one Assertion */

/* The time in attribute `name`, 0 where there is none. The instant of the epoch moves by a microsecond for that. */
static saml_status_t read_time(apr_time_t *out, const xmlNode *el, const char *name, const char *what, apr_pool_t *p,
                               saml_err_t *err)
{
    const char *text = saml_xml_attr(el, name, p);

    *out = 0;
    if (!text)
        return SAML_OK;
    SAML_TRY(saml_time_parse(out, text, what, err));
    if (*out == 0)
        *out = 1;
    return SAML_OK;
}

/* Core 2.3.3: ID and IssueInstant are required; version and issuer are for the caller to judge. */
saml_status_t saml_assertion_head(saml_assertion_head_t *out, const saml_verified_t *v, apr_pool_t *p,
                                  saml_err_t *err)
{
    const xmlNode *el = saml_verified_element(v);
    const char *instant = saml_xml_attr(el, "IssueInstant", p);
    xmlNode *issuer;

    memset(out, 0, sizeof(*out));
    out->version = saml_xml_attr(el, "Version", p);
    out->id = saml_xml_attr_collapsed(el, "ID", p);
    if (!out->id || !*out->id)
        return saml_fail(err, SAML_E_MALFORMED, "Assertion ID: expected an identifier, got %s",
                         saml_quote(err->pool, out->id));
    if (!instant)
        return saml_fail(err, SAML_E_MALFORMED, "Assertion IssueInstant: expected a time, got none");
    SAML_TRY(saml_time_parse(&out->issue_instant, instant, "Assertion IssueInstant", err));
    SAML_TRY(saml_xml_optional(&issuer, el, SAML_NS_ASSERTION, "Issuer", err));
    if (issuer) {
        out->issuer_format = saml_xml_attr_collapsed(issuer, "Format", p);
        SAML_TRY(saml_xml_text_collapsed(&out->issuer, issuer, p, err));
    }
    return SAML_OK;
}

static saml_status_t read_audiences(apr_array_header_t **out, const xmlNode *restriction, apr_pool_t *p,
                                    saml_err_t *err)
{
    apr_array_header_t *audiences = apr_array_make(p, 1, sizeof(const char *));
    xmlNode *el = saml_xml_child(restriction, SAML_NS_ASSERTION, "Audience");

    for (; el; el = saml_xml_next_named(el, SAML_NS_ASSERTION, "Audience"))
        SAML_TRY(saml_xml_text_collapsed(&APR_ARRAY_PUSH(audiences, const char *), el, p, err));
    *out = audiences;
    return SAML_OK;
}

/* Core 2.5.1.5, 2.5.1.6: OneTimeUse, which replay protection gives; ProxyRestriction, as we issue nothing. */
static int is_harmless(const xmlNode *condition)
{
    return saml_xml_is(condition, SAML_NS_ASSERTION, "OneTimeUse")
           || saml_xml_is(condition, SAML_NS_ASSERTION, "ProxyRestriction");
}

static saml_status_t read_conditions(saml_conditions_t *out, const xmlNode *conditions, apr_pool_t *p,
                                     saml_err_t *err)
{
    xmlNode *el;

    for (el = saml_xml_first(conditions); el; el = saml_xml_next(el)) {
        if (saml_xml_is(el, SAML_NS_ASSERTION, "AudienceRestriction"))
            SAML_TRY(read_audiences(&APR_ARRAY_PUSH(out->restrictions, apr_array_header_t *), el, p, err));
        else if (!is_harmless(el) && !out->unknown)
            out->unknown = saml_xml_name(err->pool, el);
    }
    if (saml_xml_count(conditions, SAML_NS_ASSERTION, "OneTimeUse") > 1
        || saml_xml_count(conditions, SAML_NS_ASSERTION, "ProxyRestriction") > 1)
        return saml_fail(err, SAML_E_CONDITIONS,
                         "Conditions: expected OneTimeUse and ProxyRestriction at most once, got one of them again");
    return SAML_OK;
}

saml_status_t saml_assertion_conditions(saml_conditions_t *out, const saml_verified_t *v, apr_pool_t *p,
                                        saml_err_t *err)
{
    const xmlNode *assertion = saml_verified_element(v);
    int count = saml_xml_count(assertion, SAML_NS_ASSERTION, "Conditions");
    const xmlNode *el = saml_xml_child(assertion, SAML_NS_ASSERTION, "Conditions");

    memset(out, 0, sizeof(*out));
    out->restrictions = apr_array_make(p, 1, sizeof(apr_array_header_t *));
    if (count > 1)
        return saml_fail(err, SAML_E_CONDITIONS, "Assertion: expected one Conditions, got %d", count);
    if (!el)
        return SAML_OK;
    out->present = 1;
    SAML_TRY(read_time(&out->not_before, el, "NotBefore", "Conditions NotBefore", p, err));
    SAML_TRY(read_time(&out->not_on_or_after, el, "NotOnOrAfter", "Conditions NotOnOrAfter", p, err));
    return read_conditions(out, el, p, err);
}

static saml_status_t read_subject(xmlNode **out, const saml_verified_t *v, saml_err_t *err)
{
    const xmlNode *assertion = saml_verified_element(v);
    int count = saml_xml_count(assertion, SAML_NS_ASSERTION, "Subject");

    if (count != 1)
        return saml_fail(err, SAML_E_SUBJECT, "Assertion: expected one Subject, got %d", count);
    *out = saml_xml_child(assertion, SAML_NS_ASSERTION, "Subject");
    return SAML_OK;
}

/*
 * White space with a line's end in it, before and after, is the layout of a message that was made readable, and no part of the
 * name. On one side only it is a name with a line's end, which another name must not be taken for (Core 1.3.3); so is a
 * carriage return, as for the end of a line a parser hands out none.
 */
static const char *without_layout(const char *text, apr_pool_t *p)
{
    static const char space[] = " \t\n";
    apr_size_t start = strspn(text, space), len = strlen(text), end = len;

    while (end > start && strchr(space, text[end - 1]))
        end--;
    if (!memchr(text, '\n', start) || !memchr(text + end, '\n', len - end))
        return text;
    return apr_pstrmemdup(p, text + start, end - start);
}

/* Core 2.2.3. The text is taken whole: across comments, and with the white space that it has but for layout. */
static saml_status_t read_name_id(saml_name_id_t *out, const xmlNode *el, apr_pool_t *p, saml_err_t *err)
{
    out->format = saml_xml_attr_collapsed(el, "Format", p);
    out->name_qualifier = saml_xml_attr(el, "NameQualifier", p);
    out->sp_name_qualifier = saml_xml_attr(el, "SPNameQualifier", p);
    if (saml_xml_text(&out->value, el, p, err) != SAML_OK)
        return saml_fail(err, SAML_E_NAME_ID, "NameID: expected text and no elements, got %s",
                         saml_xml_name(err->pool, saml_xml_first(el)));
    out->value = without_layout(out->value, p);
    return SAML_OK;
}

/* Core 2.2.4: of the things that may be inside, saml_decrypt_element takes a NameID. */
static saml_status_t read_encrypted_id(saml_name_id_t *out, xmlNode *wrapper, const saml_verified_t *v,
                                       const apr_array_header_t *keys, unsigned allow, apr_pool_t *p, saml_err_t *err)
{
    saml_doc_t *plain;

    SAML_TRY(saml_decrypt_element(&plain, wrapper, keys, allow, p, err));
    return read_name_id(out, saml_verified_element(saml_verified_decrypted(v, plain, p)), p, err);
}

saml_status_t saml_name_id_read(saml_name_id_t *out, const saml_verified_t *v, const char *where,
                                const apr_array_header_t *keys, unsigned allow, apr_pool_t *p, saml_err_t *err)
{
    const xmlNode *el = saml_verified_element(v);
    xmlNode *plain = saml_xml_child(el, SAML_NS_ASSERTION, "NameID");
    xmlNode *encrypted = saml_xml_child(el, SAML_NS_ASSERTION, "EncryptedID");
    int names = saml_xml_count(el, SAML_NS_ASSERTION, "NameID") + saml_xml_count(el, SAML_NS_ASSERTION, "EncryptedID")
                + saml_xml_count(el, SAML_NS_ASSERTION, "BaseID");

    memset(out, 0, sizeof(*out));
    if (names > 1)
        return saml_fail(err, SAML_E_NAME_ID, "%s: expected one NameID, got %d identifiers", where, names);
    if (plain)
        return read_name_id(out, plain, p, err);
    if (encrypted)
        return read_encrypted_id(out, encrypted, v, keys, allow, p, err);
    return SAML_OK;
}

saml_status_t saml_assertion_name_id(saml_name_id_t *out, const saml_verified_t *v, const apr_array_header_t *keys,
                                     unsigned allow, apr_pool_t *p, saml_err_t *err)
{
    xmlNode *subject;

    SAML_TRY(read_subject(&subject, v, err));
    return saml_name_id_read(out, saml_verified_child(v, subject, p), "Subject", keys, allow, p, err);
}

static saml_status_t read_confirmation(saml_confirmation_t *out, const xmlNode *el, apr_pool_t *p, saml_err_t *err)
{
    xmlNode *data;

    memset(out, 0, sizeof(*out));
    out->method = saml_xml_attr_collapsed(el, "Method", p);
    SAML_TRY(saml_xml_optional(&data, el, SAML_NS_ASSERTION, "SubjectConfirmationData", err));
    if (!data)
        return SAML_OK;
    out->has_data = 1;
    out->recipient = saml_xml_attr_collapsed(data, "Recipient", p);
    out->in_response_to = saml_xml_attr_collapsed(data, "InResponseTo", p);
    SAML_TRY(read_time(&out->not_before, data, "NotBefore", "SubjectConfirmationData NotBefore", p, err));
    return read_time(&out->not_on_or_after, data, "NotOnOrAfter", "SubjectConfirmationData NotOnOrAfter", p, err);
}

saml_status_t saml_assertion_confirmations(apr_array_header_t **out, const saml_verified_t *v, apr_pool_t *p,
                                           saml_err_t *err)
{
    apr_array_header_t *all = apr_array_make(p, 1, sizeof(saml_confirmation_t));
    xmlNode *subject, *el;

    SAML_TRY(read_subject(&subject, v, err));
    el = saml_xml_child(subject, SAML_NS_ASSERTION, "SubjectConfirmation");
    for (; el; el = saml_xml_next_named(el, SAML_NS_ASSERTION, "SubjectConfirmation"))
        SAML_TRY(read_confirmation(&APR_ARRAY_PUSH(all, saml_confirmation_t), el, p, err));
    *out = all;
    return SAML_OK;
}

/* Core 2.7.2: AuthnInstant and AuthnContext are required. */
static saml_status_t read_authn(saml_authn_t *out, const xmlNode *el, apr_pool_t *p, saml_err_t *err)
{
    const char *instant = saml_xml_attr(el, "AuthnInstant", p);
    xmlNode *context, *class_ref;

    memset(out, 0, sizeof(*out));
    if (!instant)
        return saml_fail(err, SAML_E_AUTHN_STATEMENT, "AuthnStatement AuthnInstant: expected a time, got none");
    if (saml_time_parse(&out->authn_instant, instant, "AuthnStatement AuthnInstant", err) != SAML_OK)
        return saml_fail(err, SAML_E_AUTHN_STATEMENT, "%s", err->reason);
    SAML_TRY(read_time(&out->session_not_on_or_after, el, "SessionNotOnOrAfter",
                       "AuthnStatement SessionNotOnOrAfter", p, err));
    context = saml_xml_child(el, SAML_NS_ASSERTION, "AuthnContext");
    if (!context)
        return saml_fail(err, SAML_E_AUTHN_STATEMENT, "AuthnStatement: expected an AuthnContext, got none");
    SAML_TRY(saml_xml_optional(&class_ref, context, SAML_NS_ASSERTION, "AuthnContextClassRef", err));
    if (class_ref)
        SAML_TRY(saml_xml_text_collapsed(&out->context_class, class_ref, p, err));
    out->session_index = saml_xml_attr(el, "SessionIndex", p);
    return SAML_OK;
}

saml_status_t saml_assertion_authn(apr_array_header_t **out, const saml_verified_t *v, apr_pool_t *p, saml_err_t *err)
{
    apr_array_header_t *all = apr_array_make(p, 1, sizeof(saml_authn_t));
    xmlNode *el = saml_xml_child(saml_verified_element(v), SAML_NS_ASSERTION, "AuthnStatement");

    for (; el; el = saml_xml_next_named(el, SAML_NS_ASSERTION, "AuthnStatement"))
        SAML_TRY(read_authn(&APR_ARRAY_PUSH(all, saml_authn_t), el, p, err));
    *out = all;
    return SAML_OK;
}

/* Attributes as they are gathered. */
typedef struct {
    apr_array_header_t *all;    /* saml_attribute_t, in order of first appearance */
    apr_hash_t *index;          /* name to int *, the place in `all` */
    int elements;
    int values;
    apr_pool_t *p;
} gathered_t;

/* The attribute called `name`, made from `el` where it is the first of that name. Gone with the next call. */
static saml_attribute_t *attribute_named(gathered_t *g, const char *name, const xmlNode *el)
{
    int *at = apr_hash_get(g->index, name, APR_HASH_KEY_STRING);
    saml_attribute_t *a;

    if (at)
        return &APR_ARRAY_IDX(g->all, *at, saml_attribute_t);
    at = apr_palloc(g->p, sizeof(*at));
    *at = g->all->nelts;
    apr_hash_set(g->index, name, APR_HASH_KEY_STRING, at);
    a = &APR_ARRAY_PUSH(g->all, saml_attribute_t);
    a->name = name;
    a->name_format = saml_xml_attr_collapsed(el, "NameFormat", g->p);
    a->friendly_name = saml_xml_attr(el, "FriendlyName", g->p);
    a->values = apr_array_make(g->p, 1, sizeof(const char *));
    return a;
}

/* Core 2.7.3.1.1: a null value says that there is none. */
static int is_nil(const xmlNode *value, apr_pool_t *p)
{
    const char *nil = saml_xml_attr_ns(value, SAML_NS_XSI, "nil", p);

    return nil && (strcmp(nil, "true") == 0 || strcmp(nil, "1") == 0);
}

static saml_status_t add_value(gathered_t *g, saml_attribute_t *a, const xmlNode *el, saml_err_t *err)
{
    const char *value;

    if (++g->values > MAX_VALUES)
        return saml_fail(err, SAML_E_CLAIM, "attributes: expected at most %d values, got more", MAX_VALUES);
    if (is_nil(el, g->p))
        return SAML_OK;
    if (saml_xml_first(el)) {
        value = saml_xml_inner(el, g->p);
        if (!value)
            return saml_fail(err, SAML_E_CLAIM, "attribute %s: a value could not be written as text", saml_quote(g->p, a->name));
    }
    else {
        SAML_TRY(saml_xml_text(&value, el, g->p, err));
    }
    APR_ARRAY_PUSH(a->values, const char *) = value;
    return SAML_OK;
}

/* Core 2.7.3.1 */
static saml_status_t add_attribute(gathered_t *g, const xmlNode *el, saml_err_t *err)
{
    const char *name = saml_xml_attr_collapsed(el, "Name", g->p);
    saml_attribute_t *a;
    xmlNode *value;

    if (!name || !*name)
        return saml_fail(err, SAML_E_CLAIM, "Attribute Name: expected a name, got %s", saml_quote(err->pool, name));
    a = attribute_named(g, name, el);
    value = saml_xml_child(el, SAML_NS_ASSERTION, "AttributeValue");
    for (; value; value = saml_xml_next_named(value, SAML_NS_ASSERTION, "AttributeValue"))
        SAML_TRY(add_value(g, a, value, err));
    return SAML_OK;
}

/* Core 2.7.3.2 */
static saml_status_t add_encrypted_attribute(gathered_t *g, xmlNode *wrapper, const saml_verified_t *v,
                                             const apr_array_header_t *keys, unsigned allow, saml_err_t *err)
{
    saml_doc_t *plain;

    SAML_TRY(saml_decrypt_element(&plain, wrapper, keys, allow, g->p, err));
    return add_attribute(g, saml_verified_element(saml_verified_decrypted(v, plain, g->p)), err);
}

static saml_status_t add_statement(gathered_t *g, const xmlNode *statement, const saml_verified_t *v,
                                   const apr_array_header_t *keys, unsigned allow, saml_err_t *err)
{
    xmlNode *el;

    for (el = saml_xml_first(statement); el; el = saml_xml_next(el)) {
        int is_plain = saml_xml_is(el, SAML_NS_ASSERTION, "Attribute");

        if (!is_plain && !saml_xml_is(el, SAML_NS_ASSERTION, "EncryptedAttribute"))
            continue;
        if (++g->elements > MAX_ATTRIBUTES)
            return saml_fail(err, SAML_E_CLAIM, "attributes: expected at most %d, got more", MAX_ATTRIBUTES);
        if (is_plain)
            SAML_TRY(add_attribute(g, el, err));
        else
            SAML_TRY(add_encrypted_attribute(g, el, v, keys, allow, err));
    }
    return SAML_OK;
}

saml_status_t saml_assertion_attributes(apr_array_header_t **out, const saml_verified_t *v,
                                        const apr_array_header_t *keys, unsigned allow, apr_pool_t *p,
                                        saml_err_t *err)
{
    gathered_t g = { apr_array_make(p, 16, sizeof(saml_attribute_t)), apr_hash_make(p), 0, 0, p };
    xmlNode *el = saml_xml_child(saml_verified_element(v), SAML_NS_ASSERTION, "AttributeStatement");

    for (; el; el = saml_xml_next_named(el, SAML_NS_ASSERTION, "AttributeStatement"))
        SAML_TRY(add_statement(&g, el, v, keys, allow, err));
    *out = g.all;
    return SAML_OK;
}
