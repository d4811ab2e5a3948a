/* SPDX-License-Identifier: Apache-2.0 */
#include "graph.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <jansson.h>

#include "guid.h"

#define MAX_PAGE_BYTES (1024 * 1024)    /* 11,000 identifiers are 430 kB */
#define MAX_PAGES 100
#define MAX_LINK_BYTES 8192
#define MAX_CODE_BYTES 64

/* ---- reading -------------------------------------------------------------- */

/* A member of a list is an identifier, or an object that has one. */
static const json_t *id_of(const json_t *item)
{
    return json_is_object(item) ? json_object_get(item, "id") : item;
}

/* getMemberGroups is asked for these alone; a list of objects says it of each. */
static int is_no_security_group(const json_t *item)
{
    return json_is_false(json_object_get(item, "securityEnabled"));
}

static saml_status_t read_items(saml_graph_page_t *page, const json_t *items, apr_pool_t *p, saml_err_t *err)
{
    const json_t *item;
    size_t i;

    json_array_foreach(items, i, item) {
        const char *id = json_string_value(id_of(item));

        if (is_no_security_group(item))
            continue;
        if (!saml_guid_is(id))
            return saml_fail(err, SAML_E_OVERAGE, "Graph: expected each group to be named by a GUID, got %s",
                             saml_quote(p, id));
        if (page->ids->nelts >= SAML_GRAPH_MAX_GROUPS)
            return saml_fail(err, SAML_E_OVERAGE, "Graph: expected at most %d groups of a user, got more",
                             SAML_GRAPH_MAX_GROUPS);
        APR_ARRAY_PUSH(page->ids, const char *) = saml_guid_lower(p, id);
    }
    return SAML_OK;
}

static saml_status_t read_root(saml_graph_page_t *page, const json_t *root, apr_pool_t *p, saml_err_t *err)
{
    const json_t *items = json_object_get(root, "value");
    const json_t *next = json_object_get(root, "@odata.nextLink");

    if (!json_is_array(items) || (next && !json_is_string(next)))
        return saml_fail(err, SAML_E_OVERAGE, "Graph: expected a list \"value\" of groups, and nothing or a string as "
                         "\"@odata.nextLink\", got something else");
    SAML_TRY(read_items(page, items, p, err));
    page->next = next ? apr_pstrdup(p, json_string_value(next)) : NULL;
    return SAML_OK;
}

saml_status_t saml_graph_page_read(saml_graph_page_t *page, const char *body, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    json_error_t where;
    json_t *root = json_loadb(body, len, JSON_REJECT_DUPLICATES, &where);
    saml_status_t status;

    if (!root)
        return saml_fail(err, SAML_E_OVERAGE, "Graph: expected JSON, got something else: %s", saml_quote(p, where.text));
    status = read_root(page, root, p, err);
    json_decref(root);
    return status;
}

void saml_graph_error_read(saml_graph_error_t *out, const char *body, apr_size_t len, apr_pool_t *p)
{
    json_t *root = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *error = json_object_get(root, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));

    out->code = code ? apr_pstrndup(p, code, MAX_CODE_BYTES) : NULL;
    out->message = message ? apr_pstrndup(p, message, SAML_MAX_REASON_BYTES) : NULL;
    json_decref(root);
}

int saml_graph_may_follow(const char *url, const char *host)
{
    apr_size_t len = strlen(host), i;

    if (strncmp(url, "https://", 8) != 0 || strncmp(url + 8, host, len) != 0 || url[8 + len] != '/')
        return 0;
    for (i = 0; url[i]; i++) {
        if (url[i] <= 0x20 || url[i] >= 0x7f || url[i] == '\\' || i >= MAX_LINK_BYTES)
            return 0;
    }
    return 1;
}

/* ---- asking --------------------------------------------------------------- */

/** One user's groups on the way. */
typedef struct {
    const saml_graph_t *graph;
    const char *user;           /* "https://graph.microsoft.com/v1.0/users/GUID" */
    const char *token;
    int renewed;                /* a second token has been asked for */
    apr_pool_t *p;
    saml_err_t *err;
} task_t;

static apr_array_header_t *headers_for(const task_t *task, const saml_fetch_t *what)
{
    apr_array_header_t *headers = apr_array_make(task->p, 5, sizeof(const char *));

    APR_ARRAY_PUSH(headers, const char *) = apr_pstrcat(task->p, "Authorization: Bearer ", task->token, NULL);
    APR_ARRAY_PUSH(headers, const char *) = "Accept: application/json";
    APR_ARRAY_PUSH(headers, const char *) = "x-ms-throttle-priority: High";     /* somebody is waiting */
    APR_ARRAY_PUSH(headers, const char *) = what->body ? "Content-Type: application/json"
                                                       : "ConsistencyLevel: eventual";
    return headers;
}

