/* SPDX-License-Identifier: Apache-2.0 */
/* From directives as written to an application as it serves: every default applied, everything loaded, what contradicts
 * said. Runs under configtest, so it changes nothing on disk. */

#include <apr_strings.h>

#include "config.h"
#include "entra.h"
#include "idp_source.h"
#include "keep_posts.h"
#include "saml/guid.h"
#include "url.h"

#define USUAL_PATH "/saml"
#define USUAL_SKEW_S 180
#define USUAL_LIFETIME_S (8 * 3600)
#define USUAL_IDLE_S 3600
#define USUAL_LIMIT 1000000

static const sso_at_t *at_of(const sso_app_conf_t *conf, sso_set_t which)
{
    return &conf->set[which].at;
}

static apr_int64_t number_or(const sso_app_conf_t *conf, sso_set_t which, apr_int64_t otherwise)
{
    return sso_is_set(conf, which) ? conf->set[which].number : otherwise;
}

/* ---- who we are ------------------------------------------------------------------------------------------- */

static sso_at_t server_at(const sso_check_t *check, const sso_app_conf_t *conf)
{
    sso_at_t at = { check->s->defn_name, (int)check->s->defn_line_number };

    return at.file ? at : conf->at;
}

/* https://ServerName[:port] and the path. A port of 80 is what a proxy in front leaves over, not a public one. */
static const char *default_reply_url(sso_check_t *check, const sso_app_t *app)
{
    const server_rec *s = check->s;
    int usual = s->port == 0 || s->port == 80 || s->port == 443;
    const char *port = usual ? "" : apr_psprintf(check->p, ":%u", (unsigned)s->port);

    return apr_pstrcat(check->p, "https://", s->server_hostname, port, app->public_path, "/acs", NULL);
}

static int add_default_reply_url(sso_check_t *check, const sso_app_conf_t *conf, int own, sso_app_t *app,
                                 apr_array_header_t *urls)
{
    sso_at_t at = server_at(check, conf);
    const char *wrong;

    if (!sso_tree_has_server_name(check->s, check->base)) {
        if (!own)
            sso_check_inform(check, "ServerName", &at, "no application \"%s\" here: none is written in this server "
                             "and there is no ServerName to make its address from", app->name);
        else
            sso_check_fail(check, "ServerName", &at, "expected a ServerName to make our address from, found none; "
                           "mend: add \"ServerName www.example.org\" to this server, or SAMLReplyURL");
        return 0;
    }
    wrong = sso_reply_url_parse(apr_array_push(urls), default_reply_url(check, app), check->p);
    if (!wrong)
        APR_ARRAY_IDX(urls, 0, sso_reply_url_t).local_path += strlen(app->prefix);
    if (wrong)
        sso_check_fail(check, "ServerName", &at, "%s; mend: correct ServerName, or add SAMLReplyURL", wrong);
    return !wrong;
}

/* An application has one set of cookie attributes, and needs each address once. */
static int reply_url_agrees(sso_check_t *check, const apr_array_header_t *urls, const sso_value_t *value)
{
    const sso_reply_url_t *first = &APR_ARRAY_IDX(urls, 0, sso_reply_url_t);
    const sso_reply_url_t *url = &APR_ARRAY_IDX(urls, urls->nelts - 1, sso_reply_url_t);

    if (url->is_https != first->is_https) {
        sso_check_fail(check, "SAMLReplyURL", &value->at, "expected https:// for all or for none, as they share one "
                       "cookie, found \"%s\" beside \"%s\"; mend: leave one of them out", url->url, first->url);
        return 0;
    }
    for (const sso_reply_url_t *before = first; before < url; before++) {
        if (strcmp(before->url, url->url) == 0) {
            sso_check_fail(check, "SAMLReplyURL", &value->at, "expected each address once, found \"%s\" again; mend: "
                           "remove it", url->url);
            return 0;
        }
    }
    return 1;
}

