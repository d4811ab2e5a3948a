# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of the stand-in, on 127.0.0.1 with a free port and optional TLS.

    with Entra(configuration) as idp:       # configuration: see tenant.py
        idp.login_url(tenant_id)            # https://127.0.0.1:port/<tenant>/saml2

Paths: /<tenant>/saml2 takes requests by POST and Redirect, /<tenant>/login the choice of a user,
/<tenant>/signin/<appid> starts IdP-initiated sign-on as a My Apps tile does, and
/<tenant>/FederationMetadata/2007-06/FederationMetadata.xml[?appid=] gives the metadata.
`login_hint` (on /saml2 and /signin) that names a user signs that user in without a page.
"""
import collections
import http.cookies
import http.server
import secrets
import ssl
import sys
import threading
import urllib.parse

import authn_request
import claims
import logout
import metadata
import pages
import saml_response as sr
import tenant as directory
from authn_request import Aadsts

MAX_BODY = 262144
MAX_PENDING = 1000
SESSION_COOKIE = "ESTSAUTH"
METADATA_PATH = "federationmetadata/2007-06/federationmetadata.xml"


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, ssl.SSLError, TimeoutError)):
            super().handle_error(request, client_address)


class Entra:
    """The whole stand-in: tenants, waiting requests and a server that runs in a thread."""

    def __init__(self, configuration, port=0, tls=None, host="127.0.0.1", public_host=None, log=None):
        """`tls`: (key file, certificate file) or None; `log`: called with one line per request."""
        self.tenants = directory.load(configuration)
        self.log = log
        self._pending = collections.OrderedDict()
        self._lock = threading.Lock()
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

    def login_url(self, tenant_id):
        return "%s/%s/saml2" % (self.origin, tenant_id)

    def metadata(self, tenant_id, app_id=None):
        """Metadata octets without a request."""
        tenant = self.tenants[tenant_id]
        app = tenant.application(app_id) if app_id else None
        if app_id and app is None:
            raise Aadsts(700016, "Application with identifier '%s' was not found." % app_id)
        return metadata.build(tenant, "%s/%s" % (self.origin, tenant.id), app)

    def park(self, request):
        """Keep a request while the user chooses; its one-time name."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._pending[name] = request
            while len(self._pending) > MAX_PENDING:
                self._pending.popitem(last=False)
        return name

    def unpark(self, name):
        with self._lock:
            return self._pending.pop(name, None)

    def response(self, tenant, request, user):
        """The signed Response for a request; request.id None makes it unsolicited."""
        app = request.application
        if app.assigned is not None and user.id not in app.assigned:
            raise Aadsts(50105, "Your administrator has configured the application %s ('%s') to block "
                         "users unless they are specifically granted access." % (app.name, app.id))
        name_id, name_id_format = claims.name_id(app, user, request.name_id_format)
        if not name_id:
            raise Aadsts(501241, "Mandatory input for the NameID is missing on user '%s'." % user.id)
        return sr.make_response(sr.Response(
            issuer=tenant.entity_id(), destination=request.acs_url, in_response_to=request.id,
            audiences=[claims.audience(request.issuer)], name_id=name_id,
            name_id_format=name_id_format, attributes=claims.attributes(tenant, app, user),
            authn_context=request.authn_context or sr.AC_PASSWORD),
            app.signer(), app.sign, app.encrypt_cert, app.encrypt_cipher)

    def unsolicited(self, tenant, app):
        """The request that a My Apps tile stands for."""
        if app.require_signed_requests:
            raise Aadsts(76021, "Application '%s' requires signed authentication requests." % app.id)
        if not app.reply_urls or not app.identifiers:
            raise Aadsts(900971, "No reply address provided.")
        return authn_request.Request(id=None, issuer=app.identifiers[0], acs_url=app.reply_urls[0],
                                     application=app, relay_state=app.relay_state)


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
        self._serve("GET", {})

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(413, b"")
            return
        body = self.rfile.read(int(length)).decode("utf-8", "replace")
        self._serve("POST", urllib.parse.parse_qs(body, keep_blank_values=True))

    def _serve(self, method, form):
        path, _, query = self.path.partition("?")
        parts = urllib.parse.unquote(path).strip("/").split("/", 1)
        try:
            tenant = self.idp.tenants.get(parts[0])
            if tenant is None:
                raise Aadsts(90002, "Tenant '%s' not found." % parts[0], 404)
            self._route(tenant, method, parts[1] if len(parts) > 1 else "", query, form)
        except Aadsts as refusal:
            self._send(refusal.status, pages.error(refusal))

    def _route(self, tenant, method, rest, query, form):
        params = urllib.parse.parse_qs(query, keep_blank_values=True)
        if rest == "saml2":
            self._saml2(tenant, method, query, params, form)
        elif rest == "login" and method == "POST":
            self._chosen(tenant, form)
        elif rest.startswith("signin/") and method == "GET":
            app = tenant.application(rest[len("signin/"):])
            if app is None:
                raise Aadsts(700016, "Application with identifier '%s' was not found in the directory."
                             % rest[len("signin/"):])
            self._ask(tenant, self.idp.unsolicited(tenant, app), params)
        elif rest.lower() == METADATA_PATH and method == "GET":
            xml = self.idp.metadata(tenant.id, _one(params, "appid"))
            self._send(200, xml, "application/xml; charset=utf-8")
        else:
            raise Aadsts(900144, "Nothing is served at this address.", 404)

    def _saml2(self, tenant, method, query, params, form):
        values = form if method == "POST" else params
        xml = authn_request.decode(_one(values, "SAMLRequest"), deflated=method == "GET")
        if method == "GET" and logout.is_request(xml):
            self._logout(tenant, xml, _one(values, "RelayState"))
            return
        request = authn_request.read(xml, tenant, self.idp.login_url(tenant.id),
                                     _one(values, "RelayState"), query if method == "GET" else None)
        self._ask(tenant, request, params)

    def _ask(self, tenant, request, params):
        """Sign in at once with a session or a hint, else show the page with the users."""
        user = None if request.force_authn else self._session_user(tenant)
        user = user or tenant.user(_one(params, "login_hint"))
        if user:
            self._answer(tenant, request, user)
        elif request.is_passive:
            xml = sr.build(sr.Response(
                issuer=tenant.entity_id(), in_response_to=request.id,
                status_codes=[sr.STATUS + "Responder", sr.STATUS + "NoPassive"],
                status_message="AADSTS50058: A silent sign-in request was sent but no user is signed in."))
            self._send(200, pages.post_form(request.acs_url, xml, request.relay_state))
        else:
            self._send(200, pages.sign_in(tenant, request.application, "/%s/login" % tenant.id,
                                          self.idp.park(request)))

    def _logout(self, tenant, xml, relay_state):
        """End the session here; then back to the application, or a page where it has no logout URL."""
        app, request_id = logout.read(xml, tenant)
        cookies = ["%s=; Path=/%s; Max-Age=0; HttpOnly; SameSite=None; Secure" % (SESSION_COOKIE, tenant.id)]
        if app.logout_url:
            self._send(302, b"", cookies=cookies, location=logout.response_url(tenant, app, request_id, relay_state))
        else:
            self._send(200, pages.signed_out(), cookies=cookies)

    def _chosen(self, tenant, form):
        request = self.idp.unpark(_one(form, "ctx") or "")
        user = tenant.user(_one(form, "user"))
        if request is None or request.application not in tenant.applications:
            raise Aadsts(165000, "Invalid request: the request tokens do not match the user context.")
        if user is None:
            raise Aadsts(50034, "The user account does not exist in the directory.")
        self._answer(tenant, request, user)

    def _answer(self, tenant, request, user):
        xml = self.idp.response(tenant, request, user)
        cookies = []
        if tenant.sessions:
            cookies.append("%s=%s; Path=/%s; HttpOnly; SameSite=None; Secure"
                           % (SESSION_COOKIE, user.id, tenant.id))
        self._send(200, pages.post_form(request.acs_url, xml, request.relay_state), cookies=cookies)

    def _session_user(self, tenant):
        if not tenant.sessions:
            return None
        jar = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        return tenant.user(jar[SESSION_COOKIE].value) if SESSION_COOKIE in jar else None

    def _send(self, status, body, content_type="text/html; charset=utf-8", cookies=(), location=None):
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store, no-cache")
        for cookie in cookies:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)


def _one(params, name):
    """The only value of a parameter; None when absent; twice is a refusal."""
    values = params.get(name)
    if not values:
        return None
    if len(values) > 1:
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message. (%s twice)" % name)
    return values[0]
