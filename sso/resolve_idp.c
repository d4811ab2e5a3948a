/* SPDX-License-Identifier: Apache-2.0 */
/* The identity provider of an application, from metadata or by hand. */

#include <apr_strings.h>

#include "config.h"
#include "metadata_refresh.h"
#include "url.h"

static int check_locations(sso_check_t *check, const sso_at_t *at, const saml_idp_t *idp)
{
    sso_idp_address_t addresses[SSO_IDP_ADDRESSES];

    sso_idp_addresses(addresses, idp);
    for (int i = 0; i < SSO_IDP_ADDRESSES; i++) {
        const char *wrong = addresses[i].url ? sso_idp_url_check(addresses[i].url, check->p) : NULL;

        if (wrong) {
            sso_check_fail(check, "SAMLIdPMetadata", at, "%s: %s; mend: get the metadata of the identity provider anew",
                           addresses[i].service, wrong);
            return 0;
        }
    }
    return 1;
}

int sso_is_metadata_url(const sso_app_conf_t *conf)
{
    return sso_is_set(conf, SSO_SET_IDP_METADATA) && !sso_set_value_of(conf, SSO_SET_IDP_METADATA)->path;
}

static saml_idp_t *load_metadata(sso_check_t *check, const sso_app_conf_t *conf)
{
    const sso_value_t *value = sso_set_value_of(conf, SSO_SET_IDP_METADATA);
    const char *wrong = sso_unreadable(value->path, "metadata file", check->p);
    saml_err_t *err = sso_err_new(check->p);
    saml_idp_t *idp;

    if (wrong) {
        sso_check_fail(check, "SAMLIdPMetadata", &value->at, "%s; mend: correct the name or put the file there", wrong);
        return NULL;
    }
    if (saml_metadata_load(&idp, value->path, sso_set_text(conf, SSO_SET_IDP_IDENTIFIER), check->now, check->p, err)
        != SAML_OK) {
        sso_check_fail(check, "SAMLIdPMetadata", &value->at, "expected metadata of one identity provider, found: %s; "
                       "mend: get it anew, or pick one of several with SAMLIdPIdentifier", err->reason);
        return NULL;
    }
    if (!idp->sso_post && !idp->sso_redirect) {
        sso_check_fail(check, "SAMLIdPMetadata", &value->at, "expected a SingleSignOnService for HTTP-POST or "
                       "HTTP-Redirect, found none; mend: get the metadata anew");
        return NULL;
    }
    if (!check_locations(check, &value->at, idp))
        return NULL;
    if (idp->unread_certs)
        sso_check_warn(check, "SAMLIdPMetadata", &value->at, "expected readable certificates, found %d that "
                       "cannot be read beside %d that can: %s; mend: get the metadata of the identity provider anew",
                       idp->unread_certs, idp->certs->nelts, idp->unread_reason);
    return idp;
}

/* Metadata says what these would say. */
static int stands_alone(sso_check_t *check, const sso_app_conf_t *conf, sso_set_t which)
{
    static const sso_set_t others[] = { SSO_SET_IDP_METADATA, SSO_SET_LOGIN_URL, SSO_SET_LOGOUT_URL, SSO_SET_CERTIFICATE };
    const sso_at_t *at = &conf->set[which].at;

    for (apr_size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i] != which && sso_is_set(conf, others[i])) {
            sso_check_fail(check, sso_set_name(others[i]), &conf->set[others[i]].at, "expected not to stand beside "
                           "%s (%s line %d), which says the same, found both; mend: remove one of the two",
                           sso_set_name(which), at->file, at->line);
            return 0;
        }
    }
    return 1;
}

/* By hand it takes three. */
static int is_complete(sso_check_t *check, const sso_app_conf_t *conf)
{
    static const sso_set_t needed[] = { SSO_SET_IDP_IDENTIFIER, SSO_SET_LOGIN_URL, SSO_SET_CERTIFICATE };
    const char *missing = NULL;
    int present = SSO_SET_LOGOUT_URL;

    for (apr_size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (sso_is_set(conf, needed[i]))
            present = needed[i];
        else
            missing = missing ? apr_pstrcat(check->p, missing, " and ", sso_set_name(needed[i]), NULL)
                              : sso_set_name(needed[i]);
    }
    if (missing)
        sso_check_fail(check, sso_set_name(present), &conf->set[present].at, "expected SAMLIdPIdentifier, SAMLLoginURL "
                       "and SAMLCertificate together, found no %s; mend: add it, or use SAMLIdPMetadata alone",
                       missing);
    return !missing;
}

