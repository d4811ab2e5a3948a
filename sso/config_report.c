/* SPDX-License-Identifier: Apache-2.0 */
/* What the start-up has to say of the configuration: each mistake once, with its place. */

#include <stdarg.h>

#include <apr_strings.h>

#include "config.h"

static const char *line_of(apr_pool_t *p, const char *directive, const sso_at_t *at, const char *text)
{
    if (!at->file)
        return apr_pstrcat(p, directive, ": ", text, NULL);
    return apr_psprintf(p, "%s in %s line %d: %s", directive, at->file, at->line, text);
}

/* An application that ten vhosts inherit is one mistake. */
static int is_new(sso_check_t *check, const char *line)
{
    if (apr_table_get(check->said, line))
        return 0;
    apr_table_setn(check->said, line, "");
    return 1;
}

static void report(sso_check_t *check, const char *directive, const sso_at_t *at, const char *text)
{
    const char *line = line_of(check->p, directive, at, text);

    check->problems++;
    if (is_new(check, line))
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_EMERG, 0, NULL, "%s", line);
}

void sso_check_fail(sso_check_t *check, const char *directive, const sso_at_t *at, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    report(check, directive, at, apr_pvsprintf(check->p, fmt, args));
    va_end(args);
}

static void take_note(sso_check_t *check, int level, const char *directive, const sso_at_t *at, const char *text)
{
    sso_note_t note = { level, line_of(check->p, directive, at, text) };

    if (is_new(check, note.text))
        APR_ARRAY_PUSH(check->process->notes, sso_note_t) = note;
}

void sso_check_warn(sso_check_t *check, const char *directive, const sso_at_t *at, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    take_note(check, APLOG_WARNING, directive, at, apr_pvsprintf(check->p, fmt, args));
    va_end(args);
}

void sso_check_inform(sso_check_t *check, const char *directive, const sso_at_t *at, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    take_note(check, APLOG_INFO, directive, at, apr_pvsprintf(check->p, fmt, args));
    va_end(args);
}
