/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_CLAIMS_H
#define SAML_CLAIMS_H

/** @file claims.h Attributes as named claims with all their values, and the short names for Entra's URIs. */

#include "saml.h"

/** One attribute; attributes of the same Name are one, their values in order. */
typedef struct {
    const char *name;               /* as sent, surrounding white space removed */
    const char *name_format;        /* or NULL */
    const char *friendly_name;      /* or NULL */
    apr_array_header_t *values;     /* const char *; "" for an empty value; xsi:nil values are left out */
} saml_attribute_t;

/** Alias ("groups") to full URI, or NULL where `alias` is none. `nameid` and `user` are no attributes and give NULL. */
const char *saml_claim_uri(const char *alias);

/** Full URI to alias, or NULL. */
const char *saml_claim_alias(const char *uri);

/** The i-th alias and its URI, for listings. @return 0 past the end */
int saml_claim_alias_at(int i, const char **alias, const char **uri);

/** The attribute of that full name or alias in `attributes` (array of saml_attribute_t), or NULL. */
const saml_attribute_t *saml_claim_find(const apr_array_header_t *attributes, const char *name_or_alias);

/** Entra's marker that the groups were left out for being too many (trimmed compare, doc/entra.md 5). */
#define SAML_CLAIM_GROUPS_LINK "http://schemas.microsoft.com/claims/groups.link"

#endif
