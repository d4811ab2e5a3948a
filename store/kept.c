/* SPDX-License-Identifier: Apache-2.0 */
/* Everything is reached through the folder's descriptor, and no link is followed. */

#include "kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "saml/id.h"

#define LOCK_FILE "lock"
#define NAME_BYTES 12                   /* random octets at a name's end: 16 characters */
#define NAME_FORMAT "%08" APR_UINT64_T_HEX_FMT "-%s-%08" APR_UINT64_T_HEX_FMT "-%s"
#define NAME_CHARS (8 + 1 + SSO_KEPT_CLIENT_CHARS + 1 + 8 + 1 + 16)
#define CLIENT_AT 9
#define COUNT_AT (CLIENT_AT + SSO_KEPT_CLIENT_CHARS + 1)
#define FIRST_BYTES (256 * 1024)        /* that one of unknown length counts at first */
#define LOCK_TRIES 50                   /* half a second: it is held for a few milliseconds, on a disk that works */
#define LOCK_WAIT_NS 10000000L

/** How far it has come. */
typedef enum {
    WRITING,                            /* goes with its pool */
    WHOLE,                              /* stays, or is taken already */
    READ                                /* the last piece, which may be empty */
} progress_t;

struct sso_kept_t {
    const sso_kept_place_t *place;
    apr_pool_t *pool;
    const char *name;
    apr_time_t began;
    int folder;                         /* descriptors; -1: closed */
    int fd;
    progress_t progress;
    int may_grow;                       /* up to the most */
    apr_uint64_t count;                 /* octets that it may take at most, and stands for */
    apr_uint64_t room;                  /* octets it may still take, or has still to give */
    apr_uint64_t number;                /* of the next piece */
    apr_size_t held;                    /* octets of `piece` */
    unsigned char key[SSO_PIECE_KEY_BYTES];
    unsigned char piece[SSO_PIECE_BYTES];
    unsigned char sealed[SSO_PIECE_MAX_BYTES];
};

static apr_status_t close_kept(void *data)
{
    sso_kept_t *kept = data;

    if (kept->progress == WRITING && kept->folder >= 0)
        unlinkat(kept->folder, kept->name, 0);
    if (kept->fd >= 0)
        close(kept->fd);
    if (kept->folder >= 0)
        close(kept->folder);
    kept->fd = kept->folder = -1;
    OPENSSL_cleanse(kept->key, sizeof(kept->key));
    OPENSSL_cleanse(kept->piece, sizeof(kept->piece));
    return APR_SUCCESS;
}

static sso_kept_t *new_kept(const sso_kept_place_t *place, apr_pool_t *p)
{
    sso_kept_t *kept = apr_palloc(p, sizeof(*kept));

    memset(kept, 0, offsetof(sso_kept_t, key));
    kept->place = place;
    kept->pool = p;
    kept->folder = kept->fd = -1;
    apr_pool_cleanup_register(p, kept, close_kept, apr_pool_cleanup_null);
    return kept;
}

