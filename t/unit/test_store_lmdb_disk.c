/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_lmdb.c, lmdb_env.c: what the disk does to the store. Full; to be read only; without current in the middle of writing. For the last
 * the calls that LMDB writes with are this program's: what they wrote is kept, and files are made of it as a cut might have left them.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "store_fixture.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* ---- what is written ------------------------------------------------------------------------------------------ */

#define SECTOR      512
#define MAX_EVENTS  20000

typedef enum { WRITE, SYNC, DONE } kind_t;

typedef struct {
    kind_t kind;
    off_t at;
    size_t len;
    char *octets;
    int through;                /* on the disk when it returns, like all that is written through such a descriptor */
} event_t;

static event_t events[MAX_EVENTS];
static int event_count, recording;

/* By the names that the library asks for, whatever the headers make of them here. */
ssize_t our_pwrite(int fd, const void *octets, size_t len, off_t at) __asm__("pwrite");
ssize_t our_write(int fd, const void *octets, size_t len) __asm__("write");
ssize_t our_writev(int fd, const struct iovec *parts, int count) __asm__("writev");
int our_fdatasync(int fd) __asm__("fdatasync");
int our_fsync(int fd) __asm__("fsync");

static event_t *note(kind_t kind)
{
    event_t *event = &events[event_count];

    if (++event_count == MAX_EVENTS)
        abort();
    memset(event, 0, sizeof(*event));
    event->kind = kind;
    return event;
}

static void note_write(int fd, const void *octets, size_t len, off_t at)
{
    event_t *event;

    if (!recording)
        return;
    event = note(WRITE);
    event->at = at;
    event->len = len;
    event->octets = malloc(len);
    event->through = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    memcpy(event->octets, octets, len);
}

ssize_t our_pwrite(int fd, const void *octets, size_t len, off_t at)
{
    note_write(fd, octets, len, at);
    return syscall(SYS_pwrite64, fd, octets, len, at);
}

ssize_t our_write(int fd, const void *octets, size_t len)
{
    if (recording)
        note_write(fd, octets, len, lseek(fd, 0, SEEK_CUR));
    return syscall(SYS_write, fd, octets, len);
}

ssize_t our_writev(int fd, const struct iovec *parts, int count)
{
    off_t at = recording ? lseek(fd, 0, SEEK_CUR) : 0;
    int i;

    for (i = 0; recording && i < count; at += (off_t)parts[i++].iov_len)
        note_write(fd, parts[i].iov_base, parts[i].iov_len, at);
    return syscall(SYS_writev, fd, parts, count);
}

/* Nobody waits for the real disk here. */
int our_fdatasync(int fd)
{
    (void)fd;
    if (recording)
        note(SYNC);
    return 0;
}

int our_fsync(int fd)
{
    return our_fdatasync(fd);
}

/* ---- a file as a cut leaves it ---------------------------------------------------------------------------------- */

typedef struct {
    char *octets;
    size_t len, room;
} image_t;

static void apply(image_t *image, off_t at, const char *octets, size_t len)
{
    assert_true((size_t)at + len <= image->room);
    memcpy(image->octets + at, octets, len);
    if ((size_t)at + len > image->len)
        image->len = (size_t)at + len;
}

/* Sectors are written whole or not at all. What waits is on the disk in any part, in any order. */
static void apply_some(image_t *image, const event_t *event, int of_four, unsigned *seed)
{
    size_t done, step;

    for (done = 0; done < event->len; done += step) {
        step = SECTOR - ((size_t)event->at + done) % SECTOR;
        if (step > event->len - done)
            step = event->len - done;
        if (rand_r(seed) % 4 < of_four)
            apply(image, event->at + (off_t)done, event->octets + done, step);
    }
}

/* @param heeds_syncs  0: a disk, or a mode of writing, that promises what it does not keep */
static void cut_at(image_t *image, int cut, int heeds_syncs, unsigned *seed)
{
    int synced = 0, i, of_four = rand_r(seed) % 5;

    for (i = 0; heeds_syncs && i < cut; i++) {
        if (events[i].kind == SYNC)
            synced = i;
    }
    for (i = 0; i < cut; i++) {
        if (events[i].kind != WRITE)
            continue;
        if (i < synced || (heeds_syncs && events[i].through && i < cut - 1))
            apply(image, events[i].at, events[i].octets, events[i].len);
        else
            apply_some(image, &events[i], of_four, seed);
    }
}

