#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A third opinion on Responses: lxml and python3-xmlsec. They stand on our own libxml2 and xmlsec1, but use them otherwise.

Reads the lines that Differential.java reads, and writes the same JSON, as far as it goes: signatures in the protocol positions of
the message as it came (nothing is decrypted), whether each verifies, and whether its one Reference names the Signature's parent.
"""
import base64
import functools
import json
import os
import sys

import xmlsec
from lxml import etree

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
# Used plainly, libxml2 takes minutes for some messages of a few hundred thousand octets.
MAX_BYTES = 100000


def octets(path):
    with open(path, "rb") as handle:
        data = handle.read()
    return data if path.endswith(".xml") else base64.b64decode(data)


def parse(data):
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False)
    root = etree.fromstring(data, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a document type")
    return root


def positions(root):
    for parent, where in [(root, "Response")] + [(el, "Assertion") for el in root.findall(SAML + "Assertion")]:
        for signature in parent.findall(DS + "Signature"):
            yield parent, where, signature


def covers(signature, parent):
    references = signature.findall(DS + "SignedInfo/" + DS + "Reference")
    return len(references) == 1 and references[0].get("URI") in ("", "#%s" % parent.get("ID")) \
        and (references[0].get("URI") != "" or parent.getparent() is None)


@functools.lru_cache(maxsize=None)
def key_of(path):
    return xmlsec.Key.from_file(path, xmlsec.constants.KeyDataFormatCertPem)


def verify(signature, parent, certificates):
    """None, or why not."""
    why = "no certificate"
    for path in certificates:
        context = xmlsec.SignatureContext()
        context.key = key_of(path)
        try:
            context.register_id(parent, "ID")
            context.verify(signature)
            return None
        except xmlsec.Error as e:
            why = "%s: %s" % (type(e).__name__, e.args[-1] if e.args else "")
    return why


def judge(path, certificates):
    report = {"well_formed": False, "signatures": []}
    if os.path.getsize(path) > MAX_BYTES:
        return dict(report, unread=True)
    try:
        root = parse(octets(path))
    except (ValueError, etree.LxmlError) as e:
        report["why"] = "%s: %s" % (type(e).__name__, e)
        return report
    report["well_formed"] = True
    for parent, where, signature in positions(root):
        why = verify(signature, parent, certificates)
        result = {"at": where, "verdict": "failed" if why else "verified", "covers": covers(signature, parent)}
        report["signatures"].append(dict(result, why=why) if why else result)
    return report


def main():
    for line in sys.stdin:
        name, path, certificates, _ = line.rstrip("\n").split("\t")
        print(json.dumps(dict(judge(path, certificates.split(":")), name=name)))


if __name__ == "__main__":
    xmlsec.enable_debug_trace(False)
    main()
