/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_GROUP_MAP_H
#define SAML_GROUP_MAP_H

/** @file group_map.h Names that an administrator gives to groups known by their object ID. */

#include "saml.h"

#define SAML_GROUP_MAP_MAX_BYTES (1024 * 1024)
#define SAML_GROUP_MAP_MAX_NAME_BYTES 256

/** Read-only once made. */
typedef struct saml_group_map_t saml_group_map_t;

/**
 * Read lines of an object ID (a GUID), white space and a name, which may have spaces in it. Lines that begin with # and empty ones
 * say nothing. UTF-8, with or without a byte order mark; LF or CRLF. Every ID and every name stands once; no name has control
 * characters, is a GUID or is longer than SAML_GROUP_MAP_MAX_NAME_BYTES.
 * @param source  for reasons
 * @return SAML_OK, or SAML_E_METADATA with the number of the line
 */
SAML_MUST_CHECK saml_status_t saml_group_map_read(saml_group_map_t **out, const char *text, apr_size_t len,
                                                  const char *source, apr_pool_t *p, saml_err_t *err);

/** The same from a file of at most SAML_GROUP_MAP_MAX_BYTES. */
SAML_MUST_CHECK saml_status_t saml_group_map_load(saml_group_map_t **out, const char *file, apr_pool_t *p, saml_err_t *err);

/** The name of the group `id`, in any letter case, or NULL. */
const char *saml_group_map_name(const saml_group_map_t *map, const char *id);

/** The ID, in lower case, of the group called `name`, or NULL. */
const char *saml_group_map_id(const saml_group_map_t *map, const char *name);

/** How many groups have a name. */
int saml_group_map_count(const saml_group_map_t *map);

#endif