/* A token may have been taken back before its end: with a new one, once more. */
static saml_status_t ask(saml_fetched_t **out, task_t *task, saml_fetch_t *what)
{
    const saml_graph_t *graph = task->graph;

    what->what = "Graph";
    what->max_bytes = MAX_PAGE_BYTES;
    what->failure = SAML_E_OVERAGE;
    what->headers = headers_for(task, what);
    SAML_TRY(saml_outgoing_ask(out, graph->by, what, task->p, task->err));
    if ((*out)->http_status != 401 || task->renewed)
        return SAML_OK;
    task->renewed = 1;
    SAML_TRY(graph->token(&task->token, graph->baton, task->token, task->p, task->err));
    what->headers = headers_for(task, what);
    return saml_outgoing_ask(out, graph->by, what, task->p, task->err);
}

static const char *mend_for(const char *code, int http_status)
{
    if (code && strcmp(code, "Authorization_RequestDenied") == 0)
        return "; mend: give the application the Microsoft Graph application permissions User.ReadBasic.All and "
               "GroupMember.Read.All, with admin consent";
    if (http_status == 404)
        return "; mend: the user must be one of this tenant's, see SAMLEntra";
    return "";
}

static saml_status_t fail_with(const task_t *task, const saml_fetched_t *answer, const saml_graph_error_t *error)
{
    return saml_fail(task->err, SAML_E_OVERAGE, "Graph: expected the user's groups, got HTTP status %d, error %s: %s%s",
                     answer->http_status, saml_quote(task->p, error->code), saml_quote(task->p, error->message),
                     mend_for(error->code, answer->http_status));
}

static saml_status_t take_page(saml_graph_page_t *page, const task_t *task, const saml_fetched_t *answer)
{
    saml_graph_error_t error;

    if (answer->http_status == 200)
        return saml_graph_page_read(page, answer->body, answer->body_len, task->p, task->err);
    saml_graph_error_read(&error, answer->body, answer->body_len, task->p);
    return fail_with(task, answer, &error);
}

static saml_status_t follow(saml_graph_page_t *page, task_t *task)
{
    int pages;

    for (pages = 1; page->next; pages++) {
        saml_fetch_t what = { .url = page->next };
        saml_fetched_t *answer;

        if (!saml_graph_may_follow(what.url, task->graph->host))
            return saml_fail(task->err, SAML_E_OVERAGE, "Graph: expected the next page at https://%s/, got %s",
                             task->graph->host, saml_quote(task->p, what.url));
        if (pages >= MAX_PAGES)
            return saml_fail(task->err, SAML_E_OVERAGE, "Graph: expected at most %d pages, got more", MAX_PAGES);
        SAML_TRY(ask(&answer, task, &what));
        SAML_TRY(take_page(page, task, answer));
    }
    return SAML_OK;
}

/* The cast needs advanced queries: ConsistencyLevel and $count. */
static saml_status_t list_pages(saml_graph_page_t *page, task_t *task)
{
    page->next = apr_pstrcat(task->p, task->user, "/transitiveMemberOf/microsoft.graph.group?$count=true"
                             "&$select=id,securityEnabled&$top=999", NULL);
    return follow(page, task);
}

static saml_status_t list_groups(saml_graph_page_t *page, task_t *task)
{
    saml_fetch_t what = { .url = apr_pstrcat(task->p, task->user, "/getMemberGroups", NULL),
                          .body = "{\"securityEnabledOnly\":true}" };
    saml_graph_error_t error;
    saml_fetched_t *answer;

    what.body_len = strlen(what.body);
    SAML_TRY(ask(&answer, task, &what));
    if (answer->http_status == 400) {
        saml_graph_error_read(&error, answer->body, answer->body_len, task->p);
        if (error.code && strcmp(error.code, "Directory_ResultSizeLimitExceeded") == 0)
            return list_pages(page, task);
    }
    SAML_TRY(take_page(page, task, answer));
    return follow(page, task);
}

/* Pages that are read while somebody changes the groups may name one twice. */
static apr_array_header_t *each_once(const apr_array_header_t *ids, apr_pool_t *p)
{
    apr_array_header_t *once = apr_array_make(p, ids->nelts, sizeof(const char *));
    apr_hash_t *seen = apr_hash_make(p);
    int i;

    for (i = 0; i < ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(ids, i, const char *);

        if (apr_hash_get(seen, id, SAML_GUID_CHARS))
            continue;
        apr_hash_set(seen, id, SAML_GUID_CHARS, id);
        APR_ARRAY_PUSH(once, const char *) = id;
    }
    return once;
}

saml_status_t saml_graph_groups(apr_array_header_t **out, const saml_graph_t *graph, const char *object_id, apr_pool_t *p,
                                saml_err_t *err)
{
    task_t task = { graph, NULL, NULL, 0, p, err };
    saml_graph_page_t page = { apr_array_make(p, 256, sizeof(const char *)), NULL };

    if (!saml_guid_is(object_id))
        return saml_fail(err, SAML_E_OVERAGE, "Graph: expected the user's object ID, a GUID, in the claim objectid, got %s",
                         object_id ? "something else" : "none");
    task.user = apr_pstrcat(p, "https://", graph->host, "/v1.0/users/", saml_guid_lower(p, object_id), NULL);
    SAML_TRY(graph->token(&task.token, graph->baton, NULL, p, err));
    SAML_TRY(list_groups(&page, &task));
    *out = each_once(page.ids, p);
    return SAML_OK;
}
