# SPDX-License-Identifier: Apache-2.0
"""Comments, processing instructions, CDATA sections, references and elements inside text.

A reader that stops at the first node of a text takes a part of the name for the whole. What is genuine is taken whole.
"""
from attack import ADA, EVE, case, change

TRUNCATION = "CVE-2017-11427 and its kin (VU#475445): text up to a comment"
LONG = ADA + ".attacker.example"


def name_id(m, before=None, after=None, what="assertion", name=ADA):
    """Signed with `before` as what stands in NameID; afterwards `after` stands there."""
    xml = m.signed(what, name_id_xml=before if before is not None else name)
    if after is None:
        return xml
    return change(xml, [(">%s</NameID>" % (before if before is not None else name), ">%s</NameID>" % after)])


for _at, _text in (("first", "<!-- -->" + LONG), ("middle", ADA + "<!-- -->.attacker.example"),
                   ("last", LONG + "<!-- -->"), ("many", "<!--1-->".join(LONG))):
    @case("name-id-comment-" + _at, changed="a comment put into the signed NameID, which keeps its digest: " + _at,
          status="accepted", source=TRUNCATION, user=LONG)
    def _(m, text=_text):
        return name_id(m, LONG, text)

    @case("name-id-comment-%s-response" % _at, changed="the same, with a signed Response: " + _at, status="accepted",
          source=TRUNCATION, user=LONG)
    def _(m, text=_text):
        return name_id(m, LONG, text, "response")


@case("name-id-comment-encrypted", changed="a comment in the NameID of an encrypted Assertion", status="accepted",
      source=TRUNCATION, user=LONG, key=True)
def _(m):
    return m.encrypted(name_id_xml=ADA + "<!-- -->.attacker.example")


@case("name-id-comment-signed", changed="the identity provider itself signs a NameID with a comment in it",
      status="accepted", source=TRUNCATION, user=LONG)
def _(m):
    return name_id(m, ADA + "<!-- -->.attacker.example")


@case("name-id-cdata", changed="a part of the signed NameID put into a CDATA section, which keeps its digest",
      status="accepted", source="Canonical XML 2.1; " + TRUNCATION, user=LONG)
def _(m):
    return name_id(m, LONG, ADA + "<![CDATA[.attacker]]>.example")


@case("name-id-cdata-all", changed="NameID is one CDATA section", status="accepted", source="XML 1.0, 2.7")
def _(m):
    return name_id(m, "<![CDATA[%s]]>" % ADA)


@case("name-id-cdata-two", changed="NameID is two CDATA sections and an empty one", status="accepted",
      source="XML 1.0, 2.7")
def _(m):
    return name_id(m, ADA, "<![CDATA[%s]]><![CDATA[]]><![CDATA[%s]]>" % (ADA[:5], ADA[5:]))


@case("name-id-comment-in-cdata", changed="what looks like a comment stands in a CDATA section: it is text",
      status="accepted", source="XML 1.0, 2.7", user="ada<!-- -->@example.org")
def _(m):
    return name_id(m, "<![CDATA[ada<!-- -->@example.org]]>")


@case("name-id-pi-signed", changed="a processing instruction in the NameID, signed", status="accepted",
      source=TRUNCATION, user=LONG)
def _(m):
    return name_id(m, ADA + "<?x y?>.attacker.example")


@case("name-id-pi-after", changed="a processing instruction put into the signed NameID", status="signature",
      source="Canonical XML 2.1: it is part of the canonical form", says="content was changed after it was signed")
def _(m):
    return name_id(m, LONG, ADA + "<?x?>.attacker.example")


@case("name-id-element", changed="an element inside the NameID, signed", status="name-id",
      source="SAML Core 2.2.2: a string", says='NameID: expected text and no elements, got "b"')
def _(m):
    return name_id(m, ADA + "<b>.attacker</b>")


@case("name-id-name-id", changed="a NameID inside the NameID, signed", status="name-id",
      source="SAML Core 2.2.2: a string", says='NameID: expected text and no elements, got "NameID"')
def _(m):
    return name_id(m, "%s<NameID>%s</NameID>" % (ADA, EVE))


@case("name-id-only-comment", changed="nothing but a comment in the NameID", status="name-id",
      source="SAML Core 2.2.3", says='NameID: expected a name, got ""')
def _(m):
    return name_id(m, "<!--%s-->" % EVE)


@case("name-id-comment-swallows", changed="the end of the NameID commented out after signing", status="signature",
      source="Canonical XML 2.1", says="content was changed after it was signed")
def _(m):
    return name_id(m, LONG, ADA + "<!--.attacker.example-->")


@case("name-id-reference", changed="a character reference in the NameID", status="accepted", source="XML 1.0, 4.1")
def _(m):
    return name_id(m, "ada&#64;example&#x2e;org")


@case("name-id-reference-after", changed="a character of the signed NameID written as a reference", status="accepted",
      source="Canonical XML 2.1")
