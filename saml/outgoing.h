/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_OUTGOING_H
#define SAML_OUTGOING_H

/** @file outgoing.h Several HTTPS requests within one span of time, those repeated that the other side asks to repeat later. */

#include "fetch.h"

/** How the outside is reached, and for how long. The library reads no clock: it is told. */
typedef struct {
    saml_status_t (*fetch)(saml_fetched_t **out, const saml_fetch_t *what, apr_pool_t *p, saml_err_t *err); /* saml_fetch */
    apr_interval_time_t (*left)(void *baton);                   /* of the time that everything together may take */
    void (*wait)(void *baton, apr_interval_time_t interval);    /* sleep */
    int (*cancelled)(void *baton);                              /* as in saml_fetch_t; may be NULL */
    void *baton;
    const char *ca_file;        /* or NULL */
    const char *proxy;          /* or NULL */
} saml_outgoing_t;

/**
 * saml_fetch within the time left. 429, 503 and 504 are asked again after what Retry-After says, or a second without it, as long as
 * that leaves time for an answer; else they are a failure.
 * @param what  timeout, ca_file, proxy and cancelled are filled in here
 * @return SAML_OK with an answer of any other status, or what->failure
 */
SAML_MUST_CHECK saml_status_t saml_outgoing_ask(saml_fetched_t **out, const saml_outgoing_t *by, const saml_fetch_t *what,
                                                apr_pool_t *p, saml_err_t *err);

#endif
