/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to Redis and back. hiredis writes commands and reads answers; sockets are ours, for two reasons: its own time limit
 * starts anew with each octet that comes, so that a server that trickles holds a request up for as long as it likes, where
 * here one deadline spans connecting, TLS, writing and reading; and what Debian 12 has of it knows no TLS.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>
#include "redis_conn.h"
#include "redis_tls.h"

#define READ_BYTES      16384
#define KEEPALIVE_S     30      /* less than any firewall forgets a connection in */
#define KEEPALIVE_TRIES 3
#define MAX_ANSWER_BYTES (SSO_MAX_RECORD_BYTES + (1 << 20))

struct sso_redis_conn_t {
    int fd;
    SSL *tls;
    redisReader *reader;
    const char *why;            /* a constant, or strerror's */
};

/* ---- commands --------------------------------------------------------------- */

void sso_redis_add(sso_redis_command_t *command, const void *octets, size_t len)
{
    command->arg[command->count] = octets;
    command->len[command->count] = len;
    command->count++;
}

void sso_redis_add_text(sso_redis_command_t *command, const char *text)
{
    sso_redis_add(command, text, strlen(text));
}

int sso_redis_is_error(const redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, strlen(word)) == 0;
}

/* ---- waiting ------------------------------------------------------------------ */

apr_time_t sso_redis_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return apr_time_from_sec(t.tv_sec) + t.tv_nsec / 1000;
}

static sso_redis_outcome_t end_with(sso_redis_conn_t *conn, sso_redis_outcome_t outcome, const char *why)
{
    conn->why = why;
    return outcome;
}

/* @return SSO_REDIS_ANSWERED where the socket is ready */
static sso_redis_outcome_t wait_for(sso_redis_conn_t *conn, short events, apr_time_t deadline)
{
    struct pollfd fd = { conn->fd, events, 0 };

    for (;;) {
        apr_time_t left = deadline - sso_redis_clock();
        int n;

        if (left <= 0)
            return end_with(conn, SSO_REDIS_LATE, "no answer in time");
        n = poll(&fd, 1, (int)((left + 999) / 1000));
        if (n > 0)
            return SSO_REDIS_ANSWERED;
        if (n < 0 && errno != EINTR)
            return end_with(conn, SSO_REDIS_BROKEN, strerror(errno));
    }
}

/* What a TLS call that did nothing is waiting for. */
static sso_redis_outcome_t wait_tls(sso_redis_conn_t *conn, int rc, apr_time_t deadline)
{
    switch (SSL_get_error(conn->tls, rc)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(conn, POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(conn, POLLOUT, deadline);
    case SSL_ERROR_ZERO_RETURN:
    case SSL_ERROR_SYSCALL:
        return end_with(conn, SSO_REDIS_LOST, "the connection was closed");
    default:
        /* OpenSSL 3 calls an end without farewell a protocol error. */
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            return end_with(conn, SSO_REDIS_LOST, "the connection was closed");
        return end_with(conn, SSO_REDIS_BROKEN, "TLS failed");
    }
}

static sso_redis_outcome_t lost_or_wait(sso_redis_conn_t *conn, short events, apr_time_t deadline)
{
    if (errno == EINTR)
        return SSO_REDIS_ANSWERED;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return wait_for(conn, events, deadline);
    return end_with(conn, SSO_REDIS_LOST, strerror(errno));
}

static sso_redis_outcome_t write_all(sso_redis_conn_t *conn, const char *octets, size_t len, apr_time_t deadline)
{
    while (len > 0) {
        sso_redis_outcome_t outcome = SSO_REDIS_ANSWERED;
        ssize_t n;

        if (conn->tls) {
            ERR_clear_error();
            n = SSL_write(conn->tls, octets, len > 65536 ? 65536 : (int)len);
            if (n <= 0)
                outcome = wait_tls(conn, (int)n, deadline);
        } else {
            n = send(conn->fd, octets, len, MSG_NOSIGNAL);
            if (n < 0)
                outcome = lost_or_wait(conn, POLLOUT, deadline);
        }
        if (outcome != SSO_REDIS_ANSWERED)
            return outcome;
        if (n > 0) {
            octets += n;
            len -= (size_t)n;
        }
    }
    return SSO_REDIS_ANSWERED;
}

/* @param got  how many octets; 0: try again */
static sso_redis_outcome_t read_some(sso_redis_conn_t *conn, char *room, size_t *got, apr_time_t deadline)
{
    ssize_t n;

    *got = 0;
    if (conn->tls) {
        ERR_clear_error();
        n = SSL_read(conn->tls, room, READ_BYTES);
        if (n <= 0)
            return wait_tls(conn, (int)n, deadline);
    } else {
        sso_redis_outcome_t outcome = wait_for(conn, POLLIN, deadline);

        if (outcome != SSO_REDIS_ANSWERED)
            return outcome;
        n = recv(conn->fd, room, READ_BYTES, MSG_DONTWAIT);
        if (n == 0)
            return end_with(conn, SSO_REDIS_LOST, "the connection was closed");
        if (n < 0)
            return lost_or_wait(conn, POLLIN, deadline);
    }
    *got = (size_t)n;
    return SSO_REDIS_ANSWERED;
}

/* ---- connecting ------------------------------------------------------------------ */

/* An other end that has gone without a word is found while the connection lies idle, and not by the next who asks. */
static void set_options(int fd)
{
    int on = 1;
#ifdef TCP_KEEPIDLE
    int idle = KEEPALIVE_S, tries = KEEPALIVE_TRIES;
#endif

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
#ifdef TCP_KEEPIDLE
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof(idle));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof(tries));
#endif
}