static int open_folder(const sso_kept_place_t *place)
{
    return open(place->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static saml_status_t fails(const sso_kept_place_t *place, const char *what, saml_err_t *err)
{
    int error = errno;

    if (error == ENOSPC || error == EDQUOT)
        err->full = 1;
    return saml_fail(err, SAML_E_STORE, "kept requests: expected to %s in %s, got: %s", what, place->folder, strerror(error));
}

/* ---- names ------------------------------------------------------------------------------------------------- */

static int is_hex(const char *text, apr_size_t len)
{
    return strspn(text, "0123456789abcdef") >= len;
}

/* @return 0 where `name` is none of ours */
static int read_name(apr_time_t *began, apr_uint64_t *count, const char *name)
{
    if (strlen(name) != NAME_CHARS || !is_hex(name, CLIENT_AT - 1) || !is_hex(name + CLIENT_AT, SSO_KEPT_CLIENT_CHARS)
        || !is_hex(name + COUNT_AT, 8) || name[CLIENT_AT - 1] != '-' || name[COUNT_AT - 1] != '-' || name[COUNT_AT + 8] != '-'
        || strchr(name, '/'))
        return 0;
    *began = apr_time_from_sec(strtoul(name, NULL, 16));
    *count = strtoul(name + COUNT_AT, NULL, 16);
    return 1;
}

static int is_too_old(const sso_kept_place_t *place, apr_time_t began, apr_time_t now)
{
    return now >= began + place->age;
}

/* Of a clock that was wrong. */
static int is_to_come(const sso_kept_place_t *place, apr_time_t began, apr_time_t now)
{
    return began > now + place->age;
}

/** What is there. */
typedef struct {
    apr_uint64_t of_client, of_network, in_all;
    int files_of_client, files_of_network, files;
    int cleared;
} found_t;

static void add_up(found_t *found, const char *name, apr_uint64_t count, const char *client)
{
    found->in_all += count;
    found->files++;
    if (!client || strncmp(name + CLIENT_AT, client, SSO_KEPT_NETWORK_CHARS) != 0)
        return;
    found->of_network += count;
    found->files_of_network++;
    if (strncmp(name + CLIENT_AT, client, SSO_KEPT_CLIENT_CHARS) != 0)
        return;
    found->of_client += count;
    found->files_of_client++;
}

/*
 * Look through the folder, clear what is too old and add the rest up.
 * @param client  NULL: none asks, and `now` is the time; a client's is when its request began, which may be long ago
 */
static saml_status_t look_through(found_t *out, const sso_kept_place_t *place, int folder, const char *client, apr_time_t now,
                                  saml_err_t *err)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    *out = (found_t){ 0 };
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return fails(place, "look at what is there", err);
    }
    while ((entry = readdir(dir))) {
        apr_time_t began;
        apr_uint64_t count;

        if (!read_name(&began, &count, entry->d_name))
            continue;
        if (is_too_old(place, began, now) || (!client && is_to_come(place, began, now))) {
            out->cleared += unlinkat(folder, entry->d_name, 0) == 0;
            continue;
        }
        add_up(out, entry->d_name, count, client);
    }
    closedir(dir);
    return SAML_OK;
}

saml_status_t sso_kept_sweep(const sso_kept_place_t *place, apr_time_t now, int *cleared, saml_err_t *err)
{
    int folder = open_folder(place);
    saml_status_t status;
    found_t found;

    *cleared = 0;
    if (folder < 0)
        return fails(place, "open the folder", err);
    status = look_through(&found, place, folder, NULL, now, err);
    close(folder);
    *cleared = found.cleared;
    return status;
}

/* ---- keeping ----------------------------------------------------------------------------------------------- */

static saml_status_t over(const char *whose, apr_uint64_t limit, apr_uint64_t got, saml_err_t *err)
{
    return saml_fail(err, SAML_E_TOO_LARGE, "kept requests: expected at most %" APR_UINT64_T_FMT " octets %s, got %" APR_UINT64_T_FMT,
                     limit, whose, got);
}

static saml_status_t too_many(const char *whose, int limit, saml_err_t *err)
{
    return saml_fail(err, SAML_E_TOO_LARGE, "kept requests: expected at most %d %s, got one more", limit, whose);
}

/* @param files  how many more, 1 or 0 @param count  octets more */
static saml_status_t check_limits(const sso_kept_place_t *place, const found_t *found, int files, apr_uint64_t count, saml_err_t *err)
{
    if (found->in_all + count > place->in_all)
        return over("in all", place->in_all, found->in_all + count, err);
    if (found->of_network + count > place->per_network)
        return over("of one network", place->per_network, found->of_network + count, err);
    if (found->of_client + count > place->per_client)
        return over("of one client", place->per_client, found->of_client + count, err);
    if (found->files + files > SSO_KEPT_FILES)
        return too_many("in all", SSO_KEPT_FILES, err);
    if (found->files_of_network + files > SSO_KEPT_FILES_OF_NETWORK)
        return too_many("of one network", SSO_KEPT_FILES_OF_NETWORK, err);
    if (found->files_of_client + files > SSO_KEPT_FILES_OF_CLIENT)
        return too_many("of one client", SSO_KEPT_FILES_OF_CLIENT, err);
    return SAML_OK;
}

