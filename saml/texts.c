/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All the words. For a translation: what stands in quotes is text, not HTML; names of directives, of fields of the portal (in \"...\")
 * and of programs stay; doc/manual.md repeats meaning and fix of the status names and of Entra's codes, and t/docs.t compares.
 */
#include "texts.h"

/* ---- pages ---------------------------------------------------------------- */

const saml_page_texts_t saml_page_texts = {
    .lang = "en",

    .signing_in_title = "Signing you in",
    .signing_in = "You are being taken to your organisation's sign-in page. If nothing happens, use the button.",
    .signing_in_button = "Continue to sign in",

    .waiting = "This site is fetching the newest keys of your organisation's sign-in service. Signing in goes on by itself in a few "
               "seconds.",
    .waiting_button = "Continue now",

    .signed_in_title = "You are signed in",
    .resending = "What you sent before you signed in is now sent again. If nothing happens, use the button.",
    .resend_asks = "Before you signed in, something was sent from this browser. If that was you, and you still want it, send it now.",
    .resend_to = "To",
    .resend_size = "Size",
    .resend_bytes = "bytes",
    .resend_button = "Send it now",
    .resending_button = "Go on without it",
    .not_resent_title = "Nothing was sent again",
    .gone = "What was sent before you signed in cannot be sent again: it was sent already, or too much time has passed.",
    .other_user = "What was sent before you signed in was sent while somebody else was signed in here. It has been thrown away.",
    .not_kept_title = "Sign in, then send this again",
    .not_kept = "Your session has ended, and what you just sent cannot be kept here until you have signed in: it is too much. It is "
                "not lost: this window still has it. Do not close it.",
    .not_kept_how = "Sign in in a new window, come back to this one and reload it. Your browser then asks whether to send it once more.",
    .not_kept_button = "Sign in in a new window",
    .reload = "Close this window, go back to the one that you came from and reload it. Your browser then asks whether to send what you "
              "sent once more.",
    .seconds_left = "seconds left",

    .popup_done = "The page that you came from goes on. You can close this window.",
    .popup_button = "Go on in this window",
    .framed_title = "This part of the page needs a sign-in",
    .framed = "You are not signed in, or your session has ended. Your organisation's sign-in page opens in a window of its own.",
    .framed_again = "This part of the page wants you to sign in again. Your organisation's sign-in page opens in a window of its own.",
    .framed_button = "Sign in",

    .signing_out_title = "Signing you out",
    .signing_out = "You are being taken to your organisation's sign-out. If nothing happens, use the button.",
    .signing_out_button = "Continue to sign out",

    .signed_out_title = "You are signed out",
    .signed_out_here = "Your session on this site has ended.",
    .signed_out_there = "So has your session at your organisation.",
    .signed_out_partly = "So has your session at your organisation, but not everywhere: close the browser to end the rest.",
    .signed_out_maybe = "You may still be signed in at your organisation: close the browser to end that too.",
    .signed_out_short = "Signed out.\n",

    .refused_title = "You are not signed in",
    .reason = "Reason",
    .reference = "Reference",
    .user = "Signed in as",
    .shown = "The application says:",
    .shown_advice = "If that is not right, give the reference below to your administrator.",
    .code_unknown = "This code is not explained here.",
    .no_page_title = "There is no page here",
    .no_page = "Your organisation's sign-in service sends its answers to this address. The button leads to the start of the site.",
    .code_link = "What Microsoft says of",
};

const char *const saml_way_texts[SAML_WAY_COUNT] = {
    [SAML_WAY_NONE] = "",
    [SAML_WAY_SIGN_IN] = "Sign in again",
    [SAML_WAY_THERE] = "Sign in there",
    [SAML_WAY_START] = "Back to the start",
    [SAML_WAY_SIGN_OUT] = "Try to sign out again",
    [SAML_WAY_OTHER_USER] = "Sign in as someone else",
};

#define AGAIN "Try to sign in again. If that does not help, give the reference below to your administrator."
#define ADMIN "This needs your administrator: give the reference below."
#define SOON "Try again in a minute. If that does not help, give the reference below to your administrator."

const saml_mender_words_t saml_mender_words[SAML_MENDER_COUNT] = {
    [SAML_MENDS_USER] = { "the user", "You can fix this yourself:", AGAIN, SAML_WAY_SIGN_IN },
    [SAML_MENDS_HELPDESK] = { "the help desk", "Your help desk can fix this:",
                              "Tell your help desk the code above, or give the reference below.", SAML_WAY_SIGN_IN },
    [SAML_MENDS_ADMIN] = { "an administrator", "An administrator can fix this:",
                           "Tell your administrator the code above, or give the reference below.", SAML_WAY_START },
};

/* ---- refusals ------------------------------------------------------------- */

#define NOT_VERIFIED "The sign-in answer could not be verified."
#define OTHER_ADDRESS "The sign-in answer was meant for another address."

const saml_refusal_words_t saml_refusal_words[SAML_STATUS_COUNT] = {
    [SAML_OK] = {
        "Signing in did not work.", AGAIN, SAML_WAY_SIGN_IN,
        "nothing was refused",
        "nothing is to be mended" },
    [SAML_E_MALFORMED] = {
        "The sign-in answer could not be read.", AGAIN, SAML_WAY_SIGN_IN,
        "not base64, not XML, or not the shape that SAML prescribes; a DTD",
        "see what came: saml-sso decode. A proxy or scanner may have changed it" },
    [SAML_E_TOO_LARGE] = {
        "The sign-in answer is too large.", ADMIN, SAML_WAY_START,
        "over a limit: message 1 MiB, depth, number of elements, session 1 MiB",
        "fewer groups in the token: \"Groups assigned to the application\"" },
    [SAML_E_VERSION] = {
        "The sign-in answer is not in SAML 2.0.", ADMIN, SAML_WAY_START,
        "not SAML 2.0",
        "set the identity provider to SAML 2.0" },
    [SAML_E_DESTINATION] = {
        OTHER_ADDRESS, ADMIN, SAML_WAY_START,
        "the response was meant for another address",
        "make the reply URL at the identity provider and SAMLReplyURL the same, byte for byte" },
    [SAML_E_ISSUER] = {
        "The sign-in answer comes from an identity provider that is not trusted here.", ADMIN, SAML_WAY_START,
        "another entity issued response or assertion",
        "set SAMLIdPIdentifier to what came, if it is your tenant; mind the slash at the end" },
    [SAML_E_IN_RESPONSE_TO] = {
        "The sign-in answer belongs to another sign-in.", AGAIN, SAML_WAY_SIGN_IN,
        "it answers another request than the one this browser began",
        "sign on again; if it stays, something mixes responses up" },
    [SAML_E_STATUS] = {
        "The identity provider did not sign you in.", AGAIN, SAML_WAY_SIGN_IN,
        "the identity provider did not sign the user on; its code and message are in the log, with what the code means",
        "saml-sso explain and the code; often the user is not assigned to the application" },
    [SAML_E_UNSIGNED] = {
        "The sign-in answer is not signed.", ADMIN, SAML_WAY_START,
        "neither response nor assertion is signed",
        "\"Signing Option\" at the identity provider: assertion, response or both" },
    [SAML_E_SIGNATURE] = {
        NOT_VERIFIED, ADMIN, SAML_WAY_START,
        "a signature does not verify with any certificate we have, or covers something else",
        "mostly a new certificate: get it, see SAMLCertificate. The log names the one in the message" },
    [SAML_E_ALGORITHM] = {
        "The sign-in answer is protected in a way that is not accepted here.", ADMIN, SAML_WAY_START,
        "an algorithm that is not accepted, SHA-1 for example; or a key too short",
        "choose SHA-256 at the identity provider; only if it cannot, SAMLAllow" },
    [SAML_E_ASSERTION_COUNT] = {
        "The sign-in answer does not hold exactly one assertion.", ADMIN, SAML_WAY_START,
        "not exactly one assertion",
        "none: see what came; several: the identity provider must send one" },
    /* As for a signature: from outside the two must look the same (SAML Core 6, padding oracles). */
    [SAML_E_DECRYPTION] = {
        NOT_VERIFIED, ADMIN, SAML_WAY_START,
        "an encrypted assertion could not be decrypted. The page says signature",
        "give the identity provider the certificate of a SAMLKey that is here" },
    [SAML_E_CERTIFICATE_EXPIRED] = {
        "The identity provider's certificate has expired.", ADMIN, SAML_WAY_START,
        "signed well, by a certificate that is past its date or not yet valid",
        "renew it at the identity provider; look at this machine's clock" },
    [SAML_E_CONDITIONS] = {
        "The sign-in answer has conditions that cannot be met.", ADMIN, SAML_WAY_START,
        "a condition that is unknown, or cannot be met",
        "take it out at the identity provider" },
    [SAML_E_NOT_BEFORE] = {
        "The sign-in answer is not valid yet.", "The clocks of this server and of the identity provider may differ. " AGAIN,
        SAML_WAY_SIGN_IN,
        "not valid yet",
        "set the clocks (NTP); SAMLClockSkew" },
    [SAML_E_EXPIRED] = {
        "The sign-in answer is too old.", AGAIN, SAML_WAY_SIGN_IN,
        "no longer valid",
        "sign on again; set the clocks" },
    [SAML_E_AUDIENCE] = {
        "The sign-in answer was meant for another application.", ADMIN, SAML_WAY_START,
        "meant for another entity, or for none",
        "make \"Identifier (Entity ID)\" and SAMLIdentifier the same, or add SAMLAudience" },
    [SAML_E_SUBJECT] = {
        "The sign-in answer does not say who you are.", ADMIN, SAML_WAY_START,
        "the assertion has no Subject, or several",
        "mend the claims at the identity provider" },
    [SAML_E_RECIPIENT] = {
        OTHER_ADDRESS, ADMIN, SAML_WAY_START,
        "confirmed for another address",
        "as for destination: make the two reply URLs the same, byte for byte" },
    [SAML_E_CONFIRMATION] = {
        "The sign-in answer is not confirmed as it must be.", ADMIN, SAML_WAY_START,
        "no bearer confirmation that holds",
        "the identity provider must use the Web SSO profile" },
    [SAML_E_AUTHN_STATEMENT] = {
        "The sign-in answer does not say how you signed in, or it is not the way that is needed here.", ADMIN, SAML_WAY_START,
        "it does not say how and when the user signed on, or says less than SAMLAuthnContext, Require saml-authn or a logout before it "
        "asks for",
        "the identity provider must use the Web SSO profile and a policy that asks for what is wanted here; or ask for less" },
    [SAML_E_SESSION_EXPIRED] = {
        "Your session at the identity provider has ended.", AGAIN, SAML_WAY_SIGN_IN,
        "the session at the identity provider is over, or ends at once",
        "sign on again" },
    [SAML_E_NAME_ID] = {
        "The sign-in answer does not name you in a usable way.", ADMIN, SAML_WAY_START,
        "no NameID, or an unusable one: empty, over 1024 bytes, control characters, encrypted for another",
        "choose a source for \"Unique User Identifier\" that every user has" },
    [SAML_E_CLAIM] = {
        "The sign-in answer lacks something that is needed here.", ADMIN, SAML_WAY_START,
        "an attribute is broken; or the session has a usable value in none of the claims that SAMLUser names",
        "add the claim at the identity provider, or change SAMLUser" },
    [SAML_E_REPLAY] = {
        "This sign-in answer has been used already.", AGAIN, SAML_WAY_SIGN_IN,
        "this response was used before",
        "sign on again; if users see it, something sends forms twice" },
    [SAML_E_RELAY_STATE] = {
        "The place to go to after signing in is not on this site.",
        "Go to the start of the site. If a link brought you here, tell who made it.", SAML_WAY_START,
        "a target that is not on this site, or is the sign-on itself",
        "mend the link" },
    [SAML_E_STATE_MISSING] = {
        "Your browser no longer holds the sign-in that was begun here.",
        "Allow cookies for this site, close other tabs that are signing in, and try again.", SAML_WAY_SIGN_IN,
        "the browser no longer has the sign-on's cookie, twice in a row; or sign-ons go round as no cookie comes back",
        "cookies are blocked, or host names differ: the sign-on must begin and end at one; another SAMLSecret on each node" },
    [SAML_E_UNSOLICITED] = {
        "This site takes only sign-ins that began here.",
        "Open the application's own address instead of the tile or link you used.", SAML_WAY_SIGN_IN,
        "a response that nobody here asked for",
        "give the portal /saml/login as \"Sign on URL\"; or SAMLIdPInitiated" },
    [SAML_E_PROVISIONING] = {
        "Your account could not be set up in the application.", AGAIN, SAML_WAY_SIGN_IN,
        "the account could not be set up in the application: its backend said no, or did not answer as it should",
        "the log has what the backend answered; look there" },
    [SAML_E_STORE] = {
        "Sign-ins cannot be checked at the moment.", SOON, SAML_WAY_SIGN_IN,
        "sessions cannot be kept or looked up: disk, rights, full",
        "see the log; the session store" },
    [SAML_E_METADATA] = {
        "This site has no usable keys and addresses of your organisation's sign-in service at the moment.", SOON,
        SAML_WAY_SIGN_IN,
        "what is known of the identity provider, a key or a secret is not usable",
        "see the line; at start-up and in saml-sso" },
    [SAML_E_REQUEST] = {
        "This address was called in a way that it does not serve.", AGAIN, SAML_WAY_SIGN_IN,
        "an endpoint was called in a way that it does not serve, the browser is at an address that is not ours, or sign-ons go round",
        "see the line: mend the caller, lead browsers to an address in SAMLReplyURL, or mend what turns away who is signed on" },
    [SAML_E_OVERAGE] = {
        "You are in too many groups for the identity provider to list them.", ADMIN, SAML_WAY_START,
        "the user is in more groups than the identity provider lists",
        "SAMLGraph fetches them; or in the portal \"Groups assigned to the application\"" },
};

const saml_titled_words_t saml_logout_refused = {
    "Not signed out",
    { "This sign-out was not accepted. No session was ended by it.",
      "To end your session, try again or close the browser. If this happens again, give the reference below to your administrator.",
      SAML_WAY_SIGN_OUT, NULL, NULL }
};

const saml_titled_words_t saml_logout_unconfirmed = {
    "Signed out on this site only",
    { "Your session on this site has ended. Your organisation's answer to that was not accepted.",
      "You may still be signed in there: close the browser to end that too. If this happens again, give the reference below to "
      "your administrator.",
      SAML_WAY_NONE, NULL, NULL }
};

const saml_titled_words_t saml_store_full = {
    "Too many people are signed in",
    { "This site has as many sign-ins as it can take. Nobody who is signed in is affected.",
      "Try again in a few minutes: room comes free as others sign out. If that does not help, give the reference below to your "
      "administrator.", SAML_WAY_SIGN_IN,
      "the session store has reached SAMLSessionLimit, or the room it has",
      "raise SAMLSessionLimit or make room, shorten SAMLSessionIdle, or end sessions with saml-sso sessions" }
};

const saml_titled_words_t saml_wrong_address = {
    "Another address is needed to sign in",
    { "You opened this site by an address for which signing in is not set up.",
      "The button leads to the address where you can sign in. If you come by this one every day, give the reference below to your "
      "administrator.",
      SAML_WAY_THERE,
      "the browser is not at the scheme, host and port of the SAMLReplyURL that the request came to",
      "what the line in the log says: SAMLReplyURL, ProxyPreserveHost, or a redirect to the right address" }
};

const saml_titled_words_t saml_mfa_needed = {
    "A second step is needed",
    { "This place is for those who sign in with a second step (multi-factor authentication). You were sent to sign in again, and your "
      "organisation's answer does not tell of a second step.",
      "Sign in again and complete the second step. If you are not asked for one, give the reference below to your administrator.",
      SAML_WAY_SIGN_IN,
      "Require saml-authn mfa, and a sign-on with ForceAuthn brought no sign of a second factor",
      "a Conditional Access policy that asks for it; the claim authnmethods of that user in /saml/me" }
};

const saml_titled_words_t saml_fresh_needed = {
    "A fresh sign-in is needed",
    { "This place wants you to have signed in a short while ago. You were sent to sign in again, and your organisation's answer tells of "
      "an older sign-in.", AGAIN, SAML_WAY_SIGN_IN,
      "Require saml-authn max-age, and the sign-on with ForceAuthn brought an AuthnInstant that is too old, or still to come",
      "have the identity provider heed ForceAuthn; set the clocks (NTP)" }
};

#define LOOP_TITLE "Signing in goes round in circles"

const saml_titled_words_t saml_loop_no_cookie = {
    LOOP_TITLE,
    { "You were signed in, but your browser does not send the cookie back that says so.",
      "Allow cookies for this site, switch off extensions that remove them, and try again. If that does not help, give the reference below "
      "to your administrator.", SAML_WAY_SIGN_IN,
      "several sign-ons within a minute, and the session cookie does not come back",
      "what changes Set-Cookie on its way: Header edit, a proxy; the log names the cookie" }
};

const saml_titled_words_t saml_loop_no_session = {
    LOOP_TITLE,
    { "You were signed in, but this site does not know your session any more.", ADMIN, SAML_WAY_SIGN_IN,
      "several sign-ons within a minute, and their sessions are not in the store",
      "one SAMLSessionStore for all nodes; SAMLSessionIdle, SAMLSessionLifetime; the clocks" }
};

const saml_titled_words_t saml_loop_denied = {
    LOOP_TITLE,
    { "You are signed in, but this place is not open to you, and sends you to sign in again.", ADMIN, SAML_WAY_OTHER_USER,
      "several sign-ons within a minute, and Require refuses each of their sessions",
      "an ErrorDocument that does not lead to the sign-on; or Require" }
};

const saml_titled_words_t saml_loop_sent_back = {
    LOOP_TITLE,
    { "You are signed in, but the application sends you to sign in again and again.", ADMIN, SAML_WAY_START,
      "several sign-ons within a minute, although the session is alive",
      "the application: where it takes the user from; a link to login where a place is meant" }
};

const saml_titled_words_t saml_loop_elsewhere = {
    LOOP_TITLE,
    { "You are sent to sign in again and again from an address of this site where its cookies do not come.", ADMIN, SAML_WAY_START,
      "many sign-ons within ten minutes that began where the cookies of this site do not come",
      "what leads to http:// or to another host name: the application's redirects, ServerName behind a proxy" }
};

const saml_titled_words_t saml_no_cookies = {
    "Cookies are needed to sign in",
    { "Your browser does not send back the cookie that this site set a moment ago.",
      "Cookies may be switched off, or blocked for this site, in a private window or by an extension: allow them, and sign in again. If "
      "that does not help, give the reference below to your administrator.", SAML_WAY_SIGN_IN,
      "the sign-on's cookie did not come back twice in a row",
      "the log says whether any cookie comes, and what may hold it back" }
};

const saml_titled_words_t saml_access_denied = {
    "You do not have access",
    { "You are signed in, but this place is not open to you.",
      "If it should be, ask your administrator and give the reference below. If you have another account, use that one.",
      SAML_WAY_OTHER_USER,
      "a user with a session whom no Require of the place lets in",
      "compare what Require asks for with /saml/me of that user; who is new to a group signs on again" }
};

/* ---- Entra's codes -------------------------------------------------------- */

#define OWN_ACCOUNT "Sign in with an account of this organisation, or have the account invited as a guest."
#define SAME_IDENTIFIER "Make \"Identifier (Entity ID)\" of the application and SAMLIdentifier the same, "
#define UNSUPPORTED_PROPERTY "The sign-in request asks for something that Entra does not support."
#define DROP_PROPERTY "Take out of the request what a proxy or another program put in; this module sends nothing of the kind."
#define USER_IDENTIFIER "In the portal, Attributes & Claims: give \"Unique User Identifier\" and the transformed claims a source that " \
    "every user has."

const saml_code_words_t saml_aadsts_words[] = {
    { "AADSTS50003", SAML_MENDS_ADMIN, "The application has no usable signing certificate at Entra.",
      "In the portal, Single sign-on, SAML Certificates: make a certificate and activate it." },
    { "AADSTS50011", SAML_MENDS_ADMIN, "The reply URL of the request is not one that is registered for the application.",
      "Add this site's reply URL in the portal, the same in case, slash at the end and https; or mend SAMLReplyURL." },
    { "AADSTS50020", SAML_MENDS_USER, "The account is of another organisation, and no guest in this one.", OWN_ACCOUNT },
    { "AADSTS50034", SAML_MENDS_USER, "There is no such account in this organisation.", OWN_ACCOUNT },
    { "AADSTS51004", SAML_MENDS_USER, "The account is not in this organisation's directory.", OWN_ACCOUNT },
    { "AADSTS50053", SAML_MENDS_HELPDESK, "The account is locked, or sign-ins from this address are blocked, after too many failures.",
      "Wait for some minutes and sign in again, or have the password reset." },
    { "AADSTS50057", SAML_MENDS_HELPDESK, "The account is disabled.", "Have the account enabled." },
    { "AADSTS50058", SAML_MENDS_USER, "Nobody was signed in, and the request did not allow asking.",
      "Sign in again, and answer what the sign-in page asks." },
    { "AADSTS50061", SAML_MENDS_ADMIN, "The sign-out request was not valid.",
      "The session on this site has ended all the same. Check that SAMLLogoutURL is that of this tenant." },
    { "AADSTS50068", SAML_MENDS_USER, "The application that asked to sign out takes no part in the session.",
      "You are signed out of this site; close the browser to end the rest." },
    { "AADSTS50070", SAML_MENDS_USER, "The session to sign out of is not known.",
      "You are signed out already; close the browser to be sure." },
    { "AADSTS50071", SAML_MENDS_USER, "The sign-out request has expired.",
      "You are signed out of this site; close the browser to end the rest." },
    { "AADSTS50074", SAML_MENDS_USER, "A second step of signing in is needed (multi-factor authentication).",
      "Sign in again and complete the second step; what asks for it stands in Conditional Access." },
    { "AADSTS50076", SAML_MENDS_USER, "A policy, or a new place or device, makes a second step of signing in necessary.",
      "Sign in again and complete the second step; what asks for it stands in Conditional Access." },
    { "AADSTS50079", SAML_MENDS_USER, "A second step of signing in is needed, and none is set up for the account yet.",
      "Sign in again and set up the second step when asked." },
    { "AADSTS50105", SAML_MENDS_ADMIN, "The account is not assigned to this application, and the application asks for that.",
      "In the portal, Users and groups: assign the user or a group that the user is directly in (groups in groups do not count)." },
    { "AADSTS50124", SAML_MENDS_ADMIN, "A claim's transformation lacks its input.", USER_IDENTIFIER },
    { "AADSTS501241", SAML_MENDS_ADMIN, "The user has no value for an input that a claim's transformation needs.", USER_IDENTIFIER },
    { "AADSTS50126", SAML_MENDS_USER, "The user name or the password is wrong.",
      "Sign in again with care; the help desk resets passwords." },
    { "AADSTS50146", SAML_MENDS_ADMIN, "The application needs a signing key of its own, as its claims are mapped.",
      "Give the application its own signing key: in the portal, SAML Certificates." },
    { "AADSTS53000", SAML_MENDS_HELPDESK, "The device does not comply with the organisation's rules (Conditional Access).",
      "Make the device compliant, or use one that is; the sign-in log of Entra names the policy." },
    { "AADSTS53001", SAML_MENDS_HELPDESK, "The device is not joined to the organisation (Conditional Access).",
      "Join the device, or use one that is joined; the sign-in log of Entra names the policy." },
    { "AADSTS53003", SAML_MENDS_ADMIN, "A policy blocks this sign-in (Conditional Access).",
      "Look the sign-in up in the sign-in log of Entra, tab Conditional Access, and review the policy." },
    { "AADSTS65005", SAML_MENDS_ADMIN, "The application is set up wrongly: often the request names another application.",
      SAME_IDENTIFIER "and grant consent where it is missing." },
    { "AADSTS650056", SAML_MENDS_ADMIN, "The application is set up wrongly: another Identifier in the request, or consent is missing.",
      SAME_IDENTIFIER "and grant consent where it is missing." },
    { "AADSTS70001", SAML_MENDS_ADMIN, "The application is disabled, or unknown to this tenant.",
      "In the portal, Properties: \"Enabled for users to sign-in?\" is to be Yes." },
    { "AADSTS700011", SAML_MENDS_ADMIN, "No application of this tenant has the Identifier of the request.",
      SAME_IDENTIFIER "and check the tenant ID; with SAMLEntra, both IDs." },
    { "AADSTS7000112", SAML_MENDS_ADMIN, "The application is disabled.",
      "In the portal, Properties: \"Enabled for users to sign-in?\" is to be Yes." },
    { "AADSTS700016", SAML_MENDS_ADMIN, "No application of this tenant has the Identifier of the request.",
      SAME_IDENTIFIER "and check the tenant ID; with SAMLEntra, both IDs." },
    { "AADSTS7000215", SAML_MENDS_ADMIN, "The client secret for Microsoft Graph is wrong.",
      "Put the secret's value, not its ID, into the file that SAMLGraph names." },
    { "AADSTS7000222", SAML_MENDS_ADMIN, "The client secret for Microsoft Graph has expired.",
      "Make a new secret in the portal and put it into the file that SAMLGraph names." },
    { "AADSTS700027", SAML_MENDS_ADMIN, "The certificate assertion for Microsoft Graph was not accepted.",
      "Upload the certificate that SAMLGraph names to the application, and look at this machine's clock." },
    { "AADSTS75003", SAML_MENDS_ADMIN, "The request wants the answer by another binding than HTTP-POST.",
      "Leave ProtocolBinding out or set it to HTTP-POST; this module does." },
    { "AADSTS75005", SAML_MENDS_ADMIN, "The request is not a valid SAML message.",
      "See what was sent: saml-sso decode and the address. Something on the way may have changed it." },
    { "AADSTS75006", SAML_MENDS_ADMIN, UNSUPPORTED_PROPERTY, DROP_PROPERTY },
    { "AADSTS75008", SAML_MENDS_ADMIN, "The request is meant for another address (Destination).",
      "Use the login URL of the same tenant and cloud: SAMLLoginURL, or the metadata of this tenant." },
    { "AADSTS75011", SAML_MENDS_ADMIN, "The user signed in in another way than the request demands.",
      "Take SAMLAuthnContext out, or add SAMLForceAuthn on so that the user is asked anew." },
    { "AADSTS75016", SAML_MENDS_ADMIN, "The request's NameIDPolicy is not valid.",
      "SAMLNameIDFormat: emailAddress, persistent, transient, unspecified or none." },
    { "AADSTS750054", SAML_MENDS_ADMIN, "The sign-in address was opened without a request.",
      "Begin at the application's own address; in the portal \"Sign on URL\" is /saml/login of this site, not Entra's login URL." },
    { "AADSTS7500529", SAML_MENDS_ADMIN, "The request's ID is not an XML name: it begins with a digit, for example.",
      "Begin it with a letter or an underscore; this module does." },
    { "AADSTS7500530", SAML_MENDS_ADMIN, "The sign-out request has no NameID that can be read.",
      "Send the NameID unencrypted; this module does." },
    { "AADSTS76021", SAML_MENDS_ADMIN, "The request is not signed, and the application asks for that.",
      "SAMLKey and SAMLSignRequests on, with the certificate uploaded; or untick \"Require verification certificates\"." },
    { "AADSTS76026", SAML_MENDS_USER, "The request is too old.",
      "Begin at the application's own address, not at a bookmark of the sign-in page. If it stays, a clock is wrong." },
    { "AADSTS90002", SAML_MENDS_ADMIN, "There is no such tenant.",
      "Check the tenant ID in SAMLEntra or SAMLLoginURL, and the cloud." },
    { "AADSTS90011", SAML_MENDS_ADMIN, UNSUPPORTED_PROPERTY, DROP_PROPERTY },
    { "AADSTS90015", SAML_MENDS_ADMIN, "The address of the request is too long.", "SAMLRequestBinding POST." },
    { "AADSTS90038", SAML_MENDS_ADMIN, "The tenant is in another cloud.",
      "Name the cloud in SAMLEntra, or use the login URL of that cloud." },
    { "AADSTS900235", SAML_MENDS_ADMIN, "The request compares sign-in methods otherwise than by \"exact\".",
      "Set Comparison to exact, or leave RequestedAuthnContext out." },
    { "AADSTS900236", SAML_MENDS_ADMIN, UNSUPPORTED_PROPERTY, DROP_PROPERTY },
    { "AADSTS900971", SAML_MENDS_ADMIN, "The application has no reply URL.", "Add this site's reply URL in the portal." },
    { NULL, SAML_MENDS_ADMIN, NULL, NULL }
};

/* ---- SAML's own codes ----------------------------------------------------- */

const saml_code_words_t saml_status_code_words[] = {
    { "Success", SAML_MENDS_USER, "The request was granted.", "Nothing is to be mended." },
    { "Requester", SAML_MENDS_ADMIN, "The identity provider finds fault with the request.",
      "Look into its own log; compare identifier, reply URL and signature settings on both sides." },
    { "Responder", SAML_MENDS_ADMIN, "The identity provider failed by itself.", "Look into its own log." },
    { "VersionMismatch", SAML_MENDS_ADMIN, "The identity provider does not speak this version of SAML.",
      "Set the identity provider to SAML 2.0." },
    { "AuthnFailed", SAML_MENDS_USER, "The identity provider could not make sure who the user is.", "Sign in again with care." },
    { "InvalidAttrNameOrValue", SAML_MENDS_ADMIN, "An attribute in the request is not as the identity provider expects it.",
      "Look into its own log." },
    { "InvalidNameIDPolicy", SAML_MENDS_ADMIN, "The identity provider cannot name users in the format that is asked for.",
      "SAMLNameIDFormat: choose one that it offers, or none." },
    { "NoAuthnContext", SAML_MENDS_ADMIN, "The identity provider cannot sign users in in the way that is asked for.",
      "SAMLAuthnContext: choose one that it offers, or take it out." },
    { "NoAvailableIDP", SAML_MENDS_ADMIN, "None of the identity providers behind this one can be reached.", "Look into its own log." },
    { "NoPassive", SAML_MENDS_USER, "Nobody was signed in there, and the request did not allow asking.",
      "Sign in again, and answer what the sign-in page asks." },
    { "NoSupportedIDP", SAML_MENDS_ADMIN, "None of the identity providers behind this one is supported.", "Look into its own log." },
    { "PartialLogout", SAML_MENDS_USER, "Not all applications could be signed out of.", "Close the browser to end the rest." },
    { "ProxyCountExceeded", SAML_MENDS_ADMIN, "The identity provider may not pass the request on to another.",
      "Look into its own log." },
    { "RequestDenied", SAML_MENDS_ADMIN, "The identity provider understood the request and does not grant it.",
      "Give the user access to this application there; its own log says why not." },
    { "RequestUnsupported", SAML_MENDS_ADMIN, "The identity provider does not support such a request.",
      "Compare what is sent (saml-sso decode) with what it supports." },
    { "RequestVersionDeprecated", SAML_MENDS_ADMIN, "The identity provider no longer takes this version of SAML.",
      "Set the identity provider to SAML 2.0." },
    { "RequestVersionTooHigh", SAML_MENDS_ADMIN, "The identity provider knows only older versions of SAML.",
      "Set the identity provider to SAML 2.0." },
    { "RequestVersionTooLow", SAML_MENDS_ADMIN, "The identity provider knows only newer versions of SAML.",
      "Set the identity provider to SAML 2.0." },
    { "ResourceNotRecognized", SAML_MENDS_ADMIN, "The request asks about something that the identity provider does not know.",
      "Look into its own log." },
    { "TooManyResponses", SAML_MENDS_ADMIN, "The answer would be more than the identity provider can send.", "Look into its own log." },
    { "UnknownAttrProfile", SAML_MENDS_ADMIN, "The request uses an attribute profile that the identity provider does not know.",
      "Look into its own log." },
    { "UnknownPrincipal", SAML_MENDS_ADMIN, "The identity provider does not know this user.",
      "Sign in with another account, or have this one added there." },
    { "UnsupportedBinding", SAML_MENDS_ADMIN, "The identity provider cannot answer by HTTP-POST.",
      "Enable the HTTP-POST binding for this application there." },
    { NULL, SAML_MENDS_ADMIN, NULL, NULL }
};
