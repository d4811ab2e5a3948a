/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_SP_H
#define BENCH_SP_H

/** @file sp.h What the clients say to a service provider on 127.0.0.1, as whole requests. */

#include "http.h"
#include "saml/key.h"

/** A service provider, and how to speak to it. */
typedef struct {
    int port;
    const char *folder;         /* of idp.key and idp.crt */
    const char *login;
    const char *acs;            /* paths */
    const char *audience;
    const saml_keypair_t *key;
} bench_sp_t;

/** The identity provider's key in `folder`. */
saml_keypair_t *bench_idp_key(const char *folder, apr_pool_t *p, saml_err_t *err);

const char *bench_acs_url(const bench_sp_t *sp, apr_pool_t *p);

/** The POST that brings a response. @param relay_state  or NULL */
const char *bench_post(const bench_sp_t *sp, const char *cookies, const char *relay_state, const char *xml, apr_pool_t *p);

/** `n` POSTs of responses that nobody asked for, of users `first` and on. */
void bench_sign_on_posts(bench_request_t *requests, size_t n, const bench_sp_t *sp, const char *with_cookies, int first, apr_pool_t *p,
                         saml_err_t *err);

/** GET of a page with a cookie. */
bench_request_t bench_get(int port, const char *path, const char *cookie, apr_pool_t *p);

/** All octets of a file, with a NUL behind them, to be freed. */
char *bench_read_file(const char *path, size_t *len);

/** Its lines; the array is to be freed, its first line too. */
char **bench_read_lines(const char *path, size_t *n);

#endif
