/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session look-ups: lookup FOLDER ROUNDS COUNT...
 * Makes a store of each COUNT live sessions, then looks random ones up, the stores taking turns, and prints for each
 * COUNT one line: count, microseconds of a put, bytes of a record, then by the median of the rounds the nanoseconds of
 * a whole look-up (cookie to opened record) and of the store's part alone.
 * lookup fill FOLDER COUNT APPLICATION: put COUNT sessions of an application into the store in FOLDER, as it stands.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "http.h"
#include "store/session.h"
#include "store/store.h"

#define PICKS        200000
#define MAX_STORES   8
#define MAX_ROUNDS   99

typedef struct {
    int count;
    sso_store_t *store;
    char (*cookies)[BENCH_COOKIE_CHARS + 1];
    sso_key_t *keys;
    apr_size_t record_len;
    double put_us;
    double whole_ns[MAX_ROUNDS];
    double get_ns[MAX_ROUNDS];
} population_t;

const sso_store_provider_t *const sso_store_providers[] = { &sso_store_lmdb, NULL };

static apr_pool_t *pool;
static saml_err_t err;

static void must(saml_status_t status)
{
    if (status != SAML_OK)
        bench_die("%s: %s", saml_status_name(status), err.reason);
}

/* Of this thread alone, so that what else the machine does counts less. */
static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void add(saml_login_t *login, const char *name, int count, const char *value)
{
    saml_attribute_t *attribute = apr_array_push(login->attributes);
    int i;

    memset(attribute, 0, sizeof(*attribute));
    attribute->name = name;
    attribute->values = apr_array_make(pool, count, sizeof(const char *));
    for (i = 0; i < count; i++)
        APR_ARRAY_PUSH(attribute->values, const char *) = value;
}

