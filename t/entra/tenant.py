# SPDX-License-Identifier: Apache-2.0
"""The directory behind the stand-in: tenants, applications, users and groups, read from JSON.

Unknown names in the JSON are errors, so that a misspelt setting never passes silently. Keys and certificates that are not given
are made.

    {"tenants": [{
        "id": "<GUID>",
        "groups": {"<GUID>": "Accounting", "<GUID>": {"name": "Staff", "sam": "Staff", "parents": ["<GUID>"]}},
        "users": [{"id": "<GUID>", "upn": "ada@example.org", "mail": "ada@example.org",
                   "given_name": "Ada", "surname": "Example", "display_name": "Ada Example",
                   "groups": ["<GUID>"]}],
        "applications": [{"id": "<GUID>", "identifiers": ["https://sp/saml/metadata"],
                          "reply_urls": ["https://sp/saml/acs"]}]}]}
"""
import json
import tempfile
from dataclasses import dataclass, field, fields
from typing import Dict, List, Optional

import cloud
from keyring import KeyRing
from saml_response import FORMAT_EMAIL, Signer

SIGN_OPTIONS = ("assertion", "response", "both")
GROUP_CLAIMS = ("None", "SecurityGroup", "DirectoryRole", "All", "ApplicationGroup")
GROUP_FORMATS = ("object_id", "sam_account_name", "dns_domain_and_sam_account_name", "netbios_domain_and_sam_account_name",
                 "cloud_displayname")
METHODS = ("password", "windows", "x509")


@dataclass
class Group:
    id: str
    name: str
    kind: str = "security"                      # or distribution
    sam: Optional[str] = None                   # only groups synced from Active Directory have these three
    dns_domain: Optional[str] = None
    netbios_domain: Optional[str] = None
    parents: List[str] = field(default_factory=list)        # groups that this one is a member of


@dataclass
class User:
    id: str
    upn: str
    display_name: str
    mail: Optional[str] = None
    given_name: Optional[str] = None
    surname: Optional[str] = None
    employee_id: Optional[str] = None
    sam: Optional[str] = None                   # onpremisessamaccountname
    groups: List[str] = field(default_factory=list)         # direct memberships
    directory_roles: List[str] = field(default_factory=list)    # object IDs, keys of the tenant's directory_roles
    app_roles: Dict[str, List[str]] = field(default_factory=dict)   # application ID: role values
    extensions: Dict[str, str] = field(default_factory=dict)    # extensionAttribute1 and so on
    identity_provider: Optional[str] = None     # None: the tenant's own
    guest: bool = False
    enabled: bool = True
    method: str = "password"                    # how this user signs in
    mfa: bool = False


@dataclass
class Claim:
    """A custom claim: a source of the user, or constants. Name is any text, Namespace is put before it with a slash."""
    name: str
    namespace: Optional[str] = None
    source: Optional[str] = None                # as "user.mail", see claims.py
    values: List[str] = field(default_factory=list)

    def full_name(self):
        return "%s/%s" % (self.namespace, self.name) if self.namespace else self.name


@dataclass
class Application:
    id: str
    key: Optional[str] = None
    cert: Optional[str] = None
    name: str = "Application"
    service_principal_id: Optional[str] = None
    own_certificate: bool = True                # false: App registration only, signed with the tenant's keys
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
    name_id_source: str = "user.userprincipalname"
    name_id_format: Optional[str] = FORMAT_EMAIL
    group_membership_claims: str = "SecurityGroup"
    group_format: str = "object_id"
    group_claim_name: Optional[str] = None
    assigned_groups: List[str] = field(default_factory=list)    # for ApplicationGroup
    emit_groups_as_roles: bool = False
    groups_link_blank: bool = False             # a leading blank in the Name, as Microsoft's sample prints it
    optional_claims: List[str] = field(default_factory=list)    # upn, acct
    default_claims: bool = True                 # givenname, surname, emailaddress, name
    claims: List[Claim] = field(default_factory=list)
    attribute_name_format: bool = False         # "Include attribute name format"
    custom_signing_key: bool = False
    audience_override: Optional[str] = None     # ignored without custom_signing_key
    assigned: Optional[List[str]] = None        # user IDs; None: assignment is not required
    lifetime_minutes: int = 60                  # of a token lifetime policy
    posted_errors: List[int] = field(default_factory=lambda: [75006, 90011, 900236, 75016, 50058])  # the others stay on the page
    client_secrets: List[dict] = field(default_factory=list)    # {"value": ..., "expired": false}
    client_certs: List[str] = field(default_factory=list)       # for client assertions
    graph_permissions: List[str] = field(default_factory=lambda: ["User.Read.All", "GroupMember.Read.All"])

    def names(self):
        """ServicePrincipalNames: what the Issuer of a request may be (doc/entra.md section 1)."""
        return self.identifiers + [self.id, "spn:" + self.id]


