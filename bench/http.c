/* SPDX-License-Identifier: Apache-2.0 */
/* The load: no library, so that the client costs little beside what it measures. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "http.h"

#define BUFFER_BYTES 65536
#define MAX_RECONNECTS 100
#define SILENCE_MS   300000 /* a server that says nothing for so long has failed; under callgrind a busy one takes its time */
#define REFUSED_MS   5      /* between one attempt and the next */

typedef struct {
    int fd;
    const bench_request_t *sending;     /* NULL: idle */
    size_t number;                      /* of the request, from 0 */
    double begun_at;
    size_t sent;
    size_t got;
    char buffer[BUFFER_BYTES];
} connection_t;

typedef struct {
    int epoll;
    const bench_plan_t *plan;
    bench_result_t *result;
    float *waits;       /* microseconds, of each answered request */
    size_t begun;
    size_t done;
    double end;
} run_t;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void bench_die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("bench: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

unsigned long long bench_random(unsigned long long x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

void bench_cookie(char out[BENCH_COOKIE_CHARS + 1], int number)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned long long x = 0;
    int i;

    for (i = 0; i < BENCH_COOKIE_CHARS; i++) {
        if (i % 10 == 0)
            x = bench_random((unsigned long long)number * 8 + (unsigned long long)(i / 10));
        out[i] = digits[x & 63];
        x >>= 6;
    }
    out[BENCH_COOKIE_CHARS] = '\0';
}

/* @return -1 where nobody is there */
static int try_to_connect(int port)
{
    struct sockaddr_in to;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    to.sin_port = htons((unsigned short)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        return fd;
    }
    if (fd < 0 || (errno != ECONNREFUSED && errno != ECONNRESET))
        bench_die("connection to 127.0.0.1:%d: %s", port, strerror(errno));
    close(fd);
    return -1;
}

/* @param refused  counts while it waits; NULL: does not wait */
static int connect_to(int port, size_t *refused)
{
    double until = now() + SILENCE_MS / 1000.0;
    int fd;

    while ((fd = try_to_connect(port)) < 0) {
        if (!refused || now() > until)
            bench_die("connection to 127.0.0.1:%d: %s", port, strerror(ECONNREFUSED));
        ++*refused;
        poll(NULL, 0, REFUSED_MS);
    }
    return fd;
}

/* A line of the head that begins with `name` and ':'. */
static const char *find_header(const char *answer, const char *name)
{
    const char *line = answer;
    size_t len = strlen(name);

    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (line[0] == '\r')
            return NULL;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " ");
    }
    return NULL;
}

char *bench_header(const char *answer, const char *name)
{
    const char *value = find_header(answer, name);

    return value ? strndup(value, strcspn(value, "\r\n")) : NULL;
}

/* An answer in chunks is there when its last one is: no answer here has a trailer or a chunk that reads like an end. */
static size_t chunked_length(const char *body, size_t got)
{
    static const char last[] = "0\r\n\r\n";
    size_t len = sizeof(last) - 1;

    return got >= len && memcmp(body + got - len, last, len) == 0 ? got : 0;
}

/* The length of the answer that begins the buffer, or 0 while it is not all there. The buffer is NUL-terminated. */
static size_t answer_length(const char *buffer, size_t got)
{
    const char *end = strstr(buffer, "\r\n\r\n"), *length;
    size_t head, total;

    if (!end)
        return 0;
    head = (size_t)(end - buffer) + 4;
    length = find_header(buffer, "Content-Length");
    if (!length && find_header(buffer, "Transfer-Encoding")) {
        total = chunked_length(buffer + head, got - head);
        return total ? head + total : 0;
    }
    if (!length)
        bench_die("expected an answer with Content-Length or in chunks, got: %.200s", buffer);
    total = head + strtoul(length, NULL, 10);
    return total <= got ? total : 0;
}

char *bench_cookie_of(const char *answer, const char *prefix)
{
    const char *at = answer;
    size_t got = 0;
    char *all = NULL;

    while ((at = find_header(at, "Set-Cookie")) != NULL) {
        size_t len = strcspn(at, ";\r\n");
        const char *equals = memchr(at, '=', len);

        if (!equals || equals + 1 == at + len || strncmp(at, prefix, strlen(prefix)) != 0)
            continue;
        all = realloc(all, got + len + 3);
        if (!all)
            bench_die("no memory to be had");
        got += (size_t)sprintf(all + got, "%s%.*s", got > 0 ? "; " : "", (int)len, at);
    }
    return all;
}

int bench_status(const char *answer)
{
    return strlen(answer) < 12 ? 0 : atoi(answer + 9);
}

static void take_answer(run_t *run, const connection_t *c)
{
    const bench_plan_t *plan = run->plan;

    if (plan->want_status && bench_status(c->buffer) != plan->want_status)
        bench_die("expected status %d, got: %.600s", plan->want_status, c->buffer);
    if (plan->answered)
        plan->answered(plan->baton, c->number, c->buffer);
    run->waits[run->done++] = (float)((now() - c->begun_at) * 1e6);
}

