/* SPDX-License-Identifier: Apache-2.0 */
/* AuthnRequest: SAML Core 3.4.1, Profiles 4.1.4.1. */

#include <string.h>
#include <apr_strings.h>
#include "clock.h"
#include "request.h"
#include "xml.h"

static const char *attribute(apr_pool_t *p, const char *name, const char *value)
{
    return apr_pstrcat(p, " ", name, "=\"", saml_xml_escape(p, value), "\"", NULL);
}

/* Core 3.4.1.1: who makes no use of AllowCreate should set it, or a first sign-on fails where identifiers are made then. */
static const char *name_id_policy(const saml_authn_request_t *req, apr_pool_t *p)
{
    if (!req->name_id_format)
        return "";
    return apr_pstrcat(p, "<samlp:NameIDPolicy", attribute(p, "Format", req->name_id_format),
                       " AllowCreate=\"true\"/>", NULL);
}

static const char *requested_context(const saml_authn_request_t *req, apr_pool_t *p)
{
    const char *classes = "";
    int i;

    if (!req->authn_context || req->authn_context->nelts == 0)
        return "";
    for (i = 0; i < req->authn_context->nelts; i++)
        classes = apr_pstrcat(p, classes, "<saml:AuthnContextClassRef>",
                              saml_xml_escape(p, APR_ARRAY_IDX(req->authn_context, i, const char *)),
                              "</saml:AuthnContextClassRef>", NULL);
    return apr_pstrcat(p, "<samlp:RequestedAuthnContext Comparison=\"exact\">", classes,
                       "</samlp:RequestedAuthnContext>", NULL);
}

const char *saml_authn_request_xml(const saml_authn_request_t *req, apr_pool_t *p)
{
    return apr_pstrcat(p,
                       "<samlp:AuthnRequest xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION "\"",
                       attribute(p, "ID", req->id),
                       " Version=\"2.0\"",
                       attribute(p, "IssueInstant", saml_time_format(p, req->issue_instant)),
                       attribute(p, "Destination", req->destination),
                       attribute(p, "AssertionConsumerServiceURL", req->acs_url),
                       attribute(p, "ProtocolBinding", SAML_BINDING_POST),
                       req->force_authn ? " ForceAuthn=\"true\"" : "",
                       req->is_passive ? " IsPassive=\"true\"" : "",
                       "><saml:Issuer>", saml_xml_escape(p, req->issuer), "</saml:Issuer>",
                       name_id_policy(req, p),
                       requested_context(req, p),
                       "</samlp:AuthnRequest>", NULL);
}

const char *saml_name_id_format_uri(const char *name)
{
    static const struct {
        const char *name;
        const char *uri;
    } formats[] = {
        { "emailAddress", SAML_NAMEID_EMAIL },
        { "persistent", SAML_NAMEID_PERSISTENT },
        { "transient", SAML_NAMEID_TRANSIENT },
        { "unspecified", SAML_NAMEID_UNSPECIFIED },
    };
    apr_size_t i;

    for (i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].name, name) == 0)
            return formats[i].uri;
    return NULL;
}
