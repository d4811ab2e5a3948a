# SPDX-License-Identifier: Apache-2.0
"""Genuine responses: whatever the specifications allow, however unusual, must be accepted, and say what they said."""
import base64
import datetime
import re

from lxml import etree

from attack import ADA, GROUPS, TENANT, case, change, sr

CORE = "SAML Core "
PROFILES = "SAML Profiles "
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XS = "http://www.w3.org/2001/XMLSchema"
TENANT_ID = "11111111-2222-4333-8444-555555555555"
GIVEN = {TENANT: [TENANT_ID], GROUPS: ["g1", "g2"]}


def genuine(name, changed, source, attributes=None, **options):
    """A case that must be accepted, and give exactly these attributes."""
    return case("genuine-" + name, changed=changed, status="accepted", source=source,
                attributes=GIVEN if attributes is None else attributes, **options)


def edited(name, changed, source, pairs, what="assertion", after=(), **options):
    """A Response of which something is different before it is signed, or `after`."""
    @genuine(name, changed, source, **options)
    def _(m):
        return m.signed(what, before=pairs, after=after)


def with_fields(name, changed, source, fields, what="assertion", **options):
    """A Response with other fields; `fields` gets the Maker."""
    @genuine(name, changed, source, **options)
    def _(m):
        return m.signed(what, **fields(m))


def later(m, **delta):
    return m.now + datetime.timedelta(**delta)


# ---- how the message is written ------------------------------------------

for style, says in (("prefixed", "samlp:, saml: and ds: everywhere"), ("default", "default namespaces everywhere")):
    for level in ("assertion", "response", "both"):
        @genuine("%s-%s" % (style, level), "namespaces: %s; signed: %s" % (says, level), "Namespaces in XML 1.0, 5")
        def _(m, style=style, level=level):
            return m.signed(level, prefix="ds" if style == "prefixed" else None, style=style)


@genuine("prefixes-odd", "prefixes that mislead: saml for the protocol, samlp for assertions, xs for signatures",
         "Namespaces in XML 1.0, 5")
def _(m):
    swapped = re.sub(rb"\bsaml(p?)(?=[:=])", lambda found: b"saml" if found[1] else b"samlp", m.response(style="prefixed"))
    return sr.sign(swapped, m.signer(), "both", "xs")


@genuine("namespaces-on-root", "every namespace is declared on Response and nowhere else", "Exclusive c14n 1.0, 1.3")
def _(m):
    xml = m.response(style="prefixed").replace(b' xmlns:saml="%s"' % sr.NS_SAML.encode(), b"")
    return sr.sign(change(xml, [("<samlp:Response ", '<samlp:Response xmlns:saml="%s" xmlns:ds="%s" xmlns:xs="%s" '
                                 % (sr.NS_SAML, sr.NS_DS, XS))]), m.signer(), "both", "ds")


@genuine("namespaces-on-each", "every element declares its namespace anew", "Exclusive c14n 1.0, 1.3")
def _(m):
    declared = re.sub(rb"<saml:(\w+)(?=[ />])(?![^>]* xmlns:saml)", rb'<saml:\1 xmlns:saml="%s"' % sr.NS_SAML.encode(),
                      m.response(style="prefixed"))
    return sr.sign(declared, m.signer(), "both")


@genuine("namespace-shadowed", "one prefix means the protocol outside and assertions inside", "Namespaces in XML 1.0, 6.1")
def _(m):
    xml = m.response(style="prefixed").replace(b"samlp:", b"s:").replace(b"xmlns:samlp", b"xmlns:s") \
        .replace(b"saml:", b"s:").replace(b"xmlns:saml=", b"xmlns:s=")
    return sr.sign(xml, m.signer(), "both")


edited("namespaces-unused", "declarations that nothing uses, on Response and Assertion", "Exclusive c14n 1.0, 1.3",
       [("<samlp:Response ", '<samlp:Response xmlns:a="urn:a" xmlns:xenc="%s" ' % sr.NS_XENC),
        ("<Assertion ", '<Assertion xmlns:b="urn:b" xmlns:a="urn:other" ')], "both")
