/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_WATCH_H
#define SSO_WATCH_H

/**
 * @file watch.h
 * What runs beside the requests, by mod_watchdog: one process fetches metadata, each takes what was fetched, and one clears what has ended
 * out of the stores (sweep.h).
 */

#include "config.h"

/** Whether mod_watchdog is loaded. */
int sso_watch_is_there(void);

/**
 * Make the folder of the kept copies, where metadata comes from a URL, and have mod_watchdog call us.
 * @return 0 after it was logged why not
 */
int sso_watch_prepare(sso_process_t *process, apr_pool_t *pconf, server_rec *base);

/** In a child, before its threads: take the copies that are there. */
void sso_watch_open(const sso_process_t *process, apr_pool_t *pchild, server_rec *base);

/** Hook, after mod_watchdog's own: what is under way must not hold up the end of a child. */
void sso_watch_child_init(apr_pool_t *pchild, server_rec *base);

#endif
