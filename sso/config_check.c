/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up: every server's applications resolved and held against each other, then what serving needs on disk. */

#include <apr_strings.h>

#include "config.h"
#include "cookie.h"
#include "header_text.h"
#include "headers.h"
#include "keep_posts.h"
#include "page.h"
#include "user_labels.h"
#include "watch.h"

/* ---- one server ------------------------------------------------------------------------------------------- */

/* Whether `s` itself is meant to have the application: what stands in the main server of a configuration with virtual
 * hosts is often only there to be inherited. */
static int is_own(const sso_check_t *check, const sso_server_conf_t *conf, const char *name)
{
    if (check->s == check->base && check->base->next)
        return 0;
    for (int i = 0; i < conf->own->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(conf->own, i, const char *), name) == 0)
            return 1;
    }
    return 0;
}

/* A directive that makes sense only where there is an identity provider. */
static int is_orphan(const sso_app_conf_t *app)
{
    for (int i = 0; i < SSO_SET_COUNT; i++) {
        if (sso_set_inherit(i) == SSO_INHERIT_OWN && sso_is_set(app, i))
            return 1;
    }
    return *app->name != '\0';
}

static sso_app_t *resolve_app(sso_check_t *check, const sso_server_conf_t *conf, const sso_app_conf_t *app)
{
    int own = is_own(check, conf, app->name);

    if (sso_has_idp(app))
        return sso_resolve(check, app, own);
    if (own && is_orphan(app))
        sso_check_fail(check, *app->name ? "<SAMLApplication>" : "SAMLIdPMetadata", &app->at, "expected an identity "
                       "provider, found none; mend: add SAMLEntra or SAMLIdPMetadata, or SAMLIdPIdentifier, SAMLLoginURL "
                       "and SAMLCertificate");
    return NULL;
}

static int starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The first reply URL of `a` whose path is taken: by another application, or by another endpoint of its own. */
static const char *reply_url_taken(const sso_app_t *a, const sso_app_t *b)
{
    for (int i = 0; i < a->reply_urls->nelts; i++) {
        const sso_reply_url_t *url = &APR_ARRAY_IDX(a->reply_urls, i, sso_reply_url_t);
        sso_endpoint_t there = sso_endpoint_at(b, url->local_path);

        if (there != SSO_ENDPOINT_NONE && (a != b || there != SSO_ENDPOINT_ACS))
            return url->url;
    }
    return NULL;
}

/* What two applications of a vhost, or one with itself, must not share. */
static const char *collision(sso_check_t *check, const sso_app_t *a, const sso_app_t *b)
{
    if (a != b && strcmp(a->path, b->path) == 0)
        return apr_psprintf(check->p, "expected endpoints of its own, found SAMLPath %s, which application \"%s\" has "
                            "too; mend: give one of them another SAMLPath", a->path, b->name);
    if (a != b && strcmp(a->cookie.name, b->cookie.name) == 0)
        return apr_psprintf(check->p, "expected a cookie of its own, found \"%s\", which application \"%s\" has too; "
                            "mend: give one of them another name with SAMLCookie", a->cookie.name, b->name);
    if (reply_url_taken(a, b))
        return apr_psprintf(check->p, "expected a reply URL with a path of its own, found \"%s\", which is an endpoint of "
                            "application \"%s\"; mend: give it another path", reply_url_taken(a, b), b->name);
    if (a != b && sso_store_is_carried(b->store) && sso_cookie_is_part(a->cookie.name, b->cookie.name))
        return apr_psprintf(check->p, "expected a cookie of its own, found \"%s\", which application \"%s\" uses for parts of "
                            "its sessions; mend: give one of them another name with SAMLCookie", a->cookie.name, b->name);
    if (starts_with(a->cookie.name, b->state_prefix))
        return apr_psprintf(check->p, "expected a cookie name that does not start like the sign-on cookies of "
                            "application \"%s\", found \"%s\"; mend: give it another name with SAMLCookie",
                            b->name, a->cookie.name);
    return NULL;
}

static void check_collisions(sso_check_t *check, const sso_server_conf_t *conf, const sso_server_t *server)
{
    for (int i = 0; i < server->apps->nelts; i++) {
        const sso_app_t *a = APR_ARRAY_IDX(server->apps, i, const sso_app_t *);
        const sso_app_conf_t *written = *a->name ? sso_app_conf_find(conf->named, a->name) : conf->app;
        const char *wrong = NULL;

        for (int k = 0; !wrong && k < server->apps->nelts; k++) {
            const sso_app_t *b = APR_ARRAY_IDX(server->apps, k, const sso_app_t *);

            wrong = collision(check, a, b);
        }
        if (wrong) {
            sso_check_fail(check, *a->name ? "<SAMLApplication>" : "SAMLPath", &written->at, "%s", wrong);
            return;
        }
    }
}

