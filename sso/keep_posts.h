/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_KEEP_POSTS_H
#define SSO_KEEP_POSTS_H

/** @file keep_posts.h SAMLKeepPosts: as it is written, what it comes to, and its folder. */

#include "config.h"

const char *sso_set_keep_posts(cmd_parms *cmd, void *dir, int argc, char *const argv[]);

/** @return 0 after sso_check_fail */
int sso_resolve_keep_posts(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app);

/** "8m total=64m folder=/run/...", or "off". */
const char *sso_keep_posts_text(const sso_kept_place_t *keep, apr_pool_t *p);

/** Make the folders. @return 0 after it was logged why not */
int sso_keep_posts_prepare(const sso_process_t *process, apr_pool_t *p, server_rec *base);

/** Clear what nobody came back for. */
void sso_keep_posts_sweep(const sso_process_t *process, apr_time_t now, apr_pool_t *ptemp, server_rec *base);

#endif
