/* SPDX-License-Identifier: Apache-2.0 */
/* The small decoders: base64, base64url, form values and parameters, xs:dateTime. What is decoded encodes back. */
#include "fuzz/fuzz.h"
#include "saml/clock.h"
#include "saml/encoding.h"

static void try_base64(const char *text, size_t size, apr_pool_t *p, saml_err_t *err)
{
    const char *out, *again;
    apr_size_t len, again_len;
    saml_status_t status = saml_base64_decode(&out, &len, text, size, SAML_MAX_MESSAGE_BYTES, "corpus", p, err);

    if (status != SAML_OK) {
        fuzz_check_refusal(status, err);
        return;
    }
    again = saml_base64_encode(p, out, len);
    FUZZ_MUST(saml_base64_decode(&again, &again_len, again, strlen(again), SAML_MAX_MESSAGE_BYTES, "again", p, err)
              == SAML_OK || len == 0);
    FUZZ_MUST(len == 0 || (again_len == len && memcmp(again, out, len) == 0));
}

static void try_form(const char *text, size_t size, apr_pool_t *p, saml_err_t *err)
{
    const char *out, *again;
    saml_param_t param;
    saml_status_t status = saml_form_decode(&out, text, size, p, err);

    if (status == SAML_OK) {
        again = saml_percent_encode(p, out);
        FUZZ_MUST(saml_form_decode(&again, again, strlen(again), p, err) == SAML_OK && strcmp(again, out) == 0);
    }
    else {
        fuzz_check_refusal(status, err);
    }
    status = saml_param_find(&param, text, size, "SAMLResponse", err);
    if (status != SAML_OK)
        fuzz_check_refusal(status, err);
    else if (param.raw)
        FUZZ_MUST(param.raw >= text && param.raw + param.raw_len <= text + size);
}

static void try_time(const char *text, apr_pool_t *p, saml_err_t *err)
{
    apr_time_t at, again;
    saml_status_t status = saml_time_parse(&at, text, "corpus", err);

    if (status != SAML_OK) {
        fuzz_check_refusal(status, err);
        return;
    }
    FUZZ_MUST(saml_time_parse(&again, saml_time_format(p, at), "again", err) == SAML_OK);
    /* Milliseconds are what is written. */
    FUZZ_MUST(again - at < 1000 && at - again < 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    saml_err_t err = { .pool = NULL };
    const char *out;
    apr_size_t len;
    saml_status_t status;

    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    try_base64((const char *)data, size, p, &err);
    status = saml_base64url_decode(&out, &len, (const char *)data, size, p, &err);
    if (status != SAML_OK)
        fuzz_check_refusal(status, &err);
    try_form((const char *)data, size, p, &err);
    try_time(apr_pstrmemdup(p, (const char *)data, size), p, &err);
    apr_pool_destroy(p);
    return 0;
}
