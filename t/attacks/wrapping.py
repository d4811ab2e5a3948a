# SPDX-License-Identifier: Apache-2.0
"""Signature wrapping: what is signed stays in the message, and something else stands where identity is looked for."""
import copy

from lxml import etree

from attack import DS, EVE, SAML, SAMLP, case, forge

SOMOROVSKY = "Somorovsky et al., On Breaking SAML (USENIX Security 2012)"

COUNT = r"expected exactly one Assertion or EncryptedAssertion, got 2 and 0"
BESIDE = r"expected no Assertion beside the one it has, got one inside "
UNSIGNED = r"expected a signature on the Response or on the Assertion, got none on either"
NOTHING_MORE = r"Signature\" in the Signature: expected nothing more, got "
CHANGED = r"the digest of .*%s.* does not match: its content was changed after it was signed"
TEXT_ONLY = r"StatusMessage.*: expected text, got .*Assertion"
TWICE = r"the ID \"[-\w]+\" stands more than once in the document"
OTHER_URI = r"Reference URI: expected \"#_evil\w*\", the element that holds the Signature, got \"#_[-0-9a-f]+\""


@case("good-assertion-signed", changed="nothing; the Assertion is signed", status="accepted", source="SAML Core 5.4")
def _(m):
    return m.signed("assertion")


@case("good-response-signed", changed="nothing; the Response is signed", status="accepted", source="SAML Core 5.4")
def _(m):
    return m.signed("response")


@case("good-both-signed", changed="nothing; both are signed", status="accepted", source="SAML Core 5.4")
def _(m):
    return m.signed("both")


def strip(element):
    """A copy without a Signature of its own."""
    element = copy.deepcopy(element)
    element.tail = None
    for signature in element.findall(DS + "Signature"):
        element.remove(signature)
    return element


def assertion_of(root):
    return root.find(SAML + "Assertion")


def signature_of(root, level):
    """The Signature that an attacker keeps: the Response's where there is one."""
    return (assertion_of(root) if level == "assertion" else root).find(DS + "Signature")


def forged(element, ids, evil="_evil"):
    """Forge what an Assertion (or a Response's Assertion) says; the ID of `element` becomes another, stays or goes."""
    assertion = element if element.tag == SAML + "Assertion" else assertion_of(element)
    forge(assertion, new_id=False)
    if ids == "other":
        element.set("ID", evil)
    elif ids == "no":
        del element.attrib["ID"]
    return element


# ---- XSW1 to XSW8, as the tools number them ------------------------------------------------------

def xsw1(root, level, ids):
    """The Response becomes forged; the original goes into its Signature (assertion-signed: to its end)."""
    original = copy.deepcopy(root) if level == "assertion" else strip(root)
    keep = root.find(DS + "Signature")
    for signature in list(root.iter(DS + "Signature")):
        if signature is not keep:
            signature.getparent().remove(signature)
    forged(root, ids, "_evil_response")
    (root if keep is None else keep).append(original)


def xsw2(root, level, ids):
    """The same, the original before the Signature (assertion-signed: before Status)."""
    xsw1(root, level, ids)
    if level == "assertion":
        root.find(SAMLP + "Status").addprevious(root.find(SAMLP + "Response"))
    else:
        signature = root.find(DS + "Signature")
        signature.addprevious(signature.find(SAMLP + "Response"))


def xsw3(root, level, ids):
    original = assertion_of(root)
    original.addprevious(forged(strip(original), ids))


def xsw4(root, level, ids):
    original = assertion_of(root)
    evil = forged(strip(original), ids)
    root.replace(original, evil)
    evil.append(original)


def xsw5(root, level, ids):
    original = assertion_of(root)
    root.append(strip(original))
    forged(original, ids)


def xsw6(root, level, ids):
    original = assertion_of(root)
    clean = strip(original)
    forged(original, ids)
    signature_of(root, "assertion" if level == "both" else level).append(clean)


def xsw7(root, level, ids):
    extensions = etree.Element(SAMLP + "Extensions")
    extensions.append(forged(strip(assertion_of(root)), ids))
    root.find(SAMLP + "Status").addprevious(extensions)


