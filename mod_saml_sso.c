/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mod_saml_sso: SAML 2.0 sign-on for what httpd serves or proxies. Here: the module record and which hook calls what; the work is
 * in sso/, the protocol in saml/.
 */

#define SSO_MODULE_RECORD
#include "sso/sso.h"
#include "sso/headers.h"

#include <apr_strings.h>
#include <http_connection.h>
#include <mod_auth.h>

sso_request_t *sso_request_of(request_rec *r)
{
    sso_request_t *req = ap_get_module_config(r->request_config, &saml_sso_module);
    request_rec *parent = r->main ? r->main : r->prev;

    if (!req) {
        req = apr_pcalloc(r->pool, sizeof(*req));
        if (parent) {
            req->cookies = sso_request_of(parent)->cookies;
            req->guarded = sso_request_of(parent)->guarded;
        }
        ap_set_module_config(r->request_config, &saml_sso_module, req);
    }
    return req;
}

/*
 * Before anybody reads the request: what the client sent under our names goes. An internal redirect shares the headers that were
 * cleaned, and perhaps filled by us, when its request came in; unless that one was refused before it got here (a bad Expect, no
 * Host), and this is its ErrorDocument.
 */
static int clean_request(request_rec *r)
{
    request_rec *first = r;

    while (first->main || first->prev)
        first = first->main ? first->main : first->prev;
    if (!sso_request_of(first)->cleaned) {
        sso_request_of(first)->cleaned = 1;
        sso_request_of(first)->cookies = sso_headers_scrub(r);
        sso_request_of(r)->cookies = sso_request_of(first)->cookies;
    }
    return DECLINED;
}

/* httpd skips authentication for an internal redirect or subrequest under the same configuration; its environment is new. */
static int complete_request(request_rec *r)
{
    sso_request_t *req = sso_request_of(r);
    request_rec *parent = r->main ? r->main : r->prev;

    if (sso_is_guarded(r))
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
static int keep_cookies_over_upgrade(request_rec *r)
{
    const char *cookies = sso_request_of(r)->cookies;
    const char *upgrade = cookies ? apr_table_get(r->headers_in, "Upgrade") : NULL;
    const char *rest = apr_table_get(r->headers_in, "Cookie"), *protocol;
    apr_array_header_t *offers = NULL;

    if (!upgrade || r->connection->master || ap_parse_token_list_strict(r->pool, upgrade, &offers, 0) || !offers)
        return DECLINED;
    protocol = ap_select_protocol(r->connection, r, NULL, offers);
    if (protocol && strcmp(protocol, ap_get_protocol(r->connection)) != 0)
        apr_table_setn(r->headers_in, "Cookie", rest ? apr_pstrcat(r->pool, cookies, "; ", rest, NULL) : cookies);
    return DECLINED;
}

static void register_hooks(apr_pool_t *p)
{
    static const char *const before_core[] = { "core.c", NULL };

    ap_hook_check_config(sso_check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_test_config(sso_test_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(sso_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(sso_child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_read_request(clean_request, NULL, NULL, APR_HOOK_REALLY_FIRST);
#if AP_MODULE_MAGIC_AT_LEAST(20120211, 106)
    ap_hook_pre_translate_name(sso_endpoint_pre_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
#endif
    ap_hook_translate_name(sso_endpoint_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(sso_endpoint_map_to_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_check_access_ex(sso_endpoint_check_access, NULL, NULL, APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authn(sso_check_authn, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(sso_check_authz, NULL, NULL, APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(sso_note_auth_failure, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(complete_request, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(keep_cookies_over_upgrade, NULL, before_core, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(sso_endpoint_handler, NULL, NULL, APR_HOOK_REALLY_FIRST);
    sso_authz_register(p);
}

AP_DECLARE_MODULE(saml_sso) = {
    STANDARD20_MODULE_STUFF,
    sso_create_dir,
    sso_merge_dir,
    sso_create_server,
    sso_merge_server,
    sso_directives,
    register_hooks
#if defined(AP_MODULE_FLAG_NONE)
    , AP_MODULE_FLAG_NONE
#endif
};
