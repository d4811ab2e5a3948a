/* SPDX-License-Identifier: Apache-2.0 */
/* What this process knows of an identity provider whose metadata comes from a URL: taken from the kept copy, handed to requests. */

#include "idp_source.h"

#include <stdatomic.h>

#include <apr_strings.h>

struct sso_snapshot_t {
    apr_pool_t *pool;               /* of its own: it goes with the last who uses it */
    const saml_idp_t *idp;
    atomic_int users;               /* this process, while it is the newest, and requests */
};

/* ---- snapshots -------------------------------------------------------------------------------------------- */

static apr_status_t let_go(void *data)
{
    sso_snapshot_t *snapshot = data;

    if (atomic_fetch_sub(&snapshot->users, 1) == 1)
        apr_pool_destroy(snapshot->pool);
    return APR_SUCCESS;
}

static const char *file_of(const sso_source_t *source, const char *end, apr_pool_t *p)
{
    return apr_pstrcat(p, source->file, end, NULL);
}

static saml_status_t copy_certs(apr_array_header_t **out, const apr_array_header_t *certs, apr_pool_t *p, saml_err_t *err)
{
    *out = apr_array_make(p, certs->nelts, sizeof(saml_cert_t *));
    for (int i = 0; i < certs->nelts; i++) {
        const saml_cert_t *cert = APR_ARRAY_IDX(certs, i, const saml_cert_t *);
        apr_array_header_t *one;

        SAML_TRY(saml_certs_parse(&one, (const char *)cert->der, cert->der_len, apr_pstrdup(p, cert->source), p, err));
        apr_array_cat(*out, one);
    }
    return SAML_OK;
}

/* What is kept of a document is a hundredth of it, or less: the whole goes with the pool that it was parsed in. */
static saml_status_t copy_idp(saml_idp_t **out, const saml_idp_t *idp, apr_pool_t *p, saml_err_t *err)
{
    saml_idp_t *copy = apr_pmemdup(p, idp, sizeof(*idp));
    const char **texts[] = { &copy->entity_id, &copy->sso_post, &copy->sso_redirect, &copy->slo_post, &copy->slo_redirect,
                             &copy->slo_post_response, &copy->slo_redirect_response, &copy->unread_reason };

    for (apr_size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = apr_pstrdup(p, *texts[i]);
    SAML_TRY(copy_certs(&copy->certs, idp->certs, p, err));
    *out = copy;
    return SAML_OK;
}

/* A snapshot of that document, used once. */
static saml_status_t make_snapshot(sso_snapshot_t **out, const sso_source_t *source, const char *text, apr_size_t len,
                                   apr_pool_t *ptemp, saml_err_t *err)
{
    apr_pool_t *pool;
    saml_idp_t *read, *idp;
    saml_status_t status;

    SAML_TRY(sso_source_read(&read, source, text, len, NULL, apr_time_now(), ptemp, err));
    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS)
        return saml_fail(err, SAML_E_METADATA, "no memory for the metadata of %s", source->url);
    apr_pool_tag(pool, "saml_sso_metadata");
    status = copy_idp(&idp, read, pool, err);
    if (status != SAML_OK) {
        apr_pool_destroy(pool);
        return status;
    }
    *out = apr_pcalloc(pool, sizeof(**out));
    (*out)->pool = pool;
    (*out)->idp = idp;
    atomic_init(&(*out)->users, 1);
    return SAML_OK;
}

static void put_in_place(sso_source_t *source, sso_snapshot_t *snapshot, const sso_stamp_t *stamp)
{
    sso_known_t *known = &source->known;
    sso_snapshot_t *before;

    apr_thread_mutex_lock(known->lock);
    before = known->snapshot;
    if (snapshot) {
        known->snapshot = snapshot;
        known->taken = *stamp;
    }
    known->copy = *stamp;
    apr_thread_mutex_unlock(known->lock);
    if (snapshot && before)
        let_go(before);
}

const saml_idp_t *sso_source_hold(sso_source_t *source, const char **trouble, apr_pool_t *p)
{
    sso_known_t *known = &source->known;
    sso_snapshot_t *snapshot;

    apr_thread_mutex_lock(known->lock);
    snapshot = known->snapshot;
    if (snapshot)
        atomic_fetch_add(&snapshot->users, 1);
    else if (trouble)
        *trouble = apr_pstrdup(p, known->trouble);
    apr_thread_mutex_unlock(known->lock);
    if (!snapshot)
        return NULL;
    apr_pool_cleanup_register(p, snapshot, let_go, apr_pool_cleanup_null);
    return snapshot->idp;
}