/* A proxy that takes the prefix away does so with this address, too. */
static int take_prefix_off(sso_check_t *check, const sso_app_t *app, const sso_value_t *value, sso_reply_url_t *url)
{
    url->local_path = sso_path_without(url->path, app->prefix);
    if (!*app->prefix || url->local_path != url->path)
        return 1;
    sso_check_fail(check, "SAMLReplyURL", &value->at, "expected an address under the prefix %s of SAMLPath, found \"%s\"; mend: write it "
                   "as the browser has it, such as \"%s%s/acs\", or SAMLPath %s prefix=/ where no proxy takes anything away",
                   app->prefix, url->url, url->origin, app->public_path, app->path);
    return 0;
}

static int resolve_reply_urls(sso_check_t *check, const sso_app_conf_t *conf, int own, sso_app_t *app)
{
    const apr_array_header_t *values = conf->set[SSO_SET_REPLY_URL].values;
    apr_array_header_t *urls = apr_array_make(check->p, 2, sizeof(sso_reply_url_t));

    app->reply_urls = urls;
    if (!values)
        return add_default_reply_url(check, conf, own, app, urls);
    for (int i = 0; i < values->nelts; i++) {
        const sso_value_t *value = &APR_ARRAY_IDX(values, i, sso_value_t);
        const char *wrong = sso_reply_url_parse(apr_array_push(urls), value->text, check->p);

        if (wrong) {
            sso_check_fail(check, "SAMLReplyURL", &value->at, "%s; mend: write the address that the identity provider "
                           "is to send responses to, such as \"https://www.example.org%s/acs\"", wrong, app->public_path);
            return 0;
        }
        if (!take_prefix_off(check, app, value, &APR_ARRAY_IDX(urls, i, sso_reply_url_t)))
            return 0;
        if (!reply_url_agrees(check, urls, value))
            return 0;
    }
    return 1;
}

static void add_audience(apr_array_header_t *audiences, const char *audience)
{
    for (int i = 0; i < audiences->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(audiences, i, const char *), audience) == 0)
            return;
    }
    APR_ARRAY_PUSH(audiences, const char *) = audience;
}

static void resolve_identity(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const apr_array_header_t *further = conf->set[SSO_SET_AUDIENCE].values;
    const sso_reply_url_t *first = &APR_ARRAY_IDX(app->reply_urls, 0, sso_reply_url_t);
    apr_array_header_t *audiences = apr_array_make(check->p, 2, sizeof(const char *));

    app->identifier = sso_set_text(conf, SSO_SET_IDENTIFIER);
    if (!app->identifier)
        app->identifier = app->entra ? app->entra->application : sso_endpoint_url(app, first, "metadata", check->p);
    add_audience(audiences, app->identifier);
    /* Entra makes "spn:GUID" of an Issuer that is a bare GUID, and its own choice where it begins the sign-on itself. */
    if (saml_guid_is(app->identifier))
        add_audience(audiences, apr_pstrcat(check->p, "spn:", app->identifier, NULL));
    if (app->entra) {
        add_audience(audiences, apr_pstrcat(check->p, "spn:", app->entra->application, NULL));
        add_audience(audiences, app->entra->application);
    }
    for (int i = 0; further && i < further->nelts; i++)
        add_audience(audiences, APR_ARRAY_IDX(further, i, sso_value_t).text);
    app->audiences = audiences;
}

/* One document may describe many of them: which is meant is a part of the name, too. No URL or entity ID has a space in it. */
static const char *name_of_idp(const sso_app_t *app, apr_pool_t *p)
{
    const sso_source_t *source = app->source;
    const char *meant = source && source->entity_id ? source->entity_id : source ? source->issuer : NULL;

    if (!source)
        return app->idp->entity_id;
    return meant ? apr_pstrcat(p, source->url, " ", meant, NULL) : source->url;
}

/*
 * Virtual hosts may share a store and a secret, and the same application of two identity providers (two tenants of one Entra
 * application) may share its identifier: who signed the user on is a part of it. No name or identifier has a space in it.
 * Where metadata comes from a URL it is the URL: a session must live on while there is no metadata, and over each refresh.
 */
