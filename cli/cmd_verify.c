/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso verify: the checks of the ACS, offline. */

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "cli.h"
#include "json.h"
#include "message.h"
#include "saml/clock.h"
#include "saml/explain.h"
#include "saml/json.h"
#include "saml/metadata.h"
#include "saml/response.h"

#define COMMAND "verify"
#define DEFAULT_SKEW_S 180
#define MAX_SKEW_S 600

static const char HELP[] =
    "Usage: saml-sso verify --idp-cert FILE | --idp-metadata FILE  --audience URI  --acs URL\n"
    "                       --in-response-to ID | --unsolicited  [OPTION]...  FILE|-\n"
    "\n"
    "Check a SAML response with the code of the module's ACS. FILE (- is standard input) is the XML, the\n"
    "base64 form value, the same percent-encoded, or a whole form body with SAMLResponse=...\n"
    "\n"
    "  --idp-cert FILE        certificate of the identity provider: PEM, base64 or DER; may be repeated\n"
    "  --idp-metadata FILE    metadata of the identity provider: certificates and issuer\n"
    "  --issuer URI           entity ID that must have issued it; with --idp-metadata: the entity meant there\n"
    "  --audience URI         our entity ID; may be repeated, one of them must be named\n"
    "  --acs URL              our reply URL: Destination and Recipient\n"
    "  --in-response-to ID    the request that it answers\n"
    "  --unsolicited          it answers none\n"
    "  --now TIME             pretend that it is TIME, as 2026-03-02T09:15:30Z; default: the clock\n"
    "  --skew SECONDS         how far the clocks may differ, 0 to 600, default 180\n"
    "  --key FILE             private key (PEM) for encrypted assertions; may be repeated\n"
    "  --allow NAME           accept something weak (sha1 rsa1_5 3des rsa1024 c14n10 expired-certificate)\n"
    "  --json                 print the verdict as JSON\n"
    "  --help                 this\n"
    "\n"
    "Exit status: 0 accepted, 1 refused, 2 could not run.\n"
    "\n"
    "Example:\n"
    "  saml-sso verify --idp-metadata entra.xml --audience https://app.example.com/saml/metadata \\\n"
    "      --acs https://app.example.com/saml/acs --unsolicited response.txt\n";

static const cli_option_t OPTIONS[] = {
    { "idp-cert", "a certificate file" },
    { "idp-metadata", "a metadata file" },
    { "issuer", "an entity ID" },
    { "audience", "an entity ID" },
    { "acs", "a reply URL" },
    { "in-response-to", "the ID of a request" },
    { "unsolicited", NULL },
    { "now", "a time such as 2026-03-02T09:15:30Z" },
    { "skew", "a number of seconds from 0 to 600" },
    { "key", "a private key file" },
    { "allow", "the name of something weak" },
    { "json", NULL },
    { "help", NULL },
    { NULL, NULL }
};

/* The command line, and what was loaded for it. */
typedef struct {
    apr_pool_t *p;
    apr_array_header_t *cert_files;
    apr_array_header_t *key_files;
    const char *metadata_file;
    const char *now_text;
    const char *input;
    int is_unsolicited;
    int as_json;
    int help;
    saml_expect_t want;
} verify_t;

/* ---- options ------------------------------------------------------------ */

static int set_once(const char **slot, const cli_args_t *args)
{
    if (*slot)
        return cli_misused(COMMAND, "--%s: expected once, got it again", args->name);
    *slot = args->value;
    return CLI_OK;
}

static int set_skew(verify_t *v, const char *text)
{
    int seconds;

    if (!cli_number(&seconds, text, 0, MAX_SKEW_S))
        return cli_misused(COMMAND, "--skew: expected 0 to %d seconds, got %s", MAX_SKEW_S, saml_quote(v->p, text));
    v->want.skew = apr_time_from_sec(seconds);
    return CLI_OK;
}

static int add_allowance(verify_t *v, const char *name)
{
    unsigned bit = saml_allow_bit(name);

    if (!bit)
        return cli_misused(COMMAND, "--allow: expected one of %s, got %s", saml_allow_names(), saml_quote(v->p, name));
    v->want.allow |= bit;
    return CLI_OK;
}

