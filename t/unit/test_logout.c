/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every check of logout.c, over both bindings: the passing neighbour, the failing case, the absent case, both sides of each
 * boundary. SAML Core 3.7; Profiles 4.4; Bindings 3.4.4.1, 3.4.5.2, 3.5.5.2.
 */

#include "logout_messages.h"

/* ---- what passes ---------------------------------------------------------- */

static void assert_ada(const saml_logout_request_t *request)
{
    assert_string_equal(request->name_id.value, "ada@example.org");
    assert_null(request->name_id.format);
    assert_int_equal(request->session_indexes->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(request->session_indexes, 0, const char *), "_s1");
    assert_string_equal(request->issuer, IDP);
    assert_string_equal(request->id, "_l1");
}

static void reads_a_signed_request(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;

    (void)state;
    assert_says(check_request(&request, signed_post(good_request), &want), SAML_OK, "");
    assert_ada(request);
    assert_int_equal(request->is_signed, 1);
    assert_true(request->issued == NOW);
    assert_int_equal(store.uses, 1);
    assert_true(store.until == NOW + AGE + SKEW);
    assert_says(check_request(&request, redirected("SAMLRequest", good_request, idp_key), &want), SAML_OK, "");
    assert_ada(request);
    assert_int_equal(request->is_signed, 1);
    assert_int_equal(store.uses, 2);
}

/* Entra writes "%2f" and signs that (doc/entra.md 6): the octets count, in the order of the binding, not of the query. */
static void takes_the_octets_as_they_came(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;
    const char *query = redirected("SAMLRequest", good_request, NULL).query, *alg, *signature;
    saml_logout_message_t m = { NULL, NULL, 0 };
    char *lower = apr_pstrdup(pool, query), *c;

    (void)state;
    for (c = lower; *c; c++) {
        if (*c == '%' && c[1] && c[2]) {
            c[1] = (char)(c[1] >= 'A' && c[1] <= 'F' ? c[1] + 32 : c[1]);
            c[2] = (char)(c[2] >= 'A' && c[2] <= 'F' ? c[2] + 32 : c[2]);
        }
    }
    assert_string_not_equal(lower, query);
    alg = saml_percent_encode(pool, SAML_ALG_RSA_SHA256);
    lower = apr_pstrcat(pool, lower, "&SigAlg=", alg, NULL);
    assert_int_equal(saml_octets_sign(&signature, lower, strlen(lower), idp_key, pool, &err), SAML_OK);
    signature = saml_percent_encode(pool, signature);
    m.query = apr_pstrcat(pool, lower, "&Signature=", signature, "&utm=1", NULL);
    assert_says(check_request(&request, m, &want), SAML_OK, "");
    m.query = apr_pstrcat(pool, "Signature=", signature, "&", lower, NULL);
    assert_says(check_request(&request, m, &want), SAML_OK, "");
    /* The same escapes in capitals are other octets. */
    m.query = apr_pstrcat(pool, query, "&SigAlg=", alg, "&Signature=", signature, NULL);
    assert_says(check_request(&request, m, &want), SAML_E_SIGNATURE, "");
}

static void reads_every_part_of_the_name(void **state)
{
    static const char xml[] = REQUEST_OF(" Reason=\"urn:oasis:names:tc:SAML:2.0:logout:user\" NotOnOrAfter=\"2026-03-02T09:20:00Z\"",
        "<saml:NameID Format=\" " SAML_NAMEID_PERSISTENT " \" NameQualifier=\"" IDP "\" SPNameQualifier=\"sp\">a<!-- -->b</saml:NameID>"
        INDEX("1") INDEX(" 2"));
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;

    (void)state;
    assert_says(check_request(&request, signed_post(xml), &want), SAML_OK, "");
    assert_string_equal(request->name_id.value, "ab");
    assert_string_equal(request->name_id.format, SAML_NAMEID_PERSISTENT);
    assert_string_equal(request->name_id.name_qualifier, IDP);
    assert_string_equal(request->name_id.sp_name_qualifier, "sp");
    assert_int_equal(request->session_indexes->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(request->session_indexes, 1, const char *), " 2");
    assert_says(check_request(&request, signed_post(REQUEST_OF("", ADA)), &want), SAML_OK, "");
    assert_int_equal(request->session_indexes->nelts, 0);
}