static void resolve_id(sso_check_t *check, sso_app_t *app)
{
    app->id = apr_pstrcat(check->p, app->name, " ", app->identifier, " ", name_of_idp(app, check->p), NULL);
}

/* Each word once, where it stands. */
static void resolve_allow(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const apr_array_header_t *words = conf->set[SSO_SET_ALLOW].values;

    app->allow = (unsigned)number_or(conf, SSO_SET_ALLOW, 0);
    for (int i = 0; app->allow && i < words->nelts; i++) {
        const sso_value_t *word = &APR_ARRAY_IDX(words, i, sso_value_t);

        sso_check_warn(check, "SAMLAllow", &word->at, "expected nothing weak to be let in, found \"%s\"; mend: remove "
                       "it as soon as the identity provider can do without", word->text);
    }
}

static void resolve_path(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    app->path = sso_set_text(conf, SSO_SET_PATH);
    if (!app->path)
        app->path = *app->name ? apr_pstrcat(check->p, USUAL_PATH, "/", app->name, NULL) : USUAL_PATH;
    app->path_len = strlen(app->path);
    app->prefix = sso_is_set(conf, SSO_SET_PREFIX) ? sso_set_text(conf, SSO_SET_PREFIX) : "";
    app->public_path = apr_pstrcat(check->p, app->prefix, app->path, NULL);
    app->start = apr_pstrcat(check->p, app->prefix, "/", NULL);
    app->host_said = apr_pcalloc(check->p, sizeof(*app->host_said));
}

/* ---- our keys --------------------------------------------------------------------------------------------- */

static int resolve_keys(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const apr_array_header_t *values = conf->set[SSO_SET_KEY].values;
    apr_array_header_t *keys = apr_array_make(check->p, 1, sizeof(saml_keypair_t *));

    app->keys = keys;
    for (int i = 0; values && i < values->nelts; i++) {
        const sso_value_t *value = &APR_ARRAY_IDX(values, i, sso_value_t);
        saml_keypair_t *key = sso_resolve_key(check, "SAMLKey", value, app->allow);

        if (!key)
            return 0;
        APR_ARRAY_PUSH(keys, saml_keypair_t *) = key;
    }
    if (app->sign_requests && keys->nelts == 0) {
        sso_check_fail(check, "SAMLSignRequests", at_of(conf, SSO_SET_SIGN_REQUESTS), "expected a SAMLKey to sign "
                       "with, found none; mend: add \"SAMLKey key.pem cert.pem\", or remove the directive");
        return 0;
    }
    return 1;
}

/* ---- requests --------------------------------------------------------------------------------------------- */

static int resolve_binding(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    static const char *const names[] = { [SSO_BINDING_POST] = "POST", [SSO_BINDING_REDIRECT] = "Redirect" };
    const saml_idp_t *idp = app->idp;
    int has[] = { [SSO_BINDING_POST] = !idp || idp->sso_post != NULL,
                  [SSO_BINDING_REDIRECT] = !idp || idp->sso_redirect != NULL };

    app->request_binding = (sso_binding_t)number_or(conf, SSO_SET_REQUEST_BINDING, SSO_BINDING_POST);
    app->binding_is_fixed = sso_is_set(conf, SSO_SET_REQUEST_BINDING);
    if (has[app->request_binding])
        return 1;
    if (!sso_is_set(conf, SSO_SET_REQUEST_BINDING)) {
        app->request_binding = SSO_BINDING_REDIRECT;
        return 1;
    }
    sso_check_fail(check, "SAMLRequestBinding", at_of(conf, SSO_SET_REQUEST_BINDING), "expected a binding that the "
                   "identity provider has a SingleSignOnService for, found \"%s\"; mend: use the other",
                   names[app->request_binding]);
    return 0;
}

