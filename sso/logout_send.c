/* SPDX-License-Identifier: Apache-2.0 */
#include "logout_send.h"

#include "entra.h"
#include "idp.h"
#include "outgoing.h"
#include "page.h"
#include "saml/id.h"
#include "state.h"
#include "url.h"

/* ---- where to, and how ---------------------------------------------------- */

/* The one for `wanted`, or else the other. Metadata 2.2.2: answers may have a place of their own. */
static sso_service_t find_service(const saml_idp_t *idp, sso_binding_t wanted, int for_response)
{
    const char *redirect = for_response && idp->slo_redirect_response ? idp->slo_redirect_response : idp->slo_redirect;
    const char *post = for_response && idp->slo_post_response ? idp->slo_post_response : idp->slo_post;
    int by_post = post && (wanted == SSO_BINDING_POST || !redirect);
    sso_service_t service = { by_post ? post : redirect, by_post ? SSO_BINDING_POST : SSO_BINDING_REDIRECT };

    return service;
}

/* Left to us it is Redirect: it needs no script, and every identity provider that has a logout has it. */
static sso_service_t request_service(const sso_app_t *app, const saml_idp_t *idp)
{
    return find_service(idp, app->binding_is_fixed ? app->request_binding : SSO_BINDING_REDIRECT, 0);
}

/*
 * Profiles 4.4.3.1, 4.4.4: by these bindings a message must be signed; so it is where there is a key, whatever holds for sign-on
 * requests. Entra asks for no signature here, and may know our key as one to encrypt with alone (doc/entra.md 6).
 */
static const saml_keypair_t *signing_key(const sso_app_t *app, const saml_idp_t *idp, apr_pool_t *p)
{
    if (app->keys->nelts == 0 || (!app->sign_requests && sso_entra_tenant(idp, p)))
        return NULL;
    return APR_ARRAY_IDX(app->keys, 0, const saml_keypair_t *);
}

static saml_status_t deliver(int *http, request_rec *r, const sso_outgoing_t *out, saml_err_t *err)
{
    sso_packed_t packed;

    SAML_TRY(sso_outgoing_pack(&packed, out, r->pool, err));
    *http = out->to.binding == SSO_BINDING_REDIRECT ? sso_page_redirect(r, HTTP_SEE_OTHER, packed.url)
                                                    : sso_page_logout_form(r, packed.url, packed.fields, SSO_OUTGOING_FIELDS);
    return SAML_OK;
}

/* ---- LogoutRequest -------------------------------------------------------- */

int sso_logout_is_sent(request_rec *r, const sso_app_t *app)
{
    const saml_idp_t *idp;

    return app->single_logout && sso_idp_current(&idp, r, app, sso_err_new(r->pool)) == SAML_OK
           && request_service(app, idp).url != NULL;
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
    saml_name_id_t name = { session->name_id, session->name_id_format, session->name_qualifier, session->sp_name_qualifier };
    saml_logout_request_new_t request = { 0 };
    sso_outgoing_t out = { .param = "SAMLRequest" };
    const saml_idp_t *idp;

    SAML_TRY(sso_idp_current(&idp, r, app, err));
    out.to = request_service(app, idp);
    out.key = signing_key(app, idp, r->pool);
    SAML_TRY(saml_id_new(&request.id, r->pool, err));
    request.issue_instant = r->request_time;
    request.destination = out.to.url;
    request.issuer = app->identifier;
    request.name_id = &name;
    request.session_index = session->session_index;
    out.xml = saml_logout_request_xml(&request, r->pool);
    SAML_TRY(begin(&out.relay_state, r, app, request.id, target, err));
    return deliver(http, r, &out, err);
}

/* ---- LogoutResponse ------------------------------------------------------- */

/* By default not to Entra, which has been seen to refuse it (doc/entra.md 6). */
int sso_logout_is_answered(const sso_app_t *app, const saml_idp_t *idp, apr_pool_t *p)
{
    if (app->logout_response == SSO_ANSWER_OFF || (app->logout_response == SSO_ANSWER_AUTO && sso_entra_tenant(idp, p)))
        return 0;
    return find_service(idp, SSO_BINDING_REDIRECT, 1).url != NULL;
}

saml_status_t sso_logout_respond(int *http, request_rec *r, const sso_app_t *app, const saml_idp_t *idp,
                                 const sso_logout_answered_t *to, saml_err_t *err)
{
    saml_logout_response_new_t response = { 0 };
    sso_outgoing_t out = { .param = "SAMLResponse", .relay_state = to->relay_state };

    out.to = find_service(idp, to->binding, 1);
    out.key = to->is_signed ? signing_key(app, idp, r->pool) : NULL;
    SAML_TRY(saml_id_new(&response.id, r->pool, err));
    response.issue_instant = apr_time_now();
    response.destination = out.to.url;
    response.issuer = app->identifier;
    response.in_response_to = to->id;
    response.status = to->status;
    out.xml = saml_logout_response_xml(&response, r->pool);
    return deliver(http, r, &out, err);
}
