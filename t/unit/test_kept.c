/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c and kept_pieces.c: what is kept comes back octet for octet, once, for whoever has the key; limits, and what is cleared. */

#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/kept.h"
#include "store/private_dir.h"

#define NOW apr_time_from_sec(1790000000)
#define ADA "0123456789abcdef"
#define BOB "fedcba9876543210"
#define CAT "01234567ffffffff"          /* near ADA */
#define MIB (1024 * 1024)

static sso_kept_place_t place;
static char folder[512];

static int set_up_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");
    int rc = set_up(state);

    apr_snprintf(folder, sizeof(folder), "%s/test_kept.XXXXXX", tmp ? tmp : "/tmp");
    place = (sso_kept_place_t){ .folder = folder, .most = MIB, .per_client = 2 * MIB, .per_network = 3 * MIB, .in_all = 3 * MIB,
                                .age = apr_time_from_sec(600) };
    return rc == 0 && mkdtemp(folder) ? 0 : -1;
}

/* @param name the last one found; @return how many are there besides the lock */
static int files_there(const char **name)
{
    DIR *dir = opendir(place.folder);
    const struct dirent *entry;
    int count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (*entry->d_name == '.' || strcmp(entry->d_name, "lock") == 0)
            continue;
        count++;
        if (name)
            *name = apr_pstrcat(pool, place.folder, "/", entry->d_name, NULL);
    }
    closedir(dir);
    return count;
}

static int tear_down_folder(void **state)
{
    DIR *dir = opendir(place.folder);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(place.folder);
    return tear_down(state);
}

static unsigned char *octets(apr_size_t len)
{
    unsigned char *text = apr_palloc(pool, len + 1);
    unsigned seed = 7;

    for (apr_size_t i = 0; i < len; i++) {
        seed = seed * 1103515245U + 12345U;
        text[i] = (unsigned char)(seed >> 16);
    }
    return text;
}

static sso_kept_t *keep(const void *text, apr_size_t len, const char *client)
{
    sso_kept_t *kept = NULL;
    apr_size_t at = 0;

    assert_says(sso_kept_begin(&kept, &place, client, len, NOW, pool, &err), SAML_OK, "");
    while (at < len) {                  /* in odd parts, as they come over a network */
        apr_size_t part = len - at < 30011 ? len - at : 30011;

        assert_says(sso_kept_write(kept, (const unsigned char *)text + at, part, &err), SAML_OK, "");
        at += part;
    }
    assert_says(sso_kept_finish(kept, &err), SAML_OK, "");
    return kept;
}

static saml_status_t take(sso_kept_t **out, const sso_kept_t *kept)
{
    return sso_kept_take(out, &place, sso_kept_name(kept), sso_kept_key(kept), pool, &err);
}

static void comes_back(void **state)
{
    static const apr_size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 200000, MIB };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const unsigned char *text = octets(sizes[i]), *data;
        const sso_kept_t *kept = keep(text, sizes[i], ADA);
        sso_kept_t *taken = NULL;
        apr_size_t len, all = 0;

        assert_true(sso_kept_is_there(&place, sso_kept_name(kept)));
        assert_says(take(&taken, kept), SAML_OK, "");
        assert_false(sso_kept_is_there(&place, sso_kept_name(kept)));
        assert_int_equal(files_there(NULL), 0);
        assert_int_equal(sso_kept_left(taken), sizes[i]);
        for (;;) {
            assert_says(sso_kept_read(&data, &len, taken, &err), SAML_OK, "");
            if (len == 0)
                break;
            assert_in_range(len, 1, sizes[i] - all);
            assert_memory_equal(data, text + all, len);
            all += len;
        }
        assert_int_equal(all, sizes[i]);
        assert_int_equal(sso_kept_left(taken), 0);
        assert_says(take(&taken, kept), SAML_E_STORE, "open a request that was kept");
    }
}

