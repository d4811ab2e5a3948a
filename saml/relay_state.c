/* SPDX-License-Identifier: Apache-2.0 */
/* A target sealed as a RelayState. The purpose has a key of its own: no state cookie opens as one, nor the other way round. */

#include "relay_state.h"

#include <string.h>
#include <apr_strings.h>

static const char PURPOSE[] = "relay-state";

/* No name and no identifier has a space in it (the module's setters see to that), so that no two pairs look the same. */
static const char *bound_to(const saml_relay_state_for_t *whose, apr_pool_t *p)
{
    return apr_pstrcat(p, whose->application, " ", whose->identifier, NULL);
}

saml_status_t saml_relay_state_seal(const char **out, const saml_secret_t *secret, const saml_relay_state_for_t *whose,
                                    const char *target, apr_pool_t *p, saml_err_t *err)
{
    apr_size_t len = strlen(target);

    if (len > SAML_RELAY_STATE_MAX_TARGET_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "target: expected at most %d bytes, got %" APR_SIZE_T_FMT,
                         SAML_RELAY_STATE_MAX_TARGET_BYTES, len);
    return saml_seal(out, secret, PURPOSE, bound_to(whose, p), target, len, p, err);
}

saml_status_t saml_relay_state_open(const char **target, const saml_secret_t *secret, const saml_relay_state_for_t *whose,
                                    const char *value, apr_pool_t *p, saml_err_t *err)
{
    const char *text;
    apr_size_t len;

    if (saml_unseal(&text, &len, secret, PURPOSE, bound_to(whose, p), value, p, err) != SAML_OK || strlen(text) != len)
        return saml_fail(err, SAML_E_RELAY_STATE, "RelayState: expected a value that was sealed for this application, got %s",
                         saml_quote(err->pool, value));
    *target = text;
    return SAML_OK;
}
