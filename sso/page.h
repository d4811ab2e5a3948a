/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_PAGE_H
#define SSO_PAGE_H

/** @file page.h HTML that the browser sees, its escaping and its headers; the words are in saml/texts.h. */

#include "saml/texts.h"
#include "sso.h"

/** Make ready what pages have in common; in `p`, which must live as long as pages are sent. Called before threads start. */
void sso_page_prepare(apr_pool_t *p);

/** One hidden field of a form. A NULL value leaves the field out. */
typedef struct {
    const char *name;
    const char *value;
} sso_field_t;

/**
 * Send a form that posts itself to `action`, with a button where scripts do not run.
 * @param attributes  more of them for the form, escaped (address.h, fragment.h)
 * @return what the hook or handler returns
 */
int sso_page_form(request_rec *r, const char *action, const sso_field_t *fields, int field_count, const char *attributes);

/** Send a page that goes to `url`, without a script too. @param attributes  more of them for its link, escaped (fragment.h) */
int sso_page_go(request_rec *r, const char *url, const char *attributes);

/** The same for a logout message; without words of signing in, and a frame of the identity provider's may show it. */
int sso_page_logout_form(request_rec *r, const char *action, const sso_field_t *fields, int field_count);

/** What is known of the session at the identity provider. */
typedef enum {
    SSO_OUT_HERE,               /* nothing: it was not asked, or the answer is not known to be ours */
    SSO_OUT_THERE,              /* it has said that its session ended, too */
    SSO_OUT_PARTLY              /* and that not all sites were reached */
} sso_signed_out_t;

/** The page after a logout. */
int sso_page_logged_out(request_rec *r, sso_signed_out_t there);

/** A document of ours: HTML in a frame of ours, with strict headers. `title` is text, `body` is escaped already. */
int sso_page_send(request_rec *r, int http_status, const char *title, const char *body, const char *script);

/** Parts of a body, escaped here: "" where `text`, or `url`, is NULL. */
const char *sso_page_paragraph(apr_pool_t *p, const char *text);
const char *sso_page_button(apr_pool_t *p, const char *text, const char *url);

/** The answer to `r` is not to be kept, whoever writes it. */
void sso_page_uncached(request_rec *r);

/** A few words of plain text with no-store, for an answer that nobody sees. */
int sso_page_text(request_rec *r, int http_status, const char *text);

/** JSON with no-store. */
int sso_page_json(request_rec *r, int http_status, const char *json);

/** A redirect that is not kept: 302 or 303. */
int sso_page_redirect(request_rec *r, int http_status, const char *location);

/* refusal.c: saying no to somebody at a browser */
/**
 * Log a refusal and answer it: by the administrator's ErrorDocument for its HTTP status, with what it has to say in SAML_ERROR_...
 * variables, or by a page of our own: a sentence, what to do, a way on, the status name and the reference of the line in the log; of the
 * message that was refused nothing but a code.
 * @param app  for the way on; may be NULL
 * @return what the hook or handler returns
 */
int sso_page_refused(request_rec *r, const sso_app_t *app, const saml_err_t *err);

/** The same in words that do not hang on the status alone. */
int sso_page_titled(request_rec *r, const sso_app_t *app, const saml_titled_words_t *words, const saml_err_t *err);

/** The same for what must end here: an ErrorDocument at another address, which would lead on, is passed over. */
int sso_page_stopped(request_rec *r, const sso_app_t *app, const saml_titled_words_t *words, const saml_err_t *err);

/** The same where `err` refuses the answer to a logout begun in this browser: the session here has ended all the same. */
int sso_page_unconfirmed(request_rec *r, const saml_err_t *err);

/** The same for somebody signed on whom no Require lets in. */
int sso_page_access_denied(request_rec *r, const sso_app_t *app);

/**
 * Where `r` is the ErrorDocument of a refusal of ours, and its place refuses too or would send the browser round: the page of that
 * refusal after all.
 * @return DECLINED where `r` is nothing of the kind
 */
int sso_page_refused_before(request_rec *r);

/** The HTTP status with which a refusal of that kind is answered. */
int sso_refusal_http_status(saml_status_t status);

#endif
