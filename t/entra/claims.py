# SPDX-License-Identifier: Apache-2.0
"""What the assertion says about a user: claims in Entra's order, NameID, audience.

entra.md section 4 (claims), section 5 (groups and overage), section 1 (audience).
"""
import hashlib
import uuid

import saml_response as sr
from tenant import GROUP_LIMIT

MS = "http://schemas.microsoft.com/identity/claims/"
XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
GROUPS_LINK = "http://schemas.microsoft.com/claims/groups.link"
METHODS = "http://schemas.microsoft.com/claims/authnmethodsreferences"
PASSWORD = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
MFA = "http://schemas.microsoft.com/claims/multipleauthn"

NAME_ID_FORMATS = (sr.FORMAT_PERSISTENT, sr.FORMAT_EMAIL, sr.FORMAT_UNSPECIFIED, sr.FORMAT_TRANSIENT)


def attributes(tenant, app, user):
    """Attributes in the order in which Entra sends them; an empty source leaves its claim out."""
    methods = [PASSWORD] + ([MFA] if user.mfa else [])
    pairs = [
        (MS + "tenantid", [tenant.id]),
        (MS + "objectidentifier", [user.id]),
        (MS + "displayname", [user.display_name]),
    ]
    pairs += _group_claim(tenant, app, user)
    pairs += [
        (MS + "identityprovider", [user.identity_provider or tenant.entity_id()]),
        (METHODS, methods),
        (XMLSOAP + "givenname", [user.given_name]),
        (XMLSOAP + "surname", [user.surname]),
        (XMLSOAP + "emailaddress", [user.mail]),
        (XMLSOAP + "name", [user.upn]),
    ]
    pairs += [(name, values) for name, values in app.claims]
    return [sr.Attribute(name, values) for name, values in pairs if values and values[0]]


def _group_claim(tenant, app, user):
    if not app.group_claims or not user.groups:
        return []
    if len(user.groups) > GROUP_LIMIT:
        return [(GROUPS_LINK, ["https://graph.windows.net/%s/users/%s/getMemberObjects"
                               % (tenant.id, user.id)])]
    if app.group_names:
        return [(GROUPS, [tenant.groups[g] for g in user.groups])]
    return [(GROUPS, list(user.groups))]


def name_id(app, user, wanted_format):
    """(value, format): a Format in the request beats the application's own."""
    chosen = wanted_format or app.name_id_format
    if chosen == sr.FORMAT_TRANSIENT:
        return uuid.uuid4().hex, chosen
    if chosen == sr.FORMAT_PERSISTENT:
        digest = hashlib.sha256(("%s %s" % (app.id, user.id)).encode()).hexdigest()
        return digest[:43], chosen      # opaque, the same for one user of one application
    source = {"upn": user.upn, "mail": user.mail, "id": user.id}[app.name_id_source]
    return source, chosen


def audience(issuer):
    """The request's Issuer when it is a URI, else with spn: before it."""
    return issuer if ":" in issuer else "spn:" + issuer
