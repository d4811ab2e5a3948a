/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "encoding.h"
#include "id.h"
#include "json.h"

#define MAX_ANSWER_BYTES 65536
#define ASSERTION_LIFE_S 600
#define MAX_TOKEN_LIFE_S 86400      /* longer is nobody's intention, and would outlive a change of permissions */
#define PSS_SALT_BYTES 32           /* RFC 7518 3.5: as long as the digest */

/* ---- the assertion -------------------------------------------------------- */

int saml_oauth_key_fits(const saml_keypair_t *key)
{
    return EVP_PKEY_is_a(key->pkey, "RSA");
}

static saml_status_t sign(const char **out, const char *text, const saml_keypair_t *key, apr_pool_t *p, saml_err_t *err)
{
    size_t len = (size_t)EVP_PKEY_get_size(key->pkey);
    unsigned char *octets = apr_palloc(p, len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    int ok = ctx && EVP_DigestSignInit(ctx, &how, EVP_sha256(), NULL, key->pkey) == 1
        && EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) > 0
        && EVP_PKEY_CTX_set_rsa_pss_saltlen(how, PSS_SALT_BYTES) > 0
        && EVP_DigestSign(ctx, octets, &len, (const unsigned char *)text, strlen(text)) == 1;

    EVP_MD_CTX_free(ctx);
    if (!ok)
        return saml_fail(err, SAML_E_OVERAGE, "client assertion: expected an RSA key that signs, got %s",
                         saml_openssl_reason(p));
    *out = saml_base64url_encode(p, octets, len);
    return SAML_OK;
}

static const char *thumbprint(const saml_cert_t *cert, apr_pool_t *p)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256(cert->der, cert->der_len, digest);
    return saml_base64url_encode(p, digest, sizeof(digest));
}

/* RFC 7523 3 and Entra's names for the certificate (RFC 7515 4.1.8). */
static saml_status_t make_assertion(const char **out, const saml_oauth_client_t *client, apr_time_t now, apr_pool_t *p,
                                    saml_err_t *err)
{
    const char *id = saml_json_string(p, client->client_id);
    const char *header, *payload, *jti, *signing, *signature = NULL;
    apr_int64_t from = apr_time_sec(now);

    SAML_TRY(saml_token_new(&jti, 16, p, err));
    header = apr_pstrcat(p, "{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"", thumbprint(client->key->cert, p), "\"}", NULL);
    payload = apr_psprintf(p, "{\"aud\":%s,\"iss\":%s,\"sub\":%s,\"jti\":\"%s\",\"nbf\":%" APR_INT64_T_FMT ",\"iat\":%"
                           APR_INT64_T_FMT ",\"exp\":%" APR_INT64_T_FMT "}", saml_json_string(p, client->token_url), id, id,
                           jti, from, from, from + ASSERTION_LIFE_S);
    signing = apr_pstrcat(p, saml_base64url_encode(p, header, strlen(header)), ".",
                          saml_base64url_encode(p, payload, strlen(payload)), NULL);
    SAML_TRY(sign(&signature, signing, client->key, p, err));
    *out = apr_pstrcat(p, signing, ".", signature, NULL);
    return SAML_OK;
}