static void is_sealed(void **state)
{
    static const char text[] = "the secret of the form";
    const sso_kept_t *kept = keep(text, sizeof(text), ADA);
    unsigned char wrong[SSO_PIECE_KEY_BYTES];
    sso_kept_t *taken = NULL;
    const char *file = NULL;
    unsigned char *got = apr_palloc(pool, 4096);
    struct stat st;
    ssize_t len;
    int fd;

    (void)state;
    assert_int_equal(files_there(&file), 1);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    fd = open(file, O_RDONLY);
    len = read(fd, got, 4096);
    close(fd);
    assert_int_equal(len, sizeof(text) + SSO_PIECE_TAG_BYTES);
    for (ssize_t i = 0; i + 6 <= len; i++)
        assert_memory_not_equal(got + i, "secret", 6);
    memcpy(wrong, sso_kept_key(kept), sizeof(wrong));
    wrong[31] ^= 1;
    assert_says(sso_kept_take(&taken, &place, sso_kept_name(kept), wrong, pool, &err), SAML_E_STORE, "piece 0 as it was sealed");
    assert_int_equal(files_there(NULL), 0);
    assert_null(taken);
}

static void damage(const sso_kept_t *kept, apr_off_t at, const void *octet, apr_size_t len, apr_off_t end)
{
    int fd = open(apr_pstrcat(pool, place.folder, "/", sso_kept_name(kept), NULL), O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, octet, len, at), len);
    if (end)
        assert_int_equal(ftruncate(fd, end), 0);
    close(fd);
}

static void is_whole(void **state)
{
    const apr_size_t len = 3 * SSO_PIECE_BYTES;
    unsigned char *second = apr_palloc(pool, SSO_PIECE_MAX_BYTES);
    const sso_kept_t *kept;
    sso_kept_t *taken = NULL;
    int fd;

    (void)state;
    kept = keep(octets(len), len, ADA);
    damage(kept, 2 * SSO_PIECE_MAX_BYTES + 5, "\0\0\0\0", 4, 0);
    assert_says(take(&taken, kept), SAML_E_STORE, "piece 2 as it was sealed");
    kept = keep(octets(len), len, ADA);
    damage(kept, 0, "", 0, 2 * SSO_PIECE_MAX_BYTES);        /* cut off between two pieces */
    assert_says(take(&taken, kept), SAML_E_STORE, "piece 1 as it was sealed");
    kept = keep(octets(len), len, ADA);
    damage(kept, 0, "", 0, SSO_PIECE_TAG_BYTES - 1);
    assert_says(take(&taken, kept), SAML_E_STORE, "to be a file of ours");
    kept = keep(octets(len), len, ADA);
    fd = open(apr_pstrcat(pool, place.folder, "/", sso_kept_name(kept), NULL), O_RDONLY);
    assert_int_equal(pread(fd, second, SSO_PIECE_MAX_BYTES, SSO_PIECE_MAX_BYTES), SSO_PIECE_MAX_BYTES);
    close(fd);
    damage(kept, 0, second, SSO_PIECE_MAX_BYTES, 0);        /* the second in the place of the first */
    assert_says(take(&taken, kept), SAML_E_STORE, "piece 0 as it was sealed");
    assert_null(taken);
}

