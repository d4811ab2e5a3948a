/* SPDX-License-Identifier: Apache-2.0 */
#include "headers.h"

#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "saml/binding.h"
#include "saml/clock.h"
#include "cookie.h"
#include "groups.h"
#include "header_budget.h"
#include "header_text.h"

/* What a header may be by how it begins: bits of sso_managed_t begins. */
#define BEGINS_OURS 1u          /* one that is for nobody but us to send */
#define BEGINS_SEEN 2u          /* one that the scrub looks at */

static void mark_beginning(sso_managed_t *managed, const char *name, unsigned char bit)
{
    int c;

    for (c = 0; c < 256; ++c) {
        if (sso_header_fold((char)c) == sso_header_fold(name[0]))
            managed->begins[c] |= bit;
    }
}

void sso_managed_index(sso_managed_t *managed)
{
    static const char *const seen[] = { "Cookie", "Connection", "Upgrade", "Transfer-Encoding" };
    apr_size_t k;
    int i;

    memset(managed->begins, 0, sizeof(managed->begins));
    for (i = 0; i < managed->headers->nelts; ++i)
        mark_beginning(managed, APR_ARRAY_IDX(managed->headers, i, const char *), BEGINS_OURS);
    for (i = 0; i < managed->stems->nelts; ++i)
        mark_beginning(managed, APR_ARRAY_IDX(managed->stems, i, const char *), BEGINS_OURS);
    for (k = 0; k < sizeof(seen) / sizeof(seen[0]); ++k)
        mark_beginning(managed, seen[k], BEGINS_SEEN);
}

void sso_header_settle(sso_header_t *header)
{
    header->header_len = strlen(header->header);
    header->source = strcmp(header->claim, "user") == 0 ? SSO_FROM_USER : strcmp(header->claim, "nameid") == 0 ? SSO_FROM_NAME_ID
                                                                                                          : SSO_FROM_CLAIM;
}

/* Of one that may be ours by how it begins. */
static int is_in_list(const sso_managed_t *managed, const char *name)
{
    int i;

    for (i = 0; i < managed->headers->nelts; ++i) {
        if (sso_header_same(name, APR_ARRAY_IDX(managed->headers, i, const char *)))
            return 1;
    }
    for (i = 0; i < managed->stems->nelts; ++i) {
        if (sso_header_begins(name, APR_ARRAY_IDX(managed->stems, i, const char *)))
            return 1;
    }
    return 0;
}

static inline int is_ours(const sso_managed_t *managed, const char *name)
{
    return (managed->begins[(unsigned char)name[0]] & BEGINS_OURS) && is_in_list(managed, name);
}

int sso_header_is_ours(const char *name)
{
    return is_ours(sso_managed(), name);
}

/* Put what is left of the Cookie headers back, as one header (RFC 9113 8.2.3 joins them the same way). */
static void put_cookies_back(request_rec *r, const char *rest)
{
    if (rest)
        apr_table_setn(r->headers_in, "Cookie", rest);
    else
        apr_table_unset(r->headers_in, "Cookie");
}

