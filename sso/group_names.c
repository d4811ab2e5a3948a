/* SPDX-License-Identifier: Apache-2.0 */
#include "groups.h"

#include <apr_strings.h>

#include "saml/claims.h"

/* Groups under the names of SAMLGroupMap: worked out once for a request, and only where there is a map. */

int sso_is_groups_claim(const char *name)
{
    const char *uri = saml_claim_uri("groups");

    return strcmp(name, "groups") == 0 || (uri && strcmp(name, uri) == 0);
}

int sso_group_pretends(const char *value, const saml_group_map_t *map, request_rec *r)
{
    sso_request_t *req = sso_request_of(r);

    if (!saml_group_map_id(map, value))
        return 0;
    if (!req->pretence_logged)
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "a group is left out: its value is a name that SAMLGroupMap gives to a "
                      "group with another ID; expected IDs from the identity provider, found a name; mend: have it send "
                      "object IDs, or leave that name out of the map");
    req->pretence_logged = 1;
    return 1;
}

/* A ';' inside a name goes as %3B, as in the record of the session. */
static char *append_joined(char *to, const char *value)
{
    for (; *value; value++) {
        if (*value == ';') {
            memcpy(to, "%3B", 3);
            to += 3;
        }
        else {
            *to++ = *value;
        }
    }
    return to;
}

/* The values behind one another, and joined. */
static void pack(sso_attribute_t *attribute, const apr_array_header_t *values, apr_pool_t *p)
{
    apr_size_t len = 1;
    char *packed, *to;
    int i;

    for (i = 0; i < values->nelts; i++)
        len += strlen(APR_ARRAY_IDX(values, i, const char *)) + 1;
    attribute->listed = packed = apr_pcalloc(p, len);
    attribute->joined = to = apr_pcalloc(p, 3 * len);
    attribute->value_count = values->nelts;
    for (i = 0; i < values->nelts; i++) {
        const char *value = APR_ARRAY_IDX(values, i, const char *);

        memcpy(packed, value, strlen(value));
        packed += strlen(value) + 1;
        if (i)
            *to++ = ';';
        to = append_joined(to, value);
    }
    attribute->joined_len = (apr_size_t)(to - attribute->joined);
    attribute->has_control = sso_has_control(attribute->joined);
}

static const sso_attribute_t *name_groups(const sso_attribute_t *sent, const saml_group_map_t *map, request_rec *r)
{
    apr_array_header_t *values = apr_array_make(r->pool, sent->value_count + 1, sizeof(const char *));
    sso_attribute_t *named = apr_pmemdup(r->pool, sent, sizeof(*sent));
    const char *value = sso_session_values(sent, r->pool);
    int i;

    for (i = 0; i < sent->value_count; i++, value = sso_session_next_value(value)) {
        const char *name = saml_group_map_name(map, value);

        if (name || !sso_group_pretends(value, map, r))
            APR_ARRAY_PUSH(values, const char *) = name ? name : value;
    }
    pack(named, values, r->pool);
    return named;
}

void sso_groups_present(sso_attribute_t *attribute, request_rec *r)
{
    const sso_app_t *app = sso_app_of(r);
    sso_request_t *req;

    if (!app || !app->group_map || !sso_is_groups_claim(attribute->name))
        return;
    req = sso_request_of(r);
    /* There may be a claim by the full name and one that is called "groups". */
    if (req->groups_sent != attribute->joined) {
        req->groups_sent = attribute->joined;
        req->groups = name_groups(attribute, app->group_map, r);
    }
    *attribute = *req->groups;
}
