# SPDX-License-Identifier: Apache-2.0
"""Encodings and characters: what one reader takes for markup, another for text.

UTF-8 is read, with or without a byte order mark, and ISO-8859-1 and US-ASCII where the declaration says so.
"""
from attack import ADA, EVE, case, change, sr

ENCODING = "XML 1.0, 4.3.3"
CHARS = "XML 1.0, 2.2"
CONTROL = "CWE-93; CWE-117"


def declared(m, name, octets=None, xml=None):
    """A good message declared to be in `name`, and really in `octets`."""
    text = (xml or m.signed()).decode("utf-8")
    return ('<?xml version="1.0" encoding="%s"?>' % name + text).encode(octets or name)


def user(m, name):
    return m.signed(name_id=name)


def user_octets(m, octets):
    """The NameID's text replaced by octets, not signed for them: nothing that says "signature" is expected."""
    return change(m.signed(), [(ADA, octets)])


@case("utf8-bom", changed="a byte order mark of UTF-8", status="accepted", source=ENCODING)
def _(m):
    return b"\xef\xbb\xbf" + m.signed()


@case("utf8-declared", changed="UTF-8 declared", status="accepted", source=ENCODING)
def _(m):
    return declared(m, "UTF-8")


@case("utf8-declared-lower", changed="utf-8 declared in lower case, with a byte order mark", status="accepted",
      source=ENCODING)
def _(m):
    return b"\xef\xbb\xbf" + declared(m, "utf-8")


@case("utf8-bom-twice", changed="two byte order marks", status="malformed", source=ENCODING,
      says="text before the root element")
def _(m):
    return b"\xef\xbb\xbf" * 2 + m.signed()


@case("utf8-declared-single-quotes", changed="a declaration in single quotes", status="accepted", source="XML 1.0, 2.8")
def _(m):
    return b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>" + m.signed()


@case("latin1", changed="ISO-8859-1, declared", status="accepted", source=ENCODING, user="\u00e4\u00f6@example.org")
def _(m):
    return declared(m, "ISO-8859-1", xml=user(m, "\u00e4\u00f6@example.org"))


@case("ascii", changed="US-ASCII, declared", status="accepted", source=ENCODING)
def _(m):
    return declared(m, "US-ASCII", "ascii")


@case("ascii-lie", changed="US-ASCII declared, UTF-8 sent", status="malformed", source=ENCODING,
      says="an octet above 127, where US-ASCII was declared")
def _(m):
    return declared(m, "US-ASCII", "utf-8", user(m, "\u00e4@example.org"))


@case("latin1-lie", changed="ISO-8859-1 declared, UTF-8 signed and sent", status="signature", source=ENCODING,
      says="content was changed after it was signed")
def _(m):
    return declared(m, "ISO-8859-1", "utf-8", user(m, "\u00e4@example.org"))


@case("latin1-bom", changed="ISO-8859-1 declared behind a byte order mark of UTF-8", status="malformed", source=ENCODING,
      says="expected the encoding UTF-8")
def _(m):
    return b"\xef\xbb\xbf" + declared(m, "ISO-8859-1")


@case("utf8-lie", changed="UTF-8 declared, ISO-8859-1 sent", status="malformed", source=ENCODING,
      says="an octet that is not UTF-8")
def _(m):
    return declared(m, "UTF-8", "latin-1", user(m, "\u00e4@example.org"))


for _name, _codec, _bom in (
        ("utf16-le", "utf-16-le", b"\xff\xfe"), ("utf16-be", "utf-16-be", b"\xfe\xff"),
        ("utf32-le", "utf-32-le", b"\xff\xfe\0\0"), ("utf32-be", "utf-32-be", b"\0\0\xfe\xff")):
    @case(_name + "-bom", changed="%s with a byte order mark" % _name, status="malformed", source=ENCODING,
          says="got a UTF-16 byte order mark|NUL|not UTF-8")
    def _(m, codec=_codec, bom=_bom):
        return bom + m.signed().decode().encode(codec)

    @case(_name, changed="%s without a byte order mark" % _name, status="malformed", source=ENCODING, says="NUL")
    def _(m, codec=_codec):
        return m.signed().decode().encode(codec)

    @case(_name + "-declared", changed="%s declared, and sent" % _name, status="malformed", source=ENCODING, says="NUL")
    def _(m, codec=_codec):
        return declared(m, codec[:6].upper(), codec)

