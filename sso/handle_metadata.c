/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <apr_strings.h>

#include "page.h"
#include "saml/metadata.h"
#include "url.h"

/* What an administrator pastes or uploads at the identity provider: our descriptor and our certificate. */

static apr_array_header_t *acs_urls(const sso_app_t *app, apr_pool_t *p)
{
    apr_array_header_t *urls = apr_array_make(p, app->reply_urls->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < app->reply_urls->nelts; ++i)
        APR_ARRAY_PUSH(urls, const char *) = APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t).url;
    return urls;
}

static int send_document(request_rec *r, const char *type, const char *file_name, const char *text)
{
    ap_set_content_type(r, type);
    apr_table_setn(r->headers_out, "Content-Disposition",
                   apr_psprintf(r->pool, "inline; filename=\"%s\"", file_name));
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    ap_set_content_length(r, (apr_off_t)strlen(text));
    if (!r->header_only)
        ap_rputs(text, r);
    return OK;
}

int sso_handle_metadata(request_rec *r, const sso_app_t *app)
{
    saml_sp_t sp = { 0 };

    sp.entity_id = app->identifier;
    sp.acs_urls = acs_urls(app, r->pool);
    sp.logout_url = sso_endpoint_url(app, &APR_ARRAY_IDX(app->reply_urls, 0, sso_reply_url_t), "logout", r->pool);
    sp.name_id_format = app->name_id_format;
    sp.keys = app->keys;
    sp.sign_requests = app->sign_requests;
    return send_document(r, "application/samlmetadata+xml", "metadata.xml", saml_metadata_write(&sp, r->pool));
}

/* PEM: base64 in lines of 64 (RFC 7468). */
static const char *pem_of(const saml_cert_t *cert, apr_pool_t *p)
{
    const char *at = cert->base64;
    const char *text = "-----BEGIN CERTIFICATE-----\n";

    while (*at) {
        const char *line = apr_pstrndup(p, at, 64);

        text = apr_pstrcat(p, text, line, "\n", NULL);
        at += strlen(line);
    }
    return apr_pstrcat(p, text, "-----END CERTIFICATE-----\n", NULL);
}

int sso_handle_certificate(request_rec *r, const sso_app_t *app)
{
    if (!app->keys->nelts)
        return HTTP_NOT_FOUND;
    return send_document(r, "application/x-pem-file", "certificate.pem",
                         pem_of(APR_ARRAY_IDX(app->keys, 0, const saml_keypair_t *)->cert, r->pool));
}
