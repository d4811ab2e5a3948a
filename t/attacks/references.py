# SPDX-License-Identifier: Apache-2.0
"""References: several, none, to something else, to somewhere else, and SignedInfo more than once.

The identity provider's key has made each signature value here, unless it says otherwise: what is refused is what the
signature is said to cover.
"""
import copy

from lxml import etree

import dsig
from attack import ADA, DS, EVE, SAML, SAMLP, case, change
from dsig import DSIG, EXC_TRANSFORM, reference
from wrapping import CHANGED, assertion_of, into, strip

XSW = "Somorovsky et al. 2012"
URI = r"Reference URI: expected \"#%s\", the element that holds the Signature, got %s"
ANY_ID = r"_[-0-9a-f]+"
MORE = r"\"SignedInfo\" in the Signature: expected nothing more, got .*Reference"
SHADOW = r"expected no %s in a namespace, got one on .*%s"
SIGNED_INFO_TWICE = r"\"Signature\" in the Signature: expected SignatureValue, got .*SignedInfo"


def by_reference(name, changed, source, build, status="signature", says=None, what="assertion", before=(), user=None, **options):
    """`build(m, root, element)` gives the text of all References; the digest it may use is that of `element` unsigned."""
    extra = {"user": user} if user else {}

    @case(name, changed=changed, status=status, says=says, source=source, **extra)
    def _(m):
        root = m.tree(change(m.response(name_id=ADA if status == "accepted" else EVE), before))
        element = root if what == "response" else assertion_of(root)
        dsig.sign(m, element, references=build(m, root, element), **options)
        return m.octets(root)


def own(element, **options):
    return reference("#" + element.get("ID"), dsig.digest(dsig.canonical(element)), **options)


# ---- how many -------------------------------------------------------------------------------------------------

by_reference("references-none", "SignedInfo without any Reference", "XML Signature 4.4; CVE-2023-49087 (simplesamlphp/xml-security)",
             lambda m, root, el: "", says=r"\"SignedInfo\" in the Signature: expected Reference, got none")
by_reference("references-same-twice", "the same Reference twice", "SAML Core 5.4.2: one Reference",
             lambda m, root, el: own(el) * 2, says=MORE)
by_reference("references-to-two", "a second Reference, to the Response", "SAML Core 5.4.2; CVE-2025-29774 (xml-crypto)",
             lambda m, root, el: own(el) + own(root), says=MORE)
by_reference("references-other-first", "a Reference to the Response before the right one", "SAML Core 5.4.2; CVE-2025-29774 (xml-crypto)",
             lambda m, root, el: own(root) + own(el), says=MORE)
by_reference("references-external-second", "a second Reference, to a web server", "XML Signature 4.4.3.1; SSRF",
             lambda m, root, el: own(el) + reference("http://127.0.0.1:9/x", dsig.digest(b""), transforms=None), says=MORE)
by_reference("references-thousand", "a thousand References", "XML Signature best practices 2.1.3; CVE-2013-4517 (Santuario)",
             lambda m, root, el: own(el) * 1000, says=MORE)


# ---- what URI says ---------------------------------------------------------------------------------------------

def uri_case(slug, uri, got, source="SAML Core 5.4.2; XML Signature 4.4.3.1", changed=None, digest=None):
    by_reference("uri-" + slug, changed or "Reference URI is %s" % (uri if uri and "%" not in uri else slug), source,
                 lambda m, root, el: reference(uri and uri.replace("%ID", el.get("ID")), (digest or dsig.digest)(
                     dsig.canonical(el)), attributes="" if uri is not None else ""), says=URI % (ANY_ID, got))


uri_case("absent", None, "none", changed="Reference without URI", source="XML Signature 4.4.3.1: known from context")
uri_case("empty", "", '""', changed="Reference URI is empty: the whole document", source="XML Signature 4.4.3.3; CVE-2024-45409 (ruby-saml)")
uri_case("hash-only", "#", '"#"', changed="Reference URI is #")
uri_case("root-pointer", "#xpointer(/)", r'"#xpointer\(/\)"', source="XML Signature 4.4.3.3; XPointer")
uri_case("id-pointer", "#xpointer(id('%ID'))", r"\"#xpointer\(id\('_.*'\)\)\"", changed="Reference URI is #xpointer(id('ID'))",
         source="XML Signature 4.4.3.3; XPointer: comments stay")
uri_case("any-pointer", "#xpointer(//*[@ID='%ID'])", r"\"#xpointer\(.*\"", changed="Reference URI is #xpointer(//*[@ID='ID'])",
         source="XPointer; CVE-2013-2154 (Santuario C++)")
uri_case("range-pointer", "#xpointer(id('%ID')/range-to(id('x')))", r"\"#xpointer\(.*\"", source="XPointer; CVE-2013-2154 (Santuario C++)",
         changed="Reference URI is an XPointer with a range")
