/* SPDX-License-Identifier: Apache-2.0 */
/* Read the identity provider's metadata: SAML Metadata 2.3, 2.4. Ours is written by metadata_write.c. */

#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include "clock.h"
#include "metadata.h"

/* SAML Metadata 2.3.2. */
#define MAX_ENTITY_ID_CHARS 1024
/* How many entity IDs a reason names when the one wanted is not there. */
#define MAX_LISTED 5
/* Each is tried with each signature that no other fits; nobody rolls over so many at a time. */
#define MAX_CERTIFICATES 100

/* ---- finding the entity ------------------------------------------------- */

/* The document is searched once; everything that the search learns is here. */
typedef struct {
    const char *wanted;         /* entity ID, or NULL for the only one there is */
    const char *source;
    apr_pool_t *p;
    xmlNode *entity;            /* the first that matches */
    xmlNode *role;              /* its IDPSSODescriptor */
    apr_time_t valid_until;     /* the earliest of the elements around `entity`, 0: none */
    int matches;
    int idps;                   /* identity providers in the document */
    const char *listed;         /* the first MAX_LISTED of them, for the reason */
} search_t;

/* protocolSupportEnumeration is a list of URIs. SAML Metadata 2.4.1. */
static int speaks_saml2(const xmlNode *role, apr_pool_t *p)
{
    const char *list = saml_xml_attr(role, "protocolSupportEnumeration", p);
    char *state, *uri;

    if (!list)
        return 0;
    for (uri = apr_strtok(apr_pstrdup(p, list), " \t\r\n", &state); uri; uri = apr_strtok(NULL, " \t\r\n", &state))
        if (strcmp(uri, SAML_NS_PROTOCOL) == 0)
            return 1;
    return 0;
}

static xmlNode *saml2_idp_role(const xmlNode *entity, apr_pool_t *p)
{
    xmlNode *role = saml_xml_child(entity, SAML_NS_METADATA, "IDPSSODescriptor");

    while (role && !speaks_saml2(role, p))
        role = saml_xml_next_named(role, SAML_NS_METADATA, "IDPSSODescriptor");
    return role;
}

/* validUntil of one element, narrowed into `earliest`. SAML Metadata 2.3.1, 2.3.2, 2.4.1. */
static saml_status_t narrow_validity(apr_time_t *earliest, const xmlNode *el, apr_pool_t *p, saml_err_t *err)
{
    const char *text = saml_xml_attr_collapsed(el, "validUntil", p);
    apr_time_t t;

    if (!text)
        return SAML_OK;
    SAML_TRY(saml_time_parse(&t, text, "metadata validUntil", err));
    t += t == 0;            /* the instant of the epoch: 0 says that there is no end */
    if (*earliest == 0 || t < *earliest)
        *earliest = t;
    return SAML_OK;
}

static saml_status_t read_entity_id(const char **out, const xmlNode *entity, search_t *s, saml_err_t *err)
{
    const char *id = saml_xml_attr_collapsed(entity, "entityID", s->p);

    if (!id || !*id)
        return saml_fail(err, SAML_E_METADATA, "%s: expected an EntityDescriptor with an entityID, got %s", s->source,
                         id ? "an empty one" : "none");
    if (strlen(id) > MAX_ENTITY_ID_CHARS)
        return saml_fail(err, SAML_E_METADATA, "%s: entityID: expected at most %d characters, got %s", s->source,
                         MAX_ENTITY_ID_CHARS, saml_quote(err->pool, id));
    *out = id;
    return SAML_OK;
}

static saml_status_t consider_entity(search_t *s, xmlNode *entity, apr_time_t valid_until, saml_err_t *err)
{
    xmlNode *role = saml2_idp_role(entity, s->p);
    const char *id;

    SAML_TRY(read_entity_id(&id, entity, s, err));
    if (!role)
        return SAML_OK;
    if (s->idps++ < MAX_LISTED)
        s->listed = apr_pstrcat(s->p, s->listed ? s->listed : "", s->listed ? ", " : "", saml_quote(s->p, id), NULL);
    if (s->wanted && strcmp(s->wanted, id) != 0)
        return SAML_OK;
    if (s->matches++ == 0) {
        s->entity = entity;
        s->role = role;
        s->valid_until = valid_until;
        SAML_TRY(narrow_validity(&s->valid_until, entity, s->p, err));
        SAML_TRY(narrow_validity(&s->valid_until, role, s->p, err));
    }
    return SAML_OK;
}

