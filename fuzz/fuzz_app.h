/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_APP_H
#define FUZZ_APP_H

/** @file fuzz_app.h An application with a secret, for targets that read what comes back from a browser. */

#include "fuzz/fuzz.h"
#include "saml/seal.h"
#include "t/unit/sso_alone.h"

#define FUZZ_SESSION "__Host-saml"
#define FUZZ_PREFIX  "__Host-saml-state-"

static inline const sso_app_t *fuzz_app(void)
{
    static sso_app_t app;
    static saml_secret_t *secret;
    static const char text[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    saml_err_t err = { .pool = fuzz_pool() };

    if (!secret) {
        FUZZ_MUST(saml_secret_parse(&secret, text, strlen(text), "secret", fuzz_pool(), &err) == SAML_OK);
        app.id = "|https://sp.example.org/saml/metadata";
        app.state_prefix = FUZZ_PREFIX;
        app.secret = secret;
        app.cookie = (sso_cookie_t){ .name = FUZZ_SESSION, .path = "/", .same_site = "Lax", .secure = 1 };
    }
    return &app;
}

#endif
