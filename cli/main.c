/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso: the library at the command line. */

#include <stdio.h>
#include <string.h>
#include <apr_general.h>
#include "cli.h"
#include "config.h"

static const struct {
    const char *name;
    cli_command_fn *run;
    const char *help;
} COMMANDS[] = {
    { "verify",      cli_verify,      "check a SAML response offline, with the checks of the module's ACS" },
    { "decode",      cli_decode,      "show what a SAML message says: form value, redirect URL, XML, HAR file" },
    { "metadata",    cli_metadata,    "write the metadata of a service provider, or read that of an identity provider" },
    { "keygen",      cli_keygen,      "make a key and a self-signed certificate" },
    { "setup",       cli_setup,       "from tenant and application to a configuration and the values for Entra's portal" },
    { "check",       cli_check,       "a configuration file: what is wrong with it, and what the portal must hold for it" },
    { "relay-state", cli_relay_state, "make the value for the portal's Relay State field" },
    { "sessions",    cli_sessions,    "who is signed on, and ending all sessions of a user" },
    { "explain",     cli_explain,     "say what an error code means and how to mend it: AADSTS50105, NoPassive, recipient" },
};
#define COMMAND_COUNT (sizeof COMMANDS / sizeof COMMANDS[0])

static void print_usage(FILE *f)
{
    apr_size_t i;

    fputs("Usage: saml-sso COMMAND [OPTION]...\n\nCommands:\n", f);
    for (i = 0; i < COMMAND_COUNT; i++)
        fprintf(f, "  %-12s %s\n", COMMANDS[i].name, COMMANDS[i].help);
    fputs("\n\"saml-sso COMMAND --help\" tells the options of each, with an example.\n"
          "Exit status: 0 yes, 1 refused, 2 could not run.\n\n"
          "Example:\n"
          "  saml-sso decode response.txt\n", f);
}

/* What stands for the name of a command but is none. */
static int run_general(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_usage(stdout);
        return cli_finish(CLI_OK, "help");
    }
    if (strcmp(word, "--version") == 0) {
        printf("saml-sso (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
        return cli_finish(CLI_OK, "version");
    }
    fprintf(stderr, "saml-sso: expected a command, got \"%.60s\"\n\n", word);
    print_usage(stderr);
    return CLI_CANNOT;
}

static int run_command(int argc, const char *const *argv, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };
    apr_size_t i;

    if (argc < 2) {
        fputs("saml-sso: expected a command, got none\n\n", stderr);
        print_usage(stderr);
        return CLI_CANNOT;
    }
    for (i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], COMMANDS[i].name) == 0)
            break;
    if (i == COMMAND_COUNT)
        return run_general(argv[1]);
    if (saml_library_init(&err) != SAML_OK)
        return cli_cannot(argv[1], "the libraries cannot be set up: %s", err.reason);
    return COMMANDS[i].run(argc - 1, argv + 1, p);
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *p;
    int code;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS) {
        fputs("saml-sso: out of memory\n", stderr);
        return CLI_CANNOT;
    }
    code = run_command(argc, argv, p);
    apr_pool_destroy(p);
    apr_terminate();
    return code;
}
