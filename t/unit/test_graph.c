/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of a user by Graph: what is asked, which pages are followed, and what is no answer. */

#include "scripted.h"

#include "saml/graph.h"

#define USER "0F5C8F6E-7F0B-4EC9-9D4B-0D7F9C3A1C11"
#define BASE "https://graph.microsoft.com/v1.0/users/0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c11"
#define A "aaaaaaaa-0000-4000-8000-000000000001"
#define B "bbbbbbbb-0000-4000-8000-000000000002"
#define C "cccccccc-0000-4000-8000-000000000003"
#define TOO_MANY "{\"error\":{\"code\":\"Directory_ResultSizeLimitExceeded\",\"message\":\"too many\"}}"

static apr_array_header_t *groups;
static int tokens;
static const char *refused_token;

static saml_status_t give_token(const char **out, void *baton, const char *refused, apr_pool_t *p, saml_err_t *e)
{
    if (baton)
        return saml_fail(e, SAML_E_OVERAGE, "token request: none today");
    refused_token = refused;
    *out = apr_psprintf(p, "token-%d", ++tokens);
    return SAML_OK;
}

static saml_status_t ask(void)
{
    const saml_graph_t graph = { "graph.microsoft.com", &script_outgoing, give_token, NULL };

    groups = NULL;
    tokens = 0;
    refused_token = NULL;
    return saml_graph_groups(&groups, &graph, USER, pool, &err);
}

static const char *found(void)
{
    return groups ? apr_array_pstrcat(pool, groups, ',') : "none";
}

/* ---- what is asked --------------------------------------------------------- */

static void member_groups(void **state)
{
    (void)state;
    SCRIPT({ 200, "{\"@odata.context\":\"x\",\"value\":[\"" A "\",\"BBBBBBBB-0000-4000-8000-000000000002\",\"" A "\"]}", 0 });
    assert_says(ask(), SAML_OK, "");
    assert_string_equal(found(), A "," B);
    assert_string_equal(script.asked[0].url, BASE "/getMemberGroups");
    assert_string_equal(script.asked[0].body, "{\"securityEnabledOnly\":true}");
    assert_int_equal(script.asked[0].body_len, strlen(script.asked[0].body));
    assert_true(script_has_header(0, "Authorization: Bearer token-1"));
    assert_true(script_has_header(0, "Content-Type: application/json"));
    assert_true(script_has_header(0, "x-ms-throttle-priority: High"));
    assert_int_equal(tokens, 1);
}

static void no_groups(void **state)
{
    (void)state;
    SCRIPT({ 200, "{\"value\":[]}", 0 });
    assert_says(ask(), SAML_OK, "");
    assert_int_equal(groups->nelts, 0);
}

static void pages(void **state)
{
    (void)state;
    SCRIPT({ 400, TOO_MANY, 0 },
           { 200, "{\"value\":[{\"@odata.type\":\"#microsoft.graph.group\",\"id\":\"" A "\",\"securityEnabled\":true},"
                  "{\"id\":\"" C "\",\"securityEnabled\":false}],\"@odata.nextLink\":\"https://graph.microsoft.com/v1.0/x?$skiptoken=a%20b\"}", 0 },
           { 200, "{\"value\":[{\"id\":\"" B "\"}]}", 0 });
    assert_says(ask(), SAML_OK, "");
    assert_string_equal(found(), A "," B);
    assert_string_equal(script.asked[1].url, BASE "/transitiveMemberOf/microsoft.graph.group?$count=true&$select=id,securityEnabled&$top=999");
    assert_null(script.asked[1].body);
    assert_true(script_has_header(1, "ConsistencyLevel: eventual"));
    assert_string_equal(script.asked[2].url, "https://graph.microsoft.com/v1.0/x?$skiptoken=a%20b");
    assert_true(script_has_header(2, "ConsistencyLevel: eventual"));
    assert_true(script_has_header(2, "Authorization: Bearer token-1"));
}

static void a_first_list_goes_on(void **state)
{
    (void)state;
    SCRIPT({ 200, "{\"value\":[\"" A "\"],\"@odata.nextLink\":\"https://graph.microsoft.com/2\"}", 0 }, { 200, "{\"value\":[\"" B "\"]}", 0 });
    assert_says(ask(), SAML_OK, "");
    assert_string_equal(found(), A "," B);
}

