/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration of our own around the file, in a folder of our own, and httpd's test of it. No server is started. */

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_strings.h>
#include "check.h"

#define MAX_ANSWER_BYTES (4 * 1024 * 1024)
#define TIMEOUT_MS 60000
#define POLL_MS 5

/* Files of the folder, all that is ever in it besides what httpd puts into "run". */
static const char *const FILES[] = { "check.conf", "said", "dump" };
#define FILE_COUNT (sizeof FILES / sizeof FILES[0])

static const char *in_folder(const check_t *c, const char *name)
{
    return apr_pstrcat(c->p, c->folder, "/", name, NULL);
}

/** The names to remove, made ahead: the pool is going when they are needed. */
typedef struct {
    const char *files[FILE_COUNT];
    const char *run;
    const char *folder;
} leftover_t;

static apr_status_t remove_folder(void *baton)
{
    const leftover_t *leftover = baton;

    for (apr_size_t i = 0; i < FILE_COUNT; i++)
        (void)unlink(leftover->files[i]);
    (void)rmdir(leftover->run);
    (void)rmdir(leftover->folder);
    return APR_SUCCESS;
}

static void remove_at_end(const check_t *c)
{
    leftover_t *leftover = apr_pcalloc(c->p, sizeof(*leftover));

    for (apr_size_t i = 0; i < FILE_COUNT; i++)
        leftover->files[i] = in_folder(c, FILES[i]);
    leftover->run = in_folder(c, "run");
    leftover->folder = c->folder;
    apr_pool_cleanup_register(c->p, leftover, remove_folder, apr_pool_cleanup_null);
}

int check_prepare(check_t *c)
{
    const char *temp = getenv("TMPDIR");
    char *folder = apr_pstrcat(c->p, temp && *temp == '/' ? temp : "/tmp", "/saml-sso-check.XXXXXX", NULL);

    if (strpbrk(folder, "\"\\${}*?[]\n"))
        return cli_cannot(CHECK_COMMAND, "TMPDIR: expected a folder that httpd's configuration can speak of, without quotes, backslashes "
                          "and any of $ { } * ? [ ], got %s", saml_quote(c->p, temp));
    if (!mkdtemp(folder))
        return cli_cannot(CHECK_COMMAND, "%s: a temporary folder cannot be made: %s", cli_printable(c->p, folder), strerror(errno));
    c->folder = folder;
    remove_at_end(c);
    if (mkdir(in_folder(c, "run"), 0755) != 0 || chmod(folder, 0755) != 0)
        return cli_cannot(CHECK_COMMAND, "%s: cannot be written to: %s", cli_printable(c->p, folder), strerror(errno));
    return CLI_OK;
}

/* ---- the configuration -------------------------------------------------- */

/* The user that distributions run httpd as: as root, httpd's own "nobody in particular" could read nothing. */
static const char *server_user(void)
{
    static const char *const usual[] = { "www-data", "apache", "httpd", "http", "wwwrun", "daemon", "nobody" };

    for (apr_size_t i = 0; getuid() == 0 && i < sizeof usual / sizeof usual[0]; i++) {
        if (getpwnam(usual[i]))
            return usual[i];
    }
    return NULL;
}

/* "NAME" or "NAME=VALUE", which check_options has seen. */
static void write_define(FILE *f, const check_t *c, const char *define)
{
    const char *equals = strchr(define, '=');

    if (equals)
        fprintf(f, "Define %s \"%s\"\n", apr_pstrmemdup(c->p, define, (apr_size_t)(equals - define)), equals + 1);
    else
        fprintf(f, "Define %s\n", define);
}

static void write_lines(FILE *f, const check_t *c)
{
    const char *user = server_user();

    if (c->server_root)
        fprintf(f, "ServerRoot \"%s\"\n", c->server_root);
    for (int i = 0; i < c->loaded->nelts; i++) {
        const char *name = APR_ARRAY_IDX(c->loaded, i, const char *);

        fprintf(f, "LoadModule %s_module \"%s/mod_%s.so\"\n", name, c->modules, name);
    }
    fprintf(f, "LoadModule saml_sso_module \"%s\"\n"
               "DefaultRuntimeDir \"%s/run\"\nPidFile \"%s/run/httpd.pid\"\nErrorLog \"%s/run/error_log\"\nServerName %s\n",
            c->module, c->folder, c->folder, c->folder, c->server_name);
    if (user)
        fprintf(f, "<IfModule unixd_module>\nUser %s\n</IfModule>\n", user);
    for (int i = 0; i < c->defines->nelts; i++)
        write_define(f, c, APR_ARRAY_IDX(c->defines, i, const char *));
    fprintf(f, "Include \"%s\"\n", c->file);
}

