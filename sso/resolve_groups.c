/* SPDX-License-Identifier: Apache-2.0 */
/* SAMLGraph and SAMLGroupMap: files read and checked at start-up. */

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "config.h"
#include "graph_token.h"

#define MAX_CLIENT_SECRET_BYTES 1024

static int resolve_map(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const sso_setting_t *setting = &conf->set[SSO_SET_GROUP_MAP];
    saml_err_t *err = sso_err_new(check->p);
    saml_group_map_t *map = NULL;
    const char *file, *wrong;

    if (!setting->values)
        return 1;
    file = sso_set_value_of(conf, SSO_SET_GROUP_MAP)->path;
    wrong = sso_unreadable(file, "file of group names", check->p);
    if (!wrong && saml_group_map_load(&map, file, check->p, err) != SAML_OK)
        wrong = err->reason;
    if (wrong) {
        sso_check_fail(check, "SAMLGroupMap", &setting->at, "%s; mend: one line for each group: its object ID, a space, and a "
                       "name of its own", wrong);
        return 0;
    }
    if (saml_group_map_count(map) == 0)
        sso_check_warn(check, "SAMLGroupMap", &setting->at, "expected lines of an object ID and a name, found none in \"%s\"; "
                       "mend: add some, or remove the directive", file);
    app->group_map_file = file;
    app->group_map = map;
    return 1;
}

/* ---- SAMLGraph ------------------------------------------------------------- */

static const char *trimmed(const char *line, apr_pool_t *p)
{
    const char *end = line + strlen(line);

    while (apr_isspace(*line))
        line++;
    while (end > line && apr_isspace(end[-1]))
        end--;
    return apr_pstrmemdup(p, line, (apr_size_t)(end - line));
}

/* The first line, without the space around it, which no secret of Entra has. */
static const char *read_secret(const char **out, const char *file, apr_pool_t *p)
{
    char line[MAX_CLIENT_SECRET_BYTES + 3];
    apr_file_t *f = NULL;
    apr_status_t rv = apr_file_open(&f, file, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, p);
    const char *secret, *c;

    if (rv == APR_SUCCESS) {
        rv = apr_file_gets(line, sizeof(line), f);
        apr_file_close(f);
    }
    if (rv != APR_SUCCESS)
        return apr_psprintf(p, "expected a client secret in the first line of \"%s\", found none", file);
    secret = trimmed(line, p);
    if (!*secret || strlen(secret) > MAX_CLIENT_SECRET_BYTES)
        return apr_psprintf(p, "expected a client secret of 1 to %d characters in the first line of \"%s\", found %s",
                            MAX_CLIENT_SECRET_BYTES, file, *secret ? "more" : "none");
    for (c = secret; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7f)
            return apr_psprintf(p, "expected a client secret of printable ASCII characters in the first line of \"%s\", found "
                                "something else", file);
    }
    *out = secret;
    return NULL;
}

static int load_secret(sso_check_t *check, const sso_value_t *value, sso_graph_t *graph)
{
    const char *wrong = sso_unreadable(value->path, "file with a client secret", check->p);

    if (!wrong)
        wrong = read_secret(&graph->client.secret, value->path, check->p);
    if (wrong) {
        sso_check_fail(check, "SAMLGraph", &value->at, "%s; mend: paste the value of a client secret (\"Certificates & "
                       "secrets\" of the App registration) into a file that only root can read", wrong);
        return 0;
    }
    if (sso_file_is_public(value->path))
        sso_check_warn(check, "SAMLGraph", &value->at, "expected a file that others cannot read, found \"%s\" open to all; "
                       "mend: chmod 600", value->path);
    graph->source = value->path;
    return 1;
}

static int load_key(sso_check_t *check, const sso_value_t *value, const sso_app_t *app, sso_graph_t *graph)
{
    saml_keypair_t *key = sso_resolve_key(check, "SAMLGraph", value, app->allow);

    if (!key)
        return 0;
    if (!saml_oauth_key_fits(key)) {
        sso_check_fail(check, "SAMLGraph", &value->at, "expected an RSA key, which Entra asks for, found %s in \"%s\"; mend: "
                       "make a pair (saml-sso keygen) and upload its certificate to the App registration", key->cert->key_type,
                       value->path);
        return 0;
    }
    graph->client.key = key;
    graph->source = apr_pstrcat(check->p, value->path, " ", value->more_path, NULL);
    return 1;
}

/* All from the configuration: of what a message says of the place, nothing is believed. */
static int resolve_client(sso_check_t *check, const sso_setting_t *setting, const sso_app_t *app, sso_graph_t *graph)
{
    const sso_entra_t *entra = app->entra;

    if (!entra) {
        sso_check_fail(check, "SAMLGraph", &setting->at, "expected SAMLEntra with the tenant and the application that Graph is "
                       "asked for, found none; mend: add \"SAMLEntra TENANT APPLICATION\", or remove the directive");
        return 0;
    }
    graph->host = entra->graph_host;
    graph->client.client_id = entra->application;
    graph->client.token_url = apr_pstrcat(check->p, "https://", entra->login_host, "/", entra->tenant, "/oauth2/v2.0/token", NULL);
    graph->client.scope = apr_pstrcat(check->p, "https://", entra->graph_host, "/.default", NULL);
    graph->cache = sso_token_cache_make(check->p);
    if (!graph->cache)
        sso_check_fail(check, "SAMLGraph", &setting->at, "expected a lock for its token, found that none can be made; mend: "
                       "see that the machine has memory");
    return graph->cache != NULL;
}

static int resolve_graph(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const sso_setting_t *setting = &conf->set[SSO_SET_GRAPH];
    const sso_value_t *value;
    sso_graph_t *graph;

    if (!setting->values)
        return 1;
    graph = apr_pcalloc(check->p, sizeof(*graph));
    value = sso_set_value_of(conf, SSO_SET_GRAPH);
    if (!resolve_client(check, setting, app, graph))
        return 0;
    if (value->more_path ? !load_key(check, value, app, graph) : !load_secret(check, value, graph))
        return 0;
    app->graph = graph;
    return 1;
}

int sso_resolve_groups(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    return resolve_map(check, conf, app) && resolve_graph(check, conf, app);
}
