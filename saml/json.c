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

static char *write_escape(char *out, unsigned c)
{
    static const char hex[] = "0123456789abcdef";

    memcpy(out, "\\u", 2);
    out[2] = hex[c >> 12 & 15];
    out[3] = hex[c >> 8 & 15];
    out[4] = hex[c >> 4 & 15];
    out[5] = hex[c & 15];
    return out + 6;
}

/* What a sequence of at most three octets stands for; of four, which none is escaped of. */
static unsigned character(const unsigned char *at, int len)
{
    return len == 1 ? at[0] : len == 2 ? (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu)
           : len == 3 ? (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu) : 0x10000u;
}

/* What moves the cursor of a terminal, or shows text in another order than it is read; and "<", so that the text may stand in a page. */
static int is_escaped(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == '<' || c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
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
    else if (is_escaped(character(at, len))) {
        *out = write_escape(*out, character(at, len));
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
