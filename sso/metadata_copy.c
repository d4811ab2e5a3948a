/* SPDX-License-Identifier: Apache-2.0 */
#include "metadata_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

/* ---- files ---------------------------------------------------------------------------------------------------------------- */

static int open_folder(const char *folder)
{
    return open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void stamp_of(sso_stamp_t *out, const struct stat *st)
{
    out->device = st->st_dev;
    out->inode = st->st_ino;
    out->size = (apr_uint64_t)st->st_size;
    out->seconds = st->st_mtim.tv_sec;
    out->nanoseconds = st->st_mtim.tv_nsec;
}

int sso_copy_stamp(sso_stamp_t *out, const char *folder, const char *name)
{
    int dir = open_folder(folder);
    struct stat st;
    int there = dir >= 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);

    memset(out, 0, sizeof(*out));
    if (there)
        stamp_of(out, &st);
    if (dir >= 0)
        close(dir);
    return there;
}

/* What came in pieces; SAML_OK with fewer octets than the file had is a file that was cut meanwhile. */
static saml_status_t read_all(char *buf, apr_size_t len, int fd, const char *name, saml_err_t *err)
{
    apr_size_t have = 0;

    while (have < len) {
        ssize_t got = read(fd, buf + have, len - have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return saml_fail(err, SAML_E_METADATA, "kept copy %s: expected %" APR_SIZE_T_FMT " bytes, got %" APR_SIZE_T_FMT, name, len,
                             have);
        have += (apr_size_t)got;
    }
    return SAML_OK;
}

/* Others may write in the folder who run as the same user: what is there is looked at before it is read. */
static saml_status_t check_file(const struct stat *st, const char *name, apr_size_t max, saml_err_t *err)
{
    if (!S_ISREG(st->st_mode) || st->st_uid != geteuid())
        return saml_fail(err, SAML_E_METADATA, "kept copy %s: expected a regular file of this server's user, got something else", name);
    if (st->st_size < 0 || (apr_uint64_t)st->st_size > max)
        return saml_fail(err, SAML_E_METADATA, "kept copy %s: expected at most %" APR_SIZE_T_FMT " bytes, got %" APR_OFF_T_FMT, name,
                         max, (apr_off_t)st->st_size);
    return SAML_OK;
}

static saml_status_t read_open(const char **out, apr_size_t *len, sso_stamp_t *stamp, int fd, const char *name, apr_size_t max,
                               apr_pool_t *p, saml_err_t *err)
{
    struct stat st;
    char *buf;

    if (fstat(fd, &st) != 0)
        return saml_fail(err, SAML_E_METADATA, "kept copy %s: cannot be read: %s", name, strerror(errno));
    SAML_TRY(check_file(&st, name, max, err));
    buf = apr_palloc(p, (apr_size_t)st.st_size + 1);
    SAML_TRY(read_all(buf, (apr_size_t)st.st_size, fd, name, err));
    buf[st.st_size] = '\0';
    stamp_of(stamp, &st);
    *out = buf;
    *len = (apr_size_t)st.st_size;
    return SAML_OK;
}

saml_status_t sso_copy_read(const char **out, apr_size_t *len, sso_stamp_t *stamp, const char *folder, const char *name,
                            apr_size_t max, apr_pool_t *p, saml_err_t *err)
{
    int dir = open_folder(folder);
    /* A pipe with nobody at its other end must not hold us up. */
    int fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int why = errno;
    saml_status_t status;

    if (dir >= 0)
        close(dir);
    if (fd < 0)
        return saml_fail(err, SAML_E_METADATA, "kept copy %s: cannot be read: %s", name,
                         why == ELOOP ? "it is a symbolic link" : strerror(why));
    status = read_open(out, len, stamp, fd, name, max, p, err);
    close(fd);
    return status;
}

static int write_all(int fd, const char *text, apr_size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, text, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return 0;
        text += put;
        len -= (apr_size_t)put;
    }
    return fsync(fd) == 0;
}

