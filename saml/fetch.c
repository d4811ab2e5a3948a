/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include <apr_date.h>
#include <apr_strings.h>
#include <curl/curl.h>
#include <openssl/x509_vfy.h>

/* One HTTPS request by libcurl, of which nothing is left to its defaults or to the environment. */

#define MAX_REDIRECTS 3
#define MAX_HEADER_BYTES (64 * 1024)
#define FIRST_BODY_BYTES 4096
#define MAX_RETRY_AFTER_S 31536000      /* who says more than a year says forever */

/** The header fields that are of use, of the last answer. */
typedef struct {
    const char *content_type;
    const char *content_encoding;
    const char *date;
    const char *etag;
    const char *last_modified;
    const char *location;
    const char *retry_after;
} head_t;

/** One call of saml_fetch. */
typedef struct {
    const saml_fetch_t *what;
    apr_pool_t *p;
    saml_err_t *err;
    CURL *curl;
    CURLU *url;                         /* where it goes now */
    struct curl_slist *headers;
    const char *place;                  /* "https://host:port" in quotes, for reasons */
    int is_https;
    apr_interval_time_t left;           /* of the time for everything */
    char complaint[CURL_ERROR_SIZE];
    head_t head;
    apr_size_t head_bytes;
    char *body;
    apr_size_t body_len, body_room;
    int body_too_large, head_too_large;
} exchange_t;

static apr_status_t free_exchange(void *baton)
{
    exchange_t *x = baton;

    curl_easy_cleanup(x->curl);
    curl_url_cleanup(x->url);
    curl_slist_free_all(x->headers);
    return APR_SUCCESS;
}

static saml_status_t out_of_memory(exchange_t *x)
{
    return saml_fail(x->err, x->what->failure, "%s: libcurl could not be set up for one request", x->what->what);
}

/* ---- where it goes --------------------------------------------------------- */

/* A copy of one part of `url`, or NULL. */
static const char *url_part(CURLU *url, CURLUPart part, unsigned flags, apr_pool_t *p)
{
    char *value = NULL;
    const char *copy = NULL;

    if (curl_url_get(url, part, &value, flags) == CURLUE_OK)
        copy = apr_pstrdup(p, value);
    curl_free(value);
    return copy;
}

static const char *scheme_of(CURLU *url, apr_pool_t *p)
{
    return url_part(url, CURLUPART_SCHEME, 0, p);
}

/* "https://host:port" in quotes, or NULL. Only this is named in reasons: paths and queries may hold what is nobody's business. */
static const char *place_of(CURLU *url, apr_pool_t *p)
{
    const char *scheme = scheme_of(url, p), *host = url_part(url, CURLUPART_HOST, 0, p);
    const char *port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, p);

    return scheme && host && port ? saml_quote(p, apr_pstrcat(p, scheme, "://", host, ":", port, NULL)) : NULL;
}

/* RFC 6761 6.3, RFC 5735 3, RFC 4291 2.5.3: what never leaves this machine. */
static int is_loopback(const char *host)
{
    unsigned char address[4];

    if (curl_strequal(host, "localhost") || strcmp(host, "[::1]") == 0)
        return 1;
    return inet_pton(AF_INET, host, address) == 1 && address[0] == 127;
}

static saml_status_t check_place(exchange_t *x)
{
    const char *scheme = scheme_of(x->url, x->p), *host = url_part(x->url, CURLUPART_HOST, 0, x->p);

    x->place = place_of(x->url, x->p);
    x->is_https = scheme && strcmp(scheme, "https") == 0;
    if (!scheme || !host || !x->place)
        return saml_fail(x->err, x->what->failure, "%s: expected an https:// address with a host, got none", x->what->what);
    if (!x->is_https && (strcmp(scheme, "http") != 0 || !is_loopback(host)))
        return saml_fail(x->err, x->what->failure, "%s: expected an https:// address (http:// for localhost, 127.0.0.0/8 and [::1] "
                         "alone), got %s", x->what->what, x->place);
    return SAML_OK;
}

