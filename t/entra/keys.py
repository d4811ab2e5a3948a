# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates by the openssl command: self-signed ones, and ones signed by a private CA."""
import os
import subprocess

APP_CN = "/CN=Microsoft Azure Federated SSO Certificate"   # what Entra's own carry


def _openssl(*args):
    done = subprocess.run(("openssl",) + args, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (args[0], done.stderr.strip()))


def self_signed(folder, name, subject=APP_CN, days=1095, extra=()):
    """RSA-2048 key and self-signed certificate: (key file, certificate file)."""
    key, cert = (os.path.join(folder, name + ext) for ext in (".key", ".crt"))
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", str(days),
             "-subj", subject, "-keyout", key, "-out", cert, *extra)
    return key, cert


def authority(folder, name="ca"):
    """A private CA: (key file, certificate file)."""
    return self_signed(folder, name, "/CN=mod_saml_sso demo CA", 30,
                       ("-addext", "keyUsage=critical,keyCertSign,cRLSign"))


def server(folder, name, ca, hosts=("DNS:localhost", "IP:127.0.0.1")):
    """A TLS server's key and certificate signed by `ca`: (key file, certificate file)."""
    key, cert, request, extensions = (os.path.join(folder, name + ext)
                                      for ext in (".key", ".crt", ".csr", ".ext"))
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-sha256", "-subj", "/CN=localhost",
             "-keyout", key, "-out", request)
    with open(extensions, "w", encoding="ascii") as handle:
        handle.write("basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=%s\n"
                     % ",".join(hosts))
    _openssl("x509", "-req", "-sha256", "-days", "30", "-in", request, "-CA", ca[1], "-CAkey", ca[0],
             "-CAcreateserial", "-extfile", extensions, "-out", cert)
    for leftover in (request, extensions):
        os.unlink(leftover)
    return key, cert
