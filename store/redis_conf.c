/* SPDX-License-Identifier: Apache-2.0 */
/* SAMLSessionStore redis://host:6379/0 auth=/etc/httpd/redis.pw, taken apart. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <apr_strings.h>
#include "redis_conf.h"
#include "redis_tls.h"

#define DEFAULT_PORT        6379
#define DEFAULT_PREFIX      "saml-sso"
#define DEFAULT_TIMEOUT     apr_time_from_sec(1)
#define MIN_TIMEOUT_MS      10
#define MAX_TIMEOUT_MS      30000
#define MAX_DB              65535
#define MAX_PREFIX_BYTES    64
#define MAX_PASSWORD_BYTES  1024
#define HOW "redis://[user@]host[:port][/db] or redis:///path/of/socket, with rediss:// for TLS"

/* The values of options, as they stand. */
typedef struct {
    const char *auth, *ca, *cert, *key, *timeout, *db, *prefix;
} options_t;

static saml_status_t bad_address(const char *address, saml_err_t *err)
{
    return saml_fail(err, SAML_E_STORE, "session store redis: expected " HOW ", got %s", saml_quote(err->pool, address));
}

/* A whole number without sign, blanks or anything behind it. @return it, or -1 */
static long number_of(const char *text, long max)
{
    char *end;
    long n;

    if (*text < '0' || *text > '9')
        return -1;
    errno = 0;
    n = strtol(text, &end, 10);
    return *end || errno || n > max ? -1 : n;
}

/* ---- options -------------------------------------------------------------- */

static const char **option_named(options_t *options, const char *name, apr_size_t len)
{
    const struct {
        const char *name;
        const char **value;
    } all[] = {
        { "auth", &options->auth }, { "ca", &options->ca }, { "cert", &options->cert }, { "key", &options->key },
        { "timeout", &options->timeout }, { "db", &options->db }, { "prefix", &options->prefix }
    };

    for (apr_size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strlen(all[i].name) == len && memcmp(all[i].name, name, len) == 0)
            return all[i].value;
    }
    return NULL;
}

static saml_status_t read_options(options_t *out, char *text, saml_err_t *err)
{
    char *rest = NULL;

    for (char *word = apr_strtok(text, " ", &rest); word; word = apr_strtok(NULL, " ", &rest)) {
        const char *equals = strchr(word, '=');
        const char **value = equals ? option_named(out, word, (apr_size_t)(equals - word)) : NULL;

        if (!value || !equals[1])
            return saml_fail(err, SAML_E_STORE, "session store redis: expected auth=, ca=, cert=, key=, timeout=, db= or "
                             "prefix= with a value behind the address, got %s", saml_quote(err->pool, word));
        if (*value)
            return saml_fail(err, SAML_E_STORE, "session store redis: expected each option once, got %s as well",
                             saml_quote(err->pool, word));
        *value = equals + 1;
    }
    return SAML_OK;
}

static saml_status_t check_file(const char *option, const char *path, saml_err_t *err)
{
    if (path && path[0] != '/')
        return saml_fail(err, SAML_E_STORE, "session store redis: expected an absolute path in %s=, got %s", option,
                         saml_quote(err->pool, path));
    return SAML_OK;
}

static saml_status_t read_timeout(apr_interval_time_t *out, const char *text, apr_pool_t *p, saml_err_t *err)
{
    apr_size_t len = strlen(text);
    int is_ms = len > 2 && strcmp(text + len - 2, "ms") == 0;
    long n = -1;

    if (is_ms || (len > 1 && text[len - 1] == 's'))
        n = number_of(apr_pstrmemdup(p, text, len - (is_ms ? 2 : 1)), MAX_TIMEOUT_MS);
    if (n >= 0 && !is_ms)
        n *= 1000;
    if (n < MIN_TIMEOUT_MS || n > MAX_TIMEOUT_MS)
        return saml_fail(err, SAML_E_STORE, "session store redis: expected a timeout= of 10ms to 30s, got %s",
                         saml_quote(err->pool, text));
    *out = (apr_interval_time_t)n * 1000;
    return SAML_OK;
}

