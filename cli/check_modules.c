/* SPDX-License-Identifier: Apache-2.0 */
/* Which of httpd's modules a file asks for. They are loaded where a directive of theirs occurs, and no others. */

#include <string.h>
#include <unistd.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "check.h"

/* Beginnings of directives, in any letter case; the longest that fits counts. */
static const struct {
    const char *start, *module;
} DIRECTIVES[] = {
    { "SSL", "ssl" },                       { "Proxy", "proxy" },                   { "BalancerMember", "proxy" },
    { "BalancerGrowth", "proxy" },          { "BalancerPersist", "proxy" },         { "BalancerInherit", "proxy" },
    { "NoProxy", "proxy" },                 { "AllowCONNECT", "proxy_connect" },    { "ProxyHTML", "proxy_html" },
    { "ProxyFCGI", "proxy_fcgi" },          { "ProxyExpress", "proxy_express" },    { "ProxyHC", "proxy_hcheck" },
    { "Rewrite", "rewrite" },               { "Header", "headers" },                { "RequestHeader", "headers" },
    { "Alias", "alias" },                   { "ScriptAlias", "alias" },             { "Redirect", "alias" },
    { "DirectoryIndex", "dir" },            { "DirectorySlash", "dir" },            { "DirectoryCheckHandler", "dir" },
    { "FallbackResource", "dir" },          { "SetEnvIf", "setenvif" },             { "BrowserMatch", "setenvif" },
    { "SetEnv", "env" },                    { "PassEnv", "env" },                   { "UnsetEnv", "env" },
    { "AddType", "mime" },                  { "AddHandler", "mime" },               { "AddEncoding", "mime" },
    { "AddCharset", "mime" },               { "AddLanguage", "mime" },              { "AddInputFilter", "mime" },
    { "AddOutputFilter", "mime" },          { "TypesConfig", "mime" },              { "AddOutputFilterByType", "filter" },
    { "Filter", "filter" },                 { "AuthUserFile", "authn_file" },       { "AuthBasic", "auth_basic" },
    { "AuthDigest", "auth_digest" },        { "AuthGroupFile", "authz_groupfile" }, { "AuthLDAP", "authnz_ldap" },
    { "LDAP", "ldap" },                     { "AuthForm", "auth_form" },            { "AuthnCache", "authn_socache" },
    { "Session", "session" },               { "SessionCookie", "session_cookie" },  { "SessionCrypto", "session_crypto" },
    { "Deflate", "deflate" },               { "Brotli", "brotli" },                 { "Expires", "expires" },
    { "Cache", "cache" },                   { "CacheRoot", "cache_disk" },          { "CacheDir", "cache_disk" },
    { "CacheSocache", "cache_socache" },    { "Substitute", "substitute" },         { "Use", "macro" },
    { "<Macro", "macro" },                  { "UndefMacro", "macro" },              { "RemoteIP", "remoteip" },
    { "Order", "access_compat" },           { "Allow", "access_compat" },           { "Deny", "access_compat" },
    { "Satisfy", "access_compat" },         { "Index", "autoindex" },               { "AddIcon", "autoindex" },
    { "AddAlt", "autoindex" },              { "DefaultIcon", "autoindex" },         { "HeaderName", "autoindex" },
    { "ReadmeName", "autoindex" },          { "ScriptSock", "cgid" },               { "CGID", "cgid" },
    { "ScriptLog", "cgid" },                { "H2", "http2" },                      { "MD", "md" },
    { "Dav", "dav" },                       { "DavLockDB", "dav_fs" },              { "WSGI", "wsgi" },
    { "Lua", "lua" },                       { "DBD", "dbd" },                       { "VirtualDocumentRoot", "vhost_alias" },
    { "VirtualScriptAlias", "vhost_alias" }, { "UserDir", "userdir" },              { "RequestReadTimeout", "reqtimeout" },
    { "CustomLog", "log_config" },          { "LogFormat", "log_config" },          { "TransferLog", "log_config" },
    { "LogIO", "logio" },                   { "LogMessage", "log_debug" },          { "Action", "actions" },
    { "Script", "actions" },                { "User", "unixd" },                    { "Group", "unixd" },
    { "ChrootDir", "unixd" },               { "SecRule", "security2" },             { "LanguagePriority", "negotiation" },
    { "ForceLanguagePriority", "negotiation" }, { "SSI", "include" },               { "XBitHack", "include" },
    { "DumpIO", "dumpio" },                 { "UniqueId", "unique_id" },
};
#define DIRECTIVE_COUNT (sizeof DIRECTIVES / sizeof DIRECTIVES[0])

