/* SPDX-License-Identifier: Apache-2.0 */
/* Responses as Entra sends them, each for a user of its own: some service providers keep lists by user. */

#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "http.h"
#include "idp.h"
#include "saml/id.h"
#include "saml/signature.h"

#define MS "http://schemas.microsoft.com/"
#define WS "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
#define TENANT "11111111-2222-4333-8444-555555555555"
#define ISSUER "https://sts.windows.net/" TENANT "/"

/* The claims that Entra sends by default, and five groups. */
static const char *const claims[][2] = {
    { MS "identity/claims/tenantid", TENANT },
    { MS "identity/claims/objectidentifier", "0b1d5c8a-73a4-4a0b-9a57-4f0f7f1f2e3d" },
    { MS "identity/claims/displayname", "Ada Lovelace" },
    { MS "ws/2008/06/identity/claims/groups", "a1a1a1a1-0000-4000-8000-000000000001" },
    { NULL, "a1a1a1a1-0000-4000-8000-000000000002" },
    { NULL, "a1a1a1a1-0000-4000-8000-000000000003" },
    { NULL, "a1a1a1a1-0000-4000-8000-000000000004" },
    { NULL, "a1a1a1a1-0000-4000-8000-000000000005" },
    { MS "identity/claims/identityprovider", ISSUER },
    { MS "claims/authnmethodsreferences", MS "ws/2008/06/identity/authenticationmethod/password" },
    { NULL, MS "claims/multipleauthn" },
    { WS "givenname", "Ada" },
    { WS "surname", "Lovelace" },
    { WS "emailaddress", "ada@example.org" },
    { WS "name", "ada@example.org" }
};

void bench_must(saml_status_t status, const saml_err_t *err)
{
    if (status != SAML_OK)
        bench_die("%s: %s", saml_status_name(status), err->reason);
}

static const char *instant(apr_time_t t, apr_pool_t *p)
{
    apr_time_exp_t e;

    apr_time_exp_gmt(&e, t);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", e.tm_year + 1900, e.tm_mon + 1, e.tm_mday, e.tm_hour,
                        e.tm_min, e.tm_sec, e.tm_usec / 1000);
}

static const char *statement(apr_pool_t *p)
{
    const char *xml = "<AttributeStatement>";
    size_t i, n = sizeof(claims) / sizeof(claims[0]);

    for (i = 0; i < n; i++) {
        if (claims[i][0])
            xml = apr_pstrcat(p, xml, "<Attribute Name=\"", claims[i][0], "\">", NULL);
        xml = apr_pstrcat(p, xml, "<AttributeValue>", claims[i][1], "</AttributeValue>", NULL);
        if (i + 1 == n || claims[i + 1][0])
            xml = apr_pstrcat(p, xml, "</Attribute>", NULL);
    }
    return apr_pstrcat(p, xml, "</AttributeStatement>", NULL);
}

static const char *in_response_to(const bench_answer_to_t *to, apr_pool_t *p)
{
    return to->request_id ? apr_pstrcat(p, "InResponseTo=\"", to->request_id, "\" ", NULL) : "";
}

static const char *assertion_xml(const bench_answer_to_t *to, const char *id, apr_pool_t *p)
{
    const char *now = instant(to->now, p), *before = instant(to->now - apr_time_from_sec(300), p);
    const char *after = instant(to->now + apr_time_from_sec(3900), p);

    return apr_psprintf(p, "<Assertion xmlns=\"" SAML_NS_ASSERTION "\" ID=\"%s\" IssueInstant=\"%s\" Version=\"2.0\">"
                        "<Issuer>" ISSUER "</Issuer><Subject><NameID Format=\"" SAML_NAMEID_EMAIL "\">ada%d@example.org"
                        "</NameID><SubjectConfirmation Method=\"" SAML_CM_BEARER "\"><SubjectConfirmationData "
                        "%sNotOnOrAfter=\"%s\" Recipient=\"%s\"/></SubjectConfirmation></Subject>"
                        "<Conditions NotBefore=\"%s\" NotOnOrAfter=\"%s\"><AudienceRestriction><Audience>%s</Audience>"
                        "</AudienceRestriction></Conditions>%s<AuthnStatement AuthnInstant=\"%s\" SessionIndex=\"%s\">"
                        "<AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
                        "</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion>", id, now, to->user,
                        in_response_to(to, p), after, to->acs_url, before, after, to->audience, statement(p), before, id);
}

/* As Entra sends it: the assertion signed, the response not. */
const char *bench_response(const bench_answer_to_t *to, const saml_keypair_t *key, apr_pool_t *p, saml_err_t *err)
{
    const char *id, *response_id, *assertion;

    bench_must(saml_id_new(&id, p, err), err);
    bench_must(saml_id_new(&response_id, p, err), err);
    bench_must(saml_signature_sign(&assertion, assertion_xml(to, id, p), key, p, err), err);
    if (strncmp(assertion, "<?xml", 5) == 0)
        assertion = strchr(assertion, '>') + 1;
    return apr_psprintf(p, "<samlp:Response xmlns:samlp=\"" SAML_NS_PROTOCOL "\" ID=\"%s\" Version=\"2.0\" "
                        "IssueInstant=\"%s\" Destination=\"%s\" %s><Issuer xmlns=\"" SAML_NS_ASSERTION
                        "\">" ISSUER "</Issuer><samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/>"
                        "</samlp:Status>%s</samlp:Response>", response_id, instant(to->now, p), to->acs_url,
                        in_response_to(to, p), assertion);
}
