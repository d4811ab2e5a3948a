/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata from a URL: SAMLEntra, SAMLIdPMetadata https://..., and how it is fetched. Nothing is fetched at start-up. */

#include <apr_escape.h>
#include <apr_strings.h>

#include "config.h"
#include "entra.h"
#include "idp_source.h"
#include "saml/guid.h"
#include "store/private_dir.h"
#include "url.h"
#include "watch.h"

#define USUAL_REFRESH_S (6 * 3600)
#define OFTEN_S         (5 * 60)
#define COPIES          "mod_saml_sso.metadata"
#define ENTRA_MAX_BYTES ((apr_size_t)1024 * 1024)
#define URL_MAX_BYTES   ((apr_size_t)8 * 1024 * 1024)

/* ---- SAMLEntra --------------------------------------------------------------------------------------------- */

const sso_entra_t *sso_resolve_entra(const sso_app_conf_t *conf, apr_pool_t *p)
{
    sso_entra_t *entra;

    if (!sso_is_set(conf, SSO_SET_ENTRA))
        return NULL;
    entra = apr_pcalloc(p, sizeof(*entra));
    entra->tenant = sso_set_value_of(conf, SSO_SET_ENTRA)->text;
    entra->application = sso_set_value_of(conf, SSO_SET_ENTRA)->more;
    return sso_entra_cloud(entra, sso_set_value_of(conf, SSO_SET_ENTRA)->number) ? entra : NULL;
}

static const char *entra_url(const sso_entra_t *entra, apr_pool_t *p)
{
    return apr_pstrcat(p, "https://", entra->login_host, "/", entra->tenant, "/federationmetadata/2007-06/federationmetadata.xml", NULL);
}

/* ---- how to fetch ------------------------------------------------------------------------------------------ */

static int resolve_ca(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    saml_err_t *err = sso_err_new(check->p);
    apr_array_header_t *certs;
    const sso_value_t *value;
    const char *wrong;

    if (!sso_is_set(conf, SSO_SET_METADATA_CA))
        return 1;
    value = sso_set_value_of(conf, SSO_SET_METADATA_CA);
    wrong = sso_unreadable(value->path, "file of certificates", check->p);
    if (!wrong && saml_certs_load(&certs, value->path, check->p, err) != SAML_OK)
        wrong = apr_psprintf(check->p, "expected the certificates of authorities in PEM, found: %s", err->reason);
    if (!wrong && sso_check_reach_file(value->path, err) != SAML_OK)
        wrong = apr_psprintf(check->p, "expected a file that the User of this server can read, found %s", err->reason);
    if (wrong)
        sso_check_fail(check, "SAMLMetadataCA", &value->at, "%s; mend: name a file that all may read with the certificate of the "
                       "authority that signed the server's, in PEM", wrong);
    app->fetch_ca = value->path;
    return !wrong;
}

int sso_resolve_fetch(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    app->fetch_proxy = sso_set_text(conf, SSO_SET_METADATA_PROXY);
    return resolve_ca(check, conf, app);
}

/* ---- the source -------------------------------------------------------------------------------------------- */