/* The claims that Entra sends by default, and five groups. */
static void *ordinary_record(apr_size_t *len, apr_time_t now, const char *app_id)
{
    static const struct { const char *claim, *value; } single[] = {
        { "tenantid", "7a1c93b0-5d5e-4c0a-9f50-2b6d0c6b8f11" }, { "objectid", "0b1d5c8a-73a4-4a0b-9a57-4f0f7f1f2e3d" },
        { "displayname", "Ada Lovelace" },
        { "identityprovider", "https://sts.windows.net/7a1c93b0-5d5e-4c0a-9f50-2b6d0c6b8f11/" }, { "givenname", "Ada" },
        { "surname", "Lovelace" }, { "email", "ada.lovelace@example.org" }, { "name", "ada.lovelace@example.org" }
    };
    saml_login_t *login = apr_pcalloc(pool, sizeof(*login));
    sso_session_new_t from = { app_id, login, now, apr_time_from_sec(28800),
                               apr_time_from_sec(3600), 0 };
    void *record;
    size_t i;

    login->name_id.value = "ada.lovelace@example.org";
    login->name_id.format = SAML_NAMEID_EMAIL;
    login->session_index = "_7a9d2c44-81b3-4f55-8a60-0d2be7c40100";
    login->context_class = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    login->authn_instant = now;
    login->attributes = apr_array_make(pool, 16, sizeof(saml_attribute_t));
    for (i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        add(login, saml_claim_uri(single[i].claim), 1, single[i].value);
    add(login, saml_claim_uri("authnmethods"), 2,
        "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password");
    add(login, saml_claim_uri("groups"), 5, "a1a1a1a1-0000-4000-8000-000000000001");
    must(sso_session_encode(&record, len, &from, pool, &err));
    return record;
}

static void fill(population_t *pop, const char *path, const char *app_id)
{
    apr_time_t now = apr_time_now();
    void *record = ordinary_record(&pop->record_len, now, app_id);
    double start;
    int i;

    must(sso_store_configure(&pop->store, apr_pstrcat(pool, "lmdb:", path, NULL), "/", pool, &err));
    sso_store_limit(pop->store, (apr_uint64_t)pop->count + 1);
    if (access(path, F_OK) != 0)
        must(sso_store_prepare(pop->store, NULL, pool, &err));
    must(sso_store_open(pop->store, pool, &err));
    start = now_ns();
    for (i = 0; i < pop->count; i++) {
        char cookie[BENCH_COOKIE_CHARS + 1];
        sso_key_t key;

        bench_cookie(cookie, i);
        must(sso_key_of(&key, cookie, BENCH_COOKIE_CHARS, &err));
        must(sso_store_put(pop->store, &key, record, pop->record_len, now + apr_time_from_sec(3600) + i, &err));
    }
    pop->put_us = (now_ns() - start) / 1e3 / pop->count;
}

/* Every session once, so that all of the map is there, and a random choice to look up. */
static void warm_and_pick(population_t *pop)
{
    apr_pool_t *p;
    int i;

    apr_pool_create(&p, pool);
    pop->cookies = malloc(PICKS * sizeof(*pop->cookies));
    pop->keys = malloc(PICKS * sizeof(*pop->keys));
    if (!pop->cookies || !pop->keys)
        bench_die("no memory to be had");
    for (i = 0; i < pop->count + PICKS; i++) {
        int pick = i - pop->count;
        char cookie[BENCH_COOKIE_CHARS + 1];
        const void *record;
        apr_size_t len;
        sso_key_t key;

        bench_cookie(cookie, pick < 0 ? i : (int)(bench_random((unsigned long long)i) % (unsigned long long)pop->count));
        must(sso_key_of(&key, cookie, BENCH_COOKIE_CHARS, &err));
        must(sso_store_get(pop->store, &key, &record, &len, p, &err));
        if (!record)
            bench_die("session %d of %d is not there", i, pop->count);
        if (pick >= 0) {
            memcpy(pop->cookies[pick], cookie, sizeof(cookie));
            pop->keys[pick] = key;
        }
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
}

/* As a request does for headers and environment. */
static void read_all(const sso_session_t *session)
{
    sso_attribute_t attribute;
    int i;

    for (i = 0; i < session->attribute_count; i++) {
        sso_session_attribute(&attribute, session, i);
        if (attribute.value_count == 0 || !*attribute.joined)
            bench_die("an attribute has no value");
    }
}

static void look_up(const population_t *pop, const sso_key_t *key, apr_pool_t *p, int and_open)
{
    saml_err_t here = { .pool = p };
    sso_session_t session;
    const void *record;
    apr_size_t len;

    must(sso_store_get(pop->store, key, &record, &len, p, &err));
    if (!record)
        bench_die("a session of %d is not there", pop->count);
    if (and_open) {
        must(sso_session_decode(&session, record, len, &here));
        read_all(&session);
    }
}

static double one_round(const population_t *pop, int whole)
{
    apr_pool_t *p;
    double start;
    int i;

    apr_pool_create(&p, pool);
    start = now_ns();
    for (i = 0; i < PICKS; i++) {
        sso_key_t key = pop->keys[i];

        if (whole)
            must(sso_key_of(&key, pop->cookies[i], BENCH_COOKIE_CHARS, &err));
        look_up(pop, &key, p, whole);
        apr_pool_clear(p);
    }
    start = (now_ns() - start) / PICKS;
    apr_pool_destroy(p);
    return start;
}

static int by_size(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof(*values), by_size);
    return values[n / 2];
}

static void compare(int argc, char **argv)
{
    population_t *pops = calloc(MAX_STORES, sizeof(*pops));
    int stores = argc - 3, rounds = argc > 3 ? atoi(argv[2]) : 0, i, round;

    if (!pops || stores < 1 || stores > MAX_STORES || rounds < 1 || rounds > MAX_ROUNDS)
        bench_die("expected FOLDER ROUNDS COUNT..., or fill FOLDER COUNT APPLICATION");
    for (i = 0; i < stores; i++) {
        pops[i].count = atoi(argv[3 + i]);
        fill(&pops[i], apr_psprintf(pool, "%s/%d", argv[1], pops[i].count), "bench");
        warm_and_pick(&pops[i]);
    }
    for (round = 0; round < rounds; round++) {
        for (i = 0; i < stores; i++) {
            pops[i].whole_ns[round] = one_round(&pops[i], 1);
            pops[i].get_ns[round] = one_round(&pops[i], 0);
        }
    }
    for (i = 0; i < stores; i++)
        printf("%d %.2f %d %.0f %.0f\n", pops[i].count, pops[i].put_us, (int)pops[i].record_len,
               median(pops[i].whole_ns, rounds), median(pops[i].get_ns, rounds));
}

int main(int argc, char **argv)
{
    population_t one;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    err.pool = pool;
    if (argc == 5 && strcmp(argv[1], "fill") == 0) {
        memset(&one, 0, sizeof(one));
        one.count = atoi(argv[3]);
        fill(&one, argv[2], argv[4]);
    } else {
        compare(argc, argv);
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}
