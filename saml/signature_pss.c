/* SPDX-License-Identifier: Apache-2.0 */
#include "signature.h"

/*
 * RSASSA-PSS as a transform of xmlsec1, which has none before 1.3: RFC 9231 2.3.9 and 2.3.10, with MGF1 over the same
 * hash and a salt as long as the hash.
 */

#include <pthread.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <xmlsec/errors.h>
#include <xmlsec/keys.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/transforms.h>

#include "signature_value.h"

/* Stands right behind xmlsec1's own struct, which is how its transforms keep their state. */
typedef struct {
    xmlSecTransform transform;
    EVP_MD_CTX *md;
    EVP_PKEY *pkey;         /* the key's reference outlives the transform's run */
} pss_t;

#define MAX_PSS 8

static struct _xmlSecTransformKlass klasses[MAX_PSS];               /* written under pss_once, read-only afterwards */
static const saml_algorithm_t *klass_algorithms[MAX_PSS];
static int klass_count;
static int klass_failed;
static pthread_once_t pss_once = PTHREAD_ONCE_INIT;

static const saml_algorithm_t *algorithm_of(xmlSecTransformPtr transform)
{
    return klass_algorithms[transform->id - klasses];
}

static int pss_initialize(xmlSecTransformPtr transform)
{
    pss_t *pss = (pss_t *)transform;

    pss->pkey = NULL;
    pss->md = EVP_MD_CTX_new();
    return pss->md ? 0 : -1;
}

static void pss_finalize(xmlSecTransformPtr transform)
{
    pss_t *pss = (pss_t *)transform;

    EVP_MD_CTX_free(pss->md);
    EVP_PKEY_free(pss->pkey);
    pss->md = NULL;
    pss->pkey = NULL;
}

static int pss_set_key_req(xmlSecTransformPtr transform, xmlSecKeyReqPtr req)
{
    int signing = transform->operation == xmlSecTransformOperationSign;

    req->keyId = xmlSecOpenSSLKeyDataRsaId;
    req->keyType = signing ? xmlSecKeyDataTypePrivate : xmlSecKeyDataTypePublic;
    req->keyUsage = signing ? xmlSecKeyUsageSign : xmlSecKeyUsageVerify;
    return 0;
}

static int pss_set_key(xmlSecTransformPtr transform, xmlSecKeyPtr key)
{
    pss_t *pss = (pss_t *)transform;
    xmlSecKeyDataPtr value = xmlSecKeyGetValue(key);
    EVP_PKEY *pkey = value ? xmlSecOpenSSLKeyDataRsaGetEvp(value) : NULL;

    if (!pkey || pss->pkey || EVP_PKEY_up_ref(pkey) != 1)
        return -1;
    pss->pkey = pkey;
    return 0;
}

static int pss_start(pss_t *pss)
{
    const saml_algorithm_t *alg = algorithm_of(&pss->transform);
    int signing = pss->transform.operation == xmlSecTransformOperationSign;
    EVP_PKEY_CTX *ctx = NULL;
    int ok;

    if (!pss->pkey)
        return 0;
    ok = signing ? EVP_DigestSignInit_ex(pss->md, &ctx, alg->digest, NULL, NULL, pss->pkey, NULL)
                 : EVP_DigestVerifyInit_ex(pss->md, &ctx, alg->digest, NULL, NULL, pss->pkey, NULL);
    return ok == 1 && saml_signature_padding(alg, ctx);
}

static int pss_update(pss_t *pss)
{
    xmlSecBufferPtr in = &pss->transform.inBuf;
    xmlSecSize len = xmlSecBufferGetSize(in);
    int ok;

    if (len == 0)
        return 1;
    ok = pss->transform.operation == xmlSecTransformOperationSign
             ? EVP_DigestSignUpdate(pss->md, xmlSecBufferGetData(in), len)
             : EVP_DigestVerifyUpdate(pss->md, xmlSecBufferGetData(in), len);
    return ok == 1 && xmlSecBufferRemoveHead(in, len) == 0;
}

