/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that nodes share in memcached or Redis, by the caches of httpd. Objects: a session (number of labels, labels, record); the list
 * of the sessions that have a label.
 *
 * The mutex is this server's: what two nodes do at the same moment may undo one another. So a session counts only while it stands in
 * the list of each of its labels. A logout takes it off these lists first and then overwrites it, so that a renewal on another node, which
 * writes the record again, brings nothing back; and what a logout by name could not find, as its list was dropped or overwritten,
 * has ended already. Whoever loses such a race signs on anew.
 */

#include "socache_shared.h"

#define SCHEME         "socache"
#define ENTRY_BYTES    (SSO_KEY_BYTES + 8)
#define MAX_LIST_BYTES (64 * 1024)

typedef sso_socache_step_t step_t;

/* ---- labels ---------------------------------------------------------------- */

static sso_key_t key_of_label(const sso_label_t *label)
{
    sso_key_t key;

    memset(&key, 0, sizeof(key));
    memcpy(key.octets, label->octets, sizeof(label->octets));
    return key;
}

/* The entries of `old` without `session`, and without those that have ended. @return how many octets they are */
static apr_size_t copy_list(unsigned char *to, const sso_socache_object_t *old, const sso_key_t *session)
{
    apr_time_t now = apr_time_now();
    apr_size_t at, len = 0;

    for (at = 0; at + ENTRY_BYTES <= old->len; at += ENTRY_BYTES) {
        const unsigned char *entry = old->octets + at;

        if ((apr_time_t)sso_socache_number_read(entry + SSO_KEY_BYTES, 8) <= now || memcmp(entry, session->octets, SSO_KEY_BYTES) == 0)
            continue;
        memcpy(to + len, entry, ENTRY_BYTES);
        len += ENTRY_BYTES;
    }
    return len;
}

static saml_status_t add_to_label(sso_socache_t *sc, const sso_label_t *label, const sso_key_t *session, apr_time_t expires, apr_pool_t *p,
                                  saml_err_t *err)
{
    sso_key_t key = key_of_label(label);
    sso_socache_object_t old;
    unsigned char *list;
    apr_size_t len;

    SAML_TRY(sso_socache_read(&old, sc, &key, SSO_SOCACHE_LABEL, p, err));
    list = apr_palloc(p, old.len + ENTRY_BYTES);
    len = copy_list(list, &old, session);
    err->full = len + ENTRY_BYTES > MAX_LIST_BYTES;
    if (err->full)
        return saml_fail(err, SAML_E_STORE, "session store " SCHEME ": expected at most %d sessions of one name, got one more",
                         MAX_LIST_BYTES / ENTRY_BYTES);
    memcpy(list + len, session->octets, SSO_KEY_BYTES);
    sso_socache_number_write(list + len + SSO_KEY_BYTES, (apr_uint64_t)expires, 8);
    return sso_socache_write(sc, &key, SSO_SOCACHE_LABEL, list, len + ENTRY_BYTES, expires, p, err);
}

/*
 * An empty object in an object's place: that it was done is then known, and a read finds a trace of it. A full cache refuses even that; to
 * remove something it need not take anything.
 */
static saml_status_t write_nothing(sso_socache_t *sc, const sso_key_t *key, sso_socache_kind_t kind, apr_time_t expires, apr_pool_t *p,
                                   saml_err_t *err)
{
    saml_status_t status = sso_socache_write(sc, key, kind, NULL, 0, expires, p, err);

    if (status == SAML_OK || !err->full)
        return status;
    err->full = 0;
    return sso_socache_clear(sc, key, kind, p, err);
}

/* Where a full cache refuses the shorter list, the session ends by what is done to it, and by its other labels. */
static saml_status_t take_off_label(sso_socache_t *sc, const sso_label_t *label, const sso_key_t *session, apr_pool_t *p, saml_err_t *err)
{
    sso_key_t key = key_of_label(label);
    sso_socache_object_t old;
    unsigned char *list;
    saml_status_t status;
    apr_size_t len;

    SAML_TRY(sso_socache_read(&old, sc, &key, SSO_SOCACHE_LABEL, p, err));
    if (old.len == 0)
        return SAML_OK;
    list = apr_palloc(p, old.len);
    len = copy_list(list, &old, session);
    if (len == 0)
        return write_nothing(sc, &key, SSO_SOCACHE_LABEL, old.expires, p, err);
    status = sso_socache_write(sc, &key, SSO_SOCACHE_LABEL, list, len, old.expires, p, err);
    if (status == SAML_OK || !err->full)
        return status;
    err->full = 0;
    return SAML_OK;
}

