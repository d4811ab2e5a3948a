# SPDX-License-Identifier: Apache-2.0
"""RSASSA-PSS with other parameters, ECDSA with other curves and impossible numbers, keys that are too short."""
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import dsig
from attack import ADA, EVE, case
from dsig import MORE, MORE07, RSA_SHA256, made_by
from keyinfo import NO_MATCH

PSS = MORE07 + "sha256-rsa-MGF1"
ANY_PSS = MORE07 + "rsa-pss"
EC_REFUSED = r"the signature value does not match any of the 1 keys tried: \"CN=%s\""
NO_TYPE = r"the signature is %s, but none of the 1 certificates of the identity provider has a key of type %s"
# The order of each curve's group.
ORDER = {
    "idp-ec256": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
    "idp-ec384": int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16),
}


def pair(r, s, half=32):
    return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def entered(name, changed, source, value, method, by, status="signature", says=None, certs=None, **options):
    @case(name, changed=changed, status=status, says=says, source=source, certs=certs or [by])
    def _(m):
        return dsig.message(m, by=by, value=value, method=method, fields={"name_id": ADA if status == "accepted" else EVE},
                            **options)


# ---- RSASSA-PSS ----------------------------------------------------------------------------------------------

def pss(slug, changed, value, method=PSS, status="signature", says=NO_MATCH, source="RFC 9231 2.3.10; RFC 8017 9.1.2", **options):
    entered("pss-" + slug, changed, source, value, method, "idp", status, None if status == "accepted" else says, **options)


pss("sha256", "RSASSA-PSS as RFC 9231 has it", made_by("sha256", 32), status="accepted")
pss("sha512", "RSASSA-PSS with SHA-512", made_by("sha512", 64), MORE07 + "sha512-rsa-MGF1", "accepted")
pss("default", "RSASSA-PSS without parameters: SHA-256 and 32 octets of salt", made_by("sha256", 32), ANY_PSS, "accepted",
    source="RFC 9231 2.3.9")
pss("no-salt", "RSASSA-PSS without salt", made_by("sha256", 0))
pss("salt-20", "RSASSA-PSS with 20 octets of salt", made_by("sha256", 20))
pss("salt-longest", "RSASSA-PSS with the longest salt", made_by("sha256", 222))
pss("mgf-sha1", "RSASSA-PSS with MGF1 over SHA-1", made_by("sha256", 32, "sha1"))
pss("hash-sha1", "RSASSA-PSS over SHA-1, called SHA-256", made_by("sha1", 20))
pss("hash-sha512", "RSASSA-PSS over SHA-512, called SHA-256", made_by("sha512", 64))
pss("as-pkcs1", "RSASSA-PSS, called PKCS#1 v1.5", made_by("sha256", 32), RSA_SHA256)
pss("from-pkcs1", "PKCS#1 v1.5, called RSASSA-PSS", made_by())
pss("sha1", "RSASSA-PSS over SHA-1, called so", made_by("sha1", 20), MORE07 + "sha1-rsa-MGF1", "algorithm",
    r"signature algorithm: expected one of the accepted algorithms, got .*sha1-rsa-MGF1")
for _slug, _what, _parameters in (
        ("salt-0", "a salt of 0 octets", '<SaltLength>0</SaltLength>'),
        ("trailer", "another trailer", '<TrailerField>2</TrailerField>'),
        ("hash", "SHA-1 as hash", '<DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>'),
        ("mgf", "another mask generation", '<MaskGenerationFunction Algorithm="http://www.w3.org/2007/05/xmldsig-more#MGF1">'
         '<DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/></MaskGenerationFunction>')):
    for _uri, _name in ((ANY_PSS, "any"), (PSS, "sha256")):
        pss("parameters-%s-%s" % (_name, _slug), "RSAPSSParams in SignatureMethod with %s" % _what, made_by("sha256", 32), _uri,
            "algorithm", r"SignatureMethod RSA-PSS-SHA256: parameters are not accepted, got .*RSAPSSParams",
            source="RFC 9231 2.3.9",
            parameters='<RSAPSSParams xmlns="%s">%s</RSAPSSParams>' % (MORE07, _parameters))


# ---- ECDSA ------------------------------------------------------------------------------------------------------

PSYCHIC = "CVE-2022-21449 (Java, psychic signatures); FIPS 186-5 6.4.2: r and s from 1 to n - 1"


def ecdsa(slug, changed, value, by="idp-ec256", hash_name="sha256", status="signature", says=None, source=PSYCHIC, certs=None):
    entered("ecdsa-" + slug, changed, source, value, MORE + "ecdsa-" + hash_name, by, status,
            None if status == "accepted" else says or EC_REFUSED % by, certs)


