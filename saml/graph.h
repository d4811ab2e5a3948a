/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_GRAPH_H
#define SAML_GRAPH_H

/** @file graph.h All groups of a user, nested ones included, by Microsoft Graph v1.0. */

#include "outgoing.h"

#define SAML_GRAPH_MAX_GROUPS 20000     /* of one user */

/** Where Graph is and how it is asked. */
typedef struct {
    const char *host;           /* "graph.microsoft.com": of the cloud that is configured, never from a message */
    const saml_outgoing_t *by;
    /**
     * An access token. @param refused  one that Graph would not take, to be forgotten; or NULL
     * @return SAML_OK or SAML_E_OVERAGE
     */
    saml_status_t (*token)(const char **out, void *baton, const char *refused, apr_pool_t *p, saml_err_t *err);
    void *baton;
} saml_graph_t;

/** One page of a list. */
typedef struct {
    apr_array_header_t *ids;    /* const char *, in lower case */
    const char *next;           /* @odata.nextLink as it came, or NULL */
} saml_graph_page_t;

/** What Graph says went wrong. */
typedef struct {
    const char *code;           /* "Authorization_RequestDenied", or NULL */
    const char *message;        /* or NULL */
} saml_graph_error_t;

/**
 * The security groups that the user is in: getMemberGroups, and where these are too many for that, the pages of transitiveMemberOf.
 * @param out        const char *, each once; lives in `p`
 * @param object_id  a GUID; anything else is refused before anybody is asked
 * @return SAML_OK or SAML_E_OVERAGE
 */
SAML_MUST_CHECK saml_status_t saml_graph_groups(apr_array_header_t **out, const saml_graph_t *graph, const char *object_id,
                                                apr_pool_t *p, saml_err_t *err);

/**
 * Read one page and add its identifiers to page->ids; page->next is set anew.
 * @param page  `ids` made by the caller
 * @return SAML_OK, or SAML_E_OVERAGE: no such page, something that is no GUID, more than SAML_GRAPH_MAX_GROUPS in all
 */
SAML_MUST_CHECK saml_status_t saml_graph_page_read(saml_graph_page_t *page, const char *body, apr_size_t len, apr_pool_t *p,
                                                   saml_err_t *err);

/** What an error's body says; members NULL where it says nothing. */
void saml_graph_error_read(saml_graph_error_t *out, const char *body, apr_size_t len, apr_pool_t *p);

/** Whether `url` may follow a page of `host`: https, that host, its own port, printable. */
int saml_graph_may_follow(const char *url, const char *host);

#endif
