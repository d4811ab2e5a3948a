/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "cookie.h"
#include "idp.h"
#include "logout_index.h"
#include "saml/encoding.h"
#include "saml/id.h"

/*
 * The session that a cookie names. The cookie's value is 256 random bits; the store knows only its SHA-256, so a stolen store
 * opens nothing.
 */

#define TOKEN_BYTES 32
#define SWEEP_AT_MOST 16
#define KEYS_AT_MOST 4
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

/*
 * The keys (sso_key_t) that the request's cookies may name. Where a name has no __Host- prefix, a browser can hold it several times,
 * for other paths and domains; one that is dead must not keep the live one from being seen, or sign-ons never end.
 */
static saml_status_t keys_of_request(apr_array_header_t **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *own = sso_request_of(r)->cookies;
    apr_array_header_t *values, *keys = apr_array_make(r->pool, 1, sizeof(sso_key_t));
    int i;

    *out = keys;
    if (!own)
        return SAML_OK;
    values = sso_cookie_values(own, app->cookie.name, KEYS_AT_MOST, r->pool);
    for (i = 0; i < values->nelts; ++i) {
        const char *value = APR_ARRAY_IDX(values, i, const char *);

        if (is_token(value))
            SAML_TRY(sso_key_of(apr_array_push(keys), value, TOKEN_CHARS, err));
    }
    return SAML_OK;
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

/* As it was begun with, and no longer than such a session may be now and here: a lifetime made shorter holds for those that are there. */
static int is_live(const sso_session_t *session, request_rec *r, const sso_app_t *app)
{
    return sso_session_state(session, r->request_time) == SSO_SESSION_LIVE && r->request_time < session->created + app->session_lifetime;
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
    if (strcmp(session->app_id, app->sessions_of) != 0 || !is_live(session, r, app))
        return SAML_OK;
    *out = session;
    return SAML_OK;
}

saml_status_t sso_session_current(const sso_session_t **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const sso_session_t *session = NULL;
    const sso_key_t *key = NULL;
    apr_array_header_t *keys;
    int i;

    *out = NULL;
    SAML_TRY(keys_of_request(&keys, r, app, err));
    for (i = 0; i < keys->nelts && !session; ++i) {
        key = &APR_ARRAY_IDX(keys, i, sso_key_t);
        SAML_TRY(look_up(&session, key, r, app, err));
    }
    if (session && sso_session_stamp_is_old(session, r->request_time)
        && stamp(session, key, r, app, err) != SAML_OK) {
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

saml_status_t sso_session_reference(const char **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    apr_array_header_t *keys;

    SAML_TRY(keys_of_request(&keys, r, app, err));
    *out = keys->nelts ? saml_base64url_encode(r->pool, APR_ARRAY_IDX(keys, 0, sso_key_t).octets, SSO_KEY_BYTES) : "";
    return SAML_OK;
}

static saml_status_t end_referred(const char *reference, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *octets;
    apr_size_t len;
    sso_key_t key;
    int found;

    if (!reference || !*reference)
        return SAML_OK;
    SAML_TRY(saml_base64url_decode(&octets, &len, reference, strlen(reference), r->pool, err));
    if (len != sizeof(key.octets))
        return saml_fail(err, SAML_E_STATE_MISSING, "login state: expected a key of %d octets, got %" APR_SIZE_T_FMT,
                         SSO_KEY_BYTES, len);
    memcpy(key.octets, octets, sizeof(key.octets));
    return sso_store_remove(app->store, &key, &found, err);
}

saml_status_t sso_session_begin(request_rec *r, const sso_app_t *app, const saml_login_t *login, const char *replaces,
                                saml_err_t *err)
{
    sso_session_new_t from = { app->sessions_of, login, apr_time_now(), app->session_lifetime, app->session_idle };
    sso_session_t session;
    const char *token;
    sso_key_t key;
    sso_label_t labels[SSO_MAX_LABELS];
    const saml_idp_t *idp;
    void *record;
    apr_size_t len;
    int ended, label_count;

    SAML_TRY(saml_token_new(&token, TOKEN_BYTES, r->pool, err));
    SAML_TRY(sso_key_of(&key, token, strlen(token), err));
    SAML_TRY(sso_session_encode(&record, &len, &from, r->pool, err));
    SAML_TRY(sso_session_decode(&session, record, len, err));
    /* Within the clock skew the library takes it; a session that has ended already would send the browser round for ever. */
    if (sso_session_state(&session, from.now) != SSO_SESSION_LIVE)
        return saml_fail(err, SAML_E_SESSION_EXPIRED, "SessionNotOnOrAfter: expected a time to come by this server's clock, "
                         "so that the session could begin, got one that has passed");
    SAML_TRY(sso_idp_current(&idp, r, app, err));
    SAML_TRY(sso_logout_labels(labels, &label_count, app, idp, login, r->pool, err));
    SAML_TRY(sso_session_end(&ended, r, app, err));
    SAML_TRY(end_referred(replaces, r, app, err));
    SAML_TRY(sso_store_put_labelled(app->store, &key, record, len, sso_session_forget_at(&session), labels, label_count,
                                    err));
    sso_cookie_set_session(r, app, token);
    sweep_a_little(r, app);
    return SAML_OK;
}

saml_status_t sso_session_end(int *ended, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    apr_array_header_t *keys;
    int i, found;

    *ended = 0;
    SAML_TRY(keys_of_request(&keys, r, app, err));
    for (i = 0; i < keys->nelts; ++i) {
        SAML_TRY(sso_store_remove(app->store, &APR_ARRAY_IDX(keys, i, sso_key_t), &found, err));
        *ended |= found;
    }
    return SAML_OK;
}
