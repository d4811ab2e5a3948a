# SPDX-License-Identifier: Apache-2.0
"""Checks of logout in both directions (doc/entra.md section 6)."""
import base64
import html
import re
import unittest
import urllib.parse
import zlib

import xmlsec

import claims
import saml_response as sr
from stand import APP, ISSUER, TID, StandTest, application, deflated, user

OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
SILENT = "aaaaaaaa-0000-4000-8000-000000000003"
LOGOUT = "https://sp.example/saml/logout"
FRAME = re.compile(r'<iframe src="([^"]+)" hidden>')


def logout_request(issuer=ISSUER, name='<NameID xmlns="%s">user1@example.org</NameID>' % sr.NS_SAML, **changes):
    values = dict({"ID": "_l1", "Version": "2.0"}, **changes)
    return '<samlp:LogoutRequest xmlns:samlp="%s"%s><Issuer xmlns="%s">%s</Issuer>%s</samlp:LogoutRequest>' % (
        sr.NS_SAMLP, "".join(sr.attr(n, v) for n, v in values.items()), sr.NS_SAML, issuer, name)


class LogoutTest(StandTest):
    TENANT = {"sessions": True, "users": [user(1)], "applications": [
        application(logout_url=LOGOUT),
        {"id": OTHER, "identifiers": ["https://other.example/"], "reply_urls": ["https://other.example/acs"],
         "logout_url": "https://other.example/logout?app=1"},
        {"id": SILENT, "identifiers": ["https://silent.example/"], "reply_urls": ["https://silent.example/acs"]}]}

    def signed_on(self, *issuers):
        """A cookie header of a session that these applications take part in."""
        jar = {}
        for issuer in issuers:
            answer = self.post(self.request(issuer=issuer, AssertionConsumerServiceURL=None), headers=jar)
            if answer.headers["Set-Cookie"]:
                jar = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
        return jar

    def message(self, url, name, app=APP):
        """The XML in the query of a URL, whose signature over the very octets is checked first."""
        query = url.partition("?")[2]
        query = query[query.index(name + "="):]
        signed, _, signature = query.partition("&Signature=")
        context = xmlsec.SignatureContext()
        tenant = self.idp.tenants[TID]
        context.key = xmlsec.Key.from_file(tenant.signer(tenant.application(app)).cert, xmlsec.constants.KeyDataFormatCertPem)
        context.verify_binary(signed.encode(), xmlsec.constants.TransformRsaSha256, base64.b64decode(urllib.parse.unquote(signature)))
        self.assertEqual(re.findall("%[0-9a-f]?[A-F][0-9A-F]?", query), [])     # lower-case escapes throughout
        return sr.parse(zlib.decompress(base64.b64decode(urllib.parse.unquote(re.match(name + "=([^&]*)", signed).group(1))), -15))

    def ask(self, xml, more="", **options):
        return self.fetch("%s?SAMLRequest=%s%s" % (self.url, urllib.parse.quote(deflated(xml), safe=""), more), **options)

    def test_answer_to_an_application(self):
        jar = self.signed_on(ISSUER)
        answer = self.ask(logout_request(), "&RelayState=a%2Fb", headers=jar)
        self.assertEqual(answer.status, 302)
        self.assertIn("Max-Age=0", answer.headers["Set-Cookie"])
        url = answer.headers["Location"]
        self.assertTrue(url.startswith(LOGOUT + "?SAMLResponse="))
        self.assertIn("&RelayState=a%2fb&SigAlg=http%3a%2f%2f", url)
        tree = self.message(url, "SAMLResponse")
        self.assertEqual(tree.findtext("{%s}Issuer" % sr.NS_SAML), "https://login.microsoftonline.com/%s/" % TID)
        self.assertEqual((tree.get("InResponseTo"), tree.get("Destination")), ("_l1", None))
        self.assertEqual(self.ask(logout_request()).status, 302)
        self.assertNotIn("SAMLResponse", self.post(self.request(), query="", headers=jar).text)

    def test_refusals(self):
        for code, xml in ((7500530, logout_request(name="")), (7500530, logout_request(name='<NameID xmlns="%s"/>' % sr.NS_SAML)),
                          (7500530, logout_request(name='<EncryptedID xmlns="%s"/>' % sr.NS_SAML)), (700016, logout_request("https://x")),
                          (7500529, logout_request(ID="1")), (50061, logout_request(Version="1.1"))):
            answer = self.ask(xml)
            self.assertEqual((answer.status, answer.code()), (400, code))
        jar = self.signed_on("https://other.example/")
        self.assertEqual(self.ask(logout_request(), headers=jar).code(), 50068)
        self.assertIn("SAMLResponse", self.post(self.request(), query="", headers=jar).text)
        form = {"SAMLRequest": base64.b64encode(logout_request().encode()).decode()}
        self.assertEqual(self.fetch(self.url, form).code(), 75005)      # by Redirect only

    def test_sign_out_here(self):
        """Each participating application with a Logout URL gets a LogoutRequest in a hidden frame."""
        jar = self.signed_on(ISSUER, "https://other.example/", "https://silent.example/")
        address = "%s/%s/oauth2/v2.0/logout" % (self.idp.origin, TID)
        page = self.fetch(address, headers=jar)
        frames = [html.unescape(url) for url in FRAME.findall(page.text)]
        self.assertEqual([f.partition("SAMLRequest")[0] for f in frames], [LOGOUT + "?", "https://other.example/logout?app=1&"])
        for url, app in zip(frames, (APP, OTHER)):
            tree = self.message(url, "SAMLRequest", app)
            name = tree.find("{%s}NameID" % sr.NS_SAML)
            tenant = self.idp.tenants[TID]
            self.assertEqual((name.attrib, name.text), ({}, claims.pairwise(tenant.application(app), tenant.user("u1"))))
        self.assertEqual(FRAME.findall(self.fetch(address, headers=jar).text), [])

    def test_the_initiator_is_answered_and_the_others_told(self):
        page = self.ask(logout_request(), headers=self.signed_on(ISSUER, "https://other.example/"))
        self.assertEqual(page.status, 200)
        self.assertEqual([html.unescape(u).partition("?")[0] for u in FRAME.findall(page.text)], ["https://other.example/logout"])
        self.message(html.unescape(re.search(r'<a href="([^"]+)"', page.text).group(1)), "SAMLResponse")

    def test_without_logout_url(self):
        answer = self.ask(logout_request("https://silent.example/"), headers=self.signed_on("https://silent.example/"))
        self.assertEqual((answer.status, "You signed out" in answer.text), (200, True))

    def test_an_answer_to_the_broadcast_is_read(self):
        def answer(issuer, kind="LogoutResponse"):
            return self.fetch("%s?SAMLResponse=%s" % (self.url, urllib.parse.quote(deflated(
                '<samlp:%s xmlns:samlp="%s" ID="_x"><Issuer xmlns="%s">%s</Issuer></samlp:%s>'
                % (kind, sr.NS_SAMLP, sr.NS_SAML, issuer, kind)), safe="")))
        self.assertEqual(answer(ISSUER).status, 200)
        self.assertEqual(answer("https://x").code(), 75005)
        self.assertEqual(answer(ISSUER, "Response").code(), 75005)
        self.assertEqual(self.fetch(self.url + "?SAMLResponse=%21").code(), 75005)


if __name__ == "__main__":
    unittest.main()
