/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso setup: from tenant and application to a configuration for httpd, and the values for Entra's portal on the same page. */

#include <stdio.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "cli.h"
#include "json.h"
#include "saml/guid.h"
#include "saml/json.h"

#define COMMAND "setup"
#define USUAL_HOST "https://www.example.org"
#define USUAL_PATH "/saml"
#define USUAL_LOCATION "/app"
#define MAX_HOST_CHARS 253
#define MAX_PATH_CHARS 200

static const char HELP[] =
    "Usage: saml-sso setup TENANT APPLICATION [OPTION]...\n"
    "\n"
    "Print a configuration for httpd, ready to Include, and as comments in it what to paste into Entra's portal.\n"
    "\n"
    "  TENANT            \"Directory (tenant) ID\", or a verified domain such as example.org\n"
    "  APPLICATION       \"Application ID\", \"Application (client) ID\" of an App registration\n"
    "  --cloud NAME      global (default), usgov, china\n"
    "  --host URL        how browsers reach this server, such as https://www.example.org; without it, the\n"
    "                    configuration takes the ServerName, and the values say https://www.example.org\n"
    "  --path PATH       where the endpoints live, default /saml\n"
    "  --location PATH   what is to be guarded, default /app\n"
    "  --json            the values alone, as JSON\n"
    "  --help            this\n"
    "\n"
    "Exit status: 0 printed, 2 could not run.\n"
    "\n"
    "Example:\n"
    "  saml-sso setup 11111111-2222-4333-8444-555555555555 66666666-7777-4888-9999-aaaaaaaaaaaa \\\n"
    "      --host https://www.example.org > /etc/apache2/conf-available/sso.conf\n";

static const cli_option_t OPTIONS[] = {
    { "cloud", "global, usgov or china" },
    { "host", "a URL such as https://www.example.org" },
    { "path", "a path such as /saml" },
    { "location", "a path such as /app" },
    { "json", NULL },
    { "help", NULL },
    { NULL, NULL }
};

static const struct {
    const char *name;
    const char *portal;
    const char *login;
} CLOUDS[] = {
    { "global", "https://portal.azure.com", "login.microsoftonline.com" },
    { "usgov", "https://portal.azure.us", "login.microsoftonline.us" },
    { "china", "https://portal.azure.cn", "login.partner.microsoftonline.cn" },
};
#define CLOUD_COUNT ((int)(sizeof CLOUDS / sizeof CLOUDS[0]))

typedef struct {
    apr_pool_t *p;
    const char *tenant;
    const char *application;
    const char *cloud_name;
    const char *host;           /* "https://www.example.org"; NULL: not given */
    const char *path;
    const char *location;
    int cloud;                  /* in CLOUDS */
    int json;
    int help;
} setup_t;

/** What is pasted. */
typedef struct {
    const char *identifier;
    const char *reply_url;
    const char *sign_on_url;
    const char *logout_url;
    const char *metadata_url;
} values_t;

/* ---- options ------------------------------------------------------------ */

static int set_once(const char **slot, const cli_args_t *args)
{
    if (*slot)
        return cli_misused(COMMAND, "--%s: expected once, got it again", args->name);
    *slot = args->value;
    return CLI_OK;
}

static int take_operand(setup_t *c, const cli_args_t *args)
{
    if (!c->tenant)
        c->tenant = args->value;
    else if (!c->application)
        c->application = args->value;
    else
        return cli_misused(COMMAND, "expected TENANT and APPLICATION, got %s too", saml_quote(c->p, args->value));
    return CLI_OK;
}

static int take_option(setup_t *c, const cli_args_t *args)
{
    if (cli_args_is(args, "cloud"))
        return set_once(&c->cloud_name, args);
    if (cli_args_is(args, "host"))
        return set_once(&c->host, args);
    if (cli_args_is(args, "path"))
        return set_once(&c->path, args);
    if (cli_args_is(args, "location"))
        return set_once(&c->location, args);
    c->json |= cli_args_is(args, "json");
    c->help |= cli_args_is(args, "help");
    return CLI_OK;
}

static int read_options(setup_t *c, int argc, const char *const *argv)
{
    cli_args_t args = { c->p, argc, argv, OPTIONS, 1, 0, NULL, NULL };
    cli_arg_t kind;

    while ((kind = cli_args_next(&args)) != CLI_ARG_END) {
        if (kind == CLI_ARG_BAD
            || (kind == CLI_ARG_OPERAND ? take_operand(c, &args) : take_option(c, &args)) != CLI_OK)
            return CLI_CANNOT;
    }
    return CLI_OK;
}

/* ---- what was given ----------------------------------------------------- */