for _key, _hash in (("idp-ec256", "sha256"), ("idp-ec384", "sha384"), ("idp-ec521", "sha512")):
    ecdsa("good-" + _hash, "ECDSA with %s" % _hash.upper(), made_by(_hash), _key, _hash, "accepted", source="RFC 9231 2.3.6")
_n = ORDER["idp-ec256"]
for _slug, _r, _s in (("zero-zero", 0, 0), ("zero-one", 0, 1), ("one-zero", 1, 0), ("one-one", 1, 1), ("order-order", _n, _n),
                      ("order-one", _n, 1), ("one-order", 1, _n), ("minus", _n - 1, _n - 1), ("ones", 2 ** 256 - 1, 2 ** 256 - 1)):
    ecdsa(_slug, "ECDSA with r and s: %s" % _slug.replace("-", ", ").replace("order", "n"), lambda k, o, r=_r, s=_s: pair(r, s))
ecdsa("zero-384", "ECDSA on P-384 with r and s of 0", lambda k, o: bytes(96), "idp-ec384", "sha384")


def edited(edit):
    """A true signature with its r and s changed."""
    def value(key, octets):
        true = made_by()(key, octets)
        return edit(int.from_bytes(true[:32], "big"), int.from_bytes(true[32:], "big"))
    return value


def der_value(key, octets):
    return key.private.sign(octets, ec.ECDSA(hashes.SHA256()))


FORMAT = "XML Signature 1.1, 6.4.3: r and s in fixed length, and nothing else"
ecdsa("der", "ECDSA's value in DER, as X.509 has it", der_value, source=FORMAT)
ecdsa("empty-half", "r without s", lambda k, o: made_by()(k, o)[:32], source=FORMAT)
ecdsa("one-more", "one octet more", lambda k, o: made_by()(k, o) + b"\x00", source=FORMAT)
ecdsa("one-less", "one octet less", lambda k, o: made_by()(k, o)[:-1], source=FORMAT)
ecdsa("padded", "r and s in 48 octets each", edited(lambda r, s: pair(r, s, 48)), source=FORMAT)
ecdsa("swapped", "s before r", edited(lambda r, s: pair(s, r)), source=FORMAT)
ecdsa("plus-order", "r greater by n", edited(lambda r, s: pair(min(r + _n, 2 ** 256 - 1), s)), source=FORMAT)
ecdsa("changed", "another r", edited(lambda r, s: pair(r ^ 1, s)), source=FORMAT)
ecdsa("malleable", "n - s in place of s, which is a signature as well", edited(lambda r, s: pair(r, _n - s)),
      status="accepted", source="ECDSA is malleable; what is signed is the same, and replay goes by the Assertion's ID")
ecdsa("other-curve", "a key on P-384, the identity provider's is on P-256", made_by("sha256"), "idp-ec384", certs=["idp-ec256"],
      says=EC_REFUSED % "idp-ec256", source="XML Signature 1.1, 6.4.3")
ecdsa("other-key", "another key on the same curve", made_by("sha256"), "other-ec256", certs=["idp-ec256"],
      says=EC_REFUSED % "idp-ec256", source="CWE-347")
ecdsa("hash-mismatch", "over SHA-384, called SHA-256", made_by("sha384"), source="RFC 9231 2.3.6")
entered("ecdsa-as-rsa", "ECDSA's value, called RSA-SHA256; the identity provider's key is on a curve", "CVE-2025-48994 (SignXML)",
        made_by(), RSA_SHA256, "idp-ec256", says=NO_TYPE % ("RSA-SHA256", "RSA"))
entered("rsa-as-ecdsa", "RSA's value, called ECDSA-SHA256", "CVE-2025-48994 (SignXML)", made_by(), MORE + "ecdsa-sha256", "idp",
        says=NO_TYPE % ("ECDSA-SHA256", "EC"))


# ---- keys that are too short ---------------------------------------------------------------------------------

@case("key-rsa1024", changed="signed with an RSA key of 1024 bits, which is the identity provider's", status="algorithm",
      says=r"1024", certs=["idp1024"], source="NIST SP 800-131A; RFC 9231", through=["cli"])
def _(m):
    return m.signed(by=m.signer("idp1024"), name_id=EVE)


@case("key-rsa1024-allowed", changed="the same where it is allowed", status="accepted", certs=["idp1024"], allow=["rsa1024"],
      source="SAMLAllow rsa1024")
def _(m):
    return m.signed(by=m.signer("idp1024"))


@case("key-rsa1024-stranger", changed="signed by a stranger with 1024 bits, the certificate in KeyInfo", status="signature",
      says=NO_MATCH, source="CWE-347")
def _(m):
    return m.signed(by=m.signer("idp1024"), name_id=EVE)
