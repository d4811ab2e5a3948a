# SPDX-License-Identifier: Apache-2.0
"""Checks of AuthnRequests: what is taken, what is refused and how (doc/entra.md section 2, and 9 on posted errors)."""
import base64
import datetime
import re
import unittest
import urllib.parse

import xmlsec

import keys
import saml_response as sr
from stand import ACS, APP, ISSUER, TID, StandTest, application, deflated, user, verify

SIGNED = "aaaaaaaa-0000-4000-8000-000000000002"
AC = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
SPID = "5b000000-0000-4000-8000-000000000001"


def policy(attributes):
    return "<samlp:NameIDPolicy%s/>" % attributes


def context(*names, comparison=""):
    return "<samlp:RequestedAuthnContext%s>%s</samlp:RequestedAuthnContext>" % (comparison, "".join(
        '<AuthnContextClassRef xmlns="%s">%s</AuthnContextClassRef>' % (sr.NS_SAML, name) for name in names))


class RequestTest(StandTest):
    @classmethod
    def tenant(cls):
        cls.sp = keys.self_signed(cls.folder.name, "sp", "/CN=sp")
        cls.next = keys.self_signed(cls.folder.name, "next", "/CN=sp")
        return {"id": TID, "users": [user(1), user(2), user(3), user(4, upn="user4@federated.example", enabled=False)],
                "federated_domains": ["federated.example"], "applications": [
                    application(assigned=["u1", "u2", "u4"], relay_state="home", service_principal_id=SPID),
                    {"id": SIGNED, "identifiers": ["https://sp.example/signed"], "reply_urls": [ACS],
                     "require_signed_requests": True, "verification_certs": [cls.next[1], cls.sp[1]]}]}

    def test_post_and_redirect(self):
        for answer in (self.post(self.request(), relay_state="a&b"), self.get(self.request(), "&RelayState=a%26b&login_hint=u1")):
            self.assertIn('name="RelayState" value="a&amp;b"', answer.text)
            self.assertIn('action="%s"' % ACS, answer.text)
            self.assertEqual(answer.tree().get("InResponseTo"), "_r1")
        self.assertNotIn("RelayState", self.get(self.request(), "&login_hint=u1").text)

    def test_the_page_with_users(self):
        page = self.get(self.request())
        self.assertIn("user1@example.org", page.text)
        parked = re.search(r'name="ctx" value="([^"]+)"', page.text).group(1)
        action = self.idp.origin + re.search(r'action="([^"]+)"', page.text).group(1)
        self.assertEqual(self.fetch(action, {"ctx": parked, "user": "nobody"}).code(), 50034)
        self.assertEqual(self.fetch(action, {"ctx": parked, "user": "u1"}).code(), 165000)      # once only
        parked = re.search(r'name="ctx" value="([^"]+)"', self.get(self.request()).text).group(1)
        self.assertIn(b"user1@example.org", self.fetch(action, {"ctx": parked, "user": "u1"}).xml())

    def test_domain_hint(self):
        """whr is heard for federated domains, ignored for all others."""
        self.assertNotIn("user1@example.org", self.get(self.request(), "&whr=federated.example").text)
        self.assertIn("user1@example.org", self.get(self.request(), "&whr=example.org").text)

    def test_issuer_names_the_application(self):
        for issuer, audience in ((ISSUER, ISSUER), (APP, "spn:" + APP), ("spn:" + APP, "spn:" + APP)):
            self.assertEqual(self.post(self.request(issuer=issuer)).tree().findtext(".//{%s}Audience" % sr.NS_SAML), audience)
        self.assertEqual(self.post(self.request(issuer="https://other")).code(), 700016)
        self.assertEqual(self.post(self.request(issuer=ISSUER + "/")).code(), 700016)

    def test_one_service_principal(self):
        """/saml2/<spid> overrides the request's Issuer; not where signed requests are required."""
        url = self.url + "/" + SPID
        answer = self.post(self.request(issuer="anything", Destination=url), url=url)
        self.assertEqual(answer.tree().findtext(".//{%s}Audience" % sr.NS_SAML), ISSUER)
        url = self.url + "/" + SIGNED
        self.assertEqual(self.post(self.request(Destination=url), url=url).code(), 76021)
        url = self.url + "/nothing"
        self.assertEqual(self.post(self.request(Destination=url), url=url).code(), 700016)

    def test_reply_url(self):
        self.assertEqual(self.post(self.request(AssertionConsumerServiceURL=None)).tree().get("Destination"), ACS)
        for wrong in (ACS + "/", ACS.replace("https", "http"), ACS.upper(), ACS + "?a=b"):
            self.assertEqual(self.post(self.request(AssertionConsumerServiceURL=wrong)).code(), 50011)
        self.change(reply_urls=[])
        self.assertEqual(self.post(self.request(AssertionConsumerServiceURL=None)).code(), 900971)

    def test_refused_on_the_page(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for code, xml in (
                (7500529, self.request(ID="1abc")), (7500529, self.request(ID=None)), (75005, self.request(Version="1.1")),
                (75005, self.request(IssueInstant="now")), (75005, self.request(IsPassive="yes")), (75005, "<x/>"), (75005, "x"),
                (75005, "<!DOCTYPE a><a/>"), (76026, self.request(IssueInstant=sr.instant(now - datetime.timedelta(hours=1)))),
                (75008, self.request(Destination="https://elsewhere/saml2")),
                (75003, self.request(ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact")),
                (900235, self.request(inner=context("urn:x", comparison=' Comparison="minimum"'))),
                (75011, self.request(inner=context(AC + "X509"))), (76021, self.request(issuer="https://sp.example/signed"))):
            answer = self.post(xml)
            self.assertEqual((answer.status, answer.code()), (400, code))
            self.assertRegex(answer.text, r"Correlation Id: [0-9a-f-]{36}\nTimestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")
        self.assertEqual(self.fetch(self.url).code(), 750054)
        self.assertEqual(self.fetch(self.url, {"RelayState": "x"}).code(), 750054)
        self.assertEqual(self.fetch(self.url + "?SAMLRequest=%21").code(), 75005)
        self.assertEqual(self.get(self.request(), "&RelayState=" + "x" * 9000).code(), 90015)
        self.assertEqual(self.fetch(self.idp.origin + "/other/saml2").code(), 90002)
        self.assertEqual(self.post(self.request(), query="?login_hint=u3").code(), 50105)
        self.assertEqual(self.post(self.request(), query="?login_hint=u4").code(), 50057)
        self.change(enabled=False)
        self.assertEqual(self.post(self.request()).code(), 7000112)

    def test_posted_back(self):
        """Section 9: some errors are Responses without Destination, Assertion and signature."""
        for code, nested, xml in (
                (75016, "InvalidNameIDPolicy", self.request(inner=policy(' Format="urn:x"'))),
                (90011, "RequestUnsupported", self.request(inner=policy(' SPNameQualifier="x"'))),
                (75006, "RequestUnsupported", self.request(inner='<Subject xmlns="%s"/>' % sr.NS_SAML)),
                (900236, "RequestUnsupported", self.request(inner='<samlp:Scoping ProxyCount="1"/>')),
                (900236, "RequestUnsupported", self.request(inner="<samlp:Scoping><samlp:IDPList/></samlp:Scoping>"))):
            answer = self.post(xml)
            self.assertIn('name="RelayState" value="rs"', answer.text)
            tree = answer.tree()
            self.assertEqual([e.get("Value") for e in tree.iter("{%s}StatusCode" % sr.NS_SAMLP)],
                             [sr.STATUS + "Requester", sr.STATUS + nested])
            self.assertRegex(tree.findtext(".//{%s}StatusMessage" % sr.NS_SAMLP),
                             r"^AADSTS%d: [^\n]*\nTrace ID: [0-9a-f-]{36}\nTimestamp: [0-9: Z-]+$" % code)
            self.assertEqual((tree.get("InResponseTo"), tree.get("Destination")), ("_r1", None))
            self.assertEqual([e.tag.rpartition("}")[2] for e in tree], ["Issuer", "Status"])
        self.change(posted_errors=[])
        self.assertEqual(self.post(self.request(inner=policy(' Format="urn:x"'))).code(), 75016)
        self.assertEqual(self.post(self.request(inner="<samlp:Scoping/>")).status, 200)

    def test_passive(self):
        tree = self.post(self.request(IsPassive="true")).tree()
        self.assertEqual([e.get("Value") for e in tree.iter("{%s}StatusCode" % sr.NS_SAMLP)],
                         [sr.STATUS + "Responder", sr.STATUS + "NoPassive"])
        self.assertIn("AADSTS50058: ", tree.findtext(".//{%s}StatusMessage" % sr.NS_SAMLP))
        self.change(posted_errors=[])
        self.assertEqual(self.post(self.request(IsPassive="true")).code(), 50058)

    def test_authentication_context(self):
        self.change_user(2, method="windows", mfa=True)
        hint = "?login_hint=u2"
        self.assertEqual(self.post(self.request()).tree().findtext(".//{%s}AuthnContextClassRef" % sr.NS_SAML), AC + "Password")
        self.assertEqual(self.post(self.request(inner=context(AC + "PasswordProtectedTransport"))).status, 200)
        answer = self.post(self.request(inner=context(AC + "PasswordProtectedTransport")), query=hint)
        self.assertEqual(answer.code(), 75011)
        self.assertIn("WindowsIntegrated, MultiFactor", answer.text)
        asked = context(AC + "X509", AC + "Password")
        self.assertEqual(self.post(self.request(inner=asked)).tree().findtext(".//{%s}AuthnContextClassRef" % sr.NS_SAML), AC + "Password")
        for good in (self.request(), self.request(inner=context("urn:federation:authentication:windows")),
                     self.request(inner=context(AC + "Password"), ForceAuthn="true")):
            self.assertIn(b"<Assertion", self.post(good, query=hint).xml())

    def signed_query(self, pair, algorithm="rsa-sha256", transform=xmlsec.constants.TransformRsaSha256, **changes):
        signing = xmlsec.SignatureContext()
        signing.key = xmlsec.Key.from_file(pair[0], xmlsec.constants.KeyDataFormatPem)
        query = "SAMLRequest=%s&RelayState=x&SigAlg=%s" % (
            urllib.parse.quote(self.deflated(**changes), safe=""), urllib.parse.quote(sr.SIGNATURE_ALGORITHMS[algorithm], safe=""))
        value = base64.b64encode(signing.sign_binary(query.encode(), transform)).decode()
        return query + "&Signature=" + urllib.parse.quote(value, safe="")

    def deflated(self, **changes):
        return deflated(self.request(issuer="https://sp.example/signed", **changes))

    def code_of(self, query):
        return self.fetch(self.url + "?" + query + "&login_hint=u1").code()

    def test_signed_redirect(self):
        good = self.signed_query(self.sp)
        self.assertIsNone(self.code_of(good))
        self.assertIsNone(self.code_of(self.signed_query(self.next)))
        for bad in (good.replace("RelayState=x", "RelayState=y"), good.replace("RelayState=x&", ""), good[:-9] + "%FF%3D%3D",
                    self.signed_query(self.idp_pair()), good + "!", good.replace("SigAlg=http", "SigAlg=hTTp")):
            self.assertEqual(self.code_of(bad), 76022, bad)
        self.assertEqual(self.code_of(good.partition("&Signature")[0]), 76021)

    def idp_pair(self):
        signer = self.idp.tenants[TID].signer()
        return signer.key, signer.cert

    def test_weak_algorithms_are_a_box_to_tick(self):
        weak = self.signed_query(self.sp, "rsa-sha1", xmlsec.constants.TransformRsaSha1)
        self.assertEqual(self.code_of(weak), 76022)
        self.command("set", app=SIGNED, values={"allow_weak_request_signatures": True})
        self.addCleanup(self.command, "set", app=SIGNED, values={"allow_weak_request_signatures": False})
        self.assertIsNone(self.code_of(weak))

    def test_only_the_two_newest_certificates_count(self):
        third = keys.self_signed(self.folder.name, "third", "/CN=sp")
        self.command("set", app=SIGNED, values={"verification_certs": [self.next[1], self.sp[1], third[1]]})
        self.addCleanup(self.command, "set", app=SIGNED, values={"verification_certs": [self.next[1], self.sp[1]]})
        self.assertEqual(self.code_of(self.signed_query(self.next)), 76022)
        self.assertIsNone(self.code_of(self.signed_query(third)))

    def test_signed_post(self):
        def signed(pair, **changes):
            tree = sr.parse(self.request(issuer="https://sp.example/signed", **changes).encode())
            sr.sign_element(tree, sr.Signer(*pair))
            return sr.serialize(tree).decode()
        good = signed(self.sp)
        self.assertEqual(verify(self.post(good).tree(), self.idp.tenants[TID].signer(
            self.idp.tenants[TID].application(SIGNED)).cert), 1)
        self.assertEqual(self.post(good.replace(ACS, ACS + "2")).code(), 76022)
        self.assertEqual(self.post(signed(self.idp_pair())).code(), 76022)
        self.assertEqual(self.post(good.replace('URI="#_r1"', 'URI=""')).code(), 76022)

    def test_tile(self):
        url = "%s/%s/signin/" % (self.idp.origin, TID)
        answer = self.fetch(url + APP + "?login_hint=u1")
        self.assertIn('name="RelayState" value="home"', answer.text)
        self.assertNotIn(b"InResponseTo", answer.xml())
        self.assertEqual(answer.tree().get("Destination"), ACS)
        self.assertEqual(self.fetch(url + SIGNED).code(), 76021)
        self.assertEqual(self.fetch(url + "x").code(), 700016)
        self.change(relay_state="")
        self.assertNotIn("RelayState", self.fetch(url + APP + "?login_hint=u1").text)


if __name__ == "__main__":
    unittest.main()
