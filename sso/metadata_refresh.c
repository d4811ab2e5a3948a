/* SPDX-License-Identifier: Apache-2.0 */
#include "metadata_refresh.h"

#include <apr_strings.h>

#include "saml/fetch.h"
#include "saml/id.h"

#define FIRST_WAIT      apr_time_from_sec(5)        /* after a failure; doubles with each that follows */
#define LONGEST_WAIT    apr_time_from_sec(15 * 60)
#define LONGEST_HOLD    apr_time_from_sec(3600)     /* of a server's Retry-After */
#define FETCH_TIMEOUT   apr_time_from_sec(20)
#define SAY_AGAIN       apr_time_from_sec(3600)     /* the same failure is a warning once in so long */
#define MANY_FAILURES   30                          /* more double nothing any longer */

/** What the process that fetches knows of a source. Lives in a pool of its own, of which a new one takes the place. */
struct sso_fetching_t {
    apr_pool_t *pool;
    sso_notes_t notes;
    apr_time_t said;                /* when the last warning was written */
};

/** One refresh. */
typedef struct {
    sso_source_t *source;
    const sso_refresh_t *with;
    apr_pool_t *p;                  /* ends with it */
    apr_time_t now;
    const saml_idp_t *known;        /* as this process has it, or NULL */
    int is_kept;                    /* and it is what the copy on disk says */
    sso_notes_t notes;              /* what will be noted of it */
    apr_interval_time_t retry_after;
} refresh_t;

/* ---- when --------------------------------------------------------------------------------------------------- */

/* `time`, a part of it more or less: many servers that started together must not go on asking together. */
static apr_interval_time_t jittered(apr_interval_time_t time, int percent)
{
    saml_err_t err = { 0 };
    unsigned char random[2];
    int share;

    if (saml_random_bytes(random, sizeof(random), &err) != SAML_OK)
        return time;
    share = (random[0] << 8 | random[1]) - 0x8000;      /* -0x8000 to 0x7fff */
    return time + time / 100 * percent * share / 0x8000;
}

static apr_interval_time_t lesser(apr_interval_time_t a, apr_interval_time_t b)
{
    return a < b ? a : b;
}

static apr_interval_time_t wait_after_failures(const sso_source_t *source, int failures)
{
    apr_interval_time_t longest = lesser(source->refresh, LONGEST_WAIT), wait = FIRST_WAIT;

    for (int i = 1; i < failures && wait < longest; i++)
        wait *= 2;
    return jittered(lesser(wait, longest), 20);
}

/* Half of what is left of a validity, so that there is time for another try. */
static apr_interval_time_t wait_after_success(const sso_source_t *source, apr_time_t valid_until, apr_time_t now)
{
    apr_interval_time_t wait = jittered(source->refresh, 10);

    return valid_until > now ? lesser(wait, (valid_until - now) / 2 + apr_time_from_sec(1)) : wait;
}

static int is_held(const sso_notes_t *notes, apr_time_t now)
{
    return now < notes->held && notes->held - now <= LONGEST_HOLD;
}

/* A start of httpd looks once, whatever was planned before it. A clock that was set back must not stop us for years. */
static int is_due(const sso_source_t *source, const sso_notes_t *notes, apr_time_t now)
{
    if (is_held(notes, now))
        return 0;
    return notes->looked < source->started || now >= notes->next || notes->next - now > 2 * source->refresh + LONGEST_HOLD;
}

/* Whether a browser waits for it, as an answer bore a key that is not known; asked too often, it is not granted. */
static int is_wanted_early(const sso_source_t *source, const sso_notes_t *notes, apr_time_t now, apr_pool_t *p)
{
    apr_interval_time_t age = now - notes->early;

    if (!sso_copy_unmark(source->folder, apr_pstrcat(p, source->file, ".want", NULL)))
        return 0;
    return (age < 0 || age >= SSO_EARLY_EVERY) && !is_held(notes, now);
}

/* ---- notes -------------------------------------------------------------------------------------------------- */

