/* SPDX-License-Identifier: Apache-2.0 */
#include "fragment.h"

#include <apr_strings.h>

#include "cookie.h"
#include "saml/encoding.h"
#include "state.h"

#define AFTER_NAME ":"                  /* parts the sign-on's name from the fragment */

static const char *cookie_name(const sso_app_t *app, apr_pool_t *p)
{
    return sso_cookie_name(app, SSO_COOKIE_FRAGMENT, p);
}

const char *sso_fragment_attributes(request_rec *r, const sso_app_t *app, const char *relay_state)
{
    const char *begin = apr_pstrcat(r->pool, cookie_name(app, r->pool), "=", relay_state, AFTER_NAME, NULL);

    return apr_psprintf(r->pool, " data-at=\"%s\" data-end=\"; Max-Age=%d; Path=/%s\"", ap_escape_html(r->pool, begin),
                        (int)apr_time_sec(SSO_STATE_AGE), app->cookie.secure ? "; Secure; SameSite=None" : "");
}

/* As browsers write one (URL Standard, the fragment percent-encode set), and nothing that a header or a page could read in another way. */
static int is_fragment(const char *text)
{
    if (text[0] != '#' || !text[1])
        return 0;
    for (; *text; text++) {
        if (*text <= 0x20 || *text >= 0x7f || strchr("\"<>`", *text))
            return 0;
    }
    return 1;
}

const char *sso_fragment_restore(request_rec *r, const sso_app_t *app, const char *relay_state, const char *target)
{
    const char *name = cookie_name(app, r->pool);
    const char *value = sso_cookie_value(sso_request_of(r)->cookies, name, r->pool);
    const char *begin = relay_state ? apr_pstrcat(r->pool, relay_state, AFTER_NAME, NULL) : NULL;
    const char *fragment;

    if (!value || !begin || strncmp(value, begin, strlen(begin)) != 0)
        return target;
    sso_cookie_set_cross_site(r, app, name, "", 0);
    value += strlen(begin);
    if (saml_form_decode(&fragment, value, strlen(value), r->pool, sso_err_new(r->pool)) != SAML_OK || !is_fragment(fragment)
        || strchr(target, '#'))
        return target;
    return apr_pstrcat(r->pool, target, fragment, NULL);
}

void sso_fragment_forget(request_rec *r, const sso_app_t *app)
{
    if (sso_cookie_that_came(r, app, SSO_COOKIE_FRAGMENT))
        sso_cookie_set_cross_site(r, app, cookie_name(app, r->pool), "", 0);
}