/* A virtual host in which nothing of ours stands has the main server's own record, not a merged one. */
static sso_server_conf_t *own_conf(const sso_check_t *check, server_rec *s)
{
    sso_server_conf_t *conf = sso_server_conf_of(s);
    sso_server_conf_t *outer = sso_server_conf_of(check->base);

    if (s != check->base && conf == outer) {
        conf = sso_merge_server(check->p, outer, sso_create_server(check->p, s));
        ap_set_module_config(s->module_config, &saml_sso_module, conf);
    }
    return conf;
}

static void check_server(sso_check_t *check, server_rec *s)
{
    sso_server_conf_t *conf = own_conf(check, s);
    sso_server_t *server = apr_pcalloc(check->p, sizeof(*server));
    apr_array_header_t *apps = apr_array_make(check->p, 1 + conf->named->nelts, sizeof(sso_app_t *));

    check->s = s;
    for (int i = 0; i < conf->problems->nelts; i++) {
        const sso_problem_t *problem = &APR_ARRAY_IDX(conf->problems, i, sso_problem_t);

        sso_check_fail(check, problem->directive, &problem->at, "%s", problem->text);
    }
    for (int i = 0; i < conf->advice->nelts; i++) {
        const sso_problem_t *advice = &APR_ARRAY_IDX(conf->advice, i, sso_problem_t);

        sso_check_warn(check, advice->directive, &advice->at, "%s", advice->text);
    }
    for (int i = 0; i < conf->users->nelts; i++)
        sso_users_add(check->process->users, APR_ARRAY_IDX(conf->users, i, const sso_user_t *));
    server->app = resolve_app(check, conf, conf->app);
    if (server->app)
        APR_ARRAY_PUSH(apps, sso_app_t *) = server->app;
    for (int i = 0; i < conf->named->nelts; i++) {
        const sso_app_conf_t *named = APR_ARRAY_IDX(conf->named, i, const sso_app_conf_t *);
        sso_app_t *app = resolve_app(check, conf, sso_app_conf_inherit(check->p, conf->app, named));

        if (app)
            APR_ARRAY_PUSH(apps, sso_app_t *) = app;
    }
    server->apps = apps;
    conf->resolved = server;
    apr_array_cat(check->process->apps, apps);
    check_collisions(check, conf, server);
    for (int i = 0; i < apps->nelts; i++)
        sso_check_relay_states(check, APR_ARRAY_IDX(apps, i, const sso_app_t *));
}

/* ---- all servers together --------------------------------------------------------------------------------- */

/* What stands in the main server holds in every virtual host, and some need not know each name. */
static int is_known(const sso_check_t *check, const server_rec *s, const char *name)
{
    const server_rec *last = s == check->base ? NULL : s->next;

    for (; s != last; s = s->next) {
        if (sso_app_conf_find(sso_server_conf_of(s)->named, name))
            return 1;
    }
    return 0;
}

static void check_refs(sso_check_t *check, const server_rec *s)
{
    const apr_array_header_t *refs = sso_server_conf_of(s)->refs;

    for (int i = 0; i < refs->nelts; i++) {
        const sso_app_ref_t *ref = &APR_ARRAY_IDX(refs, i, sso_app_ref_t);

        if (*ref->name && !is_known(check, s, ref->name))
            sso_check_fail(check, "SAMLApplication", &ref->at, "expected the name of a <SAMLApplication> of this "
                           "server, found %s; mend: correct it, or add \"<SAMLApplication %s>\"",
                           saml_quote(check->p, ref->name), ref->name);
    }
}

static int has_app(const sso_check_t *check, const server_rec *s)
{
    const server_rec *last = s == check->base ? NULL : s->next;

    for (; s != last; s = s->next) {
        if (sso_server_of(s)->apps->nelts > 0)
            return 1;
    }
    return 0;
}

/* A place that nobody could ever get into. An identity provider that is there and made no application had no name. */
static void check_guarded(sso_check_t *check, const server_rec *s)
{
    const ap_directive_t *place = sso_tree_find_auth_type(sso_tree_of(s, check->base));
    sso_at_t at;

    if (!place || has_app(check, s))
        return;
    at = (sso_at_t){ place->filename, place->line_num };
    if (sso_has_idp(sso_server_conf_of(s)->app))
        sso_check_fail(check, "AuthType", &at, "expected a ServerName to make the address for \"AuthType SAML\" from, "
                       "found none; mend: add \"ServerName www.example.org\" to the virtual host that serves it, or "
                       "SAMLReplyURL");
    else
        sso_check_fail(check, "AuthType", &at, "expected an identity provider for \"AuthType SAML\", found none in "
                       "this server; mend: add SAMLEntra or SAMLIdPMetadata, or SAMLIdPIdentifier, SAMLLoginURL and "
                       "SAMLCertificate");
}

