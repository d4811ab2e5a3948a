/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_STORE_H
#define SSO_STORE_H

/**
 * @file store.h
 * What every store must do: sessions under the SHA-256 of their cookie, IDs that are used once, marks, expiry. The stores
 * themselves know no httpd: APR and their own library only.
 *
 * Life of a store: sso_store_configure while directives are read (no side effects); sso_store_prepare in the parent
 * before it serves (makes folder and files, still as root); sso_store_open in each child after fork.
 * Every call that cannot do its duty answers SAML_E_STORE with a reason; nothing found is no error.
 */

#include "saml/saml.h"

#define SSO_KEY_BYTES 32

/** SHA-256 of a cookie value or of a message ID. */
typedef struct {
    unsigned char octets[SSO_KEY_BYTES];
} sso_key_t;

/** What a session can also be found by when it is to end: a digest of what a logout message may name. */
#define SSO_LABEL_BYTES 16

typedef struct {
    unsigned char octets[SSO_LABEL_BYTES];
} sso_label_t;

#define SSO_MAX_USER_LABELS 4   /* names that a session's user may go by (sso_user_label) */
#define SSO_MAX_LABELS (3 + SSO_MAX_USER_LABELS)    /* of one session */

/** What is remembered under a key for a long time: a digest, and until when. */
typedef struct {
    sso_key_t value;
    apr_time_t expires;
} sso_mark_t;

typedef struct sso_store_t sso_store_t;

/** The largest session record any store takes, in bytes. */
#define SSO_MAX_RECORD_BYTES (1024 * 1024)

typedef struct {
    apr_uint64_t sessions;      /* live or not yet swept */
    apr_uint64_t used_ids;
    apr_uint64_t marks;
    apr_uint64_t bytes_used;
    apr_uint64_t bytes_limit;   /* 0: unknown */
} sso_store_stat_t;

/** Who may read the files that a prepare makes: the user the children run as. -1: leave as made. */
typedef struct {
    int uid;
    int gid;
} sso_store_owner_t;

/** A session whose record the browser carries (store "cookie"), as it came under our seal. */
typedef struct {
    sso_key_t key;
    sso_label_t labels[SSO_MAX_LABELS];
    int label_count;
    apr_time_t created;
    const void *record;
    apr_size_t len;
} sso_carried_t;

#define SSO_MAX_INSTEAD 8

/** A session to be kept. */
typedef struct {
    const sso_key_t *key;
    const void *record;
    apr_size_t len;
    apr_time_t expires;
    const sso_label_t *labels;  /* by each of which sso_store_remove_labelled finds it, at most SSO_MAX_LABELS, as long as it is there */
    int label_count;
    const sso_key_t *instead;   /* sessions in whose place it comes, at most SSO_MAX_INSTEAD: where it cannot be kept, they go on */
    int instead_count;
    int instead_stay;           /* lmdb: they count as gone, and another call ends them, when what is counted here has come about elsewhere */
} sso_put_t;

/** A session as sso_store_each comes by it. */
typedef struct {
    sso_key_t key;
    const void *record;
    apr_size_t len;
    apr_time_t forget_at;       /* when the store may forget it */
} sso_stored_t;

/** @return other than SAML_OK to stop with that */
typedef saml_status_t sso_store_each_fn(void *baton, const sso_stored_t *session, saml_err_t *err);

/** How much it matters what a store tells of its own accord. */
typedef enum {
    SSO_STORE_BAD,              /* nobody can sign on */
    SSO_STORE_WARNING,          /* it works, and will not do what one may expect */
    SSO_STORE_NOTE
} sso_store_level_t;

/** Whom to tell; called from any thread. */
typedef struct {
    void (*say)(void *baton, sso_store_level_t level, const char *text);
    void *baton;
} sso_store_news_t;

