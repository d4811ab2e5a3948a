/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <apr_strings.h>
#include <mod_core.h>

#include "page.h"
#include "url.h"

/*
 * Our own URLs. They are claimed before any other module may translate them (ProxyPass, RewriteRule, Alias), pass a protected "/"
 * without a session, and are served by our handler whatever r->handler became.
 */

typedef int (*endpoint_handler_t)(request_rec *r, const sso_app_t *app);

/** An endpoint, the methods it takes and what serves it. */
typedef struct {
    const char *name;
    sso_endpoint_t endpoint;
    int takes_get;
    int takes_post;
    endpoint_handler_t handle;
} endpoint_def_t;

static const endpoint_def_t endpoints[] = {
    { "login", SSO_ENDPOINT_LOGIN, 1, 0, sso_handle_login },
    { "acs", SSO_ENDPOINT_ACS, 0, 1, sso_handle_acs },
    { "logout", SSO_ENDPOINT_LOGOUT, 1, 1, sso_handle_logout },
    { "metadata", SSO_ENDPOINT_METADATA, 1, 0, sso_handle_metadata },
    { "certificate", SSO_ENDPOINT_CERTIFICATE, 1, 0, sso_handle_certificate },
    { "me", SSO_ENDPOINT_ME, 1, 0, sso_handle_me },
};

#define ENDPOINT_COUNT (sizeof(endpoints) / sizeof(endpoints[0]))

/* Whether they may be one: every request asks, and nearly all differ from our paths behind the slash. */
static inline int is_alike(const char *uri, const char *ours)
{
    return uri[0] == ours[0] && (!uri[0] || uri[1] == ours[1]);
}

static sso_endpoint_t endpoint_under_path(const sso_app_t *app, const char *uri)
{
    apr_size_t i;

    if (!is_alike(uri, app->path) || strncmp(uri, app->path, app->path_len) != 0 || uri[app->path_len] != '/')
        return SSO_ENDPOINT_NONE;
    for (i = 0; i < ENDPOINT_COUNT; ++i) {
        if (strcmp(uri + app->path_len + 1, endpoints[i].name) == 0)
            return endpoints[i].endpoint;
    }
    return SSO_ENDPOINT_NONE;
}

/* A reply URL may have a path of its own, one that the service prescribes. */
static int is_reply_path(const sso_app_t *app, const char *uri)
{
    int i;

    for (i = 0; i < app->reply_urls->nelts; ++i) {
        const char *path = APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t).local_path;

        if (is_alike(uri, path) && strcmp(uri, path) == 0)
            return 1;
    }
    return 0;
}

sso_endpoint_t sso_endpoint_at(const sso_app_t *app, const char *path)
{
    sso_endpoint_t endpoint = endpoint_under_path(app, path);

    return endpoint == SSO_ENDPOINT_NONE && is_reply_path(app, path) ? SSO_ENDPOINT_ACS : endpoint;
}

/* As httpd will read it: escapes decoded, dot segments and double slashes gone. */
static const char *path_of_target(const char *target, apr_pool_t *p)
{
    const char *rest = strstr(target, "://"), *start = *target == '/' ? target : rest ? strchr(rest + 3, '/') : NULL;
    char *path = start ? apr_pstrmemdup(p, start, strcspn(start, "?#")) : apr_pstrdup(p, "/");

    if (ap_unescape_url(path) == HTTP_BAD_REQUEST)
        return "/";             /* an escaped slash is one, too: with AllowEncodedSlashes On */
    ap_getparents(path);
    ap_no2slash(path);
    return path;
}

int sso_target_is_endpoint(const sso_app_t *app, const char *target, apr_pool_t *p)
{
    const char *path = path_of_target(target, p);
    const apr_array_header_t *apps = sso_server_of(app->server)->apps;
    int i;

    for (i = 0; i < apps->nelts; ++i) {
        const sso_app_t *one = APR_ARRAY_IDX(apps, i, const sso_app_t *);

        switch (sso_endpoint_at(one, sso_path_without(path, one->prefix))) {
        case SSO_ENDPOINT_LOGIN:
        case SSO_ENDPOINT_ACS:
        case SSO_ENDPOINT_LOGOUT:
            return 1;
        default:
            break;
        }
    }
    return 0;
}

