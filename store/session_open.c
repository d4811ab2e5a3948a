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

/* The two digits of each octet: one by one they would show in each request. */
#define DIGITS_1(high, low) { high, low }
#define DIGITS_16(high) \
    DIGITS_1(high, '0'), DIGITS_1(high, '1'), DIGITS_1(high, '2'), DIGITS_1(high, '3'), DIGITS_1(high, '4'), DIGITS_1(high, '5'), \
    DIGITS_1(high, '6'), DIGITS_1(high, '7'), DIGITS_1(high, '8'), DIGITS_1(high, '9'), DIGITS_1(high, 'a'), DIGITS_1(high, 'b'), \
    DIGITS_1(high, 'c'), DIGITS_1(high, 'd'), DIGITS_1(high, 'e'), DIGITS_1(high, 'f')

static const char digits[256][2] = {
    DIGITS_16('0'), DIGITS_16('1'), DIGITS_16('2'), DIGITS_16('3'), DIGITS_16('4'), DIGITS_16('5'), DIGITS_16('6'), DIGITS_16('7'),
    DIGITS_16('8'), DIGITS_16('9'), DIGITS_16('a'), DIGITS_16('b'), DIGITS_16('c'), DIGITS_16('d'), DIGITS_16('e'), DIGITS_16('f')
};

static inline void put_digits(char *to, char octet)
{
    memcpy(to, digits[(unsigned char)octet], 2);
}

/* GUID_CHARS of them. */
static void print_guid(char *to, const char *octets)
{
    put_digits(to, octets[0]);
    put_digits(to + 2, octets[1]);
    put_digits(to + 4, octets[2]);
    put_digits(to + 6, octets[3]);
    put_digits(to + 9, octets[4]);
    put_digits(to + 11, octets[5]);
    put_digits(to + 14, octets[6]);
    put_digits(to + 16, octets[7]);
    put_digits(to + 19, octets[8]);
    put_digits(to + 21, octets[9]);
    put_digits(to + 24, octets[10]);
    put_digits(to + 26, octets[11]);
    put_digits(to + 28, octets[12]);
    put_digits(to + 30, octets[13]);
    put_digits(to + 32, octets[14]);
    put_digits(to + 34, octets[15]);
    to[8] = to[13] = to[18] = to[23] = '-';
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
        && is_time(h->idle) && is_time(h->authn_instant) && h->step_up <= SSO_STEP_UP_ALL && h->room <= MAX_OPEN_BYTES
        && h->attribute_count <= (len - sizeof(*h)) / sizeof(entry_t);
}

/* A text of that length, and its NUL. @return 0 where there is none */
static inline int take_octets(const char **out, apr_size_t len, reader_t *r)
{
    if (len >= (apr_size_t)(r->end - r->at) || r->at[len] != '\0')
        return 0;
    *out = r->at;
    r->at += len + 1;
    return 1;
}

/* One whose length nothing says. */
static int take_text(const char **out, reader_t *r)
{
    const char *nul = memchr(r->at, '\0', (apr_size_t)(r->end - r->at));

    return nul && take_octets(out, (apr_size_t)(nul - r->at), r);
}

/* What a word of the header is for; NULL where that is what it says. */
static inline int take_named(const char **out, apr_uint32_t word, reader_t *r)
{
    apr_uint32_t place = word >> PLACE_SHIFT;

    if (place == OWN_TEXT)
        return take_octets(out, word & TEXT_LENGTH, r);
    *out = place < KNOWN_COUNT ? sso_session_known[place].text : NULL;
    return place < KNOWN_COUNT || place == NO_TEXT;
}

static int take_header(sso_session_t *out, const header_t *h, reader_t *r)
{
    out->name_id_has_control = (h->texts[TEXT_NAME_ID] & TEXT_CONTROL) != 0;
    return take_named(&out->app_id, h->texts[TEXT_APP_ID], r) && out->app_id && take_named(&out->name_id, h->texts[TEXT_NAME_ID], r)
        && out->name_id && take_named(&out->name_id_format, h->texts[TEXT_NAME_ID_FORMAT], r)
        && take_named(&out->name_qualifier, h->texts[TEXT_NAME_QUALIFIER], r)
        && take_named(&out->sp_name_qualifier, h->texts[TEXT_SP_NAME_QUALIFIER], r)
        && take_named(&out->session_index, h->texts[TEXT_SESSION_INDEX], r)
        && take_named(&out->authn_context, h->texts[TEXT_AUTHN_CONTEXT], r);
}

/* Their text is as long as the entry says, as all of them are of one length. */
static int take_guids(sso_attribute_t *out, reader_t *r)
{
    apr_size_t count = (apr_size_t)out->value_count, len = count * (GUID_CHARS + 1);
    char *to = r->to, *end = to + len;

    if (count == 0 || out->joined_len != len - 1 || len > (apr_size_t)(r->to_end - to) || count * GUID_OCTETS > (apr_size_t)(r->end - r->at))
        return 0;
    out->joined = to;
    for (; to < end; to += GUID_CHARS + 1, r->at += GUID_OCTETS) {
        print_guid(to, r->at);
        to[GUID_CHARS] = ';';
    }
    end[-1] = '\0';
    r->to = end;
    return 1;
}

