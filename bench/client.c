/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench/run drives:
 *     client keygen FOLDER                              the identity provider's key and certificate
 *     client get PORT CONNECTIONS COUNT FILE            the one request in FILE, COUNT times, each answered 200
 *     client sessions PORT CONNECTIONS COUNT N NAME     COUNT GETs, each by a random one of sessions 0 to N-1 (lookup fill)
 *     client prepare PORT COUNT FOLDER                  begin COUNT sign-ons, sign an answer to each
 *     client post PORT CONNECTIONS COUNT FIRST FOLDER   POST answers FIRST to FIRST+COUNT-1, each answered 303
 * get, sessions and post print the seconds that it took; post prints the last session's cookie behind them.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "http.h"
#include "saml/binding.h"
#include "saml/clock.h"
#include "saml/encoding.h"
#include "saml/id.h"
#include "saml/key.h"
#include "saml/signature.h"

#define MS "http://schemas.microsoft.com/"
#define WS "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
#define TENANT "11111111-2222-4333-8444-555555555555"
#define ISSUER "https://sts.windows.net/" TENANT "/"
#define MAX_FILE_BYTES (64 * 1024)

/* The claims that Entra sends by default, and five groups. */
static const char *const claims[][2] = {
    { MS "identity/claims/tenantid", TENANT },
    { MS "identity/claims/objectidentifier", "0b1d5c8a-73a4-4a0b-9a57-4f0f7f1f2e3d" },
    { MS "identity/claims/displayname", "Ada Lovelace" },
    { MS "ws/2008/06/identity/claims/groups", "a1a1a1a1-0000-4000-8000-000000000001" },
    { NULL, "a1a1a1a1-0000-4000-8000-000000000002" },
    { NULL, "a1a1a1a1-0000-4000-8000-000000000003" },
    { NULL, "a1a1a1a1-0000-4000-8000-000000000004" },
    { NULL, "a1a1a1a1-0000-4000-8000-000000000005" },
    { MS "identity/claims/identityprovider", ISSUER },
    { MS "claims/authnmethodsreferences", MS "ws/2008/06/identity/authenticationmethod/password" },
    { NULL, MS "claims/multipleauthn" },
    { WS "givenname", "Ada" },
    { WS "surname", "Lovelace" },
    { WS "emailaddress", "ada@example.org" },
    { WS "name", "ada@example.org" }
};

/* ---- files -------------------------------------------------------------- */

static void write_file(const char *path, const char *octets, size_t len)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(octets, 1, len, f) != len || fclose(f) != 0)
        bench_die("%s: %s", path, strerror(errno));
}

static char *read_file(const char *path, size_t *len)
{
    char *octets = malloc(MAX_FILE_BYTES);
    FILE *f = fopen(path, "rb");

    if (!f || !octets)
        bench_die("%s: %s", path, strerror(errno));
    *len = fread(octets, 1, MAX_FILE_BYTES, f);
    fclose(f);
    if (*len == 0 || *len == MAX_FILE_BYTES)
        bench_die("%s: expected 1 to %d octets", path, MAX_FILE_BYTES - 1);
    return octets;
}

static void must(saml_status_t status, const saml_err_t *err)
{
    if (status != SAML_OK)
        bench_die("%s: %s", saml_status_name(status), err->reason);
}

/* ---- the identity provider ---------------------------------------------- */

static const char *instant(apr_time_t t, apr_pool_t *p)
{
    apr_time_exp_t e;

    apr_time_exp_gmt(&e, t);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", e.tm_year + 1900, e.tm_mon + 1, e.tm_mday, e.tm_hour,
                        e.tm_min, e.tm_sec, e.tm_usec / 1000);
}

static const char *statement(apr_pool_t *p)
{
    const char *xml = "<AttributeStatement>";
    size_t i, n = sizeof(claims) / sizeof(claims[0]);

    for (i = 0; i < n; i++) {
        if (claims[i][0])
            xml = apr_pstrcat(p, xml, "<Attribute Name=\"", claims[i][0], "\">", NULL);
        xml = apr_pstrcat(p, xml, "<AttributeValue>", claims[i][1], "</AttributeValue>", NULL);
        if (i + 1 == n || claims[i + 1][0])
            xml = apr_pstrcat(p, xml, "</Attribute>", NULL);
    }
    return apr_pstrcat(p, xml, "</AttributeStatement>", NULL);
}

typedef struct {
    const char *request_id;
    const char *acs_url;
    const char *audience;
    apr_time_t now;
} answer_to_t;

