/* SPDX-License-Identifier: Apache-2.0 */
#include "last_user.h"

#include <apr_strings.h>

#include "cookie.h"
#include "saml/encoding.h"
#include "sealed_cookie.h"

#define TRANSIENT  "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

static const char purpose[] = "last-user";

static const char *first_value(const sso_session_t *session, const char *claim, apr_pool_t *p)
{
    sso_attribute_t attribute;

    return sso_session_find(&attribute, session, claim) && attribute.value_count > 0 ? sso_session_values(&attribute, p) : NULL;
}

/* Entra's object ID where it comes: the NameID may be another at each sign-on. */
static const char *lasting_name(const sso_session_t *session, apr_pool_t *p)
{
    const char *object = first_value(session, "objectid", p), *tenant = first_value(session, "tenantid", p);

    if (object && *object)
        return apr_pstrcat(p, "object\n", tenant ? tenant : "", "\n", object, NULL);
    if (session->name_id_format && strcmp(session->name_id_format, TRANSIENT) == 0)
        return NULL;
    return apr_pstrcat(p, "name\n", session->name_id, NULL);
}

/* A digest, so that its length says nothing of the name's; the cookie's seal is what keeps it from being guessed. */
const char *sso_last_user_of(const sso_app_t *app, const sso_session_t *session, apr_pool_t *p)
{
    const char *name = lasting_name(session, p), *text = name ? apr_pstrcat(p, app->id, "\n", name, NULL) : NULL;
    sso_key_t key;

    if (!text || sso_key_of(&key, text, strlen(text), sso_err_new(p)) != SAML_OK)
        return "";
    return saml_base64url_encode(p, key.octets, SSO_KEY_BYTES);
}

static const char *cookie_name(const sso_app_t *app, apr_pool_t *p)
{
    return sso_cookie_name(app, SSO_COOKIE_USER, p);
}

const char *sso_last_user(request_rec *r, const sso_app_t *app)
{
    const char *user = sso_sealed_read(r, app, purpose, cookie_name(app, r->pool));

    return user ? user : "";
}

void sso_last_user_forget(request_rec *r, const sso_app_t *app)
{
    const char *cookie = cookie_name(app, r->pool);

    if (sso_cookie_value(sso_request_of(r)->cookies, cookie, r->pool))
        sso_cookie_set_same_site(r, app, cookie, "", 0);
}

/* Without looking whether one came: it is SameSite=Lax, and stays away from the identity provider's POST. */
void sso_last_user_remember(request_rec *r, const sso_app_t *app, const sso_session_t *session)
{
    const char *cookie = cookie_name(app, r->pool), *user = sso_last_user_of(app, session, r->pool), *sealed;

    if (!app->keep)
        return;
    if (*user && sso_sealed_make(&sealed, app, purpose, cookie, user, r->pool, sso_err_new(r->pool)) == SAML_OK)
        sso_cookie_set_same_site(r, app, cookie, sealed, SSO_COOKIE_WITH_BROWSER);
    else
        sso_cookie_set_same_site(r, app, cookie, "", 0);
}