static void takes_either_issuer_and_place(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;

    (void)state;
    assert_says(check_request(&request, signed_post(with(good_request, IDP, IDP2)), &want), SAML_OK, "");
    assert_string_equal(request->issuer, IDP2);
    assert_says(check_request(&request, signed_post(with(good_request, HERE, ALSO)), &want), SAML_OK, "");
    assert_says(check_request(&request, signed_post(with(good_request, "<saml:Issuer>", "<saml:Issuer Format=\"" SAML_NAMEID_ENTITY "\">")),
                              &want), SAML_OK, "");
}

/* ---- what a signed request may not say ------------------------------------ */

static const struct {
    const char *name;
    const char *from;           /* in good_request */
    const char *to;
    saml_status_t want;
    const char *says;
} refused[] = {
    { "version 1.1", "\"2.0\"", "\"1.1\"", SAML_E_VERSION, "expected \"2.0\", got \"1.1\"" },
    { "version absent", " Version=\"2.0\"", "", SAML_E_VERSION, "got none" },
    { "instant absent", " IssueInstant=\"2026-03-02T09:15:30Z\"", "", SAML_E_MALFORMED, "IssueInstant: expected a time, got none" },
    { "instant garbage", "2026-03-02T09:15:30Z", "yesterday", SAML_E_MALFORMED, "IssueInstant" },
    { "destination other", HERE, "https://sp.example.org/saml/acs", SAML_E_DESTINATION, "expected \"" HERE "\" or \"" ALSO "\", got" },
    { "destination in capitals", HERE, "https://SP.example.org/saml/logout", SAML_E_DESTINATION, "got \"https://SP" },
    { "destination and a slash", HERE, HERE "/", SAML_E_DESTINATION, "logout/\"" },
    { "destination absent", " Destination=\"" HERE "\"", "", SAML_E_DESTINATION, "got none in a signed message" },
    { "destination empty", HERE, "", SAML_E_DESTINATION, "got \"\"" },
    { "issuer absent", ISSUER, "", SAML_E_ISSUER, "got none" },
    { "issuer empty", ISSUER, "<saml:Issuer/>", SAML_E_ISSUER, "got \"\"" },
    { "issuer other", IDP, "https://sts.windows.net/99999999-2222-4333-8444-555555555555/", SAML_E_ISSUER, "expected \"" IDP "\" or" },
    { "issuer without its slash", "555555555555/", "555555555555", SAML_E_ISSUER, "got \"https://sts" },
    { "issuer of another kind", "<saml:Issuer>", "<saml:Issuer Format=\"" SAML_NAMEID_EMAIL "\">", SAML_E_ISSUER, "Format" },
    { "issuer with an element", ISSUER, "<saml:Issuer><b/></saml:Issuer>", SAML_E_MALFORMED, "" },
    { "issuer twice", ISSUER, ISSUER ISSUER, SAML_E_MALFORMED, "Issuer" },
    { "expired", " Version", " NotOnOrAfter=\"2026-03-02T09:12:30Z\" Version", SAML_E_EXPIRED, "NotOnOrAfter" },
    { "expiry garbage", " Version", " NotOnOrAfter=\"\" Version", SAML_E_MALFORMED, "NotOnOrAfter" },
    { "name absent", ADA, "", SAML_E_NAME_ID, "expected a name, got none" },
    { "name empty", ADA, "<saml:NameID/>", SAML_E_NAME_ID, "got \"\"" },
    { "name blank", "ada@example.org", " \n", SAML_E_NAME_ID, "expected a name" },
    { "name twice", ADA, ADA ADA, SAML_E_NAME_ID, "got 2 identifiers" },
    { "name and BaseID", ADA, ADA "<saml:BaseID/>", SAML_E_NAME_ID, "got 2 identifiers" },
    { "name with an element", "ada@example.org", "<b>ada</b>", SAML_E_NAME_ID, "no elements" },
    { "name of the wrong namespace", ADA, "<samlp:NameID>ada@example.org</samlp:NameID>", SAML_E_NAME_ID, "got none" },
    { "index empty", INDEX("_s1"), INDEX(""), SAML_E_MALFORMED, "SessionIndex: expected an index" },
    { "index blank", INDEX("_s1"), INDEX(" "), SAML_E_MALFORMED, "SessionIndex: expected an index" },
    { "index with an element", INDEX("_s1"), INDEX("<b/>"), SAML_E_MALFORMED, "" },
    { "encrypted garbage", ADA, "<saml:EncryptedID>x</saml:EncryptedID>", SAML_E_DECRYPTION, "" },
};

