/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_strings.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "clock.h"
#include "encoding.h"

#define MAX_FILE_BYTES (1024 * 1024)
#define MAX_CERT_BYTES (64 * 1024)

const char *saml_openssl_reason(apr_pool_t *p)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    const char *copy = reason ? apr_pstrdup(p, reason) : "no reason given";

    ERR_clear_error();
    return copy;
}

/* ---- files --------------------------------------------------------------- */

static saml_status_t cannot_read(const char *file, apr_status_t rv, saml_err_t *err)
{
    char text[120];

    return saml_fail(err, SAML_E_METADATA, "%s: cannot be read: %s", file, apr_strerror(rv, text, sizeof(text)));
}

static saml_status_t read_whole(char **out, apr_size_t *len, apr_file_t *f, const char *file, apr_pool_t *p,
                                saml_err_t *err)
{
    apr_finfo_t info;
    apr_size_t room;
    apr_status_t rv = apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, f);

    if (rv != APR_SUCCESS)
        return cannot_read(file, rv, err);
    if (info.filetype == APR_DIR)
        return saml_fail(err, SAML_E_METADATA, "%s: expected a file, got a folder", file);
    if (info.size > MAX_FILE_BYTES)
        return saml_fail(err, SAML_E_METADATA, "%s: has %" APR_OFF_T_FMT " octets, more than %d", file, info.size,
                         MAX_FILE_BYTES);
    /* A pipe has no size. */
    room = info.filetype == APR_REG ? (apr_size_t)info.size : MAX_FILE_BYTES;
    *out = apr_palloc(p, room + 1);
    rv = apr_file_read_full(f, *out, room, len);
    if (rv != APR_SUCCESS && rv != APR_EOF)
        return cannot_read(file, rv, err);
    (*out)[*len] = '\0';
    return SAML_OK;
}

static saml_status_t read_file(char **out, apr_size_t *len, const char *file, apr_pool_t *p, saml_err_t *err)
{
    apr_file_t *f;
    apr_status_t rv = apr_file_open(&f, file, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, p);
    saml_status_t status;

    if (rv != APR_SUCCESS)
        return cannot_read(file, rv, err);
    status = read_whole(out, len, f, file, p, err);
    apr_file_close(f);
    if (status == SAML_OK && *len == 0)
        return saml_fail(err, SAML_E_METADATA, "%s: is empty", file);
    return status;
}

/* ---- ownership ----------------------------------------------------------- */

static apr_status_t free_x509(void *x509)
{
    X509_free(x509);
    return APR_SUCCESS;
}

static apr_status_t free_pkey(void *pkey)
{
    EVP_PKEY_free(pkey);
    return APR_SUCCESS;
}

static void own(apr_pool_t *p, void *thing, apr_status_t (*free_it)(void *))
{
    apr_pool_cleanup_register(p, thing, free_it, apr_pool_cleanup_null);
}

/* ---- what a key is ------------------------------------------------------- */

static int is_rsa_or_ec(const EVP_PKEY *pkey)
{
    return EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_is_a(pkey, "EC");
}

static const char *key_type_name(const EVP_PKEY *pkey)
{
    const char *name = EVP_PKEY_get0_type_name(pkey);

    return name ? name : "unknown";
}

/* ---- certificates -------------------------------------------------------- */

static const char *fingerprint(const saml_cert_t *cert, const EVP_MD *md, const char *digits, apr_pool_t *p)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0, i;
    char *out;

    if (EVP_Digest(cert->der, cert->der_len, digest, &len, md, NULL) != 1)
        return "unknown";
    out = apr_palloc(p, 2 * len + 1);
    for (i = 0; i < len; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * len] = '\0';
    return out;
}

static const char *subject_of(X509 *x509, apr_pool_t *p)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *subject = "none";
    char *text;
    long len;

    if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0, XN_FLAG_RFC2253) >= 0) {
        len = BIO_get_mem_data(bio, &text);
        subject = saml_quote_bytes(p, len > 0 ? text : "", len > 0 ? (apr_size_t)len : 0);
    }
    BIO_free(bio);
    return subject;
}

static int read_asn1_time(apr_time_t *out, const ASN1_TIME *t)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds, ok;

    ok = epoch && t && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;
    ASN1_TIME_free(epoch);
    if (ok)
        *out = ((apr_time_t)days * 86400 + seconds) * APR_USEC_PER_SEC;
    return ok;
}

/* With an exponent of 1 every padded digest is its own signature; an even one has no inverse. */
static int has_sane_exponent(const EVP_PKEY *pkey)
{
    BIGNUM *e = NULL;
    int sane;

    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        return 0;
    sane = BN_is_odd(e) && !BN_is_one(e);
    BN_free(e);
    return sane;
}

