# SPDX-License-Identifier: Apache-2.0
"""Signature exclusion: the signature is gone, is empty, or stands where it proves something else."""
import copy

from lxml import etree

import dsig
from attack import ADA, DS, EVE, SAML, SAMLP, case, change, forge, sr
from wrapping import CHANGED, UNSIGNED, assertion_of, into, strip

SOMOROVSKY = "Somorovsky et al. 2012, 4.3 (signature exclusion)"
TO_EVE = [(ADA, EVE)]


def signature_in(root):
    return next(root.iter(DS + "Signature"))


def drop(root, *tags):
    """Take these elements out of the tree."""
    for tag in tags:
        element = next(root.iter(DS + tag))
        element.getparent().remove(element)
    return root


@case("excluded-assertion", changed="the Assertion's Signature is taken out, the name changed", status="unsigned",
      says=UNSIGNED, source=SOMOROVSKY)
def _(m):
    return change(m.octets(drop(m.tree(m.signed()), "Signature")), TO_EVE)


@case("excluded-response", changed="the Response's Signature is taken out, the name changed", status="unsigned",
      says=UNSIGNED, source=SOMOROVSKY)
def _(m):
    return change(m.octets(drop(m.tree(m.signed("response")), "Signature")), TO_EVE)


@case("excluded-both", changed="both Signatures are taken out, the name changed", status="unsigned", says=UNSIGNED,
      source=SOMOROVSKY)
def _(m):
    return change(m.octets(drop(m.tree(m.signed("both")), "Signature", "Signature")), TO_EVE)


@case("excluded-inner-of-both", changed="of two Signatures the Assertion's is taken out, the name changed", status="signature",
      says=CHANGED % "Response", source=SOMOROVSKY)
def _(m):
    root = m.tree(m.signed("both"))
    return change(m.octets_without(root, assertion_of(root).find(DS + "Signature")), TO_EVE)


@case("excluded-outer-of-both", changed="of two Signatures the Response's is taken out, the name changed", status="signature",
      says=CHANGED % "Assertion", source=SOMOROVSKY)
def _(m):
    root = m.tree(m.signed("both"))
    return change(m.octets_without(root, root.find(DS + "Signature")), TO_EVE)


@case("excluded-outer-status-changed", changed="the Response's Signature is taken out; what the Assertion's covers is untouched",
      status="accepted", source="Core 5.3: either will do")
def _(m):
    root = m.tree(m.signed("both"))
    return m.octets_without(root, root.find(DS + "Signature"))


@case("excluded-encrypted", changed="an Assertion of the attacker's, encrypted for us, without a Signature", key=True,
      status="unsigned", says=UNSIGNED, source=SOMOROVSKY + "; CVE-2024-4985, CVE-2024-9487 (GitHub Enterprise)")
def _(m):
    return m.encrypted("none", name_id=EVE)


@case("unsigned-empty-name", changed="nothing is signed, and Version and IDs are as they should be", status="unsigned",
      says=UNSIGNED, source="Core 5.3")
def _(m):
    return m.signed("none", name_id=EVE)


# ---- an empty shell -----------------------------------------------------------------------------------

def shell(slug, changed, says, edit, status="signature", source=SOMOROVSKY + "; CVE-2020-7711 (goxmldsig)"):
    for level in ("assertion", "response"):
        @case("shell-%s-%s" % (slug, level), changed="%s, in the %s; the name is changed" % (changed, level), status=status,
              says=says, source=source)
        def _(m, level=level):
            root = m.tree(m.signed(level))
            edit(root, signature_in(root))
            return change(m.octets(root), TO_EVE)


def emptied(element):
    for child in list(element):
        element.remove(child)
    element.text = None


shell("empty", "Signature without content", r"expected SignedInfo, got none", lambda root, s: emptied(s))
shell("text", "Signature with text and nothing else", r"expected elements only, got text",
      lambda root, s: (emptied(s), setattr(s, "text", "signed")))
shell("no-signedinfo", "Signature without SignedInfo", r"expected SignedInfo, got .*SignatureValue",
      lambda root, s: s.remove(s.find(DS + "SignedInfo")))
shell("signedinfo-empty", "SignedInfo without content", r"expected CanonicalizationMethod, got none",
      lambda root, s: emptied(s.find(DS + "SignedInfo")))
shell("no-value", "Signature without SignatureValue", r"expected SignatureValue, got .*KeyInfo",
      lambda root, s: s.remove(s.find(DS + "SignatureValue")))
shell("value-empty", "SignatureValue without content", r"SignatureValue: expected base64 text and nothing else",
      lambda root, s: setattr(s.find(DS + "SignatureValue"), "text", None))
shell("keyinfo-only", "Signature with KeyInfo and nothing else", r"expected SignedInfo, got .*KeyInfo",
      lambda root, s: (s.remove(s.find(DS + "SignedInfo")), s.remove(s.find(DS + "SignatureValue"))))