def xsw8(root, level, ids):
    original = assertion_of(root)
    clean = strip(original)
    forged(original, ids)
    etree.SubElement(signature_of(root, "assertion" if level == "both" else level), DS + "Object").append(clean)


XSW = [
    (xsw1, "the whole Response is forged, the original stands inside its Signature (or at its end)"),
    (xsw2, "the whole Response is forged, the original stands before its Signature (or before Status)"),
    (xsw3, "a forged Assertion before the original"),
    (xsw4, "a forged Assertion around the original"),
    (xsw5, "a forged Assertion with the original's Signature, the original at the end"),
    (xsw6, "a forged Assertion, the original inside the Signature"),
    (xsw7, "a forged Assertion in Extensions"),
    (xsw8, "a forged Assertion, the original in an Object of the Signature"),
]


def expectation(number, level, ids):
    """(status, says) by what is looked at first: count, the Response's signature, the Assertion's, what is beside."""
    if number <= 2 and ids == "no":
        return "malformed", r"Response ID: expected an identifier, got none"
    if number <= 2 and level == "assertion":
        return "unsigned", UNSIGNED
    if number == 1:
        return "signature", NOTHING_MORE + ".*Response"
    if number == 2:
        return "signature", OTHER_URI if ids == "other" else TWICE
    if number in (3, 5):
        return "assertion-count", COUNT
    if level == "both" or (level == "response" and number in (4, 7)):
        return "signature", CHANGED % "Response"
    if number == 4:
        return "unsigned", UNSIGNED
    if number == 7:
        return ("signature", TWICE) if ids == "same" else ("assertion-count", BESIDE + ".*Extensions")
    return "signature", NOTHING_MORE + (".*Assertion" if number == 6 else ".*Object")


def enter_xsw(number, wrap, what, level, ids):
    status, says = expectation(number, level, ids)
    signed = {"assertion": "the Assertion is signed", "response": "the Response is signed",
              "both": "both are signed"}[level]

    @case("xsw%d-%s-%s-id" % (number, level, ids), status=status, says=says,
          changed="%s; %s; the forged one has %s" % (what, signed, {
              "other": "an ID of its own", "same": "the original's ID", "no": "no ID"}[ids]),
          source="%s, XSW%d" % (SOMOROVSKY, number))
    def _(m):
        root = m.tree(m.signed(level))
        wrap(root, level, ids)
        return m.octets(root)


for _number, (_wrap, _what) in enumerate(XSW, 1):
    for _level in ("assertion", "response", "both"):
        for _ids in ("other", "same", "no"):
            enter_xsw(_number, _wrap, _what, _level, _ids)


# ---- other places -----------------------------------------------------------------------------------

def into(parent, tag, position=None):
    element = etree.Element(tag)
    if position is None:
        parent.append(element)
    else:
        parent.insert(position, element)
    return element


# Where something can be hidden, and who finds it there. In the Assertion, or beside it in the Response.
INSIDE = {
    "Advice": lambda a: into(a, SAML + "Advice"),
    "Evidence": lambda a: into(into(a, SAML + "AuthzDecisionStatement"), SAML + "Evidence"),
    "SubjectConfirmationData": lambda a: a.find(".//" + SAML + "SubjectConfirmationData"),
    "SubjectConfirmation": lambda a: a.find(".//" + SAML + "SubjectConfirmation"),
    "AttributeValue": lambda a: into(a.find(".//" + SAML + "Attribute"), SAML + "AttributeValue"),
    "Condition": lambda a: into(a.find(SAML + "Conditions"), SAML + "Condition"),
    "NameID": lambda a: a.find(".//" + SAML + "NameID"),
    "Issuer": lambda a: a.find(SAML + "Issuer"),
    "AuthnContextDecl": lambda a: into(a.find(".//" + SAML + "AuthnContext"), SAML + "AuthnContextDecl"),
}
BESIDES = {
    "Extensions": lambda r: into(r, SAMLP + "Extensions", 1),
    "StatusDetail": lambda r: into(r.find(SAMLP + "Status"), SAMLP + "StatusDetail"),
    "StatusMessage": lambda r: into(r.find(SAMLP + "Status"), SAMLP + "StatusMessage"),
    "StatusCode": lambda r: r.find(".//" + SAMLP + "StatusCode"),
    "a nested Response": lambda r: into(r, SAMLP + "Response"),
    "a nested ArtifactResponse": lambda r: into(r, SAMLP + "ArtifactResponse"),
    "an element of no namespace": lambda r: into(r, "wrapper", 0),
    "an element of another namespace": lambda r: into(r, "{urn:x}Assertion", 0),
}
SLUG = {name: name.replace("a nested ", "nested-").replace("an element of ", "").replace(" ", "-").lower()
        for name in list(INSIDE) + list(BESIDES)}


