# SPDX-License-Identifier: Apache-2.0
"""What the message says about itself: for whom, by whom, when, in answer to what, with what success.

All of it is signed here: these are messages that the identity provider made for another, at another time, or badly.
"""
import datetime

from attack import EVE, case, sr

PROFILE = "SAML Profiles 4.1.4.2"
CHECKS = "SAML Profiles 4.1.4.3"
SKEW = 180


def bad(name, changed, status, source, says, fields=None, what="assertion", before=(), **options):
    @case(name, changed=changed, status=status, source=source, says=says, **options)
    def _(m):
        return m.signed(what, before=[(old, new(m) if callable(new) else new) for old, new in before], **made(m, fields))


def good(name, changed, source, fields=None, what="assertion", before=(), says=None, **options):
    bad(name, changed, "accepted", source, says, fields, what, before, **options)


def made(m, fields):
    """Fields, of which those that are functions are asked."""
    fields = fields(m) if callable(fields) else fields
    return {k: v(m) if callable(v) else v for k, v in (fields or {}).items()}


def at(seconds, milliseconds=0):
    """The instant so many seconds from now, as text with milliseconds."""
    def instant(m):
        return sr.instant(m.now + datetime.timedelta(seconds=seconds, milliseconds=milliseconds))
    return instant


# ---- audience ----------------------------------------------------------------

AUDIENCE = "SAML Core 2.5.1.4"
NO_AUDIENCE = "AudienceRestriction: expected one of .* got"
bad("audience-other", "an Audience that is another's", "audience", AUDIENCE, NO_AUDIENCE, {"audiences": ["https://other.example/saml"]})
bad("audience-none", "no AudienceRestriction", "audience", PROFILE, "expected an AudienceRestriction, got none", {"audiences": []})
bad("audience-empty", "an empty Audience", "audience", AUDIENCE, NO_AUDIENCE, {"audiences": [""]})
bad("audience-empty-restriction", "an AudienceRestriction without Audience", "audience", AUDIENCE, NO_AUDIENCE + " none",
    {"audiences": [[]], "conditions_extra": "<AudienceRestriction/>"})
bad("audience-two-restrictions", "two restrictions, ours in the first only", "audience", AUDIENCE, NO_AUDIENCE,
    {"audiences": lambda m: [[m.audience], ["https://other.example"]]})
bad("audience-two-restrictions-last", "two restrictions, ours in the last only", "audience", AUDIENCE, NO_AUDIENCE,
    {"audiences": lambda m: [["https://other.example"], [m.audience]]})
bad("audience-prefix", "an Audience that ours begins with", "audience", AUDIENCE, NO_AUDIENCE, {"audiences": lambda m: [m.audience[:-1]]})
bad("audience-longer", "an Audience that begins with ours", "audience", AUDIENCE, NO_AUDIENCE, {"audiences": lambda m: [m.audience + "x"]})
bad("audience-in-proxy", "our Audience in ProxyRestriction only", "audience", "SAML Core 2.5.1.6", "expected an AudienceRestriction, got none",
    {"audiences": [], "conditions_extra": lambda m: "<ProxyRestriction><Audience>%s</Audience></ProxyRestriction>" % m.audience})
bad("audience-outside", "our Audience beside the restriction", "conditions", AUDIENCE, "expected AudienceRestriction, OneTimeUse or ProxyRestriction, got .Audience.",
    {"audiences": [], "conditions_extra": lambda m: "<Audience>%s</Audience>" % m.audience})
bad("audience-in-advice", "our Audience in Advice only", "audience", AUDIENCE, NO_AUDIENCE,
    {"audiences": ["urn:other"], "assertion_extra": lambda m: "<Advice><AudienceRestriction><Audience>%s</Audience></AudienceRestriction></Advice>" % m.audience})
good("audience-second", "two audiences, ours the second", AUDIENCE, {"audiences": lambda m: ["https://other.example", m.audience]})
good("audience-both-restrictions", "two restrictions, ours in both", AUDIENCE, {"audiences": lambda m: [["urn:x", m.audience], [m.audience]]})

# ---- where to ------------------------------------------------------------------

