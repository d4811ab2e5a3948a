/* SPDX-License-Identifier: Apache-2.0 */
#include "trailers.h"

#include "headers.h"

/** What stood in the headers before the filters below were asked. */
typedef struct {
    apr_table_t *before;
    int is_asking;              /* they are being asked: HTTP_IN reads the lines of the trailers through all filters of the protocol */
} watch_t;

static ap_filter_rec_t *filter;

/* What we answer for, and what says which of it a proxy hands on. */
static int is_ours(const char *name)
{
    return ap_cstr_casecmp(name, "Cookie") == 0 || ap_cstr_casecmp(name, "Connection") == 0 || sso_header_is_ours(name);
}

/* No octets are copied: what a table held stays in the request's pool. */
static void move_ours(apr_table_t *to, const apr_table_t *from)
{
    const apr_array_header_t *headers = apr_table_elts(from);
    int i;

    for (i = 0; i < headers->nelts; ++i) {
        const apr_table_entry_t *entry = &APR_ARRAY_IDX(headers, i, apr_table_entry_t);

        if (is_ours(entry->key))
            apr_table_addn(to, entry->key, entry->val);
    }
}

static void drop_ours(apr_table_t *table)
{
    int i = 0;

    while (i < apr_table_elts(table)->nelts) {
        const char *name = APR_ARRAY_IDX(apr_table_elts(table), i, apr_table_entry_t).key;

        if (is_ours(name))
            apr_table_unset(table, name);   /* moves the next one here */
        else
            ++i;
    }
}

static apr_status_t keep_headers(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode, apr_read_type_e block,
                                 apr_off_t most)
{
    watch_t *watch = f->ctx;
    apr_status_t rc;

    if (watch->is_asking)
        return ap_get_brigade(f->next, bb, mode, block, most);
    apr_table_clear(watch->before);
    move_ours(watch->before, f->r->headers_in);
    watch->is_asking = 1;
    rc = ap_get_brigade(f->next, bb, mode, block, most);
    watch->is_asking = 0;
    if (rc != APR_SUCCESS || (!APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb)))) {
        drop_ours(f->r->headers_in);
        move_ours(f->r->headers_in, watch->before);
    }
    return rc;
}

void sso_trailers_watch(request_rec *r)
{
    watch_t *watch = apr_pcalloc(r->pool, sizeof(*watch));
    ap_filter_t *f = ap_add_input_filter_handle(filter, watch, r, r->connection);

    watch->before = apr_table_make(r->pool, 8);
    /* An internal redirect goes on with these filters alone, and HTTP_IN may not have come to the trailers yet. */
    if (f->next == r->proto_input_filters)
        r->proto_input_filters = f;
}

void sso_trailers_register(void)
{
    /* Right above HTTP_IN, which reads the trailers, and below whatever changes the body (resend_body.c has the same place, and goes below). */
    filter = ap_register_input_filter("SAML_SSO_TRAILERS", keep_headers, NULL, AP_FTYPE_PROTOCOL - 1);
}
