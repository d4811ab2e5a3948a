# SPDX-License-Identifier: Apache-2.0
"""Read an AuthnRequest and refuse what Entra refuses, with its AADSTS codes (doc/entra.md section 2).

Stricter than Entra where its documentation disagrees with its own error codes: a Destination that
is present must be ours (75008), and an old IssueInstant is refused (76026).
"""
import base64
import binascii
import datetime
import re
import zlib
from dataclasses import dataclass
from typing import List, Optional

from lxml import etree

import request_signature
import saml_response as sr
from aadsts import Aadsts
from claims import NAME_ID_FORMATS

POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
MAX_URL = 8192
MAX_XML = 65536
FUTURE_S = 300


@dataclass
class Request:
    """What a good AuthnRequest asks for."""
    id: str
    issuer: str
    acs_url: str
    application: object
    name_id_format: Optional[str] = None
    authn_contexts: Optional[List[str]] = None      # what RequestedAuthnContext lists
    force_authn: bool = False
    is_passive: bool = False
    relay_state: Optional[str] = None
    whr: Optional[str] = None
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
    return _enabled(issuer, app)


def _enabled(issuer, app):
    if not app.enabled:
        raise Aadsts(7000112, "Application '%s'(%s) is disabled." % (app.id, app.name))
    return issuer, app


def _check_binding(tree):
    if tree.get("ProtocolBinding") not in (None, POST_BINDING):
        raise Aadsts(75003, "SAML2 protocol binding '%s' is not supported. Only HTTP POST is." % tree.get("ProtocolBinding"))


def _reply_url(tree, app):
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


def _authn_contexts(tree):
    """What the way of signing in must be one of (claims.py); None: anything."""
    context = tree.find("{%s}RequestedAuthnContext" % sr.NS_SAMLP)
    if context is None:
        return None
    if context.get("Comparison") not in (None, "exact"):
        raise Aadsts(900235, "SAML authentication request's RequestedAuthenticationContext Comparison "
                     "value must be 'exact'. Received value: '%s'." % context.get("Comparison"))
    return [(e.text or "").strip() for e in context.findall("{%s}AuthnContextClassRef" % sr.NS_SAML)]


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


class Reader:
    """Reads one request. `partial` is set once it is known whom an error could be posted to."""

    def __init__(self, tenant, sso_url, service=None, now=None):
        """`service`: what stands after /saml2/, a service principal that overrides the request's Issuer."""
        self.tenant, self.sso_url, self.service = tenant, sso_url, service
        self.now = now or datetime.datetime.now(datetime.timezone.utc)
        self.partial = None

    def _whose(self, tree):
        if self.service is None:
            return _application(tree, self.tenant)
        app = next((a for a in self.tenant.applications if self.service in (a.service_principal_id, a.id)), None)
        if app is None:
            raise Aadsts(700016, "Application with identifier '%s' was not found in the directory '%s'."
                         % (self.service, self.tenant.name))
        if app.require_signed_requests:     # even with a valid signature (section 1)
            raise Aadsts(76021, "Application '%s' requires signed authentication requests." % app.id)
        return _enabled(app.identifiers[0] if app.identifiers else app.id, app)

    def read(self, xml, relay_state=None, query=None):
        """A Request out of decoded XML, or Aadsts. `query`: the raw query string of a Redirect binding."""
        tree = parse(xml)
        sso_url = self.sso_url + ("/" + self.service if self.service else "")
        _check_envelope(tree, self.tenant, sso_url, self.now)
        issuer, app = self._whose(tree)
        if query is not None and len(query) > MAX_URL:
            raise Aadsts(90015, "Requested query string is too long.")
        if app.require_signed_requests:
            if query is not None:
                request_signature.check_query_signature(app, query)
            else:
                request_signature.check_xml_signature(app, tree)
        request = Request(id=tree.get("ID"), issuer=issuer, acs_url=_reply_url(tree, app), application=app, relay_state=relay_state,
                          xml=xml)
        self.partial = request
        _check_binding(tree)
        _check_unsupported(tree)
        request.name_id_format = _name_id_format(tree)
        request.authn_contexts = _authn_contexts(tree)
        request.force_authn, request.is_passive = _flag(tree, "ForceAuthn"), _flag(tree, "IsPassive")
        return request