static int push(const apr_array_header_t *list, const char *value)
{
    APR_ARRAY_PUSH((apr_array_header_t *)list, const char *) = value;
    return CLI_OK;
}

static int take_option(verify_t *v, const cli_args_t *args)
{
    if (cli_args_is(args, "idp-cert"))
        return push(v->cert_files, args->value);
    if (cli_args_is(args, "idp-metadata"))
        return set_once(&v->metadata_file, args);
    if (cli_args_is(args, "issuer"))
        return set_once(&v->want.issuer, args);
    if (cli_args_is(args, "audience"))
        return push(v->want.audiences, args->value);
    if (cli_args_is(args, "acs"))
        return set_once(&v->want.acs_url, args);
    if (cli_args_is(args, "in-response-to"))
        return set_once(&v->want.in_response_to, args);
    if (cli_args_is(args, "now"))
        return set_once(&v->now_text, args);
    if (cli_args_is(args, "skew"))
        return set_skew(v, args->value);
    if (cli_args_is(args, "key"))
        return push(v->key_files, args->value);
    if (cli_args_is(args, "allow"))
        return add_allowance(v, args->value);
    v->is_unsolicited |= cli_args_is(args, "unsolicited");
    v->as_json |= cli_args_is(args, "json");
    v->help |= cli_args_is(args, "help");
    return CLI_OK;
}

static int read_options(verify_t *v, int argc, const char *const *argv)
{
    cli_args_t args = { v->p, argc, argv, OPTIONS, 1, 0, NULL, NULL };
    cli_arg_t kind;

    while ((kind = cli_args_next(&args)) != CLI_ARG_END) {
        if (kind == CLI_ARG_BAD)
            return CLI_CANNOT;
        if (kind == CLI_ARG_OPTION && take_option(v, &args) != CLI_OK)
            return CLI_CANNOT;
        if (kind == CLI_ARG_OPERAND && v->input)
            return cli_misused(COMMAND, "expected one FILE, got also %s", saml_quote(v->p, args.value));
        if (kind == CLI_ARG_OPERAND)
            v->input = args.value;
    }
    return CLI_OK;
}

/* What must be there is asked for: a check that was forgotten on the command line would count as passed. */
static int check_options(const verify_t *v)
{
    if (!v->input)
        return cli_misused(COMMAND, "expected a FILE with the response, or - for standard input, got none");
    if (v->cert_files->nelts == 0 && !v->metadata_file)
        return cli_misused(COMMAND, "expected --idp-cert or --idp-metadata, got neither: without a certificate nothing "
                           "can be verified");
    if (v->want.audiences->nelts == 0)
        return cli_misused(COMMAND, "expected --audience, got none");
    if (!v->want.acs_url)
        return cli_misused(COMMAND, "expected --acs, got none");
    if (v->is_unsolicited && v->want.in_response_to)
        return cli_misused(COMMAND, "expected --in-response-to or --unsolicited, got both");
    if (!v->is_unsolicited && !v->want.in_response_to)
        return cli_misused(COMMAND, "expected --in-response-to ID or --unsolicited, got neither");
    return CLI_OK;
}

/* ---- loading ------------------------------------------------------------ */

static int set_now(verify_t *v)
{
    saml_err_t err = { .pool = v->p };

    v->want.now = apr_time_now();
    if (v->now_text && saml_time_parse(&v->want.now, v->now_text, "--now", &err) != SAML_OK)
        return cli_misused(COMMAND, "%s", err.reason);
    return CLI_OK;
}

static int load_metadata(verify_t *v, apr_array_header_t *certs)
{
    saml_err_t err = { .pool = v->p };
    saml_idp_t *idp;

    if (!v->metadata_file)
        return CLI_OK;
    if (saml_metadata_load(&idp, v->metadata_file, v->want.issuer, v->want.now, v->p, &err) != SAML_OK)
        return cli_cannot(COMMAND, "--idp-metadata: %s", err.reason);
    if (idp->unread_certs)
        fprintf(stderr, "saml-sso " COMMAND ": --idp-metadata: a certificate is left out: %s\n",
                cli_printable(v->p, idp->unread_reason));
    v->want.issuer = idp->entity_id;
    apr_array_cat(certs, idp->certs);
    return CLI_OK;
}

