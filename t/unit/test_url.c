/* SPDX-License-Identifier: Apache-2.0 */
/* url.c: ACS URLs, and what is a target of ours. The list of foreign targets is what attackers try. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "sso/url.h"

/* What httpd brings: url.c asks for nothing else of it. */
module AP_MODULE_DECLARE_DATA saml_sso_module;

static apr_pool_t *pool;
static const char *scheme = "https";

const char *ap_run_http_scheme(const request_rec *r)
{
    (void)r;
    return scheme;
}

static int setup(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) == APR_SUCCESS ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static void reply_urls_taken_apart(void **state)
{
    static const struct {
        const char *url;
        const char *scheme;
        const char *host;
        int port;
        const char *origin;
        const char *path;
    } cases[] = {
        { "https://www.example.org/saml/acs", "https", "www.example.org", 443, "https://www.example.org", "/saml/acs" },
        { "https://www.example.org:443/saml/acs", "https", "www.example.org", 443, "https://www.example.org", "/saml/acs" },
        { "https://www.example.org:8443/a", "https", "www.example.org", 8443, "https://www.example.org:8443", "/a" },
        { "https://WWW.Example.ORG/Saml/ACS", "https", "www.example.org", 443, "https://www.example.org", "/Saml/ACS" },
        { "https://[2001:DB8::1]:8443/saml/acs", "https", "[2001:db8::1]", 8443, "https://[2001:db8::1]:8443", "/saml/acs" },
        { "https://192.0.2.7/saml/acs", "https", "192.0.2.7", 443, "https://192.0.2.7", "/saml/acs" },
        { "http://localhost/saml/acs", "http", "localhost", 80, "http://localhost", "/saml/acs" },
        { "http://LOCALHOST:8080/saml/acs", "http", "localhost", 8080, "http://localhost:8080", "/saml/acs" },
        { "http://127.0.0.1:1/saml/acs", "http", "127.0.0.1", 1, "http://127.0.0.1:1", "/saml/acs" },
        { "http://127.255.0.9:65535/saml/acs", "http", "127.255.0.9", 65535, "http://127.255.0.9:65535", "/saml/acs" },
        { "http://[::1]:80/saml/acs", "http", "[::1]", 80, "http://[::1]", "/saml/acs" },
        { "https://a_b.example/x.y~z-0/_", "https", "a_b.example", 443, "https://a_b.example", "/x.y~z-0/_" },
        { "https://example.org/.well-known/acs", "https", "example.org", 443, "https://example.org", "/.well-known/acs" },
        { "https://example.org./saml/acs", "https", "example.org.", 443, "https://example.org.", "/saml/acs" },
    };

    (void)state;
    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_reply_url_t got;
        const char *wrong = sso_reply_url_parse(&got, cases[i].url, pool);

        if (wrong)
            fail_msg("%s: %s", cases[i].url, wrong);
        assert_string_equal(got.url, cases[i].url);
        assert_string_equal(got.scheme, cases[i].scheme);
        assert_string_equal(got.host, cases[i].host);
        assert_int_equal(got.port, cases[i].port);
        assert_string_equal(got.origin, cases[i].origin);
        assert_string_equal(got.path, cases[i].path);
        assert_int_equal(got.is_https, strcmp(cases[i].scheme, "https") == 0);
    }
}

