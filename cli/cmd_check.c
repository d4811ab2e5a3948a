/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso check: a configuration file -> what is wrong with it, by httpd's own test with the module in it. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include "check.h"
#include "config.h"

#define MODULE_FILE "mod_saml_sso.so"
#ifndef CLI_MODULE
#define CLI_MODULE CLI_HTTPD_MODULES "/" MODULE_FILE
#endif
#define MAX_FILE_BYTES (1024 * 1024)
#define USUAL_SERVER_NAME "www.example.org"
#define MAX_ROUNDS 40           /* each adds a module */

static const char HELP[] =
    "Usage: saml-sso check [OPTION]... FILE\n"
    "\n"
    "Let httpd test a configuration file, a whole one or a piece that others include, and print what is wrong: file and\n"
    "line, what was expected, what was found, how to mend it. Then, what the portal must hold for each application.\n"
    "No server is started, nothing on disk is changed. What the file has httpd load (LoadModule, LoadFile, Perl) is run\n"
    "by that, with your rights, as by httpd -t: look at a stranger's file before you check it as root.\n"
    "\n"
    "  --httpd FILE         the program, default " CLI_HTTPD "\n"
    "  --module FILE        " MODULE_FILE ", default beside saml-sso, else where it is installed\n"
    "  --modules DIR        httpd's own modules, default " CLI_HTTPD_MODULES "\n"
    "  --server-root DIR    what relative file names start from, default httpd's own\n"
    "  --server-name NAME   for a piece that has no ServerName, default " USUAL_SERVER_NAME "\n"
    "  --define NAME[=TEXT] as by Define, or httpd -D; may be repeated\n"
    "  --help               this\n"
    "\n"
    "Exit status: 0 nothing wrong, 1 something is, 2 could not run.\n"
    "\n"
    "Example:\n"
    "  saml-sso check /etc/apache2/conf-available/sso.conf\n";

static const cli_option_t OPTIONS[] = {
    { "httpd", "httpd's program" },
    { "module", "the file " MODULE_FILE },
    { "modules", "a folder of modules" },
    { "server-root", "a folder" },
    { "server-name", "a name such as www.example.org" },
    { "define", "a name, or NAME=TEXT" },
    { "help", NULL },
    { NULL, NULL }
};

typedef struct {
    check_t c;
    apr_array_header_t *defines;
    const char *file;
    int help;
} options_t;

/* ---- options ------------------------------------------------------------ */

static int take(void *baton, const cli_args_t *args, cli_arg_t kind)
{
    options_t *o = baton;

    if (kind == CLI_ARG_OPERAND)
        return cli_set_once(&o->file, "FILE", args);
    if (cli_args_is(args, "httpd"))
        return cli_set_once(&o->c.httpd, "--httpd", args);
    if (cli_args_is(args, "module"))
        return cli_set_once(&o->c.module, "--module", args);
    if (cli_args_is(args, "modules"))
        return cli_set_once(&o->c.modules, "--modules", args);
    if (cli_args_is(args, "server-root"))
        return cli_set_once(&o->c.server_root, "--server-root", args);
    if (cli_args_is(args, "server-name"))
        return cli_set_once(&o->c.server_name, "--server-name", args);
    if (cli_args_is(args, "define"))
        APR_ARRAY_PUSH(o->defines, const char *) = args->value;
    o->help |= cli_args_is(args, "help");
    return CLI_OK;
}

/* ---- where things lie --------------------------------------------------- */

/* The program's own folder; NULL where the system does not tell. */
static const char *own_folder(apr_pool_t *p)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);

    if (len <= 0)
        return NULL;
    path[len] = '\0';
    *strrchr(path, '/') = '\0';
    return apr_pstrdup(p, path);
}

static const char *find_module(apr_pool_t *p)
{
    const char *folder = own_folder(p);
    const char *beside = folder ? apr_pstrcat(p, folder, "/" MODULE_FILE, NULL) : NULL;

    return beside && access(beside, R_OK) == 0 ? beside : CLI_MODULE;
}

