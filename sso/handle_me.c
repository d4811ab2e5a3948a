/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <apr_strings.h>

#include "page.h"
#include "query.h"
#include "saml/claims.h"
#include "saml/json.h"
#include "saml/texts.h"
#include "url.h"
#include "user.h"

/* The caller's own claims: JSON, or a page for a browser. */

/** How long the session will last, in seconds: without another request, and at the most. */
typedef struct {
    apr_int64_t idle;
    apr_int64_t absolute;
} left_t;

static left_t time_left(request_rec *r, const sso_app_t *app, const sso_session_t *session)
{
    apr_time_t end = session->created + app->session_lifetime;
    left_t left;

    end = session->expires < end ? session->expires : end;
    left.absolute = apr_time_sec(end - r->request_time);
    left.idle = apr_time_sec(session->seen + session->idle - r->request_time);
    return left;
}

static apr_int64_t first_end(const left_t *left)
{
    return left->idle < left->absolute ? left->idle : left->absolute;
}

/* Texts that are to stand one after another. */
static void push(apr_array_header_t *parts, const char *text)
{
    APR_ARRAY_PUSH(parts, const char *) = text;
}

static void push_json_values(apr_array_header_t *parts, const sso_attribute_t *attribute, apr_pool_t *p)
{
    const char *value = sso_session_values(attribute, p);
    int i;

    push(parts, "[");
    for (i = 0; i < attribute->value_count; ++i, value = sso_session_next_value(value)) {
        if (i)
            push(parts, ",");
        push(parts, saml_json_string(p, value));
    }
    push(parts, "]");
}

/* What a place with the SAMLUser that holds here takes for the user; NULL where it would refuse. */
static const char *user_here(request_rec *r, const sso_session_t *session)
{
    return sso_user_of_session(sso_user(sso_dir_of(r)), session, r->pool);
}

static int send_json(request_rec *r, const sso_session_t *session, const left_t *left)
{
    apr_array_header_t *parts = apr_array_make(r->pool, 64, sizeof(const char *));
    const char *user = user_here(r, session);
    int i;

    push(parts, apr_psprintf(r->pool, "{\"user\":%s,\"nameid\":%s,\"nameid_format\":%s,\"expires_in\":%" APR_INT64_T_FMT
                             ",\"idle_expires_in\":%" APR_INT64_T_FMT ",\"absolute_expires_in\":%" APR_INT64_T_FMT ",\"claims\":{",
                             saml_json_string(r->pool, user), saml_json_string(r->pool, session->name_id),
                             saml_json_string(r->pool, session->name_id_format), first_end(left), left->idle, left->absolute));
    for (i = 0; i < session->attribute_count; ++i) {
        sso_attribute_t attribute;

        sso_session_attribute(&attribute, session, i);
        if (i)
            push(parts, ",");
        push(parts, saml_json_string(r->pool, attribute.name));
        push(parts, ":");
        push_json_values(parts, &attribute, r->pool);
    }
    push(parts, "}}\n");
    return sso_page_json(r, HTTP_OK, apr_array_pstrcat(r->pool, parts, 0));
}

static void push_row(apr_array_header_t *parts, const char *name, const char *value, apr_pool_t *p)
{
    push(parts, "<dt>");
    push(parts, ap_escape_html(p, name));
    push(parts, "</dt><dd>");
    push(parts, ap_escape_html(p, value));
    push(parts, "</dd>\n");
}

static int send_page(request_rec *r, const sso_session_t *session, const left_t *left)
{
    apr_array_header_t *parts = apr_array_make(r->pool, 64, sizeof(const char *));
    const char *user = user_here(r, session);
    int i, j;

    push(parts, "<dl class=\"claims\">\n");
    if (user)
        push_row(parts, "user", user, r->pool);
    push_row(parts, "nameid", session->name_id, r->pool);
    for (i = 0; i < session->attribute_count; ++i) {
        sso_attribute_t attribute;
        const char *alias, *value;

        sso_session_attribute(&attribute, session, i);
        alias = saml_claim_alias(attribute.name);
        value = sso_session_values(&attribute, r->pool);
        for (j = 0; j < attribute.value_count; ++j, value = sso_session_next_value(value))
            push_row(parts, alias ? alias : attribute.name, value, r->pool);
    }
    push_row(parts, saml_page_texts.seconds_left, apr_psprintf(r->pool, "%" APR_INT64_T_FMT, first_end(left)), r->pool);
    push(parts, "</dl>\n");
    return sso_page_send(r, HTTP_OK, saml_page_texts.signed_in_title, apr_array_pstrcat(r->pool, parts, 0), NULL);
}

static int wants_html(request_rec *r)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");

    return accept && ap_strcasestr(accept, "text/html") != NULL;
}

/* Whoever watches his session from a script must not keep it alive by that: it is renewed only where `renew` is asked for. */
static saml_status_t find_session(const sso_session_t **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *renew;

    *out = NULL;
    SAML_TRY(sso_query_value(&renew, r, "renew", err));
    return renew ? sso_session_current(out, r, app, err) : sso_session_look(out, r, app, err);
}

int sso_handle_me(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    const sso_session_t *session;
    left_t left;

    if (find_session(&session, r, app, err) != SAML_OK)
        return sso_page_refused(r, app, err);
    if (!session)
        return sso_answer_without_session(r, app, SSO_UNAUTH_AUTO, sso_request_target(r, app));
    left = time_left(r, app, session);
    return wants_html(r) ? send_page(r, session, &left) : send_json(r, session, &left);
}
