/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "message.h"
#include "saml/binding.h"

#define HOW_XML       "XML as it stands"
#define HOW_POST      "HTTP-POST: base64"
#define HOW_REDIRECT  "HTTP-Redirect: DEFLATE and base64"

static const char *const PARAMETERS[] = { "SAMLResponse", "SAMLRequest" };
#define PARAMETER_COUNT (sizeof PARAMETERS / sizeof PARAMETERS[0])

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* `data` without a UTF-8 byte order mark and without white space around it. */
void cli_trim(const char **data, apr_size_t *len)
{
    if (*len >= 3 && memcmp(*data, "\xef\xbb\xbf", 3) == 0) {
        *data += 3;
        *len -= 3;
    }
    while (*len && is_space(**data)) {
        ++*data;
        --*len;
    }
    while (*len && is_space((*data)[*len - 1]))
        --*len;
}

static int looks_like_xml(const char *data, apr_size_t len)
{
    cli_trim(&data, &len);
    return len && *data == '<';
}

/* The octets of `value`, which is base64, percent-encoded or not. */
static saml_status_t unbase64(const char **out, apr_size_t *out_len, const char *value, apr_size_t len, apr_pool_t *p,
                              saml_err_t *err)
{
    const char *text;

    if (memchr(value, '%', len)) {
        SAML_TRY(saml_form_decode(&text, value, len, p, err));
        value = text;
        len = strlen(text);
    }
    return saml_base64_decode(out, out_len, value, len, SAML_MAX_MESSAGE_BYTES, "SAML message", p, err);
}

/* The value of parameter `name` in a form body, its "+" and "%XX" undone as a server would; NULL where absent. */
static saml_status_t form_value(const char **out, const char *name, const char *text, apr_size_t len, apr_pool_t *p,
                                saml_err_t *err)
{
    saml_param_t param;

    SAML_TRY(saml_param_find(&param, text, len, name, err));
    *out = NULL;
    return param.raw ? saml_form_decode(out, param.raw, param.raw_len, p, err) : SAML_OK;
}

saml_status_t cli_response_read(const char **xml, apr_size_t *xml_len, const char *data, apr_size_t len, apr_pool_t *p,
                                saml_err_t *err)
{
    const char *value;

    if (looks_like_xml(data, len)) {
        *xml = data;
        *xml_len = len;
        return SAML_OK;
    }
    cli_trim(&data, &len);
    SAML_TRY(form_value(&value, "SAMLResponse", data, len, p, err));
    if (value)
        return saml_base64_decode(xml, xml_len, value, strlen(value), SAML_MAX_MESSAGE_BYTES, "SAMLResponse", p, err);
    return unbase64(xml, xml_len, data, len, p, err);
}

saml_status_t cli_value_read(cli_message_t *out, const char *value, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    const char *octets = NULL;
    apr_size_t n = 0;

    SAML_TRY(unbase64(&octets, &n, value, len, p, err));
    if (looks_like_xml(octets, n)) {
        out->xml = octets;
        out->len = n;
        out->how = HOW_POST;
        return SAML_OK;
    }
    SAML_TRY(saml_inflate(&out->xml, &out->len, octets, n, SAML_MAX_MESSAGE_BYTES, "SAML message", p, err));
    out->how = HOW_REDIRECT;
    return SAML_OK;
}

/* ---- queries ------------------------------------------------------------ */

static int ends_query(char c)
{
    return is_space(c) || c == '"' || c == '\'' || c == '<' || c == '>' || c == '#' || c == '\0';
}

/* Where "SAMLResponse=" or "SAMLRequest=" stands as a parameter: first thing, or behind "?" or "&" or what ends a query. */
static const char *find_parameter(const char *text, apr_size_t len, apr_size_t *name_len)
{
    apr_size_t i, k;

    for (i = 0; i < len; i++) {
        if (text[i] != 'S' || (i && text[i - 1] != '?' && text[i - 1] != '&' && !ends_query(text[i - 1])))
            continue;
        for (k = 0; k < PARAMETER_COUNT; k++) {
            apr_size_t n = strlen(PARAMETERS[k]);

            if (len - i > n && memcmp(text + i, PARAMETERS[k], n) == 0 && text[i + n] == '=') {
                *name_len = n;
                return text + i;
            }
        }
    }
    return NULL;
}

