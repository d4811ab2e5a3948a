/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_CONFIG_H
#define SSO_CONFIG_H

/**
 * @file config.h
 * Directives as they were written, before anything is loaded. What serving code sees is in sso.h; resolve.c makes
 * the one from the other.
 */

#include "sso.h"

/** Where a directive stands. `file` NULL: nowhere, unset. */
typedef struct {
    const char *file;
    int line;
} sso_at_t;

/** The directives of an application. */
typedef enum {
    SSO_SET_ENTRA,
    SSO_SET_IDP_METADATA,
    SSO_SET_IDP_IDENTIFIER,
    SSO_SET_LOGIN_URL,
    SSO_SET_LOGOUT_URL,
    SSO_SET_CERTIFICATE,
    SSO_SET_METADATA_REFRESH,
    SSO_SET_METADATA_CA,
    SSO_SET_METADATA_PROXY,
    SSO_SET_IDENTIFIER,
    SSO_SET_AUDIENCE,
    SSO_SET_REPLY_URL,
    SSO_SET_PATH,
    SSO_SET_PREFIX,             /* of SAMLPath, too: its own way of passing on */
    SSO_SET_KEY,
    SSO_SET_SIGN_REQUESTS,
    SSO_SET_REQUEST_BINDING,
    SSO_SET_NAME_ID_FORMAT,
    SSO_SET_FORCE_AUTHN,
    SSO_SET_SINGLE_LOGOUT,
    SSO_SET_LOGOUT_RESPONSE,
    SSO_SET_DOMAIN_HINT,
    SSO_SET_LOGIN_HINT,
    SSO_SET_AUTHN_CONTEXT,
    SSO_SET_IDP_INITIATED,
    SSO_SET_RELAY_STATE,
    SSO_SET_CLOCK_SKEW,
    SSO_SET_ALLOW,
    SSO_SET_SESSION_STORE,
    SSO_SET_SESSION_LIMIT,
    SSO_SET_SESSION_LIFETIME,
    SSO_SET_SESSION_IDLE,
    SSO_SET_COOKIE,
    SSO_SET_KEEP_POSTS,
    SSO_SET_SECRET,
    SSO_SET_PROVISION,
    SSO_SET_GROUP_MAP,
    SSO_SET_GRAPH,
    SSO_SET_COUNT
} sso_set_t;

/** How a directive passes from an outer scope to an inner one. */
typedef enum {
    SSO_INHERIT_GENERAL,        /* one by one, to vhosts and to named applications */
    SSO_INHERIT_WITH_IDP,       /* goes with the identity provider: not to where there is another one */
    SSO_INHERIT_IDP,            /* the identity provider: all of the group or nothing of it */
    SSO_INHERIT_OWN             /* what an application is: to vhosts, never to named applications */
} sso_inherit_t;

/** One value, with the place it came from. */
typedef struct {
    sso_at_t at;
    const char *text;           /* as written; NULL where the value says "none" */
    const char *path;           /* the same as a file name, where it is one */
    const char *more;           /* second argument (SAMLKey's certificate, SAMLRelayState's target, SAMLProvision's group) */
    const char *more_path;
    int number;                 /* SAMLEntra's cloud */
} sso_value_t;

/** The parts of SAMLCookie; NULL: not given. */
typedef struct {
    const char *name;
    const char *path;
    const char *domain;
    const char *same_site;
} sso_cookie_conf_t;

/** One directive of one scope. Unset: at.file is NULL. */
typedef struct {
    sso_at_t at;                        /* of the first value */
    apr_array_header_t *values;         /* sso_value_t; NULL where there is only a number */
    apr_int64_t number;                 /* flag, enum, bits or apr_interval_time_t */
    const sso_cookie_conf_t *cookie;
} sso_setting_t;

/** An application as written: of a server itself (name "") or of a <SAMLApplication>. */
typedef struct {
    const char *name;
    sso_at_t at;                        /* of the container, or of the first directive; unset where there is nothing */
    sso_setting_t set[SSO_SET_COUNT];
} sso_app_conf_t;