static const char *curve_of(const EVP_PKEY *pkey, apr_pool_t *p)
{
    char group[64] = "";
    size_t len = 0;

    if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) != 1)
        group[0] = '\0';
    return apr_pstrdup(p, group);
}

/* What saml_cert_check asks of a key, which OpenSSL takes its time to tell: once, not for each signature. */
static void describe_key(saml_cert_t *cert, apr_pool_t *p)
{
    cert->bits = EVP_PKEY_get_bits(cert->pkey);
    cert->key_type = key_type_name(cert->pkey);
    cert->has_sane_exponent = has_sane_exponent(cert->pkey);
    cert->curve = curve_of(cert->pkey, p);
    ERR_clear_error();
}

static saml_status_t describe(saml_cert_t *cert, apr_pool_t *p, saml_err_t *err)
{
    cert->base64 = saml_base64_encode(p, cert->der, cert->der_len);
    cert->subject = subject_of(cert->x509, p);
    cert->sha256 = fingerprint(cert, EVP_sha256(), "0123456789abcdef", p);
    cert->sha1 = fingerprint(cert, EVP_sha1(), "0123456789ABCDEF", p);
    if (!read_asn1_time(&cert->not_before, X509_get0_notBefore(cert->x509))
        || !read_asn1_time(&cert->not_after, X509_get0_notAfter(cert->x509)))
        return saml_fail(err, SAML_E_METADATA, "%s: the certificate %s has no readable validity", cert->source,
                         cert->subject);
    cert->pkey = X509_get_pubkey(cert->x509);
    if (!cert->pkey)
        return saml_fail(err, SAML_E_METADATA, "%s: the public key of the certificate %s cannot be read: %s",
                         cert->source, cert->subject, saml_openssl_reason(p));
    own(p, cert->pkey, free_pkey);
    describe_key(cert, p);
    /* A key of another type than RSA or EC stays readable for reports; saml_cert_check refuses it. */
    return SAML_OK;
}

/* `der` must live in `p`. */
static saml_status_t cert_from_der(saml_cert_t **out, const unsigned char *der, apr_size_t len, const char *source,
                                   apr_pool_t *p, saml_err_t *err)
{
    saml_cert_t *cert = apr_pcalloc(p, sizeof(*cert));
    const unsigned char *at = der;
    X509 *x509 = d2i_X509(NULL, &at, (long)len);

    if (!x509)
        return saml_fail(err, SAML_E_METADATA, "%s: expected an X.509 certificate: %s", source,
                         saml_openssl_reason(p));
    own(p, x509, free_x509);
    if (at != der + len)
        return saml_fail(err, SAML_E_METADATA, "%s: %ld octets stand after the certificate", source,
                         (long)(der + len - at));
    cert->x509 = x509;
    cert->der = der;
    cert->der_len = len;
    cert->source = apr_pstrdup(p, source);
    SAML_TRY(describe(cert, p, err));
    *out = cert;
    return SAML_OK;
}

static saml_status_t add_der(apr_array_header_t *certs, const char *der, apr_size_t len, const char *source,
                             apr_pool_t *p, saml_err_t *err)
{
    saml_cert_t *cert;

    SAML_TRY(cert_from_der(&cert, (const unsigned char *)der, len, source, p, err));
    APR_ARRAY_PUSH(certs, saml_cert_t *) = cert;
    return SAML_OK;
}

static saml_status_t add_base64(apr_array_header_t *certs, const char *text, apr_size_t text_len, const char *source,
                                apr_pool_t *p, saml_err_t *err)
{
    const char *der;
    apr_size_t len;

    if (saml_base64_decode(&der, &len, text, text_len, MAX_CERT_BYTES, "certificate", p, err) != SAML_OK)
        return saml_fail(err, SAML_E_METADATA, "%s: expected a certificate as PEM, base64 or DER, got %s", source,
                         saml_quote_bytes(p, text, text_len > 40 ? 40 : text_len));
    return add_der(certs, der, len, source, p, err);
}

/* One "-----BEGIN label-----" to its end line. */
typedef struct {
    const char *label;
    apr_size_t label_len;
    const char *body;
    apr_size_t body_len;
    const char *after;
} pem_block_t;

static int find_pem_block(pem_block_t *out, const char *at, const char *end)
{
    const char *label, *dashes, *close;

    at = memmem(at, (size_t)(end - at), "-----BEGIN ", 11);
    if (!at)
        return 0;
    label = at + 11;
    dashes = memmem(label, (size_t)(end - label), "-----", 5);
    if (!dashes)
        return 0;
    close = memmem(dashes + 5, (size_t)(end - dashes - 5), "-----END ", 9);
    if (!close)
        return 0;
    out->label = label;
    out->label_len = (apr_size_t)(dashes - label);
    out->body = dashes + 5;
    out->body_len = (apr_size_t)(close - dashes - 5);
    out->after = close + 9;
    return 1;
}

