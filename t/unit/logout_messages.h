/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_LOGOUT_MESSAGES_H
#define T_UNIT_LOGOUT_MESSAGES_H

/** @file logout_messages.h Logout messages, made and checked: what tests of them share. */

#include "fixture.h"
#include "saml/algorithm.h"
#include "saml/binding.h"
#include "saml/logout.h"

#define IDP2   "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/"
#define HERE   "https://sp.example.org/saml/logout"
#define ALSO   "https://www.example.org/saml/logout"
#define ASKED  "_7c1e0d52"
#define AGE    (300 * SEC)

static saml_keypair_t *idp_key, *other_key;
static apr_array_header_t *issuers, *places;

static inline int set_up_group(void **state)
{
    if (set_up_library(state) != 0)
        return -1;
    idp_key = fixture_key("idp.key", "idp.crt");
    other_key = fixture_key("other.key", "other.crt");
    idp_certs = pointers(fixture_cert("idp.crt"), NULL);
    sp_keys = pointers(fixture_key("sp.key", "sp.crt"), NULL);
    issuers = pointers(IDP, IDP2);
    places = pointers(HERE, ALSO);
    return 0;
}

static inline saml_logout_expect_t logout_expectation(void)
{
    saml_logout_expect_t want = { .now = NOW, .skew = SKEW, .issuers = issuers, .certs = idp_certs,
                                  .destinations = places, .keys = sp_keys, .replay = fixture_replay() };

    return want;
}

#define OPEN(element, more)                                                                             \
    "<samlp:" element " xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION "\""      \
    " ID=\"_l1\" Version=\"2.0\" IssueInstant=\"2026-03-02T09:15:30Z\" Destination=\"" HERE "\"" more ">"
#define ISSUER "<saml:Issuer>" IDP "</saml:Issuer>"
#define ADA "<saml:NameID>ada@example.org</saml:NameID>"
#define REQUEST_OF(more, content) OPEN("LogoutRequest", more) ISSUER content "</samlp:LogoutRequest>"
#define INDEX(value) "<samlp:SessionIndex>" value "</samlp:SessionIndex>"
#define SUCCESS "<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>"
#define RESPONSE_OF(more, content) OPEN("LogoutResponse", more) ISSUER content "</samlp:LogoutResponse>"

__attribute__((unused)) static const char good_request[] = REQUEST_OF("", ADA INDEX("_s1"));
__attribute__((unused)) static const char good_response[] = RESPONSE_OF(" InResponseTo=\"" ASKED "\"", SUCCESS);

/* `text` with the first `from` replaced by `to`. */
static inline const char *with(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    if (!at)
        fail_msg("\"%s\" is not in %s", from, text);
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), to, at + strlen(from), NULL);
}

static inline saml_logout_message_t posted(const char *xml)
{
    saml_logout_message_t m = { NULL, xml, strlen(xml) };

    return m;
}

static inline saml_logout_message_t signed_post(const char *xml)
{
    const char *text;

    assert_int_equal(saml_signature_sign(&text, xml, idp_key, pool, &err), SAML_OK);
    return posted(text);
}

/* @param key NULL: unsigned */
static inline saml_logout_message_t redirected(const char *param, const char *xml, const saml_keypair_t *key)
{
    saml_logout_message_t m = { NULL, NULL, 0 };
    const char *url;

    assert_int_equal(saml_redirect_url(&url, HERE, param, xml, "r1", key, NULL, pool, &err), SAML_OK);
    m.query = strchr(url, '?') + 1;
    return m;
}

static inline saml_status_t check_request(saml_logout_request_t **out, saml_logout_message_t m, const saml_logout_expect_t *want)
{
    memset(&err, 0, sizeof(err));
    err.pool = pool;
    return saml_logout_request_check(out, &m, want, pool, &err);
}

static inline saml_status_t check_response(saml_logout_response_t **out, saml_logout_message_t m,
                                    const saml_logout_expect_t *want)
{
    memset(&err, 0, sizeof(err));
    err.pool = pool;
    return saml_logout_response_check(out, &m, want, pool, &err);
}

#endif
