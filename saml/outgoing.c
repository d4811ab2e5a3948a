/* SPDX-License-Identifier: Apache-2.0 */
#include "outgoing.h"

#define MAX_REPEATS 4
#define USUAL_PAUSE apr_time_from_sec(1)
#define TIME_FOR_AN_ANSWER apr_time_from_msec(500)

static int is_asked_to_come_back(const saml_fetched_t *answer)
{
    return answer->http_status == 429 || answer->http_status == 503 || answer->http_status == 504;
}

static saml_status_t ask_once(saml_fetched_t **out, const saml_outgoing_t *by, const saml_fetch_t *what, apr_pool_t *p,
                              saml_err_t *err)
{
    saml_fetch_t now = *what;

    now.timeout = by->left(by->baton);
    if (now.timeout <= 0)
        return saml_fail(err, what->failure, "%s: expected an answer in the time there is, none of it was left", what->what);
    now.ca_file = by->ca_file;
    now.proxy = by->proxy;
    now.cancelled = by->cancelled;
    now.baton = by->baton;
    return by->fetch(out, &now, p, err);
}

/* RFC 9110 10.2.3; who is turned away and comes back at once is turned away for longer. */
static saml_status_t wait_as_told(const saml_outgoing_t *by, const saml_fetch_t *what, const saml_fetched_t *answer,
                                  int repeats, saml_err_t *err)
{
    apr_interval_time_t pause = answer->retry_after > 0 ? answer->retry_after : USUAL_PAUSE;
    apr_interval_time_t left = by->left(by->baton);

    if (repeats >= MAX_REPEATS || pause > left - TIME_FOR_AN_ANSWER)
        return saml_fail(err, what->failure, "%s: expected an answer, got HTTP status %d %d times, now with a wait of %"
                         APR_TIME_T_FMT " s before the next try, and %" APR_TIME_T_FMT " s are left", what->what,
                         answer->http_status, repeats + 1, apr_time_sec(pause), left > 0 ? apr_time_sec(left) : 0);
    by->wait(by->baton, pause);
    return SAML_OK;
}

saml_status_t saml_outgoing_ask(saml_fetched_t **out, const saml_outgoing_t *by, const saml_fetch_t *what, apr_pool_t *p,
                                saml_err_t *err)
{
    saml_fetched_t *answer = apr_pcalloc(p, sizeof(*answer));
    int repeats;

    for (repeats = 0;; repeats++) {
        SAML_TRY(ask_once(&answer, by, what, p, err));
        if (!is_asked_to_come_back(answer))
            break;
        SAML_TRY(wait_as_told(by, what, answer, repeats, err));
    }
    *out = answer;
    return SAML_OK;
}
