/* SPDX-License-Identifier: Apache-2.0 */
#include "resend.h"

#include <apr_strings.h>

#include "page.h"
#include "query.h"
#include "saml/texts.h"
#include "state.h"
#include "url.h"

#define MAX_KEPT_BYTES (64 * 1024)

static const char resend_script[] =
    "(function(){var d=document.getElementById('kept').dataset,k=null;"
    "try{k=JSON.parse(sessionStorage.getItem('saml-kept'));sessionStorage.removeItem('saml-kept')}catch(e){}"
    "if(!k||k.url!==d.url||Date.now()-k.time>6e5){location.replace(d.url);return}"
    "var f=document.createElement('form');f.method='post';f.action=k.url;"
    "new URLSearchParams(k.body).forEach(function(v,n){var i=document.createElement('input');"
    "i.type='hidden';i.name=n;i.value=v;f.appendChild(i)});"
    /* A field may be called "submit". */
    "document.body.appendChild(f);HTMLFormElement.prototype.submit.call(f)})()";

/* The Origin that browsers send with every POST (Fetch 3.1) is ours. */
static int is_from_this_site(request_rec *r, const sso_app_t *app)
{
    const char *origin = apr_table_get(r->headers_in, "Origin");

    return origin && strcmp(origin, sso_reply_url_of(app, r)->origin) == 0;
}

static int is_printable_ascii(const char *text, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len; ++i) {
        if (text[i] < 0x20 || text[i] > 0x7e)
            return 0;
    }
    return 1;
}

const sso_kept_t *sso_resend_take(request_rec *r, const sso_app_t *app, const char *target)
{
    saml_err_t *err = sso_err_new(r->pool);
    sso_kept_t *kept;
    sso_form_t form;

    if (r->method_number != M_POST || r->main || sso_request_of(r)->endpoint != SSO_ENDPOINT_NONE)
        return NULL;
    if (!is_from_this_site(r, app)) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "a form without a session is not kept over the sign-on: its Origin "
                      "is not this site");
        return NULL;
    }
    if (sso_form_read(&form, r, MAX_KEPT_BYTES, err) != SAML_OK || !is_printable_ascii(form.text, form.len)) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "a form without a session is not kept over the sign-on: expected "
                      "application/x-www-form-urlencoded of at most %d bytes", MAX_KEPT_BYTES);
        return NULL;
    }
    kept = apr_palloc(r->pool, sizeof(*kept));
    kept->url = target;
    kept->body = apr_pstrmemdup(r->pool, form.text, form.len);
    return strlen(sso_resend_target(app, kept, r->pool)) <= SSO_STATE_MAX_TARGET_BYTES ? kept : NULL;
}

const char *sso_resend_target(const sso_app_t *app, const sso_kept_t *kept, apr_pool_t *p)
{
    return apr_pstrcat(p, app->path, "/login?resend=1&target=", ap_escape_urlencoded(p, kept->url), NULL);
}

int sso_resend_page(request_rec *r, const char *target)
{
    const char *url = ap_escape_html(r->pool, target);
    const char *body = apr_pstrcat(r->pool, sso_page_paragraph(r->pool, saml_page_texts.resending),
                                   "<p><a class=\"button\" id=\"kept\" data-url=\"", url, "\" href=\"", url, "\">",
                                   ap_escape_html(r->pool, saml_page_texts.resending_button), "</a></p>\n", NULL);

    return sso_page_send(r, HTTP_OK, saml_page_texts.signed_in_title, body, resend_script);
}
