/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_DURATION_H
#define SSO_DURATION_H

/** @file duration.h A length of time as it is written in the configuration. */

#include <apr.h>

/** Whether "m" (minutes, where httpd's own directives have "min") and "d" (days) are units too. */
typedef enum { SSO_DURATION, SSO_DURATION_WITH_DAYS } sso_duration_units_t;

/** "30s", "5min", "8h"; seconds without a unit. @return 0 where it is nothing of the kind */
int sso_duration_read(apr_int64_t *out_s, const char *text, sso_duration_units_t units);

#endif
