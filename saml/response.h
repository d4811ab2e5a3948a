/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_RESPONSE_H
#define SAML_RESPONSE_H

/**
 * @file response.h
 * The ordered checks of a Response: SAML Core 2, 3.2.2, 3.4.1.4; Profiles 4.1.4.3 and 4.1.4.5; Bindings 3.5.
 */

#include "assertion.h"
#include "replay.h"

/** What the caller expects; all of it is from configuration or from the login in progress, nothing from the message. */
typedef struct {
    apr_time_t now;
    apr_interval_time_t skew;
    const char *issuer;                 /* the IdP's entity ID; NULL accepts any (`saml-sso verify` without one) */
    const apr_array_header_t *certs;    /* saml_cert_t *, the IdP's signing certificates */
    const char *acs_url;                /* Destination and Recipient, byte for byte */
    const apr_array_header_t *audiences; /* const char *, any of these is us */
    const char *in_response_to;         /* ID of our request; NULL: unsolicited, the Response must carry none */
    const apr_array_header_t *keys;     /* saml_keypair_t *, for decryption; NULL or empty: none */
    unsigned allow;                     /* SAML_ALLOW_ bits */
    const apr_array_header_t *authn_context; /* const char *, classes one of which was asked for; NULL or empty: any */
    apr_time_t authn_since;             /* the user must have signed on at the IdP after it (ForceAuthn); 0: at any time */
    const saml_replay_t *replay;        /* must not be NULL */
} saml_expect_t;

/** Who signed on. Lives in the pool given. */
typedef struct {
    saml_name_id_t name_id;
    apr_array_header_t *attributes;     /* saml_attribute_t */
    const char *session_index;          /* of the first AuthnStatement that has one, or NULL */
    apr_time_t session_not_on_or_after; /* the earliest, 0: none */
    apr_time_t authn_instant;           /* the earliest */
    const char *context_class;          /* of the first AuthnStatement, or NULL */
    const char *issuer;
    const char *assertion_id;
    apr_time_t issue_instant;           /* of the assertion, by the IdP's clock */
    const char *in_response_to;         /* or NULL */
    const saml_cert_t *signed_by;
    int was_encrypted;
} saml_login_t;

/**
 * Check `xml` and read the login from what is proven.
 * @param xml  the decoded message (not base64); need not end in NUL
 * @param out  set on SAML_OK only; lives in `p`
 * Side effect: the assertion's ID is used up in want->replay, as the very last step.
 */
SAML_MUST_CHECK saml_status_t saml_response_check(saml_login_t **out, const char *xml, apr_size_t len,
                                                  const saml_expect_t *want, apr_pool_t *p, saml_err_t *err);

/**
 * The Status of a Response or LogoutResponse is Success; else err->idp says what it is.
 * @param where  "Response", for reasons
 * @return SAML_OK, SAML_E_STATUS or SAML_E_MALFORMED
 * Spec: SAML Core 3.2.2.1 to 3.2.2.3
 */
SAML_MUST_CHECK saml_status_t saml_response_check_status(const xmlNode *response, const char *where, saml_err_t *err);

/** What can be told of a message before anything is proven: for finding the login it answers, never for granting. */
typedef struct {
    const char *in_response_to;     /* or NULL */
    const char *issuer;             /* or NULL */
    const char *id;                 /* or NULL */
} saml_response_peek_t;

SAML_MUST_CHECK saml_status_t saml_response_peek(saml_response_peek_t *out, const char *xml, apr_size_t len,
                                                 apr_pool_t *p, saml_err_t *err);

#endif
