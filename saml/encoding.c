/* SPDX-License-Identifier: Apache-2.0 */
/* base64 (RFC 4648 4), base64url (5), percent-encoding (RFC 3986 2.1), form parameters. */

#include <string.h>
#include <apr_strings.h>
#include "encoding.h"

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char ALPHABET_URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#define NO_DIGIT (-1)

/* ---- base64 ------------------------------------------------------------- */

static const char *encode(apr_pool_t *p, const void *data, apr_size_t len, const char *alphabet, int padded)
{
    const unsigned char *in = data;
    char *out = apr_palloc(p, (len + 2) / 3 * 4 + 1), *o = out;
    apr_size_t i;

    for (i = 0; i + 2 < len; i += 3) {
        unsigned long v = (unsigned long)in[i] << 16 | (unsigned long)in[i + 1] << 8 | in[i + 2];

        *o++ = alphabet[v >> 18];
        *o++ = alphabet[v >> 12 & 63];
        *o++ = alphabet[v >> 6 & 63];
        *o++ = alphabet[v & 63];
    }
    if (i < len) {
        unsigned long v = (unsigned long)in[i] << 16 | (i + 1 < len ? (unsigned long)in[i + 1] << 8 : 0);

        *o++ = alphabet[v >> 18];
        *o++ = alphabet[v >> 12 & 63];
        if (i + 1 < len)
            *o++ = alphabet[v >> 6 & 63];
        else if (padded)
            *o++ = '=';
        if (padded)
            *o++ = '=';
    }
    *o = '\0';
    return out;
}

const char *saml_base64_encode(apr_pool_t *p, const void *data, apr_size_t len)
{
    return encode(p, data, len, ALPHABET, 1);
}

const char *saml_base64url_encode(apr_pool_t *p, const void *data, apr_size_t len)
{
    return encode(p, data, len, ALPHABET_URL, 0);
}

/* The digits of both alphabets by their ASCII, "+" and "-" being 62, "/" and "_" 63. A response has thousands of them. */
static const signed char DIGITS[128] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, 62, -1, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
    -1,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63,
    -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1
};

/* The value of a digit; `plus` and `slash` are the last two characters of the alphabet that counts. */
static inline int digit_value(unsigned char c, char plus, char slash)
{
    int d = c < 128 ? DIGITS[c] : NO_DIGIT;

    return d < 62 || c == (unsigned char)plus || c == (unsigned char)slash ? d : NO_DIGIT;
}

static int is_xml_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the digits and the padding of a text lie, found before anything is allocated. */
typedef struct {
    apr_size_t digits;
    apr_size_t padding;
    const char *bad;            /* the first octet that cannot stand where it stands, or NULL */
} shape_t;

static shape_t base64_shape(const char *text, apr_size_t len)
{
    shape_t s = { 0, 0, NULL };
    apr_size_t i;

    for (i = 0; i < len && !s.bad; i++) {
        if (!s.padding && digit_value((unsigned char)text[i], '+', '/') != NO_DIGIT)
            s.digits++;
        else if (text[i] == '=')
            s.padding++;
        else if (!is_xml_space(text[i]))
            s.bad = text + i;
    }
    return s;
}

/* RFC 4648 3.2, 4: 2 digits take "==", 3 take "=". Leaving all of it out is tolerated, half of it is not. */
static int is_padding_right(const shape_t *s)
{
    apr_size_t last = s->digits % 4;

    if (last == 1)
        return 0;
    return s->padding == 0 || (last != 0 && s->padding == 4 - last);
}

/**
 * Decode `digits` digits of `text`, skipping white space.
 * @return 0 when the unused bits of the last digit are not zero (RFC 4648 3.5: two texts would mean one value)
 */
static int decode_digits(char *out, const char *text, apr_size_t digits, char plus, char slash)
{
    unsigned long v = 0;
    unsigned bits = 0;

    for (; digits >= 4; digits -= 4, text += 4, out += 3) {
        int a = digit_value((unsigned char)text[0], plus, slash), b = digit_value((unsigned char)text[1], plus, slash);
        int c = digit_value((unsigned char)text[2], plus, slash), d = digit_value((unsigned char)text[3], plus, slash);

        if ((a | b | c | d) < 0)
            break;              /* white space: from here on one at a time */
        out[0] = (char)(a << 2 | b >> 4);
        out[1] = (char)((b & 15) << 4 | c >> 2);
        out[2] = (char)((c & 3) << 6 | d);
    }
    while (digits) {
        int d = digit_value((unsigned char)*text++, plus, slash);

        if (d == NO_DIGIT)
            continue;
        digits--;
        v = v << 6 | (unsigned long)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (char)(v >> bits & 0xff);
            v &= (1ul << bits) - 1;
        }
    }
    *out = '\0';
    return v == 0;
}

