# SPDX-License-Identifier: Apache-2.0
"""Canonicalisation: what it leaves out, what it writes out, when it fails, and who reads the same octets otherwise."""
from lxml import etree

import dsig
from attack import ADA, DS, EVE, case, change, forge, sr
from dsig import b64
from keyinfo import NO_MATCH
from wrapping import CHANGED, COUNT, assertion_of, strip

VOID = "PortSwigger 2025, The Fragile Lock: void canonicalization; CVE-2025-66568 (ruby-saml)"
EXC_SPEC = "Exclusive XML Canonicalization 1.0"
XML_NS = "http://www.w3.org/XML/1998/namespace"
ASSERTION_CHANGED = CHANGED % "Assertion"
NO_FORM = r"SignedInfo: expected a canonical form, got none"
BASE64_ONLY = r"%s: expected base64 text and nothing else"
NOT_BASE64 = r"%s: expected base64 of at most 2048 octets"


# ---- inclusive where it is allowed ------------------------------------------------------------------------

def inclusive(slug, changed, after=(), status="accepted", says=None, before=(), c14n="inc", what="assertion", **fields):
    @case("inclusive-" + slug, changed=changed, status=status, says=says, allow=["c14n10"],
          source="Canonical XML 1.0, 2.4 and 1.1, 2.4: a part inherits its context")
    def _(m):
        return m.signed(what, by=m.signer(c14n=c14n), before=before, after=after, **fields)


inclusive("good", "inclusive canonicalisation where it is allowed")
inclusive("good-11", "inclusive canonicalisation 1.1 where it is allowed", c14n="inc11")
inclusive("good-comments", "inclusive canonicalisation with comments where it is allowed", c14n="inc-comments")
inclusive("good-both", "the same with two signatures", what="both")
inclusive("context-namespace", "a namespace is declared on the Response after signing", [("<samlp:Response ", '<samlp:Response xmlns:x="urn:x" ')],
          "signature", r"(does not match)")
inclusive("context-lang", "xml:lang is put on the Response after signing", [("<samlp:Response ", '<samlp:Response xml:lang="en" ')],
          "signature", r"(does not match)")
inclusive("context-base-11", "xml:base is put on the Response after signing; canonicalisation 1.1",
          [("<samlp:Response ", '<samlp:Response xml:base="http://x.example/" ')], "signature", r"(does not match)", c14n="inc11")
inclusive("context-lang-signed", "xml:lang stands on the Response when the Assertion is signed",
          before=[("<samlp:Response ", '<samlp:Response xml:lang="en" ')])
inclusive("changed", "the name is changed after signing", [(ADA, EVE)], "signature", ASSERTION_CHANGED)


# ---- exclusive: what is and what is not covered ---------------------------------------------------------------

def edited(slug, changed, after=(), status="accepted", says=None, before=(), source=EXC_SPEC, what="assertion", user=None,
           signer=None, **fields):
    options = {"user": user} if user else {}

    @case("exclusive-" + slug, changed=changed, status=status, says=says, source=source, **options)
    def _(m):
        return m.signed(what, by=m.signer(**(signer or {})), before=before, after=after, **fields)


RESPONSE, ASSERTION = "<samlp:Response ", "<Assertion "
edited("namespace-outside", "a namespace is declared on the Response after the Assertion was signed", [(RESPONSE, RESPONSE + 'xmlns:x="urn:x" ')])
edited("namespace-inside", "a namespace that nothing uses is declared on the Assertion after it was signed", [(ASSERTION, ASSERTION + 'xmlns:x="urn:x" ')])
edited("attribute-inside", "an attribute of a stranger's namespace is put on the Assertion after it was signed",
       [(ASSERTION, ASSERTION + 'xmlns:x="urn:x" x:a="1" ')], "signature", ASSERTION_CHANGED)
for _name in ("lang", "space", "base", "id"):
    edited("xml-%s-inside" % _name, "xml:%s is put on the Assertion after it was signed" % _name,
           [(ASSERTION, ASSERTION + 'xml:%s="preserve" ' % _name)], "signature", ASSERTION_CHANGED, source="Canonical XML 1.0, 2.4")
    edited("xml-%s-outside" % _name, "xml:%s is put on the Response after the Assertion was signed" % _name,
           [(RESPONSE, RESPONSE + 'xml:%s="preserve" ' % _name)], source=EXC_SPEC + ", 2.2: not inherited")
    edited("xml-%s-signed" % _name, "xml:%s stands on the Assertion when it is signed" % _name,
           before=[(ASSERTION, ASSERTION + 'xml:%s="preserve" ' % _name)], source="Canonical XML 1.0, 2.4")
