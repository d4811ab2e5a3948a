/* SPDX-License-Identifier: Apache-2.0 */
#include "step_up.h"

#include <apr_strings.h>

#include "duration.h"
#include "page.h"
#include "require.h"
#include "saml/clock.h"
#include "saml/texts.h"
#include "url.h"

#define LEAST_AGE_S 60              /* under that the way back from the identity provider could take longer */
#define MOST_AGE_S  (400 * 86400)
#define AUTHN_METHODS  "http://schemas.microsoft.com/claims/authnmethodsreferences"    /* not an attribute merely called by its alias */
#define MULTIPLE_AUTHN "http://schemas.microsoft.com/claims/multipleauthn"

struct sso_authn_need_t {
    apr_interval_time_t max_age;    /* 0: the line asks for several factors */
};

/*
 * What says that there were several factors: Entra's value of the claim authnmethods, the REFEDS MFA profile, and the classes of SAML
 * Authentication Context 3.4.9, 3.4.11 and 3.4.20 that are two-factor by their definition.
 */
static const char *const several_factors[] = {
    MULTIPLE_AUTHN,
    "https://refeds.org/profile/mfa",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
};

/* ---- parsing --------------------------------------------------------------- */

/* In seconds. @return 0 where it is no time, or out of range */
static apr_int64_t parse_age(const char *text)
{
    apr_int64_t seconds;

    return sso_duration_read(&seconds, text, SSO_DURATION_WITH_DAYS) && seconds >= LEAST_AGE_S && seconds <= MOST_AGE_S ? seconds : 0;
}

static int is_section(const ap_directive_t *at, const char *name)
{
    return ap_cstr_casecmp(at->directive, name) == 0;
}

static int is_method_section(const ap_directive_t *at)
{
    return is_section(at, "<Limit") || is_section(at, "<LimitExcept");
}

static const ap_directive_t *that_opens(const ap_directive_t *at, apr_pool_t *p);

/* All have to hold: it opens where each of its lines does. What says something else (<RequireNone>, "not") is taken to keep somebody out. */
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

/* @return NULL or what is wrong with where it stands */
static const char *look_around(const cmd_parms *cmd)
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
        return apr_psprintf(cmd->pool, "Require saml-authn: expected to be needed, found \"AuthMerging Or\" (line %d) beside it, with which "
                            "whom a section around this one lets in need not satisfy it; mend: leave that out, and write what is enough "
                            "instead of it into a <RequireAny> here", other->line_num);
    return NULL;
}

const char *sso_step_up_parse(const sso_authn_need_t **out, const cmd_parms *cmd, const char *line)
{
    const char *what = ap_getword_conf(cmd->temp_pool, &line), *age = ap_getword_conf(cmd->temp_pool, &line);
    sso_authn_need_t *need = apr_pcalloc(cmd->pool, sizeof(*need));

    if (strcmp(what, "max-age") == 0)
        need->max_age = apr_time_from_sec(parse_age(age));
    else if (strcmp(what, "mfa") != 0 || *age)
        what = "";
    if (*line || !*what || (strcmp(what, "max-age") == 0 && !need->max_age))
        return "Require saml-authn: expected \"mfa\", or \"max-age\" and a time from 60s to 400d, like \"max-age 15m\"; for both, two lines in "
               "a <RequireAll>";
    *out = need;
    return look_around(cmd);
}

/* ---- deciding -------------------------------------------------------------- */

static int says_several(const char *value)
{
    apr_size_t i;

    for (i = 0; value && i < sizeof(several_factors) / sizeof(several_factors[0]); ++i) {
        if (strcmp(value, several_factors[i]) == 0)
            return 1;
    }
    return 0;
}

static int had_several_factors(const sso_session_t *session, apr_pool_t *p)
{
    sso_attribute_t attribute;
    const char *value;
    int i;

    if (says_several(session->authn_context))
        return 1;
    if (!sso_session_find(&attribute, session, AUTHN_METHODS))
        return 0;
    value = sso_session_values(&attribute, p);
    for (i = 0; i < attribute.value_count; ++i, value = sso_session_next_value(value)) {
        if (says_several(value))
            return 1;
    }
    return 0;
}

/*
 * The identity provider's clock may differ both ways; a time that has not come by either is none to go by. That is not to make several
 * times of a short one.
 */
static int is_fresh(const sso_session_t *session, apr_interval_time_t max_age, request_rec *r)
{
    const sso_app_t *app = sso_app_of(r);
    apr_interval_time_t skew = app ? app->clock_skew : 0, age = r->request_time - session->authn_instant;

    if (skew > max_age / 2)
        skew = max_age / 2;
    return session->authn_instant > 0 && age >= -skew && age <= max_age + skew;
}

static void note_lack(sso_step_up_t *lack, unsigned bit, apr_interval_time_t max_age)
{
    lack->bits |= bit;
    if (max_age && (!lack->max_age || max_age < lack->max_age))
        lack->max_age = max_age;
}

int sso_step_up_is_satisfied(const sso_authn_need_t *need, const sso_session_t *session, request_rec *r)
{
    sso_step_up_t *lack = &sso_request_of(r)->step_up;

    if (need->max_age ? is_fresh(session, need->max_age, r) : had_several_factors(session, r->pool))
        return 1;
    note_lack(lack, need->max_age ? SSO_STEP_UP_AGE : SSO_STEP_UP_MFA, need->max_age);
    return lack->is_supposed;
}

/* ---- answering ------------------------------------------------------------- */

