/* SPDX-License-Identifier: Apache-2.0 */
/* A sign-on that begins: the login state, the AuthnRequest, and the page or redirect that takes it to the identity provider. */

#include "sso.h"

#include <apr_strings.h>

#include "address.h"
#include "forced.h"
#include "fragment.h"
#include "hint.h"
#include "idp.h"
#include "outgoing.h"
#include "page.h"
#include "place.h"
#include "query.h"
#include "resend.h"
#include "rounds.h"
#include "saml/id.h"
#include "saml/request.h"
#include "state.h"
#include "url.h"

static const saml_keypair_t *signing_key(const sso_app_t *app)
{
    return app->sign_requests ? APR_ARRAY_IDX(app->keys, 0, const saml_keypair_t *) : NULL;
}

/* login?again=1: where an answer came whose login was gone. */
static int is_begun_anew(request_rec *r)
{
    const char *again = NULL;

    return sso_request_of(r)->endpoint == SSO_ENDPOINT_LOGIN
           && sso_query_value(&again, r, "again", sso_err_new(r->pool)) == SAML_OK && again;
}

static saml_status_t make_request(const char **xml, const char **relay_state, request_rec *r, const sso_app_t *app,
                                  const char *service_url, const char *target, saml_err_t *err)
{
    const sso_reply_url_t *reply = sso_reply_url_of(app, r);
    saml_authn_request_t request = { 0 };
    sso_state_t state = { 0 };

    SAML_TRY(saml_id_new(&request.id, r->pool, err));
    request.issue_instant = r->request_time;
    request.destination = service_url;
    request.issuer = app->identifier;
    request.acs_url = reply->url;
    request.name_id_format = app->name_id_format;
    state.force_authn = sso_forced_is(r, app);
    state.step_up = sso_request_of(r)->step_up.noted;
    request.force_authn = state.force_authn || sso_request_of(r)->step_up.bits;
    request.authn_context = app->authn_context;
    state.started = r->request_time;
    state.request_id = request.id;
    state.acs_url = reply->url;
    state.target = target;
    state.framed = sso_is_framed(r);
    sso_rounds_begin(&state, r, app);
    SAML_TRY(sso_session_reference(&state.replaces, r, app, err));
    SAML_TRY(sso_state_begin(relay_state, r, app, &state, is_begun_anew(r), err));
    *xml = saml_authn_request_xml(&request, r->pool);
    return SAML_OK;
}

/* A browser at an address, which says so of itself; a redirect would hand what stands behind "#" on to the identity provider's page. */
static int may_have_fragment(request_rec *r)
{
    const char *dest = apr_table_get(r->headers_in, "Sec-Fetch-Dest");

    return dest && ap_cstr_casecmp(dest, "document") == 0 && sso_request_of(r)->endpoint == SSO_ENDPOINT_NONE;
}

/* What the scripts of a page on the way there have to know. */
static const char *page_attributes(request_rec *r, const sso_app_t *app, const char *relay_state)
{
    const char *target = sso_request_of(r)->target;

    return apr_pstrcat(r->pool, sso_address_attributes(r, app, target), sso_fragment_attributes(r, app, relay_state),
                       sso_place_attribute(app, target, r->pool), NULL);
}

static saml_status_t send_request(int *http, request_rec *r, const sso_app_t *app, const sso_outgoing_t *out, saml_err_t *err)
{
    sso_packed_t packed;

    SAML_TRY(sso_outgoing_pack(&packed, out, r->pool, err));
    if (out->to.binding == SSO_BINDING_POST)
        *http = sso_page_form(r, packed.url, packed.fields, SSO_OUTGOING_FIELDS, page_attributes(r, app, out->relay_state));
    else if (may_have_fragment(r))
        *http = sso_page_go(r, packed.url, page_attributes(r, app, out->relay_state));
    else
        *http = sso_page_redirect(r, HTTP_MOVED_TEMPORARILY, packed.url);
    return SAML_OK;
}

static saml_status_t start(int *http, request_rec *r, const sso_app_t *app, const char *target, saml_err_t *err)
{
    sso_outgoing_t out = { .param = "SAMLRequest", .key = signing_key(app) };
    const saml_idp_t *idp;

    SAML_TRY(sso_idp_current(&idp, r, app, err));
    SAML_TRY(sso_idp_login_service(&out.to.url, &out.to.binding, app, idp, err));
    if (sso_resend_keep(http, &target, r, app))
        return SAML_OK;
    SAML_TRY(make_request(&out.xml, &out.relay_state, r, app, out.to.url, target, err));
    out.hints = sso_hint_query(r, app, out.to.url);
    return send_request(http, r, app, &out, err);
}

int sso_login_start(request_rec *r, const sso_app_t *app, const char *target)
{
    saml_err_t *err = sso_err_new(r->pool);
    int http = HTTP_INTERNAL_SERVER_ERROR;

    if (strlen(target) > SSO_STATE_MAX_TARGET_BYTES) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "the address asked for is longer than %d bytes: its path is kept "
                      "over the sign-on, its query is not", SSO_STATE_MAX_TARGET_BYTES);
        target = apr_pstrmemdup(r->pool, target, strcspn(target, "?#"));
        if (strlen(target) > SSO_STATE_MAX_TARGET_BYTES)
            target = app->start;
    }
    sso_address_look(r, app);
    sso_request_of(r)->target = target;
    if (sso_rounds_check(r, app, err) != SAML_OK)
        return sso_rounds_refuse(r, app, err);
    if (start(&http, r, app, target, err) != SAML_OK)
        return sso_page_refused(r, app, err);
    return http;
}
