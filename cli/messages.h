/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_MESSAGES_H
#define CLI_MESSAGES_H

/** @file messages.h All messages of one input. */

#include "message.h"

/**
 * Every message in `data`, which may also be a redirect URL, a query, a page with a form or a HAR file.
 * @param out  array of cli_message_t, each message once; at least one on SAML_OK
 */
SAML_MUST_CHECK saml_status_t cli_messages_read(apr_array_header_t **out, const char *data, apr_size_t len,
                                                apr_pool_t *p, saml_err_t *err);

#endif