static void remember(sso_source_t *source, const sso_notes_t *notes, apr_time_t said)
{
    struct sso_fetching_t *before = source->fetching, *fetching;
    apr_pool_t *pool;

    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS)
        return;
    apr_pool_tag(pool, "saml_sso_fetching");
    fetching = apr_pcalloc(pool, sizeof(*fetching));
    fetching->pool = pool;
    fetching->said = said;
    fetching->notes = *notes;
    fetching->notes.url = apr_pstrdup(pool, notes->url);
    fetching->notes.etag = apr_pstrdup(pool, notes->etag);
    fetching->notes.last_modified = apr_pstrdup(pool, notes->last_modified);
    fetching->notes.trouble = apr_pstrdup(pool, notes->trouble);
    source->fetching = fetching;
    if (before)
        apr_pool_destroy(before->pool);
}

static void keep_notes(const refresh_t *f)
{
    saml_err_t err = { .pool = f->p };
    const char *text = sso_notes_write(&f->notes, f->p);

    if (sso_copy_write(f->source->folder, apr_pstrcat(f->p, f->source->file, ".notes", NULL), text, strlen(text), f->p, &err)
        != SAML_OK)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, f->with->s, "metadata of %s: what is known of its fetching is not kept "
                     "[%s]: %s", f->source->url, saml_status_name(SAML_E_METADATA), err.reason);
}

void sso_refresh_begin(sso_source_t *source, apr_pool_t *ptemp)
{
    saml_err_t err = { .pool = ptemp };
    sso_notes_t notes = { 0 };
    sso_stamp_t stamp;
    const char *text;
    apr_size_t len;

    if (sso_copy_read(&text, &len, &stamp, source->folder, apr_pstrcat(ptemp, source->file, ".notes", NULL), SSO_MAX_NOTES_BYTES,
                      ptemp, &err) == SAML_OK)
        sso_notes_read(&notes, text, ptemp);
    remember(source, &notes, 0);
}

void sso_refresh_end(sso_source_t *source)
{
    if (source->fetching)
        apr_pool_destroy(source->fetching->pool);
    source->fetching = NULL;
}

/* ---- what came ---------------------------------------------------------------------------------------------- */

static void add_header(apr_array_header_t *headers, const char *name, const char *value, apr_pool_t *p)
{
    if (value)
        APR_ARRAY_PUSH(headers, const char *) = apr_pstrcat(p, name, ": ", value, NULL);
}

/* Only what we have may be called unchanged. */
static int is_conditional(const refresh_t *f, const char *url)
{
    return f->is_kept && f->notes.url && strcmp(f->notes.url, url) == 0 && (f->notes.etag || f->notes.last_modified);
}

static saml_status_t ask(saml_fetched_t **came, const refresh_t *f, const char *url, saml_err_t *err)
{
    apr_array_header_t *headers = apr_array_make(f->p, 3, sizeof(const char *));
    saml_fetch_t what = { 0 };

    add_header(headers, "Accept", "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1", f->p);
    if (is_conditional(f, url)) {
        add_header(headers, "If-None-Match", f->notes.etag, f->p);
        add_header(headers, "If-Modified-Since", f->notes.last_modified, f->p);
    }
    what.url = url;
    what.what = "metadata";
    what.headers = headers;
    what.ca_file = f->source->ca_file;
    what.proxy = f->source->proxy;
    what.timeout = FETCH_TIMEOUT;
    what.max_bytes = f->source->max_bytes;
    what.cancelled = f->with->cancelled;
    what.baton = f->with->baton;
    what.failure = SAML_E_METADATA;
    return saml_fetch(came, &what, f->p, err);
}

/* The same octets need no new file, which every process would read anew. */
static saml_status_t keep_copy(const refresh_t *f, const saml_fetched_t *came, saml_err_t *err)
{
    saml_err_t none = { .pool = f->p };
    const char *name = apr_pstrcat(f->p, f->source->file, ".xml", NULL), *text;
    sso_stamp_t stamp;
    apr_size_t len;

    if (f->is_kept && sso_copy_read(&text, &len, &stamp, f->source->folder, name, f->source->max_bytes, f->p, &none) == SAML_OK
        && len == came->body_len && memcmp(text, came->body, len) == 0)
        return SAML_OK;
    return sso_copy_write(f->source->folder, name, came->body, came->body_len, f->p, err);
}