/** One kind of store. */
typedef struct {
    const char *scheme;         /* "lmdb" */
    /** @param name  the normalised argument; @param arg  what stood behind ":", or NULL */
    saml_status_t (*configure)(void **ctx, const char **name, const char *arg, const char *default_dir, apr_pool_t *p,
                               saml_err_t *err);
    saml_status_t (*check)(void *ctx, saml_err_t *err);
    saml_status_t (*prepare)(void *ctx, const sso_store_owner_t *owner, apr_pool_t *p, saml_err_t *err);
    saml_status_t (*open)(void *ctx, apr_pool_t *p, saml_err_t *err);
    saml_status_t (*get)(void *ctx, const sso_key_t *key, const void **record, apr_size_t *len, apr_pool_t *p,
                         saml_err_t *err);
    /**
     * At the limit, what has ended does not count, swept or not, nor does what stands in put->instead; where there is no room, err->full
     * is set.
     * @param sessions  set on SAML_OK: how many there are now; 0 where that is not known
     */
    saml_status_t (*put)(void *ctx, const sso_put_t *put, apr_uint64_t *sessions, saml_err_t *err);
    saml_status_t (*replace)(void *ctx, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires,
                             int *found, saml_err_t *err);
    saml_status_t (*remove)(void *ctx, const sso_key_t *key, int *found, saml_err_t *err);
    saml_status_t (*remove_labelled)(void *ctx, const sso_label_t *labels, int label_count, int *removed,
                                     saml_err_t *err);
    saml_status_t (*use_once)(void *ctx, const sso_key_t *key, apr_time_t until, apr_time_t now, saml_err_t *err);
    saml_status_t (*mark_get)(void *ctx, const sso_key_t *key, apr_time_t now, sso_mark_t *out, int *found, saml_err_t *err);
    saml_status_t (*mark_put)(void *ctx, const sso_key_t *key, const sso_key_t *value, apr_time_t expires, saml_err_t *err);
    saml_status_t (*sweep)(void *ctx, apr_time_t now, int at_most, int *swept, saml_err_t *err);
    saml_status_t (*stat)(void *ctx, sso_store_stat_t *out, saml_err_t *err);
    /* The rest may be NULL. */
    saml_status_t (*is_ended)(void *ctx, const sso_carried_t *session, apr_time_t now, int *ended, saml_err_t *err);
    void (*lifetime)(void *ctx, apr_interval_time_t longest);
    void (*limit)(void *ctx, apr_uint64_t sessions);
    saml_status_t (*each)(void *ctx, apr_time_t now, const sso_label_t *only, sso_store_each_fn *fn, void *baton, saml_err_t *err);
    const char *(*no_each)(void *ctx, apr_pool_t *p);   /* where `each` is NULL: why */
    saml_status_t (*attach)(void *ctx, apr_pool_t *p, saml_err_t *err);     /* NULL: as open */
    const char *(*caveat)(void *ctx, apr_pool_t *p);
    saml_status_t (*used_since)(void *ctx, apr_time_t *since, saml_err_t *err);     /* NULL: it forgets none */
    void (*tell)(void *ctx, const sso_store_news_t *news);
    int (*is_shared)(void *ctx);        /* NULL: no */
} sso_store_provider_t;

/**
 * Read a `SAMLSessionStore` value: "lmdb", "lmdb:/folder", "redis://host/0 auth=/file", "rediss://...", "socache:shmcb", "cookie", "cookie:" and
 * one of the others.
 * @param default_dir  the runtime folder where a store without a path lives
 * @return SAML_OK, or SAML_E_STORE naming what is expected
 */
SAML_MUST_CHECK saml_status_t sso_store_configure(sso_store_t **out, const char *spec, const char *default_dir,
                                                  apr_pool_t *p, saml_err_t *err);

/** Whether the store could be prepared (folder exists or can be made, writable), without changing anything. */
SAML_MUST_CHECK saml_status_t sso_store_check(sso_store_t *store, saml_err_t *err);
SAML_MUST_CHECK saml_status_t sso_store_prepare(sso_store_t *store, const sso_store_owner_t *owner, apr_pool_t *p,
                                                saml_err_t *err);
SAML_MUST_CHECK saml_status_t sso_store_open(sso_store_t *store, apr_pool_t *p, saml_err_t *err);

/**
 * Open a store beside the server that made it, from another program, where sso_store_prepare is not for us to call: nothing is made that is
 * not there. Where it is in a folder, root gives itself up for the folder's or the files' owner, for good: files that others could have
 * put there are not read as root.
 */
