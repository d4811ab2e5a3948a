/* SPDX-License-Identifier: Apache-2.0 */
/* A private key of ours and its certificate, from two files: for SAMLKey and SAMLGraph. */

#include "config.h"

static saml_keypair_t *load_key(sso_check_t *check, const char *directive, const sso_value_t *value)
{
    saml_err_t *err = sso_err_new(check->p);
    saml_keypair_t *key;
    const char *wrong = sso_unreadable(value->path, "private key file", check->p);

    if (!wrong)
        wrong = sso_unreadable(value->more_path, "certificate file", check->p);
    if (wrong) {
        sso_check_fail(check, directive, &value->at, "%s; mend: correct the name or make the file (saml-sso keygen)", wrong);
        return NULL;
    }
    if (saml_keypair_load(&key, value->path, value->more_path, check->p, err) != SAML_OK) {
        sso_check_fail(check, directive, &value->at, "expected a private key and its certificate, found: %s; mend: "
                       "give the two files that belong together (saml-sso keygen makes such a pair)", err->reason);
        return NULL;
    }
    return key;
}

/* Ours may be past its date, as identity providers rarely look; it must not be weak. */
static int check_key(sso_check_t *check, const char *directive, const sso_value_t *value, const saml_keypair_t *key,
                     unsigned allow)
{
    saml_err_t *err = sso_err_new(check->p);

    if (saml_cert_check(key->cert, check->now, allow | SAML_ALLOW_EXPIRED_CERTIFICATE, err) != SAML_OK) {
        sso_check_fail(check, directive, &value->at, "expected a key that is strong enough, found: %s; mend: make a "
                       "new pair (saml-sso keygen)", err->reason);
        return 0;
    }
    if (saml_cert_check(key->cert, check->now, allow, err) != SAML_OK)
        sso_check_warn(check, directive, &value->at, "expected a certificate that is valid now, found: %s; mend: make "
                       "a new pair (saml-sso keygen) and give its certificate to the identity provider", err->reason);
    return 1;
}

saml_keypair_t *sso_resolve_key(sso_check_t *check, const char *directive, const sso_value_t *value, unsigned allow)
{
    saml_keypair_t *key = load_key(check, directive, value);

    return key && check_key(check, directive, value, key, allow) ? key : NULL;
}