static const char *thumbprints(const saml_idp_t *idp, apr_pool_t *p)
{
    const char *list = "";

    for (int i = 0; i < idp->certs->nelts; i++)
        list = apr_pstrcat(p, list, i ? " " : "", APR_ARRAY_IDX(idp->certs, i, const saml_cert_t *)->sha1, NULL);
    return list;
}

/* What the identity provider had changed since, or all of it the first time. */
static void say_taken(const refresh_t *f, const saml_idp_t *idp)
{
    const char *keys = thumbprints(idp, f->p);

    if (f->known && strcmp(keys, thumbprints(f->known, f->p)) == 0)
        return;
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, f->with->s, "metadata of %s: taken, %s with %d signing certificates: %s",
                 f->source->url, saml_quote(f->p, idp->entity_id), idp->certs->nelts, keys);
    sso_report_idp(f->source->url, idp, f->source->unsigned_requests, f->source->allow, f->now, f->p, f->with->s);
}

static const char *is_html(const saml_fetched_t *came)
{
    return came->content_type && strncmp(came->content_type, "text/html", 9) == 0 ? " (what came is a page of HTML)" : "";
}

static saml_status_t take(refresh_t *f, const char *url, const saml_fetched_t *came, saml_err_t *err)
{
    saml_idp_t *idp;

    if (sso_source_read(&idp, f->source, came->body, came->body_len, f->known ? f->known->entity_id : NULL, f->now, f->p, err) != SAML_OK)
        return saml_fail(err, SAML_E_METADATA, "%s%s", err->reason, is_html(came));
    SAML_TRY(keep_copy(f, came, err));
    say_taken(f, idp);
    f->notes.url = url;
    f->notes.etag = came->etag;
    f->notes.last_modified = came->last_modified;
    f->notes.next = f->now + wait_after_success(f->source, idp->valid_until, f->now);
    return SAML_OK;
}

/* A document of the application that cannot be had, or has no key, may mean that there is none of its own: then its tenant's keys
 * sign for it. Where there has been one, its absence is a mishap, and the copy stays. */
static int may_fall_back(const refresh_t *f, const char *url)
{
    const char *fallback = f->source->fallback_url;

    return fallback && strcmp(url, fallback) != 0 && (!f->known || (f->notes.url && strcmp(f->notes.url, fallback) == 0));
}

/* Entra answers 400 to a tenant that it does not know, with the words for it in a page of HTML. */
static const char *remedy(const refresh_t *f, const char *url, int http_status)
{
    if ((http_status != 400 && http_status != 404) || may_fall_back(f, url))
        return "";
    return f->source->fallback_url ? "; mend: look at the tenant ID, which comes first, and at the cloud in SAMLEntra"
                                   : "; mend: look at the address in SAMLIdPMetadata";
}

static saml_status_t fetch_from(refresh_t *f, const char *url, saml_err_t *err);

static saml_status_t fall_back(refresh_t *f, const char *url, saml_err_t *err)
{
    if (!may_fall_back(f, url))
        return SAML_E_METADATA;
    if (!f->known)
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, f->with->s, "metadata of %s: not usable (%s); trying that of the whole tenant, whose "
                     "keys sign for applications without a certificate of their own: %s", url, err->reason, f->source->fallback_url);
    return fetch_from(f, f->source->fallback_url, err);
}

