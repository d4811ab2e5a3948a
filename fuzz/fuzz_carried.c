/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that the browser carries. The input is a Cookie header, a line end, and what stands under the seal: no mutation would get
 * through AES-GCM, so the target seals it, and cuts it into cookies as the module does. Octets 1 to 9 in the header stand for these
 * cookies and 14 to 22 for those of a second sealing of the same, so that mutations leave parts out, change their order and mix them.
 *
 * What is under the seal begins with an octet that tells what it is: "s", the lines of a session, its name and its groups, which the module
 * makes a record of and packs; "x", two octets with a place, and what is written there over a session that was packed; anything else is sealed
 * as it is.
 */
#include <apr_lib.h>
#include "fuzz/fuzz_app.h"
#include "saml/seal.h"
#include "sso/carried.h"
#include "sso/cookie.h"
#include "store/session.h"

#define AT_MOST    4
#define MOST       (128 * 1024)
#define SECOND_SET 13

/** What was sealed. */
typedef struct {
    const char *sealed[2];      /* NULL: refused */
    sso_carried_t session;      /* record NULL: the octets were sealed as they are */
} sealed_t;

static void seal_session(sealed_t *out, request_rec *r)
{
    saml_err_t err = { .pool = r->pool };
    int i;

    memset(out->session.key.octets, 7, SSO_KEY_BYTES);
    memset(out->session.labels, 9, sizeof(out->session.labels));
    out->session.label_count = (int)(out->session.len % (SSO_MAX_LABELS + 1));
    for (i = 0; i < 2; i++) {
        saml_status_t status = sso_carried_seal(&out->sealed[i], r, fuzz_app(), &out->session, &err);

        FUZZ_MUST(status == SAML_OK || status == SAML_E_TOO_LARGE);
        if (status != SAML_OK) {
            fuzz_check_refusal(status, &err);
            out->sealed[0] = NULL;
            return;
        }
    }
}

/* The record of a session with this name and these groups, a line each. */
static void make_session(sealed_t *out, char *lines, apr_pool_t *p)
{
    apr_array_header_t *groups = apr_array_make(p, 16, sizeof(const char *)), *attributes = apr_array_make(p, 1, sizeof(saml_attribute_t));
    saml_login_t *login = apr_pcalloc(p, sizeof(*login));
    sso_session_new_t from = { "app", login, FUZZ_NOW, apr_time_from_sec(60), apr_time_from_sec(30), 0 };
    saml_err_t err = { .pool = p };
    void *record;

    login->name_id.value = lines;
    while ((lines = strchr(lines, '\n'))) {
        *lines++ = '\0';
        APR_ARRAY_PUSH(groups, const char *) = lines;
    }
    APR_ARRAY_PUSH(attributes, saml_attribute_t) = (saml_attribute_t){ .name = "groups", .values = groups };
    login->attributes = attributes;
    FUZZ_MUST(sso_session_encode(&record, &out->session.len, &from, p, &err) == SAML_OK);
    out->session.record = record;
}

static const char *bound(apr_pool_t *p)
{
    return apr_pstrcat(p, fuzz_app()->id, "\n", FUZZ_SESSION, NULL);
}

static void seal_octets(sealed_t *out, request_rec *r, const void *octets, size_t len)
{
    saml_err_t err = { .pool = r->pool };
    int i;

    out->session.record = NULL;
    for (i = 0; i < 2; i++)
        FUZZ_MUST(saml_seal(&out->sealed[i], fuzz_app()->secret, "cookie", bound(r->pool), octets, len, r->pool, &err) == SAML_OK);
}

/* A session as the module packs it, with `data` written over it at the place that its first two octets name. */
static void seal_bent(sealed_t *out, request_rec *r, const uint8_t *data, size_t size)
{
    saml_err_t err = { .pool = r->pool };
    const char *octets;
    apr_size_t len, at;
    char *bent;

    if (size < 2)
        return;
    make_session(out, apr_pstrdup(r->pool, "ada\nstaff\nstaffs\nstaffer"), r->pool);
    seal_session(out, r);
    FUZZ_MUST(saml_unseal(&octets, &len, fuzz_app()->secret, "cookie", bound(r->pool), out->sealed[0], r->pool, &err) == SAML_OK);
    at = ((apr_size_t)data[0] << 8 | data[1]) % len;
    bent = apr_pmemdup(r->pool, octets, len);
    memcpy(bent + at, data + 2, size - 2 < len - at ? size - 2 : len - at);
    seal_octets(out, r, bent, len);
}

static void seal(sealed_t *out, request_rec *r, const uint8_t *data, size_t size)
{
    if (size > 0 && *data == 's') {
        make_session(out, apr_pstrmemdup(r->pool, (const char *)data + 1, size - 1), r->pool);
        seal_session(out, r);
    } else if (size > 0 && *data == 'x') {
        seal_bent(out, r, data + 1, size - 1);
    } else {
        seal_octets(out, r, data, size);
    }
}

