/* SPDX-License-Identifier: Apache-2.0 */
#include "require.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "groups.h"
#include "saml/guid.h"

/* They read the session and nothing else, and grant only by a value that is there. */

struct sso_requirement_t {
    const char *claim;
    apr_array_header_t *words;      /* const char * */
    ap_regex_t *regex;              /* or NULL */
    int of_groups;                  /* the claim is the groups, in whatever spelling */
    int may_be_negated;             /* denied here can let somebody in */
};

/* ---- parsing --------------------------------------------------------------- */

/* An empty word, of a macro's mostly, makes it none at all: behind "not", those after it must not be lost without a word said. */
static apr_array_header_t *split_words(apr_pool_t *p, const char *line)
{
    apr_array_header_t *words = apr_array_make(p, 4, sizeof(const char *));

    while (*line) {
        const char *word = ap_getword_conf(p, &line);

        if (!*word)
            return apr_array_make(p, 1, sizeof(const char *));
        APR_ARRAY_PUSH(words, const char *) = word;
    }
    return words;
}

static int begins_with_not(const ap_directive_t *directive, apr_pool_t *p)
{
    const char *args = directive->args;

    return ap_cstr_casecmp(ap_getword_conf(p, &args), "not") == 0;
}

/*
 * Whether "denied" here may come out as more than that: behind "not", in <RequireNone>, however deep, and in an <AuthzProviderAlias>,
 * whose use nobody knows yet. What is not known to be harmless counts.
 */
int sso_require_may_be_negated(const cmd_parms *cmd)
{
    const ap_directive_t *at = cmd->directive;

    if (!at || ap_cstr_casecmp(at->directive, "Require") != 0 || begins_with_not(at, cmd->temp_pool))
        return 1;
    for (at = at->parent; at; at = at->parent) {
        if (ap_cstr_casecmpn(at->directive, "<AuthzProviderAlias", 19) == 0)
            return 1;
        if (ap_cstr_casecmpn(at->directive, "<Require", 8) == 0 && ap_cstr_casecmp(at->directive, "<RequireAll") != 0
            && ap_cstr_casecmp(at->directive, "<RequireAny") != 0)
            return 1;
    }
    return 0;
}

static sso_requirement_t *new_requirement(const cmd_parms *cmd, const char *claim, const char *line)
{
    sso_requirement_t *need = apr_pcalloc(cmd->pool, sizeof(*need));

    need->claim = claim;
    need->words = split_words(cmd->pool, line);
    need->of_groups = sso_is_groups_claim(claim);
    need->may_be_negated = sso_require_may_be_negated(cmd);
    return need;
}

const char *sso_require_group(const sso_requirement_t **out, const cmd_parms *cmd, const char *line)
{
    sso_requirement_t *need = new_requirement(cmd, "groups", line);

    if (!need->words->nelts)
        return "Require saml-group: expected one or more group IDs or names, none of them empty, got none";
    *out = need;
    return NULL;
}

static const char *compile(sso_requirement_t *need, const cmd_parms *cmd)
{
    if (need->words->nelts != 2)
        return apr_psprintf(cmd->pool, "Require saml-claim %s ~: expected one regular expression, got %d", need->claim,
                            need->words->nelts - 1);
    need->regex = ap_pregcomp(cmd->pool, APR_ARRAY_IDX(need->words, 1, const char *), AP_REG_NOSUB);
    if (!need->regex)
        return apr_psprintf(cmd->pool, "Require saml-claim %s ~: \"%s\" is no regular expression", need->claim,
                            APR_ARRAY_IDX(need->words, 1, const char *));
    return NULL;
}

const char *sso_require_claim(const sso_requirement_t **out, const cmd_parms *cmd, const char *line)
{
    char *claim = ap_getword_conf(cmd->pool, &line);
    sso_requirement_t *need;
    const char *wrong = NULL;

    while (apr_isspace(*claim))
        claim++;
    while (*claim && apr_isspace(claim[strlen(claim) - 1]))
        claim[strlen(claim) - 1] = '\0';
    need = new_requirement(cmd, claim, line);
    if (!*need->claim || !need->words->nelts)
        return "Require saml-claim: expected a claim name and one or more values, none of them empty, or \"~\" and a regular expression";
    if (strcmp(APR_ARRAY_IDX(need->words, 0, const char *), "~") == 0)
        wrong = compile(need, cmd);
    *out = need;
    return wrong;
}

/* ---- deciding -------------------------------------------------------------- */