static int load_certs(verify_t *v)
{
    apr_array_header_t *certs = apr_array_make(v->p, 4, sizeof(saml_cert_t *)), *loaded;
    saml_err_t err = { .pool = v->p };
    int i;

    for (i = 0; i < v->cert_files->nelts; i++) {
        if (saml_certs_load(&loaded, APR_ARRAY_IDX(v->cert_files, i, const char *), v->p, &err) != SAML_OK)
            return cli_cannot(COMMAND, "--idp-cert: %s", err.reason);
        apr_array_cat(certs, loaded);
    }
    v->want.certs = certs;
    return load_metadata(v, certs);
}

static int load_keys(verify_t *v)
{
    apr_array_header_t *keys = apr_array_make(v->p, 2, sizeof(saml_keypair_t *));
    saml_err_t err = { .pool = v->p };
    saml_keypair_t *key;
    int i;

    for (i = 0; i < v->key_files->nelts; i++) {
        if (saml_private_key_load(&key, APR_ARRAY_IDX(v->key_files, i, const char *), v->p, &err) != SAML_OK)
            return cli_cannot(COMMAND, "--key: %s", err.reason);
        APR_ARRAY_PUSH(keys, saml_keypair_t *) = key;
    }
    v->want.keys = keys;
    return CLI_OK;
}

/* ---- the verdict -------------------------------------------------------- */

static const char *json_name_id(const saml_name_id_t *id, apr_pool_t *p)
{
    apr_array_header_t *members = apr_array_make(p, 2, sizeof(const char *));

    APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, "value", saml_json_string(p, id->value));
    APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, "format", saml_json_string(p, id->format));
    return cli_json_object(p, members);
}

static const char *json_attributes(const apr_array_header_t *attributes, apr_pool_t *p)
{
    apr_array_header_t *members = apr_array_make(p, 16, sizeof(const char *));
    int i, k;

    for (i = 0; i < attributes->nelts; i++) {
        const saml_attribute_t *a = &APR_ARRAY_IDX(attributes, i, saml_attribute_t);
        apr_array_header_t *values = apr_array_make(p, 4, sizeof(const char *));

        for (k = 0; k < a->values->nelts; k++)
            APR_ARRAY_PUSH(values, const char *) = saml_json_string(p, APR_ARRAY_IDX(a->values, k, const char *));
        APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, a->name, cli_json_array(p, values));
    }
    return cli_json_object(p, members);
}

static const char *json_time(apr_time_t t, apr_pool_t *p)
{
    return saml_json_string(p, t ? saml_time_format(p, t) : NULL);
}

static void print_login_json(const saml_login_t *login, apr_pool_t *p)
{
    printf("{\"verdict\":\"accepted\",\"name_id\":%s,\"attributes\":%s,\"session_index\":%s,",
           json_name_id(&login->name_id, p), json_attributes(login->attributes, p),
           saml_json_string(p, login->session_index));
    printf("\"issuer\":%s,\"assertion_id\":%s,\"authn_instant\":%s,\"context_class\":%s,"
           "\"session_not_on_or_after\":%s,\"signed_by\":%s,\"encrypted\":%s}\n",
           saml_json_string(p, login->issuer), saml_json_string(p, login->assertion_id),
           json_time(login->authn_instant, p), saml_json_string(p, login->context_class),
           json_time(login->session_not_on_or_after, p),
           saml_json_string(p, login->signed_by ? login->signed_by->sha1 : NULL),
           login->was_encrypted ? "true" : "false");
}

static void print_line(const char *label, const char *value, apr_pool_t *p)
{
    if (value)
        printf("  %-15s %s\n", label, cli_printable(p, value));
}

static void print_attribute(const saml_attribute_t *a, apr_pool_t *p)
{
    const char *alias = saml_claim_alias(a->name);
    int i;

    printf("    %s%s%s\n", alias ? alias : "", alias ? " = " : "", cli_printable(p, a->name));
    for (i = 0; i < a->values->nelts; i++)
        printf("      %s\n", cli_printable(p, APR_ARRAY_IDX(a->values, i, const char *)));
}

