/* SPDX-License-Identifier: Apache-2.0 */
/* TLS to Redis by OpenSSL. The hiredis of today's stable distributions has none of its own. */

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "redis_tls.h"
#include "saml/key.h"

static apr_status_t free_ctx(void *ctx)
{
    SSL_CTX_free(ctx);
    return APR_SUCCESS;
}

static saml_status_t bad_file(const char *what, const char *file, saml_err_t *err)
{
    return saml_fail(err, SAML_E_STORE, "session store rediss: expected %s, got %s (%s)", what, saml_quote(err->pool, file),
                     saml_openssl_reason(err->pool));
}

saml_status_t sso_redis_tls_make(SSL_CTX **out, const char *ca, const char *cert, const char *key, apr_pool_t *p,
                                 saml_err_t *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx)
        return saml_fail(err, SAML_E_STORE, "session store rediss: no TLS to be had: %s", saml_openssl_reason(err->pool));
    apr_pool_cleanup_register(p, ctx, free_ctx, apr_pool_cleanup_null);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    if (!SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION))
        return saml_fail(err, SAML_E_STORE, "session store rediss: no TLS 1.2: %s", saml_openssl_reason(err->pool));
    if (ca ? !SSL_CTX_load_verify_locations(ctx, ca, NULL) : !SSL_CTX_set_default_verify_paths(ctx))
        return bad_file("a PEM file of certificates in ca=", ca ? ca : "the system's", err);
    if (cert && SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return bad_file("a PEM file with our certificate in cert=", cert, err);
    if (key && (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1))
        return bad_file("a PEM file with the private key of cert= in key=", key, err);
    *out = ctx;
    return SAML_OK;
}

static int expect_host(SSL *tls, const char *host)
{
    unsigned char room[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, room) == 1 || inet_pton(AF_INET6, host, room) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1;
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(tls, host) == 1 && SSL_set_tlsext_host_name(tls, host) == 1;
}

SSL *sso_redis_tls_new(SSL_CTX *ctx, int fd, const char *host)
{
    SSL *tls = SSL_new(ctx);

    if (tls && SSL_set_fd(tls, fd) == 1 && expect_host(tls, host)) {
        SSL_set_connect_state(tls);
        return tls;
    }
    SSL_free(tls);
    return NULL;
}

const char *sso_redis_tls_reason(const SSL *tls, apr_pool_t *p)
{
    long verdict = SSL_get_verify_result(tls);

    if (verdict == X509_V_OK)
        return saml_openssl_reason(p);
    ERR_clear_error();
    return X509_verify_cert_error_string(verdict);
}
