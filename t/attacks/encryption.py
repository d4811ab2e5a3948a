# SPDX-License-Identifier: Apache-2.0
"""Encrypted assertions: genuine ones, weak ones, damaged ones, for another, in other wrappers.

Encryption is no authentication: anybody can encrypt for us. What went wrong between decryption and proof has one reason
and one cost (t/unit/test_decoy).
"""
import os

import xmlenc
from attack import ADA, change, sr
from xmlenc import (CANNOT, CORE, OAEP11, RSA15, XENC, XENC11, assertion, bad, encrypted, encrypted_key, good, response,
                    with_encrypted_attribute, with_encrypted_id)

PADDING = "Vaudenay 2002; Jager, Somorovsky 2011: How to Break XML Encryption"
BLEICHENBACHER = "Bleichenbacher 1998; Jager, Schinzel, Somorovsky 2012"


# ---- genuine -------------------------------------------------------------------

for _cipher in sorted(xmlenc.CIPHERS):
    if _cipher != "3des":
        @good(_cipher, "encrypted with %s" % _cipher, "XML Encryption 1.1, 5.2")
        def _(m, cipher=_cipher):
            return response(m, encrypted(m, assertion(m), cipher=cipher))

        @good(_cipher + "-xmlsec", "encrypted with %s by xmlsec" % _cipher, "XML Encryption 1.1, 5.2")
        def _(m, cipher=_cipher):
            return m.encrypted(cipher=cipher)

for _digest in ("sha1", "sha256", "sha384", "sha512"):
    @good("oaep-mgf1p-" + _digest, "OAEP with MGF1 and %s" % _digest, "XML Encryption 1.1, 5.5.2")
    def _(m, digest=_digest):
        return response(m, encrypted(m, assertion(m), digest=digest))

    for _mgf in ("sha1", "sha256"):
        @good("oaep11-%s-%s" % (_digest, _mgf), "OAEP of 1.1 with %s, MGF1 with %s" % (_digest, _mgf),
              "XML Encryption 1.1, 5.5.2")
        def _(m, digest=_digest, mgf=_mgf):
            return response(m, encrypted(m, assertion(m), transport=OAEP11, digest=digest, mgf=mgf))


@good("oaep11-defaults", "OAEP of 1.1 that says nothing: SHA-1 twice", "XML Encryption 1.1, 5.5.2")
def _(m):
    return response(m, encrypted(m, assertion(m), transport=OAEP11))


@good("oaep-label", "OAEP with OAEPparams", "XML Encryption 1.1, 5.5.2")
def _(m):
    return response(m, encrypted(m, assertion(m), label=b"label"))


@good("key-beside", "EncryptedKey beside EncryptedData")
def _(m):
    key = os.urandom(32)
    return response(m, encrypted(m, assertion(m), key=key, keys="", beside=encrypted_key(m, key)))


@good("key-beside-retrieval", "EncryptedKey beside EncryptedData, a RetrievalMethod names it", "XML Encryption 1.1, 3.5.3")
def _(m):
    key = os.urandom(32)
    return response(m, encrypted(
        m, assertion(m), key=key, keys="", beside=encrypted_key(m, key, attributes=' Id="_k"'),
        key_info='<ds:RetrievalMethod Type="%sEncryptedKey" URI="#_k"/>' % XENC))


@good("response-signed", "the Assertion is encrypted and not signed, the Response signed")
def _(m):
    return response(m, encrypted(m, assertion(m, sign=False)), sign="response")


@good("both-signed", "Assertion signed and encrypted, Response signed")
def _(m):
    return response(m, encrypted(m, assertion(m)), sign="response")


@good("no-type", "EncryptedData without Type", "XML Encryption 1.1, 3.1: optional")
def _(m):
    return response(m, encrypted(m, assertion(m), type_=None))


@good("key-of-other-too", "EncryptedKey for another recipient first, then for us", "XML Encryption 1.1, 3.5")
def _(m):
    key = os.urandom(32)
    return response(m, encrypted(m, assertion(m), key=key, keys=encrypted_key(m, key, to="other")
                                 + encrypted_key(m, key)))


@good("prefix-outside", "prefixes of the Assertion are declared on the Response only", "XML Encryption 1.1, 4.5")
def _(m):
    plain = assertion(m, style="prefixed")
    return change(response(m, encrypted(m, plain.replace(b' xmlns:saml="%s"' % sr.NS_SAML.encode(), b"", 1))),
                  [("<samlp:Response ", '<samlp:Response xmlns:saml="%s" ' % sr.NS_SAML)])


