# SPDX-License-Identifier: Apache-2.0
"""Transforms and canonicalisation methods that are not allowed, in any order, with any parameter.

The identity provider's key has made each signature value here: what is refused is the way from element to octets.
"""
import dsig
from attack import ADA, EVE, case, sr
from dsig import DSIG, ENVELOPED, EXC, EXC_TRANSFORM, INC, MORE

HILL = "Hill, Command Injection in XML Signatures (2007)"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
INC11 = "http://www.w3.org/2006/12/xml-c14n11"
FIRST = r"first Transform: expected enveloped-signature, got "
NO_C14N = r"canonicalisation algorithm: expected one of the accepted algorithms, got "
WEAK = r"canonicalisation algorithm inclusive c14n.* is weak and refused; \"SAMLAllow c14n10\" would admit it"
AT_MOST = r"Transforms: expected at most two, got more"

STYLE = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"%s>%s</xsl:stylesheet>'
SHEETS = {
    "copy": STYLE % ("", '<xsl:template match="/"><xsl:copy-of select="."/></xsl:template>'),
    "constant": STYLE % ("", '<xsl:template match="/">constant</xsl:template>'),
    "file": STYLE % ("", '<xsl:template match="/"><xsl:copy-of select="document(\'file:///etc/passwd\')"/></xsl:template>'),
    "http": STYLE % ("", '<xsl:template match="/"><xsl:copy-of select="document(\'http://127.0.0.1:9/\')"/></xsl:template>'),
    "write": STYLE % (' xmlns:e="http://exslt.org/common" extension-element-prefixes="e"',
                      '<xsl:template match="/"><e:document href="/tmp/written">x</e:document></xsl:template>'),
    "endless": STYLE % ("", '<xsl:template match="/" name="t"><xsl:call-template name="t"/></xsl:template>'),
}
XPATHS = {"all": "true()", "none": "false()", "not-name": "not(ancestor-or-self::*[local-name()='NameID'])",
          "slow": "count(//. | //@* | //namespace::*) > 0 and " * 20 + "true()"}
FILTERS = {"intersect": "//*[local-name()='Issuer']", "subtract": "//*[local-name()='NameID']", "union": "/"}


def transform(uri, content=""):
    return '<Transform Algorithm="%s">%s</Transform>' % (uri, content)


def listed(slug, changed, transforms, status, says, source="SAML Core 5.4.4", **options):
    """A list of transforms."""
    @case("transform-" + slug, changed=changed, status=status, says=says, source=source, **options)
    def _(m):
        return dsig.message(m, transforms=transforms, fields={"name_id": ADA if status == "accepted" else EVE})


def each_place(slug, what, uri, content="", source="SAML Core 5.4.4"):
    """The same transform alone, first, in the place of canonicalisation, and behind it."""
    one = transform(uri, content)
    listed(slug + "-alone", "the one transform is %s" % what, one, "algorithm", FIRST, source)
    listed(slug + "-second", "%s behind enveloped-signature, no canonicalisation" % what, ENVELOPED + one, "algorithm", NO_C14N, source)
    listed(slug + "-third", "%s behind the two allowed transforms" % what, ENVELOPED + EXC_TRANSFORM + one, "signature", AT_MOST, source)


for _name, _sheet in SHEETS.items():
    each_place("xslt-" + _name, "an XSLT stylesheet (%s)" % _name, XSLT, _sheet, HILL + {
        "write": "; CVE-2011-1425 (xmlsec)", "endless": "; XML Signature best practices 2.1.2"}.get(_name, ""))
for _name, _path in XPATHS.items():
    each_place("xpath-" + _name, "XPath (%s)" % _name, XPATH, "<XPath>%s</XPath>" % _path.replace(">", "&gt;"),
               "XML Signature 6.6.3; best practices 2.2: what is left out is not signed")
for _name, _path in FILTERS.items():
    each_place("filter2-" + _name, "XPath Filter 2.0 (%s)" % _name, FILTER2,
               '<XPath xmlns="%s" Filter="%s">%s</XPath>' % (FILTER2, _name, _path), "XML-Signature XPath Filter 2.0")
each_place("base64", "base64", DSIG + "base64", source="XML Signature 6.6.2")
each_place("decrypt", "the decryption transform", "http://www.w3.org/2002/07/decrypt#XML", source="Decryption Transform for XML Signature")
each_place("decrypt-binary", "the decryption transform for octets", "http://www.w3.org/2002/07/decrypt#Binary",
           source="Decryption Transform for XML Signature")
each_place("xpointer", "XPointer as a transform", MORE + "xptr", source="RFC 9231 2.5.1")
each_place("str", "WS-Security's STR-Transform", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",
           source="WS-Security 8.3")