/* A word that is a name in the map stands for its ID and for nothing else. */
static const char **wanted_values(const sso_requirement_t *need, const saml_group_map_t *map, apr_pool_t *p)
{
    const char **wanted = apr_palloc(p, (apr_size_t)need->words->nelts * sizeof(*wanted));
    int i;

    for (i = 0; i < need->words->nelts; i++) {
        const char *word = APR_ARRAY_IDX(need->words, i, const char *);
        const char *id = map ? saml_group_map_id(map, word) : NULL;

        wanted[i] = id ? id : word;
    }
    return wanted;
}

/* Letter case says nothing in an object ID: a line that keeps a group out must not miss it for that. */
static int is_same_id(const char *value, const char *wanted)
{
    return ap_cstr_casecmp(value, wanted) == 0 && saml_guid_is(value);
}

static int is_wanted(const sso_requirement_t *need, const char **wanted, const char *value)
{
    int i;

    if (need->regex)
        return ap_regexec(need->regex, value, 0, NULL, 0) == 0;
    for (i = 0; i < need->words->nelts; ++i) {
        if (strcmp(value, wanted[i]) == 0 || (need->of_groups && is_same_id(value, wanted[i])))
            return 1;
    }
    return 0;
}

/* Under its name, too, a group may fit a regular expression. */
static int is_wanted_group(const sso_requirement_t *need, const char **wanted, const char *value, const saml_group_map_t *map,
                           request_rec *r)
{
    const char *name = saml_group_map_name(map, value);

    if (!name && sso_group_pretends(value, map, r))
        return 0;
    return is_wanted(need, wanted, value) || (name && need->regex && is_wanted(need, wanted, name));
}

static int is_satisfied(const sso_requirement_t *need, const char **wanted, const sso_session_t *session, const saml_group_map_t *map,
                        request_rec *r)
{
    sso_attribute_t attribute;
    const char *value;
    int i;

    /* Two aliases that stand for no attribute: behind "not", to find none would let in whom the line is to keep out. */
    if (strcmp(need->claim, "nameid") == 0)
        return is_wanted(need, wanted, session->name_id);
    if (strcmp(need->claim, "user") == 0)
        return r->user && is_wanted(need, wanted, r->user);
    if (!sso_session_find(&attribute, session, need->claim))
        return 0;
    value = sso_session_values(&attribute, r->pool);
    for (i = 0; i < attribute.value_count; ++i, value = sso_session_next_value(value)) {
        if (map ? is_wanted_group(need, wanted, value, map, r) : is_wanted(need, wanted, value))
            return 1;
    }
    return 0;
}

/*
 * A group that came by its name, and not by its ID, counts for nothing where it would let somebody in. A line that is to keep it out
 * must not overlook it for that.
 */
static int may_be_overlooked(const sso_requirement_t *need, const char **wanted, const sso_session_t *session, const saml_group_map_t *map,
                             apr_pool_t *p)
{
    sso_attribute_t attribute;
    const char *value;
    int i;

    if (!sso_session_find(&attribute, session, need->claim))
        return 0;
    value = sso_session_values(&attribute, p);
    for (i = 0; i < attribute.value_count; ++i, value = sso_session_next_value(value)) {
        const char *id = saml_group_map_id(map, value);

        if (id && (is_wanted(need, wanted, value) || is_wanted(need, wanted, id)))
            return 1;
    }
    return 0;
}

sso_verdict_t sso_require_decide(const sso_requirement_t *need, const sso_session_t *session, request_rec *r)
{
    const sso_app_t *app = need->of_groups ? sso_app_of(r) : NULL;
    const saml_group_map_t *map = app ? app->group_map : NULL;
    const char **wanted = wanted_values(need, map, r->pool);

    if (need->of_groups && sso_groups_are_unknown(session))
        return need->may_be_negated ? SSO_REQUIRE_UNDECIDABLE : SSO_REQUIRE_UNKNOWN;
    if (is_satisfied(need, wanted, session, map, r))
        return SSO_REQUIRE_GRANTED;
    if (!map || !need->may_be_negated || !may_be_overlooked(need, wanted, session, map, r->pool))
        return SSO_REQUIRE_DENIED;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "Require of application \"%s\": expected IDs of groups, as a line that may keep a group "
                  "out reads SAMLGroupMap, found a value that is a name of SAMLGroupMap; mend: have the identity provider send object "
                  "IDs, or leave that name out of the map", app->name);
    return SSO_REQUIRE_CONTRADICTED;
}