edited("schema-location", "xsi:schemaLocation on Response and Assertion", "XML Schema 1, 2.6.3",
       [("<samlp:Response ", '<samlp:Response xmlns:xsi="%s" xsi:schemaLocation="urn:a a.xsd" ' % XSI),
        ("<Assertion ", '<Assertion xmlns:xsi="%s" xsi:schemaLocation="urn:a a.xsd" ' % XSI)], "both")
edited("xml-attributes", "xml:lang and xml:space on Response and Assertion", "XML 1.0, 2.10, 2.12",
       [("<samlp:Response ", '<samlp:Response xml:lang="en" '), ("<Assertion ", '<Assertion xml:space="preserve" ')],
       "both")


def spaced(xml, space):
    """White space between all elements that hold elements."""
    tree = sr.parse(xml)
    for element in tree.iter():
        if len(element):
            element.text = space
            for child in element:
                child.tail = space
    return sr.serialize(tree)


def signed_spaced(m, space, before=None, what="both"):
    return sr.sign((before or (lambda xml: xml))(spaced(m.response(), space)), m.signer(), what)


for name, space, says in (("lines", "\n  ", "line breaks and indentation"), ("tabs", "\t\t", "tabs"),
                          ("spaces", "   ", "spaces")):
    @genuine("space-" + name, "%s between the elements" % says, "XML 1.0, 2.10")
    def _(m, space=space):
        return signed_spaced(m, space)


@genuine("line-ends-crlf", "lines end with CR LF, which a parser reads as LF", "XML 1.0, 2.11")
def _(m):
    return signed_spaced(m, "\n").replace(b"\n", b"\r\n")


@genuine("line-ends-cr", "lines end with CR alone, which a parser reads as LF", "XML 1.0, 2.11")
def _(m):
    return signed_spaced(m, "\n").replace(b"\n", b"\r")


@genuine("name-laid-out", "NameID, Issuer, Audience and AuthnContextClassRef each on lines of their own", CORE + "1.3.1")
def _(m):
    lines = [(">%s<" % text, ">\n        %s\n    <" % text)
             for text in (m.idp, m.idp, ADA, m.audience, sr.AC_PASSWORD)]
    return m.signed("both", before=lines)


edited("comments", "comments between the elements", "Exclusive c14n 1.0, 2.1",
       [("<samlp:Status>", "<!-- a --><samlp:Status><!-- b -->"), ("<Subject>", "<!-- c --><Subject><!-- d -->"),
        ("</Conditions>", "<!-- e --></Conditions><!-- f -->"), ("</Assertion>", "<!-- g --></Assertion><!-- h -->")], "both")
edited("comments-later", "comments put between the elements after signing, which the canonical form leaves out",
       "Exclusive c14n 1.0, 2.1", [], "both",
       [("<samlp:Status>", "<!-- a --><samlp:Status><!-- b -->"), ("<Subject>", "<!-- c --><Subject><!-- d -->"),
        ("<SignatureMethod", "<!-- e --><SignatureMethod"), ("<KeyInfo>", "<!-- f --><KeyInfo>")])
edited("comment-in-name", "a comment inside NameID and inside a value: the text is taken whole", CORE + "2.2.3",
       [("ada@example.org", "ada@<!-- x -->example.org"), (">g2<", ">g<!-- x -->2<"), (">g1<", "><!-- x -->g1<")])
edited("instruction", "processing instructions between the elements, and inside NameID", "XML 1.0, 2.6",
       [("<Subject>", "<?a b?><Subject>"), ("ada@example.org", "ada@<?a b?>example.org")], "both")
edited("cdata", "NameID, Audience and a value written as CDATA", "XML 1.0, 2.7", [], "both",
       [("ada@example.org", "ada@<![CDATA[example]]>.org"), (">g2<", "><![CDATA[g2]]><")])
edited("references", "characters written as references, also in attributes", "XML 1.0, 4.1", [], "both",
       [("ada@example.org", "&#97;da&#x40;example.org"), (">g2<", ">g&#50;<"), ('Version="2.0"', 'Version="2&#46;0"')])
edited("quotes", "attributes in single quotes", "XML 1.0, 2.3", [], "both",
       [('Version="2.0"', "Version='2.0'"), ('Version="2.0"', "Version = '2.0'")])

