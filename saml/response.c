/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a Response, in the order in which they are made. saml_response_check, at the end, is the list.
 *
 * What stands before the proof reads the tree that came in: it can refuse and never grant. What stands behind it
 * takes saml_verified_t, which only signature.c makes, out of the octets that were digested.
 */

#include <string.h>

#include <apr_strings.h>

#include "clock.h"
#include "decoy.h"
#include "decrypt.h"
#include "response.h"
#include "xml.h"

#define MAX_LISTED_AUDIENCES 4  /* in a reason */

static int is_same(const char *got, const char *expected)
{
    return got && expected && strcmp(got, expected) == 0;
}

/* Core 3.2.2: the message is a samlp:Response and nothing else. */
static saml_status_t check_root(const xmlNode *response, saml_err_t *err)
{
    if (!saml_xml_is(response, SAML_NS_PROTOCOL, "Response"))
        return saml_fail(err, SAML_E_MALFORMED, "root element: expected Response of \"%s\", got %s",
                         SAML_NS_PROTOCOL, saml_xml_name(err->pool, response));
    return SAML_OK;
}

/* Core 2.3.3, 3.2.2, 4.1: we speak 2.0. */
static saml_status_t check_version(const char *got, const char *where, saml_err_t *err)
{
    if (!is_same(got, "2.0"))
        return saml_fail(err, SAML_E_VERSION, "%s Version: expected \"2.0\", got %s", where,
                         saml_quote(err->pool, got));
    return SAML_OK;
}

/* Core 3.2.2: ID and IssueInstant are required. How old the message is, is for the Conditions to say. */
static saml_status_t check_identified(const xmlNode *response, apr_pool_t *p, saml_err_t *err)
{
    const char *id = saml_xml_attr_collapsed(response, "ID", p);
    const char *instant = saml_xml_attr(response, "IssueInstant", p);
    apr_time_t parsed;

    if (!id || !*id)
        return saml_fail(err, SAML_E_MALFORMED, "Response ID: expected an identifier, got %s",
                         saml_quote(err->pool, id));
    if (!instant)
        return saml_fail(err, SAML_E_MALFORMED, "Response IssueInstant: expected a time, got none");
    return saml_time_parse(&parsed, instant, "Response IssueInstant", err);
}

/* Core 3.2.2: a Destination that is there is ours. Bindings 3.5.5.2: a signed message has one. */
static saml_status_t check_destination(const xmlNode *response, const saml_expect_t *want, apr_pool_t *p,
                                       saml_err_t *err)
{
    const char *got = saml_xml_attr_collapsed(response, "Destination", p);

    if (!got && !saml_signature_present(response))
        return SAML_OK;
    if (!is_same(got, want->acs_url))
        return saml_fail(err, SAML_E_DESTINATION, "Response Destination: expected \"%s\", got %s%s",
                         want->acs_url ? want->acs_url : "", saml_quote(err->pool, got),
                         got ? "" : " in a signed Response");
    return SAML_OK;
}

/* Core 2.2.5, 8.3.6; Profiles 4.1.4.2: the issuer is an entity, and the one that we know. */
static saml_status_t check_issuer(const char *got, const char *format, const char *where, const saml_expect_t *want,
                                  saml_err_t *err)
{
    if (format && strcmp(format, SAML_NAMEID_ENTITY) != 0)
        return saml_fail(err, SAML_E_ISSUER, "Format of the %s Issuer: expected \"%s\" or none, got %s", where,
                         SAML_NAMEID_ENTITY, saml_quote(err->pool, format));
    if (!got || !*got)
        return saml_fail(err, SAML_E_ISSUER, "Issuer of the %s: expected \"%s\", got %s", where,
                         want->issuer ? want->issuer : "an entity", saml_quote(err->pool, got));
    if (want->issuer && strcmp(got, want->issuer) != 0)
        return saml_fail(err, SAML_E_ISSUER, "Issuer of the %s: expected \"%s\", got %s", where, want->issuer,
                         saml_quote(err->pool, got));
    return SAML_OK;
}

