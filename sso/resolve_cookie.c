/* SPDX-License-Identifier: Apache-2.0 */
/* The cookie of an application: the strictest form that its addresses allow, RFC 6265bis 4.1.3. */

#include <apr_strings.h>

#include "config.h"

#define HOST_PREFIX "__Host-"
#define SECURE_PREFIX "__Secure-"

/* Browsers read the prefixes without regard to letter case. */
static int has_prefix(const char *name, const char *prefix)
{
    return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

/* Whether a browser takes a cookie with Domain=`domain` from `host`. */
static int domain_covers(const char *domain, const char *host)
{
    apr_size_t len = strlen(domain);
    apr_size_t host_len = strlen(host);

    if (host_len == len)
        return strcmp(domain, host) == 0;
    return host_len > len && host[host_len - len - 1] == '.' && strcmp(host + host_len - len, domain) == 0;
}

static int path_covers(const char *path, const char *what)
{
    apr_size_t len = strlen(path);

    return strcmp(path, "/") == 0 || (strncmp(path, what, len) == 0 && (!what[len] || what[len] == '/'));
}

static const char *domain_contradiction(sso_check_t *check, const sso_app_t *app)
{
    for (int i = 0; i < app->reply_urls->nelts; i++) {
        const sso_reply_url_t *url = &APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t);

        if (!domain_covers(app->cookie.domain, url->host))
            return apr_psprintf(check->p, "expected a Domain that \"%s\" is in, found \"%s\"; mend: use a part of the "
                                "host name, or leave Domain= out", url->host, app->cookie.domain);
    }
    return NULL;
}

static const char *name_contradiction(sso_check_t *check, const sso_app_t *app)
{
    const sso_cookie_t *cookie = &app->cookie;

    if (has_prefix(cookie->name, HOST_PREFIX)) {
        if (!cookie->secure)
            return apr_psprintf(check->p, "expected no __Host- in the name where SAMLReplyURL is http://, found "
                                "\"%s\"; mend: use another name", cookie->name);
        if (cookie->domain || strcmp(cookie->path, "/") != 0)
            return apr_psprintf(check->p, "expected no Domain= and Path=/ with a name in __Host-, found \"%s\" "
                                "Path=%s%s%s; mend: use another name, or leave them out", cookie->name, cookie->path,
                                cookie->domain ? " Domain=" : "", cookie->domain ? cookie->domain : "");
    }
    if (has_prefix(cookie->name, SECURE_PREFIX) && !cookie->secure)
        return apr_psprintf(check->p, "expected no __Secure- in the name where SAMLReplyURL is http://, found \"%s\"; "
                            "mend: use another name", cookie->name);
    return NULL;
}

static const char *contradiction(sso_check_t *check, const sso_app_t *app)
{
    const sso_cookie_t *cookie = &app->cookie;

    if (strcmp(cookie->same_site, "Strict") == 0)
        return "expected SameSite=Lax or SameSite=None, found \"Strict\", with which the browser keeps the cookie "
               "back on the way home from the identity provider and signs on for ever; mend: use Lax";
    if (strcmp(cookie->same_site, "None") == 0 && !cookie->secure)
        return "expected SameSite=Lax where SAMLReplyURL is http://, found \"None\", which browsers take with Secure "
               "only; mend: use Lax";
    if (!path_covers(cookie->path, app->public_path))
        return apr_psprintf(check->p, "expected a Path that SAMLPath \"%s\" is under, found \"%s\", so that the "
                            "endpoints would never see the cookie; mend: SAMLPath %s%s", app->path, cookie->path,
                            cookie->path, app->path);
    if (cookie->domain) {
        const char *wrong = domain_contradiction(check, app);

        if (wrong)
            return wrong;
    }
    return name_contradiction(check, app);
}

int sso_resolve_cookie(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    static const sso_cookie_conf_t unset = { NULL, NULL, NULL, NULL };
    const sso_setting_t *setting = &conf->set[SSO_SET_COOKIE];
    const sso_cookie_conf_t *given = setting->cookie ? setting->cookie : &unset;
    const char *base = *app->name ? apr_pstrcat(check->p, "saml-", app->name, NULL) : "saml";
    sso_cookie_t *cookie = &app->cookie;
    const char *prefix;
    const char *wrong;

    cookie->path = given->path ? given->path : "/";
    cookie->domain = given->domain;
    cookie->same_site = given->same_site ? given->same_site : "Lax";
    cookie->secure = APR_ARRAY_IDX(app->reply_urls, 0, sso_reply_url_t).is_https;
    prefix = cookie->secure && !cookie->domain && strcmp(cookie->path, "/") == 0 ? HOST_PREFIX : "";
    cookie->name = given->name ? given->name : apr_pstrcat(check->p, prefix, base, NULL);
    /* Whatever the session's cookie is for: these are for one host and all of it, and no other host is to plant one. */
    app->state_prefix = apr_pstrcat(check->p, cookie->secure ? HOST_PREFIX : "", base, "-state-", NULL);
    wrong = contradiction(check, app);
    if (wrong)
        sso_check_fail(check, "SAMLCookie", setting->at.file ? &setting->at : &conf->at, "%s", wrong);
    return !wrong;
}