saml_status_t cli_query_read(cli_message_t *out, int *found, const char *text, apr_size_t len, apr_pool_t *p,
                             saml_err_t *err)
{
    apr_size_t name_len = 0;
    const char *at = find_parameter(text, len, &name_len);
    const char *start = at, *end = at, *value = NULL, *signature = NULL;

    *found = at != NULL;
    if (!at)
        return SAML_OK;
    while (start > text && start[-1] != '?' && !ends_query(start[-1]))
        start--;
    while (end < text + len && !ends_query(*end))
        end++;
    len = (apr_size_t)(end - start);
    SAML_TRY(form_value(&value, apr_pstrmemdup(p, at, name_len), start, len, p, err));
    SAML_TRY(form_value(&out->relay_state, "RelayState", start, len, p, err));
    SAML_TRY(form_value(&out->sig_alg, "SigAlg", start, len, p, err));
    SAML_TRY(form_value(&signature, "Signature", start, len, p, err));
    out->has_query_signature = signature != NULL;
    return cli_value_read(out, value ? value : "", value ? strlen(value) : 0, p, err);
}

/* ---- pages -------------------------------------------------------------- */

/* Undo the character references that pages use in attribute values of base64: numeric ones and "&amp;". */
static const char *html_text(const char *s, apr_size_t len, apr_pool_t *p)
{
    char *out = apr_palloc(p, len + 1), *o = out;
    const char *end = s + len;

    while (s < end) {
        int is_hex = end - s > 3 && s[1] == '#' && (s[2] | 0x20) == 'x';
        char *stop = NULL;
        long c = 0;

        if (*s == '&' && end - s > 2 && s[1] == '#')
            c = (long)apr_strtoi64(s + (is_hex ? 3 : 2), &stop, is_hex ? 16 : 10);
        if (c > 0 && c < 0x80 && stop < end && *stop == ';') {
            *o++ = (char)c;
            s = stop + 1;
        }
        else if (end - s >= 5 && memcmp(s, "&amp;", 5) == 0) {
            *o++ = '&';
            s += 5;
        }
        else {
            *o++ = *s++;
        }
    }
    *o = '\0';
    return out;
}

/* The value of attribute `name` in the tag [s, end), quoted either way; NULL where absent. */
static const char *tag_attribute(const char *s, const char *end, const char *name, apr_pool_t *p)
{
    apr_size_t n = strlen(name);

    for (; s + n + 2 < end; s++) {
        const char *close;

        if (!is_space(s[-1]) || strncasecmp(s, name, n) != 0 || s[n] != '=' || (s[n + 1] != '"' && s[n + 1] != '\''))
            continue;
        close = memchr(s + n + 2, s[n + 1], (apr_size_t)(end - (s + n + 2)));
        return close ? html_text(s + n + 2, (apr_size_t)(close - (s + n + 2)), p) : NULL;
    }
    return NULL;
}

static const char *next_tag(const char *s, const char *end, const char **tag_end)
{
    const char *open = s < end ? memchr(s, '<', (apr_size_t)(end - s)) : NULL;

    *tag_end = open ? memchr(open, '>', (apr_size_t)(end - open)) : NULL;
    return *tag_end ? open : NULL;
}

/* The value of the field `name` of a form in the page, or NULL. */
static const char *field_value(const char *name, const char *text, apr_size_t len, apr_pool_t *p)
{
    const char *end = text + len, *tag_end, *tag;

    for (tag = next_tag(text, end, &tag_end); tag; tag = next_tag(tag_end, end, &tag_end)) {
        const char *field;

        if (tag_end - tag < 7 || strncasecmp(tag, "<input", 6) != 0)
            continue;
        field = tag_attribute(tag + 7, tag_end, "name", p);
        if (field && strcmp(field, name) == 0)
            return tag_attribute(tag + 7, tag_end, "value", p);
    }
    return NULL;
}

saml_status_t cli_page_read(cli_message_t *out, int *found, const char *text, apr_size_t len, apr_pool_t *p,
                            saml_err_t *err)
{
    const char *value = NULL;
    apr_size_t k;

    for (k = 0; k < PARAMETER_COUNT && !value; k++)
        value = field_value(PARAMETERS[k], text, len, p);
    *found = value != NULL;
    if (!value)
        return SAML_OK;
    out->relay_state = field_value("RelayState", text, len, p);
    return cli_value_read(out, value, strlen(value), p, err);
}

/* ---- whichever of them it is --------------------------------------------- */

saml_status_t cli_message_read(cli_message_t *out, const char *data, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    int found = 0;

    if (looks_like_xml(data, len)) {
        SAML_TRY(cli_page_read(out, &found, data, len, p, err));
        if (found)
            return SAML_OK;
        out->xml = data;
        out->len = len;
        out->how = HOW_XML;
        return SAML_OK;
    }
    cli_trim(&data, &len);
    SAML_TRY(cli_query_read(out, &found, data, len, p, err));
    return found ? SAML_OK : cli_value_read(out, data, len, p, err);
}
