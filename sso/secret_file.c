/* SPDX-License-Identifier: Apache-2.0 */
/* The file that SAMLSecret names, or that we make once where none is named. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "config.h"

#define MAX_SECRET_FILE_BYTES 65536

static const char *folder_of(const char *file, apr_pool_t *p)
{
    const char *slash = strrchr(file, '/');

    return slash && slash > file ? apr_pstrmemdup(p, file, slash - file) : "/";
}

int sso_file_exists(const char *file)
{
    struct stat st;

    /* A link that leads nowhere is there, and is to be complained about. */
    return lstat(file, &st) == 0;
}

int sso_file_is_public(const char *file)
{
    struct stat st;

    return stat(file, &st) == 0 && (st.st_mode & 07) != 0;
}

const char *sso_secret_file_check(const char *file, apr_pool_t *p)
{
    const char *folder = folder_of(file, p);

    if (sso_file_exists(file))
        return sso_unreadable(file, "file of secrets", p);
    if (access(folder, W_OK | X_OK) != 0)
        return apr_psprintf(p, "expected a folder to make the file of secrets in, found %s (%s)", saml_quote(p, folder),
                            strerror(errno));
    return NULL;
}

static saml_status_t fail(saml_err_t *err, const char *file, const char *what)
{
    return saml_fail(err, SAML_E_METADATA, "expected %s, found %s (%s)", what, saml_quote(err->pool, file),
                     strerror(errno));
}

static saml_status_t read_all(const char **out, apr_size_t *out_len, int fd, const char *file, apr_pool_t *p,
                              saml_err_t *err)
{
    struct stat st;
    char *text;
    apr_size_t len = 0;
    ssize_t got;

    if (fstat(fd, &st) != 0)
        return fail(err, file, "a readable file of secrets");
    if (!S_ISREG(st.st_mode) || st.st_size > MAX_SECRET_FILE_BYTES)
        return saml_fail(err, SAML_E_METADATA, "expected a file of secrets of at most %d bytes, found %s "
                         "(something else)",
                         MAX_SECRET_FILE_BYTES, saml_quote(err->pool, file));
    text = apr_palloc(p, MAX_SECRET_FILE_BYTES + 1);
    while ((got = read(fd, text + len, MAX_SECRET_FILE_BYTES - len)) > 0 || (got < 0 && errno == EINTR))
        len += got > 0 ? (apr_size_t)got : 0;
    if (got < 0)
        return fail(err, file, "a readable file of secrets");
    text[len] = '\0';
    *out = text;
    *out_len = len;
    return SAML_OK;
}

saml_status_t sso_secret_file_load(saml_secret_t **out, const char *file, apr_pool_t *p, saml_err_t *err)
{
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const char *text = NULL;
    apr_size_t len = 0;
    saml_status_t status;

    if (fd < 0)
        return fail(err, file, "a readable file of secrets");
    status = read_all(&text, &len, fd, file, p, err);
    close(fd);
    SAML_TRY(status);
    return saml_secret_parse(out, text, len, file, p, err);
}

static int write_all(int fd, const char *text)
{
    apr_size_t left = strlen(text);

    while (left > 0) {
        ssize_t put = write(fd, text, left);

        if (put < 0 && errno != EINTR)
            return 0;
        if (put > 0) {
            text += put;
            left -= (apr_size_t)put;
        }
    }
    return fsync(fd) == 0;
}

/* The new name must outlive a crash as well as what is in it. */
static void sync_folder(const char *file, apr_pool_t *p)
{
    int fd = open(folder_of(file, p), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

/* Written whole under a name of our own and then linked: whoever comes second finds the first one's, complete. */
static saml_status_t make_new(const char *file, apr_pool_t *p, saml_err_t *err)
{
    const char *temporary = apr_psprintf(p, "%s.%ld", file, (long)getpid());
    const char *text;
    saml_status_t status = SAML_OK;
    int fd;

    SAML_TRY(saml_secret_new_text(&text, p, err));
    /* Left over by a process of this number that was killed right here. */
    (void)unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, temporary, "to make a file of secrets");
    if (!write_all(fd, text))
        status = fail(err, temporary, "to write a file of secrets");
    else if (link(temporary, file) != 0 && errno != EEXIST)
        status = fail(err, file, "to make a file of secrets");
    close(fd);
    (void)unlink(temporary);
    sync_folder(file, p);
    return status;
}

/* Ours alone: who can write it can sign on as anybody. */
static saml_status_t check_private(const char *file, saml_err_t *err)
{
    struct stat st;

    if (lstat(file, &st) != 0)
        return fail(err, file, "a file of secrets");
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()))
        return saml_fail(err, SAML_E_METADATA, "expected a file of our own with mode 0600, found %s (mode %04o, "
                         "user %ld)",
                         saml_quote(err->pool, file), (unsigned)(st.st_mode & 07777), (long)st.st_uid);
    return SAML_OK;
}

saml_status_t sso_secret_file_make(saml_secret_t **out, const char *file, apr_pool_t *p, saml_err_t *err)
{
    if (!sso_file_exists(file))
        SAML_TRY(make_new(file, p, err));
    SAML_TRY(check_private(file, err));
    return sso_secret_file_load(out, file, p, err);
}
