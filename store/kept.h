/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_KEPT_H
#define SSO_KEPT_H

/**
 * @file kept.h
 * Texts that are kept for a few minutes, each in a file of its own, sealed (kept_pieces.h) under a key that is not kept: who keeps one
 * gets name and key, and whoever has both takes it once. Names say when it began, whose it is and how much it counts, so that limits
 * need no more than the list of the folder. Knows no httpd.
 */

#include "kept_pieces.h"

/** Where, and how much of it. */
typedef struct {
    const char *folder;         /* private_dir.h; ours alone */
    apr_uint64_t most;          /* octets of one text */
    apr_uint64_t per_client;    /* of all of one client */
    apr_uint64_t per_network;   /* of all clients near each other */
    apr_uint64_t in_all;
    apr_uint64_t stays_free;    /* octets of its disk, which others want too */
    apr_interval_time_t age;    /* after which it is gone */
} sso_kept_place_t;

#define SSO_KEPT_CLIENT_CHARS 16        /* of a client's tag: hex digits */
#define SSO_KEPT_NETWORK_CHARS 8        /* the first of those: the same for all near each other */
#define SSO_KEPT_UNKNOWN ((apr_uint64_t)-1)
#define SSO_KEPT_LEAST_BYTES 4096       /* that one counts: a file takes as much */
#define SSO_KEPT_FILES_OF_CLIENT 64     /* many may come from one address, and each has what he sent for a minute */
#define SSO_KEPT_FILES_OF_NETWORK 2048  /* and a network has any number of addresses */
#define SSO_KEPT_FILES 4096             /* all of their names are read for each */

/** A text being written or read. Its file is closed with the pool; one that was not finished goes with it. */
typedef struct sso_kept_t sso_kept_t;

/**
 * Begin to keep a text. What is too old is cleared first.
 * @param octets  how many it will be; SSO_KEPT_UNKNOWN counts as it grows
 * @return SAML_OK; SAML_E_TOO_LARGE: over one of the limits; SAML_E_STORE: it cannot be written, or others are at it for too long
 */
SAML_MUST_CHECK saml_status_t sso_kept_begin(sso_kept_t **out, const sso_kept_place_t *place, const char client[SSO_KEPT_CLIENT_CHARS],
                                             apr_uint64_t octets, apr_time_t now, apr_pool_t *p, saml_err_t *err);

/** Add to it. @return SAML_OK; SAML_E_TOO_LARGE: more than it was to be, or over a limit now; SAML_E_STORE */
SAML_MUST_CHECK saml_status_t sso_kept_write(sso_kept_t *kept, const void *data, apr_size_t len, saml_err_t *err);

/** The last of it: from now on it stays when the pool goes. @return SAML_OK or SAML_E_STORE */
SAML_MUST_CHECK saml_status_t sso_kept_finish(sso_kept_t *kept, saml_err_t *err);

/** What opens it. */
const char *sso_kept_name(const sso_kept_t *kept);
const unsigned char *sso_kept_key(const sso_kept_t *kept);

/** Whether there is such a text still. */
int sso_kept_is_there(const sso_kept_place_t *place, const char *name);

/** Take it away unread. */
void sso_kept_drop(const sso_kept_place_t *place, const char *name);

/**
 * Take it: its file is gone from now on, and nobody else can. Read once through before this returns, so that what follows is whole.
 * @return SAML_OK or SAML_E_STORE: there is none of that name any more, or the key does not open it
 */
SAML_MUST_CHECK saml_status_t sso_kept_take(sso_kept_t **out, const sso_kept_place_t *place, const char *name,
                                            const unsigned char key[SSO_PIECE_KEY_BYTES], apr_pool_t *p, saml_err_t *err);

/** How many octets are still to be read. */
apr_uint64_t sso_kept_left(const sso_kept_t *kept);

/** The next of it, up to SSO_PIECE_BYTES in `*data`, which lives until the next call. `*len` is 0 at the end. */
SAML_MUST_CHECK saml_status_t sso_kept_read(const unsigned char **data, apr_size_t *len, sso_kept_t *kept, saml_err_t *err);

/** Clear what is too old. @param cleared how many */
SAML_MUST_CHECK saml_status_t sso_kept_sweep(const sso_kept_place_t *place, apr_time_t now, int *cleared, saml_err_t *err);

#endif
