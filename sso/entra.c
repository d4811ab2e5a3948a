/* SPDX-License-Identifier: Apache-2.0 */
#include "entra.h"

#include <string.h>

#include <apr_strings.h>

/** One cloud: what its entity IDs begin with, and its login services (new name, old name). */
typedef struct {
    const char *issuer;
    const char *login[2];
} cloud_t;

static const cloud_t clouds[] = {
    { "https://sts.windows.net/", { "https://login.microsoftonline.com/", "https://login.microsoftonline.us/" } },
    { "https://sts.chinacloudapi.cn/", { "https://login.partner.microsoftonline.cn/", "https://login.chinacloudapi.cn/" } },
};

#define CLOUDS (sizeof(clouds) / sizeof(clouds[0]))

static const cloud_t *cloud_of(const saml_idp_t *idp)
{
    apr_size_t i;

    for (i = 0; i < CLOUDS; i++) {
        if (strncmp(idp->entity_id, clouds[i].issuer, strlen(clouds[i].issuer)) == 0)
            return &clouds[i];
    }
    return NULL;
}

const char *sso_entra_tenant(const saml_idp_t *idp, apr_pool_t *p)
{
    const cloud_t *cloud = cloud_of(idp);
    const char *tenant = cloud ? idp->entity_id + strlen(cloud->issuer) : "";
    apr_size_t len = strcspn(tenant, "/");

    /* The slash at the end is part of the value; nothing follows it. */
    return len && strcmp(tenant + len, "/") == 0 ? apr_pstrmemdup(p, tenant, len) : NULL;
}

apr_array_header_t *sso_logout_issuers(const saml_idp_t *idp, apr_pool_t *p)
{
    apr_array_header_t *issuers = apr_array_make(p, 3, sizeof(const char *));
    const char *tenant = sso_entra_tenant(idp, p);
    int i;

    APR_ARRAY_PUSH(issuers, const char *) = idp->entity_id;
    for (i = 0; tenant && i < 2; i++)
        APR_ARRAY_PUSH(issuers, const char *) = apr_pstrcat(p, cloud_of(idp)->login[i], tenant, "/", NULL);
    return issuers;
}
