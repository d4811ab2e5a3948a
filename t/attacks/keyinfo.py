# SPDX-License-Identifier: Apache-2.0
"""Another key: in KeyInfo by value, by name or by reference, and the public key as the secret of an HMAC.

Keys come from the configuration. What KeyInfo says can make a message neither better nor worse.
"""
import base64
import hashlib
import hmac

from cryptography.hazmat.primitives import serialization

import dsig
from attack import EVE, case
from attack_keys import DER, PEM, self_signed
from dsig import b64

FAKED = "Somorovsky et al. 2012; CWE-347: the certificate in the message is taken"
CVE = "CVE-2024-32962 (xml-crypto), CVE-2021-21239 (pysaml2)"
NO_MATCH = r"the signature value does not match any of the 1 keys tried: \"CN=idp\" \(thumbprint [0-9A-F]{40}\)"
NAMED = NO_MATCH + r"; the message names another certificate: \"CN=%s\" "
KEY_INFO = "<KeyInfo>%s</KeyInfo>"


def certificate(der):
    return "<X509Data><X509Certificate>%s</X509Certificate></X509Data>" % b64(der)


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_value(key):
    n = key.private.public_key().public_numbers()
    return "<KeyValue><RSAKeyValue><Modulus>%s</Modulus><Exponent>%s</Exponent></RSAKeyValue></KeyValue>" % (
        number(n.n), number(n.e))


def dsa_value(key):
    n = key.private.public_key().public_numbers()
    p = n.parameter_numbers
    return "<KeyValue><DSAKeyValue><P>%s</P><Q>%s</Q><G>%s</G><Y>%s</Y></DSAKeyValue></KeyValue>" % (
        number(p.p), number(p.q), number(p.g), number(n.y))


def ec_value(key):
    point = key.private.public_key().public_bytes(serialization.Encoding.X962,
                                                  serialization.PublicFormat.UncompressedPoint)
    return '<KeyValue><ECKeyValue xmlns="%s"><NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/><PublicKey>%s</PublicKey>' \
        "</ECKeyValue></KeyValue>" % (dsig.DSIG11, b64(point))


def der_value(key):
    return '<DEREncodedKeyValue xmlns="%s">%s</DEREncodedKeyValue>' % (dsig.DSIG11, b64(key.spki_der))


def retrieval(uri, kind="X509Data", transforms=""):
    return '<RetrievalMethod URI="%s" Type="%s%s">%s</RetrievalMethod>' % (uri, dsig.DSIG, kind, transforms)


# ---- a stranger's signature, and what KeyInfo says of it ---------------------------------------------

def stranger(slug, changed, content, says=NO_MATCH, source=FAKED + "; " + CVE, by="other", before=(), **options):
    @case("stranger-" + slug, changed="signed by a stranger; KeyInfo: " + changed, status="signature", says=says, source=source)
    def _(m):
        return dsig.message(m, by=by, before=before(m) if callable(before) else before, fields={"name_id": EVE}, key_info=KEY_INFO % content(m), **options)


stranger("certificate", "the stranger's certificate", lambda m: certificate(m.key("other").cert_der), NAMED % "other")
stranger("rsa-key", "the stranger's RSAKeyValue", lambda m: rsa_value(m.key("other")))
stranger("der-key", "the stranger's DEREncodedKeyValue", lambda m: der_value(m.key("other")), source="XML Signature 1.1, 4.5.10; " + CVE)
stranger("certificate-and-key", "the identity provider's certificate, and the stranger's RSAKeyValue",
         lambda m: certificate(m.key("idp").cert_der) + rsa_value(m.key("other")))
stranger("chain-own-first", "a chain: the stranger's certificate, then the identity provider's",
         lambda m: certificate(m.key("other").cert_der) + certificate(m.key("idp").cert_der), NO_MATCH + "$")
stranger("chain-idp-first", "a chain: the identity provider's certificate, then the stranger's",
         lambda m: certificate(m.key("idp").cert_der) + certificate(m.key("other").cert_der), NO_MATCH + "$")
stranger("two-in-one-data", "both certificates in one X509Data", lambda m: certificate(m.key("idp").cert_der).replace(
    "</X509Data>", "<X509Certificate>%s</X509Certificate></X509Data>" % b64(m.key("other").cert_der)), NO_MATCH + "$")
