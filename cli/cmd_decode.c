/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso decode: what a message says, without any claim that it is true. */

#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "har.h"
#include "messages.h"
#include "show.h"

#define COMMAND "decode"

static const char HELP[] =
    "Usage: saml-sso decode [--xml] FILE|-|URL\n"
    "\n"
    "Show a SAML message as indented XML and tell in plain language what it says. Nothing is verified:\n"
    "\"saml-sso verify\" does that. The input (- is standard input) is one of\n"
    "  the base64 value of SAMLResponse or SAMLRequest, percent-encoded or not,\n"
    "  a redirect URL or its query, or a whole form body,\n"
    "  XML, or an HTML page with the form in it,\n"
    "  a HAR file as browsers save it (every message in it is shown; it may hold passwords and cookies).\n"
    "\n"
    "  --xml     only the XML\n"
    "  --help    this\n"
    "\n"
    "Exit status: 0 shown, 1 no SAML message in it, 2 could not run.\n"
    "\n"
    "Example:\n"
    "  saml-sso decode 'https://login.microsoftonline.com/common/saml2?SAMLRequest=fZHNbsIwEIR...'\n";

static const cli_option_t OPTIONS[] = {
    { "xml", NULL },
    { "help", NULL },
    { NULL, NULL }
};

typedef struct {
    apr_pool_t *p;
    const char *input;
    int xml_only;
    int help;
} decode_t;

static int read_options(decode_t *d, int argc, const char *const *argv)
{
    cli_args_t args = { d->p, argc, argv, OPTIONS, 1, 0, NULL, NULL };
    cli_arg_t kind;

    while ((kind = cli_args_next(&args)) != CLI_ARG_END) {
        if (kind == CLI_ARG_BAD)
            return CLI_CANNOT;
        if (kind == CLI_ARG_OPTION) {
            d->xml_only |= cli_args_is(&args, "xml");
            d->help |= cli_args_is(&args, "help");
            continue;
        }
        if (d->input)
            return cli_misused(COMMAND, "expected one FILE, got also %s", saml_quote(d->p, args.value));
        d->input = args.value;
    }
    return CLI_OK;
}

/* An address on the command line is the message itself; nothing is ever fetched. */
static int is_url(const char *input)
{
    return strncmp(input, "https://", 8) == 0 || strncmp(input, "http://", 7) == 0;
}

static int read_input(const char **data, apr_size_t *len, const decode_t *d)
{
    if (is_url(d->input)) {
        *data = d->input;
        *len = strlen(d->input);
        return CLI_OK;
    }
    return cli_read_either(data, len, d->input, CLI_MAX_INPUT_BYTES, CLI_MAX_HAR_BYTES, COMMAND, d->p);
}

static saml_status_t show(const decode_t *d, const cli_message_t *m, saml_err_t *err)
{
    saml_doc_t *doc = NULL;

    SAML_TRY(saml_doc_parse(&doc, m->xml, m->len, SAML_MAX_MESSAGE_BYTES, "message", d->p, err));
    cli_print_xml(saml_doc_root(doc));
    if (!d->xml_only) {
        putchar('\n');
        cli_print_account(m, doc, apr_time_now(), d->p);
    }
    return SAML_OK;
}

/* One that cannot be parsed does not keep the others of a HAR file from being shown. */
static int show_all(const decode_t *d, const apr_array_header_t *messages)
{
    saml_err_t err = { .pool = d->p };
    int i, code = CLI_OK;

    for (i = 0; i < messages->nelts; i++) {
        const cli_message_t *m = &APR_ARRAY_IDX(messages, i, cli_message_t);

        if (messages->nelts > 1 && !d->xml_only)
            printf("%s---- message %d of %d ----\n", i ? "\n" : "", i + 1, messages->nelts);
        if (show(d, m, &err) != SAML_OK) {
            printf("not readable [%s]: %s\n", saml_status_name(err.status), err.reason);
            code = CLI_REFUSED;
        }
    }
    return code;
}

static int run(const decode_t *d)
{
    saml_err_t err = { .pool = d->p };
    apr_array_header_t *messages;
    const char *data;
    apr_size_t len;

    if (read_input(&data, &len, d) != CLI_OK)
        return CLI_CANNOT;
    if (len > CLI_MAX_HAR_BYTES)
        return cli_cannot(COMMAND, "input: expected at most %d bytes, got more", CLI_MAX_HAR_BYTES);
    if (cli_messages_read(&messages, data, len, d->p, &err) != SAML_OK) {
        fprintf(stderr, "saml-sso decode: no SAML message [%s]: %s\n", saml_status_name(err.status), err.reason);
        return CLI_REFUSED;
    }
    return show_all(d, messages);
}

int cli_decode(int argc, const char *const *argv, apr_pool_t *p)
{
    decode_t d = { .p = p };

    if (read_options(&d, argc, argv) != CLI_OK)
        return CLI_CANNOT;
    if (d.help) {
        fputs(HELP, stdout);
        return cli_finish(CLI_OK, COMMAND);
    }
    if (!d.input)
        return cli_misused(COMMAND, "expected a FILE, a URL, or - for standard input, got none");
    return cli_finish(run(&d), COMMAND);
}
