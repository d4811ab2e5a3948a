/* SPDX-License-Identifier: Apache-2.0 */
/* A message in plain language. Everything is read from the unproven tree: this is to look at, never to rely on. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "account.h"
#include "cli.h"
#include "saml/algorithm.h"
#include "saml/clock.h"
#include "saml/explain.h"
#include "saml/key.h"

static void account_query_signature(account_t *a, const cli_message_t *m)
{
    if (m->has_query_signature)
        account_linef(a, "signature", "in the query, %s (not verified)",
                      account_algorithm(a, SAML_ALG_SIGNATURE, m->sig_alg));
}

/* ---- what all messages have --------------------------------------------- */

static void account_envelope(account_t *a, const xmlNode *root)
{
    const char *version = saml_xml_attr(root, "Version", a->p);
    apr_time_t t;

    account_line(a, "ID", saml_xml_attr(root, "ID", a->p));
    account_line(a, "issued", account_time(a, saml_xml_attr_collapsed(root, "IssueInstant", a->p), &t));
    account_line(a, "issuer", account_text(a, saml_xml_child(root, SAML_NS_ASSERTION, "Issuer")));
    account_line(a, "sent to", saml_xml_attr(root, "Destination", a->p));
    if (!version || strcmp(version, "2.0") != 0)
        account_doubt(a, "Version: expected \"2.0\", got %s", saml_quote(a->p, version));
}

/* What the codes mean, in the words of the error page. */
static void account_failure(const account_t *a, const saml_idp_status_t *idp)
{
    saml_idp_words_t known;

    saml_explain_idp(&known, idp, a->p);
    if (known.words) {
        account_linef(a, "  meaning", "%s: %s", known.words->name, known.words->meaning);
        account_linef(a, "  fix", "%s (%s)", known.words->fix, saml_mender_words[known.words->mender].name);
    }
    account_line(a, "  look-up", known.aadsts_url);
}

/* Core 3.2.2.1: the outer code says whose fault, the inner one what; Entra puts its AADSTS number into the message. */
static void account_status(account_t *a, const xmlNode *root)
{
    const xmlNode *status = saml_xml_child(root, SAML_NS_PROTOCOL, "Status"), *code;
    const char *value = NULL, *label = "status";
    saml_idp_status_t idp = { NULL, NULL, NULL };

    if (!status) {
        account_doubt(a, "Status: expected one, got none");
        return;
    }
    code = saml_xml_child(status, SAML_NS_PROTOCOL, "StatusCode");
    if (code)
        value = saml_xml_attr(code, "Value", a->p);
    if (!value || strcmp(value, SAML_STATUS_SUCCESS) != 0)
        account_doubt(a, "the identity provider says that it failed: %s", saml_quote(a->p, value));
    for (; code; code = saml_xml_child(code, SAML_NS_PROTOCOL, "StatusCode"), label = "  within it") {
        idp.subcode = saml_xml_attr(code, "Value", a->p);
        account_line(a, label, idp.subcode);
    }
    idp.code = value;
    idp.message = account_text(a, saml_xml_child(status, SAML_NS_PROTOCOL, "StatusMessage"));
    account_line(a, "  message", idp.message);
    if (!value || strcmp(value, SAML_STATUS_SUCCESS) != 0)
        account_failure(a, &idp);
}

static void account_answer(const account_t *a, const xmlNode *root)
{
    const char *request = saml_xml_attr(root, "InResponseTo", a->p);

    if (request)
        account_linef(a, "answers", "request %s", request);
    else
        account_line(a, "answers", "no request (unsolicited)");
}

/* ---- one kind of message each ------------------------------------------- */

static int is_assertion(const xmlNode *el)
{
    return saml_xml_is(el, SAML_NS_ASSERTION, "Assertion") || saml_xml_is(el, SAML_NS_ASSERTION, "EncryptedAssertion");
}

static void account_assertions(account_t *a, const xmlNode *root, int signed_here)
{
    const xmlNode *el;
    int count = 0, is_signed = signed_here;

    for (el = saml_xml_first(root); el; el = saml_xml_next(el)) {
        if (!is_assertion(el))
            continue;
        count++;
        is_signed |= saml_xml_is(el, SAML_NS_ASSERTION, "EncryptedAssertion")
            || saml_xml_child(el, SAML_NS_DSIG, "Signature") != NULL;
        account_assertion(a, el);
    }
    if (count != 1)
        account_doubt(a, "expected exactly one assertion, got %d", count);
    if (count && !is_signed)
        account_doubt(a, "expected a signature on the Response or on the Assertion, got none");
}

static void account_response(account_t *a, const xmlNode *root)
{
    int is_signed;

    account_answer(a, root);
    account_status(a, root);
    is_signed = account_signature(a, root);
    account_assertions(a, root, is_signed);
}

