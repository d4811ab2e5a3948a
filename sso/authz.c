/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <ap_provider.h>
#include <apr_strings.h>
#include <mod_auth.h>

#include "page.h"
#include "require.h"
#include "url.h"

/* Require saml-group and saml-claim as httpd asks for them. Without a session they ask for a sign-on. */

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

static const authz_provider group_provider = { check_requirement, parse_group };
static const authz_provider claim_provider = { check_requirement, parse_claim };

void sso_authz_register(apr_pool_t *p)
{
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "saml-group", AUTHZ_PROVIDER_VERSION, &group_provider,
                              AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "saml-claim", AUTHZ_PROVIDER_VERSION, &claim_provider,
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
    req->in_auth_checker = 1;
    status = ap_run_auth_checker(r);
    req->in_auth_checker = 0;
    if (req->groups_unknown && (status == HTTP_UNAUTHORIZED || status == HTTP_FORBIDDEN || status == HTTP_INTERNAL_SERVER_ERROR))
        return refuse_unlisted(r);
    /* AuthzSendForbiddenOnFailure makes it 403 right away. */
    if (status != HTTP_UNAUTHORIZED && !(status == HTTP_FORBIDDEN && req->session))
        return status;
    apr_table_unset(r->err_headers_out, "WWW-Authenticate");
    app = sso_app_of(r);
    if (!req->anonymous)
        return sso_page_access_denied(r, app);
    if (!app || r->main)
        return HTTP_FORBIDDEN;
    return sso_answer_without_session(r, app, SSO_UNAUTH_AUTO, sso_request_target(r, app));
}