/* Profiles 4.1.4.2: a Response may leave its Issuer out; `out` is NULL then. */
static saml_status_t check_response_issuer(const char **out, const xmlNode *response, const saml_expect_t *want,
                                           apr_pool_t *p, saml_err_t *err)
{
    xmlNode *el;
    const char *issuer;

    SAML_TRY(saml_xml_optional(&el, response, SAML_NS_ASSERTION, "Issuer", err));
    if (!el) {
        *out = NULL;
        return SAML_OK;
    }
    SAML_TRY(saml_xml_text_collapsed(&issuer, el, p, err));
    SAML_TRY(check_issuer(issuer, saml_xml_attr_collapsed(el, "Format", p), "Response", want, err));
    *out = issuer;
    return SAML_OK;
}

/*
 * Core 3.2.2, Profiles 4.1.4.2 and 4.1.4.3: an answer names the request that it answers; what nobody asked for
 * names none (Profiles 4.1.5).
 */
static saml_status_t check_in_response_to(const char *got, const char *where, const saml_expect_t *want,
                                          saml_err_t *err)
{
    if (!want->in_response_to && got)
        return saml_fail(err, SAML_E_IN_RESPONSE_TO, "%s InResponseTo: expected none, as no request is open, got %s",
                         where, saml_quote(err->pool, got));
    if (want->in_response_to && !is_same(got, want->in_response_to))
        return saml_fail(err, SAML_E_IN_RESPONSE_TO, "%s InResponseTo: expected \"%s\", got %s", where,
                         want->in_response_to, saml_quote(err->pool, got));
    return SAML_OK;
}

/* The one StatusCode child of `el`, or NULL where `el` has none; several are malformed. Core 3.2.2.2 */
static saml_status_t read_status_code(xmlNode **out, const char **value, const xmlNode *el, saml_err_t *err)
{
    xmlNode *code;

    SAML_TRY(saml_xml_optional(&code, el, SAML_NS_PROTOCOL, "StatusCode", err));
    if (code && !(*value = saml_xml_attr_collapsed(code, "Value", err->pool)))
        return saml_fail(err, SAML_E_MALFORMED, "StatusCode Value: expected a URI, got none");
    *out = code;
    return SAML_OK;
}

/* The innermost code says most; the message is for people. Core 3.2.2.1 to 3.2.2.3 */
static saml_status_t read_idp_status(saml_idp_status_t *out, const xmlNode *status, saml_err_t *err)
{
    xmlNode *code, *message;
    const char *text = NULL;

    memset(out, 0, sizeof(*out));
    SAML_TRY(read_status_code(&code, &out->code, status, err));
    if (!code)
        return saml_fail(err, SAML_E_MALFORMED, "Status: expected a StatusCode, got none");
    while (code)
        SAML_TRY(read_status_code(&code, &out->subcode, code, err));
    SAML_TRY(saml_xml_optional(&message, status, SAML_NS_PROTOCOL, "StatusMessage", err));
    if (message) {
        SAML_TRY(saml_xml_text_collapsed(&text, message, err->pool, err));
        out->message = saml_quote(err->pool, text);
    }
    return SAML_OK;
}

/* Core 3.2.2.1, 3.2.2.2: anything but Success at the top is a failure, whatever else the message holds. */
saml_status_t saml_response_check_status(const xmlNode *response, const char *where, saml_err_t *err)
{
    saml_idp_status_t idp;
    xmlNode *status;

    SAML_TRY(saml_xml_optional(&status, response, SAML_NS_PROTOCOL, "Status", err));
    if (!status)
        return saml_fail(err, SAML_E_MALFORMED, "%s: expected a Status, got none", where);
    SAML_TRY(read_idp_status(&idp, status, err));
    if (is_same(idp.code, SAML_STATUS_SUCCESS))
        return SAML_OK;
    err->idp = idp;
    return saml_fail(err, SAML_E_STATUS, "StatusCode: expected \"%s\", got %s, innermost %s, with the message %s",
                     SAML_STATUS_SUCCESS, saml_quote(err->pool, idp.code), saml_quote(err->pool, idp.subcode),
                     idp.message ? idp.message : "none");
}

