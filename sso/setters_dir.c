/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of the directives that hold for a place: a directory, a location, or all of a server. */

#include <apr_lib.h>
#include <apr_strings.h>

#include "config.h"
#include "saml/claims.h"
#include "header_text.h"
#include "headers.h"

#define MAX_HEADER_BYTES 128
#define MAX_VALUE_BYTES 60000   /* of a header: what httpd's largest sensible LimitRequestFieldSize takes */
#define MAX_CLAIM_BYTES 256
#define MAX_SEPARATOR_BYTES 8

static const char *refuse(cmd_parms *cmd, const char *expected, const char *got)
{
    return apr_psprintf(cmd->pool, "%s: expected %s, got %s", cmd->cmd->name, expected, saml_quote(cmd->pool, got));
}

static const char *twice(cmd_parms *cmd, const char *got)
{
    return refuse(cmd, "once in a section", got);
}

const char *sso_dir_application(cmd_parms *cmd, void *dir, const char *arg)
{
    sso_dir_conf_t *conf = dir;
    sso_app_ref_t *ref;

    if (conf->say.application)
        return twice(cmd, arg);
    conf->say.application = strcmp(arg, SSO_OWN_APPLICATION) == 0 ? "" : arg;
    ref = apr_array_push(sso_server_conf_of(cmd->server)->refs);
    ref->at = sso_at_here(cmd);
    ref->name = conf->say.application;
    return NULL;
}

static int is_claim(const char *name)
{
    apr_size_t len = strlen(name);

    for (const char *c = name; *c; c++) {
        if (*c < 0x20 || *c >= 0x7f)
            return 0;
    }
    return len > 0 && len <= MAX_CLAIM_BYTES;
}

/* White space around a name is a slip of quoting or pasting: those that come are trimmed as well. */
static const char *trimmed(apr_pool_t *p, const char *name)
{
    char *copy = apr_pstrdup(p, name + strspn(name, " \t\r\n"));

    for (apr_size_t len = strlen(copy); len > 0 && strchr(" \t\r\n", copy[len - 1]); len--)
        copy[len - 1] = '\0';
    return copy;
}

/* Of DNS or of Windows; no wildcard, as each domain is another one's to give names in. */
static int is_domain(const char *name)
{
    apr_size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_");

    return len > 0 && len <= 253 && !name[len] && name[0] != '.' && !strstr(name, "..");
}

static void advise(cmd_parms *cmd, const char *text)
{
    sso_problem_t *advice = apr_array_push(sso_server_conf_of(cmd->server)->advice);

    advice->at = sso_at_here(cmd);
    advice->directive = cmd->cmd->name;
    advice->text = text;
}

/* @return NULL where `arg` is an option and is taken; "" where it is none; else what is wrong with it */
static const char *take_user_option(cmd_parms *cmd, sso_user_t *user, const char *arg)
{
    static const char strip[] = "strip-domain";

    if (strcasecmp(arg, "lower") == 0) {
        if (user->lower)
            return refuse(cmd, "each option once", arg);
        user->lower = 1;
        return NULL;
    }
    if (strncasecmp(arg, strip, strlen(strip)) != 0 || (arg[strlen(strip)] && arg[strlen(strip)] != '='))
        return "";
    if (user->strip_domain)
        return refuse(cmd, "each option once", arg);
    user->strip_domain = 1;
    if (!arg[strlen(strip)]) {
        advise(cmd, "expected strip-domain=DOMAIN, found strip-domain, which makes ada@one.example and ada@two.example one "
                    "and the same user; mend: name the domain whose users sign on here");
        return NULL;
    }
    user->domain = arg + strlen(strip) + 1;
    return is_domain(user->domain) ? NULL : refuse(cmd, "strip-domain= and the name of one domain", arg);
}

/* The same attribute, whether by alias or full name. */
static int is_same_claim(const char *a, const char *b)
{
    const char *uri_a = saml_claim_uri(a), *uri_b = saml_claim_uri(b);

    return strcmp(uri_a ? uri_a : a, uri_b ? uri_b : b) == 0;
}

static const char *add_user_claim(cmd_parms *cmd, apr_array_header_t *claims, const char *claim)
{
    /* "user" is what this directive defines. */
    if (!is_claim(claim) || strcmp(claim, "user") == 0)
        return refuse(cmd, "the alias or full name of a claim", claim);
    for (int i = 0; i < claims->nelts; i++) {
        if (is_same_claim(APR_ARRAY_IDX(claims, i, const char *), claim))
            return refuse(cmd, "each claim once", claim);
    }
    APR_ARRAY_PUSH(claims, const char *) = claim;
    return NULL;
}

