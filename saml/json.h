/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_JSON_H
#define SAML_JSON_H

/** @file json.h Text as JSON strings (RFC 8259 7). */

#include "saml.h"

/** `text` as a JSON string with its quotes; `null` for NULL. Octets that are not UTF-8 become U+FFFD. Lives in `p`. */
const char *saml_json_string(apr_pool_t *p, const char *text);

#endif
