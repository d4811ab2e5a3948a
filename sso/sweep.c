/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep.h"

#include "sso.h"

#define AT_MOST    128                          /* of one store at once: writers wait no longer than that takes */
#define BUDGET     apr_time_from_msec(50)       /* for one store, each second */
#define SAY_AGAIN  apr_time_from_sec(600)

struct sso_sweep_t {
    const sso_process_t *process;
    apr_time_t *said;                           /* of each store, when the log was told last that it cannot be cleared; 0: it can */
};

sso_sweep_t *sso_sweep_make(const sso_process_t *process, apr_pool_t *p)
{
    sso_sweep_t *sweep = apr_palloc(p, sizeof(*sweep));

    sweep->process = process;
    sweep->said = apr_pcalloc(p, (apr_size_t)(process->stores->nelts + 1) * sizeof(*sweep->said));
    return sweep;
}

/* Every second the same would fill the disk that is perhaps what is full. */
static void say(apr_time_t *said, sso_store_t *store, apr_time_t now, const saml_err_t *err, server_rec *base)
{
    if (*said != 0 && now - *said < SAY_AGAIN && now >= *said)
        return;
    *said = now;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, base, "SAMLSessionStore %s: what has ended cannot be cleared: %s", sso_store_name(store), err->reason);
}

static void sweep_one(sso_store_t *store, apr_time_t *said, int (*is_ending)(void *), apr_pool_t *ptemp, server_rec *base)
{
    apr_time_t now = apr_time_now(), end = now + BUDGET;
    saml_err_t *err = sso_err_new(ptemp);
    int swept = 0, all = 0;

    do {
        if (sso_store_sweep(store, now, AT_MOST, &swept, err) != SAML_OK) {
            say(said, store, now, err, base);
            return;
        }
        all += swept;
    } while (swept == AT_MOST && apr_time_now() < end && !is_ending(NULL));
    *said = 0;
    if (all > 0)
        ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, base, "SAMLSessionStore %s: cleared %d that had ended", sso_store_name(store), all);
}

void sso_sweep_step(sso_sweep_t *sweep, int (*is_ending)(void *), apr_pool_t *ptemp, server_rec *base)
{
    for (int i = 0; i < sweep->process->stores->nelts && !is_ending(NULL); i++)
        sweep_one(APR_ARRAY_IDX(sweep->process->stores, i, sso_store_t *), &sweep->said[i], is_ending, ptemp, base);
}
