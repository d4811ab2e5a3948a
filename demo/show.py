# SPDX-License-Identifier: Apache-2.0
"""Messages in readable lines: requests, answers, cookies, SAML."""
import base64
import re
import textwrap
import urllib.parse
import zlib

from lxml import etree

NS = {"p": "urn:oasis:names:tc:SAML:2.0:protocol", "a": "urn:oasis:names:tc:SAML:2.0:assertion",
      "ds": "http://www.w3.org/2000/09/xmldsig#"}


def saml_post(value):
    """XML of a form field."""
    return etree.fromstring(base64.b64decode(value), etree.XMLParser(resolve_entities=False))


def saml_redirect(url):
    """XML of the SAMLRequest in a URL."""
    value = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["SAMLRequest"][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(value), -15),
                            etree.XMLParser(resolve_entities=False))


def block(text, indent):
    return textwrap.indent(text, " " * indent)


def pretty(tree, indent=6):
    """A small message, whole and indented; a long start tag is broken after each attribute."""
    tree = etree.fromstring(etree.tostring(tree))
    etree.indent(tree, "  ")
    lines = []
    for line in etree.tostring(tree, encoding="unicode").splitlines():
        if len(line) > 110:
            lead = len(line) - len(line.lstrip()) + 4
            line = re.sub(r'" (?=[A-Za-z:]+=")', '"\n' + " " * lead, line)
        lines.append(line)
    return block("\n".join(lines), indent)


def shorten(text, limit=100):
    return text if len(text) <= limit else "%s... (%d characters)" % (text[:limit], len(text))


def cookie(raw):
    """A Set-Cookie with its attributes; the value is a secret and stays one."""
    pair, _, rest = raw.partition(";")
    name, _, value = pair.partition("=")
    return "%s=<%d characters>;%s" % (name.strip(), len(value), rest)


def response(tree, indent=6):
    """What a Response says, in lines."""
    def one(path):
        found = tree.xpath(path, namespaces=NS)
        return str(found[0]) if found else "-"

    signed = [n.getparent().tag.split("}")[1] for n in tree.iter("{%s}Signature" % NS["ds"])]
    lines = [
        "Issuer          " + one("a:Issuer/text()"),
        "Status          " + one("p:Status/p:StatusCode/@Value"),
        "Destination     " + one("@Destination"),
        "InResponseTo    " + one("@InResponseTo"),
        "Signed          %s, %s" % (" and ".join(signed) or "nothing", one("//ds:SignatureMethod/@Algorithm")),
        "NameID          %s (%s)" % (one("//a:NameID/text()"), one("//a:NameID/@Format").split(":")[-1]),
        "Recipient       " + one("//a:SubjectConfirmationData/@Recipient"),
        "Conditions      %s to %s" % (one("//a:Conditions/@NotBefore"), one("//a:Conditions/@NotOnOrAfter")),
        "Audience        " + one("//a:Audience/text()"),
    ]
    for attribute in tree.iter("{%s}Attribute" % NS["a"]):
        values = ["".join(v.itertext()) for v in attribute]
        lines.append("Claim           %s = %s" % (attribute.get("Name").rsplit("/", 1)[-1], " | ".join(values)))
    return block("\n".join(lines), indent)