static void resolve_domain_hint(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const char *url = sso_set_text(conf, SSO_SET_LOGIN_URL);

    app->domain_hint = sso_set_text(conf, SSO_SET_DOMAIN_HINT);
    if (app->domain_hint && url && (strstr(url, "?whr=") || strstr(url, "&whr=")))
        sso_check_fail(check, "SAMLDomainHint", at_of(conf, SSO_SET_DOMAIN_HINT), "expected a SAMLLoginURL without whr=, "
                       "which this directive adds, found \"%s\"; mend: keep one of the two", url);
}

static void resolve_authn_context(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const apr_array_header_t *values = conf->set[SSO_SET_AUTHN_CONTEXT].values;
    apr_array_header_t *classes = apr_array_make(check->p, 1, sizeof(const char *));

    for (int i = 0; values && i < values->nelts; i++) {
        if (APR_ARRAY_IDX(values, i, sso_value_t).text)
            APR_ARRAY_PUSH(classes, const char *) = APR_ARRAY_IDX(values, i, sso_value_t).text;
    }
    app->authn_context = classes;
    if (classes->nelts > 0)
        sso_check_inform(check, "SAMLAuthnContext", at_of(conf, SSO_SET_AUTHN_CONTEXT), "sign-ons must be of one of %d "
                         "classes; Entra refuses with AADSTS75011 whoever has signed in there by another method",
                         classes->nelts);
}

static void resolve_logout(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const saml_idp_t *idp = app->idp;

    app->single_logout = (int)number_or(conf, SSO_SET_SINGLE_LOGOUT, 1);
    app->logout_response = (sso_logout_answer_t)number_or(conf, SSO_SET_LOGOUT_RESPONSE, SSO_ANSWER_AUTO);
    if (app->logout_response == SSO_ANSWER_ON && idp && !idp->slo_redirect && !idp->slo_post)
        sso_check_warn(check, "SAMLLogoutResponse", at_of(conf, SSO_SET_LOGOUT_RESPONSE), "expected an identity provider with a "
                       "logout URL, where a LogoutResponse can go, found none; mend: add SAMLLogoutURL, or take this directive out");
}

static void resolve_requests(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    app->sign_requests = (int)number_or(conf, SSO_SET_SIGN_REQUESTS, 0);
    app->force_authn = (sso_force_t)number_or(conf, SSO_SET_FORCE_AUTHN, SSO_FORCE_OFF);
    resolve_logout(check, conf, app);
    resolve_domain_hint(check, conf, app);
    app->login_hint = (int)number_or(conf, SSO_SET_LOGIN_HINT, 0);
    resolve_authn_context(check, conf, app);
    app->idp_initiated = (int)number_or(conf, SSO_SET_IDP_INITIATED, 0);
    app->name_id_format = sso_is_set(conf, SSO_SET_NAME_ID_FORMAT) ? sso_set_text(conf, SSO_SET_NAME_ID_FORMAT)
                                                                    : SAML_NAMEID_EMAIL;
    if (app->idp && app->idp->want_authn_requests_signed && !app->sign_requests)
        sso_check_warn(check, "SAMLIdPMetadata", at_of(conf, SSO_SET_IDP_METADATA), "expected \"SAMLSignRequests on\", "
                       "as this metadata says WantAuthnRequestsSigned, found it off; mend: add it, and SAMLKey");
}

/* ---- sessions --------------------------------------------------------------------------------------------- */

static int resolve_lifetimes(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    apr_interval_time_t usual = apr_time_from_sec(USUAL_IDLE_S);

    app->clock_skew = number_or(conf, SSO_SET_CLOCK_SKEW, apr_time_from_sec(USUAL_SKEW_S));
    app->session_lifetime = number_or(conf, SSO_SET_SESSION_LIFETIME, apr_time_from_sec(USUAL_LIFETIME_S));
    app->session_idle = number_or(conf, SSO_SET_SESSION_IDLE,
                                  usual < app->session_lifetime ? usual : app->session_lifetime);
    if (app->session_idle <= app->session_lifetime)
        return 1;
    sso_check_fail(check, "SAMLSessionIdle", at_of(conf, SSO_SET_SESSION_IDLE), "expected at most the "
                   "SAMLSessionLifetime of %" APR_TIME_T_FMT "s, found %" APR_TIME_T_FMT "s; mend: shorten it, or "
                   "lengthen SAMLSessionLifetime", apr_time_sec(app->session_lifetime),
                   apr_time_sec(app->session_idle));
    return 0;
}