/** A name that a SAMLApplication directive uses. */
typedef struct {
    sso_at_t at;
    const char *name;
} sso_app_ref_t;

/** What a setter saw and the start-up check is to report, so that it comes out in the one form. */
typedef struct {
    sso_at_t at;
    const char *directive;
    const char *text;                   /* "expected ..., found ...; mend: ..." */
} sso_problem_t;

/** What the log is to say when serving starts. */
typedef struct {
    int level;                          /* APLOG_ */
    const char *text;
} sso_note_t;

/** What exists once in a process; hangs on the main server. */
typedef struct {
    apr_array_header_t *stores;         /* sso_store_t *, each once */
    apr_array_header_t *notes;          /* sso_note_t */
    apr_array_header_t *apps;           /* sso_app_t *, of all servers */
    apr_array_header_t *sources;        /* sso_source_t *, each once */
    apr_array_header_t *keeps;          /* const sso_kept_place_t *, each folder once */
    apr_array_header_t *users;          /* const sso_user_t *, of all places, each once (user_labels.h) */
    const char *default_secret;         /* file name, where an application uses it */
} sso_process_t;

/** What stands in a server. */
typedef struct {
    sso_app_conf_t *app;
    apr_array_header_t *named;          /* sso_app_conf_t * */
    sso_app_conf_t *open;               /* the container that is being read, or NULL */
    apr_array_header_t *refs;           /* sso_app_ref_t, of this server alone */
    apr_array_header_t *managed;        /* const char *, header names of this server alone, and stems of such ("SM_*") */
    apr_array_header_t *problems;       /* sso_problem_t, of this server alone */
    apr_array_header_t *advice;         /* sso_problem_t to warn of, of this server alone */
    apr_array_header_t *users;          /* const sso_user_t *, as the SAMLUser of this server alone */
    apr_array_header_t *own;            /* const char *, names of the applications that this server itself writes on */
    sso_server_t *resolved;             /* NULL until checked */
    sso_process_t *process;             /* on the main server, once checked */
} sso_server_conf_t;

/** What a directory says, with what only the merge needs to know. */
typedef struct {
    sso_dir_t say;                      /* first: serving code sees this */
    const apr_array_header_t *added;    /* sso_header_t, as written; NULL: none written */
    int cleared;                        /* `SAMLHeader none`: nothing from outside, nor the default set */
} sso_dir_conf_t;

/** Of the default SAMLSecret, in httpd's runtime directory. */
#define SSO_SECRET_FILE "mod_saml_sso.secret"

/** The name that the vhost's own application goes by in SAMLApplication. */
#define SSO_OWN_APPLICATION "default"

/* config.c */
/** "SAMLClockSkew" */
const char *sso_set_name(sso_set_t which);
sso_inherit_t sso_set_inherit(sso_set_t which);
int sso_is_set(const sso_app_conf_t *app, sso_set_t which);
/** Whether anything of the identity provider group is set. */
int sso_has_idp(const sso_app_conf_t *app);
/** Text of the first value, or NULL. */
const char *sso_set_text(const sso_app_conf_t *app, sso_set_t which);
/** The first value, or NULL where it is not set. */
const sso_value_t *sso_set_value_of(const sso_app_conf_t *app, sso_set_t which);
/** The application named `name` among `named` (sso_app_conf_t *), or NULL. */
sso_app_conf_t *sso_app_conf_find(const apr_array_header_t *named, const char *name);
sso_app_conf_t *sso_app_conf_new(apr_pool_t *p, const char *name);
/** `inner` over `outer`, which are the same application in a vhost and in the main server. */
sso_app_conf_t *sso_app_conf_merge(apr_pool_t *p, const sso_app_conf_t *outer, const sso_app_conf_t *inner);
/** A named application with what it takes from its vhost's default application. */
sso_app_conf_t *sso_app_conf_inherit(apr_pool_t *p, const sso_app_conf_t *vhost, const sso_app_conf_t *named);
sso_server_conf_t *sso_server_conf_of(const server_rec *s);
/** Make sso_managed answer `names` until `pconf` is cleared. */
void sso_set_managed(const sso_managed_t *names, apr_pool_t *pconf);
/** The headers that a place sets where nothing says otherwise: sso_header_t. */
const apr_array_header_t *sso_default_headers(void);

