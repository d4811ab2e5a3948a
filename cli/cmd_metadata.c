/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso metadata: write ours, read the identity provider's. */

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "cli.h"
#include "saml/clock.h"
#include "saml/metadata.h"
#include "saml/request.h"

#define COMMAND "metadata"

static const char HELP[] =
    "Usage: saml-sso metadata --entity-id URI --acs URL... [OPTION]...\n"
    "       saml-sso metadata --read FILE|- [--entity-id URI]\n"
    "\n"
    "Write the metadata of a service provider on standard output, for the identity provider to import; or read\n"
    "the metadata of an identity provider and tell what the module would take from it.\n"
    "\n"
    "  --entity-id URI     our entity ID; with --read: the entity meant\n"
    "  --acs URL           reply URL; may be repeated, the first is the default\n"
    "  --logout URL        logout URL\n"
    "  --key FILE          private key (PEM), with\n"
    "  --cert FILE         its certificate; may be repeated in pairs: the first signs, all decrypt\n"
    "  --sign-requests     say that requests are signed\n"
    "  --name-id NAME      emailAddress (default), persistent, transient, unspecified, none, or a URI\n"
    "  --read FILE         read that file instead\n"
    "  --help              this\n"
    "\n"
    "Exit status: 0 done, 1 the file read is refused, 2 could not run.\n"
    "\n"
    "Example:\n"
    "  saml-sso metadata --entity-id https://app.example.com/saml/metadata \\\n"
    "      --acs https://app.example.com/saml/acs --key app.key --cert app.pem > sp.xml\n";

static const cli_option_t OPTIONS[] = {
    { "entity-id", "an entity ID" },
    { "acs", "a reply URL" },
    { "logout", "a logout URL" },
    { "key", "a private key file" },
    { "cert", "a certificate file" },
    { "sign-requests", NULL },
    { "name-id", "the name of a format" },
    { "read", "a metadata file" },
    { "help", NULL },
    { NULL, NULL }
};

typedef struct {
    apr_pool_t *p;
    const char *entity_id;
    const char *logout;
    const char *name_id;
    const char *file;           /* to read; NULL: write */
    apr_array_header_t *acs;
    apr_array_header_t *key_files;
    apr_array_header_t *cert_files;
    int sign_requests;
    int help;
} metadata_t;

/* ---- options ------------------------------------------------------------ */

static int set_once(const char **slot, const cli_args_t *args)
{
    if (*slot)
        return cli_misused(COMMAND, "--%s: expected once, got it again", args->name);
    *slot = args->value;
    return CLI_OK;
}

static int push(apr_array_header_t *list, const char *value)
{
    APR_ARRAY_PUSH(list, const char *) = value;
    return CLI_OK;
}

static int take_option(metadata_t *m, const cli_args_t *args)
{
    if (cli_args_is(args, "entity-id"))
        return set_once(&m->entity_id, args);
    if (cli_args_is(args, "acs"))
        return push(m->acs, args->value);
    if (cli_args_is(args, "logout"))
        return set_once(&m->logout, args);
    if (cli_args_is(args, "key"))
        return push(m->key_files, args->value);
    if (cli_args_is(args, "cert"))
        return push(m->cert_files, args->value);
    if (cli_args_is(args, "name-id"))
        return set_once(&m->name_id, args);
    if (cli_args_is(args, "read"))
        return set_once(&m->file, args);
    m->sign_requests |= cli_args_is(args, "sign-requests");
    m->help |= cli_args_is(args, "help");
    return CLI_OK;
}

static int read_options(metadata_t *m, int argc, const char *const *argv)
{
    cli_args_t args = { m->p, argc, argv, OPTIONS, 1, 0, NULL, NULL };
    cli_arg_t kind;

    while ((kind = cli_args_next(&args)) != CLI_ARG_END) {
        if (kind == CLI_ARG_BAD)
            return CLI_CANNOT;
        if (kind == CLI_ARG_OPERAND)
            return cli_misused(COMMAND, "expected only options, got %s (a file to read goes with --read)",
                               saml_quote(m->p, args.value));
        if (take_option(m, &args) != CLI_OK)
            return CLI_CANNOT;
    }
    return CLI_OK;
}

static int check_url(const metadata_t *m, const char *option, const char *url)
{
    const unsigned char *c = (const unsigned char *)url;

    while (*c > ' ' && *c < 0x7f)
        c++;
    if (!*c && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0))
        return CLI_OK;
    return cli_misused(COMMAND, "%s: expected an https URL, got %s", option, saml_quote(m->p, url));
}

static int check_write_options(const metadata_t *m)
{
    int i;

    if (!m->entity_id)
        return cli_misused(COMMAND, "expected --entity-id, got none");
    if (m->acs->nelts == 0)
        return cli_misused(COMMAND, "expected --acs, got none");
    for (i = 0; i < m->acs->nelts; i++)
        if (check_url(m, "--acs", APR_ARRAY_IDX(m->acs, i, const char *)) != CLI_OK)
            return CLI_CANNOT;
    if (m->logout && check_url(m, "--logout", m->logout) != CLI_OK)
        return CLI_CANNOT;
    if (m->key_files->nelts != m->cert_files->nelts)
        return cli_misused(COMMAND, "expected as many --key as --cert, got %d and %d", m->key_files->nelts,
                           m->cert_files->nelts);
    if (m->sign_requests && m->key_files->nelts == 0)
        return cli_misused(COMMAND, "--sign-requests: expected --key and --cert with it, got none");
    return CLI_OK;
}

