# SPDX-License-Identifier: Apache-2.0
"""SAML Responses in the shape that Microsoft Entra ID sends, and in any wrong shape a test needs.

Library use, everything fixed so that the octets are the same on every run (RSA signatures are
deterministic; encryption is not):

    from saml_response import Response, Signer, make_response
    xml = make_response(
        Response(issuer="https://sts.windows.net/<tid>/",
                 destination="https://sp.example.org/saml/acs",
                 in_response_to="_r1",
                 audiences=["https://sp.example.org/saml"],
                 name_id="ada@example.org",
                 response_id="_resp", assertion_id="_assert",
                 now=datetime(2026, 3, 2, 9, 15, 30, tzinfo=timezone.utc),
                 attributes=[("urn:x", ["one", "two"])]),
        signer=Signer("idp.key", "idp.crt"), sign="assertion")     # bytes

The steps can be called one by one: `build(Response)` -> bytes, `sign(xml, signer, "both")` -> bytes,
`encrypt(xml, "sp.crt", "aes256-gcm")` -> bytes. `make_response` builds, signs the assertion,
encrypts it, then signs the response, in the order that Entra does it.

What every field means stands at `Response`. A field that is None leaves its element or attribute
out; a field that is AUTO (the default of most) is computed from the others as Entra would.
Raw XML may be put in with the `*_extra` fields. Only lxml and xmlsec are used.
"""
import datetime
import functools
import uuid
from dataclasses import dataclass, field
from typing import Any, List, Optional
from xml.sax.saxutils import escape, quoteattr

import xmlsec
from lxml import etree

NS_SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
NS_SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
NS_DS = "http://www.w3.org/2000/09/xmldsig#"
NS_XENC = "http://www.w3.org/2001/04/xmlenc#"

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS = STATUS + "Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
FORMAT_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
FORMAT_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
FORMAT_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
FORMAT_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
AC_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"

SIGNATURE_ALGORITHMS = {
    "rsa-sha1": NS_DS + "rsa-sha1",
    "rsa-sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "rsa-sha384": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "rsa-sha512": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "ecdsa-sha1": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
    "ecdsa-sha256": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "ecdsa-sha384": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "ecdsa-sha512": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
    "hmac-sha256": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
}
DIGESTS = {
    "md5": "http://www.w3.org/2001/04/xmldsig-more#md5",
    "sha1": NS_DS + "sha1",
    "sha256": NS_XENC + "sha256",
    "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "sha512": NS_XENC + "sha512",
}
C14N = {
    "exc": "http://www.w3.org/2001/10/xml-exc-c14n#",
    "exc-comments": "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "inc": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "inc-comments": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "inc11": "http://www.w3.org/2006/12/xml-c14n11",
}
ENVELOPED = NS_DS + "enveloped-signature"
BLOCK_CIPHERS = {
    "aes128-cbc": (xmlsec.constants.TransformAes128Cbc, 128),
    "aes192-cbc": (xmlsec.constants.TransformAes192Cbc, 192),
    "aes256-cbc": (xmlsec.constants.TransformAes256Cbc, 256),
    "aes128-gcm": (xmlsec.constants.TransformAes128Gcm, 128),
    "aes192-gcm": (xmlsec.constants.TransformAes192Gcm, 192),
    "aes256-gcm": (xmlsec.constants.TransformAes256Gcm, 256),
    "3des": (xmlsec.constants.TransformDes3Cbc, 192),
}
KEY_TRANSPORTS = {
    "rsa-oaep-mgf1p": xmlsec.constants.TransformRsaOaep,
    "rsa1_5": xmlsec.constants.TransformRsaPkcs1,
}


class _Auto:
    """The default of a field that is worked out from the others."""

    def __repr__(self):
        return "AUTO"


AUTO = _Auto()


@dataclass
class Attribute:
    """One <Attribute>. `values` are texts; None as a value gives an empty AttributeValue."""
    name: str
    values: List[Optional[str]]
    name_format: Optional[str] = None
    friendly_name: Optional[str] = None


