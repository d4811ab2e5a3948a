/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_H
#define CLI_H

/** @file cli.h What the parts of `saml-sso` share: exit codes, options, files, safe printing. */

#include "saml/saml.h"

/** Exit codes, the same for every command. */
#define CLI_OK       0
#define CLI_REFUSED  1      /* what was read says no, or cannot be made sense of */
#define CLI_CANNOT   2      /* could not run: options, files */

/** One command. `argv[0]` is its name. */
typedef int cli_command_fn(int argc, const char *const *argv, apr_pool_t *p);

cli_command_fn cli_check;
cli_command_fn cli_verify;
cli_command_fn cli_decode;
cli_command_fn cli_metadata;
cli_command_fn cli_keygen;
cli_command_fn cli_relay_state;
cli_command_fn cli_sessions;
cli_command_fn cli_setup;
cli_command_fn cli_explain;

/* ---- options.c ---------------------------------------------------------- */

/** An option that a command knows. */
typedef struct {
    const char *name;       /* without "--" */
    const char *value;      /* what its value is called in messages; NULL: it takes none */
} cli_option_t;

typedef enum {
    CLI_ARG_OPTION,
    CLI_ARG_OPERAND,
    CLI_ARG_END,
    CLI_ARG_BAD             /* said on stderr what was wrong */
} cli_arg_t;

/** Where the reading of a command line stands. Set the first five, zero the rest. */
typedef struct {
    apr_pool_t *pool;
    int argc;
    const char *const *argv;
    const cli_option_t *known;  /* ends with a NULL name */
    int at;                     /* start with 1 */
    int only_operands;          /* "--" was seen */
    const char *name;           /* of the option just read */
    const char *value;          /* its value, or the operand */
} cli_args_t;

/** Read the next one: `--name value`, `--name=value`, an operand ("-" is one), the end. Empty values are refused. */
cli_arg_t cli_args_next(cli_args_t *args);

/** Whether the option just read is `name`. */
int cli_args_is(const cli_args_t *args, const char *name);

/** What a command does with an option or an operand. @return CLI_OK, or CLI_CANNOT after a sentence on stderr */
typedef int cli_take_fn(void *baton, const cli_args_t *args, cli_arg_t kind);

/** Have `take` called for each. @return CLI_OK, or CLI_CANNOT after a sentence on stderr */
int cli_args_each(cli_take_fn *take, void *baton, const cli_option_t *known, int argc, const char *const *argv, apr_pool_t *p);

/** Put the value where there is none yet; `name` is for people: "--store", "USER". @return CLI_OK, or CLI_CANNOT after a sentence on stderr */
int cli_set_once(const char **slot, const char *name, const cli_args_t *args);

/** "saml-sso verify: ..." on stderr, and where help is. @return CLI_CANNOT */
int cli_misused(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** "saml-sso verify: ..." on stderr. @return CLI_CANNOT */
int cli_cannot(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A whole decimal number from `min` to `max`. @return whether `text` is one */
int cli_number(int *out, const char *text, int min, int max);

/* ---- input.c ------------------------------------------------------------ */

/**
 * Read a whole file, or standard input for "-".
 * @param out_len  max_bytes + 1 when there is more than that: the caller says what it means
 * @return CLI_OK, or CLI_CANNOT after a sentence on stderr
 */
int cli_read(const char **out, apr_size_t *out_len, const char *file, apr_size_t max_bytes, const char *command,
             apr_pool_t *p);

/** The same; what begins like a JSON object, as a HAR file does, may have `max_json_bytes`. */
int cli_read_either(const char **out, apr_size_t *out_len, const char *file, apr_size_t max_bytes,
                    apr_size_t max_json_bytes, const char *command, apr_pool_t *p);

/** See that everything printed has reached stdout. @return `code`, or CLI_CANNOT after a sentence on stderr */
int cli_finish(int code, const char *command);

/**
 * `text` as a terminal may have it: valid UTF-8 stays, control characters, directional overrides and stray
 * octets are escaped. NULL gives "none".
 */
const char *cli_printable(apr_pool_t *p, const char *text);

/** "in 5 min", "3 h 20 min ago", seen from `now`. */
const char *cli_relative_time(apr_pool_t *p, apr_time_t t, apr_time_t now);

#endif