SAML_MUST_CHECK saml_status_t sso_store_attach(sso_store_t *store, apr_pool_t *p, saml_err_t *err);

/** What makes two specs the same store, so that it is opened once per process: scheme and normalised argument. */
const char *sso_store_name(const sso_store_t *store);

/** What the provider's configure made: for a provider's own further calls. */
void *sso_store_context(const sso_store_t *store);

/**
 * Look a record up.
 * @param record  set on SAML_OK: a copy in `p`, or NULL where there is none
 */
SAML_MUST_CHECK saml_status_t sso_store_get(sso_store_t *store, const sso_key_t *key, const void **record,
                                            apr_size_t *len, apr_pool_t *p, saml_err_t *err);

/** Keep a new record until `expires`. SAML_E_STORE with err->full when the store is full: nothing else is dropped for it. */
SAML_MUST_CHECK saml_status_t sso_store_put(sso_store_t *store, const sso_key_t *key, const void *record,
                                            apr_size_t len, apr_time_t expires, saml_err_t *err);

/**
 * As sso_store_put, with labels, and in the place of others: they end when it is there and not before, and need be none that are still
 * there. The record and its labels come and go together, whoever ends it.
 */
SAML_MUST_CHECK saml_status_t sso_store_put_session(sso_store_t *store, const sso_put_t *put, saml_err_t *err);

/** The same, in nobody's place. */
SAML_MUST_CHECK saml_status_t sso_store_put_labelled(sso_store_t *store, const sso_key_t *key, const void *record,
                                                     apr_size_t len, apr_time_t expires, const sso_label_t *labels,
                                                     int label_count, saml_err_t *err);

/** Put a record in the place of one that is still there, which keeps its labels; one that has gone (logout) stays gone: *found = 0. */
SAML_MUST_CHECK saml_status_t sso_store_replace(sso_store_t *store, const sso_key_t *key, const void *record,
                                                apr_size_t len, apr_time_t expires, int *found, saml_err_t *err);

SAML_MUST_CHECK saml_status_t sso_store_remove(sso_store_t *store, const sso_key_t *key, int *found, saml_err_t *err);

/**
 * Remove every record that has any of these labels: all of them or, where it fails, none.
 * @param removed  set on SAML_OK: how many there were
 */
SAML_MUST_CHECK saml_status_t sso_store_remove_labelled(sso_store_t *store, const sso_label_t *labels, int label_count,
                                                        int *removed, saml_err_t *err);

/** SAML_OK the first time before `until`, SAML_E_REPLAY after, SAML_E_STORE when it cannot be told. Atomic over processes. */
SAML_MUST_CHECK saml_status_t sso_store_use_once(sso_store_t *store, const sso_key_t *key, apr_time_t until,
                                                 apr_time_t now, saml_err_t *err);

/**
 * Since when every ID that was used is known to be remembered, asked after an sso_store_use_once in the same thread: where others keep
 * the data (redis), the last of it may have been lost. What could have been used before that, may have been used.
 * @param since  set on SAML_OK; 0: for ever
 */
SAML_MUST_CHECK saml_status_t sso_store_used_since(sso_store_t *store, apr_time_t *since, saml_err_t *err);

/**
 * Look a mark up; one that has expired at `now` is none.
 * @param out  set on SAML_OK where *found
 */
SAML_MUST_CHECK saml_status_t sso_store_mark_get(sso_store_t *store, const sso_key_t *key, apr_time_t now, sso_mark_t *out,
                                                 int *found, saml_err_t *err);

/** Remember `value` under `key` until `expires`, in the place of what was there. SAML_E_STORE when the store is full. */
SAML_MUST_CHECK saml_status_t sso_store_mark_put(sso_store_t *store, const sso_key_t *key, const sso_key_t *value,
                                                 apr_time_t expires, saml_err_t *err);

/** Drop at most `at_most` expired records, IDs and marks. */
SAML_MUST_CHECK saml_status_t sso_store_sweep(sso_store_t *store, apr_time_t now, int at_most, int *swept,
                                              saml_err_t *err);