@dataclass
class Confirmation:
    """One <SubjectConfirmation>; a field that is None leaves the attribute out."""
    method: Optional[str] = BEARER
    in_response_to: Optional[str] = None
    recipient: Optional[str] = None
    not_before: Any = None
    not_on_or_after: Any = None
    address: Optional[str] = None
    with_data: bool = True          # False: no SubjectConfirmationData at all
    extra: str = ""                 # raw XML put into SubjectConfirmation


@dataclass
class Response:
    """One Response with at most one Assertion. None leaves out, AUTO computes as Entra does.

    Instants are aware datetimes (written with 3 digits and Z) or texts (written as they are).
    """
    # Protocol layer
    issuer: Optional[str] = None                # of both the response and the assertion
    destination: Any = None
    in_response_to: Optional[str] = None        # of the response and the confirmation
    now: Any = AUTO                             # AUTO: the true time, UTC
    response_id: Any = AUTO                     # AUTO: "_" + random GUID
    response_version: Optional[str] = "2.0"
    response_instant: Any = AUTO                # AUTO: now
    response_issuer: Any = AUTO                 # AUTO: issuer
    response_in_response_to: Any = AUTO         # AUTO: in_response_to
    status_codes: Optional[List[str]] = field(default_factory=lambda: [SUCCESS])  # outermost first
    status_message: Optional[str] = None
    with_assertion: Any = AUTO                  # AUTO: only if the status is Success
    # Assertion
    assertion_id: Any = AUTO
    assertion_version: Optional[str] = "2.0"
    assertion_instant: Any = AUTO               # AUTO: now less 6 ms, as Entra's differ
    assertion_issuer: Any = AUTO
    name_id: Optional[str] = None               # None: no NameID
    name_id_format: Optional[str] = FORMAT_EMAIL
    name_id_attributes: str = ""                # raw, e.g. ' SPNameQualifier="x"'
    name_id_xml: Optional[str] = None           # raw content in place of the escaped name_id
    confirmations: Any = AUTO                   # AUTO: one bearer from the four fields below
    confirmation_in_response_to: Any = AUTO     # AUTO: in_response_to
    recipient: Any = AUTO                       # AUTO: destination
    confirmation_not_before: Any = None
    confirmation_not_on_or_after: Any = AUTO    # AUTO: now + 60 min
    with_subject: bool = True
    with_conditions: bool = True
    not_before: Any = AUTO                      # AUTO: now - 5 min
    not_on_or_after: Any = AUTO                 # AUTO: now + 60 min
    audiences: Any = field(default_factory=list)  # list of URIs, or list of lists: one restriction each
    attributes: Any = field(default_factory=list)  # Attribute, or (name, [values]) pairs, in order
    with_authn_statement: bool = True
    authn_instant: Any = AUTO                   # AUTO: now - 3 days; Entra's sessions are old
    session_index: Any = AUTO                   # AUTO: assertion_id
    session_not_on_or_after: Any = None
    authn_context: Optional[str] = AC_PASSWORD  # None: no AuthnContextClassRef
    # Raw XML
    response_extra: str = ""                    # at the end of Response
    assertion_extra: str = ""                   # at the end of Assertion
    conditions_extra: str = ""                  # at the end of Conditions
    subject_extra: str = ""                     # at the end of Subject
    # "entra": samlp: for the protocol, default namespace for assertion and signature
    # "prefixed": samlp:, saml: and ds: everywhere; "default": default namespaces everywhere
    style: str = "entra"


@dataclass
class Signer:
    """A private key and its certificate by file name, or as PEM text in bytes.

    `algorithm`, `digest` and `c14n` are names out of the tables above. `inclusive_prefixes` fills
    InclusiveNamespaces of the Transform. `keyinfo` False leaves KeyInfo out.
    """
    key: Any
    cert: Any
    algorithm: str = "rsa-sha256"
    digest: str = "sha256"
    c14n: str = "exc"
    inclusive_prefixes: Optional[str] = None
    keyinfo: bool = True

    def certificate_base64(self):
        """The certificate's DER in one line of base64, as X509Certificate carries it."""
        return pem_body(self.cert)


