/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_REQUIRE_H
#define SSO_REQUIRE_H

/** @file require.h What a line Require saml-group or saml-claim says, and whether a session satisfies it. */

#include "sso.h"

/** A line as parsed. */
typedef struct sso_requirement_t sso_requirement_t;

/** @param line  what stands behind "saml-group". @return NULL or what is wrong with it */
const char *sso_require_group(const sso_requirement_t **out, const cmd_parms *cmd, const char *line);

/** The same for "saml-claim". */
const char *sso_require_claim(const sso_requirement_t **out, const cmd_parms *cmd, const char *line);

/** Whether "denied" of the line that is being read can let somebody in. */
int sso_require_may_be_negated(const cmd_parms *cmd);

typedef enum {
    SSO_REQUIRE_DENIED,
    SSO_REQUIRE_GRANTED,
    SSO_REQUIRE_UNKNOWN,        /* the groups were left out; to deny is safe, as nothing negates this line */
    SSO_REQUIRE_UNDECIDABLE,    /* the same where denied could come out as granted */
    SSO_REQUIRE_CONTRADICTED    /* a group came by a name that the map gives to one this line is about; likewise */
} sso_verdict_t;

sso_verdict_t sso_require_decide(const sso_requirement_t *need, const sso_session_t *session, request_rec *r);

#endif