static void refuses_what_is_signed_but_wrong(void **state)
{
    saml_logout_request_t *request = NULL;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        saml_logout_expect_t want = logout_expectation();
        const char *xml = with(good_request, refused[i].from, refused[i].to);
        int by_post;

        for (by_post = 0; by_post < 2; by_post++) {
            saml_logout_message_t m = by_post ? signed_post(xml) : redirected("SAMLRequest", xml, idp_key);
            saml_status_t got = check_request(&request, m, &want);

            if (got != refused[i].want || !strstr(err.reason, refused[i].says))
                fail_msg("%s: expected [%s] with \"%s\", got [%s]: %s", refused[i].name, saml_status_name(refused[i].want),
                         refused[i].says, saml_status_name(got), got ? err.reason : "-");
        }
        assert_null(request);
        assert_int_equal(store.uses, 0);
    }
}

/* An ID that is not there cannot be signed; by HTTP-Redirect it can. */
static void an_id_is_required(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;

    (void)state;
    assert_says(check_request(&request, redirected("SAMLRequest", with(good_request, " ID=\"_l1\"", ""), idp_key), &want),
                SAML_E_MALFORMED, "ID: expected an identifier, got none");
    assert_says(check_request(&request, redirected("SAMLRequest", with(good_request, "_l1", " "), idp_key), &want),
                SAML_E_MALFORMED, "got \"\"");
}

static void the_root_is_a_logout_request(void **state)
{
    static const char *const others[] = { "LogoutResponse", "Response", "AuthnRequest", "ArtifactResolve" };
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const char *xml = with(with(good_request, "LogoutRequest", others[i]), "/samlp:LogoutRequest",
                               apr_pstrcat(pool, "/samlp:", others[i], NULL));

        assert_says(check_request(&request, signed_post(xml), &want), SAML_E_MALFORMED, "expected LogoutRequest");
        assert_says(check_request(&request, redirected("SAMLRequest", xml, idp_key), &want), SAML_E_MALFORMED,
                    "expected LogoutRequest");
    }
    assert_says(check_request(&request, posted(with(good_request, "samlp=\"" SAML_NS_PROTOCOL, "samlp=\"" SAML_NS_METADATA)),
                              &want), SAML_E_MALFORMED, "expected LogoutRequest");
}

static void both_sides_of_each_boundary(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;
    saml_logout_message_t m = signed_post(good_request);
    saml_logout_message_t limited = signed_post(with(good_request, " Version", " NotOnOrAfter=\"2026-03-02T09:16:00Z\" Version"));

    (void)state;
    want.now = NOW - SKEW;
    assert_says(check_request(&request, m, &want), SAML_OK, "");
    want.now = NOW - SKEW - 1;
    assert_says(check_request(&request, m, &want), SAML_E_NOT_BEFORE, "expected a time that has come");
    want.now = NOW + AGE + SKEW - 1;
    assert_says(check_request(&request, m, &want), SAML_OK, "");
    want.now = NOW + AGE + SKEW;
    assert_says(check_request(&request, m, &want), SAML_E_EXPIRED, "not more than 300 s ago");
    want.now = TIME(9, 16, 0) + SKEW - 1;
    assert_says(check_request(&request, limited, &want), SAML_OK, "");
    want.now = TIME(9, 16, 0) + SKEW;
    assert_says(check_request(&request, limited, &want), SAML_E_EXPIRED, "NotOnOrAfter: expected a time to come");
}

