/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTPS request with limits, against fetch_server.py: what it answers, where it does not go, what it does not trust. */

#include "failing.h"
#include "common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <curl/curl.h>
#include "saml/fetch.h"

/* ---- libcurl, of which single calls fail ------------------------------------- */

FAILING(CURLcode, CURLE_FAILED_INIT, curl_global_init, (long flags), (flags))
FAILING(CURL *, NULL, curl_easy_init, (void), ())
FAILING(CURLU *, NULL, curl_url, (void), ())
FAILING(struct curl_slist *, NULL, curl_slist_append, (struct curl_slist *list, const char *line), (list, line))

/* Their handles became const in a later libcurl: they stand under names of ours, with the library's as symbols. */
CURLU *failing_url_dup(const CURLU *u) __asm__("curl_url_dup");
CURLUcode failing_url_get(const CURLU *u, CURLUPart part, char **out, unsigned flags) __asm__("curl_url_get");

CURLU *failing_url_dup(const CURLU *u)
{
    static CURLU *(*next)(const CURLU *);

    if (!next)
        FIND(next, "curl_url_dup");
    return is_due("curl_url_dup", __builtin_return_address(0)) ? NULL : next(u);
}

CURLUcode failing_url_get(const CURLU *u, CURLUPart part, char **out, unsigned flags)
{
    static CURLUcode (*next)(const CURLU *, CURLUPart, char **, unsigned);

    if (!next)
        FIND(next, "curl_url_get");
    return is_due("curl_url_get", __builtin_return_address(0)) ? CURLUE_OUT_OF_MEMORY : next(u, part, out, flags);
}

#undef curl_easy_setopt
#undef curl_easy_getinfo

CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    static CURLcode (*next)(CURL *, CURLoption, ...);
    CURLcode rc;
    va_list args;

    if (!next)
        FIND(next, "curl_easy_setopt");
    if (is_due("curl_easy_setopt", __builtin_return_address(0)))
        return CURLE_OUT_OF_MEMORY;
    va_start(args, option);
    if (option < CURLOPTTYPE_OBJECTPOINT)
        rc = next(curl, option, va_arg(args, long));
    else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
        rc = next(curl, option, va_arg(args, curl_off_t));
    else
        rc = next(curl, option, va_arg(args, void *));
    va_end(args);
    return rc;
}

CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
    static CURLcode (*next)(CURL *, CURLINFO, ...);
    CURLcode rc;
    va_list args;

    if (!next)
        FIND(next, "curl_easy_getinfo");
    if (is_due("curl_easy_getinfo", __builtin_return_address(0)))
        return CURLE_OUT_OF_MEMORY;
    va_start(args, info);
    rc = next(curl, info, va_arg(args, void *));
    va_end(args);
    return rc;
}

/* ---- the server ---------------------------------------------------------------- */

static pid_t server = -1;
static int server_stdin = -1;
static char folder[] = "/tmp/test_fetch.XXXXXX";
static char ports[1024];        /* " good=1234 name=1235 ..." */
static const char *ca, *other_ca;

