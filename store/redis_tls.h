/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REDIS_TLS_H
#define SSO_REDIS_TLS_H

/** @file redis_tls.h TLS to a Redis server: whom we believe, and who we are. */

#include <openssl/ssl.h>
#include "saml/saml.h"

/**
 * The settings of all connections of a store. TLS 1.2 or later, the server's certificate is always checked.
 * @param ca    PEM file, or NULL for the system's
 * @param cert  PEM file of our own certificate and chain, with `key`; or both NULL
 */
SAML_MUST_CHECK saml_status_t sso_redis_tls_make(SSL_CTX **out, const char *ca, const char *cert, const char *key,
                                                 apr_pool_t *p, saml_err_t *err);

/** A connection over `fd` that takes a certificate for `host` (name or address) only. @return NULL where memory is out */
SSL *sso_redis_tls_new(SSL_CTX *ctx, int fd, const char *host);

/** What went wrong with `tls`, in one line: the certificate's fault, or OpenSSL's last complaint. */
const char *sso_redis_tls_reason(const SSL *tls, apr_pool_t *p);

#endif
