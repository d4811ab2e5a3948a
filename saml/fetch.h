/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_FETCH_H
#define SAML_FETCH_H

/**
 * @file fetch.h
 * One HTTPS request with limits, by libcurl: metadata, Microsoft Graph, provisioning.
 *
 * Nothing comes from the environment (no proxy, no CA, no .netrc, no cookies), nothing is kept between two calls. Any number of
 * threads may call at once. SIGPIPE must be ignored in the process, as httpd does.
 */

#include "saml.h"

/** What to ask for. Zero what is not needed. */
typedef struct {
    const char *url;                    /* https://; http:// for loopback hosts (localhost, 127.0.0.0/8, [::1]) alone */
    const char *what;                   /* "metadata", for reasons */
    const apr_array_header_t *headers;  /* const char *, "Name: value" without line ends; may be NULL */
    const char *body;                   /* NULL: GET; else POST with these octets and no redirects followed */
    apr_size_t body_len;
    const char *ca_file;                /* PEM certificates to trust in place of the system's; NULL: the system's */
    const char *proxy;                  /* "http://host:port", NULL: none; asked for https:// alone, by CONNECT */
    apr_interval_time_t timeout;        /* of everything together */
    apr_size_t max_bytes;               /* of the answer's body */
    int (*cancelled)(void *baton);      /* asked now and then; nonzero ends the request; may be NULL */
    void *baton;
    saml_status_t failure;              /* the status of every failure: SAML_E_METADATA, SAML_E_OVERAGE, SAML_E_PROVISIONING */
} saml_fetch_t;

/** What came, whatever its HTTP status. */
typedef struct {
    int http_status;                    /* 200, 304, 429 ... */
    const char *body;                   /* NUL after body_len octets */
    apr_size_t body_len;
    const char *content_type;           /* or NULL */
    const char *etag;                   /* or NULL */
    const char *last_modified;          /* or NULL */
    apr_interval_time_t retry_after;    /* Retry-After in seconds or as a date against `Date`; -1: none */
} saml_fetched_t;

/**
 * Ask and wait. Certificates and host names are checked, TLS 1.2 at least. A GET follows at most three redirects to the same scheme,
 * host and port; one that leads elsewhere is a failure.
 * @param out  set on SAML_OK only, lives in `p`; SAML_OK says that an HTTP answer came, of any status
 * @return SAML_OK or what->failure: could not connect, TLS, time, size, redirect; the reason says what was expected and what came
 */
SAML_MUST_CHECK saml_status_t saml_fetch(saml_fetched_t **out, const saml_fetch_t *what, apr_pool_t *p, saml_err_t *err);

/**
 * Whether saml_fetch would ask at `url`: https://, or http:// at a loopback host, without user and password. For start-up; nothing
 * is connected to.
 * @param what  "SAMLProvision", for the reason
 * @return SAML_OK or `failure`
 */
SAML_MUST_CHECK saml_status_t saml_fetch_check_url(const char *url, const char *what, saml_status_t failure, apr_pool_t *p,
                                                   saml_err_t *err);

#endif