/* The cookies of what was sealed, as a browser would send them back. */
static apr_array_header_t *cookies_of(request_rec *r, const char *sealed)
{
    apr_array_header_t *cookies = apr_array_make(r->pool, SSO_CARRIED_MAX_COOKIES, sizeof(const char *));
    const apr_array_header_t *answer;
    int i;

    apr_table_clear(r->err_headers_out);
    sso_carried_send(r, fuzz_app(), sealed);
    answer = apr_table_elts(r->err_headers_out);
    for (i = 0; i < answer->nelts; i++) {
        const apr_table_entry_t *header = &APR_ARRAY_IDX(answer, i, apr_table_entry_t);

        if (strcmp(header->key, "Set-Cookie") != 0)
            continue;
        FUZZ_MUST(strlen(header->val) < 4096 && strncmp(header->val, FUZZ_SESSION, strlen(FUZZ_SESSION)) == 0);
        FUZZ_MUST(strstr(header->val, "; Path=/; HttpOnly; Secure; SameSite=Lax") != NULL);
        APR_ARRAY_PUSH(cookies, const char *) = apr_pstrmemdup(r->pool, header->val, strcspn(header->val, ";"));
    }
    return cookies;
}

static const char *nth(const apr_array_header_t *cookies, int i)
{
    return cookies && i >= 0 && i < cookies->nelts ? APR_ARRAY_IDX(cookies, i, const char *) : NULL;
}

/* The header with the cookies that it stands for; httpd lets no control octet but the tab into a header. */
static const char *filled(char *header, const apr_array_header_t *first, const apr_array_header_t *second, apr_pool_t *p)
{
    const char *out = "", *cookie;
    char *c, *from = header;
    int parts = 0;

    for (c = header; *c; c++) {
        int octet = (unsigned char)*c;

        if (!apr_iscntrl(octet) || octet == '\t')
            continue;
        *c = '\0';
        cookie = nth(first, octet - 1);
        if (!cookie)
            cookie = nth(second, octet - 1 - SECOND_SET);
        if (++parts <= 32)      /* what fits into a header line */
            out = apr_pstrcat(p, out, from, cookie ? cookie : "?", NULL);
        from = c + 1;
    }
    return apr_pstrcat(p, out, from, NULL);
}

static void check_session(const sso_carried_t *got, const sealed_t *sealed, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };
    sso_session_t session;

    FUZZ_MUST(sealed->sealed[0] != NULL);
    FUZZ_MUST(got->len > 0 && got->len <= MOST && got->label_count >= 0 && got->label_count <= SSO_MAX_LABELS);
    FUZZ_MUST(sso_session_decode(&session, got->record, got->len, &err) == SAML_OK && session.created == got->created);
    if (!sealed->session.record)
        return;
    FUZZ_MUST(memcmp(&got->key, &sealed->session.key, sizeof(got->key)) == 0);
    FUZZ_MUST(got->label_count == sealed->session.label_count);
    FUZZ_MUST(memcmp(got->labels, sealed->session.labels, (size_t)got->label_count * sizeof(got->labels[0])) == 0);
    FUZZ_MUST(got->len == sealed->session.len && memcmp(got->record, sealed->session.record, got->len) == 0);
}

static int sessions_in(request_rec *r, const char *header, const sealed_t *sealed)
{
    saml_err_t err = { .pool = r->pool };
    apr_array_header_t *sessions;
    int i;

    request.cookies = header;
    FUZZ_MUST(sso_carried_read(&sessions, r, fuzz_app(), AT_MOST, &err) == SAML_OK);
    FUZZ_MUST(sessions->nelts <= AT_MOST);
    for (i = 0; i < sessions->nelts; i++)
        check_session(&APR_ARRAY_IDX(sessions, i, sso_carried_t), sealed, r->pool);
    return sessions->nelts;
}

/* All of one sealing, and nothing else: a session comes back; without the last part, never. */
static void check_whole(request_rec *r, const apr_array_header_t *cookies, const sealed_t *sealed)
{
    const char *header = "";
    int i;

    for (i = 0; i < cookies->nelts; i++) {
        if (i == cookies->nelts - 1)
            FUZZ_MUST(sessions_in(r, header, sealed) == 0);
        header = apr_pstrcat(r->pool, APR_ARRAY_IDX(cookies, i, const char *), "; ", header, NULL);
    }
    if (sealed->session.record)
        FUZZ_MUST(sessions_in(r, header, sealed) == 1);
    else
        (void)sessions_in(r, header, sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    apr_array_header_t *cookies[2] = { NULL, NULL };
    sealed_t sealed = { .session = { .record = NULL } };
    server_rec server = { .limit_req_fieldsize = 40000 };
    request_rec r = { .server = &server };
    char *header;

    apr_pool_create(&r.pool, fuzz_pool());
    r.err_headers_out = apr_table_make(r.pool, 4);
    memset(&request, 0, sizeof(request));
    header = apr_pstrmemdup(r.pool, (const char *)data, end ? (size_t)(end - data) : size);
    if (end)
        seal(&sealed, &r, end + 1, (size_t)(data + size - end - 1));
    if (sealed.sealed[0] && strlen(sealed.sealed[0]) < 30000) {
        cookies[0] = cookies_of(&r, sealed.sealed[0]);
        cookies[1] = cookies_of(&r, sealed.sealed[1]);
        check_whole(&r, cookies[0], &sealed);
    }
    (void)sessions_in(&r, filled(header, cookies[0], cookies[1], r.pool), &sealed);
    apr_pool_destroy(r.pool);
    return 0;
}
