/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso keygen: a private key that only its owner can read, and the certificate to give away. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include "cli.h"
#include "saml/key.h"

#define COMMAND "keygen"
#define KEY_MODE 0600
#define CERT_MODE 0644
#define MIN_BITS 2048
#define MAX_BITS 8192
#define MAX_DAYS 36500
#define MAX_NAME_CHARS 64       /* RFC 5280 A.1, ub-common-name */

static const char HELP[] =
    "Usage: saml-sso keygen [OPTION]...\n"
    "\n"
    "Make an RSA key (PREFIX.key, readable by its owner only) and a self-signed certificate (PREFIX.pem) for\n"
    "SAMLKey: to sign requests and to decrypt assertions.\n"
    "\n"
    "  --name CN       common name in the certificate, default \"saml-sso\"\n"
    "  --bits N        2048 to 8192, default 3072\n"
    "  --days N        validity, 1 to 36500, default 1095 (three years)\n"
    "  --out PREFIX    where to write, default \"saml\"\n"
    "  --force         replace files that exist; without, they are left alone\n"
    "  --help          this\n"
    "\n"
    "Exit status: 0 written, 2 could not run.\n"
    "\n"
    "Example:\n"
    "  saml-sso keygen --name app.example.com --out /etc/apache2/saml/app\n";

static const cli_option_t OPTIONS[] = {
    { "name", "a common name" },
    { "bits", "a key size from 2048 to 8192" },
    { "days", "a number of days" },
    { "out", "the beginning of a file name" },
    { "force", NULL },
    { "help", NULL },
    { NULL, NULL }
};

typedef struct {
    apr_pool_t *p;
    const char *name;
    const char *prefix;
    int bits;
    int days;
    int force;
    int help;
} keygen_t;

static int take_number(int *out, const cli_args_t *args, int min, int max)
{
    if (!cli_number(out, args->value, min, max))
        return cli_misused(COMMAND, "--%s: expected %d to %d, got %s", args->name, min, max,
                           saml_quote(args->pool, args->value));
    return CLI_OK;
}

static int take_option(keygen_t *k, const cli_args_t *args)
{
    if (cli_args_is(args, "bits"))
        return take_number(&k->bits, args, MIN_BITS, MAX_BITS);
    if (cli_args_is(args, "days"))
        return take_number(&k->days, args, 1, MAX_DAYS);
    if (cli_args_is(args, "name"))
        k->name = args->value;
    if (cli_args_is(args, "out"))
        k->prefix = args->value;
    k->force |= cli_args_is(args, "force");
    k->help |= cli_args_is(args, "help");
    return CLI_OK;
}

static int read_options(keygen_t *k, int argc, const char *const *argv)
{
    cli_args_t args = { k->p, argc, argv, OPTIONS, 1, 0, NULL, NULL };
    cli_arg_t kind;

    while ((kind = cli_args_next(&args)) != CLI_ARG_END) {
        if (kind == CLI_ARG_BAD)
            return CLI_CANNOT;
        if (kind == CLI_ARG_OPERAND)
            return cli_misused(COMMAND, "expected only options, got %s", saml_quote(k->p, args.value));
        if (take_option(k, &args) != CLI_OK)
            return CLI_CANNOT;
    }
    if (strlen(k->name) > MAX_NAME_CHARS)
        return cli_misused(COMMAND, "--name: expected at most %d characters, got %s", MAX_NAME_CHARS,
                           saml_quote(k->p, k->name));
    return CLI_OK;
}

/* ---- writing ------------------------------------------------------------ */

static int cannot_write(const char *file, apr_pool_t *p)
{
    return cli_cannot(COMMAND, "%s: cannot be written: %s", cli_printable(p, file), strerror(errno));
}

