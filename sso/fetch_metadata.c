/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser says of a request by itself: whether somebody looks at a page, and whether anybody asked for it. */

#include "sso.h"

static int has_word(const char *header, const char *word)
{
    return header && ap_strcasestr(header, word) != NULL;
}

int sso_is_navigation(request_rec *r)
{
    const char *mode = apr_table_get(r->headers_in, "Sec-Fetch-Mode");

    if (apr_table_get(r->headers_in, "X-Requested-With") || apr_table_get(r->headers_in, "Upgrade"))
        return 0;
    if (mode)
        return ap_cstr_casecmp(mode, "navigate") == 0;
    return has_word(apr_table_get(r->headers_in, "Accept"), "text/html");
}

/* W3C Fetch Metadata 2.1, 2.2; HTML 2.2.4, Sec-Purpose. */
saml_status_t sso_refuse_embedded(request_rec *r, const char *what, saml_err_t *err)
{
    const char *mode = apr_table_get(r->headers_in, "Sec-Fetch-Mode");
    const char *dest = apr_table_get(r->headers_in, "Sec-Fetch-Dest");
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    const char *purpose = apr_table_get(r->headers_in, "Sec-Purpose");
    int is_foreign = site && ap_cstr_casecmp(site, "cross-site") == 0;

    if (mode && ap_cstr_casecmp(mode, "navigate") != 0 && (is_foreign || ap_cstr_casecmp(mode, "no-cors") == 0))
        return saml_fail(err, SAML_E_REQUEST, "%s: expected a page load or a request by a script of this site, got Sec-Fetch-Mode %s%s",
                         what, saml_quote(r->pool, mode), is_foreign ? " from another site" : "");
    if (dest && ap_cstr_casecmp(dest, "document") != 0 && ap_cstr_casecmp(dest, "iframe") != 0
        && ap_cstr_casecmp(dest, "frame") != 0 && ap_cstr_casecmp(dest, "empty") != 0)
        return saml_fail(err, SAML_E_REQUEST, "%s: expected a page load or a request by a script of this site, got Sec-Fetch-Dest %s", what,
                         saml_quote(r->pool, dest));
    if (has_word(purpose, "prefetch"))
        return saml_fail(err, SAML_E_REQUEST, "%s: expected somebody to want it, got Sec-Purpose prefetch", what);
    return SAML_OK;
}
