# SPDX-License-Identifier: Apache-2.0
"""What comes out of a ciphertext, and what stands beside it: smuggled assertions, names and attributes.

What is decrypted is parsed on its own, and has to prove itself.
"""
import os

from attack import ADA, EVE, SAML, SAMLP, change, sr
from xmlenc import CANNOT, CORE, assertion, bad, encrypted, response, with_encrypted_attribute, with_encrypted_id


def inside(name, changed, make, source=CORE, status="decryption", says=CANNOT, options=None, **encryption):
    @bad("inside-" + name, changed, source, status, says, **(options or {}))
    def _(m):
        plain = make(m)
        return response(m, encrypted(m, plain if isinstance(plain, bytes) else plain.encode("utf-8"), **encryption))


inside("nothing", "nothing is encrypted", lambda m: b"")
inside("text", "text is encrypted", lambda m: b"ada@example.org")
inside("binary", "octets of chance are encrypted", lambda m: os.urandom(4096))
inside("two", "two Assertions are encrypted", lambda m: assertion(m) * 2)
inside("two-evil-first", "a forged Assertion before the signed one", lambda m: sr.serialize(m.evil_assertion()) + assertion(m))
inside("text-after", "text behind the Assertion", lambda m: assertion(m) + b"x")
inside("text-before", "text before the Assertion", lambda m: b"x" + assertion(m))
inside("half", "half an Assertion", lambda m: assertion(m)[:900])
inside("close-tag", "the end tag of the wrapper, to break out of it", lambda m: assertion(m) + b"</saml:EncryptedAssertion>" + assertion(m))
inside("response", "a whole signed Response", lambda m: m.signed(), "Somorovsky et al. 2012")
inside("name-id", "a NameID", lambda m: '<NameID xmlns="%s">%s</NameID>' % (sr.NS_SAML, EVE))
inside("other-namespace", "an Assertion of SAML 1.1", lambda m: '<Assertion xmlns="urn:oasis:names:tc:SAML:1.0:assertion"/>')
inside("no-namespace", "an Assertion without namespace", lambda m: "<Assertion/>")
inside("undeclared", "an Assertion with a prefix that nobody declares", lambda m: '<nobody:Assertion/>')
inside("doctype", "a DTD inside", lambda m: b"<!DOCTYPE x []>" + assertion(m), "CWE-611")
inside("xxe", "an external entity inside", lambda m: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + change(
    assertion(m), [(">%s<" % ADA, ">&e;<")]), "CWE-611")
inside("laughs", "a billion laughs inside", lambda m: b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
       + change(assertion(m), [(">%s<" % ADA, ">&b;<")]), "CWE-776")
inside("utf16", "UTF-16 inside", lambda m: assertion(m).decode().encode("utf-16"), "XML 1.0, 4.3.3")
inside("nul", "NUL inside, and another Assertion behind it", lambda m: assertion(m) + b"\0" + sr.serialize(m.evil_assertion()), "CWE-158")
inside("depth", "10,000 levels inside", lambda m: b"<x>" * 10000 + b"</x>" * 10000, "CWE-400")
inside("siblings", "100,000 elements inside", lambda m: b"<x>" + b"<y/>" * 100000 + b"</x>", "CWE-400")
inside("large", "600,000 octets of text inside", lambda m: b"x" * 600000, "CWE-400")
inside("unsigned", "an unsigned Assertion in an unsigned Response: anybody can encrypt", lambda m: assertion(m, sign=False, name_id=EVE),
       "SAML Core 6.1; encryption is no authentication", "unsigned", "expected a signature on the Response or on the Assertion, got none")
inside("by-other", "an Assertion that a stranger signed", lambda m: assertion(m, by=m.other(), name_id=EVE), CORE, "signature",
       "does not match any of the 1 keys")
inside("changed", "a signed Assertion changed before it was encrypted", lambda m: change(assertion(m), [(ADA, EVE)]), CORE, "signature",
       "content was changed after it was signed")
inside("no-signed-info", "a Signature without SignedInfo", lambda m: '<Assertion xmlns="%s" ID="_a"><Signature xmlns="%s"/></Assertion>'
       % (sr.NS_SAML, sr.NS_DS), CORE, "signature", "expected SignedInfo, got none")
