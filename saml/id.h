/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_ID_H
#define SAML_ID_H

/** @file id.h Identifiers and secrets that nobody can guess, all from OpenSSL's RAND_bytes. */

#include "saml.h"

/** Fill `out` with `len` random octets. @return SAML_OK or SAML_E_STORE when the generator fails */
SAML_MUST_CHECK saml_status_t saml_random_bytes(unsigned char *out, apr_size_t len, saml_err_t *err);

/** A message ID: "_" and 160 random bits as 40 lower-case hex digits (SAML Core 1.3.4; Entra refuses a leading digit). */
SAML_MUST_CHECK saml_status_t saml_id_new(const char **out, apr_pool_t *p, saml_err_t *err);

/** `bytes` random octets as base64url without padding, for cookies and RelayState. */
SAML_MUST_CHECK saml_status_t saml_token_new(const char **out, apr_size_t bytes, apr_pool_t *p, saml_err_t *err);

#endif
