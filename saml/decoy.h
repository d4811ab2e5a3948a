/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_DECOY_H
#define SAML_DECOY_H

/**
 * @file decoy.h
 * What a message would still have cost, had it been refused at the last step between decryption and proof.
 *
 * Who can send changed ciphertexts and learn how far each one came (padding, tag, XML, the element promised, a Signature, its
 * value, its digest) reads the plain text bit by bit (Jager, Somorovsky 2011; Bleichenbacher 1998). The answers are the same;
 * so that their times are of one class, the steps that such a message did not reach are taken for a made up Assertion.
 */

#include "signature.h"

/**
 * Take the steps that err->work lacks: after it, every refused ciphertext was parsed, verified with each certificate of
 * `trust`, canonicalised and digested once. Does nothing where no ciphertext was decrypted. Leaves the refusal in `err` alone.
 */
void saml_decoy_make_up(const saml_trust_t *trust, saml_err_t *err);

#endif
