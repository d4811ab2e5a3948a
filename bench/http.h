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

/** What to send and what to expect. */
typedef struct {
    int port;
    int connections;
    const bench_request_t *requests;
    size_t n;               /* request number i is requests[i % n] */
    size_t count;
    double seconds;         /* begin no request after so long; 0: all of them */
    int want_status;        /* another one ends the program with the answer's first lines; 0: any, and half answers are counted */
    void (*answered)(void *baton, size_t number, const char *answer);   /* or NULL; number: i % n */
    void *baton;
    int patient;            /* a server that is not there is waited for */
} bench_plan_t;

typedef struct {
    double seconds;         /* from the first connection to the last answer */
    double p50_us;          /* from a request's first octet sent to its answer's last */
    double p99_us;
    double longest_us;
    size_t done;            /* answered */
    size_t ended;           /* connections ended by the server before an answer began: sent again */
    size_t failed;          /* answers 500 where another status was expected: sent again */
    size_t broken;          /* in the middle of one: sent again */
    size_t refused;         /* connections, where the plan is patient */
} bench_result_t;

/** Send what the plan says to 127.0.0.1 over connections kept alive, one request at a time on each. */
void bench_run(bench_result_t *out, const bench_plan_t *plan);

/** One exchange; the whole answer as a NUL-terminated text, to be freed. */
char *bench_exchange(int port, const char *request, size_t len);

/** The value of the first header `name` behind `from` in `answer` to the end of its line, to be freed; NULL: none. */
char *bench_header(const char *answer, const char *name);

/** name=value of all cookies set to a value whose names begin with `prefix`, as a browser would send them, to be freed; NULL: none. */
char *bench_cookie_of(const char *answer, const char *prefix);

int bench_status(const char *answer);

#define BENCH_COOKIE_CHARS 43

/** A number that looks random, the same for the same `x`. */
unsigned long long bench_random(unsigned long long x);

/** The value of session number `number`'s cookie, as long as ours, with a NUL. */
void bench_cookie(char out[BENCH_COOKIE_CHARS + 1], int number);

/** Say what went wrong and end. */
void bench_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
