/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_SCRIPTED_H
#define T_UNIT_SCRIPTED_H

/*
 * The other side as a list of answers, and a clock that only goes on when somebody waits: what asks several times is tested without
 * a server and without time.
 */

#include "common.h"

#include "saml/outgoing.h"

#define SCRIPT_MAX 128

/** One answer. http_status 0: no answer at all. */
typedef struct {
    int http_status;
    const char *body;
    int retry_after_s;          /* 0: none */
} script_answer_t;

static struct {
    const script_answer_t *answers;
    int count, at;
    saml_fetch_t asked[SCRIPT_MAX];
    apr_interval_time_t left, waited;
} script;

static inline saml_status_t script_fetch(saml_fetched_t **out, const saml_fetch_t *what, apr_pool_t *p, saml_err_t *e)
{
    const script_answer_t *answer = &script.answers[script.at];
    saml_fetched_t *came = apr_pcalloc(p, sizeof(*came));

    assert_true(script.at < script.count);
    script.asked[script.at++] = *what;
    if (!answer->http_status)
        return saml_fail(e, what->failure, "%s: expected an answer, got error 7", what->what);
    came->http_status = answer->http_status;
    came->body = answer->body;
    came->body_len = strlen(answer->body);
    came->retry_after = answer->retry_after_s ? apr_time_from_sec(answer->retry_after_s) : -1;
    *out = came;
    return SAML_OK;
}

static inline apr_interval_time_t script_left(void *baton)
{
    (void)baton;
    return script.left;
}

static inline void script_wait(void *baton, apr_interval_time_t interval)
{
    (void)baton;
    script.waited += interval;
    script.left -= interval;
}

static const saml_outgoing_t script_outgoing = { script_fetch, script_left, script_wait, NULL, NULL, "/ca.pem", "http://proxy:3128" };

static inline void script_begin(const script_answer_t *answers, int count)
{
    memset(&script, 0, sizeof(script));
    script.answers = answers;
    script.count = count;
    script.left = apr_time_from_sec(10);
}

#define SCRIPT(...)                                                                             \
    do {                                                                                        \
        static const script_answer_t script_list[] = { __VA_ARGS__ };                           \
        script_begin(script_list, (int)(sizeof(script_list) / sizeof(script_list[0])));         \
    } while (0)

/* Whether the n-th request had that header line. */
static inline int script_has_header(int n, const char *line)
{
    int i;

    for (i = 0; i < script.asked[n].headers->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(script.asked[n].headers, i, const char *), line) == 0)
            return 1;
    }
    return 0;
}

#endif