static saml_status_t read_url(exchange_t *x)
{
    CURLUcode rc;

    x->url = curl_url();
    if (!x->url)
        return out_of_memory(x);
    rc = curl_url_set(x->url, CURLUPART_URL, x->what->url, CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
    if (rc != CURLUE_OK)
        return saml_fail(x->err, x->what->failure, "%s: expected an https:// address, got one that is none: %s", x->what->what,
                         curl_url_strerror(rc));
    return check_place(x);
}

/* ---- what comes ------------------------------------------------------------- */

static size_t take_body(char *data, size_t one, size_t len, void *baton)
{
    exchange_t *x = baton;
    apr_size_t need = x->body_len + len + 1;

    (void)one;
    if (len > x->what->max_bytes - x->body_len) {
        x->body_too_large = 1;
        return 0;
    }
    if (need > x->body_room) {
        apr_size_t room = need > 2 * x->body_room ? need : 2 * x->body_room;
        char *grown = apr_palloc(x->p, room < FIRST_BODY_BYTES ? FIRST_BODY_BYTES : room);

        if (x->body_len)
            memcpy(grown, x->body, x->body_len);
        x->body = grown;
        x->body_room = room < FIRST_BODY_BYTES ? FIRST_BODY_BYTES : room;
    }
    memcpy(x->body + x->body_len, data, len);
    x->body_len += len;
    return len;
}

static const char **field_of(head_t *head, const char *name, size_t len)
{
    static const struct {
        const char *name;
        size_t at;
    } fields[] = {
        { "content-type", offsetof(head_t, content_type) },
        { "content-encoding", offsetof(head_t, content_encoding) },
        { "date", offsetof(head_t, date) },
        { "etag", offsetof(head_t, etag) },
        { "last-modified", offsetof(head_t, last_modified) },
        { "location", offsetof(head_t, location) },
        { "retry-after", offsetof(head_t, retry_after) },
    };
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strlen(fields[i].name) == len && curl_strnequal(fields[i].name, name, len))
            return (const char **)(void *)((char *)head + fields[i].at);
    }
    return NULL;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 9110 5.5: the value without the space around it. One with control characters counts as none: it may be sent back one day. */
static const char *field_value(const char *at, const char *end, apr_pool_t *p)
{
    const char *c;

    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    for (c = at; c < end; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return NULL;
    }
    return apr_pstrmemdup(p, at, (apr_size_t)(end - at));
}

/* Every line of the head, of interim answers too; the last answer counts, and the first field of a name in it. */
static size_t take_header(char *data, size_t one, size_t len, void *baton)
{
    exchange_t *x = baton;
    const char *colon = memchr(data, ':', len);
    const char **field;

    (void)one;
    x->head_bytes += len;
    if (x->head_bytes > MAX_HEADER_BYTES) {
        x->head_too_large = 1;
        return 0;
    }
    if (len > 5 && memcmp(data, "HTTP/", 5) == 0) {
        memset(&x->head, 0, sizeof(x->head));
        return len;
    }
    field = colon ? field_of(&x->head, data, (size_t)(colon - data)) : NULL;
    if (field && !*field)
        *field = field_value(colon + 1, data + len, x->p);
    return len;
}

static int ask_cancelled(void *baton, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    exchange_t *x = baton;

    (void)down_all;
    (void)down;
    (void)up_all;
    (void)up;
    return x->what->cancelled ? x->what->cancelled(x->what->baton) : 0;
}

/* ---- how it is asked ---------------------------------------------------------- */

static const struct {
    CURLoption option;
    long value;
} fixed[] = {
    { CURLOPT_NOSIGNAL, 1 },                    /* threads */
    { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
    { CURLOPT_SSL_VERIFYPEER, 1 },
    { CURLOPT_SSL_VERIFYHOST, 2 },
    { CURLOPT_FOLLOWLOCATION, 0 },              /* by hand, so that each place is looked at */
    { CURLOPT_NETRC, CURL_NETRC_IGNORED },
    { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
    { CURLOPT_HTTP09_ALLOWED, 0 },
    { CURLOPT_HTTP_CONTENT_DECODING, 0 },       /* what is sent small stays small */
    { CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },    /* the proxy's are not the server's */
    { CURLOPT_HEADEROPT, CURLHEADER_SEPARATE }, /* and the server's are not for the proxy */
    { CURLOPT_HTTPPROXYTUNNEL, 1 },
    { CURLOPT_NOPROGRESS, 0 },
#if LIBCURL_VERSION_NUM >= 0x075700
    { CURLOPT_QUICK_EXIT, 1 },                  /* a names' server that is silent has a thread of its own, which ends by itself */
#endif
};

/* Each of these answers whether libcurl took all. */
static int set_protocol(exchange_t *x)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, x->is_https ? "https" : "http") == CURLE_OK;
#else
    return curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS, x->is_https ? CURLPROTO_HTTPS : CURLPROTO_HTTP) == CURLE_OK;
