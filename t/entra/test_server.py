# SPDX-License-Identifier: Apache-2.0
"""Checks of the stand-in over HTTP: what it refuses, and what a good request brings back."""
import base64
import datetime
import re
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request
import zlib

import xmlsec

import claims
import groups
import keys
import logout
import saml_response as sr
from server import Entra

TID = "11111111-2222-4333-8444-555555555555"
APP = "aaaaaaaa-0000-4000-8000-000000000001"
SIGNED = "aaaaaaaa-0000-4000-8000-000000000002"
ACS = "https://sp.example/saml/acs"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))   # whatever http_proxy says


def configuration(tenant_pair, app_pair, sp_cert):
    def user(n, **more):
        return dict({"id": "u%d" % n, "upn": "user%d@example.org" % n, "mail": "user%d@example.org" % n,
                     "display_name": "User %d" % n, "groups": ["g1", "g2"]}, **more)
    common = {"key": app_pair[0], "cert": app_pair[1], "reply_urls": [ACS]}
    return {"tenants": [{
        "id": TID, "key": tenant_pair[0], "cert": tenant_pair[1],
        "users": [user(1), user(2, mail=None, groups=["g%d" % i for i in range(151)]), user(3)],
        "applications": [
            dict(common, id=APP, identifiers=["https://sp.example/saml/metadata"], assigned=["u1", "u2"],
                 relay_state="home"),
            dict(common, id=SIGNED, identifiers=["https://sp.example/signed"], sign="both",
                 require_signed_requests=True, verification_certs=[sp_cert])]}]}


class ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.tenant_pair = keys.self_signed(cls.folder.name, "tenant")
        cls.app_pair = keys.self_signed(cls.folder.name, "app")
        cls.sp_pair = keys.self_signed(cls.folder.name, "sp", "/CN=sp")
        cls.idp = Entra(configuration(cls.tenant_pair, cls.app_pair, cls.sp_pair[1]))
        cls.idp.__enter__()
        cls.url = cls.idp.login_url(TID)

    @classmethod
    def tearDownClass(cls):
        cls.idp.__exit__(None, None, None)
        cls.folder.cleanup()

    def request(self, issuer="https://sp.example/saml/metadata", attributes="", inner="", **changes):
        values = {"ID": "_r1", "Version": "2.0", "Destination": self.url,
                  "IssueInstant": sr.instant(datetime.datetime.now(datetime.timezone.utc)),
                  "AssertionConsumerServiceURL": ACS}
        values.update(changes)
        text = "".join(sr.attr(n, v) for n, v in values.items())
        return ('<samlp:AuthnRequest xmlns:samlp="%s"%s%s><Issuer xmlns="%s">%s</Issuer>%s'
                "</samlp:AuthnRequest>" % (sr.NS_SAMLP, text, attributes, sr.NS_SAML, issuer, inner))

    def fetch(self, url, fields=None):
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        try:
            with DIRECT.open(url, data, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def post(self, xml, relay_state="rs", hint="?login_hint=user1@example.org"):
        fields = {"SAMLRequest": base64.b64encode(xml.encode()).decode(), "RelayState": relay_state}
        return self.fetch(self.url + hint, fields)

    def query(self, xml):
        engine = zlib.compressobj(9, zlib.DEFLATED, -15)
        raw = engine.compress(xml.encode()) + engine.flush()
        return "SAMLRequest=" + urllib.parse.quote(base64.b64encode(raw).decode(), safe="")

    def response(self, page):
        self.assertIn("SAMLResponse", page)
        return base64.b64decode(re.search(r'name="SAMLResponse" value="([^"]+)"', page).group(1))

    def verify(self, tree, cert):
        for node in list(tree.iter("{%s}Signature" % sr.NS_DS)):
            context = xmlsec.SignatureContext()
            context.key = xmlsec.Key.from_file(cert, xmlsec.constants.KeyDataFormatCertPem)
            context.register_id(node.getparent(), "ID")
            context.verify(node)

    def test_post_brings_a_signed_response(self):
        status, page = self.post(self.request())
        self.assertEqual(status, 200)
        self.assertIn('name="RelayState" value="rs"', page)
        self.assertIn('action="%s"' % ACS, page)
        tree = sr.parse(self.response(page))
        self.verify(tree, self.app_pair[1])
        self.assertEqual(tree.get("InResponseTo"), "_r1")
        self.assertEqual(tree.findtext(".//{%s}Audience" % sr.NS_SAML), "https://sp.example/saml/metadata")
        names = [a.get("Name") for a in tree.iter("{%s}Attribute" % sr.NS_SAML)]
        self.assertEqual(names[:3], [claims.MS + n for n in ("tenantid", "objectidentifier", "displayname")])
        self.assertIn(groups.GROUPS, names)
        self.assertNotIn(claims.XMLSOAP + "givenname", names)

    def test_redirect_and_the_page_with_users(self):
        status, page = self.fetch(self.url + "?" + self.query(self.request()) + "&RelayState=a%26b")
        self.assertEqual(status, 200)
        self.assertIn("user1@example.org", page)
        context = re.search(r'name="ctx" value="([^"]+)"', page).group(1)
        action = self.idp.origin + re.search(r'action="([^"]+)"', page).group(1)
        status, page = self.fetch(action, {"ctx": context, "user": "u1"})
        self.assertIn('name="RelayState" value="a&amp;b"', page)
        self.assertIn(b"user1@example.org", self.response(page))
        status, page = self.fetch(action, {"ctx": context, "user": "u1"})
        self.assertEqual(status, 400)
        self.assertIn("AADSTS165000", page)

    def logout_request(self, **changes):
        values = dict({"ID": "_l1", "Version": "2.0"}, **changes)
        name = "" if values.pop("name", "x") is None else '<NameID xmlns="%s">user1@example.org</NameID>' % sr.NS_SAML
        return ('<samlp:LogoutRequest xmlns:samlp="%s"%s><Issuer xmlns="%s">%s</Issuer>%s</samlp:LogoutRequest>' % (
            sr.NS_SAMLP, "".join(sr.attr(n, v) for n, v in values.items() if n != "issuer"), sr.NS_SAML,
            values.get("issuer", "https://sp.example/saml/metadata"), name))

    def test_logout(self):
        status, page = self.fetch(self.url + "?" + self.query(self.logout_request()))
        self.assertEqual((status, "You signed out" in page), (200, True))
        for changes, code in (({"name": None}, "7500530"), ({"issuer": "https://other"}, "700016"), ({"ID": "1"}, "7500529"), ({"Version": "1.1"}, "50061")):
            status, page = self.fetch(self.url + "?" + self.query(self.logout_request(**changes)))
            self.assertEqual((status, "AADSTS" + code in page), (400, True))

    def test_logout_response(self):
        tenant = self.idp.tenants[TID]
        app = tenant.application(APP)
        app.logout_url = "https://sp.example/saml/logout"
        try:
            url = logout.response_url(tenant, app, "_l1", "a/b")
        finally:
            app.logout_url = None
        signed, _, signature = url.partition("?")[2].partition("&Signature=")
        self.assertIn("RelayState=a%2fb&SigAlg=http%3a%2f%2f", signed)
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(self.app_pair[1], xmlsec.constants.KeyDataFormatCertPem)
        context.verify_binary(signed.encode(), xmlsec.constants.TransformRsaSha256,
                              base64.b64decode(urllib.parse.unquote(signature)))
        xml = zlib.decompress(base64.b64decode(urllib.parse.unquote(re.match("SAMLResponse=([^&]*)", signed).group(1))), -15)
        self.assertIn(b'InResponseTo="_l1"', xml)
        self.assertIn(("https://login.microsoftonline.com/%s/" % TID).encode(), xml)
        self.assertNotIn(b"Destination", xml)

    def test_guid_issuer_gives_spn_audience(self):
        xml = self.response(self.post(self.request(issuer=APP))[1])
        self.assertIn(b"<Audience>spn:%s</Audience>" % APP.encode(), xml)

    def test_overage_and_missing_mail(self):
        xml = self.response(self.post(self.request(), hint="?login_hint=u2")[1]).decode()
        self.assertIn("groups.link", xml)
        self.assertNotIn('claims/groups"', xml)
        self.assertNotIn("emailaddress", xml)

    def test_refusals(self):
        policy = '<samlp:NameIDPolicy%s/>'
        context = ('<samlp:RequestedAuthnContext%s><AuthnContextClassRef xmlns="' + sr.NS_SAML
                   + '">%s</AuthnContextClassRef></samlp:RequestedAuthnContext>')
        old = sr.instant(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1))
        cases = [
            (700016, self.request(issuer="https://other")),
            (50011, self.request(AssertionConsumerServiceURL=ACS + "/")),
            (7500529, self.request(ID="1abc")),
            (75005, self.request(Version="1.1")),
            (75005, self.request(IssueInstant="now")),
            (75005, "<x/>"),
            (75005, '<!DOCTYPE a><a/>'),
            (76026, self.request(IssueInstant=old)),
            (75008, self.request(Destination="https://elsewhere/saml2")),
            (75003, self.request(ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact")),
            (900235, self.request(inner=context % (' Comparison="minimum"', "urn:x"))),
            (75011, self.request(inner=context % ("", "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"))),
            (76021, self.request(issuer="https://sp.example/signed")),
        ]
        for code, xml in cases:
            status, page = self.post(xml)
            self.assertEqual(status, 400, code)
            self.assertIn("AADSTS%d:" % code, page)
        for code, nested, xml in (
                (75016, "InvalidNameIDPolicy", self.request(inner=policy % ' Format="urn:x"')),
                (90011, "RequestUnsupported", self.request(inner=policy % ' SPNameQualifier="x"')),
                (75006, "RequestUnsupported", self.request(inner='<Subject xmlns="%s"/>' % sr.NS_SAML)),
                (900236, "RequestUnsupported", self.request(inner='<samlp:Scoping ProxyCount="1"/>'))):
            posted = self.response(self.post(xml)[1]).decode()      # section 9: these go back to the application
            self.assertIn("AADSTS%d: " % code, posted)
            self.assertIn("status:" + nested, posted)
            self.assertIn('InResponseTo="_r1"', posted)
            for absent in ("Destination", "Assertion ", "Signature"):
                self.assertNotIn(absent, posted)
        self.assertIn("AADSTS750054:", self.fetch(self.url)[1])
        self.assertIn("AADSTS50105:", self.post(self.request(), hint="?login_hint=u3")[1])
        self.assertIn("AADSTS90002:", self.fetch(self.idp.origin + "/other/saml2")[1])

    def test_passive_without_session(self):
        xml = self.response(self.post(self.request(IsPassive="true"), hint="")[1])
        self.assertIn(b"status:NoPassive", xml)

    def test_signed_requests(self):
        signer = sr.Signer(*self.sp_pair)
        tree = sr.parse(self.request(issuer="https://sp.example/signed").encode())
        sr.sign_element(tree, signer)
        status, page = self.post(sr.serialize(tree).decode())
        self.assertEqual(status, 200, page)
        response = sr.parse(self.response(page))
        self.assertEqual(len(list(response.iter("{%s}Signature" % sr.NS_DS))), 2)
        self.verify(response, self.app_pair[1])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(self.sp_pair[0], xmlsec.constants.KeyDataFormatPem)
        query = self.query(self.request(issuer="https://sp.example/signed")) + "&RelayState=x&SigAlg=" \
            + urllib.parse.quote(sr.SIGNATURE_ALGORITHMS["rsa-sha256"], safe="")
        value = base64.b64encode(context.sign_binary(query.encode(), xmlsec.constants.TransformRsaSha256))
        good = query + "&Signature=" + urllib.parse.quote(value.decode(), safe="")
        self.assertEqual(self.fetch(self.url + "?" + good)[0], 200)
        self.assertIn("AADSTS76022", self.fetch(self.url + "?" + good.replace("RelayState=x", "RelayState=y"))[1])

    def test_unsolicited(self):
        page = self.fetch("%s/%s/signin/%s?login_hint=u1" % (self.idp.origin, TID, APP))[1]
        self.assertIn('name="RelayState" value="home"', page)
        self.assertNotIn(b"InResponseTo", self.response(page))

    def test_metadata(self):
        base = "%s/%s/FederationMetadata/2007-06/FederationMetadata.xml" % (self.idp.origin, TID)
        for url, cert in ((base, self.tenant_pair[1]), (base + "?appid=" + APP, self.app_pair[1])):
            text = self.fetch(url)[1]
            tree = sr.parse(text.encode())
            self.verify(tree, cert)
            self.assertEqual([e.tag.split("}")[1] for e in tree],
                             ["Signature", "RoleDescriptor", "RoleDescriptor", "IDPSSODescriptor"])
            self.assertEqual(tree.get("entityID"), "https://sts.windows.net/%s/" % TID)
            self.assertEqual([e.tag.split("}")[1] for e in tree[3]],
                             ["KeyDescriptor", "SingleLogoutService", "SingleSignOnService",
                              "SingleSignOnService"])
            self.assertIn(sr.pem_body(cert), text)


if __name__ == "__main__":
    unittest.main()
