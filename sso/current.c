/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "cookie.h"
#include "saml/id.h"

/*
 * The session that a cookie names. The cookie's value is 256 random bits; the store knows only its SHA-256, so a stolen store
 * opens nothing.
 */

#define TOKEN_BYTES 32
#define SWEEP_AT_MOST 16
#define TOKEN_CHARS 43              /* of 32 octets in base64url without padding */

static int is_token(const char *text)
{
    apr_size_t i;

    for (i = 0; text[i]; ++i) {
        if (!apr_isalnum(text[i]) && text[i] != '-' && text[i] != '_')
            return 0;
    }
    return i == TOKEN_CHARS;
}

/* The key that the request's cookie names. @return 0 where there is no cookie of the right shape */
static int key_of_request(sso_key_t *key, request_rec *r, const sso_app_t *app, saml_status_t *status, saml_err_t *err)
{
    const char *own = sso_request_of(r)->cookies;
    const char *value = own ? sso_cookie_value(own, app->cookie.name, r->pool) : NULL;

    *status = SAML_OK;
    if (!value || !is_token(value))
        return 0;
    *status = sso_key_of(key, value, TOKEN_CHARS, err);
    return *status == SAML_OK;
}

/* Write the idle stamp, seldom. A session that was ended meanwhile stays ended. */
static saml_status_t stamp(const sso_session_t *session, const sso_key_t *key, request_rec *r, const sso_app_t *app,
                           saml_err_t *err)
{
    sso_session_t stamped;
    void *record = sso_session_stamped(session, r->request_time, r->pool);
    int found;

    SAML_TRY(sso_session_decode(&stamped, record, session->len, err));
    return sso_store_replace(app->store, key, record, session->len, sso_session_forget_at(&stamped), &found, err);
}

static saml_status_t look_up(const sso_session_t **out, const sso_key_t *key, request_rec *r, const sso_app_t *app,
                             saml_err_t *err)
{
    sso_session_t *session;
    const void *record;
    apr_size_t len;

    SAML_TRY(sso_store_get(app->store, key, &record, &len, r->pool, err));
    if (!record)
        return SAML_OK;
    session = apr_palloc(r->pool, sizeof(*session));
    SAML_TRY(sso_session_decode(session, record, len, err));
    if (strcmp(session->app_id, app->id) != 0 || sso_session_state(session, r->request_time) != SSO_SESSION_LIVE)
        return SAML_OK;
    *out = session;
    return SAML_OK;
}

saml_status_t sso_session_current(const sso_session_t **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const sso_session_t *session = NULL;
    saml_status_t status;
    sso_key_t key;

    *out = NULL;
    if (!key_of_request(&key, r, app, &status, err))
        return status;
    SAML_TRY(look_up(&session, &key, r, app, err));
    if (session && sso_session_stamp_is_old(session, r->request_time)
        && stamp(session, &key, r, app, err) != SAML_OK) {
        /* The session is good; that it was used could not be written down. It may end early, which the log explains. */
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "session kept, but its idle time could not be renewed: %s",
                      err->reason);
    }
    *out = session;
    return SAML_OK;
}

/* Each sign-on clears a little of what has ended, so that the store stays as large as the live sessions are. */
static void sweep_a_little(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    int swept;

    if (sso_store_sweep(app->store, r->request_time, SWEEP_AT_MOST, &swept, err) != SAML_OK)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "ended sessions could not be cleared: %s", err->reason);
}

saml_status_t sso_session_begin(request_rec *r, const sso_app_t *app, const saml_login_t *login, saml_err_t *err)
{
    sso_session_new_t from = { app->id, login, r->request_time, app->session_lifetime, app->session_idle };
    sso_session_t session;
    const char *token;
    sso_key_t key;
    void *record;
    apr_size_t len;
    int ended;

    SAML_TRY(saml_token_new(&token, TOKEN_BYTES, r->pool, err));
    SAML_TRY(sso_key_of(&key, token, strlen(token), err));
    SAML_TRY(sso_session_encode(&record, &len, &from, r->pool, err));
    SAML_TRY(sso_session_decode(&session, record, len, err));
    SAML_TRY(sso_session_end(&ended, r, app, err));
    SAML_TRY(sso_store_put(app->store, &key, record, len, sso_session_forget_at(&session), err));
    sso_cookie_set_session(r, app, token);
    sweep_a_little(r, app);
    return SAML_OK;
}

saml_status_t sso_session_end(int *ended, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    saml_status_t status;
    sso_key_t key;

    *ended = 0;
    if (!key_of_request(&key, r, app, &status, err))
        return status;
    return sso_store_remove(app->store, &key, ended, err);
}
