# SPDX-License-Identifier: Apache-2.0
"""An identity provider that others wrote, for logout: Debian's python3-pysaml2, one JSON object a line in, one a line out.

All of SAML is pysaml2's: whom a LogoutRequest names it looks up among the sign-ons that it remembers, by every part of the NameID.
What carries messages (redirects, forms) is the test's. A message is {"by": "redirect", "url": ...} or {"by": "post", "url": ..., "form": {...}}.

    metadata            -> {"xml"}
    know     xml        [the service providers' metadata]
    sign_on  message, user                          -> {"answer"}: the message with the Response; the NameID is persistent, with qualifiers
    obey     message, by (of the answer)            -> {"user", "ended", "signed", "answer"}
    begin    user, sp, by, relay_state, index (1: of the user's last sign-on)   -> {"id", "request"}
    answered message    -> {"in_response_to", "relay_state", "status", "signed"}
"""
import html.parser
import json
import os
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "idp"))

from pysaml2_idp import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, Provider  # noqa: E402
from saml2.sigver import verify_redirect_signature  # noqa: E402

BINDINGS = {"redirect": BINDING_HTTP_REDIRECT, "post": BINDING_HTTP_POST}
ORIGIN = "https://pysaml2.example"


class _Form(html.parser.HTMLParser):
    """What pysaml2's page has for a browser to post."""

    def __init__(self, page):
        super().__init__()
        self.url, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.url = attrs["action"]
        elif tag == "input" and "name" in attrs:
            self.fields[attrs["name"]] = attrs["value"]


def fields_of(message):
    if message["by"] == "post":
        return message["form"]
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(message["url"]).query, keep_blank_values=True))


class Idp:
    def __init__(self, folder):
        self.folder, self.names = folder, {}
        self.saml = Provider(ORIGIN + "/metadata", os.path.join(folder, "idp.key"), os.path.join(folder, "idp.cer"),
                             os.path.join(HERE, "..", "idp", "attributemaps"), [(ORIGIN + "/sso", binding) for binding in BINDINGS.values()],
                             [(ORIGIN + "/slo-" + by, binding) for by, binding in BINDINGS.items()])

    def metadata(self, job):
        return {"xml": self.saml.metadata()}

    def know(self, job):
        files = []
        for i, xml in enumerate(job["xml"]):
            files.append(os.path.join(self.folder, "known-%d.xml" % i))
            with open(files[-1], "w", encoding="utf-8") as out:
                out.write(xml)
        self.saml.know(*files)
        return {}

    def sign_on(self, job):
        fields, user = fields_of(job["message"]), job["user"]
        request = self.saml.request(fields, BINDINGS[job["message"]["by"]])
        sp = request.issuer.text
        name_id = self.saml.server.ident.persistent_nameid(user, sp_name_qualifier=sp, name_qualifier=ORIGIN)
        response, acs = self.saml.respond(request, {"uid": [user]}, user, name_id, sign_response=False)
        self.names[(user, sp)] = (name_id, re.search(r'SessionIndex="([^"]+)"', response).group(1))
        return {"answer": self.sent(BINDING_HTTP_POST, response, acs, fields.get("RelayState", ""), True)}

    def sent(self, *message):
        url, page = self.saml.pack(*message)
        if url:
            return {"by": "redirect", "url": url}
        form = _Form(page)
        return {"by": "post", "url": form.url, "form": form.fields}

    def is_signed(self, message, fields, parsed, issuer):
        """By pysaml2: inside it has verified already what is there; in the query it verifies when asked."""
        if message["by"] == "post":
            return parsed.signature is not None
        if "Signature" not in fields:
            return False
        if parsed.signature is not None:
            raise ValueError("expected the signature in the query alone")
        certs = self.saml.server.metadata.certs(issuer, "any", "signing")
        return any(verify_redirect_signature(dict(fields), self.saml.server.sec.sec_backend, cert if isinstance(cert, str) else cert[1])
                   for cert in certs)

    def obey(self, job):
        message, fields = job["message"], fields_of(job["message"])
        request = self.saml.server.parse_logout_request(fields["SAMLRequest"], BINDINGS[message["by"]])
        asked = request.message
        user = self.saml.server.ident.find_local_id(asked.name_id)
        index = asked.session_index[0].text if asked.session_index else None
        there = [s for group in self.saml.server.session_db.get_authn_statements(asked.name_id)
                 for s in (group if isinstance(group, list) else [group])]
        ended = [s for s in there if index is None or s.session_index == index]
        if ended:
            self.saml.server.session_db.remove_authn_statements(asked.name_id)
        binding = BINDINGS[job["by"]]
        return {"user": user, "ended": len(ended), "signed": self.is_signed(message, fields, asked, asked.issuer.text),
                "answer": self.sent(binding, *self.saml.logout_answer(asked, binding), fields.get("RelayState", ""), True)}

    def begin(self, job):
        name_id, index = self.names[(job["user"], job["sp"])]
        binding = BINDINGS[job["by"]]
        ident, *request = self.saml.logout_request(job["sp"], binding, name_id, [index] if job.get("index") else None)
        return {"id": ident, "request": self.sent(binding, *request, job.get("relay_state", ""), False)}

    def answered(self, job):
        message, fields = job["message"], fields_of(job["message"])
        response = self.saml.server.parse_logout_request_response(fields["SAMLResponse"], BINDINGS[message["by"]])
        got = response.response
        return {"in_response_to": got.in_response_to, "relay_state": fields.get("RelayState"), "status": got.status.status_code.value,
                "signed": self.is_signed(message, fields, got, got.issuer.text)}


def main():
    idp = Idp(sys.argv[1])
    for line in sys.stdin:
        job = json.loads(line)
        try:
            out = getattr(idp, job["do"])(job)
        except Exception as wrong:  # told to the test, which dies of it
            out = {"error": "%s: %s" % (type(wrong).__name__, wrong)}
        print(json.dumps(out), flush=True)


if __name__ == "__main__":
    main()