/* By its own name first: who looks meanwhile sees the old file or the new, and neither by halves. */
static int replace(int dir, const char *name, const char *text, apr_size_t len, apr_pool_t *p)
{
    const char *fresh = apr_psprintf(p, "%s.%ld", name, (long)getpid());
    int fd, done, why;

    unlinkat(dir, fresh, 0);        /* of an earlier process of that number */
    fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    done = write_all(fd, text, len);
    why = errno;
    close(fd);
    if (done) {
        done = renameat(dir, fresh, dir, name) == 0 && fsync(dir) == 0;
        why = errno;
    }
    if (!done)
        unlinkat(dir, fresh, 0);
    errno = why;
    return done;
}

saml_status_t sso_copy_write(const char *folder, const char *name, const char *text, apr_size_t len, apr_pool_t *p, saml_err_t *err)
{
    int dir = open_folder(folder);
    int done = dir >= 0 && replace(dir, name, text, len, p);
    int why = errno;

    if (dir >= 0)
        close(dir);
    if (!done)
        return saml_fail(err, SAML_E_METADATA, "kept copy %s in %s: cannot be written: %s", name, folder, strerror(why));
    return SAML_OK;
}

int sso_copy_mark(const char *folder, const char *name)
{
    int dir = open_folder(folder);
    int fd = dir < 0 ? -1 : openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

    if (dir >= 0)
        close(dir);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int sso_copy_unmark(const char *folder, const char *name)
{
    int dir = open_folder(folder);
    int there = dir >= 0 && unlinkat(dir, name, 0) == 0;

    if (dir >= 0)
        close(dir);
    return there;
}

/* ---- notes ---------------------------------------------------------------------------------------------------------------- */

/* A value ends with its line. */
static const char *one_line(const char *text, apr_pool_t *p)
{
    char *copy = apr_pstrdup(p, text);

    for (char *c = copy; *c; c++) {
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    }
    return copy;
}

static const char *text_line(const char *name, const char *value, apr_pool_t *p)
{
    return value ? apr_pstrcat(p, name, " ", one_line(value, p), "\n", NULL) : "";
}

static const char *number_line(const char *name, apr_int64_t value, apr_pool_t *p)
{
    return value ? apr_psprintf(p, "%s %" APR_INT64_T_FMT "\n", name, value) : "";
}

const char *sso_notes_write(const sso_notes_t *notes, apr_pool_t *p)
{
    return apr_pstrcat(p, text_line("url", notes->url, p), text_line("etag", notes->etag, p),
                       text_line("last-modified", notes->last_modified, p), number_line("looked", notes->looked, p),
                       number_line("checked", notes->checked, p),
                       number_line("next", notes->next, p), number_line("held", notes->held, p), number_line("early", notes->early, p),
                       number_line("failures", notes->failures, p), text_line("trouble", notes->trouble, p), NULL);
}

/* No number of ours is negative or near the end of numbers, where the difference of two would be past it. */
static apr_int64_t read_number(const char *value)
{
    apr_int64_t number = apr_atoi64(value);

    return number < 0 || number > APR_INT64_MAX / 2 ? 0 : number;
}

static void read_line(sso_notes_t *out, const char *name, const char *value)
{
    const struct { const char *name; const char **text; apr_time_t *time; } fields[] = {
        { "url", &out->url, NULL }, { "etag", &out->etag, NULL }, { "last-modified", &out->last_modified, NULL },
        { "trouble", &out->trouble, NULL }, { "looked", NULL, &out->looked }, { "checked", NULL, &out->checked },
        { "next", NULL, &out->next },
        { "held", NULL, &out->held }, { "early", NULL, &out->early },
    };

    for (apr_size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        if (fields[i].text)
            *fields[i].text = value;
        else
            *fields[i].time = read_number(value);
    }
    if (strcmp(name, "failures") == 0)
        out->failures = (int)(read_number(value) % 1000);
}

void sso_notes_read(sso_notes_t *out, const char *text, apr_pool_t *p)
{
    char *state, *line;

    memset(out, 0, sizeof(*out));
    for (line = apr_strtok(apr_pstrdup(p, text), "\n", &state); line; line = apr_strtok(NULL, "\n", &state)) {
        char *value = strchr(line, ' ');

        if (!value)
            continue;
        *value++ = '\0';
        read_line(out, line, value);
    }
}
