# SPDX-License-Identifier: Apache-2.0
"""XML signatures made by hand, so that any part of them can be wrong while the rest is right.

    sign(m, element)                                   as the identity provider would
    sign(m, element, info=[("old", "new")])            SignedInfo edited before it is signed
    sign(m, element, value=lambda key, octets: b"...") another signature value

The signature value is over the exclusive canonical form of SignedInfo, whatever CanonicalizationMethod says; the digest
is of the exclusive canonical form of `element` as it is when `sign` is called.
"""
import base64
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from attack import DS, SAML, change, lure, sr

DSIG = sr.NS_DS
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
MORE07 = "http://www.w3.org/2007/05/xmldsig-more#"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
RSA_SHA256 = MORE + "rsa-sha256"
SHA256 = sr.NS_XENC + "sha256"
EXC = sr.C14N["exc"]
INC = sr.C14N["inc"]
ENVELOPED = '<Transform Algorithm="%s"/>' % sr.ENVELOPED
EXC_TRANSFORM = '<Transform Algorithm="%s"/>' % EXC

HASHES = {"md5": hashes.MD5, "sha1": hashes.SHA1, "sha224": hashes.SHA224, "sha256": hashes.SHA256,
          "sha384": hashes.SHA384, "sha512": hashes.SHA512}


def b64(octets):
    return base64.b64encode(octets).decode("ascii")


def canonical(element, comments=False):
    """Exclusive canonical form of an element where it stands, without what follows it."""
    tail, element.tail = element.tail, None
    octets = etree.tostring(element, method="c14n", exclusive=True, with_comments=comments)
    element.tail = tail
    return octets


def digest(octets, name="sha256"):
    return b64(hashlib.new(name, octets).digest())


def made_by(name="sha256", pss_salt=None, mgf=None):
    """The function that signs with that hash; `pss_salt` octets of salt for RSASSA-PSS."""
    def value(key, octets):
        private, algorithm = key.private, HASHES[name]()
        if isinstance(private, rsa.RSAPrivateKey):
            pad = padding.PKCS1v15() if pss_salt is None else \
                padding.PSS(padding.MGF1(HASHES[mgf or name]()), pss_salt)
            return private.sign(octets, pad, algorithm)
        if isinstance(private, ec.EllipticCurvePrivateKey):
            return dss_octets(private.sign(octets, ec.ECDSA(algorithm)), (private.key_size + 7) // 8)
        return dss_octets(private.sign(octets, algorithm), 32)
    return value


def dss_octets(der, half):
    """r and s, each of `half` octets, of a DSA or ECDSA signature in DER."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def reference(uri, value, transforms=ENVELOPED + EXC_TRANSFORM, digest_uri=SHA256, attributes=""):
    """A Reference as text."""
    uri = "" if uri is None else ' URI="%s"' % uri
    wrapped = "" if transforms is None else "<Transforms>%s</Transforms>" % transforms
    return '<Reference%s%s>%s<DigestMethod Algorithm="%s"/><DigestValue>%s</DigestValue></Reference>' % (
        uri, attributes, wrapped, digest_uri, value)


def signed_info(references, c14n='<CanonicalizationMethod Algorithm="%s"/>' % EXC, method=RSA_SHA256, parameters=""):
    """SignedInfo as text; without a declaration, as it stands in a Signature."""
    return '<SignedInfo>%s<SignatureMethod Algorithm="%s">%s</SignatureMethod>%s</SignedInfo>' % (
        c14n, method, parameters, references)


def x509(key):
    """KeyInfo with the certificate of a key."""
    return "<KeyInfo><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo>" % b64(key.cert_der)


def place(element, signature):
    """Put a Signature where Core 2.3.3 and 3.2.2 want it: behind Issuer."""
    issuer = element.find(SAML + "Issuer")
    if issuer is None:
        element.insert(0, signature)
    else:
        issuer.addnext(signature)
    return signature


def signature_of(m, info, key, value=None, key_info=None, extra=""):
    """A Signature with this SignedInfo (text), alone."""
    value = value or made_by()
    key_info = x509(key) if key_info is None else key_info
    signature = etree.fromstring(lure('<Signature xmlns="%s">%s<SignatureValue/>%s%s</Signature>' % (
        DSIG, info, key_info, extra)))
    octets = value(key, canonical(signature.find(DS + "SignedInfo")))
    signature.find(DS + "SignatureValue").text = octets if isinstance(octets, str) else b64(octets)
    return signature


def sign(m, element, by="idp", info=(), value=None, method=RSA_SHA256, parameters="", transforms=None, c14n=None,
         references=None, key_info=None, extra="", digest_of=None, digest_uri=SHA256, hash_name="sha256",
         digest_value=None):
    """Sign `element`, which has no Signature yet. `digest_of`: other octets than its canonical form."""
    octets = canonical(element) if digest_of is None else digest_of
    if references is None:
        references = reference("#" + element.get("ID"), digest_value or digest(octets, hash_name),
                               ENVELOPED + EXC_TRANSFORM if transforms is None else transforms, digest_uri)
    if c14n is None:
        c14n = '<CanonicalizationMethod Algorithm="%s"/>' % EXC
    text = signed_info(references, c14n, method, parameters)
    return place(element, signature_of(m, change(text, info), m.key(by), value, key_info, extra))


def message(m, what="assertion", before=(), **options):
    """A Response whose Assertion (or itself) is signed by hand; options as `sign` has them. Octets."""
    fields = options.pop("fields", {})
    tree = m.tree(change(m.response(**fields), before))
    sign(m, tree.find(SAML + "Assertion") if what == "assertion" else tree, **options)
    return m.octets(tree)
