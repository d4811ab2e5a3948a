/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a document that came, or was kept, may be trusted with sign-ons: which entity, which keys, which addresses. */

#include <apr_strings.h>

#include "entra.h"
#include "idp_source.h"
#include "url.h"

/* ---- what SAMLEntra expects (Entra's federation metadata) -------------------------------------------------- */

static saml_status_t check_entra_entity(const sso_source_t *source, const saml_idp_t *idp, saml_err_t *err)
{
    const char *wrong = sso_entra_entity_check(source->entra, idp->entity_id, err->pool);

    if (wrong)
        return saml_fail(err, SAML_E_METADATA, "%s: entityID: %s, got %s", source->url, wrong, saml_quote(err->pool, idp->entity_id));
    return SAML_OK;
}

/* ---- addresses --------------------------------------------------------------------------------------------- */

static saml_status_t check_address(const sso_source_t *source, const sso_idp_address_t *address, saml_err_t *err)
{
    const char *wrong = address->url ? sso_idp_url_check(address->url, err->pool) : NULL;

    if (!wrong && address->url && source->entra)
        wrong = sso_entra_address_check(source->entra, address->url, err->pool);
    if (wrong)
        return saml_fail(err, SAML_E_METADATA, "%s: %s: %s", source->url, address->service, wrong);
    return SAML_OK;
}

static saml_status_t check_addresses(const sso_source_t *source, const saml_idp_t *idp, saml_err_t *err)
{
    sso_idp_address_t addresses[SSO_IDP_ADDRESSES];

    sso_idp_addresses(addresses, idp);
    for (int i = 0; i < SSO_IDP_ADDRESSES; i++)
        SAML_TRY(check_address(source, &addresses[i], err));
    return SAML_OK;
}

/* ---- the whole --------------------------------------------------------------------------------------------- */

/* Whoever answers under the URL may not become another: what is written in sessions and logout messages would no longer agree. */
static saml_status_t check_same(const sso_source_t *source, const saml_idp_t *idp, const char *known, saml_err_t *err)
{
    if (!known || strcmp(known, idp->entity_id) == 0)
        return SAML_OK;
    return saml_fail(err, SAML_E_METADATA, "%s: entityID: expected %s as before, got %s; mend: if it is meant to change, name it in "
                     "SAMLIdPIdentifier", source->url, saml_quote(err->pool, known), saml_quote(err->pool, idp->entity_id));
}

saml_status_t sso_source_read(saml_idp_t **out, const sso_source_t *source, const char *text, apr_size_t len, const char *known,
                              apr_time_t now, apr_pool_t *p, saml_err_t *err)
{
    saml_idp_t *idp;

    if (saml_metadata_read(&idp, text, len, source->entity_id, now, source->url, p, err) != SAML_OK)
        return err->status = SAML_E_METADATA;
    if (source->entra)
        SAML_TRY(check_entra_entity(source, idp, err));
    SAML_TRY(check_addresses(source, idp, err));
    if (source->issuer)
        idp->entity_id = source->issuer;
    SAML_TRY(check_same(source, idp, known, err));
    *out = idp;
    return SAML_OK;
}