/* EntitiesDescriptor may nest; the parser's depth limit bounds the recursion. */
static saml_status_t search_element(search_t *s, xmlNode *el, apr_time_t valid_until, saml_err_t *err)
{
    xmlNode *child;

    if (saml_xml_is(el, SAML_NS_METADATA, "EntityDescriptor"))
        return consider_entity(s, el, valid_until, err);
    if (!saml_xml_is(el, SAML_NS_METADATA, "EntitiesDescriptor"))
        return SAML_OK;
    SAML_TRY(narrow_validity(&valid_until, el, s->p, err));
    for (child = saml_xml_first(el); child; child = saml_xml_next(child))
        SAML_TRY(search_element(s, child, valid_until, err));
    return SAML_OK;
}

static saml_status_t check_one_match(const search_t *s, saml_err_t *err)
{
    const char *more = s->idps > MAX_LISTED ? apr_psprintf(s->p, " and %d more", s->idps - MAX_LISTED) : "";

    if (s->idps == 0)
        return saml_fail(err, SAML_E_METADATA,
                         "%s: expected an EntityDescriptor with an IDPSSODescriptor for SAML 2.0, got none: this is not the "
                         "metadata of a SAML 2.0 identity provider", s->source);
    if (s->wanted && s->matches == 0)
        return saml_fail(err, SAML_E_METADATA, "%s: expected the identity provider %s, got %s%s", s->source,
                         saml_quote(err->pool, s->wanted), s->listed, more);
    if (s->wanted && s->matches > 1)
        return saml_fail(err, SAML_E_METADATA, "%s: expected the identity provider %s once, got it %d times", s->source,
                         saml_quote(err->pool, s->wanted), s->matches);
    if (s->matches > 1)
        return saml_fail(err, SAML_E_METADATA,
                         "%s: expected one identity provider, got %d: %s%s; name the entity ID of the one that is meant",
                         s->source, s->matches, s->listed, more);
    return SAML_OK;
}

static saml_status_t check_validity(const search_t *s, apr_time_t now, saml_err_t *err)
{
    if (now == 0 || s->valid_until == 0 || now < s->valid_until)
        return SAML_OK;
    return saml_fail(err, SAML_E_METADATA, "%s: the metadata was valid until %s, and now is %s: fetch it anew",
                     s->source, saml_time_format(s->p, s->valid_until), saml_time_format(s->p, now));
}

/* ---- keys --------------------------------------------------------------- */

/* SAML Metadata 2.4.1.1: without `use` a key serves for both. */
static int is_for_signing(const xmlNode *descriptor, apr_pool_t *p)
{
    const char *use = saml_xml_attr_collapsed(descriptor, "use", p);

    return !use || strcmp(use, "signing") == 0;
}

static void add_once(apr_array_header_t *certs, saml_cert_t *cert)
{
    int i;

    for (i = 0; i < certs->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(certs, i, saml_cert_t *)->sha256, cert->sha256) == 0)
            return;
    APR_ARRAY_PUSH(certs, saml_cert_t *) = cert;
}

static saml_status_t read_certificate(saml_idp_t *idp, const xmlNode *el, const char *source, apr_pool_t *p,
                                      saml_err_t *err)
{
    apr_array_header_t *parsed;
    const char *text;

    SAML_TRY(saml_xml_text_collapsed(&text, el, p, err));
    SAML_TRY(saml_certs_parse(&parsed, text, strlen(text), apr_psprintf(p, "X509Certificate in %s", source), p, err));
    if (parsed->nelts != 1)
        return saml_fail(err, SAML_E_METADATA, "X509Certificate in %s: expected one certificate, got %d", source, parsed->nelts);
    add_once(idp->certs, APR_ARRAY_IDX(parsed, 0, saml_cert_t *));
    return SAML_OK;
}

/*
 * All certificates of one KeyDescriptor; `*found` counts them, to one more than are taken. KeyInfo may hold several X509Data of
 * several. One that cannot be read proves nothing and harms nothing: it is for the others to verify what they can.
 */