/* ---- what was done, and what must be there ------------------------------------------------------------------------ */

#define STEPS 60

static apr_size_t record_of(char *out, int i)
{
    apr_size_t len = i % 7 == 0 ? 9000 : 700, k;

    for (k = 0; k < len; k++)
        out[k] = (char)((apr_size_t)i * 13 + k / 5);
    memcpy(out, &i, sizeof(i));
    return len;
}

/* Each step: session i begins, the ID i is used, and in each third session i - 2 ends. */
static void do_all(sso_store_t *store)
{
    char record[9000];
    int i, found;

    recording = 1;
    for (i = 0; i < STEPS; i++) {
        sso_key_t key = key_of(i), old = key_of(i - 2);
        sso_label_t label = { { (unsigned char)i } };
        apr_size_t len = record_of(record, i);

        assert_int_equal(use(store, 1000 + i, LATER, NOW), SAML_OK);
        note(DONE);
        assert_int_equal(sso_store_put_labelled(store, &key, record, len, LATER + i, &label, 1, new_err()), SAML_OK);
        note(DONE);
        if (i % 3 == 2)
            assert_int_equal(sso_store_remove(store, &old, &found, new_err()), SAML_OK);
        note(DONE);
    }
    recording = 0;
}

static int steps_before(int cut)
{
    int i, done = 0;

    for (i = 0; i < cut; i++)
        done += events[i].kind == DONE;
    return done;
}

/* @return whether the session is there; one that is must be its own */
static int is_there(sso_store_t *store, int i)
{
    sso_key_t key = key_of(i);
    const void *got = NULL;
    char record[9000];
    apr_size_t len;

    assert_int_equal(sso_store_get(store, &key, &got, &len, pool, new_err()), SAML_OK);
    if (!got)
        return 0;
    assert_int_equal(len, record_of(record, i));
    assert_memory_equal(got, record, len);
    return 1;
}

/* @return how much of what was answered is not so any more */
static int count_lost(sso_store_t *store, int done)
{
    int i, lost = 0, there;

    for (i = 0; i < STEPS; i++) {
        int begun = 3 * i + 1, ended = i % 3 == 0 ? 3 * (i + 2) + 2 : 3 * STEPS;

        there = is_there(store, i);
        if (begun < done && done <= ended)
            lost += !there;
        if (ended < done)
            lost += there;
        if (done + 1 < begun)
            assert_false(there);
    }
    for (i = 0; 3 * i < done; i++)
        lost += use(store, 1000 + i, LATER, NOW) != SAML_E_REPLAY;
    return lost;
}

static void write_image(const image_t *image)
{
    int fd = open(in_base("s/data.mdb"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->octets, image->len), (ssize_t)image->len);
    close(fd);
    unlink(in_base("s/lock.mdb"));
}

/* @return what was lost, or -1 where the file was moved aside */
static int start_after(const image_t *image, int done)
{
    apr_pool_t *own, *keep = pool;
    int lost;

    apr_pool_create(&own, keep);
    pool = own;
    write_image(image);
    {
        sso_store_t *store = configured();

        prepare(store);
        open_store(store);
        lost = told ? -1 : count_lost(store, done);
        if (told)
            assert_int_equal(stat_of(store).sessions, 0);
    }
    apr_pool_destroy(own);
    pool = keep;
    return lost;
}

