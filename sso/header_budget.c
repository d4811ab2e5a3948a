/* SPDX-License-Identifier: Apache-2.0 */
#include "header_budget.h"

#include <apr_atomic.h>
#include <apr_strings.h>

#include "header_text.h"

#define SAY_AGAIN_AFTER_S 60

void sso_budget_leave_out(sso_budget_t *budget, request_rec *r, const sso_header_t *header)
{
    budget->left_out = budget->left_out ? apr_pstrcat(r->pool, budget->left_out, ";", header->header, NULL)
                                        : header->header;
}

/* One of this name's users would fill the log with every request. Of several threads one says it. */
static int is_to_be_said(request_rec *r, const char *name)
{
    const sso_managed_t *managed = sso_managed();
    apr_uint32_t now_s = (apr_uint32_t)apr_time_sec(r->request_time);

    for (int i = 0; i < managed->headers->nelts; ++i) {
        apr_uint32_t said_s = apr_atomic_read32(&managed->left_out_s[i]);

        if (!sso_header_same(name, APR_ARRAY_IDX(managed->headers, i, const char *)))
            continue;
        /* Unsigned: a clock that went back counts as a long time. */
        return now_s - said_s >= SAY_AGAIN_AFTER_S
               && apr_atomic_cas32(&managed->left_out_s[i], now_s, said_s) == said_s;
    }
    return 1;
}

static void say(request_rec *r, const sso_header_t *header, const char *of_what, apr_size_t most, apr_size_t got)
{
    if (!is_to_be_said(r, header->header))
        return;
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "header %s is left out [too-large]: expected at most %" APR_SIZE_T_FMT
                  " bytes of %s, got %" APR_SIZE_T_FMT " with claim \"%s\"; mend: have the identity provider send less of it "
                  "(of groups, only those assigned to the application), or set another claim, or give SAMLHeader max= where "
                  "the backend takes as much", header->header, most, of_what, got, header->claim);
}

int sso_budget_takes(sso_budget_t *budget, request_rec *r, const sso_header_t *header, apr_size_t len)
{
    apr_size_t most = header->max_bytes ? header->max_bytes : SSO_HEADER_VALUE_BYTES;
    apr_size_t line = header->header_len + strlen(": \r\n") + len;

    if (len > most) {
        say(r, header, "value", most, len);
        sso_budget_leave_out(budget, r, header);
        return 0;
    }
    if (header->max_bytes)
        return 1;
    if (budget->used_bytes + line > SSO_HEADERS_BYTES) {
        say(r, header, "all headers together", SSO_HEADERS_BYTES, budget->used_bytes + line);
        sso_budget_leave_out(budget, r, header);
        return 0;
    }
    budget->used_bytes += line;
    return 1;
}
