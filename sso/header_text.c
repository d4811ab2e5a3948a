/* SPDX-License-Identifier: Apache-2.0 */
#include "header_text.h"

#include <string.h>
#include <apr.h>

int sso_header_same(const char *a, const char *b)
{
    for (; *a && *b; ++a, ++b) {
        if (sso_header_fold(*a) != sso_header_fold(*b))
            return 0;
    }
    return *a == *b;
}

int sso_header_begins(const char *name, const char *stem)
{
    for (; *stem; ++name, ++stem) {
        if (!*name || sso_header_fold(*name) != sso_header_fold(*stem))
            return 0;
    }
    return 1;
}

static int is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

/*
 * Whether one of eight octets may be such: below 0x20 the subtraction sets the top bit, of 0x7f the addition does. A neighbour's borrow
 * or carry may do so, too; then each is looked at.
 */
static int may_have_control(const char *at)
{
    const apr_uint64_t ones = APR_UINT64_C(0x0101010101010101);
    apr_uint64_t word;

    memcpy(&word, at, sizeof(word));
    return (((word - ones * 0x20) | (word + ones)) & ~word & ones * 0x80) != 0;
}

int sso_has_control(const char *text)
{
    const char *end = text + strlen(text);

    while (text < end) {
        if (end - text >= (long)sizeof(apr_uint64_t) && !may_have_control(text)) {
            text += sizeof(apr_uint64_t);
        }
        else if (is_control((unsigned char)*text++)) {
            return 1;
        }
    }
    return 0;
}