OTHER = "https://other.example/acs"
for _name, _changed, _value in (
        ("other", "another's URL", lambda m: OTHER), ("none", "nothing", lambda m: None), ("empty", "an empty text", lambda m: ""),
        ("slash", "our URL and a slash", lambda m: m.acs + "/"), ("case", "our URL in upper case", lambda m: m.acs.upper()),
        ("query", "our URL with a query", lambda m: m.acs + "?x"), ("longer", "our URL and more", lambda m: m.acs + ".attacker.example"),
        ("shorter", "our URL without its last letter", lambda m: m.acs[:-1]), ("percent", "our URL with a letter percent-encoded",
                                                                            lambda m: m.acs[:-1] + "%73"),
        ("dots", "our URL over a dot segment", lambda m: m.acs.replace("/saml", "/./saml")),
        ("userinfo", "our URL behind userinfo", lambda m: m.acs.replace("://", "://x@"))):
    bad("recipient-" + _name, "Recipient is " + _changed, "recipient", CHECKS, "SubjectConfirmationData Recipient: expected .*, got",
        {"recipient": _value})
    if _name != "none":
        bad("destination-" + _name, "Destination is %s; the Assertion is signed" % _changed, "destination", "SAML Core 3.2.2",
            "Response Destination: expected .*, got", {"destination": _value, "recipient": lambda m: m.acs})
bad("destination-none-signed", "no Destination in a signed Response", "destination", "SAML Bindings 3.5.5.2",
    "Destination: expected .*, got none in a signed Response", {"destination": None, "recipient": lambda m: m.acs}, "response")
good("destination-none", "no Destination, only the Assertion is signed", "SAML Core 3.2.2",
     {"destination": None, "recipient": lambda m: m.acs})

# ---- by whom ----------------------------------------------------------------------

ISSUER = "SAML Core 2.2.5; SAML Profiles 4.1.4.2"
bad("issuer-other", "another Issuer, in both", "issuer", ISSUER, "Issuer of the Response: expected .*, got .https://other", {"issuer": "https://other.example/"})
bad("issuer-other-assertion", "another Issuer of the Assertion", "issuer", ISSUER, "Issuer of the Assertion: expected .*, got .https://other",
    {"assertion_issuer": "https://other.example/"})
bad("issuer-other-response", "another Issuer of the Response", "issuer", ISSUER, "Issuer of the Response: expected .*, got .https://other",
    {"response_issuer": "https://other.example/"})
bad("issuer-none-assertion", "no Issuer of the Assertion", "issuer", "SAML Core 2.3.3", "Issuer of the Assertion: expected .*, got none",
    {"assertion_issuer": None})
bad("issuer-empty", "an empty Issuer of the Assertion", "issuer", ISSUER, 'Issuer of the Assertion: expected .*, got ""', {"assertion_issuer": ""})
bad("issuer-empty-response", "an empty Issuer of the Response", "issuer", ISSUER, 'Issuer of the Response: expected .*, got ""', {"response_issuer": ""})
bad("issuer-slash", "our identity provider's name without its slash", "issuer", ISSUER, "Issuer of the Assertion: expected",
    {"assertion_issuer": lambda m: m.idp.rstrip("/")})
bad("issuer-case", "our identity provider's name in upper case", "issuer", ISSUER, "Issuer of the Assertion: expected", {"assertion_issuer": lambda m: m.idp.upper()})
bad("issuer-tenant", "another tenant of Entra", "issuer", "Entra: the key is the same for all tenants", "Issuer of the Assertion: expected",
    {"assertion_issuer": lambda m: m.idp.replace("1111", "9999", 1)})
bad("issuer-format", "an Issuer with the Format of a person", "issuer", "SAML Core 2.2.5, 8.3.6", "Format of the Assertion Issuer: expected .*emailAddress",
    before=[("><Issuer>", '><Issuer Format="%s">' % sr.FORMAT_EMAIL)])
bad("issuer-two", "two Issuers of the Assertion", "malformed", "SAML Core 2.3.3", "expected at most one Issuer, got 2",
    before=[("<Subject>", lambda m: "<Issuer>%s</Issuer><Subject>" % m.idp)])