each_place("unknown", "one that nobody knows", "urn:x:identity", source="XML Signature 4.4.3.4")
each_place("digest", "a digest", dsig.SHA256, source="XML Signature 6.1: an algorithm has one role")
each_place("empty", "an empty Algorithm", "")
each_place("minimal", "minimal canonicalisation", DSIG + "minimal", source="XML Signature 6.5; RFC 9231 2.4")
each_place("c14n2", "Canonical XML 2.0", "http://www.w3.org/2010/xml-c14n2", source="Canonical XML 2.0")
each_place("exc-no-hash", "exclusive canonicalisation without #", EXC[:-1], source="RFC 3986 6.2.1: URIs compare octet by octet")
each_place("exc-case", "exclusive canonicalisation #withcomments", EXC + "withcomments", source="RFC 3986 6.2.1: URIs compare octet by octet")
each_place("enveloped-case", "ENVELOPED-SIGNATURE in capitals", DSIG + "ENVELOPED-SIGNATURE", source="RFC 3986 6.2.1")


# ---- order and number --------------------------------------------------------------------------------------------

listed("none", "Transforms without a Transform", "", "algorithm", FIRST + "none")
listed("c14n-only", "canonicalisation alone", EXC_TRANSFORM, "algorithm", FIRST)
listed("reversed", "canonicalisation before enveloped-signature", EXC_TRANSFORM + ENVELOPED, "algorithm", FIRST)
listed("enveloped-twice", "enveloped-signature twice", ENVELOPED * 2, "algorithm", NO_C14N)
listed("enveloped-twice-c14n", "enveloped-signature twice, canonicalisation behind", ENVELOPED * 2 + EXC_TRANSFORM, "signature", AT_MOST)
listed("c14n-twice", "canonicalisation twice", ENVELOPED + EXC_TRANSFORM * 2, "signature", AT_MOST)
listed("many", "ten thousand canonicalisations", ENVELOPED + EXC_TRANSFORM * 10000, "signature", AT_MOST,
       "XML Signature best practices 2.1; CVE-2013-4517 (Santuario)")
listed("enveloped-only", "enveloped-signature alone, so that inclusive canonicalisation is implied", ENVELOPED, "algorithm", WEAK,
       "XML Signature 4.4.3.2")
listed("inclusive", "inclusive canonicalisation", ENVELOPED + transform(INC), "algorithm", WEAK, "Canonical XML 1.0")
listed("inclusive-comments", "inclusive canonicalisation with comments", ENVELOPED + transform(INC + "#WithComments"), "algorithm", WEAK,
       "Canonical XML 1.0")
listed("inclusive-11", "inclusive canonicalisation 1.1", ENVELOPED + transform(INC11), "algorithm", WEAK, "Canonical XML 1.1")


# ---- parameters and form ---------------------------------------------------------------------------------------

def inclusive_namespaces(attributes, content=""):
    return '<InclusiveNamespaces xmlns="%s"%s>%s</InclusiveNamespaces>' % (EXC, attributes, content)


LIST = ' PrefixList="%s"'
ONE_EMPTY = r"Transform: expected one empty InclusiveNamespaces, got "
EXC_SPEC = "Exclusive XML Canonicalization 3"


def parameter(slug, changed, content, says, status="signature", source=EXC_SPEC):
    listed("parameter-" + slug, changed, ENVELOPED + transform(EXC, content), status, says, source)


parameter("no-list", "InclusiveNamespaces without PrefixList", inclusive_namespaces(""),
          r"InclusiveNamespaces: expected a PrefixList of at most 16, got none")
parameter("qualified-list", "InclusiveNamespaces with PrefixList in a namespace only", inclusive_namespaces(' xmlns:q="urn:q" q:PrefixList="xs"'),
          r"expected no PrefixList in a namespace, got one on .*InclusiveNamespaces", source="PortSwigger 2025, attribute pollution")
parameter("long-list", "InclusiveNamespaces with 17 prefixes", inclusive_namespaces(LIST % " ".join("p%d" % i for i in range(17))),
          r"InclusiveNamespaces: expected a PrefixList of at most 16, got \"p0")
parameter("huge-list", "InclusiveNamespaces with ten thousand prefixes", inclusive_namespaces(LIST % ("p " * 10000)),
          r"InclusiveNamespaces: expected a PrefixList of at most 16, got \"p p", source="CVE-2013-2156 (Santuario C++)")
parameter("two", "two InclusiveNamespaces", inclusive_namespaces(LIST % "xs") * 2, ONE_EMPTY)
parameter("content", "InclusiveNamespaces with content", inclusive_namespaces(LIST % "xs", "<x/>"), ONE_EMPTY)
parameter("foreign", "an element of nobody's", '<x xmlns="urn:x"/>', ONE_EMPTY)
parameter("other-namespace", "InclusiveNamespaces in the namespace of signatures", "<InclusiveNamespaces%s/>" % (LIST % "xs"), ONE_EMPTY)
parameter("text", "text in the canonicalisation's Transform", "xs", r"Transform: expected elements only, got text")
parameter("sixteen", "InclusiveNamespaces with 16 prefixes, none of them declared", inclusive_namespaces(LIST % " ".join(
    "p%d" % i for i in range(16))), None, "accepted")
parameter("empty-list", "InclusiveNamespaces with an empty PrefixList", inclusive_namespaces(LIST % ""), None, "accepted")
parameter("odd-list", "InclusiveNamespaces with words that are no prefixes", inclusive_namespaces(LIST % "#x 1 &lt; : xml xmlns"), None, "accepted")

