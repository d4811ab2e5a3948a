/* SPDX-License-Identifier: Apache-2.0 */
#include "entra.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "saml/guid.h"

#define LOGIN_HOSTS 2

/** One cloud: what its entity IDs begin with, its login services (the one to ask first), its Graph. */
typedef struct {
    const char *name;
    const char *issuer;                 /* NULL: not documented, so its metadata says */
    const char *login[LOGIN_HOSTS];     /* an older name may still stand in metadata */
    const char *graph;
} cloud_t;

#define GLOBAL_ISSUER "https://sts.windows.net/"
#define CHINA_ISSUER  "https://sts.chinacloudapi.cn/"

static const cloud_t clouds[] = {
    { "global", GLOBAL_ISSUER, { "login.microsoftonline.com", NULL }, "graph.microsoft.com" },
    { "usgov", NULL, { "login.microsoftonline.us", NULL }, "graph.microsoft.us" },
    { "china", NULL, { "login.partner.microsoftonline.cn", "login.chinacloudapi.cn" }, "microsoftgraph.chinacloudapi.cn" },
};

#define CLOUDS (sizeof(clouds) / sizeof(clouds[0]))

/* How long that is with which entity IDs of this cloud begin, if this one does; or 0. */
static apr_size_t begins_as_of(const cloud_t *cloud, const char *entity_id)
{
    apr_size_t len = cloud->issuer ? strlen(cloud->issuer) : 0;

    return strncmp(entity_id, cloud->issuer ? cloud->issuer : "", len) == 0 ? len : 0;
}

int sso_entra_cloud_number(const char *name)
{
    for (int i = 0; i < (int)CLOUDS; i++) {
        if (strcasecmp(clouds[i].name, name) == 0)
            return i;
    }
    return -1;
}

int sso_entra_cloud(sso_entra_t *out, int number)
{
    const cloud_t *cloud;

    if (number < 0 || number >= (int)CLOUDS)
        return 0;
    cloud = &clouds[number];
    out->cloud = cloud->name;
    out->login_host = cloud->login[0];
    out->graph_host = cloud->graph;
    return 1;
}

/* ---- metadata ---------------------------------------------------------------------------------------------- */

/* The tenant in "https://HOST/GUID/", the form of all entity IDs of Entra; the slash at the end is part of it. NULL: another form */
static const char *tenant_of_entity(const char *entity_id)
{
    const char *host = entity_id + strlen("https://");
    apr_size_t len;

    if (strncmp(entity_id, "https://", strlen("https://")) != 0)
        return NULL;
    len = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    if (len == 0 || host[len] != '/' || strlen(host + len + 1) != SAML_GUID_CHARS + 1 || host[len + 1 + SAML_GUID_CHARS] != '/')
        return NULL;
    return host + len + 1;
}

const char *sso_entra_entity_check(const sso_entra_t *entra, const char *entity_id, apr_pool_t *p)
{
    const cloud_t *cloud = &clouds[sso_entra_cloud_number(entra->cloud)];
    const char *issuer = cloud->issuer ? cloud->issuer : "https://...";
    const char *text = tenant_of_entity(entity_id);
    const char *tenant = text ? apr_pstrmemdup(p, text, SAML_GUID_CHARS) : NULL;

    if (saml_guid_is(entra->tenant) && (!tenant || strcmp(tenant, entra->tenant) != 0))
        return apr_psprintf(p, "expected \"%s%s/\"", issuer, entra->tenant);
    if (!saml_guid_is(tenant) || (cloud->issuer && !begins_as_of(cloud, entity_id)))
        return apr_psprintf(p, "expected \"%s\", the tenant's ID and a slash", issuer);
    return NULL;
}

const char *sso_entra_address_check(const sso_entra_t *entra, const char *url, apr_pool_t *p)
{
    const cloud_t *cloud = &clouds[sso_entra_cloud_number(entra->cloud)];

    for (int i = 0; i < LOGIN_HOSTS && cloud->login[i]; i++) {
        const char *start = apr_pstrcat(p, "https://", cloud->login[i], "/", NULL);

        if (strncmp(url, start, strlen(start)) == 0)
            return NULL;
    }
    return apr_psprintf(p, "expected an address at https://%s/, got %s", entra->login_host, saml_quote(p, url));
}

/* ---- logout ------------------------------------------------------------------------------------------------ */

const char *sso_entra_tenant(const saml_idp_t *idp, apr_pool_t *p)
{
    apr_size_t start = 0, len;
    const char *tenant;

    for (apr_size_t i = 0; i < CLOUDS && !start; i++)
        start = begins_as_of(&clouds[i], idp->entity_id);
    tenant = start ? idp->entity_id + start : "";
    len = strcspn(tenant, "/");
    /* The slash at the end is part of the value; nothing follows it. */
    return len && strcmp(tenant + len, "/") == 0 ? apr_pstrmemdup(p, tenant, len) : NULL;
}

/* A cloud whose issuer is not documented is taken to have the first one's. */
static int may_be_of(const cloud_t *cloud, const saml_idp_t *idp)
{
    return begins_as_of(cloud->issuer ? cloud : &clouds[0], idp->entity_id) > 0;
}

apr_array_header_t *sso_logout_issuers(const saml_idp_t *idp, apr_pool_t *p)
{
    apr_array_header_t *issuers = apr_array_make(p, 4, sizeof(const char *));
    const char *tenant = sso_entra_tenant(idp, p);

    APR_ARRAY_PUSH(issuers, const char *) = idp->entity_id;
    for (apr_size_t i = 0; tenant && i < CLOUDS; i++) {
        for (int k = 0; may_be_of(&clouds[i], idp) && k < LOGIN_HOSTS && clouds[i].login[k]; k++)
            APR_ARRAY_PUSH(issuers, const char *) = apr_pstrcat(p, "https://", clouds[i].login[k], "/", tenant, "/", NULL);
    }
    return issuers;
}