/** @param issuer the Response's, or NULL where it has none */
static saml_status_t check_envelope(const char **issuer, const saml_doc_t *doc, const saml_expect_t *want,
                                    apr_pool_t *p, saml_err_t *err)
{
    const xmlNode *response = saml_doc_root(doc);

    SAML_TRY(check_root(response, err));
    SAML_TRY(check_version(saml_xml_attr(response, "Version", p), "Response", err));
    SAML_TRY(check_identified(response, p, err));
    SAML_TRY(check_destination(response, want, p, err));
    SAML_TRY(check_response_issuer(issuer, response, want, p, err));
    SAML_TRY(check_in_response_to(saml_xml_attr_collapsed(response, "InResponseTo", p), "Response", want, err));
    return saml_response_check_status(response, "Response", err);
}

/*
 * The schema allows any number, and the profile lets a receiver choose. Which of several is meant is what every
 * wrapping attack plays with, so that there must be one.
 */
static saml_status_t check_assertion_count(const xmlNode *response, saml_err_t *err)
{
    int plain = saml_xml_count(response, SAML_NS_ASSERTION, "Assertion");
    int encrypted = saml_xml_count(response, SAML_NS_ASSERTION, "EncryptedAssertion");

    if (plain + encrypted != 1)
        return saml_fail(err, SAML_E_ASSERTION_COUNT,
                         "Response: expected exactly one Assertion or EncryptedAssertion, got %d and %d", plain,
                         encrypted);
    return SAML_OK;
}

/* Core 5.3: by its own signature or by the Response's. */
static saml_status_t refuse_unsigned(saml_err_t *err)
{
    return saml_fail(err, SAML_E_UNSIGNED,
                     "expected a signature on the Response or on the Assertion, got none on either");
}

/*
 * The Assertion that a proven Response holds, as it stands in the octets that were digested. Counted anew, because
 * it is those octets that speak.
 */
static saml_status_t proven_child(saml_verified_t **out, const saml_verified_t *response, const char *name,
                                  apr_pool_t *p, saml_err_t *err)
{
    const xmlNode *el = saml_verified_element(response);
    saml_verified_t *child;

    if (!saml_xml_is(el, SAML_NS_PROTOCOL, "Response"))
        return saml_fail(err, SAML_E_SIGNATURE, "signature of the Response: expected it to cover the Response, got %s",
                         saml_xml_name(err->pool, el));
    SAML_TRY(check_assertion_count(el, err));
    child = saml_verified_child(response, saml_xml_child(el, SAML_NS_ASSERTION, name), p);
    if (!child)
        return saml_fail(err, SAML_E_SIGNATURE, "signature of the Response: expected it to cover one %s, got none",
                         name);
    *out = child;
    return SAML_OK;
}

/* What a signature that is the Assertion's own proves, is the Assertion that was asked for. */
static saml_status_t check_proven_assertion(const saml_verified_t *proven, const char *id, apr_pool_t *p,
                                            saml_err_t *err)
{
    const xmlNode *el = saml_verified_element(proven);
    const char *got = saml_xml_attr(el, "ID", p);

    if (!saml_xml_is(el, SAML_NS_ASSERTION, "Assertion") || !is_same(got, id))
        return saml_fail(err, SAML_E_SIGNATURE, "signature: expected it to cover the Assertion %s, got %s %s",
                         saml_quote(err->pool, id), saml_xml_name(err->pool, el), saml_quote(err->pool, got));
    return SAML_OK;
}

/*
 * Core 5.3, 5.4. A signature that is there must verify, also where the other would do. The Assertion's is checked in
 * the tree that came in: canonicalising the Response drops prefixes that an InclusiveNamespaces list may name.
 */
static saml_status_t plain_assertion(saml_verified_t **out, const saml_doc_t *doc, const saml_verified_t *response,
                                     const saml_trust_t *trust, apr_pool_t *p, saml_err_t *err)
{
    xmlNode *el = saml_xml_child(saml_doc_root(doc), SAML_NS_ASSERTION, "Assertion");
    saml_verified_t *inherited = NULL, *own = NULL;

    if (response)
        SAML_TRY(proven_child(&inherited, response, "Assertion", p, err));
    if (saml_signature_present(el)) {
        SAML_TRY(saml_signature_verify(&own, doc, el, trust, p, err));
        SAML_TRY(check_proven_assertion(own, saml_xml_attr(el, "ID", p), p, err));
        if (inherited)
            SAML_TRY(check_proven_assertion(inherited, saml_xml_attr(el, "ID", p), p, err));
    }
    if (!own && !inherited)
        return refuse_unsigned(err);
    *out = own ? own : inherited;
    return SAML_OK;
}

