/* SPDX-License-Identifier: Apache-2.0 */
/* saml-sso sessions: who is signed on, and ending it, in the store of a server that may be running. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>
#include "cli.h"
#include "json.h"
#include "saml/clock.h"
#include "saml/json.h"
#include "store/session.h"
#include "store/store.h"

#define COMMAND "sessions"
#define MAX_SPEC_BYTES 1024         /* as of the directive */
#define MAX_USER_BYTES 1024
#define LONGEST apr_time_from_sec(720 * 3600)   /* SAMLSessionLifetime at most */

static const char HELP[] =
    "Usage: saml-sso sessions --list [--json] [--store SPEC] [USER]\n"
    "       saml-sso sessions --end USER [--store SPEC]\n"
    "\n"
    "Show who is signed on, or end all sessions of a user: in all applications and on all servers that share the\n"
    "store, at once. The servers go on running; run it as root or as the user they run as.\n"
    "\n"
    "  --list        sessions, one a line: name ID, application, when it began, was last used, ends; of USER alone\n"
    "                where one is given\n"
    "  --end USER    end the sessions of USER, and say how many there were\n"
    "  --store SPEC  what SAMLSessionStore says, in one argument with its options; default lmdb, in httpd's runtime\n"
    "                directory. httpd -t -D DUMP_SAML shows it\n"
    "  --json        one JSON object\n"
    "  --help        this\n"
    "\n"
    "USER is a name as REMOTE_USER has it: the name ID, or what a SAMLUser of the configuration makes of the claims.\n"
    "Upper and lower case of ASCII letters count alike. A session that began before a SAMLUser was added goes by the\n"
    "names it had.\n"
    "\n"
    "With --store cookie the browsers carry the sessions: nobody can list them. --end works all the same, and says how\n"
    "many began on the servers that share the store behind it. socache lives in httpd itself, where no command\n"
    "gets; --end works for shmcb and dbm by the files beside them, see the manual.\n"
    "\n"
    "Exit status: 0 shown; ended. 1 USER has no session. 2 could not run.\n"
    "\n"
    "Example:\n"
    "  saml-sso sessions --end ada@example.org --store 'redis://redis.example.org/0 auth=/etc/apache2/saml/redis'\n";

static const cli_option_t OPTIONS[] = {
    { "list", NULL },
    { "end", "a user" },
    { "store", "a SAMLSessionStore" },
    { "json", NULL },
    { "help", NULL },
    { NULL, NULL }
};

typedef struct {
    apr_pool_t *p;
    const char *store;
    const char *user;           /* to be listed */
    const char *end;            /* to be ended */
    int list;
    int json;
    int help;
} sessions_t;

/* ---- what is asked for ---------------------------------------------------- */

static int take(void *baton, const cli_args_t *args, cli_arg_t kind)
{
    sessions_t *c = baton;

    if (kind == CLI_ARG_OPERAND)
        return cli_set_once(&c->user, "USER", args);
    if (cli_args_is(args, "end"))
        return cli_set_once(&c->end, "--end", args);
    if (cli_args_is(args, "store"))
        return cli_set_once(&c->store, "--store", args);
    c->list |= cli_args_is(args, "list");
    c->json |= cli_args_is(args, "json");
    c->help |= cli_args_is(args, "help");
    return CLI_OK;
}

static int check_user(const sessions_t *c, const char *user)
{
    if (user && (!*user || strlen(user) > MAX_USER_BYTES))
        return cli_misused(COMMAND, "USER: expected 1 to %d octets, got %s", MAX_USER_BYTES, saml_quote(c->p, user));
    return CLI_OK;
}

static int check_options(sessions_t *c)
{
    if (!c->list == !c->end)
        return cli_misused(COMMAND, "expected one of --list and --end USER, got %s", c->list ? "both" : "none");
    if (c->end && c->user)
        return cli_misused(COMMAND, "expected one USER to end, got %s too", saml_quote(c->p, c->user));
    if (c->store && strlen(c->store) > MAX_SPEC_BYTES)
        return cli_misused(COMMAND, "--store: expected at most %d characters", MAX_SPEC_BYTES);
    if (c->store && strncmp(c->store, "socache", 7) == 0 && (!c->store[7] || c->store[7] == ':'))
        return cli_cannot(COMMAND, "--store: sessions in %s are httpd's own, in its memory or under its mutex, where no command gets; those "
                          "of shmcb and dbm end by the files beside them, saml-sso-index-... and saml-sso-used-... in httpd's runtime "
                          "directory: --end USER --store lmdb:/FOLDER",
                          cli_printable(c->p, c->store));
    if (check_user(c, c->user) != CLI_OK || check_user(c, c->end) != CLI_OK)
        return CLI_CANNOT;
    return CLI_OK;
}

