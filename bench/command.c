/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <string.h>
#include <apr_general.h>
#include "http.h"
#include "idp.h"

static const bench_command_t *named(int argc, char **argv, const bench_command_t *commands, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (argc == commands[i].arguments + 2 && strcmp(argv[1], commands[i].name) == 0)
            return &commands[i];
    }
    return NULL;
}

int bench_main(int argc, char **argv, const bench_command_t *commands, size_t n, const char *source, apr_pool_t **pool, saml_err_t *err)
{
    const bench_command_t *command = named(argc, argv, commands, n);

    if (!command)
        bench_die("expected a command and its arguments; see the head of %s", source);
    apr_initialize();
    apr_pool_create(pool, NULL);
    err->pool = *pool;
    bench_must(saml_library_init(err), err);
    command->run(argv + 2);
    apr_pool_destroy(*pool);
    apr_terminate();
    return 0;
}
