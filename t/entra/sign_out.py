# SPDX-License-Identifier: Apache-2.0
"""Sessions at the stand-in and how they end: by an application's request, or by the user here (doc/entra.md section 6)."""
import datetime
from dataclasses import dataclass, field
from typing import Dict

import logout
import pages
from aadsts import Aadsts
from http_parts import Answer

SESSION_COOKIE = "ESTSAUTH"


@dataclass
class Session:
    tenant: object
    user: object
    since: datetime.datetime
    applications: Dict[str, object] = field(default_factory=dict)   # those that it was used for


def cookie(tenant, value):
    return "%s=%s; Path=/%s; HttpOnly; SameSite=None; Secure" % (SESSION_COOKIE, value, tenant.id)


def _end(idp, tenant, call):
    """The session that ends, or None, and the header that says so."""
    session = idp.sessions.take(call.cookies.get(SESSION_COOKIE, ""))
    return session, [("Set-Cookie", cookie(tenant, "") + "; Max-Age=0")]


def sp_logout(idp, tenant, call, xml, relay_state):
    """An application asks. Back to it with a LogoutResponse, or a page where it has no Logout URL. The other applications are told."""
    app, request_id = logout.read(xml, tenant)
    live = idp.sessions.get(call.cookies.get(SESSION_COOKIE, ""))
    if tenant.sessions and live is not None and app.id not in live.applications:
        raise Aadsts(50068, "Signout failed. The initiating application is not a participant in the current session.")
    session, headers = _end(idp, tenant, call)
    others = [a for i, a in (session.applications.items() if session else ()) if i != app.id]
    back = logout.response_url(tenant, app, request_id, relay_state) if app.logout_url else None
    frames = _frames(tenant, session, others)
    if back and not frames:
        return Answer(302, headers=headers + [("Location", back)])
    return Answer(200, pages.signed_out(frames, back), headers=headers)


def serve(idp, call):
    """The user signs out at Entra: each application of the session gets a LogoutRequest in a hidden frame."""
    tenant = idp.tenant(call.path.split("/", 1)[0], call.host)
    session, headers = _end(idp, tenant, call)
    apps = list(session.applications.values()) if session else []
    return Answer(200, pages.signed_out(_frames(tenant, session, apps)), headers=headers)


def _frames(tenant, session, apps):
    return [logout.request_url(tenant, app, session.user) for app in apps if app.logout_url]