@good("comment-and-space", "white space in CipherValue, comments between the elements", "XML Encryption 1.1, 3.3.1")
def _(m):
    xml = response(m, encrypted(m, assertion(m)))
    return xml.replace(b"<xenc:CipherValue>", b"<!-- x -->\n<xenc:CipherValue>\n ").replace(
        b"</xenc:CipherValue>", b"\n</xenc:CipherValue>\n")


@good("declaration-inside", "the plain text begins with an XML declaration", "practice")
def _(m):
    return response(m, encrypted(m, b'<?xml version="1.0" encoding="UTF-8"?>' + assertion(m)))


@good("id", "EncryptedID in a signed Assertion", "SAML Core 2.2.4", says="", user=ADA)
def _(m):
    return with_encrypted_id(m, '<saml:NameID xmlns:saml="%s">%s</saml:NameID>' % (sr.NS_SAML, ADA))


@good("attribute", "EncryptedAttribute in a signed Assertion", "SAML Core 2.7.3.2", says=r'"urn:hidden":\["v"\]')
def _(m):
    return with_encrypted_attribute(m, '<saml:Attribute xmlns:saml="%s" Name="urn:hidden"><saml:AttributeValue>v'
                                    '</saml:AttributeValue></saml:Attribute>' % sr.NS_SAML)


@good("id-and-attribute-encrypted", "EncryptedID in an encrypted Assertion", "SAML Core 2.2.4", user=ADA)
def _(m):
    inner = encrypted(m, ('<saml:NameID xmlns:saml="%s">%s</saml:NameID>' % (sr.NS_SAML, ADA)).encode(), wrapper="EncryptedID")
    plain = assertion(m, name_id="MARK", before=[
        ('<NameID Format="%s">MARK</NameID>' % sr.FORMAT_EMAIL, inner)])
    return response(m, encrypted(m, plain))


# ---- what is weak ---------------------------------------------------------------

@bad("rsa15", "RSA 1.5, which is not allowed", BLEICHENBACHER, "algorithm", "RSA 1.5 is weak and refused")
def _(m):
    return response(m, encrypted(m, assertion(m), transport=RSA15))


@good("rsa15-allowed", "RSA 1.5, allowed", allow=["rsa1_5"])
def _(m):
    return response(m, encrypted(m, assertion(m), transport=RSA15))


@bad("3des", "3DES, which is not allowed", "CVE-2016-2183", "algorithm", "3DES-CBC is weak and refused")
def _(m):
    return response(m, encrypted(m, assertion(m), cipher="3des"))


@good("3des-allowed", "3DES, allowed", allow=["3des"])
def _(m):
    return response(m, encrypted(m, assertion(m), cipher="3des"))


for _name, _uri in (("none", "urn:none"), ("empty", ""), ("kw-aes128", XENC + "kw-aes128"), ("des", XENC + "des-cbc"),
                    ("seed", "http://www.w3.org/2007/05/xmldsig-more#seed128-cbc"),
                    ("camellia", "http://www.w3.org/2001/04/xmldsig-more#camellia256-cbc"), ("arcfour", "http://www.w3.org/2001/04/xmldsig-more#arcfour"),
                    ("chacha", "http://www.w3.org/2021/04/xmldsig-more#chacha20poly1305"), ("case", XENC + "AES256-CBC"),
                    ("transport", sr.NS_XENC + "rsa-oaep-mgf1p"), ("signature", sr.SIGNATURE_ALGORITHMS["rsa-sha256"])):
    @bad("cipher-" + _name, "the cipher %s" % (_uri or '""'), "XML Encryption 1.1, 5.1", "algorithm",
         "encryption algorithm: expected one of the accepted algorithms, got")
    def _(m, uri=_uri):
        return response(m, encrypted(m, assertion(m), method='<xenc:EncryptionMethod Algorithm="%s"/>' % uri))

for _name, _uri in (("none", "urn:none"), ("kw-aes256", XENC + "kw-aes256"), ("dh", XENC + "dh"),
                    ("ecdh", XENC11 + "ECDH-ES"), ("cipher", XENC + "aes256-cbc"), ("signature", sr.SIGNATURE_ALGORITHMS["rsa-sha256"])):
    @bad("transport-" + _name, "the key transport %s" % _uri, "XML Encryption 1.1, 5.5", "algorithm",
         "key transport algorithm: expected one of the accepted algorithms, got")
    def _(m, uri=_uri):
        return response(m, encrypted(m, assertion(m), transport=uri, octets=b"\1" * 256))


