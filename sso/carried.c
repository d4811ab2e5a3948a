/* SPDX-License-Identifier: Apache-2.0 */
#include "carried.h"

#include <apr_strings.h>
#include <zlib.h>

#include "cookie.h"
#include "saml/binding.h"
#include "state.h"
#include "store/session.h"

/*
 * Under the seal: version (1) | key (32) | number of labels (1) | labels (16 each) | length of the record (4, big-endian) | the record
 * by raw DEFLATE (RFC 1951).
 */

static const char purpose[] = "cookie";

#define VERSION       1
#define LENGTH_BYTES  4
#define RAW_DEFLATE   (-MAX_WBITS)
#define MEM_LEVEL     8
#define TAG_AT        4         /* in the sealed text: behind version and hint */
#define TAG_CHARS     8
/*
 * What a request may make of some kilobytes of cookies. Names and groups deflate to a quarter or third, so that what fits into nine
 * cookies is within it; what is not could only be a claim of the same few octets over and over.
 */
#define MOST_INFLATED (128 * 1024)
/* RFC 6265 6.1 has browsers keep 4096 octets of name, value and attributes. */
#define COOKIE_BYTES  4000
/* Of a header line, for what else there is: the longest login in progress (state.h), sealed, and cookies of others. */
#define OTHERS_BYTES  (4 * SSO_STATE_MAX_TARGET_BYTES / 3 + 1024)

/* ---- what is sealed -------------------------------------------------------- */

static saml_status_t deflate_record(unsigned char *to, apr_size_t room, apr_size_t *len, const sso_carried_t *session, saml_err_t *err)
{
    z_stream z;
    int rc;

    memset(&z, 0, sizeof(z));
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW_DEFLATE, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return saml_fail(err, SAML_E_STORE, "session for a cookie: zlib cannot be set up");
    z.next_in = (Bytef *)(apr_uintptr_t)session->record;
    z.avail_in = (uInt)session->len;
    z.next_out = to;
    z.avail_out = (uInt)room;
    rc = deflate(&z, Z_FINISH);
    *len = room - z.avail_out;
    (void)deflateEnd(&z);
    if (rc != Z_STREAM_END)
        return saml_fail(err, SAML_E_STORE, "session for a cookie: zlib cannot compress it (%d)", rc);
    return SAML_OK;
}

static saml_status_t pack(const unsigned char **out, apr_size_t *out_len, const sso_carried_t *session, apr_pool_t *p, saml_err_t *err)
{
    apr_size_t labels = (apr_size_t)session->label_count * SSO_LABEL_BYTES, room = compressBound((uLong)session->len) + 64, len = 0;
    apr_size_t left = session->len;
    unsigned char *octets = apr_palloc(p, 2 + SSO_KEY_BYTES + labels + LENGTH_BYTES + room), *at = octets;
    int i;

    *at++ = VERSION;
    memcpy(at, session->key.octets, SSO_KEY_BYTES);
    at += SSO_KEY_BYTES;
    *at++ = (unsigned char)session->label_count;
    for (i = 0; i < session->label_count; ++i, at += SSO_LABEL_BYTES)
        memcpy(at, session->labels[i].octets, SSO_LABEL_BYTES);
    for (i = LENGTH_BYTES - 1; i >= 0; --i, left >>= 8)
        at[i] = (unsigned char)left;
    at += LENGTH_BYTES;
    SAML_TRY(deflate_record(at, room, &len, session, err));
    *out = octets;
    *out_len = (apr_size_t)(at - octets) + len;
    return SAML_OK;
}

/* @return 0 where these are not the octets of a session; they were sealed here, perhaps by another version */
static int unpack_head(sso_carried_t *out, const unsigned char **at, const unsigned char *end)
{
    const unsigned char *from = *at;
    int i;

    if (end - from < 2 + SSO_KEY_BYTES + LENGTH_BYTES || *from++ != VERSION)
        return 0;
    memcpy(out->key.octets, from, SSO_KEY_BYTES);
    from += SSO_KEY_BYTES;
    out->label_count = *from++;
    if (out->label_count > SSO_MAX_LABELS || end - from < out->label_count * SSO_LABEL_BYTES + LENGTH_BYTES)
        return 0;
    for (i = 0; i < out->label_count; ++i, from += SSO_LABEL_BYTES)
        memcpy(out->labels[i].octets, from, SSO_LABEL_BYTES);
    for (out->len = 0, i = 0; i < LENGTH_BYTES; ++i)
        out->len = out->len << 8 | *from++;
    *at = from;
    return out->len > 0 && out->len <= MOST_INFLATED;
}

