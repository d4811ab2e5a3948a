/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <ap_provider.h>
#include <apr_strings.h>
#include <mod_auth.h>

#include "page.h"
#include "url.h"

/*
 * Require saml-group and saml-claim. They read the session and nothing else; without one they ask for a sign-on, and they grant
 * only by a value that is there.
 */

/** A parsed Require line: literal words, or for saml-claim a name and literal values or a regex. */
typedef struct {
    const char *claim;
    apr_array_header_t *words;      /* const char * */
    ap_regex_t *regex;              /* or NULL */
} requirement_t;

static apr_array_header_t *split_words(apr_pool_t *p, const char *line)
{
    apr_array_header_t *words = apr_array_make(p, 4, sizeof(const char *));
    const char *word;

    while (*(word = ap_getword_conf(p, &line)))
        APR_ARRAY_PUSH(words, const char *) = word;
    return words;
}

static const char *parse_group(cmd_parms *cmd, const char *line, const void **parsed)
{
    requirement_t *need = apr_pcalloc(cmd->pool, sizeof(*need));

    need->claim = "groups";
    need->words = split_words(cmd->pool, line);
    if (!need->words->nelts)
        return "Require saml-group: expected one or more group IDs or names, got none";
    *parsed = need;
    return NULL;
}

static const char *parse_claim(cmd_parms *cmd, const char *line, const void **parsed)
{
    requirement_t *need = apr_pcalloc(cmd->pool, sizeof(*need));

    need->claim = ap_getword_conf(cmd->pool, &line);
    need->words = split_words(cmd->pool, line);
    if (!*need->claim || !need->words->nelts)
        return "Require saml-claim: expected a claim name and one or more values, or \"~\" and a regular expression";
    if (strcmp(APR_ARRAY_IDX(need->words, 0, const char *), "~") == 0) {
        if (need->words->nelts != 2)
            return apr_psprintf(cmd->pool, "Require saml-claim %s ~: expected one regular expression, got %d",
                                need->claim, need->words->nelts - 1);
        need->regex = ap_pregcomp(cmd->pool, APR_ARRAY_IDX(need->words, 1, const char *), AP_REG_NOSUB);
        if (!need->regex)
            return apr_psprintf(cmd->pool, "Require saml-claim %s ~: \"%s\" is no regular expression", need->claim,
                                APR_ARRAY_IDX(need->words, 1, const char *));
    }
    *parsed = need;
    return NULL;
}

/* One value of the claim against the line: byte for byte, or by its regular expression. */
static int is_wanted(const requirement_t *need, const char *value)
{
    int i;

    if (need->regex)
        return ap_regexec(need->regex, value, 0, NULL, 0) == 0;
    for (i = 0; i < need->words->nelts; ++i) {
        if (strcmp(value, APR_ARRAY_IDX(need->words, i, const char *)) == 0)
            return 1;
    }
    return 0;
}

static int is_satisfied(const requirement_t *need, const sso_session_t *session)
{
    sso_attribute_t attribute;
    const char *value;
    int i;

    if (!sso_session_find(&attribute, session, need->claim))
        return 0;
    value = attribute.values;
    for (i = 0; i < attribute.value_count; ++i, value = sso_session_next_value(value)) {
        if (is_wanted(need, value))
            return 1;
    }
    return 0;
}

static authz_status check_requirement(request_rec *r, const char *line, const void *parsed)
{
    const sso_session_t *session = sso_request_of(r)->session;

    (void)line;
    if (!session)
        return r->user ? AUTHZ_DENIED : AUTHZ_DENIED_NO_USER;
    return is_satisfied(parsed, session) ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const authz_provider group_provider = { check_requirement, parse_group };
static const authz_provider claim_provider = { check_requirement, parse_claim };

void sso_authz_register(apr_pool_t *p)
{
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "saml-group", AUTHZ_PROVIDER_VERSION, &group_provider,
                              AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "saml-claim", AUTHZ_PROVIDER_VERSION, &claim_provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}

static int refuse_user(request_rec *r)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "access denied: the session's claims do not satisfy Require for %s",
                  r->uri);
    return HTTP_FORBIDDEN;
}

/*
 * mod_authz_core answers 401 to a user whom no Require lets in; a browser could do nothing with it, and another sign-on would bring
 * the same claims: the answer is 403. Somebody let through without a session is asked to sign on.
 */
int sso_check_authz(request_rec *r)
{
    sso_request_t *req = sso_request_of(r);
    const sso_app_t *app;
    int status;

    if (req->in_auth_checker || !r->ap_auth_type || strcmp(r->ap_auth_type, SSO_AUTH_TYPE) != 0)
        return DECLINED;
    req->in_auth_checker = 1;
    status = ap_run_auth_checker(r);
    req->in_auth_checker = 0;
    if (status != HTTP_UNAUTHORIZED)
        return status;
    apr_table_unset(r->err_headers_out, "WWW-Authenticate");
    if (!req->anonymous)
        return refuse_user(r);
    app = sso_app_of(r);
    if (!app || r->main)
        return HTTP_FORBIDDEN;
    return sso_answer_without_session(r, app, SSO_UNAUTH_AUTO, sso_request_target(r, app));
}
