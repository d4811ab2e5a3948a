/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTPS request with limits, against fetch_server.py: what it answers, where it does not go, what it does not trust. */

#include "fetch_server.h"

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
    refused(&what, "name it in SAMLMetadataCA");
    what.ca_file = NULL;
    refused(&what, "error 60");
    what.ca_file = apr_pstrcat(pool, folder, "/nowhere.pem", NULL);
    refused(&what, "error 77");
    refused_url(url_of("https", "127.0.0.1", "name", "/trusted"), "error 60");
    refused_url(url_of("https", "127.0.0.1", "expired", "/trusted"), "certificate has expired\"; mend: look at this machine's clock");
    refused_url(url_of("https", "127.0.0.1", "garbage", "/trusted"), "error 35");
    assert_null(strstr(seen(), "/trusted"));
}

static void test_no_http(void **state)
{
    saml_fetch_t what = asked(url_of("https", "127.0.0.1", "closed", "/ok"));

    (void)state;
    refused(&what, "error 7");
    refused(&what, "or name the proxy that does in SAMLMetadataProxy");
    what.failure = SAML_E_PROVISIONING;
    refused(&what, "error 7");
    assert_null(strstr(err.reason, "SAMLMetadataProxy"));
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
    refused(&what, "look at the proxy, and at SAMLMetadataProxy");
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        unit(test_answer), unit(test_conditional), unit(test_heads), unit(test_octets), unit(test_request), unit(test_retry_after),
        unit(test_sizes), unit(test_time), unit(test_cancelled), unit(test_redirects), unit(test_redirects_away),
        unit(test_addresses), unit(test_certificates), unit(test_no_http), unit(test_proxy), unit(test_environment),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_server, tear_down_server);
}
