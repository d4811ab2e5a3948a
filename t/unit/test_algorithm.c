/* SPDX-License-Identifier: Apache-2.0 */
/* The one list of algorithms: what is accepted, what is accepted by word, what never (XML Signature 6, RFC 9231). */

#include "material.h"

#include "saml/algorithm.h"

#define DSIG  "http://www.w3.org/2000/09/xmldsig#"
#define MORE  "http://www.w3.org/2001/04/xmldsig-more#"
#define M2007 "http://www.w3.org/2007/05/xmldsig-more#"
#define XENC  "http://www.w3.org/2001/04/xmlenc#"
#define X11   "http://www.w3.org/2009/xmlenc11#"
#define C10   "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define C11   "http://www.w3.org/2006/12/xml-c14n11"
#define EXC   "http://www.w3.org/2001/10/xml-exc-c14n#"

static const struct {
    saml_alg_use_t use;
    const char *uri;
    unsigned needs;
    const char *digest, *cipher, *key_type;
    int is_pss;
} accepted[] = {
    { SAML_ALG_SIGNATURE, MORE "rsa-sha256", 0, "SHA256", NULL, "RSA", 0 },
    { SAML_ALG_SIGNATURE, MORE "rsa-sha384", 0, "SHA384", NULL, "RSA", 0 },
    { SAML_ALG_SIGNATURE, MORE "rsa-sha512", 0, "SHA512", NULL, "RSA", 0 },
    { SAML_ALG_SIGNATURE, M2007 "sha256-rsa-MGF1", 0, "SHA256", NULL, "RSA", 1 },
    { SAML_ALG_SIGNATURE, M2007 "sha384-rsa-MGF1", 0, "SHA384", NULL, "RSA", 1 },
    { SAML_ALG_SIGNATURE, M2007 "sha512-rsa-MGF1", 0, "SHA512", NULL, "RSA", 1 },
    { SAML_ALG_SIGNATURE, M2007 "rsa-pss", 0, "SHA256", NULL, "RSA", 1 },
    { SAML_ALG_SIGNATURE, MORE "ecdsa-sha256", 0, "SHA256", NULL, "EC", 0 },
    { SAML_ALG_SIGNATURE, MORE "ecdsa-sha384", 0, "SHA384", NULL, "EC", 0 },
    { SAML_ALG_SIGNATURE, MORE "ecdsa-sha512", 0, "SHA512", NULL, "EC", 0 },
    { SAML_ALG_SIGNATURE, DSIG "rsa-sha1", SAML_ALLOW_SHA1, "SHA1", NULL, "RSA", 0 },
    { SAML_ALG_DIGEST, XENC "sha256", 0, "SHA256", NULL, NULL, 0 },
    { SAML_ALG_DIGEST, MORE "sha384", 0, "SHA384", NULL, NULL, 0 },
    { SAML_ALG_DIGEST, XENC "sha512", 0, "SHA512", NULL, NULL, 0 },
    { SAML_ALG_DIGEST, DSIG "sha1", SAML_ALLOW_SHA1, "SHA1", NULL, NULL, 0 },
    { SAML_ALG_C14N, EXC, 0, NULL, NULL, NULL, 0 },
    { SAML_ALG_C14N, EXC "WithComments", 0, NULL, NULL, NULL, 0 },
    { SAML_ALG_C14N, C10, SAML_ALLOW_C14N10, NULL, NULL, NULL, 0 },
    { SAML_ALG_C14N, C10 "#WithComments", SAML_ALLOW_C14N10, NULL, NULL, NULL, 0 },
    { SAML_ALG_C14N, C11, SAML_ALLOW_C14N10, NULL, NULL, NULL, 0 },
    { SAML_ALG_C14N, C11 "#WithComments", SAML_ALLOW_C14N10, NULL, NULL, NULL, 0 },
    { SAML_ALG_DATA_ENCRYPTION, XENC "aes128-cbc", 0, NULL, "AES-128-CBC", NULL, 0 },
    { SAML_ALG_DATA_ENCRYPTION, XENC "aes192-cbc", 0, NULL, "AES-192-CBC", NULL, 0 },
    { SAML_ALG_DATA_ENCRYPTION, XENC "aes256-cbc", 0, NULL, "AES-256-CBC", NULL, 0 },
    { SAML_ALG_DATA_ENCRYPTION, X11 "aes128-gcm", 0, NULL, "AES-128-GCM", NULL, 0 },
    { SAML_ALG_DATA_ENCRYPTION, X11 "aes192-gcm", 0, NULL, "AES-192-GCM", NULL, 0 },
    { SAML_ALG_DATA_ENCRYPTION, X11 "aes256-gcm", 0, NULL, "AES-256-GCM", NULL, 0 },
    { SAML_ALG_DATA_ENCRYPTION, XENC "tripledes-cbc", SAML_ALLOW_3DES, NULL, "DES-EDE3-CBC", NULL, 0 },
    { SAML_ALG_KEY_TRANSPORT, XENC "rsa-oaep-mgf1p", 0, NULL, NULL, NULL, 0 },
    { SAML_ALG_KEY_TRANSPORT, X11 "rsa-oaep", 0, NULL, NULL, NULL, 0 },
    { SAML_ALG_KEY_TRANSPORT, XENC "rsa-1_5", SAML_ALLOW_RSA1_5, NULL, NULL, NULL, 0 },
    { SAML_ALG_OAEP_DIGEST, DSIG "sha1", 0, "SHA1", NULL, NULL, 0 },
    { SAML_ALG_OAEP_DIGEST, XENC "sha256", 0, "SHA256", NULL, NULL, 0 },
    { SAML_ALG_OAEP_DIGEST, MORE "sha384", 0, "SHA384", NULL, NULL, 0 },
    { SAML_ALG_OAEP_DIGEST, XENC "sha512", 0, "SHA512", NULL, NULL, 0 },
    { SAML_ALG_OAEP_MGF, X11 "mgf1sha1", 0, "SHA1", NULL, NULL, 0 },
    { SAML_ALG_OAEP_MGF, X11 "mgf1sha256", 0, "SHA256", NULL, NULL, 0 },
    { SAML_ALG_OAEP_MGF, X11 "mgf1sha384", 0, "SHA384", NULL, NULL, 0 },
    { SAML_ALG_OAEP_MGF, X11 "mgf1sha512", 0, "SHA512", NULL, NULL, 0 },
};

