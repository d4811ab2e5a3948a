# SPDX-License-Identifier: Apache-2.0
"""Logout messages for the httpd tests: one JSON object a line in, one a line out. Shares no code with the module.

In: `kind` (request, response), `by` (redirect, post), what the message says (see MESSAGE below; null leaves a part out), `xml` in place
of all that, `replace` ([[old, new], ...] before it is signed) and `replace_signed` (after), `sign` (true), `signer` (base name of a .key
and .cer in the folder given as argument), `algorithm`, `digest`, `relay_state`, `lower` (escapes as Entra writes them), `deflate` (true), `order`
(in which parameters are signed, where not that of the binding), `pad` (octets behind the DEFLATE stream),
`with` (pysaml2: that library makes and signs it, for the service provider whose metadata is in the file `sp`). A time given as a number
is that many seconds from now. Out: {"xml", "b64", "query"} (query: by redirect) or {"error": ...}.
"""
import base64
import datetime
import hashlib
import hmac
import json
import os
import re
import sys
import urllib.parse
import zlib

import xmlsec

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "entra"))

import saml_response as sr  # noqa: E402

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
DS = "http://www.w3.org/2000/09/xmldsig#"
ALGORITHMS = {
    "rsa-sha256": (MORE + "rsa-sha256", xmlsec.Transform.RSA_SHA256), "rsa-sha512": (MORE + "rsa-sha512", xmlsec.Transform.RSA_SHA512),
    "rsa-sha1": (DS + "rsa-sha1", xmlsec.Transform.RSA_SHA1),
}
HMACS = {"hmac-sha256": (MORE + "hmac-sha256", hashlib.sha256), "hmac-sha1": (DS + "hmac-sha1", hashlib.sha1)}
MESSAGE = {
    "id": sr.AUTO, "version": "2.0", "instant": 0, "destination": None, "in_response_to": None, "not_on_or_after": None,
    "issuer": None, "issuer_format": None, "name_id": None, "name_id_format": None, "name_id_attributes": "", "name_id_xml": None,
    "indexes": [], "status": sr.SUCCESS, "extra": "",
}


def moment(value):
    if isinstance(value, (int, float)):
        return sr.instant(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=value))
    return value


def name_of(m):
    if m["name_id_xml"] is not None:
        return m["name_id_xml"]
    if m["name_id"] is None:
        return ""
    return "<saml:NameID%s%s>%s</saml:NameID>" % (sr.attr("Format", m["name_id_format"]), m["name_id_attributes"], sr.escape(m["name_id"]))


def write(kind, m):
    element = "LogoutRequest" if kind == "request" else "LogoutResponse"
    head = "".join((sr.attr("ID", sr.auto(m["id"], sr.new_id())), sr.attr("Version", m["version"]),
                    sr.attr("IssueInstant", moment(m["instant"])), sr.attr("Destination", m["destination"]),
                    sr.attr("InResponseTo", m["in_response_to"]), sr.attr("NotOnOrAfter", moment(m["not_on_or_after"]))))
    issuer = "" if m["issuer"] is None else "<saml:Issuer%s>%s</saml:Issuer>" % (sr.attr("Format", m["issuer_format"]),
                                                                                 sr.escape(m["issuer"]))
    if kind == "request":
        content = name_of(m) + "".join("<samlp:SessionIndex>%s</samlp:SessionIndex>" % sr.escape(i) for i in m["indexes"])
    else:
        content = "" if m["status"] is None else '<samlp:Status><samlp:StatusCode Value="%s"/></samlp:Status>' % m["status"]
    return '<samlp:{0} xmlns:samlp="{1}" xmlns:saml="{2}"{3}>{4}{5}{6}</samlp:{0}>'.format(
        element, sr.NS_SAMLP, sr.NS_SAML, head, issuer, content, m["extra"])


def replaced(text, pairs):
    for old, new in pairs:
        if old not in text:
            raise ValueError("replace: %r is not in %s" % (old, text))
        text = text.replace(old, new)
    return text


def quote(text, lower):
    escaped = urllib.parse.quote(text, safe="")
    return re.sub("%[0-9A-F]{2}", lambda found: found.group(0).lower(), escaped) if lower else escaped