edited("default-undeclared", "the default namespace is undeclared on Subject after signing", [("<Subject>", '<Subject xmlns="">')],
       "signature", ASSERTION_CHANGED, source="Namespaces in XML 6.2")
edited("default-undeclared-signed", "Subject in no namespace; signed by the identity provider so", status="subject", says=r"Assertion: expected one Subject, got 0",
       before=[("<Subject>", '<Subject xmlns="">')], source="Namespaces in XML 6.2", name_id=EVE)
edited("default-other-signed", "AttributeStatement in another namespace; signed by the identity provider so",
       before=[("<AttributeStatement>", '<AttributeStatement xmlns="urn:x">')], source="Namespaces in XML 6.2")
edited("prefix-renamed", "the Assertion's prefix is renamed after signing", [("<saml:Subject>", '<s:Subject xmlns:s="%s">' % sr.NS_SAML),
       ("</saml:Subject>", "</s:Subject>")], "signature", ASSERTION_CHANGED, source=EXC_SPEC + ": prefixes are part of the form", style="prefixed")
edited("prefix-redeclared", "the prefix saml is another namespace inside Subject; signed by the identity provider so", status="subject",
       says=r"NameID|Subject", before=[("<saml:Subject>", '<saml:Subject xmlns:saml="urn:x">')], style="prefixed",
       source="Namespaces in XML 6.1", name_id=EVE)
edited("prefix-redeclared-after", "the prefix saml becomes another namespace inside Subject after signing", [
       ("<saml:Subject>", '<saml:Subject xmlns:saml="urn:x">')], "signature", ASSERTION_CHANGED, style="prefixed", source="Namespaces in XML 6.1")
edited("prefix-swapped", "the prefixes of SAML's two namespaces are swapped after signing", [
       ('<samlp:Response ', '<samlp:Response xmlns:saml="%s" ' % sr.NS_SAMLP)], "accepted", style="prefixed",
       source="Namespaces in XML 6.1: the nearest declaration counts")
edited("prefix-undeclared", "a prefix that nothing declares", [("<Subject>", "<x:Subject>"), ("</Subject>", "</x:Subject>")], "malformed",
       r"is not XML with namespaces: ", source="Namespaces in XML 5; libxml2 goes on after it")
edited("attribute-prefix-undeclared", "an attribute's prefix that nothing declares", [("<Subject>", '<Subject x:a="1">')], "malformed",
       r"is not XML with namespaces: ", source="Namespaces in XML 5")
edited("comment-added", "a comment is put into NameID after signing: another account would end there",
       [("ada@example.org.x.example", "ada@example.org<!-- -->.x.example")], user="ada@example.org.x.example",
       name_id="ada@example.org.x.example", source="CVE-2017-11427 to -11430, CVE-2018-0489, CVE-2018-5387: text ends at a comment")
edited("comment-added-response", "the same with a signed Response", [("ada@example.org.x.example", "ada@example.org<!-- -->.x.example")],
       user="ada@example.org.x.example", name_id="ada@example.org.x.example", what="response",
       source="CVE-2017-11427 to -11430, CVE-2018-0489: text ends at a comment")
edited("comment-added-with-comments", "a comment is put into NameID after signing; canonicalisation with comments",
       [("ada@example.org.x.example", "ada@example.org<!-- -->.x.example")], user="ada@example.org.x.example",
       name_id="ada@example.org.x.example", signer={"c14n": "exc-comments"},
       source="XML Signature 4.4.3.3: #ID leaves comments out before any canonicalisation")
edited("pi-added", "a processing instruction hides half of NameID after signing", [("not-ada@", "<?p not-?>ada@")], "signature", ASSERTION_CHANGED,
       name_id="not-" + ADA, source="xml-crypto writes processing instructions as text (2026)")
edited("cdata-added", "half of NameID becomes a CDATA section after signing", [("ada@", "<![CDATA[ada]]>@")],
       source="Canonical XML 1.0, 1.1: CDATA sections become text")
