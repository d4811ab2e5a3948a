# SPDX-License-Identifier: Apache-2.0
"""An identity provider that others wrote: Debian's python3-pysaml2 behind a few lines of http.server.

Everything of SAML (metadata, reading the request, the Response, its signature by the xmlsec1 program)
is pysaml2's. The glue shows the users, each a button, and keeps nothing between requests.

    with Idp(folder, key, cert, users, tls=(key, cert)) as idp:
        idp.metadata()                  # octets for SAMLIdPMetadata
        idp.know("sp.xml")              # a service provider's metadata, before its first request
"""
import html
import http.server
import os
import shutil
import ssl
import sys
import threading
import urllib.parse

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

HERE = os.path.dirname(os.path.abspath(__file__))
PASSWORD = {"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": "idp"}
SIGNED = {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}


class Provider:
    """What is pysaml2's of it, and knows of no connection: metadata, Responses, logout messages. `sso` and `slo`: (address, binding) of each service."""

    def __init__(self, entity_id, key, cert, maps, sso, slo):
        self.entity_id, self._key, self._cert, self._maps, self._sso, self._slo = entity_id, key, cert, maps, sso, slo
        self.server = None

    def _config(self, known=()):
        settings = {
            "entityid": self.entity_id,
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "attribute_map_dir": self._maps,
            "key_file": self._key, "cert_file": self._cert,
            "service": {"idp": {
                "endpoints": {"single_sign_on_service": self._sso, "single_logout_service": self._slo},
                "name_id_format": [NAMEID_FORMAT_EMAILADDRESS],
                "policy": {"default": {"lifetime": {"minutes": 15}, "attribute_restrictions": None,
                                       "name_form": NAME_FORMAT_URI}}}},
        }
        if known:
            settings["metadata"] = {"local": list(known)}
        return IdPConfig().load(settings)

    def metadata(self):
        return str(entity_descriptor(self._config()))

    def know(self, *sp_metadata):
        """Files of service providers, each before its first request."""
        self.server = Server(config=self._config(sp_metadata))

    def request(self, fields, binding):
        """An AuthnRequest."""
        return self.server.parse_authn_request(fields["SAMLRequest"], binding).message

    def respond(self, request, identity, user, name_id, authn=PASSWORD, sign_response=True):
        """(Response, where it goes). The assertion is signed."""
        args = self.server.response_args(request, [BINDING_HTTP_POST])
        args.pop("name_id_policy", None)
        response = self.server.create_authn_response(identity, userid=user, authn=authn, sign_assertion=True, sign_response=sign_response,
                                                     name_id=name_id, **SIGNED, **args)
        return str(response), args["destination"]

    def pack(self, binding, xml, destination, relay_state, response):
        """(address, page): where the browser goes, or the page that takes it there."""
        by_redirect = binding == BINDING_HTTP_REDIRECT
        made = self.server.apply_binding(binding, xml, destination, relay_state, response=response, sign=by_redirect, sigalg=SIG_RSA_SHA256)
        return (dict(made["headers"])["Location"], "") if by_redirect else (None, "".join(made["data"]))

    def logout_answer(self, request, binding):
        """(LogoutResponse, where it goes)"""
        response = self.server.create_logout_response(request, [binding], sign=binding == BINDING_HTTP_POST, **SIGNED)
        return str(response), self.server.response_args(request, [binding])["destination"]

    def logout_request(self, sp, binding, name_id, indexes=None):
        """(ID, LogoutRequest, where it goes)"""
        (service,) = self.server.metadata.single_logout_service(sp, binding, "spsso")
        ident, request = self.server.create_logout_request(service["location"], sp, name_id=name_id, session_indexes=indexes,
                                                           sign=binding == BINDING_HTTP_POST, **SIGNED)
        return ident, str(request), service["location"]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = 30
    idp = None

    def log_message(self, format, *args):
        pass

    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        if self.path.startswith("/sso?"):
            self._send(self.idp.page(query, BINDING_HTTP_REDIRECT))
        elif self.path.startswith("/slo?"):
            self._send_on(*self.idp.logout(query, BINDING_HTTP_REDIRECT))
        elif self.path.startswith("/signout?"):
            self._send(self.idp.sign_out(query["user"], query["by"]))
        elif self.path.startswith("/frame?"):
            self._send_on(*self.idp.ask(query["user"], query["by"]))
        else:
            self._send(b"", 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = dict(urllib.parse.parse_qsl(body))
        if self.path == "/sso":
            self._send(self.idp.page(form, BINDING_HTTP_POST))
        elif self.path == "/slo":
            self._send_on(*self.idp.logout(form, BINDING_HTTP_POST))
        elif self.path == "/choose":
            self._send(self.idp.answer(form))
        else:
            self._send(b"", 404)

    def _send_on(self, location, body):
        self._send(body, 303 if location else 200, [("Location", location)] if location else [])

    def _send(self, body, status=200, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in list(self.idp.headers) + list(headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Idp:
    """`users`: name -> identity as pysaml2 takes it, with "email" as the NameID. `slo`: bindings by which it takes logout messages."""

    def __init__(self, folder, key, cert, users, tls=None, host="127.0.0.1", slo=()):
        self.users = users
        self.asked, self.heard = [], []     # names in LogoutRequests, statuses of LogoutResponses
        self.tamper = None          # a function over the Response's text, to break it on purpose
        self.headers = []           # of every page, in addition
        self.known = None           # who is signed on here already: answered for without a question, unless ForceAuthn asks for one
        self.authn = PASSWORD       # how users sign on
        self.forced = []            # of each request, whether it had ForceAuthn
        self.httpd = _Server((host, 0), type("Handler", (_Handler,), {"idp": self}))
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls[1], tls[0])
            self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True,
                                                    do_handshake_on_connect=False)
        self.origin = "%s://%s:%d" % ("https" if tls else "http", host, self.httpd.server_address[1])
        self.entity_id = self.origin + "/metadata"
        maps = os.path.join(folder, "attributemaps")
        shutil.copytree(os.path.join(HERE, "attributemaps"), maps)
        self.saml = Provider(self.entity_id, key, cert, maps, [(self.origin + "/sso", b) for b in (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST)],
                             [(self.origin + "/slo", binding) for binding in slo])
        self._thread = threading.Thread(target=self.httpd.serve_forever, args=(0.1,), daemon=True)

    def metadata(self):
        return self.saml.metadata().encode()

    def know(self, sp_metadata):
        self.saml.know(sp_metadata)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self.httpd.shutdown()
        self.httpd.server_close()
        self._thread.join(5)

    def page(self, form, binding):
        """The users; the request goes along in the form."""
        forced = self.saml.request(form, binding).force_authn == "true"
        self.forced.append(forced)
        if self.known and not forced:
            return self.answer(dict(form, binding=binding, user=self.known))
        hidden = "".join('<input type="hidden" name="%s" value="%s">' % (n, html.escape(v)) for n, v in
                         dict(form, binding=binding).items())
        buttons = "".join('<p><button name="user" value="{0}">{0}</button></p>'.format(html.escape(u))
                          for u in self.users)
        return ('<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Who are you?</title>'
                '<h1>Who are you?</h1><form method="post" action="/choose">%s%s</form></html>'
                % (hidden, buttons)).encode()

    def answer(self, form):
        """The signed Response in pysaml2's own form page."""
        identity = self.users[form["user"]]
        name_id = NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=identity["email"])
        response, acs = self.saml.respond(self.saml.request(form, form["binding"]), identity, identity["email"], name_id, self.authn)
        if self.tamper:
            response = self.tamper(response)
        return self.saml.pack(BINDING_HTTP_POST, response, acs, form.get("RelayState", ""), True)[1].encode()

    # --- logout ---

    def _sent(self, *message):
        location, page = self.saml.pack(*message)
        return location, page.encode()

    def logout(self, fields, binding):
        """A LogoutRequest is answered by the binding that it came by; of a LogoutResponse the status is kept."""
        if "SAMLResponse" in fields:
            response = self.saml.server.parse_logout_request_response(fields["SAMLResponse"], binding).response
            self.heard.append(response.status.status_code.value)
            return None, b"<!DOCTYPE html><title>Heard</title>"
        request = self.saml.server.parse_logout_request(fields["SAMLRequest"], binding).message
        self.asked.append(request.name_id.text)
        return self._sent(binding, *self.saml.logout_answer(request, binding), fields.get("RelayState", ""), True)

    def ask(self, user, by):
        """A LogoutRequest to the one service provider, for all sessions of the user."""
        binding = BINDING_HTTP_POST if by == "post" else BINDING_HTTP_REDIRECT
        (sp,) = self.saml.server.metadata.with_descriptor("spsso")
        name_id = NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=self.users[user]["email"])
        return self._sent(binding, *self.saml.logout_request(sp, binding, name_id)[1:], "", False)

    def sign_out(self, user, by):
        """The user signs out here: a page that asks in a hidden frame, as Entra's does."""
        return ('<!DOCTYPE html><html lang="en"><title>Signed out</title><h1>You signed out.</h1>'
                '<iframe src="/frame?user=%s&amp;by=%s" style="display:none"></iframe></html>' % (user, by)).encode()
