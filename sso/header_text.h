/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_HEADER_TEXT_H
#define SSO_HEADER_TEXT_H

/** @file header_text.h What names and values of request headers are to those who read them. Knows no httpd. */

/** A name's octet as CGI programs fold it. By ASCII and without the C library's locale: this runs for each header of each request. */
static inline char sso_header_fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return c;
    return '_';
}

/** Whether two header names are the same to a CGI program: letter case ignored, all but letters and digits read as "_". */
int sso_header_same(const char *a, const char *b);

/** Whether a header name begins so, to the same reader: "sm.user" with "SM_". */
int sso_header_begins(const char *name, const char *stem);

#endif
