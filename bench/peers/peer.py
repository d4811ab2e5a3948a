# SPDX-License-Identifier: Apache-2.0
"""What the measurements know of a peer."""

import pathlib
import re

ENTITY = "https://sts.windows.net/11111111-2222-4333-8444-555555555555/"
MANY = 20000                # sessions that one client takes too long for
LOGIN_URL = "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/saml2"


class Peer:
    key = title = ""
    note = ""                   # what a reader must know of how it was set up
    without = ()                # (pattern of the rows that it has no figure in, why)
    is_saml = False
    has_session = True          # its protected GETs come with a session's cookie
    is_variant = False          # of a peer that is there anyway: one session, nothing more
    slow = 1                    # how many times fewer requests of it are counted under callgrind
    is_store = False            # of ours: another store, shown on its own
    protected = True            # takes part in protected GETs
    login = acs = None          # paths: where a sign-on begins, where the answer goes
    acs_status = redirect_status = 303
    cookie = ""                 # what the session cookie's name begins with
    fill_cookies = ""           # what a browser has that comes with an answer nobody asked for
    room = 20000                # sessions that it is set up for, where one is looked at
    copy_us = 100               # the same for one that is not signed on
    fill_us = 6000              # a guess at what one of many sessions takes, to see beforehand whether there is time

    def __init__(self, bench):
        self.bench = bench

    def missing(self):
        """Why it cannot take part, or None."""
        return None

    def module(self, name):
        return pathlib.Path(self.bench.modules) / name

    def audience(self, server):
        return f"http://127.0.0.1:{server.port}/saml/metadata"

    def setup(self, folder, port, room):
        """See Server."""
        raise NotImplementedError

    def header(self, _server):
        """A header line for a protected GET, where no sign-on gives one."""
        return ""

    def fills_by_sign_on(self, _size):
        """Whether so many sessions are signed on one by one, so that their memory can be told."""
        return True

    def fill(self, server, count, file):
        """`count` sessions in a faster way."""
        raise NotImplementedError

    def sign_ons(self, server, count, file):
        """`count` sessions, their cookies to `file`; by real sign-ons. Of many one client signs while another one asks."""
        clients = 2 if count > MANY else 1
        parts = [file.with_name(f"{file.name}.{i}") for i in range(clients)]
        waiting = [self.bench.client_beside("fill", server.port, 8, (count + i) // clients, self.acs_status, self.bench.dir, self.acs,
                                            self.audience(server), self.cookie, self.fill_cookies, part)
                   for i, part in enumerate(parts)]
        for wait in waiting:
            wait()
        file.write_text("".join(part.read_text() for part in parts))

    def why_not(self, row):
        """Why it has no figure in a row, or None."""
        return next((why for pattern, why in self.without if re.fullmatch(pattern, row)), None)


def idp_metadata(certificate):
    """The identity provider's metadata, for those that take it by no other way."""
    lines = [line for line in certificate.splitlines() if "-----" not in line]
    return f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>
{chr(10).join(lines)}
</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{LOGIN_URL}"/>
</IDPSSODescriptor>
</EntityDescriptor>
"""