static int write_all(int fd, const char *text)
{
    apr_size_t len = strlen(text), done = 0;

    while (done < len) {
        ssize_t n = write(fd, text + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        done += (apr_size_t)n;
    }
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
}

/* A file of its own beside the final place, with its mode from the first moment on. @return its name, or NULL */
static const char *write_beside(const char *file, const char *text, mode_t mode, apr_pool_t *p)
{
    char *name = apr_pstrcat(p, file, ".XXXXXX", NULL);
    int fd = mkstemp(name), is_whole, saved;

    if (fd < 0)
        return NULL;
    is_whole = fchmod(fd, mode) == 0 && write_all(fd, text);
    saved = errno;
    if (close(fd) == 0 && is_whole)
        return name;
    (void)unlink(name);
    errno = saved;
    return NULL;
}

/* The temporary file `made` becomes `file`. link() is what never replaces a file that somebody has made meanwhile. */
static int put_in_place(const keygen_t *k, const char *made, const char *file)
{
    if (k->force)
        return rename(made, file) == 0;
    if (link(made, file) != 0)
        return 0;
    (void)unlink(made);
    return 1;
}

static int write_pair(const keygen_t *k, const char *key_file, const char *key_pem, const char *cert_file,
                      const char *cert_pem)
{
    const char *key_made = write_beside(key_file, key_pem, KEY_MODE, k->p);
    const char *cert_made = key_made ? write_beside(cert_file, cert_pem, CERT_MODE, k->p) : NULL;
    const char *failed = !key_made ? key_file : !cert_made ? cert_file : NULL;
    int code;

    if (!failed && !put_in_place(k, key_made, key_file))
        failed = key_file;
    if (!failed && !put_in_place(k, cert_made, cert_file))
        failed = cert_file;
    if (!failed)
        return CLI_OK;
    code = cannot_write(failed, k->p);
    if (key_made)
        (void)unlink(key_made);
    if (cert_made)
        (void)unlink(cert_made);
    return code;
}

/* A private key that is lost cannot be made again. lstat(), so that a dangling link counts as there too. */
static int check_absent(const keygen_t *k, const char *file)
{
    struct stat st;

    if (k->force || (lstat(file, &st) != 0 && errno == ENOENT))
        return CLI_OK;
    return cli_cannot(COMMAND, "%s: expected no such file, and there is one; --force replaces it",
                      cli_printable(k->p, file));
}

/* httpd takes a relative name from ServerRoot, which is seldom where the command runs. */
static const char *absolute(const keygen_t *k, const char *file)
{
    char *path;

    return cli_printable(k->p, apr_filepath_merge(&path, NULL, file, 0, k->p) == APR_SUCCESS ? path : file);
}

static int run(const keygen_t *k)
{
    const char *key_file = apr_pstrcat(k->p, k->prefix, ".key", NULL);
    const char *cert_file = apr_pstrcat(k->p, k->prefix, ".pem", NULL);
    saml_err_t err = { .pool = k->p };
    const char *key_pem, *cert_pem;

    if (check_absent(k, key_file) != CLI_OK || check_absent(k, cert_file) != CLI_OK)
        return CLI_CANNOT;
    if (saml_keypair_generate(&key_pem, &cert_pem, k->name, k->bits, k->days, apr_time_now(), k->p, &err) != SAML_OK)
        return cli_cannot(COMMAND, "%s", err.reason);
    if (write_pair(k, key_file, key_pem, cert_file, cert_pem) != CLI_OK)
        return CLI_CANNOT;
    printf("%s  private key, keep it secret (mode 0600)\n"
           "%s  certificate, give it to the identity provider\n"
           "In httpd's configuration:  SAMLKey \"%s\" \"%s\"\n",
           cli_printable(k->p, key_file), cli_printable(k->p, cert_file), absolute(k, key_file), absolute(k, cert_file));
    return CLI_OK;
}

int cli_keygen(int argc, const char *const *argv, apr_pool_t *p)
{
    keygen_t k = { .p = p, .name = "saml-sso", .prefix = "saml", .bits = 3072, .days = 1095 };

    if (read_options(&k, argc, argv) != CLI_OK)
        return CLI_CANNOT;
    if (k.help) {
        fputs(HELP, stdout);
        return cli_finish(CLI_OK, COMMAND);
    }
    return cli_finish(run(&k), COMMAND);
}
