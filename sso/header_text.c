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

/* Whether any of eight octets is below 0x20 or 0x7f: what borrows where its own top bit is not set. */
static int has_control_word(const char *at)
{
    const apr_uint64_t ones = APR_UINT64_C(0x0101010101010101);
    apr_uint64_t word, deletes;

    memcpy(&word, at, sizeof(word));
    deletes = word ^ ones * 0x7f;
    return (((word - ones * 0x20) & ~word) | ((deletes - ones) & ~deletes)) & ones * 0x80 ? 1 : 0;
}

int sso_has_control(const char *text)
{
    apr_size_t len = strlen(text);

    for (; len >= sizeof(apr_uint64_t); text += sizeof(apr_uint64_t), len -= sizeof(apr_uint64_t)) {
        if (has_control_word(text))
            return 1;
    }
    for (; len > 0; ++text, --len) {
        if (is_control((unsigned char)*text))
            return 1;
    }
    return 0;
}
