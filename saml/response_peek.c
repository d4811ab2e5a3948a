/* SPDX-License-Identifier: Apache-2.0 */
#include "response.h"
#include "xml.h"

/* Before the proof: what finds the login that a message answers. Nothing here grants anything. */

saml_status_t saml_response_peek(saml_response_peek_t *out, const char *xml, apr_size_t len, apr_pool_t *p,
                                 saml_err_t *err)
{
    saml_doc_t *doc;
    const xmlNode *root;
    xmlNode *el;
    const char *issuer = NULL;

    SAML_TRY(saml_doc_parse(&doc, xml, len, SAML_MAX_MESSAGE_BYTES, "SAMLResponse", p, err));
    root = saml_doc_root(doc);
    if (!saml_xml_is(root, SAML_NS_PROTOCOL, "Response"))
        return saml_fail(err, SAML_E_MALFORMED, "root element: expected Response of \"%s\", got %s", SAML_NS_PROTOCOL,
                         saml_xml_name(err->pool, root));
    SAML_TRY(saml_xml_optional(&el, root, SAML_NS_ASSERTION, "Issuer", err));
    if (el)
        SAML_TRY(saml_xml_text_collapsed(&issuer, el, p, err));
    out->in_response_to = saml_xml_attr_collapsed(root, "InResponseTo", p);
    out->issuer = issuer;
    out->id = saml_xml_attr_collapsed(root, "ID", p);
    return SAML_OK;
}
