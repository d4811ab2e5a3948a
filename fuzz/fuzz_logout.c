/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logout messages by both bindings. The first octet chooses: its lowest bit LogoutResponse, the next HTTP-Redirect. The rest is
 * the message, or the query. The corpus is signed by a key that the fuzzer has not: what it makes of it must be one that was
 * signed, or be refused; and where unsigned ones are taken, must say so itself.
 */
#include "fuzz/fuzz.h"
#include "saml/logout.h"

#define IDP  "https://sts.windows.net/11111111-2222-4333-8444-555555555555/"
#define HERE "https://sp.example.org/saml/logout"

static const apr_array_header_t *idp_certs(apr_pool_t *p)
{
    static apr_array_header_t *certs;
    saml_err_t err = { .pool = p };
    const char *root = getenv("SSO_SRCDIR");

    if (!certs && saml_certs_load(&certs, apr_pstrcat(p, root ? root : ".", "/t/fixtures/idp.crt", NULL), p, &err)
        != SAML_OK) {
        fprintf(stderr, "fuzz_logout: %s (SSO_SRCDIR names the source folder)\n", err.reason);
        exit(1);
    }
    return certs;
}

static const apr_array_header_t *one(const char *text, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, 1, sizeof(const char *));

    APR_ARRAY_PUSH(list, const char *) = text;
    return list;
}

static void check_request(const saml_logout_message_t *message, const saml_logout_expect_t *want, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };
    saml_logout_request_t *request;
    saml_status_t status = saml_logout_request_check(&request, message, want, p, &err);
    int i;

    if (status != SAML_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    FUZZ_MUST(request->is_signed || (want->allow & SAML_ALLOW_UNSIGNED_LOGOUT));
    FUZZ_MUST(strcmp(request->issuer, IDP) == 0);
    FUZZ_MUST(request->id && *request->id);
    FUZZ_MUST(request->name_id.value && *request->name_id.value);
    FUZZ_MUST(!request->is_signed || strncmp(request->name_id.value, "ada@example.org", 15) == 0);
    FUZZ_MUST(request->session_indexes->nelts <= SAML_MAX_SESSION_INDEXES);
    for (i = 0; i < request->session_indexes->nelts; i++)
        FUZZ_MUST(*APR_ARRAY_IDX(request->session_indexes, i, const char *));
}

static void check_response(const saml_logout_message_t *message, const saml_logout_expect_t *want, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };
    saml_logout_response_t *response;
    saml_status_t status = saml_logout_response_check(&response, message, want, p, &err);

    if (status != SAML_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    FUZZ_MUST(response->is_signed || (want->allow & SAML_ALLOW_UNSIGNED_LOGOUT));
    FUZZ_MUST(strcmp(response->issuer, IDP) == 0);
    FUZZ_MUST(response->in_response_to && *response->in_response_to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    saml_logout_expect_t want = { .now = FUZZ_NOW, .skew = apr_time_from_sec(180) };
    saml_logout_message_t message = { NULL, NULL, 0 };
    apr_pool_t *p;
    int pass;

    if (size == 0)
        return 0;
    want.certs = idp_certs(fuzz_pool());
    apr_pool_create(&p, fuzz_pool());
    want.issuers = one(IDP, p);
    want.destinations = one(HERE, p);
    if (data[0] & 2)
        message.query = apr_pstrmemdup(p, (const char *)data + 1, size - 1);
    message.xml = (const char *)data + 1;
    message.xml_len = size - 1;
    for (pass = 0; pass < 2; pass++) {
        want.replay = saml_replay_memory(p);
        if (data[0] & 1)
            check_response(&message, &want, p);
        else
            check_request(&message, &want, p);
        want.allow = SAML_ALLOW_UNSIGNED_LOGOUT | SAML_ALLOW_SHA1;
    }
    apr_pool_destroy(p);
    return 0;
}
