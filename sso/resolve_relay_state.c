/* SPDX-License-Identifier: Apache-2.0 */
/* SAMLRelayState at start-up: names once, targets on this site, and sign-on from outside allowed at all. */

#include <apr_strings.h>

#include "config.h"
#include "relay_state.h"
#include "url.h"

static int check_value(sso_check_t *check, const sso_app_t *app, const sso_value_t *value)
{
    if (sso_relay_state_named(app, value->text)) {
        sso_check_fail(check, "SAMLRelayState", &value->at, "expected each name once, found \"%s\" again; mend: keep one of "
                       "them", value->text);
        return 0;
    }
    if (!sso_own_target(app, value->more, check->p)) {
        sso_check_fail(check, "SAMLRelayState", &value->at, "expected a target on this site, a path such as \"/app\" or a URL "
                       "under %s, found %s; mend: correct it, or add the SAMLReplyURL of that host",
                       APR_ARRAY_IDX(app->reply_urls, 0, sso_reply_url_t).origin, saml_quote(check->p, value->more));
        return 0;
    }
    return 1;
}

int sso_resolve_relay_states(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const sso_setting_t *setting = &conf->set[SSO_SET_RELAY_STATE];
    apr_array_header_t *states = apr_array_make(check->p, 1, sizeof(sso_relay_state_t));

    app->relay_states = states;
    if (!setting->values)
        return 1;
    if (!app->idp_initiated) {
        sso_check_fail(check, "SAMLRelayState", &setting->at, "expected \"SAMLIdPInitiated on\", as only sign-on that begins at "
                       "the identity provider has a RelayState of its own, found it off; mend: add it, or remove the directive");
        return 0;
    }
    for (int i = 0; i < setting->values->nelts; i++) {
        const sso_value_t *value = &APR_ARRAY_IDX(setting->values, i, sso_value_t);

        if (!check_value(check, app, value))
            return 0;
        APR_ARRAY_PUSH(states, sso_relay_state_t) =
            (sso_relay_state_t){ value->text, value->more, value->at.file, value->at.line };
    }
    return 1;
}

void sso_check_relay_states(sso_check_t *check, const sso_app_t *app)
{
    for (int i = 0; i < app->relay_states->nelts; i++) {
        const sso_relay_state_t *state = &APR_ARRAY_IDX(app->relay_states, i, sso_relay_state_t);
        sso_at_t at = { state->file, state->line };

        if (sso_target_is_endpoint(app, state->target, check->p))
            sso_check_fail(check, "SAMLRelayState", &at, "expected a place to land after sign-on, found \"%s\", which is an "
                           "endpoint of the sign-on itself; mend: name the page that users are to see", state->target);
    }
}
