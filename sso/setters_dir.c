/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of the directives that hold for a place: a directory, a location, or all of a server. */

#include <apr_lib.h>
#include <apr_strings.h>

#include "config.h"

#define MAX_HEADER_BYTES 128
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

const char *sso_dir_user(cmd_parms *cmd, void *dir, const char *arg)
{
    sso_dir_conf_t *conf = dir;

    if (conf->say.user_claim)
        return twice(cmd, arg);
    /* "user" is what this directive defines. */
    if (!is_claim(arg) || strcmp(arg, "user") == 0)
        return refuse(cmd, "the alias or full name of a claim", arg);
    conf->say.user_claim = arg;
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

static const char *parse_header(cmd_parms *cmd, sso_header_t *header, int argc, char *const argv[])
{
    header->header = argv[0];
    header->claim = argv[1];
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
        else if (strcmp(argv[i], "first") == 0)
            header->first_only = 1;
        else
            wrong = refuse(cmd, "separator=, encode= or first after header and claim", argv[i]);
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* The array is the directory's own while it is read; it is shared, read-only, from then on. */
static const char *add_header(cmd_parms *cmd, sso_dir_conf_t *conf, const sso_header_t *header)
{
    apr_array_header_t *added = apr_array_make(cmd->pool, 4, sizeof(sso_header_t));

    if (conf->added)
        apr_array_cat(added, conf->added);
    for (int i = 0; i < added->nelts; i++) {
        if (sso_header_same(APR_ARRAY_IDX(added, i, sso_header_t).header, header->header))
            return refuse(cmd, "each header once in a section", header->header);
    }
    APR_ARRAY_PUSH(added, sso_header_t) = *header;
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

const char *sso_dir_header(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    sso_header_t header = { 0 };
    const char *wrong;

    if (argc == 1 && strcmp(argv[0], "none") == 0)
        return clear_headers(cmd, dir);
    if (argc < 2)
        return refuse(cmd, "a header name and a claim, or \"none\"", argc ? argv[0] : "");
    wrong = parse_header(cmd, &header, argc, argv);
    return wrong ? wrong : add_header(cmd, dir, &header);
}
