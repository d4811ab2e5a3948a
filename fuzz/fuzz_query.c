/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of queries and forms. The first octet says how the body arrives: in pieces of which size, and whether it breaks
 * off; the rest is the body, and the query.
 */
#include "fuzz/fuzz.h"
#include <apr_buckets.h>
#include "sso/query.h"
#include "sso/url.h"

#define MOST_BYTES 4096

module AP_MODULE_DECLARE_DATA saml_sso_module;

/* The body as httpd's input filters would hand it out. */
static struct {
    const char *text;
    apr_size_t left;
    apr_size_t piece;
    int breaks_off;
} body;

apr_status_t ap_get_brigade(ap_filter_t *filter, apr_bucket_brigade *bb, ap_input_mode_t mode, apr_read_type_e block,
                            apr_off_t most)
{
    apr_size_t len = body.left < body.piece ? body.left : body.piece;

    (void)filter;
    (void)mode;
    (void)block;
    FUZZ_MUST(most > 0);
    if (!body.left && body.breaks_off)
        return APR_EOF;
    if (len)
        APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_transient_create(body.text, len, bb->bucket_alloc));
    if (!body.left)
        APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(bb->bucket_alloc));
    else
        APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_flush_create(bb->bucket_alloc));
    body.text += len;
    body.left -= len;
    return APR_SUCCESS;
}

int ap_cstr_casecmpn(const char *a, const char *b, apr_size_t n)
{
    return strncasecmp(a, b, n);
}

/* fuzz_target.c is about url.c; here it is enough that somebody was asked. */
const char *sso_own_target(const sso_app_t *app, const char *target, apr_pool_t *p)
{
    (void)app;
    return target[0] == '/' ? apr_pstrdup(p, target) : NULL;
}

/* How often `name` stands as the name of a parameter: what lies between two "&", up to its first "=". */
static int occurrences(const char *text, apr_size_t len, const char *name)
{
    apr_size_t from = 0, i, n = strlen(name), equals;
    int count = 0;

    for (i = 0; i <= len; i++) {
        if (i < len && text[i] != '&')
            continue;
        for (equals = from; equals < i && text[equals] != '=';)
            equals++;
        count += equals - from == n && memcmp(text + from, name, n) == 0;
        from = i + 1;
    }
    return count;
}

static void check_value(saml_status_t status, const char *value, const char *text, apr_size_t len, const char *name,
                        const saml_err_t *err)
{
    int count = occurrences(text, len, name);

    if (status != SAML_OK) {
        fuzz_check_refusal(status, err);
        FUZZ_MUST(count > 0);
        return;
    }
    FUZZ_MUST(count < 2);
    FUZZ_MUST((value != NULL) == (count == 1));
    FUZZ_MUST(!value || strlen(value) <= len);
}

static void try_form(request_rec *r, const char *text, apr_size_t len, saml_err_t *err)
{
    static const char *const names[] = { "SAMLResponse", "RelayState", "target", "a" };
    sso_form_t form;
    const char *value;
    saml_status_t status = sso_form_read(&form, r, MOST_BYTES, err);
    size_t i;

    if (status != SAML_OK) {
        fuzz_check_refusal(status, err);
        FUZZ_MUST(body.breaks_off || len > MOST_BYTES);
        return;
    }
    FUZZ_MUST(!body.breaks_off && form.len == len && len <= MOST_BYTES && memcmp(form.text, text, len) == 0);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        status = sso_form_value(&value, &form, names[i], r->pool, err);
        check_value(status, value, form.text, form.len, names[i], err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    saml_err_t err = { .pool = NULL };
    request_rec r;
    conn_rec connection;
    sso_app_t app;
    const char *value;
    saml_status_t status;

    if (size < 1)
        return 0;
    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    memset(&r, 0, sizeof(r));
    memset(&connection, 0, sizeof(connection));
    memset(&app, 0, sizeof(app));
    connection.bucket_alloc = apr_bucket_alloc_create(p);
    r.pool = p;
    r.connection = &connection;
    r.headers_in = apr_table_make(p, 4);
    apr_table_setn(r.headers_in, "Content-Type", data[0] & 0x40 ? "application/x-www-form-urlencoded"
                                                                : "Application/X-WWW-Form-URLencoded; charset=UTF-8");
    body.text = (const char *)data + 1;
    body.left = size - 1;
    body.piece = (apr_size_t)(data[0] & 0x3f) * 8 + 1;
    body.breaks_off = data[0] >> 7;
    try_form(&r, (const char *)data + 1, size - 1, &err);

    r.args = apr_pstrmemdup(p, (const char *)data + 1, size - 1);
    status = sso_query_value(&value, &r, "target", &err);
    check_value(status, value, r.args, strlen(r.args), "target", &err);
    status = sso_query_target(&value, &r, &app, "login", &err);
    if (status == SAML_OK)
        FUZZ_MUST(!value || value[0] == '/');
    else
        fuzz_check_refusal(status, &err);
    apr_pool_destroy(p);
    return 0;
}