/*
 * The plain Assertion. The ciphertext of a signed Response is taken from the octets that were digested. They lack the
 * declarations that nothing but the plain text uses, on which it may lean (XML Encryption 4.4): then the tree that came
 * in is asked, and as no signature covers its declarations, `proven` is NULL, and what comes out has to prove itself.
 */
static saml_status_t plain_of(saml_doc_t **plain, saml_verified_t **proven, const saml_doc_t *doc,
                              const saml_expect_t *want, apr_pool_t *p, saml_err_t *err)
{
    xmlNode *received = saml_xml_child(saml_doc_root(doc), SAML_NS_ASSERTION, "EncryptedAssertion");

    if (*proven
        && saml_decrypt_element(plain, saml_verified_element(*proven), want->keys, want->allow, p, err) == SAML_OK) {
        /* A signature of its own was made among all that stands around it, and covers what it takes from there. */
        if (saml_signature_present(saml_doc_root(*plain)))
            saml_doc_declare_scope(*plain, received);
        return SAML_OK;
    }
    *proven = NULL;
    return saml_decrypt_element(plain, received, want->keys, want->allow, p, err);
}

/*
 * Core 2.3.4, 6. Encryption is no authentication: what comes out is proven by its own signature, or by that of the
 * Response over the ciphertext.
 */
static saml_status_t prove_decrypted(saml_verified_t **out, const saml_doc_t *doc, saml_verified_t *proven,
                                     const saml_expect_t *want, const saml_trust_t *trust, apr_pool_t *p,
                                     saml_err_t *err)
{
    int response_is_signed = proven != NULL;
    saml_doc_t *plain;
    xmlNode *el;

    SAML_TRY(plain_of(&plain, &proven, doc, want, p, err));
    el = saml_doc_root(plain);
    if (saml_signature_present(el)) {
        SAML_TRY(saml_signature_verify(&proven, plain, el, trust, p, err));
        SAML_TRY(check_proven_assertion(proven, saml_xml_attr(el, "ID", p), p, err));
        *out = proven;
        return SAML_OK;
    }
    if (response_is_signed && !proven)
        return saml_fail(err, SAML_E_UNSIGNED, "expected a signature on the encrypted Assertion, as it uses namespace "
                         "prefixes that the Response's signature does not cover, got none");
    if (!proven)
        return refuse_unsigned(err);
    *out = saml_verified_decrypted(proven, plain, p);
    return SAML_OK;
}

/* Who sent a changed ciphertext learns neither from the answer nor from its time how far it came. */
static saml_status_t decrypted_assertion(saml_verified_t **out, const saml_doc_t *doc, const saml_verified_t *response,
                                         const saml_expect_t *want, const saml_trust_t *trust, apr_pool_t *p,
                                         saml_err_t *err)
{
    saml_verified_t *proven = NULL;
    saml_status_t status;

    if (response)
        SAML_TRY(proven_child(&proven, response, "EncryptedAssertion", p, err));
    err->in_ciphertext = 1;
    memset(&err->work, 0, sizeof(err->work));
    status = prove_decrypted(out, doc, proven, want, trust, p, err);
    if (status != SAML_OK)
        saml_decoy_make_up(trust, err);
    return status;
}

static int is_assertion(const xmlNode *el)
{
    return saml_xml_is(el, SAML_NS_ASSERTION, "Assertion") || saml_xml_is(el, SAML_NS_ASSERTION, "EncryptedAssertion");
}

static int holds_assertion(const xmlNode *el)
{
    const xmlNode *child;

    for (child = saml_xml_first(el); child; child = saml_xml_next(child)) {
        if (is_assertion(child) || holds_assertion(child))
            return 1;
    }
    return 0;
}

/*
 * Beside the proven Assertion the message holds none, at any depth. One in Extensions, or in the KeyInfo of a Signature, would
 * not be read; but only somebody who tries to wrap an Assertion in puts it there. Inside the proven one they may stand (Advice,
 * Evidence, attribute values), as far as its signature covers them.
 */
