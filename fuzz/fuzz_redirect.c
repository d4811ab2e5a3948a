/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a message that came by HTTP-Redirect, and its signature. */
#include "fuzz/fuzz.h"
#include "saml/binding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    saml_err_t err = { .pool = NULL };
    saml_redirect_message_t message;
    saml_trust_t trust = { .now = FUZZ_NOW };
    const char *query;
    saml_status_t status;

    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    query = apr_pstrmemdup(p, (const char *)data, size);
    trust.certs = apr_array_make(p, 1, sizeof(const saml_cert_t *));
    status = saml_redirect_decode(&message, query, p, &err);
    if (status == SAML_OK)
        FUZZ_MUST(message.xml_len <= SAML_MAX_MESSAGE_BYTES);
    else
        fuzz_check_refusal(status, &err);
    /* Without a certificate nothing verifies. */
    status = saml_redirect_verify(query, &trust, p, &err);
    FUZZ_MUST(status != SAML_OK);
    fuzz_check_refusal(status, &err);
    apr_pool_destroy(p);
    return 0;
}