for name, head, says in (
        ("declaration", b'<?xml version="1.0" encoding="UTF-8"?>', "an XML declaration"),
        ("declaration-standalone", b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\r\n', "standalone=no, as Java writes it"),
        ("declaration-lower", b"<?xml version='1.0' encoding='utf-8'?>\n\n", "the encoding in small letters, in single quotes"),
        ("byte-order-mark", b"\xef\xbb\xbf", "a byte order mark of UTF-8"),
        ("byte-order-mark-declaration", b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>', "a byte order mark and a declaration"),
        ("space-before", b"\r\n \t", "white space before the first element"),
        ("comment-before", b"<!-- made by hand -->\n<?style none?>", "a comment and an instruction before the first element")):
    @genuine(name, says, "XML 1.0, 2.8")
    def _(m, head=head):
        return head + m.signed("both") + (b"\n<!-- end -->\n" if b"<!--" in head else b"\n")


@genuine("encoding-ascii", "encoding US-ASCII, what is more is written as references", "XML 1.0, 4.3.3", user="J\u00fcrgen@example.org")
def _(m):
    return b'<?xml version="1.0" encoding="US-ASCII"?>' + etree.tostring(
        m.tree(m.signed("both", name_id="J\u00fcrgen@example.org")), encoding="US-ASCII").split(b"?>\n")[-1]


@genuine("encoding-latin1", "encoding ISO-8859-1", "XML 1.0, 4.3.3", user="J\u00fcrgen@example.org")
def _(m):
    return etree.tostring(m.tree(m.signed("both", name_id="J\u00fcrgen@example.org")), encoding="ISO-8859-1",
                          xml_declaration=True)


# ---- how the form value is written ---------------------------------------

def form_value(name, changed, write):
    @genuine("form-" + name, changed, "SAML Bindings 3.5.4, RFC 2045 6.8", raw=True)
    def _(m):
        return write(base64.b64encode(m.signed("assertion")))


form_value("lines-76", "base64 in lines of 76 characters with CR LF", lambda v: b"\r\n".join(
    v[i:i + 76] for i in range(0, len(v), 76)) + b"\r\n")
form_value("lines-64", "base64 in lines of 64 characters with LF", lambda v: b"\n".join(
    v[i:i + 64] for i in range(0, len(v), 64)))
form_value("spaces", "white space around the base64", lambda v: b" \r\n" + v + b"\n\t")


# ---- the envelope --------------------------------------------------------

edited("destination-absent", "no Destination on a Response that is not signed itself", CORE + "3.2.2",
       [(' Destination="', ' Consent="')])
edited("issuer-absent", "no Issuer on the Response, which is not signed itself", PROFILES + "4.1.4.2",
       [("<Issuer xmlns=\"%s\">" % sr.NS_SAML, "<!--"), ("</Issuer>", "-->")])
edited("issuer-format", "Format entity on both Issuers", CORE + "8.3.6",
       [("<Issuer xmlns", '<Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity" xmlns'),
        ("<Issuer>", '<Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">')], "both")
edited("consent", "Consent on the Response", CORE + "3.2.2",
       [("<samlp:Response ", '<samlp:Response Consent="urn:oasis:names:tc:SAML:2.0:consent:obtained" ')], "both")
edited("extensions", "Extensions with elements of others", CORE + "3.2.2",
       [("<samlp:Status>", '<samlp:Extensions><e:x xmlns:e="urn:e" ID="e">text<e:y/></e:x></samlp:Extensions><samlp:Status>')],
       "both")
edited("status-detail", "StatusMessage and StatusDetail beside Success", CORE + "3.2.2.1",
       [("</samlp:Status>", '<samlp:StatusMessage>well</samlp:StatusMessage><samlp:StatusDetail><d:x xmlns:d="urn:d"/>'
                            "</samlp:StatusDetail></samlp:Status>")], "both")
edited("status-second", "a second-level StatusCode beside Success", CORE + "3.2.2.2",
       [('Success"/>', 'Success"><samlp:StatusCode Value="urn:example:by-card"/></samlp:StatusCode>')], "both")
with_fields("ids-digits", "IDs that begin with a digit, as identity providers write that take a bare GUID", CORE + "1.3.4",
            lambda m: {"response_id": "3f2504e0" + sr.new_id(), "assertion_id": "0b1c" + sr.new_id()}, "both")
with_fields("ids-letters", "IDs with dots, dashes and letters beyond ASCII", CORE + "1.3.4",
            lambda m: {"response_id": "\u00c4.-" + sr.new_id(), "assertion_id": "id-\u4f8b." + sr.new_id()}, "both")
with_fields("ids-long", "IDs of 200 characters", CORE + "1.3.4",
            lambda m: {"response_id": "r" * 163 + sr.new_id(), "assertion_id": "a" * 163 + sr.new_id()}, "both")
with_fields("unsolicited", "nobody asked: no InResponseTo", PROFILES + "4.1.5", lambda m: {"in_response_to": None},
            unsolicited=True, through=("cli",))


# ---- times ---------------------------------------------------------------

def times(name, changed, write, source="XML Schema 2, 3.2.7"):
    """`write` turns an aware datetime into the text of all times of the message."""
    def fields(m):
        return {"response_instant": write(m.now), "assertion_instant": write(m.now), "not_before": write(later(m, minutes=-5)),
                "not_on_or_after": write(later(m, hours=1)), "confirmation_not_on_or_after": write(later(m, minutes=50)),
                "authn_instant": write(later(m, hours=-3)), "session_not_on_or_after": write(later(m, hours=8))}
    with_fields("time-" + name, changed, source, fields)


def clock(t, zone=0):
    """Without a zone's designation."""
    return (t + datetime.timedelta(minutes=zone)).strftime("%Y-%m-%dT%H:%M:%S")


times("whole-seconds", "no fractional seconds", lambda t: clock(t) + "Z")
times("one-digit", "one fractional digit", lambda t: clock(t) + ".1Z")
times("seven-digits", "seven fractional digits, as .NET writes", lambda t: clock(t) + ".1234567Z")
times("nine-digits", "nine fractional digits, as Java writes", lambda t: clock(t) + ".123456789Z")
times("many-digits", "120 fractional digits", lambda t: clock(t) + "." + "123" * 40 + "Z")
times("zone-zero", "the zone as +00:00", lambda t: clock(t) + "+00:00")
times("zone-minus-zero", "the zone as -00:00", lambda t: clock(t) + ".5-00:00")
times("zone-east", "a zone east of Greenwich, +05:30", lambda t: clock(t, 330) + "+05:30")
times("zone-west", "a zone west of Greenwich, -08:00", lambda t: clock(t, -480) + ".25-08:00")
times("zone-far", "the farthest zones, +14:00", lambda t: clock(t, 840) + "+14:00")
times("no-zone", "no zone, which is UTC", clock, CORE + "1.3.3")
times("space", "white space around the times", lambda t: " \n" + clock(t) + "Z ")
with_fields("time-midnight", "the end of a day as 24:00:00", "XML Schema 2, 3.2.7.1",
            lambda m: {"not_on_or_after": later(m, days=1).strftime("%Y-%m-%dT24:00:00Z")})
with_fields("time-leap-second", "a leap second", "SAML Core 1.3.3",
            lambda m: {"not_before": later(m, days=-1).strftime("%Y-%m-%dT23:59:60Z")})
with_fields("time-ends", "the first and the last instant that .NET knows as NotBefore and NotOnOrAfter", "XML Schema 2, 3.2.7",
            lambda m: {"not_before": "0001-01-01T00:00:00Z", "not_on_or_after": "9999-12-31T23:59:59.9999999Z"})
with_fields("time-clocks-apart", "issued two minutes from now, by a clock that is ahead", CORE + "1.3.3",
            lambda m: {"response_instant": later(m, minutes=2), "assertion_instant": later(m, minutes=2),
                       "not_before": later(m, minutes=2), "authn_instant": later(m, minutes=2)})
with_fields("time-just-ended", "NotOnOrAfter two minutes ago, by a clock that is behind", CORE + "1.3.3",
            lambda m: {"not_on_or_after": later(m, minutes=-2), "confirmation_not_on_or_after": later(m, minutes=-2)},
            through=("cli",))
with_fields("time-no-window", "Conditions without NotBefore and NotOnOrAfter", CORE + "2.5.1",
            lambda m: {"not_before": None, "not_on_or_after": None})


# ---- whom it is for ------------------------------------------------------

with_fields("audiences", "five audiences, ours the fourth", CORE + "2.5.1.4",
            lambda m: {"audiences": ["urn:a", "https://b.example/", m.audience + "/", m.audience, "urn:c"]})
with_fields("audience-restrictions", "two AudienceRestrictions, ours in each", CORE + "2.5.1.4",
            lambda m: {"audiences": [["urn:a", m.audience], [m.audience]]})
edited("one-time-use", "OneTimeUse and ProxyRestriction", CORE + "2.5.1.5",
       [("</Conditions>", '<OneTimeUse/><ProxyRestriction Count="0"><Audience>urn:a</Audience></ProxyRestriction></Conditions>')])


def bearer(m, **changes):
    values = dict(in_response_to=m.request, recipient=m.acs, not_on_or_after=later(m, minutes=50))
    values.update(changes)
    return sr.Confirmation(**values)


HOLDER = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
VOUCHES = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"

with_fields("confirmations", "four confirmations: other methods, a bearer elsewhere, and ours the last", PROFILES + "4.1.4.2",
            lambda m: {"confirmations": [
                bearer(m, method=HOLDER, extra="<NameID>urn:holder</NameID>"), bearer(m, method=VOUCHES, with_data=False),
                bearer(m, recipient="https://other.example/acs", in_response_to="_other"), bearer(m)]})
with_fields("confirmation-address", "Address of the user's browser", CORE + "2.4.1.2",
            lambda m: {"confirmations": [bearer(m, address="2001:db8::1")]})
edited("confirmation-name", "a NameID of the presenter in SubjectConfirmation", CORE + "2.4.1.1",
       [("<SubjectConfirmationData", "<NameID>urn:presenter</NameID><SubjectConfirmationData")])
edited("confirmation-content", "SubjectConfirmationData with attributes and elements of others", CORE + "2.4.1.2",
       [("<SubjectConfirmationData", '<SubjectConfirmationData xmlns:e="urn:e" e:Recipient="https://other.example/"')])


# ---- who it is -----------------------------------------------------------

def named(name, changed, text, source=CORE + "2.2.3", **fields):
    with_fields("name-" + name, changed, source, lambda m: dict(fields, name_id=text), user=text)


named("no-format", "NameID without Format", "ada@example.org", name_id_format=None)
named("unspecified", "Format unspecified", "ada", name_id_format=sr.FORMAT_UNSPECIFIED)
named("persistent", "Format persistent, base64", "Uz2Pqz1X7pxe4XLWxV9KJQ+n59d573SepSAkuYKSde8=",
      name_id_format=sr.FORMAT_PERSISTENT)
named("transient", "Format transient", "_ce3d2948b4cf20146dee0a0b3dd6f69b6cf86f62d7", name_id_format=sr.FORMAT_TRANSIENT)
named("windows", "Format WindowsDomainQualifiedName", "EXAMPLE\\ada",
      name_id_format="urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName")
named("subject", "Format X509SubjectName", 'CN=Lovelace\\, Ada,OU="A & B",O=<example>,C=GB',
      name_id_format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName")
named("kerberos", "Format kerberos", "ada/admin@EXAMPLE.ORG",
      name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos")
named("other-format", "a Format that nobody registered", "ada", name_id_format="urn:example:formats:number")
named("guest", "a guest's name in Entra", "ada_lovelace.example#EXT#@contoso.onmicrosoft.com")
named("unicode", "letters, marks and an emoji of many scripts", "\u4f8b\u3048\u0301 \u0410\u0434\u0430 \U0001f469\u200d\U0001f4bb@\u05d0\u05d1",
      name_id_format=None)
named("space-inside", "spaces inside the name", "Ada  Augusta Lovelace", name_id_format=None)
named("qualified", "NameQualifier, SPNameQualifier and SPProvidedID", "opaque-1", name_id_format=sr.FORMAT_PERSISTENT,
      name_id_attributes=' NameQualifier="urn:idp" SPNameQualifier="urn:sp" SPProvidedID="ours"')


# ---- statements ----------------------------------------------------------

with_fields("no-session-index", "AuthnStatement without SessionIndex", CORE + "2.7.2", lambda m: {"session_index": None})
edited("two-authn-statements", "two AuthnStatements", PROFILES + "4.1.4.2",
       [("<AuthnStatement ", '<AuthnStatement AuthnInstant="2020-01-01T00:00:00Z" SessionIndex="first"><AuthnContext>'
         "<AuthnContextClassRef>urn:first</AuthnContextClassRef></AuthnContext></AuthnStatement><AuthnStatement ")])
edited("authn-declaration", "AuthnContext with a declaration, its reference and the authorities; SubjectLocality",
       CORE + "2.7.2.2", [("<AuthnContext>", '<SubjectLocality Address="192.0.2.1" DNSName="pc.example"/><AuthnContext>'),
                          ("</AuthnContext>", "<AuthnContextDecl><x xmlns='urn:x'/></AuthnContextDecl><AuthenticatingAuthority>"
                           "https://first.example/</AuthenticatingAuthority></AuthnContext>")])
edited("authn-declaration-only", "AuthnContext with AuthnContextDeclRef and no class", CORE + "2.7.2.2",
       [("<AuthnContextClassRef>%s</AuthnContextClassRef>" % sr.AC_PASSWORD, "<AuthnContextDeclRef>urn:d</AuthnContextDeclRef>")])
edited("authz-statement", "an AuthzDecisionStatement with Evidence of another Assertion", CORE + "2.7.4",
       [("</Assertion>", '<AuthzDecisionStatement Resource="urn:r" Decision="Permit"><Action Namespace="urn:a">Read</Action>'
         "<Evidence><AssertionIDRef>_other</AssertionIDRef></Evidence></AuthzDecisionStatement></Assertion>")])
edited("advice", "Advice with references and an element of others", CORE + "2.6.1",
       [("</Conditions>", "</Conditions><Advice><AssertionIDRef>_other</AssertionIDRef><x xmlns='urn:x'>y</x></Advice>")], "both")
edited("advice-assertion", "Advice with another Assertion, about somebody else", CORE + "2.6.1",
       [("</Conditions>", '</Conditions><Advice><Assertion ID="_advice" Version="2.0" IssueInstant="2026-01-01T00:00:00Z">'
         "<Issuer>urn:other</Issuer><Subject><NameID>other@example.org</NameID></Subject></Assertion></Advice>")], "both")
with_fields("no-attributes", "no AttributeStatement", PROFILES + "4.1.4.2", lambda m: {"attributes": []}, attributes={})


# ---- values --------------------------------------------------------------

STATEMENT = "<AttributeStatement>%s</AttributeStatement>"


def values(name, changed, text, attributes, source=CORE + "2.7.3.1.1", what="both", **fields):
    """An AttributeStatement of which `text` is the content."""
    with_fields("value-" + name, changed, source,
                lambda m: dict(fields, attributes=[], assertion_extra=STATEMENT % text), what, attributes=attributes)


def value_of(inner, more=""):
    return '<Attribute Name="v"><AttributeValue%s>%s</AttributeValue></Attribute>' % (more, inner)


TYPES = ' xmlns:xs="%s" xmlns:xsi="%s"' % (XS, XSI)
values("types", "xsi:type of every usual kind",
       "".join('<Attribute Name="%s"><AttributeValue%s xsi:type="xs:%s">%s</AttributeValue></Attribute>' % (t, TYPES, t, v)
               for t, v in (("string", "text"), ("integer", "7"), ("boolean", "true"), ("dateTime", "2026-03-02T09:15:30Z"),
                            ("anyURI", "https://example.org/?a=1&amp;b=2"), ("base64Binary", "AAEC"), ("anyType", "any"))),
       {"string": ["text"], "integer": ["7"], "boolean": ["true"], "dateTime": ["2026-03-02T09:15:30Z"],
        "anyURI": ["https://example.org/?a=1&b=2"], "base64Binary": ["AAEC"], "anyType": ["any"]})
values("type-undeclared", "xsi:type with a prefix that is declared nowhere: the type is not read",
       value_of("text", ' xmlns:xsi="%s" xsi:type="xs:string"' % XSI), {"v": ["text"]})
values("type-own", "xsi:type of a schema of others", value_of("text", ' xmlns:t="urn:t" xmlns:xsi="%s" xsi:type="t:Name"' % XSI),
       {"v": ["text"]})
values("nil", "xsi:nil says that there is no value",
       '<Attribute Name="v"><AttributeValue%s xsi:nil="true"/><AttributeValue%s xsi:nil="1"/><AttributeValue%s xsi:nil="false">'
       "text</AttributeValue></Attribute>" % (TYPES, TYPES, TYPES), {"v": ["text"]})
values("empty", "empty values, in three ways of writing",
       '<Attribute Name="v"><AttributeValue/><AttributeValue></AttributeValue><AttributeValue%s xsi:type="xs:string"/></Attribute>'
       % TYPES, {"v": ["", "", ""]})
values("none", "an Attribute without values", '<Attribute Name="v"/>', {"v": []}, CORE + "2.7.3.1")
values("space", "white space in and around values is part of them", value_of(" a \n b\t"), {"v": [" a \n b\t"]})
values("carriage-return", "a carriage return as a reference", value_of("a&#13;b"), {"v": ["a\rb"]})
values("markup", "markup as text", value_of("&lt;b&gt;A &amp; B&lt;/b&gt; ]]&gt;"), {"v": ["<b>A & B</b> ]]>"]})
values("name-id", "a NameID as value, as eduPersonTargetedID has it",
       value_of('<NameID Format="%s" NameQualifier="urn:idp">x&amp;y</NameID>' % sr.FORMAT_PERSISTENT),
       {"v": ['<NameID xmlns="%s" Format="%s" NameQualifier="urn:idp">x&amp;y</NameID>' % (sr.NS_SAML, sr.FORMAT_PERSISTENT)]},
       "MACE-Dir SAML attribute profiles 3.3.1.1")
values("statements", "two AttributeStatements, one Attribute in both",
       '<Attribute Name="v"><AttributeValue>1</AttributeValue></Attribute></AttributeStatement><AttributeStatement>'
       '<Attribute Name="v"><AttributeValue>2</AttributeValue></Attribute><Attribute Name="w"><AttributeValue>3</AttributeValue>'
       "</Attribute>", {"v": ["1", "2"], "w": ["3"]}, CORE + "2.7.3")
values("names", "names as URI, as OID, with spaces and letters beyond ASCII; NameFormat, FriendlyName, attributes of others",
       '<Attribute Name="urn:oid:0.9.2342.19200300.100.1.3" FriendlyName="mail" NameFormat="urn:oasis:names:tc:SAML:2.0:'
       'attrname-format:uri" x:y="z" xmlns:x="urn:x"><AttributeValue>a@b.example</AttributeValue></Attribute><Attribute '
       'Name="Abteilung f\u00fcr \u00c4rger"><AttributeValue>\u00df</AttributeValue></Attribute>',
       {"urn:oid:0.9.2342.19200300.100.1.3": ["a@b.example"], "Abteilung f\u00fcr \u00c4rger": ["\u00df"]}, CORE + "2.7.3.1")
values("comment", "comments, CDATA and instructions inside a value", value_of("a<!-- b -->c<?d e?>f"), {"v": ["acf"]})

MANY = ["%08x-0000-4000-8000-%012x" % (i * 2654435761 % 2**32, i) for i in range(400)]
with_fields("groups-400", "400 groups", "Entra's groups claim, and more than its limit of 150",
            lambda m: {"attributes": [(GROUPS, MANY)]}, attributes={GROUPS: MANY})
with_fields("attributes-200", "200 attributes", CORE + "2.7.3",
            lambda m: {"attributes": [("urn:a:%d" % i, ["v%d" % i]) for i in range(200)]},
            attributes={"urn:a:%d" % i: ["v%d" % i] for i in range(200)})
