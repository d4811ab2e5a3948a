/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of the command line, and what is said when it cannot be used. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "cli.h"

__attribute__((format(printf, 2, 0)))
static void say(const char *command, const char *fmt, va_list ap)
{
    fprintf(stderr, "saml-sso %s: ", command);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

int cli_misused(const char *command, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(command, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\"saml-sso %s --help\" shows the options and an example.\n", command);
    return CLI_CANNOT;
}

int cli_cannot(const char *command, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(command, fmt, ap);
    va_end(ap);
    return CLI_CANNOT;
}

static const cli_option_t *find_option(const cli_args_t *args, const char *name, apr_size_t len)
{
    const cli_option_t *o;

    for (o = args->known; o->name; o++)
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

/* The value after "=" or in the next argument. */
static cli_arg_t take_value(cli_args_t *args, const cli_option_t *o, const char *equals)
{
    if (equals)
        args->value = equals + 1;
    else if (args->at < args->argc)
        args->value = args->argv[args->at++];
    else
        args->value = NULL;
    if (!args->value || !*args->value) {
        cli_misused(args->argv[0], "--%s: expected %s, got %s", o->name, o->value,
                    args->value ? "an empty value" : "nothing");
        return CLI_ARG_BAD;
    }
    return CLI_ARG_OPTION;
}

static cli_arg_t read_option(cli_args_t *args, const char *text)
{
    const char *equals = strchr(text, '=');
    const cli_option_t *o = find_option(args, text + 2, equals ? (apr_size_t)(equals - text) - 2 : strlen(text + 2));

    if (!o) {
        cli_misused(args->argv[0], "there is no option %s", saml_quote(args->pool, text));
        return CLI_ARG_BAD;
    }
    args->name = o->name;
    if (o->value)
        return take_value(args, o, equals);
    if (equals) {
        cli_misused(args->argv[0], "--%s: expected no value, got %s", o->name, saml_quote(args->pool, equals + 1));
        return CLI_ARG_BAD;
    }
    return CLI_ARG_OPTION;
}

cli_arg_t cli_args_next(cli_args_t *args)
{
    const char *text;

    if (args->at >= args->argc)
        return CLI_ARG_END;
    text = args->argv[args->at++];
    if (!args->only_operands && strcmp(text, "--") == 0) {
        args->only_operands = 1;
        return cli_args_next(args);
    }
    if (!args->only_operands && strncmp(text, "--", 2) == 0)
        return read_option(args, text);
    if (!args->only_operands && text[0] == '-' && text[1]) {
        cli_misused(args->argv[0], "there is no option %s", saml_quote(args->pool, text));
        return CLI_ARG_BAD;
    }
    args->value = text;
    return CLI_ARG_OPERAND;
}

int cli_args_is(const cli_args_t *args, const char *name)
{
    return strcmp(args->name, name) == 0;
}

int cli_args_each(cli_take_fn *take, void *baton, const cli_option_t *known, int argc, const char *const *argv, apr_pool_t *p)
{
    cli_args_t args = { p, argc, argv, known, 1, 0, NULL, NULL };
    cli_arg_t kind;

    while ((kind = cli_args_next(&args)) != CLI_ARG_END) {
        if (kind == CLI_ARG_BAD || take(baton, &args, kind) != CLI_OK)
            return CLI_CANNOT;
    }
    return CLI_OK;
}

int cli_set_once(const char **slot, const char *name, const cli_args_t *args)
{
    if (*slot)
        return cli_misused(args->argv[0], "%s: expected once, got %s too", name, saml_quote(args->pool, args->value));
    *slot = args->value;
    return CLI_OK;
}

int cli_number(int *out, const char *text, int min, int max)
{
    apr_size_t digits = strspn(text, "0123456789");
    long n;

    if (digits == 0 || digits > 9 || text[digits])
        return 0;
    n = strtol(text, NULL, 10);
    if (n < min || n > max)
        return 0;
    *out = (int)n;
    return 1;
}