shell("no-reference", "SignedInfo without a Reference", r"expected Reference, got none",
      lambda root, s: drop(s, "Reference"), source="XML Signature 4.4; CVE-2023-49087 (simplesamlphp/xml-security)")
shell("no-digest", "Reference without DigestMethod and DigestValue", r"expected DigestMethod, got none",
      lambda root, s: drop(s, "DigestMethod", "DigestValue"))
shell("digest-empty", "DigestValue without content", r"DigestValue: expected base64 text and nothing else",
      lambda root, s: setattr(next(s.iter(DS + "DigestValue")), "text", None), source="CVE-2025-29775 (xml-crypto)")


def rename(element, tag):
    element.tag = tag


for _slug, _tag, _what in (("foreign", "{urn:x}Signature", "Signature in another namespace"),
                           ("dsig11", "{http://www.w3.org/2009/xmldsig11#}Signature", "Signature in the namespace of 1.1"),
                           ("saml", SAML + "Signature", "Signature in SAML's namespace"),
                           ("case", DS + "signature", "signature written in lower case"),
                           ("plural", DS + "Signatures", "Signatures in place of Signature"),
                           ("properties", DS + "SignatureProperties", "SignatureProperties in place of Signature")):
    shell(_slug, _what, UNSIGNED, lambda root, s, tag=_tag: rename(s, tag), status="unsigned",
          source="XML Signature 4.1; CVE-2025-66567 (ruby-saml)")

@case("shell-no-namespace", changed="Signature in no namespace; the name is changed", status="unsigned", says=UNSIGNED,
      source="XML Signature 4.1; Namespaces in XML 6.2")
def _(m):
    return m.signed(prefix="ds", after=TO_EVE + [("<ds:Signature ", '<Signature xmlns="" '),
                                                 ("</ds:Signature>", "</Signature>")])


for _slug, _open, _close in (("comment", "<!-- ", " -->"), ("cdata", "<![CDATA[", "]]>"), ("pi", "<?signed ", "?>")):
    @case("shell-in-" + _slug, changed="the Signature inside a %s" % {
              "comment": "comment", "cdata": "CDATA section", "pi": "processing instruction"}[_slug],
          status="unsigned", says=UNSIGNED, source="XML 1.0, 2.5 to 2.7; CVE-2025-25291 (ruby-saml)")
    def _(m, start=_open, end=_close):
        xml = m.signed(by=m.signer(keyinfo=False))
        return change(xml, TO_EVE + [("<Signature ", start + "<Signature "), ("</Signature>", "</Signature>" + end)])


# ---- a signature in another place ------------------------------------------------------------------------

def moved(slug, changed, place, status="unsigned", says=UNSIGNED, source=SOMOROVSKY + "; CVE-2021-21238 (pysaml2)"):
    @case("moved-" + slug, changed="the Assertion's Signature stands %s; the name is changed" % changed, status=status,
          says=says, source=source)
    def _(m):
        root = m.tree(m.signed())
        signature = signature_in(root)
        place(root, signature)
        return change(m.octets(root), TO_EVE)


moved("to-advice", "in Advice", lambda r, s: into(assertion_of(r), SAML + "Advice").append(s))
moved("to-subject", "in Subject", lambda r, s: r.find(".//" + SAML + "Subject").append(s))
moved("to-attribute-value", "in an AttributeValue", lambda r, s: r.find(".//" + SAML + "AttributeValue").append(s))
moved("to-extensions", "in Extensions", lambda r, s: into(r, SAMLP + "Extensions", 1).append(s))
moved("to-status", "in Status", lambda r, s: r.find(SAMLP + "Status").append(s))
moved("to-status-detail", "in StatusDetail", lambda r, s: into(r.find(SAMLP + "Status"), SAMLP + "StatusDetail").append(s),
      source="CVE-2024-45409 (ruby-saml): DigestValue found in StatusDetail")
moved("to-issuer", "in Issuer", lambda r, s: assertion_of(r).find(SAML + "Issuer").append(s))
moved("to-response", "in the Response", lambda r, s: r.insert(1, s), "signature",
      r"Reference URI: expected \"#_[-0-9a-f]+\", the element that holds the Signature, got \"#_[-0-9a-f]+\"",
      "CVE-2024-8698 (Keycloak): what is signed told by where the Signature stands")


@case("signature-of-response-in-assertion", changed="the Response's Signature stands in the Assertion; the name is changed",
      status="signature", says=r"Reference URI: expected \"#_[-0-9a-f]+\", .* got \"#_[-0-9a-f]+\"",
      source="CVE-2024-8698 (Keycloak)")
def _(m):
    root = m.tree(m.signed("response"))
    assertion_of(root).insert(1, signature_in(root))
    return change(m.octets(root), TO_EVE)


@case("signature-of-another-assertion", changed="the Signature of another Assertion of the identity provider's",
      status="signature", says=r"Reference URI: expected \"#_[-0-9a-f]+\", .* got \"#_[-0-9a-f]+\"",
      source="XML Signature 3.2.1; Core 5.4.2")
