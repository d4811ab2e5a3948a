/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: what goes into a record comes out, and lifetimes at their boundaries. */

#include "session_records.h"

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
        cmocka_unit_test_setup_teardown(step_up_is_kept, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("session", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
