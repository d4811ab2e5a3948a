/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench/run drives. STATUS is what every answer must be.
 *     client keygen FOLDER NAME                                       a key and its certificate, NAME.key and NAME.crt
 *     client get PORT CONNECTIONS COUNT STATUS FILE                   the one request in FILE, COUNT times
 *     client numbered N NAME FILE                                     the cookies of sessions 0 to N-1 of "lookup fill", a line each
 *     client cookies PORT CONNECTIONS COUNT PATH FILE                 COUNT GETs of PATH, each with a random line of FILE as its cookie
 *     client prepare PORT COUNT FOLDER LOGIN ACS AUDIENCE             begin COUNT sign-ons at LOGIN, sign an answer to each
 *     client post PORT CONNECTIONS COUNT STATUS FOLDER FIRST PREFIX   POST answers FIRST to FIRST+COUNT-1
 *     client fill PORT CONNECTIONS COUNT STATUS FOLDER ACS AUDIENCE PREFIX COOKIES FILE
 *                                                                     COUNT sign-ons that nobody asked for, their cookies to FILE
 *     client tally PORT CONNECTIONS SECONDS PATH FILE                 GETs by the cookies in FILE in turn; 0 s: each once
 * get, cookies, post and fill (seconds and waiting times 0) print seconds, the median and the 99th percentile of the waiting times in microseconds,
 * and how many answers were 500 and asked for again; post prints a cookie whose name begins with PREFIX behind them. tally prints how many answers were 200, were redirects, were others, how
 * many connections ended before an answer began, and in the middle of one.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "command.h"
#include "http.h"
#include "idp.h"
#include "sp.h"
#include "saml/binding.h"

#define BATCH          250
#define MAX_TALLY      20000000
#define MAX_ASKED      5

static apr_pool_t *pool;
static saml_err_t err;

/* ---- files -------------------------------------------------------------- */

static void write_file(const char *path, const char *octets, size_t len)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(octets, 1, len, f) != len || fclose(f) != 0)
        bench_die("%s: %s", path, strerror(errno));
}

static void print_result(const bench_result_t *result)
{
    printf("%.6f %.1f %.1f %zu", result->seconds, result->p50_us, result->p99_us, result->failed);
}

/* ---- one sign-on -------------------------------------------------------- */

static const char *attribute_of(const char *xml, const char *name, apr_pool_t *p)
{
    const char *at = strstr(xml, apr_pstrcat(p, " ", name, "=\"", NULL));

    if (!at)
        bench_die("expected %s in the AuthnRequest: %s", name, xml);
    at += strlen(name) + 3;
    return apr_pstrndup(p, at, strcspn(at, "\""));
}

/* All cookies that an answer sets, as a browser would send them. */
static const char *cookies_of(const char *answer, apr_pool_t *p)
{
    const char *at = answer, *cookies = NULL;

    while ((at = strstr(at, "\r\nSet-Cookie: ")) != NULL) {
        const char *pair;

        at += strlen("\r\nSet-Cookie: ");
        pair = apr_pstrndup(p, at, strcspn(at, ";\r\n"));
        cookies = cookies ? apr_pstrcat(p, cookies, "; ", pair, NULL) : pair;
    }
    return cookies;
}

