/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_H
#define SSO_H

/**
 * @file sso.h
 * The glue's own types: an application as it serves, what a directory says, what a request carries.
 *
 * Directives are read into sso_app_conf_t (config.h), where unset is a value of its own. At start-up each application is
 * resolved into an sso_app_t with every default applied and everything loaded; serving code sees only that.
 */

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#include "saml/metadata.h"
#include "saml/response.h"
#include "saml/seal.h"
#include "saml/group_map.h"
#include "entra.h"
#include "graph_token.h"
#include "store/kept.h"
#include "store/session.h"
#include "store/store.h"

/* The one name that httpd looks up; all else is compiled hidden. */
extern __attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA saml_sso_module;

#ifndef SSO_MODULE_RECORD       /* mod_saml_sso.c, which defines what this declares */
APLOG_USE_MODULE(saml_sso);
#endif

#ifndef SSO_VERSION
#error "SSO_VERSION comes from the build"
#endif

#define SSO_AUTH_TYPE "SAML"

typedef enum { SSO_BINDING_POST, SSO_BINDING_REDIRECT } sso_binding_t;

/** SAMLForceAuthn. */
typedef enum { SSO_FORCE_OFF, SSO_FORCE_ALWAYS, SSO_FORCE_AFTER_LOGOUT } sso_force_t;

/** SAMLLogoutResponse. */
typedef enum { SSO_ANSWER_AUTO, SSO_ANSWER_OFF, SSO_ANSWER_ON } sso_logout_answer_t;

typedef enum {
    SSO_UNAUTH_UNSET = -1,
    SSO_UNAUTH_AUTO,            /* pages to login, scripts 401 */
    SSO_UNAUTH_LOGIN,
    SSO_UNAUTH_401,
    SSO_UNAUTH_PASS
} sso_unauthenticated_t;

/** One ACS URL, taken apart. */
typedef struct {
    const char *url;            /* as configured, sent byte for byte */
    const char *scheme;         /* "https" or "http" */
    const char *host;           /* lower case, IPv6 in brackets */
    apr_port_t port;
    const char *origin;         /* "https://host[:port]", default port left out */
    const char *path;           /* "/saml/acs" */
    const char *local_path;     /* the same as requests bring it, without the application's prefix */
    int is_https;
} sso_reply_url_t;

/** Cookie attributes, ready to be written. */
typedef struct {
    const char *name;           /* "__Host-saml" */
    const char *path;
    const char *domain;         /* or NULL */
    const char *same_site;      /* "Lax", "Strict", "None" */
    int secure;
} sso_cookie_t;

/** Where an identity provider's metadata is fetched from (idp_source.h). */
typedef struct sso_source_t sso_source_t;

/** One application as it serves. Read-only after start-up, but for what hangs on `store`. */
typedef struct {
    const char *name;           /* "" for the vhost's default application */
    const char *id;             /* name, our entity ID, the IdP's or its URL: what sealed states and marks carry to be told apart */
    const char *sessions_of;    /* id, and what is asked of those who sign on: what sessions carry */
    const server_rec *server;
    const saml_idp_t *idp;     /* from files or by hand; NULL where it comes from a URL. Ask sso_idp_current (idp.h) */
    sso_source_t *source;       /* where it comes from, if from a URL */
    const char *fetch_ca;       /* SAMLMetadataCA: certificates to trust for all that is fetched or sent; NULL: the system's */
    const char *fetch_proxy;    /* SAMLMetadataProxy: "http://host:port"; NULL: none */
    const sso_entra_t *entra;   /* of SAMLEntra; NULL without it */
    const char *identifier;     /* our entity ID */
    const apr_array_header_t *audiences;    /* const char *, identifier included */
    const apr_array_header_t *reply_urls;   /* sso_reply_url_t, at least one */
    const char *path;           /* where the endpoints live, "/saml", no slash at the end */
    apr_size_t path_len;
    const char *prefix;         /* "/portal": what the browser has before it, and a proxy in front takes away; or "" */
    const char *public_path;    /* both, as browsers ask for it */
    const char *start;          /* the front page: the prefix and a slash */
    apr_uint32_t *host_said;    /* whether this process has said that a Host is that of no reply URL (address.h); atomic */
    const apr_array_header_t *keys;         /* saml_keypair_t *; may be empty */
    int sign_requests;
    sso_binding_t request_binding;
    int binding_is_fixed;       /* written, not left to us */
    const char *name_id_format; /* URI, or NULL: no NameIDPolicy */
    sso_force_t force_authn;
    int single_logout;          /* a logout here asks the identity provider to end its session */
    sso_logout_answer_t logout_response;
    const char *domain_hint;    /* "example.org", or NULL */
    int login_hint;             /* the name of who signed on last goes along */
    const apr_array_header_t *authn_context;    /* const char *, classes asked for; empty: none */
    int idp_initiated;
    const apr_array_header_t *relay_states; /* sso_relay_state_t (relay_state.h); may be empty */
    apr_interval_time_t clock_skew;
    unsigned allow;             /* SAML_ALLOW_ bits */
    sso_store_t *store;
    apr_uint64_t session_limit;
    const apr_array_header_t *users;    /* const sso_user_t *: all that REMOTE_USER may come from (user_labels.h) */
    apr_interval_time_t session_lifetime;
    apr_interval_time_t session_idle;
    sso_cookie_t cookie;
    const char *state_prefix;   /* of the names of login state cookies: "__Host-saml-state-" */
    const char *group_map_file;         /* or NULL */
    const saml_group_map_t *group_map;  /* or NULL */
    const sso_graph_t *graph;           /* SAMLGraph, or NULL: groups that were left out stay unknown */
    const char *provision_url;  /* SAMLProvision, or NULL */
    const char *provision_group;        /* or NULL */
    const sso_kept_place_t *keep;       /* SAMLKeepPosts; NULL: off */
    const char *secret_file;
    const saml_secret_t *secret;     /* NULL only before the file has been made */
} sso_app_t;

