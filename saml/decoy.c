/* SPDX-License-Identifier: Apache-2.0 */
#include "decoy.h"

#include <string.h>

#include <apr_strings.h>

#include "algorithm.h"

/*
 * What is decrypted is parsed up to twice (saml_doc_parse_in_scope), and the decoy has to be parsed before anything can be done
 * with it.
 */
#define PARSES 3

#define A16  "AAAAAAAAAAAAAAAA"
#define A64  A16 A16 A16 A16
#define A256 A64 A64 A64 A64

/* An Assertion as an identity provider writes it. The digest is no digest of it, so that the last step fails, too. */
#define HEAD \
    "<Assertion xmlns=\"" SAML_NS_ASSERTION "\" ID=\"_decoy\" Version=\"2.0\"><Issuer>decoy</Issuer>" \
    "<Signature xmlns=\"" SAML_NS_DSIG "\"><SignedInfo><CanonicalizationMethod Algorithm=\"" SAML_ALG_EXC_C14N "\"/>" \
    "<SignatureMethod Algorithm=\"" SAML_ALG_RSA_SHA256 "\"/><Reference URI=\"#_decoy\"><Transforms>" \
    "<Transform Algorithm=\"" SAML_ALG_ENVELOPED "\"/><Transform Algorithm=\"" SAML_ALG_EXC_C14N "\"/></Transforms>" \
    "<DigestMethod Algorithm=\"" SAML_ALG_SHA256 "\"/><DigestValue>" A16 A16 "AAAAAAAAAAA=</DigestValue></Reference></SignedInfo>" \
    "<SignatureValue>" A256 A64 A16 "AAAAAA==</SignatureValue>" \
    "<KeyInfo><X509Data><X509Certificate>" A256 A256 A256 A256 "</X509Certificate></X509Data></KeyInfo></Signature>" \
    "<AttributeStatement><Attribute Name=\"decoy\">"
#define VALUE "<AttributeValue>" A64 "</AttributeValue>"
#define TAIL  "</Attribute></AttributeStatement></Assertion>"

#define LIMIT (2 * SAML_MAX_MESSAGE_BYTES)     /* HEAD stands before as many octets as a message may have */

/* About as long as what was decrypted. */
static const char *decoy_text(apr_size_t *len, apr_size_t octets, apr_pool_t *p)
{
    apr_size_t fixed = sizeof(HEAD TAIL) - 1, value = sizeof(VALUE) - 1;
    apr_size_t values = octets > fixed ? (octets - fixed) / value : 0, i;
    char *text = apr_palloc(p, fixed + values * value + 1), *at = text;

    memcpy(at, HEAD, sizeof(HEAD) - 1);
    at += sizeof(HEAD) - 1;
    for (i = 0; i < values; i++, at += value)
        memcpy(at, VALUE, value);
    memcpy(at, TAIL, sizeof(TAIL));
    *len = fixed + values * value;
    return text;
}

void saml_decoy_make_up(const saml_trust_t *trust, saml_err_t *err)
{
    const saml_work_t *done = &err->work;
    saml_err_t ignored = { 0 };
    saml_doc_t *doc = NULL;
    apr_pool_t *p = NULL;
    const char *text;
    apr_size_t len;

    if (done->octets == 0 || apr_pool_create(&p, err->pool) != APR_SUCCESS)
        return;
    ignored.pool = p;
    text = decoy_text(&len, done->octets, p);
    for (ignored.work.parses = done->parses; ignored.work.parses < PARSES;)
        if (saml_doc_parse(&doc, text, len, LIMIT, "decoy", p, &ignored) != SAML_OK)
            break;      /* no memory: nothing is left to imitate with */
    if (doc)
        saml_signature_imitate(doc, trust, done, p);
    apr_pool_destroy(p);
}
