# SPDX-License-Identifier: Apache-2.0
"""IDs: twice, in other namespaces and forms, missing, empty, none at all.

What answers for the ID that a Reference names is what the signature covers. It must be the element that carries the
signature, and nothing else may claim it.
"""
import dsig

from attack import DS, EVE, SAML, case, forge, sr, without_signature

FIRST = "libxml2: the first of two equal IDs answers"
NO_NS = "libxml2: xmlGetProp ignores namespaces"


def parts(m, what="assertion"):
    root = m.tree(m.signed(what))
    return root, root.find(SAML + "Assertion")


def put(parent, text, index=None):
    el = sr.parse(text)
    parent.insert(len(parent) if index is None else index, el)
    return el


def extension(root, text, index=None):
    """An element of a stranger's namespace, in Extensions of the Response."""
    ext = put(root, '<samlp:Extensions xmlns:samlp="%s"/>' % sr.NS_SAMLP, index if index is not None else 1)
    return put(ext, text)


for _form, _attr in (("ID", "ID"), ("Id", "Id"), ("id", "id"), ("xml-id", "xml:id"), ("other-namespace", "q:ID")):
    for _where in ("before", "after"):
        @case("id-twice-%s-%s" % (_form, _where),
              changed="an element %s the signed Assertion has its ID as %s" % (_where, _attr), status="signature",
              source=FIRST, says="the ID .* stands more than once in the document")
        def _(m, attr=_attr, where=_where):
            root, assertion = parts(m)
            extension(root, '<x xmlns="urn:x" xmlns:q="urn:q" %s="%s"/>' % (attr, assertion.get("ID")),
                      1 if where == "before" else len(root))
            return m.octets(root)


@case("id-of-response", changed="the Response has the ID of the signed Assertion", status="signature", source=FIRST,
      says="the ID .* stands more than once")
def _(m):
    return m.signed(response_id="_same", assertion_id="_same")


@case("id-of-response-signed", changed="Response and Assertion are signed and have one ID", status="signature",
      source=FIRST, says="the ID .* stands more than once")
def _(m):
    xml = m.response(response_id="_same", assertion_id="_other")
    xml = sr.sign(xml, m.signer(), "response").replace(b'ID="_other"', b'ID="_same"')
    return xml


@case("id-on-status", changed="Status, which no one signs, has the signed Assertion's ID", status="signature",
      source=FIRST, says="the ID .* stands more than once")
def _(m):
    root, assertion = parts(m)
    root.find("{%s}Status" % sr.NS_SAMLP).set("ID", assertion.get("ID"))
    return m.octets(root)


@case("id-spaces", changed="another element has the ID with white space around it", status="signature",
      source="xs:ID collapses, XML Schema 2, 3.3.8", says="the ID .* stands more than once")
def _(m):
    root, assertion = parts(m)
    extension(root, '<x xmlns="urn:x" ID=" %s&#10;"/>' % assertion.get("ID"))
    return m.octets(root)


@case("id-q-first", changed="q:ID before the Assertion's own ID names what is not signed", status="signature",
      source=NO_NS, says="content was changed after it was signed")
def _(m):
    return m.signed(after=[("<Assertion ", '<Assertion xmlns:q="urn:q" q:ID="_evil" ')])


@case("id-q-signed", changed="q:ID stands before ID, with another value, signed", status="accepted", source=NO_NS)
def _(m):
    return dsig.message(m, before=[("<Assertion ", '<Assertion xmlns:q="urn:q" q:ID="_other" ')])


@case("id-q-same", changed="q:ID of the Assertion has the value of its ID, signed", status="signature", source=NO_NS,
      says="the ID .* stands more than once")
def _(m):
    return dsig.message(m, before=[("<Assertion ", '<Assertion xmlns:q="urn:q" q:ID="_a" ')],
                        fields={"assertion_id": "_a"})


@case("id-only-q", changed="the Assertion has q:ID and no ID, the Reference names it", status="signature",
      source=NO_NS, says="has no ID that a Reference could name")
def _(m):
    return m.signed(assertion_id="_a", after=[(' ID="_a"', ' xmlns:q="urn:q" q:ID="_a"')])


@case("id-only-xml-id", changed="the Assertion has xml:id and no ID, the Reference names it", status="signature",
      source="xml:id 1.0; SAML Core 1.3.4", says="has no ID that a Reference could name")
