/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a LogoutRequest and of a LogoutResponse, in the order in which they are made; the two public functions, at
 * the end, are the list.
 *
 * The envelope is judged twice: as it came, which can refuse and never grant, and as it is proven, which is what counts.
 */

#include <string.h>

#include <apr_strings.h>

#include "binding.h"
#include "clock.h"
#include "logout.h"

/** What differs between the two messages. */
typedef struct {
    const char *element;
    const char *param;
} kind_t;

static const kind_t request_kind = { "LogoutRequest", "SAMLRequest" };
static const kind_t response_kind = { "LogoutResponse", "SAMLResponse" };

/** What every message has. */
typedef struct {
    const char *id;
    const char *issuer;
    apr_time_t issued;
    apr_time_t not_on_or_after; /* of a LogoutRequest; 0: none */
} envelope_t;

/** A message, parsed. */
typedef struct {
    const kind_t *kind;
    const char *query;          /* or NULL: by HTTP-POST */
    saml_doc_t *doc;
    int is_signed;              /* by the query, or by a child of the root */
} received_t;

/* ---- envelope ------------------------------------------------------------ */

/* Whether `values` (const char *) holds `text`, byte for byte. */
static int is_one_of(const apr_array_header_t *values, const char *text)
{
    int i;

    for (i = 0; text && values && i < values->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(values, i, const char *), text) == 0)
            return 1;
    }
    return 0;
}

/* "a" or "b": what was expected, for a reason. */
static const char *any_of(const apr_array_header_t *values, apr_pool_t *p)
{
    const char *list = "";
    int i;

    for (i = 0; values && i < values->nelts; i++)
        list = apr_pstrcat(p, list, i ? " or " : "", "\"", APR_ARRAY_IDX(values, i, const char *), "\"", NULL);
    return *list ? list : "none, as nothing is configured";
}

/* Core 3.7.1, 3.7.2: the message is of that kind and nothing else. */
static saml_status_t check_root(const xmlNode *root, const kind_t *kind, saml_err_t *err)
{
    if (!saml_xml_is(root, SAML_NS_PROTOCOL, kind->element))
        return saml_fail(err, SAML_E_MALFORMED, "root element: expected %s of \"%s\", got %s", kind->element,
                         SAML_NS_PROTOCOL, saml_xml_name(err->pool, root));
    return SAML_OK;
}

/* Core 3.2.1, 3.2.2, 4.1: we speak 2.0. */
static saml_status_t check_version(const xmlNode *root, const kind_t *kind, apr_pool_t *p, saml_err_t *err)
{
    const char *got = saml_xml_attr(root, "Version", p);

    if (!got || strcmp(got, "2.0") != 0)
        return saml_fail(err, SAML_E_VERSION, "%s Version: expected \"2.0\", got %s", kind->element,
                         saml_quote(err->pool, got));
    return SAML_OK;
}

/* Core 3.2.1, 3.2.2: ID is required. */
static saml_status_t read_id(const char **out, const xmlNode *root, const kind_t *kind, apr_pool_t *p, saml_err_t *err)
{
    *out = saml_xml_attr_collapsed(root, "ID", p);
    if (!*out || !**out)
        return saml_fail(err, SAML_E_MALFORMED, "%s ID: expected an identifier, got %s", kind->element,
                         saml_quote(err->pool, *out));
    return SAML_OK;
}

/*
 * Core 3.2.1, 3.2.2: IssueInstant is required. A LogoutRequest need not say how long it is good for; so its age is bounded, or
 * its ID would have to be remembered for ever.
 */
static saml_status_t read_issue_instant(apr_time_t *out, const xmlNode *root, const kind_t *kind,
                                        const saml_logout_expect_t *want, apr_pool_t *p, saml_err_t *err)
{
    const char *what = apr_pstrcat(err->pool, kind->element, " IssueInstant", NULL);
    const char *text = saml_xml_attr(root, "IssueInstant", p);

    if (!text)
        return saml_fail(err, SAML_E_MALFORMED, "%s: expected a time, got none", what);
    SAML_TRY(saml_time_parse(out, text, what, err));
    if (saml_time_is_ahead(*out, want->now, want->skew))
        return saml_fail(err, SAML_E_NOT_BEFORE, "%s: expected a time that has come, got %s at %s", what,
                         saml_time_format(err->pool, *out), saml_time_format(err->pool, want->now));
    if (saml_time_is_past(*out + SAML_LOGOUT_LIFETIME, want->now, want->skew))
        return saml_fail(err, SAML_E_EXPIRED, "%s: expected a time not more than %d s ago, got %s at %s", what,
                         (int)apr_time_sec(SAML_LOGOUT_LIFETIME), saml_time_format(err->pool, *out),
                         saml_time_format(err->pool, want->now));
    return SAML_OK;
}

