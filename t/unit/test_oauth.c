/* SPDX-License-Identifier: Apache-2.0 */
/* Client credentials: what is sent with a secret and with a key, and which answers are a token. */

#include "material.h"

#include <jansson.h>
#include <openssl/sha.h>

#include "saml/oauth.h"
#include "scripted.h"

#define URL "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/oauth2/v2.0/token"
#define CLIENT "0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c11"
#define SCOPE "https://graph.microsoft.com/.default"

static const saml_oauth_client_t with_secret = { URL, CLIENT, SCOPE, "s~e+c&r=t %", NULL };
static saml_oauth_client_t with_key = { URL, CLIENT, SCOPE, NULL, NULL };
static saml_keypair_t rsa, ec;
static saml_oauth_token_t token;

static int set_up_keys(void **state)
{
    if (set_up_library(state))
        return 1;
    rsa.pkey = material_key("RSA", 2048, NULL);
    rsa.cert = material_valid_cert(rsa.pkey, "sp");
    ec.pkey = material_key("EC", 0, "P-256");
    ec.cert = material_valid_cert(ec.pkey, "sp");
    with_key.key = &rsa;
    return 0;
}

/* ---- what is sent ---------------------------------------------------------- */

static void a_secret(void **state)
{
    const char *form;

    (void)state;
    assert_says(saml_oauth_form(&form, &with_secret, MATERIAL_NOW, pool, &err), SAML_OK, "");
    assert_string_equal(form, "grant_type=client_credentials&client_id=" CLIENT "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
                              "&client_secret=s~e%2Bc%26r%3Dt%20%25");
}

static json_t *decoded(const char *from, const char *to)
{
    const char *text;
    apr_size_t len;
    json_t *json;

    assert_says(saml_base64url_decode(&text, &len, from, (apr_size_t)(to - from), pool, &err), SAML_OK, "");
    json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(json));
    return json;
}

static void assert_member(const json_t *json, const char *name, const char *want)
{
    assert_string_equal(json_string_value(json_object_get(json, name)), want);
}

