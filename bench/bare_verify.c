/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bare minimum that a sign-on costs: libxml2 parses the response, xmlsec1 verifies the assertion's signature, with
 * none of the checks around it. Usage: bare_verify RESPONSE CERTIFICATE ROUNDS; prints microseconds of CPU for each.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/crypto.h>
#include <xmlsec/keysmngr.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>

static char *read_all(const char *path, int *len)
{
    FILE *f = fopen(path, "rb");
    char *octets = malloc(1 << 20);

    *len = f && octets ? (int)fread(octets, 1, (1 << 20) - 1, f) : 0;
    if (f)
        fclose(f);
    return octets;
}

static int verify(const char *xml, int len, xmlSecKeyPtr key)
{
    static const xmlChar *ids[] = { BAD_CAST "ID", NULL };
    xmlDocPtr doc = xmlReadMemory(xml, len, NULL, NULL, XML_PARSE_NONET);
    xmlNodePtr signature;
    xmlSecDSigCtxPtr ctx;
    int ok;

    if (!doc)
        return 0;
    xmlSecAddIDs(doc, xmlDocGetRootElement(doc), ids);
    signature = xmlSecFindNode(xmlDocGetRootElement(doc), xmlSecNodeSignature, xmlSecDSigNs);
    ctx = xmlSecDSigCtxCreate(NULL);
    ctx->signKey = xmlSecKeyDuplicate(key);
    ok = signature && xmlSecDSigCtxVerify(ctx, signature) == 0 && ctx->status == xmlSecDSigStatusSucceeded;
    xmlSecDSigCtxDestroy(ctx);
    xmlFreeDoc(doc);
    return ok;
}

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    int len, rounds = argc == 4 ? atoi(argv[3]) : 0, i;
    char *xml;
    xmlSecKeyPtr key;
    double start;

    if (rounds <= 0 || xmlSecInit() < 0 || xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0) {
        fprintf(stderr, "usage: bare_verify RESPONSE CERTIFICATE ROUNDS\n");
        return 2;
    }
    xml = read_all(argv[1], &len);
    key = xmlSecCryptoAppKeyLoad(argv[2], xmlSecKeyDataFormatCertPem, NULL, NULL, NULL);
    if (!key || len == 0 || !verify(xml, len, key)) {
        fprintf(stderr, "bare_verify: the response does not verify\n");
        return 1;
    }
    for (i = 0; i < rounds / 10; i++)
        verify(xml, len, key);
    start = cpu_us();
    for (i = 0; i < rounds; i++) {
        if (!verify(xml, len, key))
            return 1;
    }
    printf("%.3f\n", (cpu_us() - start) / rounds);
    xmlSecKeyDestroy(key);
    free(xml);
    return 0;
}