static void print_login(const saml_login_t *login, apr_pool_t *p)
{
    int i;

    printf("accepted\n");
    print_line("name ID", login->name_id.value, p);
    print_line("  format", login->name_id.format, p);
    print_line("issuer", login->issuer, p);
    if (login->signed_by)
        print_line("signed by", apr_psprintf(p, "%s, thumbprint %s", login->signed_by->subject,
                                             login->signed_by->sha1), p);
    print_line("encrypted", login->was_encrypted ? "yes" : "no", p);
    print_line("session index", login->session_index, p);
    print_line("signed on", login->authn_instant ? saml_time_format(p, login->authn_instant) : NULL, p);
    print_line("  how", login->context_class, p);
    print_line("session until",
               login->session_not_on_or_after ? saml_time_format(p, login->session_not_on_or_after) : NULL, p);
    if (login->attributes->nelts)
        printf("  attributes\n");
    for (i = 0; i < login->attributes->nelts; i++)
        print_attribute(&APR_ARRAY_IDX(login->attributes, i, saml_attribute_t), p);
}

/* What the page and "saml-sso explain" say of it. */
static const char *words_for(const verify_t *v, const saml_err_t *err)
{
    const char *words = err->status == SAML_E_STATUS ? saml_explain_idp_line(&err->idp, v->p) : NULL;

    return words ? words : apr_pstrcat(v->p, "Mend: ", saml_refusal_words[err->status].fix, NULL);
}

static void print_refusal(const verify_t *v, const saml_err_t *err)
{
    if (v->as_json)
        printf("{\"verdict\":\"refused\",\"status\":%s,\"reason\":%s}\n",
               saml_json_string(v->p, saml_status_name(err->status)), saml_json_string(v->p, err->reason));
    else
        printf("refused [%s]\n  %s\n  %s\n", saml_status_name(err->status), cli_printable(v->p, err->reason), words_for(v, err));
}

static saml_status_t judge(saml_login_t **login, const verify_t *v, const char *data, apr_size_t len, saml_err_t *err)
{
    const char *xml = NULL;
    apr_size_t xml_len = 0;

    if (len > CLI_MAX_INPUT_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "input: expected at most %d bytes, got more", CLI_MAX_INPUT_BYTES);
    SAML_TRY(cli_response_read(&xml, &xml_len, data, len, v->p, err));
    return saml_response_check(login, xml, xml_len, &v->want, v->p, err);
}

static int run(verify_t *v)
{
    saml_err_t err = { .pool = v->p };
    saml_login_t *login;
    const char *data;
    apr_size_t len;

    if (cli_read(&data, &len, v->input, CLI_MAX_INPUT_BYTES, COMMAND, v->p) != CLI_OK)
        return CLI_CANNOT;
    if (judge(&login, v, data, len, &err) != SAML_OK) {
        print_refusal(v, &err);
        return CLI_REFUSED;
    }
    if (v->as_json)
        print_login_json(login, v->p);
    else
        print_login(login, v->p);
    return CLI_OK;
}

int cli_verify(int argc, const char *const *argv, apr_pool_t *p)
{
    verify_t v = { .p = p };

    v.cert_files = apr_array_make(p, 2, sizeof(const char *));
    v.key_files = apr_array_make(p, 2, sizeof(const char *));
    v.want.audiences = apr_array_make(p, 2, sizeof(const char *));
    v.want.skew = apr_time_from_sec(DEFAULT_SKEW_S);
    v.want.replay = saml_replay_memory(p);
    if (read_options(&v, argc, argv) != CLI_OK)
        return CLI_CANNOT;
    if (v.help) {
        fputs(HELP, stdout);
        return cli_finish(CLI_OK, COMMAND);
    }
    if (check_options(&v) != CLI_OK || set_now(&v) != CLI_OK || load_certs(&v) != CLI_OK || load_keys(&v) != CLI_OK)
        return CLI_CANNOT;
    return cli_finish(run(&v), COMMAND);
}
