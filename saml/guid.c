/* SPDX-License-Identifier: Apache-2.0 */
#include "guid.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

static int is_dash_at(int i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

int saml_guid_is(const char *text)
{
    int i;

    for (i = 0; text && i < SAML_GUID_CHARS; i++) {
        if (is_dash_at(i) ? text[i] != '-' : !apr_isxdigit(text[i]))
            return 0;
    }
    return text && !text[SAML_GUID_CHARS];
}

const char *saml_guid_lower(apr_pool_t *p, const char *guid)
{
    char *lower = apr_pstrdup(p, guid), *c;

    for (c = lower; *c; c++) {
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c - 'A' + 'a');
    }
    return lower;
}

int saml_guid_same(const char *a, const char *b)
{
    int i;

    if (!saml_guid_is(a) || !saml_guid_is(b))
        return 0;
    for (i = 0; i < SAML_GUID_CHARS; i++) {
        if (apr_tolower(a[i]) != apr_tolower(b[i]))
            return 0;
    }
    return 1;
}
