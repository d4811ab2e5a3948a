/* SPDX-License-Identifier: Apache-2.0 */
#include "step_up_query.h"

#include <apr_strings.h>

#include "saml/seal.h"

static const char purpose[] = "step-up";

static unsigned read_bits(const char *text)
{
    unsigned bits = 0;

    if (text && (strcmp(text, "mfa") == 0 || strcmp(text, "mfa,max-age") == 0))
        bits |= SSO_STEP_UP_MFA;
    if (text && (strcmp(text, "max-age") == 0 || strcmp(text, "mfa,max-age") == 0))
        bits |= SSO_STEP_UP_AGE;
    return bits;
}

const char *sso_step_up_text(unsigned bits)
{
    static const char *const texts[] = { "", "mfa", "max-age", "mfa,max-age" };

    return texts[bits & SSO_STEP_UP_ALL];
}

static saml_status_t bound_to(const char **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *session;

    SAML_TRY(sso_session_reference(&session, r, app, err));
    *out = apr_pstrcat(r->pool, app->id, "\n", session, NULL);
    return SAML_OK;
}

static saml_status_t seal_noted(const char **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *text = sso_step_up_text(sso_request_of(r)->step_up.noted), *bound;

    SAML_TRY(bound_to(&bound, r, app, err));
    return saml_seal(out, app->secret, purpose, bound, text, strlen(text), r->pool, err);
}

const char *sso_step_up_query(request_rec *r, const sso_app_t *app)
{
    const sso_step_up_t *lack = &sso_request_of(r)->step_up;
    const char *asks, *sealed;

    if (!lack->bits)
        return "";
    asks = apr_pstrcat(r->pool, "&step-up=", sso_step_up_text(lack->bits), NULL);
    if (!lack->noted || seal_noted(&sealed, r, app, sso_err_new(r->pool)) != SAML_OK)
        return asks;
    return apr_pstrcat(r->pool, asks, "&noted=", sealed, NULL);
}

static saml_status_t unseal_noted(unsigned *out, request_rec *r, const sso_app_t *app, const char *sealed, saml_err_t *err)
{
    const char *bound, *text;
    apr_size_t len;

    SAML_TRY(bound_to(&bound, r, app, err));
    SAML_TRY(saml_unseal(&text, &len, app->secret, purpose, bound, sealed, r->pool, err));
    *out = read_bits(text);
    return SAML_OK;
}

/* Another session's note, or none: then the place to which the sign-on leads has still to find what is lacking. */
void sso_step_up_asked(request_rec *r, const sso_app_t *app, const char *asked, const char *noted)
{
    sso_step_up_t *lack = &sso_request_of(r)->step_up;
    unsigned bits;

    lack->bits = read_bits(asked);
    lack->noted = noted && unseal_noted(&bits, r, app, noted, sso_err_new(r->pool)) == SAML_OK ? bits & lack->bits : 0;
}
