/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Response that a browser brings. The corpus are the fixtures, signed by keys that the fuzzer has not: whatever it
 * makes of them, a login that comes out must be one that was signed.
 */
#include "fuzz/fuzz.h"
#include "saml/response.h"

static const apr_array_header_t *idp_certs(apr_pool_t *p)
{
    static apr_array_header_t *certs;
    saml_err_t err = { .pool = p };
    const char *root = getenv("SSO_SRCDIR");

    if (!certs && saml_certs_load(&certs, apr_pstrcat(p, root ? root : ".", "/t/fixtures/idp.crt", NULL), p, &err)
        != SAML_OK) {
        fprintf(stderr, "fuzz_response: %s (SSO_SRCDIR names the source folder)\n", err.reason);
        exit(1);
    }
    return certs;
}

static void check_login(const saml_login_t *login, const saml_expect_t *want)
{
    FUZZ_MUST(login->name_id.value && *login->name_id.value);
    FUZZ_MUST(strcmp(login->issuer, want->issuer) == 0);
    FUZZ_MUST(login->assertion_id != NULL);
    FUZZ_MUST(login->signed_by != NULL);
    FUZZ_MUST(login->in_response_to && strcmp(login->in_response_to, want->in_response_to) == 0);
    /* The fixtures put her into what is not signed, or not by this key. */
    FUZZ_MUST(strstr(login->name_id.value, "eve@") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    saml_err_t err = { .pool = NULL };
    saml_expect_t want = { .now = FUZZ_NOW, .skew = apr_time_from_sec(180) };
    apr_array_header_t *audiences;
    saml_response_peek_t peek;
    saml_login_t *login;
    saml_status_t status;

    want.certs = idp_certs(fuzz_pool());
    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    audiences = apr_array_make(p, 1, sizeof(const char *));
    APR_ARRAY_PUSH(audiences, const char *) = "https://sp.example.org/saml";
    want.issuer = "https://sts.windows.net/11111111-2222-4333-8444-555555555555/";
    want.acs_url = "https://sp.example.org/saml/acs";
    want.audiences = audiences;
    want.in_response_to = "_r4f1d0c9a";
    want.replay = saml_replay_memory(p);

    status = saml_response_peek(&peek, (const char *)data, size, p, &err);
    if (status != SAML_OK)
        fuzz_check_refusal(status, &err);
    status = saml_response_check(&login, (const char *)data, size, &want, p, &err);
    if (status == SAML_OK)
        check_login(login, &want);
    else
        fuzz_check_refusal(status, &err);
    apr_pool_destroy(p);
    return 0;
}
