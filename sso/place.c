/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <apr_strings.h>

#include "page.h"
#include "saml/texts.h"

/* Pages of this site wrote it, and may go anywhere; that it stays here is for what they may have put there by mistake. */
static const char place_script[] =
    "(function(){var p=null,s=document.querySelector('a.button').href;"
    "try{p=sessionStorage.getItem('saml-place');sessionStorage.removeItem('saml-place')}catch(e){}"
    "try{p=new URL(p||s)}catch(e){p=null}"
    "location.replace(p&&p.origin===location.origin&&/^https?:$/.test(p.protocol)?p.href:s)})()";

const char *sso_place_target(const sso_app_t *app, apr_pool_t *p)
{
    return apr_pstrcat(p, app->public_path, "/login?place=1", NULL);
}

const char *sso_place_attribute(const sso_app_t *app, const char *target, apr_pool_t *p)
{
    return strcmp(target, sso_place_target(app, p)) == 0 ? "" : " data-place";
}

int sso_place_page(request_rec *r, const sso_app_t *app)
{
    apr_table_setn(r->err_headers_out, "Refresh", apr_pstrcat(r->pool, "1; url=", app->start, NULL));
    return sso_page_send(r, HTTP_OK, saml_page_texts.signed_in_title,
                         sso_page_button(r->pool, saml_way_texts[SAML_WAY_START], app->start), place_script);
}
