# SPDX-License-Identifier: Apache-2.0
"""Which groups a user is in, and what an assertion or Graph says of them (doc/entra.md section 5)."""
from tenant import Group

GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
GROUPS_LINK = "http://schemas.microsoft.com/claims/groups.link"
ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
WIDS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/wids"
LIMIT = 150     # above it SAML's claim is left out


def known(tenant, group_id):
    """A group that the configuration does not describe is a security group of that name."""
    return tenant.groups.get(group_id) or Group(group_id, group_id)


def transitive(tenant, user):
    """All groups of the user, nested ones included, each once, direct ones first."""
    found = dict.fromkeys(user.groups)
    waiting = list(found)
    while waiting:
        for parent in known(tenant, waiting.pop(0)).parents:
            if parent not in found:
                found[parent] = None
                waiting.append(parent)
    return [known(tenant, i) for i in found]


def _emitted(tenant, app, user):
    """Groups of the claim, and object IDs of directory roles beside them."""
    kind = app.group_membership_claims
    if kind == "ApplicationGroup":      # direct members of assigned groups only
        return [known(tenant, i) for i in user.groups if i in app.assigned_groups], []
    if kind == "SecurityGroup":
        return [g for g in transitive(tenant, user) if g.kind == "security"], list(user.directory_roles)
    if kind == "All":
        return transitive(tenant, user), list(user.directory_roles)
    return [], []


def _value(app, group):
    """How a group is written; None drops it, as groups that are not synced have none of the on-premises names."""
    if app.group_format == "object_id":
        return group.id
    if app.group_format == "cloud_displayname":
        return group.name
    if group.sam is None:
        return None
    if app.group_format == "sam_account_name":
        return group.sam
    domain = group.dns_domain if app.group_format.startswith("dns") else group.netbios_domain
    return domain and "%s\\%s" % (domain, group.sam)


def claims(tenant, app, user):
    """[(name, values)] of groups, roles and wids."""
    groups, roles = _emitted(tenant, app, user)
    app_roles = list(user.app_roles.get(app.id, []))
    pairs = []
    name = ROLE if app.emit_groups_as_roles else app.group_claim_name or GROUPS
    if len(groups) + len(roles) > LIMIT:
        blank = " " if app.groups_link_blank else ""
        pairs.append((blank + GROUPS_LINK, ["https://graph.windows.net/%s/users/%s/getMemberObjects" % (tenant.id, user.id)]))
    else:
        values = [v for v in (_value(app, g) for g in groups) if v]
        pairs.append((name, values + (roles if app.group_format == "object_id" else [])))
    if not app.emit_groups_as_roles:    # with it real application roles vanish
        pairs.append((ROLE, app_roles))
    if app.group_membership_claims == "DirectoryRole":
        pairs.append((WIDS, [tenant.directory_roles[i] for i in user.directory_roles if i in tenant.directory_roles]))
    return pairs
