/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <apr_atomic.h>
#include <apr_strings.h>

#include "page.h"
#include "saml/texts.h"
#include "url.h"

const char *sso_address_attributes(request_rec *r, const sso_app_t *app, const char *target)
{
    /* Of an endpoint's query nothing is shown. */
    int is_place = sso_request_of(r)->endpoint != SSO_ENDPOINT_ME;
    const char *elsewhere = apr_pstrcat(r->pool, app->public_path, "/login?", is_place ? "target=" : "",
                                        is_place ? ap_escape_urlencoded(r->pool, target) : "", is_place ? "&" : "", "elsewhere=", NULL);

    return apr_pstrcat(r->pool, " data-origin=\"", ap_escape_html(r->pool, sso_reply_url_of(app, r)->origin), "\" data-elsewhere=\"",
                       ap_escape_html(r->pool, elsewhere), "\"", NULL);
}

static int is_of_a_reply_url(const sso_app_t *app, const char *origin)
{
    for (int i = 0; i < app->reply_urls->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t).origin, origin) == 0)
            return 1;
    }
    return 0;
}

static saml_status_t fail(request_rec *r, const sso_app_t *app, const sso_reply_url_t *reply, const char *origin, saml_err_t *err)
{
    const char *host = apr_table_get(r->headers_in, "Host"), *shown = saml_quote(r->pool, origin), *rest = strstr(origin, "://");

    if (is_of_a_reply_url(app, origin))
        return saml_fail(err, SAML_E_REQUEST, "address: expected the browser's Host, as it is at %s, which is in SAMLReplyURL, got %s; "
                         "mend: let the proxy in front pass it on (ProxyPreserveHost On)", shown, saml_quote(r->pool, host));
    if (rest && strcmp(rest, strstr(reply->origin, "://")) == 0)
        return saml_fail(err, SAML_E_REQUEST, "address: expected a browser at %s, as SAMLReplyURL says, got one at %s, where our cookies "
                         "do not come; mend: lead all requests there (Redirect \"/\" \"%s/\")", reply->origin, shown, reply->origin);
    return saml_fail(err, SAML_E_REQUEST, "address: expected a browser at %s, as SAMLReplyURL says, got one at %s; mend: if people are to "
                     "come by that address, add it with \"%s\" to SAMLReplyURL and to the identity provider's reply URLs; if not, lead "
                     "them to %s", reply->origin, shown, reply->path, reply->origin);
}

int sso_address_explain(request_rec *r, const sso_app_t *app, const char *origin, const char *target)
{
    const sso_reply_url_t *reply = sso_reply_url_of(app, r);
    saml_err_t *err = sso_err_new(r->pool);

    if (strcmp(origin, reply->origin) == 0 || fail(r, app, reply, origin, err) == SAML_OK)
        return DECLINED;
    sso_request_of(r)->target = target;
    return sso_page_titled(r, app, &saml_wrong_address, err);
}

static int is_host_of_a_reply_url(const sso_app_t *app, const char *host)
{
    for (int i = 0; i < app->reply_urls->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t).host, host) == 0)
            return 1;
    }
    return 0;
}

void sso_address_look(request_rec *r, const sso_app_t *app)
{
    const sso_reply_url_t *first = &APR_ARRAY_IDX(app->reply_urls, 0, sso_reply_url_t);

    if (!r->hostname || is_host_of_a_reply_url(app, r->hostname) || apr_atomic_xchg32(app->host_said, 1))
        return;
    /* With one reply URL a proxy may do so for ever, and all is well. */
    ap_log_rerror(APLOG_MARK, app->reply_urls->nelts > 1 ? APLOG_WARNING : APLOG_INFO, 0, r, "a sign-on begins with Host %s, which no "
                  "SAMLReplyURL has, and its answer goes to %s; where browsers use that host, add it there; where a proxy in front has "
                  "put it in, let it pass on the browser's (ProxyPreserveHost On). This is said once a process and application",
                  saml_quote(r->pool, r->hostname), first->url);
}