/* What RFC 9110 5.6.2 lets a name be made of; whatever else stands in a list parts names, to one reader or another. */
static int is_token_char(char c)
{
    return apr_isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/*
 * A proxy takes out of a request what its Connection header names (RFC 9110 7.6.1), as httpd's own does after we have written our
 * headers: no client may name them. The names go, and what stands between them stays.
 */
static void free_connection(request_rec *r)
{
    const char *list;
    char *out, *to;

    list = apr_table_getm(r->pool, r->headers_in, "Connection");
    out = to = apr_palloc(r->pool, strlen(list) + 1);
    while (*list) {
        const char *name = list;
        apr_size_t len;

        while (is_token_char(*list))
            ++list;
        len = (apr_size_t)(list - name);
        if (len == 0) {
            *to++ = *list++;
        }
        else if (!sso_header_is_ours(apr_pstrmemdup(r->pool, name, len))) {
            memcpy(to, name, len);
            to += len;
        }
    }
    *to = '\0';
    apr_table_setn(r->headers_in, "Connection", out);
}

void sso_headers_withdraw(request_rec *r)
{
    const apr_array_header_t *managed = sso_managed()->headers;
    const apr_array_header_t *env = apr_table_elts(r->subprocess_env);
    apr_array_header_t *ours = apr_array_make(r->pool, 8, sizeof(const char *));
    int i;

    for (i = 0; i < managed->nelts; ++i)
        apr_table_unset(r->headers_in, APR_ARRAY_IDX(managed, i, const char *));
    for (i = 0; i < env->nelts; ++i) {
        const char *name = APR_ARRAY_IDX(env, i, apr_table_entry_t).key;

        if (strncmp(name, "SAML_", 5) == 0)
            APR_ARRAY_PUSH(ours, const char *) = name;
    }
    for (i = 0; i < ours->nelts; ++i)
        apr_table_unset(r->subprocess_env, APR_ARRAY_IDX(ours, i, const char *));
}

/* As it is mostly written, else in any letter case. */
static inline int is_named(const char *name, const char *as_written)
{
    return (name[0] | 0x20) == (as_written[0] | 0x20) && (strcmp(name, as_written) == 0 || ap_cstr_casecmp(name, as_written) == 0);
}

const char *sso_headers_scrub(request_rec *r, sso_headers_seen_t *seen)
{
    const apr_array_header_t *headers = apr_table_elts(r->headers_in);
    const apr_table_entry_t *entry = (const apr_table_entry_t *)headers->elts;
    const sso_managed_t *managed = sso_managed();
    const char **forged = NULL;
    const char *cookies = NULL, *own, *rest;
    int i, forged_count = 0, has_connection = 0;

    for (i = 0; i < headers->nelts; ++i) {
        if (!managed->begins[(unsigned char)entry[i].key[0]])
            continue;
        if (is_ours(managed, entry[i].key)) {
            if (!forged)
                forged = apr_palloc(r->pool, (apr_size_t)headers->nelts * sizeof(*forged));
            forged[forged_count++] = entry[i].key;
        }
        else if (is_named(entry[i].key, "Cookie")) {
            cookies = cookies ? apr_pstrcat(r->pool, cookies, "; ", entry[i].val, NULL) : entry[i].val;
        }
        else if (is_named(entry[i].key, "Connection")) {
            has_connection = 1;
        }
        else if (is_named(entry[i].key, "Upgrade")) {
            seen->upgrade = 1;
        }
        else if (is_named(entry[i].key, "Transfer-Encoding")) {
            seen->transfer_encoding = 1;
        }
    }
    for (i = 0; i < forged_count; ++i)
        apr_table_unset(r->headers_in, forged[i]);
    if (has_connection)
        free_connection(r);
    if (!cookies)
        return NULL;
    own = sso_cookies_split(&rest, cookies, managed->cookies, r->pool);
    if (own)
        put_cookies_back(r, rest);
    return own;
}

/*
 * How many octets at the end of `value` would read as a separator together with the one that follows it: of "a-" before "--", the
 * last; a reader who cuts at each separator from the left would cut too early.
 */
static apr_size_t overlap(const char *value, const char *separator)
{
    apr_size_t value_len = strlen(value), len = strlen(separator), k;

    for (k = len - 1; k > 0; --k) {
        if (k <= value_len && memcmp(value + value_len - k, separator, k) == 0
            && memcmp(separator + k, separator, len - k) == 0)
            return k;
    }
    return 0;
}

static char *put_escaped(char *to, const char *octets, apr_size_t len)
{
    for (; len; --len)
        to += apr_snprintf(to, 4, "%%%02X", (unsigned char)*octets++);
    return to;
}

/*
 * A separator inside a value would read as the end of it: a group named "a;admins" must not become two. It goes
 * percent-encoded, so that splitting at the separator gives just the values that were sent.
 */
static const char *shield_separator(apr_pool_t *p, const char *value, const char *separator)
{
    const char *at, *from = value;
    char *out, *to;
    apr_size_t len = strlen(separator), end;

    if (!strstr(value, separator) && !overlap(value, separator))
        return value;
    out = to = apr_palloc(p, 3 * strlen(value) + 1);
    while ((at = strstr(from, separator))) {
        memcpy(to, from, (apr_size_t)(at - from));
        to = put_escaped(to + (at - from), at, len);
        from = at + len;
    }
    end = overlap(from, separator);
    memcpy(to, from, strlen(from) - end);
    to = put_escaped(to + strlen(from) - end, from + strlen(from) - end, end);
    *to = '\0';
    return out;
}

static const char *encode(apr_pool_t *p, const char *value, const sso_header_t *header)
{
    if (!value)
        return NULL;
    switch (header->encode) {
    case SSO_ENCODE_PERCENT:
        return saml_percent_encode(p, value);
    case SSO_ENCODE_BASE64:
        return saml_base64_encode(p, value, strlen(value));
    case SSO_ENCODE_NONE:
        break;
    }
    return value;
}

static const char *join(apr_pool_t *p, const apr_array_header_t *parts, const char *separator)
{
    apr_size_t between = strlen(separator), len = 1;
    char *joined, *to;
    int i;

    for (i = 0; i < parts->nelts; ++i)
        len += strlen(APR_ARRAY_IDX(parts, i, const char *)) + between;
    joined = to = apr_palloc(p, len);
    for (i = 0; i < parts->nelts; ++i) {
        if (i)
            to = apr_cpystrn(to, separator, (apr_size_t)(joined + len - to));
        to = apr_cpystrn(to, APR_ARRAY_IDX(parts, i, const char *), (apr_size_t)(joined + len - to));
    }
    *to = '\0';
    return joined;
}

static const char *join_values(apr_pool_t *p, const sso_attribute_t *attribute, const sso_header_t *header)
{
    apr_array_header_t *parts = apr_array_make(p, attribute->value_count + 1, sizeof(const char *));
    const char *value = sso_session_values(attribute, p);
    int i;

    for (i = 0; i < attribute->value_count; ++i, value = sso_session_next_value(value)) {
        const char *part = encode(p, value, header);

        APR_ARRAY_PUSH(parts, const char *) = shield_separator(p, part, header->separator);
    }
    return join(p, parts, header->separator);
}

/* The default form, ";" between plain values, stands ready in the record. */
static int is_ready_made(const sso_header_t *header)
{
    return header->encode == SSO_ENCODE_NONE && header->separator[0] == ';' && !header->separator[1];
}

/** What goes into a header. */
typedef struct {
    const char *text;
    apr_size_t len;
    int has_control;
} value_t;

/* @return whether it has any octets */
static int take_text(value_t *out, const char *text)
{
    if (!text || !*text)
        return 0;
    *out = (value_t){ text, strlen(text), sso_has_control(text) };
    return 1;
}

static int take_user(value_t *out, request_rec *r, const sso_header_t *header)
{
    if (header->encode != SSO_ENCODE_NONE || !r->user || r->user != sso_request_of(r)->user)
        return take_text(out, encode(r->pool, r->user, header));
    *out = (value_t){ r->user, strlen(r->user), 0 };
    return out->len > 0;
}

static int take_name_id(value_t *out, const sso_session_t *session, const sso_header_t *header, apr_pool_t *p)
{
    if (header->encode != SSO_ENCODE_NONE)
        return take_text(out, encode(p, session->name_id, header));
    *out = (value_t){ session->name_id, strlen(session->name_id), session->name_id_has_control };
    return out->len > 0;
}

static int take_attribute(value_t *out, request_rec *r, const sso_attribute_t *attribute, const sso_header_t *header)
{
    if (attribute->value_count == 0)
        return 0;
    if (header->first_only)
        return take_text(out, encode(r->pool, sso_session_values(attribute, r->pool), header));
    if (!is_ready_made(header))
        return take_text(out, join_values(r->pool, attribute, header));
    *out = (value_t){ attribute->joined, attribute->joined_len, attribute->has_control };
    return out->len > 0;
}

static int take_value(value_t *out, request_rec *r, const sso_session_t *session, const sso_header_t *header, int has_map)
{
    sso_attribute_t attribute;

    if (header->source == SSO_FROM_USER)
        return take_user(out, r, header);
    if (header->source == SSO_FROM_NAME_ID)
        return take_name_id(out, session, header, r->pool);
    if (!sso_session_find(&attribute, session, header->claim))
        return 0;
    if (has_map)
        sso_groups_present(&attribute, r);
    return take_attribute(out, r, &attribute, header);
}

typedef void set_fn(apr_table_t *, const char *, const char *);

/*
 * APR looks for a name before it sets it. Where none of ours is in the table, which one look at it says, they are added: the scrub took
 * out those that came, so that there are some only where another module set them, or this is not the first place of the request.
 */
static set_fn *setter_of_headers(const apr_table_t *table)
{
    const apr_array_header_t *entries = apr_table_elts(table);
    const sso_managed_t *managed = sso_managed();
    int i;

    for (i = 0; i < entries->nelts; ++i) {
        if (is_ours(managed, APR_ARRAY_IDX(entries, i, apr_table_entry_t).key))
            return apr_table_setn;
    }
    return apr_table_addn;
}

/* @return the names of those that are left out, or NULL */
static const char *export_headers(request_rec *r, const sso_dir_t *dir, const sso_session_t *session, int has_map)
{
    const apr_array_header_t *headers = sso_headers(dir);
    sso_budget_t budget = { 0, NULL };
    set_fn *set = setter_of_headers(r->headers_in);
    value_t value;
    int i;

    for (i = 0; i < headers->nelts; ++i) {
        const sso_header_t *header = &APR_ARRAY_IDX(headers, i, const sso_header_t);

        if (!take_value(&value, r, session, header, has_map))
            continue;
        if (value.has_control) {
            ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                          "header %s is left out: claim \"%s\" has control characters, which no header can carry; "
                          "encode=percent or encode=base64 would carry it", header->header, header->claim);
            sso_budget_leave_out(&budget, r, header);
        }
        else if (sso_budget_takes(&budget, r, header, value.len)) {
            set(r->headers_in, header->header, value.text);
        }
    }
    return budget.left_out;
}