static void links(void **state)
{
    static const char *const elsewhere[] = {
        "http://graph.microsoft.com/x", "httpx://graph.microsoft.com/x", "https://graph.microsoft.com.evil.example/x", "https://graph.microsoft.com@evil.example/",
        "https://graph.microsoft.com:444/x", "https://graph.microsoft.com", "https://graph.microsoft.us/x", "https:/", "",
        "/v1.0/x", "HTTPS://graph.microsoft.com/x", "https://graph.microsoft.com/\\evil", "https://graph.microsoft.com/a b",
        "https://graph.microsoft.com/\r\nX: y", "https://graph.microsoft.com/\xc3\xa4", "https://graph.microsoft.com/\x7f"
    };
    char *longest = apr_pcalloc(pool, 8194);
    apr_size_t i;

    (void)state;
    for (i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        if (saml_graph_may_follow(elsewhere[i], "graph.microsoft.com"))
            fail_msg("%s would be followed", elsewhere[i]);
    }
    memset(longest, 'x', 8192);
    memcpy(longest, "https://graph.microsoft.com/", 28);
    assert_true(saml_graph_may_follow(longest, "graph.microsoft.com"));
    longest[8192] = 'x';
    assert_false(saml_graph_may_follow(longest, "graph.microsoft.com"));
    SCRIPT({ 200, "{\"value\":[],\"@odata.nextLink\":\"https://evil.example/v1.0/\"}", 0 });
    assert_says(ask(), SAML_E_OVERAGE, "expected the next page at https://graph.microsoft.com/, got \"https://evil.example/v1.0/\"");
    assert_null(groups);
}

static void pages_without_end(void **state)
{
    static script_answer_t same[SCRIPT_MAX];
    int i;

    (void)state;
    for (i = 0; i < SCRIPT_MAX; i++) {
        same[i].http_status = 200;
        same[i].body = "{\"value\":[],\"@odata.nextLink\":\"https://graph.microsoft.com/again\"}";
    }
    script_begin(same, SCRIPT_MAX);
    assert_says(ask(), SAML_E_OVERAGE, "expected at most 100 pages, got more");
    assert_int_equal(script.at, 100);
}

/* ---- tokens ---------------------------------------------------------------- */

static void a_second_token(void **state)
{
    (void)state;
    SCRIPT({ 401, "{}", 0 }, { 200, "{\"value\":[\"" A "\"]}", 0 });
    assert_says(ask(), SAML_OK, "");
    assert_int_equal(tokens, 2);
    assert_string_equal(refused_token, "token-1");
    assert_true(script_has_header(1, "Authorization: Bearer token-2"));
    SCRIPT({ 401, "{}", 0 }, { 401, "{\"error\":{\"code\":\"InvalidAuthenticationToken\"}}", 0 });
    assert_says(ask(), SAML_E_OVERAGE, "got HTTP status 401, error \"InvalidAuthenticationToken\"");
    assert_int_equal(tokens, 2);
    SCRIPT({ 401, "{}", 0 }, { 400, TOO_MANY, 0 }, { 401, "{}", 0 });
    assert_says(ask(), SAML_E_OVERAGE, "HTTP status 401, error none");
    SCRIPT({ 401, "{}", 0 }, { 0, "", 0 });
    assert_says(ask(), SAML_E_OVERAGE, "error 7");
}

static void no_token(void **state)
{
    const saml_graph_t graph = { "graph.microsoft.com", &script_outgoing, give_token, (void *)"none" };

    (void)state;
    script_begin(NULL, 0);
    assert_says(saml_graph_groups(&groups, &graph, USER, pool, &err), SAML_E_OVERAGE, "none today");
}

static saml_status_t give_one_token(const char **out, void *baton, const char *refused, apr_pool_t *p, saml_err_t *e)
{
    return give_token(out, refused ? (void *)"none" : baton, refused, p, e);
}

static void no_second_token(void **state)
{
    const saml_graph_t graph = { "graph.microsoft.com", &script_outgoing, give_one_token, NULL };

    (void)state;
    SCRIPT({ 401, "{}", 0 });
    assert_says(saml_graph_groups(&groups, &graph, USER, pool, &err), SAML_E_OVERAGE, "none today");
}

/* ---- failures -------------------------------------------------------------- */