stranger("name", "KeyName, the identity provider's", lambda m: "<KeyName>idp</KeyName>", source="XML Signature 4.5.1")
stranger("name-path", "KeyName that is a path", lambda m: "<KeyName>/etc/ssl/certs/ca-certificates.crt</KeyName>",
         source="XML Signature 4.5.1")
stranger("subject-name", "X509SubjectName of the identity provider", lambda m:
         "<X509Data><X509SubjectName>CN=idp</X509SubjectName></X509Data>", source="XML Signature 4.5.4")
stranger("serial", "X509IssuerSerial of the identity provider's certificate", lambda m:
         "<X509Data><X509IssuerSerial><X509IssuerName>CN=idp</X509IssuerName><X509SerialNumber>%d</X509SerialNumber>"
         "</X509IssuerSerial></X509Data>" % m.key("idp").certificate.serial_number, source="XML Signature 4.5.4")
stranger("ski", "X509SKI", lambda m: "<X509Data><X509SKI>%s</X509SKI></X509Data>" % b64(
    hashlib.sha1(m.key("idp").spki_der).digest()), source="XML Signature 4.5.4")
stranger("digest", "X509Digest of the identity provider's certificate, with the stranger's certificate", lambda m:
         '<X509Data><X509Digest xmlns="%s" Algorithm="%s">%s</X509Digest><X509Certificate>%s</X509Certificate></X509Data>' % (
             dsig.DSIG11, dsig.SHA256, dsig.digest(m.key("idp").cert_der), b64(m.key("other").cert_der)),
         NAMED % "other", source="XML Signature 1.1, 4.5.4.1")
stranger("crl", "X509CRL beside the stranger's certificate", lambda m:
         certificate(m.key("other").cert_der).replace("</X509Data>", "<X509CRL>MAA=</X509CRL></X509Data>"), NAMED % "other",
         source="XML Signature 4.5.4")
stranger("retrieval-local", "RetrievalMethod to the stranger's certificate in the message itself", lambda m:
         retrieval("#_k"), before=lambda m: [("<samlp:Status>", '<samlp:Extensions><X509Data xmlns="%s" Id="_k">%s</X509Data>'
                                               "</samlp:Extensions><samlp:Status>" % (
                                                   dsig.DSIG, certificate(m.key("other").cert_der)[len("<X509Data>"):-len("</X509Data>")]))],
         source="XML Signature 4.5.3")
stranger("retrieval-http", "RetrievalMethod to a web server of the stranger's",
         lambda m: retrieval("http://127.0.0.1:9/key.crt", "rawX509Certificate"), source="XML Signature 4.5.3; SSRF")
stranger("retrieval-file", "RetrievalMethod to a file", lambda m: retrieval("file:///etc/passwd"), source="XML Signature 4.5.3")
stranger("retrieval-whole", "RetrievalMethod to the whole message", lambda m: retrieval(""), source="XML Signature 4.5.3")
stranger("retrieval-loop", "RetrievalMethod to itself", lambda m: retrieval("#_l").replace("<RetrievalMethod", '<RetrievalMethod Id="_l"'),
         source="XML Signature best practices 2.1.4: endless retrieval")
stranger("retrieval-xslt", "RetrievalMethod with an XSLT transform", lambda m: retrieval(
    "", transforms='<Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">'
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
    '<xsl:copy-of select="document(\'file:///etc/passwd\')"/></xsl:template></xsl:stylesheet></Transform></Transforms>'),
    source="Hill, Command Injection in XML Signatures (2007); CVE-2011-1425 (xmlsec)")
stranger("keyinfo-reference", "KeyInfoReference to another KeyInfo", lambda m:
         '<KeyInfoReference xmlns="%s" URI="#_k"/>' % dsig.DSIG11, source="XML Signature 1.1, 4.5.10; CVE-2021-40690 (Santuario)")
stranger("mgmt-data", "MgmtData", lambda m: "<MgmtData>other</MgmtData>", source="XML Signature 4.5.7")
stranger("pgp", "PGPData", lambda m: "<PGPData><PGPKeyID>AAAAAAAAAAA=</PGPKeyID></PGPData>", source="XML Signature 4.5.5")
stranger("garbage", "an X509Certificate that is none", lambda m: certificate(b"\x30\x82\xff\xff" + b"A" * 64),
         source="CVE-2013-2153 (Santuario C++)")
