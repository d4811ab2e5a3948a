/* SPDX-License-Identifier: Apache-2.0 */
/* The error log: one form for refusals, with a reference that the page shows too. */

#include <apr_escape.h>
#include <apr_strings.h>

#include "saml/explain.h"
#include "saml/id.h"
#include "sso.h"

#define REFERENCE_BYTES 6
#define REFERENCE_KEY "saml_sso:reference"

saml_err_t *sso_err_new(apr_pool_t *p)
{
    saml_err_t *err = apr_pcalloc(p, sizeof(*err));

    err->pool = p;
    return err;
}

/* Should the generator fail, time and connection are still good enough to find a line by. */
static const char *new_reference(request_rec *r)
{
    unsigned char octets[REFERENCE_BYTES];

    if (saml_random_bytes(octets, sizeof(octets), sso_err_new(r->pool)) != SAML_OK)
        return apr_psprintf(r->pool, "%" APR_UINT64_T_HEX_FMT "-%lx", (apr_uint64_t)r->request_time,
                            r->connection->id);
    return apr_pescape_hex(r->pool, octets, REFERENCE_BYTES, 0);
}

const char *sso_reference(request_rec *r)
{
    void *found = NULL;

    apr_pool_userdata_get(&found, REFERENCE_KEY, r->pool);
    if (!found) {
        found = (void *)(apr_uintptr_t)new_reference(r);
        apr_pool_userdata_setn(found, REFERENCE_KEY, NULL, r->pool);
    }
    return found;
}

void sso_log_refusal(request_rec *r, const saml_err_t *err, const char *reference)
{
    int level = err->status != SAML_E_STORE ? APLOG_WARNING : err->known ? APLOG_INFO : APLOG_ERR;
    const char *what = sso_request_of(r)->endpoint == SSO_ENDPOINT_LOGOUT ? "logout" : "login";

    const char *words = err->status == SAML_E_STATUS ? saml_explain_idp_line(&err->idp, r->pool) : NULL;

    ap_log_rerror(APLOG_MARK, level, 0, r, "%s refused [%s] (%s): %s%s%s", what, saml_status_name(err->status), reference,
                  err->reason ? err->reason : "no reason given", words ? "; " : "", words ? words : "");
}
