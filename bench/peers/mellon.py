# SPDX-License-Identifier: Apache-2.0
"""mod_auth_mellon from the system's package."""

from .mellon_cache import copy_sessions
from .peer import Peer, idp_metadata

BY_SIGN_ON = 20000          # with more it would take a quarter of an hour: these are copied

SERVER = """MellonCacheSize {room}
MellonLockFile "{dir}/run/mellon.lock"
<Location "/">
    MellonEndpointPath /mellon
    MellonSPentityId "http://127.0.0.1:{port}/saml/metadata"
    MellonSPPrivateKeyFile "{keys}/sp.key"
    MellonSPCertFile "{keys}/sp.crt"
    MellonIdPMetadataFile "{dir}/idp.xml"
    MellonSecureCookie Off
</Location>
"""


class Mellon(Peer):
    key, title = "mellon", "mod_auth_mellon, no CA bundle"
    note = f"with SSL_CERT_FILE=/dev/null, its best case; more than {BY_SIGN_ON:,} sessions are copies of one in its cache"
    is_saml = True
    login, acs = "/mellon/login?ReturnTo=/page.txt", "/mellon/postResponse"
    cookie = "mellon-"
    copy_us = 500
    fill_cookies = "mellon-cookie=cookietest"
    environment = {"SSL_CERT_FILE": "/dev/null"}

    def fills_by_sign_on(self, size):
        return size <= BY_SIGN_ON

    def fill(self, server, count, file):
        self.sign_ons(server, 2, file)
        two = file.read_text().split()
        name = two[0].partition("=")[0]
        keys = copy_sessions(server.process.pid, [c.partition("=")[2] for c in two], count)
        file.write_text("".join(f"{name}={key}\n" for key in keys))

    def missing(self):
        return None if self.module("mod_auth_mellon.so").exists() else "mod_auth_mellon is not there (libapache2-mod-auth-mellon)"

    def setup(self, folder, port, room):
        (folder / "idp.xml").write_text(idp_metadata((self.bench.dir / "idp.crt").read_text()))
        return {"guard": "AuthType Mellon\n    MellonEnable auth\n    Require valid-user",
                "lazy": "MellonEnable info\n    Require all granted",
                "server": SERVER.format(room=room, dir=folder, port=port, keys=self.bench.dir),
                "load": f"LoadModule auth_mellon_module {self.module('mod_auth_mellon.so')}",
                "environment": self.environment}


class MellonShipped(Mellon):
    key, title = "mellon-shipped", "mod_auth_mellon as shipped"
    note = "each sign-on loads the system's CA bundle"
    without = ((r"(get|login|known|unknown)\d+|get|p50|p99|forged|known|unknown|memory|start|lost|wrong|get-instructions",
                "as without the CA bundle, which only sign-ons load"),)
    is_variant = True
    environment = {}
    slow = 10
    protected = False           # differs in sign-ons alone
