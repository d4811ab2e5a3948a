/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: what goes into a record comes out, lifetimes at their boundaries, and no octets that hurt. */

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
static void add(saml_login_t *login, const char *name, ...)
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

static saml_login_t *bare_login(void)
{
    saml_login_t *login = apr_pcalloc(pool, sizeof(*login));

    login->name_id.value = "ada@example.org";
    login->attributes = apr_array_make(pool, 4, sizeof(saml_attribute_t));
    return login;
}

/* What Entra sends by default, with five groups. */
static saml_login_t *entra_login(void)
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

static sso_session_new_t from_login(const saml_login_t *login)
{
    sso_session_new_t from = { "|https://sp.example/saml/metadata", login, NOW, MINUTES(480), MINUTES(60), 0 };

    return from;
}

static char *encode(const sso_session_new_t *from, apr_size_t *len)
{
    void *record = NULL;

    assert_int_equal(sso_session_encode(&record, len, from, pool, new_err()), SAML_OK);
    return record;
}

static sso_session_t session_of(const saml_login_t *login)
{
    sso_session_new_t from = from_login(login);
    sso_session_t s;
    apr_size_t len;
    char *record = encode(&from, &len);

    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_OK);
    return s;
}

static void round_trip(void **state)
{
    sso_session_t s = session_of(entra_login());
    sso_attribute_t a;

    (void)state;
    assert_string_equal(s.app_id, "|https://sp.example/saml/metadata");
    assert_int_equal(s.created, NOW);
    assert_int_equal(s.seen, NOW);
    assert_int_equal(s.expires, NOW + MINUTES(480));
    assert_int_equal(s.idle, MINUTES(60));
    assert_int_equal(s.authn_instant, NOW - MINUTES(5));
    assert_string_equal(s.name_id, "ada@example.org");
    assert_string_equal(s.name_id_format, SAML_NAMEID_EMAIL);
    assert_string_equal(s.session_index, "_7f1c6d52-5e1a-4a6e-9d0f-1d4b0a8f3c00");
    assert_string_equal(s.authn_context, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
    assert_int_equal(s.attribute_count, 10);
    sso_session_attribute(&a, &s, 2);
    assert_string_equal(a.name, MS "identity/claims/displayname");
    assert_string_equal(a.env_name, "SAML_DISPLAYNAME");
    assert_int_equal(a.value_count, 1);
    assert_string_equal(sso_session_values(&a, pool), "Ada Lovelace");
    assert_string_equal(a.joined, "Ada Lovelace");
}

static void qualifiers_are_kept(void **state)
{
    saml_login_t *login = entra_login();
    sso_session_t s;

    (void)state;
    login->name_id.name_qualifier = "https://idp.example/";
    login->name_id.sp_name_qualifier = "";
    s = session_of(login);
    assert_string_equal(s.name_qualifier, "https://idp.example/");
    assert_string_equal(s.sp_name_qualifier, "");
    assert_string_equal(s.session_index, login->session_index);
    login->name_id.name_qualifier = NULL;
    login->name_id.sp_name_qualifier = "https://sp.example/";
    s = session_of(login);
    assert_null(s.name_qualifier);
    assert_string_equal(s.sp_name_qualifier, "https://sp.example/");
}

static void absent_things_are_null(void **state)
{
    sso_session_t s = session_of(bare_login());

    (void)state;
    assert_string_equal(s.name_id, "ada@example.org");
    assert_null(s.name_id_format);
    assert_null(s.name_qualifier);
    assert_null(s.sp_name_qualifier);
    assert_null(s.session_index);
    assert_null(s.authn_context);
    assert_int_equal(s.attribute_count, 0);
    assert_int_equal(s.authn_instant, 0);
}

/* A million of them are a million times this. */
static void ordinary_session_is_small(void **state)
{
    sso_session_new_t from = from_login(entra_login());
    apr_size_t len;

    (void)state;
    encode(&from, &len);
    assert_in_range(len, 300, 550);
}

static void values_are_kept_and_joined(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_t s;
    sso_attribute_t a;
    const char *value;

    (void)state;
    add(login, GROUPS, "staff", "CORP\\Admins", "a;b", "", "\xc3\xa4", NULL);
    add(login, "one", "x;y", NULL);
    add(login, "empty", "", NULL);
    add(login, "nothing", NULL);
    s = session_of(login);
    assert_int_equal(sso_session_find(&a, &s, "groups"), 1);
    assert_int_equal(a.value_count, 5);
    assert_string_equal(a.joined, "staff;CORP\\Admins;a%3Bb;;\xc3\xa4");
    value = sso_session_values(&a, pool);
    assert_string_equal(value, "staff");
    value = sso_session_next_value(value);
    assert_string_equal(value, "CORP\\Admins");
    value = sso_session_next_value(value);
    assert_string_equal(value, "a;b");
    value = sso_session_next_value(value);
    assert_string_equal(value, "");
    value = sso_session_next_value(value);
    assert_string_equal(value, "\xc3\xa4");
    assert_int_equal(sso_session_find(&a, &s, "one"), 1);
    assert_string_equal(a.joined, "x%3By");
    assert_string_equal(sso_session_values(&a, pool), "x;y");
    assert_int_equal(sso_session_find(&a, &s, "empty"), 1);
    assert_int_equal(a.value_count, 1);
    assert_string_equal(a.joined, "");
    assert_int_equal(sso_session_find(&a, &s, "nothing"), 1);
    assert_int_equal(a.value_count, 0);
    assert_string_equal(a.joined, "");
}

/* In the record an object ID is 16 octets and a long URI is two; nobody sees that, and what only looks like one stays what it is. */
static void packed_values_come_out_as_they_were(void **state)
{
    static const char *const values[] = {
        "a1b2c3d4-0000-4fff-8000-00000000abcd", "A1B2C3D4-0000-4FFF-8000-00000000ABCD", "a1b2c3d4-0000-4fff-8000-00000000abcg",
        "a1b2c3d4-0000-4fff-8000-00000000abcd ", "a1b2c3d400000-4fff-8000-00000000abcd", "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff", "\x01", "\x02x", "\x03\x03", "\x04", "\x05", "", GROUPS, SAML_NAMEID_EMAIL,
        MS "ws/2008/06/identity/authenticationmethod/password", MS "claims/multipleauthn", MS "claims/multipleauthn/"
    };
    const int count = (int)(sizeof(values) / sizeof(values[0]));
    saml_login_t *login = bare_login();
    apr_array_header_t *all = apr_array_make(pool, count, sizeof(const char *));
    sso_attribute_t a;
    sso_session_t s;
    const char *value;
    int i;

    (void)state;
    for (i = 0; i < count; i++) {
        add(login, apr_psprintf(pool, "single%d", i), values[i], NULL);
        APR_ARRAY_PUSH(all, const char *) = values[i];
    }
    add(login, "all", "", NULL);
    APR_ARRAY_IDX(login->attributes, count, saml_attribute_t).values = all;
    login->name_id.value = "\x02id";
    login->session_index = values[0];
    s = session_of(login);
    assert_string_equal(s.name_id, "\x02id");
    assert_string_equal(s.session_index, values[0]);
    for (i = 0; i < count; i++) {
        sso_session_attribute(&a, &s, i);
        assert_int_equal(a.value_count, 1);
        assert_string_equal(sso_session_values(&a, pool), values[i]);
        assert_string_equal(a.joined, values[i]);
    }
    assert_int_equal(sso_session_find(&a, &s, "all"), 1);
    assert_int_equal(a.value_count, count);
    for (i = 0, value = sso_session_values(&a, pool); i < count; i++, value = sso_session_next_value(value))
        assert_string_equal(value, values[i]);
    assert_string_equal(a.joined, apr_array_pstrcat(pool, all, ';'));
}

static void a_name_that_comes_twice(void **state)
{
    saml_login_t *login = bare_login();
    sso_attribute_t a;
    sso_session_t s;

    (void)state;
    add(login, WS "emailaddress", "first@example.org", NULL);
    add(login, WS "emailaddress", "second;@example.org", "a1b2c3d4-0000-4fff-8000-00000000abcd", NULL);
    s = session_of(login);
    assert_int_equal(sso_session_find(&a, &s, "email"), 1);
    assert_string_equal(a.joined, "first@example.org");
    sso_session_attribute(&a, &s, 1);
    assert_string_equal(a.name, WS "emailaddress");
    assert_string_equal(a.env_name, "SAML_EMAIL_2");
    assert_string_equal(a.joined, "second%3B@example.org;a1b2c3d4-0000-4fff-8000-00000000abcd");
}

static void set_word(char *record, apr_size_t at, apr_uint32_t word)
{
    memcpy(record + at, &word, sizeof(word));
}

#define HEADER   88
#define ROOM_AT  52
#define COUNT_AT 48

/* Sizes that would lead out of the record, or out of what is unpacked. */
static void no_size_leads_astray(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_new_t from = from_login(login);
    apr_uint32_t right, wrong, entry;
    apr_size_t len;
    sso_session_t s;
    char *record;

    (void)state;
    add(login, "one", "a1b2c3d4-0000-4fff-8000-00000000abcd", NULL);
    add(login, "two", "a;b", "a1b2c3d4-0000-4fff-8000-00000000abcd", NULL);
    add(login, "three", SAML_NAMEID_EMAIL, SAML_NAMEID_TRANSIENT, NULL);
    add(login, "four", "a1b2c3d4-0000-4fff-8000-00000000abcd", SAML_NAMEID_EMAIL, NULL);
    record = encode(&from, &len);
    memcpy(&right, record + ROOM_AT, sizeof(right));
    assert_int_equal(right, 37 + strlen(SAML_NAMEID_EMAIL) + strlen(SAML_NAMEID_TRANSIENT) + 2);
    for (wrong = right; wrong-- > 0;) {
        set_word(record, ROOM_AT, wrong);
        assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_E_STORE);
    }
    set_word(record, ROOM_AT, 4 * SSO_MAX_RECORD_BYTES + 1);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_E_STORE);
    set_word(record, ROOM_AT, right + 1000);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_OK);
    for (entry = 0; entry < 4; entry++) {
        apr_size_t at = HEADER + 8 * entry + 4;

        memcpy(&right, record + at, sizeof(right));
        for (wrong = 0; wrong < 600; wrong++) {
            set_word(record, at, wrong);
            assert_int_equal(sso_session_decode(&s, record, len, new_err()), wrong == right ? SAML_OK : SAML_E_STORE);
        }
        set_word(record, at, right);
    }
    set_word(record, COUNT_AT, (apr_uint32_t)(len - HEADER) / 8 + 1);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_E_STORE);
}

