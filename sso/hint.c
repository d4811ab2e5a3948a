/* SPDX-License-Identifier: Apache-2.0 */
#include "hint.h"

#include <apr_strings.h>

#include "cookie.h"
#include "query.h"
#include "saml/binding.h"
#include "saml/claims.h"
#include "sealed_cookie.h"

#define MAX_BYTES 256                               /* of a name; Entra's have at most 113 */
#define AGE       apr_time_from_sec(30 * 24 * 3600)

static const char purpose[] = "hint";

static int is_name(const char *text)
{
    apr_size_t len = 0;

    for (; len <= MAX_BYTES && text[len]; len++) {
        if ((unsigned char)text[len] < 0x20 || text[len] == 0x7f)
            return 0;
    }
    return len > 0 && len <= MAX_BYTES;
}

static const char *asked_for(request_rec *r)
{
    const char *name;

    if (sso_request_of(r)->endpoint != SSO_ENDPOINT_LOGIN
        || sso_query_value(&name, r, "login_hint", sso_err_new(r->pool)) != SAML_OK || !name || !is_name(name))
        return NULL;
    return name;
}

static const char *kept(request_rec *r, const sso_app_t *app)
{
    return app->login_hint ? sso_sealed_read(r, app, purpose, sso_cookie_name(app, SSO_COOKIE_HINT, r->pool)) : NULL;
}

const char *sso_hint_query(request_rec *r, const sso_app_t *app, const char *service_url)
{
    const char *name = asked_for(r), *query = NULL;
    apr_pool_t *p = r->pool;

    /* WS-Federation's name of it is what Entra reads with SAML, too. */
    if (app->domain_hint)
        query = apr_pstrcat(p, "whr=", saml_percent_encode(p, app->domain_hint), NULL);
    if (!name)
        name = kept(r, app);
    if (!name || strstr(service_url, "login_hint="))
        return query;
    return apr_pstrcat(p, query ? query : "", query ? "&" : "", "login_hint=", saml_percent_encode(p, name), NULL);
}

/* Identity providers know people by a name of this form: Entra by the UPN, which the claim "name" has unless told otherwise. */
static const char *name_of(const saml_login_t *login)
{
    static const char *const claims[] = { "upn", "name", "email" };
    apr_size_t i;

    for (i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        const saml_attribute_t *claim = saml_claim_find(login->attributes, claims[i]);

        if (claim && claim->values->nelts && strchr(APR_ARRAY_IDX(claim->values, 0, const char *), '@'))
            return APR_ARRAY_IDX(claim->values, 0, const char *);
    }
    return strchr(login->name_id.value, '@') ? login->name_id.value : NULL;
}

void sso_hint_remember(request_rec *r, const sso_app_t *app, const saml_login_t *login)
{
    const char *name = app->login_hint ? name_of(login) : NULL, *cookie = sso_cookie_name(app, SSO_COOKIE_HINT, r->pool), *sealed;

    if (name && is_name(name) && sso_sealed_make(&sealed, app, purpose, cookie, name, r->pool, sso_err_new(r->pool)) == SAML_OK)
        sso_cookie_set_same_site(r, app, cookie, sealed, AGE);
}

void sso_hint_forget(request_rec *r, const sso_app_t *app)
{
    if (sso_cookie_that_came(r, app, SSO_COOKIE_HINT))
        sso_cookie_set_same_site(r, app, sso_cookie_name(app, SSO_COOKIE_HINT, r->pool), "", 0);
}
