# SPDX-License-Identifier: Apache-2.0
"""Algorithms that are weak, unknown or mistaken for others, and signature values that are no signatures.

Where it says that the identity provider signed it so, the signature holds: it is the algorithm that must be refused.
"""
import hashlib

import dsig
from attack import ADA, EVE, case, sr
from dsig import DSIG, MORE, MORE07, RSA_SHA256, SHA256, b64, made_by
from keyinfo import NO_MATCH

DOWNGRADE = "Jager, Somorovsky: algorithm downgrade; NIST SP 800-131A"
UNKNOWN = r"signature algorithm: expected one of the accepted algorithms, got "
NO_EC = r"the signature is ECDSA-SHA\d+, but none of the 1 certificates of the identity provider has a key of type EC"
EC_NO_MATCH = r"the signature value does not match any of the 1 keys tried: \"CN=idp-ec\d+\""


# ---- signature algorithms ---------------------------------------------------------------------------------

def weak(slug, method, hash_name, says, source=DOWNGRADE, **options):
    @case("method-" + slug, changed="signed by the identity provider with %s" % slug.upper(), status="algorithm", says=says,
          source=source, **options)
    def _(m):
        return dsig.message(m, method=method, value=made_by(hash_name))


weak("rsa-sha1", DSIG + "rsa-sha1", "sha1", r"signature algorithm RSA-SHA1 is weak and refused; \"SAMLAllow sha1\" would admit it",
     "SHAttered; RFC 9142")
weak("rsa-md5", MORE + "rsa-md5", "md5", UNKNOWN + r".*rsa-md5", "RFC 6151")
weak("rsa-sha224", MORE + "rsa-sha224", "sha224", UNKNOWN + r".*rsa-sha224", "RFC 9231 2.3.2")


@case("method-rsa-sha1-allowed", changed="signed with RSA-SHA1 where it is allowed", status="accepted", allow=["sha1"],
      source="SAMLAllow sha1")
def _(m):
    return dsig.message(m, method=DSIG + "rsa-sha1", value=made_by("sha1"), digest_uri=DSIG + "sha1", hash_name="sha1")


def named(slug, uri, changed=None, source=DOWNGRADE, status="algorithm", says=None):
    """RSA-SHA256 under another name."""
    @case("method-" + slug, changed=changed or "SignatureMethod is %s" % slug.upper(), status=status,
          says=says or UNKNOWN, source=source)
    def _(m):
        return dsig.message(m, method=uri, fields={"name_id": EVE}, by="other")