def new_id():
    """An ID as Entra makes them: an underscore and a GUID."""
    return "_" + str(uuid.uuid4())


def read(source):
    """The octets of a file name, or the octets themselves."""
    if isinstance(source, bytes):
        return source
    with open(source, "rb") as handle:
        return handle.read()


def pem_body(source):
    """The base64 inside the first CERTIFICATE block of a PEM file, in one line."""
    text = read(source).decode("ascii")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return "".join(text[text.index(begin) + len(begin):text.index(end)].split())


def instant(value):
    """xs:dateTime with 3 fractional digits and Z; texts go through, so tests can write nonsense."""
    if isinstance(value, str):
        return value
    value = value.astimezone(datetime.timezone.utc)
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (value.microsecond // 1000)


def auto(value, default):
    return default if value is AUTO else value


def attr(name, value):
    """` name="value"`, or nothing for None."""
    return "" if value is None else " %s=%s" % (name, quoteattr(str(value), {"\n": "&#10;"}))


def when(name, value):
    return "" if value is None else attr(name, instant(value))


class _Names:
    """Element names and namespace declarations of one prefix style."""

    def __init__(self, style):
        if style not in ("entra", "prefixed", "default"):
            raise ValueError("style: expected entra, prefixed or default, got %r" % style)
        self.samlp = "" if style == "default" else "samlp:"
        self.saml = "saml:" if style == "prefixed" else ""
        self.samlp_ns = attr("xmlns:samlp" if self.samlp else "xmlns", NS_SAMLP)
        self.saml_ns = attr("xmlns:saml" if self.saml else "xmlns", NS_SAML)


def _status(r, n):
    if r.status_codes is None:
        return ""
    inner = ""
    for code in reversed(r.status_codes):
        name = n.samlp + "StatusCode"
        inner = "<%s%s>%s</%s>" % (name, attr("Value", code), inner, name) if inner \
            else "<%s%s/>" % (name, attr("Value", code))
    if r.status_message is not None:
        inner += "<{0}StatusMessage>{1}</{0}StatusMessage>".format(n.samlp, escape(r.status_message))
    return "<{0}Status>{1}</{0}Status>".format(n.samlp, inner)


def _confirmation(c, n):
    data = ""
    if c.with_data:
        data = "<%sSubjectConfirmationData%s%s%s%s%s/>" % (
            n.saml, attr("InResponseTo", c.in_response_to), when("NotBefore", c.not_before),
            when("NotOnOrAfter", c.not_on_or_after), attr("Recipient", c.recipient),
            attr("Address", c.address))
    return "<{0}SubjectConfirmation{1}>{2}{3}</{0}SubjectConfirmation>".format(
        n.saml, attr("Method", c.method), data, c.extra)


def _subject(r, n, now):
    if not r.with_subject:
        return ""
    text = r.name_id_xml if r.name_id_xml is not None \
        else None if r.name_id is None else escape(r.name_id)
    name_id = "" if text is None else "<{0}NameID{1}{2}>{3}</{0}NameID>".format(
        n.saml, attr("Format", r.name_id_format), r.name_id_attributes, text)
    confirmations = auto(r.confirmations, None)
    if confirmations is None:
        confirmations = [Confirmation(
            in_response_to=auto(r.confirmation_in_response_to, r.in_response_to),
            recipient=auto(r.recipient, r.destination),
            not_before=r.confirmation_not_before,
            not_on_or_after=auto(r.confirmation_not_on_or_after,
                                 now + datetime.timedelta(minutes=60)))]
    return "<{0}Subject>{1}{2}{3}</{0}Subject>".format(
        n.saml, name_id, "".join(_confirmation(c, n) for c in confirmations), r.subject_extra)


def _conditions(r, n, now):
    if not r.with_conditions:
        return ""
    lists = r.audiences or []
    if lists and isinstance(lists[0], str):
        lists = [lists]
    restrictions = ""
    for audiences in lists:
        restrictions += "<{0}AudienceRestriction>{1}</{0}AudienceRestriction>".format(
            n.saml, "".join("<{0}Audience>{1}</{0}Audience>".format(n.saml, escape(a))
                            for a in audiences))
    return "<{0}Conditions{1}{2}>{3}{4}</{0}Conditions>".format(
        n.saml, when("NotBefore", auto(r.not_before, now - datetime.timedelta(minutes=5))),
        when("NotOnOrAfter", auto(r.not_on_or_after, now + datetime.timedelta(minutes=60))),
        restrictions, r.conditions_extra)


def _attributes(r, n):
    if not r.attributes:
        return ""
    out = ""
    for a in r.attributes:
        if not isinstance(a, Attribute):
            a = Attribute(*a)
        values = "".join("<%sAttributeValue/>" % n.saml if v is None else
                         "<{0}AttributeValue>{1}</{0}AttributeValue>".format(n.saml, escape(v))
                         for v in a.values)
        out += "<{0}Attribute{1}{2}{3}>{4}</{0}Attribute>".format(
            n.saml, attr("Name", a.name), attr("NameFormat", a.name_format),
            attr("FriendlyName", a.friendly_name), values)
    return "<{0}AttributeStatement>{1}</{0}AttributeStatement>".format(n.saml, out)


def _authn(r, n, now, assertion_id):
    if not r.with_authn_statement:
        return ""
    ref = "" if r.authn_context is None else \
        "<{0}AuthnContextClassRef>{1}</{0}AuthnContextClassRef>".format(
            n.saml, escape(r.authn_context))
    return ("<{0}AuthnStatement{1}{2}{3}><{0}AuthnContext>{4}</{0}AuthnContext>"
            "</{0}AuthnStatement>").format(
        n.saml, when("AuthnInstant", auto(r.authn_instant, now - datetime.timedelta(days=3))),
        attr("SessionIndex", auto(r.session_index, assertion_id)),
        when("SessionNotOnOrAfter", r.session_not_on_or_after), ref)


def build_assertion(r, now=None):
    """The Assertion alone, unsigned, as text with its own namespace declaration."""
    n = _Names(r.style)
    now = now or auto(r.now, datetime.datetime.now(datetime.timezone.utc))
    assertion_id = auto(r.assertion_id, None) or (None if r.assertion_id is None else new_id())
    issuer = auto(r.assertion_issuer, r.issuer)
    return "<{0}Assertion{1}{2}{3}{4}>{5}{6}{7}{8}{9}{10}</{0}Assertion>".format(
        n.saml, attr("ID", assertion_id),
        when("IssueInstant", auto(r.assertion_instant, now - datetime.timedelta(milliseconds=6))),
        attr("Version", r.assertion_version), n.saml_ns,
        "" if issuer is None else "<{0}Issuer>{1}</{0}Issuer>".format(n.saml, escape(issuer)),
        _subject(r, n, now), _conditions(r, n, now), _attributes(r, n),
        _authn(r, n, now, assertion_id), r.assertion_extra)


def build(r):
    """The whole Response, unsigned: bytes without XML declaration and without white space."""
    n = _Names(r.style)
    now = auto(r.now, datetime.datetime.now(datetime.timezone.utc))
    response_id = auto(r.response_id, None) or (None if r.response_id is None else new_id())
    issuer = auto(r.response_issuer, r.issuer)
    with_assertion = auto(r.with_assertion, bool(r.status_codes) and r.status_codes[0] == SUCCESS)
    return "<{0}Response{1}{2}{3}{4}{5}{6}>{7}{8}{9}{10}</{0}Response>".format(
        n.samlp, attr("ID", response_id), attr("Version", r.response_version),
        when("IssueInstant", auto(r.response_instant, now)), attr("Destination", r.destination),
        attr("InResponseTo", auto(r.response_in_response_to, r.in_response_to)), n.samlp_ns,
        "" if issuer is None else "<{0}Issuer{1}>{2}</{0}Issuer>".format(
            n.saml, n.saml_ns, escape(issuer)),
        _status(r, n), build_assertion(r, now) if with_assertion else "",
        r.response_extra).encode("utf-8")


def parse(xml):
    """lxml tree of octets that we made ourselves."""
    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))