bad("issuer-two-response", "two Issuers of the Response", "malformed", "SAML Core 3.2.2", "expected at most one Issuer, got 2",
    before=[("<samlp:Status>", lambda m: '<Issuer xmlns="%s">%s</Issuer><samlp:Status>' % (sr.NS_SAML, m.idp))])
good("issuer-none-response", "no Issuer of the Response", PROFILE, {"response_issuer": None})
good("issuer-format-entity", "an Issuer with the Format of an entity", "SAML Core 8.3.6",
     before=[("><Issuer>", '><Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">')])

# ---- version, identification --------------------------------------------------------

for _name, _value in (("none", None), ("1.1", "1.1"), ("2.1", "2.1"), ("2", "2"), ("3.0", "3.0"), ("empty", ""), ("02.0", "02.0"), ("space", " 2.0")):
    bad("version-%s-response" % _name, "Version of the Response: %s" % _value, "version", "SAML Core 3.2.2, 4.1", 'Response Version: expected "2.0", got',
        {"response_version": _value})
    bad("version-%s-assertion" % _name, "Version of the Assertion: %s" % _value, "version", "SAML Core 2.3.3, 4.1", 'Assertion Version: expected "2.0", got',
        {"assertion_version": _value})
bad("instant-none-response", "no IssueInstant of the Response", "malformed", "SAML Core 3.2.2", "Response IssueInstant: expected a time, got none", {"response_instant": None})
bad("instant-none-assertion", "no IssueInstant of the Assertion", "malformed", "SAML Core 2.3.3", "Assertion IssueInstant: expected a time, got none", {"assertion_instant": None})

# ---- in answer to what ------------------------------------------------------------------

for _name, _changed, _value in (
        ("other", "another request", "_other"), ("empty", "an empty text", ""), ("case", "our request in another case", lambda m: m.request.swapcase()),
        ("longer", "our request and more", lambda m: m.request + "x"), ("shorter", "the beginning of our request", lambda m: m.request[:-1])):
    bad("in-response-to-" + _name, "InResponseTo of the Response is " + _changed, "in-response-to", CHECKS,
        "Response InResponseTo: expected .*, got", {"response_in_response_to": _value})
    bad("in-response-to-%s-confirmation" % _name, "InResponseTo of the confirmation is " + _changed, "in-response-to", CHECKS,
        "SubjectConfirmationData InResponseTo: expected .*, got", {"confirmation_in_response_to": _value})
bad("in-response-to-none", "no InResponseTo of the Response", "in-response-to", PROFILE, "Response InResponseTo: expected .*, got none",
    {"response_in_response_to": None})
bad("in-response-to-none-confirmation", "no InResponseTo of the confirmation", "in-response-to", PROFILE,
    "SubjectConfirmationData InResponseTo: expected .*, got none", {"confirmation_in_response_to": None})

# ---- when: both sides of each boundary ------------------------------------------------------

# At the ACS the clock goes on while the messages are made, so that exact boundaries are the command's.
EXACT = ("cli",)
bad("not-before-ahead", "NotBefore a millisecond beyond the skew", "not-before", "SAML Core 2.5.1.2", "Conditions NotBefore: expected a time that has come",
    {"not_before": at(SKEW, 1)}, through=EXACT)
good("not-before-edge", "NotBefore exactly the skew ahead", "SAML Core 2.5.1.2", {"not_before": at(SKEW)})
good("not-before-now", "NotBefore now", "SAML Core 2.5.1.2", {"not_before": at(0)})
bad("not-before-far", "NotBefore in a thousand years", "not-before", "SAML Core 2.5.1.2", "Conditions NotBefore: expected a time that has come",
    {"not_before": "3026-01-01T00:00:00Z", "not_on_or_after": "3027-01-01T00:00:00Z"})
bad("not-on-or-after-past", "NotOnOrAfter of Conditions exactly the skew ago", "expired", "SAML Core 2.5.1.2", "Conditions NotOnOrAfter: expected a time to come",
    {"not_on_or_after": at(-SKEW)})