static int pss_write_signature(pss_t *pss)
{
    size_t len = 0;

    if (EVP_DigestSignFinal(pss->md, NULL, &len) != 1
        || xmlSecBufferSetMaxSize(&pss->transform.outBuf, (xmlSecSize)len) < 0
        || EVP_DigestSignFinal(pss->md, xmlSecBufferGetData(&pss->transform.outBuf), &len) != 1)
        return 0;
    return xmlSecBufferSetSize(&pss->transform.outBuf, (xmlSecSize)len) == 0;
}

static int pss_execute(xmlSecTransformPtr transform, int last, xmlSecTransformCtxPtr ctx)
{
    pss_t *pss = (pss_t *)transform;

    (void)ctx;
    if (transform->status == xmlSecTransformStatusFinished)
        return xmlSecBufferGetSize(&transform->inBuf) == 0 ? 0 : -1;
    if (transform->status == xmlSecTransformStatusNone) {
        if (!pss_start(pss))
            return -1;
        transform->status = xmlSecTransformStatusWorking;
    }
    if (transform->status != xmlSecTransformStatusWorking || !pss_update(pss))
        return -1;
    if (!last)
        return 0;
    if (transform->operation == xmlSecTransformOperationSign && !pss_write_signature(pss))
        return -1;
    transform->status = xmlSecTransformStatusFinished;
    return 0;
}

static int pss_verify(xmlSecTransformPtr transform, const xmlSecByte *data, xmlSecSize len, xmlSecTransformCtxPtr ctx)
{
    pss_t *pss = (pss_t *)transform;

    (void)ctx;
    if (transform->operation != xmlSecTransformOperationVerify || transform->status != xmlSecTransformStatusFinished)
        return -1;
    transform->status = EVP_DigestVerifyFinal(pss->md, data, len) == 1 ? xmlSecTransformStatusOk
                                                                       : xmlSecTransformStatusFail;
    ERR_clear_error();
    return 0;
}

static void fill_klass(struct _xmlSecTransformKlass *klass, const saml_algorithm_t *alg)
{
    klass->klassSize = sizeof(*klass);
    klass->objSize = sizeof(pss_t);
    klass->name = BAD_CAST alg->name;
    klass->href = BAD_CAST alg->uri;
    klass->usage = xmlSecTransformUsageSignatureMethod;
    klass->initialize = pss_initialize;
    klass->finalize = pss_finalize;
    klass->setKeyReq = pss_set_key_req;
    klass->setKey = pss_set_key;
    klass->verify = pss_verify;
    klass->getDataType = xmlSecTransformDefaultGetDataType;
    klass->pushBin = xmlSecTransformDefaultPushBin;
    klass->popBin = xmlSecTransformDefaultPopBin;
    klass->execute = pss_execute;
}

static void register_pss(void)
{
    const saml_algorithm_t *alg;
    int i;

    for (i = 0; (alg = saml_algorithm_at(i)); i++) {
        if (alg->use != SAML_ALG_SIGNATURE || !alg->is_pss || klass_count == MAX_PSS
            || xmlSecTransformIdListFindByHref(xmlSecTransformIdsGet(), BAD_CAST alg->uri,
                                               xmlSecTransformUsageSignatureMethod))
            continue;
        klass_algorithms[klass_count] = alg;
        fill_klass(&klasses[klass_count], alg);
        if (xmlSecTransformIdsRegister(&klasses[klass_count]) < 0)
            klass_failed = 1;
        klass_count++;
    }
}

saml_status_t saml_signature_init(saml_err_t *err)
{
    pthread_once(&pss_once, register_pss);
    if (klass_failed)
        return saml_fail(err, SAML_E_METADATA, "RSASSA-PSS could not be added to xmlsec1");
    return SAML_OK;
}