def serialize(tree):
    """Octets without XML declaration, as Entra sends them."""
    return etree.tostring(tree, encoding="UTF-8", xml_declaration=False)


def _signature_template(signer, element_id, prefix):
    p = prefix + ":" if prefix else ""
    inclusive = ""
    if signer.inclusive_prefixes is not None:
        inclusive = '<ec:InclusiveNamespaces xmlns:ec="%s"%s/>' % (
            C14N["exc"], attr("PrefixList", signer.inclusive_prefixes))
    key_info = "<{0}KeyInfo><{0}X509Data><{0}X509Certificate>{1}</{0}X509Certificate>" \
        "</{0}X509Data></{0}KeyInfo>".format(p, signer.certificate_base64()) if signer.keyinfo else ""
    text = ("<{p}Signature xmlns{x}=\"{ds}\"><{p}SignedInfo>"
            "<{p}CanonicalizationMethod Algorithm=\"{c14n}\"/><{p}SignatureMethod Algorithm=\"{alg}\"/>"
            "<{p}Reference URI=\"#{id}\"><{p}Transforms><{p}Transform Algorithm=\"{env}\"/>"
            "<{p}Transform Algorithm=\"{c14n}\">{inc}</{p}Transform></{p}Transforms>"
            "<{p}DigestMethod Algorithm=\"{digest}\"/><{p}DigestValue></{p}DigestValue></{p}Reference>"
            "</{p}SignedInfo><{p}SignatureValue></{p}SignatureValue>{key}</{p}Signature>").format(
        p=p, x=":" + prefix if prefix else "", ds=NS_DS, c14n=C14N[signer.c14n],
        alg=SIGNATURE_ALGORITHMS[signer.algorithm], id=element_id, env=ENVELOPED, inc=inclusive,
        digest=DIGESTS[signer.digest], key=key_info)
    return etree.fromstring(text.replace("></%sTransform></" % p, "/></") if not inclusive else text)