good("not-on-or-after-edge", "NotOnOrAfter of Conditions a millisecond less than the skew ago", "SAML Core 2.5.1.2", {"not_on_or_after": at(-SKEW, 1)}, through=EXACT)
bad("not-on-or-after-zero", "NotOnOrAfter in the year 1", "conditions", "SAML Core 2.5.1.2", "expected NotBefore before NotOnOrAfter", {"not_on_or_after": "0001-01-01T00:00:00Z"})
bad("not-on-or-after-epoch", "NotOnOrAfter at the epoch, which must not read as none", "expired", "SAML Core 2.5.1.2", "Conditions NotOnOrAfter: expected a time to come",
    {"not_on_or_after": "1970-01-01T00:00:00Z", "not_before": None})
bad("window-empty", "NotBefore and NotOnOrAfter are one", "conditions", "SAML Core 2.5.1.2", "expected NotBefore before NotOnOrAfter",
    {"not_before": at(0), "not_on_or_after": at(0)})
bad("window-turned", "NotBefore after NotOnOrAfter, both within the skew", "conditions", "SAML Core 2.5.1.2", "expected NotBefore before NotOnOrAfter",
    {"not_before": at(60), "not_on_or_after": at(-60)})
good("window-none", "Conditions without times", "SAML Core 2.5.1: both are optional", {"not_before": None, "not_on_or_after": None})
bad("confirmation-past", "NotOnOrAfter of the confirmation exactly the skew ago", "expired", CHECKS, "SubjectConfirmationData NotOnOrAfter: expected a time to come",
    {"confirmation_not_on_or_after": at(-SKEW)})
good("confirmation-edge", "NotOnOrAfter of the confirmation a millisecond less than the skew ago", CHECKS, {"confirmation_not_on_or_after": at(-SKEW, 1)}, through=EXACT)
bad("confirmation-no-end", "no NotOnOrAfter in the confirmation", "confirmation", PROFILE, "SubjectConfirmationData NotOnOrAfter: expected a time, got none",
    {"confirmation_not_on_or_after": None})
bad("confirmation-not-before", "NotBefore in the confirmation", "confirmation", PROFILE, "SubjectConfirmationData NotBefore: expected none", {"confirmation_not_before": at(-600)})
bad("session-past", "SessionNotOnOrAfter exactly the skew ago", "session-expired", "SAML Core 2.7.2", "SessionNotOnOrAfter: expected a time to come",
    {"session_not_on_or_after": at(-SKEW)})
good("session-edge", "SessionNotOnOrAfter a millisecond less than the skew ago", "SAML Core 2.7.2", {"session_not_on_or_after": at(-SKEW, 1)}, through=EXACT)
good("session-ahead", "SessionNotOnOrAfter in an hour", "SAML Core 2.7.2", {"session_not_on_or_after": at(3600)}, says='"session_not_on_or_after":"2')
bad("session-epoch", "SessionNotOnOrAfter at the epoch", "session-expired", "SAML Core 2.7.2", "SessionNotOnOrAfter: expected a time to come",
    {"session_not_on_or_after": "1970-01-01T00:00:00Z"})
good("instant-ahead", "IssueInstants in a year: the Conditions decide", "SAML Core 2.3.3", {"response_instant": at(31536000), "assertion_instant": at(31536000)})
good("authn-instant-ahead", "AuthnInstant in an hour", "SAML Core 2.7.2: bounds nothing", {"authn_instant": at(3600)})

for _name, _text in (("empty", ""), ("words", "tomorrow"), ("number", "1772442930"), ("date", "2099-01-01"), ("no-t", "2099-01-01 00:00:00Z"),
                     ("month-13", "2099-13-01T00:00:00Z"), ("day-30-2", "2099-02-30T00:00:00Z"), ("hour-25", "2099-01-01T25:00:00Z"),
                     ("minute-60", "2099-01-01T00:60:00Z"), ("second-61", "2099-01-01T00:00:61Z"), ("five-digits", "20990-01-01T00:00:00Z"),
                     ("negative", "-2099-01-01T00:00:00Z"), ("zone-15", "2099-01-01T00:00:00+15:00"), ("zone-short", "2099-01-01T00:00:00+1:00"),
                     ("fraction-empty", "2099-01-01T00:00:00.Z"), ("comma", "2099-01-01T00:00:00,5Z"), ("twice", "2099-01-01T00:00:00ZZ"),
                     ("nul-word", "2099-01-01T00:00:00Z\u00a0"), ("lower", "2099-01-01t00:00:00z"), ("year-0", "0000-01-01T00:00:00Z")):
    bad("time-" + _name, "NotOnOrAfter of the confirmation is no xs:dateTime: " + (_text or "empty"), "malformed", "SAML Core 1.3.3; XML Schema 2, 3.2.7",
        "NotOnOrAfter: expected a time such as", {"confirmation_not_on_or_after": _text})
    bad("time-%s-conditions" % _name, "NotOnOrAfter of Conditions is no xs:dateTime: " + (_text or "empty"), "malformed",
        "SAML Core 1.3.3; XML Schema 2, 3.2.7", "NotOnOrAfter: expected a time such as", {"not_on_or_after": _text})