const char *sso_dir_user(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    apr_array_header_t *claims = apr_array_make(cmd->pool, 2, sizeof(const char *));
    sso_user_t *user = apr_pcalloc(cmd->pool, sizeof(*user));
    sso_dir_conf_t *conf = dir;

    if (conf->say.user)
        return twice(cmd, argc ? argv[0] : "");
    for (int i = 0; i < argc; i++) {
        const char *arg = trimmed(cmd->pool, argv[i]);
        const char *wrong = take_user_option(cmd, user, arg);

        if (wrong && !*wrong) {
            if (user->lower || user->strip_domain)
                return refuse(cmd, "claims first and lower, strip-domain or strip-domain=DOMAIN behind them", arg);
            wrong = add_user_claim(cmd, claims, arg);
        }
        if (wrong)
            return wrong;
    }
    if (claims->nelts == 0)
        return refuse(cmd, "one or more claims before lower and strip-domain (a claim cannot be named like an option)",
                      argc ? argv[0] : "");
    user->claims = claims;
    conf->say.user = user;
    APR_ARRAY_PUSH(sso_server_conf_of(cmd->server)->users, const sso_user_t *) = user;
    return NULL;
}

const char *sso_dir_env(cmd_parms *cmd, void *dir, int on)
{
    sso_dir_conf_t *conf = dir;

    if (conf->say.env != -1)
        return twice(cmd, on ? "on" : "off");
    conf->say.env = on;
    return NULL;
}

const char *sso_dir_unauthenticated(cmd_parms *cmd, void *dir, const char *arg)
{
    static const char *const names[] = { [SSO_UNAUTH_AUTO] = "auto", [SSO_UNAUTH_LOGIN] = "login",
                                         [SSO_UNAUTH_401] = "401", [SSO_UNAUTH_PASS] = "pass" };
    sso_dir_conf_t *conf = dir;

    if (conf->say.unauthenticated != SSO_UNAUTH_UNSET)
        return twice(cmd, arg);
    for (int i = SSO_UNAUTH_AUTO; i <= SSO_UNAUTH_PASS; i++) {
        if (strcasecmp(arg, names[i]) == 0) {
            conf->say.unauthenticated = i;
            return NULL;
        }
    }
    return refuse(cmd, "auto, login, 401 or pass", arg);
}

/* Headers that HTTP itself or httpd's other modules live by. What is set here is also taken out of every request that
 * comes in, so a claim in one of these would break what has nothing to do with us. */
static int is_reserved(const char *header)
{
    static const char *const reserved[] = {
        "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection",
        "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Date", "Expect", "Host", "If-Match",
        "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive", "Origin", "Proxy",
        "Proxy-Authorization", "Proxy-Connection", "Range", "Referer", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "User-Agent", "Via",
    };

    for (apr_size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (sso_header_same(header, reserved[i]))
            return 1;
    }
    return 0;
}

static int is_header_name(const char *name)
{
    apr_size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return len > 0 && len <= MAX_HEADER_BYTES && !name[len] && apr_isalpha(name[0]) && !is_reserved(name);
}

static const char *set_encode(cmd_parms *cmd, sso_header_t *header, const char *arg)
{
    const char *value = arg + strlen("encode=");

    if (strcmp(value, "none") == 0)
        header->encode = SSO_ENCODE_NONE;
    else if (strcmp(value, "percent") == 0)
        header->encode = SSO_ENCODE_PERCENT;
    else if (strcmp(value, "base64") == 0)
        header->encode = SSO_ENCODE_BASE64;
    else
        return refuse(cmd, "encode=none, encode=percent or encode=base64", arg);
    return NULL;
}

static const char *set_separator(cmd_parms *cmd, sso_header_t *header, const char *arg)
{
    header->separator = arg + strlen("separator=");
    /* Those that percent-encoding writes with could not be shielded inside a value. */
    if (!is_claim(header->separator) || strlen(header->separator) > MAX_SEPARATOR_BYTES
        || strpbrk(header->separator, "%0123456789ABCDEF"))
        return refuse(cmd, "separator= and 1 to 8 printable ASCII characters without %, digits and A to F", arg);
    return NULL;
}

static const char *set_max(cmd_parms *cmd, sso_header_t *header, const char *arg)
{
    const char *digits = arg + strlen("max=");
    apr_size_t len = strspn(digits, "0123456789");
    apr_int64_t bytes = len > 0 && len <= 6 && !digits[len] ? apr_atoi64(digits) : 0;

    if (bytes < 1 || bytes > MAX_VALUE_BYTES)
        return refuse(cmd, "max= and 1 to 60000 bytes", arg);
    header->max_bytes = (apr_size_t)bytes;
    return NULL;
}

