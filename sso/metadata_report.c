/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator should know of an identity provider before it becomes a failure. */

#include <apr_strings.h>

#include "metadata_refresh.h"

#define SOON apr_time_from_sec(30 * 24 * 3600)

static const char *day_of(apr_time_t time, apr_pool_t *p)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, time);
    return apr_psprintf(p, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

const char *sso_report_certificate(const saml_cert_t *cert, apr_time_t now, apr_pool_t *p)
{
    if (now <= cert->not_after - SOON)
        return NULL;
    return apr_psprintf(p, "signing certificate %s, thumbprint %s, %s on %s", cert->subject, cert->sha1,
                        now <= cert->not_after ? "ends" : "ended", day_of(cert->not_after, p));
}

static int usable_certificates(const saml_idp_t *idp, unsigned allow, apr_time_t now, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };
    int usable = 0;

    for (int i = 0; i < idp->certs->nelts; i++)
        usable += saml_cert_check(APR_ARRAY_IDX(idp->certs, i, const saml_cert_t *), now, allow, &err) == SAML_OK;
    return usable;
}

static void report_certificates(const char *what, const saml_idp_t *idp, apr_time_t now, apr_pool_t *p, server_rec *s)
{
    for (int i = 0; i < idp->certs->nelts; i++) {
        const saml_cert_t *cert = APR_ARRAY_IDX(idp->certs, i, const saml_cert_t *);
        const char *ends = sso_report_certificate(cert, now, p);

        if (ends)
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "%s: %s [certificate-expired]; mend: renew it at the identity provider, and "
                         "see that the new one is known here", what, ends);
    }
}

void sso_report_idp(const char *what, const saml_idp_t *idp, int unsigned_requests, unsigned allow, apr_time_t now, apr_pool_t *p,
                    server_rec *s)
{
    report_certificates(what, idp, now, p, s);
    if (usable_certificates(idp, allow, now, p) == 0)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "%s: expected a signing certificate that may be used now, found none among %d "
                     "[certificate-expired]; mend: have the identity provider sign with a current one", what, idp->certs->nelts);
    if (idp->unread_certs)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "%s: expected readable certificates, found %d that cannot be read beside %d that "
                     "can [metadata]: %s", what, idp->unread_certs, idp->certs->nelts, idp->unread_reason);
    if (idp->want_authn_requests_signed && unsigned_requests)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "%s: expected \"SAMLSignRequests on\", as this metadata says "
                     "WantAuthnRequestsSigned, found it off [metadata]; mend: add it, and SAMLKey", what);
}
