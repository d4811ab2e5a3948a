/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals: what a person reads for each, and the page with it. */

#include "page.h"

#include <apr_strings.h>

#include "url.h"

/** What a person reads for one kind of refusal. */
typedef struct {
    saml_status_t status;
    int http_status;
    const char *sentence;
    const char *advice;
} refusal_text_t;

#define AGAIN "Try to sign in again. If that does not help, give the reference below to your administrator."
#define ADMIN "This needs your administrator: give the reference below."

static const refusal_text_t refusals[] = {
    { SAML_E_MALFORMED, HTTP_BAD_REQUEST, "The sign-in answer could not be read.", AGAIN },
    { SAML_E_TOO_LARGE, HTTP_REQUEST_ENTITY_TOO_LARGE, "The sign-in answer is too large.", ADMIN },
    { SAML_E_VERSION, HTTP_FORBIDDEN, "The sign-in answer is not in SAML 2.0.", ADMIN },
    { SAML_E_DESTINATION, HTTP_FORBIDDEN, "The sign-in answer was meant for another address.", ADMIN },
    { SAML_E_ISSUER, HTTP_FORBIDDEN, "The sign-in answer comes from an identity provider that is not trusted here.",
      ADMIN },
    { SAML_E_IN_RESPONSE_TO, HTTP_FORBIDDEN, "The sign-in answer belongs to another sign-in.", AGAIN },
    { SAML_E_STATUS, HTTP_FORBIDDEN, "The identity provider did not sign you in.", AGAIN },
    { SAML_E_UNSIGNED, HTTP_FORBIDDEN, "The sign-in answer is not signed.", ADMIN },
    { SAML_E_SIGNATURE, HTTP_FORBIDDEN, "The sign-in answer could not be verified.", ADMIN },
    { SAML_E_ALGORITHM, HTTP_FORBIDDEN, "The sign-in answer is protected in a way that is not accepted here.", ADMIN },
    { SAML_E_ASSERTION_COUNT, HTTP_FORBIDDEN, "The sign-in answer does not hold exactly one assertion.", ADMIN },
    /* As for a signature: from outside the two must look the same (SAML Core 6, padding oracles). */
    { SAML_E_DECRYPTION, HTTP_FORBIDDEN, "The sign-in answer could not be verified.", ADMIN },
    { SAML_E_CERTIFICATE_EXPIRED, HTTP_FORBIDDEN, "The identity provider's certificate has expired.", ADMIN },
    { SAML_E_CONDITIONS, HTTP_FORBIDDEN, "The sign-in answer has conditions that cannot be met.", ADMIN },
    { SAML_E_NOT_BEFORE, HTTP_FORBIDDEN, "The sign-in answer is not valid yet.",
      "The clocks of this server and of the identity provider may differ. " AGAIN },
    { SAML_E_EXPIRED, HTTP_FORBIDDEN, "The sign-in answer is too old.", AGAIN },
    { SAML_E_AUDIENCE, HTTP_FORBIDDEN, "The sign-in answer was meant for another application.", ADMIN },
    { SAML_E_SUBJECT, HTTP_FORBIDDEN, "The sign-in answer does not say who you are.", ADMIN },
    { SAML_E_RECIPIENT, HTTP_FORBIDDEN, "The sign-in answer was meant for another address.", ADMIN },
    { SAML_E_CONFIRMATION, HTTP_FORBIDDEN, "The sign-in answer is not confirmed as it must be.", ADMIN },
    { SAML_E_AUTHN_STATEMENT, HTTP_FORBIDDEN, "The sign-in answer does not say how you signed in.", ADMIN },
    { SAML_E_SESSION_EXPIRED, HTTP_FORBIDDEN, "Your session at the identity provider has ended.", AGAIN },
    { SAML_E_NAME_ID, HTTP_FORBIDDEN, "The sign-in answer does not name you in a usable way.", ADMIN },
    { SAML_E_CLAIM, HTTP_FORBIDDEN, "The sign-in answer lacks something that is needed here.", ADMIN },
    { SAML_E_REPLAY, HTTP_FORBIDDEN, "This sign-in answer has been used already.", AGAIN },
    { SAML_E_RELAY_STATE, HTTP_FORBIDDEN, "The place to go to after signing in is not on this site.", AGAIN },
    { SAML_E_STATE_MISSING, HTTP_FORBIDDEN, "Your browser no longer holds the sign-in that was begun here.",
      "Allow cookies for this site, close other tabs that are signing in, and try again." },
    { SAML_E_UNSOLICITED, HTTP_FORBIDDEN, "This site takes only sign-ins that began here.",
      "Open the application's own address instead of the tile or link you used." },
    { SAML_E_PROVISIONING, HTTP_FORBIDDEN, "Your account could not be set up in the application.", AGAIN },
    { SAML_E_STORE, HTTP_SERVICE_UNAVAILABLE, "Sign-ins cannot be checked at the moment.",
      "Try again in a minute. If that does not help, give the reference below to your administrator." },
    { SAML_E_METADATA, HTTP_SERVICE_UNAVAILABLE, "What is known of the identity provider is not usable.", ADMIN },
    { SAML_E_REQUEST, HTTP_BAD_REQUEST, "This address was called in a way that it does not serve.", AGAIN },
    { SAML_E_OVERAGE, HTTP_FORBIDDEN, "You are in too many groups for the identity provider to list them.", ADMIN },
};

