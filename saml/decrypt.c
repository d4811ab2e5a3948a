/* SPDX-License-Identifier: Apache-2.0 */
#include "decrypt.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/crypto.h>

#include "decrypt_octets.h"
#include "encoding.h"

#define TYPE_ELEMENT    SAML_NS_XENC "Element"
#define NS_XENC11       "http://www.w3.org/2009/xmlenc11#"
#define DIGEST_DEFAULT  SAML_NS_DSIG "sha1"                 /* XML Encryption 5.5.2 */
#define MGF_DEFAULT     NS_XENC11 "mgf1sha1"
#define MAX_KEY_BYTES   2048

/* What is found in the wrapper before any key is used. */
typedef struct {
    const xmlNode *wrapper;
    const xmlNode *data_el;
    const saml_algorithm_t *cipher;
    const char *data;
    apr_size_t data_len;
    apr_array_header_t *keys;           /* saml_wrapped_key_t with an acceptable algorithm */
} encrypted_t;

/* SAML Core 2.3.4, 2.2.4, 2.7.3.2: what each wrapper promises to hold. BaseID has no use of its own, so NameID only. */
static const struct {
    const char *wrapper;
    const char *content;
} promises[] = {
    { "EncryptedAssertion", "Assertion" },
    { "EncryptedID", "NameID" },
    { "EncryptedAttribute", "Attribute" },
};

static const char *promised_content(const xmlNode *wrapper)
{
    size_t i;

    for (i = 0; i < sizeof(promises) / sizeof(promises[0]); i++)
        if (saml_xml_is(wrapper, SAML_NS_ASSERTION, promises[i].wrapper))
            return promises[i].content;
    return NULL;
}

/* ---- reading the wrapper ------------------------------------------------- */

/* XML Encryption 3.3: the octets stand in CipherValue; a CipherReference would have us fetch them. */
static saml_status_t read_cipher_value(const char **out, apr_size_t *len, const xmlNode *el, apr_size_t max_bytes,
                                       apr_pool_t *p, saml_err_t *err)
{
    const xmlNode *cipher_data = saml_xml_child(el, SAML_NS_XENC, "CipherData");
    const xmlNode *value = saml_xml_first(cipher_data);
    const char *text;

    if (saml_xml_count(el, SAML_NS_XENC, "CipherData") != 1)
        return saml_fail(err, SAML_E_DECRYPTION, "%s: expected one CipherData, got %d", (const char *)el->name,
                         saml_xml_count(el, SAML_NS_XENC, "CipherData"));
    if (!saml_xml_is(value, SAML_NS_XENC, "CipherValue") || saml_xml_next(value))
        return saml_fail(err, SAML_E_DECRYPTION, "%s: expected one CipherValue in CipherData, got %s",
                         (const char *)el->name, saml_xml_name(p, value));
    if (saml_xml_text(&text, value, p, err) != SAML_OK
        || saml_base64_decode(out, len, text, strlen(text), max_bytes, "CipherValue", p, err) != SAML_OK)
        return saml_fail(err, SAML_E_DECRYPTION, "%s: CipherValue: expected base64 of at most %" APR_SIZE_T_FMT " octets",
                         (const char *)el->name, max_bytes);
    return SAML_OK;
}

static saml_status_t read_method(const xmlNode **method, const char **uri, const xmlNode *el, apr_pool_t *p,
                                 saml_err_t *err)
{
    *method = saml_xml_child(el, SAML_NS_XENC, "EncryptionMethod");
    if (saml_xml_count(el, SAML_NS_XENC, "EncryptionMethod") > 1)
        return saml_fail(err, SAML_E_DECRYPTION, "%s: expected one EncryptionMethod, got more", (const char *)el->name);
    *uri = saml_xml_attr_collapsed(*method, "Algorithm", p);
    return SAML_OK;
}

/* XML Encryption 5.5.2: rsa-oaep-mgf1p has MGF1 with SHA-1 whatever its digest is; rsa-oaep names its own. */
static saml_status_t read_oaep(saml_wrapped_key_t *key, const xmlNode *method, apr_pool_t *p, saml_err_t *err)
{
    const xmlNode *digest = saml_xml_child(method, SAML_NS_DSIG, "DigestMethod");
    const xmlNode *mgf = saml_xml_child(method, NS_XENC11, "MGF");
    const xmlNode *label = saml_xml_child(method, SAML_NS_XENC, "OAEPparams");
    const char *mgf_uri = mgf ? saml_xml_attr_collapsed(mgf, "Algorithm", p) : MGF_DEFAULT, *text;

    if (strcmp(key->transport->uri, SAML_ALG_OAEP_MGF1P) == 0)
        mgf_uri = MGF_DEFAULT;
    SAML_TRY(saml_algorithm_find(&key->digest, SAML_ALG_OAEP_DIGEST,
                                 digest ? saml_xml_attr_collapsed(digest, "Algorithm", p) : DIGEST_DEFAULT, 0, err));
    SAML_TRY(saml_algorithm_find(&key->mgf, SAML_ALG_OAEP_MGF, mgf_uri, 0, err));
    if (!label)
        return SAML_OK;
    if (saml_xml_text(&text, label, p, err) != SAML_OK
        || saml_base64_decode(&key->label, &key->label_len, text, strlen(text), MAX_KEY_BYTES, "OAEPparams", p, err)
               != SAML_OK)
        return saml_fail(err, SAML_E_DECRYPTION, "OAEPparams: expected base64");
    return SAML_OK;
}