def enter_places(name, place, inside):
    slug = SLUG[name]
    text_only = slug == "statusmessage"     # which is read before any Assertion is looked for

    @case("hide-signed-in-" + slug, status="malformed" if text_only else "unsigned",
          says=TEXT_ONLY if text_only else UNSIGNED, source=SOMOROVSKY + "; CVE-2020-5390 (pysaml2)",
          changed="a forged Assertion without a Signature; the signed original with its Signature in %s%s" % (
              name, " of the forged one" if inside else ""))
    def _(m):
        root = m.tree(m.signed())
        original = assertion_of(root)
        evil = forged(strip(original), "other")
        root.replace(original, evil)
        place(evil if inside else root).append(original)
        return m.octets(root)

    status, says = ("malformed", TEXT_ONLY) if text_only else \
        ("signature", CHANGED % "Assertion") if inside else ("assertion-count", BESIDE)

    @case("hide-forged-in-" + slug, status=status, says=says, source=SOMOROVSKY + "; CVE-2022-41912 (crewjam/saml)",
          changed="the signed Assertion in its place; a forged one with the same statements in %s" % name)
    def _(m):
        root = m.tree(m.signed())
        original = assertion_of(root)
        place(original if inside else root).append(forged(strip(original), "other"))
        return m.octets(root)

    @case("lend-signature-to-" + slug, status="malformed" if text_only else "signature",
          says=TEXT_ONLY if text_only else OTHER_URI, source=SOMOROVSKY + "; CVE-2024-45409 (ruby-saml)",
          changed="a forged Assertion with the original's Signature; the original, without it, in %s%s" % (
              name, " of the forged one" if inside else ""))
    def _(m):
        root = m.tree(m.signed())
        original = assertion_of(root)
        evil = forged(copy.deepcopy(original), "other")
        root.replace(original, evil)
        place(evil if inside else root).append(strip(original))
        return m.octets(root)


for _name, _place in INSIDE.items():
    enter_places(_name, _place, True)
for _name, _place in BESIDES.items():
    enter_places(_name, _place, False)


# ---- inside the Signature, which no digest covers -----------------------------------------------------

def enter_key_info(level, status, says):
    @case("forged-in-keyinfo-" + level, status=status, says=says, source=SOMOROVSKY + "; XML Signature 4.5",
          changed="a forged Assertion in KeyInfo of the %s's Signature, which nothing covers" % level)
    def _(m):
        root = m.tree(m.signed(level))
        evil = forged(strip(assertion_of(root)), "other")
        signature_of(root, level).find(DS + "KeyInfo").append(evil)
        return m.octets(root)


enter_key_info("assertion", "assertion-count", BESIDE + ".*Signature")
enter_key_info("response", "assertion-count", BESIDE + ".*Signature")


@case("forged-in-object", changed="a forged Assertion in an Object of the signed Assertion's Signature",
      status="signature", says=NOTHING_MORE + ".*Object", source=SOMOROVSKY + "; CVE-2019-3465 (xmlseclibs)")
def _(m):
    root = m.tree(m.signed())
    evil = forged(strip(assertion_of(root)), "other")
    into(assertion_of(root).find(DS + "Signature"), DS + "Object").append(evil)
    return m.octets(root)


@case("forged-around-response", changed="the signed Response inside a forged root that is called Response, too",
      status="unsigned", says=UNSIGNED, source="CVE-2022-39299 (passport-saml), CVE-2025-47949 (samlify)")
