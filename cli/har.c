/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HAR files (HTTP Archive 1.2), as the developer tools of browsers save them. Browsers differ in where they put things, so that
 * every string is looked at: addresses, Location headers, posted bodies and fields, pages with a form.
 */

#include <string.h>
#include <apr_strings.h>
#include "cli.h"
#include "har.h"
#include "json.h"

typedef struct {
    apr_array_header_t *found;
    const char *method;         /* of the request that is being read */
    const char *url;
    int is_field;               /* the "name" of a {"name":..,"value":..} pair was that of a SAML parameter */
    apr_pool_t *p;
} har_t;

/* Without query: that is the message itself, or somebody's secrets. */
static const char *place(const har_t *h)
{
    const char *url = h->url ? h->url : "an unknown address";

    return apr_psprintf(h->p, "%s %s", h->method ? h->method : "request to",
                        cli_printable(h->p, apr_pstrmemdup(h->p, url, strcspn(url, "?#"))));
}

/* The same message stands in a HAR file several times: in the page, in the body, in the list of fields. */
static int is_known(const har_t *h, const cli_message_t *m)
{
    int i;

    for (i = 0; i < h->found->nelts; i++) {
        const cli_message_t *k = &APR_ARRAY_IDX(h->found, i, cli_message_t);

        if (k->len == m->len && memcmp(k->xml, m->xml, m->len) == 0)
            return 1;
    }
    return 0;
}

static void keep(har_t *h, cli_message_t *m)
{
    if (is_known(h, m))
        return;
    m->where = place(h);
    APR_ARRAY_PUSH(h->found, cli_message_t) = *m;
}

/* Text that only mentions a parameter (script, documentation) decodes to nothing, and is no message. */
static void look_into(har_t *h, const char *value, apr_size_t len)
{
    cli_message_t m = { .how = NULL };
    saml_err_t ignored = { .pool = h->p };
    int found = 0;

    if (h->is_field) {
        if (cli_value_read(&m, value, len, h->p, &ignored) == SAML_OK)
            keep(h, &m);
        return;
    }
    if (!strstr(value, "SAMLRe"))
        return;
    if (cli_query_read(&m, &found, value, len, h->p, &ignored) == SAML_OK && found) {
        keep(h, &m);
        return;
    }
    memset(&m, 0, sizeof m);
    if (cli_page_read(&m, &found, value, len, h->p, &ignored) == SAML_OK && found)
        keep(h, &m);
}

static void on_string(void *baton, const char *key, const char *value, apr_size_t len)
{
    har_t *h = baton;

    if (strcmp(key, "method") == 0)
        h->method = apr_pstrdup(h->p, value);
    if (strcmp(key, "url") == 0)
        h->url = apr_pstrdup(h->p, value);
    if (strcmp(key, "name") == 0) {
        h->is_field = strcmp(value, "SAMLResponse") == 0 || strcmp(value, "SAMLRequest") == 0;
        return;
    }
    h->is_field = h->is_field && strcmp(key, "value") == 0;
    look_into(h, value, len);
    h->is_field = 0;
}

saml_status_t cli_har_read(apr_array_header_t **out, const char *data, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    har_t h = { apr_array_make(p, 4, sizeof(cli_message_t)), NULL, NULL, 0, p };

    SAML_TRY(cli_json_walk(data, len, on_string, &h, p, err));
    *out = h.found;
    return SAML_OK;
}
