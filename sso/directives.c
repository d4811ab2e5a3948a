/* SPDX-License-Identifier: Apache-2.0 */
/* The command table. Setters: setters.c (application), setters_dir.c (place). */

#include <apr_strings.h>

#include "config.h"
#include "keep_posts.h"

/* What standing in a vhost, in the main server or in <SAMLApplication> shapes an application. */
#define APP_ITERATE(which, name, setter, help) \
    AP_INIT_ITERATE(name, setter, (void *)(apr_uintptr_t)(which), RSRC_CONF, help)
#define APP_TAKE1(which, name, setter, help) \
    AP_INIT_TAKE1(name, setter, (void *)(apr_uintptr_t)(which), RSRC_CONF, help)
#define APP_TAKE12(which, name, setter, help) \
    AP_INIT_TAKE12(name, setter, (void *)(apr_uintptr_t)(which), RSRC_CONF, help)
#define APP_TAKE2(which, name, setter, help) \
    AP_INIT_TAKE2(name, setter, (void *)(apr_uintptr_t)(which), RSRC_CONF, help)
#define APP_ARGV(which, name, setter, help) \
    AP_INIT_TAKE_ARGV(name, setter, (void *)(apr_uintptr_t)(which), RSRC_CONF, help)
#define APP_RAW(which, name, setter, help) \
    AP_INIT_RAW_ARGS(name, setter, (void *)(apr_uintptr_t)(which), RSRC_CONF, help)
#define APP_FLAG(which, name, setter, help) \
    AP_INIT_FLAG(name, setter, (void *)(apr_uintptr_t)(which), RSRC_CONF, help)

/* What holds for a place. Not in .htaccess: the names of all headers must be known when the server starts, to be
 * taken out of every request. */
#define PLACE (RSRC_CONF | ACCESS_CONF)