/* RFC 7518 3.5: PSS, MGF1 and salt all with SHA-256; verified with parameters that are said and not guessed. */
static int verifies(const char *text, apr_size_t len, const char *signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how;
    const char *octets;
    apr_size_t octets_len;
    int ok;

    assert_says(saml_base64url_decode(&octets, &octets_len, signature, strlen(signature), pool, &err), SAML_OK, "");
    assert_int_equal(EVP_DigestVerifyInit(ctx, &how, EVP_sha256(), NULL, rsa.pkey), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(how, 32) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md(how, EVP_sha256()) > 0);
    ok = EVP_DigestVerify(ctx, (const unsigned char *)octets, octets_len, (const unsigned char *)text, len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static const char *assertion_of(const char *form)
{
    static const char start[] = "grant_type=client_credentials&client_id=" CLIENT "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
        "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=";

    assert_memory_equal(form, start, sizeof(start) - 1);
    return form + sizeof(start) - 1;
}

static void an_assertion(void **state)
{
    unsigned char digest[32];
    const char *form, *jwt, *dot, *last;
    json_t *header, *payload;
    json_int_t from;

    (void)state;
    assert_says(saml_oauth_form(&form, &with_key, MATERIAL_NOW, pool, &err), SAML_OK, "");
    jwt = assertion_of(form);
    dot = strchr(jwt, '.');
    last = strrchr(jwt, '.');
    assert_true(verifies(jwt, (apr_size_t)(last - jwt), last + 1));
    header = decoded(jwt, dot);
    payload = decoded(dot + 1, last);
    SHA256(rsa.cert->der, rsa.cert->der_len, digest);
    assert_int_equal(json_object_size(header), 3);
    assert_member(header, "alg", "PS256");
    assert_member(header, "typ", "JWT");
    assert_member(header, "x5t#S256", saml_base64url_encode(pool, digest, sizeof(digest)));
    assert_int_equal(json_object_size(payload), 7);
    assert_member(payload, "aud", URL);
    assert_member(payload, "iss", CLIENT);
    assert_member(payload, "sub", CLIENT);
    from = json_integer_value(json_object_get(payload, "nbf"));
    assert_int_equal(from, 1772442930);
    assert_int_equal(json_integer_value(json_object_get(payload, "iat")), from);
    assert_in_range(json_integer_value(json_object_get(payload, "exp")) - from, 300, 600);
    assert_true(strlen(json_string_value(json_object_get(payload, "jti"))) >= 22);
    json_decref(header);
    json_decref(payload);
}

static void no_assertion_twice(void **state)
{
    const char *one, *two;

    (void)state;
    assert_says(saml_oauth_form(&one, &with_key, MATERIAL_NOW, pool, &err), SAML_OK, "");
    assert_says(saml_oauth_form(&two, &with_key, MATERIAL_NOW, pool, &err), SAML_OK, "");
    one = strchr(assertion_of(one), '.');
    two = strchr(assertion_of(two), '.');
    assert_true(strncmp(one, two, (apr_size_t)(strrchr(one, '.') - one)) != 0);
}

static void keys_that_fit(void **state)
{
    saml_oauth_client_t client = with_key;
    const char *form;

    (void)state;
    assert_true(saml_oauth_key_fits(&rsa));
    assert_false(saml_oauth_key_fits(&ec));
    client.key = &ec;
    assert_says(saml_oauth_form(&form, &client, MATERIAL_NOW, pool, &err), SAML_E_OVERAGE,
                "client assertion: expected an RSA key that signs");
}

/* ---- what comes ------------------------------------------------------------ */

static saml_status_t read_answer(int http_status, const char *body)
{
    saml_fetched_t answer = { .http_status = http_status, .body = body, .body_len = strlen(body) };

    memset(&token, 0, sizeof(token));
    return saml_oauth_read(&token, &answer, pool, &err);
}

static void a_token(void **state)
{
    (void)state;
    assert_says(read_answer(200, "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599,\"access_token\":\"a.b-c_~+/=\"}"),
                SAML_OK, "");
    assert_string_equal(token.token, "a.b-c_~+/=");
    assert_int_equal(token.expires_in, apr_time_from_sec(3599));
    assert_says(read_answer(200, "{\"token_type\":\"bearer\",\"expires_in\":1,\"access_token\":\"x\"}"), SAML_OK, "");
    assert_says(read_answer(200, "{\"token_type\":\"Bearer\",\"expires_in\":9223372036854775807,\"access_token\":\"x\"}"), SAML_OK, "");
    assert_int_equal(token.expires_in, apr_time_from_sec(86400));
}

static void no_tokens(void **state)
{
    static const struct {
        int http_status;
        const char *body, *says;
    } cases[] = {
        { 200, "", "expected a JSON object, got HTTP status 200 and something else: \"" },
        { 200, "[]", "expected a JSON object, got HTTP status 200 and something else" },
        { 502, "<html>", "HTTP status 502" },
        { 200, "{\"a\":1,\"a\":2}", "expected a JSON object" },
        { 200, "{}", "expected token_type \"Bearer\", got none" },
        { 200, "{\"token_type\":\"mac\",\"expires_in\":1,\"access_token\":\"x\"}", "got \"mac\"" },
        { 200, "{\"token_type\":\"Bearer\",\"expires_in\":1}", "expected access_token" },
        { 200, "{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":7}", "expected access_token" },
        { 200, "{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":\"\"}", "expected access_token" },
        { 200, "{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":\"x y\"}", "expected access_token" },
        { 200, "{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":\"x\\r\\nX: y\"}", "expected access_token" },
        { 200, "{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":\"\\u00e4\"}", "expected access_token" },
        { 200, "{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":\"\\u007f\"}", "expected access_token" },
        { 200, "{\"token_type\":\"Bearer\",\"access_token\":\"x\"}", "expected expires_in" },
        { 200, "{\"token_type\":\"Bearer\",\"expires_in\":0,\"access_token\":\"x\"}", "expected expires_in" },
        { 200, "{\"token_type\":\"Bearer\",\"expires_in\":\"3599\",\"access_token\":\"x\"}", "expected expires_in" },
        { 401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret s3cret\"}",
          "got HTTP status 401, error \"invalid_client\" AADSTS7000215" },
        { 400, "{\"error\":\"x\",\"error_description\":\"AADSTS99999999999999999999999999 y\"}", "\"x\" AADSTS99999999999999" },
        { 400, "{\"error\":\"x\",\"error_description\":\"AADSTS7: s3cret\"}", "error \"x\" AADSTS7" },
        { 400, "{\"error\":\"x\",\"error_description\":\"Oops\"}", "got HTTP status 400, error \"x\"" },
        { 400, "{\"error\":7}", "error none" },
        { 302, "{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":\"x\"}", "HTTP status 302, error none" },
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_says(read_answer(cases[i].http_status, cases[i].body), SAML_E_OVERAGE, cases[i].says);
        assert_null(strstr(err.reason, "s3cret"));
        assert_null(token.token);
    }
}

static void the_longest_token(void **state)
{
    char *text = apr_pcalloc(pool, SAML_OAUTH_MAX_TOKEN_BYTES + 2);
    int more;

    (void)state;
    memset(text, 't', SAML_OAUTH_MAX_TOKEN_BYTES);
    for (more = 0; more < 2; more++) {
        const char *body = apr_pstrcat(pool, "{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":\"", text, "\"}", NULL);

        assert_says(read_answer(200, body), more ? SAML_E_OVERAGE : SAML_OK, "1 to 16384");
        text[SAML_OAUTH_MAX_TOKEN_BYTES] = 't';
    }
}

/* ---- both ------------------------------------------------------------------ */

static void asks_and_reads(void **state)
{
    (void)state;
    SCRIPT({ 200, "{\"token_type\":\"Bearer\",\"expires_in\":60,\"access_token\":\"abc\"}", 0 });
    assert_says(saml_oauth_token(&token, &script_outgoing, &with_secret, MATERIAL_NOW, pool, &err), SAML_OK, "");
    assert_string_equal(token.token, "abc");
    assert_string_equal(script.asked[0].url, URL);
    assert_non_null(strstr(script.asked[0].body, "client_secret="));
    assert_int_equal(script.asked[0].body_len, strlen(script.asked[0].body));
    assert_true(script_has_header(0, "Content-Type: application/x-www-form-urlencoded"));
    SCRIPT({ 0, "", 0 });
    assert_says(saml_oauth_token(&token, &script_outgoing, &with_secret, MATERIAL_NOW, pool, &err), SAML_E_OVERAGE, "error 7");
    assert_null(strstr(err.reason, "s~e"));
    with_key.key = &ec;
    assert_says(saml_oauth_token(&token, &script_outgoing, &with_key, MATERIAL_NOW, pool, &err), SAML_E_OVERAGE, "RSA key");
    with_key.key = &rsa;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        unit(a_secret), unit(an_assertion), unit(no_assertion_twice), unit(keys_that_fit), unit(a_token), unit(no_tokens),
        unit(the_longest_token), unit(asks_and_reads),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up_keys, tear_down_library);
}