def _(m):
    original = m.tree(m.signed("response"))
    root = m.tree(m.signed("none", name_id=EVE))
    root.append(original)
    return m.octets(root)


@case("two-roots", changed="a forged Response behind the signed one: two roots", status="malformed",
      says="not XML: .*(root|end)", source="CVE-2022-39299 (passport-saml), CVE-2022-39353 (xmldom)")
def _(m):
    return m.signed("response") + m.signed("none", name_id=EVE)


@case("two-roots-forged-first", changed="a forged Response before the signed one: two roots", status="malformed",
      says="not XML: .*(root|end)", source="CVE-2022-39299 (passport-saml), CVE-2022-39353 (xmldom)")
def _(m):
    return m.signed("none", name_id=EVE) + m.signed("response")


@case("second-assertion-signed-by-other", changed="a second Assertion, signed by a stranger", status="assertion-count",
      says=COUNT, source="CVE-2020-27847 (dex), CVE-2021-28091 (lasso)")
def _(m):
    root = m.tree(m.signed())
    root.append(assertion_of(m.tree(m.signed(by=m.other(), name_id=EVE))))
    return m.octets(root)


@case("second-assertion-signed-too", changed="a second Assertion, signed by the identity provider, too, for somebody else",
      status="assertion-count", says=COUNT, source="Profiles 4.1.4.2; CVE-2022-41912 (crewjam/saml)")
def _(m):
    root = m.tree(m.signed())
    root.append(assertion_of(m.tree(m.signed(name_id=EVE))))
    return m.octets(root)


@case("name-id-twice", changed="a second NameID before the one that is signed", status="signature",
      says=CHANGED % "Assertion", source="whitehats.nl, XML Signature Wrapping in samlify (CVE-2017-1000452)")
def _(m):
    root = m.tree(m.signed())
    name_id = root.find(".//" + SAML + "NameID")
    evil = copy.deepcopy(name_id)
    evil.text = EVE
    name_id.addprevious(evil)
    return m.octets(root)


@case("subject-in-response", changed="a Subject of the attacker's as a child of the Response, beside the signed Assertion",
      status="accepted", source="CVE-2025-47949 (samlify); Core 3.2.2")
def _(m):
    root = m.tree(m.signed())
    root.insert(1, forged(strip(assertion_of(root)), "other").find(SAML + "Subject"))
    return m.octets(root)


@case("assertion-lower-case", changed="a forged assertion (so written) before the signed Assertion", status="accepted",
      source="XML is case-sensitive; CVE-2025-25291 (ruby-saml)")
def _(m):
    root = m.tree(m.signed())
    evil = forged(strip(assertion_of(root)), "other")
    evil.tag = SAML + "assertion"
    assertion_of(root).addprevious(evil)
    return m.octets(root)


@case("assertion-saml1", changed="a forged Assertion of SAML 1.1 before the signed one", status="accepted",
      source="Core 8.1: another namespace is another element")
def _(m):
    root = m.tree(m.signed())
    evil = etree.Element("{urn:oasis:names:tc:SAML:1.0:assertion}Assertion", AssertionID="_evil")
    evil.text = EVE
    assertion_of(root).addprevious(evil)
    return m.octets(root)


@case("encrypted-beside", changed="a signed Assertion, and an EncryptedAssertion of the attacker's", key=True,
      status="assertion-count", says="got 1 and 1", source="CVE-2024-9487 (GitHub Enterprise); Core 2.3.4")
def _(m):
    root = m.tree(m.signed())
    root.append(m.tree(m.encrypted("none", name_id=EVE)).find(SAML + "EncryptedAssertion"))
    return m.octets(root)


@case("plain-inside-encrypted", changed="a forged plain Assertion inside EncryptedAssertion, beside EncryptedData", key=True,
      status="assertion-count", says=BESIDE + ".*EncryptedAssertion", source="Core 2.2.4; CVE-2024-4985 (GitHub Enterprise)")
def _(m):
    root = m.tree(m.encrypted())
    root.find(SAML + "EncryptedAssertion").append(m.evil_assertion())
    return m.octets(root)