static saml_status_t read_key(saml_wrapped_key_t *key, const xmlNode *el, unsigned allow, apr_pool_t *p,
                              saml_err_t *err)
{
    const xmlNode *method;
    const char *uri;

    memset(key, 0, sizeof(*key));
    SAML_TRY(read_method(&method, &uri, el, p, err));
    SAML_TRY(saml_algorithm_find(&key->transport, SAML_ALG_KEY_TRANSPORT, uri, allow, err));
    if (strcmp(key->transport->uri, SAML_ALG_RSA_1_5) != 0)
        SAML_TRY(read_oaep(key, method, p, err));
    return read_cipher_value(&key->wrapped, &key->wrapped_len, el, MAX_KEY_BYTES, p, err);
}

/*
 * The same key once more can give nothing new; but as often as it is tried, so often would be parsed what it decrypts, and
 * nothing makes up for the times that it is not.
 */
static int is_repeated(const encrypted_t *e, const saml_wrapped_key_t *key)
{
    int i;

    for (i = 0; i < e->keys->nelts; i++) {
        const saml_wrapped_key_t *before = &APR_ARRAY_IDX(e->keys, i, saml_wrapped_key_t);

        if (before->wrapped_len == key->wrapped_len && memcmp(before->wrapped, key->wrapped, key->wrapped_len) == 0)
            return 1;
    }
    return 0;
}

/* The EncryptedKey children of `parent`. One that is not acceptable is passed over and keeps its reason in `err`. */
static saml_status_t add_keys(encrypted_t *e, int *seen, const xmlNode *parent, unsigned allow, apr_pool_t *p,
                              saml_err_t *err)
{
    const xmlNode *el;
    saml_wrapped_key_t key;

    for (el = saml_xml_child(parent, SAML_NS_XENC, "EncryptedKey"); el;
         el = saml_xml_next_named(el, SAML_NS_XENC, "EncryptedKey")) {
        if (++*seen > SAML_MAX_ENCRYPTED_KEYS)
            return saml_fail(err, SAML_E_DECRYPTION, "%s: expected at most %d EncryptedKey, got more",
                             (const char *)e->wrapper->name, SAML_MAX_ENCRYPTED_KEYS);
        if (read_key(&key, el, allow, p, err) == SAML_OK && !is_repeated(e, &key))
            APR_ARRAY_PUSH(e->keys, saml_wrapped_key_t) = key;
    }
    return SAML_OK;
}

/*
 * SAML Core 2.3.4 and the deployed forms: in KeyInfo, or beside EncryptedData. A RetrievalMethod can only lead to one of
 * these, as nothing outside of the wrapper is looked at.
 */
static saml_status_t find_keys(encrypted_t *e, unsigned allow, apr_pool_t *p, saml_err_t *err)
{
    const xmlNode *key_info = saml_xml_child(e->data_el, SAML_NS_DSIG, "KeyInfo");
    int seen = 0;

    e->keys = apr_array_make(p, 2, sizeof(saml_wrapped_key_t));
    SAML_TRY(add_keys(e, &seen, key_info, allow, p, err));
    SAML_TRY(add_keys(e, &seen, e->wrapper, allow, p, err));
    if (seen == 0)
        return saml_fail(err, SAML_E_DECRYPTION,
                         "%s: expected an EncryptedKey in KeyInfo or beside EncryptedData, got none",
                         (const char *)e->wrapper->name);
    return e->keys->nelts == 0 ? err->status : SAML_OK;
}