def _(m):
    return name_id(m, ADA, "ada&#x40;example.org")


@case("name-id-references-predefined", changed="the five predefined entities in the NameID", status="accepted",
      source="XML 1.0, 4.6", user="<a>&\"'")
def _(m):
    return name_id(m, "&lt;a&gt;&amp;&quot;&apos;")


@case("name-id-spaces", changed="white space around the NameID: it is a part of it", status="accepted",
      source="SAML Core 1.3.1", user="  " + ADA + " ")
def _(m):
    return name_id(m, "  " + ADA + " ")


@case("name-id-escaped-markup", changed="escaped markup in the NameID stays text", status="accepted",
      source="XML 1.0, 2.4", user="<NameID>x</NameID>")
def _(m):
    return name_id(m, "&lt;NameID>x&lt;/NameID>")


def at_issuer(xml, old, new):
    """Issuer of the Assertion, which comes second."""
    head, tail = xml.split(b"<Assertion", 1)
    return head + b"<Assertion" + change(tail, [(old, new)])


@case("issuer-comment", changed="a comment put into the Assertion's signed Issuer", status="accepted", source=TRUNCATION)
def _(m):
    return at_issuer(m.signed(), m.idp, m.idp[:12] + "<!--x-->" + m.idp[12:])


@case("issuer-comment-truncation", changed="an Issuer that is ours up to a comment, signed", status="issuer",
      source=TRUNCATION, says="Issuer of the Assertion: expected .* got .*attacker")
def _(m):
    return m.signed(assertion_issuer=m.idp + "MARK", before=[("MARK", "<!-- -->.attacker.example")])


@case("issuer-cdata-truncation", changed="an Issuer that is ours up to a CDATA section, signed", status="issuer",
      source=TRUNCATION, says="Issuer of the Assertion: expected .* got .*attacker")
def _(m):
    return m.signed(assertion_issuer=m.idp + "MARK", before=[("MARK", "<![CDATA[.attacker.example]]>")])


@case("issuer-element", changed="an element inside the Assertion's Issuer, signed", status="malformed",
      source="SAML Core 2.2.5", says="expected text, got .[xb]. of ")
def _(m):
    return m.signed(assertion_issuer="MARK", before=[("MARK", m.idp + "<x/>")])


@case("response-issuer-comment", changed="a comment in the Response's Issuer", status="accepted", source=TRUNCATION)
def _(m):
    return m.signed(response_issuer="MARK", before=[("MARK", m.idp[:9] + "<!-- -->" + m.idp[9:])])


@case("response-issuer-comment-truncation", changed="a Response Issuer that is ours up to a comment", status="issuer",
      source=TRUNCATION, says="Issuer of the Response: expected .* got .*attacker")
def _(m):
    return m.signed(response_issuer="MARK", before=[("MARK", m.idp + "<!-- -->.attacker.example")])


@case("audience-comment", changed="a comment put into the signed Audience", status="accepted", source=TRUNCATION)
def _(m):
    return m.signed(after=[("<Audience>" + m.audience, "<Audience>" + m.audience[:9] + "<!-- -->" + m.audience[9:])])


@case("audience-cdata", changed="the Audience is a CDATA section", status="accepted", source="XML 1.0, 2.7")
def _(m):
    return m.signed(before=[("<Audience>%s<" % m.audience, "<Audience><![CDATA[%s]]><" % m.audience)])


@case("audience-pi", changed="a processing instruction in the Audience, signed", status="accepted", source="XML 1.0, 2.6")
def _(m):
    return m.signed(before=[("<Audience>", "<Audience><?x y?>")])


@case("audience-comment-truncation", changed="an Audience that is ours up to a comment, signed", status="audience",
      source=TRUNCATION, says="AudienceRestriction: expected one of .* got .*attacker")
def _(m):
    return m.signed(audiences=["MARK"], before=[("MARK", m.audience + "<!-- -->.attacker.example")])


@case("audience-cdata-truncation", changed="an Audience that is ours up to a CDATA section, signed", status="audience",
      source=TRUNCATION, says="AudienceRestriction: expected one of .* got .*attacker")
def _(m):
    return m.signed(audiences=["MARK"], before=[("MARK", m.audience + "<![CDATA[.attacker.example]]>")])


@case("audience-element", changed="our Audience inside an element inside the Audience, signed", status="malformed",
      source="SAML Core 2.5.1.4", says="expected text, got .[xb]. of ")
def _(m):
    return m.signed(audiences=["MARK"], before=[("MARK", "<b>%s</b>" % m.audience)])


@case("audience-spaces", changed="white space and line ends around the Audience", status="accepted",
      source="XML Schema 2, 3.2.17: xs:anyURI collapses")
def _(m):
    return m.signed(audiences=["MARK"], before=[("MARK", "\n  " + m.audience + "\t\n")])


def values(m, raw, after=()):
    return m.signed(attributes=[("urn:x", ["MARK"])], before=[("MARK", raw)], after=after)


