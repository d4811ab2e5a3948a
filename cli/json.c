/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8259, as much of it as the commands need. */

#include <string.h>
#include <apr_strings.h>
#include "json.h"
#include "utf8.h"
#include "saml/json.h"

#define MAX_NESTING 64
#define REPLACEMENT 0xfffdul
#define MAX_KEY_BYTES 256

/* ---- writing ------------------------------------------------------------ */

const char *cli_json_array(apr_pool_t *p, const apr_array_header_t *values)
{
    return apr_pstrcat(p, "[", apr_array_pstrcat(p, values, ','), "]", NULL);
}

const char *cli_json_object(apr_pool_t *p, const apr_array_header_t *members)
{
    return apr_pstrcat(p, "{", apr_array_pstrcat(p, members, ','), "}", NULL);
}

const char *cli_json_member(apr_pool_t *p, const char *name, const char *value)
{
    return apr_pstrcat(p, saml_json_string(p, name), ":", value, NULL);
}

/* ---- walking ------------------------------------------------------------ */

typedef struct {
    const char *start;
    const char *at;
    const char *end;
    char *scratch;              /* room for the longest string that the text can hold, reused for each */
    cli_json_string_fn *on_string;
    void *baton;
    int depth;
    saml_err_t *err;
} walk_t;

SAML_MUST_CHECK static saml_status_t walk_value(walk_t *w, const char *key);

SAML_MUST_CHECK static saml_status_t unexpected(walk_t *w, const char *expected)
{
    apr_size_t left = (apr_size_t)(w->end - w->at);

    return saml_fail(w->err, SAML_E_MALFORMED, "JSON: expected %s, got %s at octet %" APR_SIZE_T_FMT, expected,
                     left ? saml_quote_bytes(w->err->pool, w->at, left < 16 ? left : 16) : "the end",
                     (apr_size_t)(w->at - w->start));
}

static void skip_space(walk_t *w)
{
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\t' || *w->at == '\r' || *w->at == '\n'))
        w->at++;
}

/* Skip white space, and take `c` if it comes. */
static int took(walk_t *w, char c)
{
    skip_space(w);
    if (w->at >= w->end || *w->at != c)
        return 0;
    w->at++;
    return 1;
}

/* Four hexadecimal digits at `at`. @return -1 where there are none */
static long read_hex4(const walk_t *w, const char *at)
{
    long v = 0;
    int i;

    if (w->end - at < 4)
        return -1;
    for (i = 0; i < 4; i++) {
        char c = at[i];

        if (c >= '0' && c <= '9')
            v = v << 4 | (c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            v = v << 4 | ((c | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return v;
}

/* "\uXXXX", with its partner where it is a surrogate; `at` is behind the "u". A lone surrogate becomes U+FFFD. */
static saml_status_t read_unicode_escape(walk_t *w, unsigned long *c)
{
    long high = read_hex4(w, w->at), low;

    if (high < 0)
        return unexpected(w, "four hexadecimal digits");
    w->at += 4;
    *c = high >= 0xd800 && high <= 0xdfff ? REPLACEMENT : (unsigned long)high;
    if (high < 0xd800 || high > 0xdbff || w->end - w->at < 6 || w->at[0] != '\\' || w->at[1] != 'u')
        return SAML_OK;
    low = read_hex4(w, w->at + 2);
    if (low >= 0xdc00 && low <= 0xdfff) {
        *c = 0x10000ul + ((unsigned long)(high - 0xd800) << 10) + (unsigned long)(low - 0xdc00);
        w->at += 6;
    }
    return SAML_OK;
}

static saml_status_t read_escape(walk_t *w, char **o)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *simple = w->at < w->end && *w->at ? strchr(from, *w->at) : NULL;
    unsigned long c = REPLACEMENT;

    if (simple) {
        *(*o)++ = to[simple - from];
        w->at++;
        return SAML_OK;
    }
    if (w->at >= w->end || *w->at != 'u')
        return unexpected(w, "an escape sequence");
    w->at++;
    SAML_TRY(read_unicode_escape(w, &c));
    /* Six octets of input for at most three of output, twelve for four: scratch cannot overflow. */
    *o += cli_utf8_put(*o, c);
    return SAML_OK;
}

/* A string into scratch, NUL-terminated; the opening quote is taken already. */
static saml_status_t read_string(walk_t *w, apr_size_t *len)
{
    char *o = w->scratch;

    while (w->at < w->end && *w->at != '"') {
        if ((unsigned char)*w->at < 0x20)
            return unexpected(w, "no raw control character in a string");
        if (*w->at != '\\') {
            *o++ = *w->at++;
            continue;
        }
        w->at++;
        SAML_TRY(read_escape(w, &o));
    }
    if (w->at >= w->end)
        return unexpected(w, "the end of a string");
    w->at++;
    *o = '\0';
    *len = (apr_size_t)(o - w->scratch);
    return SAML_OK;
}

static saml_status_t walk_member(walk_t *w)
{
    char key[MAX_KEY_BYTES];
    apr_size_t len = 0;

    if (!took(w, '"'))
        return unexpected(w, "the name of a member");
    SAML_TRY(read_string(w, &len));
    apr_cpystrn(key, w->scratch, sizeof key);
    if (!took(w, ':'))
        return unexpected(w, "\":\"");
    return walk_value(w, key);
}

/* The rest of an object or an array, behind its opening bracket. */
static saml_status_t walk_container(walk_t *w, char close, const char *key)
{
    if (took(w, close))
        return SAML_OK;
    do {
        SAML_TRY(close == '}' ? walk_member(w) : walk_value(w, key));
    } while (took(w, ','));
    return took(w, close) ? SAML_OK : unexpected(w, close == '}' ? "\",\" or \"}\"" : "\",\" or \"]\"");
}

/* Numbers and the three words; they are only skipped, so the inner grammar of a number is not looked at. */
static saml_status_t skip_scalar(walk_t *w)
{
    static const char *const words[] = { "true", "false", "null" };
    apr_size_t left = (apr_size_t)(w->end - w->at), n = 0, i;

    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (left >= strlen(words[i]) && memcmp(w->at, words[i], strlen(words[i])) == 0)
            n = strlen(words[i]);
    if (n == 0)
        while (n < left && memchr("+-.0123456789eE", w->at[n], 15))
            n++;
    if (n == 0)
        return unexpected(w, "a JSON value");
    w->at += n;
    return SAML_OK;
}

static saml_status_t walk_value(walk_t *w, const char *key)
{
    apr_size_t len = 0;
    int is_object = took(w, '{');

    if (is_object || took(w, '[')) {
        if (++w->depth > MAX_NESTING)
            return saml_fail(w->err, SAML_E_TOO_LARGE, "JSON: expected at most %d nested values", MAX_NESTING);
        SAML_TRY(walk_container(w, is_object ? '}' : ']', key));
        w->depth--;
        return SAML_OK;
    }
    if (took(w, '"')) {
        SAML_TRY(read_string(w, &len));
        w->on_string(w->baton, key, w->scratch, len);
        return SAML_OK;
    }
    return skip_scalar(w);
}

saml_status_t cli_json_walk(const char *text, apr_size_t len, cli_json_string_fn *on_string, void *baton,
                            apr_pool_t *p, saml_err_t *err)
{
    walk_t w = { text, text, text + len, apr_palloc(p, len + 1), on_string, baton, 0, err };

    SAML_TRY(walk_value(&w, ""));
    skip_space(&w);
    return w.at == w.end ? SAML_OK : unexpected(&w, "nothing behind the JSON value");
}