static int is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The same document got in the same way for the same use is fetched once. What is Entra's is held to more than others are. */
static sso_source_t *known_source(const sso_process_t *process, const sso_source_t *wanted)
{
    for (int i = 0; i < process->sources->nelts; i++) {
        sso_source_t *source = APR_ARRAY_IDX(process->sources, i, sso_source_t *);

        if (is_same_text(source->url, wanted->url) && is_same_text(source->entity_id, wanted->entity_id)
            && is_same_text(source->issuer, wanted->issuer) && is_same_text(source->ca_file, wanted->ca_file)
            && is_same_text(source->proxy, wanted->proxy) && !source->entra == !wanted->entra)
            return source;
    }
    return NULL;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* What was fetched in another way, or for another use, is another copy. */
static int name_copy(sso_check_t *check, sso_source_t *source)
{
    const char *all = apr_pstrcat(check->p, source->url, "\n", or_empty(source->entity_id), "\n", or_empty(source->issuer), "\n",
                                  or_empty(source->ca_file), "\n", or_empty(source->proxy), source->entra ? "\nSAMLEntra" : "", NULL);
    sso_key_t key;

    if (sso_key_of(&key, all, strlen(all), sso_err_new(check->p)) != SAML_OK)
        return 0;
    source->file = apr_pescape_hex(check->p, key.octets, SSO_KEY_BYTES, 0);
    source->folder = ap_runtime_dir_relative(check->p, COPIES);
    return source->folder != NULL;
}

static int check_place(sso_check_t *check, const char *directive, const sso_at_t *at, const sso_source_t *source)
{
    sso_store_owner_t owner = sso_child_owner();
    saml_err_t *err = sso_err_new(check->p);
    int exists;

    if (!sso_watch_is_there()) {
        sso_check_fail(check, directive, at, "expected mod_watchdog, which has metadata fetched beside the requests, found it not "
                       "loaded; mend: add \"LoadModule watchdog_module modules/mod_watchdog.so\", or name a file in "
                       "SAMLIdPMetadata");
        return 0;
    }
    if (sso_private_dir_check(&exists, source->folder, &owner, err) != SAML_OK
        || sso_check_reach(apr_pstrcat(check->p, "copies:", source->folder, NULL), err) != SAML_OK) {
        sso_check_fail(check, directive, at, "expected a folder to keep copies of metadata in, found: %s; mend: make it usable, or "
                       "name another with DefaultRuntimeDir", err->reason);
        return 0;
    }
    return 1;
}

static int is_new(sso_check_t *check, const sso_source_t *source)
{
    return known_source(check->process, source) == NULL;
}

static sso_source_t *add_source(sso_check_t *check, sso_source_t *wanted, const sso_app_conf_t *conf, const sso_app_t *app)
{
    sso_source_t *source = known_source(check->process, wanted);

    if (!source) {
        source = wanted;
        APR_ARRAY_PUSH(check->process->sources, sso_source_t *) = source;
    }
    if (wanted->refresh < source->refresh)
        source->refresh = wanted->refresh;
    source->allow |= app->allow;
    source->unsigned_requests |= !sso_is_set(conf, SSO_SET_SIGN_REQUESTS) || !conf->set[SSO_SET_SIGN_REQUESTS].number;
    return source;
}

static apr_interval_time_t refresh_of(sso_check_t *check, const sso_app_conf_t *conf)
{
    const sso_setting_t *setting = &conf->set[SSO_SET_METADATA_REFRESH];

    if (!sso_is_set(conf, SSO_SET_METADATA_REFRESH))
        return apr_time_from_sec(USUAL_REFRESH_S);
    if (setting->number < apr_time_from_sec(OFTEN_S))
        sso_check_warn(check, "SAMLMetadataRefresh", &setting->at, "expected at least 5min, as the identity provider may turn down "
                       "who asks more often, found %" APR_TIME_T_FMT "s; mend: lengthen it", apr_time_sec(setting->number));
    return setting->number;
}

static sso_source_t *new_source(sso_check_t *check, const sso_app_conf_t *conf, const sso_app_t *app)
{
    sso_source_t *source = apr_pcalloc(check->p, sizeof(*source));
    const char *identifier = sso_set_text(conf, SSO_SET_IDP_IDENTIFIER);

    source->entra = app->entra;
    if (app->entra) {
        source->fallback_url = entra_url(app->entra, check->p);
        source->url = apr_pstrcat(check->p, source->fallback_url, "?appid=", app->entra->application, NULL);
        source->issuer = identifier;
        source->max_bytes = ENTRA_MAX_BYTES;
    }
    else {
        source->url = sso_url_normal(sso_set_text(conf, SSO_SET_IDP_METADATA), check->p);
        source->entity_id = identifier;
        source->max_bytes = URL_MAX_BYTES;
    }
    source->ca_file = app->fetch_ca;
    source->proxy = app->fetch_proxy;
    source->refresh = refresh_of(check, conf);
    return source;
}

sso_source_t *sso_resolve_source(sso_check_t *check, const sso_app_conf_t *conf, const sso_app_t *app)
{
    sso_set_t which = app->entra ? SSO_SET_ENTRA : SSO_SET_IDP_METADATA;
    const sso_at_t *at = &conf->set[which].at;
    sso_source_t *source = new_source(check, conf, app);

    if (!name_copy(check, source) || (is_new(check, source) && !check_place(check, sso_set_name(which), at, source)))
        return NULL;
    return add_source(check, source, conf, app);
}
