/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_H
#define FUZZ_H

/**
 * @file fuzz.h
 * What the entry points share. Each takes the octets that a stranger may send, in a pool of its own, and holds the
 * answer against what must be true of every answer. libFuzzer drives them, or fuzz/replay_main.c the stored corpus.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "saml/saml.h"

#define FUZZ_NOW APR_TIME_C(1772442930000000)   /* 2026-03-02T09:15:30Z, when the fixtures are valid */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Ends the program: `what` is not true of the answer to this input. */
#define FUZZ_MUST(what)                                                                 \
    do {                                                                                \
        if (!(what)) {                                                                  \
            fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #what);         \
            abort();                                                                    \
        }                                                                               \
    } while (0)

/** The pool that lives as long as the process, with the library set up. It is ended by apr_terminate, for leaks to be seen. */
static inline apr_pool_t *fuzz_pool(void)
{
    static apr_pool_t *pool;
    saml_err_t err = { .pool = NULL };

    if (!pool) {
        FUZZ_MUST(apr_initialize() == APR_SUCCESS);
        FUZZ_MUST(atexit(apr_terminate) == 0);
        FUZZ_MUST(apr_pool_create(&pool, NULL) == APR_SUCCESS);
        err.pool = pool;
        FUZZ_MUST(saml_library_init(&err) == SAML_OK);
    }
    return pool;
}

/** A refusal names its status and gives a reason, one that is printable and bounded. */
static inline void fuzz_check_refusal(saml_status_t status, const saml_err_t *err)
{
    const char *c;

    FUZZ_MUST(status > SAML_OK && status < SAML_STATUS_COUNT);
    FUZZ_MUST(err->status == status);
    FUZZ_MUST(err->reason != NULL && strlen(err->reason) < 4096);
    for (c = err->reason; *c; c++)
        FUZZ_MUST((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f);
}

#endif