/* Core 3.2.1, 3.2.2: a Destination that is there is ours. Bindings 3.4.5.2, 3.5.5.2: a signed message has one. */
static saml_status_t check_destination(const xmlNode *root, const received_t *got, const saml_logout_expect_t *want,
                                       apr_pool_t *p, saml_err_t *err)
{
    const char *destination = saml_xml_attr_collapsed(root, "Destination", p);

    if (!destination && (!got->is_signed || want->without_destination))
        return SAML_OK;
    if (!is_one_of(want->destinations, destination))
        return saml_fail(err, SAML_E_DESTINATION, "%s Destination: expected %s, got %s%s", got->kind->element,
                         any_of(want->destinations, err->pool), saml_quote(err->pool, destination),
                         destination ? "" : " in a signed message");
    return SAML_OK;
}

/* Profiles 4.4.4.1, 4.4.4.2: Issuer is required, and an entity (Core 8.3.6): the one that we know. */
static saml_status_t read_issuer(const char **out, const xmlNode *root, const kind_t *kind,
                                 const saml_logout_expect_t *want, apr_pool_t *p, saml_err_t *err)
{
    const char *format, *issuer;
    xmlNode *el;

    SAML_TRY(saml_xml_optional(&el, root, SAML_NS_ASSERTION, "Issuer", err));
    if (!el)
        return saml_fail(err, SAML_E_ISSUER, "Issuer of the %s: expected %s, got none", kind->element,
                         any_of(want->issuers, err->pool));
    format = saml_xml_attr_collapsed(el, "Format", p);
    if (format && strcmp(format, SAML_NAMEID_ENTITY) != 0)
        return saml_fail(err, SAML_E_ISSUER, "Format of the %s Issuer: expected \"%s\" or none, got %s", kind->element,
                         SAML_NAMEID_ENTITY, saml_quote(err->pool, format));
    SAML_TRY(saml_xml_text_collapsed(&issuer, el, p, err));
    if (!is_one_of(want->issuers, issuer))
        return saml_fail(err, SAML_E_ISSUER, "Issuer of the %s: expected %s, got %s", kind->element,
                         any_of(want->issuers, err->pool), saml_quote(err->pool, issuer));
    *out = issuer;
    return SAML_OK;
}

/* Core 3.7.1: a LogoutRequest that has a NotOnOrAfter is good before it. */
static saml_status_t read_not_on_or_after(apr_time_t *out, const xmlNode *root, const kind_t *kind, const saml_logout_expect_t *want,
                                           apr_pool_t *p, saml_err_t *err)
{
    const char *text = saml_xml_attr(root, "NotOnOrAfter", p);

    *out = 0;
    if (kind != &request_kind || !text)
        return SAML_OK;
    SAML_TRY(saml_time_parse(out, text, "LogoutRequest NotOnOrAfter", err));
    if (saml_time_is_past(*out, want->now, want->skew))
        return saml_fail(err, SAML_E_EXPIRED, "LogoutRequest NotOnOrAfter: expected a time to come, got %s at %s",
                         saml_time_format(err->pool, *out), saml_time_format(err->pool, want->now));
    return SAML_OK;
}

static saml_status_t check_envelope(envelope_t *out, const xmlNode *root, const received_t *got,
                                    const saml_logout_expect_t *want, apr_pool_t *p, saml_err_t *err)
{
    SAML_TRY(check_root(root, got->kind, err));
    SAML_TRY(check_version(root, got->kind, p, err));
    SAML_TRY(read_id(&out->id, root, got->kind, p, err));
    SAML_TRY(read_issue_instant(&out->issued, root, got->kind, want, p, err));
    SAML_TRY(check_destination(root, got, want, p, err));
    SAML_TRY(read_issuer(&out->issuer, root, got->kind, want, p, err));
    return read_not_on_or_after(&out->not_on_or_after, root, got->kind, want, p, err);
}

