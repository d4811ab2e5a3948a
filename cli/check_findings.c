/* SPDX-License-Identifier: Apache-2.0 */
/* What httpd says of a configuration, line by line: where, what was expected, what was found, how to mend it. */

#include <stdio.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "check.h"

/* Lines that say nothing of the file. */
static int is_noise(const char *line)
{
    static const char *const noise[] = { "Syntax OK", "Configuration check failed", "already loaded, skipping",
                                         "Could not reliably determine the server's fully qualified domain name",
                                         "could not reliably determine the server's fully qualified domain name" };

    for (apr_size_t i = 0; i < sizeof noise / sizeof noise[0]; i++) {
        if (strstr(line, noise[i]))
            return 1;
    }
    return !line[strspn(line, " \t")];
}

/* "httpd: Syntax error": whatever the program calls itself. */
static const char *without_program(const char *line)
{
    apr_size_t len = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    const char *rest = line + len + 2;

    if (len == 0 || strncmp(line + len, ": ", 2) != 0)
        return line;
    return strncmp(rest, "Syntax error", 12) == 0 || strncmp(rest, "Configuration error", 19) == 0 ? rest : line;
}

/* "[date] [core:warn] [pid 1] " and "AH00526: " go; what is behind them stays. Sets whether a level said that it is a warning. */
static const char *without_prefix(const char *line, int *is_warning)
{
    while (*line == '[' && strchr(line, ']')) {
        const char *end = strchr(line, ']');

        *is_warning |= end - line > 7 && (strncmp(end - 5, ":warn", 5) == 0 || strncmp(end - 7, ":notice", 7) == 0);
        line = end + 1;
        line += strspn(line, " ");
    }
    if (strncmp(line, "AH", 2) == 0 && strspn(line + 2, "0123456789") == 5 && strncmp(line + 7, ": ", 2) == 0)
        line += 9;
    return without_program(line);
}

/* ---- one finding -------------------------------------------------------- */

/* "expected E, found F; mend: M", "found" or "got", with or without the last. Else all of it is the text. */
static void take_parts(check_finding_t *out, const char *text, apr_pool_t *p)
{
    static const char *const separators[] = { ", found ", ", found: ", ", got " };
    const char *expected = strstr(text, "expected "), *middle = NULL, *mend;
    apr_size_t skip = 0;

    out->text = text;
    for (apr_size_t i = 0; expected && i < sizeof separators / sizeof separators[0]; i++) {
        const char *at = strstr(expected, separators[i]);

        if (at && (!middle || at < middle)) {
            middle = at;
            skip = strlen(separators[i]);
        }
    }
    if (!middle)
        return;
    mend = strstr(middle, "; mend: ");
    out->expected = apr_pstrmemdup(p, expected + 9, (apr_size_t)(middle - expected) - 9);
    out->found = mend ? apr_pstrmemdup(p, middle + skip, (apr_size_t)(mend - middle) - skip) : middle + skip;
    out->mend = mend ? mend + 8 : NULL;
    if (expected > text + 2)
        out->directive = apr_pstrmemdup(p, text, (apr_size_t)(expected - text) - 2);   /* "SAMLClockSkew: expected" */
}

/* What httpd does not know: a module that is not installed has it, or it is a slip of the pen. */
static void explain_unknown(check_finding_t *out, const check_t *c)
{
    static const char COMMAND[] = "Invalid command '", PROVIDER[] = "Unknown Authz provider: ";
    int is_command = strncmp(out->text, COMMAND, sizeof COMMAND - 1) == 0;
    const char *name = out->text + (is_command ? sizeof COMMAND : sizeof PROVIDER) - 1, *module;

    if (!is_command && strncmp(out->text, PROVIDER, sizeof PROVIDER - 1) != 0)
        return;
    name = apr_pstrmemdup(c->p, name, strcspn(name, "'"));
    module = is_command ? check_module_of(name) : check_module_of_provider(name);
    out->directive = is_command ? name : "Require";
    out->expected = is_command ? "a directive of httpd or of a module" : "a word of one of the modules behind Require";
    out->found = saml_quote(c->p, name);
    if (module && !check_has_module(c, module))
        out->mend = apr_psprintf(c->p, "install mod_%s (there is no %s/mod_%s.so), or correct the name", module, c->modules, module);
    else if (strncasecmp(name, "SAML", 4) == 0 || strncasecmp(name, "<SAML", 5) == 0)
        out->mend = "correct the name: the reference of directives, doc/directives.md, has them all";
    else
        out->mend = "correct the name, or load the module that has it";
}

