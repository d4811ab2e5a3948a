# SPDX-License-Identifier: Apache-2.0
"""What the assertion says about a user: claims in Entra's order, NameID, audience, the way of signing in.

doc/entra.md section 4 (claims), section 1 (audience), section 2 (authentication context); groups: groups.py.
"""
import hashlib
import uuid

import groups
import saml_response as sr
from aadsts import Aadsts

MS = "http://schemas.microsoft.com/identity/claims/"
XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
METHODS = "http://schemas.microsoft.com/claims/authnmethodsreferences"
METHOD = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/"
MFA = "http://schemas.microsoft.com/claims/multipleauthn"
NAME_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"

NAME_ID_FORMATS = (sr.FORMAT_PERSISTENT, sr.FORMAT_EMAIL, sr.FORMAT_UNSPECIFIED, sr.FORMAT_TRANSIENT)
AC = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
# By the way the user signs in: the context that is said, and what a request may ask for.
CONTEXTS = {
    "password": (AC + "Password", (AC + "Password", AC + "PasswordProtectedTransport", AC + "unspecified", AC + "Unspecified")),
    "windows": ("urn:federation:authentication:windows", ("urn:federation:authentication:windows", AC + "Kerberos")),
    "x509": (AC + "X509", (AC + "X509",)),
}
SHOWN = {"password": "Password", "windows": "WindowsIntegrated", "x509": "X509"}
# Sources that would make a restricted claim (section 4).
RESTRICTED = {groups.GROUPS, groups.ROLE, groups.WIDS, groups.GROUPS_LINK, METHODS, MS + "tenantid", MS + "objectidentifier",
              MS + "identityprovider", MS + "acct", XMLSOAP + "upn"}


def source(user, name):
    """The value of a source as the portal names it; None where the user has none."""
    table = {"user.userprincipalname": user.upn, "user.mail": user.mail, "user.objectid": user.id, "user.givenname": user.given_name,
             "user.surname": user.surname, "user.displayname": user.display_name, "user.employeeid": user.employee_id,
             "user.onpremisessamaccountname": user.sam}
    if name.startswith("user.extensionattribute"):
        return user.extensions.get(name[len("user."):])
    if name not in table:
        raise ValueError("source: expected one of %s, got %r" % (", ".join(sorted(table)), name))
    return table[name]


def check(app, user):
    """Custom claims are as the portal would take them: a known source or constants, no restricted name. `user`: any one."""
    for claim in app.claims:
        if claim.full_name() in RESTRICTED and not app.custom_signing_key:
            raise ValueError("claim %s: restricted names cannot be made by custom claims" % claim.full_name())
        if claim.source:
            source(user, claim.source)
    source(user, app.name_id_source)


def _methods(user):
    first = AC + "X509" if user.method == "x509" else METHOD + user.method
    return [first] + ([MFA] if user.mfa else [])


def _default(tenant, user):
    return [(XMLSOAP + "givenname", [user.given_name]), (XMLSOAP + "surname", [user.surname]),
            (XMLSOAP + "emailaddress", [user.mail]), (XMLSOAP + "name", [user.upn])]


def _optional(app, user):
    pairs = []
    if "upn" in app.optional_claims:
        pairs.append((XMLSOAP + "upn", [user.upn]))
    if "acct" in app.optional_claims:
        pairs.append((MS + "acct", ["1" if user.guest else "0"]))
    return pairs


def _custom(app, user):
    pairs = []
    for claim in app.claims:
        pairs.append((claim.full_name(), [source(user, claim.source)] if claim.source else claim.values))
    return pairs


def attributes(tenant, app, user):
    """Attributes in the order in which Entra sends them; an empty source leaves its claim out. A custom claim replaces a default one."""
    pairs = [(MS + "tenantid", [tenant.id]), (MS + "objectidentifier", [user.id]), (MS + "displayname", [user.display_name])]
    pairs += groups.claims(tenant, app, user)
    pairs += [(MS + "identityprovider", [user.identity_provider or tenant.entity_id()]), (METHODS, _methods(user))]
    custom = _custom(app, user)
    replaced = {name for name, _ in custom}
    pairs += [p for p in (_default(tenant, user) if app.default_claims else []) if p[0] not in replaced]
    pairs += _optional(app, user) + custom
    name_format = NAME_FORMAT if app.attribute_name_format else None
    return [sr.Attribute(name, values, name_format) for name, values in pairs if values and values[0]]


def pairwise(app, user):
    """Opaque, the same for one user of one application."""
    return hashlib.sha256(("%s %s" % (app.id, user.id)).encode()).hexdigest()[:43]


def name_id(app, user, wanted_format):
    """(value, format): a Format in the request beats the application's own (section 2)."""
    chosen = wanted_format or app.name_id_format
    if chosen == sr.FORMAT_TRANSIENT:
        return uuid.uuid4().hex, chosen
    if chosen == sr.FORMAT_PERSISTENT:
        return pairwise(app, user), chosen
    value = source(user, app.name_id_source)
    if not value:
        raise Aadsts(501241, "Mandatory Input '%s' missing from transformation id 'NameID'." % app.name_id_source)
    return value, chosen


def audience(app, issuer):
    """The request's Issuer when it is a URI, else with spn: before it; an override holds with a custom signing key only."""
    if app.audience_override and app.custom_signing_key:
        return app.audience_override
    return issuer if ":" in issuer else "spn:" + issuer


def authn_context(request, user):
    """AuthnContextClassRef, or AADSTS75011 where the request asks for another way of signing in."""
    said, match = CONTEXTS[user.method]
    if request.authn_contexts is None:
        return said
    # ForceAuthn has the user sign in anew, in the way that was asked for.
    allowed = sum((m for _, m in CONTEXTS.values()), ()) if request.force_authn else match
    wanted = next((w for w in request.authn_contexts if w in allowed), None)
    if wanted is None:
        method = SHOWN[user.method] + (", MultiFactor" if user.mfa else "")
        raise Aadsts(75011, "Authentication method '%s' by which the user authenticated with the service doesn't match requested "
                     "authentication method '%s'." % (method, ", ".join(w.rpartition(":")[2] for w in request.authn_contexts)))
    return wanted
