# SPDX-License-Identifier: Apache-2.0
"""XML Encryption made by hand with python3-cryptography, so that any part of it can be wrong while the rest is right.

    response(m, encrypted(m, assertion(m)))                    as an identity provider would
    response(m, encrypted(m, b"<x/>", last=0, key=...))        any octets, padding, key
"""
import base64
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from attack import SAML, case, sr

CANNOT = "EncryptedAssertion cannot be decrypted with any of our 1 keys"
CORE = "SAML Core 2.3.4, 6"
XENC = sr.NS_XENC
XENC11 = "http://www.w3.org/2009/xmlenc11#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ELEMENT = XENC + "Element"
OAEP = XENC + "rsa-oaep-mgf1p"
OAEP11 = XENC11 + "rsa-oaep"
RSA15 = XENC + "rsa-1_5"
CIPHERS = {"%s-%s" % (name, mode): ((XENC if mode == "cbc" else XENC11) + "%s-%s" % (name, mode), bits // 8)
           for name, bits in (("aes128", 128), ("aes192", 192), ("aes256", 256)) for mode in ("cbc", "gcm")}
CIPHERS["3des"] = (XENC + "tripledes-cbc", 24)
HASH = {"sha1": (sr.NS_DS + "sha1", hashes.SHA1, XENC11 + "mgf1sha1"),
        "sha256": (XENC + "sha256", hashes.SHA256, XENC11 + "mgf1sha256"),
        "sha384": (MORE + "sha384", hashes.SHA384, XENC11 + "mgf1sha384"),
        "sha512": (XENC + "sha512", hashes.SHA512, XENC11 + "mgf1sha512")}


def b64(octets):
    return base64.b64encode(octets).decode("ascii")


def assertion(m, by=None, sign=True, **changes):
    """The octets of an Assertion, signed by the identity provider or by whom `by` says."""
    xml = m.signed("assertion", by=by, **changes) if sign else m.response(**changes)
    return sr.serialize(sr.parse(xml).find(SAML + "Assertion"))


def ciphertext(plain, cipher, key, last=None):
    """IV and what follows; `last` is the last octet of CBC padding where it shall be a wrong one."""
    if cipher.endswith("gcm"):
        iv = os.urandom(12)
        return iv + AESGCM(key).encrypt(iv, plain, None)
    block = 8 if cipher == "3des" else 16
    pad = block - len(plain) % block
    plain += os.urandom(pad - 1) + bytes([pad if last is None else last])
    algorithm = algorithms.TripleDES(key) if cipher == "3des" else algorithms.AES(key)
    iv = os.urandom(block)
    run = Cipher(algorithm, modes.CBC(iv)).encryptor()
    return iv + run.update(plain) + run.finalize()


def wrapped(m, key, to="sp", transport=OAEP, digest="sha1", mgf="sha1", label=None):
    """A content key for the owner of a certificate."""
    pad = padding.PKCS1v15() if transport == RSA15 else \
        padding.OAEP(padding.MGF1(HASH[mgf][1]()), HASH[digest][1](), label)
    return m.key(to).private.public_key().encrypt(key, pad)


def raw_wrapped(m, block, to="sp"):
    """RSA without padding: `block` is what the receiver finds after its private operation."""
    numbers = m.key(to).private.public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(size, "big")


def cipher_data(octets):
    value = octets if isinstance(octets, str) else b64(octets)
    return "<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData>" % value


def encrypted_key(m, key, to="sp", transport=OAEP, digest=None, mgf=None, label=None, parameters=None, octets=None,
                  attributes="", tail="", edit=None):
    """An EncryptedKey. `parameters`: what stands in EncryptionMethod instead of the truth; `octets`: instead of the key."""
    if octets is None:
        octets = wrapped(m, key, to, transport, digest or "sha1", mgf or "sha1", label)
    if edit:
        octets = edit(octets)
    if parameters is None:
        parameters = ""
        if digest:
            parameters += '<ds:DigestMethod xmlns:ds="%s" Algorithm="%s"/>' % (sr.NS_DS, HASH[digest][0])
        if mgf and transport == OAEP11:
            parameters += '<x:MGF xmlns:x="%s" Algorithm="%s"/>' % (XENC11, HASH[mgf][2])
        if label is not None:
            parameters += "<xenc:OAEPparams>%s</xenc:OAEPparams>" % b64(label)
    return '<xenc:EncryptedKey xmlns:xenc="%s"%s><xenc:EncryptionMethod Algorithm="%s">%s</xenc:EncryptionMethod>%s%s' \
        '</xenc:EncryptedKey>' % (XENC, attributes, transport, parameters, cipher_data(octets), tail)


def encrypted(m, plain, cipher="aes256-cbc", cipher_uri=None, key=None, keys=None, beside="", key_info="", before="",
              last=None, edit=None, type_=ELEMENT, wrapper="EncryptedAssertion", method="", data=None, **key_options):
    """An EncryptedAssertion (or `wrapper`) as text.

    keys       EncryptedKey elements as text in KeyInfo, in place of the one; beside: beside EncryptedData
    key_info   what stands in KeyInfo before them, before: what stands before EncryptedData
    edit       changes the octets of the ciphertext; data: CipherData as text in their place
    """
    uri, size = CIPHERS[cipher]
    key = key or os.urandom(size)
    if data is None:
        octets = ciphertext(plain, cipher, key, last)
        data = cipher_data(edit(octets) if edit else octets)
    if keys is None:
        keys = encrypted_key(m, key, **key_options)
    info = "" if not keys and not key_info else '<ds:KeyInfo xmlns:ds="%s">%s%s</ds:KeyInfo>' % (sr.NS_DS, key_info, keys)
    return '<saml:{w} xmlns:saml="{saml}">{before}<xenc:EncryptedData xmlns:xenc="{xenc}"{type}>{method}{info}{data}' \
        '</xenc:EncryptedData>{beside}</saml:{w}>'.format(
            w=wrapper, saml=sr.NS_SAML, before=before, xenc=XENC, info=info, data=data, beside=beside,
            type="" if type_ is None else ' Type="%s"' % type_,
            method=method or '<xenc:EncryptionMethod Algorithm="%s"/>' % (cipher_uri or uri))


def response(m, content, sign=None, by=None, **changes):
    """A Response with `content` (text) in place of its Assertion; `sign` "response" signs it."""
    xml = m.response(with_assertion=False, response_extra=content, **changes)
    return sr.sign(xml, by or m.signer(), "response") if sign else xml


def with_encrypted_id(m, plain, after=(), **options):
    inner = encrypted(m, plain.encode("utf-8"), wrapper="EncryptedID", **options)
    return m.signed(name_id="MARK", before=[('<NameID Format="%s">MARK</NameID>' % sr.FORMAT_EMAIL, inner)], after=after)


def with_encrypted_attribute(m, plain, **options):
    inner = encrypted(m, plain.encode("utf-8"), wrapper="EncryptedAttribute", **options)
    return m.signed(before=[("</AttributeStatement>", inner + "</AttributeStatement>")])


def bad(name, changed, source, status="decryption", says=CANNOT, key=True, **options):
    """A case of a refusal."""
    return case("enc-" + name, changed=changed, status=status, source=source, says=says, key=key, **options)


def good(name, changed, source=CORE, says='"encrypted":true', **options):
    """A case of a genuine message."""
    return case("enc-" + name, changed=changed, status="accepted", source=source, key=True, says=says, **options)
