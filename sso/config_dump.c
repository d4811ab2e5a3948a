/* SPDX-License-Identifier: Apache-2.0 */
/* `httpd -t -D DUMP_SAML`: what the directives come to, defaults included. Secrets and keys are told by file alone. */

#include <apr_strings.h>

#include "config.h"
#include "entra.h"
#include "idp_source.h"
#include "keep_posts.h"
#include "relay_state.h"

static const char *duration(apr_pool_t *p, apr_interval_time_t time)
{
    return apr_psprintf(p, "%" APR_TIME_T_FMT "s", apr_time_sec(time));
}

static void print(apr_file_t *out, const char *directive, const char *value)
{
    apr_file_printf(out, "    %-20s %s\n", directive, value);
}

static const char *allowed(apr_pool_t *p, unsigned allow)
{
    char *names = apr_pstrdup(p, saml_allow_names());
    const char *words = "none";
    char *rest;

    for (char *name = apr_strtok(names, ", ", &rest); name; name = apr_strtok(NULL, ", ", &rest)) {
        if (saml_allow_bit(name) & allow)
            words = strcmp(words, "none") == 0 ? name : apr_pstrcat(p, words, " ", name, NULL);
    }
    return words;
}

static void print_idp(apr_file_t *out, const saml_idp_t *idp, apr_pool_t *p)
{
    print(out, "SAMLIdPIdentifier", idp->entity_id);
    print(out, "SAMLLoginURL", idp->sso_post ? idp->sso_post : idp->sso_redirect);
    if (idp->slo_redirect || idp->slo_post)
        print(out, "SAMLLogoutURL", idp->slo_redirect ? idp->slo_redirect : idp->slo_post);
    for (int i = 0; i < idp->certs->nelts; i++) {
        const saml_cert_t *cert = APR_ARRAY_IDX(idp->certs, i, const saml_cert_t *);
        char until[APR_RFC822_DATE_LEN];

        apr_rfc822_date(until, cert->not_after);
        print(out, "SAMLCertificate", apr_psprintf(p, "%s %d bits until %s, thumbprint %s", cert->key_type, cert->bits,
                                                   until, cert->sha1));
    }
}

/* What is known of it is in the copy, which children write: this process, perhaps root, does not read it. */
static void print_source(apr_file_t *out, const sso_app_t *app, apr_pool_t *p)
{
    const sso_source_t *source = app->source;

    if (app->entra)
        print(out, "SAMLEntra", apr_pstrcat(p, app->entra->tenant, " ", app->entra->application, " ", app->entra->cloud, NULL));
    print(out, "SAMLIdPMetadata", source->url);
    if (source->entity_id || source->issuer)
        print(out, "SAMLIdPIdentifier", source->entity_id ? source->entity_id : source->issuer);
    print(out, "SAMLMetadataRefresh", duration(p, source->refresh));
    if (source->ca_file)
        print(out, "SAMLMetadataCA", source->ca_file);
    if (source->proxy)
        print(out, "SAMLMetadataProxy", source->proxy);
    print(out, "kept copy", apr_pstrcat(p, source->folder, "/", source->file, ".xml", NULL));
}

static const char *const force_words[] = {
    [SSO_FORCE_OFF] = "off", [SSO_FORCE_ALWAYS] = "on", [SSO_FORCE_AFTER_LOGOUT] = "after-logout"
};
static const char *const answer_words[] = { [SSO_ANSWER_AUTO] = "auto", [SSO_ANSWER_OFF] = "off", [SSO_ANSWER_ON] = "on" };

