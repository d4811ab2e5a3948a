/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_UTF8_H
#define CLI_UTF8_H

/** @file utf8.h UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */

#include <apr.h>

/** Read the character at `s` (NUL-terminated). @return its octets, or 0 where there is no valid one */
apr_size_t cli_utf8_next(unsigned long *c, const unsigned char *s);

/** Write `c` as UTF-8. @return the octets written, at most 4 */
apr_size_t cli_utf8_put(char *out, unsigned long c);

/** Whether `c` is a control character or one that reorders the text around it, line breaks included. */
int cli_utf8_is_tricky(unsigned long c);

#endif
