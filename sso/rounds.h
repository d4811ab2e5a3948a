/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_ROUNDS_H
#define SSO_ROUNDS_H

/**
 * @file rounds.h
 * Sign-ons of one browser that follow each other without end, and why. A sealed cookie has how many there were within a minute, and
 * which was the last; the login state carries the count past the identity provider. Tabs that sign on at once do not follow each
 * other. Where that cookie does not come back, either, login states that were used and are still there tell of it; then the browser
 * goes back by a page of ours, which sees whether the session's cookie comes.
 */

#include "sso.h"
#include "state.h"

#define SSO_ROUNDS_AT_MOST 6            /* sign-ons, one after the other, within SSO_ROUNDS_TIME */
#define SSO_ROUNDS_TIME    apr_time_from_sec(60)

/** Whether there may be one more. @return SAML_OK; SAML_E_STATE_MISSING or SAML_E_REQUEST with the cause where they went round */
SAML_MUST_CHECK saml_status_t sso_rounds_check(request_rec *r, const sso_app_t *app, saml_err_t *err);

/** Answer what sso_rounds_check has refused. */
int sso_rounds_refuse(request_rec *r, const sso_app_t *app, const saml_err_t *err);

/** Give the count to the state of a sign-on that begins now, whose other fields are there. */
void sso_rounds_begin(sso_state_t *state, request_rec *r, const sso_app_t *app);

/** Note that the sign-on of `state` has gone well. @return where the browser is to go: its target, by that page of ours if need be */
const char *sso_rounds_signed_on(request_rec *r, const sso_app_t *app, const sso_state_t *state, const char *relay_state);

/**
 * A browser that comes to login?arrived= and has made sign-ons, the last to end at `end`, has no session, or has it only on a page of
 * ours' asking: answer that. `target` is where to try again.
 * @return 0 where it is not so
 */
int sso_rounds_arrived(int *http, request_rec *r, const sso_app_t *app, const sso_session_t *session, const char *end, const char *target);

/**
 * Somebody signed on is refused, and `http` is what the hook returns for that: note it where it is a status, so that an ErrorDocument
 * comes, which may lead to the next sign-on.
 * @param app  may be NULL
 * @return `http`
 */
int sso_rounds_denied(int http, request_rec *r, const sso_app_t *app);

/** Forget the count: somebody has logged out, who may sign on as often as he likes. */
void sso_rounds_forget(request_rec *r, const sso_app_t *app);

/**
 * Where the sign-on led that this very browser has made with the login state of that name, a short while ago: its form came again.
 * @return NULL where it has not
 */
const char *sso_rounds_came_again(request_rec *r, const sso_app_t *app, const char *relay_state);

/**
 * A response's login state is missing, and the sign-on is to begin anew. That is so without end where what sends the browser to sign on
 * does it where our cookies do not come: answer it then.
 * @return 0 where there were not so many
 */
int sso_rounds_lost(int *http, request_rec *r, const sso_app_t *app);

/** Answer a response whose login state is missing a second time, with what is known of why. */
int sso_rounds_refuse_lost(request_rec *r, const sso_app_t *app, const char *relay_state, const saml_err_t *err);

#endif