static sso_redis_outcome_t connect_fd(sso_redis_conn_t *conn, const struct sockaddr *address, socklen_t len,
                                      apr_time_t deadline)
{
    sso_redis_outcome_t outcome;
    int why = 0;
    socklen_t size = sizeof(why);

    conn->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        return end_with(conn, SSO_REDIS_BROKEN, strerror(errno));
    if (address->sa_family != AF_UNIX)
        set_options(conn->fd);
    if (connect(conn->fd, address, len) == 0)
        return SSO_REDIS_ANSWERED;
    if (errno != EINPROGRESS)
        return end_with(conn, SSO_REDIS_LOST, strerror(errno));
    outcome = wait_for(conn, POLLOUT, deadline);
    if (outcome != SSO_REDIS_ANSWERED)
        return outcome;
    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0)
        why = errno;
    return why == 0 ? SSO_REDIS_ANSWERED : end_with(conn, SSO_REDIS_LOST, strerror(why));
}

static void close_fd(sso_redis_conn_t *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
}

static sso_redis_outcome_t connect_socket(sso_redis_conn_t *conn, const char *path, apr_time_t deadline)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memcpy(address.sun_path, path, strlen(path) + 1);       /* its length was checked when it was read */
    return connect_fd(conn, (const struct sockaddr *)&address, sizeof(address), deadline);
}

/* One after the other; the last word is the last address'. */
static sso_redis_outcome_t connect_any(sso_redis_conn_t *conn, const sso_redis_addresses_t *addresses, apr_time_t deadline)
{
    sso_redis_outcome_t outcome = end_with(conn, SSO_REDIS_LOST, "the host has no address");

    for (int i = 0; i < addresses->count; i++) {
        /* One that swallows what is sent must not use up the time of the next. */
        apr_time_t now = sso_redis_clock(), until = i + 1 < addresses->count ? now + (deadline - now) / 2 : deadline;

        close_fd(conn);
        outcome = connect_fd(conn, (const struct sockaddr *)&addresses->at[i].address, addresses->at[i].len, until);
        if (outcome == SSO_REDIS_ANSWERED)
            return outcome;
    }
    return outcome;
}

static saml_status_t shake_hands(sso_redis_conn_t *conn, const sso_redis_conf_t *conf, apr_time_t deadline, saml_err_t *err)
{
    sso_redis_outcome_t outcome;
    int rc;

    conn->tls = sso_redis_tls_new(conf->tls, conn->fd, conf->host);
    if (!conn->tls)
        return saml_fail(err, SAML_E_STORE, "the session store %s: no memory for TLS", conf->spec);
    for (;;) {
        ERR_clear_error();
        rc = SSL_do_handshake(conn->tls);
        if (rc == 1)
            return SAML_OK;
        outcome = wait_tls(conn, rc, deadline);
        if (outcome == SSO_REDIS_BROKEN)
            return saml_fail(err, SAML_E_STORE, "the session store %s: expected TLS with a certificate for %s that we "
                             "believe, got: %s", conf->spec, saml_quote(err->pool, conf->host),
                             sso_redis_tls_reason(conn->tls, err->pool));
        if (outcome != SSO_REDIS_ANSWERED)
            return saml_fail(err, SAML_E_STORE, "the session store %s: expected a TLS handshake, got: %s", conf->spec, conn->why);
    }
}

