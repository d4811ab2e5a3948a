/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_GUID_H
#define SAML_GUID_H

/** @file guid.h Identifiers as Entra writes them: 8-4-4-4-12 hexadecimal digits (RFC 9562 4). */

#include "saml.h"

#define SAML_GUID_CHARS 36

/** Whether `text` is such an identifier and nothing else, in any letter case. NULL is none. */
int saml_guid_is(const char *text);

/** `guid`, which is one, in lower case. */
const char *saml_guid_lower(apr_pool_t *p, const char *guid);

/** Whether both are identifiers, and the same one: letter case says nothing (RFC 9562 4). */
int saml_guid_same(const char *a, const char *b);

#endif
