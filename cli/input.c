/* SPDX-License-Identifier: Apache-2.0 */
/* Octets in, and text out that cannot play tricks on a terminal. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "cli.h"
#include "utf8.h"

#define FIRST_READ_BYTES 65536

static apr_status_t free_buffer(void *buffer)
{
    free(buffer);
    return APR_SUCCESS;
}

/* White space and a byte order mark may stand before it. */
static int begins_like_json(const char *data, apr_size_t len)
{
    apr_size_t i = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (i < len && strchr(" \t\r\n", data[i]) && data[i])
        i++;
    return i < len && data[i] == '{';
}

/**
 * Grow by doubling until the end or one octet over the bound. realloc moves pages where a pool would copy and keep both.
 * @param max_json_bytes  the bound of what begins like a JSON object
 * @return NULL where there is no memory
 */
static char *read_stream(apr_size_t *used, FILE *f, apr_size_t max_bytes, apr_size_t max_json_bytes)
{
    apr_size_t size = max_bytes < FIRST_READ_BYTES ? max_bytes + 1 : FIRST_READ_BYTES, n;
    char *buf = malloc(size + 1), *bigger = buf;
    int first = 1;

    *used = 0;
    while (bigger && (n = fread(buf + *used, 1, size - *used, f)) > 0) {
        *used += n;
        if (first && begins_like_json(buf, *used))
            max_bytes = max_json_bytes;
        first = 0;
        if (*used < size || size > max_bytes)
            continue;
        size = size > max_bytes / 2 ? max_bytes + 1 : size * 2;
        bigger = realloc(buf, size + 1);
        if (bigger)
            buf = bigger;
    }
    if (!bigger) {
        free(buf);
        return NULL;
    }
    buf[*used] = '\0';
    return buf;
}

int cli_read(const char **out, apr_size_t *out_len, const char *file, apr_size_t max_bytes, const char *command,
             apr_pool_t *p)
{
    return cli_read_either(out, out_len, file, max_bytes, max_bytes, command, p);
}

int cli_read_either(const char **out, apr_size_t *out_len, const char *file, apr_size_t max_bytes,
                    apr_size_t max_json_bytes, const char *command, apr_pool_t *p)
{
    int is_stdin = strcmp(file, "-") == 0;
    FILE *f = is_stdin ? stdin : fopen(file, "rb");
    char *buf;
    int failed;

    if (!f)
        return cli_cannot(command, "%s: expected a readable file, got: %s", cli_printable(p, file), strerror(errno));
    errno = 0;
    buf = read_stream(out_len, f, max_bytes, max_json_bytes);
    if (buf)
        apr_pool_cleanup_register(p, buf, free_buffer, apr_pool_cleanup_null);
    else
        errno = ENOMEM;
    failed = !buf || ferror(f) ? errno : 0;
    if (!is_stdin)
        (void)fclose(f);
    if (failed)
        return cli_cannot(command, "%s: expected a readable file, got: %s",
                          is_stdin ? "standard input" : cli_printable(p, file), strerror(failed));
    *out = buf;
    return CLI_OK;
}

int cli_finish(int code, const char *command)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return cli_cannot(command, "standard output: cannot be written: %s", strerror(errno));
    return code;
}

const char *cli_printable(apr_pool_t *p, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    char *out, *o;

    if (!text)
        return "none";
    /* An octet becomes "\x1b" at worst, a character of two or three octets "\u202e". */
    out = o = apr_palloc(p, strlen(text) * 4 + 1);
    while (*s) {
        unsigned long c;
        apr_size_t n = cli_utf8_next(&c, s);

        if (n == 0) {
            o += sprintf(o, "\\x%02x", *s++);
            continue;
        }
        if (cli_utf8_is_tricky(c)) {
            o += sprintf(o, c < 0x80 ? "\\x%02lx" : "\\u%04lx", c);
        }
        else {
            memcpy(o, s, n);
            o += n;
        }
        s += n;
    }
    *o = '\0';
    return out;
}

const char *cli_relative_time(apr_pool_t *p, apr_time_t t, apr_time_t now)
{
    apr_int64_t min = apr_time_sec(t > now ? t - now : now - t) / 60;
    const char *length;

    if (min < 1)
        return "about now";
    if (min < 60)
        length = apr_psprintf(p, "%d min", (int)min);
    else if (min < 48 * 60)
        length = apr_psprintf(p, "%d h %d min", (int)(min / 60), (int)(min % 60));
    else
        length = apr_psprintf(p, "%" APR_INT64_T_FMT " days", min / (24 * 60));
    return t > now ? apr_pstrcat(p, "in ", length, NULL) : apr_pstrcat(p, length, " ago", NULL);
}