inside("unsigned-gcm", "an unsigned Assertion under GCM, whose tag is right", lambda m: assertion(m, sign=False, name_id=EVE),
       "NIST SP 800-38D authenticates the key's holder, who is anybody", "unsigned", "got none on either", cipher="aes256-gcm")
inside("nested", "an EncryptedAssertion inside the EncryptedAssertion", lambda m: encrypted(m, assertion(m)), CORE)
inside("nested-data", "an EncryptedData inside", lambda m: encrypted(m, assertion(m)).split(">", 1)[1].rsplit("</saml:", 1)[0], CORE)
inside("expired", "an Assertion that has expired, signed", lambda m: assertion(m, not_on_or_after="2020-01-01T00:00:00Z", not_before=None),
       "SAML Core 2.5.1.2", "expired", "NotOnOrAfter: expected a time to come")
inside("other-audience", "an Assertion for another, signed", lambda m: assertion(m, audiences=["https://other.example"]),
       "SAML Core 2.5.1.4", "audience", "AudienceRestriction: expected one of")


# ---- beside and around ------------------------------------------------------------------------------

def with_plain(m, evil_first, sign_evil=False, **changes):
    evil = sr.serialize(m.evil_assertion(**changes)).decode()
    good_one = encrypted(m, assertion(m))
    return evil + good_one if evil_first else good_one + evil


for _name, _first in (("before", True), ("after", False)):
    @bad("plain-" + _name, "a forged plain Assertion %s the encrypted one" % _name, "CVE-2020-5390 and its kin: smuggling",
         "assertion-count", "expected exactly one Assertion or EncryptedAssertion, got 1 and 1")
    def _(m, first=_first):
        return response(m, with_plain(m, first))


@bad("plain-signed-beside", "a signed plain Assertion beside an encrypted one", CORE, "assertion-count", "got 1 and 1")
def _(m):
    return response(m, encrypted(m, assertion(m)) + assertion(m).decode())


@bad("two", "two EncryptedAssertions", CORE, "assertion-count", "got 0 and 2")
def _(m):
    return response(m, encrypted(m, assertion(m)) * 2)


@bad("plain-in-extensions", "a forged Assertion in Extensions of a Response with an encrypted one", "Somorovsky et al. 2012",
     "assertion-count", "expected no Assertion beside")
def _(m):
    return change(response(m, encrypted(m, assertion(m))), [
        ("<samlp:Status>", "<samlp:Extensions>%s</samlp:Extensions><samlp:Status>" % sr.serialize(m.evil_assertion()).decode())])


@bad("plain-in-wrapper", "a forged plain Assertion inside the EncryptedAssertion", "Somorovsky et al. 2012", "assertion-count",
     "expected no Assertion beside")
def _(m):
    return response(m, encrypted(m, assertion(m), before=sr.serialize(m.evil_assertion()).decode()))


@bad("plain-in-cipher-data", "a forged plain Assertion inside CipherValue's neighbour", "Somorovsky et al. 2012", "assertion-count",
     "expected no Assertion beside")
def _(m):
    return response(m, encrypted(m, assertion(m), beside='<x xmlns="urn:x">%s</x>' % sr.serialize(m.evil_assertion()).decode()))


@bad("swapped", "the encrypted Assertion of a signed Response replaced by another", CORE, "signature", "content was changed after it was signed")
def _(m):
    root = sr.parse(response(m, encrypted(m, assertion(m, sign=False)), sign="response"))
    root.replace(root.find(SAML + "EncryptedAssertion"), sr.parse(encrypted(m, assertion(m, sign=False, name_id=EVE))))
    return sr.serialize(root)


@bad("response-by-other", "an encrypted, signed Assertion in a Response that a stranger signed", CORE, "signature", "does not match any of the 1 keys")
def _(m):
    return response(m, encrypted(m, assertion(m)), sign="response", by=m.other())


@bad("response-by-other-unsigned", "an encrypted, unsigned Assertion in a Response that a stranger signed", CORE, "signature",
     "does not match any of the 1 keys")
def _(m):
    return response(m, encrypted(m, assertion(m, sign=False, name_id=EVE)), sign="response", by=m.other())


@bad("assertion-by-other-in-signed", "an Assertion that a stranger signed, encrypted, in a signed Response", CORE, "signature",
     "does not match any of the 1 keys")
def _(m):
    return response(m, encrypted(m, assertion(m, by=m.other(), name_id=EVE)), sign="response")


