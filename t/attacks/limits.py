# SPDX-License-Identifier: Apache-2.0
"""Size, depth and number: what shall exhaust memory or time.

A message has at most 1 MiB, 64 levels, 256 attributes in a tag, 64 namespaces in scope, 65536 elements and attributes.
"""
import base64
import zlib

from attack import ADA, EVE, case, change, sr

COST = "CWE-400; CWE-770"
MIB = 1024 * 1024


def with_extension(m, text, what="assertion"):
    """Text put into Extensions of a message whose Assertion is signed, so that nothing covers it."""
    return change(m.signed(what), [("<samlp:Status>", "<samlp:Extensions>%s</samlp:Extensions><samlp:Status>" % text)])


def padded(m, size, junk=b" "):
    """A good message of exactly `size` octets, by what stands behind the root."""
    xml = m.signed()
    return xml + junk * (size - len(xml))


@case("depth-100000", changed="100,000 levels", status="too-large", source=COST, says="nested more than 64 deep")
def _(m):
    return with_extension(m, "<x>" * 100000 + "</x>" * 100000)


@case("depth-open", changed="100,000 levels that nobody closes", status="too-large", source=COST,
      says="nested more than 64 deep")
def _(m):
    return b"<x>" * 100000


@case("depth-64", changed="64 levels", status="accepted", source="bounds: the last that is read")
def _(m):
    return with_extension(m, '<x xmlns="urn:x">' + "<x>" * 61 + "</x>" * 62)


@case("depth-65", changed="65 levels", status="too-large", source="bounds: the first that is not",
      says="nested more than 64 deep")
def _(m):
    return with_extension(m, '<x xmlns="urn:x">' + "<x>" * 62 + "</x>" * 63)


@case("depth-signed", changed="64 levels inside the signed Assertion", status="accepted", source=COST)
def _(m):
    return m.signed(assertion_extra='<x xmlns="urn:x">' + "<x>" * 61 + "</x>" * 62)


@case("attributes-100000", changed="100,000 attributes in one tag", status="too-large", source=COST,
      says="more than 256 attributes")
def _(m):
    return with_extension(m, "<x %s/>" % " ".join('a%d="1"' % i for i in range(60000)))


@case("attributes-same", changed="100,000 attributes of one name", status="too-large", source=COST,
      says="more than 256 attributes")
def _(m):
    return with_extension(m, "<x %s/>" % ('a="" ' * 100000))


@case("attributes-256", changed="256 attributes in one tag", status="accepted", source="bounds: the last that is read")
def _(m):
    return with_extension(m, "<x %s/>" % " ".join('a%d="1"' % i for i in range(256)))


@case("attributes-257", changed="257 attributes in one tag", status="too-large", source="bounds: the first that is not",
      says="more than 256 attributes")
def _(m):
    return with_extension(m, "<x %s/>" % " ".join('a%d="1"' % i for i in range(257)))


@case("namespaces-100000", changed="as many namespace declarations in one tag as fit into 1 MiB", status="too-large",
      source=COST, says="more than 256 attributes")
def _(m):
    return with_extension(m, "<x %s/>" % " ".join('xmlns:a%d="u"' % i for i in range(60000)))


@case("namespaces-scope", changed="65 namespace declarations in scope", status="too-large",
      source=COST + "; canonical form is quadratic in them", says="more than 64 namespace declarations in scope")
def _(m):
    return with_extension(m, "<x %s/>" % " ".join('xmlns:a%d="u"' % i for i in range(64)))


@case("namespaces-elements", changed="60,000 elements with 60 namespace declarations in scope", status="too-large",
      source=COST + "; inclusive canonical form looks up each for each element", says="too many elements with 6. namespace declarations")
def _(m):
    return with_extension(m, "<x %s>%s</x>" % (" ".join('xmlns:a%d="u"' % i for i in range(60)), "<a/>" * 60000))


@case("namespaces-levels", changed="a declaration of its own on each of 60 levels, signed", status="accepted", source=COST)
def _(m):
    return m.signed(assertion_extra="".join('<a%d:x xmlns:a%d="urn:%d">' % (i, i, i) for i in range(50))
                    + "".join("</a%d:x>" % i for i in reversed(range(50))))


@case("namespace-name-long", changed="a namespace name of 100,000 octets", status="too-large",
      source=COST + "; canonical form repeats it", says="a namespace name of more than 256 octets")
def _(m):
    return with_extension(m, '<x xmlns="urn:%s"/>' % ("x" * 100000))


@case("namespace-repeated", changed="a namespace that each of 10,000 elements has to declare in canonical form, signed",
      status="accepted", source=COST)
def _(m):
    return m.signed(assertion_extra='<x xmlns:p="urn:%s">%s</x>' % ("n" * 100, "<p:y/>" * 10000))


