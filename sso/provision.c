/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include <apr_strings.h>
#include <jansson.h>

#include "config.h"
#include "saml/claims.h"
#include "saml/fetch.h"
#include "saml/json.h"
#include "user.h"

/*
 * What the backend has heard is kept as a mark: under a key of application and user, a digest of what was sent. Who signs on with the
 * same claims is let in without asking; what differs with every sign-on is sent and stays out of the digest.
 */

#define TIMEOUT_S 5
#define MAX_ANSWER_BYTES (64 * 1024)
#define MAX_SHOWN_CHARS 300
#define MARK_LIFETIME_S (400 * 86400)
#define MARK_RENEWAL_S (40 * 86400)     /* one write in so long, not one for each sign-on */

/* ---- what is sent ------------------------------------------------------------ */

static void add(apr_array_header_t *out, const char *text)
{
    APR_ARRAY_PUSH(out, const char *) = text;
}

static void add_string(apr_array_header_t *out, const char *text)
{
    add(out, saml_json_string(out->pool, text));
}

static void add_list(apr_array_header_t *out, const apr_array_header_t *values)
{
    add(out, "[");
    for (int i = 0; values && i < values->nelts; i++) {
        if (i > 0)
            add(out, ",");
        add_string(out, APR_ARRAY_IDX(values, i, const char *));
    }
    add(out, "]");
}

static void add_claims(apr_array_header_t *out, const apr_array_header_t *attributes)
{
    add(out, "{");
    for (int i = 0; attributes && i < attributes->nelts; i++) {
        const saml_attribute_t *claim = &APR_ARRAY_IDX(attributes, i, saml_attribute_t);

        if (i > 0)
            add(out, ",");
        add_string(out, claim->name);
        add(out, ":");
        add_list(out, claim->values);
    }
    add(out, "}");
}

/* @param user  of SAMLUser as it holds at the endpoint, which is that of the virtual host mostly; NULL: no claim of it gives one */
static const char *body_of(const sso_app_t *app, const saml_login_t *login, const char *user, apr_pool_t *p)
{
    apr_array_header_t *out = apr_array_make(p, 64, sizeof(const char *));
    const saml_attribute_t *groups = saml_claim_find(login->attributes, "groups");

    add(out, "{\"user\":");
    add_string(out, user);
    add(out, ",\"nameid\":");
    add_string(out, login->name_id.value);
    add(out, ",\"claims\":");
    add_claims(out, login->attributes);
    add(out, ",\"groups\":");
    add_list(out, groups ? groups->values : NULL);
    if (saml_claim_find(login->attributes, SAML_CLAIM_GROUPS_LINK))
        add(out, ",\"groups_overage\":true");
    add(out, ",\"application\":");
    add_string(out, *app->name ? app->name : SSO_OWN_APPLICATION);
    if (app->provision_group) {
        add(out, ",\"group\":");
        add_string(out, app->provision_group);
    }
    add(out, "}");
    return apr_array_pstrcat(p, out, 0);
}

/* ---- what is remembered -------------------------------------------------------- */

/* How and when somebody signed on, not who. */
static int differs_each_time(const char *claim)
{
    static const char *const names[] = {
        "http://schemas.microsoft.com/claims/authnmethodsreferences",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod",
    };

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(claim, names[i]) == 0)
            return 1;
    }
    return 0;
}