for _name in ("UTF-16", "UTF-32", "UTF-7", "UCS-4", "ISO-10646-UCS-2", "EBCDIC-US", "cp037", "IBM1047", "windows-1252",
              "Shift_JIS", "ISO-2022-JP", "GB18030", "HZ-GB-2312", "utf8", "UTF-8BOM", "ISO-8859-15", "x-user-defined", ""):
    @case("declared-" + (_name.lower() or "nothing"), changed="the encoding %s declared for what is UTF-8" % (_name or '""'),
          status="malformed", source=ENCODING, says="expected the encoding UTF-8, got")
    def _(m, name=_name):
        return declared(m, name, "utf-8")


@case("utf7", changed="UTF-7, declared: a forged name behind an Assertion that other readers see", status="malformed",
      source="CWE-173", says="expected the encoding UTF-8, got .UTF-7.")
def _(m):
    return change(declared(m, "UTF-7", "utf-8"), [(">%s<" % ADA, ">+ADw-b+AD4-%s<" % EVE)])


@case("utf7-undeclared", changed="UTF-7 in the name, not declared: it is text", status="accepted", source="CWE-173",
      user="+ADw-b+AD4-")
def _(m):
    return user(m, "+ADw-b+AD4-")


@case("ebcdic", changed="the message in EBCDIC, not declared", status="malformed", source=ENCODING,
      says="not UTF-8|control character")
def _(m):
    return m.signed().decode().encode("cp037")


@case("declared-twice", changed="two encodings in the declaration", status="malformed", source="XML 1.0, 2.8",
      says="is not XML|expected the encoding")
def _(m):
    return b'<?xml version="1.0" encoding="UTF-8" encoding="UTF-7"?>' + m.signed()


@case("declared-in-version", changed="the version's text holds an encoding", status="malformed", source="XML 1.0, 2.8",
      says="is not XML|expected the encoding")
def _(m):
    return b'<?xml version="1.0 encoding=\'UTF-7\'" encoding="UTF-7"?>' + m.signed()


for _name, _changed, _octets in (
        ("less-than", "<", b"\xc0\xbc"), ("less-than-three", "< in three octets", b"\xe0\x80\xbc"),
        ("less-than-four", "< in four octets", b"\xf0\x80\x80\xbc"), ("nul", "NUL", b"\xc0\x80"),
        ("slash", "/", b"\xc0\xaf"), ("quote", "a quotation mark", b"\xc0\xa2")):
    @case("overlong-" + _name, changed="overlong UTF-8 for %s in the name" % _changed, status="malformed",
          source="RFC 3629, 3; CVE-2000-0884", says="an octet that is not UTF-8")
    def _(m, octets=_octets):
        return user_octets(m, b"ada" + octets + b"b@example.org")

for _name, _changed, _octets in (
        ("surrogate", "a surrogate", b"\xed\xa0\x80"), ("surrogates", "a pair of surrogates (CESU-8)", b"\xed\xa0\xbd\xed\xb8\x80"),
        ("too-high", "a code point above U+10FFFF", b"\xf4\x90\x80\x80"), ("five", "five octets", b"\xf8\x88\x80\x80\x80"),
        ("continuation", "a continuation octet alone", b"\x80"), ("cut", "a sequence cut off by the tag", b"\xe2\x82"),
        ("fe", "the octet FE", b"\xfe"), ("ff", "the octet FF", b"\xff")):
    @case("utf8-" + _name, changed="%s in the name" % _changed, status="malformed", source="RFC 3629, 3",
          says="an octet that is not UTF-8")
    def _(m, octets=_octets):
        return user_octets(m, b"ada" + octets)

for _name, _where in (("name", ADA), ("tag", "<Subject"), ("attribute", 'Recipient="'), ("comment", "<samlp:Status>")):
    @case("nul-" + _name, changed="NUL in the " + _name, status="malformed", source=CHARS, says="NUL at octet")
    def _(m, where=_where):
        nul = b"<!--\0--><samlp:Status>" if where == "<samlp:Status>" else where.encode() + b"\0"
        return change(m.signed(), [(where, nul)])