/* ---- what came, and its proof --------------------------------------------- */

/* Bindings 3.4.3, 3.5.4: a request comes as SAMLRequest, an answer as SAMLResponse. */
static saml_status_t receive_redirect(received_t *out, const char *query, apr_pool_t *p, saml_err_t *err)
{
    saml_redirect_message_t m;

    SAML_TRY(saml_redirect_decode(&m, query, p, err));
    if (strcmp(m.param, out->kind->param) != 0)
        return saml_fail(err, SAML_E_MALFORMED, "query: expected a %s as %s, got a %s", out->kind->element,
                         out->kind->param, m.param);
    SAML_TRY(saml_doc_parse(&out->doc, m.xml, m.xml_len, SAML_MAX_REDIRECT_BYTES, m.param, p, err));
    out->query = query;
    out->is_signed = m.has_signature;
    return SAML_OK;
}

static saml_status_t receive(received_t *out, const kind_t *kind, const saml_logout_message_t *message, apr_pool_t *p,
                             saml_err_t *err)
{
    memset(out, 0, sizeof(*out));
    out->kind = kind;
    if (message->query)
        return receive_redirect(out, message->query, p, err);
    SAML_TRY(saml_doc_parse(&out->doc, message->xml, message->xml_len, SAML_MAX_MESSAGE_BYTES, kind->param, p, err));
    out->is_signed = saml_signature_present(saml_doc_root(out->doc));
    return SAML_OK;
}

/* Bindings 3.4.4.1: a signature inside of the message is taken out before it is sent so. */
static saml_status_t prove_redirect(saml_verified_t **out, const received_t *got, const saml_trust_t *trust,
                                    apr_pool_t *p, saml_err_t *err)
{
    if (saml_signature_present(saml_doc_root(got->doc)))
        return saml_fail(err, SAML_E_SIGNATURE, "%s: expected the signature in the query alone, got one inside the message",
                         got->kind->element);
    SAML_TRY(saml_redirect_verify(got->query, trust, p, err));
    *out = saml_verified_whole(got->doc, p);
    return SAML_OK;
}

static saml_status_t prove_post(saml_verified_t **out, const received_t *got, const saml_trust_t *trust, apr_pool_t *p,
                                saml_err_t *err)
{
    xmlNode *root = saml_doc_root(got->doc);

    if (!got->is_signed)
        return saml_fail(err, SAML_E_UNSIGNED, "expected a signature on the %s, got none", got->kind->element);
    return saml_signature_verify(out, got->doc, root, trust, p, err);
}

/*
 * Profiles 4.4.3.1, 4.4.4: by these bindings a message is signed, or anybody could end anybody's session. Where that is allowed,
 * one that bears no mark of a signature at all passes for what it says; half a signature is one that fails.
 */
static saml_status_t prove(saml_verified_t **out, const received_t *got, const saml_logout_expect_t *want,
                           apr_pool_t *p, saml_err_t *err)
{
    saml_trust_t trust = { want->certs, want->now, want->allow };

    if (!got->is_signed && !saml_signature_present(saml_doc_root(got->doc)) && (want->allow & SAML_ALLOW_UNSIGNED_LOGOUT)) {
        *out = saml_verified_whole(got->doc, p);
        return SAML_OK;
    }
    return got->query ? prove_redirect(out, got, &trust, p, err) : prove_post(out, got, &trust, p, err);
}

/** From the message as it came to what is proven of it. */
static saml_status_t proven_message(saml_verified_t **out, envelope_t *envelope, received_t *got, const kind_t *kind,
                                    const saml_logout_message_t *message, const saml_logout_expect_t *want,
                                    apr_pool_t *p, saml_err_t *err)
{
    saml_verified_t *v;

    SAML_TRY(receive(got, kind, message, p, err));                                      /* bounded */
    SAML_TRY(check_envelope(envelope, saml_doc_root(got->doc), got, want, p, err));     /* may refuse */
    SAML_TRY(prove(&v, got, want, p, err));
    SAML_TRY(check_envelope(envelope, saml_verified_element(v), got, want, p, err));    /* these values count */
    *out = v;
    return SAML_OK;
}