uri_case("long-pointer", "#xpointer(%s)" % ("(" * 5000), r"\"#xpointer\(\(\(.*\"", source="CVE-2013-2154 (Santuario C++)",
         changed="Reference URI is an XPointer with 5000 open parentheses")
uri_case("element-scheme", "#element(/1/3)", r'"#element\(/1/3\)"', source="XPointer element() scheme")
uri_case("xmlns-scheme", "#xmlns(a=urn:x)xpointer(//a:x)", r'"#xmlns.*"', source="XPointer xmlns() scheme")
uri_case("no-hash", "%ID", r'"%s"' % ANY_ID, changed="Reference URI is the ID without #")
uri_case("two-hashes", "##%ID", r'"##%s"' % ANY_ID, changed="Reference URI is the ID with two #")
uri_case("space-before", " #%ID", r'" #%s"' % ANY_ID, changed="a space before Reference URI")
uri_case("space-behind", "#%ID ", r'"#%s "' % ANY_ID, changed="a space behind Reference URI")
uri_case("percent", "#%5f%ID", r'"#%%5f%s"' % ANY_ID, changed="Reference URI has an octet percent-encoded", source="RFC 3986 2.1")
uri_case("base", "http://127.0.0.1:9/#%ID", r'"http://127.0.0.1:9/#%s"' % ANY_ID, changed="Reference URI is a web address with the ID as fragment",
         source="XML Signature 4.4.3.1; SSRF")
uri_case("relative", "x.xml#%ID", r'"x.xml#%s"' % ANY_ID, changed="Reference URI is a relative file with the ID as fragment")
uri_case("http", "http://127.0.0.1:9/assertion.xml", r'"http://127.0.0.1:9/assertion.xml"', source="XML Signature 4.4.3.1; SSRF")
uri_case("file", "file:///etc/hostname", r'"file:///etc/hostname"', source="XML Signature 4.4.3.1; reading of files")
uri_case("path", "/etc/passwd", r'"/etc/passwd"', source="XML Signature 4.4.3.1; reading of files")
uri_case("ftp", "ftp://127.0.0.1:9/x", r'"ftp://127.0.0.1:9/x"', source="XML Signature 4.4.3.1; SSRF")
uri_case("data", "data:text/xml,&lt;x/&gt;", r'"data:text/xml,<x/>"', source="RFC 2397")
uri_case("cid", "cid:assertion", r'"cid:assertion"', source="XML Signature 4.4.3.1")
uri_case("quote", "#x' or '1'='1", r"\"#x' or '1'='1\"", source="CVE-2015-20108 (ruby-saml): XPath injection by the ID")
uri_case("xpath", "#']|//*|a['", r"\"#'\]\|//\*\|a\['\"", source="CVE-2015-20108 (ruby-saml): XPath injection by the ID")
uri_case("line", "#%ID&#10;", r'"#%s\\x0a"' % ANY_ID, changed="a line's end behind Reference URI")


@case("uri-upper-case", changed="Reference URI is the ID in capitals", status="signature", source="XML 1.0: IDs compare letter by letter",
      says=URI % ("_idx", r'"#_IDX"'))
def _(m):
    return dsig.message(m, fields={"assertion_id": "_idx", "name_id": EVE}, info=[("#_idx", "#_IDX")])


@case("uri-qualified", changed="Reference with URI in a namespace only", status="signature", source="PortSwigger 2025, attribute pollution",
      says=SHADOW % ("URI", "Reference"))
def _(m):
    return dsig.message(m, info=[("<Reference URI=", '<Reference xmlns:q="urn:q" q:URI=')], fields={"name_id": EVE})


@case("uri-and-qualified", changed="Reference with q:URI to another element before URI; signed by the identity provider so", status="signature",
      says=SHADOW % ("URI", "Reference"), source="PortSwigger 2025, attribute pollution; libxml2's xmlGetProp ignores namespaces")
def _(m):
    return dsig.message(m, info=[("<Reference URI=", '<Reference xmlns:q="urn:q" q:URI="#_evil" URI=')])


# ---- which element ----------------------------------------------------------------------------------------------

by_reference("to-parent", "the Assertion's Signature covers the Response", "CVE-2024-8698 (Keycloak); SAML Core 5.4.2",
             lambda m, root, el: own(root), says=URI % (ANY_ID, r'"#%s"' % ANY_ID))
by_reference("to-child", "the Response's Signature covers the Assertion", "CVE-2024-8698 (Keycloak); SAML Core 5.4.2",
             lambda m, root, el: own(assertion_of(root)), what="response", says=URI % (ANY_ID, r'"#%s"' % ANY_ID))