static saml_status_t unpack(sso_carried_t *out, const char *octets, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    const unsigned char *at = (const unsigned char *)octets, *end = at + len;
    const char *record;
    apr_size_t got;
    sso_session_t session;

    if (!unpack_head(out, &at, end))
        return saml_fail(err, SAML_E_STATE_MISSING, "session cookie: expected a session of version %d", VERSION);
    /* Whole and ours, so what it is not is of another version of this module: no session, and a new one begins. */
    if (saml_inflate(&record, &got, (const char *)at, (apr_size_t)(end - at), out->len, "session cookie", p, err) != SAML_OK
        || sso_session_decode(&session, record, got, err) != SAML_OK)
        return err->status = SAML_E_STATE_MISSING;
    out->record = record;
    out->len = got;
    out->created = session.created;
    return SAML_OK;
}

/* What the seal is bound to: a session moved to another cookie or application does not open. */
static const char *bound_to(const sso_app_t *app, apr_pool_t *p)
{
    return apr_pstrcat(p, app->id, "\n", app->cookie.name, NULL);
}

static const char *name_of(const sso_app_t *app, int i, apr_pool_t *p)
{
    return i == 0 ? app->cookie.name : apr_psprintf(p, "%s.%d", app->cookie.name, i);
}

/* ---- out ------------------------------------------------------------------- */

/* Of a text in each cookie: what is left beside its name, its attributes (a domain among them), and its tag. */
static apr_size_t chunk_bytes(const sso_app_t *app)
{
    const sso_cookie_t *cookie = &app->cookie;
    apr_size_t beside = strlen(cookie->name) + strlen(cookie->path) + (cookie->domain ? strlen(cookie->domain) : 0) + 128;

    return beside < COOKIE_BYTES / 2 ? COOKIE_BYTES - beside : COOKIE_BYTES / 2;
}

static int cookies_for(apr_size_t len, const sso_app_t *app)
{
    apr_size_t chunk = chunk_bytes(app);

    return (int)((len + chunk - 1) / chunk);
}

/* What a request may bring: LimitRequestFieldSize holds for the whole Cookie header, and past it httpd refuses every request. */
static apr_size_t most_bytes(const request_rec *r)
{
    apr_size_t line = r->server->limit_req_fieldsize > 0 ? (apr_size_t)r->server->limit_req_fieldsize : DEFAULT_LIMIT_REQUEST_FIELDSIZE;

    return line > 2 * OTHERS_BYTES ? line - OTHERS_BYTES : line / 2;
}

static saml_status_t check_size(const char *sealed, request_rec *r, const sso_app_t *app, saml_err_t *err)
{
    apr_size_t len = strlen(sealed), most = most_bytes(r);
    int cookies = cookies_for(len, app);
    apr_size_t octets = len + (apr_size_t)cookies * (strlen(app->cookie.name) + TAG_CHARS + sizeof("COUNT.=..; "));

    if (cookies <= SSO_CARRIED_MAX_COOKIES && octets <= most)
        return SAML_OK;
    return saml_fail(err, SAML_E_TOO_LARGE, "session: expected at most %" APR_SIZE_T_FMT " octets in at most %d cookies, got %"
                     APR_SIZE_T_FMT " in %d; mend: have the identity provider send fewer claims or groups, raise "
                     "LimitRequestFieldSize, or use another SAMLSessionStore", most, SSO_CARRIED_MAX_COOKIES, octets, cookies);
}

saml_status_t sso_carried_seal(const char **out, request_rec *r, const sso_app_t *app, const sso_carried_t *session, saml_err_t *err)
{
    const unsigned char *octets;
    const char *sealed;
    apr_size_t len;

    if (session->len > MOST_INFLATED)
        return saml_fail(err, SAML_E_TOO_LARGE, "session: expected at most %d octets before they are deflated, got %" APR_SIZE_T_FMT
                         "; mend: have the identity provider send fewer claims or groups, or use another SAMLSessionStore",
                         MOST_INFLATED, session->len);
    SAML_TRY(pack(&octets, &len, session, r->pool, err));
    SAML_TRY(saml_seal(&sealed, app->secret, purpose, bound_to(app, r->pool), octets, len, r->pool, err));
    SAML_TRY(check_size(sealed, r, app, err));
    *out = sealed;
    return SAML_OK;
}

void sso_carried_begin(request_rec *r, const sso_app_t *app, const char *sealed)
{
    int i, most = cookies_for(most_bytes(r), app);

    sso_carried_send(r, app, sealed);
    for (i = cookies_for(strlen(sealed), app); i < most && i < SSO_CARRIED_MAX_COOKIES; ++i)
        sso_cookie_drop_part(r, app, name_of(app, i, r->pool));
}