/* "SM_*"; no header's name ends so. */
static int is_stem(const char *name)
{
    return *name && name[strlen(name) - 1] == '*';
}

static void add_managed(apr_array_header_t *names, const char *name)
{
    for (int i = 0; i < names->nelts; i++) {
        if (sso_header_same(APR_ARRAY_IDX(names, i, const char *), name))
            return;
    }
    APR_ARRAY_PUSH(names, const char *) = name;
}

/* The default set is always among them: whether a place clears it is known per request only. */
static const apr_array_header_t *collect_headers(const sso_check_t *check)
{
    const apr_array_header_t *usual = sso_default_headers();
    apr_array_header_t *names = apr_array_make(check->p, 8, sizeof(const char *));

    for (int i = 0; i < usual->nelts; i++)
        add_managed(names, APR_ARRAY_IDX(usual, i, sso_header_t).header);
    for (const server_rec *s = check->base; s; s = s->next) {
        const apr_array_header_t *managed = sso_server_conf_of(s)->managed;

        for (int i = 0; i < managed->nelts; i++) {
            if (!is_stem(APR_ARRAY_IDX(managed, i, const char *)))
                add_managed(names, APR_ARRAY_IDX(managed, i, const char *));
        }
    }
    return names;
}

static const apr_array_header_t *collect_stems(const sso_check_t *check)
{
    apr_array_header_t *stems = apr_array_make(check->p, 1, sizeof(const char *));

    for (const server_rec *s = check->base; s; s = s->next) {
        const apr_array_header_t *managed = sso_server_conf_of(s)->managed;

        for (int i = 0; i < managed->nelts; i++) {
            const char *name = APR_ARRAY_IDX(managed, i, const char *);

            if (is_stem(name))
                add_managed(stems, apr_pstrmemdup(check->p, name, strlen(name) - 1));
        }
    }
    return stems;
}

/* Browsers send a cookie to every port of its host, and one with Domain= to every host below: to any vhost of ours. */
static const apr_array_header_t *collect_cookies(const sso_check_t *check)
{
    const apr_array_header_t *apps = check->process->apps;
    apr_array_header_t *names = apr_array_make(check->p, 4, sizeof(sso_cookie_names_t));

    for (int i = 0; i < apps->nelts; i++) {
        const sso_app_t *app = APR_ARRAY_IDX(apps, i, const sso_app_t *);
        int known = 0;

        for (int k = 0; !known && k < names->nelts; k++) {
            const sso_cookie_names_t *name = &APR_ARRAY_IDX(names, k, sso_cookie_names_t);

            known = strcmp(name->session, app->cookie.name) == 0 && strcmp(name->state_prefix, app->state_prefix) == 0;
        }
        if (!known)
            APR_ARRAY_PUSH(names, sso_cookie_names_t) = (sso_cookie_names_t){ app->cookie.name, app->state_prefix };
    }
    return names;
}

static void collect_managed(const sso_check_t *check)
{
    sso_managed_t *managed = apr_palloc(check->p, sizeof(*managed));

    managed->headers = collect_headers(check);
    managed->stems = collect_stems(check);
    managed->left_out_s = apr_pcalloc(check->p, (apr_size_t)managed->headers->nelts * sizeof(*managed->left_out_s));
    managed->cookies = collect_cookies(check);
    sso_managed_index(managed);
    sso_set_managed(managed, check->p);
}

static sso_process_t *new_process(apr_pool_t *p)
{
    static const sso_dir_t anywhere = { .user = NULL };
    sso_process_t *process = apr_pcalloc(p, sizeof(*process));

    process->stores = apr_array_make(p, 1, sizeof(sso_store_t *));
    process->notes = apr_array_make(p, 4, sizeof(sso_note_t));
    process->apps = apr_array_make(p, 4, sizeof(sso_app_t *));
    process->sources = apr_array_make(p, 1, sizeof(sso_source_t *));
    process->keeps = apr_array_make(p, 1, sizeof(const sso_kept_place_t *));
    process->users = apr_array_make(p, 4, sizeof(const sso_user_t *));
    sso_users_add(process->users, sso_user(&anywhere));
    return process;
}

