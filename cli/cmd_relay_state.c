/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso relay-state: the value for the portal's "Relay State" field that leads to a page of ours, and to nothing else. */

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "cli.h"
#include "saml/relay_state.h"

#define COMMAND "relay-state"
#define MAX_SECRET_FILE_BYTES (64 * 1024)
#define MAX_IDENTIFIER_BYTES 1024       /* SAML Core 8.3.6 */
#define MAX_NAME_BYTES 32               /* of a <SAMLApplication> */
#define OWN_APPLICATION "default"       /* the virtual host's own, as SAMLApplication has it */

static const char HELP[] =
    "Usage: saml-sso relay-state --secret FILE --identifier URI [--application NAME] TARGET\n"
    "\n"
    "Print the value to paste into \"Relay State\" of the identity provider, so that sign-on which begins there (My Apps,\n"
    "a tile) lands on TARGET. It is sealed with SAMLSecret: nobody without it makes such a value, and it leads to\n"
    "a page of that application or is refused. The application needs \"SAMLIdPInitiated on\".\n"
    "\n"
    "  --secret FILE       SAMLSecret, the file that httpd has\n"
    "  --identifier URI    SAMLIdentifier of the application; httpd -t -D DUMP_SAML shows both\n"
    "  --application NAME  of its <SAMLApplication>, default \"default\": the virtual host's own\n"
    "  TARGET              a path such as /app/?tab=2, or a URL of that application's host\n"
    "  --help              this\n"
    "\n"
    "The value holds as long as its secret is in the file. Of a RelayState 80 bytes are safe, which a target of 30\n"
    "fills; for a longer one give it a name: SAMLRelayState NAME TARGET, and paste NAME.\n"
    "\n"
    "Exit status: 0 printed, 2 could not run.\n"
    "\n"
    "Example:\n"
    "  saml-sso relay-state --secret /etc/apache2/saml/secret --identifier https://app.example.com/saml/metadata /app/\n";

static const cli_option_t OPTIONS[] = {
    { "secret", "a file of secrets" },
    { "identifier", "an entity ID" },
    { "application", "the name of an application" },
    { "help", NULL },
    { NULL, NULL }
};

typedef struct {
    apr_pool_t *p;
    const char *secret;
    const char *identifier;
    const char *application;
    const char *target;
    int help;
} relay_state_t;

static int take(void *baton, const cli_args_t *args, cli_arg_t kind)
{
    relay_state_t *c = baton;

    if (kind == CLI_ARG_OPERAND)
        return cli_set_once(&c->target, "TARGET", args);
    if (cli_args_is(args, "secret"))
        return cli_set_once(&c->secret, "--secret", args);
    if (cli_args_is(args, "identifier"))
        return cli_set_once(&c->identifier, "--identifier", args);
    if (cli_args_is(args, "application"))
        return cli_set_once(&c->application, "--application", args);
    c->help = 1;
    return CLI_OK;
}

/* ---- what was given ----------------------------------------------------- */

static int is_printable(const char *text)
{
    while (*text > 0x20 && *text < 0x7f)
        text++;
    return !*text;
}

static int is_name(const char *text)
{
    apr_size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return len > 0 && len <= MAX_NAME_BYTES && !text[len];
}

/* As the module would refuse it: what it knows besides is which hosts are its own. */
static int is_target(const char *text)
{
    if (!is_printable(text) || strpbrk(text, "\\\"<>"))
        return 0;
    if (text[0] == '/')
        return text[1] != '/';
    return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

static int check_options(const relay_state_t *c)
{
    if (!c->secret)
        return cli_misused(COMMAND, "expected --secret FILE, got none");
    if (!c->identifier)
        return cli_misused(COMMAND, "expected --identifier URI, got none");
    if (!is_printable(c->identifier) || strlen(c->identifier) > MAX_IDENTIFIER_BYTES)
        return cli_misused(COMMAND, "--identifier: expected 1 to %d printable ASCII characters without spaces, got %s",
                           MAX_IDENTIFIER_BYTES, saml_quote(c->p, c->identifier));
    if (c->application && !is_name(c->application))
        return cli_misused(COMMAND, "--application: expected up to %d letters, digits, - _, got %s", MAX_NAME_BYTES,
                           saml_quote(c->p, c->application));
    if (!c->target)
        return cli_misused(COMMAND, "expected a TARGET, got none");
    if (!is_target(c->target))
        return cli_misused(COMMAND, "TARGET: expected a path such as /app/ or an https URL, in printable ASCII without "
                           "spaces, quotes or backslashes, got %s", saml_quote(c->p, c->target));
    return CLI_OK;
}

/* ---- the value ---------------------------------------------------------- */

static int load_secret(saml_secret_t **out, const relay_state_t *c)
{
    saml_err_t err = { .pool = c->p };
    apr_size_t len;
    const char *text;

    if (cli_read(&text, &len, c->secret, MAX_SECRET_FILE_BYTES, COMMAND, c->p) != CLI_OK)
        return CLI_CANNOT;
    if (len > MAX_SECRET_FILE_BYTES)
        return cli_cannot(COMMAND, "%s: expected at most %d bytes of secrets, got more", cli_printable(c->p, c->secret),
                          MAX_SECRET_FILE_BYTES);
    if (saml_secret_parse(out, text, len, cli_printable(c->p, c->secret), c->p, &err) != SAML_OK)
        return cli_cannot(COMMAND, "%s", err.reason);
    return CLI_OK;
}

static int run(const relay_state_t *c)
{
    int is_own = !c->application || strcmp(c->application, OWN_APPLICATION) == 0;
    saml_relay_state_for_t whose = { is_own ? "" : c->application, c->identifier };
    saml_err_t err = { .pool = c->p };
    saml_secret_t *secret = NULL;
    const char *value;

    if (load_secret(&secret, c) != CLI_OK)
        return CLI_CANNOT;
    if (saml_relay_state_seal(&value, secret, &whose, c->target, c->p, &err) != SAML_OK)
        return cli_cannot(COMMAND, "%s", err.reason);
    if (strlen(value) > SAML_RELAY_STATE_SAFE_BYTES)
        fprintf(stderr, "saml-sso %s: the value has %d bytes, and only %d are safe (SAML Bindings 3.4.3). Shorter: give the "
                "target a name in httpd's configuration, \"SAMLRelayState NAME %s\", and paste NAME instead.\n", COMMAND,
                (int)strlen(value), SAML_RELAY_STATE_SAFE_BYTES, c->target);
    printf("%s\n", value);
    return CLI_OK;
}

int cli_relay_state(int argc, const char *const *argv, apr_pool_t *p)
{
    relay_state_t c = { .p = p };

    if (cli_args_each(take, &c, OPTIONS, argc, argv, p) != CLI_OK)
        return CLI_CANNOT;
    if (c.help) {
        fputs(HELP, stdout);
        return cli_finish(CLI_OK, COMMAND);
    }
    if (check_options(&c) != CLI_OK)
        return CLI_CANNOT;
    return cli_finish(run(&c), COMMAND);
}