static saml_status_t is_listed(int *listed, int *is_torn, sso_socache_t *sc, const sso_label_t *label, const sso_key_t *session,
                               apr_pool_t *p, saml_err_t *err)
{
    sso_key_t key = key_of_label(label);
    apr_size_t at;
    sso_socache_object_t list;

    SAML_TRY(sso_socache_read(&list, sc, &key, SSO_SOCACHE_LABEL, p, err));
    *is_torn |= list.is_torn;
    *listed = 0;
    for (at = 0; at + ENTRY_BYTES <= list.len && !*listed; at += ENTRY_BYTES)
        *listed = memcmp(list.octets + at, session->octets, SSO_KEY_BYTES) == 0;
    return SAML_OK;
}

/* ---- sessions -------------------------------------------------------------- */

static sso_label_t nth_label(const sso_socache_object_t *session, int i)
{
    sso_label_t label;

    memcpy(label.octets, session->octets + 1 + (apr_size_t)i * SSO_LABEL_BYTES, SSO_LABEL_BYTES);
    return label;
}

/* @param labels  set where there is a session: how many octets stand before the record */
static saml_status_t read_unlisted(sso_socache_object_t *out, apr_size_t *labels, sso_socache_t *sc, const sso_key_t *key, apr_pool_t *p,
                                   saml_err_t *err)
{
    SAML_TRY(sso_socache_read(out, sc, key, SSO_SOCACHE_SESSION, p, err));
    *labels = out->len > 0 ? 1 + (apr_size_t)out->octets[0] * SSO_LABEL_BYTES : 0;
    if (*labels >= out->len)
        out->len = 0;
    return SAML_OK;
}

/* One that a label's list does not have is none. */
static saml_status_t read_session(sso_socache_object_t *out, apr_size_t *labels, sso_socache_t *sc, const sso_key_t *key, apr_pool_t *p,
                                  saml_err_t *err)
{
    int i, count, listed = 1;

    SAML_TRY(read_unlisted(out, labels, sc, key, p, err));
    count = out->len > 0 ? out->octets[0] : 0;
    for (i = 0; i < count && listed; i++) {
        sso_label_t label = nth_label(out, i);

        SAML_TRY(is_listed(&listed, &out->is_torn, sc, &label, key, p, err));
    }
    if (!listed)
        out->len = 0;
    return SAML_OK;
}

static saml_status_t step_get(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    return read_session(&s->got, &s->len, sc, s->key, p, err);
}

saml_status_t sso_socache_shared_get(sso_socache_t *sc, const sso_key_t *key, const void **record, apr_size_t *len, int *dropped,
                                     apr_pool_t *p, saml_err_t *err)
{
    step_t step = { .key = key };

    SAML_TRY(sso_socache_look(sc, step_get, &step, p, err));
    *record = step.got.len > 0 ? step.got.octets + step.len : NULL;
    *len = step.got.len > 0 ? step.got.len - step.len : 0;
    *dropped = !step.got.is_there || step.got.is_torn;
    return SAML_OK;
}

/* @param labels  as they stand before the record */
static saml_status_t write_session(sso_socache_t *sc, const step_t *s, const unsigned char *labels, apr_size_t labels_len, apr_pool_t *p,
                                   saml_err_t *err)
{
    unsigned char *octets = apr_palloc(p, labels_len + s->len);

    memcpy(octets, labels, labels_len);
    memcpy(octets + labels_len, s->record, s->len);
    return sso_socache_write(sc, s->key, SSO_SOCACHE_SESSION, octets, labels_len + s->len, s->expires, p, err);
}

static saml_status_t step_put(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    /* A renewal moves the session's end and not those of the labels: they last as long as any session may. */
    apr_time_t end = apr_time_now() + sc->longest;
    unsigned char labels[1 + SSO_MAX_LABELS * SSO_LABEL_BYTES] = { (unsigned char)s->label_count };
    int i;

    for (i = 0; i < s->label_count; i++) {
        SAML_TRY(add_to_label(sc, &s->labels[i], s->key, end > s->expires ? end : s->expires, p, err));
        memcpy(labels + 1 + (apr_size_t)i * SSO_LABEL_BYTES, s->labels[i].octets, SSO_LABEL_BYTES);
    }
    return write_session(sc, s, labels, 1 + (apr_size_t)s->label_count * SSO_LABEL_BYTES, p, err);
}

saml_status_t sso_socache_shared_put(sso_socache_t *sc, const sso_put_t *put, saml_err_t *err)
{
    step_t step = { .key = put->key, .record = put->record, .len = put->len, .expires = put->expires, .labels = put->labels,
                    .label_count = put->label_count };

    return sso_socache_locked(sc, step_put, &step, err->pool, err);
}

