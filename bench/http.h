/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

/** @file http.h A small HTTP/1.1 client for 127.0.0.1: many connections kept alive, each request sent whole. */

#include <stddef.h>

/** One request, all its octets. */
typedef struct {
    char *octets;
    size_t len;
} bench_request_t;

typedef struct {
    double seconds;         /* from the first connection to the last answer */
    char *last_cookie;      /* name=value of the last Set-Cookie with a value, or NULL */
} bench_result_t;

/**
 * Send `count` requests, number i being requests[i % n], over `connections` connections to 127.0.0.1.
 * @param want_status  of every answer; another one ends the program with the answer's first line
 */
void bench_run(bench_result_t *out, int port, int connections, const bench_request_t *requests, size_t n, size_t count,
               int want_status);

/** One exchange; the whole answer as a NUL-terminated text, to be freed. */
char *bench_exchange(int port, const char *request, size_t len);

/** The value of the first header `name` behind `from` in `answer` to the end of its line, to be freed; NULL: none. */
char *bench_header(const char *answer, const char *name);

#define BENCH_COOKIE_CHARS 43

/** A number that looks random, the same for the same `x`. */
unsigned long long bench_random(unsigned long long x);

/** The value of session number `number`'s cookie, as long as ours, with a NUL. */
void bench_cookie(char out[BENCH_COOKIE_CHARS + 1], int number);

/** Say what went wrong and end. */
void bench_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
