/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_TEXTS_H
#define SAML_TEXTS_H

/**
 * @file texts.h
 * Every sentence that somebody at a browser can read, and what `saml-sso explain`, the log and the manual say of a code: data, all of
 * it in texts.c. Plain text, not escaped. To translate is to change that one file.
 */

#include "saml.h"

/** Who can mend what a code of the identity provider tells of. */
typedef enum {
    SAML_MENDS_USER,
    SAML_MENDS_HELPDESK,
    SAML_MENDS_ADMIN,
    SAML_MENDER_COUNT
} saml_mender_t;

/** The button of a page: where it leads is the glue's to say. */
typedef enum {
    SAML_WAY_NONE,
    SAML_WAY_SIGN_IN,           /* a new sign-on, to where the last one was to end */
    SAML_WAY_THERE,             /* the same, from an address where it does not work to the one where it does */
    SAML_WAY_START,             /* where signing in again would end the same way: the site's front page */
    SAML_WAY_SIGN_OUT,
    SAML_WAY_OTHER_USER,        /* sign out, then back to the same place */
    SAML_WAY_COUNT
} saml_way_t;

/** A code of the identity provider. These are no API, their owners change them: they are shown, nothing else hangs on them. */
typedef struct {
    const char *name;           /* "AADSTS50105"; of a SAML status code the last part of its URI: "NoPassive" */
    saml_mender_t mender;
    const char *meaning;        /* whole sentences, like the next */
    const char *fix;
} saml_code_words_t;

/** A refusal of ours. */
typedef struct {
    const char *sentence;       /* for who sits at the browser, like the next two */
    const char *advice;
    saml_way_t way;
    const char *meaning;        /* for administrators, like the next: the manual's table of status names has the same */
    const char *fix;
} saml_refusal_words_t;

/** Who can mend it. */
typedef struct {
    const char *name;           /* "an administrator" */
    const char *leads_in;       /* stands before a fix */
    const char *advice;
    saml_way_t way;
} saml_mender_words_t;

/** What a page says when nothing went wrong, and what all have in common. */
typedef struct {
    const char *lang;           /* BCP 47 */
    const char *signing_in_title, *signing_in, *signing_in_button;
    const char *waiting, *waiting_button;
    const char *signed_in_title, *resending, *resending_button, *seconds_left;
    const char *resend_asks, *resend_to, *resend_size, *resend_bytes, *resend_button;
    const char *not_resent_title, *gone, *other_user;
    const char *not_kept_title, *not_kept, *not_kept_how, *not_kept_button, *reload;
    const char *popup_done, *popup_button, *framed_title, *framed, *framed_again, *framed_button;
    const char *signing_out_title, *signing_out, *signing_out_button;
    const char *signed_out_title, *signed_out_here, *signed_out_there, *signed_out_partly, *signed_out_maybe, *signed_out_short;
    const char *refused_title;
    const char *reason, *reference, *user;      /* terms of the list at the end */
    const char *shown;          /* leads in what the application says of a refusal */
    const char *shown_advice;   /* in place of the refusal's own, as another try would hear the same */
    const char *code_unknown;   /* after an AADSTS code that is not in the table */
    const char *no_page_title, *no_page;
    const char *code_link;      /* to Microsoft's page on a code, which follows */
} saml_page_texts_t;

extern const saml_page_texts_t saml_page_texts;
extern const char *const saml_way_texts[SAML_WAY_COUNT];
extern const saml_mender_words_t saml_mender_words[SAML_MENDER_COUNT];

/** By status; that of SAML_OK is for what has no name. */
extern const saml_refusal_words_t saml_refusal_words[SAML_STATUS_COUNT];

/** A refusal whose words do not hang on the status alone: it has a title of its own. */
typedef struct {
    const char *title;
    saml_refusal_words_t words;
} saml_titled_words_t;

extern const saml_titled_words_t saml_logout_refused;       /* nothing was ended by it */
extern const saml_titled_words_t saml_logout_unconfirmed;   /* the session here had ended before */
extern const saml_titled_words_t saml_store_full;           /* the session store takes no more sign-ons */
extern const saml_titled_words_t saml_mfa_needed;           /* a Require saml-authn is not satisfied by a sign-on made for it, either */
extern const saml_titled_words_t saml_fresh_needed;
extern const saml_titled_words_t saml_wrong_address;        /* the browser is not where SAMLReplyURL says */
/* Sign-ons that would go round: by what was found (rounds.c). The last is of a browser that brings no cookie at all. */
extern const saml_titled_words_t saml_loop_no_cookie;
extern const saml_titled_words_t saml_loop_no_session;
extern const saml_titled_words_t saml_loop_denied;
extern const saml_titled_words_t saml_loop_sent_back;
extern const saml_titled_words_t saml_loop_elsewhere;
extern const saml_titled_words_t saml_no_cookies;
extern const saml_titled_words_t saml_access_denied;        /* signed in, but no Require lets the user in */

/** What the last one is called in the log and on the page, beside the status names. */
#define SAML_ACCESS_DENIED "access-denied"

/** Entra's codes; the names are "AADSTS" and digits. The last has no name. */
extern const saml_code_words_t saml_aadsts_words[];

/** SAML Core 3.2.2.2: the last parts of the status codes' URIs. The last has no name. */
extern const saml_code_words_t saml_status_code_words[];

#endif