static int take_known(sso_attribute_t *out, reader_t *r)
{
    apr_size_t count = (apr_size_t)out->value_count, room = (apr_size_t)(r->to_end - r->to), i;
    char *to = r->to;

    if (count == 0 || count > (apr_size_t)(r->end - r->at) || out->joined_len >= room)
        return 0;
    room = out->joined_len + 1;
    out->joined = to;
    for (i = 0; i < count; i++) {
        apr_uint32_t place = (unsigned char)r->at[i];
        const known_t *known = place < KNOWN_COUNT ? &sso_session_known[place] : NULL;

        if (!known || known->len >= room)
            return 0;
        memcpy(to, known->text, known->len);
        to += known->len;
        *to++ = ';';
        room -= known->len + 1;
    }
    to[-1] = '\0';
    r->to = to;
    r->at += count;
    return room == 0;
}

static int take_list(sso_attribute_t *out, reader_t *r)
{
    const char *value;
    int i;

    out->listed = r->at;
    for (i = 0; i < out->value_count; i++) {
        if (!take_text(&value, r))
            return 0;
    }
    return out->value_count > 0;
}

static int take_values(sso_attribute_t *out, const entry_t *entry, reader_t *r)
{
    out->value_count = (int)(entry->what & VALUE_COUNT);
    out->has_control = (entry->what & HAS_CONTROL) / HAS_CONTROL;
    out->joined_len = entry->len;
    out->listed = NULL;
    if ((apr_size_t)out->value_count > out->joined_len + 1)
        return 0;
    if (entry->what & IS_GUIDS)
        return take_guids(out, r);
    if (entry->what & IS_KNOWN)
        return take_known(out, r);
    return take_octets(&out->joined, entry->len, r) && (!(entry->what & HAS_SEMICOLON) || take_list(out, r));
}

/*
 * It becomes a variable of CGI programs and FastCGI servers, some of which are commands to these: LD_PRELOAD, PHP_VALUE. Who can write into
 * a store that nodes share could be anybody here, and is not to run programs.
 */
static int is_env_name(const char *name)
{
    const char *c = name;

    if (strncmp(name, ENV_PREFIX, sizeof(ENV_PREFIX) - 1) != 0)
        return 0;
    while ((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_')
        c++;
    return *c == '\0';
}

static int take_attribute(sso_attribute_t *out, const entry_t *entry, reader_t *r)
{
    apr_uint32_t place = entry->what >> PLACE_SHIFT;

    if (place == OWN_TEXT) {
        if (!take_text(&out->name, r) || !take_text(&out->env_name, r) || !is_env_name(out->env_name))
            return 0;
        out->alias = NULL;
    } else {
        const known_t *known = place < KNOWN_COUNT ? &sso_session_known[place] : NULL;

        if (!known || !known->env_name)
            return 0;
        out->name = known->text;
        out->alias = known->alias;
        out->env_name = known->env_name;
    }
    return take_values(out, entry, r);
}

static int take_all(sso_session_t *out, const header_t *h, reader_t *r, sso_attribute_t *attributes)
{
    const char *entries = r->at;
    apr_uint32_t i;

    r->at += h->attribute_count * sizeof(entry_t);
    if (!take_header(out, h, r))
        return 0;
    for (i = 0; i < h->attribute_count; i++) {
        entry_t entry;

        memcpy(&entry, entries + i * sizeof(entry), sizeof(entry));
        if (!take_attribute(&attributes[i], &entry, r))
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
    return take_all(out, h, &reader, (sso_attribute_t *)(void *)memory);
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
    out->step_up = h.step_up;
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

/* The way that every request takes several times: the alias is mostly the very text that the table has. */
static int find_same_alias(sso_attribute_t *out, const sso_session_t *s, const char *alias)
{
    const sso_attribute_t *one = s->attributes, *end = one + s->attribute_count;

    for (; alias && one < end; one++) {
        if (one->alias == alias) {
            *out = *one;
            return 1;
        }
    }
    return 0;
}

static int find_alias(sso_attribute_t *out, const sso_session_t *s, const char *alias)
{
    int i;

    for (i = 0; i < s->attribute_count; i++) {
        const char *own = s->attributes[i].alias;

        if (own && strcmp(own, alias) == 0) {
            *out = s->attributes[i];
            return 1;
        }
    }
    return 0;
}

int sso_session_find(sso_attribute_t *out, const sso_session_t *s, const char *name_or_alias)
{
    const char *uri;

    if (find_same_alias(out, s, name_or_alias) || find_alias(out, s, name_or_alias))
        return 1;
    uri = saml_claim_uri(name_or_alias);
    return (uri && find_name(out, s, uri)) || find_name(out, s, name_or_alias);
}

const char *sso_session_values(const sso_attribute_t *attribute, apr_pool_t *p)
{
    apr_size_t len = attribute->joined_len, i;
    char *list;

    if (attribute->listed)
        return attribute->listed;
    if (attribute->value_count <= 1)
        return attribute->joined;
    /* Each value begins within it, also where the record says more of them than there are. */
    list = apr_pcalloc(p, len + 1 + (apr_size_t)attribute->value_count);
    for (i = 0; i < len; i++)
        list[i] = attribute->joined[i] == ';' ? '\0' : attribute->joined[i];
    return list;
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