for _name, _tag, _part in (("subject", "Subject", "its Subject"), ("issuer", "Issuer", "its Issuer"),
                           ("conditions", "Conditions", "its Conditions"), ("statement", "AuthnStatement", "its AuthnStatement")):
    by_reference("to-" + _name, "the Assertion's Signature covers %s only, which has an ID" % _part, XSW + "; SAML Core 5.4.2",
                 lambda m, root, el, tag=_tag: own((el.find(SAML + tag).set("ID", "_part"), el.find(SAML + tag))[1]),
                 says=URI % (ANY_ID, '"#_part"'))
for _name, _place in (("extensions", lambda r: into(r, SAMLP + "Extensions", 1)), ("status", lambda r: r.find(SAMLP + "Status"))):
    by_reference("to-" + _name, "the Assertion's Signature covers %s of the Response, which has an ID" % _name.capitalize(), XSW,
                 lambda m, root, el, place=_place: own((place(root).set("ID", "_part"), root.find(".//*[@ID='_part']"))[1]),
                 says=URI % (ANY_ID, '"#_part"'))
by_reference("to-signature", "the Signature covers itself", "XML Signature 4.4.3", lambda m, root, el: reference("#_s", dsig.digest(b"")),
             says=URI % (ANY_ID, '"#_s"'))
by_reference("to-nothing", "the Signature covers an ID that nothing has", "XML Signature 4.4.3.2",
             lambda m, root, el: reference("#_nowhere", dsig.digest(b"")), says=URI % (ANY_ID, '"#_nowhere"'))
by_reference("to-object", "the Signature covers an Object of its own", "XML Signature 4.5; CVE-2019-3465 (xmlseclibs)",
             lambda m, root, el: reference("#_o", dsig.digest(b'<Object xmlns="%s" Id="_o"></Object>' % DSIG.encode()),
                                           transforms=EXC_TRANSFORM),
             says=r"\"Signature\" in the Signature: expected nothing more, got .*Object", extra='<Object Id="_o"/>')
by_reference("to-manifest", "the Signature covers a Manifest, which has the Reference to the Assertion", "XML Signature 5.1: checking it is the application's",
             lambda m, root, el: reference("#_m", dsig.digest(b"x"), EXC_TRANSFORM, attributes=' Type="%sManifest"' % DSIG),
             says=r"\"Signature\" in the Signature: expected nothing more, got .*Object",
             extra='<Object><Manifest Id="_m"><Reference URI="#x"/></Manifest></Object>')
by_reference("detached", "the Assertion's own Reference, without the enveloped-signature transform", "SAML Core 5.4.4",
             lambda m, root, el: own(el, transforms=EXC_TRANSFORM), status="algorithm",
             says=r"first Transform: expected enveloped-signature, got \"http://www.w3.org/2001/10/xml-exc-c14n#\"")

for _type in ("Object", "Manifest", "SignatureProperties"):
    by_reference("type-" + _type.lower(), "the Reference says that it is to a %s" % _type, "XML Signature 4.4.3.1: Type is a hint",
                 lambda m, root, el, t=_type: own(el, attributes=' Type="%s%s"' % (DSIG, t)), status="accepted")
by_reference("reference-id", "the Reference has an Id", "XML Signature 4.4.3", lambda m, root, el: own(el, attributes=' Id="_ref"'),
             status="accepted")


# ---- what a Reference holds ----------------------------------------------------------------------------------------

def inside(slug, changed, pairs, says, source="XML Signature 4.4.3, schema", status="signature"):
    @case("reference-" + slug, changed=changed, status=status, says=says, source=source)
    def _(m):
        return dsig.message(m, info=pairs, fields={"name_id": EVE})


inside("digest-value-twice", "two DigestValues", [("<DigestValue>", "<DigestValue>%s</DigestValue><DigestValue>" % dsig.digest(b""))],
       r"\"Reference\" in the Signature: expected nothing more, got .*DigestValue", "CVE-2025-29775 (xml-crypto)")
inside("digest-method-twice", "two DigestMethods", [("<DigestMethod", '<DigestMethod Algorithm="%s"/><DigestMethod' % dsig.SHA256)],
       r"\"Reference\" in the Signature: expected DigestValue, got .*DigestMethod")
inside("transforms-twice", "two Transforms", [("<Transforms>", "<Transforms/><Transforms>")],
       r"\"Reference\" in the Signature: expected DigestMethod, got .*Transforms")
inside("foreign", "an element of nobody's in the Reference", [("<Transforms>", '<x xmlns="urn:x"/><Transforms>')],
       r"\"Reference\" in the Signature: expected Transforms, got .*urn:x")
inside("text", "text in the Reference", [("<Transforms>", "digest<Transforms>")],
       r"\"Reference\" in the Signature: expected elements only, got text")