/* What a path answers; of those that say 500 for no reason, what they say in the end. */
static char *ask(const bench_sp_t *sp, const char *path, apr_pool_t *p)
{
    const char *get = apr_psprintf(p, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/html\r\n\r\n", path, sp->port);
    char *answer = bench_exchange(sp->port, get, strlen(get));
    int i;

    for (i = 0; i < MAX_ASKED && bench_status(answer) == 500; i++) {
        free(answer);
        answer = bench_exchange(sp->port, get, strlen(get));
    }
    return answer;
}

static void prepare_one(const bench_sp_t *sp, int number, apr_pool_t *p)
{
    char *answer = ask(sp, sp->login, p), *location = bench_header(answer, "Location");
    const char *cookies = cookies_of(answer, p), *post, *xml;
    saml_redirect_message_t request;
    bench_answer_to_t to = { NULL, bench_acs_url(sp, p), sp->audience, number, apr_time_now() };

    if (!location || !strchr(location, '?') || !cookies)
        bench_die("expected a redirect to the identity provider and a cookie, got: %.400s", answer);
    bench_must(saml_redirect_decode(&request, strchr(location, '?') + 1, p, &err), &err);
    to.request_id = attribute_of(request.xml, "ID", p);
    xml = bench_response(&to, sp->key, p, &err);
    if (number == 0)
        write_file(apr_psprintf(p, "%s/response.xml", sp->folder), xml, strlen(xml));
    post = bench_post(sp, cookies, request.relay_state, xml, p);
    write_file(apr_psprintf(p, "%s/post.%d", sp->folder, number), post, strlen(post));
    free(answer);
    free(location);
}

static void prepare(char **argument)
{
    int i, count = atoi(argument[1]);
    bench_sp_t sp = { atoi(argument[0]), argument[2], argument[3], argument[4], argument[5],
                      bench_idp_key(argument[2], pool, &err) };
    apr_pool_t *one;

    apr_pool_create(&one, pool);
    for (i = 0; i < count; i++) {
        prepare_one(&sp, i, one);
        apr_pool_clear(one);
    }
}

static void keygen(char **argument)
{
    const char *key, *cert;

    bench_must(saml_keypair_generate(&key, &cert, "bench", 2048, 365, apr_time_now(), pool, &err), &err);
    write_file(apr_psprintf(pool, "%s/%s.key", argument[0], argument[1]), key, strlen(key));
    write_file(apr_psprintf(pool, "%s/%s.crt", argument[0], argument[1]), cert, strlen(cert));
}

/* ---- load --------------------------------------------------------------- */

static void get(char **argument)
{
    bench_request_t request;
    bench_result_t result;
    bench_plan_t plan = { atoi(argument[0]), atoi(argument[1]), &request, 1, (size_t)atol(argument[2]), 0, atoi(argument[3]),
                          NULL, NULL, 0 };

    request.octets = bench_read_file(argument[4], &request.len);
    bench_run(&result, &plan);
    print_result(&result);
    putchar('\n');
    free(request.octets);
}

static void numbered(char **argument)
{
    int i, n = atoi(argument[0]);
    FILE *f = fopen(argument[2], "wb");
    char cookie[BENCH_COOKIE_CHARS + 1];

    for (i = 0; f && i < n; i++) {
        bench_cookie(cookie, i);
        fprintf(f, "%s=%s\n", argument[1], cookie);
    }
    if (!f || fclose(f) != 0)
        bench_die("%s: %s", argument[2], strerror(errno));
}

static bench_request_t *requests_of(size_t n)
{
    bench_request_t *requests = calloc(n, sizeof(*requests));

    if (!requests)
        bench_die("no memory to be had");
    return requests;
}

static void cookies(char **argument)
{
    size_t i, n, count = (size_t)atol(argument[2]);
    char **lines = bench_read_lines(argument[4], &n);
    bench_request_t *requests = requests_of(count);
    bench_plan_t plan = { atoi(argument[0]), atoi(argument[1]), requests, count, count, 0, 200, NULL, NULL, 0 };
    bench_result_t result;

    for (i = 0; i < count; i++)
        requests[i] = bench_get(plan.port, argument[3], lines[bench_random(i) % n], pool);
    bench_run(&result, &plan);
    print_result(&result);
    putchar('\n');
}

/* The cookie of each answer, by the request's number. */
typedef struct {
    const char *prefix;
    char **cookies;
} jar_t;

static void keep_cookie(void *baton, size_t number, const char *answer)
{
    jar_t *jar = baton;

    free(jar->cookies[number]);
    jar->cookies[number] = bench_cookie_of(answer, jar->prefix);
    if (!jar->cookies[number])
        bench_die("expected a cookie %s..., got: %.600s", jar->prefix, answer);
}

static void post(char **argument)
{
    size_t i, count = (size_t)atol(argument[2]);
    bench_request_t *requests = requests_of(count);
    jar_t jar = { argument[6], calloc(count, sizeof(char *)) };
    bench_plan_t plan = { atoi(argument[0]), atoi(argument[1]), requests, count, count, 0, atoi(argument[3]), keep_cookie, &jar, 0 };
    bench_result_t result;

    for (i = 0; i < count; i++)
        requests[i].octets = bench_read_file(apr_psprintf(pool, "%s/post.%d", argument[4], atoi(argument[5]) + (int)i),
                                       &requests[i].len);
    bench_run(&result, &plan);
    print_result(&result);
    printf(" %s\n", jar.cookies[count - 1]);
}

static void fill(char **argument)
{
    bench_sp_t sp = { atoi(argument[0]), argument[4], NULL, argument[5], argument[6],
                      bench_idp_key(argument[4], pool, &err) };
    size_t done, i, count = (size_t)atol(argument[2]);
    bench_request_t requests[BATCH];
    jar_t jar = { argument[7], calloc(BATCH, sizeof(char *)) };
    bench_plan_t plan = { sp.port, atoi(argument[1]), requests, BATCH, BATCH, 0, atoi(argument[3]), keep_cookie, &jar, 0 };
    bench_result_t result;
    FILE *f = fopen(argument[9], "wb");
    size_t failed = 0;
    apr_pool_t *p;

    apr_pool_create(&p, pool);
    for (done = 0; f && done < count; done += plan.n) {
        plan.n = plan.count = count - done < BATCH ? count - done : BATCH;
        bench_sign_on_posts(requests, plan.n, &sp, argument[8], (int)done, p, &err);
        bench_run(&result, &plan);
        failed += result.failed;
        for (i = 0; i < plan.n; i++)
            fprintf(f, "%s\n", jar.cookies[i]);
        apr_pool_clear(p);
    }
    if (!f || fclose(f) != 0)
        bench_die("%s: %s", argument[9], strerror(errno));
    printf("0 0 0 %zu\n", failed);
}

typedef struct {
    size_t ok;
    size_t redirects;
    size_t others;
} tally_t;

static void count_status(void *baton, size_t number, const char *answer)
{
    tally_t *tally = baton;
    int status = bench_status(answer);

    (void)number;
    ++*(status == 200 ? &tally->ok : status >= 300 && status < 400 ? &tally->redirects : &tally->others);
}

static void tally(char **argument)
{
    size_t i, n;
    char **lines = bench_read_lines(argument[4], &n);
    double seconds = atof(argument[2]);
    tally_t counts = { 0, 0, 0 };
    bench_plan_t plan = { atoi(argument[0]), atoi(argument[1]), NULL, n, seconds > 0 ? MAX_TALLY : n, seconds, 0, count_status,
                          &counts, 0 };
    bench_request_t *requests = requests_of(n);
    bench_result_t result;

    for (i = 0; i < n; i++)
        requests[i] = bench_get(plan.port, argument[3], lines[i], pool);
    plan.requests = requests;
    bench_run(&result, &plan);
    printf("%zu %zu %zu %zu %zu\n", counts.ok, counts.redirects, counts.others, result.ended, result.broken);
}

static const bench_command_t commands[] = {
    { "keygen", 2, keygen }, { "get", 5, get }, { "numbered", 3, numbered }, { "cookies", 5, cookies },
    { "prepare", 6, prepare }, { "post", 7, post }, { "fill", 10, fill }, { "tally", 5, tally }
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, commands, sizeof(commands) / sizeof(commands[0]), "client.c", &pool, &err);
}
