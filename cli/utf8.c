/* SPDX-License-Identifier: Apache-2.0 */

#include "utf8.h"

static int is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

apr_size_t cli_utf8_next(unsigned long *c, const unsigned char *s)
{
    unsigned long v;

    if (s[0] < 0x80) {
        *c = s[0];
        return 1;
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf && is_continuation(s[1])) {
        *c = (unsigned long)(s[0] & 0x1f) << 6 | (s[1] & 0x3f);
        return 2;
    }
    if ((s[0] & 0xf0) == 0xe0 && is_continuation(s[1]) && is_continuation(s[2])) {
        v = (unsigned long)(s[0] & 0x0f) << 12 | (unsigned long)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
        *c = v;
        return v < 0x800 || (v >= 0xd800 && v <= 0xdfff) ? 0 : 3;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4 && is_continuation(s[1]) && is_continuation(s[2]) && is_continuation(s[3])) {
        v = (unsigned long)(s[0] & 7) << 18 | (unsigned long)(s[1] & 0x3f) << 12
            | (unsigned long)(s[2] & 0x3f) << 6 | (s[3] & 0x3f);
        *c = v;
        return v < 0x10000 || v > 0x10ffff ? 0 : 4;
    }
    return 0;
}

apr_size_t cli_utf8_put(char *out, unsigned long c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

int cli_utf8_is_tricky(unsigned long c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f
        || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}
