/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_PAGE_H
#define SSO_PAGE_H

/** @file page.h HTML that the browser sees, its escaping and its headers; one sentence for each status name. */

#include "resend.h"
#include "sso.h"

/** One hidden field of a form. A NULL value leaves the field out. */
typedef struct {
    const char *name;
    const char *value;
} sso_field_t;

/**
 * Send a form that posts itself to `action`, with a button where scripts do not run.
 * @param kept  a form of the application's to put into sessionStorage before (resend.h); NULL: none
 * @return what the hook or handler returns
 */
int sso_page_form(request_rec *r, const char *action, const sso_field_t *fields, int field_count,
                  const sso_kept_t *kept);

/** Send a page that puts `kept` into sessionStorage and goes to `url`. */
int sso_page_keep_and_go(request_rec *r, const char *url, const sso_kept_t *kept);

/**
 * Log a refusal and send its page: fixed sentence, status name, reference, and a way on; nothing of the message.
 * @param app  for the way on; may be NULL
 */
int sso_page_refused(request_rec *r, const sso_app_t *app, const saml_err_t *err);

/** The same where `err` refuses the answer to a logout begun in this browser: the session here has ended all the same. */
int sso_page_unconfirmed(request_rec *r, const saml_err_t *err);

/** The page after a local logout. */
int sso_page_logged_out(request_rec *r, const char *continue_to);

/** A document of ours: HTML in a frame of ours, with strict headers. `body` is escaped already. */
int sso_page_send(request_rec *r, int http_status, const char *title, const char *body, const char *script);

/** A few words of plain text with no-store, for an answer that nobody sees. */
int sso_page_text(request_rec *r, int http_status, const char *text);

/** JSON with no-store. */
int sso_page_json(request_rec *r, int http_status, const char *json);

/** A redirect that is not kept: 302 or 303. */
int sso_page_redirect(request_rec *r, int http_status, const char *location);

/** The HTTP status with which a refusal of that kind is answered. */
int sso_refusal_http_status(saml_status_t status);

#endif