static int is_label(const pem_block_t *block, const char *label)
{
    return block->label_len == strlen(label) && memcmp(block->label, label, block->label_len) == 0;
}

static saml_status_t add_pem(apr_array_header_t *certs, const char *data, apr_size_t len, const char *source,
                             apr_pool_t *p, saml_err_t *err)
{
    const char *other = NULL;
    pem_block_t block = { .after = data };

    while (find_pem_block(&block, block.after, data + len)) {
        if (is_label(&block, "CERTIFICATE") || is_label(&block, "X509 CERTIFICATE"))
            SAML_TRY(add_base64(certs, block.body, block.body_len, source, p, err));
        else
            other = saml_quote_bytes(p, block.label, block.label_len);
    }
    if (certs->nelts == 0)
        return saml_fail(err, SAML_E_METADATA, "%s: expected a \"CERTIFICATE\" block, got %s", source,
                         other ? other : "a PEM block without an end");
    return SAML_OK;
}

saml_status_t saml_certs_parse(apr_array_header_t **out, const char *data, apr_size_t len, const char *source,
                               apr_pool_t *p, saml_err_t *err)
{
    apr_array_header_t *certs = apr_array_make(p, 2, sizeof(saml_cert_t *));

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }
    if (len == 0)
        return saml_fail(err, SAML_E_METADATA, "%s: expected a certificate, got nothing", source);
    if (len >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
        return saml_fail(err, SAML_E_METADATA, "%s: is UTF-16 text; save it as plain ASCII", source);
    if (memmem(data, len, "-----BEGIN ", 11))
        SAML_TRY(add_pem(certs, data, len, source, p, err));
    else if (data[0] == 0x30)       /* a DER SEQUENCE; base64 of one starts with "M" */
        SAML_TRY(add_der(certs, apr_pmemdup(p, data, len), len, source, p, err));
    else
        SAML_TRY(add_base64(certs, data, len, source, p, err));
    *out = certs;
    return SAML_OK;
}

saml_status_t saml_certs_load(apr_array_header_t **out, const char *file, apr_pool_t *p, saml_err_t *err)
{
    apr_size_t len;
    char *data;

    SAML_TRY(read_file(&data, &len, file, p, err));
    return saml_certs_parse(out, data, len, file, p, err);
}

/* ---- may it verify? ------------------------------------------------------ */

static saml_status_t check_rsa(const saml_cert_t *cert, unsigned allow, saml_err_t *err)
{
    int least = allow & SAML_ALLOW_RSA1024 ? SAML_RSA_WEAK_BITS : SAML_RSA_MIN_BITS;

    if (cert->bits < SAML_RSA_MIN_BITS && cert->bits >= SAML_RSA_WEAK_BITS && cert->bits < least)
        return saml_fail(err, SAML_E_ALGORITHM,
                         "certificate %s (%s): expected an RSA key of %d bits or more, got %d; "
                         "\"SAMLAllow rsa1024\" would admit it",
                         cert->subject, cert->source, SAML_RSA_MIN_BITS, cert->bits);
    if (cert->bits < least || cert->bits > SAML_RSA_MAX_BITS)
        return saml_fail(err, SAML_E_ALGORITHM, "certificate %s (%s): expected an RSA key of %d to %d bits, got %d",
                         cert->subject, cert->source, SAML_RSA_MIN_BITS, SAML_RSA_MAX_BITS, cert->bits);
    if (!cert->has_sane_exponent)
        return saml_fail(err, SAML_E_ALGORITHM, "certificate %s (%s): the public exponent of its RSA key is not usable",
                         cert->subject, cert->source);
    return SAML_OK;
}

static saml_status_t check_ec(const saml_cert_t *cert, saml_err_t *err)
{
    static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1", "P-256", "P-384", "P-521", NULL };
    int i;

    for (i = 0; curves[i]; i++)
        if (strcmp(cert->curve, curves[i]) == 0)
            return SAML_OK;
    return saml_fail(err, SAML_E_ALGORITHM, "certificate %s (%s): expected the curve P-256, P-384 or P-521, got %s",
                     cert->subject, cert->source, cert->curve[0] ? saml_quote(err->pool, cert->curve) : "parameters without a name");
}