static saml_status_t step_replace(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    apr_size_t labels;
    sso_socache_object_t old;

    SAML_TRY(read_session(&old, &labels, sc, s->key, p, err));
    s->answer = old.len > 0;
    return s->answer ? write_session(sc, s, old.octets, labels, p, err) : SAML_OK;
}

saml_status_t sso_socache_shared_replace(sso_socache_t *sc, const sso_key_t *key, const void *record, apr_size_t len, apr_time_t expires,
                                         int *found, saml_err_t *err)
{
    step_t step = { .key = key, .record = record, .len = len, .expires = expires };

    SAML_TRY(sso_socache_locked(sc, step_replace, &step, err->pool, err));
    *found = step.answer;
    return SAML_OK;
}

/* ---- ends ------------------------------------------------------------------ */

static saml_status_t end_one(int *ended, sso_socache_t *sc, const sso_key_t *key, apr_pool_t *p, saml_err_t *err)
{
    sso_socache_object_t old;

    SAML_TRY(sso_socache_read(&old, sc, key, SSO_SOCACHE_SESSION, p, err));
    if (old.len > 0 || old.is_torn)
        SAML_TRY(write_nothing(sc, key, SSO_SOCACHE_SESSION, old.expires, p, err));
    *ended += old.len > 0;
    return SAML_OK;
}

static saml_status_t step_remove(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    apr_size_t labels;
    sso_socache_object_t old;
    int i;

    SAML_TRY(read_unlisted(&old, &labels, sc, s->key, p, err));
    for (i = 0; old.len > 0 && i < old.octets[0]; i++) {
        sso_label_t label = nth_label(&old, i);

        SAML_TRY(take_off_label(sc, &label, s->key, p, err));
    }
    return end_one(&s->answer, sc, s->key, p, err);
}

saml_status_t sso_socache_shared_remove(sso_socache_t *sc, const sso_key_t *key, int *found, saml_err_t *err)
{
    step_t step = { .key = key };

    SAML_TRY(sso_socache_locked(sc, step_remove, &step, err->pool, err));
    *found = step.answer;
    return SAML_OK;
}

static saml_status_t end_labelled(int *ended, sso_socache_t *sc, const sso_label_t *label, apr_pool_t *p, saml_err_t *err)
{
    sso_key_t key = key_of_label(label), session;
    apr_size_t at;
    sso_socache_object_t list;

    SAML_TRY(sso_socache_read(&list, sc, &key, SSO_SOCACHE_LABEL, p, err));
    for (at = 0; at + ENTRY_BYTES <= list.len; at += ENTRY_BYTES) {
        memcpy(session.octets, list.octets + at, SSO_KEY_BYTES);
        SAML_TRY(end_one(ended, sc, &session, p, err));
    }
    return list.len > 0 ? write_nothing(sc, &key, SSO_SOCACHE_LABEL, list.expires, p, err) : SAML_OK;
}

static saml_status_t step_remove_labelled(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    int i;

    for (i = 0; i < s->label_count; i++)
        SAML_TRY(end_labelled(&s->answer, sc, &s->labels[i], p, err));
    return SAML_OK;
}

saml_status_t sso_socache_shared_remove_labelled(sso_socache_t *sc, const sso_label_t *labels, int label_count, int *removed,
                                                 saml_err_t *err)
{
    step_t step = { .labels = labels, .label_count = label_count };

    SAML_TRY(sso_socache_locked(sc, step_remove_labelled, &step, err->pool, err));
    *removed = step.answer;
    return SAML_OK;
}

/* ---- used IDs -------------------------------------------------------------- */

static saml_status_t step_use(sso_socache_t *sc, step_t *s, apr_pool_t *p, saml_err_t *err)
{
    unsigned char used = SSO_SOCACHE_VERSION;
    sso_socache_object_t old;

    SAML_TRY(sso_socache_read(&old, sc, s->key, SSO_SOCACHE_USED, p, err));
    s->answer = old.len > 0 && old.expires > s->now;
    return s->answer ? SAML_OK : sso_socache_write(sc, s->key, SSO_SOCACHE_USED, &used, sizeof(used), s->expires, p, err);
}

saml_status_t sso_socache_shared_use_once(sso_socache_t *sc, const sso_key_t *key, apr_time_t until, apr_time_t now, saml_err_t *err)
{
    step_t step = { .key = key, .expires = until, .now = now };

    SAML_TRY(sso_socache_locked(sc, step_use, &step, err->pool, err));
    if (step.answer)
        return saml_fail(err, SAML_E_REPLAY, "ID: expected one that was not used before, got one that was");
    return SAML_OK;
}
