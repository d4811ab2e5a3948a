/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_METADATA_REFRESH_H
#define SSO_METADATA_REFRESH_H

/** @file metadata_refresh.h When metadata is fetched, and what becomes of what came. Of all processes one does this. */

#include "idp_source.h"

/** What every call needs. */
typedef struct {
    server_rec *s;
    int (*cancelled)(void *baton);  /* this process is to end */
    void *baton;
} sso_refresh_t;

/** Begin to look after `source` in this process: read what is noted of it. */
void sso_refresh_begin(sso_source_t *source, apr_pool_t *ptemp);
void sso_refresh_end(sso_source_t *source);

/** Fetch it if it is time to. */
void sso_refresh_step(sso_source_t *source, const sso_refresh_t *with, apr_pool_t *ptemp);

/* metadata_report.c */
/** Say of `idp`, of which `what` is the name, which certificates end soon, and what else is wrong with it. */
void sso_report_idp(const char *what, const saml_idp_t *idp, int unsigned_requests, unsigned allow, apr_time_t now, apr_pool_t *p,
                    server_rec *s);

/** "certificate ... ends on ..." where it is within 30 days of its end, or past it; else NULL. */
const char *sso_report_certificate(const saml_cert_t *cert, apr_time_t now, apr_pool_t *p);

#endif
