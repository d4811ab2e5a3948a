/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP-Redirect binding (SAML Bindings 3.4). HTTP-POST is base64 and nothing else: encoding.c. */

#include <string.h>
#include <apr_strings.h>
#include <zlib.h>
#include "algorithm.h"
#include "binding.h"

/* RFC 1951 without the zlib header: what zlib calls negative window bits. */
#define RAW_DEFLATE_WINDOW (-15)
#define DEFLATE_MEM_LEVEL 8
/*
 * A request is shorter than a window of 4 KB, and has fewer symbols than memory level 5 collects for a block: no octet is lost. With
 * zlib's usual sizes the memory costs more than the compression, as malloc() maps and unmaps so much for each message.
 */
#define SMALL_BYTES 4096
#define SMALL_WINDOW (-12)
#define SMALL_MEM_LEVEL 5
#define INFLATE_FIRST_BYTES 16384

/* SAML Bindings 3.4.3: the encoding that is meant when SAMLEncoding is absent, and the only one. */
#define ENCODING_DEFLATE "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

/* ---- DEFLATE ------------------------------------------------------------ */

/* RFC 1950 2.2: compression method 8 and a check value. Common mistake of senders, worth naming. */
static const char *wrapper_hint(const char *data, apr_size_t len)
{
    unsigned first, second;

    if (len < 2)
        return "";
    first = (unsigned char)data[0];
    second = (unsigned char)data[1];
    if (first == 0x1f && second == 0x8b)
        return "; it begins with a gzip header";
    return (first & 15) == 8 && (first << 8 | second) % 31 == 0 ? "; it begins with a zlib header" : "";
}

/* Room for more, at most one octet over the limit, so that reaching it is noticed. */
static char *grow(apr_pool_t *p, const char *buf, apr_size_t used, apr_size_t size)
{
    char *bigger = apr_palloc(p, size + 1);

    if (used)
        memcpy(bigger, buf, used);
    return bigger;
}

/**
 * Run `z` to its end into a buffer that doubles, so that the work stays in proportion to what comes out.
 * @return what inflate() said last: Z_STREAM_END when whole, Z_OK when `max_bytes` did not suffice
 */
static int inflate_bounded(z_stream *z, apr_size_t max_bytes, char **out, apr_size_t *out_len, apr_pool_t *p)
{
    apr_size_t size = max_bytes < INFLATE_FIRST_BYTES ? max_bytes + 1 : INFLATE_FIRST_BYTES;
    apr_size_t used = 0;
    char *buf = grow(p, NULL, 0, size);
    int rc = Z_OK;

    while (rc == Z_OK && used <= max_bytes) {
        if (used == size) {
            size = size > max_bytes / 2 ? max_bytes + 1 : size * 2;
            buf = grow(p, buf, used, size);
        }
        z->next_out = (Bytef *)buf + used;
        z->avail_out = (uInt)(size - used);
        rc = inflate(z, Z_NO_FLUSH);
        used = size - z->avail_out;
    }
    buf[used] = '\0';
    *out = buf;
    *out_len = used;
    return rc;
}

saml_status_t saml_inflate(const char **out, apr_size_t *out_len, const char *data, apr_size_t len,
                           apr_size_t max_bytes, const char *what, apr_pool_t *p, saml_err_t *err)
{
    z_stream z;
    char *buf;
    apr_size_t n, left;
    int rc;

    memset(&z, 0, sizeof z);
    if (len > SAML_MAX_MESSAGE_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "%s: expected at most %d bytes of DEFLATE, got %" APR_SIZE_T_FMT,
                         what, SAML_MAX_MESSAGE_BYTES, len);
    if (inflateInit2(&z, RAW_DEFLATE_WINDOW) != Z_OK)
        return saml_fail(err, SAML_E_STORE, "%s: zlib cannot be set up", what);
    z.next_in = (Bytef *)data;
    z.avail_in = (uInt)len;
    rc = inflate_bounded(&z, max_bytes, &buf, &n, p);
    left = z.avail_in;
    (void)inflateEnd(&z);

    if (n > max_bytes)
        return saml_fail(err, SAML_E_TOO_LARGE, "%s: inflates to more than %" APR_SIZE_T_FMT " bytes", what,
                         max_bytes);
    if (rc != Z_STREAM_END)
        return saml_fail(err, SAML_E_MALFORMED, "%s: expected raw DEFLATE, got %s%s", what,
                         rc == Z_BUF_ERROR ? "a stream that is cut off" : "something else", wrapper_hint(data, len));
    if (left)
        return saml_fail(err, SAML_E_MALFORMED, "%s: %" APR_SIZE_T_FMT " bytes follow the end of the DEFLATE stream",
                         what, left);
    *out = buf;
    *out_len = n;
    return SAML_OK;
}