static void read_image(image_t *image)
{
    struct stat st;
    int fd = open(in_base("s/data.mdb"), O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    image->len = (size_t)st.st_size;
    image->room = 16 * 1024 * 1024;
    image->octets = calloc(1, image->room);
    assert_non_null(image->octets);
    assert_int_equal(read(fd, image->octets, image->len), (ssize_t)image->len);
    close(fd);
}

static void record_all(image_t *before)
{
    apr_pool_t *own, *keep = pool;
    int i, through = 0;

    prepare(configured());
    read_image(before);
    apr_pool_create(&own, keep);
    pool = own;
    {
        sso_store_t *store = configured();

        open_store(store);
        event_count = 0;
        do_all(store);
    }
    apr_pool_destroy(own);
    pool = keep;
    for (i = 0; i < event_count; i++)
        through += events[i].through;
    assert_true(through >= 2 * STEPS);                      /* each change ends with what makes it be seen */
}

static void forget_all(image_t *before)
{
    int i;

    for (i = 0; i < event_count; i++)
        free(events[i].octets);
    event_count = 0;
    free(before->octets);
}

static int cuts(void)
{
    return getenv("SSO_SANITIZED") ? 40 : 80;
}

/* The current goes at any moment: what was answered is there, whole, and nothing is begun anew. */
static void power_cuts(void **state)
{
    image_t before, after;
    unsigned seed = 815;
    int i;

    (void)state;
    record_all(&before);
    after = before;
    after.octets = malloc(before.room);
    for (i = 0; i < cuts(); i++) {
        int cut = rand_r(&seed) % event_count, lost;

        after.len = before.len;
        memcpy(after.octets, before.octets, before.room);
        cut_at(&after, cut, 1, &seed);
        lost = start_after(&after, steps_before(cut));
        if (lost != 0)
            fail_msg("cut %d of %d events: %s", cut, event_count, lost < 0 ? told : "lost what was answered");
    }
    free(after.octets);
    forget_all(&before);
}

/* The same with a disk that lies about what it has written. Then much is lost, but nothing wrong is read, and it starts. */
static void power_cuts_of_a_disk_that_lies(void **state)
{
    image_t before, after;
    unsigned seed = 4711;
    int i, anew = 0, older = 0;

    (void)state;
    record_all(&before);
    after = before;
    after.octets = malloc(before.room);
    for (i = 0; i < cuts(); i++) {
        int lost, cut = rand_r(&seed) % event_count;

        after.len = before.len;
        memcpy(after.octets, before.octets, before.room);
        cut_at(&after, cut, 0, &seed);
        lost = start_after(&after, steps_before(cut));
        anew += lost < 0;
        older += lost > 0;
    }
    assert_true(anew > 0);
    assert_true(older > 0);
    free(after.octets);
    forget_all(&before);
}

/* ---- a disk that is full ------------------------------------------------------------------------------------------- */

static void fill_up(sso_store_t *store)
{
    char record[20000];
    saml_err_t *err = new_err();
    apr_pool_t *own;
    int i, k, found, kept = 0, refused = 0;

    MUST(sso_store_prepare(store, NULL, pool, err) == SAML_OK);
    apr_pool_create(&own, NULL);
    MUST(sso_store_open(store, own, err) == SAML_OK);
    for (i = 0; i < 1000 && refused < 20; i++) {
        sso_key_t key = key_of(i);

        memset(record, 'a' + i % 26, sizeof(record));
        if (sso_store_put(store, &key, record, sizeof(record), LATER + i, err) == SAML_OK) {
            kept++;
            continue;
        }
        refused++;
        MUST(err->full || strstr(err->reason, "could not be written in full: its disk is full, or fails; nothing was dropped for it"));
        MUST(!err->full || strstr(err->reason, "cannot grow, its disk, quota or largest size of a file is reached; nothing was dropped for it"));
    }
    MUST(kept > 10 && refused == 20);
    for (i = 0, k = 0; i < 1000; i++) {
        sso_key_t key = key_of(i);
        const void *got;
        apr_size_t len;

        MUST(sso_store_get(store, &key, &got, &len, pool, err) == SAML_OK);
        k += got != NULL;
        MUST(!got || (len == sizeof(record) && *(const char *)got == 'a' + i % 26));
    }
    MUST(k == kept);
    for (i = 0; i < 5; i++) {
        sso_key_t key = key_of(i);

        MUST(sso_store_remove(store, &key, &found, err) == SAML_OK && found);
    }
    {
        sso_key_t key = key_of(2000);

        MUST(sso_store_put(store, &key, "late", 5, LATER, err) == SAML_OK);
    }
    apr_pool_destroy(own);
    told = NULL;
    store = configured();
    MUST(sso_store_prepare(store, NULL, pool, err) == SAML_OK && !told);
}

static void fill_a_file(sso_store_t *store, int number)
{
    struct rlimit most = { 5000000, 5000000 };

    (void)number;
    (void)signal(SIGXFSZ, SIG_IGN);     /* as httpd does */
    MUST(setrlimit(RLIMIT_FSIZE, &most) == 0);
    fill_up(store);
}

static void the_largest_file_there_may_be(void **state)
{
    (void)state;
    assert_ended_well(spawn(fill_a_file, configured(), 0));
}

/* A file system of our own, which ends with the process. @return 0 where nobody may */
static int mount_small(const char *size)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return 0;
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("tmpfs", base, "tmpfs", 0, size) == 0;
}

