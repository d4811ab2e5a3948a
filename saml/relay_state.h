/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_RELAY_STATE_H
#define SAML_RELAY_STATE_H

/**
 * @file relay_state.h
 * The RelayState that an administrator pastes into the identity provider, for sign-on that begins there: a target, sealed for one
 * application. Who reads it learns nothing, and who has no secret makes none.
 */

#include "seal.h"

/** Bindings 3.4.3, 3.5.3: RelayState "MUST NOT exceed 80 bytes in length". Longer ones pass with many, Entra among them. */
#define SAML_RELAY_STATE_SAFE_BYTES 80

/** The longest target that is sealed: what a request line may have. */
#define SAML_RELAY_STATE_MAX_TARGET_BYTES 2048

/** What a value is sealed for: means nothing to any other. */
typedef struct {
    const char *application;    /* name of the <SAMLApplication>, "" for that of the virtual host itself */
    const char *identifier;     /* its entity ID */
} saml_relay_state_for_t;

/**
 * Seal `target` with the first of `secret`.
 * @return SAML_OK, SAML_E_TOO_LARGE, or what saml_seal says
 */
SAML_MUST_CHECK saml_status_t saml_relay_state_seal(const char **out, const saml_secret_t *secret,
                                                    const saml_relay_state_for_t *whose, const char *target, apr_pool_t *p,
                                                    saml_err_t *err);

/**
 * The target of a sealed value. It was good when it was sealed: whether it still is, is the caller's to see.
 * @return SAML_OK or SAML_E_RELAY_STATE, one reason for whatever is wrong
 */
SAML_MUST_CHECK saml_status_t saml_relay_state_open(const char **target, const saml_secret_t *secret,
                                                    const saml_relay_state_for_t *whose, const char *value, apr_pool_t *p,
                                                    saml_err_t *err);

#endif
