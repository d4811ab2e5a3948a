/* SPDX-License-Identifier: Apache-2.0 */
#include "group_map.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <libxml/xmlstring.h>

#include "guid.h"

struct saml_group_map_t {
    apr_hash_t *names;          /* by ID */
    apr_hash_t *ids;            /* by name */
};

/** Where reading stands. */
typedef struct {
    saml_group_map_t *map;
    const char *source;
    int line;
    apr_pool_t *p;
    saml_err_t *err;
} reader_t;

static saml_status_t fail(const reader_t *reader, const char *expected, const char *got)
{
    return saml_fail(reader->err, SAML_E_METADATA, "%s line %d: expected %s, found %s", reader->source, reader->line, expected,
                     saml_quote(reader->p, got));
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* C0, DEL, and C1 as UTF-8 writes them; `text` is UTF-8. */
static int has_control(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    for (; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
            return 1;
    }
    return 0;
}

static saml_status_t check_name(const reader_t *reader, const char *name)
{
    if (!*name)
        return fail(reader, "a name behind the object ID", name);
    if (strlen(name) > SAML_GROUP_MAP_MAX_NAME_BYTES)
        return fail(reader, "a name of at most 256 octets", name);
    if (!xmlCheckUTF8((const xmlChar *)name) || has_control(name))
        return fail(reader, "a name in UTF-8 without control characters", name);
    if (saml_guid_is(name))
        return fail(reader, "a name that is no object ID itself", name);
    return SAML_OK;
}

static saml_status_t add(const reader_t *reader, const char *id, const char *name)
{
    saml_group_map_t *map = reader->map;

    if (apr_hash_get(map->names, id, SAML_GUID_CHARS))
        return fail(reader, "each object ID once", id);
    if (apr_hash_get(map->ids, name, APR_HASH_KEY_STRING))
        return fail(reader, "each name once", name);
    apr_hash_set(map->names, id, SAML_GUID_CHARS, name);
    apr_hash_set(map->ids, name, APR_HASH_KEY_STRING, id);
    return SAML_OK;
}

/* `line` is writable and has neither its end nor a NUL in it. */
static saml_status_t read_line(const reader_t *reader, char *line)
{
    char *end = line + strlen(line), *name;

    while (end > line && is_blank(end[-1]))
        *--end = '\0';
    while (is_blank(*line))
        line++;
    if (!*line || *line == '#')
        return SAML_OK;
    name = line + strcspn(line, " \t");
    if (*name) {
        *name++ = '\0';
        while (is_blank(*name))
            name++;
    }
    if (!saml_guid_is(line))
        return fail(reader, "an object ID (a GUID) and a name", line);
    SAML_TRY(check_name(reader, name));
    return add(reader, saml_guid_lower(reader->p, line), name);
}

saml_status_t saml_group_map_read(saml_group_map_t **out, const char *text, apr_size_t len, const char *source,
                                  apr_pool_t *p, saml_err_t *err)
{
    saml_group_map_t *map = apr_palloc(p, sizeof(*map));
    reader_t reader = { map, source, 0, p, err };
    const char *at = text, *end = text + len;

    map->names = apr_hash_make(p);
    map->ids = apr_hash_make(p);
    if (len > SAML_GROUP_MAP_MAX_BYTES)
        return saml_fail(err, SAML_E_METADATA, "%s: expected at most %d octets, found more", source, SAML_GROUP_MAP_MAX_BYTES);
    if (len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while (at < end) {
        const char *stop = memchr(at, '\n', (apr_size_t)(end - at));
        apr_size_t size = (apr_size_t)((stop ? stop : end) - at);

        reader.line++;
        if (memchr(at, '\0', size))
            return fail(&reader, "text", at);
        SAML_TRY(read_line(&reader, apr_pstrmemdup(p, at, size)));
        at += size + (stop != NULL);
    }
    *out = map;
    return SAML_OK;
}

static saml_status_t read_file(const char **out, apr_size_t *len, const char *file, apr_pool_t *p, saml_err_t *err)
{
    char *text = apr_palloc(p, SAML_GROUP_MAP_MAX_BYTES + 1);
    apr_file_t *f = NULL;
    apr_status_t rv = apr_file_open(&f, file, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, p);
    char why[128];

    if (rv == APR_SUCCESS) {
        rv = apr_file_read_full(f, text, SAML_GROUP_MAP_MAX_BYTES + 1, len);
        apr_file_close(f);
        if (rv == APR_EOF)
            rv = APR_SUCCESS;
    }
    if (rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_METADATA, "expected a readable file of group names, found %s (%s)", saml_quote(p, file),
                         apr_strerror(rv, why, sizeof(why)));
    *out = text;
    return SAML_OK;
}

saml_status_t saml_group_map_load(saml_group_map_t **out, const char *file, apr_pool_t *p, saml_err_t *err)
{
    const char *text = NULL;
    apr_size_t len = 0;

    SAML_TRY(read_file(&text, &len, file, p, err));
    return saml_group_map_read(out, text, len, file, p, err);
}

const char *saml_group_map_name(const saml_group_map_t *map, const char *id)
{
    char lower[SAML_GUID_CHARS];
    int i;

    if (!saml_guid_is(id))
        return NULL;
    for (i = 0; i < SAML_GUID_CHARS; i++)
        lower[i] = (char)apr_tolower(id[i]);
    return apr_hash_get(map->names, lower, SAML_GUID_CHARS);
}

const char *saml_group_map_id(const saml_group_map_t *map, const char *name)
{
    return apr_hash_get(map->ids, name, APR_HASH_KEY_STRING);
}

int saml_group_map_count(const saml_group_map_t *map)
{
    return (int)apr_hash_count(map->names);
}
