/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <apr_strings.h>

#include "headers.h"
#include "page.h"
#include "resend.h"
#include "rounds.h"
#include "url.h"
#include "user.h"

int sso_is_guarded(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type && (strcmp(type, SSO_AUTH_TYPE) == 0 || ap_cstr_casecmp(type, SSO_AUTH_TYPE) == 0);
}

static int let_anonymous_through(request_rec *r)
{
    sso_request_of(r)->anonymous = 1;
    r->user = (char *)"";       /* httpd's authorization wants a user; fixups takes it away again */
    r->ap_auth_type = (char *)SSO_AUTH_TYPE;
    return OK;
}

static int refuse(request_rec *r, const sso_app_t *app, const saml_err_t *err)
{
    if (r->main)
        return sso_refusal_http_status(err->status);
    sso_request_of(r)->target = sso_request_target(r, app);
    return sso_page_refused(r, app, err);
}

static int refuse_without_user(request_rec *r, const sso_app_t *app)
{
    const sso_user_t *how = sso_user(sso_dir_of(r));
    saml_err_t *err = sso_err_new(r->pool);
    saml_status_t status = saml_fail(err, SAML_E_CLAIM, "SAMLUser: expected claim %s with a value that can be a "
                                     "user name%s, the session has none", sso_user_claims(how, r->pool),
                                     how->strip_domain ? " without its domain" : "");

    return sso_rounds_denied(status == SAML_OK ? HTTP_INTERNAL_SERVER_ERROR : refuse(r, app, err), r, app);
}

static int let_in(request_rec *r, const sso_app_t *app, const sso_session_t *session)
{
    const sso_dir_t *dir = sso_dir_of(r);
    const char *user = sso_user_of_session(sso_user(dir), session, r->pool);

    if (!user) {
        sso_request_of(r)->session = session;
        return refuse_without_user(r, app);
    }
    sso_request_of(r)->user = user;
    r->user = (char *)user;
    r->ap_auth_type = (char *)SSO_AUTH_TYPE;
    sso_headers_export(r, dir, session);
    return r->method_number == M_POST ? sso_resend_restore(r, app, session) : OK;
}

/*
 * RFC 6265 5.1.4, on the address as the browser has it: a session's cookie that does not come back here would make every sign-on end in
 * the next one.
 */
static int cookie_comes_back(request_rec *r, const sso_app_t *app)
{
    const char *path = apr_pstrcat(r->pool, app->prefix, r->parsed_uri.path ? r->parsed_uri.path : "/", NULL);
    apr_size_t len = strlen(app->cookie.path);

    return strncmp(path, app->cookie.path, len) == 0
           && (!path[len] || path[len] == '/' || app->cookie.path[len - 1] == '/');
}

static int refuse_to_go_round(request_rec *r, const sso_app_t *app)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AuthType " SSO_AUTH_TYPE " guards %s, where the session's cookie does "
                  "not come: expected SAMLCookie with a Path that it is under, found Path=%s; mend: guard places under "
                  "%s only, or leave Path= out", r->uri, app->cookie.path, app->cookie.path);
    return HTTP_INTERNAL_SERVER_ERROR;
}

int sso_check_authn(request_rec *r)
{
    sso_request_t *req;
    const sso_app_t *app;
    saml_err_t *err;
    sso_unauthenticated_t how;

    if (!sso_is_guarded(r))
        return DECLINED;
    req = sso_request_of(r);
    req->is_guarded_here = 1;
    if (r->main || r->prev)
        sso_headers_withdraw(r);
    app = sso_app_of(r);
    if (!app) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AuthType " SSO_AUTH_TYPE " guards %s, but this virtual host has no "
                      "application for it: expected an identity provider, a ServerName, and the <SAMLApplication> that a "
                      "SAMLApplication names; mend: -t -D DUMP_SAML shows what each virtual host has", r->uri);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    err = sso_err_new(r->pool);
    if (sso_session_current(&req->session, r, app, err) != SAML_OK)
        return refuse(r, app, err);
    if (req->session)
        return let_in(r, app, req->session);
    how = sso_unauthenticated(sso_dir_of(r));
    if (how == SSO_UNAUTH_PASS)
        return let_anonymous_through(r);
    if (!r->main && !r->prev && !cookie_comes_back(r, app))
        return refuse_to_go_round(r, app);
    return r->main ? HTTP_UNAUTHORIZED : sso_answer_without_session(r, app, how, sso_request_target(r, app));
}

int sso_note_auth_failure(request_rec *r, const char *auth_type)
{
    if (ap_cstr_casecmp(auth_type, SSO_AUTH_TYPE) != 0)
        return DECLINED;
    apr_table_setn(r->err_headers_out, "WWW-Authenticate", SSO_AUTH_TYPE);
    return OK;
}