/* What may stand between quotes in httpd's configuration as it is. */
static int is_plain(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || strchr("\"\\${}*?[]", *text))
            return 0;
    }
    return 1;
}

/* `name` as an absolute one, which is there and of which httpd's configuration can speak. */
static int make_absolute(const char **name, const char *option, int is_folder, apr_pool_t *p)
{
    char path[PATH_MAX];
    struct stat st;

    if (!realpath(*name, path) || stat(path, &st) != 0 || is_folder != (S_ISDIR(st.st_mode) != 0))
        return cli_cannot(CHECK_COMMAND, "%s: expected a %s that is there, got %s", option, is_folder ? "folder" : "file",
                          saml_quote(p, *name));
    if (!is_plain(path))
        return cli_cannot(CHECK_COMMAND, "%s: expected a name without quotes, backslashes and any of $ { } * ? [ ], got %s",
                          option, saml_quote(p, path));
    *name = apr_pstrdup(p, path);
    return CLI_OK;
}

static int is_define(const char *text)
{
    apr_size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    return len > 0 && (!text[len] || (text[len] == '=' && is_plain(text + len + 1)));
}

static int is_server_name(const char *text)
{
    return !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:/")];
}

static int check_texts(options_t *o)
{
    for (int i = 0; i < o->defines->nelts; i++) {
        const char *define = APR_ARRAY_IDX(o->defines, i, const char *);

        if (!is_define(define))
            return cli_misused(CHECK_COMMAND, "--define: expected NAME or NAME=TEXT, the name of letters, digits and _, the "
                               "text without quotes, got %s", saml_quote(o->c.p, define));
    }
    if (!is_server_name(o->c.server_name))
        return cli_misused(CHECK_COMMAND, "--server-name: expected a name such as www.example.org, got %s",
                           saml_quote(o->c.p, o->c.server_name));
    return CLI_OK;
}

static int check_options(options_t *o)
{
    check_t *c = &o->c;

    if (!o->file)
        return cli_misused(CHECK_COMMAND, "expected a FILE, got none");
    c->file = o->file;
    c->defines = o->defines;
    c->httpd = c->httpd ? c->httpd : CLI_HTTPD;
    c->modules = c->modules ? c->modules : CLI_HTTPD_MODULES;
    c->module = c->module ? c->module : find_module(c->p);
    c->server_name = c->server_name ? c->server_name : USUAL_SERVER_NAME;
    if (check_texts(o) != CLI_OK || make_absolute(&c->file, "FILE", 0, c->p) != CLI_OK
        || make_absolute(&c->httpd, "--httpd", 0, c->p) != CLI_OK || make_absolute(&c->module, "--module", 0, c->p) != CLI_OK
        || make_absolute(&c->modules, "--modules", 1, c->p) != CLI_OK)
        return CLI_CANNOT;
    return c->server_root ? make_absolute(&c->server_root, "--server-root", 1, c->p) : CLI_OK;
}

/* ---- the check ---------------------------------------------------------- */

/* The word behind `start` in what httpd said, up to a quote or the end of the line; NULL where it said no such thing. */
static const char *word_after(const char *said, const char *start, apr_pool_t *p)
{
    const char *at = strstr(said, start);

    return at ? apr_pstrmemdup(p, at + strlen(start), strcspn(at + strlen(start), "'\r\n")) : NULL;
}

/* What httpd misses is loaded where it is to be had. @return whether there is anything new to try */
static int load_what_is_missing(check_t *c, const check_answer_t *answer)
{
    const char *directive = word_after(answer->said, "Invalid command '", c->p);
    const char *provider = word_after(answer->said, "Unknown Authz provider: ", c->p);
    const char *module = directive ? check_module_of(directive) : provider ? check_module_of_provider(provider) : NULL;

    if (strstr(answer->said, "More than one MPM loaded") && !c->has_mpm) {
        c->has_mpm = 1;
        return check_unload_mpm(c);
    }
    return module && check_load(c, module);
}

