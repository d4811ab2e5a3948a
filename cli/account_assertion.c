/* SPDX-License-Identifier: Apache-2.0 */
/* An assertion in plain language: SAML Core 2.3 to 2.7, unproven. */

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "account.h"
#include "cli.h"
#include "saml/claims.h"
#include "saml/clock.h"

/* Tell a window, and doubt it where `now` is outside. Clock skew is left to the verdict. */
static void account_window(account_t *a, const xmlNode *el, const char *what, const char *from_label,
                           const char *until_label)
{
    apr_time_t from, until;

    account_line(a, from_label, account_time(a, saml_xml_attr_collapsed(el, "NotBefore", a->p), &from));
    account_line(a, until_label, account_time(a, saml_xml_attr_collapsed(el, "NotOnOrAfter", a->p), &until));
    if (from && saml_time_is_ahead(from, a->now, 0))
        account_doubt(a, "%s is not valid yet, seen from now", what);
    if (until && saml_time_is_past(until, a->now, 0))
        account_doubt(a, "%s has expired, seen from now (%s)", what, cli_relative_time(a->p, until, a->now));
}

static void account_confirmation(account_t *a, const xmlNode *confirmation, int *bearers)
{
    const xmlNode *data = saml_xml_child(confirmation, SAML_NS_ASSERTION, "SubjectConfirmationData");
    const char *method = saml_xml_attr_collapsed(confirmation, "Method", a->p);

    if (!method || strcmp(method, SAML_CM_BEARER) != 0) {
        account_line(a, "confirmed by", method);
        return;
    }
    ++*bearers;
    if (!data) {
        account_doubt(a, "SubjectConfirmationData: expected one, got none");
        return;
    }
    account_line(a, "for reply URL", saml_xml_attr(data, "Recipient", a->p));
    account_line(a, "for request", saml_xml_attr(data, "InResponseTo", a->p));
    account_window(a, data, "the subject confirmation", "usable from", "usable until");
}

static void account_name_id(account_t *a, const xmlNode *subject)
{
    const xmlNode *id = saml_xml_child(subject, SAML_NS_ASSERTION, "NameID");

    if (id) {
        account_line(a, "name ID", account_text(a, id));
        account_line(a, "  format", saml_xml_attr(id, "Format", a->p));
    }
    else if (saml_xml_child(subject, SAML_NS_ASSERTION, "EncryptedID")) {
        account_line(a, "name ID", "encrypted");
    }
    else {
        account_doubt(a, "NameID: expected one, got none");
    }
}

static void account_subject(account_t *a, const xmlNode *assertion)
{
    const xmlNode *subject = saml_xml_child(assertion, SAML_NS_ASSERTION, "Subject"), *c;
    int bearers = 0;

    if (!subject) {
        account_doubt(a, "Subject: expected one, got none");
        return;
    }
    account_name_id(a, subject);
    for (c = saml_xml_child(subject, SAML_NS_ASSERTION, "SubjectConfirmation"); c;
         c = saml_xml_next_named(c, SAML_NS_ASSERTION, "SubjectConfirmation"))
        account_confirmation(a, c, &bearers);
    if (!bearers)
        account_doubt(a, "SubjectConfirmation: expected one for bearers, got none");
}

static void account_conditions(account_t *a, const xmlNode *assertion)
{
    const xmlNode *conditions = saml_xml_child(assertion, SAML_NS_ASSERTION, "Conditions"), *r, *u;
    int audiences = 0;

    if (conditions) {
        account_window(a, conditions, "the assertion", "valid from", "valid until");
        for (r = saml_xml_child(conditions, SAML_NS_ASSERTION, "AudienceRestriction"); r;
             r = saml_xml_next_named(r, SAML_NS_ASSERTION, "AudienceRestriction"))
            for (u = saml_xml_child(r, SAML_NS_ASSERTION, "Audience"); u;
                 u = saml_xml_next_named(u, SAML_NS_ASSERTION, "Audience")) {
                account_line(a, "for audience", account_text(a, u));
                audiences++;
            }
    }
    if (!audiences)
        account_doubt(a, "AudienceRestriction: expected one that names an Audience, got none");
}

static void account_authn(account_t *a, const xmlNode *assertion)
{
    const xmlNode *s = saml_xml_child(assertion, SAML_NS_ASSERTION, "AuthnStatement"), *context;
    apr_time_t t;

    if (!s)
        account_doubt(a, "AuthnStatement: expected one, got none");
    for (; s; s = saml_xml_next_named(s, SAML_NS_ASSERTION, "AuthnStatement")) {
        account_line(a, "signed on", account_time(a, saml_xml_attr_collapsed(s, "AuthnInstant", a->p), &t));
        context = saml_xml_child(s, SAML_NS_ASSERTION, "AuthnContext");
        if (context)
            account_line(a, "  how", account_text(a, saml_xml_child(context, SAML_NS_ASSERTION,
                                                                    "AuthnContextClassRef")));
        account_line(a, "  session", saml_xml_attr(s, "SessionIndex", a->p));
        account_line(a, "  ends", account_time(a, saml_xml_attr_collapsed(s, "SessionNotOnOrAfter", a->p), &t));
    }
}

static void account_attribute(const account_t *a, const xmlNode *attribute)
{
    const char *name = saml_xml_attr_collapsed(attribute, "Name", a->p);
    const char *alias = name ? saml_claim_alias(name) : NULL;
    const xmlNode *v = saml_xml_child(attribute, SAML_NS_ASSERTION, "AttributeValue");

    printf("%s  %s%s%s%s\n", a->indent, alias ? alias : "", alias ? " = " : "", cli_printable(a->p, name),
           v ? "" : " (no value)");
    for (; v; v = saml_xml_next_named(v, SAML_NS_ASSERTION, "AttributeValue"))
        printf("%s    %s\n", a->indent,
               cli_printable(a->p, saml_xml_first(v) ? saml_xml_inner(v, a->p) : account_text(a, v)));
}

static void account_attributes(const account_t *a, const xmlNode *assertion)
{
    const xmlNode *s = saml_xml_child(assertion, SAML_NS_ASSERTION, "AttributeStatement"), *el;

    for (; s; s = saml_xml_next_named(s, SAML_NS_ASSERTION, "AttributeStatement"))
        for (el = saml_xml_first(s); el; el = saml_xml_next(el)) {
            if (el == saml_xml_first(s))
                printf("%sattributes:\n", a->indent);
            if (saml_xml_is(el, SAML_NS_ASSERTION, "Attribute"))
                account_attribute(a, el);
            else
                printf("%s  (an encrypted attribute)\n", a->indent);
        }
}

void account_assertion(account_t *a, const xmlNode *el)
{
    const char *outer = a->indent;

    if (saml_xml_is(el, SAML_NS_ASSERTION, "EncryptedAssertion")) {
        account_line(a, "assertion", "encrypted: \"saml-sso verify --key\" with the private key can read it");
        return;
    }
    account_line(a, "assertion", saml_xml_attr(el, "ID", a->p));
    a->indent = apr_pstrcat(a->p, outer, "  ", NULL);
    account_line(a, "issuer", account_text(a, saml_xml_child(el, SAML_NS_ASSERTION, "Issuer")));
    account_signature(a, el);
    account_subject(a, el);
    account_conditions(a, el);
    account_authn(a, el);
    account_attributes(a, el);
    a->indent = outer;
}
