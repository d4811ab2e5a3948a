/* SPDX-License-Identifier: Apache-2.0 */
/* The body that was kept, in the place of the one that came. */

#include <apr_lib.h>
#include <apr_strings.h>
#include <util_filter.h>

#include "resend_body.h"
#include "resend_note.h"

#define FORM_TYPE "application/x-www-form-urlencoded"
#define FORM_START SSO_RESEND_FIELD "="
#define FORM_BYTES (sizeof(FORM_START) - 1 + 12)

static ap_filter_rec_t *filter;

/** What a request gets in place of what is left of its body: nothing of that. */
typedef struct {
    sso_kept_t *kept;           /* NULL: only what is held */
    apr_bucket_brigade *held;
    int at_end;                 /* nothing is to come after what is held */
    int goes_on;                /* but what is left of the body that came */
    apr_status_t broken;        /* what comes then in place of an end */
} instead_t;

/* ---- the filter -------------------------------------------------------------------------------------------- */

static apr_status_t hold_more(ap_filter_t *f, instead_t *instead)
{
    saml_err_t *err = sso_err_new(f->r->pool);
    apr_bucket_alloc_t *list = f->c->bucket_alloc;
    const unsigned char *data;
    apr_size_t len = 0;

    if (instead->kept && !instead->at_end && sso_kept_read(&data, &len, instead->kept, err) != SAML_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, f->r, "%s", err->reason);
        return APR_EGENERAL;
    }
    if (len > 0) {
        APR_BRIGADE_INSERT_TAIL(instead->held, apr_bucket_heap_create((const char *)data, len, NULL, list));
        return APR_SUCCESS;
    }
    if (instead->broken != APR_SUCCESS)
        return instead->broken;
    instead->at_end = 1;
    APR_BRIGADE_INSERT_TAIL(instead->held, apr_bucket_eos_create(list));
    return APR_SUCCESS;
}

static apr_status_t give(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode, apr_read_type_e block, apr_off_t most)
{
    instead_t *instead = f->ctx;
    apr_bucket *end;
    apr_status_t rc;

    if (instead->goes_on && APR_BRIGADE_EMPTY(instead->held))
        return ap_get_brigade(f->next, bb, mode, block, most);
    if (mode != AP_MODE_READBYTES && mode != AP_MODE_GETLINE)
        return APR_ENOTIMPL;
    if (APR_BRIGADE_EMPTY(instead->held) && (rc = hold_more(f, instead)) != APR_SUCCESS)
        return rc;
    if (mode == AP_MODE_GETLINE)
        return apr_brigade_split_line(bb, instead->held, block, HUGE_STRING_LEN);
    rc = apr_brigade_partition(instead->held, most, &end);
    if (rc != APR_SUCCESS && rc != APR_INCOMPLETE)
        return rc;
    while (APR_BRIGADE_FIRST(instead->held) != end) {
        apr_bucket *bucket = APR_BRIGADE_FIRST(instead->held);

        APR_BUCKET_REMOVE(bucket);
        APR_BRIGADE_INSERT_TAIL(bb, bucket);
    }
    return APR_SUCCESS;
}

/* Where an internal redirect (Action, a rewrite) goes on with the request, it goes on with this body. */
static instead_t *put_instead(request_rec *r, sso_kept_t *kept)
{
    instead_t *instead = apr_pcalloc(r->pool, sizeof(*instead));
    ap_filter_t *f;

    instead->kept = kept;
    instead->held = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    f = ap_add_input_filter_handle(filter, instead, r, r->connection);
    if (f->next == r->proto_input_filters)
        r->proto_input_filters = f;
    return instead;
}

/* What was put there for this request already; a second filter of one type would go below it, and never be asked. */
static instead_t *that_is_there(request_rec *r)
{
    ap_filter_t *f;

    for (f = r->input_filters; f; f = f->next) {
        if (f->frec == filter && f->r == r)
            return f->ctx;
    }
    return NULL;
}

void sso_resend_register(void)
{
    /*
     * Right above HTTP_IN, which has read what came, and below whatever looks at the body or changes it (mod_security, DEFLATE): such
     * filters are AP_FTYPE_CONTENT_SET, and of two of one type the one that is added later, as they are, goes below.
     */
    filter = ap_register_input_filter("SAML_SSO_KEPT", give, NULL, AP_FTYPE_PROTOCOL - 1);
}

/* ---- our page's form --------------------------------------------------------------------------------------- */

/* A proxy in front may have made chunks of it, of which nobody knows the length. */
static int has_type_and_length(request_rec *r)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    if (!type || ap_cstr_casecmpn(type, FORM_TYPE, strlen(FORM_TYPE)) != 0)
        return 0;
    if (apr_table_get(r->headers_in, "Transfer-Encoding"))
        return 1;
    return length ? apr_atoi64(length) == (apr_int64_t)FORM_BYTES : r->connection->master != NULL;
}

