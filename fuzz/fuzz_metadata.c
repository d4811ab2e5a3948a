/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata of an identity provider, as an administrator may have got it from anywhere. */
#include "fuzz/fuzz.h"
#include "saml/metadata.h"

static void check_idp(const saml_idp_t *idp)
{
    int i, k;

    FUZZ_MUST(idp->entity_id && *idp->entity_id);
    FUZZ_MUST(idp->certs->nelts > 0 && idp->unread_certs >= 0 && !idp->unread_certs == !idp->unread_reason);
    for (i = 0; i < idp->certs->nelts; i++) {
        for (k = 0; k < i; k++)
            FUZZ_MUST(strcmp(APR_ARRAY_IDX(idp->certs, i, saml_cert_t *)->sha256,
                             APR_ARRAY_IDX(idp->certs, k, saml_cert_t *)->sha256) != 0);
    }
    FUZZ_MUST(idp->valid_until == 0 || idp->valid_until > FUZZ_NOW);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    saml_err_t err = { .pool = NULL };
    saml_idp_t *idp;
    saml_status_t status;

    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    status = saml_metadata_read(&idp, (const char *)data, size, NULL, FUZZ_NOW, "corpus", p, &err);
    if (status == SAML_OK)
        check_idp(idp);
    else
        fuzz_check_refusal(status, &err);
    apr_pool_destroy(p);
    return 0;
}
