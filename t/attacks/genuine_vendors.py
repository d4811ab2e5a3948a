# SPDX-License-Identifier: Apache-2.0
"""Responses in the shape of identity providers: prefixes, order, places of namespaces, layout, names, values, signatures.

The wording is ours throughout; what is theirs is the shape.
"""
import datetime
import os
import re
import sys
from xml.sax.saxutils import escape

from attack import case, sr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures"))

import vendors  # noqa: E402

XS, XSI = vendors.XS, vendors.XSI
NS_XS = ' ' + XS + ' ' + XSI
BASIC, URI = vendors.BASIC, vendors.URI
UNSPECIFIED = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
MICROSOFT = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
MAIL, GIVEN_NAME = "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.5.4.42"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


# ---- the shapes that t/fixtures has at a fixed time, here at now ----------

FIXED = datetime.datetime(2026, 3, 2, 9, 15, 30, tzinfo=datetime.timezone.utc)


def moved(m, text):
    """The same message as of now, under IDs of its own; good for an hour longer, as a slow machine posts it late."""
    def instant(found):
        then = datetime.datetime.strptime(found[2], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
        then += m.now - FIXED + datetime.timedelta(hours=1 if found[1] else 0)
        return found[1] + then.strftime("%Y-%m-%dT%H:%M:%S")
    text = re.sub(r'((?:NotOnOrAfter=")?)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)', instant, text)
    return re.sub(r'(?<= ID=")([^"]+)', lambda found: found[1] + sr.new_id(), text)


def finished(m, text, what, options):
    """Signed as it says, encrypted where it says; octets."""
    signer, prefix = m.signer(**options.get("signer", {})), options.get("prefix", "ds")
    xml = sr.sign(text.encode("utf-8"), signer, {"both": "assertion", "response": "none"}.get(what, what), prefix)
    if options.get("encrypt"):
        xml = sr.encrypt(xml, m.sp_cert, **options["encrypt"])
    if what in ("response", "both"):
        xml = sr.sign(xml, signer, "response", prefix)
    return options.get("declaration", "").encode("utf-8") + xml


USERS = {name: re.search(r"NameID[^>]*>([^<]+)<", text)[1] for name, text, _, _ in vendors.messages("i", "a", "u", "r")}

for _name, _text, _what, _options in vendors.messages("", "", "", ""):
    @case("genuine-vendor-" + _name, changed="the shape of %s, signed: %s%s" % (
        _name.split("-")[0], _what, ", encrypted" if _options.get("encrypt") else ""), status="accepted",
        source="t/fixtures/vendors.py", key=bool(_options.get("encrypt")), user=USERS[_name])
    def _(m, name=_name):
        _, text, what, options = next(v for v in vendors.messages(m.idp, m.acs, m.audience, m.request) if v[0] == name)
        return finished(m, moved(m, text), what, options)


# ---- more of them --------------------------------------------------------

class Shape:
    """How one identity provider writes; `attributes` are (Name, more of the tag, more of AttributeValue, values)."""
    def __init__(self, p="samlp", a="saml", root="", issuer="", assertion="", ids="_", digits=3, zone="Z", line="",
                 name=("ada@example.org", ' Format="%s"' % sr.FORMAT_EMAIL), attributes=(), authn_first=True,
                 session_ends=False, session_index=True, own_namespace=True, context=vendors.PPT, audiences=(), extra=""):
        self.__dict__.update({k: v for k, v in locals().items() if k != "self"})

    def time(self, t):
        return t.strftime("%Y-%m-%dT%H:%M:%S") + ("." + "123456789"[:self.digits] if self.digits else "") + self.zone

    def tag(self, prefix, name):
        return "%s:%s" % (prefix, name) if prefix else name

    def element(self, name, content, attributes="", prefix=None):
        tag = self.tag(self.a if prefix is None else prefix, name)
        return "<%s%s>%s</%s>%s" % (tag, attributes, content, tag, self.line) if content else "<%s%s/>%s" % (tag, attributes, self.line)

    def declared(self, prefix, uri):
        return " xmlns%s=\"%s\"" % (":" + prefix if prefix else "", uri)

    def statement(self):
        def one(name, more, of_value, values):
            inner = "".join(self.element("AttributeValue", escape(v), of_value) for v in values)
            return self.element("Attribute", self.line + inner, ' Name="%s"%s' % (escape(name, {'"': "&quot;"}), more))
        content = "".join(one(*attribute) for attribute in self.attributes)
        return self.element("AttributeStatement", self.line + content) if content else ""

    def authn(self, m):
        text = ' AuthnInstant="%s"' % self.time(m.now - datetime.timedelta(minutes=1))
        text += ' SessionIndex="%s"' % sr.new_id() if self.session_index else ""
        text += ' SessionNotOnOrAfter="%s"' % self.time(m.now + datetime.timedelta(hours=9)) if self.session_ends else ""
        context = self.element("AuthnContext", self.line + self.element("AuthnContextClassRef", self.context))
        return self.element("AuthnStatement", self.line + context, text)

    def subject(self, m):
        data = self.element("SubjectConfirmationData", "", ' InResponseTo="%s" NotOnOrAfter="%s" Recipient="%s"' % (
            m.request, self.time(m.now + datetime.timedelta(minutes=50)), m.acs))
        confirmation = self.element("SubjectConfirmation", self.line + data, ' Method="%s"' % sr.BEARER)
        return self.element("Subject", self.line + self.element("NameID", escape(self.name[0]), self.name[1]) + confirmation)

    def conditions(self, m):
        audiences = "".join(self.element("Audience", text) for text in list(self.audiences) + [m.audience])
        return self.element("Conditions", self.line + self.element("AudienceRestriction", self.line + audiences) + self.extra,
                            ' NotBefore="%s" NotOnOrAfter="%s"' % (self.time(m.now - datetime.timedelta(minutes=5)),
                                                                  self.time(m.now + datetime.timedelta(minutes=60))))

    def whole(self, m):
        own = self.declared(self.a, sr.NS_SAML) if self.own_namespace else ""
        issuer = self.element("Issuer", escape(m.idp), self.issuer)
        statements = [self.authn(m), self.statement()]
        content = issuer + self.subject(m) + self.conditions(m) + "".join(statements if self.authn_first else statements[::-1])
        assertion = self.element("Assertion", self.line + content, ' Version="2.0" ID="%s" IssueInstant="%s"%s%s' % (
            self.ids + sr.new_id()[1:], self.time(m.now), own, self.assertion))
        status = self.element("Status", self.line + self.element("StatusCode", "", ' Value="%s"' % sr.SUCCESS, self.p), "", self.p)
        head = ' ID="%s" Version="2.0" IssueInstant="%s" Destination="%s" InResponseTo="%s"%s%s' % (
            self.ids + sr.new_id()[1:], self.time(m.now), m.acs, m.request, self.declared(self.p, sr.NS_SAMLP), self.root)
        issuer = self.element("Issuer", escape(m.idp), self.issuer + own)
        return self.element("Response", self.line + issuer + status + assertion, head, self.p).strip()

    def gives(self):
        out = {}
        for name, _, _, values in self.attributes:
            out.setdefault(name, []).extend(values)
        return out


def vendor(name, says, shape, what="assertion", **options):
    @case("genuine-vendor-" + name, changed="%s; signed: %s%s" % (says, what, ", encrypted" if "encrypt" in options else ""),
          status="accepted", source="as it is sent", user=shape.name[0], attributes=shape.gives(), key="encrypt" in options)
    def _(m):
        return finished(m, shape.whole(m), what, options)


def fmt(text):
    return ' NameFormat="%s"' % text


TYPED = NS_XS + ' xsi:type="xs:string"'
TYPED_OUTSIDE = ' xsi:type="xs:string"'
ENTITY = ' Format="%s"' % vendors.ENTITY
FORMAT = ' Format="%s"'
EXC_XS = {"inclusive_prefixes": "xs"}
GROUPS = ["Staff & Guests", "CN=Admins,OU=Groups,DC=example,DC=org", "b\u00fcro"]

entra = dict(a="", session_index=True, authn_first=False, context="urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
ENTRA_CLAIMS = (("http://schemas.microsoft.com/identity/claims/tenantid", "", "", ["11111111-2222-4333-8444-555555555555"]),
                ("http://schemas.microsoft.com/identity/claims/objectidentifier", "", "", ["3f2504e0-4f89-41d3-9a0c-0305e82c3301"]),
                ("http://schemas.microsoft.com/identity/claims/displayname", "", "", ["Ada Lovelace"]),
                (MICROSOFT + "groups", "", "", ["00000000-0000-4000-8000-%012x" % i for i in range(12)]),
                ("http://schemas.microsoft.com/claims/authnmethodsreferences", "", "", [
                    MICROSOFT.replace("claims/", "authenticationmethod/password"), "http://schemas.microsoft.com/claims/multipleauthn"]),
                (CLAIMS + "name", "", "", ["ada@example.org"]))
vendor("entra", "Entra ID: samlp: and default namespaces", Shape(attributes=ENTRA_CLAIMS, **entra), prefix=None)
vendor("entra-both", "Entra ID, \"sign response and assertion\"", Shape(attributes=ENTRA_CLAIMS, **entra), "both", prefix=None)
vendor("entra-encrypted", "Entra ID, token encryption", Shape(attributes=ENTRA_CLAIMS, **entra), prefix=None,
       encrypt={"cipher": "aes256-cbc"})
vendor("entra-guest", "Entra ID, a guest, persistent NameID", Shape(
    name=("Uz2Pqz1X7pxe4XLWxV9KJQ+n59d573SepSAkuYKSde8=", FORMAT % sr.FORMAT_PERSISTENT), attributes=ENTRA_CLAIMS, **entra), prefix=None)
vendor("adfs-windows", "AD FS, a Windows account name without Format, whole claims", Shape(
    a="", authn_first=False, name=("EXAMPLE\\ada", ""), root=' Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified"',
    context="urn:federation:authentication:windows",
    attributes=((MICROSOFT + "windowsaccountname", "", "", ["EXAMPLE\\ada"]), (CLAIMS + "upn", "", "", ["ada@example.org"]),
                (MICROSOFT + "role", "", "", ["Domain Users", "VPN Users"]))), "both")
vendor("onelogin", "OneLogin: namespaces on the root, typed values, unsigned Response", Shape(
    own_namespace=False, root=' xmlns:saml="%s"' % sr.NS_SAML, assertion=NS_XS, ids="pfx", digits=0, session_ends=True,
    attributes=(("User.email", fmt(BASIC), TYPED_OUTSIDE, ["ada@example.org"]), ("memberOf", fmt(BASIC), TYPED_OUTSIDE, [""]),
                ("PersonImmutableID", fmt(BASIC), TYPED_OUTSIDE, [""]))))
vendor("auth0", "Auth0: default namespace for the Signature, many typed claims", Shape(
    name=("auth0|5f7c8ec7c33c6c004bbafe82", FORMAT % sr.FORMAT_UNSPECIFIED), context="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
    authn_first=False, attributes=((CLAIMS + "nameidentifier", fmt(URI), TYPED, ["auth0|5f7c8ec7c33c6c004bbafe82"]),
                                   ("http://schemas.auth0.com/identities/default/isSocial", fmt(URI), NS_XS + ' xsi:type="xs:boolean"', ["false"]),
                                   ("http://schemas.auth0.com/updated_at", fmt(URI), NS_XS + ' xsi:type="xs:anyType"', [
                                       "Mon Mar 02 2026 09:15:30 GMT+0000 (Coordinated Universal Time)"]))), prefix=None)
vendor("jumpcloud", "JumpCloud: saml2p:, a declaration, InclusiveNamespaces", Shape(
    p="saml2p", a="saml2", root=" " + XS, issuer=ENTITY, assertion=" " + XS,
    attributes=(("memberOf", fmt(UNSPECIFIED), TYPED, ["Staff"]),)), "both", signer=EXC_XS, declaration=DECLARATION)
vendor("duo", "Duo: prefixes ns0: and ns1:", Shape(
    p="ns0", a="ns1", issuer=ENTITY, digits=0, attributes=(("Email", fmt(BASIC), TYPED, ["ada@example.org"]),)), "both", prefix="ns2")
vendor("cyberark", "CyberArk: default namespaces only", Shape(
    p="", a="", authn_first=False, attributes=(("Groups", fmt(BASIC), "", GROUPS),)), prefix=None)
vendor("pingone", "PingOne: JAXB's prefixes, everything declared on the root", Shape(
    p="ns2", a="ns3", own_namespace=False, digits=3,
    root=' xmlns:ns3="%s" xmlns:ns4="%s" xmlns:ns5="%s"' % (sr.NS_SAML, sr.NS_DS, sr.NS_XENC),
    attributes=(("saml_subject", fmt(BASIC), TYPED, ["ada@example.org"]),)), "both", prefix="ds")
vendor("pingfederate", "PingFederate: SHA-512, no KeyInfo", Shape(
    digits=3, attributes=(("groups", fmt(BASIC), TYPED, GROUPS),)), "both",
    signer={"algorithm": "rsa-sha512", "digest": "sha512", "keyinfo": False})
vendor("oracle", "Oracle: a dozen namespaces on the root, dsig:", Shape(
    ids="id-", issuer=ENTITY, digits=0, own_namespace=False,
    root=' xmlns:saml="%s" xmlns:dsig="%s" xmlns:enc="%s" xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" '
         'xmlns:md="%s" xmlns:orafed="http://xmlns.oracle.com/fed" xmlns:x500="urn:oasis:names:tc:SAML:2.0:profiles:attribute:X500"%s'
         % (sr.NS_SAML, sr.NS_DS, sr.NS_XENC, "urn:oasis:names:tc:SAML:2.0:metadata", NS_XS),
    attributes=(("mail", fmt(BASIC), TYPED_OUTSIDE, ["ada@example.org"]),)), "both", prefix="dsig")
vendor("netiq", "NetIQ: Consent, distinguished name", Shape(
    ids="id", digits=0, root=' Consent="urn:oasis:names:tc:SAML:2.0:consent:obtained"', session_ends=True,
    name=("cn=ada,ou=users,o=example", FORMAT % "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"),
    attributes=(('/UserAttribute[@ldap:targetAttribute="mail"]', "", TYPED, ["ada@example.org"]),)), "response")
vendor("wso2", "WSO2: IDs without underscore, several values joined", Shape(
    p="saml2p", a="saml2", ids="f", issuer=ENTITY, root=" " + XS, assertion=" " + XS, session_ends=True,
    attributes=(("http://wso2.org/claims/role", fmt(BASIC), TYPED, ["Internal/everyone,admin"]),)), "both", signer=EXC_XS)
vendor("ibm", "IBM Security Verify Access: names that begin with FIM, InclusiveNamespaces", Shape(
    ids="FIMRSP_", digits=0, issuer=ENTITY, root=NS_XS, assertion=NS_XS, session_ends=True,
    attributes=(("AuthenticationLevel", fmt("urn:ibm:names:ITFIM:5.1:accessmanager"), TYPED_OUTSIDE, ["1"]),)), "both",
    signer={"inclusive_prefixes": "saml samlp xs xsi"})
vendor("f5", "F5 APM: NameQualifier and SPNameQualifier", Shape(
    p="saml2p", a="saml2", digits=0, issuer=ENTITY, name=(
        "ada@example.org", FORMAT % sr.FORMAT_EMAIL + ' NameQualifier="https://f5.example" SPNameQualifier="https://sp.example"'),
    attributes=(("memberOf", "", TYPED, [" | CN=Staff,DC=example,DC=org | "]),)))
vendor("citrix", "Citrix ADC: SHA-256, no session index", Shape(
    digits=0, issuer=ENTITY, session_index=False, attributes=(("mail", fmt(UNSPECIFIED), TYPED, ["ada@example.org"]),)))
vendor("salesforce", "Salesforce: InclusiveNamespaces of many prefixes", Shape(
    p="saml2p", a="saml2", issuer=ENTITY, root=" " + XS, assertion=" " + XS,
    attributes=(("userId", fmt(UNSPECIFIED), NS_XS + ' xsi:type="xs:anyType"', ["0053t000007Vb3f"]),)), "both",
    signer={"inclusive_prefixes": "ds saml2 saml2p xs"}, declaration=DECLARATION)
vendor("sap", "SAP: default namespace for the protocol, ns2: and ns3:", Shape(
    p="", a="ns2", ids="S", own_namespace=False, session_ends=True,
    root=' xmlns:ns2="%s" xmlns:ns3="%s" xmlns:ns4="%s"' % (sr.NS_SAML, sr.NS_DS, sr.NS_XENC),
    attributes=(("first_name", "", "", ["Ada"]), ("Groups", "", "", GROUPS))), prefix="ns3", declaration=DECLARATION)
vendor("aws", "AWS IAM Identity Center", Shape(
    p="saml2p", a="saml2", issuer=ENTITY, session_ends=True, digits=3, attributes=(
        ("https://aws.amazon.com/SAML/Attributes/SessionDuration", "", TYPED, ["3600"]),)), "both", declaration=DECLARATION)
vendor("cas", "Apereo CAS: laid out on lines", Shape(
    p="saml2p", a="saml2", line="\n    ", digits=3, zone="Z", attributes=(
        ("mail", ' FriendlyName="mail"' + fmt(BASIC), TYPED, ["ada@example.org"]), ("memberOf", ' FriendlyName="memberOf"' + fmt(BASIC), TYPED, GROUPS))),
    "both", signer=EXC_XS, declaration=DECLARATION)
vendor("openam", "ForgeRock AM: line breaks, IDs that begin with s2", Shape(
    ids="s2", line="\n", digits=0, session_ends=False, name=("KgF9Xy7yvYzZQjhbe2kgzpzPtkFb", FORMAT % sr.FORMAT_TRANSIENT
                                                                + ' NameQualifier="https://am.example" SPNameQualifier="urn:sp"'),
    attributes=(("cn", "", TYPED, ["Ada"]),)))
vendor("crewjam", "crewjam/saml (Go): URI names with FriendlyName", Shape(
    ids="id-", issuer=ENTITY, attributes=((MAIL, ' FriendlyName="mail"' + fmt(URI), TYPED, ["ada@example.org"]),
                                          (GIVEN_NAME, ' FriendlyName="givenName"' + fmt(URI), TYPED, ["Ada"]))), "both",
    encrypt={"cipher": "aes128-cbc"})
vendor("lasso", "Lasso (LemonLDAP::NG): KeyInfo left out, two audiences", Shape(
    digits=0, audiences=("https://other.example/",), extra="<saml:OneTimeUse/>", session_ends=True,
    attributes=(("uid", fmt(BASIC), "", ["ada"]),)), "both", prefix=None, signer={"keyinfo": False})
vendor("pysaml2", "pysaml2: numbered prefixes, untyped and empty values", Shape(
    p="ns0", a="ns1", digits=0, issuer=ENTITY, attributes=((MAIL, ' FriendlyName="mail"' + fmt(URI), TYPED, ["ada@example.org"]),
                                                          ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", fmt(URI), TYPED, ["", "urn:x"]))), "both",
    prefix="ns2", signer={"algorithm": "rsa-sha384", "digest": "sha384"})
vendor("itfoxtec", "ITfoxtec (.NET): seven fractional digits, saml2:", Shape(
    p="saml2p", a="saml2", digits=7, authn_first=False, attributes=((CLAIMS + "upn", "", "", ["ada@example.org"]),)), prefix=None)
vendor("sustainsys", "Sustainsys (.NET): saml2:, whole seconds, encrypted with GCM", Shape(
    p="saml2p", a="saml2", digits=0, authn_first=False, attributes=((CLAIMS + "email", "", "", ["ada@example.org"]),)), prefix=None,
    encrypt={"cipher": "aes256-gcm"})
vendor("eidas", "an eIDAS node: types of its own, both signed, RSA-SHA512, encrypted with GCM", Shape(
    p="saml2p", a="saml2", issuer=ENTITY, name=("ES/AT/02635542Y", FORMAT % sr.FORMAT_PERSISTENT),
    root=' Consent="urn:oasis:names:tc:SAML:2.0:consent:obtained" xmlns:np="http://eidas.europa.eu/attributes/naturalperson"',
    context="http://eidas.europa.eu/LoA/high", attributes=(
        ("http://eidas.europa.eu/attributes/naturalperson/PersonIdentifier", ' FriendlyName="PersonIdentifier"' + fmt(URI),
         ' xmlns:np="http://eidas.europa.eu/attributes/naturalperson" %s xsi:type="np:PersonIdentifierType"' % XSI, ["ES/AT/02635542Y"]),)),
    "both", signer={"algorithm": "rsa-sha512", "digest": "sha512"}, encrypt={"cipher": "aes256-gcm"}, declaration=DECLARATION)
vendor("shibboleth-4", "Shibboleth 4: scoped values, entitlements, SubjectLocality left out, encrypted with GCM", Shape(
    p="saml2p", a="saml2", name=("AAdzZWNyZXQx", FORMAT % sr.FORMAT_TRANSIENT + ' NameQualifier="https://idp.example/idp"'), attributes=(
        ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", ' FriendlyName="eduPersonScopedAffiliation"' + fmt(URI), "", ["member@example.org", "staff@example.org"]),
        ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", ' FriendlyName="eduPersonPrincipalName"' + fmt(URI), "", ["ada@example.org"]))), "response",
    encrypt={"cipher": "aes128-gcm"}, declaration=DECLARATION)
