/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_RESPONSE_CHECKS_H
#define FUZZ_RESPONSE_CHECKS_H

/**
 * @file response_checks.h
 * What must be true of a Response and the login that came of it. A second, simpler reader of the message (dsig.h, no
 * saml/xml.h) has to find the login in what the identity provider's keys signed.
 */

#include "fuzz/fuzz.h"
#include "saml/response.h"

/** One input to the end. */
void fuzz_response_try(const uint8_t *data, size_t size);

/** A file of the source folder (SSO_SRCDIR), for messages and keys. */
const char *fuzz_source(const char *name, apr_pool_t *p);

/** Our decryption keys: t/fixtures/sp.key (array of saml_keypair_t *). */
const apr_array_header_t *fuzz_sp_keys(void);

/**
 * What the mutator never leaves in anything that it signs, and no fixture has in what is signed; whoever is called so was forged.
 * The attacks call theirs otherwise, as some of them are genuine but weak.
 */
#define FUZZ_CANARY "eve@example.org"

#endif