static void print_us(apr_file_t *out, const sso_app_t *app, apr_pool_t *p)
{
    print(out, "SAMLIdentifier", app->identifier);
    for (int i = 1; i < app->audiences->nelts; i++)
        print(out, "SAMLAudience", APR_ARRAY_IDX(app->audiences, i, const char *));
    for (int i = 0; i < app->reply_urls->nelts; i++)
        print(out, "SAMLReplyURL", APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t).url);
    print(out, "SAMLPath", *app->prefix ? apr_pstrcat(p, app->path, " prefix=", app->prefix, NULL) : app->path);
    for (int i = 0; i < app->keys->nelts; i++)
        print(out, "SAMLKey", APR_ARRAY_IDX(app->keys, i, const saml_keypair_t *)->cert->source);
    print(out, "SAMLSignRequests", app->sign_requests ? "on" : "off");
    print(out, "SAMLRequestBinding", app->request_binding == SSO_BINDING_POST ? "POST" : "Redirect");
    print(out, "SAMLNameIDFormat", app->name_id_format ? app->name_id_format : "none");
    print(out, "SAMLForceAuthn", force_words[app->force_authn]);
    print(out, "SAMLSingleLogout", app->single_logout ? "on" : "off");
    print(out, "SAMLLogoutResponse", answer_words[app->logout_response]);
    print(out, "SAMLDomainHint", app->domain_hint ? app->domain_hint : "none");
    print(out, "SAMLLoginHint", app->login_hint ? "on" : "off");
    for (int i = 0; i < app->authn_context->nelts; i++)
        print(out, "SAMLAuthnContext", APR_ARRAY_IDX(app->authn_context, i, const char *));
    if (app->authn_context->nelts == 0)
        print(out, "SAMLAuthnContext", "none");
    print(out, "SAMLIdPInitiated", app->idp_initiated ? "on" : "off");
    for (int i = 0; i < app->relay_states->nelts; i++) {
        const sso_relay_state_t *state = &APR_ARRAY_IDX(app->relay_states, i, sso_relay_state_t);

        print(out, "SAMLRelayState", apr_pstrcat(p, state->name, " ", state->target, NULL));
    }
}

static void print_sessions(apr_file_t *out, const sso_app_t *app, apr_pool_t *p)
{
    const sso_cookie_t *cookie = &app->cookie;

    print(out, "SAMLClockSkew", duration(p, app->clock_skew));
    print(out, "SAMLAllow", allowed(p, app->allow));
    print(out, "SAMLSessionStore", sso_store_name(app->store));
    print(out, "SAMLSessionLimit", apr_psprintf(p, "%" APR_UINT64_T_FMT, app->session_limit));
    print(out, "SAMLSessionLifetime", duration(p, app->session_lifetime));
    print(out, "SAMLSessionIdle", duration(p, app->session_idle));
    print(out, "SAMLCookie", apr_pstrcat(p, cookie->name, " Path=", cookie->path, cookie->domain ? " Domain=" : "",
                                         cookie->domain ? cookie->domain : "", " SameSite=", cookie->same_site,
                                         cookie->secure ? " Secure" : "", " HttpOnly", NULL));
    print(out, "sign-on cookies", apr_pstrcat(p, app->state_prefix, "*", NULL));
    print(out, "SAMLKeepPosts", sso_keep_posts_text(app->keep, p));
    print(out, "SAMLSecret", app->secret_file);
    if (app->provision_url)
        print(out, "SAMLProvision", apr_pstrcat(p, app->provision_url, app->provision_group ? " group=" : NULL,
                                                app->provision_group, NULL));
    if (app->group_map)
        print(out, "SAMLGroupMap", app->group_map_file);
    if (app->graph)
        print(out, "SAMLGraph", app->graph->source);
}

static void print_app(apr_file_t *out, const sso_app_t *app, apr_pool_t *p)
{
    if (*app->name)
        apr_file_printf(out, "  <SAMLApplication %s>\n", app->name);
    else
        apr_file_printf(out, "  default application\n");
    print_us(out, app, p);
    if (app->idp)
        print_idp(out, app->idp, p);
    else
        print_source(out, app, p);
    print_sessions(out, app, p);
}

void sso_test_config(apr_pool_t *pconf, server_rec *base)
{
    apr_file_t *out = NULL;

    if (!ap_exists_config_define("DUMP_SAML") || apr_file_open_stdout(&out, pconf) != APR_SUCCESS)
        return;
    for (const server_rec *s = base; s; s = s->next) {
        const sso_server_t *server = sso_server_of(s);

        if (s->defn_name)
            apr_file_printf(out, "virtual host (%s line %u):\n", s->defn_name, s->defn_line_number);
        else
            apr_file_printf(out, "main server:\n");
        if (server->apps->nelts == 0)
            apr_file_printf(out, "  no application\n");
        for (int i = 0; i < server->apps->nelts; i++)
            print_app(out, APR_ARRAY_IDX(server->apps, i, const sso_app_t *), pconf);
    }
    apr_file_printf(out, "headers set, and taken out of every request:");
    for (int i = 0; i < sso_managed()->headers->nelts; i++)
        apr_file_printf(out, " %s", APR_ARRAY_IDX(sso_managed()->headers, i, const char *));
    for (int i = 0; i < sso_managed()->stems->nelts; i++)
        apr_file_printf(out, " %s*", APR_ARRAY_IDX(sso_managed()->stems, i, const char *));
    apr_file_printf(out, "\n");
}
