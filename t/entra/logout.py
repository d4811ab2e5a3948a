# SPDX-License-Identifier: Apache-2.0
"""Logout messages, both directions by Redirect alone (doc/entra.md section 6).

Messages to an application are issued by the login service and not by the entity ID, without a Destination, signed in the query over
lower-case escapes. A request of an application is refused as Entra refuses it.
"""
import base64
import datetime
import re
import urllib.parse
import zlib

import xmlsec
from lxml import etree

import claims
import cloud
import pages
import saml_response as sr
from aadsts import Aadsts
from http_parts import Answer, one


def is_request(xml):
    try:
        tree = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError:
        return False
    return tree.tag == "{%s}LogoutRequest" % sr.NS_SAMLP


def read(xml, tenant):
    """The application that asks and the ID of its request."""
    tree = sr.parse(xml)
    issuer = (tree.findtext("{%s}Issuer" % sr.NS_SAML) or "").strip()
    app = tenant.application_named(issuer)
    if app is None:
        raise Aadsts(700016, "Application with identifier '%s' was not found in the directory '%s'." % (issuer, tenant.name))
    if not re.match(r"^[A-Za-z_]", tree.get("ID") or ""):
        raise Aadsts(7500529, "The value '%s' is not a valid SAML ID. The ID must not begin with a number." % tree.get("ID"))
    if tree.get("Version") != "2.0":
        raise Aadsts(50061, "Signout failed. The sign-out request is not valid.")
    if not (tree.findtext("{%s}NameID" % sr.NS_SAML) or "").strip():    # absent, empty or EncryptedID
        raise Aadsts(7500530, "SAML NameId cannot be null.")
    return app, tree.get("ID")


def answered(tenant, call):
    """A LogoutResponse of an application to our broadcast: read, and nothing more."""
    try:
        tree = sr.parse(zlib.decompress(base64.b64decode(one(call.params, "SAMLResponse"), validate=True), -15))
    except (ValueError, zlib.error, etree.XMLSyntaxError) as error:
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message. (%s)" % error)
    if tree.tag != "{%s}LogoutResponse" % sr.NS_SAMLP or tenant.application_named(
            (tree.findtext("{%s}Issuer" % sr.NS_SAML) or "").strip()) is None:
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message.")
    return Answer(200, pages.signed_out())


def _quote(text):
    return re.sub("%[0-9A-F]{2}", lambda found: found.group(0).lower(), urllib.parse.quote(text, safe=""))


def issuer(tenant):
    return "https://%s/%s/" % (cloud.CLOUDS[tenant.cloud].login[0], tenant.id)


def _message(tenant, kind, attributes, inner):
    return ('<samlp:%s ID="%s" Version="2.0" IssueInstant="%s"%s xmlns:samlp="%s"><Issuer xmlns="%s">%s</Issuer>%s</samlp:%s>' % (
        kind, sr.new_id(), sr.instant(datetime.datetime.now(datetime.timezone.utc)), attributes, sr.NS_SAMLP, sr.NS_SAML,
        issuer(tenant), inner, kind))


def _signed_url(tenant, app, name, xml, relay_state=None):
    query = name + "=" + _quote(base64.b64encode(zlib.compress(xml.encode())[2:-4]).decode())
    if relay_state is not None:
        query += "&RelayState=" + _quote(relay_state)
    query += "&SigAlg=" + _quote(sr.SIGNATURE_ALGORITHMS["rsa-sha256"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(sr.read(tenant.signer(app).key), xmlsec.constants.KeyDataFormatPem)
    signature = context.sign_binary(query.encode(), xmlsec.constants.TransformRsaSha256)
    joint = "&" if "?" in app.logout_url else "?"
    return app.logout_url + joint + query + "&Signature=" + _quote(base64.b64encode(signature).decode())


def response_url(tenant, app, request_id, relay_state):
    xml = _message(tenant, "LogoutResponse", sr.attr("InResponseTo", request_id),
                   '<samlp:Status><samlp:StatusCode Value="%s"/></samlp:Status>' % sr.SUCCESS)
    return _signed_url(tenant, app, "SAMLResponse", xml, relay_state)


def request_url(tenant, app, user):
    """The broadcast: the pairwise identifier without Format, whatever the NameID of the sign-on was."""
    xml = _message(tenant, "LogoutRequest", "", '<NameID xmlns="%s">%s</NameID>' % (sr.NS_SAML, claims.pairwise(app, user)))
    return _signed_url(tenant, app, "SAMLRequest", xml)
