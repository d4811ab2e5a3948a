# SPDX-License-Identifier: Apache-2.0
"""Read an AuthnRequest and refuse what Entra refuses, with its AADSTS codes (entra.md section 2).

Stricter than Entra where its documentation disagrees with its own error codes: a Destination that
is present must be ours (75008), and an old IssueInstant is refused (76026).
"""
import base64
import binascii
import datetime
import re
import urllib.parse
import zlib
from dataclasses import dataclass
from typing import Optional

import xmlsec
from lxml import etree

import saml_response as sr
from claims import NAME_ID_FORMATS

POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
AC = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
# How every user of the stand-in signs in; anything else in the request is AADSTS75011.
PASSWORD_CONTEXTS = (AC + "Password", AC + "PasswordProtectedTransport", AC + "unspecified",
                     AC + "Unspecified")
MAX_URL = 8192
MAX_XML = 65536
FUTURE_S = 300


class Aadsts(Exception):
    """A refusal that stays on Microsoft's page."""

    def __init__(self, code, text, status=400):
        super().__init__("AADSTS%s: %s" % (code, text))
        self.code = code
        self.text = text
        self.status = status


@dataclass
class Request:
    """What a good AuthnRequest asks for."""
    id: str
    issuer: str
    acs_url: str
    application: object
    name_id_format: Optional[str] = None
    authn_context: Optional[str] = None
    force_authn: bool = False
    is_passive: bool = False
    relay_state: Optional[str] = None
    xml: bytes = b""


def decode(value, deflated):
    """The XML of a SAMLRequest parameter."""
    if not value:
        raise Aadsts(750054, "SAMLRequest or SAMLResponse must be present as query string parameters "
                     "in HTTP request for SAML Redirect binding.")
    try:
        raw = base64.b64decode("".join(value.split()), validate=True)
        if deflated:
            engine = zlib.decompressobj(-15)
            raw = engine.decompress(raw, MAX_XML)
            if not engine.eof:
                raise ValueError("more than %d octets, or cut short" % MAX_XML)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message. (%s)" % error)
    return raw


def parse(xml):
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False,
                             remove_comments=True)
    try:
        tree = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message. (%s)" % error)
    if tree.getroottree().docinfo.doctype or tree.tag != "{%s}AuthnRequest" % sr.NS_SAMLP:
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message. (%s)" % tree.tag)
    return tree


def _check_envelope(tree, tenant, sso_url, now):
    request_id = tree.get("ID")
    if not request_id or not re.match(r"^[A-Za-z_][A-Za-z0-9._-]*$", request_id):
        raise Aadsts(7500529, "The value '%s' is not a valid SAML ID. The ID must not begin with a "
                     "number." % request_id)
    if tree.get("Version") != "2.0":
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message. (Version %s)"
                     % tree.get("Version"))
    destination = tree.get("Destination")
    if destination is not None and destination != sso_url:
        raise Aadsts(75008, "The SAML authentication request had an unexpected destination. "
                     "(expected %s, got %s)" % (sso_url, destination))
    text = tree.get("IssueInstant") or ""
    if not re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", text):
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message. (IssueInstant '%s')" % text)
    issued = datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(
        tzinfo=datetime.timezone.utc)
    age = (now - issued).total_seconds()
    if age > tenant.request_age_s or age < -FUTURE_S:
        raise Aadsts(76026, "Request issue time expired: %s." % text)


def _application(tree, tenant):
    issuer = (tree.findtext("{%s}Issuer" % sr.NS_SAML) or "").strip()
    app = tenant.application_named(issuer)
    if app is None:
        raise Aadsts(700016, "Application with identifier '%s' was not found in the directory '%s'."
                     % (issuer, tenant.name))
    if not app.enabled:
        raise Aadsts(7000112, "Application '%s'(%s) is disabled." % (app.id, app.name))
    return issuer, app


def _reply_url(tree, app):
    if tree.get("ProtocolBinding") not in (None, POST_BINDING):
        raise Aadsts(75003, "The ProtocolBinding '%s' is not supported." % tree.get("ProtocolBinding"))
    acs_url = tree.get("AssertionConsumerServiceURL")
    if acs_url is None:
        if not app.reply_urls:
            raise Aadsts(900971, "No reply address provided.")
        return app.reply_urls[0]
    if acs_url not in app.reply_urls:
        raise Aadsts(50011, "The reply URL '%s' specified in the request does not match the reply URLs "
                     "configured for the application '%s'." % (acs_url, app.id))
    return acs_url


def _name_id_format(tree):
    policy = tree.find("{%s}NameIDPolicy" % sr.NS_SAMLP)
    if policy is None:
        return None
    if policy.get("SPNameQualifier") is not None:
        raise Aadsts(90011, "The SAML authentication request property 'SPNameQualifier' is not supported.")
    wanted = policy.get("Format")
    if wanted is not None and wanted not in NAME_ID_FORMATS:
        raise Aadsts(75016, "SAML2 Authentication Request has invalid NameIdPolicy. (%s)" % wanted)
    return wanted


