/* SPDX-License-Identifier: Apache-2.0 */
#include "algorithm.h"

#include <string.h>

#define DSIG      "http://www.w3.org/2000/09/xmldsig#"
#define DSIG_MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define DSIG_2007 "http://www.w3.org/2007/05/xmldsig-more#"
#define XENC      "http://www.w3.org/2001/04/xmlenc#"
#define XENC11    "http://www.w3.org/2009/xmlenc11#"
#define C14N10    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define C14N11    "http://www.w3.org/2006/12/xml-c14n11"

#define SIGNATURE(uri_, name_, needs_, digest_, key_, pss_) \
    { SAML_ALG_SIGNATURE, uri_, name_, needs_, digest_, NULL, key_, pss_ }
#define PLAIN(use_, uri_, name_, needs_, digest_) { use_, uri_, name_, needs_, digest_, NULL, NULL, 0 }
#define CIPHER(uri_, name_, needs_, cipher_) \
    { SAML_ALG_DATA_ENCRYPTION, uri_, name_, needs_, NULL, cipher_, NULL, 0 }

static const saml_algorithm_t algorithms[] = {
    SIGNATURE(SAML_ALG_RSA_SHA256, "RSA-SHA256", 0, "SHA256", "RSA", 0),
    SIGNATURE(DSIG_MORE "rsa-sha384", "RSA-SHA384", 0, "SHA384", "RSA", 0),
    SIGNATURE(DSIG_MORE "rsa-sha512", "RSA-SHA512", 0, "SHA512", "RSA", 0),
    SIGNATURE(DSIG_2007 "sha256-rsa-MGF1", "RSA-PSS-SHA256", 0, "SHA256", "RSA", 1),
    SIGNATURE(DSIG_2007 "sha384-rsa-MGF1", "RSA-PSS-SHA384", 0, "SHA384", "RSA", 1),
    SIGNATURE(DSIG_2007 "sha512-rsa-MGF1", "RSA-PSS-SHA512", 0, "SHA512", "RSA", 1),
    /* RFC 9231 2.3.9, without RSAPSSParams: SHA-256, MGF1 with it, salt as long as it. */
    SIGNATURE(DSIG_2007 "rsa-pss", "RSA-PSS-SHA256", 0, "SHA256", "RSA", 1),
    SIGNATURE(DSIG_MORE "ecdsa-sha256", "ECDSA-SHA256", 0, "SHA256", "EC", 0),
    SIGNATURE(DSIG_MORE "ecdsa-sha384", "ECDSA-SHA384", 0, "SHA384", "EC", 0),
    SIGNATURE(DSIG_MORE "ecdsa-sha512", "ECDSA-SHA512", 0, "SHA512", "EC", 0),
    SIGNATURE(DSIG "rsa-sha1", "RSA-SHA1", SAML_ALLOW_SHA1, "SHA1", "RSA", 0),

    PLAIN(SAML_ALG_DIGEST, SAML_ALG_SHA256, "SHA-256", 0, "SHA256"),
    PLAIN(SAML_ALG_DIGEST, DSIG_MORE "sha384", "SHA-384", 0, "SHA384"),
    PLAIN(SAML_ALG_DIGEST, XENC "sha512", "SHA-512", 0, "SHA512"),
    PLAIN(SAML_ALG_DIGEST, DSIG "sha1", "SHA-1", SAML_ALLOW_SHA1, "SHA1"),

    PLAIN(SAML_ALG_C14N, SAML_ALG_EXC_C14N, "exclusive c14n", 0, NULL),
    PLAIN(SAML_ALG_C14N, SAML_ALG_EXC_C14N "WithComments", "exclusive c14n with comments", 0, NULL),
    PLAIN(SAML_ALG_C14N, C14N10, "inclusive c14n", SAML_ALLOW_C14N10, NULL),
    PLAIN(SAML_ALG_C14N, C14N10 "#WithComments", "inclusive c14n with comments", SAML_ALLOW_C14N10, NULL),
    PLAIN(SAML_ALG_C14N, C14N11, "inclusive c14n 1.1", SAML_ALLOW_C14N10, NULL),
    PLAIN(SAML_ALG_C14N, C14N11 "#WithComments", "inclusive c14n 1.1 with comments", SAML_ALLOW_C14N10, NULL),

    CIPHER(XENC "aes128-cbc", "AES-128-CBC", 0, "AES-128-CBC"),
    CIPHER(XENC "aes192-cbc", "AES-192-CBC", 0, "AES-192-CBC"),
    CIPHER(XENC "aes256-cbc", "AES-256-CBC", 0, "AES-256-CBC"),
    CIPHER(XENC11 "aes128-gcm", "AES-128-GCM", 0, "AES-128-GCM"),
    CIPHER(XENC11 "aes192-gcm", "AES-192-GCM", 0, "AES-192-GCM"),
    CIPHER(XENC11 "aes256-gcm", "AES-256-GCM", 0, "AES-256-GCM"),
    CIPHER(XENC "tripledes-cbc", "3DES-CBC", SAML_ALLOW_3DES, "DES-EDE3-CBC"),

    PLAIN(SAML_ALG_KEY_TRANSPORT, SAML_ALG_OAEP_MGF1P, "RSA-OAEP-MGF1P", 0, NULL),
    PLAIN(SAML_ALG_KEY_TRANSPORT, SAML_ALG_OAEP, "RSA-OAEP", 0, NULL),
    PLAIN(SAML_ALG_KEY_TRANSPORT, SAML_ALG_RSA_1_5, "RSA 1.5", SAML_ALLOW_RSA1_5, NULL),

    /* SHA-1 inside OAEP is not used as a signature's digest is; the proofs of OAEP do not need collision resistance. */
    PLAIN(SAML_ALG_OAEP_DIGEST, DSIG "sha1", "SHA-1", 0, "SHA1"),
    PLAIN(SAML_ALG_OAEP_DIGEST, SAML_ALG_SHA256, "SHA-256", 0, "SHA256"),
    PLAIN(SAML_ALG_OAEP_DIGEST, DSIG_MORE "sha384", "SHA-384", 0, "SHA384"),
    PLAIN(SAML_ALG_OAEP_DIGEST, XENC "sha512", "SHA-512", 0, "SHA512"),

    PLAIN(SAML_ALG_OAEP_MGF, XENC11 "mgf1sha1", "MGF1-SHA1", 0, "SHA1"),
    PLAIN(SAML_ALG_OAEP_MGF, XENC11 "mgf1sha256", "MGF1-SHA256", 0, "SHA256"),
    PLAIN(SAML_ALG_OAEP_MGF, XENC11 "mgf1sha384", "MGF1-SHA384", 0, "SHA384"),
    PLAIN(SAML_ALG_OAEP_MGF, XENC11 "mgf1sha512", "MGF1-SHA512", 0, "SHA512"),
};