@functools.lru_cache(maxsize=16)
def _private_key(pem):
    """Checked once, as that takes as long as a signature."""
    return xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)


def sign_element(element, signer, prefix=None):
    """Sign one Response, Assertion or metadata element of a tree in place.

    The Signature becomes the first sibling after Issuer (the first child where there is none).
    `prefix` is the prefix of the signature's elements, None for a default namespace declaration.
    Returns the Signature element.
    """
    element_id = element.get("ID")
    if not element_id:
        raise ValueError("sign_element: %s has no ID" % element.tag)
    signature = _signature_template(signer, element_id, prefix)
    issuer = element.find("{%s}Issuer" % NS_SAML)
    if issuer is not None:
        issuer.addnext(signature)
    else:
        element.insert(0, signature)
    context = xmlsec.SignatureContext()
    if signer.algorithm.startswith("hmac"):
        context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, read(signer.key))
    else:
        context.key = _private_key(read(signer.key))
    context.register_id(element, "ID")
    context.sign(signature)
    # xmlsec breaks the values into lines; what Entra sends has none.
    for name in ("SignatureValue", "DigestValue"):
        for node in signature.iter("{%s}%s" % (NS_DS, name)):
            if name == "SignatureValue" or "\n" not in (node.text or ""):
                node.text = "".join((node.text or "").split())
    return signature


def sign(xml, signer, what="assertion", prefix=None):
    """Sign octets: `what` is assertion, response, both or none. Returns octets.

    With "both" the assertion is signed first, so that the outer signature covers the inner one.
    """
    if what not in ("assertion", "response", "both", "none"):
        raise ValueError("sign: expected assertion, response, both or none, got %r" % what)
    tree = parse(xml)
    if what in ("assertion", "both"):
        assertion = tree if tree.tag == "{%s}Assertion" % NS_SAML \
            else tree.find("{%s}Assertion" % NS_SAML)
        if assertion is None:
            raise ValueError("sign: no Assertion to sign")
        sign_element(assertion, signer, prefix)
    if what in ("response", "both"):
        sign_element(tree, signer, prefix)
    return serialize(tree)


