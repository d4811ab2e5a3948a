/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes from the token endpoint and from Graph, and a file of group names. The first octet says which reader:
 *     p  a page of groups    e  an error of Graph    t  a token    r  a token refused    l  the address of a next page    m  names
 */
#include "fuzz/fuzz.h"
#include "saml/graph.h"
#include "saml/group_map.h"
#include "saml/guid.h"
#include "saml/oauth.h"

#define HOST "graph.microsoft.com"

static saml_status_t try_page(const char *text, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    saml_graph_page_t page = { apr_array_make(p, 4, sizeof(const char *)), NULL };
    int i;

    SAML_TRY(saml_graph_page_read(&page, text, len, p, err));
    for (i = 0; i < page.ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(page.ids, i, const char *);

        FUZZ_MUST(saml_guid_is(id) && strcmp(id, saml_guid_lower(p, id)) == 0);
    }
    return SAML_OK;
}

static void try_error(const char *text, apr_size_t len, apr_pool_t *p)
{
    saml_graph_error_t error;

    saml_graph_error_read(&error, text, len, p);
    FUZZ_MUST(!error.code || strlen(error.code) <= 64);
    FUZZ_MUST(!error.message || strlen(error.message) <= SAML_MAX_REASON_BYTES);
}

static saml_status_t try_token(int http_status, const char *text, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    const saml_fetched_t answer = { .http_status = http_status, .body = text, .body_len = len };
    saml_oauth_token_t token;
    const char *c;

    SAML_TRY(saml_oauth_read(&token, &answer, p, err));
    FUZZ_MUST(http_status == 200 && *token.token && strlen(token.token) <= SAML_OAUTH_MAX_TOKEN_BYTES && token.expires_in > 0);
    for (c = token.token; *c; c++)
        FUZZ_MUST(*c > 0x20 && *c < 0x7f);
    return SAML_OK;
}

/* No address may lead anywhere else, however a reader of addresses takes it. */
static void try_link(const char *text)
{
    if (saml_graph_may_follow(text, HOST))
        FUZZ_MUST(strncmp(text, "https://" HOST "/", sizeof("https://" HOST "/") - 1) == 0 && !strpbrk(text, "\\ \r\n\t"));
}

/* What a line names is found both ways. */
static saml_status_t try_map(const char *text, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    saml_group_map_t *map;
    apr_size_t at;

    SAML_TRY(saml_group_map_read(&map, text, len, "corpus", p, err));
    FUZZ_MUST(saml_group_map_count(map) >= 0);
    for (at = 0; at + SAML_GUID_CHARS <= len; at++) {
        const char *id = apr_pstrmemdup(p, text + at, SAML_GUID_CHARS), *name;

        if (!saml_guid_is(id) || !(name = saml_group_map_name(map, saml_guid_lower(p, id))))
            continue;
        FUZZ_MUST(saml_guid_same(saml_group_map_id(map, name), id) && !saml_guid_is(name) && *name);
    }
    return SAML_OK;
}

static saml_status_t try_one(char which, const char *text, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    switch (which) {
    case 'p':
        return try_page(text, len, p, err);
    case 't':
        return try_token(200, text, len, p, err);
    case 'r':
        return try_token(401, text, len, p, err);
    case 'm':
        return try_map(text, len, p, err);
    case 'e':
        try_error(text, len, p);
        return SAML_OK;
    case 'l':
        try_link(apr_pstrmemdup(p, text, len));
        return SAML_OK;
    default:
        return SAML_OK;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    saml_err_t err = { .pool = NULL };
    saml_status_t status;

    if (size == 0)
        return 0;
    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    /* A copy that ends where it ends, so that reading past it is seen. */
    status = try_one((char)data[0], apr_pmemdup(p, data + 1, size - 1), size - 1, p, &err);
    if (status != SAML_OK)
        fuzz_check_refusal(status, &err);
    apr_pool_destroy(p);
    return 0;
}
