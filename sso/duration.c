/* SPDX-License-Identifier: Apache-2.0 */
#include "duration.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

/* The first of them are httpd's (ap_timeout_parameter_parse). */
static const struct {
    const char *unit;
    int seconds;
    sso_duration_units_t from;
} units_known[] = {
    { "", 1, SSO_DURATION }, { "s", 1, SSO_DURATION }, { "mi", 60, SSO_DURATION }, { "min", 60, SSO_DURATION }, { "h", 3600, SSO_DURATION },
    { "m", 60, SSO_DURATION_WITH_DAYS }, { "d", 86400, SSO_DURATION_WITH_DAYS },
};

int sso_duration_read(apr_int64_t *out_s, const char *text, sso_duration_units_t units)
{
    apr_size_t i;
    char *end;

    if (!apr_isdigit(*text) || strlen(text) > 9)
        return 0;
    *out_s = apr_strtoi64(text, &end, 10);
    for (i = 0; i < sizeof(units_known) / sizeof(units_known[0]); i++) {
        if (strcmp(end, units_known[i].unit) == 0 && units_known[i].from <= units) {
            *out_s *= units_known[i].seconds;
            return 1;
        }
    }
    return 0;
}