static saml_status_t check_validity(const saml_cert_t *cert, apr_time_t now, unsigned allow, saml_err_t *err)
{
    if (allow & SAML_ALLOW_EXPIRED_CERTIFICATE)
        return SAML_OK;
    if (now < cert->not_before)
        return saml_fail(err, SAML_E_CERTIFICATE_EXPIRED, "certificate %s (%s) is valid from %s, and now is %s",
                         cert->subject, cert->source, saml_time_format(err->pool, cert->not_before),
                         saml_time_format(err->pool, now));
    /* RFC 5280, 4.1.2.5: notAfter itself still belongs to the validity. */
    if (now >= cert->not_after + APR_USEC_PER_SEC)
        return saml_fail(err, SAML_E_CERTIFICATE_EXPIRED, "certificate %s (%s) expired at %s, and now is %s",
                         cert->subject, cert->source, saml_time_format(err->pool, cert->not_after),
                         saml_time_format(err->pool, now));
    return SAML_OK;
}

saml_status_t saml_cert_check(const saml_cert_t *cert, apr_time_t now, unsigned allow, saml_err_t *err)
{
    if (strcmp(cert->key_type, "RSA") == 0)
        SAML_TRY(check_rsa(cert, allow, err));
    else if (strcmp(cert->key_type, "EC") == 0)
        SAML_TRY(check_ec(cert, err));
    else
        return saml_fail(err, SAML_E_ALGORITHM, "certificate %s (%s): expected an RSA or EC key, got %s", cert->subject,
                         cert->source, saml_quote(err->pool, cert->key_type));
    return check_validity(cert, now, allow, err);
}

/* ---- our own keys -------------------------------------------------------- */

/* OpenSSL would ask the terminal for a passphrase; a server has nobody to answer. */
static int no_passphrase(char *buf, int size, int writing, void *asked)
{
    (void)buf;
    (void)size;
    (void)writing;
    *(int *)asked = 1;
    return -1;
}

static saml_status_t explain_no_key(const char *file, const char *data, apr_size_t len, int asked, saml_err_t *err)
{
    const char *said = saml_openssl_reason(err->pool);
    pem_block_t block;

    if (asked)
        return saml_fail(err, SAML_E_METADATA,
                         "%s: the private key is encrypted with a passphrase; expected one without "
                         "(openssl pkey -in %s -out plain.pem)",
                         file, file);
    if (!find_pem_block(&block, data, data + len))
        return saml_fail(err, SAML_E_METADATA, "%s: expected a private key as PEM, got no PEM block", file);
    if (!memmem(block.label, block.label_len, "PRIVATE KEY", 11))
        return saml_fail(err, SAML_E_METADATA, "%s: expected a private key as PEM, got a block %s", file,
                         saml_quote_bytes(err->pool, block.label, block.label_len));
    return saml_fail(err, SAML_E_METADATA, "%s: the private key cannot be read: %s", file, said);
}

saml_status_t saml_private_key_load(saml_keypair_t **out, const char *key_file, apr_pool_t *p, saml_err_t *err)
{
    saml_keypair_t *pair = apr_pcalloc(p, sizeof(*pair));
    int asked = 0;
    apr_size_t len;
    char *data;
    BIO *bio;

    SAML_TRY(read_file(&data, &len, key_file, p, err));
    bio = BIO_new_mem_buf(data, (int)len);
    pair->pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked) : NULL;
    BIO_free(bio);
    if (!pair->pkey) {
        saml_status_t status = explain_no_key(key_file, data, len, asked, err);

        OPENSSL_cleanse(data, len);
        return status;
    }
    OPENSSL_cleanse(data, len);
    own(p, pair->pkey, free_pkey);
    if (!is_rsa_or_ec(pair->pkey))
        return saml_fail(err, SAML_E_METADATA, "%s: expected an RSA or EC key, got %s", key_file,
                         saml_quote(p, key_type_name(pair->pkey)));
    *out = pair;
    return SAML_OK;
}

saml_status_t saml_keypair_load(saml_keypair_t **out, const char *key_file, const char *cert_file, apr_pool_t *p,
                                saml_err_t *err)
{
    apr_array_header_t *certs;
    saml_keypair_t *pair;
    int i;

    SAML_TRY(saml_private_key_load(&pair, key_file, p, err));
    SAML_TRY(saml_certs_load(&certs, cert_file, p, err));
    /* The file may carry a chain; ours is the one with our key. */
    for (i = 0; i < certs->nelts && !pair->cert; i++) {
        saml_cert_t *cert = APR_ARRAY_IDX(certs, i, saml_cert_t *);

        if (EVP_PKEY_eq(pair->pkey, cert->pkey) == 1)
            pair->cert = cert;
    }
    ERR_clear_error();
    if (!pair->cert)
        return saml_fail(err, SAML_E_METADATA,
                         "%s and %s do not belong together: the certificate %s is for another key than this one", key_file,
                         cert_file, APR_ARRAY_IDX(certs, 0, saml_cert_t *)->subject);
    *out = pair;
    return SAML_OK;
}