static saml_status_t check_no_other_assertion(const xmlNode *response, saml_err_t *err)
{
    const xmlNode *child;

    for (child = saml_xml_first(response); child; child = saml_xml_next(child)) {
        const xmlNode *uncovered = saml_xml_is(child, SAML_NS_ASSERTION, "Assertion")
                                       ? saml_xml_child(child, SAML_NS_DSIG, "Signature") : child;

        if (uncovered && holds_assertion(uncovered))
            return saml_fail(err, SAML_E_ASSERTION_COUNT, "Response: expected no Assertion beside the one it has, got one "
                             "inside %s", saml_xml_name(err->pool, uncovered));
    }
    return SAML_OK;
}

/** Exactly one Assertion, decrypted, proven by every signature that stands on it or on the Response. */
static saml_status_t verified_assertion(saml_verified_t **out, int *was_encrypted, const saml_doc_t *doc,
                                        const saml_expect_t *want, apr_pool_t *p, saml_err_t *err)
{
    saml_trust_t trust = { want->certs, want->now, want->allow };
    xmlNode *root = saml_doc_root(doc);
    saml_verified_t *response = NULL;

    SAML_TRY(check_assertion_count(root, err));
    if (saml_signature_present(root))
        SAML_TRY(saml_signature_verify(&response, doc, root, &trust, p, err));
    *was_encrypted = saml_xml_child(root, SAML_NS_ASSERTION, "EncryptedAssertion") != NULL;
    if (*was_encrypted) {
        SAML_TRY(decrypted_assertion(out, doc, response, want, &trust, p, err));
        err->in_ciphertext = 0;
    }
    else {
        SAML_TRY(plain_assertion(out, doc, response, &trust, p, err));
    }
    return check_no_other_assertion(root, err);
}

/* Core 2.3.3; Profiles 4.1.4.2: the Assertion's Issuer is required, and one with the Response's. */
static saml_status_t check_head(saml_login_t *login, const saml_verified_t *assertion, const char *response_issuer,
                                const saml_expect_t *want, apr_pool_t *p, saml_err_t *err)
{
    saml_assertion_head_t head;

    SAML_TRY(saml_assertion_head(&head, assertion, p, err));
    SAML_TRY(check_version(head.version, "Assertion", err));
    SAML_TRY(check_issuer(head.issuer, head.issuer_format, "Assertion", want, err));
    if (response_issuer && strcmp(head.issuer, response_issuer) != 0)
        return saml_fail(err, SAML_E_ISSUER, "Issuer of the Assertion: expected the Response's, %s, got %s",
                         saml_quote(err->pool, response_issuer), saml_quote(err->pool, head.issuer));
    login->issuer = head.issuer;
    login->assertion_id = head.id;
    login->issue_instant = head.issue_instant;
    return SAML_OK;
}

/* Core 2.5.1.2: from NotBefore on, and before NotOnOrAfter; either may be left out. */
static saml_status_t check_window(const saml_conditions_t *c, const saml_expect_t *want, saml_err_t *err)
{
    const char *now = saml_time_format(err->pool, want->now);

    if (c->not_before && c->not_on_or_after && c->not_before >= c->not_on_or_after)
        return saml_fail(err, SAML_E_CONDITIONS, "Conditions: expected NotBefore before NotOnOrAfter, got %s and %s",
                         saml_time_format(err->pool, c->not_before), saml_time_format(err->pool, c->not_on_or_after));
    if (c->not_before && saml_time_is_ahead(c->not_before, want->now, want->skew))
        return saml_fail(err, SAML_E_NOT_BEFORE, "Conditions NotBefore: expected a time that has come, got %s at %s",
                         saml_time_format(err->pool, c->not_before), now);
    if (c->not_on_or_after && saml_time_is_past(c->not_on_or_after, want->now, want->skew))
        return saml_fail(err, SAML_E_EXPIRED, "Conditions NotOnOrAfter: expected a time to come, got %s at %s",
                         saml_time_format(err->pool, c->not_on_or_after), now);
    return SAML_OK;
}

