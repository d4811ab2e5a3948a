/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From claims to what an application sees: session record, headers, environment. The input is records, each ended by NUL:
 * a letter and what belongs to it.
 *     n VALUE     the name ID                         a NAME   a further attribute    v VALUE  a value of the last one
 *     h NAME: CLAIM encode separator   a SAMLHeader   r NAME: VALUE   a header that the client sent
 *     g LINES  a file of group names
 */
#include <apr_hash.h>
#include <apr_lib.h>
#include "fuzz/fuzz.h"
#include "sso/cookie.h"
#include "sso/groups.h"
#include "sso/headers.h"
#include "sso/user.h"

module AP_MODULE_DECLARE_DATA saml_sso_module;

/* ---- what the rest of the glue brings ------------------------------------- */

static sso_managed_t managed;
static const apr_array_header_t *configured;

const sso_managed_t *sso_managed(void)
{
    return &managed;
}

const apr_array_header_t *sso_headers(const sso_dir_t *dir)
{
    (void)dir;
    return configured;
}

static sso_app_t app;
static sso_request_t request;

const sso_app_t *sso_app_of(const request_rec *r)
{
    (void)r;
    return &app;
}

sso_request_t *sso_request_of(request_rec *r)
{
    (void)r;
    return &request;
}

int sso_env_is_on(const sso_dir_t *dir)
{
    (void)dir;
    return 1;
}

void ap_log_rerror_(const char *file, int line, int module_index, int level, apr_status_t status, const request_rec *r,
                    const char *fmt, ...)
{
    (void)file;
    (void)line;
    (void)module_index;
    (void)level;
    (void)status;
    (void)r;
    (void)fmt;
}

int ap_cstr_casecmp(const char *a, const char *b)
{
    return strcasecmp(a, b);
}

int ap_cstr_casecmpn(const char *a, const char *b, apr_size_t len)
{
    return strncasecmp(a, b, len);
}

/* ---- reading the input ----------------------------------------------------- */

typedef struct {
    saml_login_t login;
    apr_array_header_t *headers;        /* sso_header_t */
    apr_table_t *came;
    saml_group_map_t *map;              /* or NULL */
} scene_t;

static int is_printable(const char *text)
{
    for (; *text; text++) {
        if (*text < 0x20 || *text >= 0x7f)
            return 0;
    }
    return 1;
}

/* What the directive's setter lets through, "NAME: CLAIM encode separator". */
static void add_header(scene_t *scene, char *text)
{
    static const char *const encodes[] = { "none", "percent", "base64" };
    sso_header_t header = { .separator = ";" };
    char *claim = strstr(text, ": "), *encode, *separator;
    int i;

    if (!claim || !is_printable(text))
        return;
    *claim = '\0';
    claim += 2;
    encode = strchr(claim, ' ');
    separator = encode ? strchr(encode + 1, ' ') : NULL;
    if (encode)
        *encode++ = '\0';
    if (separator)
        *separator++ = '\0';
    if (!apr_isalpha(*text) || text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")])
        return;
    for (i = 0; encode && i < 3; i++)
        header.encode = strcmp(encode, encodes[i]) == 0 ? (sso_encode_t)i : header.encode;
    header.first_only = encode && strcmp(encode, "first") == 0;
    header.header = text;
    header.claim = claim;
    if (separator && *separator && strlen(separator) <= 8 && !separator[strcspn(separator, "0123456789ABCDEF%")])
        header.separator = separator;
    sso_header_settle(&header);
    if (*claim)
        APR_ARRAY_PUSH(scene->headers, sso_header_t) = header;
}

/* RFC 9110 5.6.2 */
static int is_token(const char *name)
{
    for (; *name; name++) {
        if (!apr_isalnum(*name) && !strchr("!#$%&'*+-.^_`|~", *name))
            return 0;
    }
    return 1;
}

/* A header as httpd's own parser would let it in: a token, and a value without control octets. */
static void add_came(scene_t *scene, char *text, apr_pool_t *p)
{
    char *value = strchr(text, ':'), *c;

    if (!value || value == text)
        return;
    *value++ = '\0';
    if (!is_token(text))
        return;
    for (c = value; *c; c++) {
        if (apr_iscntrl(*c) && *c != '\t')
            *c = ' ';
    }
    apr_table_addn(scene->came, text, apr_pstrdup(p, value));
}

static void add_attribute(scene_t *scene, const char *name, apr_pool_t *p)
{
    saml_attribute_t *attribute;
    int i;

    /* assertion.c makes one of those that have the same name. */
    for (i = 0; i < scene->login.attributes->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(scene->login.attributes, i, saml_attribute_t).name, name) == 0)
            return;
    }
    attribute = apr_array_push(scene->login.attributes);
    memset(attribute, 0, sizeof(*attribute));
    attribute->name = name;
    attribute->values = apr_array_make(p, 4, sizeof(const char *));
}

