# SPDX-License-Identifier: Apache-2.0
"""Checks of saml_response.py by itself: xmlsec verifies what it signed, decrypts what it encrypted."""
import datetime
import itertools
import os
import subprocess
import tempfile
import unittest

import xmlsec

import saml_response as sr

NOW = datetime.datetime(2026, 3, 2, 9, 15, 30, 506000, tzinfo=datetime.timezone.utc)


def response(**changes):
    fields = dict(issuer="https://sts.windows.net/t/", destination="https://sp.example/saml/acs",
                  in_response_to="_r1", audiences=["https://sp.example/saml"],
                  name_id="ada@example.org", now=NOW, response_id="_resp", assertion_id="_assert",
                  attributes=[("urn:a", ["1", "<2>"]), ("urn:b", [None])])
    fields.update(changes)
    return sr.Response(**fields)


class ResponseTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.key = os.path.join(cls.folder.name, "k.pem")
        cls.cert = os.path.join(cls.folder.name, "c.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t",
                        "-keyout", cls.key, "-out", cls.cert], check=True, capture_output=True)
        cls.signer = sr.Signer(cls.key, cls.cert)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def verify(self, tree, count):
        found = list(tree.iter("{%s}Signature" % sr.NS_DS))
        self.assertEqual(len(found), count)
        for signature in found:
            context = xmlsec.SignatureContext()
            context.key = xmlsec.Key.from_file(self.cert, xmlsec.constants.KeyDataFormatCertPem)
            context.register_id(signature.getparent(), "ID")
            context.verify(signature)

    def test_every_signing_option_and_style_verifies(self):
        counts = {"assertion": 1, "response": 1, "both": 2}
        for what, style, prefix in itertools.product(counts, ("entra", "prefixed", "default"),
                                                     (None, "ds")):
            xml = sr.make_response(response(style=style), self.signer, what, prefix=prefix)
            self.verify(sr.parse(xml), counts[what])

    def test_a_changed_value_does_not_verify(self):
        xml = sr.make_response(response(), self.signer)
        with self.assertRaises(xmlsec.Error):
            self.verify(sr.parse(xml.replace(b"ada@", b"bob@")), 1)

    def test_same_octets_twice(self):
        self.assertEqual(sr.make_response(response(), self.signer, "both"),
                         sr.make_response(response(), self.signer, "both"))

    def test_shape(self):
        xml = sr.make_response(response(), self.signer).decode()
        self.assertTrue(xml.startswith("<samlp:Response "))
        self.assertIn('ID="_resp" Version="2.0" IssueInstant="2026-03-02T09:15:30.506Z" ', xml)
        self.assertNotIn("\n", xml)
        self.assertNotIn("> <", xml)
        self.assertLess(xml.index("<AttributeStatement"), xml.index("<AuthnStatement"))
        self.assertIn("</Issuer><Signature xmlns=", xml)
        self.assertIn('NotBefore="2026-03-02T09:10:30.506Z" NotOnOrAfter="2026-03-02T10:15:30.506Z"', xml)
        self.assertIn('SessionIndex="_assert"', xml)

    def test_none_leaves_out(self):
        xml = sr.build(response(destination=None, name_id=None, in_response_to=None, audiences=None,
                                with_authn_statement=False)).decode()
        for word in ("Destination", "NameID", "InResponseTo", "Recipient", "Audience", "Authn"):
            self.assertNotIn(word, xml)

    def test_error_status_has_no_assertion(self):
        xml = sr.make_response(response(status_codes=[sr.STATUS + "Requester", sr.STATUS + "NoPassive"],
                                        status_message="AADSTS50058: no"), self.signer)
        self.assertIn(b':Requester"><samlp:StatusCode Value=', xml)
        self.assertIn(b"<samlp:StatusMessage>AADSTS50058: no<", xml)
        self.assertNotIn(b"Assertion", xml)

    def test_encryption_round_trip(self):
        for cipher, transport in itertools.product(
                ("aes128-cbc", "aes256-cbc", "aes128-gcm", "aes256-gcm", "3des"),
                ("rsa-oaep-mgf1p", "rsa1_5")):
            xml = sr.make_response(response(), self.signer, "both", encrypt_to=self.cert,
                                   cipher=cipher, transport=transport)
            self.assertNotIn(b"ada@example.org", xml)
            self.assertNotIn(b"\n", xml)
            tree = sr.parse(xml)
            self.verify(tree, 1)
            manager = xmlsec.KeysManager()
            manager.add_key(xmlsec.Key.from_file(self.key, xmlsec.constants.KeyDataFormatPem))
            data = tree.find(".//{%s}EncryptedData" % sr.NS_XENC)
            xmlsec.EncryptionContext(manager).decrypt(data)
            text = sr.serialize(tree)
            self.assertIn(b"ada@example.org", text)
            assertion = sr.parse(text).find(".//{%s}Assertion" % sr.NS_SAML)
            self.verify(sr.parse(sr.serialize(assertion)), 1)


if __name__ == "__main__":
    unittest.main()
