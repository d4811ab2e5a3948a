/* SPDX-License-Identifier: Apache-2.0 */
#include "step_up.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "page.h"
#include "popup.h"
#include "require.h"
#include "saml/clock.h"
#include "saml/json.h"
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

/* "90", "90s", "15m", "15min", "8h", "30d". @return 0 where it is none of them, or out of range */
static apr_int64_t parse_age(const char *text)
{
    static const struct {
        const char *unit;
        int seconds;
    } units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 } };
    apr_int64_t seconds;
    apr_size_t i;
    char *end;

    if (!apr_isdigit(*text) || strlen(text) > 11)
        return 0;
    seconds = apr_strtoi64(text, &end, 10);
    for (i = 0; i < sizeof(units) / sizeof(units[0]); ++i) {
        if (strcmp(end, units[i].unit) == 0) {
            seconds *= units[i].seconds;
            return seconds >= LEAST_AGE_S && seconds <= MOST_AGE_S ? seconds : 0;
        }
    }
    return 0;
}

static int is_section(const ap_directive_t *at, const char *name)
{
    return ap_cstr_casecmp(at->directive, name) == 0;
}

/* Whether each of the lines beside this one lets somebody in by itself: all but <RequireAll> makes them alternatives. */
static int are_alternatives(const ap_directive_t *line)
{
    return !line->parent || !is_section(line->parent, "<RequireAll");
}

/* A line beside this one that every session satisfies makes it a line that says nothing. */
static const ap_directive_t *that_outdoes(const cmd_parms *cmd)
{
    const ap_directive_t *line = cmd->directive, *at = line->parent ? line->parent->first_child : NULL;

    if (!are_alternatives(line))
        return NULL;
    for (; at; at = at->next) {
        const char *args = at->args;

        if (at != line && is_section(at, "Require") && ap_cstr_casecmp(ap_getword_conf(cmd->temp_pool, &args), "valid-user") == 0)
            return at;
    }
    return NULL;
}

const char *sso_step_up_parse(const sso_authn_need_t **out, const cmd_parms *cmd, const char *line)
{
    const char *what = ap_getword_conf(cmd->temp_pool, &line), *age = ap_getword_conf(cmd->temp_pool, &line);
    sso_authn_need_t *need = apr_pcalloc(cmd->pool, sizeof(*need));
    const ap_directive_t *outdoes;

    if (strcmp(what, "max-age") == 0)
        need->max_age = apr_time_from_sec(parse_age(age));
    else if (strcmp(what, "mfa") != 0 || *age)
        what = "";
    if (*line || !*what || (strcmp(what, "max-age") == 0 && !need->max_age))
        return "Require saml-authn: expected \"mfa\", or \"max-age\" and a time from 60s to 400d, like \"max-age 15m\"; for both, two lines in "
               "a <RequireAll>";
    /* To be without a second factor opens nothing. */
    if (sso_require_may_be_negated(cmd))
        return "Require saml-authn: expected it by itself, in <RequireAll> or <RequireAny>, found it where \"denied\" may let somebody in "
               "(Require not, <RequireNone>, <AuthzProviderAlias>)";
    outdoes = that_outdoes(cmd);
    if (outdoes)
        return apr_psprintf(cmd->pool, "Require saml-authn: expected to be needed, found \"Require %s\" (line %d) beside it, which lets "
                            "everybody in who has a session, as either line is enough; mend: leave that line out, or put both into "
                            "<RequireAll>", outdoes->args, outdoes->line_num);
    *out = need;
    return NULL;
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

/* The identity provider's clock may differ both ways; a time that has not come by either is none to go by. */
static int is_fresh(const sso_session_t *session, apr_interval_time_t max_age, request_rec *r)
{
    const sso_app_t *app = sso_app_of(r);
    apr_interval_time_t skew = app ? app->clock_skew : 0, age = r->request_time - session->authn_instant;

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

unsigned sso_step_up_read(const char *text)
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

/* A script is told what is lacking, and where a page may sign on for it. */
static int answer_script(request_rec *r, const sso_app_t *app, unsigned bits, const char *target)
{
    const char *login = sso_endpoint_url(app, sso_reply_url_of(app, r), "login", r->pool), *what = sso_step_up_text(bits);
    const char *url = apr_pstrcat(r->pool, login, "?step-up=", what, "&target=", ap_escape_urlencoded(r->pool, target), NULL);

    apr_table_setn(r->err_headers_out, "WWW-Authenticate", SSO_AUTH_TYPE);
    return sso_page_json(r, HTTP_UNAUTHORIZED,
                         apr_pstrcat(r->pool, "{\"reason\":\"step-up needed\",\"step_up\":", saml_json_string(r->pool, what), ",\"login_url\":",
                                     saml_json_string(r->pool, url), "}\n", NULL));
}

int sso_step_up_answer(request_rec *r, const sso_app_t *app)
{
    sso_request_t *req = sso_request_of(r);
    int before = sso_page_refused_before(r);

    if (before != DECLINED)
        return before;
    req->target = sso_request_target(r, app);
    if ((req->step_up.bits & ~tried(req->session, &req->step_up, r)) == 0)
        return refuse(r, app, req->session);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "sent back for a stronger sign-on (%s): the session does not satisfy Require saml-authn for %s",
                  sso_step_up_text(req->step_up.bits), r->uri);
    if (!sso_is_navigation(r))
        return answer_script(r, app, req->step_up.bits, req->target);
    if (sso_is_framed(r) && sso_unauthenticated(sso_dir_of(r)) == SSO_UNAUTH_AUTO)
        return sso_popup_for_frame(r, app, req->target);
    return sso_login_start(r, app, req->target);
}
