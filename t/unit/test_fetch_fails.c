/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c where libcurl fails beneath it: each call fails once, and nothing is taken for an answer then. */

#include "failing.h"
#include "fetch_server.h"

#include <curl/curl.h>
#include <netdb.h>

#define HANGS_S 8               /* for "hangs.example" the names' server says nothing for so long */

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    if (host && strcmp(host, "hangs.example") == 0) {
        sleep(HANGS_S);
        return EAI_AGAIN;
    }
    if (host && strcmp(host, "absent.example") == 0)
        return EAI_NONAME;
    if (!next)
        FIND(next, "getaddrinfo");
    return next(host, service, hints, out);
}

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

/* The limit holds where the names' server is silent, too. A libcurl before 7.87 cannot be told not to wait for it. */
static void test_silent_names(void **state)
{
    int can_leave = curl_version_info(CURLVERSION_NOW)->version_num >= 0x075700;
    saml_fetch_t what = asked("https://hangs.example/");
    apr_time_t since = apr_time_now();

    (void)state;
    what.timeout = apr_time_from_msec(500);
    refused(&what, "expected an answer within 500 ms");
    assert_true(apr_time_now() - since < apr_time_from_sec(can_leave ? HANGS_S / 2 : 2 * HANGS_S));
}

static void test_absent_proxy(void **state)
{
    saml_fetch_t what = asked(good("/ok"));

    (void)state;
    what.proxy = "http://absent.example:3128";
    refused(&what, "mend: correct SAMLMetadataProxy");
}

/* Why a certificate was not taken is asked for the reason alone. */
static void test_certificate_without_why(void **state)
{
    saml_fetch_t what = asked(good("/ok"));

    (void)state;
    what.ca_file = other_ca;
    plan.function = "curl_easy_getinfo";
    plan.seen = 0;
    plan.fail_at = 1;
    refused(&what, "expected an answer, got error 60");
    plan.function = NULL;
    assert_null(strstr(err.reason, "mend:"));
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
    char *argv[] = { (char *)"test_fetch_fails", (char *)"fail", NULL };
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
    static const struct CMUnitTest tests[] = { unit(test_each_call), unit(test_silent_names), unit(test_absent_proxy),
                                         unit(test_certificate_without_why), unit(test_set_up) };

    (void)argv;
    apr_initialize();
    if (argc > 1)
        return fail_set_up();
    return cmocka_run_group_tests(tests, set_up_server, tear_down_server);
}