stranger("no-content", "nothing", lambda m: "", source="Core 5.4.5")
stranger("other-namespace", "a certificate in an X509Data of another namespace", lambda m:
         certificate(m.key("other").cert_der).replace("<X509Data>", '<X509Data xmlns="urn:x">'), NO_MATCH + "$",
         source="XML Signature 4.5.4")
stranger("dsa", "a DSAKeyValue, and RSA-SHA256 in SignatureMethod", lambda m: dsa_value(m.key("other-dsa")), by="other-dsa",
         source="CVE-2025-48994 (SignXML): algorithm confusion")
stranger("ec", "an ECKeyValue; the signature is ECDSA", lambda m: ec_value(m.key("other-ec256")),
         r"the signature is ECDSA-SHA256, but none of the 1 certificates of the identity provider has a key of type EC",
         by="other-ec256", method=dsig.MORE + "ecdsa-sha256", source="XML Signature 1.1, 4.5.2.3")


@case("stranger-same-names", changed="signed by a stranger whose certificate has the identity provider's subject and issuer",
      status="signature", says=NAMED % "idp", source="X.509: names are not keys")
def _(m):
    copy = self_signed(m.key("other").private, "idp", m.now)
    return dsig.message(m, by="other", fields={"name_id": EVE}, key_info=KEY_INFO % certificate(copy.public_bytes(DER)))


@case("stranger-issued-by-idp", changed="signed by a stranger whose certificate was signed with the identity provider's key",
      status="signature", says=NO_MATCH + "$", source="the identity provider's certificate is no authority for others")
def _(m):
    child = self_signed(m.key("other").private, "mallory", m.now, issuer="idp", issuer_key=m.key("idp").private)
    return dsig.message(m, by="other", fields={"name_id": EVE}, key_info=KEY_INFO % (
        certificate(child.public_bytes(DER)) + certificate(m.key("idp").cert_der)))


@case("stranger-both-levels", changed="Response and Assertion signed by a stranger, with the certificate", status="signature",
      says=NAMED % "other", source=FAKED)
def _(m):
    return m.signed("both", by=m.other(), name_id=EVE)


@case("stranger-own-sp-key", changed="signed with the service provider's own key, which we have ourselves", key=True,
      status="signature", says=NAMED % "sp", source="our own key is none of the identity provider's")
def _(m):
    return m.signed(by=m.signer("sp"), name_id=EVE)


# ---- KeyInfo is wrong, the signature is right ------------------------------------------------------------

def genuine(slug, changed, content):
    @case("genuine-keyinfo-" + slug, changed="signed by the identity provider; KeyInfo: " + changed, status="accepted",
          source="Core 5.4.5: KeyInfo is a hint; keys come from the configuration")
    def _(m):
        text = content(m)
        return dsig.message(m, key_info=text if text == "" else KEY_INFO % text)


genuine("absent", "none", lambda m: "")
genuine("stranger", "a stranger's certificate", lambda m: certificate(m.key("other").cert_der))
genuine("stranger-key", "a stranger's RSAKeyValue", lambda m: rsa_value(m.key("other")))
genuine("many", "forty certificates", lambda m: certificate(m.key("other").cert_der) * 40)
genuine("garbage", "no certificate at all in X509Certificate", lambda m: certificate(b"no certificate"))
genuine("retrieval", "RetrievalMethod to a web server", lambda m: retrieval("http://127.0.0.1:9/key.crt"))
genuine("foreign", "an element of nobody's", lambda m: '<x:key xmlns:x="urn:x">1</x:key>')


@case("second-certificate", changed="the second of two certificates has signed", status="accepted", certs=["other-idp", "idp"],
      source="certificate rollover")
def _(m):
    return m.signed("both")


@case("certificate-expired", changed="the certificate that has signed is past its date", status="certificate-expired",
      says=r"expired at .*, and now is", certs=["idp-expired"], source="RFC 5280 4.1.2.5", through=["cli"])
def _(m):
    return m.signed(by=m.signer("idp-expired"), name_id=EVE)


@case("certificate-expired-allowed", changed="the same where it is allowed", status="accepted", certs=["idp-expired"],
      allow=["expired-certificate"], source="SAMLAllow")
