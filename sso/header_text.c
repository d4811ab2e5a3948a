/* SPDX-License-Identifier: Apache-2.0 */
#include "header_text.h"

/* By ASCII and without the C library's locale: this runs for each header of each request. */
static char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return c;
    return '_';
}

int sso_header_same(const char *a, const char *b)
{
    for (; *a && *b; ++a, ++b) {
        if (fold(*a) != fold(*b))
            return 0;
    }
    return *a == *b;
}

int sso_header_begins(const char *name, const char *stem)
{
    for (; *stem; ++name, ++stem) {
        if (!*name || fold(*name) != fold(*stem))
            return 0;
    }
    return 1;
}

int sso_has_control(const char *text)
{
    for (; *text; ++text) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return 1;
    }
    return 0;
}