typedef enum { SSO_ENCODE_NONE, SSO_ENCODE_PERCENT, SSO_ENCODE_BASE64 } sso_encode_t;

/** Where the value of a header comes from. */
typedef enum { SSO_FROM_CLAIM, SSO_FROM_USER, SSO_FROM_NAME_ID } sso_header_source_t;

/** One SAMLHeader. */
typedef struct {
    const char *header;
    const char *claim;          /* alias or full name; "nameid" and "user" are the two that are no attributes */
    const char *separator;      /* ";" */
    sso_encode_t encode;
    int first_only;
    apr_size_t max_bytes;       /* of the value; 0: the usual budget */
    int from_preset;            /* a line of its own in the same section may replace it */
    apr_size_t header_len;      /* of header, counted once and not for each request */
    sso_header_source_t source; /* what claim says */
} sso_header_t;

/** SAMLUser. */
typedef struct {
    const apr_array_header_t *claims;   /* const char *, alias or full name; the first with a usable value is the user */
    int lower;                  /* ASCII letters in lower case */
    int strip_domain;
    const char *domain;         /* the one domain that is stripped; NULL: any */
} sso_user_t;

/** What a directory says. Merged along the walk; unset is NULL or -1. */
typedef struct {
    const char *application;    /* SAMLApplication NAME; NULL: the vhost's own */
    int unauthenticated;        /* sso_unauthenticated_t */
    const sso_user_t *user;     /* SAMLUser */
    const apr_array_header_t *headers;  /* sso_header_t; NULL unset, empty: none */
    int env;                    /* SAMLEnv */
} sso_dir_t;

/** The cookies of one application. */
typedef struct {
    const char *session;        /* name */
    const char *state_prefix;
} sso_cookie_names_t;

/** What of a request is ours in any place of this process: no backend sees it as it came, and none of a sibling's. */
typedef struct {
    const apr_array_header_t *headers;      /* const char *, each name once as CGI folds them */
    apr_uint32_t *left_out_s;   /* of each header, when this process last said that it was left out; atomic */
    const apr_array_header_t *cookies;      /* sso_cookie_names_t, each once */
    const apr_array_header_t *stems;        /* const char *, "SM_": whatever header begins so is for nobody but us to send */
    unsigned char begins[256];  /* bits of headers.c, by first octet: what the scrub looks at (sso_managed_index) */
} sso_managed_t;

/** What a server has, once resolved. */
typedef struct {
    sso_app_t *app;             /* default application, or NULL where the vhost has none */
    const apr_array_header_t *apps;     /* sso_app_t *, all, the default first */
} sso_server_t;

/** Endpoints under SAMLPath. */
typedef enum {
    SSO_ENDPOINT_NONE,
    SSO_ENDPOINT_LOGIN,
    SSO_ENDPOINT_ACS,
    SSO_ENDPOINT_LOGOUT,
    SSO_ENDPOINT_METADATA,
    SSO_ENDPOINT_CERTIFICATE,
    SSO_ENDPOINT_ME
} sso_endpoint_t;

/** A refusal in words (refusal.c). */
typedef struct sso_refusal sso_refusal_t;

/** What a session lacks for a Require saml-authn (step_up.h). */
typedef struct {
    unsigned bits;                  /* SSO_STEP_UP_ */
    unsigned noted;                 /* those of them that a Require line has found lacking in this very session */
    apr_interval_time_t max_age;    /* the least that was asked for; 0: none */
    int is_supposed;                /* whether the lines would let in if only that were there is being tried */
} sso_step_up_t;