static int load_certificates(sso_check_t *check, const sso_app_conf_t *conf, apr_array_header_t *certs)
{
    const apr_array_header_t *values = conf->set[SSO_SET_CERTIFICATE].values;

    for (int i = 0; i < values->nelts; i++) {
        const sso_value_t *value = &APR_ARRAY_IDX(values, i, sso_value_t);
        const char *wrong = sso_unreadable(value->path, "certificate file", check->p);
        saml_err_t *err = sso_err_new(check->p);
        apr_array_header_t *found;

        if (wrong) {
            sso_check_fail(check, "SAMLCertificate", &value->at, "%s; mend: correct the name or put the file there",
                           wrong);
            return 0;
        }
        if (saml_certs_load(&found, value->path, check->p, err) != SAML_OK) {
            sso_check_fail(check, "SAMLCertificate", &value->at, "expected a certificate in PEM, base64 or DER, found: "
                           "%s; mend: download the identity provider's signing certificate anew", err->reason);
            return 0;
        }
        apr_array_cat(certs, found);
    }
    return 1;
}

static saml_idp_t *by_hand(sso_check_t *check, const sso_app_conf_t *conf)
{
    saml_idp_t *idp = apr_pcalloc(check->p, sizeof(*idp));

    if (!is_complete(check, conf))
        return NULL;
    idp->entity_id = sso_set_text(conf, SSO_SET_IDP_IDENTIFIER);
    idp->sso_post = sso_set_text(conf, SSO_SET_LOGIN_URL);
    idp->sso_redirect = idp->sso_post;
    idp->slo_redirect = sso_set_text(conf, SSO_SET_LOGOUT_URL);
    /* Entra's logout service takes the Redirect binding alone. */
    idp->slo_post = sso_entra_tenant(idp, check->p) ? NULL : idp->slo_redirect;
    idp->certs = apr_array_make(check->p, 2, sizeof(saml_cert_t *));
    return load_certificates(check, conf, idp->certs) ? idp : NULL;
}

/* Those that are past have been counted as not usable. */
static void warn_of_ends(sso_check_t *check, const char *directive, const sso_at_t *at, const saml_idp_t *idp)
{
    for (int i = 0; i < idp->certs->nelts; i++) {
        const saml_cert_t *cert = APR_ARRAY_IDX(idp->certs, i, const saml_cert_t *);
        const char *ends = check->now < cert->not_after ? sso_report_certificate(cert, check->now, check->p) : NULL;

        if (ends)
            sso_check_warn(check, directive, at, "expected signing certificates that last for 30 days and more, found: %s; mend: "
                           "renew it at the identity provider, and give the new one here beside it", ends);
    }
}

/* One certificate that may verify is enough; what cannot is named, as a rollover may hang on it. */
static int check_certificates(sso_check_t *check, const sso_app_conf_t *conf, const saml_idp_t *idp, unsigned allow)
{
    sso_set_t which = sso_is_set(conf, SSO_SET_IDP_METADATA) ? SSO_SET_IDP_METADATA : SSO_SET_CERTIFICATE;
    const sso_at_t *at = &conf->set[which].at;
    const char *first_wrong = "no signing certificate", *clock = "";
    int usable = 0;

    for (int i = 0; i < idp->certs->nelts; i++) {
        saml_err_t *err = sso_err_new(check->p);
        saml_status_t status = saml_cert_check(APR_ARRAY_IDX(idp->certs, i, saml_cert_t *), check->now, allow, err);

        if (status == SAML_OK)
            usable++;
        else if (i == usable)
            first_wrong = err->reason;
        if (status == SAML_E_CERTIFICATE_EXPIRED)
            clock = ", or set this machine's clock";
    }
    if (usable == 0) {
        sso_check_fail(check, sso_set_name(which), at, "expected a signing certificate that may be used now, found: "
                       "%s; mend: get the identity provider's current certificate%s", first_wrong, clock);
        return 0;
    }
    if (usable < idp->certs->nelts)
        sso_check_warn(check, sso_set_name(which), at, "expected all %d signing certificates to be usable now, found "
                       "%d that are; mend: remove what is old", idp->certs->nelts, usable);
    warn_of_ends(check, sso_set_name(which), at, idp);
    return 1;
}

int sso_resolve_idp(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    int has_metadata = sso_is_set(conf, SSO_SET_IDP_METADATA);
    saml_idp_t *idp;

    if ((app->entra && !stands_alone(check, conf, SSO_SET_ENTRA))
        || (has_metadata && !stands_alone(check, conf, SSO_SET_IDP_METADATA)))
        return 0;
    if (app->entra || sso_is_metadata_url(conf)) {
        app->source = sso_resolve_source(check, conf, app);
        return app->source != NULL;
    }
    idp = has_metadata ? load_metadata(check, conf) : by_hand(check, conf);
    if (!idp || !check_certificates(check, conf, idp, app->allow))
        return 0;
    app->idp = idp;
    return 1;
}