static int is_true(const char *text)
{
    return text && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

static void account_requested_context(const account_t *a, const xmlNode *root)
{
    const xmlNode *context = saml_xml_child(root, SAML_NS_PROTOCOL, "RequestedAuthnContext");
    const xmlNode *c = context ? saml_xml_child(context, SAML_NS_ASSERTION, "AuthnContextClassRef") : NULL;

    for (; c; c = saml_xml_next_named(c, SAML_NS_ASSERTION, "AuthnContextClassRef"))
        account_line(a, "demands sign-on", account_text(a, c));
}

/* What Entra is known to refuse. */
static void doubt_authn_request(account_t *a, const xmlNode *root, const xmlNode *policy)
{
    const char *id = saml_xml_attr(root, "ID", a->p);

    if (!id || !*id || (*id >= '0' && *id <= '9'))
        account_doubt(a, "ID: expected a letter or \"_\" first, got %s (AADSTS7500529)", saml_quote(a->p, id));
    if (!saml_xml_child(root, SAML_NS_ASSERTION, "Issuer"))
        account_doubt(a, "Issuer: expected one, got none (AADSTS700016)");
    if (saml_xml_child(root, SAML_NS_ASSERTION, "Subject"))
        account_doubt(a, "Subject: Entra refuses requests that name one; login_hint in the query is its way");
    if (policy && saml_xml_attr(policy, "SPNameQualifier", a->p))
        account_doubt(a, "NameIDPolicy SPNameQualifier: Entra refuses it (AADSTS75006)");
    if (saml_xml_child(root, SAML_NS_PROTOCOL, "RequestedAuthnContext"))
        account_doubt(a, "RequestedAuthnContext: Entra refuses it when the user signed on in any other way (AADSTS75011)");
}

static void account_authn_request(account_t *a, const xmlNode *root)
{
    const xmlNode *policy = saml_xml_child(root, SAML_NS_PROTOCOL, "NameIDPolicy");

    account_line(a, "answer goes to", saml_xml_attr(root, "AssertionConsumerServiceURL", a->p));
    account_line(a, "answer comes by", saml_xml_attr(root, "ProtocolBinding", a->p));
    if (policy)
        account_line(a, "wants name ID", saml_xml_attr(policy, "Format", a->p));
    if (is_true(saml_xml_attr(root, "ForceAuthn", a->p)))
        account_line(a, "wants", "a fresh sign-on, even with a session (ForceAuthn)");
    if (is_true(saml_xml_attr(root, "IsPassive", a->p)))
        account_line(a, "wants", "no questions to the user (IsPassive)");
    account_requested_context(a, root);
    account_signature(a, root);
    doubt_authn_request(a, root, policy);
}

static void account_logout_request(account_t *a, const xmlNode *root)
{
    const xmlNode *el;
    apr_time_t t;

    account_line(a, "who", account_text(a, saml_xml_child(root, SAML_NS_ASSERTION, "NameID")));
    for (el = saml_xml_child(root, SAML_NS_PROTOCOL, "SessionIndex"); el;
         el = saml_xml_next_named(el, SAML_NS_PROTOCOL, "SessionIndex"))
        account_line(a, "session", account_text(a, el));
    account_line(a, "valid until", account_time(a, saml_xml_attr_collapsed(root, "NotOnOrAfter", a->p), &t));
    account_line(a, "reason", saml_xml_attr(root, "Reason", a->p));
    account_signature(a, root);
}

static void account_logout_response(account_t *a, const xmlNode *root)
{
    account_answer(a, root);
    account_status(a, root);
    account_signature(a, root);
}

static const struct {
    const char *name;
    const char *title;
    void (*tell)(account_t *a, const xmlNode *root);
} KINDS[] = {
    { "Response", "an answer to a sign-on (Response)", account_response },
    { "AuthnRequest", "a request to sign on (AuthnRequest)", account_authn_request },
    { "LogoutRequest", "a request to log out (LogoutRequest)", account_logout_request },
    { "LogoutResponse", "an answer to a logout (LogoutResponse)", account_logout_response },
};

/* ---- the whole ---------------------------------------------------------- */

static void print_doubts(const account_t *a)
{
    int i;

    if (a->doubts->nelts == 0) {
        printf("At a glance nothing speaks against it. That is no verdict: \"saml-sso verify\" gives one.\n");
        return;
    }
    printf("At a glance it would be refused:\n");
    for (i = 0; i < a->doubts->nelts; i++)
        printf("  - %s\n", cli_printable(a->p, APR_ARRAY_IDX(a->doubts, i, const char *)));
}

static void tell_message(account_t *a, const cli_message_t *m, const xmlNode *root)
{
    apr_size_t i;

    for (i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (saml_xml_is(root, SAML_NS_PROTOCOL, KINDS[i].name))
            break;
    if (i == sizeof KINDS / sizeof KINDS[0]) {
        account_line(a, "this is", saml_xml_is(root, SAML_NS_METADATA, "EntityDescriptor")
                     ? "metadata (EntityDescriptor); \"saml-sso metadata --read\" tells what is in it"
                     : apr_psprintf(a->p, "none of the SAML messages that sign people on or out: %s",
                                    saml_xml_name(a->p, root)));
        return;
    }
    account_line(a, "this is", KINDS[i].title);
    account_envelope(a, root);
    account_line(a, "RelayState", m->relay_state);
    account_query_signature(a, m);
    KINDS[i].tell(a, root);
    print_doubts(a);
}

void cli_print_account(const cli_message_t *m, const saml_doc_t *doc, apr_time_t now, apr_pool_t *p)
{
    account_t a = { p, now, "  ", apr_array_make(p, 4, sizeof(const char *)) };

    printf("What it says (nothing of it is verified):\n");
    account_line(&a, "found in", m->where);
    account_line(&a, "came as", m->how);
    tell_message(&a, m, saml_doc_root(doc));
}
