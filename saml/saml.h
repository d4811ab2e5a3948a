/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_H
#define SAML_H

/**
 * @file saml.h
 * What every part of the library shares: statuses, how a refusal is written down, set-up.
 *
 * The library does not log, does not read the clock and knows no directive: the time, the skew, what
 * is expected, the keys and the replay store come in as arguments. Times are apr_time_t, microseconds
 * since 1970 in UTC; durations are apr_interval_time_t, microseconds; sizes are bytes.
 */

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#define SAML_MUST_CHECK __attribute__((warn_unused_result))

/**
 * One value per way to say no. The names (saml_status_name) are public: they stand in logs, in error
 * pages, in `saml-sso verify --json`, in the manual and in the tests.
 */
typedef enum {
    SAML_OK = 0,
    SAML_E_MALFORMED,           /* not XML, not base64, not the schema's shape */
    SAML_E_TOO_LARGE,           /* over a size, depth or count limit */
    SAML_E_VERSION,
    SAML_E_DESTINATION,
    SAML_E_ISSUER,
    SAML_E_IN_RESPONSE_TO,
    SAML_E_STATUS,              /* the identity provider says it failed */
    SAML_E_UNSIGNED,
    SAML_E_SIGNATURE,
    SAML_E_ALGORITHM,
    SAML_E_ASSERTION_COUNT,
    SAML_E_DECRYPTION,
    SAML_E_CERTIFICATE_EXPIRED,
    SAML_E_CONDITIONS,
    SAML_E_NOT_BEFORE,
    SAML_E_EXPIRED,
    SAML_E_AUDIENCE,
    SAML_E_SUBJECT,
    SAML_E_RECIPIENT,
    SAML_E_CONFIRMATION,
    SAML_E_AUTHN_STATEMENT,
    SAML_E_SESSION_EXPIRED,
    SAML_E_NAME_ID,
    SAML_E_CLAIM,
    SAML_E_REPLAY,
    SAML_E_RELAY_STATE,
    SAML_E_STATE_MISSING,
    SAML_E_UNSOLICITED,
    SAML_E_PROVISIONING,
    SAML_E_STORE,
    SAML_E_METADATA,            /* also: a key or certificate that cannot be used */
    SAML_E_REQUEST,             /* what the caller or the browser sent is not a request we serve */
    SAML_E_OVERAGE,
    SAML_STATUS_COUNT
} saml_status_t;

/** What the identity provider answered instead of an assertion (SAML Core 3.2.2.1). */
typedef struct {
    const char *code;           /* top-level StatusCode URI */
    const char *subcode;        /* innermost nested StatusCode URI, or NULL */
    const char *message;        /* StatusMessage, quoted and bounded, or NULL */
} saml_idp_status_t;

/** The costly steps taken since decryption began, so that those not taken can be made up for (decoy.h). */
typedef struct {
    apr_size_t octets;          /* of ciphertext; 0: nothing was decrypted */
    apr_size_t parsed;          /* octets that the parser read */
    int verifications;          /* signature value against a certificate's key */
    int digests;                /* canonical form and digest of a signed element */
} saml_work_t;

/** Where a refusal is written. The caller sets `pool`; the rest is set by saml_fail. */
typedef struct {
    apr_pool_t *pool;           /* reasons live here */
    saml_status_t status;
    const char *reason;         /* a sentence: what was checked, expected, came; untrusted text is quoted */
    saml_idp_status_t idp;      /* filled for SAML_E_STATUS */
    const char *shown;          /* what a person may read beside the reason's sentence (a backend's message), bounded, not escaped; or NULL */
    int full;                   /* SAML_E_STORE: the store has no room for one more session; what it has is unharmed */
    int known;                  /* SAML_E_STORE: the log was told of it before, not again for each request */
    int in_ciphertext;          /* refused between decryption and proof: nobody outside may learn how far it got */
    saml_work_t work;
} saml_err_t;

/** Return `status` from the calling function unless it is SAML_OK. The only macro that hides control flow. */
#define SAML_TRY(call)                                \
    do {                                              \
        saml_status_t saml_try_status = (call);       \
        if (saml_try_status != SAML_OK)               \
            return saml_try_status;                   \
    } while (0)

