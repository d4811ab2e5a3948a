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
#define SILENCE_MS   30000  /* a server that says nothing for so long has failed */

typedef struct {
    int fd;
    const bench_request_t *sending;     /* NULL: idle */
    size_t sent;
    size_t got;
    char buffer[BUFFER_BYTES];
} connection_t;

typedef struct {
    int epoll;
    int port;
    int reconnected;
    const bench_request_t *requests;
    size_t n;
    size_t count;
    size_t begun;
    size_t done;
    int want_status;
    char *last_cookie;
} run_t;

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

static int connect_to(int port)
{
    struct sockaddr_in to;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    to.sin_port = htons((unsigned short)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        bench_die("connection to 127.0.0.1:%d: %s", port, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
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

/* The length of the answer that begins the buffer, or 0 while it is not all there. The buffer is NUL-terminated. */
static size_t answer_length(const char *buffer, size_t got)
{
    const char *end = strstr(buffer, "\r\n\r\n"), *length;
    size_t total;

    if (!end)
        return 0;
    length = find_header(buffer, "Content-Length");
    if (!length)
        bench_die("expected an answer with Content-Length, got: %.200s", buffer);
    total = (size_t)(end - buffer) + 4 + strtoul(length, NULL, 10);
    return total <= got ? total : 0;
}

static void note_cookie(run_t *run, const char *answer)
{
    const char *at = answer;

    while ((at = find_header(at, "Set-Cookie")) != NULL) {
        size_t len = strcspn(at, ";\r\n");
        const char *equals = memchr(at, '=', len);

        if (equals && equals + 1 < at + len) {
            free(run->last_cookie);
            run->last_cookie = strndup(at, len);
        }
    }
}

static void check_answer(run_t *run, const char *answer)
{
    if (strlen(answer) < 12 || atoi(answer + 9) != run->want_status)
        bench_die("expected status %d, got: %.600s", run->want_status, answer);
    if (run->done + 1 == run->count)
        note_cookie(run, answer);
}

static void send_more(run_t *run, connection_t *c)
{
    while (c->sending && c->sent < c->sending->len) {
        ssize_t n = send(c->fd, c->sending->octets + c->sent, c->sending->len - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        struct pollfd writable = { c->fd, POLLOUT, 0 };

        if (n < 0 && errno != EAGAIN)
            bench_die("sending: %s", strerror(errno));
        if (n > 0)
            c->sent += (size_t)n;
        else if (poll(&writable, 1, SILENCE_MS) <= 0)
            bench_die("the server took nothing for %d ms", SILENCE_MS);
    }
    (void)run;
}

static void begin_next(run_t *run, connection_t *c)
{
    c->sending = run->begun < run->count ? &run->requests[run->begun++ % run->n] : NULL;
    c->sent = 0;
    c->got = 0;
    send_more(run, c);
}

static void join_run(run_t *run, connection_t *c)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = c } };

    c->fd = connect_to(run->port);
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        bench_die("epoll: %s", strerror(errno));
}

/* A server may end a kept connection at any time (RFC 9112 9.5), and then nothing was done about what was sent. */
static void connect_again(run_t *run, connection_t *c)
{
    if (++run->reconnected > MAX_RECONNECTS)
        bench_die("the server ended %d connections without an answer", run->reconnected);
    close(c->fd);
    join_run(run, c);
    c->sent = 0;
    send_more(run, c);
}

static void receive(run_t *run, connection_t *c)
{
    ssize_t n = recv(c->fd, c->buffer + c->got, sizeof(c->buffer) - 1 - c->got, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n == 0 && c->got == 0) {
        connect_again(run, c);
        return;
    }
    if (n <= 0)
        bench_die("the server ended a connection: %s", n < 0 ? strerror(errno) : "expected more of an answer");
    c->got += (size_t)n;
    c->buffer[c->got] = '\0';
    if (answer_length(c->buffer, c->got) == 0)
        return;
    check_answer(run, c->buffer);
    run->done++;
    begin_next(run, c);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void drive(run_t *run)
{
    struct epoll_event events[64];

    while (run->done < run->count) {
        int i, ready = epoll_wait(run->epoll, events, 64, SILENCE_MS);

        if (ready == 0)
            bench_die("the server said nothing for %d ms", SILENCE_MS);
        for (i = 0; i < ready; i++)
            receive(run, events[i].data.ptr);
    }
}

void bench_run(bench_result_t *out, int port, int connections, const bench_request_t *requests, size_t n, size_t count,
               int want_status)
{
    run_t run = { epoll_create1(EPOLL_CLOEXEC), port, 0, requests, n, count, 0, 0, want_status, NULL };
    connection_t *all = calloc((size_t)connections, sizeof(*all));
    double start = now();
    int i;

    if (run.epoll < 0 || !all)
        bench_die("no epoll or no memory to be had");
    for (i = 0; i < connections; i++) {
        join_run(&run, &all[i]);
        begin_next(&run, &all[i]);
    }
    drive(&run);
    out->seconds = now() - start;
    out->last_cookie = run.last_cookie;
    for (i = 0; i < connections; i++)
        close(all[i].fd);
    close(run.epoll);
    free(all);
}

char *bench_exchange(int port, const char *request, size_t len)
{
    connection_t *c = calloc(1, sizeof(*c));
    bench_request_t whole = { (char *)request, len };
    char *answer;

    if (!c)
        bench_die("no memory to be had");
    c->fd = connect_to(port);
    c->sending = &whole;
    send_more(NULL, c);
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
