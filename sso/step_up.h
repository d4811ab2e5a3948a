/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_STEP_UP_H
#define SSO_STEP_UP_H

/**
 * @file step_up.h
 * Require saml-authn: how the user signed on at the identity provider. Whom nothing but such a line keeps out is sent back once, with
 * ForceAuthn, and then let in, or refused with the reason. That he was sent is in the login state, under its seal, and then in the
 * session that came of it.
 */

#include "sso.h"

/** A line as parsed. */
typedef struct sso_authn_need_t sso_authn_need_t;

/** @param line  what stands behind "saml-authn": "mfa" or "max-age 15m". @return NULL or what is wrong with it */
const char *sso_step_up_parse(const sso_authn_need_t **out, const cmd_parms *cmd, const char *line);

/**
 * Whether `session` satisfies the line. What it lacks is noted in the request; where that is supposed to be there (sso_step_up_t), the
 * answer is yes all the same.
 */
int sso_step_up_is_satisfied(const sso_authn_need_t *need, const sso_session_t *session, request_rec *r);

/**
 * Answer a request whose session lacks what was noted, and that lacks nothing else: a sign-on with ForceAuthn, what else a
 * request without a session gets here (SAMLUnauthenticated), or, where the session came of such a sign-on, the refusal.
 */
int sso_step_up_answer(request_rec *r, const sso_app_t *app);

#endif