def _(m):
    return m.signed(assertion_id="_a", after=[(' ID="_a"', ' xml:id="_a"')])


@case("id-lower-case", changed="the Assertion has id in place of ID", status="signature", source="SAML Core 2.3.3",
      says="has no ID that a Reference could name")
def _(m):
    return m.signed(assertion_id="_a", after=[(' ID="_a"', ' id="_a"')])


@case("id-two-prefixes", changed="two attributes that differ by prefix and are one name", status="malformed",
      source="Namespaces in XML 1.0, 6.3", says="is not XML")
def _(m):
    return m.signed(after=[("<Assertion ", '<Assertion xmlns:p="urn:q" xmlns:q="urn:q" p:ID="_1" q:ID="_2" ')])


@case("id-two", changed="the attribute ID twice in one tag", status="malformed", source="XML 1.0, 3.1", says="is not XML")
def _(m):
    return m.signed(after=[("<Assertion ", '<Assertion ID="_evil" ')])


@case("id-other-attributes", changed="attributes of another namespace called as ours stand before them, signed",
      status="accepted", source=NO_NS)
def _(m):
    return m.signed(before=[("<Assertion ", '<Assertion xmlns:q="urn:q" q:Version="1.0" q:IssueInstant="x" ')])


@case("recipient-q-first", changed="q:Recipient before Recipient has our URL, Recipient another", status="recipient",
      source=NO_NS, says="Recipient: expected .* got .*attacker")
def _(m):
    return m.signed(recipient="https://attacker.example/acs", before=[
        ("<SubjectConfirmationData ", '<SubjectConfirmationData xmlns:q="urn:q" q:Recipient="%s" ' % m.acs)])


@case("recipient-only-q", changed="q:Recipient has our URL, there is no Recipient", status="recipient", source=NO_NS,
      says="Recipient: expected .* got none")
def _(m):
    return m.signed(recipient=None, before=[
        ("<SubjectConfirmationData ", '<SubjectConfirmationData xmlns:q="urn:q" q:Recipient="%s" ' % m.acs)])


@case("destination-only-q", changed="q:Destination has our URL, Destination another", status="destination",
      source=NO_NS, says="Destination: expected .* got .*attacker")
def _(m):
    return m.signed("none", destination="https://attacker.example/acs", recipient=m.acs, before=[
        ("<samlp:Response ", '<samlp:Response xmlns:q="urn:q" q:Destination="%s" ' % m.acs)])


@case("attribute-name-q", changed="q:Name of an attribute has an administrator's claim, Name another", status="accepted",
      source=NO_NS, says=r'"urn:harmless":\["v"\]')
def _(m):
    return m.signed(attributes=[("urn:harmless", ["v"])],
                    before=[("<Attribute ", '<Attribute xmlns:q="urn:q" q:Name="urn:%s" ' % EVE)])


@case("id-missing", changed="the signed Assertion has no ID, URI is empty", status="signature", source="SAML Core 5.4.2",
      says="has no ID that a Reference could name")
def _(m):
    return m.signed(assertion_id="_a", after=[(' ID="_a"', ""), ('URI="#_a"', 'URI=""')])


@case("id-missing-response-signed", changed="no ID on the Assertion of a signed Response", status="malformed",
      source="SAML Core 2.3.3", says="Assertion ID: expected an identifier, got none")
def _(m):
    return m.signed("response", assertion_id=None)


@case("id-empty-response-signed", changed="an empty ID on the Assertion of a signed Response", status="malformed",
      source="SAML Core 2.3.3", says='Assertion ID: expected an identifier, got ""')
def _(m):
    return m.signed("response", before=[('<Assertion ID="', '<Assertion q:ID="x" xmlns:q="urn:q" ID="" was="')])


@case("response-id-missing", changed="no ID on the Response", status="malformed", source="SAML Core 3.2.2",
      says="Response ID: expected an identifier, got none")
def _(m):
    return m.signed(response_id=None)


@case("response-id-empty", changed="an empty ID on the Response", status="malformed", source="SAML Core 3.2.2",
      says='Response ID: expected an identifier, got ""')
def _(m):
    return m.signed(before=[('<samlp:Response ID="', '<samlp:Response ID="" was="')])