@bad("method-missing", "no EncryptionMethod in EncryptedData", "XML Encryption 1.1, 3.2", "algorithm",
     "encryption algorithm: expected one of the accepted algorithms, got none")
def _(m):
    return response(m, encrypted(m, assertion(m), method="<!-- -->"))


@bad("method-two", "two EncryptionMethods, the first one ours", "XML Encryption 1.1, 3.2", says="expected one EncryptionMethod, got more")
def _(m):
    two = '<xenc:EncryptionMethod Algorithm="%saes256-cbc"/>' % XENC
    return response(m, encrypted(m, assertion(m), method=two + two))


for _name, _transport, _parameters in (
        ("digest-md5", OAEP11, '<ds:DigestMethod xmlns:ds="%s" Algorithm="%smd5"/>' % (sr.NS_DS, xmlenc.MORE)),
        ("digest-none", OAEP11, '<ds:DigestMethod xmlns:ds="%s"/>' % sr.NS_DS),
        ("mgf-none", OAEP11, '<x:MGF xmlns:x="%s"/>' % XENC11),
        ("mgf-unknown", OAEP11, '<x:MGF xmlns:x="%s" Algorithm="urn:x"/>' % XENC11)):
    @bad("oaep-" + _name, "OAEP with parameters that nobody knows: " + _name, "XML Encryption 1.1, 5.5.2", "algorithm",
         "OAEP .*: expected one of the accepted algorithms, got")
    def _(m, transport=_transport, parameters=_parameters):
        return response(m, encrypted(m, assertion(m), transport=transport, parameters=parameters))

for _name, _changed, _truth, _lie in (
        ("digest-lie", "another digest than the key has", {"digest": "sha256"}, {"digest": "sha1"}),
        ("mgf-lie", "another MGF than the key has", {"digest": "sha256", "mgf": "sha256"}, {"digest": "sha256", "mgf": "sha1"}),
        ("label-lie", "another label than the key has", {"label": b"one"}, {"label": b"two"}),
        ("label-missing", "no label where the key has one", {"label": b"one"}, {}),
        ("label-added", "a label where the key has none", {}, {"label": b"one"})):
    @bad("oaep-" + _name, "OAEP with " + _changed, "XML Encryption 1.1, 5.5.2; Manger 2001")
    def _(m, truth=_truth, lie=_lie):
        key = os.urandom(32)
        transport = OAEP11 if "mgf" in truth else xmlenc.OAEP
        octets = xmlenc.wrapped(m, key, "sp", transport, truth.get("digest", "sha1"), truth.get("mgf", "sha1"), truth.get("label"))
        return response(m, encrypted(m, assertion(m), key=key, keys=encrypted_key(m, key, transport=transport, octets=octets, **lie)))


@bad("oaep-label-junk", "OAEPparams that are no base64", "XML Encryption 1.1, 5.5.2", says="OAEPparams: expected base64")
def _(m):
    return response(m, encrypted(m, assertion(m), parameters="<xenc:OAEPparams>!!</xenc:OAEPparams>"))


# ---- keys --------------------------------------------------------------------------

@bad("other-key", "encrypted for another", CORE)
def _(m):
    return response(m, encrypted(m, assertion(m), to="other"))


@bad("no-key", "encrypted, and the receiver has no key", CORE, says=r"no key to decrypt it with is configured \(SAMLKey\)",
     through=("cli",), key=False)
def _(m):
    return m.encrypted()


for _name, _key in (("ec", "idp-ec256"), ("small", "idp1024")):
    @bad("key-" + _name, "the key for somebody whose key is of another kind: " + _name, "XML Encryption 1.1, 5.5")
    def _(m, name=_key):
        octets = b"\1" * (64 if name.endswith("256") else 128)
        return response(m, encrypted(m, assertion(m), octets=octets))


@bad("key-missing", "no EncryptedKey", CORE, says="expected an EncryptedKey in KeyInfo or beside EncryptedData, got none")
def _(m):
    return response(m, encrypted(m, assertion(m), keys=""))