void sso_carried_send(request_rec *r, const sso_app_t *app, const char *sealed)
{
    apr_size_t len = strlen(sealed), chunk = chunk_bytes(app);
    const char *tag = apr_pstrndup(r->pool, sealed + TAG_AT, TAG_CHARS);
    int i, count = cookies_for(len, app);

    sso_cookie_drop_surplus(r, app, count);
    for (i = 0; i < count; ++i) {
        const char *text = apr_pstrndup(r->pool, sealed + (apr_size_t)i * chunk, chunk);
        const char *head = i == 0 ? apr_psprintf(r->pool, "%d.", count) : "";

        sso_cookie_set_session(r, app, name_of(app, i, r->pool), apr_pstrcat(r->pool, head, tag, ".", text, NULL));
    }
    /* Whoever keeps the answer for others would hand them the session. */
    apr_table_mergen(r->err_headers_out, "Cache-Control", "private");
}

/* ---- in -------------------------------------------------------------------- */

/* The text behind `tag` among the values of cookie `name`. */
static const char *find_tagged(const char *own, const char *name, const char *tag, int at_most, apr_pool_t *p)
{
    apr_array_header_t *values = sso_cookie_values(own, name, at_most, p);
    int i;

    for (i = 0; i < values->nelts; ++i) {
        const char *value = APR_ARRAY_IDX(values, i, const char *);

        if (strncmp(value, tag, TAG_CHARS + 1) == 0)
            return value + TAG_CHARS + 1;
    }
    return NULL;
}

/* Put together what belongs to `first`, a value of the first cookie. @return NULL where it is none of ours, or a part is not there */
static const char *join(const char *first, const char *own, const sso_app_t *app, int at_most, apr_pool_t *p)
{
    const char *tag, *sealed, *parts[SSO_CARRIED_MAX_COOKIES];
    struct iovec pieces[SSO_CARRIED_MAX_COOKIES];
    int i, count = *first >= '1' && *first <= '0' + SSO_CARRIED_MAX_COOKIES ? *first - '0' : 0;

    if (!count || first[1] != '.' || strlen(first) < 2 + TAG_CHARS + 1 || first[2 + TAG_CHARS] != '.')
        return NULL;
    tag = apr_pstrndup(p, first + 2, TAG_CHARS + 1);
    parts[0] = first + 2 + TAG_CHARS + 1;
    for (i = 1; i < count; ++i) {
        parts[i] = find_tagged(own, name_of(app, i, p), tag, at_most, p);
        if (!parts[i])
            return NULL;
    }
    for (i = 0; i < count; ++i) {
        pieces[i].iov_base = (char *)(apr_uintptr_t)parts[i];
        pieces[i].iov_len = strlen(parts[i]);
    }
    sealed = apr_pstrcatv(p, pieces, (apr_size_t)count, NULL);
    return strlen(sealed) > TAG_AT + TAG_CHARS && strncmp(sealed + TAG_AT, tag, TAG_CHARS) == 0 ? sealed : NULL;
}

static saml_status_t open_one(sso_carried_t *out, const char *sealed, const sso_app_t *app, apr_pool_t *p, saml_err_t *err)
{
    const char *octets;
    apr_size_t len;

    SAML_TRY(saml_unseal(&octets, &len, app->secret, purpose, bound_to(app, p), sealed, p, err));
    return unpack(out, octets, len, p, err);
}

saml_status_t sso_carried_read(apr_array_header_t **out, request_rec *r, const sso_app_t *app, int at_most, saml_err_t *err)
{
    const char *own = sso_request_of(r)->cookies;
    apr_array_header_t *values = sso_cookie_values(own, app->cookie.name, at_most, r->pool);
    apr_array_header_t *sessions = apr_array_make(r->pool, 1, sizeof(sso_carried_t));
    int i;

    for (i = 0; i < values->nelts; ++i) {
        const char *sealed = join(APR_ARRAY_IDX(values, i, const char *), own, app, at_most, r->pool);
        sso_carried_t one;
        saml_status_t status = sealed ? open_one(&one, sealed, app, r->pool, err) : SAML_E_STATE_MISSING;

        if (status == SAML_OK)
            APR_ARRAY_PUSH(sessions, sso_carried_t) = one;
        else if (status != SAML_E_STATE_MISSING)
            return status;
    }
    *out = sessions;
    return SAML_OK;
}
