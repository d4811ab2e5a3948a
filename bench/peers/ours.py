# SPDX-License-Identifier: Apache-2.0
"""mod_saml_sso as it was built, with each of its stores."""

import shutil
import socket

from programs import output
from server import free_port

from .peer import ENTITY, LOGIN_URL, Peer

SESSION_BYTES = 2000        # of the store's file, for each session: about 1,750 with used ID and labels
BY_SIGN_ON = 20000          # more than these are written into the store

SERVER = """SAMLIdPIdentifier {entity}
SAMLLoginURL {login}
SAMLCertificate "{keys}/idp.crt"
SAMLRequestBinding Redirect
SAMLReplyURL http://127.0.0.1:{port}/saml/acs
SAMLIdentifier http://127.0.0.1:{port}/saml/metadata
SAMLIdPInitiated on
SAMLSessionStore "{spec}"
SAMLSessionLimit {limit}
SAMLSecret "{keys}/secret"
"""


class Ours(Peer):
    key, title = "ours", "mod_saml_sso"
    note = "sessions in LMDB on a tmpfs, as the runtime directory is on most systems"
    is_saml = True
    login, acs = "/saml/login?target=/page.txt", "/saml/acs"
    acs_status = 303
    redirect_status = 302
    cookie = "saml="
    fill_us = 1500

    def with_store(self, folder, port, room, spec, **more):
        return {"guard": "AuthType SAML\n    Require valid-user", "lazy": "SAMLUnauthenticated pass",
                "server": SERVER.format(entity=ENTITY, login=LOGIN_URL, port=port, keys=self.bench.dir, spec=spec, limit=room + room // 2),
                "load": f'LoadModule saml_sso_module "{self.bench.builddir / "mod_saml_sso.so"}"', **more}

    def setup(self, folder, port, room):
        store = self.bench.fast_folder(folder.name, 2 * room * SESSION_BYTES) / "sessions"
        return self.with_store(folder, port, room, f"lmdb:{store}", store=store)

    def fills_by_sign_on(self, size):
        return size <= BY_SIGN_ON

    def fill(self, server, count, file):
        """Into the store, as sign-ons write them."""
        output(self.bench.dir / "lookup", "fill", server.store, count, f" http://127.0.0.1:{server.port}/saml/metadata {ENTITY}")
        self.bench.client("numbered", count, self.cookie.rstrip("="), file)


class OursCookie(Ours):
    key, title = "ours-cookie", "cookie"
    note = None
    is_variant = is_store = True
    cookie = "saml"                     # as many parts as it takes

    def setup(self, folder, port, room):
        return self.with_store(folder, port, room, "cookie")


class OursRedis(Ours):
    key, title = "ours-redis", "redis"
    note = "its Redis server's time counted"
    is_variant = is_store = True

    def missing(self):
        return None if shutil.which("redis-server") else "redis-server is not there (redis-server)"

    def setup(self, folder, port, room):
        redis = free_port()
        return self.with_store(folder, port, room, f"redis://127.0.0.1:{redis}/0", daemon_address=(socket.AF_INET, ("127.0.0.1", redis)),
                               daemon=["redis-server", "--port", redis, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                       "--dir", folder])


class OursSocache(Ours):
    key, title = "ours-socache", "socache:shmcb"
    note = None
    is_variant = is_store = True

    def setup(self, folder, port, room):
        spec = f"socache:shmcb:{folder}/run/sessions({2 * room * SESSION_BYTES})"
        return self.with_store(folder, port, room, spec, modules=("socache_shmcb",))