/* The store of that name, if an application before this one uses it. */
static sso_store_t *store_named(const sso_process_t *process, const char *name)
{
    for (int i = 0; i < process->stores->nelts; i++) {
        sso_store_t *store = APR_ARRAY_IDX(process->stores, i, sso_store_t *);

        if (strcmp(sso_store_name(store), name) == 0)
            return store;
    }
    return NULL;
}

#define BEHIND_COOKIE "cookie:"

static const char *without_cookie(const char *name)
{
    return strncmp(name, BEHIND_COOKIE, strlen(BEHIND_COOKIE)) == 0 ? name + strlen(BEHIND_COOKIE) : name;
}

/* LMDB's files must not be opened twice in a process, once as a store and once behind store "cookie". */
static int is_used_otherwise(const sso_process_t *process, const char *name)
{
    for (int i = 0; i < process->stores->nelts; i++) {
        const char *other = sso_store_name(APR_ARRAY_IDX(process->stores, i, sso_store_t *));

        if (strcmp(other, name) != 0 && strcmp(without_cookie(other), without_cookie(name)) == 0)
            return 1;
    }
    return 0;
}

/* Where applications share a store, the longest lifetime and the largest limit hold for it. */
static void tell_store(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    app->users = check->process->users;
    app->session_limit = (apr_uint64_t)number_or(conf, SSO_SET_SESSION_LIMIT, USUAL_LIMIT);
    sso_store_lifetime(app->store, app->session_lifetime);
    sso_store_limit(app->store, app->session_limit);
}

static int resolve_store(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const char *spec = sso_set_text(conf, SSO_SET_SESSION_STORE);
    const sso_at_t *at = spec ? at_of(conf, SSO_SET_SESSION_STORE) : &conf->at;
    saml_err_t *err = sso_err_new(check->p);
    sso_store_t *store;

    if (sso_store_configure(&store, spec ? spec : "lmdb", ap_runtime_dir_relative(check->p, "."), check->p,
                            err) != SAML_OK) {
        sso_check_fail(check, "SAMLSessionStore", at, "%s; mend: correct it, or leave it out for the default",
                       err->reason);
        return 0;
    }
    app->store = store_named(check->process, sso_store_name(store));
    if (app->store) {
        tell_store(check, conf, app);
        return 1;
    }
    if (is_used_otherwise(check->process, sso_store_name(store))) {
        sso_check_fail(check, "SAMLSessionStore", at, "expected a small store behind \"cookie\" that nothing else uses, found %s; mend: "
                       "name another, or leave it out for the default", saml_quote(check->p, sso_store_name(store)));
        return 0;
    }
    /* Also where it fails: one store is one mistake. */
    APR_ARRAY_PUSH(check->process->stores, sso_store_t *) = store;
    app->store = store;
    tell_store(check, conf, app);
    if (sso_store_check(store, err) != SAML_OK || sso_check_reach(sso_store_name(store), err) != SAML_OK) {
        sso_check_fail(check, "SAMLSessionStore", at, "expected a folder that sessions can be kept in, found: %s; "
                       "mend: make it usable, or name another: SAMLSessionStore lmdb:/folder", err->reason);
        return 0;
    }
    if (sso_store_caveat(store, check->p))
        sso_check_warn(check, "SAMLSessionStore", at, "%s", sso_store_caveat(store, check->p));
    return 1;
}

