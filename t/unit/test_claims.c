/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases of Entra's claims, and claims by full name or alias. */

#include "fixture.h"
#include "saml/claims.h"

static const struct { const char *alias, *uri; } known[] = {
    { "email", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress" },
    { "name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name" },
    { "givenname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname" },
    { "surname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname" },
    { "displayname", "http://schemas.microsoft.com/identity/claims/displayname" },
    { "upn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn" },
    { "groups", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups" },
    { "roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role" },
    { "tenantid", "http://schemas.microsoft.com/identity/claims/tenantid" },
    { "objectid", "http://schemas.microsoft.com/identity/claims/objectidentifier" },
    { "authnmethods", "http://schemas.microsoft.com/claims/authnmethodsreferences" },
    { "identityprovider", "http://schemas.microsoft.com/identity/claims/identityprovider" },
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

static void test_aliases(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < KNOWN; i++) {
        assert_non_null(saml_claim_uri(known[i].alias));
        assert_string_equal(saml_claim_uri(known[i].alias), known[i].uri);
        assert_string_equal(saml_claim_alias(known[i].uri), known[i].alias);
    }
}

static void test_no_aliases(void **state)
{
    (void)state;
    assert_null(saml_claim_uri("nameid"));      /* not an attribute */
    assert_null(saml_claim_uri("user"));
    assert_null(saml_claim_uri("Email"));
    assert_null(saml_claim_uri(""));
    assert_null(saml_claim_uri(NULL));
    assert_null(saml_claim_uri(known[0].uri));
    assert_null(saml_claim_alias("email"));
    assert_null(saml_claim_alias(NULL));
}

static void test_listing(void **state)
{
    const char *alias, *uri;
    int i, found = 0;

    (void)state;
    for (i = 0; saml_claim_alias_at(i, &alias, &uri); i++) {
        assert_string_equal(saml_claim_uri(alias), uri);
        found++;
    }
    assert_int_equal(found, KNOWN);
    alias = uri = NULL;
    assert_int_equal(saml_claim_alias_at(-1, &alias, &uri), 0);
    assert_int_equal(saml_claim_alias_at(found, &alias, &uri), 0);
    assert_null(alias);
    assert_null(uri);
}

static apr_array_header_t *attributes(const char *const *names)
{
    apr_array_header_t *all = apr_array_make(pool, 4, sizeof(saml_attribute_t));

    for (; *names; names++) {
        saml_attribute_t *a = &APR_ARRAY_PUSH(all, saml_attribute_t);

        memset(a, 0, sizeof(*a));
        a->name = *names;
    }
    return all;
}

static void test_find(void **state)
{
    static const char *const names[] = { "urn:one", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
                                         "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", NULL };
    static const char *const both[] = { "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "email",
                                        NULL };
    apr_array_header_t *all = attributes(names), *ambiguous = attributes(both);

    (void)state;
    assert_string_equal(saml_claim_find(all, "urn:one")->name, "urn:one");
    assert_string_equal(saml_claim_find(all, "groups")->name, names[2]);
    assert_string_equal(saml_claim_find(all, names[1])->name, names[1]);
    assert_null(saml_claim_find(all, "urn:ONE"));
    assert_null(saml_claim_find(all, "urn:on"));
    assert_null(saml_claim_find(all, "email"));
    assert_null(saml_claim_find(all, ""));
    assert_null(saml_claim_find(all, NULL));
    assert_null(saml_claim_find(NULL, "email"));
    assert_string_equal(saml_claim_find(ambiguous, "email")->name, both[0]);    /* what an alias stands for comes first */
    ambiguous->nelts = 0;
    APR_ARRAY_PUSH(ambiguous, saml_attribute_t) = (saml_attribute_t){ .name = "email" };
    assert_string_equal(saml_claim_find(ambiguous, "email")->name, "email");
}

int main(void)
{
    static const struct CMUnitTest claims[] = {
        cmocka_unit_test_setup_teardown(test_aliases, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_aliases, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_listing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_find, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(claims, set_up_library, tear_down_library);
}
