/* SPDX-License-Identifier: Apache-2.0 */
/* Create, merge and read the configuration. Defaults of directories live here, those of applications in resolve.c. */

#include <apr_lib.h>
#include <apr_strings.h>

#include "config.h"
#include "header_text.h"

static const struct {
    const char *name;
    sso_inherit_t inherit;
} settings[SSO_SET_COUNT] = {
    [SSO_SET_ENTRA] = { "SAMLEntra", SSO_INHERIT_IDP },
    [SSO_SET_IDP_METADATA] = { "SAMLIdPMetadata", SSO_INHERIT_IDP },
    [SSO_SET_IDP_IDENTIFIER] = { "SAMLIdPIdentifier", SSO_INHERIT_IDP },
    [SSO_SET_LOGIN_URL] = { "SAMLLoginURL", SSO_INHERIT_IDP },
    [SSO_SET_LOGOUT_URL] = { "SAMLLogoutURL", SSO_INHERIT_IDP },
    [SSO_SET_CERTIFICATE] = { "SAMLCertificate", SSO_INHERIT_IDP },
    [SSO_SET_METADATA_REFRESH] = { "SAMLMetadataRefresh", SSO_INHERIT_GENERAL },
    [SSO_SET_METADATA_CA] = { "SAMLMetadataCA", SSO_INHERIT_GENERAL },
    [SSO_SET_METADATA_PROXY] = { "SAMLMetadataProxy", SSO_INHERIT_GENERAL },
    [SSO_SET_IDENTIFIER] = { "SAMLIdentifier", SSO_INHERIT_OWN },
    [SSO_SET_AUDIENCE] = { "SAMLAudience", SSO_INHERIT_OWN },
    [SSO_SET_REPLY_URL] = { "SAMLReplyURL", SSO_INHERIT_OWN },
    [SSO_SET_PATH] = { "SAMLPath", SSO_INHERIT_OWN },
    [SSO_SET_PREFIX] = { "SAMLPath", SSO_INHERIT_GENERAL },
    [SSO_SET_KEY] = { "SAMLKey", SSO_INHERIT_GENERAL },
    [SSO_SET_SIGN_REQUESTS] = { "SAMLSignRequests", SSO_INHERIT_GENERAL },
    [SSO_SET_REQUEST_BINDING] = { "SAMLRequestBinding", SSO_INHERIT_GENERAL },
    [SSO_SET_NAME_ID_FORMAT] = { "SAMLNameIDFormat", SSO_INHERIT_GENERAL },
    [SSO_SET_FORCE_AUTHN] = { "SAMLForceAuthn", SSO_INHERIT_GENERAL },
    [SSO_SET_SINGLE_LOGOUT] = { "SAMLSingleLogout", SSO_INHERIT_GENERAL },
    [SSO_SET_LOGOUT_RESPONSE] = { "SAMLLogoutResponse", SSO_INHERIT_GENERAL },
    [SSO_SET_LOGIN_HINT] = { "SAMLLoginHint", SSO_INHERIT_GENERAL },
    [SSO_SET_DOMAIN_HINT] = { "SAMLDomainHint", SSO_INHERIT_GENERAL },
    [SSO_SET_AUTHN_CONTEXT] = { "SAMLAuthnContext", SSO_INHERIT_GENERAL },
    [SSO_SET_IDP_INITIATED] = { "SAMLIdPInitiated", SSO_INHERIT_GENERAL },
    [SSO_SET_RELAY_STATE] = { "SAMLRelayState", SSO_INHERIT_OWN },
    [SSO_SET_CLOCK_SKEW] = { "SAMLClockSkew", SSO_INHERIT_GENERAL },
    [SSO_SET_ALLOW] = { "SAMLAllow", SSO_INHERIT_GENERAL },
    [SSO_SET_SESSION_STORE] = { "SAMLSessionStore", SSO_INHERIT_GENERAL },
    [SSO_SET_SESSION_LIMIT] = { "SAMLSessionLimit", SSO_INHERIT_GENERAL },
    [SSO_SET_SESSION_LIFETIME] = { "SAMLSessionLifetime", SSO_INHERIT_GENERAL },
    [SSO_SET_SESSION_IDLE] = { "SAMLSessionIdle", SSO_INHERIT_GENERAL },
    [SSO_SET_COOKIE] = { "SAMLCookie", SSO_INHERIT_GENERAL },
    [SSO_SET_KEEP_POSTS] = { "SAMLKeepPosts", SSO_INHERIT_GENERAL },
    [SSO_SET_SECRET] = { "SAMLSecret", SSO_INHERIT_GENERAL },
    [SSO_SET_PROVISION] = { "SAMLProvision", SSO_INHERIT_GENERAL },
    [SSO_SET_GROUP_MAP] = { "SAMLGroupMap", SSO_INHERIT_GENERAL },
    [SSO_SET_GRAPH] = { "SAMLGraph", SSO_INHERIT_WITH_IDP },
};