static void has_limits(void **state)
{
    sso_kept_t *kept = NULL;
    const sso_kept_t *keep_bob;
    const unsigned char *text = octets(MIB + 1);

    (void)state;
    assert_says(sso_kept_begin(&kept, &place, ADA, MIB + 1, NOW, pool, &err), SAML_E_TOO_LARGE,
                "at most 1048576 octets in one, got 1048577");
    assert_says(sso_kept_begin(&kept, &place, ADA, 10, NOW, pool, &err), SAML_OK, "");
    assert_says(sso_kept_write(kept, text, 10, &err), SAML_OK, "");
    assert_says(sso_kept_write(kept, text, 1, &err), SAML_E_TOO_LARGE, "in one");
    assert_says(sso_kept_finish(kept, &err), SAML_OK, "");
    sso_kept_drop(&place, sso_kept_name(kept));
    keep(text, MIB, ADA);
    keep(text, MIB - SSO_KEPT_LEAST_BYTES, ADA);
    keep(text, 1, ADA);                 /* counts as much as a file takes */
    assert_says(sso_kept_begin(&kept, &place, ADA, 0, NOW, pool, &err), SAML_E_TOO_LARGE,
                "at most 2097152 octets of one client, got 2101248");
    keep_bob = keep(text, MIB, BOB);
    assert_says(sso_kept_begin(&kept, &place, BOB, 0, NOW, pool, &err), SAML_E_TOO_LARGE, "at most 3145728 octets in all, got 3149824");
    assert_says(sso_kept_begin(&kept, &place, BOB, SSO_KEPT_UNKNOWN, NOW, pool, &err), SAML_E_TOO_LARGE, "in all, got 3407872");
    assert_int_equal(files_there(NULL), 4);
    sso_kept_drop(&place, sso_kept_name(keep_bob));
    place.per_network = 2 * MIB + SSO_KEPT_LEAST_BYTES;
    assert_says(sso_kept_begin(&kept, &place, CAT, SSO_KEPT_LEAST_BYTES + 1, NOW, pool, &err), SAML_E_TOO_LARGE,
                "at most 2101248 octets of one network, got 2101249");
    assert_says(sso_kept_begin(&kept, &place, BOB, SSO_KEPT_LEAST_BYTES + 1, NOW, pool, &err), SAML_OK, "");
    place.stays_free = APR_UINT64_C(1) << 62;
    assert_says(sso_kept_begin(&kept, &place, BOB, 1, NOW, pool, &err), SAML_E_STORE, "expected 4611686018427387904 octets to stay free");
    assert_true(err.full);
}

static apr_uint64_t counts(const char *client)
{
    const char *name = NULL, *file;

    assert_int_equal(files_there(&name), 1);
    file = strrchr(name, '/') + 1;
    assert_memory_equal(file + 9, client, SSO_KEPT_CLIENT_CHARS);
    return strtoul(file + 9 + SSO_KEPT_CLIENT_CHARS + 1, NULL, 16);
}

/* Nobody knows how much comes: it takes room as it grows, and is as long as it is in the end. */
static void grows(void **state)
{
    const unsigned char *text = octets(MIB + 1);
    sso_kept_t *kept = NULL, *taken = NULL, *other = NULL;

    (void)state;
    assert_says(sso_kept_begin(&kept, &place, ADA, SSO_KEPT_UNKNOWN, NOW, pool, &err), SAML_OK, "");
    assert_int_equal(counts(ADA), MIB / 4);
    assert_says(sso_kept_write(kept, text, MIB / 4, &err), SAML_OK, "");
    assert_int_equal(counts(ADA), MIB / 4);
    assert_says(sso_kept_write(kept, text, 1, &err), SAML_OK, "");
    assert_int_equal(counts(ADA), MIB / 2);
    assert_says(sso_kept_write(kept, text, MIB / 4 + 1, &err), SAML_OK, "");
    assert_int_equal(counts(ADA), MIB);
    assert_says(sso_kept_finish(kept, &err), SAML_OK, "");
    assert_int_equal(counts(ADA), MIB / 2 + 2);
    assert_says(take(&taken, kept), SAML_OK, "");
    assert_int_equal(sso_kept_left(taken), MIB / 2 + 2);
    assert_says(sso_kept_begin(&kept, &place, ADA, SSO_KEPT_UNKNOWN, NOW, pool, &err), SAML_OK, "");
    assert_says(sso_kept_write(kept, text, MIB, &err), SAML_OK, "");
    assert_says(sso_kept_write(kept, text, 1, &err), SAML_E_TOO_LARGE, "in one");
    assert_says(sso_kept_begin(&other, &place, ADA, SSO_KEPT_UNKNOWN, NOW, pool, &err), SAML_OK, "");
    place.per_client = MIB + MIB / 2;
    assert_says(sso_kept_write(other, text, MIB / 2, &err), SAML_OK, "");
    assert_says(sso_kept_write(other, text, 1, &err), SAML_E_TOO_LARGE, "at most 1572864 octets of one client, got 2097152");
}

