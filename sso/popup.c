/* SPDX-License-Identifier: Apache-2.0 */
#include "popup.h"

#include <apr_strings.h>

#include "page.h"
#include "resend.h"
#include "saml/texts.h"
#include "state.h"
#include "step_up_query.h"
#include "url.h"

/* doc/examples/sign-on-again.js listens on the same channel. */
#define CHANNEL "'saml-signed-on'"

/* What was cut off from its opener may still close itself, as a script has opened it. */
static const char done_script[] =
    "(function(){try{var c=new BroadcastChannel(" CHANNEL ");c.postMessage(document.getElementById('on').dataset.path);c.close()}catch(e){}"
    "if(window.top===window)window.close()})()";

/* Of all applications of this site one is meant. The answer to a POST has an address to go on at: loaded anew it would be a POST again. */
static const char frame_script[] =
    "(function(a){try{new BroadcastChannel(" CHANNEL ").onmessage=function(e){if(e.data!==a.dataset.path)return;"
    "if(a.dataset.next)location.replace(a.dataset.next);else location.reload()}}catch(e){}"
    "a.onclick=function(e){if(window.open(this.href,'','popup,width=520,height=680'))e.preventDefault()}})"
    "(document.querySelector('a.button'))";

static const char *login_query(const char *target, apr_pool_t *p)
{
    return apr_pstrcat(p, "/login?popup=1&target=", ap_escape_urlencoded(p, target), NULL);
}

const char *sso_popup_target(const sso_app_t *app, const char *target, apr_pool_t *p)
{
    const char *end = apr_pstrcat(p, app->public_path, login_query(target, p), NULL);

    return strlen(end) <= SSO_STATE_MAX_TARGET_BYTES ? end : apr_pstrcat(p, app->public_path, login_query(app->start, p), NULL);
}

void sso_popup_cut_off(request_rec *r)
{
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");

    if (!site || ap_cstr_casecmp(site, "same-origin") != 0)
        apr_table_setn(r->err_headers_out, "Cross-Origin-Opener-Policy", "same-origin");
}

int sso_popup_page(request_rec *r, const sso_app_t *app, const char *target)
{
    const char *body = apr_pstrcat(r->pool, sso_page_paragraph(r->pool, saml_page_texts.popup_done),
                                   "<p><a class=\"button\" id=\"on\" data-path=\"", ap_escape_html(r->pool, app->public_path), "\" href=\"",
                                   ap_escape_html(r->pool, target), "\">", ap_escape_html(r->pool, saml_page_texts.popup_button),
                                   "</a></p>\n", NULL);

    return sso_page_send(r, HTTP_OK, saml_page_texts.signed_in_title, body, done_script);
}

/* An attribute for the link of a page that answers a POST: where its frame goes on, once somebody has signed on beside it. */
static const char *next_attribute(request_rec *r, const char *next)
{
    if (r->method_number != M_POST)
        return "";
    return apr_pstrcat(r->pool, " data-next=\"", ap_escape_html(r->pool, next), "\"", NULL);
}

int sso_popup_for_frame(request_rec *r, const sso_app_t *app, const char *target)
{
    const char *url = apr_pstrcat(r->pool, sso_reply_url_of(app, r)->origin, app->public_path, login_query(target, r->pool),
                                  sso_step_up_query(r, app), NULL);
    const char *text = sso_request_of(r)->step_up.bits ? saml_page_texts.framed_again : saml_page_texts.framed, *next = target, *body;
    int http;

    if (sso_resend_keep(&http, &next, r, app))
        return http;
    body = apr_pstrcat(r->pool, sso_page_paragraph(r->pool, text), "<p><a class=\"button\" target=\"_blank\" data-path=\"",
                       ap_escape_html(r->pool, app->public_path), "\"", next_attribute(r, next), " href=\"",
                       ap_escape_html(r->pool, url), "\">", ap_escape_html(r->pool, saml_page_texts.framed_button), "</a></p>\n", NULL);

    apr_table_setn(r->err_headers_out, "WWW-Authenticate", SSO_AUTH_TYPE);
    return sso_page_send(r, HTTP_UNAUTHORIZED, saml_page_texts.framed_title, body, frame_script);
}
