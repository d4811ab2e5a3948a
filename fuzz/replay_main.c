/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for libFuzzer: gives every file of the folders named to the entry point, once, and says so in TAP. What
 * goes wrong ends the program, so prove sees a plan that was not kept.
 */
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_tables.h>
#include "fuzz/fuzz.h"

#define MUTATIONS 2             /* of each file, where the target brings a mutator of its own */
#define MUTATED_BYTES 65536

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) __attribute__((weak));

static void add_files(apr_array_header_t *files, const char *folder, apr_pool_t *p)
{
    apr_dir_t *dir;
    apr_finfo_t info;

    if (apr_dir_open(&dir, folder, p) != APR_SUCCESS) {
        printf("Bail out! cannot open the corpus %s\n", folder);
        exit(1);
    }
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS)
        if (info.filetype == APR_REG)
            APR_ARRAY_PUSH(files, const char *) = apr_pstrcat(p, folder, "/", info.name, NULL);
    apr_dir_close(dir);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* An exact allocation, so that ASan sees a read past the end. */
static void try_exactly(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);

    FUZZ_MUST(exact != NULL);
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

/* The mutator is code of ours, too: the same mutations in every run. */
static void try_mutated(const uint8_t *data, size_t size)
{
    uint8_t *room = malloc(MUTATED_BYTES);
    unsigned seed;

    FUZZ_MUST(room != NULL);
    for (seed = 1; seed <= MUTATIONS && size <= MUTATED_BYTES; seed++) {
        memcpy(room, data, size);
        try_exactly(room, LLVMFuzzerCustomMutator(room, size, MUTATED_BYTES, seed));
    }
    free(room);
}

static int replay(const char *file, apr_pool_t *p)
{
    apr_file_t *f;
    apr_finfo_t info;
    apr_size_t len = 0;
    uint8_t *data;

    if (apr_file_open(&f, file, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, p) != APR_SUCCESS
        || apr_file_info_get(&info, APR_FINFO_SIZE, f) != APR_SUCCESS)
        return 0;
    data = malloc(info.size > 0 ? (size_t)info.size : 1);
    FUZZ_MUST(data != NULL);
    if (info.size > 0 && apr_file_read_full(f, data, (apr_size_t)info.size, &len) != APR_SUCCESS) {
        free(data);
        return 0;
    }
    apr_file_close(f);
    try_exactly(data, len);
    if (LLVMFuzzerCustomMutator)
        try_mutated(data, len);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    apr_pool_t *p = fuzz_pool();
    apr_array_header_t *files = apr_array_make(p, 64, sizeof(const char *));
    int i, bad = 0;

    for (i = 1; i < argc; i++)
        add_files(files, argv[i], p);
    if (files->nelts == 0) {
        printf("Bail out! the corpus is empty\n");
        return 1;
    }
    qsort(files->elts, (size_t)files->nelts, sizeof(const char *), by_name);
    printf("1..%d\n", files->nelts);
    for (i = 0; i < files->nelts; i++) {
        const char *file = APR_ARRAY_IDX(files, i, const char *);
        int ok = replay(file, p);

        bad += !ok;
        printf("%sok %d - %s\n", ok ? "" : "not ", i + 1, strrchr(file, '/') + 1);
        fflush(stdout);
    }
    return bad != 0;
}
