/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_XML_SCAN_H
#define SAML_XML_SCAN_H

/** @file xml_scan.h One linear pass over the octets, before any parser builds anything from them. */

#include "saml.h"

/**
 * See that `xml` is lexically XML without a document type and stays within the limits of saml.h.
 *
 * The pass is strict about where tags, attribute values, comments and CDATA sections begin and end, so that the
 * parser, which reads the same octets afterwards, cannot see other tags than were counted here. Names,
 * namespaces and the pairing of tags are the parser's business.
 * @param encoding  set on SAML_OK: "UTF-8" or "ISO-8859-1", for the parser
 * @param start     set on SAML_OK: octets of a byte order mark to skip
 * @return SAML_OK, SAML_E_MALFORMED or SAML_E_TOO_LARGE
 * Spec: XML 1.0, 2 and 4.3.3
 */
SAML_MUST_CHECK saml_status_t saml_xml_scan(const char **encoding, apr_size_t *start, const char *xml, apr_size_t len,
                                            apr_size_t max_bytes, const char *what, saml_err_t *err);

#endif