/* However small they are: all names are read for each. */
static void has_limited_numbers(void **state)
{
    sso_kept_t *kept = NULL;

    (void)state;
    place.per_client = place.per_network = place.in_all = 1024 * MIB;
    for (int i = 0; i < SSO_KEPT_FILES; i++) {
        const char *client = i < SSO_KEPT_FILES_OF_CLIENT ? ADA : apr_psprintf(pool, "%016x", i);
        int fd = open(apr_psprintf(pool, "%s/%08x-%s-00001000-abcdefghijkl%04x", folder, (unsigned)apr_time_sec(NOW), client, (unsigned)i),
                      O_CREAT | O_EXCL | O_WRONLY, 0600);

        assert_true(fd >= 0);
        close(fd);
        if (i == SSO_KEPT_FILES_OF_CLIENT + SSO_KEPT_FILES_OF_NETWORK - 1)
            assert_says(sso_kept_begin(&kept, &place, "00000000ffffffff", 1, NOW, pool, &err), SAML_E_TOO_LARGE,
                        "at most 2048 of one network");
        if (i == SSO_KEPT_FILES_OF_CLIENT - 1) {
            assert_says(sso_kept_begin(&kept, &place, ADA, 1, NOW, pool, &err), SAML_E_TOO_LARGE, "at most 64 of one client");
            assert_says(sso_kept_begin(&kept, &place, CAT, 1, NOW, pool, &err), SAML_OK, "");
            sso_kept_drop(&place, sso_kept_name(kept));
        }
    }
    assert_says(sso_kept_begin(&kept, &place, BOB, 1, NOW, pool, &err), SAML_E_TOO_LARGE, "at most 4096 in all");
}

/* Somebody has the lock and does not go on: he who is over a limit does not wait at all, and the others not for long. */
static void waits_not_for_long(void **state)
{
    int lock = open(apr_pstrcat(pool, folder, "/lock", NULL), O_CREAT | O_RDWR, 0600);
    sso_kept_t *kept = NULL;

    (void)state;
    place.in_all = MIB / 2;
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_says(sso_kept_begin(&kept, &place, ADA, 1, NOW, pool, &err), SAML_E_STORE, "expected to lock in");
    assert_int_equal(files_there(NULL), 0);
    assert_says(sso_kept_begin(&kept, &place, ADA, MIB, NOW, pool, &err), SAML_E_TOO_LARGE, "in all");
    close(lock);
    assert_says(sso_kept_begin(&kept, &place, ADA, 1, NOW, pool, &err), SAML_OK, "");
}

static void is_cleared(void **state)
{
    const sso_kept_t *kept = keep("x", 1, ADA);
    sso_kept_t *other = NULL;
    int cleared;

    (void)state;
    assert_says(sso_kept_sweep(&place, NOW + place.age - 1, &cleared, &err), SAML_OK, "");
    assert_int_equal(cleared, 0);
    assert_says(sso_kept_sweep(&place, NOW + place.age, &cleared, &err), SAML_OK, "");
    assert_int_equal(cleared, 1);
    assert_false(sso_kept_is_there(&place, sso_kept_name(kept)));
    keep(octets(MIB), MIB, ADA);
    keep(octets(MIB), MIB, ADA);
    /* Whoever comes later finds room, without a sweep beside the requests. */
    assert_says(sso_kept_begin(&other, &place, ADA, MIB, NOW + place.age, pool, &err), SAML_OK, "");
    assert_int_equal(files_there(NULL), 1);
    assert_int_equal(sso_kept_is_there(&place, sso_kept_name(other)), 1);
    apr_pool_clear(pool);               /* it was not finished */
    err = (saml_err_t){ .pool = pool, .reason = "-" };
    assert_int_equal(files_there(NULL), 0);
}