for _name, _text in (("fraction-long", "2099-01-01T00:00:00.%sZ" % ("1" * 300)), ("fraction-short", "2099-01-01T00:00:00.5Z"), ("zone-east", "2099-01-01T00:00:00+14:00"),
                     ("zone-west", "2099-01-01T00:00:00-14:00"), ("zone-none", "2099-01-01T00:00:00"), ("leap-second", "2098-12-31T23:59:60Z"),
                     ("hour-24", "2099-01-01T24:00:00Z"), ("leap-day", "2096-02-29T00:00:00Z"), ("spaces", " 2099-01-01T00:00:00Z "), ("last", "9999-12-31T23:59:59.999Z")):
    good("time-" + _name, "NotOnOrAfter everywhere is " + _text[:40], "XML Schema 2, 3.2.7",
         {"not_on_or_after": _text, "confirmation_not_on_or_after": _text})

# ---- status --------------------------------------------------------------------------------

STATUS = "SAML Core 3.2.2.1, 3.2.2.2"
for _name, _codes in (("requester", ["Requester"]), ("responder", ["Responder", "AuthnFailed"]), ("denied", ["Responder", "RequestDenied"]),
                      ("success-inside", ["Responder", "Success"]), ("version", ["VersionMismatch"]), ("partial", ["Success "]), ("lower", ["success"])):
    bad("status-" + _name, "StatusCode %s, with a good Assertion" % " in ".join(reversed(_codes)), "status" if _name != "partial" else "accepted", STATUS,
        'StatusCode: expected .*Success", got' if _name != "partial" else None,
        {"status_codes": [sr.STATUS + c for c in _codes], "with_assertion": True})
bad("status-unknown", "a StatusCode that nobody knows", "status", STATUS, "StatusCode: expected .*, got .urn:x", {"status_codes": ["urn:x"], "with_assertion": True})
bad("status-empty", "an empty StatusCode Value", "status", STATUS, 'StatusCode: expected .*, got ""', {"status_codes": [""], "with_assertion": True})
bad("status-none", "no Status", "malformed", STATUS, "Response: expected a Status, got none", {"status_codes": None, "with_assertion": True})
bad("status-no-code", "a Status without StatusCode", "malformed", STATUS, "Status: expected a StatusCode, got none",
    {"status_codes": None, "with_assertion": True, "response_extra": "<samlp:Status/>"})
bad("status-no-value", "a StatusCode without Value", "malformed", STATUS, "StatusCode Value: expected a URI, got none",
    before=[(' Value="%s"' % sr.SUCCESS, "")])
bad("status-two", "two Status, the second one Success", "malformed", STATUS, "expected at most one Status, got 2",
    before=[("<samlp:Status>", '<samlp:Status><samlp:StatusCode Value="urn:x"/></samlp:Status><samlp:Status>')])
bad("status-two-codes", "two StatusCodes beside one another", "malformed", STATUS, "expected at most one StatusCode, got 2",
    before=[("<samlp:StatusCode", '<samlp:StatusCode Value="urn:x"/><samlp:StatusCode')])
good("status-inner", "Success with a code of another's inside", STATUS, {"status_codes": [sr.SUCCESS, "urn:x"], "status_message": "<b>all is well</b>", "with_assertion": True})
bad("status-message", "a StatusMessage that plays tricks on logs and pages", "status", "CWE-117; CWE-79", r"with the message .*\\x0a|with the message .*\\x1b",
    {"status_codes": [sr.STATUS + "Responder"], "status_message": EVE + "\n[error] \x7f<script>alert(1)</script>"}, what="response")

