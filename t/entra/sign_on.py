# SPDX-License-Identifier: Apache-2.0
"""From a request (or a tile) over the choice of a user to the form with the Response (doc/entra.md sections 2, 3, 9)."""
import datetime
import uuid

import authn_request
import claims
import logout
import pages
import saml_response as sr
from aadsts import Aadsts
from http_parts import Answer, one
from sign_out import SESSION_COOKIE, Session, cookie, sp_logout

NESTED = {75016: "InvalidNameIDPolicy", 75011: "NoAuthnContext", 900235: "NoAuthnContext", 50058: "NoPassive",
          50105: "RequestDenied", 75003: "UnsupportedBinding"}     # what is not here: RequestUnsupported


def serve(idp, call):
    parts = call.path.split("/")
    tenant = idp.tenant(parts[0], call.host)
    values = call.form if call.method == "POST" else call.params
    if call.method == "GET" and "SAMLRequest" not in values and "SAMLResponse" in values:
        return logout.answered(tenant, call)
    xml = authn_request.decode(one(values, "SAMLRequest"), deflated=call.method == "GET")
    relay_state = one(values, "RelayState")
    if call.method == "GET" and logout.is_request(xml):
        return sp_logout(idp, tenant, call, xml, relay_state)
    service = "/".join(parts[2:]) or None
    reader = authn_request.Reader(tenant, idp.login_url(tenant.id, call.base), service)
    try:
        request = reader.read(xml, relay_state, call.query if call.method == "GET" else None)
        request.whr = one(call.params, "whr")
        return _ask(idp, tenant, call, request)
    except Aadsts as refusal:
        posted = _posted(tenant, reader.partial, refusal)
        if posted is None:
            raise
        return posted


def tile(idp, call):
    """The request that a My Apps tile stands for."""
    tenant_name, _, app_id = call.path.split("/", 2)
    tenant = idp.tenant(tenant_name, call.host)
    app = tenant.application(app_id)
    if app is None:
        raise Aadsts(700016, "Application with identifier '%s' was not found in the directory '%s'." % (app_id, tenant.name))
    if app.require_signed_requests:
        raise Aadsts(76021, "Application '%s' requires signed authentication requests." % app.id)
    if not app.reply_urls or not app.identifiers:
        raise Aadsts(900971, "No reply address provided.")
    return _ask(idp, tenant, call, authn_request.Request(
        id=None, issuer=app.identifiers[0], acs_url=app.reply_urls[0], application=app, relay_state=app.relay_state or None))


def chosen(idp, call):
    """A button of the page with the users was pressed."""
    tenant = idp.tenant(call.path.split("/", 1)[0], call.host)
    request = idp.parked.take(one(call.form, "ctx") or "")
    user = tenant.user(one(call.form, "user"))
    if request is None or request.application not in tenant.applications:
        raise Aadsts(165000, "Invalid request: the request tokens do not match the user context.")
    if user is None:
        raise Aadsts(50034, "The user account does not exist in the directory.")
    return _answer(idp, tenant, call, request, user, datetime.datetime.now(datetime.timezone.utc))


def _ask(idp, tenant, call, request):
    """Sign in at once with a session or a hint, else show the page with the users."""
    now = datetime.datetime.now(datetime.timezone.utc)
    session = idp.sessions.get(call.cookies.get(SESSION_COOKIE, "")) if tenant.sessions else None
    hint = tenant.user(one(call.params, "login_hint"))
    if session and session.tenant is tenant and not request.force_authn and hint in (None, session.user):
        return _answer(idp, tenant, call, request, session.user, session.since, session)
    if hint and not request.is_passive:
        return _answer(idp, tenant, call, request, hint, now if request.force_authn or tenant.sessions else None)
    if request.is_passive:
        raise Aadsts(50058, "A silent sign-in request was sent but no user is signed in.")
    return Answer(200, pages.sign_in(tenant, request.application, "/%s/login" % tenant.id, idp.parked.put(request),
                                     _offered(tenant, request)))


def _offered(tenant, request):
    """whr is heard for verified federated domains only (section 2)."""
    if request.whr not in tenant.federated_domains:
        return tenant.users
    return [u for u in tenant.users if u.upn.endswith("@" + request.whr)]


def _answer(idp, tenant, call, request, user, since, session=None):
    xml = response(tenant, request, user, since)
    headers = []
    if tenant.sessions:
        if session is None:
            session = Session(tenant, user, since)
            headers.append(("Set-Cookie", cookie(tenant, idp.sessions.put(session))))
        session.applications[request.application.id] = request.application
    return Answer(200, pages.post_form(request.acs_url, xml, request.relay_state), headers=headers)


def check_user(app, user):
    if not user.enabled:
        raise Aadsts(50057, "The user account is disabled.")
    if app.assigned is not None and user.id not in app.assigned:
        raise Aadsts(50105, "Your administrator has configured the application %s ('%s') to block "
                     "users unless they are specifically granted ('assigned') access to the application." % (app.name, app.id))


def response(tenant, request, user, since=None):
    """The signed Response for a request; request.id None makes it unsolicited. `since`: when the user signed in; None: long ago."""
    app = request.application
    check_user(app, user)
    context = claims.authn_context(request, user)
    name_id, name_id_format = claims.name_id(app, user, request.name_id_format)
    signer = tenant.signer(app)
    if signer is None:
        raise Aadsts(50003, "No signing key is configured for the application '%s'." % app.id)
    now = datetime.datetime.now(datetime.timezone.utc)
    # A token lifetime policy moves NotOnOrAfter of the Conditions to lifetime + 5 min and nothing else (section 3).
    ends = sr.AUTO if app.lifetime_minutes == 60 else now + datetime.timedelta(minutes=app.lifetime_minutes + 5)
    made = sr.Response(
        issuer=tenant.entity_id(), destination=request.acs_url, in_response_to=request.id, now=now, not_on_or_after=ends,
        audiences=[claims.audience(app, request.issuer)], name_id=name_id, name_id_format=name_id_format,
        attributes=claims.attributes(tenant, app, user), authn_context=context, authn_instant=since or sr.AUTO)
    xml = sr.make_response(made, signer, app.sign, app.encrypt_cert, app.encrypt_cipher)
    return xml if app.sign == "assertion" else sr.prefix_first_key_info(xml)


def _posted(tenant, request, refusal):
    """The error as a Response to the application, where Entra posts it (section 9): no Destination, unsigned."""
    if request is None or refusal.code not in request.application.posted_errors:
        return None
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
    top = "Responder" if refusal.code == 50058 else "Requester"
    xml = sr.build(sr.Response(
        issuer=tenant.entity_id(), in_response_to=request.id,
        status_codes=[sr.STATUS + top, sr.STATUS + NESTED.get(refusal.code, "RequestUnsupported")],
        status_message="AADSTS%d: %s\r\nTrace ID: %s\r\nTimestamp: %s" % (refusal.code, refusal.text, uuid.uuid4(), stamp)))
    return Answer(200, pages.post_form(request.acs_url, xml, request.relay_state))