@case("nul-first", changed="NUL before the message", status="malformed", source=CHARS, says="NUL at octet 0")
def _(m):
    return b"\0" + m.signed()


@case("nul-end", changed="NUL behind the message, and a second message", status="malformed", source=CHARS, says="NUL")
def _(m):
    return m.signed() + b"\0" + m.response(name_id=EVE)


@case("nul-reference", changed="a reference to NUL", status="malformed", source="XML 1.0, 4.1: not a character",
      says="is not XML")
def _(m):
    return m.signed(after=[(">%s<" % ADA, ">ada&#0;@example.org<")])


for _code in (1, 8, 11, 12, 27, 31):
    @case("control-%d" % _code, changed="the control character %d in the name" % _code, status="malformed", source=CHARS,
          says="a control character that XML forbids")
    def _(m, code=_code):
        return user_octets(m, b"ada" + bytes([code]))

for _name, _text in (("1", "&#1;"), ("1f", "&#x1F;"), ("surrogate", "&#xD800;"), ("fffe", "&#xFFFE;"),
                     ("ffff", "&#xffff;"), ("too-high", "&#x110000;"), ("overflow", "&#4294967356;"),
                     ("overflow-64", "&#18446744073709551676;"), ("negative", "&#-60;"), ("empty", "&#;"),
                     ("hex-empty", "&#x;"), ("upper-x", "&#X3c;"), ("letters", "&#abc;")):
    @case("reference-" + _name, changed="the character reference %s in the name" % _text, status="malformed",
          source="XML 1.0, 4.1", says="is not XML")
    def _(m, text=_text):
        return m.signed(after=[(">%s<" % ADA, ">%s<" % text)])

for _name, _code in (("c1", 0x85), ("c1-first", 0x80), ("c1-last", 0x9f), ("del", 0x7f), ("line", 0x2028), ("paragraph", 0x2029)):
    @case("name-id-" + _name, changed="U+%04X in the name, signed" % _code, status="name-id", source=CONTROL,
          says="NameID: expected no control characters")
    def _(m, code=_code):
        return user(m, "ada" + chr(code) + "@example.org")

for _name, _raw in (("cr", "&#13;"), ("lf", "&#10;"), ("tab", "&#9;"), ("crlf", "&#xd;&#xa;X-Remote-User: " + EVE)):
    @case("name-id-" + _name, changed="%s in the name, as a reference, signed" % _name.upper(), status="name-id",
          source=CONTROL, says="NameID: expected no control characters")
    def _(m, raw=_raw):
        return m.signed(name_id_xml="ada" + raw + "x")

    @case("attribute-value-" + _name, changed="%s in an attribute value, as a reference: kept; headers are written without"
          % _name.upper(), status="accepted", source=CONTROL, through=("cli",) if _name == "crlf" else ("cli", "acs"))
    def _(m, raw=_raw.replace(EVE, "mallory")):
        return m.signed(attributes=[("urn:x", ["MARK"])], before=[("MARK", "a" + raw + "b")])


@case("attribute-name-lf", changed="a line end in an attribute's Name, as a reference", status="accepted", source=CONTROL,
      says=r'"a\\u000ab"')
def _(m):
    return m.signed(attributes=[("aMARKb", ["v"])], before=[("MARK", "&#10;")])


@case("audience-lf", changed="our Audience behind a line end and another, in one element", status="audience",
      source=CONTROL, says="AudienceRestriction: expected one of")
def _(m):
    return m.signed(audiences=["MARK"], before=[("MARK", "urn:other\n" + m.audience)])


@case("recipient-lf", changed="Recipient is ours up to a line end", status="recipient", source=CONTROL,
      says="Recipient: expected")
def _(m):
    return m.signed(recipient="MARK", before=[("MARK", m.acs + "&#10;x")])