SAML_MUST_CHECK saml_status_t sso_store_stat(sso_store_t *store, sso_store_stat_t *out, saml_err_t *err);

/**
 * Whether the records travel with the browser: then sso_store_get is not to be asked, put and replace keep no more of a record than
 * that there is one, and sso_store_is_ended says whether one that came may still be used.
 */
int sso_store_is_carried(const sso_store_t *store);

/** Whether a session that the browser carries was ended, by its key or by a label, before its time. SAML_E_STORE: cannot be told. */
SAML_MUST_CHECK saml_status_t sso_store_is_ended(sso_store_t *store, const sso_carried_t *session, apr_time_t now, int *ended,
                                                 saml_err_t *err);

/** Whether records come from a server that others may write into, too: what they say of themselves is then to be looked after. */
int sso_store_is_shared(const sso_store_t *store);

/** Said while directives are read, once for each application: no session of it lasts longer. */
void sso_store_lifetime(sso_store_t *store, apr_interval_time_t longest);

/**
 * Said while directives are read, once for each application: the store takes so many sessions; of those that share it, the largest
 * counts. Where nothing is said there is no limit but the store's own.
 */
void sso_store_limit(sso_store_t *store, apr_uint64_t sessions);

/** What was said; 0: nothing. */
apr_uint64_t sso_store_limit_of(const sso_store_t *store);

/** How many sessions there were at this process's last put; 0: not known. */
apr_uint64_t sso_store_last_count(const sso_store_t *store);

/**
 * Whether it is to be said now that the store is nearly full: asked after each sso_store_put, it answers so for one of all processes
 * and nodes when SSO_HIGH_WATER percent are reached, and again only after they were under SSO_LOW_WATER. Costs nothing in between.
 * @param sessions  set where *now_high: how many there are
 */
SAML_MUST_CHECK saml_status_t sso_store_high_water(sso_store_t *store, apr_time_t now, int *now_high, apr_uint64_t *sessions,
                                                   saml_err_t *err);

#define SSO_HIGH_WATER 90
#define SSO_LOW_WATER  80

/**
 * Call `fn` for every session that is live at `now`; what begins or ends meanwhile may be among them or not, and one may come twice.
 * @param only  of those with this label; NULL: of all
 * @return SAML_OK, what `fn` returned, or SAML_E_STORE: also where this kind of store cannot tell, with the reason
 */
SAML_MUST_CHECK saml_status_t sso_store_each(sso_store_t *store, apr_time_t now, const sso_label_t *only, sso_store_each_fn *fn,
                                             void *baton, saml_err_t *err);

/**
 * The label of a user's sessions in all applications that share a store, by a name that REMOTE_USER has. ASCII letters count alike in
 * upper and lower case, as in the addresses that identity providers spell now so, now so; all other octets as they are.
 */
SAML_MUST_CHECK saml_status_t sso_user_label(sso_label_t *out, const char *user, apr_pool_t *p, saml_err_t *err);

/** For a provider's put: SAML_E_STORE with err->full, and what to do about it. */
SAML_MUST_CHECK saml_status_t sso_store_full(const char *name, apr_uint64_t limit, apr_uint64_t sessions, saml_err_t *err);

/** Said before sso_store_prepare: whom to tell what happens to the store besides what its calls answer. `news` is copied. */
void sso_store_tell(sso_store_t *store, const sso_store_news_t *news);

/** What this kind of store cannot promise, for the log at start-up; NULL: nothing to say. */
const char *sso_store_caveat(sso_store_t *store, apr_pool_t *p);

/** The key of `text`: its SHA-256. */
SAML_MUST_CHECK saml_status_t sso_key_of(sso_key_t *out, const char *text, apr_size_t len, saml_err_t *err);

extern const sso_store_provider_t sso_store_lmdb;
extern const sso_store_provider_t sso_store_cookie;
extern const sso_store_provider_t sso_store_redis;
extern const sso_store_provider_t sso_store_rediss;
extern const sso_store_provider_t sso_store_socache;    /* in httpd only */

/** Those that this program has, NULL at the end; the first is the default (stores.c, and its like of other programs). */
extern const sso_store_provider_t *const sso_store_providers[];

#endif
