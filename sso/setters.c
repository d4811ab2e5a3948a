/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of the directives that shape an application. They see that a value is well formed; whether the file can be
 * read and whether two directives agree is seen by the check at start-up. */

#include <apr_lib.h>
#include <apr_strings.h>

#include "config.h"
#include "duration.h"
#include "saml/fetch.h"
#include "saml/relay_state.h"
#include "saml/request.h"
#include "url.h"

#define MAX_NAME_BYTES 32       /* of an application: it becomes part of cookie names */
#define MAX_GROUP_BYTES 256     /* of SAMLProvision */
#define MAX_URI_BYTES 1024      /* SAML Core 8.3.6: of an entity identifier */

static sso_set_t which_of(const cmd_parms *cmd)
{
    return (sso_set_t)(apr_uintptr_t)cmd->info;
}

/* Note that this server itself writes on `app`. */
static void mark_own(cmd_parms *cmd, sso_server_conf_t *conf, sso_app_conf_t *app)
{
    for (int i = 0; i < conf->own->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(conf->own, i, const char *), app->name) == 0)
            return;
    }
    APR_ARRAY_PUSH(conf->own, const char *) = app->name;
    app->at = sso_at_here(cmd);
}

/* The application whose scope this is. */
static sso_app_conf_t *app_of(cmd_parms *cmd)
{
    sso_server_conf_t *conf = sso_server_conf_of(cmd->server);
    sso_app_conf_t *app = conf->open ? conf->open : conf->app;

    mark_own(cmd, conf, app);
    return app;
}

static sso_setting_t *setting_of(cmd_parms *cmd)
{
    return &app_of(cmd)->set[which_of(cmd)];
}

/* The same for a directive that may stand once. */
static sso_setting_t *single_of(cmd_parms *cmd)
{
    sso_setting_t *setting = setting_of(cmd);

    if (setting->at.file)
        sso_note_twice(cmd, &setting->at);
    memset(setting, 0, sizeof(*setting));
    setting->at = sso_at_here(cmd);
    return setting;
}

static sso_value_t *add_value(cmd_parms *cmd, sso_setting_t *setting, const char *text)
{
    sso_value_t *value;

    if (!setting->values)
        setting->values = apr_array_make(cmd->pool, 1, sizeof(sso_value_t));
    value = apr_array_push(setting->values);
    memset(value, 0, sizeof(*value));
    value->at = sso_at_here(cmd);
    value->text = text;
    if (!setting->at.file)
        setting->at = value->at;
    return value;
}

/* Directives whose arguments add up, in one line or in several. */
static int is_list(sso_set_t which)
{
    return which == SSO_SET_CERTIFICATE || which == SSO_SET_AUDIENCE || which == SSO_SET_REPLY_URL
           || which == SSO_SET_AUTHN_CONTEXT;
}

static sso_setting_t *open_setting(cmd_parms *cmd)
{
    return is_list(which_of(cmd)) ? setting_of(cmd) : single_of(cmd);
}

static const char *refuse(cmd_parms *cmd, const char *expected, const char *got)
{
    return apr_psprintf(cmd->pool, "%s: expected %s, got %s", cmd->cmd->name, expected, saml_quote(cmd->pool, got));
}

static int is_printable(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7f)
            return 0;
    }
    return 1;
}

sso_value_t *sso_add_single(cmd_parms *cmd, const char *text)
{
    return add_value(cmd, single_of(cmd), text);
}

/* Identifiers compare byte for byte, so an odd character in one is a slip worth naming. */
const char *sso_set_value(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    if (!*arg || strlen(arg) > MAX_URI_BYTES || !is_printable(arg))
        return refuse(cmd, "1 to 1024 printable ASCII characters without spaces", arg);
    add_value(cmd, open_setting(cmd), arg);
    return NULL;
}

/* A store and its options, with a space between each. */
const char *sso_set_session_store(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    const char *text = argc > 0 ? argv[0] : "";

    for (int i = 0; i < argc; i++) {
        if (!*argv[i] || !is_printable(argv[i]))
            return refuse(cmd, "printable ASCII characters without spaces in each argument", argv[i]);
        if (i > 0)
            text = apr_pstrcat(cmd->pool, text, " ", argv[i], NULL);
    }
    (void)dir;
    if (!*text || strlen(text) > MAX_URI_BYTES)
        return refuse(cmd, "1 to 1024 characters", text);
    add_value(cmd, open_setting(cmd), text);
    return NULL;
}