/* ---- LogoutRequest -------------------------------------------------------- */

/* Core 3.7.1: exactly one identifier. */
static saml_status_t read_name_id(saml_name_id_t *out, const saml_verified_t *v, const received_t *got,
                                  const saml_logout_expect_t *want, apr_pool_t *p, saml_err_t *err)
{
    const xmlNode *root = saml_verified_element(v);

    if (!got->is_signed && saml_xml_child(root, SAML_NS_ASSERTION, "EncryptedID"))
        return saml_fail(err, SAML_E_UNSIGNED, "expected a signature on a LogoutRequest with an EncryptedID, got none");
    SAML_TRY(saml_name_id_read(out, v, "LogoutRequest", want->keys, want->allow, p, err));
    if (!out->value || !out->value[strspn(out->value, " \t\r\n")])
        return saml_fail(err, SAML_E_NAME_ID, "LogoutRequest NameID: expected a name, got %s",
                         saml_quote(err->pool, out->value));
    if (strlen(out->value) > SAML_MAX_NAME_ID_BYTES)
        return saml_fail(err, SAML_E_NAME_ID, "LogoutRequest NameID: expected at most %d bytes, got %" APR_SIZE_T_FMT,
                         SAML_MAX_NAME_ID_BYTES, strlen(out->value));
    return SAML_OK;
}

/* Core 3.7.1. An empty one names no session; as "all of them" it must not be read. */
static saml_status_t read_session_index(const char **out, const xmlNode *el, apr_pool_t *p, saml_err_t *err)
{
    const char *text;

    SAML_TRY(saml_xml_text(&text, el, p, err));
    if (!text[strspn(text, " \t\r\n")])
        return saml_fail(err, SAML_E_MALFORMED, "SessionIndex: expected an index, got %s", saml_quote(err->pool, text));
    if (strlen(text) > SAML_MAX_NAME_ID_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "SessionIndex: expected at most %d bytes, got %" APR_SIZE_T_FMT,
                         SAML_MAX_NAME_ID_BYTES, strlen(text));
    *out = text;
    return SAML_OK;
}

static saml_status_t read_session_indexes(const apr_array_header_t **out, const saml_verified_t *v, apr_pool_t *p,
                                          saml_err_t *err)
{
    const xmlNode *root = saml_verified_element(v);
    int count = saml_xml_count(root, SAML_NS_PROTOCOL, "SessionIndex");
    apr_array_header_t *all = apr_array_make(p, 1, sizeof(const char *));
    const xmlNode *el = saml_xml_child(root, SAML_NS_PROTOCOL, "SessionIndex");

    if (count > SAML_MAX_SESSION_INDEXES)
        return saml_fail(err, SAML_E_TOO_LARGE, "LogoutRequest: expected at most %d SessionIndex, got %d",
                         SAML_MAX_SESSION_INDEXES, count);
    for (; el; el = saml_xml_next_named(el, SAML_NS_PROTOCOL, "SessionIndex"))
        SAML_TRY(read_session_index(&APR_ARRAY_PUSH(all, const char *), el, p, err));
    *out = all;
    return SAML_OK;
}

/* Core 3.7.3.2: it holds until its NotOnOrAfter; one without is good for as long as it is taken. */
static apr_time_t held_until(const envelope_t *envelope, const saml_logout_expect_t *want)
{
    apr_time_t until = envelope->issued + SAML_LOGOUT_LIFETIME;

    if (envelope->not_on_or_after > until)
        until = envelope->not_on_or_after;
    if (until > envelope->issued + SAML_LOGOUT_RETAINED)
        until = envelope->issued + SAML_LOGOUT_RETAINED;
    return until + want->skew;
}