static void send_more(connection_t *c)
{
    while (c->sending && c->sent < c->sending->len) {
        ssize_t n = send(c->fd, c->sending->octets + c->sent, c->sending->len - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        struct pollfd writable = { c->fd, POLLOUT, 0 };

        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return;                     /* what was sent is sent again when the end of the connection is read */
        if (n < 0 && errno != EAGAIN)
            bench_die("sending: %s", strerror(errno));
        if (n > 0)
            c->sent += (size_t)n;
        else if (poll(&writable, 1, SILENCE_MS) <= 0)
            bench_die("the server took nothing for %d ms", SILENCE_MS);
    }
}

static void begin_next(run_t *run, connection_t *c)
{
    const bench_plan_t *plan = run->plan;

    c->sending = NULL;
    if (run->begun < plan->count && (run->end == 0 || now() < run->end)) {
        c->number = run->begun++ % plan->n;
        c->sending = &plan->requests[c->number];
    }
    c->sent = 0;
    c->got = 0;
    c->begun_at = now();
    send_more(c);
}

static void join_run(run_t *run, connection_t *c)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = c } };

    c->fd = connect_to(run->plan->port, run->plan->patient ? &run->result->refused : NULL);
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        bench_die("epoll: %s", strerror(errno));
}

static void connect_again(run_t *run, connection_t *c)
{
    close(c->fd);
    join_run(run, c);
    c->sent = 0;
    c->got = 0;
    send_more(c);
}

/*
 * A server may end a kept connection at any time (RFC 9112 9.5), and then nothing was done about what was sent. Half an answer
 * is another matter.
 */
static void ended(run_t *run, connection_t *c, const char *how)
{
    if (c->got > 0 && run->plan->want_status)
        bench_die("the server ended a connection: %s", how);
    *(c->got > 0 ? &run->result->broken : &run->result->ended) += 1;
    if (run->plan->want_status && run->result->ended > MAX_RECONNECTS)
        bench_die("the server ended %zu connections without an answer", run->result->ended);
    connect_again(run, c);
}

static int says_close(const char *answer)
{
    const char *value = find_header(answer, "Connection");

    return value && strncasecmp(value, "close", 5) == 0;
}

/* A 500 where another status is expected: counted and asked again, unless it is every other answer. */
static int failed_within_reason(run_t *run, const connection_t *c)
{
    return run->plan->want_status && bench_status(c->buffer) == 500 && ++run->result->failed <= run->plan->count / 2 + 10;
}

static void receive(run_t *run, connection_t *c)
{
    ssize_t n = recv(c->fd, c->buffer + c->got, sizeof(c->buffer) - 1 - c->got, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 && !c->sending) {
        epoll_ctl(run->epoll, EPOLL_CTL_DEL, c->fd, NULL);      /* idle, and no more to send */
        return;
    }
    if (n <= 0) {
        ended(run, c, n < 0 ? strerror(errno) : "expected more of an answer");
        return;
    }
    c->got += (size_t)n;
    c->buffer[c->got] = '\0';
    if (answer_length(c->buffer, c->got) == 0)
        return;
    if (failed_within_reason(run, c)) {
        connect_again(run, c);
        return;
    }
    take_answer(run, c);
    if (says_close(c->buffer)) {
        c->sending = NULL;
        connect_again(run, c);
    }
    begin_next(run, c);
}

static void drive(run_t *run)
{
    struct epoll_event events[64];

    while (run->done < run->begun || (run->begun < run->plan->count && (run->end == 0 || now() < run->end))) {
        int i, ready = epoll_wait(run->epoll, events, 64, SILENCE_MS);

        if (ready == 0)
            bench_die("the server said nothing for %d ms", SILENCE_MS);
        for (i = 0; i < ready; i++)
            receive(run, events[i].data.ptr);
    }
}

static int by_size(const void *a, const void *b)
{
    float one = *(const float *)a, other = *(const float *)b;

    return (one > other) - (one < other);
}

static void read_waits(bench_result_t *out, run_t *run)
{
    if (run->done == 0)
        return;
    qsort(run->waits, run->done, sizeof(*run->waits), by_size);
    out->p50_us = run->waits[run->done / 2];
    out->p99_us = run->waits[run->done * 99 / 100];
    out->longest_us = run->waits[run->done - 1];
}

void bench_run(bench_result_t *out, const bench_plan_t *plan)
{
    double start = now();
    run_t run = { epoll_create1(EPOLL_CLOEXEC), plan, out, malloc((plan->count + 1) * sizeof(float)), 0, 0,
                  plan->seconds > 0 ? start + plan->seconds : 0 };
    connection_t *all = calloc((size_t)plan->connections, sizeof(*all));
    int i;

    if (run.epoll < 0 || !all || !run.waits)
        bench_die("no epoll or no memory to be had");
    memset(out, 0, sizeof(*out));
    for (i = 0; i < plan->connections; i++) {
        join_run(&run, &all[i]);
        begin_next(&run, &all[i]);
    }
    drive(&run);
    out->seconds = now() - start;
    out->done = run.done;
    read_waits(out, &run);
    for (i = 0; i < plan->connections; i++)
        close(all[i].fd);
    close(run.epoll);
    free(run.waits);
    free(all);
}

char *bench_exchange(int port, const char *request, size_t len)
{
    connection_t *c = calloc(1, sizeof(*c));
    bench_request_t whole = { (char *)request, len };
    char *answer;

    if (!c)
        bench_die("no memory to be had");
    c->fd = connect_to(port, NULL);
    c->sending = &whole;
    send_more(c);
    while (answer_length(c->buffer, c->got) == 0) {
        ssize_t n = recv(c->fd, c->buffer + c->got, sizeof(c->buffer) - 1 - c->got, 0);

        if (n <= 0)
            bench_die("expected an answer, got none");
        c->got += (size_t)n;
        c->buffer[c->got] = '\0';
    }
    answer = strndup(c->buffer, c->got);
    close(c->fd);
    free(c);
    return answer;
}