def sign_octets(octets, job, folder):
    signer, algorithm = os.path.join(folder, job.get("signer", "idp")), job.get("algorithm", "rsa-sha256")
    if algorithm in HMACS:
        return hmac.new(sr.read(signer + ".cer"), octets, HMACS[algorithm][1]).digest()
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(signer + ".key", xmlsec.constants.KeyDataFormatPem)
    return context.sign_binary(octets, ALGORITHMS[algorithm][1])


def query_of(xml, job, folder):
    octets = xml.encode()
    if job.get("deflate", True):
        octets = zlib.compress(octets, 9)[2:-4] + job.get("pad", "").encode()
    lower = job.get("lower", False)
    query = "%s=%s" % ("SAMLRequest" if job.get("kind", "request") == "request" else "SAMLResponse",
                       quote(base64.b64encode(octets).decode(), lower))
    if job.get("relay_state") is not None:
        query += "&RelayState=" + quote(job["relay_state"], lower)
    if not job.get("sign", True):
        return query
    query += "&SigAlg=" + quote(dict(ALGORITHMS, **HMACS)[job.get("algorithm", "rsa-sha256")][0], lower)
    parts = dict(part.split("=", 1) for part in query.split("&"))
    octets = "&".join("%s=%s" % (name, parts[name]) for name in job.get("order", parts))
    return query + "&Signature=" + quote(base64.b64encode(sign_octets(octets.encode(), job, folder)).decode(), lower)


def by_pysaml2(job, folder):
    from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
    from saml2.config import IdPConfig
    from saml2.saml import NameID
    from saml2.server import Server
    from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256
    idp = Server(config=IdPConfig().load({
        "entityid": job["issuer"], "xmlsec_binary": "/usr/bin/xmlsec1", "metadata": {"local": [job["sp"]]},
        "key_file": os.path.join(folder, "idp.key"), "cert_file": os.path.join(folder, "idp.cer"),
        "service": {"idp": {"endpoints": {"single_logout_service": [("https://idp.example/slo", BINDING_HTTP_REDIRECT)]}}}}))
    by_post = job.get("by") == "post"
    _, request = idp.create_logout_request(
        job["destination"], job["sp_entity"], name_id=NameID(text=job["name_id"], format=job.get("name_id_format")),
        session_indexes=job.get("indexes") or None, sign=by_post, sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256)
    binding = BINDING_HTTP_POST if by_post else BINDING_HTTP_REDIRECT
    sent = idp.apply_binding(binding, str(request), job["destination"], job.get("relay_state", ""), sign=not by_post, sigalg=SIG_RSA_SHA256)
    if by_post:
        return {"b64": base64.b64encode(str(request).encode()).decode(), "xml": str(request)}
    return {"query": dict(sent["headers"])["Location"].partition("?")[2], "xml": str(request)}


def answer(folder, job):
    if job.get("with") == "pysaml2":
        return by_pysaml2(job, folder)
    xml = job.get("xml")
    if xml is None:
        xml = write(job.get("kind", "request"), {name: job.get(name, default) for name, default in MESSAGE.items()})
    xml = replaced(xml, job.get("replace", []))
    if job.get("by") == "post":
        if job.get("sign", True):
            signer = os.path.join(folder, job.get("signer", "idp"))
            tree = sr.parse(xml.encode())
            sr.sign_element(tree, sr.Signer(signer + (".cer" if job.get("algorithm", "").startswith("hmac") else ".key"), signer + ".cer",
                                            job.get("algorithm", "rsa-sha256"), job.get("digest", "sha256")))
            xml = sr.serialize(tree).decode()
        xml = replaced(xml, job.get("replace_signed", []))
        return {"xml": xml, "b64": base64.b64encode(xml.encode()).decode()}
    return {"xml": xml, "query": query_of(xml, job, folder)}


def main():
    folder = sys.argv[1]
    for line in sys.stdin:
        try:
            out = answer(folder, json.loads(line))
        except Exception as wrong:  # told to the test, which dies of it
            out = {"error": "%s: %s" % (type(wrong).__name__, wrong)}
        print(json.dumps(out), flush=True)


main()
