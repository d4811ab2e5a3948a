/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LOGOUT_MESSAGE_H
#define SSO_LOGOUT_MESSAGE_H

/** @file logout_message.h What the identity provider sends to the logout endpoint. */

#include "saml/logout.h"
#include "sso.h"

/** One message, or none. */
typedef struct {
    const char *param;              /* "SAMLRequest" or "SAMLResponse"; NULL: nothing of SAML came */
    saml_logout_message_t message;
    const char *relay_state;        /* of a SAMLResponse, or NULL */
} sso_logout_message_t;

/**
 * Read what came: by GET the query, by POST the form. Both kinds at once, a kind twice, or a message in the query of a POST refuse.
 * @return SAML_OK, SAML_E_MALFORMED, SAML_E_TOO_LARGE or SAML_E_REQUEST
 */
SAML_MUST_CHECK saml_status_t sso_logout_message_read(sso_logout_message_t *out, request_rec *r, saml_err_t *err);

/** Check the message, do what it says, and answer it. */
int sso_logout_message_answer(request_rec *r, const sso_app_t *app, const sso_logout_message_t *came);

#endif