for _name, _id in (("slash", "_a/b"), ("colon", "a:b"), ("space", "_a b"), ("bracket", "_a)b"), ("quote", "_a'b"),
                   ("dollar", "_$a"), ("hash", "_a#b"), ("line-end", "_a&#10;"), ("leading-space", " _a"),
                   ("long", "_" + "a" * 300), ("empty", "")):
    @case("id-not-name-" + _name, changed="an ID that is no name: " + (_id[:9] or "empty"), status="signature",
          source="XML Schema 2, 3.3.8; XPointer in the URI", says=r"expected an ID of letters")
    def _(m, new=_id):
        return m.signed(assertion_id="_a", after=[(' ID="_a"', ' ID="%s"' % new), ('URI="#_a"', 'URI="#%s"' % new)])


@case("id-first-digit", changed="an ID that begins with a digit, as some identity providers write", status="accepted",
      source="practice")
def _(m):
    xml = m.response(assertion_id="7a")
    root = m.tree(xml)
    dsig.sign(m, root.find(SAML + "Assertion"))
    return m.octets(root)


@case("id-letters", changed="an ID with letters beyond ASCII, dots and dashes", status="accepted",
      source="XML Schema 2, 3.3.8")
def _(m):
    return m.signed(assertion_id="_\u00e4.b-c_d")


@case("id-case", changed="the Reference names the ID in another case", status="signature", source="XML 1.0: names have case",
      says="Reference .*URI|expected .*#_Abc")
def _(m):
    root = m.tree(m.response(assertion_id="_Abc"))
    dsig.sign(m, root.find(SAML + "Assertion"), info=[('URI="#_Abc"', 'URI="#_aBC"')])
    return m.octets(root)


@case("id-doctype", changed="a DTD makes an attribute of a forged Assertion the ID", status="malformed",
      source="XML 1.0, 3.3.1", says=r"document type declaration \(DOCTYPE\) is not allowed")
def _(m):
    root, assertion = parts(m)
    evil = forge(without_signature(assertion))
    evil.set("SpecialID", assertion.get("ID"))
    assertion.addprevious(evil)
    return b'<!DOCTYPE r [<!ATTLIST Assertion SpecialID ID #IMPLIED>]>' + m.octets(root)


@case("id-doctype-takes-away", changed="a DTD says that ID is CDATA", status="malformed", source="XML 1.0, 3.3.1",
      says=r"document type declaration \(DOCTYPE\) is not allowed")
def _(m):
    return b'<!DOCTYPE r [<!ATTLIST Assertion ID CDATA #IMPLIED>]>' + m.signed()


@case("id-in-signature-object", changed="a forged Assertion with the signed ID in ds:Object", status="signature",
      source="Somorovsky et al. 2012", says="expected nothing more|more than once")
def _(m):
    root, assertion = parts(m)
    evil = forge(without_signature(assertion), new_id=False)
    assertion.find(DS + "Signature").append(put(assertion, '<ds:Object xmlns:ds="%s"/>' % sr.NS_DS))
    assertion.find(DS + "Signature")[-1].append(evil)
    return m.octets(root)


@case("id-on-advice", changed="an Assertion in Advice of the signed one has its ID, signed", status="signature",
      source=FIRST, says="more than once")
def _(m):
    xml = m.signed(assertion_id="_a", before=[("</Conditions>", '</Conditions><Advice><Assertion ID="_x"/></Advice>')])
    return xml.replace(b'<Assertion ID="_x"', b'<Assertion ID="_a"')


@case("id-many", changed="ten thousand other IDs before the signed Assertion", status="accepted", source="practice: bounds")
def _(m):
    root, _assertion = parts(m)
    extension(root, '<x xmlns="urn:x">%s</x>' % "".join('<y ID="_%d"/>' % i for i in range(10000)))
    return m.octets(root)


@case("id-of-hidden", changed="the signed Assertion in Extensions, a forged one with its ID and Signature in its place",
      status="signature", source="Somorovsky et al. 2012", says="more than once")
def _(m):
    root, assertion = parts(m)
    evil = forge(without_signature(assertion), new_id=False)
    evil.insert(1, sr.parse(sr.serialize(assertion.find(DS + "Signature"))))
    holder = extension(root, '<x xmlns="urn:x"/>')
    root.append(evil)
    holder.append(assertion)
    return m.octets(root)