/* Core 3.7.3.2: for so long it also holds for what comes later. */
static void how_long_a_logout_holds(void **state)
{
    static const struct {
        const char *not_on_or_after;
        apr_time_t until;
    } cases[] = {
        { "", NOW + AGE },
        { " NotOnOrAfter=\"2026-03-02T09:16:30Z\"", NOW + AGE },              /* sooner than it may come at all */
        { " NotOnOrAfter=\"2026-03-02T10:15:30Z\"", NOW + 3600 * SEC },
        { " NotOnOrAfter=\"2026-03-03T09:15:30Z\"", NOW + 24 * 3600 * SEC },
        { " NotOnOrAfter=\"2026-03-03T09:15:31Z\"", NOW + 24 * 3600 * SEC },
        { " NotOnOrAfter=\"9999-12-31T23:59:59Z\"", NOW + 24 * 3600 * SEC },
    };
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *more = apr_pstrcat(pool, cases[i].not_on_or_after, " Version", NULL);

        assert_says(check_request(&request, signed_post(with(good_request, " Version", more)), &want), SAML_OK, "");
        assert_true(request->until == cases[i].until + SKEW);
    }
}

static void long_names_and_many_indexes(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;
    char *name = apr_pcalloc(pool, SAML_MAX_NAME_ID_BYTES + 2);
    const char *many = "";
    int i;

    (void)state;
    memset(name, 'x', SAML_MAX_NAME_ID_BYTES);
    assert_says(check_request(&request, signed_post(with(good_request, "ada@example.org", name)), &want), SAML_OK, "");
    assert_says(check_request(&request, signed_post(with(good_request, "_s1", name)), &want), SAML_OK, "");
    name[SAML_MAX_NAME_ID_BYTES] = 'x';
    assert_says(check_request(&request, signed_post(with(good_request, "ada@example.org", name)), &want), SAML_E_NAME_ID,
                "at most 1024 bytes, got 1025");
    assert_says(check_request(&request, signed_post(with(good_request, "_s1", name)), &want), SAML_E_TOO_LARGE,
                "at most 1024 bytes, got 1025");
    for (i = 0; i < SAML_MAX_SESSION_INDEXES; i++)
        many = apr_pstrcat(pool, many, INDEX("i"), NULL);
    assert_says(check_request(&request, signed_post(with(good_request, INDEX("_s1"), many)), &want), SAML_OK, "");
    many = apr_pstrcat(pool, many, INDEX("i"), NULL);
    assert_says(check_request(&request, signed_post(with(good_request, INDEX("_s1"), many)), &want), SAML_E_TOO_LARGE,
                "at most 64 SessionIndex, got 65");
}

/* ---- signatures ----------------------------------------------------------- */

/* In a short query there may be a long message; what it costs a stranger to have it parsed is bounded. */
static void a_redirect_holds_few_elements(void **state)
{
    enum { LIMIT = SAML_MAX_REDIRECT_BYTES / SAML_MIN_BYTES_PER_NODE };
    saml_logout_expect_t want = logout_expectation();
    char elements[4 * LIMIT + 1];
    saml_logout_request_t *out;
    const char *xml;
    int i;

    (void)state;
    for (i = 0; i < LIMIT; i++)
        memcpy(elements + 4 * i, "<a/>", 5);
    xml = with(good_request, ADA, apr_pstrcat(pool, ADA "<samlp:Extensions>", elements, "</samlp:Extensions>", NULL));
    assert_int_equal(check_request(&out, redirected("SAMLRequest", xml, other_key), &want), SAML_E_TOO_LARGE);
    assert_int_equal(check_request(&out, signed_post(xml), &want), SAML_OK);
}

static void unsigned_is_refused_unless_allowed(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_message_t get = redirected("SAMLRequest", good_request, NULL);
    saml_logout_request_t *request;
    int i;

    (void)state;
    for (i = 0; i < 7; i++) {
        want.allow = 1u << i & ~SAML_ALLOW_UNSIGNED_LOGOUT;
        assert_says(check_request(&request, posted(good_request), &want), SAML_E_UNSIGNED, "got none");
        assert_says(check_request(&request, get, &want), SAML_E_UNSIGNED, "got neither");
    }
    want.allow = SAML_ALLOW_UNSIGNED_LOGOUT;
    assert_says(check_request(&request, posted(good_request), &want), SAML_OK, "");
    assert_ada(request);
    assert_int_equal(request->is_signed, 0);
    assert_says(check_request(&request, get, &want), SAML_OK, "");
    assert_int_equal(request->is_signed, 0);
    assert_int_equal(store.uses, 0);
    assert_says(check_request(&request, posted(with(good_request, " Destination=\"" HERE "\"", "")), &want), SAML_OK, "");
    assert_says(check_request(&request, posted(with(good_request, HERE, "https://x/")), &want), SAML_E_DESTINATION, "got");
    assert_says(check_request(&request, posted(with(good_request, ADA, "<saml:EncryptedID/>")), &want), SAML_E_UNSIGNED,
                "with an EncryptedID");
}

