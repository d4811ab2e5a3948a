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

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT  # noqa: E402
from saml2.config import IdPConfig  # noqa: E402
from saml2.metadata import entity_descriptor  # noqa: E402
from saml2.saml import NAME_FORMAT_URI  # noqa: E402
from saml2.server import Server  # noqa: E402
from saml2.sigver import verify_redirect_signature  # noqa: E402
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
BINDINGS = {"redirect": BINDING_HTTP_REDIRECT, "post": BINDING_HTTP_POST}
ORIGIN = "https://pysaml2.example"
PASSWORD = {"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": "idp"}
SIGNED = {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}


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
    def __init__(self, folder, methods):
        self.folder, self.methods, self.server, self.names = folder, methods, None, {}

    def config(self, known=None):
        both = [(ORIGIN + "/slo-" + by, BINDINGS[by]) for by in self.methods]
        settings = {
            "entityid": ORIGIN + "/metadata", "xmlsec_binary": "/usr/bin/xmlsec1",
            "attribute_map_dir": os.path.join(HERE, "..", "idp", "attributemaps"),
            "key_file": os.path.join(self.folder, "idp.key"), "cert_file": os.path.join(self.folder, "idp.cer"),
            "service": {"idp": {
                "endpoints": {"single_sign_on_service": [(ORIGIN + "/sso", binding) for binding in BINDINGS.values()],
                              "single_logout_service": both},
                "policy": {"default": {"lifetime": {"minutes": 15}, "attribute_restrictions": None, "name_form": NAME_FORMAT_URI}}}},
        }
        if known:
            settings["metadata"] = {"local": known}
        return IdPConfig().load(settings)

    def metadata(self, job):
        return {"xml": str(entity_descriptor(self.config()))}

    def know(self, job):
        files = []
        for i, xml in enumerate(job["xml"]):
            files.append(os.path.join(self.folder, "known-%d.xml" % i))
            with open(files[-1], "w", encoding="utf-8") as out:
                out.write(xml)
        self.server = Server(config=self.config(files))
        return {}

    def sign_on(self, job):
        fields = fields_of(job["message"])
        request = self.server.parse_authn_request(fields["SAMLRequest"], BINDINGS[job["message"]["by"]])
        args = self.server.response_args(request.message, [BINDING_HTTP_POST])
        args.pop("name_id_policy", None)
        sp, user = request.message.issuer.text, job["user"]
        name_id = self.server.ident.persistent_nameid(user, sp_name_qualifier=sp, name_qualifier=ORIGIN)
        response = self.server.create_authn_response({"uid": [user]}, userid=user, authn=PASSWORD, sign_assertion=True,
                                                     sign_response=False, name_id=name_id, **SIGNED, **args)
        self.names[(user, sp)] = (name_id, re.search(r'SessionIndex="([^"]+)"', str(response)).group(1))
        return {"answer": self.sent(BINDING_HTTP_POST, str(response), args["destination"], fields.get("RelayState", ""), True)}

    def sent(self, binding, xml, destination, relay_state, response):
        by_post = binding == BINDING_HTTP_POST
        made = self.server.apply_binding(binding, xml, destination, relay_state, response=response, sign=not by_post,
                                         sigalg=SIG_RSA_SHA256)
        if not by_post:
            return {"by": "redirect", "url": dict(made["headers"])["Location"]}
        form = _Form("".join(made["data"]))
        return {"by": "post", "url": form.url, "form": form.fields}

    def is_signed(self, message, fields, parsed, issuer):
        """By pysaml2: inside it has verified already what is there; in the query it verifies when asked."""
        if message["by"] == "post":
            return parsed.signature is not None
        if "Signature" not in fields:
            return False
        if parsed.signature is not None:
            raise ValueError("expected the signature in the query alone")
        certs = self.server.metadata.certs(issuer, "any", "signing")
        return any(verify_redirect_signature(dict(fields), self.server.sec.sec_backend, cert if isinstance(cert, str) else cert[1])
                   for cert in certs)

    def obey(self, job):
        message, fields = job["message"], fields_of(job["message"])
        request = self.server.parse_logout_request(fields["SAMLRequest"], BINDINGS[message["by"]])
        asked = request.message
        user = self.server.ident.find_local_id(asked.name_id)
        index = asked.session_index[0].text if asked.session_index else None
        there = [s for group in self.server.session_db.get_authn_statements(asked.name_id)
                 for s in (group if isinstance(group, list) else [group])]
        ended = [s for s in there if index is None or s.session_index == index]
        if ended:
            self.server.session_db.remove_authn_statements(asked.name_id)
        binding = BINDINGS[job["by"]]
        by_post = binding == BINDING_HTTP_POST
        response = self.server.create_logout_response(asked, [binding], sign=by_post, **SIGNED)
        destination = self.server.response_args(asked, [binding])["destination"]
        return {"user": user, "ended": len(ended), "signed": self.is_signed(message, fields, asked, asked.issuer.text),
                "answer": self.sent(binding, str(response), destination, fields.get("RelayState", ""), True)}

    def begin(self, job):
        name_id, index = self.names[(job["user"], job["sp"])]
        binding = BINDINGS[job["by"]]
        (service,) = [s for s in self.server.metadata.single_logout_service(job["sp"], binding, "spsso")]
        ident, request = self.server.create_logout_request(
            service["location"], job["sp"], name_id=name_id, session_indexes=[index] if job.get("index") else None,
            sign=binding == BINDING_HTTP_POST, **SIGNED)
        return {"id": ident, "request": self.sent(binding, str(request), service["location"], job.get("relay_state", ""), False)}

    def answered(self, job):
        message, fields = job["message"], fields_of(job["message"])
        response = self.server.parse_logout_request_response(fields["SAMLResponse"], BINDINGS[message["by"]])
        got = response.response
        return {"in_response_to": got.in_response_to, "relay_state": fields.get("RelayState"), "status": got.status.status_code.value,
                "destination": got.destination, "signed": self.is_signed(message, fields, got, got.issuer.text)}


def main():
    idp = Idp(sys.argv[1], sys.argv[2:] or ["redirect", "post"])
    for line in sys.stdin:
        job = json.loads(line)
        try:
            out = getattr(idp, job["do"])(job)
        except Exception as wrong:  # told to the test, which dies of it
            out = {"error": "%s: %s" % (type(wrong).__name__, wrong)}
        print(json.dumps(out), flush=True)


if __name__ == "__main__":
    main()