/* ---- the store -------------------------------------------------------------- */

/* httpd's runtime directory, as Debian and Fedora have it: the one in which a store is. */
static const char *runtime_dir(apr_pool_t *p)
{
    static const char *const dirs[] = { "/run/apache2", "/run/httpd", "/var/run/apache2", "/var/run/httpd", "/usr/local/apache2/logs" };
    struct stat found;
    apr_size_t i;

    for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        if (stat(apr_pstrcat(p, dirs[i], "/saml-sso", NULL), &found) == 0
            || stat(apr_pstrcat(p, dirs[i], "/saml-sso-cookie", NULL), &found) == 0)
            return dirs[i];
    }
    return dirs[0];
}

static int open_store(sso_store_t **out, const sessions_t *c)
{
    saml_err_t err = { .pool = c->p };

    if (sso_store_configure(out, c->store ? c->store : "lmdb", runtime_dir(c->p), c->p, &err) != SAML_OK)
        return cli_cannot(COMMAND, "--store: %s", err.reason);
    sso_store_lifetime(*out, LONGEST);
    if (sso_store_attach(*out, c->p, &err) != SAML_OK)
        return cli_cannot(COMMAND, "%s", err.reason);
    return CLI_OK;
}

/* ---- listing ---------------------------------------------------------------- */

typedef struct {
    apr_pool_t *p;              /* cleared for each session */
    apr_time_t now;
    apr_uint64_t count;
    apr_uint64_t unreadable;    /* of another version of this module */
    int json;
} list_t;

#define LIST_BEGIN "{\"sessions\":["

static const char *time_of(apr_pool_t *p, apr_time_t t)
{
    return saml_time_format(p, t - apr_time_usec(t));
}

static const char *quoted_time(apr_pool_t *p, apr_time_t t)
{
    return saml_json_string(p, time_of(p, t));
}

/* The application's name and identifier: the words before what else a session hangs on (sso_app_t). */
static void split_app(const char **name, const char **identifier, const char *app_id, apr_pool_t *p)
{
    const char *first = strchr(app_id, ' '), *second = first ? strchr(first + 1, ' ') : NULL;

    *name = first && first > app_id ? apr_pstrmemdup(p, app_id, (apr_size_t)(first - app_id)) : "default";
    *identifier = second ? apr_pstrmemdup(p, first + 1, (apr_size_t)(second - first - 1)) : first ? first + 1 : app_id;
}

static void print_json(const list_t *list, const sso_session_t *s)
{
    apr_array_header_t *members = apr_array_make(list->p, 8, sizeof(const char *));
    const char *name, *identifier;
    apr_pool_t *p = list->p;

    split_app(&name, &identifier, s->app_id, p);
    APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, "name_id", saml_json_string(p, s->name_id));
    APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, "application", saml_json_string(p, name));
    APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, "identifier", saml_json_string(p, identifier));
    APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, "began", quoted_time(p, s->created));
    APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, "last_used", quoted_time(p, s->seen));
    APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, "ends", quoted_time(p, sso_session_forget_at(s)));
    APR_ARRAY_PUSH(members, const char *) = cli_json_member(p, "ends_at_the_latest", quoted_time(p, s->expires));
    printf("%s%s", list->count ? ",\n" : LIST_BEGIN, cli_json_object(p, members));
}

