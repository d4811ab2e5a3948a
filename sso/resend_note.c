/* SPDX-License-Identifier: Apache-2.0 */
#include "resend_note.h"

#include <apr_strings.h>

#include "cookie.h"
#include "saml/encoding.h"
#include "sealed_cookie.h"

#define LOOKED_AT  16

static const char purpose[] = "kept-request";

int sso_resend_is_name(const char *name)
{
    return sso_cookie_end_begins(name) && !name[SSO_COOKIE_END_CHARS];
}

static const char *cookie_name(const sso_app_t *app, const char *name, apr_pool_t *p)
{
    return apr_pstrcat(p, sso_cookie_name(app, SSO_COOKIE_KEPT, p), name, NULL);
}

/* Of what may be 2 KB long the cookie has 43 characters. */
static const char *digest_of(const char *target, apr_pool_t *p)
{
    sso_key_t key;

    return sso_key_of(&key, target, strlen(target), sso_err_new(p)) == SAML_OK ? saml_base64url_encode(p, key.octets, SSO_KEY_BYTES) : "-";
}

int sso_resend_note_is_for(const sso_resend_note_t *note, const char *target, apr_pool_t *p)
{
    return strcmp(note->target_digest, digest_of(target, p)) == 0;
}

/* One field a line. */
static const char *write_note(const sso_resend_note_t *note, const char *target, apr_pool_t *p)
{
    return apr_psprintf(p, "%" APR_TIME_T_FMT "\n%s\n%s\n%s\n%" APR_UINT64_T_FMT "\n%s", note->began, note->file,
                        saml_base64url_encode(p, note->key, SSO_PIECE_KEY_BYTES), note->user, note->octets, digest_of(target, p));
}

static int read_note(sso_resend_note_t *out, char *text, apr_pool_t *p)
{
    char *fields[6], *at = text;
    apr_size_t key_len = 0;
    int i;

    for (i = 0; i < 6; ++i) {
        fields[i] = at;
        at = i < 5 && at ? strchr(at, '\n') : NULL;
        if (i < 5 && !at)
            return 0;
        if (at)
            *at++ = '\0';
    }
    *out = (sso_resend_note_t){ apr_atoi64(fields[0]), fields[1], NULL, fields[3], (apr_uint64_t)apr_atoi64(fields[4]), fields[5] };
    return saml_base64url_decode(&out->key, &key_len, fields[2], strlen(fields[2]), p, sso_err_new(p)) == SAML_OK
           && key_len == SSO_PIECE_KEY_BYTES;
}

static int open_cookie(sso_resend_note_t *out, request_rec *r, const sso_app_t *app, const char *cookie)
{
    char *text = sso_sealed_read(r, app, purpose, cookie);

    return text && read_note(out, text, r->pool);
}

int sso_resend_note_read(sso_resend_note_t *out, request_rec *r, const sso_app_t *app, const char *name)
{
    return sso_resend_is_name(name) && open_cookie(out, r, app, cookie_name(app, name, r->pool));
}

static void drop(request_rec *r, const sso_app_t *app, const char *cookie)
{
    sso_cookie_set_same_site(r, app, cookie, "", 0);
}

void sso_resend_note_drop(request_rec *r, const sso_app_t *app, const char *name)
{
    drop(r, app, cookie_name(app, name, r->pool));
}

static apr_array_header_t *notes_that_came(request_rec *r, const sso_app_t *app)
{
    return sso_cookie_names(sso_request_of(r)->cookies, sso_cookie_name(app, SSO_COOKIE_KEPT, r->pool), LOOKED_AT, r->pool);
}

/* Make room for one more. One that does not open is of no use; of the others the oldest goes, and its file. */
static void drop_surplus(request_rec *r, const sso_app_t *app)
{
    apr_array_header_t *came = notes_that_came(r, app);
    sso_resend_note_t note, oldest = { 0 };
    const char *oldest_cookie = NULL;
    int i, count = 0;

    for (i = 0; i < came->nelts; ++i) {
        const char *cookie = APR_ARRAY_IDX(came, i, const char *);

        if (!open_cookie(&note, r, app, cookie)) {
            drop(r, app, cookie);
            continue;
        }
        ++count;
        if (!oldest_cookie || note.began < oldest.began) {
            oldest = note;
            oldest_cookie = cookie;
        }
    }
    if (count < SSO_RESEND_AT_MOST)
        return;
    sso_kept_drop(app->keep, oldest.file);
    drop(r, app, oldest_cookie);
}

saml_status_t sso_resend_note_write(const char **name, request_rec *r, const sso_app_t *app, const sso_resend_note_t *note,
                                    const char *target, saml_err_t *err)
{
    const char *cookie, *text = write_note(note, target, r->pool), *sealed;

    SAML_TRY(sso_cookie_end_new(name, r->pool, err));
    cookie = cookie_name(app, *name, r->pool);
    SAML_TRY(sso_sealed_make(&sealed, app, purpose, cookie, text, r->pool, err));
    drop_surplus(r, app);
    sso_cookie_set_same_site(r, app, cookie, sealed, SSO_RESEND_AGE);
    return SAML_OK;
}

void sso_resend_forget_all(request_rec *r, const sso_app_t *app)
{
    apr_array_header_t *came = notes_that_came(r, app);
    sso_resend_note_t note;
    int i;

    for (i = 0; i < came->nelts; ++i) {
        const char *cookie = APR_ARRAY_IDX(came, i, const char *);

        if (app->keep && open_cookie(&note, r, app, cookie))
            sso_kept_drop(app->keep, note.file);
        drop(r, app, cookie);
    }
}
