/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESPONSE_CASES_H
#define RESPONSE_CASES_H

/** @file response_cases.h A fixture, what response.c is to say of it, and what is expected otherwise than usual: a line each. */

#include "fixture.h"

static inline void no_skew(saml_expect_t *want)
{
    want->skew = 0;
}

typedef struct {
    const char *file;               /* response-FILE.xml */
    saml_status_t want;
    const char *says;               /* in the reason; for SAML_OK the name, NULL: ada@example.org */
    apr_time_t now;                 /* 0: NOW */
    void (*otherwise)(saml_expect_t *want);
} case_t;

static inline void judge(const case_t *c)
{
    saml_expect_t want = expectation();
    saml_login_t *login = NULL;
    apr_size_t len;
    const char *xml = read_fixture(&len, apr_pstrcat(pool, "response-", c->file, ".xml", NULL));
    saml_status_t got;

    if (c->now)
        want.now = c->now;
    if (c->otherwise)
        c->otherwise(&want);
    got = saml_response_check(&login, xml, len, &want, pool, &err);
    if (got != c->want)
        fail_msg("%s: expected %s, got %s: %s", c->file, saml_status_name(c->want), saml_status_name(got),
                 got == SAML_OK ? login->name_id.value : err.reason);
    assert_int_equal(store.uses, got == SAML_OK);   /* a refusal uses up no ID */
    if (got == SAML_OK) {
        const char *name = c->says ? c->says : "ada@example.org";

        if (strcmp(login->name_id.value, name) != 0)
            fail_msg("%s: expected \"%s\", got \"%s\"", c->file, name, login->name_id.value);
        return;
    }
    assert_null(login);
    assert_int_equal(err.status, got);
    assert_true(c->says && *c->says);
    if (!strstr(err.reason, c->says))
        fail_msg("%s: expected a reason with '%s', got '%s'", c->file, c->says, err.reason);
}

static inline void judge_all(const case_t *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        judge(&cases[i]);
}

#define JUDGE(cases) judge_all(cases, sizeof(cases) / sizeof((cases)[0]))

#endif