static void read_map(scene_t *scene, const char *text, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };
    saml_group_map_t *map;

    if (saml_group_map_read(&map, text, strlen(text), "scene", p, &err) == SAML_OK)
        scene->map = map;
}

static void read_scene(scene_t *scene, const uint8_t *data, size_t size, apr_pool_t *p)
{
    char *at = apr_pstrmemdup(p, (const char *)data, size), *end = at + size;
    int last;

    memset(scene, 0, sizeof(*scene));
    scene->login.name_id.value = "ada@example.org";
    scene->login.attributes = apr_array_make(p, 8, sizeof(saml_attribute_t));
    scene->headers = apr_array_make(p, 8, sizeof(sso_header_t));
    scene->came = apr_table_make(p, 8);
    for (; at < end; at += strlen(at) + 1) {
        char *text = apr_pstrdup(p, *at ? at + 1 : at);

        last = scene->login.attributes->nelts - 1;
        if (*at == 'n' && *text)
            scene->login.name_id.value = text;
        else if (*at == 'a' && *text)
            add_attribute(scene, text, p);
        else if (*at == 'v' && last >= 0)
            APR_ARRAY_PUSH(APR_ARRAY_IDX(scene->login.attributes, last, saml_attribute_t).values, const char *) = text;
        else if (*at == 'h')
            add_header(scene, text);
        else if (*at == 'r')
            add_came(scene, text, p);
        else if (*at == 'g')
            read_map(scene, text, p);
    }
}

/* ---- what must be true: the record ----------------------------------------- */

/* How many pieces a reader gets who cuts at each separator, from the left. */
static int pieces(const char *text, const char *separator)
{
    int count = 1;

    while ((text = strstr(text, separator))) {
        text += strlen(separator);
        count++;
    }
    return count;
}