listed("enveloped-parameter", "enveloped-signature with a parameter", transform(sr.ENVELOPED, '<x xmlns="urn:x"/>') + EXC_TRANSFORM,
       "signature", r"enveloped-signature Transform takes no parameter", "XML Signature 6.6.4")
listed("enveloped-xpath", "enveloped-signature with an XPath in it", transform(sr.ENVELOPED, "<XPath>//*</XPath>") + EXC_TRANSFORM,
       "signature", r"enveloped-signature Transform takes no parameter", "XML Signature 6.6.4")
for _slug, _q in (("enveloped", sr.ENVELOPED), ("xslt", XSLT)):
    listed("pollution-" + _slug, "canonicalisation whose Transform has q:Algorithm %s before Algorithm" % _slug, ENVELOPED
           + '<Transform xmlns:q="urn:q" q:Algorithm="%s" Algorithm="%s"/>' % (_q, EXC), "signature",
           r"expected no Algorithm in a namespace, got one on .*Transform", "PortSwigger 2025, attribute pollution")
listed("foreign-element", "an element of another namespace among Transforms", '<Transform xmlns="urn:x" Algorithm="%s"/>' % sr.ENVELOPED
       + EXC_TRANSFORM, "signature", r"Transforms: expected Transform, got \"Transform\" of \"urn:x\"", "XML Signature 4.4.3.4")
listed("text", "text among Transforms", "x" + ENVELOPED + EXC_TRANSFORM, "signature", r"Transforms: expected elements only, got text",
       "XML Signature 4.4.3.4")
listed("no-algorithm", "a Transform without Algorithm", "<Transform/>" + EXC_TRANSFORM, "algorithm", FIRST + "none", "XML Signature 4.4.3.4")
listed("qualified-algorithm", "a Transform with Algorithm in a namespace only", ENVELOPED + '<Transform xmlns:q="urn:q" q:Algorithm="%s"/>' % EXC,
       "signature", r"expected no Algorithm in a namespace, got one on .*Transform", "PortSwigger 2025, attribute pollution")


# ---- CanonicalizationMethod -------------------------------------------------------------------------------------

def method(slug, changed, element, status, says, source="XML Signature 4.4.1", **options):
    @case("c14n-method-" + slug, changed="CanonicalizationMethod: " + changed, status=status, says=says, source=source, **options)
    def _(m):
        return dsig.message(m, c14n=element, fields={"name_id": ADA if status == "accepted" else EVE})


def canonicalization(uri, content=""):
    return '<CanonicalizationMethod Algorithm="%s">%s</CanonicalizationMethod>' % (uri, content)


SPOOFED = "CVE-2013-2172 (Santuario): any algorithm as CanonicalizationMethod"
for _slug, _uri, _content in (("xslt", XSLT, SHEETS["constant"]), ("xslt-file", XSLT, SHEETS["file"]), ("xpath", XPATH, "<XPath>true()</XPath>"),
                              ("base64", DSIG + "base64", ""), ("enveloped", sr.ENVELOPED, ""), ("digest", dsig.SHA256, ""),
                              ("signature", dsig.RSA_SHA256, ""), ("unknown", "urn:x:identity", ""), ("empty", "", ""),
                              ("minimal", DSIG + "minimal", ""), ("c14n2", "http://www.w3.org/2010/xml-c14n2", ""), ("none", "none", "")):
    method(_slug, _slug, canonicalization(_uri, _content), "algorithm", NO_C14N, SPOOFED)
method("no-algorithm", "no Algorithm", "<CanonicalizationMethod/>", "algorithm", NO_C14N + "none")
method("absent", "absent", "", "signature", r"\"SignedInfo\" in the Signature: expected CanonicalizationMethod, got .*SignatureMethod")
method("twice", "twice", canonicalization(EXC) * 2, "signature",
       r"\"SignedInfo\" in the Signature: expected SignatureMethod, got .*CanonicalizationMethod")
method("inclusive", "inclusive", canonicalization(INC), "algorithm", WEAK, "Canonical XML 1.0")
method("inclusive-11", "inclusive 1.1", canonicalization(INC11), "algorithm", WEAK, "Canonical XML 1.1")
method("parameter", "with a parameter of nobody's", canonicalization(EXC, '<x xmlns="urn:x"/>'), "signature",
       r"CanonicalizationMethod: expected one empty InclusiveNamespaces, got ", EXC_SPEC)
method("huge-list", "InclusiveNamespaces with ten thousand prefixes", canonicalization(EXC, inclusive_namespaces(LIST % ("p " * 10000))),
       "signature", r"InclusiveNamespaces: expected a PrefixList of at most 16", "CVE-2013-2156 (Santuario C++)")
method("comments", "with comments, of which there are none", canonicalization(EXC + "WithComments"), "accepted", None)
method("inclusive-allowed", "inclusive where it is allowed", canonicalization(INC), "signature",
       r"the signature value does not match any of the 1 keys tried", "the value is over the exclusive form", allow=["c14n10"])
