# SPDX-License-Identifier: Apache-2.0
"""Keys and self-signed certificates for the attacks, made when first asked for, new in each run.

A key is asked for by name; what kind it is, the table KINDS says, and a name that is not in it is an RSA key of 2048
bits. With a folder, what is there already is taken from it (NAME.key, NAME.crt), and what is made is left there.
"""
import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo

KINDS = {
    "idp1024": lambda: rsa.generate_private_key(65537, 1024),
    "idp3072": lambda: rsa.generate_private_key(65537, 3072),
    "idp4096": lambda: rsa.generate_private_key(65537, 4096),
    "idp-e3": lambda: rsa.generate_private_key(3, 2048),
    "idp-ec256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "idp-ec384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "idp-ec521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "other-ec256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "other-dsa": lambda: dsa.generate_private_key(1024),
}


def self_signed(private, name, now, days=(-2, 90), issuer=None, issuer_key=None):
    """A certificate for `private`, by itself or by another key."""
    def common(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    builder = x509.CertificateBuilder().subject_name(common(name)).issuer_name(common(issuer or name)) \
        .public_key(private.public_key()).serial_number(x509.random_serial_number()) \
        .not_valid_before(now + datetime.timedelta(days=days[0])) \
        .not_valid_after(now + datetime.timedelta(days=days[1]))
    return builder.sign(issuer_key or private, hashes.SHA256())


class Key:
    """One key pair: `private` is python3-cryptography's, the rest octets."""

    def __init__(self, name, private, cert):
        self.name, self.private, self.certificate = name, private, cert
        self.pem = private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.cert_pem = cert.public_bytes(PEM)
        self.cert_der = cert.public_bytes(DER)
        self.spki_pem = private.public_key().public_bytes(PEM, SPKI)
        self.spki_der = private.public_key().public_bytes(DER, SPKI)


class Keys:
    """The keys of one run."""

    def __init__(self, folder=None, now=None):
        self._folder = folder
        self._now = now or datetime.datetime.now(datetime.timezone.utc)
        self._made = {}

    def get(self, name):
        if name not in self._made:
            self._made[name] = self._read(name) or self._make(name)
        return self._made[name]

    def _read(self, name):
        path = self._folder and os.path.join(self._folder, name)
        if not path or not os.path.exists(path + ".key"):
            return None
        with open(path + ".key", "rb") as handle:
            private = serialization.load_pem_private_key(handle.read(), None)
        with open(path + ".crt", "rb") as handle:
            return Key(name, private, x509.load_pem_x509_certificate(handle.read()))

    def _make(self, name):
        private = KINDS.get(name, lambda: rsa.generate_private_key(65537, 2048))()
        days = (-30, -2) if name.endswith("-expired") else (-2, 30)
        key = Key(name, private, self_signed(private, name, self._now, days))
        if self._folder:
            for end, octets in ((".key", key.pem), (".crt", key.cert_pem)):
                with open(os.path.join(self._folder, name + end), "wb") as handle:
                    handle.write(octets)
        return key