#define ALGORITHMS ((int)(sizeof(algorithms) / sizeof(algorithms[0])))

static const char *use_name(saml_alg_use_t use)
{
    switch (use) {
    case SAML_ALG_SIGNATURE: return "signature algorithm";
    case SAML_ALG_DIGEST: return "digest algorithm";
    case SAML_ALG_C14N: return "canonicalisation algorithm";
    case SAML_ALG_DATA_ENCRYPTION: return "encryption algorithm";
    case SAML_ALG_KEY_TRANSPORT: return "key transport algorithm";
    case SAML_ALG_OAEP_DIGEST: return "OAEP digest algorithm";
    case SAML_ALG_OAEP_MGF: return "OAEP mask generation function";
    }
    return "algorithm";
}

const saml_algorithm_t *saml_algorithm_at(int i)
{
    return i >= 0 && i < ALGORITHMS ? &algorithms[i] : NULL;
}

saml_status_t saml_algorithm_find(const saml_algorithm_t **out, saml_alg_use_t use, const char *uri, unsigned allow,
                                  saml_err_t *err)
{
    int i;

    for (i = 0; uri && i < ALGORITHMS; i++) {
        const saml_algorithm_t *alg = &algorithms[i];

        if (alg->use != use || strcmp(alg->uri, uri) != 0)
            continue;
        if (alg->needs & ~allow)
            return saml_fail(err, SAML_E_ALGORITHM, "%s %s is weak and refused; \"SAMLAllow %s\" would admit it",
                             use_name(use), alg->name, saml_allow_name(alg->needs));
        *out = alg;
        return SAML_OK;
    }
    return saml_fail(err, SAML_E_ALGORITHM, "%s: expected one of the accepted algorithms, got %s", use_name(use),
                     saml_quote(err->pool, uri));
}
