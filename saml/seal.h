/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_SEAL_H
#define SAML_SEAL_H

/**
 * @file seal.h
 * AES-256-GCM under keys derived (HKDF-SHA256) from SAMLSecret, one key for each purpose. Knows no httpd.
 */

#include "saml/saml.h"

#define SAML_MIN_SECRET_BYTES 32

/** The secrets of an application: the first seals, all open (rotation). Read-only once made. */
typedef struct saml_secret_t saml_secret_t;

/**
 * Read the text of a secret file: one secret a line in hex, 32 bytes or more each; empty lines and "#" comments skipped.
 * @return SAML_OK or SAML_E_METADATA with the line's number
 */
SAML_MUST_CHECK saml_status_t saml_secret_parse(saml_secret_t **out, const char *text, apr_size_t len,
                                                const char *source, apr_pool_t *p, saml_err_t *err);

/** The text of a new secret file with one random secret of 32 bytes. */
SAML_MUST_CHECK saml_status_t saml_secret_new_text(const char **out, apr_pool_t *p, saml_err_t *err);

/**
 * Sign `data` for somebody who is to check it: HMAC-SHA256 in lower-case hex, under a key of its own.
 *
 * That key is the text of 64 lower-case hex digits of HMAC-SHA256(first secret, label), so that it can be worked out with
 * openssl and handed over: nothing that seals or opens can be had from it.
 * @param label  "mod_saml_sso provisioning"
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t saml_secret_sign(const char **out, const saml_secret_t *secret, const char *label,
                                               const void *data, apr_size_t len, apr_pool_t *p, saml_err_t *err);

/**
 * Seal `data`: base64url of a version octet, a random nonce of 12 octets, the ciphertext and the tag.
 * @param purpose  "state", "relay-state", "cookie": its own key
 * @param bound    further text that must be the same when it is opened (application, cookie name); not in the output
 */
SAML_MUST_CHECK saml_status_t saml_seal(const char **out, const saml_secret_t *secret, const char *purpose,
                                        const char *bound, const void *data, apr_size_t len, apr_pool_t *p,
                                        saml_err_t *err);

/** Open it. @return SAML_OK or SAML_E_STATE_MISSING, one reason for whatever is wrong */
SAML_MUST_CHECK saml_status_t saml_unseal(const char **out, apr_size_t *out_len, const saml_secret_t *secret,
                                          const char *purpose, const char *bound, const char *sealed, apr_pool_t *p,
                                          saml_err_t *err);

#endif