/* Words behind Require. */
static const struct {
    const char *name, *module;
} PROVIDERS[] = {
    { "valid-user", "authz_user" },   { "user", "authz_user" },          { "group", "authz_groupfile" },
    { "file-group", "authz_groupfile" }, { "ip", "authz_host" },         { "host", "authz_host" },
    { "local", "authz_host" },        { "forward-dns", "authz_host" },   { "owner", "authz_owner" },
    { "file-owner", "authz_owner" },  { "dbm-group", "authz_dbm" },      { "dbd-group", "authz_dbd" },
    { "ldap-user", "authnz_ldap" },   { "ldap-group", "authnz_ldap" },   { "ldap-attribute", "authnz_ldap" },
    { "ldap-filter", "authnz_ldap" }, { "all", "authz_core" },           { "env", "authz_core" },
    { "method", "authz_core" },       { "expr", "authz_core" },
};
#define PROVIDER_COUNT (sizeof PROVIDERS / sizeof PROVIDERS[0])

/* What has to be there before, or is wanted beside. */
static const struct {
    const char *module, *wants;
} WANTS[] = {
    { "ssl", "socache_shmcb" },        { "proxy_http", "proxy" },     { "proxy_connect", "proxy" },   { "proxy_html", "proxy" },
    { "proxy_fcgi", "proxy" },         { "proxy_express", "proxy" },  { "proxy_hcheck", "proxy" },    { "proxy_wstunnel", "proxy" },
    { "proxy_ajp", "proxy" },          { "proxy_balancer", "proxy" }, { "proxy_balancer", "slotmem_shm" },
    { "session_cookie", "session" },   { "session_crypto", "session" }, { "auth_form", "session" },   { "auth_form", "request" },
    { "authnz_ldap", "ldap" },         { "cache_disk", "cache" },     { "cache_socache", "cache" },   { "dav_fs", "dav" },
    { "authz_dbd", "dbd" },            { "auth_basic", "authn_file" }, { "logio", "log_config" },
};
#define WANT_COUNT (sizeof WANTS / sizeof WANTS[0])

int check_has_module(const check_t *c, const char *name)
{
    return access(apr_pstrcat(c->p, c->modules, "/mod_", name, ".so", NULL), R_OK) == 0;
}

static int is_loaded(const check_t *c, const char *name)
{
    for (int i = 0; i < c->loaded->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(c->loaded, i, const char *), name) == 0)
            return 1;
    }
    return 0;
}

int check_load(check_t *c, const char *name)
{
    if (is_loaded(c, name) || !check_has_module(c, name))
        return 0;
    for (apr_size_t i = 0; i < WANT_COUNT; i++) {
        if (strcmp(WANTS[i].module, name) == 0)
            (void)check_load(c, WANTS[i].wants);
    }
    if (!is_loaded(c, name))
        APR_ARRAY_PUSH(c->loaded, const char *) = apr_pstrdup(c->p, name);
    /* Most proxying is by HTTP, and which it is shows in a request only. */
    if (strcmp(name, "proxy") == 0)
        (void)check_load(c, "proxy_http");
    return 1;
}

int check_unload_mpm(check_t *c)
{
    apr_array_header_t *others = apr_array_make(c->p, c->loaded->nelts, sizeof(const char *));
    int before = c->loaded->nelts;

    for (int i = 0; i < before; i++) {
        const char *name = APR_ARRAY_IDX(c->loaded, i, const char *);

        if (strncmp(name, "mpm_", 4) != 0)
            APR_ARRAY_PUSH(others, const char *) = name;
    }
    c->loaded = others;
    return others->nelts < before;
}

const char *check_module_of(const char *directive)
{
    const char *module = NULL;
    apr_size_t longest = 0;

    for (apr_size_t i = 0; i < DIRECTIVE_COUNT; i++) {
        apr_size_t len = strlen(DIRECTIVES[i].start);

        if (len > longest && strncasecmp(directive, DIRECTIVES[i].start, len) == 0) {
            module = DIRECTIVES[i].module;
            longest = len;
        }
    }
    return module;
}

const char *check_module_of_provider(const char *name)
{
    for (apr_size_t i = 0; i < PROVIDER_COUNT; i++) {
        if (strcmp(PROVIDERS[i].name, name) == 0)
            return PROVIDERS[i].module;
    }
    return NULL;
}

/* Length of a module's name at `text`. */
static apr_size_t name_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

/* "mod_ssl.c" and "ssl_module" are the two ways to write one. */
static const char *module_named(const char *text, apr_pool_t *p)
{
    apr_size_t len = name_length(text);

    if (strncmp(text, "mod_", 4) == 0 && strncmp(text + len, ".c", 2) == 0)
        return apr_pstrmemdup(p, text + 4, len - 4);
    if (len > 7 && strncmp(text + len - 7, "_module", 7) == 0)
        return apr_pstrmemdup(p, text, len - 7);
    return NULL;
}

void check_load_conditional(check_t *c, const char *text)
{
    static const char OPENS[] = "<IfModule";
    const char *name;

    for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
        text += strspn(text, " \t\r");
        if (strncasecmp(text, OPENS, sizeof OPENS - 1) != 0)
            continue;
        text += sizeof OPENS - 1;
        text += strspn(text, " \t\"");
        name = module_named(text, c->p);
        if (name && strncmp(name, "mpm_", 4) != 0)
            (void)check_load(c, name);
    }
}
