/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_IDP_SOURCE_H
#define SSO_IDP_SOURCE_H

/**
 * @file idp_source.h
 * Metadata that comes from a URL: what was configured of it, and what this process knows at the moment.
 *
 * One process fetches (metadata_refresh.c) and keeps what it took as a file (metadata_copy.c); every process looks for a changed file
 * each second, and at nothing else (idp_source.c). So a request never waits for the network or the disk.
 */

#include <apr_thread_mutex.h>

#include "metadata_copy.h"
#include "sso.h"

#define SSO_EARLY_EVERY apr_time_from_sec(5 * 60)   /* refreshes that an unknown key may ask for */
#define SSO_EARLY_WAIT  apr_time_from_sec(30)       /* for so long one that was begun may help who comes now */

/** An identity provider as one document told it, with those who use it. */
typedef struct sso_snapshot_t sso_snapshot_t;

/** What a process knows of a source while it serves; all of it under `lock`. */
typedef struct {
    apr_thread_mutex_t *lock;       /* NULL before child_init */
    sso_snapshot_t *snapshot;       /* NULL: none yet */
    sso_stamp_t taken;              /* the file that it was made of */
    sso_stamp_t copy, notes;        /* the files as they were last looked at */
    char trouble[512];              /* what came of the last try to fetch; "" : it went well */
    apr_time_t early;               /* the last early refresh that was asked for or begun, 0: none */
} sso_known_t;

struct sso_source_t {
    /* As configured. */
    const char *url;                /* as fetched; stands in sessions where an entity ID would */
    const char *fallback_url;       /* of the whole tenant, or NULL */
    const char *entity_id;          /* which entity of the document; NULL: there is one */
    const sso_entra_t *entra;       /* or NULL */
    const char *issuer;             /* beside SAMLEntra: what messages bear in place of the document's entityID; or NULL */
    const char *ca_file;
    const char *proxy;
    apr_interval_time_t refresh;
    apr_size_t max_bytes;
    unsigned allow;                 /* SAML_ALLOW_ bits that any application of it has */
    int unsigned_requests;          /* an application of it does not sign its requests */
    const char *folder;             /* of the kept copies */
    const char *file;               /* name of this one's, without an end */
    apr_time_t started;             /* when this generation of httpd did */
    /* While serving. */
    sso_known_t known;
    struct sso_fetching_t *fetching;    /* in the process that fetches alone (metadata_refresh.c) */
};

/**
 * Read and weigh a document: the entity that is meant, with keys and with addresses that browsers may be sent to.
 * @param known  the entity ID of the document before this one, or NULL: it must stay the same
 * @return SAML_OK, or SAML_E_METADATA (also for what is malformed or too large)
 */
SAML_MUST_CHECK saml_status_t sso_source_read(saml_idp_t **out, const sso_source_t *source, const char *text, apr_size_t len,
                                              const char *known, apr_time_t now, apr_pool_t *p, saml_err_t *err);

/** Get ready to serve in this child, and take the copy that is there. */
void sso_source_open(sso_source_t *source, apr_pool_t *pchild, server_rec *s);

/** Look whether there is a new copy, and take it. */
void sso_source_look(sso_source_t *source, apr_pool_t *ptemp, server_rec *s);

/** What is known at the moment, to be let go of by `p`; NULL: nothing. @param trouble  set where it is: why, or "" */
const saml_idp_t *sso_source_hold(sso_source_t *source, const char **trouble, apr_pool_t *p);

/** The file of which the newest snapshot was made. */
void sso_source_stamp(sso_source_t *source, sso_stamp_t *out);

/**
 * An answer bears a key that is not known. Ask for a refresh before its time, unless one was asked for of late.
 * @return whether there is something to wait for: a refresh that is asked for now, under way, or just done
 */
int sso_source_ask_early(sso_source_t *source, apr_time_t now, apr_pool_t *ptemp);

#endif
