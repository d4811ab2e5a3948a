/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_RESEND_BODY_H
#define SSO_RESEND_BODY_H

/** @file resend_body.h What the parts of resend.h need of each other. */

#include "resend_note.h"

/** Whether who has signed on is who was signed on when it was kept. */
typedef enum {
    SSO_RESEND_USER_SAME,
    SSO_RESEND_USER_UNKNOWN,    /* it cannot be told who was, or whether anybody was: only a person may say go */
    SSO_RESEND_USER_OTHER
} sso_resend_user_t;

sso_resend_user_t sso_resend_compare(const sso_resend_note_t *note, const sso_app_t *app, const sso_session_t *session, apr_pool_t *p);

/** Whether a page of this very site sent `r`. */
int sso_resend_is_from_here(request_rec *r, const sso_app_t *app);

/** Whether the body of `r` is our page's form. Read where its length and type say so, and put back where it is another after all. */
int sso_resend_read_form(const char **name, request_rec *r);

/** The headers of `r` that belong to its body, "Name: value" in lines. */
const char *sso_resend_headers_of(request_rec *r);

/** The page for what cannot be sent again. */
int sso_resend_gone(request_rec *r, const char *target);

#endif
