/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <ap_provider.h>
#include <apr_strings.h>
#include <mod_auth.h>

#include "page.h"
#include "require.h"
#include "rounds.h"
#include "step_up.h"
#include "url.h"

/* Require saml-group, saml-claim and saml-authn as httpd asks for them. Without a session they ask for a sign-on. */

static const char *parse_group(cmd_parms *cmd, const char *line, const void **parsed)
{
    return sso_require_group((const sso_requirement_t **)parsed, cmd, line);
}

static const char *parse_claim(cmd_parms *cmd, const char *line, const void **parsed)
{
    return sso_require_claim((const sso_requirement_t **)parsed, cmd, line);
}

/* A general error ends httpd's look at the lines at once, so that no negation can make a grant of it. */
static authz_status check_requirement(request_rec *r, const char *line, const void *parsed)
{
    sso_request_t *req = sso_request_of(r);

    (void)line;
    if (!req->session)
        return r->user ? AUTHZ_DENIED : AUTHZ_DENIED_NO_USER;
    switch (sso_require_decide(parsed, req->session, r)) {
    case SSO_REQUIRE_GRANTED:
        return AUTHZ_GRANTED;
    case SSO_REQUIRE_DENIED:
        return AUTHZ_DENIED;
    case SSO_REQUIRE_UNKNOWN:
        req->groups_unknown = 1;
        return AUTHZ_DENIED;
    case SSO_REQUIRE_UNDECIDABLE:
        req->groups_unknown = 1;
        break;
    case SSO_REQUIRE_CONTRADICTED:
        break;
    }
    return AUTHZ_GENERAL_ERROR;
}

static const char *parse_authn(cmd_parms *cmd, const char *line, const void **parsed)
{
    return sso_step_up_parse((const sso_authn_need_t **)parsed, cmd, line);
}

static authz_status check_authn_need(request_rec *r, const char *line, const void *parsed)
{
    const sso_session_t *session = sso_request_of(r)->session;

    (void)line;
    if (!session)
        return r->user ? AUTHZ_DENIED : AUTHZ_DENIED_NO_USER;
    return sso_step_up_is_satisfied(parsed, session, r) ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const authz_provider group_provider = { check_requirement, parse_group };
static const authz_provider claim_provider = { check_requirement, parse_claim };
static const authz_provider sign_on_provider = { check_authn_need, parse_authn };

void sso_authz_register(apr_pool_t *p)
{
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "saml-group", AUTHZ_PROVIDER_VERSION, &group_provider,
                              AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "saml-claim", AUTHZ_PROVIDER_VERSION, &claim_provider,
                              AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "saml-authn", AUTHZ_PROVIDER_VERSION, &sign_on_provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}

/* Somebody is signed on, and a line would have to know his groups. */
static int refuse_unlisted(request_rec *r)
{
    const sso_app_t *app = sso_app_of(r);
    saml_err_t *err = sso_err_new(r->pool);
    saml_status_t status = saml_fail(err, SAML_E_OVERAGE, "Require for %s: expected the session's groups, found that they are too "
                                     "many for Entra to list (SAML_GROUPS_OVERAGE); mend: \"Groups assigned to the application\" "
                                     "or a group filter in the portal, app roles in place of groups, or SAMLGraph",
                                     saml_quote(r->pool, r->uri));

    if (r->main)
        return sso_refusal_http_status(status);
    sso_request_of(r)->target = app ? sso_request_target(r, app) : NULL;
    return sso_page_refused(r, app, err);
}

static int run_auth_checker(request_rec *r, int supposing)
{
    sso_request_t *req = sso_request_of(r);
    int status;

    req->in_auth_checker = 1;
    req->step_up.is_supposed = supposing;
    status = ap_run_auth_checker(r);
    req->step_up.is_supposed = 0;
    req->in_auth_checker = 0;
    return status;
}

/* Somebody is signed on, and a stronger sign-on would let him in. Where it would not, he is not asked for one. */
static int lacks_sign_on_only(request_rec *r)
{
    sso_request_t *req = sso_request_of(r);

    return req->session && req->step_up.bits && run_auth_checker(r, 1) == OK;
}

/*
 * mod_authz_core answers 401 to a user whom no Require lets in; a browser could do nothing with it, and another sign-on would bring
 * the same claims: the answer is 403. Somebody let through without a session is asked to sign on.
 */
int sso_check_authz(request_rec *r)
{
    sso_request_t *req = sso_request_of(r);
    const sso_app_t *app;
    int status;

    if (req->in_auth_checker || !r->ap_auth_type || strcmp(r->ap_auth_type, SSO_AUTH_TYPE) != 0)
        return DECLINED;
    memset(&req->step_up, 0, sizeof(req->step_up));
    status = run_auth_checker(r, 0);
    if (req->groups_unknown && (status == HTTP_UNAUTHORIZED || status == HTTP_FORBIDDEN || status == HTTP_INTERNAL_SERVER_ERROR))
        return sso_rounds_denied(refuse_unlisted(r), r, sso_app_of(r));
    /* AuthzSendForbiddenOnFailure makes it 403 right away. */
    if (status != HTTP_UNAUTHORIZED && !(status == HTTP_FORBIDDEN && req->session))
        return status;
    apr_table_unset(r->err_headers_out, "WWW-Authenticate");
    app = sso_app_of(r);
    if (app && lacks_sign_on_only(r))
        return r->main ? HTTP_FORBIDDEN : sso_rounds_denied(sso_step_up_answer(r, app), r, app);
    if (!req->anonymous)
        return sso_rounds_denied(sso_page_access_denied(r, app), r, app);
    if (!app || r->main)
        return HTTP_FORBIDDEN;
    return sso_answer_without_session(r, app, SSO_UNAUTH_AUTO, sso_request_target(r, app));
}