/* "a", "b", and how many more: for a reason. */
static const char *listed(const apr_array_header_t *values, apr_pool_t *p)
{
    const char *list = "";
    int i;

    if (!values || !values->nelts)
        return "none";
    for (i = 0; i < values->nelts && i < MAX_LISTED_AUDIENCES; i++)
        list = apr_pstrcat(p, list, i ? ", " : "", saml_quote(p, APR_ARRAY_IDX(values, i, const char *)), NULL);
    if (values->nelts > MAX_LISTED_AUDIENCES)
        list = apr_psprintf(p, "%s and %d more", list, values->nelts - MAX_LISTED_AUDIENCES);
    return list;
}

static int has_common(const apr_array_header_t *ours, const apr_array_header_t *theirs)
{
    int i, j;

    for (i = 0; ours && i < ours->nelts; i++) {
        for (j = 0; j < theirs->nelts; j++) {
            if (is_same(APR_ARRAY_IDX(theirs, j, const char *), APR_ARRAY_IDX(ours, i, const char *)))
                return 1;
        }
    }
    return 0;
}

/* Core 2.5.1.4: within one restriction any audience will do, but each binds. Profiles 4.1.4.2: there is one. */
static saml_status_t check_audience(const saml_conditions_t *c, const saml_expect_t *want, saml_err_t *err)
{
    int i;

    if (!c->restrictions->nelts)
        return saml_fail(err, SAML_E_AUDIENCE, "Conditions: expected an AudienceRestriction, got none");
    for (i = 0; i < c->restrictions->nelts; i++) {
        const apr_array_header_t *audiences = APR_ARRAY_IDX(c->restrictions, i, apr_array_header_t *);

        if (!has_common(want->audiences, audiences))
            return saml_fail(err, SAML_E_AUDIENCE, "AudienceRestriction: expected one of %s, got %s",
                             listed(want->audiences, err->pool), listed(audiences, err->pool));
    }
    return SAML_OK;
}

/**
 * Core 2.5.1: a condition that we do not understand leaves the Assertion's validity open, and open is not valid.
 * @param until raised to NotOnOrAfter
 */
static saml_status_t check_conditions(apr_time_t *until, const saml_verified_t *assertion, const saml_expect_t *want,
                                      apr_pool_t *p, saml_err_t *err)
{
    saml_conditions_t c;

    SAML_TRY(saml_assertion_conditions(&c, assertion, p, err));
    if (!c.present)
        return saml_fail(err, SAML_E_CONDITIONS, "Assertion: expected Conditions, got none");
    if (c.unknown)
        return saml_fail(err, SAML_E_CONDITIONS,
                         "Conditions: expected AudienceRestriction, OneTimeUse or ProxyRestriction, got %s", c.unknown);
    SAML_TRY(check_window(&c, want, err));
    SAML_TRY(check_audience(&c, want, err));
    if (c.not_on_or_after > *until)
        *until = c.not_on_or_after;
    return SAML_OK;
}

/* Profiles 4.1.4.3: Recipient is present and is our ACS URL, byte for byte. */
static saml_status_t check_recipient(const saml_confirmation_t *c, const saml_expect_t *want, saml_err_t *err)
{
    if (!is_same(c->recipient, want->acs_url))
        return saml_fail(err, SAML_E_RECIPIENT, "SubjectConfirmationData Recipient: expected \"%s\", got %s",
                         want->acs_url ? want->acs_url : "", saml_quote(err->pool, c->recipient));
    return SAML_OK;
}

/* Profiles 4.1.4.2: NotOnOrAfter bounds the delivery, and NotBefore must not be there. */
static saml_status_t check_delivery_window(const saml_confirmation_t *c, const saml_expect_t *want, saml_err_t *err)
{
    if (!c->not_on_or_after)
        return saml_fail(err, SAML_E_CONFIRMATION,
                         "SubjectConfirmationData NotOnOrAfter: expected a time, got none");
    if (c->not_before)
        return saml_fail(err, SAML_E_CONFIRMATION, "SubjectConfirmationData NotBefore: expected none, got %s",
                         saml_time_format(err->pool, c->not_before));
    if (saml_time_is_past(c->not_on_or_after, want->now, want->skew))
        return saml_fail(err, SAML_E_EXPIRED,
                         "SubjectConfirmationData NotOnOrAfter: expected a time to come, got %s at %s",
                         saml_time_format(err->pool, c->not_on_or_after), saml_time_format(err->pool, want->now));
    return SAML_OK;
}

