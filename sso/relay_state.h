/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_RELAY_STATE_H
#define SSO_RELAY_STATE_H

/** @file relay_state.h Where a response that nobody here asked for leads: its RelayState is a name, a sealed value or a place. */

#include "sso.h"

/** A `SAMLRelayState name target`, with the place it was written. */
typedef struct {
    const char *name;
    const char *target;
    const char *file;
    int line;
} sso_relay_state_t;

/** The name's target in `app`, or NULL. */
const char *sso_relay_state_named(const sso_app_t *app, const char *name);

/**
 * Where `relay_state` leads: the target of a SAMLRelayState of that name, the target that "saml-sso relay-state" sealed for this
 * application, or itself as a place; "/" where there is none. Whichever it is, it is a place of our own and no endpoint of a sign-on.
 * @return SAML_OK or SAML_E_RELAY_STATE
 */
SAML_MUST_CHECK saml_status_t sso_relay_state_target(const char **out, const sso_app_t *app, const char *relay_state,
                                                     apr_pool_t *p, saml_err_t *err);

#endif
