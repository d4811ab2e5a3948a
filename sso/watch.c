/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <stdatomic.h>

#include <ap_mpm.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <mod_watchdog.h>

#include "metadata_refresh.h"
#include "store/private_dir.h"
#include "sweep.h"

#define FETCHER "_saml_sso_fetch_"      /* one in all processes */
#define LOOKER  "_saml_sso_look_"       /* one in each */
#define SWEEPER "_saml_sso_sweep_"      /* one in all processes, and not that which fetches: that may have to wait for others */
#define EVERY   AP_WD_TM_INTERVAL
#define DAILY   apr_time_from_sec(24 * 3600)
#define LAST_WAIT apr_time_from_sec(10) /* for a callback to see that its process ends */
#define NAP     apr_time_from_msec(5)

/** What the callbacks work on; made for each generation of httpd. */
typedef struct {
    const sso_process_t *process;
    server_rec *base;
    apr_time_t reported;                /* in the process that fetches, by it alone */
    sso_sweep_t *sweep;
} watch_t;

/* Whether this process is to end, and how many callbacks run in it: other threads look. */
static atomic_int ending, busy;

int sso_watch_is_there(void)
{
    return APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance) != NULL
           && APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback) != NULL;
}

static sso_source_t *source_at(const sso_process_t *process, int i)
{
    return APR_ARRAY_IDX(process->sources, i, sso_source_t *);
}

static int is_ending(void *baton)
{
    int state = AP_MPMQ_RUNNING;

    (void)baton;
    return atomic_load(&ending) || (ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING);
}

/* ---- certificates, once a day ------------------------------------------------------------------------------ */

static void report_source(sso_source_t *source, apr_time_t now, apr_pool_t *ptemp, server_rec *s)
{
    const saml_idp_t *idp = sso_source_hold(source, NULL, ptemp);

    if (idp)
        sso_report_idp(source->url, idp, source->unsigned_requests, source->allow, now, ptemp, s);
}

/* What was read from files has been reported at the start. */
static void report_app(const sso_app_t *app, apr_time_t now, apr_pool_t *ptemp, server_rec *s)
{
    const char *what = apr_psprintf(ptemp, "application \"%s\" of %s", app->name, app->server->server_hostname);

    if (app->idp)
        sso_report_idp(what, app->idp, 0, app->allow, now, ptemp, s);
}

static void report(watch_t *watch, apr_pool_t *ptemp)
{
    const sso_process_t *process = watch->process;
    apr_time_t now = apr_time_now();
    int first = watch->reported == 0;

    if (!first && now - watch->reported < DAILY && now >= watch->reported)
        return;
    watch->reported = now;
    for (int i = 0; i < process->sources->nelts; i++)
        report_source(source_at(process, i), now, ptemp, watch->base);
    for (int i = 0; !first && i < process->apps->nelts; i++)
        report_app(APR_ARRAY_IDX(process->apps, i, const sso_app_t *), now, ptemp, watch->base);
}

/* ---- called by mod_watchdog -------------------------------------------------------------------------------- */

static void fetch(watch_t *watch, apr_pool_t *ptemp)
{
    sso_refresh_t with = { watch->base, is_ending, NULL };

    for (int i = 0; i < watch->process->sources->nelts && !is_ending(NULL); i++)
        sso_refresh_step(source_at(watch->process, i), &with, ptemp);
}

static void run_fetcher(int state, watch_t *watch, apr_pool_t *ptemp)
{
    if (state == AP_WATCHDOG_STATE_STARTING) {
        for (int i = 0; i < watch->process->sources->nelts; i++)
            sso_refresh_begin(source_at(watch->process, i), ptemp);
        watch->reported = 0;
    }
    report(watch, ptemp);
    fetch(watch, ptemp);
}

static void run_looker(const watch_t *watch, apr_pool_t *ptemp)
{
    for (int i = 0; i < watch->process->sources->nelts; i++)
        sso_source_look(source_at(watch->process, i), ptemp, watch->base);
}

/* mod_watchdog may tell of the end from another thread while a callback runs, and does not always wait for that one: see
 * begin_to_end, which does. */
static int may_run(int state)
{
    if (state == AP_WATCHDOG_STATE_STOPPING)
        return 0;
    atomic_fetch_add(&busy, 1);
    if (!atomic_load(&ending))
        return 1;
    atomic_fetch_sub(&busy, 1);
    return 0;
}

