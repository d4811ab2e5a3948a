# SPDX-License-Identifier: Apache-2.0
"""mod_saml_sso as it was built."""

from programs import output

from .peer import ENTITY, LOGIN_URL, Peer

SESSION_BYTES = 2800        # of the store's file, for each session

SERVER = """SAMLIdPIdentifier {entity}
SAMLLoginURL {login}
SAMLCertificate "{keys}/idp.crt"
SAMLRequestBinding Redirect
SAMLReplyURL http://127.0.0.1:{port}/saml/acs
SAMLIdentifier http://127.0.0.1:{port}/saml/metadata
SAMLSessionStore "lmdb:{store}"
SAMLSecret "{keys}/secret"
"""


class Ours(Peer):
    key, title = "ours", "mod_saml_sso"
    is_saml = True
    login, acs = "/saml/login?target=/page.txt", "/saml/acs"
    redirect_status = 302
    cookie = "saml="

    def setup(self, folder, port, room):
        store = self.bench.fast_folder(folder.name, 2 * room * SESSION_BYTES) / "sessions"
        return {"guard": "AuthType SAML\n    Require valid-user", "lazy": "SAMLUnauthenticated pass", "store": store,
                "server": SERVER.format(entity=ENTITY, login=LOGIN_URL, port=port, keys=self.bench.dir, store=store),
                "load": f'LoadModule saml_sso_module "{self.bench.builddir / "mod_saml_sso.so"}"'}

    def fill(self, server, count, file):
        """Into the store, as sign-ons write them: a million would take a while."""
        output(self.bench.dir / "lookup", "fill", server.store, count, f" http://127.0.0.1:{server.port}/saml/metadata {ENTITY}")
        self.bench.client("numbered", count, self.cookie.rstrip("="), file)
