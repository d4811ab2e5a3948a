/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_SOCACHE_OBJECT_H
#define SSO_SOCACHE_OBJECT_H

/** @file socache_object.h Objects in one of httpd's own caches: whole or not at all, whatever the provider takes at a time. */

#include <httpd.h>
#include <ap_socache.h>
#include <apr_global_mutex.h>

#include "store/store.h"

#define SSO_SOCACHE_MUTEX "saml-sso"

/* An object's first value: number of the writing, version, number of parts, length, end; what follows is the object. */
#define SSO_SOCACHE_VERSION 1
#define SSO_SOCACHE_NUMBER_BYTES 8 /* of one writing */
#define SSO_SOCACHE_HEAD_BYTES (1 + SSO_SOCACHE_NUMBER_BYTES + 1 + 4 + 8)
#define SSO_SOCACHE_ID_BYTES (SSO_KEY_BYTES + 2)

typedef enum { SSO_SOCACHE_SESSION = 's', SSO_SOCACHE_USED = 'u', SSO_SOCACHE_MARK = 'm', SSO_SOCACHE_LABEL = 'l', SSO_SOCACHE_PROBE = 'p' } sso_socache_kind_t;

/** What is known of a provider. */
typedef struct {
    const char *name;
    apr_size_t part_bytes;      /* most octets of a value */
    int is_remote;              /* what is down reads as not found; other nodes may share it */
    int is_ring;                /* in memory of this httpd; the oldest goes for the newest */
    int outlives_us;            /* its destroy would delete what a restart is to find again */
    const char *caveat;
} sso_socache_known_t;

typedef struct {
    const ap_socache_provider_t *provider;
    ap_socache_instance_t *instance;
    const sso_socache_known_t *known;
    const char *arg;                    /* as configured: "shmcb:/path(size)" */
    const char *rest;                   /* behind the provider's name, or NULL */
    apr_global_mutex_t *mutex;
    apr_interval_time_t longest;        /* that a session lasts */
    sso_store_t *used;                  /* on this server: used IDs, and marks where other nodes need not see them */
    sso_store_t *index;                 /* on this server: which sessions there are; for a ring apart from `used`, else the same */
    const char *index_dir;              /* for a ring */
    apr_uint64_t slots;                 /* for a ring: how many objects of SSO_SOCACHE_SLOT_BYTES it surely holds */
    apr_time_t warned;                  /* of a session that was dropped: when this process last said so */
} sso_socache_t;

/* What a ring is told that objects have on average, and what one takes with its ID. */
#define SSO_SOCACHE_AVERAGE_BYTES 2048
#define SSO_SOCACHE_SLOT_BYTES (SSO_SOCACHE_AVERAGE_BYTES + SSO_SOCACHE_ID_BYTES)

typedef struct {
    unsigned char *octets;
    apr_size_t len;             /* 0: there is none */
    apr_time_t expires;
    int is_there;               /* something is, if only the empty object of what has ended */
    int is_torn;                /* parts of two writings, or one has gone */
} sso_socache_object_t;

/** What a step under the mutex works on; `answer` is what it found out. */
typedef struct {
    const sso_key_t *key;
    sso_socache_kind_t kind;
    const void *record;
    apr_size_t len;
    apr_time_t expires;
    apr_time_t now;
    const sso_label_t *labels;
    int label_count;
    sso_socache_object_t got;
    int answer;
} sso_socache_step_t;

typedef saml_status_t sso_socache_step_fn(sso_socache_t *sc, sso_socache_step_t *step, apr_pool_t *p, saml_err_t *err);

/** Run a step under the mutex. */
SAML_MUST_CHECK saml_status_t sso_socache_locked(sso_socache_t *sc, sso_socache_step_fn *run, sso_socache_step_t *step, apr_pool_t *p,
                                                 saml_err_t *err);

/** Run a step that only reads: without the mutex where the provider is safe by itself, unless something is written just then. */
SAML_MUST_CHECK saml_status_t sso_socache_look(sso_socache_t *sc, sso_socache_step_fn *run, sso_socache_step_t *step, apr_pool_t *p,
                                               saml_err_t *err);

/** A step: read the object of step->key and step->kind into step->got. */
SAML_MUST_CHECK saml_status_t sso_socache_step_read(sso_socache_t *sc, sso_socache_step_t *step, apr_pool_t *p, saml_err_t *err);

/** A step: write step->record. */
SAML_MUST_CHECK saml_status_t sso_socache_step_write(sso_socache_t *sc, sso_socache_step_t *step, apr_pool_t *p, saml_err_t *err);

void sso_socache_number_write(unsigned char *out, apr_uint64_t number, int bytes);
apr_uint64_t sso_socache_number_read(const unsigned char *in, int bytes);

/** Write an object, in parts where the provider takes no more. @return SAML_OK, SAML_E_TOO_LARGE, or SAML_E_STORE */
SAML_MUST_CHECK saml_status_t sso_socache_write(sso_socache_t *sc, const sso_key_t *key, sso_socache_kind_t kind, const void *octets,
                                                apr_size_t len, apr_time_t expires, apr_pool_t *p, saml_err_t *err);

/** Take one out of the cache; whether it was there does not matter. @return SAML_OK, or SAML_E_STORE where the provider says why not */
SAML_MUST_CHECK saml_status_t sso_socache_clear(sso_socache_t *sc, const sso_key_t *key, sso_socache_kind_t kind, apr_pool_t *p,
                                                saml_err_t *err);

/** Read one, in `p`. @return SAML_OK, also where there is none; SAML_E_STORE where that cannot be told */
SAML_MUST_CHECK saml_status_t sso_socache_read(sso_socache_object_t *out, sso_socache_t *sc, const sso_key_t *key,
                                               sso_socache_kind_t kind, apr_pool_t *p, saml_err_t *err);

#endif