const char *sso_set_url(cmd_parms *cmd, void *dir, const char *arg)
{
    const char *wrong = sso_idp_url_check(arg, cmd->pool);

    (void)dir;
    if (wrong)
        return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", wrong, NULL);
    add_value(cmd, single_of(cmd), arg);
    return NULL;
}

const char *sso_set_file(cmd_parms *cmd, void *dir, const char *arg)
{
    const char *path = *arg ? ap_server_root_relative(cmd->pool, arg) : NULL;

    (void)dir;
    if (!path)
        return refuse(cmd, "a file name", arg);
    add_value(cmd, open_setting(cmd), arg)->path = path;
    return NULL;
}

/* A prefix is the proxy's, so one application says it for those in it; "/" is none. */
static int set_prefix(cmd_parms *cmd, const char *option)
{
    static const char name[] = "prefix=";
    const char *prefix = strncmp(option, name, strlen(name)) == 0 ? option + strlen(name) : "";
    sso_setting_t *setting = &app_of(cmd)->set[SSO_SET_PREFIX];

    if (strcmp(prefix, "/") != 0 && !sso_path_is_plain(prefix))
        return 0;
    memset(setting, 0, sizeof(*setting));
    add_value(cmd, setting, prefix[1] ? prefix : "");
    return 1;
}

const char *sso_set_path(cmd_parms *cmd, void *dir, const char *arg, const char *option)
{
    (void)dir;
    if (!sso_path_is_plain(arg))
        return refuse(cmd, "a path such as \"/saml\": a slash first and none last, letters, digits, - . _ ~ between "
                           "single slashes, no dot segments", arg);
    if (option && !set_prefix(cmd, option))
        return refuse(cmd, "prefix= and a path of the same kind behind it", option);
    add_value(cmd, single_of(cmd), arg);
    return NULL;
}

const char *sso_set_flag(cmd_parms *cmd, void *dir, int on)
{
    (void)dir;
    single_of(cmd)->number = on;
    return NULL;
}

const char *sso_set_key(cmd_parms *cmd, void *dir, const char *key, const char *cert)
{
    const char *key_path = *key ? ap_server_root_relative(cmd->pool, key) : NULL;
    const char *cert_path = *cert ? ap_server_root_relative(cmd->pool, cert) : NULL;
    sso_value_t *value;

    (void)dir;
    if (!key_path || !cert_path)
        return refuse(cmd, "the file names of a private key and its certificate", key_path ? cert : key);
    value = add_value(cmd, setting_of(cmd), key);
    value->path = key_path;
    value->more = cert;
    value->more_path = cert_path;
    return NULL;
}

/* Bindings 3.4.3: RelayState has 80 bytes at most. */
const char *sso_set_relay_state(cmd_parms *cmd, void *dir, const char *name, const char *target)
{
    (void)dir;
    if (!*name || strlen(name) > SAML_RELAY_STATE_SAFE_BYTES || !is_printable(name))
        return refuse(cmd, "a name of 1 to 80 printable ASCII characters without spaces", name);
    add_value(cmd, setting_of(cmd), name)->more = target;
    return NULL;
}

const char *sso_set_graph(cmd_parms *cmd, void *dir, const char *file, const char *cert)
{
    sso_value_t *value;

    (void)dir;
    value = add_value(cmd, single_of(cmd), file);
    value->path = ap_server_root_relative(cmd->pool, file);
    value->more = cert;
    value->more_path = cert ? ap_server_root_relative(cmd->pool, cert) : NULL;
    if (!value->path || (cert && !value->more_path))
        return refuse(cmd, "the name of a file with a client secret, or of a private key and its certificate", value->path ? cert : file);
    return NULL;
}

const char *sso_set_binding(cmd_parms *cmd, void *dir, const char *arg)
{
    sso_binding_t binding;

    (void)dir;
    if (apr_strnatcasecmp(arg, "POST") == 0)
        binding = SSO_BINDING_POST;
    else if (apr_strnatcasecmp(arg, "Redirect") == 0)
        binding = SSO_BINDING_REDIRECT;
    else
        return refuse(cmd, "POST or Redirect", arg);
    single_of(cmd)->number = binding;
    return NULL;
}

