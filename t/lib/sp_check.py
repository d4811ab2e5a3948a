# SPDX-License-Identifier: Apache-2.0
"""What others make of what we say: our descriptor and our requests, read by python3-pysaml2, python3-xmlsec and python3-cryptography.

sp_check.py metadata FILE            the descriptor: schema-valid, loaded as pysaml2 loads a service provider's
sp_check.py request FILE [CERT]      an AuthnRequest; with CERT its enveloped signature is verified
sp_check.py redirect URL [CERT]      the AuthnRequest of a redirect; with CERT the signature of its query is verified

One JSON object comes out; whatever is wrong ends the program with a message.
"""
import base64
import json
import sys
import urllib.parse
import zlib

import saml2.md
import saml2.mdstore
import saml2.attribute_converter
import saml2.samlp
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree
from saml2.validate import valid_instance

DS = "{http://www.w3.org/2000/09/xmldsig#}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def octets(path):
    with open(path, "rb") as file:
        return file.read()


def certificates(sp, use):
    return [base64.b64encode(base64.b64decode(data.x509_certificate.text)).decode()
            for key in sp.key_descriptor if key.use == use
            for data in key.key_info.x509_data]


def services(list_of):
    return [{"location": s.location, "binding": s.binding, "index": getattr(s, "index", None),
             "default": getattr(s, "is_default", None)} for s in list_of]


def metadata(path):
    text = octets(path)
    entity = saml2.md.entity_descriptor_from_string(text)
    valid_instance(entity)
    store = saml2.mdstore.InMemoryMetaData(saml2.attribute_converter.ac_factory(), text.decode())
    store.load()
    sp, = entity.spsso_descriptor
    return {
        "entity_id": entity.entity_id, "known": list(store.keys()),
        "protocols": sp.protocol_support_enumeration, "authn_requests_signed": sp.authn_requests_signed,
        "want_assertions_signed": sp.want_assertions_signed,
        "acs": services(sp.assertion_consumer_service), "slo": services(sp.single_logout_service),
        "name_id_formats": [f.text for f in sp.name_id_format],
        "signing": certificates(sp, "signing"), "encryption": certificates(sp, "encryption"),
        "encryption_methods": [m.algorithm for k in sp.key_descriptor for m in k.encryption_method or []],
    }


def verify_enveloped(root, certificate):
    signature, = root.findall(DS + "Signature")
    if list(root).index(signature) != 1 or root[0].tag != SAML + "Issuer":
        raise ValueError("Signature: expected behind Issuer, got it at %d" % list(root).index(signature))
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(certificate, xmlsec.KeyFormat.CERT_PEM)
    context.verify(signature)
    reference, = signature.iter(DS + "Reference")
    if reference.get("URI") != "#" + root.get("ID"):
        raise ValueError("Reference: expected #%s, got %s" % (root.get("ID"), reference.get("URI")))
    return {"signature_method": signature.find(".//" + DS + "SignatureMethod").get("Algorithm"),
            "digest_method": signature.find(".//" + DS + "DigestMethod").get("Algorithm")}


def what_it_asks(xml):
    valid_instance(saml2.samlp.authn_request_from_string(xml))
    root = etree.fromstring(xml)
    policy = root.find(SAMLP + "NameIDPolicy")
    return root, {"attributes": dict(root.attrib), "issuer": root.findtext(SAML + "Issuer"),
                  "policy": None if policy is None else dict(policy.attrib), "children": [etree.QName(e).localname for e in root],
                  "signed": root.find(DS + "Signature") is not None}


def request(path, certificate=None):
    root, out = what_it_asks(octets(path))
    if certificate:
        out.update(verify_enveloped(root, certificate))
    return out


def redirect(url, certificate=None):
    query = urllib.parse.urlsplit(url).query
    fields = dict(pair.split("=", 1) for pair in query.split("&"))
    value = {name: urllib.parse.unquote(text) for name, text in fields.items()}
    _, out = what_it_asks(zlib.decompress(base64.b64decode(value["SAMLRequest"], validate=True), -15))
    out["order"] = [pair.split("=", 1)[0] for pair in query.split("&")]
    out["relay_state"] = value.get("RelayState")
    if certificate:     # Bindings 3.4.4.1: over these in this order, in the octets as they were sent
        signed = "&".join("%s=%s" % (name, fields[name]) for name in ("SAMLRequest", "RelayState", "SigAlg") if name in fields)
        if value["SigAlg"] != RSA_SHA256:
            raise ValueError("SigAlg: expected %s, got %s" % (RSA_SHA256, value["SigAlg"]))
        key = x509.load_pem_x509_certificate(octets(certificate)).public_key()
        key.verify(base64.b64decode(value["Signature"], validate=True), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        out["signature_method"] = value["SigAlg"]
    return out


def main():
    job = {"metadata": metadata, "request": request, "redirect": redirect}[sys.argv[1]]
    print(json.dumps(job(*sys.argv[2:])))


main()