saml_status_t sso_redis_connect(sso_redis_conn_t **out, const sso_redis_conf_t *conf, const sso_redis_addresses_t *addresses,
                                apr_time_t deadline, saml_err_t *err)
{
    sso_redis_conn_t *conn = calloc(1, sizeof(*conn));
    sso_redis_outcome_t outcome;
    saml_status_t status = SAML_OK;

    if (!conn)
        return saml_fail(err, SAML_E_STORE, "the session store %s: no memory", conf->spec);
    conn->fd = -1;
    conn->reader = redisReaderCreate();
    outcome = !conn->reader ? end_with(conn, SSO_REDIS_BROKEN, "no memory")
              : conf->socket_path ? connect_socket(conn, conf->socket_path, deadline)
                                  : connect_any(conn, addresses, deadline);
    if (outcome != SSO_REDIS_ANSWERED)
        status = saml_fail(err, SAML_E_STORE, "the session store %s: expected to connect within %d ms, got: %s", conf->spec,
                           (int)(conf->timeout / 1000), conn->why);
    else if (conf->tls)
        status = shake_hands(conn, conf, deadline, err);
    if (status == SAML_OK)
        *out = conn;
    else
        sso_redis_close(conn);
    return status;
}

void sso_redis_close(sso_redis_conn_t *conn)
{
    if (!conn)
        return;
    SSL_free(conn->tls);
    close_fd(conn);
    if (conn->reader)
        redisReaderFree(conn->reader);
    free(conn);
}

/* ---- asking ---------------------------------------------------------------------- */

static sso_redis_outcome_t send_command(sso_redis_conn_t *conn, const sso_redis_command_t *command, apr_time_t deadline)
{
    char *octets = NULL;
    long long len = redisFormatCommandArgv(&octets, command->count, (const char **)command->arg, command->len);
    sso_redis_outcome_t outcome;

    if (len < 0)
        return end_with(conn, SSO_REDIS_BROKEN, "no memory");
    outcome = write_all(conn, octets, (size_t)len, deadline);
    redisFreeCommand(octets);
    return outcome;
}

static sso_redis_outcome_t read_reply(sso_redis_conn_t *conn, redisReply **out, size_t *total, apr_time_t deadline)
{
    char room[READ_BYTES];

    for (;;) {
        sso_redis_outcome_t outcome;
        void *reply = NULL;
        size_t got;

        if (redisReaderGetReply(conn->reader, &reply) != REDIS_OK)
            return end_with(conn, SSO_REDIS_BROKEN, "what came is no answer of Redis");
        if (reply) {
            *out = reply;
            return SSO_REDIS_ANSWERED;
        }
        outcome = read_some(conn, room, &got, deadline);
        if (outcome != SSO_REDIS_ANSWERED)
            return outcome;
        *total += got;
        if (*total > MAX_ANSWER_BYTES)
            return end_with(conn, SSO_REDIS_BROKEN, "an answer too long");
        if (got > 0 && redisReaderFeed(conn->reader, room, got) != REDIS_OK)
            return end_with(conn, SSO_REDIS_BROKEN, "no memory");
    }
}

sso_redis_outcome_t sso_redis_ask(sso_redis_conn_t *conn, const sso_redis_command_t *commands, int count,
                                  redisReply **replies, apr_time_t deadline)
{
    sso_redis_outcome_t outcome = SSO_REDIS_ANSWERED;
    size_t total = 0;
    int i, got = 0;

    for (i = 0; i < count && outcome == SSO_REDIS_ANSWERED; i++)
        outcome = send_command(conn, &commands[i], deadline);
    while (got < count && outcome == SSO_REDIS_ANSWERED) {
        outcome = read_reply(conn, &replies[got], &total, deadline);
        got += outcome == SSO_REDIS_ANSWERED;
    }
    if (outcome != SSO_REDIS_ANSWERED)
        sso_redis_free(replies, got);
    return outcome;
}

void sso_redis_free(redisReply **replies, int count)
{
    for (int i = 0; i < count; i++)
        freeReplyObject(replies[i]);
}

const char *sso_redis_why(const sso_redis_conn_t *conn)
{
    return conn->why;
}