# ---- subject, confirmation --------------------------------------------------------------------

SUBJECT = "SAML Core 2.4.1; " + PROFILE


def confirmation(m, **changes):
    values = dict(in_response_to=m.request, recipient=m.acs, not_on_or_after=at(3600)(m))
    values.update(changes)
    return sr.Confirmation(**values)


bad("subject-none", "no Subject", "subject", PROFILE, "expected one Subject, got 0", {"with_subject": False})
bad("subject-two", "two Subjects", "subject", "SAML Core 2.3.3", "expected one Subject, got 2", before=[("<Subject>", "<Subject><NameID>%s</NameID></Subject><Subject>" % EVE)])
bad("confirmation-none", "no SubjectConfirmation", "confirmation", PROFILE, "expected a SubjectConfirmation .*got 0 of other methods", {"confirmations": []})
for _name, _method in (("holder-of-key", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"), ("sender-vouches", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"),
                       ("1.1", "urn:oasis:names:tc:SAML:1.0:cm:bearer"), ("empty", ""), ("none", None), ("case", sr.BEARER.upper()), ("longer", sr.BEARER + "x")):
    bad("confirmation-method-" + _name, "SubjectConfirmation with the Method %s" % _method, "confirmation", PROFILE, "expected a SubjectConfirmation .*got 1 of other methods",
        {"confirmations": lambda m, method=_method: [confirmation(m, method=method)]})
bad("confirmation-no-data", "a bearer confirmation without data", "confirmation", PROFILE, "expected SubjectConfirmationData, got none",
    {"confirmations": lambda m: [confirmation(m, with_data=False)]})
bad("confirmation-data-two", "two SubjectConfirmationData in one confirmation", "malformed", "SAML Core 2.4.1.1", "expected at most one SubjectConfirmationData, got 2",
    before=[("<SubjectConfirmationData ", "<SubjectConfirmationData/><SubjectConfirmationData ")])
bad("confirmations-split", "what a bearer needs, split over two confirmations", "in-response-to", PROFILE, "InResponseTo: expected .* got none",
    {"confirmations": lambda m: [confirmation(m, recipient=OTHER), confirmation(m, in_response_to=None)]})
