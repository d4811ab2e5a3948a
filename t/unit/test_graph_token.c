/* SPDX-License-Identifier: Apache-2.0 */
/* One token for all threads of a process: asked for once, waited for within bounds, replaced in time. */

#include "scripted.h"

#include <apr_thread_proc.h>
#include <unistd.h>

#include "sso/graph_token.h"

#define THREADS 4

static sso_graph_t graph = { { "https://login.example/token", "client", "scope", "secret", NULL }, "graph.example", "here", NULL };

static int set_up_cache(void **state)
{
    if (set_up(state))
        return -1;
    graph.cache = sso_token_cache_make(pool);
    return graph.cache ? 0 : -1;
}

static saml_status_t ask(const char **token, const char *refused)
{
    return sso_graph_token(token, &graph, &script_outgoing, refused, pool, &err);
}

static void kept_while_good(void **state)
{
    const char *one, *two;

    (void)state;
    SCRIPT({ 200, "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"one\"}", 0 });
    assert_says(ask(&one, NULL), SAML_OK, "");
    assert_says(ask(&two, NULL), SAML_OK, "");
    assert_string_equal(one, "one");
    assert_string_equal(two, "one");
    assert_int_equal(script.at, 1);
}

static void replaced_where_refused(void **state)
{
    const char *token;

    (void)state;
    SCRIPT({ 200, "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"one\"}", 0 },
           { 200, "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"two\"}", 0 });
    assert_says(ask(&token, NULL), SAML_OK, "");
    assert_says(ask(&token, "one"), SAML_OK, "");
    assert_string_equal(token, "two");
    /* Somebody else's refusal of the one before. */
    assert_says(ask(&token, "one"), SAML_OK, "");
    assert_string_equal(token, "two");
    assert_int_equal(script.at, 2);
}

static void a_short_life(void **state)
{
    const char *token;

    (void)state;
    SCRIPT({ 200, "{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":\"one\"}", 0 },
           { 200, "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"two\"}", 0 });
    assert_says(ask(&token, NULL), SAML_OK, "");
    usleep(600 * 1000);
    assert_says(ask(&token, NULL), SAML_OK, "");
    assert_string_equal(token, "two");
}

static void failures_are_not_kept(void **state)
{
    const char *token = NULL;

    (void)state;
    SCRIPT({ 401, "{\"error\":\"invalid_client\"}", 0 }, { 200, "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"one\"}", 0 });
    assert_says(ask(&token, NULL), SAML_E_OVERAGE, "invalid_client");
    assert_null(token);
    assert_says(ask(&token, NULL), SAML_OK, "");
    assert_string_equal(token, "one");
}

/* ---- threads ---------------------------------------------------------------- */

static int fetches, left_without, hold;     /* hold: the fetch goes on until the others have gone */

static saml_status_t slow_fetch(saml_fetched_t **out, const saml_fetch_t *what, apr_pool_t *p, saml_err_t *e)
{
    static const char body[] = "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"one\"}";
    saml_fetched_t *came = apr_pcalloc(p, sizeof(*came));
    int i;

    (void)what;
    (void)e;
    __atomic_add_fetch(&fetches, 1, __ATOMIC_SEQ_CST);
    for (i = 0; i < (hold ? 10000 : 300) && (!hold || __atomic_load_n(&left_without, __ATOMIC_SEQ_CST) < THREADS - 1); i++)
        usleep(1000);
    came->http_status = 200;
    came->body = body;
    came->body_len = sizeof(body) - 1;
    came->retry_after = -1;
    *out = came;
    return SAML_OK;
}

static apr_interval_time_t left_of_baton(void *baton)
{
    return *(apr_interval_time_t *)baton;
}

typedef struct {
    apr_pool_t *pool;
    apr_interval_time_t left;
    saml_status_t status;
    const char *token;
    saml_err_t err;
} visitor_t;

static void *APR_THREAD_FUNC visit(apr_thread_t *thread, void *data)
{
    visitor_t *v = data;
    const saml_outgoing_t by = { slow_fetch, left_of_baton, script_wait, NULL, &v->left, NULL, NULL };

    v->err.pool = v->pool;
    v->status = sso_graph_token(&v->token, &graph, &by, NULL, v->pool, &v->err);
    if (v->status != SAML_OK)
        __atomic_add_fetch(&left_without, 1, __ATOMIC_SEQ_CST);
    (void)thread;
    return NULL;
}

/* The first comes alone and fetches; the others find it at that. */
static void run_visitors(visitor_t *visitors, apr_interval_time_t left_of_others)
{
    apr_thread_t *threads[THREADS];
    apr_status_t rv;
    int i;

    fetches = left_without = 0;
    hold = left_of_others == 0;
    for (i = 0; i < THREADS; i++) {
        memset(&visitors[i], 0, sizeof(visitors[i]));
        assert_int_equal(apr_pool_create(&visitors[i].pool, pool), APR_SUCCESS);
        visitors[i].left = i ? left_of_others : apr_time_from_sec(10);
        assert_int_equal(apr_thread_create(&threads[i], NULL, visit, &visitors[i], pool), APR_SUCCESS);
        while (!__atomic_load_n(&fetches, __ATOMIC_SEQ_CST))
            usleep(1000);
    }
    for (i = 0; i < THREADS; i++)
        apr_thread_join(&rv, threads[i]);
}

static void one_fetches_for_all(void **state)
{
    visitor_t visitors[THREADS];
    int i;

    (void)state;
    run_visitors(visitors, apr_time_from_sec(10));
    for (i = 0; i < THREADS; i++) {
        assert_int_equal(visitors[i].status, SAML_OK);
        assert_string_equal(visitors[i].token, "one");
    }
    assert_int_equal(fetches, 1);
}

static void nobody_waits_for_ever(void **state)
{
    visitor_t visitors[THREADS];
    int i;

    (void)state;
    run_visitors(visitors, 0);
    assert_int_equal(visitors[0].status, SAML_OK);
    for (i = 1; i < THREADS; i++) {
        assert_int_equal(visitors[i].status, SAML_E_OVERAGE);
        assert_non_null(strstr(visitors[i].err.reason, "expected another request to have brought one by now"));
    }
    assert_int_equal(fetches, 1);
}

#define with_cache(test) cmocka_unit_test_setup_teardown(test, set_up_cache, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_cache(kept_while_good), with_cache(replaced_where_refused), with_cache(a_short_life), with_cache(failures_are_not_kept),
        with_cache(one_fetches_for_all), with_cache(nobody_waits_for_ever),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_library, tear_down_library);
}
