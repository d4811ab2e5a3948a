/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_LMDB_ENV_H
#define SSO_LMDB_ENV_H

/** @file lmdb_env.h The LMDB environment of the lmdb store: opening and checking it, read transactions that are kept. */

#include <lmdb.h>
#include <pthread.h>
#include "store.h"

/*
 * What the map has beyond its limit. Pages are copied before they are changed, so that even a removal needs some: without
 * this, a full store could never be swept.
 */
#define SSO_LMDB_SPARE_BYTES(limit) ((limit) / 16 + ((apr_size_t)1 << 20))

/* Keys of the databases of sessions, of used IDs and of marks. */
#define SSO_LMDB_SHORT_KEY_BYTES 8

/* What stands before the octets of a session, of a used ID and of a mark: when it ends (big-endian), the key, a seal (lmdb_seal.h). */
#define SSO_LMDB_EXPIRY_BYTES 8
#define SSO_LMDB_SEALED_BYTES (SSO_LMDB_EXPIRY_BYTES + SSO_KEY_BYTES)
#define SSO_LMDB_HEAD_BYTES   (SSO_LMDB_SEALED_BYTES + 8)

/* Besides LMDB's codes: what is there has another key that begins alike. */
#define SSO_LMDB_OTHER_KEY (-2)

/* Besides them: one session more would be more than may be. */
#define SSO_LMDB_AT_LIMIT (-3)

/* Kinds in the order of endings. */
#define SSO_LMDB_SESSION 1
#define SSO_LMDB_USED    2
#define SSO_LMDB_MARK    3

/* What opening it found; between processes, as the code that one ends with. */
#define SSO_LMDB_FINE    0
#define SSO_LMDB_REFUSED 1
#define SSO_LMDB_DAMAGED 3      /* to be begun anew */
#define SSO_LMDB_EARLIER 4      /* the same */

#define SSO_LMDB_KEPT_TXNS 64   /* a look-up takes about a microsecond: few are ever under way at once */

/* On a cache line of its own, so that threads do not disturb each other. */
typedef struct {
    MDB_txn *txn;
    char pad[64 - sizeof(MDB_txn *)];
} sso_lmdb_kept_t;

typedef struct {
    const char *path;
    apr_size_t limit_bytes;     /* what new records may fill */
    apr_uint64_t limit_sessions;    /* 0: as many as there is room for */
    apr_time_t used_since;      /* when used IDs began to be remembered; known when it has been opened */
    apr_time_t opened_at;       /* by a clock that nobody sets */
    int is_anew;                /* the file is made in the place of one that was moved aside */
    int found;                  /* by opening it: SSO_LMDB_FINE or what else is below */
    sso_store_news_t news;      /* say is NULL where nobody is to be told */
    MDB_env *env;               /* NULL until opened */
    pid_t pid;                  /* of the process that opened it */
    pthread_mutex_t writing;    /* among the threads of this process, see sso_lmdb_begin_write */
    MDB_dbi sessions;
    MDB_dbi used;
    MDB_dbi marks;
    MDB_dbi expiry;
    MDB_dbi labels;             /* lmdb_labels.h */
    MDB_dbi labelled;
    sso_lmdb_kept_t kept[SSO_LMDB_KEPT_TXNS];     /* read transactions, reset; NULL where taken or not yet made */
} sso_lmdb_t;

/** When that ends which begins with `head`. */
apr_time_t sso_lmdb_read_expiry(const unsigned char *head);

/** The files in the folder, for sso_private_dir_make. */
extern const char *const sso_lmdb_files[];

/** Open it and make its databases where they are not yet. @return SAML_OK, or SAML_E_STORE and db->found set */
SAML_MUST_CHECK saml_status_t sso_lmdb_open_env(sso_lmdb_t *db, MDB_env **out, saml_err_t *err);

/** Whether LMDB's code `rc` says that the file is not as it was written. */
int sso_lmdb_is_damage(int rc);

/** Open it in this process, until `p` goes; once, further calls do nothing. @return SAML_OK or SAML_E_STORE */
SAML_MUST_CHECK saml_status_t sso_lmdb_open(sso_lmdb_t *db, apr_pool_t *p, saml_err_t *err);

/** Since when used IDs are remembered, by the time of day as it is now. It has been opened. */
apr_time_t sso_lmdb_used_since(const sso_lmdb_t *db);

/** @return SAML_OK, or SAML_E_STORE where it is not open in this process */
SAML_MUST_CHECK saml_status_t sso_lmdb_check_open(const sso_lmdb_t *db, saml_err_t *err);

/** Whether the file that is open is still the one that stands in the folder. @return SAML_OK or SAML_E_STORE */
SAML_MUST_CHECK saml_status_t sso_lmdb_check_place(const sso_lmdb_t *db, saml_err_t *err);

/** Begin a read transaction, lock-free where one is kept. Whoever gets one ends it with sso_lmdb_end_read. @return 0 or LMDB's code */
SAML_MUST_CHECK int sso_lmdb_begin_read(sso_lmdb_t *db, MDB_txn **out);
void sso_lmdb_end_read(sso_lmdb_t *db, MDB_txn *txn);

/**
 * Begin a write transaction, alone among all threads and processes. Whoever gets one ends it with sso_lmdb_end_write.
 *
 * LMDB's own lock is a robust mutex in shared memory, and not fair: a process that writes without pause starves the
 * others, and one that is killed just when the mutex has woken it takes the waking with it. So nobody waits there. The
 * queue is at a mutex of this process, then at two locks of the kernel's, which it gives on whoever dies: who has the
 * first waits for the second alone, so that who had it last has to queue again.
 * @return 0, or LMDB's code
 */
SAML_MUST_CHECK int sso_lmdb_begin_write(sso_lmdb_t *db, MDB_env *env, MDB_txn **out);

/** End it: commit where `rc` is 0, else give it up. @return `rc`, or the code of the commit */
SAML_MUST_CHECK int sso_lmdb_end_write(sso_lmdb_t *db, MDB_env *env, MDB_txn *txn, int rc);

/** LMDB's code `rc` as SAML_E_STORE and a sentence. @param doing  "keeping a session" */
SAML_MUST_CHECK saml_status_t sso_lmdb_fail(const sso_lmdb_t *db, int rc, const char *doing, saml_err_t *err);

#endif