@dataclass
class Tenant:
    id: str
    key: Optional[str] = None
    cert: Optional[str] = None
    name: str = "Example"
    cloud: str = "global"
    domains: List[str] = field(default_factory=list)            # verified ones, which may stand for the ID in URLs
    federated_domains: List[str] = field(default_factory=list)  # those that whr is heard for
    issuer: Optional[str] = None                # None: the cloud's form, https://sts.windows.net/<id>/
    groups: Dict[str, Group] = field(default_factory=dict)
    directory_roles: Dict[str, str] = field(default_factory=dict)   # object ID: template GUID
    users: List[User] = field(default_factory=list)
    applications: List[Application] = field(default_factory=list)
    sessions: bool = False                      # keep the user signed in at the IdP by a cookie
    request_age_s: int = 600                    # AADSTS76026 beyond it

    def entity_id(self):
        return self.issuer or cloud.CLOUDS[self.cloud].issuer % self.id

    def application_named(self, issuer):
        return next((a for a in self.applications if issuer in a.names()), None)

    def application(self, app_id):
        return next((a for a in self.applications if a.id == app_id), None)

    def ring_of(self, app=None):
        """The certificates of an application; the tenant's rolling ones without one, or where it has none of its own."""
        return app.ring if app is not None and app.own_certificate else self.ring

    def signer(self, app=None):
        """A Signer with the key that signs now, or None."""
        certificate = self.ring_of(app).signing()
        digest = app.digest if app else "sha256"
        return certificate and Signer(certificate.key, certificate.cert, "rsa-" + digest, digest)

    def user(self, name):
        """By object ID, UPN or mail; names compare without case, as sign-in names do."""
        name = (name or "").lower()
        return next((u for u in self.users
                     if name and name in (u.id.lower(), u.upn.lower(), (u.mail or "").lower())), None)


def from_dict(kind, values, where):
    known = {f.name for f in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError("%s: unknown %s; known are %s"
                         % (where, ", ".join(unknown), ", ".join(sorted(known))))
    return kind(**values)


def check_application(app, where):
    for name, allowed in (("sign", SIGN_OPTIONS), ("digest", ("sha256", "sha1")), ("group_membership_claims", GROUP_CLAIMS),
                          ("group_format", GROUP_FORMATS)):
        if getattr(app, name) not in allowed:
            raise ValueError("%s: %s: expected %s, got %r" % (where, name, ", ".join(allowed), getattr(app, name)))
    if app.group_format == "cloud_displayname" and app.group_membership_claims != "ApplicationGroup":
        raise ValueError("%s: group_format: expected cloud_displayname with ApplicationGroup only (section 5)" % where)


def claims_from(values, where):
    return [from_dict(Claim, c, where + ", claim") if isinstance(c, dict) else Claim(c[0], values=c[1]) for c in values]


def _ring(folder, prefix, owner, more=()):
    """With an active certificate that may have been made here, and inactive ones."""
    ring = KeyRing(folder, prefix)
    ring.add(active=True, key=owner.key, cert=owner.cert)
    for cert in more:
        ring.add(cert=cert)
    return ring


def application_from_dict(values, where, folder):
    where = "%s, application %s" % (where, values.get("id"))
    values = dict(values, claims=claims_from(values.get("claims", []), where))
    app = from_dict(Application, values, where)
    check_application(app, where)
    app.ring = _ring(folder, "app-" + app.id, app, app.more_certs) if app.own_certificate else None
    return app


def group_from(group_id, value, where):
    return from_dict(Group, dict(value if isinstance(value, dict) else {"name": value}, id=group_id), where)


def tenant_from_dict(values, folder):
    values = dict(values)
    where = "tenant %s" % values.get("id")
    values["groups"] = {i: group_from(i, g, where + ", group") for i, g in values.get("groups", {}).items()}
    values["users"] = [from_dict(User, u, where + ", user") for u in values.get("users", [])]
    values["applications"] = [application_from_dict(a, where, folder) for a in values.get("applications", [])]
    tenant = from_dict(Tenant, values, where)
    if tenant.cloud not in cloud.CLOUDS:
        raise ValueError("%s: cloud: expected %s, got %r" % (where, ", ".join(cloud.CLOUDS), tenant.cloud))
    if any(u.method not in METHODS for u in tenant.users):
        raise ValueError("%s: method of a user: expected one of %s" % (where, ", ".join(METHODS)))
    tenant.ring = _ring(folder, "tenant-" + tenant.id, tenant)
    return tenant


def load(source, folder=None):
    """Tenants by ID, from a file name or a dict that is already parsed. `folder`: where keys are made."""
    if not isinstance(source, dict):
        with open(source, encoding="utf-8") as handle:
            source = json.load(handle)
    folder = folder or tempfile.mkdtemp(prefix="entra-keys-")
    tenants = [tenant_from_dict(t, folder) for t in source["tenants"]]
    return {t.id: t for t in tenants}