static const char *parse_header(cmd_parms *cmd, sso_header_t *header, int argc, char *const argv[])
{
    header->header = trimmed(cmd->pool, argv[0]);
    header->claim = trimmed(cmd->pool, argv[1]);
    header->separator = ";";
    if (!is_header_name(header->header))
        return refuse(cmd, "a header name of letters, digits, - _ that HTTP does not need itself", header->header);
    if (!is_claim(header->claim))
        return refuse(cmd, "the alias or full name of a claim", header->claim);
    for (int i = 2; i < argc; i++) {
        const char *wrong = NULL;

        if (strncmp(argv[i], "separator=", 10) == 0)
            wrong = set_separator(cmd, header, argv[i]);
        else if (strncmp(argv[i], "encode=", 7) == 0)
            wrong = set_encode(cmd, header, argv[i]);
        else if (strncmp(argv[i], "max=", 4) == 0)
            wrong = set_max(cmd, header, argv[i]);
        else if (strcmp(argv[i], "first") == 0)
            header->first_only = 1;
        else
            wrong = refuse(cmd, "separator=, encode=, max= or first after header and claim", argv[i]);
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* The array is the directory's own while it is read; it is shared, read-only, from then on. */
static const char *add_header(cmd_parms *cmd, sso_dir_conf_t *conf, const sso_header_t *header)
{
    apr_array_header_t *added = apr_array_make(cmd->pool, 4, sizeof(sso_header_t));
    sso_header_t *same = NULL;

    if (conf->added)
        apr_array_cat(added, conf->added);
    for (int i = 0; !same && i < added->nelts; i++) {
        if (sso_header_same(APR_ARRAY_IDX(added, i, sso_header_t).header, header->header))
            same = &APR_ARRAY_IDX(added, i, sso_header_t);
    }
    if (same && header->from_preset)
        return refuse(cmd, "a preset before the line or preset that sets one of its headers too", header->header);
    if (same && !same->from_preset)
        return refuse(cmd, "each header once in a section", header->header);
    if (!same)
        same = apr_array_push(added);
    *same = *header;
    sso_header_settle(same);
    APR_ARRAY_PUSH(sso_server_conf_of(cmd->server)->managed, const char *) = header->header;
    conf->added = added;
    sso_dir_settle_headers(cmd->pool, conf);
    return NULL;
}

static const char *clear_headers(cmd_parms *cmd, sso_dir_conf_t *conf)
{
    if (conf->added)
        return refuse(cmd, "\"none\" as the first in a section", "none");
    conf->added = apr_array_make(cmd->pool, 1, sizeof(sso_header_t));
    conf->cleared = 1;
    sso_dir_settle_headers(cmd->pool, conf);
    return NULL;
}

/* All headers of a preset, as if each had a line. */
static const char *add_preset(cmd_parms *cmd, sso_dir_conf_t *conf, int argc, char *const argv[])
{
    const sso_preset_t *preset = sso_header_preset(argv[1]);
    sso_header_t options = { 0 };
    const char *wrong = NULL;

    if (!preset)
        return refuse(cmd, "preset and " SSO_PRESET_NAMES, argv[1]);
    for (int i = 2; !wrong && i < argc; i++)
        wrong = strncmp(argv[i], "max=", 4) == 0 ? set_max(cmd, &options, argv[i])
                                                 : refuse(cmd, "max= or nothing after the preset", argv[i]);
    for (const char *const *name = preset ? preset->withheld : NULL; name && *name; name++)
        APR_ARRAY_PUSH(sso_server_conf_of(cmd->server)->managed, const char *) = *name;
    for (apr_size_t i = 0; !wrong && i < preset->count; i++) {
        sso_header_t header = preset->headers[i];

        header.max_bytes = options.max_bytes;
        wrong = add_header(cmd, conf, &header);
    }
    return wrong;
}

const char *sso_dir_header(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    sso_header_t header = { 0 };
    const char *wrong;

    if (argc == 1 && strcmp(argv[0], "none") == 0)
        return clear_headers(cmd, dir);
    if (argc < 2)
        return refuse(cmd, "a header name and a claim, \"preset\" and its name, or \"none\"", argc ? argv[0] : "");
    if (strcmp(argv[0], "preset") == 0)
        return add_preset(cmd, dir, argc, argv);
    wrong = parse_header(cmd, &header, argc, argv);
    return wrong ? wrong : add_header(cmd, dir, &header);
}
