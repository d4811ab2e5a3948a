/* SPDX-License-Identifier: Apache-2.0 */
/* From the octets of a session record to a session. session_record.h has their form. */

#include <string.h>
#include <apr_strings.h>
#include "session_record.h"

#define MAX_TIME       (APR_INT64_C(1) << 62)   /* so that two of them add up without overflow */
#define TEXT(text) text, sizeof(text) - 1

/* Only ever add at the end: records on disk refer to these by their place. */
const known_t sso_session_known[KNOWN_COUNT] = {
    { TEXT("http://schemas.microsoft.com/identity/claims/tenantid"), "SAML_TENANTID", "tenantid" },
    { TEXT("http://schemas.microsoft.com/identity/claims/objectidentifier"), "SAML_OBJECTID", "objectid" },
    { TEXT("http://schemas.microsoft.com/identity/claims/displayname"), "SAML_DISPLAYNAME", "displayname" },
    { TEXT("http://schemas.microsoft.com/identity/claims/identityprovider"), "SAML_IDENTITYPROVIDER", "identityprovider" },
    { TEXT("http://schemas.microsoft.com/claims/authnmethodsreferences"), "SAML_AUTHNMETHODS", "authnmethods" },
    { TEXT("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"), "SAML_GIVENNAME", "givenname" },
    { TEXT("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"), "SAML_SURNAME", "surname" },
    { TEXT("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"), "SAML_EMAIL", "email" },
    { TEXT("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"), "SAML_NAME", "name" },
    { TEXT("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"), "SAML_UPN", "upn" },
    { TEXT("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"), "SAML_GROUPS", "groups" },
    { TEXT("http://schemas.microsoft.com/ws/2008/06/identity/claims/role"), "SAML_ROLES", "roles" },
    { TEXT("http://schemas.microsoft.com/ws/2008/06/identity/claims/wids"), "SAML_WIDS", NULL },
    { TEXT(SAML_CLAIM_GROUPS_LINK), "SAML_GROUPS_OVERAGE", NULL },
    { TEXT(SAML_NAMEID_EMAIL), NULL, NULL },
    { TEXT(SAML_NAMEID_UNSPECIFIED), NULL, NULL },
    { TEXT(SAML_NAMEID_PERSISTENT), NULL, NULL },
    { TEXT(SAML_NAMEID_TRANSIENT), NULL, NULL },
    { TEXT("urn:oasis:names:tc:SAML:2.0:ac:classes:Password"), NULL, NULL },
    { TEXT("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"), NULL, NULL },
    { TEXT("urn:oasis:names:tc:SAML:2.0:ac:classes:X509"), NULL, NULL },
    { TEXT("urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"), NULL, NULL },
    { TEXT("http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod/password"), NULL, NULL },
    { TEXT("http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"), NULL, NULL },
    { TEXT("http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/x509"), NULL, NULL },
    { TEXT("http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/windows"), NULL, NULL },
    { TEXT("http://schemas.microsoft.com/claims/multipleauthn"), NULL, NULL }
};

/* Eight hexadecimal digits of four octets, the first in the lowest bits, all at a time: one by one they would show in each request. */
static inline apr_uint64_t digits_of(const char *from)
{
    const unsigned char *o = (const unsigned char *)from;
    apr_uint64_t x = (apr_uint32_t)o[0] | (apr_uint32_t)o[1] << 8 | (apr_uint32_t)o[2] << 16 | (apr_uint32_t)o[3] << 24;
    apr_uint64_t digits, letters;

    x = (x | x << 16) & APR_UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & APR_UINT64_C(0x00ff00ff00ff00ff);
    digits = (x >> 4 & APR_UINT64_C(0x000f000f000f000f)) | (x & APR_UINT64_C(0x000f000f000f000f)) << 8;
    letters = (digits + APR_UINT64_C(0x0606060606060606)) >> 4 & APR_UINT64_C(0x0101010101010101);
    return digits + APR_UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
}

static inline void put_digits(char *to, apr_uint64_t digits, int count)
{
#if APR_IS_BIGENDIAN
    for (; count > 0; --count, digits >>= 8)
        *to++ = (char)digits;
#else
    memcpy(to, &digits, (apr_size_t)count);
#endif
}

