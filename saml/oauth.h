/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_OAUTH_H
#define SAML_OAUTH_H

/**
 * @file oauth.h
 * A token for an application itself: OAuth 2.0 client credentials (RFC 6749 4.4), as Entra's token endpoint takes them.
 * Secrets, assertions and tokens enter no reason.
 */

#include "key.h"
#include "outgoing.h"

#define SAML_OAUTH_MAX_TOKEN_BYTES 16384

/** Who asks for what. */
typedef struct {
    const char *token_url;          /* also the `aud` of an assertion */
    const char *client_id;
    const char *scope;
    const char *secret;             /* or NULL: */
    const saml_keypair_t *key;      /* RSA; signs an assertion (RFC 7523 2.2) in place of the secret */
} saml_oauth_client_t;

/** What came. */
typedef struct {
    const char *token;              /* fit for an Authorization header; otherwise opaque */
    apr_interval_time_t expires_in;
} saml_oauth_token_t;

/**
 * The form that asks for a token.
 * @param now  for `nbf`, `iat` and `exp` of the assertion
 * @return SAML_OK or SAML_E_OVERAGE where the key cannot sign
 */
SAML_MUST_CHECK saml_status_t saml_oauth_form(const char **out, const saml_oauth_client_t *client, apr_time_t now,
                                              apr_pool_t *p, saml_err_t *err);

/**
 * Read the endpoint's answer.
 * @return SAML_OK, or SAML_E_OVERAGE: no token in it, or one that is not Bearer, fits no header or has no life; an error is told by its
 *         code and Entra's number
 */
SAML_MUST_CHECK saml_status_t saml_oauth_read(saml_oauth_token_t *out, const saml_fetched_t *answer, apr_pool_t *p,
                                              saml_err_t *err);

/** Ask for a token and read it. */
SAML_MUST_CHECK saml_status_t saml_oauth_token(saml_oauth_token_t *out, const saml_outgoing_t *by,
                                               const saml_oauth_client_t *client, apr_time_t now, apr_pool_t *p,
                                               saml_err_t *err);

/** Whether an assertion can be signed with it: an RSA key. */
int saml_oauth_key_fits(const saml_keypair_t *key);

#endif
