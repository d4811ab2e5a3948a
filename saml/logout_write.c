/* SPDX-License-Identifier: Apache-2.0 */
/* LogoutRequest and LogoutResponse of ours: SAML Core 3.7.1, 3.7.2; Profiles 4.4.4. */

#include <apr_strings.h>

#include "clock.h"
#include "logout.h"

#define NAMESPACES " xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION "\""

/* An attribute, or nothing where there is no value. */
static const char *attribute(apr_pool_t *p, const char *name, const char *value)
{
    return value ? apr_pstrcat(p, " ", name, "=\"", saml_xml_escape(p, value), "\"", NULL) : "";
}

/* Core 3.3.4: the identity provider compares every part of the name that it once gave. */
static const char *name_id(const saml_name_id_t *name, apr_pool_t *p)
{
    return apr_pstrcat(p, "<saml:NameID",
                       attribute(p, "NameQualifier", name->name_qualifier),
                       attribute(p, "SPNameQualifier", name->sp_name_qualifier),
                       attribute(p, "Format", name->format),
                       ">", saml_xml_escape(p, name->value), "</saml:NameID>", NULL);
}

static const char *session_index(const char *index, apr_pool_t *p)
{
    return index ? apr_pstrcat(p, "<samlp:SessionIndex>", saml_xml_escape(p, index), "</samlp:SessionIndex>", NULL) : "";
}

const char *saml_logout_request_xml(const saml_logout_request_new_t *from, apr_pool_t *p)
{
    return apr_pstrcat(p, "<samlp:LogoutRequest" NAMESPACES,
                       attribute(p, "ID", from->id),
                       " Version=\"2.0\"",
                       attribute(p, "IssueInstant", saml_time_format(p, from->issue_instant)),
                       attribute(p, "Destination", from->destination),
                       "><saml:Issuer>", saml_xml_escape(p, from->issuer), "</saml:Issuer>",
                       name_id(from->name_id, p),
                       session_index(from->session_index, p),
                       "</samlp:LogoutRequest>", NULL);
}

static const char *status_code(const char *code, const char *inner, apr_pool_t *p)
{
    return apr_pstrcat(p, "<samlp:StatusCode", attribute(p, "Value", code), inner ? ">" : "/>", inner ? inner : "",
                       inner ? "</samlp:StatusCode>" : "", NULL);
}

const char *saml_logout_response_xml(const saml_logout_response_new_t *from, apr_pool_t *p)
{
    const char *inner = from->substatus ? status_code(from->substatus, NULL, p) : NULL;

    return apr_pstrcat(p, "<samlp:LogoutResponse" NAMESPACES,
                       attribute(p, "ID", from->id),
                       " Version=\"2.0\"",
                       attribute(p, "IssueInstant", saml_time_format(p, from->issue_instant)),
                       attribute(p, "Destination", from->destination),
                       attribute(p, "InResponseTo", from->in_response_to),
                       "><saml:Issuer>", saml_xml_escape(p, from->issuer), "</saml:Issuer>",
                       "<samlp:Status>", status_code(from->status, inner, p), "</samlp:Status>",
                       "</samlp:LogoutResponse>", NULL);
}
