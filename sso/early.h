/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_EARLY_H
#define SSO_EARLY_H

/** @file early.h A message under a key that is not known yet: the metadata is fetched before its time, and a sign-on waits for it. */

#include "sso.h"

/**
 * Whether `err` refuses an answer that newer metadata may let in, and there is something to wait for: then ask for the metadata, and
 * send a page that begins the sign-on anew after some seconds, once for each browser.
 * @param relay_state  as it came
 * @param target       where the sign-on was to end, wherever it was begun
 * @param http         set where it returns 1: what the handler returns
 * @return 0: refuse
 */
int sso_early_wait(int *http, request_rec *r, const sso_app_t *app, const saml_err_t *err, const char *relay_state, const char *target);

/** The same of a logout message: the metadata is asked for, and nobody waits, as the message does not come again. */
void sso_early_ask(request_rec *r, const sso_app_t *app, const saml_err_t *err);

#endif
