/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_FETCH_SERVER_H
#define T_UNIT_FETCH_SERVER_H

/** @file fetch_server.h fetch_server.py as a process of the test, and what is asked of it. */

#include "common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "saml/fetch.h"

/* ---- the server ---------------------------------------------------------------- */

static pid_t server = -1;
static int server_stdin = -1;
static const char *folder;
static char ports[1024];        /* " good=1234 name=1235 ..." */
static const char *ca, *other_ca;

static inline int start_server(void)
{
    const char *top = getenv("SSO_SRCDIR"), *python = getenv("SSO_PYTHON"), *tmp = getenv("TMPDIR");
    char *script = apr_pstrcat(group_pool, top ? top : ".", "/t/unit/fetch_server.py", NULL);
    int in[2], out[2];
    size_t len = 1;
    ssize_t got;

    folder = mkdtemp(apr_pstrcat(group_pool, tmp ? tmp : "/tmp", "/test_fetch.XXXXXX", NULL));
    if (!folder || pipe(in) != 0 || pipe(out) != 0)
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

static inline int port_of(const char *name)
{
    const char *at = strstr(ports, apr_pstrcat(pool, " ", name, "=", NULL));

    assert_non_null(at);
    return atoi(strchr(at, '=') + 1);
}

static inline int set_up_server(void **state)
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

static inline int tear_down_server(void **state)
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

static inline const char *url_of(const char *scheme, const char *host, const char *port, const char *path)
{
    return apr_psprintf(pool, "%s://%s:%d%s", scheme, host, port_of(port), path);
}

static inline const char *good(const char *path)
{
    return url_of("https", "127.0.0.1", "good", path);
}

static inline saml_fetch_t asked(const char *url)
{
    saml_fetch_t what = { .url = url, .what = "it", .ca_file = ca, .timeout = apr_time_from_sec(20), .max_bytes = 10000,
                          .failure = SAML_E_OVERAGE };

    return what;
}

static inline saml_fetched_t *got(const saml_fetch_t *what, int http_status)
{
    saml_fetched_t *out = NULL;

    assert_says(saml_fetch(&out, what, pool, &err), SAML_OK, "");
    assert_int_equal(out->http_status, http_status);
    assert_int_equal(out->body[out->body_len], '\0');
    return out;
}

static inline saml_fetched_t *got_url(const char *url, int http_status)
{
    saml_fetch_t what = asked(url);

    return got(&what, http_status);
}

static inline void refused(const saml_fetch_t *what, const char *says)
{
    saml_fetched_t *out = NULL;

    assert_says(saml_fetch(&out, what, pool, &err), what->failure, says);
    assert_null(out);
    assert_null(strstr(err.reason, "secret"));
}

static inline void refused_url(const char *url, const char *says)
{
    saml_fetch_t what = asked(url);

    refused(&what, says);
}

static inline apr_array_header_t *lines(const char *first, const char *second)
{
    apr_array_header_t *headers = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(headers, const char *) = first;
    if (second)
        APR_ARRAY_PUSH(headers, const char *) = second;
    return headers;
}

static inline const char *seen(void)
{
    return got_url(url_of("http", "127.0.0.1", "plain", "/seen"), 200)->body;
}

#endif
