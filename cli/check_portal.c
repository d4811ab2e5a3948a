/* SPDX-License-Identifier: Apache-2.0 */
/* From "httpd -t -D DUMP_SAML" to what the identity provider must hold for each application. */

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "check.h"

#define NAME_CHARS 20       /* of a directive in the dump: "    %-20s VALUE" */

/** One application of the dump. */
typedef struct {
    const char *name;               /* NULL: none is open */
    const char *where;              /* the server's line */
    const char *identifier;
    const char *path;
    const char *entra;
    int signs;
    int tile;                       /* SAMLIdPInitiated */
    apr_array_header_t *reply_urls; /* const char * */
    apr_array_header_t *audiences;
    apr_array_header_t *relay_states;
} app_t;

static void open_app(app_t *app, const char *name, const char *where, apr_pool_t *p)
{
    memset(app, 0, sizeof(*app));
    app->name = name;
    app->where = where;
    app->reply_urls = apr_array_make(p, 1, sizeof(const char *));
    app->audiences = apr_array_make(p, 1, sizeof(const char *));
    app->relay_states = apr_array_make(p, 1, sizeof(const char *));
}

static int is_named(const char *line, const char *name)
{
    apr_size_t len = strlen(name);

    return strncmp(line, name, len) == 0 && strspn(line + len, " ") > 0;
}

/* "/saml prefix=/portal": browsers have the prefix before it. */
static const char *public_path(const char *value, apr_pool_t *p)
{
    const char *prefix = strstr(value, " prefix=");

    return prefix ? apr_pstrcat(p, prefix + strlen(" prefix="), apr_pstrmemdup(p, value, (apr_size_t)(prefix - value)), NULL) : value;
}

static void take_value(app_t *app, const char *line)
{
    const char *value = line + NAME_CHARS + 1;

    if (is_named(line, "SAMLIdentifier"))
        app->identifier = value;
    if (is_named(line, "SAMLPath"))
        app->path = public_path(value, app->reply_urls->pool);
    if (is_named(line, "SAMLEntra"))
        app->entra = value;
    if (is_named(line, "SAMLReplyURL"))
        APR_ARRAY_PUSH(app->reply_urls, const char *) = value;
    if (is_named(line, "SAMLAudience"))
        APR_ARRAY_PUSH(app->audiences, const char *) = value;
    if (is_named(line, "SAMLRelayState"))
        APR_ARRAY_PUSH(app->relay_states, const char *) = value;
    app->signs |= is_named(line, "SAMLSignRequests") && strcmp(value, "on") == 0;
    app->tile |= is_named(line, "SAMLIdPInitiated") && strcmp(value, "on") == 0;
}

/* ---- printing ----------------------------------------------------------- */

static const char *origin_of(const char *url, apr_pool_t *p)
{
    const char *host = strstr(url, "://");

    return host ? apr_pstrmemdup(p, url, (apr_size_t)(host - url) + 3 + strcspn(host + 3, "/")) : url;
}

static void print_value(const char *field, const char *value, const char *remark, apr_pool_t *p)
{
    printf("  %-24s %s%s\n", field, cli_printable(p, value), remark);
}

static void print_identifier(const app_t *app, apr_pool_t *p)
{
    int is_id = app->entra && strstr(app->entra, app->identifier) != NULL;

    if (is_id)
        print_value("Identifier (Entity ID)", apr_pstrcat(p, "api://", app->identifier, NULL),
                    " (or any other: requests name the application by its ID)", p);
    else
        print_value("Identifier (Entity ID)", app->identifier, "", p);
}

/* "NAME TARGET": the name is what is pasted. */
static void print_relay_state(const char *field, const char *line, apr_pool_t *p)
{
    apr_size_t len = strcspn(line, " ");

    print_value(field, apr_pstrmemdup(p, line, len), apr_psprintf(p, " (leads to%s)", cli_printable(p, line + len)), p);
}

static void print_app(const app_t *app, apr_pool_t *p)
{
    const char *origin;

    if (!app->name || app->reply_urls->nelts == 0 || !app->identifier || !app->path)
        return;
    origin = origin_of(APR_ARRAY_IDX(app->reply_urls, 0, const char *), p);
    printf("\n%s of %s: the %s must hold\n", cli_printable(p, app->name), cli_printable(p, app->where),
           app->entra ? "portal" : "identity provider");
    print_identifier(app, p);
    for (int i = 0; i < app->reply_urls->nelts; i++)
        print_value(i ? "" : "Reply URL (ACS)", APR_ARRAY_IDX(app->reply_urls, i, const char *), "", p);
    print_value("Sign on URL", apr_pstrcat(p, origin, app->path, "/login", NULL),
                app->tile ? " (or a page that is guarded; empty if the Relay State is to count)" : " (or a page that is guarded)", p);
    print_value("Logout URL", apr_pstrcat(p, origin, app->path, "/logout", NULL), "", p);
    for (int i = 0; i < app->relay_states->nelts; i++)
        print_relay_state(i ? "" : "Relay State", APR_ARRAY_IDX(app->relay_states, i, const char *), p);
    if (app->signs)
        print_value("Verification certificate", apr_pstrcat(p, origin, app->path, "/certificate", NULL), " (upload it)", p);
}

/* "virtual host (FILE line N):" without the colon. */
static const char *server_of(const char *line, apr_pool_t *p)
{
    return apr_pstrmemdup(p, line, strlen(line) - 1);
}

int check_print_portal(const check_t *c, const char *dump)
{
    const char *where = "main server";
    char *rest, *line = apr_strtok(apr_pstrdup(c->p, dump), "\n", &rest);
    app_t app = { 0 };
    int count = 0;

    for (; line; line = apr_strtok(NULL, "\n", &rest)) {
        const char *name = NULL;

        if (strcmp(line, "main server:") == 0 || strncmp(line, "virtual host (", 14) == 0)
            where = server_of(line, c->p);
        if (strcmp(line, "  default application") == 0 || strncmp(line, "  <SAMLApplication ", 19) == 0)
            name = line + 2;
        if (name) {
            print_app(&app, c->p);
            open_app(&app, name, where, c->p);
            count++;
        }
        else if (app.name && strncmp(line, "    ", 4) == 0 && strlen(line) > NAME_CHARS + 5) {
            take_value(&app, line + 4);
        }
    }
    print_app(&app, c->p);
    return count;
}
