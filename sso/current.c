/* SPDX-License-Identifier: Apache-2.0 */
#include "sso.h"

#include <apr_strings.h>

#include "carried.h"
#include "cookie.h"
#include "idp.h"
#include "last_user.h"
#include "logout_index.h"
#include "logout_late.h"
#include "saml/encoding.h"
#include "saml/id.h"
#include "user_labels.h"
#include "watch.h"

/*
 * The session that a cookie names, or holds (store "cookie", carried.h). The cookie that names one is 256 random bits; the store knows
 * only its SHA-256, so a stolen store opens nothing.
 */

#define TOKEN_BYTES 32
#define SWEEP_AT_MOST 16
#define KEYS_AT_MOST 4
#define TOKEN_CHARS 43              /* of 32 octets in base64url without padding */

/** A session that the request may mean. */
typedef struct {
    sso_key_t key;
    const sso_carried_t *carried;   /* NULL: the store has the record */
} candidate_t;

/** All of them. */
typedef struct {
    candidate_t of[KEYS_AT_MOST];
    int count;
} candidates_t;

static saml_status_t candidates_carried(candidates_t *out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    apr_array_header_t *sessions;
    int i;

    SAML_TRY(sso_carried_read(&sessions, r, app, KEYS_AT_MOST, err));
    for (i = 0; i < sessions->nelts && i < KEYS_AT_MOST; ++i) {
        const sso_carried_t *session = &APR_ARRAY_IDX(sessions, i, sso_carried_t);

        out->of[out->count++] = (candidate_t){ session->key, session };
    }
    return SAML_OK;
}

/*
 * What the request's cookies may mean. Where a name has no __Host- prefix, a browser can hold it several times,
 * for other paths and domains; one that is dead must not keep the live one from being seen, or sign-ons never end.
 */
static saml_status_t candidates_of(candidates_t *out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const char *own = sso_request_of(r)->cookies, *value;
    apr_size_t len;
    int i;

    out->count = 0;
    if (!own)
        return SAML_OK;
    if (sso_store_is_carried(app->store))
        return candidates_carried(out, r, app, err);
    for (i = 0; i < KEYS_AT_MOST && sso_cookie_next(&value, &len, &own, app->cookie.name); ++i) {
        candidate_t *candidate = &out->of[out->count];

        /* Of which octets is no matter: another 43 than were given out are another key. */
        if (len != TOKEN_CHARS)
            continue;
        candidate->carried = NULL;
        SAML_TRY(sso_key_of(&candidate->key, value, TOKEN_CHARS, err));
        ++out->count;
    }
    return SAML_OK;
}

/* The browser gets the record anew. A subrequest's answer has no header of its own. */
static saml_status_t send_anew(const sso_carried_t *carried, const void *record, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    sso_carried_t renewed = *carried;
    const char *sealed;

    while (r->main)
        r = r->main;
    if (sso_request_of(r)->renewed)
        return SAML_OK;
    renewed.record = record;
    SAML_TRY(sso_carried_seal(&sealed, r, app, &renewed, err));
    sso_carried_send(r, app, sealed);
    sso_request_of(r)->renewed = 1;
    return SAML_OK;
}

/* Write the idle stamp, seldom. A session that was ended meanwhile stays ended. */
static saml_status_t stamp(const sso_session_t *session, const candidate_t *candidate, request_rec *r, const sso_app_t *app,
                           saml_err_t *err)
{
    sso_session_t stamped;
    void *record = sso_session_stamped(session, r->request_time, r->pool);
    int found;

    SAML_TRY(sso_session_decode(&stamped, record, session->len, err));
    if (candidate->carried)
        SAML_TRY(send_anew(candidate->carried, record, r, app, err));
    return sso_store_replace(app->store, &candidate->key, record, session->len, sso_session_forget_at(&stamped), &found, err);
}

/* As it was begun with, and no longer than such a session may be now and here: a lifetime made shorter holds for those that are there. */
static int is_live(const sso_session_t *session, request_rec *r, const sso_app_t *app)
{
    return sso_session_state(session, r->request_time) == SSO_SESSION_LIVE && r->request_time < session->created + app->session_lifetime;
}

/* @param record  NULL where there is none, or it was ended */
static saml_status_t record_of(const void **record, apr_size_t *len, const candidate_t *candidate, request_rec *r,
                               const sso_app_t *app, saml_err_t *err)
{
    const sso_carried_t *carried = candidate->carried;
    int ended;

    if (!carried)
        return sso_store_get(app->store, &candidate->key, record, len, r->pool, err);
    SAML_TRY(sso_store_is_ended(app->store, carried, r->request_time, &ended, err));
    *record = ended ? NULL : carried->record;
    *len = carried->len;
    return SAML_OK;
}

