# SPDX-License-Identifier: Apache-2.0
"""Which part of the stand-in serves a path. <tenant> is its ID, a verified domain, or `common` where that is said.

    /<tenant>/saml2                     requests by POST and Redirect, in both directions of logout (section 1)
    /<tenant>/saml2/<spid>              the same, aimed at one service principal
    /<tenant>/login                     the choice of a user
    /<tenant>/signin/<appid>            IdP-initiated, as a My Apps tile does
    /<tenant>/oauth2/v2.0/logout        the user signs out at Entra
    /<tenant>/oauth2/v2.0/token         access tokens for Graph
    /<tenant|common>/FederationMetadata/2007-06/FederationMetadata.xml[?appid=]
    /v1.0/...                           Microsoft Graph
`login_hint` on /saml2 and /signin that names a user signs that user in without a page.
"""
import cloud
import graph
import metadata
import oauth
import pages
import sign_on
import sign_out
from aadsts import Aadsts
from http_parts import Answer

METADATA_PATH = "federationmetadata/2007-06/federationmetadata.xml"


def _nothing(idp, call):
    raise Aadsts(900144, "Nothing is served at this address.", 404)


def find(call):
    """(name of the endpoint, function of (idp, call) that answers)"""
    if call.host in cloud.GRAPH_HOSTS or (not call.host and call.path.startswith("v1.0/")):
        return "graph", graph.serve
    rest = call.path.split("/", 1)[1] if "/" in call.path else ""
    if rest == "saml2" or rest.startswith("saml2/"):
        return "saml2", sign_on.serve
    if rest == "login" and call.method == "POST":
        return "login", sign_on.chosen
    if rest.startswith("signin/") and call.method == "GET":
        return "signin", sign_on.tile
    if rest == "oauth2/v2.0/logout" and call.method == "GET":
        return "signout", sign_out.serve
    if rest == "oauth2/v2.0/token" and call.method == "POST":
        return "token", oauth.serve
    if rest.lower() == METADATA_PATH and call.method == "GET":
        return "metadata", metadata.serve
    return "other", _nothing


def failure(endpoint, rule):
    """The answer that a rule of faults.py puts in place of the true one, or None."""
    headers = list((rule.get("headers") or {}).items())
    if "retry_after" in rule:
        headers.append(("Retry-After", str(rule["retry_after"])))
    if "redirect" in rule:
        return Answer(302, headers=headers + [("Location", rule["redirect"])])
    status = rule.get("status", 400)
    if "body" in rule:
        return Answer(rule.get("status", 200), rule["body"].encode(), headers=headers)
    if "code" not in rule and "status" not in rule:
        return None
    text = rule.get("message", "As the test has ordered.")
    if endpoint == "graph":
        return graph.error(status, rule.get("code", "TooManyRequests" if status == 429 else "serviceNotAvailable"), text, headers)
    if endpoint == "token":
        return oauth.error(status, rule.get("code", 50196), text, headers)
    return Answer(status, pages.error(Aadsts(rule.get("code", 90033), text)), headers=headers)
