# SPDX-License-Identifier: Apache-2.0
"""Checks of the commands: rollover, failures, counters, settings; a wrong command changes nothing."""
import http.client
import time
import unittest

import saml_response as sr
from stand import APP, TID, StandTest, verify

METADATA = "/%s/federationmetadata/2007-06/federationmetadata.xml" % TID
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"


class ControlTest(StandTest):
    TENANT = {"applications": [
        {"id": APP, "identifiers": ["https://sp.example/saml/metadata"], "reply_urls": ["https://sp.example/saml/acs"]},
        {"id": OTHER, "identifiers": ["https://@PORT@.example/"], "reply_urls": ["https://sp.example/acs"],
         "own_certificate": False}]}

    def setUp(self):
        self.command("clear")
        self.command("reset")

    def document(self, app=None, **headers):
        return self.fetch(self.idp.origin + METADATA + ("?appid=" + app if app else ""), headers=headers)

    def listed(self, app=None):
        tree = sr.parse(self.document(app).text.encode())
        return [e.text for e in tree[3].iter("{%s}X509Certificate" % sr.NS_DS)], tree

    def test_rollover_of_an_application(self):
        old = self.idp.tenants[TID].signer(self.idp.tenants[TID].application(APP)).cert
        new = self.command("certificate", step="add", app=APP)
        self.assertFalse(new["active"])
        self.assertEqual(self.listed(APP)[0], [sr.pem_body(old), sr.pem_body(new["cert"])])
        self.assertTrue(verify(self.post(self.request()).tree(), old))
        self.command("certificate", step="activate", app=APP, name=new["name"])
        self.assertTrue(verify(self.post(self.request()).tree(), new["cert"]))
        refused = self.control.run({"do": "certificate", "step": "remove", "app": APP, "name": new["thumbprint"]})
        self.assertIn("is active", refused["error"])
        first = self.command("list")["tenants"][TID]["applications"][APP]["certificates"][0]["name"]
        self.command("certificate", step="remove", app=APP, name=first)
        self.assertEqual(self.listed(APP)[0], [sr.pem_body(new["cert"])])

    def test_an_expired_certificate(self):
        """Section 7: it keeps signing while it is the only one; a valid inactive one is used without activation."""
        expired = self.command("certificate", step="expire", app=APP)
        self.assertLess(expired["not_after"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        self.assertTrue(verify(self.post(self.request()).tree(), expired["cert"]))
        valid = self.command("certificate", step="add", app=APP)
        self.assertTrue(verify(self.post(self.request()).tree(), valid["cert"]))
        self.command("certificate", step="activate", app=APP)
        self.command("certificate", step="remove", app=APP, name=expired["name"])

    def test_rolling_keys_of_the_tenant(self):
        new = self.command("certificate", step="add", active=True)
        certs, tree = self.listed()
        self.assertEqual(len(certs), 2)
        self.assertTrue(verify(tree, new["cert"]))
        self.assertEqual(self.listed(OTHER)[0], certs)      # an application without one of its own
        self.assertNotIn(sr.pem_body(new["cert"]), self.listed(APP)[0])
        refused = self.control.run({"do": "certificate", "step": "add", "app": OTHER})
        self.assertIn("signed with the tenant's keys", refused["error"])

    def test_failures_of_metadata(self):
        good = self.document().text
        for rule, status, check in (
                ({"status": 503, "retry_after": 7}, 503, lambda d: d.headers["Retry-After"] == "7"),
                ({"redirect": "https://elsewhere.example/"}, 302, lambda d: d.headers["Location"] == "https://elsewhere.example/"),
                ({"body": "<html>maintenance</html>"}, 200, lambda d: d.text == "<html>maintenance</html>"),
                ({"huge": 2000000}, 200, lambda d: len(d.text) > 2000000),
                ({"garbage": True}, 200, lambda d: len(d.text) < len(good) and "\x00" in d.text)):
            self.command("fault", at="metadata", times=1, **rule)
            answer = self.document()
            self.assertEqual(answer.status, status, rule)
            self.assertTrue(check(answer), rule)
            self.assertEqual(self.document().status, 200)

    def test_failures_of_the_connection(self):
        self.command("fault", at="metadata", times=1, cut=100)
        with self.assertRaises(http.client.IncompleteRead):
            self.document()
        for rule in ({"close": True}, {"hang": 0.3}):
            self.command("fault", at="metadata", times=1, **rule)
            with self.assertRaises((ConnectionError, http.client.RemoteDisconnected)):
                self.document()
        self.command("fault", at="metadata", times=1, delay=0.3)
        before = time.monotonic()
        self.assertEqual(self.document().status, 200)
        self.assertGreaterEqual(time.monotonic() - before, 0.3)

    def test_failures_last_as_long_as_ordered(self):
        self.command("fault", at="metadata", times=2, status=500)
        self.command("fault", at="metadata", status=502)
        self.assertEqual([self.document().status for _ in range(4)], [500, 500, 502, 502])
        self.command("clear", at="metadata")
        self.assertEqual(self.document().status, 200)
        self.assertEqual(self.command("counters")["counters"], {
            "metadata": 5, "metadata 500": 2, "metadata 502": 2, "metadata 200": 1})

    def test_a_failure_has_the_form_of_its_endpoint(self):
        self.command("fault", at="saml2", times=1, code=90033)
        self.assertEqual(self.post(self.request()).code(), 90033)
        self.command("fault", at="graph", times=1, status=429, retry_after=3)
        answer = self.fetch(self.idp.origin + "/v1.0/users/u1/getMemberGroups", data=b"{}")
        self.assertEqual((answer.status, answer.headers["Retry-After"], answer.json()["error"]["code"]), (429, "3", "TooManyRequests"))
        self.command("fault", at="token", times=1, code=7000222, status=401)
        answer = self.fetch("%s/%s/oauth2/v2.0/token" % (self.idp.origin, TID), {})
        self.assertEqual((answer.status, answer.json()["error"], answer.json()["error_codes"]), (401, "invalid_client", [7000222]))

    def test_what_was_asked_can_be_read(self):
        self.document(APP, X_Test="1")
        seen = self.command("requests", at="metadata")["requests"]
        self.assertEqual([(s["method"], s["path"], s["query"]) for s in seen], [("GET", METADATA, "appid=" + APP)])
        self.assertEqual(self.command("requests", at="graph")["requests"], [])

    def test_conditional_requests(self):
        first = self.document()
        for headers in ({"If-None-Match": first.headers["ETag"]}, {"If-Modified-Since": first.headers["Last-Modified"]}):
            answer = self.document(**headers)
            self.assertEqual((answer.status, answer.text), (304, ""))
        self.assertEqual(self.document(**{"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]}).status, 200)
        self.command("settings", values={"conditional": False})
        self.addCleanup(self.command, "settings", values={"conditional": True})
        answer = self.document(**{"If-None-Match": first.headers["ETag"]})
        self.assertEqual((answer.status, answer.headers["ETag"]), (200, None))

    def test_substitute(self):
        self.command("substitute", values={"@PORT@": "p1"})
        self.assertEqual(self.command("list")["tenants"][TID]["applications"][OTHER]["identifiers"], ["https://p1.example/"])

    def test_wrong_commands(self):
        for command in ({}, {"do": "nothing"}, {"do": "fault", "at": "nowhere"}, {"do": "fault", "at": "graph", "statsu": 1},
                        {"do": "fault", "at": "graph", "times": 0}, {"do": "set", "app": "x", "values": {}},
                        {"do": "set", "app": APP, "values": {"sing": "both"}}, {"do": "set", "app": APP, "values": {"sign": "none"}},
                        {"do": "set", "app": APP, "values": {"group_format": "cloud_displayname"}},
                        {"do": "set", "app": APP, "values": {"claims": [{"name": "x", "source": "user.nothing"}]}},
                        {"do": "set", "user": "nobody", "values": {}}, {"do": "settings", "values": {"x": 1}},
                        {"do": "settings", "values": {"proxy_down": True}}, {"do": "certificate", "step": "steal", "app": APP},
                        {"do": "certificate", "step": "activate", "app": APP, "name": "x"}, {"do": "counters", "x": 1}):
            self.assertIn("error", self.control.run(command), command)
        self.assertEqual(self.idp.tenants[TID].application(APP).sign, "assertion")
        self.assertEqual(self.post(self.request()).status, 200)


if __name__ == "__main__":
    unittest.main()