@case("attribute-comment", changed="a comment put into a signed attribute value", status="accepted", source=TRUNCATION,
      says=r'"urn:x":\["admins-of-nothing"\]')
def _(m):
    return values(m, "admins-of-nothing", [("admins-of", "admins<!-- -->-of")])


@case("attribute-cdata", changed="a CDATA section put into a signed attribute value", status="accepted",
      source=TRUNCATION, says=r'"urn:x":\["admins-of-nothing"\]')
def _(m):
    return values(m, "admins-of-nothing", [("admins-of", "admins<![CDATA[-of]]>")])


@case("attribute-pi", changed="a processing instruction in an attribute value, signed", status="accepted",
      source=TRUNCATION, says=r'"urn:x":\["admins-of-nothing"\]')
def _(m):
    return values(m, "admins<?x?>-of-nothing")


@case("attribute-elements", changed="elements in an attribute value: it is taken as the XML that it is",
      status="accepted", source="SAML Core 2.7.3.1.1", says=r'"urn:x":\["admins\\u003cb xmlns=\S*>-of\\u003c/b>-nothing"\]')
def _(m):
    return values(m, "admins<b>-of</b>-nothing")


@case("attribute-only-comment", changed="nothing but a comment in an attribute value: it is empty", status="accepted",
      source="SAML Core 2.7.3.1.1", says=r'"urn:x":\[""\]')
def _(m):
    return values(m, "<!--%s-->" % EVE)


@case("attribute-name-references", changed="character references in an attribute's Name", status="accepted",
      source="XML 1.0, 3.3.3", says=r'"urn:x":\["v"\]')
def _(m):
    return m.signed(attributes=[("urn:MARK", ["v"])], before=[("MARK", "&#120;")])


@case("attribute-name-spaces", changed="white space around an attribute's Name", status="accepted",
      source="SAML Core 2.7.3.1", says=r'"urn:x":\["v"\]')
def _(m):
    return m.signed(attributes=[(" urn:x  ", ["v"])])


@case("attribute-name-comment", changed="what looks like a comment in an attribute's Name is not XML",
      status="malformed", source="XML 1.0, 3.1", says='"<" in an attribute value')
def _(m):
    return m.signed(after=[('Name="http://schemas.microsoft.com/ws', 'Name="http://schemas.<!-- -->microsoft.com/ws')])


@case("digest-value-comment", changed="a forged name, and the digests of both in DigestValue, one in a comment",
      status="signature", source="CVE-2025-29775", says="DigestValue: expected base64 text and nothing else")
def _(m):
    return m.signed(after=[("<DigestValue>", "<DigestValue><!--AAAA-->"), (">%s<" % ADA, ">%s<" % EVE)])


@case("digest-value-cdata", changed="DigestValue in a CDATA section", status="signature", source="CVE-2025-29775",
      says="DigestValue: expected base64 text and nothing else")
def _(m):
    return m.signed(after=[("<DigestValue>", "<DigestValue><![CDATA["), ("</DigestValue>", "]]></DigestValue>")])


@case("signature-value-comment", changed="a comment in SignatureValue", status="signature", source="CVE-2025-29774",
      says="SignatureValue: expected base64 text and nothing else")
def _(m):
    return m.signed(after=[("<SignatureValue>", "<SignatureValue><!--x-->")])


@case("signature-value-pi", changed="a processing instruction in SignatureValue", status="signature",
      source="CVE-2025-29774", says="SignatureValue: expected base64 text and nothing else")
def _(m):
    return m.signed(after=[("</SignatureValue>", "<?x?></SignatureValue>")])


@case("signature-value-spaces", changed="line ends in SignatureValue", status="accepted",
      source="XML Schema 2, 3.2.16: base64Binary")
def _(m):
    return m.signed(after=[("<SignatureValue>", "<SignatureValue>\n  "), ("</SignatureValue>", "\n</SignatureValue>")])


@case("comments-everywhere", changed="comments between and around all elements, after signing", status="accepted",
      source="Canonical XML 2.1")
def _(m):
    return b"<!--a-->" + m.signed().replace(b"><", b"><!-- x --><") + b"<!--z-->"


@case("pi-around", changed="processing instructions before and after the message", status="accepted",
      source="XML 1.0, 2.6")
def _(m):
    return b"<?x y?>" + m.signed() + b"<?z?>"


@case("context-class-comment", changed="a comment in AuthnContextClassRef: taken whole", status="accepted",
      source=TRUNCATION, says='"context_class":"urn:oasis:names:tc:SAML:2.0:ac:classes:Password"')
def _(m):
    return m.signed(after=[("ac:classes:Password", "ac:<!-- -->classes:Password")])


@case("confirmation-attributes-spaces", changed="white space around Recipient and InResponseTo of the confirmation",
      status="accepted", source="XML Schema 2, 3.2.17 and 3.3.8: both collapse")
def _(m):
    return m.signed(recipient=" %s " % m.acs, confirmation_in_response_to=" %s " % m.request)