def _authn_context(tree):
    context = tree.find("{%s}RequestedAuthnContext" % sr.NS_SAMLP)
    if context is None:
        return None
    if context.get("Comparison") not in (None, "exact"):
        raise Aadsts(900235, "SAML authentication request's RequestedAuthenticationContext Comparison "
                     "value must be 'exact'. Received value: '%s'." % context.get("Comparison"))
    wanted = [e.text for e in context.findall("{%s}AuthnContextClassRef" % sr.NS_SAML)]
    match = next((w for w in wanted if w in PASSWORD_CONTEXTS), None)
    if match is None:
        raise Aadsts(75011, "Authentication method 'Password' by which the user authenticated with the "
                     "service doesn't match requested authentication method '%s'." % ", ".join(map(str, wanted)))
    return match


def _check_unsupported(tree):
    if tree.find("{%s}Subject" % sr.NS_SAML) is not None:
        raise Aadsts(75006, "The SAML authentication request property 'Subject' is not supported and "
                     "must not be set.")
    scoping = tree.find("{%s}Scoping" % sr.NS_SAMLP)
    if scoping is not None and (scoping.get("ProxyCount") is not None or len(scoping)):
        raise Aadsts(900236, "The SAML authentication request property 'Scoping' is not supported and "
                     "must not be set.")


def _flag(tree, name):
    value = tree.get(name)
    if value not in (None, "true", "false", "1", "0"):
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message. (%s '%s')" % (name, value))
    return value in ("true", "1")


def _allowed_algorithms(app):
    names = ["rsa-sha256"] + (["rsa-sha1"] if app.allow_weak_request_signatures else [])
    return [sr.SIGNATURE_ALGORITHMS[n] for n in names]


def check_query_signature(app, query):
    """Redirect binding: RSA over the raw octets SAMLRequest=..[&RelayState=..]&SigAlg=.. (Bindings 3.4.4.1)."""
    raw = dict(part.partition("=")[::2] for part in query.split("&"))
    if "Signature" not in raw or "SigAlg" not in raw:
        raise Aadsts(76021, "Application '%s' requires signed authentication requests." % app.id)
    algorithm = urllib.parse.unquote_plus(raw["SigAlg"])
    if algorithm not in _allowed_algorithms(app):
        raise Aadsts(76022, "The signature algorithm '%s' is not accepted." % algorithm)
    signed = "&".join("%s=%s" % (n, raw[n]) for n in ("SAMLRequest", "RelayState", "SigAlg") if n in raw)
    transform = {sr.SIGNATURE_ALGORITHMS["rsa-sha256"]: xmlsec.constants.TransformRsaSha256,
                 sr.SIGNATURE_ALGORITHMS["rsa-sha1"]: xmlsec.constants.TransformRsaSha1}[algorithm]
    try:
        signature = base64.b64decode(urllib.parse.unquote_plus(raw["Signature"]), validate=True)
    except binascii.Error:
        raise Aadsts(76022, "The request signature is not base64.")
    for cert in app.verification_certs[-2:]:    # the two most recent ones
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(sr.read(cert), xmlsec.constants.KeyDataFormatCertPem)
        try:
            context.verify_binary(signed.encode(), transform, signature)
            return
        except xmlsec.Error:
            continue
    raise Aadsts(76022, "The request signature does not verify with any certificate of the application.")


def check_xml_signature(app, tree):
    """POST binding: an enveloped signature over the whole request."""
    node = tree.find("{%s}Signature" % sr.NS_DS)
    if node is None:
        raise Aadsts(76021, "Application '%s' requires signed authentication requests." % app.id)
    method = node.find(".//{%s}SignatureMethod" % sr.NS_DS)
    if method is None or method.get("Algorithm") not in _allowed_algorithms(app):
        raise Aadsts(76022, "The signature algorithm is not accepted.")
    references = node.findall("{0}SignedInfo/{0}Reference".format("{%s}" % sr.NS_DS))
    if [r.get("URI") for r in references] != ["#" + tree.get("ID")]:
        raise Aadsts(76022, "The request signature does not refer to the request.")
    for cert in app.verification_certs[-2:]:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(sr.read(cert), xmlsec.constants.KeyDataFormatCertPem)
        context.register_id(tree, "ID")
        try:
            context.verify(node)
            return
        except xmlsec.Error:
            continue
    raise Aadsts(76022, "The request signature does not verify with any certificate of the application.")


def read(xml, tenant, sso_url, relay_state=None, query=None, now=None):
    """A Request out of decoded XML, or Aadsts. `query`: the raw query string of a Redirect binding."""
    tree = parse(xml)
    now = now or datetime.datetime.now(datetime.timezone.utc)
    _check_envelope(tree, tenant, sso_url, now)
    issuer, app = _application(tree, tenant)
    if query is not None and len(query) > MAX_URL:
        raise Aadsts(90015, "Requested query string is too long.")
    if app.require_signed_requests:
        if query is not None:
            check_query_signature(app, query)
        else:
            check_xml_signature(app, tree)
    acs_url = _reply_url(tree, app)
    _check_unsupported(tree)
    return Request(id=tree.get("ID"), issuer=issuer, acs_url=acs_url, application=app,
                   name_id_format=_name_id_format(tree), authn_context=_authn_context(tree),
                   force_authn=_flag(tree, "ForceAuthn"), is_passive=_flag(tree, "IsPassive"),
                   relay_state=relay_state, xml=xml)