/* One of `words`, in any case, whose place is the value; `words` ends with NULL. */
static const char *set_word(cmd_parms *cmd, const char *const *words, const char *expected, const char *arg)
{
    int i;

    for (i = 0; words[i]; i++) {
        if (apr_strnatcasecmp(arg, words[i]) == 0) {
            single_of(cmd)->number = i;
            return NULL;
        }
    }
    return refuse(cmd, expected, arg);
}

const char *sso_set_force_authn(cmd_parms *cmd, void *dir, const char *arg)
{
    static const char *const words[] = {
        [SSO_FORCE_OFF] = "off", [SSO_FORCE_ALWAYS] = "on", [SSO_FORCE_AFTER_LOGOUT] = "after-logout", NULL
    };

    (void)dir;
    return set_word(cmd, words, "on, off or after-logout", arg);
}

const char *sso_set_logout_response(cmd_parms *cmd, void *dir, const char *arg)
{
    static const char *const words[] = { [SSO_ANSWER_AUTO] = "auto", [SSO_ANSWER_OFF] = "off", [SSO_ANSWER_ON] = "on", NULL };

    (void)dir;
    return set_word(cmd, words, "auto, on or off", arg);
}

const char *sso_set_name_id_format(cmd_parms *cmd, void *dir, const char *arg)
{
    const char *uri = saml_name_id_format_uri(arg);

    (void)dir;
    if (!uri && strcmp(arg, "none") != 0) {
        if (!strchr(arg, ':') || !is_printable(arg))
            return refuse(cmd, "emailAddress, persistent, transient, unspecified, none or a URI", arg);
        uri = arg;
    }
    add_value(cmd, single_of(cmd), uri);
    return NULL;
}

#define MAX_SESSION_LIMIT APR_INT64_C(1000000000)

const char *sso_set_session_limit(cmd_parms *cmd, void *dir, const char *arg)
{
    apr_size_t digits = strspn(arg, "0123456789");
    apr_int64_t sessions = digits > 0 && digits <= 10 && !arg[digits] ? apr_atoi64(arg) : 0;

    (void)dir;
    if (sessions < 1 || sessions > MAX_SESSION_LIMIT)
        return refuse(cmd, "a number of sessions from 1 to 1000000000", arg);
    single_of(cmd)->number = sessions;
    return NULL;
}

static const struct {
    sso_set_t which;
    int least_s;
    int most_s;
    const char *expected;
} durations[] = {
    { SSO_SET_METADATA_REFRESH, 1, 168 * 3600, "1s to 168h" },
    { SSO_SET_CLOCK_SKEW, 0, 600, "0s to 600s" },
    { SSO_SET_SESSION_LIFETIME, 1, 720 * 3600, "1s to 720h" },
    { SSO_SET_SESSION_IDLE, 1, 720 * 3600, "1s to 720h" },
};

/* "30m", as many programs take it. */
static int is_in_m(const char *text)
{
    apr_size_t digits = strspn(text, "0123456789");

    return digits && strcmp(text + digits, "m") == 0;
}

const char *sso_set_duration(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    for (apr_size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        apr_int64_t seconds;

        if (durations[i].which != which_of(cmd))
            continue;
        if (!sso_duration_read(&seconds, arg, SSO_DURATION) || seconds < durations[i].least_s || seconds > durations[i].most_s)
            return refuse(cmd, apr_pstrcat(cmd->pool, durations[i].expected, is_in_m(arg) ? " (minutes are \"min\")" : "", NULL), arg);
        single_of(cmd)->number = apr_time_from_sec(seconds);
        return NULL;
    }
    return refuse(cmd, "a directive with a duration", arg);
}

const char *sso_set_allow(cmd_parms *cmd, void *dir, const char *arg)
{
    unsigned bit = saml_allow_bit(arg);
    sso_setting_t *setting;

    (void)dir;
    if (!bit && strcmp(arg, "none") != 0)
        return refuse(cmd, apr_psprintf(cmd->pool, "%s or none", saml_allow_names()), arg);
    setting = setting_of(cmd);
    if (setting->at.file && (!bit || !setting->number))
        return refuse(cmd, "\"none\" to stand alone", arg);
    setting->number |= bit;
    add_value(cmd, setting, arg);
    return NULL;
}