static void failures(void **state)
{
    static const struct {
        script_answer_t answer;
        const char *says;
    } cases[] = {
        { { 403, "{\"error\":{\"code\":\"Authorization_RequestDenied\",\"message\":\"Insufficient privileges\"}}", 0 },
          "got HTTP status 403, error \"Authorization_RequestDenied\": \"Insufficient privileges\"; mend: give the application the "
          "Microsoft Graph application permissions User.ReadBasic.All and GroupMember.Read.All, with admin consent" },
        { { 404, "{\"error\":{\"code\":\"Request_ResourceNotFound\",\"message\":\"x\"}}", 0 }, "one of this tenant's" },
        { { 404, "{}", 0 }, "HTTP status 404, error none: none" },
        { { 400, "{\"error\":{\"code\":\"Request_BadRequest\",\"message\":\"x\"}}", 0 }, "HTTP status 400, error \"Request_BadRequest\"" },
        { { 400, "{\"error\":\"x\"}", 0 }, "HTTP status 400, error none" },
        { { 500, "<html>", 0 }, "HTTP status 500, error none: none" },
        { { 302, "{\"value\":[]}", 0 }, "HTTP status 302" },
        { { 204, "", 0 }, "HTTP status 204" },
        { { 429, "", 60 }, "HTTP status 429 1 times, now with a wait of 60 s" },
        { { 0, "", 0 }, "error 7" },
        { { 200, "", 0 }, "expected JSON, got something else" },
        { { 200, "{\"value\":[],\"value\":[]}", 0 }, "expected JSON, got something else" },
        { { 200, "[]", 0 }, "expected a list \"value\"" },
        { { 200, "{}", 0 }, "expected a list \"value\"" },
        { { 200, "{\"value\":{}}", 0 }, "expected a list \"value\"" },
        { { 200, "{\"value\":[],\"@odata.nextLink\":7}", 0 }, "expected a list \"value\"" },
        { { 200, "{\"value\":[],\"@odata.nextLink\":null}", 0 }, "expected a list \"value\"" },
        { { 200, "{\"value\":[\"admins\"]}", 0 }, "expected each group to be named by a GUID, got \"admins\"" },
        { { 200, "{\"value\":[7]}", 0 }, "expected each group to be named by a GUID, got none" },
        { { 200, "{\"value\":[{\"securityEnabled\":true}]}", 0 }, "expected each group to be named by a GUID, got none" },
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        script_begin(&cases[i].answer, 1);
        assert_says(ask(), SAML_E_OVERAGE, cases[i].says);
        assert_null(groups);
        assert_null(strstr(err.reason, "token-1"));
    }
}

static void failures_later(void **state)
{
    (void)state;
    SCRIPT({ 400, TOO_MANY, 0 }, { 403, "{\"error\":{\"code\":\"Authorization_RequestDenied\"}}", 0 });
    assert_says(ask(), SAML_E_OVERAGE, "GroupMember.Read.All");
    SCRIPT({ 400, TOO_MANY, 0 }, { 0, "", 0 });
    assert_says(ask(), SAML_E_OVERAGE, "error 7");
    SCRIPT({ 200, "{\"value\":[\"" A "\"],\"@odata.nextLink\":\"https://graph.microsoft.com/2\"}", 0 }, { 500, "", 0 });
    assert_says(ask(), SAML_E_OVERAGE, "HTTP status 500");
    assert_null(groups);
}

static void whose_groups(void **state)
{
    static const char *const users[] = { NULL, "", "me", "ada@example.org", "../me", USER "/x", USER "?" };
    const saml_graph_t graph = { "graph.microsoft.com", &script_outgoing, give_token, NULL };
    apr_size_t i;

    (void)state;
    script_begin(NULL, 0);
    for (i = 0; i < sizeof(users) / sizeof(users[0]); i++)
        assert_says(saml_graph_groups(&groups, &graph, users[i], pool, &err), SAML_E_OVERAGE, "expected the user's object ID, a GUID");
}

static void most_groups(void **state)
{
    saml_graph_page_t page = { apr_array_make(pool, SAML_GRAPH_MAX_GROUPS, sizeof(const char *)), NULL };
    const char *one = "{\"value\":[\"" A "\"]}";
    int i;

    (void)state;
    for (i = 0; i < SAML_GRAPH_MAX_GROUPS - 1; i++)
        APR_ARRAY_PUSH(page.ids, const char *) = A;
    assert_says(saml_graph_page_read(&page, one, strlen(one), pool, &err), SAML_OK, "");
    assert_says(saml_graph_page_read(&page, one, strlen(one), pool, &err), SAML_E_OVERAGE, "expected at most 20000 groups");
}

static void long_words(void **state)
{
    char *body = apr_pcalloc(pool, 4096);
    saml_graph_error_t error;

    (void)state;
    memcpy(body, "{\"error\":{\"code\":\"", 18);
    memset(body + 18, 'c', 1000);
    strcat(body, "\",\"message\":\"");
    memset(body + strlen(body), 'm', 1000);
    strcat(body, "\"}}");
    saml_graph_error_read(&error, body, strlen(body), pool);
    assert_int_equal(strlen(error.code), 64);
    assert_int_equal(strlen(error.message), SAML_MAX_REASON_BYTES);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        unit(member_groups), unit(no_groups), unit(pages), unit(a_first_list_goes_on), unit(links), unit(pages_without_end),
        unit(a_second_token), unit(no_token), unit(no_second_token), unit(failures), unit(failures_later), unit(whose_groups),
        unit(most_groups), unit(long_words),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_library, tear_down_library);
}