/* @param len how many octets came: FORM_BYTES, fewer where it ends or breaks off, or one more where it goes on */
static apr_status_t read_body(char body[FORM_BYTES + 1], apr_size_t *len, request_rec *r)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t rc = APR_SUCCESS;
    int at_end = 0;

    for (*len = 0; !at_end && *len <= FORM_BYTES && rc == APR_SUCCESS; apr_brigade_cleanup(bb)) {
        apr_size_t part = FORM_BYTES + 1 - *len;

        rc = ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ, (apr_off_t)part);
        if (rc != APR_SUCCESS)
            break;
        at_end = !APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb));
        rc = apr_brigade_flatten(bb, body + *len, &part);
        *len += part;
    }
    return rc;
}

int sso_resend_read_form(const char **name, request_rec *r)
{
    apr_size_t len;
    apr_status_t rc;
    instead_t *instead;
    char *body;

    if (r->method_number != M_POST || r->main || r->prev || !has_type_and_length(r))
        return 0;
    body = apr_pcalloc(r->pool, FORM_BYTES + 2);
    rc = read_body(body, &len, r);
    *name = body + strlen(FORM_START);
    if (rc == APR_SUCCESS && len == FORM_BYTES && strncmp(body, FORM_START, strlen(FORM_START)) == 0 && sso_resend_is_name(*name))
        return 1;
    instead = that_is_there(r);
    if (!instead) {
        instead = put_instead(r, NULL);
        instead->broken = rc;
        instead->goes_on = rc == APR_SUCCESS && len > FORM_BYTES;
    }
    if (len > 0)
        APR_BRIGADE_INSERT_HEAD(instead->held, apr_bucket_pool_create(body, len, r->pool, r->connection->bucket_alloc));
    return 0;
}

/* ---- headers ----------------------------------------------------------------------------------------------- */

static const char *const body_headers[] = { "Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition" };

#define BODY_HEADERS (sizeof(body_headers) / sizeof(body_headers[0]))

const char *sso_resend_headers_of(request_rec *r)
{
    const char *text = "";
    apr_size_t i;

    for (i = 0; i < BODY_HEADERS; ++i) {
        const char *value = apr_table_get(r->headers_in, body_headers[i]);

        if (value)
            text = apr_pstrcat(r->pool, text, body_headers[i], ": ", value, "\n", NULL);
    }
    return text;
}

/* `text` ends in NUL, behind the last line. */
static void restore_headers(request_rec *r, const char *text)
{
    apr_size_t i;

    for (i = 0; i < BODY_HEADERS; ++i)
        apr_table_unset(r->headers_in, body_headers[i]);
    while (*text) {
        const char *colon = strchr(text, ':'), *end = strchr(text, '\n');

        if (!colon || !end || colon > end)
            return;
        apr_table_setn(r->headers_in, apr_pstrmemdup(r->pool, text, (apr_size_t)(colon - text)),
                       apr_pstrmemdup(r->pool, colon + 2, (apr_size_t)(end - colon - 2)));
        text = end + 1;
    }
}

/* ---- what was kept ----------------------------------------------------------------------------------------- */

/* The headers are in the first piece, as SSO_RESEND_HEADER_BYTES is less than one, and the body begins behind their NUL. */
saml_status_t sso_resend_put_body(request_rec *r, sso_kept_t *kept, saml_err_t *err)
{
    apr_uint64_t octets = sso_kept_left(kept);
    const unsigned char *data, *end;
    instead_t *instead;
    apr_size_t len;

    SAML_TRY(sso_kept_read(&data, &len, kept, err));
    end = memchr(data, '\0', len);
    if (!end)
        return saml_fail(err, SAML_E_STORE, "kept request: expected its headers first, got none");
    restore_headers(r, apr_pstrdup(r->pool, (const char *)data));
    len -= (apr_size_t)(end + 1 - data);
    octets -= (apr_uint64_t)(end + 1 - data);
    apr_table_setn(r->headers_in, "Content-Length", apr_psprintf(r->pool, "%" APR_UINT64_T_FMT, octets));
    apr_table_unset(r->headers_in, "Transfer-Encoding");        /* that was the form's, all of which has been read */
    instead = put_instead(r, kept);
    if (len > 0)
        APR_BRIGADE_INSERT_TAIL(instead->held, apr_bucket_heap_create((const char *)end + 1, len, NULL, r->connection->bucket_alloc));
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "a POST that was kept over the sign-on is sent again: %" APR_UINT64_T_FMT " octets",
                  octets);
    return SAML_OK;
}
