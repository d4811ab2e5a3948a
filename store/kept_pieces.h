/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_KEPT_PIECES_H
#define SSO_KEPT_PIECES_H

/**
 * @file kept_pieces.h
 * A long text sealed piece by piece with AES-256-GCM under a key that is used for it alone: the nonce is the piece's number, and
 * whether it is the last is under its seal, so that pieces can be neither moved, nor left out, nor cut off.
 */

#include "saml/saml.h"

#define SSO_PIECE_BYTES     65536       /* of what is sealed; the last piece may have fewer, or none */
#define SSO_PIECE_TAG_BYTES 16
#define SSO_PIECE_MAX_BYTES (SSO_PIECE_BYTES + SSO_PIECE_TAG_BYTES)
#define SSO_PIECE_KEY_BYTES 32

/** Seal `len` octets, at most SSO_PIECE_BYTES, into `out`, which has room for SSO_PIECE_TAG_BYTES more. @return SAML_OK or SAML_E_STORE */
SAML_MUST_CHECK saml_status_t sso_piece_seal(unsigned char *out, const unsigned char key[SSO_PIECE_KEY_BYTES], apr_uint64_t number,
                                             int is_last, const void *data, apr_size_t len, saml_err_t *err);

/** Open what sso_piece_seal made; `len` is without the tag, which stands behind. @return SAML_OK or SAML_E_STORE */
SAML_MUST_CHECK saml_status_t sso_piece_open(unsigned char *out, const unsigned char key[SSO_PIECE_KEY_BYTES], apr_uint64_t number,
                                             int is_last, const unsigned char *sealed, apr_size_t len, saml_err_t *err);

#endif