#define ACCEPTED (sizeof(accepted) / sizeof(accepted[0]))

static void same_text(const char *got, const char *want)
{
    if (!want)
        assert_null(got);
    else
        assert_string_equal(got, want);
}

static void test_accepted(void **state)
{
    const saml_algorithm_t *alg;
    size_t i;

    (void)state;
    for (i = 0; i < ACCEPTED; i++) {
        assert_says(saml_algorithm_find(&alg, accepted[i].use, accepted[i].uri, accepted[i].needs, &err), SAML_OK, "");
        assert_int_equal(alg->use, accepted[i].use);
        assert_string_equal(alg->uri, accepted[i].uri);
        assert_int_equal(alg->needs, accepted[i].needs);
        assert_int_equal(alg->is_pss, accepted[i].is_pss);
        same_text(alg->digest, accepted[i].digest);
        same_text(alg->cipher, accepted[i].cipher);
        same_text(alg->key_type, accepted[i].key_type);
    }
    assert_non_null(saml_algorithm_at((int)ACCEPTED - 1));
    assert_null(saml_algorithm_at((int)ACCEPTED));      /* this list is the whole list */
    assert_null(saml_algorithm_at(-1));
}

/* Each weak one needs its own word; all the other words together do not admit it. */
static void test_weak_ones_need_their_word(void **state)
{
    const saml_algorithm_t *alg = NULL;
    size_t i;

    (void)state;
    for (i = 0; i < ACCEPTED; i++) {
        if (!accepted[i].needs)
            continue;
        assert_says(saml_algorithm_find(&alg, accepted[i].use, accepted[i].uri, ~accepted[i].needs, &err),
                    SAML_E_ALGORITHM, apr_psprintf(pool, "\"SAMLAllow %s\"", saml_allow_name(accepted[i].needs)));
        assert_null(alg);
    }
}

static void test_never_accepted(void **state)
{
    static const struct { saml_alg_use_t use; const char *uri; } cases[] = {
        { SAML_ALG_SIGNATURE, DSIG "hmac-sha1" }, { SAML_ALG_SIGNATURE, MORE "hmac-sha256" },
        { SAML_ALG_SIGNATURE, MORE "hmac-sha512" }, { SAML_ALG_SIGNATURE, DSIG "dsa-sha1" },
        { SAML_ALG_SIGNATURE, MORE "rsa-md5" }, { SAML_ALG_SIGNATURE, MORE "rsa-ripemd160" },
        { SAML_ALG_SIGNATURE, MORE "ecdsa-sha1" }, { SAML_ALG_SIGNATURE, M2007 "sha1-rsa-MGF1" },
        { SAML_ALG_SIGNATURE, MORE "RSA-SHA256" }, { SAML_ALG_SIGNATURE, MORE "rsa-sha256 " },
        { SAML_ALG_SIGNATURE, "" }, { SAML_ALG_DIGEST, MORE "md5" }, { SAML_ALG_DIGEST, XENC "ripemd160" },
        { SAML_ALG_C14N, "http://www.w3.org/TR/1999/REC-xslt-19991116" },
        { SAML_ALG_C14N, "http://www.w3.org/TR/1999/REC-xpath-19991116" },
        { SAML_ALG_C14N, "http://www.w3.org/2002/06/xmldsig-filter2" }, { SAML_ALG_C14N, DSIG "base64" },
        { SAML_ALG_C14N, DSIG "enveloped-signature" }, { SAML_ALG_DATA_ENCRYPTION, MORE "arcfour" },
        { SAML_ALG_KEY_TRANSPORT, XENC "kw-aes128" }, { SAML_ALG_KEY_TRANSPORT, X11 "ECDH-ES" },
        /* right name, wrong use */
        { SAML_ALG_SIGNATURE, XENC "sha256" }, { SAML_ALG_DIGEST, MORE "rsa-sha256" },
        { SAML_ALG_OAEP_MGF, XENC "sha256" }, { SAML_ALG_C14N, XENC "aes128-cbc" },
    };
    const saml_algorithm_t *alg = NULL;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_says(saml_algorithm_find(&alg, cases[i].use, cases[i].uri, ~0u, &err), SAML_E_ALGORITHM,
                    saml_quote(pool, cases[i].uri));
    assert_says(saml_algorithm_find(&alg, SAML_ALG_SIGNATURE, NULL, ~0u, &err), SAML_E_ALGORITHM, "got none");
    assert_null(alg);
}

int main(void)
{
    static const struct CMUnitTest algorithms[] = {
        unit(test_accepted), unit(test_weak_ones_need_their_word), unit(test_never_accepted),
    };

    apr_initialize();
    return cmocka_run_group_tests(algorithms, set_up_library, tear_down_library);
}