/** What of a request's headers is asked later, noted when all were looked through. */
typedef struct {
    int upgrade;
    int transfer_encoding;
} sso_headers_seen_t;

/** What a request carries from hook to hook. */
typedef struct {
    const sso_app_t *app;           /* of the endpoint */
    const sso_app_t *idp_of;        /* whose identity provider `idp` is */
    const saml_idp_t *idp;
    sso_endpoint_t endpoint;
    const char *cookies;            /* our own cookies, as they came ("a=b; c=d"), taken out of the request; or NULL */
    sso_headers_seen_t seen;
    const sso_session_t *session;   /* of the guarded place, once check_authn has passed */
    const char *user;               /* that check_authn set, which has no control characters; or NULL */
    const char *target;             /* ours (url.h): where a sign-on begun anew after a refusal is to end; or NULL */
    const sso_refusal_t *refusal;   /* with which this request was answered, perhaps by an ErrorDocument; or NULL */
    int cleaned;                    /* the client's headers have been through the scrub */
    int guarded;                    /* AuthType SAML holds here, or where this request was redirected from */
    int is_guarded_here;            /* check_authn has found that AuthType SAML holds here */
    int anonymous;                  /* let through by `SAMLUnauthenticated pass` */
    int renewed;                    /* the session that the browser carries has been sent anew with this answer */
    int in_handler;                 /* the content handler runs, so output filters are in place */
    int in_auth_checker;            /* authz.c is looking at httpd's own verdict */
    sso_step_up_t step_up;          /* of the Require lines that were asked; at the login endpoint, what its query asks for */
    int groups_unknown;             /* a Require could not be decided: the groups were left out (overage) */
    int pretence_logged;            /* that a group has the name of another (group_names.c) */
    const sso_attribute_t *groups;  /* as applications see them, once they were asked for and where there is a map */
    const char *groups_sent;        /* the joined values that these were made of */
} sso_request_t;

/* config_check.c */
/** Resolve every application of every server and say what is wrong; runs under `configtest` too, changes nothing on disk. */
int sso_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *base);
/** `httpd -t -D DUMP_SAML`: what every application comes to, on standard output. */
void sso_test_config(apr_pool_t *pconf, server_rec *base);
/** Make what serving needs on disk: store, secret. */
int sso_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *base);
void sso_child_init(apr_pool_t *pchild, server_rec *base);

/* config.c */
extern const command_rec sso_directives[];
void *sso_create_server(apr_pool_t *p, server_rec *s);
void *sso_merge_server(apr_pool_t *p, void *base, void *add);
void *sso_create_dir(apr_pool_t *p, char *path);
void *sso_merge_dir(apr_pool_t *p, void *base, void *add);
/** The resolved applications of `s`; never NULL once serving. */
const sso_server_t *sso_server_of(const server_rec *s);
/** The directory settings that hold for `r`. */
const sso_dir_t *sso_dir_of(const request_rec *r);
/** The application that guards `r`, or NULL where the vhost has none of that name. */
const sso_app_t *sso_app_of(const request_rec *r);
/** Defaults in one place. */
const sso_user_t *sso_user(const sso_dir_t *dir);
const apr_array_header_t *sso_headers(const sso_dir_t *dir);
int sso_env_is_on(const sso_dir_t *dir);
sso_unauthenticated_t sso_unauthenticated(const sso_dir_t *dir);
/** What of a request is ours in any place of this process; never NULL once serving. */
const sso_managed_t *sso_managed(void);

/* log.c */
/** A reference that stands both in the log and on the page: short, unique enough, no secret. */
const char *sso_reference(request_rec *r);
/** Log a refusal as "login refused [status] (reference): reason" ("logout" at that endpoint) at WARNING, ERR for SAML_E_STORE. */
void sso_log_refusal(request_rec *r, const saml_err_t *err, const char *reference);
/** An empty saml_err_t on the request's pool. */
saml_err_t *sso_err_new(apr_pool_t *p);

/* request.c */
/** What `r` carries; made at its first use. Internal redirects and subrequests start with what their parent found. */
sso_request_t *sso_request_of(request_rec *r);
/* Hooks: post_read_request, fixups, and a handler before core's own. */
int sso_request_clean(request_rec *r);
int sso_request_complete(request_rec *r);
int sso_request_keep_cookies(request_rec *r);

/* endpoint.c: the module's own URLs */
/** Which endpoint of `app` stands at `path` (decoded, as in r->uri): those under SAMLPath, and the paths of its reply URLs. */
sso_endpoint_t sso_endpoint_at(const sso_app_t *app, const char *path);
/** Whether `target` (ours, url.h) leads to login, acs or logout, where a sign-on would never come to an end. */
int sso_target_is_endpoint(const sso_app_t *app, const char *target, apr_pool_t *p);
int sso_endpoint_pre_translate(request_rec *r);
int sso_endpoint_translate(request_rec *r);
int sso_endpoint_map_to_storage(request_rec *r);
int sso_endpoint_check_access(request_rec *r);
int sso_endpoint_handler(request_rec *r);