/*
 * Whether it says of control characters what is so: headers are made by that, and a line break in one would let whoever can write into the
 * store write whole requests to what is behind us.
 */
static int is_honest(const sso_session_t *session)
{
    int i;

    for (i = 0; i < session->attribute_count; ++i) {
        const sso_attribute_t *attribute = &session->attributes[i];

        if (!attribute->has_control && (strlen(attribute->joined) != attribute->joined_len || sso_has_control(attribute->joined)))
            return 0;
    }
    return session->name_id_has_control || !sso_has_control(session->name_id);
}

static saml_status_t look_up(sso_session_t **out, const candidate_t *candidate, request_rec *r, const sso_app_t *app,
                             saml_err_t *err)
{
    sso_session_t *session;
    const void *record;
    apr_size_t len;

    SAML_TRY(record_of(&record, &len, candidate, r, app, err));
    if (!record)
        return SAML_OK;
    if (sso_session_is_foreign(record, len)) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "a session of another version of this module, or of a machine with another byte order, is none here");
        return SAML_OK;
    }
    session = apr_palloc(r->pool, sizeof(*session));
    SAML_TRY(sso_session_decode(session, record, len, err));
    if (sso_store_is_shared(app->store) && !is_honest(session))
        return saml_fail(err, SAML_E_STORE, "session record: expected one that says whether it has control characters, got one that "
                         "does not");
    if (strcmp(session->app_id, app->sessions_of) != 0 || !is_live(session, r, app))
        return SAML_OK;
    *out = session;
    return SAML_OK;
}

/* The live session among the candidates; `*out` NULL: none is. */
static inline saml_status_t find_live(sso_session_t **out, const candidate_t **candidate, candidates_t *candidates, request_rec *r,
                               const sso_app_t *app, saml_err_t *err)
{
    int i;

    *out = NULL;
    SAML_TRY(candidates_of(candidates, r, app, err));
    for (i = 0; i < candidates->count && !*out; ++i) {
        *candidate = &candidates->of[i];
        SAML_TRY(look_up(out, *candidate, r, app, err));
    }
    return SAML_OK;
}

saml_status_t sso_session_look(const sso_session_t **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    const candidate_t *candidate;
    candidates_t candidates;
    sso_session_t *session = NULL;
    saml_status_t status = find_live(&session, &candidate, &candidates, r, app, err);

    *out = session;
    return status;
}

saml_status_t sso_session_current(const sso_session_t **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    sso_session_t *session = NULL;
    const candidate_t *candidate = NULL;
    candidates_t candidates;

    *out = NULL;
    SAML_TRY(find_live(&session, &candidate, &candidates, r, app, err));
    if (session && sso_session_stamp_is_old(session, r->request_time)) {
        if (stamp(session, candidate, r, app, err) == SAML_OK)
            session->seen = r->request_time;
        else
            /* The session is good; that it was used could not be written down. It may end early, which the log explains. */
            ap_log_rerror(APLOG_MARK, err->known ? APLOG_INFO : APLOG_ERR, 0, r, "session kept, but its idle time could not be renewed: %s",
                          err->reason);
    }
    *out = session;
    return SAML_OK;
}

/* Where nothing does so beside the requests, each sign-on clears a little of what has ended: the store stays as large as the live sessions are. */
static void sweep_a_little(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    int swept;

    if (sso_watch_is_there())
        return;
    if (sso_store_sweep(app->store, r->request_time, SWEEP_AT_MOST, &swept, err) != SAML_OK)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "ended sessions could not be cleared: %s", err->reason);
}

static void warn_of_high_water(request_rec *r, const sso_app_t *app)
{
    saml_err_t *err = sso_err_new(r->pool);
    apr_uint64_t sessions;
    int now_high;

    if (sso_store_high_water(app->store, r->request_time, &now_high, &sessions, err) != SAML_OK)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "whether the session store is nearly full could not be told: %s", err->reason);
    else if (now_high)
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "the session store %s is nearly full: %" APR_UINT64_T_FMT " sessions, and "
                      "SAMLSessionLimit is %" APR_UINT64_T_FMT ", at which new sign-ons are refused; mend: raise it, shorten "
                      "SAMLSessionIdle, or end sessions with saml-sso sessions", sso_store_name(app->store), sessions,
                      sso_store_limit_of(app->store));
}

saml_status_t sso_session_reference(const char **out, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    candidates_t candidates;

    SAML_TRY(candidates_of(&candidates, r, app, err));
    *out = candidates.count ? saml_base64url_encode(r->pool, candidates.of[0].key.octets, SSO_KEY_BYTES) : "";
    return SAML_OK;
}