static const char *assertion_xml(const answer_to_t *to, const char *id, apr_pool_t *p)
{
    const char *now = instant(to->now, p), *before = instant(to->now - apr_time_from_sec(300), p);
    const char *after = instant(to->now + apr_time_from_sec(3900), p);

    return apr_psprintf(p, "<Assertion xmlns=\"" SAML_NS_ASSERTION "\" ID=\"%s\" IssueInstant=\"%s\" Version=\"2.0\">"
                        "<Issuer>" ISSUER "</Issuer><Subject><NameID Format=\"" SAML_NAMEID_EMAIL "\">ada@example.org"
                        "</NameID><SubjectConfirmation Method=\"" SAML_CM_BEARER "\"><SubjectConfirmationData "
                        "InResponseTo=\"%s\" NotOnOrAfter=\"%s\" Recipient=\"%s\"/></SubjectConfirmation></Subject>"
                        "<Conditions NotBefore=\"%s\" NotOnOrAfter=\"%s\"><AudienceRestriction><Audience>%s</Audience>"
                        "</AudienceRestriction></Conditions>%s<AuthnStatement AuthnInstant=\"%s\" SessionIndex=\"%s\">"
                        "<AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
                        "</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion>", id, now, to->request_id,
                        after, to->acs_url, before, after, to->audience, statement(p), before, id);
}

/* As Entra sends it: the assertion signed, the response not. */
static const char *response_xml(const answer_to_t *to, const saml_keypair_t *key, apr_pool_t *p, saml_err_t *err)
{
    const char *id, *response_id, *assertion;

    must(saml_id_new(&id, p, err), err);
    must(saml_id_new(&response_id, p, err), err);
    must(saml_signature_sign(&assertion, assertion_xml(to, id, p), key, p, err), err);
    if (strncmp(assertion, "<?xml", 5) == 0)
        assertion = strchr(assertion, '>') + 1;
    return apr_psprintf(p, "<samlp:Response xmlns:samlp=\"" SAML_NS_PROTOCOL "\" ID=\"%s\" Version=\"2.0\" "
                        "IssueInstant=\"%s\" Destination=\"%s\" InResponseTo=\"%s\"><Issuer xmlns=\"" SAML_NS_ASSERTION
                        "\">" ISSUER "</Issuer><samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/>"
                        "</samlp:Status>%s</samlp:Response>", response_id, instant(to->now, p), to->acs_url,
                        to->request_id, assertion);
}

/* ---- one sign-on -------------------------------------------------------- */

static const char *attribute_of(const char *xml, const char *name, apr_pool_t *p)
{
    const char *at = strstr(xml, apr_pstrcat(p, " ", name, "=\"", NULL));

    if (!at)
        bench_die("expected %s in the AuthnRequest: %s", name, xml);
    at += strlen(name) + 3;
    return apr_pstrndup(p, at, strcspn(at, "\""));
}

/* All cookies that an answer sets, as a browser would send them. */
static const char *cookies_of(const char *answer, apr_pool_t *p)
{
    const char *at = answer, *cookies = NULL;

    while ((at = strstr(at, "\r\nSet-Cookie: ")) != NULL) {
        const char *pair;

        at += strlen("\r\nSet-Cookie: ");
        pair = apr_pstrndup(p, at, strcspn(at, ";\r\n"));
        cookies = cookies ? apr_pstrcat(p, cookies, "; ", pair, NULL) : pair;
    }
    return cookies;
}

