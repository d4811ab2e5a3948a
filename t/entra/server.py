# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of the stand-in, on 127.0.0.1 with a free port and optional TLS.

    with Entra(configuration) as idp:       # configuration: see tenant.py
        idp.login_url(tenant_id)            # https://127.0.0.1:port/<tenant>/saml2

Reached under one of Microsoft's host names (through proxy.py, or a browser's resolver rules) it writes its URLs with that name,
else with its origin. Paths: routes.py. Failures on command: faults.py.
"""
import http.cookies
import http.server
import socket
import ssl
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

import claims
import cloud
import metadata
import pages
import routes
import tenant as directory
from aadsts import Aadsts
from faults import Faults
from http_parts import Answer, Call
from sessions import Store

MAX_BODY = 262144


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, ssl.SSLError, TimeoutError)):
            super().handle_error(request, client_address)


class Entra:
    """The whole stand-in: tenants, what waits and lives, and a server that runs in a thread."""

    def __init__(self, configuration, port=0, tls=None, host="127.0.0.1", public_host=None, log=None, folder=None):
        """`tls`: (key file, certificate file) or None; `log`: called with one line per request; `folder`: for keys made here."""
        self._folder = None if folder else tempfile.TemporaryDirectory(prefix="entra-keys-")
        self.folder = folder or self._folder.name
        self.tenants = directory.load(configuration, self.folder)
        for app in (a for t in self.tenants.values() for a in t.applications):
            claims.check(app, directory.User("", "", ""))
        self.log = log
        self.faults = Faults()
        self.parked, self.sessions = Store(), Store()
        self.tokens, self.seen_jti, self.pages = Store(3600), Store(3600), Store(3600)
        self.settings = {"conditional": True, "next_link_host": None, "page_size": None, "token_s": 3599}
        self.documents = metadata.Documents()
        handler = type("Handler", (_Handler,), {"idp": self})
        self.httpd = _Server((host, port), handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls[1], tls[0])
            self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True,
                                                    do_handshake_on_connect=False)
        self.port = self.httpd.server_address[1]
        self.origin = "%s://%s:%d" % ("https" if tls else "http", public_host or host, self.port)
        self._thread = threading.Thread(target=self.httpd.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self.httpd.shutdown()
        self.httpd.server_close()
        self._thread.join(5)
        if self._folder:
            self._folder.cleanup()

    def login_url(self, tenant_id, base=None):
        return "%s/%s/saml2" % (base or self.origin, tenant_id)

    def tenant(self, name, host=""):
        """By ID or verified domain; a host of another cloud does not have it (AADSTS90038)."""
        found = self.tenants.get(name) or next((t for t in self.tenants.values() if name in t.domains), None)
        if found is None:
            raise Aadsts(90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into "
                         "the correct cloud." % name)
        if host and cloud.LOGIN_HOSTS.get(host, found.cloud) != found.cloud:
            raise Aadsts(90038, "Tenant '%s' request is being redirected to the National Cloud '%s'."
                         % (name, cloud.CLOUDS[found.cloud].login[0]))
        return found

    def metadata(self, tenant_id, app_id=None, base=None):
        """Metadata octets without a request."""
        return self.documents.document(self.tenant(tenant_id), app_id, base or self.origin).octets

    def base(self, host):
        return "https://" + host if host else self.origin


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "entra-stand-in"
    sys_version = ""
    timeout = 30
    idp = None

    def log_message(self, format, *args):
        if self.idp.log:
            self.idp.log(format % args)

    def do_GET(self):
        self._serve("GET", b"")

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(Answer(413))
            return
        self._serve("POST", self.rfile.read(int(length)))

    def _call(self, method, body):
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "").lower()
        host = host[:-4] if host.endswith(":443") else host
        host = host if host in cloud.HOSTS else ""
        form = {}
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            form = urllib.parse.parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        jar = http.cookies.SimpleCookie(headers.get("cookie", ""))
        return Call(method, host, self.idp.base(host), urllib.parse.unquote(path).strip("/"), query,
                    urllib.parse.parse_qs(query, keep_blank_values=True), form, body, headers,
                    {name: morsel.value for name, morsel in jar.items()})

    def _serve(self, method, body):
        call = self._call(method, body)
        endpoint, serve = routes.find(call)
        rule = self.idp.faults.take(endpoint, call.brief()) or {}
        time.sleep(rule.get("delay", 0))
        if rule.get("hang") or rule.get("close"):
            time.sleep(rule.get("hang", 0))
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        try:
            answer = routes.failure(endpoint, rule) or serve(self.idp, call)
        except Aadsts as refusal:
            answer = Answer(refusal.status, pages.error(refusal))
        except Exception:       # a fault of the stand-in itself: said, and no page that a test could take for a refusal
            traceback.print_exc()
            answer = Answer(500)
        self.idp.faults.answered(endpoint, answer.status)
        self._send(answer, rule)

    def _send(self, answer, rule=None):
        rule = rule or {}
        body = answer.body
        if rule.get("garbage"):
            body = body[:len(body) // 2] + b"\x00<&]]>" * 16
        if rule.get("huge"):
            body = body[:len(body) // 2] + b" " * rule["huge"]
        self.send_response(answer.status)
        if answer.status != 304:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
        if not answer.cacheable:
            self.send_header("Cache-Control", "no-store, no-cache")
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:rule["cut"]] if "cut" in rule else body)
        if "cut" in rule:
            self.close_connection = True