static void reply_urls_refused(void **state)
{
    static const struct {
        const char *url;
        const char *says;
    } cases[] = {
        { "", "printable" },
        { "www.example.org/saml/acs", "absolute https" },
        { "/saml/acs", "absolute https" },
        { "//www.example.org/saml/acs", "absolute https" },
        { "HTTPS://www.example.org/saml/acs", "absolute https" },
        { "https:/www.example.org/saml/acs", "absolute https" },
        { "ftp://www.example.org/saml/acs", "absolute https" },
        { "javascript:alert(1)", "absolute https" },
        { "http://www.example.org/saml/acs", "http:// is for localhost" },
        { "http://localhost.example.org/saml/acs", "http:// is for localhost" },
        { "http://127.0.0.1.example.org/saml/acs", "http:// is for localhost" },
        { "http://127.0.0.256/saml/acs", "http:// is for localhost" },
        { "http://127.0.0.99999999999/saml/acs", "http:// is for localhost" },
        { "http://127.0.0.01/saml/acs", "http:// is for localhost" },
        { "http://127.0.1/saml/acs", "http:// is for localhost" },
        { "http://127.1/saml/acs", "http:// is for localhost" },
        { "http://127.0.0.1.1/saml/acs", "http:// is for localhost" },
        { "http://127.0.0.1./saml/acs", "http:// is for localhost" },
        { "http://128.0.0.1/saml/acs", "http:// is for localhost" },
        { "http://2130706433/saml/acs", "http:// is for localhost" },
        { "http://[::2]/saml/acs", "http:// is for localhost" },
        { "http://[0:0:0:0:0:0:0:1]/saml/acs", "http:// is for localhost" },
        { "https://user@www.example.org/saml/acs", "without user name" },
        { "https://user:word@www.example.org/saml/acs", "without user name" },
        { "https://@www.example.org/saml/acs", "without user name" },
        { "https:///saml/acs", "host name" },
        { "https://", "host name" },
        { "https://?x", "host name" },
        { "https://.example.org/saml/acs", "host name" },
        { "https://a..b/saml/acs", "host name" },
        { "https://-a/saml/acs", "host name" },
        { "https://[]/saml/acs", "host name" },
        { "https://[::1/saml/acs", "host name" },
        { "https://[::1%25eth0]/saml/acs", "host name" },
        { "https://exa%6dple.org/saml/acs", "port" },
        { "https://example.org:/saml/acs", "port" },
        { "https://example.org:0/saml/acs", "port" },
        { "https://example.org:0443/saml/acs", "port" },
        { "https://example.org:65536/saml/acs", "port" },
        { "https://example.org:4294967739/saml/acs", "port" },
        { "https://example.org:443x/saml/acs", "port" },
        { "https://example.org:-1/saml/acs", "port" },
        { "https://example.org,b.example/saml/acs", "port" },
        { "https://example.org", "path" },
        { "https://example.org/", "path" },
        { "https://example.org/saml/acs/", "path" },
        { "https://example.org/saml//acs", "path" },
        { "https://example.org/saml/../acs", "path" },
        { "https://example.org/./acs", "path" },
        { "https://example.org/saml/..", "path" },
        { "https://example.org/saml/acs?x=1", "path" },
        { "https://example.org/saml/acs#x", "path" },
        { "https://example.org?x=1", "path" },
        { "https://example.org/saml/%61cs", "path" },
        { "https://example.org/saml;x/acs", "path" },
        { "https://example.org/saml/a cs", "printable" },
        { "https://example.org/saml/acs\n", "printable" },
        { "https://example.org/saml\\acs", "printable" },
        { "https://ex\xc3\xa4mple.org/saml/acs", "printable" },
        { "https://example.org/saml/acs\x7f", "printable" },
    };

    (void)state;
    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_reply_url_t got;
        const char *wrong = sso_reply_url_parse(&got, cases[i].url, pool);

        if (!wrong || !strstr(wrong, cases[i].says) || !strstr(wrong, "found \""))
            fail_msg("%s: expected \"%s\", got \"%s\"", cases[i].url, cases[i].says, wrong ? wrong : "nothing wrong");
    }
}

static void reply_url_length(void **state)
{
    const char *head = "https://example.org/";
    char *most = apr_pcalloc(pool, 258);
    sso_reply_url_t got;

    (void)state;
    memset(most, 'a', 257);
    memcpy(most, head, strlen(head));
    /* A path is bounded by itself, so the host makes up the rest. */
    memcpy(most + 8, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 70);
    most[100] = '/';
    most[256] = '\0';
    assert_int_equal(strlen(most), 256);
    assert_null(sso_reply_url_parse(&got, most, pool));
    most[256] = 'a';
    assert_int_equal(strlen(most), 257);
    assert_non_null(strstr(sso_reply_url_parse(&got, most, pool), "1 to 256"));
}

