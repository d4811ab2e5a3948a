/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_STEP_UP_QUERY_H
#define SSO_STEP_UP_QUERY_H

/** @file step_up_query.h What a sign-on is to bring that the session lacks (step_up.h), on its way through the query of login. */

#include "sso.h"

/** SSO_STEP_UP_ bits as text: "mfa", "max-age" or both with a comma; "" for none. */
const char *sso_step_up_text(unsigned bits);

/** "&step-up=..." for the query of a login that is to bring what the request's step_up says, "" where that is nothing. */
const char *sso_step_up_query(request_rec *r, const sso_app_t *app);

/**
 * Note in the request what login's query asks for. By a link anybody can have somebody asked to sign on anew; that a Require line has
 * found something lacking, so that the session to come of it is not sent back for that once more, is said by a seal for this session.
 * @param asked  `step-up`, or NULL: such a text; what it says else counts for nothing
 * @param noted  `noted`, or NULL
 */
void sso_step_up_asked(request_rec *r, const sso_app_t *app, const char *asked, const char *noted);

#endif
