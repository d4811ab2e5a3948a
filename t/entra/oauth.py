# SPDX-License-Identifier: Apache-2.0
"""The token endpoint: client credentials by secret or by a PS256 assertion (doc/entra.md section 5)."""
import base64
import datetime
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

import cloud
import saml_response as sr
from aadsts import Aadsts
from http_parts import json_answer, one

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_S = 3599
MOST_VALID_S = 600      # exp after nbf
SKEW_S = 300
NAMES = {700016: "unauthorized_client", 7000112: "unauthorized_client", 7000215: "invalid_client", 7000222: "invalid_client",
         700027: "invalid_client", 7000216: "invalid_client", 70003: "unsupported_grant_type", 70011: "invalid_scope",
         50196: "server_error", 90002: "invalid_request", 900144: "invalid_request"}


@dataclass
class Token:
    tenant: object
    application: object
    graph_hosts: tuple


def error(status, code, text, headers=()):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    return json_answer(status, {
        "error": NAMES.get(code, "invalid_request"), "error_codes": [code], "timestamp": now, "trace_id": trace,
        "correlation_id": correlation, "error_description": "AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s"
        % (code, text, trace, correlation, now), "error_uri": "https://login.microsoftonline.com/error?code=%d" % code}, headers)


def serve(idp, call):
    try:
        tenant = idp.tenant(call.path.split("/", 1)[0], call.host)
        app = _client(idp, tenant, call)
        hosts = _scope(tenant, _needed(call, "scope"))
    except Aadsts as refusal:
        return error(401 if NAMES.get(refusal.code) == "invalid_client" else 400, refusal.code, refusal.text)
    token = idp.tokens.put(Token(tenant, app, hosts), lifetime_s=LIFETIME_S)
    return json_answer(200, {"token_type": "Bearer", "expires_in": idp.settings["token_s"], "ext_expires_in": idp.settings["token_s"],
                             "access_token": token})


def _needed(call, name):
    value = one(call.form, name)
    if not value:
        raise Aadsts(900144, "The request body must contain the following parameter: '%s'." % name)
    return value


def _client(idp, tenant, call):
    grant = _needed(call, "grant_type")
    if grant != "client_credentials":
        raise Aadsts(70003, "The app requested an unsupported grant type '%s'." % grant)
    name = _needed(call, "client_id")
    app = tenant.application(name)
    if app is None:
        raise Aadsts(700016, "Application with identifier '%s' was not found in the directory '%s'." % (name, tenant.name))
    if not app.enabled:
        raise Aadsts(7000112, "Application '%s'(%s) is disabled." % (app.id, app.name))
    secret, assertion = one(call.form, "client_secret"), one(call.form, "client_assertion")
    if (secret is None) == (assertion is None):
        raise Aadsts(7000216, "'client_assertion' or 'client_secret' is required for the 'client_credentials' grant type.")
    if secret is not None:
        _check_secret(app, secret)
    else:
        _check_assertion(idp, app, call, assertion)
    return app


def _check_secret(app, secret):
    found = [s for s in app.client_secrets if hmac.compare_digest(s["value"].encode(), secret.encode())]
    if not found:
        raise Aadsts(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                     "value, not the client secret ID, for a secret added to app '%s'." % app.id)
    if found[0].get("expired"):
        raise Aadsts(7000222, "The provided client secret keys for app '%s' are expired." % app.id)


def _scope(tenant, scope):
    """<Graph host of this cloud>/.default and nothing else; the hosts that the token is for."""
    hosts = cloud.CLOUDS[tenant.cloud].graph
    for host in hosts:
        if scope == "https://%s/.default" % host:
            return (host,)
    raise Aadsts(70011, "The provided request must include a 'scope' input parameter. The scope '%s' is not valid." % scope)


def _bad(text):
    return Aadsts(700027, "The certificate with identifier used to sign the client assertion is not registered on application, or "
                  "the assertion is wrong. [Reason - %s]" % text)


def _decoded(part):
    if "=" in part or "+" in part or "/" in part:
        raise _bad("not base64url")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise _bad("not base64url")


def _object(part):
    try:
        value = json.loads(_decoded(part))
    except ValueError:
        raise _bad("not JSON")
    if not isinstance(value, dict):
        raise _bad("not a JSON object")
    return value


def _certificate(app, header):
    """The registered certificate whose SHA-256 is x5t#S256."""
    if header.get("alg") != "PS256" or header.get("typ") != "JWT":
        raise _bad("expected alg PS256 and typ JWT, got %r and %r" % (header.get("alg"), header.get("typ")))
    for name in app.client_certs:
        cert = x509.load_pem_x509_certificate(sr.read(name))
        der = cert.public_bytes(serialization.Encoding.DER)
        if header.get("x5t#S256") == base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("="):
            return cert
    raise _bad("the key was not found: x5t#S256 %r" % header.get("x5t#S256"))


def _check_assertion(idp, app, call, assertion):
    if one(call.form, "client_assertion_type") != ASSERTION_TYPE:
        raise Aadsts(900144, "The request body must contain the following parameter: 'client_assertion_type'.")
    parts = assertion.split(".")
    if len(parts) != 3:
        raise _bad("expected three parts, got %d" % len(parts))
    cert = _certificate(app, _object(parts[0]))
    if not cert.not_valid_before <= datetime.datetime.utcnow() <= cert.not_valid_after:
        raise _bad("the certificate has expired")
    try:
        cert.public_key().verify(_decoded(parts[2]), ".".join(parts[:2]).encode(),
                                 padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    except InvalidSignature:
        raise _bad("the signature does not verify")
    _check_payload(idp, app, call, _object(parts[1]))


def _check_payload(idp, app, call, payload):
    audience = "%s/%s" % (call.base, call.path)
    if payload.get("aud") != audience:
        raise _bad("aud: expected %s, got %r" % (audience, payload.get("aud")))
    if payload.get("iss") != app.id or payload.get("sub") != app.id:
        raise _bad("iss and sub: expected %s, got %r and %r" % (app.id, payload.get("iss"), payload.get("sub")))
    now, times = time.time(), [payload.get(n) for n in ("nbf", "iat", "exp")]
    if any(isinstance(t, bool) or not isinstance(t, int) for t in times):
        raise _bad("nbf, iat and exp: expected whole seconds, got %r" % times)
    if not times[0] - SKEW_S <= now < times[2] or not 0 < times[2] - times[0] <= MOST_VALID_S:
        raise _bad("not within its lifetime: nbf %d, exp %d, now %d" % (times[0], times[2], now))
    jti = payload.get("jti")
    if not isinstance(jti, str) or not jti or idp.seen_jti.get(app.id + " " + jti):
        raise _bad("jti is missing or was used before")
    idp.seen_jti.put(True, name=app.id + " " + jti)
