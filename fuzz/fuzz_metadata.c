/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata of an identity provider, as an administrator may have got it from anywhere. */
#include "fuzz/fuzz.h"
#include "saml/metadata.h"

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
        FUZZ_MUST(idp->entity_id && *idp->entity_id);
    else
        fuzz_check_refusal(status, &err);
    apr_pool_destroy(p);
    return 0;
}
