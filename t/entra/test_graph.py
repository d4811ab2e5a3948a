# SPDX-License-Identifier: Apache-2.0
"""Checks of the token endpoint and of Graph's group calls (doc/entra.md section 5)."""
import base64
import datetime
import hashlib
import json
import time
import unittest
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

import keys
import saml_response as sr
from oauth import ASSERTION_TYPE
from stand import APP, TID, StandTest, application, user

SCOPE = "https://graph.microsoft.com/.default"


def b64url(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


class GraphTest(StandTest):
    @classmethod
    def tenant(cls):
        cls.client = keys.self_signed(cls.folder.name, "client", "/CN=client")
        return {"id": TID, "groups": {"list": {"name": "List", "kind": "distribution"},
                                      "g1": {"name": "Group one", "sam": "One", "parents": ["list"]}},
                "directory_roles": {"role1": "template"},
                "users": [user(1, groups=["g1"], directory_roles=["role1"]), user(2, groups=["g%d" % n for n in range(2, 252)]),
                          user(3, groups=["x%d" % n for n in range(11001)])],
                "applications": [application(client_secrets=[{"value": "s&cret+"}, {"value": "old", "expired": True}],
                                             client_certs=[cls.client[1]])]}

    def setUp(self):
        self.endpoint = "%s/%s/oauth2/v2.0/token" % (self.idp.origin, TID)

    # --- tokens ---

    def ask(self, **fields):
        values = {"grant_type": "client_credentials", "client_id": APP, "scope": SCOPE, "client_secret": "s&cret+"}
        values.update(fields)
        return self.fetch(self.endpoint, {n: v for n, v in values.items() if v is not None})

    def assertion(self, pair=None, header=(), payload=(), salt=32):
        now = int(time.time())
        with open((pair or self.client)[0], "rb") as handle:
            key = serialization.load_pem_private_key(handle.read(), None)
        der = x509.load_pem_x509_certificate(sr.read((pair or self.client)[1])).public_bytes(serialization.Encoding.DER)
        parts = [dict({"alg": "PS256", "typ": "JWT", "x5t#S256": b64url(hashlib.sha256(der).digest())}, **dict(header)),
                 dict({"aud": self.endpoint, "iss": APP, "sub": APP, "jti": str(uuid.uuid4()), "nbf": now, "iat": now,
                       "exp": now + 300}, **dict(payload))]
        text = ".".join(b64url(json.dumps(p).encode()) for p in parts)
        return text + "." + b64url(key.sign(text.encode(), padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256()))

    def by_assertion(self, made, **fields):
        return self.ask(client_secret=None, client_assertion=made, **dict({"client_assertion_type": ASSERTION_TYPE}, **fields))

    def test_secret(self):
        answer = self.ask()
        self.assertEqual(answer.status, 200)
        self.assertEqual((answer.json()["token_type"], answer.json()["expires_in"]), ("Bearer", 3599))
        for status, code, error, fields in (
                (401, 7000215, "invalid_client", {"client_secret": "no"}), (401, 7000222, "invalid_client", {"client_secret": "old"}),
                (400, 700016, "unauthorized_client", {"client_id": "x"}),
                (400, 70003, "unsupported_grant_type", {"grant_type": "password"}),
                (400, 70011, "invalid_scope", {"scope": "https://graph.microsoft.us/.default"}),
                (400, 70011, "invalid_scope", {"scope": "https://graph.microsoft.com/User.Read"}),
                (400, 900144, "invalid_request", {"scope": None}), (400, 900144, "invalid_request", {"grant_type": None}),
                (401, 7000216, "invalid_client", {"client_secret": None}), (401, 7000216, "invalid_client", {"client_assertion": "x"})):
            answer = self.ask(**fields)
            self.assertEqual((answer.status, answer.json()["error"], answer.json()["error_codes"]), (status, error, [code]), fields)
            self.assertTrue(answer.json()["error_description"].startswith("AADSTS%d: " % code))
        self.assertEqual(self.fetch(self.endpoint).code(), 900144)      # by POST only

    def test_assertion(self):
        self.assertEqual(self.by_assertion(self.assertion()).status, 200)
        made = self.assertion()
        self.assertEqual(self.by_assertion(made).status, 200)
        self.assertEqual(self.by_assertion(made).json()["error_codes"], [700027])       # the jti was used
        self.assertEqual(self.by_assertion(self.assertion(), client_assertion_type=None).json()["error_codes"], [900144])

    def test_wrong_assertions(self):
        now = int(time.time())
        other = keys.self_signed(self.folder.name, "other-client", "/CN=client")
        good = self.assertion()
        der = x509.load_pem_x509_certificate(sr.read(self.client[1])).public_bytes(serialization.Encoding.DER)
        claimed = {"x5t#S256": b64url(hashlib.sha256(der).digest())}
        for made in (self.assertion(other), self.assertion(other, header=claimed), self.assertion(header={"alg": "RS256"}),
                     self.assertion(header={"typ": "at"}), self.assertion(salt=20), self.assertion(payload={"aud": self.endpoint + "/"}),
                     self.assertion(payload={"iss": "x"}), self.assertion(payload={"sub": "x"}), self.assertion(payload={"jti": ""}),
                     self.assertion(payload={"nbf": now - 900, "exp": now - 400}), self.assertion(payload={"exp": now + 3600}),
                     self.assertion(payload={"nbf": now + 1000, "exp": now + 1300}), self.assertion(payload={"exp": str(now + 300)}),
                     self.assertion(payload={"iat": None}), good[:-4] + "AAAA", good + ".x", good.split(".")[0], good.replace(".", "=.", 1),
                     "e30.e30.e30", "W10.e30.AA", "x.y.z", "\xe9.\xe9.\xe9"):
            answer = self.by_assertion(made)
            self.assertEqual((answer.status, answer.json()["error_codes"]), (401, [700027]), made)

    def test_an_expired_client_certificate(self):
        start = datetime.datetime.utcnow() - datetime.timedelta(days=9)
        old = keys.self_signed(self.folder.name, "old-client", "/CN=client", 3, start)
        self.change(client_certs=[old[1]])
        self.assertIn("expired", self.by_assertion(self.assertion(old)).json()["error_description"])

    # --- Graph ---

    def graph(self, path, body=None, token=None, headers=None):
        made = {"Authorization": "Bearer " + (token or self.ask().json()["access_token"])}
        if body is not None:
            made["Content-Type"] = "application/json"
        made.update(headers or {})
        return self.fetch(self.idp.origin + "/v1.0/" + path, data=None if body is None else json.dumps(body).encode(), headers=made)

    def member(self, name, security_only=True, verb="getMemberGroups", **options):
        return self.graph("users/%s/%s" % (name, verb), {"securityEnabledOnly": security_only}, **options)

    def test_member_groups(self):
        answer = self.member("u1")
        self.assertEqual((answer.status, answer.json()["value"]), (200, ["g1"]))
        self.assertTrue(answer.json()["@odata.context"].endswith("/v1.0/$metadata#Collection(Edm.String)"))
        self.assertEqual(self.member("u1", False).json()["value"], ["g1", "list"])
        self.assertEqual(self.member("u1", False, "getMemberObjects").json()["value"], ["g1", "list", "role1"])
        self.assertEqual(len(self.member("u2").json()["value"]), 250)

    def test_refusals(self):
        token = self.ask().json()["access_token"]
        for status, code, answer in (
                (401, "InvalidAuthenticationToken", self.member("u1", token="x")),
                (401, "InvalidAuthenticationToken", self.member("u1", headers={"Authorization": "Basic x"})),
                (401, "InvalidAuthenticationToken", self.member("u1", headers={"Host": "graph.microsoft.us"})),
                (404, "Request_ResourceNotFound", self.member("u9")), (404, "Request_ResourceNotFound", self.member("user1@example.org")),
                (404, "ResourceNotFound", self.graph("me", {})), (400, "Request_BadRequest", self.member("u1", "yes")),
                (400, "Request_BadRequest", self.graph("users/u1/getMemberGroups", [])),
                (400, "Request_BadRequest", self.member("u1", headers={"Content-Type": "text/plain"})),
                (405, "Request_BadRequest", self.graph("users/u1/getMemberGroups")),
                (400, "Directory_ResultSizeLimitExceeded", self.member("u3"))):
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (status, code))
            self.assertIn("request-id", answer.json()["error"]["innerError"])
        self.command("forget_tokens")
        self.assertEqual(self.member("u1", token=token).status, 401)

    def test_permissions(self):
        token = self.ask().json()["access_token"]
        for given, post, get in ((["User.Read.All"], 403, 200), (["GroupMember.Read.All"], 403, 200), (["Directory.Read.All"], 200, 200),
                                 (["User.ReadBasic.All", "GroupMember.Read.All"], 200, 200), ([], 403, 403)):
            self.change(graph_permissions=given)
            self.assertEqual((self.member("u1", token=token).status, self.listed("u1", token=token).status), (post, get), given)
        self.assertEqual(self.member("u1", token=token).json()["error"]["code"], "Authorization_RequestDenied")

    def listed(self, name, query="$count=true", headers=None, token=None):
        return self.graph("users/%s/transitiveMemberOf/microsoft.graph.group?%s" % (name, query),
                          headers={"ConsistencyLevel": "eventual"} if headers is None else headers, token=token)

    def test_list_of_groups(self):
        answer = self.listed("u1").json()
        self.assertEqual(answer["value"], [
            {"@odata.type": "#microsoft.graph.group", "id": "g1", "displayName": "Group one", "onPremisesSamAccountName": "One",
             "securityEnabled": True},
            {"@odata.type": "#microsoft.graph.group", "id": "list", "displayName": "List", "onPremisesSamAccountName": None,
             "securityEnabled": False}])
        self.assertEqual(self.listed("u1", "$count=true&$select=id").json()["value"][0],
                         {"@odata.type": "#microsoft.graph.group", "id": "g1"})
        for code, got in (("Request_UnsupportedQuery", self.listed("u1", headers={})), ("Request_UnsupportedQuery", self.listed("u1", "")),
                          ("Request_BadRequest", self.listed("u1", "$count=true&$top=1000")),
                          ("Request_BadRequest", self.listed("u1", "$count=true&$top=0")),
                          ("Request_BadRequest", self.listed("u1", "$count=true&$select=x")),
                          ("Request_BadRequest", self.listed("u1", "$count=true&$count=true")),
                          ("Directory_ExpiredPageToken", self.listed("u1", "$count=true&$skiptoken=x"))):
            self.assertEqual((got.status, got.json()["error"]["code"]), (400, code))

    def test_paging(self):
        found, path = [], "users/u2/transitiveMemberOf/microsoft.graph.group?$count=true&$select=id"
        while path:
            answer = self.graph(path, headers={"ConsistencyLevel": "eventual"}).json()
            found.append([g["id"] for g in answer["value"]])
            path = answer.get("@odata.nextLink", "").replace(self.idp.origin + "/v1.0/", "")
            self.assertFalse(path.startswith("http"))
        self.assertEqual([len(page) for page in found], [100, 100, 50])
        self.assertEqual(sum(found, []), ["g%d" % n for n in range(2, 252)])
        self.assertEqual(len(self.listed("u2", "$count=true&$top=999").json()["value"]), 250)
        self.addCleanup(self.command, "settings", values={"page_size": None, "next_link_host": None})
        self.command("settings", values={"page_size": 2, "next_link_host": "elsewhere.example"})
        answer = self.listed("u2", "$count=true&$top=999").json()
        self.assertEqual(len(answer["value"]), 2)
        self.assertTrue(answer["@odata.nextLink"].startswith("https://elsewhere.example/v1.0/users/u2/"))

    def test_throttling(self):
        token = self.ask().json()["access_token"]
        self.command("fault", at="graph", status=429, retry_after=1, times=2)
        answers = [self.member("u1", token=token) for _ in range(3)]
        self.assertEqual([(a.status, a.headers["Retry-After"]) for a in answers], [(429, "1"), (429, "1"), (200, None)])


if __name__ == "__main__":
    unittest.main()
