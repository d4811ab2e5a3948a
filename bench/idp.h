/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_IDP_H
#define BENCH_IDP_H

/** @file idp.h The identity provider of the measurements. */

#include "saml/key.h"

typedef struct {
    const char *request_id;     /* NULL: nobody asked */
    const char *acs_url;
    const char *audience;
    int user;                   /* ada0@example.org, ada1@example.org ... */
    apr_time_t now;
} bench_answer_to_t;

/** A Response with a signed assertion: the claims that Entra sends by default, and five groups. */
const char *bench_response(const bench_answer_to_t *to, const saml_keypair_t *key, apr_pool_t *p, saml_err_t *err);

/** Goes on where `status` is SAML_OK, or says why not and ends. */
void bench_must(saml_status_t status, const saml_err_t *err);

#endif
