# SPDX-License-Identifier: Apache-2.0
"""Signing certificates of a tenant or an application: one active, any number listed (doc/entra.md section 7)."""
import datetime
import itertools
from dataclasses import dataclass, field
from typing import List, Optional

from cryptography import x509
from cryptography.hazmat.primitives import hashes

import keys
import saml_response as sr

_numbers = itertools.count(1)


@dataclass
class Certificate:
    name: str
    key: Optional[str]          # None: listed, but nobody here can sign with it
    cert: str
    active: bool = False

    def __post_init__(self):
        loaded = x509.load_pem_x509_certificate(sr.read(self.cert))
        self.not_before, self.not_after = loaded.not_valid_before, loaded.not_valid_after
        self.thumbprint = loaded.fingerprint(hashes.SHA1()).hex().upper()   # what the portal shows

    def valid(self, now=None):
        return self.not_before <= (now or datetime.datetime.utcnow()) <= self.not_after

    def shown(self):
        return {"name": self.name, "cert": self.cert, "active": self.active, "thumbprint": self.thumbprint,
                "not_after": self.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")}


@dataclass
class KeyRing:
    """What "SAML Certificates" in the portal does: new ones are inactive, one is active, the active one stays."""
    folder: str
    prefix: str
    certificates: List[Certificate] = field(default_factory=list)

    def add(self, days=1095, start=None, active=False, key=None, cert=None):
        """A new certificate, inactive unless said otherwise; its key is made here where none is given."""
        name = "%s-%d" % (self.prefix, next(_numbers))
        if cert is None:
            key, cert = keys.self_signed(self.folder, name, days=days, start=start)
        made = Certificate(name, key, cert)
        self.certificates.append(made)
        if active:
            self.activate(made.name)
        return made

    def find(self, name=None):
        """By name or thumbprint; without either the newest."""
        found = [c for c in self.certificates if name in (None, c.name, c.thumbprint)]
        if not found:
            raise ValueError("certificate: expected one of %s, got %r" % ([c.name for c in self.certificates], name))
        return found[-1]

    def activate(self, name=None):
        chosen = self.find(name)
        if chosen.key is None:
            raise ValueError("certificate %s has no key here" % chosen.name)
        for certificate in self.certificates:
            certificate.active = certificate is chosen
        return chosen

    def remove(self, name):
        chosen = self.find(name)
        if chosen.active:
            raise ValueError("certificate %s is active; activate another one first" % chosen.name)
        self.certificates.remove(chosen)
        return chosen

    def expire(self, name=None):
        """Let the certificate be one that ended yesterday, with another key."""
        old = self.find(name)
        start = datetime.datetime.utcnow() - datetime.timedelta(days=31)
        files = keys.self_signed(self.folder, "%s-expired-%d" % (old.name, next(_numbers)), days=30, start=start)
        made = Certificate(old.name, files[0], files[1], old.active)
        self.certificates[self.certificates.index(old)] = made
        return made

    def signing(self):
        """The active one; a valid one where that has expired; the expired one where there is no other. None: none at all."""
        active = next((c for c in self.certificates if c.active), None)
        if active is not None and active.valid():
            return active
        return next((c for c in self.certificates if c.key and c.valid()), active)