/* Who takes long has the time of his beginning: what began since is not of a wrong clock, and stays. Only the sweep knows the time. */
static void clears_nothing_that_began_since(void **state)
{
    sso_kept_t *slow = NULL, *since = NULL;
    int cleared;

    (void)state;
    place.per_client = place.per_network = place.in_all = 1024 * MIB;
    assert_says(sso_kept_begin(&slow, &place, ADA, SSO_KEPT_UNKNOWN, NOW, pool, &err), SAML_OK, "");
    assert_says(sso_kept_begin(&since, &place, BOB, 1, NOW + place.age + apr_time_from_sec(2), pool, &err), SAML_OK, "");
    assert_false(sso_kept_is_there(&place, sso_kept_name(slow)));
    assert_true(sso_kept_is_there(&place, sso_kept_name(since)));
    assert_true(sso_kept_write(slow, octets(MIB), MIB, &err) != SAML_OK);
    assert_says(sso_kept_begin(&slow, &place, CAT, 1, NOW, pool, &err), SAML_OK, "");
    assert_true(sso_kept_is_there(&place, sso_kept_name(since)));
    assert_says(sso_kept_sweep(&place, NOW, &cleared, &err), SAML_OK, "");
    assert_int_equal(cleared, 1);
    assert_false(sso_kept_is_there(&place, sso_kept_name(since)));
}

static void only_ours(void **state)
{
    static const char *const names[] = { "", "lock", "../lock", "6ab0e180-0123456789abcdef-00001000-../../../../x",
                                         "6ab0e180-0123456789ABCDEF-00001000-abcdefghijklmnop" };
    const unsigned char key[SSO_PIECE_KEY_BYTES] = { 0 };
    const char *outside = apr_pstrcat(pool, place.folder, "/6ab0e180-0123456789abcdef-00001000-abcdefghijklmnop", NULL);
    sso_kept_t *taken = NULL;
    int cleared;

    (void)state;
    keep("x", 1, ADA);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_says(sso_kept_take(&taken, &place, names[i], key, pool, &err), SAML_E_STORE, "expected the name of one");
        assert_false(sso_kept_is_there(&place, names[i]));
        sso_kept_drop(&place, names[i]);
    }
    assert_int_equal(symlink("/etc/passwd", outside), 0);
    assert_says(sso_kept_take(&taken, &place, strrchr(outside, '/') + 1, key, pool, &err), SAML_E_STORE, "open a request");
    assert_int_equal(unlink(outside), 0);
    assert_int_equal(files_there(NULL), 1);
    place.folder = "/nowhere/at/all";
    assert_says(sso_kept_begin(&taken, &place, ADA, 1, NOW, pool, &err), SAML_E_STORE, "open the folder in /nowhere/at/all");
    assert_says(sso_kept_sweep(&place, NOW, &cleared, &err), SAML_E_STORE, "open the folder");
    place.folder = folder;
}

/* What somebody has named by mistake is not given away. */
static void takes_no_folder_of_others(void **state)
{
    const sso_store_owner_t owner = { geteuid() == 0 ? 12345 : -1, -1 };
    const char *theirs = apr_pstrcat(pool, place.folder, "/theirs", NULL);
    struct stat st;

    (void)state;
    assert_int_equal(chmod(place.folder, 0755), 0);
    assert_says(sso_private_dir_check_free(apr_pstrcat(pool, place.folder, "/new", NULL), &owner, &err), SAML_OK, "");
    assert_says(sso_private_dir_check_free(place.folder, &owner, &err), SAML_OK, "");
    assert_int_equal(mkdir(theirs, 0700), 0);
    assert_says(sso_private_dir_check_free(place.folder, &owner, &err), SAML_E_STORE, "mode 0755 and something in it");
    assert_int_equal(rmdir(theirs), 0);
    assert_says(sso_private_dir_give(place.folder, &owner, &err), SAML_OK, "");
    assert_int_equal(mkdir(theirs, 0700), 0);
    assert_says(sso_private_dir_check_free(place.folder, &owner, &err), SAML_OK, "");
    assert_int_equal(stat(place.folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(chmod(place.folder, 0750), 0);
    assert_says(sso_private_dir_check_free(place.folder, &owner, &err), SAML_E_STORE, "mode 0750 and something in it");
    assert_int_equal(rmdir(theirs), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(is_sealed, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(is_whole, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(has_limits, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(grows, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(has_limited_numbers, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(waits_not_for_long, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(is_cleared, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(clears_nothing_that_began_since, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(only_ours, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(takes_no_folder_of_others, set_up_folder, tear_down_folder),
    };

    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("kept", tests, set_up_library, tear_down_library);
    apr_terminate();
    return failed;
}
