# SPDX-License-Identifier: Apache-2.0
"""Checks of Responses: signing options, encryption, claims and NameID (doc/entra.md sections 3, 4 and 8)."""
import datetime
import re
import unittest

import xmlsec

import claims
import keys
import saml_response as sr
from claims import MS, XMLSOAP
from stand import ACS, APP, TID, StandTest, application, attributes, user, verify

SESSION = re.compile(r"ESTSAUTH=([^;]+);")


def instant(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


class ResponseTest(StandTest):
    TENANT = {"users": [user(1, given_name="Una", surname="One", employee_id="7", extensions={"extensionattribute1": "x1"}),
                        user(2, mail=None, guest=True, identity_provider="live.com", app_roles={APP: ["Reader", "Writer"]})],
              "applications": [application()]}

    def signer(self):
        tenant = self.idp.tenants[TID]
        return tenant.signer(tenant.application(APP))

    def name_id(self, inner="", hint="?login_hint=u1"):
        node = self.post(self.request(inner=inner), query=hint).tree().find(".//{%s}NameID" % sr.NS_SAML)
        return node.get("Format"), node.text

    def test_signing_options(self):
        for option, where in (("assertion", ["Assertion"]), ("response", ["Response"]), ("both", ["Response", "Assertion"])):
            for digest in ("sha256", "sha1"):
                self.change(sign=option, digest=digest)
                tree = self.post(self.request()).tree()
                nodes = list(tree.iter("{%s}Signature" % sr.NS_DS))
                self.assertEqual([n.getparent().tag.rpartition("}")[2] for n in nodes], where)
                self.assertEqual({n.getprevious().tag.rpartition("}")[2] for n in nodes}, {"Issuer"})
                self.assertEqual({m.get("Algorithm") for m in tree.iter("{%s}SignatureMethod" % sr.NS_DS)},
                                 {sr.SIGNATURE_ALGORITHMS["rsa-" + digest]})
                verify(tree, self.signer().cert)
                self.assertEqual([e.prefix for e in tree.iter("{%s}X509Data" % sr.NS_DS)],
                                 {"assertion": [None], "response": ["ds"], "both": ["ds", None]}[option])

    def test_times(self):
        tree = self.post(self.request()).tree()
        issued = instant(tree.get("IssueInstant"))
        conditions = tree.find(".//{%s}Conditions" % sr.NS_SAML)
        confirmation = tree.find(".//{%s}SubjectConfirmationData" % sr.NS_SAML)
        minutes = [round((instant(t) - issued).total_seconds() / 60) for t in (
            conditions.get("NotBefore"), conditions.get("NotOnOrAfter"), confirmation.get("NotOnOrAfter"))]
        self.assertEqual(minutes, [-5, 60, 60])
        self.change(lifetime_minutes=600)
        tree = self.post(self.request()).tree()
        ends = [tree.find(".//{%s}%s" % (sr.NS_SAML, n)).get("NotOnOrAfter") for n in ("Conditions", "SubjectConfirmationData")]
        issued = instant(tree.get("IssueInstant"))
        self.assertEqual([round((instant(t) - issued).total_seconds() / 60) for t in ends], [605, 60])

    def test_encryption(self):
        key, cert = keys.self_signed(self.folder.name, "sp", "/CN=sp")
        for cipher in ("aes256-cbc", "aes256-gcm"):
            self.change(encrypt_cert=cert, encrypt_cipher=cipher)
            tree = self.post(self.request()).tree()
            self.assertIsNone(tree.find("{%s}Assertion" % sr.NS_SAML))
            manager = xmlsec.KeysManager()
            manager.add_key(xmlsec.Key.from_file(key, xmlsec.constants.KeyDataFormatPem))
            opened = xmlsec.EncryptionContext(manager).decrypt(tree.find(".//{%s}EncryptedData" % sr.NS_XENC))
            self.assertEqual(verify(opened, self.signer().cert), 1)

    def test_claims_in_order(self):
        found = attributes(self.post(self.request()).tree())
        self.assertEqual(list(found), [
            MS + "tenantid", MS + "objectidentifier", MS + "displayname",
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", MS + "identityprovider", claims.METHODS,
            XMLSOAP + "givenname", XMLSOAP + "surname", XMLSOAP + "emailaddress", XMLSOAP + "name"])
        self.assertEqual(found[MS + "identityprovider"], ["https://sts.windows.net/%s/" % TID])
        self.assertEqual(found[claims.METHODS], [claims.METHOD + "password"])

    def test_a_guest_without_mailbox(self):
        self.change_user(2, mfa=True, method="x509")
        self.change(optional_claims=["upn", "acct"])
        found = attributes(self.post(self.request(), query="?login_hint=u2").tree())
        for absent in ("emailaddress", "givenname", "surname"):
            self.assertNotIn(XMLSOAP + absent, found)
        self.assertEqual(found[MS + "identityprovider"], ["live.com"])
        self.assertEqual(found[claims.METHODS], [claims.AC + "X509", claims.MFA])
        self.assertEqual((found[XMLSOAP + "upn"], found[MS + "acct"]), (["user2@example.org"], ["1"]))
        self.assertEqual(found["http://schemas.microsoft.com/ws/2008/06/identity/claims/role"], ["Reader", "Writer"])

    def test_custom_claims(self):
        self.change(claims=[
            {"name": "OrganizationName", "values": ["ExampleOrg"]}, {"name": "Email", "source": "user.userprincipalname"},
            {"name": "id", "namespace": "https://example.org/claims", "source": "user.employeeid"},
            {"name": "ext", "source": "user.extensionattribute1"}, {"name": "none", "source": "user.extensionattribute2"},
            {"name": "many", "values": ["a", "b"]}, {"name": "name", "namespace": XMLSOAP[:-1], "source": "user.mail"}])
        found = attributes(self.post(self.request()).tree())
        self.assertEqual({n: found.get(n) for n in ("OrganizationName", "Email", "https://example.org/claims/id", "ext", "none", "many")},
                         {"OrganizationName": ["ExampleOrg"], "Email": ["user1@example.org"], "https://example.org/claims/id": ["7"],
                          "ext": ["x1"], "none": None, "many": ["a", "b"]})
        self.assertEqual(found[XMLSOAP + "name"], ["user1@example.org"])
        self.change(default_claims=False, claims=[])
        self.assertNotIn(XMLSOAP + "name", attributes(self.post(self.request()).tree()))

    def test_restricted_names(self):
        command = {"do": "set", "app": APP, "values": {"claims": [{"name": "upn", "namespace": XMLSOAP[:-1], "values": ["x"]}]}}
        self.assertIn("restricted", self.control.run(command)["error"])
        self.change(custom_signing_key=True, **command["values"])
        self.assertEqual(attributes(self.post(self.request()).tree())[XMLSOAP + "upn"], ["x"])

    def test_attribute_name_format(self):
        self.assertNotIn(b"NameFormat", self.post(self.request()).xml())
        self.change(attribute_name_format=True)
        self.assertIn(b'NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"', self.post(self.request()).xml())

    def test_audience_override_needs_a_custom_key(self):
        self.change(audience_override="https://other.example/")
        self.assertNotIn(b"https://other.example/", self.post(self.request()).xml())
        self.change(custom_signing_key=True)
        self.assertIn(b"<Audience>https://other.example/</Audience>", self.post(self.request()).xml())

    def test_name_id(self):
        def policy(name):
            return '<samlp:NameIDPolicy Format="%s"/>' % name
        self.assertEqual(self.name_id(), (sr.FORMAT_EMAIL, "user1@example.org"))
        self.assertEqual(self.name_id(policy(sr.FORMAT_UNSPECIFIED)), (sr.FORMAT_UNSPECIFIED, "user1@example.org"))
        pairwise = self.name_id(policy(sr.FORMAT_PERSISTENT))
        self.assertEqual(self.name_id(policy(sr.FORMAT_PERSISTENT)), pairwise)
        self.assertNotEqual(self.name_id(policy(sr.FORMAT_PERSISTENT), "?login_hint=u2"), pairwise)
        self.assertNotEqual(self.name_id(policy(sr.FORMAT_TRANSIENT)), self.name_id(policy(sr.FORMAT_TRANSIENT)))
        self.change(name_id_format=None, name_id_source="user.employeeid")
        self.assertEqual(self.name_id(), (None, "7"))
        self.assertEqual(self.post(self.request(), query="?login_hint=u2").code(), 501241)

    def test_without_a_signing_key(self):
        ring = self.idp.tenants[TID].application(APP).ring
        self.addCleanup(setattr, ring, "certificates", ring.certificates)
        ring.certificates = []
        self.assertEqual(self.post(self.request()).code(), 50003)


class SessionTest(StandTest):
    TENANT = {"sessions": True, "users": [user(1), user(2)]}

    def test_one_session_serves_the_next_request(self):
        first = self.post(self.request())
        jar = {"Cookie": "ESTSAUTH=" + SESSION.search(first.headers["Set-Cookie"]).group(1)}
        again = self.post(self.request(), query="", headers=jar)
        self.assertIsNone(again.headers["Set-Cookie"])
        instants = [a.tree().find(".//{%s}AuthnStatement" % sr.NS_SAML).get("AuthnInstant") for a in (first, again)]
        self.assertEqual(instants[0], instants[1])
        self.assertIn(b"user1", self.post(self.request(IsPassive="true"), query="", headers=jar).xml())
        self.assertNotIn("SAMLResponse", self.post(self.request(ForceAuthn="true"), query="", headers=jar).text)
        fresh = self.post(self.request(ForceAuthn="true"), headers=jar).tree()
        self.assertGreater(fresh.find(".//{%s}AuthnStatement" % sr.NS_SAML).get("AuthnInstant"), instants[0])
        self.assertIn(b"user2", self.post(self.request(), query="?login_hint=u2", headers=jar).xml())
        self.command("sign_out_all")
        self.assertNotIn("SAMLResponse", self.post(self.request(), query="", headers=jar).text)
        self.assertEqual(first.tree().get("Destination"), ACS)


if __name__ == "__main__":
    unittest.main()
