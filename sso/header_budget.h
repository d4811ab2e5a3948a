/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_HEADER_BUDGET_H
#define SSO_HEADER_BUDGET_H

/**
 * @file header_budget.h
 * How much of claims goes into headers: a backend answers 400 to what is too much for it, and nobody would know why. A value over its
 * budget is left out whole, never cut.
 */

#include "sso.h"

/** Of one value, unless SAMLHeader says max=: below the 8190 octets that a line may have in httpd, nginx and others. */
#define SSO_HEADER_VALUE_BYTES 7000
/** Of all headers without max= together, names included: below the 32 kB and less that servers take of all headers. */
#define SSO_HEADERS_BYTES 16384

/** What one request has used. All zero to begin with. */
typedef struct {
    apr_size_t used_bytes;
    const char *left_out;       /* "X-Remote-Groups;X-Roles", or NULL */
} sso_budget_t;

/** Whether a value of `len` octets may go; if not it is noted, and the log says why (once a minute for each name in each process). */
int sso_budget_takes(sso_budget_t *budget, request_rec *r, const sso_header_t *header, apr_size_t len);

/** Note that the header is left out. */
void sso_budget_leave_out(sso_budget_t *budget, request_rec *r, const sso_header_t *header);

#endif