def _(m):
    return m.signed(by=m.signer("idp-expired"))


# ---- HMAC with what everybody knows -------------------------------------------------------------------------

KEY_CONFUSION = "CVE-2018-7644 (SimpleSAMLphp), CVE-2025-48995 (SignXML); Somorovsky, key confusion"
HMAC_REFUSED = r"signature algorithm: expected one of the accepted algorithms, got \"http[^\"]*hmac-%s\""
SECRETS = {
    "certificate-pem": lambda k: k.cert_pem,
    "certificate-pem-stripped": lambda k: k.cert_pem.strip(),
    "certificate-base64": lambda k: base64.b64encode(k.cert_der),
    "certificate-der": lambda k: k.cert_der,
    "public-key-pem": lambda k: k.spki_pem,
    "public-key-der": lambda k: k.spki_der,
    "public-key-pkcs1-pem": lambda k: k.private.public_key().public_bytes(PEM, serialization.PublicFormat.PKCS1),
    "public-key-pkcs1-der": lambda k: k.private.public_key().public_bytes(DER, serialization.PublicFormat.PKCS1),
    "modulus": lambda k: base64.b64decode(number(k.private.public_key().public_numbers().n)),
    "nothing": lambda k: b"",
}
HMACS = {"sha1": dsig.DSIG, "md5": dsig.MORE, "sha224": dsig.MORE, "sha256": dsig.MORE, "sha384": dsig.MORE,
         "sha512": dsig.MORE}


def hmac_message(m, secret, hash_name, base, parameters="", cut=None):
    def value(key, octets):
        return hmac.new(secret, octets, hash_name).digest()[:cut]
    return dsig.message(m, method="%shmac-%s" % (base, hash_name), value=value, parameters=parameters,
                        fields={"name_id": EVE})


for _slug, _secret in SECRETS.items():
    @case("hmac-with-" + _slug, changed="HMAC-SHA256 with the identity provider's %s as the secret" % _slug.replace("-", " "),
          status="algorithm", says=HMAC_REFUSED % "sha256", source=KEY_CONFUSION)
    def _(m, secret=_secret):
        return hmac_message(m, secret(m.key("idp")), "sha256", dsig.MORE)

for _hash, _base in HMACS.items():
    if _hash != "sha256":
        @case("hmac-" + _hash, changed="HMAC-%s with the identity provider's certificate (PEM) as the secret" % _hash.upper(),
              status="algorithm", says=HMAC_REFUSED % _hash, source=KEY_CONFUSION)
        def _(m, hash_name=_hash, base=_base):
            return hmac_message(m, m.key("idp").cert_pem, hash_name, base)

for _bits in (0, 1, 8, 40, 128):
    @case("hmac-length-%d" % _bits, changed="HMAC-SHA256 cut to %d bits" % _bits, status="algorithm",
          says=HMAC_REFUSED % "sha256", source="CVE-2009-0217, CVE-2013-2155; XML Signature 6.3.1")
    def _(m, bits=_bits):
        return hmac_message(m, b"guess", "sha256", dsig.MORE, "<HMACOutputLength>%d</HMACOutputLength>" % bits, bits // 8)


@case("hmac-length-on-rsa", changed="HMACOutputLength as a parameter of RSA-SHA256", status="algorithm",
      says=r"SignatureMethod RSA-SHA256: parameters are not accepted, got .*HMACOutputLength", source="CVE-2009-0217")
def _(m):
    return dsig.message(m, parameters="<HMACOutputLength>8</HMACOutputLength>", fields={"name_id": EVE},
                        value=lambda key, octets: b"\x00")


@case("hmac-ripemd160", changed="HMAC-RIPEMD160 of anything", status="algorithm", says=HMAC_REFUSED % "ripemd160",
      source=KEY_CONFUSION)
def _(m):
    return dsig.message(m, method=dsig.MORE + "hmac-ripemd160", value=lambda key, octets: b"A" * 20, fields={"name_id": EVE})


@case("hmac-named-rsa", changed="HMAC-SHA256 of the certificate, called RSA-SHA256", status="signature", says=NO_MATCH,
      source=KEY_CONFUSION)
def _(m):
    secret = m.key("idp").cert_pem
    return dsig.message(m, value=lambda key, octets: hmac.new(secret, octets, "sha256").digest(), fields={"name_id": EVE})