static void print_guid(char *to, const char *octets)
{
    apr_uint64_t first = digits_of(octets), second = digits_of(octets + 4), third = digits_of(octets + 8);

    put_digits(to, first, 8);
    put_digits(to + 9, second, 4);
    put_digits(to + 14, second >> 32, 4);
    put_digits(to + 19, third, 4);
    put_digits(to + 24, third >> 32, 4);
    put_digits(to + 28, digits_of(octets + 12), 8);
    to[8] = to[13] = to[18] = to[23] = '-';
    to[GUID_CHARS] = '\0';
}

/* ---- decode ------------------------------------------------------------- */

/* Where reading has come to, and where what is unpacked goes. */
typedef struct {
    const char *at;
    const char *end;
    char *to;
    char *to_end;
} reader_t;

static int is_time(apr_int64_t t)
{
    return t >= 0 && t < MAX_TIME;
}

static int header_is_sound(const header_t *h, apr_size_t len)
{
    return h->magic == RECORD_MAGIC && h->len == len && is_time(h->created) && is_time(h->seen) && is_time(h->expires)
        && is_time(h->idle) && is_time(h->authn_instant) && h->room <= MAX_OPEN_BYTES
        && h->attribute_count <= (len - sizeof(*h)) / sizeof(entry_t);
}

/* @return the place after it in the record, NULL: none ends there */
static const char *end_of_text(const char *at, const char *end)
{
    const char *nul = memchr(at, '\0', (apr_size_t)(end - at));

    return nul ? nul + 1 : NULL;
}

/*
 * One text that needs no unpacking; NULL where that is what it says. `place` gets its place in `known`, or OWN_NAME.
 * @return 0 where there is none
 */
static int take_text(const char **out, apr_uint32_t *place, reader_t *r)
{
    const char *at = r->at;

    *place = OWN_NAME;
    *out = NULL;
    if (at == r->end)
        return 0;
    if (*at == MARK_NONE) {
        r->at++;
        return 1;
    }
    if (*at == MARK_KNOWN) {
        if (r->end - at < 2 || (unsigned char)at[1] >= KNOWN_COUNT)
            return 0;
        *place = (unsigned char)at[1];
        *out = sso_session_known[*place].text;
        r->at += 2;
        return 1;
    }
    if (*at == MARK_GUID)
        return 0;
    if (*at == MARK_TEXT)
        at++;
    *out = at;
    r->at = end_of_text(at, r->end);
    return r->at != NULL;
}

static int take_required(const char **out, reader_t *r)
{
    apr_uint32_t place;

    return take_text(out, &place, r) && *out;
}

static int take_optional(const char **out, reader_t *r)
{
    apr_uint32_t place;

    return take_text(out, &place, r);
}

/* Room for `len` octets, or NULL. */
static char *take_room(reader_t *r, apr_size_t len)
{
    char *to = r->to;

    if (len > (apr_size_t)(r->to_end - to))
        return NULL;
    r->to += len;
    return to;
}

static int take_guid(const char **out, reader_t *r)
{
    char *to = take_room(r, GUID_CHARS + 1);

    if (!to || r->end - r->at < 1 + GUID_OCTETS)
        return 0;
    print_guid(to, r->at + 1);
    *out = to;
    r->at += 1 + GUID_OCTETS;
    return 1;
}

static int take_value(const char **out, reader_t *r)
{
    return r->at != r->end && *r->at == MARK_GUID ? take_guid(out, r) : take_required(out, r);
}

/* Whether `count` texts stand as they are from here, and if so, go behind them. */
static int skip_plain(reader_t *r, int count)
{
    const char *at = r->at;

    for (; count > 0; count--) {
        if (at == r->end || is_mark(*at))
            return 0;
        at = end_of_text(at, r->end);
        if (!at)
            return 0;
    }
    r->at = at;
    return 1;
}

