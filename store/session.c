/* SPDX-License-Identifier: Apache-2.0 */
/* From a login to a session record. session_record.h has its form. */

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "session_record.h"

#define MAX_ENV_NAME   64

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
    char *name = apr_psprintf(p, ENV_PREFIX "%.*s", MAX_ENV_NAME, *part ? part : "ATTRIBUTE");
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

/* ---- object IDs ------------------------------------------------------------ */

/* Where in "a1a1a1a1-0000-4000-8000-000000000001" the two digits of each octet stand. */
static const unsigned char digits_at[GUID_OCTETS] = { 0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34 };

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Only what comes out again octet for octet: no upper case. */
static int parse_guid(char *octets, const char *text)
{
    int i;

    if (strlen(text) != GUID_CHARS || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        return 0;
    for (i = 0; i < GUID_OCTETS; i++) {
        int high = digit_of(text[digits_at[i]]), low = digit_of(text[digits_at[i] + 1]);

        if (high < 0 || low < 0)
            return 0;
        octets[i] = (char)(high << 4 | low);
    }
    return 1;
}

/* ---- encode ------------------------------------------------------------- */

/* Texts are appended; once something does not fit, nothing more is written and `full` stays. */
typedef struct {
    char *at;
    apr_size_t len;
    apr_size_t size;
    apr_size_t room;            /* as in the header */
    int full;
} writer_t;

static void append(writer_t *w, const char *octets, apr_size_t len)
{
    if (w->full || len > w->size - w->len) {
        w->full = 1;
        return;
    }
    memcpy(w->at + w->len, octets, len);
    w->len += len;
}

static void append_octet(writer_t *w, int value)
{
    char octet = (char)value;

    append(w, &octet, 1);
}

static apr_uint32_t known_place(const char *text)
{
    apr_size_t len = strlen(text);
    apr_uint32_t i;

    for (i = 0; i < KNOWN_COUNT; i++) {
        if (sso_session_known[i].len == len && memcmp(sso_session_known[i].text, text, len) == 0)
            return i;
    }
    return OWN_TEXT;
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

/* @return its word for the header */
static apr_uint32_t append_text(writer_t *w, const char *text)
{
    apr_uint32_t place = text ? known_place(text) : NO_TEXT;
    apr_size_t len;

    if (place != OWN_TEXT)
        return place << PLACE_SHIFT;
    len = strlen(text);
    append(w, text, len + 1);
    return OWN_TEXT << PLACE_SHIFT | (sso_has_control(text) ? TEXT_CONTROL : 0) | ((apr_uint32_t)len & TEXT_LENGTH);
}

static apr_size_t count_semicolons(const char *text)
{
    apr_size_t count = 0;

    for (; (text = strchr(text, ';')) != NULL; text++)
        count++;
    return count;
}

static int is_guid(const char *value)
{
    char octets[GUID_OCTETS];

    return parse_guid(octets, value);
}

static void append_packed(writer_t *w, const char *value)
{
    char octets[GUID_OCTETS];

    if (parse_guid(octets, value))
        append(w, octets, sizeof(octets));
    else
        append_octet(w, (int)known_place(value));
}

/*
 * A ';' inside a value is written as %3B: an application that splits at ';' must never find a group that was not sent.
 * A backslash before it would not do, and backslashes stay as they are: CORP\Name is how on-premises groups are called.
 */
static void append_joined(writer_t *w, const apr_array_header_t *values)
{
    int i;

    for (i = 0; i < values->nelts; i++) {
        const char *value = APR_ARRAY_IDX(values, i, const char *);
        apr_size_t len;

        if (i > 0)
            append_octet(w, ';');
        for (len = strcspn(value, ";"); value[len]; value += len + 1, len = strcspn(value, ";")) {
            append(w, value, len);
            append(w, "%3B", 3);
        }
        append(w, value, len);
    }
    append_octet(w, '\0');
}

static void append_list(writer_t *w, const apr_array_header_t *values)
{
    int i;

    for (i = 0; i < values->nelts; i++)
        append(w, APR_ARRAY_IDX(values, i, const char *), strlen(APR_ARRAY_IDX(values, i, const char *)) + 1);
}

/* What is to be said of the values. */
static entry_t describe(const apr_array_header_t *values)
{
    apr_size_t len = values->nelts > 1 ? (apr_size_t)values->nelts - 1 : 0;
    entry_t entry = { (apr_uint32_t)values->nelts & VALUE_COUNT, 0 };
    apr_uint32_t packed = values->nelts > 0 ? IS_GUIDS | IS_KNOWN : 0;
    int i;

    for (i = 0; i < values->nelts; i++) {
        const char *value = APR_ARRAY_IDX(values, i, const char *);
        apr_size_t semicolons = count_semicolons(value);

        packed &= is_guid(value) ? IS_GUIDS : known_place(value) != OWN_TEXT ? IS_KNOWN : 0;
        len += strlen(value) + 2 * semicolons;
        entry.what |= (semicolons ? HAS_SEMICOLON : 0) | (sso_has_control(value) ? HAS_CONTROL : 0);
    }
    entry.what |= packed;
    entry.len = (apr_uint32_t)(len < MAX_OPEN_BYTES ? len : MAX_OPEN_BYTES);
    return entry;
}

static entry_t append_values(writer_t *w, const apr_array_header_t *values)
{
    entry_t entry = describe(values);
    int i;

    if (entry.what & (IS_GUIDS | IS_KNOWN)) {
        for (i = 0; i < values->nelts; i++)
            append_packed(w, APR_ARRAY_IDX(values, i, const char *));
        w->room += entry.len + 1;
        return entry;
    }
    append_joined(w, values);
    if (entry.what & HAS_SEMICOLON)
        append_list(w, values);
    return entry;
}

static void write_attributes(writer_t *w, const apr_array_header_t *attributes, apr_pool_t *p)
{
    const char **names = env_names(attributes, p);
    int i;

    for (i = 0; i < attributes->nelts && !w->full; i++) {
        const saml_attribute_t *attribute = &APR_ARRAY_IDX(attributes, i, saml_attribute_t);
        apr_uint32_t place = known_place(attribute->name);
        entry_t entry;

        if (place != OWN_TEXT && (!sso_session_known[place].env_name || strcmp(sso_session_known[place].env_name, names[i]) != 0))
            place = OWN_TEXT;
        if (place == OWN_TEXT) {
            append(w, attribute->name, strlen(attribute->name) + 1);
            append(w, names[i], strlen(names[i]) + 1);
        }
        entry = append_values(w, attribute->values);
        entry.what |= place << PLACE_SHIFT;
        memcpy(w->at + sizeof(header_t) + (apr_size_t)i * sizeof(entry), &entry, sizeof(entry));
    }
}

static void write_header(writer_t *w, const sso_session_new_t *from, const apr_uint32_t *texts)
{
    const saml_login_t *login = from->login;
    header_t h;

    memset(&h, 0, sizeof(h));
    h.magic = RECORD_MAGIC;
    h.len = (apr_uint32_t)w->len;
    h.created = h.seen = from->now;
    h.expires = from->now + from->lifetime;
    if (login->session_not_on_or_after && login->session_not_on_or_after < h.expires)
        h.expires = login->session_not_on_or_after;
    h.idle = from->idle;
    h.step_up = from->step_up;
    h.authn_instant = login->authn_instant > 0 ? login->authn_instant : 0;
    h.attribute_count = (apr_uint32_t)login->attributes->nelts;
    h.room = (apr_uint32_t)w->room;
    memcpy(h.texts, texts, sizeof(h.texts));
    memcpy(w->at, &h, sizeof(h));
}

/* An upper bound of what these take: packed is shorter; joined, and where that is not enough to tell them by, one by one. */
static apr_size_t values_size(const apr_array_header_t *values)
{
    apr_size_t joined = 1, listed = 0, semicolons = 0;
    int i;

    for (i = 0; i < values->nelts; i++) {
        const char *value = APR_ARRAY_IDX(values, i, const char *);

        listed += strlen(value) + 1;
        semicolons += count_semicolons(value);
    }
    joined += listed + 2 * semicolons;
    return semicolons ? joined + listed : joined;
}

/* So that a small session does not need the largest buffer. */
static apr_size_t texts_size(const sso_session_new_t *from)
{
    const saml_login_t *login = from->login;
    const char *const own[] = { from->app_id, login->name_id.value, login->name_id.format, login->name_id.name_qualifier,
                                login->name_id.sp_name_qualifier, login->session_index, login->context_class };
    apr_size_t size = 0, k;
    int i;

    for (k = 0; k < sizeof(own) / sizeof(own[0]); k++)
        size += own[k] ? strlen(own[k]) + 1 : 0;
    for (i = 0; i < login->attributes->nelts; i++) {
        const saml_attribute_t *attribute = &APR_ARRAY_IDX(login->attributes, i, saml_attribute_t);

        size += strlen(attribute->name) + 2 + MAX_ENV_NAME + 32 + values_size(attribute->values);
    }
    return size;
}

saml_status_t sso_session_encode(void **record, apr_size_t *len, const sso_session_new_t *from, apr_pool_t *p,
                                 saml_err_t *err)
{
    const saml_login_t *login = from->login;
    apr_size_t start = sizeof(header_t) + (apr_size_t)login->attributes->nelts * sizeof(entry_t);
    apr_uint32_t texts[TEXT_COUNT] = { 0 };
    writer_t w = { .len = start };

    w.size = start + texts_size(from);
    w.size = w.size < SSO_MAX_RECORD_BYTES ? w.size : SSO_MAX_RECORD_BYTES;
    w.full = start >= w.size;
    if (!w.full) {
        w.at = apr_palloc(p, w.size);
        texts[TEXT_APP_ID] = append_text(&w, from->app_id);
        texts[TEXT_NAME_ID] = append_text(&w, login->name_id.value);
        texts[TEXT_NAME_ID_FORMAT] = append_text(&w, login->name_id.format);
        texts[TEXT_NAME_QUALIFIER] = append_text(&w, login->name_id.name_qualifier);
        texts[TEXT_SP_NAME_QUALIFIER] = append_text(&w, login->name_id.sp_name_qualifier);
        texts[TEXT_SESSION_INDEX] = append_text(&w, login->session_index);
        texts[TEXT_AUTHN_CONTEXT] = append_text(&w, login->context_class);
        write_attributes(&w, login->attributes, p);
    }
    if (w.full || w.room > MAX_OPEN_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "session of %d attributes: expected at most %d octets, got more",
                         login->attributes->nelts, SSO_MAX_RECORD_BYTES);
    write_header(&w, from, texts);
    *record = w.at;
    *len = w.len;
    return SAML_OK;
}
