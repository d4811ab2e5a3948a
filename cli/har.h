/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HAR_H
#define CLI_HAR_H

/** @file har.h The SAML messages of a HAR file, as the developer tools of browsers save them. */

#include "message.h"

/** The largest HAR file. */
#define CLI_MAX_HAR_BYTES (256 * 1024 * 1024)

/** Every message in a HAR file. @param out array of cli_message_t, may come back empty */
SAML_MUST_CHECK saml_status_t cli_har_read(apr_array_header_t **out, const char *data, apr_size_t len, apr_pool_t *p,
                                           saml_err_t *err);

#endif