@case("siblings-100000", changed="100,000 elements beside one another", status="too-large", source=COST,
      says="more than 65536 elements and attributes")
def _(m):
    return with_extension(m, "<x/>" * 100000)


@case("comments-100000", changed="100,000 comments", status="too-large", source=COST,
      says="more than 65536 elements and attributes")
def _(m):
    return with_extension(m, "<!---->" * 100000)


@case("pi-100000", changed="100,000 processing instructions", status="too-large", source=COST,
      says="more than 65536 elements and attributes")
def _(m):
    return with_extension(m, "<?x?>" * 100000)


@case("cdata-100000", changed="80,000 CDATA sections in the name", status="too-large", source=COST,
      says="more than 65536 elements and attributes")
def _(m):
    return m.signed(after=[(">%s<" % ADA, ">%s<" % ("<![CDATA[]]>" * 80000))])


@case("siblings-60000", changed="60,000 elements beside one another, not signed", status="accepted", source=COST)
def _(m):
    return with_extension(m, "<x/>" * 60000)


@case("siblings-60000-signed", changed="60,000 elements in the signed Assertion", status="accepted", source=COST)
def _(m):
    return m.signed(assertion_extra='<x xmlns="urn:x">%s</x>' % ("<x/>" * 60000))


@case("siblings-60000-response-signed", changed="60,000 elements in the signed Response, both signed", status="accepted",
      source=COST)
def _(m):
    return m.signed("both", assertion_extra='<x xmlns="urn:x">%s</x>' % ("<x/>" * 60000))


@case("siblings-forged", changed="60,000 elements in an Assertion that a stranger signed", status="signature", source=COST,
      says="does not match any of the 1 keys")
def _(m):
    return m.signed(by=m.other(), name_id=EVE, assertion_extra='<x xmlns="urn:x">%s</x>' % ("<x/>" * 60000))


@case("assertions-10000", changed="ten thousand Assertions", status="assertion-count", source=COST,
      says="expected exactly one Assertion .* got 10001 and 0")
def _(m):
    return m.signed(after=[("</samlp:Response>", '<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>' * 10000
                            + "</samlp:Response>")])


@case("size-1mib", changed="a message of exactly 1 MiB", status="accepted", source="bounds: the last that is read")
def _(m):
    return padded(m, MIB)


@case("size-1mib-one", changed="a message of 1 MiB and an octet", status="too-large", source="bounds: the first that is not",
      says="at most 1048576 bytes, got 1048577|more than 1048576")
def _(m):
    return padded(m, MIB + 1)


@case("size-2mib", changed="a message of 2 MiB", status="too-large", source=COST, says="at most 1048576 bytes, got 2097152", through=("cli",))
def _(m):
    return padded(m, 2 * MIB)


@case("size-50mb-xml", changed="50 MB of XML", status="too-large", source=COST, raw=True, through=("cli",),
      says="input: expected at most 4259840 bytes, got more")
def _(m):
    return padded(m, 50000000)


@case("size-50mb", changed="50 MB, in base64", status="too-large", source=COST, raw=True, through=("cli",),
      says="input: expected at most 4259840 bytes, got more")
def _(m):
    return base64.b64encode(padded(m, 50000000))


@case("size-5mb-text", changed="5 MB of one letter", status="too-large", source=COST, raw=True, through=("cli",),
      says="input: expected at most 4259840 bytes, got more")
def _(m):
    return b"A" * 5000000


@case("size-5mb-spaces", changed="5 MB of white space before a good message", status="too-large", source=COST, raw=True,
      through=("cli",), says="input: expected at most 4259840 bytes, got more")
def _(m):
    return b" " * 5000000 + base64.b64encode(m.signed())


@case("text-huge", changed="a text of 900,000 octets in the name, signed", status="name-id", source=COST,
      says="NameID: expected at most 1024 bytes, got 900000")
def _(m):
    return m.signed(name_id="a" * 900000)


@case("name-id-1024", changed="a name of 1024 octets", status="accepted", source="bounds: the last that is taken",
      user="a" * 1024)
def _(m):
    return m.signed(name_id="a" * 1024)


@case("name-id-1025", changed="a name of 1025 octets", status="name-id", source="bounds: the first that is not",
      says="NameID: expected at most 1024 bytes, got 1025")
def _(m):
    return m.signed(name_id="a" * 1025)


@case("attribute-huge", changed="an XML attribute of 900,000 octets, signed", status="accepted", source=COST)
def _(m):
    return m.signed(assertion_extra='<x xmlns="urn:x" a="%s"/>' % ("a" * 900000))


@case("references-huge", changed="an XML attribute of 90,000 character references, signed", status="accepted", source=COST)
def _(m):
    return m.signed(assertion_extra='<x xmlns="urn:x" a="%s"/>' % ("&#10;" * 90000))