named("rsa-ripemd160", MORE + "rsa-ripemd160", source="RFC 9231 2.3.5")
named("rsa-whirlpool", MORE + "rsa-whirlpool", source="RFC 9231 2.3.11")
named("dsa-sha1", DSIG + "dsa-sha1", source="XML Signature 6.4.1")
named("dsa-sha256", dsig.DSIG11 + "dsa-sha256", source="XML Signature 1.1, 6.4.1")
named("ecdsa-sha1", MORE + "ecdsa-sha1")
named("eddsa", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", source="RFC 9231 2.3.12")
named("sha1-pss", MORE07 + "sha1-rsa-MGF1", source="RFC 9231 2.3.10")
named("none", "none", "SignatureMethod is \"none\"", "RFC 7515 3.6: the algorithm none")
named("none-uri", DSIG + "none", "SignatureMethod is a URI that ends in none")
named("identity", "urn:identity", "SignatureMethod is no algorithm that anybody knows")
named("empty", "", "SignatureMethod has an empty Algorithm", says=UNKNOWN + '""')
named("upper-case", RSA_SHA256.upper(), "SignatureMethod is RSA-SHA256 in capitals", "RFC 3986 6.2.1: URIs compare octet by octet")
named("upper-case-fragment", MORE + "RSA-SHA256", "SignatureMethod's fragment is in capitals", "RFC 3986 6.2.1")
named("escaped", MORE + "rsa%2Dsha256", "SignatureMethod with an octet percent-encoded", "RFC 3986 6.2.1")
named("https", RSA_SHA256.replace("http:", "https:"), "SignatureMethod with https", "RFC 3986 6.2.1")
named("slash", RSA_SHA256 + "/", "SignatureMethod with a slash at its end", "RFC 3986 6.2.1")
named("digest", SHA256, "SignatureMethod names a digest", "XML Signature 6.1: an algorithm has one role")
named("c14n", dsig.EXC, "SignatureMethod names a canonicalisation", "XML Signature 6.1; CVE-2013-2172 (Santuario)")
named("transform", sr.ENVELOPED, "SignatureMethod names a transform", "XML Signature 6.1")
named("cipher", "http://www.w3.org/2001/04/xmlenc#aes256-cbc", "SignatureMethod names a cipher", "XML Signature 6.1")
named("key-transport", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "SignatureMethod names a key transport", "XML Signature 6.1")


@case("method-absent", changed="SignatureMethod without Algorithm", status="algorithm", says=UNKNOWN + "none$",
      source="XML Signature 4.4.2")
def _(m):
    return dsig.message(m, info=[(' Algorithm="%s"' % RSA_SHA256, "")], fields={"name_id": EVE})


@case("method-qualified", changed="SignatureMethod with Algorithm in a namespace only", status="signature",
      says=r"expected no Algorithm in a namespace, got one on .*SignatureMethod",
      source="Namespaces in XML 6.2; PortSwigger 2025, attribute pollution")
def _(m):
    return dsig.message(m, info=[('<SignatureMethod Algorithm="', '<SignatureMethod xmlns:q="urn:q" q:Algorithm="')],
                        fields={"name_id": EVE})


@case("method-twice-qualified", changed="SignatureMethod with q:Algorithm none before Algorithm; signed by the identity provider so",
      status="signature", says=r"expected no Algorithm in a namespace, got one on .*SignatureMethod",
      source="PortSwigger 2025, attribute pollution; libxml2's xmlGetProp ignores namespaces")
def _(m):
    return dsig.message(m, info=[('<SignatureMethod Algorithm="', '<SignatureMethod xmlns:q="urn:q" q:Algorithm="none" Algorithm="')])


@case("method-spaces", changed="white space around SignatureMethod's Algorithm; signed by the identity provider so", status="accepted",
      source="XML Schema 2, 3.2.17: anyURI collapses white space")
def _(m):
    return dsig.message(m, method=" %s\n" % RSA_SHA256)


@case("method-changed", changed="SignatureMethod is changed to RSA-SHA512 after signing", status="signature", says=NO_MATCH,
      source="XML Signature 3.2.2: SignedInfo is signed")
def _(m):
    return m.signed(after=[(RSA_SHA256, MORE + "rsa-sha512")])


@case("method-twice", changed="two SignatureMethods", status="signature", says=r"SignedInfo.*: expected Reference, got .*SignatureMethod",
      source="XML Signature 4.4, schema")
def _(m):
    return dsig.message(m, info=[("<SignatureMethod", '<SignatureMethod Algorithm="%s"/><SignatureMethod' % RSA_SHA256)])


# ---- digests -----------------------------------------------------------------------------------------------

def digest_case(slug, uri, hash_name, says, changed=None, status="algorithm", source=DOWNGRADE):
    @case("digest-" + slug, changed=changed or "signed by the identity provider, with a digest by %s" % slug.upper(), status=status,
          says=says, source=source)
    def _(m):
        return dsig.message(m, digest_uri=uri, hash_name=hash_name)


NO_DIGEST = r"digest algorithm: expected one of the accepted algorithms, got "
digest_case("sha1", DSIG + "sha1", "sha1", r"digest algorithm SHA-1 is weak and refused; \"SAMLAllow sha1\" would admit it",
            source="SHAttered; RFC 9142")
digest_case("md5", MORE + "md5", "md5", NO_DIGEST + r".*#md5", source="RFC 6151")
digest_case("sha224", MORE + "sha224", "sha224", NO_DIGEST)
digest_case("sha3", MORE07 + "sha3-256", "sha3_256", NO_DIGEST, source="RFC 9231 2.1.5")
digest_case("ripemd160", "http://www.w3.org/2001/04/xmlenc#ripemd160", "sha1", NO_DIGEST)
digest_case("none", "none", "sha256", NO_DIGEST, "DigestMethod is \"none\"")
digest_case("empty", "", "sha256", NO_DIGEST + '""', "DigestMethod has an empty Algorithm")
digest_case("signature-method", RSA_SHA256, "sha256", NO_DIGEST, "DigestMethod names a signature algorithm", source="XML Signature 6.1")
digest_case("hmac", MORE + "hmac-sha256", "sha256", NO_DIGEST, "DigestMethod names an HMAC", source="XML Signature 6.1")
digest_case("upper-case", SHA256.upper(), "sha256", NO_DIGEST, "DigestMethod is SHA-256 in capitals", source="RFC 3986 6.2.1")


@case("digest-absent", changed="DigestMethod without Algorithm", status="algorithm", says=NO_DIGEST + "none$", source="XML Signature 4.4.3.5")
def _(m):
    return dsig.message(m, info=[('<DigestMethod Algorithm="%s"/>' % SHA256, "<DigestMethod/>")])


@case("digest-parameter", changed="DigestMethod with a parameter; signed by the identity provider so", status="signature",
      says=r"DigestMethod takes no parameter, got ", source="XML Signature 4.4.3.5")
def _(m):
    return dsig.message(m, info=[('<DigestMethod Algorithm="%s"/>' % SHA256,
                                  '<DigestMethod Algorithm="%s"><Length xmlns="urn:x">0</Length></DigestMethod>' % SHA256)])


for _slug, _octets, _says in (
        ("short", b"\x00", r"DigestValue: has 1 octets, which is no SHA-256"),
        ("half", b"\x00" * 16, r"DigestValue: has 16 octets, which is no SHA-256"),
        ("long", b"\x00" * 33, r"DigestValue: has 33 octets, which is no SHA-256"),
        ("zeros", b"\x00" * 32, r"the digest of .* does not match"),
        ("of-nothing", hashlib.sha256(b"").digest(), r"the digest of .* does not match"),
        ("sha1-as-sha256", hashlib.sha1(b"").digest(), r"DigestValue: has 20 octets, which is no SHA-256")):
    @case("digest-value-" + _slug, changed="a DigestValue of %s; signed by the identity provider so" % {
              "short": "one octet", "half": "16 octets", "long": "33 octets", "zeros": "zeros",
              "of-nothing": "no octets at all", "sha1-as-sha256": "the length of SHA-1's"}[_slug],
          status="signature", says=_says, source={"of-nothing": "PortSwigger 2025, void canonicalization; CVE-2025-66568 (ruby-saml)"}.get(
              _slug, "XML Signature 3.2.1; simplesamlphp.org 201809-01 (loose comparison)"))
    def _(m, octets=_octets):
        return dsig.message(m, fields={"name_id": EVE}, digest_value=b64(octets))


@case("digest-sha512-of-none", changed="signed by the identity provider, SHA-512 as digest with RSA-SHA256", status="accepted",
      source="XML Signature 6.2: they are chosen apart")
def _(m):
    return dsig.message(m, digest_uri="http://www.w3.org/2001/04/xmlenc#sha512", hash_name="sha512")


# ---- RSA -------------------------------------------------------------------------------------------------------

def value_case(slug, changed, value, says=NO_MATCH, source="RFC 8017 8.2.2", status="signature", certs=("idp",), by="idp",
               method=RSA_SHA256, user=None, through=("cli", "acs")):
    options = {"user": user} if user else {}

    @case("value-" + slug, changed=changed, status=status, says=None if status == "accepted" else says, source=source,
          certs=list(certs), through=through, **options)
    def _(m):
        return dsig.message(m, by=by, value=value, method=method, fields={"name_id": ADA if status == "accepted" else EVE})


def true_value(key, octets):
    return made_by()(key, octets)


def public(key):
    return key.private.public_key().public_numbers()


def octets_of(key, value):
    return value.to_bytes((public(key).n.bit_length() + 7) // 8, "big")


DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


value_case("zero", "a signature value of 0", lambda k, o: bytes(256), source="RFC 8017 5.2.2")
value_case("one", "a signature value of 1", lambda k, o: bytes(255) + b"\x01", source="RFC 8017 5.2.2")
value_case("minus-one", "a signature value of n - 1", lambda k, o: octets_of(k, public(k).n - 1), source="RFC 8017 5.2.2")
value_case("modulus", "a signature value of n", lambda k, o: octets_of(k, public(k).n), source="RFC 8017 5.2.2: s is below n")
value_case("plus-modulus", "the right value plus n, where it fits", lambda k, o: octets_of(
    k, min(int.from_bytes(true_value(k, o), "big") + public(k).n, (1 << public(k).n.bit_length()) - 1)), source="RFC 8017 5.2.2")
value_case("ones", "a signature value of all ones", lambda k, o: b"\xff" * 256, source="RFC 8017 5.2.2")
value_case("negative", "the right value negated modulo n", lambda k, o: octets_of(k, public(k).n - int.from_bytes(true_value(k, o), "big")),
           source="RFC 8017 5.2.2")
value_case("one-octet", "a signature value of one octet", lambda k, o: b"\x01", source="RFC 8017 8.2.2, step 1")
value_case("cut", "the right value without its last octet", lambda k, o: true_value(k, o)[:-1], source="RFC 8017 8.2.2, step 1")
value_case("longer", "the right value and one octet more", lambda k, o: true_value(k, o) + b"\x00", source="RFC 8017 8.2.2, step 1")
value_case("zero-before", "a zero octet before the right value", lambda k, o: b"\x00" + true_value(k, o), source="RFC 8017 8.2.2, step 1")
value_case("doubled", "the right value, twice", lambda k, o: true_value(k, o) * 2, source="RFC 8017 8.2.2, step 1")
value_case("reversed", "the right value with its octets reversed", lambda k, o: true_value(k, o)[::-1])
value_case("flipped", "the right value with one bit turned", lambda k, o: bytes([true_value(k, o)[0] ^ 1]) + true_value(k, o)[1:])
value_case("digest", "the digest in place of the signature", lambda k, o: hashlib.sha256(o).digest())
value_case("encoded-plain", "the padded digest in place of its signature", lambda k, o: b"\x00\x01" + b"\xff" * (256 - 54) + b"\x00"
           + DIGEST_INFO + hashlib.sha256(o).digest())
value_case("too-long", "a signature value of 4096 octets", lambda k, o: b"\x01" * 4096, r"SignatureValue: expected base64 of at most 2048 octets",
           "bounded work")


def cube_root(value):
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle ** 3 <= value else (low, middle - 1)
    return low


def bleichenbacher(prefix, behind=b""):
    """A number whose cube begins with a padded digest: it needs no private key where e is 3."""
    def value(key, octets):
        head = prefix + DIGEST_INFO + hashlib.sha256(octets).digest() + behind
        top = int.from_bytes(head + b"\xff" * (256 - len(head)), "big")
        return octets_of(key, cube_root(top))
    return value


E3 = dict(certs=["idp-e3"], by="idp-e3", source="Bleichenbacher 2006; CVE-2006-4339 (OpenSSL)",
          says=r"the signature value does not match any of the 1 keys tried: \"CN=idp-e3\"")
value_case("e3-good", "signed by the identity provider with a key whose exponent is 3", made_by(), status="accepted", **E3)
value_case("e3-garbage-behind", "forged without the key: exponent 3, garbage behind the digest",
           bleichenbacher(b"\x00\x01" + b"\xff" * 8 + b"\x00"), **E3)
value_case("e3-no-padding", "forged without the key: exponent 3, no padding at all", bleichenbacher(b"\x00\x01\x00"), **E3)
value_case("e3-parameters", "forged without the key: exponent 3, garbage as parameters of the hash",
           bleichenbacher(b"\x00\x01" + b"\xff" * 8 + b"\x00", b"\x05\x82\x00\x80"),
           **dict(E3, source="CVE-2006-4790 (GnuTLS); BERserk, CVE-2014-1568 (NSS)"))


def encoded(build):
    """Sign any encoded message with the private exponent, as only the identity provider could."""
    def value(key, octets):
        d, n = key.private.private_numbers().d, public(key).n
        return octets_of(key, pow(int.from_bytes(build(hashlib.sha256(octets).digest()), "big"), d, n))
    return value


def padded(info, kind=b"\x01", fill=b"\xff"):
    return b"\x00" + kind + fill * (256 - 3 - len(info)) + b"\x00" + info


EMSA = "RFC 8017 9.2 (EMSA-PKCS1-v1_5); made with the private key, to see that each octet counts"
value_case("emsa-good", "made step by step as RFC 8017 says", encoded(lambda d: padded(DIGEST_INFO + d)), status="accepted", source=EMSA)
value_case("emsa-type-2", "padded as for encryption", encoded(lambda d: padded(DIGEST_INFO + d, b"\x02", b"\xaa")), source=EMSA)
value_case("emsa-fill", "padded with other octets than 255", encoded(lambda d: padded(DIGEST_INFO + d, fill=b"\xfe")), source=EMSA)
value_case("emsa-no-info", "the digest without its algorithm", encoded(padded), source=EMSA)
value_case("emsa-no-null", "the digest's algorithm without NULL", encoded(lambda d: padded(
    bytes.fromhex("302f300b0609608648016503040201" + "0420") + d)), source=EMSA)
value_case("emsa-other-hash", "the digest said to be one of SHA-512/256", encoded(lambda d: padded(
    bytes.fromhex("3031300d060960864801650304020605000420") + d)), source=EMSA)
value_case("emsa-short-padding", "a short padding, zeros behind", encoded(lambda d: (
    b"\x00\x01" + b"\xff" * 8 + b"\x00" + DIGEST_INFO + d).ljust(256, b"\x00")), source=EMSA)
