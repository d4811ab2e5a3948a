/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_CLOCK_H
#define SAML_CLOCK_H

/** @file clock.h xs:dateTime (XML Schema Part 2, 3.2.7) and validity windows. The library never asks what time it is. */

#include "saml.h"

/**
 * Read an xs:dateTime. Surrounding white space is collapsed. Fractions of any length are cut to
 * microseconds; "Z" and offsets of +14:00 to -14:00 are honoured; without a zone the value is taken as UTC
 * (SAML Core 1.3.3 demands UTC). 24:00:00 and leap second 60 are read; impossible dates are refused.
 * @param what  the name of the value for the reason, such as "Conditions NotBefore"
 * @return SAML_OK or SAML_E_MALFORMED
 */
SAML_MUST_CHECK saml_status_t saml_time_parse(apr_time_t *out, const char *text, const char *what, saml_err_t *err);

/** "2026-03-02T09:15:30Z" from `t`; with milliseconds where `t` is not a whole second. */
const char *saml_time_format(apr_pool_t *p, apr_time_t t);

/** Whether the time `limit` (a NotOnOrAfter) has come, at `now`, granting `skew`: now >= limit + skew. */
int saml_time_is_past(apr_time_t limit, apr_time_t now, apr_interval_time_t skew);

/** Whether `start` (a NotBefore) is still to come, at `now`, granting `skew`: now + skew < start. */
int saml_time_is_ahead(apr_time_t start, apr_time_t now, apr_interval_time_t skew);

#endif