edited("reference-added", "a letter of NameID becomes a character reference after signing", [("ada@", "&#97;da@")],
       source="Canonical XML 1.0, 1.1: references are replaced")
edited("space-added", "white space is put into NameID after signing", [("ada@", " ada@")], "signature", ASSERTION_CHANGED, source="Canonical XML 1.0, 1.1")
edited("line-added", "a line's end is put between elements after signing", [("<Subject>", "\n<Subject>")], "signature", ASSERTION_CHANGED,
       source="Canonical XML 1.0, 1.1")
edited("attributes-reordered", "the Assertion's attributes in another order", [(' Version="2.0"><Issuer>', "><Issuer>"), (ASSERTION, ASSERTION + 'Version="2.0" ')],
       source="Canonical XML 1.0, 2.3: attributes are sorted")
edited("quotes", "an attribute in single quotes after signing", [('Version="2.0"><Issuer>', "Version='2.0'><Issuer>")],
       source="Canonical XML 1.0, 1.1")


# ---- InclusiveNamespaces --------------------------------------------------------------------------------------

def listed(slug, changed, prefixes, before=(), after=(), status="accepted", says=None, what="assertion"):
    edited("list-" + slug, changed, after, status, says, before, EXC_SPEC + ", 3: InclusiveNamespaces", what,
           signer={"inclusive_prefixes": prefixes})


listed("outside", "a prefix on the list is declared on the Response", "xs", [(RESPONSE, RESPONSE + 'xmlns:xs="urn:a" ')])
listed("outside-changed", "the namespace of a prefix on the list is changed on the Response", "xs", [(RESPONSE, RESPONSE + 'xmlns:xs="urn:a" ')],
       [('xmlns:xs="urn:a"', 'xmlns:xs="urn:b"')], "signature", ASSERTION_CHANGED)
listed("outside-removed", "the declaration of a prefix on the list is taken from the Response", "xs", [(RESPONSE, RESPONSE + 'xmlns:xs="urn:a" ')],
       [(' xmlns:xs="urn:a"', "")], "signature", ASSERTION_CHANGED)
listed("outside-added", "a prefix on the list is declared after signing", "xs", (), [(RESPONSE, RESPONSE + 'xmlns:xs="urn:a" ')], "signature",
       ASSERTION_CHANGED)
listed("default", "#default is on the list", "#default xs", [(RESPONSE, RESPONSE + 'xmlns:xs="urn:a" ')])
listed("default-added", "#default is on the list, and the Response gets a default namespace after signing", "#default", (),
       [(RESPONSE, RESPONSE + 'xmlns="urn:x" ')], "accepted")
listed("xml", "the prefix xml is on the list", "xml")
listed("protocol", "the prefix of the protocol is on the list, both are signed", "samlp", what="both")


# ---- canonicalisation that fails or yields nothing -------------------------------------------------------------

RELATIVE = ("1", "../x", "x/y", "//x", "?x", "#x")
NOT_URI = ("http://[", "a b", "%", ":")


def void(slug, changed, status, says, make, source=VOID):
    case("void-" + slug, changed=changed, status=status, says=says, source=source)(make)


def declared(uri, level):
    start = RESPONSE if level == "response" else ASSERTION
    return lambda m: change(dsig.message(m, level, fields={"name_id": EVE}, digest_of=b""), [(start, '%sxmlns:x="%s" ' % (start, uri))])


for _number, _uri in enumerate(RELATIVE + NOT_URI):
    for _level in ("assertion", "response"):
        void("%s-%d-%s" % ("relative" if _uri in RELATIVE else "no-uri", _number, _level),
             "xmlns:x=\"%s\" on the %s, a DigestValue of nothing; signed by the identity provider so" % (_uri, _level),
             "signature" if _uri in RELATIVE else "malformed",
             NO_FORM if _uri in RELATIVE else r"is not XML with namespaces: .*is not a valid URI", declared(_uri, _level))


def empty_signed_info(m):
    """The value of a signature over nothing, which some identity provider may have made, and a SignedInfo without form."""
    root = m.tree(m.response(name_id=EVE))
    signature = dsig.sign(m, assertion_of(root))
    signature.find(DS + "SignatureValue").text = b64(dsig.made_by()(m.key("idp"), b""))
    return change(m.octets(root), [("<SignedInfo>", '<SignedInfo xmlns:x="1">')])