bad("confirmations-wrong-method-right-data", "our data under holder-of-key, another's under bearer", "recipient", PROFILE, "Recipient: expected",
    {"confirmations": lambda m: [confirmation(m, method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"), confirmation(m, recipient=OTHER)]})
good("confirmations-second", "two bearer confirmations, the second one ours", SUBJECT, {"confirmations": lambda m: [confirmation(m, recipient=OTHER), confirmation(m)]})
good("confirmations-first", "two bearer confirmations, the first one ours", SUBJECT, {"confirmations": lambda m: [confirmation(m), confirmation(m, recipient=OTHER)]})
good("confirmation-address", "Address of another host", SUBJECT + ": proxies make it no evidence", {"confirmations": lambda m: [confirmation(m, address="192.0.2.1")]})

# ---- names ---------------------------------------------------------------------------------------

NAME = "SAML Core 2.2.3"
bad("name-id-none", "no NameID", "name-id", NAME, "NameID: expected a name, got none", {"name_id": None})
bad("name-id-empty", "an empty NameID", "name-id", NAME, 'NameID: expected a name, got ""', {"name_id": ""})
bad("name-id-blank", "a NameID of spaces", "name-id", NAME, "NameID: expected a name, got", {"name_id": "   "})
bad("name-id-two", "two NameIDs, ours first", "name-id", "SAML Core 2.4.1", "expected one NameID, got 2 identifiers",
    before=[("<SubjectConfirmation ", "<NameID>%s</NameID><SubjectConfirmation " % EVE)])
bad("name-id-two-last", "two NameIDs, ours last", "name-id", "SAML Core 2.4.1", "expected one NameID, got 2 identifiers",
    before=[("<Subject>", "<Subject><NameID>%s</NameID>" % EVE)])
bad("name-id-base-id", "a BaseID in place of the NameID", "name-id", "SAML Core 2.2.1", "NameID: expected a name, got none",
    {"name_id": None, "subject_extra": "<BaseID/>"})
bad("name-id-and-base-id", "a BaseID beside the NameID", "name-id", "SAML Core 2.4.1", "got 2 identifiers", {"subject_extra": "<BaseID/>"})
bad("name-id-in-confirmation", "a NameID in the confirmation only", "name-id", "SAML Core 2.4.1.1", "NameID: expected a name, got none",
    {"name_id": None, "confirmations": lambda m: [confirmation(m, extra="<NameID>%s</NameID>" % EVE)]})
bad("name-id-other-namespace", "a NameID of another namespace", "name-id", NAME, "NameID: expected a name, got none",
    {"name_id": None, "subject_extra": '<NameID xmlns="urn:x">%s</NameID>' % EVE})
good("name-id-other-namespace-beside", "a NameID of another namespace before ours", NAME, before=[("<Subject>", '<Subject><NameID xmlns="urn:x">mallory</NameID>')])
good("name-id-format-none", "a NameID without Format", NAME, {"name_id_format": None})
good("name-id-qualifiers", "a NameID with qualifiers", NAME, {"name_id_attributes": ' NameQualifier="a" SPNameQualifier="b"'})
good("name-id-confirmation-too", "another NameID in the confirmation, who may present it", "SAML Core 2.4.1.1",
     {"confirmations": lambda m: [confirmation(m, extra="<NameID>mallory</NameID>")]})

# ---- conditions, statements ----------------------------------------------------------------------------

bad("conditions-none", "no Conditions", "conditions", PROFILE, "expected Conditions, got none", {"with_conditions": False})
bad("conditions-two", "two Conditions, the second one ours", "conditions", "SAML Core 2.3.3", "expected one Conditions, got 2", before=[("<Conditions ", "<Conditions/><Conditions ")])
bad("conditions-unknown", "a condition that nobody knows", "conditions", "SAML Core 2.5.1", "expected AudienceRestriction, OneTimeUse or ProxyRestriction, got .x.",
    {"conditions_extra": '<x xmlns="urn:x"/>'})
bad("conditions-abstract", "a Condition with an xsi:type that nobody knows", "conditions", "SAML Core 2.5.1.3", "got .Condition.",
    {"conditions_extra": '<Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:q="urn:q" xsi:type="q:t"/>'})
bad("one-time-use-two", "OneTimeUse twice", "conditions", "SAML Core 2.5.1.5", "OneTimeUse and ProxyRestriction at most once", {"conditions_extra": "<OneTimeUse/><OneTimeUse/>"})
good("one-time-use", "OneTimeUse, and a ProxyRestriction", "SAML Core 2.5.1.5, 2.5.1.6", {"conditions_extra": '<OneTimeUse/><ProxyRestriction Count="0"/>'})
bad("authn-none", "no AuthnStatement", "authn-statement", PROFILE, "expected an AuthnStatement, got none", {"with_authn_statement": False})
bad("authn-no-instant", "an AuthnStatement without AuthnInstant", "authn-statement", "SAML Core 2.7.2", "AuthnInstant: expected a time, got none", {"authn_instant": None})
bad("authn-instant-words", "an AuthnInstant that is no time", "authn-statement", "SAML Core 2.7.2", "AuthnInstant: expected a time such as", {"authn_instant": "yesterday"})
bad("authn-no-context", "an AuthnStatement without AuthnContext", "authn-statement", "SAML Core 2.7.2", "AuthnContext",
    before=[("<AuthnContext><AuthnContextClassRef>%s</AuthnContextClassRef></AuthnContext>" % sr.AC_PASSWORD, "")])
bad("authn-in-advice", "an AuthnStatement in Advice only", "authn-statement", PROFILE, "expected an AuthnStatement, got none",
    {"with_authn_statement": False, "assertion_extra": '<Advice><AuthnStatement AuthnInstant="2026-01-01T00:00:00Z"/></Advice>'})
bad("authn-two-one-past", "two AuthnStatements, the session of one is over", "session-expired", "SAML Core 2.7.2", "SessionNotOnOrAfter: expected a time to come",
    {"assertion_extra": '<AuthnStatement AuthnInstant="2020-01-01T00:00:00Z" SessionNotOnOrAfter="2020-01-02T00:00:00Z"><AuthnContext/></AuthnStatement>'})
good("authn-no-session-index", "no SessionIndex", "SAML Core 2.7.2", {"session_index": None})
good("authn-no-class", "no AuthnContextClassRef", "SAML Core 2.7.2.2", {"authn_context": None})
bad("attribute-no-name", "an Attribute without Name", "claim", "SAML Core 2.7.3.1", "Attribute Name: expected a name, got none",
    before=[("</AttributeStatement>", "<Attribute><AttributeValue>%s</AttributeValue></Attribute></AttributeStatement>" % EVE)])
bad("attribute-empty-name", "an Attribute with an empty Name", "claim", "SAML Core 2.7.3.1", 'Attribute Name: expected a name, got ""', {"attributes": [("", ["v"])]})
good("attribute-no-values", "an Attribute without values, one with an empty one", "SAML Core 2.7.3.1", {"attributes": [("urn:a", []), ("urn:b", [None, ""])]},
     says=r'"urn:a":\[\],"urn:b":\["",""\]')
good("attribute-nil", "xsi:nil values are none", "SAML Core 2.7.3.1.1", {"attributes": [("urn:a", ["MARK"])]}, says=r'"urn:a":\[\]',
     before=[("<AttributeValue>MARK<", '<AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"><')])
good("attributes-none", "no AttributeStatement", PROFILE, {"attributes": []}, says=r'"attributes":\{\}')
good("attribute-twice", "an attribute in two parts", "SAML Core 2.7.3.1", {"attributes": [("urn:a", ["1"]), ("urn:b", []), ("urn:a", ["2"])]}, says=r'"urn:a":\["1","2"\]')
good("authz-statement", "an AuthzDecisionStatement, which says nothing about a sign-on", "SAML Core 2.7.4",
     {"assertion_extra": '<AuthzDecisionStatement Resource="x" Decision="Permit"><Action Namespace="urn:x">%s</Action></AuthzDecisionStatement>' % "all"})

# ---- the message itself --------------------------------------------------------------------------------------

MESSAGE = "SAML Core 3.2.2"


@case("root-assertion", changed="a signed Assertion alone", status="malformed", source=MESSAGE, says="root element: expected Response")
def _(m):
    return sr.serialize(sr.parse(m.signed()).find("{%s}Assertion" % sr.NS_SAML))


for _name, _element in (("logout-response", "LogoutResponse"), ("artifact-response", "ArtifactResponse"), ("authn-request", "AuthnRequest"), ("lower-case", "response")):
    @case("root-" + _name, changed="the root is " + _element, status="malformed", source=MESSAGE, says="root element: expected Response .* got .%s." % _element)
    def _(m, element=_element):
        return m.signed().replace(b"samlp:Response", b"samlp:" + element.encode())


@case("root-other-namespace", changed="the Response is of SAML 1.1's namespace", status="malformed", source=MESSAGE, says="root element: expected Response")
def _(m):
    return m.signed().replace(b"SAML:2.0:protocol", b"SAML:1.0:protocol")


@case("root-soap", changed="the Response in a SOAP envelope", status="malformed", source="SAML Bindings 3.5.4", says="root element: expected Response .* got .Envelope.")
def _(m):
    return b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' + m.signed() + b"</s:Body></s:Envelope>"


@case("root-html", changed="a page of HTML", status="malformed", source=MESSAGE, says="is not XML|root element")
def _(m):
    return b"<html><body><p>Sign in</body></html>"


bad("assertion-none", "no Assertion", "assertion-count", MESSAGE, "expected exactly one Assertion or EncryptedAssertion, got 0 and 0", {"with_assertion": False}, "response")
bad("consent", "Consent and Extensions that nobody asked for", "accepted", MESSAGE, None,
    before=[("<samlp:Response ", '<samlp:Response Consent="urn:oasis:names:tc:SAML:2.0:consent:obtained" '), ("<samlp:Status>", "<samlp:Extensions/><samlp:Status>")])
