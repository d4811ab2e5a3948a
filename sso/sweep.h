/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_SWEEP_H
#define SSO_SWEEP_H

/** @file sweep.h What has ended is cleared out of the stores, a little each second, beside the requests. */

#include "config.h"

typedef struct sso_sweep_t sso_sweep_t;

/** For the stores of `process`, as long as `p`. */
sso_sweep_t *sso_sweep_make(const sso_process_t *process, apr_pool_t *p);

/**
 * A step over each store: until nothing more has ended, or a short time is over. In one process and thread at a time.
 * @param is_ending  asked in between, whether to stop
 */
void sso_sweep_step(sso_sweep_t *sweep, int (*is_ending)(void *), apr_pool_t *ptemp, server_rec *base);

#endif
