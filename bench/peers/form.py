# SPDX-License-Identifier: Apache-2.0
"""mod_auth_form, its session in an encrypted cookie: httpd's own sign-on page."""

from .peer import Peer
from .plain import users_file

SERVER = """<Location "/form">
    SetHandler form-login-handler
    AuthType form
    AuthName bench
    AuthFormProvider file
    AuthUserFile users
    AuthFormLoginRequiredLocation /login.html
    AuthFormLoginSuccessLocation /page.txt
    Session On
    SessionCookieName form path=/
    SessionCryptoPassphrase "a passphrase of thirty-two octets"
    Require all granted
</Location>
"""
LAZY = """Session On
    SessionCookieName form path=/
    SessionCryptoPassphrase "a passphrase of thirty-two octets"
    Require all granted"""
GUARD = """AuthType form
    AuthName bench
    AuthFormProvider file
    AuthUserFile users
    AuthFormLoginRequiredLocation /login.html
    Session On
    SessionCookieName form path=/
    SessionCryptoPassphrase "a passphrase of thirty-two octets"
    Require valid-user"""


class Form(Peer):
    key, title = "form", "mod_auth_form, session cookie crypto"
    note = "its password file has SHA-1, its cookie is sealed by mod_session_crypto with a passphrase and its defaults"
    cookie = "form="
    slow = 200
    without = ((r"(get|login|known|unknown)\d+|known|unknown|memory|lost|wrong",
                "its session is in the browser alone, however many there are: see one session"),
               ("start", "keeps no sessions that there would be room for"),
               ("redirect", "asks no identity provider: what it sends to is a page of its own"))
    acs_status = 302

    def missing(self):
        return None if self.module("mod_session_crypto.so").exists() else "mod_session_crypto is not there"

    def setup(self, folder, port, room):
        users_file(folder)
        return {"guard": GUARD, "lazy": LAZY, "server": SERVER, "modules": ("request", "session", "session_cookie", "session_crypto", "auth_form")}

    def sign_on_request(self, server):
        body = "httpd_username=ada&httpd_password=secret"
        return (f"POST /form HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}")