#endif
}

static int set_fixed(exchange_t *x)
{
    size_t i;

    for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (curl_easy_setopt(x->curl, fixed[i].option, fixed[i].value) != CURLE_OK)
            return 0;
    }
    return 1;
}

static int set_callbacks(exchange_t *x)
{
    return curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, x->complaint) == CURLE_OK
           && curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK
           && curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x) == CURLE_OK
           && curl_easy_setopt(x->curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK
           && curl_easy_setopt(x->curl, CURLOPT_HEADERDATA, x) == CURLE_OK
           && curl_easy_setopt(x->curl, CURLOPT_XFERINFOFUNCTION, ask_cancelled) == CURLE_OK
           && curl_easy_setopt(x->curl, CURLOPT_XFERINFODATA, x) == CURLE_OK;
}

/* Empty, not unset: libcurl asks the environment for what is unset. What may go in the clear stays on this machine, so no proxy sees it. */
static int set_way(exchange_t *x)
{
    const char *proxy = x->what->proxy && x->is_https ? x->what->proxy : "";

    if (curl_easy_setopt(x->curl, CURLOPT_PROXY, proxy) != CURLE_OK || curl_easy_setopt(x->curl, CURLOPT_NOPROXY, "") != CURLE_OK)
        return 0;
    if (!x->what->ca_file)
        return 1;
    /* The folder that libcurl was built with would be trusted beside the file. */
    return curl_easy_setopt(x->curl, CURLOPT_CAINFO, x->what->ca_file) == CURLE_OK
           && curl_easy_setopt(x->curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
}

static int set_message(exchange_t *x)
{
    if (curl_easy_setopt(x->curl, CURLOPT_USERAGENT, "mod_saml_sso") != CURLE_OK
        || curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers) != CURLE_OK
        || curl_easy_setopt(x->curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)x->what->max_bytes) != CURLE_OK)
        return 0;
    if (!x->what->body)
        return 1;
    return curl_easy_setopt(x->curl, CURLOPT_POST, 1L) == CURLE_OK
           && curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->what->body_len) == CURLE_OK
           && curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, x->what->body) == CURLE_OK;
}

static int append_header(exchange_t *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->headers, line);

    if (longer)
        x->headers = longer;
    return longer != NULL;
}

/* RFC 9110 5.5: a line end in a field would begin another. */
static int is_one_line(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return 0;
    }
    return 1;
}

static saml_status_t make_headers(exchange_t *x)
{
    int i, count = x->what->headers ? x->what->headers->nelts : 0;

    /* No "Expect: 100-continue": a second in which nothing happens. */
    if (!append_header(x, "Expect:"))
        return out_of_memory(x);
    for (i = 0; i < count; i++) {
        const char *line = APR_ARRAY_IDX(x->what->headers, i, const char *);

        if (!is_one_line(line))
            return saml_fail(x->err, x->what->failure, "%s: expected header fields of one line each, got one with control characters",
                             x->what->what);
        if (!append_header(x, line))
            return out_of_memory(x);
    }
    return SAML_OK;
}

static saml_status_t set_up(exchange_t *x)
{
    SAML_TRY(read_url(x));
    SAML_TRY(make_headers(x));
    x->left = x->what->timeout;
    x->curl = curl_easy_init();
    if (!x->curl || !set_fixed(x) || !set_protocol(x) || !set_callbacks(x) || !set_way(x) || !set_message(x))
        return out_of_memory(x);
    return SAML_OK;
}

/* ---- one request and its answer ------------------------------------------------ */

/* What an administrator can do about it, where that is sure enough to say. */
static const char *certificate_remedy(const exchange_t *x)
{
    long why = 0;

    if (curl_easy_getinfo(x->curl, CURLINFO_SSL_VERIFYRESULT, &why) != CURLE_OK)
        return "";
    switch (why) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "; mend: look at this machine's clock";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "; mend: if its authority is one of your own, or that of a proxy which opens TLS, name it in SAMLMetadataCA";
    default:
        return "";
    }
}

