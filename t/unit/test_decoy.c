/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is refused between decryption and proof costs the same steps, however far it came (Bleichenbacher 1998; Vaudenay 2002;
 * Jager and Somorovsky 2011). No clock: the calls of OpenSSL, and the octets that libxml2 gets to read, are counted, by
 * functions of their names that stand here and hand on to the real ones.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "fixture.h"

#include <dlfcn.h>
#include <libxml/parser.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include "saml/algorithm.h"
#include "saml/decrypt.h"
#include "saml/encoding.h"

#define XENC "http://www.w3.org/2001/04/xmlenc#"
#define WORD "ada@"              /* of the good Assertion */

/* ---- counting ------------------------------------------------------------ */

typedef struct {
    int private_operations, cipher_runs, parses, public_operations, digests;
    int octets;                     /* that were given to a parser */
    int of_plain;                   /* parses of what was decrypted, known by a word in it */
} count_t;

static count_t count;

/* A function pointer out of an object pointer, as POSIX has it for dlsym. */
#define NEXT(function, name)                                \
    do {                                                    \
        void *next_ = dlsym(RTLD_NEXT, name);               \
                                                            \
        assert_non_null(next_);                             \
        memcpy(&(function), &next_, sizeof(next_));         \
    } while (0)

int EVP_PKEY_decrypt(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *out_len, const unsigned char *in, size_t in_len)
{
    int (*next)(EVP_PKEY_CTX *, unsigned char *, size_t *, const unsigned char *, size_t);

    NEXT(next, "EVP_PKEY_decrypt");
    count.private_operations++;
    return next(ctx, out, out_len, in, in_len);
}

int EVP_DecryptUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len, const unsigned char *in, int in_len)
{
    int (*next)(EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *, int);

    NEXT(next, "EVP_DecryptUpdate");
    count.cipher_runs++;
    return next(ctx, out, out_len, in, in_len);
}

int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t sig_len, const unsigned char *data, size_t len)
{
    int (*next)(EVP_MD_CTX *, const unsigned char *, size_t, const unsigned char *, size_t);

    NEXT(next, "EVP_DigestVerify");
    count.public_operations++;
    return next(ctx, sig, sig_len, data, len);
}

xmlDocPtr xmlCtxtReadMemory(xmlParserCtxtPtr ctxt, const char *xml, int len, const char *url, const char *encoding,
                            int options)
{
    xmlDocPtr (*next)(xmlParserCtxtPtr, const char *, int, const char *, const char *, int);

    NEXT(next, "xmlCtxtReadMemory");
    count.parses++;
    count.octets += len;
    count.of_plain += memmem(xml, (size_t)len, WORD, strlen(WORD)) != NULL;
    return next(ctxt, xml, len, url, encoding, options);
}

int EVP_Digest(const void *data, size_t len, unsigned char *out, unsigned *out_len, const EVP_MD *md, ENGINE *engine)
{
    int (*next)(const void *, size_t, unsigned char *, unsigned *, const EVP_MD *, ENGINE *);

    NEXT(next, "EVP_Digest");
    count.digests += len > 0;       /* OAEP digests a label of nothing */
    return next(data, len, out, out_len, md, engine);
}

/* ---- messages ------------------------------------------------------------ */

typedef struct {
    const char *cipher;             /* of OpenSSL */
    const char *uri;
    int padding;                    /* of the key */
    const char *transport;
    const char *plain;
    int last;                       /* last octet of CBC padding; -1: right */
    int damage;                     /* octet of the ciphertext, from the end, to flip; 0: none */
    int damage_key;                 /* the wrapped key is no key */
    int keys;                       /* how often it stands there */
} message_t;

static message_t cbc(const char *plain)
{
    message_t m = { "AES-256-CBC", XENC "aes256-cbc", RSA_PKCS1_OAEP_PADDING, SAML_ALG_OAEP_MGF1P, plain, -1, 0, 0, 1 };

    return m;
}

static message_t gcm(const char *plain)
{
    message_t m = { "AES-256-GCM", "http://www.w3.org/2009/xmlenc11#aes256-gcm", RSA_PKCS1_OAEP_PADDING,
                    SAML_ALG_OAEP_MGF1P, plain, -1, 0, 0, 1 };

    return m;
}

static message_t rsa_1_5(const char *plain)
{
    message_t m = cbc(plain);

    m.padding = RSA_PKCS1_PADDING;
    m.transport = SAML_ALG_RSA_1_5;
    return m;
}

static const saml_keypair_t *sp, *sp2;

