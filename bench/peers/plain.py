# SPDX-License-Identifier: Apache-2.0
"""httpd without authentication, the floor, and with Basic."""

import base64
import hashlib

from .peer import Peer


def users_file(folder):
    digest = base64.b64encode(hashlib.sha1(b"secret").digest()).decode()
    (folder / "users").write_text("ada:{SHA}" + digest + "\n")


class Floor(Peer):
    key, title = "floor", "no authentication"
    has_session = False

    def setup(self, folder, port, room):
        return {"guard": "Require all granted"}


class Basic(Peer):
    key, title = "basic", "Basic (file, SHA-1)"
    has_session = False

    def setup(self, folder, port, room):
        users_file(folder)
        return {"guard": "AuthType Basic\n    AuthName bench\n    AuthBasicProvider file\n    AuthUserFile users\n"
                         "    Require valid-user"}

    def header(self, _server):
        return "Authorization: Basic " + base64.b64encode(b"ada:secret").decode() + "\r\n"