@bad("key-name-only", "a KeyName in place of an EncryptedKey", "XML Encryption 1.1, 3.5", says="expected an EncryptedKey .* got none")
def _(m):
    return response(m, encrypted(m, assertion(m), keys="", key_info="<ds:KeyName>sp</ds:KeyName>"))


@bad("key-agreement", "an AgreementMethod in place of an EncryptedKey", "XML Encryption 1.1, 5.6", says="expected an EncryptedKey .* got none")
def _(m):
    return response(m, encrypted(m, assertion(m), keys="", key_info='<xenc:AgreementMethod Algorithm="%sECDH-ES"/>' % XENC11))


@bad("key-derived", "a DerivedKey in place of an EncryptedKey", "XML Encryption 1.1, 5.4", says="expected an EncryptedKey .* got none")
def _(m):
    return response(m, encrypted(m, assertion(m), keys="", key_info='<x:DerivedKey xmlns:x="%s"/>' % XENC11))


for _name, _uri in (("http", "http://127.0.0.1:9/key"), ("file", "file:///etc/ssl/private/key"), ("other", "#_elsewhere"),
                    ("itself", "#_d"), ("empty", ""), ("xpointer", "#xpointer(//*)")):
    @bad("retrieval-" + _name, "RetrievalMethod to %s and no EncryptedKey" % (_uri or '""'), "XML Signature 4.5.3; CVE-2013-2153",
         says="expected an EncryptedKey .* got none")
    def _(m, uri=_uri):
        return response(m, encrypted(m, assertion(m), keys="", key_info='<ds:RetrievalMethod URI="%s"/>' % uri))


@bad("retrieval-elsewhere", "RetrievalMethod to an EncryptedKey that stands in Extensions", "XML Encryption 1.1, 3.5.3",
     says="expected an EncryptedKey .* got none")
def _(m):
    key = os.urandom(32)
    xml = response(m, encrypted(m, assertion(m), key=key, keys="", key_info='<ds:RetrievalMethod URI="#_k"/>'))
    return change(xml, [("<samlp:Status>", "<samlp:Extensions>%s</samlp:Extensions><samlp:Status>"
                         % encrypted_key(m, key, attributes=' Id="_k"'))])


@good("retrieval-tricks", "a good EncryptedKey, and RetrievalMethods to addresses that nobody fetches", "XML Signature 4.5.3")
def _(m):
    return response(m, encrypted(m, assertion(m), key_info='<ds:RetrievalMethod URI="http://127.0.0.1:9/"/>'
                                 '<ds:RetrievalMethod URI="file:///etc/passwd"/>'))


@good("carried-key-name", "CarriedKeyName, KeyName, Recipient and a ReferenceList that name others", "XML Encryption 1.1, 3.5.1")
def _(m):
    return response(m, encrypted(
        m, assertion(m), key_info="<ds:KeyName>stolen</ds:KeyName>", attributes=' Recipient="https://attacker.example/"',
        tail='<xenc:ReferenceList><xenc:DataReference URI="#_other"/><xenc:KeyReference URI="http://127.0.0.1:9/"/>'
        '</xenc:ReferenceList><xenc:CarriedKeyName>stolen</xenc:CarriedKeyName>'))


@bad("carried-key-only", "CarriedKeyName of a key that another EncryptedData named", "XML Encryption 1.1, 3.5.1")
def _(m):
    key = os.urandom(32)
    return response(m, encrypted(m, assertion(m), key=key, keys=encrypted_key(m, os.urandom(32), tail="<xenc:CarriedKeyName>k"
                                 "</xenc:CarriedKeyName>"), key_info="<ds:KeyName>k</ds:KeyName>"))


@bad("keys-nine", "nine EncryptedKeys", "CWE-400", says="expected at most 8 EncryptedKey, got more")
def _(m):
    key = os.urandom(32)
    return response(m, encrypted(m, assertion(m), key=key, keys=encrypted_key(m, key) * 9))


@good("keys-eight", "eight EncryptedKeys, ours the last", "XML Encryption 1.1, 3.5")
def _(m):
    key = os.urandom(32)
    return response(m, encrypted(m, assertion(m), key=key, keys=encrypted_key(m, key, to="other") * 7 + encrypted_key(m, key)))


@bad("keys-wrong", "two EncryptedKeys for us, both with other keys", "XML Encryption 1.1, 3.5")
def _(m):
    return response(m, encrypted(m, assertion(m), keys=encrypted_key(m, os.urandom(32)) + encrypted_key(m, os.urandom(32))))


