/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c and kept_pieces.c: what is kept comes back octet for octet, once, for whoever has the key; limits, and what is cleared. */

#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/kept.h"

#define NOW apr_time_from_sec(1790000000)
#define ADA "0123456789abcdef"
#define BOB "fedcba9876543210"
#define MIB (1024 * 1024)

static sso_kept_place_t place;
static char folder[512];

static int set_up_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");
    int rc = set_up(state);

    apr_snprintf(folder, sizeof(folder), "%s/test_kept.XXXXXX", tmp ? tmp : "/tmp");
    place = (sso_kept_place_t){ folder, MIB, 2 * MIB, 3 * MIB, apr_time_from_sec(600) };
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
    const char *name = NULL;

    while (files_there(&name) > 0)
        unlink(name);
    unlink(apr_pstrcat(pool, place.folder, "/lock", NULL));
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
    sso_kept_t *kept = NULL, *other = NULL;
    const sso_kept_t *keep_bob;
    const unsigned char *text = octets(MIB + 1);

    (void)state;
    assert_says(sso_kept_begin(&kept, &place, ADA, MIB + 1, NOW, pool, &err), SAML_E_TOO_LARGE, "at most 1048576 octets in one, got 1048577");
    assert_says(sso_kept_begin(&kept, &place, ADA, 10, NOW, pool, &err), SAML_OK, "");
    assert_says(sso_kept_write(kept, text, 10, &err), SAML_OK, "");
    assert_says(sso_kept_write(kept, text, 1, &err), SAML_E_TOO_LARGE, "in one");
    assert_says(sso_kept_finish(kept, &err), SAML_OK, "");
    sso_kept_drop(&place, sso_kept_name(kept));
    keep(text, MIB, ADA);
    keep(text, MIB - SSO_KEPT_LEAST_BYTES, ADA);
    keep(text, 1, ADA);                 /* counts as much as a file takes */
    assert_says(sso_kept_begin(&kept, &place, ADA, 0, NOW, pool, &err), SAML_E_TOO_LARGE, "at most 2097152 octets of one client, got 2101248");
    keep_bob = keep(text, MIB, BOB);
    assert_says(sso_kept_begin(&kept, &place, BOB, 0, NOW, pool, &err), SAML_E_TOO_LARGE, "at most 3145728 octets in all, got 3149824");
    assert_says(sso_kept_begin(&kept, &place, BOB, SSO_KEPT_UNKNOWN, NOW, pool, &err), SAML_E_TOO_LARGE, "in all, got 4194304");
    assert_int_equal(files_there(NULL), 4);
    sso_kept_drop(&place, sso_kept_name(keep_bob));
    assert_says(sso_kept_begin(&kept, &place, BOB, SSO_KEPT_UNKNOWN, NOW, pool, &err), SAML_OK, "");
    assert_says(sso_kept_write(kept, text, 5, &err), SAML_OK, "");
    assert_says(sso_kept_begin(&other, &place, BOB, 0, NOW, pool, &err), SAML_E_TOO_LARGE, "in all");
    assert_says(sso_kept_finish(kept, &err), SAML_OK, "");     /* now it counts as what it is */
    assert_says(sso_kept_begin(&other, &place, BOB, MIB / 2, NOW, pool, &err), SAML_OK, "");
    assert_says(sso_kept_take(&kept, &place, sso_kept_name(kept), sso_kept_key(kept), pool, &err), SAML_OK, "");
    assert_int_equal(sso_kept_left(kept), 5);
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(is_sealed, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(is_whole, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(has_limits, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(is_cleared, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(only_ours, set_up_folder, tear_down_folder),
    };

    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("kept", tests, set_up_library, tear_down_library);
    apr_terminate();
    return failed;
}
