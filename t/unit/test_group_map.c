/* SPDX-License-Identifier: Apache-2.0 */
/* Names of groups: what a file of them may hold, and which line is named where it does not. */

#include "common.h"

#include <stdlib.h>
#include <unistd.h>

#include "saml/group_map.h"

#define ADMINS "0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c11"
#define SALES  "6a1b2c3d-0000-4000-8000-00000000000a"

static saml_group_map_t *map;

static saml_status_t read_octets(const char *text, apr_size_t len)
{
    map = NULL;
    return saml_group_map_read(&map, text, len, "groups.map", pool, &err);
}

static saml_status_t read_text(const char *text)
{
    return read_octets(text, strlen(text));
}

static void names_and_ids(void **state)
{
    (void)state;
    assert_says(read_text("# who may\n\n" ADMINS " Site admins\n  \t" "6A1B2C3D-0000-4000-8000-00000000000A\t  Vente & Co # 2 \t\r\n"), SAML_OK, "");
    assert_int_equal(saml_group_map_count(map), 2);
    assert_string_equal(saml_group_map_name(map, ADMINS), "Site admins");
    assert_string_equal(saml_group_map_name(map, SALES), "Vente & Co # 2");
    assert_string_equal(saml_group_map_id(map, "Vente & Co # 2"), SALES);
    assert_null(saml_group_map_id(map, "site admins"));
    assert_null(saml_group_map_id(map, ADMINS));
    assert_null(saml_group_map_name(map, "Site admins"));
    assert_null(saml_group_map_name(map, "0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c12"));
    assert_string_equal(saml_group_map_name(map, "0F5C8F6E-7F0B-4EC9-9D4B-0D7F9C3A1C11"), "Site admins");
}

static void forms(void **state)
{
    (void)state;
    assert_says(read_text(""), SAML_OK, "");
    assert_int_equal(saml_group_map_count(map), 0);
    assert_says(read_text("\xef\xbb\xbf" ADMINS " \xc3\x84rzte"), SAML_OK, "");
    assert_string_equal(saml_group_map_name(map, ADMINS), "\xc3\x84rzte");
    assert_says(read_text("\xef\xbb\xbf"), SAML_OK, "");
    assert_says(read_text("#"), SAML_OK, "");
    assert_says(read_text("\xc2\xa0"), SAML_E_METADATA, "line 1");
}

static void lines_that_are_none(void **state)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        { "# one\n" ADMINS "\n", "groups.map line 2: expected a name behind the object ID" },
        { ADMINS " \t \n", "expected a name behind the object ID" },
        { "admins Site\n", "line 1: expected an object ID (a GUID) and a name, found \"admins\"" },
        { ADMINS " A\nx\n", "line 2: expected an object ID" },
        { ADMINS " A\n" ADMINS " B\n", "line 2: expected each object ID once" },
        { ADMINS " A\n\n" "0F5C8F6E-7F0B-4EC9-9D4B-0D7F9C3A1C11 B\n", "line 3: expected each object ID once" },
        { ADMINS " A\n" SALES " A\n", "line 2: expected each name once, found \"A\"" },
        { ADMINS " " SALES "\n", "expected a name that is no object ID itself" },
        { ADMINS " a\xff\n", "expected a name in UTF-8 without control characters" },
        { ADMINS " a\x01" "b\n", "without control characters" },
        { ADMINS " a\x7f" "b\n", "without control characters" },
        { ADMINS " a\rb\n", "without control characters" },
        { ADMINS " a\xc2\x85" "b\n", "without control characters" },
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_says(read_text(wrong[i].text), SAML_E_METADATA, wrong[i].says);
    assert_says(read_octets(ADMINS " a\0b\n", sizeof(ADMINS) + 4), SAML_E_METADATA, "line 1: expected text");
    assert_says(read_text(ADMINS " a\xc2\xa0" "b\xc3\x85\n"), SAML_OK, "");
}

static void limits(void **state)
{
    char *text = apr_palloc(pool, SAML_GROUP_MAP_MAX_BYTES + 2);
    char *name = apr_pcalloc(pool, SAML_GROUP_MAP_MAX_NAME_BYTES + 2);

    (void)state;
    memset(name, 'n', SAML_GROUP_MAP_MAX_NAME_BYTES);
    assert_says(read_text(apr_pstrcat(pool, ADMINS " ", name, NULL)), SAML_OK, "");
    name[SAML_GROUP_MAP_MAX_NAME_BYTES] = 'n';
    assert_says(read_text(apr_pstrcat(pool, ADMINS " ", name, NULL)), SAML_E_METADATA, "at most 256 octets");
    memset(text, '\n', SAML_GROUP_MAP_MAX_BYTES + 1);
    assert_says(read_octets(text, SAML_GROUP_MAP_MAX_BYTES), SAML_OK, "");
    assert_says(read_octets(text, SAML_GROUP_MAP_MAX_BYTES + 1), SAML_E_METADATA, "found more");
}

static void files(void **state)
{
    char name[] = "/tmp/test_group_map-XXXXXX";
    int fd = mkstemp(name);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, ADMINS " A\n", sizeof(ADMINS) + 2), sizeof(ADMINS) + 2);
    assert_says(saml_group_map_load(&map, name, pool, &err), SAML_OK, "");
    assert_string_equal(saml_group_map_id(map, "A"), ADMINS);
    assert_int_equal(ftruncate(fd, SAML_GROUP_MAP_MAX_BYTES + 1), 0);
    assert_says(saml_group_map_load(&map, name, pool, &err), SAML_E_METADATA, "found more");
    close(fd);
    unlink(name);
    assert_says(saml_group_map_load(&map, name, pool, &err), SAML_E_METADATA, "expected a readable file of group names");
    assert_says(saml_group_map_load(&map, "/tmp", pool, &err), SAML_E_METADATA, "expected a readable file of group names");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        unit(names_and_ids), unit(forms), unit(lines_that_are_none), unit(limits), unit(files),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_library, tear_down_library);
}
