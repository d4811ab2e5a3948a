/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_SESSION_H
#define SSO_SESSION_H

/**
 * @file session.h
 * A session as one flat record, packed: no pointers, native byte order with a version. Environment names are made once, at sign-on.
 * Knows no httpd.
 */

#include "saml/response.h"

/* What a sign-on was asked to be, because of a Require saml-authn: bits. */
#define SSO_STEP_UP_MFA 1u
#define SSO_STEP_UP_AGE 2u
#define SSO_STEP_UP_ALL 3u

/** What a record is made from. */
typedef struct {
    const char *app_id;             /* sso_app_t id */
    const saml_login_t *login;
    apr_time_t now;
    apr_interval_time_t lifetime;   /* absolute; the IdP's SessionNotOnOrAfter shortens it */
    apr_interval_time_t idle;
    unsigned step_up;               /* SSO_STEP_UP_ bits */
} sso_session_new_t;

/** One attribute of an open record. */
typedef struct {
    const char *name;               /* full name */
    const char *alias;              /* its short name as a claim, or NULL */
    const char *env_name;           /* "SAML_GROUPS", or "SAML_" and the last part of the name in upper case, [A-Z0-9_] only */
    int value_count;
    int has_control;                /* control characters, in one of the values */
    const char *joined;             /* the values, ";" between them ("%3B" for such a one inside a value) */
    apr_size_t joined_len;
    const char *listed;             /* where the values stand one after another; NULL: ask sso_session_values */
} sso_attribute_t;

/** A record, opened for reading. Strings are NUL-terminated; some point into the record. */
typedef struct {
    const char *record;
    apr_size_t len;
    const char *app_id;
    apr_time_t created;
    apr_time_t seen;                /* idle stamp, in the record */
    apr_time_t expires;             /* absolute end */
    apr_interval_time_t idle;
    apr_time_t authn_instant;
    unsigned step_up;               /* SSO_STEP_UP_ bits: the user was sent back for it, and this session came of that */
    const char *name_id;
    int name_id_has_control;
    const char *name_id_format;     /* or NULL */
    const char *name_qualifier;     /* of the NameID, or NULL */
    const char *sp_name_qualifier;  /* or NULL */
    const char *session_index;      /* or NULL */
    const char *authn_context;      /* or NULL */
    int attribute_count;
    const sso_attribute_t *attributes;
} sso_session_t;

/** Make a record. @return SAML_OK or SAML_E_TOO_LARGE (over SSO_MAX_RECORD_BYTES) */
SAML_MUST_CHECK saml_status_t sso_session_encode(void **record, apr_size_t *len, const sso_session_new_t *from,
                                                 apr_pool_t *p, saml_err_t *err);

/**
 * Open a record, which must stay; what it has packed is unpacked into err->pool. Checked throughout, whatever the octets.
 * @return SAML_OK or SAML_E_STORE (not a record of this version)
 */
SAML_MUST_CHECK saml_status_t sso_session_decode(sso_session_t *out, const void *record, apr_size_t len,
                                                 saml_err_t *err);

/** Whether it says of itself that another version of this code wrote it, or one on a machine with another byte order. */
int sso_session_is_foreign(const void *record, apr_size_t len);

/** The i-th attribute, 0 <= i < attribute_count. */
void sso_session_attribute(sso_attribute_t *out, const sso_session_t *s, int i);

/** The attribute of that full name (or alias, see claims.h). @return 1 found, 0 not */
int sso_session_find(sso_attribute_t *out, const sso_session_t *s, const char *name_or_alias);

/** The values one after another, each ended by NUL: value_count of them, taken apart in `p` where they are not yet. */
const char *sso_session_values(const sso_attribute_t *attribute, apr_pool_t *p);

/** The value after `value` among those. */
const char *sso_session_next_value(const char *value);

typedef enum { SSO_SESSION_LIVE, SSO_SESSION_EXPIRED, SSO_SESSION_IDLE } sso_session_state_t;

/** Where the session stands at `now`. The end itself is past: now >= expires. */
sso_session_state_t sso_session_state(const sso_session_t *s, apr_time_t now);

/** When a store may forget it: the earlier of the absolute end and the idle end. */
apr_time_t sso_session_forget_at(const sso_session_t *s);

/** Whether the idle stamp is older than a tenth of the idle time, so that it is worth a write. */
int sso_session_stamp_is_old(const sso_session_t *s, apr_time_t now);

/** Whether `text` has octets that end a header line or mean something to whoever reads it; UTF-8 above 0x7f has none. */
int sso_has_control(const char *text);

/** A copy of the record with the idle stamp `now`. */
void *sso_session_stamped(const sso_session_t *s, apr_time_t now, apr_pool_t *p);

#endif