/* RFC 6265 4.1.1 allows more; these are what no intermediary trips over. */
static int is_cookie_name(const char *name)
{
    apr_size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    return len > 0 && len <= 64 && !name[len];
}

static int is_domain(const char *name)
{
    apr_size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-");

    return len > 0 && len <= 253 && !name[len] && name[0] != '.' && name[0] != '-' && !strstr(name, "..");
}

const char *sso_set_domain_hint(cmd_parms *cmd, void *dir, const char *arg)
{
    char *domain = apr_pstrdup(cmd->pool, arg);

    (void)dir;
    ap_str_tolower(domain);
    if (!is_domain(domain))
        return refuse(cmd, "a domain such as example.org, or none", arg);
    add_value(cmd, single_of(cmd), strcmp(domain, "none") == 0 ? NULL : domain);
    return NULL;
}

static int says_none(const sso_setting_t *setting)
{
    return setting->values && !APR_ARRAY_IDX(setting->values, 0, sso_value_t).text;
}

const char *sso_set_authn_context(cmd_parms *cmd, void *dir, const char *arg)
{
    int is_none = strcmp(arg, "none") == 0;
    sso_setting_t *setting;

    (void)dir;
    if (!is_none && (!strchr(arg, ':') || !is_printable(arg) || strlen(arg) > MAX_URI_BYTES))
        return refuse(cmd, "the URI of a class such as urn:oasis:names:tc:SAML:2.0:ac:classes:X509, or none", arg);
    setting = open_setting(cmd);
    if (setting->at.file && (is_none || says_none(setting)))
        return refuse(cmd, "\"none\" to stand alone", arg);
    add_value(cmd, setting, is_none ? NULL : arg);
    return NULL;
}

static const char *same_site_of(const char *value)
{
    static const char *const known[] = { "Lax", "Strict", "None" };

    for (apr_size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (apr_strnatcasecmp(value, known[i]) == 0)
            return known[i];
    }
    return NULL;
}

static const char *set_cookie_part(cmd_parms *cmd, sso_cookie_conf_t *cookie, const char *arg)
{
    const char *value = strchr(arg, '=');
    const char **part;

    if (strncasecmp(arg, "Path=", 5) == 0) {
        part = &cookie->path;
        if (strcmp(++value, "/") != 0 && !sso_path_is_plain(value))
            return refuse(cmd, "Path= and a path such as \"/\" or \"/app\"", arg);
    }
    else if (strncasecmp(arg, "Domain=", 7) == 0) {
        char *domain = apr_pstrdup(cmd->pool, value + 1 + (value[1] == '.'));

        ap_str_tolower(domain);
        part = &cookie->domain;
        value = domain;
        if (!is_domain(value))
            return refuse(cmd, "Domain= and a host name", arg);
    }
    else if (strncasecmp(arg, "SameSite=", 9) == 0) {
        part = &cookie->same_site;
        value = same_site_of(value + 1);
        if (!value)
            return refuse(cmd, "SameSite=Lax or SameSite=None", arg);
    }
    else {
        return refuse(cmd, "Path=, Domain= or SameSite= after the name (Secure and HttpOnly are always set)", arg);
    }
    if (*part)
        return refuse(cmd, "each attribute once", arg);
    *part = value;
    return NULL;
}

const char *sso_set_cookie(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    sso_cookie_conf_t *cookie = apr_pcalloc(cmd->pool, sizeof(*cookie));

    (void)dir;
    if (argc == 0)
        return refuse(cmd, "a name, Path=, Domain= or SameSite=", "");
    for (int i = 0; i < argc; i++) {
        const char *wrong = NULL;

        if (strchr(argv[i], '='))
            wrong = set_cookie_part(cmd, cookie, argv[i]);
        else if (i == 0 && is_cookie_name(argv[i]))
            cookie->name = argv[i];
        else
            wrong = refuse(cmd, "a name of letters, digits, _ . -, then Path=, Domain= or SameSite=", argv[i]);
        if (wrong)
            return wrong;
    }
    single_of(cmd)->cookie = cookie;
    return NULL;
}

/* group="SSO Basic" and "group=SSO Basic": httpd's own splitting knows the second alone. NULL where it is neither. */
static const char *group_word(cmd_parms *cmd, const char **rest)
{
    const char *word;

    if (strncasecmp(*rest, "group=", 6) == 0) {
        *rest += 6;
        return ap_getword_conf(cmd->pool, rest);
    }
    word = ap_getword_conf(cmd->pool, rest);
    return strncasecmp(word, "group=", 6) == 0 ? word + 6 : NULL;
}