static saml_status_t fetch_from(refresh_t *f, const char *url, saml_err_t *err)
{
    saml_fetched_t *came;
    int unchanged;

    SAML_TRY(ask(&came, f, url, err));
    f->retry_after = came->retry_after;
    unchanged = came->http_status == 304 && is_conditional(f, url);
    if (unchanged) {
        f->notes.next = f->now + wait_after_success(f->source, f->known->valid_until, f->now);
        return SAML_OK;
    }
    if (came->http_status == 200)
        return take(f, url, came, err) == SAML_OK ? SAML_OK : fall_back(f, url, err);
    if (saml_fail(err, SAML_E_METADATA, "metadata: expected HTTP status 200, got %d%s", came->http_status,
                  remedy(f, url, came->http_status)) == SAML_OK)
        return SAML_OK;
    return came->http_status == 400 || came->http_status == 404 ? fall_back(f, url, err) : SAML_E_METADATA;
}

/* ---- one refresh -------------------------------------------------------------------------------------------- */

static void note_success(refresh_t *f)
{
    if (f->notes.failures)
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, f->with->s, "metadata of %s: fetched again after %d failures", f->source->url,
                     f->notes.failures);
    f->notes.checked = f->now;
    f->notes.failures = 0;
    f->notes.trouble = NULL;
    f->notes.held = 0;
}

static void say_failure(const refresh_t *f, const char *reason, apr_time_t *said)
{
    int again = f->notes.trouble && strcmp(f->notes.trouble, reason) == 0 && f->now - *said < SAY_AGAIN && f->now >= *said;

    ap_log_error(APLOG_MARK, again ? APLOG_INFO : APLOG_WARNING, 0, f->with->s, "metadata of %s: not fetched [%s]: %s; %s; next try "
                 "in %" APR_TIME_T_FMT " s", f->source->url, saml_status_name(SAML_E_METADATA), reason,
                 f->known ? "what is known of it stays in use" : "nobody can sign on by it until then",
                 apr_time_sec(f->notes.next - f->now + apr_time_from_sec(1) - 1));
    if (!again)
        *said = f->now;
}

static void note_failure(refresh_t *f, const char *reason, apr_time_t *said)
{
    if (f->notes.failures < MANY_FAILURES)
        f->notes.failures++;
    f->notes.next = f->now + wait_after_failures(f->source, f->notes.failures);
    f->notes.held = f->retry_after > 0 ? f->now + lesser(f->retry_after, LONGEST_HOLD) : 0;
    if (f->notes.next < f->notes.held)
        f->notes.next = f->notes.held;
    say_failure(f, reason, said);
    f->notes.trouble = reason;
}

static void refresh(refresh_t *f)
{
    saml_err_t err = { .pool = f->p };
    apr_time_t said = f->source->fetching->said;
    saml_status_t status = fetch_from(f, f->source->url, &err);

    if (f->with->cancelled(f->with->baton))
        return;             /* what failed may have failed for that */
    f->now = apr_time_now();
    if (status == SAML_OK)
        note_success(f);
    else
        note_failure(f, err.reason, &said);
    keep_notes(f);
    remember(f->source, &f->notes, said);       /* last: what it replaces holds texts of these notes */
}

static void find_known(refresh_t *f)
{
    sso_stamp_t stamp, seen;

    f->known = sso_source_hold(f->source, NULL, f->p);
    sso_source_stamp(f->source, &seen);
    f->is_kept = f->known && sso_copy_stamp(&stamp, f->source->folder, apr_pstrcat(f->p, f->source->file, ".xml", NULL))
                 && memcmp(&stamp, &seen, sizeof(stamp)) == 0;
}

void sso_refresh_step(sso_source_t *source, const sso_refresh_t *with, apr_pool_t *ptemp)
{
    refresh_t f = { .source = source, .with = with, .p = ptemp, .now = apr_time_now(), .retry_after = -1 };
    int early;

    if (!source->fetching)
        return;
    early = is_wanted_early(source, &source->fetching->notes, f.now, ptemp);
    if (!early && !is_due(source, &source->fetching->notes, f.now))
        return;
    f.notes = source->fetching->notes;
    f.notes.looked = f.now > source->started ? f.now : source->started;
    if (early) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, with->s, "metadata of %s: refreshed before its time, as an answer bore a key that is "
                     "not known", source->url);
        f.notes.early = f.now;
        keep_notes(&f);     /* who asks meanwhile learns that it is under way */
    }
    find_known(&f);
    refresh(&f);
}
