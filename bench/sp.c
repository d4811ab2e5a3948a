/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a service provider. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "idp.h"
#include "sp.h"
#include "saml/encoding.h"

#define MAX_FILE_BYTES (256 * 1024 * 1024)

char *bench_read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    long size;
    char *octets;

    if (!f || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0)
        bench_die("%s: %s", path, strerror(errno));
    if (size == 0 || size > MAX_FILE_BYTES)
        bench_die("%s: expected 1 to %d octets", path, MAX_FILE_BYTES);
    rewind(f);
    octets = malloc((size_t)size + 1);
    if (!octets || fread(octets, 1, (size_t)size, f) != (size_t)size)
        bench_die("%s: %s", path, strerror(errno));
    fclose(f);
    octets[size] = '\0';
    *len = (size_t)size;
    return octets;
}

/* A line each, ended by NULs in place. */
char **bench_read_lines(const char *path, size_t *n)
{
    size_t len, i = 0;
    char *at = bench_read_file(path, &len), **lines, *end;

    for (*n = 0, end = at; (end = strchr(end, '\n')) != NULL; end++)
        ++*n;
    lines = calloc(*n + 1, sizeof(*lines));
    if (!lines || *n == 0)
        bench_die("%s: expected lines", path);
    for (; i < *n; i++) {
        lines[i] = at;
        at += strcspn(at, "\n");
        *at++ = '\0';
    }
    return lines;
}

saml_keypair_t *bench_idp_key(const char *folder, apr_pool_t *p, saml_err_t *err)
{
    saml_keypair_t *key;

    bench_must(saml_keypair_load(&key, apr_pstrcat(p, folder, "/idp.key", NULL), apr_pstrcat(p, folder, "/idp.crt", NULL),
                                 p, err), err);
    return key;
}

const char *bench_acs_url(const bench_sp_t *sp, apr_pool_t *p)
{
    return apr_psprintf(p, "http://127.0.0.1:%d%s", sp->port, sp->acs);
}

const char *bench_post(const bench_sp_t *sp, const char *cookies, const char *relay_state, const char *xml, apr_pool_t *p)
{
    const char *body = apr_pstrcat(p, "SAMLResponse=", saml_percent_encode(p, saml_base64_encode(p, xml, strlen(xml))),
                                   relay_state ? "&RelayState=" : NULL, relay_state ? saml_percent_encode(p, relay_state) : NULL,
                                   NULL);

    return apr_psprintf(p, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nCookie: %s\r\nOrigin: https://login.microsoftonline.com"
                        "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %" APR_SIZE_T_FMT
                        "\r\n\r\n%s", sp->acs, sp->port, cookies, strlen(body), body);
}

void bench_sign_on_posts(bench_request_t *requests, size_t n, const bench_sp_t *sp, const char *with_cookies, int first, apr_pool_t *p,
                         saml_err_t *err)
{
    size_t i;

    for (i = 0; i < n; i++) {
        bench_answer_to_t to = { NULL, bench_acs_url(sp, p), sp->audience, first + (int)i, apr_time_now() };

        requests[i].octets = (char *)bench_post(sp, with_cookies, "/page.txt", bench_response(&to, sp->key, p, err), p);
        requests[i].len = strlen(requests[i].octets);
    }
}

bench_request_t bench_get(int port, const char *path, const char *cookie, apr_pool_t *p)
{
    bench_request_t request;

    request.octets = apr_psprintf(p, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: bench\r\nAccept: text/html\r\n"
                                  "Cookie: %s\r\n\r\n", path, port, cookie);
    request.len = strlen(request.octets);
    return request;
}