/* A signature that is there must verify, whatever is allowed without. */
static void a_bad_signature_is_refused(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_message_t good = redirected("SAMLRequest", good_request, idp_key), m = good;
    saml_logout_request_t *request;
    const char *text;
    int pass;

    (void)state;
    for (pass = 0; pass < 2; pass++) {
        assert_int_equal(saml_signature_sign(&text, good_request, other_key, pool, &err), SAML_OK);
        assert_says(check_request(&request, posted(text), &want), SAML_E_SIGNATURE, "");
        assert_says(check_request(&request, redirected("SAMLRequest", good_request, other_key), &want), SAML_E_SIGNATURE, "");
        text = signed_post(good_request).xml;
        assert_says(check_request(&request, posted(with(text, "ada@", "eve@")), &want), SAML_E_SIGNATURE, "");
        m.query = with(good.query, "RelayState=r1", "RelayState=r2");
        assert_says(check_request(&request, m, &want), SAML_E_SIGNATURE, "");
        m.query = with(good.query, "&RelayState=r1", "");
        assert_says(check_request(&request, m, &want), SAML_E_SIGNATURE, "");
        m.query = with(good.query, "SigAlg=", "sigalg=");
        assert_says(check_request(&request, m, &want), SAML_E_SIGNATURE, "got only Signature");
        m.query = with(good.query, "&Signature=", "&signature=");
        assert_says(check_request(&request, m, &want), SAML_E_SIGNATURE, "got only SigAlg");
        want.allow = SAML_ALLOW_UNSIGNED_LOGOUT;
    }
}

/* Bindings 3.4.4.1: by HTTP-Redirect the query is signed, and the message is not. */
static void a_signature_inside_a_redirect_is_refused(void **state)
{
    const char *inside = signed_post(good_request).xml;
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;

    (void)state;
    assert_says(check_request(&request, redirected("SAMLRequest", inside, idp_key), &want), SAML_E_SIGNATURE, "in the query alone");
    assert_says(check_request(&request, redirected("SAMLRequest", inside, NULL), &want), SAML_E_SIGNATURE, "in the query alone");
    want.allow = SAML_ALLOW_UNSIGNED_LOGOUT;
    assert_says(check_request(&request, redirected("SAMLRequest", inside, NULL), &want), SAML_E_SIGNATURE, "in the query alone");
}

/* The signed message stands inside another, which is read: its root bears no signature. */
static void a_wrapped_request_is_refused(void **state)
{
    const char *inside = signed_post(good_request).xml;
    const char *outside = with(with(good_request, "ada@", "eve@"), "_l1", "_l2"), *signature, *end;
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;

    (void)state;
    assert_says(check_request(&request, posted(with(outside, "</samlp:LogoutRequest>", apr_pstrcat(pool,
                              "<samlp:Extensions>", inside, "</samlp:Extensions></samlp:LogoutRequest>", NULL))), &want),
                SAML_E_UNSIGNED, "");
    /* Its signature, taken out and put onto the other, names an ID that is not that one's. */
    end = strstr(inside, "</ds:Signature>") + strlen("</ds:Signature>");
    signature = strstr(inside, "<ds:Signature");
    signature = apr_pstrmemdup(pool, signature, (apr_size_t)(end - signature));
    assert_says(check_request(&request, posted(with(outside, ISSUER, apr_pstrcat(pool, ISSUER, signature, NULL))), &want),
                SAML_E_SIGNATURE, "");
    /* And with the message that it names beside it. */
    assert_says(check_request(&request, posted(with(outside, ISSUER, apr_pstrcat(pool, ISSUER, signature, "<samlp:Extensions>",
                              good_request, "</samlp:Extensions>", NULL))), &want), SAML_E_SIGNATURE, "");
}