/* Several values one behind another. @return where they end, or NULL */
static const char *take_list(const char **out, int count, reader_t *r)
{
    const char *value;

    *out = r->at;
    if (skip_plain(r, count))
        return r->at;
    *out = r->to;
    for (; count > 0; count--) {
        if (r->at != r->end && *r->at == MARK_GUID) {
            if (!take_guid(&value, r))
                return NULL;
        } else {
            apr_size_t len;
            char *to;

            if (!take_required(&value, r))
                return NULL;
            len = strlen(value) + 1;
            to = take_room(r, len);
            if (!to)
                return NULL;
            memcpy(to, value, len);
        }
    }
    return r->to;
}

/* The values from `values` to `end` with ";" between them. */
static int join_plain(const char **out, const char *values, const char *end, int count, reader_t *r)
{
    apr_size_t len = (apr_size_t)(end - values);
    char *to = take_room(r, len);

    if (!to)
        return 0;
    memcpy(to, values, len);
    *out = to;
    for (; count > 1; count--) {
        to += strlen(to);
        *to++ = ';';
    }
    return 1;
}

/*
 * A ';' inside a value is written as %3B: an application that splits at ';' must never find a group that was not sent.
 * A backslash before it would not do, and backslashes stay as they are: CORP\Name is how on-premises groups are called.
 */
static int join_escaped(const char **out, const char *values, const char *end, reader_t *r)
{
    *out = r->to;
    for (; values < end; values++) {
        const char *octets = *values == ';' ? "%3B" : *values || values + 1 == end ? values : ";";
        apr_size_t len = *values == ';' ? 3 : 1;
        char *to = take_room(r, len);

        if (!to)
            return 0;
        memcpy(to, octets, len);
    }
    return 1;
}

static int take_values(sso_attribute_t *out, entry_t entry, reader_t *r)
{
    const char *end;

    out->value_count = (int)(entry & VALUE_COUNT);
    out->values = out->joined = "";
    if (out->value_count == 0)
        return 1;
    if (out->value_count == 1 && !(entry & HAS_SEMICOLON)) {
        if (!take_value(&out->values, r))
            return 0;
        out->joined = out->values;
        return 1;
    }
    end = take_list(&out->values, out->value_count, r);
    if (!end)
        return 0;
    return entry & HAS_SEMICOLON ? join_escaped(&out->joined, out->values, end, r)
                                 : join_plain(&out->joined, out->values, end, out->value_count, r);
}

static int take_attribute(sso_attribute_t *out, entry_t entry, reader_t *r)
{
    apr_uint32_t place = entry >> NAME_SHIFT;

    if (place == OWN_NAME) {
        if (!take_text(&out->name, &place, r) || !out->name || !take_required(&out->env_name, r))
            return 0;
        out->alias = place == OWN_NAME ? NULL : sso_session_known[place].alias;
    } else {
        if (place >= KNOWN_COUNT || !sso_session_known[place].env_name)
            return 0;
        out->name = sso_session_known[place].text;
        out->alias = sso_session_known[place].alias;
        out->env_name = sso_session_known[place].env_name;
    }
    return take_values(out, entry, r);
}

static int take_all(sso_session_t *out, apr_uint32_t count, reader_t *r, sso_attribute_t *attributes)
{
    const char *entries = r->at;
    apr_uint32_t i;

    r->at += count * sizeof(entry_t);
    if (!take_required(&out->app_id, r) || !take_required(&out->name_id, r) || !take_optional(&out->name_id_format, r)
        || !take_optional(&out->session_index, r) || !take_optional(&out->authn_context, r))
        return 0;
    for (i = 0; i < count; i++) {
        entry_t entry;

        memcpy(&entry, entries + i * sizeof(entry), sizeof(entry));
        if (!take_attribute(&attributes[i], entry, r))
            return 0;
    }
    return r->at == r->end;
}

static int open_record(sso_session_t *out, const header_t *h, const char *octets, apr_pool_t *p)
{
    apr_size_t table = h->attribute_count * sizeof(sso_attribute_t);
    char *memory = apr_palloc(p, table + h->room);
    reader_t reader = { octets + sizeof(*h), octets + h->len, memory + table, memory + table + h->room };

    out->attributes = (const sso_attribute_t *)(void *)memory;
    return take_all(out, h->attribute_count, &reader, (sso_attribute_t *)(void *)memory);
}

