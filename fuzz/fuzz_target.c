/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the browser goes after sign-on or logout: a target that came by query or RelayState, itself, by name or sealed, and
 * the URLs of the configuration. A resolver written after what browsers do (URL Standard, 4.4), not after url.c, says where each
 * accepted one leads.
 */
#include <apr_lib.h>
#include "fuzz/fuzz.h"
#include "saml/relay_state.h"
#include "sso/relay_state.h"
#include "sso/url.h"

/* What httpd brings: the files of sso/ ask for nothing else of it. */
module AP_MODULE_DECLARE_DATA saml_sso_module;

int sso_target_is_endpoint(const sso_app_t *app, const char *target, apr_pool_t *p)
{
    (void)app;
    (void)p;
    return strstr(target, "/saml/") != NULL;
}

const char *ap_run_http_scheme(const request_rec *r)
{
    (void)r;
    return "https";
}

/* ---- what a browser makes of a URL --------------------------------------- */

/* URL Standard 4.4, 1 to 4: control octets and spaces at the ends go, tabs and line ends go everywhere. */
static char *browser_text(const char *text, apr_pool_t *p)
{
    char *out = apr_pstrdup(p, text), *to = out;
    const char *at;

    for (at = text; *at && (unsigned char)*at <= 0x20;)
        at++;
    for (; *at; at++) {
        if (*at != '\t' && *at != '\n' && *at != '\r')
            *to++ = *at;
    }
    while (to > out && (unsigned char)to[-1] <= 0x20)
        to--;
    *to = '\0';
    return out;
}

static int is_any_slash(char c)
{
    return c == '/' || c == '\\';
}

/* Length of "scheme:" at `text`, or 0 (4.4, scheme start state and scheme state). */
static size_t scheme_length(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");

    return len && apr_isalpha(text[0]) && text[len] == ':' ? len + 1 : 0;
}

/* Authority to "scheme://host[:port]": user names are cut off, slashes before it do not count. NULL: no valid one. */
static const char *authority_origin(const char *scheme, const char *text, apr_pool_t *p)
{
    const char *usual = strcmp(scheme, "https") == 0 ? "443" : "80";
    char *host, *at, *port = NULL, *c;

    while (is_any_slash(*text))
        text++;
    host = apr_pstrmemdup(p, text, strcspn(text, "/\\?#"));
    if ((at = strrchr(host, '@')))
        host = at + 1;
    for (c = host; *c && *c != ':'; c++) {
        if (*c == '[' && strchr(c, ']'))
            c = strchr(c, ']');
    }
    if (*c == ':') {
        *c = '\0';
        for (port = c + 1; *port == '0' && port[1];)
            port++;
        if (port[strspn(port, "0123456789")])
            return NULL;
        if (!*port || strcmp(port, usual) == 0)
            port = NULL;
    }
    for (c = host; *c; c++) {
        *c = apr_tolower(*c);
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || strchr("%#/<>?@\\^|", *c))
            return NULL;
    }
    return *host ? apr_pstrcat(p, scheme, "://", host, port ? ":" : "", port ? port : "", NULL) : NULL;
}

/* The origin that `text` leads to from a page of `base`, which is an origin itself; NULL where none of http or https. */
static const char *browser_origin(const char *text, const char *base, apr_pool_t *p)
{
    const char *url = browser_text(text, p);
    const char *base_scheme = strncmp(base, "https:", 6) == 0 ? "https" : "http";
    size_t len = scheme_length(url);
    char *scheme, *c;

    if (!len)
        return is_any_slash(url[0]) && is_any_slash(url[1]) ? authority_origin(base_scheme, url, p) : base;
    scheme = apr_pstrmemdup(p, url, len - 1);
    for (c = scheme; *c; c++)
        *c = apr_tolower(*c);
    if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
        return NULL;
    /* "https:path" is relative to a page of the same scheme. */
    if (strcmp(scheme, base_scheme) == 0 && !(url[len] == '/' && url[len + 1] == '/') && !is_any_slash(url[len]))
        return base;
    return authority_origin(scheme, url + len, p);
}

/* The same text once more by a server that decodes the path before it looks. */
static const char *decoded_once(const char *text, apr_pool_t *p)
{
    char *out = apr_pstrdup(p, text), *to = out;

    while (*text) {
        if (*text == '%' && apr_isxdigit(text[1]) && apr_isxdigit(text[2])) {
            char hex[3] = { text[1], text[2], '\0' };

            *to++ = (char)strtol(hex, NULL, 16);
            text += 3;
        }
        else {
            *to++ = *text++;
        }
    }
    *to = '\0';
    return out;
}

/* ---- what must be true --------------------------------------------------- */

static const char *const origins[] = { "https://sp.example.org", "https://sp.example.org:8443", "https://192.0.2.7",
                                       "https://[2001:db8::1]", "http://localhost:8080" };

#define ORIGINS (sizeof(origins) / sizeof(origins[0]))