/* At the logout endpoint one sentence does for all. */
static const refusal_text_t refused_logout = { SAML_OK, 0, "This sign-out was not accepted. No session was ended by it.",
    "To end your session, close the browser. If this happens again, give the reference below to your administrator." };

/* Nor does one that answers a sign-out begun here, but the session here had ended before. */
static const refusal_text_t unconfirmed_logout = { SAML_OK, 0,
    "Your session on this site has ended. Your organisation's answer to that was not accepted.",
    "You may still be signed in there: close the browser to end that too. If this happens again, give the reference below to "
    "your administrator." };

static const refusal_text_t other_refusal = { SAML_OK, HTTP_FORBIDDEN, "Signing in did not work.", AGAIN };

static const refusal_text_t *refusal_text(saml_status_t status)
{
    apr_size_t i;

    for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); ++i) {
        if (refusals[i].status == status)
            return &refusals[i];
    }
    return &other_refusal;
}

int sso_refusal_http_status(saml_status_t status)
{
    return refusal_text(status)->http_status;
}

static const char *way_on(request_rec *r, const sso_app_t *app)
{
    const char *login;

    if (!app)
        return "";
    login = sso_endpoint_url(app, sso_reply_url_of(app, r), "login", r->pool);
    return apr_pstrcat(r->pool, "<p><a class=\"button\" href=\"", ap_escape_html(r->pool, login),
                       "\">Sign in again</a></p>\n", NULL);
}

/* Decryption and signature failures look the same from outside: no oracle (XML Encryption 1.1, 6.1.1). */
static saml_status_t shown_status(const saml_err_t *err)
{
    return err->in_ciphertext || err->status == SAML_E_DECRYPTION ? SAML_E_SIGNATURE : err->status;
}

static int send_refusal(request_rec *r, const char *title, const refusal_text_t *text, const char *way, const saml_err_t *err)
{
    const char *reference = sso_reference(r);
    saml_status_t shown = shown_status(err);
    int http_status = refusal_text(shown)->http_status;
    const char *body;

    sso_log_refusal(r, err, reference);
    if (http_status == HTTP_SERVICE_UNAVAILABLE)
        apr_table_setn(r->err_headers_out, "Retry-After", "30");
    body = apr_pstrcat(r->pool, "<p>", text->sentence, "</p>\n<p>", text->advice, "</p>\n", way,
                       "<dl>\n<dt>Reason</dt><dd>", saml_status_name(shown), "</dd>\n<dt>Reference</dt><dd>",
                       reference, "</dd>\n</dl>\n", NULL);
    return sso_page_send(r, http_status, title, body, NULL);
}

int sso_page_refused(request_rec *r, const sso_app_t *app, const saml_err_t *err)
{
    if (sso_request_of(r)->endpoint == SSO_ENDPOINT_LOGOUT)
        return send_refusal(r, "Not signed out", &refused_logout, "", err);
    return send_refusal(r, "You are not signed in", refusal_text(shown_status(err)), way_on(r, app), err);
}

int sso_page_unconfirmed(request_rec *r, const saml_err_t *err)
{
    return send_refusal(r, "Signed out on this site only", &unconfirmed_logout, "", err);
}