for _name, _code in (("bidi-override", 0x202e), ("bidi-isolate", 0x2067), ("zero-width", 0x200b), ("zero-width-joiner", 0x200d),
                     ("bom-inside", 0xfeff), ("soft-hyphen", 0xad), ("combining", 0x301), ("emoji", 0x1f600),
                     ("private", 0xe000), ("fullwidth", 0xff20), ("greek-a", 0x3b1), ("no-break", 0xa0), ("tag", 0xe0061)):
    @case("name-id-" + _name, changed="U+%04X in the name: taken as it stands, another user than without" % _code,
          status="accepted", source="SAML Core 1.3.1: compared as it stands; Unicode TR 36", user="ada%s@example.org" % chr(_code))
    def _(m, code=_code):
        return user(m, "ada%s@example.org" % chr(code))

for _name, _one, _other in (("case", "HTTPS://sp.EXAMPLE.org/saml", None), ("composed", "https://sp.example.org/sa\u0301ml", None),
                            ("zero-width", "https://sp.example.org/saml\u200b", None),
                            ("percent", "https://sp.example.org/%73aml", None), ("slash", "https://sp.example.org/saml/", None),
                            ("port", "https://sp.example.org:443/saml", None), ("dot", "https://sp.example.org/./saml", None)):
    @case("audience-like-" + _name, changed="an Audience that is like ours for a reader of addresses: " + _name,
          status="audience", source="SAML Core 1.3.2: compared octet by octet", says="AudienceRestriction: expected one of")
    def _(m, one=_one):
        return m.signed(audiences=[one])


@case("xml11", changed="XML 1.1 declared", status="accepted", source="XML 1.0 (5th edition), 2.8: read as 1.0")
def _(m):
    return b'<?xml version="1.1"?>' + m.signed()


@case("xml11-control", changed="XML 1.1 declared, with a control character that only 1.1 has", status="malformed",
      source="XML 1.1, 2.2", says="is not XML")
def _(m):
    return b'<?xml version="1.1"?>' + m.signed(after=[(">%s<" % ADA, ">ada&#1;<")])


@case("xml11-nel", changed="XML 1.1 declared, with NEL as a line end between attributes", status="malformed",
      source="XML 1.1, 2.11", says="is not XML")
def _(m):
    return b'<?xml version="1.1"?>' + change(m.signed(), [("<Assertion ", b"<Assertion\xc2\x85")])


@case("xml2", changed="XML 2.0 declared", status="malformed", source="XML 1.0 (5th edition), 2.8", says="is not XML")
def _(m):
    return b'<?xml version="2.0"?>' + m.signed()


@case("version-missing", changed="an XML declaration without version", status="malformed", source="XML 1.0, 2.8",
      says="is not XML")
def _(m):
    return b'<?xml encoding="UTF-8"?>' + m.signed()


@case("line-ends-crlf", changed="CR LF as line ends between elements, sent and signed as LF", status="accepted",
      source="XML 1.0, 2.11")
def _(m):
    return m.signed(before=[("<Subject>", "\n<Subject>\n"), ("</Subject>", "\n</Subject>")]).replace(b"\n", b"\r\n")


@case("cr-reference-between", changed="a CR between elements as a reference, signed", status="accepted",
      source="Canonical XML 2.1")
def _(m):
    return m.signed(before=[("<Subject>", "<Subject>&#13;")])


@case("name-beyond-ascii", changed="element and attribute names beyond ASCII in Extensions", status="accepted",
      source="XML 1.0, 2.3")
def _(m):
    return m.signed(after=[("<samlp:Status>", '<samlp:Extensions><\u00fc xmlns="urn:x" \u00f6="1"/></samlp:Extensions>'
                            '<samlp:Status>')])


@case("homograph-element", changed="an Assertion beside it whose name has a Cyrillic letter: another element",
      status="accepted", source="Unicode TR 36")
def _(m):
    return m.signed(after=[("</samlp:Response>", '<\u0410ssertion xmlns="%s"/></samlp:Response>' % sr.NS_SAML)])


@case("namespace-case", changed="the Assertion in a namespace that is SAML's but for case", status="assertion-count",
      source="Namespaces in XML 1.0, 2.3", says="expected exactly one Assertion .* got 0 and 0")
def _(m):
    return m.signed("response", before=[('xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>%s</Issuer><Subject' % m.idp,
                                         'xmlns="urn:OASIS:names:tc:SAML:2.0:assertion"><Issuer>%s</Issuer><Subject' % m.idp)])
