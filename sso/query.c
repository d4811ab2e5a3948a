/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "saml/binding.h"
#include "url.h"

#define FIRST_BYTES 65536
#define FORM_TYPE "application/x-www-form-urlencoded"

static saml_status_t value_of(const char **out, const char *text, apr_size_t len, const char *name, apr_pool_t *p,
                              saml_err_t *err)
{
    saml_param_t param;

    *out = NULL;
    SAML_TRY(saml_param_find(&param, text, len, name, err));
    if (!param.raw)
        return SAML_OK;
    return saml_form_decode(out, param.raw, param.raw_len, p, err);
}

saml_status_t sso_query_value(const char **out, request_rec *r, const char *name, saml_err_t *err)
{
    const char *query = r->args ? r->args : "";

    return value_of(out, query, strlen(query), name, r->pool, err);
}

saml_status_t sso_query_target(const char **out, request_rec *r, const sso_app_t *app, const char *what, saml_err_t *err)
{
    const char *target = NULL, *own;

    *out = NULL;
    SAML_TRY(sso_query_value(&target, r, "target", err));
    own = target && *target ? sso_own_target(app, target, r->pool) : NULL;
    if (target && *target && !own)
        return saml_fail(err, SAML_E_RELAY_STATE, "%s target: expected a path or a URL of this site, got %s", what,
                         saml_quote(r->pool, target));
    *out = own;
    return SAML_OK;
}

saml_status_t sso_form_value(const char **out, const sso_form_t *form, const char *name, apr_pool_t *p,
                             saml_err_t *err)
{
    return value_of(out, form->text, form->len, name, p, err);
}

/* The media type alone, without parameters such as charset. */
static int is_form(const char *content_type)
{
    apr_size_t len = strlen(FORM_TYPE);

    return content_type && ap_cstr_casecmpn(content_type, FORM_TYPE, len) == 0
           && (!content_type[len] || content_type[len] == ';' || apr_isspace(content_type[len]));
}

static saml_status_t too_large(apr_size_t max_bytes, saml_err_t *err)
{
    return saml_fail(err, SAML_E_TOO_LARGE, "form body: expected at most %" APR_SIZE_T_FMT " bytes, got more",
                     max_bytes);
}

/* Collect what one brigade holds into `buffer`. */
static saml_status_t collect(apr_array_header_t *buffer, apr_bucket_brigade *bb, apr_size_t max_bytes, int *at_end,
                             saml_err_t *err)
{
    apr_bucket *bucket;

    for (bucket = APR_BRIGADE_FIRST(bb); bucket != APR_BRIGADE_SENTINEL(bb); bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t len;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *at_end = 1;
            return SAML_OK;
        }
        if (APR_BUCKET_IS_METADATA(bucket))
            continue;
        if (apr_bucket_read(bucket, &data, &len, APR_BLOCK_READ) != APR_SUCCESS)
            return saml_fail(err, SAML_E_MALFORMED, "form body: it broke off after %d bytes", buffer->nelts);
        if (len > max_bytes - (apr_size_t)buffer->nelts)
            return too_large(max_bytes, err);
        while (buffer->nalloc - buffer->nelts < (int)len) {
            apr_array_header_t *larger = apr_array_make(buffer->pool, 2 * buffer->nalloc + (int)len, 1);

            memcpy(larger->elts, buffer->elts, (apr_size_t)buffer->nelts);
            larger->nelts = buffer->nelts;
            *buffer = *larger;
        }
        memcpy(buffer->elts + buffer->nelts, data, len);
        buffer->nelts += (int)len;
    }
    return SAML_OK;
}

static saml_status_t read_body(apr_array_header_t *buffer, request_rec *r, apr_size_t max_bytes, saml_err_t *err)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int at_end = 0;

    while (!at_end) {
        if (ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ, HUGE_STRING_LEN) != APR_SUCCESS)
            return saml_fail(err, SAML_E_MALFORMED, "form body: it broke off after %d bytes", buffer->nelts);
        SAML_TRY(collect(buffer, bb, max_bytes, &at_end, err));
        apr_brigade_cleanup(bb);
    }
    return SAML_OK;
}

saml_status_t sso_form_read(sso_form_t *out, request_rec *r, apr_size_t max_bytes, saml_err_t *err)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_int64_t announced = length ? apr_atoi64(length) : 0;
    apr_array_header_t *buffer;

    if (!is_form(type))
        return saml_fail(err, SAML_E_REQUEST, "content type: expected " FORM_TYPE ", got %s",
                         saml_quote(r->pool, type));
    if (announced < 0 || (apr_uint64_t)announced > max_bytes)
        return too_large(max_bytes, err);
    /* What is announced need not come: there is room for more when it does. */
    buffer = apr_array_make(r->pool, (int)(announced < FIRST_BYTES ? announced + 1 : FIRST_BYTES), 1);
    SAML_TRY(read_body(buffer, r, max_bytes, err));
    out->text = buffer->elts;
    out->len = (apr_size_t)buffer->nelts;
    return SAML_OK;
}