/* Of an attribute's name and environment name both stand in the record: the latter is ours to choose, whoever wrote it. */
static void no_name_leads_astray(void **state)
{
    static const char *const evil[] = { "LD_PRELOAD_X", "PHP_VALUE_XX", "SAML_team\nXX", "saml_TEAMSXX", "SAML TEAMSXX", "SAML_TEAMS=X",
                                        "XSAML_TEAMSX", "SAMLTEAMSXXX" };
    saml_login_t *login = bare_login();
    sso_session_new_t from = from_login(login);
    apr_size_t i, len, at;
    sso_session_t s;
    char *record;

    (void)state;
    add(login, "teams-of-a", "one", NULL);
    record = encode(&from, &len);
    for (at = HEADER; at + 15 < len && memcmp(record + at, "SAML_TEAMS_OF_A", 15) != 0; at++)
        ;
    assert_in_range(at, HEADER, len - 16);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_OK);
    for (i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
        memcpy(record + at, evil[i], 12);
        assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_E_STORE);
    }
    memcpy(record + at, "SAML_0TEAM_Z", 12);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_OK);
}

/* A record that counts more values than its text has: the others are empty, and nobody reads behind its end. */
static void more_values_than_there_are(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_new_t from = from_login(login);
    apr_size_t len;
    char *record, *copy;
    sso_session_t s;
    sso_attribute_t a;
    const char *value;
    int i;

    (void)state;
    add(login, "n", "one", "two", NULL);
    record = encode(&from, &len);
    set_word(record, HEADER, 0xff000000u | 8);
    copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, record, len);
    assert_int_equal(sso_session_decode(&s, copy, len, new_err()), SAML_OK);
    sso_session_attribute(&a, &s, 0);
    assert_int_equal(a.value_count, 8);
    for (i = 0, value = sso_session_values(&a, pool); i < 8; i++, value = sso_session_next_value(value))
        assert_string_equal(value, i == 0 ? "one" : i == 1 ? "two" : "");
    set_word(copy, HEADER, 0xff000000u | 9);
    assert_int_equal(sso_session_decode(&s, copy, len, new_err()), SAML_E_STORE);
    free(copy);
}