static int resolve_secret(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const sso_value_t *value = sso_set_value_of(conf, SSO_SET_SECRET);
    const char *own = value ? value->path : NULL;
    const char *file = own ? own : ap_runtime_dir_relative(check->p, SSO_SECRET_FILE);
    const sso_at_t *at = own ? at_of(conf, SSO_SET_SECRET) : &conf->at;
    saml_err_t *err = sso_err_new(check->p);
    saml_secret_t *secret = NULL;
    const char *wrong = own ? sso_unreadable(file, "file of secrets", check->p) : sso_secret_file_check(file, check->p);

    if (!wrong && (own || sso_file_exists(file)) && sso_secret_file_load(&secret, file, check->p, err) != SAML_OK)
        wrong = err->reason;
    if (wrong) {
        sso_check_fail(check, "SAMLSecret", at, "%s; mend: name a file with 64 hexadecimal digits in a line (openssl "
                       "rand -hex 32) that only root can read", wrong);
        return 0;
    }
    if (own && sso_file_is_public(file))
        sso_check_warn(check, "SAMLSecret", at, "expected a file that others cannot read, found \"%s\" open to all; "
                       "mend: chmod 600", file);
    app->secret_file = file;
    app->secret = secret;
    if (!own)
        check->process->default_secret = file;
    return 1;
}

static void resolve_provision(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const sso_value_t *value = sso_set_value_of(conf, SSO_SET_PROVISION);

    app->provision_url = value ? value->text : NULL;
    app->provision_group = value ? value->more : NULL;
    if (app->provision_url && !sso_is_set(conf, SSO_SET_SECRET))
        sso_check_warn(check, "SAMLProvision", at_of(conf, SSO_SET_PROVISION), "expected SAMLSecret, as the key of the signature is "
                       "made from it and the default secret is new after a reboot, found none; mend: add it, and give the backend "
                       "the key anew");
}

/*
 * Two virtual hosts may have the same application, and one ask for more than the other: nobody gets past that with a cookie of the
 * other host. Nor does a session from before it was asked for. Only the last part may have spaces in it.
 */
static void resolve_sessions_of(sso_check_t *check, sso_app_t *app)
{
    const char *of = app->id;

    if (app->allow)
        of = apr_psprintf(check->p, "%s allow=%x", of, app->allow);
    if (app->force_authn == SSO_FORCE_ALWAYS)
        of = apr_pstrcat(check->p, of, " fresh", NULL);
    for (int i = 0; i < app->authn_context->nelts; i++)
        of = apr_pstrcat(check->p, of, " context=", APR_ARRAY_IDX(app->authn_context, i, const char *), NULL);
    if (app->provision_url)
        of = apr_pstrcat(check->p, of, " provision=", app->provision_url, app->provision_group ? " " : NULL, app->provision_group,
                         NULL);
    app->sessions_of = of;
}

sso_app_t *sso_resolve(sso_check_t *check, const sso_app_conf_t *conf, int own)
{
    sso_app_t *app = apr_pcalloc(check->p, sizeof(*app));

    app->name = conf->name;
    app->server = check->s;
    resolve_allow(check, conf, app);
    resolve_path(check, conf, app);
    resolve_provision(check, conf, app);
    if (!resolve_reply_urls(check, conf, own, app))
        return NULL;
    app->entra = sso_resolve_entra(conf, check->p);
    resolve_identity(check, conf, app);
    if (!sso_resolve_fetch(check, conf, app) || !sso_resolve_idp(check, conf, app) || !resolve_binding(check, conf, app))
        return NULL;
    resolve_id(check, app);
    resolve_requests(check, conf, app);
    resolve_sessions_of(check, app);
    if (!sso_resolve_relay_states(check, conf, app))
        return NULL;
    if (!resolve_keys(check, conf, app) || !resolve_lifetimes(check, conf, app))
        return NULL;
    if (!sso_resolve_groups(check, conf, app))
        return NULL;
    if (!sso_resolve_cookie(check, conf, app) || !resolve_store(check, conf, app))
        return NULL;
    return resolve_secret(check, conf, app) && sso_resolve_keep_posts(check, conf, app) ? app : NULL;
}