static saml_status_t deflate_raw(const char **out, apr_size_t *out_len, const char *text, apr_pool_t *p,
                                 saml_err_t *err)
{
    apr_size_t len = strlen(text);
    int is_small = len <= SMALL_BYTES;
    z_stream z;
    char *buf;
    uLong bound;
    int rc;

    memset(&z, 0, sizeof z);
    if (len > SAML_MAX_MESSAGE_BYTES)
        return saml_fail(err, SAML_E_TOO_LARGE, "message to send: expected at most %d bytes, got %" APR_SIZE_T_FMT,
                         SAML_MAX_MESSAGE_BYTES, len);
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, is_small ? SMALL_WINDOW : RAW_DEFLATE_WINDOW,
                     is_small ? SMALL_MEM_LEVEL : DEFLATE_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return saml_fail(err, SAML_E_STORE, "message to send: zlib cannot be set up");
    bound = deflateBound(&z, (uLong)len);
    buf = apr_palloc(p, bound);
    z.next_in = (Bytef *)text;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)buf;
    z.avail_out = (uInt)bound;
    rc = deflate(&z, Z_FINISH);
    *out_len = bound - z.avail_out;
    (void)deflateEnd(&z);

    if (rc != Z_STREAM_END)
        return saml_fail(err, SAML_E_STORE, "message to send: zlib cannot compress it (%d)", rc);
    *out = buf;
    return SAML_OK;
}

/* ---- sending ------------------------------------------------------------ */

/* Append SigAlg and Signature; the signature covers the octets of `query` as they stand. SAML Bindings 3.4.4.1. */
static saml_status_t sign_query(const char **query, const saml_keypair_t *key, apr_pool_t *p, saml_err_t *err)
{
    const char *octets = apr_pstrcat(p, *query, "&SigAlg=", saml_percent_encode(p, SAML_ALG_RSA_SHA256), NULL);
    const char *signature;

    SAML_TRY(saml_octets_sign(&signature, octets, strlen(octets), key, p, err));
    *query = apr_pstrcat(p, octets, "&Signature=", saml_percent_encode(p, signature), NULL);
    return SAML_OK;
}

/* What joins a query to `location`, which may have one already. */
static const char *query_joint(const char *location)
{
    apr_size_t len = strlen(location);

    if (!strchr(location, '?'))
        return "?";
    return location[len - 1] == '?' || location[len - 1] == '&' ? "" : "&";
}

const char *saml_url_with_query(const char *url, const char *query, apr_pool_t *p)
{
    return apr_pstrcat(p, url, query_joint(url), query, NULL);
}

saml_status_t saml_redirect_url(const char **out, const char *location, const char *param, const char *xml,
                                const char *relay_state, const saml_keypair_t *key, const char *extra,
                                apr_pool_t *p, saml_err_t *err)
{
    const char *packed = NULL, *query;
    apr_size_t len = 0;

    SAML_TRY(deflate_raw(&packed, &len, xml, p, err));
    query = apr_pstrcat(p, param, "=", saml_percent_encode(p, saml_base64_encode(p, packed, len)), NULL);
    if (relay_state)
        query = apr_pstrcat(p, query, "&RelayState=", saml_percent_encode(p, relay_state), NULL);
    if (key)
        SAML_TRY(sign_query(&query, key, p, err));
    *out = saml_url_with_query(location, query, p);
    if (extra && *extra)
        *out = saml_url_with_query(*out, extra, p);
    return SAML_OK;
}

/* ---- receiving ---------------------------------------------------------- */

/* All parameters of the binding, each at most once. SAML Bindings 3.4.4.1. */
typedef struct {
    const char *name;           /* "SAMLRequest" or "SAMLResponse" */
    saml_param_t message;
    saml_param_t relay_state;
    saml_param_t sig_alg;
    saml_param_t signature;
    saml_param_t encoding;
} redirect_params_t;

static saml_status_t find_message(redirect_params_t *q, const char *query, apr_size_t len, saml_err_t *err)
{
    saml_param_t request, response;

    SAML_TRY(saml_param_find(&request, query, len, "SAMLRequest", err));
    SAML_TRY(saml_param_find(&response, query, len, "SAMLResponse", err));
    if (request.raw && response.raw)
        return saml_fail(err, SAML_E_MALFORMED, "query: expected SAMLRequest or SAMLResponse, got both");
    if (!request.raw && !response.raw)
        return saml_fail(err, SAML_E_MALFORMED, "query: expected SAMLRequest or SAMLResponse, got neither");
    q->name = request.raw ? "SAMLRequest" : "SAMLResponse";
    q->message = request.raw ? request : response;
    return SAML_OK;
}