static void read_key_descriptor(saml_idp_t *idp, int *found, const xmlNode *descriptor, const char *source, apr_pool_t *p)
{
    xmlNode *info = saml_xml_child(descriptor, SAML_NS_DSIG, "KeyInfo");
    xmlNode *data = info ? saml_xml_child(info, SAML_NS_DSIG, "X509Data") : NULL;
    xmlNode *cert;

    for (; data; data = saml_xml_next_named(data, SAML_NS_DSIG, "X509Data"))
        for (cert = saml_xml_child(data, SAML_NS_DSIG, "X509Certificate"); cert;
             cert = saml_xml_next_named(cert, SAML_NS_DSIG, "X509Certificate")) {
            saml_err_t unread = { .pool = p };

            if (++*found > MAX_CERTIFICATES)
                return;
            if (read_certificate(idp, cert, source, p, &unread) != SAML_OK && !idp->unread_certs++)
                idp->unread_reason = unread.reason;
        }
}

static saml_status_t read_keys(saml_idp_t *idp, const xmlNode *role, const char *source, apr_pool_t *p,
                               saml_err_t *err)
{
    xmlNode *d = saml_xml_child(role, SAML_NS_METADATA, "KeyDescriptor");
    int signing = 0, bare = 0, found = 0;

    for (; d && found <= MAX_CERTIFICATES; d = saml_xml_next_named(d, SAML_NS_METADATA, "KeyDescriptor")) {
        int before = found;

        if (!is_for_signing(d, p))
            continue;
        signing++;
        read_key_descriptor(idp, &found, d, source, p);
        bare += found == before;
    }
    if (found > MAX_CERTIFICATES)
        return saml_fail(err, SAML_E_METADATA, "%s: the IDPSSODescriptor of %s: expected at most %d certificates for signing, got more",
                         source, saml_quote(err->pool, idp->entity_id), MAX_CERTIFICATES);
    if (idp->certs->nelts == 0 && idp->unread_reason)
        return saml_fail(err, SAML_E_METADATA, "%s", idp->unread_reason);
    if (idp->certs->nelts == 0 && signing == 0)
        return saml_fail(err, SAML_E_METADATA,
                         "%s: the IDPSSODescriptor of %s: expected a KeyDescriptor for signing, got none, so that no "
                         "signature could be verified", source, saml_quote(err->pool, idp->entity_id));
    if (idp->certs->nelts == 0)
        return saml_fail(err, SAML_E_METADATA,
                         "%s: the IDPSSODescriptor of %s: expected a ds:X509Certificate, got %d KeyDescriptor%s for signing "
                         "with none (a bare ds:KeyValue or ds:KeyName is not usable)", source,
                         saml_quote(err->pool, idp->entity_id), bare, bare == 1 ? "" : "s");
    return SAML_OK;
}

/* ---- endpoints ---------------------------------------------------------- */

/* A place that browsers are sent to: http or https, and nothing that could leave a header line or an attribute. */
static saml_status_t check_location(const char *url, const char *what, const char *source, saml_err_t *err)
{
    const unsigned char *c = (const unsigned char *)(url ? url : "");
    int is_http = url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);

    while (*c > ' ' && *c < 0x7f)
        c++;
    if (!is_http || *c)
        return saml_fail(err, SAML_E_METADATA, "%s: %s: expected an http or https URL, got %s", source, what,
                         saml_quote(err->pool, url));
    return SAML_OK;
}

/* The first endpoint `name` for `binding`; isDefault belongs to indexed endpoints, which these are not (2.2.3). */
static saml_status_t read_endpoint(const char **location, const char **response_location, const xmlNode *role,
                                   const char *name, const char *binding, const char *source, apr_pool_t *p,
                                   saml_err_t *err)
{
    xmlNode *el = saml_xml_child(role, SAML_NS_METADATA, name);
    const char *url;

    for (; el; el = saml_xml_next_named(el, SAML_NS_METADATA, name)) {
        const char *b = saml_xml_attr_collapsed(el, "Binding", p);

        if (b && strcmp(b, binding) == 0)
            break;
    }
    if (!el)
        return SAML_OK;
    url = saml_xml_attr_collapsed(el, "Location", p);
    SAML_TRY(check_location(url, apr_psprintf(p, "%s Location", name), source, err));
    *location = url;
    url = saml_xml_attr_collapsed(el, "ResponseLocation", p);
    if (url && response_location) {
        SAML_TRY(check_location(url, apr_psprintf(p, "%s ResponseLocation", name), source, err));
        *response_location = url;
    }
    return SAML_OK;
}

