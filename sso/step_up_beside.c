/* SPDX-License-Identifier: Apache-2.0 */
#include "step_up_beside.h"

#include <apr_strings.h>

#include "require.h"

static int is_section(const ap_directive_t *at, const char *name)
{
    return ap_cstr_casecmp(at->directive, name) == 0;
}

static int is_method_section(const ap_directive_t *at)
{
    return is_section(at, "<Limit") || is_section(at, "<LimitExcept");
}

static const ap_directive_t *that_opens(const ap_directive_t *at, apr_pool_t *p);

/*
 * All have to hold: it opens where each of its lines does. What says something else (<RequireNone>, "not") is taken to keep somebody
 * out.
 */
static const ap_directive_t *all_that_open(const ap_directive_t *section, apr_pool_t *p)
{
    const ap_directive_t *at, *opens = NULL;

    for (at = section->first_child; at; at = at->next) {
        opens = that_opens(at, p);
        if (!opens && ap_cstr_casecmpn(at->directive + (*at->directive == '<'), "Require", strlen("Require")) == 0)
            return NULL;
    }
    return opens;
}

/* The line by which this one, or this section, lets in everybody who has a session; or NULL. */
static const ap_directive_t *that_opens(const ap_directive_t *at, apr_pool_t *p)
{
    const ap_directive_t *child, *opens = NULL;
    const char *args = at->args, *what;

    if (is_section(at, "<RequireAll"))
        return all_that_open(at, p);
    if (is_section(at, "<RequireAny")) {
        for (child = at->first_child; child && !opens; child = child->next)
            opens = that_opens(child, p);
        return opens;
    }
    if (!is_section(at, "Require"))
        return NULL;
    what = ap_getword_conf(p, &args);
    return ap_cstr_casecmp(what, "valid-user") == 0
           || (ap_cstr_casecmp(what, "all") == 0 && ap_cstr_casecmp(ap_getword_conf(p, &args), "granted") == 0) ? at : NULL;
}

/*
 * What stands beside a line or section is an alternative to it, but in <RequireAll>; and beside what it stands in, up to the section of
 * the configuration. One that everybody with a session satisfies makes this a line that says nothing. A line for some methods
 * (<Limit>) has those beside it that are for all.
 */
static const ap_directive_t *that_outdoes(const cmd_parms *cmd)
{
    const ap_directive_t *at, *beside, *opens;

    for (at = cmd->directive; at->parent; at = at->parent) {
        for (beside = at->parent->first_child; beside && !is_section(at->parent, "<RequireAll"); beside = beside->next) {
            opens = beside == at ? NULL : that_opens(beside, cmd->temp_pool);
            if (opens)
                return opens;
        }
        if (ap_cstr_casecmpn(at->parent->directive, "<Require", strlen("<Require")) != 0 && !is_method_section(at->parent))
            return NULL;
    }
    return NULL;
}

/* "AuthMerging Or" beside it makes alternatives of the lines of sections that this one lies in, which cannot be seen from here. */
static const ap_directive_t *that_merges(const cmd_parms *cmd)
{
    const ap_directive_t *at;

    for (at = cmd->directive->parent; at; at = at->parent) {
        const ap_directive_t *child;

        for (child = at->first_child; child; child = child->next) {
            if (is_section(child, "AuthMerging") && ap_cstr_casecmp(child->args, "Or") == 0)
                return child;
        }
        if (ap_cstr_casecmpn(at->directive, "<Require", strlen("<Require")) != 0 && !is_method_section(at))
            return NULL;
    }
    return NULL;
}

const char *sso_step_up_look_beside(const cmd_parms *cmd)
{
    const ap_directive_t *other;

    /* To be without a second factor opens nothing. */
    if (sso_require_may_be_negated(cmd))
        return "Require saml-authn: expected it by itself, in <RequireAll> or <RequireAny>, found it where \"denied\" may let somebody in "
               "(Require not, <RequireNone>, <AuthzProviderAlias>)";
    other = that_outdoes(cmd);
    if (other)
        return apr_psprintf(cmd->pool, "Require saml-authn: expected to be needed, found \"Require %s\" (line %d) beside it or beside the "
                            "section it stands in, which lets everybody in who has a session, as either is enough; mend: leave that line "
                            "out, or put both into <RequireAll>", other->args, other->line_num);
    other = that_merges(cmd);
    if (other)
        return apr_psprintf(cmd->pool, "Require saml-authn: expected to be needed, found \"AuthMerging Or\" (line %d) beside it, with "
                            "which whom a section around this one lets in need not satisfy it; mend: leave that out, and write what is "
                            "enough instead of it into a <RequireAny> here", other->line_num);
    return NULL;
}