/* Control characters are looked for once, at sign-on. */
static void control_characters_are_known(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_t s;
    sso_attribute_t a;

    (void)state;
    add(login, "none", "plain", "\xc3\xa4\xff", NULL);
    add(login, "one", "plain", "a\nb", NULL);
    add(login, "another", "\x7f", NULL);
    add(login, "escaped", "a;\r", NULL);
    add(login, "packed", "a1b2c3d4-0000-4fff-8000-00000000abcd", NULL);
    s = session_of(login);
    assert_int_equal(s.name_id_has_control, 0);
    assert_int_equal(sso_session_find(&a, &s, "none") && a.has_control, 0);
    assert_int_equal(sso_session_find(&a, &s, "one") && a.has_control, 1);
    assert_int_equal(sso_session_find(&a, &s, "another") && a.has_control, 1);
    assert_int_equal(sso_session_find(&a, &s, "escaped") && a.has_control, 1);
    assert_int_equal(sso_session_find(&a, &s, "packed") && a.has_control, 0);
    login->name_id.value = "ada\tlovelace";
    assert_int_equal(session_of(login).name_id_has_control, 1);
}

static void claims_are_found_by_name_and_alias(void **state)
{
    saml_login_t *login = entra_login();
    sso_session_t s;
    sso_attribute_t a;

    (void)state;
    add(login, "groups", "of the same short name", NULL);
    add(login, "OrganizationName", "Example", NULL);
    s = session_of(login);
    assert_int_equal(sso_session_find(&a, &s, "email"), 1);
    assert_string_equal(sso_session_values(&a, pool), "ada@example.org");
    assert_int_equal(sso_session_find(&a, &s, WS "emailaddress"), 1);
    assert_string_equal(a.env_name, "SAML_EMAIL");
    assert_int_equal(sso_session_find(&a, &s, "groups"), 1);
    assert_string_equal(a.name, GROUPS);
    assert_int_equal(sso_session_find(&a, &s, "OrganizationName"), 1);
    assert_string_equal(sso_session_values(&a, pool), "Example");
    assert_int_equal(sso_session_find(&a, &s, "organizationname"), 0);
    assert_int_equal(sso_session_find(&a, &s, "roles"), 0);
    assert_int_equal(sso_session_find(&a, &s, "nameid"), 0);
    assert_int_equal(sso_session_find(&a, &s, ""), 0);
}