/* Length of the host name that `text` starts with, without dots or dashes where they make none; 0 for none. */
static apr_size_t host_length(const char *text)
{
    apr_size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");

    if (len == 0 || len > MAX_HOST_CHARS || strchr(".-", text[0]) || strchr(".-", text[len - 1]))
        return 0;
    for (apr_size_t i = 1; i < len; i++) {
        if (text[i] == '.' && text[i - 1] == '.')
            return 0;
    }
    return len;
}

/* A name with a dot that does not look like an address. */
static int is_domain(const char *text)
{
    apr_size_t len = host_length(text);
    const char *dot = strrchr(text, '.');

    return len > 0 && !text[len] && dot && apr_isalpha(dot[1]);
}

/* The ones that are mixed up most: the words "common" and "organizations", the Object ID, the two IDs themselves. */
static int check_ids(setup_t *c)
{
    if (!c->tenant || !c->application)
        return cli_misused(COMMAND, "expected TENANT and APPLICATION, got %s", c->tenant ? "one of them" : "none");
    if (!saml_guid_is(c->tenant) && !is_domain(c->tenant))
        return cli_misused(COMMAND, "TENANT: expected the \"Directory (tenant) ID\", such as "
                           "11111111-2222-4333-8444-555555555555, or a verified domain such as example.org, got %s",
                           saml_quote(c->p, c->tenant));
    if (!saml_guid_is(c->application))
        return cli_misused(COMMAND, "APPLICATION: expected the \"Application ID\", such as "
                           "66666666-7777-4888-9999-aaaaaaaaaaaa, got %s", saml_quote(c->p, c->application));
    if (saml_guid_same(c->tenant, c->application))
        return cli_misused(COMMAND, "APPLICATION: expected another ID than the tenant's, got %s again",
                           saml_quote(c->p, c->application));
    if (saml_guid_is(c->tenant))
        c->tenant = saml_guid_lower(c->p, c->tenant);
    c->application = saml_guid_lower(c->p, c->application);
    return CLI_OK;
}

static int check_cloud(setup_t *c)
{
    while (c->cloud_name && c->cloud < CLOUD_COUNT && strcmp(CLOUDS[c->cloud].name, c->cloud_name) != 0)
        c->cloud++;
    if (c->cloud == CLOUD_COUNT)
        return cli_misused(COMMAND, "--cloud: expected global, usgov or china, got %s", saml_quote(c->p, c->cloud_name));
    return CLI_OK;
}

/* ":8443" or nothing. */
static int is_port(const char *text)
{
    int port;

    return !*text || (*text == ':' && text[1] != '0' && cli_number(&port, text + 1, 1, 65535));
}

static int is_origin(const char *url)
{
    int is_https = strncmp(url, "https://", 8) == 0;
    const char *host = url + (is_https ? 8 : 7);
    apr_size_t len;

    if (!is_https && strncmp(url, "http://localhost", 16) != 0)
        return 0;
    len = host_length(host);
    return len > 0 && (is_https || len == strlen("localhost")) && is_port(host + len);
}

/* Characters that stand for themselves in httpd's configuration, in a URL and in the portal. */
static int is_path(const char *path)
{
    apr_size_t len = strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~/-");

    return path[0] == '/' && !path[len] && len <= MAX_PATH_CHARS && !strstr(path, "//") && !strstr(path, "/.");
}

static int check_places(const setup_t *c)
{
    if (c->host && !is_origin(c->host))
        return cli_misused(COMMAND, "--host: expected a URL of scheme, host and port alone, such as https://www.example.org "
                           "(http:// for localhost only), got %s", saml_quote(c->p, c->host));
    if (!is_path(c->path) || !c->path[1] || c->path[strlen(c->path) - 1] == '/')
        return cli_misused(COMMAND, "--path: expected a path such as /saml, no slash at its end, got %s",
                           saml_quote(c->p, c->path));
    if (!is_path(c->location))
        return cli_misused(COMMAND, "--location: expected a path such as /app, got %s", saml_quote(c->p, c->location));
    return CLI_OK;
}

static int check_options(setup_t *c)
{
    if (!c->path)
        c->path = USUAL_PATH;
    if (!c->location)
        c->location = USUAL_LOCATION;
    if (check_ids(c) != CLI_OK || check_cloud(c) != CLI_OK)
        return CLI_CANNOT;
    return check_places(c);
}

/* ---- what is printed ---------------------------------------------------- */

static values_t values_of(const setup_t *c)
{
    const char *host = c->host ? c->host : USUAL_HOST;
    values_t v;

    /* What tenants always allow as an identifier. Requests name the application by its ID, whatever the portal has here. */
    v.identifier = apr_pstrcat(c->p, "api://", c->application, NULL);
    v.reply_url = apr_pstrcat(c->p, host, c->path, "/acs", NULL);
    v.sign_on_url = apr_pstrcat(c->p, host, c->location, NULL);
    v.logout_url = apr_pstrcat(c->p, host, c->path, "/logout", NULL);
    v.metadata_url = apr_pstrcat(c->p, "https://", CLOUDS[c->cloud].login, "/", c->tenant,
                                 "/FederationMetadata/2007-06/FederationMetadata.xml?appid=", c->application, NULL);
    return v;
}