void("signed-info", "SignedInfo declares a relative namespace, the signature value is the identity provider's over nothing", "signature",
     NO_FORM, empty_signed_info)


@case("void-signature", changed="the Signature declares a relative namespace, the signature value is the identity provider's over nothing",
      status="signature", says=NO_FORM, source=VOID)
def _(m):
    root = m.tree(m.response(name_id=EVE))
    signature = dsig.sign(m, assertion_of(root))
    signature.find(DS + "SignatureValue").text = b64(dsig.made_by()(m.key("idp"), b""))
    return change(m.octets(root), [("<Signature ", '<Signature xmlns:x="1" ')])


@case("void-outside", changed="the Response declares a relative namespace after the Assertion was signed", status="signature", says=NO_FORM,
      source="Canonical XML 1.0, 1.3: a document with relative namespaces has no canonical form; " + VOID)
def _(m):
    return m.signed(after=[(RESPONSE, RESPONSE + 'xmlns:x="1" ')])


@case("void-forged", changed="a forged Assertion before the signed one, a relative namespace on the Response", status="assertion-count", says=COUNT,
      source=VOID)
def _(m):
    root = m.tree(m.signed(after=[(RESPONSE, RESPONSE + 'xmlns:x="1" ')]))
    original = assertion_of(root)
    original.addprevious(forge(strip(original)))
    return m.octets(root)


def growing(m, **options):
    values = "<AttributeValue>%s</AttributeValue>" % ("<x:e/>" * 10000)
    return dsig.message(m, before=[(ASSERTION, '%sxmlns:x="urn:%s" ' % (ASSERTION, "x" * 250)),
                                   ("<AttributeValue>g2</AttributeValue>", values)], fields={"name_id": EVE}, **options)


@case("growth", changed="a long namespace that ten thousand elements use side by side, each of which writes it out; signed so",
      status="signature", says=r"the canonical form cannot be read: signed element has \d+ octets, more than \d+",
      source="XML Signature best practices 2.1; exclusive canonicalisation writes a declaration wherever it is used")
def _(m):
    return growing(m)


@case("growth-stranger", changed="the same, signed by a stranger", status="signature", says=NO_MATCH,
      source="nothing that grows is computed before the signature value holds")
def _(m):
    return growing(m, by="other", digest_of=b"")


@case("namespace-long", changed="a namespace of 8 KB", status="too-large", says=r"namespace name of more than 256 octets",
      source="what canonicalisation would write out again and again")
def _(m):
    return m.signed(before=[(ASSERTION, '%sxmlns:x="urn:%s" ' % (ASSERTION, "x" * 8192))], name_id=EVE)


# ---- DigestValue and SignatureValue ------------------------------------------------------------------------------

def in_value(slug, changed, edit, says=BASE64_ONLY, status="signature", source="CVE-2025-29775 (xml-crypto)"):
    """`edit` changes the base64 of DigestValue, of SignatureValue; the identity provider has signed it so."""
    for name in ("DigestValue", "SignatureValue"):
        @case("%s-%s" % (name.lower(), slug), changed="%s: %s" % (name, changed), status=status,
              says=None if status == "accepted" else says % name if "%s" in says else says, source=source)
        def _(m, name=name):
            root = m.tree(m.response(name_id=ADA if status == "accepted" else EVE))
            assertion = assertion_of(root)
            value = dsig.digest(dsig.canonical(assertion))
            if name == "DigestValue":
                reference = dsig.reference("#" + assertion.get("ID"), edit(value))
                dsig.sign(m, assertion, references=reference)
                return m.octets(root)
            text = dsig.sign(m, assertion).find(DS + "SignatureValue").text
            return change(m.octets(root), [(text, edit(text))])


