/* SPDX-License-Identifier: Apache-2.0 */
#include "logout_late.h"

#include <apr_strings.h>

#include "entra.h"
#include "saml/clock.h"

/* Of the name its value alone: in another format it may be somebody else's, who then signs on once more. */
static saml_status_t key_of(sso_key_t *out, const sso_app_t *app, const char *name, const char *index, apr_pool_t *p,
                            saml_err_t *err)
{
    const char *text = apr_psprintf(p, "late %" APR_SIZE_T_FMT " %s %" APR_SIZE_T_FMT " %s %s%s", strlen(app->id), app->id, strlen(name),
                                    name, index ? "of " : "all", index ? index : "");

    return sso_key_of(out, text, strlen(text), err);
}

/* Of the logout that is remembered under `key`, when it was and how long it counts; both 0 where none is. */
static saml_status_t find(apr_time_t *ended, apr_time_t *until, const sso_app_t *app, const sso_key_t *key, saml_err_t *err)
{
    sso_mark_t mark;
    int found;

    SAML_TRY(sso_store_mark_get(app->store, key, apr_time_now(), &mark, &found, err));
    *ended = 0;
    *until = found ? mark.expires : 0;
    if (found)
        memcpy(ended, mark.value.octets, sizeof(*ended));
    return SAML_OK;
}

/*
 * One that comes in the place of another takes nothing from it: the older of two may come last, and the later one may be good for a
 * shorter time.
 */
static saml_status_t mark(const sso_app_t *app, const char *name, const char *index, const saml_logout_request_t *request,
                          apr_pool_t *p, saml_err_t *err)
{
    apr_time_t ended, until;
    sso_key_t key, value;

    SAML_TRY(key_of(&key, app, name, index, p, err));
    SAML_TRY(find(&ended, &until, app, &key, err));
    if (ended < request->issued)
        ended = request->issued;
    if (until < request->until)
        until = request->until;
    memset(&value, 0, sizeof(value));
    memcpy(value.octets, &ended, sizeof(ended));
    return sso_store_mark_put(app->store, &key, &value, until, err);
}

saml_status_t sso_logout_late_mark(const sso_app_t *app, const saml_idp_t *idp, const saml_logout_request_t *request,
                                   apr_pool_t *p, saml_err_t *err)
{
    const apr_array_header_t *indexes = request->session_indexes;
    int i, by_index = sso_entra_tenant(idp, p) != NULL;

    if (!indexes->nelts)
        return mark(app, request->name_id.value, NULL, request, p, err);
    for (i = 0; i < indexes->nelts; i++) {
        const char *index = APR_ARRAY_IDX(indexes, i, const char *);

        /* With Entra the index alone says which session is meant (logout_index.h). */
        SAML_TRY(mark(app, by_index ? "" : request->name_id.value, index, request, p, err));
    }
    return SAML_OK;
}

static saml_status_t check(const sso_app_t *app, const char *name, const char *index, const saml_login_t *login, apr_pool_t *p,
                           saml_err_t *err)
{
    sso_key_t key;
    apr_time_t ended, until;

    SAML_TRY(key_of(&key, app, name, index, p, err));
    SAML_TRY(find(&ended, &until, app, &key, err));
    if (login->issue_instant >= ended)
        return SAML_OK;
    return saml_fail(err, SAML_E_STATE_MISSING, "assertion: expected one issued after the identity provider's logout of that %s at %s, "
                     "got one of %s", index ? "session" : "user", saml_time_format(err->pool, ended),
                     saml_time_format(err->pool, login->issue_instant));
}

saml_status_t sso_logout_late_check(const sso_app_t *app, const saml_idp_t *idp, const saml_login_t *login, apr_pool_t *p,
                                    saml_err_t *err)
{
    SAML_TRY(check(app, login->name_id.value, NULL, login, p, err));
    if (!login->session_index)
        return SAML_OK;
    return check(app, sso_entra_tenant(idp, p) ? "" : login->name_id.value, login->session_index, login, p, err);
}
