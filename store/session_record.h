/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_SESSION_RECORD_H
#define SSO_SESSION_RECORD_H

/** @file session_record.h The form of a session record, between what writes it (session.c) and what opens it (session_open.c). */

/*
 * The flat session record, packed: it is what a million times the same takes room for.
 *
 *     header | one entry for each attribute | texts: those of the header, then name and values of each attribute, in their order
 *
 * Native byte order: the record lives in the memory or on the disk of one machine, or between nodes of one kind; `magic` tells another
 * byte order or version apart. A text is its octets and NUL, or begins with one of the marks below: the long URIs that every Entra
 * session repeats stand once in `known`, and an object ID is 16 octets. Nothing points anywhere: each text begins where the one before
 * it ends, so that a record is sound when reading it comes out at its end, which opening it does once.
 *
 * Opened, a session has each value as a string, and values with ";" between them, made once for all that a request asks for.
 */

#include "session.h"
#include "store.h"

#define RECORD_MAGIC   0x53534f02u      /* "SSO", version 2 */
#define MAX_OPEN_BYTES (4 * SSO_MAX_RECORD_BYTES)       /* what texts may come to, unpacked */
#define OWN_NAME       0xffu            /* an entry's name and its environment name stand before its values */
#define NAME_SHIFT     24
#define HAS_SEMICOLON  0x800000u        /* in one of its values */
#define VALUE_COUNT    0x7fffffu        /* more than a record has octets */

/* What a text may begin with; one that would do so of its own accord has MARK_TEXT before it. */
#define MARK_KNOWN     1                /* and its place in `known` */
#define MARK_GUID      2                /* and 16 octets */
#define MARK_TEXT      3                /* and a text as it is */
#define MARK_NONE      4                /* no text at all */

typedef struct {
    apr_uint32_t magic;
    apr_uint32_t len;
    apr_int64_t created;
    apr_int64_t seen;
    apr_int64_t expires;
    apr_int64_t idle;
    apr_int64_t authn_instant;
    apr_uint32_t attribute_count;
    apr_uint32_t room;          /* what texts take that are not in the record as they are */
} header_t;

/* Place of the name in `known`, or OWN_NAME; whether a value has a semicolon; how many values there are. */
typedef apr_uint32_t entry_t;

/** A text that stands in the module and not in records. */
typedef struct {
    const char *text;
    apr_size_t len;
    const char *env_name;       /* the name it has as an attribute, or NULL */
    const char *alias;          /* its short name as a claim, or NULL */
} known_t;

#define KNOWN_COUNT 27

extern const known_t sso_session_known[KNOWN_COUNT];

#define GUID_OCTETS 16
#define GUID_CHARS  36

static inline int is_mark(char c)
{
    return c >= MARK_KNOWN && c <= MARK_NONE;
}

#endif