static saml_status_t read_params(redirect_params_t *q, const char *query, saml_err_t *err)
{
    apr_size_t len = strlen(query);

    SAML_TRY(find_message(q, query, len, err));
    SAML_TRY(saml_param_find(&q->relay_state, query, len, "RelayState", err));
    SAML_TRY(saml_param_find(&q->sig_alg, query, len, "SigAlg", err));
    SAML_TRY(saml_param_find(&q->signature, query, len, "Signature", err));
    return saml_param_find(&q->encoding, query, len, "SAMLEncoding", err);
}

static saml_status_t check_encoding(const saml_param_t *encoding, apr_pool_t *p, saml_err_t *err)
{
    const char *uri;

    if (!encoding->raw)
        return SAML_OK;
    SAML_TRY(saml_form_decode(&uri, encoding->raw, encoding->raw_len, p, err));
    if (strcmp(uri, ENCODING_DEFLATE) != 0)
        return saml_fail(err, SAML_E_MALFORMED, "SAMLEncoding: expected \"%s\" or none, got %s", ENCODING_DEFLATE,
                         saml_quote(err->pool, uri));
    return SAML_OK;
}

saml_status_t saml_redirect_decode(saml_redirect_message_t *out, const char *query, apr_pool_t *p, saml_err_t *err)
{
    saml_redirect_message_t m = { NULL, NULL, 0, NULL, 0 };
    redirect_params_t q;
    const char *text, *packed;
    apr_size_t len;

    SAML_TRY(read_params(&q, query, err));
    SAML_TRY(check_encoding(&q.encoding, p, err));
    SAML_TRY(saml_form_decode(&text, q.message.raw, q.message.raw_len, p, err));
    SAML_TRY(saml_base64_decode(&packed, &len, text, strlen(text), SAML_MAX_MESSAGE_BYTES, q.name, p, err));
    SAML_TRY(saml_inflate(&m.xml, &m.xml_len, packed, len, SAML_MAX_REDIRECT_BYTES, q.name, p, err));
    if (q.relay_state.raw)
        SAML_TRY(saml_form_decode(&m.relay_state, q.relay_state.raw, q.relay_state.raw_len, p, err));
    m.param = q.name;
    /* Half a signature counts as one: it is then verified, and fails. */
    m.has_signature = q.signature.raw || q.sig_alg.raw;
    *out = m;
    return SAML_OK;
}

static const char *slice(apr_pool_t *p, const saml_param_t *param)
{
    return apr_pstrmemdup(p, param->raw, param->raw_len);
}

/*
 * SAML Bindings 3.4.4.1: message, RelayState where there is one, SigAlg, in this order whatever order they came in. The
 * octets are those of the sender's own escaping (Entra writes "%2f"), which nobody can make again from the decoded form.
 */
static const char *signed_octets(const redirect_params_t *q, apr_pool_t *p)
{
    return apr_pstrcat(p, q->name, "=", slice(p, &q->message),
                       q->relay_state.raw ? "&RelayState=" : "", q->relay_state.raw ? slice(p, &q->relay_state) : "",
                       "&SigAlg=", slice(p, &q->sig_alg), NULL);
}

saml_status_t saml_redirect_verify(const char *query, const saml_trust_t *trust, apr_pool_t *p, saml_err_t *err)
{
    redirect_params_t q;
    const char *sig_alg, *signature, *octets;

    SAML_TRY(read_params(&q, query, err));
    if (!q.signature.raw && !q.sig_alg.raw)
        return saml_fail(err, SAML_E_UNSIGNED, "%s: expected the parameters SigAlg and Signature, got neither", q.name);
    if (!q.signature.raw || !q.sig_alg.raw)
        return saml_fail(err, SAML_E_SIGNATURE, "%s: expected the parameters SigAlg and Signature, got only %s",
                         q.name, q.signature.raw ? "Signature" : "SigAlg");
    SAML_TRY(saml_form_decode(&sig_alg, q.sig_alg.raw, q.sig_alg.raw_len, p, err));
    SAML_TRY(saml_form_decode(&signature, q.signature.raw, q.signature.raw_len, p, err));
    octets = signed_octets(&q, p);
    return saml_octets_verify(octets, strlen(octets), sig_alg, signature, trust, p, err);
}
