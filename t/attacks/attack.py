# SPDX-License-Identifier: Apache-2.0
"""The attacks: a registry of cases, and what makes their messages.

A case is a function that gets a Maker and returns the octets of a Response:

    @case("xsw3", changed="a forged Assertion before the signed one", status="assertion-count",
          source="Somorovsky et al. 2012, XSW3", says="exactly one Assertion")
    def _(m):
        ...

status    the status name that the refusal must have, or "accepted" for a genuine response
changed   one sentence: what is changed, for the table in doc/attacks.md
source    CVE, paper or section of a specification
says      regular expression that the reason must match: what was expected and what came; of an accepted
          one, that the printed JSON must match
options   allow=[names of SAMLAllow], certs=[keys whose certificates are the identity provider's], key=True (the
          private key "sp" is given; ACS: always there), raw=True (what is returned is the form value and not XML),
          through=("cli", "acs") where it is tried, user="..." the NameID that an accepted response must give,
          attributes={name: [values]} all that it must give, unsolicited=True (no request is open; command only)

Whatever the attacker wants believed contains EVE. Signing and encryption are xmlsec's, OpenSSL's or done by hand in
dsig.py: nothing here is made by the code that it tests.
"""
import copy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "entra"))

import saml_response as sr  # noqa: E402

EVE = "eve@attacker.example"
ADA = "ada@example.org"
IDP = "https://sts.windows.net/11111111-2222-4333-8444-555555555555/"
TENANT = "http://schemas.microsoft.com/identity/claims/tenantid"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
SAML = "{%s}" % sr.NS_SAML
SAMLP = "{%s}" % sr.NS_SAMLP
DS = "{%s}" % sr.NS_DS

# Where a message wants something fetched from. A test that listens there sees whether anybody does.
NOWHERE = "127.0.0.1:9"
TRAP = os.environ.get("ATTACK_TRAP", NOWHERE)

CASES = []
NAMES = set()
PROFILES = []


class Case:
    """One row of the table, and the function that makes its message."""

    def __init__(self, name, changed, status, source, says, options, make):
        self.name, self.changed, self.status = name, changed, status
        self.source, self.says, self.make = source, says, make
        self.allow = sorted(options.pop("allow", ()))
        self.certs = list(options.pop("certs", ("idp",)))
        self.key = options.pop("key", False)
        self.raw = options.pop("raw", False)
        self.through = list(options.pop("through", ("cli", "acs")))
        self.user = options.pop("user", ADA if status == "accepted" else None)
        self.attributes = options.pop("attributes", None)
        self.unsolicited = options.pop("unsolicited", False)
        if options:
            raise ValueError("%s: there is no option %s" % (name, ", ".join(options)))
        self.profile()

    def profile(self):
        """What the receiver is configured with, as a name: cases of the same can share one application."""
        config = (self.certs, self.allow)
        if config not in PROFILES:
            PROFILES.append(config)
        return "p%d" % PROFILES.index(config)

    def row(self):
        return {"name": self.name, "changed": self.changed, "status": self.status, "source": self.source,
                "says": self.says, "allow": self.allow, "certs": self.certs, "key": self.key,
                "through": self.through, "user": self.user, "attributes": self.attributes,
                "unsolicited": self.unsolicited, "profile": self.profile()}


def case(name, changed, status, source, says=None, **options):
    """Enter a case; see above."""
    def enter(make):
        if name in NAMES:
            raise ValueError("two cases are called %s" % name)
        NAMES.add(name)
        if status != "accepted" and not says:
            raise ValueError("%s: a refusal needs `says`" % name)
        CASES.append(Case(name, changed, status, source, says, options, make))
        return make
    return enter


def lure(text):
    """Let it ask the trap. Before it is signed, so that the signature is not what keeps anybody from asking."""
    return text.replace(NOWHERE.encode("ascii"), TRAP.encode("ascii")) if isinstance(text, bytes) else text.replace(NOWHERE, TRAP)


def change(text, pairs):
    """Replace each first (old, new), and insist that there was something to replace. Octets or text."""
    for old, new in pairs:
        if isinstance(text, bytes):
            old, new = (s.encode("utf-8") if isinstance(s, str) else s for s in (old, new))
        if old not in text:
            raise ValueError("nothing to change: %r" % old)
        text = text.replace(old, new, 1)
    return lure(text)


class Maker:
    """Messages for one receiver. Fresh IDs in each message, since a receiver takes each Assertion once."""

    def __init__(self, keys, now, acs, audience, request, idp=IDP):
        self.keys, self.now, self.acs, self.audience, self.request = keys, now, acs, audience, request
        self.idp = idp

    def key(self, name):
        return self.keys.get(name)

    @property
    def sp_cert(self):
        """The receiver's certificate (PEM), for whom assertions are encrypted."""
        return self.key("sp").cert_pem

    def signer(self, name="idp", **options):
        """The identity provider's Signer; options as saml_response.Signer has them."""
        key = self.key(name)
        return sr.Signer(key.pem, key.cert_pem, **options)

    def other(self, **options):
        """A Signer that nobody trusts."""
        return self.signer("other", **options)

    def fields(self, **changes):
        values = dict(issuer=self.idp, destination=self.acs, in_response_to=self.request, now=self.now,
                      response_id=sr.new_id(), assertion_id=sr.new_id(), audiences=[self.audience], name_id=ADA,
                      attributes=[(TENANT, ["11111111-2222-4333-8444-555555555555"]), (GROUPS, ["g1", "g2"])])
        values.update(changes)
        return sr.Response(**values)

    def response(self, **changes):
        """An unsigned Response."""
        return sr.build(self.fields(**changes))

    def evil_assertion(self, **changes):
        """A forged Assertion: an element without a signature."""
        values = dict(name_id=EVE, attributes=[(GROUPS, [EVE])])
        values.update(changes)
        return sr.parse(sr.build_assertion(self.fields(**values), self.now).encode("utf-8"))

    def signed(self, what="assertion", before=(), after=(), by=None, prefix=None, **changes):
        """A Response, edited `before` and `after` it is signed: what is assertion, response, both or none."""
        xml = change(self.response(**changes), before)
        return change(sr.sign(xml, by or self.signer(), what, prefix), after)

    def encrypted(self, sign="assertion", by=None, to="sp", cipher="aes256-cbc", transport="rsa-oaep-mgf1p",
                  prefix=None, **changes):
        """A Response with an EncryptedAssertion."""
        return sr.make_response(self.fields(**changes), by or self.signer(), sign, self.key(to).cert_pem, cipher,
                                transport, prefix)

    def tree(self, xml):
        return sr.parse(xml)

    def octets(self, tree):
        return sr.serialize(tree)

    def octets_without(self, tree, element):
        element.getparent().remove(element)
        return sr.serialize(tree)


def forge(assertion, new_id=True):
    """Make an Assertion say what the attacker wants: another name, other groups; by default under another ID."""
    assertion.find(".//" + SAML + "NameID").text = EVE
    for value in assertion.iter(SAML + "AttributeValue"):
        value.text = EVE
    if new_id:
        assertion.set("ID", "_evil")
    return assertion


def without_signature(element):
    """A copy of the element without its own Signature."""
    element = copy.deepcopy(element)
    element.tail = None
    element.remove(element.find(DS + "Signature"))
    return element