static int check_read_options(const metadata_t *m)
{
    if (m->acs->nelts || m->logout || m->name_id || m->key_files->nelts || m->cert_files->nelts || m->sign_requests)
        return cli_misused(COMMAND, "--read: expected only --entity-id with it, got options for writing");
    return CLI_OK;
}

/* ---- writing ------------------------------------------------------------ */

static int set_name_id_format(saml_sp_t *sp, const metadata_t *m)
{
    const char *name = m->name_id ? m->name_id : "emailAddress";

    sp->name_id_format = strchr(name, ':') ? name : saml_name_id_format_uri(name);
    if (!sp->name_id_format && strcmp(name, "none") != 0)
        return cli_misused(COMMAND, "--name-id: expected emailAddress, persistent, transient, unspecified, none or a "
                           "URI, got %s", saml_quote(m->p, name));
    return CLI_OK;
}

static int load_keys(saml_sp_t *sp, const metadata_t *m)
{
    apr_array_header_t *keys = apr_array_make(m->p, 2, sizeof(saml_keypair_t *));
    saml_err_t err = { .pool = m->p };
    saml_keypair_t *key;
    int i;

    for (i = 0; i < m->key_files->nelts; i++) {
        if (saml_keypair_load(&key, APR_ARRAY_IDX(m->key_files, i, const char *),
                              APR_ARRAY_IDX(m->cert_files, i, const char *), m->p, &err) != SAML_OK)
            return cli_cannot(COMMAND, "%s", err.reason);
        APR_ARRAY_PUSH(keys, saml_keypair_t *) = key;
    }
    sp->keys = keys;
    return CLI_OK;
}

static int write_ours(const metadata_t *m)
{
    saml_sp_t sp = { .entity_id = m->entity_id, .acs_urls = m->acs, .logout_url = m->logout,
                     .sign_requests = m->sign_requests };

    if (check_write_options(m) != CLI_OK || set_name_id_format(&sp, m) != CLI_OK || load_keys(&sp, m) != CLI_OK)
        return CLI_CANNOT;
    fputs(saml_metadata_write(&sp, m->p), stdout);
    return CLI_OK;
}

/* ---- reading ------------------------------------------------------------ */

static void print_line(const char *label, const char *value, apr_pool_t *p)
{
    if (value)
        printf("%-18s %s\n", label, cli_printable(p, value));
}

static void print_cert(const saml_cert_t *cert, apr_time_t now, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };

    print_line("certificate", cert->subject, p);
    print_line("  key", apr_psprintf(p, "%s, %d bits", cert->key_type, cert->bits), p);
    print_line("  thumbprint", cert->sha1, p);
    print_line("  SHA-256", cert->sha256, p);
    print_line("  valid", apr_psprintf(p, "%s to %s (%s)", saml_time_format(p, cert->not_before),
                                       saml_time_format(p, cert->not_after),
                                       cli_relative_time(p, cert->not_after, now)), p);
    if (saml_cert_check(cert, now, 0, &err) != SAML_OK)
        print_line("  not usable", err.reason, p);
}

static void print_idp(const saml_idp_t *idp, apr_time_t now, apr_pool_t *p)
{
    int i;

    print_line("identifier", idp->entity_id, p);
    print_line("login (POST)", idp->sso_post, p);
    print_line("login (Redirect)", idp->sso_redirect, p);
    print_line("logout (POST)", idp->slo_post, p);
    print_line("  answers to", idp->slo_post_response, p);
    print_line("logout (Redirect)", idp->slo_redirect, p);
    print_line("  answers to", idp->slo_redirect_response, p);
    print_line("wants requests", idp->want_authn_requests_signed ? "signed" : "signed or not", p);
    print_line("valid until", idp->valid_until ? saml_time_format(p, idp->valid_until) : NULL, p);
    for (i = 0; i < idp->certs->nelts; i++)
        print_cert(APR_ARRAY_IDX(idp->certs, i, const saml_cert_t *), now, p);
    if (idp->unread_certs)
        print_line("left out", apr_psprintf(p, "%d unreadable certificate%s: %s", idp->unread_certs,
                                            idp->unread_certs == 1 ? "" : "s", idp->unread_reason), p);
}

static int read_theirs(const metadata_t *m)
{
    saml_err_t err = { .pool = m->p };
    apr_time_t now = apr_time_now();
    saml_idp_t *idp;
    const char *xml;
    apr_size_t len;

    if (check_read_options(m) != CLI_OK || cli_read(&xml, &len, m->file, SAML_MAX_METADATA_BYTES, COMMAND, m->p) != CLI_OK)
        return CLI_CANNOT;
    if (saml_metadata_read(&idp, xml, len, m->entity_id, now, m->file, m->p, &err) != SAML_OK) {
        fprintf(stderr, "saml-sso metadata: refused [%s]: %s\n", saml_status_name(err.status),
                cli_printable(m->p, err.reason));
        return CLI_REFUSED;
    }
    print_idp(idp, now, m->p);
    return CLI_OK;
}

int cli_metadata(int argc, const char *const *argv, apr_pool_t *p)
{
    metadata_t m = { .p = p };

    m.acs = apr_array_make(p, 2, sizeof(const char *));
    m.key_files = apr_array_make(p, 2, sizeof(const char *));
    m.cert_files = apr_array_make(p, 2, sizeof(const char *));
    if (read_options(&m, argc, argv) != CLI_OK)
        return CLI_CANNOT;
    if (m.help) {
        fputs(HELP, stdout);
        return cli_finish(CLI_OK, COMMAND);
    }
    return cli_finish(m.file ? read_theirs(&m) : write_ours(&m), COMMAND);
}
