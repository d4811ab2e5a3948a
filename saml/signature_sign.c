/* SPDX-License-Identifier: Apache-2.0 */
#include "signature.h"

#include <string.h>

#include <apr_strings.h>
#include <libxml/valid.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/templates.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>

/* An empty Signature for the ID `uri` names, not yet in the tree; NULL when memory or xmlsec1 fail. */
static xmlNode *make_template(xmlDoc *tree, const char *uri)
{
    xmlNode *signature = xmlSecTmplSignatureCreateNsPref(tree, xmlSecTransformExclC14NId,
                                                         xmlSecOpenSSLTransformRsaSha256Id, NULL, BAD_CAST "ds");
    xmlNode *reference = signature ? xmlSecTmplSignatureAddReference(signature, xmlSecOpenSSLTransformSha256Id, NULL,
                                                                     BAD_CAST uri, NULL)
                                   : NULL;

    if (reference && xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId)
        && xmlSecTmplReferenceAddTransform(reference, xmlSecTransformExclC14NId))
        return signature;
    if (signature)
        xmlFreeNode(signature);
    return NULL;
}

/* SAML Core 3.2.1, 3.2.2: Signature follows Issuer; Metadata 2.3: it comes first. */
static void place(xmlNode *signature, xmlNode *root)
{
    xmlNode *issuer = saml_xml_child(root, SAML_NS_ASSERTION, "Issuer");

    if (issuer)
        xmlAddNextSibling(issuer, signature);
    else if (root->children)
        xmlAddPrevSibling(root->children, signature);
    else
        xmlAddChild(root, signature);
}

/* KeyInfo is outside of what is signed, so it can come after. */
static int add_certificate(xmlNode *signature, const saml_cert_t *cert)
{
    xmlNode *key_info = xmlNewChild(signature, signature->ns, BAD_CAST "KeyInfo", NULL);
    xmlNode *data = key_info ? xmlNewChild(key_info, signature->ns, BAD_CAST "X509Data", NULL) : NULL;

    return data && xmlNewChild(data, signature->ns, BAD_CAST "X509Certificate", BAD_CAST cert->base64) != NULL;
}

/* Our key as xmlsec1 takes it; the caller's, NULL where xmlsec1 does not want it. */
static xmlSecKeyPtr make_key(EVP_PKEY *pkey)
{
    xmlSecKeyPtr key = xmlSecKeyCreate();
    xmlSecKeyDataPtr data = NULL;

    if (key && EVP_PKEY_up_ref(pkey) == 1) {
        data = xmlSecOpenSSLEvpKeyAdopt(pkey);
        if (!data)
            EVP_PKEY_free(pkey);
    }
    if (data && xmlSecKeySetValue(key, data) == 0)
        return key;
    if (data)
        xmlSecKeyDataDestroy(data);
    if (key)
        xmlSecKeyDestroy(key);
    return NULL;
}

static saml_status_t sign_template(xmlNode *signature, const saml_keypair_t *key, apr_pool_t *p, saml_err_t *err)
{
    xmlSecDSigCtxPtr ctx = xmlSecDSigCtxCreate(NULL);
    int ok = 0;

    if (ctx) {
        ctx->signKey = make_key(key->pkey);
        ok = ctx->signKey && xmlSecDSigCtxSign(ctx, signature) == 0 && ctx->status == xmlSecDSigStatusSucceeded;
        xmlSecDSigCtxDestroy(ctx);
    }
    if (!ok)
        return saml_fail(err, SAML_E_SIGNATURE, "our key could not sign: %s", saml_xmlsec_reason(p));
    return SAML_OK;
}

static const char *write_root(xmlDoc *tree, xmlNode *root, apr_pool_t *p)
{
    xmlBuffer *buffer = xmlBufferCreate();
    const char *text = NULL;

    if (buffer && xmlNodeDump(buffer, tree, root, 0, 0) > 0)
        text = apr_pstrdup(p, (const char *)xmlBufferContent(buffer));
    if (buffer)
        xmlBufferFree(buffer);
    return text;
}

static saml_status_t sign_doc(const char **out, const saml_doc_t *doc, const saml_keypair_t *key, apr_pool_t *p,
                              saml_err_t *err)
{
    xmlDoc *tree = saml_doc_tree(doc);
    xmlNode *root = saml_doc_root(doc), *signature;
    xmlAttr *id_attr = xmlHasNsProp(root, BAD_CAST "ID", NULL);
    const char *id = saml_xml_attr(root, "ID", p), *text;

    if (!id || !*id || !xmlAddID(NULL, tree, BAD_CAST id, id_attr))
        return saml_fail(err, SAML_E_MALFORMED, "%s cannot be signed: expected an ID, got %s", saml_xml_name(p, root),
                         saml_quote(p, id));
    signature = make_template(tree, apr_pstrcat(p, "#", id, NULL));
    if (!signature)
        return saml_fail(err, SAML_E_SIGNATURE, "xmlsec1 made no Signature: %s", saml_xmlsec_reason(p));
    place(signature, root);
    SAML_TRY(sign_template(signature, key, p, err));
    if (key->cert && !add_certificate(signature, key->cert))
        return saml_fail(err, SAML_E_SIGNATURE, "no memory for KeyInfo");
    text = write_root(tree, root, p);
    if (!text)
        return saml_fail(err, SAML_E_SIGNATURE, "the signed message could not be written");
    *out = text;
    return SAML_OK;
}

saml_status_t saml_signature_sign(const char **out, const char *xml, const saml_keypair_t *key, apr_pool_t *p,
                                  saml_err_t *err)
{
    saml_xml_reports_t reports;
    saml_status_t status;
    saml_doc_t *doc;

    if (!EVP_PKEY_is_a(key->pkey, "RSA"))
        return saml_fail(err, SAML_E_SIGNATURE, "signing needs an RSA key, and ours is %s",
                         saml_quote(p, EVP_PKEY_get0_type_name(key->pkey)));
    SAML_TRY(saml_library_init(err));
    SAML_TRY(saml_doc_parse(&doc, xml, strlen(xml), SAML_MAX_MESSAGE_BYTES, "message to sign", p, err));
    (void)saml_xmlsec_reason(p);
    saml_xml_mute(&reports);
    status = sign_doc(out, doc, key, p, err);
    saml_xml_unmute(&reports);
    return status;
}