/** Work out the headers of a directory from what is written in it. */
void sso_dir_settle_headers(apr_pool_t *p, sso_dir_conf_t *conf);

/* header_presets.c */
/** The headers that another product sets. */
typedef struct {
    const char *name;                   /* "siteminder" */
    const sso_header_t *headers;
    apr_size_t count;
    const char *const *withheld;        /* what else the product lets no client send: names, and stems as "SM_*"; ends with NULL */
} sso_preset_t;

/** The preset of that name, or NULL. */
const sso_preset_t *sso_header_preset(const char *name);
#define SSO_PRESET_NAMES "appproxy, siteminder, oam, shibboleth or mellon"

/* directives.c */
/** Note that `name` is set twice in one scope; the check reports it in the one form. */
void sso_note_twice(cmd_parms *cmd, const sso_at_t *first);
sso_at_t sso_at_here(const cmd_parms *cmd);

/* setters.c: directives of an application; `which` comes as cmd->info */
const char *sso_set_value(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_session_store(cmd_parms *cmd, void *dir, int argc, char *const argv[]);
const char *sso_set_url(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_session_limit(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_file(cmd_parms *cmd, void *dir, const char *arg);
/** The one value of a directive that may stand once, for setters in other files. */
sso_value_t *sso_add_single(cmd_parms *cmd, const char *text);
const char *sso_set_path(cmd_parms *cmd, void *dir, const char *arg, const char *option);
const char *sso_set_flag(cmd_parms *cmd, void *dir, int on);
const char *sso_set_key(cmd_parms *cmd, void *dir, const char *key, const char *cert);
const char *sso_set_relay_state(cmd_parms *cmd, void *dir, const char *name, const char *target);
const char *sso_set_graph(cmd_parms *cmd, void *dir, const char *file, const char *cert);
const char *sso_set_force_authn(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_logout_response(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_binding(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_name_id_format(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_domain_hint(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_authn_context(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_duration(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_allow(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_cookie(cmd_parms *cmd, void *dir, int argc, char *const argv[]);
const char *sso_set_provision(cmd_parms *cmd, void *dir, const char *args);
const char *sso_open_application(cmd_parms *cmd, void *dir, const char *arg);

/* setters_idp.c */
const char *sso_set_metadata(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_proxy(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_set_entra(cmd_parms *cmd, void *dir, const char *tenant, const char *application, const char *cloud);

/* setters_dir.c: directives of a place */
const char *sso_dir_application(cmd_parms *cmd, void *dir, const char *arg);
const char *sso_dir_user(cmd_parms *cmd, void *dir, int argc, char *const argv[]);
const char *sso_dir_header(cmd_parms *cmd, void *dir, int argc, char *const argv[]);
const char *sso_dir_env(cmd_parms *cmd, void *dir, int on);
const char *sso_dir_unauthenticated(cmd_parms *cmd, void *dir, const char *arg);

/* config_report.c */
/** What a resolve reports into. */
typedef struct {
    apr_pool_t *p;                      /* pconf */
    server_rec *base;
    server_rec *s;                      /* the server that is being resolved */
    sso_process_t *process;
    apr_table_t *said;                  /* lines said already: an application seen from ten vhosts is one mistake */
    apr_time_t now;
    int problems;
} sso_check_t;

/** Say what is wrong: "DIRECTIVE in FILE line N: TEXT". */
void sso_check_fail(sso_check_t *check, const char *directive, const sso_at_t *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** Keep a warning of the same form for the start. */
void sso_check_warn(sso_check_t *check, const char *directive, const sso_at_t *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** The same at INFO: nothing is wrong, but somebody may look for it. */
void sso_check_inform(sso_check_t *check, const char *directive, const sso_at_t *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* resolve.c */
/**
 * Every default applied, everything loaded.
 * @param conf  merged and inherited
 * @param own   whether the server itself writes on this application
 * @return NULL where it cannot serve; `check` knows why, or it is only inherited and has no name here
 */
sso_app_t *sso_resolve(sso_check_t *check, const sso_app_conf_t *conf, int own);

/* resolve_idp.c */
/** Whether SAMLIdPMetadata is there and names a URL. */
int sso_is_metadata_url(const sso_app_conf_t *conf);
/** The identity provider of `conf`, or where its metadata comes from. @return 0 after sso_check_fail */
int sso_resolve_idp(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app);

/* resolve_source.c */
/** What SAMLEntra names, or NULL. */
const sso_entra_t *sso_resolve_entra(const sso_app_conf_t *conf, apr_pool_t *p);
/** How the application reaches others. @return 0 after sso_check_fail */
int sso_resolve_fetch(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app);
/** The document that SAMLEntra or a SAMLIdPMetadata URL names. @return NULL after sso_check_fail */
sso_source_t *sso_resolve_source(sso_check_t *check, const sso_app_conf_t *conf, const sso_app_t *app);

/* resolve_relay_state.c */
/** The SAMLRelayState lines of `conf`. @return 0 after sso_check_fail */
int sso_resolve_relay_states(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app);
/** That none of them leads to an endpoint; once all applications of the server are known. */
void sso_check_relay_states(sso_check_t *check, const sso_app_t *app);

/**
 * A key pair of ours: its two files are there, belong together and are strong enough; warned about where it is out of date.
 * @return NULL after sso_check_fail
 */
saml_keypair_t *sso_resolve_key(sso_check_t *check, const char *directive, const sso_value_t *value, unsigned allow);

/* resolve_groups.c */
/** SAMLGroupMap and SAMLGraph. @return 0 after sso_check_fail */
int sso_resolve_groups(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app);

/* readable.c */
/** @return "expected ..." or NULL where `file` can be read. */
const char *sso_unreadable(const char *file, const char *what, apr_pool_t *p);

/* resolve_cookie.c */
/** @return 0 after sso_check_fail */
int sso_resolve_cookie(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app);

/* config_tree.c */
/** The first directive of `s` as the configuration has it, or NULL. */
const ap_directive_t *sso_tree_of(const server_rec *s, const server_rec *base);
/** Whether a ServerName was written in `s`: httpd puts a guess where none is. */
int sso_tree_has_server_name(const server_rec *s, const server_rec *base);
/** The first "AuthType SAML" at `node`, behind or under it, virtual hosts left out; or NULL. */
const ap_directive_t *sso_tree_find_auth_type(const ap_directive_t *node);

/* reach.c */
/** The user and group that the children run as; -1 where this process cannot change to another. */
sso_store_owner_t sso_child_owner(void);
/**
 * Whether the user that the children run as may pass through the folders above the one of the store "lmdb:/folder".
 * @return SAML_OK or SAML_E_STORE naming the folder in the way
 */
SAML_MUST_CHECK saml_status_t sso_check_reach(const char *store_name, saml_err_t *err);
/** The same for the folders above `file`, and whether that user may read it. */
SAML_MUST_CHECK saml_status_t sso_check_reach_file(const char *file, saml_err_t *err);

/* secret_file.c */
int sso_file_exists(const char *file);
/** Whether others than owner and group may do anything with it. */
int sso_file_is_public(const char *file);
/** Whether the secret file is there or could be made. @return NULL or "expected ..., found ...; mend: ..." */
const char *sso_secret_file_check(const char *file, apr_pool_t *p);
/** Read it; @return SAML_OK or SAML_E_METADATA with the reason. */
SAML_MUST_CHECK saml_status_t sso_secret_file_load(saml_secret_t **out, const char *file, apr_pool_t *p,
                                                   saml_err_t *err);
/** Read it, or make it once (mode 0600) where there is none; one that cannot be read is never replaced. */
SAML_MUST_CHECK saml_status_t sso_secret_file_make(saml_secret_t **out, const char *file, apr_pool_t *p,
                                                   saml_err_t *err);

#endif
