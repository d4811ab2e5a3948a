# SPDX-License-Identifier: Apache-2.0
"""What the stand-in's own tests share: one stand-in for each test class, requests to it, and what comes back."""
import base64
import datetime
import json
import re
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request
import zlib

import xmlsec

import control
import saml_response as sr
from server import Entra

TID = "11111111-2222-4333-8444-555555555555"
APP = "aaaaaaaa-0000-4000-8000-000000000001"
ISSUER = "https://sp.example/saml/metadata"
ACS = "https://sp.example/saml/acs"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *unused):
        return None


DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)    # whatever http_proxy says


class Got:
    """An answer: status, text, headers."""

    def __init__(self, answer):
        with answer:
            self.status, self.headers = answer.status, answer.headers
            self.text = answer.read().decode()

    def json(self):
        return json.loads(self.text)

    def xml(self):
        """The Response in the form of the page."""
        found = re.search(r'name="SAMLResponse" value="([^"]+)"', self.text)
        if not found:
            raise AssertionError("expected the form with a SAMLResponse, got %d: %s" % (self.status, self.text))
        return base64.b64decode(found.group(1))

    def tree(self):
        return sr.parse(self.xml())

    def code(self):
        """The number on an error page, or None."""
        found = re.search(r"<pre>AADSTS(\d+): ", self.text)
        return int(found.group(1)) if found else None


def user(n, **more):
    return dict({"id": "u%d" % n, "upn": "user%d@example.org" % n, "mail": "user%d@example.org" % n,
                 "display_name": "User %d" % n, "groups": ["g1", "g2"]}, **more)


def application(**more):
    return dict({"id": APP, "identifiers": [ISSUER], "reply_urls": [ACS]}, **more)


def deflated(xml):
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(engine.compress(xml.encode()) + engine.flush()).decode()


def attributes(tree):
    """{name: [values]} in the order in which they came."""
    return {a.get("Name"): [v.text for v in a] for a in tree.iter("{%s}Attribute" % sr.NS_SAML)}


def verify(tree, cert):
    """Every signature in the tree, with one certificate; how many there are."""
    nodes = list(tree.iter("{%s}Signature" % sr.NS_DS))
    for node in nodes:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(cert, xmlsec.constants.KeyDataFormatCertPem)
        context.register_id(node.getparent(), "ID")
        context.verify(node)
    return len(nodes)


class StandTest(unittest.TestCase):
    TENANT = {}     # fields of the one tenant beside its ID

    @classmethod
    def tenant(cls):
        return dict({"id": TID, "users": [user(1)], "applications": [application()]}, **cls.TENANT)

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.idp = Entra({"tenants": [cls.tenant()]}, folder=cls.folder.name).__enter__()
        cls.url = cls.idp.login_url(TID)
        cls.control = control.Control(cls.idp)

    @classmethod
    def tearDownClass(cls):
        cls.idp.__exit__()
        cls.folder.cleanup()

    def command(self, do, **fields):
        answer = self.control.run(dict(fields, do=do))
        self.assertNotIn("error", answer)
        return answer

    def change(self, **values):
        """Fields of the application for this one test."""
        app = self.idp.tenants[TID].application(APP)
        before = {name: getattr(app, name) for name in values}
        self.addCleanup(lambda: [setattr(app, name, value) for name, value in before.items()])
        self.command("set", app=APP, values=values)
        return app

    def change_user(self, n, **values):
        target = self.idp.tenants[TID].user("u%d" % n)
        before = {name: getattr(target, name) for name in values}
        self.addCleanup(lambda: [setattr(target, name, value) for name, value in before.items()])
        self.command("set", user="u%d" % n, values=values)

    def fetch(self, url, fields=None, headers=None, data=None):
        if fields is not None:
            data = urllib.parse.urlencode(fields).encode()
        try:
            return Got(DIRECT.open(urllib.request.Request(url, data, headers or {}), timeout=10))
        except urllib.error.HTTPError as error:
            return Got(error)

    def request(self, issuer=ISSUER, inner="", **changes):
        values = {"ID": "_r1", "Version": "2.0", "IssueInstant": sr.instant(datetime.datetime.now(datetime.timezone.utc)),
                  "Destination": self.url, "AssertionConsumerServiceURL": ACS}
        values.update(changes)
        text = "".join(sr.attr(n, v) for n, v in values.items())
        return ('<samlp:AuthnRequest xmlns:samlp="%s"%s><Issuer xmlns="%s">%s</Issuer>%s</samlp:AuthnRequest>'
                % (sr.NS_SAMLP, text, sr.NS_SAML, issuer, inner))

    def post(self, xml, query="?login_hint=u1", relay_state="rs", url=None, **more):
        return self.fetch((url or self.url) + query, {"SAMLRequest": base64.b64encode(xml.encode()).decode(),
                                                      "RelayState": relay_state}, **more)

    def get(self, xml, more="", **options):
        return self.fetch("%s?SAMLRequest=%s%s" % (self.url, urllib.parse.quote(deflated(xml), safe=""), more), **options)