static const char *post_request(int port, const char *cookies, const char *relay_state, const char *xml, apr_pool_t *p)
{
    const char *body = apr_pstrcat(p, "SAMLResponse=",
                                   saml_percent_encode(p, saml_base64_encode(p, xml, strlen(xml))), "&RelayState=",
                                   saml_percent_encode(p, relay_state), NULL);

    return apr_psprintf(p, "POST /saml/acs HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nCookie: %s\r\nOrigin: "
                        "https://login.microsoftonline.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        "Content-Length: %" APR_SIZE_T_FMT "\r\n\r\n%s", port, cookies, strlen(body), body);
}

static void prepare_one(int port, int number, const char *folder, const saml_keypair_t *key, apr_pool_t *p,
                        saml_err_t *err)
{
    const char *get = apr_psprintf(p, "GET /saml/login?target=/ HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", port);
    char *answer = bench_exchange(port, get, strlen(get)), *location = bench_header(answer, "Location");
    const char *cookies = cookies_of(answer, p), *post, *xml;
    saml_redirect_message_t request;
    answer_to_t to;

    if (!location || !strchr(location, '?') || !cookies)
        bench_die("expected a redirect to the identity provider and a cookie, got: %.400s", answer);
    must(saml_redirect_decode(&request, strchr(location, '?') + 1, p, err), err);
    to.request_id = attribute_of(request.xml, "ID", p);
    to.acs_url = attribute_of(request.xml, "AssertionConsumerServiceURL", p);
    to.audience = apr_psprintf(p, "http://127.0.0.1:%d/saml/metadata", port);
    to.now = apr_time_now();
    xml = response_xml(&to, key, p, err);
    if (number == 0)
        write_file(apr_psprintf(p, "%s/response.xml", folder), xml, strlen(xml));
    post = post_request(port, cookies, request.relay_state, xml, p);
    write_file(apr_psprintf(p, "%s/post.%d", folder, number), post, strlen(post));
    free(answer);
    free(location);
}

static void prepare(int port, int count, const char *folder, apr_pool_t *p, saml_err_t *err)
{
    saml_keypair_t *key;
    apr_pool_t *one;
    int i;

    must(saml_keypair_load(&key, apr_pstrcat(p, folder, "/idp.key", NULL), apr_pstrcat(p, folder, "/idp.crt", NULL), p,
                           err), err);
    apr_pool_create(&one, p);
    for (i = 0; i < count; i++) {
        prepare_one(port, i, folder, key, one, err);
        apr_pool_clear(one);
    }
}

static void keygen(const char *folder, apr_pool_t *p, saml_err_t *err)
{
    const char *key, *cert;

    must(saml_keypair_generate(&key, &cert, "bench", 2048, 365, apr_time_now(), p, err), err);
    write_file(apr_pstrcat(p, folder, "/idp.key", NULL), key, strlen(key));
    write_file(apr_pstrcat(p, folder, "/idp.crt", NULL), cert, strlen(cert));
}

/* ---- load --------------------------------------------------------------- */

static void get(int port, int connections, int count, const char *file)
{
    bench_request_t request;
    bench_result_t result;

    request.octets = read_file(file, &request.len);
    bench_run(&result, port, connections, &request, 1, (size_t)count, 200);
    printf("%.6f\n", result.seconds);
    free(request.octets);
    free(result.last_cookie);
}

static void sessions(int port, int connections, int count, int n, const char *name, apr_pool_t *p)
{
    bench_request_t *requests = calloc((size_t)count, sizeof(*requests));
    bench_result_t result;
    int i;

    if (!requests)
        bench_die("no memory to be had");
    for (i = 0; i < count; i++) {
        char cookie[BENCH_COOKIE_CHARS + 1];

        bench_cookie(cookie, (int)(bench_random((unsigned long long)i) % (unsigned long long)n));
        requests[i].octets = apr_psprintf(p, "GET /page.txt HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: bench\r\n"
                                          "Accept: text/html\r\nCookie: %s=%s\r\n\r\n", port, name, cookie);
        requests[i].len = strlen(requests[i].octets);
    }
    bench_run(&result, port, connections, requests, (size_t)count, (size_t)count, 200);
    printf("%.6f\n", result.seconds);
    free(requests);
    free(result.last_cookie);
}

static void post(int port, int connections, int count, int first, const char *folder, apr_pool_t *p)
{
    bench_request_t *requests = calloc((size_t)count, sizeof(*requests));
    bench_result_t result;
    int i;

    if (!requests)
        bench_die("no memory to be had");
    for (i = 0; i < count; i++)
        requests[i].octets = read_file(apr_psprintf(p, "%s/post.%d", folder, first + i), &requests[i].len);
    bench_run(&result, port, connections, requests, (size_t)count, (size_t)count, 303);
    printf("%.6f %s\n", result.seconds, result.last_cookie ? result.last_cookie : "");
    for (i = 0; i < count; i++)
        free(requests[i].octets);
    free(requests);
    free(result.last_cookie);
}

int main(int argc, char **argv)
{
    saml_err_t err = { 0 };
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    err.pool = p;
    must(saml_library_init(&err), &err);
    if (argc == 3 && strcmp(argv[1], "keygen") == 0)
        keygen(argv[2], p, &err);
    else if (argc == 6 && strcmp(argv[1], "get") == 0)
        get(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), argv[5]);
    else if (argc == 7 && strcmp(argv[1], "sessions") == 0)
        sessions(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), argv[6], p);
    else if (argc == 5 && strcmp(argv[1], "prepare") == 0)
        prepare(atoi(argv[2]), atoi(argv[3]), argv[4], p, &err);
    else if (argc == 7 && strcmp(argv[1], "post") == 0)
        post(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), argv[6], p);
    else
        bench_die("expected keygen, get, sessions, prepare or post with their arguments; see client.c");
    apr_pool_destroy(p);
    apr_terminate();
    return 0;
}
