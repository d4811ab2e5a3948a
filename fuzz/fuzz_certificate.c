/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: PEM, bare base64 or DER. */
#include "fuzz/fuzz.h"
#include "saml/key.h"

/* As it goes into KeyInfo and metadata it reads back as the same. */
static void check_cert(const saml_cert_t *cert, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };
    apr_array_header_t *again;
    saml_status_t status;

    FUZZ_MUST(cert->pkey && cert->der_len > 0 && cert->bits > 0 && cert->subject && cert->source);
    FUZZ_MUST(strspn(cert->sha256, "0123456789abcdef") == 64 && strlen(cert->sha256) == 64);
    FUZZ_MUST(strspn(cert->sha1, "0123456789ABCDEF") == 40 && strlen(cert->sha1) == 40);
    FUZZ_MUST(saml_certs_parse(&again, cert->base64, strlen(cert->base64), "again", p, &err) == SAML_OK);
    FUZZ_MUST(again->nelts == 1 && strcmp(APR_ARRAY_IDX(again, 0, saml_cert_t *)->sha256, cert->sha256) == 0);
    status = saml_cert_check(cert, FUZZ_NOW, 0, &err);
    if (status != SAML_OK)
        fuzz_check_refusal(status, &err);
    else
        FUZZ_MUST(cert->not_before <= FUZZ_NOW && cert->not_after >= FUZZ_NOW
                  && (cert->bits >= SAML_RSA_MIN_BITS || strcmp(cert->key_type, "RSA") != 0));
}

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
        for (i = 0; i < certs->nelts; i++)
            check_cert(APR_ARRAY_IDX(certs, i, const saml_cert_t *), p);
    }
    else {
        fuzz_check_refusal(status, &err);
    }
    apr_pool_destroy(p);
    return 0;
}
