/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users who are signed on and see whether they stay so: what bench/restarts and bench/soak drive. User number i is ada<i>@example.org, and the
 * page says whom it took him for in the header X-User. Every answer is counted as one of
 *     right, unavailable (503 with Retry-After), lost (a redirect to the sign-on), wrong (somebody else's page), other.
 *
 *     users load PORT CONNECTIONS PATH FILE     GETs, each with a random line of FILE as its cookie, until standard input ends
 *     users check PORT CONNECTIONS PATH FILE    each line once
 *     users churn PORT CONNECTIONS FOLDER ACS LOGOUT PATH AUDIENCE PREFIX
 *                                               sign-on, GETs, logout, a GET that must find nobody, until standard input ends
 *
 * A line for each half second (load) or batch (churn), and one for check:
 *     load, check: right unavailable lost wrong other ended broken refused longest-milliseconds
 *     churn: the same over all its requests, where right is what the step should come to, and sign-ons that came to their end
 * The first answers that are wrong or others go to standard error.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "command.h"
#include "http.h"
#include "idp.h"
#include "sp.h"

#define SLICE_S     0.5
#define MAX_A_SLICE 1000000
#define BATCH       64
#define GETS        4           /* of each who signs on */
#define SHOWN       5
#define NOBODY      "saml-none=0"

static apr_pool_t *pool;
static saml_err_t err;
static int shown;

typedef struct {
    size_t right;
    size_t unavailable;
    size_t lost;
    size_t wrong;
    size_t other;
} tally_t;

/* What answers are held against. */
typedef struct {
    tally_t *tally;
    const int *users;           /* by number of request; NULL: nobody may be signed on */
    int status;                 /* what is right; of 200 the user is looked at */
    size_t offset;
    size_t n;
    char **cookies;             /* by number of request, kept where the status is right; or NULL */
    const char *prefix;
} want_t;

static void show(const char *what, const char *answer)
{
    if (shown++ < SHOWN)
        fprintf(stderr, "%s: %.400s\n", what, answer);
}

static int is_user(const char *answer, int user)
{
    char *got = bench_header(answer, "X-User"), *want = NULL;
    int same = got && asprintf(&want, "ada%d@example.org", user) > 0 && strcmp(got, want) == 0;

    free(got);
    free(want);
    return same;
}

static int is_unavailable(const char *answer)
{
    char *after = bench_status(answer) == 503 ? bench_header(answer, "Retry-After") : NULL;
    int is = after && strtol(after, NULL, 10) > 0;

    free(after);
    return is;
}

static void take(void *baton, size_t number, const char *answer)
{
    want_t *want = baton;
    tally_t *tally = want->tally;
    size_t i = (want->offset + number) % want->n;
    int status = bench_status(answer);

    if (status == 200 && (!want->users || !is_user(answer, want->users[i]))) {
        ++tally->wrong;
        show(want->users ? "wrong user" : "expected nobody", answer);
    }
    else if (status == want->status) {
        ++tally->right;
        if (want->cookies) {
            free(want->cookies[i]);
            want->cookies[i] = bench_cookie_of(answer, want->prefix);
        }
    }
    else if (is_unavailable(answer)) {
        ++tally->unavailable;
    }
    else if (status == 302 || (status == 303 && want->users)) {
        ++tally->lost;
        show("lost", answer);
    }
    else {
        ++tally->other;
        show("other", answer);
    }
}

static void add_result(bench_result_t *all, const bench_result_t *one)
{
    all->ended += one->ended;
    all->broken += one->broken;
    all->refused += one->refused;
    if (one->longest_us > all->longest_us)
        all->longest_us = one->longest_us;
}

static void say(const tally_t *t, const bench_result_t *r)
{
    printf("%zu %zu %zu %zu %zu %zu %zu %zu %.1f", t->right, t->unavailable, t->lost, t->wrong, t->other, r->ended, r->broken, r->refused,
           r->longest_us / 1000);
}

/* Whoever started us says so by closing our standard input. */
static int is_enough(void)
{
    struct pollfd in = { 0, POLLIN, 0 };

    return poll(&in, 1, 0) != 0;
}

static int number_in(const char *argument)
{
    char *end;
    long number = strtol(argument, &end, 10);

    if (end == argument || *end || number < 1 || number > 65535)
        bench_die("expected a number of 1 to 65535, got %s", argument);
    return (int)number;
}

static void *room_for(size_t n, size_t each)
{
    void *room = calloc(n, each);

    if (!room)
        bench_die("no memory to be had");
    return room;
}

/* ---- those who are signed on ----------------------------------------------- */

typedef struct {
    size_t n;
    int *users;                 /* in an order that looks random */
    bench_request_t *requests;  /* twice, so that a slice may begin anywhere */
} crowd_t;

static void read_crowd(crowd_t *crowd, int port, const char *path, const char *file)
{
    char **lines = bench_read_lines(file, &crowd->n);
    size_t i, n = crowd->n;

    crowd->users = room_for(n, sizeof(*crowd->users));
    crowd->requests = room_for(2 * n, sizeof(*crowd->requests));
    for (i = 0; i < n; i++)
        crowd->users[i] = (int)i;
    for (i = n; i > 1; i--) {
        size_t j = (size_t)(bench_random(i) % i);
        int one = crowd->users[i - 1];

        crowd->users[i - 1] = crowd->users[j];
        crowd->users[j] = one;
    }
    for (i = 0; i < n; i++) {
        crowd->requests[i] = bench_get(port, path, lines[crowd->users[i]], pool);
        crowd->requests[n + i] = crowd->requests[i];
    }
    free(lines[0]);
    free(lines);
}

static void load(char **argument)
{
    int port = number_in(argument[0]), connections = number_in(argument[1]);
    crowd_t crowd;
    size_t offset = 0;

    read_crowd(&crowd, port, argument[2], argument[3]);
    while (!is_enough()) {
        tally_t tally = { 0 };
        want_t want = { &tally, crowd.users, 200, offset, crowd.n, NULL, NULL };
        bench_plan_t plan = { port, connections, crowd.requests + offset, crowd.n, MAX_A_SLICE, SLICE_S, 0, take, &want, 1 };
        bench_result_t result;

        bench_run(&result, &plan);
        say(&tally, &result);
        putchar('\n');
        fflush(stdout);
        offset = (offset + result.done) % crowd.n;
    }
    free(crowd.users);
    free(crowd.requests);
}

static void check(char **argument)
{
    crowd_t crowd;
    tally_t tally = { 0 };
    want_t want = { &tally, NULL, 200, 0, 0, NULL, NULL };
    bench_plan_t plan = { number_in(argument[0]), number_in(argument[1]), NULL, 0, 0, 0, 0, take, &want, 1 };
    bench_result_t result;

    read_crowd(&crowd, plan.port, argument[2], argument[3]);
    want.users = crowd.users;
    want.n = plan.n = plan.count = crowd.n;
    plan.requests = crowd.requests;
    bench_run(&result, &plan);
    say(&tally, &result);
    putchar('\n');
    free(crowd.users);
    free(crowd.requests);
}

/* ---- those who come and go -------------------------------------------------- */

typedef struct {
    bench_sp_t sp;
    const char *logout;
    const char *path;
    const char *prefix;
    int connections;
    tally_t tally;
    bench_result_t result;
    size_t signed_on;
} churn_t;

static void run_step(churn_t *churn, const bench_request_t *requests, size_t n, size_t count, want_t *want)
{
    bench_plan_t plan = { churn->sp.port, churn->connections, requests, n, count, 0, 0, take, want, 1 };
    bench_result_t result;

    want->tally = &churn->tally;
    want->n = n;
    bench_run(&result, &plan);
    add_result(&churn->result, &result);
}

/* Those of a batch who came in: GETs, logout, a GET that finds nobody, by requests in `p`. */
static void use_and_leave(churn_t *churn, char *const *cookies, const int *users, size_t n, apr_pool_t *p)
{
    bench_request_t gets[BATCH], leave[BATCH];
    want_t in = { .users = users, .status = 200 }, out = { .status = 302 }, left = { .status = 303 };
    size_t i;

    for (i = 0; i < n; i++) {
        gets[i] = bench_get(churn->sp.port, churn->path, cookies[i], p);
        leave[i] = bench_get(churn->sp.port, churn->logout, cookies[i], p);
    }
    run_step(churn, gets, n, n * GETS, &in);
    run_step(churn, leave, n, n, &left);
    /* Who met a store that was away is signed on still. */
    if (churn->tally.unavailable == 0)
        run_step(churn, gets, n, n, &out);
}

static void one_batch(churn_t *churn, int first, apr_pool_t *p)
{
    bench_request_t posts[BATCH];
    char *cookies[BATCH] = { NULL }, *in[BATCH];
    int users[BATCH], who[BATCH];
    want_t want = { .users = users, .status = 303, .cookies = cookies, .prefix = churn->prefix };
    size_t i, n = 0;

    for (i = 0; i < BATCH; i++)
        users[i] = first + (int)i;
    bench_sign_on_posts(posts, BATCH, &churn->sp, NOBODY, first, p, &err);
    run_step(churn, posts, BATCH, BATCH, &want);
    for (i = 0; i < BATCH; i++) {
        if (cookies[i]) {
            who[n] = users[i];
            in[n++] = cookies[i];
        }
    }
    churn->signed_on = n;
    if (n > 0)
        use_and_leave(churn, in, who, n, p);
    for (i = 0; i < n; i++)
        free(in[i]);
}

static void churn(char **argument)
{
    churn_t c = { .sp = { number_in(argument[0]), argument[2], NULL, argument[3], argument[6], bench_idp_key(argument[2], pool, &err) },
                  .logout = argument[4], .path = argument[5], .prefix = argument[7], .connections = number_in(argument[1]) };
    int first = 1000000;        /* none of those whom load sends */
    apr_pool_t *p;

    apr_pool_create(&p, pool);
    for (; !is_enough(); first += BATCH) {
        memset(&c.tally, 0, sizeof(c.tally));
        memset(&c.result, 0, sizeof(c.result));
        one_batch(&c, first, p);
        say(&c.tally, &c.result);
        printf(" %zu\n", c.signed_on);
        fflush(stdout);
        apr_pool_clear(p);
    }
}

static const bench_command_t commands[] = {
    { "load", 4, load }, { "check", 4, check }, { "churn", 8, churn }
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, commands, sizeof(commands) / sizeof(commands[0]), "users.c", &pool, &err);
}