static const char *wrapped_key(const message_t *m, const unsigned char *cek)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, sp->pkey, NULL);
    unsigned char out[1024], junk[512];
    size_t len = sizeof(out), size = (size_t)EVP_PKEY_get_size(sp->pkey);

    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    if (m->damage_key) {
        memset(junk, 0x33, sizeof(junk));
        junk[0] = 0;
        assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0);
        assert_int_equal(EVP_PKEY_encrypt(ctx, out, &len, junk, size), 1);
    }
    else {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, m->padding) > 0);
        assert_int_equal(EVP_PKEY_encrypt(ctx, out, &len, cek, 32), 1);
    }
    EVP_PKEY_CTX_free(ctx);
    return saml_base64_encode(pool, out, len);
}

static const char *ciphertext(const message_t *m, const unsigned char *cek)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, m->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int is_gcm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE, iv = EVP_CIPHER_get_iv_length(cipher);
    int len = (int)strlen(m->plain), pad = is_gcm ? 0 : 16 - len % 16, done, more, total;
    unsigned char *in = apr_pcalloc(pool, (apr_size_t)(len + 16)), *out = apr_pcalloc(pool, (apr_size_t)(len + 64));

    memcpy(in, m->plain, (size_t)len);
    if (pad)
        in[len + pad - 1] = (unsigned char)(m->last >= 0 ? m->last : pad);
    assert_int_equal(RAND_bytes(out, iv), 1);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, cipher, cek, out, NULL), 1);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    assert_int_equal(EVP_EncryptUpdate(ctx, out + iv, &done, in, len + pad), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, out + iv + done, &more), 1);
    total = iv + done + more;
    if (is_gcm) {
        assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + total), 1);
        total += 16;
    }
    if (m->damage)
        out[total - m->damage] ^= 0x80;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return saml_base64_encode(pool, out, (apr_size_t)total);
}

static const char *encrypted_keys(const message_t *m, const unsigned char *cek)
{
    const char *one = apr_pstrcat(pool, "<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm=\"", m->transport,
                                  "\"/><xenc:CipherData><xenc:CipherValue>", wrapped_key(m, cek),
                                  "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>", NULL), *all = "";
    int i;

    for (i = 0; i < m->keys; i++)
        all = apr_pstrcat(pool, all, one, NULL);
    return all;
}

static const char *response(const message_t *m)
{
    unsigned char cek[32];

    assert_int_equal(RAND_bytes(cek, sizeof(cek)), 1);
    return apr_pstrcat(pool, "<samlp:Response xmlns:samlp=\"" SAML_NS_PROTOCOL "\" ID=\"_r\" Version=\"2.0\" "
        "IssueInstant=\"2026-03-02T09:15:30Z\" Destination=\"" ACS "\" InResponseTo=\"" REQUEST "\">"
        "<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/></samlp:Status>"
        "<saml:EncryptedAssertion xmlns:saml=\"" SAML_NS_ASSERTION "\"><xenc:EncryptedData xmlns:xenc=\"" XENC "\" Type=\"" XENC
        "Element\"><xenc:EncryptionMethod Algorithm=\"", m->uri, "\"/><ds:KeyInfo xmlns:ds=\"" SAML_NS_DSIG "\">", encrypted_keys(m, cek),
        "</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>",
        ciphertext(m, cek), "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"
        "</samlp:Response>", NULL);
}

/* The signed Assertion of the good response, with each `from` replaced. */
static const char *assertion(const char *from, const char *to)
{
    apr_size_t len;
    const char *xml = read_fixture(&len, "response-good.xml"), *start, *end, *at;

    xml = apr_pstrmemdup(pool, xml, len);
    start = strstr(xml, "<Assertion");
    end = strstr(xml, "</samlp:Response>");
    assert_true(start && end);
    xml = apr_pstrmemdup(pool, start, (apr_size_t)(end - start));
    if (!from)
        return xml;
    at = strstr(xml, from);
    assert_non_null(at);
    return apr_pstrcat(pool, apr_pstrmemdup(pool, xml, (apr_size_t)(at - xml)), to, at + strlen(from), NULL);
}

/* ---- counts ----------------------------------------------------------------- */

static apr_array_header_t *certs, *keys;

static saml_status_t check(const message_t *m)
{
    const char *xml = response(m);
    apr_array_header_t *audiences = pointers(AUDIENCE, NULL);
    saml_expect_t want = { .now = NOW, .skew = SKEW, .issuer = IDP, .certs = certs, .acs_url = ACS, .audiences = audiences,
                           .in_response_to = REQUEST, .keys = keys, .allow = SAML_ALLOW_RSA1_5,
                           .replay = saml_replay_memory(pool) };
    saml_login_t *login;

    memset(&count, 0, sizeof(count));
    memset(&err, 0, sizeof(err));
    err.pool = pool;
    return saml_response_check(&login, xml, strlen(xml), &want, pool, &err);
}

/* The octets of `m` that are parsed, less the message's own. */
static int octets_parsed(const message_t *m)
{
    return count.octets - (int)strlen(response(m));
}