saml_status_t saml_oauth_form(const char **out, const saml_oauth_client_t *client, apr_time_t now, apr_pool_t *p,
                              saml_err_t *err)
{
    const char *start = apr_pstrcat(p, "grant_type=client_credentials&client_id=", saml_percent_encode(p, client->client_id),
                                    "&scope=", saml_percent_encode(p, client->scope), NULL);
    const char *assertion;

    if (client->secret) {
        *out = apr_pstrcat(p, start, "&client_secret=", saml_percent_encode(p, client->secret), NULL);
        return SAML_OK;
    }
    SAML_TRY(make_assertion(&assertion, client, now, p, err));
    *out = apr_pstrcat(p, start, "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                       "&client_assertion=", assertion, NULL);
    return SAML_OK;
}

/* ---- the answer ----------------------------------------------------------- */

/* Entra's description begins with its number; the rest of it may quote what was sent. */
static const char *number_of(const json_t *root, apr_pool_t *p)
{
    const char *text = json_string_value(json_object_get(root, "error_description"));
    apr_size_t len;

    if (!text || strncmp(text, "AADSTS", 6) != 0)
        return "";
    len = 6 + strspn(text + 6, "0123456789");
    return apr_psprintf(p, " %.*s", (int)(len < 20 ? len : 20), text);
}

static saml_status_t fail_with_error(const saml_fetched_t *answer, const json_t *root, apr_pool_t *p, saml_err_t *err)
{
    const char *error = json_string_value(json_object_get(root, "error"));

    return saml_fail(err, SAML_E_OVERAGE, "token request: expected a token, got HTTP status %d, error %s%s",
                     answer->http_status, saml_quote(p, error), number_of(root, p));
}

/* What stands in a header line ends where it ends: no space, no control octet. */
static int is_header_safe(const char *token, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len; i++) {
        if (token[i] <= 0x20 || token[i] >= 0x7f)
            return 0;
    }
    return len > 0 && len <= SAML_OAUTH_MAX_TOKEN_BYTES;
}

/* RFC 6749 5.1 */
static saml_status_t read_token(saml_oauth_token_t *out, const json_t *root, apr_pool_t *p, saml_err_t *err)
{
    const char *type = json_string_value(json_object_get(root, "token_type"));
    const json_t *token = json_object_get(root, "access_token");
    const json_t *life = json_object_get(root, "expires_in");

    if (!type || apr_strnatcasecmp(type, "Bearer") != 0)
        return saml_fail(err, SAML_E_OVERAGE, "token: expected token_type \"Bearer\", got %s", saml_quote(p, type));
    if (!json_is_string(token) || !is_header_safe(json_string_value(token), json_string_length(token)))
        return saml_fail(err, SAML_E_OVERAGE, "token: expected access_token of 1 to %d printable characters, got something "
                         "else", SAML_OAUTH_MAX_TOKEN_BYTES);
    if (!json_is_integer(life) || json_integer_value(life) <= 0)
        return saml_fail(err, SAML_E_OVERAGE, "token: expected expires_in to be a number of seconds, got something else");
    out->token = apr_pstrmemdup(p, json_string_value(token), json_string_length(token));
    out->expires_in = apr_time_from_sec(json_integer_value(life) < MAX_TOKEN_LIFE_S ? json_integer_value(life)
                                                                                     : MAX_TOKEN_LIFE_S);
    return SAML_OK;
}

saml_status_t saml_oauth_read(saml_oauth_token_t *out, const saml_fetched_t *answer, apr_pool_t *p, saml_err_t *err)
{
    json_error_t where;
    json_t *root = json_loadb(answer->body, answer->body_len, JSON_REJECT_DUPLICATES, &where);
    saml_status_t status;

    if (!json_is_object(root))
        status = saml_fail(err, SAML_E_OVERAGE, "token request: expected a JSON object, got HTTP status %d and something "
                           "else%s%s", answer->http_status, root ? "" : ": ", root ? "" : saml_quote(p, where.text));
    else if (answer->http_status != 200)
        status = fail_with_error(answer, root, p, err);
    else
        status = read_token(out, root, p, err);
    json_decref(root);
    return status;
}

saml_status_t saml_oauth_token(saml_oauth_token_t *out, const saml_outgoing_t *by, const saml_oauth_client_t *client,
                               apr_time_t now, apr_pool_t *p, saml_err_t *err)
{
    apr_array_header_t *headers = apr_array_make(p, 2, sizeof(const char *));
    saml_fetch_t what = { .url = client->token_url, .what = "token request", .headers = headers,
                          .max_bytes = MAX_ANSWER_BYTES, .failure = SAML_E_OVERAGE };
    saml_fetched_t *answer;

    APR_ARRAY_PUSH(headers, const char *) = "Content-Type: application/x-www-form-urlencoded";
    APR_ARRAY_PUSH(headers, const char *) = "Accept: application/json";
    SAML_TRY(saml_oauth_form(&what.body, client, now, p, err));
    what.body_len = strlen(what.body);
    SAML_TRY(saml_outgoing_ask(&answer, by, &what, p, err));
    return saml_oauth_read(out, answer, p, err);
}
