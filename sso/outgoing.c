/* SPDX-License-Identifier: Apache-2.0 */
#include "outgoing.h"

#include "saml/binding.h"
#include "saml/encoding.h"
#include "saml/signature.h"

saml_status_t sso_outgoing_pack(sso_packed_t *packed, const sso_outgoing_t *out, apr_pool_t *p, saml_err_t *err)
{
    const char *xml = out->xml;

    if (out->to.binding == SSO_BINDING_REDIRECT)
        return saml_redirect_url(&packed->url, out->to.url, out->param, xml, out->relay_state, out->key, out->hints, p, err);
    if (out->key)
        SAML_TRY(saml_signature_sign(&xml, xml, out->key, p, err));
    packed->url = out->hints ? saml_url_with_query(out->to.url, out->hints, p) : out->to.url;
    packed->fields[0].name = out->param;
    packed->fields[0].value = saml_base64_encode(p, xml, strlen(xml));
    packed->fields[1].name = "RelayState";
    packed->fields[1].value = out->relay_state;
    return SAML_OK;
}
