/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of the directives that say where the identity provider's metadata comes from. */

#include <apr_lib.h>
#include <apr_strings.h>

#include "config.h"
#include "entra.h"
#include "saml/guid.h"
#include "url.h"

const char *sso_set_metadata(cmd_parms *cmd, void *dir, const char *arg)
{
    const char *wrong;

    if (strncasecmp(arg, "https:", 6) != 0 && strncasecmp(arg, "http:", 5) != 0)
        return sso_set_file(cmd, dir, arg);
    wrong = sso_idp_url_check(arg, cmd->pool);
    if (wrong)
        return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", wrong, NULL);
    sso_add_single(cmd, arg);
    return NULL;
}

/* Like SAMLReplyURL but for scheme and path: no user name, no query, nothing behind the port. */
const char *sso_set_proxy(cmd_parms *cmd, void *dir, const char *arg)
{
    apr_size_t host = strncmp(arg, "http://", 7) == 0 ? strcspn(arg + 7, "/?#@ ") : 0;
    const char *colon = host ? strrchr(arg, ':') : NULL;
    long port = colon && apr_isdigit(colon[1]) && strlen(colon + 1) <= 5 ? (long)apr_atoi64(colon + 1) : 0;

    (void)dir;
    if (!colon || colon < arg + 8 || arg[7 + host] || strspn(colon + 1, "0123456789") != strlen(colon + 1) || port < 1 || port > 65535
        || strspn(arg + 7, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") != host)
        return apr_psprintf(cmd->pool, "%s: expected a proxy in the form \"http://host:port\", got %s", cmd->cmd->name,
                            saml_quote(cmd->pool, arg));
    sso_add_single(cmd, arg);
    return NULL;
}

/* ---- SAMLEntra --------------------------------------------------------------------------------------------- */

/* A domain name has a dot; a word without one is no tenant, and these are everybody's. */
static const char *tenant_of(const char **out, const char *arg, apr_pool_t *p)
{
    static const char *const of_all[] = { "common", "organizations", "consumers" };
    char *tenant = apr_pstrdup(p, arg);
    apr_size_t len = strlen(tenant);

    ap_str_tolower(tenant);
    *out = tenant;
    for (apr_size_t i = 0; i < sizeof(of_all) / sizeof(of_all[0]); i++) {
        if (strcmp(tenant, of_all[i]) == 0)
            return apr_psprintf(p, "expected one tenant, got %s, under which every tenant of the cloud could sign on", saml_quote(p, arg));
    }
    if (saml_guid_is(tenant)
        || (len <= 253 && strchr(tenant, '.') && strspn(tenant, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len
            && apr_isalnum(tenant[0]) && apr_isalnum(tenant[len - 1]) && !strstr(tenant, "..")))
        return NULL;
    return apr_psprintf(p, "expected the tenant's ID (8-4-4-4-12 hexadecimal digits) or one of its verified domain names, got %s",
                        saml_quote(p, arg));
}

static const char *application_of(const char **out, const char *arg, const char *tenant, apr_pool_t *p)
{
    if (!saml_guid_is(arg))
        return apr_psprintf(p, "expected the application (client) ID (8-4-4-4-12 hexadecimal digits) after the tenant, got %s",
                            saml_quote(p, arg));
    *out = saml_guid_lower(p, arg);
    if (strcmp(*out, tenant) == 0)
        return apr_psprintf(p, "expected the tenant's ID and the application's, got %s twice", saml_quote(p, arg));
    return NULL;
}

static const char *cloud_of(int *out, const char *arg, apr_pool_t *p)
{
    *out = arg ? sso_entra_cloud_number(arg) : 0;
    return *out < 0 ? apr_psprintf(p, "expected global, usgov or china after the application, got %s", saml_quote(p, arg)) : NULL;
}

const char *sso_set_entra(cmd_parms *cmd, void *dir, const char *tenant, const char *application, const char *cloud)
{
    const char *tenant_id = "", *application_id = "";
    const char *wrong = tenant_of(&tenant_id, tenant, cmd->pool);
    sso_value_t *value;
    int number = 0;

    (void)dir;
    if (!wrong)
        wrong = application_of(&application_id, application, tenant_id, cmd->pool);
    if (!wrong)
        wrong = cloud_of(&number, cloud, cmd->pool);
    if (wrong)
        return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", wrong, NULL);
    value = sso_add_single(cmd, tenant_id);
    value->more = application_id;
    value->number = number;
    return NULL;
}
