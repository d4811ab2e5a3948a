/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_HEADERS_H
#define SSO_HEADERS_H

/** @file headers.h What the client sent under our names goes; what the session says comes. */

#include "sso.h"

/** Fill in `begins` by what else it says. */
void sso_managed_index(sso_managed_t *managed);

/** Fill in `header_len` and `source` by what else it says. */
void sso_header_settle(sso_header_t *header);

/** Whether a header of that name, under whatever spelling, is for nobody but us to send. */
int sso_header_is_ours(const char *name);

/**
 * Take out of the request every header that some place of this process may set, under any spelling that a gateway folds together
 * (case, and everything but letters and digits read as "_"), and our own cookies; in Connection no name of ours stays.
 * @param seen  set where the header is there
 * @return our cookies, "name=value; ...", or NULL
 */
const char *sso_headers_scrub(request_rec *r, sso_headers_seen_t *seen);

/** Take back what the request that `r` comes from was given for its own place: headers, and SAML_... of the environment. */
void sso_headers_withdraw(request_rec *r);

/** Write the session into request headers and environment as `dir` says. r->user is set already. */
void sso_headers_export(request_rec *r, const sso_dir_t *dir, const sso_session_t *session);

#endif