static void print_line(const list_t *list, const sso_session_t *s)
{
    const char *name, *identifier;
    apr_pool_t *p = list->p;

    split_app(&name, &identifier, s->app_id, p);
    if (list->count == 0)
        printf("%-32s  %-16s  %-20s  %-16s  %s\n", "NAME ID", "APPLICATION", "BEGAN", "LAST USED", "ENDS");
    printf("%-32s  %-16s  %-20s  %-16s  %s\n", cli_printable(p, s->name_id), cli_printable(p, name), time_of(p, s->created),
           cli_relative_time(p, s->seen, list->now), cli_relative_time(p, sso_session_forget_at(s), list->now));
}

static saml_status_t print_session(void *baton, const sso_stored_t *stored, saml_err_t *err)
{
    list_t *list = baton;
    sso_session_t session;

    (void)err;
    apr_pool_clear(list->p);
    if (sso_session_decode(&session, stored->record, stored->len, &(saml_err_t){ .pool = list->p }) != SAML_OK) {
        list->unreadable++;
        return SAML_OK;
    }
    if (sso_session_state(&session, list->now) != SSO_SESSION_LIVE)
        return SAML_OK;
    if (list->json)
        print_json(list, &session);
    else
        print_line(list, &session);
    list->count++;
    return SAML_OK;
}

static void print_end(const list_t *list)
{
    const char *noun = list->count == 1 ? "session" : "sessions";

    if (list->json)
        printf("%s],\"count\":%" APR_UINT64_T_FMT "}\n", list->count ? "" : LIST_BEGIN, list->count);
    else
        printf("%s%" APR_UINT64_T_FMT " %s\n", list->count ? "\n" : "", list->count, noun);
    if (list->unreadable)
        fprintf(stderr, "saml-sso %s: %" APR_UINT64_T_FMT " more of another version of mod_saml_sso, which their users begin anew\n", COMMAND,
                list->unreadable);
}

static int list_sessions(const sessions_t *c, sso_store_t *store)
{
    list_t list = { .now = apr_time_now(), .json = c->json };
    saml_err_t err = { .pool = c->p };
    sso_label_t label;
    saml_status_t status = SAML_OK;

    if (apr_pool_create(&list.p, c->p) != APR_SUCCESS)
        return cli_cannot(COMMAND, "out of memory");
    if (c->user)
        status = sso_user_label(&label, c->user, c->p, &err);
    if (status == SAML_OK)
        status = sso_store_each(store, list.now, c->user ? &label : NULL, print_session, &list, &err);
    if (status != SAML_OK)
        return cli_cannot(COMMAND, "%s%s", list.count ? "the list is not complete: " : "", err.reason);
    print_end(&list);
    return c->user && list.count == 0 ? CLI_REFUSED : CLI_OK;
}

/* ---- ending ----------------------------------------------------------------- */

static int end_sessions(const sessions_t *c, sso_store_t *store)
{
    saml_err_t err = { .pool = c->p };
    sso_label_t label;
    int ended = 0;

    if (sso_user_label(&label, c->end, c->p, &err) != SAML_OK
        || sso_store_remove_labelled(store, &label, 1, &ended, &err) != SAML_OK)
        return cli_cannot(COMMAND, "%s", err.reason);
    if (c->json)
        printf("{\"user\":%s,\"ended\":%d,\"complete\":%s}\n", saml_json_string(c->p, c->end), ended,
               sso_store_is_carried(store) ? "false" : "true");
    else if (sso_store_is_carried(store))
        printf("every session of %s has ended; %d of them began on servers that share this store, more may have begun elsewhere\n",
               cli_printable(c->p, c->end), ended);
    else
        printf("%d %s of %s ended\n", ended, ended == 1 ? "session" : "sessions", cli_printable(c->p, c->end));
    return ended || sso_store_is_carried(store) ? CLI_OK : CLI_REFUSED;
}

int cli_sessions(int argc, const char *const *argv, apr_pool_t *p)
{
    sessions_t c = { .p = p };
    sso_store_t *store = NULL;

    if (cli_args_each(take, &c, OPTIONS, argc, argv, p) != CLI_OK)
        return CLI_CANNOT;
    if (c.help) {
        fputs(HELP, stdout);
        return cli_finish(CLI_OK, COMMAND);
    }
    if (check_options(&c) != CLI_OK || open_store(&store, &c) != CLI_OK)
        return CLI_CANNOT;
    return cli_finish(c.end ? end_sessions(&c, store) : list_sessions(&c, store), COMMAND);
}
