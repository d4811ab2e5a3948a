/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

/** @file show.h What `saml-sso decode` prints of a message. Nothing here verifies anything. */

#include "message.h"
#include "saml/xml.h"

/** Print `el` and all below it, indented, on stdout; the text of elements is left as it is. */
void cli_print_xml(const xmlNode *el);

/**
 * Print in plain language what the message says: who issued it, to whom, when it holds, what signatures stand in it, and
 * what would be refused at a glance.
 * @param now  for what is said about times
 */
void cli_print_account(const cli_message_t *m, const saml_doc_t *doc, apr_time_t now, apr_pool_t *p);

#endif