EMPTY_DIGEST = dsig.digest(b"")
in_value("comment-before", "a comment in front", lambda v: "<!-- %s -->%s" % (EMPTY_DIGEST, v))
in_value("comment-behind", "a comment behind", lambda v: "%s<!-- %s -->" % (v, EMPTY_DIGEST))
in_value("comment-inside", "a comment inside", lambda v: v[:8] + "<!-- x -->" + v[8:])
in_value("comment-only", "a comment and nothing else", lambda v: "<!--%s-->" % v)
in_value("pi", "a processing instruction in front", lambda v: "<?x %s?>%s" % (EMPTY_DIGEST, v))
in_value("element", "an element in front", lambda v: "<x>%s</x>%s" % (EMPTY_DIGEST, v))
in_value("element-inside", "an element inside", lambda v: v[:8] + "<x/>" + v[8:])
in_value("nested", "another of its kind inside", lambda v: "<DigestValue>%s</DigestValue>" % v)
in_value("blank", "white space and nothing else", lambda v: " \n\t ", r"%s: (is empty|expected base64)")
in_value("junk", "octets that are no base64", lambda v: v[:8] + "*" + v[8:], NOT_BASE64, source="RFC 4648 3.3")
in_value("junk-behind", "junk behind the padding", lambda v: v + "AAAA" if v.endswith("=") else v + "=AAA", NOT_BASE64, source="RFC 4648 3.3")
in_value("nul-escape", "a percent-encoded octet", lambda v: v[:8] + "%00" + v[8:], NOT_BASE64, source="RFC 4648 3.3")
in_value("url-safe", "two letters of the other alphabet in front", lambda v: "-_" + v[2:], NOT_BASE64, source="RFC 4648 5")
in_value("cut", "the last group of four is missing", lambda v: v[:-4],
         r"(%s: has 30 octets, which is no SHA-256|the signature value does not match any)".replace("%s", "DigestValue"), source="XML Signature 3.2")
in_value("lines", "in lines of 76 letters, as MIME has it", lambda v: "\n" + "\n".join(v[i:i + 76] for i in range(0, len(v), 76)) + "\n",
         status="accepted", source="XML Signature 4.3; RFC 2045 6.8")
in_value("references", "the first letter as a character reference", lambda v: "&#%d;%s" % (ord(v[0]), v[1:]), status="accepted",
         source="XML 1.0, 4.1")


for _name in ("DigestValue", "SignatureValue"):
    for _slug, _start, _end in (("all", 0, None), ("half", 8, None), ("first", 0, 8)):
        @case("%s-cdata-%s" % (_name.lower(), _slug), changed="%s: %s in a CDATA section, which canonicalisation leaves out" % (_name, _slug),
              status="signature", says=BASE64_ONLY % _name, source="CVE-2025-29775 (xml-crypto)")
        def _(m, name=_name, start=_start, end=_end):
            xml = m.signed(name_id=EVE)
            text = next(m.tree(xml).iter(DS + name)).text
            part = text[start:end]
            return change(xml, [(text, text[:start] + "<![CDATA[%s]]>" % part + (text[end:] if end else ""))])


# ---- what stands between the parts of SignedInfo ---------------------------------------------------------------

def between(slug, changed, after, status="accepted", says=None, source="Canonical XML 1.0, 2.3"):
    @case("signedinfo-with-" + slug, changed=changed, status=status, says=says, source=source)
    def _(m):
        return m.signed(after=after)


between("comment", "a comment in SignedInfo after signing", [("<SignedInfo>", "<SignedInfo><!-- <Reference URI='#_evil'/> -->")])
between("comment-in-reference", "a comment in Reference after signing", [("<Transforms>", "<!-- x --><Transforms>")])
between("pi", "a processing instruction in SignedInfo after signing", [("<SignedInfo>", "<SignedInfo><?x y?>")], "signature", NO_MATCH)
between("space", "white space in SignedInfo after signing", [("<SignedInfo>", "<SignedInfo> ")], "signature", NO_MATCH)
between("cdata", "a CDATA section with a space in SignedInfo after signing", [("<SignedInfo>", "<SignedInfo><![CDATA[ ]]>")], "signature",
        r"(elements only, got text|does not match any)")
between("namespace", "a namespace that nothing uses declared on SignedInfo after signing", [("<SignedInfo>", '<SignedInfo xmlns:x="urn:x">')])
between("attribute", "an attribute on SignedInfo after signing", [("<SignedInfo>", '<SignedInfo Id="x">')], "signature", NO_MATCH)
between("prefix", "SignedInfo under a prefix after signing", [("<SignedInfo>", '<d:SignedInfo xmlns:d="%s">' % dsig.DSIG),
        ("</SignedInfo>", "</d:SignedInfo>")], "signature", NO_MATCH, EXC_SPEC + ": prefixes are part of the form")
