# SPDX-License-Identifier: Apache-2.0
"""Federation metadata in Entra's document order (entra.md section 7).

EntityDescriptor > Signature > two WS-Federation RoleDescriptors > IDPSSODescriptor, no validUntil,
no NameIDFormat. With an application its certificates are listed, without one the tenant's.
"""
import saml_response as sr

NS_MD = "urn:oasis:names:tc:SAML:2.0:metadata"
NS_FED = "http://docs.oasis-open.org/wsfed/federation/200706"
NS_AUTH = "http://docs.oasis-open.org/wsfed/authorization/200706"
NS_XSI = "http://www.w3.org/2001/XMLSchema-instance"
NS_WSA = "http://www.w3.org/2005/08/addressing"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

CLAIM_TYPES = (
    ("Name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"),
    ("Subject", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"),
    ("Given Name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"),
    ("Surname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"),
    ("Display Name", "http://schemas.microsoft.com/identity/claims/displayname"),
    ("Email", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"),
    ("Groups", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"),
    ("TenantId", "http://schemas.microsoft.com/identity/claims/tenantid"),
    ("ObjectIdentifier", "http://schemas.microsoft.com/identity/claims/objectidentifier"),
    ("AuthenticationMethodsReferences", "http://schemas.microsoft.com/claims/authnmethodsreferences"),
)


def _keys(certs):
    return "".join(
        '<KeyDescriptor use="signing"><KeyInfo xmlns="%s"><X509Data><X509Certificate>%s</X509Certificate>'
        "</X509Data></KeyInfo></KeyDescriptor>" % (sr.NS_DS, sr.pem_body(c)) for c in certs)


def _endpoint(name, url):
    return ('<fed:{0}><wsa:EndpointReference xmlns:wsa="{1}"><wsa:Address>{2}</wsa:Address>'
            "</wsa:EndpointReference></fed:{0}>").format(name, NS_WSA, sr.escape(url))


def _role(kind, body, certs):
    return ('<RoleDescriptor xsi:type="fed:{0}" protocolSupportEnumeration="{1}" xmlns:xsi="{2}" '
            'xmlns:fed="{1}">{3}{4}</RoleDescriptor>').format(kind, NS_FED, NS_XSI, _keys(certs), body)


def _ws_federation(tenant, base, certs):
    claims = "".join(
        '<auth:ClaimType Uri="%s" xmlns:auth="%s"><auth:DisplayName>%s</auth:DisplayName>'
        "</auth:ClaimType>" % (uri, NS_AUTH, name) for name, uri in CLAIM_TYPES)
    wsfed = base + "/wsfed"
    sts = _role("SecurityTokenServiceType",
                "<fed:ClaimTypesOffered>%s</fed:ClaimTypesOffered>" % claims
                + _endpoint("SecurityTokenServiceEndpoint", wsfed)
                + _endpoint("PassiveRequestorEndpoint", wsfed), certs)
    application = _role("ApplicationServiceType",
                        _endpoint("TargetScopes", tenant.entity_id())
                        + _endpoint("ApplicationServiceEndpoint", wsfed)
                        + _endpoint("PassiveRequestorEndpoint", wsfed), certs)
    return sts + application


def build(tenant, base, app=None, metadata_id=None):
    """Signed metadata octets. `base` is https://login/<tenant>, `app` an Application or None."""
    certs = [app.cert] + app.more_certs if app else [tenant.cert]
    signer = app.signer() if app else sr.Signer(tenant.key, tenant.cert)
    url = sr.quoteattr(base + "/saml2")
    text = ('<EntityDescriptor ID="{id}" entityID={entity} xmlns="{md}">{roles}'
            '<IDPSSODescriptor protocolSupportEnumeration="{samlp}">{keys}'
            '<SingleLogoutService Binding="{redirect}" Location={url}/>'
            '<SingleSignOnService Binding="{redirect}" Location={url}/>'
            '<SingleSignOnService Binding="{post}" Location={url}/>'
            "</IDPSSODescriptor></EntityDescriptor>").format(
        id=metadata_id or sr.new_id(), entity=sr.quoteattr(tenant.entity_id()), md=NS_MD,
        roles=_ws_federation(tenant, base, certs), samlp=sr.NS_SAMLP, keys=_keys(certs),
        redirect=REDIRECT, post=POST, url=url)
    tree = sr.parse(text.encode("utf-8"))
    sr.sign_element(tree, signer)
    return b'<?xml version="1.0" encoding="utf-8"?>' + sr.serialize(tree)
