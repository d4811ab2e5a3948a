/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_TRAILERS_H
#define SSO_TRAILERS_H

/**
 * @file trailers.h
 * "MergeTrailers on" lets httpd add what comes behind a body (RFC 9110 6.5) to the request's headers, long after those were cleaned
 * and ours were set. Under our names nothing is added; all else is merged as it was asked for.
 */

#include "sso.h"

/** Once, with the hooks. */
void sso_trailers_register(void);

/** Look after the body of this request, where it can have trailers: in chunks, or over HTTP/2. */
void sso_trailers_watch(request_rec *r);

#endif
