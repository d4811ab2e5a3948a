/* SPDX-License-Identifier: Apache-2.0 */
/* What a request gets that has no session, or one that is not enough. */

#include "sso.h"

#include <apr_strings.h>

#include "address.h"
#include "page.h"
#include "popup.h"
#include "saml/json.h"
#include "step_up_query.h"
#include "url.h"

int sso_answer_script(request_rec *r, const sso_app_t *app, const char *target)
{
    const char *login = sso_endpoint_url(app, sso_reply_url_of(app, r), "login", r->pool);
    const char *url = apr_pstrcat(r->pool, login, "?target=", ap_escape_urlencoded(r->pool, target), sso_step_up_query(r, app), NULL);
    unsigned step_up = sso_request_of(r)->step_up.bits;
    const char *reason = !step_up ? "\"no session\""
                         : apr_pstrcat(r->pool, "\"step-up needed\",\"step_up\":\"", sso_step_up_text(step_up), "\"", NULL);

    sso_address_look(r, app);
    apr_table_setn(r->err_headers_out, "WWW-Authenticate", SSO_AUTH_TYPE);
    return sso_page_json(r, HTTP_UNAUTHORIZED,
                         apr_pstrcat(r->pool, "{\"reason\":", reason, ",\"login_url\":",
                                     saml_json_string(r->pool, url), "}\n", NULL));
}

int sso_answer_without_session(request_rec *r, const sso_app_t *app, sso_unauthenticated_t how, const char *target)
{
    int before = sso_page_refused_before(r);

    if (before != DECLINED)
        return before;
    if (how == SSO_UNAUTH_AUTO && !sso_is_navigation(r))
        how = SSO_UNAUTH_401;
    if (how == SSO_UNAUTH_401)
        return sso_answer_script(r, app, target);
    if (how == SSO_UNAUTH_AUTO && sso_is_framed(r))
        return sso_popup_for_frame(r, app, target);
    return sso_login_start(r, app, target);
}