static apr_status_t on_fetcher(int state, void *data, apr_pool_t *ptemp)
{
    if (may_run(state)) {
        run_fetcher(state, data, ptemp);
        atomic_fetch_sub(&busy, 1);
    }
    return APR_SUCCESS;
}

static apr_status_t on_looker(int state, void *data, apr_pool_t *ptemp)
{
    if (may_run(state)) {
        run_looker(data, ptemp);
        atomic_fetch_sub(&busy, 1);
    }
    return APR_SUCCESS;
}

/* Certificates of files are looked at by the fetcher where there is one, as are those that it fetches. */
static apr_status_t on_sweeper(int state, void *data, apr_pool_t *ptemp)
{
    watch_t *watch = data;

    if (may_run(state)) {
        if (watch->process->sources->nelts == 0)
            report(watch, ptemp);
        sso_sweep_step(watch->sweep, is_ending, ptemp, watch->base);
        atomic_fetch_sub(&busy, 1);
    }
    return APR_SUCCESS;
}

static apr_status_t register_one(const char *name, int singleton, ap_watchdog_callback_fn_t *callback, watch_t *watch, apr_pool_t *pconf)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;
    apr_status_t rv = get && add ? get(&watchdog, name, 0, singleton, pconf) : APR_ENOTIMPL;

    return rv == APR_SUCCESS ? add(watchdog, EVERY, watch, callback) : rv;
}

/* ---- start ------------------------------------------------------------------------------------------------- */

static int make_folder(const sso_process_t *process, apr_pool_t *p, server_rec *base)
{
    sso_store_owner_t owner = sso_child_owner();
    saml_err_t *err = sso_err_new(p);

    if (sso_private_dir_give(source_at(process, 0)->folder, &owner, err) == SAML_OK)
        return 1;
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, base, "copies of metadata cannot be kept: %s", err->reason);
    return 0;
}

/* Where it is not, sign-ons do what the sweeper would. */
static void prepare_sweeper(watch_t *watch, apr_pool_t *pconf)
{
    apr_status_t rv;

    if (!sso_watch_is_there()) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, watch->base, "mod_watchdog is not loaded: what has ended is cleared from the session store when "
                     "somebody signs on, and not beside the requests");
        return;
    }
    watch->sweep = sso_sweep_make(watch->process, pconf);
    rv = register_one(SWEEPER, 1, on_sweeper, watch, pconf);
    if (rv != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, watch->base, "mod_watchdog does not take our callback, so what has ended stays in the session store");
}

int sso_watch_prepare(sso_process_t *process, apr_pool_t *pconf, server_rec *base)
{
    watch_t *watch = apr_pcalloc(pconf, sizeof(*watch));
    apr_status_t rv;

    watch->process = process;
    watch->base = base;
    if (process->stores->nelts > 0)
        prepare_sweeper(watch, pconf);
    if (process->sources->nelts == 0)
        return 1;
    for (int i = 0; i < process->sources->nelts; i++)
        source_at(process, i)->started = apr_time_now();
    if (!make_folder(process, pconf, base))
        return 0;
    rv = register_one(FETCHER, 1, on_fetcher, watch, pconf);
    if (rv == APR_SUCCESS)
        rv = register_one(LOOKER, 0, on_looker, watch, pconf);
    if (rv != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, base, "mod_watchdog does not take our callbacks, so no metadata would be fetched");
    return rv == APR_SUCCESS;
}

void sso_watch_open(const sso_process_t *process, apr_pool_t *pchild, server_rec *base)
{
    atomic_store(&ending, 0);
    atomic_store(&busy, 0);
    for (int i = 0; i < process->sources->nelts; i++)
        sso_source_open(source_at(process, i), pchild, base);
}

/* What the callbacks work with goes when this returns: a fetch under way sees that it is to end, and none begins any more. */
static apr_status_t begin_to_end(void *data)
{
    const sso_process_t *process = data;
    apr_interval_time_t waited = 0;

    atomic_store(&ending, 1);
    for (; atomic_load(&busy) && waited < LAST_WAIT; waited += NAP)
        apr_sleep(NAP);
    for (int i = 0; !atomic_load(&busy) && i < process->sources->nelts; i++)
        sso_refresh_end(source_at(process, i));
    return APR_SUCCESS;
}

void sso_watch_child_init(apr_pool_t *pchild, server_rec *base)
{
    sso_process_t *process = sso_server_conf_of(base)->process;

    if (process->sources->nelts > 0 || process->stores->nelts > 0)
        apr_pool_pre_cleanup_register(pchild, process, begin_to_end);
}