static void idp_urls(void **state)
{
    (void)state;
    assert_null(sso_idp_url_check("https://login.microsoftonline.com/x/saml2", pool));
    assert_null(sso_idp_url_check("https://idp.example", pool));
    assert_null(sso_idp_url_check("https://idp.example/sso?tenant=a%20b&x", pool));
    assert_null(sso_idp_url_check("http://127.0.0.1:9/sso", pool));
    assert_non_null(strstr(sso_idp_url_check("http://idp.example/sso", pool), "expected an https:// URL"));
    assert_non_null(strstr(sso_idp_url_check("https://idp.example/sso#x", pool), "without fragment"));
    assert_non_null(strstr(sso_idp_url_check("https://a@idp.example/sso", pool), "without user name"));
    assert_non_null(strstr(sso_idp_url_check("https://idp.example/\"><script>", pool), "printable"));
    assert_non_null(strstr(sso_idp_url_check("", pool), "printable"));
}

static void plain_paths(void **state)
{
    static const char *const plain[] = { "/saml", "/a", "/a/b.c/d~e_f-g", "/.hidden", "/...", "/a..b" };
    static const char *const other[] = { "", "/", "saml", "/saml/", "//saml", "/a//b", "/.", "/..", "/a/./b", "/a/../b",
                                         "/a/..", "/a b", "/a%20b", "/a?b", "/a#b", "/a;b", "/\xc3\xa4", "/a\\b", "/a\n" };

    (void)state;
    for (apr_size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (!sso_path_is_plain(plain[i]))
            fail_msg("\"%s\" is plain", plain[i]);
    for (apr_size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        if (sso_path_is_plain(other[i]))
            fail_msg("\"%s\" is not plain", other[i]);
}

static sso_app_t *app_of(const char *const urls[])
{
    sso_app_t *app = apr_pcalloc(pool, sizeof(*app));
    apr_array_header_t *parsed = apr_array_make(pool, 3, sizeof(sso_reply_url_t));

    for (int i = 0; urls[i]; i++)
        assert_null(sso_reply_url_parse(apr_array_push(parsed), urls[i], pool));
    app->reply_urls = parsed;
    app->path = app->public_path = "/saml";
    app->prefix = "";
    app->start = "/";
    return app;
}

static sso_app_t *shop(void)
{
    static const char *const urls[] = { "https://shop.example/saml/acs", "https://shop.example:8443/saml/acs",
                                        "https://b.example/saml/acs", NULL };

    return app_of(urls);
}

static void own_targets(void **state)
{
    static const char *const own[] = {
        "/", "/app", "/app/", "/app/x?y=z", "/?x", "/#x", "/app?next=https://evil.example/", "/app?a=//b&c=%2f%2F",
        "/app#//evil.example", "/a/b//c", "/a/../b", "/a/b/..//c", "/a/..b//c", "/a/...//b", "/a/..", "/a/../", "/a/..?//x", "/./a", "/../a", "/.hidden", "/..hidden", "/...", "/%20", "/a%2Fb",
        "/~user", "/app;v=1", "/app?q=100%", "/app?q=%zz", "/app?x={1}|2^3`4", "/app?q='x'", "/app?mail=a@b.example",
        "/a@b", "/http://x", "/%2e%2e", "/@evil.example", "/:80", "/app?x=%0d%0aSet-Cookie:a",
        "https://shop.example", "https://shop.example/", "https://shop.example/app?x=1#y", "https://shop.example:8443/app",
        "https://shop.example:8443", "https://b.example/x",
    };
    sso_app_t *app = shop();

    (void)state;
    for (apr_size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        const char *got = sso_own_target(app, own[i], pool);

        if (!got || strcmp(got, own[i]) != 0)
            fail_msg("\"%s\" is ours, got \"%s\"", own[i], got ? got : "NULL");
        assert_ptr_not_equal(got, own[i]);
    }
}

static void foreign_targets(void **state)
{
    static const char *const foreign[] = {
        "", "app", "app/x", "?x", "#x", ".", "..", "./app", "../app", ";/app", "@shop.example",
        "//", "///", "//evil.example", "///evil.example", "////evil.example", "//evil.example/", "//shop.example/app",
        "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example", "//\\evil.example", "\\evil.example",
        "/app\\x", "/app?x=a\\b", "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example",
        " //evil.example", " /app", "/app ", "/a b", "/app\r\nSet-Cookie: a=b", "/app\nX: y", "/app\x7f", "/app\x01",
        "/\x0b/evil.example", "/\xc2\xa0/evil.example", "/\xe2\x80\xae", "/\xc3\xa4", "/\xff",
        "/%2f", "/%2F", "/%2fevil.example", "/%2F%2Fevil.example", "/%5c", "/%5Cevil.example", "/%5c%5cevil.example",
        "/%2f/evil.example", "/./%2fevil.example", "/.%2fevil.example", "/..%2fevil.example", "/%2e%2f/evil.example",
        "/.//evil.example", "/..//evil.example", "/././/evil.example", "/./.././/evil.example", "/%2e//evil.example",
        "/%2E%2e//evil.example", "/.%2e//evil.example", "/%2e.//evil.example", "/.\\evil.example", "/..%5cevil.example",
        "/a/..//evil.example", "/a/%2E.//evil.example", "/a/../..//evil.example", "/a//../..//evil.example", "/a/..%2f/evil.example",
        "/a%2f..//evil.example", "/a/../%5cevil.example", "/a/..%2f%2fevil.example", "https://shop.example/a/..//evil.example",
        "/%00", "/%09/evil.example", "/%0a/evil.example", "/%0d%0aX:y", "/app/%0d%0aX:y", "/app%00.html", "/app%7f", "/%1f",
        "/%", "/%2", "/app%zz", "/app%g0", "/a%-1b", "/\"", "/<script>", "/app?x=\"", "/app?x=<",
        "http://evil.example", "https://evil.example", "https://evil.example/", "HTTPS://shop.example/", "Https://shop.example/",
        "http://shop.example/", "http://shop.example:443/", "https://shop.example:443/", "https://shop.example:80/",
        "https://shop.example:84430/", "https://shop.example:8443x/", "https://shop.example:8443@evil.example/",
        "https://SHOP.example/", "https://shop.example./", "https://shop.example.evil.example/", "https://shop.exampleevil/",
        "https://shop.example@evil.example/", "https://shop.example:x@evil.example/", "https://user@shop.example/",
        "https://shop.example\\.evil.example/", "https://shop.example\\@evil.example/", "https://shop.example%2eevil.example/",
        "https://shop.example%00.evil.example/", "https://shop.example;.evil.example/", "https://shop.example,evil.example/",
        "https://shop.example?@evil.example/", "https://shop.example#@evil.example/", "https://shop.example&evil.example/",
        "https://evil.example/https://shop.example/", "https://evil.example?https://shop.example/",
        "https://evil.example#https://shop.example/", "https:shop.example", "https:/shop.example", "https:///shop.example",
        "https:/\\shop.example", "https:\\\\shop.example", "https//shop.example", "://shop.example", "//shop.example:443",
        "https://shop.example//evil.example", "https://shop.example/\\evil.example", "https://shop.example/%2fevil.example",
        "https://shop.example/.//evil.example", "https://shop.example/app%0d%0aX:y",
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "\x01javascript:alert(1)",
        "javascript://shop.example/%0aalert(1)", "data:text/html,x", "data:text/html;base64,eA==", "vbscript:x",
        "file:///etc/passwd", "ftp://shop.example/", "blob:https://shop.example/x", "view-source:https://shop.example/",
        "about:blank", "mailto:a@b.example", "ws://shop.example/", "intent://shop.example/", "feed:https://shop.example/",
        "https://[::1]/", "https://0/", "https://127.0.0.1/", "https://2130706433/", "https://xn--shop.example/",
        "https://b.example.evil.example/", "https://b.exampl", "https://b.example:443",
    };
    sso_app_t *app = shop();

    (void)state;
    for (apr_size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        const char *got = sso_own_target(app, foreign[i], pool);

        if (got)
            fail_msg("\"%s\" is not ours", foreign[i]);
    }
    assert_null(sso_own_target(app, NULL, pool));
}

static void target_length(void **state)
{
    sso_app_t *app = shop();
    char *target = apr_pcalloc(pool, 8194);

    (void)state;
    memset(target, 'a', 8192);
    target[0] = '/';
    assert_non_null(sso_own_target(app, target, pool));
    target[8192] = 'a';
    assert_null(sso_own_target(app, target, pool));
}

/* Every octet in the two places where it counts. */
static void target_octets(void **state)
{
    sso_app_t *app = shop();

    (void)state;
    for (int octet = 1; octet < 256; octet++) {
        const char *second = apr_psprintf(pool, "/%cevil.example", octet);
        const char *after = apr_psprintf(pool, "https://shop.example%c", octet);
        int bad = octet <= 0x20 || octet >= 0x7f || strchr("\\\"<>", octet) != NULL;

        if ((sso_own_target(app, second, pool) == NULL) != (bad || octet == '/' || octet == '%'))
            fail_msg("octet %d in second place", octet);
        if ((sso_own_target(app, after, pool) == NULL) != (octet != '/'))
            fail_msg("octet %d after the origin", octet);
    }
}

static void reply_url_by_request(void **state)
{
    static const struct {
        const char *scheme;
        const char *hostname;
        const char *host;
        int want;
    } cases[] = {
        { "https", "shop.example", "shop.example", 0 },
        { "https", "shop.example", "shop.example:443", 0 },
        { "https", "shop.example", "shop.example:8443", 1 },
        { "https", "SHOP.example", "SHOP.example:8443", 1 },
        { "https", "b.example", "b.example", 2 },
        { "http", "b.example", "b.example", 2 },            /* TLS ends at a proxy */
        { "http", "b.example", "b.example:8080", 2 },
        { "https", "b.example", "b.example:x", 2 },
        { "https", "c.example", "c.example", 0 },
        { "https", "shop.example.evil.example", "shop.example.evil.example", 0 },
        { "https", "b.example", NULL, 2 },
        { "https", NULL, NULL, 0 },
    };
    sso_app_t *app = shop();

    (void)state;
    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        request_rec r = { .pool = pool, .hostname = cases[i].hostname, .headers_in = apr_table_make(pool, 1) };
        const sso_reply_url_t *urls = &APR_ARRAY_IDX(app->reply_urls, 0, sso_reply_url_t);

        scheme = cases[i].scheme;
        if (cases[i].host)
            apr_table_setn(r.headers_in, "Host", cases[i].host);
        assert_ptr_equal(sso_reply_url_of(app, &r), &urls[cases[i].want]);
    }
}

/* http and https of one host: the scheme decides where the port does not. */
static void reply_url_by_scheme(void **state)
{
    static const char *const urls[] = { "https://localhost:8080/saml/acs", "http://localhost:8080/saml/acs", NULL };
    sso_app_t *app = app_of(urls);
    request_rec r = { .pool = pool, .hostname = "localhost", .headers_in = apr_table_make(pool, 1) };

    (void)state;
    apr_table_setn(r.headers_in, "Host", "localhost:8080");
    scheme = "http";
    assert_string_equal(sso_reply_url_of(app, &r)->url, urls[1]);
    scheme = "https";
    assert_string_equal(sso_reply_url_of(app, &r)->url, urls[0]);
}

static void endpoint_urls(void **state)
{
    sso_app_t *app = shop();
    const sso_reply_url_t *second = &APR_ARRAY_IDX(app->reply_urls, 1, sso_reply_url_t);

    (void)state;
    assert_string_equal(sso_endpoint_url(app, second, "metadata", pool), "https://shop.example:8443/saml/metadata");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply_urls_taken_apart), cmocka_unit_test(reply_urls_refused), cmocka_unit_test(reply_url_length),
        cmocka_unit_test(idp_urls), cmocka_unit_test(plain_paths), cmocka_unit_test(own_targets),
        cmocka_unit_test(foreign_targets), cmocka_unit_test(target_length), cmocka_unit_test(target_octets),
        cmocka_unit_test(reply_url_by_request), cmocka_unit_test(reply_url_by_scheme), cmocka_unit_test(endpoint_urls),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