/* What is ours in a request to the process that is being configured or serves; cleared with the pool it lives in. */
static const sso_managed_t *managed;

const char *sso_set_name(sso_set_t which)
{
    return settings[which].name;
}

sso_inherit_t sso_set_inherit(sso_set_t which)
{
    return settings[which].inherit;
}

int sso_is_set(const sso_app_conf_t *app, sso_set_t which)
{
    return app->set[which].at.file != NULL;
}

int sso_has_idp(const sso_app_conf_t *app)
{
    for (int i = 0; i < SSO_SET_COUNT; i++) {
        if (settings[i].inherit == SSO_INHERIT_IDP && sso_is_set(app, i))
            return 1;
    }
    return 0;
}

const char *sso_set_text(const sso_app_conf_t *app, sso_set_t which)
{
    const sso_value_t *value = sso_set_value_of(app, which);

    return value ? value->text : NULL;
}

const sso_value_t *sso_set_value_of(const sso_app_conf_t *app, sso_set_t which)
{
    const apr_array_header_t *values = app->set[which].values;

    return values && values->nelts > 0 ? &APR_ARRAY_IDX(values, 0, sso_value_t) : NULL;
}

sso_app_conf_t *sso_app_conf_find(const apr_array_header_t *named, const char *name)
{
    for (int i = 0; i < named->nelts; i++) {
        sso_app_conf_t *app = APR_ARRAY_IDX(named, i, sso_app_conf_t *);

        if (strcmp(app->name, name) == 0)
            return app;
    }
    return NULL;
}

sso_app_conf_t *sso_app_conf_new(apr_pool_t *p, const char *name)
{
    sso_app_conf_t *app = apr_pcalloc(p, sizeof(*app));

    app->name = name;
    return app;
}

sso_app_conf_t *sso_app_conf_merge(apr_pool_t *p, const sso_app_conf_t *outer, const sso_app_conf_t *inner)
{
    sso_app_conf_t *app = sso_app_conf_new(p, inner->name);
    int own_idp = sso_has_idp(inner);

    app->at = inner->at.file ? inner->at : outer->at;
    for (int i = 0; i < SSO_SET_COUNT; i++) {
        /* A certificate of one identity provider beside the address of another is nobody's intention. */
        int with_idp = settings[i].inherit == SSO_INHERIT_WITH_IDP && own_idp;
        int from_inner = settings[i].inherit == SSO_INHERIT_IDP ? own_idp : with_idp || sso_is_set(inner, i);

        app->set[i] = from_inner ? inner->set[i] : outer->set[i];
    }
    return app;
}

/* Two applications of one vhost cannot share a name, so of SAMLCookie only the attributes pass on. */
static void inherit_cookie(apr_pool_t *p, sso_setting_t *to, const sso_setting_t *from)
{
    sso_cookie_conf_t *cookie = apr_pcalloc(p, sizeof(*cookie));

    if (!from->at.file)
        return;
    if (to->at.file)
        *cookie = *to->cookie;
    else
        to->at = from->at;
    if (!cookie->path)
        cookie->path = from->cookie->path;
    if (!cookie->domain)
        cookie->domain = from->cookie->domain;
    if (!cookie->same_site)
        cookie->same_site = from->cookie->same_site;
    to->cookie = cookie;
}

sso_app_conf_t *sso_app_conf_inherit(apr_pool_t *p, const sso_app_conf_t *vhost, const sso_app_conf_t *named)
{
    sso_app_conf_t *app = apr_pmemdup(p, named, sizeof(*named));
    int own_idp = sso_has_idp(named);

    for (int i = 0; i < SSO_SET_COUNT; i++) {
        sso_inherit_t inherit = settings[i].inherit;

        if (i == SSO_SET_COOKIE)
            inherit_cookie(p, &app->set[i], &vhost->set[i]);
        else if ((inherit == SSO_INHERIT_IDP && !own_idp)
                 || (inherit == SSO_INHERIT_WITH_IDP && !own_idp && !sso_is_set(named, i))
                 || (inherit == SSO_INHERIT_GENERAL && !sso_is_set(named, i)))
            app->set[i] = vhost->set[i];
    }
    return app;
}