static int write_conf(const check_t *c)
{
    const char *name = in_folder(c, FILES[0]);
    FILE *f = fopen(name, "w");
    int is_whole;

    if (f)
        write_lines(f, c);
    is_whole = f && !ferror(f);
    if ((f && fclose(f) != 0) || !is_whole)
        return cli_cannot(CHECK_COMMAND, "%s: cannot be written: %s", cli_printable(c->p, name), strerror(errno));
    return CLI_OK;
}

/* ---- httpd -------------------------------------------------------------- */

/* What Debian's control script sets and its configuration speaks of. What is set already stays. */
static void set_environment(const check_t *c)
{
    static const char *const folders[] = { "APACHE_RUN_DIR", "APACHE_LOG_DIR", "APACHE_LOCK_DIR" };
    const char *run = in_folder(c, "run"), *user = server_user();

    for (apr_size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        (void)setenv(folders[i], run, 0);
    (void)setenv("APACHE_PID_FILE", in_folder(c, "run/httpd.pid"), 0);
    (void)setenv("APACHE_RUN_USER", user ? user : "nobody", 0);
    (void)setenv("APACHE_RUN_GROUP", user ? user : "nogroup", 0);
    (void)setenv("LC_ALL", "C", 1);
}

/* In the child: standard output and error into files, which never fill up as pipes do. */
static void become_httpd(const check_t *c)
{
    const char *argv[] = { c->httpd, "-f", in_folder(c, FILES[0]), "-t", "-D", "DUMP_SAML", NULL };
    int in = open("/dev/null", O_RDONLY);
    int said = open(in_folder(c, FILES[1]), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int dump = open(in_folder(c, FILES[2]), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (in < 0 || said < 0 || dump < 0 || dup2(in, 0) < 0 || dup2(dump, 1) < 0 || dup2(said, 2) < 0)
        _exit(127);
    set_environment(c);
    execv(c->httpd, (char *const *)argv);
    _exit(127);
}

/* Wait for `child`, not for ever. @return its status, or -1 where it had to be ended */
static int wait_for(pid_t child)
{
    int status = -1;

    for (int waited = 0; waited < TIMEOUT_MS; waited += POLL_MS) {
        pid_t got = waitpid(child, &status, WNOHANG);

        if (got == child)
            return status;
        if (got < 0 && errno != EINTR)
            return -1;
        (void)usleep(POLL_MS * 1000);
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    return -1;
}

static int read_answer(const char **out, const check_t *c, const char *name)
{
    apr_size_t len;
    int code = cli_read(out, &len, in_folder(c, name), MAX_ANSWER_BYTES, CHECK_COMMAND, c->p);

    if (code == CLI_OK && len > MAX_ANSWER_BYTES)
        return cli_cannot(CHECK_COMMAND, "httpd: expected at most %d bytes of answer, got more", MAX_ANSWER_BYTES);
    return code;
}

int check_run(check_answer_t *out, const check_t *c)
{
    pid_t child;
    int status;

    if (write_conf(c) != CLI_OK)
        return CLI_CANNOT;
    fflush(NULL);
    child = fork();
    if (child == 0)
        become_httpd(c);
    if (child < 0)
        return cli_cannot(CHECK_COMMAND, "%s: cannot be started: %s", cli_printable(c->p, c->httpd), strerror(errno));
    status = wait_for(child);
    if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
        return cli_cannot(CHECK_COMMAND, "%s -t: expected an answer within %d s, got none", cli_printable(c->p, c->httpd),
                          TIMEOUT_MS / 1000);
    out->is_good = WEXITSTATUS(status) == 0;
    if (read_answer(&out->said, c, FILES[1]) != CLI_OK || read_answer(&out->dump, c, FILES[2]) != CLI_OK)
        return CLI_CANNOT;
    return CLI_OK;
}
