/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: PEM, bare base64 or DER. */
#include "fuzz/fuzz.h"
#include "saml/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    saml_err_t err = { .pool = NULL };
    apr_array_header_t *certs;
    saml_status_t status;
    int i;

    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    status = saml_certs_parse(&certs, (const char *)data, size, "corpus", p, &err);
    if (status == SAML_OK) {
        FUZZ_MUST(certs->nelts > 0);
        for (i = 0; i < certs->nelts; i++) {
            status = saml_cert_check(APR_ARRAY_IDX(certs, i, const saml_cert_t *), FUZZ_NOW, 0, &err);
            if (status != SAML_OK)
                fuzz_check_refusal(status, &err);
        }
    }
    else {
        fuzz_check_refusal(status, &err);
    }
    apr_pool_destroy(p);
    return 0;
}