void *sso_create_server(apr_pool_t *p, server_rec *s)
{
    sso_server_conf_t *conf = apr_pcalloc(p, sizeof(*conf));

    (void)s;
    conf->app = sso_app_conf_new(p, "");
    conf->named = apr_array_make(p, 1, sizeof(sso_app_conf_t *));
    conf->refs = apr_array_make(p, 1, sizeof(sso_app_ref_t));
    conf->managed = apr_array_make(p, 1, sizeof(const char *));
    conf->problems = apr_array_make(p, 1, sizeof(sso_problem_t));
    conf->advice = apr_array_make(p, 1, sizeof(sso_problem_t));
    conf->users = apr_array_make(p, 1, sizeof(const sso_user_t *));
    conf->own = apr_array_make(p, 1, sizeof(const char *));
    return conf;
}

static apr_array_header_t *merge_named(apr_pool_t *p, const apr_array_header_t *outer, const apr_array_header_t *inner)
{
    apr_array_header_t *out = apr_array_make(p, outer->nelts + inner->nelts, sizeof(sso_app_conf_t *));

    for (int i = 0; i < outer->nelts; i++) {
        sso_app_conf_t *app = APR_ARRAY_IDX(outer, i, sso_app_conf_t *);
        const sso_app_conf_t *over = sso_app_conf_find(inner, app->name);

        APR_ARRAY_PUSH(out, sso_app_conf_t *) = over ? sso_app_conf_merge(p, app, over) : app;
    }
    for (int i = 0; i < inner->nelts; i++) {
        sso_app_conf_t *app = APR_ARRAY_IDX(inner, i, sso_app_conf_t *);

        if (!sso_app_conf_find(outer, app->name))
            APR_ARRAY_PUSH(out, sso_app_conf_t *) = app;
    }
    return out;
}

void *sso_merge_server(apr_pool_t *p, void *base, void *add)
{
    const sso_server_conf_t *outer = base;
    const sso_server_conf_t *inner = add;
    sso_server_conf_t *conf = apr_pmemdup(p, inner, sizeof(*inner));

    conf->app = sso_app_conf_merge(p, outer->app, inner->app);
    conf->named = merge_named(p, outer->named, inner->named);
    return conf;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): httpd's type */
void *sso_create_dir(apr_pool_t *p, char *path)
{
    sso_dir_conf_t *conf = apr_pcalloc(p, sizeof(*conf));

    (void)path;
    conf->say.unauthenticated = SSO_UNAUTH_UNSET;
    conf->say.env = -1;
    return conf;
}

static int has_header(const apr_array_header_t *headers, const char *name)
{
    for (int i = 0; i < headers->nelts; i++) {
        if (sso_header_same(APR_ARRAY_IDX(headers, i, sso_header_t).header, name))
            return 1;
    }
    return 0;
}

/* `add` behind what of `base` it does not name anew. */
static const apr_array_header_t *merge_headers(apr_pool_t *p, const apr_array_header_t *base,
                                               const apr_array_header_t *add)
{
    apr_array_header_t *out = apr_array_make(p, base->nelts + add->nelts, sizeof(sso_header_t));

    for (int i = 0; i < base->nelts; i++) {
        if (!has_header(add, APR_ARRAY_IDX(base, i, sso_header_t).header))
            APR_ARRAY_PUSH(out, sso_header_t) = APR_ARRAY_IDX(base, i, sso_header_t);
    }
    apr_array_cat(out, add);
    return out;
}

/* What the headers come to where `added` is all that is said from outside in. */
static const apr_array_header_t *headers_of(apr_pool_t *p, const apr_array_header_t *added, int cleared)
{
    return cleared ? added : merge_headers(p, sso_default_headers(), added);
}

void sso_dir_settle_headers(apr_pool_t *p, sso_dir_conf_t *conf)
{
    conf->say.headers = headers_of(p, conf->added, conf->cleared);
}

