#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the attacks.

    generate.py --table                      the table of doc/attacks.md
    generate.py --profiles DIR               make the keys in DIR, print how a receiver is configured, as JSON
    generate.py OUTDIR [OPTION]...           one file per case (the form value), and cases.json

  --now TIME          as 2026-03-02T09:15:30Z; default: the clock
  --acs URL           the receiver's reply URL
  --audience URI      its entity ID
  --in-response-to ID the request that is answered
  --keys DIR          take NAME.key and NAME.crt from there, leave there what is made; default OUTDIR
  --targets FILE      JSON: {profile: {"acs":, "audience":, "request":}}; only cases for the ACS
  --only REGEX        only cases whose name matches
  --xml               write also NAME.xml
"""
import argparse
import base64
import datetime
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import attack  # noqa: E402
from attack_keys import Keys  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
NOT_FAMILIES = ("attack", "attack_keys", "dsig", "generate", "judge")

HEAD = """<!-- Made by t/attacks/generate.py --table; t/attacks.t fails where it is stale. -->
# The attacks

Each row is a message that `t/attacks/` makes anew in every run of the tests, with fresh keys. `t/attacks.t` gives it to
`saml-sso verify`, `t/attacks_acs.t` posts it to a real httpd. It must be refused with the status of its row and with a
reason that says what was expected and what came, within bounds of time and memory; nothing of it may show in the answer
to the client. The rows with `accepted` are the genuine neighbours, which must not be refused.

"""


def families():
    """The other Python files here, or those that ATTACK_FAMILIES names; they enter their cases when they are imported."""
    return os.environ.get("ATTACK_FAMILIES", "").split() or sorted(
        name[:-3] for name in os.listdir(HERE) if name.endswith(".py") and name[:-3] not in NOT_FAMILIES)


def load():
    """All cases, by family. One family may import another."""
    modules = [__import__(family) for family in families()]
    groups = [(m, [c for c in attack.CASES if c.make.__module__ == m.__name__]) for m in modules]
    return [(m.__name__, m.__doc__.strip().split("\n")[0], cases) for m, cases in groups if cases]


def table():
    def cell(text):
        return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
    text, count = "", 0
    for family, title, cases in load():
        text += "## %s\n`t/attacks/%s.py`\n\n| name | what is changed | status | source |\n|---|---|---|---|\n" % (
            title.rstrip("."), family)
        for c in cases:
            allow = " (with `SAMLAllow %s`)" % " ".join(c.allow) if c.allow else ""
            text += "| %s | %s%s | `%s` | %s |\n" % (c.name, cell(c.changed), allow, c.status, cell(c.source))
        text += "\n"
        count += len(cases)
    sys.stdout.write(HEAD + "%d cases.\n\n" % count + text.rstrip("\n") + "\n")


def profiles(folder):
    """{profile: {"allow":, "certs": [files]}} of the cases for the ACS; the keys are in `folder` afterwards."""
    keys = Keys(folder)
    out = {}
    load()
    for c in attack.CASES:
        if "acs" in c.through:
            out[c.profile()] = {"allow": c.allow, "certs": ["%s.crt" % name for name in c.certs]}
            for name in c.certs:
                keys.get(name)
    keys.get("sp")
    json.dump(out, sys.stdout, indent=1, sort_keys=True)


def write(folder, name, octets):
    with open(os.path.join(folder, name), "wb") as handle:
        handle.write(octets)


def makers(options, keys, now):
    """The Maker of each profile."""
    if not options.targets:
        one = attack.Maker(keys, now, options.acs, options.audience, options.in_response_to)
        return lambda c: one
    with open(options.targets, encoding="utf-8") as handle:
        targets = json.load(handle)
    made = {name: attack.Maker(keys, now, t["acs"], t["audience"], t["request"]) for name, t in targets.items()}
    return lambda c: made[c.profile()]


def generate(options):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    if options.now:
        now = datetime.datetime.strptime(options.now, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    keys = Keys(options.keys or options.outdir, now)
    maker_of = makers(options, keys, now)
    rows = []
    load()
    for name in {"idp", "sp"}.union(*(c.certs for c in attack.CASES)):
        keys.get(name)
    for c in attack.CASES:
        if ("acs" if options.targets else "cli") not in c.through or not re.search(options.only, c.name):
            continue
        try:
            octets = attack.lure(c.make(maker_of(c)))
        except Exception as error:
            raise RuntimeError("the case %s cannot be made" % c.name) from error
        write(options.outdir, c.name, octets if c.raw else base64.b64encode(octets))
        if options.xml and not c.raw:
            write(options.outdir, c.name + ".xml", octets)
        rows.append(dict(c.row(), file=c.name))
    head = {"now": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "issuer": attack.IDP, "acs": options.acs,
            "audience": options.audience, "in_response_to": options.in_response_to, "cases": rows}
    write(options.outdir, "cases.json", json.dumps(head, indent=1).encode("utf-8"))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("outdir", nargs="?")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--profiles")
    parser.add_argument("--now")
    parser.add_argument("--acs", default="https://sp.example.org/saml/acs")
    parser.add_argument("--audience", default="https://sp.example.org/saml")
    parser.add_argument("--in-response-to", default="_r4f1d0c9a")
    parser.add_argument("--keys")
    parser.add_argument("--targets")
    parser.add_argument("--only", default="")
    parser.add_argument("--xml", action="store_true")
    options = parser.parse_args()
    if options.table:
        table()
    elif options.profiles:
        profiles(options.profiles)
    elif options.outdir:
        generate(options)
    else:
        parser.error("expected OUTDIR, --table or --profiles, got none")


if __name__ == "__main__":
    main()
