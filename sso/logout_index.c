/* SPDX-License-Identifier: Apache-2.0 */
#include "logout_index.h"

#include "entra.h"

/* What the value of a name is called when nothing is said of it (Core 8.3.1), or nothing that helps. */
#define NO_FORMAT ""

/* A digest over `kind`, the application, and what follows; each part ends with NUL, which none can hold. */
static saml_status_t label_of(sso_label_t *out, const char *kind, const sso_app_t *app, const char *const *parts,
                              apr_pool_t *p, saml_err_t *err)
{
    apr_array_header_t *text = apr_array_make(p, 256, 1);
    sso_key_t digest;
    int i;

    for (i = -2; i < 0 || parts[i]; i++) {
        const char *part = i == -2 ? kind : i == -1 ? app->id : parts[i];
        apr_size_t left = strlen(part) + 1;

        while (left--)
            APR_ARRAY_PUSH(text, char) = *part++;
    }
    SAML_TRY(sso_key_of(&digest, text->elts, (apr_size_t)text->nelts, err));
    memcpy(out->octets, digest.octets, sizeof(out->octets));
    return SAML_OK;
}

static const char *format_of(const saml_name_id_t *name)
{
    return !name->format || strcmp(name->format, SAML_NAMEID_UNSPECIFIED) == 0 ? NO_FORMAT : name->format;
}

/* Core 8.3.7: a qualifier that only says who speaks to whom may be left out. */
static const char *qualifier(const char *given, const char *implied)
{
    return !given || strcmp(given, implied) == 0 ? "" : given;
}

/* @param index  NULL: whatever it is */
static saml_status_t label_of_name(sso_label_t *out, const sso_app_t *app, const saml_idp_t *idp, const saml_name_id_t *name,
                                   const char *format, const char *index, apr_pool_t *p, saml_err_t *err)
{
    const char *parts[] = { name->value, format, qualifier(name->name_qualifier, idp->entity_id),
                            qualifier(name->sp_name_qualifier, app->identifier), index, NULL };

    return label_of(out, index ? "name and index" : "name", app, parts, p, err);
}

static saml_status_t label_of_index(sso_label_t *out, const sso_app_t *app, const char *index, apr_pool_t *p,
                                    saml_err_t *err)
{
    const char *parts[] = { index, NULL };

    return label_of(out, "index", app, parts, p, err);
}

saml_status_t sso_logout_labels(sso_label_t labels[SSO_MAX_LABELS], int *count, const sso_app_t *app,
                                const saml_idp_t *idp, const saml_login_t *login, apr_pool_t *p, saml_err_t *err)
{
    const saml_name_id_t *name = &login->name_id;

    *count = 0;
    SAML_TRY(label_of_name(&labels[(*count)++], app, idp, name, format_of(name), NULL, p, err));
    if (!login->session_index)
        return SAML_OK;
    SAML_TRY(label_of_name(&labels[(*count)++], app, idp, name, format_of(name), login->session_index, p, err));
    if (sso_entra_tenant(idp, p))
        SAML_TRY(label_of_index(&labels[(*count)++], app, login->session_index, p, err));
    return SAML_OK;
}

/* ---- what a request names ------------------------------------------------- */

/* Entra asks without a Format for sessions that began with one (doc/entra.md 6): then it may be any that identity providers use. */
static const char *const usual_formats[] = {
    NO_FORMAT, SAML_NAMEID_EMAIL, SAML_NAMEID_PERSISTENT, SAML_NAMEID_TRANSIENT,
    "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos",
};

#define USUAL_FORMATS (sizeof(usual_formats) / sizeof(usual_formats[0]))

/* The request's name, in every format that it may have had. */
static saml_status_t add_names(apr_array_header_t *labels, const sso_app_t *app, const saml_idp_t *idp,
                               const saml_name_id_t *name, const char *index, apr_pool_t *p, saml_err_t *err)
{
    const char *format = format_of(name);
    apr_size_t i;

    if (*format)
        return label_of_name(apr_array_push(labels), app, idp, name, format, index, p, err);
    for (i = 0; i < USUAL_FORMATS; i++)
        SAML_TRY(label_of_name(apr_array_push(labels), app, idp, name, usual_formats[i], index, p, err));
    return SAML_OK;
}

static saml_status_t labels_of_request(apr_array_header_t *labels, const sso_app_t *app, const saml_idp_t *idp,
                                       const saml_logout_request_t *request, apr_pool_t *p, saml_err_t *err)
{
    const apr_array_header_t *indexes = request->session_indexes;
    int i, by_index = sso_entra_tenant(idp, p) != NULL;

    if (!indexes->nelts)
        return add_names(labels, app, idp, &request->name_id, NULL, p, err);
    for (i = 0; i < indexes->nelts; i++) {
        const char *index = APR_ARRAY_IDX(indexes, i, const char *);

        SAML_TRY(add_names(labels, app, idp, &request->name_id, index, p, err));
        if (by_index)
            SAML_TRY(label_of_index(apr_array_push(labels), app, index, p, err));
    }
    return SAML_OK;
}

saml_status_t sso_logout_end_named(int *ended, const sso_app_t *app, const saml_idp_t *idp,
                                   const saml_logout_request_t *request, apr_pool_t *p, saml_err_t *err)
{
    apr_array_header_t *labels = apr_array_make(p, 8, sizeof(sso_label_t));

    SAML_TRY(labels_of_request(labels, app, idp, request, p, err));
    return sso_store_remove_labelled(app->store, (const sso_label_t *)(const void *)labels->elts, labels->nelts, ended,
                                     err);
}
