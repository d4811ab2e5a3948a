/* SPDX-License-Identifier: Apache-2.0 */
#include "idp.h"

saml_status_t sso_idp_current(const saml_idp_t **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    (void)r;
    if (!app->idp)
        return saml_fail(err, SAML_E_METADATA, "identity provider: expected one that is known, got none");
    *out = app->idp;
    return SAML_OK;
}

saml_status_t sso_idp_login_service(const char **url, sso_binding_t *binding, const sso_app_t *app, const saml_idp_t *idp,
                                    saml_err_t *err)
{
    sso_binding_t how = app->request_binding;

    if (how == SSO_BINDING_POST && !idp->sso_post && !app->binding_is_fixed)
        how = SSO_BINDING_REDIRECT;
    *url = how == SSO_BINDING_REDIRECT ? idp->sso_redirect : idp->sso_post;
    if (!*url)
        return saml_fail(err, SAML_E_METADATA, "metadata of %s: expected a SingleSignOnService for SAMLRequestBinding %s, got "
                         "none; mend: use the other binding", saml_quote(err->pool, idp->entity_id),
                         how == SSO_BINDING_REDIRECT ? "Redirect" : "POST");
    *binding = how;
    return SAML_OK;
}
