/* SPDX-License-Identifier: Apache-2.0 */
#include "aadsts.h"

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>

static const char prefix[] = "AADSTS";

#define PREFIX_LEN (sizeof(prefix) - 1)

static const char *code_of(apr_pool_t *p, const char *digits, apr_size_t len)
{
    if (len < SAML_AADSTS_MIN_DIGITS || len > SAML_AADSTS_MAX_DIGITS)
        return NULL;
    return apr_pstrcat(p, prefix, apr_pstrmemdup(p, digits, len), NULL);
}

static apr_size_t digits_at(const char *text)
{
    return strspn(text, "0123456789");
}

const char *saml_aadsts_in(apr_pool_t *p, const char *text)
{
    const char *at, *code;

    for (at = text; at && *at; at++) {
        if (strncasecmp(at, prefix, PREFIX_LEN) != 0 || (at > text && apr_isalnum(at[-1])))
            continue;
        code = code_of(p, at + PREFIX_LEN, digits_at(at + PREFIX_LEN));
        if (code)
            return code;
    }
    return NULL;
}

const char *saml_aadsts_named(apr_pool_t *p, const char *word)
{
    const char *digits = strncasecmp(word, prefix, PREFIX_LEN) == 0 ? word + PREFIX_LEN : word;
    apr_size_t len = digits_at(digits);

    return digits[len] ? NULL : code_of(p, digits, len);
}

const saml_code_words_t *saml_aadsts_find(const char *code)
{
    const saml_code_words_t *w;

    for (w = saml_aadsts_words; w->name; w++)
        if (strcmp(w->name, code) == 0)
            return w;
    return NULL;
}

const char *saml_aadsts_url(apr_pool_t *p, const char *code)
{
    return apr_pstrcat(p, "https://login.microsoftonline.com/error?code=", code + PREFIX_LEN, NULL);
}
