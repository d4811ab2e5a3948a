# SPDX-License-Identifier: Apache-2.0
"""Signatures of requests, where an application requires them (doc/entra.md section 2).

RSA-SHA256 only, RSA-SHA1 where the box for weak algorithms is ticked; the two most recently added certificates are tried.
"""
import base64
import urllib.parse

import xmlsec

import saml_response as sr
from aadsts import Aadsts


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
    except ValueError:
        raise Aadsts(76022, "The request signature is not base64.")
    for cert in app.verification_certs[-2:]:
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