const command_rec sso_directives[] = {
    AP_INIT_TAKE23("SAMLEntra", sso_set_entra, (void *)(apr_uintptr_t)SSO_SET_ENTRA, RSRC_CONF,
                   "Tenant (ID or verified domain) and application (client) ID in Microsoft Entra ID, and its cloud (global, usgov "
                   "or china, default global): all that is known of the identity provider is fetched from there"),
    APP_TAKE1(SSO_SET_IDP_METADATA, "SAMLIdPMetadata", sso_set_metadata,
              "File with the identity provider's SAML metadata, or https URL that it is fetched from, instead of SAMLLoginURL and "
              "SAMLCertificate"),
    APP_TAKE1(SSO_SET_IDP_IDENTIFIER, "SAMLIdPIdentifier", sso_set_value,
              "The identity provider's entity ID; with SAMLIdPMetadata it picks one of several in the document"),
    APP_TAKE1(SSO_SET_LOGIN_URL, "SAMLLoginURL", sso_set_url,
              "Where sign-on requests go (https; http for loopback hosts only)"),
    APP_TAKE1(SSO_SET_LOGOUT_URL, "SAMLLogoutURL", sso_set_url,
              "Where logout requests go (https; http for loopback hosts only), default none"),
    APP_ITERATE(SSO_SET_CERTIFICATE, "SAMLCertificate", sso_set_file,
                "Files with the identity provider's signing certificates (PEM, base64 or DER), several for rollover"),
    APP_TAKE1(SSO_SET_METADATA_REFRESH, "SAMLMetadataRefresh", sso_set_duration,
              "How often metadata is fetched from its URL (1s to 168h, default 6h)"),
    APP_TAKE1(SSO_SET_METADATA_CA, "SAMLMetadataCA", sso_set_file,
              "File of certificate authorities to trust where metadata is fetched and users are provisioned, default the system's"),
    APP_TAKE1(SSO_SET_METADATA_PROXY, "SAMLMetadataProxy", sso_set_proxy,
              "Proxy through which metadata is fetched (http://host:port), default none"),
    APP_TAKE1(SSO_SET_IDENTIFIER, "SAMLIdentifier", sso_set_value,
              "Our entity ID, default with SAMLEntra the application ID, else the base URL, SAMLPath and /metadata"),
    APP_ITERATE(SSO_SET_AUDIENCE, "SAMLAudience", sso_set_value,
                "Further audiences to accept besides SAMLIdentifier, default none"),
    APP_ITERATE(SSO_SET_REPLY_URL, "SAMLReplyURL", sso_set_value,
                "ACS URLs, one for each public host, default https://ServerName, SAMLPath and /acs"),
    APP_TAKE12(SSO_SET_PATH, "SAMLPath", sso_set_path,
               "Where the endpoints live, default /saml (/saml/NAME in <SAMLApplication NAME>); and prefix=PATH that a proxy in "
               "front takes away from all addresses, default none"),
    APP_TAKE2(SSO_SET_KEY, "SAMLKey", sso_set_key,
              "Private key and certificate (PEM files) that sign requests and decrypt assertions; repeat for "
              "rollover, the first signs; default none"),
    APP_FLAG(SSO_SET_SIGN_REQUESTS, "SAMLSignRequests", sso_set_flag,
             "Whether sign-on requests are signed with SAMLKey (on or off, default off)"),
    APP_TAKE1(SSO_SET_REQUEST_BINDING, "SAMLRequestBinding", sso_set_binding,
              "How sign-on requests travel (POST or Redirect, default POST)"),
    APP_TAKE1(SSO_SET_NAME_ID_FORMAT, "SAMLNameIDFormat", sso_set_name_id_format,
              "Format of the user's name that we ask for (emailAddress, persistent, transient, unspecified, none or "
              "a URI, default emailAddress)"),
    APP_TAKE1(SSO_SET_FORCE_AUTHN, "SAMLForceAuthn", sso_set_force_authn,
              "Whether sign-ons ask for the password again (on, off or after-logout, default off)"),
    APP_FLAG(SSO_SET_SINGLE_LOGOUT, "SAMLSingleLogout", sso_set_flag,
             "Whether a logout here asks the identity provider to end its session too (on or off, default on)"),
    APP_TAKE1(SSO_SET_LOGOUT_RESPONSE, "SAMLLogoutResponse", sso_set_logout_response,
              "Whether the identity provider's logout requests are answered by a LogoutResponse (on, off or auto: not with Entra; "
              "default auto)"),
    APP_TAKE1(SSO_SET_DOMAIN_HINT, "SAMLDomainHint", sso_set_domain_hint,
              "Domain whose own sign-on page the identity provider is to go to at once (a domain or none, default "
              "none)"),
    APP_FLAG(SSO_SET_LOGIN_HINT, "SAMLLoginHint", sso_set_flag,
             "Whether the browser keeps, sealed, the name of who signed on last, for the identity provider to ask for his password at once "
             "(on or off, default off)"),
    APP_ITERATE(SSO_SET_AUTHN_CONTEXT, "SAMLAuthnContext", sso_set_authn_context,
                "Authentication context classes (URIs) one of which a sign-on must have, or none, default none"),
    APP_FLAG(SSO_SET_IDP_INITIATED, "SAMLIdPInitiated", sso_set_flag,
             "Whether responses that nobody asked for are accepted (on or off, default off)"),
    APP_TAKE2(SSO_SET_RELAY_STATE, "SAMLRelayState", sso_set_relay_state,
              "A RelayState that responses nobody asked for may carry, and the place on this site where it lands; may be "
              "repeated; default none"),
    APP_TAKE1(SSO_SET_CLOCK_SKEW, "SAMLClockSkew", sso_set_duration,
              "How far the identity provider's clock may differ from ours (0s to 600s, default 180s)"),
    APP_ITERATE(SSO_SET_ALLOW, "SAMLAllow", sso_set_allow,
                "Weak things to accept, one by one (sha1, rsa1_5, 3des, rsa1024, c14n10, expired-certificate, "
                "unsigned-logout or none, default none)"),
    APP_ARGV(SSO_SET_SESSION_STORE, "SAMLSessionStore", sso_set_session_store,
             "Where sessions are kept (lmdb or lmdb:/folder; cookie; socache:provider; redis:// or rediss://[user@]host[:port][/db], then auth=file, "
             "ca=file, cert=file, key=file, timeout= and prefix=; default lmdb in the runtime directory)"),
    APP_TAKE1(SSO_SET_SESSION_LIMIT, "SAMLSessionLimit", sso_set_session_limit,
              "How many sessions the session store takes at most (1 to 1000000000, default 1000000)"),
    APP_TAKE1(SSO_SET_SESSION_LIFETIME, "SAMLSessionLifetime", sso_set_duration,
              "How long a session lasts at most (1s to 720h, default 8h)"),
    APP_TAKE1(SSO_SET_SESSION_IDLE, "SAMLSessionIdle", sso_set_duration,
              "How long a session lasts without requests (1s to SAMLSessionLifetime, default 1h)"),
    APP_ARGV(SSO_SET_COOKIE, "SAMLCookie", sso_set_cookie,
             "Name of the session cookie and its Path=, Domain= and SameSite= (Lax or None), default __Host-saml "
             "Path=/ SameSite=Lax"),
    APP_ARGV(SSO_SET_KEEP_POSTS, "SAMLKeepPosts", sso_set_keep_posts,
             "How large a POST that met no session may be to be kept over the sign-on (1k to 1g, default 8m; or off), then total= of all "
             "(default 64m) and folder= (default in the runtime directory)"),
    APP_TAKE1(SSO_SET_SECRET, "SAMLSecret", sso_set_file,
              "File with secrets of 32 or more random bytes in hex, one a line, the first seals; default: made once "
              "in the runtime directory"),
    APP_TAKE1(SSO_SET_GROUP_MAP, "SAMLGroupMap", sso_set_file,
              "File of lines with a group's object ID and the name that it goes by here, default none"),
    APP_TAKE12(SSO_SET_GRAPH, "SAMLGraph", sso_set_graph,
               "File with a client secret, or private key and certificate (PEM files), to ask Microsoft Graph for groups that "
               "Entra leaves out for being too many; default none"),
    APP_RAW(SSO_SET_PROVISION, "SAMLProvision", sso_set_provision,
            "Where a backend is told of a user before the first session (https; http for loopback hosts only), and "
            "group=NAME of what it is to put the user into; or none, default none"),
    AP_INIT_RAW_ARGS("<SAMLApplication", sso_open_application, NULL, RSRC_CONF,
                     "A named application: container for the SAML directives that differ from the vhost's own"),
    AP_INIT_TAKE1("SAMLApplication", sso_dir_application, NULL, PLACE,
                  "Name of the <SAMLApplication> that guards this place, default the vhost's own"),
    AP_INIT_TAKE_ARGV("SAMLUser", sso_dir_user, NULL, PLACE,
                      "Claims (alias or full name) of which the first with a value becomes REMOTE_USER, then lower and "
                      "strip-domain or strip-domain=DOMAIN, default nameid"),
    AP_INIT_TAKE_ARGV("SAMLHeader", sso_dir_header, NULL, PLACE,
                      "Header to set, claim to set it to, and separator=, encode=none|percent|base64, first, max=BYTES; "
                      "or 'preset' and appproxy, siteminder, oam, shibboleth or mellon; besides X-Remote-User, -Email, "
                      "-Name and -Groups unless 'none' clears them"),
    AP_INIT_FLAG("SAMLEnv", sso_dir_env, NULL, PLACE,
                 "Whether claims become SAML_ environment variables (on or off, default on)"),
    AP_INIT_TAKE1("SAMLUnauthenticated", sso_dir_unauthenticated, NULL, PLACE,
                  "What a request without a session gets (auto, login, 401 or pass, default auto)"),
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL }
};

sso_at_t sso_at_here(const cmd_parms *cmd)
{
    sso_at_t at = { apr_pstrdup(cmd->pool, cmd->directive->filename), cmd->directive->line_num };

    return at;
}

void sso_note_twice(cmd_parms *cmd, const sso_at_t *first)
{
    sso_problem_t *problem = apr_array_push(sso_server_conf_of(cmd->server)->problems);

    problem->at = sso_at_here(cmd);
    problem->directive = cmd->cmd->name;
    problem->text = apr_psprintf(cmd->pool, "expected once in a scope, found again after %s line %d; mend: keep one "
                                 "of the two", first->file, first->line);
}
