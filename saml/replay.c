/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <openssl/evp.h>

#include "replay.h"

#define KEY_BYTES 32

/* SHA-256 over issuer, NUL, ID: neither can hold a NUL, so that no two pairs share their octets. */
static saml_status_t replay_key(unsigned char key[KEY_BYTES], const char *issuer, const char *id, saml_err_t *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)
             && EVP_DigestUpdate(ctx, issuer, strlen(issuer) + 1)
             && EVP_DigestUpdate(ctx, id, strlen(id))
             && EVP_DigestFinal_ex(ctx, key, NULL);

    EVP_MD_CTX_free(ctx);
    if (!ok)
        return saml_fail(err, SAML_E_STORE, "replay key: expected SHA-256 of OpenSSL to work, got a failure");
    return SAML_OK;
}

saml_status_t saml_replay_use(const saml_replay_t *replay, const char *issuer, const char *id, apr_time_t until,
                              saml_err_t *err)
{
    unsigned char key[KEY_BYTES];
    saml_status_t status;

    if (!replay || !replay->use)
        return saml_fail(err, SAML_E_STORE, "replay store: expected one to ask about the assertion, got none");
    if (!issuer || !id || !*id)
        return saml_fail(err, SAML_E_STORE, "replay store: expected an issuer and an ID, got %s and %s",
                         saml_quote(err->pool, issuer), saml_quote(err->pool, id));
    SAML_TRY(replay_key(key, issuer, id, err));
    status = replay->use(replay->baton, key, until, err);
    if (status == SAML_E_REPLAY)
        return saml_fail(err, SAML_E_REPLAY, "Assertion ID %s of %s: expected one that is new, got it before",
                         saml_quote(err->pool, id), saml_quote(err->pool, issuer));
    return status;
}

/* Nothing is dropped before the pool is: a process that needs that brings a store of its own. */
static saml_status_t memory_use(void *baton, const unsigned char key[KEY_BYTES], apr_time_t until, saml_err_t *err)
{
    apr_hash_t *seen = baton;
    apr_pool_t *p = apr_hash_pool_get(seen);

    (void)until;
    if (apr_hash_get(seen, key, KEY_BYTES))
        return saml_fail(err, SAML_E_REPLAY, "key is in the store");
    apr_hash_set(seen, apr_pmemdup(p, key, KEY_BYTES), KEY_BYTES, "");
    return SAML_OK;
}

saml_replay_t *saml_replay_memory(apr_pool_t *p)
{
    saml_replay_t *replay = apr_palloc(p, sizeof(*replay));

    replay->use = memory_use;
    replay->baton = apr_hash_make(p);
    return replay;
}
