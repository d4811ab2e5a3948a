/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_STORE_SPECS_H
#define T_UNIT_STORE_SPECS_H

/** @file store_specs.h What SAMLSessionStore may say, and what is made of it. Included behind store_fixture.h or store_suite.h. */

typedef struct {
    const char *spec;
    const char *name;           /* that the store goes by; NULL: it is refused */
    const char *says;           /* where it is refused */
} spec_t;

static inline void assert_specs(const spec_t *cases, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        sso_store_t *store = NULL;
        saml_err_t *err = new_err();
        saml_status_t status = sso_store_configure(&store, cases[i].spec, "/run/httpd", pool, err);

        if (status != (cases[i].name ? SAML_OK : SAML_E_STORE))
            fail_msg("%s: %s", cases[i].spec, err->reason);
        if (cases[i].name) {
            assert_string_equal(sso_store_name(store), cases[i].name);
        } else {
            assert_null(store);
            if (!strstr(err->reason, cases[i].says))
                fail_msg("%s: expected \"%s\", got \"%s\"", cases[i].spec, cases[i].says, err->reason);
        }
    }
}

#endif
