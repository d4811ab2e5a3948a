/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso explain: what a code means and how to mend it, in the words of page and log. */

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "cli.h"
#include "saml/aadsts.h"
#include "saml/explain.h"

#define COMMAND "explain"

static const char HELP[] =
    "Usage: saml-sso explain CODE...\n"
    "       saml-sso explain --list\n"
    "\n"
    "Tell what a code means, who can mend it, and how, in the words of the error page and of the log. CODE is one of\n"
    "  a code of Entra's: AADSTS50105, 50105, or a text in which one stands,\n"
    "  a status code of SAML: urn:oasis:names:tc:SAML:2.0:status:NoPassive, or NoPassive,\n"
    "  a status name of the module's: recipient, overage, access-denied.\n"
    "\n"
    "  --list    every code that is known, with its meaning\n"
    "  --help    this\n"
    "\n"
    "Exit status: 0 explained, 1 one is not known, 2 could not run.\n"
    "\n"
    "Example:\n"
    "  saml-sso explain AADSTS50105\n";

static const cli_option_t OPTIONS[] = {
    { "list", NULL },
    { "help", NULL },
    { NULL, NULL }
};

typedef struct {
    apr_pool_t *p;
    apr_array_header_t *codes;  /* const char * */
    int list;
    int help;
} explain_t;

static int read_options(explain_t *e, int argc, const char *const *argv)
{
    cli_args_t args = { e->p, argc, argv, OPTIONS, 1, 0, NULL, NULL };
    cli_arg_t kind;

    while ((kind = cli_args_next(&args)) != CLI_ARG_END) {
        if (kind == CLI_ARG_BAD)
            return CLI_CANNOT;
        if (kind == CLI_ARG_OPTION) {
            e->list |= cli_args_is(&args, "list");
            e->help |= cli_args_is(&args, "help");
            continue;
        }
        APR_ARRAY_PUSH(e->codes, const char *) = args.value;
    }
    return CLI_OK;
}

/* ---- one code ----------------------------------------------------------- */

static void print_line(const char *label, const char *text)
{
    printf("  %-11s %s\n", label, text);
}

static void print_code(const saml_code_words_t *w)
{
    printf("%s\n", w->name);
    print_line("meaning", w->meaning);
    print_line("who mends", saml_mender_words[w->mender].name);
    print_line("fix", w->fix);
}

static void print_refusal(const char *name, const saml_refusal_words_t *w)
{
    printf("%s\n", name);
    print_line("meaning", w->meaning);
    print_line("fix", w->fix);
    print_line("on the page", w->sentence);
}

static int explain_aadsts(const char *code, apr_pool_t *p)
{
    const saml_code_words_t *w = saml_aadsts_find(code);

    if (w)
        print_code(w);
    else
        printf("%s is not in this list; Microsoft's page on it may know it.\n", code);
    print_line("look-up", saml_aadsts_url(p, code));
    return w ? CLI_OK : CLI_REFUSED;
}

static int explain(const char *code, apr_pool_t *p)
{
    const char *aadsts = saml_aadsts_named(p, code);
    const saml_code_words_t *w = saml_explain_status_code(code);
    const saml_refusal_words_t *refusal = saml_explain_refusal(code);

    if (!aadsts)
        aadsts = saml_aadsts_in(p, code);
    if (aadsts)
        return explain_aadsts(aadsts, p);
    if (w)
        print_code(w);
    else if (refusal)
        print_refusal(code, refusal);
    else
        printf("%s is not known here. \"saml-sso explain --list\" shows what is. Codes of Entra's have %d to %d digits; "
               "Microsoft's page on them:\n  https://login.microsoftonline.com/error\n",
               saml_quote(p, code), SAML_AADSTS_MIN_DIGITS, SAML_AADSTS_MAX_DIGITS);
    return w || refusal ? CLI_OK : CLI_REFUSED;
}

static int explain_all(const explain_t *e)
{
    int i, code = CLI_OK;

    for (i = 0; i < e->codes->nelts; i++) {
        if (i)
            putchar('\n');
        if (explain(APR_ARRAY_IDX(e->codes, i, const char *), e->p) != CLI_OK)
            code = CLI_REFUSED;
    }
    return code;
}

/* ---- all codes ---------------------------------------------------------- */

static void list_codes(const char *title, const saml_code_words_t *w)
{
    printf("%s\n", title);
    for (; w->name; w++)
        printf("  %-24s  %s\n", w->name, w->meaning);
}

static void list_all(void)
{
    int i;

    printf("Status names of the module:\n");
    for (i = SAML_OK + 1; i < SAML_STATUS_COUNT; i++)
        printf("  %-24s  %s\n", saml_status_name((saml_status_t)i), saml_refusal_words[i].meaning);
    printf("  %-24s  %s\n", SAML_ACCESS_DENIED, saml_access_denied.words.meaning);
    list_codes("\nEntra:", saml_aadsts_words);
    list_codes("\nSAML status codes:", saml_status_code_words);
}

int cli_explain(int argc, const char *const *argv, apr_pool_t *p)
{
    explain_t e = { .p = p, .codes = apr_array_make(p, 4, sizeof(const char *)) };

    if (read_options(&e, argc, argv) != CLI_OK)
        return CLI_CANNOT;
    if (e.help) {
        fputs(HELP, stdout);
        return cli_finish(CLI_OK, COMMAND);
    }
    if (e.list && e.codes->nelts)
        return cli_misused(COMMAND, "expected --list or a CODE, got both");
    if (e.list) {
        list_all();
        return cli_finish(CLI_OK, COMMAND);
    }
    if (!e.codes->nelts)
        return cli_misused(COMMAND, "expected a CODE or --list, got none");
    return cli_finish(explain_all(&e), COMMAND);
}