/* What a message of that length costs of which nothing is read, as it is all control characters. */
static int octets_of_unread(const message_t *m)
{
    apr_size_t len = strlen(m->plain);
    message_t unread = cbc(memset(apr_pcalloc(pool, len + 1), 1, len));

    assert_int_equal(check(&unread), SAML_E_DECRYPTION);
    return octets_parsed(&unread);
}

#define GIVE_OR_TAKE 300            /* octets: ciphers pad, and a decoy has whole values */

static void assert_counts(const message_t *m, int pairs)
{
    count_t got = count;
    int octets = octets_parsed(m), expected = octets_of_unread(m);

    count = got;
    if (abs(octets - expected) > GIVE_OR_TAKE)
        fail_msg("expected %d octets to be parsed, give or take %d, got %d", expected, GIVE_OR_TAKE, octets);
    assert_int_equal(count.private_operations, pairs);
    assert_int_equal(count.cipher_runs, pairs);
    assert_int_equal(count.public_operations, certs->nelts);
    assert_int_equal(count.digests, 1);
}

static void refused(message_t m, saml_status_t status, const char *says)
{
    assert_int_equal(check(&m), status);
    assert_non_null(strstr(err.reason, says));
    assert_int_equal(err.in_ciphertext, 1);
    assert_counts(&m, keys->nelts);
}

static void as_many_keys_and_certs(int count_of_keys, int count_of_certs)
{
    keys = pointers(sp, count_of_keys > 1 ? sp2 : NULL);
    certs = pointers(fixture_cert("idp.crt"), count_of_certs > 1 ? fixture_cert("idp2.crt") : NULL);
}

/* The neighbour: what is good is refused nowhere, and nothing is made up for it. */
static void test_good(void **state)
{
    message_t m = cbc(assertion(NULL, NULL));

    (void)state;
    as_many_keys_and_certs(1, 1);
    assert_int_equal(check(&m), SAML_OK);
    assert_int_equal(count.private_operations, 1);
    assert_int_equal(count.parses, 3);          /* message, plain text, digested octets */
    assert_int_equal(count.public_operations, 1);
    assert_int_equal(count.digests, 1);
}

#define CANNOT "cannot be decrypted with any of our"

static void every_class(void)
{
    const char *good = assertion(NULL, NULL), *text = good + 1;
    char *bad_value = apr_pstrdup(pool, good);
    message_t m;

    memcpy(strstr(bad_value, "<SignatureValue>") + strlen("<SignatureValue>"), "AAAA", 4);
    m = cbc(good);
    m.last = 0;
    refused(m, SAML_E_DECRYPTION, CANNOT);
    m.last = 17;
    refused(m, SAML_E_DECRYPTION, CANNOT);
    m = gcm(good);
    m.damage = 1;
    refused(m, SAML_E_DECRYPTION, CANNOT);
    refused(cbc(text), SAML_E_DECRYPTION, CANNOT);               /* not XML */
    m = cbc(good);
    m.damage = 100;
    refused(m, SAML_E_DECRYPTION, CANNOT);                       /* a block of noise in it */
    m = cbc(good);
    m.damage_key = 1;
    refused(m, SAML_E_DECRYPTION, CANNOT);
    m = rsa_1_5(good);
    m.damage_key = 1;
    refused(m, SAML_E_DECRYPTION, CANNOT);
    refused(cbc("<a/>"), SAML_E_DECRYPTION, CANNOT);             /* another element */
    refused(cbc("<x:a/>"), SAML_E_DECRYPTION, CANNOT);           /* read twice for its prefix */
    refused(cbc("<Assertion xmlns=\"" SAML_NS_ASSERTION "\" ID=\"_a\"/>"), SAML_E_UNSIGNED, "expected a signature");
    refused(cbc(assertion("<SignedInfo>", "<SignedInfo><x/>")), SAML_E_SIGNATURE, "expected CanonicalizationMethod");
    refused(cbc(bad_value), SAML_E_SIGNATURE, "does not match any of the");
    refused(cbc(assertion("<SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"",
                          "<SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512\"")),
            SAML_E_SIGNATURE, "does not match any of the");
    refused(cbc(assertion("ada@", "eve@")), SAML_E_SIGNATURE, "its content was changed");
    refused(rsa_1_5(assertion("ada@", "eve@")), SAML_E_SIGNATURE, "its content was changed");
    refused(gcm(assertion("ada@", "eve@")), SAML_E_SIGNATURE, "its content was changed");
    /* A tag that does not fit is found by the parser, after the scan let the text through: at the end. */
    refused(cbc(assertion("</Assertion>", "</Assertiom>")), SAML_E_DECRYPTION, CANNOT);
    refused(cbc(apr_pstrcat(pool, "<a>", good, "</a>", NULL)), SAML_E_DECRYPTION, CANNOT);
}