const char *sso_set_provision(cmd_parms *cmd, void *dir, const char *args)
{
    const char *rest = args, *url = ap_getword_conf(cmd->pool, &rest), *group = NULL;
    int is_none = strcmp(url, "none") == 0;
    saml_err_t err = { .pool = cmd->pool };
    sso_value_t *value;

    (void)dir;
    if (!is_none && saml_fetch_check_url(url, cmd->cmd->name, SAML_E_PROVISIONING, cmd->pool, &err) != SAML_OK)
        return err.reason;
    if (*rest && !is_none) {
        group = group_word(cmd, &rest);
        if (!group || !*group || strlen(group) > MAX_GROUP_BYTES || sso_has_control(group))
            return refuse(cmd, "group=NAME of 1 to 256 octets after the address", group ? group : args);
    }
    if (*rest)
        return refuse(cmd, "an address and group=NAME, or none, and nothing behind", rest);
    value = add_value(cmd, single_of(cmd), is_none ? NULL : url);
    value->more = group;
    return NULL;
}

/* Names that are taken: endpoints, which share the path, and words that mean something else. */
static int is_reserved(const char *name)
{
    static const char *const reserved[] = { SSO_OWN_APPLICATION, "none", "login", "acs", "logout", "metadata",
                                            "certificate", "me", "state" };

    for (apr_size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (strcmp(name, reserved[i]) == 0)
            return 1;
    }
    return 0;
}

static int is_application_name(const char *name)
{
    apr_size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return len > 0 && len <= MAX_NAME_BYTES && !name[len] && apr_isalnum(name[0]) && !is_reserved(name);
}

/* Whatever else stood in the container would change the vhost around it. */
static const char *check_children(cmd_parms *cmd)
{
    for (ap_directive_t *child = cmd->directive->first_child; child; child = child->next) {
        const command_rec *known = NULL;

        for (const command_rec *rec = sso_directives; rec->name; rec++) {
            if (strcasecmp(rec->name, child->directive) == 0 && rec->req_override == RSRC_CONF && rec->name[0] != '<')
                known = rec;
        }
        if (!known) {
            cmd->err_directive = child;
            return apr_psprintf(cmd->pool, "%s: not allowed in <SAMLApplication>, which holds only SAML directives "
                                "that stand in a virtual host", child->directive);
        }
    }
    return NULL;
}

/* The application of that name in this server, made where it is new. */
static const char *open_named(cmd_parms *cmd, sso_server_conf_t *conf, const char *name)
{
    sso_app_conf_t *app = sso_app_conf_find(conf->named, name);

    if (app)
        return apr_psprintf(cmd->pool, "<SAMLApplication>: expected each name once in a virtual host, got \"%s\" again "
                            "after %s line %d", name, app->at.file, app->at.line);
    app = sso_app_conf_new(cmd->pool, name);
    APR_ARRAY_PUSH(conf->named, sso_app_conf_t *) = app;
    mark_own(cmd, conf, app);
    conf->open = app;
    return NULL;
}

const char *sso_open_application(cmd_parms *cmd, void *dir, const char *arg)
{
    sso_server_conf_t *conf = sso_server_conf_of(cmd->server);
    const char *end = strrchr(arg, '>');
    const char *wrong = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT);
    const char *rest;
    const char *name;

    (void)dir;
    if (wrong)
        return wrong;
    if (!end || end[1])
        return "<SAMLApplication>: expected \">\" at the end of the line";
    rest = apr_pstrmemdup(cmd->pool, arg, end - arg);
    name = ap_getword_conf(cmd->pool, &rest);
    if (!is_application_name(name) || *rest)
        return apr_psprintf(cmd->pool, "<SAMLApplication>: expected one name of up to %d letters, digits, - _ that is "
                            "not %s, none, state or an endpoint's, got %s", MAX_NAME_BYTES, SSO_OWN_APPLICATION,
                            saml_quote(cmd->pool, *rest ? arg : name));
    wrong = check_children(cmd);
    if (!wrong)
        wrong = open_named(cmd, conf, name);
    if (!wrong)
        wrong = ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
    conf->open = NULL;
    return wrong;
}