/* In whose place a session comes: what this browser has, and what it had when the sign-on began. */
static saml_status_t find_instead(sso_key_t *keys, int *count, const char *reference, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    candidates_t candidates;
    const char *octets;
    apr_size_t len;
    int i;

    SAML_TRY(candidates_of(&candidates, r, app, err));
    for (i = 0; i < candidates.count; ++i)
        keys[i] = candidates.of[i].key;
    *count = candidates.count;
    if (!reference || !*reference)
        return SAML_OK;
    SAML_TRY(saml_base64url_decode(&octets, &len, reference, strlen(reference), r->pool, err));
    if (len != SSO_KEY_BYTES)
        return saml_fail(err, SAML_E_STATE_MISSING, "login state: expected a key of %d octets, got %" APR_SIZE_T_FMT,
                         SSO_KEY_BYTES, len);
    for (i = 0; i < *count && memcmp(keys[i].octets, octets, SSO_KEY_BYTES) != 0; ++i)
        ;
    if (i == *count)
        memcpy(keys[(*count)++].octets, octets, SSO_KEY_BYTES);
    return SAML_OK;
}

static saml_status_t seal_new(const char **sealed, request_rec *r, const sso_app_t *app, const sso_session_t *session,
                              const sso_put_t *put, saml_err_t *err)
{
    sso_carried_t carried = { .key = *put->key, .label_count = put->label_count, .created = session->created, .record = session->record,
                              .len = session->len };

    memcpy(carried.labels, put->labels, (apr_size_t)put->label_count * sizeof(*put->labels));
    return sso_carried_seal(sealed, r, app, &carried, err);
}

/* Asked when the session is there (logout_late.h), which then goes again; nobody has its cookie yet. */
static saml_status_t check_late(const sso_app_t *app, const saml_idp_t *idp, const saml_login_t *login, const sso_key_t *key,
                                apr_pool_t *p, saml_err_t *err)
{
    saml_status_t status = sso_logout_late_check(app, idp, login, p, err);
    int found;

    if (status != SAML_OK)
        SAML_TRY(sso_store_remove(app->store, key, &found, err));
    return status;
}

saml_status_t sso_session_begin(request_rec *r, const sso_app_t *app, const saml_login_t *login, const char *replaces,
                                unsigned step_up, saml_err_t *err)
{
    sso_session_new_t from = { app->sessions_of, login, apr_time_now(), app->session_lifetime, app->session_idle, step_up };
    sso_session_t session;
    const char *token;
    sso_key_t key, instead[KEYS_AT_MOST + 1];
    sso_label_t labels[SSO_MAX_LABELS];
    sso_put_t put = { .key = &key, .labels = labels, .instead = instead };
    const saml_idp_t *idp;
    void *record;
    apr_size_t len;

    SAML_TRY(saml_token_new(&token, TOKEN_BYTES, r->pool, err));
    SAML_TRY(sso_key_of(&key, token, strlen(token), err));
    SAML_TRY(sso_session_encode(&record, &len, &from, r->pool, err));
    SAML_TRY(sso_session_decode(&session, record, len, err));
    /* Within the clock skew the library takes it; a session that has ended already would send the browser round for ever. */
    if (sso_session_state(&session, from.now) != SSO_SESSION_LIVE)
        return saml_fail(err, SAML_E_SESSION_EXPIRED, "SessionNotOnOrAfter: expected a time to come by this server's clock, "
                         "so that the session could begin, got one that has passed");
    SAML_TRY(sso_idp_current(&idp, r, app, err));
    SAML_TRY(sso_logout_labels(labels, &put.label_count, app, idp, login, r->pool, err));
    SAML_TRY(sso_user_labels(labels, &put.label_count, app->users, login, r->pool, err));
    SAML_TRY(find_instead(instead, &put.instead_count, replaces, r, app, err));
    put.record = record;
    put.len = len;
    put.expires = sso_session_forget_at(&session);
    if (sso_store_is_carried(app->store))
        SAML_TRY(seal_new(&token, r, app, &session, &put, err));
    /* Before: one that came late must not end the session that there is. */
    SAML_TRY(sso_logout_late_check(app, idp, login, r->pool, err));
    SAML_TRY(sso_store_put_session(app->store, &put, err));
    SAML_TRY(check_late(app, idp, login, &key, r->pool, err));
    if (sso_store_is_carried(app->store))
        sso_carried_begin(r, app, token);
    else
        sso_cookie_set_session(r, app, app->cookie.name, token);
    sso_last_user_remember(r, app, &session);
    sweep_a_little(r, app);
    warn_of_high_water(r, app);
    return SAML_OK;
}

saml_status_t sso_session_end(int *ended, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    candidates_t candidates;
    int i, found;

    *ended = 0;
    SAML_TRY(candidates_of(&candidates, r, app, err));
    for (i = 0; i < candidates.count; ++i) {
        SAML_TRY(sso_store_remove(app->store, &candidates.of[i].key, &found, err));
        *ended |= found;
    }
    return SAML_OK;
}