for _size in (0, 1, 8, 15, 16, 24, 31, 33, 64):
    @bad("key-octets-%d" % _size, "a content key of %d octets for AES-256" % _size, "XML Encryption 1.1, 5.2")
    def _(m, size=_size):
        key = os.urandom(64)
        return response(m, encrypted(m, assertion(m), key=key[:32], keys=encrypted_key(m, key[:size])))

for _name, _edit in (("first", lambda b: bytes([b[0] ^ 1]) + b[1:]), ("last", lambda b: b[:-1] + bytes([b[-1] ^ 1])),
                     ("short", lambda b: b[:-1]), ("long", lambda b: b + b"\0"), ("zero", lambda b: b"\0" * len(b)),
                     ("one", lambda b: b"\0" * (len(b) - 1) + b"\1"), ("high", lambda b: b"\xff" * len(b)),
                     ("empty", lambda b: b"")):
    @bad("wrapped-" + _name, "the wrapped key damaged: " + _name, "XML Encryption 1.1, 5.5; Manger 2001")
    def _(m, edit=_edit):
        key = os.urandom(32)
        return response(m, encrypted(m, assertion(m), key=key, keys=encrypted_key(m, key, edit=edit)))


def block(m, start, filler, end):
    """A block of RSA 1.5 as long as the key: start, filler, end."""
    size = m.key("sp").private.key_size // 8
    return start + filler * (size - len(start) - len(end)) + end


for _name, _start, _filler, _end in (
        ("type-1", b"\0\1", b"\1", b"\0" + b"k" * 32), ("first", b"\1\2", b"\1", b"\0" + b"k" * 32),
        ("no-zero", b"\0\2", b"\1", b"k" * 32), ("zero-early", b"\0\2\1\0", b"\1", b"\0" + b"k" * 32),
        ("short-key", b"\0\2", b"\1", b"\0" + b"k" * 16), ("long-key", b"\0\2", b"\1", b"\0" + b"k" * 33),
        ("no-key", b"\0\2", b"\1", b"\0"), ("zeros", b"", b"\0", b"\1")):
    @bad("bleichenbacher-" + _name, "RSA 1.5, allowed, with wrong padding: " + _name, BLEICHENBACHER, allow=["rsa1_5"])
    def _(m, start=_start, filler=_filler, end=_end):
        octets = xmlenc.raw_wrapped(m, block(m, start, filler, end))
        return response(m, encrypted(m, assertion(m), key=b"k" * 32, keys=encrypted_key(m, b"", transport=RSA15, octets=octets)))


@good("bleichenbacher-right", "RSA 1.5, allowed, with padding made by hand that is right", BLEICHENBACHER, allow=["rsa1_5"])
def _(m):
    octets = xmlenc.raw_wrapped(m, block(m, b"\0\2", b"\1", b"\0" + b"k" * 32))
    return response(m, encrypted(m, assertion(m), key=b"k" * 32, keys=encrypted_key(m, b"", transport=RSA15, octets=octets)))


@bad("transport-confusion", "a key wrapped with OAEP declared as RSA 1.5, allowed", "Jager et al. 2013: backwards compatibility",
     allow=["rsa1_5"])
def _(m):
    key = os.urandom(32)
    return response(m, encrypted(m, assertion(m), key=key, keys=encrypted_key(m, key, transport=RSA15, octets=xmlenc.wrapped(m, key))))


@bad("transport-confusion-back", "a key wrapped with RSA 1.5 declared as OAEP", "Jager et al. 2013: backwards compatibility")
def _(m):
    key = os.urandom(32)
    return response(m, encrypted(m, assertion(m), key=key, keys=encrypted_key(m, key, octets=xmlenc.wrapped(m, key, transport=RSA15))))


# ---- ciphertext ------------------------------------------------------------------------

for _last in [0] + list(range(17, 256, 17)) + [128, 254]:
    @bad("padding-%d" % _last, "CBC padding whose last octet is %d" % _last, PADDING)
    def _(m, last=_last):
        return response(m, encrypted(m, assertion(m), last=last))


@bad("padding-all", "a block of 255s as plain text", PADDING)
def _(m):
    return response(m, encrypted(m, b"\xff" * 15, last=255))


