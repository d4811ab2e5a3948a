/* SPDX-License-Identifier: Apache-2.0 */
/* Write our own metadata: SAML Metadata 2.3.2, 2.4.4. The order of elements is the schema's. */

#include <string.h>
#include <apr_strings.h>
#include "metadata.h"

/* What decrypt.c takes without an allowance, best first (XML Encryption 5; algorithm.c is the list that decides). */
static const char *const ENCRYPTION_METHODS[] = {
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
};

#define BASE64_LINE 64

/* Broken into lines, as xs:base64Binary may be, so that a person can read the file. */
static const char *wrapped(apr_pool_t *p, const char *base64)
{
    apr_size_t len = strlen(base64), i;
    char *out = apr_palloc(p, len + len / BASE64_LINE + 2), *o = out;

    for (i = 0; i < len; i++) {
        if (i && i % BASE64_LINE == 0)
            *o++ = '\n';
        *o++ = base64[i];
    }
    *o = '\0';
    return out;
}

static const char *encryption_methods(apr_pool_t *p)
{
    const char *out = "";
    apr_size_t i;

    for (i = 0; i < sizeof ENCRYPTION_METHODS / sizeof ENCRYPTION_METHODS[0]; i++)
        out = apr_pstrcat(p, out, "      <md:EncryptionMethod Algorithm=\"", ENCRYPTION_METHODS[i], "\"/>\n", NULL);
    return out;
}

static const char *key_descriptor(const saml_cert_t *cert, const char *use, const char *methods, apr_pool_t *p)
{
    return apr_pstrcat(p,
                       "    <md:KeyDescriptor use=\"", use, "\">\n"
                       "      <ds:KeyInfo>\n"
                       "        <ds:X509Data>\n"
                       "          <ds:X509Certificate>\n", wrapped(p, cert->base64), "\n"
                       "          </ds:X509Certificate>\n"
                       "        </ds:X509Data>\n"
                       "      </ds:KeyInfo>\n", methods,
                       "    </md:KeyDescriptor>\n", NULL);
}

/* The first key signs, every key decrypts; a private key without certificate cannot be published. */
static const char *key_descriptors(const saml_sp_t *sp, apr_pool_t *p)
{
    const char *signing = "", *encryption = "";
    int i;

    for (i = 0; sp->keys && i < sp->keys->nelts; i++) {
        const saml_cert_t *cert = APR_ARRAY_IDX(sp->keys, i, const saml_keypair_t *)->cert;

        if (!cert)
            continue;
        if (i == 0)
            signing = key_descriptor(cert, "signing", "", p);
        encryption = apr_pstrcat(p, encryption, key_descriptor(cert, "encryption", encryption_methods(p), p), NULL);
    }
    return apr_pstrcat(p, signing, encryption, NULL);
}

static const char *logout_services(const saml_sp_t *sp, apr_pool_t *p)
{
    const char *url;

    if (!sp->logout_url)
        return "";
    url = saml_xml_escape(p, sp->logout_url);
    return apr_pstrcat(p,
                       "    <md:SingleLogoutService Binding=\"" SAML_BINDING_REDIRECT "\" Location=\"", url, "\"/>\n"
                       "    <md:SingleLogoutService Binding=\"" SAML_BINDING_POST "\" Location=\"", url, "\"/>\n",
                       NULL);
}

static const char *name_id_format(const saml_sp_t *sp, apr_pool_t *p)
{
    if (!sp->name_id_format)
        return "";
    return apr_pstrcat(p, "    <md:NameIDFormat>", saml_xml_escape(p, sp->name_id_format), "</md:NameIDFormat>\n",
                       NULL);
}

static const char *consumer_services(const saml_sp_t *sp, apr_pool_t *p)
{
    const char *out = "";
    int i;

    for (i = 0; i < sp->acs_urls->nelts; i++)
        out = apr_pstrcat(p, out, "    <md:AssertionConsumerService Binding=\"" SAML_BINDING_POST "\" Location=\"",
                          saml_xml_escape(p, APR_ARRAY_IDX(sp->acs_urls, i, const char *)), "\" index=\"",
                          apr_itoa(p, i), i == 0 ? "\" isDefault=\"true\"/>\n" : "\"/>\n", NULL);
    return out;
}

const char *saml_metadata_write(const saml_sp_t *sp, apr_pool_t *p)
{
    return apr_pstrcat(p,
                       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" xmlns:ds=\"" SAML_NS_DSIG "\""
                       " entityID=\"", saml_xml_escape(p, sp->entity_id), "\">\n"
                       "  <md:SPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\""
                       " AuthnRequestsSigned=\"", sp->sign_requests ? "true" : "false",
                       "\" WantAssertionsSigned=\"true\">\n",
                       key_descriptors(sp, p),
                       logout_services(sp, p),
                       name_id_format(sp, p),
                       consumer_services(sp, p),
                       "  </md:SPSSODescriptor>\n"
                       "</md:EntityDescriptor>\n", NULL);
}