/* access.c and authz.c: who is let through */
/** Whether AuthType SAML holds for `r`. */
int sso_is_guarded(request_rec *r);
int sso_check_authn(request_rec *r);
int sso_check_authz(request_rec *r);
int sso_note_auth_failure(request_rec *r, const char *auth_type);
void sso_authz_register(apr_pool_t *p);

/* answer.c: what a request without a session gets */
/** Answer a request that has no session: sign-on page, redirect, or 401 for scripts. `target` is ours (url.h). */
int sso_answer_without_session(request_rec *r, const sso_app_t *app, sso_unauthenticated_t how, const char *target);
/** The 401 with JSON that scripts get: there is no session, or it lacks what step_up of the request says. */
int sso_answer_script(request_rec *r, const sso_app_t *app, const char *target);

/* fetch_metadata.c: what the browser says of a request */
/**
 * A person looking at a page, or a script? Fetch Metadata says so where the browser sends it (W3C Fetch Metadata 2.2); else a
 * page is what asks for HTML before JSON and is no XMLHttpRequest. Upgrades, other methods than GET, HEAD and POST, and what is
 * asked for ahead of time are none.
 */
int sso_is_navigation(request_rec *r);

/** Whether it says of itself that it is a script's: more than that nothing says it is a page load. */
int sso_is_script(request_rec *r);

/** Whether that page is to stand in a frame. */
int sso_is_framed(request_rec *r);

/**
 * Refuse what a browser asks for by itself, for a part of a page (an image, a script, a style) or ahead of time, and what a script of
 * another site asks for: nobody followed a link then. What says nothing of itself is not refused.
 */
SAML_MUST_CHECK saml_status_t sso_refuse_embedded(request_rec *r, const char *what, saml_err_t *err);

/* current.c: the session that the request's cookie names */
/**
 * @param out  set on SAML_OK: the live session, or NULL where there is none
 * @return SAML_OK, or SAML_E_STORE where it could not be looked up
 */
SAML_MUST_CHECK saml_status_t sso_session_current(const sso_session_t **out, request_rec *r, const sso_app_t *app,
                                                  saml_err_t *err);
/** The same without taking it for a use of the session: its idle time runs on. */
SAML_MUST_CHECK saml_status_t sso_session_look(const sso_session_t **out, request_rec *r, const sso_app_t *app,
                                               saml_err_t *err);
/**
 * Name the session that the request's cookie names, live or not, for a state to carry under its seal: SameSite=Lax keeps the cookie
 * itself back when the identity provider's page posts to us.
 * @param out  set on SAML_OK; "" where there is no cookie
 */
SAML_MUST_CHECK saml_status_t sso_session_reference(const char **out, request_rec *r, const sso_app_t *app, saml_err_t *err);
/**
 * Begin a session for `login` and set its cookie; the one that the browser brought, if any, ends.
 * @param replaces  sso_session_reference of when the sign-on began; that session ends too. NULL or "": none
 * @param step_up   SSO_STEP_UP_ bits: what the user was sent back for
 */
SAML_MUST_CHECK saml_status_t sso_session_begin(request_rec *r, const sso_app_t *app, const saml_login_t *login,
                                                const char *replaces, unsigned step_up, saml_err_t *err);
/** End the session of this browser, if there is one, and drop its cookie. @param ended whether there was one */
SAML_MUST_CHECK saml_status_t sso_session_end(int *ended, request_rec *r, const sso_app_t *app, saml_err_t *err);

/* login_start.c */
/** Start a sign-on that ends at `target`: state cookie, AuthnRequest, form or redirect. */
int sso_login_start(request_rec *r, const sso_app_t *app, const char *target);

/* handle_*.c: one for each endpoint */
int sso_handle_login(request_rec *r, const sso_app_t *app);
int sso_handle_acs(request_rec *r, const sso_app_t *app);
/** saml_replay_t's `use` over the store of the application whose endpoint `baton`, a request_rec, is at. */
SAML_MUST_CHECK saml_status_t sso_replay_use(void *baton, const unsigned char key[32], apr_time_t until, saml_err_t *err);
int sso_handle_logout(request_rec *r, const sso_app_t *app);
int sso_handle_metadata(request_rec *r, const sso_app_t *app);
int sso_handle_certificate(request_rec *r, const sso_app_t *app);
int sso_handle_me(request_rec *r, const sso_app_t *app);

#endif
