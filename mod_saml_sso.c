/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mod_saml_sso: SAML 2.0 sign-on for what httpd serves or proxies. Here: the module record and which hook calls what; the work is
 * in sso/, the protocol in saml/.
 */

#define SSO_MODULE_RECORD
#include "sso/resend_body.h"
#include "sso/sso.h"
#include "sso/store_socache.h"
#include "sso/trailers.h"
#include "sso/watch.h"

#include <mod_auth.h>

static void register_hooks(apr_pool_t *p)
{
    static const char *const before_core[] = { "core.c", NULL };
    static const char *const before_watchdog[] = { "mod_watchdog.c", NULL };

    ap_hook_pre_config(sso_socache_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(sso_check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_test_config(sso_test_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(sso_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(sso_child_init, NULL, before_watchdog, APR_HOOK_MIDDLE);
    ap_hook_child_init(sso_watch_child_init, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_post_read_request(sso_request_clean, NULL, NULL, APR_HOOK_REALLY_FIRST);
#if AP_MODULE_MAGIC_AT_LEAST(20120211, 106)
    ap_hook_pre_translate_name(sso_endpoint_pre_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
#endif
    ap_hook_translate_name(sso_endpoint_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(sso_endpoint_map_to_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_check_access_ex(sso_endpoint_check_access, NULL, NULL, APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authn(sso_check_authn, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(sso_check_authz, NULL, NULL, APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(sso_note_auth_failure, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(sso_request_complete, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(sso_request_keep_cookies, NULL, before_core, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(sso_endpoint_handler, NULL, NULL, APR_HOOK_REALLY_FIRST);
    sso_authz_register(p);
    sso_resend_register();
    sso_trailers_register();
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