static void test_one_key(void **state)
{
    (void)state;
    as_many_keys_and_certs(1, 1);
    every_class();
}

static void test_rollover(void **state)
{
    (void)state;
    as_many_keys_and_certs(2, 2);
    every_class();
}

/* As often as a key stands there, what it opens would be parsed: often enough, any difference in time can be seen. */
static void test_repeated_key(void **state)
{
    const char *good = assertion(NULL, NULL);
    message_t m = cbc(apr_pstrcat(pool, "<a>", good, "</a>", NULL));

    (void)state;
    as_many_keys_and_certs(2, 1);
    m.keys = SAML_MAX_ENCRYPTED_KEYS;
    refused(m, SAML_E_DECRYPTION, CANNOT);
    assert_int_equal(count.of_plain, 1);
    m.last = 0;
    refused(m, SAML_E_DECRYPTION, CANNOT);
    m = cbc(good);
    m.keys = SAML_MAX_ENCRYPTED_KEYS;
    assert_int_equal(check(&m), SAML_OK);
}

/* What stands before wrong padding is read as far as what stands before right padding. */
static void test_padding_and_parser(void **state)
{
    const char *text = apr_pstrcat(pool, "<a>", assertion(NULL, NULL), "</a>", NULL);
    message_t m = cbc(apr_psprintf(pool, "%s%*s", text, 15 - (int)(strlen(text) % 16), ""));

    (void)state;
    as_many_keys_and_certs(1, 1);
    refused(m, SAML_E_DECRYPTION, CANNOT);
    assert_int_equal(count.of_plain, 1);
    m.last = ' ';
    refused(m, SAML_E_DECRYPTION, CANNOT);
    assert_int_equal(count.of_plain, 1);
    /* A tag is no padding: before it was right, nothing is. */
    m.uri = gcm("").uri;
    m.cipher = gcm("").cipher;
    m.damage = 1;
    refused(m, SAML_E_DECRYPTION, CANNOT);
    assert_int_equal(count.of_plain, 0);
}

/* A value of another length than the key's is refused before the arithmetic, which is then made up for. */
static void test_length_of_value(void **state)
{
    message_t m = cbc(assertion("<SignatureValue>", "<SignatureValue>AAAA"));

    (void)state;
    as_many_keys_and_certs(1, 1);
    assert_int_equal(check(&m), SAML_E_SIGNATURE);
    assert_int_equal(count.public_operations, 2);
    assert_int_equal(count.digests, 1);
}

/* The decoy has an algorithm for each kind of key, and a value that none of them refuses before the arithmetic. */
static void test_kinds_of_keys(void **state)
{
    saml_cert_t ec = { .key_type = "EC", .pkey = EVP_EC_gen("P-256"), .subject = "ec", .sha1 = "00" };
    message_t m = cbc("not XML");

    (void)state;
    as_many_keys_and_certs(1, 1);
    APR_ARRAY_PUSH(certs, const saml_cert_t *) = &ec;
    refused(m, SAML_E_DECRYPTION, CANNOT);
    EVP_PKEY_free(ec.pkey);
}

/* What the sender sees without any key costs nothing more. */
static void test_nothing_decrypted(void **state)
{
    message_t m = cbc(assertion(NULL, NULL));

    (void)state;
    as_many_keys_and_certs(1, 1);
    m.uri = XENC "none";
    assert_int_equal(check(&m), SAML_E_ALGORITHM);
    assert_int_equal(count.private_operations, 0);
    assert_int_equal(count.parses, 1);
    assert_int_equal(count.public_operations, 0);
    assert_int_equal(count.digests, 0);
}

/* A long plain text gets a long decoy. */
static void test_long(void **state)
{
    char *long_text = apr_palloc(pool, 600001);

    (void)state;
    as_many_keys_and_certs(1, 1);
    memset(long_text, 'x', 600000);
    long_text[600000] = '\0';
    refused(cbc(long_text), SAML_E_DECRYPTION, CANNOT);
    refused(cbc(assertion("ada@", long_text)), SAML_E_SIGNATURE, "its content was changed");
}

static int set_up_keys(void **state)
{
    if (set_up_library(state) != 0)
        return -1;
    sp = fixture_key("sp.key", "sp.crt");
    sp2 = fixture_key("sp2.key", "sp2.crt");
    return 0;
}

#define unit(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest decoys[] = {
        unit(test_good), unit(test_one_key), unit(test_rollover), unit(test_repeated_key),
        unit(test_padding_and_parser), unit(test_length_of_value), unit(test_kinds_of_keys),
        unit(test_nothing_decrypted), unit(test_long),
    };

    apr_initialize();
    return cmocka_run_group_tests(decoys, set_up_keys, tear_down_library);
}
