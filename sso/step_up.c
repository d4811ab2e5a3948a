/* SPDX-License-Identifier: Apache-2.0 */
#include "step_up.h"

#include <apr_strings.h>

#include "duration.h"
#include "page.h"
#include "saml/clock.h"
#include "saml/texts.h"
#include "step_up_beside.h"
#include "step_up_query.h"
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

const char *sso_step_up_parse(const sso_authn_need_t **out, const cmd_parms *cmd, const char *line)
{
    const char *what = ap_getword_conf(cmd->temp_pool, &line), *age = ap_getword_conf(cmd->temp_pool, &line);
    sso_authn_need_t *need = apr_pcalloc(cmd->pool, sizeof(*need));

    if (strcmp(what, "max-age") == 0)
        need->max_age = apr_time_from_sec(parse_age(age));
    else if (strcmp(what, "mfa") != 0 || *age)
        what = "";
    if (*line || !*what || (strcmp(what, "max-age") == 0 && !need->max_age))
        return "Require saml-authn: expected \"mfa\", or \"max-age\" and a time from 60s to 400d, like \"max-age 15m\"; for both, two "
               "lines in a <RequireAll>";
    *out = need;
    return sso_step_up_look_beside(cmd);
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
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "sent back for a stronger sign-on (%s): the session does not satisfy Require saml-authn "
                  "for %s", sso_step_up_text(req->step_up.bits), r->uri);
    return sso_answer_without_session(r, app, how == SSO_UNAUTH_PASS ? SSO_UNAUTH_AUTO : how, req->target);
}
