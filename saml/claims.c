/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "claims.h"

#define MS   "http://schemas.microsoft.com/"
#define SOAP "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

/* Short names for what Entra sends, in the order of the manual. */
static const struct {
    const char *alias;
    const char *uri;
} aliases[] = {
    { "email",            SOAP "emailaddress" },
    { "name",             SOAP "name" },
    { "givenname",        SOAP "givenname" },
    { "surname",          SOAP "surname" },
    { "displayname",      MS "identity/claims/displayname" },
    { "upn",              SOAP "upn" },
    { "groups",           MS "ws/2008/06/identity/claims/groups" },
    { "roles",            MS "ws/2008/06/identity/claims/role" },
    { "tenantid",         MS "identity/claims/tenantid" },
    { "objectid",         MS "identity/claims/objectidentifier" },
    { "authnmethods",     MS "claims/authnmethodsreferences" },
    { "identityprovider", MS "identity/claims/identityprovider" },
};

#define ALIAS_COUNT ((int)(sizeof(aliases) / sizeof(aliases[0])))

const char *saml_claim_uri(const char *alias)
{
    int i;

    for (i = 0; alias && i < ALIAS_COUNT; i++) {
        if (strcmp(aliases[i].alias, alias) == 0)
            return aliases[i].uri;
    }
    return NULL;
}

const char *saml_claim_alias(const char *uri)
{
    int i;

    for (i = 0; uri && i < ALIAS_COUNT; i++) {
        if (strcmp(aliases[i].uri, uri) == 0)
            return aliases[i].alias;
    }
    return NULL;
}

int saml_claim_alias_at(int i, const char **alias, const char **uri)
{
    if (i < 0 || i >= ALIAS_COUNT)
        return 0;
    *alias = aliases[i].alias;
    *uri = aliases[i].uri;
    return 1;
}

static const saml_attribute_t *find_by_name(const apr_array_header_t *attributes, const char *name)
{
    int i;

    for (i = 0; attributes && name && i < attributes->nelts; i++) {
        const saml_attribute_t *a = &APR_ARRAY_IDX(attributes, i, saml_attribute_t);

        if (strcmp(a->name, name) == 0)
            return a;
    }
    return NULL;
}

/* The alias is ours, a claim that is merely called so is not: the same order as in a session (store/session.c). */
const saml_attribute_t *saml_claim_find(const apr_array_header_t *attributes, const char *name_or_alias)
{
    const saml_attribute_t *found = find_by_name(attributes, saml_claim_uri(name_or_alias));

    return found ? found : find_by_name(attributes, name_or_alias);
}
