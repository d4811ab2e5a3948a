/* SPDX-License-Identifier: Apache-2.0 */
#include "decoy.h"

#include <string.h>

#include <apr_strings.h>

#include "algorithm.h"

/*
 * What is decrypted is parsed up to twice (saml_doc_parse_in_scope), and the decoy has to be parsed before anything can be done
 * with it. It is octets that are made up for, as a parser that gives up somewhere has read a part of them.
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

/* What only has to be read. */
#define FILLER_HEAD "<Attribute xmlns=\"" SAML_NS_ASSERTION "\">"
#define FILLER_TAIL "</Attribute>"

#define LIMIT (2 * SAML_MAX_MESSAGE_BYTES)     /* HEAD stands before as many octets as a message may have */

/* About as long as asked for, and at least `head` and `tail`. */
static const char *text_of(apr_size_t *len, const char *head, const char *tail, apr_size_t octets, apr_pool_t *p)
{
    apr_size_t head_len = strlen(head), tail_len = strlen(tail), value = sizeof(VALUE) - 1, i;
    apr_size_t values = octets > head_len + tail_len ? (octets - head_len - tail_len) / value : 0;
    char *text, *at;

    *len = head_len + values * value + tail_len;
    text = at = apr_palloc(p, *len);
    memcpy(at, head, head_len);
    at += head_len;
    for (i = 0; i < values; i++, at += value)
        memcpy(at, VALUE, value);
    memcpy(at, tail, tail_len);
    return text;
}

/* Have that many octets more read, give or take a value. */
static void imitate_parses(apr_size_t octets, apr_size_t at_most, apr_pool_t *p)
{
    saml_err_t ignored = { .pool = p };

    while (octets >= sizeof(FILLER_HEAD VALUE FILLER_TAIL) + ignored.work.parsed) {
        apr_size_t left = octets - ignored.work.parsed, len;
        const char *text = text_of(&len, FILLER_HEAD, FILLER_TAIL, left < at_most ? left : at_most, p);
        saml_doc_t *doc;

        if (saml_doc_parse(&doc, text, len, LIMIT, "decoy", p, &ignored) != SAML_OK)
            return;     /* no memory: nothing is left to imitate with */
    }
}

void saml_decoy_make_up(const saml_trust_t *trust, saml_err_t *err)
{
    const saml_work_t *done = &err->work;
    saml_err_t ignored = { 0 };
    saml_doc_t *doc;
    apr_pool_t *p = NULL;
    const char *text;
    apr_size_t len;

    if (done->octets == 0 || apr_pool_create(&p, err->pool) != APR_SUCCESS)
        return;
    ignored.pool = p;
    text = text_of(&len, HEAD, TAIL, done->octets, p);
    if (saml_doc_parse(&doc, text, len, LIMIT, "decoy", p, &ignored) == SAML_OK) {
        if (done->parsed < (PARSES - 1) * len)
            imitate_parses((PARSES - 1) * len - done->parsed, len, p);
        saml_signature_imitate(doc, trust, done, p);
    }
    apr_pool_destroy(p);
}
