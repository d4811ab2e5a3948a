/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a response costs to verify, in turns: by libxml2 and OpenSSL alone, through xmlsec1 (both without any of the checks around
 * it), and by ours with all its checks, the second parse included.
 * Usage: bare_verify RESPONSE CERTIFICATE ACS AUDIENCE ROUNDS; prints microseconds of CPU for each of the three.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/crypto.h>
#include <xmlsec/keysmngr.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>
#include "http.h"
#include "idp.h"
#include "saml/response.h"

#define TURNS 20            /* how often the three take turns */

typedef struct {
    const char *xml;
    int len;
    EVP_PKEY *public_key;
    xmlSecKeyPtr key;
    saml_expect_t want;
    apr_pool_t *pool;       /* for each response, cleared */
    saml_err_t err;
} subject_t;

typedef int verify_fn(subject_t *s);

/* ---- libxml2 and OpenSSL alone ------------------------------------------ */

static xmlNodePtr child_of(xmlNodePtr node, const char *name)
{
    for (node = node->children; node && strcmp((const char *)node->name, name) != 0; node = node->next)
        ;
    if (!node)
        bench_die("expected an element %s", name);
    return node;
}

/* The exclusive canonical form of an element, as a document of its own. */
static int canonical(xmlChar **out, xmlNodePtr element)
{
    xmlDocPtr doc = xmlNewDoc(NULL);
    int len;

    xmlDocSetRootElement(doc, xmlDocCopyNode(element, doc, 1));
    len = xmlC14NDocDumpMemory(doc, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 0, out);
    xmlFreeDoc(doc);
    if (len <= 0)
        bench_die("no canonical form");
    return len;
}

static int octets_of(unsigned char *out, int room, xmlNodePtr element)
{
    char *text = (char *)xmlNodeGetContent(element), *to = text, *from;
    int len;

    for (from = text; *from; from++) {
        if (!strchr(" \t\r\n", *from))
            *to++ = *from;
    }
    *to = '\0';
    if ((to - text) / 4 * 3 > room)
        bench_die("expected at most %d octets in base64", room);
    len = EVP_DecodeBlock(out, (unsigned char *)text, (int)(to - text));
    while (to > text && *--to == '=')
        len--;
    xmlFree(text);
    return len;
}

static int digest_matches(xmlNodePtr assertion, xmlNodePtr signed_info)
{
    unsigned char wanted[64], got[EVP_MAX_MD_SIZE];
    unsigned got_len;
    xmlChar *octets;
    int len, wanted_len = octets_of(wanted, sizeof(wanted), child_of(child_of(signed_info, "Reference"), "DigestValue"));

    len = canonical(&octets, assertion);
    EVP_Digest(octets, (size_t)len, got, &got_len, EVP_sha256(), NULL);
    xmlFree(octets);
    return wanted_len == (int)got_len && memcmp(wanted, got, got_len) == 0;
}

static int value_matches(const unsigned char *value, int value_len, xmlNodePtr signed_info, EVP_PKEY *key)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    xmlChar *octets;
    int ok, len = canonical(&octets, signed_info);

    ok = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
         EVP_DigestVerify(ctx, value, (size_t)value_len, octets, (size_t)len) == 1;
    EVP_MD_CTX_free(ctx);
    xmlFree(octets);
    return ok;
}

static int verify_bare(subject_t *s)
{
    xmlDocPtr doc = xmlReadMemory(s->xml, s->len, NULL, NULL, XML_PARSE_NONET);
    xmlNodePtr assertion = child_of(xmlDocGetRootElement(doc), "Assertion"), signature = child_of(assertion, "Signature");
    xmlNodePtr signed_info = child_of(signature, "SignedInfo");
    unsigned char value[1024];
    int len = octets_of(value, sizeof(value), child_of(signature, "SignatureValue")), ok;

    ok = value_matches(value, len, signed_info, s->public_key);
    xmlUnlinkNode(signature);
    ok = ok && digest_matches(assertion, signed_info);
    xmlFreeNode(signature);
    xmlFreeDoc(doc);
    return ok;
}

/* ---- through xmlsec1 ---------------------------------------------------- */

static int verify_xmlsec(subject_t *s)
{
    static const xmlChar *ids[] = { BAD_CAST "ID", NULL };
    xmlDocPtr doc = xmlReadMemory(s->xml, s->len, NULL, NULL, XML_PARSE_NONET);
    xmlNodePtr signature;
    xmlSecDSigCtxPtr ctx;
    int ok;

    if (!doc)
        return 0;
    xmlSecAddIDs(doc, xmlDocGetRootElement(doc), ids);
    signature = xmlSecFindNode(xmlDocGetRootElement(doc), xmlSecNodeSignature, xmlSecDSigNs);
    ctx = xmlSecDSigCtxCreate(NULL);
    ctx->signKey = xmlSecKeyDuplicate(s->key);
    ok = signature && xmlSecDSigCtxVerify(ctx, signature) == 0 && ctx->status == xmlSecDSigStatusSucceeded;
    xmlSecDSigCtxDestroy(ctx);
    xmlFreeDoc(doc);
    return ok;
}