/* Profiles 4.1.4.2, 4.1.4.3. Address is not judged: proxies and IPv6 privacy addresses make it no evidence. */
static saml_status_t check_bearer(const saml_confirmation_t *c, const saml_expect_t *want, saml_err_t *err)
{
    if (!c->has_data)
        return saml_fail(err, SAML_E_CONFIRMATION,
                         "SubjectConfirmation bearer: expected SubjectConfirmationData, got none");
    SAML_TRY(check_recipient(c, want, err));
    SAML_TRY(check_delivery_window(c, want, err));
    return check_in_response_to(c->in_response_to, "SubjectConfirmationData", want, err);
}

/**
 * Profiles 4.1.4.2: at least one bearer confirmation satisfies everything; Core 2.4.1: any one confirmation will do.
 * @param until raised to the last NotOnOrAfter of any bearer: until then this Assertion may be tried again
 */
static saml_status_t check_subject(apr_time_t *until, const saml_verified_t *assertion, const saml_expect_t *want,
                                   apr_pool_t *p, saml_err_t *err)
{
    apr_array_header_t *all;
    saml_status_t verdict = SAML_E_CONFIRMATION;
    int i, bearers = 0;

    SAML_TRY(saml_assertion_confirmations(&all, assertion, p, err));
    for (i = 0; i < all->nelts; i++) {
        const saml_confirmation_t *c = &APR_ARRAY_IDX(all, i, saml_confirmation_t);

        if (!is_same(c->method, SAML_CM_BEARER))
            continue;
        if (c->not_on_or_after > *until)
            *until = c->not_on_or_after;
        bearers++;
        if (verdict != SAML_OK)
            verdict = check_bearer(c, want, err);
    }
    if (!bearers)
        return saml_fail(err, SAML_E_CONFIRMATION,
                         "Subject: expected a SubjectConfirmation with Method \"%s\", got %d of other methods",
                         SAML_CM_BEARER, all->nelts);
    return verdict;
}

/*
 * Core 3.3.2.2.1, "exact": one of the classes asked for. The request goes through the user's browser, mostly unsigned, so that only
 * asking would leave the choice to the user.
 */
static saml_status_t check_context(const char *got, const saml_expect_t *want, saml_err_t *err)
{
    const char *expected = "";
    int i;

    if (!want->authn_context || want->authn_context->nelts == 0)
        return SAML_OK;
    for (i = 0; i < want->authn_context->nelts; i++) {
        const char *one = APR_ARRAY_IDX(want->authn_context, i, const char *);

        if (is_same(got, one))
            return SAML_OK;
        expected = apr_pstrcat(err->pool, expected, i ? " or \"" : "\"", one, "\"", NULL);
    }
    return saml_fail(err, SAML_E_AUTHN_STATEMENT, "AuthnContextClassRef: expected %s, got %s", expected,
                     saml_quote(err->pool, got));
}

/* Core 3.4.1, ForceAuthn: as with the class, what was only asked could be taken out of the request on its way. */
static saml_status_t check_fresh(apr_time_t instant, const saml_expect_t *want, saml_err_t *err)
{
    if (want->authn_since && instant < want->authn_since - want->skew)
        return saml_fail(err, SAML_E_AUTHN_STATEMENT, "AuthnInstant: expected a sign-on of its own, as ForceAuthn asks, not before %s, "
                         "got %s", saml_time_format(err->pool, want->authn_since), saml_time_format(err->pool, instant));
    return SAML_OK;
}