static void find_endpoint(sso_request_t *req, const sso_server_t *server, const char *uri)
{
    int i;

    for (i = 0; i < server->apps->nelts; ++i) {
        const sso_app_t *app = APR_ARRAY_IDX(server->apps, i, const sso_app_t *);
        sso_endpoint_t endpoint = sso_endpoint_at(app, uri);

        if (endpoint != SSO_ENDPOINT_NONE) {
            req->endpoint = endpoint;
            req->app = app;
            return;
        }
    }
}

static int is_endpoint(request_rec *r, const char *uri)
{
    sso_request_t *req;

    if (!uri || r->proxyreq == PROXYREQ_PROXY || r->main)
        return 0;
    req = sso_request_of(r);
    req->endpoint = SSO_ENDPOINT_NONE;
    find_endpoint(req, sso_server_of(r->server), uri);
    return req->endpoint != SSO_ENDPOINT_NONE;
}

/* mod_proxy maps here where ProxyPass says mapping=encoded; an endpoint it must not see. */
int sso_endpoint_pre_translate(request_rec *r)
{
    return is_endpoint(r, r->parsed_uri.path) ? OK : DECLINED;
}

int sso_endpoint_translate(request_rec *r)
{
    if (!is_endpoint(r, r->uri))
        return DECLINED;
    r->proxyreq = PROXYREQ_NONE;
    r->filename = apr_pstrdup(r->pool, r->uri);
    return OK;
}

/* No file stands behind an endpoint: no directory walk, no .htaccess. */
int sso_endpoint_map_to_storage(request_rec *r)
{
    return sso_request_of(r)->endpoint != SSO_ENDPOINT_NONE ? OK : DECLINED;
}

int sso_endpoint_check_access(request_rec *r)
{
    return sso_request_of(r)->endpoint != SSO_ENDPOINT_NONE ? OK : DECLINED;
}

static const endpoint_def_t *definition_of(sso_endpoint_t endpoint)
{
    apr_size_t i;

    for (i = 0; i < ENDPOINT_COUNT; ++i) {
        if (endpoints[i].endpoint == endpoint)
            return &endpoints[i];
    }
    return NULL;
}

static int takes_method(request_rec *r, const endpoint_def_t *def)
{
    if (r->method_number == M_GET)
        return def->takes_get;
    return r->method_number == M_POST && def->takes_post;
}

/*
 * Where a refusal is shown, the address bar has the ACS: Enter there, the history or a tab that is restored ask for it by GET. Such a
 * person gets a way on; httpd's word, or the administrator's, is for all else.
 */
static int not_allowed(request_rec *r, const sso_app_t *app)
{
    apr_pool_t *p = r->pool;

    if (r->method_number != M_GET || sso_request_of(r)->endpoint != SSO_ENDPOINT_ACS
        || ap_response_code_string(r, ap_index_of_response(HTTP_METHOD_NOT_ALLOWED)))
        return HTTP_METHOD_NOT_ALLOWED;
    sso_request_of(r)->in_handler = 1;
    apr_table_setn(r->err_headers_out, "Allow", "POST");
    sso_page_send(r, HTTP_METHOD_NOT_ALLOWED, saml_page_texts.no_page_title,
                  apr_pstrcat(p, sso_page_paragraph(p, saml_page_texts.no_page),
                              sso_page_button(p, saml_way_texts[SAML_WAY_START],
                                              apr_pstrcat(p, sso_reply_url_of(app, r)->origin, app->start, NULL)), NULL), NULL);
    return OK;
}

/* For the Allow header of a 405, which httpd makes of these. */
static void allow_methods(request_rec *r, const endpoint_def_t *def)
{
    ap_clear_method_list(r->allowed_methods);
    r->allowed = 0;
    if (def->takes_get)
        ap_allow_standard_methods(r, MERGE_ALLOW, M_GET, -1);
    if (def->takes_post)
        ap_allow_standard_methods(r, MERGE_ALLOW, M_POST, -1);
}

int sso_endpoint_handler(request_rec *r)
{
    sso_request_t *req = sso_request_of(r);
    const endpoint_def_t *def = definition_of(req->endpoint);
    int status;

    if (!def)
        return DECLINED;
    if (!takes_method(r, def)) {
        allow_methods(r, def);
        return not_allowed(r, req->app);
    }
    req->in_handler = 1;
    status = def->handle(r, req->app);
    return status == DONE ? OK : status;
}
