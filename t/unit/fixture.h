/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_FIXTURE_H
#define T_UNIT_FIXTURE_H

/** @file fixture.h What the tests over t/fixtures/ share. The files are made by t/fixtures/make.py for the time NOW. */

#include "common.h"

#include <stdlib.h>
#include <apr_file_io.h>
#include "saml/response.h"

#define NOW APR_TIME_C(1772442930000000)    /* 2026-03-02T09:15:30Z */
#define SEC APR_TIME_C(1000000)
#define SKEW (180 * SEC)
/* A time of that day. */
#define TIME(h, m, s) (NOW - ((9 * 60 + 15) * 60 + 30) * SEC + (((h) * 60 + (m)) * 60 + (s)) * SEC)

#define IDP      "https://sts.windows.net/11111111-2222-4333-8444-555555555555/"
#define ACS      "https://sp.example.org/saml/acs"
#define AUDIENCE "https://sp.example.org/saml"
#define REQUEST  "_r4f1d0c9a"

static inline const char *fixture_path(const char *name)
{
    const char *root = getenv("SSO_SRCDIR");

    return apr_pstrcat(group_pool, root ? root : ".", "/t/fixtures/", name, NULL);
}

static inline const char *read_fixture(apr_size_t *len, const char *name)
{
    apr_file_t *f;
    apr_finfo_t info;
    char *data;

    if (apr_file_open(&f, fixture_path(name), APR_FOPEN_READ, 0, pool) != APR_SUCCESS)
        fail_msg("cannot open %s", fixture_path(name));
    assert_int_equal(apr_file_info_get(&info, APR_FINFO_SIZE, f), APR_SUCCESS);
    /* An exact allocation, so that a read past the end is seen. */
    data = malloc(info.size ? info.size : 1);
    assert_non_null(data);
    apr_pool_cleanup_register(pool, data, (apr_status_t (*)(void *))(void (*)(void))free, apr_pool_cleanup_null);
    assert_int_equal(apr_file_read_full(f, data, info.size, len), info.size ? APR_SUCCESS : APR_EOF);
    apr_file_close(f);
    return data;
}

static inline const saml_cert_t *fixture_cert(const char *name)
{
    saml_err_t e = { .pool = group_pool };
    apr_array_header_t *certs;

    if (saml_certs_load(&certs, fixture_path(name), group_pool, &e) != SAML_OK)
        fail_msg("%s: %s", name, e.reason);
    return APR_ARRAY_IDX(certs, 0, const saml_cert_t *);
}

static inline saml_keypair_t *fixture_key(const char *key, const char *cert)
{
    saml_err_t e = { .pool = group_pool };
    saml_keypair_t *pair;

    if (saml_keypair_load(&pair, fixture_path(key), fixture_path(cert), group_pool, &e) != SAML_OK)
        fail_msg("%s: %s", key, e.reason);
    return pair;
}

static inline apr_array_header_t *pointers(const void *first, const void *second)
{
    apr_array_header_t *a = apr_array_make(group_pool, 2, sizeof(const void *));

    APR_ARRAY_PUSH(a, const void *) = first;
    if (second)
        APR_ARRAY_PUSH(a, const void *) = second;
    return a;
}

/* ---- a replay store that can be looked into --------------------------------- */

static struct {
    int uses;
    apr_time_t until;
    saml_status_t answer;
} store;

static inline saml_status_t store_use(void *baton, const unsigned char key[32], apr_time_t until, saml_err_t *e)
{
    (void)baton;
    assert_non_null(key);
    store.uses++;
    store.until = until;
    return store.answer == SAML_OK ? SAML_OK : saml_fail(e, store.answer, "store says no");
}

static inline const saml_replay_t *fixture_replay(void)
{
    static const saml_replay_t replay = { store_use, NULL };

    memset(&store, 0, sizeof(store));
    return &replay;
}

/* ---- what is expected of a Response ------------------------------------------ */

static apr_array_header_t *idp_certs, *sp_keys;

static inline int set_up_expectation(void **state)
{
    if (set_up_library(state) != 0)
        return -1;
    idp_certs = pointers(fixture_cert("idp.crt"), NULL);
    sp_keys = pointers(fixture_key("sp.key", "sp.crt"), fixture_key("sp2.key", "sp2.crt"));
    return 0;
}

static inline saml_expect_t expectation(void)
{
    saml_expect_t want = { .now = NOW, .skew = SKEW, .issuer = IDP, .acs_url = ACS, .in_response_to = REQUEST };

    want.certs = idp_certs;
    want.keys = sp_keys;
    want.audiences = pointers(AUDIENCE, "spn:0");
    want.replay = fixture_replay();
    return want;
}

#endif
