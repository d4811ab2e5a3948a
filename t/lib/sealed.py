#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Open and make sealed texts (saml/seal.h) with the secret of a file, for tests of what time or another server would do to one.

sealed.py open|seal SECRET-FILE PURPOSE BOUND VALUE"""
import base64
import os
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
HEAD = 2
NONCE = 12


def derived(secret, info, length):
    return HKDF(hashes.SHA256(), length, b"mod_saml_sso", info.encode()).derive(secret)


def main(what, file, purpose, bound, value):
    with open(file, encoding="ascii") as lines:
        secret = bytes.fromhex(lines.readline().strip())
    cipher = AESGCM(derived(secret, "seal 1 " + purpose, 32))
    with_it = purpose.encode() + b"\0" + bound.encode()
    if what == "open":
        raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        text = cipher.decrypt(raw[HEAD:HEAD + NONCE], raw[HEAD + NONCE:], raw[:HEAD] + with_it)
        sys.stdout.buffer.write(text)
        return
    head = bytes([VERSION]) + derived(secret, "hint 1", 1)
    nonce = os.urandom(NONCE)
    raw = head + nonce + cipher.encrypt(nonce, value.encode(), head + with_it)
    sys.stdout.write(base64.urlsafe_b64encode(raw).decode().rstrip("="))


main(*sys.argv[1:])