@case("element-name-huge", changed="an element whose name has 100,000 octets", status="malformed",
      source="CVE-2013-2877 and its kin: libxml2 bounds names", says="is not XML")
def _(m):
    return with_extension(m, "<%s/>" % ("x" * 100000))


@case("prefix-huge", changed="a prefix of 60,000 octets", status="malformed", source=COST, says="is not XML")
def _(m):
    return with_extension(m, "<%s:x/>" % ("x" * 60000))


@case("comment-huge", changed="a comment of 900,000 octets", status="accepted", source=COST)
def _(m):
    return b"<!--" + b"x" * 900000 + b"-->" + m.signed()


@case("comment-dashes", changed="a comment that begins 300,000 times", status="malformed", source=COST,
      says='"--" in a comment')
def _(m):
    return b"<!--" + b"<!--" * 200000 + b"-->" + m.signed()


@case("pi-huge", changed="a processing instruction of 900,000 question marks", status="accepted", source=COST,
      through=("cli",))
def _(m):
    return b"<?x " + b"?" * 900000 + b"?>" + m.signed()


@case("cdata-huge", changed="a CDATA section of 900,000 brackets in Extensions", status="accepted", source=COST)
def _(m):
    return with_extension(m, "<![CDATA[%s]]>" % ("]" * 900000))


@case("values-20000", changed="20,000 values of one attribute", status="accepted", source="bounds: the last that is taken",
      through=("cli",))
def _(m):
    return m.signed(attributes=[("urn:x", ["v"] * 20000)])


@case("values-20001", changed="20,001 values of one attribute", status="claim", source="bounds: the first that is not",
      says="expected at most 20000 values")
def _(m):
    return m.signed(attributes=[("urn:x", ["v"] * 20001)])


@case("values-long", changed="one value of 900,000 octets", status="accepted", source=COST, through=("cli",))
def _(m):
    return m.signed(attributes=[("urn:x", ["v" * 900000])])


@case("attributes-2000", changed="2,000 Attribute elements", status="accepted", source="bounds: the last that is taken",
      through=("cli",))
def _(m):
    return m.signed(attributes=[("urn:%d" % i, ["v"]) for i in range(2000)])


@case("attributes-2001", changed="2,001 Attribute elements", status="claim", source="bounds: the first that is not",
      says="expected at most 2000")
def _(m):
    return m.signed(attributes=[("urn:%d" % i, ["v"]) for i in range(2001)])


@case("attributes-one-name", changed="2,000 Attribute elements of one name, ten values each", status="accepted",
      source=COST + ": quadratic merging", through=("cli",))
def _(m):
    return m.signed(attributes=[("urn:x", ["v"] * 7)] * 2000)


@case("value-elements", changed="a value of 10,000 elements, each of which needs its declaration", status="accepted",
      source=COST, through=("cli",))
def _(m):
    return m.signed(attributes=[("urn:x", ["MARK"])], before=[
        ("MARK", "<b>x</b>" * 10000)])


@case("value-elements-deep", changed="values of 50 levels, each with a declaration", status="accepted", source=COST,
      through=("cli",))
def _(m):
    deep = "".join('<p%d:b xmlns:p%d="urn:%d">' % (i, i, i) for i in range(40)) + "".join(
        "</p%d:b>" % i for i in reversed(range(40)))
    return m.signed(attributes=[("urn:x", ["MARK"])], before=[("MARK", deep * 100)])


@case("audiences-10000", changed="10,000 audiences, ours the last", status="accepted", source=COST)
def _(m):
    return m.signed(audiences=["urn:%d" % i for i in range(10000)] + [m.audience])


@case("audiences-10000-other", changed="10,000 audiences, none ours", status="audience", source=COST,
      says='got "urn:0", .* and 9996 more')
def _(m):
    return m.signed(audiences=["urn:%d" % i for i in range(10000)])


@case("restrictions-5000", changed="5,000 restrictions, each with our audience", status="accepted", source=COST)
def _(m):
    return m.signed(audiences=[[m.audience]] * 5000)


@case("confirmations-3000", changed="3,000 confirmations of another recipient, none ours", status="recipient", source=COST,
      says="Recipient: expected")
def _(m):
    return m.signed(confirmations=[sr.Confirmation(in_response_to=m.request, recipient="urn:x",
                                                   not_on_or_after="2099-01-01T00:00:00Z")] * 3000)


@case("status-codes-60", changed="StatusCodes 55 levels deep", status="status", source=COST, says="StatusCode: expected")
def _(m):
    return m.signed("response", status_codes=["urn:%d" % i for i in range(55)])


@case("status-message-huge", changed="a StatusMessage of 900,000 octets", status="status", source=COST,
      says=r"with the message .x+\.\.\.")
def _(m):
    return m.signed("response", status_codes=["urn:x"], status_message="x" * 900000)