static saml_status_t read_wrapper(encrypted_t *e, const xmlNode *wrapper, unsigned allow, apr_pool_t *p,
                                  saml_err_t *err)
{
    const char *name = (const char *)wrapper->name, *type, *uri;
    const xmlNode *method;

    e->wrapper = wrapper;
    e->data_el = saml_xml_child(wrapper, SAML_NS_XENC, "EncryptedData");
    if (saml_xml_count(wrapper, SAML_NS_XENC, "EncryptedData") != 1)
        return saml_fail(err, SAML_E_DECRYPTION, "%s: expected one EncryptedData, got %d", name,
                         saml_xml_count(wrapper, SAML_NS_XENC, "EncryptedData"));
    type = saml_xml_attr_collapsed(e->data_el, "Type", p);
    if (type && strcmp(type, TYPE_ELEMENT) != 0)
        return saml_fail(err, SAML_E_DECRYPTION, "%s: EncryptedData Type: expected \"%s\", got %s", name, TYPE_ELEMENT,
                         saml_quote(p, type));
    SAML_TRY(read_method(&method, &uri, e->data_el, p, err));
    SAML_TRY(saml_algorithm_find(&e->cipher, SAML_ALG_DATA_ENCRYPTION, uri, allow, err));
    SAML_TRY(find_keys(e, allow, p, err));
    return read_cipher_value(&e->data, &e->data_len, e->data_el, SAML_MAX_MESSAGE_BYTES, p, err);
}

/* ---- decrypting ---------------------------------------------------------- */

/* One EncryptedKey with one of our keys, down to the element that was promised. */
static int try_key(saml_doc_t **out, const encrypted_t *e, const saml_wrapped_key_t *wrapped, EVP_PKEY *pkey,
                   unsigned char *plain, apr_pool_t *p, saml_work_t *work)
{
    apr_size_t cek_len = saml_cipher_key_bytes(e->cipher), plain_len = 0;
    unsigned char cek[SAML_MAX_CEK_BYTES];
    saml_err_t hidden = { .pool = p };
    saml_doc_t *doc;
    int fits, ok;

    if (cek_len == 0 || !saml_cek_unwrap(cek, cek_len, wrapped, pkey))
        return 0;
    fits = saml_cipher_decrypt(plain, &plain_len, e->cipher, cek, (const unsigned char *)e->data, e->data_len);
    OPENSSL_cleanse(cek, sizeof(cek));
    /* What has the wrong padding goes the same way: when it ends would tell that the padding was wrong. */
    ok = plain_len > 0
         /* XML Encryption 4.4: the octets take EncryptedData's place, so its parent's declarations are theirs. */
         && saml_doc_parse_in_scope(&doc, (const char *)plain, plain_len, SAML_MAX_MESSAGE_BYTES, e->wrapper,
                                    "decrypted element", p, &hidden) == SAML_OK
         && saml_xml_is(saml_doc_root(doc), SAML_NS_ASSERTION, promised_content(e->wrapper))
         && fits;
    work->parsed += hidden.work.parsed;
    if (ok && !*out)
        *out = doc;
    return ok;
}

/* All are tried, also behind the one that fits: when it stops would tell what came out. */
static int try_all(saml_doc_t **out, const encrypted_t *e, const apr_array_header_t *keys, apr_pool_t *p,
                   saml_work_t *work)
{
    unsigned char *plain = apr_palloc(p, e->data_len + 1);
    int i, j, found = 0;

    *out = NULL;
    work->octets = e->data_len;
    for (i = 0; i < e->keys->nelts; i++)
        for (j = 0; j < keys->nelts; j++)
            found |= try_key(out, e, &APR_ARRAY_IDX(e->keys, i, saml_wrapped_key_t),
                             APR_ARRAY_IDX(keys, j, const saml_keypair_t *)->pkey, plain, p, work);
    /* The tree has a copy of what it needs. */
    OPENSSL_cleanse(plain, e->data_len + 1);
    return found;
}

saml_status_t saml_decrypt_element(saml_doc_t **out, xmlNode *el, const apr_array_header_t *keys, unsigned allow,
                                   apr_pool_t *p, saml_err_t *err)
{
    encrypted_t e;
    saml_doc_t *doc;

    memset(&e, 0, sizeof(e));
    if (!promised_content(el))
        return saml_fail(err, SAML_E_DECRYPTION,
                         "expected EncryptedAssertion, EncryptedID or EncryptedAttribute, got %s", saml_xml_name(p, el));
    if (!keys || keys->nelts == 0)
        return saml_fail(err, SAML_E_DECRYPTION, "%s: no key to decrypt it with is configured (SAMLKey)",
                         (const char *)el->name);
    SAML_TRY(read_wrapper(&e, el, allow, p, err));
    if (!try_all(&doc, &e, keys, p, &err->work))
        /* One sentence for padding, tag, key, XML and content: which of them it was is what an attacker asks. */
        return saml_fail(err, SAML_E_DECRYPTION, "%s cannot be decrypted with any of our %d keys",
                         (const char *)el->name, keys->nelts);
    *out = doc;
    return SAML_OK;
}