static unsigned read_bits(const char *text)
{
    unsigned bits = 0;

    if (text && (strcmp(text, "mfa") == 0 || strcmp(text, "mfa,max-age") == 0))
        bits |= SSO_STEP_UP_MFA;
    if (text && (strcmp(text, "max-age") == 0 || strcmp(text, "mfa,max-age") == 0))
        bits |= SSO_STEP_UP_AGE;
    return bits;
}

const char *sso_step_up_text(unsigned bits)
{
    static const char *const texts[] = { "", "mfa", "max-age", "mfa,max-age" };

    return texts[bits & SSO_STEP_UP_ALL];
}

/*
 * What this session was sent back for already. One that was so for its age is as old as that allows some time later, and may then be
 * sent again.
 */
static unsigned tried(const sso_session_t *session, const sso_step_up_t *lack, request_rec *r)
{
    unsigned bits = session->step_up;

    if (r->request_time - session->created >= lack->max_age)
        bits &= ~SSO_STEP_UP_AGE;
    return bits;
}

static saml_status_t fail_mfa(const sso_session_t *session, request_rec *r, saml_err_t *err)
{
    return saml_fail(err, SAML_E_AUTHN_STATEMENT, "Require saml-authn mfa for %s: expected the claim authnmethods with \"" MULTIPLE_AUTHN
                     "\", or an AuthnContextClassRef that means several factors, after a sign-on with ForceAuthn, found the class %s; "
                     "mend: a Conditional Access policy at Entra that asks for multifactor authentication for this application",
                     saml_quote(r->pool, r->uri), saml_quote(r->pool, session->authn_context));
}

static saml_status_t fail_age(const sso_session_t *session, const sso_step_up_t *lack, request_rec *r, saml_err_t *err)
{
    return saml_fail(err, SAML_E_AUTHN_STATEMENT, "Require saml-authn max-age for %s: expected an AuthnInstant at most %" APR_TIME_T_FMT
                     " s old after a sign-on with ForceAuthn, found %s at %s; mend: have the identity provider heed ForceAuthn, or set the "
                     "clocks (NTP)", saml_quote(r->pool, r->uri), apr_time_sec(lack->max_age),
                     saml_time_format(r->pool, session->authn_instant), saml_time_format(r->pool, r->request_time));
}

static int refuse(request_rec *r, const sso_app_t *app, const sso_session_t *session)
{
    const sso_step_up_t *lack = &sso_request_of(r)->step_up;
    saml_err_t *err = sso_err_new(r->pool);
    saml_status_t status = lack->bits & SSO_STEP_UP_MFA ? fail_mfa(session, r, err) : fail_age(session, lack, r, err);

    return sso_page_titled(r, app, status == SAML_OK || lack->bits & SSO_STEP_UP_MFA ? &saml_mfa_needed : &saml_fresh_needed, err);
}

/* As a request without a session is answered here; for whom "pass" would let through without one, as by default. */
int sso_step_up_answer(request_rec *r, const sso_app_t *app)
{
    sso_request_t *req = sso_request_of(r);
    sso_unauthenticated_t how = sso_unauthenticated(sso_dir_of(r));
    int before = sso_page_refused_before(r);

    if (before != DECLINED)
        return before;
    req->target = sso_request_target(r, app);
    if ((req->step_up.bits & ~tried(req->session, &req->step_up, r)) == 0)
        return refuse(r, app, req->session);
    req->step_up.noted = req->step_up.bits;
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "sent back for a stronger sign-on (%s): the session does not satisfy Require saml-authn for %s",
                  sso_step_up_text(req->step_up.bits), r->uri);
    return sso_answer_without_session(r, app, how == SSO_UNAUTH_PASS ? SSO_UNAUTH_AUTO : how, req->target);
}

/* ---- by way of login ------------------------------------------------------- */

static const char purpose[] = "step-up";

static saml_status_t bound_to(const char **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *session;

    SAML_TRY(sso_session_reference(&session, r, app, err));
    *out = apr_pstrcat(r->pool, app->id, "\n", session, NULL);
    return SAML_OK;
}

static saml_status_t seal_noted(const char **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *text = sso_step_up_text(sso_request_of(r)->step_up.noted), *bound;

    SAML_TRY(bound_to(&bound, r, app, err));
    return saml_seal(out, app->secret, purpose, bound, text, strlen(text), r->pool, err);
}

const char *sso_step_up_query(request_rec *r, const sso_app_t *app)
{
    const sso_step_up_t *lack = &sso_request_of(r)->step_up;
    const char *asks, *sealed;

    if (!lack->bits)
        return "";
    asks = apr_pstrcat(r->pool, "&step-up=", sso_step_up_text(lack->bits), NULL);
    if (!lack->noted || seal_noted(&sealed, r, app, sso_err_new(r->pool)) != SAML_OK)
        return asks;
    return apr_pstrcat(r->pool, asks, "&noted=", sealed, NULL);
}

static saml_status_t unseal_noted(unsigned *out, request_rec *r, const sso_app_t *app, const char *sealed, saml_err_t *err)
{
    const char *bound, *text;
    apr_size_t len;

    SAML_TRY(bound_to(&bound, r, app, err));
    SAML_TRY(saml_unseal(&text, &len, app->secret, purpose, bound, sealed, r->pool, err));
    *out = read_bits(text);
    return SAML_OK;
}

/* Another session's note, or none: then the place to which the sign-on leads has still to find what is lacking. */
void sso_step_up_asked(request_rec *r, const sso_app_t *app, const char *asked, const char *noted)
{
    sso_step_up_t *lack = &sso_request_of(r)->step_up;
    unsigned bits;

    lack->bits = read_bits(asked);
    lack->noted = noted && unseal_noted(&bits, r, app, noted, sso_err_new(r->pool)) == SAML_OK ? bits & lack->bits : 0;
}
