/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_METADATA_COPY_H
#define SSO_METADATA_COPY_H

/**
 * @file metadata_copy.h
 * Metadata as it is kept on disk: "NAME.xml", the document; "NAME.notes", what is known of its fetching; "NAME.want", there while an
 * early refresh is asked for. The folder belongs to the user that the children run as: they alone open what is in it.
 */

#include <sys/stat.h>

#include "saml/saml.h"

#define SSO_MAX_NOTES_BYTES 16384

/** A file as it was: another one in its place, or another content, has another. */
typedef struct {
    apr_uint64_t device, inode, size;
    apr_int64_t seconds, nanoseconds;
} sso_stamp_t;

/** What is known of fetching one document. Times 0 and texts NULL: never, none. */
typedef struct {
    apr_time_t looked;          /* when the server was last asked */
    const char *url;            /* where the copy came from */
    const char *etag;
    const char *last_modified;
    apr_time_t checked;         /* when the server last sent it or said that it is the same */
    apr_time_t next;            /* not before */
    apr_time_t held;            /* until then the server wants no request, by its Retry-After */
    apr_time_t early;           /* when the last early refresh began */
    int failures;               /* since then in a row */
    const char *trouble;        /* what the last of them was, in one line */
} sso_notes_t;

/** Whether a file is there and what it is now. @return 0: it is not there, or is no regular file */
int sso_copy_stamp(sso_stamp_t *out, const char *folder, const char *name);

/**
 * Read a file of at most `max` octets. Links are not followed, and nothing but a regular file is opened for good.
 * @param out  ends in NUL, lives in `p`
 */
SAML_MUST_CHECK saml_status_t sso_copy_read(const char **out, apr_size_t *len, sso_stamp_t *stamp, const char *folder,
                                            const char *name, apr_size_t max, apr_pool_t *p, saml_err_t *err);

/** Put a file in its place as a whole or not at all, and see that it is on disk. */
SAML_MUST_CHECK saml_status_t sso_copy_write(const char *folder, const char *name, const char *text, apr_size_t len, apr_pool_t *p,
                                             saml_err_t *err);

/** Make an empty file; one that is there may stay. @return 0: it could not be made */
int sso_copy_mark(const char *folder, const char *name);

/** Take such a file away. @return whether it was there */
int sso_copy_unmark(const char *folder, const char *name);

/** The notes as text, and back. Lines that are not known are left out. */
const char *sso_notes_write(const sso_notes_t *notes, apr_pool_t *p);
void sso_notes_read(sso_notes_t *out, const char *text, apr_pool_t *p);

#endif
