/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser says of a request by itself: whether somebody looks at a page, and whether anybody asked for it. */

#include "sso.h"

#include <apr_lib.h>

static int has_word(const char *header, const char *word)
{
    return header && ap_strcasestr(header, word) != NULL;
}

/* Long before Sec-Purpose browsers said it in names of their own. */
static int is_ahead_of_time(request_rec *r)
{
    return has_word(apr_table_get(r->headers_in, "Sec-Purpose"), "prefetch")
           || has_word(apr_table_get(r->headers_in, "Purpose"), "prefetch")
           || has_word(apr_table_get(r->headers_in, "X-Moz"), "prefetch");
}

/* A qvalue in thousandths (RFC 9110 12.4.2), with more digits than three, too; 0 for what is none. */
static int weight(const char *text)
{
    int value = *text == '1' ? 1000 : 0, unit = 100;

    if (*text != '0' && *text != '1')
        return 0;
    if (*++text == '.') {
        for (++text; apr_isdigit(*text); ++text, unit /= 10)
            value += (*text - '0') * unit;
    }
    return strchr(" \t;,", *text) && value <= 1000 ? value : 0;
}

/* The weight among the parameters of a media type. */
static int weight_among(const char *parameters)
{
    while (*(parameters += strcspn(parameters, ";,")) == ';') {
        ++parameters;
        parameters += strspn(parameters, " \t");
        if (ap_cstr_casecmpn(parameters, "q=", 2) == 0)
            return weight(parameters + 2);
    }
    return 1000;
}

/* How much a media type is wanted, in thousandths; 0 where it is not named. */
static int wanted(request_rec *r, const char *type)
{
    const char *at = apr_table_get(r->headers_in, "Accept");
    apr_size_t len = strlen(type);

    for (; at && *at; at += strcspn(at, ","), at += *at == ',') {
        at += strspn(at, " \t");
        if (ap_cstr_casecmpn(at, type, len) == 0 && strchr(" \t;,", at[len]))
            return weight_among(at + len);
    }
    return 0;
}

/* Apps that show the web in a view of their own send X-Requested-With with all they load: their name, and never this one. */
static int is_xml_http_request(request_rec *r)
{
    const char *with = apr_table_get(r->headers_in, "X-Requested-With");

    return with && ap_cstr_casecmp(with, "XMLHttpRequest") == 0;
}

int sso_is_script(request_rec *r)
{
    const char *mode = apr_table_get(r->headers_in, "Sec-Fetch-Mode");

    if (apr_table_get(r->headers_in, "Upgrade"))
        return 1;
    return mode ? ap_cstr_casecmp(mode, "navigate") != 0 : is_xml_http_request(r);
}

int sso_is_navigation(request_rec *r)
{
    int html;

    if ((r->method_number != M_GET && r->method_number != M_POST) || sso_is_script(r) || is_ahead_of_time(r))
        return 0;
    html = apr_table_get(r->headers_in, "Sec-Fetch-Mode") ? 1000 : wanted(r, "text/html");
    return html > 0 && html >= wanted(r, "application/json");
}

int sso_is_framed(request_rec *r)
{
    static const char *const frames[] = { "iframe", "frame", "embed", "object", "fencedframe" };
    const char *dest = apr_table_get(r->headers_in, "Sec-Fetch-Dest");
    apr_size_t i;

    for (i = 0; dest && i < sizeof(frames) / sizeof(frames[0]); ++i) {
        if (ap_cstr_casecmp(dest, frames[i]) == 0)
            return 1;
    }
    return 0;
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
