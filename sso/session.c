/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flat session record.
 *
 *     header | one entry for each attribute | strings, each ended by NUL
 *
 * Native byte order and no padding holes: the record lives in the memory or on the disk of one machine, or between
 * nodes of one kind; `magic` tells another byte order or version apart. A reference to a string is its offset, or,
 * with the top bit set, a place in `known`: the long URIs that every Entra session repeats stand there once and
 * not a million times. The last octet of a record is NUL, so that an offset inside it is all a string needs to be
 * safe to read; only attributes with several values have to be walked.
 */

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "session.h"
#include "store.h"

#define RECORD_MAGIC   0x53534f01u      /* "SSO", version 1 */
#define KNOWN          0x80000000u
#define NO_STRING      0u               /* an offset of 0 is the header's */
#define MAX_TIME       (APR_INT64_C(1) << 62)   /* so that two of them add up without overflow */
#define MAX_ENV_NAME   64

/* Only ever add at the end: records on disk refer to these by their place. */
static const struct {
    const char *text;
    const char *env_name;       /* the name it has as an attribute, or NULL */
    const char *alias;          /* its short name as a claim, or NULL */
} known[] = {
    { "http://schemas.microsoft.com/identity/claims/tenantid", "SAML_TENANTID", "tenantid" },
    { "http://schemas.microsoft.com/identity/claims/objectidentifier", "SAML_OBJECTID", "objectid" },
    { "http://schemas.microsoft.com/identity/claims/displayname", "SAML_DISPLAYNAME", "displayname" },
    { "http://schemas.microsoft.com/identity/claims/identityprovider", "SAML_IDENTITYPROVIDER", "identityprovider" },
    { "http://schemas.microsoft.com/claims/authnmethodsreferences", "SAML_AUTHNMETHODS", "authnmethods" },
    { "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "SAML_GIVENNAME", "givenname" },
    { "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "SAML_SURNAME", "surname" },
    { "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "SAML_EMAIL", "email" },
    { "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "SAML_NAME", "name" },
    { "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "SAML_UPN", "upn" },
    { "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "SAML_GROUPS", "groups" },
    { "http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "SAML_ROLES", "roles" },
    { "http://schemas.microsoft.com/ws/2008/06/identity/claims/wids", "SAML_WIDS", NULL },
    { SAML_CLAIM_GROUPS_LINK, "SAML_GROUPS_OVERAGE", NULL },
    { SAML_NAMEID_EMAIL, NULL, NULL },
    { SAML_NAMEID_UNSPECIFIED, NULL, NULL },
    { SAML_NAMEID_PERSISTENT, NULL, NULL },
    { SAML_NAMEID_TRANSIENT, NULL, NULL },
    { "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", NULL, NULL },
    { "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", NULL, NULL },
    { "urn:oasis:names:tc:SAML:2.0:ac:classes:X509", NULL, NULL },
    { "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified", NULL, NULL },
    { "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod/password", NULL, NULL }
};

#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

/* What the glue exports of its own accord: no claim may pass for it. */
static const char *const reserved[] = {
    "SAML_NAMEID", "SAML_NAMEID_FORMAT", "SAML_NAME_ID", "SAML_NAME_ID_FORMAT", "SAML_USER", "SAML_APPLICATION",
    "SAML_SESSION_INDEX", "SAML_SESSION_CREATED", "SAML_SESSION_EXPIRES", "SAML_AUTHN_INSTANT", "SAML_AUTHN_CONTEXT",
    "SAML_ISSUER", "SAML_HEADERS_LEFT_OUT", "SAML_GROUPS_OVERAGE",
    /* refusal.c: an ErrorDocument would take a claim's for a refusal's. */
    "SAML_ERROR_STATUS", "SAML_ERROR_REFERENCE", "SAML_ERROR_TITLE", "SAML_ERROR_SENTENCE", "SAML_ERROR_ADVICE", "SAML_ERROR_CODE",
    "SAML_ERROR_CODE_MEANING", "SAML_ERROR_CODE_FIX", "SAML_ERROR_CODE_URL", "SAML_ERROR_MESSAGE", "SAML_ERROR_RETRY",
    "SAML_ERROR_RETRY_URL"
};

typedef struct {
    apr_uint32_t magic;
    apr_uint32_t len;
    apr_int64_t created;
    apr_int64_t seen;
    apr_int64_t expires;
    apr_int64_t idle;
    apr_int64_t authn_instant;
    apr_uint32_t app_id;
    apr_uint32_t name_id;
    apr_uint32_t name_id_format;
    apr_uint32_t session_index;
    apr_uint32_t authn_context;
    apr_uint32_t attribute_count;
} header_t;

typedef struct {
    apr_uint32_t name;
    apr_uint32_t env_name;
    apr_uint32_t joined;
    apr_uint32_t values;
    apr_uint32_t value_count;
} entry_t;

/* ---- environment names -------------------------------------------------- */

/* What follows the last '/', '#' or ':' that has something behind it. */
static const char *last_segment(const char *name)
{
    const char *c, *segment = name;

    for (c = name; *c; c++) {
        if ((*c == '/' || *c == '#' || *c == ':') && c[1])
            segment = c + 1;
    }
    return segment;
}

static const char *env_name_of(const char *part, apr_pool_t *p)
{
    char *name = apr_psprintf(p, "SAML_%.*s", MAX_ENV_NAME, *part ? part : "ATTRIBUTE");
    char *c;

    for (c = name; *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
        else if (!((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')))
            *c = '_';
    }
    return name;
}

/* A name that is taken remembers where the search for the next free one got to, so that many alike do not cost their square. */
static void mark_taken(apr_hash_t *taken, const char *name, apr_pool_t *p)
{
    int *next = apr_palloc(p, sizeof(*next));

    *next = 2;
    apr_hash_set(taken, name, APR_HASH_KEY_STRING, next);
}

/* The first free of NAME, NAME_2, NAME_3 ... */
static const char *take_name(apr_hash_t *taken, const char *wanted, apr_pool_t *p)
{
    int *next = apr_hash_get(taken, wanted, APR_HASH_KEY_STRING);
    const char *name = wanted;

    while (next && apr_hash_get(taken, name, APR_HASH_KEY_STRING))
        name = apr_psprintf(p, "%s_%d", wanted, (*next)++);
    mark_taken(taken, name, p);
    return name;
}

/* Claims with an alias first: whatever else comes, SAML_GROUPS is the groups. */
static const char **env_names(const apr_array_header_t *attributes, apr_pool_t *p)
{
    const char **names = apr_pcalloc(p, (apr_size_t)(attributes->nelts + 1) * sizeof(*names));
    apr_hash_t *taken = apr_hash_make(p);
    apr_size_t k;
    int i;

    for (k = 0; k < sizeof(reserved) / sizeof(reserved[0]); k++)
        mark_taken(taken, reserved[k], p);
    for (i = 0; i < attributes->nelts; i++) {
        const char *alias = saml_claim_alias(APR_ARRAY_IDX(attributes, i, saml_attribute_t).name);

        if (alias)
            names[i] = take_name(taken, env_name_of(alias, p), p);
        else if (strcmp(APR_ARRAY_IDX(attributes, i, saml_attribute_t).name, SAML_CLAIM_GROUPS_LINK) == 0)
            names[i] = "SAML_GROUPS_OVERAGE";
    }
    for (i = 0; i < attributes->nelts; i++) {
        if (!names[i])
            names[i] = take_name(taken, env_name_of(last_segment(APR_ARRAY_IDX(attributes, i, saml_attribute_t).name),
                                                    p), p);
    }
    return names;
}

/* ---- encode ------------------------------------------------------------- */

/* Strings are appended; once something does not fit, nothing more is written and `full` stays. */
typedef struct {
    char *at;
    apr_size_t len;
    apr_size_t room;
    int full;
} writer_t;

static apr_uint32_t append(writer_t *w, const char *text, apr_size_t len)
{
    apr_uint32_t offset = (apr_uint32_t)w->len;

    if (w->full || len > w->room - w->len) {
        w->full = 1;
        return NO_STRING;
    }
    memcpy(w->at + w->len, text, len);
    w->len += len;
    return offset;
}

static apr_uint32_t known_place(const char *text, int as_env_name)
{
    apr_uint32_t i;

    for (i = 0; i < KNOWN_COUNT; i++) {
        const char *have = as_env_name ? known[i].env_name : known[i].text;

        if (have && strcmp(have, text) == 0)
            return KNOWN | i;
    }
    return NO_STRING;
}

static apr_uint32_t append_string(writer_t *w, const char *text)
{
    apr_uint32_t place;

    if (!text)
        return NO_STRING;
    place = known_place(text, 0);
    return place != NO_STRING ? place : append(w, text, strlen(text) + 1);
}

static apr_uint32_t append_env_name(writer_t *w, const char *env_name)
{
    apr_uint32_t place = known_place(env_name, 1);

    return place != NO_STRING ? place : append(w, env_name, strlen(env_name) + 1);
}

static apr_uint32_t append_values(writer_t *w, const apr_array_header_t *values)
{
    apr_uint32_t first = append(w, "", 0);
    int i;

    for (i = 0; i < values->nelts; i++) {
        const char *value = APR_ARRAY_IDX(values, i, const char *);

        append(w, value, strlen(value) + 1);
    }
    if (values->nelts == 0)
        append(w, "", 1);
    return first;
}

/*
 * A ';' inside a value is written as %3B: an application that splits at ';' must never find a group that was not sent.
 * A backslash before it would not do, and backslashes stay as they are: CORP\Name is how on-premises groups are called.
 */
static apr_uint32_t append_joined(writer_t *w, const apr_array_header_t *values)
{
    apr_uint32_t first = append(w, "", 0);
    int i;

    for (i = 0; i < values->nelts; i++) {
        const char *value = APR_ARRAY_IDX(values, i, const char *);

        if (i > 0)
            append(w, ";", 1);
        while (*value) {
            apr_size_t plain = strcspn(value, ";");

            append(w, value, plain);
            value += plain;
            if (*value) {
                append(w, "%3B", 3);
                value++;
            }
        }
    }
    append(w, "", 1);
    return first;
}

/* One value without ';' is its own joined form. */
static int is_joined_itself(const apr_array_header_t *values)
{
    return values->nelts == 0 || (values->nelts == 1 && !strchr(APR_ARRAY_IDX(values, 0, const char *), ';'));
}

static void write_attributes(writer_t *w, const apr_array_header_t *attributes, apr_pool_t *p)
{
    const char **names = env_names(attributes, p);
    int i;

    for (i = 0; i < attributes->nelts && !w->full; i++) {
        const saml_attribute_t *attribute = &APR_ARRAY_IDX(attributes, i, saml_attribute_t);
        entry_t entry;

        entry.name = append_string(w, attribute->name);
        entry.env_name = append_env_name(w, names[i]);
        entry.values = append_values(w, attribute->values);
        entry.joined = is_joined_itself(attribute->values) ? entry.values : append_joined(w, attribute->values);
        entry.value_count = (apr_uint32_t)attribute->values->nelts;
        memcpy(w->at + sizeof(header_t) + (apr_size_t)i * sizeof(entry), &entry, sizeof(entry));
    }
}

static void write_header(writer_t *w, const sso_session_new_t *from, int attribute_count)
{
    const saml_login_t *login = from->login;
    header_t h;

    memset(&h, 0, sizeof(h));
    h.magic = RECORD_MAGIC;
    h.created = h.seen = from->now;
    h.expires = from->now + from->lifetime;
    if (login->session_not_on_or_after && login->session_not_on_or_after < h.expires)
        h.expires = login->session_not_on_or_after;
    h.idle = from->idle;
    h.authn_instant = login->authn_instant > 0 ? login->authn_instant : 0;
    h.app_id = append(w, from->app_id, strlen(from->app_id) + 1);
    h.name_id = append(w, login->name_id.value, strlen(login->name_id.value) + 1);
    h.name_id_format = append_string(w, login->name_id.format);
    h.session_index = append_string(w, login->session_index);
    h.authn_context = append_string(w, login->context_class);
    h.attribute_count = (apr_uint32_t)attribute_count;
    h.len = (apr_uint32_t)w->len;
    memcpy(w->at, &h, sizeof(h));
}

/* An upper bound of what the strings take, so that a small session does not need the largest buffer. */
static apr_size_t strings_size(const sso_session_new_t *from)
{
    const saml_login_t *login = from->login;
    const char *const own[] = { from->app_id, login->name_id.value, login->name_id.format, login->session_index,
                                login->context_class };
    apr_size_t size = 0, k;
    int i, j;

    for (k = 0; k < sizeof(own) / sizeof(own[0]); k++)
        size += own[k] ? strlen(own[k]) + 1 : 0;
    for (i = 0; i < login->attributes->nelts; i++) {
        const saml_attribute_t *attribute = &APR_ARRAY_IDX(login->attributes, i, saml_attribute_t);

        size += strlen(attribute->name) + 1 + MAX_ENV_NAME + 32;
        for (j = 0; j < attribute->values->nelts; j++)
            size += 3 * (strlen(APR_ARRAY_IDX(attribute->values, j, const char *)) + 1);
    }
    return size + 2;
}

saml_status_t sso_session_encode(void **record, apr_size_t *len, const sso_session_new_t *from, apr_pool_t *p,
                                 saml_err_t *err)
{
    const apr_array_header_t *attributes = from->login->attributes;
    apr_size_t start = sizeof(header_t) + (apr_size_t)attributes->nelts * sizeof(entry_t);
    writer_t w;

    w.len = start;
    w.room = start + strings_size(from);
    w.room = w.room < SSO_MAX_RECORD_BYTES ? w.room : SSO_MAX_RECORD_BYTES;
    w.full = start >= w.room;
    if (!w.full) {
        w.at = apr_palloc(p, w.room);
        write_attributes(&w, attributes, p);
        write_header(&w, from, attributes->nelts);
    }
    if (w.full)
        return saml_fail(err, SAML_E_TOO_LARGE, "session of %d attributes: expected at most %d octets, got more",
                         attributes->nelts, SSO_MAX_RECORD_BYTES);
    *record = w.at;
    *len = w.len;
    return SAML_OK;
}

/* ---- decode ------------------------------------------------------------- */

/* Whether `ref` is a string behind the entries, or a known one. */
static int is_string(apr_uint32_t ref, apr_size_t first, apr_size_t len)
{
    return ref & KNOWN ? (ref & ~KNOWN) < KNOWN_COUNT : ref >= first && ref < len;
}

static int is_string_or_none(apr_uint32_t ref, apr_size_t first, apr_size_t len)
{
    return ref == NO_STRING || is_string(ref, first, len);
}

static const char *string_at(const char *record, apr_uint32_t ref)
{
    if (ref == NO_STRING)
        return NULL;
    return ref & KNOWN ? known[ref & ~KNOWN].text : record + ref;
}

static int is_time(apr_int64_t t)
{
    return t >= 0 && t < MAX_TIME;
}

static int header_is_sound(const header_t *h, apr_size_t len)
{
    return h->magic == RECORD_MAGIC && h->len == len && is_time(h->created) && is_time(h->seen) && is_time(h->expires)
        && is_time(h->idle) && is_time(h->authn_instant)
        && h->attribute_count < (len - sizeof(*h)) / sizeof(entry_t) + 1;
}

/* `count` strings that follow each other from `at`; the last octet before `end` is NUL. */
static int values_fit(const char *at, const char *end, apr_uint32_t count)
{
    if (count > (apr_size_t)(end - at))
        return 0;
    for (; count > 1; count--) {
        at = memchr(at, '\0', (apr_size_t)(end - at));
        if (!at || ++at >= end)
            return 0;
    }
    return 1;
}

static int entry_is_sound(const entry_t *e, const char *record, apr_size_t first, apr_size_t len)
{
    int env_ok = e->env_name & KNOWN
        ? (e->env_name & ~KNOWN) < KNOWN_COUNT && known[e->env_name & ~KNOWN].env_name != NULL
        : e->env_name >= first && e->env_name < len;

    return env_ok && is_string(e->name, first, len)
        && e->joined >= first && e->joined < len
        && e->values >= first && e->values < len
        && values_fit(record + e->values, record + len, e->value_count);
}

static void read_entry(entry_t *out, const char *record, int i)
{
    memcpy(out, record + sizeof(header_t) + (apr_size_t)i * sizeof(*out), sizeof(*out));
}

static int strings_are_sound(const header_t *h, const char *record, apr_size_t len)
{
    apr_size_t first = sizeof(*h) + h->attribute_count * sizeof(entry_t);
    apr_uint32_t i;
    entry_t entry;

    if (first >= len || record[len - 1] != '\0'
        || (h->app_id & KNOWN) || !is_string(h->app_id, first, len)
        || (h->name_id & KNOWN) || !is_string(h->name_id, first, len)
        || !is_string_or_none(h->name_id_format, first, len)
        || !is_string_or_none(h->session_index, first, len)
        || !is_string_or_none(h->authn_context, first, len))
        return 0;
    for (i = 0; i < h->attribute_count; i++) {
        read_entry(&entry, record, (int)i);
        if (!entry_is_sound(&entry, record, first, len))
            return 0;
    }
    return 1;
}

saml_status_t sso_session_decode(sso_session_t *out, const void *record, apr_size_t len, saml_err_t *err)
{
    const char *octets = record;
    header_t h;

    if (!record || len <= sizeof(h) || len > SSO_MAX_RECORD_BYTES)
        return saml_fail(err, SAML_E_STORE, "session record: expected %d to %d octets, got %" APR_SIZE_T_FMT,
                         (int)sizeof(h) + 1, SSO_MAX_RECORD_BYTES, len);
    memcpy(&h, octets, sizeof(h));
    if (!header_is_sound(&h, len) || !strings_are_sound(&h, octets, len))
        return saml_fail(err, SAML_E_STORE, "session record: expected one of version %u, sound throughout, got one of "
                         "another version or damaged (first octets %08x)", RECORD_MAGIC & 0xffu, h.magic);
    out->record = octets;
    out->len = len;
    out->app_id = string_at(octets, h.app_id);
    out->created = h.created;
    out->seen = h.seen;
    out->expires = h.expires;
    out->idle = h.idle;
    out->authn_instant = h.authn_instant;
    out->name_id = string_at(octets, h.name_id);
    out->name_id_format = string_at(octets, h.name_id_format);
    out->session_index = string_at(octets, h.session_index);
    out->authn_context = string_at(octets, h.authn_context);
    out->attribute_count = (int)h.attribute_count;
    return SAML_OK;
}

void sso_session_attribute(sso_attribute_t *out, const sso_session_t *s, int i)
{
    entry_t entry;

    read_entry(&entry, s->record, i);
    out->name = string_at(s->record, entry.name);
    out->env_name = entry.env_name & KNOWN ? known[entry.env_name & ~KNOWN].env_name : s->record + entry.env_name;
    out->value_count = (int)entry.value_count;
    out->joined = s->record + entry.joined;
    out->values = s->record + entry.values;
}

static int find_name(sso_attribute_t *out, const sso_session_t *s, const char *name)
{
    int i;

    for (i = 0; i < s->attribute_count; i++) {
        entry_t entry;

        read_entry(&entry, s->record, i);
        if (strcmp(string_at(s->record, entry.name), name) == 0) {
            sso_session_attribute(out, s, i);
            return 1;
        }
    }
    return 0;
}

/* The way that every request takes several times: no comparison of long names that begin alike. */
static int find_known(sso_attribute_t *out, const sso_session_t *s, const char *alias)
{
    apr_uint32_t place;
    entry_t entry;
    int i;

    for (place = 0; place < KNOWN_COUNT; place++) {
        if (known[place].alias && known[place].alias[0] == alias[0] && strcmp(known[place].alias, alias) == 0)
            break;
    }
    for (i = 0; place < KNOWN_COUNT && i < s->attribute_count; i++) {
        read_entry(&entry, s->record, i);
        if (entry.name == (KNOWN | place)) {
            sso_session_attribute(out, s, i);
            return 1;
        }
    }
    return 0;
}

int sso_session_find(sso_attribute_t *out, const sso_session_t *s, const char *name_or_alias)
{
    const char *uri;

    if (find_known(out, s, name_or_alias))
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