/** Limits of one message, whatever binding brought it. */
#define SAML_MAX_MESSAGE_BYTES   (1024 * 1024)  /* decoded XML of a protocol message or metadata document */
#define SAML_MAX_METADATA_BYTES  (64 * 1024 * 1024) /* federation aggregates read from a file */
#define SAML_MAX_DEPTH           64             /* nested elements */
#define SAML_MAX_ATTRIBUTES      256            /* XML attributes and namespace declarations in one start tag */
#define SAML_MAX_NAMESPACES      64             /* namespace declarations in scope at one element */
#define SAML_MAX_NAMESPACE_BYTES 256            /* of one namespace name: the canonical form repeats it */
#define SAML_MIN_BYTES_PER_NODE  16             /* a document holds at most limit/16 elements and attributes */
#define SAML_MAX_LOOKUPS_PER_NODE 2048          /* on average, of a document as large as it may be: see xml_scan.c */
#define SAML_MAX_NAME_ID_BYTES   1024
#define SAML_MAX_REASON_BYTES    160            /* of untrusted text in a reason */

/* Weak things that an administrator may allow one by one (`SAMLAllow`, `--allow`). */
#define SAML_ALLOW_SHA1                 0x01u   /* RSA-SHA1 signatures and SHA-1 digests */
#define SAML_ALLOW_RSA1_5               0x02u   /* RSA 1.5 key transport */
#define SAML_ALLOW_3DES                 0x04u
#define SAML_ALLOW_RSA1024              0x08u   /* RSA keys of 1024 to 2047 bits */
#define SAML_ALLOW_C14N10               0x10u   /* inclusive canonicalisation */
#define SAML_ALLOW_EXPIRED_CERTIFICATE  0x20u
#define SAML_ALLOW_UNSIGNED_LOGOUT      0x40u

/** The SAML_ALLOW_ bit of `name` ("sha1", "rsa1_5", ...), or 0 if there is no such name. */
unsigned saml_allow_bit(const char *name);

/** The name of the one SAML_ALLOW_ bit `bit`, or NULL. */
const char *saml_allow_name(unsigned bit);

/** All names that saml_allow_bit knows, separated by ", ", for messages. */
const char *saml_allow_names(void);

/** The fixed public name of `status`: "recipient" for SAML_E_RECIPIENT, "ok" for SAML_OK. Never NULL. */
const char *saml_status_name(saml_status_t status);

/**
 * Write a refusal down and return its status, so that one expression does both.
 * Untrusted text enters `fmt`'s arguments only through saml_quote.
 */
SAML_MUST_CHECK saml_status_t saml_fail(saml_err_t *err, saml_status_t status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* The static analyser sees one file at a time; this tells it that what comes back is `status`, never SAML_OK. */
#define saml_fail(err, status, ...) ((void)(saml_fail)((err), (status), __VA_ARGS__), (status))
#endif

/**
 * `text` in double quotes, control and non-ASCII octets escaped, cut at SAML_MAX_REASON_BYTES with an
 * ellipsis; the bare word `none` for NULL.
 */
const char *saml_quote(apr_pool_t *p, const char *text);

/** As saml_quote for octets that need not end in NUL. */
const char *saml_quote_bytes(apr_pool_t *p, const char *text, apr_size_t len);

/** The first thing that xmlsec1 complained about in this thread since this was last asked, quoted. Never NULL. */
const char *saml_xmlsec_reason(apr_pool_t *p);

/**
 * Set up libxml2, xmlsec1 and OpenSSL for this process; call once, before threads start. Further calls
 * do nothing. Network and file access of libxml2 and xmlsec1 are switched off for this library's use.
 */
SAML_MUST_CHECK saml_status_t saml_library_init(saml_err_t *err);

/* Namespaces and constants of the specifications. */
#define SAML_NS_PROTOCOL   "urn:oasis:names:tc:SAML:2.0:protocol"
#define SAML_NS_ASSERTION  "urn:oasis:names:tc:SAML:2.0:assertion"
#define SAML_NS_METADATA   "urn:oasis:names:tc:SAML:2.0:metadata"
#define SAML_NS_DSIG       "http://www.w3.org/2000/09/xmldsig#"
#define SAML_NS_XENC       "http://www.w3.org/2001/04/xmlenc#"
#define SAML_NS_XSI        "http://www.w3.org/2001/XMLSchema-instance"

#define SAML_BINDING_POST      "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
#define SAML_BINDING_REDIRECT  "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

#define SAML_STATUS_SUCCESS    "urn:oasis:names:tc:SAML:2.0:status:Success"
#define SAML_STATUS_RESPONDER  "urn:oasis:names:tc:SAML:2.0:status:Responder"
#define SAML_STATUS_PARTIAL_LOGOUT "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
#define SAML_CM_BEARER         "urn:oasis:names:tc:SAML:2.0:cm:bearer"

#define SAML_NAMEID_EMAIL        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
#define SAML_NAMEID_UNSPECIFIED  "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
#define SAML_NAMEID_PERSISTENT   "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define SAML_NAMEID_TRANSIENT    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
#define SAML_NAMEID_ENTITY       "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

#endif