static void what_is_used_up_is_refused(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;

    (void)state;
    store.answer = SAML_E_REPLAY;
    assert_says(check_request(&request, signed_post(good_request), &want), SAML_E_REPLAY,
                "LogoutRequest ID \"_l1\" of \"" IDP "\": expected one that is new");
    store.answer = SAML_E_STORE;
    assert_says(check_request(&request, signed_post(good_request), &want), SAML_E_STORE, "store says no");
    want.replay = NULL;
    assert_says(check_request(&request, signed_post(good_request), &want), SAML_E_STORE, "got none");
}

static void nothing_configured_refuses(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;

    (void)state;
    want.issuers = NULL;
    assert_says(check_request(&request, signed_post(good_request), &want), SAML_E_ISSUER, "nothing is configured");
    want = logout_expectation();
    want.destinations = NULL;
    assert_says(check_request(&request, signed_post(good_request), &want), SAML_E_DESTINATION, "nothing is configured");
    want = logout_expectation();
    want.certs = apr_array_make(pool, 1, sizeof(const saml_cert_t *));
    assert_says(check_request(&request, signed_post(good_request), &want), SAML_E_SIGNATURE, "");
}

/* Microsoft documents messages without a Destination (doc/entra.md 6). */
static void a_destination_may_be_optional(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    const char *xml = with(good_request, " Destination=\"" HERE "\"", "");
    saml_logout_request_t *request;

    (void)state;
    want.without_destination = 1;
    assert_says(check_request(&request, redirected("SAMLRequest", xml, idp_key), &want), SAML_OK, "");
    assert_says(check_request(&request, signed_post(with(good_request, HERE, "https://x/")), &want), SAML_E_DESTINATION, "got");
}

static const char *encrypted_id(void)
{
    apr_size_t len;
    const char *text = read_fixture(&len, "response-name-id-encrypted.xml");
    const char *copy = apr_pstrmemdup(pool, text, len), *start = strstr(copy, "<EncryptedID>"), *end;

    assert_non_null(start);
    end = strstr(start, "</EncryptedID>");
    assert_non_null(end);
    start += strlen("<EncryptedID>");
    return apr_pstrcat(pool, "<EncryptedID xmlns=\"" SAML_NS_ASSERTION "\">",
                       apr_pstrmemdup(pool, start, (apr_size_t)(end - start)), "</EncryptedID>", NULL);
}

static void decrypts_the_name(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    const char *xml = with(good_request, ADA, encrypted_id());
    saml_logout_request_t *request;

    (void)state;
    assert_says(check_request(&request, signed_post(xml), &want), SAML_OK, "");
    assert_string_equal(request->name_id.value, "ada@example.org");
    assert_says(check_request(&request, redirected("SAMLRequest", xml, idp_key), &want), SAML_OK, "");
    assert_string_equal(request->name_id.value, "ada@example.org");
    assert_says(check_request(&request, signed_post(with(good_request, ADA, apr_pstrcat(pool, ADA, encrypted_id(), NULL))), &want),
                SAML_E_NAME_ID, "got 2 identifiers");
    want.keys = NULL;
    assert_says(check_request(&request, signed_post(xml), &want), SAML_E_DECRYPTION, "");
}

/* ---- bindings ------------------------------------------------------------- */

static void a_request_comes_as_one(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_request_t *request;
    saml_logout_response_t *response;
    saml_logout_message_t m = redirected("SAMLRequest", good_request, idp_key);

    (void)state;
    assert_says(check_request(&request, redirected("SAMLResponse", good_request, idp_key), &want), SAML_E_MALFORMED,
                "expected a LogoutRequest as SAMLRequest, got a SAMLResponse");
    assert_says(check_response(&response, redirected("SAMLRequest", good_response, idp_key), &want), SAML_E_MALFORMED,
                "expected a LogoutResponse as SAMLResponse, got a SAMLRequest");
    m.query = apr_pstrcat(pool, m.query, "&SAMLResponse=x", NULL);
    assert_says(check_request(&request, m, &want), SAML_E_MALFORMED, "got both");
    m.query = "RelayState=x";
    assert_says(check_request(&request, m, &want), SAML_E_MALFORMED, "got neither");
    assert_says(check_request(&request, posted(""), &want), SAML_E_MALFORMED, "");
    assert_says(check_request(&request, posted("<!DOCTYPE a><a/>"), &want), SAML_E_MALFORMED, "");
    assert_says(check_request(&request, redirected("SAMLRequest", "<a>", idp_key), &want), SAML_E_MALFORMED, "");
}

