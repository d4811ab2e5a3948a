# SPDX-License-Identifier: Apache-2.0
"""Genuine encryption: what EncryptedData and EncryptedKey may carry besides what is needed."""
import os

from attack import case, change, sr
from genuine import GIVEN, XS, XSI
from xmlenc import XENC, assertion, encrypted, encrypted_key, response

XMLENC = "XML Encryption 1.1, "


def genuine(name, changed, source, **options):
    return case("genuine-encrypted-" + name, changed=changed, status="accepted", source=source, key=True, attributes=GIVEN, **options)


def edited(name, changed, source, pairs, **options):
    """An encrypted Assertion of which something around the cipher text is different."""
    @genuine(name, changed, source, **options)
    def _(m):
        return change(response(m, encrypted(m, assertion(m))), pairs)


edited("key-recipient", "EncryptedKey with Id and Recipient", XMLENC + "3.5.1",
       [("<xenc:EncryptedKey", '<xenc:EncryptedKey Id="_ek" Recipient="https://sp.example.org/saml"')])
edited("carried-name", "CarriedKeyName and ReferenceList in EncryptedKey", XMLENC + "3.5.1",
       [("</xenc:EncryptedKey>", '<xenc:ReferenceList><xenc:DataReference URI="#_ed"/></xenc:ReferenceList><xenc:CarriedKeyName>k'
         "</xenc:CarriedKeyName></xenc:EncryptedKey>")])
edited("key-size", "KeySize in EncryptionMethod", XMLENC + "3.2",
       [('aes256-cbc"/>', 'aes256-cbc"><xenc:KeySize>256</xenc:KeySize></xenc:EncryptionMethod>')])
edited("properties", "EncryptionProperties, Id, MimeType and Encoding on EncryptedData", XMLENC + "3.1, 3.7",
       [("<xenc:EncryptedData", '<xenc:EncryptedData Id="_ed" MimeType="text/xml" Encoding="UTF-8"'),
        ("</xenc:EncryptedData>", '<xenc:EncryptionProperties><xenc:EncryptionProperty Target="#_ed"><x xmlns="urn:x"/>'
         "</xenc:EncryptionProperty></xenc:EncryptionProperties></xenc:EncryptedData>")])
edited("key-name", "a KeyName beside EncryptedKey in KeyInfo", "XML Signature 4.5.1",
       [("<xenc:EncryptedKey", "<ds:KeyName>k</ds:KeyName><xenc:EncryptedKey")])


edited("certificate-other", "EncryptedKey says that it is for another certificate: what fits is tried", XMLENC + "3.5",
       [("<xenc:CipherData><xenc:CipherValue>", "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>"
         "</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>")])


@genuine("space-inside", "white space and a comment around the Assertion in the plain text", XMLENC + "4.2")
def _(m):
    return response(m, encrypted(m, b"\r\n  " + assertion(m) + b"\n<!-- end -->\n"))


@genuine("types-outside", "xs and xsi, which values use, are declared on the Response alone", XMLENC + "4.5")
def _(m):
    plain = assertion(m, before=[("<AttributeValue>g1", '<AttributeValue xmlns:xs="%s" xmlns:xsi="%s" xsi:type="xs:string">g1'
                                  % (XS, XSI))])
    return change(response(m, encrypted(m, plain)), [
        ("<samlp:Response ", '<samlp:Response xmlns:xs="%s" xmlns:xsi="%s" ' % (XS, XSI))])


@genuine("keys-many", "EncryptedKeys for six others, then for us, inside and beside", XMLENC + "3.5")
def _(m):
    key = os.urandom(32)
    others = "".join(encrypted_key(m, key, to="other") for _ in range(3))
    return response(m, encrypted(m, assertion(m), key=key, keys=others, beside=others + encrypted_key(m, key)))


@genuine("short", "an Assertion in few octets, both signed", XMLENC + "5.2.1")
def _(m):
    return response(m, encrypted(m, assertion(m), cipher="aes128-gcm"), sign="response")


@genuine("prefixed", "prefixes xenc: and ds: declared on the Response alone", "Namespaces in XML 1.0, 5")
def _(m):
    xml = response(m, encrypted(m, assertion(m, style="prefixed")))
    for prefix, uri in (("xenc", XENC), ("ds", sr.NS_DS)):
        xml = xml.replace(b' xmlns:%s="%s"' % (prefix.encode(), uri.encode()), b"")
    return change(xml, [("<samlp:Response ", '<samlp:Response xmlns:xenc="%s" xmlns:ds="%s" ' % (XENC, sr.NS_DS))])


def in_place(name, changed, source, outside="", what="assertion", signer=None, **options):
    """Signed where it stands in the Response, and encrypted there: what is declared outside belongs to what was signed."""
    @genuine(name, changed, source, **options)
    def _(m):
        xml = m.signed("assertion", by=m.signer(**signer), before=[("<samlp:Response ", "<samlp:Response %s" % outside)])
        xml = sr.encrypt(xml, m.sp_cert, "aes256-gcm")
        return sr.sign(xml, m.signer(), "response") if what == "both" else xml


OUTSIDE = 'xmlns:xs="%s" xmlns:xsi="%s" ' % (XS, XSI)
for _what in ("assertion", "both"):
    in_place("prefix-list-" + _what, "InclusiveNamespaces names prefixes that the Response declares; signed: " + _what,
             XMLENC + "4.4, Exclusive c14n 1.0, 3", OUTSIDE, _what, {"inclusive_prefixes": "xs xsi samlp"})
    in_place("inclusive-" + _what, "inclusive c14n, where that is allowed; signed: " + _what, XMLENC + "4.4, Canonical XML 1.0, 2.4",
             OUTSIDE, _what, {"c14n": "inc"}, allow=["c14n10"])
in_place("inclusive-11", "inclusive c14n 1.1, where that is allowed", XMLENC + "4.4, Canonical XML 1.1, 2.4", OUTSIDE,
         signer={"c14n": "inc11"}, allow=["c14n10"])
in_place("prefix-list-default", "InclusiveNamespaces: #default and the prefix of the protocol", XMLENC + "4.4, Exclusive c14n 1.0, 3",
         signer={"inclusive_prefixes": "#default samlp"})