/* Every claim that has an alias is exported under it, and comes back under its full name. */
static void aliases_name_the_environment(void **state)
{
    const char *alias, *uri, *c;
    int i;

    (void)state;
    for (i = 0; saml_claim_alias_at(i, &alias, &uri); i++) {
        saml_login_t *login = bare_login();
        sso_session_t s;
        sso_attribute_t a;

        if (!uri)
            continue;
        add(login, uri, "v", NULL);
        s = session_of(login);
        assert_int_equal(sso_session_find(&a, &s, alias), 1);
        assert_string_equal(a.name, uri);
        assert_memory_equal(a.env_name, "SAML_", 5);
        assert_int_equal(strcasecmp(a.env_name + 5, alias), 0);
        for (c = a.env_name; *c; c++)
            assert_false(*c >= 'a' && *c <= 'z');
    }
    assert_true(i >= 12);
}

static void assert_env_name(const sso_session_t *s, int i, const char *want)
{
    sso_attribute_t a;

    sso_session_attribute(&a, s, i);
    assert_string_equal(a.env_name, want);
}

static void environment_names(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_t s;

    (void)state;
    add(login, "https://example.org/claims/groups", "not the groups", NULL);
    add(login, GROUPS, "the groups", NULL);
    add(login, "Cost-Centre.No", "1", NULL);
    add(login, "urn:oid:2.5.4.42", "1", NULL);
    add(login, "https://example.org/claims/", "1", NULL);
    add(login, "https://example.org/#frag", "1", NULL);
    add(login, "cost_centre_no", "1", NULL);
    add(login, "COST CENTRE NO", "1", NULL);
    add(login, "nameid", "somebody else", NULL);
    add(login, "", "1", NULL);
    add(login, "error_status", "claim", NULL);
    add(login, "https://example.org/ERROR-RETRY-URL", "https://elsewhere.example/", NULL);
    add(login, "gr\xc3\xbc\xc3\x9f" "e=x;\n", "1", NULL);
    s = session_of(login);
    assert_env_name(&s, 0, "SAML_GROUPS_2");
    assert_env_name(&s, 1, "SAML_GROUPS");
    assert_env_name(&s, 2, "SAML_COST_CENTRE_NO");
    assert_env_name(&s, 3, "SAML_2_5_4_42");
    assert_env_name(&s, 4, "SAML_CLAIMS_");
    assert_env_name(&s, 5, "SAML_FRAG");
    assert_env_name(&s, 6, "SAML_COST_CENTRE_NO_2");
    assert_env_name(&s, 7, "SAML_COST_CENTRE_NO_3");
    assert_env_name(&s, 8, "SAML_NAMEID_2");
    assert_env_name(&s, 9, "SAML_ATTRIBUTE");
    assert_env_name(&s, 10, "SAML_ERROR_STATUS_2");
    assert_env_name(&s, 11, "SAML_ERROR_RETRY_URL_2");
    assert_env_name(&s, 12, "SAML_GR____E_X__");
}

