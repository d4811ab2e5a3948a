# SPDX-License-Identifier: Apache-2.0
"""Checks of the proxy: Microsoft's host names lead to the stand-in under their own certificate, everything else is refused."""
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

import cloud
import keys
import saml_response as sr
from proxy import Proxy
from server import Entra

TID = "11111111-2222-4333-8444-555555555555"
APP = "aaaaaaaa-0000-4000-8000-000000000001"
CONFIG = {"tenants": [{"id": TID, "cloud": "global", "applications": [
    {"id": APP, "identifiers": ["https://sp.example/saml"], "reply_urls": ["https://sp.example/saml/acs"]}]}]}
METADATA = "/%s/federationmetadata/2007-06/FEDERATIONMETADATA.XML" % TID


class ProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.ca, key, cert = keys.clouds(cls.folder.name)
        cls.idp = Entra(CONFIG, tls=(key, cert), folder=cls.folder.name).__enter__()
        cls.proxy = Proxy(cls.idp.port).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.proxy.__exit__()
        cls.idp.__exit__()
        cls.folder.cleanup()

    def connect(self, line):
        """The proxy's answer to a first line, and the open socket."""
        client = socket.create_connection(("127.0.0.1", self.proxy.port), 10)
        self.addCleanup(client.close)
        client.sendall((line + "\r\nHost: x\r\n\r\n").encode())
        return client.recv(4096).decode().split("\r\n")[0], client

    def get(self, host, path):
        said, client = self.connect("CONNECT %s:443 HTTP/1.1" % host)
        self.assertIn(" 200 ", said)
        with ssl.create_default_context(cafile=self.ca).wrap_socket(client, server_hostname=host) as tls:
            tls.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (path, host)).encode())
            octets = b""
            while True:
                more = tls.recv(65536)
                if not more:
                    return octets.decode()
                octets += more

    def test_urls_have_the_host_that_was_asked(self):
        text = self.get("login.microsoftonline.com", METADATA + "?appid=" + APP)
        self.assertIn("HTTP/1.1 200", text)
        self.assertIn('Location="https://login.microsoftonline.com/%s/saml2"' % TID, text)
        self.assertNotIn("127.0.0.1", text)

    def test_every_host_has_the_certificate(self):
        for host in cloud.HOSTS:
            self.assertIn("HTTP/1.1 ", self.get(host, "/"), host)

    def test_another_cloud_does_not_have_the_tenant(self):
        self.assertIn("AADSTS90038", self.get("login.microsoftonline.us", METADATA))

    def test_all_else_is_refused(self):
        for line in ("CONNECT example.org:443 HTTP/1.1", "CONNECT login.microsoftonline.com:80 HTTP/1.1", "CONNECT HTTP/1.1",
                     "CONNECT login.microsoftonline.com.example.org:443 HTTP/1.1", "CONNECT 127.0.0.1:443 HTTP/1.1",
                     "GET http://login.microsoftonline.com/ HTTP/1.1", "GET / HTTP/1.1"):
            before = self.proxy.counts["refused"]
            self.assertIn(" 403 ", self.connect(line)[0], line)
            self.assertEqual(self.proxy.counts["refused"], before + 1)
            self.assertEqual(self.proxy.last_refused, line)

    def test_out_of_order_by_command(self):
        self.proxy.down = True
        try:
            self.assertIn(" 502 ", self.connect("CONNECT login.microsoftonline.com:443 HTTP/1.1")[0])
        finally:
            self.proxy.down = False

    def test_command_line(self):
        name = os.path.join(self.folder.name, "config.json")
        with open(name, "w", encoding="ascii") as handle:
            json.dump(CONFIG, handle)
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "entra.py")
        with subprocess.Popen([sys.executable, "-B", program, name, "--proxy"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as process:
            ready = json.loads(process.stdout.readline())
            self.assertEqual(sorted(ready), ["ca", "origin", "proxy"])
            self.assertTrue(sr.pem_body(ready["ca"]))
            out, _ = process.communicate('{"do": "counters"}\nnonsense\n{"do": "shout"}\n', timeout=30)
            answers = [json.loads(line) for line in out.splitlines()]
            self.assertEqual(answers[0], {"ok": True, "counters": {}, "proxy": {}, "proxy_last_refused": None})
            self.assertIn("not JSON", answers[1]["error"])
            self.assertIn("_do_shout", answers[2]["error"])
        self.assertEqual(process.returncode, 0)
        self.assertFalse(os.path.exists(ready["ca"]))


if __name__ == "__main__":
    unittest.main()
