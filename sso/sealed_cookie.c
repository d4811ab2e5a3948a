/* SPDX-License-Identifier: Apache-2.0 */
#include "sealed_cookie.h"

#include <apr_strings.h>

#include "cookie.h"
#include "saml/seal.h"

static const char *bound_to(const sso_app_t *app, const char *cookie, apr_pool_t *p)
{
    return apr_pstrcat(p, app->id, "\n", cookie, NULL);
}

saml_status_t sso_sealed_make(const char **value, const sso_app_t *app, const char *purpose, const char *cookie, const char *text,
                              apr_pool_t *p, saml_err_t *err)
{
    return saml_seal(value, app->secret, purpose, bound_to(app, cookie, p), text, strlen(text), p, err);
}

saml_status_t sso_sealed_open(char **text, const sso_app_t *app, const char *purpose, const char *cookie, const char *value,
                              apr_pool_t *p, saml_err_t *err)
{
    const char *octets;
    apr_size_t len;

    SAML_TRY(saml_unseal(&octets, &len, app->secret, purpose, bound_to(app, cookie, p), value, p, err));
    *text = apr_pstrmemdup(p, octets, len);
    return SAML_OK;
}

char *sso_sealed_read(request_rec *r, const sso_app_t *app, const char *purpose, const char *cookie)
{
    const char *value = sso_cookie_value(sso_request_of(r)->cookies, cookie, r->pool);
    char *text;

    if (!value || sso_sealed_open(&text, app, purpose, cookie, value, r->pool, sso_err_new(r->pool)) != SAML_OK)
        return NULL;
    return text;
}