/* What Entra sends and has no alias: readable names all the same, that stay what they are whatever else comes. */
static void environment_names_of_entra(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_t s;

    (void)state;
    add(login, "http://schemas.microsoft.com/ws/2008/06/identity/claims/wids", "1", NULL);
    add(login, "http://schemas.microsoft.com/identity/claims/acct", "0", NULL);
    add(login, "http://schemas.microsoft.com/identity/claims/extn.employeeType", "1", NULL);
    add(login, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", "1", NULL);
    add(login, "OrganizationName", "1", NULL);
    add(login, "http://schemas.example.org/identity/claims/wids", "1", NULL);
    s = session_of(login);
    assert_env_name(&s, 0, "SAML_WIDS");
    assert_env_name(&s, 1, "SAML_ACCT");
    assert_env_name(&s, 2, "SAML_EXTN_EMPLOYEETYPE");
    assert_env_name(&s, 3, "SAML_NAMEIDENTIFIER");
    assert_env_name(&s, 4, "SAML_ORGANIZATIONNAME");
    assert_env_name(&s, 5, "SAML_WIDS_2");
}

static void idp_shortens_and_never_lengthens(void **state)
{
    saml_login_t *login = bare_login();

    (void)state;
    login->session_not_on_or_after = NOW + MINUTES(480) - 1;
    assert_int_equal(session_of(login).expires, NOW + MINUTES(480) - 1);
    login->session_not_on_or_after = NOW + MINUTES(480) + 1;
    assert_int_equal(session_of(login).expires, NOW + MINUTES(480));
    login->session_not_on_or_after = 0;
    assert_int_equal(session_of(login).expires, NOW + MINUTES(480));
}

static void lifetimes_at_their_boundaries(void **state)
{
    sso_session_t s = session_of(bare_login());

    (void)state;
    assert_int_equal(sso_session_state(&s, NOW), SSO_SESSION_LIVE);
    assert_int_equal(sso_session_state(&s, NOW + MINUTES(60) - 1), SSO_SESSION_LIVE);
    assert_int_equal(sso_session_state(&s, NOW + MINUTES(60)), SSO_SESSION_IDLE);
    assert_int_equal(sso_session_forget_at(&s), NOW + MINUTES(60));
    s.seen = NOW + MINUTES(450);
    assert_int_equal(sso_session_state(&s, NOW + MINUTES(480) - 1), SSO_SESSION_LIVE);
    assert_int_equal(sso_session_state(&s, NOW + MINUTES(480)), SSO_SESSION_EXPIRED);
    assert_int_equal(sso_session_forget_at(&s), NOW + MINUTES(480));
    s.idle = 0;
    s.seen = NOW;
    assert_int_equal(sso_session_state(&s, NOW + MINUTES(480) - 1), SSO_SESSION_LIVE);
    assert_int_equal(sso_session_forget_at(&s), NOW + MINUTES(480));
    assert_int_equal(sso_session_stamp_is_old(&s, NOW + MINUTES(400)), 0);
}

static void idle_stamp(void **state)
{
    sso_session_t s = session_of(entra_login()), later;
    void *record;

    (void)state;
    assert_int_equal(sso_session_stamp_is_old(&s, NOW - 1), 0);
    assert_int_equal(sso_session_stamp_is_old(&s, NOW + MINUTES(6) - 1), 0);
    assert_int_equal(sso_session_stamp_is_old(&s, NOW + MINUTES(6)), 1);
    record = sso_session_stamped(&s, NOW + MINUTES(6), pool);
    assert_int_equal(sso_session_decode(&later, record, s.len, new_err()), SAML_OK);
    assert_int_equal(later.seen, NOW + MINUTES(6));
    assert_int_equal(later.created, NOW);
    assert_int_equal(later.expires, s.expires);
    assert_string_equal(later.name_id, s.name_id);
    assert_int_equal(s.seen, NOW);
    assert_int_equal(sso_session_state(&later, NOW + MINUTES(66) - 1), SSO_SESSION_LIVE);
    assert_int_equal(sso_session_state(&later, NOW + MINUTES(66)), SSO_SESSION_IDLE);
}

/* Whatever else is sent, this variable is the module's word. */
static void overage_has_a_name_of_its_own(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_t s;

    (void)state;
    add(login, "https://claims.example/groups_overage", "0", NULL);
    add(login, SAML_CLAIM_GROUPS_LINK, "1", NULL);
    add(login, "https://claims.example/groups.link", "x", NULL);
    s = session_of(login);
    assert_env_name(&s, 0, "SAML_GROUPS_OVERAGE_2");
    assert_env_name(&s, 1, "SAML_GROUPS_OVERAGE");
    assert_env_name(&s, 2, "SAML_GROUPS_LINK");
}

static void size_is_bounded(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_new_t from = from_login(login);
    char *value = apr_pcalloc(pool, SSO_MAX_RECORD_BYTES + 1);
    saml_err_t *err = new_err();
    apr_size_t len, room;
    void *record = NULL;

    (void)state;
    memset(value, 'x', SSO_MAX_RECORD_BYTES);
    add(login, "n", value, NULL);
    assert_int_equal(sso_session_encode(&record, &len, &from, pool, err), SAML_E_TOO_LARGE);
    assert_null(record);
    assert_non_null(strstr(err->reason, "expected at most 1048576 octets"));
    value[0] = '\0';
    encode(&from, &len);
    room = SSO_MAX_RECORD_BYTES - len;
    memset(value, 'x', room);
    value[room] = '\0';
    encode(&from, &len);
    assert_int_equal(len, SSO_MAX_RECORD_BYTES);
    value[room] = 'x';
    value[room + 1] = '\0';
    assert_int_equal(sso_session_encode(&record, &len, &from, pool, err), SAML_E_TOO_LARGE);
}

static void many_attributes_do_not_fit(void **state)
{
    saml_login_t *login = bare_login();
    sso_session_new_t from = from_login(login);
    saml_err_t *err = new_err();
    apr_size_t len;
    void *record = NULL;
    int i;

    (void)state;
    for (i = 0; i < 60000; i++)
        add(login, "n", "", NULL);
    assert_int_equal(sso_session_encode(&record, &len, &from, pool, err), SAML_E_TOO_LARGE);
    assert_non_null(strstr(err->reason, "60000 attributes"));
}

/* Read all there is; a sanitizer or valgrind watches. */
static apr_size_t walk(const sso_session_t *s)
{
    static const char *const names[] = { "groups", "email", WS "name", "none" };
    apr_size_t seen = strlen(s->app_id) + strlen(s->name_id);
    sso_attribute_t a;
    size_t k;
    int i, j;

    seen += s->name_id_format ? strlen(s->name_id_format) : 0;
    seen += s->name_qualifier ? strlen(s->name_qualifier) : 0;
    seen += s->sp_name_qualifier ? strlen(s->sp_name_qualifier) : 0;
    seen += s->session_index ? strlen(s->session_index) : 0;
    seen += s->authn_context ? strlen(s->authn_context) : 0;
    for (i = 0; i < s->attribute_count; i++) {
        const char *value;

        sso_session_attribute(&a, s, i);
        seen += strlen(a.name) + strlen(a.env_name) + strlen(a.joined);
        for (j = 0, value = sso_session_values(&a, pool); j < a.value_count; j++, value = sso_session_next_value(value))
            seen += strlen(value);
    }
    for (k = 0; k < sizeof(names) / sizeof(names[0]); k++)
        seen += (apr_size_t)sso_session_find(&a, s, names[k]);
    seen += (apr_size_t)sso_session_state(s, NOW) + (apr_size_t)(sso_session_forget_at(s) & 1);
    return seen;
}

/* On the heap and of the very size, so that one octet too far is seen. */
static int decode_copy(const char *record, apr_size_t len)
{
    char *copy = malloc(len ? len : 1);
    sso_session_t s;
    int ok;

    assert_non_null(copy);
    memcpy(copy, record, len);
    ok = sso_session_decode(&s, copy, len, new_err()) == SAML_OK;
    if (ok)
        assert_true(walk(&s) > 0);
    free(copy);
    return ok;
}

static void no_part_of_a_record_is_one(void **state)
{
    sso_session_new_t from = from_login(entra_login());
    apr_size_t len, i;
    char *record = encode(&from, &len);

    (void)state;
    assert_int_equal(decode_copy(record, len), 1);
    for (i = 0; i < len; i++)
        assert_int_equal(decode_copy(record, i), 0);
    assert_int_equal(decode_copy(apr_pstrcat(pool, "", NULL), 0), 0);
}

static void step_up_is_kept(void **state)
{
    sso_session_new_t from = from_login(entra_login());
    sso_session_t s, stamped;
    apr_size_t len;
    char *record;

    (void)state;
    for (from.step_up = 0; from.step_up <= SSO_STEP_UP_ALL; from.step_up++) {
        record = encode(&from, &len);
        assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_OK);
        assert_int_equal(s.step_up, from.step_up);
        assert_int_equal(sso_session_decode(&stamped, sso_session_stamped(&s, NOW + MINUTES(30), pool), len, new_err()), SAML_OK);
        assert_int_equal(stamped.step_up, from.step_up);
    }
    record = encode(&from, &len);
    assert_int_equal(sso_session_decode(&s, record, len, new_err()), SAML_E_STORE);
}