static int is_transient(const saml_name_id_t *name_id)
{
    return name_id->format && strcmp(name_id->format, SAML_NAMEID_TRANSIENT) == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_claim_lines(apr_array_header_t *lines, const saml_attribute_t *claim)
{
    const char *name = saml_json_string(lines->pool, claim->name);

    add(lines, apr_pstrcat(lines->pool, "claim ", name, NULL));
    for (int i = 0; i < claim->values->nelts; i++)
        add(lines, apr_pstrcat(lines->pool, "value ", name, " ",
                               saml_json_string(lines->pool, APR_ARRAY_IDX(claim->values, i, const char *)), NULL));
}

/* The digest of what is told about the user, and to whom. In no order, as identity providers promise none. */
static saml_status_t digest_of(sso_key_t *out, const sso_app_t *app, const saml_login_t *login, const char *user, apr_pool_t *p,
                               saml_err_t *err)
{
    apr_array_header_t *lines = apr_array_make(p, 32, sizeof(const char *));
    const char *text;

    add(lines, apr_pstrcat(p, "url ", saml_json_string(p, app->provision_url), NULL));
    add(lines, apr_pstrcat(p, "group ", saml_json_string(p, app->provision_group), NULL));
    if (!user || strcmp(user, login->name_id.value) != 0)
        add(lines, apr_pstrcat(p, "user ", saml_json_string(p, user), NULL));
    if (!is_transient(&login->name_id))
        add(lines, apr_pstrcat(p, "nameid ", saml_json_string(p, login->name_id.value), NULL));
    for (int i = 0; login->attributes && i < login->attributes->nelts; i++) {
        const saml_attribute_t *claim = &APR_ARRAY_IDX(login->attributes, i, saml_attribute_t);

        if (!differs_each_time(claim->name))
            add_claim_lines(lines, claim);
    }
    qsort(lines->elts, (size_t)lines->nelts, sizeof(const char *), by_text);
    text = apr_array_pstrcat(p, lines, '\n');
    return sso_key_of(out, text, strlen(text), err);
}

static const char *object_id(const saml_login_t *login)
{
    const saml_attribute_t *object = saml_claim_find(login->attributes, "objectid");

    return object && object->values->nelts == 1 ? APR_ARRAY_IDX(object->values, 0, const char *) : "";
}

/* Whether the same user would be known by anything at the next sign-on. */
static int comes_again(const saml_login_t *login)
{
    return *object_id(login) || !is_transient(&login->name_id);
}

/* The object ID never changes (doc/entra.md, 4); names do. */
static saml_status_t mark_key(sso_key_t *out, const sso_app_t *app, const saml_login_t *login, apr_pool_t *p, saml_err_t *err)
{
    const char *id = object_id(login);
    const char *text = apr_pstrcat(p, "provisioning 1\n", saml_json_string(p, app->id), *id ? "\nobjectid " : "\nnameid ",
                                   saml_json_string(p, *id ? id : login->name_id.value), NULL);

    return sso_key_of(out, text, strlen(text), err);
}

/* ---- what the backend says ------------------------------------------------------- */

static int is_type(const char *content_type, const char *type)
{
    apr_size_t len = strlen(type);

    return content_type && ap_cstr_casecmpn(content_type, type, len) == 0
           && (!content_type[len] || content_type[len] == ';' || content_type[len] == ' ');
}

/* The sentence for the user in an answer: plain text, or "message" of JSON. NULL where there is none in well-formed UTF-8. */
static json_t *sentence_of(const saml_fetched_t *got)
{
    json_t *all, *message;

    if (is_type(got->content_type, "text/plain"))
        return json_stringn(got->body, got->body_len);
    if (!is_type(got->content_type, "application/json"))
        return NULL;
    all = json_loadb(got->body, got->body_len, JSON_REJECT_DUPLICATES, NULL);
    message = json_incref(json_object_get(all, "message"));
    json_decref(all);
    return message;
}

/* One character of well-formed UTF-8. @return its octets */
static int read_char(unsigned *out, const unsigned char *at)
{
    int len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    *out = len == 1 ? at[0] : at[0] & (0xffu >> (len + 1));
    for (int i = 1; i < len; i++)
        *out = *out << 6 | (at[i] & 0x3fu);
    return len;
}

/* Controls, and what cannot be seen or turns the direction of what can. */
static int is_unseen(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e)
           || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

/* One line of at most MAX_SHOWN_CHARS characters, or NULL where nothing is left. */
static const char *shown_text(const char *text, apr_size_t len, apr_pool_t *p)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + len;
    char *out = apr_palloc(p, 4 * MAX_SHOWN_CHARS + 1), *w = out;
    int chars = 0, space = 0;

    while (at < end && chars < MAX_SHOWN_CHARS) {
        unsigned c;
        int octets = read_char(&c, at);

        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            space = w != out;
        }
        else if (!is_unseen(c)) {
            if (space) {
                *w++ = ' ';
                space = 0;
                if (++chars == MAX_SHOWN_CHARS)
                    break;
            }
            memcpy(w, at, (size_t)octets);
            w += octets;
            chars++;
        }
        at += octets;
    }
    *w = '\0';
    return w != out ? out : NULL;
}

static const char *message_of(const saml_fetched_t *got, apr_pool_t *p)
{
    json_t *sentence = sentence_of(got);
    const char *shown = json_is_string(sentence) ? shown_text(json_string_value(sentence), json_string_length(sentence), p) : NULL;

    json_decref(sentence);
    return shown;
}