/* Provisioning goes without a proxy. */
static const char *remedy(const exchange_t *x, CURLcode rc)
{
    switch (rc) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return certificate_remedy(x);
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "; mend: correct SAMLMetadataProxy";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        if (x->what->proxy)
            return "; mend: look at the proxy, and at SAMLMetadataProxy";
        return x->what->failure == SAML_E_PROVISIONING ? "" : "; mend: let this machine reach it (name service, firewall), or name the "
               "proxy that does in SAMLMetadataProxy";
    default:
        return "";
    }
}

static saml_status_t explain(exchange_t *x, CURLcode rc)
{
    const saml_fetch_t *what = x->what;
    const char *said = saml_quote(x->p, x->complaint[0] ? x->complaint : curl_easy_strerror(rc));

    if (x->body_too_large || rc == CURLE_FILESIZE_EXCEEDED)
        return saml_fail(x->err, what->failure, "%s from %s: expected at most %" APR_SIZE_T_FMT " octets, got more", what->what, x->place,
                         what->max_bytes);
    if (x->head_too_large)
        return saml_fail(x->err, what->failure, "%s from %s: expected at most %d octets of header fields, got more", what->what, x->place,
                         MAX_HEADER_BYTES);
    if (rc == CURLE_ABORTED_BY_CALLBACK)
        return saml_fail(x->err, what->failure, "%s from %s: given up before the answer was there", what->what, x->place);
    if (rc == CURLE_OPERATION_TIMEDOUT)
        return saml_fail(x->err, what->failure, "%s from %s: expected an answer within %" APR_TIME_T_FMT " ms, got %s", what->what,
                         x->place, apr_time_as_msec(what->timeout), said);
    return saml_fail(x->err, what->failure, "%s from %s: expected an answer, got error %d: %s%s", what->what, x->place, (int)rc, said,
                     remedy(x, rc));
}

/* No clock is asked: libcurl counts what each request takes. */
static saml_status_t perform(exchange_t *x)
{
    long left_ms = (long)apr_time_as_msec(x->left);
    curl_off_t took = 0;
    CURLcode rc;

    x->body_len = 0;
    x->complaint[0] = '\0';
    if (left_ms <= 0)
        return explain(x, CURLE_OPERATION_TIMEDOUT);
    if (curl_easy_setopt(x->curl, CURLOPT_CURLU, x->url) != CURLE_OK
        || curl_easy_setopt(x->curl, CURLOPT_CONNECTTIMEOUT_MS, left_ms) != CURLE_OK
        || curl_easy_setopt(x->curl, CURLOPT_TIMEOUT_MS, left_ms) != CURLE_OK)
        return out_of_memory(x);
    rc = curl_easy_perform(x->curl);
    if (rc != CURLE_OK)
        return explain(x, rc);
    if (curl_easy_getinfo(x->curl, CURLINFO_TOTAL_TIME_T, &took) != CURLE_OK)
        return out_of_memory(x);
    x->left -= (apr_interval_time_t)took;
    return SAML_OK;
}

/* Host names and schemes know no case. */
static int is_same_part(CURLU *a, CURLU *b, CURLUPart part, unsigned flags, apr_pool_t *p)
{
    const char *in_a = url_part(a, part, flags, p), *in_b = url_part(b, part, flags, p);

    return in_a && in_b && curl_strequal(in_a, in_b);
}

static int is_same_place(CURLU *a, CURLU *b, apr_pool_t *p)
{
    return is_same_part(a, b, CURLUPART_SCHEME, 0, p) && is_same_part(a, b, CURLUPART_HOST, 0, p)
           && is_same_part(a, b, CURLUPART_PORT, CURLU_DEFAULT_PORT, p);
}

