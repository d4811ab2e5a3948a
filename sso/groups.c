/* SPDX-License-Identifier: Apache-2.0 */
#include "groups.h"

#include <apr_strings.h>

#include "idp.h"
#include "saml/claims.h"
#include "saml/graph.h"
#include "saml/guid.h"

/* Overage at sign-on: Entra lists at most 150 groups in a SAML assertion, and of more than that none (doc/entra.md 5). */

#define TIME_LIMIT apr_time_from_sec(10)    /* somebody looks at a white page meanwhile */

/** One sign-on that waits for Graph. */
typedef struct {
    const sso_app_t *app;
    saml_outgoing_t by;
    apr_time_t deadline;        /* by sso_monotonic_now */
} errand_t;

int sso_groups_are_unknown(const sso_session_t *session)
{
    sso_attribute_t flag;

    return sso_session_find(&flag, session, SAML_CLAIM_GROUPS_LINK);
}

/* ---- what the login says --------------------------------------------------- */

/* Without what names no group, and what names some of them only. */
static apr_array_header_t *without_groups(const saml_login_t *login, apr_pool_t *p)
{
    apr_array_header_t *rest = apr_array_make(p, login->attributes->nelts + 1, sizeof(saml_attribute_t));
    int i;

    for (i = 0; i < login->attributes->nelts; i++) {
        const saml_attribute_t *attribute = &APR_ARRAY_IDX(login->attributes, i, saml_attribute_t);

        if (strcmp(attribute->name, SAML_CLAIM_GROUPS_LINK) != 0 && !sso_is_groups_claim(attribute->name))
            APR_ARRAY_PUSH(rest, saml_attribute_t) = *attribute;
    }
    return rest;
}

static void replace_groups(saml_login_t *login, const char *name, apr_array_header_t *values, apr_pool_t *p)
{
    saml_attribute_t attribute = { name, NULL, NULL, values };

    login->attributes = without_groups(login, p);
    APR_ARRAY_PUSH(login->attributes, saml_attribute_t) = attribute;
}

static void leave_flag(request_rec *r, const sso_app_t *app, saml_login_t *login)
{
    apr_array_header_t *values = apr_array_make(r->pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(values, const char *) = "1";
    replace_groups(login, SAML_CLAIM_GROUPS_LINK, values, r->pool);
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "login [%s]: application \"%s\", assertion %s: expected the user's groups, "
                  "found that they are too many for Entra to list, so that no Require saml-group lets this session in; mend: "
                  "\"Groups assigned to the application\" or a group filter in the portal, app roles in place of groups, or "
                  "SAMLGraph", saml_status_name(SAML_E_OVERAGE), app->name, saml_quote(r->pool, login->assertion_id));
}

static const char *value_of(const saml_login_t *login, const char *alias)
{
    const saml_attribute_t *claim = saml_claim_find(login->attributes, alias);

    return claim && claim->values->nelts == 1 ? APR_ARRAY_IDX(claim->values, 0, const char *) : NULL;
}

/* ---- asking Graph ---------------------------------------------------------- */

static apr_interval_time_t time_left(void *baton)
{
    const errand_t *errand = baton;

    return errand->deadline - sso_monotonic_now();
}

static void sleep_for(void *baton, apr_interval_time_t interval)
{
    (void)baton;
    apr_sleep(interval);
}

static saml_status_t token_for(const char **out, void *baton, const char *refused, apr_pool_t *p, saml_err_t *err)
{
    const errand_t *errand = baton;

    return sso_graph_token(out, errand->app->graph, &errand->by, refused, p, err);
}

/* The tenant that the application is in: by SAMLEntra, or where that has a domain name, by who the assertion is from. */
static const char *own_tenant(request_rec *r, const sso_app_t *app)
{
    const saml_idp_t *idp = NULL;
    const char *tenant;

    if (saml_guid_is(app->entra->tenant))
        return app->entra->tenant;
    tenant = sso_idp_current(&idp, r, app, sso_err_new(r->pool)) == SAML_OK ? sso_entra_tenant(idp, r->pool) : NULL;
    return saml_guid_is(tenant) ? tenant : NULL;
}

/* An object ID means somebody in one tenant only; a guest's is the one he has here. */
static saml_status_t check_tenant(request_rec *r, const sso_app_t *app, const saml_login_t *login, saml_err_t *err)
{
    const saml_attribute_t *claim = saml_claim_find(login->attributes, "tenantid");
    const char *own = own_tenant(r, app);

    if (!claim || saml_guid_same(value_of(login, "tenantid"), own))
        return SAML_OK;
    return saml_fail(err, SAML_E_OVERAGE, "groups by Graph: expected a user of tenant %s, got a claim tenantid that says "
                     "something else", saml_quote(r->pool, own));
}

static saml_status_t ask_graph(apr_array_header_t **groups, request_rec *r, const sso_app_t *app, const saml_login_t *login,
                               saml_err_t *err)
{
    errand_t errand = { app, { saml_fetch, time_left, sleep_for, NULL, NULL, app->fetch_ca, app->fetch_proxy }, 0 };
    const saml_graph_t graph = { app->graph->host, &errand.by, token_for, &errand };

    errand.by.baton = &errand;
    errand.deadline = sso_monotonic_now() + TIME_LIMIT;
    SAML_TRY(check_tenant(r, app, login, err));
    /* By its full name alone, which Entra gives to no other claim: one that is called "objectid" may hold what the user has written. */
    return saml_graph_groups(groups, &graph, value_of(login, saml_claim_uri("objectid")), r->pool, err);
}

saml_status_t sso_groups_complete(request_rec *r, const sso_app_t *app, saml_login_t *login, saml_err_t *err)
{
    apr_array_header_t *groups;

    if (!saml_claim_find(login->attributes, SAML_CLAIM_GROUPS_LINK))
        return SAML_OK;
    if (!app->graph) {
        leave_flag(r, app, login);
        return SAML_OK;
    }
    SAML_TRY(ask_graph(&groups, r, app, login, err));
    replace_groups(login, saml_claim_uri("groups"), groups, r->pool);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "login: application \"%s\", assertion %s: %d groups by Graph", app->name,
                  saml_quote(r->pool, login->assertion_id), groups->nelts);
    return SAML_OK;
}