/* ---- LogoutResponse ------------------------------------------------------- */

static void reads_a_signed_response(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_response_t *response;

    (void)state;
    want.in_response_to = ASKED;
    assert_says(check_response(&response, signed_post(good_response), &want), SAML_OK, "");
    assert_string_equal(response->in_response_to, ASKED);
    assert_string_equal(response->issuer, IDP);
    assert_string_equal(response->id, "_l1");
    assert_says(check_response(&response, redirected("SAMLResponse", good_response, idp_key), &want), SAML_OK, "");
    assert_int_equal(response->is_signed, 1);
    assert_int_equal(store.uses, 0);
    want.in_response_to = NULL;
    assert_says(check_response(&response, signed_post(good_response), &want), SAML_OK, "");
}

static void refuses_a_wrong_response(void **state)
{
    saml_logout_expect_t want = logout_expectation();
    saml_logout_response_t *response;

    (void)state;
    assert_says(check_response(&response, posted(good_response), &want), SAML_E_UNSIGNED, "got none");
    assert_says(check_response(&response, redirected("SAMLResponse", good_response, other_key), &want), SAML_E_SIGNATURE, "");
    assert_says(check_response(&response, signed_post(good_request), &want), SAML_E_MALFORMED, "expected LogoutResponse");
    want.in_response_to = "_other";
    assert_says(check_response(&response, signed_post(good_response), &want), SAML_E_IN_RESPONSE_TO, "expected \"_other\", got");
    want.in_response_to = NULL;
    assert_says(check_response(&response, signed_post(with(good_response, " InResponseTo=\"" ASKED "\"", "")), &want),
                SAML_E_IN_RESPONSE_TO, "got none");
    assert_says(check_response(&response, signed_post(with(good_response, ASKED, "")), &want), SAML_E_IN_RESPONSE_TO, "got \"\"");
    assert_says(check_response(&response, signed_post(with(good_response, SUCCESS, "")), &want), SAML_E_MALFORMED,
                "LogoutResponse: expected a Status, got none");
    assert_says(check_response(&response, signed_post(with(good_response, "status:Success", "status:Responder")), &want),
                SAML_E_STATUS, "got \"urn:oasis:names:tc:SAML:2.0:status:Responder\"");
    assert_string_equal(err.idp.code, "urn:oasis:names:tc:SAML:2.0:status:Responder");
    /* NotOnOrAfter is no attribute of an answer. */
    assert_says(check_response(&response, signed_post(with(good_response, " Version", " NotOnOrAfter=\"x\" Version")), &want),
                SAML_OK, "");
    want.allow = SAML_ALLOW_UNSIGNED_LOGOUT;
    assert_says(check_response(&response, posted(good_response), &want), SAML_OK, "");
    assert_int_equal(response->is_signed, 0);
}

#define unit(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(reads_a_signed_request),
        unit(takes_the_octets_as_they_came),
        unit(reads_every_part_of_the_name),
        unit(takes_either_issuer_and_place),
        unit(refuses_what_is_signed_but_wrong),
        unit(an_id_is_required),
        unit(the_root_is_a_logout_request),
        unit(both_sides_of_each_boundary),
        unit(how_long_a_logout_holds),
        unit(long_names_and_many_indexes),
        unit(a_redirect_holds_few_elements),
        unit(unsigned_is_refused_unless_allowed),
        unit(a_bad_signature_is_refused),
        unit(a_signature_inside_a_redirect_is_refused),
        unit(a_wrapped_request_is_refused),
        unit(what_is_used_up_is_refused),
        unit(nothing_configured_refuses),
        unit(a_destination_may_be_optional),
        unit(decrypts_the_name),
        unit(a_request_comes_as_one),
        unit(reads_a_signed_response),
        unit(refuses_a_wrong_response),
    };

    apr_initialize();
    atexit(apr_terminate);
    return cmocka_run_group_tests(tests, set_up_group, tear_down_library);
}
