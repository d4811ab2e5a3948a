/* SPDX-License-Identifier: Apache-2.0 */
/* The RelayState of sign-on that begins at the identity provider. Without a login in progress it is whatever the browser sends: */
/* nothing that it says leads off this site, neither by a name, nor by a seal that another site of ours may know the secret of. */

#include <string.h>

#include "relay_state.h"
#include "saml/relay_state.h"
#include "url.h"

const char *sso_relay_state_named(const sso_app_t *app, const char *name)
{
    for (int i = 0; i < app->relay_states->nelts; i++) {
        const sso_relay_state_t *known = &APR_ARRAY_IDX(app->relay_states, i, sso_relay_state_t);

        if (strcmp(known->name, name) == 0)
            return known->target;
    }
    return NULL;
}

static saml_status_t check_target(const char **out, const sso_app_t *app, const char *target, const char *relay_state,
                                  apr_pool_t *p, saml_err_t *err)
{
    const char *own = sso_own_target(app, target, p);

    if (own && !sso_target_is_endpoint(app, own, p)) {
        *out = own;
        return SAML_OK;
    }
    if (target != relay_state)
        return saml_fail(err, SAML_E_RELAY_STATE, "RelayState: expected a target on this site, none of the sign-on itself, got "
                         "a sealed value for %s", saml_quote(err->pool, target));
    return saml_fail(err, SAML_E_RELAY_STATE, "RelayState: expected a path or a URL of this site, none of the sign-on itself, a "
                     "SAMLRelayState or a value of \"saml-sso relay-state\", got %s", saml_quote(err->pool, relay_state));
}

saml_status_t sso_relay_state_target(const char **out, const sso_app_t *app, const char *relay_state, apr_pool_t *p,
                                     saml_err_t *err)
{
    saml_relay_state_for_t here = { app->name, app->identifier };
    saml_err_t unsealed = { .pool = p };
    const char *target;

    if (!relay_state || !*relay_state) {
        *out = app->start;
        return SAML_OK;
    }
    target = sso_relay_state_named(app, relay_state);
    if (!target && saml_relay_state_open(&target, app->secret, &here, relay_state, p, &unsealed) != SAML_OK)
        target = relay_state;
    return check_target(out, app, target, relay_state, p, err);
}
