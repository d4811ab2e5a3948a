/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification alone: all of the library's checks of one response, the second parse included, over and over. What bare_verify is
 * to be set against. Usage: verify RESPONSE CERTIFICATE ACS AUDIENCE ROUNDS; prints microseconds of CPU for each.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "http.h"
#include "idp.h"
#include "saml/response.h"

#define MAX_FILE_BYTES (1024 * 1024)

static apr_pool_t *pool;
static saml_err_t err;

static char *read_all(const char *path, apr_size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *octets = malloc(MAX_FILE_BYTES);

    *len = f && octets ? fread(octets, 1, MAX_FILE_BYTES, f) : 0;
    if (f)
        fclose(f);
    return octets;
}

/* Used for the first time each time: what a store costs is another question. */
static saml_status_t use(void *baton, const unsigned char key[32], apr_time_t until, saml_err_t *unused)
{
    (void)baton;
    (void)key;
    (void)until;
    (void)unused;
    return SAML_OK;
}

static void check(const char *xml, apr_size_t len, const saml_expect_t *want, apr_pool_t *p)
{
    saml_login_t *login;

    memset(&err, 0, sizeof(err));
    err.pool = p;
    bench_must(saml_response_check(&login, xml, len, want, p, &err), &err);
    apr_pool_clear(p);
}

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void measure(char **argument)
{
    saml_replay_t replay = { use, NULL };
    saml_expect_t want = { .now = apr_time_now(), .skew = apr_time_from_sec(60), .replay = &replay };
    apr_array_header_t *certs, *audiences = apr_array_make(pool, 1, sizeof(const char *));
    saml_response_peek_t peek;
    apr_size_t len;
    char *xml = read_all(argument[0], &len);
    int rounds = atoi(argument[4]), i;
    apr_pool_t *p;
    double start;

    apr_pool_create(&p, pool);
    bench_must(saml_certs_load(&certs, argument[1], pool, &err), &err);
    bench_must(saml_response_peek(&peek, xml, len, pool, &err), &err);
    APR_ARRAY_PUSH(audiences, const char *) = argument[3];
    want.certs = certs;
    want.acs_url = argument[2];
    want.audiences = audiences;
    want.in_response_to = peek.in_response_to;
    for (i = 0; i < rounds / 10; i++)
        check(xml, len, &want, p);
    start = cpu_us();
    for (i = 0; i < rounds; i++)
        check(xml, len, &want, p);
    printf("%.3f\n", (cpu_us() - start) / rounds);
    free(xml);
}

int main(int argc, char **argv)
{
    if (argc != 6)
        bench_die("usage: verify RESPONSE CERTIFICATE ACS AUDIENCE ROUNDS");
    apr_initialize();
    apr_pool_create(&pool, NULL);
    err.pool = pool;
    bench_must(saml_library_init(&err), &err);
    measure(argv + 1);
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}