static void check_attribute(const sso_attribute_t *got, const saml_attribute_t *want, apr_hash_t *seen, apr_pool_t *p)
{
    const char *value = sso_session_values(got, p), *c;
    int i;

    FUZZ_MUST(strcmp(got->name, want->name) == 0 && got->value_count == want->values->nelts);
    for (i = 0; i < got->value_count; i++, value = sso_session_next_value(value))
        FUZZ_MUST(strcmp(value, APR_ARRAY_IDX(want->values, i, const char *)) == 0);
    FUZZ_MUST(pieces(got->joined, ";") == (got->value_count ? got->value_count : 1));
    FUZZ_MUST(strncmp(got->env_name, "SAML_", 5) == 0 && got->env_name[5]);
    for (c = got->env_name; *c; c++)
        FUZZ_MUST((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_');
    FUZZ_MUST(!apr_hash_get(seen, got->env_name, APR_HASH_KEY_STRING));
    apr_hash_set(seen, got->env_name, APR_HASH_KEY_STRING, "");
}

static void check_record(const sso_session_t *s, const saml_login_t *login, apr_pool_t *p)
{
    apr_hash_t *seen = apr_hash_make(p);
    sso_attribute_t got, found;
    int i;

    apr_hash_set(seen, "SAML_NAMEID", APR_HASH_KEY_STRING, "");
    apr_hash_set(seen, "SAML_NAMEID_FORMAT", APR_HASH_KEY_STRING, "");
    apr_hash_set(seen, "SAML_AUTHN_CONTEXT", APR_HASH_KEY_STRING, "");
    FUZZ_MUST(strcmp(s->name_id, login->name_id.value) == 0 && s->attribute_count == login->attributes->nelts);
    for (i = 0; i < s->attribute_count; i++) {
        const saml_attribute_t *want = &APR_ARRAY_IDX(login->attributes, i, saml_attribute_t);

        sso_session_attribute(&got, s, i);
        check_attribute(&got, want, seen, p);
        FUZZ_MUST(sso_session_find(&found, s, want->name));
        /* A claim that calls itself "groups" never passes for the one that the alias names. */
        FUZZ_MUST(strcmp(found.name, want->name) == 0
                  || (saml_claim_uri(want->name) && strcmp(found.name, saml_claim_uri(want->name)) == 0));
    }
}

/* ---- what must be true: headers -------------------------------------------- */

/* As CGI writes a header's name, by another hand than headers.c. */
static char *cgi_name(const char *name, apr_pool_t *p)
{
    char *out = apr_pstrdup(p, name), *c;

    for (c = out; *c; c++)
        *c = ((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')) ? *c
             : (*c >= 'a' && *c <= 'z')                              ? (char)(*c - 32)
                                                                     : '_';
    return out;
}

static int is_ours(const char *name, apr_pool_t *p)
{
    int i;

    for (i = 0; i < managed.headers->nelts; i++) {
        if (strcmp(cgi_name(name, p), cgi_name(APR_ARRAY_IDX(managed.headers, i, const char *), p)) == 0)
            return 1;
    }
    return 0;
}

static int count_foreign(const apr_table_t *headers, apr_pool_t *p)
{
    const apr_array_header_t *entries = apr_table_elts(headers);
    int i, count = 0;

    for (i = 0; i < entries->nelts; i++) {
        const char *name = APR_ARRAY_IDX(entries, i, apr_table_entry_t).key;

        count += !is_ours(name, p) && strcasecmp(name, "Cookie") != 0 && strcasecmp(name, "Connection") != 0;
    }
    return count;
}

static void check_scrub(request_rec *r)
{
    const apr_array_header_t *entries;
    int before = count_foreign(r->headers_in, r->pool), i;
    sso_headers_seen_t seen = { 0, 0 };
    const char *own = sso_headers_scrub(r, &seen), *connection;
    char *name, *state;

    entries = apr_table_elts(r->headers_in);
    for (i = 0; i < entries->nelts; i++)
        FUZZ_MUST(!is_ours(APR_ARRAY_IDX(entries, i, apr_table_entry_t).key, r->pool));
    FUZZ_MUST(count_foreign(r->headers_in, r->pool) == before);
    connection = apr_table_get(r->headers_in, "Connection");
    /* What a proxy takes from it, whatever else it cuts at. */
    for (name = connection ? apr_strtok(apr_pstrdup(r->pool, connection), ", \t;\"()/:<=>?@[\\]{}", &state) : NULL; name;
         name = apr_strtok(NULL, ", \t;\"()/:<=>?@[\\]{}", &state))
        FUZZ_MUST(!is_token(name) || !is_ours(name, r->pool));
    FUZZ_MUST(!own || strstr(own, "__Host-saml"));
}

static void check_header(request_rec *r, const sso_session_t *s, const sso_header_t *header)
{
    const char *value = apr_table_get(r->headers_in, header->header), *c;
    sso_attribute_t attribute;

    if (!value)
        return;
    for (c = value; *c; c++)
        FUZZ_MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
    if (strcmp(header->claim, "user") == 0 || strcmp(header->claim, "nameid") == 0)
        return;
    FUZZ_MUST(sso_session_find(&attribute, s, header->claim));
    sso_groups_present(&attribute, r);
    FUZZ_MUST(attribute.value_count > 0);
    if (!header->first_only && pieces(value, header->separator) != attribute.value_count) {
        fprintf(stderr, "separator %s: %s is %d values\n", saml_quote(r->pool, header->separator),
                saml_quote(r->pool, value), attribute.value_count);
        FUZZ_MUST(pieces(value, header->separator) == attribute.value_count);
    }
}

/* What a name stands for is not a name of another; nothing comes twice by the map, and nothing else is lost. */
static void check_groups(request_rec *r, const sso_session_t *s)
{
    sso_attribute_t sent, seen;
    const char *value;
    int i;

    if (!app.group_map || !sso_session_find(&sent, s, "groups") || !sso_is_groups_claim(sent.name))
        return;
    seen = sent;
    sso_groups_present(&seen, r);
    FUZZ_MUST(seen.value_count <= sent.value_count);
    FUZZ_MUST(pieces(seen.joined, ";") == (seen.value_count ? seen.value_count : 1));
    for (i = 0, value = sso_session_values(&seen, r->pool); i < seen.value_count; i++, value = sso_session_next_value(value)) {
        const char *id = saml_group_map_id(app.group_map, value), *had = sso_session_values(&sent, r->pool);
        int j, found = 0;

        for (j = 0; j < sent.value_count; j++, had = sso_session_next_value(had))
            found |= (id ? strcasecmp(had, id) : strcmp(had, value)) == 0;      /* of a GUID, letter case says nothing */
        FUZZ_MUST(found);
    }
}

/* As variables: those that have a value, the name ID, and what headers were left out. */
static int exported(request_rec *r, const sso_session_t *s)
{
    sso_attribute_t attribute;
    int i, count = 1 + (apr_table_get(r->subprocess_env, "SAML_HEADERS_LEFT_OUT") != NULL);

    for (i = 0; i < s->attribute_count; i++) {
        sso_session_attribute(&attribute, s, i);
        sso_groups_present(&attribute, r);
        count += *attribute.joined != '\0';
    }
    return count;
}

static void check_export(request_rec *r, const sso_session_t *s)
{
    apr_array_header_t *claims = apr_array_make(r->pool, 1, sizeof(const char *));
    const sso_user_t how = { claims, 0, 0, NULL };
    sso_dir_t dir;
    const char *user, *c;
    int i;

    APR_ARRAY_PUSH(claims, const char *) = "nameid";
    memset(&dir, 0, sizeof(dir));
    user = sso_user_of_session(&how, s, r->pool);
    FUZZ_MUST(!user || strcmp(user, s->name_id) == 0);
    for (c = user ? user : "x"; *c; c++)
        FUZZ_MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
    r->user = (char *)(user ? user : "nobody");
    sso_headers_export(r, &dir, s);
    for (i = 0; i < configured->nelts; i++)
        check_header(r, s, &APR_ARRAY_IDX(configured, i, const sso_header_t));
    FUZZ_MUST(strcmp(apr_table_get(r->subprocess_env, "SAML_NAMEID"), s->name_id) == 0);
    FUZZ_MUST(apr_table_elts(r->subprocess_env)->nelts == exported(r, s));
    check_groups(r, s);
    sso_headers_withdraw(r);
    FUZZ_MUST(apr_is_empty_table(r->subprocess_env));
    for (i = 0; i < configured->nelts; i++)
        FUZZ_MUST(!apr_table_get(r->headers_in, APR_ARRAY_IDX(configured, i, const sso_header_t).header));
}

/* One name is configured once; config.c sees to that. */
static void manage(const scene_t *scene, apr_pool_t *p)
{
    apr_array_header_t *names = apr_array_make(p, 8, sizeof(const char *));
    apr_array_header_t *kept = apr_array_make(p, 8, sizeof(sso_header_t));
    apr_array_header_t *cookies = apr_array_make(p, 1, sizeof(sso_cookie_names_t));
    int i;

    managed.headers = names;
    managed.stems = apr_array_make(p, 1, sizeof(const char *));
    managed.left_out_s = apr_pcalloc(p, ((apr_size_t)scene->headers->nelts + 1) * sizeof(*managed.left_out_s));
    APR_ARRAY_PUSH(names, const char *) = "X-Remote-User";
    APR_ARRAY_PUSH(cookies, sso_cookie_names_t) = (sso_cookie_names_t){ "__Host-saml", "__Host-saml-state-" };
    managed.cookies = cookies;
    for (i = 0; i < scene->headers->nelts; i++) {
        const sso_header_t *header = &APR_ARRAY_IDX(scene->headers, i, sso_header_t);

        if (is_ours(header->header, p) || strcmp(cgi_name(header->header, p), "COOKIE") == 0
            || strcmp(cgi_name(header->header, p), "CONNECTION") == 0)
            continue;
        APR_ARRAY_PUSH(names, const char *) = header->header;
        APR_ARRAY_PUSH(kept, sso_header_t) = *header;
    }
    configured = kept;
    sso_managed_index(&managed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    saml_err_t err = { .pool = NULL };
    scene_t scene;
    sso_session_new_t from = { "|https://sp.example.org/saml/metadata", &scene.login, FUZZ_NOW, apr_time_from_sec(28800),
                               apr_time_from_sec(3600), 0 };
    sso_session_t s;
    conn_rec connection;
    server_rec server;
    request_rec r;
    void *record;
    apr_size_t len;
    saml_status_t status;

    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    read_scene(&scene, data, size, p);
    manage(&scene, p);
    memset(&request, 0, sizeof(request));
    app.group_map = scene.map;
    memset(&r, 0, sizeof(r));
    memset(&connection, 0, sizeof(connection));
    memset(&server, 0, sizeof(server));
    r.pool = p;
    r.connection = &connection;
    r.server = &server;
    r.headers_in = scene.came;
    r.subprocess_env = apr_table_make(p, 8);
    check_scrub(&r);
    status = sso_session_encode(&record, &len, &from, p, &err);
    if (status == SAML_OK) {
        FUZZ_MUST(sso_session_decode(&s, record, len, &err) == SAML_OK);
        check_record(&s, &scene.login, p);
        check_export(&r, &s);
    }
    else {
        FUZZ_MUST(status == SAML_E_TOO_LARGE);
        fuzz_check_refusal(status, &err);
    }
    apr_pool_destroy(p);
    return 0;
}