void sso_source_stamp(sso_source_t *source, sso_stamp_t *out)
{
    apr_thread_mutex_lock(source->known.lock);
    *out = source->known.taken;
    apr_thread_mutex_unlock(source->known.lock);
}

/* ---- looking ---------------------------------------------------------------------------------------------- */

static int is_same(const sso_stamp_t *a, const sso_stamp_t *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* What cannot be used is said once: the copy before it stays, and the file counts as looked at. */
static void take_copy(sso_source_t *source, sso_stamp_t stamp, apr_pool_t *ptemp, server_rec *s)
{
    saml_err_t err = { .pool = ptemp };
    sso_snapshot_t *snapshot = NULL;
    const char *text;
    apr_size_t len;
    saml_status_t status = sso_copy_read(&text, &len, &stamp, source->folder, file_of(source, ".xml", ptemp), source->max_bytes, ptemp,
                                         &err);

    if (status == SAML_OK)
        status = make_snapshot(&snapshot, source, text, len, ptemp, &err);
    if (status != SAML_OK)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "metadata of %s: the kept copy is not used [%s]: %s", source->url,
                     saml_status_name(SAML_E_METADATA), err.reason);
    put_in_place(source, snapshot, &stamp);
    if (snapshot)
        ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, s, "metadata of %s: copy taken, %d signing certificates", source->url,
                     snapshot->idp->certs->nelts);
}

static void take_notes(sso_source_t *source, sso_stamp_t stamp, apr_pool_t *ptemp)
{
    saml_err_t err = { .pool = ptemp };
    sso_known_t *known = &source->known;
    sso_notes_t notes = { 0 };
    const char *text;
    apr_size_t len;

    if (sso_copy_read(&text, &len, &stamp, source->folder, file_of(source, ".notes", ptemp), SSO_MAX_NOTES_BYTES, ptemp, &err)
        == SAML_OK)
        sso_notes_read(&notes, text, ptemp);
    apr_thread_mutex_lock(known->lock);
    apr_cpystrn(known->trouble, notes.trouble ? notes.trouble : "", sizeof(known->trouble));
    if (notes.early > known->early)
        known->early = notes.early;
    known->notes = stamp;
    apr_thread_mutex_unlock(known->lock);
}

void sso_source_look(sso_source_t *source, apr_pool_t *ptemp, server_rec *s)
{
    sso_stamp_t stamp;

    /* Of this process only one thread writes the stamps: this one. */
    if (sso_copy_stamp(&stamp, source->folder, file_of(source, ".notes", ptemp)) && !is_same(&stamp, &source->known.notes))
        take_notes(source, stamp, ptemp);
    if (sso_copy_stamp(&stamp, source->folder, file_of(source, ".xml", ptemp)) && !is_same(&stamp, &source->known.copy))
        take_copy(source, stamp, ptemp, s);
}

static apr_status_t close_source(void *data)
{
    sso_known_t *known = data;
    sso_snapshot_t *last = known->snapshot;

    known->snapshot = NULL;
    if (last)
        let_go(last);
    return APR_SUCCESS;
}

void sso_source_open(sso_source_t *source, apr_pool_t *pchild, server_rec *s)
{
    apr_pool_t *ptemp;

    memset(&source->known, 0, sizeof(source->known));
    if (apr_thread_mutex_create(&source->known.lock, APR_THREAD_MUTEX_DEFAULT, pchild) != APR_SUCCESS
        || apr_pool_create(&ptemp, pchild) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "metadata of %s: no memory, so nobody is signed on by it", source->url);
        return;
    }
    sso_source_look(source, ptemp, s);
    apr_pool_destroy(ptemp);
    apr_pool_cleanup_register(pchild, &source->known, close_source, apr_pool_cleanup_null);
}

/* ---- an unknown key --------------------------------------------------------------------------------------- */

int sso_source_ask_early(sso_source_t *source, apr_time_t now, apr_pool_t *ptemp)
{
    sso_known_t *known = &source->known;
    apr_interval_time_t age;
    int ask;

    apr_thread_mutex_lock(known->lock);
    age = now - known->early;
    ask = age < 0 || age >= SSO_EARLY_EVERY;
    if (ask)
        known->early = now;
    apr_thread_mutex_unlock(known->lock);
    return ask ? sso_copy_mark(source->folder, file_of(source, ".want", ptemp)) : age < SSO_EARLY_WAIT;
}