static void fill_a_disk(sso_store_t *store, int number)
{
    if (!mount_small("size=7m,mode=0755"))
        fill_a_file(store, number);     /* the same, said by the kernel in other words */
    else
        fill_up(store);
}

static void no_room_for_readers(sso_store_t *store, int number)
{
    struct rlimit most = { 1000000, 1000000 };
    saml_err_t *err = new_err();

    (void)number;
    (void)signal(SIGXFSZ, SIG_IGN);
    MUST(mount_small("size=2m,mode=0755") || setrlimit(RLIMIT_FSIZE, &most) == 0);
    MUST(sso_store_prepare(store, NULL, pool, err) == SAML_E_STORE);
    MUST(strstr(err->reason, "cannot grow, its disk, quota or largest size of a file is reached"));
}

static void a_disk_that_is_full(void **state)
{
    (void)state;
    /* In this order: where nobody may mount, the second finds the files that the first has left. */
    assert_ended_well(spawn(no_room_for_readers, configured(), 0));
    assert_ended_well(spawn(fill_a_disk, configured(), 0));
}

/* ---- to be read only ---------------------------------------------------------------------------------------------- */

static void begin_read_only(sso_store_t *store, int number)
{
    saml_err_t *err = new_err();
    sso_key_t key = key_of(1);
    apr_pool_t *own;

    (void)number;
    if (!mount_small("size=8m,mode=0755")) {
        MUST(geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0));
        MUST(sso_store_open(store, pool, err) == SAML_E_STORE);
        MUST(strstr(err->reason, "data.mdb"));
        return;
    }
    apr_pool_create(&own, NULL);
    MUST(sso_store_prepare(store, NULL, pool, err) == SAML_OK && sso_store_open(store, own, err) == SAML_OK);
    MUST(sso_store_put(store, &key, "one", 4, LATER, err) == SAML_OK);
    apr_pool_destroy(own);
    MUST(mount("none", base, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
    MUST(sso_store_prepare(configured(), NULL, pool, err) == SAML_E_STORE);
    MUST(strstr(err->reason, "Read-only file system"));
    MUST(sso_store_open(configured(), pool, err) == SAML_E_STORE);
    MUST(strstr(err->reason, "to read and write ") && strstr(err->reason, "Read-only file system"));
    MUST(mount("none", base, NULL, MS_REMOUNT, NULL) == 0);
    store = configured();
    MUST(sso_store_prepare(store, NULL, pool, err) == SAML_OK && !told && sso_store_open(store, pool, err) == SAML_OK);
    MUST(strcmp(get(store, 1), "one") == 0);
    apr_pool_destroy(pool);
}

static void a_disk_to_be_read_only(void **state)
{
    (void)state;
    assert_ended_well(spawn(begin_read_only, configured(), 0));
}

/* ---- taken away ----------------------------------------------------------------------------------------------------- */

static void a_file_that_was_taken_away(void **state)
{
    sso_store_t *store = ready();
    saml_err_t *err = new_err();
    int swept;

    (void)state;
    put(store, 1, "one", LATER);
    assert_int_equal(sweep(store, NOW, 10), 0);
    assert_int_equal(unlink(in_base("s/data.mdb")), 0);
    assert_int_equal(sso_store_sweep(store, NOW, 10, &swept, err), SAML_E_STORE);
    assert_non_null(strstr(err->reason, "is not the file that this process has open: it was removed, replaced or moved aside"));
    assert_string_equal(get(store, 1), "one");              /* while the process lives */
    assert_int_equal(use(store, 1, LATER, NOW), SAML_E_STORE);  /* a new process would not know */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(power_cuts, setup, teardown),
        cmocka_unit_test_setup_teardown(power_cuts_of_a_disk_that_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(the_largest_file_there_may_be, setup, teardown),
        cmocka_unit_test_setup_teardown(a_disk_that_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(a_disk_to_be_read_only, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_was_taken_away, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_lmdb_disk", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