/* What else lives on that disk, the session store mostly, is not to suffer. */
static saml_status_t check_disk(const sso_kept_place_t *place, int folder, apr_uint64_t count, saml_err_t *err)
{
    struct statvfs disk;

    if (fstatvfs(folder, &disk) != 0)
        return fails(place, "ask how much room there is", err);
    if ((apr_uint64_t)disk.f_bavail * disk.f_frsize >= count + place->stays_free)
        return SAML_OK;
    err->full = 1;
    return saml_fail(err, SAML_E_STORE, "kept requests: expected %" APR_UINT64_T_FMT " octets to stay free on the disk of %s, got %"
                     APR_UINT64_T_FMT " free", place->stays_free, place->folder, (apr_uint64_t)disk.f_bavail * disk.f_frsize);
}

/* Nobody waits for long: a worker that does is one that others do not have. */
static saml_status_t lock(int *out, const sso_kept_t *kept, saml_err_t *err)
{
    const struct timespec wait = { 0, LOCK_WAIT_NS };
    int fd = openat(kept->folder, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), tries = 0;
    saml_status_t status;

    if (fd < 0)
        return fails(kept->place, "open the file " LOCK_FILE, err);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        if (errno == EWOULDBLOCK && ++tries < LOCK_TRIES) {
            nanosleep(&wait, NULL);
            continue;
        }
        status = fails(kept->place, "lock", err);
        close(fd);
        return status;
    }
    *out = fd;
    return SAML_OK;
}

static saml_status_t has_room(const sso_kept_t *kept, const char *client, int files, apr_uint64_t count, apr_time_t now, saml_err_t *err)
{
    found_t found;

    SAML_TRY(look_through(&found, kept->place, kept->folder, client, now, err));
    SAML_TRY(check_limits(kept->place, &found, files, count, err));
    return check_disk(kept->place, kept->folder, count, err);
}

