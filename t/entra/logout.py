# SPDX-License-Identifier: Apache-2.0
"""What the stand-in makes of a LogoutRequest (entra.md section 6), by Redirect alone.

The session at the stand-in ends. Where the application has a logout URL, a LogoutResponse goes there: issued by
the login service and not by the entity ID, without a Destination, signed in the query over lower-case escapes.
"""
import base64
import datetime
import re
import urllib.parse
import zlib

import xmlsec
from lxml import etree

import saml_response as sr
from authn_request import Aadsts


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
    if tree.get("Version") != "2.0" or not re.match(r"^[A-Za-z_]", tree.get("ID") or ""):
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message.")
    if not tree.findtext("{%s}NameID" % sr.NS_SAML):
        raise Aadsts(7500530, "SAML NameId cannot be null.")
    return app, tree.get("ID")


def _quote(text):
    return re.sub("%[0-9A-F]{2}", lambda found: found.group(0).lower(), urllib.parse.quote(text, safe=""))


def response_url(tenant, app, request_id, relay_state):
    xml = ('<samlp:LogoutResponse ID="%s" Version="2.0" IssueInstant="%s" InResponseTo="%s" xmlns:samlp="%s">'
           '<Issuer xmlns="%s">https://login.microsoftonline.com/%s/</Issuer>'
           '<samlp:Status><samlp:StatusCode Value="%s"/></samlp:Status></samlp:LogoutResponse>'
           % (sr.new_id(), sr.instant(datetime.datetime.now(datetime.timezone.utc)), sr.escape(request_id), sr.NS_SAMLP,
              sr.NS_SAML, tenant.id, sr.SUCCESS))
    query = "SAMLResponse=" + _quote(base64.b64encode(zlib.compress(xml.encode())[2:-4]).decode())
    if relay_state is not None:
        query += "&RelayState=" + _quote(relay_state)
    query += "&SigAlg=" + _quote(sr.SIGNATURE_ALGORITHMS["rsa-sha256"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(sr.read(app.key), xmlsec.constants.KeyDataFormatPem)
    signature = context.sign_binary(query.encode(), xmlsec.constants.TransformRsaSha256)
    joint = "&" if "?" in app.logout_url else "?"
    return app.logout_url + joint + query + "&Signature=" + _quote(base64.b64encode(signature).decode())
