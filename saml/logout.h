/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_LOGOUT_H
#define SAML_LOGOUT_H

/**
 * @file logout.h
 * LogoutRequest and LogoutResponse: the ordered checks of those that come in, and how ours are written.
 * SAML Core 3.7; Profiles 4.4; Bindings 3.4, 3.5.
 */

#include "response.h"

/** How old a logout message may be. With the skew it also bounds how long its ID is remembered. */
#define SAML_LOGOUT_LIFETIME apr_time_from_sec(300)

/** How long a logout is kept in mind for assertions of before, at most, whatever the message says. */
#define SAML_LOGOUT_RETAINED apr_time_from_sec(24 * 3600)

#define SAML_MAX_SESSION_INDEXES 64     /* in one LogoutRequest */

/** What the caller expects; all of it is from configuration or from a logout in progress, nothing from the message. */
typedef struct {
    apr_time_t now;
    apr_interval_time_t skew;
    const apr_array_header_t *issuers;      /* const char *, any of these is the IdP; none refuses everything */
    const apr_array_header_t *certs;        /* saml_cert_t *, the IdP's signing certificates */
    const apr_array_header_t *destinations; /* const char *, our logout URLs, byte for byte */
    int without_destination;                /* a signed message may leave its Destination out */
    const char *in_response_to;             /* ID of our LogoutRequest; NULL: it is not known any more */
    const apr_array_header_t *keys;         /* saml_keypair_t *, for EncryptedID; NULL or empty: none */
    unsigned allow;                         /* SAML_ALLOW_ bits */
    const saml_replay_t *replay;            /* must not be NULL */
} saml_logout_expect_t;

/** A message as it came: by HTTP-Redirect the query and nothing else, by HTTP-POST the decoded message. */
typedef struct {
    const char *query;                      /* undecoded, without "?"; NULL: by HTTP-POST */
    const char *xml;
    apr_size_t xml_len;
} saml_logout_message_t;

/** Whose sessions the identity provider wants ended. Lives in the pool given. */
typedef struct {
    saml_name_id_t name_id;
    const apr_array_header_t *session_indexes;  /* const char *; empty: all sessions of that name */
    const char *issuer;
    const char *id;
    apr_time_t issued;
    apr_time_t until;                           /* for so long no assertion from before `issued` may begin what it ended (Core 3.7.3.2) */
    int is_signed;                              /* 0 only with SAML_ALLOW_UNSIGNED_LOGOUT */
} saml_logout_request_t;

/** What the identity provider says to a LogoutRequest of ours: that it did as it was asked. */
typedef struct {
    const char *issuer;
    const char *id;
    const char *in_response_to;
    int is_signed;
    int is_partial;             /* not every other site was reached (PartialLogout) */
} saml_logout_response_t;

/**
 * Check a LogoutRequest and read from what is proven whom it names.
 *
 * It is signed, as a whole: by HTTP-POST with a signature that is a child of its root, by HTTP-Redirect with that of the
 * query and none inside. SAML_ALLOW_UNSIGNED_LOGOUT admits one without any; a signature that is there must still verify, and
 * an EncryptedID is then refused, as whoever may ask without proof could ask what decrypts.
 * @param out  set on SAML_OK only; lives in `p`
 * Side effect: the ID of a signed one is used up in want->replay, as the very last step.
 */
SAML_MUST_CHECK saml_status_t saml_logout_request_check(saml_logout_request_t **out, const saml_logout_message_t *message,
                                                        const saml_logout_expect_t *want, apr_pool_t *p,
                                                        saml_err_t *err);

/**
 * Check a LogoutResponse: envelope, signature as above, InResponseTo, and that its Status is Success.
 * @param out  set on SAML_OK only; lives in `p`
 * @return SAML_E_STATUS, with err->idp, where all is well with the message and it tells of a failure
 */
SAML_MUST_CHECK saml_status_t saml_logout_response_check(saml_logout_response_t **out,
                                                         const saml_logout_message_t *message,
                                                         const saml_logout_expect_t *want, apr_pool_t *p,
                                                         saml_err_t *err);

/** What a LogoutRequest of ours says. */
typedef struct {
    const char *id;                 /* from saml_id_new */
    apr_time_t issue_instant;
    const char *destination;        /* the IdP's logout URL */
    const char *issuer;             /* our entity ID */
    const saml_name_id_t *name_id;
    const char *session_index;      /* or NULL */
} saml_logout_request_new_t;

/** What a LogoutResponse of ours says. */
typedef struct {
    const char *id;
    apr_time_t issue_instant;
    const char *destination;
    const char *issuer;
    const char *in_response_to;
    const char *status;             /* URI of the StatusCode */
    const char *substatus;          /* URI of the one inside, or NULL */
} saml_logout_response_new_t;

/**
 * The messages as XML without declaration and without white space between elements; they live in `p`. Signed by
 * saml_redirect_url or saml_signature_sign.
 */
const char *saml_logout_request_xml(const saml_logout_request_new_t *from, apr_pool_t *p);
const char *saml_logout_response_xml(const saml_logout_response_new_t *from, apr_pool_t *p);

#endif