between("space-in-signature", "white space and comments in the Signature, outside SignedInfo", [("<SignedInfo>", "\n  <!-- x -->\n  <SignedInfo>")],
        source="XML Signature 3.2: the enveloped Signature is not digested")


# ---- who reads the same octets otherwise ------------------------------------------------------------------------

GO = "CVE-2020-29509, -29510, -29511 (Go encoding/xml): names, directives and elements that change when written again"
RUBY = "CVE-2025-25291, CVE-2025-25292 (ruby-saml): two parsers, two documents"


def differential(slug, changed, after, status="malformed", says=r"not XML", source=RUBY, **fields):
    @case("parsers-" + slug, changed=changed, status=status, says=says, source=source)
    def _(m):
        return m.signed(after=after, **fields)


differential("two-colons", "an element's name with two colons", [("<Subject>", "<a::Subject>"), ("</Subject>", "</a::Subject>")], source=GO)
differential("colon-first", "an element's name that begins with a colon", [("<Subject>", "<:Subject>"), ("</Subject>", "</:Subject>")], source=GO)
differential("colon-last", "an element's name that ends with a colon", [("<Subject>", "<a:>"), ("</Subject>", "</a:>")], source=GO)
differential("attribute-colon", "an attribute's name that begins with a colon", [("<Subject>", '<Subject :a="1">')], source=GO)
differential("attribute-colon-last", "an attribute's name that ends with a colon", [("<Subject>", '<Subject a:="1">')], source=GO)
differential("xmlns-colon", "xmlns: without a name", [("<Subject>", '<Subject xmlns:="urn:x">')], source=GO)
differential("directive", "a directive inside the Assertion", [("<Subject>", "<!x <Subject>> <Subject>")], source=GO)
differential("directive-comment", "a directive with a comment in it", [("<Subject>", "<!x <!-- > --> ><Subject>")], source=GO)
differential("xml-rebound", "the prefix xml bound to another namespace", [(RESPONSE, RESPONSE + 'xmlns:xml="urn:x" ')], source="Namespaces in XML 3")
differential("xml-namespace", "another prefix bound to xml's namespace", [(RESPONSE, RESPONSE + 'xmlns:y="%s" ' % XML_NS)], source="Namespaces in XML 3")
differential("xmlns-bound", "the prefix xmlns declared", [(RESPONSE, RESPONSE + 'xmlns:xmlns="urn:x" ')], source="Namespaces in XML 3; " + RUBY)
differential("xmlns-namespace", "a prefix bound to xmlns's namespace", [(RESPONSE, RESPONSE + 'xmlns:y="http://www.w3.org/2000/xmlns/" ')],
             source="Namespaces in XML 3; " + RUBY)
differential("prefix-empty", "a prefix bound to nothing", [(RESPONSE, RESPONSE + 'xmlns:y="" ')], source="Namespaces in XML 1.0, 2.2")
differential("attribute-twice", "the same attribute twice", [(ASSERTION, ASSERTION + 'Version="2.0" ')], source="XML 1.0, 3.1")
differential("attribute-twice-prefixed", "the same attribute twice under two prefixes", [(ASSERTION, ASSERTION + 'xmlns:a="urn:x" xmlns:b="urn:x" a:i="1" b:i="2" ')],
             source="Namespaces in XML 6.3")
differential("namespace-twice", "the same prefix declared twice", [(ASSERTION, ASSERTION + 'xmlns:a="urn:x" xmlns:a="urn:y" ')], source="XML 1.0, 3.1")
differential("end-tag-attribute", "an end tag with an attribute", [("</Subject>", '</Subject a="1">')], source="XML 1.0, 3.1")
differential("end-tag-case", "an end tag in capitals", [("</Subject>", "</SUBJECT>")], source="XML 1.0, 3.1")
differential("unquoted", "an attribute without quotes", [('Version="2.0"', "Version=2.0")], source="XML 1.0, 3.1")
differential("lt-in-attribute", "a < in an attribute", [('Version="2.0"', 'Version="2.0<"')], source="XML 1.0, 3.1")
differential("cdata-end", "]]> in text", [(ADA, ADA + "]]>")], source="XML 1.0, 2.4")
differential("double-hyphen", "-- in a comment", [("<Subject>", "<!-- a -- b --><Subject>")], source="XML 1.0, 2.5")
differential("comment-open", "a comment that never ends", [("<Subject>", "<!-- <Subject>")], source="XML 1.0, 2.5")
differential("pi-xml", "an XML declaration inside", [("<Subject>", '<?xml version="1.0"?><Subject>')], source="XML 1.0, 2.6")
differential("pi-colon", "a processing instruction with a colon in its name", [("<Subject>", "<?a:b c?><Subject>")], source="Namespaces in XML 7")
differential("declaration-version", "an XML declaration of version 1.1: read as 1.0", [(RESPONSE, '<?xml version="1.1"?>' + RESPONSE)],
             "accepted", None, "XML 1.0 (fifth edition), 2.8")