/* RFC 9110 15.4: Location may be relative to where the request went. */
static saml_status_t follow(exchange_t *x)
{
    CURLU *next = curl_url_dup(x->url);
    int is_url;

    if (!next)
        return out_of_memory(x);
    is_url = curl_url_set(next, CURLUPART_URL, x->head.location, CURLU_DISALLOW_USER) == CURLUE_OK;
    if (!is_url || !is_same_place(x->url, next, x->p)) {
        const char *elsewhere = is_url ? place_of(next, x->p) : NULL;

        curl_url_cleanup(next);
        return saml_fail(x->err, x->what->failure, "%s from %s: expected a redirect to the same scheme, host and port, got one to %s",
                         x->what->what, x->place, elsewhere ? elsewhere : "what is no address of the web");
    }
    curl_url_cleanup(x->url);
    x->url = next;
    return SAML_OK;
}

static int is_redirect(const exchange_t *x, long http_status)
{
    return !x->what->body && x->head.location && *x->head.location
           && (http_status == 301 || http_status == 302 || http_status == 303 || http_status == 307 || http_status == 308);
}

/* RFC 9110 10.2.3. A date is held against the server's own clock; without that it says nothing. */
static apr_interval_time_t read_retry_after(const head_t *head)
{
    const char *at = head->retry_after;
    apr_time_t until, now;
    apr_int64_t seconds = 0;

    if (!at || !*at)
        return -1;
    if (strspn(at, "0123456789") == strlen(at)) {
        for (; *at && seconds < MAX_RETRY_AFTER_S; at++)
            seconds = seconds * 10 + (*at - '0');
    }
    else {
        until = apr_date_parse_http(at);
        now = head->date ? apr_date_parse_http(head->date) : APR_DATE_BAD;
        if (until == APR_DATE_BAD || now == APR_DATE_BAD)
            return -1;
        seconds = until > now ? apr_time_sec(until - now) : 0;
    }
    return apr_time_from_sec(seconds < MAX_RETRY_AFTER_S ? seconds : MAX_RETRY_AFTER_S);
}

static saml_status_t hand_over(saml_fetched_t **out, exchange_t *x, long http_status)
{
    const char *encoding = x->head.content_encoding;
    saml_fetched_t *got = apr_pcalloc(x->p, sizeof(*got));

    if (encoding && !curl_strequal(encoding, "identity"))
        return saml_fail(x->err, x->what->failure, "%s from %s: expected no Content-Encoding, as none was asked for, got %s",
                         x->what->what, x->place, saml_quote(x->p, encoding));
    if (x->body_len)
        x->body[x->body_len] = '\0';
    got->http_status = (int)http_status;
    got->body = x->body_len ? x->body : "";
    got->body_len = x->body_len;
    got->content_type = x->head.content_type;
    got->etag = x->head.etag;
    got->last_modified = x->head.last_modified;
    got->retry_after = read_retry_after(&x->head);
    *out = got;
    return SAML_OK;
}

static saml_status_t ask(saml_fetched_t **out, exchange_t *x)
{
    long http_status = 0;
    int redirects;

    SAML_TRY(set_up(x));
    for (redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
        SAML_TRY(perform(x));
        if (curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &http_status) != CURLE_OK)
            return out_of_memory(x);
        if (!is_redirect(x, http_status))
            return hand_over(out, x, http_status);
        SAML_TRY(follow(x));
    }
    return saml_fail(x->err, x->what->failure, "%s from %s: expected at most %d redirects, got more", x->what->what, x->place,
                     MAX_REDIRECTS);
}

static exchange_t *new_exchange(const saml_fetch_t *what, apr_pool_t *p, saml_err_t *err)
{
    exchange_t *x = apr_pcalloc(p, sizeof(*x));

    x->what = what;
    x->p = p;
    x->err = err;
    apr_pool_cleanup_register(p, x, free_exchange, apr_pool_cleanup_null);
    return x;
}

saml_status_t saml_fetch(saml_fetched_t **out, const saml_fetch_t *what, apr_pool_t *p, saml_err_t *err)
{
    exchange_t *x = new_exchange(what, p, err);
    saml_status_t status = ask(out, x);

    apr_pool_cleanup_run(p, x, free_exchange);      /* the connection ends now, not with the pool */
    return status;
}

saml_status_t saml_fetch_check_url(const char *url, const char *what, saml_status_t failure, apr_pool_t *p, saml_err_t *err)
{
    saml_fetch_t asked = { .url = url, .what = what, .failure = failure };
    exchange_t *x = new_exchange(&asked, p, err);
    saml_status_t status = read_url(x);

    apr_pool_cleanup_run(p, x, free_exchange);
    return status;
}