static int start_server(void)
{
    const char *top = getenv("SSO_SRCDIR"), *python = getenv("SSO_PYTHON");
    char *script = apr_pstrcat(group_pool, top ? top : ".", "/t/unit/fetch_server.py", NULL);
    int in[2], out[2];
    size_t len = 1;
    ssize_t got;

    if (!mkdtemp(folder) || pipe(in) != 0 || pipe(out) != 0)
        return -1;
    fflush(NULL);
    server = fork();
    if (server == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execlp(python ? python : "/usr/bin/python3", "python3", "-B", script, folder, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server_stdin = in[1];
    ports[0] = ' ';
    while (len < sizeof(ports) - 1 && (got = read(out[0], ports + len, sizeof(ports) - 1 - len)) > 0 && ports[len + got - 1] != '\n')
        len += (size_t)got;
    close(out[0]);
    return strchr(ports, '\n') ? 0 : -1;
}

static int port_of(const char *name)
{
    const char *at = strstr(ports, apr_pstrcat(pool, " ", name, "=", NULL));

    assert_non_null(at);
    return atoi(strchr(at, '=') + 1);
}

static int set_up_server(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    setenv("https_proxy", "http://127.0.0.1:9/", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:9/", 1);
    setenv("no_proxy", "far.test", 1);
    if (set_up_library(state) != 0 || start_server() != 0)
        return -1;
    ca = apr_pstrcat(group_pool, folder, "/ca.pem", NULL);
    other_ca = apr_pstrcat(group_pool, folder, "/other-ca.pem", NULL);
    return 0;
}

static int tear_down_server(void **state)
{
    static const char *const files[] = { "ca", "other-ca", "good", "name", "expired" };
    size_t i;

    close(server_stdin);
    waitpid(server, NULL, 0);
    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        unlink(apr_pstrcat(group_pool, folder, "/", files[i], ".pem", NULL));
    rmdir(folder);
    return tear_down_library(state);
}

/* ---- asking ---------------------------------------------------------------------- */

static const char *url_of(const char *scheme, const char *host, const char *port, const char *path)
{
    return apr_psprintf(pool, "%s://%s:%d%s", scheme, host, port_of(port), path);
}

static const char *good(const char *path)
{
    return url_of("https", "127.0.0.1", "good", path);
}

static saml_fetch_t asked(const char *url)
{
    saml_fetch_t what = { .url = url, .what = "it", .ca_file = ca, .timeout = apr_time_from_sec(20), .max_bytes = 10000,
                          .failure = SAML_E_OVERAGE };

    return what;
}

static saml_fetched_t *got(const saml_fetch_t *what, int http_status)
{
    saml_fetched_t *out = NULL;

    assert_says(saml_fetch(&out, what, pool, &err), SAML_OK, "");
    assert_int_equal(out->http_status, http_status);
    assert_int_equal(out->body[out->body_len], '\0');
    return out;
}

static saml_fetched_t *got_url(const char *url, int http_status)
{
    saml_fetch_t what = asked(url);

    return got(&what, http_status);
}

static void refused(const saml_fetch_t *what, const char *says)
{
    saml_fetched_t *out = NULL;

    assert_says(saml_fetch(&out, what, pool, &err), what->failure, says);
    assert_null(out);
    assert_null(strstr(err.reason, "secret"));
}

static void refused_url(const char *url, const char *says)
{
    saml_fetch_t what = asked(url);

    refused(&what, says);
}

static apr_array_header_t *lines(const char *first, const char *second)
{
    apr_array_header_t *headers = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(headers, const char *) = first;
    if (second)
        APR_ARRAY_PUSH(headers, const char *) = second;
    return headers;
}

static const char *seen(void)
{
    return got_url(url_of("http", "127.0.0.1", "plain", "/seen"), 200)->body;
}

/* ---- what comes -------------------------------------------------------------------- */

static void test_answer(void **state)
{
    saml_fetched_t *out = got_url(good("/ok?a=secret"), 200);

    (void)state;
    assert_string_equal(out->body, "hello");
    assert_int_equal(out->body_len, 5);
    assert_string_equal(out->content_type, "text/plain");
    assert_string_equal(out->etag, "\"v1\"");
    assert_string_equal(out->last_modified, "Mon, 02 Mar 2026 09:15:30 GMT");
    assert_true(out->retry_after == -1);
    out = got_url(good("/empty"), 204);
    assert_string_equal(out->body, "");
    assert_null(out->content_type);
    assert_int_equal(got_url(good("/status/500"), 500)->body_len, 0);
    assert_int_equal(got_url(good("/status/401"), 401)->body_len, 0);
    assert_int_equal(got_url(url_of("https", "localhost", "good", "/ok"), 200)->body_len, 5);
}

static void test_conditional(void **state)
{
    saml_fetch_t what = asked(good("/etag"));

    (void)state;
    assert_string_equal(got(&what, 200)->body, "new");
    what.headers = lines("If-None-Match: \"v1\"", NULL);
    assert_string_equal(got(&what, 304)->etag, "\"v1\"");
    assert_string_equal(got(&what, 304)->body, "");
}

static void test_heads(void **state)
{
    saml_fetched_t *out = got_url(good("/interim"), 200);

    (void)state;
    assert_null(out->etag);
    assert_string_equal(out->body, "late");
    assert_string_equal(got_url(good("/twice"), 200)->etag, "\"first\"");
    out = got_url(good("/control"), 200);
    assert_null(out->etag);
    assert_null(out->last_modified);
    assert_true(!out->content_type || !*out->content_type);
    refused_url(good("/heads"), "at most 65536 octets of header fields");
}

static void test_octets(void **state)
{
    saml_fetched_t *out = got_url(good("/nul"), 200);

    (void)state;
    assert_int_equal(out->body_len, 3);
    assert_memory_equal(out->body, "a\0b", 3);
    assert_string_equal(got_url(good("/identity"), 200)->body, "plain");
    refused_url(good("/gzip"), "expected no Content-Encoding, as none was asked for, got \"gzip\"");
    refused_url(good("/short"), "expected an answer, got error 18");
}

/* What is sent: nothing that was not asked for. */
static void test_request(void **state)
{
    saml_fetch_t what = asked(good("/echo"));
    const char *sent = got(&what, 200)->body;

    (void)state;
    assert_memory_equal(sent, "GET /echo HTTP/1.1\r\n", 20);
    assert_null(strstr(sent, "Accept-Encoding"));
    assert_null(strstr(sent, "Cookie"));
    assert_null(strstr(sent, "Authorization"));
    what.headers = lines("Content-Type: application/json", "X-Two:\tb");
    what.body = "{\0}";
    what.body_len = 3;
    sent = got(&what, 200)->body;
    assert_memory_equal(sent, "POST /echo HTTP/1.1\r\n", 21);
    assert_non_null(strstr(sent, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(sent, "\r\nX-Two:\tb\r\n"));
    assert_non_null(strstr(sent, "\r\nContent-Length: 3\r\n"));
    assert_null(strstr(sent, "Expect"));
    assert_memory_equal(strstr(sent, "\r\n\r\n"), "\r\n\r\n{\0}", 7);
    what.body_len = 0;
    assert_non_null(strstr(got(&what, 200)->body, "\r\nContent-Length: 0\r\n"));
    what.headers = lines("X: a\r\nY: secret", NULL);
    refused(&what, "expected header fields of one line each");
    what.headers = lines("X: a", "Y: secret\x7f");
    refused(&what, "expected header fields of one line each");
}

/* RFC 9110 10.2.3 */
static void test_retry_after(void **state)
{
    static const struct {
        const char *query;
        int seconds;
    } cases[] = {
        { "after=120", 120 }, { "after=0", 0 }, { "after=", -1 }, { "after=-5", -1 }, { "after=1.5", -1 }, { "after=soon", -1 },
        { "after=99999999999999999999999", 31536000 }, { "after=31536000", 31536000 }, { "after=31535999", 31535999 },
        { "after=Mon,+02+Mar+2026+09:15:40+GMT&date=Mon,+02+Mar+2026+09:15:30+GMT", 10 },
        { "after=Mon,+02+Mar+2026+09:15:20+GMT&date=Mon,+02+Mar+2026+09:15:30+GMT", 0 },
        { "after=Mon,+02+Mar+2099+09:15:20+GMT&date=Mon,+02+Mar+2026+09:15:30+GMT", 31536000 },
        { "after=Mon,+02+Mar+2026+09:15:40+GMT", -1 },
        { "after=Mon,+02+Mar+2026+09:15:40+GMT&date=today", -1 },
        { "after=tomorrow&date=Mon,+02+Mar+2026+09:15:30+GMT", -1 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        saml_fetched_t *out = got_url(good(apr_pstrcat(pool, "/retry?", cases[i].query, NULL)), 503);
        apr_interval_time_t want = cases[i].seconds < 0 ? -1 : apr_time_from_sec(cases[i].seconds);

        if (out->retry_after != want)
            fail_msg("%s: expected %d s, got %" APR_TIME_T_FMT " us", cases[i].query, cases[i].seconds, out->retry_after);
    }
}

/* ---- limits --------------------------------------------------------------------------- */

static void test_sizes(void **state)
{
    static const char more[] = "expected at most 10000 octets, got more";
    saml_fetch_t what;

    (void)state;
    assert_int_equal(got_url(good("/size/10000"), 200)->body_len, 10000);
    refused_url(good("/size/10001"), more);
    assert_int_equal(got_url(good("/stream/10000"), 200)->body_len, 10000);
    refused_url(good("/stream/10001"), more);
    refused_url(good("/stream/1000000"), more);
    what = asked(good("/empty"));
    what.max_bytes = 0;
    assert_int_equal(got(&what, 204)->body_len, 0);
    what.url = good("/stream/1");
    refused(&what, "expected at most 0 octets");
    what.url = good("/stream/50000");
    what.max_bytes = 60000;
    assert_int_equal(got(&what, 200)->body_len, 50000);
}

static void test_time(void **state)
{
    static const char *const paths[] = { "/slow", "/drip", "/lag" };
    saml_fetch_t what = asked(NULL);
    size_t i;

    (void)state;
    what.timeout = apr_time_from_msec(500);
    what.max_bytes = 10000000;
    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        what.url = good(paths[i]);
        refused(&what, "expected an answer within 500 ms");
    }
    what.timeout = apr_time_from_msec(0);
    what.url = good("/ok");
    refused(&what, "expected an answer within 0 ms");
    what.timeout = apr_time_from_msec(100);
    what.url = url_of("http", "127.0.0.1", "plain", "/slow");
    refused(&what, "expected an answer within 100 ms");
}

static int count_and_stop(void *baton)
{
    return ++*(int *)baton > 1;
}

static int never(void *baton)
{
    ++*(int *)baton;
    return 0;
}

static void test_cancelled(void **state)
{
    saml_fetch_t what = asked(good("/slow"));
    int asked_times = 0;

    (void)state;
    what.cancelled = count_and_stop;
    what.baton = &asked_times;
    refused(&what, "given up before the answer was there");
    assert_int_equal(asked_times, 2);
    what.cancelled = never;
    what.url = good("/ok");
    assert_int_equal(got(&what, 200)->body_len, 5);
    assert_true(asked_times > 2);
}

/* ---- where it goes ---------------------------------------------------------------------- */

static void test_redirects(void **state)
{
    static const int codes[] = { 301, 302, 303, 307, 308 };
    saml_fetch_t what = asked(good("/status/302/to"));
    size_t i;

    (void)state;
    assert_string_equal(got_url(good("/chain/1"), 200)->body, "arrived");
    assert_string_equal(got_url(good("/chain/3"), 200)->body, "arrived");
    refused_url(good("/chain/4"), "expected at most 3 redirects, got more");
    refused_url(good("/lag"), "expected at most 3 redirects");
    got_url(good("/redirect"), 302);     /* to nowhere */
    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_string_equal(got_url(good(apr_psprintf(pool, "/status/%d/to", codes[i])), 200)->body, "hello");
    got_url(good("/status/300/to"), 300);
    got_url(good("/status/302"), 302);
    got_url(good("/status/200/to"), 200);
    got_url(good(apr_pstrcat(pool, "/redirect?to=", good("/ok"), NULL)), 200);
    got_url(good(apr_psprintf(pool, "/redirect?to=HTTPS://127.0.0.1:%d/ok", port_of("good"))), 200);
    what.body = "x";
    what.body_len = 1;
    got(&what, 302);        /* a POST stays where it was sent to */
}

static void test_redirects_away(void **state)
{
    const char *localhost = url_of("https", "localhost", "good", "");
    const char *const cases[][2] = {
        { apr_pstrcat(pool, localhost, "/ok?secret", NULL), apr_pstrcat(pool, "got one to \"https://localhost:", NULL) },
        { "https://127.0.0.1/ok", "got one to \"https://127.0.0.1:443\"" },
        { url_of("http", "127.0.0.1", "good", "/ok"), "got one to \"http://127.0.0.1:" },
        { url_of("https", "127.0.0.1", "name", "/ok"), "got one to \"https://127.0.0.1:" },
        { "//elsewhere.test/secret", "got one to \"https://elsewhere.test:443\"" },
        { apr_psprintf(pool, "https://u:secret@127.0.0.1:%d/ok", port_of("good")), "got one to what is no address of the web" },
        { "file:///etc/passwd", "got one to what is no address of the web" },
        { "gopher2://x/", "got one to what is no address of the web" },
        { "https://[::1/", "got one to what is no address of the web" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused_url(good(apr_pstrcat(pool, "/redirect?to=", cases[i][0], NULL)), cases[i][1]);
    refused_url(good(apr_pstrcat(pool, "/redirect?to=", cases[0][0], NULL)), "expected a redirect to the same scheme, host and port");
}

static void test_addresses(void **state)
{
    static const struct {
        const char *url;
        const char *says;       /* NULL: fine */
    } cases[] = {
        { "https://backend.example/hook?a=b", NULL },
        { "HTTPS://backend.example", NULL },
        { "https://[2001:db8::1]:8443/", NULL },
        { "http://localhost/", NULL },
        { "http://LOCALHOST:81/", NULL },
        { "http://127.0.0.1:8080/", NULL },
        { "http://127.255.255.254/", NULL },
        { "http://[::1]:8080/", NULL },
        { "http://backend.example/secret", "got \"http://backend.example:80\"" },
        { "http://127.0.0.1.example/", "got \"http://127.0.0.1.example:80\"" },
        { "http://128.0.0.1/", "got \"http://128.0.0.1:80\"" },
        { "http://localhost.example/", "got \"http://" },
        { "http://[::2]/", "got \"http://[::2]:80\"" },
        { "ftp://127.0.0.1/", "got \"ftp://127.0.0.1:21\"" },
        { "file:///etc/passwd", "expected an https:// address" },
        { "made-up://127.0.0.1/", "expected an https:// address" },
        { "https://user:secret@backend.example/", "expected an https:// address, got one that is none" },
        { "https://secret@backend.example/", "expected an https:// address, got one that is none" },
        { "https://", "expected an https:// address, got one that is none" },
        { "https://a b/", "expected an https:// address, got one that is none" },
        { "backend.example", "expected an https:// address, got one that is none" },
        { "/hook", "expected an https:// address, got one that is none" },
        { "", "expected an https:// address, got one that is none" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        saml_status_t status = saml_fetch_check_url(cases[i].url, "SAMLProvision", SAML_E_PROVISIONING, pool, &err);

        if (status != (cases[i].says ? SAML_E_PROVISIONING : SAML_OK))
            fail_msg("%s: expected %s, got [%s] %s", cases[i].url, cases[i].says ? cases[i].says : "no refusal",
                     saml_status_name(status), err.reason);
        if (!cases[i].says)
            continue;
        if (!strstr(err.reason, cases[i].says) || strstr(err.reason, "secret"))
            fail_msg("%s: expected \"%s\", got \"%s\"", cases[i].url, cases[i].says, err.reason);
        refused_url(cases[i].url, cases[i].says);
    }
    assert_string_equal(got_url(url_of("http", "127.0.0.1", "plain", "/ok"), 200)->body, "hello");
    assert_string_equal(got_url(url_of("http", "localhost", "plain", "/chain/1"), 200)->body, "arrived");
    refused_url(url_of("http", "localhost", "plain", "/redirect?to=https://localhost/"), "same scheme, host and port");
}

/* ---- whom it trusts ------------------------------------------------------------------------ */

static void test_certificates(void **state)
{
    saml_fetch_t what = asked(good("/trusted"));

    (void)state;
    what.ca_file = other_ca;
    refused(&what, "error 60");
    what.ca_file = NULL;
    refused(&what, "error 60");
    what.ca_file = apr_pstrcat(pool, folder, "/nowhere.pem", NULL);
    refused(&what, "error 77");
    refused_url(url_of("https", "127.0.0.1", "name", "/trusted"), "error 60");
    refused_url(url_of("https", "127.0.0.1", "expired", "/trusted"), "certificate has expired");
    refused_url(url_of("https", "127.0.0.1", "garbage", "/trusted"), "error 35");
    assert_null(strstr(seen(), "/trusted"));
}

static void test_no_http(void **state)
{
    (void)state;
    refused_url(url_of("https", "127.0.0.1", "closed", "/ok"), "error 7");
    refused_url(good("/garbage"), "error 1");
    refused_url(url_of("http", "127.0.0.1", "garbage", "/ok"), "error 1");
}

/* ---- by a proxy ------------------------------------------------------------------------------ */

static void test_proxy(void **state)
{
    saml_fetch_t what = asked("https://far.test/ok");
    saml_fetched_t *out;
    const char *log;

    (void)state;
    what.proxy = url_of("http", "127.0.0.1", "proxy", "");
    what.headers = lines("Authorization: for-the-server", NULL);
    out = got(&what, 200);
    assert_string_equal(out->body, "hello");
    assert_string_equal(out->last_modified, "Mon, 02 Mar 2026 09:15:30 GMT");
    log = seen();
    assert_non_null(strstr(log, "proxy CONNECT far.test:443"));
    assert_null(strstr(log, "for-the-server"));
    what.url = "https://far.test/redirect?to=https://far.test/ok";
    assert_string_equal(got(&what, 200)->body, "hello");
    what.url = "https://refused.test/";
    refused(&what, "error 56");
    what.url = "https://far.test/ok";
    what.ca_file = other_ca;
    refused(&what, "error 60");
    what.ca_file = ca;
    what.proxy = url_of("http", "127.0.0.1", "closed", "");
    refused(&what, "error 7");
    /* What is in the clear does not go through it. */
    what.url = url_of("http", "127.0.0.1", "plain", "/ok");
    assert_string_equal(got(&what, 200)->body, "hello");
}

/* The set-up of the group put a proxy into the environment that nobody answers at. */
static void test_environment(void **state)
{
    (void)state;
    assert_non_null(getenv("https_proxy"));
    assert_string_equal(got_url(good("/ok"), 200)->body, "hello");
}

/* ---- what libcurl does not do ------------------------------------------------------------------ */

static void test_each_call(void **state)
{
    static const char *const functions[] = { "curl_easy_init", "curl_url", "curl_url_dup", "curl_slist_append", "curl_easy_setopt",
                                             "curl_easy_getinfo", "curl_url_get" };
    saml_fetch_t what = asked(good("/chain/1"));
    size_t i;
    int nth;

    (void)state;
    what.headers = lines("A: b", NULL);
    for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        for (nth = 1; nth < 100; nth++) {
            saml_fetched_t *out = NULL;
            saml_status_t status;

            plan.function = functions[i];
            plan.seen = 0;
            plan.fail_at = nth;
            status = saml_fetch(&out, &what, pool, &err);
            plan.function = NULL;
            if (plan.seen < nth) {
                assert_int_equal(status, SAML_OK);
                break;
            }
            if (status != SAML_E_OVERAGE || out)
                fail_msg("%s, call %d: expected a refusal, got [%s]", functions[i], nth, saml_status_name(status));
        }
        assert_true(nth > 1 && nth < 100);
    }
    what.url = good("/echo");
    what.body = "x";
    what.body_len = 1;
    for (nth = 1; nth < 100; nth++) {
        saml_fetched_t *out = NULL;
        saml_status_t status;

        plan.function = "curl_easy_setopt";
        plan.seen = 0;
        plan.fail_at = nth;
        status = saml_fetch(&out, &what, pool, &err);
        plan.function = NULL;
        if (plan.seen < nth)
            break;
        assert_int_equal(status, SAML_E_OVERAGE);
    }
    assert_true(nth < 100);
}

/* The set-up runs once in a process, so that its failure has one of its own. */
static int fail_set_up(void)
{
    apr_pool_create(&group_pool, NULL);
    set_up(NULL);
    plan.function = "curl_global_init";
    plan.fail_at = 1;
    return saml_library_init(&err) == SAML_E_METADATA && strstr(err.reason, "libcurl could not be set up") ? 0 : 1;
}

static void test_set_up(void **state)
{
    char *argv[] = { (char *)"test_fetch", (char *)"fail", NULL };
    int status = -1;
    pid_t child;

    (void)state;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        execv("/proc/self/exe", argv);
        _exit(3);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        unit(test_answer), unit(test_conditional), unit(test_heads), unit(test_octets), unit(test_request), unit(test_retry_after),
        unit(test_sizes), unit(test_time), unit(test_cancelled), unit(test_redirects), unit(test_redirects_away),
        unit(test_addresses), unit(test_certificates), unit(test_no_http), unit(test_proxy), unit(test_environment),
        unit(test_each_call), unit(test_set_up),
    };

    (void)argv;
    apr_initialize();
    if (argc > 1)
        return fail_set_up();
    return cmocka_run_group_tests(tests, set_up_server, tear_down_server);
}
