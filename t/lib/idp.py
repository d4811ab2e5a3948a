# SPDX-License-Identifier: Apache-2.0
"""The identity provider of the httpd tests: one JSON object a line in, one a line out.

In: the fields of saml_response.Response, and `sign` (assertion, response, both, none), `signer` (the base name of a .key and .cer in
the folder given as argument), `algorithm`, `digest`, `encrypt_to` (a certificate file), `replace` ([[old, new], ...] on the finished
octets). A time given as a number is that many seconds from now. Out: {"b64": ...} or {"error": ...}.
"""
import base64
import datetime
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "entra"))

import saml_response as sr  # noqa: E402

TIMES = ("now", "response_instant", "assertion_instant", "confirmation_not_before", "confirmation_not_on_or_after",
         "not_before", "not_on_or_after", "authn_instant", "session_not_on_or_after")


def moment(value):
    if isinstance(value, (int, float)):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=value)
    return value


def confirmation(fields):
    for name in ("not_before", "not_on_or_after"):
        if name in fields:
            fields[name] = moment(fields[name])
    return sr.Confirmation(**fields)


def answer(folder, job):
    signer_name = job.pop("signer", "idp")
    how = {name: job.pop(name) for name in ("algorithm", "digest") if name in job}
    signer = sr.Signer(os.path.join(folder, signer_name + ".key"), os.path.join(folder, signer_name + ".cer"), **how)
    what = job.pop("sign", "assertion")
    encrypt_to = job.pop("encrypt_to", None)
    replace = job.pop("replace", [])
    for name in TIMES:
        if name in job:
            job[name] = moment(job[name])
    if "confirmations" in job:
        job["confirmations"] = [confirmation(c) for c in job["confirmations"]]
    job["attributes"] = [tuple(pair) for pair in job.get("attributes", [])]
    xml = sr.make_response(sr.Response(**job), signer, what, encrypt_to=encrypt_to)
    for old, new in replace:
        if old.encode() not in xml:
            raise ValueError("replace: %r is not in the response" % old)
        xml = xml.replace(old.encode(), new.encode())
    return base64.b64encode(xml).decode()


def main():
    folder = sys.argv[1]
    for line in sys.stdin:
        try:
            out = {"b64": answer(folder, json.loads(line))}
        except Exception as wrong:  # told to the test, which dies of it
            out = {"error": "%s: %s" % (type(wrong).__name__, wrong)}
        print(json.dumps(out), flush=True)


main()