static saml_status_t read_prefix(const char **out, const char *text, apr_pool_t *p, saml_err_t *err)
{
    const char *c;

    for (c = text; *c && ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')
                          || strchr("-_.:", *c)); c++)
        ;
    if (*c || c - text > MAX_PREFIX_BYTES)
        return saml_fail(err, SAML_E_STORE, "session store redis: expected a prefix= of at most %d letters, digits, \"-\", "
                         "\"_\", \".\" and \":\", got %s", MAX_PREFIX_BYTES, saml_quote(err->pool, text));
    *out = apr_pstrcat(p, text, ":", NULL);
    return SAML_OK;
}

static saml_status_t read_db(int *out, const char *text, saml_err_t *err)
{
    long n = number_of(text, MAX_DB);

    if (n < 0)
        return saml_fail(err, SAML_E_STORE, "session store redis: expected a database number of 0 to %d, got %s", MAX_DB,
                         saml_quote(err->pool, text));
    *out = (int)n;
    return SAML_OK;
}

/* ---- the password ----------------------------------------------------------- */

static saml_status_t bad_password(const char *file, const char *got, saml_err_t *err)
{
    return saml_fail(err, SAML_E_STORE, "session store redis: expected in auth= a file that others cannot read, with a password "
                     "of 1 to %d octets in one line, got %s (%s)", MAX_PASSWORD_BYTES, saml_quote(err->pool, file), got);
}

static saml_status_t password_of(const char **out, const char *file, int fd, apr_pool_t *p, saml_err_t *err)
{
    char text[MAX_PASSWORD_BYTES + 2];
    struct stat st;
    ssize_t len;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return bad_password(file, "not a regular file", err);
    if (st.st_mode & 07)
        return bad_password(file, apr_psprintf(err->pool, "mode %04o", (unsigned)(st.st_mode & 07777)), err);
    len = read(fd, text, sizeof(text));
    if (len < 0)
        return bad_password(file, strerror(errno), err);
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (len == 0)
        return bad_password(file, "nothing in it", err);
    if (len > MAX_PASSWORD_BYTES || memchr(text, '\n', (size_t)len) || memchr(text, '\0', (size_t)len))
        return bad_password(file, "more than one line", err);
    *out = apr_pstrmemdup(p, text, (apr_size_t)len);
    OPENSSL_cleanse(text, sizeof(text));
    return SAML_OK;
}

static saml_status_t read_password(const char **out, const char *file, apr_pool_t *p, saml_err_t *err)
{
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    saml_status_t status;

    if (fd < 0)
        return bad_password(file, strerror(errno), err);
    status = password_of(out, file, fd, p, err);
    close(fd);
    return status;
}

/* ---- the address -------------------------------------------------------------- */

static saml_status_t read_host(sso_redis_conf_t *conf, char *host, const char *address, saml_err_t *err)
{
    char *port = NULL;
    long n = DEFAULT_PORT;

    if (*host == '[') {
        char *close = strchr(host, ']');

        if (!close || close == host + 1 || (close[1] && close[1] != ':'))
            return bad_address(address, err);
        port = close[1] ? close + 2 : NULL;
        *close = '\0';
        host++;
    } else if ((port = strchr(host, ':')) != NULL) {
        *port++ = '\0';
    }
    if (port)
        n = number_of(port, 65535);
    if (!*host || n < 1)
        return bad_address(address, err);
    conf->host = host;
    conf->port = (int)n;
    return SAML_OK;
}

static saml_status_t read_socket(sso_redis_conf_t *conf, const char *path, const char *address, saml_err_t *err)
{
    struct sockaddr_un room;

    if (path[0] != '/' || !path[1] || strlen(path) >= sizeof(room.sun_path))
        return bad_address(address, err);
    conf->socket_path = path;
    return SAML_OK;
}

/* What was written there is not repeated: it may be a password. */
static saml_status_t bad_user(saml_err_t *err)
{
    return saml_fail(err, SAML_E_STORE, "session store redis: expected a user's name alone before \"@\"; a password goes into a file: auth=FILE");
}

/* @param db  set to what stands behind the host's slash, or NULL */
static saml_status_t read_address(sso_redis_conf_t *conf, const char **db, const char *address, apr_pool_t *p, saml_err_t *err)
{
    char *text = apr_pstrdup(p, address), *at, *slash;

    if (strncmp(text, "//", 2) != 0)
        return bad_address(address, err);
    text += 2;
    slash = strchr(text, '/');
    at = strchr(text, '@');
    if (at && (!slash || at < slash)) {
        *at = '\0';
        /* Behind a colon there would be a password, which does not belong into a configuration that everybody reads. */
        if (!*text || strchr(text, ':'))
            return bad_user(err);
        conf->user = text;
        text = at + 1;
        slash = strchr(text, '/');
    }
    if (slash && slash != text && strchr(slash, '@'))       /* of a password with a slash, or of no meaning */
        return bad_user(err);
    if (slash == text)
        return read_socket(conf, text, address, err);
    if (slash) {
        *slash = '\0';
        *db = slash[1] ? slash + 1 : NULL;
    }
    return read_host(conf, text, address, err);
}