@case("prefix-list-huge", changed="InclusiveNamespaces with 10,000 prefixes", status="signature",
      source=COST + ": canonicalisation looks each up for each element", says="PrefixList|prefixes")
def _(m):
    return m.signed(by=m.signer(inclusive_prefixes=" ".join("p%d" % i for i in range(10000))))


@case("keyinfo-huge", changed="KeyInfo with 900,000 octets of a certificate", status="accepted", source=COST)
def _(m):
    return m.signed(after=[("<X509Certificate>", "<X509Certificate>%s</X509Certificate><X509Certificate>" % ("A" * 900000))])


@case("keyinfo-many", changed="KeyInfo with 10,000 certificates of others", status="accepted", source=COST)
def _(m):
    return m.signed(after=[("<X509Certificate>", "<X509Certificate>MIIB</X509Certificate>" * 10000 + "<X509Certificate>")])


@case("signature-value-huge", changed="a SignatureValue of 900,000 octets", status="signature", source=COST,
      says="SignatureValue: expected base64 of at most 2048 octets")
def _(m):
    return m.signed(after=[("<SignatureValue>", "<SignatureValue>" + "A" * 900000)])


@case("xml-times-ids", changed="60,000 attributes called ID, none the signed one", status="accepted",
      source=COST + ": a search per ID")
def _(m):
    return with_extension(m, '<x ID="a"/>' * 30000)


# ---- base64 ------------------------------------------------------------------

BASE64 = "RFC 4648, 3; SAML Bindings 3.5.4"


def encoded(m, edit, **options):
    return edit(base64.b64encode(m.signed(**options)))


@case("base64-line-ends", changed="base64 in lines of 76 with CR LF", status="accepted", source=BASE64, raw=True)
def _(m):
    text = base64.b64encode(m.signed())
    return b"\r\n".join(text[i:i + 76] for i in range(0, len(text), 76))


@case("base64-unpadded", changed="base64 without its padding", status="accepted", source=BASE64, raw=True)
def _(m):
    return encoded(m, lambda t: t.rstrip(b"="))


for _name, _changed, _edit in (
        ("junk", "a character outside of the alphabet", lambda t: t[:100] + b"!" + t[100:]),
        ("dash-dash", "a dot in it", lambda t: t[:40] + b"." + t[40:]),
        ("padding-inside", "padding in the middle, and more behind it", lambda t: t[:100] + b"==" + t[100:]),
        ("padding-three", "three octets of padding", lambda t: t.rstrip(b"=") + b"==="),
        ("two-values", "two values behind one another", lambda t: t.rstrip(b"=") + b"=" + t),
        ("nul", "NUL in it", lambda t: t[:100] + b"\0" + t[100:]),
        ("utf8", "a letter beyond ASCII in it", lambda t: t[:100] + b"\xc3\xa4" + t[100:])):
    @case("base64-" + _name, changed="base64 with " + _changed, status="malformed", source=BASE64, raw=True,
          says="base64|SAML|padding|NUL")
    def _(m, edit=_edit):
        return encoded(m, edit)


@case("base64-one-digit", changed="one digit more than base64 can have", status="malformed", source=BASE64, raw=True,
      says="base64|padding")
def _(m):
    text = base64.b64encode(m.signed()).rstrip(b"=")
    return text + b"A" * ((1 - len(text)) % 4)


@case("base64-bits", changed="base64 whose unused bits are not zero", status="malformed", source="RFC 4648, 3.5", raw=True,
      says="base64")
def _(m):
    xml = m.signed()
    xml += b" " * ((1 - len(xml)) % 3)          # one octet over: the last digit has four bits unused
    text = base64.b64encode(xml)
    return text[:-3] + b"h=="


@case("base64-twice", changed="base64 of base64", status="malformed", source=BASE64, raw=True, says="is not XML")
def _(m):
    return base64.b64encode(base64.b64encode(m.signed()))


@case("base64-empty", changed="nothing", status="malformed", source=BASE64, raw=True, says="SAML|empty|base64",
      through=("cli",))
def _(m):
    return b""


@case("base64-spaces-only", changed="white space only", status="malformed", source=BASE64, raw=True, says="SAML|empty|base64")
def _(m):
    return b" \r\n" * 1000


@case("deflated", changed="a deflated message, as the Redirect binding has it, by POST", status="malformed",
      source="SAML Bindings 3.4.4.1", raw=True, says="is not XML|not UTF-8|NUL|control")
def _(m):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflate.compress(m.signed()) + deflate.flush())


@case("deflate-bomb", changed="a deflated message of 100 MB, by POST", status="malformed", source="CWE-409", raw=True,
      says="is not XML|not UTF-8|NUL|control")
def _(m):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(b"".join(deflate.compress(b" " * 1000000) for _ in range(100)) + deflate.flush())
