# SPDX-License-Identifier: Apache-2.0
# Attribute map in pysaml2's own form: its names to the claim names of Entra.
_XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MS = "http://schemas.microsoft.com/identity/claims/"
_TO = {
    "givenname": _XMLSOAP + "givenname",
    "surname": _XMLSOAP + "surname",
    "email": _XMLSOAP + "emailaddress",
    "name": _XMLSOAP + "name",
    "displayname": _MS + "displayname",
    "groups": "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
}
MAP = {
    "identifier": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
    "fro": {uri: name for name, uri in _TO.items()},
    "to": _TO,
}