/* Who goes by more names is found by the first of them. */
static void check_users(sso_check_t *check)
{
    static const sso_at_t nowhere = { NULL, 0 };

    if (check->process->users->nelts > SSO_MAX_USER_LABELS)
        sso_check_inform(check, "SAMLUser", &nowhere, "%d ways to name a user, with the NameID: \"saml-sso sessions --end\" finds a session "
                         "by the first %d different names", check->process->users->nelts, SSO_MAX_USER_LABELS);
}

static void log_notes(const sso_process_t *process, const server_rec *s, int startup)
{
    for (int i = 0; i < process->notes->nelts; i++) {
        const sso_note_t *note = &APR_ARRAY_IDX(process->notes, i, sso_note_t);

        ap_log_error(APLOG_MARK, note->level | startup, 0, s, "%s", note->text);
    }
}

int sso_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *base)
{
    sso_check_t check = { .p = pconf, .base = base, .now = apr_time_now() };
    saml_err_t *err = sso_err_new(pconf);

    (void)plog;
    if (saml_library_init(err) != SAML_OK) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_EMERG, 0, NULL, "saml_sso_module: %s", err->reason);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    check.process = new_process(pconf);
    check.said = apr_table_make(ptemp, 4);
    sso_server_conf_of(base)->process = check.process;
    for (server_rec *s = base; s; s = s->next)
        check_server(&check, s);
    for (server_rec *s = base; s; s = s->next) {
        check_refs(&check, s);
        if (check.problems == 0)
            check_guarded(&check, s);
    }
    collect_managed(&check);
    check_users(&check);
    if (check.problems == 0 && ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST)
        log_notes(check.process, NULL, APLOG_STARTUP);
    return check.problems ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

/* ---- before serving --------------------------------------------------------------------------------------- */

static int make_secret(const sso_process_t *process, apr_pool_t *p, server_rec *base)
{
    saml_err_t *err = sso_err_new(p);
    saml_secret_t *secret;

    if (!process->default_secret)
        return 1;
    if (sso_secret_file_make(&secret, process->default_secret, p, err) != SAML_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, base, "SAMLSecret: %s; mend: move the file away, and a new one is "
                     "made and sign-ons under way start anew; or name one with SAMLSecret", err->reason);
        return 0;
    }
    for (int i = 0; i < process->apps->nelts; i++) {
        sso_app_t *app = APR_ARRAY_IDX(process->apps, i, sso_app_t *);

        if (!app->secret)
            app->secret = secret;
    }
    return 1;
}

/** Whose error log a store's news go to. */
static void log_news(void *baton, sso_store_level_t level, const char *text)
{
    static const int levels[] = { [SSO_STORE_BAD] = APLOG_ERR, [SSO_STORE_WARNING] = APLOG_WARNING, [SSO_STORE_NOTE] = APLOG_NOTICE };

    ap_log_error(APLOG_MARK, levels[level], 0, (const server_rec *)baton, "%s", text);
}

static int prepare_stores(const sso_process_t *process, apr_pool_t *p, server_rec *base)
{
    sso_store_owner_t owner = sso_child_owner();
    sso_store_news_t news = { log_news, base };

    for (int i = 0; i < process->stores->nelts; i++) {
        sso_store_t *store = APR_ARRAY_IDX(process->stores, i, sso_store_t *);
        saml_err_t *err = sso_err_new(p);

        sso_store_tell(store, &news);
        if (sso_store_prepare(store, &owner, p, err) != SAML_OK) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, base, "SAMLSessionStore %s: %s", sso_store_name(store),
                         err->reason);
            return 0;
        }
    }
    return 1;
}

int sso_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *base)
{
    sso_process_t *process = sso_server_conf_of(base)->process;

    (void)plog;
    (void)ptemp;
    /* httpd reads its configuration twice before it serves; the first reading is thrown away. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return OK;
    sso_page_prepare(pconf);
    log_notes(process, base, 0);
    if (!make_secret(process, pconf, base) || !prepare_stores(process, pconf, base)
        || !sso_keep_posts_prepare(process, pconf, base) || !sso_watch_prepare(process, pconf, base))
        return HTTP_INTERNAL_SERVER_ERROR;
    return OK;
}

void sso_child_init(apr_pool_t *pchild, server_rec *base)
{
    const sso_process_t *process = sso_server_conf_of(base)->process;

    for (int i = 0; i < process->stores->nelts; i++) {
        sso_store_t *store = APR_ARRAY_IDX(process->stores, i, sso_store_t *);
        saml_err_t *err = sso_err_new(pchild);

        if (sso_store_open(store, pchild, err) != SAML_OK)
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, base, "SAMLSessionStore %s cannot be opened, so nobody "
                         "is let in: %s",
                         sso_store_name(store), err->reason);
    }
    sso_watch_open(process, pchild, base);
}
