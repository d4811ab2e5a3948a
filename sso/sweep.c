/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep.h"

#include "keep_posts.h"

#define AT_MOST    128                          /* of one store at once: writers wait no longer than that takes */
#define BUDGET     apr_time_from_msec(50)       /* for one store, each second */
#define POSTS_EVERY apr_time_from_sec(60)
#define SAY_AFTER  apr_time_from_sec(60)        /* a server that is restarted is nothing to tell of here: who asks it for a session does */
#define SAY_AGAIN  apr_time_from_sec(600)

/** How it stands with one store. */
typedef struct {
    apr_time_t fails_since;                     /* 0: it does not */
    apr_time_t said;                            /* when the log was told last; 0: not yet */
} trouble_t;

struct sso_sweep_t {
    const sso_process_t *process;
    trouble_t *troubles;                        /* of each store */
    apr_time_t posts_swept;                     /* when SAMLKeepPosts was seen to last */
};

sso_sweep_t *sso_sweep_make(const sso_process_t *process, apr_pool_t *p)
{
    sso_sweep_t *sweep = apr_palloc(p, sizeof(*sweep));

    sweep->process = process;
    sweep->posts_swept = 0;
    sweep->troubles = apr_pcalloc(p, (apr_size_t)(process->stores->nelts + 1) * sizeof(*sweep->troubles));
    return sweep;
}

/* Every second the same would fill the disk that is perhaps what is full. */
static void say(trouble_t *trouble, sso_store_t *store, apr_time_t now, const saml_err_t *err, server_rec *base)
{
    if (trouble->fails_since == 0)
        trouble->fails_since = now;
    if (now - trouble->fails_since < SAY_AFTER || (trouble->said != 0 && now - trouble->said < SAY_AGAIN))
        return;
    trouble->said = now;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, base, "SAMLSessionStore %s: what has ended cannot be cleared: %s", sso_store_name(store), err->reason);
}

static void sweep_one(sso_store_t *store, trouble_t *trouble, int (*is_ending)(void *), apr_pool_t *ptemp, server_rec *base)
{
    apr_time_t now = apr_time_now(), end = now + BUDGET;
    saml_err_t *err = sso_err_new(ptemp);
    int swept = 0, all = 0;

    do {
        if (sso_store_sweep(store, now, AT_MOST, &swept, err) != SAML_OK) {
            say(trouble, store, now, err, base);
            return;
        }
        all += swept;
    } while (swept == AT_MOST && apr_time_now() < end && !is_ending(NULL));
    *trouble = (trouble_t){ 0 };
    if (all > 0)
        ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, base, "SAMLSessionStore %s: cleared %d that had ended", sso_store_name(store), all);
}

void sso_sweep_step(sso_sweep_t *sweep, int (*is_ending)(void *), apr_pool_t *ptemp, server_rec *base)
{
    for (int i = 0; i < sweep->process->stores->nelts && !is_ending(NULL); i++)
        sweep_one(APR_ARRAY_IDX(sweep->process->stores, i, sso_store_t *), &sweep->troubles[i], is_ending, ptemp, base);
    if (apr_time_now() < sweep->posts_swept + POSTS_EVERY || is_ending(NULL))
        return;
    sweep->posts_swept = apr_time_now();
    sso_keep_posts_sweep(sweep->process, sweep->posts_swept, ptemp, base);
}
