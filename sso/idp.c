/* SPDX-License-Identifier: Apache-2.0 */
#include "idp.h"

#include "idp_source.h"
#include "saml/clock.h"

static saml_status_t not_there(const sso_source_t *source, const char *trouble, saml_err_t *err)
{
    return saml_fail(err, SAML_E_METADATA, "metadata of %s: expected it to have been fetched, got none yet: %s", source->url,
                     *trouble ? trouble : "the first try is under way");
}

/* Looked at anew by each request: it may have passed since the document was taken. */
static saml_status_t check_validity(const sso_source_t *source, const saml_idp_t *idp, saml_err_t *err)
{
    if (!idp->valid_until || apr_time_now() < idp->valid_until)
        return SAML_OK;
    return saml_fail(err, SAML_E_METADATA, "metadata of %s: expected it to be valid now, got validUntil %s, and none that is newer "
                     "could be fetched", source->url, saml_time_format(err->pool, idp->valid_until));
}

static saml_status_t find(const saml_idp_t **out, request_rec *r, sso_source_t *source, saml_err_t *err)
{
    const char *trouble = "";
    const saml_idp_t *idp = sso_source_hold(source, &trouble, r->pool);

    if (!idp)
        return not_there(source, trouble, err);
    *out = idp;
    return SAML_OK;
}

saml_status_t sso_idp_current(const saml_idp_t **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    sso_request_t *req = sso_request_of(r);

    if (!app->source) {
        *out = app->idp;
        return SAML_OK;
    }
    if (req->idp_of != app) {
        SAML_TRY(find(&req->idp, r, app->source, err));
        req->idp_of = app;
    }
    SAML_TRY(check_validity(app->source, req->idp, err));
    *out = req->idp;
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