/* ---- together ------------------------------------------------------------------- */

static const char *option_shown(const char *name, const char *value, apr_pool_t *p)
{
    return value ? apr_pstrcat(p, " ", name, "=", value, NULL) : "";
}

/* Two values that mean the same read the same, and two that differ in anything do not. */
static const char *shown(const sso_redis_conf_t *conf, const options_t *options, apr_pool_t *p)
{
    const char *where = conf->socket_path;
    int bracket = conf->host && strchr(conf->host, ':') != NULL;

    if (!where)
        where = apr_psprintf(p, "%s%s%s:%d", bracket ? "[" : "", conf->host, bracket ? "]" : "", conf->port);
    where = apr_pstrcat(p, "//", conf->user ? conf->user : "", conf->user ? "@" : "", where, NULL);
    where = apr_psprintf(p, "%s%s%d", where, conf->socket_path ? " db=" : "/", conf->db);
    return apr_pstrcat(p, where, option_shown("auth", options->auth, p), option_shown("ca", options->ca, p),
                       option_shown("cert", options->cert, p), option_shown("key", options->key, p),
                       option_shown("timeout", options->timeout, p), option_shown("prefix", options->prefix, p), NULL);
}

static saml_status_t check_together(const sso_redis_conf_t *conf, const options_t *options, int tls, saml_err_t *err)
{
    SAML_TRY(check_file("auth", options->auth, err));
    SAML_TRY(check_file("ca", options->ca, err));
    SAML_TRY(check_file("cert", options->cert, err));
    SAML_TRY(check_file("key", options->key, err));
    if (conf->user && !options->auth)
        return saml_fail(err, SAML_E_STORE, "session store redis: expected auth=FILE with the password of user %s, got none",
                         saml_quote(err->pool, conf->user));
    if (!tls && (options->ca || options->cert || options->key))
        return saml_fail(err, SAML_E_STORE, "session store redis: expected rediss:// with ca=, cert= and key=, got redis://");
    if (tls && conf->socket_path)
        return saml_fail(err, SAML_E_STORE, "session store rediss: expected a host, got a socket, whose other end has no name "
                         "that a certificate could show");
    if (!options->cert != !options->key)
        return saml_fail(err, SAML_E_STORE, "session store redis: expected cert= and key= together, got one of them");
    return SAML_OK;
}

saml_status_t sso_redis_conf_read(sso_redis_conf_t *out, const char *arg, int tls, apr_pool_t *p, saml_err_t *err)
{
    sso_redis_conf_t conf = { .timeout = DEFAULT_TIMEOUT };
    options_t options = { .auth = NULL };
    char *text = apr_pstrdup(p, arg ? arg : ""), *space = strchr(text, ' ');
    const char *db = NULL;

    if (space) {
        *space = '\0';
        SAML_TRY(read_options(&options, space + 1, err));
    }
    SAML_TRY(read_address(&conf, &db, text, p, err));
    if (db && options.db)
        return saml_fail(err, SAML_E_STORE, "session store redis: expected one database, got %s and db=%s",
                         saml_quote(err->pool, db), saml_quote(err->pool, options.db));
    db = db ? db : options.db;
    if (db)
        SAML_TRY(read_db(&conf.db, db, err));
    SAML_TRY(check_together(&conf, &options, tls, err));
    if (options.timeout)
        SAML_TRY(read_timeout(&conf.timeout, options.timeout, p, err));
    SAML_TRY(read_prefix(&conf.prefix, options.prefix ? options.prefix : DEFAULT_PREFIX, p, err));
    if (options.auth)
        SAML_TRY(read_password(&conf.password, options.auth, p, err));
    if (tls)
        SAML_TRY(sso_redis_tls_make(&conf.tls, options.ca, options.cert, options.key, p, err));
    conf.shown = shown(&conf, &options, p);
    conf.spec = apr_pstrcat(p, tls ? "rediss:" : "redis:", conf.shown, NULL);
    *out = conf;
    return SAML_OK;
}