/* The file itself is what counts, so it is made while nobody else adds up. */
static saml_status_t reserve_locked(sso_kept_t *kept, const char *client, apr_uint64_t count, apr_time_t now, saml_err_t *err)
{
    SAML_TRY(has_room(kept, client, 1, count, now, err));
    kept->fd = openat(kept->folder, kept->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return kept->fd >= 0 ? SAML_OK : fails(kept->place, "make a file", err);
}

/* Whoever is over a limit is told so before he takes the lock from those who are not. */
static saml_status_t reserve(sso_kept_t *kept, const char *client, apr_uint64_t count, apr_time_t now, saml_err_t *err)
{
    saml_status_t status;
    int held;

    kept->folder = open_folder(kept->place);
    if (kept->folder < 0)
        return fails(kept->place, "open the folder", err);
    SAML_TRY(has_room(kept, client, 1, count, now, err));
    SAML_TRY(lock(&held, kept, err));
    status = reserve_locked(kept, client, count, now, err);
    close(held);
    return status;
}

static apr_uint64_t counted(apr_uint64_t octets)
{
    return octets < SSO_KEPT_LEAST_BYTES ? SSO_KEPT_LEAST_BYTES : octets;
}

saml_status_t sso_kept_begin(sso_kept_t **out, const sso_kept_place_t *place, const char client[SSO_KEPT_CLIENT_CHARS],
                             apr_uint64_t octets, apr_time_t now, apr_pool_t *p, saml_err_t *err)
{
    apr_uint64_t first = place->most < FIRST_BYTES ? place->most : FIRST_BYTES;
    apr_uint64_t count = octets == SSO_KEPT_UNKNOWN ? first : octets;
    sso_kept_t *kept;
    const char *end;

    if (count > place->most)
        return over("in one", place->most, count, err);
    kept = new_kept(place, p);
    kept->room = kept->count = count;
    kept->may_grow = octets == SSO_KEPT_UNKNOWN;
    kept->began = now;
    SAML_TRY(saml_token_new(&end, NAME_BYTES, p, err));
    if (RAND_bytes(kept->key, sizeof(kept->key)) != 1)
        return saml_fail(err, SAML_E_STORE, "kept requests: expected random octets for a key, got none");
    kept->name = apr_psprintf(p, NAME_FORMAT, (apr_uint64_t)apr_time_sec(now), apr_pstrmemdup(p, client, SSO_KEPT_CLIENT_CHARS),
                              counted(count), end);
    SAML_TRY(reserve(kept, client, counted(count), now, err));
    *out = kept;
    return SAML_OK;
}

static saml_status_t write_all(sso_kept_t *kept, apr_size_t len, saml_err_t *err)
{
    const unsigned char *at = kept->sealed;

    while (len > 0) {
        ssize_t written = write(kept->fd, at, len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fails(kept->place, "write", err);
        at += written;
        len -= (apr_size_t)written;
    }
    return SAML_OK;
}

static saml_status_t write_piece(sso_kept_t *kept, int is_last, saml_err_t *err)
{
    SAML_TRY(sso_piece_seal(kept->sealed, kept->key, kept->number++, is_last, kept->piece, kept->held, err));
    SAML_TRY(write_all(kept, kept->held + SSO_PIECE_TAG_BYTES, err));
    kept->held = 0;
    return SAML_OK;
}

/* Let its name say that it counts `count`. */
static saml_status_t count_anew(sso_kept_t *kept, apr_uint64_t count, saml_err_t *err)
{
    char *name = apr_pstrdup(kept->pool, kept->name), number[9];

    apr_snprintf(number, sizeof(number), "%08" APR_UINT64_T_HEX_FMT, counted(count));
    memcpy(name + COUNT_AT, number, 8);
    if (strcmp(name, kept->name) != 0 && renameat(kept->folder, kept->name, kept->folder, name) != 0)
        return fails(kept->place, "rename a file", err);
    kept->name = name;
    return SAML_OK;
}

static saml_status_t grow_locked(sso_kept_t *kept, apr_uint64_t count, saml_err_t *err)
{
    SAML_TRY(has_room(kept, kept->name + CLIENT_AT, 0, counted(count) - counted(kept->count), kept->began, err));
    return count_anew(kept, count, err);
}

/* It comes in chunks, and nobody knows how much more: it counts at most twice what has come, so that one that drips takes no room from
 * others. */
static saml_status_t grow(sso_kept_t *kept, apr_size_t len, saml_err_t *err)
{
    apr_uint64_t needed = kept->count - kept->room + len, count = 2 * kept->count < needed ? needed : 2 * kept->count;
    saml_status_t status;
    int held;

    if (!kept->may_grow || needed > kept->place->most)
        return over("in one", kept->place->most, kept->place->most + (len - kept->room), err);
    if (count > kept->place->most)
        count = kept->place->most;
    SAML_TRY(lock(&held, kept, err));
    status = grow_locked(kept, count, err);
    close(held);
    SAML_TRY(status);
    kept->room += count - kept->count;
    kept->count = count;
    return SAML_OK;
}

saml_status_t sso_kept_write(sso_kept_t *kept, const void *data, apr_size_t len, saml_err_t *err)
{
    const unsigned char *at = data;

    if (len > kept->room)
        SAML_TRY(grow(kept, len, err));
    kept->room -= len;
    while (len > 0) {
        apr_size_t part;

        if (kept->held == sizeof(kept->piece))
            SAML_TRY(write_piece(kept, 0, err));
        part = sizeof(kept->piece) - kept->held;
        part = part < len ? part : len;
        memcpy(kept->piece + kept->held, at, part);
        kept->held += part;
        at += part;
        len -= part;
    }
    return SAML_OK;
}

saml_status_t sso_kept_finish(sso_kept_t *kept, saml_err_t *err)
{
    int fd = kept->fd;

    SAML_TRY(write_piece(kept, 1, err));
    kept->fd = -1;
    if (close(fd) != 0)                 /* a disk over the network may tell only now */
        return fails(kept->place, "write", err);
    SAML_TRY(count_anew(kept, kept->count - kept->room, err));
    kept->progress = WHOLE;
    return SAML_OK;
}

const char *sso_kept_name(const sso_kept_t *kept)
{
    return kept->name;
}

const unsigned char *sso_kept_key(const sso_kept_t *kept)
{
    return kept->key;
}

/* ---- taking ------------------------------------------------------------------------------------------------ */

static int is_name(const char *name)
{
    apr_time_t began;
    apr_uint64_t count;

    return read_name(&began, &count, name);
}

int sso_kept_is_there(const sso_kept_place_t *place, const char *name)
{
    int folder = is_name(name) ? open_folder(place) : -1;
    struct stat st;
    int is_there;

    if (folder < 0)
        return 0;
    is_there = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
    close(folder);
    return is_there;
}

void sso_kept_drop(const sso_kept_place_t *place, const char *name)
{
    int folder = is_name(name) ? open_folder(place) : -1;

    if (folder < 0)
        return;
    unlinkat(folder, name, 0);
    close(folder);
}

static saml_status_t open_file(sso_kept_t *kept, saml_err_t *err)
{
    struct stat st;

    kept->folder = open_folder(kept->place);
    if (kept->folder < 0)
        return fails(kept->place, "open the folder", err);
    kept->fd = openat(kept->folder, kept->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (kept->fd < 0)
        return fails(kept->place, "open a request that was kept", err);
    if (fstat(kept->fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < SSO_PIECE_TAG_BYTES)
        return saml_fail(err, SAML_E_STORE, "kept requests: expected %s in %s to be a file of ours, got another", kept->name,
                         kept->place->folder);
    /* Of several that have opened it, one does this. */
    if (unlinkat(kept->folder, kept->name, 0) != 0)
        return fails(kept->place, "take a request that was kept", err);
    kept->room = (apr_uint64_t)st.st_size;
    return SAML_OK;
}

/* A piece is full but for the last, so how many there are and how long the last is follow from the file's size. */
static apr_uint64_t octets_in(apr_uint64_t size)
{
    return size - SSO_PIECE_TAG_BYTES * ((size + SSO_PIECE_MAX_BYTES - 1) / SSO_PIECE_MAX_BYTES);
}

static saml_status_t read_all(sso_kept_t *kept, apr_size_t len, saml_err_t *err)
{
    unsigned char *at = kept->sealed;

    while (len > 0) {
        ssize_t got = read(kept->fd, at, len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = ENODATA;
        if (got <= 0)
            return fails(kept->place, "read", err);
        at += got;
        len -= (apr_size_t)got;
    }
    return SAML_OK;
}

saml_status_t sso_kept_read(const unsigned char **data, apr_size_t *len, sso_kept_t *kept, saml_err_t *err)
{
    *data = kept->piece;
    *len = kept->room < SSO_PIECE_BYTES ? (apr_size_t)kept->room : SSO_PIECE_BYTES;
    if (kept->progress == READ)
        return SAML_OK;
    kept->room -= *len;
    if (kept->room == 0)
        kept->progress = READ;
    SAML_TRY(read_all(kept, *len + SSO_PIECE_TAG_BYTES, err));
    return sso_piece_open(kept->piece, kept->key, kept->number++, kept->room == 0, kept->sealed, *len, err);
}

/* What is damaged is to be known before the first of it goes anywhere. */
static saml_status_t read_through(sso_kept_t *kept, saml_err_t *err)
{
    apr_uint64_t octets = kept->room;
    const unsigned char *data;
    apr_size_t len;

    do {
        SAML_TRY(sso_kept_read(&data, &len, kept, err));
    } while (kept->progress != READ);
    if (lseek(kept->fd, 0, SEEK_SET) != 0)
        return fails(kept->place, "read", err);
    kept->number = 0;
    kept->room = octets;
    kept->progress = WHOLE;
    return SAML_OK;
}

saml_status_t sso_kept_take(sso_kept_t **out, const sso_kept_place_t *place, const char *name,
                            const unsigned char key[SSO_PIECE_KEY_BYTES], apr_pool_t *p, saml_err_t *err)
{
    sso_kept_t *kept;

    if (!is_name(name))
        return saml_fail(err, SAML_E_STORE, "kept requests: expected the name of one, got %s", saml_quote(err->pool, name));
    kept = new_kept(place, p);
    kept->progress = WHOLE;             /* not to be taken away once more */
    kept->name = apr_pstrdup(p, name);
    memcpy(kept->key, key, sizeof(kept->key));
    SAML_TRY(open_file(kept, err));
    kept->room = octets_in(kept->room);
    SAML_TRY(read_through(kept, err));
    *out = kept;
    return SAML_OK;
}

apr_uint64_t sso_kept_left(const sso_kept_t *kept)
{
    return kept->room;
}