def encrypt(xml, cert, cipher="aes256-cbc", transport="rsa-oaep-mgf1p", key_placement="inside"):
    """Replace the Assertion of a Response by an EncryptedAssertion for the owner of `cert`.

    `key_placement`: "inside" puts EncryptedKey into EncryptedData's KeyInfo, "sibling" beside
    EncryptedData (SAML Core 2.3.4 permits both). Signed parts that cover the assertion from outside
    must be signed after this.
    """
    tree = parse(xml)
    assertion = tree.find("{%s}Assertion" % NS_SAML)
    if assertion is None:
        raise ValueError("encrypt: no Assertion to encrypt")
    transform, bits = BLOCK_CIPHERS[cipher]
    template = xmlsec.template.encrypted_data_create(
        tree, transform, type=xmlsec.constants.TypeEncElement, ns="xenc")
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template)
    encrypted_key = xmlsec.template.add_encrypted_key(info, KEY_TRANSPORTS[transport])
    xmlsec.template.encrypted_data_ensure_cipher_value(encrypted_key)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(read(cert), xmlsec.constants.KeyDataFormatCertPem))
    context = xmlsec.EncryptionContext(manager)
    family = xmlsec.constants.KeyDataDes if cipher == "3des" else xmlsec.constants.KeyDataAes
    context.key = xmlsec.Key.generate(family, bits, xmlsec.constants.KeyDataTypeSession)
    data = context.encrypt_xml(template, assertion)
    parent, position = data.getparent(), data.getparent().index(data)
    wrapper = etree.Element("{%s}EncryptedAssertion" % NS_SAML, nsmap={None: NS_SAML})
    parent.insert(position, wrapper)
    wrapper.append(data)
    _drop_white_space(wrapper)
    if key_placement == "sibling":
        # lxml does not find by name what xmlsec has put into its tree: parse anew.
        tree = parse(serialize(tree))
        data = tree.find(".//{%s}EncryptedData" % NS_XENC)
        data.getparent().append(data.find(".//{%s}EncryptedKey" % NS_XENC))
        data.remove(data.find("{%s}KeyInfo" % NS_DS))
    return serialize(tree)


def _drop_white_space(tree):
    for node in tree.iter():
        if len(node) and node.text and not node.text.strip():
            node.text = None
        if node is not tree and node.tail and not node.tail.strip():
            node.tail = None
        if node.tag == "{%s}CipherValue" % NS_XENC:
            node.text = "".join((node.text or "").split())


def make_response(r, signer=None, sign="assertion", encrypt_to=None, cipher="aes256-cbc",
                  transport="rsa-oaep-mgf1p", prefix=None):
    """Build, sign and, where `encrypt_to` names a certificate, encrypt a Response. Returns octets.

    `sign`: assertion (Entra's default), response, both or none; `prefix`: see sign_element.
    """
    xml = build(r)
    inner = {"assertion": "assertion", "both": "assertion"}.get(sign, "none")
    outer = {"response": "response", "both": "response"}.get(sign, "none")
    if parse(xml).find("{%s}Assertion" % NS_SAML) is None:
        inner = "none"
    if signer is not None and inner != "none":
        xml = _sign(xml, signer, inner, prefix)
    if encrypt_to is not None:
        xml = encrypt(xml, encrypt_to, cipher, transport)
    if signer is not None and outer != "none":
        xml = _sign(xml, signer, outer, prefix)
    return xml


def prefix_first_key_info(xml):
    """What is inside the first KeyInfo with a prefix that is declared there, as Entra writes it in signed Responses and metadata.

    Only for a signature that no other one covers. By text, as lxml would undo it.
    """
    head, _, rest = xml.partition(b"<KeyInfo><X509Data><X509Certificate>")
    value, _, tail = rest.partition(b"</X509Certificate></X509Data>")
    if not tail:
        raise ValueError("prefix_first_key_info: no KeyInfo without a prefix")
    return (head + b'<KeyInfo><ds:X509Data xmlns:ds="%s"><ds:X509Certificate>' % NS_DS.encode() + value
            + b"</ds:X509Certificate></ds:X509Data>" + tail)


_sign = sign