static void another_version_is_refused(void **state)
{
    sso_session_new_t from = from_login(entra_login());
    saml_err_t *err = new_err();
    sso_session_t s;
    apr_size_t len;
    char *record = encode(&from, &len);

    (void)state;
    assert_int_equal(sso_session_decode(&s, NULL, 0, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "got 0"));
    assert_false(sso_session_is_foreign(record, len));
    assert_false(sso_session_is_foreign(record, 3));
    record[0] ^= 3;
    assert_true(sso_session_is_foreign(record, len));
    assert_int_equal(sso_session_decode(&s, record, len, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "expected one of version 4"));
    assert_true(sso_session_is_foreign("SSO\3", 4) || sso_session_is_foreign("\3OSS", 4));
    assert_false(sso_session_is_foreign("SSP\3", 4) || sso_session_is_foreign("\3PSS", 4));
    record[0] ^= 3;
    record[len - 1] = 'x';
    assert_int_equal(sso_session_decode(&s, record, len, err), SAML_E_STORE);
}

/* Every 32-bit place set to values that lead astray. */
static void no_offset_leads_astray(void **state)
{
    static const apr_uint32_t evil[] = { 0, 1, 0x7fffffff, 0x80000000, 0x80000016, 0x80000017, 0x800000ff, 0xffffffff };
    sso_session_new_t from = from_login(entra_login());
    apr_size_t len, i, k;
    char *record = encode(&from, &len);
    int refused = 0;

    (void)state;
    for (i = 0; i + 4 <= len; i += 4) {
        char kept[4];

        memcpy(kept, record + i, 4);
        for (k = 0; k < sizeof(evil) / sizeof(evil[0]); k++) {
            memcpy(record + i, &evil[k], 4);
            refused += !decode_copy(record, len);
            apr_pool_clear(pool);
            from = from_login(entra_login());
            record = encode(&from, &len);
        }
        memcpy(record + i, kept, 4);
    }
    assert_in_range(refused, 200, len * 8);
}

