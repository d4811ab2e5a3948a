/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_SESSION_RECORD_H
#define SSO_SESSION_RECORD_H

/** @file session_record.h The form of a session record, between what writes it (session.c) and what opens it (session_open.c). */

/*
 * The flat session record, packed: it is what a million times the same takes room for, and opened by each request.
 *
 *     header | one entry for each attribute | texts: those of the header, then names and values of each attribute, in their order
 *
 * Native byte order: the record lives in the memory or on the disk of one machine, or between nodes of one kind; `magic` tells another
 * byte order or version apart. A text stands there with its NUL, and its length in the header or entry; the long URIs that every Entra
 * session repeats stand once in `known`. Nothing points anywhere: each text begins where the one before it ends, so that a record is
 * sound when reading it comes out at its end, which opening it does once.
 *
 * The values of an attribute are one text, joined as variables have them: opening mostly points there. Where all are object IDs, or all
 * long URIs, they are packed and become that text anew. Where a value has a semicolon, which is %3B in the text, the values follow one behind another.
 */

#include "session.h"
#include "store.h"

#define RECORD_MAGIC   0x53534f04u      /* "SSO", version 4 */
#define MAX_OPEN_BYTES (4 * SSO_MAX_RECORD_BYTES)       /* what texts may come to, unpacked */
#define OWN_TEXT       0xffu            /* it stands in the record; as the place of an entry: name and environment name do */
#define NO_TEXT        0xfeu
#define PLACE_SHIFT    24
#define ENV_PREFIX     "SAML_"          /* of all environment names */

/* What the header has texts for, in their order. */
enum {
    TEXT_APP_ID, TEXT_NAME_ID, TEXT_NAME_ID_FORMAT, TEXT_NAME_QUALIFIER, TEXT_SP_NAME_QUALIFIER, TEXT_SESSION_INDEX, TEXT_AUTHN_CONTEXT,
    TEXT_COUNT
};

/* In a text's word: its place in `known`, OWN_TEXT or NO_TEXT; whether it has control characters; its length. */
#define TEXT_CONTROL   0x800000u
#define TEXT_LENGTH    0x7fffffu

typedef struct {
    apr_uint32_t magic;
    apr_uint32_t len;
    apr_int64_t created;
    apr_int64_t seen;
    apr_int64_t expires;
    apr_int64_t idle;
    apr_int64_t authn_instant;
    apr_uint32_t attribute_count;
    apr_uint32_t room;          /* what texts take that are packed */
    apr_uint32_t texts[TEXT_COUNT];
    apr_uint32_t step_up;       /* SSO_STEP_UP_ bits */
} header_t;

/* In an entry: the name's place in `known` or OWN_TEXT, what its values are, how many. */
#define HAS_SEMICOLON  0x800000u        /* one of them */
#define HAS_CONTROL    0x400000u        /* one of them has control characters */
#define IS_GUIDS       0x200000u        /* they are packed: GUID_OCTETS each */
#define IS_KNOWN       0x100000u        /* they are packed: of each its place in `known`, one octet */
#define VALUE_COUNT    0xfffffu         /* each takes an octet, and a record has no more of them */

typedef struct {
    apr_uint32_t what;
    apr_uint32_t len;           /* of the joined text, without its NUL */
} entry_t;

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

#endif