static const saml_secret_t *secret(void)
{
    static saml_secret_t *made;
    static const char text[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    saml_err_t err = { .pool = fuzz_pool() };

    if (!made)
        FUZZ_MUST(saml_secret_parse(&made, text, strlen(text), "secret", fuzz_pool(), &err) == SAML_OK);
    return made;
}

static const sso_app_t *application(apr_pool_t *p)
{
    sso_app_t *app = apr_pcalloc(p, sizeof(*app));
    apr_array_header_t *urls = apr_array_make(p, ORIGINS, sizeof(sso_reply_url_t));
    apr_array_header_t *states = apr_array_make(p, 1, sizeof(sso_relay_state_t));
    size_t i;

    for (i = 0; i < ORIGINS; i++) {
        sso_reply_url_t *url = apr_array_push(urls);

        FUZZ_MUST(sso_reply_url_parse(url, apr_pstrcat(p, origins[i], "/saml/acs", NULL), p) == NULL);
        FUZZ_MUST(strcmp(url->origin, origins[i]) == 0);
    }
    app->reply_urls = urls;
    app->path = app->public_path = "/saml";
    app->prefix = "";
    app->start = "/";
    app->name = "";
    app->identifier = "https://sp.example.org/saml";
    app->secret = secret();
    app->relay_states = states;
    APR_ARRAY_PUSH(states, sso_relay_state_t) = (sso_relay_state_t){ .name = "name", .target = "/named" };
    return app;
}

static void must_stay(const char *target, const char *origin, apr_pool_t *p)
{
    const char *got = browser_origin(target, origin, p);

    if (!got || strcmp(got, origin) != 0)
        fprintf(stderr, "%s leads from %s to %s\n", saml_quote(p, target), origin, got ? got : "nowhere of ours");
    FUZZ_MUST(got && strcmp(got, origin) == 0);
}

static void try_target(const sso_app_t *app, const char *text, apr_pool_t *p)
{
    const char *got = sso_own_target(app, text, p), *c;
    size_t i;

    if (!got)
        return;
    FUZZ_MUST(strcmp(got, text) == 0);
    for (c = got; *c; c++)
        FUZZ_MUST(*c > 0x20 && *c < 0x7f && *c != '\\' && *c != '"' && *c != '<');
    for (i = 0; i < ORIGINS; i++) {
        if (got[0] == '/') {
            must_stay(got, origins[i], p);
            must_stay(decoded_once(got, p), origins[i], p);
        }
        else if (browser_origin(got, origins[i], p) && strcmp(browser_origin(got, origins[i], p), origins[i]) == 0) {
            break;
        }
    }
    FUZZ_MUST(got[0] == '/' || i < ORIGINS);
}

/* Whatever the RelayState says, it leads where the text itself may lead, or to what the configuration named. */
static void try_relay_state(const sso_app_t *app, const char *text, apr_pool_t *p)
{
    saml_relay_state_for_t whose = { app->name, app->identifier };
    saml_err_t err = { .pool = p };
    const char *own = sso_own_target(app, text, p), *target = NULL, *value;
    int is_good = own && !sso_target_is_endpoint(app, own, p);

    if (sso_relay_state_target(&target, app, text, p, &err) == SAML_OK)
        FUZZ_MUST(!*text ? strcmp(target, "/") == 0 : strcmp(text, "name") == 0 ? strcmp(target, "/named") == 0
                                                                                : is_good && strcmp(target, own) == 0);
    else
        FUZZ_MUST(*text && !is_good && err.status == SAML_E_RELAY_STATE && err.reason);
    if (saml_relay_state_seal(&value, app->secret, &whose, text, p, &err) != SAML_OK)
        return;
    FUZZ_MUST((sso_relay_state_target(&target, app, value, p, &err) == SAML_OK) == is_good);
    FUZZ_MUST(!is_good || strcmp(target, own) == 0);
}

static void try_configured(const char *text, apr_pool_t *p)
{
    sso_reply_url_t url;
    const char *origin;

    if (!sso_idp_url_check(text, p)) {
        FUZZ_MUST(browser_origin(text, "https://elsewhere.example", p) != NULL);
        FUZZ_MUST(strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0);
    }
    if (sso_reply_url_parse(&url, text, p))
        return;
    origin = browser_origin(text, "https://elsewhere.example", p);
    FUZZ_MUST(origin && strcmp(origin, url.origin) == 0);
    FUZZ_MUST(sso_path_is_plain(url.path));
    FUZZ_MUST(url.is_https || strcmp(url.host, "localhost") == 0 || strcmp(url.host, "[::1]") == 0
              || strncmp(url.host, "127.", 4) == 0);
    FUZZ_MUST(url.port != 0 && !strstr(url.path, "//") && !strstr(url.path, "/./") && !strstr(url.path, "/../"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    const char *text;

    apr_pool_create(&p, fuzz_pool());
    text = apr_pstrmemdup(p, (const char *)data, size);
    try_target(application(p), text, p);
    try_relay_state(application(p), text, p);
    try_configured(text, p);
    apr_pool_destroy(p);
    return 0;
}
