/* SPDX-License-Identifier: Apache-2.0 */
#include "header_text.h"

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
