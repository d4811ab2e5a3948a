/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_STATE_H
#define SSO_STATE_H

/**
 * @file state.h
 * A login in progress: sealed into a cookie of its own, so that the server keeps nothing for visitors it does not know. RelayState
 * carries the random end of the cookie's name and nothing else.
 */

#include "sso.h"

#define SSO_STATE_AGE      apr_time_from_sec(600)
#define SSO_STATE_COOKIE_AGE apr_time_from_sec(3600)  /* of the cookie: who was late comes to where he wanted to go all the same */
#define SSO_STATE_AT_MOST  8            /* cookies of logins in progress in one browser */
#define SSO_STATE_MAX_BYTES 4096        /* of all our cookies: half of what httpd takes as a line (LimitRequestFieldSize) */
#define SSO_STATE_MAX_TARGET_BYTES 2048 /* a longer target keeps its path only, so that the cookie stays under 4 KB */

typedef struct {
    apr_time_t started;
    const char *request_id;     /* of the AuthnRequest */
    const char *acs_url;        /* that was sent */
    int force_authn;            /* it asks for a sign-on of now */
    const char *replaces;       /* the session that the browser had (sso_session_reference), or "" */
    int rounds;                 /* sign-ons that went before this one (rounds.h) */
    apr_time_t rounds_since;    /* the first of them, or this one, began */
    int watched;                /* the browser is to be seen on its way back */
    int framed;                 /* it stands in a frame: all such share one cookie. Not under the seal */
    unsigned step_up;           /* SSO_STEP_UP_ bits: what a Require saml-authn sent the user back for */
    const char *target;         /* where the browser wanted to go: sso_own_target has seen it */
} sso_state_t;

/**
 * Seal `state` into a new cookie of the answer; of those that came, the oldest goes where there would be too many.
 * @param relay_state  set on SAML_OK: what RelayState must be
 * @param again        the sign-on was begun anew for an answer whose login was gone
 */
SAML_MUST_CHECK saml_status_t sso_state_begin(const char **relay_state, request_rec *r, const sso_app_t *app,
                                              const sso_state_t *state, int again,
                                              saml_err_t *err);

/**
 * The login that `relay_state` names, from the cookies of this browser. The cookie is dropped by the answer, whatever comes of it.
 * @return SAML_OK, or SAML_E_STATE_MISSING: no such cookie, not ours, another application's, or too old
 */
SAML_MUST_CHECK saml_status_t sso_state_resume(sso_state_t *out, request_rec *r, const sso_app_t *app,
                                               const char *relay_state, saml_err_t *err);

/**
 * The login that `relay_state` names, though its time is over: for a fresh one to end where it was to, and for nothing else.
 * @return 0 where there is none of this browser's that opens
 */
int sso_state_late(sso_state_t *out, request_rec *r, const sso_app_t *app, const char *relay_state);

/** How many logins that began within `time` and are to end at `target` the browser has brought. */
int sso_state_count(request_rec *r, const sso_app_t *app, const char *target, apr_interval_time_t time);

/** What a login that is missing a second time tells of the browser's cookies. */
typedef enum { SSO_LOST_ONE, SSO_LOST_CROSS_SITE, SSO_LOST_ALL } sso_lost_t;

sso_lost_t sso_state_lost(request_rec *r, const sso_app_t *app, const char *relay_state);

/** Whether a sign-on was begun anew just now, and its answer has come. */
int sso_state_is_retried(request_rec *r, const sso_app_t *app, const char *relay_state);

/** Mark that a sign-on was begun anew for a response whose state was gone. @return 0 where one had been just now */
int sso_state_may_retry(request_rec *r, const sso_app_t *app, const char *relay_state);

/** Forget the mark: a sign-on has gone well. */
void sso_state_retry_done(request_rec *r, const sso_app_t *app);

#endif