static int names_us(apr_uint32_t magic)
{
    return magic >> 8 == RECORD_MAGIC >> 8;
}

int sso_session_is_foreign(const void *record, apr_size_t len)
{
    apr_uint32_t magic, turned;

    if (len < sizeof(magic))
        return 0;
    memcpy(&magic, record, sizeof(magic));
    turned = (apr_uint32_t)(magic << 24 | (magic & 0xff00u) << 8 | (magic >> 8 & 0xff00u) | magic >> 24);
    return magic != RECORD_MAGIC && (names_us(magic) || names_us(turned));
}

saml_status_t sso_session_decode(sso_session_t *out, const void *record, apr_size_t len, saml_err_t *err)
{
    header_t h;

    if (!record || len <= sizeof(h) || len > SSO_MAX_RECORD_BYTES)
        return saml_fail(err, SAML_E_STORE, "session record: expected %d to %d octets, got %" APR_SIZE_T_FMT,
                         (int)sizeof(h) + 1, SSO_MAX_RECORD_BYTES, len);
    memcpy(&h, record, sizeof(h));
    if (!header_is_sound(&h, len) || !open_record(out, &h, record, err->pool))
        return saml_fail(err, SAML_E_STORE, "session record: expected one of version %u, sound throughout, got one of "
                         "another version or damaged (first octets %08x)", RECORD_MAGIC & 0xffu, h.magic);
    out->record = record;
    out->len = len;
    out->created = h.created;
    out->seen = h.seen;
    out->expires = h.expires;
    out->idle = h.idle;
    out->authn_instant = h.authn_instant;
    out->attribute_count = (int)h.attribute_count;
    return SAML_OK;
}

void sso_session_attribute(sso_attribute_t *out, const sso_session_t *s, int i)
{
    *out = s->attributes[i];
}

static int find_name(sso_attribute_t *out, const sso_session_t *s, const char *name)
{
    int i;

    for (i = 0; i < s->attribute_count; i++) {
        if (strcmp(s->attributes[i].name, name) == 0) {
            *out = s->attributes[i];
            return 1;
        }
    }
    return 0;
}

/* The way that every request takes several times: no comparison of long names that begin alike. */
static int find_alias(sso_attribute_t *out, const sso_session_t *s, const char *alias)
{
    int i;

    for (i = 0; i < s->attribute_count; i++) {
        const char *own = s->attributes[i].alias;

        if (own && own[0] == alias[0] && strcmp(own, alias) == 0) {
            *out = s->attributes[i];
            return 1;
        }
    }
    return 0;
}

int sso_session_find(sso_attribute_t *out, const sso_session_t *s, const char *name_or_alias)
{
    const char *uri;

    if (find_alias(out, s, name_or_alias))
        return 1;
    uri = saml_claim_uri(name_or_alias);
    return (uri && find_name(out, s, uri)) || find_name(out, s, name_or_alias);
}

const char *sso_session_next_value(const char *value)
{
    return value + strlen(value) + 1;
}

/* ---- lifetimes ---------------------------------------------------------- */

sso_session_state_t sso_session_state(const sso_session_t *s, apr_time_t now)
{
    if (now >= s->expires)
        return SSO_SESSION_EXPIRED;
    if (s->idle && now >= s->seen + s->idle)
        return SSO_SESSION_IDLE;
    return SSO_SESSION_LIVE;
}

apr_time_t sso_session_forget_at(const sso_session_t *s)
{
    apr_time_t idle_end = s->seen + s->idle;

    return s->idle && idle_end < s->expires ? idle_end : s->expires;
}

int sso_session_stamp_is_old(const sso_session_t *s, apr_time_t now)
{
    return s->idle && now > s->seen && now - s->seen >= s->idle / 10;
}

void *sso_session_stamped(const sso_session_t *s, apr_time_t now, apr_pool_t *p)
{
    char *copy = apr_pmemdup(p, s->record, s->len);
    apr_int64_t seen = now;

    memcpy(copy + offsetof(header_t, seen), &seen, sizeof(seen));
    return copy;
}