/* ---- ours --------------------------------------------------------------- */

static saml_status_t any_once(void *baton, const unsigned char *key, apr_time_t until, saml_err_t *err)
{
    (void)baton;
    (void)key;
    (void)until;
    (void)err;
    return SAML_OK;
}

static int verify_ours(subject_t *s)
{
    saml_login_t *login;
    int ok = saml_response_check(&login, s->xml, (apr_size_t)s->len, &s->want, s->pool, &s->err) == SAML_OK;

    if (!ok)
        bench_die("ours: %s", s->err.reason);
    apr_pool_clear(s->pool);
    return ok;
}

/* ---- turns -------------------------------------------------------------- */

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double each_us(verify_fn *verify, subject_t *s, int count)
{
    double start = cpu_us();
    int i;

    for (i = 0; i < count; i++) {
        if (!verify(s))
            bench_die("the response does not verify");
    }
    return (cpu_us() - start) / count;
}

static int by_size(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

static void take_turns(subject_t *s, int count)
{
    static verify_fn *const ways[] = { verify_bare, verify_xmlsec, verify_ours };
    double us[3][TURNS];
    int turn, way;

    for (turn = -1; turn < TURNS; turn++) {
        for (way = 0; way < 3; way++) {
            double one = each_us(ways[way], s, count);

            if (turn >= 0)
                us[way][turn] = one;
        }
    }
    for (way = 0; way < 3; way++) {
        qsort(us[way], TURNS, sizeof(double), by_size);
        printf("%.3f%c", us[way][TURNS / 2], way == 2 ? '\n' : ' ');
    }
}

/* ---- what they are given ------------------------------------------------ */

static void read_response(subject_t *s, const char *path, apr_pool_t *p)
{
    FILE *f = fopen(path, "rb");
    char *octets = apr_palloc(p, 1 << 20);
    const char *asked;

    s->len = f ? (int)fread(octets, 1, (1 << 20) - 1, f) : 0;
    if (s->len == 0)
        bench_die("%s: expected a response", path);
    fclose(f);
    octets[s->len] = '\0';
    s->xml = octets;
    asked = strstr(octets, "InResponseTo=\"");
    if (!asked)
        bench_die("%s: expected InResponseTo", path);
    asked += strlen("InResponseTo=\"");
    s->want.in_response_to = apr_pstrndup(p, asked, strcspn(asked, "\""));
}

static void read_certificate(subject_t *s, const char *path, apr_pool_t *p)
{
    FILE *f = fopen(path, "rb");
    X509 *cert = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    apr_array_header_t *certs;

    if (!cert)
        bench_die("%s: expected a certificate", path);
    fclose(f);
    s->public_key = X509_get_pubkey(cert);
    X509_free(cert);
    s->key = xmlSecCryptoAppKeyLoad(path, xmlSecKeyDataFormatCertPem, NULL, NULL, NULL);
    bench_must(saml_certs_load(&certs, path, p, &s->err), &s->err);
    s->want.certs = certs;
}

int main(int argc, char **argv)
{
    static const saml_replay_t replay = { any_once, NULL };
    subject_t s;
    apr_pool_t *p;
    apr_array_header_t *audiences;
    int rounds = argc == 6 ? (int)strtol(argv[5], NULL, 10) : 0;

    if (rounds < TURNS)
        bench_die("expected RESPONSE CERTIFICATE ACS AUDIENCE ROUNDS, at least %d", TURNS);
    apr_initialize();
    apr_pool_create(&p, NULL);
    memset(&s, 0, sizeof(s));
    s.err.pool = p;
    apr_pool_create(&s.pool, p);
    bench_must(saml_library_init(&s.err), &s.err);
    read_response(&s, argv[1], p);
    read_certificate(&s, argv[2], p);
    audiences = apr_array_make(p, 1, sizeof(const char *));
    APR_ARRAY_PUSH(audiences, const char *) = argv[4];
    s.want.now = apr_time_now();
    s.want.skew = apr_time_from_sec(180);
    s.want.acs_url = argv[3];
    s.want.audiences = audiences;
    s.want.replay = &replay;
    take_turns(&s, rounds / TURNS);
    xmlSecKeyDestroy(s.key);
    EVP_PKEY_free(s.public_key);
    apr_pool_destroy(p);
    apr_terminate();
    return 0;
}
