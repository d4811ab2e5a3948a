/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_REPLAY_H
#define SAML_REPLAY_H

/** @file replay.h "Use this ID once, until T", over a store that the caller brings (SAML Profiles 4.1.4.5). */

#include "saml.h"

/** A caller's store. */
typedef struct {
    /**
     * Remember `key` until `until`; atomic over all processes that share the store.
     * @return SAML_OK the first time, SAML_E_REPLAY when it is there already, SAML_E_STORE when it cannot be told
     */
    saml_status_t (*use)(void *baton, const unsigned char key[32], apr_time_t until, saml_err_t *err);
    void *baton;
} saml_replay_t;

/**
 * Use up the assertion `id` of `issuer` (the key is a SHA-256 over both).
 * A NULL store refuses with SAML_E_STORE: "could not check" is never "passed".
 */
SAML_MUST_CHECK saml_status_t saml_replay_use(const saml_replay_t *replay, const char *issuer, const char *id,
                                              apr_time_t until, saml_err_t *err);

/** A store in memory for one process and one pool, for `saml-sso verify` and tests. */
saml_replay_t *saml_replay_memory(apr_pool_t *p);

#endif