/* @param said_no  set where the backend does not want this user; an answer that is none says nothing of that */
static saml_status_t judge(int *said_no, const saml_fetched_t *got, const sso_app_t *app, apr_pool_t *p, saml_err_t *err)
{
    const char *message;

    if (got->http_status >= 200 && got->http_status < 300)
        return SAML_OK;
    if (got->http_status != HTTP_FORBIDDEN)
        return saml_fail(err, SAML_E_PROVISIONING, "SAMLProvision of application \"%s\": expected 2xx to let the user in or 403 to "
                         "refuse, got %d", app->name, got->http_status);
    *said_no = 1;
    message = message_of(got, p);
    err->shown = message;
    return saml_fail(err, SAML_E_PROVISIONING, "SAMLProvision of application \"%s\": expected the backend to take the user, got 403, "
                     "message %s", app->name, saml_quote(p, message));
}

static saml_status_t ask(int *said_no, const sso_app_t *app, const saml_login_t *login, const char *user, apr_pool_t *p,
                         saml_err_t *err)
{
    saml_fetch_t what = { .url = app->provision_url, .what = "SAMLProvision", .ca_file = app->fetch_ca, .max_bytes = MAX_ANSWER_BYTES,
                          .timeout = apr_time_from_sec(TIMEOUT_S), .failure = SAML_E_PROVISIONING };
    apr_array_header_t *headers = apr_array_make(p, 2, sizeof(const char *));
    saml_fetched_t *got;
    const char *signature;

    what.body = body_of(app, login, user, p);
    what.body_len = strlen(what.body);
    SAML_TRY(saml_secret_sign(&signature, app->secret, SSO_PROVISION_LABEL, what.body, what.body_len, p, err));
    add(headers, "Content-Type: application/json");
    add(headers, apr_pstrcat(p, "X-SAML-Signature: sha256=", signature, NULL));
    what.headers = headers;
    SAML_TRY(saml_fetch(&got, &what, p, err));
    return judge(said_no, got, app, p, err);
}

/* A mark that no claims make: what the backend has once taken is no longer let in unasked. */
static saml_status_t take_back(request_rec *r, const sso_app_t *app, const sso_key_t *key, const saml_err_t *err)
{
    static const sso_key_t none;
    saml_err_t *unkept = sso_err_new(r->pool);

    if (sso_store_mark_put(app->store, key, &none, apr_time_now() + apr_time_from_sec(MARK_LIFETIME_S), unkept) != SAML_OK)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "provisioning: application \"%s\": that the backend refuses a user whom it took "
                      "before could not be kept, so that it is not asked where he comes with the claims of then: %s", app->name,
                      unkept->reason);
    return err->status;
}

/* ---- the step of a sign-on ----------------------------------------------------------- */

/* Ask where nothing is remembered of the same user with the same claims, and remember. */
static saml_status_t ask_once(request_rec *r, const sso_app_t *app, const saml_login_t *login, const char *user, saml_err_t *err)
{
    apr_time_t now = apr_time_now();
    sso_key_t key, digest;
    sso_mark_t mark;
    int found, is_same, said_no = 0;

    SAML_TRY(mark_key(&key, app, login, r->pool, err));
    SAML_TRY(digest_of(&digest, app, login, user, r->pool, err));
    SAML_TRY(sso_store_mark_get(app->store, &key, now, &mark, &found, err));
    is_same = found && memcmp(mark.value.octets, digest.octets, sizeof(digest.octets)) == 0;
    if (is_same && mark.expires - now > apr_time_from_sec(MARK_LIFETIME_S - MARK_RENEWAL_S))
        return SAML_OK;
    if (!is_same && ask(&said_no, app, login, user, r->pool, err) != SAML_OK)
        return found && said_no ? take_back(r, app, &key, err) : err->status;
    SAML_TRY(sso_store_mark_put(app->store, &key, &digest, now + apr_time_from_sec(MARK_LIFETIME_S), err));
    if (!is_same)
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "provisioning: application \"%s\", the backend took a user who %s", app->name,
                      found ? "has changed" : "is new");
    return SAML_OK;
}

saml_status_t sso_provision(request_rec *r, const sso_app_t *app, const saml_login_t *login, saml_err_t *err)
{
    const char *user;
    int said_no = 0;

    if (!app->provision_url)
        return SAML_OK;
    user = sso_user_of_login(sso_user(sso_dir_of(r)), login, r->pool);
    /* A mark for a name that never comes again would only fill the store. */
    return comes_again(login) ? ask_once(r, app, login, user, err) : ask(&said_no, app, login, user, r->pool, err);
}
