# SPDX-License-Identifier: Apache-2.0
"""mod_auth_mellon from the system's package."""

from .peer import Peer, idp_metadata

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
    note = "with SSL_CERT_FILE=/dev/null, its best case"
    is_saml = True
    login, acs = "/mellon/login?ReturnTo=/page.txt", "/mellon/postResponse"
    cookie = "mellon-"
    fill_cookies = "mellon-cookie=cookietest"
    environment = {"SSL_CERT_FILE": "/dev/null"}

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
    note = "each sign-on loads the system's CA bundle; all else is as without it, and not measured twice"
    is_variant = True
    environment = {}
    slow = 10
    protected = False           # differs in sign-ons alone