static void random_damage_never_hurts(void **state)
{
    sso_session_new_t from = from_login(entra_login());
    apr_size_t len;
    char *record = encode(&from, &len), *copy = malloc(len);
    apr_uint64_t random = 88172645463325252u;
    int round, n, accepted = 0, refused = 0;

    (void)state;
    assert_non_null(copy);
    for (round = 0; round < 20000; round++) {
        apr_pool_t *keep = pool;

        apr_pool_create(&pool, keep);
        memcpy(copy, record, len);
        for (n = 0; n < 1 + round % 4; n++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            copy[random % (round % 2 ? 300 : len)] = (char)(random >> 40);
        }
        if (decode_copy(copy, len))
            accepted++;
        else
            refused++;
        apr_pool_destroy(pool);
        pool = keep;
    }
    free(copy);
    assert_true(accepted > 100);
    assert_true(refused > 100);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(qualifiers_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(absent_things_are_null, setup, teardown),
        cmocka_unit_test_setup_teardown(ordinary_session_is_small, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_kept_and_joined, setup, teardown),
        cmocka_unit_test_setup_teardown(packed_values_come_out_as_they_were, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_comes_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(no_size_leads_astray, setup, teardown),
        cmocka_unit_test_setup_teardown(no_name_leads_astray, setup, teardown),
        cmocka_unit_test_setup_teardown(more_values_than_there_are, setup, teardown),
        cmocka_unit_test_setup_teardown(control_characters_are_known, setup, teardown),
        cmocka_unit_test_setup_teardown(claims_are_found_by_name_and_alias, setup, teardown),
        cmocka_unit_test_setup_teardown(aliases_name_the_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(environment_names_of_entra, setup, teardown),
        cmocka_unit_test_setup_teardown(environment_names, setup, teardown),
        cmocka_unit_test_setup_teardown(idp_shortens_and_never_lengthens, setup, teardown),
        cmocka_unit_test_setup_teardown(lifetimes_at_their_boundaries, setup, teardown),
        cmocka_unit_test_setup_teardown(idle_stamp, setup, teardown),
        cmocka_unit_test_setup_teardown(overage_has_a_name_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(size_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(many_attributes_do_not_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(no_part_of_a_record_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(step_up_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(another_version_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(no_offset_leads_astray, setup, teardown),
        cmocka_unit_test_setup_teardown(random_damage_never_hurts, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("session", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
