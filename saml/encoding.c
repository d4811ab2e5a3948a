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

/*
 * What each octet means as a digit: 64 and its value, or 0 for none. Each alphabet has two characters of its own; the table of the
 * other one knows nothing of them. A response has thousands of digits.
 */
#define V(n) (64 + (n))
#define DIGITS(plus, minus, slash, underscore) { \
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, plus, 0, minus, 0, slash, \
    V(52), V(53), V(54), V(55), V(56), V(57), V(58), V(59), V(60), V(61), 0, 0, 0, 0, 0, 0, \
    0, V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13), V(14), \
    V(15), V(16), V(17), V(18), V(19), V(20), V(21), V(22), V(23), V(24), V(25), 0, 0, 0, 0, underscore, \
    0, V(26), V(27), V(28), V(29), V(30), V(31), V(32), V(33), V(34), V(35), V(36), V(37), V(38), V(39), V(40), \
    V(41), V(42), V(43), V(44), V(45), V(46), V(47), V(48), V(49), V(50), V(51), 0, 0, 0, 0, 0 }

static const unsigned char standard[256] = DIGITS(V(62), 0, V(63), 0);
static const unsigned char url_safe[256] = DIGITS(0, V(62), 0, V(63));

#undef DIGITS
#undef V

static inline int digit_value(unsigned char c, const unsigned char *alphabet)
{
    return alphabet[c] ? alphabet[c] & 63 : NO_DIGIT;
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
        if (!s.padding && standard[(unsigned char)text[i]])
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
 * Decode the whole groups of four digits that `*text` begins with; white space may stand between groups.
 * @param text  moved to what is no such group
 * @return how many octets they make
 */
static apr_size_t decode_groups(char *out, const char **text, const char *end, const unsigned char *alphabet)
{
    const unsigned char *at = (const unsigned char *)*text, *last = (const unsigned char *)end;
    char *o = out;

    for (;;) {
        for (; last - at >= 4; at += 4, o += 3) {
            unsigned a = alphabet[at[0]], b = alphabet[at[1]], c = alphabet[at[2]], d = alphabet[at[3]];

            if (!(a & b & c & d & 64))
                break;
            o[0] = (char)(a << 2 | (b >> 4 & 3));
            o[1] = (char)(b << 4 | (c >> 2 & 15));
            o[2] = (char)(c << 6 | (d & 63));
        }
        if (at == last || !is_xml_space((char)*at))
            break;
        at++;
    }
    *text = (const char *)at;
    return (apr_size_t)(o - out);
}

/**
 * Decode `digits` digits of `text`, skipping all else.
 * @return 0 when the unused bits of the last digit are not zero (RFC 4648 3.5: two texts would mean one value)
 */
static int decode_digits(char *out, const char *text, apr_size_t digits, const unsigned char *alphabet)
{
    unsigned long v = 0;
    unsigned bits = 0;

    while (digits) {
        int d = digit_value((unsigned char)*text++, alphabet);

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
    const char *rest = text;
    char *buf = apr_palloc(p, len / 4 * 3 + 4);
    apr_size_t first = decode_groups(buf, &rest, text + len, standard);
    shape_t s = base64_shape(rest, len - (apr_size_t)(rest - text));
    apr_size_t n = first + s.digits / 4 * 3 + (s.digits % 4 ? s.digits % 4 - 1 : 0);

    s.digits += first / 3 * 4;
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
    if (!decode_digits(buf + first, rest, s.digits - first / 3 * 4, standard))
        return saml_fail(err, SAML_E_MALFORMED, "%s: the last base64 digit has bits set that belong to no octet",
                         what);
    *out = buf;
    *out_len = n;
    return SAML_OK;
}

saml_status_t saml_base64url_decode(const char **out, apr_size_t *out_len, const char *text, apr_size_t len,
                                    apr_pool_t *p, saml_err_t *err)
{
    apr_size_t n = len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0), first, i;
    const char *rest;
    char *buf;

    for (i = 0; i < len; i++)
        if (!url_safe[(unsigned char)text[i]])
            return saml_fail(err, SAML_E_MALFORMED, "expected base64url, got %s at octet %" APR_SIZE_T_FMT,
                             saml_quote_bytes(err->pool, text + i, 1), i);
    if (len % 4 == 1)
        return saml_fail(err, SAML_E_MALFORMED, "base64url is cut off: got %" APR_SIZE_T_FMT " digits", len);
    buf = apr_palloc(p, n + 1);
    rest = text;
    first = decode_groups(buf, &rest, text + len, url_safe);
    if (!decode_digits(buf + first, rest, len - (apr_size_t)(rest - text), url_safe))
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
        int c;

        while (i < len && (unsigned char)text[i] > '+')     /* which "%" and NUL are before, too */
            *o++ = text[i++];
        if (i == len)
            break;
        c = (unsigned char)text[i];
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
