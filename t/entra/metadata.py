# SPDX-License-Identifier: Apache-2.0
"""Federation metadata in Entra's document order (doc/entra.md section 7).

EntityDescriptor > Signature > two WS-Federation RoleDescriptors > IDPSSODescriptor, no validUntil,
no NameIDFormat. With an application its certificates are listed, without one (or where it has none of its own) the tenant's
rolling keys. All documents of a tenant share entityID and URLs.
"""
import hashlib
import threading
from dataclasses import dataclass
from email.utils import formatdate

import saml_response as sr
from aadsts import Aadsts
from http_parts import Answer, one

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


def _ws_federation(entity_id, base, certs):
    claims = "".join(
        '<auth:ClaimType Uri="%s" xmlns:auth="%s"><auth:DisplayName>%s</auth:DisplayName>'
        "</auth:ClaimType>" % (uri, NS_AUTH, name) for name, uri in CLAIM_TYPES)
    wsfed = base + "/wsfed"
    sts = _role("SecurityTokenServiceType",
                "<fed:ClaimTypesOffered>%s</fed:ClaimTypesOffered>" % claims
                + _endpoint("SecurityTokenServiceEndpoint", wsfed)
                + _endpoint("PassiveRequestorEndpoint", wsfed), certs)
    application = _role("ApplicationServiceType",
                        _endpoint("TargetScopes", entity_id)
                        + _endpoint("ApplicationServiceEndpoint", wsfed)
                        + _endpoint("PassiveRequestorEndpoint", wsfed), certs)
    return sts + application


def build(entity_id, base, certs, signer):
    """Signed metadata octets. `base` is https://login/<tenant>."""
    url = sr.quoteattr(base + "/saml2")
    text = ('<EntityDescriptor ID="{id}" entityID={entity} xmlns="{md}">{roles}'
            '<IDPSSODescriptor protocolSupportEnumeration="{samlp}">{keys}'
            '<SingleLogoutService Binding="{redirect}" Location={url}/>'
            '<SingleSignOnService Binding="{redirect}" Location={url}/>'
            '<SingleSignOnService Binding="{post}" Location={url}/>'
            "</IDPSSODescriptor></EntityDescriptor>").format(
        id=sr.new_id(), entity=sr.quoteattr(entity_id), md=NS_MD,
        roles=_ws_federation(entity_id, base, certs), samlp=sr.NS_SAMLP, keys=_keys(certs),
        redirect=REDIRECT, post=POST, url=url)
    tree = sr.parse(text.encode("utf-8"))
    sr.sign_element(tree, signer)
    return b'<?xml version="1.0" encoding="utf-8"?>' + sr.prefix_first_key_info(sr.serialize(tree))


@dataclass
class Document:
    octets: bytes
    etag: str
    last_modified: str


class Documents:
    """Each document as long as nothing in it changes, so that ETag and Last-Modified mean something."""

    def __init__(self):
        self._made = {}
        self._lock = threading.Lock()

    def document(self, tenant, app_id, base):
        app = tenant.application(app_id) if app_id else None
        if app_id and app is None:
            raise Aadsts(700016, "Application with identifier '%s' was not found in the directory '%s'." % (app_id, tenant.name))
        return self._of(tenant.entity_id(), "%s/%s" % (base, tenant.id), tenant.ring_of(app), tenant.signer(app))

    def common(self, tenant, base):
        """Independent of the tenant: the entityID is a template with literal braces (section 1)."""
        return self._of("https://sts.windows.net/{tenant}/", base + "/common", tenant.ring, tenant.signer())

    def _of(self, entity_id, base, ring, signer):
        if signer is None:
            raise Aadsts(50003, "No signing key is configured.")
        with self._lock:
            state = (entity_id, base, signer.cert, signer.digest) + tuple(c.cert for c in ring.certificates)
            if state not in self._made:
                octets = build(entity_id, base, [c.cert for c in ring.certificates], signer)
                self._made[state] = Document(octets, '"%s"' % hashlib.sha256(octets).hexdigest()[:32], formatdate(usegmt=True))
            return self._made[state]


def _unchanged(call, document):
    """RFC 9110 13.1: If-None-Match first; If-Modified-Since only where that does not stand."""
    if "if-none-match" in call.headers:
        return document.etag in [t.strip() for t in call.headers["if-none-match"].split(",")]
    return call.headers.get("if-modified-since") == document.last_modified


def serve(idp, call):
    name = call.path.split("/", 1)[0]
    if name == "common":
        document = idp.documents.common(next(iter(idp.tenants.values())), call.base)
    else:
        document = idp.documents.document(idp.tenant(name, call.host), one(call.params, "appid"), call.base)
    answer = Answer(200, document.octets, "application/xml; charset=utf-8", cacheable=True)
    if idp.settings["conditional"]:
        answer.headers = [("ETag", document.etag), ("Last-Modified", document.last_modified)]
        if _unchanged(call, document):
            answer.status, answer.body = 304, b""
    return answer
