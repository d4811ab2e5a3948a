/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_SESSION_RECORDS_H
#define T_UNIT_SESSION_RECORDS_H

/** @file session_records.h Sign-ons and the records of their sessions, for the tests of session.c and session_open.c. */

#include "glue.h"

#include <stdlib.h>
#include "store/session.h"
#include "store/store.h"

#define NOW      (APR_INT64_C(1772442930) * APR_USEC_PER_SEC)
#define MINUTES(n) (apr_time_from_sec(60) * (n))
#define MS       "http://schemas.microsoft.com/"
#define WS       "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
#define GROUPS   MS "ws/2008/06/identity/claims/groups"

/* Values end with NULL. */
static inline void add(saml_login_t *login, const char *name, ...)
{
    saml_attribute_t *attribute = apr_array_push(login->attributes);
    const char *value;
    va_list ap;

    memset(attribute, 0, sizeof(*attribute));
    attribute->name = name;
    attribute->values = apr_array_make(pool, 4, sizeof(const char *));
    va_start(ap, name);
    while ((value = va_arg(ap, const char *)) != NULL)
        APR_ARRAY_PUSH(attribute->values, const char *) = value;
    va_end(ap);
}

static inline saml_login_t *bare_login(void)
{
    saml_login_t *login = apr_pcalloc(pool, sizeof(*login));

    login->name_id.value = "ada@example.org";
    login->attributes = apr_array_make(pool, 4, sizeof(saml_attribute_t));
    return login;
}

/* What Entra sends by default, with five groups. */
static inline saml_login_t *entra_login(void)
{
    saml_login_t *login = bare_login();

    login->name_id.format = SAML_NAMEID_EMAIL;
    login->session_index = "_7f1c6d52-5e1a-4a6e-9d0f-1d4b0a8f3c00";
    login->authn_instant = NOW - MINUTES(5);
    login->context_class = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    add(login, MS "identity/claims/tenantid", "11111111-2222-4333-8444-555555555555", NULL);
    add(login, MS "identity/claims/objectidentifier", "0b1d5c8a-73a4-4a0b-9a57-4f0f7f1f2e3d", NULL);
    add(login, MS "identity/claims/displayname", "Ada Lovelace", NULL);
    add(login, GROUPS, "a1a1a1a1-0000-4000-8000-000000000001", "a1a1a1a1-0000-4000-8000-000000000002",
        "a1a1a1a1-0000-4000-8000-000000000003", "a1a1a1a1-0000-4000-8000-000000000004",
        "a1a1a1a1-0000-4000-8000-000000000005", NULL);
    add(login, MS "identity/claims/identityprovider", "https://sts.windows.net/11111111-2222-4333-8444-555555555555/",
        NULL);
    add(login, MS "claims/authnmethodsreferences",
        MS "ws/2008/06/identity/authenticationmethod/password", MS "claims/multipleauthn", NULL);
    add(login, WS "givenname", "Ada", NULL);
    add(login, WS "surname", "Lovelace", NULL);
    add(login, WS "emailaddress", "ada@example.org", NULL);
    add(login, WS "name", "ada@example.org", NULL);
    return login;
}

static inline sso_session_new_t from_login(const saml_login_t *login)
{
    sso_session_new_t from = { "|https://sp.example/saml/metadata", login, NOW, MINUTES(480), MINUTES(60), 0 };

    return from;
}

static inline char *encode(const sso_session_new_t *from, apr_size_t *len)
{
    void *record = NULL;

    assert_int_equal(sso_session_encode(&record, len, from, pool, new_err()), SAML_OK);
    return record;
}

static inline sso_session_t session_of(const saml_login_t *login)
{
    sso_session_new_t from = from_login(login);
    sso_session_t s;
    apr_size_t len;
    char *record = encode(&from, &len);

    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_OK);
    return s;
}

#endif
