# SPDX-License-Identifier: Apache-2.0
"""The directory behind the stand-in: tenants, applications, users and groups, read from JSON.

Unknown names in the JSON are errors, so that a misspelt setting never passes silently.

    {"tenants": [{
        "id": "<GUID>", "key": "tenant.key", "cert": "tenant.crt",
        "groups": {"<GUID>": "Accounting"},
        "users": [{"id": "<GUID>", "upn": "ada@example.org", "mail": "ada@example.org",
                   "given_name": "Ada", "surname": "Example", "display_name": "Ada Example",
                   "groups": ["<GUID>"]}],
        "applications": [{"id": "<GUID>", "identifiers": ["https://sp/saml/metadata"],
                          "reply_urls": ["https://sp/saml/acs"], "key": "app.key", "cert": "app.crt"}]}]}
"""
import json
from dataclasses import dataclass, field, fields
from typing import Dict, List, Optional

from saml_response import FORMAT_EMAIL, Signer

SIGN_OPTIONS = ("assertion", "response", "both")
GROUP_LIMIT = 150   # entra.md section 5: above it Entra leaves the claim out


@dataclass
class User:
    id: str
    upn: str
    display_name: str
    mail: Optional[str] = None
    given_name: Optional[str] = None
    surname: Optional[str] = None
    groups: List[str] = field(default_factory=list)
    identity_provider: Optional[str] = None     # None: the tenant's own
    mfa: bool = False


@dataclass
class Application:
    id: str
    key: str
    cert: str
    name: str = "Application"
    enabled: bool = True
    identifiers: List[str] = field(default_factory=list)    # the first is the default one
    reply_urls: List[str] = field(default_factory=list)     # the first is the default one
    relay_state: Optional[str] = None
    logout_url: Optional[str] = None
    sign: str = "assertion"
    digest: str = "sha256"                      # or sha1, as the portal offers
    more_certs: List[str] = field(default_factory=list)     # inactive ones, listed in the metadata
    encrypt_cert: Optional[str] = None
    encrypt_cipher: str = "aes256-cbc"
    require_signed_requests: bool = False
    verification_certs: List[str] = field(default_factory=list)
    allow_weak_request_signatures: bool = False
    name_id_source: str = "upn"                 # upn, mail or id
    name_id_format: str = FORMAT_EMAIL
    group_claims: bool = True
    group_names: bool = False                   # cloud_displayname in place of object IDs
    claims: List[list] = field(default_factory=list)        # [name, [values]] constants
    assigned: Optional[List[str]] = None        # user IDs; None: assignment is not required

    def signer(self):
        return Signer(self.key, self.cert, "rsa-" + self.digest, self.digest)

    def names(self):
        """ServicePrincipalNames: what the Issuer of a request may be (entra.md section 1)."""
        return self.identifiers + [self.id, "spn:" + self.id]


@dataclass
class Tenant:
    id: str
    key: str
    cert: str
    name: str = "Example"
    issuer: Optional[str] = None                # None: https://sts.windows.net/<id>/
    groups: Dict[str, str] = field(default_factory=dict)
    users: List[User] = field(default_factory=list)
    applications: List[Application] = field(default_factory=list)
    sessions: bool = False                      # keep the user signed in at the IdP by a cookie
    request_age_s: int = 600                    # AADSTS76026 beyond it

    def entity_id(self):
        return self.issuer or "https://sts.windows.net/%s/" % self.id

    def application_named(self, issuer):
        return next((a for a in self.applications if issuer in a.names()), None)

    def application(self, app_id):
        return next((a for a in self.applications if a.id == app_id), None)

    def user(self, name):
        """By object ID, UPN or mail; names compare without case, as sign-in names do."""
        name = (name or "").lower()
        return next((u for u in self.users
                     if name and name in (u.id.lower(), u.upn.lower(), (u.mail or "").lower())), None)


def _from_dict(kind, values, where):
    known = {f.name for f in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError("%s: unknown %s; known are %s"
                         % (where, ", ".join(unknown), ", ".join(sorted(known))))
    return kind(**values)


def tenant_from_dict(values):
    values = dict(values)
    where = "tenant %s" % values.get("id")
    values["users"] = [_from_dict(User, u, where + ", user") for u in values.get("users", [])]
    values["applications"] = [_from_dict(Application, a, where + ", application")
                              for a in values.get("applications", [])]
    tenant = _from_dict(Tenant, values, where)
    for app in tenant.applications:
        if app.sign not in SIGN_OPTIONS:
            raise ValueError("%s, application %s: sign: expected %s, got %r"
                             % (where, app.id, ", ".join(SIGN_OPTIONS), app.sign))
    return tenant


def load(source):
    """Tenants by ID, from a file name or a dict that is already parsed."""
    if not isinstance(source, dict):
        with open(source, encoding="utf-8") as handle:
            source = json.load(handle)
    tenants = [tenant_from_dict(t) for t in source["tenants"]]
    return {t.id: t for t in tenants}
