/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <string.h>

/* How many octets the well-formed UTF-8 sequence at `at` has (Unicode 15, table 3-7); 0 where it is none. */
static int utf8_len(const unsigned char *at)
{
    unsigned char lead = at[0];
    int len = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3
                            : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    int i;

    for (i = 1; i < len; ++i) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) || (lead == 0xf0 && at[1] < 0x90)
        || (lead == 0xf4 && at[1] > 0x8f))
        return 0;
    return len;
}

static char *write_escape(char *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    memcpy(out, "\\u00", 4);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return out + 6;
}

/* One character of the input. @return the octets of input it took */
static int write_char(char **out, const unsigned char *at)
{
    int len = utf8_len(at);

    if (len == 0) {
        memcpy(*out, "\xef\xbf\xbd", 3);
        *out += 3;
        return 1;
    }
    if (*at == '"' || *at == '\\') {
        *(*out)++ = '\\';
        *(*out)++ = (char)*at;
    }
    /* "<" too, so that the text may stand in a page. */
    else if (*at < 0x20 || *at == 0x7f || *at == '<') {
        *out = write_escape(*out, *at);
    }
    else {
        memcpy(*out, at, (size_t)len);
        *out += len;
    }
    return len;
}

const char *saml_json_string(apr_pool_t *p, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    char *start, *out;

    if (!text)
        return "null";
    start = out = apr_palloc(p, strlen(text) * 6 + 3);
    *out++ = '"';
    while (*at)
        at += write_char(&out, at);
    *out++ = '"';
    *out = '\0';
    return start;
}