static void load_usual(check_t *c)
{
    static const char *const mpms[] = { "mpm_event", "mpm_worker", "mpm_prefork" };
    static const char *const usual[] = { "authz_core", "authn_core", "authz_user", "authz_host", "unixd", "log_config" };

    for (apr_size_t i = 0; c->loaded->nelts == 0 && i < sizeof mpms / sizeof mpms[0]; i++)
        (void)check_load(c, mpms[i]);
    for (apr_size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        (void)check_load(c, usual[i]);
}

static int look(check_t *c, check_answer_t *answer)
{
    int rounds = 0;

    do {
        if (check_run(answer, c) != CLI_OK)
            return CLI_CANNOT;
    } while (!answer->is_good && ++rounds < MAX_ROUNDS && load_what_is_missing(c, answer));
    return CLI_OK;
}

static void print_modules(const check_t *c, int from)
{
    if (from < c->loaded->nelts) {
        printf("httpd needs, besides saml_sso:");
        for (int i = from; i < c->loaded->nelts; i++)
            printf(" %s", APR_ARRAY_IDX(c->loaded, i, const char *));
        printf("\n");
    }
}

static int print_findings(const check_t *c, const apr_array_header_t *findings)
{
    int wrong = 0;

    for (int i = 0; i < findings->nelts; i++) {
        const check_finding_t *finding = &APR_ARRAY_IDX(findings, i, check_finding_t);

        wrong += !finding->is_warning;
        check_print_finding(c, finding);
    }
    return wrong;
}

static int run(check_t *c)
{
    check_answer_t answer;
    apr_size_t len;
    const char *text;
    int usual, wrong;

    if (cli_read(&text, &len, c->file, MAX_FILE_BYTES, CHECK_COMMAND, c->p) != CLI_OK)
        return CLI_CANNOT;
    if (len > MAX_FILE_BYTES || strlen(text) != len)
        return cli_cannot(CHECK_COMMAND, "%s: expected a text of at most %d bytes, got %s", cli_printable(c->p, c->file),
                          MAX_FILE_BYTES, len > MAX_FILE_BYTES ? "more" : "NUL octets in it");
    c->loaded = apr_array_make(c->p, 8, sizeof(const char *));
    load_usual(c);
    usual = c->loaded->nelts;
    check_load_conditional(c, text);
    /* Metadata is fetched by it. Where it is built in, as with Debian, there is nothing to load. */
    if (strstr(text, "SAMLEntra") || strstr(text, "SAMLIdPMetadata"))
        (void)check_load(c, "watchdog");
    if (check_prepare(c) != CLI_OK || look(c, &answer) != CLI_OK)
        return CLI_CANNOT;
    wrong = print_findings(c, check_findings(c, &answer));
    if (!answer.is_good) {
        if (wrong == 0)
            return cli_cannot(CHECK_COMMAND, "%s -t: expected a reason for its refusal, got none", cli_printable(c->p, c->httpd));
        printf("%d wrong. httpd stops at the first mistake of some kinds: mend it, and check again.\n", wrong);
        return CLI_REFUSED;
    }
    printf("Nothing wrong.\n");
    print_modules(c, usual);
    if (check_print_portal(c, answer.dump) == 0)
        printf("There is no application in it: neither SAMLEntra nor SAMLIdPMetadata nor SAMLIdPIdentifier.\n");
    return CLI_OK;
}

int cli_check(int argc, const char *const *argv, apr_pool_t *p)
{
    options_t o = { .c = { .p = p }, .defines = apr_array_make(p, 1, sizeof(const char *)) };

    if (cli_args_each(take, &o, OPTIONS, argc, argv, p) != CLI_OK)
        return CLI_CANNOT;
    if (o.help) {
        fputs(HELP, stdout);
        return cli_finish(CLI_OK, CHECK_COMMAND);
    }
    if (check_options(&o) != CLI_OK)
        return CLI_CANNOT;
    return cli_finish(run(&o.c), CHECK_COMMAND);
}