def _(m):
    root = m.tree(m.signed("none", name_id=EVE))
    assertion_of(root).insert(1, signature_in(m.tree(m.signed())))
    return m.octets(root)


@case("signature-of-another-same-id", changed="the same, and the forged Assertion takes the ID of the one that is signed",
      status="signature", says=CHANGED % "Assertion", source="XML Signature 3.2.1")
def _(m):
    signed = m.tree(m.signed())
    root = m.tree(m.signed("none", name_id=EVE, assertion_id=assertion_of(signed).get("ID")))
    assertion_of(root).insert(1, signature_in(signed))
    return m.octets(root)


@case("signature-of-metadata", changed="the Signature of other signed XML of the identity provider's (its metadata)",
      status="signature", says=CHANGED % "Assertion", source="CVE-2024-45409 (ruby-saml)")
def _(m):
    element = etree.fromstring('<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="_m" entityID="%s"/>' % m.idp)
    dsig.sign(m, element)
    root = m.tree(m.signed("none", name_id=EVE, assertion_id="_m"))
    assertion_of(root).insert(1, signature_in(element))
    return m.octets(root)


@case("metadata-wrapped-in-extensions", changed="a forged Response without Signature, the identity provider's signed metadata in Extensions",
      status="unsigned", says=UNSIGNED, source="PortSwigger 2025, The Fragile Lock: any signed XML of the identity provider's")
def _(m):
    element = etree.fromstring('<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="_m" entityID="%s"/>' % m.idp)
    dsig.sign(m, element)
    root = m.tree(m.signed("none", name_id=EVE))
    into(root, SAMLP + "Extensions", 1).append(element)
    return m.octets(root)


@case("signed-error-response-wrapped", changed="a signed Response that tells of a failure, with a forged Assertion and Success put in",
      status="signature", says=CHANGED % "Response", source="PortSwigger 2025, The Fragile Lock")
def _(m):
    root = m.tree(m.signed("response", status_codes=[sr.STATUS + "Responder"]))
    root.find(".//" + SAMLP + "StatusCode").set("Value", sr.SUCCESS)
    root.append(m.evil_assertion())
    return m.octets(root)


@case("signed-error-response-empty", changed="a signed Response with Success and no Assertion; a forged Assertion is put in",
      status="signature", says=CHANGED % "Response", source="PortSwigger 2025, The Fragile Lock")
def _(m):
    root = m.tree(m.signed("response", with_assertion=False))
    root.append(m.evil_assertion())
    return m.octets(root)


for _level in ("assertion", "response"):
    for _order in ("good-first", "bad-first"):
        @case("two-signatures-%s-%s" % (_level, _order), status="signature", says=r"expected one Signature, got 2",
              changed="two Signatures in the %s, the %s is a stranger's" % (
                  _level, "second" if _order == "good-first" else "first"), source="SAML Core 5.4.1, schema: at most one")
        def _(m, level=_level, order=_order):
            root = m.tree(m.signed(level))
            signature = signature_in(root)
            stranger = copy.deepcopy(signature_in(m.tree(m.signed(level, by=m.other(), name_id=EVE))))
            (signature.addnext if order == "good-first" else signature.addprevious)(stranger)
            return m.octets(root)


@case("signed-by-other-inside-response-signed", changed="the Response is the identity provider's, the Assertion signed by a stranger",
      status="signature", says=r"(matches none|certificate)", source="Core 5.3: every signature must hold")
def _(m):
    root = m.tree(m.signed(by=m.other(), name_id=EVE))
    sr.sign_element(root, m.signer())
    return m.octets(root)


@case("response-by-other-assertion-good", changed="the Assertion is the identity provider's, the Response signed by a stranger",
      status="signature", says=r"(matches none|certificate)", source="Core 5.3: every signature must hold")
def _(m):
    root = m.tree(m.signed())
    sr.sign_element(root, m.other())
    return m.octets(root)


@case("signature-before-issuer", changed="the Signature before Issuer, where the schema does not have it", status="accepted",
      source="Core 2.3.3: what is signed is the same")
def _(m):
    root = m.tree(m.signed())
    assertion_of(root).insert(0, signature_in(root))
    return m.octets(root)


@case("signature-last", changed="the Signature at the end of the Assertion, where the schema does not have it", status="accepted",
      source="Core 2.3.3: what is signed is the same")
def _(m):
    root = m.tree(m.signed())
    assertion_of(root).append(signature_in(root))
    return m.octets(root)


@case("assertion-of-another-response", changed="the signed Assertion of another sign-on in a Response that names this request",
      status="in-response-to", says=r"SubjectConfirmationData InResponseTo: expected \"[^\"]+\", got \"_another\"",
      source="Profiles 4.1.4.3; mix-up of an Assertion and a request")
def _(m):
    return m.signed(confirmation_in_response_to="_another")