static int has_env_of_ours(const apr_table_t *env)
{
    const apr_array_header_t *entries = apr_table_elts(env);
    int i;

    for (i = 0; i < entries->nelts; ++i) {
        const char *name = APR_ARRAY_IDX(entries, i, apr_table_entry_t).key;

        if ((name[0] | 0x20) == 's' && strncasecmp(name, "SAML_", 5) == 0)
            return 1;
    }
    return 0;
}

/*
 * Names that begin alike share a bucket and a checksum in APR's tables, so that setting one looks at all before it. The names of one
 * session are all different: where there are none yet, they are simply added.
 */
static void export_env(request_rec *r, const sso_session_t *session, int has_map)
{
    set_fn *set = has_env_of_ours(r->subprocess_env) ? apr_table_setn : apr_table_addn;
    int i;

    set(r->subprocess_env, "SAML_NAMEID", session->name_id);
    if (session->name_id_format)
        set(r->subprocess_env, "SAML_NAMEID_FORMAT", session->name_id_format);
    if (session->authn_context)
        set(r->subprocess_env, "SAML_AUTHN_CONTEXT", session->authn_context);
    for (i = 0; i < session->attribute_count; ++i) {
        const sso_attribute_t *attribute = &session->attributes[i];
        sso_attribute_t presented;

        if (has_map) {
            presented = *attribute;
            sso_groups_present(&presented, r);
            attribute = &presented;
        }
        if (*attribute->joined)
            set(r->subprocess_env, attribute->env_name, attribute->joined);
    }
}

void sso_headers_export(request_rec *r, const sso_dir_t *dir, const sso_session_t *session)
{
    const sso_app_t *app = sso_app_of(r);
    int has_map = app && app->group_map;
    const char *left_out = export_headers(r, dir, session, has_map);

    if (!sso_env_is_on(dir))
        return;
    export_env(r, session, has_map);
    if (left_out)
        apr_table_setn(r->subprocess_env, "SAML_HEADERS_LEFT_OUT", left_out);
}
