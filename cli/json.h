/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

/** @file json.h JSON (RFC 8259): what saml/json.h leaves open to write it, and a bounded walk over the strings of a text. */

#include "saml/saml.h"

/** Rendered values (array of const char *) as a JSON array. */
const char *cli_json_array(apr_pool_t *p, const apr_array_header_t *values);

/** Rendered members ("\"name\":value") as a JSON object. */
const char *cli_json_object(apr_pool_t *p, const apr_array_header_t *members);

/** One rendered member of an object; `value` is JSON already. */
const char *cli_json_member(apr_pool_t *p, const char *name, const char *value);

/**
 * Told of one string value. `key` is the name of the member it belongs to (that of the array, for its elements),
 * "" at the top. Both are valid during the call only.
 */
typedef void cli_json_string_fn(void *baton, const char *key, const char *value, apr_size_t len);

/**
 * Walk over a JSON text and report every string value in order. The grammar is checked as far as the end.
 * @return SAML_OK, SAML_E_MALFORMED, or SAML_E_TOO_LARGE for nesting deeper than any HAR file needs
 */
SAML_MUST_CHECK saml_status_t cli_json_walk(const char *text, apr_size_t len, cli_json_string_fn *on_string,
                                            void *baton, apr_pool_t *p, saml_err_t *err);

#endif