inside("namespace", "Reference in another namespace", [("<Reference ", '<Reference xmlns="urn:x" ')],
       r"\"SignedInfo\" in the Signature: expected Reference, got \"Reference\" of \"urn:x\"")
inside("value-other-namespace", "DigestValue in another namespace", [("<DigestValue>", '<DigestValue xmlns="urn:x">')],
       r"\"Reference\" in the Signature: expected DigestValue, got \"DigestValue\" of \"urn:x\"", "CVE-2024-45409 (ruby-saml)")
inside("order", "DigestValue before DigestMethod", [("<DigestMethod", "<DigestValue/><DigestMethod")],
       r"\"Reference\" in the Signature: expected DigestMethod, got .*DigestValue")
by_reference("reference-no-transforms", "a Reference without Transforms", "SAML Core 5.4.4",
             lambda m, root, el: own(el, transforms=None),
             says=r"\"Reference\" in the Signature: expected Transforms, got .*DigestMethod")


# ---- SignedInfo more than once --------------------------------------------------------------------------------------

def second_signed_info(slug, changed, put, says, source, status="signature"):
    """The attacker's: a true signature, a name changed, and a SignedInfo of the attacker's with the digest of that."""
    @case("signedinfo-" + slug, changed=changed, status=status, says=says, source=source)
    def _(m):
        root = m.tree(m.signed())
        assertion = assertion_of(root)
        signature = assertion.find(DS + "Signature")
        evil = strip(assertion)
        evil.find(".//" + SAML + "NameID").text = EVE
        assertion.find(".//" + SAML + "NameID").text = EVE
        info = copy.deepcopy(signature.find(DS + "SignedInfo"))
        next(info.iter(DS + "DigestValue")).text = dsig.digest(dsig.canonical(evil))
        put(signature, info)
        return m.octets(root)


TWICE = "CVE-2025-29774 (xml-crypto): several SignedInfo"
second_signed_info("forged-first", "the attacker's SignedInfo before the signed one", lambda s, i: s.insert(0, i), SIGNED_INFO_TWICE, TWICE)
second_signed_info("forged-second", "the attacker's SignedInfo behind the signed one", lambda s, i: s.insert(1, i), SIGNED_INFO_TWICE, TWICE)
second_signed_info("forged-last", "the attacker's SignedInfo at the end of the Signature", lambda s, i: s.append(i),
                   r"\"Signature\" in the Signature: expected nothing more, got .*SignedInfo", TWICE)
second_signed_info("in-object", "the attacker's SignedInfo in an Object", lambda s, i: into(s, DS + "Object").append(i),
                   r"\"Signature\" in the Signature: expected nothing more, got .*Object", "CVE-2019-3465 (xmlseclibs)")
second_signed_info("in-keyinfo", "the attacker's SignedInfo in KeyInfo", lambda s, i: s.find(DS + "KeyInfo").append(i),
                   CHANGED % "Assertion", "CVE-2019-3465 (xmlseclibs)")
second_signed_info("in-value", "the attacker's SignedInfo in SignatureValue", lambda s, i: s.find(DS + "SignatureValue").append(i),
                   r"SignatureValue: expected base64 text and nothing else", TWICE)
second_signed_info("in-signedinfo", "the attacker's SignedInfo in the signed one", lambda s, i: s.find(DS + "SignedInfo").append(i),
                   r"\"SignedInfo\" in the Signature: expected nothing more, got .*SignedInfo", TWICE)
second_signed_info("reference-added", "the attacker's Reference in the signed SignedInfo",
                   lambda s, i: s.find(DS + "SignedInfo").append(i.find(DS + "Reference")), MORE, TWICE)
second_signed_info("replaced", "the attacker's SignedInfo in place of the signed one",
                   lambda s, i: s.replace(s.find(DS + "SignedInfo"), i),
                   r"the signature value does not match any of the 1 keys tried", "XML Signature 3.2.2")


@case("signedinfo-in-signature-in-signature", changed="a Signature around the true one, with the attacker's SignedInfo", status="signature",
      says=r"\"Signature\" in the Signature: expected (SignatureValue|nothing more), got .*Signature", source=TWICE)
def _(m):
    root = m.tree(m.signed())
    signature = assertion_of(root).find(DS + "Signature")
    outer = etree.Element(DS + "Signature")
    signature.getparent().replace(signature, outer)
    outer.append(copy.deepcopy(signature.find(DS + "SignedInfo")))
    outer.append(signature)
    return change(m.octets(root), [(ADA, EVE)])


@case("signedinfo-id", changed="SignedInfo and the Signature with an Id; signed by the identity provider so", status="accepted",
      source="XML Signature 4.1, 4.4")
def _(m):
    return dsig.message(m, info=[("<SignedInfo>", '<SignedInfo Id="_si">')])
