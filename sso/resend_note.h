/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_RESEND_NOTE_H
#define SSO_RESEND_NOTE_H

/** @file resend_note.h What the browser holds of a request that is kept: a sealed cookie for each. */

#include "sso.h"

#define SSO_RESEND_AGE apr_time_from_sec(1200)  /* the sign-on's ten minutes, and as long to find the button */
#define SSO_RESEND_AT_MOST 3                    /* kept for one browser; the oldest goes */

/** Of one request that is kept; under a seal. */
typedef struct {
    apr_time_t began;
    const char *file;           /* its name in the folder */
    const char *key;            /* SSO_PIECE_KEY_BYTES octets */
    const char *user;           /* sso_last_user, who had the session that there was, or "" */
    apr_uint64_t octets;        /* of the body */
    const char *target_digest;  /* of where it was sent, once it is read */
} sso_resend_note_t;

/** Give the browser a note, and take the oldest away where it would have too many. @param name of the note */
SAML_MUST_CHECK saml_status_t sso_resend_note_write(const char **name, request_rec *r, const sso_app_t *app, const sso_resend_note_t *note,
                                                    const char *target, saml_err_t *err);
/** @return 0: the browser has none of that name that opens */
int sso_resend_note_read(sso_resend_note_t *out, request_rec *r, const sso_app_t *app, const char *name);
/** Take it away. What it is about stays: another node may have that. */
void sso_resend_note_drop(request_rec *r, const sso_app_t *app, const char *name);
/** Whether what it is about was sent to `target`. */
int sso_resend_note_is_for(const sso_resend_note_t *note, const char *target, apr_pool_t *p);
/** Whether `name` has the shape of one. */
int sso_resend_is_name(const char *name);

/** Drop all, with what they are about: somebody signs out, and leaves nothing behind. */
void sso_resend_forget_all(request_rec *r, const sso_app_t *app);

#endif
