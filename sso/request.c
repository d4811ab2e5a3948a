/* SPDX-License-Identifier: Apache-2.0 */

/* What a request carries from hook to hook, and the hooks that clean it, complete it and hand it on. */

#include "sso.h"

#include <apr_strings.h>
#include <http_connection.h>

#include "headers.h"
#include "trailers.h"

/* Once for a request; not part of what asks for it, which then saves no registers. */
__attribute__((noinline)) static sso_request_t *new_request(request_rec *r)
{
    sso_request_t *req = apr_pcalloc(r->pool, sizeof(*req));
    request_rec *parent = r->main ? r->main : r->prev;

    if (parent) {
        req->cookies = sso_request_of(parent)->cookies;
        req->seen = sso_request_of(parent)->seen;
        req->guarded = sso_request_of(parent)->guarded;
    }
    ap_set_module_config(r->request_config, &saml_sso_module, req);
    return req;
}

/* Nearly every hook asks, and mostly finds it there. */
sso_request_t *sso_request_of(request_rec *r)
{
    sso_request_t *req = ap_get_module_config(r->request_config, &saml_sso_module);

    return req ? req : new_request(r);
}

/*
 * Before anybody reads the request: what the client sent under our names goes. An internal redirect shares the headers that were
 * cleaned, and perhaps filled by us, when its request came in; unless that one was refused before it got here (a bad Expect, no
 * Host), and this is its ErrorDocument.
 */
int sso_request_clean(request_rec *r)
{
    request_rec *first = r;
    sso_request_t *req;

    while (first->main || first->prev)
        first = first->main ? first->main : first->prev;
    req = sso_request_of(first);
    if (!req->cleaned) {
        req->cleaned = 1;
        req->cookies = sso_headers_scrub(r, &req->seen);
        if (r != first)
            sso_request_of(r)->cookies = req->cookies;
        if (req->seen.transfer_encoding || r->connection->master)
            sso_trailers_watch(r);
    }
    return DECLINED;
}

/* httpd skips authentication for an internal redirect or subrequest under the same configuration; its environment is new. */
int sso_request_complete(request_rec *r)
{
    sso_request_t *req = sso_request_of(r);
    request_rec *parent = r->main ? r->main : r->prev;

    if (req->is_guarded_here || sso_is_guarded(r))
        req->guarded = 1;
    /* mod_cache answers before anybody is asked who he is: what stands behind a sign-on must not be kept there. */
    if (req->guarded)
        apr_table_setn(r->subprocess_env, "no-cache", "1");
    if (req->anonymous) {
        r->user = NULL;
        r->ap_auth_type = NULL;     /* AUTH_TYPE without REMOTE_USER would say that somebody was authenticated (RFC 3875 4.1.1) */
    }
    if (parent && r->user && !req->session && r->per_dir_config == parent->per_dir_config) {
        req->session = sso_request_of(parent)->session;
        if (req->session)
            sso_headers_export(r, sso_dir_of(r), req->session);
    }
    return OK;
}

/*
 * "Upgrade: h2c" makes a new request, on the new connection, of the headers as they are now: it needs our cookies again. Asked in
 * httpd's own words, so that they are put back only where it is about to switch.
 */
int sso_request_keep_cookies(request_rec *r)
{
    const sso_request_t *req = sso_request_of(r);
    const char *cookies = req->cookies, *upgrade = cookies && req->seen.upgrade ? apr_table_get(r->headers_in, "Upgrade") : NULL;
    apr_array_header_t *offers = NULL;
    const char *rest, *protocol;

    if (!upgrade || r->connection->master || ap_parse_token_list_strict(r->pool, upgrade, &offers, 0) || !offers)
        return DECLINED;
    protocol = ap_select_protocol(r->connection, r, NULL, offers);
    if (protocol && strcmp(protocol, ap_get_protocol(r->connection)) != 0) {
        rest = apr_table_get(r->headers_in, "Cookie");
        apr_table_setn(r->headers_in, "Cookie", rest ? apr_pstrcat(r->pool, cookies, "; ", rest, NULL) : cookies);
    }
    return DECLINED;
}