static void print_json(const setup_t *c, const values_t *v)
{
    const struct {
        const char *name, *value;
    } members[] = {
        { "tenant", c->tenant },        { "application", c->application }, { "cloud", CLOUDS[c->cloud].name },
        { "identifier", v->identifier }, { "reply_url", v->reply_url },    { "sign_on_url", v->sign_on_url },
        { "logout_url", v->logout_url }, { "metadata_url", v->metadata_url },
    };
    apr_array_header_t *out = apr_array_make(c->p, 8, sizeof(const char *));

    for (apr_size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        APR_ARRAY_PUSH(out, const char *) = cli_json_member(c->p, members[i].name, saml_json_string(c->p, members[i].value));
    printf("%s\n", cli_json_object(c->p, out));
}

static void print_portal(const setup_t *c, const values_t *v)
{
    printf("# Sign-on with Microsoft Entra ID: what httpd needs, and what the portal needs.\n"
           "#\n"
           "# ---- the portal: %s ----\n", CLOUDS[c->cloud].portal);
    if (!c->host)
        printf("# Write the name of this server, its ServerName, for www.example.org.\n");
    printf("# Enterprise applications > (yours) > Single sign-on > SAML > Basic SAML Configuration > Edit. Paste, then Save:\n"
           "#\n"
           "#   Identifier (Entity ID)   %s\n"
           "#   Reply URL (ACS)          %s\n"
           "#   Sign on URL              %s\n"
           "#   Relay State              (leave empty)\n"
           "#   Logout URL               %s\n"
           "#\n"
           "# Then \"Users and groups\" > Add user/group: who may sign on. An application that is an App registration alone has\n"
           "# none of these fields: there, Authentication > Add a platform > Web takes the reply URL.\n"
           "# No certificate is copied: it comes, and its successors come, from\n"
           "#   %s\n", v->identifier, v->reply_url, v->sign_on_url, v->logout_url, v->metadata_url);
}

static void print_conf(const setup_t *c, const values_t *v)
{
    const char *cloud = c->cloud ? apr_pstrcat(c->p, " ", CLOUDS[c->cloud].name, NULL) : "";

    printf("\n# ---- httpd ----\n"
           "# Include this in the virtual host%s.\n"
           "# Needs: LoadModule saml_sso_module modules/mod_saml_sso.so, and mod_watchdog (built in with Debian)\n"
           "# Then \"apachectl configtest\" or \"saml-sso check FILE\", and \"apachectl graceful\".\n"
           "\n"
           "# Tenant and application. Issuer, addresses, certificates and our own identifier come from these two.\n"
           "SAMLEntra %s %s%s\n", c->host ? apr_pstrcat(c->p, " that serves ", c->host, NULL) : "", c->tenant, c->application,
           cloud);
    if (c->host)
        printf("\n# Where responses come in: the reply URL of the portal, byte for byte.\n"
               "SAMLReplyURL %s\n", v->reply_url);
    if (strcmp(c->path, USUAL_PATH) != 0)
        printf("\n# Where the endpoints live: login, acs, logout, metadata, me.\n"
               "SAMLPath %s\n", c->path);
    printf("\n# What is guarded. The application finds who it is in REMOTE_USER and in the header X-Remote-User.\n"
           "<Location \"%s\">\n"
           "    AuthType SAML\n"
           "    Require  valid-user\n"
           "    #Require saml-group 00000000-0000-0000-0000-000000000000\n"
           "</Location>\n"
           "\n"
           "# Only where \"Sign on URL\" has to stay empty: let sign-on begin in the portal.\n"
           "#SAMLIdPInitiated on\n"
           "#SAMLAudience     %s\n", c->location, v->identifier);
}

int cli_setup(int argc, const char *const *argv, apr_pool_t *p)
{
    setup_t c = { .p = p };
    values_t v;

    if (read_options(&c, argc, argv) != CLI_OK)
        return CLI_CANNOT;
    if (c.help) {
        fputs(HELP, stdout);
        return cli_finish(CLI_OK, COMMAND);
    }
    if (check_options(&c) != CLI_OK)
        return CLI_CANNOT;
    v = values_of(&c);
    if (c.json) {
        print_json(&c, &v);
    }
    else {
        print_portal(&c, &v);
        print_conf(&c, &v);
    }
    return cli_finish(CLI_OK, COMMAND);
}