static saml_status_t read_endpoints(saml_idp_t *idp, const xmlNode *role, const char *source, apr_pool_t *p,
                                    saml_err_t *err)
{
    SAML_TRY(read_endpoint(&idp->sso_post, NULL, role, "SingleSignOnService", SAML_BINDING_POST, source, p, err));
    SAML_TRY(read_endpoint(&idp->sso_redirect, NULL, role, "SingleSignOnService", SAML_BINDING_REDIRECT, source, p,
                           err));
    SAML_TRY(read_endpoint(&idp->slo_post, &idp->slo_post_response, role, "SingleLogoutService", SAML_BINDING_POST,
                           source, p, err));
    SAML_TRY(read_endpoint(&idp->slo_redirect, &idp->slo_redirect_response, role, "SingleLogoutService",
                           SAML_BINDING_REDIRECT, source, p, err));
    if (!idp->sso_post && !idp->sso_redirect)
        return saml_fail(err, SAML_E_METADATA,
                         "%s: %s: expected a SingleSignOnService for HTTP-POST or HTTP-Redirect, got none", source,
                         saml_quote(err->pool, idp->entity_id));
    return SAML_OK;
}

/* xs:boolean. */
static int is_true(const char *text)
{
    return text && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

/* ---- the whole ---------------------------------------------------------- */

static saml_status_t find_entity(search_t *s, const saml_doc_t *doc, apr_time_t now, saml_err_t *err)
{
    SAML_TRY(search_element(s, saml_doc_root(doc), 0, err));
    SAML_TRY(check_one_match(s, err));
    return check_validity(s, now, err);
}

saml_status_t saml_metadata_read(saml_idp_t **out, const char *xml, apr_size_t len, const char *entity_id,
                                 apr_time_t now, const char *source, apr_pool_t *p, saml_err_t *err)
{
    search_t s = { .wanted = entity_id, .source = source, .p = p };
    saml_idp_t *idp = apr_pcalloc(p, sizeof *idp);
    saml_doc_t *doc;

    SAML_TRY(saml_doc_parse(&doc, xml, len, SAML_MAX_METADATA_BYTES, source, p, err));
    SAML_TRY(find_entity(&s, doc, now, err));
    SAML_TRY(read_entity_id(&idp->entity_id, s.entity, &s, err));
    idp->valid_until = s.valid_until;
    idp->want_authn_requests_signed = is_true(saml_xml_attr_collapsed(s.role, "WantAuthnRequestsSigned", p));
    idp->certs = apr_array_make(p, 2, sizeof(saml_cert_t *));
    SAML_TRY(read_keys(idp, s.role, source, p, err));
    SAML_TRY(read_endpoints(idp, s.role, source, p, err));
    *out = idp;
    return SAML_OK;
}

static saml_status_t read_file(const char **out, apr_size_t *out_len, const char *file, apr_pool_t *p, saml_err_t *err)
{
    apr_file_t *f;
    apr_finfo_t info;
    char why[120], *buf;
    apr_status_t rv = apr_file_open(&f, file, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, p);

    if (rv == APR_SUCCESS)
        rv = apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, f);
    if (rv != APR_SUCCESS)
        return saml_fail(err, SAML_E_METADATA, "%s: cannot be read: %s", file, apr_strerror(rv, why, sizeof why));
    if (info.filetype != APR_REG)
        return saml_fail(err, SAML_E_METADATA, "%s: expected a file, got a folder or something else", file);
    if (info.size > SAML_MAX_METADATA_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "%s: expected at most %d bytes, got %" APR_OFF_T_FMT, file,
                         SAML_MAX_METADATA_BYTES, info.size);
    buf = apr_palloc(p, (apr_size_t)info.size + 1);
    rv = apr_file_read_full(f, buf, (apr_size_t)info.size, out_len);
    (void)apr_file_close(f);
    if (rv != APR_SUCCESS && rv != APR_EOF)
        return saml_fail(err, SAML_E_METADATA, "%s: cannot be read: %s", file, apr_strerror(rv, why, sizeof why));
    buf[*out_len] = '\0';
    *out = buf;
    return SAML_OK;
}

saml_status_t saml_metadata_load(saml_idp_t **out, const char *file, const char *entity_id, apr_time_t now,
                                 apr_pool_t *p, saml_err_t *err)
{
    const char *xml;
    apr_size_t len;

    SAML_TRY(read_file(&xml, &len, file, p, err));
    return saml_metadata_read(out, xml, len, entity_id, now, file, p, err);
}
