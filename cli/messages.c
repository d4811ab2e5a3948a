/* SPDX-License-Identifier: Apache-2.0 */

#include <apr_tables.h>
#include "har.h"
#include "messages.h"

saml_status_t cli_messages_read(apr_array_header_t **out, const char *data, apr_size_t len, apr_pool_t *p,
                                saml_err_t *err)
{
    const char *start = data;
    apr_size_t n = len;
    apr_array_header_t *list;
    cli_message_t one = { .how = NULL };

    cli_trim(&start, &n);
    if (n && *start == '{') {
        SAML_TRY(cli_har_read(&list, start, n, p, err));
        if (list->nelts == 0)
            return saml_fail(err, SAML_E_MALFORMED, "HAR file: expected a request or form with SAMLRequest or "
                             "SAMLResponse, got none");
        *out = list;
        return SAML_OK;
    }
    if (len > CLI_MAX_INPUT_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "input: expected at most %d bytes, got %" APR_SIZE_T_FMT " or more",
                         CLI_MAX_INPUT_BYTES, len);
    SAML_TRY(cli_message_read(&one, data, len, p, err));
    list = apr_array_make(p, 1, sizeof(cli_message_t));
    APR_ARRAY_PUSH(list, cli_message_t) = one;
    *out = list;
    return SAML_OK;
}