saml_status_t saml_base64_decode(const char **out, apr_size_t *out_len, const char *text, apr_size_t len,
                                 apr_size_t max_bytes, const char *what, apr_pool_t *p, saml_err_t *err)
{
    shape_t s = base64_shape(text, len);
    apr_size_t n = s.digits / 4 * 3 + (s.digits % 4 ? s.digits % 4 - 1 : 0);
    char *buf;

    if (s.bad)
        return saml_fail(err, SAML_E_MALFORMED, "%s: expected base64, got %s at octet %" APR_SIZE_T_FMT, what,
                         saml_quote_bytes(err->pool, s.bad, 1), (apr_size_t)(s.bad - text));
    if (!is_padding_right(&s))
        return saml_fail(err, SAML_E_MALFORMED,
                         "%s: base64 is cut off or wrongly padded: got %" APR_SIZE_T_FMT " digits and %"
                         APR_SIZE_T_FMT " \"=\"", what, s.digits, s.padding);
    if (n > max_bytes)
        return saml_fail(err, SAML_E_TOO_LARGE, "%s: expected at most %" APR_SIZE_T_FMT " bytes, got %"
                         APR_SIZE_T_FMT, what, max_bytes, n);
    buf = apr_palloc(p, n + 1);
    if (!decode_digits(buf, text, s.digits, '+', '/'))
        return saml_fail(err, SAML_E_MALFORMED, "%s: the last base64 digit has bits set that belong to no octet",
                         what);
    *out = buf;
    *out_len = n;
    return SAML_OK;
}

saml_status_t saml_base64url_decode(const char **out, apr_size_t *out_len, const char *text, apr_size_t len,
                                    apr_pool_t *p, saml_err_t *err)
{
    apr_size_t n = len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0), i;
    char *buf;

    for (i = 0; i < len; i++)
        if (digit_value((unsigned char)text[i], '-', '_') == NO_DIGIT)
            return saml_fail(err, SAML_E_MALFORMED, "expected base64url, got %s at octet %" APR_SIZE_T_FMT,
                             saml_quote_bytes(err->pool, text + i, 1), i);
    if (len % 4 == 1)
        return saml_fail(err, SAML_E_MALFORMED, "base64url is cut off: got %" APR_SIZE_T_FMT " digits", len);
    buf = apr_palloc(p, n + 1);
    if (!decode_digits(buf, text, len, '-', '_'))
        return saml_fail(err, SAML_E_MALFORMED, "the last base64url digit has bits set that belong to no octet");
    *out = buf;
    *out_len = n;
    return SAML_OK;
}

/* ---- percent-encoding --------------------------------------------------- */

/* RFC 3986 2.3; spelled out, since isalnum() depends on the locale. */
static int is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
        || c == '-' || c == '.' || c == '_' || c == '~';
}

const char *saml_percent_encode(apr_pool_t *p, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = apr_palloc(p, strlen(text) * 3 + 1), *o = out;

    for (; *text; text++) {
        if (is_unreserved(*text)) {
            *o++ = *text;
            continue;
        }
        *o++ = '%';
        *o++ = hex[(unsigned char)*text >> 4];
        *o++ = hex[(unsigned char)*text & 15];
    }
    *o = '\0';
    return out;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : NO_DIGIT;
}

/* The octet that "%XX" at `text` stands for, or NO_DIGIT. */
static int escaped_octet(const char *text, apr_size_t left)
{
    int high, low;

    if (left < 3)
        return NO_DIGIT;
    high = hex_value(text[1]);
    low = hex_value(text[2]);
    return high == NO_DIGIT || low == NO_DIGIT ? NO_DIGIT : high << 4 | low;
}

saml_status_t saml_form_decode(const char **out, const char *text, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    char *buf = apr_palloc(p, len + 1), *o = buf;
    apr_size_t i;

    for (i = 0; i < len; i++) {
        int c = (unsigned char)text[i];

        if (c == '+') {
            c = ' ';
        }
        else if (c == '%') {
            c = escaped_octet(text + i, len - i);
            if (c == NO_DIGIT)
                return saml_fail(err, SAML_E_MALFORMED,
                                 "form value: expected \"%%\" and two hexadecimal digits, got %s",
                                 saml_quote_bytes(err->pool, text + i, len - i < 3 ? len - i : 3));
            i += 2;
        }
        if (c == '\0')
            return saml_fail(err, SAML_E_MALFORMED, "form value: a NUL octet cannot stand in it");
        *o++ = (char)c;
    }
    *o = '\0';
    *out = buf;
    return SAML_OK;
}

/* ---- parameters --------------------------------------------------------- */

/* Names are compared as they stand: an escaped spelling of a name is another name, to every reader alike. */
saml_status_t saml_param_find(saml_param_t *out, const char *query, apr_size_t len, const char *name, saml_err_t *err)
{
    apr_size_t name_len = strlen(name);
    const char *end = query + len, *s = query;
    saml_param_t found = { NULL, 0 };

    while (s < end) {
        const char *amp = memchr(s, '&', (apr_size_t)(end - s));
        const char *stop = amp ? amp : end;
        const char *eq = memchr(s, '=', (apr_size_t)(stop - s));
        const char *name_end = eq ? eq : stop;

        if ((apr_size_t)(name_end - s) == name_len && memcmp(s, name, name_len) == 0) {
            if (found.raw)
                return saml_fail(err, SAML_E_MALFORMED, "parameter %s: expected once, got it more than once", name);
            found.raw = eq ? eq + 1 : stop;
            found.raw_len = (apr_size_t)(stop - found.raw);
        }
        s = stop + 1;
    }
    *out = found;
    return SAML_OK;
}