for _pad in range(1, 17):
    @good("padding-right-%d" % _pad, "CBC padding of %d octets" % _pad, "XML Encryption 1.1, 5.2")
    def _(m, pad=_pad):
        plain = assertion(m)
        return response(m, encrypted(m, plain + b" " * ((-len(plain) - pad) % 16)))


@bad("padding-16-more", "a padding that says 16 where it is 1: the Assertion is cut", PADDING)
def _(m):
    plain = assertion(m)
    return response(m, encrypted(m, plain + b" " * ((-len(plain) - 1) % 16), last=16 if (-len(plain) - 1) % 16 < 14 else 17))


def flip(octets, at):
    octets = bytearray(octets)
    octets[at] ^= 0x80
    return bytes(octets)


for _cipher in ("aes256-cbc", "aes256-gcm"):
    for _name, _edit in (
            ("first-block", lambda b: flip(b, 20)), ("middle", lambda b: flip(b, len(b) // 2)), ("last", lambda b: flip(b, -1)),
            ("iv", lambda b: flip(b, 0)), ("cut-octet", lambda b: b[:-1]), ("cut-block", lambda b: b[:-16]),
            ("cut-first", lambda b: b[16:]), ("added-block", lambda b: b + b"\0" * 16), ("added-octet", lambda b: b + b"\0"),
            ("half", lambda b: b[:len(b) // 32 * 16]), ("iv-only", lambda b: b[:16]), ("one-block", lambda b: b[:32]),
            ("empty", lambda b: b""), ("one-octet", lambda b: b[:1]), ("swapped", lambda b: b[:32] + b[48:64] + b[32:48] + b[64:]),
            ("twice", lambda b: b + b), ("zeros", lambda b: b"\0" * len(b))):
        @bad("%s-%s" % (_cipher[-3:], _name), "%s: ciphertext damaged: %s" % (_cipher, _name),
             PADDING if _cipher.endswith("cbc") else "NIST SP 800-38D; Joux 2006")
        def _(m, cipher=_cipher, edit=_edit):
            plain = assertion(m)
            # The end tag ends in the last block: where a damaged one reads as padding and nothing else, it is missed.
            plain = plain[:-1] + b" " * ((8 - len(plain)) % 16) + plain[-1:]
            return response(m, encrypted(m, plain, cipher=cipher, edit=edit))

for _name, _edit in (("tag-first", lambda b: flip(b, -16)), ("tag-cut-12", lambda b: b[:-4]), ("tag-cut-4", lambda b: b[:-12]),
                     ("tag-none", lambda b: b[:-16]), ("tag-zero", lambda b: b[:-16] + b"\0" * 16),
                     ("tag-only", lambda b: b[:12] + b[-16:]), ("iv-16", lambda b: b"\0" * 4 + b)):
    @bad("gcm-" + _name, "GCM: " + _name, "NIST SP 800-38D, 7.2; CWE-354")
    def _(m, edit=_edit):
        return response(m, encrypted(m, assertion(m), cipher="aes256-gcm", edit=edit))


@bad("gcm-as-cbc", "GCM ciphertext declared as CBC", "Jager, Paterson, Somorovsky 2013: One Bad Apple")
def _(m):
    return response(m, encrypted(m, assertion(m), cipher="aes256-gcm", cipher_uri=XENC + "aes256-cbc"))


@bad("cbc-as-gcm", "CBC ciphertext declared as GCM", "Jager, Paterson, Somorovsky 2013: One Bad Apple")
def _(m):
    return response(m, encrypted(m, assertion(m), cipher_uri=XENC11 + "aes256-gcm"))


@bad("aes128-as-aes256", "a key of AES-128 for what is declared AES-256", "XML Encryption 1.1, 5.2")
def _(m):
    return response(m, encrypted(m, assertion(m), cipher="aes128-cbc", cipher_uri=XENC + "aes256-cbc"))


@bad("iv-flipped", "CBC: the first octet of the plain text turned by the IV, from < to another", PADDING)
def _(m):
    return response(m, encrypted(m, assertion(m), edit=lambda b: bytes([b[0] ^ ord("<") ^ ord("A")]) + b[1:]))


@bad("iv-name", "CBC: a letter of the element's name turned by the IV", PADDING)
def _(m):
    return response(m, encrypted(m, assertion(m), edit=lambda b: b[:2] + bytes([b[2] ^ 1]) + b[3:]))


@bad("iv-declaration", "CBC: text before the Assertion, turned by the IV into a comment's start", PADDING)
def _(m):
    return response(m, encrypted(m, b"<!-- x         x" + assertion(m)))


# ---- the wrapper ----------------------------------------------------------------------------

@bad("type-content", "EncryptedData says that it holds content", "XML Encryption 1.1, 3.1", says="EncryptedData Type: expected .*Element., got .*Content")
def _(m):
    return response(m, encrypted(m, assertion(m), type_=XENC + "Content"))


for _name, _type in (("empty", ""), ("exi", "http://www.w3.org/2009/xmlenc11#EXI"), ("key", XENC + "EncryptedKey"), ("mime", "text/xml")):
    @bad("type-" + _name, "EncryptedData with the Type %s" % (_type or '""'), "XML Encryption 1.1, 3.1", says="EncryptedData Type: expected")
    def _(m, type_=_type):
        return response(m, encrypted(m, assertion(m), type_=type_))


for _name, _uri in (("http", "http://127.0.0.1:9/"), ("file", "file:///etc/passwd"), ("fragment", "#_x"), ("empty", "")):
    @bad("cipher-reference-" + _name, "a CipherReference to %s" % (_uri or '""'), "XML Encryption 1.1, 3.3.1; CWE-918",
         says='expected one CipherValue in CipherData, got "CipherReference"')
    def _(m, uri=_uri):
        return response(m, encrypted(m, b"x", data='<xenc:CipherData><xenc:CipherReference URI="%s"><xenc:Transforms/>'
                                     '</xenc:CipherReference></xenc:CipherData>' % uri))


@bad("cipher-reference-key", "a CipherReference in EncryptedKey", "XML Encryption 1.1, 3.3.1; CWE-918",
     says='EncryptedKey: expected one CipherValue in CipherData, got "CipherReference"')
def _(m):
    xml = response(m, encrypted(m, assertion(m), octets="MARK"))
    return change(xml, [("<xenc:CipherValue>MARK</xenc:CipherValue>", '<xenc:CipherReference URI="http://127.0.0.1:9/"/>')])


for _name, _data, _says in (
        ("none", "", "expected one CipherData, got 0"), ("empty", "<xenc:CipherData/>", "expected one CipherValue in CipherData, got none"),
        ("two", "<xenc:CipherData/><xenc:CipherData/>", "expected one CipherData, got 2"),
        ("two-values", "<xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue><xenc:CipherValue/></xenc:CipherData>", "expected one CipherValue in CipherData"),
        ("junk", xmlenc.cipher_data("!!!"), "CipherValue: expected base64"), ("element", xmlenc.cipher_data("AA<x/>AA"), "CipherValue: expected base64"),
        ("no-octets", xmlenc.cipher_data(""), CANNOT)):
    @bad("cipher-data-" + _name, "CipherData: " + _name, "XML Encryption 1.1, 3.3", says=_says)
    def _(m, data=_data):
        return response(m, encrypted(m, b"x", data=data))


@good("cipher-value-comment", "a comment and a CDATA section in CipherValue", "XML Encryption 1.1, 3.3: octets are octets")
def _(m):
    xml = response(m, encrypted(m, assertion(m)))
    head, tail = xml.rsplit(b"<xenc:CipherValue>", 1)
    return head + b"<xenc:CipherValue>" + tail[:40] + b"<!-- x --><![CDATA[" + tail[40:80] + b"]]>" + tail[80:]


@bad("data-two", "two EncryptedData in one wrapper", CORE, says="expected one EncryptedData, got 2")
def _(m):
    return response(m, encrypted(m, assertion(m), before='<xenc:EncryptedData xmlns:xenc="%s"/>' % XENC))


@bad("data-none", "an empty EncryptedAssertion", CORE, says="expected one EncryptedData, got 0")
def _(m):
    return response(m, '<EncryptedAssertion xmlns="%s"/>' % sr.NS_SAML)


@bad("data-other-namespace", "EncryptedData of another namespace", CORE, says="expected one EncryptedData, got 0")
def _(m):
    return response(m, encrypted(m, assertion(m)).replace(' xmlns:xenc="%s" Type' % XENC, ' xmlns:xenc="urn:x" Type', 1))


@bad("data-naked", "EncryptedData as a child of Response, without wrapper", CORE, "assertion-count", "expected exactly one Assertion .* got 0 and 0")
def _(m):
    text = encrypted(m, assertion(m))
    return response(m, text[text.index("<xenc:EncryptedData"):text.rindex("</saml:")])
