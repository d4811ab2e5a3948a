/* SPDX-License-Identifier: Apache-2.0 */
#include "logout_send.h"

#include "idp.h"
#include "page.h"
#include "saml/binding.h"
#include "saml/id.h"
#include "saml/logout.h"
#include "state.h"
#include "url.h"

int sso_logout_is_sent(request_rec *r, const sso_app_t *app)
{
    const saml_idp_t *idp;

    return sso_idp_current(&idp, r, app, sso_err_new(r->pool)) == SAML_OK && idp->slo_redirect != NULL;
}

/* As a login in progress: sealed into a cookie, gone by itself after some minutes. */
static saml_status_t begin(const char **relay_state, request_rec *r, const sso_app_t *app, const char *request_id,
                           const char *target, saml_err_t *err)
{
    sso_state_t state = { 0 };

    state.started = r->request_time;
    state.request_id = request_id;
    state.acs_url = sso_reply_url_of(app, r)->url;
    state.target = target && strlen(target) <= SSO_STATE_MAX_TARGET_BYTES ? target : "";
    return sso_state_begin(relay_state, r, app, &state, 0, err);
}

saml_status_t sso_logout_send(int *http, request_rec *r, const sso_app_t *app, const sso_session_t *session,
                              const char *target, saml_err_t *err)
{
    const saml_keypair_t *key = app->sign_requests ? APR_ARRAY_IDX(app->keys, 0, const saml_keypair_t *) : NULL;
    saml_name_id_t name = { session->name_id, session->name_id_format, session->name_qualifier, session->sp_name_qualifier };
    saml_logout_request_new_t request = { 0 };
    const char *relay_state, *url;
    const saml_idp_t *idp;

    SAML_TRY(sso_idp_current(&idp, r, app, err));
    SAML_TRY(saml_id_new(&request.id, r->pool, err));
    request.issue_instant = r->request_time;
    request.destination = idp->slo_redirect;
    request.issuer = app->identifier;
    request.name_id = &name;
    request.session_index = session->session_index;
    SAML_TRY(begin(&relay_state, r, app, request.id, target, err));
    SAML_TRY(saml_redirect_url(&url, idp->slo_redirect, "SAMLRequest", saml_logout_request_xml(&request, r->pool),
                               relay_state, key, NULL, r->pool, err));
    *http = sso_page_redirect(r, HTTP_SEE_OTHER, url);
    return SAML_OK;
}