@bad("in-assertion", "EncryptedAssertion under Status, where none belongs", CORE, "assertion-count", "got 0 and 0")
def _(m):
    root = sr.parse(response(m, encrypted(m, assertion(m))))
    root.find(SAMLP + "Status").append(root.find(SAML + "EncryptedAssertion"))
    return sr.serialize(root)


# ---- names and attributes ----------------------------------------------------------------------------------

NAME = '<saml:NameID xmlns:saml="%s">%s</saml:NameID>'
for _name, _changed, _plain in (
        ("assertion", "an Assertion", '<saml:Assertion xmlns:saml="%s">%s</saml:Assertion>'), ("base-id", "a BaseID", '<saml:BaseID xmlns:saml="%s">%s</saml:BaseID>'),
        ("attribute", "an Attribute", '<saml:Attribute xmlns:saml="%s">%s</saml:Attribute>'), ("text", "text", "%s%s"),
        ("two", "two names", NAME + NAME.replace("%s", "x"))):
    @bad("id-" + _name, "EncryptedID holds " + _changed, "SAML Core 2.2.4", says="EncryptedID cannot be decrypted with any of our 1 keys")
    def _(m, plain=_plain):
        return with_encrypted_id(m, plain % (sr.NS_SAML, EVE))


@bad("id-other-key", "EncryptedID for another", "SAML Core 2.2.4", says="EncryptedID cannot be decrypted")
def _(m):
    return with_encrypted_id(m, NAME % (sr.NS_SAML, ADA), to="other")


@bad("id-swapped", "EncryptedID replaced after signing: anybody can encrypt a name", "SAML Core 6.1", "signature", "content was changed after it was signed")
def _(m):
    root = sr.parse(with_encrypted_id(m, NAME % (sr.NS_SAML, ADA)))
    old = root.find(".//" + SAML + "EncryptedID")
    old.getparent().replace(old, sr.parse(encrypted(m, (NAME % (sr.NS_SAML, EVE)).encode(), wrapper="EncryptedID")))
    return sr.serialize(root)


@bad("id-beside-name", "a NameID and an EncryptedID, signed", "SAML Core 2.4.1", "name-id", "expected one NameID, got 2 identifiers")
def _(m):
    inner = encrypted(m, (NAME % (sr.NS_SAML, ADA)).encode(), wrapper="EncryptedID")
    return m.signed(before=[("<SubjectConfirmation ", inner + "<SubjectConfirmation ")])


@bad("id-with-comment", "a comment in an encrypted name: taken whole", "CVE-2017-11427", "accepted", None, user=ADA)
def _(m):
    return with_encrypted_id(m, NAME % (sr.NS_SAML, ADA[:4] + "<!-- -->" + ADA[4:]))


@bad("id-empty", "an empty encrypted name", "SAML Core 2.2.3", "name-id", 'NameID: expected a name, got ""')
def _(m):
    return with_encrypted_id(m, NAME % (sr.NS_SAML, ""))


@bad("attribute-other-key", "EncryptedAttribute for another", "SAML Core 2.7.3.2", says="EncryptedAttribute cannot be decrypted")
def _(m):
    return with_encrypted_attribute(m, '<saml:Attribute xmlns:saml="%s" Name="x"/>' % sr.NS_SAML, to="other")


@bad("attribute-name-id", "EncryptedAttribute holds a NameID", "SAML Core 2.7.3.2", says="EncryptedAttribute cannot be decrypted")
def _(m):
    return with_encrypted_attribute(m, NAME % (sr.NS_SAML, EVE))


@bad("attribute-no-name", "an encrypted Attribute without Name", "SAML Core 2.7.3.1", "claim", "Attribute Name: expected a name, got none")
def _(m):
    return with_encrypted_attribute(m, '<saml:Attribute xmlns:saml="%s"/>' % sr.NS_SAML)


@bad("attribute-added", "an EncryptedAttribute added after signing", "SAML Core 6.1", "signature", "content was changed after it was signed")
def _(m):
    inner = encrypted(m, ('<saml:Attribute xmlns:saml="%s" Name="groups"><saml:AttributeValue>%s</saml:AttributeValue></saml:Attribute>'
                          % (sr.NS_SAML, EVE)).encode(), wrapper="EncryptedAttribute")
    return m.signed(after=[("</AttributeStatement>", inner + "</AttributeStatement>")])