/* What was signed once ends sessions once. An unsigned one proves nothing by being new: who has it can make another. */
static saml_status_t use_up(const saml_logout_request_t *request, const envelope_t *envelope,
                            const saml_logout_expect_t *want, saml_err_t *err)
{
    apr_time_t until = envelope->issued + SAML_LOGOUT_LIFETIME + want->skew;
    saml_status_t status;

    if (!request->is_signed)
        return SAML_OK;
    status = saml_replay_use(want->replay, envelope->issuer, envelope->id, until, err);
    if (status == SAML_E_REPLAY)
        return saml_fail(err, SAML_E_REPLAY, "LogoutRequest ID %s of %s: expected one that is new, got it before",
                         saml_quote(err->pool, envelope->id), saml_quote(err->pool, envelope->issuer));
    return status;
}

saml_status_t saml_logout_request_check(saml_logout_request_t **out, const saml_logout_message_t *message,
                                        const saml_logout_expect_t *want, apr_pool_t *p, saml_err_t *err)
{
    saml_logout_request_t *request = apr_pcalloc(p, sizeof(*request));
    envelope_t envelope;
    saml_verified_t *v;
    received_t got;

    SAML_TRY(proven_message(&v, &envelope, &got, &request_kind, message, want, p, err));
    /* From here on only what is proven is read: through v, never got.doc. */
    SAML_TRY(read_name_id(&request->name_id, v, &got, want, p, err));
    SAML_TRY(read_session_indexes(&request->session_indexes, v, p, err));
    request->issuer = envelope.issuer;
    request->id = envelope.id;
    request->issued = envelope.issued;
    request->until = held_until(&envelope, want);
    request->is_signed = got.is_signed;
    SAML_TRY(use_up(request, &envelope, want, err));            /* last */
    *out = request;
    return SAML_OK;
}

/* ---- LogoutResponse ------------------------------------------------------- */

/* Core 3.2.2; Profiles 4.4.4.2: an answer names the request that it answers, the one that we sent where that is known. */
static saml_status_t read_in_response_to(const char **out, const saml_verified_t *v, const saml_logout_expect_t *want,
                                         apr_pool_t *p, saml_err_t *err)
{
    const char *got = saml_xml_attr_collapsed(saml_verified_element(v), "InResponseTo", p);

    if (!got || !*got)
        return saml_fail(err, SAML_E_IN_RESPONSE_TO, "LogoutResponse InResponseTo: expected the ID of a request, got %s",
                         saml_quote(err->pool, got));
    if (want->in_response_to && strcmp(got, want->in_response_to) != 0)
        return saml_fail(err, SAML_E_IN_RESPONSE_TO, "LogoutResponse InResponseTo: expected \"%s\", got %s",
                         want->in_response_to, saml_quote(err->pool, got));
    *out = got;
    return SAML_OK;
}

/* Core 3.2.2.2, 3.7.3.2: the identity provider has ended its session, and could not reach all others that hang on it. */
static int is_partial(const xmlNode *root, apr_pool_t *p)
{
    const xmlNode *code = saml_xml_child(saml_xml_child(root, SAML_NS_PROTOCOL, "Status"), SAML_NS_PROTOCOL, "StatusCode");
    const xmlNode *inner = saml_xml_child(code, SAML_NS_PROTOCOL, "StatusCode");
    const char *value = inner ? saml_xml_attr_collapsed(inner, "Value", p) : NULL;

    return value && strcmp(value, SAML_STATUS_PARTIAL_LOGOUT) == 0;
}

saml_status_t saml_logout_response_check(saml_logout_response_t **out, const saml_logout_message_t *message,
                                         const saml_logout_expect_t *want, apr_pool_t *p, saml_err_t *err)
{
    saml_logout_response_t *response = apr_pcalloc(p, sizeof(*response));
    envelope_t envelope;
    saml_verified_t *v;
    received_t got;

    SAML_TRY(proven_message(&v, &envelope, &got, &response_kind, message, want, p, err));
    /* From here on only what is proven is read: through v, never got.doc. */
    SAML_TRY(read_in_response_to(&response->in_response_to, v, want, p, err));
    SAML_TRY(saml_response_check_status(saml_verified_element(v), "LogoutResponse", err));
    response->issuer = envelope.issuer;
    response->id = envelope.id;
    response->is_signed = got.is_signed;
    response->is_partial = is_partial(saml_verified_element(v), p);
    *out = response;
    return SAML_OK;
}