/* "SAMLKey in FILE line N: TEXT", the form of the module. @return whether it is one */
static int read_ours(check_finding_t *out, const char *line, apr_pool_t *p)
{
    apr_size_t name = strspn(line, "<>ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    const char *in = strncmp(line + name, " in ", 4) == 0 ? line + name + 4 : NULL;
    const char *number = in ? strstr(in, " line ") : NULL;
    apr_size_t digits = number ? strspn(number + 6, "0123456789") : 0;

    if (name == 0 || digits == 0 || strncmp(number + 6 + digits, ": ", 2) != 0)
        return 0;
    take_parts(out, number + 6 + digits + 2, p);
    out->directive = apr_pstrmemdup(p, line, name);
    out->file = apr_pstrmemdup(p, in, (apr_size_t)(number - in));
    out->line = apr_pstrmemdup(p, number + 6, digits);
    return 1;
}

/*
 * "Syntax error on line N of FILE:", the text behind it or in the next line; one in an included file is said as a chain of
 * them, of which the last counts. @return what follows the last, or NULL where it is none
 */
static const char *read_place(check_finding_t *out, const char *line, apr_pool_t *p)
{
    static const char START[] = "Syntax error on line ";
    const char *rest = NULL;

    while (strncmp(line, START, sizeof START - 1) == 0) {
        const char *number = line + sizeof START - 1, *end;
        apr_size_t digits = strspn(number, "0123456789");

        if (strncmp(number + digits, " of ", 4) != 0)
            return rest;
        end = strstr(number + digits + 4, ": ");
        if (!end)
            end = number + strlen(number) - (number[strlen(number) - 1] == ':');
        out->line = apr_pstrmemdup(p, number, digits);
        out->file = apr_pstrmemdup(p, number + digits + 4, (apr_size_t)(end - number) - digits - 4);
        rest = line = *end == ':' ? end + 1 + strspn(end + 1, " ") : end;
    }
    return rest;
}

/* "FILE:N: TEXT", which says the place once more. */
static const char *without_place(const char *text, const check_finding_t *finding)
{
    apr_size_t file = strlen(finding->file), line = strlen(finding->line);

    if (strncmp(text, finding->file, file) == 0 && text[file] == ':' && strncmp(text + file + 1, finding->line, line) == 0
        && strncmp(text + file + 1 + line, ": ", 2) == 0)
        return text + file + 1 + line + 2;
    return text;
}

/* A line that our own configuration is named in says where the file is included, or what we have made wrong. */
static void hide_ours(check_finding_t *out, const check_t *c)
{
    if (out->file && strncmp(out->file, c->folder, strlen(c->folder)) == 0)
        out->file = out->line = NULL;
}

apr_array_header_t *check_findings(const check_t *c, const check_answer_t *answer)
{
    apr_array_header_t *out = apr_array_make(c->p, 4, sizeof(check_finding_t));
    char *rest, *line = apr_strtok(apr_pstrdup(c->p, answer->said), "\n", &rest);

    for (; line; line = apr_strtok(NULL, "\n", &rest)) {
        check_finding_t finding = { .is_warning = answer->is_good };
        const char *said = without_prefix(line, &finding.is_warning), *text;

        if (is_noise(said))
            continue;
        if (!read_ours(&finding, said, c->p)) {
            text = read_place(&finding, said, c->p);
            if (text && !*text)
                text = apr_strtok(NULL, "\n", &rest);
            take_parts(&finding, text ? without_place(text, &finding) : said, c->p);
            explain_unknown(&finding, c);
        }
        hide_ours(&finding, c);
        APR_ARRAY_PUSH(out, check_finding_t) = finding;
    }
    return out;
}

/* ---- printing ----------------------------------------------------------- */

static void print_part(const check_t *c, const char *name, const char *text)
{
    if (text)
        printf("  %-10s%s\n", name, cli_printable(c->p, text));
}

void check_print_finding(const check_t *c, const check_finding_t *finding)
{
    const char *place = finding->file
        ? apr_pstrcat(c->p, cli_printable(c->p, finding->file), " line ", finding->line, ": ", NULL) : "";

    printf("%s%s%s%s\n", place, finding->is_warning ? "warning" : "wrong", finding->directive ? ": " : "",
           finding->directive ? cli_printable(c->p, finding->directive) : "");
    if (!finding->expected)
        printf("  %s\n", cli_printable(c->p, finding->text));
    print_part(c, "expected", finding->expected);
    print_part(c, "found", finding->expected ? finding->found : NULL);
    print_part(c, "mend", finding->mend);
}
