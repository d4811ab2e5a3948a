/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

/** @file command.h A program of several commands, each with so many arguments; which ones the head of its source says. */

#include "saml/saml.h"

typedef struct {
    const char *name;
    int arguments;
    void (*run)(char **argument);
} bench_command_t;

/**
 * A whole main(): `pool` and `err` are made, the library is set up, and the one of `n` commands that `argv` names is run.
 * @param source  whose head says what is expected
 */
int bench_main(int argc, char **argv, const bench_command_t *commands, size_t n, const char *source, apr_pool_t **pool, saml_err_t *err);

#endif