differential("declaration-version-2", "an XML declaration of version 2.0", [(RESPONSE, '<?xml version="2.0"?>' + RESPONSE)],
             source="XML 1.0 (fifth edition), 2.8")
differential("text-before", "text before the root", [(RESPONSE, "x" + RESPONSE)], source="XML 1.0, 2.1")
differential("text-behind", "text behind the root", [("</samlp:Response>", "</samlp:Response>x")], source="XML 1.0, 2.1")
differential("cdata-behind", "a CDATA section behind the root", [("</samlp:Response>", "</samlp:Response><![CDATA[]]>")], source="XML 1.0, 2.1")


# ---- the namespace of what is looked for --------------------------------------------------------------------------

for _slug, _uri in (("hash", sr.NS_SAML + "#"), ("case", sr.NS_SAML.upper()), ("slash", sr.NS_SAML + "/"), ("cut", sr.NS_SAML[:-1])):
    @case("namespace-%s-signed" % _slug, status="assertion-count", says=r"expected exactly one Assertion or EncryptedAssertion, got 0 and 0",
          changed="the Assertion in the namespace %r; the Response is signed by the identity provider so" % _uri,
          source="Namespaces in XML 2.3: names compare letter by letter; PortSwigger 2025, namespace confusion")
    def _(m, uri=_uri):
        return m.signed("response", before=[('<Assertion', '<x:Assertion xmlns:x="%s"' % uri), ("</Assertion>", "</x:Assertion>")],
                        style="entra", name_id=EVE)

    @case("namespace-%s-decoy" % _slug, status="accepted", changed="a forged Assertion in the namespace %r before the signed one" % _uri,
          source="Namespaces in XML 2.3; PortSwigger 2025, namespace confusion")
    def _(m, uri=_uri):
        return m.signed(after=[("<Assertion ", '<x:Assertion xmlns:x="%s"><x:NameID>%s</x:NameID></x:Assertion><Assertion ' % (uri, EVE))])


differential("namespace-space", "a forged Assertion in SAML's namespace with a space behind", [
    ("<Assertion ", '<x:Assertion xmlns:x="%s "/><Assertion ' % sr.NS_SAML)], says=r"is not XML with namespaces: .*is not a valid URI",
    source="Namespaces in XML 2.3; PortSwigger 2025, namespace confusion")


@case("two-prefixes", changed="a forged Assertion under another prefix of the same namespace", status="assertion-count", says=COUNT,
      source="PortSwigger 2025, namespace confusion; CVE-2025-66567 (ruby-saml)")
def _(m):
    evil = etree.tostring(m.evil_assertion()).decode("utf-8").replace("<Assertion ", '<z:Assertion xmlns:z="%s" ' % sr.NS_SAML) \
        .replace("</Assertion>", "</z:Assertion>")
    return m.signed(after=[("<Assertion ", evil + "<Assertion ")])


@case("signature-prefix-confusion", changed="the prefix ds means another namespace on the Response, and XML Signature's on the Signature",
      status="accepted", source="PortSwigger 2025, namespace confusion")
def _(m):
    return m.signed(prefix="ds", after=[(RESPONSE, RESPONSE + 'xmlns:ds="urn:x" ')])


@case("signature-prefix-stolen", changed="the prefix ds of the Signature means another namespace", status="unsigned",
      says=r"expected a signature on the Response or on the Assertion, got none on either", source="PortSwigger 2025, namespace confusion")
def _(m):
    return m.signed(prefix="ds", after=[('xmlns:ds="%s"' % dsig.DSIG, 'xmlns:ds="urn:x"'), (ADA, EVE)])