void *sso_merge_dir(apr_pool_t *p, void *base, void *add)
{
    const sso_dir_conf_t *outer = base;
    const sso_dir_conf_t *inner = add;
    sso_dir_conf_t *conf = apr_pmemdup(p, inner, sizeof(*inner));

    if (!conf->say.application)
        conf->say.application = outer->say.application;
    if (conf->say.unauthenticated == SSO_UNAUTH_UNSET)
        conf->say.unauthenticated = outer->say.unauthenticated;
    if (!conf->say.user)
        conf->say.user = outer->say.user;
    if (conf->say.env == -1)
        conf->say.env = outer->say.env;
    if (!inner->added) {
        conf->say.headers = outer->say.headers;
        conf->added = outer->added;
        conf->cleared = outer->cleared;
    }
    else if (outer->added && !inner->cleared) {
        conf->added = merge_headers(p, outer->added, inner->added);
        conf->cleared = outer->cleared;
        sso_dir_settle_headers(p, conf);
    }
    return conf;
}

sso_server_conf_t *sso_server_conf_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &saml_sso_module);
}

const sso_server_t *sso_server_of(const server_rec *s)
{
    return sso_server_conf_of(s)->resolved;
}

const sso_dir_t *sso_dir_of(const request_rec *r)
{
    const sso_dir_conf_t *conf = ap_get_module_config(r->per_dir_config, &saml_sso_module);

    return &conf->say;
}

const sso_app_t *sso_app_of(const request_rec *r)
{
    const sso_server_t *server = sso_server_of(r->server);
    const char *name = sso_dir_of(r)->application;

    if (!name || !*name)
        return server->app;
    for (int i = 0; i < server->apps->nelts; i++) {
        const sso_app_t *app = APR_ARRAY_IDX(server->apps, i, const sso_app_t *);

        if (strcmp(app->name, name) == 0)
            return app;
    }
    return NULL;
}

static const char *const default_user_claims[] = { "nameid" };

static const apr_array_header_t default_user_list = {
    .elt_size = sizeof(const char *),
    .nelts = 1,
    .nalloc = 1,
    .elts = (char *)(apr_uintptr_t)default_user_claims,
};

static const sso_user_t default_user = { .claims = &default_user_list };

const sso_user_t *sso_user(const sso_dir_t *dir)
{
    return dir->user ? dir->user : &default_user;
}

#define DEFAULT_HEADER(name, claim, source) { name, claim, ";", SSO_ENCODE_NONE, 0, 0, 0, sizeof(name) - 1, source }

static const sso_header_t default_headers[] = {
    DEFAULT_HEADER("X-Remote-User", "user", SSO_FROM_USER),
    DEFAULT_HEADER("X-Remote-Email", "email", SSO_FROM_CLAIM),
    DEFAULT_HEADER("X-Remote-Name", "name", SSO_FROM_CLAIM),
    DEFAULT_HEADER("X-Remote-Groups", "groups", SSO_FROM_CLAIM),
};

/* The same as an array that no pool owns and nothing may grow. */
static const apr_array_header_t default_set = {
    .elt_size = sizeof(sso_header_t),
    .nelts = sizeof(default_headers) / sizeof(default_headers[0]),
    .nalloc = sizeof(default_headers) / sizeof(default_headers[0]),
    .elts = (char *)(apr_uintptr_t)default_headers,
};

const apr_array_header_t *sso_default_headers(void)
{
    return &default_set;
}

const apr_array_header_t *sso_headers(const sso_dir_t *dir)
{
    return dir->headers ? dir->headers : &default_set;
}

int sso_env_is_on(const sso_dir_t *dir)
{
    return dir->env != 0;
}

sso_unauthenticated_t sso_unauthenticated(const sso_dir_t *dir)
{
    return dir->unauthenticated == SSO_UNAUTH_UNSET ? SSO_UNAUTH_AUTO : (sso_unauthenticated_t)dir->unauthenticated;
}

static apr_status_t forget_managed(void *data)
{
    if (managed == data)
        managed = NULL;
    return APR_SUCCESS;
}

void sso_set_managed(const sso_managed_t *names, apr_pool_t *pconf)
{
    managed = names;
    apr_pool_cleanup_register(pconf, names, forget_managed, apr_pool_cleanup_null);
}

const sso_managed_t *sso_managed(void)
{
    return managed;
}
