# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates: self-signed ones, and TLS servers' ones signed by a private CA."""
import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import cloud

APP_CN = "/CN=Microsoft Azure Federated SSO Certificate"   # what Entra's own carry
EARLIER = datetime.timedelta(minutes=5)


def _name(subject):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject.partition("=")[2])])


def _builder(subject, issuer, public_key, days, start):
    start = start or datetime.datetime.utcnow() - EARLIER
    return (x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(issuer).public_key(public_key)
            .serial_number(x509.random_serial_number()).not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=days)))


def _write(folder, name, key, cert):
    files = tuple(os.path.join(folder, name + ext) for ext in (".key", ".crt"))
    with open(os.open(files[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        handle.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
    with open(files[1], "wb") as handle:
        handle.write(cert.public_bytes(serialization.Encoding.PEM))
    return files


def self_signed(folder, name, subject=APP_CN, days=1095, start=None):
    """RSA-2048 key and self-signed certificate, valid `days` from `start` (UTC, naive): (key file, certificate file)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    cert = _builder(subject, _name(subject), key.public_key(), days, start).sign(key, hashes.SHA256())
    return _write(folder, name, key, cert)


def authority(folder, name="ca"):
    """A private CA: (key file, certificate file)."""
    subject = "/CN=mod_saml_sso demo CA"
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
                          key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
    cert = (_builder(subject, _name(subject), key.public_key(), 30, None)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256()))
    return _write(folder, name, key, cert)


def server(folder, name, ca, hosts=("DNS:localhost", "IP:127.0.0.1")):
    """A TLS server's key and certificate signed by `ca`: (key file, certificate file)."""
    with open(ca[0], "rb") as handle:
        ca_key = serialization.load_pem_private_key(handle.read(), None)
    with open(ca[1], "rb") as handle:
        ca_cert = x509.load_pem_x509_certificate(handle.read())
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.IPAddress(ipaddress.ip_address(h[3:])) if h.startswith("IP:") else x509.DNSName(h[4:]) for h in hosts]
    cert = (_builder("/CN=localhost", ca_cert.subject, key.public_key(), 30, None)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
            .sign(ca_key, hashes.SHA256()))
    return _write(folder, name, key, cert)


def clouds(folder):
    """A private CA and a server of all of Microsoft's host names: (CA file, key file, certificate file)."""
    ca = authority(folder, "entra-ca")
    hosts = tuple("DNS:" + host for host in cloud.HOSTS + ("localhost",)) + ("IP:127.0.0.1",)
    return (ca[1],) + server(folder, "entra-tls", ca, hosts)
