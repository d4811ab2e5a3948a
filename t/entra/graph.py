# SPDX-License-Identifier: Apache-2.0
"""Microsoft Graph, as much of it as groups need (doc/entra.md section 5).

    POST /v1.0/users/<oid>/getMemberGroups          {"securityEnabledOnly": true}
    POST /v1.0/users/<oid>/getMemberObjects         the same, with directory roles
    GET  /v1.0/users/<oid>/transitiveMemberOf/microsoft.graph.group?$count=true&$select=...&$top=...
"""
import datetime
import json
import re
import uuid

import groups
from aadsts import Aadsts
from http_parts import json_answer, one

MOST_IDS = 11000
PAGE, MOST_PAGE = 100, 999
SELECTABLE = {"id": lambda g: g.id, "displayName": lambda g: g.name, "onPremisesSamAccountName": lambda g: g.sam,
              "securityEnabled": lambda g: g.kind == "security"}
PERMISSIONS = {
    "getMemberGroups": ({"User.ReadBasic.All", "GroupMember.Read.All"}, {"User.Read.All", "GroupMember.Read.All"},
                        {"Directory.Read.All"}),
    "transitiveMemberOf": ({"User.Read.All"}, {"GroupMember.Read.All"}, {"Directory.Read.All"}),
}
PERMISSIONS["getMemberObjects"] = PERMISSIONS["getMemberGroups"]
PATH = re.compile(r"^v1\.0/users/([^/]+)/(getMemberGroups|getMemberObjects|transitiveMemberOf/microsoft\.graph\.group)$")


class _Refusal(Exception):
    def __init__(self, status, code, text):
        super().__init__(text)
        self.answer = error(status, code, text)


def error(status, code, text, headers=()):
    inner = {"request-id": str(uuid.uuid4()), "client-request-id": str(uuid.uuid4()),
             "date": datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%S")}
    return json_answer(status, {"error": {"code": code, "message": text, "innerError": inner}}, headers)


def serve(idp, call):
    try:
        found = PATH.match(call.path)
        if not found:
            raise _Refusal(404, "ResourceNotFound", "Resource not found for the segment '%s'." % call.path)
        token = _token(idp, call)
        verb = found.group(2).split("/")[0]
        if (call.method == "GET") != (verb == "transitiveMemberOf"):
            raise _Refusal(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        if not any(p <= set(token.application.graph_permissions) for p in PERMISSIONS[verb]):
            raise _Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        user = next((u for u in token.tenant.users if u.id == found.group(1)), None)
        if user is None:
            raise _Refusal(404, "Request_ResourceNotFound", "Resource '%s' does not exist or one of its queried "
                           "reference-property objects are not present." % found.group(1))
        if verb == "transitiveMemberOf":
            return _listed(idp, call, token.tenant, user)
        return _ids(call, token.tenant, user, verb)
    except _Refusal as refusal:
        return refusal.answer
    except Aadsts as refusal:       # a parameter twice
        return error(400, "Request_BadRequest", refusal.text)


def _token(idp, call):
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    token = idp.tokens.get(value) if scheme == "Bearer" else None
    if token is None:
        raise _Refusal(401, "InvalidAuthenticationToken", "Access token is empty." if not value else "Access token is not valid.")
    if call.host and call.host not in token.graph_hosts:
        raise _Refusal(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
    return token


def _ids(call, tenant, user, verb):
    """All of them at once, transitive; more than 11,000 is an error."""
    try:
        body = json.loads(call.body)
        security_only = body["securityEnabledOnly"]
    except (ValueError, KeyError, TypeError):
        security_only = None
    if not isinstance(security_only, bool) or not call.headers.get("content-type", "").startswith("application/json"):
        raise _Refusal(400, "Request_BadRequest", "Write request: expected JSON with securityEnabledOnly.")
    ids = [g.id for g in groups.transitive(tenant, user) if g.kind == "security" or not security_only]
    if verb == "getMemberObjects" and not security_only:
        ids += user.directory_roles
    if len(ids) > MOST_IDS:
        raise _Refusal(400, "Directory_ResultSizeLimitExceeded", "The size of the result set exceeds the maximum limit.")
    return json_answer(200, {"@odata.context": "%s/v1.0/$metadata#Collection(Edm.String)" % call.base, "value": ids})


def _listed(idp, call, tenant, user):
    """Pages of objects; the cast to groups needs ConsistencyLevel and $count."""
    if call.headers.get("consistencylevel") != "eventual" or one(call.params, "$count") != "true":
        raise _Refusal(400, "Request_UnsupportedQuery", "The cast needs $count=true and the header ConsistencyLevel: eventual.")
    top = one(call.params, "$top") or str(PAGE)
    if not top.isdigit() or not 1 <= int(top) <= MOST_PAGE:
        raise _Refusal(400, "Request_BadRequest", "Invalid page size specified: '%s'. Must be between 1 and %d inclusive."
                       % (top, MOST_PAGE))
    chosen = (one(call.params, "$select") or ",".join(SELECTABLE)).split(",")
    if any(name not in SELECTABLE for name in chosen):
        raise _Refusal(400, "Request_BadRequest", "Could not find a property named in $select=%s." % ",".join(chosen))
    found, start = groups.transitive(tenant, user), 0
    if "$skiptoken" in call.params:
        start = idp.pages.get(one(call.params, "$skiptoken"))
        if start is None:
            raise _Refusal(400, "Directory_ExpiredPageToken", "The specified page token value has expired or is not valid.")
    size = min(int(top), idp.settings["page_size"] or MOST_PAGE)
    items = [dict({"@odata.type": "#microsoft.graph.group"}, **{n: SELECTABLE[n](g) for n in chosen})
             for g in found[start:start + size]]
    answer = {"@odata.context": "%s/v1.0/$metadata#groups" % call.base, "@odata.count": len(found), "value": items}
    if start + size < len(found):
        answer["@odata.nextLink"] = _next(idp, call, start + size)
    return json_answer(200, answer)


def _next(idp, call, start):
    """The whole address of the next page, to be followed as it is; by command it leads to another host."""
    base = "https://" + idp.settings["next_link_host"] if idp.settings["next_link_host"] else call.base
    kept = "&".join(p for p in call.query.split("&") if not p.startswith(("$skiptoken=", "%24skiptoken=")))
    return "%s/%s?%s&$skiptoken=%s" % (base, call.path, kept, idp.pages.put(start))