/* Core 2.7.2; Profiles 4.1.4.2: the user signed on, and that session at the IdP is not over. */
static saml_status_t check_authn(saml_login_t *login, const saml_verified_t *assertion, const saml_expect_t *want,
                                 apr_pool_t *p, saml_err_t *err)
{
    apr_array_header_t *all;
    int i;

    SAML_TRY(saml_assertion_authn(&all, assertion, p, err));
    if (!all->nelts)
        return saml_fail(err, SAML_E_AUTHN_STATEMENT, "Assertion: expected an AuthnStatement, got none");
    for (i = 0; i < all->nelts; i++) {
        const saml_authn_t *a = &APR_ARRAY_IDX(all, i, saml_authn_t);
        apr_time_t limit = a->session_not_on_or_after;

        if (limit && saml_time_is_past(limit, want->now, want->skew))
            return saml_fail(err, SAML_E_SESSION_EXPIRED,
                             "AuthnStatement SessionNotOnOrAfter: expected a time to come, got %s at %s",
                             saml_time_format(err->pool, limit), saml_time_format(err->pool, want->now));
        if (limit && (!login->session_not_on_or_after || limit < login->session_not_on_or_after))
            login->session_not_on_or_after = limit;
        if (!i || a->authn_instant < login->authn_instant)
            login->authn_instant = a->authn_instant;
        if (!login->session_index)
            login->session_index = a->session_index;
    }
    login->context_class = APR_ARRAY_IDX(all, 0, saml_authn_t).context_class;
    SAML_TRY(check_fresh(login->authn_instant, want, err));
    return check_context(login->context_class, want, err);
}

/* C0, DEL, C1 and the line separators of Unicode: what a log, a header or a screen could take for a line's end. */
static int has_control(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    for (; *s; s++) {
        if (*s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
            || (*s == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9)))
            return 1;
    }
    return 0;
}

/* Core 2.2.3, 1.3.1: the name is there, says something, and is taken as it stands. */
static saml_status_t check_name_id(const saml_name_id_t *name_id, saml_err_t *err)
{
    const char *value = name_id->value;

    if (!value || !value[strspn(value, " \t\r\n")])
        return saml_fail(err, SAML_E_NAME_ID, "NameID: expected a name, got %s", saml_quote(err->pool, value));
    if (strlen(value) > SAML_MAX_NAME_ID_BYTES)
        return saml_fail(err, SAML_E_NAME_ID, "NameID: expected at most %d bytes, got %" APR_SIZE_T_FMT,
                         SAML_MAX_NAME_ID_BYTES, strlen(value));
    if (has_control(value))
        return saml_fail(err, SAML_E_NAME_ID, "NameID: expected no control characters, got some among %" APR_SIZE_T_FMT
                         " bytes", strlen(value));
    return SAML_OK;
}

static saml_status_t read_login(saml_login_t *login, const saml_verified_t *assertion, const saml_expect_t *want,
                                apr_pool_t *p, saml_err_t *err)
{
    SAML_TRY(saml_assertion_name_id(&login->name_id, assertion, want->keys, want->allow, p, err));
    SAML_TRY(check_name_id(&login->name_id, err));
    SAML_TRY(saml_assertion_attributes(&login->attributes, assertion, want->keys, want->allow, p, err));
    login->in_response_to = want->in_response_to ? apr_pstrdup(p, want->in_response_to) : NULL;
    login->signed_by = saml_verified_by(assertion);
    return SAML_OK;
}

saml_status_t saml_response_check(saml_login_t **out, const char *xml, apr_size_t len, const saml_expect_t *want,
                                  apr_pool_t *p, saml_err_t *err)
{
    saml_doc_t *doc;
    const char *issuer;
    saml_verified_t *assertion = NULL;
    saml_login_t *login = apr_pcalloc(p, sizeof(*login));
    apr_time_t until = 0;

    SAML_TRY(saml_doc_parse(&doc, xml, len, SAML_MAX_MESSAGE_BYTES, "SAMLResponse", p, err)); /* bounded */
    SAML_TRY(check_envelope(&issuer, doc, want, p, err)); /* version, destination, issuer, in-response-to, status */
    SAML_TRY(verified_assertion(&assertion, &login->was_encrypted, doc, want, p, err)); /* one, decrypted, proven */
    /* From here on only what the signature covers is read: through assertion, never doc. */
    SAML_TRY(check_head(login, assertion, issuer, want, p, err));       /* version, issuer */
    SAML_TRY(check_conditions(&until, assertion, want, p, err));        /* window, audience */
    SAML_TRY(check_subject(&until, assertion, want, p, err));           /* bearer, recipient, expiry */
    SAML_TRY(check_authn(login, assertion, want, p, err));              /* statement, session limit */
    SAML_TRY(read_login(login, assertion, want, p, err));               /* name ID, claims */
    SAML_TRY(saml_replay_use(want->replay, login->issuer, login->assertion_id, until + want->skew, err)); /* last */
    *out = login;
    return SAML_OK;
}
