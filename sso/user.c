/* SPDX-License-Identifier: Apache-2.0 */
/* SAMLUser: an ordered list of claims, and what is done to the value of the first that has one. */

#include "user.h"

#include <apr_strings.h>

#include "saml/claims.h"

/* White space at the ends does not survive a header, so that " ada" would arrive as "ada". */
static int has_space_around(const char *text)
{
    apr_size_t len = strlen(text);

    return len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

/* @param is_plain  it is known to have no control characters */
static int is_usable(const char *name, int is_plain)
{
    return *name && (is_plain || !sso_has_control(name)) && !has_space_around(name);
}

/* ASCII alone, whatever the locale: octets above 0x7f are parts of characters that only Unicode's tables could fold. */
static void lower(char *name)
{
    for (; *name; ++name) {
        if (*name >= 'A' && *name <= 'Z')
            *name = (char)(*name - 'A' + 'a');
    }
}

static int is_domain(const char *got, apr_size_t len, const char *wanted)
{
    return !wanted || (strlen(wanted) == len && ap_cstr_casecmpn(got, wanted, len) == 0);
}

/*
 * "ada" of "ada@example.org" (the last "@") and of "EXAMPLE\ada" (the first "\"). What is left must be no other name with a domain:
 * "root@other.example@example.org" would come out as somebody whom another domain vouches for. "" is no usable name.
 */
static const char *strip_domain(const char *name, const char *wanted, apr_pool_t *p)
{
    const char *at = strrchr(name, '@');
    const char *backslash = strchr(name, '\\');
    const char *left;

    if (at) {
        if (!at[1] || !is_domain(at + 1, strlen(at + 1), wanted))
            return name;
        left = apr_pstrmemdup(p, name, (apr_size_t)(at - name));
    }
    else if (backslash) {
        if (backslash == name || !is_domain(name, (apr_size_t)(backslash - name), wanted))
            return name;
        left = backslash + 1;
    }
    else {
        return name;
    }
    return strpbrk(left, "@\\") ? "" : left;
}

static const char *name_from(const sso_user_t *how, const char *value, int is_plain, apr_pool_t *p)
{
    char *name;

    if (!value)
        return NULL;
    if (how->strip_domain)
        value = strip_domain(value, how->domain, p);
    if (!is_usable(value, is_plain))
        return NULL;
    if (!how->lower)
        return value;
    name = apr_pstrdup(p, value);
    lower(name);
    return name;
}

static const char *value_in_session(int *is_plain, const sso_session_t *session, const char *claim, apr_pool_t *p)
{
    sso_attribute_t attribute;

    *is_plain = 0;
    if (strcmp(claim, "nameid") == 0) {
        *is_plain = !session->name_id_has_control;
        return session->name_id;
    }
    return sso_session_find(&attribute, session, claim) && attribute.value_count > 0 ? sso_session_values(&attribute, p) : NULL;
}

const char *sso_user_of_session(const sso_user_t *how, const sso_session_t *session, apr_pool_t *p)
{
    const char *name = NULL, *value;
    int i, is_plain;

    for (i = 0; !name && i < how->claims->nelts; ++i) {
        value = value_in_session(&is_plain, session, APR_ARRAY_IDX(how->claims, i, const char *), p);
        name = name_from(how, value, is_plain, p);
    }
    return name;
}

static const char *value_in_login(const saml_login_t *login, const char *claim)
{
    const saml_attribute_t *attribute;

    if (strcmp(claim, "nameid") == 0)
        return login->name_id.value;
    attribute = saml_claim_find(login->attributes, claim);
    return attribute && attribute->values->nelts > 0 ? APR_ARRAY_IDX(attribute->values, 0, const char *) : NULL;
}

const char *sso_user_of_login(const sso_user_t *how, const saml_login_t *login, apr_pool_t *p)
{
    const char *name = NULL;

    for (int i = 0; !name && i < how->claims->nelts; ++i)
        name = name_from(how, value_in_login(login, APR_ARRAY_IDX(how->claims, i, const char *)), 0, p);
    return name;
}

const char *sso_user_claims(const sso_user_t *how, apr_pool_t *p)
{
    const char *names = "";

    for (int i = 0; i < how->claims->nelts; ++i)
        names = apr_pstrcat(p, names, i ? ", \"" : "\"", APR_ARRAY_IDX(how->claims, i, const char *), "\"", NULL);
    return names;
}
